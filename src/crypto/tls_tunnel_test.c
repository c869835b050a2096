/* Tests of handshakes that are carried as messages: two ends of ours, and ours with one that is
 * OpenSSL's alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include <openssl/err.h>

#include "base/mem.h"
#include "crypto/tls_tunnel_run_test.h"

static struct tunnel_run *run;

static int set_up(void **state)
{
    run = mln_tunnel_run();
    return mln_tunnel_up(state);
}

static void conclude(size_t end)
{
    mln_tunnel_well(mln_tls_tunnel_conclude(run->ends[end], &run->faults[end], &run->made[end]));
}

static bool same_keys(const struct mln_tls_made *a, const struct mln_tls_made *b)
{
    return mln_ct_equal(a->id, b->id, sizeof a->id) &&
           mln_ct_equal(mln_secret_bytes(a->key), mln_secret_bytes(b->key), MLN_KDF_KEY);
}

/* Does a text of a message stand in it? */
static bool holds(size_t number, const void *bytes, size_t len)
{
    struct mln_slice m = mln_tunnel_message(number);

    for (size_t i = 0; i + len <= m.len; i++) {
        if (mln_slice_eq(mln_slice_of(m.ptr + i, len), mln_slice_of(bytes, len))) {
            return true;
        }
    }
    return false;
}

/* ---- what goes well ---- */

/* SEC-CKE-01, SEC-TLS-08: both ends have the same key, and know who the other is. */
static void a_run(void **state)
{
    (void)state;
    mln_tunnel_start();
    mln_tunnel_well(mln_tunnel_steps(0, 4));
    conclude(0);
    conclude(1);
    assert_true(same_keys(&run->made[0], &run->made[1]));
    assert_true(mln_slice_eq(run->made[0].association->cse_id, MLN_S(CSE)));
    assert_int_equal(run->made[1].association->ae_id_count, 1);
    assert_true(mln_slice_eq(run->made[1].association->ae_ids[0], MLN_S(AE)));
    assert_true(mln_slice_eq(run->made[1].association->credential_id, MLN_S("33-" AE)));
    assert_true(run->made[0].association->expires_us < INT64_MAX);
    for (size_t i = 1; i <= MESSAGES; i++) {
        assert_int_equal(mln_tls_flight_of(mln_tunnel_message(i)), i);
    }
    assert_int_equal(mln_tls_tunnel_alert(run->ends[0]).len, 0);
    mln_tunnel_finish();
}

/* Of two runs of the same two, the keys differ. */
static void another_run(void **state)
{
    struct mln_tls_made first;

    (void)state;
    mln_tunnel_start();
    mln_tunnel_well(mln_tunnel_steps(0, 4));
    conclude(1);
    first = run->made[1];
    run->made[1] = (struct mln_tls_made){ 0 };
    mln_tunnel_finish();
    mln_tunnel_start();
    mln_tunnel_well(mln_tunnel_steps(0, 4));
    conclude(1);
    assert_false(mln_ct_equal(first.id, run->made[1].id, sizeof first.id));
    assert_false(
        mln_ct_equal(mln_secret_bytes(first.key), mln_secret_bytes(run->made[1].key), MLN_KDF_KEY));
    mln_tunnel_forget(&first);
    mln_tunnel_finish();
}

/* SEC-CKE-09: extended master secret and SNI are there; ids of sessions and tickets are not. */
static void what_is_said(void **state)
{
    static const unsigned char extended_master_secret[] = { 0, 0x17, 0, 0 };
    static const unsigned char ticket[] = { 0, 0x23, 0, 0 };
    const size_t session_id = 5 + 4 + 2 + 32; /* of a hello: its length */

    (void)state;
    mln_tunnel_start();
    mln_tunnel_well(mln_tunnel_steps(0, 4));
    for (size_t i = 1; i <= 2; i++) {
        assert_true(holds(i, extended_master_secret, sizeof extended_master_secret));
        assert_false(holds(i, ticket, sizeof ticket));
        assert_int_equal(mln_tunnel_message(i).ptr[session_id], 0);
    }
    assert_true(holds(1, "in.sp.example", 13));
    mln_tunnel_finish();
}

/* The names of hosts that the server goes by are for connections: a CSE has the one of its
 * certificate. */
