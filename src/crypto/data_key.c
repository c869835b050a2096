/* Keys for protected data: made once, then immutable. */
#include "crypto/data_key.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "base/mem.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "crypto/base64.h"
#include "crypto/jose_int.h"

enum {
    ARENA_BYTES = 1 << 20,
    CERTIFICATE_TYPES = 30,
    RAW_KEY_OFFSET = 1,
    KEYS_OF_CERTIFICATES = 4
};

#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define PEM_END   "-----END CERTIFICATE-----"

void mln_data_key_free(struct mln_data_key *key)
{
    if (key) {
        mln_jose_key_free(key->key);
        mln_arena_free(key->arena);
        mln_free(key);
    }
}

void mln_data_key_freep(struct mln_data_key **key)
{
    mln_data_key_free(*key);
}

/* ---- usage ---- */

/* spec: TS-0004 6.3.4.2.39: the units are the use, the tens where the key comes from */
static mln_err ops_of(unsigned suid, bool is_certificate, struct mln_fault *fault, unsigned *ret)
{
    bool fits = (suid / 10 == KEYS_OF_CERTIFICATES) == is_certificate;

    if (fits && mln_suid_permits(suid, MLN_USE_ESDATA)) {
        *ret = MLN_JOSE_OP_SEAL | MLN_JOSE_OP_OPEN;
        return MLN_OK;
    }
    if (fits && mln_suid_permits(suid, MLN_USE_SIGNATURE)) {
        *ret = MLN_JOSE_OP_SIGN | MLN_JOSE_OP_VERIFY;
        return MLN_OK;
    }
    mln_fault_set(fault, "a key with SUID %u is not for protected data", suid);
    MLN_FAIL(CONFIG);
}

/* ---- what all kinds have ---- */

static mln_err begin(const struct mln_data_key_about *about, struct mln_fault *fault,
                     struct mln_data_key **ret)
{
    struct mln_data_key *key MLN_CLEANUP(mln_data_key_freep) = mln_calloc(1, sizeof *key);

    MLN_REQUIRE(key, NO_MEMORY);
    key->arena = mln_arena_new(ARENA_BYTES);
    MLN_REQUIRE(key->arena, NO_MEMORY);
    if (about->name.len > MLN_DATA_NAME_BYTES || about->entity.len > MLN_DATA_NAME_BYTES) {
        mln_fault_set(fault, "the name of a key is too long");
        MLN_FAIL(CONFIG);
    }
    if (!mln_utf8_valid(about->name)) {
        mln_fault_set(fault, "the name of a key must be UTF-8");
        MLN_FAIL(CONFIG);
    }
    MLN_REQUIRE(mln_arena_dup(key->arena, about->name, &key->name) &&
                    mln_arena_dup(key->arena, about->entity, &key->entity),
                NO_MEMORY);
    key->suid = about->suid;
    key->expires_us = about->expires_us ? about->expires_us : INT64_MAX;
    *ret = key;
    key = NULL;
    return MLN_OK;
}

/* The name that the caller gave goes before the key's own. */
static mln_err settle_name(struct mln_data_key *key)
{
    if (key->name.len) {
        return mln_jose_key_rename(key->key, key->name);
    }
    key->name = mln_jose_key_id(key->key);
    return MLN_OK;
}

static mln_err settle_usage(struct mln_data_key *key, struct mln_fault *fault)
{
    unsigned ops = MLN_JOSE_OP_ALL;

    if (key->suid) {
        bool is_certificate = key->suid / 10 == KEYS_OF_CERTIFICATES;

        MLN_TRY(ops_of(key->suid, is_certificate, fault, &ops));
        if (is_certificate == (key->key->kty == MLN_JOSE_OCT)) {
            mln_fault_set(fault, "SUID %u is not for keys of this kind", key->suid);
            MLN_FAIL(CONFIG);
        }
    }
    mln_jose_key_narrow(key->key, ops);
    return MLN_OK;
}

/* ---- secrets and JWK ---- */

mln_err mln_data_key_of_secret(const struct mln_data_key_about *about,
                               const struct mln_secret *secret, struct mln_fault *fault,
                               struct mln_data_key **ret)
{
    struct mln_data_key *key MLN_CLEANUP(mln_data_key_freep) = NULL;
    unsigned ops = 0;
    mln_err err;

    MLN_TRY(ops_of(about->suid, false, fault, &ops));
    MLN_TRY(begin(about, fault, &key));
    err = mln_jose_key_of_secret(
        mln_slice_of((const char *)mln_secret_bytes(secret), mln_secret_len(secret)), ops,
        &key->key);
    if (err.code == MLN_ERR_CONFIG) {
        mln_fault_set(fault, "a key has at least 16 bytes");
    }
    MLN_TRY(err);
    MLN_TRY(settle_name(key));
    *ret = key;
    key = NULL;
    return MLN_OK;
}

