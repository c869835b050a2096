/* A server and a client of TLS in one thread, joined by memory: for the tests of this folder.
 *
 * tls_pair_test.c */
#pragma once

#include <openssl/ssl.h>

#include "crypto/cred_dir_test.h"
#include "crypto/tls.h"

/* Made once: a CA with certificates, and a clock that tests move. */
struct tls_lab {
    struct cred_dir *dir;
    struct mln_arena *arena;
    struct mln_slice anchor;
    struct mln_tls_identity cse;   /* //sp.example/in, id in.sp.example */
    struct mln_tls_identity other; /* other.sp.example, of the same CA */
    struct mln_tls_identity ae;    /* //sp.example/Sdev */
    struct mln_env env;
    int64_t later_us; /* how far the clock is ahead */
    int64_t fixed_us; /* where it stands still; 0: it goes */
};

/* Setup and teardown for cmocka: *state is a struct tls_lab. */
int mln_tls_lab_up(void **state);
int mln_tls_lab_down(void **state);

/* Gives the CSE a certificate that ends in so many seconds. */
void mln_tls_lab_shorten(struct tls_lab *lab, int64_t left_s);

/* For the anchor of the lab. */
struct mln_cert_verifier *mln_tls_lab_verifier(struct tls_lab *lab);

/* Options of a server that shows the CSE's certificate and knows the lab's credentials. */
struct mln_tls_options mln_tls_lab_options(struct tls_lab *lab);

/* What the client wants; zeroed, it is a client without credentials that believes everybody. */
struct tls_client {
    int version;        /* TLS1_2_VERSION …; 0: any */
    const char *suites; /* of TLS 1.2; NULL: all that are not NULL */
    const char *suites_1_3;
    const char *name;         /* SNI */
    const char *psk_identity; /* and a key of 32 such bytes */
    char psk_byte;
    const struct mln_tls_identity *identity;
    SSL_SESSION *session;        /* to resume; stays the caller's */
    struct mln_tls_client *ours; /* applied, with: */
    struct mln_tls_target target;
};

/* A handshake, or what has become of it. */
struct tls_pair {
    struct mln_tls_link *link;
    SSL_CTX *ctx;
    SSL *client;
    bool is_done;
    int alert;                  /* that the client got; 0: none */
    unsigned long client_error; /* of OpenSSL */
    struct mln_fault why;       /* of the server */
    struct mln_association *association;
    SSL_SESSION *session; /* a ticket that the client got */
    const char *psk_identity;
    char psk_byte;
};

/* Shakes hands; done must be called. */
void mln_tls_pair_shake(struct tls_pair *pair, struct mln_tls *tls, const struct tls_client *want);
void mln_tls_pair_done(struct tls_pair *pair);
