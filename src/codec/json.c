/* JSON texts to trees: one pass, no copy of texts without escapes.
 *
 * The grammar is that of RFC 8259 and nothing more. docs/decisions/0004-json-reader.md tells why
 * it is our own. */
#include "codec/json.h"

#include "base/utf8.h"
#include "codec/json_int.h"
#include "codec/names.h"

enum {
    FIRST_NODES = 8,  /* taken from the arena at once; then twice as many each time ... */
    MOST_NODES = 128, /* ... up to this */
};

struct reader {
    const char *begin;
    const char *at;
    const char *end;
    struct mln_arena *arena;
    struct mln_fault *fault;
    struct mln_value *nodes; /* unused ones */
    size_t node_count;
    size_t node_batch;
    uint64_t items_left;
    uint64_t depth_left;
    struct mln_names names;
};

static mln_err read_value(struct reader *r, struct mln_value *v);

/* ---- failures ---- */

static __attribute__((cold, noinline)) mln_err syntax_at(struct reader *r, const char *at,
                                                         const char *what)
{
    mln_fault_set(r->fault, "JSON: %s at byte %zu", what, (size_t)(at - r->begin));
    MLN_FAIL(SYNTAX);
}

static __attribute__((cold, noinline)) mln_err syntax(struct reader *r, const char *what)
{
    return syntax_at(r, r->at, r->at == r->end ? "text ends too early" : what);
}

static __attribute__((cold, noinline)) mln_err limit(struct reader *r, const char *what)
{
    mln_fault_set(r->fault, "JSON: %s at byte %zu", what, (size_t)(r->at - r->begin));
    MLN_FAIL(LIMIT);
}

/* ---- small things ---- */

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline void skip_space(struct reader *r)
{
    while (r->at < r->end &&
           (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t')) {
        r->at++;
    }
}

static bool add_nodes(struct reader *r)
{
    r->nodes = mln_arena_alloc(r->arena, r->node_batch * sizeof *r->nodes);
    if (!r->nodes) {
        return false;
    }
    r->node_count = r->node_batch;
    if (r->node_batch < MOST_NODES) {
        r->node_batch *= 2;
    }
    return true;
}

/* Counts against the limit of items; the limit comes before the memory. */
static mln_err new_node(struct reader *r, struct mln_value **ret)
{
    if (r->items_left == 0) {
        return limit(r, "too many members and elements");
    }
    r->items_left--;
    if (r->node_count == 0) {
        MLN_REQUIRE(add_nodes(r), NO_MEMORY);
    }
    r->node_count--;
    *ret = r->nodes++;
    **ret = (struct mln_value){ 0 };
    return MLN_OK;
}

static inline void append(struct mln_value *container, struct mln_value *item)
{
    if (container->items.last) {
        container->items.last->next = item;
    } else {
        container->items.first = item;
    }
    container->items.last = item;
    container->items.count++;
}

/* ---- texts ---- */

static bool hex4(const char *p, uint32_t *ret)
{
    uint32_t n = 0;

    for (int i = 0; i < 4; i++) {
        char c = p[i];

        if (is_digit(c)) {
            n = n << 4 | (uint32_t)(c - '0');
        } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
            n = n << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        } else {
            return false;
        }
    }
    *ret = n;
    return true;
}

/* *at stands behind "\u"; moves it behind the digits, and behind those of the second half of a
 * surrogate pair. Returns what is wrong, or NULL. */
static const char *take_unicode(const char **at, const char *end, uint32_t *ret)
{
    uint32_t high;
    uint32_t low;

    if (end - *at < 4 || !hex4(*at, &high)) {
        return "four hexadecimal digits expected";
    }
    *at += 4;
    *ret = high;
    if (high < 0xD800 || high > 0xDFFF) {
        return NULL;
    }
    if (high > 0xDBFF || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u' ||
        !hex4(*at + 2, &low) || low < 0xDC00 || low > 0xDFFF) {
        return "half a surrogate pair";
    }
    *at += 6;
    *ret = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    return NULL;
}

/* What the character behind a backslash stands for; 0 for any that no escape has. */
static const char escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

/* *at stands at a backslash; moves it behind the escape. Returns what is wrong, or NULL. */
static inline const char *take_escape(const char **at, const char *end, uint32_t *ret)
{
    char c;

    if (end - *at < 2) {
        return "text without end";
    }
    c = escapes[(unsigned char)(*at)[1]];
    if (c) {
        *ret = (uint32_t)c;
        *at += 2;
        return NULL;
    }
    if ((*at)[1] != 'u') {
        return "unknown escape";
    }
    *at += 2;
    return take_unicode(at, end, ret);
}

static inline char *put_code(char *to, uint32_t code)
{
    if (code < 0x80) {
        *to = (char)code;
        return to + 1;
    }
    return to + mln_utf8_put(to, code);
}