mln_err mln_data_key_of_jwk(const struct mln_data_key_about *about, struct mln_slice jwk,
                            struct mln_fault *fault, struct mln_data_key **ret)
{
    struct mln_data_key *key MLN_CLEANUP(mln_data_key_freep) = NULL;

    MLN_TRY(begin(about, fault, &key));
    MLN_TRY(mln_jose_key_parse(jwk, fault, &key->key));
    MLN_TRY(settle_usage(key, fault));
    MLN_TRY(settle_name(key));
    *ret = key;
    key = NULL;
    return MLN_OK;
}

/* ---- certificates ---- */

/* One certificate between its marks; *rest moves behind it. */
static mln_err take_certificate(struct mln_slice *rest, struct mln_arena *arena,
                                struct mln_slice *ret)
{
    const char *begin_mark = memmem(rest->ptr, rest->len, PEM_BEGIN, sizeof PEM_BEGIN - 1);
    const char *end = memmem(rest->ptr, rest->len, PEM_END, sizeof PEM_END - 1);
    struct mln_slice text;
    struct mln_buf out;

    MLN_REQUIRE(begin_mark && end && end > begin_mark, NOT_FOUND);
    mln_buf_init(&out, arena, (size_t)2 * MLN_CERT_BYTES);
    for (const char *at = begin_mark + sizeof PEM_BEGIN - 1; at < end; at++) {
        if (*at != '\n' && *at != '\r') {
            mln_buf_byte(&out, *at);
        }
    }
    *rest = mln_slice_from(*rest, (size_t)(end - rest->ptr) + sizeof PEM_END - 1);
    MLN_TRY(mln_buf_finish(&out, &text));
    return mln_base64_read(text, arena, ret);
}

mln_err mln_data_chain_of_pem(struct mln_slice pem, struct mln_arena *arena,
                              struct mln_fault *fault, struct mln_slice ret[static MLN_DATA_CHAIN],
                              size_t *ret_count)
{
    struct mln_slice rest = pem;
    struct mln_slice next;
    size_t count = 0;
    mln_err err = take_certificate(&rest, arena, &next);

    while (!mln_failed(err) && count < MLN_DATA_CHAIN) {
        ret[count++] = next;
        err = take_certificate(&rest, arena, &next);
    }
    if (!count || !mln_failed(err) || err.code == MLN_ERR_SYNTAX) {
        mln_fault_set(fault, "1 to %d certificates in PEM are expected", MLN_DATA_CHAIN);
        MLN_FAIL(CONFIG);
    }
    if (err.code != MLN_ERR_NOT_FOUND) {
        return err;
    }
    *ret_count = count;
    return MLN_OK;
}

static mln_err copy_chain(struct mln_data_key *key, const struct mln_slice *chain, size_t count)
{
    struct mln_slice *copy = mln_arena_zalloc(key->arena, count, sizeof *copy);

    MLN_REQUIRE(copy, NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        MLN_REQUIRE(mln_arena_dup(key->arena, chain[i], &copy[i]), NO_MEMORY);
    }
    key->chain = copy;
    key->chain_count = count;
    return mln_sha256(chain[0], key->thumbprint);
}

/* Credential-ID of a certificate that is used so. spec: security.md 13.3 */
static mln_err credential_of(struct mln_data_key *key, struct mln_slice id)
{
    char room[MLN_CREDENTIAL_ID_MAX];
    struct mln_credential_id parts;
    unsigned base = mln_suid_permits(key->suid, MLN_USE_SIGNATURE) ? MLN_CREDENTIAL_SIGNATURE
                                                                   : MLN_CREDENTIAL_ENCRYPTION;
    size_t len;

    if (!mln_credential_id_parse(id, &parts) || mln_credential_is_key(parts.type)) {
        return MLN_OK;
    }
    len = mln_credential_id_put(
        (enum mln_credential_type)(base + (unsigned)parts.type - MLN_CREDENTIAL_RAW_KEY + 1),
        parts.value, room);
    MLN_REQUIRE(mln_arena_dup(key->arena, mln_slice_of(room, len), &key->name), NO_MEMORY);
    return MLN_OK;
}

static struct mln_slice entity_of(const struct mln_cert_identity *identity)
{
    if (identity->ae_id.len) {
        return identity->ae_id;
    }
    if (identity->cse_id.len) {
        return identity->cse_id;
    }
    return identity->node_id.len ? identity->node_id : identity->hardware_ids[0];
}

/* Whom the certificate names becomes the name of the key, unless it has one. */
static mln_err take_identity(struct mln_data_key *key, const X509 *cert,
                             const struct mln_cert_names *names)
{
    struct mln_cert_identity identity = { 0 };
    enum mln_cert_reason reason;
    mln_err err = mln_cert_identity_of(cert, names, key->arena, &identity, &reason);

    MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
    if (mln_failed(err)) {
        return MLN_OK;
    }
    key->entity = key->entity.len ? key->entity : entity_of(&identity);
    return key->name.len ? MLN_OK : credential_of(key, identity.credential_id);
}

