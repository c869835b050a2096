/* Upkeep: resources whose time has come are deleted, alarms are given to their owners, and what
 * deletions left behind is purged.
 *
 * Nothing scans the tree: the store's index of expirationTime and the order of alarms tell what is
 * due, a timer waits for the next, and each step is a job of bounded size.
 * spec: TS-0004 7.3.3.5, 7.3.3.8 */
#include "base/log.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "cse/notify/alarm.h"
#include "cse/notify/duties_int.h"
#include "cse/remote/announce.h"
#include "cse/tree.h"
#include "cse/types/types.h"

enum {
    STEP = 200,          /* resources deleted or alarms carried out in one job, */
    STEP_US = 50000,     /* and no more begun after this time */
    PAUSE_US = 1000000,  /* before a job that failed is tried again */
    LATER_US = 60000000, /* before an alarm that failed is tried again */
    ARENA_MAX = 256 << 20,
};

struct chore {
    struct mln_job job;
    /* the time of what is due first; NULL: done when it is asked for */
    mln_err (*next)(struct chore *c, struct mln_view *view, int64_t *ret_us);
    int64_t next_us;
    struct mln_upkeep *upkeep;
    struct mln_task task; /* brings the result back, or is the timer's */
    struct mln_arena *arena;
    void *timer;
    bool is_running;
    bool is_wanted; /* asked for again while it ran */
    bool has_more;
    unsigned failures; /* one after the other, up to now */
    uint64_t done;
    mln_err result;
};

struct mln_upkeep {
    struct mln_duties *duties;
    struct chore expiry;
    struct chore alarms;
    struct chore purge;
    struct mln_alarm stuck; /* at which a job of alarms failed; id 0: none. The jobs' */
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
    c.depth = MLN_DEPTH_MOST; /* the action that made it may have said when it goes */
    MLN_TRY(due(&c, ids, &count));
    while (i < count && (i == 0 || now_us(chore) - c.now_us < STEP_US)) {
        MLN_TRY(expire(chore, &c, ids[i++]));
    }
    chore->has_more = count == STEP || i < count;
    return MLN_OK;
}

/* expirationTime of what expires first. */
static mln_err next_expiry(struct chore *c, struct mln_view *view, int64_t *ret_us)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_EXPIRED, .until_us = INT64_MAX };
    struct mln_resource r;
    uint64_t id;

    MLN_TRY(mln_scan_open(view, &spec, &scan));
    MLN_TRY(mln_scan_next(scan, &id, NULL));
    MLN_TRY(mln_store_get(view, id, c->arena, &r));
    *ret_us = r.et;
    return MLN_OK;
}

/* ---- alarms ---- */

/* The alarm that failed is due later, so that it holds up no others. Nothing else happens in that
 * job, nor in one that tells the hook of it: the next failure would undo it. */
static mln_err put_off(struct mln_upkeep *u, const struct mln_change *c)
{
    struct mln_alarm alarm;
    mln_err err = mln_alarm_get(c->view, u->stuck.id, u->stuck.kind, c->arena, &alarm);

    if (!mln_failed(err) && alarm.due_us == u->stuck.due_us) {
        alarm.due_us = c->now_us + LATER_US;
        err = mln_alarm_set(c, &alarm);
    }
    if (err.code != MLN_ERR_NOT_FOUND) {
        MLN_TRY(err);
    }
    u->stuck.id = 0;
    return MLN_OK;
}

/* Did an alarm fail by what it does itself, while store and memory are well? Then the others need
 * not wait until it has ended or been put off. */
static bool failed_by_itself(const struct chore *c)
{
    enum mln_err_class class = mln_err_class(c->result);

    return c->failures && c == &c->upkeep->alarms && c->upkeep->stuck.id &&
           class != MLN_ERR_CLASS_RESOURCE && class != MLN_ERR_CLASS_INTERNAL;
}

/* The hook rings once more and is told why: it may know of another end. */
static bool is_to_be_told(const struct chore *c)
{
    return c->failures == 1 && failed_by_itself(c);
}

/* Carries out the first alarm, if it is due; the memory of those before is used again.
 * Errors: NOT_FOUND (none is due). */
static mln_err ring(struct chore *chore, const struct mln_change *c)
{
    const struct mln_type_ops *ops;
    struct mln_alarm *stuck = &chore->upkeep->stuck;
    struct mln_alarm alarm;
    struct mln_resource r;
    bool is_told;
    mln_err err;

    mln_arena_reset(c->arena);
    MLN_TRY(mln_alarm_first(c->view, &alarm));
    MLN_REQUIRE(alarm.due_us <= c->now_us, NOT_FOUND);
    is_told = is_to_be_told(chore) && alarm.id == stuck->id && alarm.kind == stuck->kind;
    *stuck = alarm;
    err = mln_alarm_get(c->view, alarm.id, alarm.kind, c->arena, &alarm);
    MLN_REQUIRE(err.code != MLN_ERR_NOT_FOUND, STORE_CORRUPT);
    MLN_TRY(err);
    MLN_TRY(mln_alarm_clear(c, alarm.id, alarm.kind));
    alarm.failed = is_told ? chore->result : MLN_OK;
    chore->done++;
    err = mln_store_get(c->view, alarm.id, c->arena, &r);
    ops = mln_failed(err) ? NULL : mln_type_ops_of(r.ty);
    if (!mln_failed(err) && alarm.kind == MLN_ALARM_COPIES) {
        err = mln_announce_alarm(c, &r);
    } else if (ops && ops->alarm) {
        err = ops->alarm(c, &r, &alarm);
    } else if (err.code == MLN_ERR_NOT_FOUND) {
        err = MLN_OK; /* its resource is gone */
    }
    stuck->id = mln_failed(err) ? alarm.id : 0;
    return err;
}

