/* CBOR to trees. libcbor takes the bytes apart, one head at a time and without memory of its own;
 * what may follow what is decided here. spec: TS-0004 8.5 */
#include "codec/cbor.h"

#include <cbor/streaming.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "codec/names.h"

enum { NUMBER_SIZE = 40 };

enum token_kind {
    TOKEN_OTHER, /* what has no place in a content */
    TOKEN_NULL,
    TOKEN_BOOL,
    TOKEN_UINT,
    TOKEN_NEGINT, /* -1 - n */
    TOKEN_SINGLE,
    TOKEN_DOUBLE,
    TOKEN_TEXT,
    TOKEN_TEXT_OPEN,
    TOKEN_ARRAY,
    TOKEN_ARRAY_OPEN,
    TOKEN_MAP,
    TOKEN_MAP_OPEN,
    TOKEN_BREAK,
};

/* One head, and the bytes of a text. */
struct token {
    enum token_kind kind;
    const char *what; /* OTHER: its name */
    bool boolean;
    uint64_t n; /* UINT, NEGINT; ARRAY, MAP: elements, members */
    double real;
    struct mln_slice text;
};

struct reader {
    const char *begin;
    const char *at;
    const char *end;
    const char *start; /* of the token at hand */
    struct mln_arena *arena;
    struct mln_fault *fault;
    uint64_t items_left;
    uint64_t depth_left;
    struct mln_buf joined; /* a text in pieces; its memory is used again for other ones */
    struct mln_names names;
};

/* ---- failures ---- */

static mln_err syntax(struct reader *r, const char *what)
{
    mln_fault_set(r->fault, "CBOR: %s at byte %zu", what, (size_t)(r->start - r->begin));
    MLN_FAIL(SYNTAX);
}

static mln_err limit(struct reader *r, const char *what)
{
    mln_fault_set(r->fault, "CBOR: %s at byte %zu", what, (size_t)(r->start - r->begin));
    MLN_FAIL(LIMIT);
}

/* ---- tokens ---- */

static void on_other(void *data, const char *what)
{
    struct token *t = data;

    t->kind = TOKEN_OTHER;
    t->what = what;
}

static void on_uint(void *data, uint64_t n)
{
    struct token *t = data;

    t->kind = TOKEN_UINT;
    t->n = n;
}

static void on_uint8(void *data, uint8_t n)
{
    on_uint(data, n);
}

static void on_uint16(void *data, uint16_t n)
{
    on_uint(data, n);
}

static void on_uint32(void *data, uint32_t n)
{
    on_uint(data, n);
}

static void on_negint(void *data, uint64_t n)
{
    struct token *t = data;

    t->kind = TOKEN_NEGINT;
    t->n = n;
}

static void on_negint8(void *data, uint8_t n)
{
    on_negint(data, n);
}

static void on_negint16(void *data, uint16_t n)
{
    on_negint(data, n);
}

static void on_negint32(void *data, uint32_t n)
{
    on_negint(data, n);
}

static void on_bytes(void *data, cbor_data bytes, size_t len)
{
    (void)bytes;
    (void)len;
    on_other(data, "byte string");
}

static void on_bytes_open(void *data)
{
    on_other(data, "byte string");
}

static void on_text(void *data, cbor_data bytes, size_t len)
{
    struct token *t = data;

    t->kind = TOKEN_TEXT;
    t->text = mln_slice_of((const char *)bytes, len);
}

static void on_text_open(void *data)
{
    ((struct token *)data)->kind = TOKEN_TEXT_OPEN;
}

static void on_array(void *data, size_t count)
{
    struct token *t = data;

    t->kind = TOKEN_ARRAY;
    t->n = count;
}

static void on_array_open(void *data)
{
    ((struct token *)data)->kind = TOKEN_ARRAY_OPEN;
}

static void on_map(void *data, size_t count)
{
    struct token *t = data;

    t->kind = TOKEN_MAP;
    t->n = count;
}

static void on_map_open(void *data)
{
    ((struct token *)data)->kind = TOKEN_MAP_OPEN;
}

static void on_tag(void *data, uint64_t tag)
{
    (void)tag;
    on_other(data, "tag");
}

static void on_single(void *data, float real)
{
    struct token *t = data;

    t->kind = TOKEN_SINGLE;
    t->real = (double)real;
}

static void on_double(void *data, double real)
{
    struct token *t = data;

    t->kind = TOKEN_DOUBLE;
    t->real = real;
}

static void on_undefined(void *data)
{
    on_other(data, "undefined value");
}

static void on_null(void *data)
{
    ((struct token *)data)->kind = TOKEN_NULL;
}

static void on_bool(void *data, bool b)
{
    struct token *t = data;

    t->kind = TOKEN_BOOL;
    t->boolean = b;
}

