/* Recv-6.5: carries out the operation. spec: TS-0004 7.3.3.5 to 7.3.3.9 */
#include "cse/discover/discover.h"
#include "cse/group/fan_out.h"
#include "cse/notify/block.h"
#include "cse/notify/monitor.h"
#include "cse/pipeline/pipeline.h"

/* A RETRIEVE that shows child resources filters these; otherwise the conditions concern the
 * target itself, and always where something is about to change or go. */
static bool filters_target(const struct mln_request *req)
{
    bool changes = req->op == MLN_OP_UPDATE || req->op == MLN_OP_DELETE;

    return req->fc && req->fc->has_conditions && req->fc->usage != MLN_FILTER_USAGE_DISCOVERY &&
           (changes || req->rcn == MLN_RCN_ATTRIBUTES);
}

/* spec: TS-0004 7.3.3.1: no matching target is NOT_FOUND; after the privilege, so that nobody
 * learns from it what must not be read */
static mln_err check_conditions(struct mln_exec *e)
{
    struct mln_access access;
    bool holds = true;

    if (filters_target(&e->req)) {
        mln_exec_begin_access(e, e->arena, &access);
        MLN_TRY(mln_filter_applies(e, &access, e->arena, &e->target.resource, &holds));
    }
    if (!holds) {
        mln_fault_set(e->fault, "the resource does not match the Filter Criteria");
        MLN_FAIL(NOT_FOUND);
    }
    return MLN_OK;
}

/* spec: TS-0004 7.3.3.7, TS-0001 10.2.10.7 */
static mln_err check_blocked(struct mln_exec *e)
{
    return e->req.op == MLN_OP_UPDATE || e->req.op == MLN_OP_DELETE ? mln_block_check(e) : MLN_OK;
}

static mln_err carry_out(struct mln_exec *e)
{
    switch (e->req.op) {
    case MLN_OP_CREATE:
        return mln_perform_create(e);
    case MLN_OP_RETRIEVE:
        return mln_perform_retrieve(e);
    case MLN_OP_UPDATE:
        return mln_perform_update(e);
    case MLN_OP_DELETE:
        return mln_perform_delete(e);
    case MLN_OP_NOTIFY:
        return mln_perform_notify(e);
    }
    MLN_FAIL(INTERNAL);
}

mln_err mln_stage_perform(struct mln_exec *e, enum mln_step *ret)
{
    (void)ret;
    if (e->is_fan_out) {
        return mln_fan_out(e);
    }
    MLN_TRY(check_conditions(e));
    MLN_TRY(check_blocked(e));
    MLN_TRY(carry_out(e));
    return mln_monitor_tell(e);
}
