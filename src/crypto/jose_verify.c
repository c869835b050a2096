/* Signatures checked by OpenSSL from keys kept parsed: a fresh token costs hardly more than the
 * curve does. spec: RFC 7518 3 */
#include <openssl/hmac.h>

#include "crypto/jose_int.h"

enum { COORDINATE_MOST = 66, DER_MOST = 2 * (COORDINATE_MOST + 3) + 4 };

static mln_err verify_hmac(const struct mln_jose_key *key, const struct mln_jose_sig_row *row,
                           struct mln_slice input, struct mln_slice signature)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    const EVP_MD *digest = EVP_get_digestbyname(row->digest);
    unsigned len = 0;
    bool fits;

    MLN_REQUIRE(digest && HMAC(digest, mln_secret_bytes(key->oct), (int)mln_secret_len(key->oct),
                               (const unsigned char *)input.ptr, input.len, mac, &len),
                NO_MEMORY);
    /* a tag that is cut off is no tag */
    fits = signature.len == row->digest_bytes && len == row->digest_bytes &&
           mln_ct_equal(mac, signature.ptr, len);
    mln_wipe(mac, sizeof mac);
    return fits ? MLN_OK : MLN_ERROR(TOKEN_REFUSED);
}

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

/* R and S side by side, as JOSE has them, to the SEQUENCE that OpenSSL wants. */
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

static mln_err verify_pkey(const struct mln_jose_key *key, const struct mln_jose_sig_row *row,
                           struct mln_slice input, struct mln_slice signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int outcome;

    if (!ctx || EVP_DigestVerifyInit_ex(ctx, NULL, row->digest, NULL, NULL, key->pkey, NULL) != 1) {
        EVP_MD_CTX_free(ctx);
        MLN_FAIL(NO_MEMORY);
    }
    outcome = EVP_DigestVerify(ctx, (const unsigned char *)signature.ptr, signature.len,
                               (const unsigned char *)input.ptr, input.len);
    EVP_MD_CTX_free(ctx);
    return outcome == 1 ? MLN_OK : MLN_ERROR(TOKEN_REFUSED);
}

mln_err mln_jose_verify(const struct mln_jose_key *key, enum mln_jose_sig sig,
                        struct mln_slice input, struct mln_slice signature)
{
    const struct mln_jose_sig_row *row = mln_jose_sig_row(sig);
    unsigned char der[DER_MOST];

    switch (row->kty) {
    case MLN_JOSE_OCT:
        return verify_hmac(key, row, input, signature);
    case MLN_JOSE_RSA:
        MLN_REQUIRE(signature.len == key->modulus_bytes, TOKEN_REFUSED);
        return verify_pkey(key, row, input, signature);
    case MLN_JOSE_EC:
        break;
    }
    MLN_REQUIRE(signature.len == 2 * mln_jose_crv_row(row->crv)->bytes, TOKEN_REFUSED);
    return verify_pkey(key, row, input, mln_slice_of((const char *)der, der_of(signature, der)));
}
