/* Questions in SPARQL. */
#include "base/num.h"
#include "base/utf8.h"
#include "semantic/sparql_int.h"

/* ---- what triples are made of ---- */

static mln_err variable(void *data, struct mln_slice name, struct mln_term *ret)
{
    struct mln_sparql *p = data;
    unsigned i = 0;

    while (i < p->count && !mln_slice_eq(p->names[i], name)) {
        i++;
    }
    if (i == p->count) {
        MLN_REQUIRE(p->count < MLN_QUERY_VARIABLES, LIMIT);
        p->names[p->count++] = name;
    }
    *ret = (struct mln_term){ .kind = MLN_TERM_VARIABLE, .variable = i, .text = name };
    return MLN_OK;
}

static mln_err add_element(struct mln_sparql *p, enum mln_element_kind kind,
                           struct mln_element **ret)
{
    struct mln_element *e = mln_arena_zalloc(p->r.arena, 1, sizeof *e);

    MLN_REQUIRE(e, NO_MEMORY);
    MLN_REQUIRE(p->elements++ < MLN_QUERY_ELEMENTS, LIMIT);
    e->kind = kind;
    if (p->group->last) {
        p->group->last->next = e;
    } else {
        p->group->first = e;
    }
    p->group->last = e;
    *ret = e;
    return MLN_OK;
}

static mln_err take(void *data, const struct mln_term part[3])
{
    struct mln_element *e;

    MLN_TRY(add_element(data, MLN_ELEMENT_TRIPLE, &e));
    for (int i = 0; i < 3; i++) {
        e->part[i] = part[i];
    }
    return MLN_OK;
}

mln_err mln_sparql_begin(struct mln_sparql *p, const struct mln_limits *limits,
                         struct mln_slice text, struct mln_arena *arena)
{
    *p = (struct mln_sparql){ .r = { .rest = text,
                                     .arena = arena,
                                     .room = (size_t)MLN_RDF_SPREAD * limits->sparql_bytes,
                                     .data = p,
                                     .variable = variable,
                                     .take = take } };
    MLN_REQUIRE(text.len <= limits->sparql_bytes, LIMIT);
    MLN_REQUIRE(mln_utf8_valid(text), SYNTAX);
    return MLN_OK;
}

/* ---- groups ---- */

static mln_err read_filter(struct mln_sparql *p)
{
    struct mln_filter_expr *f;

    MLN_TRY(mln_rdf_next(&p->r));
    MLN_TRY(mln_expr_read(&p->r, &f));
    f->next = p->group->filters;
    p->group->filters = f;
    return MLN_OK;
}

static mln_err read_optional(struct mln_sparql *p)
{
    struct mln_element *e;

    MLN_TRY(mln_rdf_next(&p->r));
    MLN_TRY(add_element(p, MLN_ELEMENT_OPTIONAL, &e));
    return mln_sparql_read_group(p, &e->groups);
}

/* { ... } UNION { ... } ... */
static mln_err read_groups(struct mln_sparql *p)
{
    struct mln_element *e;
    struct mln_group **link;

    MLN_TRY(add_element(p, MLN_ELEMENT_GROUPS, &e));
    MLN_TRY(mln_sparql_read_group(p, &e->groups));
    for (link = &e->groups->next; mln_rdf_is_word(&p->r, "UNION"); link = &(*link)->next) {
        MLN_TRY(mln_rdf_next(&p->r));
        MLN_TRY(mln_sparql_read_group(p, link));
    }
    return MLN_OK;
}

/* Words of SPARQL that begin what is not taken. */
static bool is_untaken(const struct mln_rdf_reader *r)
{
    static const char *const words[] = {
        "BASE",  "BIND",   "CONSTRUCT", "DESCRIBE", "FROM",    "GRAPH",
        "GROUP", "HAVING", "MINUS",     "SELECT",   "SERVICE", "VALUES",
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (mln_rdf_is_word(r, words[i])) {
            return true;
        }
    }
    return false;
}

