/* From a certificate to an association, with and without credentials that are configured. */
#include "base/timestamp.h"
#include "crypto/cert_lab_test.h"

#define DAY_US (INT64_C(86400) * MLN_US_PER_S)

static struct cert_lab lab;
static struct mln_cert_verifier *verifier;
static struct mln_credentials *credentials;

static int set_up(void **state)
{
    struct mln_credentials_options options = { 0 };
    struct mln_fault fault = { 0 };

    (void)state;
    lab_open(&lab);
    verifier = lab_verifier(&lab);
    options.directory = lab.directory;
    assert_false(mln_failed(mln_credentials_open(&options, &lab.env, &fault, &credentials)));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_credentials_close(credentials);
    mln_cert_verifier_unref(verifier);
    lab_close(&lab);
    return 0;
}

static mln_err associate(X509 *cert, struct mln_association **ret)
{
    const struct mln_cert_expect expect = { .flavours = MLN_CERT_SET_ALL };
    struct mln_cert_outcome outcome = { 0 };
    struct mln_proof proof;

    assert_false(
        mln_failed(mln_cert_verify(verifier, cert, mln_slice_of(NULL, 0), &expect, &outcome)));
    assert_false(mln_failed(mln_cert_proof(verifier, cert, &outcome, lab.arena, &proof)));
    X509_free(cert);
    return mln_credentials_associate(credentials, &proof, MLN_USE_SAEF, mln_env_now_us(&lab.env),
                                     ret);
}

static void assert_slice(struct mln_slice have, const char *want)
{
    assert_int_equal(have.len, strlen(want));
    assert_memory_equal(have.ptr, want, have.len);
}

/* SEC-CRT-08, SEC-IDN-07: who is named needs no configuration */
static void test_an_ae(void **state)
{
    struct mln_association *a = NULL;

    (void)state;
    assert_false(
        mln_failed(associate(lab_issue(&lab, MLN_CA_URI, "m2m://sp.example/S1", NULL), &a)));
    assert_int_equal(a->kind, MLN_ASSOCIATION_CERTIFICATE);
    assert_slice(a->credential_id, "33-//sp.example/S1");
    assert_int_equal(a->ae_id_count, 1);
    assert_slice(a->ae_ids[0], "//sp.example/S1");
    assert_int_equal(a->cse_id.len, 0);
    /* as long as the certificate, ten days */
    assert_in_range(a->expires_us - mln_env_now_us(&lab.env), 9 * DAY_US, 10 * DAY_US);
    mln_association_unref(a);
}

/* SEC-CRT-08, SEC-IDN-07 */
static void test_a_cse(void **state)
{
    struct mln_association *a = NULL;

    (void)state;
    assert_false(
        mln_failed(associate(lab_issue(&lab, MLN_CA_DNS, "mn.in-cse.sp.example", NULL), &a)));
    assert_slice(a->credential_id, "32-//sp.example/mn");
    assert_slice(a->cse_id, "//sp.example/mn");
    assert_int_equal(a->ae_id_count, 0);
    mln_association_unref(a);
}

/* SEC-CRT-09, SEC-IDN-07: a device or node stands for the AEs that are configured; for none else */
static void test_a_device(void **state)
{
    static const struct mln_slice aes[] = { { "S1", 2 }, { "Cone*", 5 } };
    struct mln_fault fault = { 0 };
    const struct mln_credential configured = { .id = MLN_S("31-0.2.481.1.100.1.2"),
                                               .suid = 42,
                                               .ae_ids = { aes, 2 },
                                               .not_after_us = INT64_MAX };
    struct mln_association *a = NULL;

    (void)state;
    assert_false(
        mln_failed(associate(lab_issue(&lab, MLN_CA_DEVICE, "0.2.481.1:100.1.2", NULL), &a)));
    assert_slice(a->credential_id, "31-0.2.481.1.100.1.2");
    assert_int_equal(a->ae_id_count, 0);
    mln_association_unref(a);
    assert_false(mln_failed(mln_credentials_add(credentials, &configured, NULL, &fault)));
    assert_false(
        mln_failed(associate(lab_issue(&lab, MLN_CA_DEVICE, "0.2.481.1:100.1.2", NULL), &a)));
    assert_slice(a->credential_id, "31-0.2.481.1.100.1.2");
    assert_int_equal(a->ae_id_count, 2);
    assert_slice(a->ae_ids[1], "Cone*");
    mln_association_unref(a);
}