static void a_server_with_other_names(void **state)
{
    static const struct mln_slice authorities[] = { { "gateway.example", 15 } };
    const struct {
        struct mln_tls_target target;
        size_t last;
    } rows[] = { { { .cse_id = MLN_S(CSE) }, 4 }, { { .cse_id = MLN_S("//sp.example/mn") }, 0 } };
    struct tls_lab *lab = *state;
    struct mln_tls_options options = mln_tls_lab_options(lab);
    struct mln_tls *usual = run->tls;

    options.verifier = mln_tls_lab_verifier(lab);
    options.authorities = authorities;
    options.authority_count = 1;
    assert_false(mln_failed(mln_tls_new(&options, NULL, &run->tls)));
    mln_cert_verifier_unref(options.verifier);
    for (size_t i = 0; i < 2; i++) {
        mln_tunnel_start_to(&rows[i].target);
        mln_tunnel_well(mln_tunnel_steps(0, rows[i].last));
        if (i == 1) {
            assert_int_equal(mln_tunnel_steps(1, 1).code, MLN_ERR_ESCERTKE);
            assert_string_equal(mln_tls_alert_text(mln_tls_tunnel_alert(run->ends[1])),
                                "unrecognized name");
        }
        mln_tunnel_finish();
    }
    mln_tls_unref(run->tls);
    run->tls = usual;
}

/* ---- ends and steps that are not there ---- */

static void a_key_only_at_the_end(void **state)
{
    struct mln_tls_made made;

    (void)state;
    mln_tunnel_start();
    for (size_t i = 0; i < 3; i++) {
        mln_tunnel_well(mln_tunnel_steps(i, i));
        assert_int_equal(mln_tls_tunnel_conclude(run->ends[i % 2], NULL, &made).code,
                         MLN_ERR_ESCERTKE);
    }
    mln_tunnel_well(mln_tunnel_steps(3, 4));
    conclude(0);
    conclude(1);
    for (size_t i = 0; i < 2; i++) { /* once */
        assert_int_equal(mln_tls_tunnel_conclude(run->ends[i], NULL, &made).code, MLN_ERR_ESCERTKE);
        assert_int_equal(mln_tunnel_steps(3 + i, 3 + i).code, MLN_ERR_ESCERTKE);
    }
    mln_tunnel_finish();
}

static void who_cannot_take_part(void **state)
{
    struct tls_lab *lab = *state;
    const struct mln_tls_identity none = { .certificate = MLN_S("") };
    struct mln_tls_options options = mln_tls_lab_options(lab);
    struct mln_tls_client_options naive = { .env = &lab->env, .identity = lab->ae };
    const struct mln_tls_target target = { .cse_id = MLN_S(CSE) };
    struct mln_tls_tunnel *tunnel = NULL;
    struct mln_tls_client *client = mln_tunnel_client(lab, &none);
    struct mln_tls *tls = NULL;

    assert_int_equal(mln_tls_tunnel_connect(client, &target, MLN_USE_ESPRIM, NULL, &tunnel).code,
                     MLN_ERR_CONFIG);
    mln_tls_client_unref(client);
    assert_false(mln_failed(mln_tls_client_new(&naive, NULL, &client)));
    assert_int_equal(mln_tls_tunnel_connect(client, &target, MLN_USE_ESPRIM, NULL, &tunnel).code,
                     MLN_ERR_CONFIG);
    mln_tls_client_unref(client);
    assert_false(mln_failed(mln_tls_new(&options, NULL, &tls)));
    assert_int_equal(mln_tls_tunnel_accept(tls, MLN_USE_ESPRIM, NULL, &tunnel).code,
                     MLN_ERR_CONFIG);
    mln_tls_unref(tls);
    options.identity_count = 0;
    options.verifier = mln_tls_lab_verifier(lab);
    assert_false(mln_failed(mln_tls_new(&options, NULL, &tls)));
    assert_int_equal(mln_tls_tunnel_accept(tls, MLN_USE_ESPRIM, NULL, &tunnel).code,
                     MLN_ERR_CONFIG);
    mln_cert_verifier_unref(options.verifier);
    mln_tls_unref(tls);
    assert_null(tunnel);
}

/* ---- who is not believed: SEC-CKE-02 ---- */

/* The initiating end finds out when message 2 comes, and can say so. */
static void expect_refusal(const struct mln_tls_target *target, const char *alert)
{
    mln_tunnel_start_to(target);
    mln_tunnel_well(mln_tunnel_steps(0, 1));
    assert_int_equal(mln_tunnel_steps(2, 2).code, MLN_ERR_ESCERTKE);
    assert_string_equal(mln_tls_alert_text(mln_tls_tunnel_alert(run->ends[0])), alert);
    mln_tunnel_finish();
}