static mln_err read_element(struct mln_sparql *p)
{
    struct mln_rdf_reader *r = &p->r;

    if (mln_rdf_is_word(r, "FILTER")) {
        return read_filter(p);
    }
    if (mln_rdf_is_word(r, "OPTIONAL")) {
        return read_optional(p);
    }
    if (mln_rdf_is_sign(r, "{")) {
        return read_groups(p);
    }
    MLN_REQUIRE(!is_untaken(r), NOT_IMPLEMENTED);
    return mln_rdf_read_triples(r);
}

static mln_err read_elements(struct mln_sparql *p)
{
    struct mln_rdf_reader *r = &p->r;

    MLN_TRY(mln_rdf_expect(r, "{"));
    while (!mln_rdf_is_sign(r, "}")) {
        bool was_triples = !mln_rdf_is_sign(r, "{") && r->token.kind != MLN_TOKEN_WORD;

        MLN_TRY(read_element(p));
        if (mln_rdf_is_sign(r, ".")) {
            MLN_TRY(mln_rdf_next(r));
        } else { /* nothing that begins with a term follows triples without a full stop */
            MLN_REQUIRE(!was_triples || mln_rdf_is_sign(r, "}") || mln_rdf_is_sign(r, "{") ||
                            r->token.kind == MLN_TOKEN_WORD,
                        SYNTAX);
        }
    }
    return mln_rdf_next(r);
}

mln_err mln_sparql_read_group(struct mln_sparql *p, struct mln_group **ret)
{
    struct mln_group *outer = p->group;
    struct mln_group *group = mln_arena_zalloc(p->r.arena, 1, sizeof *group);

    MLN_REQUIRE(group, NO_MEMORY);
    MLN_REQUIRE(p->r.depth < MLN_RDF_DEPTH, LIMIT);
    p->r.depth++;
    p->group = group;
    MLN_TRY(read_elements(p));
    p->group = outer;
    p->r.depth--;
    *ret = group;
    return MLN_OK;
}

/* ---- scopes ---- */

static uint64_t variables_of(const struct mln_element *e)
{
    uint64_t ret = 0;

    for (int i = 0; i < 3 && e->kind == MLN_ELEMENT_TRIPLE; i++) {
        ret |= e->part[i].kind == MLN_TERM_VARIABLE ? mln_variable_bit(&e->part[i]) : 0;
    }
    for (const struct mln_group *g = e->groups; g; g = g->next) {
        for (const struct mln_element *inner = g->first; inner; inner = inner->next) {
            ret |= variables_of(inner);
        }
    }
    return ret;
}

/* Those that the triples of the group bind in any case. */
static uint64_t bound_by(const struct mln_group *group)
{
    uint64_t ret = 0;

    for (const struct mln_element *e = group->first; e; e = e->next) {
        ret |= e->kind == MLN_ELEMENT_TRIPLE ? variables_of(e) : 0;
    }
    return ret;
}

static uint64_t asked_by_filters(const struct mln_group *group)
{
    uint64_t ret = 0;

    for (const struct mln_filter_expr *f = group->filters; f; f = f->next) {
        ret |= f->variables;
    }
    return ret;
}

/* The search enters a group with what is bound outside, while SPARQL solves it by itself and joins
 * then. Where a filter or an option could tell the difference, the question is not taken. An
 * option's own filters do know what is outside. SPARQL 1.1 18.2.2 */
static bool is_well_scoped(const struct mln_group *group, uint64_t outside, bool is_option)
{
    uint64_t bound = 0;
    uint64_t inside = 0;

    if (!is_option && (asked_by_filters(group) & outside & ~bound_by(group))) {
        return false;
    }
    for (const struct mln_element *e = group->first; e; e = e->next) {
        uint64_t own = variables_of(e);

        if (e->kind == MLN_ELEMENT_OPTIONAL && (own & outside & ~bound)) {
            return false;
        }
        for (const struct mln_group *g = e->groups; g; g = g->next) {
            if (!is_well_scoped(g, outside | inside, e->kind == MLN_ELEMENT_OPTIONAL)) {
                return false;
            }
        }
        inside |= own;
        bound |= e->kind == MLN_ELEMENT_TRIPLE ? own : 0;
    }
    return true;
}

