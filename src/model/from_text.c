/* Values of a data type from plain text: queries, header fields, XML, the command line. */
#include "base/num.h"
#include "model/check.h"

static mln_err convert(const struct mln_datatype *type, struct mln_slice text,
                       struct mln_arena *arena, struct mln_value **ret);

static mln_err made(struct mln_value *v, struct mln_value **ret)
{
    MLN_REQUIRE(v, NO_MEMORY);
    *ret = v;
    return MLN_OK;
}

/* spec: TS-0004 6.3.2: true, false, 1, 0 */
static mln_err boolean(struct mln_slice text, struct mln_arena *arena, struct mln_value **ret)
{
    bool is_true = mln_slice_eq(text, MLN_S("true")) || mln_slice_eq(text, MLN_S("1"));

    MLN_REQUIRE(is_true || mln_slice_eq(text, MLN_S("false")) || mln_slice_eq(text, MLN_S("0")),
                ATTR_INVALID);
    return made(mln_value_bool(arena, is_true), ret);
}

static mln_err integer(struct mln_slice text, struct mln_arena *arena, struct mln_value **ret)
{
    uint64_t magnitude;
    int64_t n;

    if (mln_num_u64(text, &magnitude)) {
        return made(mln_value_uint(arena, magnitude), ret);
    }
    MLN_REQUIRE(mln_num_i64(text, &n), ATTR_INVALID);
    return made(mln_value_int(arena, n), ret);
}

static size_t digits(struct mln_slice s, size_t at)
{
    while (at < s.len && s.ptr[at] >= '0' && s.ptr[at] <= '9') {
        at++;
    }
    return at;
}

/* A number as JSON writes it. spec: RFC 8259 6 */
static bool is_number(struct mln_slice s)
{
    size_t start = s.len && s.ptr[0] == '-' ? 1 : 0;
    size_t at = digits(s, start);
    size_t from;

    if (at == start || (s.ptr[start] == '0' && at > start + 1)) {
        return false;
    }
    if (at < s.len && s.ptr[at] == '.') {
        from = at + 1;
        at = digits(s, from);
        if (at == from) {
            return false;
        }
    }
    if (at < s.len && (s.ptr[at] == 'e' || s.ptr[at] == 'E')) {
        from = at + 1;
        from += from < s.len && (s.ptr[from] == '+' || s.ptr[from] == '-');
        at = digits(s, from);
        if (at == from) {
            return false;
        }
    }
    return at == s.len;
}

static mln_err number(struct mln_slice text, struct mln_arena *arena, struct mln_value **ret)
{
    struct mln_value *v;
    mln_err err = integer(text, arena, ret);

    if (err.code != MLN_ERR_ATTR_INVALID) {
        return err;
    }
    MLN_REQUIRE(is_number(text), ATTR_INVALID);
    v = mln_value_new(arena, MLN_V_REAL);
    MLN_REQUIRE(v, NO_MEMORY);
    v->text = text;
    *ret = v;
    return MLN_OK;
}

static bool is_separator(char c)
{
    return c == ' ' || c == '+' || c == '\t' || c == '\n' || c == '\r';
}

/* The next element between separators; false at the end. */
static bool next_element(struct mln_slice *rest, struct mln_slice *ret)
{
    size_t n = 0;

    while (rest->len && is_separator(rest->ptr[0])) {
        *rest = mln_slice_from(*rest, 1);
    }
    while (n < rest->len && !is_separator(rest->ptr[n])) {
        n++;
    }
    *ret = mln_slice_head(*rest, n);
    *rest = mln_slice_from(*rest, n);
    return n > 0;
}

static mln_err list(const struct mln_datatype *type, struct mln_slice text, struct mln_arena *arena,
                    struct mln_value **ret)
{
    const struct mln_datatype *item = mln_model_datatype((enum mln_datatype_id)type->item);
    struct mln_value *array = mln_value_new(arena, MLN_V_ARRAY);
    struct mln_slice element;

    MLN_REQUIRE(array, NO_MEMORY);
    while (next_element(&text, &element)) {
        struct mln_value *v;

        MLN_TRY(convert(item, element, arena, &v));
        MLN_TRY(mln_value_append(array, v));
    }
    *ret = array;
    return MLN_OK;
}

/* The first alternative that accepts the text. */
static mln_err alternatives(const struct mln_datatype *type, struct mln_slice text,
                            struct mln_arena *arena, struct mln_value **ret)
{
    size_t count;
    const uint16_t *types = mln_model_union(type, &count);

    for (size_t i = 0; i < count; i++) {
        struct mln_value *v;
        mln_err err = mln_check_from_text((enum mln_datatype_id)types[i], text, arena, &v);

        if (!mln_failed(err)) {
            *ret = v;
            return MLN_OK;
        }
        MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
    }
    MLN_FAIL(ATTR_INVALID);
}

static mln_err convert(const struct mln_datatype *type, struct mln_slice text,
                       struct mln_arena *arena, struct mln_value **ret)
{
    switch (type->form) {
    case MLN_FORM_TEXT:
    case MLN_FORM_ANY:
        return made(mln_value_text(arena, text), ret);
    case MLN_FORM_BOOLEAN:
        return boolean(text, arena, ret);
    case MLN_FORM_INTEGER:
    case MLN_FORM_ENUM:
        return integer(text, arena, ret);
    case MLN_FORM_NUMBER:
        return number(text, arena, ret);
    case MLN_FORM_LIST:
        return list(type, text, arena, ret);
    case MLN_FORM_UNION:
        return alternatives(type, text, arena, ret);
    case MLN_FORM_COMPLEX:
        break; /* has no form as plain text */
    }
    MLN_FAIL(ATTR_INVALID);
}

mln_err mln_check_from_text(enum mln_datatype_id type, struct mln_slice text,
                            struct mln_arena *arena, struct mln_value **ret)
{
    struct mln_value *v;

    MLN_TRY(convert(mln_model_datatype(type), text, arena, &v));
    MLN_TRY(mln_check_value(type, v, MLN_S("value"), NULL));
    *ret = v;
    return MLN_OK;
}
