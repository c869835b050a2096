/* Handshakes over memory. */
#include "crypto/tls_pair_test.h"

#include <ftw.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "crypto/ca.h"
#include "crypto/files.h"

enum { LAB_BYTES = 1 << 20, PIPE = 1 << 17, CERT_DAYS = 30, CA_DAYS = 60 };

#define US_PER_DAY (INT64_C(86400) * 1000000)

/* ---- the lab ---- */

static int64_t now_us(void *data)
{
    const struct tls_lab *lab = data;

    return lab->fixed_us ? lab->fixed_us : mln_env_now_us(mln_env_system()) + lab->later_us;
}

static mln_err random_bytes(void *data, void *out, size_t len)
{
    (void)data;
    return mln_env_random(mln_env_system(), out, len);
}

static struct mln_tls_identity issue(struct tls_lab *lab, struct mln_ca *ca, enum mln_ca_kind kind,
                                     const char *text)
{
    const struct mln_ca_name name = { kind, mln_slice_z(text) };
    const struct mln_ca_order order = { .names = &name, .name_count = 1, .days = CERT_DAYS };
    struct mln_ca_issued issued = { 0 };
    struct mln_tls_identity identity;
    struct mln_fault fault = { 0 };

    if (mln_failed(mln_ca_issue(ca, &order, NULL, lab->arena, &fault, &issued))) {
        fail_msg("%s: %s", text, fault.text);
    }
    identity.certificate = issued.cert;
    assert_true(mln_arena_dup(
        lab->arena,
        mln_slice_of((const char *)mln_secret_bytes(issued.key), mln_secret_len(issued.key)),
        &identity.key));
    mln_secret_free(issued.key);
    return identity;
}

static void read_anchor(struct tls_lab *lab, const char *directory)
{
    struct mln_secret *pem = NULL;
    char path[MLN_PATH_MAX];

    assert_false(mln_failed(mln_file_path(path, directory, "ca.pem", NULL)));
    assert_false(mln_failed(mln_file_read(path, LAB_BYTES, NULL, &pem)));
    assert_true(mln_arena_dup(
        lab->arena, mln_slice_of((const char *)mln_secret_bytes(pem), mln_secret_len(pem)),
        &lab->anchor));
    mln_secret_free(pem);
}

int mln_tls_lab_up(void **state)
{
    static const struct mln_ca_name permits[] = { { MLN_CA_DNS, { "sp.example", 10 } },
                                                  { MLN_CA_URI, { "sp.example", 10 } } };
    const struct mln_ca_plan plan = { MLN_S("Lab"), permits, 2, CERT_DAYS + 1 + CA_DAYS };
    struct tls_lab *lab = mln_calloc(1, sizeof *lab);
    struct mln_ca *ca = NULL;
    struct mln_fault fault = { 0 };
    void *dir = NULL;
    char path[128];

    if (!lab || mln_cred_dir_up(&dir) != 0) {
        return -1;
    }
    lab->dir = dir;
    lab->arena = mln_arena_new(LAB_BYTES);
    lab->env = (struct mln_env){ lab, now_us, random_bytes };
    (void)snprintf(path, sizeof path, "%s-ca", lab->dir->path);
    lab->later_us = -US_PER_DAY * (CERT_DAYS + 1); /* for mln_tls_lab_shorten */
    if (mln_failed(mln_ca_create(path, &plan, NULL, &lab->env, &fault)) ||
        mln_failed(mln_ca_open(path, NULL, mln_env_system(), &fault, &ca))) {
        fail_msg("%s", fault.text);
    }
    lab->later_us = 0;
    read_anchor(lab, path);
    lab->cse = issue(lab, ca, MLN_CA_DNS, "in.sp.example");
    lab->other = issue(lab, ca, MLN_CA_DNS, "other.sp.example");
    lab->ae = issue(lab, ca, MLN_CA_URI, "m2m://sp.example/Sdev");
    mln_ca_close(ca);
    mln_cred_dir_add(lab->dir, "12-k1@sp.example", 'a', "Sone");
    *state = lab;
    return 0;
}

void mln_tls_lab_shorten(struct tls_lab *lab, int64_t left_s)
{
    struct mln_ca *ca = NULL;
    char path[128];

    (void)snprintf(path, sizeof path, "%s-ca", lab->dir->path);
    lab->later_us = INT64_C(1000000) * left_s - US_PER_DAY * CERT_DAYS;
    assert_false(mln_failed(mln_ca_open(path, NULL, &lab->env, NULL, &ca)));
    lab->cse = issue(lab, ca, MLN_CA_DNS, "in.sp.example");
    mln_ca_close(ca);
    lab->later_us = 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

int mln_tls_lab_down(void **state)
{
    struct tls_lab *lab = *state;
    char path[128];
    void *dir = lab->dir;

    (void)snprintf(path, sizeof path, "%s-ca", lab->dir->path);
    if (nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0) {
        return -1;
    }
    (void)mln_cred_dir_down(&dir);
    mln_arena_free(lab->arena);
    mln_free(lab);
    return 0;
}

struct mln_cert_verifier *mln_tls_lab_verifier(struct tls_lab *lab)
{
    static const struct mln_cert_provider provider = { { "//sp.example", 12 }, { "/in", 3 } };
    const struct mln_cert_rules rules = { .env = &lab->env, .names = { &provider, 1 } };
    struct mln_cert_verifier *verifier = NULL;
    struct mln_fault fault = { 0 };

    if (mln_failed(mln_cert_verifier_new(&rules, lab->anchor, MLN_S(""), &fault, &verifier))) {
        fail_msg("%s", fault.text);
    }
    return verifier;
}

struct mln_tls_options mln_tls_lab_options(struct tls_lab *lab)
{
    return (struct mln_tls_options){
        .env = &lab->env,
        .identities = &lab->cse,
        .identity_count = 1,
        .greatest = MLN_TLS_1_3,
        .credentials = lab->dir->credentials,
        .ticket_us = INT64_C(3600000000),
    };
}

/* ---- the client ---- */

static struct tls_pair *pair_of(const SSL *ssl)
{
    return SSL_get_app_data(ssl);
}

static unsigned say_key(SSL *ssl, const char *hint, char *identity, unsigned identity_max,
                        unsigned char *psk, unsigned psk_max)
{
    const struct tls_pair *p = pair_of(ssl);

    (void)hint;
    assert_true(psk_max >= MLN_CREDENTIAL_KEY_USUAL);
    (void)snprintf(identity, identity_max, "%s", p->psk_identity);
    memset(psk, p->psk_byte, MLN_CREDENTIAL_KEY_USUAL);
    return MLN_CREDENTIAL_KEY_USUAL;
}

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_pair *p = pair_of(ssl);

    SSL_SESSION_free(p->session);
    p->session = session;
    return 1;
}

