/* <delivery>. spec: TS-0004 7.4.11; TS-0001 9.6.11, 10.2.5.8 to 10.2.5.11 */
#include "cse/types/dlv.h"

#include "base/association.h"
#include "base/num.h"
#include "base/timestamp.h"
#include "cse/access/proof.h"
#include "cse/notify/fresh.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/kept.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/errand.h"
#include "cse/remote/remote.h"
#include "cse/remote/transit.h"
#include "cse/types/req.h"

enum { HOPS = 32 };

/* ---- who may ---- */

static bool is_cse(const struct mln_originator *o)
{
    return o->entity.cse.len && !o->entity.stem.len && o->is_proved && !o->is_admin;
}

/* A registree or the registrar hands over, as it may forward; each request meets the policies of
 * its own target. spec: TS-0001 9.6.11; docs/decisions/0040 */
static mln_err decide_create(struct mln_exec *e, enum mln_verdict *ret)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_remote way;
    mln_err err;

    if (e->target.resource.ty != MLN_TY_CB) {
        return MLN_OK; /* it is the wrong place, for who may know of that */
    }
    err = mln_remote_find(&l, &e->originator.entity, &way);
    *ret = !mln_failed(err) && mln_entity_eq(&way.cse, &e->originator.entity) ? MLN_VERDICT_PERMIT
                                                                              : MLN_VERDICT_DENY;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* AEs neither create nor change one; who may not see it must not learn that it is there.
 * spec: TS-0004 7.4.11.2 */
static mln_err decide(struct mln_exec *e, enum mln_verdict *ret)
{
    bool shows;

    *ret = MLN_VERDICT_NONE;
    if (e->req.op == MLN_OP_RETRIEVE || e->req.op == MLN_OP_NOTIFY) {
        return MLN_OK;
    }
    if (is_cse(&e->originator)) {
        return e->req.op == MLN_OP_CREATE ? decide_create(e, ret) : MLN_OK;
    }
    MLN_TRY(mln_exec_shows(e, e->arena, &e->target.resource, &shows));
    if (!shows) {
        *ret = MLN_VERDICT_DENY;
        return MLN_OK;
    }
    mln_fault_set(e->fault, "only a CSE may do this, for itself");
    MLN_FAIL(OPERATION);
}

/* ---- what is handed over ---- */

/* The parties to a delivery. */
struct parties {
    struct mln_entity creator;
    struct mln_entity source;
    struct mln_entity target;
    bool is_for_us;
    struct mln_peer peer; /* of its requests */
};

static mln_err refuse(struct mln_exec *e, const char *why)
{
    mln_fault_set(e->fault, "%s", why);
    MLN_FAIL(ATTR_INVALID);
}

static struct mln_slice text_of(const struct mln_exec *e, struct mln_slice name)
{
    const struct mln_value *v = mln_value_get(e->attributes, name);
    struct mln_slice text = { 0 };

    if (v) {
        return v->text;
    }
    if (e->req.op == MLN_OP_UPDATE) {
        (void)mln_pack_find_text(e->target.resource.attrs, name, &text);
    }
    return text;
}

static bool is_us(const struct mln_cse *cse, const struct mln_entity *entity)
{
    struct mln_entity ours;

    return mln_entity_parse_cse(cse->names.cse_id, &cse->names, &ours) &&
           mln_entity_eq(&ours, entity);
}

static bool is_from_above(const struct mln_cse *cse, const struct mln_entity *creator)
{
    return mln_remote_is_registrar(cse, creator);
}

/* There must be a way, and not back. No way now may be one later. */
static mln_err check_way(struct mln_exec *e, const struct mln_lookup *l, const struct parties *p,
                         struct mln_slice target)
{
    struct mln_remote way;
    struct mln_reach reach;
    mln_err err = mln_remote_route(l, target, is_from_above(e->cse, &p->creator), &way, &reach);

    if (err.code == MLN_ERR_NOT_FOUND ||
        (!mln_failed(err) && mln_entity_eq(&way.cse, &p->creator))) {
        mln_fault_set(e->fault, "tg: no route to that CSE");
        MLN_FAIL(NOT_FOUND);
    }
    return err.code == MLN_ERR_NOT_REACHABLE ? MLN_OK : err;
}

