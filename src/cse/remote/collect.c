/* Requests of our own AEs for other CSEs, put together in deliveries. spec: TS-0004 H.2.4 */
#include "base/num.h"
#include "base/timestamp.h"
#include "cse/notify/fresh.h"
#include "cse/pipeline/draft.h"
#include "cse/remote/remote.h"
#include "cse/remote/transit.h"
#include "cse/types/dlv.h"
#include "cse/types/req.h"

enum { FULL_BYTES = 65536 }; /* of attributes; then another delivery is begun */

static mln_err set_copy(struct mln_value *to, struct mln_arena *arena, const struct mln_value *v)
{
    return mln_value_set(to, v->name, mln_draft_copy(arena, v));
}

/* Members of a request in a delivery, and of its metaInformation. spec: TS-0004 6.3.5.3, 6.3.5.4 */
static const char *const OUTSIDE[] = { "op", "to", "rqi", "pc", NULL };
static const char *const INSIDE[] = { "ty", "ot",  "rqet", "rset", "oet", "rcn", "ec", "gid",
                                      "fc", "drt", "grtm", "rvi",  "vsi", "sqi", NULL };

static bool is_in(struct mln_slice name, const char *const *names)
{
    while (*names && !mln_slice_eq(name, mln_slice_z(*names))) {
        names++;
    }
    return *names != NULL;
}

/* {"rtv": 2, "nu": [the <request>]} */
static mln_err set_result_target(struct mln_exec *e, struct mln_value *mi,
                                 const struct mln_resource *request)
{
    struct mln_value *rt = mln_value_new(e->arena, MLN_V_OBJECT);
    struct mln_value *nu = mln_value_new(e->arena, MLN_V_ARRAY);
    struct mln_slice address;

    MLN_REQUIRE(rt && nu, NO_MEMORY);
    MLN_TRY(mln_ident_join(e->arena, e->cse->names.cse_id, request->ri, &address));
    MLN_TRY(mln_value_append(nu, mln_value_text(e->arena, address)));
    MLN_TRY(mln_value_set(rt, MLN_S("rtv"), mln_value_uint(e->arena, MLN_RT_NON_BLOCKING_ASYNCH)));
    MLN_TRY(mln_value_set(rt, MLN_S("nu"), nu));
    return mln_value_set(mi, MLN_S("rt"), rt);
}

/* m2m:aggregatedRequest/request. spec: TS-0004 6.3.5.3, 6.3.5.4 */
static mln_err make_request(struct mln_exec *e, const struct mln_value *params,
                            const struct mln_resource *request, struct mln_value **ret)
{
    struct mln_value *made = mln_value_new(e->arena, MLN_V_OBJECT);
    struct mln_value *mi = mln_value_new(e->arena, MLN_V_OBJECT);
    struct mln_slice from;

    MLN_REQUIRE(made && mi, NO_MEMORY);
    for (const struct mln_value *v = params->items.first; v; v = v->next) {
        if (is_in(v->name, OUTSIDE)) {
            MLN_TRY(set_copy(made, e->arena, v));
        } else if (is_in(v->name, INSIDE)) {
            MLN_TRY(set_copy(mi, e->arena, v));
        }
    }
    MLN_TRY(mln_transit_from(e, false, &from));
    MLN_TRY(mln_value_set(made, MLN_S("fr"), mln_value_text(e->arena, from)));
    MLN_TRY(set_result_target(e, mi, request));
    *ret = made;
    return mln_value_set(made, MLN_S("mi"), mi);
}

static mln_err set_time(struct mln_exec *e, struct mln_value *attributes, int64_t us)
{
    char text[MLN_TIMESTAMP_SIZE];
    struct mln_slice copy;

    MLN_REQUIRE(mln_arena_dup(e->arena, mln_slice_of(text, mln_timestamp_put(text, us)), &copy),
                NO_MEMORY);
    (void)mln_value_take(attributes, MLN_S("ls"));
    return mln_value_set(attributes, MLN_S("ls"), mln_value_text(e->arena, copy));
}

/* lifespan does not extend beyond the end of any request; so nobody cuts the time of a request of
 * somebody else short by more than half. spec: TS-0001 9.6.11 */
static bool lives_alike(int64_t lifespan_us, int64_t end_us, int64_t now_us)
{
    return lifespan_us > now_us && end_us >= lifespan_us &&
           end_us - lifespan_us <= lifespan_us - now_us;
}

