/* Asking notification targets for their consent. spec: TS-0004 7.5.1.2.3 */
#include "cse/notify/verify.h"

#include <stdio.h>

#include "cse/group/fan_out.h"
#include "cse/notify/attempt.h"
#include "cse/notify/cross.h"
#include "cse/notify/event.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/transit.h"
#include "cse/types/sub.h"
#include "model/pack.h"

/* One target to ask. */
struct question {
    struct question *next;
    struct mln_slice target; /* as the request has it */
    struct mln_attempt attempt;
    struct mln_exec *exec;
};

/* All of them, and how it stands. */
struct mln_inquiry {
    struct question *first;
    unsigned open;
    mln_err outcome;
};

static bool names_subscription(struct mln_slice root)
{
    return mln_slice_eq(root, MLN_S("m2m:sub")) || mln_slice_eq(root, MLN_S("m2m:crs"));
}

/* By what the request says. */
static bool needs_consent(const struct mln_exec *e)
{
    const struct mln_value *attributes = mln_exec_attributes(&e->req);

    if (e->cse->options.verify == MLN_VERIFY_NONE || !mln_value_get(attributes, MLN_S("nu"))) {
        return false;
    }
    return e->req.op == MLN_OP_CREATE
               ? mln_sub_is_any(e->req.ty)
               : e->req.op == MLN_OP_UPDATE && names_subscription(e->req.pc->items.first->name);
}

bool mln_verify_concerns(const struct mln_exec *e)
{
    return !e->is_verified && !e->refusal.ptr && needs_consent(e);
}

mln_err mln_verify_require(struct mln_exec *e)
{
    if (e->is_verified || !needs_consent(e)) {
        return MLN_OK;
    }
    mln_fault_set(e->fault, "%.*s", MLN_S_ARG(e->refusal));
    MLN_FAIL(VERIFICATION);
}

/* ---- who is to be asked ---- */

/* A target that the subscription has already was asked before. */
static bool is_known(const struct mln_exec *e, struct mln_slice target)
{
    struct mln_slice list;
    struct mln_walk w;
    struct mln_slice known;

    if (e->req.op != MLN_OP_UPDATE ||
        !mln_pack_find(e->target.resource.attrs, MLN_S("nu"), &list)) {
        return false;
    }
    if (mln_cross_names(e->cse, &e->target.resource, target)) {
        return true; /* it is heard here */
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &known) && mln_slice_eq(known, target)) {
            return true;
        }
    }
    return false;
}

static mln_err refuse(struct mln_exec *e, struct mln_slice target, const char *why)
{
    struct mln_slice shown = mln_reach_shown(target);

    mln_fault_set(e->fault, "nu: %.*s %s", MLN_S_ARG(shown), why);
    MLN_FAIL(VERIFICATION);
}

/* The creator must be allowed to notify an <AE> that is hosted here. spec: TS-0004 7.5.1.2.3 */
static mln_err check_privilege(struct mln_exec *e, struct mln_slice target)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_slice local;
    struct mln_access a;
    struct mln_resource r;
    bool permits;

    if (mln_ident_is_url(target) ||
        mln_ident_place(target, &e->cse->names, &local) != MLN_PLACE_HERE) {
        return MLN_OK; /* another CSE decides itself */
    }
    if (mln_failed(mln_locate_lookup(&l, target, &r))) {
        return refuse(e, target, "cannot be found");
    }
    mln_exec_begin_access(e, e->arena, &a);
    MLN_TRY(mln_access_permits(&a, &r, MLN_PRIVILEGE_NOTIFY, &permits));
    return permits ? MLN_OK : refuse(e, target, "may not be notified by the originator");
}

/* `plain` is the target without its serialisation indicator. */
static mln_err add_question(struct mln_exec *e, struct mln_slice target, struct mln_slice plain)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct question *q = mln_arena_zalloc(e->arena, 1, sizeof *q);

    MLN_REQUIRE(q, NO_MEMORY);
    MLN_TRY(check_privilege(e, plain));
    MLN_TRY(mln_reach_find(&l, target, &q->attempt.reach));
    if (!mln_reach_is_possible(&q->attempt.reach)) {
        return refuse(e, plain, "cannot be reached");
    }
    q->exec = e;
    q->target = plain;
    q->next = e->inquiry->first;
    e->inquiry->first = q;
    return MLN_OK;
}

static mln_err consider(struct mln_exec *e, struct mln_slice target)
{
    struct mln_slice plain;
    struct mln_slice ct;
    bool is_originator;

    MLN_TRY(mln_reach_strip(e->arena, target, &plain, &ct));
    MLN_TRY(mln_reach_is_originator(e, plain, &is_originator));
    if (is_originator || is_known(e, target) ||
        (mln_ident_is_url(plain) && e->cse->options.verify == MLN_VERIFY_RESOURCES)) {
        return MLN_OK;
    }
    return add_question(e, target, plain);
}

/* ---- what they are told ---- */

/* The name of a new subscription is fixed now, so that the targets can be told it. */
static mln_err assign_name(struct mln_exec *e, struct mln_slice *ret)
{
    const struct mln_value *rn = mln_value_get(e->attributes, MLN_S("rn"));
    uint64_t random;
    char text[24];
    int len;

    if (rn) {
        *ret = rn->text;
        return MLN_OK;
    }
    MLN_TRY(mln_env_random(e->cse->options.env, &random, sizeof random));
    len = snprintf(text, sizeof text, "%.*s-%016llx",
                   MLN_S_ARG(mln_model_type(e->req.ty)->short_name), (unsigned long long)random);
    MLN_REQUIRE(mln_arena_dup(e->arena, mln_slice_of(text, (size_t)len), &e->assigned_name),
                NO_MEMORY);
    *ret = e->assigned_name;
    return MLN_OK;
}

