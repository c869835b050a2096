/* <contentInstance>: one reading. Never changed; the oldest make room for new ones.
 * spec: TS-0004 7.4.7 */
#include "cse/types/instances.h"

static mln_err refuse_hidden(struct mln_exec *e)
{
    struct mln_lookup l = mln_exec_lookup(e);
    bool is_disabled = false;

    if (!e->target.has_parent) {
        MLN_TRY(mln_locate_parent(&l, &e->target.resource, &e->target.parent));
        e->target.has_parent = true;
    }
    /* spec: TS-0004 7.4.7.2.2 */
    if (mln_pack_find_bool(e->target.parent.attrs, MLN_S("disr"), &is_disabled) && is_disabled) {
        mln_fault_set(e->fault, "the container does not allow to retrieve its instances");
        MLN_FAIL(OPERATION);
    }
    return MLN_OK;
}

const struct mln_type_ops mln_cin_ops = {
    .ty = MLN_TY_CIN,
    .operations = MLN_OPS_CRD,
    .create = { .perform = mln_instances_perform_create, .finish = mln_instances_finish_create },
    .retrieve = { .validate = refuse_hidden },
    .del = { .validate = refuse_hidden },
};
