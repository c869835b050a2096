/* Looking for solutions: element by element, and back where none is found. Every element begun
 * and every triple looked at is a step, or several where texts are long. */
#include "semantic/graph_int.h"

/* What is left to do when a group is through: the rest of the one around it. */
struct after {
    const struct mln_group *group;
    const struct mln_element *element;
    const struct after *outer;
    bool *reached; /* the inner group has a solution; or NULL */
};

struct search {
    const struct mln_graph *graph;
    struct mln_bindings bindings;
    const struct mln_triple *triples[MLN_QUERY_ELEMENTS]; /* that fit so far */
    unsigned count;
    bool (*found)(void *data, const struct mln_solution *s);
    void *data;
    uint64_t steps;
    uint64_t most;
    uint64_t weight; /* steps that a comparison takes */
};

static bool solve(struct search *s, const struct mln_group *group,
                  const struct mln_element *element, const struct after *after);

/* False: that was one too many. Nothing is found any more then. */
static bool takes(struct search *s, uint64_t steps)
{
    s->steps += steps;
    return s->steps <= s->most;
}

static bool is_over(const struct search *s)
{
    return s->steps > s->most;
}

/* What the part stands for now; NULL: anything. */
static const struct mln_term *wanted(const struct search *s, const struct mln_term *part)
{
    return part->kind == MLN_TERM_VARIABLE ? s->bindings.of[part->variable] : part;
}

/* Binds the variables of the pattern to the triple; false when it does not fit. */
static bool bind(struct search *s, const struct mln_element *pattern, const struct mln_triple *t)
{
    for (int i = 0; i < 3; i++) {
        const struct mln_term *w = wanted(s, &pattern->part[i]);

        if (w && !mln_term_eq(w, &t->part[i])) {
            return false;
        }
        if (!w) { /* a variable that stands here twice has a value the second time */
            s->bindings.of[pattern->part[i].variable] = &t->part[i];
        }
    }
    return true;
}

static bool solve_triple(struct search *s, const struct mln_group *group,
                         const struct mln_element *e, const struct after *after)
{
    const struct mln_term *kept[3] = { NULL };

    for (int i = 0; i < 3; i++) {
        kept[i] = wanted(s, &e->part[i]);
    }
    for (size_t t = 0; t < s->graph->count && takes(s, s->weight); t++) {
        s->triples[s->count++] = &s->graph->triples[t];
        if (bind(s, e, &s->graph->triples[t]) && solve(s, group, e->next, after)) {
            return true;
        }
        s->count--;
        for (int i = 0; i < 3; i++) {
            if (e->part[i].kind == MLN_TERM_VARIABLE) {
                s->bindings.of[e->part[i].variable] = kept[i];
            }
        }
    }
    return false;
}

static bool solve_groups(struct search *s, const struct mln_group *group,
                         const struct mln_element *e, const struct after *after)
{
    struct after rest = { group, e->next, after, NULL };

    for (const struct mln_group *g = e->groups; g; g = g->next) {
        if (solve(s, g, g->first, &rest)) {
            return true;
        }
    }
    return false;
}

/* LeftJoin of SPARQL 1.1 18.5: without it only when it has no solution */
static bool solve_optional(struct search *s, const struct mln_group *group,
                           const struct mln_element *e, const struct after *after)
{
    bool reached = false;
    struct after rest = { group, e->next, after, &reached };

    if (solve(s, e->groups, e->groups->first, &rest)) {
        return true;
    }
    return !reached && solve(s, group, e->next, after);
}

static bool filters_hold(struct search *s, const struct mln_group *group)
{
    for (const struct mln_filter_expr *f = group->filters; f; f = f->next) {
        if (!takes(s, f->cost * s->weight) || !mln_expr_holds(f->expr, &s->bindings)) {
            return false;
        }
    }
    return true;
}

static bool leave_group(struct search *s, const struct mln_group *group, const struct after *after)
{
    if (!filters_hold(s, group)) {
        return false;
    }
    if (!after) {
        return s->found(s->data,
                        &(struct mln_solution){ &s->bindings, s->triples, s->count, &s->steps });
    }
    if (after->reached) {
        *after->reached = true;
    }
    return solve(s, after->group, after->element, after->outer);
}

static bool solve(struct search *s, const struct mln_group *group,
                  const struct mln_element *element, const struct after *after)
{
    if (is_over(s) || !takes(s, 1)) {
        return false;
    }
    if (!element) {
        return leave_group(s, group, after);
    }
    switch (element->kind) {
    case MLN_ELEMENT_TRIPLE:
        return solve_triple(s, group, element, after);
    case MLN_ELEMENT_GROUPS:
        return solve_groups(s, group, element, after);
    case MLN_ELEMENT_OPTIONAL:
        return solve_optional(s, group, element, after);
    }
    return false;
}

bool mln_graph_solve(const struct mln_graph *graph, const struct mln_query *query,
                     bool (*found)(void *data, const struct mln_solution *s), void *data,
                     uint64_t *ret_steps)
{
    struct search s = {
        .graph = graph,
        .found = found,
        .data = data,
        .most = graph->limits->sparql_steps,
        .weight = 1 + (graph->longest + query->bytes) / MLN_STEP_BYTES,
    };
    bool is_enough = query->limit == 0 || solve(&s, query->where, query->where->first, NULL);

    *ret_steps = s.steps;
    return is_enough || !is_over(&s);
}

static bool take_one(void *data, const struct mln_solution *s)
{
    bool *holds = data;

    (void)s;
    *holds = true;
    return true;
}

mln_err mln_graph_ask(const struct mln_graph *graph, const struct mln_query *query, bool *ret,
                      uint64_t *ret_steps)
{
    bool holds = false;

    MLN_REQUIRE(mln_graph_solve(graph, query, take_one, &holds, ret_steps), LIMIT);
    *ret = holds;
    return MLN_OK;
}

struct origins {
    bool *documents;
    unsigned left; /* not seen yet */
};

static bool take_origins(void *data, const struct mln_solution *s)
{
    struct origins *o = data;

    for (unsigned i = 0; i < s->count; i++) {
        bool *is_in = &o->documents[s->triples[i]->document];

        o->left -= !*is_in;
        *is_in = true;
    }
    return o->left == 0;
}

bool mln_graph_origins(const struct mln_graph *graph, const struct mln_query *query,
                       bool *documents, uint64_t *ret_steps)
{
    struct origins o = { .documents = documents };

    for (unsigned i = 0; i < graph->documents; i++) {
        o.left += !documents[i];
    }
    return mln_graph_solve(graph, query, take_origins, &o, ret_steps);
}
