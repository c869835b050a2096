/* <mgmtCmd>: a command for a managed entity.
 *
 * It would be carried out by a management protocol (TR-069, OMA DM, LwM2M), of which there is none
 * here: the command is kept and checked, and its execution ends where a management session would
 * begin: at once, or when its delay is over (exin.c). spec: TS-0004 7.4.16, 7.3.4.3; TS-0001 9.6.16
 */
#include "base/timestamp.h"
#include "cse/pipeline/draft.h"
#include "cse/types/exin.h"

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

/* ---- targets ---- */

/* Where it is carried out: addresses of nodes. */
struct targets {
    struct mln_slice *addresses;
    size_t count;
};

static mln_err refuse_target(struct mln_exec *e, const char *why)
{
    mln_fault_set(e->fault, "ext: %s", why);
    MLN_FAIL(NO_MANAGED_ENTITY);
}

/* What the request says, else what is stored; NULL: neither. */
static mln_err state_of(struct mln_exec *e, struct mln_slice name, struct mln_value **ret)
{
    struct mln_slice packed;

    *ret = mln_value_get(e->attributes, name);
    if (*ret || !mln_pack_find(e->target.resource.attrs, name, &packed)) {
        return MLN_OK;
    }
    return mln_pack_to_value(packed, e->arena, ret);
}

/* The addresses of its members must be told to nobody who may not read them. */
static mln_err may_read(struct mln_exec *e, const struct mln_resource *r, bool *ret)
{
    struct mln_access a;

    mln_exec_begin_access(e, e->arena, &a);
    return mln_access_permits(&a, r, MLN_PRIVILEGE_RETRIEVE, ret);
}

/* One that must not be known to the originator is not there. */
static mln_err check_node(struct mln_exec *e, struct mln_slice address)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_resource node;
    struct mln_access a;
    bool is_there = true;
    mln_err err = mln_locate_lookup(&l, address, &node);

    if (!mln_failed(err) && node.ty == MLN_TY_NOD && e->cse->options.hides_unauthorised) {
        mln_exec_begin_access(e, e->arena, &a);
        MLN_TRY(mln_access_sees(&a, &node, &is_there));
    }
    if (err.code == MLN_ERR_NOT_FOUND || (!mln_failed(err) && node.ty != MLN_TY_NOD) || !is_there) {
        return refuse_target(e, "no node of this CSE");
    }
    return err;
}

static mln_err list_members(struct mln_exec *e, const struct mln_resource *group,
                            struct targets *ret)
{
    struct mln_slice members;
    struct mln_slice member;
    struct mln_walk w;
    uint64_t most = e->cse->options.limits->executions;
    bool may = false;

    MLN_TRY(may_read(e, group, &may));
    if (!may || !mln_pack_find(group->attrs, MLN_S("mid"), &members)) {
        return refuse_target(e, "no node of this CSE");
    }
    ret->addresses = mln_arena_zalloc(e->arena, (size_t)most, sizeof *ret->addresses);
    MLN_REQUIRE(ret->addresses, NO_MEMORY);
    for (mln_walk_begin(&w, members); mln_walk_next(&w);) {
        MLN_REQUIRE(mln_pack_text_of(w.item, &member), STORE_CORRUPT);
        if (ret->count == most) {
            mln_fault_set(e->fault, "ext: too many members");
            MLN_FAIL(LIMIT);
        }
        MLN_TRY(check_node(e, member));
        ret->addresses[ret->count++] = member;
    }
    return ret->count ? MLN_OK : refuse_target(e, "the group is empty");
}

/* spec: TS-0004 7.3.4.1: the managed entity is a <node>, or the members of a <group> */
static mln_err find_targets(struct mln_exec *e, struct targets *ret)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_resource r;
    struct mln_value *target;
    mln_err err;

    *ret = (struct targets){ 0 };
    MLN_TRY(state_of(e, MLN_S("ext"), &target));
    MLN_REQUIRE(target && target->kind == MLN_V_TEXT, STORE_CORRUPT);
    err = mln_locate_lookup(&l, target->text, &r);
    if (!mln_failed(err) && r.ty == MLN_TY_GRP) {
        return list_members(e, &r, ret);
    }
    MLN_TRY(check_node(e, target->text));
    ret->addresses = &target->text;
    ret->count = 1;
    return MLN_OK;
}

