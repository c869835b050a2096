/* An attempt to send one request, mostly a NOTIFY: tries the points of access of a target in order
 * until one answers, or its polling channel. The caller's storage must live until `done`; the
 * worker's thread. spec: TS-0004 7.3.3.9.1 */
#pragma once

#include "cse/notify/channel.h"
#include "cse/notify/reach.h"

enum { MLN_ATTEMPT_RQI = 48 };

struct mln_attempt {
    struct mln_worker *worker;
    struct mln_reach reach;      /* slices must live as long as the attempt */
    enum mln_op op;              /* 0: NOTIFY */
    struct mln_slice passed_rqi; /* of a request that is passed on, which no polling channel keeps;
                                    empty: a new one */
    struct mln_slice fr;         /* originator of the request */
    struct mln_slice rvi;
    int ec;                         /* Event Category, 0 for none */
    struct mln_slice content;       /* packed */
    const struct mln_value *params; /* further parameters, or NULL: struct mln_outbound_request */
    int64_t timeout_us;             /* for all points of access together; each gets a share */
    void (*done)(struct mln_attempt *attempt, const struct mln_outbound_answer *answer);
    void *data;
    unsigned next; /* url to try next; the attempt's own, like the next */
    int64_t deadline_us;
    struct mln_offer offer;
    char rqi[MLN_ATTEMPT_RQI];
};

/* Microseconds that a request may wait for an answer: `most_ms`, or less when it expires before. */
int64_t mln_attempt_time(const struct mln_exec *e, uint64_t most_ms);

/* What creates, updates or deletes is sent again only while none of it has left: it could be
 * carried out twice. A NOTIFY of this CSE itself to an entity that the settings name goes inside an
 * ESPrim object (protect/originate.h). `done` is called exactly once, perhaps before returning:
 * with an answer, or with the last failure, or with NOT_REACHABLE when there is no point of access.
 */
void mln_attempt_start(struct mln_attempt *attempt);

/* The same with a request of this CSE itself that a parked one waits for, at the longest `most_ms`.
 * `done`, `data`, `reach` and `content` are set. */
void mln_attempt_start_for(struct mln_exec *e, struct mln_attempt *attempt, uint64_t most_ms);

/* A Request Identifier that no other request of this CSE has, NUL-terminated. */
struct mln_slice mln_attempt_rqi(struct mln_worker *worker, char ret[static MLN_ATTEMPT_RQI]);

/* From, as the receiver must read it: we ourselves are named absolutely where our service provider
 * is not its own; whoever else asks has been named so. spec: TS-0004 7.3.2.6 */
struct mln_slice mln_attempt_sender(const struct mln_attempt *attempt);

/* Did the receiver take it? An answer with a Response Status Code counts by that, one without
 * (a receiver that does not speak oneM2M) by its transport status. */
bool mln_attempt_succeeded(const struct mln_outbound_answer *answer);

/* Refused for good: the receiver understood and does not want it, or there is no such path. */
bool mln_attempt_is_refused(const struct mln_outbound_answer *answer);
