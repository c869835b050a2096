/* Protected data in XML, behind the face of esdata.h: whose key to use, and what follows from what.
 *
 * Several signatures are one around the other, the first signer's innermost; each that is verified
 * hands on the octets it covers, and nothing else is looked at. spec: security.md 26.4, 26.5 */
#include "crypto/xmlsec.h"
#include "e2e/esdata_int.h"

static struct mln_esdata_hint hint_of(const struct mln_xmlsec_key *key)
{
    struct mln_esdata_hint hint = { .name = key->name, .thumbprint = key->thumbprint };

    _Static_assert((int)MLN_XMLSEC_CHAIN == (int)MLN_DATA_CHAIN, "both count certificates");
    for (size_t i = 0; i < key->chain_count; i++) {
        hint.chain[hint.chain_count++] = key->chain[i];
    }
    return hint;
}

/* ---- opening ---- */

static mln_err check(const struct mln_esdata_opener *opener, const struct mln_xmlsec *envelope,
                     const struct mln_data_key *key, struct mln_esdata *ret,
                     struct mln_slice *ret_object)
{
    mln_err err = mln_xmlsec_verify(envelope, key->key, opener->arena, ret_object);

    return mln_failed(err) ? err : mln_esdata_signed_by(opener, key, envelope->sig, ret);
}

/* By the keys at hand. *ret_is_ours: one of them is meant. */
static mln_err check_known(const struct mln_esdata_opener *opener,
                           const struct mln_xmlsec *envelope, const struct mln_esdata_hint *hint,
                           struct mln_esdata *ret, bool *ret_is_ours, struct mln_slice *ret_object)
{
    const struct mln_data_key *key;
    mln_err err = MLN_ERROR(TOKEN_REFUSED);
    size_t at = 0;

    *ret_is_ours = false;
    while (err.code == MLN_ERR_TOKEN_REFUSED &&
           (key = mln_esdata_next_verifier(opener, hint, envelope->sig, &at))) {
        *ret_is_ours = *ret_is_ours || mln_esdata_is_named(key, hint);
        err = check(opener, envelope, key, ret, ret_object);
    }
    return err;
}

/* By the certificate that came along, if it counts; a stranger's signature proves nothing, and
 * stands in nobody's way. */
static mln_err check_stranger(const struct mln_esdata_opener *opener,
                              const struct mln_xmlsec *envelope, const struct mln_esdata_hint *hint,
                              struct mln_esdata *ret, struct mln_slice *ret_object)
{
    struct mln_data_key *key MLN_CLEANUP(mln_data_key_freep) = NULL;
    mln_err err = mln_esdata_stranger(opener, hint, envelope->sig, &key);

    if (err.code == MLN_ERR_CERTIFICATE) {
        return mln_xmlsec_unverified(envelope, opener->arena, ret_object);
    }
    MLN_TRY(err);
    return check(opener, envelope, key, ret, ret_object);
}

static mln_err open_level(const struct mln_esdata_opener *opener, struct mln_slice text,
                          struct mln_esdata *ret, bool *ret_is_signature,
                          struct mln_slice *ret_text)
{
    struct mln_xmlsec *envelope MLN_CLEANUP(mln_xmlsec_freep) = NULL;
    struct mln_esdata_hint hint;
    struct mln_slice object;
    bool is_ours;
    mln_err err;

    MLN_TRY(mln_xmlsec_read(text, opener->arena, opener->fault, &envelope));
    MLN_REQUIRE(envelope->is_signature, SYNTAX);
    /* spec: TS-0003 8.5.3.4: nested means signed by RSA or ECDSA */
    if (ret->enc && mln_jose_sig_row(envelope->sig)->kty == MLN_JOSE_OCT) {
        return mln_esdata_refuse(opener, "a MIC within encryption");
    }
    hint = hint_of(&envelope->signer);
    err = check_known(opener, envelope, &hint, ret, &is_ours, &object);
    if (err.code == MLN_ERR_TOKEN_REFUSED && !is_ours) {
        err = check_stranger(opener, envelope, &hint, ret, &object);
    }
    if (err.code == MLN_ERR_TOKEN_REFUSED) {
        return mln_esdata_refuse(opener, "a signature does not fit");
    }
    MLN_TRY(err);
    return mln_xmlsec_content(object, opener->arena, opener->fault, ret_is_signature, ret_text);
}

/* From outside to inside: what one covers is all that the next one is. */
static mln_err open_signatures(const struct mln_esdata_opener *opener, struct mln_slice text,
                               struct mln_esdata *ret)
{
    bool is_signature = true;

    for (unsigned level = 0; is_signature; level++) {
        if (level == MLN_ESDATA_PARTIES) {
            return mln_esdata_refuse(opener, "too many signatures");
        }
        MLN_TRY(open_level(opener, text, ret, &is_signature, &text));
    }
    if (ret->signer_count == 0) {
        return mln_esdata_refuse(opener, "no signature of a known key fits");
    }
    ret->payload = text;
    return MLN_OK;
}

/* Which of several keys, recipients or steps did not fit is not told. */
static mln_err decrypt(const struct mln_esdata_opener *opener, const struct mln_xmlsec *envelope,
                       struct mln_esdata *ret, struct mln_slice *ret_text)
{
    unsigned tried = 0;

