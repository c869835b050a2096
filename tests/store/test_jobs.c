/* The executor: what runs together, what fails alone, what is told when. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/torture.h"
#include "suite.h"

enum { MANY = 200 };

/* ---- jobs that note what happens to them ---- */

enum behaviour {
    GOOD,
    FAILS_CLEAN, /* before it writes */
    FAILS_DIRTY, /* after it has written */
    READS,
    WAITS,    /* until the gate opens */
    HUGE,     /* writes more than fits */
    ERASES,   /* the resource `id` */
    CARELESS, /* goes on after a read that failed */
};

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool is_open;
    bool is_reached;
    unsigned done;    /* jobs told */
    unsigned batches; /* batch_done calls */
};

struct task {
    struct mln_job job;
    struct fixture *f;
    struct gate *gate;
    enum behaviour behaviour;
    unsigned runs;
    unsigned order;   /* in which it was told, from 1 */
    bool was_visible; /* when it was told, another reader saw it */
    uint64_t id;
    mln_err result;
    char name[32];
};

static void gate_wait_until_open(struct gate *g)
{
    (void)pthread_mutex_lock(&g->lock);
    g->is_reached = true;
    (void)pthread_cond_broadcast(&g->moved);
    while (!g->is_open) {
        (void)pthread_cond_wait(&g->moved, &g->lock);
    }
    (void)pthread_mutex_unlock(&g->lock);
}

static void gate_wait_until_reached(struct gate *g)
{
    (void)pthread_mutex_lock(&g->lock);
    while (!g->is_reached) {
        (void)pthread_cond_wait(&g->moved, &g->lock);
    }
    (void)pthread_mutex_unlock(&g->lock);
}

static void gate_open(struct gate *g)
{
    (void)pthread_mutex_lock(&g->lock);
    g->is_open = true;
    (void)pthread_cond_broadcast(&g->moved);
    (void)pthread_mutex_unlock(&g->lock);
}

static void gate_wait_for(struct gate *g, unsigned done, unsigned batches)
{
    (void)pthread_mutex_lock(&g->lock);
    while (g->done < done || g->batches < batches) {
        (void)pthread_cond_wait(&g->moved, &g->lock);
    }
    (void)pthread_mutex_unlock(&g->lock);
}

static void batch_done(void *data)
{
    struct gate *g = data;

    (void)pthread_mutex_lock(&g->lock);
    g->batches++;
    (void)pthread_cond_broadcast(&g->moved);
    (void)pthread_mutex_unlock(&g->lock);
}

/* The arena of a fixture is the test thread's: jobs have their own. */
static mln_err put_one(struct task *t, struct mln_write *write, struct mln_arena *arena)
{
    struct fixture own = { .arena = arena };
    struct mln_resource r = suite_make(&own, write, NULL, 3, t->name);
    mln_err err = mln_store_put(write, NULL, &r);

    t->id = r.id;
    return err;
}

static mln_err put_huge(struct mln_write *write, struct mln_arena *arena)
{
    struct mln_slice bytes = { mln_arena_zalloc(arena, 1, 1 << 20), 1 << 20 };

    for (int i = 0; i < 64; i++) {
        char key[] = { 'h', (char)('A' + i) };

        MLN_TRY(mln_record_put(write, MLN_SPACE_OUTBOX, mln_slice_of(key, sizeof key), bytes));
    }
    return MLN_OK;
}

static mln_err erase_one(struct task *t, struct mln_write *write, struct mln_view *view,
                         struct mln_arena *arena)
{
    struct mln_resource r;

    MLN_TRY(mln_store_get(view, t->id, arena, &r));
    return mln_store_erase(write, &r);
}

/* Without the option torture no read fails, and it is a job like others. */
static mln_err be_careless(struct task *t, struct mln_write *write, struct mln_view *view,
                           struct mln_arena *arena)
{
    struct mln_resource r;

#ifdef MLN_TORTURE
    mln_store_fail_at(1);
#endif
    mln_ignore(mln_store_get(view, 1, arena, &r));
#ifdef MLN_TORTURE
    mln_store_fail_at(0);
#endif
    return put_one(t, write, arena);
}