static void on_break(void *data)
{
    ((struct token *)data)->kind = TOKEN_BREAK;
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint,
    .negint64 = on_negint,
    .negint32 = on_negint32,
    .negint16 = on_negint16,
    .negint8 = on_negint8,
    .byte_string_start = on_bytes_open,
    .byte_string = on_bytes,
    .string = on_text,
    .string_start = on_text_open,
    .indef_array_start = on_array_open,
    .array_start = on_array,
    .indef_map_start = on_map_open,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_single,
    .float4 = on_single,
    .float8 = on_double,
    .undefined = on_undefined,
    .null = on_null,
    .boolean = on_bool,
    .indef_break = on_break,
};

static mln_err next(struct reader *r, struct token *ret)
{
    struct cbor_decoder_result result = { 0 };

    *ret = (struct token){ 0 };
    r->start = r->at;
    if (r->at == r->end) {
        return syntax(r, "content ends too early");
    }
    result = cbor_stream_decode((cbor_data)r->at, (size_t)(r->end - r->at), &callbacks, ret);
    if (result.status != CBOR_DECODER_FINISHED) {
        return syntax(r, result.status == CBOR_DECODER_NEDATA ? "content ends too early"
                                                              : "no such head");
    }
    r->at += result.read;
    return MLN_OK;
}

/* ---- scalars ---- */

static mln_err take_text(struct reader *r, struct mln_slice text, struct mln_slice *ret)
{
    if (!mln_utf8_valid(text)) {
        return syntax(r, "text that is not UTF-8");
    }
    *ret = text;
    return MLN_OK;
}

/* A text in pieces, each of which is UTF-8. spec: RFC8949 3.2.3 */
static mln_err join_text(struct reader *r, struct mln_slice *ret)
{
    struct mln_slice text = { 0 };
    struct token t;

    r->joined.len = 0;
    MLN_TRY(next(r, &t));
    while (t.kind == TOKEN_TEXT) {
        struct mln_slice piece;

        MLN_TRY(take_text(r, t.text, &piece));
        mln_buf_add(&r->joined, piece);
        MLN_TRY(next(r, &t));
    }
    if (t.kind != TOKEN_BREAK) {
        return syntax(r, "piece of a text that is none");
    }
    MLN_TRY(mln_buf_finish(&r->joined, &text));
    MLN_REQUIRE(mln_arena_dup(r->arena, text, ret), NO_MEMORY);
    return MLN_OK;
}

static mln_err read_negative(struct reader *r, uint64_t n, struct mln_value *v)
{
    if (n > INT64_MAX) {
        return syntax(r, "integer below -2^63");
    }
    v->kind = MLN_V_INT;
    v->is_negative = true;
    v->magnitude = n + 1;
    return MLN_OK;
}

/* Does the text stand for this very number? */
static bool is_text_of(const char *text, const struct token *t)
{
    double again = strtod(text, NULL); /* LC_NUMERIC is "C": nobody sets it */

    return t->kind == TOKEN_SINGLE ? (float)again == (float)t->real : again == t->real;
}

/* The shortest decimal number that stands for it: up to FLT_DIG or DBL_DIG digits come through as
 * they are, and "%g" omits zeros behind them; few more are tried. Of subnormal numbers it may be
 * a longer one. One without fraction stays apart from integers, as in JSON. */
static mln_err read_real(struct reader *r, const struct token *t, struct mln_value *v)
{
    bool is_single = t->kind == TOKEN_SINGLE;
    int most = is_single ? FLT_DECIMAL_DIG : DBL_DECIMAL_DIG;
    char text[NUMBER_SIZE];
    size_t len;

    if (!isfinite(t->real)) {
        return syntax(r, "NaN or infinity");
    }
    for (int digits = is_single ? FLT_DIG : DBL_DIG; digits <= most; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, t->real);
        if (is_text_of(text, t)) {
            break;
        }
    }
    len = strlen(text);
    if (!strpbrk(text, ".e")) {
        memcpy(text + len, ".0", 2);
        len += 2;
    }
    v->kind = MLN_V_REAL;
    MLN_REQUIRE(mln_arena_dup(r->arena, mln_slice_of(text, len), &v->text), NO_MEMORY);
    return MLN_OK;
}

/* ---- containers ---- */

static mln_err read_value(struct reader *r, const struct token *t, struct mln_value *v);

static mln_err enter(struct reader *r)
{
    if (r->depth_left == 0) {
        return limit(r, "nested too deeply");
    }
    r->depth_left--;
    return MLN_OK;
}

static mln_err new_item(struct reader *r, struct mln_value **ret)
{
    if (r->items_left == 0) {
        return limit(r, "too many members and elements");
    }
    r->items_left--;
    *ret = mln_value_new(r->arena, MLN_V_NULL);
    MLN_REQUIRE(*ret, NO_MEMORY);
    return MLN_OK;
}

/* The first token of the next element of a container with `done` of them, or its end. */
static mln_err next_element(struct reader *r, const struct token *head, uint64_t done,
                            struct token *ret, bool *ret_is_end)
{
    bool is_open = head->kind == TOKEN_ARRAY_OPEN || head->kind == TOKEN_MAP_OPEN;

