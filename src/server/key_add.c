/* `merlon key add`. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "crypto/files.h"
#include "server/key_command.h"

enum { KEY_FILE_MAX = 4096, DIGITS = 16 };
enum { FIRST_SUID = 10, USUAL_KEY_SUID = 12, USUAL_CERTIFICATE_SUID = 42, LAST_SUID = 45 };

mln_err mln_key_credential_id(struct mln_slice key_id, unsigned suid,
                              char out[static MLN_CREDENTIAL_ID_MAX], struct mln_slice *ret,
                              struct mln_fault *fault)
{
    enum mln_use use = (enum mln_use)((suid ? suid : USUAL_KEY_SUID) % 10);
    size_t len = 0;

    if (suid == 0 || (mln_suid_is_valid(suid) && suid < 40)) {
        len = mln_credential_id_put(mln_use_key_type(use), key_id, out);
    }
    if (len == 0) {
        mln_fault_set(fault, "'%.*s' with SUID %u is no identifier of a key: name@domain",
                      MLN_S_ARG(key_id), suid ? suid : USUAL_KEY_SUID);
        MLN_FAIL(CONFIG);
    }
    *ret = mln_slice_of(out, len);
    return MLN_OK;
}

/* ---- the secret ---- */

static struct mln_slice without_line_end(const struct mln_secret *text)
{
    struct mln_slice s = { (const char *)mln_secret_bytes(text), mln_secret_len(text) };

    while (s.len && (s.ptr[s.len - 1] == '\n' || s.ptr[s.len - 1] == '\r')) {
        s.len--;
    }
    return mln_slice_trim(s);
}

/* Two digits a byte. The fault never shows what stands there. */
static mln_err from_digits(const struct mln_secret *text, const char *path, struct mln_fault *fault,
                           struct mln_secret **ret)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *key = NULL;
    struct mln_slice digits = without_line_end(text);
    bool is_good = digits.len > 0 && digits.len % 2 == 0;

    if (is_good) {
        key = mln_secret_new(digits.len / 2);
        MLN_REQUIRE(key, NO_MEMORY);
    }
    for (size_t i = 0; is_good && i < digits.len; i += 2) {
        int high = mln_num_hex(digits.ptr[i]);
        int low = mln_num_hex(digits.ptr[i + 1]);

        is_good = high >= 0 && low >= 0;
        mln_secret_room(key)[i / 2] = (unsigned char)(is_good ? high << 4 | low : 0);
    }
    if (!is_good) {
        mln_fault_set(fault, "%s: a key is written with an even number of hexadecimal digits",
                      strcmp(path, "-") == 0 ? "standard input" : path);
        MLN_FAIL(CONFIG);
    }
    *ret = key;
    key = NULL;
    return MLN_OK;
}

/* The digits of the key and a line feed. */
static mln_err to_digits(const struct mln_secret *key, struct mln_secret **ret)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = mln_secret_len(key);
    struct mln_secret *text = mln_secret_new(2 * len + 1);
    unsigned char *out;

    MLN_REQUIRE(text, NO_MEMORY);
    out = mln_secret_room(text);
    for (size_t i = 0; i < len; i++) {
        *out++ = (unsigned char)digits[mln_secret_bytes(key)[i] / DIGITS];
        *out++ = (unsigned char)digits[mln_secret_bytes(key)[i] % DIGITS];
    }
    *out = '\n';
    *ret = text;
    return MLN_OK;
}

static mln_err read_key(const struct mln_key_settings *s, struct mln_fault *fault,
                        struct mln_secret **ret)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *text = NULL;

    MLN_TRY(mln_secret_read(s->key_file, KEY_FILE_MAX, fault, &text));
    if (!s->is_raw) {
        return from_digits(text, s->key_file, fault, ret);
    }
    *ret = text;
    text = NULL;
    return MLN_OK;
}

static mln_err make_key(struct mln_secret **ret)
{
    struct mln_secret *key = mln_secret_new(MLN_CREDENTIAL_KEY_USUAL);
    mln_err err;

    MLN_REQUIRE(key, NO_MEMORY);
    err = mln_env_random(mln_env_system(), mln_secret_room(key), mln_secret_len(key));
    if (mln_failed(err)) {
        mln_secret_free(key);
        return err;
    }
    *ret = key;
    return MLN_OK;
}

