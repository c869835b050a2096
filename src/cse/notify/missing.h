/* Windows of missing data: how many points a subscription of event type 8 has seen missing since
 * the first one of its window, and which it has not been told of yet.
 *
 * The window is an alarm of the subscription, MLN_ALARM_WINDOW: it is set by the first missing
 * point, its state is the count and the times, and with its time all is forgotten. The thread of
 * the view.
 * spec: TS-0001 10.2.4.29, TS-0004 7.5.1.2.9, 6.3.5.40, 6.3.5.69 */
#pragma once

#include "cse/notify/alarm.h"

/* One subscription's, from mln_missing_open to mln_missing_close; its memory is the arena's. */
struct mln_missing_window {
    uint64_t subscription;
    uint64_t wanted; /* missing points from which on it is told */
    int64_t end_us;
    uint64_t count; /* since the window began */
    size_t untold;  /* of these, how many it has not been told of */
    char *state;    /* count, then the times not told */
};

/* The window as it is now, or a new one, with room for `most` points more.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_missing_open(const struct mln_change *c, const struct mln_resource *subscription,
                         size_t most, struct mln_missing_window *ret);

/* Counts one missing point. *ret_representation: {"m2m:tsn": ...} when the subscription is to be
 * told now, else empty; it lives in the arena. Errors: NO_MEMORY. */
mln_err mln_missing_count(const struct mln_change *c, struct mln_missing_window *w, int64_t time_us,
                          struct mln_slice *ret_representation);

/* Keeps what was counted. Errors: STORE_*, NO_MEMORY. */
mln_err mln_missing_close(const struct mln_change *c, const struct mln_missing_window *w);