static void another_than_expected(void **state)
{
    const struct mln_tls_target others[] = {
        { .cse_id = MLN_S("//sp.example/mn") },
        { .cse_id = MLN_S("//far.example/in") },
        { .ae_id = MLN_S("//sp.example/Sdev") },
        { .domain = MLN_S("localhost") },
        { .domain = MLN_S("") },
    };

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        mln_tunnel_start_to(&others[i]);
        assert_true(mln_failed(mln_tunnel_steps(0, 4)));
        assert_true(run->faults[0].text[0] || run->faults[1].text[0]);
        mln_tunnel_finish();
    }
}

/* The clock decides, of both. */
static void certificates_that_are_over(void **state)
{
    struct tls_lab *lab = *state;
    const struct mln_tls_target target = { .cse_id = MLN_S(CSE) };

    lab->later_us = INT64_C(40) * 86400 * 1000000;
    expect_refusal(&target, "certificate expired");
    lab->later_us = 0;
}

/* Ours has gone by the time that it comes: the terminating end refuses it, and there is no key. */
static void a_certificate_that_ends_meanwhile(void **state)
{
    struct tls_lab *lab = *state;
    struct mln_tls_made made;

    mln_tunnel_start();
    mln_tunnel_well(mln_tunnel_steps(0, 2));
    lab->later_us = INT64_C(40) * 86400 * 1000000;
    assert_int_equal(mln_tunnel_steps(3, 3).code, MLN_ERR_ESCERTKE);
    lab->later_us = 0;
    assert_string_equal(mln_tls_alert_text(mln_tls_tunnel_alert(run->ends[1])),
                        "certificate expired");
    assert_int_equal(mln_tls_tunnel_conclude(run->ends[1], NULL, &made).code, MLN_ERR_ESCERTKE);
    mln_tunnel_finish();
}

/* SEC-IDN-03: configured for connections only, a certificate makes no key for ESPrim. */
static void a_certificate_for_another_use(void **state)
{
    struct tls_lab *lab = *state;
    struct mln_credential credential = {
        .id = MLN_S("33-" AE), .suid = 42, .label = MLN_S("x"), .not_after_us = INT64_MAX
    };
    struct mln_tls_made made;

    assert_false(mln_failed(mln_credentials_add(lab->dir->credentials, &credential, NULL, NULL)));
    mln_tunnel_start();
    mln_tunnel_well(mln_tunnel_steps(0, 3));
    assert_int_equal(mln_tls_tunnel_conclude(run->ends[1], NULL, &made).code, MLN_ERR_ESCERTKE);
    assert_string_equal(mln_tls_alert_text(mln_tls_tunnel_alert(run->ends[1])), "access denied");
    mln_tunnel_finish();
    assert_false(mln_failed(mln_credentials_remove(lab->dir->credentials, MLN_S("33-" AE), NULL)));
    credential.suid = 43;
    assert_false(mln_failed(mln_credentials_add(lab->dir->credentials, &credential, NULL, NULL)));
    mln_tunnel_start();
    mln_tunnel_well(mln_tunnel_steps(0, 3));
    conclude(1);
    mln_tunnel_finish();
    assert_false(mln_failed(mln_credentials_remove(lab->dir->credentials, MLN_S("33-" AE), NULL)));
}

static void an_alert_from_the_other_end(void **state)
{
    static const char alert[] = { 21, 3, 3, 0, 2, 2, 48 };

    (void)state;
    for (size_t end = 0; end < 2; end++) {
        struct mln_slice out;

        mln_tunnel_start();
        mln_tunnel_well(mln_tunnel_steps(0, 1));
        assert_int_equal(mln_tls_tunnel_step(run->ends[end], mln_slice_of(alert, sizeof alert),
                                             &run->faults[end], &out)
                             .code,
                         MLN_ERR_ESCERTKE);
        assert_string_equal(run->faults[end].text, "ESCertKE: the other end refuses: unknown CA");
        assert_int_equal(mln_tls_tunnel_alert(run->ends[end]).len, 0);
        mln_tunnel_finish();
    }
}

/* ---- the other end is OpenSSL's ---- */

struct stranger {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in;
    BIO *out;
    unsigned char said[ROOM];
    size_t len;
};

static void show(SSL_CTX *ctx, const struct mln_tls_identity *identity)
{
    BIO *pem = BIO_new_mem_buf(identity->certificate.ptr, (int)identity->certificate.len);
    BIO *key_pem = BIO_new_mem_buf(identity->key.ptr, (int)identity->key.len);
    X509 *cert = PEM_read_bio_X509(pem, NULL, NULL, NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_pem, NULL, NULL, NULL);

    assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
    X509_free(cert);
    EVP_PKEY_free(key);
    (void)BIO_free(pem);
    (void)BIO_free(key_pem);
}

