/* The grammar of envelopes: what may stand where. Everything else is refused, also what XMLDSig and
 * XMLEnc would permit. spec: TS-0003 8.5.3; decision 0054 */
#include "crypto/xmlsec_int.h"

enum { INFO_PARTS = 5, THUMBPRINT = 32, ID_MOST = 64 };

/* ---- single values ---- */

static mln_err expect_algorithm(struct mln_xmlsec_reader *r, const xmlNode *node, const char *uri)
{
    struct mln_slice have;

    MLN_TRY(mln_xmlsec_algorithm(r, node, &have));
    return mln_slice_eq(have, mln_slice_z(uri))
               ? MLN_OK
               : mln_xmlsec_refuse(r, "an algorithm that is not permitted");
}

/* The only child element. */
static mln_err only_child(struct mln_xmlsec_reader *r, const xmlNode *node, enum mln_xml_ns ns,
                          const char *name, const xmlNode **ret)
{
    const xmlNode *at;

    MLN_TRY(mln_xmlsec_enter(r, node, "", &at));
    if (!mln_xmlsec_take(&at, ns, name, ret) || at) {
        return mln_xmlsec_refuse(r, "an element that is not permitted");
    }
    return MLN_OK;
}

/* Nothing may follow. */
static mln_err at_end(struct mln_xmlsec_reader *r, const xmlNode *at)
{
    return at ? mln_xmlsec_refuse(r, "an element that is not permitted") : MLN_OK;
}

static mln_err take(struct mln_xmlsec_reader *r, const xmlNode **at, enum mln_xml_ns ns,
                    const char *name, const xmlNode **ret)
{
    return mln_xmlsec_take(at, ns, name, ret)
               ? MLN_OK
               : mln_xmlsec_refuse(r, "an element missing or in the wrong place");
}

/* ---- keys ---- */

static mln_err read_x509_part(struct mln_xmlsec_reader *r, const xmlNode **at,
                              struct mln_xmlsec_key *ret)
{
    const xmlNode *part;
    struct mln_slice algorithm;

    if (ret->chain_count < MLN_XMLSEC_CHAIN &&
        mln_xmlsec_take(at, MLN_XML_DS, "X509Certificate", &part)) {
        return mln_xmlsec_bytes(r, part, "", &ret->chain[ret->chain_count++]);
    }
    if (ret->thumbprint.len || !mln_xmlsec_take(at, MLN_XML_DS11, "X509Digest", &part)) {
        return mln_xmlsec_refuse(r, "X509Data has another element, or too many");
    }
    MLN_TRY(mln_xmlsec_bytes(r, part, "Algorithm", &ret->thumbprint));
    MLN_TRY(mln_xmlsec_attribute(r, part, "Algorithm", &algorithm));
    return ret->thumbprint.len == THUMBPRINT && mln_slice_eq(algorithm, mln_slice_z(MLN_XML_SHA256))
               ? MLN_OK
               : mln_xmlsec_refuse(r, "a digest that is not permitted");
}

static mln_err read_x509(struct mln_xmlsec_reader *r, const xmlNode *node,
                         struct mln_xmlsec_key *ret)
{
    const xmlNode *at;

    MLN_TRY(mln_xmlsec_enter(r, node, "", &at));
    do {
        MLN_TRY(read_x509_part(r, &at, ret));
    } while (at);
    return MLN_OK;
}

/* From there on: KeyName, X509Data, each at most once. */
static mln_err read_key(struct mln_xmlsec_reader *r, const xmlNode *at, struct mln_xmlsec_key *ret)
{
    const xmlNode *part;

    *ret = (struct mln_xmlsec_key){ 0 };
    if (mln_xmlsec_take(&at, MLN_XML_DS, "KeyName", &part)) {
        MLN_TRY(mln_xmlsec_text(r, part, "", MLN_XMLSEC_NAME_BYTES, &ret->name));
    }
    if (mln_xmlsec_take(&at, MLN_XML_DS, "X509Data", &part)) {
        MLN_TRY(read_x509(r, part, ret));
    }
    MLN_TRY(at_end(r, at));
    return mln_xmlsec_shows(ret) ? MLN_OK : mln_xmlsec_refuse(r, "a key that is not named");
}

