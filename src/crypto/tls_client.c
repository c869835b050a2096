/* The client's side: our credential, and a verification that lets nobody else be the server. */
#include <openssl/err.h>

#include "base/mem.h"
#include "crypto/tls_int.h"

struct mln_tls_client {
    atomic_size_t references;
    const struct mln_env *env;
    struct mln_cert_verifier *verifier;
    struct mln_credentials *credentials;
    enum mln_tls_version least;
    enum mln_tls_version greatest;
    struct mln_arena *arena;
    char *psk_identity; /* NULL: none */
    struct mln_secret *psk;
    SSL_CTX *own; /* our certificate and key, read once; for handshakes that we drive ourselves */
};

/* What an SSL_CTX of somebody else's keeps, or an SSL object of ours. */
struct mln_tls_reach {
    struct mln_tls_client *client;
    enum mln_use use;
    struct mln_cert_outcome *outcome; /* the caller's, or NULL */
    struct mln_arena *arena;
    struct mln_tls_target target;
    const char *psk_identity;     /* the client's, or that of the target's credential */
    const struct mln_secret *psk; /* goes with it; NULL: none */
    struct mln_secret *own_key;   /* of the target's credential, else NULL */
};

enum { CLIENT_BYTES = 1 << 20, TARGET_BYTES = 4096 };

/* ---- life ---- */

struct mln_tls_client *mln_tls_client_ref(struct mln_tls_client *client)
{
    (void)atomic_fetch_add_explicit(&client->references, 1, memory_order_relaxed);
    return client;
}

void mln_tls_client_unref(struct mln_tls_client *client)
{
    if (client && atomic_fetch_sub_explicit(&client->references, 1, memory_order_acq_rel) == 1) {
        mln_cert_verifier_unref(client->verifier);
        mln_secret_free(client->psk);
        SSL_CTX_free(client->own);
        mln_arena_free(client->arena);
        mln_free(client);
    }
}

/* ---- an SSL_CTX for one target ---- */

void mln_tls_reach_free(struct mln_tls_reach *r)
{
    if (r) {
        mln_tls_client_unref(r->client);
        mln_secret_free(r->own_key);
        mln_arena_free(r->arena);
        mln_free(r);
    }
}

static void on_ctx_freed(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long arg,
                         void *argp)
{
    (void)parent;
    (void)data;
    (void)index;
    (void)arg;
    (void)argp;
    mln_tls_reach_free(ptr);
}

static int place;

static void find_place(void)
{
    place = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, on_ctx_freed);
}

static struct mln_tls_reach *reach_of(const SSL *ssl)
{
    return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), place);
}

static int refuse(const struct mln_tls_reach *r, X509_STORE_CTX *store, const char *why)
{
    mln_fault_set(r->target.why, "%s", why);
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

/* Does the verified certificate rest on the credential of the target? It is judged as that of a
 * client of ours is: by what the credentials say now. */
static bool proves_credential(const struct mln_tls_reach *r, const X509 *cert,
                              const struct mln_cert_outcome *outcome)
{
    MLN_CLEANUP(mln_association_unrefp) struct mln_association *proved = NULL;
    struct mln_tls_judge judge = mln_tls_client_judge(r->client, r->use);

    return judge.credentials && !mln_failed(mln_tls_prove(&judge, cert, outcome, &proved)) &&
           mln_slice_eq(proved->credential_id, r->target.credential_id);
}

static void tell_refusal(const struct mln_tls_target *target, const struct mln_cert_expect *expect,
                         const struct mln_cert_outcome *outcome)
{
    struct mln_slice who = expect->ae_id.len    ? expect->ae_id
                           : expect->cse_id.len ? expect->cse_id
                                                : expect->domain;
    const char *why =
        outcome->fault.text[0] ? outcome->fault.text : mln_cert_reason_name(outcome->reason);

    if (outcome->reason == MLN_CERT_MISMATCH) {
        mln_fault_set(target->why, "%s: %.*s", why, MLN_S_ARG(who));
    }
    mln_fault_set(target->why, "%s", why);
}

/* A target that names nobody would be met by anybody. */
static bool names_somebody(const struct mln_tls_target *target)
{
    return target->domain.len || target->cse_id.len || target->ae_id.len ||
           target->credential_id.len;
}

/* Whom the target's credential, or nobody in particular, does not rule out. */
static bool is_the_one(const struct mln_tls_reach *r, X509_STORE_CTX *store,
                       const struct mln_cert_outcome *outcome)
{
    return r->target.credential_id.len == 0 ||
           proves_credential(r, X509_STORE_CTX_get0_cert(store), outcome);
}

/* Who drives the handshake has it at its SSL object. */
static const struct mln_tls_reach *reach_in(const SSL *ssl, const void *data)
{
    return data || !ssl ? data : SSL_get_app_data(ssl);
}

static int verify_server(X509_STORE_CTX *store, void *data)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const struct mln_tls_reach *r = reach_in(ssl, data);
    struct mln_cert_expect expect = { .flavours = MLN_CERT_SET_ALL, .is_server = true };
    struct mln_cert_outcome outcome = { 0 };

    if (!r) {
        return 0;
    }
    if (!r->client || !r->client->verifier) {
        return refuse(r, store, "no trust anchor is set, so no certificate is believed");
    }
    if (!names_somebody(&r->target)) {
        return refuse(r, store, "it is not said who has to be there");
    }
    if (r->target.credential_id.len == 0) { /* else it is judged when the path has been */
        mln_tls_expect(&r->target, &expect);
    }
    if (!mln_cert_verify_handshake(r->client->verifier, store, &expect, &outcome)) {
        tell_refusal(&r->target, &expect, &outcome);
        return 0;
    }
    if (!is_the_one(r, store, &outcome)) {
        return refuse(r, store, "it proves another credential than that of the target");
    }
    if (r->outcome) {
        *r->outcome = outcome;
    }
    return 1;
}