static void stranger_up(struct stranger *s, const SSL_METHOD *method,
                        const struct mln_tls_identity *identity, uint64_t options)
{
    *s = (struct stranger){ .ctx = SSL_CTX_new(method) };
    (void)SSL_CTX_set_options(s->ctx, options);
    if (identity) {
        show(s->ctx, identity);
    }
    s->ssl = SSL_new(s->ctx);
    s->in = BIO_new(BIO_s_mem());
    s->out = BIO_new(BIO_s_mem());
    SSL_set_bio(s->ssl, s->in, s->out);
}

static void stranger_down(struct stranger *s)
{
    SSL_free(s->ssl);
    SSL_CTX_free(s->ctx);
    ERR_clear_error();
}

/* Takes what it is told, and gives what it says. */
static struct mln_slice hear(struct stranger *s, struct mln_slice message)
{
    int len;

    if (message.len) {
        assert_int_equal(BIO_write(s->in, message.ptr, (int)message.len), (int)message.len);
    }
    (void)SSL_do_handshake(s->ssl);
    len = BIO_read(s->out, s->said, ROOM);
    ERR_clear_error();
    return mln_slice_of((const char *)s->said, len > 0 ? (size_t)len : 0);
}

static mln_err tell(struct stranger *s, size_t end, struct mln_slice *out)
{
    return mln_tls_tunnel_step(run->ends[end], hear(s, *out), &run->faults[end], out);
}

/* The whole run with a stranger who initiates. */
static mln_err terminate(struct stranger *s)
{
    struct mln_slice out = MLN_S("");

    SSL_set_connect_state(s->ssl);
    mln_tunnel_start();
    MLN_TRY(tell(s, 1, &out));
    MLN_TRY(tell(s, 1, &out));
    (void)hear(s, out);
    return mln_tls_tunnel_conclude(run->ends[1], &run->faults[1], &run->made[1]);
}

/* The whole run with a stranger who terminates. */
static mln_err initiate(struct stranger *s)
{
    struct mln_slice out = MLN_S("");

    SSL_set_accept_state(s->ssl);
    mln_tunnel_start();
    MLN_TRY(mln_tls_tunnel_step(run->ends[0], out, &run->faults[0], &out));
    MLN_TRY(tell(s, 0, &out));
    MLN_TRY(tell(s, 0, &out));
    return mln_tls_tunnel_conclude(run->ends[0], &run->faults[0], &run->made[0]);
}

/* The exporter as it stands in TS-0003 10.3.1: SEC-TLS-08, SEC-KDF-05 */
static void expect_same_key(struct stranger *s, const struct mln_tls_made *made)
{
    unsigned char x[48];

    assert_int_equal(
        SSL_export_keying_material(s->ssl, x, sizeof x, "EXPORTER-oneM2M-ESCertKE", 24, NULL, 0, 0),
        1);
    assert_memory_equal(made->id, x, 16);
    assert_memory_equal(mln_secret_bytes(made->key), x + 16, 32);
}

static int believe(X509_STORE_CTX *store, void *data)
{
    (void)store;
    (void)data;
    return 1;
}

static void ask_for_certificate(struct stranger *s)
{
    SSL_set_verify(s->ssl, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(s->ctx, believe, NULL);
}

static void with_a_stranger(void **state)
{
    struct tls_lab *lab = *state;
    struct stranger s;

    stranger_up(&s, TLS_client_method(), &lab->ae, 0);
    mln_tunnel_well(terminate(&s));
    expect_same_key(&s, &run->made[1]);
    mln_tunnel_finish();
    stranger_down(&s);
    stranger_up(&s, TLS_server_method(), &lab->cse, 0);
    ask_for_certificate(&s);
    mln_tunnel_well(initiate(&s));
    expect_same_key(&s, &run->made[0]);
    mln_tunnel_finish();
    stranger_down(&s);
}

/* SEC-CKE-09, and what else a stranger may lack. */
static void strangers_without(void **state)
{
    struct tls_lab *lab = *state;
    const struct {
        bool has_no_certificate;
        uint64_t options;
        const char *suites;
    } rows[] = {
        { true, 0, NULL },
        { false, SSL_OP_NO_EXTENDED_MASTER_SECRET, NULL },
        { false, SSL_OP_NO_TLSv1_2, NULL },
        { false, SSL_OP_NO_TLSv1_2 | SSL_OP_NO_TLSv1_3, "ALL:@SECLEVEL=0" },
        { false, SSL_OP_NO_TLSv1_3, "aRSA" },
        { false, SSL_OP_NO_TLSv1_3, "PSK-AES128-GCM-SHA256" },
    };
    struct stranger s;

    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        bool is_server = i % 2;
        const struct mln_tls_identity *identity = is_server ? &lab->cse : &lab->ae;

        stranger_up(&s, is_server ? TLS_server_method() : TLS_client_method(),
                    rows[i / 2].has_no_certificate ? NULL : identity, rows[i / 2].options);
        if (rows[i / 2].suites) {
            assert_int_equal(SSL_set_cipher_list(s.ssl, rows[i / 2].suites), 1);
        }
        if (is_server) {
            ask_for_certificate(&s);
        }
        assert_int_equal((is_server ? initiate(&s) : terminate(&s)).code, MLN_ERR_ESCERTKE);
        assert_false(SSL_is_init_finished(s.ssl)); /* nor has the stranger a key */
        mln_tunnel_finish();
        stranger_down(&s);
    }
}

