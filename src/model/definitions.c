/* Reading definitions. */
#include "model/definitions.h"

#include "base/buf.h"
#include "base/mem.h"
#include "model/check.h"
#include "model/model_int.h"

enum {
    ARENA_MAX = 256 << 20, /* more than the limit `definitions` can need */
    ATTRIBUTES_MAX = 64,   /* the bits of a mask say which are mandatory */
    CHILDREN_MAX = 256,
    NAME_MAX_BYTES = 64,
    PLACES_BITS = 12,
    TRIES = 1000,
};

struct definition;

/* One that is_defined, with what it points to. */
struct row {
    struct mln_type type; /* first: found by a pointer to it */
    const struct definition *of;
    struct mln_type_index index;
    struct mln_attribute attributes[ATTRIBUTES_MAX];
};

struct definition {
    struct row original;
    struct row announced;
    struct row instance; /* what its instances are */
    struct mln_slice cnd;
    size_t line;
    struct mln_slice children[CHILDREN_MAX];
    size_t child_count;
};

struct mln_definitions {
    struct mln_arena *arena;
    struct definition **by_cnd; /* both sorted */
    struct definition **by_root;
    size_t count;
    size_t most;
};

/* What the names of announced variants end in: so say annex F of TS-0004 and, for the short names
 * of m2m, table 8.2.4-1. */
#define ANNOUNCED     "Annc"
#define ANNOUNCED_M2M "A"

/* And those of instances: so do the models of TS-0023. */
#define INSTANCE "Inst"

/* The text that is read. */
struct reading {
    struct mln_definitions *set;
    struct definition *now; /* NULL before the first */
    size_t line;
    struct mln_fault *fault;
};

/* ---- words ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of a line; empty at its end. */
static struct mln_slice word(struct mln_slice *rest)
{
    struct mln_slice found;
    size_t begin = 0;
    size_t end;

    while (begin < rest->len && is_blank(rest->ptr[begin])) {
        begin++;
    }
    end = begin;
    while (end < rest->len && !is_blank(rest->ptr[end])) {
        end++;
    }
    found = mln_slice_of(rest->ptr + begin, end - begin);
    *rest = mln_slice_from(*rest, end);
    return found;
}

static mln_err refuse(struct reading *r, const char *what, struct mln_slice text)
{
    mln_fault_set(r->fault, "%s%s%.*s", what, text.len ? ": " : "",
                  MLN_S_ARG(mln_slice_head(text, NAME_MAX_BYTES)));
    MLN_FAIL(CONFIG);
}

/* A copy of a name that fits the pattern. */
static mln_err take_name(struct reading *r, struct mln_slice text, const char *what,
                         struct mln_slice *ret)
{
    if (text.len == 0 || text.len > NAME_MAX_BYTES ||
        !mln_check_pattern(MLN_PATTERN_NC_NAME, text)) {
        return refuse(r, what, text);
    }
    MLN_REQUIRE(mln_arena_dup(r->set->arena, text, ret), NO_MEMORY);
    return MLN_OK;
}

/* The specialisation that the tables have by that name, or NULL. spec: TS-0004 J.4 to J.11 */
static const struct mln_type *in_tables(struct mln_slice root)
{
    const struct mln_type *base = mln_model_type(MLN_TY_FLEXCONTAINER);
    const struct mln_type *type = mln_model_root(root);

    return type && type->ty == base->ty && type != base ? type : NULL;
}

/* prefix:name; of m2m, and of what the tables have, only specialisations there. */
static mln_err take_root(struct reading *r, struct mln_slice text, struct mln_slice *ret)
{
    size_t colon = mln_slice_find(text, ':');
    struct mln_slice prefix = mln_slice_head(text, colon);
    bool is_name = colon < text.len && text.len <= NAME_MAX_BYTES &&
                   mln_check_pattern(MLN_PATTERN_NC_NAME, prefix) &&
                   mln_check_pattern(MLN_PATTERN_NC_NAME, mln_slice_from(text, colon + 1));

    if (!is_name) {
        return refuse(r, "not prefix:name", text);
    }
    if ((mln_slice_eq(prefix, MLN_S("m2m")) || mln_model_root(text)) && !in_tables(text)) {
        return refuse(r, "no flexContainer of the standard", text);
    }
    if (mln_slice_ends(text, MLN_S(ANNOUNCED)) || mln_slice_ends(text, MLN_S(INSTANCE))) {
        return refuse(r, "the name of an announced variant, or of instances", text);
    }
    MLN_REQUIRE(mln_arena_dup(r->set->arena, text, ret), NO_MEMORY);
    return MLN_OK;
}

