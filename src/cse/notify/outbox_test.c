/* Tests of the queues of notifications. */
#include "cse/notify/outbox.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "cse/look_test.h"

enum { LANE_MOST = 4 };

static struct mln_look look;

static int set_up(void **state)
{
    struct mln_limits limits;

    (void)state;
    mln_limits_default(&limits);
    limits.outbox_lane = LANE_MOST;
    mln_look_open(&look, &(struct mln_inproc_options){ .limits = &limits, .has_no_duties = true });
    (void)mln_look_anew(&look);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

/* ---- writing, each in a job of its own ---- */

struct work {
    struct mln_job job;
    enum { PUT, ERASE, TRIM, CLEAR } what;
    enum mln_op op; /* PUT: a request of "Ca" */
    struct mln_lane lane;
    const char *target;
    uint64_t number;
    int ec;
    mln_err result;
};

static mln_err run(struct mln_job *job, struct mln_view *view)
{
    struct work *w = (struct work *)(void *)job;
    struct mln_change c = {
        .cse = look.p->cse, .view = view, .arena = look.arena, .now_us = look.p->now_us
    };
    char content[1] = { (char)0xF6 }; /* null; the outbox does not look at it */
    struct mln_notice notice = { .content = mln_slice_of(content, sizeof content), .ec = w->ec };

    if (w->op) {
        notice = (struct mln_notice){ .op = w->op, .fr = MLN_S("Ca"), .ec = w->ec };
    }
    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &c.write));
    switch (w->what) {
    case PUT:
        return mln_outbox_put(&c, w->lane, w->number, mln_slice_z(w->target), &notice);
    case ERASE:
        return mln_outbox_erase(c.write, w->lane, w->number);
    case TRIM:
        return mln_outbox_trim(&c, w->lane, w->number);
    case CLEAR:
        break;
    }
    return mln_outbox_clear(&c, w->lane.subscription);
}

static void done(struct mln_job *job, mln_err result)
{
    ((struct work *)(void *)job)->result = result;
}

static void perform(struct work w)
{
    w.job = (struct mln_job){ .run = run, .done = done };
    w.result = MLN_ERROR(INTERNAL);
    assert_int_equal(mln_store_submit(look.p->store, &w.job).code, MLN_ERR_NONE);
    assert_int_equal(w.result.code, MLN_ERR_NONE);
    (void)mln_look_anew(&look);
}

static void put(uint64_t subscription, uint16_t number, const char *target)
{
    perform((struct work){ .what = PUT, .lane = { subscription, number }, .target = target });
}

static uint64_t waiting(uint64_t subscription, uint16_t number)
{
    uint64_t n = UINT64_MAX;

    assert_int_equal(
        mln_outbox_waiting(look.view, (struct mln_lane){ subscription, number }, 0, &n).code,
        MLN_ERR_NONE);
    return n;
}

static struct mln_outbox_entry first(uint64_t subscription, uint16_t number)
{
    struct mln_outbox_entry e = { .number = 0 };

    assert_int_equal(
        mln_outbox_next(look.view, (struct mln_lane){ subscription, number }, 0, look.arena, &e)
            .code,
        MLN_ERR_NONE);
    return e;
}

/* ---- tests ---- */

static void a_lane_keeps_its_order(void **state)
{
    struct mln_outbox_entry e;

    (void)state;
    put(5, 0, "a");
    put(5, 0, "b");
    put(5, 1, "other lane");
    put(6, 0, "other subscription");
    e = first(5, 0);
    assert_true(mln_slice_eq(e.target, MLN_S("a")));
    assert_true(e.created_us == look.p->now_us);
    assert_int_equal(e.notice.content.len, 1);
    assert_int_equal(mln_outbox_next(look.view, e.lane, e.number, look.arena, &e).code,
                     MLN_ERR_NONE);
    assert_true(mln_slice_eq(e.target, MLN_S("b")));
    assert_int_equal(mln_outbox_next(look.view, e.lane, e.number, look.arena, &e).code,
                     MLN_ERR_NOT_FOUND);
    assert_int_equal(waiting(5, 0), 2);
    assert_int_equal(waiting(5, 1), 1);
    assert_int_equal(waiting(7, 0), 0);
}

