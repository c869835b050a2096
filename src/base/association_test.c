/* Tests of associations. */
#include "base/association.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { NOW = 1000 };

static struct mln_association *make(const struct mln_association *draft)
{
    struct mln_association *a = NULL;

    assert_false(mln_failed(mln_association_new(draft, &a)));
    assert_non_null(a);
    return a;
}

static void assert_text(struct mln_slice s, const char *want)
{
    assert_int_equal(s.len, strlen(want));
    assert_memory_equal(s.ptr, want, s.len);
}

static void copies_all(void **state)
{
    char id[] = "12-k1@sp.example";
    char stem[] = "C1*";
    struct mln_slice ae_ids[] = { mln_slice_z(stem), MLN_S("//sp.example/cse1/Cx") };
    struct mln_slice app_ids[] = { MLN_S("R01.com.acme.*"), MLN_S("Nlight"), MLN_S("") };
    struct mln_slice role_ids[] = { MLN_S("reader@sp.example") };
    struct mln_association draft = {
        .kind = MLN_ASSOCIATION_CERTIFICATE,
        .credential_id = mln_slice_z(id),
        .cse_id = MLN_S("//sp.example/mn1"),
        .ae_ids = ae_ids,
        .ae_id_count = 2,
        .app_ids = app_ids,
        .app_id_count = 3,
        .role_ids = role_ids,
        .role_id_count = 1,
        .app_id = MLN_S("Nsaid"),
        .expires_us = 77,
    };
    struct mln_association *a = make(&draft);

    (void)state;
    memset(id, '!', sizeof id);
    memset(stem, '!', sizeof stem);
    memset(ae_ids, 0, sizeof ae_ids);
    memset(app_ids, 0, sizeof app_ids);
    memset(role_ids, 0, sizeof role_ids);
    assert_int_equal(a->kind, MLN_ASSOCIATION_CERTIFICATE);
    assert_text(a->credential_id, "12-k1@sp.example");
    assert_text(a->cse_id, "//sp.example/mn1");
    assert_text(a->app_id, "Nsaid");
    assert_int_equal(a->ae_id_count, 2);
    assert_text(a->ae_ids[0], "C1*");
    assert_text(a->ae_ids[1], "//sp.example/cse1/Cx");
    assert_int_equal(a->app_id_count, 3);
    assert_text(a->app_ids[0], "R01.com.acme.*");
    assert_text(a->app_ids[1], "Nlight");
    assert_text(a->app_ids[2], "");
    assert_int_equal(a->role_id_count, 1);
    assert_text(a->role_ids[0], "reader@sp.example");
    assert_int_equal(a->expires_us, 77);
    assert_false(a->is_revoked);
    mln_association_unref(a);
}

static void may_be_nearly_empty(void **state)
{
    struct mln_association draft = { .expires_us = INT64_MAX };
    struct mln_association *a = make(&draft);

    (void)state;
    assert_int_equal(a->credential_id.len, 0);
    assert_int_equal(a->ae_id_count + a->app_id_count + a->role_id_count, 0);
    assert_true(mln_association_is_valid(a, INT64_MAX - 1));
    mln_association_unref(a);
}

/* The last reference frees: the address sanitizer sees one free too many or too few. */
static void is_shared(void **state)
{
    struct mln_association draft = { .credential_id = MLN_S("12-k@a"), .expires_us = INT64_MAX };
    struct mln_association *a = make(&draft);

    (void)state;
    assert_false(mln_association_is_shared(a));
    assert_ptr_equal(mln_association_ref(a), a);
    assert_ptr_equal(mln_association_ref(a), a);
    assert_true(mln_association_is_shared(a));
    mln_association_unref(a);
    mln_association_unref(a);
    assert_text(a->credential_id, "12-k@a");
    mln_association_unrefp(&a);
    assert_null(a);
    mln_association_unref(NULL);
}

/* SEC-IDN-04: valid before the expiry, not at it */
static void expires(void **state)
{
    struct mln_association draft = { .expires_us = NOW };
    struct mln_association *a = make(&draft);

    (void)state;
    assert_true(mln_association_is_valid(a, NOW - 1));
    assert_false(mln_association_is_valid(a, NOW));
    assert_false(mln_association_is_valid(a, NOW + 1));
    mln_association_unref(a);
}

