/* Tests of associations from certificates and raw public keys. */
#include "crypto/credentials_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "crypto/cred_dir_test.h"

enum { NOW = 1000, LATER = 2000 };

#define ANCHOR MLN_S("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff")
#define OTHER  MLN_S("ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff")
#define RAW_ID "30-sha-256-128;f4OxZX_x_FO5LcGBSKHWXQ"

static const struct mln_slice ae_id[] = { { "33-//sp.example/S123", 20 } };
static const struct mln_slice cse_id[] = { { "32-//sp.example/mn1", 19 } };
static const struct mln_slice device_ids[] = { { "31-1.2.3", 8 }, { "31-1.2.4", 8 } };
static const struct mln_slice raw_id[] = { { RAW_ID, sizeof RAW_ID - 1 } };

static struct mln_proof ae_proof(void)
{
    return (struct mln_proof){
        .kind = MLN_ASSOCIATION_CERTIFICATE,
        .credential_ids = { ae_id, 1 },
        .anchor = ANCHOR,
        .ae_id = MLN_S("//sp.example/S123"),
        .app_id = MLN_S("Nlight"),
        .expires_us = LATER,
    };
}

static struct mln_proof cse_proof(void)
{
    return (struct mln_proof){
        .kind = MLN_ASSOCIATION_CERTIFICATE,
        .credential_ids = { cse_id, 1 },
        .domain = MLN_S("mn1.in.sp.example"),
        .anchor = ANCHOR,
        .cse_id = MLN_S("//sp.example/mn1"),
        .expires_us = LATER,
    };
}

static struct mln_proof device_proof(void)
{
    return (struct mln_proof){
        .kind = MLN_ASSOCIATION_CERTIFICATE,
        .credential_ids = { device_ids, 2 },
        .anchor = ANCHOR,
        .expires_us = LATER,
    };
}

static struct mln_proof raw_proof(void)
{
    return (struct mln_proof){
        .kind = MLN_ASSOCIATION_RAW_KEY,
        .credential_ids = { raw_id, 1 },
        .expires_us = INT64_MAX,
    };
}

static struct mln_association *associate(const struct cred_dir *dir, const struct mln_proof *proof)
{
    struct mln_association *a = NULL;

    assert_false(
        mln_failed(mln_credentials_associate(dir->credentials, proof, MLN_USE_SAEF, NOW, &a)));
    assert_non_null(a);
    return a;
}

static void refuse(const struct cred_dir *dir, const struct mln_proof *proof, enum mln_use use,
                   int64_t now_us)
{
    struct mln_association *a = NULL;

    mln_cred_dir_error(mln_credentials_associate(dir->credentials, proof, use, now_us, &a),
                       MLN_ERR_NOT_AUTHENTICATED);
    assert_null(a);
}

static void add(const struct cred_dir *dir, const struct mln_credential *credential)
{
    struct mln_fault fault = { 0 };

    if (mln_failed(mln_credentials_add(dir->credentials, credential, NULL, &fault))) {
        fail_msg("%s", fault.text);
    }
}

static void assert_text(struct mln_slice s, const char *want)
{
    assert_int_equal(s.len, strlen(want));
    assert_memory_equal(s.ptr, want, s.len);
}

/* SEC-CRT-08: the identity of the certificate, without configuration */
static void takes_the_identity_of_the_certificate(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_proof proof = ae_proof();
    struct mln_association *a = associate(dir, &proof);

    assert_int_equal(a->kind, MLN_ASSOCIATION_CERTIFICATE);
    assert_text(a->credential_id, "33-//sp.example/S123");
    assert_int_equal(a->ae_id_count, 1);
    assert_text(a->ae_ids[0], "//sp.example/S123");
    assert_int_equal(a->cse_id.len, 0);
    assert_text(a->app_id, "Nlight");
    assert_int_equal(a->expires_us, LATER);
    mln_association_unref(a);
    proof = cse_proof();
    a = associate(dir, &proof);
    assert_text(a->cse_id, "//sp.example/mn1");
    assert_int_equal(a->ae_id_count, 0);
    mln_association_unref(a);
}

