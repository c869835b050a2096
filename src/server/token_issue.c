/* `merlon token issue`: claims, keys, and the token on standard output. */
#include <stdio.h>
#include <string.h>

#include "crypto/data_key.h"
#include "server/token_command.h"

enum { CHAIN_BYTES = 65536, PARTS = 3 };

static mln_err read_key(const char *path, struct mln_fault *fault, struct mln_jose_key **ret)
{
    struct mln_secret *file MLN_CLEANUP(mln_secret_freep) = NULL;
    struct mln_slice text;

    MLN_TRY(mln_secret_read(path, MLN_JOSE_KEY_BYTES, fault, &file));
    text = mln_slice_of((const char *)mln_secret_bytes(file), mln_secret_len(file));
    return mln_slice_starts(text, MLN_S("-----BEGIN ")) ? mln_jose_key_parse_pem(text, fault, ret)
                                                        : mln_jose_key_parse(text, fault, ret);
}

/* "ES256", "dir/A256GCM" or "ES256/A128KW/A128GCM"; without it, what the key is for. */
static mln_err read_protect(const struct mln_token_settings *s, const struct mln_jose_key *signer,
                            struct mln_fault *fault, struct mln_jwt_rule *ret)
{
    struct mln_slice rest = mln_slice_z(s->protect);
    struct mln_slice parts[PARTS + 1] = { { 0 } };
    size_t count = 0;
    bool is_good;

    if (!s->protect) {
        ret->sig = signer ? mln_jose_key_default_sig(signer) : MLN_JOSE_NO_SIG;
        if (s->recipient_key || !ret->sig) {
            mln_fault_set(fault, "--protect is missing");
            MLN_FAIL(CONFIG);
        }
        return MLN_OK;
    }
    while (rest.ptr && count <= PARTS) {
        parts[count++] = mln_slice_cut(&rest, '/');
    }
    *ret = (struct mln_jwt_rule){
        .sig = count != 2 ? mln_jose_sig_named(parts[0]) : MLN_JOSE_NO_SIG,
        .wrap = count > 1 ? mln_jose_wrap_named(parts[count - 2]) : MLN_JOSE_NO_WRAP,
        .enc = count > 1 ? mln_jose_enc_named(parts[count - 1]) : MLN_JOSE_NO_ENC,
    };
    is_good = count <= PARTS && (count == 2 || ret->sig) && (count == 1 || (ret->wrap && ret->enc));
    if (!is_good) {
        mln_fault_set(fault, "--protect: '%s' is not a combination that oneM2M permits",
                      s->protect);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

/* The certificates of a PEM file, the signer's first. */
static mln_err read_chain(const char *path, struct mln_arena *arena, struct mln_fault *fault,
                          struct mln_jwt_draft *draft)
{
    struct mln_secret *file MLN_CLEANUP(mln_secret_freep) = NULL;
    struct mln_slice *chain = mln_arena_zalloc(arena, MLN_JOSE_CHAIN, sizeof *chain);
    mln_err err;

    MLN_REQUIRE(chain, NO_MEMORY);
    MLN_TRY(mln_secret_read(path, CHAIN_BYTES, fault, &file));
    err = mln_data_chain_of_pem(
        mln_slice_of((const char *)mln_secret_bytes(file), mln_secret_len(file)), arena, NULL,
        chain, &draft->chain_count);
    if (err.code == MLN_ERR_CONFIG) {
        mln_fault_set(fault, "%s holds no certificates in PEM, or more than %d", path,
                      MLN_JOSE_CHAIN);
    }
    draft->chain = chain;
    return err;
}

mln_err mln_token_issue(const struct mln_token_settings *s, struct mln_arena *arena,
                        struct mln_fault *fault)
{
    struct mln_jose_key *signer MLN_CLEANUP(mln_jose_key_freep) = NULL;
    struct mln_jose_key *recipient MLN_CLEANUP(mln_jose_key_freep) = NULL;
    struct mln_jwt_draft draft = { 0 };
    struct mln_slice token;

    if (s->key_file) {
        MLN_TRY(read_key(s->key_file, fault, &signer));
    }
    if (s->recipient_key) {
        MLN_TRY(read_key(s->recipient_key, fault, &recipient));
    }
    MLN_TRY(read_protect(s, signer, fault, &draft.rule));
    if ((draft.rule.sig && !signer) || (draft.rule.wrap && !recipient)) {
        mln_fault_set(fault, "%s FILE is missing", signer ? "--recipient-key" : "--key-file");
        MLN_FAIL(CONFIG);
    }
    if (s->chain) {
        MLN_TRY(read_chain(s->chain, arena, fault, &draft));
    }
    MLN_TRY(mln_token_draft_claims(s, arena, fault, &draft.claims));
    draft.signer = signer;
    draft.recipient = recipient;
    MLN_TRY(mln_jwt_make(&draft, arena, fault, &token));
    (void)printf("%.*s\n", (int)token.len, token.ptr);
    return fflush(stdout) == 0 ? MLN_OK : MLN_ERROR(SYSTEM);
}
