/* Events: what happened to a resource, matched against the subscriptions below it.
 *
 * Notifications that result are put into the outbox in the same transaction. The thread of the
 * view.
 * spec: TS-0004 7.5.1.2.2, 7.5.1.2.4 */
#pragma once

#include "cse/notify/outbox.h"
#include "cse/represent.h"

/* m2m:notificationEventType. spec: TS-0004 6.3.4.2.19 */
enum mln_event_type {
    MLN_EVENT_UPDATE = 1,
    MLN_EVENT_DELETE = 2,
    MLN_EVENT_CHILD_CREATED = 3,
    MLN_EVENT_CHILD_DELETED = 4,
    MLN_EVENT_EMPTY_RETRIEVED = 5, /* of a <container> without instances */
    MLN_EVENT_BLOCKING_UPDATE = 7,
    MLN_EVENT_MISSING_DATA = 8,
};

/* Points of a time series that have no instance: expected times, ascending. */
struct mln_missing {
    const int64_t *times_us;
    size_t count;
};

/* Somebody asked for this operation, whether or not it is carried out.
 * spec: TS-0001 9.6.8 operationMonitor */
struct mln_observed {
    enum mln_op op;
    enum mln_privilege privilege; /* the bit of m2m:accessControlOperations */
    struct mln_slice originator;
    uint64_t created; /* id of what the operation has made: it is not told; or 0 */
};

struct mln_event {
    enum mln_event_type type;
    const struct mln_resource *subject;   /* the subscribed-to resource */
    const struct mln_resource *about;     /* whose representation is sent: the child, or subject */
    const struct mln_selection *modified; /* UPDATE: attributes that changed */
    const struct mln_missing *missing;    /* MISSING_DATA */
    const struct mln_observed *observed;  /* then the type says nothing */
    struct mln_slice representation;      /* packed, in place of that of `about`; or empty */
};

/* Errors: STORE_*, NO_MEMORY. */
mln_err mln_event_publish(const struct mln_change *c, const struct mln_event *event);

/* A subscription that is new wants to hear of up to `most` events that were before it: those whose
 * instances are still there count as retained. spec: TS-0001 10.2.10.7 preSubscriptionNotify.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_event_replay(const struct mln_change *c, const struct mln_resource *sub,
                         const struct mln_resource *subject, uint64_t most);

/* Content of the notification of an event to one subscription: {"m2m:sgn": {...}}.
 * Errors: LIMIT, NO_MEMORY. */
mln_err mln_event_content(const struct mln_change *c, const struct mln_resource *sub,
                          const struct mln_event *event, struct mln_slice *ret);

/* security.md 1.5: may the creator of the subscription retrieve what is reported, now? Always,
 * unless the CSE is to look at that. Errors: STORE_*, NO_MEMORY. */
mln_err mln_event_may_tell(const struct mln_change *c, const struct mln_resource *sub,
                           const struct mln_resource *about, bool *ret);

/* The subscription goes: a notice to its subscriberURI, if it has one. spec: TS-0004 7.5.1.2.4 */
mln_err mln_event_unsubscribed(const struct mln_change *c, const struct mln_resource *subscription);

/* Content of the notice that a subscription is deleted: {"m2m:sgn": {"sud": true, "sur": …}}.
 * Errors: LIMIT, NO_MEMORY. */
mln_err mln_event_deletion(const struct mln_change *c, const struct mln_resource *subscription,
                           struct mln_slice *ret);

/* Content of the notification that this target wants to leave the subscription.
 * {"m2m:sgn": {"sur": …, "ntt": …, "trr": true}}. spec: TS-0004 7.4.33.2.4. Errors: LIMIT,
 * NO_MEMORY. */
mln_err mln_event_removal(const struct mln_change *c, const struct mln_resource *sub,
                          struct mln_slice target, struct mln_slice *ret);

/* Content of a cross-resource notification: {"m2m:sgn": {"sur": …}}. spec: TS-0004 7.5.1.2.18.
 * Errors: LIMIT, NO_MEMORY. */
mln_err mln_event_cross(const struct mln_change *c, const struct mln_resource *crs,
                        struct mln_slice *ret);

/* Content of a notification without event, for the verification request.
 * {"m2m:sgn": {"vrq": true, "sur": …, "cr": …}}. spec: TS-0004 7.5.1.2.3 */
mln_err mln_event_verification(struct mln_arena *arena, struct mln_slice sur,
                               struct mln_slice creator, struct mln_slice *ret);