static mln_err find_parties(struct mln_exec *e, struct parties *p)
{
    const struct mln_names *names = &e->cse->names;
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_slice target = text_of(e, MLN_S("tg"));
    struct mln_errand ask;
    bool speaks;

    p->creator = e->originator.entity;
    if (!mln_entity_parse_cse(text_of(e, MLN_S("sr")), names, &p->source) ||
        !mln_entity_parse_cse(target, names, &p->target)) {
        return refuse(e, "sr, tg: must be CSE-IDs, SP-relative or absolute");
    }
    if (!mln_entity_is_at_home(&p->creator, names) || !mln_entity_is_at_home(&p->source, names) ||
        !mln_entity_is_at_home(&p->target, names)) {
        mln_fault_set(e->fault, "deliveries stay within the service provider");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    ask = (struct mln_errand){ .neighbour = p->creator, .originator = p->source };
    MLN_TRY(mln_remote_speaks_for(&l, &ask, &speaks));
    if (!speaks || is_us(e->cse, &p->source)) {
        return refuse(e, "sr: this CSE does not speak for that one");
    }
    p->is_for_us = is_us(e->cse, &p->target);
    return p->is_for_us ? MLN_OK : check_way(e, &l, p, target);
}

/* spec: TS-0001 9.6.11; a loop ends where it closes */
static mln_err check_trace(struct mln_exec *e)
{
    const struct mln_value *list =
        mln_value_get(mln_value_get(e->attributes, MLN_S("dmd")), MLN_S("tcin"));
    struct mln_entity cse;

    if (!list || list->kind != MLN_V_ARRAY) {
        return MLN_OK;
    }
    if (list->items.count > HOPS) {
        return refuse(e, "dmd: it has passed too many CSEs");
    }
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        if (mln_entity_parse_cse(v->text, &e->cse->names, &cse) && is_us(e->cse, &cse)) {
            return refuse(e, "dmd: it has passed this CSE already");
        }
    }
    return MLN_OK;
}

static mln_err check_lifespan(struct mln_exec *e)
{
    const struct mln_value *ls = mln_value_get(e->attributes, MLN_S("ls"));
    int64_t us;

    if (!ls) {
        return MLN_OK;
    }
    if (!mln_timestamp_parse(ls->text, &us) || us <= mln_env_now_us(e->cse->options.env)) {
        return refuse(e, "ls: the lifespan is over");
    }
    return MLN_OK;
}

/* ---- its requests ---- */

/* The result goes to the source of the delivery and to nobody else: whoever could name any target
 * would have this CSE speak to it. */
static mln_err check_result_targets(struct mln_exec *e, const struct parties *p,
                                    const struct mln_value *mi)
{
    const struct mln_value *nu = mln_value_get(mln_value_get(mi, MLN_S("rt")), MLN_S("nu"));
    struct mln_entity host;

    if (!nu || nu->kind != MLN_V_ARRAY) {
        return MLN_OK; /* then it goes to From */
    }
    if (nu->items.count > MLN_DLV_TARGETS) {
        mln_fault_set(e->fault, "arq: too many targets of a result");
        MLN_FAIL(LIMIT);
    }
    for (const struct mln_value *v = nu->items.first; v; v = v->next) {
        if (mln_ident_is_url(v->text) || !mln_remote_host(e->cse, v->text, &host) ||
            !mln_entity_eq(&host, &p->source)) {
            return refuse(e, "arq: results go to resources of the source");
        }
    }
    return MLN_OK;
}

/* Tokens are secrets, which are not to be stored; roles hang on a credential of the moment. */
static mln_err check_claims(struct mln_exec *e, const struct mln_value *mi)
{
    static const char *const names[] = { "tkns", "tids", "ltids", "rids", "tqi" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (mln_value_get(mi, mln_slice_z(names[i]))) {
            mln_fault_set(e->fault, "arq: %s: not with delivery aggregation", names[i]);
            MLN_FAIL(NOT_IMPLEMENTED);
        }
    }
    return MLN_OK;
}

/* Registrations are for the registrar itself, and no delivery contains another. */
static mln_err check_kind(struct mln_exec *e, const struct mln_value *request,
                          const struct mln_value *mi)
{
    uint64_t op = 0;
    uint64_t ty = 0;

    (void)mln_value_u64(mln_value_get(request, MLN_S("op")), &op);
    (void)mln_value_u64(mln_value_get(mi, MLN_S("ty")), &ty);
    if (op == MLN_OP_CREATE && (ty == MLN_TY_AE || ty == MLN_TY_CSR || ty == MLN_TY_DLV)) {
        return refuse(e, "arq: such a resource is not created by a delivery");
    }
    return MLN_OK;
}

/* As though the request had been forwarded by itself; what comes back from a group is no
 * <delivery>, so none is from our AEs. spec: TS-0004 7.3.2.1 */
static mln_err check_from(struct mln_exec *e, const struct parties *p, struct mln_slice from)
{
    struct mln_originator unused;
    struct mln_identify in = {
        .cse = e->cse,
        .view = e->view,
        .arena = e->arena,
        .peer = &p->peer,
        .from = from,
        .fault = e->fault,
    };

    return mln_access_identify(&in, &unused);
}

static mln_err check_request(struct mln_exec *e, const struct parties *p,
                             const struct mln_value *request)
{
    const struct mln_value *mi = mln_value_get(request, MLN_S("mi"));
    struct mln_slice to = mln_value_get(request, MLN_S("to"))->text;
    struct mln_entity host;

    if (!mln_remote_host(e->cse, to, &host) || !mln_entity_eq(&host, &p->target)) {
        return refuse(e, "arq: a request is for another CSE");
    }
    MLN_TRY(check_kind(e, request, mi));
    MLN_TRY(check_claims(e, mi));
    MLN_TRY(check_result_targets(e, p, mi));
    return check_from(e, p, mln_value_get(request, MLN_S("fr"))->text);
}

