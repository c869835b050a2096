/* Carries out deliveries: a duty. The requests of a <delivery> for this CSE are called one after
 * the other, each as though its CSE had just forwarded it; one for another CSE is handed on to the
 * next on the way, as a <delivery> there. What is to be done lies in the store (cse/types/dlv.h),
 * so another run of the server goes on where this one ended.
 *
 * A request that writes is concluded in the transaction of the write: it is carried out once.
 * spec: TS-0001 10.2.5.7; TS-0004 7.4.11; docs/decisions/0040 */
#pragma once

#include "cse/cse_int.h"

struct mln_courier;

/* Errors: NO_MEMORY. */
mln_err mln_courier_new(struct mln_worker *worker, struct mln_courier **ret);

/* There may be something to do. */
void mln_courier_look(struct mln_courier *c);

/* No request is begun any more, and what comes back is not noted: the next run does it again. */
void mln_courier_stop(struct mln_courier *c);
void mln_courier_free(struct mln_courier *c);

/* In the view of a request of a delivery: is it still wanted? Errors: NOT_FOUND (the delivery was
 * called off), STORE_*, NO_MEMORY. */
mln_err mln_courier_check(const struct mln_exec *e);

/* In the job of such a request, after it was carried out. Nothing for others.
 * Errors: STORE_*, LIMIT, NO_MEMORY. */
mln_err mln_courier_complete(struct mln_exec *e);