/* ---- key agreement ---- */

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = mln_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* hexBinary of a bit string: its first byte counts the bits that fill up the last, for us none. */
static mln_err add_bits(struct mln_xmlsec_reader *r, struct mln_slice hex, struct mln_buf *out)
{
    if (hex.len == 0) {
        return MLN_OK;
    }
    if (hex.len % 2 || !mln_slice_starts(hex, MLN_S("00"))) {
        return mln_xmlsec_refuse(r, "parameters of ConcatKDF that are not permitted");
    }
    for (size_t i = 2; i < hex.len; i += 2) {
        int high = digit_of(hex.ptr[i]);
        int low = digit_of(hex.ptr[i + 1]);

        if (high < 0 || low < 0) {
            return mln_xmlsec_refuse(r, "parameters of ConcatKDF that are not permitted");
        }
        mln_buf_byte(out, (char)(high * 16 + low));
    }
    return MLN_OK;
}

/* What is hashed behind the secret: the attributes in this order, whatever the order of the text.
 */
static mln_err read_concat_kdf(struct mln_xmlsec_reader *r, const xmlNode *node,
                               struct mln_slice *ret)
{
    static const char *const parts[INFO_PARTS] = { "AlgorithmID", "PartyUInfo", "PartyVInfo",
                                                   "SuppPubInfo", "SuppPrivInfo" };
    const xmlNode *params;
    const xmlNode *digest;
    const xmlNode *at;
    struct mln_slice hex;
    struct mln_buf out;

    MLN_TRY(mln_xmlsec_enter(r, node, "Algorithm", &at));
    MLN_TRY(mln_xmlsec_attribute(r, node, "Algorithm", &hex));
    MLN_TRY(take(r, &at, MLN_XML_XENC11, "ConcatKDFParams", &params));
    if (at || !mln_slice_eq(hex, mln_slice_z(MLN_XML_CONCAT_KDF))) {
        return mln_xmlsec_refuse(r, "a key derivation that is not permitted");
    }
    MLN_TRY(mln_xmlsec_enter(r, params,
                             "AlgorithmID PartyUInfo PartyVInfo SuppPubInfo SuppPrivInfo", &at));
    MLN_TRY(take(r, &at, MLN_XML_DS, "DigestMethod", &digest));
    MLN_TRY(at_end(r, at));
    MLN_TRY(expect_algorithm(r, digest, MLN_XML_SHA256));
    mln_buf_init(&out, r->arena, MLN_XMLSEC_INFO);
    for (size_t i = 0; i < INFO_PARTS; i++) {
        MLN_TRY(mln_xmlsec_attribute(r, params, parts[i], &hex));
        MLN_TRY(add_bits(r, hex, &out));
    }
    return mln_buf_finish(&out, ret);
}

/* The public key of the other side. */
static mln_err read_originator(struct mln_xmlsec_reader *r, const xmlNode *node,
                               struct mln_xmlsec_agreement *ret)
{
    const xmlNode *value;
    const xmlNode *key;
    const xmlNode *curve;
    const xmlNode *point;
    const xmlNode *at;
    struct mln_slice uri;

    MLN_TRY(only_child(r, node, MLN_XML_DS, "KeyValue", &value));
    MLN_TRY(only_child(r, value, MLN_XML_DS11, "ECKeyValue", &key));
    MLN_TRY(mln_xmlsec_enter(r, key, "", &at));
    MLN_TRY(take(r, &at, MLN_XML_DS11, "NamedCurve", &curve));
    MLN_TRY(take(r, &at, MLN_XML_DS11, "PublicKey", &point));
    MLN_TRY(at_end(r, at));
    MLN_TRY(mln_xmlsec_enter(r, curve, "URI", &at));
    MLN_TRY(at_end(r, at));
    MLN_TRY(mln_xmlsec_attribute(r, curve, "URI", &uri));
    MLN_TRY(mln_xmlsec_bytes(r, point, "", &ret->point));
    ret->crv = mln_xmlsec_crv_of(uri);
    /* 04 X Y */
    if (!ret->crv || ret->point.len != 1 + 2 * mln_jose_crv_row(ret->crv)->bytes ||
        ret->point.ptr[0] != 4) {
        return mln_xmlsec_refuse(r, "a curve or point that is not permitted");
    }
    return MLN_OK;
}

static mln_err read_agreement(struct mln_xmlsec_reader *r, const xmlNode *node,
                              struct mln_xmlsec_recipient *ret)
{
    const xmlNode *part;
    const xmlNode *at;
    struct mln_slice uri;

