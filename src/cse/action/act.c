/* Carrying out actions. */
#include "cse/action/act.h"

#include "base/num.h"
#include "base/timestamp.h"
#include "cse/action/condition.h"
#include "cse/action/watch.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/announce.h"
#include "cse/remote/remote.h"
#include "cse/types/req.h"

enum {
    ID_SIZE = 8,
    DECISIONS = 16,    /* of the largest that one request may cost; most are remembered */
    PERIOD_MS = 10000, /* when evalControlParam does not say: docs/decisions/0044 */
};

mln_err mln_act_registration(struct mln_view *view, struct mln_slice name, struct mln_arena *arena,
                             uint64_t *ret)
{
    struct mln_resource ae;
    mln_err err = mln_store_find(view, name, arena, &ae);

    *ret = 0;
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    *ret = ae.ty == MLN_TY_AE ? ae.id : 0;
    return MLN_OK;
}

/* ---- what waits ---- */

/* State of the alarm: id of the subject, and a byte for each trigger that waits: how many actions
 * led to it. */
mln_err mln_act_trigger(const struct mln_change *c, uint64_t subject, uint64_t action, int64_t rank)
{
    struct mln_alarm alarm = { .id = action, .kind = MLN_ALARM_ACTION, .due_us = c->now_us + rank };
    struct mln_alarm old;
    struct mln_buf state;
    char id[ID_SIZE];
    mln_err err;

    err = mln_alarm_get(c->view, action, MLN_ALARM_ACTION, c->arena, &old);
    if (err.code != MLN_ERR_NOT_FOUND) {
        MLN_TRY(err);
        if (old.state.len >= ID_SIZE + c->cse->options.limits->action_backlog) {
            return MLN_OK; /* it is going to be carried out often enough */
        }
        alarm.due_us = old.due_us;
    }
    mln_buf_init(&state, c->arena, SIZE_MAX);
    mln_put_be64(id, subject);
    mln_buf_add(&state, mln_failed(err) ? mln_slice_of(id, sizeof id) : old.state);
    mln_buf_byte(&state, (char)c->depth);
    MLN_TRY(mln_buf_finish(&state, &alarm.state));
    return mln_alarm_set(c, &alarm);
}

uint64_t mln_act_period_ms(struct mln_slice attrs)
{
    uint64_t ms = PERIOD_MS;

    (void)mln_pack_find_u64(attrs, MLN_S("ecp"), &ms);
    return ms;
}

/* One that lies so far off that no clock comes to it is not set. */
static mln_err set_period(const struct mln_change *c, const struct mln_alarm *last,
                          uint64_t period_ms)
{
    struct mln_alarm next = *last;
    int64_t room_us = MLN_TIMESTAMP_MAX - c->now_us;

    if (period_ms > (uint64_t)room_us / 1000) {
        return MLN_OK;
    }
    next.due_us += (int64_t)period_ms * 1000;
    if (next.due_us <= c->now_us) { /* what came due while no server ran is not made up for */
        next.due_us = c->now_us + (int64_t)period_ms * 1000;
    }
    return mln_alarm_set(c, &next);
}

mln_err mln_act_begin_periods(const struct mln_change *c, uint64_t subject, uint64_t action,
                              uint64_t period_ms)
{
    char id[ID_SIZE] = { 0 };
    struct mln_alarm now = { .id = action,
                             .kind = MLN_ALARM_ACTION_PERIOD,
                             .due_us = c->now_us,
                             .state = mln_slice_of(id, sizeof id) };

    mln_put_be64(id, subject);
    return set_period(c, &now, period_ms);
}

mln_err mln_act_clear(const struct mln_change *c, uint64_t action)
{
    MLN_TRY(mln_alarm_clear(c, action, MLN_ALARM_ACTION));
    return mln_alarm_clear(c, action, MLN_ALARM_ACTION_PERIOD);
}

/* ---- the request ---- */

mln_err mln_act_read(const struct mln_lookup *l, struct mln_value *primitive,
                     struct mln_slice object, struct mln_request *ret, struct mln_fault *fault)
{
    (void)mln_value_take(primitive, MLN_S("to"));
    MLN_TRY(mln_value_set(primitive, MLN_S("to"), mln_value_text(l->arena, object)));
    return mln_request_read(primitive, l->now_us, l->cse->options.limits, l->arena, ret, fault);
}

static mln_err refuse(struct mln_fault *fault, const char *what)
{
    mln_fault_set(fault, "an action cannot %s", what);
    MLN_FAIL(NOT_IMPLEMENTED);
}

