/* Tests of TLS contexts: who gets in, as whom, and who does not. */
#include "crypto/tls.h"

#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/tls_pair_test.h"

#define K1       "k1@sp.example"
#define ANY_1_2  "ECDHE-ECDSA-AES128-SHA256"
#define PSK_CBC  "PSK-AES128-CBC-SHA256"
#define SUITE_13 "TLS_AES_128_GCM_SHA256"

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

static struct mln_tls *make(const struct mln_tls_options *options)
{
    struct mln_tls *tls = NULL;
    struct mln_fault fault = { 0 };

    if (mln_failed(mln_tls_new(options, &fault, &tls))) {
        fail_msg("%s", fault.text);
    }
    return tls;
}

/* A server that asks for certificates of clients. */
static struct mln_tls *make_asking(struct tls_lab *lab, enum mln_tls_clients clients)
{
    struct mln_tls_options options = mln_tls_lab_options(lab);
    struct mln_tls *tls;

    options.clients = clients;
    options.verifier = mln_tls_lab_verifier(lab);
    tls = make(&options);
    mln_cert_verifier_unref(options.verifier);
    return tls;
}

static struct mln_tls *make_plain(struct tls_lab *lab)
{
    struct mln_tls_options options = mln_tls_lab_options(lab);

    return make(&options);
}

static struct tls_client with_key(int version, const char *identity, char byte)
{
    return (struct tls_client){ .version = version, .psk_identity = identity, .psk_byte = byte };
}

static void assert_done(const struct tls_pair *p)
{
    if (!p->is_done) {
        fail_msg("%s", p->why.text);
    }
}

static void assert_credential(const struct tls_pair *p, const char *id)
{
    assert_done(p);
    assert_non_null(p->association);
    if (!mln_slice_eq(p->association->credential_id, mln_slice_z(id))) {
        fail_msg("%.*s, not %s", MLN_S_ARG(p->association->credential_id), id);
    }
}

/* ---- certificates of the server ---- */

/* SEC-TLS-01 */
static void a_client_without_credentials_is_nobody(void **state)
{
    struct mln_tls *tls = make_plain(*state);

    for (int i = 0; i < 2; i++) {
        struct tls_client want = { .version = versions[i], .name = "in.sp.example" };
        struct tls_pair p;

        mln_tls_pair_shake(&p, tls, &want);
        assert_done(&p);
        assert_null(p.association);
        assert_int_equal(SSL_version(p.client), versions[i]);
        mln_tls_pair_done(&p);
    }
    mln_tls_unref(tls);
}

/* SEC-TLS-01: the suites that the standard asks for, alone */
static void serves_the_mandatory_suites(void **state)
{
    struct mln_tls *tls = make_plain(*state);
    struct tls_client certificate = { .version = TLS1_2_VERSION, .suites = ANY_1_2 };
    struct tls_client key = with_key(TLS1_2_VERSION, K1, 'a');
    struct tls_pair p;

    key.suites = PSK_CBC;
    mln_tls_pair_shake(&p, tls, &certificate);
    assert_done(&p);
    assert_string_equal(SSL_get_cipher(p.client), ANY_1_2);
    assert_int_equal(SSL_get_extms_support(p.client), 1);
    mln_tls_pair_done(&p);
    mln_tls_pair_shake(&p, tls, &key);
    assert_credential(&p, "12-" K1);
    assert_string_equal(SSL_get_cipher(p.client), PSK_CBC);
    mln_tls_pair_done(&p);
    mln_tls_unref(tls);
}

