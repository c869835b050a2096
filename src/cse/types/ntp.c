/* <notificationTargetPolicy>: what becomes of a target that wants to leave a subscription. What it
 * does stands in cse/notify/removal.c. spec: TS-0004 7.4.31, TS-0001 9.6.32 */
#include "cse/types/ntp.h"

/* spec: TS-0001 table 9.6.32-2: multiplicity 1, and no default */
static mln_err validate(struct mln_exec *e)
{
    if (!mln_value_get(e->attributes, MLN_S("acn")) ||
        !mln_value_get(e->attributes, MLN_S("plbl"))) {
        mln_fault_set(e->fault, "acn and plbl are needed");
        MLN_FAIL(ATTR_MISSING);
    }
    return MLN_OK;
}

mln_err mln_ntp_count_rules(struct mln_exec *e, unsigned *ret)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN,
                                  .parent = e->target.resource.id,
                                  .ty = MLN_TY_PDR };
    uint64_t id;
    mln_err err = MLN_OK;

    *ret = 0;
    MLN_TRY(mln_scan_open(e->view, &spec, &scan));
    while (*ret < MLN_NTP_RULES && !mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        ++*ret;
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* spec: TS-0004 table 7.4.31.1-3: rulesRelationship stays as long as there are two rules */
static mln_err validate_update(struct mln_exec *e)
{
    const struct mln_value *rrs = mln_value_get(e->attributes, MLN_S("rrs"));
    unsigned rules;

    if (!rrs || rrs->kind != MLN_V_NULL) {
        return MLN_OK;
    }
    MLN_TRY(mln_ntp_count_rules(e, &rules));
    if (rules == MLN_NTP_RULES) {
        mln_fault_set(e->fault, "rrs: needed by the policyDeletionRules");
        MLN_FAIL(BAD_REQUEST);
    }
    return MLN_OK;
}

const struct mln_type_ops mln_ntp_ops = {
    .ty = MLN_TY_NTP,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate },
    .update = { .validate = validate_update },
};
