/* SEC-ESD-08: envelopes that were tampered with, that mean two things, or that use more of XMLDSig
 * and XMLEnc than is permitted. Each row changes a good envelope in one place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/test_arena.h"
#include "crypto/base64.h"
#include "crypto/jwt_keys_test.h"
#include "crypto/xmlsec.h"

#define DS     "http://www.w3.org/2000/09/xmldsig#"
#define XENC   "http://www.w3.org/2001/04/xmlenc#"
#define XENC11 "http://www.w3.org/2009/xmlenc11#"
#define EXC    "http://www.w3.org/2001/10/xml-exc-c14n#"

#define EVIL "ZXZpbA=="

static struct mln_fault fault;

/* What the strict reader of envelopes says, not the parser: the change did what it was made for. */
static void require_sound(const char *what)
{
    if (strstr(fault.text, "well-formed")) {
        fail_msg("not XML any more: %s", what);
    }
}

struct row {
    const char *what;
    const char *from; /* the first of these; NULL: the beginning of the text */
    const char *to;
};

static struct mln_slice changed(struct mln_slice text, const char *from, const char *to)
{
    struct mln_buf out;
    struct mln_slice ret = { 0 };
    const char *at = from ? memmem(text.ptr, text.len, from, strlen(from)) : text.ptr;

    if (!at) {
        fail_msg("no %s in %.*s", from, MLN_S_ARG(text));
    }
    mln_buf_init(&out, arena, 1 << 20);
    mln_buf_add(&out, mln_slice_head(text, (size_t)(at - text.ptr)));
    mln_buf_add(&out, mln_slice_z(to));
    mln_buf_add(&out, mln_slice_from(text, (size_t)(at - text.ptr) + (from ? strlen(from) : 0)));
    assert_false(mln_failed(mln_buf_finish(&out, &ret)));
    return ret;
}

/* ---- signatures ---- */

static struct mln_slice signature(void)
{
    struct mln_jose_key *key = mln_test_key("oct32");
    struct mln_xmlsec_signer signer = { key, MLN_JOSE_HS256, { .name = MLN_S("k") } };
    struct mln_slice text = { 0 };

    assert_false(mln_failed(mln_xmlsec_sign(&signer, 0, MLN_S("good"), arena, &text)));
    mln_jose_key_free(key);
    return text;
}

/* Read, verified, and what is in it: the first failure. */
static mln_err verify(struct mln_slice text, struct mln_slice *ret)
{
    struct mln_xmlsec *envelope MLN_CLEANUP(mln_xmlsec_freep) = NULL;
    struct mln_jose_key *key = mln_test_key("oct32");
    struct mln_slice object = { 0 };
    bool is_signature = false;
    mln_err err;

    mln_fault_clear(&fault);
    err = mln_xmlsec_read(text, arena, &fault, &envelope);

    if (!mln_failed(err)) {
        err = envelope->is_signature ? mln_xmlsec_verify(envelope, key, arena, &object)
                                     : MLN_ERROR(SYNTAX);
    }
    mln_jose_key_free(key);
    MLN_TRY(err);
    return mln_xmlsec_content(object, arena, &fault, &is_signature, ret);
}

#define OBJECT     "<ds:Object Encoding=\"" DS "base64\" Id=\"object-0\">Z29vZA==</ds:Object>"
#define EVIL_OF(a) "<ds:Object Encoding=\"" DS "base64\"" a ">" EVIL "</ds:Object>"
#define TRANSFORM  "<ds:Transform Algorithm=\"" EXC "\"></ds:Transform>"
#define METHOD     "Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256\">"
#define NO_PREFIX  "<ds:Signature xmlns:ds=\"" DS "\">"