/* SEC-TLS-02, SEC-TLS-04 */
static void refuses_what_the_profile_leaves_out(void **state)
{
    static const struct tls_client bad[] = {
        { .version = TLS1_1_VERSION },
        { .version = TLS1_VERSION },
        { .version = TLS1_2_VERSION, .suites = "eNULL:@SECLEVEL=0" },
        { .version = TLS1_2_VERSION, .suites = "aNULL:@SECLEVEL=0" },
        { .version = TLS1_2_VERSION, .suites = "kRSA:@SECLEVEL=0" },
        { .version = TLS1_2_VERSION, .suites = "ECDHE-ECDSA-AES128-SHA" },
        { .version = TLS1_2_VERSION,
          .suites = "PSK-NULL-SHA256:@SECLEVEL=0",
          .psk_identity = K1,
          .psk_byte = 'a' },
        { .version = TLS1_2_VERSION,
          .suites = "RSA-PSK-AES128-CBC-SHA256:@SECLEVEL=0",
          .psk_identity = K1,
          .psk_byte = 'a' },
    };
    struct mln_tls *tls = make_plain(*state);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tls_pair p;

        mln_tls_pair_shake(&p, tls, &bad[i]);
        assert_false(p.is_done);
        assert_true(p.alert == SSL_AD_PROTOCOL_VERSION || p.alert == SSL_AD_HANDSHAKE_FAILURE);
        mln_tls_pair_done(&p);
    }
    mln_tls_unref(tls);
}

static void versions_can_be_narrowed(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct mln_tls_options options = mln_tls_lab_options(*state);
        struct mln_tls *tls;

        options.least = options.greatest = i ? MLN_TLS_1_3 : MLN_TLS_1_2;
        tls = make(&options);
        for (int j = 0; j < 2; j++) {
            struct tls_client want = { .version = versions[j] };
            struct tls_pair p;

            mln_tls_pair_shake(&p, tls, &want);
            assert_int_equal(p.is_done, i == j);
            mln_tls_pair_done(&p);
        }
        mln_tls_unref(tls);
    }
}

/* SEC-TLS-03 */
static void the_name_selects_the_certificate(void **state)
{
    struct tls_lab *lab = *state;
    struct mln_tls_identity both[] = { lab->cse, lab->other };
    struct mln_tls_options options = mln_tls_lab_options(lab);
    static const char *const names[] = { "in.sp.example", "OTHER.sp.example", NULL };
    static const char *const shown[] = { "in.sp.example", "other.sp.example", "in.sp.example" };
    struct mln_tls *tls;

    options.identities = both;
    options.identity_count = 2;
    tls = make(&options);
    for (int i = 0; i < 3; i++) {
        struct tls_client want = { .version = versions[i % 2], .name = names[i] };
        struct tls_pair p;

        mln_tls_pair_shake(&p, tls, &want);
        assert_done(&p);
        assert_int_equal(X509_check_host(SSL_get0_peer_certificate(p.client), shown[i], 0, 0, NULL),
                         1);
        mln_tls_pair_done(&p);
    }
    mln_tls_unref(tls);
}

/* SEC-TLS-03 */
static void other_authorities_are_refused(void **state)
{
    struct mln_slice names[] = { MLN_S("cse.sp.example") };
    struct mln_tls_options options = mln_tls_lab_options(*state);
    struct mln_tls *plain = make(&options);
    struct mln_tls *named;

    options.authorities = names;
    options.authority_count = 1;
    named = make(&options);
    for (int i = 0; i < 2; i++) {
        struct tls_client of_certificate = { .version = versions[i], .name = "in.sp.example" };
        struct tls_client of_list = with_key(versions[i], K1, 'a');
        struct tls_pair p;

        of_list.name = "CSE.sp.example";
        mln_tls_pair_shake(&p, named, &of_certificate);
        assert_false(p.is_done);
        assert_int_equal(p.alert, SSL_AD_UNRECOGNIZED_NAME);
        assert_non_null(strstr(p.why.text, "another authority"));
        mln_tls_pair_done(&p);
        mln_tls_pair_shake(&p, named, &of_list);
        assert_credential(&p, "12-" K1);
        mln_tls_pair_done(&p);
        mln_tls_pair_shake(&p, plain, &of_list);
        assert_int_equal(p.alert, SSL_AD_UNRECOGNIZED_NAME);
        mln_tls_pair_done(&p);
    }
    mln_tls_unref(plain);
    mln_tls_unref(named);
}