static void the_newest_stay(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        put(5, 0, i == 2 ? "third" : "other");
    }
    put(5, 1, "not touched");
    perform((struct work){ .what = TRIM, .lane = { 5, 0 }, .number = 2 });
    assert_int_equal(waiting(5, 0), 2);
    assert_true(mln_slice_eq(first(5, 0).target, MLN_S("third")));
    perform((struct work){ .what = TRIM, .lane = { 5, 0 }, .number = 2 });
    assert_int_equal(waiting(5, 0), 2);
    perform((struct work){ .what = TRIM, .lane = { 5, 0 } });
    perform((struct work){ .what = TRIM, .lane = { 5, 0 } });
    assert_int_equal(waiting(5, 0), 0);
    assert_int_equal(waiting(5, 1), 1);
}

static void the_category_comes_back(void **state)
{
    (void)state;
    put(5, 0, "none");
    perform((struct work){ .what = PUT, .lane = { 5, 1 }, .target = "one", .ec = 4 });
    assert_int_equal(first(5, 0).notice.ec, 0);
    assert_int_equal(first(5, 1).notice.ec, 4);
}

/* They are cleared with the others, but nobody is led to them. */
static void what_is_held_is_not_listed(void **state)
{
    struct mln_lane lane;

    (void)state;
    put(5, MLN_OUTBOX_LANE_HELD, "");
    put(5, MLN_OUTBOX_LANE_HELD + 2, "");
    put(6, 0, "a");
    assert_int_equal(mln_outbox_next_lane(look.view, NULL, &lane).code, MLN_ERR_NONE);
    assert_int_equal(lane.subscription, 6);
    assert_int_equal(mln_outbox_next_lane(look.view, &lane, &lane).code, MLN_ERR_NOT_FOUND);
    put(5, MLN_OUTBOX_LANE_DELETION, "b");
    assert_int_equal(mln_outbox_next_lane(look.view, NULL, &lane).code, MLN_ERR_NONE);
    assert_int_equal(lane.number, MLN_OUTBOX_LANE_DELETION);
    perform((struct work){ .what = CLEAR, .lane = { 5, 0 } });
    assert_int_equal(waiting(5, MLN_OUTBOX_LANE_HELD), 0);
    assert_int_equal(waiting(5, MLN_OUTBOX_LANE_HELD + 2), 0);
    assert_int_equal(waiting(5, MLN_OUTBOX_LANE_DELETION), 1);
}

static void a_full_lane_drops_its_oldest(void **state)
{
    (void)state;
    for (int i = 0; i < 7; i++) {
        put(5, 0, (const char[]){ (char)('a' + i), '\0' });
        put(5, 1, "x");
        assert_int_equal(waiting(5, 0), i + 1 < LANE_MOST ? i + 1 : LANE_MOST);
    }
    assert_true(mln_slice_eq(first(5, 0).target, MLN_S("d")));
}

static void entries_are_erased_from_the_front(void **state)
{
    struct mln_outbox_entry e;

    (void)state;
    put(5, 0, "a");
    put(5, 0, "b");
    e = first(5, 0);
    perform((struct work){ .what = ERASE, .lane = e.lane, .number = e.number });
    perform((struct work){ .what = ERASE, .lane = e.lane, .number = e.number }); /* is gone */
    assert_int_equal(waiting(5, 0), 1);
    e = first(5, 0);
    assert_true(mln_slice_eq(e.target, MLN_S("b")));
    perform((struct work){ .what = ERASE, .lane = e.lane, .number = e.number });
    assert_int_equal(waiting(5, 0), 0);
    /* a queue that begins anew has higher numbers than before */
    look.p->now_us += 5;
    put(5, 0, "c");
    assert_true(first(5, 0).number > e.number);
}

static void entries_are_counted_from_a_number_on(void **state)
{
    struct mln_lane lane = { 5, 0 };
    uint64_t end = 1;
    uint64_t n;

    (void)state;
    assert_int_equal(mln_outbox_end(look.view, lane, &end).code, MLN_ERR_NONE);
    assert_int_equal(end, 0);
    put(5, 0, "a");
    put(5, 0, "b");
    assert_int_equal(mln_outbox_end(look.view, lane, &end).code, MLN_ERR_NONE);
    put(5, 0, "c");
    assert_int_equal(mln_outbox_waiting(look.view, lane, end, &n).code, MLN_ERR_NONE);
    assert_int_equal(n, 1);
    assert_int_equal(mln_outbox_waiting(look.view, lane, end - 1, &n).code, MLN_ERR_NONE);
    assert_int_equal(n, 2);
    assert_int_equal(mln_outbox_waiting(look.view, lane, end + 1, &n).code, MLN_ERR_NONE);
    assert_int_equal(n, 0);
    assert_int_equal(waiting(5, 0), 3);
}

