/* Asking other CSEs several things for one request that waits: all at once, but only so many open
 * at a time, until a point in time that the caller says.
 *
 * The ways are those of TS-0004 7.3.2.6, as this CSE itself would send. What is not answered in
 * time is told to be late. The worker's thread, without a view. */
#pragma once

#include "cse/notify/attempt.h"
#include "cse/remote/way.h"

/* One question; the caller's, mostly the first member of something larger. */
struct mln_ask {
    struct mln_ask *next;
    struct mln_slice to; /* of another CSE */
    enum mln_op op;      /* 0: the same as all; else with these: */
    struct mln_slice content;
    const struct mln_value *params;
};

struct mln_asking_slot;

struct mln_asking {
    struct mln_exec *e;   /* that waits; everything here lives in its arena */
    struct mln_ask *next; /* to be asked yet, in this order */
    enum mln_op op;
    struct mln_slice fr;
    struct mln_slice fr_abroad;     /* the same, absolute */
    struct mln_slice content;       /* packed, or empty */
    const struct mln_value *params; /* struct mln_outbound_request, or NULL */
    bool is_group_request;          /* for the originator of the request: remote/errand.h */
    int64_t until_us;
    /* Called once for each: with the answer, or with why there is none: TIMEOUT when it is late. */
    void (*take)(struct mln_asking *a, struct mln_ask *ask,
                 const struct mln_outbound_answer *answer);
    void (*done)(struct mln_asking *a); /* once, after the last of them */
    void *data;                         /* the caller's */
    struct mln_asking_slot *slots;      /* of its own, like the next */
    size_t slot_count;
    size_t open;
    bool is_pumping;
};

/* `done` may be called before the return. Errors: NO_MEMORY; then nothing is asked. */
mln_err mln_asking_start(struct mln_asking *a);
