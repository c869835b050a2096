/* Tests of the loop guard: what was seen, and for how long it is remembered.
 * spec: TS-0004 7.3.3.2 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "cse/look_test.h"

static struct mln_look look;
static struct mln_limits limits;

enum { REMEMBERED = 100, SECOND = 1000000 };

static int set_up(void **state)
{
    struct mln_inproc_options options = { .limits = &limits };

    (void)state;
    mln_limits_default(&limits);
    limits.group_requests = REMEMBERED;
    mln_look_open(&look, &options);
    mln_look_make(&look, NULL, "cse-in", 3, "{'m2m:cnt':{'rn':'a'}}");
    mln_look_make(&look, NULL, "cse-in", 3, "{'m2m:cnt':{'rn':'b'}}");
    mln_look_make(&look, NULL, "cse-in", 9,
                  "{'m2m:grp':{'rn':'g','mnm':2,'mid':['cse-in/a','cse-in/b']}}");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

static enum mln_rsc retrieve(const char *to, const char *gid)
{
    return mln_look_ask(&look, "{'op':2,'to':'%s','fr':'CAdmin','gid':'%s'}", to, gid)->rsc;
}

static void the_same_request_is_refused(void **state)
{
    (void)state;
    assert_int_equal(retrieve("cse-in/a", "x"), MLN_RSC_OK);
    assert_int_equal(retrieve("cse-in/a", "x"), MLN_RSC_GROUP_REQUEST_IDENTIFIER_EXISTS);
    assert_int_equal(retrieve("-/a", "x"), MLN_RSC_GROUP_REQUEST_IDENTIFIER_EXISTS);
    assert_int_equal(retrieve("cse-in/b", "x"), MLN_RSC_OK);
    assert_int_equal(retrieve("cse-in/a", "y"), MLN_RSC_OK);
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in/a','fr':'CAdmin'}")->rsc,
                     MLN_RSC_OK);
}

static void a_group_and_its_fan_out_point_are_two(void **state)
{
    (void)state;
    assert_int_equal(retrieve("cse-in/g", "x"), MLN_RSC_OK);
    assert_int_equal(retrieve("cse-in/g/fopt", "x"), MLN_RSC_OK);
    assert_int_equal(retrieve("cse-in/g/fopt", "x"), MLN_RSC_GROUP_REQUEST_IDENTIFIER_EXISTS);
    assert_int_equal(retrieve("cse-in/g", "x"), MLN_RSC_GROUP_REQUEST_IDENTIFIER_EXISTS);
}

static void members_were_targets_too(void **state)
{
    (void)state;
    assert_int_equal(retrieve("cse-in/b", "x"), MLN_RSC_OK);
    assert_non_null(strstr(
        mln_look_ask(&look, "{'op':2,'to':'cse-in/g/fopt','fr':'CAdmin','gid':'x'}")->pc, "4104"));
    assert_int_equal(retrieve("cse-in/a", "x"), MLN_RSC_GROUP_REQUEST_IDENTIFIER_EXISTS);
}

static void identifiers_expire(void **state)
{
    (void)state;
    assert_int_equal(retrieve("cse-in/a", "x"), MLN_RSC_OK);
    mln_inproc_advance(look.p, (int64_t)limits.request_ms * 1000 - 1);
    assert_int_equal(retrieve("cse-in/a", "x"), MLN_RSC_GROUP_REQUEST_IDENTIFIER_EXISTS);
    mln_inproc_advance(look.p, 1);
    assert_int_equal(retrieve("cse-in/a", "x"), MLN_RSC_OK);
}

static void the_requests_expiry_counts(void **state)
{
    (void)state;
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in/a','fr':'CAdmin','gid':'x',"
                                         "'rqet':'20300101T000100'}")
                         ->rsc,
                     MLN_RSC_OK);
    mln_inproc_advance(look.p, 59 * (int64_t)SECOND);
    assert_int_equal(retrieve("cse-in/a", "x"), MLN_RSC_GROUP_REQUEST_IDENTIFIER_EXISTS);
    mln_inproc_advance(look.p, SECOND);
    assert_int_equal(retrieve("cse-in/a", "x"), MLN_RSC_OK);
}

/* The newest are remembered; the ring and its chains stay whole over many rounds. */
static void the_table_is_bounded(void **state)
{
    char gid[24];

    (void)state;
    for (int i = 0; i < 10 * REMEMBERED; i++) {
        (void)snprintf(gid, sizeof gid, "gid-%d", i);
        assert_int_equal(retrieve("cse-in/a", gid), MLN_RSC_OK);
        if (i % 7 == 0) {
            assert_int_equal(retrieve("cse-in/a", gid), MLN_RSC_GROUP_REQUEST_IDENTIFIER_EXISTS);
        }
    }
    for (int i = 10 * REMEMBERED - REMEMBERED; i < 10 * REMEMBERED; i++) {
        (void)snprintf(gid, sizeof gid, "gid-%d", i);
        assert_int_equal(retrieve("cse-in/a", gid), MLN_RSC_GROUP_REQUEST_IDENTIFIER_EXISTS);
    }
    assert_int_equal(retrieve("cse-in/a", "gid-0"), MLN_RSC_OK);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_same_request_is_refused), T(a_group_and_its_fan_out_point_are_two),
        T(members_were_targets_too),    T(identifiers_expire),
        T(the_requests_expiry_counts),  T(the_table_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
