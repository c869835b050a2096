/* Filter Criteria from their decoded form. */
#include "model/filter.h"

#include "base/buf.h"
#include "base/timestamp.h"
#include "model/filter_int.h"
#include "model/ident.h"
#include "model/special.h"

/* How a member is read. */
enum shape {
    SHAPE_TYPES,
    SHAPE_TIME,
    SHAPE_NUMBER,
    SHAPE_POSITIVE,
    SHAPE_TEXTS,
    SHAPE_ATTRIBUTES,
    SHAPE_LABELS_QUERY,
};

/* The matching conditions, the cheapest first. spec: TS-0004 7.3.3.17.0 */
static const struct row {
    struct mln_slice name;
    enum mln_filter_kind kind;
    enum mln_filter_whose whose;
    enum shape shape;
} rows[] = {
    { { "ty", 2 }, MLN_FILTER_TYPES, MLN_FILTER_OWN, SHAPE_TYPES },
    { { "crb", 3 }, MLN_FILTER_CREATED_BEFORE, MLN_FILTER_OWN, SHAPE_TIME },
    { { "cra", 3 }, MLN_FILTER_CREATED_AFTER, MLN_FILTER_OWN, SHAPE_TIME },
    { { "ms", 2 }, MLN_FILTER_MODIFIED_SINCE, MLN_FILTER_OWN, SHAPE_TIME },
    { { "us", 2 }, MLN_FILTER_UNMODIFIED_SINCE, MLN_FILTER_OWN, SHAPE_TIME },
    { { "exb", 3 }, MLN_FILTER_EXPIRE_BEFORE, MLN_FILTER_OWN, SHAPE_TIME },
    { { "exa", 3 }, MLN_FILTER_EXPIRE_AFTER, MLN_FILTER_OWN, SHAPE_TIME },
    { { "sts", 3 }, MLN_FILTER_STATE_SMALLER, MLN_FILTER_OWN, SHAPE_POSITIVE },
    { { "stb", 3 }, MLN_FILTER_STATE_BIGGER, MLN_FILTER_OWN, SHAPE_NUMBER },
    { { "sza", 3 }, MLN_FILTER_SIZE_ABOVE, MLN_FILTER_OWN, SHAPE_NUMBER },
    { { "szb", 3 }, MLN_FILTER_SIZE_BELOW, MLN_FILTER_OWN, SHAPE_POSITIVE },
    { { "lbl", 3 }, MLN_FILTER_LABELS, MLN_FILTER_OWN, SHAPE_TEXTS },
    { { "lbq", 3 }, MLN_FILTER_LABELS_QUERY, MLN_FILTER_OWN, SHAPE_LABELS_QUERY },
    { { "cty", 3 }, MLN_FILTER_CONTENT_TYPE, MLN_FILTER_OWN, SHAPE_TEXTS },
    { { "atr", 3 }, MLN_FILTER_ATTRIBUTES, MLN_FILTER_OWN, SHAPE_ATTRIBUTES },
    { { "pty", 3 }, MLN_FILTER_TYPES, MLN_FILTER_OF_PARENT, SHAPE_TYPES },
    { { "palb", 4 }, MLN_FILTER_LABELS, MLN_FILTER_OF_PARENT, SHAPE_TEXTS },
    { { "patr", 4 }, MLN_FILTER_ATTRIBUTES, MLN_FILTER_OF_PARENT, SHAPE_ATTRIBUTES },
    { { "chty", 4 }, MLN_FILTER_TYPES, MLN_FILTER_OF_A_CHILD, SHAPE_TYPES },
    { { "clbl", 4 }, MLN_FILTER_LABELS, MLN_FILTER_OF_A_CHILD, SHAPE_TEXTS },
    { { "catr", 4 }, MLN_FILTER_ATTRIBUTES, MLN_FILTER_OF_A_CHILD, SHAPE_ATTRIBUTES },
    { { "smf", 3 }, MLN_FILTER_SEMANTICS, MLN_FILTER_OF_A_CHILD, SHAPE_TEXTS },
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* Members that are no matching conditions by themselves. */
static const struct mln_slice handling[] = {
    { "fu", 2 },  { "fo", 2 },  { "lim", 3 },  { "lvl", 3 },  { "ofst", 4 }, { "arp", 3 },
    { "cfs", 3 }, { "cfq", 3 }, { "gmty", 4 }, { "geom", 4 }, { "gsf", 3 },
};

/* spec: TS-0004 7.3.3.17.9: they have conditions of their own */
static const struct mln_slice forbidden[] = {
    { "ct", 2 },  { "lt", 2 }, { "st", 2 }, { "et", 2 },
    { "lbl", 3 }, { "ty", 2 }, { "cs", 2 }, { "cnf", 3 },
};

#define IS_ONE_OF(list, name) is_listed(list, sizeof(list) / sizeof((list)[0]), name)

static bool is_listed(const struct mln_slice *list, size_t count, struct mln_slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (mln_slice_eq(list[i], name)) {
            return true;
        }
    }
    return false;
}

