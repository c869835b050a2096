/* Tests of what is dropped when too many notifications wait. */
#include "cse/notify/storage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "cse/look_test.h"

enum { MOST = 6, PRIORITIES = 4 };

static struct mln_look look;

static int set_up(void **state)
{
    struct mln_limits limits;

    (void)state;
    mln_limits_default(&limits);
    limits.stored_notifications = MOST;
    limits.priorities = PRIORITIES;
    mln_look_open(&look, &(struct mln_inproc_options){
                             .limits = &limits, .has_no_duties = true, .verify = MLN_VERIFY_NONE });
    mln_look_register(&look, "Cae");
    for (int i = 0; i < 3; i++) {
        char pc[64];

        (void)snprintf(pc, sizeof pc, "{'m2m:cnt':{'rn':'c%d'}}", i);
        mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, pc);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

/* cse-in/c<container>/<name> with these attributes beside notificationURI. */
static enum mln_rsc subscribe(const char *fr, int container, const char *name, const char *more)
{
    return mln_look_ask(&look,
                        "{'op':1,'to':'cse-in/c%d','fr':'%s','ty':23,'pc':{'m2m:sub':{'rn':'%s',"
                        "'nu':['http://h/'],'enc':{'net':[3]},%s}}}",
                        container, fr, name, more)
        ->rsc;
}

static void make(int container, const char *name, const char *more)
{
    assert_int_equal(subscribe("CAdmin", container, name, more), MLN_RSC_CREATED);
}

/* Events in the container, a second apart. */
static void happen(int container, int times)
{
    char parent[16];

    (void)snprintf(parent, sizeof parent, "cse-in/c%d", container);
    for (int i = 0; i < times; i++) {
        look.p->now_us += 1000000;
        mln_look_make(&look, NULL, parent, MLN_TY_CIN, "{'m2m:cin':{'con':'x'}}");
    }
}

static uint64_t waiting_in(uint64_t subscription, uint16_t lane)
{
    uint64_t n = UINT64_MAX;

    assert_int_equal(
        mln_outbox_waiting(look.view, (struct mln_lane){ subscription, lane }, 0, &n).code,
        MLN_ERR_NONE);
    return n;
}

static uint64_t waiting(const char *subscription)
{
    return waiting_in(mln_look_at(&look, subscription).id, 0);
}

static void the_lowest_priority_goes_first(void **state)
{
    (void)state;
    make(0, "low", "'nsp':1");
    make(1, "high", "'nsp':5");
    happen(0, 4);
    happen(1, 4);
    assert_int_equal(waiting("cse-in/c1/high"), 4);
    assert_int_equal(waiting("cse-in/c0/low"), 2);
    happen(1, 4);
    assert_int_equal(waiting("cse-in/c1/high"), MOST);
    assert_int_equal(waiting("cse-in/c0/low"), 0);
    happen(0, 1); /* all that waits has a higher one: it is the new one that goes */
    assert_int_equal(waiting("cse-in/c1/high"), MOST);
    assert_int_equal(waiting("cse-in/c0/low"), 0);
}

/* spec: TS-0001 9.6.3: "older creationTime", when all are of one priority; a queue that was empty
 * for long begins with a greater number than others have that are as old */
static void of_one_priority_the_oldest_goes(void **state)
{
    (void)state;
    make(0, "a", "'nsp':3");
    make(1, "b", "'nsp':3");
    happen(0, 2);
    happen(1, 2);
    happen(0, 2);
    happen(1, 1); /* a's first */
    assert_int_equal(waiting("cse-in/c0/a"), 3);
    assert_int_equal(waiting("cse-in/c1/b"), 3);
    happen(1, 2); /* a's second, then b's first: a's third came after it */
    assert_int_equal(waiting("cse-in/c0/a"), 2);
    assert_int_equal(waiting("cse-in/c1/b"), 4);
}

static void others_do_not_count(void **state)
{
    (void)state;
    make(0, "without", "'nct':1");
    make(1, "with", "'nsp':1");
    assert_int_equal(subscribe("Cae", 1, "x", "'nsp':1"), MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    mln_look_make(&look, "Cae", "cse-in/Cae", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c'}}");
    mln_look_make(&look, "Cae", "cse-in/Cae/c", MLN_TY_SUB,
                  "{'m2m:sub':{'rn':'s','nu':['http://h/'],'enc':{'net':[3]},'nsp':9}}");
    for (int i = 0; i < MOST + 2; i++) {
        mln_look_make(&look, "Cae", "cse-in/Cae/c", MLN_TY_CIN, "{'m2m:cin':{'con':'x'}}");
    }
    happen(0, MOST + 2);
    happen(1, MOST + 2);
    assert_int_equal(waiting("cse-in/c0/without"), MOST + 2);
    assert_int_equal(waiting("cse-in/c1/with"), MOST);
    assert_int_equal(waiting("cse-in/Cae/c/s"), MOST);
}

static void what_is_held_counts(void **state)
{
    (void)state;
    make(0, "batched", "'nsp':1,'bn':{'num':100}");
    make(1, "plain", "'nsp':2");
    happen(0, 4);
    happen(1, 4);
    assert_int_equal(waiting("cse-in/c1/plain"), 4);
    assert_int_equal(waiting_in(mln_look_at(&look, "cse-in/c0/batched").id, MLN_OUTBOX_LANE_HELD),
                     2);
}

static void only_the_latest_needs_no_room(void **state)
{
    (void)state;
    make(0, "latest", "'nsp':2,'ln':true");
    make(1, "plain", "'nsp':1");
    happen(0, 1);
    happen(1, MOST - 1);
    happen(0, 5);
    assert_int_equal(waiting("cse-in/c0/latest"), 1);
    assert_int_equal(waiting("cse-in/c1/plain"), MOST - 1);
}

static void a_priority_that_changes(void **state)
{
    (void)state;
    make(0, "a", "'nsp':1");
    make(1, "b", "'nsp':2");
    happen(0, 3);
    happen(1, 3);
    (void)mln_look_ask(&look,
                       "{'op':3,'to':'cse-in/c0/a','fr':'CAdmin','pc':{'m2m:sub':{'nsp':3}}}");
    happen(0, 1);
    assert_int_equal(waiting("cse-in/c0/a"), 4);
    assert_int_equal(waiting("cse-in/c1/b"), 2);
    (void)mln_look_ask(&look,
                       "{'op':3,'to':'cse-in/c0/a','fr':'CAdmin','pc':{'m2m:sub':{'nsp':null}}}");
    happen(0, MOST);
    happen(1, 4); /* what a has does not count any more */
    assert_int_equal(waiting("cse-in/c0/a"), 4 + MOST);
    assert_int_equal(waiting("cse-in/c1/b"), MOST);
}

static void their_number_is_bounded(void **state)
{
    static const char *const names[PRIORITIES] = { "a", "b", "c", "d" };

    (void)state;
    for (int i = 0; i < PRIORITIES; i++) {
        make(i % 2, names[i], "'nsp':1");
    }
    assert_int_equal(subscribe("CAdmin", 2, "e", "'nsp':1"), MLN_RSC_BAD_REQUEST);
    make(2, "e", "'nct':1");
    assert_int_equal(
        mln_look_ask(&look, "{'op':3,'to':'cse-in/c2/e','fr':'CAdmin','pc':{'m2m:sub':{'nsp':1}}}")
            ->rsc,
        MLN_RSC_BAD_REQUEST);
    assert_int_equal(
        mln_look_ask(&look, "{'op':3,'to':'cse-in/c0/a','fr':'CAdmin','pc':{'m2m:sub':{'nsp':7}}}")
            ->rsc,
        MLN_RSC_UPDATED);
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'cse-in/c1','fr':'CAdmin'}")->rsc,
                     MLN_RSC_DELETED); /* with two of them */
    make(2, "f", "'nsp':1");
    make(2, "g", "'nsp':1");
    assert_int_equal(subscribe("CAdmin", 2, "h", "'nsp':1"), MLN_RSC_BAD_REQUEST);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_lowest_priority_goes_first),
        T(of_one_priority_the_oldest_goes),
        T(others_do_not_count),
        T(what_is_held_counts),
        T(only_the_latest_needs_no_room),
        T(a_priority_that_changes),
        T(their_number_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
