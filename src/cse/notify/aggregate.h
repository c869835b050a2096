/* A group aggregates the notifications of subscriptions that were made through its fanOutPoint with
 * notificationForwardingURI.
 *
 * Such a subscription has an address of its group as notificationURI. What it reports is kept in a
 * lane of the outbox below the group, one for each forwarding URI, with an alarm of the group,
 * until number or duration of notifyAggregation is reached; then one m2m:agn goes on. All of it is
 * in the transaction of what is reported. The thread of the view.
 * spec: TS-0004 7.4.14.2.3, 7.4.14.2.5, 7.5.1.2.6; TS-0001 10.2.7.10, 10.2.7.11 */
#pragma once

#include "cse/notify/alarm.h"

/* The address that a group takes notifications at: "/id-in/<ri>"; with the address of the group
 * through which it was reached, `outer`, or an empty one: "<outer>/<ri>". Errors: NO_MEMORY. */
mln_err mln_aggregate_address(const struct mln_cse *cse, struct mln_arena *arena,
                              struct mln_slice outer, struct mln_slice ri, struct mln_slice *ret);

/* Takes one notification, or those of an aggregated one, for such an address. A group that is gone
 * takes none. Errors: STORE_*, NO_MEMORY. */
mln_err mln_aggregate_put(const struct mln_change *c, struct mln_slice address,
                          struct mln_slice forward_to, const struct mln_notice *n);

/* {"m2m:agn": {"sgn": [...]}} of the first `count` entries of a lane. spec: TS-0004 6.3.5.12.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_aggregate_content(const struct mln_change *c, struct mln_lane lane, uint64_t count,
                              struct mln_slice *ret);

/* The hook `alarm` of <group>. Errors: STORE_*, NO_MEMORY. */
mln_err mln_aggregate_alarm(const struct mln_change *c, const struct mln_resource *group,
                            const struct mln_alarm *alarm);

/* The group goes, or has another notifyAggregation: what it has kept goes on now. Errors: STORE_*,
 * NO_MEMORY. */
mln_err mln_aggregate_flush(const struct mln_change *c, const struct mln_resource *group);
