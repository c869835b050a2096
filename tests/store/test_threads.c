/* Many threads: readers beside writers, each seeing whole states only. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"

enum {
    WRITERS = 3,
    READERS = 3,
    JOBS = 400, /* of each writer */
    KEPT = 5,   /* instances a container keeps */
};

struct shared {
    struct fixture *f;
    uint64_t container;
    atomic_uint writers;
    atomic_ulong views;
};

/* Adds an instance, drops the oldest, counts: what the CSE does for mni. */
struct addition {
    struct mln_job job;
    struct shared *shared;
    struct mln_arena *arena;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool is_done;
    mln_err result;
};

static mln_err oldest(struct mln_view *view, struct addition *a, struct mln_resource *ret)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = {
        .kind = MLN_SCAN_CHILDREN,
        .parent = a->shared->container,
        .ty = 4,
    };
    uint64_t id;

    MLN_TRY(mln_scan_open(view, &spec, &scan));
    MLN_TRY(mln_scan_next(scan, &id, NULL));
    return mln_store_get(view, id, a->arena, ret);
}

static mln_err add(struct mln_job *job, struct mln_view *view)
{
    struct addition *a = (struct addition *)job;
    struct fixture own = { .arena = a->arena };
    struct mln_resource parent;
    struct mln_resource changed;
    struct mln_resource cin;
    struct mln_write *write;

    mln_arena_reset(a->arena);
    MLN_TRY(mln_write_begin(view, suite_grant(), &write));
    MLN_TRY(mln_store_get(view, a->shared->container, a->arena, &parent));
    changed = parent;
    if (parent.count == KEPT) {
        struct mln_resource old;

        MLN_TRY(oldest(view, a, &old));
        MLN_TRY(mln_store_erase(write, &old));
        changed.count--;
        changed.bytes -= old.bytes;
    }
    cin = suite_make(&own, write, &parent, 4, "");
    cin.bytes = parent.st % 10;
    changed.count++;
    changed.bytes += cin.bytes;
    changed.st++;
    MLN_TRY(mln_store_put(write, NULL, &cin));
    return mln_store_put(write, &parent, &changed);
}

static void added(struct mln_job *job, mln_err result)
{
    struct addition *a = (struct addition *)job;

    (void)pthread_mutex_lock(&a->lock);
    a->is_done = true;
    a->result = result;
    (void)pthread_cond_signal(&a->wake);
    (void)pthread_mutex_unlock(&a->lock);
}

static mln_err add_and_wait(struct addition *a)
{
    a->is_done = false;
    MLN_TRY(mln_store_submit(a->shared->f->store, &a->job));
    (void)pthread_mutex_lock(&a->lock);
    while (!a->is_done) {
        (void)pthread_cond_wait(&a->wake, &a->lock);
    }
    (void)pthread_mutex_unlock(&a->lock);
    return a->result;
}

static void *write_many(void *data)
{
    struct addition a = { .job = { .run = add, .done = added }, .shared = data };
    unsigned failed = 0;

    a.arena = mln_arena_new(16 << 20);
    (void)pthread_mutex_init(&a.lock, NULL);
    (void)pthread_cond_init(&a.wake, NULL);
    for (int i = 0; i < JOBS; i++) {
        failed += mln_failed(add_and_wait(&a));
    }
    (void)pthread_cond_destroy(&a.wake);
    (void)pthread_mutex_destroy(&a.lock);
    mln_arena_free(a.arena);
    (void)atomic_fetch_sub(&a.shared->writers, 1);
    return failed ? data : NULL;
}

/* One view: the counters must be what the children say. */
static mln_err look(struct mln_view *view, struct shared *s, struct mln_arena *arena)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = {
        .kind = MLN_SCAN_CHILDREN,
        .parent = s->container,
        .ty = 4,
        .is_descending = true,
    };
    struct mln_resource parent;
    struct mln_resource cin;
    uint64_t count = 0;
    uint64_t bytes = 0;
    uint64_t id;

    MLN_TRY(mln_store_get(view, s->container, arena, &parent));
    MLN_TRY(mln_scan_open(view, &spec, &scan));
    while (!mln_failed(mln_scan_next(scan, &id, NULL))) {
        MLN_TRY(mln_store_get(view, id, arena, &cin));
        count++;
        bytes += cin.bytes;
    }
    MLN_REQUIRE(parent.count == count && parent.bytes == bytes, STORE_CORRUPT);
    return MLN_OK;
}

static mln_err look_once(struct mln_reader *reader, struct shared *s, struct mln_arena *arena)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;

    mln_arena_reset(arena);
    MLN_TRY(mln_view_begin(reader, &view));
    return look(view, s, arena);
}

static void *read_many(void *data)
{
    struct shared *s = data;
    struct mln_arena *arena = mln_arena_new(16 << 20);
    struct mln_reader *reader;
    mln_err err = mln_reader_new(s->f->store, &reader);

    while (!mln_failed(err) && atomic_load(&s->writers)) {
        err = look_once(reader, s, arena);
        (void)atomic_fetch_add(&s->views, 1);
    }
    mln_reader_free(reader);
    mln_arena_free(arena);
    return mln_failed(err) ? data : NULL;
}

static void readers_see_whole_states_beside_writers(void **state)
{
    struct fixture *f = *state;
    struct shared s = { .f = f };
    pthread_t threads[WRITERS + READERS];
    struct mln_resource cnt;

    s.container = suite_create(f, NULL, 3, "c").id;
    atomic_store(&s.writers, WRITERS);
    for (int i = 0; i < WRITERS + READERS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < WRITERS ? write_many : read_many, &s), 0);
    }
    for (int i = 0; i < WRITERS + READERS; i++) {
        void *failure;

        assert_int_equal(pthread_join(threads[i], &failure), 0);
        assert_null(failure);
    }
    assert_true(atomic_load(&s.views) > 0);
    assert_ok(suite_get(f, s.container, &cnt));
    assert_int_equal(cnt.st, WRITERS * JOBS);
    assert_int_equal(cnt.count, KEPT);
    suite_check(f);
}

/* ---- readers come and go ---- */

static void *come_and_go(void *data)
{
    struct shared *s = data;

    for (int i = 0; i < 200; i++) {
        struct mln_reader *reader;
        struct mln_view *view;

        if (mln_failed(mln_reader_new(s->f->store, &reader))) {
            return data;
        }
        if (mln_failed(mln_view_begin(reader, &view))) {
            return data;
        }
        mln_view_end(view);
        mln_reader_free(reader);
    }
    return NULL;
}

static void readers_come_and_go_at_once(void **state)
{
    struct shared s = { .f = *state };
    pthread_t threads[4];

    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &s), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *failure;

        assert_int_equal(pthread_join(threads[i], &failure), 0);
        assert_null(failure);
    }
}

int run_threads(void)
{
    const struct CMUnitTest tests[] = {
#define TT(name) cmocka_unit_test_setup_teardown(name, suite_setup_threaded, suite_teardown)
        TT(readers_see_whole_states_beside_writers),
        TT(readers_come_and_go_at_once),
#undef TT
    };

    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
