/* contentFilterQuery in the 'jsonpath' syntax. */
#include "model/content_query.h"

#include "base/num.h"
#include "model/decimal.h"
#include "model/filter.h"

enum operator{
    OP_EQ,
    OP_NE,
    OP_GT,
    OP_LT,
    OP_GE,
    OP_LE,
    OP_MATCH,
};

/* From a value to one inside it. */
struct step {
    struct step *next;
    struct mln_slice name; /* ptr NULL: `index` counts */
    uint64_t index;
};

struct comparison {
    struct comparison *next;
    struct step *path;
    enum operator operator;
    struct mln_slice operand; /* without quotes */
    bool is_text;             /* it was quoted: never a number, a boolean or null */
    bool is_number;
    bool follows_or;
};

struct mln_content_query {
    struct comparison *first;
};

/* ---- compiling ---- */

struct parser {
    struct mln_slice rest;
    struct mln_arena *arena;
    struct mln_fault *fault;
    size_t parts; /* steps and comparisons so far */
};

static mln_err wrong(const struct parser *p, const char *what)
{
    mln_fault_set(p->fault, "contentFilterQuery: %s before '%.*s'", what,
                  MLN_S_ARG(mln_slice_head(p->rest, 40)));
    MLN_FAIL(PARAM_INVALID);
}

static bool is_at(const struct parser *p, char c)
{
    return p->rest.len > 0 && p->rest.ptr[0] == c;
}

static void skip(struct parser *p, size_t len)
{
    p->rest = mln_slice_from(p->rest, len);
}

static void skip_spaces(struct parser *p)
{
    while (is_at(p, ' ')) {
        skip(p, 1);
    }
}

static mln_err count_part(struct parser *p)
{
    return ++p->parts > MLN_FILTER_ENTRIES ? wrong(p, "too many parts") : MLN_OK;
}

/* A backslash takes the character behind it as it is. */
static mln_err unquote(struct parser *p, struct mln_slice raw, struct mln_slice *ret)
{
    char *out = mln_arena_alloc(p->arena, raw.len);
    size_t len = 0;

    MLN_REQUIRE(out, NO_MEMORY);
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.ptr[i] == '\\') {
            i++; /* the quote has an end, so there is a character */
        }
        out[len++] = raw.ptr[i];
    }
    *ret = mln_slice_of(out, len);
    return MLN_OK;
}

static mln_err take_quoted(struct parser *p, struct mln_slice *ret)
{
    bool has_escape = false;
    size_t end = 1;

    while (end < p->rest.len && p->rest.ptr[end] != '"') {
        bool is_escape = p->rest.ptr[end] == '\\';

        has_escape |= is_escape;
        end += 1 + (size_t)is_escape;
    }
    if (end >= p->rest.len) {
        return wrong(p, "quote without end");
    }
    *ret = mln_slice_of(p->rest.ptr + 1, end - 1);
    skip(p, end + 1);
    return has_escape ? unquote(p, *ret, ret) : MLN_OK;
}

/* spec: TS-0001 J.2: a name with one of these stands in quotes */
static bool ends_name(char c)
{
    return memchr("$. []{}\"", c, 8) != NULL;
}

static mln_err take_name(struct parser *p, struct mln_slice *ret)
{
    size_t len = 0;

    if (is_at(p, '"')) {
        return take_quoted(p, ret);
    }
    while (len < p->rest.len && !ends_name(p->rest.ptr[len])) {
        len++;
    }
    if (len == 0) {
        return wrong(p, "name expected");
    }
    *ret = mln_slice_head(p->rest, len);
    skip(p, len);
    return MLN_OK;
}

static mln_err take_index(struct parser *p, uint64_t *ret)
{
    size_t end = mln_slice_find(p->rest, ']');

    if (end == p->rest.len || !mln_num_u64(mln_slice_head(p->rest, end), ret)) {
        return wrong(p, "number and ']' expected");
    }
    skip(p, end + 1);
    return MLN_OK;
}

static mln_err take_path(struct parser *p, struct step **ret)
{
    if (!is_at(p, '$')) {
        return wrong(p, "'$' expected");
    }
    skip(p, 1);
    while (is_at(p, '.') || is_at(p, '[')) {
        bool is_index = is_at(p, '[');
        struct step *s;

        skip(p, 1);
        MLN_TRY(count_part(p));
        s = mln_arena_zalloc(p->arena, 1, sizeof *s);
        MLN_REQUIRE(s, NO_MEMORY);
        MLN_TRY(is_index ? take_index(p, &s->index) : take_name(p, &s->name));
        *ret = s;
        ret = &s->next;
    }
    return MLN_OK;
}

/* A word up to the next blank. */
static struct mln_slice take_word(struct parser *p)
{
    struct mln_slice word;

    skip_spaces(p);
    word = mln_slice_head(p->rest, mln_slice_find(p->rest, ' '));
    skip(p, word.len);
    return word;
}

static mln_err take_operator(struct parser *p, enum operator* ret)
{
    static const struct mln_slice words[] = {
        [OP_EQ] = { "EQ", 2 },       [OP_NE] = { "NE", 2 }, [OP_GT] = { "GT", 2 },
        [OP_LT] = { "LT", 2 },       [OP_GE] = { "GE", 2 }, [OP_LE] = { "LE", 2 },
        [OP_MATCH] = { "MATCH", 5 },
    };
    struct mln_slice word;

    if (!is_at(p, ' ')) {
        return wrong(p, "blank expected");
    }
    word = take_word(p);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (mln_slice_eq(word, words[i])) {
            *ret = (enum operator)i;
            return MLN_OK;
        }
    }
    return wrong(p, "operator expected");
}

