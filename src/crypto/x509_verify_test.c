/* Verification within a handshake of OpenSSL, and over time. What is refused and why, certificate
 * by certificate, is in tests/client/test_cert.py. */
#include <openssl/ssl.h>
#include <time.h>

#include "base/timestamp.h"
#include "crypto/ca_int.h"
#include "crypto/cert_lab_test.h"

#define DAY_US (INT64_C(86400) * MLN_US_PER_S)

static struct cert_lab lab;

static int set_up(void **state)
{
    (void)state;
    lab_open(&lab);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lab_close(&lab);
    return 0;
}

/* ---- handshakes ---- */

struct side {
    const struct mln_cert_verifier *verifier;
    struct mln_cert_expect expect;
    struct mln_cert_outcome outcome;
    SSL_CTX *ctx;
    SSL *ssl;
    int alert; /* that was received */
};

static int on_verify(X509_STORE_CTX *ctx, void *data)
{
    struct side *side = data;

    return mln_cert_verify_handshake(side->verifier, ctx, &side->expect, &side->outcome);
}

static void on_info(const SSL *ssl, int where, int value)
{
    struct side *side = SSL_get_app_data(ssl);

    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT) {
        side->alert = value & 0xFF;
    }
}

static void open_side(struct side *side, X509 *cert, EVP_PKEY *key)
{
    side->ctx = SSL_CTX_new(TLS_method());
    assert_int_equal(SSL_CTX_use_certificate(side->ctx, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(side->ctx, key), 1);
    SSL_CTX_set_verify(side->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(side->ctx, on_verify, side);
    side->ssl = SSL_new(side->ctx);
    SSL_set_app_data(side->ssl, side);
    SSL_set_info_callback(side->ssl, on_info);
}

static void close_side(struct side *side)
{
    SSL_free(side->ssl);
    SSL_CTX_free(side->ctx);
}

/* Both take turns until nothing moves. */
static bool shake(struct side *client, struct side *server)
{
    BIO *one = NULL;
    BIO *two = NULL;
    char byte;

    assert_int_equal(BIO_new_bio_pair(&one, 0, &two, 0), 1);
    SSL_set_bio(client->ssl, one, one);
    SSL_set_bio(server->ssl, two, two);
    SSL_set_connect_state(client->ssl);
    SSL_set_accept_state(server->ssl);
    for (int i = 0; i < 20; i++) {
        (void)SSL_do_handshake(client->ssl);
        (void)SSL_do_handshake(server->ssl);
        (void)SSL_read(client->ssl, &byte, 1); /* alerts that come afterwards */
    }
    return SSL_is_init_finished(client->ssl) && SSL_is_init_finished(server->ssl);
}

struct row {
    const char *ae;     /* of the client */
    const char *expect; /* by the server */
    const char *cse;    /* expected by the client */
    enum mln_cert_reason client;
    enum mln_cert_reason server;
    int alert; /* at the client */
};

static void run(const struct row *row, struct mln_cert_verifier *verifier)
{
    EVP_PKEY *keys[2];
    X509 *ae = lab_issue(&lab, MLN_CA_URI, row->ae, &keys[0]);
    X509 *cse = lab_issue(&lab, MLN_CA_DNS, "in-cse.sp.example", &keys[1]);
    struct side client = { .verifier = verifier };
    struct side server = { .verifier = verifier };
    bool is_fine = row->client == MLN_CERT_OK && row->server == MLN_CERT_OK;

    client.expect = (struct mln_cert_expect){ .flavours = MLN_CERT_SET(MLN_CERT_CSE_ID),
                                              .is_server = true,
                                              .cse_id = mln_slice_z(row->cse) };
    server.expect = (struct mln_cert_expect){ .flavours = MLN_CERT_SET(MLN_CERT_AE_ID),
                                              .ae_id = mln_slice_z(row->expect) };
    open_side(&client, ae, keys[0]);
    open_side(&server, cse, keys[1]);
    assert_int_equal(shake(&client, &server), is_fine);
    assert_int_equal(client.outcome.reason, row->client);
    assert_int_equal(server.outcome.reason, row->server);
    if (row->alert) {
        assert_int_equal(client.alert, row->alert);
    }
    if (is_fine) {
        assert_int_equal(sk_X509_num(SSL_get0_verified_chain(server.ssl)), 2);
    }
    close_side(&client);
    close_side(&server);
    X509_free(ae);
    X509_free(cse);
    EVP_PKEY_free(keys[0]);
    EVP_PKEY_free(keys[1]);
}

/* SEC-CRT-01, SEC-CRT-02: any failure aborts the handshake */
static void test_handshakes(void **state)
{
    static const struct row rows[] = {
        { "m2m://sp.example/S1", "", "//sp.example/in-cse", MLN_CERT_OK, MLN_CERT_OK, 0 },
        { "m2m://sp.example/S1", "//sp.example/S1", "", MLN_CERT_OK, MLN_CERT_OK, 0 },
        { "m2m://sp.example/S1", "//sp.example/S2", "", MLN_CERT_OK, MLN_CERT_MISMATCH,
          SSL_AD_BAD_CERTIFICATE },
        { "urn:dev:ops:1", "", "", MLN_CERT_OK, MLN_CERT_FLAVOUR, SSL_AD_BAD_CERTIFICATE },
        { "m2m://sp.example/S1", "", "//sp.example/mn", MLN_CERT_MISMATCH, MLN_CERT_OK, 0 },
    };
    struct mln_cert_verifier *verifier = lab_verifier(&lab);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct row row = rows[i];

        if (row.client != MLN_CERT_OK) {
            row.server = MLN_CERT_OK; /* the server never sees a certificate */
        }
        run(&row, verifier);
    }
    mln_cert_verifier_unref(verifier);
}

/* SEC-CRT-05, SEC-CRT-06: the alert tells the kind of failure */
static void test_alerts(void **state)
{
    struct cert_lab other;
    struct mln_cert_verifier *verifier;
    struct row row = { "m2m://sp.example/S1",     "", "", MLN_CERT_OK, MLN_CERT_EXPIRED,
                       SSL_AD_CERTIFICATE_EXPIRED };
    EVP_PKEY *keys[2];
    X509 *ae;
    X509 *cse;
    struct side client = { 0 };
    struct side server = { 0 };

    (void)state;
    lab_open(&other);
    ae = lab_issue(&lab, MLN_CA_URI, row.ae, &keys[0]);
    cse = lab_issue(&lab, MLN_CA_DNS, "in-cse.sp.example", &keys[1]);
    verifier = lab_verifier(&other);
    client.verifier = lab_verifier(&lab);
    server.verifier = verifier;
    client.expect = (struct mln_cert_expect){ .flavours = MLN_CERT_SET_ALL, .is_server = true };
    server.expect = (struct mln_cert_expect){ .flavours = MLN_CERT_SET_ALL };
    open_side(&client, ae, keys[0]);
    open_side(&server, cse, keys[1]);
    assert_false(shake(&client, &server));
    assert_true(server.outcome.reason == MLN_CERT_NO_ANCHOR ||
                server.outcome.reason == MLN_CERT_SIGNATURE);
    assert_true(client.alert == SSL_AD_UNKNOWN_CA || client.alert == SSL_AD_DECRYPT_ERROR);
    close_side(&client);
    close_side(&server);
    mln_cert_verifier_unref((struct mln_cert_verifier *)(uintptr_t)client.verifier);
    mln_cert_verifier_unref(verifier);
    X509_free(ae);
    X509_free(cse);
    EVP_PKEY_free(keys[0]);
    EVP_PKEY_free(keys[1]);
    lab_close(&other);
}

/* ---- time ---- */

/* SEC-CRT-05, SEC-CRT-10: certificates and lists by the clock that the caller gives */
static void test_time(void **state)
{
    static const struct {
        enum mln_cert_status status;
        int days;
        enum mln_cert_reason reason;
        bool is_unknown;
    } rows[] = {
        { MLN_CERT_STATUS_HARD, 0, MLN_CERT_OK, false },
        { MLN_CERT_STATUS_HARD, 2, MLN_CERT_OK, false },
        { MLN_CERT_STATUS_HARD, 4, MLN_CERT_STALE_CRL, false },
        { MLN_CERT_STATUS_SOFT, 4, MLN_CERT_OK, true },
        { MLN_CERT_STATUS_SOFT, 11, MLN_CERT_EXPIRED, false },
        { MLN_CERT_STATUS_SOFT, -1, MLN_CERT_NOT_YET_VALID, false },
        { MLN_CERT_STATUS_OFF, 4, MLN_CERT_OK, false },
        { MLN_CERT_STATUS_OFF, 11, MLN_CERT_EXPIRED, false },
        { MLN_CERT_STATUS_OFF, -1, MLN_CERT_NOT_YET_VALID, false },
    };
    const struct mln_cert_expect expect = { .flavours = MLN_CERT_SET_ALL };
    X509 *cert = lab_issue(&lab, MLN_CA_URI, "m2m://sp.example/S1", NULL);
    struct mln_slice crl;

    (void)state;
    assert_false(mln_failed(mln_ca_crl(lab.ca, 3, lab.arena, NULL, &crl)));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct mln_cert_rules rules = { .env = &lab.env, .status = rows[i].status };
        struct mln_cert_verifier *verifier = NULL;
        struct mln_cert_outcome outcome = { 0 };

        assert_false(mln_failed(mln_cert_verifier_new(&rules, lab.anchor, crl, NULL, &verifier)));
        lab.offset_us = rows[i].days * DAY_US;
        assert_int_equal(
            mln_failed(mln_cert_verify(verifier, cert, mln_slice_of(NULL, 0), &expect, &outcome)),
            rows[i].reason != MLN_CERT_OK);
        assert_int_equal(outcome.reason, rows[i].reason);
        assert_int_equal(outcome.is_status_unknown, rows[i].is_unknown);
        mln_cert_verifier_unref(verifier);
    }
    X509_free(cert);
}

