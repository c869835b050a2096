/* <CSEBase>: the root. Provisioned at the start, never created, changed or deleted by request.
 * spec: TS-0004 7.4.3 */
#include "cse/protect/protect.h"
#include "cse/types/alst.h"

/* Registered CSEs tell of references to AEs, spec: TS-0004 7.5.1.2.17; and there is what protects
 * itself. */
static mln_err decide(struct mln_exec *e, enum mln_verdict *ret)
{
    bool may;

    MLN_TRY(mln_contacts_may(e, &may));
    *ret = may || mln_protect_admits(e) ? MLN_VERDICT_PERMIT : MLN_VERDICT_NONE;
    return MLN_OK;
}

const struct mln_type_ops mln_cb_ops = {
    .ty = MLN_TY_CB,
    .operations = MLN_OPS_RETRIEVE | MLN_OPS_NOTIFY,
    .decide = decide,
    .retrieve = { .perform = mln_protect_show },
};
