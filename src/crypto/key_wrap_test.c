/* RFC 3394, the Concat KDF of RFC 7518 C, and agreement on the curves. */
#include "crypto/key_wrap.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/test_arena.h"

static size_t of_hex(const char *hex, unsigned char *out, size_t room)
{
    size_t len = 0;

    assert_int_equal(OPENSSL_hexstr2buf_ex(out, room, &len, hex, '\0'), 1);
    return len;
}

/* RFC 3394 4.1, 4.2, 4.3, 4.6 */
static void test_wrap_vectors(void **state)
{
    static const struct {
        const char *kek;
        const char *key;
        const char *wrapped;
    } rows[] = {
        { "000102030405060708090A0B0C0D0E0F", "00112233445566778899AABBCCDDEEFF",
          "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5" },
        { "000102030405060708090A0B0C0D0E0F1011121314151617", "00112233445566778899AABBCCDDEEFF",
          "96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D" },
        { "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
          "00112233445566778899AABBCCDDEEFF", "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7" },
        { "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
          "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F",
          "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned char kek[32];
        unsigned char key[32];
        unsigned char wrapped[40];
        size_t kek_len = of_hex(rows[i].kek, kek, sizeof kek);
        size_t key_len = of_hex(rows[i].key, key, sizeof key);
        size_t wrapped_len = of_hex(rows[i].wrapped, wrapped, sizeof wrapped);
        struct mln_secret *secret = mln_secret_of(key, key_len);
        struct mln_secret *back = NULL;
        struct mln_slice out = { 0 };

        assert_non_null(secret);
        assert_false(mln_failed(mln_key_wrap(kek, kek_len, secret, arena, &out)));
        assert_int_equal(out.len, wrapped_len);
        assert_memory_equal(out.ptr, wrapped, wrapped_len);
        assert_false(mln_failed(mln_key_unwrap(kek, kek_len, out, &back)));
        assert_int_equal(mln_secret_len(back), key_len);
        assert_memory_equal(mln_secret_bytes(back), key, key_len);
        mln_secret_free(back);
        mln_secret_free(secret);
    }
}

/* Each bit and each length counts. */
static void test_unwrap_refuses(void **state)
{
    unsigned char kek[16];
    unsigned char wrapped[24];
    struct mln_secret *back = NULL;

    (void)state;
    (void)of_hex("000102030405060708090A0B0C0D0E0F", kek, sizeof kek);
    (void)of_hex("1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5", wrapped, sizeof wrapped);
    for (size_t bit = 0; bit < sizeof wrapped * 8; bit++) {
        wrapped[bit / 8] ^= (unsigned char)(1U << bit % 8);
        assert_int_equal(mln_key_unwrap(kek, sizeof kek,
                                        mln_slice_of((const char *)wrapped, sizeof wrapped), &back)
                             .code,
                         MLN_ERR_TOKEN_REFUSED);
        wrapped[bit / 8] ^= (unsigned char)(1U << bit % 8);
    }
    for (size_t len = 0; len < sizeof wrapped; len++) {
        assert_int_equal(
            mln_key_unwrap(kek, sizeof kek, mln_slice_of((const char *)wrapped, len), &back).code,
            MLN_ERR_TOKEN_REFUSED);
    }
    assert_null(back);
}

static void test_wrap_needs_whole_blocks(void **state)
{
    static const size_t lengths[] = { 1, 8, 15, 17, 33 };
    unsigned char kek[16] = { 0 };
    struct mln_slice out = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct mln_secret *secret = mln_secret_new(lengths[i]);

        assert_int_equal(mln_key_wrap(kek, sizeof kek, secret, arena, &out).code, MLN_ERR_INTERNAL);
        mln_secret_free(secret);
    }
}

/* RFC 7518 Appendix C */
static void test_concat_kdf(void **state)
{
    static const char expected[] = "56AA8DEAF8236D205C2228CD71A7101A";
    unsigned char z[32];
    unsigned char info[] = "\0\0\0\7A128GCM\0\0\0\5Alice\0\0\0\3Bob\0\0\0\x80";
    unsigned char want[16];
    unsigned char got[MLN_SHA256_SIZE];
    struct mln_secret *secret;

    (void)state;
    (void)of_hex("9E56D91D817135D372834283BF84269CFB316EA3DA806A48F6DAA7798CFE90C4", z, sizeof z);
    (void)of_hex(expected, want, sizeof want);
    secret = mln_secret_of(z, sizeof z);
    assert_false(mln_failed(
        mln_key_concat_kdf(secret, mln_slice_of((const char *)info, sizeof info - 1), got)));
    assert_memory_equal(got, want, sizeof want);
    mln_secret_free(secret);
}

static void test_agreement(void **state)
{
    static const struct {
        const char *curve;
        size_t bytes;
    } rows[] = { { "P-256", 32 }, { "P-384", 48 }, { "P-521", 66 } };
    EVP_PKEY *other = EVP_EC_gen("P-256");

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        EVP_PKEY *own = EVP_EC_gen(rows[i].curve);
        EVP_PKEY *fresh = NULL;
        struct mln_secret *a = NULL;
        struct mln_secret *b = NULL;

        assert_false(mln_failed(mln_key_ephemeral(own, &fresh)));
        assert_int_equal(EVP_PKEY_eq(own, fresh), 0);
        assert_false(mln_failed(mln_key_agree(own, fresh, &a)));
        assert_false(mln_failed(mln_key_agree(fresh, own, &b)));
        assert_int_equal(mln_secret_len(a), rows[i].bytes);
        assert_true(mln_ct_equal(mln_secret_bytes(a), mln_secret_bytes(b), rows[i].bytes));
        mln_secret_free(a);
        mln_secret_free(b);
        if (i > 0) {
            assert_int_equal(mln_key_agree(own, other, &a).code, MLN_ERR_TOKEN_REFUSED);
        }
        EVP_PKEY_free(fresh);
        EVP_PKEY_free(own);
    }
    EVP_PKEY_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_wrap_vectors, set_up, tear_down),
        cmocka_unit_test(test_unwrap_refuses),
        cmocka_unit_test_setup_teardown(test_wrap_needs_whole_blocks, set_up, tear_down),
        cmocka_unit_test(test_concat_kdf),
        cmocka_unit_test(test_agreement),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
