/* Expressions of FILTER: comparisons, and functions whose cost is in proportion to their
 * arguments. No arithmetic, no regular expressions. SPARQL 1.1 17 */
#include <math.h>
#include <stdlib.h>

#include "semantic/graph_int.h"

enum op {
    OP_TERM, /* a constant or a variable */
    OP_OR,
    OP_AND,
    OP_NOT,
    OP_EQ,
    OP_NE,
    OP_LT,
    OP_GT,
    OP_LE,
    OP_GE,
    OP_IN, /* the first argument among the others */
    OP_BOUND,
    OP_STR,
    OP_LANG,
    OP_DATATYPE,
    OP_IS_IRI,
    OP_IS_BLANK,
    OP_IS_LITERAL,
    OP_IS_NUMERIC,
    OP_CONTAINS,
    OP_STARTS,
    OP_ENDS,
    OP_SAME,
    OP_LANG_MATCHES,
};

struct mln_expr {
    enum op op;
    struct mln_term term;
    struct mln_expr *args;
    struct mln_expr *next; /* argument */
};

static const struct {
    const char *name;
    enum op op;
    unsigned args;
} functions[] = {
    { "bound", OP_BOUND, 1 },
    { "str", OP_STR, 1 },
    { "lang", OP_LANG, 1 },
    { "datatype", OP_DATATYPE, 1 },
    { "isIRI", OP_IS_IRI, 1 },
    { "isURI", OP_IS_IRI, 1 },
    { "isBlank", OP_IS_BLANK, 1 },
    { "isLiteral", OP_IS_LITERAL, 1 },
    { "isNumeric", OP_IS_NUMERIC, 1 },
    { "contains", OP_CONTAINS, 2 },
    { "strstarts", OP_STARTS, 2 },
    { "strends", OP_ENDS, 2 },
    { "sameTerm", OP_SAME, 2 },
    { "langMatches", OP_LANG_MATCHES, 2 },
};

/* ---- reading ---- */

struct parser {
    struct mln_rdf_reader *r;
    unsigned cost;
    uint64_t variables;
};

static mln_err read_or(struct parser *p, struct mln_expr **ret);

static mln_err make(struct parser *p, enum op op, struct mln_expr *args, struct mln_expr **ret)
{
    struct mln_expr *e = mln_arena_zalloc(p->r->arena, 1, sizeof *e);

    MLN_REQUIRE(e, NO_MEMORY);
    e->op = op;
    e->args = args;
    p->cost++;
    *ret = e;
    return MLN_OK;
}

/* ( expr , expr ... ) */
static mln_err read_list(struct parser *p, struct mln_expr **ret, unsigned *ret_count)
{
    struct mln_expr **link = ret;

    *ret = NULL;
    *ret_count = 0;
    MLN_TRY(mln_rdf_expect(p->r, "("));
    while (!mln_rdf_is_sign(p->r, ")")) {
        if (*ret_count) {
            MLN_TRY(mln_rdf_expect(p->r, ","));
        }
        MLN_TRY(read_or(p, link));
        link = &(*link)->next;
        ++*ret_count;
    }
    return mln_rdf_next(p->r);
}

static mln_err read_call(struct parser *p, struct mln_expr **ret)
{
    struct mln_expr *args;
    unsigned count;

    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (mln_rdf_is_word(p->r, functions[i].name)) {
            MLN_TRY(mln_rdf_next(p->r));
            MLN_TRY(read_list(p, &args, &count));
            MLN_REQUIRE(args && count == functions[i].args, SYNTAX);
            MLN_REQUIRE(functions[i].op != OP_BOUND ||
                            (args->op == OP_TERM && args->term.kind == MLN_TERM_VARIABLE),
                        SYNTAX);
            return make(p, functions[i].op, args, ret);
        }
    }
    MLN_TRY(mln_rdf_next(p->r));
    MLN_REQUIRE(mln_rdf_is_sign(p->r, "(") || p->r->token.kind == MLN_TOKEN_SIGN, SYNTAX);
    MLN_FAIL(NOT_IMPLEMENTED); /* another function, or EXISTS */
}

