/* Signatures of JWS by OpenSSL from keys kept parsed: a fresh token costs hardly more than the
 * curve does. spec: RFC 7518 3 */
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>

#include "base/mem.h"
#include "crypto/jose.h"
#include "crypto/jose_int.h"

enum { COORDINATE_MOST = 66, DER_MOST = 2 * (COORDINATE_MOST + 3) + 4 };

struct mln_jose_signing {
    const struct mln_jose_key *key;
    const struct mln_jose_sig_row *row;
    bool is_verifying;
    EVP_MD_CTX *digest; /* EC, RSA */
    EVP_MAC_CTX *mac;   /* OCT */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MAC *hmac;

static void look_up(void)
{
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
}

void mln_jose_signing_freep(struct mln_jose_signing **signing)
{
    if (*signing) {
        EVP_MD_CTX_free((*signing)->digest);
        EVP_MAC_CTX_free((*signing)->mac);
        mln_free(*signing);
    }
}

static mln_err begin_mac(struct mln_jose_signing *s)
{
    const struct mln_secret *secret = s->key->oct;
    OSSL_PARAM params[2] = { OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end() };
    char digest[16];

    (void)pthread_once(&once, look_up);
    (void)snprintf(digest, sizeof digest, "%s", s->row->digest);
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0);
    s->mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    MLN_REQUIRE(s->mac && EVP_MAC_init(s->mac, mln_secret_bytes(secret), mln_secret_len(secret),
                                       params) == 1,
                NO_MEMORY);
    return MLN_OK;
}

static mln_err begin_digest(struct mln_jose_signing *s)
{
    const char *name = s->row->digest;
    EVP_PKEY *pkey = s->key->pkey;

    s->digest = EVP_MD_CTX_new();
    MLN_REQUIRE(s->digest, NO_MEMORY);
    MLN_REQUIRE((s->is_verifying
                     ? EVP_DigestVerifyInit_ex(s->digest, NULL, name, NULL, NULL, pkey, NULL)
                     : EVP_DigestSignInit_ex(s->digest, NULL, name, NULL, NULL, pkey, NULL)) == 1,
                NO_MEMORY);
    return MLN_OK;
}

mln_err mln_jose_signing_new(const struct mln_jose_key *key, enum mln_jose_sig sig,
                             bool is_verifying, struct mln_jose_signing **ret)
{
    struct mln_jose_signing *s MLN_CLEANUP(mln_jose_signing_freep) = mln_calloc(1, sizeof *s);

    MLN_REQUIRE(s, NO_MEMORY);
    s->key = key;
    s->row = mln_jose_sig_row(sig);
    s->is_verifying = is_verifying;
    MLN_REQUIRE(s->row->kty == key->kty, INTERNAL);
    MLN_TRY(key->kty == MLN_JOSE_OCT ? begin_mac(s) : begin_digest(s));
    *ret = s;
    s = NULL;
    return MLN_OK;
}

mln_err mln_jose_signing_add(struct mln_jose_signing *s, struct mln_slice piece)
{
    const unsigned char *bytes = (const unsigned char *)piece.ptr;
    int done;

    if (s->mac) {
        done = EVP_MAC_update(s->mac, bytes, piece.len);
    } else {
        done = s->is_verifying ? EVP_DigestVerifyUpdate(s->digest, bytes, piece.len)
                               : EVP_DigestSignUpdate(s->digest, bytes, piece.len);
    }
    MLN_REQUIRE(done == 1, INTERNAL);
    return MLN_OK;
}

/* ---- R and S: side by side in JOSE, a SEQUENCE of INTEGERs in OpenSSL ---- */

/* One INTEGER of DER from a big-endian number; returns the bytes written. */
static size_t put_integer(unsigned char *out, const unsigned char *number, size_t len)
{
    size_t zero;

    while (len > 1 && number[0] == 0) {
        number++;
        len--;
    }
    zero = number[0] >> 7;
    out[0] = 0x02;
    out[1] = (unsigned char)(len + zero);
    out[2] = 0;
    memcpy(out + 2 + zero, number, len);
    return 2 + zero + len;
}

