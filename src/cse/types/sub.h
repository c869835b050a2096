/* What others need to know of subscriptions. The thread of the view. spec: TS-0004 7.4.8 */
#pragma once

#include "cse/types/types.h"

/* What can be said of the <subscription> in a request whatever resource it is for: by table, and
 * its targets. For one request that goes to many.
 * Errors: BAD_REQUEST, ATTR_*, LIMIT, NOT_IMPLEMENTED, STORE_*, NO_MEMORY. */
mln_err mln_sub_check(struct mln_exec *e);
