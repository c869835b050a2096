/* <dependency>: a condition on another resource that an <action> is carried out under.
 * spec: TS-0001 9.6.62, Release 4; docs/decisions/0044 */
#include "cse/action/act.h"
#include "cse/action/condition.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"

static bool decides(const struct mln_exec *e)
{
    return mln_value_get(e->attributes, MLN_S("sfc")) ||
           mln_value_get(e->attributes, MLN_S("evc")) || mln_value_get(e->attributes, MLN_S("rri"));
}

/* It is evaluated in the name of the action's creator: nobody else may say how. */
static mln_err check_creator(struct mln_exec *e, const struct mln_resource *action)
{
    uint64_t registration;

    MLN_TRY(mln_act_registration(e->view, e->originator.text, e->arena, &registration));
    if (registration != action->st || !mln_slice_eq(e->originator.text, action->cr)) {
        mln_fault_set(e->fault, "only the creator of the action may set its dependencies");
        MLN_FAIL(NO_PRIVILEGE);
    }
    return MLN_OK;
}

static mln_err validate_create(struct mln_exec *e)
{
    MLN_TRY(check_creator(e, &e->target.resource));
    return mln_validate_room(e, e->cse->options.limits->dependencies);
}

static mln_err validate_update(struct mln_exec *e)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_resource action;

    if (!decides(e)) {
        return MLN_OK;
    }
    MLN_TRY(mln_locate_parent(&l, &e->target.resource, &action));
    return check_creator(e, &action);
}

/* Which resource it is stays the same, whatever its address names later. */
static mln_err perform(struct mln_exec *e, struct mln_draft *d)
{
    const struct mln_value *id = mln_value_get(d->attributes, MLN_S("rri"));
    struct mln_condition in = {
        .name = MLN_S("rri"),
        .evc = mln_value_get(d->attributes, MLN_S("evc")),
        .reader = e->originator.text,
        .parent = &d->resource,
    };
    struct mln_resource referenced;
    struct mln_value *evc;

    if (!decides(e)) {
        return MLN_OK;
    }
    MLN_REQUIRE(id && id->kind == MLN_V_TEXT && in.evc, STORE_CORRUPT);
    in.id = id->text;
    MLN_TRY(mln_condition_check(e, &in, &referenced, &evc));
    d->resource.bytes = referenced.id;
    return mln_draft_set(d, MLN_S("evc"), evc);
}

const struct mln_type_ops mln_depr_ops = {
    .ty = MLN_TY_DEPR,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate_create, .perform = perform },
    .update = { .validate = validate_update, .perform = perform },
};
