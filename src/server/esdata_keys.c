/* Keys for `merlon esdata`: from files (JWK, PEM, digits), or from the credentials of a CSE. */
#include <stdio.h>
#include <string.h>

#include "crypto/files.h"
#include "server/esdata_command.h"
#include "server/key_command.h"

enum { CRL_BYTES = 16 << 20, ARENA_BYTES = 1 << 20 };

static struct mln_slice text_of(const struct mln_secret *file)
{
    return mln_slice_of((const char *)mln_secret_bytes(file), mln_secret_len(file));
}

/* ---- one key ---- */

struct key_file {
    const struct mln_esdata_settings *s;
    const struct mln_esdata_keys *keys;
    enum mln_esdata_role role;
    struct mln_slice name;
    const char *path;
    struct mln_fault *fault;
};

static mln_err of_text(const struct key_file *f, struct mln_slice text, struct mln_data_key **ret)
{
    struct mln_secret *chain MLN_CLEANUP(mln_secret_freep) = NULL;
    struct mln_esdata_key_source source = {
        .role = f->role,
        .name = f->name,
        .text = text,
        .trust = &f->keys->trust,
        .arena = f->keys->arena,
    };

    if (f->s->chain) {
        MLN_TRY(mln_secret_read(f->s->chain, MLN_ESDATA_KEY_FILE, f->fault, &chain));
        source.certificates = text_of(chain);
    }
    return mln_esdata_key_of_text(&source, f->fault, ret);
}

static mln_err read_key(struct key_file *f, struct mln_data_key **ret)
{
    struct mln_secret *file MLN_CLEANUP(mln_secret_freep) = NULL;
    struct mln_secret *secret MLN_CLEANUP(mln_secret_freep) = NULL;

    MLN_TRY(mln_secret_read(f->path, MLN_ESDATA_KEY_FILE, f->fault, &file));
    if (mln_esdata_is_key_text(text_of(file))) {
        return of_text(f, text_of(file), ret);
    }
    MLN_TRY(mln_key_of_digits(file, f->path, f->fault, &secret));
    return mln_esdata_key_of_secret(f->role, f->name, secret, f->fault, ret);
}

/* ---- keys that are kept ---- */

static mln_err find_key(const struct key_file *f, enum mln_use use, struct mln_found_key *ret)
{
    MLN_TRY(mln_credentials_find_key(f->keys->credentials, f->name, use,
                                     mln_env_now_us(mln_env_system()), ret));
    if (!ret->association) {
        mln_secret_free(ret->key);
        MLN_FAIL(NOT_FOUND);
    }
    return MLN_OK;
}

/* By its identifier. Its SUID must be one for this use; a key for encryption is kept as one that
 * encrypts the content itself (type 14), or wraps (15). spec: security.md 13.3, 13.4 */
