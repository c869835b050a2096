/* Polling channels: requests for entities that nobody can reach, and the polls that fetch them.
 *
 * The channels belong to the duties' thread. Who offers a request, polls or brings an answer from
 * another thread posts there and hears back by posting; so all three structures stay with their
 * owners, untouched, until `done`. Nothing of this is stored: a request on a channel has a sender
 * that waits for its answer, and a notification stays in the outbox until it was answered.
 * spec: TS-0001 10.2.5.17 to 10.2.5.19; TS-0004 7.4.22; docs/decisions/0018-polling-channels.md */
#pragma once

#include "cse/cse_int.h"
#include "cse/notify/fresh.h"

struct mln_channel;
struct mln_channels;
struct mln_offer;

/* A ring; the head stands in it. The channels' own. */
struct mln_channel_link {
    struct mln_channel_link *next;
    struct mln_channel_link *prev;
};

/* An answer to a request that was polled, on its way to whoever sent the request. */
struct mln_reply {
    struct mln_worker *worker;
    uint64_t channel;                  /* id of the <pollingChannel> */
    struct mln_slice rqi;              /* of the request */
    struct mln_outbound_answer answer; /* borrowed until `done` */
    /* On the worker's thread. Errors: BAD_REQUEST (no such request was polled on this channel),
     * OVERLOAD (the server stops). */
    void (*done)(struct mln_reply *reply, mln_err outcome);
    void *data;
    struct mln_task task; /* the channels' own, like the next */
    mln_err outcome;
};

/* A request for the entity that polls. */
struct mln_offer {
    struct mln_worker *worker;
    uint64_t channel;
    struct mln_outbound_request request; /* without url and timeout; borrowed until `done`, what
                                            params point to as well */
    int64_t until_us;                    /* its Request Expiration Timestamp */
    /* On the worker's thread: with the answer, or TIMEOUT, NOT_REACHABLE (too many wait, or the
     * server stops), LIMIT (it is larger than an answer may be), NO_MEMORY. */
    mln_outbound_done *done;
    void *data;
    struct mln_channel_link link; /* the channels' own, like the next */
    struct mln_channel *at;
    struct mln_task task;
    void *timer;
    struct mln_outbound_answer answer;
    struct mln_reply *reply; /* what brought the answer */
    uint64_t poll;           /* serial number of the poll that fetched it, of this worker */
    const struct mln_worker *poller;
};

/* Somebody waits for a request. */
struct mln_poll {
    struct mln_worker *worker;
    uint64_t serial; /* among those of the worker */
    uint64_t channel;
    int64_t until_us;
    struct mln_arena *arena; /* where the request is written */
    size_t most;             /* bytes of it */
    uint64_t at_once;        /* requests that it takes; 0: one, not aggregated */
    struct mln_slice pc;     /* packed {"m2m:rqp": ...}, or aggregated {"m2m:agrp": {"m2m:rqp":
                                [...]}}; valid in done without an error */
    /* On the worker's thread. Errors: TIMEOUT, OVERLOAD (the server stops), NO_MEMORY. */
    void (*done)(struct mln_poll *poll, mln_err outcome);
    void *data;
    struct mln_channel_link link; /* the channels' own, like the next */
    struct mln_channel *at;
    struct mln_task task;
    void *timer;
    mln_err outcome;
};

/* Any worker's thread. `done` is called exactly once: of an offer perhaps before returning. */
void mln_channel_offer(struct mln_offer *offer);
void mln_channel_poll(struct mln_poll *poll);
void mln_channel_reply(struct mln_reply *reply);

/* Who polls has gone, before `done` or in it: if it waits still it ends by TIMEOUT, and what it has
 * fetched goes to another one. Without memory that takes until it expires. The poll's worker. */
void mln_channel_leave(const struct mln_poll *poll);

/* ---- for the duties, on their thread ---- */

/* Wants to hear of the next poll. */
struct mln_channel_waiter {
    struct mln_channel_link link; /* the channels' own, like the next */
    struct mln_channel *at;       /* NULL: does not wait */
    void (*wake)(struct mln_channel_waiter *waiter);
};

/* Errors: NO_MEMORY. */
mln_err mln_channels_new(struct mln_duties *duties, struct mln_channels **ret);

/* Ends all polls and offers, also those that come later. */
void mln_channels_stop(struct mln_channels *channels);
void mln_channels_free(struct mln_channels *channels);

/* The <pollingChannel>s with these ids were deleted: their polls end by TIMEOUT, their offers by
 * NOT_REACHABLE, and who waits for a poll looks again. More than MLN_FRESH_CHANNELS are not all
 * known: then all polls end, and come again where there is still a channel. */
void mln_channels_end(struct mln_channels *channels, const uint64_t *ids, size_t count);

/* How many requests would be fetched at once? */
uint64_t mln_channel_room(const struct mln_channels *channels, uint64_t id);

/* `wake` is called once, when a poll waits for a request; each poll wakes no more than it takes.
 * Errors: NO_MEMORY. */
mln_err mln_channel_wait(struct mln_channels *channels, uint64_t id,
                         struct mln_channel_waiter *waiter);

/* Not any more; fine when it does not wait. */
void mln_channel_unwait(struct mln_channel_waiter *waiter);