bool mln_sparql_is_well_scoped(const struct mln_group *group)
{
    return is_well_scoped(group, 0, false);
}

/* ---- the question ---- */

static mln_err select_variable(struct mln_sparql *p)
{
    struct mln_query *q = p->query;
    struct mln_term term;

    MLN_REQUIRE(p->r.token.kind == MLN_TOKEN_VARIABLE, SYNTAX);
    MLN_TRY(mln_rdf_read_term(&p->r, &term));
    for (unsigned i = 0; i < q->selected_count; i++) {
        if (q->selected[i].variable == term.variable) {
            return MLN_OK;
        }
    }
    q->selected[q->selected_count++] = term;
    return MLN_OK;
}

static mln_err read_selection(struct mln_sparql *p, bool *ret_all)
{
    struct mln_rdf_reader *r = &p->r;

    p->query->is_distinct = mln_rdf_is_word(r, "DISTINCT");
    if (p->query->is_distinct || mln_rdf_is_word(r, "REDUCED")) {
        MLN_TRY(mln_rdf_next(r));
    }
    MLN_REQUIRE(!mln_rdf_is_sign(r, "("), NOT_IMPLEMENTED); /* SELECT (expression AS ?v) */
    *ret_all = mln_rdf_is_sign(r, "*");
    if (*ret_all) {
        return mln_rdf_next(r);
    }
    do {
        MLN_TRY(select_variable(p));
    } while (r->token.kind == MLN_TOKEN_VARIABLE);
    MLN_REQUIRE(!mln_rdf_is_sign(r, "("), NOT_IMPLEMENTED);
    return MLN_OK;
}

/* SELECT *: what has a name and stands in a pattern. */
static void select_all(struct mln_sparql *p)
{
    struct mln_query *q = p->query;
    struct mln_element where = { .kind = MLN_ELEMENT_GROUPS, .groups = q->where };
    uint64_t in_scope = variables_of(&where);

    for (unsigned i = 0; i < p->count; i++) {
        struct mln_term v = { .kind = MLN_TERM_VARIABLE, .variable = i, .text = p->names[i] };

        if ((in_scope & mln_variable_bit(&v)) && !mln_rdf_is_blank(v.text)) {
            q->selected[q->selected_count++] = v;
        }
    }
}

/* ORDER BY, up to the last condition. */
static mln_err read_order(struct mln_sparql *p)
{
    struct mln_rdf_reader *r = &p->r;
    struct mln_order **link = &p->query->order;
    unsigned count = 0;

    MLN_TRY(mln_rdf_next(r));
    MLN_REQUIRE(mln_rdf_is_word(r, "BY"), SYNTAX);
    MLN_TRY(mln_rdf_next(r));
    do {
        struct mln_order *o = mln_arena_zalloc(r->arena, 1, sizeof *o);

        MLN_REQUIRE(o, NO_MEMORY);
        MLN_REQUIRE(count++ < MLN_QUERY_ORDERS, LIMIT);
        o->is_descending = mln_rdf_is_word(r, "DESC");
        if (o->is_descending || mln_rdf_is_word(r, "ASC")) {
            MLN_TRY(mln_rdf_next(r));
            MLN_REQUIRE(mln_rdf_is_sign(r, "("), SYNTAX);
        }
        MLN_TRY(mln_expr_read_order(r, &o->by));
        *link = o;
        link = &o->next;
    } while (r->token.kind != MLN_TOKEN_END && !mln_rdf_is_word(r, "LIMIT") &&
             !mln_rdf_is_word(r, "OFFSET") && !is_untaken(r));
    return MLN_OK;
}

static mln_err read_count(struct mln_sparql *p, uint64_t *ret)
{
    MLN_TRY(mln_rdf_next(&p->r));
    MLN_REQUIRE(p->r.token.kind == MLN_TOKEN_NUMBER && mln_num_u64(p->r.token.text, ret), SYNTAX);
    return mln_rdf_next(&p->r);
}

