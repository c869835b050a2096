/* Credentials of a client: which one is for the CSE, and a TLS context of what its files hold. */
#include "base/mem.h"
#include "base/num.h"
#include "client/client_int.h"
#include "crypto/base64.h"
#include "crypto/cred_id.h"
#include "crypto/files.h"

enum {
    CREDENTIALS_MAX = 1000,
    PEM_MAX = 1 << 20,
    CRL_MAX = 16 << 20,
    PSK_TEXT_MAX = 4096,
    DOMAIN_ARENA = 4096,
    PSK_MIN = MLN_CREDENTIAL_KEY_MIN,
    PSK_MAX = MLN_CREDENTIAL_KEY_MAX,
    HTTP_PORT = 80,
    HTTPS_PORT = 443,
    PORT_MAX = 65535,
};

/* ---- authorities ---- */

struct authority {
    struct mln_slice host; /* with the brackets of an IPv6 address */
    uint64_t port;         /* 0: any */
};

static bool parse_authority(struct mln_slice text, struct authority *ret)
{
    size_t end = mln_slice_starts(text, MLN_S("[")) ? mln_slice_find(text, ']') + 1
                                                    : mln_slice_find(text, ':');
    struct mln_slice rest;

    if (end == 0 || end > text.len) {
        return false;
    }
    rest = mln_slice_from(text, end);
    ret->host = mln_slice_head(text, end);
    ret->port = 0;
    if (rest.len == 0) {
        return true;
    }
    return rest.ptr[0] == ':' && mln_num_u64(mln_slice_from(rest, 1), &ret->port) &&
           ret->port > 0 && ret->port <= PORT_MAX;
}

static bool is_secure(struct mln_slice url)
{
    return mln_field_is(mln_slice_head(url, mln_slice_find(url, ':')), MLN_S("https"));
}

static bool parse_url(struct mln_slice url, struct authority *ret)
{
    size_t at = mln_slice_find(url, ':') + 3;
    struct mln_slice text;

    if (!mln_fetch_can(url) || at > url.len) {
        return false;
    }
    text = mln_slice_from(url, at);
    if (!parse_authority(mln_slice_head(text, mln_slice_find(text, '/')), ret)) {
        return false;
    }
    if (ret->port == 0) {
        ret->port = is_secure(url) ? HTTPS_PORT : HTTP_PORT;
    }
    return true;
}

/* How closely: 0 not at all, 1 the host, 2 the port too. */
static int closeness(const char *url, const char *authority)
{
    struct authority is;
    struct authority wanted;

    if (!parse_url(mln_slice_z(url), &is) || !parse_authority(mln_slice_z(authority), &wanted) ||
        !mln_field_is(is.host, wanted.host)) {
        return 0;
    }
    if (wanted.port == 0) {
        return 1;
    }
    return wanted.port == is.port ? 2 : 0;
}

int merlon_url_is_at(const char *url, const char *authority)
{
    return closeness(url, authority);
}

/* The one that fits best; NULL: none is for this CSE. */
static const struct merlon_credential *
pick(const char *url, const struct merlon_credential *credentials, size_t count)
{
    const struct merlon_credential *best = NULL;
    int most = -1;

    for (size_t i = 0; i < count; i++) {
        const char *authority = credentials[i].authority;
        int close = authority ? closeness(url, authority) : 0;

        if ((close > 0 || !authority) && close > most) {
            best = &credentials[i];
            most = close;
        }
    }
    return best;
}

/* ---- what a credential says ---- */

static mln_err refuse(struct mln_fault *fault, const char *why)
{
    mln_fault_set(fault, "%s", why);
    MLN_FAIL(PARAM_INVALID);
}

static bool is_empty(const struct merlon_credential *c)
{
    return !c->anchor_file && !c->certificate_file && !c->key_file && !c->psk_id && !c->psk_file &&
           !c->cse_id && !c->in_cse_id && !c->crl_file && !c->ocsp;
}

static bool needs_staple(const struct merlon_credential *c)
{
    return mln_slice_eq(mln_slice_z(c->ocsp), MLN_S("required"));
}

