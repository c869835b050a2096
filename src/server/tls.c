/* Contexts from files. */
#include "server/tls.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "crypto/cred_id.h"
#include "crypto/files.h"
#include "crypto/jwt_chain.h"
#include "server/tables.h"

enum {
    FILE_MAX = 16 << 20,  /* a revocation list may be long */
    TEXTS_MAX = 64 << 20, /* of one reading */
};

struct mln_server_tls {
    const struct mln_settings *settings;
    struct mln_credentials *credentials;
    struct mln_tls_slot *slot;
    struct mln_arena *texts; /* of the last reading: what tokens are checked by */
    struct mln_slice crls;
};

/* What one reading makes; keys are wiped when it is over. */
struct reading {
    const struct mln_settings *settings;
    struct mln_arena *arena;
    struct mln_secret *keys[MLN_TLS_IDENTITIES];
    struct mln_tls_identity identities[MLN_TLS_IDENTITIES];
    struct mln_slice anchors;
    struct mln_slice crls;
    struct mln_slice staples[MLN_TLS_IDENTITIES];
    struct mln_cert_verifier *verifier;
    struct mln_tls *server;
    struct mln_tls_client *client;
};

/* ---- files ---- */

/* A public file's text, behind what is there already. */
static mln_err append_file(struct reading *r, const char *path, struct mln_slice *text,
                           struct mln_fault *fault)
{
    struct mln_secret *bytes = NULL;
    char *joined;

    MLN_TRY(mln_file_read_given(path, FILE_MAX, false, fault, &bytes));
    joined = mln_arena_alloc(r->arena, text->len + mln_secret_len(bytes) + 1);
    if (!joined) {
        mln_secret_free(bytes);
        MLN_FAIL(NO_MEMORY);
    }
    if (text->len) {
        memcpy(joined, text->ptr, text->len);
    }
    memcpy(joined + text->len, mln_secret_bytes(bytes), mln_secret_len(bytes));
    joined[text->len + mln_secret_len(bytes)] = '\n';
    *text = mln_slice_of(joined, text->len + mln_secret_len(bytes) + 1);
    mln_secret_free(bytes);
    return MLN_OK;
}

static mln_err read_staple(struct reading *r, size_t i, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *bytes = NULL;

    MLN_TRY(mln_file_read_given(r->settings->tls_staples[i], FILE_MAX, false, fault, &bytes));
    MLN_REQUIRE(
        mln_arena_dup(r->arena,
                      mln_slice_of((const char *)mln_secret_bytes(bytes), mln_secret_len(bytes)),
                      &r->staples[i]),
        NO_MEMORY);
    return MLN_OK;
}

static mln_err read_identity(struct reading *r, size_t i, struct mln_fault *fault)
{
    const struct mln_settings *s = r->settings;

    MLN_TRY(append_file(r, s->tls_certificates[i], &r->identities[i].certificate, fault));
    MLN_TRY(mln_file_read_given(s->tls_keys[i], FILE_MAX, true, fault, &r->keys[i]));
    r->identities[i].key =
        mln_slice_of((const char *)mln_secret_bytes(r->keys[i]), mln_secret_len(r->keys[i]));
    r->identities[i].certificate_file = s->tls_certificates[i];
    r->identities[i].key_file = s->tls_keys[i];
    return MLN_OK;
}

static mln_err read_files(struct reading *r, struct mln_fault *fault)
{
    const struct mln_settings *s = r->settings;

    if (s->tls_certificate_count != s->tls_key_count) {
        mln_fault_set(fault, "tls-certificate and tls-key go in pairs: %zu and %zu are given",
                      s->tls_certificate_count, s->tls_key_count);
        MLN_FAIL(CONFIG);
    }
    for (size_t i = 0; i < s->tls_certificate_count; i++) {
        MLN_TRY(read_identity(r, i, fault));
    }
    for (size_t i = 0; i < s->tls_anchor_count; i++) {
        MLN_TRY(append_file(r, s->tls_anchors[i], &r->anchors, fault));
    }
    for (size_t i = 0; i < s->tls_crl_count; i++) {
        MLN_TRY(append_file(r, s->tls_crls[i], &r->crls, fault));
    }
    for (size_t i = 0; i < s->tls_staple_count; i++) {
        MLN_TRY(read_staple(r, i, fault));
    }
    return MLN_OK;
}

/* ---- contexts ---- */

