/* Tests of keys for protected data: use, names, and whose certificates count. */
#include "crypto/data_key.h"

#include "crypto/cert_lab_test.h"

enum { SUID_ENCRYPTS = 44, SUID_SIGNS = 45 };

#define AE    "//sp.example/Ssensor"
#define AE_ID "m2m:" AE

static struct cert_lab lab;
static struct cert_lab others;
static struct mln_cert_verifier *verifier;
static struct mln_slice cert;  /* AE, digitalSignature and keyAgreement */
static struct mln_slice key;   /* of it */
static struct mln_slice plain; /* digitalSignature only */

static int set_up(void **state)
{
    struct mln_slice unused;

    (void)state;
    lab_open(&lab);
    lab_open(&others);
    verifier = lab_verifier(&lab);
    lab_issue_pem(&lab, AE_ID, true, &cert, &key);
    lab_issue_pem(&lab, AE_ID, false, &plain, &unused);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_cert_verifier_unref(verifier);
    lab_close(&lab);
    lab_close(&others);
    return 0;
}

static mln_err of_certificate(struct mln_slice pem, const char *entity, unsigned suid,
                              struct mln_fault *fault, struct mln_data_key **ret)
{
    struct mln_data_trust trust = { .verifier = verifier, .entity = mln_slice_z(entity) };
    struct mln_slice chain[MLN_DATA_CHAIN];
    size_t count = 0;

    assert_false(mln_failed(mln_data_chain_of_pem(pem, lab.arena, NULL, chain, &count)));
    return mln_data_key_of_certificate(&trust, chain, count, suid, fault, ret);
}

static void refuse(struct mln_slice pem, const char *entity, unsigned suid, const char *why)
{
    struct mln_data_key *made = NULL;
    struct mln_fault fault = { 0 };
    mln_err err = of_certificate(pem, entity, suid, &fault, &made);

    if ((err.code != MLN_ERR_CERTIFICATE && err.code != MLN_ERR_CONFIG) ||
        !strstr(fault.text, why)) {
        fail_msg("%s: %s", mln_err_name(err), fault.text);
    }
    assert_null(made);
}

static struct mln_data_key *accept(struct mln_slice pem, const char *entity, unsigned suid)
{
    struct mln_data_key *made = NULL;
    struct mln_fault fault = { 0 };

    if (mln_failed(of_certificate(pem, entity, suid, &fault, &made))) {
        fail_msg("%s", fault.text);
    }
    return made;
}

/* SEC-ESD-10: the same certificate under two SUIDs is two keys. */
static void test_use(void **state)
{
    struct mln_data_key *encrypts = accept(cert, AE, SUID_ENCRYPTS);
    struct mln_data_key *signs = accept(cert, NULL, SUID_SIGNS);
    enum mln_jose_wrap wrap = MLN_JOSE_ECDH_ES_A128KW;

    (void)state;
    assert_true(mln_jose_key_may_seal(encrypts->key, wrap, MLN_JOSE_A128GCM));
    assert_false(mln_jose_key_may_verify(encrypts->key, MLN_JOSE_ES256));
    assert_true(mln_jose_key_may_verify(signs->key, MLN_JOSE_ES256));
    assert_false(mln_jose_key_may_seal(signs->key, wrap, MLN_JOSE_A128GCM));
    /* security.md 13.3: 44 is an AE-ID certificate to encrypt for, 54 one that signs */
    assert_true(mln_slice_eq(encrypts->name, MLN_S("44-" AE)));
    assert_true(mln_slice_eq(signs->name, MLN_S("54-" AE)));
    assert_true(mln_slice_eq(encrypts->entity, MLN_S(AE)));
    assert_true(mln_slice_eq(signs->entity, MLN_S(AE)));
    assert_true(encrypts->expires_us < INT64_MAX);
    mln_data_key_free(encrypts);
    mln_data_key_free(signs);
}

/* SEC-ESD-11: a certificate from anywhere counts only with anchor and identity. */
static void test_trust(void **state)
{
    struct mln_slice foreign;
    struct mln_slice unused;

    (void)state;
    refuse(cert, "//sp.example/Sother", SUID_ENCRYPTS, "expected entity");
    refuse(cert, "//sp.example/in-cse", SUID_SIGNS, "trust");
    lab_issue_pem(&others, AE_ID, true, &foreign, &unused);
    refuse(foreign, AE, SUID_ENCRYPTS, "trust anchor");
    refuse(foreign, AE, SUID_SIGNS, "trust anchor");
    /* TS-0003 8.5.2.2.4.1: public keys for verifying signatures cannot be used to encrypt */
    refuse(plain, AE, SUID_ENCRYPTS, "keyUsage");
    mln_data_key_free(accept(plain, AE, SUID_SIGNS));
    for (unsigned suid = 10; suid < SUID_ENCRYPTS; suid++) {
        refuse(cert, AE, suid, "not for protected data");
    }
    lab.offset_us = (int64_t)20 * 86400 * 1000000;
    refuse(cert, AE, SUID_ENCRYPTS, "expired");
    lab.offset_us = 0;
}

