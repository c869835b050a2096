/* How much one worker has open with each neighbour, a CSE or an AE: one that is slow must not take
 * all places of those that wait. The worker's thread. */
#pragma once

#include "cse/cse_int.h"

/* Does as much wait for the neighbour as may? `resource` is the id of its
 * <remoteCSE> or <AE>. */
bool mln_way_is_full(const struct mln_worker *w, uint64_t resource);

/* One more is under way, until mln_way_leave. Errors: NO_MEMORY. */
mln_err mln_way_enter(struct mln_worker *w, uint64_t resource, struct mln_open_way **ret);
void mln_way_leave(struct mln_worker *w, struct mln_open_way *way);
