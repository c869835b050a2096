/* Long polling. */
#include "cse/notify/poll.h"

#include "base/rsc.h"
#include "cse/notify/channel.h"
#include "cse/pipeline/pipeline.h"

/* The channels take nothing more. */
static void tell_of_stop(struct mln_exec *e, mln_err outcome)
{
    if (outcome.code == MLN_ERR_OVERLOAD) {
        mln_fault_set(e->fault, "the server stops");
    }
}

/* ---- RETRIEVE ---- */

static void polled(struct mln_poll *p, mln_err outcome)
{
    struct mln_exec *e = p->data;

    e->worker->polls--;
    e->abandoned = NULL;
    if (outcome.code == MLN_ERR_TIMEOUT) {
        mln_fault_set(e->fault, "no request came");
    }
    tell_of_stop(e, outcome);
    e->response->rsc = MLN_RSC_OK;
    e->response->pc = p->pc;
    mln_exec_resume(e, outcome);
}

static void abandoned(struct mln_exec *e)
{
    e->abandoned = NULL;
    mln_channel_leave(e->poll);
}

/* Until the Request Expiration Timestamp, but not longer than the limit. */
static int64_t end_of(const struct mln_exec *e)
{
    const struct mln_limits *limits = e->cse->options.limits;
    int64_t most = e->arrival_us + (int64_t)limits->channel_ms * 1000;
    int64_t wanted = e->req.rqet_us != MLN_NO_TIME
                         ? e->req.rqet_us
                         : e->arrival_us + (int64_t)limits->request_ms * 1000;

    return wanted < most ? wanted : most;
}

static mln_err start_poll(struct mln_exec *e)
{
    struct mln_worker *w = e->worker;
    struct mln_poll *p = e->poll;

    MLN_REQUIRE(w->polls + w->timed_count < e->cse->options.limits->parked / 2, OVERLOAD);
    MLN_TRY(mln_exec_park(e));
    w->polls++;
    *p = (struct mln_poll){
        .worker = w,
        .serial = e->serial,
        .channel = p->channel,
        .until_us = end_of(e),
        .arena = e->arena,
        .most = mln_exec_answer_limit(e),
        .at_once = p->at_once,
        .done = polled,
        .data = e,
    };
    e->abandoned = abandoned;
    mln_channel_poll(p);
    return MLN_OK;
}

mln_err mln_poll_prepare(struct mln_exec *e)
{
    bool aggregates;

    MLN_REQUIRE(e->call && !e->may_write, OPERATION);
    e->poll = mln_arena_zalloc(e->arena, 1, sizeof *e->poll);
    MLN_REQUIRE(e->poll, NO_MEMORY);
    e->poll->channel = e->target.resource.id;
    if (mln_pack_find_bool(e->target.resource.attrs, MLN_S("rqag"), &aggregates) && aggregates) {
        e->poll->at_once = e->cse->options.limits->poll_requests;
    }
    e->answered = true;
    e->begin_wait = start_poll;
    return MLN_OK;
}

/* ---- NOTIFY ---- */

static void replied(struct mln_reply *r, mln_err outcome)
{
    struct mln_exec *e = r->data;

    if (outcome.code == MLN_ERR_BAD_REQUEST) {
        mln_fault_set(e->fault, "no request with this Request Identifier waits for its response");
    }
    tell_of_stop(e, outcome);
    mln_exec_resume(e, outcome);
}

static mln_err start_reply(struct mln_exec *e)
{
    struct mln_reply *r = e->reply;

    MLN_TRY(mln_exec_park(e));
    r->worker = e->worker;
    r->done = replied;
    r->data = e;
    mln_channel_reply(r);
    return MLN_OK;
}

mln_err mln_poll_reply(struct mln_exec *e)
{
    const struct mln_value *root = e->req.pc->items.first;
    const struct mln_value *rqi = mln_value_get(root, MLN_S("rqi"));
    uint64_t rsc;
    uint64_t status = MLN_CONTENT_UNSAID;
    uint64_t offset = 0;

    MLN_REQUIRE(e->call, OPERATION);
    if (!mln_slice_eq(root->name, MLN_S("m2m:rsp")) || !rqi ||
        !mln_value_u64(mln_value_get(root, MLN_S("rsc")), &rsc)) {
        mln_fault_set(e->fault, "a polling channel takes m2m:rsp only");
        MLN_FAIL(BAD_REQUEST);
    }
    e->reply = mln_arena_zalloc(e->arena, 1, sizeof *e->reply);
    MLN_REQUIRE(e->reply, NO_MEMORY);
    (void)mln_value_u64(mln_value_get(root, MLN_S("cnst")), &status);
    (void)mln_value_u64(mln_value_get(root, MLN_S("cnot")), &offset);
    e->reply->channel = e->target.resource.id;
    e->reply->rqi = rqi->text;
    e->reply->answer = (struct mln_outbound_answer){
        .has_rsc = true,
        .rsc = (enum mln_rsc)rsc,
        .pc = mln_value_get(root, MLN_S("pc")),
        .content_status = (int)status,
        .content_offset = offset,
    };
    e->answered = true;
    e->response->rsc = MLN_RSC_OK;
    e->begin_wait = start_reply;
    return MLN_OK;
}
