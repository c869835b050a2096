/* Content keys of JWE, wrapped and unwrapped by OpenSSL. The key stays where it is kept; nothing
 * that peers send reaches another parser than ours.
 * spec: RFC 7516 5, RFC 7518 4; TS-0003 8.5.3.2 */
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "base/env.h"
#include "base/mem.h"
#include "crypto/jose.h"
#include "crypto/jose_int.h"
#include "crypto/key_wrap.h"

enum { INFO_MOST = 2 * MLN_JOSE_PARTY_BYTES + 128 };

static void drop_pkey_ctx(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
}

static void drop_pkey(EVP_PKEY **pkey)
{
    EVP_PKEY_free(*pkey);
}

/* ---- key agreement: RFC 7518 4.6 ---- */

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

/* The key that wraps, from one private and one public key. */
static mln_err agree(const struct mln_jose_wrapping *how, EVP_PKEY *own, EVP_PKEY *theirs,
                     unsigned char kek[static MLN_SHA256_SIZE])
{
    const struct mln_jose_wrap_row *row = mln_jose_wrap_row(how->wrap);
    struct mln_secret *z MLN_CLEANUP(mln_secret_freep) = NULL;
    unsigned char info[INFO_MOST];
    size_t len;
    mln_err err;

    MLN_REQUIRE(how->party_u.len <= MLN_JOSE_PARTY_BYTES &&
                    how->party_v.len <= MLN_JOSE_PARTY_BYTES,
                TOKEN_REFUSED);
    err = mln_key_agree(own, theirs, &z);
    ERR_clear_error();
    MLN_TRY(err);
    len = put_sized(info, mln_slice_z(row->name));
    len += put_sized(info + len, how->party_u);
    len += put_sized(info + len, how->party_v);
    len += put_be32(info + len, row->kek_bytes * 8);
    return mln_key_concat_kdf(z, mln_slice_of((const char *)info, len), kek);
}

static mln_err wrap_agreed(const struct mln_jose_key *key, const struct mln_jose_wrapping *how,
                           const struct mln_secret *cek, struct mln_arena *arena,
                           struct mln_slice *ret, struct mln_value **ret_epk)
{
    EVP_PKEY *ephemeral MLN_CLEANUP(drop_pkey) = NULL;
    unsigned char kek[MLN_SHA256_SIZE];
    mln_err err;

    MLN_TRY(mln_key_ephemeral(key->pkey, &ephemeral));
    MLN_TRY(mln_jose_pkey_jwk(ephemeral, key->crv, arena, ret_epk));
    MLN_TRY(agree(how, ephemeral, key->pkey, kek));
    err = mln_key_wrap(kek, mln_jose_wrap_row(how->wrap)->kek_bytes, cek, arena, ret);
    mln_wipe(kek, sizeof kek);
    return err;
}

static mln_err unwrap_agreed(const struct mln_jose_key *key, const struct mln_jose_wrapping *how,
                             struct mln_slice wrapped, struct mln_secret **ret)
{
    unsigned char kek[MLN_SHA256_SIZE];
    mln_err err;

    MLN_REQUIRE(how->ephemeral && how->ephemeral->crv == key->crv, TOKEN_REFUSED);
    MLN_TRY(agree(how, key->pkey, how->ephemeral->pkey, kek));
    err = mln_key_unwrap(kek, mln_jose_wrap_row(how->wrap)->kek_bytes, wrapped, ret);
    mln_wipe(kek, sizeof kek);
    return err;
}

/* ---- RSA-OAEP-256 ---- */

static bool set_oaep(EVP_PKEY_CTX *ctx)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1;
}

static mln_err wrap_rsa(const struct mln_jose_key *key, const struct mln_secret *cek,
                        struct mln_arena *arena, struct mln_slice *ret)
{
    EVP_PKEY_CTX *ctx MLN_CLEANUP(drop_pkey_ctx) = EVP_PKEY_CTX_new(key->pkey, NULL);
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
static mln_err unwrap_rsa(const struct mln_jose_key *key, struct mln_slice wrapped, size_t bytes,
                          struct mln_secret **ret)
{
    struct mln_secret *room MLN_CLEANUP(mln_secret_freep) = mln_secret_new(bytes);
    EVP_PKEY_CTX *ctx MLN_CLEANUP(drop_pkey_ctx) = EVP_PKEY_CTX_new(key->pkey, NULL);
    struct mln_secret *padded MLN_CLEANUP(mln_secret_freep) = mln_secret_new(key->modulus_bytes);
    size_t len = key->modulus_bytes;

