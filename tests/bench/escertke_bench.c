/* Price of a key by certificate (ESCertKE): both ends of a run beside both ends of a handshake of
 * TLS 1.2 by OpenSSL alone, with the same certificates and the same suite, all in memory.
 *
 * usage: escertke_bench [ROUNDS] */
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/num.h"
#include "crypto/pair_lab_test.h"
#include "e2e/escertke.h"

enum { ARENA_BYTES = 8 << 20, ROUNDS = 50, BATCHES = 10, SIT = 6 };

#define CSE_ID MLN_S("//sp.example/in")
#define SUITE  "ECDHE-ECDSA-AES128-GCM-SHA256"

static void require(bool claim, const char *what)
{
    if (!claim) {
        (void)fprintf(stderr, "escertke_bench: %s\n", what);
        exit(1);
    }
}

static void well(mln_err err, const struct mln_fault *fault)
{
    require(!mln_failed(err), fault && fault->text[0] ? fault->text : mln_err_name(err));
}

/* Time of this thread, microseconds: others use the machine too. */
static double cpu_us(void)
{
    struct timespec t = { 0 };

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- OpenSSL alone ---- */

static SSL_CTX *context(const SSL_METHOD *method, const struct pair_lab *lab,
                        const struct mln_tls_identity *identity)
{
    SSL_CTX *ctx = SSL_CTX_new(method);
    BIO *cert_pem = BIO_new_mem_buf(identity->certificate.ptr, (int)identity->certificate.len);
    BIO *key_pem = BIO_new_mem_buf(identity->key.ptr, (int)identity->key.len);
    BIO *anchor_pem = BIO_new_mem_buf(lab->anchor.ptr, (int)lab->anchor.len);
    X509 *cert = PEM_read_bio_X509(cert_pem, NULL, NULL, NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_pem, NULL, NULL, NULL);
    X509 *anchor = PEM_read_bio_X509(anchor_pem, NULL, NULL, NULL);

    require(ctx && cert && key && anchor && SSL_CTX_use_certificate(ctx, cert) == 1 &&
                SSL_CTX_use_PrivateKey(ctx, key) == 1 &&
                X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), anchor) == 1 &&
                SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION) == 1 &&
                SSL_CTX_set_cipher_list(ctx, SUITE) == 1,
            "OpenSSL");
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    X509_free(cert);
    X509_free(anchor);
    EVP_PKEY_free(key);
    (void)BIO_free(cert_pem);
    (void)BIO_free(key_pem);
    (void)BIO_free(anchor_pem);
    return ctx;
}

static void shake(SSL_CTX *client_ctx, SSL_CTX *server_ctx)
{
    SSL *client = SSL_new(client_ctx);
    SSL *server = SSL_new(server_ctx);
    BIO *up = BIO_new(BIO_s_mem());
    BIO *down = BIO_new(BIO_s_mem());

    require(client && server && up && down, "OpenSSL");
    (void)BIO_up_ref(up);
    (void)BIO_up_ref(down);
    SSL_set_bio(client, down, up);
    SSL_set_bio(server, up, down);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    for (int i = 0; i < 3; i++) {
        (void)SSL_do_handshake(client);
        (void)SSL_do_handshake(server);
    }
    require(SSL_is_init_finished(client) && SSL_is_init_finished(server) &&
                SSL_get_verify_result(server) == X509_V_OK,
            "the bare handshake");
    SSL_free(client);
    SSL_free(server);
}

static double bare(SSL_CTX *client, SSL_CTX *server, uint64_t rounds)
{
    double start = cpu_us();

    for (uint64_t i = 0; i < rounds; i++) {
        shake(client, server);
    }
    return (cpu_us() - start) / (double)rounds;
}

/* ---- ours ---- */

struct ends {
    struct mln_limits limits;
    struct mln_cert_verifier *verifier;
    struct mln_tls_slot *slot;
    struct mln_tls_client *client;
    struct mln_made_keys *keys;
    struct mln_escertke *terminating;
    struct mln_arena *arena;
};

static void make_context(struct ends *e, const struct pair_lab *lab)
{
    const struct mln_tls_target device = { .ae_id = MLN_S("//sp.example/Sdev") };
    const struct mln_tls_options options = { .env = mln_env_system(),
                                             .identities = &lab->cse,
                                             .identity_count = 1,
                                             .clients = MLN_TLS_CLIENT_REQUIRED,
                                             .verifier = e->verifier,
                                             .expected = &device };
    struct mln_fault fault = { 0 };
    struct mln_tls *tls = NULL;

    well(mln_tls_new(&options, &fault, &tls), &fault);
    mln_tls_slot_set(e->slot, tls);
    mln_tls_unref(tls);
}