/* ---- the end of a definition ---- */

static bool fill(const struct row *row, uint64_t multiplier, uint8_t *places)
{
    memset(places, 0, 1u << PLACES_BITS);
    for (size_t i = 0; i < row->type.attribute_count; i++) {
        uint64_t key = mln_model_name_key(row->attributes[i].name);
        size_t place = (key * multiplier) >> (64 - PLACES_BITS);

        if (places[place]) {
            return false;
        }
        places[place] = (uint8_t)(i + 1);
    }
    return true;
}

/* A perfect hash, found by trying multipliers: odd numbers of a fixed sequence. */
static mln_err make_index(struct reading *r, struct row *row)
{
    uint8_t *places = mln_arena_alloc(r->set->arena, 1u << PLACES_BITS);
    uint64_t multiplier = UINT64_C(0x9E3779B97F4A7C15);

    MLN_REQUIRE(places, NO_MEMORY);
    for (int i = 0; i < TRIES; i++) {
        if (fill(row, multiplier, places)) {
            row->index.names = (struct mln_name_index){ multiplier, 64 - PLACES_BITS, places };
            row->type.index = &row->index;
            return MLN_OK;
        }
        multiplier = (multiplier * UINT64_C(6364136223846793005) + 1442695040888963407) | 1;
    }
    r->line = row->of->line;
    return refuse(r, "two attributes have names too much alike", row->type.root);
}

typedef struct mln_slice key_of(const struct definition *d);

static struct mln_slice cnd_of(const struct definition *d)
{
    return d->cnd;
}

static struct mln_slice root_of(const struct definition *d)
{
    return d->original.type.root;
}

