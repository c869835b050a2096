/* Signatures by xmlsec1. It gets trees that the strict reader has accepted, one key, and a list of
 * the algorithms that it may use; it looks for no key, opens no URI, and reads no KeyInfo.
 * spec: TS-0003 8.5.3.3; XMLDSig 1.1; security.md 26.4 */
#include <libxml/parser.h>
#include <openssl/err.h>
#include <pthread.h>
#include <xmlsec/buffer.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>

#include "crypto/base64.h"
#include "crypto/jose.h"
#include "crypto/jose_int.h"
#include "crypto/xmlsec_int.h"

/* ---- the library ---- */

static bool is_started; /* written once, before anybody reads it */

static void start(void)
{
    xmlInitParser();
    if (xmlSecTransformIdsGet()->use > 0) { /* the program uses it as well */
        is_started = true;
        return;
    }
    is_started = xmlSecInit() == 0 && xmlSecCheckVersion() == 1 && xmlSecOpenSSLInit() == 0;
    xmlSecErrorsSetCallback(NULL); /* what a call returns says enough */
    xmlSecIOCleanupCallbacks();    /* nothing to fetch from files or the network */
    ERR_clear_error();
}

mln_err mln_xmlsec_start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, start);
    return is_started ? MLN_OK : MLN_ERROR(NO_MEMORY);
}

/* ---- contexts ---- */

static xmlSecTransformId method_of(enum mln_jose_sig sig)
{
    static xmlSecTransformId (*const methods[MLN_JOSE_SIGS])(void) = {
        [MLN_JOSE_HS256] = xmlSecOpenSSLTransformHmacSha256GetKlass,
        [MLN_JOSE_HS384] = xmlSecOpenSSLTransformHmacSha384GetKlass,
        [MLN_JOSE_HS512] = xmlSecOpenSSLTransformHmacSha512GetKlass,
        [MLN_JOSE_RS256] = xmlSecOpenSSLTransformRsaSha256GetKlass,
        [MLN_JOSE_RS384] = xmlSecOpenSSLTransformRsaSha384GetKlass,
        [MLN_JOSE_RS512] = xmlSecOpenSSLTransformRsaSha512GetKlass,
        [MLN_JOSE_ES256] = xmlSecOpenSSLTransformEcdsaSha256GetKlass,
        [MLN_JOSE_ES384] = xmlSecOpenSSLTransformEcdsaSha384GetKlass,
        [MLN_JOSE_ES512] = xmlSecOpenSSLTransformEcdsaSha512GetKlass,
    };

    return methods[sig]();
}

static xmlSecKeyDataPtr data_of(const struct mln_jose_key *key)
{
    xmlSecKeyDataPtr data;

    if (key->kty == MLN_JOSE_OCT) {
        data = xmlSecKeyDataCreate(xmlSecOpenSSLKeyDataHmacId);
        if (data && xmlSecOpenSSLKeyDataHmacSet(data, mln_secret_bytes(key->oct),
                                                (xmlSecSize)mln_secret_len(key->oct)) < 0) {
            xmlSecKeyDataDestroy(data);
            data = NULL;
        }
        return data;
    }
    if (EVP_PKEY_up_ref(key->pkey) != 1) {
        return NULL;
    }
    data = xmlSecOpenSSLEvpKeyAdopt(key->pkey);
    if (!data) {
        EVP_PKEY_free(key->pkey);
    }
    return data;
}

static mln_err set_key(xmlSecDSigCtx *ctx, const struct mln_jose_key *key)
{
    xmlSecKeyDataPtr data = data_of(key);

    ctx->signKey = data ? xmlSecKeyCreate() : NULL;
    if (!ctx->signKey || xmlSecKeySetValue(ctx->signKey, data) < 0) {
        if (data) {
            xmlSecKeyDataDestroy(data);
        }
        MLN_FAIL(NO_MEMORY);
    }
    return MLN_OK;
}

static mln_err prepare(xmlSecDSigCtx *ctx, const struct mln_jose_key *key, enum mln_jose_sig sig)
{
    ctx->flags = XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES |
                 XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS | XMLSEC_DSIG_FLAGS_USE_VISA3D_HACK;
    ctx->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
    MLN_REQUIRE(xmlSecDSigCtxEnableSignatureTransform(ctx, xmlSecTransformExclC14NId) == 0 &&
                    xmlSecDSigCtxEnableSignatureTransform(ctx, method_of(sig)) == 0 &&
                    xmlSecDSigCtxEnableReferenceTransform(ctx, xmlSecTransformExclC14NId) == 0 &&
                    xmlSecDSigCtxEnableReferenceTransform(ctx, xmlSecOpenSSLTransformSha256Id) == 0,
                NO_MEMORY);
    return set_key(ctx, key);
}

