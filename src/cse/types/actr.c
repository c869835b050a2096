/* <action>: a request that the CSE makes in the name of its creator, when an attribute of a
 * resource compares so with a threshold. What it does stands in cse/action.
 * spec: TS-0001 9.6.61, Release 4; docs/decisions/0044 */
#include "cse/action/act.h"
#include "cse/action/condition.h"
#include "cse/action/watch.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"

/* What the request says, else what is stored; NULL: neither, or it goes. */
static mln_err state_of(struct mln_exec *e, struct mln_slice name, struct mln_value **ret)
{
    struct mln_slice packed;

    *ret = mln_value_get(e->attributes, name);
    if (*ret) {
        *ret = (*ret)->kind == MLN_V_NULL ? NULL : *ret;
        return MLN_OK;
    }
    if (e->req.op == MLN_OP_CREATE || !mln_pack_find(e->target.resource.attrs, name, &packed)) {
        return MLN_OK;
    }
    return mln_pack_to_value(packed, e->arena, ret);
}

static uint64_t number_of(const struct mln_value *v)
{
    uint64_t n = 0;

    (void)mln_value_u64(v, &n);
    return n;
}

static bool has(const struct mln_exec *e, struct mln_slice name)
{
    return mln_value_get(e->attributes, name);
}

/* ---- in whose name ---- */

/* What the action asks, and of whom, is asked with the rights of its creator: nobody else may say
 * it. To switch it on and off is not that. */
static mln_err check_creator(struct mln_exec *e)
{
    static const struct mln_slice names[] = { { "sri", 3 }, { "evc", 3 }, { "dep", 3 },
                                              { "orc", 3 }, { "apv", 3 }, { "ecp", 3 } };

    uint64_t registration;

    MLN_TRY(mln_act_registration(e->view, e->originator.text, e->arena, &registration));
    if (registration == e->target.resource.st &&
        mln_slice_eq(e->originator.text, e->target.resource.cr)) {
        return MLN_OK;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (has(e, names[i])) {
            mln_fault_set(e->fault, "%.*s: only the creator of the action may set it",
                          MLN_S_ARG(names[i]));
            MLN_FAIL(NO_PRIVILEGE);
        }
    }
    return MLN_OK;
}

/* ---- when ---- */

/* Create 3) of Release 4: docs/decisions/0044 */
static mln_err check_mode(struct mln_exec *e)
{
    struct mln_value *mode;
    struct mln_value *parameter;
    uint64_t n;

    MLN_TRY(state_of(e, MLN_S("evm"), &mode));
    MLN_TRY(state_of(e, MLN_S("ecp"), &parameter));
    n = number_of(mode);
    if ((n == MLN_EVAL_OFF || n == MLN_EVAL_ONCE) && parameter && has(e, MLN_S("ecp"))) {
        mln_fault_set(e->fault, "ecp: not with this evalMode");
        MLN_FAIL(BAD_REQUEST);
    }
    if (n == MLN_EVAL_PERIODIC && parameter &&
        number_of(parameter) < e->cse->options.limits->action_period_ms) {
        mln_fault_set(e->fault, "ecp: a shorter period than the limit 'action_period_ms'");
        MLN_FAIL(NOT_ACCEPTABLE);
    }
    return MLN_OK;
}

/* ---- what is done ---- */

/* Others would wait for somebody, hold secrets, or depend on when the request is made. */
static bool is_supported(struct mln_slice name)
{
    static const struct mln_slice names[] = {
        { "op", 2 }, { "to", 2 },  { "fr", 2 }, { "rqi", 3 }, { "ty", 2 },  { "pc", 2 },
        { "ot", 2 }, { "rcn", 3 }, { "ec", 2 }, { "drt", 3 }, { "rvi", 3 }, { "vsi", 3 },
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (mln_slice_eq(names[i], name)) {
            return true;
        }
    }
    return false;
}

static mln_err check_parameters(struct mln_exec *e, const struct mln_value *primitive)
{
    for (const struct mln_value *m = primitive->items.first; m; m = m->next) {
        if (!is_supported(m->name)) {
            mln_fault_set(e->fault, "apv: %.*s: not in an actionPrimitive", MLN_S_ARG(m->name));
            MLN_FAIL(NOT_IMPLEMENTED);
        }
    }
    return MLN_OK;
}

/* Create 2) of Release 4: From is the Originator of this request. docs/decisions/0044 */
static mln_err check_from(struct mln_exec *e, const struct mln_value *primitive)
{
    const struct mln_value *from = mln_value_get(primitive, MLN_S("fr"));

    if (!from || !mln_slice_eq(from->text, e->originator.text)) {
        mln_fault_set(e->fault, "apv: fr: not the originator");
        MLN_FAIL(BAD_REQUEST);
    }
    return MLN_OK;
}

