/* What the readers of questions and of updates share. */
#pragma once

#include "semantic/graph_int.h"

struct mln_sparql {
    struct mln_rdf_reader r;
    struct mln_query *query; /* NULL: an update is read */
    struct mln_group *group; /* that triples go to */
    struct mln_slice names[MLN_QUERY_VARIABLES];
    unsigned count;
    unsigned elements;
};

/* It must stay where it is. Errors: LIMIT (the text is too long), SYNTAX (no UTF-8). */
mln_err mln_sparql_begin(struct mln_sparql *p, const struct mln_limits *limits,
                         struct mln_slice text, struct mln_arena *arena);

/* PREFIX, as often as it comes. Errors: SYNTAX, LIMIT, NO_MEMORY. */
mln_err mln_sparql_read_prefixes(struct mln_sparql *p);

/* A group in braces. Errors: SYNTAX, NOT_IMPLEMENTED, LIMIT, NO_MEMORY. */
mln_err mln_sparql_read_group(struct mln_sparql *p, struct mln_group **ret);

/* Is it solved as SPARQL would do it? */
bool mln_sparql_is_well_scoped(const struct mln_group *group);