static mln_err behave(struct task *t, struct mln_view *view, struct mln_arena *arena)
{
    struct mln_write *write;

    t->runs++;
    MLN_TRY(mln_write_begin(view, suite_grant(), &write));
    switch (t->behaviour) {
    case WAITS:
        gate_wait_until_open(t->gate);
        return put_one(t, write, arena);
    case FAILS_CLEAN:
        MLN_FAIL(NO_PRIVILEGE);
    case FAILS_DIRTY:
        MLN_TRY(put_one(t, write, arena));
        MLN_FAIL(NO_PRIVILEGE);
    case HUGE:
        return put_huge(write, arena);
    case ERASES:
        return erase_one(t, write, view, arena);
    case READS:
        return MLN_OK;
    case CARELESS:
        return be_careless(t, write, view, arena);
    case GOOD:
        break;
    }
    return put_one(t, write, arena);
}

static mln_err task_run(struct mln_job *job, struct mln_view *view)
{
    struct mln_arena *arena = mln_arena_new(16 << 20);
    mln_err err = behave((struct task *)job, view, arena);

    mln_arena_free(arena);
    return err;
}

static bool is_visible(struct task *t)
{
    struct mln_arena *arena = mln_arena_new(1 << 20);
    struct mln_reader *reader;
    struct mln_view *view;
    struct mln_resource r;
    bool is_found;

    assert_ok(mln_reader_new(t->f->store, &reader));
    assert_ok(mln_view_begin(reader, &view));
    is_found = !mln_failed(mln_store_get(view, t->id, arena, &r));
    mln_view_end(view);
    mln_reader_free(reader);
    mln_arena_free(arena);
    return is_found;
}

static void task_done(struct mln_job *job, mln_err result)
{
    struct task *t = (struct task *)job;

    t->was_visible = t->id != 0 && is_visible(t);
    (void)pthread_mutex_lock(&t->gate->lock);
    t->result = result;
    t->order = ++t->gate->done;
    (void)pthread_cond_broadcast(&t->gate->moved);
    (void)pthread_mutex_unlock(&t->gate->lock);
}

static void task_init(struct task *t, struct fixture *f, struct gate *gate,
                      enum behaviour behaviour)
{
    static unsigned serial;

    memset(t, 0, sizeof *t);
    t->job.run = task_run;
    t->job.done = task_done;
    t->f = f;
    t->gate = gate;
    t->behaviour = behaviour;
    (void)snprintf(t->name, sizeof t->name, "t%u", serial++);
}

/* Holds the executor, queues the tasks, lets go, and waits until all are told: the tasks meet in
 * one batch. tasks[0] is the one that holds. */
static void run_together(struct fixture *f, struct gate *g, struct task *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_ok(mln_store_submit(f->store, &tasks[i].job));
        if (i == 0) {
            gate_wait_until_reached(g);
        }
    }
    gate_open(g);
    gate_wait_for(g, (unsigned)count, 0);
}

/* The gate outlives the test: the executor reports its last batch until the store is closed. */
static struct gate *reopen_with(struct fixture *f, uint64_t max_bytes, uint64_t max_queued)
{
    struct gate *g = mln_arena_zalloc(f->arena, 1, sizeof *g);

    assert_non_null(g);
    (void)pthread_mutex_init(&g->lock, NULL);
    (void)pthread_cond_init(&g->moved, NULL);
    f->options.batch_done = batch_done;
    f->options.data = g;
    f->options.max_bytes = max_bytes;
    f->options.max_queued = max_queued;
    suite_reopen(f);
    return g;
}

/* ---- tests ---- */

static void queued_jobs_share_a_commit(void **state)
{
    struct fixture *f = *state;
    static struct task tasks[MANY];
    struct gate *g;

    g = reopen_with(f, 0, 0);
    for (int i = 0; i < MANY; i++) {
        task_init(&tasks[i], f, g, i == 0 ? WAITS : GOOD);
    }
    run_together(f, g, tasks, MANY);
    gate_wait_for(g, MANY, 2);
    assert_int_equal(g->batches, 2); /* the holder's, and one for all others */
    for (unsigned i = 0; i < MANY; i++) {
        assert_ok(tasks[i].result);
        assert_int_equal(tasks[i].runs, 1);
        assert_int_equal(tasks[i].order, i + 1);
        assert_true(tasks[i].was_visible);
    }
    suite_check(f);
}

static void a_clean_failure_disturbs_nobody(void **state)
{
    struct fixture *f = *state;
    struct task tasks[5];
    struct gate *g;

    g = reopen_with(f, 0, 0);
    for (int i = 0; i < 5; i++) {
        task_init(&tasks[i], f, g, i == 0 ? WAITS : i == 2 ? FAILS_CLEAN : GOOD);
    }
    run_together(f, g, tasks, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(tasks[i].runs, 1);
        assert_int_equal(mln_failed(tasks[i].result), i == 2);
    }
    assert_err(tasks[2].result, NO_PRIVILEGE);
    suite_check(f);
}

