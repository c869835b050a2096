/* The duties of the CSE, shared by the files that do them: deliver.c empties the outbox, upkeep.c
 * deletes what has expired, carries out alarms and purges, channel.c keeps the polling channels,
 * duties.c holds them together. Worker's thread. */
#pragma once

#include "cse/notify/attempt.h"
#include "cse/notify/channel.h"
#include "cse/notify/fresh.h"
#include "cse/notify/outbox.h"

struct mln_deliverer;
struct mln_upkeep;
struct mln_registration;
struct mln_announcer;
struct mln_courier;
struct mln_resumer;

struct mln_duties {
    struct mln_worker *worker;
    struct mln_cse *cse;
    bool is_stopped;
    struct mln_duties_stats stats;
    struct mln_deliverer *deliverer;
    struct mln_upkeep *upkeep;
    struct mln_channels *channels;
    struct mln_registration *registration; /* NULL: there is no registrar */
    struct mln_announcer *announcer;
    struct mln_courier *courier;
    struct mln_resumer *resumer;
};

/* ---- deliver.c ---- */

/* Errors: NO_MEMORY. */
mln_err mln_deliverer_new(struct mln_duties *duties, struct mln_deliverer **ret);
void mln_deliverer_stop(struct mln_deliverer *d);
void mln_deliverer_free(struct mln_deliverer *d);

/* Something waits in this lane. */
void mln_deliverer_kick(struct mln_deliverer *d, struct mln_lane lane);

/* Does the entry at hand of this lane, for a copy at another CSE, have to be tried again? */
bool mln_deliverer_has_failed(struct mln_deliverer *d, struct mln_lane lane);

/* Looks through the whole outbox for lanes with something in them. */
void mln_deliverer_look(struct mln_deliverer *d);

/* ---- upkeep.c ---- */

/* Errors: NO_MEMORY. */
mln_err mln_upkeep_new(struct mln_duties *duties, struct mln_upkeep **ret);
void mln_upkeep_stop(struct mln_upkeep *u);
void mln_upkeep_free(struct mln_upkeep *u);

/* The earliest expirationTime or alarm may have changed: wait for them anew. */
void mln_upkeep_rearm(struct mln_upkeep *u);

/* There is something to purge. */
void mln_upkeep_purge(struct mln_upkeep *u);
