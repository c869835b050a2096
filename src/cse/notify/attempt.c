/* Sending one request. */
#include "cse/notify/attempt.h"

#include <stdio.h>

#include "base/timestamp.h"
#include "cse/protect/originate.h"

static void send_next(struct mln_attempt *a);

static void report(struct mln_attempt *a, mln_err err)
{
    struct mln_outbound_answer none = { .err = err };

    a->done(a, &none);
}

static bool may_go_on(const struct mln_attempt *a, const struct mln_outbound_answer *answer)
{
    bool is_repeatable = a->op == 0 || a->op == MLN_OP_NOTIFY || a->op == MLN_OP_RETRIEVE;

    return a->next < a->reach.count && (is_repeatable || !answer->was_sent);
}

static void answered(void *data, const struct mln_outbound_answer *answer)
{
    struct mln_attempt *a = data;

    if (mln_failed(answer->err) && may_go_on(a, answer)) {
        send_next(a);
        return;
    }
    a->done(a, answer);
}

/* Does the URL say more than where the host is? Then the receiver has told us what to ask for. */
static bool has_path(struct mln_slice url)
{
    struct mln_slice rest = mln_slice_from(url, mln_slice_find(url, ':') + 1);

    while (rest.len && rest.ptr[0] == '/') {
        rest = mln_slice_from(rest, 1);
    }
    return mln_slice_find(rest, '/') + 1 < rest.len || mln_slice_find(rest, '?') < rest.len;
}

struct mln_slice mln_attempt_rqi(struct mln_worker *worker, char ret[static MLN_ATTEMPT_RQI])
{
    int len = snprintf(ret, MLN_ATTEMPT_RQI, "%s-%llu", worker->request_prefix,
                       (unsigned long long)++worker->request_counter);

    return mln_slice_of(ret, (size_t)len);
}

struct mln_slice mln_attempt_sender(const struct mln_attempt *attempt)
{
    const struct mln_cse *cse = attempt->worker->cse;
    bool is_us = mln_slice_eq(attempt->fr, cse->names.cse_id);

    return attempt->reach.is_abroad && is_us ? cse->absolute_id : attempt->fr;
}

/* Time for the next point of access: one that is silent must leave some to those behind it. */
static int64_t share_of_time(const struct mln_attempt *a)
{
    int64_t left = a->deadline_us - mln_env_now_us(a->worker->cse->options.env);

    left /= (int64_t)(a->reach.count - a->next);
    return left > 0 ? left : 1;
}

static void send_next(struct mln_attempt *a)
{
    struct mln_worker *w = a->worker;
    mln_err err = MLN_ERROR(NOT_REACHABLE);

    while (a->next < a->reach.count) {
        int64_t timeout_us = share_of_time(a);
        struct mln_slice url = a->reach.urls[a->next++];
        struct mln_outbound_request request = {
            .url = url,
            /* spec: TS-0009 6.2.2.1 */
            .to = has_path(url) && !a->reach.is_through_cse ? mln_slice_of(NULL, 0) : a->reach.to,
            .fr = mln_attempt_sender(a),
            .rqi = a->passed_rqi.len ? a->passed_rqi : mln_attempt_rqi(w, a->rqi),
            .rvi = a->rvi,
            .op = a->op ? a->op : MLN_OP_NOTIFY,
            .params = a->params,
            .ec = a->ec,
            .pc = a->content,
            .serialisation = a->reach.serialisation,
            .timeout_us = timeout_us,
            .peer_credential_id = a->reach.credential_id,
        };

        err = w->ops.outbound.send(w->ops.outbound.impl, &request, answered, a);
        if (!mln_failed(err)) {
            return;
        }
    }
    report(a, err);
}

static void channel_answered(void *data, const struct mln_outbound_answer *answer)
{
    struct mln_attempt *a = data;

    a->done(a, answer);
}

static void offer(struct mln_attempt *a)
{
    a->offer = (struct mln_offer){
        .worker = a->worker,
        .channel = a->reach.channel,
        .request = {
            .to = a->reach.to,
            .fr = a->fr,
            /* by it the response is found, whoever asks */
            .rqi = mln_attempt_rqi(a->worker, a->rqi),
            .rvi = a->rvi,
            .op = a->op ? a->op : MLN_OP_NOTIFY,
            .params = a->params,
            .ec = a->ec,
            .pc = a->content,
        },
        .until_us = a->deadline_us,
        .done = channel_answered,
        .data = a,
    };
    mln_channel_offer(&a->offer);
}

int64_t mln_attempt_time(const struct mln_exec *e, uint64_t most_ms)
{
    int64_t most = (int64_t)most_ms * 1000;
    int64_t end_us = mln_request_end_us(&e->req);
    int64_t left =
        end_us == MLN_TIMESTAMP_MAX ? most : end_us - mln_env_now_us(e->cse->options.env);

    return left < 1 ? 1 : left < most ? left : most;
}

void mln_attempt_start(struct mln_attempt *attempt)
{
    attempt->next = 0;
    attempt->deadline_us = mln_env_now_us(attempt->worker->cse->options.env) + attempt->timeout_us;
    if (attempt->reach.partner && !attempt->op) {
        mln_originate_start(attempt);
        return;
    }
    if (attempt->reach.count == 0 && attempt->reach.channel) {
        offer(attempt);
        return;
    }
    send_next(attempt);
}

void mln_attempt_start_for(struct mln_exec *e, struct mln_attempt *attempt, uint64_t most_ms)
{
    attempt->worker = e->worker;
    attempt->fr = e->cse->names.cse_id;
    attempt->rvi = attempt->reach.rvi;
    attempt->timeout_us = mln_attempt_time(e, most_ms);
    mln_attempt_start(attempt);
}

bool mln_attempt_succeeded(const struct mln_outbound_answer *answer)
{
    if (mln_failed(answer->err)) {
        return false;
    }
    if (answer->has_rsc) {
        return answer->rsc >= MLN_RSC_OK && (int)answer->rsc < 3000;
    }
    return answer->transport_status >= 200 && answer->transport_status < 300;
}

bool mln_attempt_is_refused(const struct mln_outbound_answer *answer)
{
    int status = answer->transport_status;

    if (mln_failed(answer->err) || mln_attempt_succeeded(answer)) {
        return false;
    }
    return answer->has_rsc ? (int)answer->rsc < 5000
                           : status >= 400 && status < 500 && status != 408 && status != 429;
}