static void a_dirty_failure_is_rolled_back_and_the_others_run_again(void **state)
{
    struct fixture *f = *state;
    struct mln_resource found;
    struct task tasks[6];
    struct gate *g;

    g = reopen_with(f, 0, 0);
    for (int i = 0; i < 6; i++) {
        task_init(&tasks[i], f, g, i == 0 ? WAITS : i == 3 ? FAILS_DIRTY : GOOD);
    }
    run_together(f, g, tasks, 6);
    assert_err(tasks[3].result, NO_PRIVILEGE);
    assert_int_equal(tasks[3].runs, 1);
    assert_false(tasks[3].was_visible);
    assert_err(suite_get(f, tasks[3].id, &found), NOT_FOUND);
    assert_int_equal(tasks[1].runs, 2);
    assert_int_equal(tasks[2].runs, 2);
    assert_int_equal(tasks[4].runs, 1);
    for (int i = 0; i < 6; i++) {
        assert_true(i == 3 || tasks[i].was_visible);
    }
    suite_check(f);
}

static void an_error_that_a_job_overlooks_is_its_own(void **state)
{
    struct fixture *f = *state;
    struct task tasks[5];
    struct gate *g;

    g = reopen_with(f, 0, 0);
    for (int i = 0; i < 5; i++) {
        task_init(&tasks[i], f, g, i == 0 ? WAITS : i == 2 ? CARELESS : GOOD);
    }
    run_together(f, g, tasks, 5);
#ifdef MLN_TORTURE
    assert_err(tasks[2].result, STORE_IO);
    assert_false(tasks[2].was_visible);
#endif
    for (int i = 0; i < 5; i++) {
        assert_true(i == 2 || tasks[i].was_visible);
    }
    suite_check(f);
}

static void many_dirty_failures_end(void **state)
{
    struct fixture *f = *state;
    static struct task tasks[MANY];
    struct gate *g;

    g = reopen_with(f, 0, 0);
    for (int i = 0; i < MANY; i++) {
        task_init(&tasks[i], f, g, i == 0 ? WAITS : i % 2 ? FAILS_DIRTY : GOOD);
    }
    run_together(f, g, tasks, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        bool is_good = i % 2 == 0;

        assert_int_equal(mln_failed(tasks[i].result), !is_good);
        assert_int_equal(tasks[i].was_visible, is_good);
        assert_in_range(tasks[i].runs, 1, 5);
        assert_int_equal(tasks[i].order, i + 1);
    }
    suite_check(f);
}

static void a_job_alone_that_fails_dirty_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct task t;
    struct gate *g;

    g = reopen_with(f, 0, 0);
    task_init(&t, f, g, FAILS_DIRTY);
    assert_ok(mln_store_submit(f->store, &t.job));
    gate_wait_for(g, 1, 0);
    assert_err(t.result, NO_PRIVILEGE);
    assert_false(t.was_visible);
    assert_int_equal(g->batches, 0); /* nothing was committed */
    suite_check(f);
}

static void a_reader_in_the_queue_is_told_too(void **state)
{
    struct fixture *f = *state;
    struct task tasks[3];
    struct gate *g;

    g = reopen_with(f, 0, 0);
    task_init(&tasks[0], f, g, WAITS);
    task_init(&tasks[1], f, g, READS);
    task_init(&tasks[2], f, g, READS);
    run_together(f, g, tasks, 3);
    assert_ok(tasks[1].result);
    assert_ok(tasks[2].result);
    assert_int_equal(g->batches, 1); /* nothing written in the second */
}

static void the_queue_has_an_end(void **state)
{
    struct fixture *f = *state;
    struct task tasks[6];
    struct gate *g;

    g = reopen_with(f, 0, 4);
    for (int i = 0; i < 6; i++) {
        task_init(&tasks[i], f, g, i == 0 ? WAITS : GOOD);
    }
    assert_ok(mln_store_submit(f->store, &tasks[0].job));
    gate_wait_until_reached(g);
    for (int i = 1; i <= 4; i++) {
        assert_ok(mln_store_submit(f->store, &tasks[i].job));
    }
    assert_err(mln_store_submit(f->store, &tasks[5].job), OVERLOAD);
    gate_open(g);
    gate_wait_for(g, 5, 0);
    assert_int_equal(tasks[5].order, 0);
    assert_ok(mln_store_submit(f->store, &tasks[5].job));
    gate_wait_for(g, 6, 0);
    assert_ok(tasks[5].result);
}

