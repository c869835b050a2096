/* Retrievals of containers without instances. */
#include "cse/notify/vacant.h"

#include "base/log.h"
#include "base/mem.h"
#include "cse/notify/event.h"

struct vacancy {
    struct mln_job job;
    struct mln_cse *cse;
    struct mln_arena *arena;
    uint64_t id; /* of the container */
};

static bool is_wanted(const struct mln_resource *sub)
{
    struct mln_slice criteria;
    struct mln_slice net;

    return mln_pack_find(sub->attrs, MLN_S("enc"), &criteria) &&
           mln_pack_find(criteria, MLN_S("net"), &net) &&
           mln_pack_list_has(net, MLN_EVENT_EMPTY_RETRIEVED);
}

mln_err mln_vacant_look(struct mln_exec *e)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    const struct mln_resource *r = &e->target.resource;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN, .parent = r->id, .ty = MLN_TY_SUB };
    struct mln_resource sub;
    uint64_t id;
    mln_err err = MLN_OK;

    if (r->ty != MLN_TY_CNT || r->count > 0 || !e->call ||
        (e->req.rcn != MLN_RCN_CHILDREN && e->req.rcn != MLN_RCN_ATTRIBUTES_AND_CHILDREN)) {
        return MLN_OK;
    }
    MLN_TRY(mln_scan_open(e->view, &spec, &scan));
    while (!e->is_vacant && !mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        MLN_TRY(mln_store_get(e->view, id, e->arena, &sub));
        e->is_vacant = is_wanted(&sub);
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static struct vacancy *of_job(struct mln_job *job)
{
    return (struct vacancy *)(void *)((char *)job - offsetof(struct vacancy, job));
}

static mln_err run(struct mln_job *job, struct mln_view *view)
{
    struct vacancy *v = of_job(job);
    struct mln_change c = {
        .cse = v->cse,
        .view = view,
        .arena = v->arena,
        .now_us = mln_env_now_us(v->cse->options.env),
    };
    struct mln_resource container;
    struct mln_event event = { .type = MLN_EVENT_EMPTY_RETRIEVED,
                               .subject = &container,
                               .about = &container };
    mln_err err;

    mln_arena_reset(v->arena);
    err = mln_store_get(view, v->id, v->arena, &container);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK; /* it has been deleted since */
    }
    MLN_TRY(err);
    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &c.write));
    return mln_event_publish(&c, &event);
}

static void free_vacancy(struct vacancy *v)
{
    mln_arena_free(v->arena);
    mln_free(v);
}

static void done(struct mln_job *job, mln_err result)
{
    if (mln_failed(result)) {
        mln_log(MLN_LOG_WARNING, "notify", "the retrieval of an empty container is not told: %s",
                mln_err_text(result));
    }
    free_vacancy(of_job(job));
}

static mln_err submit(const struct mln_exec *e)
{
    struct vacancy *v = mln_calloc(1, sizeof *v);
    mln_err err = MLN_ERROR(NO_MEMORY);

    MLN_REQUIRE(v, NO_MEMORY);
    v->job = (struct mln_job){ .run = run, .done = done };
    v->cse = e->cse;
    v->id = e->target.resource.id;
    v->arena = mln_arena_new((size_t)e->cse->options.limits->request_arena_bytes);
    if (v->arena) {
        err = mln_store_submit(e->cse->options.store, &v->job);
    }
    if (mln_failed(err)) {
        free_vacancy(v);
    }
    return err;
}

void mln_vacant_publish(const struct mln_exec *e)
{
    mln_err err = e->is_vacant ? submit(e) : MLN_OK;

    if (mln_failed(err)) {
        mln_log(MLN_LOG_WARNING, "notify", "the retrieval of an empty container is not told: %s",
                mln_err_text(err));
    }
}
