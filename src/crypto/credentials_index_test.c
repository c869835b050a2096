/* Tests of the index: finds each, finds nothing else, looks at as much for both. */
#include "crypto/credentials_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { MANY = 20000, TEXT = 32 };

static char texts[MANY][TEXT];
static struct mln_cred_row rows[MANY];

static struct mln_slice name(size_t i)
{
    int len = snprintf(texts[i], TEXT, "12-key%zu@sp.example", i);

    return mln_slice_of(texts[i], (size_t)len);
}

static uint32_t find(const struct mln_cred_index *index, enum mln_cred_name by,
                     struct mln_slice text)
{
    return mln_cred_index_find(index, by, text);
}

static void finds_each_of_many(void **state)
{
    struct mln_cred_image image = { .rows = rows, .row_count = MANY };
    struct mln_cred_index index = { 0 };

    (void)state;
    memset(rows, 0, sizeof rows);
    for (size_t i = 0; i < MANY; i++) {
        rows[i].face.id = name(i);
    }
    assert_false(mln_failed(mln_cred_index_make(&index, mln_env_system(), &image, NULL)));
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(find(&index, MLN_CRED_BY_ID, rows[i].face.id), i + 1);
    }
    assert_int_equal(find(&index, MLN_CRED_BY_ID, MLN_S("12-key@sp.example")), 0);
    assert_int_equal(find(&index, MLN_CRED_BY_ID, MLN_S("")), 0);
    assert_int_equal(find(&index, MLN_CRED_BY_DOMAIN, MLN_S("12-key1@sp.example")), 0);
    assert_true(index.bucket_count <= (size_t)MANY * 4);
    mln_cred_index_done(&index);
}

static void finds_domains(void **state)
{
    struct mln_cred_row two[] = {
        { .face = { .id = MLN_S("32-/a"), .domain = MLN_S("a.sp.example") } },
        { .face = { .id = MLN_S("32-/b") } },
    };
    struct mln_cred_image image = { .rows = two, .row_count = 2 };
    struct mln_cred_index index = { 0 };

    (void)state;
    assert_false(mln_failed(mln_cred_index_make(&index, mln_env_system(), &image, NULL)));
    assert_int_equal(find(&index, MLN_CRED_BY_DOMAIN, MLN_S("a.sp.example")), 1);
    assert_int_equal(find(&index, MLN_CRED_BY_DOMAIN, MLN_S("b.sp.example")), 0);
    assert_int_equal(find(&index, MLN_CRED_BY_ID, MLN_S("32-/b")), 2);
    assert_int_equal(find(&index, MLN_CRED_BY_ID, MLN_S("a.sp.example")), 0);
    mln_cred_index_done(&index);
}

static void may_be_empty(void **state)
{
    struct mln_cred_image image = { 0 };
    struct mln_cred_index index = { 0 };

    (void)state;
    assert_false(mln_failed(mln_cred_index_make(&index, mln_env_system(), &image, NULL)));
    assert_int_equal(find(&index, MLN_CRED_BY_ID, MLN_S("12-k@a")), 0);
    mln_cred_index_done(&index);
}

static void refuses_the_same_twice(void **state)
{
    struct mln_cred_row two[] = { { .face.id = MLN_S("12-k@a") }, { .face.id = MLN_S("12-k@a") } };
    struct mln_cred_image image = { .rows = two, .row_count = 2 };
    struct mln_cred_index index = { 0 };
    struct mln_fault fault = { 0 };

    (void)state;
    assert_int_equal(mln_cred_index_make(&index, mln_env_system(), &image, &fault).code,
                     MLN_ERR_SEAL_BROKEN);
    assert_non_null(strstr(fault.text, "12-k@a"));
    assert_null(index.buckets);
}

/* Another seed for each, so that a bucket cannot be filled on purpose. */
static void places_names_anew_each_time(void **state)
{
    struct mln_cred_row one[] = { { .face.id = MLN_S("12-k@a") } };
    struct mln_cred_image image = { .rows = one, .row_count = 1 };
    struct mln_cred_index a = { 0 };
    struct mln_cred_index b = { 0 };

    (void)state;
    assert_false(mln_failed(mln_cred_index_make(&a, mln_env_system(), &image, NULL)));
    assert_false(mln_failed(mln_cred_index_make(&b, mln_env_system(), &image, NULL)));
    assert_memory_not_equal(a.seed, b.seed, sizeof a.seed);
    assert_memory_not_equal(a.buckets[0].slots[0].digest, b.buckets[0].slots[0].digest,
                            MLN_CRED_DIGEST);
    mln_cred_index_done(&a);
    mln_cred_index_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_of_many),
        cmocka_unit_test(finds_domains),
        cmocka_unit_test(may_be_empty),
        cmocka_unit_test(refuses_the_same_twice),
        cmocka_unit_test(places_names_anew_each_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
