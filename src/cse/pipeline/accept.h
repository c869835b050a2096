/* Non-blocking requests: accepted in one transaction, answered, and then carried out as a call of
 * their own, with everything that a blocking one would meet.
 *
 * Of a request that writes, the write and its result are in the same transaction: so a <request>
 * that is pending was not carried out, whenever the server ended. The worker's thread, and where it
 * is said the store's executor.
 * spec: TS-0004 7.2.2.2 Recv-2.0 to Recv-5.0, Recv-7.0, Recv-8.0; docs/decisions/0019 */
#pragma once

#include "cse/pipeline/pipeline.h"

/* In the view of a request that was accepted before: is it still wanted? Errors: NOT_FOUND (its
 * <request> was deleted), STORE_*. */
mln_err mln_accept_check(const struct mln_exec *e);

/* In the job of such a request, after it was carried out. Nothing for others.
 * Errors: STORE_*, LIMIT, NO_MEMORY. */
mln_err mln_accept_complete(struct mln_exec *e);

/* Of any request: the rest is somebody else's to do, by e->begin_wait. One that was accepted is
 * written down first as begun, or as not begun any more. It goes on by mln_exec_resume, or ends. */
void mln_accept_begin_wait(struct mln_exec *e);

/* Carries out what an earlier run accepted and did not begin; `done` is called when it waits for
 * somebody else, or its result is stored or given up. Errors: NOT_FOUND (there is nothing to do),
 * OVERLOAD, STORE_*, NO_MEMORY. */
mln_err mln_accept_again(struct mln_worker *worker, uint64_t id, void (*done)(void *data),
                         void *data);

/* Results that are not stored yet are given up: the next run of the server finds them missing. */
void mln_accept_stop(struct mln_worker *worker);
