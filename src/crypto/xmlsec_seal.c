/* Encrypted data. The strict reader has the octets in its hands already; AES-GCM is that of ESPrim
 * and JOSE, and the content key never leaves memory for secrets. spec: TS-0003 8.5.3.2;
 * XMLEnc 1.1 5.2.4 */
#include <limits.h>

#include "base/env.h"
#include "crypto/aead.h"
#include "crypto/base64.h"
#include "crypto/jose.h"
#include "crypto/jose_int.h"
#include "crypto/xmlsec_int.h"

mln_err mln_xmlsec_open(const struct mln_xmlsec *envelope,
                        const struct mln_xmlsec_recipient *recipient,
                        const struct mln_jose_key *key, struct mln_slice *ret)
{
    const unsigned char *sealed = (const unsigned char *)envelope->sealed.ptr;
    struct mln_secret *cek MLN_CLEANUP(mln_secret_freep) = NULL;
    struct mln_aead how = { .enc = envelope->enc, .iv = sealed };
    struct mln_slice text;
    bool fits = false;

    MLN_REQUIRE(envelope->sealed.len >= MLN_AEAD_IV + MLN_AEAD_TAG, TOKEN_REFUSED);
    MLN_TRY(mln_xmlsec_unwrap(recipient, key, envelope->enc, &cek));
    MLN_REQUIRE(mln_secret_len(cek) == mln_jose_enc_row(envelope->enc)->key_bytes, TOKEN_REFUSED);
    text = mln_slice_head(mln_slice_from(envelope->sealed, MLN_AEAD_IV),
                          envelope->sealed.len - MLN_AEAD_IV - MLN_AEAD_TAG);
    how.key = mln_secret_bytes(cek);
    MLN_TRY(mln_aead_open(&how, text, sealed + MLN_AEAD_IV + text.len, envelope->opened, &fits));
    MLN_REQUIRE(fits, TOKEN_REFUSED);
    *ret = mln_slice_of((const char *)envelope->opened, text.len);
    return MLN_OK;
}

/* ---- making ---- */

static mln_err make_cek(const struct mln_xmlsec_sealing *how, struct mln_secret **ret)
{
    const struct mln_xmlsec_target *first = &how->targets[0];
    struct mln_jose_wrapping wrapping = { .wrap = first->wrap, .enc = how->enc };

    /* the caller has asked: dir is for one key, which is as long as the algorithm wants */
    MLN_REQUIRE(first->wrap != MLN_JOSE_DIR ||
                    (how->target_count == 1 && first->key->kty == MLN_JOSE_OCT &&
                     mln_secret_len(first->key->oct) == mln_jose_enc_row(how->enc)->key_bytes),
                INTERNAL);
    return mln_jose_make_cek(first->key, &wrapping, ret);
}

static mln_err add_key_info(struct mln_buf *out, const struct mln_xmlsec_sealing *how,
                            const struct mln_secret *cek)
{
    if (how->targets[0].wrap == MLN_JOSE_DIR && !mln_xmlsec_shows(&how->targets[0].shown)) {
        return MLN_OK;
    }
    mln_buf_add(out, MLN_S("<ds:KeyInfo>"));
    if (how->targets[0].wrap == MLN_JOSE_DIR) {
        MLN_TRY(mln_xmlsec_add_key(out, &how->targets[0].shown));
    } else {
        for (size_t i = 0; i < how->target_count; i++) {
            MLN_TRY(mln_xmlsec_add_encrypted_key(out, how, &how->targets[i], cek));
        }
    }
    mln_buf_add(out, MLN_S("</ds:KeyInfo>"));
    return MLN_OK;
}

/* IV, text and tag, in base64. */
static mln_err add_content(struct mln_buf *out, enum mln_jose_enc enc, const struct mln_secret *cek,
                           struct mln_slice text)
{
    unsigned char *sealed;
    struct mln_aead how = { .enc = enc, .key = mln_secret_bytes(cek) };

    MLN_REQUIRE(text.len <= INT_MAX / 2, LIMIT);
    sealed = mln_arena_alloc(out->arena, MLN_AEAD_IV + text.len + MLN_AEAD_TAG);
    MLN_REQUIRE(sealed, NO_MEMORY);
    MLN_TRY(mln_env_random(mln_env_system(), sealed, MLN_AEAD_IV));
    how.iv = sealed;
    MLN_TRY(mln_aead_seal(&how, text, sealed + MLN_AEAD_IV, sealed + MLN_AEAD_IV + text.len));
    mln_base64_add(out, mln_slice_of((const char *)sealed, MLN_AEAD_IV + text.len + MLN_AEAD_TAG));
    return MLN_OK;
}

mln_err mln_xmlsec_seal(const struct mln_xmlsec_sealing *how, struct mln_slice text,
                        struct mln_arena *arena, struct mln_slice *ret)
{
    struct mln_secret *cek MLN_CLEANUP(mln_secret_freep) = NULL;
    struct mln_buf out;

    MLN_TRY(make_cek(how, &cek));
    mln_buf_init(&out, arena, INT_MAX);
    mln_buf_add(&out, MLN_S("<xenc:EncryptedData xmlns:xenc=\"" MLN_XML_XENC_URI
                            "\" xmlns:ds=\"" MLN_XML_DS_URI "\""));
    if (how->is_signature) {
        mln_buf_add(&out, MLN_S(" Type=\"" MLN_XML_XENC_URI "Element\""));
    }
    mln_buf_printf(&out, "><xenc:EncryptionMethod Algorithm=\"%s\"/>",
                   mln_xmlsec_enc_uri(how->enc));
    MLN_TRY(add_key_info(&out, how, cek));
    mln_buf_add(&out, MLN_S("<xenc:CipherData><xenc:CipherValue>"));
    MLN_TRY(add_content(&out, how->enc, cek, text));
    mln_buf_add(&out, MLN_S("</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"));
    return mln_buf_finish(&out, ret);
}