    *ret_is_end = !is_open && done == head->n;
    if (*ret_is_end) {
        return MLN_OK;
    }
    MLN_TRY(next(r, ret));
    *ret_is_end = is_open && ret->kind == TOKEN_BREAK;
    return MLN_OK;
}

static mln_err read_array(struct reader *r, const struct token *head, struct mln_value *array)
{
    array->kind = MLN_V_ARRAY;
    MLN_TRY(enter(r));
    for (uint64_t done = 0;; done++) {
        struct mln_value *item = NULL;
        struct token t;
        bool is_end;

        MLN_TRY(next_element(r, head, done, &t, &is_end));
        if (is_end) {
            break;
        }
        MLN_TRY(new_item(r, &item));
        MLN_TRY(read_value(r, &t, item));
        MLN_TRY(mln_value_append(array, item));
    }
    r->depth_left++;
    return MLN_OK;
}

static mln_err twice(struct reader *r, struct mln_slice name)
{
    mln_fault_set(r->fault, "CBOR: key '%.*s' twice at byte %zu",
                  (int)(name.len < 64 ? name.len : 64), name.ptr, (size_t)(r->start - r->begin));
    MLN_FAIL(SYNTAX);
}

static mln_err read_key(struct reader *r, const struct token *t, struct mln_slice *ret)
{
    if (t->kind == TOKEN_TEXT) {
        return take_text(r, t->text, ret);
    }
    return t->kind == TOKEN_TEXT_OPEN ? join_text(r, ret) : syntax(r, "key that is no text");
}

static mln_err check_names(struct reader *r, const struct mln_value *object)
{
    const struct mln_value *member = NULL;

    if (object->items.count <= MLN_NAMES_SMALL) {
        return MLN_OK;
    }
    MLN_TRY(mln_names_check(&r->names, object, &member));
    return member ? twice(r, member->name) : MLN_OK;
}

static mln_err read_map(struct reader *r, const struct token *head, struct mln_value *object)
{
    uint64_t seen = 0;

    object->kind = MLN_V_OBJECT;
    MLN_TRY(enter(r));
    for (uint64_t done = 0;; done++) {
        struct mln_value *member = NULL;
        struct mln_slice name = { 0 };
        struct token t;
        bool is_end;

        MLN_TRY(next_element(r, head, done, &t, &is_end));
        if (is_end) {
            break;
        }
        MLN_TRY(read_key(r, &t, &name));
        if (mln_names_seen(object, name, &seen)) {
            return twice(r, name);
        }
        MLN_TRY(new_item(r, &member));
        MLN_TRY(next(r, &t));
        MLN_TRY(read_value(r, &t, member));
        MLN_TRY(mln_value_set(object, name, member));
    }
    r->depth_left++;
    return check_names(r, object);
}

/* ---- values ---- */

/* Fills in `v`. Recursion ends at the limit of depth. */
static mln_err read_value(struct reader *r, const struct token *t, struct mln_value *v)
{
    switch (t->kind) {
    case TOKEN_NULL:
        return MLN_OK;
    case TOKEN_BOOL:
        v->kind = MLN_V_BOOL;
        v->boolean = t->boolean;
        return MLN_OK;
    case TOKEN_UINT:
        v->kind = MLN_V_INT;
        v->magnitude = t->n;
        return MLN_OK;
    case TOKEN_NEGINT:
        return read_negative(r, t->n, v);
    case TOKEN_SINGLE:
    case TOKEN_DOUBLE:
        return read_real(r, t, v);
    case TOKEN_TEXT:
        v->kind = MLN_V_TEXT;
        return take_text(r, t->text, &v->text);
    case TOKEN_TEXT_OPEN:
        v->kind = MLN_V_TEXT;
        return join_text(r, &v->text);
    case TOKEN_ARRAY:
    case TOKEN_ARRAY_OPEN:
        return read_array(r, t, v);
    case TOKEN_MAP:
    case TOKEN_MAP_OPEN:
        return read_map(r, t, v);
    case TOKEN_BREAK:
        return syntax(r, "break outside of what it could end");
    case TOKEN_OTHER:
        break;
    }
    return syntax(r, t->what);
}

mln_err mln_cbor_read(struct mln_slice content, const struct mln_limits *limits,
                      struct mln_arena *arena, struct mln_value **ret, struct mln_fault *fault)
{
    const char *begin = content.ptr ? content.ptr : "";
    struct reader r = {
        .begin = begin,
        .at = begin,
        .end = begin + content.len,
        .start = begin,
        .arena = arena,
        .fault = fault,
        .items_left = limits->value_items,
        .depth_left = limits->value_depth,
        .names = { .arena = arena },
    };
    struct mln_value *root = mln_value_new(arena, MLN_V_NULL);
    struct token t;

    MLN_REQUIRE(root, NO_MEMORY);
    mln_buf_init(&r.joined, arena, content.len);
    MLN_TRY(next(&r, &t));
    MLN_TRY(read_value(&r, &t, root));
    r.start = r.at;
    if (r.at != r.end) {
        return syntax(&r, "something behind the value");
    }
    *ret = root;
    return MLN_OK;
}
