/* Cross-resource notifications: a <crossResourceSubscription> hears the subscriptions at all its
 * targets, and tells its own targets when each of them has notified within one time window.
 *
 * A subscription that it made, or joined, names it in associatedCrossResourceSub and
 * notificationURI. What they tell it does not pass the outbox: it is counted in the transaction of
 * the event. The window is an alarm of the crossResourceSubscription that the first notification
 * sets; its state has a bit for each target. Where one of them goes, the others get an alarm and
 * follow. The thread of the view.
 * spec: TS-0004 7.4.58, 7.5.1.2.18; TS-0001 9.6.58, 10.2.10.26; docs/decisions/0031 */
#pragma once

#include "base/timestamp.h"
#include "cse/notify/policy.h"

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

/* Does associatedCrossResourceSub of the subscription name it? */
bool mln_cross_names(const struct mln_resource *sub, struct mln_slice target);

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
