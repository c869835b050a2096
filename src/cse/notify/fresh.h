/* Fresh work: what a batch of the store left for the duties.
 *
 * Collected on the executor's thread while jobs run, handed over as one message after the commit.
 * It is a hint only: a batch that was rolled back leaves entries that lead nowhere, and what a
 * message could not hold is found by looking through the outbox again. */
#pragma once

#include "base/task.h"
#include "cse/notify/outbox.h"

struct mln_fresh;

enum { MLN_FRESH_CHANNELS = 16 };

/* One message; the receiver frees it with mln_free. */
struct mln_fresh_message {
    struct mln_task task;      /* for posting */
    struct mln_duties *duties; /* the receiver */
    bool must_look;            /* lanes are missing: look through the outbox */
    bool has_purge;
    bool has_registrees;  /* CSEs have registered or gone, or what lies behind them changed */
    bool has_deliveries;  /* requests were handed over */
    int64_t earliest_us;  /* expirationTime or alarm written that is earlier than the awaited one */
    size_t channel_count; /* <pollingChannel>s that were deleted, of which these are known */
    uint64_t channels[MLN_FRESH_CHANNELS];
    size_t count;
    struct mln_lane lanes[];
};

/* Errors: NO_MEMORY. */
mln_err mln_fresh_new(struct mln_fresh **ret);
void mln_fresh_free(struct mln_fresh *fresh);

/* Executor's thread. */
void mln_fresh_lane(struct mln_fresh *fresh, struct mln_lane lane);
void mln_fresh_purge(struct mln_fresh *fresh);
void mln_fresh_channel(struct mln_fresh *fresh, uint64_t id); /* a <pollingChannel> was deleted */
void mln_fresh_registrees(struct mln_fresh *fresh);
void mln_fresh_deliveries(struct mln_fresh *fresh);
void mln_fresh_expiry(struct mln_fresh *fresh, int64_t et_us); /* or the time of an alarm */

/* Executor's thread, after the commit: the message, or NULL when there is nothing to say (or no
 * memory: then it is said later). */
struct mln_fresh_message *mln_fresh_take(struct mln_fresh *fresh);

/* The duties have lost sight of something for want of memory: the message after the next commit,
 * whatever it is about, tells them to look for it. Any thread. */
void mln_fresh_want_look(struct mln_fresh *fresh);

/* The duties wait for this time, of an expiry or an alarm; later ones are of no interest. Any
 * thread. */
void mln_fresh_await(struct mln_fresh *fresh, int64_t et_us);