/* SEC-CRT-09: what a device may do is configured; unknown devices may only register */
static void takes_the_binding_of_a_device(void **state)
{
    struct cred_dir *dir = *state;
    const struct mln_slice ae_ids[] = { MLN_S("Ca*"), MLN_S("Cb") };
    const struct mln_slice role_ids[] = { MLN_S("reader@sp.example") };
    const struct mln_credential c = {
        .id = device_ids[1],
        .suid = 42,
        .ae_ids = { ae_ids, 2 },
        .role_ids = { role_ids, 1 },
        .not_after_us = LATER - 1,
    };
    struct mln_proof proof = device_proof();
    struct mln_association *a = associate(dir, &proof);

    assert_int_equal(a->ae_id_count, 0);
    assert_text(a->credential_id, "31-1.2.3");
    mln_association_unref(a);
    add(dir, &c);
    a = associate(dir, &proof);
    assert_text(a->credential_id, "31-1.2.4"); /* the one that is configured */
    assert_int_equal(a->ae_id_count, 2);
    assert_text(a->ae_ids[0], "Ca*");
    assert_int_equal(a->role_id_count, 1);
    assert_int_equal(a->expires_us, LATER - 1);
    mln_association_unref(a);
}

/* SEC-CRT-07 in part: a raw public key stands for nothing but what is configured */
static void knows_raw_keys_by_configuration_only(void **state)
{
    struct cred_dir *dir = *state;
    const struct mln_credential c = {
        .id = MLN_S("30-ni:///sha-256-128;f4OxZX_x_FO5LcGBSKHWXQ"),
        .suid = 42,
        .cse_id = MLN_S("//sp.example/mn1"),
        .not_after_us = INT64_MAX,
    };
    struct mln_proof proof = raw_proof();
    struct mln_association *a;

    refuse(dir, &proof, MLN_USE_SAEF, NOW);
    add(dir, &c);
    a = associate(dir, &proof);
    assert_int_equal(a->kind, MLN_ASSOCIATION_RAW_KEY);
    assert_text(a->credential_id, RAW_ID);
    assert_text(a->cse_id, "//sp.example/mn1");
    mln_association_unref(a);
    proof.credential_ids.count = 0;
    refuse(dir, &proof, MLN_USE_SAEF, NOW);
}

static void finds_a_cse_by_its_domain(void **state)
{
    struct cred_dir *dir = *state;
    const struct mln_credential c = {
        .id = MLN_S("32-//sp.example/Mn1"),
        .suid = 42,
        .domain = MLN_S("mn1.in.sp.example"),
        .cse_id = MLN_S("//sp.example/Mn1"),
        .not_after_us = INT64_MAX,
    };
    struct mln_proof proof = cse_proof();
    struct mln_association *a;

    proof.credential_ids.count = 0;
    proof.cse_id.len = 0;
    refuse(dir, &proof, MLN_USE_SAEF, NOW);
    add(dir, &c);
    a = associate(dir, &proof);
    assert_text(a->cse_id, "//sp.example/Mn1");
    assert_text(a->credential_id, "32-//sp.example/Mn1");
    mln_association_unref(a);
}

/* A domain name has no capitals, so the certificate says "mn1": the binding says which CSE it is.
 */
static void gives_a_cse_its_capitals(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_credential c = {
        .id = MLN_S("32-//sp.example/Mn1"),
        .suid = 42,
        .domain = MLN_S("mn1.in.sp.example"),
        .cse_id = MLN_S("//SP.example/Mn1"),
        .not_after_us = INT64_MAX,
    };
    struct mln_proof proof = cse_proof();
    struct mln_association *a;

    add(dir, &c);
    a = associate(dir, &proof);
    assert_text(a->cse_id, "//SP.example/Mn1");
    assert_text(a->credential_id, "32-//sp.example/Mn1");
    mln_association_unref(a);
    assert_false(mln_failed(mln_credentials_remove(dir->credentials, c.id, NULL)));
    c.cse_id = MLN_S("//SP.example/mn1");
    add(dir, &c);
    a = associate(dir, &proof);
    assert_text(a->cse_id, "//sp.example/mn1"); /* no capitals: as the certificate has it */
    mln_association_unref(a);
    assert_false(mln_failed(mln_credentials_remove(dir->credentials, c.id, NULL)));
    c.cse_id = MLN_S("//sp.example/Mn2");
    add(dir, &c);
    refuse(dir, &proof, MLN_USE_SAEF, NOW);
}