/* ---- keys ---- */

/* SEC-SAE-01 */
static void a_key_proves_its_credential(void **state)
{
    struct mln_tls *tls = make_plain(*state);

    for (int i = 0; i < 2; i++) {
        struct tls_client want = with_key(versions[i], K1, 'a');
        struct tls_pair p;

        mln_tls_pair_shake(&p, tls, &want);
        assert_credential(&p, "12-" K1);
        assert_int_equal(p.association->kind, MLN_ASSOCIATION_KEY);
        assert_int_equal(p.association->ae_id_count, 1);
        assert_true(mln_slice_eq(p.association->ae_ids[0], MLN_S("Sone")));
        mln_tls_pair_done(&p);
    }
    mln_tls_unref(tls);
}

static void forward_secrecy_is_preferred(void **state)
{
    struct mln_tls *tls = make_plain(*state);
    struct tls_client want = with_key(TLS1_2_VERSION, K1, 'a');
    struct tls_pair p;

    want.suites = PSK_CBC ":ECDHE-PSK-AES128-CBC-SHA256";
    mln_tls_pair_shake(&p, tls, &want);
    assert_credential(&p, "12-" K1);
    assert_string_equal(SSL_get_cipher(p.client), "ECDHE-PSK-AES128-CBC-SHA256");
    mln_tls_pair_done(&p);
    mln_tls_unref(tls);
}

/* SEC-IDN-02, SEC-TLS-05 */
static void unknown_identity_and_wrong_key_look_alike(void **state)
{
    struct mln_tls *tls = make_plain(*state);

    for (int i = 0; i < 2; i++) {
        struct tls_client wrong = with_key(versions[i], K1, 'x');
        struct tls_client unknown = with_key(versions[i], "nobody@sp.example", 'a');
        struct tls_pair p;
        struct tls_pair q;

        mln_tls_pair_shake(&p, tls, &wrong);
        mln_tls_pair_shake(&q, tls, &unknown);
        assert_false(p.is_done || q.is_done);
        assert_true(p.alert != 0);
        assert_int_equal(p.alert, q.alert);
        assert_string_equal(p.why.text, q.why.text);
        mln_tls_pair_done(&p);
        mln_tls_pair_done(&q);
    }
    mln_tls_unref(tls);
}

/* What is no key identifier is none in TLS 1.3 either; in 1.2 it is an unknown one. */
static void odd_identities_find_nothing(void **state)
{
    static const char *const odd[] = { "",
                                       "k1",
                                       "k1@sp.example.",
                                       "k1@@sp.example",
                                       "k1@sp.example ",
                                       "12-k1@sp.example",
                                       "\xff\xfe@sp.example" };
    struct mln_tls *tls = make_asking(*state, MLN_TLS_CLIENT_REQUIRED);

    for (size_t i = 0; i < 2 * (sizeof odd / sizeof odd[0]); i++) {
        struct tls_client want = with_key(versions[i % 2], odd[i / 2], 'a');
        struct tls_pair p;

        mln_tls_pair_shake(&p, tls, &want);
        assert_false(p.is_done);
        assert_null(p.association);
        mln_tls_pair_done(&p);
    }
    mln_tls_unref(tls);
}

/* SEC-IDN-03, SEC-SAE-05 */
static void keys_for_other_uses_are_refused(void **state)
{
    struct tls_lab *lab = *state;
    const struct mln_slice ae[] = { MLN_S("Sprim") };
    const struct mln_credential credential = { .id = MLN_S("13-prim@sp.example"),
                                               .suid = 33,
                                               .ae_ids = { ae, 1 },
                                               .not_after_us = INT64_MAX };
    struct mln_secret *key = mln_secret_new(MLN_CREDENTIAL_KEY_USUAL);
    struct mln_tls *tls = make_plain(lab);

    memset(mln_secret_room(key), 'p', MLN_CREDENTIAL_KEY_USUAL);
    assert_false(mln_failed(mln_credentials_add(lab->dir->credentials, &credential, key, NULL)));
    mln_secret_free(key);
    for (int i = 0; i < 2; i++) {
        struct tls_client want = with_key(versions[i], "prim@sp.example", 'p');
        struct tls_pair p;

        mln_tls_pair_shake(&p, tls, &want);
        assert_false(p.is_done);
        mln_tls_pair_done(&p);
    }
    mln_tls_unref(tls);
}

