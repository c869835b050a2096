/* Request targets to parameters.
 *
 * Percent-decoding happens here and exactly once. In the query '+' stands for a blank, which is
 * how lists are separated; "%2B" is a plus. spec: TS-0009 6.2.2 */
#include <string.h>

#include "base/num.h"
#include "base/utf8.h"
#include "bind/http/http_int.h"
#include "model/check.h"
#include "model/filter.h"
#include "model/special.h"

/* Parameters in the query under their own names; those of Filter Criteria come from the model.
 * spec: TS-0009 6.2.2.2 */
bool mln_http_is_query_parameter(struct mln_slice name)
{
    static const struct mln_slice names[] = {
        { "rp", 2 },    { "rcn", 3 }, { "da", 2 },  { "drt", 3 },  { "rids", 4 }, { "tids", 4 },
        { "ltids", 5 }, { "tqi", 3 }, { "asi", 3 }, { "auri", 4 }, { "sqi", 3 },
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (mln_slice_eq(names[i], name)) {
            return true;
        }
    }
    return false;
}

/* ---- percent-decoding ---- */

/* The byte that an escape at s[at] stands for, or -1. */
static int escaped(struct mln_slice s, size_t at)
{
    int high = at + 2 < s.len ? mln_num_hex(s.ptr[at + 1]) : -1;
    int low = at + 2 < s.len ? mln_num_hex(s.ptr[at + 2]) : -1;

    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* A decoded byte that must not be: it would change the structure, or hide in names and logs. */
static bool is_refused(int byte, bool is_query)
{
    if (is_query) { /* queries in SPARQL have lines */
        return (byte < ' ' && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f;
    }
    return byte < ' ' || byte == 0x7f || byte == '/' || byte == '#';
}

static mln_err decode_into(char *out, struct mln_slice s, bool is_query, size_t *ret_len,
                           struct mln_fault *fault)
{
    size_t len = 0;

    for (size_t i = 0; i < s.len; i++) {
        int byte = (unsigned char)s.ptr[i];

        if (byte == '%') {
            byte = escaped(s, i);
            i += 2;
            if (byte < 0 || is_refused(byte, is_query)) {
                mln_fault_set(fault, "percent-encoding in the request target %s",
                              byte < 0 ? "invalid" : "of a character not allowed there");
                MLN_FAIL(PARAM_INVALID);
            }
        } else if (byte == '+' && is_query) {
            byte = ' ';
        }
        out[len++] = (char)byte;
    }
    *ret_len = len;
    return MLN_OK;
}

static mln_err decode(struct mln_slice s, bool is_query, struct mln_arena *arena,
                      struct mln_slice *ret, struct mln_fault *fault)
{
    size_t len = 0;
    char *out;

    if (mln_slice_find(s, '%') == s.len && (!is_query || mln_slice_find(s, '+') == s.len)) {
        *ret = s;
        return MLN_OK;
    }
    out = mln_arena_alloc(arena, s.len);
    MLN_REQUIRE(out, NO_MEMORY);
    MLN_TRY(decode_into(out, s, is_query, &len, fault));
    if (!mln_utf8_valid(mln_slice_of(out, len))) {
        mln_fault_set(fault, "request target is not UTF-8");
        MLN_FAIL(PARAM_INVALID);
    }
    *ret = mln_slice_of(out, len);
    return MLN_OK;
}

/* ---- the path ---- */

static bool has_empty_segment(struct mln_slice path)
{
    for (size_t i = 1; i < path.len; i++) {
        if (path.ptr[i] == '/' && path.ptr[i - 1] == '/') {
            return true;
        }
    }
    return false;
}

/* spec: TS-0009 6.2.2.1: "/x" is CSE-relative x, "/~/c/x" is SP-relative /c/x, "/_/s/c/x" is
 * absolute //s/c/x */
static mln_err read_path(struct mln_slice path, struct mln_arena *arena, struct mln_slice *ret,
                         struct mln_fault *fault)
{
    struct mln_slice to = { 0 };
    char *absolute;

    if (has_empty_segment(path)) {
        mln_fault_set(fault, "path with an empty segment");
        MLN_FAIL(PARAM_INVALID);
    }
    if (path.len > 1 && path.ptr[path.len - 1] == '/') {
        path.len--;
    }
    MLN_TRY(decode(mln_slice_from(path, 1), false, arena, &to, fault));
    if (mln_slice_starts(to, MLN_S("~/"))) {
        *ret = mln_slice_from(to, 1);
    } else if (mln_slice_starts(to, MLN_S("_/"))) {
        absolute = mln_arena_alloc(arena, to.len);
        MLN_REQUIRE(absolute, NO_MEMORY);
        memcpy(absolute, to.ptr, to.len);
        absolute[0] = '/';
        *ret = mln_slice_of(absolute, to.len);
    } else {
        *ret = to;
    }
    return MLN_OK;
}

/* ---- values by their data types ---- */

static const struct mln_datatype *type_of(uint16_t id)
{
    return mln_model_datatype((enum mln_datatype_id)id);
}

static mln_err from_text(uint16_t type, struct mln_slice text, struct mln_arena *arena,
                         struct mln_value **ret)
{
    mln_err err = mln_check_from_text((enum mln_datatype_id)type, text, arena, ret);

    return err.code == MLN_ERR_ATTR_INVALID ? MLN_ERROR(PARAM_INVALID) : err;
}

static mln_err append_items(uint16_t type, struct mln_slice text, struct mln_arena *arena,
                            struct mln_value *array)
{
    while (text.ptr) {
        struct mln_slice item = mln_slice_cut(&text, ' ');
        struct mln_value *value = NULL;

        if (item.len) {
            MLN_TRY(from_text(type, item, arena, &value));
            MLN_TRY(mln_value_append(array, value));
        }
    }
    MLN_REQUIRE(array->items.count > 0, PARAM_INVALID);
    return MLN_OK;
}

/* Where a query field goes: a member of `object` under `name`, of that type. */
struct place {
    struct mln_value *object;
    struct mln_slice name;
    uint16_t type;
    bool is_many;
};

/* The array that collects the values of a field that may repeat. */
static mln_err array_at(const struct place *place, struct mln_arena *arena, struct mln_value **ret)
{
    struct mln_value *array = mln_value_get(place->object, place->name);

    if (!array) {
        array = mln_value_new(arena, MLN_V_ARRAY);
        MLN_TRY(mln_value_set(place->object, place->name, array));
    }
    *ret = array;
    return MLN_OK;
}

static mln_err append_list(struct mln_value *array, const struct mln_value *list)
{
    MLN_REQUIRE(list->kind == MLN_V_ARRAY && list->items.count > 0, PARAM_INVALID);
    for (struct mln_value *item = list->items.first, *next; item; item = next) {
        next = item->next;
        MLN_TRY(mln_value_append(array, item));
    }
    return MLN_OK;
}

static mln_err put(const struct place *place, struct mln_slice text, struct mln_arena *arena)
{
    const struct mln_datatype *type = type_of(place->type);
    struct mln_value *array = NULL;
    struct mln_value *value = NULL;

    if (type->form == MLN_FORM_LIST || place->is_many) {
        MLN_TRY(array_at(place, arena, &array));
    }
    if (place->is_many && mln_slice_eq(place->name, MLN_S("smf"))) { /* has blanks of its own */
        MLN_TRY(from_text(place->type, text, arena, &value));
        return mln_value_append(array, value);
    }
    if (place->is_many) {
        return append_items(place->type, text, arena, array);
    }
    if (array && type_of(type->item)->form == MLN_FORM_TEXT) {
        return append_items(type->item, text, arena, array);
    }
    if (array) {
        MLN_TRY(from_text(place->type, text, arena, &value));
        return append_list(array, value);
    }
    MLN_REQUIRE(!mln_value_get(place->object, place->name), PARAM_INVALID);
    MLN_TRY(from_text(place->type, text, arena, &value));
    return mln_value_set(place->object, place->name, value);
}

/* ---- the query ---- */

struct query {
    struct mln_arena *arena;
    struct mln_value *params;
    struct mln_fault *fault;
};

static mln_err object_at(struct query *q, struct mln_slice name, struct mln_value **ret)
{
    struct mln_value *object = mln_value_get(q->params, name);

    if (!object) {
        object = mln_value_new(q->arena, MLN_V_OBJECT);
        MLN_TRY(mln_value_set(q->params, name, object));
    }
    *ret = object;
    return MLN_OK;
}

/* One attribute condition: {"nm", "val"} in the array `list` of Filter Criteria. */
static mln_err put_condition(struct query *q, struct mln_slice list, struct mln_slice attribute,
                             struct mln_slice text)
{
    struct mln_value *criteria = NULL;
    struct mln_value *array = NULL;
    struct mln_value *condition = mln_value_new(q->arena, MLN_V_OBJECT);

    MLN_TRY(object_at(q, MLN_S("fc"), &criteria));
    MLN_TRY(array_at(&(struct place){ .object = criteria, .name = list }, q->arena, &array));
    MLN_TRY(mln_value_append(array, condition));
    MLN_TRY(mln_value_set(condition, MLN_S("nm"), mln_value_text(q->arena, attribute)));
    return mln_value_set(condition, MLN_S("val"), mln_value_text(q->arena, text));
}

static const struct mln_member *member_of(struct mln_slice parameter, struct mln_slice name)
{
    const struct mln_parameter *p = mln_model_parameter(parameter);
    size_t count = 0;
    const struct mln_member *members = p ? mln_model_members(type_of(p->type), &count) : NULL;

    for (size_t i = 0; i < count; i++) {
        if (mln_slice_eq(members[i].name, name)) {
            return &members[i];
        }
    }
    return NULL;
}

static mln_err put_member(struct query *q, struct mln_slice parameter, struct mln_slice name,
                          struct mln_slice text)
{
    const struct mln_member *m = member_of(parameter, name);
    struct place place = { .name = name };

    MLN_REQUIRE(m, PARAM_INVALID);
    MLN_TRY(object_at(q, parameter, &place.object));
    place.type = m->type;
    place.is_many = m->is_many;
    return put(&place, text, q->arena);
}

static mln_err put_parameter(struct query *q, struct mln_slice name, struct mln_slice text)
{
    const struct mln_parameter *p = mln_model_parameter(name);
    struct place place = { .object = q->params, .name = name };

    MLN_REQUIRE(p, PARAM_INVALID);
    place.type = p->type;
    return put(&place, text, q->arena);
}

/* spec: TS-0009 6.2.2.2: names of attributes, separated by '+' */
static mln_err put_attribute_list(struct query *q, struct mln_slice text)
{
    struct mln_value *list = mln_value_new(q->arena, MLN_V_ARRAY);

    if (mln_value_get(q->params, MLN_S("atrl"))) {
        mln_fault_set(q->fault, "list of attributes given twice");
        MLN_FAIL(PARAM_INVALID);
    }
    MLN_TRY(mln_value_set(q->params, MLN_S("atrl"), list));
    while (text.ptr) {
        struct mln_slice items = mln_slice_cut(&text, ' ');

        while (items.ptr) { /* a '+' that was escaped: no name contains it */
            struct mln_slice item = mln_slice_cut(&items, '+');

            if (item.len) {
                MLN_TRY(mln_value_append(list, mln_value_text(q->arena, item)));
            }
        }
    }
    if (list->items.count == 0) {
        mln_fault_set(q->fault, "list of attributes is empty");
        MLN_FAIL(PARAM_INVALID);
    }
    return MLN_OK;
}

static bool is_criterion(struct mln_slice name)
{
    return member_of(MLN_S("fc"), name) && !mln_slice_eq(name, MLN_S("atr")) &&
           !mln_slice_eq(name, MLN_S("catr")) && !mln_slice_eq(name, MLN_S("patr"));
}

static mln_err put_field(struct query *q, struct mln_slice name, struct mln_slice text)
{
    if (mln_slice_eq(name, MLN_S("rt"))) {
        return put_member(q, MLN_S("rt"), MLN_S("rtv"), text);
    }
    if (mln_slice_eq(name, MLN_S("atrl"))) {
        return put_attribute_list(q, text);
    }
    if (mln_http_is_query_parameter(name)) {
        return put_parameter(q, name, text);
    }
    if (is_criterion(name)) {
        return put_member(q, MLN_S("fc"), name, text);
    }
    if (mln_slice_starts(name, MLN_S("c.")) && mln_special_is_attribute(mln_slice_from(name, 2))) {
        return put_condition(q, MLN_S("catr"), mln_slice_from(name, 2), text);
    }
    if (mln_slice_starts(name, MLN_S("p.")) && mln_special_is_attribute(mln_slice_from(name, 2))) {
        return put_condition(q, MLN_S("patr"), mln_slice_from(name, 2), text);
    }
    if (mln_special_is_attribute(name)) {
        return put_condition(q, MLN_S("atr"), name, text);
    }
    mln_fault_set(q->fault, "query field '%.*s' not known", MLN_S_ARG(name));
    MLN_FAIL(PARAM_INVALID);
}

static mln_err read_pair(struct query *q, struct mln_slice pair)
{
    struct mln_slice name = { 0 };
    struct mln_slice text = { 0 };
    struct mln_slice raw = pair;
    mln_err err;

    MLN_TRY(decode(mln_slice_cut(&raw, '='), true, q->arena, &name, q->fault));
    if (!raw.ptr) {
        mln_fault_set(q->fault, "query field '%.*s' without a value", MLN_S_ARG(name));
        MLN_FAIL(PARAM_INVALID);
    }
    MLN_TRY(decode(raw, true, q->arena, &text, q->fault));
    err = put_field(q, name, text);
    if (err.code == MLN_ERR_PARAM_INVALID) {
        mln_fault_set(q->fault, "query field '%.*s' invalid or given twice", MLN_S_ARG(name));
    }
    return err;
}

mln_err mln_http_target_read(struct mln_slice target, struct mln_arena *arena,
                             struct mln_value *params, struct mln_fault *fault)
{
    struct query q = { arena, params, fault };
    struct mln_slice before = mln_slice_cut(&target, '#');
    struct mln_slice path = mln_slice_cut(&before, '?');
    struct mln_slice to = { 0 };

    MLN_TRY(read_path(path, arena, &to, fault));
    MLN_TRY(mln_value_set(params, MLN_S("to"), mln_value_text(arena, to)));
    while (before.ptr) {
        struct mln_slice pair = mln_slice_cut(&before, '&');

        if (pair.len) {
            MLN_TRY(read_pair(&q, pair));
        }
    }
    if (target.ptr) { /* the text of 6.2.2.2 has the fragment, its examples the query */
        struct mln_slice names = { 0 };

        MLN_TRY(decode(target, true, arena, &names, fault));
        MLN_TRY(put_attribute_list(&q, names));
    }
    return MLN_OK;
}
