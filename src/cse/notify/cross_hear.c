/* What a <crossResourceSubscription> hears from subscriptions at other CSEs: a NOTIFY of the CSE
 * that hosts one of its targets, and of nobody else, whatever policies say.
 *
 * It is counted in a job of its own, and answered when that is committed: what the other CSE hears
 * of as taken is not lost. spec: TS-0004 7.4.58.2.4, 7.5.1.2.4, 7.5.1.2.18 */
#include "cse/access/access.h"
#include "cse/notify/cross.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/remote.h"
#include "cse/tree.h"

/* ---- who may ---- */

/* Is one of that list hosted by the CSE? */
static bool hosts_one(const struct mln_cse *cse, const struct mln_resource *crs,
                      struct mln_slice name, const struct mln_entity *from)
{
    struct mln_entity host;
    struct mln_slice list;
    struct mln_slice id;
    struct mln_walk w;

    if (!mln_pack_find(crs->attrs, name, &list)) {
        return false;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &id) && mln_cross_is_far(cse, id) &&
            mln_remote_host(cse, id, &host) && mln_entity_eq(&host, from)) {
            return true;
        }
    }
    return false;
}

mln_err mln_cross_decide(struct mln_exec *e, enum mln_verdict *ret)
{
    const struct mln_resource *crs = &e->target.resource;
    struct mln_entity from;

    if (e->req.op != MLN_OP_NOTIFY) {
        return MLN_OK;
    }
    *ret = mln_entity_parse_cse(e->originator.text, &e->cse->names, &from) &&
                   (hosts_one(e->cse, crs, MLN_S("rrat"), &from) ||
                    hosts_one(e->cse, crs, MLN_S("srat"), &from))
               ? MLN_VERDICT_PERMIT
               : MLN_VERDICT_DENY;
    return MLN_OK;
}

/* ---- whose it is ---- */

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

/* subscriptionReference as it is in rrats and srat: with the CSE-ID of who says it, which it must
 * not say of another. Errors: BAD_REQUEST, NO_MEMORY. */
static mln_err name_of(const struct mln_exec *e, const struct mln_value *sgn, struct mln_slice *ret)
{
    const struct mln_value *sur = mln_value_get(sgn, MLN_S("sur"));
    struct mln_entity from;
    struct mln_entity host;
    struct mln_slice cse_id;
    struct mln_buf out;

    MLN_REQUIRE(sur && sur->kind == MLN_V_TEXT, BAD_REQUEST);
    MLN_REQUIRE(mln_entity_parse_cse(e->originator.text, &e->cse->names, &from), BAD_REQUEST);
    if (sur->text.len && sur->text.ptr[0] == '/') {
        MLN_REQUIRE(mln_remote_host(e->cse, sur->text, &host) && mln_entity_eq(&host, &from),
                    BAD_REQUEST);
    }
    MLN_TRY(mln_entity_cse_id(&from, &e->cse->names, e->arena, &cse_id));
    mln_buf_init(&out, e->arena, SIZE_MAX);
    mln_buf_add(&out, cse_id);
    mln_buf_byte(&out, '/');
    mln_buf_add(&out, local_part(sur->text));
    return mln_buf_finish(&out, ret);
}

static bool list_names(const struct mln_resource *crs, struct mln_slice list_name,
                       struct mln_slice sub, size_t *at)
{
    struct mln_slice list;
    struct mln_slice id;
    struct mln_walk w;

    if (!mln_pack_find(crs->attrs, list_name, &list)) {
        return false;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w); ++*at) {
        if (mln_pack_text_of(w.item, &id) && mln_slice_eq(id, sub)) {
            return true;
        }
    }
    return false;
}

/* *at: its place among rrats and srat. */
static bool is_target(const struct mln_resource *crs, struct mln_slice sub, size_t *at)
{
    *at = 0;
    return list_names(crs, MLN_S("rrats"), sub, at) || list_names(crs, MLN_S("srat"), sub, at);
}

static mln_err refuse_stranger(struct mln_exec *e, struct mln_slice sub)
{
    mln_fault_set(e->fault, "sur: %.*s is none of its targets", MLN_S_ARG(sub));
    MLN_FAIL(BAD_REQUEST);
}