/* An identity that is offered beside a suite that its key cannot be used with: OpenSSL leaves the
 * key aside, and so do we. Nobody has shown that he has it. */
static void an_identity_without_its_key_proves_nothing(void **state)
{
    struct mln_tls *tls = make_asking(*state, MLN_TLS_CLIENT_OPTIONAL);
    struct mln_tls *strict = make_asking(*state, MLN_TLS_CLIENT_REQUIRED);
    struct tls_client want = with_key(TLS1_3_VERSION, K1, 'x');
    struct tls_pair p;

    want.suites_1_3 = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256";
    mln_tls_pair_shake(&p, tls, &want);
    assert_false(p.is_done); /* our order takes the key's suite, and its binder is wrong */
    mln_tls_pair_done(&p);
    want.suites_1_3 = "TLS_AES_256_GCM_SHA384";
    mln_tls_pair_shake(&p, tls, &want);
    assert_null(p.association);
    mln_tls_pair_done(&p);
    mln_tls_pair_shake(&p, strict, &want);
    assert_false(p.is_done);
    mln_tls_pair_done(&p);
    mln_tls_unref(tls);
    mln_tls_unref(strict);
}

/* ---- certificates of clients ---- */

/* SEC-SAE-02, SEC-CRT-08 */
static void a_certificate_proves_its_identity(void **state)
{
    struct tls_lab *lab = *state;
    struct mln_tls *tls = make_asking(lab, MLN_TLS_CLIENT_REQUIRED);

    for (int i = 0; i < 2; i++) {
        struct tls_client ae = { .version = versions[i], .identity = &lab->ae };
        struct tls_client cse = { .version = versions[i], .identity = &lab->cse };
        struct tls_pair p;

        mln_tls_pair_shake(&p, tls, &ae);
        assert_credential(&p, "33-//sp.example/Sdev");
        assert_int_equal(p.association->kind, MLN_ASSOCIATION_CERTIFICATE);
        assert_true(mln_slice_eq(p.association->ae_ids[0], MLN_S("//sp.example/Sdev")));
        assert_true(p.association->expires_us != INT64_MAX);
        mln_tls_pair_done(&p);
        mln_tls_pair_shake(&p, tls, &cse);
        assert_credential(&p, "32-//sp.example/in");
        assert_true(mln_slice_eq(p.association->cse_id, MLN_S("//sp.example/in")));
        mln_tls_pair_done(&p);
    }
    mln_tls_unref(tls);
}

/* SEC-TLS-06 */
static void a_certificate_can_be_required(void **state)
{
    struct mln_tls *tls = make_asking(*state, MLN_TLS_CLIENT_REQUIRED);

    for (int i = 0; i < 2; i++) {
        struct tls_client nothing = { .version = versions[i] };
        struct tls_client key = with_key(versions[i], K1, 'a');
        struct tls_pair p;

        mln_tls_pair_shake(&p, tls, &nothing);
        assert_false(p.is_done);
        assert_true(p.alert != 0);
        mln_tls_pair_done(&p);
        mln_tls_pair_shake(&p, tls, &key);
        assert_credential(&p, "12-" K1);
        mln_tls_pair_done(&p);
    }
    mln_tls_unref(tls);
}

/* SEC-CRT-05: a certificate that is good tomorrow no longer */
static void an_expired_certificate_is_refused(void **state)
{
    struct tls_lab *lab = *state;
    struct mln_tls *tls = make_asking(lab, MLN_TLS_CLIENT_OPTIONAL);
    struct tls_client want = { .identity = &lab->ae };
    struct tls_pair p;

    lab->later_us = INT64_C(40) * 86400 * 1000000;
    mln_tls_pair_shake(&p, tls, &want);
    assert_false(p.is_done);
    assert_non_null(strstr(p.why.text, "expired"));
    mln_tls_pair_done(&p);
    mln_tls_unref(tls);
}