/* SEC-IDN-03 SEC-SAE-05 SEC-CRT-06: wrong use, time or anchor */
static void refuses_what_the_credential_does_not_allow(void **state)
{
    struct cred_dir *dir = *state;
    const struct mln_credential c = {
        .id = ae_id[0],
        .suid = 42,
        .anchor = ANCHOR,
        .not_before_us = 10,
        .not_after_us = 2000,
    };
    struct mln_proof proof = ae_proof();
    struct mln_association *a;

    add(dir, &c);
    a = associate(dir, &proof);
    mln_association_unref(a);
    refuse(dir, &proof, MLN_USE_ESPRIM, NOW);
    refuse(dir, &proof, MLN_USE_MAF, NOW);
    refuse(dir, &proof, MLN_USE_SAEF, 9);
    refuse(dir, &proof, MLN_USE_SAEF, 2000);
    proof.anchor = OTHER;
    refuse(dir, &proof, MLN_USE_SAEF, NOW);
    proof.anchor.len = 0;
    refuse(dir, &proof, MLN_USE_SAEF, NOW);
}

/* A certificate and its configuration that name two entities prove neither. */
static void refuses_two_identities(void **state)
{
    struct cred_dir *dir = *state;
    const struct mln_slice other_ae[] = { MLN_S("S9*") };
    struct mln_credential c = {
        .id = ae_id[0], .suid = 42, .ae_ids = { other_ae, 1 }, .not_after_us = INT64_MAX
    };
    struct mln_proof proof = ae_proof();

    add(dir, &c);
    refuse(dir, &proof, MLN_USE_SAEF, NOW);
    assert_false(mln_failed(mln_credentials_remove(dir->credentials, c.id, NULL)));
    c.ae_ids.count = 0;
    c.cse_id = MLN_S("//sp.example/mn1");
    add(dir, &c);
    refuse(dir, &proof, MLN_USE_SAEF, NOW);
    c.id = cse_id[0];
    c.cse_id = MLN_S("//sp.example/mn2");
    add(dir, &c);
    proof = cse_proof();
    refuse(dir, &proof, MLN_USE_SAEF, NOW);
    proof.cse_id = MLN_S("//SP.Example/mn2");
    mln_association_unref(associate(dir, &proof));
}

/* The certificate's one AE-ID is what remains of a pattern. */
static void narrows_to_the_certificate(void **state)
{
    struct cred_dir *dir = *state;
    const struct mln_slice ae_ids[] = { MLN_S("C*"), MLN_S("S1*") };
    const struct mln_credential c = {
        .id = ae_id[0], .suid = 42, .ae_ids = { ae_ids, 2 }, .not_after_us = INT64_MAX
    };
    struct mln_proof proof = ae_proof();
    struct mln_association *a;

    add(dir, &c);
    a = associate(dir, &proof);
    assert_int_equal(a->ae_id_count, 1);
    assert_text(a->ae_ids[0], "//sp.example/S123");
    mln_association_unref(a);
}

/* A row may name the AE in any spelling. */
static void knows_the_ae_in_each_spelling(void **state)
{
    static const struct {
        struct mln_slice pattern;
        bool is_same;
    } rows[] = {
        { { "//sp.example/S123", 17 }, true },
        { { "//SP.example/S1*", 16 }, true },
        { { "/S123", 5 }, true },
        { { "/S*", 3 }, true },
        { { "S123", 4 }, true },
        { { "//ot.example/S123", 17 }, false },
        { { "//sp.example/S124", 17 }, false },
        { { "/mn1/C123", 9 }, false },
        { { "/S12", 4 }, false },
        { { "//sp.example/*/C*", 17 }, false },
    };
    struct cred_dir *dir = *state;
    struct mln_credential c = { .id = ae_id[0], .suid = 42, .not_after_us = INT64_MAX };
    struct mln_proof proof = ae_proof();

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        c.ae_ids = (struct mln_credential_list){ &rows[i].pattern, 1 };
        add(dir, &c);
        if (rows[i].is_same) {
            mln_association_unref(associate(dir, &proof));
        } else {
            refuse(dir, &proof, MLN_USE_SAEF, NOW);
        }
        assert_false(mln_failed(mln_credentials_remove(dir->credentials, c.id, NULL)));
    }
}

/* ---- who holds what ---- */