/* ---- what it says ---- */

static bool says(const struct mln_value *sgn, struct mln_slice name)
{
    const struct mln_value *v = mln_value_get(sgn, name);

    return v && v->kind == MLN_V_BOOL && v->boolean;
}

/* The one that is gone need not be told. While targets are being asked its name may not be known
 * here yet: then the whole ends, too. spec: TS-0004 7.4.58.2.4, 7.5.1.2.4 */
static mln_err lose(struct mln_exec *e, const struct mln_change *c, const struct mln_resource *crs,
                    struct mln_slice sub, bool is_open)
{
    struct mln_lane lane = { .subscription = crs->id };
    size_t at;
    bool is_known = is_target(crs, sub, &at);

    if (!is_known && !is_open) {
        return refuse_stranger(e, sub);
    }
    MLN_TRY(mln_tree_remove(c, crs));
    if (!is_known) {
        return MLN_OK;
    }
    lane.number = (uint16_t)(MLN_OUTBOX_LANE_CROSS + at);
    return mln_outbox_trim(c, lane, 0);
}

/* One notification; *ret_gone: with it the crossResourceSubscription ended. */
static mln_err hear(struct mln_exec *e, const struct mln_change *c, const struct mln_resource *crs,
                    const struct mln_value *sgn, bool *ret_gone)
{
    struct mln_slice sub;
    bool is_open;
    bool is_known = true;

    MLN_TRY(name_of(e, sgn, &sub));
    MLN_TRY(mln_cross_is_open(c, crs, &is_open));
    if (says(sgn, MLN_S("sud"))) {
        *ret_gone = true;
        return lose(e, c, crs, sub, is_open);
    }
    if (!is_open) { /* else nothing counts yet */
        MLN_TRY(mln_cross_hear(c, crs, sub, &is_known));
    }
    return is_known ? MLN_OK : refuse_stranger(e, sub);
}

/* Several of one batch come together. */
static mln_err hear_all(struct mln_exec *e, const struct mln_change *c,
                        const struct mln_resource *crs)
{
    const struct mln_value *root = e->req.pc->items.first;
    const struct mln_value *list = mln_value_get(root, MLN_S("sgn"));
    bool is_gone = false;

    if (mln_slice_eq(root->name, MLN_S("m2m:sgn"))) {
        return hear(e, c, crs, root, &is_gone);
    }
    for (const struct mln_value *v = list ? list->items.first : NULL; v && !is_gone; v = v->next) {
        MLN_TRY(hear(e, c, crs, v, &is_gone));
    }
    return MLN_OK;
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
    struct mln_resource crs;

    mln_fault_clear(e->fault);
    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &c.write));
    MLN_TRY(mln_store_get(view, e->target.resource.id, e->arena, &crs));
    return hear_all(e, &c, &crs);
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

/* ---- the hook ---- */

/* While targets are asked, the subscriptions there are not known by name yet.
 * spec: TS-0004 7.4.58.2.1 b), c): it shall properly reply */
static mln_err confirm(struct mln_exec *e, const struct mln_value *sgn)
{
    struct mln_change c = { .cse = e->cse, .view = e->view, .arena = e->arena };
    struct mln_slice sub;
    size_t unused;
    bool is_open;

    MLN_TRY(mln_cross_is_open(&c, &e->target.resource, &is_open));
    if (is_open) {
        return MLN_OK;
    }
    MLN_TRY(name_of(e, sgn, &sub));
    MLN_REQUIRE(is_target(&e->target.resource, sub, &unused), SUB_HOST_DENIED);
    return MLN_OK;
}

mln_err mln_cross_notified(struct mln_exec *e)
{
    const struct mln_value *root = e->req.pc->items.first;

    if (mln_slice_eq(root->name, MLN_S("m2m:sgn")) && says(root, MLN_S("vrq"))) {
        return confirm(e, root);
    }
    if (!e->call || !(mln_slice_eq(root->name, MLN_S("m2m:sgn")) ||
                      mln_slice_eq(root->name, MLN_S("m2m:agn")))) {
        mln_fault_set(e->fault, "not notified of this, nor through a group");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    e->begin_wait = start;
    return MLN_OK;
}
