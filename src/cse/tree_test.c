/* Tests of deleting in steps. docs/decisions/0006-deleting-in-steps.md */
#include "cse/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "cse/look_test.h"

enum { INLINE_MOST = 10, WIDTH = 6 };

static struct mln_look look;

static void open_with(bool has_no_duties)
{
    struct mln_limits limits;

    mln_limits_default(&limits);
    limits.delete_inline = INLINE_MOST;
    mln_look_open(&look, &(struct mln_inproc_options){ .limits = &limits,
                                                       .verify = MLN_VERIFY_NONE,
                                                       .has_no_duties = has_no_duties });
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(mln_inproc_check(look.p), 0);
    mln_look_close(&look);
    return 0;
}

/* cse-in/top with WIDTH containers, each with WIDTH instances and a container with a subscription
 * on it. */
static void grow(void)
{
    char at[64];
    char pc[128];

    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, "{'m2m:cnt':{'rn':'top'}}");
    for (int i = 0; i < WIDTH; i++) {
        (void)snprintf(pc, sizeof pc, "{'m2m:cnt':{'rn':'m%d'}}", i);
        mln_look_make(&look, NULL, "cse-in/top", MLN_TY_CNT, pc);
        (void)snprintf(at, sizeof at, "cse-in/top/m%d", i);
        for (int j = 0; j < WIDTH; j++) {
            mln_look_make(&look, NULL, at, MLN_TY_CIN, "{'m2m:cin':{'con':'x'}}");
        }
        mln_look_make(&look, NULL, at, MLN_TY_CNT, "{'m2m:cnt':{'rn':'leaf'}}");
        (void)snprintf(at, sizeof at, "cse-in/top/m%d/leaf", i);
        (void)snprintf(pc, sizeof pc, "{'m2m:sub':{'nu':['http://h/%d'],'enc':{'net':[2]}}}", i);
        mln_look_make(&look, NULL, at, MLN_TY_SUB, pc);
    }
}

static size_t count_of(uint16_t ty)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_TYPE, .ty = ty };
    size_t count = 0;
    uint64_t id;

    assert_int_equal(mln_scan_open(mln_look_anew(&look), &spec, &scan).code, MLN_ERR_NONE);
    while (!mln_failed(mln_scan_next(scan, &id, NULL))) {
        count++;
    }
    return count;
}

static size_t left(void)
{
    return count_of(MLN_TY_CNT) + count_of(MLN_TY_CIN) + count_of(MLN_TY_SUB);
}

static bool has_purge_work(void)
{
    struct mln_record record;

    return mln_record_next(mln_look_anew(&look), MLN_SPACE_PURGE, (struct mln_slice){ 0 }, false,
                           look.arena, &record)
               .code == MLN_ERR_NONE;
}

static void delete_top(void)
{
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'cse-in/top','fr':'CAdmin'}")->rsc,
                     MLN_RSC_DELETED);
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in/top/m1/leaf','fr':'CAdmin'}")->rsc,
                     MLN_RSC_NOT_FOUND);
}

/* spec: TS-0004 7.3.3.8: recursively for each child */
static void everything_goes(void **state)
{
    (void)state;
    open_with(false);
    grow();
    assert_int_equal(left(), 1 + WIDTH * (WIDTH + 3));
    delete_top();
    assert_int_equal(left(), 0);
    assert_false(has_purge_work());
    assert_int_equal(look.p->sent_count, WIDTH); /* each leaf was subscribed to */
}

static void the_request_does_no_more_than_the_limit(void **state)
{
    (void)state;
    open_with(true);
    grow();
    delete_top();
    assert_int_equal(left(), WIDTH * (WIDTH + 3) - INLINE_MOST);
    assert_true(has_purge_work());
    /* what is left over is unreachable by its own identifier, too */
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in','fr':'CAdmin','fc':{'fu':1,"
                                         "'ty':[4]}}")
                         ->value->items.first->items.count,
                     0);
}

static void the_rest_is_done_after_a_start(void **state)
{
    (void)state;
    open_with(true);
    grow();
    delete_top();
    assert_int_equal(mln_duties_new(look.p->worker, &look.p->duties).code, MLN_ERR_NONE);
    mln_inproc_settle(look.p);
    assert_int_equal(left(), 0);
    assert_false(has_purge_work());
    assert_int_equal(look.p->sent_count, WIDTH);
}

/* spec: TS-0004 7.3.3.8: the attributes of the parent follow */
static void counters_follow(void **state)
{
    struct mln_resource r;

    (void)state;
    open_with(false);
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c'}}");
    mln_look_make(&look, NULL, "cse-in/c", MLN_TY_CIN, "{'m2m:cin':{'rn':'i','con':'12345'}}");
    mln_look_make(&look, NULL, "cse-in/c", MLN_TY_CIN, "{'m2m:cin':{'con':'12'}}");
    r = mln_look_at(&look, "cse-in/c");
    assert_int_equal(r.count, 2);
    assert_int_equal(r.bytes, 7);
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'cse-in/c/i','fr':'CAdmin'}")->rsc,
                     MLN_RSC_DELETED);
    r = mln_look_at(&look, "cse-in/c");
    assert_int_equal(r.count, 1);
    assert_int_equal(r.bytes, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(everything_goes, tear_down),
        cmocka_unit_test_teardown(the_request_does_no_more_than_the_limit, tear_down),
        cmocka_unit_test_teardown(the_rest_is_done_after_a_start, tear_down),
        cmocka_unit_test_teardown(counters_follow, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
