/* From a verified certificate or a raw public key to what it has shown, from which the credentials
 * make an association. spec: security.md 16.2 */
#include "crypto/x509_int.h"

/* A device may be configured under any of its identifiers. */
static mln_err add_ids(const struct mln_cert_identity *identity, struct mln_arena *arena,
                       struct mln_proof *ret)
{
    bool is_device = identity->flavour == MLN_CERT_DEVICE;
    bool is_key = identity->flavour == MLN_CERT_RAW_KEY;
    size_t count = is_device ? identity->hardware_id_count : is_key ? MLN_CERT_KEY_IDS : 1;
    struct mln_slice *ids = mln_arena_zalloc(arena, count, sizeof *ids);

    MLN_REQUIRE(ids, NO_MEMORY);
    if (identity->credential_id.len == 0) {
        return MLN_OK; /* that of an FQDN has none */
    }
    ids[0] = identity->credential_id;
    for (size_t i = 1; i < count; i++) {
        MLN_TRY(mln_cert_credential_id(identity->flavour,
                                       is_device ? identity->hardware_ids[i] : identity->key_ids[i],
                                       arena, &ids[i]));
    }
    ret->credential_ids.items = ids;
    ret->credential_ids.count = count;
    return MLN_OK;
}

mln_err mln_cert_proof(const struct mln_cert_verifier *verifier, const struct x509_st *cert,
                       const struct mln_cert_outcome *outcome, struct mln_arena *arena,
                       struct mln_proof *ret)
{
    struct mln_proof proof = { .kind = MLN_ASSOCIATION_CERTIFICATE };
    struct mln_cert_identity identity;
    enum mln_cert_reason reason;

    MLN_REQUIRE(outcome->reason == MLN_CERT_OK && outcome->anchor[0], CERTIFICATE);
    MLN_TRY(mln_cert_identity_of(cert, &mln_cert_verifier_rules(verifier)->names, arena, &identity,
                                 &reason));
    MLN_TRY(add_ids(&identity, arena, &proof));
    MLN_REQUIRE(mln_arena_dup(arena, mln_slice_z(outcome->anchor), &proof.anchor), NO_MEMORY);
    proof.domain = identity.domain;
    proof.cse_id = identity.cse_id;
    proof.ae_id = identity.ae_id;
    proof.expires_us = outcome->expires_us;
    *ret = proof;
    return MLN_OK;
}

mln_err mln_cert_key_proof(const struct evp_pkey_st *key, struct mln_arena *arena,
                           struct mln_proof *ret)
{
    struct mln_proof proof = { .kind = MLN_ASSOCIATION_RAW_KEY, .expires_us = INT64_MAX };
    struct mln_cert_identity identity;
    enum mln_cert_reason reason;

    MLN_TRY(mln_cert_identity_of_key(key, arena, &identity, &reason));
    MLN_TRY(add_ids(&identity, arena, &proof));
    *ret = proof;
    return MLN_OK;
}
