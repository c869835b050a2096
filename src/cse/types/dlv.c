/* <delivery>. spec: TS-0004 7.4.11; TS-0001 9.6.11, 10.2.5.8 to 10.2.5.11 */
#include "cse/types/dlv.h"

#include "base/association.h"
#include "base/num.h"
#include "base/timestamp.h"
#include "cse/access/proof.h"
#include "cse/notify/fresh.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/errand.h"
#include "cse/remote/remote.h"
#include "cse/types/req.h"

enum { KEY_SIZE = 9, PENDING = 'p', DONE = 'd', HOPS = 32 };

/* ---- records ---- */

static struct mln_slice key_of(char key[static KEY_SIZE], char kind, uint64_t id)
{
    key[0] = kind;
    mln_put_be64(key + 1, id);
    return mln_slice_of(key, KEY_SIZE);
}

mln_err mln_dlv_pending(struct mln_view *view, uint64_t after, uint64_t *ret)
{
    char key[MLN_RECORD_KEY_MAX];
    size_t len;

    (void)key_of(key, PENDING, after);
    MLN_TRY(mln_record_next_key(view, MLN_SPACE_DELIVERY, mln_slice_of(key, KEY_SIZE), false, key,
                                &len));
    MLN_REQUIRE(len == KEY_SIZE, STORE_CORRUPT);
    MLN_REQUIRE(key[0] == PENDING, NOT_FOUND);
    *ret = mln_get_be64(key + 1);
    return MLN_OK;
}

mln_err mln_dlv_state(struct mln_view *view, uint64_t id, struct mln_arena *arena,
                      struct mln_dlv_state *ret)
{
    char key[KEY_SIZE];
    struct mln_slice value;

    MLN_TRY(mln_record_get(view, MLN_SPACE_DELIVERY, key_of(key, PENDING, id), arena, &value));
    *ret = (struct mln_dlv_state){ .id = id };
    MLN_REQUIRE(mln_pack_find_u64(value, MLN_S("n"), &ret->next) &&
                    mln_pack_find_text(value, MLN_S("k"), &ret->credential_id),
                STORE_CORRUPT);
    return MLN_OK;
}

static mln_err put_state(const struct mln_change *c, const struct mln_dlv_state *state)
{
    char key[KEY_SIZE];
    struct mln_slice value;
    struct mln_buf out;

    mln_buf_init(&out, c->arena, SIZE_MAX);
    mln_pack_map(&out, 2);
    mln_pack_text(&out, MLN_S("n"));
    mln_pack_uint(&out, state->next);
    mln_pack_text(&out, MLN_S("k"));
    mln_pack_text(&out, state->credential_id);
    MLN_TRY(mln_buf_finish(&out, &value));
    return mln_record_put(c->write, MLN_SPACE_DELIVERY, key_of(key, PENDING, state->id), value);
}

static mln_err erase(const struct mln_change *c, char kind, uint64_t id)
{
    char key[KEY_SIZE];

    return mln_record_erase(c->write, MLN_SPACE_DELIVERY, key_of(key, kind, id));
}

static mln_err is_done(const struct mln_exec *e, uint64_t id, bool *ret)
{
    char key[KEY_SIZE];
    struct mln_slice value;
    mln_err err =
        mln_record_get(e->view, MLN_SPACE_DELIVERY, key_of(key, DONE, id), e->arena, &value);

    *ret = !mln_failed(err);
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

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
        return MLN_OK;
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

/* As though the request had been forwarded by itself. spec: TS-0004 7.3.2.1 */
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
    struct parties p;

    MLN_TRY(mln_validate_room(e, e->cse->options.limits->delivery_resources));
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
    struct mln_dlv_state state = { .id = d->resource.id, .credential_id = credential_of(e) };

    if (!mln_value_get(e->attributes, MLN_S("arq"))) {
        return MLN_OK;
    }
    mln_fresh_deliveries(e->cse->fresh);
    return put_state(&c, &state);
}

/* ---- UPDATE ---- */