/* ---- verifying ---- */

static xmlNode *child_of(xmlDoc *doc, const char *name)
{
    xmlNode *node = xmlDocGetRootElement(doc)->children;

    while (node && !mln_xmlsec_is(node, MLN_XML_DS, name)) {
        node = node->next;
    }
    return node;
}

/* The only identifier that there is for libxml2 in this tree. */
static mln_err register_id(xmlDoc *doc, const char *name)
{
    xmlNode *object = child_of(doc, "Object");
    xmlAttr *id = object ? xmlHasNsProp(object, mln_xml_char("Id"), NULL) : NULL;
    xmlAttr *known = xmlGetID(doc, mln_xml_char(name));

    MLN_REQUIRE(id && (!known || known == id), TOKEN_REFUSED);
    MLN_REQUIRE(known || xmlAddID(NULL, doc, mln_xml_char(name), id), NO_MEMORY);
    return MLN_OK;
}

/* One reference, verified: what went into its digest. */
static mln_err take_signed(xmlSecDSigCtx *ctx, struct mln_arena *arena, struct mln_slice *ret)
{
    xmlSecDSigReferenceCtx *reference;
    xmlSecBuffer *octets;

    MLN_REQUIRE(ctx->status == xmlSecDSigStatusSucceeded &&
                    xmlSecPtrListGetSize(&ctx->signedInfoReferences) == 1,
                TOKEN_REFUSED);
    reference = xmlSecPtrListGetItem(&ctx->signedInfoReferences, 0);
    MLN_REQUIRE(reference && reference->status == xmlSecDSigStatusSucceeded, TOKEN_REFUSED);
    octets = xmlSecDSigReferenceCtxGetPreDigestBuffer(reference);
    MLN_REQUIRE(octets && xmlSecBufferGetSize(octets) > 0, TOKEN_REFUSED);
    return mln_arena_dup(
               arena,
               mln_slice_of((const char *)xmlSecBufferGetData(octets), xmlSecBufferGetSize(octets)),
               ret)
               ? MLN_OK
               : MLN_ERROR(NO_MEMORY);
}

static mln_err run_verify(xmlSecDSigCtx *ctx, xmlDoc *doc)
{
    struct mln_xmlsec_errors was;
    int outcome;

    mln_xmlsec_hush(&was);
    outcome = xmlSecDSigCtxVerify(ctx, xmlDocGetRootElement(doc));
    mln_xmlsec_unhush(&was);
    ERR_clear_error();
    return outcome == 0 ? MLN_OK : MLN_ERROR(TOKEN_REFUSED);
}

/* xmlsec1 compares byte by byte and stops at the first that differs: it gets to see only an HMAC
 * that is right. */
static mln_err check_hmac(const struct mln_xmlsec *envelope, const struct mln_jose_key *key,
                          struct mln_arena *arena)
{
    struct mln_slice text;

    if (key->kty != MLN_JOSE_OCT) {
        return MLN_OK;
    }
    MLN_TRY(mln_xmlsec_canonical_part(child_of(envelope->doc, "SignedInfo"), arena, &text));
    return mln_jose_verify(key, envelope->sig, text, envelope->value);
}

mln_err mln_xmlsec_verify(const struct mln_xmlsec *envelope, const struct mln_jose_key *key,
                          struct mln_arena *arena, struct mln_slice *ret_object)
{
    xmlSecDSigCtx *ctx;
    mln_err err;

    MLN_TRY(check_hmac(envelope, key, arena));
    MLN_TRY(register_id(envelope->doc, envelope->signed_id));
    ctx = xmlSecDSigCtxCreate(NULL);
    MLN_REQUIRE(ctx, NO_MEMORY);
    err = prepare(ctx, key, envelope->sig);
    if (!mln_failed(err)) {
        err = run_verify(ctx, envelope->doc);
    }
    if (!mln_failed(err)) {
        err = take_signed(ctx, arena, ret_object);
    }
    xmlSecDSigCtxDestroy(ctx);
    return err;
}

mln_err mln_xmlsec_unverified(const struct mln_xmlsec *envelope, struct mln_arena *arena,
                              struct mln_slice *ret_object)
{
    return mln_xmlsec_canonical_part(child_of(envelope->doc, "Object"), arena, ret_object);
}

/* ---- making ---- */

