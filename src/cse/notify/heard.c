/* Notifications that are written down. */
#include "cse/notify/heard.h"

#include "cse/access/access.h"
#include "cse/notify/cross.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/remote.h"

/* ---- what they say ---- */

bool mln_heard_says(const struct mln_value *sgn, struct mln_slice name)
{
    const struct mln_value *v = mln_value_get(sgn, name);

    return v && v->kind == MLN_V_BOOL && v->boolean;
}

const struct mln_value *mln_heard_verification(const struct mln_exec *e)
{
    const struct mln_value *root =
        e->req.pc && e->req.pc->kind == MLN_V_OBJECT ? e->req.pc->items.first : NULL;
    bool asks = root && root->kind == MLN_V_OBJECT && mln_slice_eq(root->name, MLN_S("m2m:sgn")) &&
                mln_heard_says(root, MLN_S("vrq"));

    return asks ? root : NULL;
}

bool mln_heard_from_host(const struct mln_exec *e, struct mln_slice list)
{
    const struct mln_cse *cse = e->cse;
    struct mln_entity from;
    struct mln_entity host;
    struct mln_slice id;
    struct mln_walk w;

    if (!mln_entity_parse_cse(e->originator.text, &cse->names, &from)) {
        return false;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &id) && mln_cross_is_far(cse, id) &&
            mln_remote_host(cse, id, &host) && mln_entity_eq(&host, &from)) {
            return true;
        }
    }
    return false;
}

/* The identifier without SP-ID and CSE-ID. */
static struct mln_slice local_part(struct mln_slice id)
{
    unsigned segments = mln_slice_starts(id, MLN_S("//"))  ? 2
                        : mln_slice_starts(id, MLN_S("/")) ? 1
                                                           : 0;

    id = mln_slice_from(id, segments);
    for (; segments && id.len; segments--) {
        size_t at = mln_slice_find(id, '/');

        id = mln_slice_from(id, at < id.len ? at + 1 : at);
    }
    return id;
}

mln_err mln_heard_name(const struct mln_exec *e, const struct mln_value *sgn, struct mln_slice *ret)
{
    const struct mln_value *sur = mln_value_get(sgn, MLN_S("sur"));
    struct mln_entity from;
    struct mln_entity host;
    struct mln_slice cse_id;

    MLN_REQUIRE(sur && sur->kind == MLN_V_TEXT, BAD_REQUEST);
    MLN_REQUIRE(mln_entity_parse_cse(e->originator.text, &e->cse->names, &from), BAD_REQUEST);
    if (sur->text.len && sur->text.ptr[0] == '/') {
        MLN_REQUIRE(mln_remote_host(e->cse, sur->text, &host) && mln_entity_eq(&host, &from),
                    BAD_REQUEST);
    }
    MLN_TRY(mln_entity_cse_id(&from, &e->cse->names, e->arena, &cse_id));
    return mln_ident_join(e->arena, cse_id, local_part(sur->text), ret);
}

/* ---- the job ---- */

static struct mln_exec *of_job(struct mln_job *job)
{
    return (struct mln_exec *)(void *)((char *)job - offsetof(struct mln_exec, job));
}

static mln_err run(struct mln_job *job, struct mln_view *view)
{
    struct mln_exec *e = of_job(job);
    struct mln_change c = { .cse = e->cse,
                            .view = view,
                            .arena = e->arena,
                            .now_us = mln_env_now_us(e->cse->options.env) };
    struct mln_resource target;

    mln_fault_clear(e->fault);
    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &c.write));
    MLN_TRY(mln_store_get(view, e->target.resource.id, e->arena, &target));
    return e->take(e, &c, &target);
}

static void heard(struct mln_task *task)
{
    struct mln_exec *e =
        (struct mln_exec *)(void *)((char *)task - offsetof(struct mln_exec, task));

    e->answered = true;
    mln_exec_resume(e, e->outcome);
}

static void job_done(struct mln_job *job, mln_err result)
{
    struct mln_exec *e = of_job(job);

    e->outcome = result;
    e->task.run = heard;
    e->worker->ops.post(e->worker->ops.loop, &e->task);
}

static mln_err start(struct mln_exec *e)
{
    mln_err err;

    MLN_TRY(mln_exec_park(e));
    e->job = (struct mln_job){ .run = run, .done = job_done };
    err = mln_store_submit(e->cse->options.store, &e->job);
    if (mln_failed(err)) {
        mln_exec_resume(e, err);
    }
    return MLN_OK;
}

mln_err mln_heard_begin(struct mln_exec *e,
                        mln_err (*take)(struct mln_exec *e, const struct mln_change *c,
                                        const struct mln_resource *target))
{
    const struct mln_value *root = e->req.pc->items.first;

    if (!e->call || !(mln_slice_eq(root->name, MLN_S("m2m:sgn")) ||
                      mln_slice_eq(root->name, MLN_S("m2m:agn")))) {
        mln_fault_set(e->fault, "not notified of this, nor through a group");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    e->take = take;
    e->begin_wait = start;
    return MLN_OK;
}