/* These ask others, or consist of several requests, which cannot be undone one by one. */
static bool is_made_of_many(const struct mln_request *req, uint16_t target_ty)
{
    uint16_t ty = req->op == MLN_OP_CREATE ? req->ty : target_ty;
    bool changes = req->op == MLN_OP_CREATE || req->op == MLN_OP_UPDATE;

    return changes && (ty == MLN_TY_SUB || ty == MLN_TY_CRS);
}

mln_err mln_act_check(const struct mln_lookup *l, const struct mln_request *req,
                      struct mln_fault *fault)
{
    struct mln_target target = { 0 };
    struct mln_slice local;
    mln_err err;

    if (req->op == MLN_OP_NOTIFY) {
        return refuse(fault, "notify");
    }
    if (req->op == MLN_OP_CREATE && (req->ty == MLN_TY_AE || req->ty == MLN_TY_CSR)) {
        return refuse(fault, "register anybody");
    }
    if (mln_ident_place(req->to, &l->cse->names, &local) != MLN_PLACE_HERE) {
        return refuse(fault, "address a resource of another CSE");
    }
    err = mln_locate_resolve(l, local, true, &target);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK; /* the request itself is going to say so */
    }
    MLN_TRY(err);
    if (target.virtual_child != MLN_VIRTUAL_NONE && !mln_locate_is_instance(target.virtual_child)) {
        return refuse(fault, "address this virtual resource");
    }
    return is_made_of_many(req, target.resource.ty)
               ? refuse(fault, "create or update subscriptions")
               : MLN_OK;
}

/* As whom: the creator, of whom nothing is known but the name. */
static mln_err prepare(const struct mln_change *c, const struct mln_resource *action,
                       struct mln_exec *e)
{
    struct mln_lookup l = { c->cse, c->view, c->arena, c->now_us };
    struct mln_slice packed;
    struct mln_slice object;
    struct mln_value *primitive;

    MLN_REQUIRE(mln_pack_find(action->attrs, MLN_S("apv"), &packed) &&
                    mln_pack_find_text(action->attrs, MLN_S("orc"), &object),
                STORE_CORRUPT);
    MLN_TRY(mln_pack_to_value(packed, c->arena, &primitive));
    MLN_TRY(mln_act_read(&l, primitive, object, &e->req, e->fault));
    e->req.fr = action->cr;
    e->response->rqi = e->req.rqi;
    e->response->rvi = e->req.rvi;
    return mln_act_check(&l, &e->req, e->fault);
}

/* `failed`: it was undone, and that is the response. Errors: those that undo what it was part of;
 * the others are in the response. */
static mln_err request(const struct mln_change *c, const struct mln_resource *action,
                       mln_err failed, struct mln_response *response)
{
    struct mln_worker *worker = mln_alarm_worker(c->cse);
    struct mln_fault fault = { 0 };
    struct mln_fan fan = { .arena = c->arena,
                           .bytes_left = DECISIONS * c->cse->options.limits->decision_bytes };
    struct mln_exec *e = mln_arena_zalloc(c->arena, 1, sizeof *e);
    enum mln_err_class class;
    mln_err err;

    MLN_REQUIRE(e, NO_MEMORY);
    *e = (struct mln_exec){
        .cse = worker->cse,
        .worker = worker,
        .arena = c->arena,
        .fault = &fault,
        .response = response,
        .fan = &fan,
        .arrival_us = c->now_us,
        .view = c->view,
        .may_write = true,
        .has_gathered = true,
        .acts = true,
        .depth = (uint8_t)(c->depth + 1),
    };
    err = prepare(c, action, e);
    if (!mln_failed(err)) {
        err = mln_failed(failed) ? failed : mln_exec_walk(e, NULL);
    }
    if (mln_failed(err)) {
        mln_respond_error(e, err);
    }
    mln_audit_end(e, err);
    class = mln_err_class(err);
    return mln_failed(err) && (e->has_written || class == MLN_ERR_CLASS_RESOURCE ||
                               class == MLN_ERR_CLASS_INTERNAL)
               ? err
               : MLN_OK;
}

/* ---- the result ---- */

static mln_err add_result(const struct mln_change *c, struct mln_slice attrs,
                          const struct mln_response *response, struct mln_slice *ret)
{
    struct mln_buf out;
    struct mln_slice packed;
    struct mln_value *attributes;
    struct mln_value *result;

    mln_buf_init(&out, c->arena, SIZE_MAX);
    mln_req_put_result(&out, response, response->rvi, c->now_us);
    MLN_TRY(mln_buf_finish(&out, &packed));
    MLN_TRY(mln_pack_to_value(packed, c->arena, &result));
    MLN_TRY(mln_pack_to_value(attrs, c->arena, &attributes));
    (void)mln_value_take(attributes, MLN_S("air"));
    MLN_TRY(mln_value_set(attributes, MLN_S("air"), result));
    mln_buf_init(&out, c->arena, SIZE_MAX);
    mln_pack_value(&out, attributes);
    return mln_buf_finish(&out, ret);
}

