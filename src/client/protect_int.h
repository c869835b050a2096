/* What the parts of a protected client share. Internal to client.
 *
 *     protect.c           makes the client, its keys and sessions
 *     protect_key.c       establishes a key by certificate (ESCertKE)
 *     protect_receiver.c  gets receiver objects: e2eSecInfo of the target, or a NOTIFY for one
 *     protect_call.c      a call: protects, sends over the carrier, opens the answer
 *
 * All run on the carrier's loop. */
#pragma once

#include "client/client_int.h"
#include "e2e/escertke.h"
#include "e2e/security_info.h"
#include "e2e/session.h"

struct mln_guarded;

/* A session and the calls that have gone out under it: with another key another one begins, while
 * answers may still come. */
struct mln_keyed {
    struct mln_esprim_session *session;
    size_t uses;
};

/* How keys are made by certificate. */
struct mln_shield_maker {
    struct mln_tls_client *tls; /* NULL: the key was given */
    char *peer;                 /* absolute CSE-ID or AE-ID */
    bool is_cse;
    struct mln_escertke_run *run; /* under way, or NULL */
    char kid[MLN_MADE_KID + 1];
    struct mln_pair_key key; /* the last one that was made */
    int64_t renew_us;        /* when another one is made in its place */
};

struct mln_shield {
    struct merlon_client *client;  /* the protected one */
    struct merlon_client *carrier; /* borrowed */
    char *target;                  /* CSEBase or AE at the other end */
    const struct mln_serialisation *form;
    struct mln_limits limits;
    struct mln_keyed *keyed; /* NULL: a key must be made */
    struct mln_shield_maker maker;
    struct mln_guarded *calls;      /* under way */
    struct mln_client_call *errand; /* at the carrier, for a key or a receiver object; or NULL */
    struct mln_shield_wait *wait;   /* somebody who waits for a key, or NULL */
    char receiver_id[MLN_E2E_RANDOM_TEXT + 1]; /* of the last receiver object; "" for none */
};

/* ---- protect.c ---- */

/* A request to the target, in the arena. `info` becomes m2m:securityInfo of a NOTIFY; NULL makes a
 * RETRIEVE of e2eSecInfo. Errors: NO_MEMORY, LIMIT. */
mln_err mln_shield_request(const struct mln_shield *shield, struct mln_arena *arena,
                           struct mln_value *info, struct merlon_request *ret);

/* A session with the key, in the place of the present one. Errors: CONFIG, NO_MEMORY. */
mln_err mln_shield_use_key(struct mln_shield *shield, struct mln_slice kid,
                           const struct mln_secret *key);

void mln_keyed_unref(struct mln_keyed *keyed); /* accepts NULL */

/* A member of the m2m:securityInfo of an answer, which must be of that type; NULL when it is not,
 * or has no such member. */
const struct mln_value *mln_shield_answer(const struct merlon_response *response,
                                          enum mln_security_info type, struct mln_slice member);

/* ---- protect_key.c ---- */

/* Is there no key, or one that another is due for? */
bool mln_shield_needs_key(const struct mln_shield *shield);

/* Makes sure that a key is on its way; mln_shield_received tells the end. Errors: PROTECTION, those
 * of mln_client_start. */
mln_err mln_shield_want_key(struct mln_shield *shield, struct mln_fault *fault);

/* The target does not know the key (any more), and it may have been replaced already. True when
 * there is another one, or one can be made. */
bool mln_shield_forget_key(struct mln_shield *shield, const struct mln_keyed *keyed);

/* Who waits for a key. */
struct mln_shield_wait {
    struct mln_client_result result;
    bool is_done;
};

/* ---- protect_receiver.c ---- */

/* Makes sure that a receiver object is on its way; mln_shield_received tells the end. Errors: those
 * of mln_client_start. */
mln_err mln_shield_want_receiver(struct mln_shield *shield, struct mln_fault *fault);

/* Sends a request to the target as the errand. As mln_shield_request and mln_client_start. */
mln_err mln_shield_send(struct mln_shield *shield, struct mln_value *info, mln_client_done *done,
                        struct mln_arena *arena, struct mln_fault *fault);

/* The end of an errand: calls mln_shield_received. The second is for one that brought no success:
 * `what` was wanted. */
void mln_shield_end(struct mln_shield *shield, mln_err err, int rsc, const struct mln_fault *fault);
void mln_shield_end_without(struct mln_shield *shield, const char *what,
                            const struct mln_client_result *result);

/* ---- protect_call.c ---- */

/* A key or a receiver object has come, or *why tells that none will: the calls that wait for it go
 * on. */
void mln_shield_received(struct mln_shield *shield, const struct mln_client_result *why);

/* Ends all calls with CANCELLED. */
void mln_shield_cut(struct mln_shield *shield);
