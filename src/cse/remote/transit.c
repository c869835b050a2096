/* Transit. */
#include "cse/remote/transit.h"

#include "base/rsc.h"
#include "base/timestamp.h"
#include "cse/access/proof.h"
#include "cse/notify/attempt.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/errand.h"
#include "cse/remote/govern.h"
#include "cse/remote/remote.h"
#include "cse/remote/way.h"

struct mln_transit {
    struct mln_attempt attempt;
    struct mln_entity host; /* of the target */
    uint64_t resource;
    struct mln_open_way *way;
    struct mln_entity neighbour; /* on the way to the host */
    struct mln_errand errand;
    int64_t deadline_us; /* the life of the request */
    struct mln_govern govern;
};

bool mln_transit_concerns(const struct mln_cse *cse, const struct mln_value *params)
{
    const struct mln_value *to = mln_value_get(params, MLN_S("to"));
    struct mln_slice local;
    struct mln_slice address;
    enum mln_place place;

    if (!to || to->kind != MLN_V_TEXT || !mln_slice_starts(to->text, MLN_S("/"))) {
        return false; /* CSE-relative */
    }
    address = mln_slice_head(to->text, mln_slice_find(to->text, '#'));
    place = mln_ident_place(address, &cse->names, &local);
    return place == MLN_PLACE_OTHER_CSE || place == MLN_PLACE_OTHER_SP;
}

/* ---- what is sent ---- */

/* spec: TS-0004 7.3.2.6: CSE-relative becomes SP-relative; what leaves the service provider becomes
 * absolute */
mln_err mln_transit_name(const struct mln_cse *cse, struct mln_arena *arena, struct mln_slice from,
                         bool is_abroad, struct mln_slice *ret)
{
    bool is_stem = mln_ident_is_stem(from);
    struct mln_buf out;

    if (mln_slice_starts(from, MLN_S("//")) || (!is_stem && !is_abroad)) {
        *ret = from;
        return MLN_OK;
    }
    mln_buf_init(&out, arena, SIZE_MAX);
    if (is_abroad) {
        mln_buf_add(&out, cse->names.sp_id);
    }
    if (is_stem && from.ptr[0] == 'C') {
        mln_buf_add(&out, cse->names.cse_id);
    }
    if (is_stem) {
        mln_buf_byte(&out, '/');
    }
    mln_buf_add(&out, from);
    return mln_buf_finish(&out, ret);
}

mln_err mln_transit_from(const struct mln_exec *e, bool is_abroad, struct mln_slice *ret)
{
    return mln_transit_name(e->cse, e->arena, e->req.fr, is_abroad, ret);
}

static mln_err set(const struct mln_exec *e, struct mln_value *params, struct mln_slice name,
                   int64_t us)
{
    char text[MLN_TIMESTAMP_SIZE];
    struct mln_slice copy;
    size_t len;

    if (us == MLN_NO_TIME) {
        return MLN_OK;
    }
    len = mln_timestamp_put(text, us);
    MLN_REQUIRE(mln_arena_dup(e->arena, mln_slice_of(text, len), &copy), NO_MEMORY);
    (void)mln_value_take(params, name);
    return mln_value_set(params, name, mln_value_text(e->arena, copy));
}

/* Relative times count from the arrival here. */
static mln_err fix_times(const struct mln_exec *e, struct mln_value *params)
{
    MLN_TRY(set(e, params, MLN_S("rqet"), e->req.rqet_us));
    MLN_TRY(set(e, params, MLN_S("rset"), e->req.rset_us));
    MLN_TRY(set(e, params, MLN_S("rp"), e->req.rp_us));
    return set(e, params, MLN_S("oet"), e->req.oet_us);
}

mln_err mln_transit_content(const struct mln_exec *e, struct mln_slice *ret)
{
    const struct mln_value *pc = mln_value_get(e->call->params, MLN_S("pc"));
    struct mln_buf buf;

    if (!pc) {
        return MLN_OK;
    }
    mln_buf_init(&buf, e->arena, (size_t)e->cse->options.limits->request_arena_bytes);
    mln_pack_value(&buf, pc);
    return mln_buf_finish(&buf, ret);
}

static mln_err make_request(struct mln_exec *e, struct mln_attempt *a)
{
    struct mln_value *params = e->call->params;

    if (a->params) {
        return MLN_OK; /* it has been held */
    }
    MLN_TRY(mln_transit_from(e, a->reach.is_abroad, &a->fr));
    MLN_TRY(mln_transit_content(e, &a->content));
    MLN_TRY(fix_times(e, params));
    if (e->req.rt != MLN_RT_NO_RESPONSE) {
        (void)mln_value_take(params, MLN_S("rt")); /* we wait for the answer */
    }
    a->op = e->req.op;
    if (a->reach.rvi.len) {
        a->rvi = e->req.rvi;
    } else { /* spec: TS-0004 7.3.2.6: Release 1 knows neither */
        (void)mln_value_take(params, MLN_S("rvi"));
        (void)mln_value_take(params, MLN_S("vsi"));
    }
    a->params = params;
    return MLN_OK;
}

