/* Opening a JWE by OpenSSL. The key stays where it is kept; nothing that peers send reaches another
 * parser than ours. spec: RFC 7516 5.2, RFC 7518 4, 5 */
#include "crypto/base64.h"
#include "crypto/jose_int.h"

enum { TAG = 16, PARTY_MOST = 1024, SHARED_MOST = 66, INFO_MOST = 2 * PARTY_MOST + 128 };

static void drop(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX_free(*ctx);
}

static void drop_pkey_ctx(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
}

/* ---- key wrapping ---- */

static const EVP_CIPHER *wrap_cipher(size_t kek_bytes)
{
    if (kek_bytes == 16) {
        return EVP_aes_128_wrap();
    }
    return kek_bytes == 24 ? EVP_aes_192_wrap() : EVP_aes_256_wrap();
}

/* RFC 3394: the length tells the content key's, and what is not sound is refused. */
static mln_err unwrap_aes(const unsigned char *kek, size_t kek_bytes, struct mln_slice wrapped,
                          struct mln_secret **ret)
{
    EVP_CIPHER_CTX *ctx MLN_CLEANUP(drop) = EVP_CIPHER_CTX_new();
    struct mln_secret *room MLN_CLEANUP(mln_secret_freep) = mln_secret_new(wrapped.len + TAG);
    int len = 0;

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

/* ---- key agreement ---- */

static size_t put_be32(unsigned char *out, size_t n)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        *out++ = (unsigned char)(n >> shift);
    }
    return 4;
}

static size_t put_sized(unsigned char *out, struct mln_slice s)
{
    size_t at = put_be32(out, s.len);

    if (s.len) {
        memcpy(out + at, s.ptr, s.len);
    }
    return at + s.len;
}

/* One round of the Concat KDF with SHA-256, which is as much as any of our keys needs.
 * RFC 7518 4.6.2 */
static mln_err concat_kdf(const struct mln_jose_sealed *jwe, struct mln_slice shared,
                          unsigned char ret[static MLN_SHA256_SIZE])
{
    const struct mln_jose_wrap_row *row = mln_jose_wrap_row(jwe->wrap);
    struct mln_secret *room MLN_CLEANUP(mln_secret_freep) =
        mln_secret_new(4 + SHARED_MOST + INFO_MOST);
    unsigned char *out = room ? mln_secret_room(room) : NULL;
    size_t len;

    MLN_REQUIRE(out, NO_MEMORY);
    MLN_REQUIRE(jwe->party_u.len <= PARTY_MOST && jwe->party_v.len <= PARTY_MOST, TOKEN_REFUSED);
    len = put_be32(out, 1);
    memcpy(out + len, shared.ptr, shared.len);
    len += shared.len;
    len += put_sized(out + len, mln_slice_z(row->name));
    len += put_sized(out + len, jwe->party_u);
    len += put_sized(out + len, jwe->party_v);
    len += put_be32(out + len, row->kek_bytes * 8);
    return mln_sha256(mln_slice_of((const char *)out, len), ret);
}

static mln_err agree(const struct mln_jose_key *key, const struct mln_jose_sealed *jwe,
                     unsigned char kek[static MLN_SHA256_SIZE])
{
    EVP_PKEY_CTX *ctx MLN_CLEANUP(drop_pkey_ctx) = EVP_PKEY_CTX_new(key->pkey, NULL);
    unsigned char shared[SHARED_MOST];
    size_t len = sizeof shared;
    mln_err err;

    MLN_REQUIRE(ctx, NO_MEMORY);
    MLN_REQUIRE(jwe->ephemeral, TOKEN_REFUSED);
    MLN_REQUIRE(EVP_PKEY_derive_init(ctx) == 1 &&
                    EVP_PKEY_derive_set_peer(ctx, jwe->ephemeral->pkey) == 1 &&
                    EVP_PKEY_derive(ctx, shared, &len) == 1,
                TOKEN_REFUSED);
    err = concat_kdf(jwe, mln_slice_of((const char *)shared, len), kek);
    mln_wipe(shared, sizeof shared);
    return err;
}

