/* Graphs and questions as the files of this folder know them. */
#pragma once

#include "semantic/rdf_int.h"

struct mln_triple {
    struct mln_term part[3]; /* subject, predicate, object */
    unsigned document;       /* that it is from; the first is 0 */
};

struct mln_graph {
    const struct mln_limits *limits;
    struct mln_arena *arena;
    struct mln_triple *triples;
    size_t count;
    size_t cap;
    size_t longest;     /* bytes of a text in it, or of a data type */
    unsigned documents; /* added so far */
};

enum { MLN_STEP_BYTES = 1024 }; /* of text cost as much as a triple to look at */

/* More are refused; the search goes as deep as there are elements. */
enum { MLN_QUERY_VARIABLES = 64, MLN_QUERY_ELEMENTS = 256, MLN_QUERY_ORDERS = 8 };

/* What variables stand for; NULL: nothing yet. Borrowed from the graph. */
struct mln_bindings {
    const struct mln_term *of[MLN_QUERY_VARIABLES];
};

struct mln_expr; /* filter.c */

struct mln_filter_expr {
    struct mln_filter_expr *next;
    struct mln_expr *expr;
    unsigned cost;      /* steps that it takes once */
    uint64_t variables; /* a bit each */
};

static inline uint64_t mln_variable_bit(const struct mln_term *variable)
{
    return (uint64_t)1 << variable->variable;
}

enum mln_element_kind {
    MLN_ELEMENT_TRIPLE,
    MLN_ELEMENT_GROUPS,   /* one of the groups: a group by itself, or a UNION */
    MLN_ELEMENT_OPTIONAL, /* the group, if it has a solution */
};

struct mln_element {
    struct mln_element *next;
    enum mln_element_kind kind;
    struct mln_term part[3];
    struct mln_group *groups;
};

struct mln_group {
    struct mln_group *next; /* of a UNION */
    struct mln_element *first;
    struct mln_element *last;
    struct mln_filter_expr *filters;
};

/* One condition of ORDER BY. */
struct mln_order {
    struct mln_order *next;
    struct mln_filter_expr *by;
    bool is_descending;
};

struct mln_query {
    struct mln_group *where;
    struct mln_order *order; /* of the solutions; NULL: as they are found */
    size_t bytes;            /* of the text: no constant in it is longer */
    bool is_ask;             /* else SELECT */
    bool is_distinct;
    uint64_t offset; /* of so many first rows nothing is shown */
    uint64_t limit;  /* UINT64_MAX: none */
    struct mln_term selected[MLN_QUERY_VARIABLES];
    unsigned selected_count;
};

/* A solution as it is found. */
struct mln_solution {
    const struct mln_bindings *bindings;
    const struct mln_triple *const *triples; /* that it consists of */
    unsigned count;
    uint64_t *steps; /* of the search: who makes much of a solution adds to them */
};

/* Shows all solutions until `found` says true, as many times as there are ways to them. *ret_steps
 * is what it took. False: there were too many steps, and who knows what else would be found. */
bool mln_graph_solve(const struct mln_graph *graph, const struct mln_query *query,
                     bool (*found)(void *data, const struct mln_solution *s), void *data,
                     uint64_t *ret_steps);

/* An expression in parentheses, or a call. Errors: SYNTAX, NOT_IMPLEMENTED, LIMIT (too deep), those
 * of r->variable, NO_MEMORY. */
mln_err mln_expr_read(struct mln_rdf_reader *r, struct mln_filter_expr **ret);

/* The same, or a variable: what ORDER BY takes. */
mln_err mln_expr_read_order(struct mln_rdf_reader *r, struct mln_filter_expr **ret);

/* Is it true? An error is not. */
bool mln_expr_holds(const struct mln_expr *expr, const struct mln_bindings *b);

/* What solutions are sorted by. Slices are borrowed from graph and question. */
struct mln_sort_value {
    unsigned rank; /* what kinds of values come first */
    double number;
    struct mln_slice type; /* IRI of the data type */
    struct mln_slice part; /* language, or time zone */
    struct mln_slice text;
};

/* Nothing and errors first, then blank nodes, IRIs, literals: numbers, texts, truths, times,
 * others. SPARQL 1.1 15.1 */
void mln_expr_sort_value(const struct mln_expr *expr, const struct mln_bindings *b,
                         struct mln_sort_value *ret);
int mln_sort_value_cmp(const struct mln_sort_value *a, const struct mln_sort_value *b);

/* ---- sort.c ---- */

struct row;

/* Keeps solutions and shows them in order; what it keeps is in the arena, not more than `room`. */
struct mln_sorter {
    const struct mln_query *query;
    struct mln_arena *arena;
    size_t room; /* bytes that are left */
    uint64_t weight;
    size_t key_count;
    struct row *rows;
    size_t count;
    size_t cap;
};

void mln_sorter_init(struct mln_sorter *s, const struct mln_graph *graph,
                     const struct mln_query *query, struct mln_arena *arena, size_t room);

/* Errors: LIMIT (no room), NO_MEMORY. */
mln_err mln_sorter_add(struct mln_sorter *s, const struct mln_solution *solution);

/* Shows the selected variables until `found` says true. */
void mln_sorter_show(struct mln_sorter *s, bool (*found)(void *data, const struct mln_solution *s),
                     void *data, uint64_t *steps);