    MLN_REQUIRE(ctx && padded && room, NO_MEMORY);
    MLN_TRY(mln_env_random(mln_env_system(), mln_secret_room(room), mln_secret_len(room)));
    MLN_REQUIRE(EVP_PKEY_decrypt_init(ctx) == 1 && set_oaep(ctx), NO_MEMORY);
    if (EVP_PKEY_decrypt(ctx, mln_secret_room(padded), &len, (const unsigned char *)wrapped.ptr,
                         wrapped.len) == 1 &&
        len == mln_secret_len(room)) {
        memcpy(mln_secret_room(room), mln_secret_bytes(padded), len);
    }
    ERR_clear_error();
    *ret = room;
    room = NULL;
    return MLN_OK;
}

/* ---- all of them ---- */

mln_err mln_jose_make_cek(const struct mln_jose_key *key, const struct mln_jose_wrapping *how,
                          struct mln_secret **ret)
{
    size_t bytes = mln_jose_enc_row(how->enc)->key_bytes;
    struct mln_secret *cek MLN_CLEANUP(mln_secret_freep) = mln_secret_new(bytes);

    MLN_REQUIRE(cek, NO_MEMORY);
    if (how->wrap == MLN_JOSE_DIR) {
        MLN_REQUIRE(mln_secret_len(key->oct) == bytes, TOKEN_REFUSED);
        memcpy(mln_secret_room(cek), mln_secret_bytes(key->oct), bytes);
    } else {
        MLN_TRY(mln_env_random(mln_env_system(), mln_secret_room(cek), bytes));
    }
    *ret = cek;
    cek = NULL;
    return MLN_OK;
}

mln_err mln_jose_wrap_cek(const struct mln_jose_key *key, const struct mln_jose_wrapping *how,
                          const struct mln_secret *cek, struct mln_arena *arena,
                          struct mln_slice *ret_wrapped, struct mln_value **ret_epk)
{
    const struct mln_jose_wrap_row *row = mln_jose_wrap_row(how->wrap);

    *ret_wrapped = (struct mln_slice){ 0 };
    *ret_epk = NULL;
    if (how->wrap == MLN_JOSE_DIR) {
        return MLN_OK;
    }
    if (row->kty == MLN_JOSE_RSA) {
        return wrap_rsa(key, cek, arena, ret_wrapped);
    }
    if (row->kty == MLN_JOSE_OCT) {
        return mln_key_wrap(mln_secret_bytes(key->oct), row->kek_bytes, cek, arena, ret_wrapped);
    }
    return wrap_agreed(key, how, cek, arena, ret_wrapped, ret_epk);
}

static mln_err unwrap(const struct mln_jose_key *key, const struct mln_jose_wrapping *how,
                      struct mln_slice wrapped, struct mln_secret **ret)
{
    const struct mln_jose_wrap_row *row = mln_jose_wrap_row(how->wrap);

    if (row->kty == MLN_JOSE_RSA) {
        return unwrap_rsa(key, wrapped, mln_jose_enc_row(how->enc)->key_bytes, ret);
    }
    if (row->kty == MLN_JOSE_OCT) {
        return mln_key_unwrap(mln_secret_bytes(key->oct), row->kek_bytes, wrapped, ret);
    }
    return unwrap_agreed(key, how, wrapped, ret);
}

mln_err mln_jose_unwrap_cek(const struct mln_jose_key *key, const struct mln_jose_wrapping *how,
                            struct mln_slice wrapped, struct mln_secret **ret)
{
    struct mln_secret *cek MLN_CLEANUP(mln_secret_freep) = NULL;

    if (how->wrap == MLN_JOSE_DIR) {
        MLN_REQUIRE(!wrapped.len, TOKEN_REFUSED);
        return mln_jose_make_cek(key, how, ret);
    }
    MLN_TRY(unwrap(key, how, wrapped, &cek));
    MLN_REQUIRE(mln_secret_len(cek) == mln_jose_enc_row(how->enc)->key_bytes, TOKEN_REFUSED);
    *ret = cek;
    cek = NULL;
    return MLN_OK;
}
