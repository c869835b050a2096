/* `merlon key add`. */
#include <stdio.h>
#include <string.h>

#include "server/key_command.h"

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
    return s->key_file ? mln_key_read(s->key_file, s->is_raw, fault, ret) : make_key(ret);
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
        mln_err err = mln_key_tell(settings, key, fault);

        if (mln_failed(err)) { /* nobody would know the key */
            mln_ignore(mln_credentials_remove(credentials, c.id, NULL));
        }
        return err;
    }
    return MLN_OK;
}
