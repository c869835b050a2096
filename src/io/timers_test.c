/* The heap of timers against a plain array. */
#include "io/timers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { COUNT = 300, ROUNDS = 20000 };

static uint32_t seed = 12345;

static uint32_t next_random(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

/* The earliest time that is set, or INT64_MAX. */
static int64_t earliest(const struct mln_timer *timers)
{
    int64_t least = INT64_MAX;

    for (int i = 0; i < COUNT; i++) {
        if (timers[i].is_set && timers[i].when_us < least) {
            least = timers[i].when_us;
        }
    }
    return least;
}

static void gives_timers_in_order(void **state)
{
    struct mln_timer timers[COUNT] = { 0 };
    struct mln_timers heap = { 0 };
    int64_t last = -1;
    struct mln_timer *t;

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        mln_timers_add(&heap, &timers[i], next_random() % 1000);
    }
    for (int i = 0; i < COUNT; i++) {
        t = mln_timers_take(&heap, 1000);
        assert_non_null(t);
        assert_true(t->when_us >= last);
        assert_false(t->is_set);
        last = t->when_us;
    }
    assert_null(mln_timers_take(&heap, INT64_MAX));
}

static void gives_nothing_before_its_time(void **state)
{
    struct mln_timer timer = { 0 };
    struct mln_timers heap = { 0 };

    (void)state;
    mln_timers_add(&heap, &timer, 100);
    assert_null(mln_timers_take(&heap, 99));
    assert_ptr_equal(mln_timers_take(&heap, 100), &timer);
}

static void removing_twice_is_fine(void **state)
{
    struct mln_timer timer = { 0 };
    struct mln_timers heap = { 0 };

    (void)state;
    mln_timers_add(&heap, &timer, 1);
    mln_timers_remove(&heap, &timer);
    mln_timers_remove(&heap, &timer);
    assert_null(heap.first);
}

static void agrees_with_an_array(void **state)
{
    struct mln_timer timers[COUNT] = { 0 };
    struct mln_timers heap = { 0 };

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct mln_timer *t = &timers[next_random() % COUNT];
        int64_t least;

        if (!t->is_set) {
            mln_timers_add(&heap, t, next_random() % 5000);
        } else if (next_random() % 2) {
            mln_timers_remove(&heap, t);
        }
        least = earliest(timers);
        assert_int_equal(heap.first ? heap.first->when_us : INT64_MAX, least);
        if (least != INT64_MAX && next_random() % 4 == 0) {
            t = mln_timers_take(&heap, least);
            assert_non_null(t);
            assert_int_equal(t->when_us, least);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_timers_in_order),
        cmocka_unit_test(gives_nothing_before_its_time),
        cmocka_unit_test(removing_twice_is_fine),
        cmocka_unit_test(agrees_with_an_array),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