/* Certificates of both sides, also when the terminating end would do without. */
static void a_stranger_who_does_not_ask(void **state)
{
    struct tls_lab *lab = *state;
    struct stranger s;

    stranger_up(&s, TLS_server_method(), &lab->cse, 0);
    assert_int_equal(initiate(&s).code, MLN_ERR_ESCERTKE);
    mln_tunnel_finish();
    stranger_down(&s);
}

/* A session of the same certificates from a connection is not resumed: SEC-CKE-09 */
static void nothing_is_resumed(void **state)
{
    struct tls_lab *lab = *state;
    struct stranger s;
    struct tls_pair pair = { 0 };
    struct tls_client want = { .version = TLS1_2_VERSION, .identity = &lab->ae };

    mln_tls_pair_shake(&pair, run->tls, &want);
    assert_true(pair.is_done);
    assert_non_null(pair.session);
    stranger_up(&s, TLS_client_method(), &lab->ae, SSL_OP_NO_TLSv1_3);
    assert_int_equal(SSL_set_session(s.ssl, pair.session), 1);
    (void)terminate(&s);
    assert_false(SSL_session_reused(s.ssl));
    mln_tunnel_finish();
    SSL_set_shutdown(s.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    stranger_down(&s);
    mln_tls_pair_done(&pair);
}

/* ---- out of memory ---- */

#ifdef MLN_TORTURE
static void every_allocation_fails_once(void **state)
{
    bool is_whole = false;

    (void)state;
    for (unsigned long n = 1; !is_whole && n < 1000; n++) {
        const struct mln_tls_target target = { .cse_id = MLN_S(CSE) };
        mln_err err;

        mln_mem_fail_at(n);
        err = mln_tls_tunnel_connect(run->client, &target, MLN_USE_ESPRIM, NULL, &run->ends[0]);
        if (!mln_failed(err)) {
            err = mln_tls_tunnel_accept(run->tls, MLN_USE_ESPRIM, NULL, &run->ends[1]);
        }
        if (!mln_failed(err)) {
            err = mln_tunnel_steps(0, 4);
        }
        for (size_t i = 0; i < 2 && !mln_failed(err); i++) {
            err = mln_tls_tunnel_conclude(run->ends[i], NULL, &run->made[i]);
        }
        is_whole = mln_mem_count() < n;
        mln_mem_fail_at(0);
        assert_int_equal(is_whole && mln_failed(err), false);
        mln_tunnel_finish();
    }
    assert_true(is_whole);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run),
        cmocka_unit_test(another_run),
        cmocka_unit_test(what_is_said),
        cmocka_unit_test(a_server_with_other_names),
        cmocka_unit_test(a_key_only_at_the_end),
        cmocka_unit_test(who_cannot_take_part),
        cmocka_unit_test(another_than_expected),
        cmocka_unit_test(certificates_that_are_over),
        cmocka_unit_test(a_certificate_that_ends_meanwhile),
        cmocka_unit_test(a_certificate_for_another_use),
        cmocka_unit_test(an_alert_from_the_other_end),
        cmocka_unit_test(with_a_stranger),
        cmocka_unit_test(strangers_without),
        cmocka_unit_test(a_stranger_who_does_not_ask),
        cmocka_unit_test(nothing_is_resumed),
#ifdef MLN_TORTURE
        cmocka_unit_test(every_allocation_fails_once),
#endif
    };

    return cmocka_run_group_tests(tests, set_up, mln_tunnel_down);
}
