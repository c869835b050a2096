/* Tests of alarms: their order, their state, who is woken and when. */
#include "cse/notify/alarm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "cse/look_test.h"

static const int64_t S = 1000000;

static struct mln_look look;

static void begin(bool has_no_duties)
{
    mln_look_open(&look, &(struct mln_inproc_options){ .has_no_duties = has_no_duties });
    (void)mln_look_anew(&look);
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(mln_inproc_check(look.p), 0);
    mln_look_close(&look);
    return 0;
}

/* ---- writing, each in a job of its own ---- */

struct work {
    struct mln_job job;
    bool is_clear;
    struct mln_alarm alarm;
    mln_err result;
};

static mln_err run(struct mln_job *job, struct mln_view *view)
{
    struct work *w = (struct work *)(void *)job;
    struct mln_change c = {
        .cse = look.p->cse, .view = view, .arena = look.arena, .now_us = look.p->now_us
    };

    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &c.write));
    return w->is_clear ? mln_alarm_clear(&c, w->alarm.id, w->alarm.kind)
                       : mln_alarm_set(&c, &w->alarm);
}

static void done(struct mln_job *job, mln_err result)
{
    ((struct work *)(void *)job)->result = result;
}

static void perform(bool is_clear, struct mln_alarm alarm)
{
    struct work w = { .job = { .run = run, .done = done }, .is_clear = is_clear, .alarm = alarm };

    assert_int_equal(mln_store_submit(look.p->store, &w.job).code, MLN_ERR_NONE);
    assert_int_equal(w.result.code, MLN_ERR_NONE);
    mln_inproc_settle(look.p);
    (void)mln_look_anew(&look);
}

static void set(uint64_t id, enum mln_alarm_kind kind, int64_t due_us, const char *text)
{
    perform(false, (struct mln_alarm){
                       .id = id, .kind = kind, .due_us = due_us, .state = mln_slice_z(text) });
}

static void clear(uint64_t id, enum mln_alarm_kind kind)
{
    perform(true, (struct mln_alarm){ .id = id, .kind = kind });
}

/* id of the earliest, or 0. */
static uint64_t earliest(void)
{
    struct mln_alarm a;
    mln_err err = mln_alarm_first(look.view, &a);

    assert_true(!mln_failed(err) || err.code == MLN_ERR_NOT_FOUND);
    return mln_failed(err) ? 0 : a.id;
}

static void the_earliest_comes_first(void **state)
{
    (void)state;
    begin(true);
    assert_int_equal(earliest(), 0);
    set(7, MLN_ALARM_WINDOW, 300, "");
    set(8, MLN_ALARM_WINDOW, 100, "");
    set(9, MLN_ALARM_MISSING_DATA, 200, "");
    assert_int_equal(earliest(), 8);
    clear(8, MLN_ALARM_MISSING_DATA); /* another kind */
    assert_int_equal(earliest(), 8);
    clear(8, MLN_ALARM_WINDOW);
    assert_int_equal(earliest(), 9);
    clear(9, MLN_ALARM_MISSING_DATA);
    clear(7, MLN_ALARM_WINDOW);
    assert_int_equal(earliest(), 0);
}

static void one_of_each_kind(void **state)
{
    struct mln_alarm a;

    (void)state;
    begin(true);
    set(7, MLN_ALARM_WINDOW, 100, "first");
    set(7, MLN_ALARM_WINDOW, 400, "second");
    set(7, MLN_ALARM_MISSING_DATA, 300, "");
    assert_int_equal(mln_alarm_first(look.view, &a).code, MLN_ERR_NONE);
    assert_int_equal(a.kind, MLN_ALARM_MISSING_DATA);
    assert_int_equal(a.due_us, 300);
    assert_int_equal(mln_alarm_get(look.view, 7, MLN_ALARM_WINDOW, look.arena, &a).code,
                     MLN_ERR_NONE);
    assert_int_equal(a.due_us, 400);
    assert_true(mln_slice_eq(a.state, MLN_S("second")));
    clear(7, MLN_ALARM_MISSING_DATA);
    clear(7, MLN_ALARM_WINDOW);
    assert_int_equal(mln_alarm_get(look.view, 7, MLN_ALARM_WINDOW, look.arena, &a).code,
                     MLN_ERR_NOT_FOUND);
    assert_int_equal(earliest(), 0);
}