/* One that must not be known to the originator is not there. */
static mln_err find_object(struct mln_exec *e, struct mln_slice address, struct mln_target *ret)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_slice local;
    bool shows = false;
    mln_err err = MLN_ERROR(NOT_FOUND);

    if (mln_ident_place(address, &e->cse->names, &local) == MLN_PLACE_HERE) {
        err = mln_locate_resolve(&l, local, true, ret);
    }
    if (!mln_failed(err)) {
        err = mln_exec_shows(e, e->arena, &ret->resource, &shows);
    }
    if (err.code == MLN_ERR_NOT_FOUND || (!mln_failed(err) && !shows)) {
        mln_fault_set(e->fault, "orc, apv: no resource of this CSE that the originator knows");
        MLN_FAIL(BAD_REQUEST);
    }
    return err;
}

/* objectResourceID says what the primitive goes to, and its To must not say otherwise. */
static mln_err check_object(struct mln_exec *e, struct mln_slice object, struct mln_slice to)
{
    struct mln_target first;
    struct mln_target second;

    MLN_TRY(find_object(e, object, &first));
    MLN_TRY(find_object(e, to, &second));
    if (first.resource.id != second.resource.id || first.virtual_child != second.virtual_child) {
        mln_fault_set(e->fault, "apv: to: not the objectResourceID");
        MLN_FAIL(BAD_REQUEST);
    }
    return MLN_OK;
}

static mln_err check_primitive(struct mln_exec *e)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_value *object;
    struct mln_value *primitive;
    struct mln_value *copy;
    struct mln_request req;
    struct mln_slice packed;
    struct mln_buf buf;

    if (!has(e, MLN_S("orc")) && !has(e, MLN_S("apv"))) {
        return MLN_OK;
    }
    MLN_TRY(state_of(e, MLN_S("orc"), &object));
    MLN_TRY(state_of(e, MLN_S("apv"), &primitive));
    MLN_REQUIRE(object && primitive && primitive->kind == MLN_V_OBJECT, BAD_REQUEST);
    MLN_TRY(check_parameters(e, primitive));
    MLN_TRY(check_from(e, primitive));
    MLN_TRY(check_object(e, object->text, mln_value_get(primitive, MLN_S("to"))->text));
    mln_buf_init(&buf, e->arena, SIZE_MAX); /* reading changes it */
    mln_pack_value(&buf, primitive);
    MLN_TRY(mln_buf_finish(&buf, &packed));
    MLN_TRY(mln_pack_to_value(packed, e->arena, &copy));
    MLN_TRY(mln_act_read(&l, copy, object->text, &req, e->fault));
    return mln_act_check(&l, &req, e->fault);
}

/* ---- under which conditions ---- */

static mln_err check_dependency(struct mln_exec *e, struct mln_slice id)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_resource r;
    mln_err err = mln_locate_lookup(&l, id, &r);

    if (err.code == MLN_ERR_NOT_FOUND ||
        (!mln_failed(err) && (r.ty != MLN_TY_DEPR || r.parent != e->target.resource.id))) {
        mln_fault_set(e->fault, "dep: %.*s is no dependency of this action",
                      MLN_S_ARG(mln_slice_head(id, 100)));
        MLN_FAIL(BAD_REQUEST);
    }
    return err;
}

static mln_err check_dependencies(struct mln_exec *e)
{
    const struct mln_value *list = mln_value_get(e->attributes, MLN_S("dep"));

    if (!list || list->kind != MLN_V_ARRAY) {
        return MLN_OK;
    }
    if (list->items.count > e->cse->options.limits->dependencies) {
        mln_fault_set(e->fault, "dep: more than the limit 'dependencies'");
        MLN_FAIL(LIMIT);
    }
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        MLN_TRY(check_dependency(e, v->text));
    }
    return MLN_OK;
}

/* ---- how many ---- */