static const struct row signature_rows[] = {
    /* what is no plain XML */
    { "a DTD", NULL, "<!DOCTYPE x>" },
    { "an entity", NULL, "<!DOCTYPE x [<!ENTITY e \"" EVIL "\">]>" },
    { "entities that grow", NULL,
      "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]>" },
    { "an external entity", NULL, "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>" },
    { "an external DTD", NULL, "<!DOCTYPE x SYSTEM \"http://127.0.0.1:1/x.dtd\">" },
    { "an attribute default", NULL, "<!DOCTYPE x [<!ATTLIST x Id ID \"object-0\">]>" },
    { "an instruction", NULL, "<?xml-stylesheet href=\"http://127.0.0.1:1/x.xsl\"?>" },
    { "another encoding", NULL, "<?xml version=\"1.0\" encoding=\"UTF-16\"?>" },
    { "a comment before", NULL, "<!-- x -->" },
    { "a comment in the payload", "Z29v", "Z29v<!-- x -->" },
    { "a CDATA section", "Z29vZA==", "<![CDATA[Z29vZA==]]>" },
    { "an instruction in the payload", "Z29v", "Z29v<?x?>" },
    /* algorithms */
    { "inclusive canonical form", EXC, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315" },
    { "with comments", EXC, EXC "WithComments" },
    { "HMAC with SHA-1", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", DS "hmac-sha1" },
    { "HMAC with another digest", "hmac-sha256", "hmac-sha384" },
    { "a public key in the place of the secret", "hmac-sha256", "rsa-sha256" },
    { "a cut off HMAC", METHOD, METHOD "<ds:HMACOutputLength>8</ds:HMACOutputLength>" },
    { "digest SHA-1", XENC "sha256", DS "sha1" },
    { "digest SHA-512", XENC "sha256", XENC "sha512" },
    { "the spelling of TS-0003", "hmac-sha256", "hmacsha256" },
    /* transforms */
    { "no transform", TRANSFORM, "" },
    { "no Transforms", "<ds:Transforms>" TRANSFORM "</ds:Transforms>", "" },
    { "base64 besides", TRANSFORM, TRANSFORM "<ds:Transform Algorithm=\"" DS "base64\"/>" },
    { "base64 before", TRANSFORM, "<ds:Transform Algorithm=\"" DS "base64\"/>" TRANSFORM },
    { "enveloped signature", TRANSFORM,
      "<ds:Transform Algorithm=\"" DS "enveloped-signature\"/>" TRANSFORM },
    { "XPath", TRANSFORM,
      "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>"
      "self::text()</ds:XPath></ds:Transform>" TRANSFORM },
    { "XPath filter", TRANSFORM,
      "<ds:Transform Algorithm=\"http://www.w3.org/2002/06/xmldsig-filter2\"/>" TRANSFORM },
    { "XSLT", TRANSFORM,
      "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"><xsl:stylesheet "
      "xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\"/></ds:Transform>" },
    { "the same twice", TRANSFORM, TRANSFORM TRANSFORM },
    { "namespaces kept", TRANSFORM,
      "<ds:Transform Algorithm=\"" EXC "\"><InclusiveNamespaces xmlns=\"" EXC
      "\" PrefixList=\"a\"/></ds:Transform>" },
    /* references */
    { "the whole document", "URI=\"#object-0\"", "URI=\"\"" },
    { "no URI", " URI=\"#object-0\"", "" },
    { "a file", "URI=\"#object-0\"", "URI=\"file:///etc/passwd\"" },
    { "the network", "URI=\"#object-0\"", "URI=\"http://127.0.0.1:1/#object-0\"" },
    { "the root by XPointer", "URI=\"#object-0\"", "URI=\"#xpointer(/)\"" },
    { "the Object by XPointer", "URI=\"#object-0\"", "URI=\"#xpointer(id('object-0'))\"" },
    { "another identifier", "URI=\"#object-0\"", "URI=\"#object-1\"" },
    { "an escape", "URI=\"#object-0\"", "URI=\"#object%2D0\"" },
    { "a manifest", "<ds:Reference URI", "<ds:Reference Type=\"" DS "Manifest\" URI" },
    { "two references", "<ds:Reference",
      "<ds:Reference URI=\"#object-0\"><ds:Transforms>" TRANSFORM
      "</ds:Transforms><ds:DigestMethod Algorithm=\"" XENC "sha256\"/><ds:DigestValue>"
      "0000</ds:DigestValue></ds:Reference><ds:Reference" },
    /* wrapping */
    { "an Object before", "<ds:Object", EVIL_OF("") "<ds:Object" },
    { "an Object behind", OBJECT, OBJECT EVIL_OF("") },
    { "an Object of the same name before", "<ds:Object", EVIL_OF(" Id=\"object-0\"") "<ds:Object" },
    { "an Object of the same name behind", OBJECT, OBJECT EVIL_OF(" Id=\"object-0\"") },
    { "the signed one within another", OBJECT, "<ds:Object Id=\"a\">" OBJECT "</ds:Object>" },
    { "the signed one in the KeyInfo", OBJECT "</ds:Signature>",
      EVIL_OF(" Id=\"a\"") "</ds:Signature>" },
    { "the signed one before everything", NO_PREFIX, NO_PREFIX OBJECT },
    { "the Object first", NO_PREFIX, NO_PREFIX EVIL_OF("") },
    { "a name taken by the Signature", NO_PREFIX,
      "<ds:Signature Id=\"object-0\" xmlns:ds=\"" DS "\">" },
    { "a name taken by the KeyInfo", "<ds:KeyInfo>", "<ds:KeyInfo Id=\"object-0\">" },
    { "a name taken by the value", "<ds:SignatureValue>", "<ds:SignatureValue Id=\"object-0\">" },
    { "an identifier in the Object", "Z29vZA==", "<x Id=\"object-0\"/>" },
    { "an xml:id in the Object", "Z29vZA==", "<x xml:id=\"object-0\"/>" },
    { "another spelling of it in the Object", "Z29vZA==", "<x ID=\"object-0\"/>" },
    { "an identifier of another namespace", "Z29vZA==", "<x xmlns:w=\"u:w\" w:Id=\"object-0\"/>" },
    { "no identifier", " Id=\"object-0\">", ">" },
    { "an empty identifier", " Id=\"object-0\">", " Id=\"\">" },
    { "another attribute", " Id=\"object-0\">", " Id=\"object-0\" x=\"\">" },
    { "an attribute of another namespace", " Id=\"object-0\">",
      " Id=\"object-0\" xmlns:w=\"u:w\" w:x=\"\">" },
    { "SignedInfo twice", "</ds:SignedInfo>", "</ds:SignedInfo><ds:SignedInfo></ds:SignedInfo>" },
    { "the value twice", "<ds:SignatureValue>",
      "<ds:SignatureValue></ds:SignatureValue><ds:SignatureValue>" },
    { "an unknown element", "<ds:KeyInfo>", "<x/><ds:KeyInfo>" },
    { "an element of another namespace", "<ds:KeyInfo>", "<ds:KeyInfo xmlns:ds=\"" DS "x\">" },
    { "text between", "<ds:KeyInfo>", "x<ds:KeyInfo>" },
    { "another digest", "<ds:DigestValue>", "<ds:DigestValue>AAAA" },
    { "another payload", "Z29vZA==", EVIL },
    { "the payload as text", "Encoding=\"" DS "base64\" ", "" },
    /* ways to a key */
    { "a key in the envelope", "<ds:KeyName>k</ds:KeyName>",
      "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>"
      "</ds:RSAKeyValue></ds:KeyValue>" },
    { "a key elsewhere", "<ds:KeyName>k</ds:KeyName>",
      "<ds:RetrievalMethod URI=\"http://127.0.0.1:1/key\"/>" },
    { "a certificate by its number", "<ds:KeyName>k</ds:KeyName>",
      "<ds:X509Data><ds:X509IssuerSerial/></ds:X509Data>" },
    { "an empty X509Data", "<ds:KeyName>k</ds:KeyName>", "<ds:X509Data></ds:X509Data>" },
    { "two names", "<ds:KeyName>", "<ds:KeyName>k</ds:KeyName><ds:KeyName>" },
    { "a wrapped key", "<ds:KeyName>k</ds:KeyName>",
      "<xenc:EncryptedKey xmlns:xenc=\"" XENC "\"/>" },
    { "an empty KeyInfo", "<ds:KeyName>k</ds:KeyName>", "" },
};

/* What is not XML at all. */
static const struct row broken_rows[] = {
    { "an entity that is not declared", "Z29vZA==", "&e;" },
    { "no end", "</ds:Signature>", "" },
    { "a second root", "</ds:Signature>", "</ds:Signature><x/>" },
    { "a prefix that is not declared", "<ds:KeyInfo>", "<y:KeyInfo/><ds:KeyInfo>" },
    { "another root", NULL, "<x>" },
};

static void test_broken(void **state)
{
    struct mln_slice good = signature();
    struct mln_slice got = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof broken_rows / sizeof *broken_rows; i++) {
        const struct row *row = &broken_rows[i];

        assert_int_equal(verify(changed(good, row->from, row->to), &got).code, MLN_ERR_SYNTAX);
    }
}

static void test_signatures(void **state)
{
    struct mln_slice good = signature();
    struct mln_slice got = { 0 };

    (void)state;
    assert_false(mln_failed(verify(good, &got)));
    assert_true(mln_slice_eq(got, MLN_S("good")));
    assert_int_equal(
        verify(changed(changed(good, NULL, "<x>"), "</ds:Signature>", "</ds:Signature></x>"), &got)
            .code,
        MLN_ERR_SYNTAX);
    for (size_t i = 0; i < sizeof signature_rows / sizeof *signature_rows; i++) {
        const struct row *row = &signature_rows[i];

        if (!mln_failed(verify(changed(good, row->from, row->to), &got))) {
            fail_msg("taken: %s", row->what);
        }
        require_sound(row->what);
    }
}

/* What may differ without meaning something else: others write it so. */
static void test_signatures_of_others(void **state)
{
    static const struct row rows[] = {
        { "a declaration", NULL, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" },
        { "line feeds in a value", "<ds:SignatureValue>", "<ds:SignatureValue>\n" },
        { "blanks between", "<ds:KeyInfo>", "\n  <ds:KeyInfo>" },
        { "a name of the Signature", NO_PREFIX, "<ds:Signature xmlns:ds=\"" DS "\" Id=\"s\">" },
        { "no KeyInfo", "<ds:KeyInfo><ds:KeyName>k</ds:KeyName></ds:KeyInfo>", "" },
        { "an escape that is none", "URI=\"#object-0\"", "URI=\"#object&#45;0\"" },
    };
    struct mln_slice good = signature();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mln_slice got = { 0 };

        if (mln_failed(verify(changed(good, rows[i].from, rows[i].to), &got))) {
            fail_msg("refused: %s", rows[i].what);
        }
        assert_true(mln_slice_eq(got, MLN_S("good")));
    }
}

/* ---- encryption ---- */

static struct mln_slice sealed_for(const char *name, enum mln_jose_wrap wrap, size_t count)
{
    struct mln_jose_key *key = mln_test_key(name);
    struct mln_xmlsec_target targets[MLN_XMLSEC_RECIPIENTS];
    struct mln_xmlsec_sealing how = { MLN_JOSE_A128GCM, targets, count, { 0 }, { 0 }, false };
    struct mln_slice text = { 0 };

    for (size_t i = 0; i < count; i++) {
        targets[i] = (struct mln_xmlsec_target){ key, wrap, { .name = MLN_S("k") } };
    }
    assert_false(mln_failed(mln_xmlsec_seal(&how, MLN_S("good"), arena, &text)));
    mln_jose_key_free(key);
    return text;
}

static mln_err open_by(struct mln_slice text, const char *name, struct mln_slice *ret)
{
    struct mln_xmlsec *envelope MLN_CLEANUP(mln_xmlsec_freep) = NULL;
    struct mln_jose_key *key;
    mln_err err;

    mln_fault_clear(&fault);
    MLN_TRY(mln_xmlsec_read(text, arena, &fault, &envelope));
    MLN_REQUIRE(!envelope->is_signature, SYNTAX);
    key = mln_test_key(name);
    err = mln_xmlsec_open(envelope, &envelope->recipients[0], key, ret);
    mln_jose_key_free(key);
    return err;
}

static void refuse_all(const char *name, enum mln_jose_wrap wrap, const struct row *rows,
                       size_t count)
{
    struct mln_slice good = sealed_for(name, wrap, 1);
    struct mln_slice got = { 0 };

    assert_false(mln_failed(open_by(good, name, &got)));
    assert_true(mln_slice_eq(got, MLN_S("good")));
    for (size_t i = 0; i < count; i++) {
        if (!mln_failed(open_by(changed(good, rows[i].from, rows[i].to), name, &got))) {
            fail_msg("taken: %s", rows[i].what);
        }
        require_sound(rows[i].what);
    }
}

#define CIPHER_REFERENCE "<xenc:CipherReference URI=\"file:///etc/passwd\"/>"

static const struct row content_rows[] = {
    { "a DTD", NULL, "<!DOCTYPE x>" },
    { "CBC", XENC11 "aes128-gcm", XENC "aes128-cbc" },
    { "another length", "aes128-gcm", "aes256-gcm" },
    { "the spelling of TS-0003", "aes128-gcm", "aes128gcm" },
    { "a KeySize", "aes128-gcm\"/>",
      "aes128-gcm\"><xenc:KeySize>128</xenc:KeySize></xenc:EncryptionMethod>" },
    { "a reference to the cipher text", "<xenc:CipherValue>",
      CIPHER_REFERENCE "<xenc:CipherValue>" },
    { "properties", "</xenc:EncryptedData>", "<xenc:EncryptionProperties/></xenc:EncryptedData>" },
    { "a second CipherData", "</xenc:EncryptedData>",
      "<xenc:CipherData><xenc:CipherValue>AAAA</xenc:CipherValue></xenc:CipherData>"
      "</xenc:EncryptedData>" },
    { "text between", "<ds:KeyInfo>", "x<ds:KeyInfo>" },
    { "an attribute", "<xenc:EncryptedData ", "<xenc:EncryptedData x=\"\" " },
    { "a name besides", "<ds:KeyInfo>", "<ds:KeyInfo><ds:KeyName>k</ds:KeyName>" },
    { "a key elsewhere", "<ds:KeyInfo>",
      "<ds:KeyInfo><ds:RetrievalMethod URI=\"#k\" Type=\"" XENC "EncryptedKey\"/>" },
};

static const struct row key_rows[] = {
    { "another wrap", "kw-aes128", "kw-aes256" },
    { "the spelling of TS-0003", "kw-aes128", "kwaes128" },
    { "triple DES", "kw-aes128", "kw-tripledes" },
    { "RSA PKCS#1 1.5", "kw-aes128", "rsa-1_5" },
    { "parameters", "kw-aes128\">", "kw-aes128\"><xenc:OAEPparams/>" },
    { "a list of references", "</xenc:EncryptedKey>", "<xenc:ReferenceList/></xenc:EncryptedKey>" },
    { "a carried name", "</xenc:EncryptedKey>",
      "<xenc:CarriedKeyName>k</xenc:CarriedKeyName></xenc:EncryptedKey>" },
    { "a Type", "<xenc:EncryptedKey", "<xenc:EncryptedKey Type=\"x\"" },
    { "the same name twice", "<xenc:EncryptedKey", "<xenc:EncryptedKey Id=\"a\"><x Id=\"a\"/>" },
    { "an agreement that is none", "<ds:KeyName>k</ds:KeyName>",
      "<xenc:AgreementMethod Algorithm=\"" XENC11 "ECDH-ES\"/>" },
    { "two names", "<ds:KeyName>", "<ds:KeyName>k</ds:KeyName><ds:KeyName>" },
    { "a key within", "<ds:KeyName>k</ds:KeyName>",
      "<ds:KeyName>k</ds:KeyName><xenc:EncryptedKey/>" },
    { "cipher text twice", "<xenc:CipherValue>", "<xenc:CipherValue/><xenc:CipherValue>" },
    { "other cipher text", "<xenc:CipherValue>", "<xenc:CipherValue>AAAA" },
};

static const struct row rsa_rows[] = {
    { "OAEP of XMLEnc 1.0", XENC11 "rsa-oaep", XENC "rsa-oaep-mgf1p" },
    { "OAEP parameters", "<ds:DigestMethod",
      "<xenc:OAEPparams>AAAA</xenc:OAEPparams><ds:DigestMethod" },
    { "MGF with SHA-1", "mgf1sha256", "mgf1sha1" },
    { "digest SHA-1", XENC "sha256", DS "sha1" },
    { "digest SHA-512", XENC "sha256", XENC "sha512" },
    { "no digest", "<ds:DigestMethod Algorithm=\"" XENC "sha256\"/>", "" },
    { "two digests", "<ds:DigestMethod",
      "<ds:DigestMethod Algorithm=\"" XENC "sha256\"/><ds:DigestMethod" },
};

static const struct row agreement_rows[] = {
    { "Diffie-Hellman", XENC11 "ECDH-ES", XENC "dh" },
    { "a nonce", "<xenc11:KeyDerivationMethod",
      "<xenc:KA-Nonce>AAAA</xenc:KA-Nonce><xenc11:KeyDerivationMethod" },
    { "PBKDF2", XENC11 "ConcatKDF", XENC11 "pbkdf2" },
    { "a key derivation with SHA-1", XENC "sha256", DS "sha1" },
    { "bits that fill up", "AlgorithmID=\"00", "AlgorithmID=\"01" },
    { "half a byte", "AlgorithmID=\"00", "AlgorithmID=\"000" },
    { "no hexadecimal digits", "AlgorithmID=\"00", "AlgorithmID=\"00zz" },
    { "another algorithm", "AlgorithmID=\"00", "AlgorithmID=\"0000" },
    { "another party", "PartyUInfo=\"00", "PartyUInfo=\"0041" },
    { "information besides", "PartyUInfo", "SuppPubInfo=\"0041\" PartyUInfo" },
    { "another parameter", "PartyUInfo", "Other=\"\" PartyUInfo" },
    { "another curve", "1.2.840.10045.3.1.7", "1.3.132.0.34" },
    { "an unknown curve", "1.2.840.10045.3.1.7", "1.3.132.0.10" },
    { "parameters of a curve", "<dsig11:NamedCurve", "<dsig11:ECParameters/><dsig11:NamedCurve" },
    { "the recipient's own key", "<xenc:RecipientKeyInfo>",
      "<xenc:RecipientKeyInfo><ds:KeyValue/>" },
    { "an element besides", "</xenc:AgreementMethod>", "<x/></xenc:AgreementMethod>" },
};

static void test_encryption(void **state)
{
    (void)state;
    refuse_all("oct16", MLN_JOSE_A128KW, content_rows, sizeof content_rows / sizeof *content_rows);
    refuse_all("oct16", MLN_JOSE_A128KW, key_rows, sizeof key_rows / sizeof *key_rows);
    refuse_all("rsa", MLN_JOSE_RSA_OAEP_256, rsa_rows, sizeof rsa_rows / sizeof *rsa_rows);
    refuse_all("ec256", MLN_JOSE_ECDH_ES_A128KW, agreement_rows,
               sizeof agreement_rows / sizeof *agreement_rows);
}

/* SEC-ESD-12: points that are none of the curve, in any form. */
static void test_points(void **state)
{
    static const char *const points[] = {
        "AA==",                                         /* at infinity */
        "AwAAAAAAAAAA",                                 /* compressed, too short */
        "AmsX0fLhLEJH+Lzm5WOkQPJ3A32BLeszoPShOUXYmMKW", /* the generator, compressed */
    };
    struct mln_slice good = sealed_for("ec256", MLN_JOSE_ECDH_ES_A128KW, 1);
    struct mln_slice got = { 0 };
    unsigned char zero[65] = { 4 };
    struct mln_buf text;
    struct mln_slice row;

    (void)state;
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        mln_buf_init(&text, arena, 1024);
        mln_buf_printf(&text,
                       "<dsig11:PublicKey>%s</dsig11:PublicKey></dsig11:ECKeyValue>"
                       "<dsig11:ECKeyValue><dsig11:PublicKey>",
                       points[i]);
        mln_buf_byte(&text, '\0');
        assert_false(mln_failed(mln_buf_finish(&text, &row)));
        assert_true(
            mln_failed(open_by(changed(good, "<dsig11:PublicKey>", row.ptr), "ec256", &got)));
    }
    {
        const char *from = memmem(good.ptr, good.len, "<dsig11:PublicKey>", 18);
        const char *to = memmem(good.ptr, good.len, "</dsig11:PublicKey>", 19);

        mln_buf_init(&text, arena, 1 << 16);
        mln_buf_add(&text, mln_slice_of(good.ptr, (size_t)(from + 18 - good.ptr)));
        mln_base64_add(&text, mln_slice_of((const char *)zero, sizeof zero));
        mln_buf_add(&text, mln_slice_of(to, (size_t)(good.ptr + good.len - to)));
        assert_false(mln_failed(mln_buf_finish(&text, &row)));
        assert_int_equal(open_by(row, "ec256", &got).code, MLN_ERR_TOKEN_REFUSED);
    }
}

