/* Requests that wait for their copies. They live with their workers; the list of them is the
 * duties'. What they waited for is in the store: they look at it again when they go on. */
#include "base/mem.h"
#include "cse/cse_int.h"
#include "cse/notify/duties_int.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/announce.h"

struct waiter {
    struct mln_task task;
    struct mln_task expiry;
    struct waiter *next;
    struct mln_exec *e;
    struct mln_announcer *a;
    uint64_t original;
    int64_t until_us;
    void *timer;
};

struct mln_announcer {
    struct mln_duties *duties;
    struct waiter *first;
};

static struct waiter *of_task(struct mln_task *task)
{
    return (struct waiter *)(void *)((char *)task - offsetof(struct waiter, task));
}

/* ---- on the worker ---- */

/* The resource as it is now: with the copies that were made. When it has gone meanwhile, what the
 * request has made of it is still the answer. */
static void answer_anew(struct mln_exec *e, uint64_t original)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    struct mln_response before = *e->response;
    struct mln_resource after = { 0 };
    mln_err err = mln_view_begin(e->worker->reader, &view);

    if (!mln_failed(err)) {
        err = mln_store_get(view, original, e->arena, &after);
    }
    if (!mln_failed(err)) {
        e->view = view;
        e->result = after;
        err = mln_respond_success(e);
        e->view = NULL;
    }
    if (mln_failed(err)) {
        *e->response = before;
    }
}

static void go_on(struct mln_task *task)
{
    struct waiter *w = of_task(task);

    answer_anew(w->e, w->original);
    w->e->answered = true;
    mln_exec_resume(w->e, MLN_OK);
}

/* ---- at the duties ---- */

/* Is one of its copies neither there nor failed? */
static mln_err look(const struct waiter *w, bool *ret_waits)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(1 << 20);
    struct mln_duties *d = w->a->duties;
    struct mln_copy copy = { 0 };
    mln_err err;

    MLN_REQUIRE(arena, NO_MEMORY);
    MLN_TRY(mln_view_begin(d->worker->reader, &view));
    while (!mln_failed(err = mln_copy_next(view, w->original, copy.lane.number, arena, &copy))) {
        if (copy.state == MLN_COPY_WANTED && !mln_deliverer_has_failed(d->deliverer, copy.lane)) {
            *ret_waits = true;
            return MLN_OK;
        }
    }
    *ret_waits = false;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static void release(struct waiter *w)
{
    struct mln_worker_ops *duties = &w->a->duties->worker->ops;
    struct mln_worker_ops *ops = &w->e->worker->ops;
    struct waiter **at = &w->a->first;

    while (*at != w) {
        at = &(*at)->next;
    }
    *at = w->next;
    if (w->timer) {
        duties->cancel(duties->loop, w->timer);
    }
    w->task.run = go_on;
    ops->post(ops->loop, &w->task);
}

static void expire(struct mln_task *task)
{
    struct waiter *w = (struct waiter *)(void *)((char *)task - offsetof(struct waiter, expiry));

    w->timer = NULL;
    release(w);
}

static void look_again(struct waiter *w)
{
    bool waits = false;

    if (mln_failed(look(w, &waits)) || !waits) {
        release(w);
    }
}

static void enter(struct mln_task *task)
{
    struct waiter *w = of_task(task);
    struct mln_duties *d = w->a->duties;
    struct mln_worker_ops *ops = &d->worker->ops;

    w->next = w->a->first;
    w->a->first = w;
    w->expiry.run = expire;
    w->timer = d->is_stopped ? NULL : ops->at(ops->loop, w->until_us, &w->expiry);
    if (w->timer) {
        look_again(w);
    } else {
        release(w);
    }
}

bool mln_announce_wait(struct mln_exec *e)
{
    struct mln_duties *d = e->cse->duties;
    struct waiter *w =
        d && e->call && !e->worker->is_stopped ? mln_arena_zalloc(e->arena, 1, sizeof *w) : NULL;

    if (!w || mln_failed(mln_exec_park(e))) {
        return false;
    }
    w->e = e;
    w->a = d->announcer;
    w->original = e->result.id;
    w->until_us = mln_env_now_us(e->cse->options.env) +
                  mln_attempt_time(e, e->cse->options.limits->notify_ms * 2);
    w->task.run = enter;
    d->worker->ops.post(d->worker->ops.loop, &w->task);
    return true;
}

void mln_announcer_tell(struct mln_announcer *a, uint64_t original)
{
    struct waiter *next;

    for (struct waiter *w = a->first; w; w = next) {
        next = w->next;
        if (w->original == original) {
            look_again(w);
        }
    }
}

mln_err mln_announcer_new(struct mln_duties *duties, struct mln_announcer **ret)
{
    struct mln_announcer *a = mln_calloc(1, sizeof *a);

    MLN_REQUIRE(a, NO_MEMORY);
    a->duties = duties;
    *ret = a;
    return MLN_OK;
}

void mln_announcer_stop(struct mln_announcer *a)
{
    while (a->first) {
        release(a->first);
    }
}

void mln_announcer_free(struct mln_announcer *a)
{
    mln_free(a);
}