    MLN_TRY(mln_xmlsec_enter(r, node, "Algorithm", &at));
    MLN_TRY(mln_xmlsec_attribute(r, node, "Algorithm", &uri));
    if (!mln_slice_eq(uri, mln_slice_z(MLN_XML_ECDH_ES))) {
        return mln_xmlsec_refuse(r, "a key agreement that is not permitted");
    }
    MLN_TRY(take(r, &at, MLN_XML_XENC11, "KeyDerivationMethod", &part));
    MLN_TRY(read_concat_kdf(r, part, &ret->agreement.other_info));
    MLN_TRY(take(r, &at, MLN_XML_XENC, "OriginatorKeyInfo", &part));
    MLN_TRY(read_originator(r, part, &ret->agreement));
    if (!mln_xmlsec_take(&at, MLN_XML_XENC, "RecipientKeyInfo", &part)) {
        return at_end(r, at);
    }
    MLN_TRY(at_end(r, at));
    MLN_TRY(mln_xmlsec_enter(r, part, "Id", &at));
    return read_key(r, at, &ret->key);
}

/* ---- encryption ---- */

/* RSA-OAEP: its two parameters, in any order. */
static mln_err read_oaep(struct mln_xmlsec_reader *r, const xmlNode *at)
{
    const xmlNode *digest = NULL;
    const xmlNode *mgf = NULL;
    bool is_digest_first = mln_xmlsec_is(at, MLN_XML_DS, "DigestMethod");

    if (is_digest_first) {
        MLN_TRY(take(r, &at, MLN_XML_DS, "DigestMethod", &digest));
    }
    MLN_TRY(take(r, &at, MLN_XML_XENC11, "MGF", &mgf));
    if (!is_digest_first) {
        MLN_TRY(take(r, &at, MLN_XML_DS, "DigestMethod", &digest));
    }
    MLN_TRY(at_end(r, at));
    MLN_TRY(expect_algorithm(r, digest, MLN_XML_SHA256));
    return expect_algorithm(r, mgf, MLN_XML_MGF_SHA256);
}

static mln_err read_wrap(struct mln_xmlsec_reader *r, const xmlNode *method, bool is_agreed,
                         struct mln_xmlsec_recipient *ret)
{
    const xmlNode *at;
    struct mln_slice uri;

    MLN_TRY(mln_xmlsec_enter(r, method, "Algorithm", &at));
    MLN_TRY(mln_xmlsec_attribute(r, method, "Algorithm", &uri));
    ret->wrap = mln_xmlsec_wrap_of(uri, is_agreed);
    if (!ret->wrap) {
        return mln_xmlsec_refuse(r, "a key encryption that is not permitted");
    }
    return ret->wrap == MLN_JOSE_RSA_OAEP_256 ? read_oaep(r, at) : at_end(r, at);
}

static mln_err read_cipher(struct mln_xmlsec_reader *r, const xmlNode *data, struct mln_slice *ret)
{
    const xmlNode *value;

    MLN_TRY(only_child(r, data, MLN_XML_XENC, "CipherValue", &value));
    return mln_xmlsec_bytes(r, value, "", ret);
}

static mln_err read_encrypted_key(struct mln_xmlsec_reader *r, const xmlNode *node,
                                  struct mln_xmlsec_recipient *ret)
{
    const xmlNode *method;
    const xmlNode *info = NULL;
    const xmlNode *data;
    const xmlNode *agreement = NULL;
    const xmlNode *at;
    const xmlNode *in = NULL;

    MLN_TRY(mln_xmlsec_enter(r, node, "Id Recipient", &at));
    MLN_TRY(take(r, &at, MLN_XML_XENC, "EncryptionMethod", &method));
    if (mln_xmlsec_take(&at, MLN_XML_DS, "KeyInfo", &info)) {
        MLN_TRY(mln_xmlsec_enter(r, info, "Id", &in));
    }
    MLN_TRY(take(r, &at, MLN_XML_XENC, "CipherData", &data));
    MLN_TRY(at_end(r, at));
    if (mln_xmlsec_take(&in, MLN_XML_XENC, "AgreementMethod", &agreement)) {
        MLN_TRY(at_end(r, in));
        MLN_TRY(read_agreement(r, agreement, ret));
    } else if (info) {
        MLN_TRY(read_key(r, in, &ret->key));
    }
    MLN_TRY(read_wrap(r, method, agreement != NULL, ret));
    return read_cipher(r, data, &ret->wrapped);
}

