/* TLS by the profile of oneM2M: contexts, and what a handshake has proved.
 *
 * A context is immutable and shared by count: to change certificates, lists or authorities, another
 * is made and exchanged in its slot; connections that stand keep theirs. Versions 1.2 and 1.3;
 * pre-shared keys, certificates of both sides, resumption by tickets that restore the association.
 * No peer is believed beyond what the credentials say. This file moves no bytes: io/ drives the
 * handshake of the SSL objects made here. Contexts and slots: any thread; a link: one thread.
 * spec: TS-0003 10.2, security.md 14, security.md 16; docs/internals/tls.md */
#pragma once

#include "base/association.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/secret.h"
#include "crypto/credentials.h"
#include "crypto/x509.h"

/* Of OpenSSL, which knows them as SSL and SSL_CTX. */
struct ssl_st;
struct ssl_ctx_st;

enum mln_tls_version {
    MLN_TLS_1_2,
    MLN_TLS_1_3,
};

/* Who has to be at the other end. Beyond `domain`, nothing need be known. */
struct mln_tls_target {
    struct mln_slice domain; /* host of the URL: a name, or an address without brackets */
    struct mln_slice cse_id; /* absolute; replaces the domain: its public domain name is expected */
    struct mln_slice ae_id;  /* absolute; replaces the domain */
    /* Replaces all of these: the credential that the server must prove, one of the credentials. If
     * it is a key, we use it, and no certificate will do. spec: security.md 16.3 */
    struct mln_slice credential_id;
    struct mln_fault *why; /* NULL, or told in the handshake why the server is not believed; lives
                              until that has ended */
};

/* ---- a server's context ---- */

enum mln_tls_clients {
    MLN_TLS_CLIENT_NONE,     /* certificates of clients are not asked for */
    MLN_TLS_CLIENT_OPTIONAL, /* asked for; one that comes must be good */
    MLN_TLS_CLIENT_REQUIRED, /* without one, or a pre-shared key, there is no connection */
};

enum {
    MLN_TLS_IDENTITIES = 8,
    MLN_TLS_AUTHORITIES = 32,
    MLN_TLS_IDENTITY_MAX = 128, /* bytes of a PSK identity: security.md 13.2 */
};

/* What a server shows: PEM texts. */
struct mln_tls_identity {
    struct mln_slice certificate; /* its own first, then the CAs up to the anchor */
    struct mln_slice key;
    const char *certificate_file; /* for faults; NULL: they name no file */
    const char *key_file;
};

struct mln_tls_options {
    const struct mln_env *env;
    /* Selected by the SNI that a dNSName of theirs equals; else the first. None: keys only. */
    const struct mln_tls_identity *identities;
    size_t identity_count;
    /* Names that clients may call us by. None: the dNSNames of the certificates; without those,
     * any. A client that says no name is served as by the first. */
    const struct mln_slice *authorities;
    size_t authority_count;
    const struct mln_slice *staples; /* OCSP answers (DER), each about one of the certificates */
    size_t staple_count;
    enum mln_tls_clients clients;
    enum mln_tls_version least;
    enum mln_tls_version greatest;
    struct mln_cert_verifier *verifier;  /* of clients; NULL only with CLIENT_NONE */
    struct mln_credentials *credentials; /* outlives the context; NULL: no keys, no bindings */
    /* Without credentials, and with certificates of clients: the only one who is let in. There is
     * no association then, because nothing is permitted by it. NULL: whoever has a credential. */
    const struct mln_tls_target *expected;
    int64_t ticket_us; /* life of a session ticket; 0: none are given */
};

struct mln_tls;

/* Errors: CONFIG (a certificate or key that cannot be used, or that do not belong together; nothing
 * to authenticate with; an OCSP answer that cannot be read or is about another certificate),
 * NO_MEMORY. */
mln_err mln_tls_new(const struct mln_tls_options *options, struct mln_fault *fault,
                    struct mln_tls **ret);
struct mln_tls *mln_tls_ref(struct mln_tls *tls);
void mln_tls_unref(struct mln_tls *tls); /* accepts NULL */
void mln_tls_unrefp(struct mln_tls **tls);

/* Is an OCSP answer too old to be stapled? The clock of the options decides. */
bool mln_tls_has_old_staple(const struct mln_tls *tls);