static mln_err read_constant(struct parser *p, struct mln_expr **ret)
{
    MLN_REQUIRE(p->r->token.kind != MLN_TOKEN_BLANK, SYNTAX);
    MLN_TRY(make(p, OP_TERM, NULL, ret));
    MLN_TRY(mln_rdf_read_term(p->r, &(*ret)->term));
    if ((*ret)->term.kind == MLN_TERM_VARIABLE) {
        p->variables |= mln_variable_bit(&(*ret)->term);
    }
    MLN_REQUIRE((*ret)->term.kind != MLN_TERM_IRI || !mln_rdf_is_sign(p->r, "("),
                NOT_IMPLEMENTED); /* casts */
    return MLN_OK;
}

static mln_err read_primary(struct parser *p, struct mln_expr **ret)
{
    struct mln_rdf_reader *r = p->r;

    if (mln_rdf_is_sign(r, "(")) {
        MLN_TRY(mln_rdf_next(r));
        MLN_TRY(read_or(p, ret));
        return mln_rdf_expect(r, ")");
    }
    if (r->token.kind == MLN_TOKEN_WORD && !mln_slice_eq(r->token.text, MLN_S("true")) &&
        !mln_slice_eq(r->token.text, MLN_S("false"))) {
        return read_call(p, ret);
    }
    return read_constant(p, ret);
}

static mln_err read_unary(struct parser *p, struct mln_expr **ret)
{
    bool is_not = mln_rdf_is_sign(p->r, "!");
    struct mln_expr *arg;
    mln_err err;

    MLN_REQUIRE(p->r->depth < MLN_RDF_DEPTH, LIMIT);
    p->r->depth++;
    if (is_not) {
        MLN_TRY(mln_rdf_next(p->r));
        err = read_unary(p, &arg);
    } else {
        err = read_primary(p, &arg);
    }
    p->r->depth--;
    MLN_TRY(err);
    *ret = arg;
    return is_not ? make(p, OP_NOT, arg, ret) : MLN_OK;
}

static bool comparison(const struct mln_rdf_reader *r, enum op *ret)
{
    static const struct {
        const char *sign;
        enum op op;
    } signs[] = { { "=", OP_EQ }, { "!=", OP_NE }, { "<", OP_LT },
                  { ">", OP_GT }, { "<=", OP_LE }, { ">=", OP_GE } };

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (mln_rdf_is_sign(r, signs[i].sign)) {
            *ret = signs[i].op;
            return true;
        }
    }
    return false;
}

static bool is_arithmetic(const struct mln_rdf_reader *r)
{
    return mln_rdf_is_sign(r, "+") || mln_rdf_is_sign(r, "-") || mln_rdf_is_sign(r, "*") ||
           mln_rdf_is_sign(r, "/") || r->token.kind == MLN_TOKEN_NUMBER;
}

/* `left` IN ( ... ), or NOT IN */
static mln_err read_in(struct parser *p, struct mln_expr *left, struct mln_expr **ret)
{
    bool is_not = mln_rdf_is_word(p->r, "NOT");
    unsigned count;

    if (is_not) {
        MLN_TRY(mln_rdf_next(p->r));
        MLN_REQUIRE(mln_rdf_is_word(p->r, "IN"), SYNTAX);
    }
    MLN_TRY(mln_rdf_next(p->r));
    MLN_TRY(read_list(p, &left->next, &count));
    MLN_TRY(make(p, OP_IN, left, ret));
    return is_not ? make(p, OP_NOT, *ret, ret) : MLN_OK;
}

static mln_err read_relation(struct parser *p, struct mln_expr **ret)
{
    struct mln_expr *left;
    enum op op;

    MLN_TRY(read_unary(p, &left));
    MLN_REQUIRE(!is_arithmetic(p->r), NOT_IMPLEMENTED);
    if (mln_rdf_is_word(p->r, "IN") || mln_rdf_is_word(p->r, "NOT")) {
        return read_in(p, left, ret);
    }
    *ret = left;
    if (!comparison(p->r, &op)) {
        return MLN_OK;
    }
    MLN_TRY(mln_rdf_next(p->r));
    MLN_TRY(read_unary(p, &left->next));
    MLN_REQUIRE(!is_arithmetic(p->r), NOT_IMPLEMENTED);
    return make(p, op, left, ret);
}

