/* Requests that are passed on, under the CMDH policy. */
#include "cse/remote/govern.h"

#include "base/timestamp.h"
#include "cse/pipeline/pipeline.h"
#include "cse/types/cmdh.h"

/* Schedules and policies may change meanwhile. */
static const int64_t LOOK_US = 60 * MLN_US_PER_S;

/* Those that were held leave together when the network opens: as many as may, the others soon. */
static const int64_t FULL_US = MLN_US_PER_S;

/* ---- judging ---- */

static int64_t *time_of(struct mln_request *req, enum mln_cmdh_time which)
{
    int64_t *times[MLN_CMDH_TIMES] = { &req->rqet_us, &req->rset_us, &req->oet_us, &req->rp_us };

    return times[which];
}

static mln_err find_app_id(const struct mln_exec *e, const struct mln_lookup *l,
                           struct mln_slice *ret)
{
    struct mln_resource ae;
    mln_err err;

    if (!e->originator.is_registered) {
        return MLN_OK;
    }
    err = mln_locate_lookup(l, e->originator.text, &ae);
    if (!mln_failed(err)) {
        (void)mln_pack_find_text(ae.attrs, MLN_S("api"), ret);
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err set_time(const struct mln_exec *e, struct mln_slice name, int64_t us)
{
    char text[MLN_TIMESTAMP_SIZE];
    struct mln_slice copy;

    MLN_REQUIRE(mln_arena_dup(e->arena, mln_slice_of(text, mln_timestamp_put(text, us)), &copy),
                NO_MEMORY);
    return mln_value_set(e->call->params, name, mln_value_text(e->arena, copy));
}

/* What is filled in goes on with the request; no end, and at once, need not be said. */
static mln_err take_filled(struct mln_exec *e, const struct mln_cmdh_message *m)
{
    struct mln_value *params = e->call->params;

    if (!e->req.ec) {
        e->req.ec = m->ec;
        MLN_TRY(mln_value_set(params, MLN_S("ec"), mln_value_uint(e->arena, (uint64_t)m->ec)));
    }
    if (e->req.ot_us == MLN_NO_TIME) {
        e->req.ot_us = m->ot_us;
        MLN_TRY(set_time(e, MLN_S("ot"), m->ot_us));
    }
    for (unsigned i = 0; i < MLN_CMDH_TIMES; i++) {
        bool is_end = i == MLN_CMDH_RQET || i == MLN_CMDH_RSET;

        if (is_end ? m->times_us[i] != MLN_TIMESTAMP_MAX : m->times_us[i] > m->ot_us) {
            *time_of(&e->req, i) = m->times_us[i];
        }
    }
    return MLN_OK;
}

static mln_err judge_by(const struct mln_exec *e, const struct mln_lookup *l,
                        const struct mln_resource *policy, struct mln_cmdh_message *m,
                        struct mln_cmdh_verdict *verdict)
{
    const struct mln_value *da = mln_value_get(e->call->params, MLN_S("da"));
    struct mln_request req = e->req;

    *m = (struct mln_cmdh_message){
        .from = &e->originator.entity,
        .is_local_ae = e->originator.is_registered,
        .ec = req.ec,
        .ot_us = req.ot_us == MLN_NO_TIME ? e->arrival_us : req.ot_us,
        .da = da ? da->boolean : -1,
    };
    for (unsigned i = 0; i < MLN_CMDH_TIMES; i++) {
        m->times_us[i] = *time_of(&req, i);
    }
    MLN_TRY(find_app_id(e, l, &m->app_id));
    return mln_cmdh_judge(l, policy, m, verdict, e->fault);
}

/* Nothing is judged while no policy is active. What is read for it is not kept: a request may be
 * judged many times. */
static mln_err judge(struct mln_exec *e, struct mln_govern *g)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *scratch = NULL;
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_cmdh_message m;
    struct mln_resource policy;
    mln_err err;

    g->verdict = (struct mln_cmdh_verdict){ 0 };
    scratch = mln_arena_new((size_t)e->cse->options.limits->request_arena_bytes);
    MLN_REQUIRE(scratch, NO_MEMORY);
    l.arena = scratch;
    err = mln_cmdh_active(&l, &policy);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_TRY(judge_by(e, &l, &policy, &m, &g->verdict));
    return take_filled(e, &m);
}

static mln_err random_up_to(const struct mln_exec *e, int64_t most, int64_t *ret)
{
    uint64_t n;

    MLN_TRY(mln_env_random(e->cse->options.env, &n, sizeof n));
    *ret = (int64_t)(n % ((uint64_t)most + 1));
    return MLN_OK;
}

static mln_err too_late(struct mln_exec *e, const struct mln_govern *g)
{
    if (g->has_failed) {
        mln_fault_set(e->fault, "the other CSE does not answer");
        MLN_FAIL(NOT_REACHABLE);
    }
    mln_fault_set(e->fault, "the CMDH policy of this CSE: the network may not be used in time");
    return g->is_accepted ? MLN_ERROR(TIMEOUT) : MLN_ERROR(BAD_REQUEST);
}

static mln_err check_end(struct mln_exec *e, const struct mln_govern *g)
{
    int64_t most_us = e->arrival_us + (int64_t)e->cse->options.limits->buffered_ms * 1000;
    int64_t end_us = mln_request_end_us(&e->req);

    return g->planned_us < most_us && g->planned_us < end_us ? MLN_OK : too_late(e, g);
}

/* spec: TS-0004 H.2.3 3.2.4; TS-0001 D.12.7 */
static mln_err plan(struct mln_exec *e, struct mln_govern *g)
{
    int64_t now_us = mln_env_now_us(e->cse->options.env);
    int64_t pause_us = mln_buffer_pause(e->cse->buffers, g->neighbour);
    int64_t opens_us = pause_us > g->verdict.opens_us ? pause_us : g->verdict.opens_us;

    if (!g->is_spread) {
        MLN_TRY(random_up_to(e, g->verdict.spread_us, &g->spread_us));
        g->is_spread = true;
    }
    if (opens_us > now_us) {
        g->planned_us = opens_us + g->spread_us;
    } else if (g->planned_us == 0 || g->planned_us - g->spread_us > now_us) {
        g->planned_us = now_us + g->spread_us;
    }
    return check_end(e, g);
}

mln_err mln_govern_judge(struct mln_exec *e, struct mln_govern *g, uint64_t neighbour)
{
    g->neighbour = neighbour;
    MLN_TRY(judge(e, g));
    if (!g->verdict.is_judged) {
        g->planned_us = 0;
        return MLN_OK;
    }
    return plan(e, g);
}

mln_err mln_govern_delay(struct mln_exec *e, struct mln_govern *g)
{
    int64_t soon_us = mln_env_now_us(e->cse->options.env) + FULL_US;

    if (!g->is_accepted || !g->verdict.is_judged) {
        mln_fault_set(e->fault, "too many requests wait for that CSE");
        MLN_FAIL(NOT_REACHABLE);
    }
    g->planned_us = g->planned_us > soon_us ? g->planned_us : soon_us;
    return check_end(e, g);
}

bool mln_govern_must_wait(const struct mln_exec *e, const struct mln_govern *g)
{
    return g->planned_us > mln_env_now_us(e->cse->options.env);
}

/* ---- waiting ---- */

/* What a notification says of its subscription concerns only what the same one has sent.
 * spec: TS-0001 8.1.2 Event Category = latest */
static void choose_key(const struct mln_exec *e, struct mln_slice key[static 2])
{
    const struct mln_value *pc = mln_value_get(e->call->params, MLN_S("pc"));
    const struct mln_value *sur = mln_value_get(mln_value_get(pc, MLN_S("m2m:sgn")), MLN_S("sur"));
    bool has_subscription = e->req.op == MLN_OP_NOTIFY && sur && sur->kind == MLN_V_TEXT;

    if (e->req.ec == MLN_EC_LATEST) {
        key[0] = e->req.fr;
        key[1] = has_subscription ? sur->text : e->req.to;
    }
}

mln_err mln_govern_hold(struct mln_exec *e, struct mln_govern *g, uint64_t bytes)
{
    int64_t look_us = mln_env_now_us(e->cse->options.env) + LOOK_US;
    struct mln_buffer_entry entry = {
        .buffer = g->verdict.buffer,
        .most_bytes = g->verdict.buffer_bytes,
        .bytes = bytes + e->req.to.len + e->req.rqi.len,
        .priority = g->verdict.priority,
    };
    mln_err err;

    choose_key(e, entry.key);
    err = mln_buffer_enter(e, &entry);
    MLN_REQUIRE(!(g->is_accepted && err.code == MLN_ERR_BAD_REQUEST), NOT_REACHABLE);
    MLN_TRY(err);
    g->is_accepted = true;
    return mln_exec_park_until(e, g->planned_us < look_us ? g->planned_us : look_us);
}

mln_err mln_govern_release(struct mln_exec *e, struct mln_govern *g)
{
    if (!mln_buffer_leave(e)) {
        mln_fault_set(e->fault, "another request was to be kept rather than this one");
        MLN_FAIL(NOT_REACHABLE);
    }
    g->is_accepted = true;
    if (g->verdict.is_judged) {
        mln_buffer_try(e->cse->buffers, g->neighbour, mln_env_now_us(e->cse->options.env));
    }
    return MLN_OK;
}

/* ---- after an attempt ---- */

/* Nothing of it has left, or it does no harm twice. */
static bool may_repeat(const struct mln_exec *e, const struct mln_outbound_answer *answer)
{
    return mln_err_class(answer->err) == MLN_ERR_CLASS_REMOTE &&
           (!answer->was_sent || e->req.op == MLN_OP_RETRIEVE || e->req.op == MLN_OP_NOTIFY);
}

void mln_govern_note(const struct mln_cse *cse, uint64_t neighbour,
                     const struct mln_cmdh_verdict *verdict,
                     const struct mln_outbound_answer *answer)
{
    uint64_t n = 0;

    /* spec: TS-0001 D.12.7 backOffParameters: for field nodes only */
    if (!verdict->is_judged || cse->options.type == MLN_CSE_TYPE_IN) {
        return;
    }
    if (!mln_failed(answer->err)) {
        mln_buffer_succeeded(cse->buffers, neighbour);
        return;
    }
    mln_ignore(mln_env_random(cse->options.env, &n, sizeof n));
    mln_buffer_failed(cse->buffers, neighbour, &verdict->back_off, mln_env_now_us(cse->options.env),
                      n);
}

bool mln_govern_repeats(struct mln_exec *e, struct mln_govern *g,
                        const struct mln_outbound_answer *answer)
{
    mln_govern_note(e->cse, g->neighbour, &g->verdict, answer);
    g->has_failed = g->verdict.is_judged && e->cse->options.type != MLN_CSE_TYPE_IN &&
                    mln_failed(answer->err) && may_repeat(e, answer);
    return g->has_failed;
}

/* ---- what does not wait here ---- */

mln_err mln_govern_check(struct mln_exec *e)
{
    struct mln_govern g = { 0 };

    return mln_govern_judge(e, &g, 0);
}

mln_err mln_govern_member(const struct mln_exec *e, const struct mln_lookup *l, uint64_t neighbour,
                          int *ret_ec)
{
    struct mln_cmdh_message m;
    struct mln_cmdh_verdict v;
    struct mln_resource policy;
    mln_err err = mln_cmdh_active(l, &policy);

    *ret_ec = 0;
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    err = judge_by(e, l, &policy, &m, &v);
    MLN_REQUIRE(err.code != MLN_ERR_BAD_REQUEST, NOT_REACHABLE);
    MLN_TRY(err);
    *ret_ec = e->req.ec ? 0 : m.ec;
    MLN_REQUIRE(!v.is_judged || (v.opens_us <= l->now_us &&
                                 mln_buffer_pause(e->cse->buffers, neighbour) <= l->now_us),
                NOT_REACHABLE);
    return MLN_OK;
}

mln_err mln_govern_notice(const struct mln_lookup *l, uint64_t neighbour,
                          struct mln_govern_notice *notice)
{
    struct mln_entity self = { 0 };
    struct mln_cmdh_message m = {
        .from = &self,
        .ec = notice->ec,
        .ot_us = notice->created_us,
        .times_us = { MLN_NO_TIME, MLN_NO_TIME, MLN_NO_TIME, MLN_NO_TIME },
        .da = -1,
    };
    struct mln_resource policy;
    struct mln_fault fault;
    mln_err err = mln_cmdh_active(l, &policy);

