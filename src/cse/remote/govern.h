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

/* In the view of a request that is to be accepted, and passed on later: would it be refused?
 * Errors: as mln_govern_judge. */
mln_err mln_govern_check(struct mln_exec *e);

/* One of the requests that a group makes of this one: it cannot wait. *ret_ec is its Event Category
 * when the request says none, else 0. Errors: NOT_REACHABLE, STORE_*, NO_MEMORY, SYSTEM. */
mln_err mln_govern_member(const struct mln_exec *e, const struct mln_lookup *l, uint64_t neighbour,
                          int *ret_ec);

/* A notification of this CSE itself to another CSE. */
struct mln_govern_notice {
    int64_t created_us;
    int ec; /* 0: it says none; filled in */
    struct mln_cmdh_verdict verdict;
    int64_t opens_us; /* when it may leave; in the past: now. The spreading is not in it. */
    int64_t rqet_us;  /* by which it must have left, or MLN_NO_TIME */
    bool is_refused;  /* it must not leave */
};

/* In the view. Errors: STORE_*, NO_MEMORY. */
mln_err mln_govern_notice(const struct mln_lookup *l, uint64_t neighbour,
                          struct mln_govern_notice *notice);

/* When it may leave, with a spreading of its own. */
int64_t mln_govern_spread(const struct mln_env *env, const struct mln_govern_notice *notice);

/* How an attempt to reach the neighbour has ended, for those that come later. */
void mln_govern_note(const struct mln_cse *cse, uint64_t neighbour,
                     const struct mln_cmdh_verdict *verdict,
                     const struct mln_outbound_answer *answer);