/* Whose resource is gone, or whose type does not care, is cleared all the same. */
static void what_is_due_is_cleared_and_no_earlier(void **state)
{
    int64_t now;

    (void)state;
    begin(false);
    now = look.p->now_us;
    set(1234567, MLN_ALARM_WINDOW, now + 20 * S, "x");
    set(look.p->cse->base_id, MLN_ALARM_WINDOW, now + 10 * S, "x");
    mln_inproc_advance(look.p, 10 * S - 1);
    (void)mln_look_anew(&look);
    assert_int_equal(earliest(), look.p->cse->base_id);
    mln_inproc_advance(look.p, 1);
    (void)mln_look_anew(&look);
    assert_int_equal(earliest(), 1234567);
    set(5, MLN_ALARM_WINDOW, now + 15 * S, ""); /* earlier than what is awaited */
    mln_inproc_advance(look.p, 5 * S);
    (void)mln_look_anew(&look);
    assert_int_equal(earliest(), 1234567);
    mln_inproc_advance(look.p, 5 * S);
    (void)mln_look_anew(&look);
    assert_int_equal(earliest(), 0);
}

/* An expiry that is awaited earlier must not hide an alarm that lies between it and the next. */
static void expiry_and_alarms_are_awaited_together(void **state)
{
    int64_t now;

    (void)state;
    begin(false);
    now = look.p->now_us;
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, "{'m2m:cnt':{'et':'20300101T000010'}}");
    set(7, MLN_ALARM_WINDOW, now + 100 * S, "");
    set(8, MLN_ALARM_WINDOW, now + 50 * S, ""); /* later than the expiry: nobody is told */
    mln_inproc_advance(look.p, 10 * S);
    mln_inproc_advance(look.p, 40 * S);
    (void)mln_look_anew(&look);
    assert_int_equal(earliest(), 7);
}

static void has_put_off(uint64_t id, int64_t earliest_us)
{
    struct mln_alarm a;

    assert_int_equal(mln_alarm_get(look.view, id, MLN_ALARM_MISSING_DATA, look.arena, &a).code,
                     MLN_ERR_NONE);
    assert_true(a.due_us >= earliest_us);
    assert_true(mln_slice_eq(a.state, MLN_S("bad")));
}

/* A state that its owner cannot read: the hook fails each time. */
static void one_that_fails_holds_up_no_others(void **state)
{
    static const char watched[] = "{'m2m:ts':{'rn':'%s','pei':1000,'mdd':true,'mdt':900}}";
    uint64_t ids[2];
    char pc[128];
    int64_t now;

    (void)state;
    begin(false);
    now = look.p->now_us;
    for (int i = 0; i < 2; i++) {
        (void)snprintf(pc, sizeof pc, watched, i ? "u" : "t");
        mln_look_make(&look, NULL, "cse-in", MLN_TY_TS, pc);
        ids[i] = mln_look_at(&look, i ? "cse-in/u" : "cse-in/t").id;
        set(ids[i], MLN_ALARM_MISSING_DATA, now + 10 * S, "bad");
    }
    set(7, MLN_ALARM_WINDOW, now + 11 * S, "");
    mln_inproc_advance(look.p, 11 * S);
    mln_inproc_advance(look.p, 3 * S); /* a pause after each failure */
    (void)mln_look_anew(&look);
    has_put_off(ids[0], now + 70 * S);
    has_put_off(ids[1], now + 70 * S);
    assert_int_not_equal(earliest(), 7);
    mln_inproc_advance(look.p, 100 * S);
    (void)mln_look_anew(&look);
    has_put_off(ids[0], now + 130 * S);
    has_put_off(ids[1], now + 130 * S);
}

static void many_are_due_at_once(void **state)
{
    int64_t now;

    (void)state;
    begin(false);
    now = look.p->now_us;
    for (uint64_t i = 1; i <= 950; i++) {
        set(1000000 + i, MLN_ALARM_WINDOW, now + 30 * S, "");
    }
    mln_inproc_advance(look.p, 30 * S);
    (void)mln_look_anew(&look);
    assert_int_equal(earliest(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_earliest_comes_first, tear_down),
        cmocka_unit_test_teardown(one_of_each_kind, tear_down),
        cmocka_unit_test_teardown(what_is_due_is_cleared_and_no_earlier, tear_down),
        cmocka_unit_test_teardown(expiry_and_alarms_are_awaited_together, tear_down),
        cmocka_unit_test_teardown(one_that_fails_holds_up_no_others, tear_down),
        cmocka_unit_test_teardown(many_are_due_at_once, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