/* SEC-CRT-02: bound to another anchor; the AE-ID of a certificate that names another */
static void a_binding_can_forbid_a_certificate(void **state)
{
    struct tls_lab *lab = *state;
    const struct mln_slice ae[] = { MLN_S("Sdev") };
    const struct mln_credential credential = {
        .id = MLN_S("33-//sp.example/Sdev"),
        .suid = 42,
        .anchor = MLN_S("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
        .ae_ids = { ae, 1 },
        .not_after_us = INT64_MAX,
    };
    struct mln_tls *tls = make_asking(lab, MLN_TLS_CLIENT_REQUIRED);
    struct tls_client want = { .identity = &lab->ae };
    struct tls_pair p;

    assert_false(mln_failed(mln_credentials_add(lab->dir->credentials, &credential, NULL, NULL)));
    mln_tls_pair_shake(&p, tls, &want);
    assert_false(p.is_done);
    assert_non_null(strstr(p.why.text, "stands for nobody"));
    mln_tls_pair_done(&p);
    mln_tls_unref(tls);
}

/* ---- what cannot be made ---- */

static void bad_options_are_told(void **state)
{
    struct tls_lab *lab = *state;
    struct mln_tls_options good = mln_tls_lab_options(lab);
    struct mln_tls_options o = good;
    struct mln_tls_identity mixed = { .certificate = lab->cse.certificate, .key = lab->ae.key };
    struct mln_tls_identity swapped = { .certificate = lab->cse.key, .key = lab->cse.certificate };
    struct mln_fault fault = { 0 };
    struct mln_tls *tls = NULL;

    o.identities = &mixed;
    mln_cred_dir_error(mln_tls_new(&o, &fault, &tls), MLN_ERR_CONFIG);
    assert_non_null(strstr(fault.text, "does not belong"));
    mln_fault_clear(&fault);
    o.identities = &swapped;
    mln_cred_dir_error(mln_tls_new(&o, &fault, &tls), MLN_ERR_CONFIG);
    assert_null(strstr(fault.text, "BEGIN"));
    o = good;
    o.identity_count = 0;
    o.credentials = NULL;
    mln_cred_dir_error(mln_tls_new(&o, &fault, &tls), MLN_ERR_CONFIG);
    o = good;
    o.clients = MLN_TLS_CLIENT_REQUIRED;
    mln_cred_dir_error(mln_tls_new(&o, &fault, &tls), MLN_ERR_CONFIG);
    o = good;
    o.least = MLN_TLS_1_3;
    o.greatest = MLN_TLS_1_2;
    mln_cred_dir_error(mln_tls_new(&o, &fault, &tls), MLN_ERR_CONFIG);
    assert_null(tls);
}

#define LAB(test) cmocka_unit_test_setup_teardown(test, mln_tls_lab_up, mln_tls_lab_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB(a_client_without_credentials_is_nobody),
        LAB(serves_the_mandatory_suites),
        LAB(refuses_what_the_profile_leaves_out),
        LAB(versions_can_be_narrowed),
        LAB(the_name_selects_the_certificate),
        LAB(other_authorities_are_refused),
        LAB(a_key_proves_its_credential),
        LAB(forward_secrecy_is_preferred),
        LAB(unknown_identity_and_wrong_key_look_alike),
        LAB(odd_identities_find_nothing),
        LAB(keys_for_other_uses_are_refused),
        LAB(an_identity_without_its_key_proves_nothing),
        LAB(a_certificate_proves_its_identity),
        LAB(a_certificate_can_be_required),
        LAB(an_expired_certificate_is_refused),
        LAB(a_binding_can_forbid_a_certificate),
        LAB(bad_options_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