/* One that takes this request with the others; `ret->id` 0: there is none. */
static mln_err find_open(struct mln_exec *e, const struct mln_change *c, struct mln_slice key,
                         int64_t end_us, struct mln_resource *ret)
{
    struct mln_dlv_state state = { 0 };
    struct mln_slice value;
    struct mln_slice unused;
    mln_err err = mln_record_get(c->view, MLN_SPACE_DELIVERY, key, e->arena, &value);

    ret->id = 0;
    if (!mln_failed(err)) {
        MLN_REQUIRE(value.len == 8, STORE_CORRUPT);
        err = mln_dlv_state(c->view, mln_get_be64(value.ptr), e->arena, &state);
    }
    if (!mln_failed(err)) {
        err = mln_store_get(c->view, state.id, e->arena, ret);
    }
    if (err.code == MLN_ERR_NOT_FOUND) {
        ret->id = 0;
        return MLN_OK;
    }
    MLN_TRY(err);
    if (state.due_us == 0 || !lives_alike(ret->et, end_us, c->now_us) ||
        ret->attrs.len > FULL_BYTES ||
        mln_dlv_request(ret, e->cse->options.limits->delivery_requests - 1, &unused)) {
        ret->id = 0;
    }
    return MLN_OK;
}

static mln_err pack(struct mln_exec *e, const struct mln_value *attributes, struct mln_slice *ret)
{
    struct mln_buf buf;

    mln_buf_init(&buf, e->arena, (size_t)e->cse->options.limits->request_arena_bytes);
    mln_pack_value(&buf, attributes);
    return mln_buf_finish(&buf, ret);
}

static mln_err add_to(struct mln_exec *e, const struct mln_change *c, struct mln_resource *old,
                      struct mln_value *request)
{
    struct mln_resource after = *old;
    struct mln_value *attributes;
    struct mln_value *list;

    MLN_TRY(mln_pack_to_value(old->attrs, e->arena, &attributes));
    list = mln_value_get(mln_value_get(attributes, MLN_S("arq")), MLN_S("req"));
    MLN_REQUIRE(list, STORE_CORRUPT);
    MLN_TRY(mln_value_append(list, request));
    MLN_TRY(pack(e, attributes, &after.attrs));
    after.lt = c->now_us;
    return mln_store_put(c->write, old, &after);
}

static mln_err make_delivery(struct mln_exec *e, const struct mln_change *c,
                             struct mln_slice attributes, int64_t end_us, uint64_t *ret)
{
    char *ri = mln_arena_alloc(e->arena, MLN_RI_SIZE);
    struct mln_dlv_state state = { .due_us = c->now_us +
                                             (int64_t)e->cse->options.limits->delivery_ms * 1000 };
    struct mln_resource base;
    struct mln_resource r = { .ty = MLN_TY_DLV,
                              .ct = c->now_us,
                              .lt = c->now_us,
                              .et = end_us,
                              .cr = e->cse->names.cse_id,
                              .attrs = attributes };

    MLN_REQUIRE(ri && mln_pack_find_text(attributes, MLN_S("tg"), &state.queue), NO_MEMORY);
    MLN_TRY(mln_store_get(c->view, e->cse->base_id, e->arena, &base));
    MLN_TRY(mln_store_new_id(c->write, MLN_S("dlv"), &r.id, ri, &r.ri.len));
    r.ri.ptr = ri;
    r.parent = base.id;
    r.pi = base.ri;
    MLN_TRY(mln_store_put(c->write, NULL, &r));
    MLN_TRY(mln_dlv_take_room(c, r.cr));
    mln_fresh_expiry(e->cse->fresh, r.et);
    mln_fresh_deliveries(e->cse->fresh);
    state.id = r.id;
    *ret = r.id;
    return mln_dlv_put_state(c, &state);
}

/* Where the request goes, and with which others. */
struct plan {
    struct mln_slice target;
    uint64_t ec;
    int64_t end_us;
    char key[MLN_RECORD_KEY_MAX];
    struct mln_slice open;     /* key of the record that leads to the delivery */
    struct mln_resource joins; /* id 0: one of its own */
};

static mln_err make_plan(struct mln_exec *e, const struct mln_change *c, int64_t et_us,
                         struct plan *p)
{
    struct mln_entity host;