/* A chain of one operator; its parts are the arguments. */
static mln_err read_chain(struct parser *p, const char *sign, enum op op,
                          mln_err (*part)(struct parser *p, struct mln_expr **ret),
                          struct mln_expr **ret)
{
    struct mln_expr *first;
    struct mln_expr **link;

    MLN_TRY(part(p, &first));
    *ret = first;
    if (!mln_rdf_is_sign(p->r, sign)) {
        return MLN_OK;
    }
    for (link = &first->next; mln_rdf_is_sign(p->r, sign); link = &(*link)->next) {
        MLN_TRY(mln_rdf_next(p->r));
        MLN_TRY(part(p, link));
    }
    return make(p, op, first, ret);
}

static mln_err read_and(struct parser *p, struct mln_expr **ret)
{
    return read_chain(p, "&&", OP_AND, read_relation, ret);
}

static mln_err read_or(struct parser *p, struct mln_expr **ret)
{
    return read_chain(p, "||", OP_OR, read_and, ret);
}

static mln_err read_expr(struct mln_rdf_reader *r, struct mln_filter_expr **ret)
{
    struct parser p = { .r = r };
    struct mln_filter_expr *f = mln_arena_zalloc(r->arena, 1, sizeof *f);

    MLN_REQUIRE(f, NO_MEMORY);
    MLN_TRY(read_primary(&p, &f->expr));
    f->cost = p.cost;
    f->variables = p.variables;
    *ret = f;
    return MLN_OK;
}

mln_err mln_expr_read(struct mln_rdf_reader *r, struct mln_filter_expr **ret)
{
    MLN_REQUIRE(mln_rdf_is_sign(r, "(") || r->token.kind == MLN_TOKEN_WORD, SYNTAX);
    return read_expr(r, ret);
}

mln_err mln_expr_read_order(struct mln_rdf_reader *r, struct mln_filter_expr **ret)
{
    return r->token.kind == MLN_TOKEN_VARIABLE ? read_expr(r, ret) : mln_expr_read(r, ret);
}

/* ---- values ---- */

struct result {
    enum { RESULT_ERROR, RESULT_TRUTH, RESULT_TERM } kind;
    bool truth;
    struct mln_term term;
};

static const struct result failed = { .kind = RESULT_ERROR };

static struct result truth(bool b)
{
    return (struct result){ .kind = RESULT_TRUTH, .truth = b };
}

static struct result text(struct mln_slice s)
{
    return (struct result){ .kind = RESULT_TERM, .term = { .kind = MLN_TERM_LITERAL, .text = s } };
}

static bool is_of(const struct mln_term *t, const char *const *types, size_t count)
{
    struct mln_slice xsd = MLN_S(MLN_XSD);

    for (size_t i = 0; t->kind == MLN_TERM_LITERAL && i < count; i++) {
        if (mln_slice_starts(t->type, xsd) &&
            mln_slice_eq(mln_slice_from(t->type, xsd.len), mln_slice_z(types[i]))) {
            return true;
        }
    }
    return false;
}

#define IS_OF(t, types) is_of(t, types, sizeof(types) / sizeof((types)[0]))

/* False for what is no number, in type or in text. */
static bool number_of(const struct mln_term *t, double *ret)
{
    static const char *const numeric[] = {
        "integer",
        "decimal",
        "double",
        "float",
        "int",
        "long",
        "short",
        "byte",
        "unsignedInt",
        "unsignedLong",
        "unsignedShort",
        "unsignedByte",
        "nonNegativeInteger",
        "positiveInteger",
        "negativeInteger",
        "nonPositiveInteger",
    };
    char digits[64];
    char *end;

    if (!IS_OF(t, numeric) || t->text.len == 0 || t->text.len >= sizeof digits) {
        return false;
    }
    memcpy(digits, t->text.ptr, t->text.len);
    digits[t->text.len] = '\0';
    *ret = strtod(digits, &end); /* LC_NUMERIC is "C": nobody sets it */
    return *end == '\0';
}

