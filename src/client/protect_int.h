/* What the parts of a protected client share. Internal to client.
 *
 *     protect.c           makes the client and its keys
 *     protect_receiver.c  gets receiver objects: e2eSecInfo of the target, or a NOTIFY for one
 *     protect_call.c      a call: protects, sends over the carrier, opens the answer
 *
 * All run on the carrier's loop. */
#pragma once

#include "client/client_int.h"
#include "e2e/security_info.h"
#include "e2e/session.h"

struct mln_guarded;

struct mln_shield {
    struct merlon_client *client;  /* the protected one */
    struct merlon_client *carrier; /* borrowed */
    char *target;                  /* CSEBase or AE at the other end */
    const struct mln_serialisation *form;
    struct mln_limits limits;
    struct mln_esprim_session *session;
    struct mln_guarded *calls;                 /* under way */
    struct mln_client_call *errand;            /* at the carrier, for a receiver object; or NULL */
    char receiver_id[MLN_E2E_RANDOM_TEXT + 1]; /* of the last receiver object; "" for none */
};

/* ---- protect.c ---- */

/* A request to the target, in the arena. `info` becomes m2m:securityInfo of a NOTIFY; NULL makes a
 * RETRIEVE of e2eSecInfo. Errors: NO_MEMORY, LIMIT. */
mln_err mln_shield_request(const struct mln_shield *shield, struct mln_arena *arena,
                           struct mln_value *info, struct merlon_request *ret);

/* A member of the m2m:securityInfo of an answer, which must be of that type; NULL when it is not,
 * or has no such member. */
const struct mln_value *mln_shield_answer(const struct merlon_response *response,
                                          enum mln_security_info type, struct mln_slice member);

/* ---- protect_receiver.c ---- */

/* Makes sure that a receiver object is on its way; mln_shield_received tells the end. Errors: those
 * of mln_client_start. */
mln_err mln_shield_want_receiver(struct mln_shield *shield, struct mln_fault *fault);

/* ---- protect_call.c ---- */

/* A receiver object has come, or *why tells that none will: the calls that wait for it go on. */
void mln_shield_received(struct mln_shield *shield, const struct mln_client_result *why);

/* Ends all calls with CANCELLED. */
void mln_shield_cut(struct mln_shield *shield);
