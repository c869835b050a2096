/* Upkeep: resources whose time has come are deleted, and what deletions left behind is purged.
 *
 * Nothing scans the tree: the store's index of expirationTime tells what is due, a timer waits for
 * the next, and each step is a job of bounded size. spec: TS-0004 7.3.3.5, 7.3.3.8 */
#include "base/log.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "cse/notify/duties_int.h"
#include "cse/tree.h"

enum {
    STEP = 200,         /* resources deleted in one job, */
    STEP_US = 50000,    /* and no more begun after this time */
    PAUSE_US = 1000000, /* before a job that failed is tried again */
    ARENA_MAX = 256 << 20,
};

struct chore {
    struct mln_job job;
    struct mln_upkeep *upkeep;
    struct mln_task task; /* brings the result back, or is the timer's */
    struct mln_arena *arena;
    void *timer;
    bool is_running;
    bool is_wanted; /* asked for again while it ran */
    bool has_more;
    uint64_t done;
    mln_err result;
};

struct mln_upkeep {
    struct mln_duties *duties;
    struct chore expiry;
    struct chore purge;
};

static struct chore *of_job(struct mln_job *job)
{
    return (struct chore *)(void *)((char *)job - offsetof(struct chore, job));
}

static struct chore *of_task(struct mln_task *task)
{
    return (struct chore *)(void *)((char *)task - offsetof(struct chore, task));
}

static int64_t now_us(const struct chore *c)
{
    return mln_env_now_us(c->upkeep->duties->cse->options.env);
}

static mln_err begin_change(struct chore *c, struct mln_view *view, struct mln_change *ret)
{
    struct mln_cse *cse = c->upkeep->duties->cse;

    mln_arena_reset(c->arena);
    *ret = (struct mln_change){
        .cse = cse, .view = view, .arena = c->arena, .now_us = mln_env_now_us(cse->options.env)
    };
    return mln_write_begin(view, mln_access_internal_grant(), &ret->write);
}

/* ---- expiry ---- */

static mln_err due(const struct mln_change *c, uint64_t ids[static STEP], size_t *ret_count)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_EXPIRED, .until_us = c->now_us };
    size_t count = 0;
    uint16_t ty;
    mln_err err = MLN_OK;

    MLN_TRY(mln_scan_open(c->view, &spec, &scan));
    while (count < STEP && !mln_failed(err = mln_scan_next(scan, &ids[count], &ty))) {
        count++;
    }
    if (mln_failed(err) && err.code != MLN_ERR_NOT_FOUND) {
        return err;
    }
    *ret_count = count;
    return MLN_OK;
}

/* Deletes one resource with what is below it; the memory of those before is used again. */
static mln_err expire(struct chore *chore, const struct mln_change *c, uint64_t id)
{
    struct mln_resource r;
    mln_err err;

    mln_arena_reset(c->arena);
    err = mln_store_get(c->view, id, c->arena, &r);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK; /* went with its parent a moment ago */
    }
    MLN_TRY(err);
    MLN_TRY(mln_tree_remove(c, &r));
    chore->done++;
    return MLN_OK;
}

static mln_err run_expiry(struct mln_job *job, struct mln_view *view)
{
    struct chore *chore = of_job(job);
    struct mln_change c;
    uint64_t ids[STEP];
    size_t count;
    size_t i = 0;

    chore->done = 0;
    MLN_TRY(begin_change(chore, view, &c));
    MLN_TRY(due(&c, ids, &count));
    while (i < count && (i == 0 || now_us(chore) - c.now_us < STEP_US)) {
        MLN_TRY(expire(chore, &c, ids[i++]));
    }
    chore->has_more = count == STEP || i < count;
    return MLN_OK;
}

/* ---- purge ---- */

static mln_err run_purge(struct mln_job *job, struct mln_view *view)
{
    struct chore *chore = of_job(job);
    struct mln_change c;

    MLN_TRY(begin_change(chore, view, &c));
    return mln_tree_purge(&c, c.cse->options.limits->delete_inline, &chore->has_more);
}

/* ---- both ---- */

static void start(struct chore *c);
static void stop_timer(struct chore *c);

static void timer_fired(struct mln_task *task)
{
    struct chore *c = of_task(task);

    c->timer = NULL;
    start(c);
}

/* Runs the chore at that time instead of an earlier arrangement. */
static void arrange(struct chore *c, int64_t when_us)
{
    struct mln_worker_ops *ops = &c->upkeep->duties->worker->ops;

    stop_timer(c);
    c->task.run = timer_fired;
    c->timer = ops->at(ops->loop, when_us, &c->task);
    if (!c->timer) {
        mln_fresh_want_look(c->upkeep->duties->cse->fresh);
        mln_log(MLN_LOG_ERROR, "upkeep", "no memory for a timer: expiry waits for the next commit");
    }
}