static void test_private(void **state)
{
    struct mln_data_key_about about = { .suid = SUID_SIGNS };
    struct mln_data_key *own = NULL;

    (void)state;
    assert_false(mln_failed(mln_data_key_of_private(&about, key, cert, NULL, &own)));
    assert_true(mln_jose_key_may_sign(own->key, MLN_JOSE_ES256));
    assert_false(mln_jose_key_may_open(own->key, MLN_JOSE_ECDH_ES_A128KW, MLN_JOSE_A128GCM));
    assert_true(mln_slice_eq(own->name, MLN_S("54-" AE)));
    assert_int_equal(own->chain_count, 1);
    assert_true(own->expires_us < INT64_MAX);
    mln_data_key_free(own);
    own = NULL;
    /* a certificate of another key; none at all; a secret's SUID */
    assert_int_equal(mln_data_key_of_private(&about, key, plain, NULL, &own).code, MLN_ERR_CONFIG);
    assert_int_equal(mln_data_key_of_private(&about, key, MLN_S("x"), NULL, &own).code,
                     MLN_ERR_CONFIG);
    about.suid = 15;
    assert_int_equal(mln_data_key_of_private(&about, key, cert, NULL, &own).code, MLN_ERR_CONFIG);
}

/* None, some that cannot be read, and too many are told, not left out. */
static void test_chains(void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        "-----BEGIN CERTIFICATE-----",
        "-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
    };
    struct mln_slice chain[MLN_DATA_CHAIN];
    struct mln_buf many;
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct mln_fault fault = { 0 };

        assert_int_equal(
            mln_data_chain_of_pem(mln_slice_z(bad[i]), lab.arena, &fault, chain, &count).code,
            MLN_ERR_CONFIG);
        assert_non_null(strstr(fault.text, "1 to 5"));
    }
    mln_buf_init(&many, lab.arena, 1 << 16);
    for (size_t i = 1; i <= MLN_DATA_CHAIN + 1; i++) {
        struct mln_slice pem;
        mln_err err;

        mln_buf_add(&many, cert);
        assert_false(mln_failed(mln_buf_finish(&many, &pem)));
        err = mln_data_chain_of_pem(pem, lab.arena, NULL, chain, &count);
        assert_int_equal(err.code, i > MLN_DATA_CHAIN ? MLN_ERR_CONFIG : MLN_OK.code);
        assert_true(i > MLN_DATA_CHAIN || count == i);
    }
}

/* SEC-ESD-09: too short; SEC-ESD-10: 14, 24, 34 encrypt, 15, 25, 35 sign. */
static void test_secret(void **state)
{
    struct mln_secret *secret = mln_secret_of("0123456789abcdef0123456789abcdef", 32);
    struct mln_secret *tiny = mln_secret_of("0123456789abcde", 15);

    (void)state;
    for (unsigned suid = 0; suid < 60; suid++) {
        struct mln_data_key_about about = { .name = MLN_S("k@sp.example"), .suid = suid };
        struct mln_data_key *made = NULL;
        mln_err err = mln_data_key_of_secret(&about, secret, NULL, &made);
        bool is_one = suid < 40 && mln_suid_is_valid(suid) && suid % 10 >= 4;

        assert_int_equal(mln_failed(err), !is_one);
        if (made) {
            assert_int_equal(mln_jose_key_may_sign(made->key, MLN_JOSE_HS256), suid % 10 == 5);
            assert_int_equal(mln_jose_key_may_seal(made->key, MLN_JOSE_A256KW, MLN_JOSE_A128GCM),
                             suid % 10 == 4);
            assert_int_equal(mln_data_key_of_secret(&about, tiny, NULL, &made).code,
                             MLN_ERR_CONFIG);
        }
        mln_data_key_free(made);
    }
    mln_secret_free(tiny);
    for (size_t i = 0; i < 2; i++) {
        static const char too_long[MLN_DATA_NAME_BYTES + 1] = { 'k' };
        struct mln_data_key_about about = { .suid = 14 };
        struct mln_data_key *made = NULL;

        about.name = i ? mln_slice_of(too_long, sizeof too_long) : MLN_S("k\xff@sp.example");
        assert_int_equal(mln_data_key_of_secret(&about, secret, NULL, &made).code, MLN_ERR_CONFIG);
    }
    mln_secret_free(secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_use),     cmocka_unit_test(test_trust),
        cmocka_unit_test(test_private), cmocka_unit_test(test_chains),
        cmocka_unit_test(test_secret),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
