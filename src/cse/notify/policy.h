/* Notification policies of a <subscription>: what becomes of a notification on its way from the
 * event to the outbox.
 *
 * It passes three stages: batchNotify, rateLimit, and the schedule with pendingNotification. A
 * stage lets it go on, or keeps it in a lane of the outbox that nobody delivers from and sets an
 * alarm of the subscription; the alarm lets go what was kept. So what waits survives a restart, is
 * bounded like every lane, and costs nothing while it waits. Behind the stages the notification is
 * put into the lanes of its targets. The thread of the view.
 * spec: TS-0001 9.6.8, 10.2.10.7; TS-0004 7.5.1.2.2 */
#pragma once

#include "cse/notify/alarm.h"

/* What one event may still queue: subscribers must not be able to hold up the change itself. */
struct mln_allowance {
    uint64_t left;    /* bytes */
    bool is_cut;      /* there was more, which is not told */
    uint64_t created; /* id of what the event is the creation of, or 0: it hears of later ones */
};

/* A new notification: {"m2m:sgn": {...}}. Errors: STORE_*, NO_MEMORY. */
mln_err mln_policy_send(const struct mln_change *c, const struct mln_resource *subscription,
                        struct mln_slice content, struct mln_allowance *allowance);

/* Microseconds of a duration within a policy; one that is absent is as long as can be. */
int64_t mln_policy_duration(struct mln_slice map, struct mln_slice name);

/* Does a subscription with these attributes have policies? It needs MLN_RESOURCE_HAS_POLICIES. */
bool mln_policy_has_any(const struct mln_value *attributes);

/* Its hook `alarm`. Errors: STORE_*, NO_MEMORY. */
mln_err mln_policy_alarm(const struct mln_change *c, const struct mln_resource *subscription,
                         const struct mln_alarm *alarm);

/* An UPDATE has set these attributes: what waits follows the new policies. Errors: STORE_*,
 * NO_MEMORY. */
mln_err mln_policy_changed(const struct mln_change *c, const struct mln_resource *subscription,
                           const struct mln_value *changes);

/* The schedule of the subscription has changed: what waits for it to open is looked at again.
 * Errors: STORE_*. */
mln_err mln_policy_reschedule(const struct mln_change *c, uint64_t subscription);

/* The subscription goes. What waits for time or number only is sent now, unless mln_policy_drop
 * came first. Errors: STORE_*, NO_MEMORY. */
mln_err mln_policy_removed(const struct mln_change *c, const struct mln_resource *subscription);

/* Nothing that waits in the stages is sent any more. Errors: STORE_*. */
mln_err mln_policy_drop(const struct mln_change *c, uint64_t subscription);
