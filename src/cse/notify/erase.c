/* Removing what is dealt with. */
#include "cse/notify/erase.h"

#include "base/log.h"
#include "base/mem.h"
#include "cse/notify/policy.h"
#include "cse/remote/announce.h"
#include "cse/tree.h"

enum { PAUSE_US = 1000000, ARENA_MAX = 64 << 20 };

struct mln_eraser {
    struct mln_duties *duties;
    void (*erased)(void *data, const struct mln_erasure *erasure);
    void *data;
    struct mln_job job;
    struct mln_task task;
    struct mln_arena *arena; /* of the job */
    struct mln_erasure *running;
    size_t running_count;
    struct mln_erasure *waiting; /* those that come after */
    size_t waiting_count;
    size_t waiting_cap;
    bool is_running;
    void *timer;
    mln_err result;
};

/* spec: TS-0004 7.5.1.2.2 step 5: at zero the subscription is deleted */
static mln_err count_down(const struct mln_change *c, const struct mln_erasure *e)
{
    uint64_t left;
    struct mln_resource sub;
    struct mln_resource changed;
    struct mln_value *attributes;
    struct mln_value *counter;
    struct mln_buf buf;
    mln_err err = mln_store_get(c->view, e->lane.subscription, c->arena, &sub);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    if (e->number < sub.count || !mln_pack_find_u64(sub.attrs, MLN_S("exc"), &left)) {
        return MLN_OK; /* from before the counter was set, or there is none */
    }
    if (left <= 1) {
        MLN_TRY(mln_policy_drop(c, sub.id));
        return mln_tree_remove(c, &sub);
    }
    MLN_TRY(mln_pack_to_value(sub.attrs, c->arena, &attributes));
    counter = mln_value_get(attributes, MLN_S("exc"));
    MLN_REQUIRE(counter, STORE_CORRUPT);
    counter->magnitude = left - 1;
    changed = sub;
    mln_buf_init(&buf, c->arena, SIZE_MAX);
    mln_pack_value(&buf, attributes);
    MLN_TRY(mln_buf_finish(&buf, &changed.attrs));
    return mln_store_put(c->write, &sub, &changed);
}

static mln_err run_erase(struct mln_job *job, struct mln_view *view)
{
    struct mln_eraser *e =
        (struct mln_eraser *)(void *)((char *)job - offsetof(struct mln_eraser, job));
    struct mln_cse *cse = e->duties->cse;
    struct mln_change c = {
        .cse = cse, .view = view, .arena = e->arena, .now_us = mln_env_now_us(cse->options.env)
    };

    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &c.write));
    for (size_t i = 0; i < e->running_count; i++) {
        const struct mln_erasure *one = &e->running[i];

        mln_arena_reset(e->arena);
        MLN_TRY(mln_outbox_erase(c.write, one->lane, one->number));
        if (one->tally.requests) {
            MLN_TRY(mln_tally_sent(&c, one->lane, &one->tally));
        }
        if (one->counts) {
            MLN_TRY(count_down(&c, one));
        }
        if (one->outcome) {
            MLN_TRY(mln_announce_conclude(&c, one->lane, one->outcome));
        }
    }
    return MLN_OK;
}

static void forget_erased(struct mln_eraser *e)
{
    for (size_t i = 0; i < e->running_count; i++) {
        e->erased(e->data, &e->running[i]);
        mln_free(e->running[i].outcome);
    }
    e->running_count = 0;
}

static void erase_timer(struct mln_task *task)
{
    struct mln_eraser *e =
        (struct mln_eraser *)(void *)((char *)task - offsetof(struct mln_eraser, task));

    e->timer = NULL;
    e->is_running = false;
    mln_eraser_go_on(e);
}

/* The store refused: the same entries are tried again a little later. */
static void erase_later(struct mln_eraser *e)
{
    struct mln_worker_ops *ops = &e->duties->worker->ops;

    e->task.run = erase_timer;
    e->timer = ops->after(ops->loop, PAUSE_US, &e->task);
    if (!e->timer) {
        e->is_running = false;
        mln_fresh_want_look(e->duties->cse->fresh);
        mln_log(MLN_LOG_ERROR, "notify", "no memory: what is left waits for the next commit");
    }
}

static void job_ended(struct mln_task *task)
{
    struct mln_eraser *e =
        (struct mln_eraser *)(void *)((char *)task - offsetof(struct mln_eraser, task));

    if (e->duties->is_stopped) {
        return;
    }
    if (mln_failed(e->result)) {
        mln_log(MLN_LOG_WARNING, "notify", "delivered notifications cannot be removed yet: %s",
                mln_err_text(e->result));
        erase_later(e);
        return;
    }
    forget_erased(e);
    e->is_running = false;
    mln_eraser_go_on(e);
}

static void erase_done(struct mln_job *job, mln_err result)
{
    struct mln_eraser *e =
        (struct mln_eraser *)(void *)((char *)job - offsetof(struct mln_eraser, job));
    struct mln_worker_ops *ops = &e->duties->worker->ops;

    e->result = result;
    e->task.run = job_ended;
    ops->post(ops->loop, &e->task);
}

/* Makes the waiting erasures the running ones. */
static void take_waiting(struct mln_eraser *e)
{
    struct mln_erasure *emptied = e->running;

    e->running = e->waiting;
    e->running_count = e->waiting_count;
    mln_free(emptied);
    e->waiting = NULL;
    e->waiting_count = 0;
    e->waiting_cap = 0;
}

void mln_eraser_go_on(struct mln_eraser *e)
{
    if (e->is_running) {
        return;
    }
    if (e->running_count == 0) {
        take_waiting(e);
    }
    if (e->running_count == 0) {
        return;
    }
    e->is_running = true;
    e->job = (struct mln_job){ .run = run_erase, .done = erase_done };
    if (mln_failed(mln_store_submit(e->duties->cse->options.store, &e->job))) {
        erase_later(e);
    }
}

bool mln_eraser_note(struct mln_eraser *e, const struct mln_erasure *erasure)
{
    if (e->waiting_count == e->waiting_cap) {
        size_t cap = e->waiting_cap ? e->waiting_cap * 2 : 64;
        struct mln_erasure *grown = mln_realloc(e->waiting, cap * sizeof *grown);

        if (!grown) {
            return false;
        }
        e->waiting = grown;
        e->waiting_cap = cap;
    }
    e->waiting[e->waiting_count++] = *erasure;
    mln_eraser_go_on(e);
    return true;
}

mln_err mln_eraser_new(struct mln_duties *duties,
                       void (*erased)(void *data, const struct mln_erasure *erasure), void *data,
                       struct mln_eraser **ret)
{
    struct mln_eraser *e = mln_calloc(1, sizeof *e);

    MLN_REQUIRE(e, NO_MEMORY);
    e->duties = duties;
    e->erased = erased;
    e->data = data;
    e->arena = mln_arena_new(ARENA_MAX);
    if (!e->arena) {
        mln_free(e);
        MLN_FAIL(NO_MEMORY);
    }
    *ret = e;
    return MLN_OK;
}

void mln_eraser_stop(struct mln_eraser *e)
{
    struct mln_worker_ops *ops = &e->duties->worker->ops;

    if (e->timer) {
        ops->cancel(ops->loop, e->timer);
        e->timer = NULL;
    }
}

static void free_list(struct mln_erasure *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mln_free(list[i].outcome);
    }
    mln_free(list);
}

void mln_eraser_free(struct mln_eraser *e)
{
    free_list(e->running, e->running_count);
    free_list(e->waiting, e->waiting_count);
    mln_arena_free(e->arena);
    mln_free(e);
}