/* ---- growth ---- */

static struct mln_slice repeated(const char *head, const char *part, size_t count, const char *tail)
{
    struct mln_buf text;
    struct mln_slice ret = { 0 };

    mln_buf_init(&text, arena, 1 << 21);
    mln_buf_add(&text, mln_slice_z(head));
    for (size_t i = 0; i < count; i++) {
        mln_buf_add(&text, mln_slice_z(part));
    }
    mln_buf_add(&text, mln_slice_z(tail));
    assert_false(mln_failed(mln_buf_finish(&text, &ret)));
    return ret;
}

static mln_err read_only(struct mln_slice text)
{
    struct mln_xmlsec *envelope MLN_CLEANUP(mln_xmlsec_freep) = NULL;

    return mln_xmlsec_read(text, arena, NULL, &envelope);
}

static void test_growth(void **state)
{
    struct mln_buf attributes;
    struct mln_slice text = { 0 };

    (void)state;
    assert_int_equal(read_only(repeated("<x>", "<y/>", 20000, "</x>")).code, MLN_ERR_LIMIT);
    assert_int_equal(read_only(repeated("<x>", "<y>", 100, "")).code, MLN_ERR_LIMIT);
    assert_int_equal(read_only(repeated("<x", " <x", 100, "/>")).code, MLN_ERR_SYNTAX);
    assert_int_equal(read_only(repeated("<x>", "<y a='1' b='2' c='3' d='4'/>", 3000, "</x>")).code,
                     MLN_ERR_LIMIT);
    /* each use of a namespace says its name again in canonical form: a long one, ten thousand times
     */
    assert_int_equal(read_only(repeated("<x xmlns:a='urn:", "u", 252, "'><a:y/></x>")).code,
                     MLN_ERR_SYNTAX);
    assert_int_equal(read_only(repeated("<x xmlns:a='urn:", "u", 253, "'><a:y/></x>")).code,
                     MLN_ERR_LIMIT);
    mln_buf_init(&attributes, arena, 1 << 16);
    mln_buf_add(&attributes, MLN_S("<x"));
    for (unsigned i = 0; i < 100; i++) {
        mln_buf_printf(&attributes, " xmlns:a%u=\"u:%u\"", i, i);
    }
    mln_buf_add(&attributes, MLN_S("/>"));
    assert_false(mln_failed(mln_buf_finish(&attributes, &text)));
    assert_int_equal(read_only(text).code, MLN_ERR_LIMIT);
    text = sealed_for("oct16", MLN_JOSE_A128KW, MLN_XMLSEC_RECIPIENTS);
    assert_false(mln_failed(read_only(text)));
    text = changed(text, "<xenc:EncryptedKey",
                   "<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm=\"" XENC
                   "kw-aes128\"/><xenc:CipherData><xenc:CipherValue>AAAA</xenc:CipherValue>"
                   "</xenc:CipherData></xenc:EncryptedKey><xenc:EncryptedKey");
    assert_int_equal(read_only(text).code, MLN_ERR_LIMIT);
}

/* Only a Signature is read as one after it was decrypted. */
static void test_sniffing(void **state)
{
    static const struct {
        const char *text;
        bool is_signature;
    } rows[] = {
        { "<ds:Signature xmlns:ds=\"" DS "\"/>", true },
        { "<Signature\n xmlns='" DS "'>", true },
        { "<?xml version=\"1.0\"?>\n<a:Signature xmlns:a=\"" DS "\">", true },
        { "<Signature xmlns=\"urn:else\"><x xmlns:ds=\"" DS "\"/></Signature>", false },
        { "<x xmlns:ds=\"" DS "\"/>", false },
        { "{\"a\":\"<ds:Signature>\"}", false },
        { "", false },
        { "<", false },
        { "<?xml ", false },
        { "\r\n\t <Signature xmlns='" DS "'>", true },
        { "see: <Signature xmlns='" DS "'>", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(mln_xmlsec_is_signature(mln_slice_z(rows[i].text)), rows[i].is_signature);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_broken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_signatures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_signatures_of_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_encryption, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_points, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_growth, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sniffing, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