/* SEC-CRT-09, SEC-IDN-07 */
static void test_a_node(void **state)
{
    struct mln_association *a = NULL;

    (void)state;
    assert_false(mln_failed(associate(lab_issue(&lab, MLN_CA_URI, "urn:dev:ops:1", NULL), &a)));
    assert_slice(a->credential_id, "34-urn:dev:ops:1");
    assert_int_equal(a->ae_id_count, 0);
    assert_int_equal(a->cse_id.len, 0);
    mln_association_unref(a);
}

/* A MAF's certificate makes nobody of it at a CSE. */
static void test_an_fqdn(void **state)
{
    struct mln_association *a = NULL;

    (void)state;
    assert_int_equal(associate(lab_issue(&lab, MLN_CA_DNS, "maf.sp.example", NULL), &a).code,
                     MLN_ERR_NOT_AUTHENTICATED);
}

static void test_what_is_not_verified_proves_nothing(void **state)
{
    X509 *cert = lab_issue(&lab, MLN_CA_URI, "m2m://sp.example/S1", NULL);
    const struct mln_cert_expect expect = { .flavours = MLN_CERT_SET(MLN_CERT_CSE_ID) };
    struct mln_cert_outcome outcome = { 0 };
    struct mln_proof proof;

    (void)state;
    assert_int_equal(mln_cert_proof(verifier, cert, &outcome, lab.arena, &proof).code,
                     MLN_ERR_CERTIFICATE);
    assert_true(
        mln_failed(mln_cert_verify(verifier, cert, mln_slice_of(NULL, 0), &expect, &outcome)));
    assert_int_equal(outcome.reason, MLN_CERT_FLAVOUR);
    assert_int_equal(mln_cert_proof(verifier, cert, &outcome, lab.arena, &proof).code,
                     MLN_ERR_CERTIFICATE);
    X509_free(cert);
}

/* SEC-CRT-07, SEC-IDN-07: a raw public key is worth what is configured, under any of its names */
static void test_a_raw_key(void **state)
{
    static const struct mln_slice aes[] = { { "S1", 2 } };
    EVP_PKEY *key = EVP_EC_gen("P-256");
    struct mln_fault fault = { 0 };
    struct mln_association *a = NULL;
    struct mln_credential configured = { .suid = 42,
                                         .ae_ids = { aes, 1 },
                                         .not_after_us = INT64_MAX };
    struct mln_proof proof;

    (void)state;
    assert_false(mln_failed(mln_cert_key_proof(key, lab.arena, &proof)));
    assert_int_equal(proof.credential_ids.count, 3);
    assert_int_equal(
        mln_credentials_associate(credentials, &proof, MLN_USE_SAEF, mln_env_now_us(&lab.env), &a)
            .code,
        MLN_ERR_NOT_AUTHENTICATED);
    configured.id = proof.credential_ids.items[2]; /* the shortest */
    assert_true(mln_slice_starts(configured.id, MLN_S("30-sha-256-120;")));
    assert_false(mln_failed(mln_credentials_add(credentials, &configured, NULL, &fault)));
    assert_false(mln_failed(mln_credentials_associate(credentials, &proof, MLN_USE_SAEF,
                                                      mln_env_now_us(&lab.env), &a)));
    assert_int_equal(a->kind, MLN_ASSOCIATION_RAW_KEY);
    assert_int_equal(a->ae_id_count, 1);
    mln_association_unref(a);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_ae, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_cse, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_device, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_node, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_fqdn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_not_verified_proves_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_raw_key, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