/* spec: TS-0001 10.2.5.10: not when it has been handed on; 10.2.5.8: the requests may come later */
static mln_err validate_update(struct mln_exec *e)
{
    const struct mln_resource *old = &e->target.resource;
    struct mln_slice unused;
    struct parties p;
    bool done;

    MLN_TRY(is_done(e, old->id, &done));
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

/* ---- its requests, later ---- */

static struct mln_slice requests_of(const struct mln_resource *delivery)
{
    struct mln_slice arq;
    struct mln_slice list = { 0 };

    if (mln_pack_find(delivery->attrs, MLN_S("arq"), &arq)) {
        (void)mln_pack_find(arq, MLN_S("req"), &list);
    }
    return list;
}

bool mln_dlv_request(const struct mln_resource *delivery, uint64_t index, struct mln_slice *ret)
{
    struct mln_walk w;

    for (mln_walk_begin(&w, requests_of(delivery)); mln_walk_next(&w); index--) {
        if (index == 0) {
            *ret = w.item;
            return true;
        }
    }
    return false;
}

static mln_err tell(const struct mln_change *c, struct mln_lane lane, struct mln_slice target,
                    const struct mln_response *response)
{
    struct mln_notice notice = { 0 };

    MLN_TRY(mln_req_result(c, response, &notice.content));
    return mln_outbox_put(c, lane, 0, target, &notice);
}

/* As of other non-blocking requests: to its targets, or without any to who asked.
 * spec: TS-0004 7.5.1.2.5 */
static mln_err tell_result(const struct mln_change *c, uint64_t id, uint64_t index,
                           struct mln_slice request, const struct mln_response *response)
{
    struct mln_lane lane = { id, (uint16_t)(index * MLN_DLV_TARGETS + 1) };
    struct mln_slice mi;
    struct mln_slice rt;
    struct mln_slice nu;
    struct mln_slice target;
    struct mln_walk w;
    uint64_t type;

    if (!mln_pack_find(request, MLN_S("mi"), &mi) || !mln_pack_find(mi, MLN_S("rt"), &rt) ||
        !mln_pack_find_u64(rt, MLN_S("rtv"), &type) || type != MLN_RT_NON_BLOCKING_ASYNCH) {
        return MLN_OK;
    }
    if (!mln_pack_find(rt, MLN_S("nu"), &nu)) {
        MLN_REQUIRE(mln_pack_find_text(request, MLN_S("fr"), &target), STORE_CORRUPT);
        return mln_slice_starts(target, MLN_S("/")) ? tell(c, lane, target, response) : MLN_OK;
    }
    for (mln_walk_begin(&w, nu); mln_walk_next(&w); lane.number++) {
        MLN_REQUIRE(mln_pack_text_of(w.item, &target), STORE_CORRUPT);
        MLN_TRY(tell(c, lane, target, response));
    }
    return MLN_OK;
}

/* ---- the end ---- */

/* Its requests are not kept. spec: TS-0001 10.2.5.7 */
static mln_err settle(const struct mln_change *c, const struct mln_resource *old,
                      struct mln_slice passed_to)
{
    static const struct mln_slice names[] = { { "arq", 3 }, { "dmd", 3 } };
    static const struct mln_selection modified = { names, 2 };
    struct mln_resource after = *old;
    struct mln_event event = {
        .type = MLN_EVENT_UPDATE, .subject = &after, .about = &after, .modified = &modified
    };
    char key[KEY_SIZE];
    struct mln_value *attributes;
    struct mln_buf buf;

    MLN_TRY(mln_pack_to_value(old->attrs, c->arena, &attributes));
    (void)mln_value_take(attributes, MLN_S("arq"));
    if (passed_to.len) {
        MLN_TRY(mln_dlv_trace(attributes, passed_to, c->arena));
    }
    mln_buf_init(&buf, c->arena, SIZE_MAX);
    mln_pack_value(&buf, attributes);
    MLN_TRY(mln_buf_finish(&buf, &after.attrs));
    after.lt = c->now_us;
    MLN_TRY(erase(c, PENDING, old->id));
    MLN_TRY(mln_record_put(c->write, MLN_SPACE_DELIVERY, key_of(key, DONE, old->id),
                           (struct mln_slice){ 0 }));
    MLN_TRY(mln_store_put(c->write, old, &after));
    return mln_event_publish(c, &event);
}

mln_err mln_dlv_trace(struct mln_value *attributes, struct mln_slice cse_id,
                      struct mln_arena *arena)
{
    struct mln_value *meta = mln_value_get(attributes, MLN_S("dmd"));
    struct mln_value *list = mln_value_get(meta, MLN_S("tcin"));

    MLN_REQUIRE(meta, STORE_CORRUPT);
    if (!list) {
        list = mln_value_new(arena, MLN_V_ARRAY);
        MLN_TRY(mln_value_set(meta, MLN_S("tcin"), list));
    }
    return mln_value_append(list, mln_value_text(arena, cse_id));
}

/* What is pending, and its resource; `ret->id` is 0 when nothing is. */
static mln_err find(const struct mln_change *c, uint64_t id, struct mln_dlv_state *ret,
                    struct mln_resource *delivery)
{
    mln_err err = mln_dlv_state(c->view, id, c->arena, ret);

    if (!mln_failed(err)) {
        err = mln_store_get(c->view, id, c->arena, delivery);
    }
    if (err.code == MLN_ERR_NOT_FOUND) {
        ret->id = 0;
        return MLN_OK;
    }
    return err;
}

mln_err mln_dlv_conclude(const struct mln_change *c, uint64_t id, uint64_t index,
                         const struct mln_response *response)
{
    struct mln_dlv_state state;
    struct mln_resource delivery;
    struct mln_slice request;

    MLN_TRY(find(c, id, &state, &delivery));
    if (state.id == 0 || state.next != index) {
        return MLN_OK;
    }
    MLN_REQUIRE(mln_dlv_request(&delivery, index, &request), STORE_CORRUPT);
    MLN_TRY(tell_result(c, id, index, request, response));
    state.next++;
    return mln_dlv_request(&delivery, state.next, &request)
               ? put_state(c, &state)
               : settle(c, &delivery, (struct mln_slice){ 0 });
}

mln_err mln_dlv_handed_on(const struct mln_change *c, uint64_t id, struct mln_slice cse_id)
{
    struct mln_dlv_state state;
    struct mln_resource delivery;

    MLN_TRY(find(c, id, &state, &delivery));
    return state.id ? settle(c, &delivery, cse_id) : MLN_OK;
}

static mln_err tell_failure(const struct mln_change *c, const struct mln_resource *delivery,
                            uint64_t from, enum mln_rsc rsc)
{
    struct mln_response failed = { .rsc = rsc };
    struct mln_walk w;
    uint64_t i = 0;

    for (mln_walk_begin(&w, requests_of(delivery)); mln_walk_next(&w); i++) {
        if (i >= from) {
            (void)mln_pack_find_text(w.item, MLN_S("rqi"), &failed.rqi);
            MLN_TRY(tell_result(c, delivery->id, i, w.item, &failed));
        }
    }
    return MLN_OK;
}

mln_err mln_dlv_fail(const struct mln_change *c, uint64_t id, enum mln_rsc rsc)
{
    struct mln_dlv_state state;
    struct mln_resource delivery;

    MLN_TRY(find(c, id, &state, &delivery));
    if (!state.id) {
        return MLN_OK;
    }
    MLN_TRY(tell_failure(c, &delivery, state.next, rsc));
    return settle(c, &delivery, (struct mln_slice){ 0 });
}

/* Its lifespan is over, or it was called off: what is not done yet will not be. */
static mln_err removed(const struct mln_change *c, const struct mln_resource *r)
{
    struct mln_dlv_state state;
    mln_err err = mln_dlv_state(c->view, r->id, c->arena, &state);

    MLN_TRY(erase(c, DONE, r->id));
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_TRY(erase(c, PENDING, r->id));
    return tell_failure(c, r, state.next,
                        r->et <= c->now_us ? MLN_RSC_REQUEST_TIMEOUT
                                           : MLN_RSC_TARGET_NOT_REACHABLE);
}

const struct mln_type_ops mln_dlv_ops = {
    .ty = MLN_TY_DLV,
    .operations = MLN_OPS_CRUD,
    .is_private = true,
    .decide = decide,
    .create = { .validate = validate_create, .perform = perform_create, .finish = begin },
    .update = { .validate = validate_update, .perform = perform_update, .finish = begin },
    .removed = removed,
};
