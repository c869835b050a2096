/* labelsQuery. */
#include "model/label_query.h"

#include "model/filter.h"
#include "model/pack.h"

enum rule {
    RULE_HAS_KEY, /* key */
    RULE_NO_KEY,  /* NT */
    RULE_ONE_OF,  /* EQ, IN */
    RULE_NONE_OF, /* NE, NI */
};

struct expression {
    struct expression *next;
    enum rule rule;
    struct mln_slice key;
    struct mln_slice *values;
    size_t count;
};

struct mln_label_query {
    struct expression *first;
};

/* ---- compiling ---- */

struct parser {
    struct mln_slice rest;
    struct mln_arena *arena;
    struct mln_fault *fault;
    size_t parts; /* expressions and values so far */
};

static mln_err wrong(const struct parser *p, const char *what)
{
    mln_fault_set(p->fault, "labelsQuery: %s before '%.*s'", what,
                  MLN_S_ARG(mln_slice_head(p->rest, 40)));
    MLN_FAIL(PARAM_INVALID);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool ends_word(char c)
{
    return is_blank(c) || c == '(' || c == ')' || c == ',';
}

static void skip_blanks(struct parser *p)
{
    while (p->rest.len && is_blank(p->rest.ptr[0])) {
        p->rest = mln_slice_from(p->rest, 1);
    }
}

/* Blanks and commas between expressions. */
static void skip_separators(struct parser *p)
{
    while (p->rest.len && (is_blank(p->rest.ptr[0]) || p->rest.ptr[0] == ',')) {
        p->rest = mln_slice_from(p->rest, 1);
    }
}

/* The next word, without taking it; empty at the end or at a parenthesis or comma. */
static struct mln_slice peek_word(struct parser *p)
{
    size_t len = 0;

    skip_blanks(p);
    while (len < p->rest.len && !ends_word(p->rest.ptr[len])) {
        len++;
    }
    return mln_slice_head(p->rest, len);
}

static mln_err take_word(struct parser *p, const char *what, struct mln_slice *ret)
{
    struct mln_slice word = peek_word(p);

    if (word.len == 0) {
        return wrong(p, what);
    }
    if (++p->parts > MLN_FILTER_ENTRIES) {
        return wrong(p, "too many parts");
    }
    p->rest = mln_slice_from(p->rest, word.len);
    *ret = word;
    return MLN_OK;
}

static bool take_char(struct parser *p, char c)
{
    skip_blanks(p);
    if (p->rest.len == 0 || p->rest.ptr[0] != c) {
        return false;
    }
    p->rest = mln_slice_from(p->rest, 1);
    return true;
}

static mln_err add_value(struct parser *p, struct expression *e, struct mln_slice value)
{
    struct mln_slice *grown = mln_arena_grow(p->arena, e->values, e->count * sizeof *e->values,
                                             (e->count + 1) * sizeof *e->values);

    MLN_REQUIRE(grown, NO_MEMORY);
    e->values = grown;
    e->values[e->count++] = value;
    return MLN_OK;
}

static mln_err read_list(struct parser *p, struct expression *e)
{
    if (!take_char(p, '(')) {
        return wrong(p, "'(' expected");
    }
    do {
        struct mln_slice value;

        MLN_TRY(take_word(p, "value expected", &value));
        MLN_TRY(add_value(p, e, value));
    } while (take_char(p, ','));
    return take_char(p, ')') ? MLN_OK : wrong(p, "')' expected");
}

static mln_err read_value(struct parser *p, struct expression *e)
{
    struct mln_slice value;

    MLN_TRY(take_word(p, "value expected", &value));
    return add_value(p, e, value);
}

/* What follows a key, if it is an operator. */
static mln_err read_operator(struct parser *p, struct expression *e)
{
    static const struct {
        struct mln_slice word;
        enum rule rule;
        bool has_list;
    } operators[] = {
        { { "EQ", 2 }, RULE_ONE_OF, false },
        { { "NE", 2 }, RULE_NONE_OF, false },
        { { "IN", 2 }, RULE_ONE_OF, true },
        { { "NI", 2 }, RULE_NONE_OF, true },
    };
    struct mln_slice word = peek_word(p);

    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (mln_slice_eq(word, operators[i].word)) {
            p->rest = mln_slice_from(p->rest, word.len);
            e->rule = operators[i].rule;
            return operators[i].has_list ? read_list(p, e) : read_value(p, e);
        }
    }
    return MLN_OK;
}