static void went_through(struct mln_task *task)
{
    struct chore *c = of_task(task);
    struct mln_duties *d = c->upkeep->duties;

    c->is_running = false;
    if (d->is_stopped) {
        return;
    }
    if (mln_failed(c->result)) {
        mln_log(MLN_LOG_WARNING, "upkeep", "a step failed: %s", mln_err_text(c->result));
        arrange(c, now_us(c) + PAUSE_US);
        return;
    }
    d->stats.expired += c == &c->upkeep->expiry ? c->done : 0;
    if (c->has_more || c->is_wanted) {
        start(c);
    } else if (c == &c->upkeep->expiry) {
        mln_upkeep_rearm(c->upkeep);
    }
}

static void job_done(struct mln_job *job, mln_err result)
{
    struct chore *c = of_job(job);
    struct mln_worker_ops *ops = &c->upkeep->duties->worker->ops;

    c->result = result;
    c->task.run = went_through;
    ops->post(ops->loop, &c->task);
}

static void stop_timer(struct chore *c)
{
    struct mln_worker_ops *ops = &c->upkeep->duties->worker->ops;

    if (c->timer) {
        ops->cancel(ops->loop, c->timer);
        c->timer = NULL;
    }
}

static void start(struct chore *c)
{
    mln_err err;

    if (c->is_running) {
        c->is_wanted = true;
        return;
    }
    stop_timer(c);
    c->is_wanted = false;
    c->is_running = true;
    c->job.done = job_done;
    err = mln_store_submit(c->upkeep->duties->cse->options.store, &c->job);
    if (mln_failed(err)) {
        c->is_running = false;
        arrange(c, now_us(c) + PAUSE_US);
    }
}

/* expirationTime of what expires first, or INT64_MAX. */
static mln_err next_expiry(struct mln_upkeep *u, int64_t *ret_us)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_EXPIRED, .until_us = INT64_MAX };
    struct mln_resource r;
    uint64_t id;
    uint16_t ty;
    mln_err err;

    mln_arena_reset(u->expiry.arena);
    MLN_TRY(mln_view_begin(u->duties->worker->reader, &view));
    MLN_TRY(mln_scan_open(view, &spec, &scan));
    err = mln_scan_next(scan, &id, &ty);
    if (err.code == MLN_ERR_NOT_FOUND) {
        *ret_us = INT64_MAX;
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_TRY(mln_store_get(view, id, u->expiry.arena, &r));
    *ret_us = r.et;
    return MLN_OK;
}

void mln_upkeep_rearm(struct mln_upkeep *u)
{
    int64_t when = INT64_MAX;
    mln_err err;

    if (u->expiry.is_running) {
        u->expiry.is_wanted = true;
        return;
    }
    /* before the look: a commit that comes too late for it is told of, whatever expires */
    mln_fresh_await(u->duties->cse->fresh, INT64_MAX);
    err = next_expiry(u, &when);
    if (mln_failed(err)) {
        mln_log(MLN_LOG_WARNING, "upkeep", "cannot read the next expiry: %s", mln_err_text(err));
        when = now_us(&u->expiry) + PAUSE_US;
    }
    mln_fresh_await(u->duties->cse->fresh, when);
    if (when != INT64_MAX) {
        arrange(&u->expiry, when);
    }
}

void mln_upkeep_purge(struct mln_upkeep *u)
{
    start(&u->purge);
}

static mln_err chore_init(struct chore *c, struct mln_upkeep *u,
                          mln_err (*run)(struct mln_job *job, struct mln_view *view))
{
    c->upkeep = u;
    c->job.run = run;
    c->arena = mln_arena_new(ARENA_MAX);
    MLN_REQUIRE(c->arena, NO_MEMORY);
    return MLN_OK;
}

mln_err mln_upkeep_new(struct mln_duties *duties, struct mln_upkeep **ret)
{
    struct mln_upkeep *u = mln_calloc(1, sizeof *u);
    mln_err err;

    MLN_REQUIRE(u, NO_MEMORY);
    u->duties = duties;
    err = chore_init(&u->expiry, u, run_expiry);
    if (!mln_failed(err)) {
        err = chore_init(&u->purge, u, run_purge);
    }
    if (mln_failed(err)) {
        mln_upkeep_free(u);
        return err;
    }
    *ret = u;
    return MLN_OK;
}

void mln_upkeep_stop(struct mln_upkeep *u)
{
    stop_timer(&u->expiry);
    stop_timer(&u->purge);
}

void mln_upkeep_free(struct mln_upkeep *u)
{
    if (u) {
        mln_arena_free(u->expiry.arena);
        mln_arena_free(u->purge.arena);
        mln_free(u);
    }
}
