/* Keys in PEM, in the clear or under a pass phrase. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "crypto/ca_int.h"
#include "crypto/x509_int.h"

/* PBKDF2 with HMAC-SHA-256, as much as OWASP asks for */
enum { ITERATIONS = 600000, SALT_BYTES = 16 };

mln_err mln_ca_key_make(EVP_PKEY **ret)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    MLN_REQUIRE(key, NO_MEMORY);
    *ret = key;
    return MLN_OK;
}

static bool write_locked(BIO *bio, EVP_PKEY *key, const struct mln_secret *passphrase)
{
    PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
    X509_SIG *locked =
        plain ? PKCS8_encrypt(-1, EVP_aes_256_cbc(), (const char *)mln_secret_bytes(passphrase),
                              (int)mln_secret_len(passphrase), NULL, SALT_BYTES, ITERATIONS, plain)
              : NULL;
    bool is_done = locked && PEM_write_bio_PKCS8(bio, locked);

    X509_SIG_free(locked);
    PKCS8_PRIV_KEY_INFO_free(plain);
    return is_done;
}

mln_err mln_ca_key_write(EVP_PKEY *key, const struct mln_secret *passphrase,
                         struct mln_secret **ret)
{
    BIO *bio = BIO_new(BIO_s_mem()); /* wipes its memory when it is freed */
    struct mln_secret *pem = NULL;
    char *bytes;
    long len;

    if (bio &&
        (passphrase ? write_locked(bio, key, passphrase)
                    : PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1)) {
        len = BIO_get_mem_data(bio, &bytes);
        pem = len > 0 ? mln_secret_of(bytes, (size_t)len) : NULL;
    }
    BIO_free(bio);
    ERR_clear_error();
    MLN_REQUIRE(pem, NO_MEMORY);
    *ret = pem;
    return MLN_OK;
}

struct asked {
    const struct mln_secret *passphrase;
    bool is_asked;
};

static int give_passphrase(char *out, int size, int is_writing, void *data)
{
    struct asked *asked = data;
    size_t len = asked->passphrase ? mln_secret_len(asked->passphrase) : 0;

    (void)is_writing;
    asked->is_asked = true;
    if (len == 0 || size < 0 || len > (size_t)size) {
        return -1;
    }
    memcpy(out, mln_secret_bytes(asked->passphrase), len);
    return (int)len;
}

static bool is_of_profile(EVP_PKEY *key)
{
    X509_PUBKEY *info = NULL;
    bool is_fine = X509_PUBKEY_set(&info, key) && mln_cert_check_key(info) == MLN_CERT_OK;

    X509_PUBKEY_free(info);
    return is_fine;
}

mln_err mln_ca_key_read(const struct mln_secret *pem, const struct mln_secret *passphrase,
                        struct mln_fault *fault, EVP_PKEY **ret)
{
    struct asked asked = { .passphrase = passphrase };
    BIO *bio = BIO_new_mem_buf(mln_secret_bytes(pem), (int)mln_secret_len(pem));
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &asked) : NULL;

    BIO_free(bio);
    ERR_clear_error();
    if (!key) {
        mln_fault_set(fault, "the key %s",
                      !asked.is_asked ? "cannot be read"
                      : passphrase    ? "does not open with this pass phrase"
                                      : "needs a pass phrase");
        MLN_FAIL(CONFIG);
    }
    if (!is_of_profile(key)) {
        EVP_PKEY_free(key);
        mln_fault_set(fault, "the key is not of elliptic curve P-256");
        MLN_FAIL(CONFIG);
    }
    *ret = key;
    return MLN_OK;
}
