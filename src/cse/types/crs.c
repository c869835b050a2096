/* <crossResourceSubscription>: subscriptions at several targets that count together. What they
 * count stands in cse/notify/cross.h, and how those at other CSEs are made; here they are made.
 *
 * Each target of this CSE is asked in a request of its own, in the name of the originator and in
 * the same transaction: when one refuses, nothing is left of the others. spec: TS-0004 7.4.58,
 * TS-0001 9.6.58 */
#include "base/timestamp.h"
#include "cse/group/members.h"
#include "cse/notify/cross.h"
#include "cse/notify/tally.h"
#include "cse/notify/verify.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/tree.h"
#include "cse/types/sub.h"

/* ---- what may stand together ---- */

static size_t count_of(const struct mln_exec *e, struct mln_slice name)
{
    const struct mln_value *list = mln_value_get(e->attributes, name);

    return list ? list->items.count : 0;
}

/* spec: TS-0004 7.4.58.2.1: one for all, or one for each */
static mln_err check_criteria(struct mln_exec *e)
{
    size_t regular = count_of(e, MLN_S("rrat"));
    const struct mln_value *set =
        mln_value_get(mln_value_get(e->attributes, MLN_S("encs")), MLN_S("encn"));
    size_t criteria = set ? set->items.count : 0;

    if (regular ? criteria != 1 && criteria != regular : criteria != 0) {
        mln_fault_set(e->fault, "encs: one entry for all of rrat or one for each");
        MLN_FAIL(BAD_REQUEST);
    }
    return MLN_OK;
}

/* A fanOutPoint would make more subscriptions than one. What other service providers host could not
 * name us. */
static mln_err check_places(struct mln_exec *e, struct mln_slice name)
{
    const struct mln_value *list = mln_value_get(e->attributes, name);
    struct mln_slice local;

    for (const struct mln_value *v = list ? list->items.first : NULL; v; v = v->next) {
        bool is_here = mln_ident_place(v->text, &e->cse->names, &local) == MLN_PLACE_HERE;

        if (!(is_here || mln_cross_is_far(e->cse, v->text)) || mln_members_has_fan_out(v->text)) {
            mln_fault_set(e->fault, "%.*s: %.*s is no target that can be subscribed to from here",
                          MLN_S_ARG(name), MLN_S_ARG(v->text));
            MLN_FAIL(CROSS_RESOURCE);
        }
    }
    return MLN_OK;
}

static mln_err check_resources(struct mln_exec *e)
{
    size_t count = count_of(e, MLN_S("rrat")) + count_of(e, MLN_S("srat"));

    if (count == 0) {
        mln_fault_set(e->fault, "rrat or srat is needed");
        MLN_FAIL(BAD_REQUEST);
    }
    if (count > e->cse->options.limits->cross_targets) {
        mln_fault_set(e->fault, "rrat, srat: more than the limit 'cross_targets'");
        MLN_FAIL(LIMIT);
    }
    MLN_TRY(check_criteria(e));
    MLN_TRY(check_places(e, MLN_S("rrat")));
    return check_places(e, MLN_S("srat"));
}