struct reader {
    const struct mln_value *criteria;
    struct mln_arena *arena;
    struct mln_fault *fault;
};

static mln_err wrong(const struct reader *r, struct mln_slice name, const char *what)
{
    mln_fault_set(r->fault, "Filter Criteria: %.*s: %s", MLN_S_ARG(mln_slice_head(name, 64)), what);
    MLN_FAIL(PARAM_INVALID);
}

/* ---- scalars ---- */

static mln_err read_time(const struct reader *r, const struct mln_value *v, int64_t *ret)
{
    if (v->kind != MLN_V_TEXT || !mln_timestamp_parse(v->text, ret)) {
        return wrong(r, v->name, "no timestamp");
    }
    return MLN_OK;
}

static mln_err read_number(const struct reader *r, const struct mln_value *v, uint64_t least,
                           uint64_t *ret)
{
    uint64_t n;

    if (!mln_value_u64(v, &n) || n < least) {
        return wrong(r, v->name, least ? "no positive integer" : "no integer from 0 on");
    }
    *ret = n;
    return MLN_OK;
}

/* A number that may be absent. */
static mln_err read_optional(const struct reader *r, struct mln_slice name, uint64_t least,
                             uint64_t *ret)
{
    const struct mln_value *v = mln_value_get(r->criteria, name);

    return v ? read_number(r, v, least, ret) : MLN_OK;
}

/* One of the values 1 to `most`; left alone when absent. */
static mln_err read_choice(const struct reader *r, struct mln_slice name, uint64_t most,
                           uint64_t *ret)
{
    uint64_t n = *ret;

    MLN_TRY(read_optional(r, name, 1, &n));
    if (n > most) {
        return wrong(r, name, "value not defined");
    }
    *ret = n;
    return MLN_OK;
}

/* ---- lists ---- */

static mln_err check_list(const struct reader *r, const struct mln_value *v)
{
    if (v->kind != MLN_V_ARRAY || v->items.count == 0) {
        return wrong(r, v->name, "no list with an entry");
    }
    return v->items.count > MLN_FILTER_ENTRIES ? wrong(r, v->name, "too many entries") : MLN_OK;
}

static mln_err read_types(const struct reader *r, const struct mln_value *v,
                          struct mln_filter_condition *c)
{
    uint16_t *types;

    MLN_TRY(check_list(r, v));
    types = mln_arena_zalloc(r->arena, v->items.count, sizeof *types);
    MLN_REQUIRE(types, NO_MEMORY);
    for (const struct mln_value *i = v->items.first; i; i = i->next) {
        uint64_t ty;

        if (!mln_value_u64(i, &ty) || ty > UINT16_MAX || !mln_model_type(ty)) {
            return wrong(r, v->name, "no resource type");
        }
        types[c->count++] = (uint16_t)ty;
    }
    c->types = types;
    return MLN_OK;
}

static mln_err read_texts(const struct reader *r, const struct mln_value *v,
                          struct mln_filter_condition *c)
{
    struct mln_slice *texts;

