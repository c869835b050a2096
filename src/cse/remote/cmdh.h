/* Communication management and delivery handling: may a message leave for another CSE, and when?
 *
 * The rules are those of the active [cmdhPolicy] of this CSE (cse/types/cmdh.h), read from the view
 * for each message: a policy that has changed counts from the next message on. What a mgmtLink
 * names counts when it is a child of what has the link.
 * spec: TS-0004 H.2; TS-0001 D.12; docs/decisions/0035 */
#pragma once

#include "cse/address/locate.h"

/* The parameters of a request that have times. */
enum mln_cmdh_time {
    MLN_CMDH_RQET,
    MLN_CMDH_RSET,
    MLN_CMDH_OET,
    MLN_CMDH_RP,
    MLN_CMDH_TIMES,
};

/* What is judged. */
struct mln_cmdh_message {
    const struct mln_entity *from;
    bool is_local_ae;                 /* an AE that is registered here */
    struct mln_slice app_id;          /* of that AE */
    int ec;                           /* 0: not said; then filled in */
    int64_t ot_us;                    /* Originating Timestamp, or when it came here */
    int64_t times_us[MLN_CMDH_TIMES]; /* MLN_NO_TIME: not said; then filled in, MLN_TIMESTAMP_MAX
                                         for what has no end */
    int da;                           /* Delivery Aggregation; -1: not said */
};

/* Microseconds. spec: TS-0001 D.12.7 backOffParameters */
struct mln_cmdh_back_off {
    int64_t initial_us;
    int64_t additional_us;
    int64_t most_us;
    int64_t random_us;
};

/* How it may leave. */
struct mln_cmdh_verdict {
    bool is_judged;    /* false: it is immediate */
    int64_t opens_us;  /* when the network may be used next: in the past when it may be used now */
    int64_t spread_us; /* then it waits up to so long */
    struct mln_cmdh_back_off back_off;
    uint64_t buffer; /* id of the [cmdhBuffer] */
    uint64_t buffer_bytes;
    unsigned priority; /* 1..10 */
};

/* By the active policy (mln_cmdh_active): fills in what the message does not say, and holds it
 * against the policy. Errors: BAD_REQUEST (it may not leave; the fault tells why), STORE_*,
 * NO_MEMORY. */
mln_err mln_cmdh_judge(const struct mln_lookup *l, const struct mln_resource *policy,
                       struct mln_cmdh_message *message, struct mln_cmdh_verdict *ret,
                       struct mln_fault *fault);
