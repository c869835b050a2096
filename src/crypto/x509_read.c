/* Certificates from bytes. */
#include <openssl/err.h>
#include <openssl/pem.h>

#include "crypto/x509_int.h"

enum { BUNDLE_BYTES = 16 << 20 };

int mln_cert_no_passphrase(char *out, int size, int is_writing, void *data)
{
    (void)out;
    (void)size;
    (void)is_writing;
    (void)data;
    return -1;
}

static bool is_pem(struct mln_slice bytes)
{
    return bytes.len && (unsigned char)bytes.ptr[0] != 0x30;
}

static X509 *read_pem(struct mln_slice bytes)
{
    BIO *bio = BIO_new_mem_buf(bytes.ptr, (int)bytes.len);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, mln_cert_no_passphrase, NULL) : NULL;

    BIO_free(bio);
    return cert;
}

static X509 *read_der(struct mln_slice bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.ptr;
    X509 *cert = d2i_X509(NULL, &at, (long)bytes.len);

    if (cert && at != (const unsigned char *)bytes.ptr + bytes.len) {
        X509_free(cert);
        cert = NULL;
    }
    return cert;
}

mln_err mln_cert_read(struct mln_slice bytes, struct mln_fault *fault, struct x509_st **ret)
{
    X509 *cert;

    MLN_REQUIRE(bytes.len <= MLN_CERT_BYTES, LIMIT);
    cert = is_pem(bytes) ? read_pem(bytes) : read_der(bytes);
    ERR_clear_error();
    if (!cert) {
        mln_fault_set(fault, "no certificate in PEM or DER");
        MLN_FAIL(SYNTAX);
    }
    *ret = cert;
    return MLN_OK;
}

void mln_cert_free(struct x509_st *cert)
{
    X509_free(cert);
}

void mln_cert_freep(struct x509_st **cert)
{
    X509_free(*cert);
}

/* Whether the reader stopped because there is nothing more. */
static bool is_end(void)
{
    unsigned long error = ERR_peek_last_error();

    ERR_clear_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

static mln_err read_bundle(BIO *bio, STACK_OF(X509) * list)
{
    for (;;) {
        X509 *cert = PEM_read_bio_X509(bio, NULL, mln_cert_no_passphrase, NULL);

        if (!cert) {
            MLN_REQUIRE(is_end(), SYNTAX);
            return MLN_OK;
        }
        if (sk_X509_num(list) >= MLN_CERT_BUNDLE || !sk_X509_push(list, cert)) {
            X509_free(cert);
            MLN_FAIL(LIMIT);
        }
    }
}

mln_err mln_cert_read_all(struct mln_slice pem, struct mln_fault *fault, STACK_OF(X509) * *ret)
{
    STACK_OF(X509) *list = sk_X509_new_null();
    BIO *bio = NULL;
    mln_err err = MLN_OK;

    MLN_REQUIRE(list, NO_MEMORY);
    if (pem.len > BUNDLE_BYTES) {
        err = MLN_ERROR(LIMIT);
    } else if (pem.len) {
        bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
        err = bio ? read_bundle(bio, list) : MLN_ERROR(NO_MEMORY);
        BIO_free(bio);
    }
    if (mln_failed(err)) {
        mln_fault_set(fault, "certificate %d of the file cannot be read", sk_X509_num(list) + 1);
        sk_X509_pop_free(list, X509_free);
        return err;
    }
    *ret = list;
    return MLN_OK;
}

mln_err mln_cert_hex(struct mln_slice bytes, struct mln_arena *arena, struct mln_slice *ret)
{
    static const char digits[] = "0123456789abcdef";
    char *out = mln_arena_alloc(arena, 2 * bytes.len + 1);

    MLN_REQUIRE(out, NO_MEMORY);
    for (size_t i = 0; i < bytes.len; i++) {
        out[2 * i] = digits[(unsigned char)bytes.ptr[i] >> 4];
        out[2 * i + 1] = digits[(unsigned char)bytes.ptr[i] & 15];
    }
    *ret = mln_slice_of(out, 2 * bytes.len);
    return MLN_OK;
}

mln_err mln_cert_fingerprint(const struct x509_st *cert, struct mln_arena *arena,
                             struct mln_slice *ret)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;

    MLN_REQUIRE(X509_digest(cert, EVP_sha256(), digest, &len), NO_MEMORY);
    return mln_cert_hex(mln_slice_of((const char *)digest, len), arena, ret);
}

mln_err mln_cert_serial(const struct x509_st *cert, struct mln_arena *arena, struct mln_slice *ret)
{
    return mln_cert_hex(mln_cert_string(X509_get0_serialNumber(cert)), arena, ret);
}