/* ---- executions ---- */

/* execDelay, if it counts in this execMode; else 0. spec: TS-0004 7.4.16.1 */
static mln_err delay_of(struct mln_exec *e, int64_t *ret_us)
{
    enum { RANDOMONCE = 3, RANDOMREPEAT = 4 };
    struct mln_value *mode;
    struct mln_value *delay;
    uint64_t n = 0;

    *ret_us = 0;
    MLN_TRY(state_of(e, MLN_S("exm"), &mode));
    MLN_TRY(state_of(e, MLN_S("exy"), &delay));
    if (mode && mln_value_u64(mode, &n) && (n == RANDOMONCE || n == RANDOMREPEAT) && delay &&
        delay->kind == MLN_V_TEXT) {
        (void)mln_duration_parse(delay->text, ret_us);
    }
    return MLN_OK;
}

static mln_err count_executions(struct mln_exec *e, uint64_t *ret)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN,
                                  .parent = e->target.resource.id,
                                  .ty = MLN_TY_EXIN };
    uint64_t id;
    mln_err err;

    *ret = 0;
    MLN_TRY(mln_scan_open(e->view, &spec, &scan));
    while (!mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        ++*ret;
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* spec: TS-0004 7.4.16.2.3.2, 7.3.4.3: writing execEnable, whatever the value, executes */
static mln_err check_execution(struct mln_exec *e, uint64_t executions)
{
    struct targets targets;
    int64_t delay_us;

    MLN_TRY(find_targets(e, &targets));
    MLN_TRY(delay_of(e, &delay_us));
    if (delay_us == 0) {
        mln_fault_set(e->fault, "there is no management protocol");
        MLN_FAIL(NO_MGMT_SESSION);
    }
    if (delay_us > MLN_TIMESTAMP_MAX - mln_env_now_us(e->cse->options.env)) {
        mln_fault_set(e->fault, "exy: no time lies so far off");
        MLN_FAIL(NOT_ACCEPTABLE);
    }
    if (targets.count + executions > e->cse->options.limits->executions) {
        mln_fault_set(e->fault, "too many execInstances");
        MLN_FAIL(LIMIT);
    }
    return MLN_OK;
}

static mln_err validate_update(struct mln_exec *e)
{
    bool is_fixed =
        mln_value_get(e->attributes, MLN_S("ext")) || mln_value_get(e->attributes, MLN_S("exm"));
    bool executes = mln_value_get(e->attributes, MLN_S("exe"));
    uint64_t executions = 0;

    if (is_fixed || executes) {
        MLN_TRY(count_executions(e, &executions));
    }
    if (is_fixed && executions) { /* spec: TS-0004 7.4.16.2.3.1 */
        mln_fault_set(e->fault, "execTarget and execMode are fixed while there are execInstances");
        MLN_FAIL(OPERATION);
    }
    return executes ? check_execution(e, executions) : MLN_OK;
}

/* What is postponed becomes an <execInstance> for each target. */
static mln_err finish_update(struct mln_exec *e, const struct mln_draft *d)
{
    struct targets targets;
    int64_t delay_us;

    if (!mln_value_get(e->attributes, MLN_S("exe"))) {
        return MLN_OK;
    }
    MLN_TRY(find_targets(e, &targets));
    MLN_TRY(delay_of(e, &delay_us));
    for (size_t i = 0; i < targets.count; i++) {
        MLN_TRY(mln_exin_make(e, &d->resource, targets.addresses[i], d->resource.lt + delay_us));
    }
    return MLN_OK;
}

const struct mln_type_ops mln_mgc_ops = {
    .ty = MLN_TY_MGC,
    .operations = MLN_OPS_CRUD,
    .precheck = precheck,
    .create = { .perform = perform_create },
    .update = { .validate = validate_update, .finish = finish_update },
};
