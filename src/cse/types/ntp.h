/* What others need to know of notificationTargetPolicies. The thread of the view.
 * spec: TS-0004 7.4.31 */
#pragma once

#include "cse/types/types.h"

enum { MLN_NTP_RULES = 2 }; /* at most, and then their relation must be said */

/* The <policyDeletionRules> below e->target. Errors: STORE_*. */
mln_err mln_ntp_count_rules(struct mln_exec *e, unsigned *ret);
