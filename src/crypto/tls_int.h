/* What the files of TLS share. */
#pragma once

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "crypto/tls.h"

enum { MLN_TLS_DIGEST = 32 };

/* ---- tls_profile.c: what server and client have in common ---- */

/* Versions, suites, curves, signatures, options. Errors: NO_MEMORY. */
mln_err mln_tls_set_profile(SSL_CTX *ctx, enum mln_tls_version least,
                            enum mln_tls_version greatest);

/* Certificate, chain and key. Errors: CONFIG, NO_MEMORY. */
mln_err mln_tls_set_identity(SSL_CTX *ctx, const struct mln_tls_identity *identity,
                             struct mln_fault *fault);

/* Narrows that for a handshake in memory: TLS 1.2, certificates of both sides, nothing to resume.
 * Errors: NO_MEMORY. */
mln_err mln_tls_set_tunnel(SSL *ssl);

/* What a certificate has to name, when the target says anything. */
void mln_tls_expect(const struct mln_tls_target *target, struct mln_cert_expect *expect);

/* ---- tls_ticket.c ---- */

struct mln_tls_ticket_key {
    unsigned char name[16];
    unsigned char cipher[32];
    unsigned char mac[32];
    int64_t made_us; /* 0: none */
};

/* Keys of a context live in memory only. */
struct mln_tls_tickets {
    pthread_mutex_t lock;
    EVP_CIPHER *cipher;
    struct mln_tls_ticket_key keys[2];   /* the present one, the one before */
    unsigned char check[MLN_TLS_DIGEST]; /* key of the fingerprints of pre-shared keys in tickets */
    int64_t life_us;
};

/* Errors: NO_MEMORY, SYSTEM. */
mln_err mln_tls_tickets_init(struct mln_tls_tickets *tickets, const struct mln_env *env,
                             int64_t life_us);
void mln_tls_tickets_done(struct mln_tls_tickets *tickets);
mln_err mln_tls_set_tickets(struct mln_tls *tls, SSL_CTX *ctx);

/* ---- tls_staple.c ---- */

/* An OCSP answer of ours; empty: none. */
struct mln_tls_staple {
    const struct mln_env *env;
    struct mln_slice answer;
    int64_t until_us; /* then it is old */
};

/* Errors: CONFIG, NO_MEMORY. */
mln_err mln_tls_set_staples(struct mln_tls *tls, const struct mln_tls_options *options,
                            struct mln_fault *fault);

/* In a client's handshake, when the server's certificate was verified: is the answer that came with
 * it, or its absence, good enough? */
bool mln_tls_check_staple(SSL *ssl, const struct mln_cert_verifier *verifier,
                          struct mln_cert_outcome *outcome);

/* ---- tls_context.c ---- */

struct mln_tls {
    atomic_size_t references;
    const struct mln_env *env;
    enum mln_tls_clients clients;
    struct mln_cert_verifier *verifier;
    struct mln_credentials *credentials;
    size_t count;
    SSL_CTX *contexts[MLN_TLS_IDENTITIES]; /* one for each certificate, at least one */
    struct mln_tls_staple staples[MLN_TLS_IDENTITIES];
    bool has_domains; /* a certificate has a dNSName */
    struct mln_arena *arena;
    struct mln_slice *authorities;
    size_t authority_count;
    struct mln_tls_target expected; /* empty: nobody in particular */
    struct mln_tls_tickets tickets;
};

/* ---- tls_link.c ---- */

enum mln_tls_how {
    MLN_TLS_NOBODY,
    MLN_TLS_BY_KEY,
    MLN_TLS_BY_CERTIFICATE,
};

struct mln_tls_link {
    struct mln_tls *tls;
    SSL *ssl;
    enum mln_tls_how how;
    bool is_resumed; /* from a ticket, which has said how */
    bool is_carried; /* a tunnel's: who is there was said by a name of a certificate, not by a host
                      */
    bool has_failed; /* ours: `why` tells */
    size_t identity_len;
    char identity[MLN_TLS_IDENTITY_MAX];      /* BY_KEY */
    unsigned char key_digest[MLN_TLS_DIGEST]; /* BY_KEY in TLS 1.2: which key it was */
    char anchor[MLN_CREDENTIAL_ANCHOR + 1];   /* BY_CERTIFICATE */
    int64_t expires_us;                       /* BY_CERTIFICATE */
    struct mln_association *association;
    struct mln_fault *why; /* made when there is something to tell */
};

/* The link that an SSL object belongs to. */
struct mln_tls_link *mln_tls_link_of(const SSL *ssl);

/* Back to a link that knows nobody. */
void mln_tls_link_forget(struct mln_tls_link *link);

/* Forgets what was looked up but not used in the end: a key whose identity was offered beside a
 * suite that it does not go with, a ticket that was read and then left aside. Only a key or ticket
 * that the keys of the connection come from has proved anything. */
void mln_tls_link_settle(struct mln_tls_link *link);

/* Keeps a reason, the first one. `detail` may be NULL. */
void mln_tls_link_fail(struct mln_tls_link *link, const char *why, const char *detail);

/* By what a verified certificate is judged. */
struct mln_tls_judge {
    const struct mln_env *env;
    const struct mln_cert_verifier *verifier;
    struct mln_credentials *credentials;
    enum mln_use use;
};

/* The association of a certificate with that outcome of its verification; without credentials it
 * stands for whom it names.
 * Errors: NOT_AUTHENTICATED, CERTIFICATE, NO_MEMORY. */
mln_err mln_tls_prove(const struct mln_tls_judge *judge, const X509 *cert,
                      const struct mln_cert_outcome *outcome, struct mln_association **ret);

/* The same of the link's verified certificate, for that use. */
mln_err mln_tls_associate(struct mln_tls_link *link, const X509 *cert, enum mln_use use,
                          struct mln_association **ret);

/* ---- tls_client.c ---- */

/* A client on its way to one target. */
struct mln_tls_reach;

/* For a handshake that we drive ourselves, for another use of the certificate than a connection.
 * *outcome says afterwards how the server's was verified. Errors: NO_MEMORY. */
mln_err mln_tls_reach_new(struct mln_tls_client *client, const struct mln_tls_target *target,
                          enum mln_use use, struct mln_cert_outcome *outcome,
                          struct mln_tls_reach **ret);

/* Its SSL object, without BIOs, for the caller to free before it. NULL: out of memory. */
SSL *mln_tls_reach_ssl(struct mln_tls_reach *r);
void mln_tls_reach_free(struct mln_tls_reach *r); /* accepts NULL */

/* The client's judge for that use. Without a verifier nobody is believed. */
struct mln_tls_judge mln_tls_client_judge(const struct mln_tls_client *client, enum mln_use use);

/* ---- tls_psk.c ---- */

void mln_tls_set_keys(SSL_CTX *ctx);

/* Notes in the link which key it was, for a ticket. False: out of memory. */
bool mln_tls_note_key(struct mln_tls_link *link, const struct mln_secret *key);

/* Looks a key up and notes in the link whose it is. The caller frees it. NULL: out of memory. */
struct mln_secret *mln_tls_find_key(struct mln_tls_link *link, struct mln_slice identity);
