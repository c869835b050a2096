/* ORDER BY: solutions are kept until all are found, each with what it is sorted by.
 * SPARQL 1.1 15.1 */
#include <stdlib.h>

#include "semantic/graph_int.h"

struct row {
    const struct mln_sorter *sorter;
    size_t place; /* in which it was found: equal ones keep that order */
    struct mln_sort_value *keys;
    const struct mln_term **selected;
};

void mln_sorter_init(struct mln_sorter *s, const struct mln_graph *graph,
                     const struct mln_query *query, struct mln_arena *arena, size_t room)
{
    *s = (struct mln_sorter){
        .query = query,
        .arena = arena,
        .room = room,
        .weight = 1 + (graph->longest + query->bytes) / MLN_STEP_BYTES,
    };
    for (const struct mln_order *o = query->order; o; o = o->next) {
        s->key_count++;
    }
}

static mln_err grow(struct mln_sorter *s)
{
    size_t cap = s->cap ? s->cap * 2 : 64;
    struct row *rows;

    if (s->count < s->cap) {
        return MLN_OK;
    }
    rows = mln_arena_grow(s->arena, s->rows, s->cap * sizeof *rows, cap * sizeof *rows);
    MLN_REQUIRE(rows, NO_MEMORY);
    s->rows = rows;
    s->cap = cap;
    return MLN_OK;
}

/* What it takes to sort one more. */
static uint64_t steps_of(const struct mln_sorter *s)
{
    uint64_t comparisons = 1;

    for (size_t n = s->count; n > 1; n /= 2) {
        comparisons++;
    }
    return comparisons * s->key_count * s->weight;
}

mln_err mln_sorter_add(struct mln_sorter *s, const struct mln_solution *solution)
{
    const struct mln_query *q = s->query;
    size_t bytes = 2 * sizeof(struct row) + s->key_count * sizeof(struct mln_sort_value) +
                   q->selected_count * sizeof(struct mln_term *);
    struct row *r;
    size_t n = 0;

    MLN_REQUIRE(bytes <= s->room, LIMIT);
    s->room -= bytes;
    *solution->steps += steps_of(s);
    MLN_TRY(grow(s));
    r = &s->rows[s->count];
    *r = (struct row){
        .sorter = s,
        .place = s->count,
        .keys = mln_arena_zalloc(s->arena, s->key_count, sizeof *r->keys),
        .selected = mln_arena_zalloc(s->arena, q->selected_count + 1, sizeof(struct mln_term *)),
    };
    MLN_REQUIRE(r->keys && r->selected, NO_MEMORY);
    for (const struct mln_order *o = q->order; o; o = o->next) {
        *solution->steps += o->by->cost * s->weight;
        mln_expr_sort_value(o->by->expr, solution->bindings, &r->keys[n++]);
    }
    for (unsigned i = 0; i < q->selected_count; i++) {
        r->selected[i] = solution->bindings->of[q->selected[i].variable];
    }
    s->count++;
    return MLN_OK;
}

static int compare(const void *left, const void *right)
{
    const struct row *a = left;
    const struct row *b = right;
    size_t n = 0;

    for (const struct mln_order *o = a->sorter->query->order; o; o = o->next, n++) {
        int order = mln_sort_value_cmp(&a->keys[n], &b->keys[n]);

        if (order) {
            return o->is_descending ? -order : order;
        }
    }
    return (a->place > b->place) - (a->place < b->place);
}

void mln_sorter_show(struct mln_sorter *s, bool (*found)(void *data, const struct mln_solution *s),
                     void *data, uint64_t *steps)
{
    struct mln_bindings bindings = { 0 };
    const struct mln_solution solution = { &bindings, NULL, 0, steps };
    const struct mln_query *q = s->query;
    bool is_enough = false;

    if (s->count) {
        qsort(s->rows, s->count, sizeof *s->rows, compare);
    }
    for (size_t i = 0; i < s->count && !is_enough; i++) {
        for (unsigned v = 0; v < q->selected_count; v++) {
            bindings.of[q->selected[v].variable] = s->rows[i].selected[v];
        }
        is_enough = found(data, &solution);
    }
}
