/* Protected data: from a payload to an envelope, and back. */
#include "base/mem.h"
#include "client/data_int.h"

/* ---- protecting ---- */

static mln_err protect(const struct merlon_keyring *keyring, enum merlon_data_form form,
                       struct mln_slice payload, char **ret, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(MLN_CLIENT_ARENA);
    struct mln_esdata_signer signers[MERLON_KEYS] = { 0 };
    struct mln_esdata_recipient recipients[MERLON_KEYS] = { 0 };
    struct mln_esdata_draft draft = {
        .form = (enum mln_esdata_form)form,
        .signers = signers,
        .signer_count = keyring->counts[MLN_ESDATA_SIGN],
        .recipients = recipients,
        .recipient_count = keyring->counts[MLN_ESDATA_TO],
        .now_us = mln_env_now_us(mln_env_system()),
    };
    struct mln_slice envelope = { 0 };

    MLN_REQUIRE(arena, NO_MEMORY);
    mln_arena_hold_secrets(arena);
    for (size_t i = 0; i < draft.signer_count; i++) {
        signers[i].key = keyring->keys[MLN_ESDATA_SIGN][i];
    }
    for (size_t i = 0; i < draft.recipient_count; i++) {
        recipients[i].key = keyring->keys[MLN_ESDATA_TO][i];
    }
    MLN_TRY(mln_esdata_protect(&draft, payload, arena, fault, &envelope));
    *ret = mln_malloc(envelope.len + 1);
    MLN_REQUIRE(*ret, NO_MEMORY);
    memcpy(*ret, envelope.ptr, envelope.len);
    (*ret)[envelope.len] = '\0';
    return MLN_OK;
}

enum merlon_status merlon_data_protect(const struct merlon_keyring *keyring,
                                       enum merlon_data_form form, const void *payload, size_t size,
                                       char **ret_envelope, struct merlon_error *error)
{
    struct mln_fault fault = { 0 };
    mln_err err = MLN_ERROR(PARAM_INVALID);

    if (form < MERLON_DATA_COMPACT || form > MERLON_DATA_XML_BASE64) {
        mln_fault_set(&fault, "no such form of protected data");
    } else if (!keyring->counts[MLN_ESDATA_SIGN] && !keyring->counts[MLN_ESDATA_TO]) {
        mln_fault_set(&fault, "the keyring has no key to sign or to encrypt with");
    } else {
        err = protect(keyring, form, mln_slice_of(payload, size), ret_envelope, &fault);
    }
    return mln_client_end(err, &fault, error);
}

/* ---- opening ---- */

struct merlon_data {
    struct mln_arena *arena;
    struct mln_esdata opened;
    const char *payload; /* ends in NUL */
    const char *signers[MLN_ESDATA_PARTIES];
};

/* What is given out as text ends in NUL. */
static mln_err own_texts(struct merlon_data *data)
{
    data->payload = mln_arena_zdup(data->arena, data->opened.payload);
    MLN_REQUIRE(data->payload, NO_MEMORY);
    for (size_t i = 0; i < data->opened.signer_count; i++) {
        const struct mln_esdata_party *party = &data->opened.signers[i];

        data->signers[i] =
            mln_arena_zdup(data->arena, party->entity.len ? party->entity : party->name);
        MLN_REQUIRE(data->signers[i], NO_MEMORY);
    }
    return MLN_OK;
}

static mln_err open_envelope(const struct merlon_keyring *keyring, enum merlon_data_form form,
                             struct mln_slice envelope, struct merlon_data *data,
                             struct mln_fault *fault)
{
    const struct mln_data_key *keys[2 * MERLON_KEYS];
    struct mln_esdata_opener opener = {
        .keys = keys,
        .trust = keyring->verifier ? &keyring->trust : NULL,
        .needs_signature = keyring->needs_signature,
        .needs_encryption = keyring->needs_encryption,
        .signer = mln_slice_z(keyring->signer),
        .now_us = mln_env_now_us(mln_env_system()),
        .envelope_most = MLN_CLIENT_BODY,
        .arena = data->arena,
        .fault = fault,
    };

    for (size_t i = 0; i < keyring->counts[MLN_ESDATA_KEY]; i++) {
        keys[opener.key_count++] = keyring->keys[MLN_ESDATA_KEY][i];
    }
    for (size_t i = 0; i < keyring->counts[MLN_ESDATA_FROM]; i++) {
        keys[opener.key_count++] = keyring->keys[MLN_ESDATA_FROM][i];
    }
    MLN_TRY(mln_esdata_open(&opener, (enum mln_esdata_form)form, envelope, &data->opened));
    return own_texts(data);
}

static mln_err data_new(struct merlon_data **ret)
{
    struct mln_arena *arena = mln_arena_new(MLN_CLIENT_ARENA);
    struct merlon_data *data = arena ? mln_arena_zalloc(arena, 1, sizeof *data) : NULL;

    if (!data) {
        mln_arena_free(arena);
        MLN_FAIL(NO_MEMORY);
    }
    mln_arena_hold_secrets(arena);
    data->arena = arena;
    *ret = data;
    return MLN_OK;
}

static mln_err open_data(const struct merlon_keyring *keyring, enum merlon_data_form form,
                         struct mln_slice envelope, struct merlon_data **ret,
                         struct mln_fault *fault)
{
    struct merlon_data *data = NULL;
    mln_err err;

    if (form < MERLON_DATA_ANY || form > MERLON_DATA_XML_BASE64) {
        mln_fault_set(fault, "no such form of protected data");
        MLN_FAIL(PARAM_INVALID);
    }
    MLN_TRY(data_new(&data));
    err = open_envelope(keyring, form, envelope, data, fault);
    if (mln_failed(err)) {
        merlon_data_free(data);
        return err;
    }
    *ret = data;
    return MLN_OK;
}

enum merlon_status merlon_data_open(const struct merlon_keyring *keyring,
                                    enum merlon_data_form form, const char *envelope, size_t size,
                                    struct merlon_data **ret_data, struct merlon_error *error)
{
    struct mln_fault fault = { 0 };

    return mln_client_end(open_data(keyring, form, mln_slice_of(envelope, size), ret_data, &fault),
                          &fault, error);
}

void merlon_data_free(struct merlon_data *data)
{
    if (data) {
        mln_arena_free(data->arena);
    }
}

const char *merlon_data_payload(const struct merlon_data *data, size_t *ret_size)
{
    if (ret_size) {
        *ret_size = data->opened.payload.len;
    }
    return data->payload;
}

bool merlon_data_is_encrypted(const struct merlon_data *data)
{
    return data->opened.enc != MLN_JOSE_NO_ENC;
}

const char *merlon_data_signer(const struct merlon_data *data, size_t index)
{
    return index < data->opened.signer_count ? data->signers[index] : NULL;
}
