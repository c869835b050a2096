/* Protected data: what all forms have in common. spec: TS-0003 8.5, security.md 26.5 */
#include "e2e/esdata.h"

#include "crypto/base64.h"
#include "crypto/jose.h"
#include "e2e/esdata_int.h"

/* What an envelope has beyond its payload, at most: headers, wrapped keys, signatures, and the
 * certificates that go along. */
enum { AROUND = 1 << 20, SUID_SIGNATURE = 45 };

/* ---- what is to be made ---- */

static mln_err refuse(struct mln_fault *fault, const char *what)
{
    mln_fault_set(fault, "protected data: %s", what);
    MLN_FAIL(CONFIG);
}

static mln_err plan_signer(const struct mln_esdata_draft *draft, struct mln_esdata_signer *s,
                           struct mln_fault *fault)
{
    const struct mln_jose_key *key = s->key->key;

    s->sig = s->sig ? s->sig : mln_jose_key_default_sig(key);
    if (draft->now_us >= s->key->expires_us) {
        return refuse(fault, "a key to sign with has expired");
    }
    if (!mln_jose_key_may_sign(key, s->sig)) {
        return refuse(fault, "a key may not sign so");
    }
    /* spec: TS-0003 8.5.3.4: nested means signed by RSA or ECDSA */
    if (draft->recipient_count && mln_jose_sig_row(s->sig)->kty == MLN_JOSE_OCT) {
        return refuse(fault, "what is signed and then encrypted is signed by a certificate or "
                             "public key");
    }
    return MLN_OK;
}

static mln_err plan_recipient(const struct mln_esdata_draft *draft, struct mln_esdata_recipient *r,
                              struct mln_fault *fault)
{
    const struct mln_jose_key *key = r->key->key;

    r->wrap = r->wrap ? r->wrap : mln_jose_key_default_wrap(key);
    if (draft->now_us >= r->key->expires_us) {
        return refuse(fault, "a key to encrypt with has expired");
    }
    /* spec: TS-0003 8.5.2.2.1: only when a single symmetric key protects the payload */
    if (r->wrap == MLN_JOSE_DIR && draft->recipient_count > 1) {
        return refuse(fault, "dir is for one recipient only");
    }
    if (!mln_jose_key_may_seal(key, r->wrap, draft->enc)) {
        return refuse(fault, "a key may not encrypt so");
    }
    return MLN_OK;
}

/* With dir the length of the key decides. */
static enum mln_jose_enc usual_enc(const struct mln_esdata_draft *draft)
{
    const struct mln_esdata_recipient *r = draft->recipients;
    enum mln_jose_enc direct = mln_jose_key_direct_enc(r->key->key);
    bool is_direct = r->wrap == MLN_JOSE_DIR ||
                     (!r->wrap && mln_jose_key_default_wrap(r->key->key) == MLN_JOSE_DIR);

    return is_direct && direct ? direct : MLN_JOSE_A256GCM;
}

static mln_err check_form(const struct mln_esdata_draft *draft, struct mln_fault *fault)
{
    if (draft->form < MLN_ESDATA_COMPACT || draft->form > MLN_ESDATA_XML_BASE64) {
        return refuse(fault, "no such form");
    }
    if (!draft->signer_count && !draft->recipient_count) {
        return refuse(fault, "neither a signer nor a recipient");
    }
    if (draft->signer_count > MLN_ESDATA_PARTIES || draft->recipient_count > MLN_ESDATA_PARTIES) {
        return refuse(fault, "too many signers or recipients");
    }
    if (draft->form == MLN_ESDATA_COMPACT &&
        (draft->signer_count > 1 || draft->recipient_count > 1)) {
        return refuse(fault, "compact form has one signer and one recipient at most");
    }
    if (draft->party_u.len > MLN_JOSE_PARTY_BYTES || draft->party_v.len > MLN_JOSE_PARTY_BYTES) {
        return refuse(fault, "apu or apv is too long");
    }
    if (draft->associated.len && (draft->form == MLN_ESDATA_COMPACT || !draft->recipient_count)) {
        return refuse(fault, "associated data goes with encryption as JSON");
    }
    return MLN_OK;
}

mln_err mln_esdata_plan(const struct mln_esdata_draft *draft, struct mln_fault *fault,
                        struct mln_esdata_plan *ret)
{
    MLN_TRY(check_form(draft, fault));
    ret->draft = *draft;
    ret->draft.signers = ret->signers;
    ret->draft.recipients = ret->recipients;
    for (size_t i = 0; i < draft->signer_count; i++) {
        ret->signers[i] = draft->signers[i];
        MLN_TRY(plan_signer(draft, &ret->signers[i], fault));
    }
    if (draft->recipient_count && !draft->enc) {
        ret->draft.enc = usual_enc(draft);
    }
    for (size_t i = 0; i < draft->recipient_count; i++) {
        ret->recipients[i] = draft->recipients[i];
        MLN_TRY(plan_recipient(&ret->draft, &ret->recipients[i], fault));
    }
    return MLN_OK;
}

