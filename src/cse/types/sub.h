/* What others need to know of subscriptions. The thread of the view. spec: TS-0004 7.4.8 */
#pragma once

#include "cse/types/types.h"

/* What can be said of the <subscription> in a request whatever resource it is for: by table, and
 * its targets. For one request that goes to many.
 * Errors: BAD_REQUEST, ATTR_*, LIMIT, NOT_IMPLEMENTED, STORE_*, NO_MEMORY. */
mln_err mln_sub_check(struct mln_exec *e);

/* notificationURI and subscriberURI in a request: could they be told, and may they?
 * Errors: ATTR_INVALID, LIMIT, NOT_IMPLEMENTED, SUB_CREATOR_DENIED, STORE_*, NO_MEMORY. */
mln_err mln_sub_check_targets(struct mln_exec *e);

/* One that is not asked for its consent, for other types that tell somebody. Errors: the same. */
mln_err mln_sub_check_target(struct mln_exec *e, struct mln_slice target);

/* UPDATE: an expirationCounter that is set counts what is reported from now on, not what waits
 * already. Errors: STORE_*. */
mln_err mln_sub_begin_counting(struct mln_exec *e, struct mln_draft *d);

/* Types that notify targets of their own. */
static inline bool mln_sub_is_any(uint16_t ty)
{
    return ty == MLN_TY_SUB || ty == MLN_TY_CRS;
}