/* Where the key stands in a sorted list, or would stand. */
static size_t place_of(struct definition *const *list, size_t count, key_of *of,
                       struct mln_slice key)
{
    size_t low = 0;
    size_t high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (mln_slice_cmp(of(list[middle]), key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void insert(struct definition **list, size_t count, key_of *of, struct definition *d)
{
    size_t at = place_of(list, count, of, of(d));

    memmove(&list[at + 1], &list[at], (count - at) * sizeof(struct definition *));
    list[at] = d;
}

/* An instance has the attributes of the definition, and only the CSE gives them values. There is
 * room, as it has fewer others. */
static void fill_instance(struct definition *d)
{
    const struct mln_type *original = &d->original.type;
    struct mln_type *type = &d->instance.type;

    for (size_t i = mln_model_type(original->ty)->attribute_count; i < original->attribute_count;
         i++) {
        struct mln_attribute *a = &d->instance.attributes[type->attribute_count++];

        *a = d->original.attributes[i];
        a->create = MLN_PRESENCE_FORBIDDEN;
        a->update = MLN_PRESENCE_FORBIDDEN;
        a->announced = MLN_ANNOUNCED_NOT;
    }
}

static mln_err finish(struct reading *r)
{
    struct definition *d = r->now;
    struct mln_definitions *set = r->set;

    if (!d) {
        return MLN_OK;
    }
    r->now = NULL;
    MLN_TRY(make_index(r, &d->original));
    MLN_TRY(make_index(r, &d->announced));
    fill_instance(d);
    MLN_TRY(make_index(r, &d->instance));
    insert(set->by_cnd, set->count, cnd_of, d);
    insert(set->by_root, set->count, root_of, d);
    set->count++;
    return MLN_OK;
}

/* ---- statements ---- */

/* A row with the attributes of that type. */
static void begin_row(const struct definition *d, struct row *row, uint16_t ty)
{
    const struct mln_type *base = mln_model_type(ty);

    row->type = *base;
    row->type.attributes = row->attributes;
    row->type.is_defined = true;
    row->index.mandatory = base->index->mandatory;
    row->of = d;
    memcpy(row->attributes, base->attributes, base->attribute_count * sizeof *base->attributes);
}

static bool has_attribute(const struct row *row, struct mln_slice name)
{
    for (size_t i = 0; i < row->type.attribute_count; i++) {
        if (mln_slice_eq(row->attributes[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* And those that a type of the tables has beyond them. */
static void add_own(struct row *row, const struct mln_type *from)
{
    for (size_t i = 0; i < from->attribute_count; i++) {
        size_t count = row->type.attribute_count;

        if (count < ATTRIBUTES_MAX && !has_attribute(row, from->attributes[i].name)) {
            row->index.mandatory |= ((from->index->mandatory >> i) & 1) << count;
            row->attributes[row->type.attribute_count++] = from->attributes[i];
        }
    }
}

static mln_err add_suffix(const struct reading *r, struct mln_slice name, struct mln_slice suffix,
                          struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, r->set->arena, SIZE_MAX);
    mln_buf_add(&out, name);
    mln_buf_add(&out, suffix);
    return mln_buf_finish(&out, ret);
}

/* The names of the original with suffixes. */
static mln_err name_row(const struct reading *r, struct row *row, struct mln_slice of_root,
                        struct mln_slice of_name)
{
    const struct mln_type *original = &row->of->original.type;
    struct mln_type *type = &row->type;
    struct mln_slice long_name;

    MLN_TRY(add_suffix(r, original->root, of_root, &type->root));
    MLN_TRY(add_suffix(r, mln_slice_z(original->long_name), of_name, &long_name));
    type->long_name = mln_arena_zdup(r->set->arena, long_name);
    MLN_REQUIRE(type->long_name, NO_MEMORY);
    return MLN_OK;
}

static mln_err name_variants(const struct reading *r, struct definition *d)
{
    struct mln_slice suffix = in_tables(root_of(d)) ? MLN_S(ANNOUNCED_M2M) : MLN_S(ANNOUNCED);

    d->announced.type.short_name = MLN_S("fcntA");
    MLN_TRY(name_row(r, &d->announced, suffix, MLN_S(ANNOUNCED)));
    return name_row(r, &d->instance, MLN_S(INSTANCE), MLN_S(INSTANCE));
}

static mln_err begin_definition(struct reading *r, struct mln_slice rest)
{
    struct mln_slice root = word(&rest);
    struct mln_slice name = word(&rest);
    struct mln_slice cnd = word(&rest);
    struct mln_slice long_name;
    struct definition *d;
    struct mln_type *type;

    MLN_TRY(finish(r));
    MLN_REQUIRE(r->set->count < r->set->most, LIMIT);
    d = mln_arena_zalloc(r->set->arena, 1, sizeof *d);
    MLN_REQUIRE(d, NO_MEMORY);
    begin_row(d, &d->original, MLN_TY_FLEXCONTAINER);
    begin_row(d, &d->announced, MLN_TY_FLEXCONTAINERANNC);
    begin_row(d, &d->instance, MLN_TY_FCIN);
    d->line = r->line;
    type = &d->original.type;
    type->short_name = MLN_S("fcnt");
    MLN_TRY(take_root(r, root, &type->root));
    MLN_TRY(take_name(r, name, "not a long name", &long_name));
    type->long_name = mln_arena_zdup(r->set->arena, long_name);
    if (cnd.len == 0 || !mln_check_pattern(MLN_PATTERN_ANY_URI, cnd)) {
        return refuse(r, "not a containerDefinition", cnd);
    }
    if (mln_definitions_find(r->set, cnd) || mln_definitions_root(r->set, root)) {
        return refuse(r, "defined before", root);
    }
    MLN_REQUIRE(type->long_name && mln_arena_dup(r->set->arena, cnd, &d->cnd), NO_MEMORY);
    MLN_TRY(name_variants(r, d));
    if (in_tables(root)) {
        add_own(&d->original, in_tables(root));
        add_own(&d->announced, mln_model_root(d->announced.type.root));
    }
    r->now = d;
    return word(&rest).len ? refuse(r, "more than root, name and containerDefinition", root)
                           : MLN_OK;
}

static mln_err find_datatype(struct reading *r, struct mln_slice name, struct mln_attribute *ret)
{
    if (mln_slice_ends(name, MLN_S("[]"))) {
        ret->is_many = true;
        name = mln_slice_head(name, name.len - 2);
    }
    for (unsigned i = 0; i < MLN_DATATYPES; i++) {
        if (mln_slice_eq(mln_model_gen_datatypes[i].name, name)) {
            ret->type = (uint16_t)i;
            return MLN_OK;
        }
    }
    return refuse(r, "no such data type", name);
}

static mln_err add_attribute(struct reading *r, struct mln_slice rest)
{
    struct row *row = &r->now->original;
    struct row *announced = &r->now->announced;
    struct mln_attribute a = {
        .create = MLN_PRESENCE_OPTIONAL,
        .update = MLN_PRESENCE_OPTIONAL,
        .announced = MLN_ANNOUNCED_OPTIONAL,
        .slot = MLN_SLOT_ATTRS,
    };
    struct mln_slice long_name;
    struct mln_slice use;

    if (row->type.attribute_count == ATTRIBUTES_MAX ||
        announced->type.attribute_count == ATTRIBUTES_MAX) {
        return refuse(r, "too many attributes", row->type.root);
    }
    if (in_tables(row->type.root)) {
        return refuse(r, "the tables have its attributes", row->type.root);
    }
    MLN_TRY(take_name(r, word(&rest), "not a short name", &a.name));
    if (has_attribute(row, a.name) || has_attribute(announced, a.name) ||
        has_attribute(&r->now->instance, a.name)) {
        return refuse(r, "an attribute of that name is there", a.name);
    }
    MLN_TRY(take_name(r, word(&rest), "not a long name", &long_name));
    a.long_name = mln_arena_zdup(r->set->arena, long_name);
    MLN_REQUIRE(a.long_name, NO_MEMORY);
    MLN_TRY(find_datatype(r, word(&rest), &a));
    announced->attributes[announced->type.attribute_count++] = a;
    use = word(&rest);
    if (mln_slice_eq(use, MLN_S("mandatory"))) {
        a.create = MLN_PRESENCE_MANDATORY;
        a.least = 1;
        row->index.mandatory |= UINT64_C(1) << row->type.attribute_count;
        use = word(&rest);
    }
    if (use.len) {
        return refuse(r, "unknown word", use);
    }
    row->attributes[row->type.attribute_count++] = a;
    return MLN_OK;
}

static mln_err add_child(struct reading *r, struct mln_slice rest)
{
    struct definition *d = r->now;

    if (d->child_count == CHILDREN_MAX) {
        return refuse(r, "too many children", root_of(d));
    }
    MLN_TRY(take_root(r, word(&rest), &d->children[d->child_count]));
    d->child_count++;
    return word(&rest).len ? refuse(r, "one child on a line", root_of(d)) : MLN_OK;
}

static mln_err read_line(struct reading *r, struct mln_slice line)
{
    struct mln_slice rest = mln_slice_head(line, mln_slice_find(line, '#'));
    struct mln_slice verb = word(&rest);

    if (verb.len == 0) {
        return MLN_OK;
    }
    if (mln_slice_eq(verb, MLN_S("flexContainer"))) {
        return begin_definition(r, rest);
    }
    if (!r->now) {
        return refuse(r, "flexContainer must come first", verb);
    }
    if (mln_slice_eq(verb, MLN_S("attribute"))) {
        return add_attribute(r, rest);
    }
    return mln_slice_eq(verb, MLN_S("child")) ? add_child(r, rest)
                                              : refuse(r, "no such statement", verb);
}

/* ---- the set ---- */

mln_err mln_definitions_new(const struct mln_limits *limits, struct mln_definitions **ret)
{
    struct mln_definitions *d = mln_calloc(1, sizeof *d);

    MLN_REQUIRE(d, NO_MEMORY);
    d->most = (size_t)limits->definitions;
    d->arena = mln_arena_new(ARENA_MAX);
    if (d->arena) {
        d->by_cnd = mln_arena_zalloc(d->arena, d->most, sizeof(struct definition *));
        d->by_root = mln_arena_zalloc(d->arena, d->most, sizeof(struct definition *));
    }
    if (!d->by_cnd || !d->by_root) {
        mln_definitions_free(d);
        MLN_FAIL(NO_MEMORY);
    }
    *ret = d;
    return MLN_OK;
}

void mln_definitions_free(struct mln_definitions *definitions)
{
    if (definitions) {
        mln_arena_free(definitions->arena);
        mln_free(definitions);
    }
}

mln_err mln_definitions_read(struct mln_definitions *definitions, struct mln_slice text,
                             size_t *ret_line, struct mln_fault *fault)
{
    struct reading r = { .set = definitions, .fault = fault };
    mln_err err = MLN_OK;

    while (text.len && !mln_failed(err)) {
        r.line++;
        err = read_line(&r, mln_slice_cut(&text, '\n'));
    }
    if (!mln_failed(err)) {
        err = finish(&r);
    }
    *ret_line = r.line;
    return err;
}

static const struct definition *look_up(struct definition *const *list, size_t count, key_of *of,
                                        struct mln_slice key)
{
    size_t at = place_of(list, count, of, key);

    return at < count && mln_slice_eq(of(list[at]), key) ? list[at] : NULL;
}

const struct mln_type *mln_definitions_find(const struct mln_definitions *definitions,
                                            struct mln_slice cnd)
{
    const struct definition *d =
        definitions ? look_up(definitions->by_cnd, definitions->count, cnd_of, cnd) : NULL;

    return d ? &d->original.type : NULL;
}

/* A variant by its name, which ends in the suffix. */
static const struct mln_type *find_variant(const struct mln_definitions *definitions,
                                           struct mln_slice root, struct mln_slice suffix)
{
    const struct definition *d;

    if (!mln_slice_ends(root, suffix)) {
        return NULL;
    }
    d = look_up(definitions->by_root, definitions->count, root_of,
                mln_slice_head(root, root.len - suffix.len));
    if (d && mln_slice_eq(d->instance.type.root, root)) {
        return &d->instance.type;
    }
    return d && mln_slice_eq(d->announced.type.root, root) ? &d->announced.type : NULL;
}

const struct mln_type *mln_definitions_root(const struct mln_definitions *definitions,
                                            struct mln_slice root)
{
    static const char *const suffixes[] = { ANNOUNCED, ANNOUNCED_M2M, INSTANCE };
    const struct definition *d;
    const struct mln_type *type = NULL;

    if (!definitions) {
        return NULL;
    }
    d = look_up(definitions->by_root, definitions->count, root_of, root);
    if (d) {
        return &d->original.type;
    }
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0] && !type; i++) {
        type = find_variant(definitions, root, mln_slice_z(suffixes[i]));
    }
    return type;
}

static const struct definition *definition_of(const struct mln_type *type)
{
    return type->is_defined ? ((const struct row *)(const void *)type)->of : NULL;
}

const struct mln_type *mln_definitions_announced(const struct mln_type *type)
{
    return &definition_of(type)->announced.type;
}

const struct mln_type *mln_definitions_instance(const struct mln_type *type)
{
    return &definition_of(type)->instance.type;
}

bool mln_definitions_is_attribute(const struct mln_definitions *definitions, struct mln_slice name)
{
    for (size_t i = 0; definitions && i < definitions->count; i++) {
        if (mln_model_attribute(&definitions->by_root[i]->original.type, name)) {
            return true;
        }
    }
    return false;
}

bool mln_definitions_may_hold(const struct mln_type *parent, const struct mln_type *child)
{
    const struct definition *d = definition_of(parent);
    const struct definition *below = definition_of(child);
    bool may = d->child_count == 0 && !in_tables(root_of(d));

    for (size_t i = 0; i < d->child_count && !may; i++) {
        may = below && mln_slice_eq(d->children[i], root_of(below));
    }
    return may;
}