/* Without a KeyInfo the key is one that both sides know of. */
static mln_err read_recipients(struct mln_xmlsec_reader *r, const xmlNode *info,
                               struct mln_xmlsec *ret)
{
    const xmlNode *node;
    const xmlNode *at = NULL;

    if (info) {
        MLN_TRY(mln_xmlsec_enter(r, info, "Id", &at));
    }
    if (!mln_xmlsec_is(at, MLN_XML_XENC, "EncryptedKey")) {
        ret->recipient_count = 1;
        ret->recipients[0].wrap = MLN_JOSE_DIR;
        return !info ? MLN_OK : read_key(r, at, &ret->recipients[0].key);
    }
    while (mln_xmlsec_take(&at, MLN_XML_XENC, "EncryptedKey", &node)) {
        if (ret->recipient_count == MLN_XMLSEC_RECIPIENTS) {
            mln_fault_set(r->fault, "XML security: too many recipients");
            MLN_FAIL(LIMIT);
        }
        MLN_TRY(read_encrypted_key(r, node, &ret->recipients[ret->recipient_count++]));
    }
    return at_end(r, at);
}

static mln_err read_encrypted(struct mln_xmlsec_reader *r, const xmlNode *root,
                              struct mln_xmlsec *ret)
{
    const xmlNode *method;
    const xmlNode *info = NULL;
    const xmlNode *data;
    const xmlNode *at;
    struct mln_slice uri;

    MLN_TRY(mln_xmlsec_enter(r, root, "Id Type MimeType Encoding", &at));
    MLN_TRY(take(r, &at, MLN_XML_XENC, "EncryptionMethod", &method));
    (void)mln_xmlsec_take(&at, MLN_XML_DS, "KeyInfo", &info);
    MLN_TRY(take(r, &at, MLN_XML_XENC, "CipherData", &data));
    MLN_TRY(at_end(r, at));
    MLN_TRY(mln_xmlsec_algorithm(r, method, &uri));
    ret->enc = mln_xmlsec_enc_of(uri);
    if (!ret->enc) {
        return mln_xmlsec_refuse(r, "a content encryption that is not permitted");
    }
    MLN_TRY(read_recipients(r, info, ret));
    MLN_TRY(read_cipher(r, data, &ret->sealed));
    ret->opened = mln_arena_alloc(r->arena, ret->sealed.len + 1);
    return ret->opened ? MLN_OK : MLN_ERROR(NO_MEMORY);
}

/* ---- signatures ---- */

/* A name that means the same to everybody: no colon, no escape, nothing of XPointer. */
static bool is_plain_id(struct mln_slice id)
{
    bool is_plain = id.len > 0 && id.len <= ID_MOST;

    for (size_t i = 0; i < id.len && is_plain; i++) {
        char c = mln_lower(id.ptr[i]);

        is_plain = (c >= 'a' && c <= 'z') || c == '_' ||
                   (i > 0 && ((c >= '0' && c <= '9') || c == '-' || c == '.'));
    }
    return is_plain;
}

/* One transform, one digest; `object` is what the reference must mean. */
static mln_err read_reference(struct mln_xmlsec_reader *r, const xmlNode *node,
                              struct mln_slice object)
{
    const xmlNode *transforms;
    const xmlNode *transform;
    const xmlNode *digest;
    const xmlNode *value;
    const xmlNode *at;
    struct mln_slice text;

    MLN_TRY(mln_xmlsec_enter(r, node, "Id URI", &at));
    MLN_TRY(take(r, &at, MLN_XML_DS, "Transforms", &transforms));
    MLN_TRY(take(r, &at, MLN_XML_DS, "DigestMethod", &digest));
    MLN_TRY(take(r, &at, MLN_XML_DS, "DigestValue", &value));
    MLN_TRY(at_end(r, at));
    MLN_TRY(only_child(r, transforms, MLN_XML_DS, "Transform", &transform));
    MLN_TRY(expect_algorithm(r, transform, MLN_XML_EXC_C14N));
    MLN_TRY(expect_algorithm(r, digest, MLN_XML_SHA256));
    MLN_TRY(mln_xmlsec_bytes(r, value, "", &text));
    MLN_TRY(mln_xmlsec_attribute(r, node, "URI", &text));
    return mln_slice_starts(text, MLN_S("#")) && mln_slice_eq(mln_slice_from(text, 1), object)
               ? MLN_OK
               : mln_xmlsec_refuse(r, "a reference to something else than the Object");
}