static bool is_plain(const struct mln_term *t)
{
    return t->kind == MLN_TERM_LITERAL && t->type.len == 0;
}

static bool is_time(const struct mln_term *t)
{
    static const char *const times[] = { "dateTime", "date", "time" };

    return IS_OF(t, times);
}

static bool is_boolean(const struct mln_term *t)
{
    static const char *const boolean[] = { "boolean" };

    return IS_OF(t, boolean);
}

/* Cuts the time zone off, so that the text sorts like the time. */
static struct mln_slice cut_zone(struct mln_slice *time)
{
    size_t len = time->len;
    size_t zone = 0;
    struct mln_slice ret;

    if (len && time->ptr[len - 1] == 'Z') {
        zone = 1;
    } else if (len > 6 && time->ptr[len - 3] == ':' &&
               (time->ptr[len - 6] == '+' || time->ptr[len - 6] == '-')) {
        zone = 6;
    }
    ret = mln_slice_from(*time, len - zone);
    *time = mln_slice_head(*time, len - zone);
    return ret;
}

/* Texts, and times of one zone, which sort like what they stand for. False: not to be compared. */
static bool order_of(const struct mln_term *a, const struct mln_term *b, int *ret)
{
    struct mln_slice x = a->text;
    struct mln_slice y = b->text;
    bool is_comparable = is_plain(a) && is_plain(b) && !a->language.len && !b->language.len;

    if (is_time(a) && mln_slice_eq(a->type, b->type)) {
        struct mln_slice zone = cut_zone(&x);

        is_comparable = mln_slice_eq(zone, cut_zone(&y));
    }
    *ret = mln_slice_cmp(x, y);
    return is_comparable;
}

/* Effective boolean value. */
static struct result effective(struct result r)
{
    double n;

    if (r.kind != RESULT_TERM) {
        return r;
    }
    if (is_boolean(&r.term)) {
        return truth(mln_slice_eq(r.term.text, MLN_S("true")) ||
                     mln_slice_eq(r.term.text, MLN_S("1")));
    }
    if (number_of(&r.term, &n)) {
        return truth(n != 0 && !isnan(n));
    }
    return is_plain(&r.term) ? truth(r.term.text.len > 0) : failed;
}

/* A truth as the term that it is. */
static struct mln_term term_of(struct result r)
{
    if (r.kind == RESULT_TERM) {
        return r.term;
    }
    return (struct mln_term){ .kind = MLN_TERM_LITERAL,
                              .text = r.truth ? MLN_S("true") : MLN_S("false"),
                              .type = MLN_S(MLN_XSD "boolean") };
}

static bool relates(enum op op, int order)
{
    switch ((unsigned)op) {
    case OP_EQ:
        return order == 0;
    case OP_NE:
        return order != 0;
    case OP_LT:
        return order < 0;
    case OP_GT:
        return order > 0;
    case OP_LE:
        return order <= 0;
    default:
        return order >= 0;
    }
}

/* SPARQL 1.1 17.4.1.7: of two literals that differ nobody knows, unless their values can be
 * compared, whether they stand for the same. */
static struct result equal(enum op op, const struct mln_term *a, const struct mln_term *b)
{
    bool is_same = mln_term_eq(a, b);

    if (!is_same && a->kind == MLN_TERM_LITERAL && b->kind == MLN_TERM_LITERAL &&
        !(is_plain(a) && is_plain(b))) {
        return failed;
    }
    return truth(is_same == (op == OP_EQ));
}

static struct result compare(enum op op, struct result left, struct result right)
{
    struct mln_term a = term_of(left);
    struct mln_term b = term_of(right);
    double m;
    double n;
    int order;