/* ---- long lists ---- */

enum { LONG = 60000, TIMES = 5 };

/* A list that names many others. */
static struct mln_slice long_list(void)
{
    struct mln_slice crl = { 0 };

    for (int i = 0; i < LONG; i++) {
        struct mln_ca_entry entry = { .revoked = 1, .issued = 1, .expires = 1, .name = MLN_S("x") };
        char *serial = mln_arena_alloc(lab.arena, 33);

        (void)snprintf(serial, 33, "4%031x", (unsigned)i);
        entry.serial = mln_slice_of(serial, 32);
        assert_false(mln_failed(mln_ca_index_add(&lab.ca->index, &entry, lab.arena)));
    }
    assert_false(mln_failed(mln_ca_crl(lab.ca, 3, lab.arena, NULL, &crl)));
    return crl;
}

/* The same names under a signature of nobody's. */
static X509 *forged(X509 *cert)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);
    X509 *made = NULL;

    assert_true(len > 0);
    der[len - 1] ^= 1;
    assert_false(
        mln_failed(mln_cert_read(mln_slice_of((const char *)der, (size_t)len), NULL, &made)));
    OPENSSL_free(der);
    return made;
}

/* Nanoseconds of this thread. */
static int64_t time_of(const struct mln_cert_verifier *verifier, X509 *cert,
                       enum mln_cert_reason reason)
{
    const struct mln_cert_expect expect = { .flavours = MLN_CERT_SET_ALL };
    struct mln_cert_outcome outcome;
    struct timespec from;
    struct timespec to;

    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from), 0);
    for (int i = 0; i < TIMES; i++) {
        mln_ignore(mln_cert_verify(verifier, cert, mln_slice_of(NULL, 0), &expect, &outcome));
        assert_int_equal(outcome.reason, reason);
    }
    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to), 0);
    return (to.tv_sec - from.tv_sec) * INT64_C(1000000000) + to.tv_nsec - from.tv_nsec;
}