/* What the request did to the action itself stays. */
static mln_err store_result(const struct mln_change *c, uint64_t id, struct mln_response *response)
{
    static const struct mln_slice names[] = { { "air", 3 } };
    static const struct mln_selection modified = { names, 1 };
    struct mln_change change = *c;
    struct mln_resource old;
    struct mln_resource after;
    struct mln_event event = {
        .type = MLN_EVENT_UPDATE, .subject = &after, .about = &after, .modified = &modified
    };
    mln_err err = mln_store_get(c->view, id, c->arena, &old);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK; /* it has deleted itself */
    }
    MLN_TRY(err);
    if (response->pc.len > c->cse->options.limits->action_result_bytes) {
        response->pc = (struct mln_slice){ 0 };
    }
    after = old;
    after.lt = c->now_us;
    MLN_TRY(add_result(c, old.attrs, response, &after.attrs));
    MLN_TRY(mln_store_put(c->write, &old, &after));
    MLN_TRY(mln_announce_changed(c, &after));
    change.depth++;
    return mln_event_publish(&change, &event);
}

static mln_err carry_out(const struct mln_change *c, const struct mln_resource *action,
                         mln_err failed)
{
    struct mln_response response = { 0 };

    MLN_TRY(request(c, action, failed, &response));
    return store_result(c, action->id, &response);
}

/* ---- conditions ---- */

/* A <dependency> that is listed. *ret: its criteria hold. Errors: NOT_FOUND (it is none of the
 * action), STORE_*, NO_MEMORY. */
static mln_err evaluate(const struct mln_change *c, const struct mln_resource *action,
                        struct mln_slice id, bool *ret_sufficient, bool *ret)
{
    struct mln_lookup l = { c->cse, c->view, c->arena, c->now_us };
    struct mln_resource dependency;
    struct mln_resource referenced;
    mln_err err;

    *ret = false;
    MLN_TRY(mln_locate_lookup(&l, id, &dependency));
    MLN_REQUIRE(dependency.ty == MLN_TY_DEPR && dependency.parent == action->id, NOT_FOUND);
    *ret_sufficient = false;
    (void)mln_pack_find_bool(dependency.attrs, MLN_S("sfc"), ret_sufficient);
    err = mln_store_get(c->view, dependency.bytes, c->arena, &referenced);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_TRY(mln_condition_may_read(c, action->cr, &referenced, ret));
    *ret = *ret && referenced.et > c->now_us &&
           mln_condition_hold(dependency.attrs, &referenced, c->arena);
    return MLN_OK;
}

/* In the order of the list: the first sufficient one that holds decides, and so does the first
 * other one that does not. docs/decisions/0044 */
static mln_err dependencies_hold(const struct mln_change *c, const struct mln_resource *action,
                                 bool *ret)
{
    struct mln_slice list;
    struct mln_walk w;
    bool has_necessary = false;

    *ret = true;
    if (!mln_pack_find(action->attrs, MLN_S("dep"), &list)) {
        return MLN_OK;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        struct mln_slice id = { 0 };
        bool is_sufficient = false;
        bool holds = false;
        mln_err err;

        (void)mln_pack_text_of(w.item, &id);
        err = evaluate(c, action, id, &is_sufficient, &holds);
        if (err.code != MLN_ERR_NOT_FOUND) {
            MLN_TRY(err);
        }
        has_necessary |= !is_sufficient;
        if (holds == is_sufficient) {
            *ret = holds;
            return MLN_OK;
        }
    }
    *ret = has_necessary;
    return MLN_OK;
}

/* Does the creator lead to a CSE that is registered here, or behind one that is? Else it could not
 * ask itself. By a registrar everybody can. */
static mln_err has_way(const struct mln_change *c, struct mln_slice creator, bool *ret)
{
    struct mln_lookup l = { c->cse, c->view, c->arena, c->now_us };
    struct mln_entity cse;
    struct mln_remote way;
    mln_err err;

    *ret = true;
    if (mln_ident_is_stem(creator) || c->cse->options.registrar.cse_id.len ||
        !mln_entity_parse(creator, &c->cse->names, &cse) || !cse.cse.len ||
        mln_remote_is_peer(c->cse, &cse)) {
        return MLN_OK;
    }
    cse.stem = (struct mln_slice){ 0 };
    err = mln_remote_find(&l, &cse, &way);
    *ret = err.code != MLN_ERR_NOT_FOUND;
    return *ret ? err : MLN_OK;
}

