/* The loop: tasks from many threads, timers of both clocks, stopping. */
#include "io/loop.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/env.h"

enum { THREADS = 4, TASKS = 20000 };

#define MS INT64_C(1000)

static struct mln_loop *loop;

static int set_up(void **state)
{
    (void)state;
    return mln_failed(mln_loop_new(&loop));
}

static int tear_down(void **state)
{
    (void)state;
    mln_loop_free(loop);
    loop = NULL;
    return 0;
}

static void run_loop(void)
{
    assert_false(mln_failed(mln_loop_run(loop)));
}

static void stop(struct mln_task *task)
{
    (void)task;
    mln_loop_stop(loop);
}

/* ---- tasks ---- */

struct numbered {
    struct mln_task task; /* first */
    int thread;
    int number;
};

static int next_number[THREADS];
static int total;

static void count(struct mln_task *task)
{
    struct numbered *n = (struct numbered *)task;

    assert_int_equal(next_number[n->thread], n->number);
    next_number[n->thread]++;
    if (++total == THREADS * TASKS) {
        mln_loop_stop(loop);
    }
}

static void *post_many(void *data)
{
    struct numbered *tasks = data;

    for (int i = 0; i < TASKS; i++) {
        mln_loop_post(loop, &tasks[i].task);
    }
    return NULL;
}

static void runs_tasks_of_all_threads_in_order(void **state)
{
    struct numbered *tasks = calloc((size_t)THREADS * TASKS, sizeof *tasks);
    pthread_t threads[THREADS];

    (void)state;
    assert_non_null(tasks);
    total = 0;
    for (int t = 0; t < THREADS; t++) {
        next_number[t] = 0;
        for (int i = 0; i < TASKS; i++) {
            tasks[t * TASKS + i] = (struct numbered){ { .run = count }, t, i };
        }
        assert_int_equal(pthread_create(&threads[t], NULL, post_many, tasks + (size_t)t * TASKS),
                         0);
    }
    run_loop();
    for (int t = 0; t < THREADS; t++) {
        assert_int_equal(pthread_join(threads[t], NULL), 0);
        assert_int_equal(next_number[t], TASKS);
    }
    free(tasks);
}

static struct mln_task again;
static int rounds;

static void post_again(struct mln_task *task)
{
    if (++rounds == 100) {
        mln_loop_stop(loop);
    } else {
        mln_loop_post(loop, task);
    }
}

static void a_task_may_post_itself(void **state)
{
    (void)state;
    rounds = 0;
    again.run = post_again;
    mln_loop_post(loop, &again);
    run_loop();
    assert_int_equal(rounds, 100);
}

static void *stop_from_thread(void *data)
{
    (void)data;
    mln_loop_stop(loop);
    return NULL;
}

static void stops_from_another_thread_and_runs_again(void **state)
{
    struct mln_task task = { .run = stop };
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, stop_from_thread, NULL), 0);
    run_loop(); /* a stop before the run counts as well */
    assert_int_equal(pthread_join(thread, NULL), 0);
    mln_loop_post(loop, &task);
    run_loop();
}

/* ---- timers ---- */

static int order[8];
static int fired;

static void note(int which)
{
    order[fired++] = which;
}

static void fire_1(struct mln_timer *timer)
{
    (void)timer;
    note(1);
}

static void fire_2(struct mln_timer *timer)
{
    (void)timer;
    note(2);
}

static void fire_last(struct mln_timer *timer)
{
    (void)timer;
    note(3);
    mln_loop_stop(loop);
}

static void fires_after_intervals_in_order(void **state)
{
    struct mln_timer late = { .fire = fire_last };
    struct mln_timer early = { .fire = fire_1 };
    struct mln_timer middle = { .fire = fire_2 };
    struct mln_timer never = { .fire = fire_1 };
    int64_t begin = mln_monotonic_us();

    (void)state;
    fired = 0;
    mln_loop_after(loop, &late, 30 * MS);
    mln_loop_after(loop, &early, 50 * MS);
    mln_loop_after(loop, &early, 5 * MS); /* moved */
    mln_loop_after(loop, &middle, 15 * MS);
    mln_loop_after(loop, &never, 10 * MS);
    mln_loop_cancel_after(loop, &never);
    run_loop();
    assert_int_equal(fired, 3);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 2);
    assert_int_equal(order[2], 3);
    assert_true(mln_monotonic_us() - begin >= 30 * MS);
}

