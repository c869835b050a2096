/* Values of a data type from plain text: queries, header fields, XML, the command line. */
#include "base/num.h"
#include "model/check.h"

/* What separates the elements of lists. */
static const char plain_blanks[] = " +\t\n\r"; /* '+' is how a blank stands in a query */
static const char xml_blanks[] = " \t\n\r";

struct source {
    struct mln_slice text;
    const char *blanks;
};

static mln_err convert(enum mln_datatype_id id, const struct source *source,
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

static bool is_separator(const struct source *source, char c)
{
    return c && strchr(source->blanks, c);
}

/* The next element between separators; false at the end. */
static bool next_element(struct source *rest, struct mln_slice *ret)
{
    struct mln_slice text = rest->text;
    size_t n = 0;

    while (text.len && is_separator(rest, text.ptr[0])) {
        text = mln_slice_from(text, 1);
    }
    while (n < text.len && !is_separator(rest, text.ptr[n])) {
        n++;
    }
    *ret = mln_slice_head(text, n);
    rest->text = mln_slice_from(text, n);
    return n > 0;
}

static mln_err list(const struct mln_datatype *type, const struct source *source,
                    struct mln_arena *arena, struct mln_value **ret)
{
    struct mln_value *array = mln_value_new(arena, MLN_V_ARRAY);
    struct source rest = *source;
    struct source element = *source;

    MLN_REQUIRE(array, NO_MEMORY);
    while (next_element(&rest, &element.text)) {
        struct mln_value *v;

        MLN_TRY(convert((enum mln_datatype_id)type->item, &element, arena, &v));
        MLN_TRY(mln_value_append(array, v));
    }
    *ret = array;
    return MLN_OK;
}

static mln_err checked(enum mln_datatype_id id, const struct source *source,
                       struct mln_arena *arena, struct mln_value **ret)
{
    struct mln_value *v;

    MLN_TRY(convert(id, source, arena, &v));
    MLN_TRY(mln_check_value(id, v, MLN_S("value"), NULL));
    *ret = v;
    return MLN_OK;
}

/* The first alternative that accepts the text. */
static mln_err alternatives(const struct mln_datatype *type, const struct source *source,
                            struct mln_arena *arena, struct mln_value **ret)
{
    size_t count;
    const uint16_t *types = mln_model_union(type, &count);

    for (size_t i = 0; i < count; i++) {
        mln_err err = checked((enum mln_datatype_id)types[i], source, arena, ret);

        if (err.code != MLN_ERR_ATTR_INVALID) {
            return err;
        }
    }
    MLN_FAIL(ATTR_INVALID);
}

static mln_err convert(enum mln_datatype_id id, const struct source *source,
                       struct mln_arena *arena, struct mln_value **ret)
{
    const struct mln_datatype *type = mln_model_datatype(id);

    switch (type->form) {
    case MLN_FORM_TEXT:
    case MLN_FORM_ANY:
        return made(mln_value_text(arena, source->text), ret);
    case MLN_FORM_BOOLEAN:
        return boolean(source->text, arena, ret);
    case MLN_FORM_INTEGER:
    case MLN_FORM_ENUM:
        return integer(source->text, arena, ret);
    case MLN_FORM_NUMBER:
        return number(source->text, arena, ret);
    case MLN_FORM_LIST:
        return list(type, source, arena, ret);
    case MLN_FORM_UNION:
        return alternatives(type, source, arena, ret);
    case MLN_FORM_COMPLEX:
        break; /* has no form as plain text */
    }
    MLN_FAIL(ATTR_INVALID);
}

mln_err mln_check_from_text(enum mln_datatype_id type, struct mln_slice text,
                            struct mln_arena *arena, struct mln_value **ret)
{
    struct source source = { text, plain_blanks };

    return checked(type, &source, arena, ret);
}

mln_err mln_check_from_xml(enum mln_datatype_id type, struct mln_slice text,
                           struct mln_arena *arena, struct mln_value **ret)
{
    struct source source = { text, xml_blanks };

    return checked(type, &source, arena, ret);
}
