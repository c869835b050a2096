/* Keyrings: keys for protected data, and whom their owner believes. */
#include "base/mem.h"
#include "client/data_int.h"
#include "crypto/base64.h"
#include "crypto/files.h"
#include "e2e/esdata_key.h"

enum {
    FILE_BYTES = 65536,
    CRL_BYTES = 16 << 20,
    KEY_ARENA = 1 << 20,
    SECRET_MIN = 16,
    SECRET_MAX = 64
};

static struct mln_slice text_of(const struct mln_secret *file)
{
    return file ? mln_slice_of((const char *)mln_secret_bytes(file), mln_secret_len(file))
                : mln_slice_of(NULL, 0);
}

/* ---- making ---- */

static mln_err read_anchors(struct merlon_keyring *keyring,
                            const struct merlon_keyring_options *options, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *anchors = NULL;
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *lists = NULL;
    struct mln_cert_rules rules = { .env = mln_env_system() };

    if (options->in_cse_id) {
        struct mln_slice id = mln_slice_z(keyring->in_cse_id);
        size_t at = 2 + mln_slice_find(mln_slice_from(id, 2), '/');

        keyring->provider =
            (struct mln_cert_provider){ mln_slice_head(id, at), mln_slice_from(id, at) };
        keyring->names = (struct mln_cert_names){ &keyring->provider, 1 };
        rules.names = keyring->names;
    }
    if (options->crl_file) {
        MLN_TRY(mln_file_read_given(options->crl_file, CRL_BYTES, false, fault, &lists));
        rules.status = MLN_CERT_STATUS_HARD;
    }
    MLN_TRY(mln_file_read_given(options->anchor_file, FILE_BYTES, false, fault, &anchors));
    return mln_cert_verifier_new(&rules, text_of(anchors), text_of(lists), fault,
                                 &keyring->verifier);
}

static mln_err copy(const char *text, char **ret)
{
    *ret = mln_strdup(text ? text : "");
    MLN_REQUIRE(*ret, NO_MEMORY);
    return MLN_OK;
}

static mln_err make(struct merlon_keyring *keyring, const struct merlon_keyring_options *options,
                    struct mln_fault *fault)
{
    if (options->in_cse_id && !mln_cred_is_cse_id(mln_slice_z(options->in_cse_id))) {
        mln_fault_set(fault, "'%s' is no absolute CSE-ID, such as //sp.example/in",
                      options->in_cse_id);
        MLN_FAIL(PARAM_INVALID);
    }
    if (options->crl_file && !options->anchor_file) {
        mln_fault_set(fault, "revocation lists say nothing without a trust anchor");
        MLN_FAIL(PARAM_INVALID);
    }
    MLN_TRY(copy(options->signer, &keyring->signer));
    MLN_TRY(copy(options->in_cse_id, &keyring->in_cse_id));
    keyring->needs_signature = options->needs_signature || options->signer;
    keyring->needs_encryption = options->needs_encryption;
    if (options->anchor_file) {
        MLN_TRY(read_anchors(keyring, options, fault));
    }
    keyring->trust = (struct mln_data_trust){ .verifier = keyring->verifier,
                                              .names = options->in_cse_id ? &keyring->names : NULL,
                                              .entity = mln_slice_z(keyring->signer) };
    return MLN_OK;
}

struct merlon_keyring *merlon_keyring_new(const struct merlon_keyring_options *options,
                                          struct merlon_error *error)
{
    static const struct merlon_keyring_options none = { 0 };
    struct merlon_keyring *keyring = mln_calloc(1, sizeof *keyring);
    struct mln_fault fault = { 0 };
    mln_err err = keyring ? make(keyring, options ? options : &none, &fault) : MLN_ERROR(NO_MEMORY);

    if (mln_client_end(err, &fault, error) != MERLON_OK) {
        merlon_keyring_free(keyring);
        return NULL;
    }
    return keyring;
}

void merlon_keyring_free(struct merlon_keyring *keyring)
{
    if (!keyring) {
        return;
    }
    for (size_t role = 0; role < MLN_ESDATA_ROLES; role++) {
        for (size_t i = 0; i < keyring->counts[role]; i++) {
            mln_data_key_free(keyring->keys[role][i]);
        }
    }
    mln_cert_verifier_unref(keyring->verifier);
    mln_free(keyring->signer);
    mln_free(keyring->in_cse_id);
    mln_free(keyring);
}

/* ---- keys ---- */

