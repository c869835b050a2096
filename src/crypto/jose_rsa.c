/* RSA-OAEP-256 by OpenSSL: libjose 11 of Debian 12 leaves it out when it is built with OpenSSL 3.
 * spec: RFC 7518 4.3, RFC 7516 11.5 */
#include <openssl/rsa.h>

#include "base/env.h"
#include "crypto/jose_int.h"

static void drop(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
}

static bool set_oaep(EVP_PKEY_CTX *ctx)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1;
}

mln_err mln_jose_rsa_wrap(const struct mln_jose_key *key, const struct mln_secret *cek,
                          struct mln_arena *arena, struct mln_slice *ret)
{
    EVP_PKEY_CTX *ctx MLN_CLEANUP(drop) = EVP_PKEY_CTX_new(key->pkey, NULL);
    unsigned char *out = mln_arena_alloc(arena, key->modulus_bytes);
    size_t len = key->modulus_bytes;

    MLN_REQUIRE(ctx && out, NO_MEMORY);
    MLN_REQUIRE(EVP_PKEY_encrypt_init(ctx) == 1 && set_oaep(ctx) &&
                    EVP_PKEY_encrypt(ctx, out, &len, mln_secret_bytes(cek), mln_secret_len(cek)) ==
                        1,
                INTERNAL);
    *ret = mln_slice_of((const char *)out, len);
    return MLN_OK;
}

/* Whether the padding was right must not be told by anything: a random key takes the place of one
 * that is not, and the tag of the content decides. */
mln_err mln_jose_rsa_unwrap(const struct mln_jose_key *key, struct mln_slice wrapped, size_t bytes,
                            struct mln_secret **ret)
{
    EVP_PKEY_CTX *ctx MLN_CLEANUP(drop) = EVP_PKEY_CTX_new(key->pkey, NULL);
    struct mln_secret *room MLN_CLEANUP(mln_secret_freep) = mln_secret_new(key->modulus_bytes);
    struct mln_secret *cek MLN_CLEANUP(mln_secret_freep) = mln_secret_new(bytes);
    size_t len = key->modulus_bytes;

    MLN_REQUIRE(ctx && room && cek, NO_MEMORY);
    MLN_TRY(mln_env_random(mln_env_system(), mln_secret_room(cek), bytes));
    MLN_REQUIRE(EVP_PKEY_decrypt_init(ctx) == 1 && set_oaep(ctx), NO_MEMORY);
    if (EVP_PKEY_decrypt(ctx, mln_secret_room(room), &len, (const unsigned char *)wrapped.ptr,
                         wrapped.len) == 1 &&
        len == bytes) {
        memcpy(mln_secret_room(cek), mln_secret_bytes(room), bytes);
    }
    *ret = cek;
    cek = NULL;
    return MLN_OK;
}
