/* Tests of what the executor hands over to the duties. */
#include "cse/notify/fresh.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/mem.h"

static struct mln_fresh *fresh;

static int set_up(void **state)
{
    (void)state;
    return mln_failed(mln_fresh_new(&fresh)) ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_fresh_free(fresh);
    return 0;
}

static void nothing_is_no_message(void **state)
{
    (void)state;
    assert_null(mln_fresh_take(fresh));
}

static void lanes_come_in_order_without_repetition(void **state)
{
    struct mln_fresh_message *m;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        mln_fresh_lane(fresh, (struct mln_lane){ 7, 0 });
        mln_fresh_lane(fresh, (struct mln_lane){ 7, 0 });
    }
    mln_fresh_lane(fresh, (struct mln_lane){ 7, 1 });
    mln_fresh_lane(fresh, (struct mln_lane){ 8, 1 });
    m = mln_fresh_take(fresh);
    assert_non_null(m);
    assert_int_equal(m->count, 3);
    assert_int_equal(m->lanes[0].subscription, 7);
    assert_int_equal(m->lanes[1].number, 1);
    assert_int_equal(m->lanes[2].subscription, 8);
    assert_false(m->must_look || m->has_purge);
    assert_true(m->earliest_us == INT64_MAX);
    mln_free(m);
    assert_null(mln_fresh_take(fresh));
}

static void more_than_a_message_holds_must_be_looked_for(void **state)
{
    struct mln_fresh_message *m;

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        mln_fresh_lane(fresh, (struct mln_lane){ i, 0 });
    }
    m = mln_fresh_take(fresh);
    assert_non_null(m);
    assert_true(m->must_look);
    assert_in_range(m->count, 1000, 10000);
    for (size_t i = 0; i < m->count; i++) {
        assert_int_equal(m->lanes[i].subscription, i);
    }
    mln_free(m);
    assert_null(mln_fresh_take(fresh));
}

static void purges_are_told_once(void **state)
{
    struct mln_fresh_message *m;

    (void)state;
    mln_fresh_purge(fresh);
    mln_fresh_purge(fresh);
    m = mln_fresh_take(fresh);
    assert_non_null(m);
    assert_true(m->has_purge);
    assert_int_equal(m->count, 0);
    mln_free(m);
    assert_null(mln_fresh_take(fresh));
}

static void only_earlier_expiries_are_of_interest(void **state)
{
    struct mln_fresh_message *m;

    (void)state;
    mln_fresh_await(fresh, 1000);
    mln_fresh_expiry(fresh, 1000);
    assert_null(mln_fresh_take(fresh));
    mln_fresh_expiry(fresh, 5000);
    mln_fresh_expiry(fresh, 900);
    mln_fresh_expiry(fresh, 950);
    m = mln_fresh_take(fresh);
    assert_non_null(m);
    assert_true(m->earliest_us == 900);
    mln_free(m);
    assert_null(mln_fresh_take(fresh));
}

static void more_channels_than_are_known_are_counted(void **state)
{
    struct mln_fresh_message *m;

    (void)state;
    for (unsigned i = 0; i < MLN_FRESH_CHANNELS + 1; i++) {
        mln_fresh_channel(fresh, 100 + i);
    }
    m = mln_fresh_take(fresh);
    assert_non_null(m);
    assert_int_equal(m->channel_count, MLN_FRESH_CHANNELS + 1);
    assert_int_equal(m->channels[MLN_FRESH_CHANNELS - 1], 100 + MLN_FRESH_CHANNELS - 1);
    mln_free(m);
    assert_null(mln_fresh_take(fresh));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_no_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lanes_come_in_order_without_repetition, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_than_a_message_holds_must_be_looked_for, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(purges_are_told_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_earlier_expiries_are_of_interest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_channels_than_are_known_are_counted, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