static mln_err role_of(const struct merlon_keyring *keyring, enum merlon_key_use use,
                       enum mln_esdata_role *ret, struct mln_fault *fault)
{
    static const enum mln_esdata_role roles[] = {
        [MERLON_KEY_ENCRYPT] = MLN_ESDATA_TO,
        [MERLON_KEY_DECRYPT] = MLN_ESDATA_KEY,
        [MERLON_KEY_SIGN] = MLN_ESDATA_SIGN,
        [MERLON_KEY_VERIFY] = MLN_ESDATA_FROM,
    };

    if (use < MERLON_KEY_ENCRYPT || use > MERLON_KEY_VERIFY) {
        mln_fault_set(fault, "no such use of a key");
        MLN_FAIL(PARAM_INVALID);
    }
    if (keyring->counts[roles[use]] == MERLON_KEYS) {
        mln_fault_set(fault, "%d keys of one use are in the keyring already", MERLON_KEYS);
        MLN_FAIL(PARAM_INVALID);
    }
    *ret = roles[use];
    return MLN_OK;
}

static mln_err of_text(const struct merlon_keyring *keyring, enum mln_esdata_role role,
                       const char *name, struct mln_slice text, struct mln_fault *fault,
                       struct mln_data_key **ret)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(KEY_ARENA);
    struct mln_esdata_key_source source = {
        .role = role,
        .name = mln_slice_z(name),
        .text = text,
        .trust = &keyring->trust,
        .arena = arena,
    };

    MLN_REQUIRE(arena, NO_MEMORY);
    return mln_esdata_key_of_text(&source, fault, ret);
}

static bool has(struct mln_slice text, const char *what)
{
    return text.len && memmem(text.ptr, text.len, what, strlen(what)) != NULL;
}

/* What is public may be read by all: PEM without a private key, a JWK without a secret member. */
static bool is_public(struct mln_slice text)
{
    return has(text, "-----BEGIN ")
               ? !has(text, "PRIVATE KEY")
               : mln_esdata_is_key_text(text) && !has(text, "\"d\"") && !has(text, "\"k\"");
}

static mln_err read_key(const struct merlon_keyring *keyring, enum mln_esdata_role role,
                        const char *name, const char *file, struct mln_fault *fault,
                        struct mln_data_key **ret)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *text = NULL;
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *secret = NULL;

    if (!file) {
        mln_fault_set(fault, "a key needs a file");
        MLN_FAIL(PARAM_INVALID);
    }
    MLN_TRY(mln_file_read_given(file, FILE_BYTES, false, fault, &text));
    if (!is_public(text_of(text))) {
        mln_secret_free(text);
        text = NULL;
        MLN_TRY(mln_file_read_given(file, FILE_BYTES, true, fault, &text));
    }
    if (mln_esdata_is_key_text(text_of(text))) {
        return of_text(keyring, role, name, text_of(text), fault, ret);
    }
    MLN_TRY(mln_client_read_key(file, fault, &secret));
    return mln_esdata_key_of_secret(role, mln_slice_z(name), secret, fault, ret);
}

/* Of certificates the fault says what is wrong. */
static enum merlon_status end_adding(mln_err err, const char *file, const struct mln_fault *fault,
                                     struct merlon_error *error)
{
    struct mln_fault whole = { 0 };

    if (!file || strstr(fault->text, file)) {
        return mln_client_end(err, fault, error);
    }
    mln_fault_set(&whole, "%s: %s", file, fault->text[0] ? fault->text : mln_err_text(err));
    return mln_client_end(err, &whole, error);
}

enum merlon_status merlon_keyring_add(struct merlon_keyring *keyring, enum merlon_key_use use,
                                      const char *name, const char *file,
                                      struct merlon_error *error)
{
    struct mln_fault fault = { 0 };
    enum mln_esdata_role role = MLN_ESDATA_TO;
    mln_err err = role_of(keyring, use, &role, &fault);

    if (!mln_failed(err)) {
        err = read_key(keyring, role, name, file, &fault,
                       &keyring->keys[role][keyring->counts[role]]);
    }
    keyring->counts[role] += !mln_failed(err);
    return end_adding(err, file, &fault, error);
}