/* What does not go together is told before a file is read. */
static mln_err check(const struct merlon_credential *c, struct mln_fault *fault)
{
    struct mln_key_id key_id;

    if (!c->certificate_file != !c->key_file) {
        return refuse(fault, "a certificate and its key go together: one of the files is missing");
    }
    if (!c->psk_id != !c->psk_file) {
        return refuse(fault,
                      "a pre-shared key and its identity go together: one of them is missing");
    }
    if (c->certificate_file && c->psk_id) {
        return refuse(fault, "a credential is a certificate or a pre-shared key, not both");
    }
    if (!c->anchor_file && !c->psk_id) {
        return refuse(fault, "no trust anchor: without one no CSE is believed by its certificate; "
                             "the system's are never used");
    }
    if (!c->anchor_file && (c->crl_file || needs_staple(c))) {
        return refuse(fault, "revocation lists and OCSP responses say nothing without a trust "
                             "anchor");
    }
    if (c->ocsp && !needs_staple(c) && !mln_slice_eq(mln_slice_z(c->ocsp), MLN_S("asked"))) {
        mln_fault_set(fault, "ocsp: '%s' is neither asked nor required", c->ocsp);
        MLN_FAIL(PARAM_INVALID);
    }
    if (c->psk_id && !mln_key_id_parse(mln_slice_z(c->psk_id), &key_id)) {
        mln_fault_set(fault, "'%s' is no identity of a pre-shared key, such as name@sp.example",
                      c->psk_id);
        MLN_FAIL(PARAM_INVALID);
    }
    if (c->cse_id && !mln_cred_is_cse_id(mln_slice_z(c->cse_id))) {
        mln_fault_set(fault, "'%s' is no absolute CSE-ID, such as //sp.example/in", c->cse_id);
        MLN_FAIL(PARAM_INVALID);
    }
    if (c->in_cse_id && !c->cse_id) {
        return refuse(fault, "the CSE-ID of the infrastructure node says nothing without that of "
                             "the CSE");
    }
    return MLN_OK;
}

/* ---- files ---- */

/* What one credential becomes; secrets are wiped when it is over. */
struct making {
    const struct merlon_credential *from;
    struct mln_secret *anchor;
    struct mln_secret *crl;
    struct mln_secret *certificate;
    struct mln_secret *key;
    struct mln_secret *psk;
    struct mln_cert_verifier *verifier;
    struct mln_tls_client *client;
};

static void making_done(struct making *m)
{
    mln_secret_free(m->anchor);
    mln_secret_free(m->crl);
    mln_secret_free(m->certificate);
    mln_secret_free(m->key);
    mln_secret_free(m->psk);
    mln_cert_verifier_unref(m->verifier);
    mln_tls_client_unref(m->client);
}

static struct mln_slice text_of(const struct mln_secret *secret)
{
    return secret ? mln_slice_of((const char *)mln_secret_bytes(secret), mln_secret_len(secret))
                  : mln_slice_of(NULL, 0);
}

/* Puts the name of the file before the fault. */
static mln_err name_file(mln_err err, const char *path, struct mln_fault *fault)
{
    struct mln_fault whole = { 0 };

    if (mln_failed(err)) {
        mln_fault_set(&whole, "%s: %s", path, fault->text[0] ? fault->text : mln_err_text(err));
        *fault = whole;
    }
    return err;
}

/* Two digits a byte; false for anything else, with bytes written. */
static bool from_digits(struct mln_slice text, unsigned char *out, size_t *ret_len)
{
    for (size_t i = 0; i < text.len; i += 2) {
        int high = mln_num_hex(text.ptr[i]);
        int low = i + 1 < text.len ? mln_num_hex(text.ptr[i + 1]) : -1;

        if (high < 0 || low < 0) {
            return false;
        }
        out[i / 2] = (unsigned char)(high << 4 | low);
    }
    *ret_len = text.len / 2;
    return true;
}

mln_err mln_client_read_key(const char *path, struct mln_fault *fault, struct mln_secret **ret)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *text = NULL;
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *room = NULL;
    struct mln_slice digits;
    size_t len = 0;

    MLN_TRY(mln_file_read_given(path, PSK_TEXT_MAX, true, fault, &text));
    digits = text_of(text);
    while (digits.len && (unsigned char)digits.ptr[digits.len - 1] <= ' ') {
        digits.len--;
    }
    room = mln_secret_new(mln_base64_room(digits.len));
    MLN_REQUIRE(room, NO_MEMORY);
    if (!from_digits(digits, mln_secret_room(room), &len) &&
        !mln_base64url_decode(digits, mln_secret_room(room), &len)) {
        len = 0;
    }
    if (len < PSK_MIN || len > PSK_MAX) {
        mln_fault_set(fault, "%s: holds no key of %d to %d bytes, in hexadecimal or base64url",
                      path, PSK_MIN, PSK_MAX);
        MLN_FAIL(CONFIG);
    }
    *ret = mln_secret_of(mln_secret_bytes(room), len);
    MLN_REQUIRE(*ret, NO_MEMORY);
    return MLN_OK;
}