/* Says which certificate it is about. */
static void name_file(struct mln_fault *fault, const char *what, const char *path)
{
    struct mln_fault whole = { 0 };

    if (fault) {
        mln_fault_set(&whole, "%s%s%s: %s", what, path ? " " : "", path ? path : "", fault->text);
        *fault = whole;
    }
}

/* Ours, and those whose IN-CSEs we know: by them the domains of CSEs are read. */
struct providers {
    struct mln_cert_provider list[1 + MLN_DOMAINS_MAX];
    size_t count;
};

static struct providers providers_of(const struct mln_settings *s)
{
    struct mln_slice usual = s->cse_type == MLN_CSE_TYPE_IN ? s->cse_id : s->registrar_id;
    struct providers p = { .count = 1 + s->peer_count };

    p.list[0] = (struct mln_cert_provider){ .sp_id = s->sp_id,
                                            .in_cse_id = s->in_cse_id.len ? s->in_cse_id : usual };
    for (size_t i = 0; i < s->peer_count; i++) {
        struct mln_slice id = s->peers[i].domain;
        size_t sp = 2 + mln_slice_find(mln_slice_from(id, 2), '/');

        p.list[1 + i] = (struct mln_cert_provider){ .sp_id = mln_slice_head(id, sp),
                                                    .in_cse_id = mln_slice_from(id, sp) };
    }
    return p;
}

static struct mln_cert_rules rules_of(const struct mln_settings *s,
                                      const struct providers *providers)
{
    return (struct mln_cert_rules){
        .env = mln_env_system(),
        .names = { providers->list, providers->count },
        .status = s->tls_crl_count == 0 ? MLN_CERT_STATUS_OFF
                  : s->is_crl_soft      ? MLN_CERT_STATUS_SOFT
                                        : MLN_CERT_STATUS_HARD,
        .is_strict = s->is_tls_strict,
    };
}

static mln_err make_verifier(struct reading *r, struct mln_fault *fault)
{
    const struct mln_settings *s = r->settings;
    struct providers providers = providers_of(s);
    struct mln_cert_rules rules = rules_of(s, &providers);
    mln_err err;

    rules.needs_staple = s->needs_tls_staple;
    if (s->tls_anchor_count == 0) {
        return MLN_OK;
    }
    err = mln_cert_verifier_new(&rules, r->anchors, r->crls, fault, &r->verifier);
    if (mln_failed(err)) {
        name_file(fault, "tls-anchor, tls-crl", NULL);
    }
    return err;
}

static enum mln_tls_clients clients_of(const struct mln_settings *s)
{
    if (s->says_tls_clients) {
        return s->tls_clients;
    }
    return s->tls_anchor_count ? MLN_TLS_CLIENT_REQUIRED : MLN_TLS_CLIENT_NONE;
}

static mln_err make_server(struct reading *r, struct mln_credentials *credentials,
                           struct mln_fault *fault)
{
    const struct mln_settings *s = r->settings;
    struct mln_tls_options options = {
        .env = mln_env_system(),
        .identities = r->identities,
        .identity_count = s->tls_certificate_count,
        .authorities = s->authorities,
        .authority_count = s->authority_count,
        .staples = r->staples,
        .staple_count = s->tls_staple_count,
        .clients = clients_of(s),
        .least = s->tls_least,
        .greatest = s->tls_greatest,
        .verifier = r->verifier,
        .credentials = credentials,
        .ticket_us = (int64_t)s->limits.ticket_ms * 1000,
    };

    if (options.clients != MLN_TLS_CLIENT_NONE && !r->verifier) {
        mln_fault_set(fault, "tls-client: certificates of clients need a tls-anchor");
        MLN_FAIL(CONFIG);
    }
    return mln_tls_new(&options, fault, &r->server);
}

static mln_err make_client(struct reading *r, struct mln_credentials *credentials,
                           struct mln_fault *fault)
{
    const struct mln_settings *s = r->settings;
    struct mln_tls_client_options options = {
        .env = mln_env_system(),
        .verifier = r->verifier,
        .identity = r->identities[0],
        .credentials = credentials,
        .least = s->tls_least,
        .greatest = s->tls_greatest,
    };

    return mln_tls_client_new(&options, fault, &r->client);
}

