/* Trust in certificates of tokens, with the small authority. Chains of others:
 * tests/api/test_token_certificates.py */
#include "crypto/cert_lab_test.h"
#include "crypto/jwt_chain.h"

#define ISSUER "//sp.example/Sdas"
#define CSE    "//sp.example/in-cse"

static struct mln_slice none = { 0 };

static struct mln_slice der_of(X509 *cert, struct mln_arena *arena)
{
    unsigned char *bytes = NULL;
    int len = i2d_X509(cert, &bytes);
    struct mln_slice der;

    assert_true(len > 0);
    assert_true(mln_arena_dup(arena, mln_slice_of((const char *)bytes, (size_t)len), &der));
    OPENSSL_free(bytes);
    return der;
}

static mln_err check(struct mln_jwt_trust *trust, struct mln_jwt_issuer *issuer,
                     struct mln_slice der, struct mln_fault *why, int64_t *ret_expires_us)
{
    struct mln_jwt_chain chain = { &der, 1, 0 };

    return trust->check(trust->data, issuer, &chain, why, ret_expires_us);
}

static void test_names_and_times(void **state)
{
    static const struct {
        const char *issuer;
        enum mln_ca_kind kind;
        const char *name;
        const char *why; /* NULL: trusted */
    } rows[] = {
        { ISSUER, MLN_CA_URI, "m2m:" ISSUER, NULL },
        { ISSUER, MLN_CA_URI, "m2m:" ISSUER "2", "expected entity" },
        { ISSUER, MLN_CA_DNS, "das.sp.example", "flavour" },
        { CSE, MLN_CA_DNS, "in-cse.sp.example", NULL },
        { CSE, MLN_CA_DNS, "mn.in-cse.sp.example", "expected entity" },
        { CSE, MLN_CA_URI, "m2m:" ISSUER, "flavour" },
    };
    struct cert_lab lab;

    (void)state;
    lab_open(&lab);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct mln_cert_rules rules = { .env = &lab.env, .names = { &lab_provider, 1 } };
        X509 *ca = NULL;
        X509 *cert = lab_issue(&lab, rows[i].kind, rows[i].name, NULL);
        struct mln_jwt_issuer issuer = { .id = mln_slice_z(rows[i].issuer), .anchor_count = 1 };
        struct mln_jwt_trust trust;
        struct mln_fault why = { 0 };
        struct mln_slice anchor;
        int64_t expires_us = 0;
        mln_err err;

        assert_false(mln_failed(mln_cert_read(lab.anchor, NULL, &ca)));
        anchor = der_of(ca, lab.arena);
        issuer.anchors = &anchor;
        assert_false(mln_failed(mln_jwt_trust_new(&rules, none, &trust)));
        assert_false(mln_failed(trust.prepare(trust.data, &issuer, NULL)));
        err = check(&trust, &issuer, der_of(cert, lab.arena), &why, &expires_us);
        assert_int_equal(err.code, rows[i].why ? MLN_ERR_CERTIFICATE : MLN_ERR_NONE);
        if (rows[i].why) {
            assert_non_null(strstr(why.text, rows[i].why));
        } else {
            assert_true(expires_us > mln_env_now_us(&lab.env));
            lab.offset_us = expires_us - mln_env_now_us(&lab.env) + 1000000;
            err = check(&trust, &issuer, der_of(cert, lab.arena), &why, &expires_us);
            assert_int_equal(err.code, MLN_ERR_CERTIFICATE);
            assert_non_null(strstr(why.text, "expired"));
            lab.offset_us = 0;
        }
        trust.drop(trust.data);
        mln_cert_free(cert);
        mln_cert_free(ca);
    }
    lab_close(&lab);
}

static void test_prepare(void **state)
{
    const struct mln_cert_rules rules = { .env = mln_env_system() };
    const struct mln_slice anchor = MLN_S("0");
    struct mln_jwt_issuer issuer = { .anchors = &anchor, .anchor_count = 1 };
    static const char *const names[] = {
        "", "/", "//", "Sdas", "/Sdas", "//sp.example", "//sp.example/", "///Sdas", ISSUER
    };
    struct mln_jwt_trust trust;
    int64_t expires_us;

    (void)state;
    assert_false(mln_failed(mln_jwt_trust_new(&rules, none, &trust)));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct mln_fault fault = { 0 };

        issuer.id = mln_slice_z(names[i]);
        assert_true(mln_failed(trust.prepare(trust.data, &issuer, &fault)));
        assert_non_null(strstr(fault.text, strcmp(names[i], ISSUER) == 0 ? "DER" : "absolute"));
    }
    /* an issuer that nobody prepared for is not believed */
    assert_true(mln_failed(check(&trust, &issuer, anchor, NULL, &expires_us)));
    trust.drop(trust.data);
}

/* What was verified under other lists or rules no longer counts. */
static void test_epoch(void **state)
{
    const struct mln_cert_rules rules[] = { { .env = NULL },
                                            { .status = MLN_CERT_STATUS_HARD },
                                            { .is_strict = true } };
    const struct mln_slice lists[] = { { 0 }, MLN_S("a"), MLN_S("b") };
    uint64_t seen[9] = { 0 };
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++) {
            struct mln_jwt_trust trust;

            assert_false(mln_failed(mln_jwt_trust_new(&rules[i], lists[j], &trust)));
            trust.drop(trust.data);
            for (size_t k = 0; k < count; k++) {
                assert_true(seen[k] != trust.epoch);
            }
            seen[count++] = trust.epoch;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_times),
        cmocka_unit_test(test_prepare),
        cmocka_unit_test(test_epoch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
