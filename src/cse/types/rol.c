/* <role>: an issuer says that a holder has a role. That it stands here is the proof of it, so only
 * the issuer itself may create it. spec: TS-0004 7.4.40, TS-0001 9.6.38; security.md 5.3 */
#include "base/timestamp.h"
#include "cse/access/assigned.h"
#include "cse/types/types.h"

static mln_err read_entity(struct mln_exec *e, struct mln_slice name, struct mln_entity *ret)
{
    const struct mln_value *v = mln_value_get(e->attributes, name);

    if (v && mln_entity_parse(v->text, &e->cse->names, ret)) {
        return MLN_OK;
    }
    mln_fault_set(e->fault, "%.*s: no AE-ID and no CSE-ID", MLN_S_ARG(name));
    MLN_FAIL(ATTR_INVALID);
}

static bool time_of(const struct mln_exec *e, struct mln_slice name, int64_t *ret_us)
{
    const struct mln_value *v = mln_value_get(e->attributes, name);

    return v && mln_timestamp_parse(v->text, ret_us);
}

static mln_err validate(struct mln_exec *e)
{
    struct mln_entity holder;
    struct mln_entity issuer;
    int64_t from;
    int64_t until;

    MLN_TRY(read_entity(e, MLN_S("tkhd"), &holder));
    MLN_TRY(read_entity(e, MLN_S("tkis"), &issuer));
    if (!time_of(e, MLN_S("tknb"), &from) || !time_of(e, MLN_S("tkna"), &until) || from >= until) {
        mln_fault_set(e->fault, "tknb: must be earlier than tkna");
        MLN_FAIL(ATTR_INVALID);
    }
    if (!mln_entity_eq(&issuer, &e->originator.entity)) {
        mln_fault_set(e->fault, "tkis: only the issuer itself may assign its roles");
        MLN_FAIL(NO_PRIVILEGE);
    }
    return MLN_OK;
}

static mln_err finish(struct mln_exec *e, const struct mln_draft *d)
{
    return mln_assigned_add(e->write, &e->cse->names, &d->resource);
}

const struct mln_type_ops mln_rol_ops = {
    .ty = MLN_TY_ROL,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate, .finish = finish },
};