    if (left.kind == RESULT_ERROR || right.kind == RESULT_ERROR) {
        return failed;
    }
    if (number_of(&a, &m) && number_of(&b, &n)) {
        return isnan(m) || isnan(n) ? truth(op == OP_NE) : truth(relates(op, (m > n) - (m < n)));
    }
    if (is_boolean(&a) && is_boolean(&b)) {
        return truth(relates(op, effective(left).truth - effective(right).truth));
    }
    if (order_of(&a, &b, &order)) {
        return truth(relates(op, order));
    }
    return op == OP_EQ || op == OP_NE ? equal(op, &a, &b) : failed;
}

/* ---- functions ---- */

static struct result datatype_of(const struct mln_term *t)
{
    struct mln_slice type = t->type;

    if (t->kind != MLN_TERM_LITERAL) {
        return failed;
    }
    if (!type.len) {
        type = t->language.len ? MLN_S("http://www.w3.org/1999/02/22-rdf-syntax-ns#langString")
                               : MLN_S(MLN_XSD "string");
    }
    return (struct result){ .kind = RESULT_TERM, .term = { .kind = MLN_TERM_IRI, .text = type } };
}

static struct result of_one(enum op op, const struct mln_term *t)
{
    double n;

    switch ((unsigned)op) {
    case OP_STR:
        return t->kind == MLN_TERM_BLANK ? failed : text(t->text);
    case OP_LANG:
        return t->kind == MLN_TERM_LITERAL ? text(t->language) : failed;
    case OP_DATATYPE:
        return datatype_of(t);
    case OP_IS_IRI:
        return truth(t->kind == MLN_TERM_IRI);
    case OP_IS_BLANK:
        return truth(t->kind == MLN_TERM_BLANK);
    case OP_IS_LITERAL:
        return truth(t->kind == MLN_TERM_LITERAL);
    default:
        return truth(number_of(t, &n));
    }
}

static bool language_matches(struct mln_slice language, struct mln_slice range)
{
    if (mln_slice_eq(range, MLN_S("*"))) {
        return language.len > 0;
    }
    return range.len > 0 && language.len >= range.len &&
           mln_slice_eq_nocase(mln_slice_head(language, range.len), range) &&
           (language.len == range.len || language.ptr[range.len] == '-');
}

static struct result of_two(enum op op, const struct mln_term *a, const struct mln_term *b)
{
    if (op == OP_SAME) {
        return truth(mln_term_eq(a, b));
    }
    if (!is_plain(a) || !is_plain(b)) {
        return failed;
    }
    switch ((unsigned)op) {
    case OP_CONTAINS:
        return truth(b->text.len == 0 ||
                     (a->text.len && memmem(a->text.ptr, a->text.len, b->text.ptr, b->text.len)));
    case OP_STARTS:
        return truth(mln_slice_starts(a->text, b->text));
    case OP_ENDS:
        return truth(mln_slice_ends(a->text, b->text));
    default:
        return truth(language_matches(a->text, b->text));
    }
}

/* ---- evaluation ---- */

static struct result value_of(const struct mln_expr *e, const struct mln_bindings *b);

static struct result term_value(const struct mln_term *t, const struct mln_bindings *b)
{
    const struct mln_term *stands = t->kind == MLN_TERM_VARIABLE ? b->of[t->variable] : t;

    return stands ? (struct result){ .kind = RESULT_TERM, .term = *stands } : failed;
}

/* SPARQL 1.1 17.2: an error counts only when the others do not decide */
static struct result chain(const struct mln_expr *e, const struct mln_bindings *b)
{
    bool decisive = e->op == OP_OR;
    struct result ret = truth(!decisive);

    for (const struct mln_expr *a = e->args; a; a = a->next) {
        struct result one = effective(value_of(a, b));

        if (one.kind == RESULT_TRUTH && one.truth == decisive) {
            return one;
        }
        ret = one.kind == RESULT_ERROR ? one : ret;
    }
    return ret;
}

static struct result among(const struct mln_expr *e, const struct mln_bindings *b)
{
    struct result left = value_of(e->args, b);
    struct result ret = left.kind == RESULT_ERROR ? failed : truth(false);