enum { MLN_TLS_CHAIN = 8 }; /* certificates that are told of one chain */

/* The certificate that who asks for no name is shown, and those of CAs behind it: DER, in the
 * arena. Without one the count is 0. Errors: NO_MEMORY. */
mln_err mln_tls_chain(const struct mln_tls *tls, struct mln_arena *arena,
                      struct mln_slice ret[static MLN_TLS_CHAIN], size_t *ret_count);

/* ---- a client's context ---- */

struct mln_tls_client_options {
    const struct mln_env *env;
    struct mln_cert_verifier *verifier;  /* of servers; NULL: none is believed by certificate */
    struct mln_tls_identity identity;    /* our certificate; empty: none */
    struct mln_slice psk_identity;       /* our key's identity; empty: none */
    const struct mln_secret *psk;        /* copied */
    struct mln_credentials *credentials; /* for targets with a credential; outlives the context;
                                            NULL: none of them is believed */
    enum mln_tls_version least;
    enum mln_tls_version greatest;
};

struct mln_tls_client;

/* Errors: CONFIG, NO_MEMORY. */
mln_err mln_tls_client_new(const struct mln_tls_client_options *options, struct mln_fault *fault,
                           struct mln_tls_client **ret);
struct mln_tls_client *mln_tls_client_ref(struct mln_tls_client *client);
void mln_tls_client_unref(struct mln_tls_client *client); /* accepts NULL */

/* Sets up an SSL_CTX of somebody else's (libcurl's) for one target: versions, suites, our
 * credential, and a verification that ends the handshake with anybody else. The context keeps what
 * it needs. `client` NULL: nobody is believed. Errors: NO_MEMORY, CONFIG. */
mln_err mln_tls_client_apply(struct mln_tls_client *client, struct ssl_ctx_st *ctx,
                             const struct mln_tls_target *target);

/* ---- slots: where the current context is found ---- */

struct mln_tls_slot;

/* Errors: NO_MEMORY, SYSTEM. */
mln_err mln_tls_slot_new(struct mln_tls_slot **ret);
void mln_tls_slot_free(struct mln_tls_slot *slot); /* accepts NULL */

/* Puts one in; the slot takes a reference of its own. */
void mln_tls_slot_set(struct mln_tls_slot *slot, struct mln_tls *tls);
void mln_tls_slot_set_client(struct mln_tls_slot *slot, struct mln_tls_client *client);

/* A reference to what is in it, or NULL. */
struct mln_tls *mln_tls_slot_get(struct mln_tls_slot *slot);
struct mln_tls_client *mln_tls_slot_get_client(struct mln_tls_slot *slot);

/* Another number whenever another server context was put in. */
uint64_t mln_tls_slot_serial(const struct mln_tls_slot *slot);

/* ---- one connection of a server ---- */

struct mln_tls_link;

/* An SSL object in the state of a server, without BIOs. Errors: NO_MEMORY. */
mln_err mln_tls_link_new(struct mln_tls *tls, struct mln_tls_link **ret);
void mln_tls_link_free(struct mln_tls_link *link); /* accepts NULL; frees the SSL object too */
struct ssl_st *mln_tls_link_ssl(struct mln_tls_link *link);

/* The handshake is complete: who is it? *ret is a reference, or NULL when the peer did not
 * authenticate itself (which only CLIENT_NONE and CLIENT_OPTIONAL let happen), or is the one that
 * was expected. Errors:
 * NOT_AUTHENTICATED (the credential went meanwhile, or stands for nobody), NO_MEMORY.
 * spec: security.md 16.2 */
mln_err mln_tls_link_conclude(struct mln_tls_link *link, struct mln_association **ret);

/* After the handshake: would this context still believe the peer? A certificate is verified again,
 * by its anchors and revocation lists; one whose path needs CAs that came along is not believed
 * when they are not kept, as in a resumed session. A key is not looked at: its association tells.
 */
bool mln_tls_link_holds(struct mln_tls_link *link, const struct mln_tls *tls);

/* Why the handshake failed, for the log: one line without secrets. OpenSSL's own reason, from the
 * thread's queue, unless ours is known. Call it right after the failure. */
void mln_tls_link_why(struct mln_tls_link *link, struct mln_fault *fault);