/* 0: not good enough, which ends the handshake. */
static int check_status(SSL *ssl, void *data)
{
    const struct mln_tls_reach *r = reach_in(ssl, data);
    struct mln_cert_outcome outcome = { 0 };

    if (r && mln_tls_check_staple(ssl, r->client->verifier, &outcome)) {
        return 1;
    }
    mln_fault_set(r ? r->target.why : NULL, "%s", outcome.fault.text);
    return 0;
}

static void ask_for_status(const struct mln_tls_client *client, SSL_CTX *ctx,
                           struct mln_tls_reach *r)
{
    if (client->verifier) {
        (void)SSL_CTX_set_tlsext_status_type(ctx, TLSEXT_STATUSTYPE_ocsp);
        (void)SSL_CTX_set_tlsext_status_cb(ctx, check_status);
        (void)SSL_CTX_set_tlsext_status_arg(ctx, r);
    }
}

/* Serves TLS 1.2 and 1.3: OpenSSL makes the session of 1.3 from it. */
static unsigned say_key(SSL *ssl, const char *hint, char *identity, unsigned identity_max,
                        unsigned char *psk, unsigned psk_max)
{
    const struct mln_tls_reach *r = reach_of(ssl);
    size_t len = r ? strlen(r->psk_identity) : 0;

    (void)hint;
    if (!r || len >= identity_max || mln_secret_len(r->psk) > psk_max) {
        return 0;
    }
    memcpy(identity, r->psk_identity, len + 1);
    memcpy(psk, mln_secret_bytes(r->psk), mln_secret_len(r->psk));
    return (unsigned)mln_secret_len(r->psk);
}

/* Which key we use. The dummy that stands for a key that is not there, or not valid, is not used:
 * then there is no key, and the server cannot prove the credential.
 * Errors: NO_MEMORY. */
static mln_err choose_key(struct mln_tls_reach *r)
{
    struct mln_found_key found = { 0 };
    struct mln_credential_id id;

    if (!r->client) {
        return MLN_OK;
    }
    if (r->target.credential_id.len == 0) {
        r->psk_identity = r->client->psk_identity;
        r->psk = r->client->psk;
        return MLN_OK;
    }
    if (!r->client->credentials || !mln_credential_id_parse(r->target.credential_id, &id) ||
        id.type != mln_use_key_type(MLN_USE_SAEF)) {
        return MLN_OK;
    }
    r->psk_identity = mln_arena_zdup(r->arena, id.value);
    MLN_REQUIRE(r->psk_identity, NO_MEMORY);
    MLN_TRY(mln_credentials_find_key(r->client->credentials, id.value, MLN_USE_SAEF,
                                     mln_env_now_us(r->client->env), &found));
    if (found.association) {
        r->own_key = found.key;
        r->psk = found.key;
    } else {
        mln_secret_free(found.key);
        mln_fault_set(r->target.why,
                      "the key of the target is not in the credentials, or not valid");
    }
    mln_association_unref(found.association);
    return MLN_OK;
}

struct mln_tls_judge mln_tls_client_judge(const struct mln_tls_client *client, enum mln_use use)
{
    return (struct mln_tls_judge){ client->env, client->verifier, client->credentials, use };
}

static mln_err reach_to(struct mln_tls_client *client, const struct mln_tls_target *target,
                        struct mln_tls_reach **ret)
{
    struct mln_tls_reach *r = mln_calloc(1, sizeof *r);

    MLN_REQUIRE(r, NO_MEMORY);
    r->arena = mln_arena_new(TARGET_BYTES);
    if (!r->arena || !mln_arena_dup(r->arena, target->domain, &r->target.domain) ||
        !mln_arena_dup(r->arena, target->cse_id, &r->target.cse_id) ||
        !mln_arena_dup(r->arena, target->ae_id, &r->target.ae_id) ||
        !mln_arena_dup(r->arena, target->credential_id, &r->target.credential_id)) {
        mln_tls_reach_free(r);
        MLN_FAIL(NO_MEMORY);
    }
    r->target.why = target->why;
    r->client = client ? mln_tls_client_ref(client) : NULL;
    *ret = r;
    return MLN_OK;
}

