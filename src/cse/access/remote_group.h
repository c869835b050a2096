/* Groups that other CSEs host, as entries of accessControlOriginators.
 *
 * A decision that would need such a group denies, and notes the group; the request then waits while
 * all that were noted are retrieved, and is decided anew. What cannot be retrieved, is no group, or
 * comes too late has no members. Whether the originator is a member is remembered for a short
 * while. Where a CSE is reached says a setting, else its registration: the way that a request to it
 * would take. Without either it is not asked.
 *
 * What a request knows of groups goes with it from thread to thread. The memory is the worker's:
 * the executor and the thread for long reads see only what the request has brought along.
 * spec: TS-0001 9.6.2.1; security.md 1.2, 3.3 */
#pragma once

#include "cse/cse_int.h"

/* What one request knows of such groups. In its arena; NULL without memory: of none. */
struct mln_remote_groups *mln_remote_groups_new(struct mln_exec *e);

/* Before decisions: may they look at the worker's memory, because they are on its thread? */
void mln_remote_groups_use(struct mln_remote_groups *groups, bool is_on_worker);

/* Is the originator a member of the group at the address? Not as long as that is not known; then it
 * is noted. Errors: NO_MEMORY. */
mln_err mln_remote_groups_has(struct mln_access *a, struct mln_slice address, bool *ret);

/* How many are known or noted; and forgetting those noted since then: a decision did not need them.
 * NULL is fine. */
size_t mln_remote_groups_mark(const struct mln_remote_groups *groups);
void mln_remote_groups_drop(struct mln_remote_groups *groups, size_t mark);

/* Are some noted that were not asked for yet? NULL is fine. */
bool mln_remote_groups_wanted(const struct mln_remote_groups *groups);

/* Asks for those noted. PARKED: mln_exec_resume follows, perhaps before the return. NEXT: there was
 * nobody to ask, the request can go on. Errors: OVERLOAD, REQUEST_PENDING, NO_MEMORY. */
mln_err mln_remote_groups_start(struct mln_exec *e, enum mln_step *ret);