#define ALGORITHM(element, uri) "<ds:" element " Algorithm=\"" uri "\"></ds:" element ">"

/* A signature whose values are empty still. */
static mln_err write_template(const struct mln_xmlsec_signer *signer, unsigned level,
                              struct mln_slice content, struct mln_buf *out)
{
    mln_buf_add(out,
                MLN_S("<ds:Signature xmlns:ds=\"" MLN_XML_DS_URI
                      "\"><ds:SignedInfo>" ALGORITHM("CanonicalizationMethod", MLN_XML_EXC_C14N)));
    mln_buf_printf(out, ALGORITHM("SignatureMethod", "%s"), mln_xmlsec_sig_uri(signer->sig));
    mln_buf_printf(out, "<ds:Reference URI=\"#object-%u\"><ds:Transforms>", level);
    mln_buf_add(out, MLN_S(ALGORITHM("Transform", MLN_XML_EXC_C14N) "</ds:Transforms>" ALGORITHM(
                         "DigestMethod", MLN_XML_SHA256)));
    mln_buf_add(out, MLN_S("<ds:DigestValue></ds:DigestValue></ds:Reference></ds:SignedInfo>"
                           "<ds:SignatureValue></ds:SignatureValue>"));
    if (mln_xmlsec_shows(&signer->shown)) {
        mln_buf_add(out, MLN_S("<ds:KeyInfo>"));
        MLN_TRY(mln_xmlsec_add_key(out, &signer->shown));
        mln_buf_add(out, MLN_S("</ds:KeyInfo>"));
    }
    if (level > 0) {
        mln_buf_printf(out, "<ds:Object Id=\"object-%u\">", level);
        mln_buf_add(out, content);
    } else {
        mln_buf_add(out, MLN_S("<ds:Object Encoding=\"" MLN_XML_BASE64 "\" Id=\"object-0\">"));
        mln_base64_add(out, content);
    }
    mln_buf_add(out, MLN_S("</ds:Object></ds:Signature>"));
    return MLN_OK;
}

/* xmlsec1 would write into the KeyInfo what it thinks of the key: it does not get to see it. */
static bool run_sign(xmlSecDSigCtx *ctx, xmlNode *root)
{
    struct mln_xmlsec_errors was;
    xmlNode *object = root->last;
    xmlNode *key_info = object->prev;
    bool has_key_info = mln_xmlsec_is(key_info, MLN_XML_DS, "KeyInfo");
    int outcome;

    if (has_key_info) {
        xmlUnlinkNode(key_info);
    }
    mln_xmlsec_hush(&was);
    outcome = xmlSecDSigCtxSign(ctx, root);
    mln_xmlsec_unhush(&was);
    ERR_clear_error();
    if (has_key_info) {
        (void)xmlAddPrevSibling(object, key_info);
    }
    return outcome == 0 && ctx->status == xmlSecDSigStatusSucceeded;
}

static mln_err sign_tree(const struct mln_xmlsec_signer *signer, const char *name, xmlDoc *doc)
{
    xmlSecDSigCtx *ctx;
    mln_err err;

    MLN_TRY(register_id(doc, name));
    ctx = xmlSecDSigCtxCreate(NULL);
    MLN_REQUIRE(ctx, NO_MEMORY);
    err = prepare(ctx, signer->key, signer->sig);
    if (!mln_failed(err)) {
        err = run_sign(ctx, xmlDocGetRootElement(doc)) ? MLN_OK : MLN_ERROR(INTERNAL);
    }
    xmlSecDSigCtxDestroy(ctx);
    return err;
}

mln_err mln_xmlsec_sign(const struct mln_xmlsec_signer *signer, unsigned level,
                        struct mln_slice content, struct mln_arena *arena, struct mln_slice *ret)
{
    struct mln_xmlsec_reader r = { .arena = arena };
    struct mln_slice template;
    struct mln_buf out;
    char name[sizeof "object-4294967295"];
    xmlDoc *doc = NULL;
    mln_err err;

    mln_buf_init(&out, arena, INT_MAX);
    MLN_TRY(write_template(signer, level, content, &out));
    MLN_TRY(mln_buf_finish(&out, &template));
    MLN_TRY(mln_xmlsec_parse(&r, template, &doc));
    (void)snprintf(name, sizeof name, "object-%u", level);
    err = sign_tree(signer, name, doc);
    if (!mln_failed(err)) {
        err = mln_xmlsec_canonical(doc, arena, ret);
    }
    xmlFreeDoc(doc);
    return err;
}
