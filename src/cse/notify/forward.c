/* NOTIFY to an <AE>: to its point of access and back. spec: TS-0004 7.3.3.9.1 */
#include "cse/notify/forward.h"

#include "base/rsc.h"
#include "cse/notify/attempt.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/way.h"
#include "model/pack.h"

struct mln_forward {
    struct mln_attempt attempt;
    struct mln_open_way *way; /* to the AE */
};

static mln_err take_answer(struct mln_exec *e, const struct mln_outbound_answer *answer)
{
    struct mln_buf buf;

    if (mln_failed(answer->err)) {
        mln_fault_set(e->fault, "the AE does not answer");
        MLN_FAIL(NOT_REACHABLE);
    }
    e->response->rsc = answer->has_rsc ? answer->rsc : MLN_RSC_OK;
    if (!answer->has_rsc && !mln_attempt_succeeded(answer)) {
        mln_fault_set(e->fault, "the AE answered with status %d", answer->transport_status);
        MLN_FAIL(NOT_REACHABLE);
    }
    if (!mln_rsc_is_final(e->response->rsc)) {
        mln_fault_set(e->fault, "the AE answered with Response Status Code %d",
                      (int)e->response->rsc);
        MLN_FAIL(NOT_REACHABLE);
    }
    if (answer->pc) {
        mln_buf_init(&buf, e->arena, mln_exec_answer_limit(e));
        mln_pack_value(&buf, answer->pc);
        MLN_TRY(mln_buf_finish(&buf, &e->response->pc));
    }
    e->answered = true;
    return MLN_OK;
}

static void answered(struct mln_attempt *attempt, const struct mln_outbound_answer *answer)
{
    struct mln_exec *e = attempt->data;

    mln_way_leave(e->worker, e->forward->way);
    mln_exec_resume(e, take_answer(e, answer));
}

/* On a polling channel the AE comes when it wants: the request waits as long as its sender does.
 * spec: TS-0001 10.2.5.17 */
static int64_t time_for(const struct mln_exec *e)
{
    const struct mln_limits *limits = e->cse->options.limits;
    int64_t now = mln_env_now_us(e->cse->options.env);
    bool polls = e->forward->attempt.reach.count == 0;
    int64_t most = (int64_t)(polls ? limits->channel_ms : limits->notify_ms) * 1000;
    int64_t wanted = polls ? (int64_t)limits->request_ms * 1000 : most;

    if (e->req.rqet_us != MLN_NO_TIME) {
        wanted = e->req.rqet_us - now;
    }
    return wanted < most ? wanted : most;
}

static mln_err enter(struct mln_exec *e)
{
    uint64_t ae = e->target.resource.id;
    mln_err err;

    if (mln_way_is_full(e->worker, ae)) {
        mln_fault_set(e->fault, "too many requests wait for that AE");
        MLN_FAIL(NOT_REACHABLE);
    }
    MLN_TRY(mln_way_enter(e->worker, ae, &e->forward->way));
    err = mln_exec_park(e);
    if (mln_failed(err)) {
        mln_way_leave(e->worker, e->forward->way);
    }
    return err;
}

static mln_err start(struct mln_exec *e)
{
    struct mln_attempt *a = &e->forward->attempt;

    MLN_TRY(enter(e));
    a->worker = e->worker;
    a->fr = e->req.fr;
    a->passed_rqi = e->req.rqi; /* one that comes round is found to be pending */
    a->ec = e->req.ec;
    a->rvi = a->reach.rvi.len ? e->req.rvi : a->reach.rvi; /* spec: TS-0004 7.3.2.6 */
    a->timeout_us = time_for(e);
    a->done = answered;
    a->data = e;
    e->answered = false;
    mln_attempt_start(a);
    return MLN_OK;
}

mln_err mln_forward_prepare(struct mln_exec *e)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_forward *f = mln_arena_zalloc(e->arena, 1, sizeof *f);
    struct mln_buf buf;

    MLN_REQUIRE(f, NO_MEMORY);
    MLN_TRY(mln_reach_ae(&l, &e->target.resource, &f->attempt.reach));
    if (!mln_reach_is_possible(&f->attempt.reach)) {
        mln_fault_set(e->fault, "the AE has neither a point of access that can be used nor a "
                                "polling channel");
        MLN_FAIL(NOT_REACHABLE);
    }
    mln_buf_init(&buf, e->arena, SIZE_MAX);
    mln_pack_value(&buf, e->req.pc);
    MLN_TRY(mln_buf_finish(&buf, &f->attempt.content));
    e->forward = f;
    e->begin_wait = start;
    e->leaves = true;
    return MLN_OK;
}