static void closing_finishes_what_is_queued(void **state)
{
    struct fixture *f = *state;
    static struct task tasks[MANY];
    struct gate *g;

    g = reopen_with(f, 0, 0);
    for (int i = 0; i < MANY; i++) {
        task_init(&tasks[i], f, g, i == 0 ? WAITS : GOOD);
        assert_ok(mln_store_submit(f->store, &tasks[i].job));
    }
    gate_open(g);
    f->options.batch_done = NULL;
    suite_reopen(f);
    assert_int_equal(g->done, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_ok(tasks[i].result);
    }
}

static void a_stopped_store_has_finished_and_is_still_read(void **state)
{
    struct fixture *f = *state;
    struct mln_job late = { NULL, NULL, NULL };
    struct mln_resource found;
    struct task tasks[10];
    struct gate *g;

    g = reopen_with(f, 0, 0);
    for (int i = 0; i < 10; i++) {
        task_init(&tasks[i], f, g, i == 0 ? WAITS : GOOD);
        assert_ok(mln_store_submit(f->store, &tasks[i].job));
    }
    gate_open(g);
    mln_store_stop(f->store);
    for (int i = 0; i < 10; i++) {
        assert_ok(tasks[i].result);
        assert_ok(suite_get(f, tasks[i].id, &found));
    }
    assert_err(mln_store_submit(f->store, &late), INTERNAL);
    mln_store_stop(f->store);
    mln_store_stop(NULL);
    suite_check(f);
}

/* ---- jobs that submit jobs ---- */

struct chain {
    struct mln_job job;
    struct chain *next;
    struct fixture *f;
    unsigned *running;
    bool is_told;
};

static mln_err chain_run(struct mln_job *job, struct mln_view *view)
{
    struct chain *c = (struct chain *)job;

    (void)view;
    assert_int_equal(++*c->running, 1); /* never one inside another */
    --*c->running;
    return MLN_OK;
}

static void chain_done(struct mln_job *job, mln_err result)
{
    struct chain *c = (struct chain *)job;

    assert_ok(result);
    if (c->next) {
        assert_ok(mln_store_submit(c->f->store, &c->next->job));
        assert_false(c->next->is_told);
    }
    c->is_told = true;
}

static void a_told_job_may_submit_the_next(void **state)
{
    struct fixture *f = *state;
    unsigned running = 0;
    struct chain links[10];

    for (int i = 0; i < 10; i++) {
        links[i] = (struct chain){
            .job = { .run = chain_run, .done = chain_done },
            .next = i < 9 ? &links[i + 1] : NULL,
            .f = f,
            .running = &running,
        };
    }
    assert_ok(mln_store_submit(f->store, &links[0].job));
    for (int i = 0; i < 10; i++) {
        assert_true(links[i].is_told);
    }
}

static mln_err see_the_earlier(struct mln_write *write, struct mln_view *view, void *data)
{
    struct fixture *f = data;
    struct mln_resource r = suite_make(f, write, NULL, 3, "seen");
    struct mln_resource found;

    assert_err(mln_store_child(view, 0, MLN_S("seen"), f->arena, &found), NOT_FOUND);
    MLN_TRY(mln_store_put(write, NULL, &r));
    MLN_TRY(mln_store_child(view, 0, MLN_S("seen"), f->arena, &found));
    assert_int_equal(found.id, r.id);
    MLN_TRY(mln_store_erase(write, &found));
    assert_err(mln_store_child(view, 0, MLN_S("seen"), f->arena, &found), NOT_FOUND);
    return MLN_OK;
}

static void a_job_sees_its_own_writes(void **state)
{
    assert_ok(suite_job(*state, see_the_earlier, *state));
    suite_check(*state);
}

/* ---- a full store ---- */

enum { GROUP = 32 }; /* jobs submitted at a time, to share commits */

/* Creates until one is refused; returns how many tasks were told, in groups. */
static size_t fill(struct fixture *f, struct gate *g, struct task *tasks, size_t max)
{
    bool is_full = false;
    size_t count = 0;

    g->done = 0;
    while (!is_full) {
        assert_true(count + GROUP <= max);
        for (size_t i = count; i < count + GROUP; i++) {
            task_init(&tasks[i], f, g, GOOD);
            assert_ok(mln_store_submit(f->store, &tasks[i].job));
        }
        gate_wait_for(g, (unsigned)(count + GROUP), 0);
        for (size_t end = count + GROUP; count < end; count++) {
            is_full = is_full || mln_failed(tasks[count].result);
        }
    }
    return count;
}

