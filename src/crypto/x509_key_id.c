/* Public key identifiers: RFC 6920 names of a SubjectPublicKeyInfo. spec: TS-0003 10.1.2 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/num.h"
#include "base/secret.h"
#include "crypto/x509_int.h"

enum { DIGEST_BYTES = 32, ID_BYTES = 256, TEXT_BYTES = 64 };

static const struct suite {
    struct mln_slice name;
    char number; /* of the binary form, which nih may use too */
    size_t len;
} suites[MLN_CERT_KEY_IDS] = {
    { { "sha-256", 7 }, '1', 32 },
    { { "sha-256-128", 11 }, '2', 16 },
    { { "sha-256-120", 11 }, '3', 15 },
};

static const char *const alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* ---- base64url, RFC 4648 5, without padding ---- */

static size_t put_base64url(const unsigned char *bytes, size_t len, char out[static TEXT_BYTES])
{
    size_t n = 0;

    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        unsigned v = (unsigned)bytes[i] << 16 | (have > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
                     (have > 2 ? bytes[i + 2] : 0);

        for (size_t k = 0; k <= have; k++) {
            out[n++] = alphabet[v >> (18 - 6 * k) & 63];
        }
    }
    return n;
}

static bool get_base64url(struct mln_slice text, size_t len, unsigned char out[static DIGEST_BYTES])
{
    char again[TEXT_BYTES];
    unsigned v = 0;
    unsigned bits = 0;
    size_t n = 0;

    if (text.len != (len * 8 + 5) / 6) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        const char *hit = text.ptr[i] ? strchr(alphabet, text.ptr[i]) : NULL;

        if (!hit) {
            return false;
        }
        v = (v << 6 | (unsigned)(hit - alphabet)) & 0xFFFFFF;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[n++] = (unsigned char)(v >> bits & 255);
        }
    }
    /* one spelling only: no other bits at the end */
    return n == len && put_base64url(out, len, again) == text.len &&
           mln_slice_eq(mln_slice_of(again, text.len), text);
}

/* ---- hexadecimal with a check digit, RFC 6920 section 7 ---- */

/* Luhn's sum modulo 16, counted from the right; the rightmost digit is doubled. */
static int check_digit(const unsigned char *nibbles, size_t count)
{
    int sum = 0;

    for (size_t i = 0; i < count; i++) {
        int v = nibbles[count - 1 - i] * (i % 2 ? 1 : 2);

        sum += v / 16 + v % 16;
    }
    return (16 - sum % 16) % 16;
}

static bool get_hex(struct mln_slice text, size_t len, unsigned char out[static DIGEST_BYTES])
{
    unsigned char nibbles[2 * DIGEST_BYTES] = { 0 };
    struct mln_slice rest = text;
    struct mln_slice digits = mln_slice_cut(&rest, ';');
    size_t n = 0;

    for (size_t i = 0; i < digits.len; i++) {
        int v = mln_num_hex(digits.ptr[i]);

        if (digits.ptr[i] == '-') {
            continue; /* groups for the eye */
        }
        if (v < 0 || n == 2 * len) {
            return false;
        }
        nibbles[n++] = (unsigned char)v;
    }
    if (n != 2 * len ||
        (rest.ptr && (rest.len != 1 || mln_num_hex(rest.ptr[0]) != check_digit(nibbles, n)))) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        out[i] = (unsigned char)(nibbles[2 * i] << 4 | nibbles[2 * i + 1]);
    }
    return true;
}

/* ---- identifiers ---- */

static const struct suite *suite_of(struct mln_slice name, bool takes_number)
{
    for (size_t i = 0; i < MLN_CERT_KEY_IDS; i++) {
        if (mln_slice_eq(name, suites[i].name) ||
            (takes_number && name.len == 1 && name.ptr[0] == suites[i].number)) {
            return &suites[i];
        }
    }
    return NULL;
}

static bool parse(struct mln_slice id, const struct suite **ret,
                  unsigned char out[static DIGEST_BYTES])
{
    bool is_hex = mln_slice_starts(id, MLN_S("nih:"));
    struct mln_slice rest = mln_slice_from(id, is_hex                                  ? 4
                                               : mln_slice_starts(id, MLN_S("ni:///")) ? 6
                                                                                       : 0);

    if (id.len > ID_BYTES) {
        return false;
    }
    *ret = suite_of(mln_slice_cut(&rest, ';'), is_hex);
    return *ret && rest.ptr &&
           (is_hex ? get_hex(rest, (*ret)->len, out) : get_base64url(rest, (*ret)->len, out));
}

static bool digest_of(const EVP_PKEY *key, unsigned char out[static EVP_MAX_MD_SIZE])
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    bool is_done = len > 0 && EVP_Digest(der, (size_t)len, out, NULL, EVP_sha256(), NULL) == 1;

    OPENSSL_free(der);
    ERR_clear_error();
    return is_done;
}

bool mln_cert_key_matches(const struct evp_pkey_st *key, struct mln_slice id)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char wanted[DIGEST_BYTES];
    const struct suite *suite;

    return parse(id, &suite, wanted) && digest_of(key, digest) &&
           mln_ct_equal(digest, wanted, suite->len);
}

static mln_err put(const struct suite *suite, const unsigned char *digest, struct mln_arena *arena,
                   struct mln_slice *ret)
{
    char *out = mln_arena_alloc(arena, (size_t)2 * TEXT_BYTES);
    size_t at = suite->name.len;

    MLN_REQUIRE(out, NO_MEMORY);
    memcpy(out, suite->name.ptr, at);
    out[at++] = ';';
    at += put_base64url(digest, suite->len, out + at);
    *ret = mln_slice_of(out, at);
    return MLN_OK;
}

mln_err mln_cert_key_id_normal(struct mln_slice id, struct mln_arena *arena, struct mln_slice *ret)
{
    unsigned char digest[DIGEST_BYTES];
    const struct suite *suite;

    MLN_REQUIRE(parse(id, &suite, digest), SYNTAX);
    return put(suite, digest, arena, ret);
}

mln_err mln_cert_key_ids(const EVP_PKEY *key, struct mln_arena *arena,
                         struct mln_slice ret[static MLN_CERT_KEY_IDS])
{
    unsigned char digest[EVP_MAX_MD_SIZE];

    MLN_REQUIRE(digest_of(key, digest), NO_MEMORY);
    for (size_t i = 0; i < MLN_CERT_KEY_IDS; i++) {
        MLN_TRY(put(&suites[i], digest, arena, &ret[i]));
    }
    return MLN_OK;
}
