/* The published examples whose algorithms oneM2M permits. They are no JWTs, so they are tried on
 * the layer below. spec: RFC 7515 A, RFC 7520 4, 5 (SEC-ESD-14) */
#include "crypto/jose.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "crypto/base64.h"

enum { ARENA_BYTES = 1 << 20 };

static struct mln_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(ARENA_BYTES);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static struct mln_jose_key *key_of(const char *text)
{
    struct mln_fault fault = { 0 };
    struct mln_jose_key *key = NULL;

    if (mln_failed(mln_jose_key_parse(mln_slice_z(text), &fault, &key))) {
        fail_msg("%s", fault.text);
    }
    return key;
}

#define JOE                                                                                        \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl" \
    "fQ"

struct signed_example {
    const char *name;
    enum mln_jose_sig sig;
    const char *key;
    const char *input;
    const char *signature;
};

static const struct signed_example signed_examples[] = {
    { "RFC 7515 A.1", MLN_JOSE_HS256,
      "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4"
      "hcgUuTwjAzZr1Z9CAow\"}",
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JOE,
      "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" },
    { "RFC 7515 A.2", MLN_JOSE_RS256,
      "{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Va"
      "w-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg"
      "0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Z"
      "wKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
      "\",\"e\":\"AQAB\"}",
      "eyJhbGciOiJSUzI1NiJ9." JOE,
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5"
      "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb"
      "1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO"
      "YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw" },
    { "RFC 7515 A.3", MLN_JOSE_ES256,
      "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
      "\"y\""
      ":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
      "eyJhbGciOiJFUzI1NiJ9." JOE,
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q" },
    { "RFC 7515 A.4", MLN_JOSE_ES512,
      "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5"
      "EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk\",\"y\":\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2"
      "Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2\"}",
      "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA",
      "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8G"
      "aSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn" },
    { "RFC 7520 4.4", MLN_JOSE_HS256,
      "{\"kty\":\"oct\",\"kid\":\"018c0ae5-4d9b-471b-bfd6-eef314bc7037\",\"use\":\"sig\",\"alg\":"
      "\"HS256\",\"k\":\"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg\"}",
      "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9.SXTigJlzIGE"
      "gZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9"
      "hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1"
      "pZ2h0IGJlIHN3ZXB0IG9mZiB0by4",
      "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0" },
};

/* SEC-ESD-05, SEC-ESD-14 */
static void test_signatures(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof signed_examples / sizeof signed_examples[0]; i++) {
        const struct signed_example *x = &signed_examples[i];
        struct mln_jose_key *key = key_of(x->key);
        struct mln_slice input = mln_slice_z(x->input);
        struct mln_slice signature;
        char *copy;

        assert_true(mln_jose_key_may_verify(key, x->sig));
        assert_false(mln_failed(mln_base64url_read(mln_slice_z(x->signature), arena, &signature)));
        assert_int_equal(mln_jose_verify(key, x->sig, input, signature).code, MLN_ERR_NONE);
        assert_int_equal(
            mln_jose_verify(key, x->sig, mln_slice_head(input, input.len - 1), signature).code,
            MLN_ERR_TOKEN_REFUSED);
        for (size_t at = 0; at < signature.len; at++) {
            /* a tag or signature that is cut off, and one with a bit turned */
            assert_int_equal(
                mln_jose_verify(key, x->sig, input, mln_slice_head(signature, at)).code,
                MLN_ERR_TOKEN_REFUSED);
            copy = mln_arena_zdup(arena, signature);
            copy[at] = (char)(copy[at] ^ 1);
            assert_int_equal(
                mln_jose_verify(key, x->sig, input, mln_slice_of(copy, signature.len)).code,
                MLN_ERR_TOKEN_REFUSED);
        }
        mln_jose_key_free(key);
    }
}

struct sealed_example {
    const char *name;
    enum mln_jose_wrap wrap;
    const char *key;
    const char *header;
    const char *parts[4];
};

