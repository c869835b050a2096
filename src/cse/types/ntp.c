/* <notificationTargetPolicy>: what becomes of a target that wants to leave a subscription. What it
 * does stands in cse/notify/removal.c. spec: TS-0004 7.4.31, TS-0001 9.6.32 */
#include "cse/types/types.h"

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

const struct mln_type_ops mln_ntp_ops = {
    .ty = MLN_TY_NTP,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate },
};
