/* Content keys for and from recipients. xmlsec1 1.2 of Debian 12 knows neither RSA-OAEP of
 * XMLEnc 1.1 nor key agreement, and keys are to stay in memory for secrets: so this is ours, as for
 * JOSE. spec: TS-0003 8.5.3.2; XMLEnc 1.1 5.5.2, 5.6; NIST SP 800-56A 5.8.1 */
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "base/env.h"
#include "codec/xml.h"
#include "crypto/base64.h"
#include "crypto/jose.h"
#include "crypto/jose_int.h"
#include "crypto/key_wrap.h"
#include "crypto/xmlsec_int.h"

enum { POINT_MOST = 1 + 2 * 66 };

static void drop_pkey(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

/* ---- agreement ---- */

/* A point that does not lie on the curve makes no key. */
static mln_err public_of(const struct mln_xmlsec_agreement *said, EVP_PKEY **ret)
{
    unsigned char point[POINT_MOST];
    const char *group = mln_jose_crv_row(said->crv)->name;
    OSSL_PARAM params[3];
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    bool is_made;

    MLN_REQUIRE(ctx, NO_MEMORY);
    memcpy(point, said->point.ptr, said->point.len);
    params[0] =
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)group, 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, said->point.len);
    params[2] = OSSL_PARAM_construct_end();
    is_made = EVP_PKEY_fromdata_init(ctx) == 1 &&
              EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) == 1;
    EVP_PKEY_CTX_free(ctx);
    MLN_REQUIRE(is_made, TOKEN_REFUSED);
    *ret = key;
    return MLN_OK;
}

static mln_err unwrap_agreed(const struct mln_xmlsec_recipient *recipient,
                             const struct mln_jose_key *key, struct mln_secret **ret)
{
    EVP_PKEY *theirs MLN_CLEANUP(drop_pkey) = NULL;
    struct mln_secret *z MLN_CLEANUP(mln_secret_freep) = NULL;
    unsigned char kek[MLN_SHA256_SIZE];
    mln_err err;

    MLN_REQUIRE(recipient->agreement.crv == key->crv, TOKEN_REFUSED);
    MLN_TRY(public_of(&recipient->agreement, &theirs));
    MLN_TRY(mln_key_agree(key->pkey, theirs, &z));
    err = mln_key_concat_kdf(z, recipient->agreement.other_info, kek);
    if (!mln_failed(err)) {
        err = mln_key_unwrap(kek, mln_jose_wrap_row(recipient->wrap)->kek_bytes, recipient->wrapped,
                             ret);
    }
    mln_wipe(kek, sizeof kek);
    return err;
}

mln_err mln_xmlsec_unwrap(const struct mln_xmlsec_recipient *recipient,
                          const struct mln_jose_key *key, enum mln_jose_enc enc,
                          struct mln_secret **ret)
{
    const struct mln_jose_wrap_row *row = mln_jose_wrap_row(recipient->wrap);
    struct mln_jose_wrapping how = { .wrap = recipient->wrap, .enc = enc };

    MLN_REQUIRE(row->kty == key->kty, TOKEN_REFUSED);
    MLN_REQUIRE(!row->kek_bytes || row->kty != MLN_JOSE_OCT ||
                    mln_secret_len(key->oct) == row->kek_bytes,
                TOKEN_REFUSED);
    return row->kty == MLN_JOSE_EC ? unwrap_agreed(recipient, key, ret)
                                   : mln_jose_unwrap_cek(key, &how, recipient->wrapped, ret);
}

/* ---- making ---- */

static void add_cipher_data(struct mln_buf *out, struct mln_slice bytes)
{
    mln_buf_add(out, MLN_S("<xenc:CipherData><xenc:CipherValue>"));
    mln_base64_add(out, bytes);
    mln_buf_add(out, MLN_S("</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>"));
}

/* What is shown of the key, in such an element; nothing when there is nothing. */
static mln_err add_shown(struct mln_buf *out, const char *element,
                         const struct mln_xmlsec_key *shown)
{
    if (!mln_xmlsec_shows(shown)) {
        return MLN_OK;
    }
    mln_buf_printf(out, "<%s>", element);
    MLN_TRY(mln_xmlsec_add_key(out, shown));
    mln_buf_printf(out, "</%s>", element);
    return MLN_OK;
}

static void add_hex(struct mln_buf *out, const char *name, struct mln_slice bytes)
{
    mln_buf_printf(out, " %s=\"00", name);
    for (size_t i = 0; i < bytes.len; i++) {
        mln_buf_printf(out, "%02x", (unsigned char)bytes.ptr[i]);
    }
    mln_buf_byte(out, '"');
}

/* What both sides hash behind Z: the key wrap by its URI, and who they are. */
static mln_err agree(const struct mln_xmlsec_sealing *how, const struct mln_xmlsec_target *target,
                     EVP_PKEY *fresh, unsigned char kek[static MLN_SHA256_SIZE])
{
    struct mln_slice algorithm = mln_slice_z(mln_xmlsec_wrap_uri(target->wrap));
    struct mln_secret *z MLN_CLEANUP(mln_secret_freep) = NULL;
    char info[MLN_XMLSEC_INFO];
    size_t len = algorithm.len;

    MLN_REQUIRE(how->party_u.len <= MLN_JOSE_PARTY_BYTES &&
                    how->party_v.len <= MLN_JOSE_PARTY_BYTES,
                LIMIT);
    memcpy(info, algorithm.ptr, algorithm.len);
    if (how->party_u.len) {
        memcpy(info + len, how->party_u.ptr, how->party_u.len);
        len += how->party_u.len;
    }
    if (how->party_v.len) {
        memcpy(info + len, how->party_v.ptr, how->party_v.len);
        len += how->party_v.len;
    }
    MLN_TRY(mln_key_agree(fresh, target->key->pkey, &z));
    return mln_key_concat_kdf(z, mln_slice_of(info, len), kek);
}

