/* Carrying out what earlier runs accepted. */
#include "cse/pipeline/resume.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "cse/pipeline/accept.h"
#include "cse/types/req.h"

enum {
    AT_ONCE = 64,       /* under way, and not waiting for somebody else */
    PAUSE_US = 1000000, /* before one that could not be begun is tried again */
};

/* One of them, from the start of this run until it is under way. */
struct waiting {
    struct waiting *next;
    struct mln_resumer *resumer;
    uint64_t id;
    int64_t due_us;
    void *timer; /* NULL: it is due */
    struct mln_task task;
};

struct mln_resumer {
    struct mln_worker *worker;
    struct waiting *all;
    unsigned active;
    bool is_stopped;
    bool is_beginning;
};

static void begin_due(struct mln_resumer *r);

/* ---- each ---- */

static void drop(struct mln_resumer *r, struct waiting **link)
{
    struct waiting *w = *link;

    *link = w->next;
    if (w->timer) {
        r->worker->ops.cancel(r->worker->ops.loop, w->timer);
    }
    mln_free(w);
}

static void time_has_come(struct mln_task *task)
{
    struct waiting *w = (struct waiting *)(void *)((char *)task - offsetof(struct waiting, task));

    w->timer = NULL;
    begin_due(w->resumer);
}

/* Without a timer it is due at once. */
static void arm(struct waiting *w, int64_t when_us)
{
    struct mln_worker_ops *ops = &w->resumer->worker->ops;

    w->task.run = time_has_come;
    w->timer = ops->at(ops->loop, when_us, &w->task);
}

static void ended(void *data)
{
    struct mln_resumer *r = data;

    r->active--;
    begin_due(r);
}

/* True: it is dealt with. */
static bool begin(struct mln_resumer *r, struct waiting *w)
{
    mln_err err;

    r->active++;
    err = mln_accept_again(r->worker, w->id, ended, r);
    if (!mln_failed(err)) {
        return true;
    }
    r->active--;
    if (err.code == MLN_ERR_NOT_FOUND) {
        return true; /* called off, or its time is over */
    }
    mln_log(MLN_LOG_WARNING, "cse", "a request of an earlier run cannot be carried out yet: %s",
            mln_err_text(err));
    arm(w, mln_env_now_us(r->worker->cse->options.env) + PAUSE_US);
    return w->timer == NULL;
}

static void begin_due(struct mln_resumer *r)
{
    struct waiting **link = &r->all;

    if (r->is_beginning) {
        return; /* one that ended at once */
    }
    r->is_beginning = true;
    while (*link && !r->is_stopped && r->active < AT_ONCE) {
        if ((*link)->timer == NULL && begin(r, *link)) {
            drop(r, link);
        } else {
            link = &(*link)->next;
        }
    }
    r->is_beginning = false;
}

/* ---- all ---- */

/* When it may begin; 0: at once. */
static mln_err due_time(struct mln_view *view, uint64_t id, int64_t *ret)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *scratch = mln_arena_new(64 << 20);
    struct mln_slice kept;
    struct mln_slice params;
    struct mln_slice oet;

    *ret = 0;
    MLN_REQUIRE(scratch, NO_MEMORY);
    MLN_TRY(mln_req_kept(view, id, scratch, &kept));
    if (mln_pack_find(kept, MLN_S("p"), &params) &&
        mln_pack_find_text(params, MLN_S("oet"), &oet)) {
        (void)mln_timestamp_parse(oet, ret);
    }
    return MLN_OK;
}

static mln_err add(struct mln_resumer *r, struct mln_view *view, uint64_t id, struct waiting ***end)
{
    struct waiting *w;
    int64_t due_us;
    mln_err err = due_time(view, id, &due_us);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK; /* the store was full, and it could not be said to have failed */
    }
    MLN_TRY(err);
    w = mln_calloc(1, sizeof *w);
    MLN_REQUIRE(w, NO_MEMORY);
    w->resumer = r;
    w->id = id;
    w->due_us = due_us;
    **end = w;
    *end = &w->next;
    return MLN_OK;
}

static mln_err find_all(struct mln_resumer *r)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    struct waiting **end = &r->all;
    uint64_t id = 0;
    mln_err err;

    MLN_TRY(mln_view_begin(r->worker->reader, &view));
    while (!mln_failed(err = mln_req_next(view, id, &id))) {
        MLN_TRY(add(r, view, id, &end));
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

mln_err mln_resumer_new(struct mln_worker *worker, struct mln_resumer **ret)
{
    struct mln_resumer *r = mln_calloc(1, sizeof *r);
    mln_err err;

    MLN_REQUIRE(r, NO_MEMORY);
    r->worker = worker;
    err = find_all(r);
    if (mln_failed(err)) {
        mln_resumer_free(r);
        return err;
    }
    for (struct waiting *w = r->all; w; w = w->next) {
        arm(w, w->due_us); /* on the loop, when it runs */
    }
    *ret = r;
    return MLN_OK;
}

void mln_resumer_stop(struct mln_resumer *r)
{
    r->is_stopped = true;
    while (r->all) {
        drop(r, &r->all);
    }
}

void mln_resumer_free(struct mln_resumer *r)
{
    if (r) {
        mln_resumer_stop(r);
        mln_free(r);
    }
}