static mln_err of_credentials(const struct key_file *f, struct mln_data_key **ret)
{
    bool is_signature = f->role == MLN_ESDATA_SIGN || f->role == MLN_ESDATA_FROM;
    struct mln_found_key found = { 0 };
    mln_err err = find_key(f, is_signature ? MLN_USE_SIGNATURE : MLN_USE_ESDATA, &found);

    if (err.code == MLN_ERR_NOT_FOUND && !is_signature) {
        err = find_key(f, MLN_USE_WRAP, &found);
    }
    if (err.code == MLN_ERR_NOT_FOUND) {
        mln_fault_set(f->fault, "%s: no key of that name for this use", f->path);
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(err);
    err = mln_esdata_key_of_secret(f->role, f->name, found.key, f->fault, ret);
    mln_association_unref(found.association);
    mln_secret_free(found.key);
    return err;
}

/* "NAME=FILE" or "FILE"; a name may have no '='. */
static mln_err read_item(const struct mln_esdata_settings *s, struct mln_esdata_keys *keys,
                         enum mln_esdata_role role, size_t i, struct mln_fault *fault)
{
    const char *item = s->lists[role].items[i];
    const char *sign = strchr(item, '=');
    struct key_file f = { .s = s, .keys = keys, .role = role, .path = item, .fault = fault };
    struct mln_fault why = { 0 };
    mln_err err;

    if (sign) {
        f.name = mln_slice_of(item, (size_t)(sign - item));
        f.path = sign + 1;
    }
    if (keys->credentials && !sign && strchr(item, '@') && !strchr(item, '/')) {
        f.name = mln_slice_z(item);
        return of_credentials(&f, &keys->all[role][i]);
    }
    f.fault = &why;
    err = read_key(&f, &keys->all[role][i]);
    if (mln_failed(err)) {
        mln_fault_set(fault, "%s%s%s%s", strstr(why.text, f.path) ? "" : f.path,
                      strstr(why.text, f.path) ? "" : ": ", why.text,
                      strstr(why.text, "trust anchor") ? ": --anchor FILE names some" : "");
    }
    return err;
}

/* ---- trust ---- */

static mln_err read_trust(const struct mln_esdata_settings *s, struct mln_fault *fault,
                          struct mln_esdata_keys *keys)
{
    struct mln_secret *anchors MLN_CLEANUP(mln_secret_freep) = NULL;
    struct mln_secret *crls MLN_CLEANUP(mln_secret_freep) = NULL;
    struct mln_cert_rules rules = { .env = mln_env_system() };
    struct mln_slice lists = { 0 };

    if (s->in_cse_id) {
        struct mln_slice id = mln_slice_z(s->in_cse_id);
        size_t at = 2 + mln_slice_find(mln_slice_from(id, 2), '/');

        keys->provider =
            (struct mln_cert_provider){ mln_slice_head(id, at), mln_slice_from(id, at) };
        keys->names = (struct mln_cert_names){ &keys->provider, 1 };
        rules.names = keys->names;
    }
    if (s->crl) {
        MLN_TRY(mln_file_read_given(s->crl, CRL_BYTES, false, fault, &crls));
        lists = text_of(crls);
        rules.status = MLN_CERT_STATUS_HARD;
    }
    MLN_TRY(mln_secret_read(s->anchor, MLN_ESDATA_KEY_FILE, fault, &anchors));
    MLN_TRY(mln_cert_verifier_new(&rules, text_of(anchors), lists, fault, &keys->verifier));
    keys->trust = (struct mln_data_trust){ .verifier = keys->verifier,
                                           .names = s->in_cse_id ? &keys->names : NULL,
                                           .entity = mln_slice_z(s->signer) };
    return MLN_OK;
}

mln_err mln_esdata_keys_read(const struct mln_esdata_settings *s, struct mln_fault *fault,
                             struct mln_esdata_keys *ret)
{
    ret->arena = mln_arena_new(ARENA_BYTES);
    MLN_REQUIRE(ret->arena, NO_MEMORY);
    if (s->anchor) {
        MLN_TRY(read_trust(s, fault, ret));
    }
    if (s->place.data) {
        MLN_TRY(mln_credentials_of_place(&s->place, false, fault, &ret->credentials));
    }
    for (enum mln_esdata_role role = MLN_ESDATA_TO; role < MLN_ESDATA_ROLES; role++) {
        for (size_t i = 0; i < s->lists[role].count; i++) {
            MLN_TRY(read_item(s, ret, role, i, fault));
        }
    }
    return MLN_OK;
}

void mln_esdata_keys_done(struct mln_esdata_keys *keys)
{
    for (size_t role = 0; role < MLN_ESDATA_ROLES; role++) {
        for (size_t i = 0; i < MLN_ESDATA_PARTIES; i++) {
            mln_data_key_free(keys->all[role][i]);
        }
    }
    mln_cert_verifier_unref(keys->verifier);
    mln_credentials_close(keys->credentials);
    mln_arena_free(keys->arena);
}