/* ---- content ---- */

static mln_err find_cek(const struct mln_jose_key *key, const struct mln_jose_sealed *jwe,
                        struct mln_slice wrapped, struct mln_secret **ret)
{
    const struct mln_jose_wrap_row *row = mln_jose_wrap_row(jwe->wrap);
    unsigned char kek[MLN_SHA256_SIZE];
    mln_err err;

    if (jwe->wrap == MLN_JOSE_DIR) {
        *ret = mln_secret_of(mln_secret_bytes(key->oct), mln_secret_len(key->oct));
        return *ret ? MLN_OK : MLN_ERROR(NO_MEMORY);
    }
    if (row->kty == MLN_JOSE_RSA) {
        return mln_jose_rsa_unwrap(key, wrapped, mln_jose_enc_row(jwe->enc)->key_bytes, ret);
    }
    if (row->kty == MLN_JOSE_OCT) {
        return unwrap_aes(mln_secret_bytes(key->oct), row->kek_bytes, wrapped, ret);
    }
    MLN_TRY(agree(key, jwe, kek));
    err = unwrap_aes(kek, row->kek_bytes, wrapped, ret);
    mln_wipe(kek, sizeof kek);
    return err;
}

static const EVP_CIPHER *content_cipher(enum mln_jose_enc enc)
{
    if (enc == MLN_JOSE_A128GCM) {
        return EVP_aes_128_gcm();
    }
    return enc == MLN_JOSE_A192GCM ? EVP_aes_192_gcm() : EVP_aes_256_gcm();
}

/* The header as it was sent is what is authenticated besides. */
static bool decrypt(EVP_CIPHER_CTX *ctx, const struct mln_jose_sealed *jwe, struct mln_slice text,
                    struct mln_slice tag, unsigned char *out)
{
    unsigned char tag_copy[TAG];
    int len = 0;

    memcpy(tag_copy, tag.ptr, TAG);
    return EVP_DecryptUpdate(ctx, NULL, &len, (const unsigned char *)jwe->parts[0].ptr,
                             (int)jwe->parts[0].len) == 1 &&
           EVP_DecryptUpdate(ctx, out, &len, (const unsigned char *)text.ptr, (int)text.len) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag_copy) == 1 &&
           EVP_DecryptFinal_ex(ctx, out + len, &len) == 1;
}

mln_err mln_jose_open(const struct mln_jose_key *key, const struct mln_jose_sealed *jwe,
                      struct mln_arena *arena, struct mln_slice *ret)
{
    struct mln_secret *cek MLN_CLEANUP(mln_secret_freep) = NULL;
    EVP_CIPHER_CTX *ctx MLN_CLEANUP(drop) = EVP_CIPHER_CTX_new();
    struct mln_slice bytes[MLN_JOSE_JWE_PARTS];
    unsigned char *out;

    for (size_t i = 1; i < MLN_JOSE_JWE_PARTS; i++) {
        MLN_TRY(mln_base64url_read(jwe->parts[i], arena, &bytes[i]));
    }
    MLN_REQUIRE(bytes[2].len == 12 && bytes[4].len == TAG, TOKEN_REFUSED);
    out = mln_arena_alloc(arena, bytes[3].len + TAG);
    MLN_REQUIRE(ctx && out, NO_MEMORY);
    MLN_TRY(find_cek(key, jwe, bytes[1], &cek));
    MLN_REQUIRE(mln_secret_len(cek) == mln_jose_enc_row(jwe->enc)->key_bytes, TOKEN_REFUSED);
    MLN_REQUIRE(EVP_DecryptInit_ex(ctx, content_cipher(jwe->enc), NULL, mln_secret_bytes(cek),
                                   (const unsigned char *)bytes[2].ptr) == 1,
                NO_MEMORY);
    if (!decrypt(ctx, jwe, bytes[3], bytes[4], out)) {
        mln_wipe(out, bytes[3].len);
        MLN_FAIL(TOKEN_REFUSED);
    }
    *ret = mln_slice_of((const char *)out, bytes[3].len);
    return MLN_OK;
}
