/* Tests of keys: what is read, what is refused, and what a key may do. */
#include "crypto/jose_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "crypto/jwt_keys_test.h"

static void refuse(const char *text, const char *why)
{
    struct mln_fault fault = { 0 };
    struct mln_jose_key *key = NULL;
    mln_err err = mln_jose_key_parse(mln_slice_z(text), &fault, &key);

    if (err.code != MLN_ERR_CONFIG || !strstr(fault.text, why)) {
        fail_msg("%s: %s: %s", text, mln_err_name(err), fault.text);
    }
    assert_null(key);
}

static struct mln_jose_key *parse(const char *text)
{
    struct mln_fault fault = { 0 };
    struct mln_jose_key *key = NULL;

    if (mln_failed(mln_jose_key_parse(mln_slice_z(text), &fault, &key))) {
        fail_msg("%s: %s", text, fault.text);
    }
    return key;
}

#define X256 "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y256 "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"

static void test_refused(void **state)
{
    (void)state;
    refuse("", "not JSON");
    refuse("[]", "object");
    refuse("{}", "kty");
    refuse("{\"kty\":\"OKP\"}", "kty");
    refuse("{\"kty\":1}", "kty");
    refuse("{\"kty\":\"oct\"}", "k is missing");
    refuse("{\"kty\":\"oct\",\"k\":\"AAAA\"}", "16 bytes");
    refuse("{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umjw==\"}", "base64url");
    refuse("{\"kty\":\"oct\",\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umjw\"}", "not JSON");
    refuse("{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3um\\u006aw\"}", "escapes");
    refuse("{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umjw\",\"alg\":\"none\"}", "alg");
    refuse("{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umjw\",\"alg\":\"PS256\"}", "alg");
    refuse("{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umjw\",\"use\":\"both\"}", "use");
    refuse("{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umjw\",\"key_ops\":\"sign\"}", "key_ops");
    refuse("{\"kty\":\"EC\",\"crv\":\"P-192\",\"x\":\"" X256 "\",\"y\":\"" Y256 "\"}", "crv");
    refuse("{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" X256 "\",\"y\":\"" Y256 "\"}", "size");
    refuse("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "\"}", "y is missing");
    refuse("{\"kty\":\"RSA\",\"n\":\"" X256 "\",\"e\":\"AQAB\"}", "2048");
    refuse("{\"kty\":\"RSA\",\"n\":\"" X256 "\",\"e\":\"AQABAQAB\"}", "e is too large");
}

/* SEC-ESD-12: a point that is not on the curve */
static void test_off_curve(void **state)
{
    struct mln_jose_key *key = NULL;

    (void)state;
    assert_int_equal(mln_jose_key_parse(MLN_S("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X256
                                              "\",\"y\":\"" X256 "\"}"),
                                        NULL, &key)
                         .code,
                     MLN_ERR_CONFIG);
}

/* The private part of another key. */
static void test_parts_of_two_keys(void **state)
{
    (void)state;
    refuse("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "\",\"y\":\"" Y256
           "\",\"d\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAU\"}",
           "numbers");
}

static void test_kinds(void **state)
{
    struct mln_jose_key *ec = mln_test_key("ec256");
    struct mln_jose_key *public_half = mln_test_key("ec256_pub");
    struct mln_jose_key *oct = mln_test_key("oct32");
    struct mln_jose_key *rsa = mln_test_key("rsa");

    (void)state;
    assert_true(mln_slice_eq(mln_jose_key_id(ec), MLN_S("ec256")));
    assert_true(mln_jose_key_eq(ec, public_half));
    assert_false(mln_jose_key_eq(ec, rsa));
    assert_true(mln_jose_key_may_sign(ec, MLN_JOSE_ES256));
    assert_false(mln_jose_key_may_sign(public_half, MLN_JOSE_ES256));
    assert_true(mln_jose_key_may_verify(public_half, MLN_JOSE_ES256));
    /* the kind of the key decides: SEC-TOK-02 */
    for (unsigned sig = 0; sig < MLN_JOSE_SIGS; sig++) {
        assert_int_equal(mln_jose_key_may_verify(ec, sig), sig == MLN_JOSE_ES256);
        assert_int_equal(mln_jose_key_may_verify(rsa, sig),
                         sig == MLN_JOSE_RS256 || sig == MLN_JOSE_RS384 || sig == MLN_JOSE_RS512);
        assert_int_equal(mln_jose_key_may_verify(oct, sig), sig == MLN_JOSE_HS256);
    }
    assert_int_equal(mln_jose_key_default_sig(rsa), MLN_JOSE_RS256);
    assert_int_equal(mln_jose_key_default_sig(oct), MLN_JOSE_HS256);
    mln_jose_key_free(ec);
    mln_jose_key_free(public_half);
    mln_jose_key_free(oct);
    mln_jose_key_free(rsa);
}

