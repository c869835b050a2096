/* Pieces of certificates. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/ca_int.h"

enum { VERSION_3 = 2, IDENTIFIER_BYTES = 20, NAME_BYTES = 64 };

/* Random, positive, and always of the same length. */
static mln_err make_serial(const struct mln_env *env, unsigned char out[static MLN_CA_SERIAL_BYTES])
{
    MLN_TRY(mln_env_random(env, out, MLN_CA_SERIAL_BYTES));
    out[0] = (out[0] & 0x3F) | 0x40;
    return MLN_OK;
}

static bool set_serial(X509 *cert, const unsigned char serial[static MLN_CA_SERIAL_BYTES])
{
    BIGNUM *n = BN_bin2bn(serial, MLN_CA_SERIAL_BYTES, NULL);
    bool is_done = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));

    BN_free(n);
    return is_done;
}

/* RFC 7093, method 1 */
static bool add_identifier(X509 *cert)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    bool is_done = id && X509_pubkey_digest(cert, EVP_sha256(), digest, NULL) &&
                   ASN1_OCTET_STRING_set(id, digest, IDENTIFIER_BYTES) &&
                   X509_add1_ext_i2d(cert, NID_subject_key_identifier, id, 0, X509V3_ADD_DEFAULT);

    ASN1_OCTET_STRING_free(id);
    return is_done;
}

mln_err mln_ca_cert_new(const struct mln_env *env, const struct mln_ca_period *period,
                        EVP_PKEY *key, X509 **ret)
{
    unsigned char serial[MLN_CA_SERIAL_BYTES];
    X509 *cert;

    MLN_TRY(make_serial(env, serial));
    cert = X509_new();
    if (!cert || !X509_set_version(cert, VERSION_3) || !set_serial(cert, serial) ||
        !ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)period->from) ||
        !ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)period->to) ||
        !X509_set_pubkey(cert, key) || !add_identifier(cert)) {
        X509_free(cert);
        ERR_clear_error();
        MLN_FAIL(NO_MEMORY);
    }
    *ret = cert;
    return MLN_OK;
}

mln_err mln_ca_add_usage(X509 *cert, uint32_t bits)
{
    ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
    bool is_done = usage != NULL;

    /* KU_… have the first bit as the highest of the first byte */
    for (int bit = 0; is_done && bit < 8; bit++) {
        is_done = !(bits & (0x80U >> bit)) || ASN1_BIT_STRING_set_bit(usage, bit, 1);
    }
    is_done = is_done && X509_add1_ext_i2d(cert, NID_key_usage, usage, 1, X509V3_ADD_DEFAULT);
    ASN1_BIT_STRING_free(usage);
    return is_done ? MLN_OK : MLN_ERROR(NO_MEMORY);
}

mln_err mln_ca_add_basic(X509 *cert, bool is_ca)
{
    BASIC_CONSTRAINTS *basic = BASIC_CONSTRAINTS_new();
    bool is_done = basic != NULL;

    if (is_done && is_ca) {
        basic->ca = 1;
        basic->pathlen = ASN1_INTEGER_new();
        is_done = basic->pathlen && ASN1_INTEGER_set(basic->pathlen, 0);
    }
    is_done =
        is_done && X509_add1_ext_i2d(cert, NID_basic_constraints, basic, 1, X509V3_ADD_DEFAULT);
    BASIC_CONSTRAINTS_free(basic);
    return is_done ? MLN_OK : MLN_ERROR(NO_MEMORY);
}

mln_err mln_ca_add_name(X509_NAME *subject, struct mln_slice text)
{
    struct mln_slice cut = mln_slice_head(text, NAME_BYTES);

    while (cut.len < text.len && cut.len && ((unsigned char)text.ptr[cut.len] & 0xC0) == 0x80) {
        cut.len--; /* not within a character */
    }
    MLN_REQUIRE(X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                           (const unsigned char *)cut.ptr, (int)cut.len, -1, 0),
                NO_MEMORY);
    return MLN_OK;
}

mln_err mln_ca_cert_pem(const X509 *cert, struct mln_arena *arena, struct mln_slice *ret)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool is_done = false;
    char *bytes;
    long len;

    if (bio && PEM_write_bio_X509(bio, (X509 *)(uintptr_t)cert)) {
        len = BIO_get_mem_data(bio, &bytes);
        is_done = len > 0 && mln_arena_dup(arena, mln_slice_of(bytes, (size_t)len), ret);
    }
    BIO_free(bio);
    return is_done ? MLN_OK : MLN_ERROR(NO_MEMORY);
}
