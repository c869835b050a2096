/* Public key identifiers: the vector of RFC 6920, and keys of the profile in every form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "crypto/x509_int.h"

static struct mln_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(1 << 20);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

/* RFC 6920 section 8: names of one SubjectPublicKeyInfo */
static const char *const rfc_names[] = {
    "ni:///sha-256;UyaQV-Ev4rdLoHyJJWCi11OHfrYv9E1aGQAlMO2X_-Q",
    "nih:sha-256-120;5326-9057-e12f-e2b7-4ba0-7c89-2560-a2;f",
    "nih:3;5326-9057-e12f-e2b7-4ba0-7c89-2560-a2;f",
    "nih:sha-256-120;53269057e12fe2b74ba07c892560a2",
};

static void test_names_of_the_rfc(void **state)
{
    struct mln_slice normal;

    (void)state;
    assert_false(mln_failed(mln_cert_key_id_normal(mln_slice_z(rfc_names[0]), arena, &normal)));
    assert_true(mln_slice_eq(normal, mln_slice_z(rfc_names[0] + 6)));
    for (size_t i = 1; i < 4; i++) {
        assert_false(mln_failed(mln_cert_key_id_normal(mln_slice_z(rfc_names[i]), arena, &normal)));
        /* the same digest as the first name, cut to 15 bytes */
        assert_true(mln_slice_eq(normal, MLN_S("sha-256-120;UyaQV-Ev4rdLoHyJJWCi")));
    }
}

static void test_malformed_identifiers(void **state)
{
    static const char *const bad[] = {
        "",
        "sha-256",
        "sha-256;",
        "sha-256;UyaQV-Ev4rdLoHyJJWCi11OHfrYv9E1aGQAlMO2X_-",
        "sha-256;UyaQV-Ev4rdLoHyJJWCi11OHfrYv9E1aGQAlMO2X_-QQ",
        "sha-256;UyaQV-Ev4rdLoHyJJWCi11OHfrYv9E1aGQAlMO2X_-Q=",
        "sha-256;UyaQV+Ev4rdLoHyJJWCi11OHfrYv9E1aGQAlMO2X/+Q",
        "sha-256;UyaQV-Ev4rdLoHyJJWCi11OHfrYv9E1aGQAlMO2X_-R", /* other bits at the end */
        "sha-256-96;UyaQV-Ev4rdLoHyJ",
        "sha-256-32;UyaQVw",
        "SHA-256;UyaQV-Ev4rdLoHyJJWCi11OHfrYv9E1aGQAlMO2X_-Q",
        "sha-512;UyaQV-Ev4rdLoHyJJWCi11OHfrYv9E1aGQAlMO2X_-Q",
        "3;UyaQV-Ev4rdLoHyJJWCi",
        "ni://example.com/sha-256;UyaQV-Ev4rdLoHyJJWCi11OHfrYv9E1aGQAlMO2X_-Q",
        "ni:///sha-256;UyaQV-Ev4rdLoHyJJWCi11OHfrYv9E1aGQAlMO2X_-Q?ct=x",
        "nih:sha-256-120;5326-9057-e12f-e2b7-4ba0-7c89-2560-a2;e",
        "nih:sha-256-120;5326-9057-e12f-e2b7-4ba0-7c89-2560-a2;",
        "nih:sha-256-120;5326-9057-e12f-e2b7-4ba0-7c89-2560-a2;ff",
        "nih:sha-256-120;5326-9057-e12f-e2b7-4ba0-7c89-2560-a;f",
        "nih:sha-256-120;5326-9057-e12f-e2b7-4ba0-7c89-2560-a2a2;f",
        "nih:sha-256-120;532g-9057-e12f-e2b7-4ba0-7c89-2560-a2;f",
        "nih:4;5326-9057-e12f-e2b7-4ba0-7c89;5",
    };
    struct mln_slice normal;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(mln_cert_key_id_normal(mln_slice_z(bad[i]), arena, &normal).code,
                         MLN_ERR_SYNTAX);
    }
}

/* SEC-CRT-07: a key is known by all three names; with one bit flipped it is not */
static void test_keys(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY *other = EVP_EC_gen("P-256");
    struct mln_cert_identity identity;
    enum mln_cert_reason reason;

    (void)state;
    assert_false(mln_failed(mln_cert_identity_of_key(key, arena, &identity, &reason)));
    assert_int_equal(identity.flavour, MLN_CERT_RAW_KEY);
    for (size_t i = 0; i < MLN_CERT_KEY_IDS; i++) {
        struct mln_slice id = identity.key_ids[i];
        struct mln_slice name = mln_slice_head(id, mln_slice_find(id, ';') + 1);

        assert_true(mln_cert_key_matches(key, id));
        assert_false(mln_cert_key_matches(other, id));
        for (size_t at = name.len; at < id.len; at++) {
            char *copy = mln_arena_zdup(arena, id);

            copy[at] = copy[at] == 'A' ? 'B' : 'A';
            assert_false(copy[at] != id.ptr[at] &&
                         mln_cert_key_matches(key, mln_slice_of(copy, id.len)));
        }
    }
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

/* SEC-IDN-07 */
static void test_credential_id(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    struct mln_cert_identity identity;
    enum mln_cert_reason reason;

    (void)state;
    assert_false(mln_failed(mln_cert_identity_of_key(key, arena, &identity, &reason)));
    assert_true(mln_slice_starts(identity.credential_id, MLN_S("30-sha-256;")));
    assert_true(mln_slice_eq(mln_slice_from(identity.credential_id, 3), identity.key_ids[0]));
    EVP_PKEY_free(key);
}

/* SEC-CRT-05, SEC-CRT-07: raw public keys are of the same profile */
static void test_other_keys_are_refused(void **state)
{
    EVP_PKEY *p384 = EVP_EC_gen("P-384");
    EVP_PKEY *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    EVP_PKEY *compressed = EVP_EC_gen("P-256");
    struct mln_cert_identity identity;
    enum mln_cert_reason reason;

    (void)state;
    assert_int_equal(mln_cert_identity_of_key(p384, arena, &identity, &reason).code,
                     MLN_ERR_CERTIFICATE);
    assert_int_equal(reason, MLN_CERT_KEY_TYPE);
    assert_int_equal(mln_cert_identity_of_key(ed25519, arena, &identity, &reason).code,
                     MLN_ERR_CERTIFICATE);
    assert_int_equal(reason, MLN_CERT_KEY_TYPE);
    assert_int_equal(EVP_PKEY_set_utf8_string_param(compressed, "point-format", "compressed"), 1);
    assert_int_equal(mln_cert_identity_of_key(compressed, arena, &identity, &reason).code,
                     MLN_ERR_CERTIFICATE);
    assert_int_equal(reason, MLN_CERT_KEY_POINT);
    EVP_PKEY_free(p384);
    EVP_PKEY_free(ed25519);
    EVP_PKEY_free(compressed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names_of_the_rfc, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_malformed_identifiers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_credential_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_keys_are_refused, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
