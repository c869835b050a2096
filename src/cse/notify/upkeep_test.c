/* Tests of expiry with a clock of their own. spec: TS-0001 9.6.1.3.2 expirationTime */
#include "cse/notify/duties_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "cse/look_test.h"

static const int64_t S = 1000000;

static struct mln_look look;

static void begin(const struct mln_inproc_options *options)
{
    struct mln_inproc_options o = options ? *options : (struct mln_inproc_options){ 0 };

    o.verify = MLN_VERIFY_NONE;
    mln_look_open(&look, &o);
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(mln_inproc_check(look.p), 0);
    mln_look_close(&look);
    return 0;
}

/* A container that expires so many seconds from the start of all tests. */
static void mortal(const char *parent, int number, int seconds)
{
    char pc[128];

    (void)snprintf(pc, sizeof pc, "{'m2m:cnt':{'rn':'c%d','et':'20300101T%02d%02d%02d'}}", number,
                   seconds / 3600, seconds / 60 % 60, seconds % 60);
    mln_look_make(&look, NULL, parent, MLN_TY_CNT, pc);
}

static bool is_stored(int number)
{
    struct mln_resource r;
    char name[16];

    (void)snprintf(name, sizeof name, "c%d", number);
    return mln_store_child(mln_look_anew(&look), look.p->cse->base_id, mln_slice_z(name),
                           look.arena, &r)
               .code == MLN_ERR_NONE;
}

static uint64_t expired(void)
{
    struct mln_duties_stats s;

    mln_duties_stats(look.p->duties, &s);
    return s.expired;
}

static void resources_go_when_their_time_comes(void **state)
{
    (void)state;
    begin(NULL);
    mortal("cse-in", 1, 10);
    mortal("cse-in", 2, 20);
    mortal("cse-in", 3, 15);
    mln_inproc_advance(look.p, 10 * S - 1);
    assert_true(is_stored(1));
    mln_inproc_advance(look.p, 1);
    assert_false(is_stored(1));
    assert_true(is_stored(2) && is_stored(3));
    mln_inproc_advance(look.p, 5 * S);
    assert_false(is_stored(3));
    mln_inproc_advance(look.p, 5 * S);
    assert_false(is_stored(2));
    assert_int_equal(expired(), 3);
}

static void an_earlier_time_is_noticed(void **state)
{
    (void)state;
    begin(NULL);
    mortal("cse-in", 1, 1000);
    mln_inproc_advance(look.p, 5 * S);
    mortal("cse-in", 2, 7);
    mln_inproc_advance(look.p, 2 * S);
    assert_false(is_stored(2));
    assert_true(is_stored(1));
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/c1','fr':'CAdmin','pc':{'m2m:cnt':"
                                         "{'et':'20300101T000010'}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    mln_inproc_advance(look.p, 3 * S);
    assert_false(is_stored(1));
}

static void a_later_time_is_respected(void **state)
{
    (void)state;
    begin(NULL);
    mortal("cse-in", 1, 10);
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/c1','fr':'CAdmin','pc':{'m2m:cnt':"
                                         "{'et':'20300101T000100'}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    mln_inproc_advance(look.p, 59 * S);
    assert_true(is_stored(1));
    mln_inproc_advance(look.p, 1 * S);
    assert_false(is_stored(1));
}

static void many_at_once(void **state)
{
    (void)state;
    begin(NULL);
    for (int i = 0; i < 950; i++) {
        mortal("cse-in", i, 30);
    }
    mln_inproc_advance(look.p, 30 * S);
    for (int i = 0; i < 950; i++) {
        assert_false(is_stored(i));
    }
    assert_int_equal(expired(), 950);
}

static void what_expired_while_nobody_looked(void **state)
{
    (void)state;
    begin(&(struct mln_inproc_options){ .has_no_duties = true });
    mortal("cse-in", 1, 10);
    mortal("cse-in", 2, 4000);
    mln_inproc_advance(look.p, INT64_C(3600) * S);
    assert_true(is_stored(1));
    /* ... but it is not to be found any more */
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in/c1','fr':'CAdmin'}")->rsc,
                     MLN_RSC_NOT_FOUND);
    assert_int_equal(mln_duties_new(look.p->worker, &look.p->duties).code, MLN_ERR_NONE);
    mln_inproc_settle(look.p);
    assert_false(is_stored(1));
    assert_true(is_stored(2));
    mln_inproc_advance(look.p, INT64_C(400) * S);
    assert_false(is_stored(2));
}

/* A subscription expires with its subject at the latest, and hears of its end all the same. */
static void a_parent_takes_its_children_along(void **state)
{
    (void)state;
    begin(NULL);
    mortal("cse-in", 1, 10);
    mln_look_make(&look, NULL, "cse-in/c1", MLN_TY_SUB,
                  "{'m2m:sub':{'nu':['http://h'],'su':'http://su','enc':{'net':[2]}}}");
    mortal("cse-in/c1", 2, 500); /* cut to the parent's time */
    mln_inproc_advance(look.p, 10 * S);
    assert_false(is_stored(1));
    assert_int_equal(look.p->sent_count, 2);
    assert_non_null(strstr(look.p->sent->pc, "\"net\":2"));
    assert_non_null(strstr(look.p->sent->next->pc, "\"sud\":true"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(resources_go_when_their_time_comes, tear_down),
        cmocka_unit_test_teardown(an_earlier_time_is_noticed, tear_down),
        cmocka_unit_test_teardown(a_later_time_is_respected, tear_down),
        cmocka_unit_test_teardown(many_at_once, tear_down),
        cmocka_unit_test_teardown(what_expired_while_nobody_looked, tear_down),
        cmocka_unit_test_teardown(a_parent_takes_its_children_along, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
