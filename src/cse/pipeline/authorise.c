/* Recv-6.3: may the originator do this? Makes the grant that the store asks for.
 * spec: TS-0004 7.3.3.15 */
#include "cse/access/claims.h"
#include "cse/access/gather.h"
#include "cse/notify/removal.h"
#include "cse/pipeline/pipeline.h"
#include "cse/types/types.h"

static bool is_discovery(const struct mln_request *req)
{
    return req->op == MLN_OP_RETRIEVE && req->fc && req->fc->usage == MLN_FILTER_USAGE_DISCOVERY &&
           !req->atrl && !req->sqi;
}

/* Shows nothing of its target, only what is found below. spec: TS-0004 7.3.3.14, 7.3.3.19.1 */
static bool only_searches(const struct mln_request *req)
{
    return is_discovery(req) || req->sqi;
}

enum mln_privilege mln_exec_privilege(const struct mln_request *req)
{
    switch (req->op) {
    case MLN_OP_CREATE:
        return MLN_PRIVILEGE_CREATE;
    case MLN_OP_UPDATE:
        return MLN_PRIVILEGE_UPDATE;
    case MLN_OP_DELETE:
        return MLN_PRIVILEGE_DELETE;
    case MLN_OP_NOTIFY:
        return MLN_PRIVILEGE_NOTIFY;
    case MLN_OP_RETRIEVE:
        break;
    }
    return is_discovery(req) ? MLN_PRIVILEGE_DISCOVER : MLN_PRIVILEGE_RETRIEVE;
}

/* spec: TS-0004 7.4.5.2.1: Recv-6.3 is skipped for the registration of an AE */
static bool is_registration(const struct mln_exec *e)
{
    return e->req.op == MLN_OP_CREATE && e->req.ty == MLN_TY_AE &&
           e->target.resource.ty == MLN_TY_CB && !e->is_fan_out;
}

static bool is_cse_registration(const struct mln_exec *e)
{
    return e->req.op == MLN_OP_CREATE && e->req.ty == MLN_TY_CSR &&
           e->target.resource.ty == MLN_TY_CB && !e->is_fan_out;
}

/* In place of Recv-6.3 a CSE that registers is asked who it is. spec: TS-0004 7.4.4.2.1 */
static mln_err admit_cse(struct mln_exec *e, bool *ret)
{
    const struct mln_entity *from = &e->originator.entity;

    if (from->stem.len || !from->cse.len) {
        mln_fault_set(e->fault, "only a CSE can register as one");
        MLN_FAIL(OPERATION);
    }
    if (!e->originator.is_proved) {
        mln_fault_set(e->fault, "a CSE registers in its own security association");
        MLN_FAIL(NEEDS_ASSOCIATION);
    }
    mln_trace_verdict(e->trace, "registration", e->target.resource.ri, (struct mln_slice){ 0 },
                      true);
    *ret = true;
    return MLN_OK;
}

/* What the request needs beside its plain privilege. */
static mln_err more_permits(struct mln_exec *e, struct mln_access *a, bool *ret)
{
    const struct mln_resource *target = &e->target.resource;

    if (*ret && e->req.op == MLN_OP_CREATE && e->req.ty == MLN_TY_SUB) {
        /* spec: TS-0004 7.4.8.2.1: a subscriber must be able to read what it subscribes to */
        return mln_access_permits(a, target, MLN_PRIVILEGE_RETRIEVE, ret);
    }
    return MLN_OK;
}

/* A change of accessControlPolicyIDs is governed by selfPrivileges; a request that changes other
 * attributes with it (Release 2 allows that) needs both. */
static mln_err update_permits(struct mln_exec *e, struct mln_access *a, bool *ret)
{
    const struct mln_resource *target = &e->target.resource;
    bool has_acpi = target->ty != MLN_TY_ACP && mln_value_get(e->attributes, MLN_S("acpi")) != NULL;
    bool is_alone = has_acpi && e->attributes->items.count == 1;

    *ret = true;
    if (has_acpi) {
        MLN_TRY(mln_access_permits_acpi(a, target, ret));
    }
    if (*ret && !is_alone) {
        MLN_TRY(mln_access_permits(a, target, MLN_PRIVILEGE_UPDATE, ret));
    }
    return MLN_OK;
}

