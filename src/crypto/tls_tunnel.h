/* A TLS handshake that is carried by others: four messages, and a key that both ends take from it.
 *
 * For ESCertKE. A message is a flight, whole: what comes in is one, and so is what goes out;
 * pieces, several, application data and warnings end the handshake. TLS 1.2, suites with ECDHE and
 * ECDSA, certificates of both sides, extended master secret; nothing is resumed, no ticket is
 * given. The certificates are judged as those of connections are, by what the context or the client
 * has. No data follows. A tunnel belongs to one thread at a time. spec:
 * TS-0003 8.7.2.2, 10.2.3, 10.3.1; security.md 14, 28; docs/decisions/0052-escertke.md */
#pragma once

#include "crypto/kdf.h"
#include "crypto/tls.h"

enum { MLN_TLS_FLIGHT_BYTES = 65536 };

/* What a message is, by its records; nothing of it is believed yet. */
enum mln_tls_flight {
    MLN_TLS_FLIGHT_BAD,
    MLN_TLS_FLIGHT_1, /* ClientHello */
    MLN_TLS_FLIGHT_2, /* ServerHello to ServerHelloDone */
    MLN_TLS_FLIGHT_3, /* Certificate to Finished, of the client */
    MLN_TLS_FLIGHT_4, /* ChangeCipherSpec and Finished, of the server */
    MLN_TLS_FLIGHT_ALERT,
};
enum mln_tls_flight mln_tls_flight_of(struct mln_slice message);

/* "certificate expired": what an alert says, constant. */
const char *mln_tls_alert_text(struct mln_slice alert);

struct mln_tls_tunnel;

/* The initiating end. `target` names who has to be there (its `why` is not used); a CSE is greeted
 * by its domain name (SNI). The client needs a certificate and a verifier. `use`: what the key will
 * be for; a credential that is configured for another proves nothing.
 * Errors: CONFIG (the fault says what is missing), NO_MEMORY. */
mln_err mln_tls_tunnel_connect(struct mln_tls_client *client, const struct mln_tls_target *target,
                               enum mln_use use, struct mln_fault *fault,
                               struct mln_tls_tunnel **ret);

/* Can it terminate at all? It needs a certificate, and an anchor for those of clients. */
bool mln_tls_tunnel_can_accept(const struct mln_tls *tls);

/* The terminating end. Errors: CONFIG (the context has no certificate, or no anchor for those of
 * clients), NO_MEMORY. */
mln_err mln_tls_tunnel_accept(struct mln_tls *tls, enum mln_use use, struct mln_fault *fault,
                              struct mln_tls_tunnel **ret);
void mln_tls_tunnel_free(struct mln_tls_tunnel *tunnel); /* accepts NULL */

/* Takes a message, an empty one for the initiating end to begin with, and gives the next; after
 * message 4 that is empty. It lives until the next call.
 * Errors: ESCERTKE (the handshake is over; the fault says why), NO_MEMORY. */
mln_err mln_tls_tunnel_step(struct mln_tls_tunnel *tunnel, struct mln_slice message,
                            struct mln_fault *fault, struct mln_slice *ret);

/* For the other end, after an error: why. Empty: there is nothing to tell. It lives until the
 * tunnel is freed. */
struct mln_slice mln_tls_tunnel_alert(const struct mln_tls_tunnel *tunnel);

struct mln_tls_made {
    unsigned char id[MLN_KDF_ID];
    struct mln_secret *key;              /* MLN_KDF_KEY bytes; the caller's */
    struct mln_association *association; /* whom the other's certificate proves; the caller's */
};

/* Once, after the last step: the key. An error is as one of the last step. Without credentials the
 * association is that which the certificate itself says.
 * Errors: ESCERTKE (the certificate stands for nobody; no extended master secret), NO_MEMORY. */
mln_err mln_tls_tunnel_conclude(struct mln_tls_tunnel *tunnel, struct mln_fault *fault,
                                struct mln_tls_made *ret);

/* Of the caller, who finds that the other is not who it should be: from now on there is the alert
 * "access denied". */
void mln_tls_tunnel_deny(struct mln_tls_tunnel *tunnel);
