/* Tests of delivery where the clock matters, and of what only the inside can see. */
#include "cse/notify/duties_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "cse/look_test.h"

static const int64_t MS = 1000;

static struct mln_look look;

static struct mln_inproc *start(const struct mln_inproc_options *options)
{
    struct mln_inproc_options o = options ? *options : (struct mln_inproc_options){ 0 };

    o.verify = MLN_VERIFY_NONE;
    mln_look_open(&look, &o);
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c'}}");
    return look.p;
}

static int stop(void **state)
{
    (void)state;
    return mln_look_end(&look);
}

static void subscribe(const char *parent, int number)
{
    char pc[200];

    (void)snprintf(pc, sizeof pc,
                   "{'m2m:sub':{'rn':'s%d','nu':['http://h/%d'],'enc':{'net':[3],'chty':[4]}}}",
                   number, number);
    mln_look_make(&look, NULL, parent, MLN_TY_SUB, pc);
}

static void happen(const char *parent)
{
    mln_look_make(&look, NULL, parent, MLN_TY_CIN, "{'m2m:cin':{'con':'x'}}");
}

static size_t sent(void)
{
    return look.p->sent_count;
}

static bool outbox_is_empty(void)
{
    struct mln_lane lane;

    return mln_outbox_next_lane(mln_look_anew(&look), NULL, &lane).code == MLN_ERR_NOT_FOUND;
}

static struct mln_duties_stats stats(void)
{
    struct mln_duties_stats s;

    mln_duties_stats(look.p->duties, &s);
    return s;
}

/* Moves the clock until one more request leaves, and tells how long that took. */
static int64_t until_sent(int64_t step_us)
{
    int64_t began = look.p->now_us;
    size_t before = sent();

    while (sent() == before && look.p->now_us - began < INT64_C(200) * 1000 * MS) {
        mln_inproc_advance(look.p, step_us);
    }
    return look.p->now_us - began;
}

/* ---- pauses ---- */

static void pauses_double_up_to_a_minute(void **state)
{
    int64_t expected = 100 * MS;

    (void)state;
    start(NULL)->reply.err = MLN_ERR_NETWORK;
    subscribe("cse-in/c", 1);
    happen("cse-in/c");
    assert_int_equal(sent(), 1);
    for (int i = 0; i < 13; i++) {
        int64_t step = expected / 100;
        int64_t pause = until_sent(step);

        /* up to a quarter more, so that lanes that failed together come apart */
        assert_in_range(pause, expected, expected * 5 / 4 + step);
        expected = expected * 2 < 60000 * MS ? expected * 2 : 60000 * MS;
    }
    assert_int_equal(stats().retried, 14);
    assert_false(outbox_is_empty());
    /* the receiver is back: what waited goes, and pauses begin anew */
    look.p->reply.err = MLN_ERR_NONE;
    (void)until_sent(1000 * MS);
    assert_int_equal(stats().delivered, 1);
    assert_true(outbox_is_empty());
    look.p->reply.err = MLN_ERR_NETWORK;
    happen("cse-in/c");
    assert_in_range(until_sent(MS), 100 * MS, 126 * MS);
}

static void pauses_do_not_follow_the_clock(void **state)
{
    (void)state;
    start(NULL)->reply.err = MLN_ERR_NETWORK;
    subscribe("cse-in/c", 1);
    happen("cse-in/c");
    mln_inproc_set_clock(look.p, -INT64_C(3600) * 1000 * MS);
    assert_in_range(until_sent(MS), 100 * MS, 126 * MS);
    assert_false(outbox_is_empty());
}

static void a_silent_receiver_is_tried_again(void **state)
{
    (void)state;
    start(NULL)->reply.is_silent = true;
    subscribe("cse-in/c", 1);
    happen("cse-in/c");
    assert_int_equal(look.p->sent->timeout_us, (int64_t)look.p->limits.notify_ms * MS);
    assert_in_range(until_sent(MS), 5100 * MS, 5126 * MS);
    assert_int_equal(stats().retried, 1);
}

static void what_is_too_old_is_dropped(void **state)
{
    (void)state;
    start(NULL)->reply.err = MLN_ERR_NETWORK;
    subscribe("cse-in/c", 1);
    happen("cse-in/c");
    happen("cse-in/c");
    mln_inproc_advance(look.p, INT64_C(3599) * 1000 * MS);
    assert_false(outbox_is_empty());
    mln_inproc_advance(look.p, INT64_C(100) * 1000 * MS);
    assert_true(outbox_is_empty());
    assert_int_equal(stats().dropped, 2);
    assert_int_equal(stats().delivered, 0);
}

/* ---- places ---- */

static void no_more_at_a_time_than_the_limit(void **state)
{
    struct mln_limits limits;
    struct mln_inproc_reply fine = { .rsc = MLN_RSC_OK };

    (void)state;
    mln_limits_default(&limits);
    limits.deliveries = 2;
    start(&(struct mln_inproc_options){ .limits = &limits })->reply.is_silent = true;
    for (int i = 0; i < 5; i++) {
        subscribe("cse-in/c", i);
    }
    happen("cse-in/c");
    for (size_t i = 2; i <= 5; i++) {
        assert_int_equal(sent(), i);
        assert_true(mln_inproc_reply_to_first(look.p, &fine));
    }
    assert_true(mln_inproc_reply_to_first(look.p, &fine));
    assert_int_equal(sent(), 5);
    assert_int_equal(stats().delivered, 5);
    assert_true(outbox_is_empty());
}

