/* End-to-end keys by certificate (ESCertKE): a handshake of TLS in two notifications and their
 * answers, after which both ends have a pairwise key.
 *
 * Messages are the text of escertkeMessage: base64. The terminating end keeps one handshake for
 * each originator, for a short time; any thread may call it, but new and free. A run of the
 * initiating end belongs to one thread at a time. spec: TS-0003 8.7, TS-0004 7.5.1.2.12;
 * security.md 28; docs/decisions/0052-escertke.md */
#pragma once

#include "e2e/made_keys.h"
#include "model/cover.h"
#include "model/value.h"

/* ---- the terminating end ---- */

struct mln_escertke;

/* All is borrowed. */
struct mln_escertke_options {
    const struct mln_env *env;
    const struct mln_limits *limits; /* escertke_* */
    struct mln_tls_slot *slot;       /* our certificates and whom we trust, as for connections */
    struct mln_made_keys *keys;      /* where keys go; of the same slot */
};

/* Errors: NO_MEMORY, SYSTEM. */
mln_err mln_escertke_new(const struct mln_escertke_options *options, struct mln_escertke **ret);
void mln_escertke_free(struct mln_escertke *e); /* accepts NULL */

/* Have we a certificate and a trust anchor now? */
bool mln_escertke_is_ready(const struct mln_escertke *e);

/* A message from an originator. */
struct mln_escertke_message {
    struct mln_slice text;
    const struct mln_entity *from; /* whom the certificate has to name */
    const struct mln_names *names; /* for the names of credentials */
    struct mln_arena *arena;
    struct mln_fault *fault;
};

/* Takes message 1 or 3, and gives 2 or 4, in the arena; with 4, the key is there. With an error
 * *ret is the alert for the originator, or empty.
 * Errors: ESCERTKE (also: no handshake of this originator waits for this), LIMIT (message too long,
 * too many handshakes or keys), NOT_IMPLEMENTED (no certificate, or no trust anchor), NO_MEMORY.
 * spec: security.md 28.2 */
mln_err mln_escertke_take(struct mln_escertke *e, const struct mln_escertke_message *message,
                          struct mln_slice *ret);

/* ---- the initiating end ---- */

struct mln_escertke_run;

/* As mln_tls_tunnel_connect. */
mln_err mln_escertke_begin(struct mln_tls_client *client, const struct mln_tls_target *target,
                           struct mln_fault *fault, struct mln_escertke_run **ret);
void mln_escertke_run_free(struct mln_escertke_run *run); /* accepts NULL */

/* Takes m2m:securityInfo of an answer, or NULL to begin with, and gives the message for the next
 * notification, in the arena; empty: the key is made. With an error the run is over, and *ret is
 * the alert that may be sent in its place, or empty. Errors: ESCERTKE (not the answer to this, or
 * not by who should be there), LIMIT, NO_MEMORY. */
mln_err mln_escertke_step(struct mln_escertke_run *run, const struct mln_value *info,
                          struct mln_arena *arena, struct mln_fault *fault, struct mln_slice *ret);

/* Once, after the last step: the key, and its kid. The association tells the end of the key, which
 * comes at `until_us` at the latest. Errors: ESCERTKE, NO_MEMORY. */
mln_err mln_escertke_finish(struct mln_escertke_run *run, int64_t until_us, struct mln_fault *fault,
                            struct mln_pair_key *ret, char ret_kid[static MLN_MADE_KID]);
