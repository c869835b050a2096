/* AES-GCM by OpenSSL, whose ciphers are looked up once. */
#include "crypto/aead.h"

#include <limits.h>
#include <openssl/evp.h>
#include <pthread.h>

#include "base/secret.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *ciphers[MLN_JOSE_ENCS];

static void look_up(void)
{
    ciphers[MLN_JOSE_A128GCM] = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    ciphers[MLN_JOSE_A192GCM] = EVP_CIPHER_fetch(NULL, "AES-192-GCM", NULL);
    ciphers[MLN_JOSE_A256GCM] = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
}

static void drop(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX_free(*ctx);
}

/* Runs all but the end. The nonce is of the length that OpenSSL takes for granted. */
static mln_err run(EVP_CIPHER_CTX *ctx, const struct mln_aead *how, struct mln_slice text,
                   unsigned char *out, int is_sealing)
{
    int n = 0;

    (void)pthread_once(&once, look_up);
    MLN_REQUIRE(text.len <= INT_MAX && how->aad.len <= INT_MAX, LIMIT);
    MLN_REQUIRE(ctx && ciphers[how->enc], NO_MEMORY);
    MLN_REQUIRE(EVP_CipherInit_ex2(ctx, ciphers[how->enc], how->key, how->iv, is_sealing, NULL) ==
                    1,
                NO_MEMORY);
    MLN_REQUIRE(how->aad.len == 0 ||
                    EVP_CipherUpdate(ctx, NULL, &n, (const unsigned char *)how->aad.ptr,
                                     (int)how->aad.len) == 1,
                NO_MEMORY);
    MLN_REQUIRE(text.len == 0 || EVP_CipherUpdate(ctx, out, &n, (const unsigned char *)text.ptr,
                                                  (int)text.len) == 1,
                NO_MEMORY);
    return MLN_OK;
}

mln_err mln_aead_seal(const struct mln_aead *how, struct mln_slice text, unsigned char *out,
                      unsigned char tag[static MLN_AEAD_TAG])
{
    EVP_CIPHER_CTX *ctx MLN_CLEANUP(drop) = EVP_CIPHER_CTX_new();
    unsigned char none[MLN_AEAD_TAG];
    int n = 0;

    MLN_TRY(run(ctx, how, text, out, 1));
    MLN_REQUIRE(EVP_CipherFinal_ex(ctx, none, &n) == 1 &&
                    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, MLN_AEAD_TAG, tag) == 1,
                NO_MEMORY);
    return MLN_OK;
}

mln_err mln_aead_open(const struct mln_aead *how, struct mln_slice text,
                      const unsigned char tag[static MLN_AEAD_TAG], unsigned char *out,
                      bool *ret_fits)
{
    EVP_CIPHER_CTX *ctx MLN_CLEANUP(drop) = EVP_CIPHER_CTX_new();
    unsigned char expected[MLN_AEAD_TAG];
    unsigned char none[MLN_AEAD_TAG];
    mln_err err = run(ctx, how, text, out, 0);
    int n = 0;

    memcpy(expected, tag, sizeof expected);
    if (!mln_failed(err) &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, MLN_AEAD_TAG, expected) != 1) {
        err = MLN_ERROR(NO_MEMORY);
    }
    if (mln_failed(err)) {
        mln_wipe(out, text.len);
        return err;
    }
    *ret_fits = EVP_CipherFinal_ex(ctx, none, &n) == 1;
    if (!*ret_fits) {
        mln_wipe(out, text.len);
    }
    return MLN_OK;
}
