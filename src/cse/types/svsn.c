/* <serviceSubscribedNode>: a node of a service subscription; when it runs a CSE, the rules for
 * registering there. spec: TS-0004 7.4.20, TS-0001 9.6.20 */
#include "cse/access/admit.h"
#include "cse/pipeline/draft.h"
#include "cse/types/types.h"

static mln_err check_links(struct mln_exec *e, bool has_cse_id)
{
    const struct mln_value *links = mln_value_get(e->attributes, MLN_S("rlk"));

    if (!has_cse_id && links) {
        mln_fault_set(e->fault, "rlk: only for a node with CSE-ID");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

/* spec: TS-0004 7.4.20.2.1 */
static mln_err validate_create(struct mln_exec *e)
{
    const struct mln_value *cse_id = mln_value_get(e->attributes, MLN_S("csi"));
    struct mln_entity entity;

    if (cse_id && !mln_entity_parse(cse_id->text, &e->cse->names, &entity)) {
        mln_fault_set(e->fault, "csi: no CSE-ID");
        MLN_FAIL(ATTR_INVALID);
    }
    return check_links(e, cse_id != NULL);
}

/* spec: TS-0004 7.4.20.2.3 */
static mln_err validate_update(struct mln_exec *e)
{
    struct mln_slice cse_id;

    return check_links(e, mln_pack_find_text(e->target.resource.attrs, MLN_S("csi"), &cse_id));
}

static mln_err finish_create(struct mln_exec *e, const struct mln_draft *d)
{
    const struct mln_value *cse_id = mln_value_get(d->attributes, MLN_S("csi"));

    return cse_id ? mln_admit_note_node(e, &d->resource, cse_id->text) : MLN_OK;
}

const struct mln_type_ops mln_svsn_ops = {
    .ty = MLN_TY_SVSN,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate_create, .finish = finish_create },
    .update = { .validate = validate_update },
};