/* Whatever the clock says. */
static void a_new_queue_begins_where_it_must(void **state)
{
    uint64_t now = (uint64_t)look.p->now_us;
    uint64_t least = now + 1000000;

    (void)state;
    perform((struct work){ .what = PUT, .lane = { 5, 0 }, .target = "a", .number = least });
    assert_true(first(5, 0).number == least);
    perform((struct work){ .what = PUT, .lane = { 5, 0 }, .target = "b", .number = 0 });
    perform((struct work){ .what = ERASE, .lane = { 5, 0 }, .number = least });
    assert_true(first(5, 0).number == least + 1);
    perform((struct work){ .what = PUT, .lane = { 6, 0 }, .target = "c", .number = 7 });
    assert_true(first(6, 0).number >= now && first(6, 0).number <= (uint64_t)look.p->now_us);
}

static void lanes_are_listed(void **state)
{
    static const struct mln_lane lanes[] = {
        { 5, 0 }, { 5, 1 }, { 5, MLN_OUTBOX_LANE_DELETION }, { 6, 0 }, { UINT64_MAX, 0 }
    };
    enum { LANES = sizeof lanes / sizeof lanes[0] };
    struct mln_lane lane;
    const struct mln_lane *after = NULL;

    (void)state;
    for (size_t i = LANES; i-- > 0;) {
        put(lanes[i].subscription, lanes[i].number, "a");
        put(lanes[i].subscription, lanes[i].number, "b");
    }
    for (size_t i = 0; i < LANES; i++) {
        assert_int_equal(mln_outbox_next_lane(look.view, after, &lane).code, MLN_ERR_NONE);
        assert_true(lane.subscription == lanes[i].subscription);
        assert_int_equal(lane.number, lanes[i].number);
        after = &lanes[i];
    }
    assert_int_equal(mln_outbox_next_lane(look.view, after, &lane).code, MLN_ERR_NOT_FOUND);
}

/* spec: TS-0004 7.4.8.2.4, 7.5.1.2.4: what waits goes, the notice of deletion stays */
static void clearing_keeps_the_notice(void **state)
{
    (void)state;
    for (uint16_t lane = 0; lane < 3; lane++) {
        put(5, lane, "a");
        put(5, lane, "b");
    }
    put(5, MLN_OUTBOX_LANE_DELETION, "notice");
    put(5, MLN_OUTBOX_LANE_CROSS + 1, "associate");
    put(5, MLN_OUTBOX_LANE_CROSS_END, "kept");
    put(4, 0, "other");
    put(6, 0, "other");
    perform((struct work){ .what = CLEAR, .lane = { 5, 0 } });
    for (uint16_t lane = 0; lane < 3; lane++) {
        assert_int_equal(waiting(5, lane), 0);
    }
    assert_int_equal(waiting(5, MLN_OUTBOX_LANE_CROSS + 1), 1);
    assert_int_equal(waiting(5, MLN_OUTBOX_LANE_CROSS_END), 0);
    assert_int_equal(waiting(5, MLN_OUTBOX_LANE_DELETION), 1);
    assert_int_equal(waiting(4, 0) + waiting(6, 0), 2);
    perform((struct work){ .what = CLEAR, .lane = { 99, 0 } });
    assert_int_equal(waiting(6, 0), 1);
}

static void requests_keep_who_asks(void **state)
{
    struct mln_outbox_entry e;

    (void)state;
    perform((struct work){ .what = PUT, .lane = { 5, 7 }, .target = "/mn/s", .op = MLN_OP_DELETE });
    e = first(5, 7);
    assert_int_equal(e.notice.op, MLN_OP_DELETE);
    assert_true(mln_slice_eq(e.notice.fr, MLN_S("Ca")));
    assert_int_equal(e.notice.content.len, 0);
    assert_true(mln_slice_eq(e.target, MLN_S("/mn/s")));
    put(5, 8, "a");
    assert_int_equal(first(5, 8).notice.op, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_lane_keeps_its_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(requests_keep_who_asks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_newest_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_category_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_held_is_not_listed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_lane_drops_its_oldest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(entries_are_erased_from_the_front, set_up, tear_down),
        cmocka_unit_test_setup_teardown(entries_are_counted_from_a_number_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_new_queue_begins_where_it_must, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lanes_are_listed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(clearing_keeps_the_notice, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
