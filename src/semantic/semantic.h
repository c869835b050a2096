/* Semantics: descriptions in RDF, and questions to them and changes of them in SPARQL.
 *
 * Turtle is read whole but for relative IRIs and @base. Of SPARQL 1.1 what is about patterns:
 * SELECT and ASK of groups with FILTER, OPTIONAL and UNION, DISTINCT, ORDER BY, OFFSET and LIMIT.
 * Nothing is fetched.
 * What a peer can make grow is bounded: bytes and triples of a graph, bytes and steps of a
 * question. One graph, one thread. docs/internals/semantic.md spec:
 * TS-0004 7.3.3.18, 7.3.3.19, 7.4.34; W3C: Turtle, SPARQL 1.1 Query Language */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/limits.h"

struct mln_graph;
struct mln_query;
struct mln_update;

/* An empty graph. `limits` must live as long. Errors: NO_MEMORY. */
mln_err mln_graph_new(const struct mln_limits *limits, struct mln_graph **ret);
void mln_graph_free(struct mln_graph *graph);

/* Cleanup attribute; NULL is fine. */
void mln_graph_freep(struct mln_graph **graph);

/* Adds the triples of a description in Turtle, which must live as long as the graph; its blank
 * nodes are its own. After an error the graph has those before the mistake.
 * Errors: ATTR_INVALID, LIMIT, NO_MEMORY. */
mln_err mln_graph_add(struct mln_graph *graph, struct mln_slice text, struct mln_fault *fault);

/* How many descriptions were added, however much of them is in the graph. */
unsigned mln_graph_documents(const struct mln_graph *graph);

/* Reads a question. It lives in the arena and borrows from the text. Errors: SPARQL (no query),
 * NOT_IMPLEMENTED (a form that is not taken), LIMIT, NO_MEMORY. */
mln_err mln_query_read(const struct mln_limits *limits, struct mln_slice text,
                       struct mln_arena *arena, struct mln_query **ret, struct mln_fault *fault);

/* Does it leave out the first solutions? Who only wants to know whether there is one cannot ask so.
 */
bool mln_query_has_offset(const struct mln_query *query);

/* Has the question an answer? DISTINCT is no matter, LIMIT only when it is 0. *ret_steps is what it
 * took to find out, also after an error. Errors: LIMIT (too many steps). */
mln_err mln_graph_ask(const struct mln_graph *graph, const struct mln_query *query, bool *ret,
                      uint64_t *ret_steps);

/* Of which descriptions are the triples that solutions consist of? `documents` has an element for
 * each call of mln_graph_add so far; those become true. *ret_steps is what it took. False: too many
 * steps, there may be more. */
bool mln_graph_origins(const struct mln_graph *graph, const struct mln_query *query,
                       bool *documents, uint64_t *ret_steps);

/* Reads changes: INSERT and DELETE of SPARQL 1.1 Update, several with ';' between them. It lives in
 * the arena and borrows from the text. Errors: SPARQL (no update), NOT_IMPLEMENTED (a form that is
 * not taken), LIMIT, NO_MEMORY. */
mln_err mln_update_read(const struct mln_limits *limits, struct mln_slice text,
                        struct mln_arena *arena, struct mln_update **ret, struct mln_fault *fault);

/* Changes a description in Turtle: *ret, in the arena, has a line for each triple and no prefixes.
 * *ret_steps, also of what fails, counts the reading, too: that of each operation's result.
 * Errors: ATTR_INVALID (no Turtle), LIMIT (too many steps, or the description would be too large),
 * NO_MEMORY. */
mln_err mln_update_apply(const struct mln_limits *limits, struct mln_slice text,
                         const struct mln_update *update, struct mln_arena *arena,
                         struct mln_slice *ret, uint64_t *ret_steps);

enum mln_results_form {
    MLN_RESULTS_JSON, /* W3C: SPARQL 1.1 Query Results JSON Format */
    MLN_RESULTS_XML,  /* W3C: SPARQL Query Results XML Format */
};

/* Appends the answer. *ret_partial: solutions are missing, because there were too many steps or no
 * room for them. *ret_steps is what it took, also after an error. Errors: LIMIT (ASK: too many
 * steps; or not even the frame of the answer has room), NO_MEMORY. */
mln_err mln_graph_results(const struct mln_graph *graph, const struct mln_query *query,
                          enum mln_results_form form, struct mln_buf *out, bool *ret_partial,
                          uint64_t *ret_steps);