/* SEC-ESD-09: a key of the wrong length is refused. */
static void test_wrapping(void **state)
{
    struct mln_jose_key *oct = mln_test_key("oct24");
    struct mln_jose_key *ec = mln_test_key("ec384_pub");

    (void)state;
    for (unsigned wrap = 0; wrap < MLN_JOSE_WRAPS; wrap++) {
        for (unsigned enc = 0; enc < MLN_JOSE_ENCS; enc++) {
            bool fits = enc && (wrap == MLN_JOSE_A192KW ||
                                (wrap == MLN_JOSE_DIR && enc == MLN_JOSE_A192GCM));

            assert_int_equal(mln_jose_key_may_open(oct, wrap, enc), fits);
            assert_int_equal(mln_jose_key_may_seal(oct, wrap, enc), fits);
            assert_false(mln_jose_key_may_open(ec, wrap, enc));
            assert_int_equal(mln_jose_key_may_seal(ec, wrap, enc),
                             enc && wrap >= MLN_JOSE_ECDH_ES_A128KW);
        }
    }
    mln_jose_key_free(oct);
    mln_jose_key_free(ec);
}

#define K32 "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"

/* SEC-ESD-10: use, key_ops and alg bind a key. */
static void test_bound(void **state)
{
    struct mln_jose_key *sig = parse("{\"kty\":\"oct\",\"k\":\"" K32 "\",\"use\":\"sig\"}");
    struct mln_jose_key *enc = parse("{\"kty\":\"oct\",\"k\":\"" K32 "\",\"use\":\"enc\"}");
    struct mln_jose_key *only =
        parse("{\"kty\":\"oct\",\"k\":\"" K32 "\",\"key_ops\":[\"verify\",\"other\"]}");
    struct mln_jose_key *gcm = parse("{\"kty\":\"oct\",\"k\":\"" K32 "\",\"alg\":\"A256GCM\"}");

    (void)state;
    assert_true(mln_jose_key_may_verify(sig, MLN_JOSE_HS256));
    assert_false(mln_jose_key_may_open(sig, MLN_JOSE_DIR, MLN_JOSE_A256GCM));
    assert_false(mln_jose_key_may_verify(enc, MLN_JOSE_HS256));
    assert_true(mln_jose_key_may_open(enc, MLN_JOSE_DIR, MLN_JOSE_A256GCM));
    assert_true(mln_jose_key_may_verify(only, MLN_JOSE_HS256));
    assert_false(mln_jose_key_may_sign(only, MLN_JOSE_HS256));
    assert_true(mln_jose_key_may_seal(gcm, MLN_JOSE_DIR, MLN_JOSE_A256GCM));
    assert_false(mln_jose_key_may_seal(gcm, MLN_JOSE_A256KW, MLN_JOSE_A256GCM));
    assert_false(mln_jose_key_may_verify(gcm, MLN_JOSE_HS256));
    mln_jose_key_free(sig);
    mln_jose_key_free(enc);
    mln_jose_key_free(only);
    mln_jose_key_free(gcm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),           cmocka_unit_test(test_off_curve),
        cmocka_unit_test(test_parts_of_two_keys), cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_wrapping),          cmocka_unit_test(test_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