static mln_err read_files(struct making *m, struct mln_fault *fault)
{
    const struct merlon_credential *c = m->from;

    if (c->anchor_file) {
        MLN_TRY(mln_file_read_given(c->anchor_file, PEM_MAX, false, fault, &m->anchor));
    }
    if (c->crl_file) {
        MLN_TRY(mln_file_read_given(c->crl_file, CRL_MAX, false, fault, &m->crl));
    }
    if (c->certificate_file) {
        MLN_TRY(mln_file_read_given(c->certificate_file, PEM_MAX, false, fault, &m->certificate));
        MLN_TRY(mln_file_read_given(c->key_file, PEM_MAX, true, fault, &m->key));
    }
    return c->psk_file ? mln_client_read_key(c->psk_file, fault, &m->psk) : MLN_OK;
}

/* ---- contexts ---- */

/* "//sp.example/mn" to "//sp.example" and "/mn" */
static struct mln_cert_provider provider_of(const struct merlon_credential *c)
{
    struct mln_slice cse_id = mln_slice_z(c->cse_id);
    size_t at = 2 + mln_slice_find(mln_slice_from(cse_id, 2), '/');

    return (struct mln_cert_provider){
        .sp_id = mln_slice_head(cse_id, at),
        .in_cse_id = c->in_cse_id ? mln_slice_z(c->in_cse_id) : mln_slice_from(cse_id, at),
    };
}

/* A CSE-ID that no certificate could ever name is a mistake, and told at once. */
static mln_err check_cse_id(const struct merlon_credential *c, const struct mln_cert_names *names,
                            struct mln_fault *fault)
{
    struct mln_arena *arena = mln_arena_new(DOMAIN_ARENA);
    struct mln_slice domain;
    mln_err err;

    MLN_REQUIRE(arena, NO_MEMORY);
    err = mln_cert_domain_of_cse(mln_slice_z(c->cse_id), names, arena, fault, &domain);
    mln_arena_free(arena);
    return err;
}

static mln_err make_verifier(struct making *m, struct mln_fault *fault)
{
    const char *file = m->from->anchor_file;
    struct mln_cert_provider provider = { 0 };
    mln_err err;
    struct mln_cert_rules rules = { .env = mln_env_system(),
                                    .status = m->crl ? MLN_CERT_STATUS_HARD : MLN_CERT_STATUS_OFF,
                                    .needs_staple = needs_staple(m->from) };

    if (m->from->cse_id) {
        provider = provider_of(m->from);
        rules.names = (struct mln_cert_names){ &provider, 1 };
        MLN_TRY(check_cse_id(m->from, &rules.names, fault));
    }
    if (!m->anchor) {
        return MLN_OK;
    }
    err = mln_cert_verifier_new(&rules, text_of(m->anchor), text_of(m->crl), fault, &m->verifier);
    if (mln_slice_starts(mln_slice_z(fault->text), MLN_S("certificate revocation list"))) {
        file = m->from->crl_file;
    }
    return name_file(err, file, fault);
}

static mln_err make(struct making *m, struct mln_fault *fault)
{
    struct mln_tls_client_options options = {
        .env = mln_env_system(),
        .psk_identity = mln_slice_z(m->from->psk_id),
        .least = MLN_TLS_1_2,
        .greatest = MLN_TLS_1_3,
    };
    const char *file;

    MLN_TRY(check(m->from, fault));
    MLN_TRY(read_files(m, fault));
    MLN_TRY(make_verifier(m, fault));
    options.verifier = m->verifier;
    options.psk = m->psk;
    options.identity.certificate = text_of(m->certificate);
    options.identity.key = text_of(m->key);
    file = m->from->certificate_file ? m->from->certificate_file : m->from->anchor_file;
    return name_file(mln_tls_client_new(&options, fault, &m->client),
                     file ? file : m->from->psk_file, fault);
}

mln_err mln_client_tls(const struct merlon_credential *credential, struct mln_fault *fault,
                       struct mln_tls_client **ret)
{
    struct making m = { .from = credential };
    mln_err err = make(&m, fault);

    if (!mln_failed(err)) {
        *ret = m.client;
        m.client = NULL;
    }
    making_done(&m);
    return err;
}

/* ---- a receiver's ---- */

/* `who` for people. */
static mln_err check_server(const struct merlon_credential *c, const char *who,
                            struct mln_fault *fault)
{
    if (!c->certificate_file || !c->key_file || !c->anchor_file) {
        mln_fault_set(fault, "%s needs a certificate, its key, and a trust anchor", who);
        MLN_FAIL(PARAM_INVALID);
    }
    return check(c, fault);
}

/* With certificate and verifier of the files. */
static mln_err make_server(struct making *m, const struct mln_tls_options *base,
                           struct mln_fault *fault, struct mln_tls **ret)
{
    struct mln_tls_options options = *base;
    struct mln_tls_identity identity = { .certificate_file = m->from->certificate_file,
                                         .key_file = m->from->key_file };

