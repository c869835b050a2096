/* Tests of hints for mistyped words. */
#include "base/nearest.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct mln_nearest among(const char *word, const char *const *list)
{
    struct mln_nearest n;

    mln_nearest_init(&n, mln_slice_z(word));
    for (; *list; list++) {
        mln_nearest_offer(&n, mln_slice_z(*list));
    }
    return n;
}

#define AMONG(word, ...) among(word, (const char *const[]){ __VA_ARGS__, NULL })

static void assert_first(struct mln_nearest n, const char *want)
{
    assert_true(n.count > 0);
    assert_true(mln_slice_eq(n.best[0], mln_slice_z(want)));
}

static void finds_each_kind_of_slip(void **state)
{
    (void)state;
    assert_first(AMONG("lisetn", "data", "listen", "log"), "listen");
    assert_first(AMONG("listn", "data", "listen", "log"), "listen");
    assert_first(AMONG("listten", "data", "listen", "log"), "listen");
    assert_first(AMONG("lasten", "data", "listen", "log"), "listen");
    assert_first(AMONG("LISTEN", "data", "listen", "log"), "listen");
    assert_first(AMONG("mnj", "mni", "mbs", "st"), "mni");
}

static void offers_nothing_far_away(void **state)
{
    (void)state;
    assert_int_equal(AMONG("zebra", "data", "listen", "log").count, 0);
    assert_int_equal(AMONG("x", "ab").count, 0);
    assert_int_equal(AMONG("", "a").count, 0);
    assert_int_equal(AMONG("a", "").count, 0);
}

static void keeps_the_three_nearest_in_order(void **state)
{
    struct mln_nearest n =
        AMONG("maxNrOfInstance", "maxNrOfInstancesXX", "maxNrOfInstancesX", "maxNrOfMembers",
              "maxNrOfInstances", "maxNrOfInstance", "maxNrOfInstances");

    (void)state;
    assert_int_equal(n.count, 3);
    assert_true(mln_slice_eq(n.best[0], MLN_S("maxNrOfInstance")));
    assert_true(mln_slice_eq(n.best[1], MLN_S("maxNrOfInstances")));
    assert_true(mln_slice_eq(n.best[2], MLN_S("maxNrOfInstancesX")));
    assert_int_equal(n.distance[0], 0);
    assert_int_equal(n.distance[1], 1);
    assert_int_equal(n.distance[2], 2);
}

static void passes_over_words_that_are_too_long(void **state)
{
    char text[100];
    struct mln_nearest n;

    (void)state;
    memset(text, 'a', sizeof text);
    mln_nearest_init(&n, mln_slice_of(text, 65));
    mln_nearest_offer(&n, mln_slice_of(text, 64));
    assert_int_equal(n.count, 0);
    mln_nearest_init(&n, mln_slice_of(text, 64));
    mln_nearest_offer(&n, mln_slice_of(text, 65));
    assert_int_equal(n.count, 0);
    mln_nearest_offer(&n, mln_slice_of(text, 63));
    assert_int_equal(n.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_kind_of_slip),
        cmocka_unit_test(offers_nothing_far_away),
        cmocka_unit_test(keeps_the_three_nearest_in_order),
        cmocka_unit_test(passes_over_words_that_are_too_long),
    };

    return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