static mln_err read_settings(struct reading *r, struct mln_credentials *credentials,
                             struct mln_fault *fault)
{
    r->arena = mln_arena_new(TEXTS_MAX);
    MLN_REQUIRE(r->arena, NO_MEMORY);
    MLN_TRY(read_files(r, fault));
    MLN_TRY(make_verifier(r, fault));
    MLN_TRY(make_server(r, credentials, fault));
    return make_client(r, credentials, fault);
}

static void reading_done(struct reading *r)
{
    for (size_t i = 0; i < MLN_TLS_IDENTITIES; i++) {
        mln_secret_free(r->keys[i]);
    }
    mln_cert_verifier_unref(r->verifier);
    mln_tls_unref(r->server);
    mln_tls_client_unref(r->client);
    mln_arena_free(r->arena);
}

/* ---- what works, and is of no use ---- */

/* As a client with the same anchors would judge our certificate. One of another authority, for
 * other clients, is theirs to judge. */
static void judge(const struct reading *r, const struct mln_tls_identity *identity)
{
    MLN_CLEANUP(mln_cert_freep) struct x509_st *cert = NULL;
    struct mln_cert_expect expect = { .flavours = MLN_CERT_SET_ALL, .is_server = true };
    struct mln_cert_outcome outcome = { 0 };

    if (mln_failed(mln_cert_read(identity->certificate, NULL, &cert)) ||
        !mln_failed(mln_cert_verify(r->verifier, cert, identity->certificate, &expect, &outcome)) ||
        outcome.reason == MLN_CERT_NO_ANCHOR) {
        return;
    }
    mln_log(MLN_LOG_WARNING, "tls", "%s: clients will refuse it: %s", identity->certificate_file,
            outcome.fault.text);
}

static void judge_all(const struct reading *r)
{
    for (size_t i = 0; i < r->settings->tls_certificate_count && r->verifier; i++) {
        judge(r, &r->identities[i]);
    }
}

static mln_err count_one(void *data, const struct mln_credential *credential)
{
    (void)credential;
    ++*(size_t *)data;
    return MLN_OK;
}

/* Keys may be added later, so it is no error. */
static void tell_if_nobody_can_come(const struct mln_server_tls *tls)
{
    const struct mln_settings *s = tls->settings;
    bool is_secured = false;
    size_t count = 0;

    for (size_t i = 0; i < s->listen_count; i++) {
        is_secured = is_secured || mln_binding_is_secured(s->listen[i].scheme);
    }
    if (is_secured && s->tls_certificate_count == 0 &&
        !mln_failed(mln_credentials_list(tls->credentials, count_one, &count)) && count == 0) {
        mln_log(MLN_LOG_WARNING, "tls",
                "nobody can connect under TLS yet: there is neither a certificate "
                "(tls-certificate) nor a pre-shared key (merlon key add)");
    }
}

/* ---- life ---- */

static mln_err open_credentials(struct mln_server_tls *tls, struct mln_fault *fault)
{
    const struct mln_settings *s = tls->settings;
    struct mln_credentials_options options = {
        .directory = mln_arena_zdup(s->arena, s->data),
        .master_key = s->master_key,
    };

    struct stat st;

    MLN_REQUIRE(options.directory, NO_MEMORY);
    if (stat(options.directory, &st) == 0 && !S_ISDIR(st.st_mode)) {
        mln_fault_set(fault, "%s is not a directory", options.directory);
        MLN_FAIL(SYSTEM);
    }
    return mln_credentials_open(&options, mln_env_system(), fault, &tls->credentials);
}

static void keep_texts(struct mln_server_tls *tls, struct reading *r)
{
    struct mln_arena *old = tls->texts;

    tls->texts = r->arena;
    tls->crls = r->crls;
    r->arena = old;
}

mln_err mln_server_tls_reload(struct mln_server_tls *tls, struct mln_fault *fault)
{
    struct reading r = { .settings = tls->settings };
    mln_err err = read_settings(&r, tls->credentials, fault);

    if (!mln_failed(err) && mln_tls_has_old_staple(r.server)) {
        mln_log(MLN_LOG_WARNING, "tls", "an OCSP response is too old: it is not stapled");
    }
    if (!mln_failed(err)) {
        judge_all(&r);
        mln_tls_slot_set(tls->slot, r.server);
        mln_tls_slot_set_client(tls->slot, r.client);
        keep_texts(tls, &r);
    }
    reading_done(&r);
    return err;
}