static mln_err read_signed_info(struct mln_xmlsec_reader *r, const xmlNode *node,
                                struct mln_slice object, struct mln_xmlsec *ret)
{
    const xmlNode *canonical;
    const xmlNode *method;
    const xmlNode *reference;
    const xmlNode *at;
    struct mln_slice uri;

    MLN_TRY(mln_xmlsec_enter(r, node, "Id", &at));
    MLN_TRY(take(r, &at, MLN_XML_DS, "CanonicalizationMethod", &canonical));
    MLN_TRY(take(r, &at, MLN_XML_DS, "SignatureMethod", &method));
    MLN_TRY(take(r, &at, MLN_XML_DS, "Reference", &reference));
    MLN_TRY(at_end(r, at));
    MLN_TRY(expect_algorithm(r, canonical, MLN_XML_EXC_C14N));
    MLN_TRY(mln_xmlsec_algorithm(r, method, &uri));
    ret->sig = mln_xmlsec_sig_of(uri);
    if (!ret->sig) {
        return mln_xmlsec_refuse(r, "a signature method that is not permitted");
    }
    return read_reference(r, reference, object);
}

/* The attributes of the Object; what is in it is read after it was verified. */
static mln_err read_object(struct mln_xmlsec_reader *r, xmlNode *object, struct mln_xmlsec *ret)
{
    xmlAttr *id = xmlHasNsProp(object, mln_xml_char("Id"), NULL);
    struct mln_slice name;

    MLN_TRY(mln_xmlsec_attribute(r, object, "Id", &name));
    if (!id || !is_plain_id(name) || r->id_count == MLN_XMLSEC_IDS) {
        return mln_xmlsec_refuse(r, "an Object without a plain Id");
    }
    r->ids[r->id_count++] = id;
    ret->signed_id = mln_arena_zdup(r->arena, name);
    MLN_REQUIRE(ret->signed_id, NO_MEMORY);
    return MLN_OK;
}

static mln_err read_signature(struct mln_xmlsec_reader *r, const xmlNode *root,
                              struct mln_xmlsec *ret)
{
    const xmlNode *info;
    const xmlNode *value;
    const xmlNode *key = NULL;
    const xmlNode *object;
    const xmlNode *at;

    ret->is_signature = true;
    MLN_TRY(mln_xmlsec_enter(r, root, "Id", &at));
    MLN_TRY(take(r, &at, MLN_XML_DS, "SignedInfo", &info));
    MLN_TRY(take(r, &at, MLN_XML_DS, "SignatureValue", &value));
    (void)mln_xmlsec_take(&at, MLN_XML_DS, "KeyInfo", &key);
    MLN_TRY(take(r, &at, MLN_XML_DS, "Object", &object));
    MLN_TRY(at_end(r, at));
    MLN_TRY(read_object(r, (xmlNode *)(uintptr_t)object, ret));
    MLN_TRY(read_signed_info(r, info, mln_slice_z(ret->signed_id), ret));
    MLN_TRY(mln_xmlsec_bytes(r, value, "Id", &ret->value));
    if (key) {
        MLN_TRY(mln_xmlsec_enter(r, key, "Id", &at));
        MLN_TRY(read_key(r, at, &ret->signer));
    }
    return MLN_OK;
}

/* ---- the whole ---- */

/* The first tag: a Signature, in whichever prefix, that says where that name comes from. */
bool mln_xmlsec_is_signature(struct mln_slice text)
{
    static const struct mln_slice uri = { MLN_XML_DS_URI, sizeof MLN_XML_DS_URI - 1 };
    struct mln_slice rest = text;
    size_t name = 0;

    while (rest.len && (unsigned char)rest.ptr[0] <= ' ') {
        rest = mln_slice_from(rest, 1);
    }
    if (!mln_slice_starts(rest, MLN_S("<"))) {
        return false;
    }
    if (mln_slice_starts(rest, MLN_S("<?xml "))) {
        rest = mln_slice_from(rest, 1);
        rest = mln_slice_from(rest, mln_slice_find(rest, '<'));
    }
    rest = mln_slice_head(rest, mln_slice_find(rest, '>'));
    while (name < rest.len && (unsigned char)rest.ptr[name] > ' ') {
        name++;
    }
    if (!mln_slice_ends(mln_slice_head(rest, name), MLN_S("Signature"))) {
        return false;
    }
    while (rest.len && !mln_slice_starts(rest, uri)) {
        rest = mln_slice_from(rest, 1);
    }
    return rest.len > 0;
}

