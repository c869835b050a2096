/* <notificationTargetMgmtPolicyRef>: which notificationTargetPolicy is for which targets of a
 * subscription. spec: TS-0004 7.4.30, TS-0001 9.6.31 */
#include "cse/pipeline/pipeline.h"
#include "cse/types/types.h"

static mln_err check_policy(struct mln_exec *e)
{
    const struct mln_value *npi = mln_value_get(e->attributes, MLN_S("npi"));
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_resource policy;
    mln_err err;

    if (!npi || npi->kind == MLN_V_NULL) {
        return MLN_OK;
    }
    err = mln_locate_lookup(&l, npi->text, &policy);
    if (err.code == MLN_ERR_NOT_FOUND || (!mln_failed(err) && policy.ty != MLN_TY_NTP)) {
        mln_fault_set(e->fault, "npi: %.*s is no notificationTargetPolicy", MLN_S_ARG(npi->text));
        MLN_FAIL(ATTR_INVALID);
    }
    return err;
}

static mln_err check_targets(struct mln_exec *e)
{
    const struct mln_value *ntu = mln_value_get(e->attributes, MLN_S("ntu"));

    if (ntu && ntu->items.count > e->cse->options.limits->notification_targets) {
        mln_fault_set(e->fault, "ntu: too many targets");
        MLN_FAIL(LIMIT);
    }
    return MLN_OK;
}

static bool shares_target(const struct mln_exec *e, const struct mln_resource *sibling)
{
    const struct mln_value *ntu = mln_value_get(e->attributes, MLN_S("ntu"));
    struct mln_slice list;
    struct mln_slice target;
    struct mln_walk w;

    if (!mln_pack_find(sibling->attrs, MLN_S("ntu"), &list)) {
        return false;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        for (const struct mln_value *v = ntu->items.first; v; v = v->next) {
            if (mln_pack_text_of(w.item, &target) && mln_slice_eq(target, v->text)) {
                return true;
            }
        }
    }
    return false;
}

/* spec: TS-0004 7.4.30.2.1 */
static mln_err check_siblings(struct mln_exec *e)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN,
                                  .parent = e->target.resource.id,
                                  .ty = MLN_TY_NTPR };
    struct mln_resource sibling;
    uint64_t id;
    mln_err err;

    MLN_TRY(mln_scan_open(e->view, &spec, &scan));
    while (!mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        MLN_TRY(mln_store_get(e->view, id, e->arena, &sibling));
        if (sibling.et > e->arrival_us && shares_target(e, &sibling)) {
            mln_fault_set(e->fault, "ntu: %.*s has one of the targets", MLN_S_ARG(sibling.rn));
            MLN_FAIL(CONFLICT);
        }
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err validate_update(struct mln_exec *e)
{
    MLN_TRY(check_targets(e));
    return check_policy(e);
}

static mln_err validate_create(struct mln_exec *e)
{
    MLN_TRY(validate_update(e));
    MLN_TRY(mln_validate_room(e, e->cse->options.limits->notification_targets));
    return check_siblings(e);
}

const struct mln_type_ops mln_ntpr_ops = {
    .ty = MLN_TY_NTPR,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate_create },
    .update = { .validate = validate_update },
};