static void make_ends(struct ends *e, const struct pair_lab *lab)
{
    static const struct mln_cert_provider provider = { { "//sp.example", 12 }, { "/in", 3 } };
    const struct mln_cert_rules rules = { .env = mln_env_system(), .names = { &provider, 1 } };
    struct mln_tls_client_options client = { .env = mln_env_system(), .identity = lab->ae };
    struct mln_escertke_options options = { .env = mln_env_system(), .limits = &e->limits };
    struct mln_fault fault = { 0 };

    mln_limits_default(&e->limits);
    e->arena = mln_arena_new(ARENA_BYTES);
    require(e->arena, "memory");
    well(mln_cert_verifier_new(&rules, lab->anchor, MLN_S(""), &fault, &e->verifier), &fault);
    well(mln_tls_slot_new(&e->slot), NULL);
    make_context(e, lab);
    client.verifier = e->verifier;
    well(mln_tls_client_new(&client, &fault, &e->client), &fault);
    well(mln_made_keys_new(mln_env_system(), &e->limits, e->slot, &e->keys), NULL);
    options.slot = e->slot;
    options.keys = e->keys;
    well(mln_escertke_new(&options, &e->terminating), NULL);
}

static void free_ends(struct ends *e)
{
    mln_escertke_free(e->terminating);
    mln_made_keys_free(e->keys);
    mln_tls_client_unref(e->client);
    mln_tls_slot_free(e->slot);
    mln_cert_verifier_unref(e->verifier);
    mln_arena_free(e->arena);
}

/* What stands in the answer to a notification. */
static struct mln_value *info_of(struct mln_arena *arena, struct mln_slice text)
{
    struct mln_value *info = mln_value_new(arena, MLN_V_OBJECT);

    require(info, "memory");
    well(mln_value_set(info, MLN_S("sit"), mln_value_uint(arena, SIT)), NULL);
    well(mln_value_set(info, MLN_S("eckm"), mln_value_text(arena, text)), NULL);
    return info;
}

static void establish(struct ends *e, const struct mln_names *names, const struct mln_entity *from)
{
    const struct mln_tls_target target = { .cse_id = CSE_ID };
    struct mln_escertke_run *run = NULL;
    struct mln_fault fault = { 0 };
    struct mln_value *info = NULL;
    struct mln_slice said = { 0 };
    struct mln_pair_key key = { 0 };
    char kid[MLN_MADE_KID];

    mln_arena_reset(e->arena);
    well(mln_escertke_begin(e->client, &target, &fault, &run), &fault);
    for (int i = 0; i < 3; i++) {
        struct mln_escertke_message message = {
            .from = from, .names = names, .arena = e->arena, .fault = &fault
        };

        well(mln_escertke_step(run, info, e->arena, &fault, &said), &fault);
        if (i < 2) {
            message.text = said;
            well(mln_escertke_take(e->terminating, &message, &said), &fault);
            info = info_of(e->arena, said);
        }
    }
    well(mln_escertke_finish(run, INT64_MAX, &fault, &key, kid), &fault);
    mln_escertke_run_free(run);
    mln_secret_free(key.key);
    mln_association_unref(key.association);
    well(mln_made_keys_find(e->keys, mln_slice_of(kid, sizeof kid),
                            mln_env_now_us(mln_env_system()), &key),
         NULL);
    mln_secret_free(key.key);
    mln_association_unref(key.association);
}

static double runs(struct ends *e, uint64_t rounds)
{
    static const struct mln_names names = { { "//sp.example", 12 }, { "/in", 3 }, { "cse-in", 6 } };
    struct mln_entity from;
    double start;

    require(mln_entity_parse(MLN_S("Sdev"), &names, &from), "name");
    start = cpu_us();
    for (uint64_t i = 0; i < rounds; i++) {
        establish(e, &names, &from);
    }
    return (cpu_us() - start) / (double)rounds;
}

int main(int argc, char **argv)
{
    struct pair_lab lab = { 0 };
    struct ends ends = { 0 };
    uint64_t rounds = ROUNDS;
    double best_own = 1e9;
    double best_theirs = 1e9;
    SSL_CTX *client;
    SSL_CTX *server;

    (void)(argc > 1 && mln_num_u64(mln_slice_z(argv[1]), &rounds));
    require(pair_lab_make(&lab), "certificates");
    make_ends(&ends, &lab);
    client = context(TLS_client_method(), &lab, &lab.ae);
    server = context(TLS_server_method(), &lab, &lab.cse);
    /* in turns, the best of each */
    for (int i = 0; i < BATCHES; i++) {
        double own = runs(&ends, rounds);
        double theirs = bare(client, server, rounds);

        best_own = own < best_own ? own : best_own;
        best_theirs = theirs < best_theirs ? theirs : best_theirs;
    }
    (void)printf("ESCertKE, both ends: %.0f us; TLS 1.2 handshake of OpenSSL alone: %.0f us; "
                 "ratio %.3f\n",
                 best_own, best_theirs, best_own / best_theirs);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    free_ends(&ends);
    mln_arena_free(lab.arena);
    return 0;
}