    for (size_t i = 0; i < envelope->recipient_count; i++) {
        const struct mln_xmlsec_recipient *recipient = &envelope->recipients[i];
        struct mln_esdata_hint hint = hint_of(&recipient->key);
        const struct mln_data_key *key;
        size_t at = 0;

        while (tried < MLN_ESDATA_OPENINGS &&
               (key = mln_esdata_next_opener(opener, &hint, recipient->wrap, envelope->enc, &at))) {
            mln_err err = mln_xmlsec_open(envelope, recipient, key->key, ret_text);

            tried++;
            if (err.code != MLN_ERR_TOKEN_REFUSED) {
                ret->recipients[i].is_ours = !mln_failed(err);
                return err;
            }
        }
    }
    return mln_esdata_refuse(opener, "no key opens it");
}

static mln_err open_encrypted(const struct mln_esdata_opener *opener, struct mln_slice text,
                              struct mln_esdata *ret)
{
    struct mln_xmlsec *envelope MLN_CLEANUP(mln_xmlsec_freep) = NULL;
    struct mln_slice inner;

    _Static_assert((int)MLN_XMLSEC_RECIPIENTS == (int)MLN_ESDATA_PARTIES, "both count recipients");
    MLN_TRY(mln_xmlsec_read(text, opener->arena, opener->fault, &envelope));
    MLN_REQUIRE(!envelope->is_signature, SYNTAX);
    ret->enc = envelope->enc;
    for (size_t i = 0; i < envelope->recipient_count; i++) {
        ret->recipients[ret->recipient_count++] = (struct mln_esdata_party){
            .name = envelope->recipients[i].key.name,
            .wrap = envelope->recipients[i].wrap,
        };
    }
    MLN_TRY(decrypt(opener, envelope, ret, &inner));
    if (mln_xmlsec_is_signature(inner)) {
        return open_signatures(opener, inner, ret);
    }
    ret->payload = inner;
    return MLN_OK;
}

mln_err mln_esdata_xml_open(const struct mln_esdata_opener *opener, struct mln_slice envelope,
                            struct mln_esdata *ret)
{
    return mln_xmlsec_is_signature(envelope) ? open_signatures(opener, envelope, ret)
                                             : open_encrypted(opener, envelope, ret);
}

/* ---- protecting ---- */

/* A signer's certificates go along; of a recipient's it is told which one was used. */
static struct mln_xmlsec_key shown_of(const struct mln_data_key *key, bool is_signer)
{
    struct mln_xmlsec_key shown = { .name = key->name };

    for (size_t i = 0; is_signer && i < key->chain_count && i < MLN_XMLSEC_CHAIN; i++) {
        shown.chain[shown.chain_count++] = key->chain[i];
    }
    if (!is_signer && key->chain_count) {
        shown.thumbprint = mln_slice_of((const char *)key->thumbprint, sizeof key->thumbprint);
    }
    return shown;
}

static mln_err sign_all(const struct mln_esdata_draft *draft, struct mln_arena *arena,
                        struct mln_slice *text)
{
    for (size_t i = 0; i < draft->signer_count; i++) {
        struct mln_xmlsec_signer signer = {
            .key = draft->signers[i].key->key,
            .sig = draft->signers[i].sig,
            .shown = shown_of(draft->signers[i].key, true),
        };

        MLN_TRY(mln_xmlsec_sign(&signer, (unsigned)i, *text, arena, text));
    }
    return MLN_OK;
}

static mln_err seal(const struct mln_esdata_draft *draft, struct mln_arena *arena,
                    struct mln_slice *text)
{
    struct mln_xmlsec_target targets[MLN_ESDATA_PARTIES];
    struct mln_xmlsec_sealing how = {
        .enc = draft->enc,
        .targets = targets,
        .target_count = draft->recipient_count,
        .party_u = draft->party_u,
        .party_v = draft->party_v,
        .is_signature = draft->signer_count > 0,
    };

    for (size_t i = 0; i < draft->recipient_count; i++) {
        targets[i] = (struct mln_xmlsec_target){
            .key = draft->recipients[i].key->key,
            .wrap = draft->recipients[i].wrap,
            .shown = shown_of(draft->recipients[i].key, false),
        };
    }
    return mln_xmlsec_seal(&how, *text, arena, text);
}

mln_err mln_esdata_xml_protect(const struct mln_esdata_draft *draft, struct mln_slice payload,
                               struct mln_arena *arena, struct mln_fault *fault,
                               struct mln_slice *ret)
{
    struct mln_slice text = payload;
    mln_err err;

    if (draft->associated.len) {
        mln_fault_set(fault, "protected data: XML has no associated data");
        MLN_FAIL(CONFIG);
    }
    /* nothing that is authenticated would tell it from one that we made */
    if (!draft->signer_count && mln_xmlsec_is_signature(payload)) {
        mln_fault_set(fault, "protected data: a payload that is a signature itself would be taken "
                             "for that of the envelope: sign it as well, or use JOSE");
        MLN_FAIL(CONFIG);
    }
    err = sign_all(draft, arena, &text);
    if (!mln_failed(err) && draft->recipient_count) {
        err = seal(draft, arena, &text);
    }
    if (err.code == MLN_ERR_NOT_ACCEPTABLE) {
        mln_fault_set(fault, "protected data: XML has no way to say the name of a key");
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(err);
    *ret = text;
    return MLN_OK;
}