static void note_alert(const SSL *ssl, int where, int value)
{
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL) {
        pair_of(ssl)->alert = value & 0xff;
    }
}

static void show_certificate(SSL_CTX *ctx, const struct mln_tls_identity *identity)
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

static void make_ctx(struct tls_pair *p, const struct tls_client *want)
{
    p->ctx = SSL_CTX_new(TLS_client_method());
    assert_non_null(p->ctx);
    if (want->ours || want->target.domain.len) {
        assert_false(mln_failed(mln_tls_client_apply(want->ours, p->ctx, &want->target)));
        return;
    }
    SSL_CTX_set_security_level(p->ctx, 0);
    assert_int_equal(SSL_CTX_set_cipher_list(p->ctx, want->suites ? want->suites : "ALL"), 1);
    if (want->suites_1_3) {
        assert_int_equal(SSL_CTX_set_ciphersuites(p->ctx, want->suites_1_3), 1);
    }
    if (want->version) {
        assert_int_equal(SSL_CTX_set_min_proto_version(p->ctx, want->version), 1);
        assert_int_equal(SSL_CTX_set_max_proto_version(p->ctx, want->version), 1);
    }
    if (want->psk_identity) {
        SSL_CTX_set_psk_client_callback(p->ctx, say_key);
    }
    if (want->identity) {
        show_certificate(p->ctx, want->identity);
    }
}

static void make_client(struct tls_pair *p, const struct tls_client *want)
{
    make_ctx(p, want);
    (void)SSL_CTX_set_session_cache_mode(p->ctx,
                                         SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(p->ctx, keep_session);
    SSL_CTX_set_info_callback(p->ctx, note_alert);
    p->psk_identity = want->psk_identity;
    p->psk_byte = want->psk_byte;
    p->client = SSL_new(p->ctx);
    assert_non_null(p->client);
    SSL_set_app_data(p->client, p);
    SSL_set_connect_state(p->client);
    if (want->name) {
        assert_int_equal(SSL_set_tlsext_host_name(p->client, (char *)(uintptr_t)want->name), 1);
    }
    if (want->session) {
        assert_int_equal(SSL_set_session(p->client, want->session), 1);
    }
}

/* ---- both ---- */

static void join(struct tls_pair *p)
{
    BIO *left = NULL;
    BIO *right = NULL;

    assert_int_equal(BIO_new_bio_pair(&left, PIPE, &right, PIPE), 1);
    SSL_set_bio(p->client, left, left);
    SSL_set_bio(mln_tls_link_ssl(p->link), right, right);
}

/* 1: done, 0: goes on, -1: failed. */
static int step(SSL *ssl)
{
    int rc;
    int error;

    ERR_clear_error();
    rc = SSL_do_handshake(ssl);
    error = SSL_get_error(ssl, rc);
    return rc == 1 ? 1 : error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

/* Lets the client see what came after its own part: tickets of TLS 1.3, alerts. */
static void look_again(struct tls_pair *p)
{
    char byte;

    ERR_clear_error();
    (void)SSL_read(p->client, &byte, 1);
    if (ERR_peek_error()) {
        p->client_error = ERR_peek_error();
    }
}

void mln_tls_pair_shake(struct tls_pair *pair, struct mln_tls *tls, const struct tls_client *want)
{
    int client = 0;
    int server = 0;

    *pair = (struct tls_pair){ 0 };
    assert_false(mln_failed(mln_tls_link_new(tls, &pair->link)));
    make_client(pair, want);
    join(pair);
    for (int i = 0; i < 10 && server == 0; i++) {
        client = client == 0 ? step(pair->client) : client;
        if (client < 0) {
            pair->client_error = ERR_peek_error();
        }
        server = step(mln_tls_link_ssl(pair->link));
    }
    if (server == 1) {
        pair->is_done = !mln_failed(mln_tls_link_conclude(pair->link, &pair->association));
    }
    if (!pair->is_done) {
        mln_tls_link_why(pair->link, &pair->why);
    }
    if (client == 0) {
        (void)step(pair->client);
    }
    look_again(pair);
    ERR_clear_error();
}

void mln_tls_pair_done(struct tls_pair *pair)
{
    mln_association_unref(pair->association);
    SSL_SESSION_free(pair->session);
    /* else OpenSSL spoils the session */
    SSL_set_shutdown(pair->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(pair->client);
    SSL_CTX_free(pair->ctx);
    mln_tls_link_free(pair->link);
    *pair = (struct tls_pair){ 0 };
}