enum merlon_status merlon_keyring_add_secret(struct merlon_keyring *keyring,
                                             enum merlon_key_use use, const char *name,
                                             const void *bytes, size_t size,
                                             struct merlon_error *error)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *secret = NULL;
    struct mln_fault fault = { 0 };
    enum mln_esdata_role role = MLN_ESDATA_TO;
    mln_err err = role_of(keyring, use, &role, &fault);

    if (!mln_failed(err) && (size < SECRET_MIN || size > SECRET_MAX)) {
        mln_fault_set(&fault, "a secret has %d to %d bytes", SECRET_MIN, SECRET_MAX);
        err = MLN_ERROR(PARAM_INVALID);
    }
    if (!mln_failed(err)) {
        secret = mln_secret_of(bytes, size);
        err = secret ? mln_esdata_key_of_secret(role, mln_slice_z(name), secret, &fault,
                                                &keyring->keys[role][keyring->counts[role]])
                     : MLN_ERROR(NO_MEMORY);
    }
    keyring->counts[role] += !mln_failed(err);
    return mln_client_end(err, &fault, error);
}

/* ---- published certificates ---- */

static mln_err read_chain(const struct mln_value *esi, struct mln_arena *arena,
                          struct mln_slice ret[static MLN_DATA_CHAIN], size_t *ret_count)
{
    const struct mln_value *list = mln_value_get(esi, MLN_S("escert"));
    size_t count = 0;

    for (const struct mln_value *v = list && list->kind == MLN_V_ARRAY ? list->items.first : NULL;
         v && count < MLN_DATA_CHAIN; v = v->next) {
        MLN_REQUIRE(v->kind == MLN_V_TEXT, CERTIFICATE);
        MLN_TRY(mln_base64_read(v->text, arena, &ret[count]));
        count++;
    }
    *ret_count = count;
    return MLN_OK;
}

static mln_err of_published(const struct merlon_keyring *keyring, enum mln_esdata_role role,
                            const char *entity, const struct mln_value *esi,
                            struct mln_fault *fault, struct mln_data_key **ret)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(KEY_ARENA);
    struct mln_esdata_key_source source = {
        .role = role,
        .name = mln_slice_z(entity),
        .trust = &keyring->trust,
        .arena = arena,
    };
    struct mln_slice chain[MLN_DATA_CHAIN];
    size_t count = 0;

    MLN_REQUIRE(arena, NO_MEMORY);
    MLN_TRY(read_chain(esi, arena, chain, &count));
    if (!count) {
        mln_fault_set(fault, "it publishes no certificate");
        MLN_FAIL(CERTIFICATE);
    }
    return mln_esdata_key_of_chain(&source, chain, count, fault, ret);
}

static mln_err add_published(struct merlon_keyring *keyring, enum merlon_key_use use,
                             const char *entity, const struct merlon_response *response,
                             struct mln_fault *fault)
{
    const struct merlon_json *esi = merlon_response_attribute(response, "esi");
    enum mln_esdata_role role = MLN_ESDATA_TO;

    MLN_TRY(role_of(keyring, use, &role, fault));
    MLN_TRY(of_published(keyring, role, entity, esi ? &esi->value : NULL, fault,
                         &keyring->keys[role][keyring->counts[role]]));
    keyring->counts[role]++;
    return MLN_OK;
}

static mln_err check_published(enum merlon_key_use use, const char *entity, struct mln_fault *fault)
{
    if (use != MERLON_KEY_ENCRYPT && use != MERLON_KEY_VERIFY) {
        mln_fault_set(fault, "a certificate of others encrypts for them, or verifies");
        MLN_FAIL(PARAM_INVALID);
    }
    if (!mln_slice_starts(mln_slice_z(entity), MLN_S("//"))) {
        mln_fault_set(fault, "a certificate must name somebody: an absolute AE-ID or CSE-ID");
        MLN_FAIL(PARAM_INVALID);
    }
    return MLN_OK;
}

enum merlon_status merlon_keyring_add_published(struct merlon_keyring *keyring,
                                                enum merlon_key_use use,
                                                struct merlon_client *client, const char *target,
                                                const char *entity, struct merlon_error *error)
{
    struct merlon_error own = { 0 };
    struct merlon_error *told = error ? error : &own;
    struct merlon_request *request = NULL;
    struct merlon_response *response = NULL;
    struct mln_fault fault = { 0 };
    enum merlon_status status = mln_client_end(check_published(use, entity, &fault), &fault, told);

    if (status == MERLON_OK) {
        request = merlon_request_new(MERLON_RETRIEVE, target, told);
        status = request ? merlon_request_set(request, "atrl", "esi", told) : told->status;
    }
    if (status == MERLON_OK) {
        status = merlon_send(client, request, &response, told);
    }
    if (status == MERLON_OK) {
        status = merlon_response_check(response, told);
    }
    if (status == MERLON_OK) {
        status =
            end_adding(add_published(keyring, use, entity, response, &fault), target, &fault, told);
    }
    merlon_request_free(request);
    merlon_response_free(response);
    return status;
}