static size_t der_of(struct mln_slice signature, unsigned char out[static DER_MOST])
{
    const unsigned char *numbers = (const unsigned char *)signature.ptr;
    size_t half = signature.len / 2;
    unsigned char body[2 * (COORDINATE_MOST + 3)];
    size_t len = put_integer(body, numbers, half);
    size_t head = 2;

    len += put_integer(body + len, numbers + half, half);
    out[0] = 0x30;
    if (len > 127) {
        out[1] = 0x81;
        head = 3;
    }
    out[head - 1] = (unsigned char)len;
    memcpy(out + head, body, len);
    return head + len;
}

static bool numbers_of(const unsigned char *der, size_t len, size_t half, unsigned char *out)
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
    bool is_good = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)half) == (int)half &&
                   BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + half, (int)half) == (int)half;

    ECDSA_SIG_free(sig);
    return is_good;
}

/* ---- making ---- */

static size_t signature_bytes(const struct mln_jose_signing *s)
{
    switch (s->row->kty) {
    case MLN_JOSE_OCT:
        return s->row->digest_bytes;
    case MLN_JOSE_RSA:
        return s->key->modulus_bytes;
    case MLN_JOSE_EC:
        break;
    }
    return 2 * mln_jose_crv_row(s->row->crv)->bytes;
}

static bool sign_on_curve(struct mln_jose_signing *s, unsigned char *out, size_t len)
{
    unsigned char der[DER_MOST];
    size_t der_len = sizeof der;

    return EVP_DigestSignFinal(s->digest, der, &der_len) == 1 &&
           numbers_of(der, der_len, len / 2, out);
}

mln_err mln_jose_signing_end(struct mln_jose_signing *s, struct mln_arena *arena,
                             struct mln_slice *ret)
{
    size_t len = signature_bytes(s);
    unsigned char *out = mln_arena_alloc(arena, len);
    size_t made = len;
    bool is_made = false;

    MLN_REQUIRE(out, NO_MEMORY);
    switch (s->row->kty) {
    case MLN_JOSE_OCT:
        is_made = EVP_MAC_final(s->mac, out, &made, len) == 1;
        break;
    case MLN_JOSE_RSA:
        is_made = EVP_DigestSignFinal(s->digest, out, &made) == 1;
        break;
    case MLN_JOSE_EC:
        is_made = sign_on_curve(s, out, len);
        break;
    }
    MLN_REQUIRE(is_made && made == len, INTERNAL);
    *ret = mln_slice_of((const char *)out, len);
    return MLN_OK;
}

/* ---- verifying ---- */

static mln_err verify_mac(struct mln_jose_signing *s, struct mln_slice signature)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    size_t len = 0;
    bool fits;

    MLN_REQUIRE(EVP_MAC_final(s->mac, mac, &len, sizeof mac) == 1, NO_MEMORY);
    fits = len == signature.len && mln_ct_equal(mac, signature.ptr, len);
    mln_wipe(mac, sizeof mac);
    return fits ? MLN_OK : MLN_ERROR(TOKEN_REFUSED);
}

mln_err mln_jose_signing_verify(struct mln_jose_signing *s, struct mln_slice signature)
{
    int outcome;

    /* a tag that is cut off is no tag */
    MLN_REQUIRE(signature.len == signature_bytes(s), TOKEN_REFUSED);
    if (s->mac) {
        return verify_mac(s, signature);
    }
    if (s->row->kty == MLN_JOSE_EC) {
        unsigned char der[DER_MOST];

        outcome = EVP_DigestVerifyFinal(s->digest, der, der_of(signature, der));
    } else {
        outcome =
            EVP_DigestVerifyFinal(s->digest, (const unsigned char *)signature.ptr, signature.len);
    }
    ERR_clear_error();
    return outcome == 1 ? MLN_OK : MLN_ERROR(TOKEN_REFUSED);
}

mln_err mln_jose_verify(const struct mln_jose_key *key, enum mln_jose_sig sig,
                        struct mln_slice input, struct mln_slice signature)
{
    struct mln_jose_signing *s MLN_CLEANUP(mln_jose_signing_freep) = NULL;

    MLN_TRY(mln_jose_signing_new(key, sig, true, &s));
    MLN_TRY(mln_jose_signing_add(s, input));
    return mln_jose_signing_verify(s, signature);
}
