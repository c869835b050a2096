/* Storage of notifications that the subscriptions of one subscriber share: those that have
 * notificationStoragePriority.
 *
 * What waits in all their lanes together is bounded. When it is too much, what has the lowest
 * priority goes first, and of that the oldest. Their priorities are kept in MLN_SPACE_PRIORITY; how
 * much waits is read off the lanes, so that nothing is counted and nothing can go wrong with a
 * count. Others pay nothing. The thread of the view. docs/decisions/0032
 * spec: TS-0001 9.6.3 notificationCongestionPolicy, 9.6.8 notificationStoragePriority */
#pragma once

#include "cse/notify/outbox.h"

/* May one more subscription of this subscriber have a priority? Errors: LIMIT, STORE_*. */
mln_err mln_storage_check(const struct mln_cse *cse, struct mln_view *view,
                          struct mln_slice subscriber, struct mln_fault *fault);

/* The subscription has become so, or is so no longer: one of both may be NULL, and both may be
 * without a priority. Errors: STORE_*. */
mln_err mln_storage_change(const struct mln_change *c, const struct mln_resource *before,
                           const struct mln_resource *after);

/* Makes room for so many notifications more of this subscription, whose priority is given. False:
 * all that waits has a higher one. Errors: STORE_*, NO_MEMORY. */
mln_err mln_storage_make_room(const struct mln_change *c, const struct mln_resource *subscription,
                              uint64_t priority, uint64_t wanted, bool *ret);
