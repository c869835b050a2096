/* Tests of walking through groups within groups. */
#include "cse/group/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "cse/look_test.h"

static struct mln_look look;

static int set_up(void **state)
{
    (void)state;
    mln_look_open(&look, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

static void make_group(const char *name, const char *members)
{
    char pc[512];

    (void)snprintf(pc, sizeof pc, "{'m2m:grp':{'rn':'%s','mnm':99,'mid':[%s]}}", name, members);
    mln_look_make(&look, NULL, "cse-in", 9, pc);
}

/* All members with blanks between them. */
static const char *walk_from(const char *address, uint64_t *budget)
{
    static char text[4096];
    struct mln_lookup l;
    struct mln_members m;
    struct mln_slice member;
    mln_err err;
    size_t len = 0;

    (void)mln_look_anew(&look);
    l = mln_look_lookup(&look);
    text[0] = '\0';
    mln_members_begin(&m, &l, budget);
    assert_int_equal(mln_members_enter(&m, mln_slice_z(address)).code, MLN_ERR_NONE);
    while (!mln_failed(err = mln_members_next(&m, &member))) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%.*s", len ? " " : "",
                                MLN_S_ARG(member));
        assert_true(len < sizeof text);
    }
    assert_int_equal(err.code, MLN_ERR_NOT_FOUND);
    assert_int_equal(mln_members_next(&m, &member).code, MLN_ERR_NOT_FOUND);
    return text;
}

static void members_come_breadth_first(void **state)
{
    uint64_t budget = 100;

    (void)state;
    make_group("deep", "'d1','d2'");
    make_group("left", "'l1','cse-in/deep/fopt','l2'");
    make_group("right", "'r1','cse-in/none/fopt','cse-in/left'");
    make_group("top", "'t1','cse-in/left/fopt','cse-in/right/fopt','t2'");
    assert_string_equal(walk_from("cse-in/top", &budget),
                        "t1 cse-in/left/fopt cse-in/right/fopt t2 l1 cse-in/deep/fopt l2 "
                        "r1 cse-in/none/fopt cse-in/left d1 d2");
    assert_int_equal(budget, 100 - 12);
}

static void each_group_once(void **state)
{
    uint64_t budget = 100;

    (void)state;
    make_group("a", "'a1','cse-in/a/fopt','-/b/fopt','/id-in/cse-in/b/fopt','cse-in/c/fopt'");
    make_group("b", "'b1','cse-in/c/fopt','cse-in/a/fopt'");
    make_group("c", "'c1','cse-in/b/fopt'");
    assert_string_equal(walk_from("-/a", &budget),
                        "a1 cse-in/a/fopt -/b/fopt /id-in/cse-in/b/fopt cse-in/c/fopt b1 "
                        "cse-in/c/fopt cse-in/a/fopt c1 cse-in/b/fopt");
}

static void what_is_no_group_has_no_members(void **state)
{
    static const char *const addresses[] = { "cse-in",        "cse-in/none", "",
                                             "cse-in/g/fopt", "Cx",          "/id-other/g" };
    uint64_t budget = 100;

    (void)state;
    make_group("g", "'x'");
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        assert_string_equal(walk_from(addresses[i], &budget), "");
    }
    assert_int_equal(budget, 100);
}

/* SEC-DEC-12: depth and number of members are bounded */
static void depth_is_bounded(void **state)
{
    uint64_t budget = 100;

    (void)state;
    make_group("g1", "'end'");
    for (int i = 2; i < 12; i++) {
        char name[32];
        char member[32];

        (void)snprintf(name, sizeof name, "g%d", i);
        (void)snprintf(member, sizeof member, "'cse-in/g%d/fopt'", i - 1);
        make_group(name, member);
    }
    assert_non_null(strstr(walk_from("cse-in/g8", &budget), "end"));
    assert_null(strstr(walk_from("cse-in/g9", &budget), "end"));
    assert_null(strstr(walk_from("cse-in/g11", &budget), "end"));
}

static void a_group_beyond_the_budget_is_not_entered(void **state)
{
    uint64_t budget = 4;

    (void)state;
    make_group("small", "'s1','s2'");
    make_group("large", "'l1','l2','l3'");
    make_group("top", "'cse-in/small/fopt','cse-in/large/fopt'");
    assert_string_equal(walk_from("cse-in/top", &budget),
                        "cse-in/small/fopt cse-in/large/fopt s1 s2");
    assert_int_equal(budget, 0);
    assert_string_equal(walk_from("cse-in/small", &budget), "");
    budget = 2;
    assert_string_equal(walk_from("cse-in/small", &budget), "s1 s2");
}

static void suffixes(void **state)
{
    struct mln_slice group = { 0 };

    (void)state;
    assert_true(mln_members_is_group(MLN_S("cse-in/g/fopt"), &group));
    assert_true(mln_slice_eq(group, MLN_S("cse-in/g")));
    assert_false(mln_members_is_group(MLN_S("cse-in/g"), &group));
    assert_false(mln_members_is_group(MLN_S("fopt"), &group));
    assert_false(mln_members_is_group(MLN_S("cse-in/gfopt"), &group));
    assert_false(mln_members_is_group(MLN_S("cse-in/g/fopt/x"), &group));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(members_come_breadth_first),
        T(each_group_once),
        T(what_is_no_group_has_no_members),
        T(depth_is_bounded),
        T(a_group_beyond_the_budget_is_not_entered),
        T(suffixes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
