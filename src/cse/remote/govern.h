/* What the CMDH policy of this CSE makes of a request that is passed on: it fills in what the
 * request does not say, refuses it, or holds it until the network may be used.
 *
 * A request that is held is parked, and judged again when its time has come, and each minute; so a
 * policy that has changed counts for it, too. The worker's thread.
 * spec: TS-0004 H.2; docs/decisions/0035 */
#pragma once

#include "cse/outbound.h"
#include "cse/remote/buffer.h"

/* Of one request; all zero at the beginning. */
struct mln_govern {
    uint64_t neighbour; /* id of the <remoteCSE> */
    struct mln_cmdh_verdict verdict;
    int64_t spread_us; /* chosen once */
    bool is_spread;
    bool is_accepted;   /* it has waited, or was sent */
    bool has_failed;    /* the neighbour was not reached */
    int64_t planned_us; /* when it is to leave; 0: at once */
};

/* In the view, whenever the request is about to leave. Nothing while no policy is active.
 * Errors: BAD_REQUEST (the policy refuses it), TIMEOUT, NOT_REACHABLE (it was accepted before, and
 * cannot leave in time), STORE_*, NO_MEMORY, SYSTEM. */
mln_err mln_govern_judge(struct mln_exec *e, struct mln_govern *g, uint64_t neighbour);

/* Too much is under way to the neighbour: who was held waits on.
 * Errors: NOT_REACHABLE, TIMEOUT. */
mln_err mln_govern_delay(struct mln_exec *e, struct mln_govern *g);

bool mln_govern_must_wait(const struct mln_exec *e, const struct mln_govern *g);

/* Parks it; `bytes` of Content and From. Errors: BAD_REQUEST (there is no room), NOT_REACHABLE
 * (there was before), OVERLOAD, REQUEST_PENDING, NO_MEMORY. */
mln_err mln_govern_hold(struct mln_exec *e, struct mln_govern *g, uint64_t bytes);

/* It is about to be sent. Errors: NOT_REACHABLE (it had to give up its place). */
mln_err mln_govern_release(struct mln_exec *e, struct mln_govern *g);

/* An attempt is over. True: it has failed, and the request is to be judged anew, to be held as long
 * as the policy backs off. */
bool mln_govern_repeats(struct mln_exec *e, struct mln_govern *g,
                        const struct mln_outbound_answer *answer);
