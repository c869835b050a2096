/* Tests of the search for names that stand twice. */
#include "codec/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"

static struct mln_arena *arena;
static uint64_t seen;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(1 << 20);
    seen = 0;
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static void add(struct mln_value *object, const char *name)
{
    struct mln_slice copy = { mln_arena_zdup(arena, mln_slice_z(name)), strlen(name) };

    assert_false(mln_failed(mln_value_set(object, copy, mln_value_new(arena, MLN_V_NULL))));
}

static struct mln_value *object_of(size_t count)
{
    struct mln_value *object = mln_value_new(arena, MLN_V_OBJECT);
    char name[32];

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "member-%zu", i * 7919 % count);
        add(object, name);
    }
    return object;
}

static void few_are_compared_as_they_come(void **state)
{
    static const char *const names[] = { "", "a", "b", "ab", "ba", "aa", "a\tb" };
    struct mln_value *object = mln_value_new(arena, MLN_V_OBJECT);

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_false(mln_names_seen(object, mln_slice_z(names[i]), &seen));
        add(object, names[i]);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(mln_names_seen(object, mln_slice_z(names[i]), &seen));
    }
}

static void many_are_sorted(void **state)
{
    struct mln_names names = { .arena = arena };
    const struct mln_value *twice = NULL;

    (void)state;
    for (size_t count = MLN_NAMES_SMALL; count < 1000; count = count * 2 + 1) {
        struct mln_value *object = object_of(count);

        assert_false(mln_failed(mln_names_check(&names, object, &twice)));
        assert_null(twice);
        add(object, "member-17");
        assert_false(mln_failed(mln_names_check(&names, object, &twice)));
        assert_non_null(twice);
        assert_true(mln_slice_eq(twice->name, MLN_S("member-17")));
    }
}

/* The first eight bytes alone do not tell names apart, nor does a NUL from the end. */
static void names_that_begin_alike_differ(void **state)
{
    struct mln_names names = { .arena = arena };
    struct mln_value *object = mln_value_new(arena, MLN_V_OBJECT);
    const struct mln_value *twice = NULL;

    (void)state;
    add(object, "12345678a");
    add(object, "12345678b");
    add(object, "12345678");
    add(object, "a");
    assert_false(mln_failed(
        mln_value_set(object, mln_slice_of("a\0", 2), mln_value_new(arena, MLN_V_NULL))));
    assert_false(mln_failed(mln_names_check(&names, object, &twice)));
    assert_null(twice);
}

static void no_memory(void **state)
{
    struct mln_arena *small = mln_arena_new(64);
    struct mln_names names = { .arena = small };
    const struct mln_value *twice = NULL;

    (void)state;
    assert_int_equal(mln_names_check(&names, object_of(500), &twice).code, MLN_ERR_NO_MEMORY);
    mln_arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(few_are_compared_as_they_come, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_are_sorted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_that_begin_alike_differ, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_memory, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