static bool expires_at(const X509 *cert, int64_t *ret_us)
{
    struct tm tm = { 0 };

    if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) != 1) {
        return false;
    }
    *ret_us = (int64_t)timegm(&tm) * MLN_US_PER_S;
    return true;
}

/* ---- own private keys ---- */

static mln_err take_own_chain(struct mln_data_key *key, struct mln_slice pem,
                              struct mln_fault *fault)
{
    struct mln_jose_key *public_key MLN_CLEANUP(mln_jose_key_freep) = NULL;
    X509 *cert MLN_CLEANUP(mln_cert_freep) = NULL;
    struct mln_slice chain[MLN_DATA_CHAIN];
    int64_t end_us = INT64_MAX;
    size_t count = 0;

    MLN_TRY(mln_data_chain_of_pem(pem, key->arena, fault, chain, &count));
    MLN_TRY(mln_jose_key_of_certificate(chain[0], fault, &public_key));
    if (!mln_jose_key_eq(public_key, key->key)) {
        mln_fault_set(fault, "the certificate is of another key");
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(mln_cert_read_der(chain[0], &cert));
    if (expires_at(cert, &end_us) && end_us < key->expires_us) {
        key->expires_us = end_us;
    }
    MLN_TRY(copy_chain(key, chain, count));
    return take_identity(key, cert, NULL);
}

mln_err mln_data_key_of_private(const struct mln_data_key_about *about, struct mln_slice pem,
                                struct mln_slice certificates, struct mln_fault *fault,
                                struct mln_data_key **ret)
{
    struct mln_data_key *key MLN_CLEANUP(mln_data_key_freep) = NULL;

    MLN_TRY(begin(about, fault, &key));
    MLN_TRY(mln_jose_key_parse_pem(pem, fault, &key->key));
    MLN_TRY(settle_usage(key, fault));
    if (certificates.len) {
        MLN_TRY(take_own_chain(key, certificates, fault));
    }
    MLN_TRY(settle_name(key));
    *ret = key;
    key = NULL;
    return MLN_OK;
}

/* ---- certificates of others ---- */

/* spec: TS-0003 8.5.2.2.4.1: public keys for verifying signatures cannot be used to encrypt */
static bool usage_fits(X509 *cert, unsigned suid)
{
    uint32_t wanted =
        mln_suid_permits(suid, MLN_USE_SIGNATURE) ? KU_DIGITAL_SIGNATURE : KU_KEY_AGREEMENT;

    return (X509_get_extension_flags(cert) & EXFLAG_KUSAGE) &&
           (X509_get_key_usage(cert) & wanted) == wanted;
}

static mln_err check_certificate(const struct mln_data_trust *trust, const struct mln_slice *chain,
                                 size_t count, struct mln_fault *fault, int64_t *ret_expires_us)
{
    struct mln_cert_expect expect = mln_cert_expect_entity(trust->entity);
    struct mln_cert_outcome outcome = { 0 };
    mln_err err = mln_cert_verify_der(trust->verifier, chain, count, &expect, &outcome);

    if (err.code == MLN_ERR_CERTIFICATE) {
        mln_fault_set(fault, "no trust in the certificate: %s", outcome.fault.text);
    }
    MLN_TRY(err);
    *ret_expires_us =
        outcome.lists_end_us < outcome.expires_us ? outcome.lists_end_us : outcome.expires_us;
    return MLN_OK;
}

static mln_err take_chain(struct mln_data_key *key, const struct mln_data_trust *trust,
                          const struct mln_slice *chain, size_t count, struct mln_fault *fault)
{
    X509 *cert MLN_CLEANUP(mln_cert_freep) = NULL;

    MLN_TRY(mln_cert_read_der(chain[0], &cert));
    if (!usage_fits(cert, key->suid)) {
        mln_fault_set(fault, "no trust in the certificate: its keyUsage is not for this");
        MLN_FAIL(CERTIFICATE);
    }
    MLN_TRY(mln_jose_key_of_certificate(chain[0], fault, &key->key));
    MLN_TRY(settle_usage(key, fault));
    MLN_TRY(copy_chain(key, chain, count));
    return take_identity(key, cert, trust->names);
}

mln_err mln_data_key_of_certificate(const struct mln_data_trust *trust,
                                    const struct mln_slice *chain, size_t count, unsigned suid,
                                    struct mln_fault *fault, struct mln_data_key **ret)
{
    struct mln_data_key_about about = { .entity = trust->entity, .suid = suid };
    struct mln_data_key *key MLN_CLEANUP(mln_data_key_freep) = NULL;
    unsigned ops;

    MLN_TRY(ops_of(suid, true, fault, &ops));
    MLN_REQUIRE(count <= MLN_DATA_CHAIN, LIMIT);
    MLN_TRY(check_certificate(trust, chain, count, fault, &about.expires_us));
    MLN_TRY(begin(&about, fault, &key));
    MLN_TRY(take_chain(key, trust, chain, count, fault));
    MLN_TRY(settle_name(key));
    *ret = key;
    key = NULL;
    return MLN_OK;
}
