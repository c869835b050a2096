/* Members that were deleted leave their group. On the store's executor.
 * spec: TS-0004 7.4.14.3.5 */
#pragma once

#include "base/set.h"
#include "cse/notify/event.h"

/* Removes what is in the set from memberIDs; nothing when the group itself has gone.
 * Errors: STORE_*, LIMIT, NO_MEMORY. */
mln_err mln_group_drop(const struct mln_change *c, uint64_t group, const struct mln_set *gone);
