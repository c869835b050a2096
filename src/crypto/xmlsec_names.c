/* The names of XML security: W3C's spellings, some of whose hyphens TS-0003 has lost.
 * spec: TS-0003 8.5.3; security.md 26.4; RFC 6931, RFC 5480 2.1.1.1 */
#include "codec/xml.h"
#include "crypto/base64.h"
#include "crypto/xmlsec_int.h"

#define MORE   "http://www.w3.org/2001/04/xmldsig-more#"
#define XENC   MLN_XML_XENC_URI
#define XENC11 MLN_XML_XENC11_URI

static const char *const sigs[MLN_JOSE_SIGS] = {
    [MLN_JOSE_HS256] = MORE "hmac-sha256",  [MLN_JOSE_HS384] = MORE "hmac-sha384",
    [MLN_JOSE_HS512] = MORE "hmac-sha512",  [MLN_JOSE_RS256] = MORE "rsa-sha256",
    [MLN_JOSE_RS384] = MORE "rsa-sha384",   [MLN_JOSE_RS512] = MORE "rsa-sha512",
    [MLN_JOSE_ES256] = MORE "ecdsa-sha256", [MLN_JOSE_ES384] = MORE "ecdsa-sha384",
    [MLN_JOSE_ES512] = MORE "ecdsa-sha512",
};

static const char *const wraps[MLN_JOSE_WRAPS] = {
    [MLN_JOSE_A128KW] = XENC "kw-aes128",         [MLN_JOSE_A192KW] = XENC "kw-aes192",
    [MLN_JOSE_A256KW] = XENC "kw-aes256",         [MLN_JOSE_RSA_OAEP_256] = MLN_XML_RSA_OAEP,
    [MLN_JOSE_ECDH_ES_A128KW] = XENC "kw-aes128", [MLN_JOSE_ECDH_ES_A192KW] = XENC "kw-aes192",
    [MLN_JOSE_ECDH_ES_A256KW] = XENC "kw-aes256",
};

static const char *const encs[MLN_JOSE_ENCS] = {
    [MLN_JOSE_A128GCM] = XENC11 "aes128-gcm",
    [MLN_JOSE_A192GCM] = XENC11 "aes192-gcm",
    [MLN_JOSE_A256GCM] = XENC11 "aes256-gcm",
};

enum { CURVES = MLN_JOSE_P521 + 1 };

static const char *const curves[CURVES] = {
    [MLN_JOSE_P256] = "urn:oid:1.2.840.10045.3.1.7",
    [MLN_JOSE_P384] = "urn:oid:1.3.132.0.34",
    [MLN_JOSE_P521] = "urn:oid:1.3.132.0.35",
};

const char *mln_xmlsec_sig_uri(enum mln_jose_sig sig)
{
    return sigs[sig];
}

const char *mln_xmlsec_wrap_uri(enum mln_jose_wrap wrap)
{
    return wraps[wrap];
}

const char *mln_xmlsec_enc_uri(enum mln_jose_enc enc)
{
    return encs[enc];
}

const char *mln_xmlsec_crv_uri(enum mln_jose_crv crv)
{
    return curves[crv];
}

static bool is_at(const char *const *table, unsigned i, struct mln_slice uri)
{
    return table[i] && mln_slice_eq(uri, mln_slice_z(table[i]));
}

enum mln_jose_sig mln_xmlsec_sig_of(struct mln_slice uri)
{
    unsigned i = MLN_JOSE_SIGS - 1;

    while (i > 0 && !is_at(sigs, i, uri)) {
        i--;
    }
    return (enum mln_jose_sig)i;
}

enum mln_jose_wrap mln_xmlsec_wrap_of(struct mln_slice uri, bool is_agreed)
{
    unsigned i = MLN_JOSE_WRAPS - 1;

    while (i > 0 && !(is_at(wraps, i, uri) && (mln_jose_wrap_row((enum mln_jose_wrap)i)->kty ==
                                               MLN_JOSE_EC) == is_agreed)) {
        i--;
    }
    return (enum mln_jose_wrap)i;
}

enum mln_jose_enc mln_xmlsec_enc_of(struct mln_slice uri)
{
    unsigned i = MLN_JOSE_ENCS - 1;

    while (i > 0 && !is_at(encs, i, uri)) {
        i--;
    }
    return (enum mln_jose_enc)i;
}

enum mln_jose_crv mln_xmlsec_crv_of(struct mln_slice uri)
{
    unsigned i = CURVES - 1;

    while (i > 0 && !is_at(curves, i, uri)) {
        i--;
    }
    return (enum mln_jose_crv)i;
}

/* ---- what is shown of a key ---- */

static void add_certificates(struct mln_buf *out, const struct mln_xmlsec_key *key)
{
    mln_buf_add(out, MLN_S("<ds:X509Data>"));
    for (size_t i = 0; i < key->chain_count; i++) {
        mln_buf_add(out, MLN_S("<ds:X509Certificate>"));
        mln_base64_add(out, key->chain[i]);
        mln_buf_add(out, MLN_S("</ds:X509Certificate>"));
    }
    if (key->thumbprint.len) {
        mln_buf_add(out, MLN_S("<dsig11:X509Digest xmlns:dsig11=\"" MLN_XML_DS11_URI
                               "\" Algorithm=\"" MLN_XML_SHA256 "\">"));
        mln_base64_add(out, key->thumbprint);
        mln_buf_add(out, MLN_S("</dsig11:X509Digest>"));
    }
    mln_buf_add(out, MLN_S("</ds:X509Data>"));
}

mln_err mln_xmlsec_add_key(struct mln_buf *out, const struct mln_xmlsec_key *key)
{
    if (key->name.len) {
        mln_buf_add(out, MLN_S("<ds:KeyName>"));
        MLN_TRY(mln_xml_write_text(out, key->name, false));
        mln_buf_add(out, MLN_S("</ds:KeyName>"));
    }
    if (key->chain_count || key->thumbprint.len) {
        add_certificates(out, key);
    }
    return MLN_OK;
}

bool mln_xmlsec_shows(const struct mln_xmlsec_key *key)
{
    return key->name.len || key->chain_count || key->thumbprint.len;
}
