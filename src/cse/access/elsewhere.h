/* What the decisions of one request need of other CSEs: groups that rules name, and policies.
 *
 * A decision that would need such a resource denies, and notes it; the request then waits while all
 * that were noted are retrieved, and is decided anew. What cannot be retrieved, is something else,
 * or comes too late permits nothing. Where a CSE is reached says a setting, else its registration:
 * the way that a request to it would take. Without either it is not asked.
 *
 * What a request knows goes with it from thread to thread. The memory is the worker's: the executor
 * and the thread for long reads see only what the request has brought along.
 * spec: TS-0001 9.6.2; security.md 1.2, 3.3 */
#pragma once

#include "cse/cse_int.h"

/* What one request knows. In its arena; NULL without memory: nothing. */
struct mln_elsewhere *mln_elsewhere_new(struct mln_exec *e);

/* Before decisions: may they look at the worker's memory, because they are on its thread? */
void mln_elsewhere_use(struct mln_elsewhere *elsewhere, bool is_on_worker);

/* How often a decision has met one that was not asked for yet: what was denied since then is not
 * the last word. NULL is fine. */
size_t mln_elsewhere_doubts(const struct mln_elsewhere *elsewhere);

/* How many are known or noted; and forgetting those noted since then: a decision did not need them.
 * NULL is fine. */
size_t mln_elsewhere_mark(const struct mln_elsewhere *elsewhere);
void mln_elsewhere_drop(struct mln_elsewhere *elsewhere, size_t mark);

/* Are some noted that were not asked for yet? NULL is fine. */
bool mln_elsewhere_wanted(const struct mln_elsewhere *elsewhere);

/* Asks for those noted. PARKED: mln_exec_resume follows, perhaps before the return. NEXT: there was
 * nobody to ask, the request can go on. Errors: OVERLOAD, REQUEST_PENDING, NO_MEMORY. */
mln_err mln_elsewhere_start(struct mln_exec *e, enum mln_step *ret);

/* Where the CSE that hosts what has this address can be asked, and in which release. Lives in the
 * arena of the look-up, or as long as the CSE. Errors: NOT_FOUND (no way to it, or the address
 * would lead to others than that resource), NOT_REACHABLE, STORE_*, NO_MEMORY. */
mln_err mln_elsewhere_host(const struct mln_lookup *l, struct mln_slice address,
                           const struct mln_domain_setting **ret, struct mln_slice *ret_release);
