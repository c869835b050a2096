/* Recv-1.0, Recv-6.1, Recv-6.2: is the request well-formed, who asks, is it for us, and for what?
 * spec: TS-0004 7.3.2.1, 7.3.2.8, 7.3.3.1, 7.3.3.2 */
#include "base/log.h"
#include "base/timestamp.h"
#include "cse/access/admit.h"
#include "cse/group/gid.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/govern.h"
#include "cse/remote/transit.h"
#include "cse/types/types.h"
#include "model/special.h"

/* A discovery asks for addresses, and needs no RETRIEVE: it cannot ask for attributes as well. */
static mln_err check_selection(struct mln_exec *e)
{
    const struct mln_request *req = &e->req;

    if (req->atrl && req->fc && req->fc->usage == MLN_FILTER_USAGE_DISCOVERY) {
        mln_fault_set(e->fault, "atrl: not allowed in discovery");
        MLN_FAIL(PARAM_INVALID);
    }
    return MLN_OK;
}

enum { ADMIN_PAUSE_S = 60 };

/* The peer learns no more than anybody with an unknown name; who runs the CSE does, now and then.
 */
static void tell_of_admin(const struct mln_exec *e)
{
    _Atomic int64_t *told_us = &e->cse->admin_told_us;
    int64_t now_us = mln_env_now_us(e->cse->options.env);
    int64_t last_us = *told_us;

    if (mln_proof_is_trusted(e->peer) || !mln_slice_eq(e->req.fr, e->cse->options.admin) ||
        (last_us && now_us >= last_us && now_us - last_us < ADMIN_PAUSE_S * MLN_US_PER_S)) {
        return;
    }
    *told_us = now_us;
    mln_log(MLN_LOG_INFO, "access",
            "%s: %.*s is the administrator on trusted listeners or by a credential of its own",
            e->peer->name, MLN_S_ARG(e->req.fr));
}

typedef mln_err read_fn(struct mln_value *params, int64_t now_us, const struct mln_limits *limits,
                        struct mln_arena *arena, struct mln_request *req, struct mln_fault *fault);

static mln_err read_parameters(struct mln_exec *e, read_fn *read)
{
    return read(e->call->params, mln_env_now_us(e->cse->options.env), e->cse->options.limits,
                e->arena, &e->req, e->fault);
}

/* Its parameters are to be shown in a <request> of ours. */
static bool is_left_here(const struct mln_exec *e)
{
    return e->req.rt == MLN_RT_NON_BLOCKING_SYNCH || e->req.rt == MLN_RT_NON_BLOCKING_ASYNCH;
}

bool mln_exec_aggregates(const struct mln_exec *e)
{
    const struct mln_value *da = mln_value_get(e->call->params, MLN_S("da"));

    return da && da->kind == MLN_V_BOOL && da->boolean;
}