    notice->rqet_us = MLN_NO_TIME;
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    (void)mln_entity_parse_cse(l->cse->names.cse_id, &l->cse->names, &self);
    err = mln_cmdh_judge(l, &policy, &m, &notice->verdict, &fault);
    notice->is_refused = err.code == MLN_ERR_BAD_REQUEST;
    if (mln_failed(err) && !notice->is_refused) {
        return err;
    }
    notice->ec = m.ec;
    if (m.times_us[MLN_CMDH_RQET] != MLN_TIMESTAMP_MAX) {
        notice->rqet_us = m.times_us[MLN_CMDH_RQET];
    }
    if (notice->verdict.is_judged) {
        int64_t pause_us = mln_buffer_pause(l->cse->buffers, neighbour);

        notice->opens_us =
            pause_us > notice->verdict.opens_us ? pause_us : notice->verdict.opens_us;
    }
    return MLN_OK;
}

int64_t mln_govern_spread(const struct mln_env *env, const struct mln_govern_notice *notice)
{
    int64_t now_us = mln_env_now_us(env);
    uint64_t n = 0;

    mln_ignore(mln_env_random(env, &n, sizeof n));
    return (notice->opens_us > now_us ? notice->opens_us : now_us) +
           (int64_t)(n % ((uint64_t)notice->verdict.spread_us + 1));
}
