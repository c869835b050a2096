/* <schedule>: when something may happen with its parent. Below a <subscription>: when notifications
 * are sent. Below a <node>: when its AEs can be reached. Below the CSEBase: when this CSE expects
 * to be available, for others to read. What it does stands in cse/notify/window.c. spec:
 * TS-0004 7.4.9, TS-0001 9.6.9 */
#include "cse/notify/policy.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/types/sub.h"

#define OF_SUBSCRIPTION MLN_S("notificationSchedule")

/* spec: TS-0004 7.4.9.2.1, 7.4.9.2.3 */
static mln_err check_coordination(struct mln_exec *e, const struct mln_resource *parent)
{
    const struct mln_value *wanted = mln_value_get(e->attributes, MLN_S("nco"));

    if (wanted && parent->ty != MLN_TY_NOD) {
        mln_fault_set(e->fault, "nco: only for a schedule of a node");
        MLN_FAIL(CONTENTS);
    }
    if (wanted && wanted->boolean) {
        mln_fault_set(e->fault, "nco: there is no underlying network to coordinate with");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return MLN_OK;
}

/* spec: TS-0001 table 9.6.8-1: the name is fixed */
static mln_err check_name(struct mln_exec *e)
{
    const struct mln_value *rn = mln_value_get(e->attributes, MLN_S("rn"));

    if (mln_sub_is_any(e->target.resource.ty) && rn && !mln_slice_eq(rn->text, OF_SUBSCRIPTION)) {
        mln_fault_set(e->fault, "rn: the schedule of a subscription is notificationSchedule");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

static mln_err validate_create(struct mln_exec *e)
{
    MLN_TRY(mln_validate_schedule(e, MLN_S("se")));
    MLN_TRY(check_coordination(e, &e->target.resource));
    MLN_TRY(check_name(e));
    return mln_validate_room(e, e->cse->options.limits->schedules);
}

static mln_err validate_update(struct mln_exec *e)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_resource parent;

    MLN_TRY(mln_validate_schedule(e, MLN_S("se")));
    MLN_TRY(mln_locate_parent(&l, &e->target.resource, &parent));
    return check_coordination(e, &parent);
}

static mln_err name_it(struct mln_exec *e, struct mln_draft *d)
{
    if (mln_sub_is_any(e->target.resource.ty)) {
        d->resource.rn = OF_SUBSCRIPTION;
    }
    return MLN_OK;
}

/* Subscriptions without a schedule, which are nearly all, need no look for one. */
static mln_err mark_parent(struct mln_exec *e, const struct mln_draft *d)
{
    (void)d;
    return mln_sub_is_any(e->target.resource.ty)
               ? mln_draft_mark_parent(e, MLN_RESOURCE_HAS_SCHEDULE)
               : MLN_OK;
}

static mln_err finish_update(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.lt);

    return mln_policy_reschedule(&c, d->resource.parent);
}

static mln_err removed(const struct mln_change *c, const struct mln_resource *r)
{
    return mln_policy_reschedule(c, r->parent);
}

const struct mln_type_ops mln_sch_ops = {
    .ty = MLN_TY_SCH,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate_create, .perform = name_it, .finish = mark_parent },
    .update = { .validate = validate_update, .finish = finish_update },
    .removed = removed,
};