/* Nobody could wait for an answer that comes in another delivery. docs/decisions/0040 */
static mln_err check_aggregation(struct mln_exec *e)
{
    if (mln_exec_aggregates(e) && !is_left_here(e)) {
        mln_fault_set(e->fault, "da: with a non-blocking request only");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return MLN_OK;
}

/* spec: TS-0004 7.3.2.1 */
mln_err mln_stage_check(struct mln_exec *e, enum mln_step *ret)
{
    const struct mln_value *question = mln_value_take(e->call->params, MLN_S("mln-explain"));
    mln_err err;

    (void)ret;
    e->is_transit = !question && mln_transit_concerns(e->cse, e->call->params);
    err = read_parameters(e, e->is_transit ? mln_request_read_envelope : mln_request_read);
    if (!mln_failed(err) && e->is_transit && is_left_here(e)) {
        err = read_parameters(e, mln_request_read);
    }
    e->response->rqi = e->req.rqi;
    e->response->rvi = e->req.rvi;
    e->response->vsi = e->req.vsi;
    MLN_TRY(err);
    MLN_TRY(check_aggregation(e));
    if (e->is_transit && mln_peer_is_end_to_end(e->peer)) {
        mln_fault_set(e->fault, "to: what comes in an ESPrim object is for this CSE");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    if (e->is_transit) {
        return MLN_OK; /* the rest is for the hosting CSE to judge */
    }
    if (!e->cse->tokens && (e->req.tkns || e->req.tids || e->req.ltids)) {
        mln_fault_set(e->fault, "tokens are not supported");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    MLN_TRY(check_selection(e));
    return question ? mln_explain_begin(e, question) : MLN_OK;
}

/* spec: TS-0004 7.3.3.12 */
static struct mln_slice form_of_answer(const struct mln_exec *e)
{
    return e->call->serialisation.len ? e->call->serialisation : e->originator.serialisation;
}

mln_err mln_stage_identify(struct mln_exec *e, enum mln_step *ret)
{
    struct mln_identify in = {
        .cse = e->cse,
        .view = e->view,
        .arena = e->arena,
        .peer = e->peer,
        .from = e->req.fr,
        .op = e->req.op,
        .created_ty = e->req.op == MLN_OP_CREATE ? e->req.ty : 0,
        .is_registration = e->req.op == MLN_OP_CREATE && e->req.ty == MLN_TY_AE,
        .is_cse_registration = e->req.op == MLN_OP_CREATE && e->req.ty == MLN_TY_CSR,
        .fault = e->fault,
    };

    mln_err err;

    (void)ret;
    err = e->acts ? mln_access_assume(&in, false, &e->originator)
                  : mln_access_identify(&in, &e->originator);
    e->response->serialisation = e->originator.serialisation;
    if (e->call) { /* members answer as their group */
        e->answers_xml = mln_slice_eq(form_of_answer(e), MLN_S("xml"));
    }
    if (e->peer &&
        (err.code == MLN_ERR_NOT_AUTHENTICATED || err.code == MLN_ERR_NEEDS_ASSOCIATION)) {
        tell_of_admin(e);
    }
    return err;
}

/* spec: TS-0004 7.3.2.7 */
mln_err mln_stage_admit(struct mln_exec *e, enum mln_step *ret)
{
    const struct mln_value *api = mln_value_get(mln_exec_attributes(&e->req), MLN_S("api"));
    struct mln_registration in = {
        .cse = e->cse,
        .view = e->view,
        .arena = e->arena,
        .association = mln_proof_of(e->cse, e->peer),
        .from = e->req.fr,
        .app_id = api && api->kind == MLN_V_TEXT ? api->text : (struct mln_slice){ 0 },
        .fault = e->fault,
    };

    (void)ret;
    if (e->req.op != MLN_OP_CREATE || e->req.ty != MLN_TY_AE) {
        return MLN_OK;
    }
    return mln_admit(&in, &e->admission);
}

/* spec: TS-0004 7.3.2.8 */
mln_err mln_stage_route(struct mln_exec *e, enum mln_step *ret)
{
    (void)ret;
    switch (mln_ident_place(e->req.to, &e->cse->names, &e->local)) {
    case MLN_PLACE_HERE:
        return MLN_OK;
    case MLN_PLACE_OTHER_CSE:
    case MLN_PLACE_OTHER_SP:
        if (e->req.op == MLN_OP_CREATE && (e->req.ty == MLN_TY_AE || e->req.ty == MLN_TY_CSR)) {
            mln_fault_set(e->fault, "a registration cannot be sent through another CSE");
            MLN_FAIL(BAD_REQUEST);
        }
        if (e->is_transit) {
            return e->accepting ? mln_govern_check(e) : mln_transit_prepare(e);
        }
        mln_fault_set(e->fault, "no route to the CSE in To");
        MLN_FAIL(NOT_FOUND);
    case MLN_PLACE_INVALID:
        break;
    }
    mln_fault_set(e->fault, "To is no resource identifier");
    MLN_FAIL(PARAM_INVALID);
}

/* la and ol take RETRIEVE and DELETE only; the others are refused before their instance is
 * looked for. spec: TS-0004 7.4.27.2.3 */
static bool follows_virtual(const struct mln_exec *e)
{
    return e->req.op == MLN_OP_RETRIEVE || e->req.op == MLN_OP_DELETE;
}

static mln_err check_operation(struct mln_exec *e)
{
    const struct mln_target *t = &e->target;

    if (t->virtual_child == MLN_VIRTUAL_FAN_OUT) {
        e->is_fan_out = true;
        MLN_REQUIRE(e->req.op != MLN_OP_NOTIFY, OPERATION);
        return MLN_OK;
    }
    if (t->virtual_child == MLN_VIRTUAL_SEMANTIC_FAN_OUT) {
        e->is_fan_out = true;
        MLN_REQUIRE(e->req.op == MLN_OP_RETRIEVE && !e->fan, OPERATION); /* none is a member */
        return MLN_OK;
    }
    if (t->virtual_child == MLN_VIRTUAL_POLLING) {
        /* spec: TS-0004 7.4.22.2 */
        MLN_REQUIRE(e->req.op == MLN_OP_RETRIEVE || e->req.op == MLN_OP_NOTIFY, OPERATION);
        return MLN_OK;
    }
    if (t->virtual_child == MLN_VIRTUAL_SELF) {
        MLN_REQUIRE(e->req.op == MLN_OP_DELETE, OPERATION); /* spec: TS-0004 7.4.33.2 */
        return MLN_OK;
    }
    if (mln_locate_is_instance(t->virtual_child)) {
        MLN_REQUIRE(follows_virtual(e), OPERATION);
        return MLN_OK;
    }
    if (e->req.op == MLN_OP_CREATE) {
        return MLN_OK; /* whether the type may be created here is Recv-6.4 */
    }
    MLN_REQUIRE(mln_type_allows(t->resource.ty, e->req.op), OPERATION);
    return MLN_OK;
}

/* Who may not see the resource must not learn from a refusal that it is there. */
static mln_err refuse_operation(struct mln_exec *e, mln_err err)
{
    bool shows;

    MLN_TRY(mln_exec_shows(e, e->arena, &e->target.resource, &shows));
    return shows ? err : MLN_ERROR(NO_PRIVILEGE);
}

/* By Resource Type and, where that has specialisations, by Content, which is not checked yet. NULL
 * for a number that the standard does not define. */
static const struct mln_type *type_to_create(const struct mln_exec *e)
{
    const struct mln_type *base = mln_model_type(e->req.ty);
    const struct mln_value *root =
        e->req.pc && e->req.pc->kind == MLN_V_OBJECT ? e->req.pc->items.first : NULL;

    return base && root ? mln_special_of_content(base, root->name, e->attributes) : base;
}

mln_err mln_stage_resolve(struct mln_exec *e, enum mln_step *ret)
{
    struct mln_lookup l = mln_exec_lookup(e);
    mln_err err;

    (void)ret;
    err = mln_locate_resolve(&l, e->local, !follows_virtual(e), &e->target);
    if (err.code == MLN_ERR_NOT_FOUND) {
        mln_fault_set(e->fault, "no such resource");
    }
    MLN_TRY(err);
    err = check_operation(e);
    if (mln_failed(err)) {
        return refuse_operation(e, err);
    }
    e->attributes = mln_exec_attributes(&e->req);
    e->type = e->req.op == MLN_OP_CREATE ? type_to_create(e) : e->target.type;
    MLN_REQUIRE(e->type, PARAM_INVALID);
    return mln_gid_check(e, &e->target);
}