static mln_err read_root(struct mln_xmlsec_reader *r, xmlDoc *doc, struct mln_xmlsec *ret)
{
    const xmlNode *root = xmlDocGetRootElement(doc);

    if (mln_xmlsec_is(root, MLN_XML_DS, "Signature")) {
        MLN_TRY(read_signature(r, root, ret));
    } else if (mln_xmlsec_is(root, MLN_XML_XENC, "EncryptedData")) {
        MLN_TRY(read_encrypted(r, root, ret));
    } else {
        return mln_xmlsec_refuse(r, "neither a signature nor encrypted data");
    }
    return mln_xmlsec_check_ids(r, doc);
}

mln_err mln_xmlsec_read(struct mln_slice text, struct mln_arena *arena, struct mln_fault *fault,
                        struct mln_xmlsec **ret)
{
    struct mln_xmlsec_reader r = { .arena = arena, .fault = fault };
    struct mln_xmlsec *envelope = mln_arena_zalloc(arena, 1, sizeof *envelope);
    xmlDoc *doc = NULL;
    mln_err err;

    MLN_REQUIRE(envelope, NO_MEMORY);
    MLN_TRY(mln_xmlsec_parse(&r, text, &doc));
    envelope->doc = doc;
    err = read_root(&r, doc, envelope);
    if (mln_failed(err) || !envelope->is_signature) {
        mln_xmlsec_free(envelope); /* the tree */
    }
    MLN_TRY(err);
    *ret = envelope;
    return MLN_OK;
}

void mln_xmlsec_free(struct mln_xmlsec *envelope)
{
    if (envelope) {
        xmlFreeDoc(envelope->doc);
        envelope->doc = NULL;
    }
}

void mln_xmlsec_freep(struct mln_xmlsec **envelope)
{
    mln_xmlsec_free(*envelope);
}

/* ---- what was signed ---- */

/* An element that is no signature: the payload is the element by itself. */
static mln_err take_element(struct mln_xmlsec_reader *r, const xmlNode *node,
                            bool *ret_is_signature, struct mln_slice *ret)
{
    MLN_TRY(mln_xmlsec_canonical_part(node, r->arena, ret));
    *ret_is_signature = mln_xmlsec_is(node, MLN_XML_DS, "Signature");
    return MLN_OK;
}

static mln_err read_content(struct mln_xmlsec_reader *r, xmlDoc *doc, bool *ret_is_signature,
                            struct mln_slice *ret)
{
    const xmlNode *object = xmlDocGetRootElement(doc);
    const xmlNode *at;
    struct mln_slice encoding;

    if (!mln_xmlsec_is(object, MLN_XML_DS, "Object")) {
        return mln_xmlsec_refuse(r, "not an Object");
    }
    MLN_TRY(mln_xmlsec_attribute(r, object, "Encoding", &encoding));
    if (mln_slice_eq(encoding, mln_slice_z(MLN_XML_BASE64))) {
        *ret_is_signature = false;
        return mln_xmlsec_bytes(r, object, "Id MimeType Encoding", ret);
    }
    MLN_TRY(mln_xmlsec_enter(r, object, "Id MimeType", &at));
    if (!at || mln_xmlsec_next(at)) {
        return mln_xmlsec_refuse(r, "an Object of not one element, nor of base64");
    }
    return take_element(r, at, ret_is_signature, ret);
}

mln_err mln_xmlsec_content(struct mln_slice object, struct mln_arena *arena,
                           struct mln_fault *fault, bool *ret_is_signature, struct mln_slice *ret)
{
    struct mln_xmlsec_reader r = { .arena = arena, .fault = fault };
    xmlDoc *doc = NULL;
    mln_err err;

    MLN_TRY(mln_xmlsec_parse(&r, object, &doc));
    err = read_content(&r, doc, ret_is_signature, ret);
    xmlFreeDoc(doc);
    return err;
}