/* ---- where it goes ---- */

/* By the association; without one by whose the originator is. Other service providers count as
 * above. From below is what our AEs ask, and what comes from registrees; all else must not go up.
 */
static mln_err came_from_above(const struct mln_exec *e, const struct mln_lookup *l, bool *ret)
{
    const struct mln_association *a = mln_proof_of(e->cse, e->peer);
    struct mln_entity from = { .sp = e->originator.entity.sp, .cse = e->originator.entity.cse };
    struct mln_entity peer;
    struct mln_remote way;
    mln_err err;

    *ret = false;
    if (mln_ident_is_stem(e->req.fr) || e->originator.is_admin) {
        return MLN_OK;
    }
    if (a && mln_entity_parse_cse(a->cse_id, &e->cse->names, &peer)) {
        from = peer;
    }
    if (!mln_entity_is_at_home(&from, &e->cse->names)) {
        *ret = true;
        return MLN_OK;
    }
    err = mln_remote_find(l, &from, &way);
    *ret = err.code == MLN_ERR_NOT_FOUND || way.is_registrar;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err find_way_to(struct mln_exec *e, struct mln_slice to, struct mln_remote *ret,
                           struct mln_reach *ret_reach)
{
    struct mln_lookup l = mln_exec_lookup(e);
    bool is_from_above = false;
    mln_err err;

    if (e->is_transit) { /* else it has arrived: what follows is a request of its own */
        MLN_TRY(came_from_above(e, &l, &is_from_above));
    }
    err = mln_remote_route(&l, to, is_from_above, ret, ret_reach);
    if (err.code == MLN_ERR_NOT_FOUND) {
        mln_fault_set(e->fault, "no route to the CSE of the target");
    } else if (err.code == MLN_ERR_NOT_REACHABLE) {
        mln_fault_set(e->fault, "this CSE is not registered at its registrar now");
    }
    return err;
}

/* ---- the answer ---- */

/* Locations are relative to the CSE that hosts the target, or to its service provider. */
static mln_err take_location(struct mln_exec *e, struct mln_slice location)
{
    const struct mln_transit *t = e->transit;
    bool is_absolute = mln_slice_starts(location, MLN_S("//"));
    bool is_relative = location.len && location.ptr[0] != '/';
    struct mln_buf out;
    struct mln_slice cse_id = { 0 };

    if (!location.len) {
        return MLN_OK;
    }
    mln_buf_init(&out, e->arena, SIZE_MAX);
    if (is_relative) {
        MLN_TRY(mln_entity_cse_id(&t->host, &e->cse->names, e->arena, &cse_id));
        mln_buf_add(&out, cse_id);
        mln_buf_byte(&out, '/');
    } else if (t->attempt.reach.is_abroad && !is_absolute) {
        mln_buf_add(&out, MLN_S("//"));
        mln_buf_add(&out, t->host.sp);
    }
    mln_buf_add(&out, location);
    return mln_buf_finish(&out, &e->response->location);
}

static mln_err take_tokens(struct mln_exec *e, const struct mln_outbound_answer *answer)
{
    struct mln_local_token *list = mln_arena_zalloc(e->arena, answer->ati_count, sizeof *list);

    MLN_REQUIRE(list || !answer->ati_count, NO_MEMORY);
    for (size_t i = 0; i < answer->ati_count; i++) {
        MLN_REQUIRE(mln_arena_dup(e->arena, answer->ati[i].id, &list[i].id) &&
                        mln_arena_dup(e->arena, answer->ati[i].token_id, &list[i].token_id),
                    NO_MEMORY);
    }
    e->response->ati = list;
    e->response->ati_count = answer->ati_count;
    return MLN_OK;
}

static mln_err no_answer(struct mln_exec *e, mln_err err)
{
    bool is_late = e->transit->deadline_us <= mln_env_now_us(e->cse->options.env);

    if (err.code == MLN_ERR_TIMEOUT && is_late) {
        mln_fault_set(e->fault, "the request has expired before the other CSE answered");
        MLN_FAIL(TIMEOUT);
    }
    if (mln_err_class(err) == MLN_ERR_CLASS_REQUEST && err.code != MLN_ERR_TIMEOUT) {
        return err; /* what the binding cannot carry */
    }
    mln_fault_set(e->fault, "the other CSE does not answer");
    MLN_FAIL(NOT_REACHABLE);
}

static mln_err take_answer(struct mln_exec *e, const struct mln_outbound_answer *answer)
{
    struct mln_response *r = e->response;
    struct mln_buf buf;

    if (mln_failed(answer->err)) {
        return no_answer(e, answer->err);
    }
    if (!answer->has_rsc || !mln_rsc_is_final(answer->rsc)) {
        mln_fault_set(e->fault, "the other CSE gave no answer of oneM2M");
        MLN_FAIL(NOT_REACHABLE);
    }
    r->rsc = answer->rsc;
    r->content_status = (enum mln_content_status)answer->content_status;
    r->content_offset = answer->content_offset;
    MLN_TRY(take_location(e, answer->location));
    MLN_TRY(take_tokens(e, answer));
    if (answer->pc) {
        mln_buf_init(&buf, e->arena, mln_exec_answer_limit(e));
        mln_pack_value(&buf, answer->pc);
        MLN_TRY(mln_buf_finish(&buf, &r->pc));
    }
    e->answered = true;
    return MLN_OK;
}

static void answered(struct mln_attempt *attempt, const struct mln_outbound_answer *answer)
{
    struct mln_exec *e = attempt->data;

    mln_way_leave(e->worker, e->transit->way);
    mln_errand_end(e->cse, &e->transit->errand);
    if (mln_govern_repeats(e, &e->transit->govern, answer)) {
        mln_exec_resume(e, MLN_OK);
        return;
    }
    mln_exec_resume(e, take_answer(e, answer));
}

/* ---- sending ---- */

static mln_err start(struct mln_exec *e)
{
    struct mln_transit *t = e->transit;
    struct mln_attempt *a = &t->attempt;
    mln_err err;

    MLN_TRY(mln_govern_release(e, &t->govern));
    a->timeout_us = mln_attempt_time(e, e->cse->options.limits->request_ms);
    t->deadline_us = mln_env_now_us(e->cse->options.env) + a->timeout_us;
    MLN_TRY(mln_way_enter(e->worker, t->resource, &t->way));
    err = mln_exec_park(e);
    if (mln_failed(err)) {
        mln_way_leave(e->worker, t->way);
        return err;
    }
    a->worker = e->worker;
    a->done = answered;
    a->data = e;
    e->answered = false;
    mln_errand_begin(e, &a->reach, &t->neighbour, &t->errand);
    mln_attempt_start(a);
    return MLN_OK;
}

/* The way to the host is not to be held up meanwhile. spec: TS-0001 8.1.2 */
static mln_err wait_for_time(struct mln_exec *e)
{
    int64_t most_us = (int64_t)e->cse->options.limits->execution_ms * 1000;

    if (e->req.oet_us - mln_env_now_us(e->cse->options.env) > most_us) {
        mln_fault_set(e->fault, "oet: later than this CSE lets a request wait");
        MLN_FAIL(NOT_ACCEPTABLE);
    }
    e->answered = false;
    return mln_exec_park_until(e, e->req.oet_us);
}

static mln_err hold(struct mln_exec *e)
{
    const struct mln_attempt *a = &e->transit->attempt;

    e->answered = false;
    return mln_govern_hold(e, &e->transit->govern, a->content.len + a->fr.len);
}

/* Goes to `to` when the view has ended. */
static mln_err prepare(struct mln_exec *e, struct mln_slice to)
{
    struct mln_transit *t = e->transit;
    struct mln_remote way;

    if (!t) {
        t = mln_arena_zalloc(e->arena, 1, sizeof *t);
        MLN_REQUIRE(t, NO_MEMORY);
        e->transit = t;
    }
    MLN_TRY(find_way_to(e, to, &way, &t->attempt.reach));
    if (!mln_reach_is_possible(&t->attempt.reach)) {
        mln_fault_set(e->fault, "the next CSE has no point of access that can be used");
        MLN_FAIL(NOT_REACHABLE);
    }
    (void)mln_remote_host(e->cse, to, &t->host); /* the route was found by it */
    t->resource = way.resource.id;
    t->neighbour = way.cse;
    MLN_TRY(mln_govern_judge(e, &t->govern, way.resource.id));
    if (mln_way_is_full(e->worker, way.resource.id)) {
        MLN_TRY(mln_govern_delay(e, &t->govern));
    }
    MLN_TRY(make_request(e, &t->attempt));
    if (e->req.oet_us != MLN_NO_TIME && e->req.oet_us > mln_env_now_us(e->cse->options.env)) {
        e->begin_wait = wait_for_time;
    } else {
        e->begin_wait = mln_govern_must_wait(e, &t->govern) ? hold : start;
        e->leaves = e->begin_wait == start && e->req.op != MLN_OP_RETRIEVE;
    }
    return MLN_OK;
}

mln_err mln_transit_prepare(struct mln_exec *e)
{
    const struct mln_value *to = mln_value_get(e->call->params, MLN_S("to"));

    MLN_TRY(prepare(e, to->text));
    e->transit->attempt.passed_rqi = e->req.rqi;
    return MLN_OK;
}

mln_err mln_transit_follow(struct mln_exec *e, struct mln_slice to)
{
    if (!e->call || e->may_write) { /* of ours, or of a group elsewhere */
        mln_fault_set(e->fault, "a member of a group cannot wait for another CSE");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    MLN_REQUIRE(!mln_peer_is_end_to_end(e->peer), NOT_IMPLEMENTED); /* docs/decisions/0051 */
    MLN_TRY(prepare(e, to));
    (void)mln_value_take(e->call->params, MLN_S("rcn")); /* of the original: its default */
    e->answered = true;
    return MLN_OK;
}