/* *ret stays NULL for what has no secret key here. */
static mln_err key_of(const struct mln_key_settings *s, bool is_key, struct mln_fault *fault,
                      struct mln_secret **ret)
{
    bool is_told = s->shows || s->key_out;

    if (!is_key && (s->key_file || is_told)) {
        mln_fault_set(fault, "certificates and raw public keys have no secret key here");
        MLN_FAIL(CONFIG);
    }
    if (is_key && !s->key_file == !is_told) {
        mln_fault_set(fault, s->key_file ? "a key that is read is not shown again"
                                         : "where is the key? --key-file FILE; or for a random "
                                           "one --key-out FILE or --show");
        MLN_FAIL(CONFIG);
    }
    if (!is_key) {
        return MLN_OK;
    }
    return s->key_file ? read_key(s, fault, ret) : make_key(ret);
}

/* A random key goes where it was asked for. */
static mln_err tell(const struct mln_key_settings *s, const struct mln_secret *key,
                    struct mln_fault *fault)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *text = NULL;

    MLN_TRY(to_digits(key, &text));
    if (s->key_out) {
        MLN_TRY(mln_file_create(
            s->key_out, mln_slice_of((const char *)mln_secret_bytes(text), mln_secret_len(text)),
            fault));
    }
    if (s->shows && !mln_secret_print(mln_secret_bytes(text), mln_secret_len(text))) {
        mln_fault_set(fault, "cannot write to standard output");
        MLN_FAIL(SYSTEM);
    }
    return MLN_OK;
}

/* ---- the credential ---- */

static mln_err id_of(const struct mln_key_settings *s, char room[static MLN_CREDENTIAL_ID_MAX],
                     struct mln_slice *ret, bool *ret_is_key, struct mln_fault *fault)
{
    struct mln_credential_id id;

    if (!s->id.len == !s->credential_id.len) {
        mln_fault_set(fault, "either --id NAME@DOMAIN or --credential-id ID is needed");
        MLN_FAIL(CONFIG);
    }
    if (s->id.len) {
        *ret_is_key = true;
        return mln_key_credential_id(s->id, s->suid, room, ret, fault);
    }
    if (!mln_credential_id_parse(s->credential_id, &id)) {
        mln_fault_set(fault, "'%.*s' is no Credential-ID", MLN_S_ARG(s->credential_id));
        MLN_FAIL(CONFIG);
    }
    *ret = s->credential_id;
    *ret_is_key = mln_credential_is_key(id.type);
    return MLN_OK;
}

/* Without --suid: pre-provisioned, and for security associations where the type leaves it open. */
static unsigned suid_of(const struct mln_key_settings *s, struct mln_slice credential_id)
{
    struct mln_credential_id id = { 0 };
    unsigned suid = FIRST_SUID;

    (void)mln_credential_id_parse(credential_id, &id);
    if (s->suid) {
        return s->suid;
    }
    if (mln_suid_fits(USUAL_CERTIFICATE_SUID, id.type)) {
        return USUAL_CERTIFICATE_SUID;
    }
    while (suid < LAST_SUID && !mln_suid_fits(suid, id.type)) {
        suid++;
    }
    return suid;
}

mln_err mln_key_add(const struct mln_key_settings *settings, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_credentials_closep) struct mln_credentials *credentials = NULL;
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *key = NULL;
    char room[MLN_CREDENTIAL_ID_MAX];
    struct mln_credential c = {
        .label = settings->label,
        .anchor = settings->anchor,
        .domain = settings->domain,
        .cse_id = settings->cse_id,
        .ae_ids = { settings->ae_ids.items, settings->ae_ids.count },
        .app_ids = { settings->app_ids.items, settings->app_ids.count },
        .role_ids = { settings->role_ids.items, settings->role_ids.count },
        .not_before_us = settings->not_before_us,
        .not_after_us = settings->not_after_us,
    };
    bool is_key = false;

    MLN_TRY(id_of(settings, room, &c.id, &is_key, fault));
    c.suid = suid_of(settings, c.id);
    MLN_TRY(mln_credentials_of_place(&settings->place, true, fault, &credentials));
    MLN_TRY(key_of(settings, is_key, fault, &key));
    MLN_TRY(mln_credentials_add(credentials, &c, key, fault));
    if (key && !settings->key_file) {
        mln_err err = tell(settings, key, fault);

        if (mln_failed(err)) { /* nobody would know the key */
            mln_ignore(mln_credentials_remove(credentials, c.id, NULL));
        }
        return err;
    }
    return MLN_OK;
}
