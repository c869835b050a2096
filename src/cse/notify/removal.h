/* A notification target asks to be told no more: DELETE of the <notificationTargetSelfReference> of
 * a subscription. A <notificationTargetPolicy> says what becomes of it. The thread of the view.
 * spec: TS-0004 7.4.33.2.4, TS-0001 10.2.10.8 */
#pragma once

#include "cse/cse_int.h"

/* Is the originator one of the targets of e->target? Only those may ask.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_removal_decide(struct mln_exec *e, bool *ret);

/* Carries it out. Errors: NO_PRIVILEGE (the policy does not allow it), BLOCKED (the creator of the
 * subscription is to be asked: e->begin_wait), NOT_IMPLEMENTED (a member of a group cannot wait),
 * STORE_*, NO_MEMORY. */
mln_err mln_removal_perform(struct mln_exec *e);