/* ---- starting ---- */

static void many_lanes(int count)
{
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, "{'m2m:cnt':{'rn':'d'}}");
    for (int i = 0; i < count; i++) {
        subscribe(i % 2 ? "cse-in/c" : "cse-in/d", i);
    }
    happen("cse-in/c");
    happen("cse-in/d");
}

static void begin_duties(void)
{
    assert_int_equal(mln_duties_new(look.p->worker, &look.p->duties).code, MLN_ERR_NONE);
    mln_inproc_settle(look.p);
}

static void what_an_earlier_run_left_is_delivered(void **state)
{
    (void)state;
    start(&(struct mln_inproc_options){ .has_no_duties = true });
    many_lanes(1500);
    assert_int_equal(sent(), 0);
    begin_duties();
    assert_int_equal(sent(), 1500);
    assert_int_equal(stats().delivered, 1500);
    assert_true(outbox_is_empty());
}

static void what_got_too_old_meanwhile_is_dropped(void **state)
{
    (void)state;
    start(&(struct mln_inproc_options){ .has_no_duties = true });
    many_lanes(1500);
    mln_inproc_advance(look.p, INT64_C(3601) * 1000 * MS);
    begin_duties();
    assert_int_equal(sent(), 0);
    assert_int_equal(stats().dropped, 1500);
    assert_true(outbox_is_empty());
}

/* ---- counting down ---- */

static void the_counter_counts_what_was_taken(void **state)
{
    struct mln_inproc_reply fine = { .rsc = MLN_RSC_OK };
    struct mln_inproc_reply refused = { .rsc = MLN_RSC_BAD_REQUEST };

    (void)state;
    start(NULL)->reply.is_silent = true;
    mln_look_make(&look, NULL, "cse-in/c", MLN_TY_SUB,
                  "{'m2m:sub':{'rn':'s','nu':['http://h','http://i'],'exc':2,'su':'http://su',"
                  "'enc':{'net':[3]}}}");
    for (int i = 0; i < 4; i++) {
        happen("cse-in/c");
    }
    assert_int_equal(sent(), 2); /* the first to each target; of four events two are kept */
    assert_true(mln_inproc_reply_to_first(look.p, &refused));
    assert_true(mln_inproc_reply_to_first(look.p, &fine));
    /* lane 0 was refused its first and has one left, so has lane 1 */
    assert_true(mln_inproc_reply_to_first(look.p, &fine));
    assert_true(mln_inproc_reply_to_first(look.p, &fine));
    assert_false(mln_inproc_reply_to_first(look.p, &fine));
    assert_true(outbox_is_empty());
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in/c/s','fr':'CAdmin'}")->rsc,
                     MLN_RSC_OK);
    happen("cse-in/c");
    assert_true(mln_inproc_reply_to_first(look.p, &fine));
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in/c/s','fr':'CAdmin'}")->rsc,
                     MLN_RSC_NOT_FOUND);
    assert_true(mln_inproc_reply_to_first(look.p, &fine)); /* the other target */
    assert_true(mln_inproc_reply_to_first(look.p, &fine)); /* the notice of deletion */
    assert_false(mln_inproc_reply_to_first(look.p, &fine));
}

/* A counter set while notifications wait counts those of later events, even when the clock was set
 * back in between. */
static void the_counter_begins_when_it_is_set(void **state)
{
    struct mln_inproc_reply fine = { .rsc = MLN_RSC_OK };

    (void)state;
    start(NULL)->reply.is_silent = true;
    subscribe("cse-in/c", 1);
    happen("cse-in/c");
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/c/s1','fr':'CAdmin',"
                                         "'pc':{'m2m:sub':{'exc':1}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    assert_true(mln_inproc_reply_to_first(look.p, &fine));
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in/c/s1','fr':'CAdmin'}")->rsc,
                     MLN_RSC_OK);
    look.p->now_us -= INT64_C(3600) * 1000 * MS;
    happen("cse-in/c");
    happen("cse-in/c");
    assert_int_equal(sent(), 2);
    assert_true(mln_inproc_reply_to_first(look.p, &fine));
    assert_false(mln_inproc_reply_to_first(look.p, &fine));
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in/c/s1','fr':'CAdmin'}")->rsc,
                     MLN_RSC_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(pauses_double_up_to_a_minute, stop),
        cmocka_unit_test_teardown(pauses_do_not_follow_the_clock, stop),
        cmocka_unit_test_teardown(a_silent_receiver_is_tried_again, stop),
        cmocka_unit_test_teardown(what_is_too_old_is_dropped, stop),
        cmocka_unit_test_teardown(no_more_at_a_time_than_the_limit, stop),
        cmocka_unit_test_teardown(what_an_earlier_run_left_is_delivered, stop),
        cmocka_unit_test_teardown(what_got_too_old_meanwhile_is_dropped, stop),
        cmocka_unit_test_teardown(the_counter_counts_what_was_taken, stop),
        cmocka_unit_test_teardown(the_counter_begins_when_it_is_set, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