    p->ec = e->req.ec ? (uint64_t)e->req.ec : MLN_EC_BEST_EFFORT;
    p->end_us = e->req.rqet_us != MLN_NO_TIME && e->req.rqet_us < et_us ? e->req.rqet_us : et_us;
    MLN_REQUIRE(mln_remote_host(e->cse, e->req.to, &host), NOT_FOUND);
    if (!mln_entity_is_at_home(&host, &e->cse->names)) {
        mln_fault_set(e->fault, "da: deliveries stay within the service provider");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    MLN_TRY(mln_entity_cse_id(&host, &e->cse->names, e->arena, &p->target));
    p->open = mln_dlv_open_key(p->key, p->ec, p->target);
    MLN_TRY(find_open(e, c, p->open, p->end_us, &p->joins));
    if (p->open.len <= MLN_DLV_NO_NAME) {
        p->joins.id = 0;
    }
    return MLN_OK;
}

static mln_err make_attributes(struct mln_exec *e, const struct plan *p, struct mln_value *request,
                               struct mln_slice *ret)
{
    struct mln_arena *arena = e->arena;
    struct mln_value *attributes = mln_value_new(arena, MLN_V_OBJECT);
    struct mln_value *meta = mln_value_new(arena, MLN_V_OBJECT);
    struct mln_value *requests = mln_value_new(arena, MLN_V_OBJECT);
    struct mln_value *list = mln_value_new(arena, MLN_V_ARRAY);

    MLN_REQUIRE(attributes && meta && requests && list, NO_MEMORY);
    MLN_TRY(mln_value_append(list, request));
    MLN_TRY(mln_value_set(requests, MLN_S("req"), list));
    MLN_TRY(mln_value_set(meta, MLN_S("tcop"), mln_value_bool(arena, true)));
    MLN_TRY(mln_value_set(attributes, MLN_S("sr"), mln_value_text(arena, e->cse->names.cse_id)));
    MLN_TRY(mln_value_set(attributes, MLN_S("tg"), mln_value_text(arena, p->target)));
    MLN_TRY(mln_value_set(attributes, MLN_S("ec"), mln_value_uint(arena, p->ec)));
    MLN_TRY(set_time(e, attributes, p->end_us));
    MLN_TRY(mln_value_set(attributes, MLN_S("dmd"), meta));
    MLN_TRY(mln_value_set(attributes, MLN_S("arq"), requests));
    return pack(e, attributes, ret);
}

mln_err mln_dlv_check_collect(struct mln_exec *e, const struct mln_change *c,
                              const struct mln_value *params, int64_t et_us)
{
    struct mln_slice from;
    struct plan p;

    for (const struct mln_value *v = params->items.first; v; v = v->next) {
        if (!is_in(v->name, OUTSIDE) && !is_in(v->name, INSIDE) &&
            !mln_slice_eq(v->name, MLN_S("fr"))) {
            mln_fault_set(e->fault, "%.*s: not with delivery aggregation", MLN_S_ARG(v->name));
            MLN_FAIL(NOT_IMPLEMENTED);
        }
    }
    MLN_TRY(make_plan(e, c, et_us, &p));
    MLN_TRY(mln_transit_from(e, false, &from));
    MLN_TRY(mln_dlv_check_share(c, from));
    return p.joins.id ? MLN_OK : mln_dlv_check_room(c, e->cse->names.cse_id);
}

mln_err mln_dlv_collect(struct mln_exec *e, const struct mln_change *c,
                        const struct mln_value *params, const struct mln_resource *request)
{
    struct mln_slice attributes;
    struct mln_value *made;
    struct plan p;
    char value[8];
    uint64_t id;

    MLN_TRY(make_plan(e, c, request->et, &p));
    MLN_TRY(make_request(e, params, request, &made));
    MLN_TRY(mln_req_hand_over(c, request->id));
    MLN_TRY(mln_dlv_count_request(c, mln_value_get(made, MLN_S("fr"))->text));
    if (p.joins.id) {
        return add_to(e, c, &p.joins, made);
    }
    MLN_TRY(make_attributes(e, &p, made, &attributes));
    MLN_TRY(make_delivery(e, c, attributes, p.end_us, &id));
    mln_put_be64(value, id);
    return mln_record_put(c->write, MLN_SPACE_DELIVERY, p.open, mln_slice_of(value, sizeof value));
}
