/* What the parts of a target share. Internal to client.
 *
 *     target.c        makes the target, its keys, and what it publishes
 *     target_certify.c  keys that are made by certificate
 *     target_take.c   a notification: random objects, protected requests and their answers
 *     target_poll.c   the polling channel */
#pragma once

#include "client/client_int.h"
#include "e2e/escertke.h"
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

/* Makes keys by certificate. */
struct mln_target_maker {
    struct mln_tls_slot *slot;
    struct mln_made_keys *keys;
    struct mln_escertke *end; /* NULL: makes none */
    char *cse_id;
    char *originator;       /* pattern */
    struct mln_names names; /* parts of cse_id */
};

struct merlon_target {
    struct merlon_client *client;
    char *ae;
    struct mln_target_key *keys;
    size_t key_count;
    struct mln_target_maker maker;
    struct mln_esprim_target *engine;
    struct mln_limits limits;
    merlon_handle *handle;
    void *data;
    struct merlon_receiver *receiver; /* or NULL */
    struct mln_poller poller;
    struct mln_client_call *update; /* of the <AE>, or NULL */
    struct mln_timer renewal;
};

/* ---- target_certify.c ---- */

void mln_target_maker_done(struct mln_target_maker *maker);

/* A key that was made. Errors: NOT_FOUND, NO_MEMORY. */
mln_err mln_target_made_key(struct merlon_target *target, struct mln_slice kid, int64_t now_us,
                            struct mln_pair_key *ret);

/* Does the association, of such a key, prove that originator? */
bool mln_target_certified(const struct merlon_target *target,
                          const struct mln_association *association, struct mln_slice from);

/* Takes a message of ESCertKE; as mln_escertke_take. Also PARAM_INVALID (From). */
mln_err mln_target_message(struct merlon_target *target, struct mln_slice text,
                           struct mln_slice from, struct mln_arena *arena, struct mln_fault *fault,
                           struct mln_slice *ret);

/* ---- target_poll.c ---- */

/* Ends what is under way. */
void mln_target_poll_end(struct merlon_target *target);