/* LIMIT and OFFSET, in either order. */
static mln_err read_slice(struct mln_sparql *p)
{
    bool has_limit = mln_rdf_is_word(&p->r, "LIMIT");

    if (has_limit) {
        MLN_TRY(read_count(p, &p->query->limit));
    }
    if (mln_rdf_is_word(&p->r, "OFFSET")) {
        MLN_TRY(read_count(p, &p->query->offset));
    }
    if (!has_limit && mln_rdf_is_word(&p->r, "LIMIT")) {
        MLN_TRY(read_count(p, &p->query->limit));
    }
    return MLN_OK;
}

mln_err mln_sparql_read_prefixes(struct mln_sparql *p)
{
    while (mln_rdf_is_word(&p->r, "PREFIX")) {
        MLN_TRY(mln_rdf_next(&p->r));
        MLN_TRY(mln_rdf_read_prefix(&p->r));
    }
    return MLN_OK;
}

/* SELECT or ASK, up to the pattern. */
static mln_err read_form(struct mln_sparql *p, bool *ret_all)
{
    struct mln_rdf_reader *r = &p->r;

    *ret_all = false;
    MLN_TRY(mln_rdf_next(r));
    MLN_TRY(mln_sparql_read_prefixes(p));
    if (mln_rdf_is_word(r, "SELECT")) {
        MLN_TRY(mln_rdf_next(r));
        MLN_TRY(read_selection(p, ret_all));
    } else {
        MLN_REQUIRE(!is_untaken(r), NOT_IMPLEMENTED);
        MLN_REQUIRE(mln_rdf_is_word(r, "ASK"), SYNTAX);
        p->query->is_ask = true;
        MLN_TRY(mln_rdf_next(r));
    }
    MLN_REQUIRE(!is_untaken(r), NOT_IMPLEMENTED);
    return mln_rdf_is_word(r, "WHERE") ? mln_rdf_next(r) : MLN_OK;
}

static mln_err read_query(struct mln_sparql *p)
{
    struct mln_rdf_reader *r = &p->r;
    bool selects_all;

    MLN_TRY(read_form(p, &selects_all));
    MLN_TRY(mln_sparql_read_group(p, &p->query->where));
    if (mln_rdf_is_word(r, "ORDER")) {
        MLN_TRY(read_order(p));
    }
    MLN_TRY(read_slice(p));
    MLN_REQUIRE(!is_untaken(r), NOT_IMPLEMENTED);
    MLN_REQUIRE(r->token.kind == MLN_TOKEN_END, SYNTAX);
    MLN_REQUIRE(!p->query->is_ask || !p->query->offset, NOT_IMPLEMENTED);
    MLN_REQUIRE(mln_sparql_is_well_scoped(p->query->where), NOT_IMPLEMENTED);
    if (selects_all) {
        select_all(p);
    }
    return MLN_OK;
}

bool mln_query_has_offset(const struct mln_query *query)
{
    return query->offset != 0;
}

mln_err mln_query_read(const struct mln_limits *limits, struct mln_slice text,
                       struct mln_arena *arena, struct mln_query **ret, struct mln_fault *fault)
{
    struct mln_query *q = mln_arena_zalloc(arena, 1, sizeof *q);
    struct mln_sparql p = { 0 };
    mln_err err;

    MLN_REQUIRE(q, NO_MEMORY);
    err = mln_sparql_begin(&p, limits, text, arena);
    p.query = q;
    q->bytes = text.len;
    q->limit = UINT64_MAX;
    if (!mln_failed(err)) {
        err = read_query(&p);
    }
    if (err.code == MLN_ERR_LIMIT) {
        mln_fault_set(fault, "semanticsFilter: too long or too deep");
    } else if (err.code == MLN_ERR_NOT_IMPLEMENTED) {
        mln_fault_set(fault, "semanticsFilter: SELECT and ASK with FILTER, OPTIONAL and UNION are "
                             "implemented");
    } else if (err.code == MLN_ERR_SYNTAX) {
        mln_fault_set(fault, "semanticsFilter: no SPARQL query, from byte %zu on",
                      text.len - p.r.rest.len);
        MLN_FAIL(SPARQL);
    }
    *ret = q;
    return err;
}
