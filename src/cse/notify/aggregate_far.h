/* Subscriptions at other CSEs whose notifications a group of this CSE aggregates.
 *
 * Each that was made through the group has a record under it: who may notify the group, of what,
 * and for whom. Nothing else is taken from outside. A record goes with the group, with the
 * subscription when that is deleted through the group, or for want of room when the subscription
 * should have expired. The thread of the view.
 * spec: TS-0004 7.4.14.2.3, 7.5.1.2.6; TS-0001 10.2.7.11; docs/decisions/0045 */
#pragma once

#include "base/set.h"
#include "cse/notify/outbox.h"
#include "cse/types/types.h"

struct mln_aggregated {
    struct mln_slice sub;        /* "/mn/sub-5" */
    struct mln_slice address;    /* "/mn/base/c/s", as the group asks for it */
    struct mln_slice via;        /* address of the group, with those through which it was reached */
    struct mln_slice forward_to; /* notificationForwardingURI */
    int64_t until_us;            /* expirationTime that the subscription was made with */
};

/* *ret_room: how many more the group may have. Where it may write, and has not room for so many as
 * are `wanted`, it forgets what should have ended: other subscriptions may have been prolonged.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_aggregated_room(const struct mln_change *c, uint64_t group, uint64_t wanted,
                            uint64_t *ret_room);

/* Errors: STORE_*, NO_MEMORY. */
mln_err mln_aggregated_keep(const struct mln_change *c, uint64_t group,
                            const struct mln_aggregated *a);

/* What is at one of these addresses, or below, was deleted. Errors: STORE_*, NO_MEMORY. */
mln_err mln_aggregated_forget(const struct mln_change *c, uint64_t group,
                              const struct mln_set *addresses);

/* Content of the CREATE for a member elsewhere: that of the request, `given`, with the group in
 * place of the subscriber. Errors: STORE_*, NO_MEMORY. */
mln_err mln_aggregated_content(const struct mln_exec *e, const struct mln_value *given,
                               struct mln_slice via, struct mln_slice *ret);

/* The group goes. Errors: STORE_*, NO_MEMORY. */
mln_err mln_aggregated_removed(const struct mln_change *c, const struct mln_resource *group);

/* Hooks of <group>: who may NOTIFY it, and what becomes of that. */
mln_err mln_aggregated_decide(struct mln_exec *e, enum mln_verdict *ret);
mln_err mln_aggregated_notified(struct mln_exec *e);
