/* <request>: what became of a non-blocking request.
 *
 * The CSE makes these resources itself when it accepts a request, and writes the result into them.
 * Those that wait for it have a record in MLN_SPACE_ACCEPTED, so that a new run of the server finds
 * them. The thread of the view.
 * spec: TS-0001 9.6.12; TS-0004 7.3.2.2, 7.3.2.5, 7.5.1.2.5 */
#pragma once

#include "cse/notify/event.h"

/* Stores the resource of the request at hand, pending. `et_us` is its expirationTime; `kept` what
 * another run needs to carry it out, or empty. Errors: STORE_*, LIMIT, NO_MEMORY. */
mln_err mln_req_store(struct mln_exec *e, const struct mln_change *c, int64_t et_us,
                      struct mln_slice kept, struct mln_resource *ret);

/* From now on it cannot be told whether it was carried out, or it can again. Errors: NOT_FOUND (it
 * is not pending), STORE_*, NO_MEMORY. */
mln_err mln_req_mark(const struct mln_change *c, uint64_t id, bool is_begun);

/* What is kept of a pending one that is not begun. Errors: NOT_FOUND, STORE_*, NO_MEMORY. */
mln_err mln_req_kept(struct mln_view *view, uint64_t id, struct mln_arena *arena,
                     struct mln_slice *ret);

/* The pending one behind `after`; 0: the first. Errors: NOT_FOUND, STORE_*. */
mln_err mln_req_next(struct mln_view *view, uint64_t after, uint64_t *ret);

/* Writes down the result, tells the subscriptions, and puts the notifications of an asynchronous
 * request into the outbox. A resource that has gone meanwhile is no error. Errors: STORE_*, LIMIT,
 * NO_MEMORY. */
mln_err mln_req_complete(const struct mln_change *c, uint64_t id,
                         const struct mln_response *response);

/* Its result will come by a NOTIFY from another CSE: it survives the end of this run. Errors:
 * STORE_*. */
mln_err mln_req_hand_over(const struct mln_change *c, uint64_t id);

/* Is it a NOTIFY that may be such a result? */
bool mln_req_concerns(const struct mln_exec *e);

/* Content of the NOTIFY that tells of a result: {"m2m:rsp": {...}}. Errors: NO_MEMORY.
 * spec: TS-0004 7.5.1.2.5 */
mln_err mln_req_result(const struct mln_change *c, const struct mln_response *r,
                       struct mln_slice *ret);

/* m2m:operationResult, and with a release m2m:responsePrimitive. Errors stick in `out`. */
void mln_req_put_result(struct mln_buf *out, const struct mln_response *r, struct mln_slice rvi,
                        int64_t now_us);

/* At the start: what an earlier run of the server has begun and not ended has failed, and what this
 * one could not carry out. Errors: STORE_*, NO_MEMORY. */
mln_err mln_req_fail_left(struct mln_cse *cse);