static mln_err check_window(struct mln_exec *e)
{
    const struct mln_value *size = mln_value_get(e->attributes, MLN_S("tws"));
    int64_t us;

    if (size && (!mln_duration_parse(size->text, &us) || us == 0)) {
        mln_fault_set(e->fault, "tws: a window without duration");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

/* What one member cannot do would undo what the others have done. */
static mln_err check_alone(struct mln_exec *e)
{
    if (e->fan) {
        mln_fault_set(e->fault, "a crossResourceSubscription is not changed through a group");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return MLN_OK;
}

static mln_err validate_update(struct mln_exec *e)
{
    MLN_TRY(check_alone(e));
    MLN_TRY(check_window(e));
    return mln_sub_check_targets(e);
}

static mln_err validate_create(struct mln_exec *e)
{
    MLN_TRY(validate_update(e));
    MLN_TRY(check_resources(e));
    return mln_validate_room(e, e->cse->options.limits->subscriptions);
}

/* ---- requests to the targets ---- */

enum { DECISIONS = 16 }; /* of the largest that one request may cost; most are remembered */

/* Requests that stem from one: their denials are told like those on members of a group. Without a
 * budget none of them becomes more. */
static mln_err begin(struct mln_exec *e)
{
    struct mln_fan *fan = mln_arena_zalloc(e->arena, 1, sizeof *fan);

    MLN_REQUIRE(fan, NO_MEMORY);
    fan->arena = e->arena;
    fan->bytes_left = DECISIONS * e->cse->options.limits->decision_bytes;
    e->fan = fan;
    e->owns_fan = true;
    return MLN_OK;
}

/* One of them. */
struct question {
    struct mln_exec exec;
    struct mln_response response;
    struct mln_fault fault;
};

/* Carries out an operation on the target for the originator of `e`; `pc`: a <subscription>, or NULL
 * for none. Errors: CROSS_RESOURCE (it was refused), STORE_*, NO_MEMORY. */
static mln_err ask(struct mln_exec *e, struct question *q, enum mln_op op, struct mln_slice to,
                   struct mln_value *attributes)
{
    struct mln_value *pc = NULL;

    if (attributes) {
        pc = mln_value_new(e->arena, MLN_V_OBJECT);
        MLN_REQUIRE(pc, NO_MEMORY);
        MLN_TRY(mln_value_set(pc, MLN_S("m2m:sub"), attributes));
    }
    *q = (struct question){ .response = { .rqi = e->req.rqi, .rvi = e->req.rvi } };
    q->exec = (struct mln_exec){
        .cse = e->cse,
        .worker = e->worker,
        .arena = e->arena,
        .peer = e->peer,
        .fault = &q->fault,
        .req = e->req,
        .response = &q->response,
        .fan = e->fan,
        .serial = e->serial,
        .arrival_us = e->arrival_us,
        .effort = e->effort,
        .view = e->view,
        .may_write = true,
        .has_gathered = true,
        .claims = e->claims,
        .elsewhere = e->elsewhere,
        .is_verified = true, /* we are the target that it adds */
        .crossing = e->crossing,
    };
    q->exec.req.op = op;
    q->exec.req.ty = op == MLN_OP_CREATE ? MLN_TY_SUB : 0;
    q->exec.req.to = to;
    q->exec.req.pc = pc;
    q->exec.req.fc = NULL;
    q->exec.req.atrl = NULL;
    q->exec.req.rcn = MLN_RCN_NOTHING;
    e->has_written = true; /* whatever follows: all or nothing */
    MLN_TRY(mln_exec_in_view(&q->exec));
    if (q->response.rsc >= MLN_RSC_BAD_REQUEST) {
        mln_fault_set(e->fault, "%.*s: %s", MLN_S_ARG(to), q->fault.text);
        MLN_FAIL(CROSS_RESOURCE);
    }
    return MLN_OK;
}

static mln_err put_expiration(const struct mln_draft *d, struct mln_arena *arena,
                              struct mln_value *attributes)
{
    char text[MLN_TIMESTAMP_SIZE];
    size_t len = mln_timestamp_put(text, d->resource.et);
    struct mln_slice kept;

    MLN_REQUIRE(mln_arena_dup(arena, mln_slice_of(text, len), &kept), NO_MEMORY);
    return mln_value_set(attributes, MLN_S("et"), mln_value_text(arena, kept));
}

/* spec: TS-0004 7.4.58.2.1 c) ii) */
static mln_err subscribe(struct mln_exec *e, const struct mln_draft *d, struct mln_slice to,
                         const struct mln_value *criteria, struct mln_value *made)
{
    struct mln_value *attributes = mln_value_new(e->arena, MLN_V_OBJECT);
    struct mln_value *targets = mln_value_new(e->arena, MLN_V_ARRAY);
    const struct mln_value *nec = mln_value_get(e->attributes, MLN_S("nec"));
    struct question q;

    MLN_REQUIRE(attributes && targets, NO_MEMORY);
    MLN_TRY(mln_value_append(targets, mln_value_text(e->arena, e->crossing)));
    MLN_TRY(mln_value_set(attributes, MLN_S("nu"), targets));
    MLN_TRY(mln_value_set(attributes, MLN_S("enc"), mln_draft_copy(e->arena, criteria)));
    if (nec) {
        MLN_TRY(mln_value_set(attributes, MLN_S("nec"), mln_draft_copy(e->arena, nec)));
    }
    MLN_TRY(put_expiration(d, e->arena, attributes));
    MLN_TRY(ask(e, &q, MLN_OP_CREATE, to, attributes));
    return mln_value_append(made, mln_value_text(e->arena, q.exec.result.ri));
}

/* It is made later: cross_ask.c. Until then it is known by the name that it will get. */
static mln_err name_far(struct mln_exec *e, const struct mln_draft *d, struct mln_slice to,
                        struct mln_value *made)
{
    struct mln_change c = mln_exec_change(e, d->resource.ct);
    struct mln_slice name;

    MLN_TRY(mln_cross_far_name(&c, d->resource.ri, to, made->items.count, &name));
    return mln_value_append(made, mln_value_text(e->arena, name));
}

static mln_err subscribe_all(struct mln_exec *e, struct mln_draft *d)
{
    const struct mln_value *list = mln_value_get(e->attributes, MLN_S("rrat"));
    const struct mln_value *set =
        mln_value_get(mln_value_get(e->attributes, MLN_S("encs")), MLN_S("encn"));
    const struct mln_value *criteria = set ? set->items.first : NULL;
    struct mln_value *made = mln_value_new(e->arena, MLN_V_ARRAY);

    MLN_REQUIRE(made, NO_MEMORY);
    if (!list || !criteria) {
        return MLN_OK; /* neither stands without the other */
    }
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        MLN_TRY(mln_cross_is_far(e->cse, v->text) ? name_far(e, d, v->text, made)
                                                  : subscribe(e, d, v->text, criteria, made));
        criteria = criteria->next ? criteria->next : criteria;
    }
    return mln_draft_set(d, MLN_S("rrats"), made);
}

/* A subscription that is there gets one more target. spec: TS-0004 7.4.58.2.1 b) */
static mln_err join(struct mln_exec *e, struct mln_slice to)
{
    struct mln_value *attributes = mln_value_new(e->arena, MLN_V_OBJECT);
    struct mln_value *targets;
    struct mln_slice list;
    struct question q;

    MLN_REQUIRE(attributes, NO_MEMORY);
    MLN_TRY(ask(e, &q, MLN_OP_RETRIEVE, to, NULL));
    if (q.exec.result.ty != MLN_TY_SUB || !mln_pack_find(q.exec.result.attrs, MLN_S("nu"), &list)) {
        mln_fault_set(e->fault, "srat: %.*s is no subscription", MLN_S_ARG(to));
        MLN_FAIL(CROSS_RESOURCE);
    }
    if (mln_cross_names(e->cse, &q.exec.result, e->crossing)) {
        return MLN_OK; /* named twice */
    }
    MLN_TRY(mln_pack_to_value(list, e->arena, &targets));
    MLN_TRY(mln_value_append(targets, mln_value_text(e->arena, e->crossing)));
    MLN_TRY(mln_value_set(attributes, MLN_S("nu"), targets));
    return ask(e, &q, MLN_OP_UPDATE, to, attributes);
}

static mln_err join_all(struct mln_exec *e)
{
    const struct mln_value *list = mln_value_get(e->attributes, MLN_S("srat"));

    for (const struct mln_value *v = list ? list->items.first : NULL; v; v = v->next) {
        MLN_TRY(mln_cross_is_far(e->cse, v->text) ? MLN_OK : join(e, v->text));
    }
    return MLN_OK;
}

static bool has_far(const struct mln_exec *e, struct mln_slice name)
{
    const struct mln_value *list = mln_value_get(e->attributes, name);
    const struct mln_value *v = list ? list->items.first : NULL;

    while (v && !mln_cross_is_far(e->cse, v->text)) {
        v = v->next;
    }
    return v != NULL;
}

/* ---- the operations ---- */

static void set_policies(struct mln_draft *d)
{
    d->resource.flags &= (uint16_t)~MLN_RESOURCE_HAS_POLICIES;
    if (mln_policy_has_any(d->attributes)) {
        d->resource.flags |= MLN_RESOURCE_HAS_POLICIES;
    }
}

/* Time and policies of the draft; `bytes` of a crossResourceSubscription is the time from which
 * periodic windows follow one another. */
static void set_up(struct mln_draft *d, int64_t now_us)
{
    d->resource.bytes = (uint64_t)now_us;
    d->resource.flags |= MLN_RESOURCE_SHOWS_CREATOR; /* spec: TS-0001 9.6.58: multiplicity 1 */
    set_policies(d);
}

static mln_err perform_create(struct mln_exec *e, struct mln_draft *d)
{
    MLN_TRY(mln_verify_require(e));
    set_up(d, d->resource.ct);
    MLN_TRY(mln_tally_set(e, d));
    MLN_TRY(begin(e));
    e->crossing = d->resource.ri;
    MLN_TRY(join_all(e));
    MLN_TRY(subscribe_all(e, d));
    return has_far(e, MLN_S("rrat")) || has_far(e, MLN_S("srat")) ? mln_cross_ask(e, d) : MLN_OK;
}

/* spec: TS-0004 7.4.58.2.3 */
static mln_err restart_window(struct mln_exec *e, struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.lt);

    if (!mln_value_get(e->attributes, MLN_S("tws")) &&
        !mln_value_get(e->attributes, MLN_S("twt"))) {
        return MLN_OK;
    }
    d->resource.bytes = (uint64_t)d->resource.lt;
    return mln_alarm_clear(&c, d->resource.id, MLN_ALARM_CROSS);
}

/* Those that were made for it go on as long as it does. */
static mln_err prolong_all(struct mln_exec *e, const struct mln_draft *d)
{
    const struct mln_value *made = mln_value_get(d->attributes, MLN_S("rrats"));
    struct mln_change c = mln_exec_change(e, d->resource.lt);
    struct question q;

    if (!made || !mln_value_get(e->attributes, MLN_S("et"))) {
        return MLN_OK;
    }
    MLN_TRY(begin(e));
    MLN_TRY(mln_cross_far_prolong(&c, d->old, e->originator.text, d->resource.et));
    for (const struct mln_value *v = made->items.first; v; v = v->next) {
        struct mln_value *attributes = mln_value_new(e->arena, MLN_V_OBJECT);

        if (mln_cross_is_far(e->cse, v->text)) {
            continue;
        }
        MLN_REQUIRE(attributes, NO_MEMORY);
        MLN_TRY(put_expiration(d, e->arena, attributes));
        MLN_TRY(ask(e, &q, MLN_OP_UPDATE, v->text, attributes));
    }
    return MLN_OK;
}

static mln_err perform_update(struct mln_exec *e, struct mln_draft *d)
{
    MLN_TRY(mln_verify_require(e));
    MLN_TRY(mln_sub_begin_counting(e, d));
    set_policies(d);
    MLN_TRY(mln_tally_set(e, d));
    MLN_TRY(restart_window(e, d));
    return prolong_all(e, d);
}

/* spec: TS-0004 7.4.58.2.4 */
static mln_err finish_delete(struct mln_exec *e)
{
    struct mln_change c = mln_exec_change(e, mln_env_now_us(e->cse->options.env));

    return mln_cross_part_all(&c, &e->result);
}

static mln_err removed(const struct mln_change *c, const struct mln_resource *r)
{
    MLN_TRY(mln_cross_release(c, r));
    return mln_policy_removed(c, r);
}

/* A window that ends leaves nothing to do: with its alarm what was counted is gone. */
static mln_err ring(const struct mln_change *c, const struct mln_resource *r,
                    const struct mln_alarm *alarm)
{
    if (alarm->kind == MLN_ALARM_CROSS) {
        return MLN_OK;
    }
    return alarm->kind == MLN_ALARM_PARTED ? mln_tree_remove(c, r) : mln_policy_alarm(c, r, alarm);
}

const struct mln_type_ops mln_crs_ops = {
    .ty = MLN_TY_CRS,
    .operations = MLN_OPS_CRUD | MLN_OPS_NOTIFY,
    .decide = mln_cross_decide,
    .create = { .validate = validate_create, .perform = perform_create },
    .update = { .validate = validate_update, .perform = perform_update },
    .del = { .finish = finish_delete },
    .notify = { .perform = mln_cross_notified },
    .removed = removed,
    .alarm = ring,
};