/* The text between two quotes, of which the scan has shown that every escape is right. */
static mln_err unescape(struct reader *r, struct mln_slice raw, struct mln_slice *ret)
{
    const char *at = raw.ptr;
    const char *end = raw.ptr + raw.len;
    char *out = mln_arena_alloc(r->arena, raw.len + 4); /* no escape grows; room for a whole put */
    char *to = out;

    MLN_REQUIRE(out, NO_MEMORY);
    while (at < end) {
        size_t plain = mln_slice_find(mln_slice_of(at, (size_t)(end - at)), '\\');
        uint32_t code;

        memcpy(to, at, plain);
        to += plain;
        at += plain;
        if (at < end) {
            MLN_REQUIRE(!take_escape(&at, end, &code), INTERNAL);
            to = put_code(to, code);
        }
    }
    *ret = mln_slice_of(out, (size_t)(to - out));
    return MLN_OK;
}

static inline mln_err skip_escape(struct reader *r)
{
    const char *at = r->at;
    uint32_t code;
    const char *what = take_escape(&r->at, r->end, &code);

    return what ? syntax_at(r, at, what) : MLN_OK;
}

/* At a character beyond ASCII, or a mistake. */
static mln_err skip_special(struct reader *r)
{
    size_t len;

    if ((unsigned char)*r->at < 0x20) {
        return syntax(r, "control character in a text");
    }
    do {
        len = mln_utf8_char(mln_slice_of(r->at, (size_t)(r->end - r->at)));
        if (len == 0) {
            return syntax(r, "bytes that are not UTF-8");
        }
        r->at += len;
    } while (r->at < r->end && (signed char)*r->at < 0);
    return MLN_OK;
}

/* At the opening quote; afterwards behind the closing one. */
static mln_err read_text(struct reader *r, struct mln_slice *ret)
{
    const char *open = r->at;
    const char *start = ++r->at;
    bool has_escape = false;

    for (;;) {
        r->at = mln_json_plain(r->at, r->end);
        if (r->at == r->end) {
            return syntax_at(r, open, "text without end");
        }
        if (*r->at == '"') {
            break;
        }
        if (*r->at == '\\') {
            has_escape = true;
            MLN_TRY(skip_escape(r));
        } else {
            MLN_TRY(skip_special(r));
        }
    }
    *ret = mln_slice_of(start, (size_t)(r->at - start));
    r->at++;
    return has_escape ? unescape(r, *ret, ret) : MLN_OK;
}

/* ---- numbers and words ---- */

static mln_err skip_digits(struct reader *r)
{
    if (r->at == r->end || !is_digit(*r->at)) {
        return syntax(r, "digit expected");
    }
    while (r->at < r->end && is_digit(*r->at)) {
        r->at++;
    }
    return MLN_OK;
}

/* The rest of a number behind its integer part. */
static mln_err skip_fraction(struct reader *r)
{
    if (r->at < r->end && *r->at == '.') {
        r->at++;
        MLN_TRY(skip_digits(r));
    }
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
        r->at++;
        if (r->at < r->end && (*r->at == '+' || *r->at == '-')) {
            r->at++;
        }
        MLN_TRY(skip_digits(r));
    }
    return MLN_OK;
}

static mln_err read_number(struct reader *r, struct mln_value *v)
{
    const char *start = r->at;
    bool is_negative = *start == '-';
    bool is_large = false;
    uint64_t n = 0;
    const char *digits;
    const char *integer_end;

    r->at += is_negative;
    digits = r->at;
    for (; r->at < r->end && is_digit(*r->at); r->at++) {
        is_large |= __builtin_mul_overflow(n, 10, &n);
        is_large |= __builtin_add_overflow(n, (uint64_t)(*r->at - '0'), &n);
    }
    integer_end = r->at;
    if (integer_end == digits) {
        return syntax(r, "digit expected");
    }
    if (*digits == '0' && integer_end - digits > 1) {
        return syntax_at(r, digits, "number with a leading zero");
    }
    MLN_TRY(skip_fraction(r));
    if (r->at == integer_end && !is_large && (!is_negative || n <= (uint64_t)INT64_MAX + 1)) {
        v->kind = MLN_V_INT;
        v->is_negative = is_negative && n > 0;
        v->magnitude = n;
    } else {
        v->kind = MLN_V_REAL;
        v->text = mln_slice_of(start, (size_t)(r->at - start));
    }
    return MLN_OK;
}

static mln_err read_word(struct reader *r, struct mln_slice word)
{
    if (!mln_slice_starts(mln_slice_of(r->at, (size_t)(r->end - r->at)), word)) {
        return syntax(r, "value expected");
    }
    r->at += word.len;
    return MLN_OK;
}

/* ---- duplicate members ---- */

static mln_err duplicate(struct reader *r, struct mln_slice name, const char *at)
{
    mln_fault_set(r->fault, "JSON: member '%.*s' twice at byte %zu",
                  (int)(name.len < 64 ? name.len : 64), name.ptr, (size_t)(at - r->begin));
    MLN_FAIL(SYNTAX);
}