/* By a rule of the type, if it has one for this. */
static mln_err decide_by_type(struct mln_exec *e, bool *ret_decided, bool *ret)
{
    const struct mln_type_ops *ops = mln_type_ops_of(e->type->ty);
    enum mln_verdict verdict = MLN_VERDICT_NONE;

    if (ops && ops->decide) {
        MLN_TRY(ops->decide(e, &verdict));
    }
    *ret_decided = verdict != MLN_VERDICT_NONE;
    if (*ret_decided) {
        *ret = verdict == MLN_VERDICT_PERMIT;
        mln_trace_verdict(e->trace, "owner", e->target.resource.ri, (struct mln_slice){ 0 }, *ret);
    }
    return MLN_OK;
}

static mln_err decide(struct mln_exec *e, struct mln_access *a, bool *ret)
{
    const struct mln_resource *target = &e->target.resource;
    bool is_decided;

    if (is_registration(e)) {
        mln_trace_verdict(e->trace, "registration", target->ri, (struct mln_slice){ 0 }, true);
        *ret = true;
        return MLN_OK;
    }
    if (is_cse_registration(e)) {
        return admit_cse(e, ret);
    }
    if (e->is_fan_out) {
        return mln_access_permits_members(a, target, mln_exec_privilege(&e->req), ret);
    }
    if (e->target.virtual_child == MLN_VIRTUAL_SELF) {
        MLN_TRY(mln_removal_decide(e, ret));
        mln_trace_verdict(e->trace, "target", target->ri, (struct mln_slice){ 0 }, *ret);
        return MLN_OK;
    }
    MLN_TRY(decide_by_type(e, &is_decided, ret));
    if (is_decided) {
        return MLN_OK;
    }
    if (only_searches(&e->req) && !e->explanation) {
        *ret = true; /* each candidate is checked for DISCOVER or RETRIEVE instead */
        return MLN_OK;
    }
    if (e->req.op == MLN_OP_UPDATE) {
        return update_permits(e, a, ret);
    }
    MLN_TRY(mln_access_permits(a, target, mln_exec_privilege(&e->req), ret));
    return more_permits(e, a, ret);
}

/* ---- verification of a subscription of another CSE ---- */

/* The notification that asks for it, or NULL. Content is not checked yet. */
static const struct mln_value *verification(const struct mln_request *req)
{
    const struct mln_value *root =
        req->op == MLN_OP_NOTIFY && req->pc && req->pc->kind == MLN_V_OBJECT ? req->pc->items.first
                                                                             : NULL;
    const struct mln_value *vrq = root && mln_slice_eq(root->name, MLN_S("m2m:sgn"))
                                      ? mln_value_get(root, MLN_S("vrq"))
                                      : NULL;

    return vrq && vrq->kind == MLN_V_BOOL && vrq->boolean ? root : NULL;
}

/* The other CSE writes our AEs with our CSE-ID before them. */
static struct mln_slice as_we_write_it(const struct mln_exec *e, struct mln_slice id)
{
    const struct mln_names *names = &e->cse->names;
    struct mln_entity entity;
    struct mln_entity ours;
    bool is_ours = mln_entity_parse(id, names, &entity) && entity.stem.len > 0 &&
                   mln_entity_parse(names->cse_id, names, &ours);

    if (!is_ours) {
        return id;
    }
    ours.stem = entity.stem;
    return mln_entity_eq(&entity, &ours) ? entity.stem : id;
}

/* A name without CSE-ID is of the CSE that says it. */
static mln_err as_it_is_meant(const struct mln_exec *e, struct mln_slice id, struct mln_slice *ret)
{
    const struct mln_entity *from = &e->originator.entity;
    bool is_short = mln_ident_is_stem(id) && id.ptr[0] == 'C';
    struct mln_slice cse_id;

    *ret = as_we_write_it(e, id);
    if (!is_short || from->stem.len || !from->cse.len) {
        return MLN_OK; /* one of our AEs asks */
    }
    MLN_TRY(mln_entity_cse_id(from, &e->cse->names, e->arena, &cse_id));
    return mln_ident_join(e->arena, cse_id, id, ret);
}

/* May the creator of the subscription notify the target? Nothing is known of it but its name. */
static mln_err creator_permits(const struct mln_exec *e, const struct mln_access *a,
                               struct mln_slice name, bool *ret)
{
    struct mln_identify in = { .cse = e->cse, .view = e->view, .arena = e->arena };

