/* Tests of the memory of what other CSEs said. */
#include "cse/access/remote_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { MOST = 16 };

static struct mln_remote_memory memory;

static const struct mln_entity ae = { { "sp.example", 10 }, { "id", 2 }, { "Cae", 3 } };
static const struct mln_entity same = { { "SP.example", 10 }, { "id", 2 }, { "Cae", 3 } };
static const struct mln_entity others[] = {
    { { "sp.example", 10 }, { "id", 2 }, { "CAE", 3 } },
    { { "sp.example", 10 }, { "id", 2 }, { "", 0 } },
    { { "sp.example", 10 }, { "idCae", 5 }, { "", 0 } },
    { { "sp.exampl", 9 }, { "id", 2 }, { "Cae", 3 } },
    { { "", 0 }, { "", 0 }, { "", 0 } },
};

static int set_up(void **state)
{
    (void)state;
    memory = (struct mln_remote_memory){ 0 };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_remote_memory_clear(&memory);
    return 0;
}

static void add(const char *role, const struct mln_entity *holder, int64_t from, int64_t until)
{
    struct mln_remote_fact known = {
        .what = mln_slice_z(role), .whom = holder, .from_us = from, .until_us = until
    };

    assert_int_equal(mln_remote_memory_add(&memory, MOST, &known).code, MLN_ERR_NONE);
}

static bool has(const char *role, const struct mln_entity *holder, int64_t now)
{
    return mln_remote_memory_has(&memory, mln_slice_z(role), holder, now);
}

static void tells_what_is_absent_apart(void **state)
{
    const struct mln_slice what = MLN_S("r@x");
    const struct mln_slice keeper = MLN_S("@x");
    struct mln_remote_memory m = { 0 };
    struct mln_remote_fact fact = { what, &ae, 0, 10, { 0 } };
    struct mln_remote_fact silence = { keeper, NULL, 0, 20, { 0 } };

    (void)state;
    assert_false(mln_remote_memory_is_vain(&m, what, keeper, &ae, 0));
    assert_int_equal(mln_remote_memory_add(&m, MOST, &fact).code, MLN_ERR_NONE);
    assert_true(mln_remote_memory_has(&m, what, &ae, 0));
    assert_false(mln_remote_memory_is_vain(&m, what, keeper, &ae, 0));
    assert_int_equal(mln_remote_memory_miss(&m, MOST, &fact).code, MLN_ERR_NONE);
    assert_true(mln_remote_memory_is_vain(&m, what, keeper, &ae, 9));
    assert_false(mln_remote_memory_is_vain(&m, what, keeper, &others[0], 9));
    assert_int_equal(mln_remote_memory_silence(&m, MOST, &silence).code, MLN_ERR_NONE);
    assert_true(mln_remote_memory_is_vain(&m, what, keeper, &others[0], 19));
    assert_false(mln_remote_memory_is_vain(&m, what, MLN_S("@y"), &others[0], 19));
    assert_false(mln_remote_memory_is_vain(&m, what, keeper, &others[0], 20));
    mln_remote_memory_clear(&m);
    assert_null(m.known);
    assert_null(m.absent);
}

static void keeps_what_was_said_last(void **state)
{
    static const struct mln_slice values[] = { { "one", 3 }, { "another", 7 }, { NULL, 0 } };
    struct mln_remote_memory m = { 0 };
    struct mln_slice what = MLN_S("p");
    struct mln_remote_fact found;

    (void)state;
    for (int64_t i = 0; i < 3; i++) {
        struct mln_remote_fact fact = { what, &ae, i, i + 10, values[i] };

        assert_int_equal(mln_remote_memory_add(&m, MOST, &fact).code, MLN_ERR_NONE);
        assert_true(mln_remote_memory_find(&m, what, &ae, i + 9, &found));
        assert_true(mln_slice_eq(found.value, values[i]));
        assert_int_equal(found.until_us, i + 10);
        assert_false(mln_remote_memory_find(&m, what, &ae, i + 10, &found));
    }
    mln_remote_memory_clear(&m);
}

static void knows_a_role_of_its_holder_alone(void **state)
{
    (void)state;
    assert_false(has("r@x", &ae, 10));
    add("r@x", &ae, 10, 20);
    assert_true(has("r@x", &ae, 10) && has("r@x", &same, 19));
    assert_false(has("r@y", &ae, 10) || has("R@x", &ae, 10) || has("", &ae, 10));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(has("r@x", &others[i], 10));
    }
}

static void forgets_in_time(void **state)
{
    (void)state;
    add("r@x", &ae, 10, 20);
    assert_false(has("r@x", &ae, 9) || has("r@x", &ae, 20));
    add("r@x", &ae, 30, 40);
    assert_false(has("r@x", &ae, 19));
    assert_true(has("r@x", &ae, 30));
}

static void drops_the_oldest(void **state)
{
    char role[16];

    (void)state;
    for (int i = 0; i < 3 * MOST; i++) {
        (void)snprintf(role, sizeof role, "r%d@x", i);
        add(role, &ae, 0, 100);
    }
    for (int i = 0; i < 3 * MOST; i++) {
        (void)snprintf(role, sizeof role, "r%d@x", i);
        assert_int_equal(has(role, &ae, 1), i >= 2 * MOST);
    }
}

static void keeps_nothing_that_is_too_long(void **state)
{
    char role[2000];

    (void)state;
    memset(role, 'r', sizeof role);
    role[sizeof role - 1] = '\0';
    add(role, &ae, 0, 100);
    assert_false(has(role, &ae, 1));
    add("r@x", &ae, 0, 100);
    assert_true(has("r@x", &ae, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(knows_a_role_of_its_holder_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(forgets_in_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(drops_the_oldest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_nothing_that_is_too_long, set_up, tear_down),
        cmocka_unit_test(tells_what_is_absent_apart),
        cmocka_unit_test(keeps_what_was_said_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