    MLN_TRY(check_list(r, v));
    texts = mln_arena_zalloc(r->arena, v->items.count, sizeof *texts);
    MLN_REQUIRE(texts, NO_MEMORY);
    for (const struct mln_value *i = v->items.first; i; i = i->next) {
        if (i->kind != MLN_V_TEXT || i->text.len == 0) {
            return wrong(r, v->name, "entry that is no text");
        }
        texts[c->count++] = i->text;
    }
    c->texts = texts;
    return MLN_OK;
}

/* The value as text: attributes are compared by how they are written. */
static mln_err pattern_of(const struct reader *r, const struct mln_value *v, struct mln_slice *ret)
{
    struct mln_buf digits;

    switch (v->kind) {
    case MLN_V_TEXT:
    case MLN_V_REAL:
        *ret = v->text;
        return MLN_OK;
    case MLN_V_BOOL:
        *ret = v->boolean ? MLN_S("true") : MLN_S("false");
        return MLN_OK;
    case MLN_V_INT:
        mln_buf_init(&digits, r->arena, 32);
        mln_buf_add(&digits, v->is_negative ? MLN_S("-") : MLN_S(""));
        mln_buf_u64(&digits, v->magnitude);
        return mln_buf_finish(&digits, ret);
    case MLN_V_NULL:
    case MLN_V_ARRAY:
    case MLN_V_OBJECT:
        break;
    }
    return wrong(r, MLN_S("val"), "no scalar");
}

static mln_err read_attribute(const struct reader *r, const struct mln_value *v,
                              struct mln_filter_attribute *ret)
{
    const struct mln_value *name = mln_value_get(v, MLN_S("nm"));
    const struct mln_value *value = mln_value_get(v, MLN_S("val"));

    if (!name || !value || v->items.count != 2 || name->kind != MLN_V_TEXT) {
        return wrong(r, MLN_S("attribute"), "name and value expected");
    }
    if (IS_ONE_OF(forbidden, name->text)) {
        return wrong(r, name->text, "attribute with a condition of its own");
    }
    if (!mln_special_is_attribute(name->text)) {
        return wrong(r, name->text, "neither a criterion nor an attribute");
    }
    ret->name = name->text;
    return pattern_of(r, value, &ret->value);
}

static mln_err read_attributes(const struct reader *r, const struct mln_value *v,
                               struct mln_filter_condition *c)
{
    struct mln_filter_attribute *attributes;

    MLN_TRY(check_list(r, v));
    attributes = mln_arena_zalloc(r->arena, v->items.count, sizeof *attributes);
    MLN_REQUIRE(attributes, NO_MEMORY);
    for (const struct mln_value *i = v->items.first; i; i = i->next) {
        MLN_TRY(read_attribute(r, i, &attributes[c->count++]));
    }
    c->attributes = attributes;
    return MLN_OK;
}

/* ---- conditions ---- */

static mln_err read_labels_query(const struct reader *r, const struct mln_value *v,
                                 struct mln_filter_condition *c)
{
    struct mln_label_query *query;

    if (v->kind != MLN_V_TEXT) {
        return wrong(r, v->name, "no text");
    }
    MLN_TRY(mln_label_query_compile(v->text, r->arena, &query, r->fault));
    c->labels = query;
    return MLN_OK;
}

static mln_err read_condition(const struct reader *r, const struct row *row,
                              const struct mln_value *v, struct mln_filter_condition *c)
{
    c->kind = row->kind;
    c->whose = row->whose;
    switch (row->shape) {
    case SHAPE_TYPES:
        return read_types(r, v, c);
    case SHAPE_TIME:
        return read_time(r, v, &c->us);
    case SHAPE_NUMBER:
        return read_number(r, v, 0, &c->number);
    case SHAPE_POSITIVE:
        return read_number(r, v, 1, &c->number);
    case SHAPE_TEXTS:
        return read_texts(r, v, c);
    case SHAPE_ATTRIBUTES:
        return read_attributes(r, v, c);
    case SHAPE_LABELS_QUERY:
        return read_labels_query(r, v, c);
    }
    MLN_FAIL(INTERNAL);
}