/* SP-relative identifier of the subscription; through a fanOutPoint that of all of them. */
static mln_err make_reference(struct mln_exec *e, struct mln_slice *ret)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_slice path;
    struct mln_slice name = { 0 };
    struct mln_buf buf;

    MLN_TRY(mln_locate_path(&l, &e->target.resource, &path));
    mln_buf_init(&buf, e->arena, SIZE_MAX);
    mln_buf_add(&buf, e->cse->names.cse_id);
    mln_buf_byte(&buf, '/');
    mln_buf_add(&buf, path);
    if (e->is_fan_out) {
        mln_buf_add(&buf, MLN_S("/fopt"));
    }
    if (e->target.rest.len) {
        mln_buf_byte(&buf, '/');
        mln_buf_add(&buf, e->target.rest);
    }
    if (e->req.op == MLN_OP_CREATE) {
        MLN_TRY(assign_name(e, &name));
        mln_buf_byte(&buf, '/');
        mln_buf_add(&buf, name);
    }
    return mln_buf_finish(&buf, ret);
}

/* Another CSE would take a creator without CSE-ID for one of its own AEs. */
static mln_err write_questions(struct mln_exec *e)
{
    struct mln_slice reference;
    struct mln_slice creator;
    struct mln_slice here;
    struct mln_slice elsewhere;

    if (!e->inquiry->first) {
        return MLN_OK;
    }
    MLN_TRY(make_reference(e, &reference));
    MLN_TRY(mln_event_verification(e->arena, reference, e->originator.text, &here));
    MLN_TRY(mln_transit_from(e, false, &creator));
    MLN_TRY(mln_event_verification(e->arena, reference, creator, &elsewhere));
    for (struct question *q = e->inquiry->first; q; q = q->next) {
        q->attempt.content = q->attempt.reach.is_through_cse ? elsewhere : here;
    }
    return MLN_OK;
}

static mln_err find_questions(struct mln_exec *e)
{
    const struct mln_value *targets = mln_value_get(e->attributes, MLN_S("nu"));

    MLN_REQUIRE(targets->kind == MLN_V_ARRAY, ATTR_INVALID);
    for (const struct mln_value *v = targets->items.first; v; v = v->next) {
        MLN_TRY(consider(e, v->text));
    }
    return write_questions(e);
}

/* The members of a group answer for themselves, each with the same reason. */
static mln_err refuse_members(struct mln_exec *e, mln_err err)
{
    mln_fault_set(e->fault, "%s", mln_err_text(err));
    MLN_REQUIRE(mln_arena_dup(e->arena, mln_slice_z(e->fault->text), &e->refusal), NO_MEMORY);
    mln_fault_clear(e->fault);
    return MLN_OK;
}

/* What is wrong by itself, or cannot be asked, is no question: each member will find it wrong. */
static mln_err prepare_fan_out(struct mln_exec *e)
{
    mln_err err;

    MLN_TRY(mln_fan_out_check(e));
    err = mln_sub_check(e);
    if (!mln_failed(err)) {
        err = find_questions(e);
    }
    if (!mln_failed(err) || mln_err_class(err) == MLN_ERR_CLASS_RESOURCE ||
        mln_err_class(err) == MLN_ERR_CLASS_INTERNAL) {
        return err;
    }
    e->inquiry->first = NULL;
    return refuse_members(e, err);
}

mln_err mln_verify_prepare(struct mln_exec *e)
{
    e->inquiry = mln_arena_zalloc(e->arena, 1, sizeof *e->inquiry);
    MLN_REQUIRE(e->inquiry, NO_MEMORY);
    return e->is_fan_out ? prepare_fan_out(e) : find_questions(e);
}

/* ---- asking ---- */

/* All have answered. */
static void go_on(struct mln_exec *e)
{
    mln_err outcome = e->inquiry->outcome;

    e->is_verified = !mln_failed(outcome);
    if (mln_failed(outcome) && e->is_fan_out) {
        outcome = refuse_members(e, outcome);
    }
    mln_exec_resume(e, outcome);
}

static void answered(struct mln_attempt *attempt, const struct mln_outbound_answer *answer)
{
    struct question *q = attempt->data;
    struct mln_exec *e = q->exec;
    struct mln_slice shown = mln_reach_shown(q->target); /* where an AE is reached is not theirs */

    if (!mln_attempt_succeeded(answer) && !mln_failed(e->inquiry->outcome)) {
        mln_fault_clear(e->fault);
        mln_fault_set(e->fault, "nu: %.*s did not confirm the subscription", MLN_S_ARG(shown));
        e->inquiry->outcome = MLN_ERROR(VERIFICATION);
    }
    if (--e->inquiry->open == 0) {
        go_on(e);
    }
}

mln_err mln_verify_start(struct mln_exec *e, enum mln_step *ret)
{
    if (!e->inquiry->first) {
        e->is_verified = !e->refusal.ptr;
        *ret = MLN_STEP_NEXT;
        return MLN_OK;
    }
    MLN_TRY(mln_exec_park(e));
    *ret = MLN_STEP_PARKED;
    e->inquiry->open = 1; /* held until all are sent: answers may come at once */
    for (struct question *q = e->inquiry->first; q; q = q->next) {
        q->attempt.done = answered;
        q->attempt.data = q;
        e->inquiry->open++;
        mln_attempt_start_for(e, &q->attempt, e->cse->options.limits->verify_ms);
    }
    if (--e->inquiry->open == 0) {
        go_on(e);
    }
    return MLN_OK;
}
