/* Cross-resource notifications: a <crossResourceSubscription> hears the subscriptions at all its
 * targets, and tells its own targets when each of them has notified within one time window.
 *
 * A subscription that it made, or joined, names it in associatedCrossResourceSub and
 * notificationURI. What they tell it does not pass the outbox: it is counted in the transaction of
 * the event. The window is an alarm of the crossResourceSubscription that the first notification
 * sets; its state has a bit for each target. Where one of them goes, the others get an alarm and
 * follow.
 *
 * Those at other CSEs are asked when the crossResourceSubscription is committed (cross_ask.c).
 * Until all have agreed it has an alarm that takes it away, so that nothing is left half made.
 * What they notify comes as a NOTIFY (cross_hear.c), and what they are to hear at the end waits in
 * the outbox (cross_far.c). The thread of the view, where nothing else is said.
 * spec: TS-0004 7.4.58, 7.5.1.2.18; TS-0001 9.6.58, 10.2.10.26; docs/decisions/0031, 0045 */
#pragma once

#include "base/timestamp.h"
#include "cse/notify/attempt.h"
#include "cse/notify/policy.h"
#include "cse/types/types.h"

/* m2m:timeWindowType. spec: TS-0004 6.3.4.2.61 */
enum mln_window_type { MLN_WINDOW_PERIODIC = 1, MLN_WINDOW_SLIDING = 2 };

/* When the window ends that `now_us` lies in. Periodic ones follow one another from `from_us` on; a
 * sliding one begins now. */
static inline int64_t mln_cross_window_end(enum mln_window_type type, int64_t size_us,
                                           int64_t from_us, int64_t now_us)
{
    int64_t begin_us = now_us;

    if (type == MLN_WINDOW_PERIODIC && now_us > from_us) {
        begin_us = now_us - (now_us - from_us) % size_us;
    }
    return size_us < MLN_TIMESTAMP_MAX - begin_us ? begin_us + size_us : MLN_TIMESTAMP_MAX;
}

/* Does associatedCrossResourceSub of the subscription name it, and is it of this CSE? */
bool mln_cross_names(const struct mln_cse *cse, const struct mln_resource *sub,
                     struct mln_slice target);

/* A subscription notifies a target. *ret: it is a crossResourceSubscription, and has been told.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_cross_tell(const struct mln_change *c, const struct mln_resource *sub,
                       struct mln_slice target, struct mln_allowance *allowance, bool *ret);

/* A subscription goes: those that it is associated with will follow. Errors: STORE_*, NO_MEMORY. */
mln_err mln_cross_lose(const struct mln_change *c, const struct mln_resource *sub);

/* A crossResourceSubscription goes: the subscriptions at its targets will hear of it. Any number
 * can go at once, so that each is left to its alarm. Errors: STORE_*, NO_MEMORY. */
mln_err mln_cross_release(const struct mln_change *c, const struct mln_resource *crs);

/* MLN_ALARM_PARTED of a subscription: what it was associated with is gone. One that was made for it
 * goes, too. Errors: STORE_*, NO_MEMORY. */
mln_err mln_cross_part(const struct mln_change *c, const struct mln_resource *sub);

/* This one has gone by itself: its subscriptions need not wait for their alarms. Errors: STORE_*,
 * NO_MEMORY. */
mln_err mln_cross_part_all(const struct mln_change *c, const struct mln_resource *crs);

/* ---- targets and associates at other CSEs ---- */

/* Is it a resource of another CSE? */
bool mln_cross_is_far(const struct mln_cse *cse, struct mln_slice address);

/* What the subscription at a target elsewhere is to be called: "/mn/c1/crs-5-2". `number` counts
 * the targets. In the arena. Errors: NO_MEMORY. */
mln_err mln_cross_far_name(const struct mln_change *c, struct mln_slice crs_ri,
                           struct mln_slice target, size_t number, struct mln_slice *ret);

/* A subscription at a target elsewhere is deleted; or one that was joined is left. `place` is one
 * of the queues of the resource, from 0.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_cross_far_delete(const struct mln_change *c, const struct mln_resource *crs,
                             size_t place, struct mln_slice sub);
mln_err mln_cross_far_leave(const struct mln_change *c, const struct mln_resource *crs,
                            size_t place, struct mln_slice sub);

/* All of them. From is the originator of the DELETE, else the creator. Errors: STORE_*,
 * NO_MEMORY. */
mln_err mln_cross_far_part(const struct mln_change *c, const struct mln_resource *crs);

/* Subscriptions that it made elsewhere expire at `et_us`, for `fr`. Errors: STORE_*, NO_MEMORY. */
mln_err mln_cross_far_prolong(const struct mln_change *c, const struct mln_resource *crs,
                              struct mln_slice fr, int64_t et_us);

/* A subscription of this CSE goes, or `acrs` takes the place of its associatedCrossResourceSub
 * (NULL: it is empty): crossResourceSubscriptions elsewhere that it does not name any more are told
 * that it is deleted. spec: TS-0004 7.5.1.2.4. Errors: STORE_*, NO_MEMORY. */
mln_err mln_cross_far_lose(const struct mln_change *c, const struct mln_resource *sub,
                           const struct mln_value *acrs);

/* A subscription elsewhere was read, `pc`, that `us` leaves: what to send next. False: nothing, it
 * does not name us. Any thread. */
bool mln_cross_leave(struct mln_arena *arena, struct mln_slice us, const struct mln_value *pc,
                     enum mln_op *ret_op, struct mln_slice *ret_content);

/* The same for the deliverer's attempt to read it, which goes on with that; `us` empty: nothing.
 * Duties. */
bool mln_cross_goes_on(struct mln_attempt *a, struct mln_slice us,
                       const struct mln_outbound_answer *answer, struct mln_arena *arena);

/* Is it still being made? Errors: STORE_*, NO_MEMORY. */
mln_err mln_cross_is_open(const struct mln_change *c, const struct mln_resource *crs, bool *ret);

/* In the view of its CREATE: the targets elsewhere are asked after the commit, and the request
 * waits for that. Errors: STORE_*. */
mln_err mln_cross_ask(struct mln_exec *e, const struct mln_draft *d);

/* Targets that are called `sub` have notified. *ret_known false: there is none.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_cross_hear(const struct mln_change *c, const struct mln_resource *crs,
                       struct mln_slice sub, bool *ret_known);

/* Hooks of <crossResourceSubscription>: who may NOTIFY it, and what becomes of that. */
mln_err mln_cross_decide(struct mln_exec *e, enum mln_verdict *ret);
mln_err mln_cross_notified(struct mln_exec *e);
