/* NOTIFY. spec: TS-0004 7.3.3.9 */
#include "cse/notify/forward.h"
#include "cse/pipeline/pipeline.h"
#include "cse/protect/protect.h"
#include "cse/types/alst.h"
#include "e2e/security_info.h"

/* spec: TS-0004 7.5.1.2.17: no AE is NULL, or not there */
static void drop_null(struct mln_value *root, struct mln_slice name)
{
    const struct mln_value *v = mln_value_get(root, name);

    if (v && v->kind == MLN_V_NULL) {
        (void)mln_value_take(root, name);
    }
}

/* spec: TS-0004 table 7.5.1.1-2: what a NOTIFY may carry */
mln_err mln_validate_notify(struct mln_exec *e)
{
    static const struct {
        struct mln_slice root;
        enum mln_datatype_id type;
        /* what the table does not say; or NULL */
        mln_err (*check)(const struct mln_value *content, struct mln_fault *fault);
    } contents[] = {
        { { "m2m:sgn", 7 }, MLN_DT_NOTIFICATION, NULL },
        { { "m2m:agn", 7 }, MLN_DT_AGGREGATED_NOTIFICATION, NULL },
        { { "m2m:rsp", 7 }, MLN_DT_RESPONSE_PRIMITIVE, NULL },
        { { "m2m:seci", 8 }, MLN_DT_SECURITY_INFO, mln_security_info_check },
    };
    struct mln_value *root = e->req.pc->items.first;

    drop_null(root, MLN_S("tid1"));
    drop_null(root, MLN_S("tid2"));
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        if (mln_slice_eq(root->name, contents[i].root)) {
            MLN_TRY(mln_check_value(contents[i].type, root, root->name, e->fault));
            return contents[i].check ? contents[i].check(root, e->fault) : MLN_OK;
        }
    }
    mln_fault_set(e->fault, "%.*s is no content of a NOTIFY",
                  MLN_S_ARG(mln_slice_head(root->name, 64)));
    MLN_FAIL(BAD_REQUEST);
}

/* What is sent to the CSE itself: of the contents that the standard defines, subscription
 * verification needs no more than the privilege that was checked. The others belong to features
 * that are not built. spec: TS-0004 7.3.3.9.2, 7.5.1.2.3 */
static mln_err to_cse(struct mln_exec *e)
{
    const struct mln_value *root = e->req.pc->items.first;
    const struct mln_value *vrq = mln_value_get(root, MLN_S("vrq"));

    if (mln_slice_eq(root->name, MLN_S("m2m:sgn")) && vrq && vrq->kind == MLN_V_BOOL &&
        vrq->boolean) {
        return MLN_OK;
    }
    if (mln_contacts_concerns(e)) {
        return mln_contacts_change(e);
    }
    if (mln_protect_concerns(e)) {
        return mln_protect_perform(e);
    }
    mln_fault_set(e->fault, "notifications with this content are not implemented for the CSEBase");
    MLN_FAIL(NOT_IMPLEMENTED);
}

mln_err mln_perform_notify(struct mln_exec *e)
{
    const struct mln_type_ops *ops = mln_type_ops_of(e->type->ty);

    if (ops && ops->notify.perform) {
        return ops->notify.perform(e);
    }
    if (e->target.resource.ty == MLN_TY_CB) {
        return to_cse(e);
    }
    return mln_forward_prepare(e);
}
