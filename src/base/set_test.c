/* Tests of sets of texts. */
#include "base/set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static bool add(struct mln_set *set, const char *text)
{
    bool is_new = false;

    assert_int_equal(mln_set_add(set, mln_slice_z(text), &is_new).code, MLN_ERR_NONE);
    return is_new;
}

static void texts_are_added_once(void **state)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(1 << 20);
    struct mln_set set;

    (void)state;
    mln_set_init(&set, arena);
    assert_false(mln_set_has(&set, MLN_S("a")));
    assert_true(add(&set, "a"));
    assert_false(add(&set, "a"));
    assert_true(add(&set, "A"));
    assert_true(add(&set, "ab"));
    assert_true(mln_set_has(&set, MLN_S("a")));
    assert_false(mln_set_has(&set, MLN_S("b")));
    assert_int_equal(set.count, 3);
}

/* The empty text is a text, with and without a pointer. */
static void the_empty_text(void **state)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(1 << 20);
    struct mln_set set;

    (void)state;
    mln_set_init(&set, arena);
    assert_false(mln_set_has(&set, (struct mln_slice){ 0 }));
    assert_true(add(&set, NULL));
    assert_false(add(&set, ""));
    assert_true(mln_set_has(&set, (struct mln_slice){ 0 }));
}

static void it_grows(void **state)
{
    enum { MANY = 5000 };
    static char texts[MANY][16];
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(1 << 22);
    struct mln_set set;

    (void)state;
    mln_set_init(&set, arena);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "t%d", i);
        assert_true(add(&set, texts[i]));
    }
    for (int i = 0; i < MANY; i++) {
        assert_false(add(&set, texts[i]));
        assert_true(mln_set_has(&set, mln_slice_z(texts[i])));
    }
    assert_int_equal(set.count, MANY);
    assert_false(mln_set_has(&set, MLN_S("t5000")));
}

static void without_memory(void **state)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(16);
    struct mln_set set;
    bool is_new;

    (void)state;
    mln_set_init(&set, arena);
    assert_int_equal(mln_set_add(&set, MLN_S("a"), &is_new).code, MLN_ERR_NO_MEMORY);
    assert_false(mln_set_has(&set, MLN_S("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_added_once),
        cmocka_unit_test(the_empty_text),
        cmocka_unit_test(it_grows),
        cmocka_unit_test(without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