static mln_err take_operand(struct parser *p, struct comparison *c)
{
    skip_spaces(p);
    c->is_text = is_at(p, '"');
    if (c->is_text) {
        MLN_TRY(take_quoted(p, &c->operand));
    } else {
        c->operand = take_word(p);
        if (c->operand.len == 0) {
            return wrong(p, "value expected");
        }
    }
    c->is_number = !c->is_text && mln_decimal_is_number(c->operand);
    if (c->operator>= OP_GT && c->operator<= OP_LE && !c->is_number) {
        return wrong(p, "number expected");
    }
    return MLN_OK;
}

static mln_err take_comparison(struct parser *p, bool follows_or, struct comparison **ret)
{
    struct comparison *c;

    MLN_TRY(count_part(p));

    c = mln_arena_zalloc(p->arena, 1, sizeof *c);

    MLN_REQUIRE(c, NO_MEMORY);
    c->follows_or = follows_or;
    skip_spaces(p);
    MLN_TRY(take_path(p, &c->path));
    MLN_TRY(take_operator(p, &c->operator));
    MLN_TRY(take_operand(p, c));
    *ret = c;
    return MLN_OK;
}

/* Is there another comparison? */
static mln_err take_junction(struct parser *p, bool *ret_has_more, bool *ret_is_or)
{
    bool has_blank = is_at(p, ' ');
    struct mln_slice word = take_word(p);

    *ret_is_or = mln_slice_eq(word, MLN_S("OR"));
    *ret_has_more = word.len > 0;
    if (word.len && (!has_blank || (!*ret_is_or && !mln_slice_eq(word, MLN_S("AND"))))) {
        return wrong(p, "AND or OR expected");
    }
    return MLN_OK;
}

mln_err mln_content_query_compile(struct mln_slice text, struct mln_arena *arena,
                                  struct mln_content_query **ret, struct mln_fault *fault)
{
    struct parser p = { .rest = text, .arena = arena, .fault = fault };
    struct mln_content_query *query = mln_arena_zalloc(arena, 1, sizeof *query);
    struct comparison **tail;
    bool has_more = true;
    bool is_or = false;

    MLN_REQUIRE(query, NO_MEMORY);
    for (tail = &query->first; has_more; tail = &(*tail)->next) {
        MLN_TRY(take_comparison(&p, is_or, tail));
        MLN_TRY(take_junction(&p, &has_more, &is_or));
    }
    *ret = query;
    return MLN_OK;
}

/* ---- evaluation ---- */

static const struct mln_value *element(const struct mln_value *v, uint64_t index)
{
    if (v->kind != MLN_V_ARRAY || index >= v->items.count) {
        return NULL;
    }
    v = v->items.first;
    while (index--) {
        v = v->next;
    }
    return v;
}

static const struct mln_value *follow(const struct step *path, const struct mln_value *v)
{
    for (; path && v; path = path->next) {
        v = path->name.ptr ? mln_value_get(v, path->name) : element(v, path->index);
    }
    return v;
}

static bool order_fits(enum operator operator, int order)
{
    switch (operator) {
    case OP_EQ:
        return order == 0;
    case OP_NE:
        return order != 0;
    case OP_GT:
        return order > 0;
    case OP_LT:
        return order < 0;
    case OP_GE:
        return order >= 0;
    case OP_LE:
        return order <= 0;
    case OP_MATCH:
        break;
    }
    return false;
}

static bool number_holds(const struct comparison *c, struct mln_slice number)
{
    if (!c->is_number) {
        return c->operator== OP_NE; /* a number is no text */
    }
    return order_fits(c->operator, mln_decimal_cmp(number, c->operand));
}

static bool text_holds(const struct comparison *c, struct mln_slice text)
{
    if (c->operator== OP_MATCH) {
        return c->operand.len == 0 || (text.len >= c->operand.len &&
                                       memmem(text.ptr, text.len, c->operand.ptr, c->operand.len));
    }
    if (c->operator!= OP_EQ && c->operator!= OP_NE) {
        return false; /* spec: TS-0001 J.2: order is for numbers only */
    }
    return mln_slice_eq(text, c->operand) == (c->operator== OP_EQ);
}

/* true, false and null are compared as unquoted words. */
static bool word_holds(const struct comparison *c, struct mln_slice word)
{
    bool is_same = !c->is_text && mln_slice_eq(word, c->operand);

    return (c->operator== OP_EQ && is_same) || (c->operator== OP_NE && !is_same);
}

static bool int_holds(const struct comparison *c, const struct mln_value *v)
{
    char digits[1 + MLN_NUM_U64_SIZE] = { '-' };
    size_t len = mln_num_put_u64(digits + 1, v->magnitude);

    return number_holds(c, mln_slice_of(digits + !v->is_negative, len + v->is_negative));
}

static bool comparison_holds(const struct comparison *c, const struct mln_value *content)
{
    const struct mln_value *v = follow(c->path, content);

    if (!v) {
        return false;
    }
    switch (v->kind) {
    case MLN_V_INT:
        return int_holds(c, v);
    case MLN_V_REAL:
        return number_holds(c, v->text);
    case MLN_V_TEXT:
        return text_holds(c, v->text);
    case MLN_V_BOOL:
        return word_holds(c, v->boolean ? MLN_S("true") : MLN_S("false"));
    case MLN_V_NULL:
        return word_holds(c, MLN_S("null"));
    case MLN_V_ARRAY:
    case MLN_V_OBJECT:
        break;
    }
    return false;
}

bool mln_content_query_holds(const struct mln_content_query *query, const struct mln_value *content)
{
    bool all = true; /* of the comparisons since the last OR */

    for (const struct comparison *c = query->first; c; c = c->next) {
        if (c->follows_or && all) {
            return true;
        }
        all = (c->follows_or || all) && comparison_holds(c, content);
    }
    return all;
}
