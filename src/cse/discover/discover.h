/* Finding and listing what is below a resource: discovery, child resource references, and
 * nested child resources.
 *
 * Everything is read through the view of the request; each result is checked for the privilege
 * that the operation needs. Results come in a stable order. Long searches and long results are
 * cut by limits and then marked as partial. The thread of the view.
 * spec: TS-0004 7.3.3.6, 7.3.3.14, 7.3.3.17; TS-0001 8.1.2, 10.2.6 */
#pragma once

#include "base/buf.h"
#include "cse/cse_int.h"

enum mln_list_form {
    MLN_LIST_URIS,       /* identifiers: m2m:uril */
    MLN_LIST_REFERENCES, /* child resource references: m2m:rrl and ch */
};

/* Appends a packed array of all matches below `root`, marks the response when it is partial.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_list_flat(struct mln_exec *e, const struct mln_resource *root, enum mln_list_form form,
                      struct mln_buf *out);

/* Shows what is of the type below `root`, in the order of creation, as far as the originator may
 * retrieve it. What is shown lives until the visit is over. Marks the response when it is not all.
 * Errors: those of the visit, NO_PRIVILEGE (nothing is shown, and `root` is hidden), LONG_READ,
 * STORE_*, NO_MEMORY. */
mln_err mln_list_visit(struct mln_exec *e, const struct mln_resource *root, uint16_t ty,
                       mln_err (*visit)(void *data, const struct mln_resource *r), void *data);

/* Appends the members "m2m:cin": [...], ... with the child resources of `root` and below.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_list_nested(struct mln_exec *e, const struct mln_resource *root, struct mln_buf *out);

/* Do the request's Filter Criteria match the resource? A parent or child that a condition is about
 * counts when the originator may retrieve or discover it. What must be read for that goes to the
 * scratch arena. Errors: LONG_READ, STORE_*, NO_MEMORY. */
mln_err mln_filter_applies(struct mln_exec *e, struct mln_access *access, struct mln_arena *scratch,
                           const struct mln_resource *r, bool *ret);

/* Others than the candidate count when the originator may know of them: else conditions on them
 * would tell what they hold. What must be read goes to the arena. Errors: STORE_*, NO_MEMORY. */
mln_err mln_filter_counts(struct mln_access *access, struct mln_arena *arena, int64_t now_us,
                          const struct mln_resource *r, bool *ret);

/* Can the queries of semanticsFilter be asked, and in this request? Needs no view.
 * Errors: SPARQL, NOT_IMPLEMENTED, LIMIT, NO_MEMORY. */
mln_err mln_semantics_check(const struct mln_exec *e);

/* Does one of them have an answer in the descriptions of the resource: those of its
 * <semanticDescriptor> children, and of what these name as related? A query that takes too many
 * steps has none. Errors: LONG_READ, STORE_*, NO_MEMORY. */
mln_err mln_semantics_hold(struct mln_exec *e, struct mln_access *access,
                           const struct mln_resource *r, bool *ret);

struct mln_graph;

/* The Turtle of a <semanticDescriptor>, from its packed attributes. Errors: ATTR_INVALID,
 * BAD_REQUEST (IRI), NOT_IMPLEMENTED (another syntax), NO_MEMORY. */
mln_err mln_semantics_text(struct mln_slice attrs, struct mln_arena *arena, struct mln_slice *ret,
                           struct mln_fault *fault);

/* Reads a description into a graph: that of a <semanticDescriptor>, or the content of a
 * <contentInstance>, from its packed attributes. What the graph borrows from goes to the arena.
 * Errors: ATTR_INVALID, BAD_REQUEST (IRI), NOT_IMPLEMENTED (a syntax that is not read; a content
 * that is no Turtle), LIMIT, NO_MEMORY. */
mln_err mln_semantics_read(struct mln_graph *graph, uint16_t ty, struct mln_slice attrs,
                           struct mln_arena *arena, struct mln_fault *fault);

/* Appends the answer of the semantic query in the request to what the descriptors below `root` say,
 * and `root`, if it is one. Marks the response when it is not all of it.
 * Errors: NO_PRIVILEGE (as mln_list_visit), LIMIT, LONG_READ, STORE_*, NO_MEMORY. */
mln_err mln_semantics_query(struct mln_exec *e, const struct mln_resource *root,
                            struct mln_buf *out);

/* Can the request be put to a semanticFanOutPoint? Errors: PARAM_INVALID, NOT_IMPLEMENTED. */
mln_err mln_semantics_check_group(const struct mln_exec *e);

/* Makes of the request the one that members of a semanticFanOutPoint get. */
void mln_semantics_ask_member(struct mln_request *req);

/* Is the parameter for the semanticFanOutPoint itself, not for its members? */
bool mln_semantics_is_own(struct mln_slice name);

/* Puts in place of the members' answers what the semantic query or discovery makes of them.
 * Errors: LIMIT, STORE_*, NO_MEMORY. */
mln_err mln_semantics_of_members(struct mln_exec *e);
