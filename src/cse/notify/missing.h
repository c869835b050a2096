/* Windows of missing data: how many points a subscription of event type 8 has seen missing since
 * the first one of its window, and which it has not been told of yet.
 *
 * The window is an alarm of the subscription, MLN_ALARM_WINDOW: it is set by the first missing
 * point, its state is the count and the times, and with its time all is forgotten. The thread of
 * the view.
 * spec: TS-0001 10.2.4.29, TS-0004 7.5.1.2.9, 6.3.5.40, 6.3.5.69 */
#pragma once

#include "cse/notify/alarm.h"

/* Counts one missing point. *ret_representation: {"m2m:tsn": ...} when the subscription is to be
 * told now, else empty; it lives in the arena. Errors: STORE_*, NO_MEMORY. */
mln_err mln_missing_count(const struct mln_change *c, const struct mln_resource *subscription,
                          int64_t time_us, struct mln_slice *ret_representation);
