/* Deleting parts of the tree.
 *
 * The addressed resource goes at once, and with it everything below becomes unreachable. Up to a
 * limit the descendants are removed in the same transaction; the rest is noted in
 * MLN_SPACE_PURGE and removed by the duties in steps. Subscriptions on what is deleted are told.
 * The thread of the view.
 * spec: TS-0004 7.3.3.8 */
#pragma once

#include "cse/notify/event.h"

/* Deletes the resource and what is below it, updates the counters of its parent, and tells the
 * parent's subscriptions. Errors: STORE_*, NO_MEMORY. */
mln_err mln_tree_remove(const struct mln_change *c, const struct mln_resource *child);

/* Removes the row of one resource, after what its type adds. Its children stay, without a parent.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_tree_erase(const struct mln_change *c, const struct mln_resource *resource);

/* Does up to `budget` steps of what is left to purge. *ret_more: something remains.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_tree_purge(const struct mln_change *c, uint64_t budget, bool *ret_more);