struct mln_worker *mln_alarm_worker(const struct mln_cse *cse)
{
    struct mln_duties *duties = cse->duties;

    return duties->worker;
}

static mln_err run_alarms(struct mln_job *job, struct mln_view *view)
{
    struct chore *chore = of_job(job);
    struct mln_change c;
    mln_err err = MLN_OK;

    chore->done = 0;
    MLN_TRY(begin_change(chore, view, &c));
    if (chore->failures && chore->upkeep->stuck.id) {
        chore->has_more = true;
        err = is_to_be_told(chore) ? ring(chore, &c) : put_off(chore->upkeep, &c);
        return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
    }
    while (!mln_failed(err) && chore->done < STEP && now_us(chore) - c.now_us < STEP_US) {
        err = ring(chore, &c);
    }
    chore->has_more = !mln_failed(err);
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err next_alarm(struct chore *c, struct mln_view *view, int64_t *ret_us)
{
    struct mln_alarm alarm;

    (void)c;
    MLN_TRY(mln_alarm_first(view, &alarm));
    *ret_us = alarm.due_us;
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

/* ---- all of them ---- */

static void start(struct chore *c);
static void stop_timer(struct chore *c);

static void timer_fired(struct mln_task *task)
{
    struct chore *c = of_task(task);

    c->timer = NULL;
    start(c);
}

static void set_timer(struct chore *c, int64_t us,
                      void *(*set)(void *loop, int64_t us, struct mln_task *task))
{
    stop_timer(c);
    c->task.run = timer_fired;
    c->timer = set(c->upkeep->duties->worker->ops.loop, us, &c->task);
    if (!c->timer) {
        mln_fresh_want_look(c->upkeep->duties->cse->fresh);
        mln_log(MLN_LOG_ERROR, "upkeep",
                "no memory for a timer: what is due waits for the next commit");
    }
}

/* Runs the chore at that time instead of an earlier arrangement. */
static void arrange(struct chore *c, int64_t when_us)
{
    set_timer(c, when_us, c->upkeep->duties->worker->ops.at);
}

static void try_later(struct chore *c)
{
    set_timer(c, PAUSE_US, c->upkeep->duties->worker->ops.after);
}

static void went_through(struct mln_task *task)
{
    struct chore *c = of_task(task);
    struct mln_duties *d = c->upkeep->duties;

    c->is_running = false;
    if (d->is_stopped) {
        return;
    }
    c->failures = mln_failed(c->result) ? c->failures + 1 : 0;
    if (c->failures) {
        mln_log(MLN_LOG_WARNING, "upkeep", "a step failed: %s", mln_err_text(c->result));
        if (failed_by_itself(c)) {
            start(c);
        } else {
            try_later(c);
        }
        return;
    }
    d->stats.expired += c == &c->upkeep->expiry ? c->done : 0;
    if (c->has_more || c->is_wanted) {
        start(c);
    } else if (c->next) {
        mln_upkeep_rearm(c->upkeep); /* only what was earlier than both has been told */
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

/* Commits that make something due before that time are told of. */
static void await(struct mln_upkeep *u)
{
    int64_t first = u->expiry.next_us < u->alarms.next_us ? u->expiry.next_us : u->alarms.next_us;

    mln_fresh_await(u->duties->cse->fresh, first);
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
    c->next_us = INT64_MAX;
    await(c->upkeep);
    c->job.done = job_done;
    err = mln_store_submit(c->upkeep->duties->cse->options.store, &c->job);
    if (mln_failed(err)) {
        c->is_running = false;
        try_later(c);
    }
}

/* When the chore is due next; INT64_MAX: never. */
static mln_err look_ahead(struct chore *c, int64_t *ret_us)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    mln_err err;

    *ret_us = INT64_MAX;
    mln_arena_reset(c->arena);
    MLN_TRY(mln_view_begin(c->upkeep->duties->worker->reader, &view));
    err = c->next(c, view, ret_us);
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static void rearm(struct chore *c)
{
    mln_err err;

    if (c->is_running) {
        c->is_wanted = true;
        return;
    }
    /* before the look: a commit that comes too late for it is told of, whatever is due then */
    mln_fresh_await(c->upkeep->duties->cse->fresh, INT64_MAX);
    err = look_ahead(c, &c->next_us);
    if (mln_failed(err)) {
        mln_log(MLN_LOG_WARNING, "upkeep", "cannot read what is due next: %s", mln_err_text(err));
        c->next_us = now_us(c) + PAUSE_US;
    }
    await(c->upkeep);
    if (c->next_us != INT64_MAX) {
        arrange(c, c->next_us);
    }
}

void mln_upkeep_rearm(struct mln_upkeep *u)
{
    rearm(&u->expiry);
    rearm(&u->alarms);
}

void mln_upkeep_purge(struct mln_upkeep *u)
{
    start(&u->purge);
}

static mln_err chore_init(struct chore *c, struct mln_upkeep *u,
                          mln_err (*run)(struct mln_job *job, struct mln_view *view))
{
    c->upkeep = u;
    c->next_us = INT64_MAX;
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
    u->expiry.next = next_expiry;
    u->alarms.next = next_alarm;
    err = chore_init(&u->expiry, u, run_expiry);
    if (!mln_failed(err)) {
        err = chore_init(&u->alarms, u, run_alarms);
    }
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
    stop_timer(&u->alarms);
    stop_timer(&u->purge);
}

void mln_upkeep_free(struct mln_upkeep *u)
{
    if (u) {
        mln_arena_free(u->expiry.arena);
        mln_arena_free(u->alarms.arena);
        mln_arena_free(u->purge.arena);
        mln_free(u);
    }
}
