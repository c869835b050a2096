/* The sealed file and its master key. */
#include "crypto/credentials_int.h"

/* The purpose that the seal is bound to. */
#define PURPOSE MLN_S("merlon credentials")

/* The fault of a step whose failure counts. */
static mln_err pass_on(mln_err err, const struct mln_fault *why, struct mln_fault *fault)
{
    if (why->text[0]) {
        mln_fault_set(fault, "%s", why->text);
    }
    return err;
}

static mln_err unseal(const struct mln_credentials *credentials, const struct mln_secret *sealed,
                      struct mln_fault *fault, struct mln_secret **ret_text)
{
    MLN_CLEANUP(mln_master_key_freep) struct mln_master_key *key = NULL;
    struct mln_fault why = { 0 };
    mln_err err = mln_master_key_load(credentials->key_file, &why, &key);

    if (err.code == MLN_ERR_NOT_FOUND) {
        mln_fault_set(fault, "%s is sealed, and its master key %s is missing", credentials->file,
                      credentials->key_file);
        MLN_FAIL(CONFIG);
    }
    if (mln_failed(err)) {
        return pass_on(err, &why, fault);
    }
    err = mln_unseal(key, PURPOSE,
                     mln_slice_of((const char *)mln_secret_bytes(sealed), mln_secret_len(sealed)),
                     ret_text);
    if (err.code == MLN_ERR_SEAL_KEY) {
        mln_fault_set(fault, "%s was sealed under another master key than %s", credentials->file,
                      credentials->key_file);
    }
    return err;
}

mln_err mln_cred_file_read(const struct mln_credentials *credentials, struct mln_fault *fault,
                           struct mln_secret **ret_text)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *sealed = NULL;
    struct mln_fault why = { 0 };
    mln_err err = mln_file_read(credentials->file, MLN_SEAL_MAX + MLN_SEAL_OVERHEAD, &why, &sealed);

    if (err.code == MLN_ERR_NOT_FOUND) {
        *ret_text = NULL;
        return MLN_OK;
    }
    if (mln_failed(err)) {
        return pass_on(err, &why, fault);
    }
    if (!sealed) {
        mln_fault_set(fault, "%s is empty", credentials->file);
        MLN_FAIL(SEAL_BROKEN);
    }
    return unseal(credentials, sealed, fault, ret_text);
}

/* The key that is there, or a new one. A file that is sealed already is never left with a key that
 * cannot open it: reading it came first, and failed without its key. */
static mln_err key_for_writing(const struct mln_credentials *credentials, struct mln_fault *fault,
                               struct mln_master_key **ret)
{
    struct mln_fault why = { 0 };
    mln_err err = mln_master_key_load(credentials->key_file, &why, ret);

    if (err.code != MLN_ERR_NOT_FOUND) {
        return pass_on(err, &why, fault);
    }
    return mln_master_key_make(credentials->key_file, credentials->env, fault, ret);
}

mln_err mln_cred_file_write(const struct mln_credentials *credentials, struct mln_slice text,
                            struct mln_fault *fault)
{
    MLN_CLEANUP(mln_master_key_freep) struct mln_master_key *key = NULL;
    MLN_CLEANUP(mln_secret_freep)
    struct mln_secret *sealed = mln_secret_new(text.len + MLN_SEAL_OVERHEAD);

    MLN_REQUIRE(sealed, NO_MEMORY);
    MLN_TRY(key_for_writing(credentials, fault, &key));
    MLN_TRY(mln_seal(key, credentials->env, PURPOSE, text, (char *)mln_secret_room(sealed)));
    return mln_file_replace(
        credentials->file,
        mln_slice_of((const char *)mln_secret_bytes(sealed), mln_secret_len(sealed)), fault);
}
