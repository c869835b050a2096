/* What instances need to know of their container. The thread of the view.
 * spec: TS-0004 7.4.7.2.1 */
#pragma once

#include "cse/types/types.h"

/* Bounds of a container; UINT64_MAX where there is none. */
struct mln_cnt_bounds {
    uint64_t instances; /* maxNrOfInstances */
    uint64_t bytes;     /* maxByteSize */
    uint64_t age_s;     /* maxInstanceAge, seconds */
};

struct mln_cnt_bounds mln_cnt_bounds_of(const struct mln_resource *container);

/* Removes the oldest instances until count and bytes of *container, which must already count all,
 * are within its bounds; never the one with id `keep`. Writes the instances only: the container is
 * the caller's to store. No notifications. Errors: STORE_*, NO_MEMORY. */
mln_err mln_cnt_evict(struct mln_exec *e, struct mln_resource *container, uint64_t keep);