static void admits_applications(void **state)
{
    const struct mln_slice app_ids[] = { MLN_S("R01.com.acme.*"), MLN_S("Nlight") };
    const struct mln_association any = { 0 };
    const struct mln_association some = { .app_ids = app_ids, .app_id_count = 2 };
    const struct mln_association said = { .app_id = MLN_S("Nsaid") };

    (void)state;
    assert_true(mln_association_admits_app(&any, MLN_S("Nwhatever")));
    assert_true(mln_association_admits_app(&some, MLN_S("R01.com.acme.a/b")));
    assert_true(mln_association_admits_app(&some, MLN_S("Nlight")));
    assert_false(mln_association_admits_app(&some, MLN_S("Nlights")));
    assert_true(mln_association_admits_app(&said, MLN_S("Nsaid")));
    assert_false(mln_association_admits_app(&said, MLN_S("Nother")));
}

static void restricts_roles_when_it_lists_some(void **state)
{
    const struct mln_slice role_ids[] = { MLN_S("a@sp.example"), MLN_S("b@sp.example") };
    const struct mln_association any = { 0 };
    const struct mln_association some = { .role_ids = role_ids, .role_id_count = 2 };

    (void)state;
    assert_true(mln_association_admits_role(&any, MLN_S("x@sp.example")));
    assert_true(mln_association_admits_role(&some, MLN_S("b@sp.example")));
    assert_false(mln_association_admits_role(&some, MLN_S("x@sp.example")));
}

static void is_revoked_for_every_holder(void **state)
{
    struct mln_association draft = { .expires_us = INT64_MAX };
    struct mln_association *a = make(&draft);
    struct mln_association *other = mln_association_ref(a);

    (void)state;
    assert_true(mln_association_is_valid(other, NOW));
    mln_association_revoke(a);
    assert_false(mln_association_is_valid(other, NOW));
    mln_association_unref(a);
    mln_association_unref(other);
}

/* One that rests on another ends with it, not the other way round. */
static void one_that_rests_on_another(void **state)
{
    struct mln_slice ae_id = MLN_S("//sp.example/S1");
    struct mln_association draft = { .kind = MLN_ASSOCIATION_CERTIFICATE,
                                     .credential_id = MLN_S("33-//sp.example/S1"),
                                     .ae_ids = &ae_id,
                                     .ae_id_count = 1,
                                     .expires_us = NOW + 10 };
    struct mln_association *basis = make(&draft);
    struct mln_association *derived[3] = { NULL };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_false(
            mln_failed(mln_association_derive(basis, i == 2 ? INT64_MAX : NOW + 5, &derived[i])));
        assert_text(derived[i]->credential_id, "33-//sp.example/S1");
        assert_text(derived[i]->ae_ids[0], "//sp.example/S1");
        assert_int_equal(derived[i]->expires_us, i == 2 ? NOW + 10 : NOW + 5);
    }
    assert_true(mln_association_is_valid(derived[0], NOW + 4));
    assert_false(mln_association_is_valid(derived[0], NOW + 5));
    mln_association_revoke(derived[0]);
    assert_false(mln_association_is_valid(derived[0], NOW));
    assert_true(mln_association_is_valid(derived[1], NOW));
    assert_true(mln_association_is_valid(basis, NOW));
    mln_association_revoke(basis);
    mln_association_unref(basis);
    assert_false(mln_association_is_valid(derived[1], NOW));
    for (size_t i = 0; i < 3; i++) {
        mln_association_unref(derived[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_all),
        cmocka_unit_test(may_be_nearly_empty),
        cmocka_unit_test(one_that_rests_on_another),
        cmocka_unit_test(is_shared),
        cmocka_unit_test(expires),
        cmocka_unit_test(is_revoked_for_every_holder),
        cmocka_unit_test(admits_applications),
        cmocka_unit_test(restricts_roles_when_it_lists_some),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