    MLN_TRY(read_files(m, fault));
    MLN_TRY(make_verifier(m, fault));
    identity.certificate = text_of(m->certificate);
    identity.key = text_of(m->key);
    options.env = mln_env_system();
    options.identities = &identity;
    options.identity_count = 1;
    options.least = MLN_TLS_1_2;
    options.greatest = MLN_TLS_1_3;
    options.verifier = m->verifier;
    return mln_tls_new(&options, fault, ret);
}

static mln_err make_receiver(const struct merlon_client *client, struct making *m,
                             struct mln_fault *fault, struct mln_tls **ret)
{
    struct authority cse;
    struct mln_tls_target expected = { .cse_id = mln_slice_z(m->from->cse_id) };
    struct mln_tls_options options = { .clients = MLN_TLS_CLIENT_REQUIRED, .expected = &expected };

    MLN_TRY(check_server(m->from, "a receiver under TLS", fault));
    if (!parse_url(mln_slice_z(client->url), &cse)) {
        return refuse(fault, "the URL of the CSE has no host that its certificate could name");
    }
    expected.domain = mln_slice_starts(cse.host, MLN_S("["))
                          ? mln_slice_head(mln_slice_from(cse.host, 1), cse.host.len - 2)
                          : cse.host;
    return make_server(m, &options, fault, ret);
}

mln_err mln_client_receiver_tls(const struct merlon_client *client,
                                const struct merlon_credential *credential, struct mln_fault *fault,
                                struct mln_tls **ret)
{
    struct making m = { .from = credential };
    mln_err err = make_receiver(client, &m, fault, ret);

    making_done(&m);
    return err;
}

/* ---- a target's ---- */

mln_err mln_client_target_tls(const struct merlon_credential *credential, struct mln_fault *fault,
                              struct mln_tls **ret)
{
    struct making m = { .from = credential };
    struct mln_tls_options options = { .clients = MLN_TLS_CLIENT_NONE };
    mln_err err = check_server(credential, "a target that makes keys", fault);

    if (!mln_failed(err)) {
        err = make_server(&m, &options, fault, ret);
    }
    making_done(&m);
    return err;
}

/* ---- a client's ---- */

/* Connections that stand were made with what was before: a new fetcher has none. */
static mln_err exchange(struct merlon_client *client, struct mln_tls_client *tls,
                        const char *cse_id)
{
    char *copy = mln_strdup(cse_id ? cse_id : "");
    mln_err err = copy ? mln_client_open_fetcher(client) : MLN_ERROR(NO_MEMORY);

    if (mln_failed(err)) {
        mln_free(copy);
        return err;
    }
    mln_tls_slot_set_client(client->tls, tls);
    mln_free(client->cse_id);
    client->cse_id = copy;
    return MLN_OK;
}

static mln_err set(struct merlon_client *client, const struct merlon_credential *c,
                   struct mln_fault *fault)
{
    struct making m = { .from = c };
    mln_err err;

    if (!is_secure(mln_slice_z(client->url))) {
        mln_fault_set(fault, "%s: a credential is for https, not for http", client->url);
        MLN_FAIL(PARAM_INVALID);
    }
    err = make(&m, fault);
    if (!mln_failed(err)) {
        err = exchange(client, m.client, c->cse_id);
    }
    making_done(&m);
    return err;
}

static mln_err set_best(struct merlon_client *client, const struct merlon_credential *credentials,
                        size_t count, struct mln_fault *fault)
{
    const struct merlon_credential *best;
    struct authority authority;

    if (client->carrier) {
        return refuse(fault, "credentials are the carrier's, not those of a protected client");
    }
    if (client->is_running || client->is_ending || client->calls) {
        return refuse(fault, "credentials are not set while calls are under way");
    }
    if (count > CREDENTIALS_MAX) {
        return refuse(fault, "too many credentials");
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = credentials[i].authority;

        if (text && !parse_authority(mln_slice_z(text), &authority)) {
            mln_fault_set(fault, "'%s' is no authority, such as cse.example:8443", text);
            MLN_FAIL(PARAM_INVALID);
        }
    }
    best = pick(client->url, credentials, count);
    return best && !is_empty(best) ? set(client, best, fault) : exchange(client, NULL, NULL);
}

enum merlon_status merlon_client_set_credentials(struct merlon_client *client,
                                                 const struct merlon_credential *credentials,
                                                 size_t count, struct merlon_error *error)
{
    struct mln_fault fault = { 0 };

    return mln_client_end(set_best(client, credentials, count, &fault), &fault, error);
}