static const struct sealed_example sealed_examples[] = {
    { "RFC 7520 5.6",
      MLN_JOSE_DIR,
      "{\"kty\":\"oct\",\"kid\":\"77c7e2b8-6e13-45cf-8672-617b5b45243a\",\"use\":\"enc\",\"alg\":"
      "\"A128GCM\",\"k\":\"XctOhJAkA-pD9Lh7ZgW_2A\"}",
      "{\"alg\":\"dir\",\"kid\":\"77c7e2b8-6e13-45cf-8672-617b5b45243a\",\"enc\":\"A128GCM\"}",
      { "", "refa467QzzKx6QAB",
        "JW_i_f52hww_ELQPGaYyeAB6HYGcR559l9TYnSovc23XJoBcW29rHP8yZOZG7YhLpT1bjFuvZPjQS-m0IFtVcXkZXd"
        "H_lr_FrdYt9HRUYkshtrMmIUAyGmUnd9zMDB2n0cRDIHAzFVeJUDxkUwVAE7_YGRPdcqMyiBoCO-FBdE-Nceb4h3-F"
        "tBP-c_BIwCPTjb9o0SbdcdREEMJMyZBH8ySWMVi1gPD9yxi-aQpGbSv_F9N4IZAxscj5g-NJsUPbjk29-s7LJAGb15"
        "wEBtXphVCgyy53CoIKLHHeJHXex45Uz9aKZSRSInZI-wjsY0yu3cT4_aQ3i1o-tiE-F8Ios61EKgyIQ4CWao8PFMj8"
        "TTnp",
        "vbb32Xvllea2OtmHAdccRQ" } },
    { "RFC 7520 5.8",
      MLN_JOSE_A128KW,
      "{\"kty\":\"oct\",\"kid\":\"81b20965-8332-43d9-a468-82160ad91ac8\",\"use\":\"enc\",\"alg\":"
      "\"A128KW\",\"k\":\"GZy6sIZ6wl9NJOKB-jnmVQ\"}",
      "{\"alg\":\"A128KW\",\"kid\":\"81b20965-8332-43d9-a468-82160ad91ac8\",\"enc\":\"A128GCM\"}",
      { "CBI6oDw8MydIx1IBntf_lQcw2MmJKIQx", "Qx0pmsDa8KnJc9Jo",
        "AwliP-KmWgsZ37BvzCefNen6VTbRK3QMA4TkvRkH0tP1bTdhtFJgJxeVmJkLD61A1hnWGetdg11c9ADsnWgL56Nyxw"
        "SYjU1ZEHcGkd3EkU0vjHi9gTlb90qSYFfeF0LwkcTtjbYKCsiNJQkcIp1yeM03OmuiYSoYJVSpf7ej6zaYcMv3Wwdx"
        "DF"
        "l8REwOhNImk2Xld2JXq6BR53TSFkyT7PwVLuq-1GwtGHlQeg7gDT6xW0JqHDPn_H-"
        "puQsmthc9Zg0ojmJfqqFvETUxLAF"
        "-KjcBTS5dNy6egwkYtOt8EIHK-oEsKYtZRaa8Z7MOZ7UGxGIMvEmxrGCPeJa14slv2-gaqK0kEThkaSqdYw0FkQZF",
        "ER7MWJZ1FBI_NKvn7Zb1Lw" } },
    { "RFC 7520 5.4",
      MLN_JOSE_ECDH_ES_A128KW,
      "{\"kty\":\"EC\",\"kid\":\"peregrin.took@tuckborough.example\",\"use\":\"enc\",\"crv\":\"P-"
      "384"
      "\",\"x\":\"YU4rRUzdmVqmRtWOs2OpDE_T5fsNIodcG8G5FWPrTPMyxpzsSOGaQLpe2FpxBmu2\",\"y\":\"A8-yx"
      "CHxkfBz3hKZfI1jUYMjUhsEveZ9THuwFjH2sCNdtksRJU7D5-SkgaFL1ETP\",\"d\":\"iTx2pk7wW-GqJkHcEkFQb"
      "2EFyYcO7RugmaW3mRrQVAOUiPommT0IdnYK2xDlZh-j\"}",
      "{\"alg\":\"ECDH-ES+A128KW\",\"kid\":\"peregrin.took@tuckborough.example\",\"epk\":{\"kty\":"
      "\"EC\",\"crv\":\"P-384\",\"x\":\"uBo4kHPw6kbjx5l0xowrd_oYzBmaz-GKFZu4xAFFkbYiWgutEK6iuEDsQ6"
      "wNdNg3\",\"y\":\"sp3p5SGhZVC2faXumI-e9JU2Mo8KpoYrFDr5yPNVtW4PgEwZOyQTA-JdaY8tb7E0\"},\"enc\""
      ":\"A128GCM\"}",
      { "0DJjBXri_kBcC46IkU5_Jk9BqaQeHdv2", "mH-G2zVqgztUtnW_",
        "tkZuOO9h95OgHJmkkrfLBisku8rGf6nzVxhRM3sVOhXgz5NJ76oID7lpnAi_cPWJRCjSpAaUZ5dOR3Spy7QuEkmKx8"
        "-3RCMhSYMzsXaEwDdXta9Mn5B7cCBoJKB0IgEnj_qfo1hIi-"
        "uEkUpOZ8aLTZGHfpl05jMwbKkTe2yK3mjF6SBAsgicQD"
        "VCkcY9BLluzx1RmC3ORXaM0JaHPB93YcdSDGgpgBWMVrNU1ErkjcMqMoT_wtCex3w03XdLkjXIuEr2hWgeP-"
        "nkUZTPU9E"
        "oGSPj6fAS-bSz87RCPrxZdj_iVyC6QWcqAu07WNhjzJEPc4jVntRJ6K53NgPQ5p99l3Z408OUqj4ioYezbS6vTPlQ",
        "WuGzxmcreYjpHGJoa17EBg" } },
};

