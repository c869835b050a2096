/* Notification statistics: what a subscription counts for each of its targets while
 * notificationStatsEnable is true.
 *
 * The figures are attributes of the subscription. An event is counted in its own transaction, a
 * request and its response in the one that removes the notification from the outbox; so counting
 * never makes a commit of its own, and a crash loses no more than what it lets be sent again.
 * Attempts that fail are told with the entry that they were for. The thread of the view, but for
 * mln_tally_add.
 * spec: TS-0001 9.6.8 notificationStatsInfo (Release 4); docs/decisions/0045 */
#pragma once

#include "cse/notify/outbox.h"
#include "cse/types/types.h"

struct mln_outbound_answer;

/* Requests to a target that are not in the store yet. */
struct mln_tally {
    uint32_t requests;
    uint32_t responses;
};

/* One more has ended so. Any thread. */
void mln_tally_add(struct mln_tally *t, const struct mln_outbound_answer *answer);

/* A CREATE or UPDATE of a subscription: counting begins anew where the request says so, and
 * notificationStatsInfo has a member for each target. Errors: NO_MEMORY. */
mln_err mln_tally_set(const struct mln_exec *e, struct mln_draft *d);

/* The targets of these attributes have changed. Errors: NO_MEMORY. */
mln_err mln_tally_follow(struct mln_arena *arena, struct mln_value *attributes);

/* The subscription with these packed attributes counts. */
bool mln_tally_is_on(struct mln_slice attrs);

/* An event is notified to all targets of the subscription. Errors: STORE_*, NO_MEMORY. */
mln_err mln_tally_event(const struct mln_change *c, uint64_t subscription);

/* What the target of the lane has got. Nothing for a subscription that is gone or counts no more.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_tally_sent(const struct mln_change *c, struct mln_lane lane,
                       const struct mln_tally *tally);
