/* Domain names of CSEs in both directions, and what is a domain or an AE-ID at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/x509_int.h"

static const struct mln_cert_provider providers[] = {
    { { "//sp.example", 12 }, { "/in-cse", 7 } },
    { { "//a.sp.example", 14 }, { "/in", 3 } },
    { { "//none.example", 14 }, { NULL, 0 } },
};
static const struct mln_cert_names names = { providers, 3 };

static struct mln_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(1 << 16);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static void assert_slice(struct mln_slice have, const char *want)
{
    assert_int_equal(have.len, strlen(want));
    assert_memory_equal(have.ptr, want, have.len);
}

/* spec: TS-0001 6.5.1.1 */
static void test_cse_to_domain(void **state)
{
    static const struct {
        const char *cse_id;
        const char *domain; /* NULL: refused */
    } rows[] = {
        { "//sp.example/in-cse", "in-cse.sp.example" },
        { "/in-cse", "in-cse.sp.example" },
        { "//sp.example/mn-1", "mn-1.in-cse.sp.example" },
        { "//SP.example/MN", "mn.in-cse.sp.example" },
        { "//a.sp.example/x", "x.in.a.sp.example" },
        { "//a.sp.example/in", "in.a.sp.example" },
        { "//none.example/x", NULL },
        { "//other.example/x", NULL },
        { "//sp.example/a_b", NULL },
        { "//sp.example/a.b", NULL },
        { "//sp.example/a~b", NULL },
        { "//sp.example/-a", NULL },
        { "//sp.example/", NULL },
        { "//sp.example", NULL },
        { "mn", NULL },
        { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mln_slice domain = { 0 };
        struct mln_fault fault = { 0 };
        mln_err err =
            mln_cert_domain_of_cse(mln_slice_z(rows[i].cse_id), &names, arena, &fault, &domain);

        if (rows[i].domain) {
            assert_false(mln_failed(err));
            assert_slice(domain, rows[i].domain);
        } else {
            assert_int_equal(err.code, MLN_ERR_CONFIG);
            assert_true(fault.text[0] != '\0');
        }
    }
}

static void test_domain_to_cse(void **state)
{
    static const struct {
        const char *domain;
        const char *cse_id; /* NULL: no CSE's */
    } rows[] = {
        { "in-cse.sp.example", "//sp.example/in-cse" },
        { "mn-1.in-cse.sp.example", "//sp.example/mn-1" },
        { "MN-1.In-Cse.sp.example", "//sp.example/mn-1" },
        { "in.a.sp.example", "//a.sp.example/in" },
        { "x.in.a.sp.example", "//a.sp.example/x" },
        { "a.sp.example", NULL },
        { "sp.example", NULL },
        { "maf.sp.example", NULL },
        { "in-cse.in-cse.sp.example", NULL },
        { "y.x.in-cse.sp.example", NULL },
        { "in-cse.xsp.example", NULL },
        { "x.none.example", NULL },
        { ".sp.example", NULL },
        { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mln_slice cse_id = { 0 };
        bool is_cse = !rows[i].cse_id;

        assert_false(mln_failed(
            mln_cert_cse_of_domain(mln_slice_z(rows[i].domain), &names, arena, &is_cse, &cse_id)));
        assert_int_equal(is_cse, rows[i].cse_id != NULL);
        if (is_cse) {
            assert_slice(cse_id, rows[i].cse_id);
        }
    }
}

static void test_without_providers_no_domain_is_a_cses(void **state)
{
    struct mln_slice cse_id = { 0 };
    bool is_cse = true;

    (void)state;
    assert_false(mln_failed(
        mln_cert_cse_of_domain(MLN_S("in-cse.sp.example"), NULL, arena, &is_cse, &cse_id)));
    assert_false(is_cse);
}

static void test_domains(void **state)
{
    static const struct mln_slice good[] = {
        { "a", 1 },
        { "localhost", 9 },
        { "a-b.c9", 6 },
        { "1a.2b", 5 },
        { "xn--bcher-kva.example", 21 },
    };
    static const struct mln_slice bad[] = {
        { "", 0 },     { ".", 1 },   { "a.", 2 },  { ".a", 2 },        { "a..b", 4 },
        { "a\0b", 3 }, { "a b", 3 }, { "a_b", 3 }, { "*", 1 },         { "1.2.3.4", 7 },
        { "a.9", 3 },  { "-a", 2 },  { "a-", 2 },  { "a\xc3\xa9", 3 }, { "a/b", 3 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(mln_cert_is_domain(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(mln_cert_is_domain(bad[i]));
    }
}

static void test_ae_ids(void **state)
{
    static const char *const good[] = { "//sp.example/S1", "//sp.example/cse/C1",
                                        "//sp.example/Sa.b_c~d-e" };
    static const char *const bad[] = {
        "",
        "S1",
        "/S1",
        "//sp.example",
        "//sp.example/",
        "//sp.example/S",
        "//sp.example/C1",
        "//sp.example/s1",
        "//sp.example/cse/S1",
        "//sp.example/cse/C",
        "//sp.example/./C1",
        "//sp.example/../C1",
        "//sp.example//C1",
        "//sp.example/cse/C1/x",
        "//sp.example/S*",
        "//sp.example/S 1",
        "///S1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(mln_cert_is_ae_id(mln_slice_z(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(mln_cert_is_ae_id(mln_slice_z(bad[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cse_to_domain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_domain_to_cse, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_providers_no_domain_is_a_cses, set_up,
                                        tear_down),
        cmocka_unit_test(test_domains),
        cmocka_unit_test(test_ae_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
