/* Removing entries of the outbox that are dealt with, and noting what follows from them. Many share
 * a job of the store. Duties' thread. */
#pragma once

#include "cse/notify/duties_int.h"
#include "cse/notify/tally.h"

struct mln_eraser;
struct mln_announce_outcome;

/* An entry to be removed from the store. */
struct mln_erasure {
    struct mln_lane lane;
    uint64_t number;
    struct mln_tally tally;               /* for the statistics of the subscription */
    bool counts;                          /* against expirationCounter, if there is one */
    struct mln_announce_outcome *outcome; /* to be noted for a copy, owned; or NULL */
};

/* `erased` is told of each entry after the commit. Errors: NO_MEMORY. */
mln_err mln_eraser_new(struct mln_duties *duties,
                       void (*erased)(void *data, const struct mln_erasure *erasure), void *data,
                       struct mln_eraser **ret);

/* False without memory: then the outcome is still the caller's. */
bool mln_eraser_note(struct mln_eraser *e, const struct mln_erasure *erasure);

/* Goes on with what is left. */
void mln_eraser_go_on(struct mln_eraser *e);

void mln_eraser_stop(struct mln_eraser *e);
void mln_eraser_free(struct mln_eraser *e);