static mln_err add_agreement(struct mln_buf *out, const struct mln_xmlsec_sealing *how,
                             const struct mln_xmlsec_target *target, EVP_PKEY *fresh)
{
    unsigned char point[POINT_MOST];
    size_t len = 0;

    MLN_REQUIRE(EVP_PKEY_get_octet_string_param(fresh, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point,
                                                sizeof point, &len) == 1,
                INTERNAL);
    mln_buf_add(out, MLN_S("<xenc:AgreementMethod Algorithm=\"" MLN_XML_ECDH_ES
                           "\"><xenc11:KeyDerivationMethod xmlns:xenc11=\"" MLN_XML_XENC11_URI
                           "\" Algorithm=\"" MLN_XML_CONCAT_KDF "\"><xenc11:ConcatKDFParams"));
    add_hex(out, "AlgorithmID", mln_slice_z(mln_xmlsec_wrap_uri(target->wrap)));
    add_hex(out, "PartyUInfo", how->party_u);
    add_hex(out, "PartyVInfo", how->party_v);
    mln_buf_add(out, MLN_S("><ds:DigestMethod Algorithm=\"" MLN_XML_SHA256
                           "\"/></xenc11:ConcatKDFParams></xenc11:KeyDerivationMethod>"
                           "<xenc:OriginatorKeyInfo><ds:KeyValue><dsig11:ECKeyValue "
                           "xmlns:dsig11=\"" MLN_XML_DS11_URI "\">"));
    mln_buf_printf(out, "<dsig11:NamedCurve URI=\"%s\"/><dsig11:PublicKey>",
                   mln_xmlsec_crv_uri(target->key->crv));
    mln_base64_add(out, mln_slice_of((const char *)point, len));
    mln_buf_add(out, MLN_S("</dsig11:PublicKey></dsig11:ECKeyValue></ds:KeyValue>"
                           "</xenc:OriginatorKeyInfo>"));
    MLN_TRY(add_shown(out, "xenc:RecipientKeyInfo", &target->shown));
    mln_buf_add(out, MLN_S("</xenc:AgreementMethod>"));
    return MLN_OK;
}

static mln_err add_agreed(struct mln_buf *out, const struct mln_xmlsec_sealing *how,
                          const struct mln_xmlsec_target *target, const struct mln_secret *cek,
                          struct mln_slice *ret_wrapped)
{
    EVP_PKEY *fresh MLN_CLEANUP(drop_pkey) = NULL;
    unsigned char kek[MLN_SHA256_SIZE];
    mln_err err;

    MLN_TRY(mln_key_ephemeral(target->key->pkey, &fresh));
    err = agree(how, target, fresh, kek);
    if (!mln_failed(err)) {
        err = mln_key_wrap(kek, mln_jose_wrap_row(target->wrap)->kek_bytes, cek, out->arena,
                           ret_wrapped);
    }
    mln_wipe(kek, sizeof kek);
    MLN_TRY(err);
    return add_agreement(out, how, target, fresh);
}

/* EncryptionMethod, KeyInfo, and the wrapped key. */
mln_err mln_xmlsec_add_encrypted_key(struct mln_buf *out, const struct mln_xmlsec_sealing *how,
                                     const struct mln_xmlsec_target *target,
                                     const struct mln_secret *cek)
{
    const struct mln_jose_wrap_row *row = mln_jose_wrap_row(target->wrap);
    struct mln_jose_wrapping how_wrapped = { .wrap = target->wrap, .enc = how->enc };
    struct mln_slice wrapped = { 0 };
    struct mln_value *none;

    MLN_REQUIRE(row->kty == target->key->kty && mln_xmlsec_wrap_uri(target->wrap), INTERNAL);
    mln_buf_add(out, MLN_S("<xenc:EncryptedKey"));
    if (target->shown.name.len) {
        mln_buf_add(out, MLN_S(" Recipient=\""));
        MLN_TRY(mln_xml_write_text(out, target->shown.name, true));
        mln_buf_byte(out, '"');
    }
    mln_buf_printf(out, "><xenc:EncryptionMethod Algorithm=\"%s\">",
                   mln_xmlsec_wrap_uri(target->wrap));
    if (row->kty == MLN_JOSE_RSA) {
        mln_buf_add(out, MLN_S("<ds:DigestMethod Algorithm=\"" MLN_XML_SHA256
                               "\"/><xenc11:MGF xmlns:xenc11=\"" MLN_XML_XENC11_URI
                               "\" Algorithm=\"" MLN_XML_MGF_SHA256 "\"/>"));
    }
    mln_buf_add(out, MLN_S("</xenc:EncryptionMethod>"));
    if (row->kty == MLN_JOSE_EC) {
        mln_buf_add(out, MLN_S("<ds:KeyInfo>"));
        MLN_TRY(add_agreed(out, how, target, cek, &wrapped));
        mln_buf_add(out, MLN_S("</ds:KeyInfo>"));
    } else {
        MLN_TRY(add_shown(out, "ds:KeyInfo", &target->shown));
        MLN_TRY(mln_jose_wrap_cek(target->key, &how_wrapped, cek, out->arena, &wrapped, &none));
    }
    add_cipher_data(out, wrapped);
    return MLN_OK;
}