/* ---- protecting ---- */

static bool is_xml(enum mln_esdata_form form)
{
    return form == MLN_ESDATA_XML || form == MLN_ESDATA_XML_BASE64;
}

static mln_err protect_xml(const struct mln_esdata_draft *draft, struct mln_slice payload,
                           struct mln_arena *arena, struct mln_fault *fault, struct mln_slice *ret)
{
    struct mln_esdata_plan plan = { 0 };
    struct mln_slice text;
    struct mln_buf out;

    MLN_TRY(mln_esdata_plan(draft, fault, &plan));
    MLN_TRY(mln_esdata_xml_protect(&plan.draft, payload, arena, fault, &text));
    if (draft->form == MLN_ESDATA_XML) {
        *ret = text;
        return MLN_OK;
    }
    mln_buf_init(&out, arena, text.len * 2 + AROUND);
    mln_base64_add(&out, text);
    return mln_buf_finish(&out, ret);
}

mln_err mln_esdata_protect(const struct mln_esdata_draft *draft, struct mln_slice payload,
                           struct mln_arena *arena, struct mln_fault *fault, struct mln_slice *ret)
{
    bool is_twice = draft->signer_count && draft->recipient_count;
    size_t likely = payload.len / 3 * 4 + 4096;
    struct mln_buf out;

    if (is_xml(draft->form)) {
        return protect_xml(draft, payload, arena, fault, ret);
    }
    likely = is_twice || draft->form == MLN_ESDATA_JSON_BASE64 ? likely / 3 * 4 : likely;
    mln_buf_init(&out, arena, payload.len * 3 + AROUND);
    (void)mln_buf_reserve(&out, likely);
    mln_buf_rewind(&out, 0);
    MLN_TRY(mln_esdata_stream_whole(draft, payload, fault, &out));
    return mln_buf_finish(&out, ret);
}

/* ---- keys that an envelope asks for ---- */

/* Spellings of a key identifier differ by the case of its domain and of hexadecimal digits. */
static bool is_same_name(struct mln_slice a, struct mln_slice b)
{
    char room_a[MLN_CREDENTIAL_ID_MAX];
    char room_b[MLN_CREDENTIAL_ID_MAX];
    size_t len_a;
    size_t len_b;

    if (mln_slice_eq(a, b)) {
        return true;
    }
    len_a = mln_credential_id_put(MLN_CREDENTIAL_ESDATA_KEY, a, room_a);
    len_b = mln_credential_id_put(MLN_CREDENTIAL_ESDATA_KEY, b, room_b);
    return len_a && mln_slice_eq(mln_slice_of(room_a, len_a), mln_slice_of(room_b, len_b));
}

bool mln_esdata_is_named(const struct mln_data_key *key, const struct mln_esdata_hint *hint)
{
    if (hint->thumbprint.len && key->chain_count) {
        return hint->thumbprint.len == sizeof key->thumbprint &&
               mln_ct_equal(hint->thumbprint.ptr, key->thumbprint, sizeof key->thumbprint);
    }
    return hint->name.len && key->name.len && is_same_name(hint->name, key->name);
}

/* A key without a name may be any; one with a name is not another. */
static bool may_be(const struct mln_data_key *key, const struct mln_esdata_hint *hint)
{
    bool says_something =
        (hint->thumbprint.len && key->chain_count) || (hint->name.len && key->name.len);

    return !says_something || mln_esdata_is_named(key, hint);
}

const struct mln_data_key *mln_esdata_next_verifier(const struct mln_esdata_opener *opener,
                                                    const struct mln_esdata_hint *hint,
                                                    enum mln_jose_sig sig, size_t *at)
{
    while (*at < opener->key_count) {
        const struct mln_data_key *key = opener->keys[(*at)++];

        if (opener->now_us < key->expires_us && mln_jose_key_may_verify(key->key, sig) &&
            may_be(key, hint)) {
            return key;
        }
    }
    return NULL;
}

const struct mln_data_key *mln_esdata_next_opener(const struct mln_esdata_opener *opener,
                                                  const struct mln_esdata_hint *hint,
                                                  enum mln_jose_wrap wrap, enum mln_jose_enc enc,
                                                  size_t *at)
{
    while (*at < opener->key_count) {
        const struct mln_data_key *key = opener->keys[(*at)++];

        if (opener->now_us < key->expires_us && mln_jose_key_may_open(key->key, wrap, enc) &&
            may_be(key, hint)) {
            return key;
        }
    }
    return NULL;
}

mln_err mln_esdata_stranger(const struct mln_esdata_opener *opener,
                            const struct mln_esdata_hint *hint, enum mln_jose_sig sig,
                            struct mln_data_key **ret)
{
    struct mln_data_key *key MLN_CLEANUP(mln_data_key_freep) = NULL;
    mln_err err;

