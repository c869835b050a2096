/* Time windows of <schedule> resources: may a message leave now?
 *
 * A resource without a <schedule> among its children has no constraint; with several, one that is
 * open will do. The thread of the view. spec: TS-0004 7.4.9, 7.5.1.2.2 step 3.0 */
#pragma once

#include "cse/cse_int.h"

/* When this schedule is open: at a time up to the moment of the look-up when it is now, else at a
 * later one; MLN_NO_TIME: never, as far as it is looked ahead. */
int64_t mln_window_opening(const struct mln_lookup *l, const struct mln_resource *schedule);

/* Does a schedule below the resource of this id permit the moment of the look-up?
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_window_is_open(const struct mln_lookup *l, uint64_t parent, bool *ret);

/* When they permit it next, after the moment of the look-up: or, when that is far off or never, a
 * moment to look again. Errors: STORE_*, NO_MEMORY. */
mln_err mln_window_next(const struct mln_lookup *l, uint64_t parent, int64_t *ret_us);

/* The same for the node that an <AE> names in nodeLink; open when it names none of this CSE.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_window_of_ae(const struct mln_lookup *l, const struct mln_resource *ae, bool *ret);