static mln_err check_large(struct reader *r, const struct mln_value *object)
{
    const struct mln_value *twice = NULL;
    bool is_in_text;

    MLN_TRY(mln_names_check(&r->names, object, &twice));
    if (!twice) {
        return MLN_OK;
    }
    is_in_text = twice->name.ptr >= r->begin && twice->name.ptr < r->end;
    return duplicate(r, twice->name, is_in_text ? twice->name.ptr : r->at);
}

/* ---- containers ---- */

/* At an opening bracket: steps in and says whether it is closed at once. */
static mln_err enter(struct reader *r, char close, bool *ret_is_empty)
{
    if (r->depth_left == 0) {
        return limit(r, "nested too deeply");
    }
    r->at++;
    skip_space(r);
    *ret_is_empty = r->at < r->end && *r->at == close;
    if (*ret_is_empty) {
        r->at++;
    } else {
        r->depth_left--;
    }
    return MLN_OK;
}

/* Behind an element: is there another one? */
static inline mln_err next(struct reader *r, char close, const char *what, bool *ret_has_next)
{
    skip_space(r);
    if (r->at == r->end || (*r->at != ',' && *r->at != close)) {
        return syntax(r, what);
    }
    *ret_has_next = *r->at++ == ',';
    if (*ret_has_next) {
        skip_space(r);
    } else {
        r->depth_left++;
    }
    return MLN_OK;
}

static mln_err read_array(struct reader *r, struct mln_value *array)
{
    bool is_empty;
    bool has_next;

    array->kind = MLN_V_ARRAY;
    MLN_TRY(enter(r, ']', &is_empty));
    for (has_next = !is_empty; has_next;) {
        struct mln_value *item;

        MLN_TRY(new_node(r, &item));
        MLN_TRY(read_value(r, item));
        append(array, item);
        MLN_TRY(next(r, ']', "',' or ']' expected", &has_next));
    }
    return MLN_OK;
}

static mln_err read_name(struct reader *r, struct mln_value *member)
{
    if (r->at == r->end || *r->at != '"') {
        return syntax(r, "member name expected");
    }
    MLN_TRY(read_text(r, &member->name));
    skip_space(r);
    if (r->at == r->end || *r->at != ':') {
        return syntax(r, "':' expected");
    }
    r->at++;
    skip_space(r);
    return MLN_OK;
}

static mln_err read_object(struct reader *r, struct mln_value *object)
{
    uint64_t seen = 0;
    bool is_empty;
    bool has_next;

    object->kind = MLN_V_OBJECT;
    MLN_TRY(enter(r, '}', &is_empty));
    for (has_next = !is_empty; has_next;) {
        const char *quote = r->at;
        struct mln_value *member;

        MLN_TRY(new_node(r, &member));
        MLN_TRY(read_name(r, member));
        if (mln_names_seen(object, member->name, &seen)) {
            return duplicate(r, member->name, quote + 1);
        }
        MLN_TRY(read_value(r, member));
        append(object, member);
        MLN_TRY(next(r, '}', "',' or '}' expected", &has_next));
    }
    return object->items.count > MLN_NAMES_SMALL ? check_large(r, object) : MLN_OK;
}

/* ---- values ---- */

/* Fills in `v`, whose name is kept. Recursion ends at the limit of depth. */
static mln_err read_value(struct reader *r, struct mln_value *v)
{
    if (r->at == r->end) {
        return syntax(r, "value expected");
    }
    switch (*r->at) {
    case '"':
        v->kind = MLN_V_TEXT;
        return read_text(r, &v->text);
    case '{':
        return read_object(r, v);
    case '[':
        return read_array(r, v);
    case 't':
        v->kind = MLN_V_BOOL;
        v->boolean = true;
        return read_word(r, MLN_S("true"));
    case 'f':
        v->kind = MLN_V_BOOL;
        return read_word(r, MLN_S("false"));
    case 'n':
        v->kind = MLN_V_NULL;
        return read_word(r, MLN_S("null"));
    default:
        return *r->at == '-' || is_digit(*r->at) ? read_number(r, v) : syntax(r, "value expected");
    }
}

mln_err mln_json_read(struct mln_slice text, const struct mln_limits *limits,
                      struct mln_arena *arena, struct mln_value **ret, struct mln_fault *fault)
{
    const char *begin = text.ptr ? text.ptr : "";
    struct reader r = {
        .begin = begin,
        .at = begin,
        .end = begin + text.len,
        .arena = arena,
        .fault = fault,
        .node_batch = FIRST_NODES,
        .names = { .arena = arena },
        .items_left = limits->value_items,
        .depth_left = limits->value_depth,
    };
    struct mln_value *root = mln_value_new(arena, MLN_V_NULL);

    MLN_REQUIRE(root, NO_MEMORY);
    if (mln_slice_starts(text, MLN_S("\xEF\xBB\xBF"))) {
        return syntax(&r, "byte order mark");
    }
    skip_space(&r);
    MLN_TRY(read_value(&r, root));
    skip_space(&r);
    if (r.at != r.end) {
        return syntax(&r, "something behind the value");
    }
    *ret = root;
    return MLN_OK;
}