mln_err mln_server_tls_new(const struct mln_settings *settings, struct mln_fault *fault,
                           struct mln_server_tls **ret)
{
    struct mln_server_tls *tls = mln_calloc(1, sizeof *tls);
    mln_err err;

    MLN_REQUIRE(tls, NO_MEMORY);
    tls->settings = settings;
    err = mln_tls_slot_new(&tls->slot);
    if (!mln_failed(err)) {
        err = open_credentials(tls, fault);
    }
    if (!mln_failed(err)) {
        err = mln_server_tls_reload(tls, fault);
    }
    if (mln_failed(err)) {
        mln_server_tls_free(tls);
        return err;
    }
    tell_if_nobody_can_come(tls);
    *ret = tls;
    return MLN_OK;
}

void mln_server_tls_free(struct mln_server_tls *tls)
{
    if (tls) {
        mln_tls_slot_free(tls->slot);
        mln_arena_free(tls->texts);
        mln_credentials_close(tls->credentials);
        mln_free(tls);
    }
}

static void warn_of(const char *const *paths, size_t count, const char *what)
{
    for (size_t i = 0; i < count; i++) {
        if (access(paths[i], R_OK) != 0 && errno != ENOENT) {
            mln_log(MLN_LOG_WARNING, "tls",
                    "%s cannot be read by the server's user: a reload (SIGHUP) will leave all "
                    "%s as they are",
                    paths[i], what);
        }
    }
}

/* The data directory is given to the server's user, if there is a store in it. */
static void warn_of_credentials(const struct mln_settings *s)
{
    char files[2][MLN_PATH_MAX];
    const char *paths[2] = { files[0], s->master_key ? s->master_key : files[1] };
    char *directory = mln_arena_zdup(s->arena, s->data);

    if (directory && !mln_failed(mln_file_path(files[0], directory, "credentials", NULL)) &&
        !mln_failed(mln_file_path(files[1], directory, "master.key", NULL))) {
        warn_of(paths, 2, "credentials");
    }
}

static mln_err count_key(void *data, const struct mln_credential *credential)
{
    size_t *count = data;
    struct mln_credential_id id;

    *count += mln_credential_id_parse(credential->id, &id) && mln_credential_is_key(id.type);
    return MLN_OK;
}

static bool is_listening(const struct mln_settings *s)
{
    for (size_t i = 0; i < s->listen_count; i++) {
        if (mln_binding_is_secured(s->listen[i].scheme)) {
            return true;
        }
    }
    return false;
}

static void warn_of_nothing(const struct mln_server_tls *tls)
{
    size_t keys = 0;

    if (tls->settings->tls_certificate_count == 0 && is_listening(tls->settings) &&
        !mln_failed(mln_credentials_list(tls->credentials, count_key, &keys)) && keys == 0) {
        mln_log(MLN_LOG_WARNING, "tls",
                "neither a certificate of the server nor a key of a client is there: nobody can "
                "connect. See --tls-certificate and 'merlon key', then reload (SIGHUP)");
    }
}

void mln_server_tls_warn(const struct mln_server_tls *tls)
{
    const struct mln_settings *s = tls->settings;

    warn_of_nothing(tls);
    warn_of(s->tls_certificates, s->tls_certificate_count, "certificates");
    warn_of(s->tls_keys, s->tls_key_count, "certificates");
    warn_of(s->tls_anchors, s->tls_anchor_count, "certificates");
    warn_of(s->tls_crls, s->tls_crl_count, "certificates");
    warn_of(s->tls_staples, s->tls_staple_count, "certificates");
    warn_of_credentials(s);
}

struct mln_tls_slot *mln_server_tls_slot(const struct mln_server_tls *tls)
{
    return tls->slot;
}

struct mln_credentials *mln_server_tls_credentials(const struct mln_server_tls *tls)
{
    return tls->credentials;
}

mln_err mln_server_tls_issuers(const struct mln_server_tls *tls, const struct mln_slice *records,
                               size_t count, struct mln_fault *fault, struct mln_jwt_issuers **ret)
{
    struct providers providers = providers_of(tls->settings);
    struct mln_cert_rules rules = rules_of(tls->settings, &providers);
    struct mln_jwt_trust trust;
    mln_err err;

    MLN_TRY(mln_jwt_trust_new(&rules, tls->crls, &trust));
    err = mln_jwt_issuers_new(records, count, &trust, fault, ret);
    if (mln_failed(err)) {
        trust.drop(trust.data);
    }
    return err;
}
