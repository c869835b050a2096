/* <mgmtCmd>: a command for a managed entity.
 *
 * It would be carried out by a management protocol (TR-069, OMA DM, LwM2M), of which there is none
 * here: the command is kept and checked, and its execution ends where a management session would
 * begin. spec: TS-0004 7.4.16, 7.3.4.3; TS-0001 9.6.16 */
#include "cse/pipeline/draft.h"
#include "cse/types/types.h"

/* Which arguments belong to which m2m:cmdType. spec: TS-0004 6.3.4.2.13, 6.3.5.23 */
static const struct mln_slice arguments[] = {
    [1] = { "rst", 3 },  [2] = { "rbo", 3 },  [3] = { "uld", 3 },  [4] = { "dld", 3 },
    [5] = { "swin", 4 }, [6] = { "swun", 4 }, [7] = { "swup", 4 },
};

enum { TYPES = sizeof arguments / sizeof arguments[0] };

/* The data type of the arguments of that name; NULL: there are none. */
static const struct mln_datatype *type_of(struct mln_slice name)
{
    size_t count;
    const struct mln_member *m =
        mln_model_members(mln_model_datatype(MLN_DT_EXEC_REQ_ARGS_LIST_TYPE), &count);

    for (size_t i = 0; i < count; i++) {
        if (mln_slice_eq(m[i].name, name)) {
            return mln_model_datatype((enum mln_datatype_id)m[i].type);
        }
    }
    return NULL;
}

/* spec: TS-0004 7.4.16.2.1: what the command cannot do without */
static mln_err check_complete(struct mln_exec *e, const struct mln_datatype *type,
                              const struct mln_value *given)
{
    size_t count;
    const struct mln_member *m = mln_model_members(type, &count);

    for (size_t i = 0; i < count; i++) {
        if (m[i].least > 0 && given->kind == MLN_V_OBJECT && !mln_value_get(given, m[i].name)) {
            mln_fault_set(e->fault, "exra: %.*s is missing", MLN_S_ARG(m[i].name));
            MLN_FAIL(CMD_INCOMPLETE);
        }
    }
    return MLN_OK;
}

static mln_err check_arguments(struct mln_exec *e, uint64_t cmd)
{
    const struct mln_value *list = mln_value_get(e->attributes, MLN_S("exra"));
    const struct mln_value *given = list && list->kind == MLN_V_OBJECT ? list->items.first : NULL;
    const struct mln_datatype *type = given ? type_of(given->name) : NULL;

    if (!type) {
        return MLN_OK; /* the tables say what is wrong, if anything is */
    }
    if (!mln_slice_eq(given->name, arguments[cmd])) {
        mln_fault_set(e->fault, "exra: arguments of another cmdType");
        MLN_FAIL(CMD_ARGUMENTS);
    }
    if (given->kind != MLN_V_ARRAY) {
        return MLN_OK;
    }
    for (const struct mln_value *v = given->items.first; v; v = v->next) {
        MLN_TRY(check_complete(e, type, v));
    }
    return MLN_OK;
}

/* Before the tables, whose codes are others. spec: TS-0004 7.4.16.2.1 */
static mln_err precheck(struct mln_exec *e)
{
    const struct mln_value *v = mln_value_get(e->attributes, MLN_S("cmt"));
    uint64_t cmd = 0;

    if (e->req.op == MLN_OP_UPDATE) {
        (void)mln_pack_find_u64(e->target.resource.attrs, MLN_S("cmt"), &cmd);
    } else if (!v || !mln_value_u64(v, &cmd)) {
        return MLN_OK; /* the tables refuse it */
    }
    if (cmd == 0 || cmd >= TYPES) {
        mln_fault_set(e->fault, "cmt: no cmdType");
        MLN_FAIL(CMD_TYPE);
    }
    return check_arguments(e, cmd);
}

/* spec: TS-0004 7.4.16.1: nothing has been asked for yet */
static mln_err perform_create(struct mln_exec *e, struct mln_draft *d)
{
    return mln_value_get(d->attributes, MLN_S("exe"))
               ? MLN_OK
               : mln_draft_set(d, MLN_S("exe"), mln_value_bool(e->arena, false));
}

/* spec: TS-0004 7.3.4.1: the managed entity is a <node>, or the members of a <group> */
static mln_err find_target(struct mln_exec *e)
{
    const struct mln_value *given = mln_value_get(e->attributes, MLN_S("ext"));
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_slice target = { 0 };
    struct mln_resource r;
    mln_err err;

    (void)mln_pack_find_text(e->target.resource.attrs, MLN_S("ext"), &target);
    err = mln_locate_lookup(&l, given ? given->text : target, &r);
    if (err.code == MLN_ERR_NOT_FOUND ||
        (!mln_failed(err) && r.ty != MLN_TY_NOD && r.ty != MLN_TY_GRP)) {
        mln_fault_set(e->fault, "ext: no node and no group of this CSE");
        MLN_FAIL(NO_MANAGED_ENTITY);
    }
    return err;
}

/* spec: TS-0004 7.4.16.2.3.2, 7.3.4.3: writing execEnable, whatever the value, executes */
static mln_err validate_update(struct mln_exec *e)
{
    if (!mln_value_get(e->attributes, MLN_S("exe"))) {
        return MLN_OK;
    }
    MLN_TRY(find_target(e));
    mln_fault_set(e->fault, "there is no management protocol");
    MLN_FAIL(NO_MGMT_SESSION);
}

const struct mln_type_ops mln_mgc_ops = {
    .ty = MLN_TY_MGC,
    .operations = MLN_OPS_CRUD,
    .precheck = precheck,
    .create = { .perform = perform_create },
    .update = { .validate = validate_update },
};