/* spec: TS-0004 7.3.3.17.13: the syntax and the query belong together */
static mln_err read_content(const struct reader *r, struct mln_filter_condition *c, size_t *count)
{
    const struct mln_value *query = mln_value_get(r->criteria, MLN_S("cfq"));
    const struct mln_value *syntax = mln_value_get(r->criteria, MLN_S("cfs"));
    struct mln_content_query *compiled;
    uint64_t n = 1;

    if (!query != !syntax) {
        return wrong(r, query ? MLN_S("cfs") : MLN_S("cfq"), "missing");
    }
    if (!query) {
        return MLN_OK;
    }
    MLN_TRY(read_choice(r, MLN_S("cfs"), 1, &n));
    if (query->kind != MLN_V_TEXT) {
        return wrong(r, query->name, "no text");
    }
    MLN_TRY(mln_content_query_compile(query->text, r->arena, &compiled, r->fault));
    *c = (struct mln_filter_condition){ .kind = MLN_FILTER_CONTENT, .content = compiled };
    ++*count;
    return MLN_OK;
}

/* Geographic criteria, of Release 4: all three or none. docs/decisions/0038 */
static mln_err read_geography(const struct reader *r, struct mln_filter_condition *c, size_t *count)
{
    const struct mln_value *type = mln_value_get(r->criteria, MLN_S("gmty"));
    const struct mln_value *text = mln_value_get(r->criteria, MLN_S("geom"));
    const struct mln_value *function = mln_value_get(r->criteria, MLN_S("gsf"));
    uint64_t n = 0;
    uint64_t f = 0;
    struct mln_geo *geometry;
    mln_err err;

    if (!type && !text && !function) {
        return MLN_OK;
    }
    if (!type || !text || !function) {
        return wrong(r, MLN_S("geom"), "gmty, geom and gsf belong together");
    }
    MLN_TRY(read_choice(r, MLN_S("gmty"), MLN_GEO_POLYGONS_OF, &n));
    MLN_TRY(read_choice(r, MLN_S("gsf"), MLN_GEO_INTERSECTS, &f));
    err = text->kind == MLN_V_TEXT ? mln_geo_read(n, text->text, r->arena, &geometry)
                                   : MLN_ERROR(SYNTAX);
    if (err.code == MLN_ERR_SYNTAX) {
        return wrong(r, text->name, "no coordinates of that type, or too many");
    }
    MLN_TRY(err);
    *c = (struct mln_filter_condition){ .kind = MLN_FILTER_GEOGRAPHY, .count = f, .geo = geometry };
    ++*count;
    return MLN_OK;
}

/* In the order of their costs: what is ours, its content, its parent, its children. */
static mln_err read_conditions(const struct reader *r, struct mln_filter *f)
{
    struct mln_filter_condition *list = mln_arena_zalloc(r->arena, ROWS + 2, sizeof *list);
    bool has_content = false;

    MLN_REQUIRE(list, NO_MEMORY);
    for (size_t i = 0; i < ROWS; i++) {
        const struct mln_value *v = mln_value_get(r->criteria, rows[i].name);

        if (rows[i].whose != MLN_FILTER_OWN && !has_content) {
            has_content = true;
            MLN_TRY(read_geography(r, &list[f->condition_count], &f->condition_count));
            MLN_TRY(read_content(r, &list[f->condition_count], &f->condition_count));
        }
        if (v) {
            MLN_TRY(read_condition(r, &rows[i], v, &list[f->condition_count++]));
        }
    }
    f->conditions = list;
    f->has_conditions = f->condition_count > 0;
    return MLN_OK;
}

/* ---- handling ---- */

/* spec: TS-0001 8.1.2: "../tempContainer/LATEST" */
static mln_err read_path(const struct reader *r, struct mln_slice *ret)
{
    const struct mln_value *v = mln_value_get(r->criteria, MLN_S("arp"));
    struct mln_slice rest;

    if (!v) {
        return MLN_OK;
    }
    if (v->kind != MLN_V_TEXT || v->text.len == 0) {
        return wrong(r, v->name, "no relative path");
    }
    for (rest = v->text; rest.ptr;) {
        if (!mln_ident_is_unreserved(mln_slice_cut(&rest, '/'))) {
            return wrong(r, v->name, "no relative path");
        }
    }
    *ret = v->text;
    return MLN_OK;
}