/* RFC 7520, figure 72 */
static const char frodo[] = "You can trust us to stick with you through thick and "
                            "thin\xe2\x80\x93to the bitter end. And you "
                            "can trust us to keep any secret of yours\xe2\x80\x93"
                            "closer than you keep it yourself. But you cannot trust us to let you "
                            "face trouble alone, and go "
                            "off without a word. We are your friends, Frodo.";

static void test_encryption(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sealed_examples / sizeof sealed_examples[0]; i++) {
        const struct sealed_example *x = &sealed_examples[i];
        struct mln_jose_key *key = key_of(x->key);
        struct mln_jose_wrapping how = { .wrap = x->wrap, .enc = MLN_JOSE_A128GCM };
        struct mln_slice parts[MLN_JOSE_JWE_PARTS];
        struct mln_jose_key *ephemeral = NULL;
        const struct mln_value *epk;
        struct mln_limits limits;
        struct mln_value *said;
        struct mln_slice text;
        struct mln_buf header;
        char *tag;

        mln_limits_default(&limits);
        assert_false(
            mln_failed(mln_json_read(mln_slice_z(x->header), &limits, arena, &said, NULL)));
        epk = mln_value_get(said, MLN_S("epk"));
        if (epk) {
            assert_false(
                mln_failed(mln_jose_key_of(epk, mln_slice_z(x->header), NULL, &ephemeral)));
            how.ephemeral = ephemeral;
        }
        assert_true(mln_jose_key_may_open(key, x->wrap, MLN_JOSE_A128GCM));
        mln_buf_init(&header, arena, 4096);
        mln_base64url_add(&header, mln_slice_z(x->header));
        assert_false(mln_failed(mln_buf_finish(&header, &parts[0])));
        for (size_t p = 0; p < 4; p++) {
            parts[p + 1] = mln_slice_z(x->parts[p]);
        }
        assert_int_equal(mln_jose_open(key, &how, parts, arena, &text).code, MLN_ERR_NONE);
        assert_int_equal(text.len, sizeof frodo - 1);
        assert_memory_equal(text.ptr, frodo, text.len);
        tag = mln_arena_zdup(arena, parts[4]);
        tag[0] = tag[0] == 'A' ? 'B' : 'A';
        parts[4].ptr = tag;
        assert_int_equal(mln_jose_open(key, &how, parts, arena, &text).code, MLN_ERR_TOKEN_REFUSED);
        mln_jose_key_free(ephemeral);
        mln_jose_key_free(key);
    }
}

/* RFC 7516 A.3.3: the key wrap of an envelope whose content encryption is not permitted */
static void test_key_wrap(void **state)
{
    static const unsigned char wanted[] = { 4,   211, 31,  197, 84,  157, 252, 254, 11, 100, 157,
                                            250, 63,  170, 106, 206, 107, 124, 212, 45, 111, 107,
                                            9,   219, 200, 177, 0,   240, 143, 156, 44, 207 };
    struct mln_jose_key *key = key_of("{\"kty\":\"oct\",\"k\":\"GawgguFyGrWKav7AX4VKUg\"}");
    struct mln_jose_wrapping how = { .wrap = MLN_JOSE_A128KW, .enc = MLN_JOSE_A256GCM };
    struct mln_secret *cek = mln_secret_of(wanted, sizeof wanted);
    struct mln_secret *back = NULL;
    struct mln_slice expected;
    struct mln_slice wrapped;
    struct mln_value *epk;

    (void)state;
    assert_false(mln_failed(mln_base64url_read(
        MLN_S("6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ"), arena, &expected)));
    assert_false(mln_failed(mln_jose_wrap_cek(key, &how, cek, arena, &wrapped, &epk)));
    assert_true(mln_slice_eq(wrapped, expected));
    assert_false(mln_failed(mln_jose_unwrap_cek(key, &how, expected, &back)));
    assert_memory_equal(mln_secret_bytes(back), wanted, sizeof wanted);
    mln_secret_free(back);
    mln_secret_free(cek);
    mln_jose_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_encryption),
        cmocka_unit_test(test_key_wrap),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
