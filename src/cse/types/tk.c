/* <token>: a place where tokens can be fetched. Only tokenObject carries authority: what stands
 * beside it is for readers. spec: TS-0004 7.4.41, TS-0001 9.6.39; security.md 6.3 */
#include "cse/access/assigned.h"
#include "cse/types/types.h"

static mln_err validate(struct mln_exec *e)
{
    const struct mln_value *object = mln_value_get(e->attributes, MLN_S("tkob"));

    if (object && object->text.len > e->cse->options.limits->token_bytes) {
        mln_fault_set(e->fault, "tkob: the token is too long");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

static mln_err finish(struct mln_exec *e, const struct mln_draft *d)
{
    return mln_assigned_add(e->write, &e->cse->names, &d->resource);
}

const struct mln_type_ops mln_tk_ops = {
    .ty = MLN_TY_TK,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate, .finish = finish },
};