static void shares_equal_associations(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_proof proof = ae_proof();
    struct mln_association *a = associate(dir, &proof);
    struct mln_association *b = associate(dir, &proof);
    struct mln_association *c;

    assert_ptr_equal(a, b);
    proof.expires_us = LATER + 1; /* the certificate was renewed */
    c = associate(dir, &proof);
    assert_ptr_not_equal(a, c);
    mln_association_unref(a);
    mln_association_unref(b);
    mln_association_unref(c);
}

static size_t held(const struct cred_dir *dir)
{
    size_t count = 0;

    for (size_t i = 0; i < MLN_CRED_CHAINS; i++) {
        for (struct mln_cred_held *h = dir->credentials->chains[i]; h; h = h->next) {
            count++;
        }
    }
    return count;
}

/* The registry does not grow with what nobody holds. */
static void forgets_what_nobody_holds(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_proof proof = ae_proof();

    for (int i = 0; i < 100; i++) {
        proof.expires_us = LATER + i;
        mln_association_unref(associate(dir, &proof));
    }
    assert_int_equal(held(dir), 1);
}

static void revokes_by_row(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_credential c = { .id = device_ids[0], .suid = 42, .not_after_us = INT64_MAX };
    struct mln_proof device = device_proof();
    struct mln_proof ae = ae_proof();
    struct mln_association *before = associate(dir, &device);
    struct mln_association *bystander = associate(dir, &ae);
    struct mln_association *after;

    add(dir, &c); /* what was unknown is configured now */
    assert_false(mln_association_is_valid(before, NOW));
    after = associate(dir, &device);
    assert_true(mln_association_is_valid(after, NOW));
    assert_false(mln_failed(mln_credentials_reload(dir->credentials, NULL)));
    assert_true(mln_association_is_valid(after, NOW));
    assert_false(mln_failed(mln_credentials_remove(dir->credentials, c.id, NULL)));
    assert_false(mln_association_is_valid(after, NOW));
    assert_true(mln_association_is_valid(bystander, NOW));
    mln_association_unref(before);
    mln_association_unref(after);
    mln_association_unref(bystander);
}

/* A row can come under any name of the certificate, and before the one that served so far. */
static void revokes_by_any_name(void **state)
{
    struct cred_dir *dir = *state;
    const struct mln_credential second = { .id = device_ids[1],
                                           .suid = 42,
                                           .not_after_us = INT64_MAX };
    const struct mln_credential first = { .id = device_ids[0],
                                          .suid = 42,
                                          .not_after_us = INT64_MAX };
    const struct mln_credential cse = {
        .id = MLN_S("32-//sp.example/Mn1"),
        .suid = 42,
        .domain = MLN_S("mn1.in.sp.example"),
        .not_after_us = INT64_MAX,
    };
    struct mln_proof proofs[] = { device_proof(), cse_proof(), device_proof() };
    struct mln_association *a[4];

    proofs[2].credential_ids.count = 1; /* another certificate, known by the first name only */
    a[0] = associate(dir, &proofs[0]);
    a[1] = associate(dir, &proofs[1]);
    a[2] = associate(dir, &proofs[2]);
    assert_ptr_not_equal(a[0], a[2]);
    add(dir, &second);
    assert_false(mln_association_is_valid(a[0], NOW));
    assert_true(mln_association_is_valid(a[1], NOW));
    assert_true(mln_association_is_valid(a[2], NOW));
    add(dir, &cse);
    assert_false(mln_association_is_valid(a[1], NOW));
    a[3] = associate(dir, &proofs[0]);
    add(dir, &first);
    assert_false(mln_association_is_valid(a[3], NOW));
    assert_false(mln_association_is_valid(a[2], NOW));
    for (size_t i = 0; i < 4; i++) {
        mln_association_unref(a[i]);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, mln_cred_dir_up, mln_cred_dir_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(takes_the_identity_of_the_certificate),
        T(takes_the_binding_of_a_device),
        T(knows_raw_keys_by_configuration_only),
        T(finds_a_cse_by_its_domain),
        T(gives_a_cse_its_capitals),
        T(refuses_what_the_credential_does_not_allow),
        T(refuses_two_identities),
        T(narrows_to_the_certificate),
        T(knows_the_ae_in_each_spelling),
        T(shares_equal_associations),
        T(forgets_what_nobody_holds),
        T(revokes_by_row),
        T(revokes_by_any_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