    for (const struct mln_expr *a = e->args->next; a; a = a->next) {
        struct result one = compare(OP_EQ, left, value_of(a, b));

        if (one.kind == RESULT_TRUTH && one.truth) {
            return one;
        }
        ret = one.kind == RESULT_ERROR ? one : ret;
    }
    return ret;
}

static struct result call(const struct mln_expr *e, const struct mln_bindings *b)
{
    struct result left = value_of(e->args, b);
    struct result right = e->args->next ? value_of(e->args->next, b) : left;
    struct mln_term first = term_of(left);
    struct mln_term second = term_of(right);

    if (left.kind == RESULT_ERROR || right.kind == RESULT_ERROR) {
        return failed;
    }
    return e->args->next ? of_two(e->op, &first, &second) : of_one(e->op, &first);
}

static struct result value_of(const struct mln_expr *e, const struct mln_bindings *b)
{
    struct result arg;

    if (e->op == OP_TERM) {
        return term_value(&e->term, b);
    }
    if (e->op == OP_OR || e->op == OP_AND) {
        return chain(e, b);
    }
    if (e->op == OP_NOT) {
        arg = effective(value_of(e->args, b));
        return arg.kind == RESULT_ERROR ? arg : truth(!arg.truth);
    }
    if (e->op == OP_IN) {
        return among(e, b);
    }
    if (e->op == OP_BOUND) {
        return truth(b->of[e->args->term.variable] != NULL);
    }
    if (e->op >= OP_EQ && e->op <= OP_GE) {
        return compare(e->op, value_of(e->args, b), value_of(e->args->next, b));
    }
    return call(e, b);
}

bool mln_expr_holds(const struct mln_expr *expr, const struct mln_bindings *b)
{
    struct result r = effective(value_of(expr, b));

    return r.kind == RESULT_TRUTH && r.truth;
}

/* ---- order ---- */

enum rank {
    RANK_NOTHING,
    RANK_BLANK,
    RANK_IRI,
    RANK_NUMBER,
    RANK_NOT_A_NUMBER,
    RANK_TEXT,
    RANK_TRUTH,
    RANK_TIME,
    RANK_OTHER,
};

static enum rank rank_of(const struct mln_term *t, double *ret_number)
{
    *ret_number = 0;
    if (t->kind != MLN_TERM_LITERAL) {
        return t->kind == MLN_TERM_IRI ? RANK_IRI : RANK_BLANK;
    }
    if (number_of(t, ret_number)) {
        return isnan(*ret_number) ? RANK_NOT_A_NUMBER : RANK_NUMBER;
    }
    if (is_boolean(t)) {
        *ret_number = effective((struct result){ .kind = RESULT_TERM, .term = *t }).truth;
        return RANK_TRUTH;
    }
    if (is_plain(t) && !t->language.len) {
        return RANK_TEXT;
    }
    return is_time(t) ? RANK_TIME : RANK_OTHER;
}

void mln_expr_sort_value(const struct mln_expr *expr, const struct mln_bindings *b,
                         struct mln_sort_value *ret)
{
    struct result r = value_of(expr, b);
    struct mln_term term;

    *ret = (struct mln_sort_value){ .rank = RANK_NOTHING };
    if (r.kind == RESULT_ERROR) {
        return;
    }
    term = term_of(r);
    ret->rank = rank_of(&term, &ret->number);
    if (ret->rank <= RANK_BLANK || ret->rank == RANK_NOT_A_NUMBER || ret->rank == RANK_NUMBER ||
        ret->rank == RANK_TRUTH) {
        return; /* equal numbers are equal however they are written */
    }
    ret->type = term.type;
    ret->text = term.text;
    ret->part = ret->rank == RANK_TIME ? cut_zone(&ret->text) : term.language;
}

int mln_sort_value_cmp(const struct mln_sort_value *a, const struct mln_sort_value *b)
{
    int order = (a->rank > b->rank) - (a->rank < b->rank);

    order = order ? order : (a->number > b->number) - (a->number < b->number);
    order = order ? order : mln_slice_cmp(a->type, b->type);
    order = order ? order : mln_slice_cmp(a->part, b->part);
    return order ? order : mln_slice_cmp(a->text, b->text);
}