    MLN_REQUIRE(opener->trust && hint->chain_count, CERTIFICATE);
    err = mln_data_key_of_certificate(opener->trust, hint->chain, hint->chain_count, SUID_SIGNATURE,
                                      NULL, &key);
    MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
    MLN_REQUIRE(!mln_failed(err) && mln_jose_key_may_verify(key->key, sig), CERTIFICATE);
    *ret = key;
    key = NULL;
    return MLN_OK;
}

mln_err mln_esdata_signed_by(const struct mln_esdata_opener *opener, const struct mln_data_key *key,
                             enum mln_jose_sig sig, struct mln_esdata *ret)
{
    struct mln_esdata_party *party = &ret->signers[ret->signer_count];

    MLN_REQUIRE(ret->signer_count < MLN_ESDATA_PARTIES, LIMIT);
    *party = (struct mln_esdata_party){ .sig = sig };
    MLN_REQUIRE(mln_arena_dup(opener->arena, key->name, &party->name) &&
                    mln_arena_dup(opener->arena, key->entity, &party->entity),
                NO_MEMORY);
    ret->signer_count++;
    return MLN_OK;
}

/* ---- opening ---- */

static enum mln_esdata_form form_of(struct mln_slice text)
{
    if (text.len && text.ptr[0] == '{') {
        return MLN_ESDATA_JSON;
    }
    if (text.len && text.ptr[0] == '<') {
        return MLN_ESDATA_XML;
    }
    /* what begins a JSON object or an element, in base64, has no point in it */
    return mln_slice_find(text, '.') < text.len ? MLN_ESDATA_COMPACT : MLN_ESDATA_ANY;
}

/* Base64 around is undone; *form becomes one without it. */
static mln_err unwrap_text(const struct mln_esdata_opener *opener, struct mln_slice *text,
                           enum mln_esdata_form *form)
{
    bool is_base64 = *form == MLN_ESDATA_JSON_BASE64 || *form == MLN_ESDATA_XML_BASE64;
    enum mln_esdata_form found = is_base64 ? MLN_ESDATA_ANY : form_of(*text);
    enum mln_esdata_form wanted = *form;

    if (found == MLN_ESDATA_ANY) {
        MLN_TRY(mln_base64_read(*text, opener->arena, text));
        found = form_of(*text) == MLN_ESDATA_JSON  ? MLN_ESDATA_JSON_BASE64
                : form_of(*text) == MLN_ESDATA_XML ? MLN_ESDATA_XML_BASE64
                                                   : MLN_ESDATA_ANY;
    }
    MLN_REQUIRE(found != MLN_ESDATA_ANY, SYNTAX);
    if (wanted != MLN_ESDATA_ANY && wanted != found) {
        mln_fault_set(opener->fault, "protected data: not of the form that was said");
        MLN_FAIL(SYNTAX);
    }
    *form = found;
    return MLN_OK;
}

static bool has_signer(const struct mln_esdata *found, struct mln_slice entity)
{
    for (size_t i = 0; i < found->signer_count; i++) {
        if (mln_slice_eq(found->signers[i].entity, entity)) {
            return true;
        }
    }
    return false;
}

static mln_err check_policy(const struct mln_esdata_opener *opener, const struct mln_esdata *found)
{
    if ((opener->needs_signature || opener->signer.len) && !found->signer_count) {
        return mln_esdata_refuse(opener, "it is not signed");
    }
    if (opener->needs_encryption && !found->enc) {
        return mln_esdata_refuse(opener, "it is not encrypted");
    }
    if (opener->signer.len && !has_signer(found, opener->signer)) {
        return mln_esdata_refuse(opener, "it is not signed by whom it should be");
    }
    return MLN_OK;
}

mln_err mln_esdata_open(const struct mln_esdata_opener *opener, enum mln_esdata_form form,
                        struct mln_slice envelope, struct mln_esdata *ret)
{
    struct mln_esdata found = { .form = form };
    struct mln_slice text = envelope;
    mln_err err;

    if (envelope.len > opener->envelope_most) {
        mln_fault_set(opener->fault, "protected data: longer than %zu bytes",
                      opener->envelope_most);
        MLN_FAIL(LIMIT);
    }
    err = unwrap_text(opener, &text, &found.form);
    if (!mln_failed(err)) {
        err = is_xml(found.form) ? mln_esdata_xml_open(opener, text, &found)
                                 : mln_esdata_jose_open(opener, text, &found);
    }
    if (err.code == MLN_ERR_SYNTAX) {
        mln_fault_set(opener->fault, "protected data: the envelope is malformed");
    }
    MLN_TRY(err);
    MLN_TRY(check_policy(opener, &found));
    *ret = found;
    return MLN_OK;
}