static mln_err give_identity(SSL_CTX *own, SSL_CTX *ctx)
{
    X509 *cert = SSL_CTX_get0_certificate(own);
    STACK_OF(X509) *chain = NULL;

    if (cert) {
        (void)SSL_CTX_get0_chain_certs(own, &chain);
        MLN_REQUIRE(SSL_CTX_use_certificate(ctx, cert) == 1 &&
                        SSL_CTX_set1_chain(ctx, chain) == 1 &&
                        SSL_CTX_use_PrivateKey(ctx, SSL_CTX_get0_privatekey(own)) == 1,
                    NO_MEMORY);
    }
    return MLN_OK;
}

static mln_err give_credentials(struct mln_tls_reach *r, SSL_CTX *ctx)
{
    const struct mln_tls_client *client = r->client;

    MLN_TRY(mln_tls_set_profile(ctx, client->least, client->greatest));
    MLN_TRY(give_identity(client->own, ctx));
    ask_for_status(client, ctx, r);
    if (r->psk) {
        SSL_CTX_set_psk_client_callback(ctx, say_key);
    }
    return MLN_OK;
}

mln_err mln_tls_client_apply(struct mln_tls_client *client, struct ssl_ctx_st *ctx,
                             const struct mln_tls_target *target)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct mln_tls_reach *r = NULL;

    (void)pthread_once(&once, find_place);
    MLN_TRY(reach_to(client, target, &r));
    r->use = MLN_USE_SAEF;
    if (mln_failed(choose_key(r)) || SSL_CTX_set_ex_data(ctx, place, r) != 1) {
        mln_tls_reach_free(r);
        MLN_FAIL(NO_MEMORY);
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, verify_server, r);
    /* a record without bytes, such as a key update, leads back to the loop: else a server that
     * sends nothing else would keep the thread to itself */
    (void)SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
    return client ? give_credentials(r, ctx) : MLN_OK;
}

/* ---- an SSL object for one target ---- */

mln_err mln_tls_reach_new(struct mln_tls_client *client, const struct mln_tls_target *target,
                          enum mln_use use, struct mln_cert_outcome *outcome,
                          struct mln_tls_reach **ret)
{
    MLN_TRY(reach_to(client, target, ret));
    (*ret)->use = use;
    (*ret)->outcome = outcome;
    return MLN_OK;
}

SSL *mln_tls_reach_ssl(struct mln_tls_reach *r)
{
    SSL *ssl = SSL_new(r->client->own);

    if (ssl) {
        SSL_set_app_data(ssl, r);
        SSL_set_connect_state(ssl);
    }
    return ssl;
}

/* ---- a new client ---- */

static mln_err keep(struct mln_tls_client *client, const struct mln_tls_client_options *options)
{
    client->arena = mln_arena_new(CLIENT_BYTES);
    MLN_REQUIRE(client->arena, NO_MEMORY);
    if (options->psk) {
        client->psk_identity = mln_arena_zdup(client->arena, options->psk_identity);
        client->psk = mln_secret_of(mln_secret_bytes(options->psk), mln_secret_len(options->psk));
        MLN_REQUIRE(client->psk_identity && client->psk, NO_MEMORY);
    }
    return MLN_OK;
}

static mln_err read_identity(struct mln_tls_client *client, const struct mln_tls_identity *identity,
                             struct mln_fault *fault)
{
    client->own = SSL_CTX_new(TLS_client_method());
    MLN_REQUIRE(client->own, NO_MEMORY);
    MLN_TRY(mln_tls_set_profile(client->own, client->least, client->greatest));
    SSL_CTX_set_cert_verify_callback(client->own, verify_server, NULL);
    ask_for_status(client, client->own, NULL);
    return identity->certificate.len ? mln_tls_set_identity(client->own, identity, fault) : MLN_OK;
}

mln_err mln_tls_client_new(const struct mln_tls_client_options *options, struct mln_fault *fault,
                           struct mln_tls_client **ret)
{
    struct mln_tls_client *client;
    mln_err err;

    if (options->psk &&
        (options->psk_identity.len == 0 || options->psk_identity.len > MLN_TLS_IDENTITY_MAX ||
         mln_slice_find(options->psk_identity, '\0') < options->psk_identity.len)) {
        mln_fault_set(fault, "the identity of a pre-shared key has 1 to %d bytes",
                      MLN_TLS_IDENTITY_MAX);
        MLN_FAIL(CONFIG);
    }
    client = mln_calloc(1, sizeof *client);
    MLN_REQUIRE(client, NO_MEMORY);
    atomic_init(&client->references, 1);
    client->env = options->env;
    client->credentials = options->credentials;
    client->least = options->least;
    client->greatest = options->greatest;
    client->verifier = options->verifier ? mln_cert_verifier_ref(options->verifier) : NULL;
    err = keep(client, options);
    if (!mln_failed(err)) {
        err = read_identity(client, &options->identity, fault);
    }
    if (mln_failed(err)) {
        mln_tls_client_unref(client);
        return err;
    }
    *ret = client;
    return MLN_OK;
}