struct several {
    struct fixture *f;
    struct task *tasks;
    size_t count;
};

static mln_err erase_several(struct mln_write *write, struct mln_view *view, void *data)
{
    struct several *s = data;
    struct mln_resource r;

    for (size_t i = 0; i < s->count; i++) {
        if (!mln_failed(s->tasks[i].result)) {
            MLN_TRY(mln_store_get(view, s->tasks[i].id, s->f->arena, &r));
            MLN_TRY(mln_store_erase(write, &r));
        }
    }
    return MLN_OK;
}

static void a_full_store_reads_and_deletes(void **state)
{
    enum { MAX = 40000 };
    struct fixture *f = *state;
    struct task *tasks = calloc(MAX, sizeof *tasks);
    struct mln_resource r;
    struct gate *g;
    size_t count;

    assert_non_null(tasks);
    g = reopen_with(f, 2 << 20, 0);
    count = fill(f, g, tasks, MAX);
    assert_true(count > 500);
    suite_check(f);
    for (size_t i = 0; i < count; i++) {
        assert_true(!mln_failed(tasks[i].result) || tasks[i].result.code == MLN_ERR_STORE_FULL);
        assert_int_equal(mln_failed(suite_get(f, tasks[i].id, &r)), mln_failed(tasks[i].result));
    }
    for (size_t i = 0; i < count; i += GROUP) { /* deleting writes too, and must always work */
        struct several s = { f, tasks + i, GROUP };

        assert_ok(suite_job(f, erase_several, &s));
    }
    suite_check(f);
    assert_true(fill(f, g, tasks, MAX) > count / 2); /* and there is room again */
    suite_check(f);
    free(tasks);
}

/* Each deletion by itself fits into the reserve, all of them in one transaction do not. */
static void what_fits_only_one_by_one_is_done_one_by_one(void **state)
{
    enum { MAX = 40000, SPREAD = 7 };
    struct fixture *f = *state;
    struct task *tasks = calloc(MAX, sizeof *tasks);
    struct gate *g;
    size_t count;

    assert_non_null(tasks);
    g = reopen_with(f, 2 << 20, 0);
    count = fill(f, g, tasks, MAX) - GROUP; /* of the last group some were refused */
    g->done = 0;
    task_init(&tasks[0], f, g, WAITS);
    count /= SPREAD; /* each touches pages of its own */
    for (size_t i = 1; i < count; i++) {
        uint64_t id = tasks[i * SPREAD].id;

        task_init(&tasks[i], f, g, ERASES);
        tasks[i].id = id;
    }
    run_together(f, g, tasks, count);
    for (size_t i = 1; i < count; i++) {
        assert_ok(tasks[i].result);
        assert_false(tasks[i].was_visible);
    }
    suite_check(f);
    free(tasks);
}

static void what_does_not_fit_fails_alone(void **state)
{
    struct fixture *f = *state;
    struct task tasks[6];
    struct gate *g;

    g = reopen_with(f, 8 << 20, 0);
    for (int i = 0; i < 6; i++) {
        task_init(&tasks[i], f, g, i == 0 ? WAITS : i == 3 ? HUGE : GOOD);
    }
    run_together(f, g, tasks, 6);
    assert_err(tasks[3].result, STORE_FULL);
    for (int i = 0; i < 6; i++) {
        assert_true(i == 3 || tasks[i].was_visible);
    }
    suite_check(f);
}

int run_jobs(void)
{
    const struct CMUnitTest tests[] = {
#define T(name)  cmocka_unit_test_setup_teardown(name, suite_setup, suite_teardown)
#define TT(name) cmocka_unit_test_setup_teardown(name, suite_setup_threaded, suite_teardown)
        TT(queued_jobs_share_a_commit),
        TT(a_clean_failure_disturbs_nobody),
        TT(a_dirty_failure_is_rolled_back_and_the_others_run_again),
        TT(an_error_that_a_job_overlooks_is_its_own),
        TT(many_dirty_failures_end),
        TT(a_job_alone_that_fails_dirty_leaves_nothing),
        TT(a_reader_in_the_queue_is_told_too),
        TT(the_queue_has_an_end),
        TT(closing_finishes_what_is_queued),
        TT(a_stopped_store_has_finished_and_is_still_read),
        T(a_told_job_may_submit_the_next),
        T(a_job_sees_its_own_writes),
        TT(a_full_store_reads_and_deletes),
        TT(what_fits_only_one_by_one_is_done_one_by_one),
        TT(what_does_not_fit_fails_alone),
#undef TT
#undef T
    };

    return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