/* A list is read from end to end to check its signature: who has no certificate of ours cannot make
 * us do it. */
static void test_a_long_list(void **state)
{
    const struct mln_cert_rules rules = { .env = &lab.env, .status = MLN_CERT_STATUS_HARD };
    X509 *cert = lab_issue(&lab, MLN_CA_URI, "m2m://sp.example/S1", NULL);
    X509 *bad = forged(cert);
    struct mln_cert_verifier *verifier = NULL;

    (void)state;
    assert_false(
        mln_failed(mln_cert_verifier_new(&rules, lab.anchor, long_list(), NULL, &verifier)));
    (void)time_of(verifier, cert, MLN_CERT_OK); /* sorts the list */
    assert_in_range(time_of(verifier, bad, MLN_CERT_SIGNATURE), 0,
                    (uintmax_t)time_of(verifier, cert, MLN_CERT_OK) / 2);
    mln_cert_verifier_unref(verifier);
    X509_free(bad);
    X509_free(cert);
}

/* Only the anchor that is configured for this entity. */
static void test_the_configured_anchor(void **state)
{
    struct mln_cert_verifier *verifier = lab_verifier(&lab);
    X509 *cert = lab_issue(&lab, MLN_CA_URI, "m2m://sp.example/S1", NULL);
    struct mln_cert_expect expect = { .flavours = MLN_CERT_SET_ALL };
    struct mln_cert_outcome outcome = { 0 };
    struct mln_slice right;
    X509 *anchor = NULL;

    (void)state;
    assert_false(mln_failed(mln_cert_read(lab.anchor, NULL, &anchor)));
    assert_false(mln_failed(mln_cert_fingerprint(anchor, lab.arena, &right)));
    expect.anchor = right;
    assert_false(
        mln_failed(mln_cert_verify(verifier, cert, mln_slice_of(NULL, 0), &expect, &outcome)));
    assert_true(mln_slice_eq(mln_slice_z(outcome.anchor), right));
    expect.anchor = MLN_S("0000000000000000000000000000000000000000000000000000000000000000");
    assert_true(
        mln_failed(mln_cert_verify(verifier, cert, mln_slice_of(NULL, 0), &expect, &outcome)));
    assert_int_equal(outcome.reason, MLN_CERT_BINDING);
    X509_free(anchor);
    X509_free(cert);
    mln_cert_verifier_unref(verifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_handshakes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_alerts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_long_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_configured_anchor, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