/* May it be carried out? `holds`: did the criteria hold when it was triggered? Else they are
 * evaluated now. */
static mln_err is_due(const struct mln_change *c, const struct mln_resource *action,
                      const struct mln_resource *subject, bool holds, bool *ret)
{
    uint64_t creator;

    *ret = false;
    MLN_TRY(mln_act_registration(c->view, action->cr, c->arena, &creator));
    if (creator != action->st || subject->et <= c->now_us ||
        (!holds && !mln_condition_hold(action->attrs, subject, c->arena))) {
        return MLN_OK;
    }
    MLN_TRY(has_way(c, action->cr, ret));
    if (*ret) {
        MLN_TRY(mln_condition_may_read(c, action->cr, subject, ret));
    }
    return *ret ? dependencies_hold(c, action, ret) : MLN_OK;
}

/* ---- when it rings ---- */

/* Counts it; with the last one it is armed no more. */
static mln_err count_down(const struct mln_change *c, uint64_t subject,
                          const struct mln_resource *action)
{
    struct mln_resource after = *action;

    if (action->count == MLN_ACT_FOREVER) {
        return MLN_OK;
    }
    after.count -= after.count > 0;
    if (after.count == 0) {
        MLN_TRY(mln_watch_clear(c, subject, action->id));
    }
    return mln_store_put(c->write, action, &after);
}

static mln_err ring_trigger(const struct mln_change *c, const struct mln_resource *action,
                            const struct mln_resource *subject, mln_err failed)
{
    bool may;

    MLN_TRY(is_due(c, action, subject, true, &may));
    if (!may) {
        return MLN_OK;
    }
    MLN_TRY(count_down(c, subject->id, action));
    return carry_out(c, action, failed);
}

/* The triggers that are left wait their turn. */
static mln_err put_back(const struct mln_change *c, const struct mln_alarm *alarm)
{
    struct mln_alarm rest = *alarm;
    struct mln_alarm newer;
    struct mln_buf state;
    bool is_set;
    mln_err err;

    MLN_TRY(mln_watch_is_set(c->view, mln_get_be64(alarm->state.ptr), alarm->id, &is_set));
    if (!is_set) {
        return mln_alarm_clear(c, alarm->id, MLN_ALARM_ACTION);
    }
    if (alarm->state.len == ID_SIZE + 1) {
        return MLN_OK;
    }
    mln_buf_init(&state, c->arena, SIZE_MAX);
    mln_buf_add(&state, mln_slice_head(alarm->state, ID_SIZE));
    mln_buf_add(&state, mln_slice_from(alarm->state, ID_SIZE + 1));
    err = mln_alarm_get(c->view, alarm->id, MLN_ALARM_ACTION, c->arena, &newer);
    if (!mln_failed(err)) { /* it has triggered itself */
        mln_buf_add(&state, mln_slice_from(newer.state, ID_SIZE));
    } else if (err.code != MLN_ERR_NOT_FOUND) {
        return err;
    }
    MLN_TRY(mln_buf_finish(&state, &rest.state));
    rest.due_us = c->now_us;
    return mln_alarm_set(c, &rest);
}

mln_err mln_act_alarm(const struct mln_change *c, const struct mln_resource *action,
                      const struct mln_alarm *alarm)
{
    bool is_period = alarm->kind == MLN_ALARM_ACTION_PERIOD;
    struct mln_change change = *c;
    struct mln_resource subject;
    uint64_t id;
    bool may = false;
    bool is_set = true;
    mln_err err;

    MLN_REQUIRE(alarm->state.len >= (is_period ? ID_SIZE : ID_SIZE + 1), STORE_CORRUPT);
    id = mln_get_be64(alarm->state.ptr);
    err = mln_store_get(c->view, id, c->arena, &subject);
    if (err.code == MLN_ERR_NOT_FOUND || action->et <= c->now_us) {
        return MLN_OK;
    }
    MLN_TRY(err);
    if (is_period) {
        MLN_TRY(set_period(c, alarm, mln_act_period_ms(action->attrs)));
        MLN_TRY(is_due(c, action, &subject, false, &may));
        return may ? carry_out(c, action, alarm->failed) : MLN_OK;
    }
    MLN_TRY(mln_watch_is_set(c->view, id, action->id, &is_set));
    if (!is_set) {
        return MLN_OK;
    }
    change.depth = (uint8_t)alarm->state.ptr[ID_SIZE];
    MLN_TRY(ring_trigger(&change, action, &subject, alarm->failed));
    return put_back(c, alarm);
}
