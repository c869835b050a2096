/* Content of JWE by OpenSSL: AES-GCM, in pieces where it is long. spec: RFC 7516 5, RFC 7518 5.3 */
#include <limits.h>

#include "base/env.h"
#include "base/mem.h"
#include "crypto/jose.h"
#include "crypto/jose_int.h"

struct mln_jose_sealing {
    EVP_CIPHER_CTX *ctx;
    unsigned char iv[MLN_JOSE_IV_BYTES];
};

static void drop(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX_free(*ctx);
}

static const EVP_CIPHER *cipher_of(enum mln_jose_enc enc)
{
    if (enc == MLN_JOSE_A128GCM) {
        return EVP_aes_128_gcm();
    }
    return enc == MLN_JOSE_A192GCM ? EVP_aes_192_gcm() : EVP_aes_256_gcm();
}

/* OpenSSL counts in int. With out NULL the bytes are only authenticated. */
static bool update(EVP_CIPHER_CTX *ctx, struct mln_slice in, unsigned char *out, bool is_sealing)
{
    while (in.len) {
        int piece = in.len > INT_MAX / 2 ? INT_MAX / 2 : (int)in.len;
        const unsigned char *bytes = (const unsigned char *)in.ptr;
        int len = 0;

        if ((is_sealing ? EVP_EncryptUpdate(ctx, out, &len, bytes, piece)
                        : EVP_DecryptUpdate(ctx, out, &len, bytes, piece)) != 1) {
            return false;
        }
        out = out ? out + piece : NULL;
        in = mln_slice_from(in, (size_t)piece);
    }
    return true;
}

void mln_jose_sealing_freep(struct mln_jose_sealing **sealing)
{
    if (*sealing) {
        EVP_CIPHER_CTX_free((*sealing)->ctx);
        mln_free(*sealing);
    }
}

mln_err mln_jose_sealing_new(enum mln_jose_enc enc, const struct mln_secret *cek,
                             struct mln_jose_sealing **ret)
{
    struct mln_jose_sealing *s MLN_CLEANUP(mln_jose_sealing_freep) = mln_calloc(1, sizeof *s);

    MLN_REQUIRE(s, NO_MEMORY);
    MLN_REQUIRE(mln_secret_len(cek) == mln_jose_enc_row(enc)->key_bytes, INTERNAL);
    MLN_TRY(mln_env_random(mln_env_system(), s->iv, sizeof s->iv));
    s->ctx = EVP_CIPHER_CTX_new();
    MLN_REQUIRE(s->ctx && EVP_EncryptInit_ex(s->ctx, cipher_of(enc), NULL, mln_secret_bytes(cek),
                                             s->iv) == 1,
                NO_MEMORY);
    *ret = s;
    s = NULL;
    return MLN_OK;
}

struct mln_slice mln_jose_sealing_iv(const struct mln_jose_sealing *s)
{
    return mln_slice_of((const char *)s->iv, sizeof s->iv);
}

mln_err mln_jose_sealing_associate(struct mln_jose_sealing *s, struct mln_slice piece)
{
    MLN_REQUIRE(update(s->ctx, piece, NULL, true), INTERNAL);
    return MLN_OK;
}

mln_err mln_jose_sealing_add(struct mln_jose_sealing *s, struct mln_slice piece, unsigned char *out)
{
    MLN_REQUIRE(update(s->ctx, piece, out, true), INTERNAL);
    return MLN_OK;
}

mln_err mln_jose_sealing_end(struct mln_jose_sealing *s,
                             unsigned char ret_tag[static MLN_JOSE_TAG_BYTES])
{
    unsigned char none[MLN_JOSE_TAG_BYTES];
    int len = 0;

    MLN_REQUIRE(
        EVP_EncryptFinal_ex(s->ctx, none, &len) == 1 &&
            EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_GET_TAG, MLN_JOSE_TAG_BYTES, ret_tag) == 1,
        INTERNAL);
    return MLN_OK;
}

static bool decrypt(EVP_CIPHER_CTX *ctx, const struct mln_jose_content *c, unsigned char *out)
{
    unsigned char tag[MLN_JOSE_TAG_BYTES];
    unsigned char none[MLN_JOSE_TAG_BYTES];
    int len = 0;

    memcpy(tag, c->tag.ptr, sizeof tag);
    for (size_t i = 0; i < sizeof c->associated / sizeof c->associated[0]; i++) {
        if (!update(ctx, c->associated[i], NULL, false)) {
            return false;
        }
    }
    return update(ctx, c->text, out, false) &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) == 1 &&
           EVP_DecryptFinal_ex(ctx, none, &len) == 1;
}

mln_err mln_jose_content_open(const struct mln_jose_content *c, const struct mln_secret *cek,
                              unsigned char *out)
{
    EVP_CIPHER_CTX *ctx MLN_CLEANUP(drop) = EVP_CIPHER_CTX_new();

    MLN_REQUIRE(ctx, NO_MEMORY);
    MLN_REQUIRE(c->iv.len == MLN_JOSE_IV_BYTES && c->tag.len == MLN_JOSE_TAG_BYTES &&
                    mln_secret_len(cek) == mln_jose_enc_row(c->enc)->key_bytes,
                TOKEN_REFUSED);
    MLN_REQUIRE(EVP_DecryptInit_ex(ctx, cipher_of(c->enc), NULL, mln_secret_bytes(cek),
                                   (const unsigned char *)c->iv.ptr) == 1,
                NO_MEMORY);
    if (!decrypt(ctx, c, out)) {
        mln_wipe(out, c->text.len);
        MLN_FAIL(TOKEN_REFUSED);
    }
    return MLN_OK;
}