struct noted {
    struct mln_task task; /* first */
    int which;
};

static void note_task(struct mln_task *task)
{
    note(((struct noted *)task)->which);
    if (fired == 3) {
        mln_loop_stop(loop);
    }
}

static void *at(int64_t when_us, struct noted *noted)
{
    void *handle = mln_loop_op_at(loop, when_us, &noted->task);

    assert_non_null(handle);
    return handle;
}

static void fires_at_times_of_the_wall_clock(void **state)
{
    struct noted late = { { .run = note_task }, 3 };
    struct noted past = { { .run = note_task }, 1 };
    struct noted soon = { { .run = note_task }, 2 };
    struct noted never = { { .run = note_task }, 4 };
    int64_t now = mln_env_now_us(mln_env_system());
    void *cancelled;

    (void)state;
    fired = 0;
    (void)at(now + 30 * MS, &late);
    cancelled = at(now + 1 * MS, &never);
    (void)at(now + 10 * MS, &soon);
    (void)at(-5, &past);
    mln_loop_op_cancel(loop, cancelled);
    run_loop();
    assert_int_equal(fired, 3);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 2);
    assert_int_equal(order[2], 3);
    assert_true(mln_env_now_us(mln_env_system()) >= now + 30 * MS);
}

static struct mln_timer chained;

static void fire_chained(struct mln_timer *timer)
{
    if (++rounds == 1000) {
        mln_loop_stop(loop);
    } else {
        mln_loop_after(loop, timer, 0);
    }
}

static void a_timer_may_set_itself(void **state)
{
    (void)state;
    rounds = 0;
    chained.fire = fire_chained;
    mln_loop_after(loop, &chained, 0);
    run_loop();
    assert_int_equal(rounds, 1000);
}

static void count_to_1000(struct mln_task *task)
{
    (void)task;
    if (++rounds == 1000) {
        mln_loop_stop(loop);
    }
}

/* More timers than are fired at one time. */
static void fires_many_that_are_due_together(void **state)
{
    static struct mln_task many[1000];

    (void)state;
    rounds = 0;
    for (int i = 0; i < 1000; i++) {
        many[i].run = count_to_1000;
        assert_non_null(mln_loop_op_at(loop, 1, &many[i]));
    }
    run_loop();
    assert_int_equal(rounds, 1000);
}

/* ---- for struct mln_worker_ops ---- */

static int runs;

static void count_run(struct mln_task *task)
{
    (void)task;
    runs++;
    mln_loop_stop(loop);
}

static void works_for_workers(void **state)
{
    struct mln_task task = { .run = count_run };
    struct mln_task other = { .run = count_run };
    void *cancelled;

    (void)state;
    runs = 0;
    mln_loop_op_post(loop, &task);
    run_loop();
    assert_int_equal(runs, 1);
    cancelled = mln_loop_op_at(loop, mln_env_now_us(mln_env_system()), &other);
    assert_non_null(cancelled);
    mln_loop_op_cancel(loop, cancelled);
    mln_loop_op_cancel(loop, NULL);
    assert_non_null(mln_loop_op_at(loop, mln_env_now_us(mln_env_system()) + 5 * MS, &task));
    /* one that is still set when the loop goes is freed with it */
    assert_non_null(mln_loop_op_at(loop, INT64_MAX / 2, &other));
    assert_non_null(mln_loop_op_after(loop, INT64_MAX / 2, &other));
    run_loop();
    assert_int_equal(runs, 2);
    cancelled = mln_loop_op_after(loop, 0, &other);
    assert_non_null(cancelled);
    mln_loop_op_cancel(loop, cancelled);
    assert_non_null(mln_loop_op_after(loop, 5 * MS, &task));
    run_loop();
    assert_int_equal(runs, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(runs_tasks_of_all_threads_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_task_may_post_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stops_from_another_thread_and_runs_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(fires_after_intervals_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fires_at_times_of_the_wall_clock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_timer_may_set_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fires_many_that_are_due_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(works_for_workers, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
