/* Events of operations that were asked for. */
#include "cse/notify/monitor.h"

#include "base/log.h"
#include "base/mem.h"
#include "cse/notify/event.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"

/* The request of a member to a monitored resource. */
struct mln_sighting {
    struct mln_sighting *next;
    uint64_t id;
    bool is_told; /* unless the batch of the whole is rolled back */
};

/* What is told when the request is over. */
struct report {
    struct mln_job job;
    struct mln_cse *cse;
    struct mln_arena *arena;
    struct mln_observed observed;
    uint64_t vacant; /* id of a container of which event type 5 is told, or 0 */
    size_t count;
    uint64_t ids[]; /* resources of which the operation is told */
};

/* Somebody monitors the target. An originator without a name cannot be told of. */
static bool is_monitored(const struct mln_exec *e)
{
    return e->target.type && e->target.virtual_child == MLN_VIRTUAL_NONE && !e->explanation &&
           (e->target.resource.flags & MLN_RESOURCE_MONITORED) && e->originator.text.len > 0;
}

static struct mln_observed observation(const struct mln_exec *e)
{
    return (struct mln_observed){ .op = e->req.op,
                                  .privilege = mln_exec_privilege(&e->req),
                                  .originator = e->originator.text };
}

/* `observed` NULL: event type 5. */
static mln_err publish(const struct mln_change *c, uint64_t id, const struct mln_observed *observed)
{
    struct mln_resource r;
    struct mln_event event = {
        .type = observed ? MLN_EVENT_UPDATE : MLN_EVENT_EMPTY_RETRIEVED,
        .subject = &r,
        .about = &r,
        .observed = observed,
    };
    mln_err err = mln_store_get(c->view, id, c->arena, &r);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK; /* it has been deleted since */
    }
    MLN_TRY(err);
    return mln_event_publish(c, &event);
}

/* ---- in the batch ---- */

mln_err mln_monitor_tell(struct mln_exec *e)
{
    struct mln_change c = mln_exec_change(e, mln_env_now_us(e->cse->options.env));
    struct mln_observed observed = observation(e);

    if (!e->write || e->is_told || !is_monitored(e)) {
        return MLN_OK;
    }
    if (e->req.op == MLN_OP_CREATE) {
        observed.created = e->result.id;
    }
    e->is_told = true;
    return publish(&c, e->target.resource.id, &observed);
}

mln_err mln_monitor_member(struct mln_exec *e)
{
    struct mln_sighting *s;

    if (!is_monitored(e)) {
        return MLN_OK;
    }
    s = mln_arena_alloc(e->fan->arena, sizeof *s);
    MLN_REQUIRE(s, NO_MEMORY);
    *s = (struct mln_sighting){ e->fan->sightings, e->target.resource.id, e->is_told };
    e->fan->sightings = s;
    return MLN_OK;
}

/* ---- when the request is over ---- */

static struct report *of_job(struct mln_job *job)
{
    return (struct report *)(void *)((char *)job - offsetof(struct report, job));
}

static mln_err run(struct mln_job *job, struct mln_view *view)
{
    struct report *r = of_job(job);
    struct mln_change c = {
        .cse = r->cse,
        .view = view,
        .arena = r->arena,
        .now_us = mln_env_now_us(r->cse->options.env),
    };

    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &c.write));
    if (r->vacant) {
        mln_arena_reset(r->arena);
        MLN_TRY(publish(&c, r->vacant, NULL));
    }
    for (size_t i = 0; i < r->count; i++) {
        mln_arena_reset(r->arena);
        MLN_TRY(publish(&c, r->ids[i], &r->observed));
    }
    return MLN_OK;
}

static void free_report(struct report *r)
{
    mln_arena_free(r->arena);
    mln_free(r);
}

static void complain(mln_err err)
{
    if (mln_failed(err)) {
        mln_log(MLN_LOG_WARNING, "notify", "an operation is not told to who monitors it: %s",
                mln_err_text(err));
    }
}

static void done(struct mln_job *job, mln_err result)
{
    complain(result);
    free_report(of_job(job));
}

/* The resources whose monitors have not heard of the request; `ids` NULL: they are counted only. */
static size_t untold(const struct mln_exec *e, bool is_undone, uint64_t *ids)
{
    struct mln_sighting own = { e->fan ? e->fan->sightings : NULL, e->target.resource.id,
                                e->is_told };
    size_t count = 0;

    for (const struct mln_sighting *s = is_monitored(e) ? &own : own.next; s; s = s->next) {
        if (!is_undone && s->is_told) {
            continue;
        }
        if (ids) {
            ids[count] = s->id;
        }
        count++;
    }
    return count;
}

/* The memory of the request goes with it: the report has its own, the name of the originator
 * behind the identifiers. */
static struct report *new_report(const struct mln_exec *e, bool is_undone)
{
    size_t count = untold(e, is_undone, NULL);
    struct mln_slice name = e->originator.text;
    struct report *r = mln_calloc(1, sizeof *r + count * sizeof r->ids[0] + name.len);
    char *copy;

    if (!r) {
        return NULL;
    }
    r->cse = e->cse;
    r->vacant = e->is_vacant && !is_undone ? e->target.resource.id : 0;
    r->count = untold(e, is_undone, r->ids);
    r->observed = observation(e);
    copy = (char *)&r->ids[count];
    memcpy(copy, name.ptr, name.len);
    r->observed.originator = mln_slice_of(copy, name.len);
    r->job = (struct mln_job){ .run = run, .done = done };
    r->arena = mln_arena_new((size_t)e->cse->options.limits->request_arena_bytes);
    return r;
}

static mln_err submit(struct report *r)
{
    mln_err err = MLN_ERROR(NO_MEMORY);

    MLN_REQUIRE(r, NO_MEMORY);
    if (r->arena) {
        err = mln_store_submit(r->cse->options.store, &r->job);
    }
    if (mln_failed(err)) {
        free_report(r);
    }
    return err;
}

void mln_monitor_end(const struct mln_exec *e, mln_err outcome)
{
    bool is_undone = mln_failed(outcome);

    if ((e->is_vacant && !is_undone) || untold(e, is_undone, NULL)) {
        complain(submit(new_report(e, is_undone)));
    }
}
