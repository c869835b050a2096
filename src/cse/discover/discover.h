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

/* Appends the members "m2m:cin": [...], ... with the child resources of `root` and below.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_list_nested(struct mln_exec *e, const struct mln_resource *root, struct mln_buf *out);

/* Do the request's Filter Criteria match the resource? A parent or child that a condition is about
 * counts when the originator may retrieve or discover it. What must be read for that goes to the
 * scratch arena. Errors: LONG_READ, STORE_*, NO_MEMORY. */
mln_err mln_filter_applies(struct mln_exec *e, struct mln_access *access, struct mln_arena *scratch,
                           const struct mln_resource *r, bool *ret);