/* "key:value" is short for "key EQ value". */
static mln_err split_pair(struct parser *p, struct expression *e)
{
    struct mln_slice value = e->key;
    struct mln_slice key = mln_slice_cut(&value, ':');

    if (key.len == 0 || value.len == 0) {
        return wrong(p, "key and value expected");
    }
    e->rule = RULE_ONE_OF;
    e->key = key;
    return add_value(p, e, value);
}

static mln_err read_expression(struct parser *p, struct expression *e)
{
    bool is_pair;

    MLN_TRY(take_word(p, "key expected", &e->key));
    if (mln_slice_eq(e->key, MLN_S("NT"))) {
        e->rule = RULE_NO_KEY;
        MLN_TRY(take_word(p, "key expected", &e->key));
    } else {
        MLN_TRY(read_operator(p, e));
    }
    is_pair = mln_slice_find(e->key, ':') < e->key.len;
    if (is_pair && e->rule == RULE_HAS_KEY) {
        return split_pair(p, e);
    }
    return is_pair ? wrong(p, "key with a colon") : MLN_OK;
}

mln_err mln_label_query_compile(struct mln_slice text, struct mln_arena *arena,
                                struct mln_label_query **ret, struct mln_fault *fault)
{
    struct parser p = { .rest = text, .arena = arena, .fault = fault };
    struct mln_label_query *query = mln_arena_zalloc(arena, 1, sizeof *query);
    struct expression **tail;

    MLN_REQUIRE(query, NO_MEMORY);
    tail = &query->first;
    for (skip_separators(&p); p.rest.len; skip_separators(&p)) {
        *tail = mln_arena_zalloc(arena, 1, sizeof **tail);
        MLN_REQUIRE(*tail, NO_MEMORY);
        MLN_TRY(read_expression(&p, *tail));
        tail = &(*tail)->next;
    }
    if (!query->first) {
        return wrong(&p, "expression expected");
    }
    *ret = query;
    return MLN_OK;
}

/* ---- evaluation ---- */

/* What the labels say about one key. */
struct tally {
    bool has_key;
    bool has_pair;
    bool has_value;
};

static bool is_listed(const struct expression *e, struct mln_slice value)
{
    for (size_t i = 0; i < e->count; i++) {
        if (mln_slice_eq(e->values[i], value)) {
            return true;
        }
    }
    return false;
}

static void count_label(const struct expression *e, struct mln_slice label, struct tally *t)
{
    struct mln_slice value = label;

    if (!mln_slice_starts(label, e->key) || !mln_slice_eq(mln_slice_cut(&value, ':'), e->key)) {
        return;
    }
    t->has_key = true;
    if (value.ptr) {
        t->has_pair = true;
        t->has_value |= is_listed(e, value);
    }
}

static bool expression_holds(const struct expression *e, const struct tally *t)
{
    switch (e->rule) {
    case RULE_HAS_KEY:
        return t->has_key;
    case RULE_NO_KEY:
        return !t->has_key;
    case RULE_ONE_OF:
        return t->has_value;
    case RULE_NONE_OF:
        return t->has_pair && !t->has_value;
    }
    return false;
}

bool mln_label_query_holds(const struct mln_label_query *query, struct mln_slice labels)
{
    struct tally tallies[MLN_FILTER_ENTRIES] = { { 0 } }; /* an expression has a part at least */
    struct mln_walk w;
    size_t i;

    for (mln_walk_begin(&w, labels); mln_walk_next(&w);) {
        struct mln_slice label;

        if (!mln_pack_text_of(w.item, &label)) {
            continue;
        }
        i = 0;
        for (const struct expression *e = query->first; e; e = e->next) {
            count_label(e, label, &tallies[i++]);
        }
    }
    i = 0;
    for (const struct expression *e = query->first; e; e = e->next) {
        if (expression_holds(e, &tallies[i++])) {
            return true;
        }
    }
    return false;
}