    MLN_TRY(as_it_is_meant(e, name, &in.from));
    return mln_access_would_permit(&in, a->policies, &e->target.resource, MLN_PRIVILEGE_NOTIFY,
                                   ret);
}

/* Both the CSE that hosts the subscription and who created it need NOTIFY on the target.
 * spec: TS-0004 7.5.1.2.3 */
static mln_err check_verification(struct mln_exec *e, const struct mln_access *a, bool *permitted)
{
    const struct mln_value *asked = verification(&e->req);
    const struct mln_value *cr = asked ? mln_value_get(asked, MLN_S("cr")) : NULL;
    const struct mln_type_ops *ops = mln_type_ops_of(e->type->ty);
    bool has_rule = ops && ops->decide && ops->notify.perform; /* that has decided, for both */
    bool hides = e->cse->options.hides_unauthorised;

    if (!asked || mln_gather_concerns(e)) {
        return MLN_OK; /* roles may permit yet */
    }
    if (!*permitted && !hides) {
        mln_fault_set(e->fault, "the host of the subscription has no privilege to notify");
        MLN_FAIL(SUB_HOST_DENIED);
    }
    if (*permitted && !has_rule && cr && cr->kind == MLN_V_TEXT) {
        MLN_TRY(creator_permits(e, a, cr->text, permitted));
        if (!*permitted && !hides) {
            mln_fault_set(e->fault, "the creator of the subscription has no privilege to notify");
            MLN_FAIL(SUB_CREATOR_DENIED);
        }
    }
    return MLN_OK;
}

mln_err mln_exec_shows(const struct mln_exec *e, struct mln_arena *arena,
                       const struct mln_resource *resource, bool *ret)
{
    struct mln_access a;

    *ret = !e->cse->options.hides_unauthorised;
    if (*ret) {
        return MLN_OK;
    }
    mln_exec_begin_access(e, arena, &a);
    return mln_access_sees(&a, resource, ret);
}

/* ---- the stage ---- */

/* Members of a group share what is known of their policies. */
static struct mln_access *access_of(struct mln_exec *e, struct mln_access *own)
{
    struct mln_fan *fan = e->fan;

    if (!fan || !fan->keeps_access) {
        mln_exec_begin_access(e, e->arena, own);
        return own;
    }
    if (!fan->access.cse) {
        mln_exec_begin_access(e, e->arena, &fan->access);
    }
    mln_access_turn_to(&fan->access, e->arena, &e->originator);
    return &fan->access;
}

/* The policies of the members of a group together. */
static mln_err charge_group(struct mln_exec *e, uint64_t bytes)
{
    struct mln_fan *fan = e->fan;

    if (fan && bytes > fan->bytes_left) {
        fan->is_over = true;
        mln_fault_set(e->fault, "the policies of the members together are too large");
        MLN_FAIL(LIMIT);
    }
    if (fan) {
        fan->bytes_left -= bytes;
    }
    return MLN_OK;
}

mln_err mln_stage_authorise(struct mln_exec *e, enum mln_step *ret)
{
    struct mln_access own;
    struct mln_access *a = access_of(e, &own);
    const struct mln_grant *grant;
    uint64_t bytes_before = a->bytes_read;
    bool permitted = false;
    bool writes =
        e->req.op == MLN_OP_CREATE || e->req.op == MLN_OP_UPDATE || e->req.op == MLN_OP_DELETE;
    mln_err err;

    (void)ret;
    MLN_TRY(decide(e, a, &permitted));
    MLN_TRY(charge_group(e, a->bytes_read - bytes_before));
    MLN_TRY(check_verification(e, a, &permitted));
    err = mln_access_grant(a, permitted, mln_exec_privilege(&e->req), &e->target.resource, &grant);
    if (err.code == MLN_ERR_NO_PRIVILEGE && e->claims && e->claims->is_void) {
        mln_fault_set(e->fault, "no privilege without the tokens: %s", e->claims->why.text);
    } else if (err.code == MLN_ERR_NO_PRIVILEGE) {
        mln_fault_set(e->fault, "originator has no privilege for this operation");
    }
    MLN_TRY(err);
    if (writes && e->may_write) {
        MLN_TRY(mln_write_begin(e->view, grant, &e->write));
    }
    return MLN_OK;
}