static struct mln_slice credential_of(const struct mln_exec *e)
{
    const struct mln_association *a = mln_proof_of(e->cse, e->peer);

    return a ? a->credential_id : (struct mln_slice){ 0 };
}

static mln_err check_requests(struct mln_exec *e, struct parties *p)
{
    const struct mln_value *list =
        mln_value_get(mln_value_get(e->attributes, MLN_S("arq")), MLN_S("req"));
    struct mln_association association = MLN_DLV_ASSOCIATION(e->originator.text, credential_of(e));

    if (!list || list->kind != MLN_V_ARRAY) {
        return MLN_OK;
    }
    if (list->items.count > e->cse->options.limits->delivery_requests) {
        mln_fault_set(e->fault, "arq: too many requests");
        MLN_FAIL(LIMIT);
    }
    p->peer = (struct mln_peer){ .is_secured = true, .association = &association };
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        MLN_TRY(check_request(e, p, v));
    }
    p->peer.association = NULL;
    return MLN_OK;
}

/* ---- CREATE ---- */

static mln_err validate_create(struct mln_exec *e)
{
    struct mln_change c = mln_exec_change(e, mln_env_now_us(e->cse->options.env));
    struct parties p;
    mln_err err;

    if (mln_peer_is_end_to_end(e->peer)) {
        mln_fault_set(e->fault, "a delivery is handed over by a neighbour");
        MLN_FAIL(OPERATION);
    }
    err = mln_dlv_check_room(&c, e->originator.text);

    if (err.code == MLN_ERR_OVERLOAD) {
        mln_fault_set(e->fault, "too many deliveries of this CSE");
    }
    MLN_TRY(err);
    MLN_TRY(check_lifespan(e));
    MLN_TRY(check_trace(e));
    MLN_TRY(find_parties(e, &p));
    return check_requests(e, &p);
}

/* It lives no longer than it may try. */
static mln_err limit_life(struct mln_draft *d)
{
    const struct mln_value *ls = mln_value_get(d->attributes, MLN_S("ls"));
    int64_t us;

    MLN_REQUIRE(ls && mln_timestamp_parse(ls->text, &us), STORE_CORRUPT);
    d->resource.et = d->resource.et < us ? d->resource.et : us;
    return MLN_OK;
}

static mln_err perform_create(struct mln_exec *e, struct mln_draft *d)
{
    (void)e;
    return limit_life(d);
}

static mln_err begin(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.lt);
    struct mln_dlv_state state = { .id = d->resource.id,
                                   .credential_id = credential_of(e),
                                   .queue = d->resource.cr };

    state.credential_state = mln_kept_state(e->cse, state.credential_id);

    if (!mln_value_get(e->attributes, MLN_S("arq"))) {
        return MLN_OK;
    }
    mln_fresh_deliveries(e->cse->fresh);
    return mln_dlv_put_state(&c, &state);
}

static mln_err finish_create(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.lt);

    MLN_TRY(mln_dlv_take_room(&c, d->resource.cr));
    return begin(e, d);
}

/* ---- UPDATE ---- */

/* spec: TS-0001 10.2.5.10: not when it has been handed on; 10.2.5.8: the requests may come later */
static mln_err validate_update(struct mln_exec *e)
{
    const struct mln_resource *old = &e->target.resource;
    struct mln_slice unused;
    struct parties p;
    bool done;

    MLN_TRY(mln_dlv_is_done(e, old->id, &done));
    if (done || (mln_value_get(e->attributes, MLN_S("arq")) &&
                 mln_pack_find(old->attrs, MLN_S("arq"), &unused))) {
        mln_fault_set(e->fault, "the requests have been handed over already");
        MLN_FAIL(REPLACE);
    }
    MLN_TRY(check_lifespan(e));
    MLN_TRY(check_trace(e));
    if (!mln_value_get(e->attributes, MLN_S("arq"))) {
        return MLN_OK;
    }
    if (!mln_slice_eq(e->originator.text, old->cr)) {
        mln_fault_set(e->fault, "arq: only from the CSE that created the delivery");
        MLN_FAIL(NO_PRIVILEGE);
    }
    MLN_TRY(find_parties(e, &p));
    return check_requests(e, &p);
}

static mln_err perform_update(struct mln_exec *e, struct mln_draft *d)
{
    bool is_later = mln_value_get(e->attributes, MLN_S("ls")) != NULL;

    if (is_later && !mln_value_get(e->attributes, MLN_S("et"))) {
        d->resource.et = d->resource.lt + e->cse->options.max_lifetime_us;
    }
    return limit_life(d);
}

const struct mln_type_ops mln_dlv_ops = {
    .ty = MLN_TY_DLV,
    .operations = MLN_OPS_CRUD,
    .is_private = true,
    .decide = decide,
    .create = { .validate = validate_create, .perform = perform_create, .finish = finish_create },
    .update = { .validate = validate_update, .perform = perform_update, .finish = begin },
    .removed = mln_dlv_removed,
};