/* There are few, and only those who make more are kept waiting for the count. */
static mln_err check_room(struct mln_exec *e)
{
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *scratch = mln_arena_new((size_t)e->cse->options.limits->request_arena_bytes);
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_TYPE, .ty = MLN_TY_ACTR };
    const struct mln_limits *limits = e->cse->options.limits;
    uint64_t count = 0;
    uint64_t own = 0;
    uint64_t id;
    mln_err err;

    MLN_REQUIRE(scratch, NO_MEMORY);
    MLN_TRY(mln_scan_open(e->view, &spec, &scan));
    while (!mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        struct mln_resource r;

        mln_arena_reset(scratch);
        MLN_TRY(mln_store_get(e->view, id, scratch, &r));
        count++;
        own += mln_slice_eq(r.cr, e->originator.text);
        if (count >= limits->actions || own >= limits->own_actions) {
            mln_fault_set(e->fault, "more actions than the limit '%s'",
                          count >= limits->actions ? "actions" : "own_actions");
            MLN_FAIL(LIMIT);
        }
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* ---- the operations ---- */

static mln_err validate_create(struct mln_exec *e)
{
    MLN_TRY(check_mode(e));
    MLN_TRY(check_primitive(e));
    return check_room(e);
}

static mln_err validate_update(struct mln_exec *e)
{
    MLN_TRY(check_creator(e));
    MLN_TRY(check_mode(e));
    MLN_TRY(check_primitive(e));
    return check_dependencies(e);
}

/* Is it armed anew? */
static bool rearms(const struct mln_exec *e)
{
    return has(e, MLN_S("sri")) || has(e, MLN_S("evc")) || has(e, MLN_S("evm")) ||
           has(e, MLN_S("ecp"));
}

static uint64_t runs_of(const struct mln_draft *d, uint64_t mode)
{
    const struct mln_value *most = mln_value_get(d->attributes, MLN_S("ecp"));

    if (mode == MLN_EVAL_ONCE) {
        return 1;
    }
    return mode == MLN_EVAL_CONTINUOUS && most ? number_of(most) : MLN_ACT_FOREVER;
}

static mln_err check_watchers(struct mln_exec *e, const struct mln_draft *d, uint64_t subject,
                              uint64_t mode)
{
    uint64_t count;
    bool is_one = false;

    if (d->old) {
        MLN_TRY(mln_watch_is_set(e->view, subject, d->old->id, &is_one));
    }
    if (is_one || mode == MLN_EVAL_OFF || mode == MLN_EVAL_PERIODIC) {
        return MLN_OK;
    }
    MLN_TRY(mln_watch_count(e->view, subject, &count));
    if (count >= e->cse->options.limits->action_watchers) {
        mln_fault_set(e->fault, "sri: more actions than the limit 'action_watchers'");
        MLN_FAIL(LIMIT);
    }
    return MLN_OK;
}

/* Which resource is the subject stays the same, whatever its address names later: `bytes` is its
 * id, and `count` how often the action is still to be carried out. */
static mln_err set_up(struct mln_exec *e, struct mln_draft *d, const struct mln_resource *parent)
{
    const struct mln_value *id = mln_value_get(d->attributes, MLN_S("sri"));
    uint64_t mode = number_of(mln_value_get(d->attributes, MLN_S("evm")));
    struct mln_condition in = {
        .name = MLN_S("sri"),
        .evc = mln_value_get(d->attributes, MLN_S("evc")),
        .reader = d->resource.cr,
        .parent = parent,
    };
    struct mln_resource subject;
    struct mln_value *evc;

    if (id) {
        in.id = id->text;
    }
    MLN_TRY(mln_condition_check(e, &in, &subject, &evc));
    if (subject.id == d->resource.id) {
        mln_fault_set(e->fault, "sri: the action itself");
        MLN_FAIL(BAD_REQUEST);
    }
    MLN_TRY(check_watchers(e, d, subject.id, mode));
    d->resource.bytes = subject.id;
    d->resource.count = runs_of(d, mode);
    return mln_draft_set(d, MLN_S("evc"), evc);
}

/* Each change of the subject reads all actions that watch it. */
static mln_err check_size(struct mln_exec *e, struct mln_draft *d)
{
    struct mln_draft plain = *d;
    struct mln_value *result = mln_value_take(d->attributes, MLN_S("air"));

    MLN_TRY(mln_draft_pack(e, &plain));
    if (plain.resource.attrs.len > e->cse->options.limits->action_bytes) {
        mln_fault_set(e->fault, "larger than the limit 'action_bytes'");
        MLN_FAIL(LIMIT);
    }
    return result ? mln_value_set(d->attributes, MLN_S("air"), result) : MLN_OK;
}

static mln_err perform_create(struct mln_exec *e, struct mln_draft *d)
{
    MLN_TRY(mln_act_registration(e->view, e->originator.text, e->arena, &d->resource.st));
    MLN_TRY(set_up(e, d, &e->target.resource));
    return check_size(e, d);
}

static mln_err perform_update(struct mln_exec *e, struct mln_draft *d)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_resource parent;

    if (rearms(e)) {
        MLN_TRY(mln_locate_parent(&l, d->old, &parent));
        MLN_TRY(set_up(e, d, &parent));
    }
    return check_size(e, d);
}

static mln_err arm(const struct mln_change *c, const struct mln_resource *r)
{
    uint64_t mode = MLN_EVAL_OFF;

    (void)mln_pack_find_u64(r->attrs, MLN_S("evm"), &mode);
    switch (mode) {
    case MLN_EVAL_ONCE:
    case MLN_EVAL_CONTINUOUS:
        return mln_watch_set(c, r->bytes, r->id);
    case MLN_EVAL_PERIODIC:
        return mln_act_begin_periods(c, r->bytes, r->id, mln_act_period_ms(r->attrs));
    default:
        return MLN_OK;
    }
}

static mln_err disarm(const struct mln_change *c, const struct mln_resource *r)
{
    MLN_TRY(mln_watch_clear(c, r->bytes, r->id));
    return mln_act_clear(c, r->id);
}

static mln_err finish_create(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.lt);

    return arm(&c, &d->resource);
}

static mln_err finish_update(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.lt);

    if (!rearms(e)) {
        return MLN_OK;
    }
    MLN_TRY(disarm(&c, d->old));
    return arm(&c, &d->resource);
}

const struct mln_type_ops mln_actr_ops = {
    .ty = MLN_TY_ACTR,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate_create, .perform = perform_create, .finish = finish_create },
    .update = { .validate = validate_update, .perform = perform_update, .finish = finish_update },
    .removed = disarm,
    .alarm = mln_act_alarm,
};
