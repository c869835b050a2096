/* Key wrap and key agreement by OpenSSL. */
#include "crypto/key_wrap.h"

#include <openssl/evp.h>

enum { CHECK = 8, ROUND = 16, LEAST = 16, MOST = 4096 };

static void drop(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX_free(*ctx);
}

static void drop_pkey_ctx(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
}

static void drop_md_ctx(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
}

/* ---- RFC 3394 ---- */

static const EVP_CIPHER *wrap_cipher(size_t kek_bytes)
{
    if (kek_bytes == 16) {
        return EVP_aes_128_wrap();
    }
    return kek_bytes == 24 ? EVP_aes_192_wrap() : EVP_aes_256_wrap();
}

mln_err mln_key_wrap(const unsigned char *kek, size_t kek_bytes, const struct mln_secret *key,
                     struct mln_arena *arena, struct mln_slice *ret)
{
    EVP_CIPHER_CTX *ctx MLN_CLEANUP(drop) = EVP_CIPHER_CTX_new();
    size_t bytes = mln_secret_len(key);
    unsigned char *out = mln_arena_alloc(arena, bytes + ROUND);
    int len = 0;

    MLN_REQUIRE(ctx && out, NO_MEMORY);
    MLN_REQUIRE(bytes >= LEAST && bytes <= MOST && bytes % CHECK == 0, INTERNAL);
    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    MLN_REQUIRE(EVP_EncryptInit_ex(ctx, wrap_cipher(kek_bytes), NULL, kek, NULL) == 1, NO_MEMORY);
    MLN_REQUIRE(EVP_EncryptUpdate(ctx, out, &len, mln_secret_bytes(key), (int)bytes) == 1,
                INTERNAL);
    *ret = mln_slice_of((const char *)out, (size_t)len);
    return MLN_OK;
}

mln_err mln_key_unwrap(const unsigned char *kek, size_t kek_bytes, struct mln_slice wrapped,
                       struct mln_secret **ret)
{
    EVP_CIPHER_CTX *ctx MLN_CLEANUP(drop) = EVP_CIPHER_CTX_new();
    struct mln_secret *room MLN_CLEANUP(mln_secret_freep) = NULL;
    int len = 0;

    MLN_REQUIRE(wrapped.len >= LEAST + CHECK && wrapped.len <= MOST && wrapped.len % CHECK == 0,
                TOKEN_REFUSED);
    room = mln_secret_new(wrapped.len + ROUND);
    MLN_REQUIRE(ctx && room, NO_MEMORY);
    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    MLN_REQUIRE(EVP_DecryptInit_ex(ctx, wrap_cipher(kek_bytes), NULL, kek, NULL) == 1, NO_MEMORY);
    MLN_REQUIRE(EVP_DecryptUpdate(ctx, mln_secret_room(room), &len,
                                  (const unsigned char *)wrapped.ptr, (int)wrapped.len) == 1 &&
                    len > 0,
                TOKEN_REFUSED);
    *ret = mln_secret_of(mln_secret_bytes(room), (size_t)len);
    return *ret ? MLN_OK : MLN_ERROR(NO_MEMORY);
}

/* ---- agreement ---- */

mln_err mln_key_agree(EVP_PKEY *own, EVP_PKEY *theirs, struct mln_secret **ret)
{
    EVP_PKEY_CTX *ctx MLN_CLEANUP(drop_pkey_ctx) = EVP_PKEY_CTX_new(own, NULL);
    struct mln_secret *z;
    size_t len = 0;

    MLN_REQUIRE(ctx, NO_MEMORY);
    MLN_REQUIRE(EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, theirs) == 1 &&
                    EVP_PKEY_derive(ctx, NULL, &len) == 1,
                TOKEN_REFUSED);
    z = mln_secret_new(len);
    MLN_REQUIRE(z, NO_MEMORY);
    if (EVP_PKEY_derive(ctx, mln_secret_room(z), &len) != 1 || len != mln_secret_len(z)) {
        mln_secret_free(z);
        MLN_FAIL(TOKEN_REFUSED);
    }
    *ret = z;
    return MLN_OK;
}

mln_err mln_key_ephemeral(EVP_PKEY *like, EVP_PKEY **ret)
{
    EVP_PKEY_CTX *ctx MLN_CLEANUP(drop_pkey_ctx) = EVP_PKEY_CTX_new(like, NULL);
    EVP_PKEY *key = NULL;

    MLN_REQUIRE(ctx && EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_generate(ctx, &key) == 1,
                NO_MEMORY);
    *ret = key;
    return MLN_OK;
}

mln_err mln_key_concat_kdf(const struct mln_secret *z, struct mln_slice other_info,
                           unsigned char ret[static MLN_SHA256_SIZE])
{
    static const unsigned char round[4] = { 0, 0, 0, 1 };
    EVP_MD_CTX *ctx MLN_CLEANUP(drop_md_ctx) = EVP_MD_CTX_new();

    MLN_REQUIRE(ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
                    EVP_DigestUpdate(ctx, round, sizeof round) == 1 &&
                    EVP_DigestUpdate(ctx, mln_secret_bytes(z), mln_secret_len(z)) == 1 &&
                    EVP_DigestUpdate(ctx, other_info.ptr, other_info.len) == 1 &&
                    EVP_DigestFinal_ex(ctx, ret, NULL) == 1,
                NO_MEMORY);
    return MLN_OK;
}
