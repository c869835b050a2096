/* What the parts of a target share. Internal to client.
 *
 *     target.c        makes the target, its keys, and what it publishes
 *     target_take.c   a notification: random objects, protected requests and their answers
 *     target_poll.c   the polling channel */
#pragma once

#include "client/client_int.h"
#include "e2e/target.h"

struct mln_target_key {
    char *id;
    char *originator; /* pattern */
    struct mln_secret *secret;
    struct mln_association *association;
};

struct mln_poller {
    char *uri; /* pollingChannelURI; NULL: does not poll */
    merlon_notified *notified;
    void *data;
    struct mln_client_call *poll; /* under way, or NULL */
    int64_t began_us;             /* monotonic */
    struct mln_timer timer;       /* the next try after a failure */
    int64_t pause_us;             /* before that */
};

struct merlon_target {
    struct merlon_client *client;
    char *ae;
    struct mln_target_key *keys;
    size_t key_count;
    struct mln_esprim_target *engine;
    struct mln_limits limits;
    merlon_handle *handle;
    void *data;
    struct merlon_receiver *receiver; /* or NULL */
    struct mln_poller poller;
    struct mln_client_call *update; /* of the <AE>, or NULL */
    struct mln_timer renewal;
};

/* ---- target_poll.c ---- */

/* Ends what is under way. */
void mln_target_poll_end(struct merlon_target *target);