static mln_err read_handling(const struct reader *r, struct mln_filter *f)
{
    uint64_t operation = MLN_FILTER_AND;
    uint64_t usage = MLN_FILTER_USAGE_NONE;

    MLN_TRY(read_choice(r, MLN_S("fo"), MLN_FILTER_XOR, &operation));
    MLN_TRY(read_choice(r, MLN_S("fu"), MLN_FILTER_USAGE_IPE, &usage));
    f->operation = (enum mln_filter_operation)operation;
    f->usage = (enum mln_filter_usage)usage;
    f->limit = UINT64_MAX;
    f->level = UINT64_MAX;
    f->offset = 1;
    MLN_TRY(read_optional(r, MLN_S("lim"), 0, &f->limit));
    MLN_TRY(read_optional(r, MLN_S("lvl"), 1, &f->level));
    MLN_TRY(read_optional(r, MLN_S("ofst"), 1, &f->offset));
    return read_path(r, &f->relative_path);
}

static const struct row *row_of(struct mln_slice name)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (mln_slice_eq(rows[i].name, name)) {
            return &rows[i];
        }
    }
    return NULL;
}

static mln_err check_names(const struct reader *r)
{
    if (r->criteria->kind != MLN_V_OBJECT) {
        return wrong(r, MLN_S("fc"), "no object");
    }
    for (const struct mln_value *v = r->criteria->items.first; v; v = v->next) {
        if (!row_of(v->name) && !IS_ONE_OF(handling, v->name)) {
            return wrong(r, v->name, "not known");
        }
    }
    return MLN_OK;
}

mln_err mln_filter_read(const struct mln_value *criteria, struct mln_arena *arena,
                        struct mln_filter **ret, struct mln_fault *fault)
{
    struct reader r = { .criteria = criteria, .arena = arena, .fault = fault };
    struct mln_filter *f = mln_arena_zalloc(arena, 1, sizeof *f);

    MLN_REQUIRE(f, NO_MEMORY);
    MLN_TRY(check_names(&r));
    MLN_TRY(read_handling(&r, f));
    MLN_TRY(read_conditions(&r, f));
    *ret = f;
    return MLN_OK;
}

bool mln_filter_range(struct mln_slice name, enum mln_filter_kind *ret)
{
    const struct row *row = row_of(name);

    if (!row || row->kind < MLN_FILTER_CREATED_BEFORE || row->kind > MLN_FILTER_SIZE_BELOW) {
        return false;
    }
    *ret = row->kind;
    return true;
}

const struct mln_slice *mln_filter_queries(const struct mln_filter *filter, size_t *ret_count)
{
    for (size_t i = 0; i < filter->condition_count; i++) {
        if (filter->conditions[i].kind == MLN_FILTER_SEMANTICS) {
            *ret_count = filter->conditions[i].count;
            return filter->conditions[i].texts;
        }
    }
    *ret_count = 0;
    return NULL;
}

/* ---- what an index can use ---- */

/* The condition of that kind on the resource itself, if every match must satisfy it. */
static const struct mln_filter_condition *needed(const struct mln_filter *f,
                                                 enum mln_filter_kind kind)
{
    if (f->operation != MLN_FILTER_AND && f->condition_count != 1) {
        return NULL;
    }
    for (size_t i = 0; i < f->condition_count; i++) {
        const struct mln_filter_condition *c = &f->conditions[i];

        if (c->kind == kind && c->whose == MLN_FILTER_OWN && c->count == 1) {
            return c;
        }
    }
    return NULL;
}

bool mln_filter_needs_label(const struct mln_filter *filter, struct mln_slice *ret)
{
    const struct mln_filter_condition *c = needed(filter, MLN_FILTER_LABELS);

    if (!c) {
        return false;
    }
    *ret = c->texts[0];
    return true;
}

bool mln_filter_needs_type(const struct mln_filter *filter, uint16_t *ret)
{
    const struct mln_filter_condition *c = needed(filter, MLN_FILTER_TYPES);

    if (!c) {
        return false;
    }
    *ret = c->types[0];
    return true;
}
