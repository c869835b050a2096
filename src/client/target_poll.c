/* The polling channel of a target: a poll that waits, the request that comes back with it, its
 * response by a NOTIFY, and the next poll. spec: TS-0001 10.2.5.13 to 10.2.5.15, TS-0004 7.4.22 */
#include <stddef.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/timestamp.h"
#include "client/target_int.h"
#include "codec/json.h"

enum {
    POLL_ARENA = 32 << 20,
    MARGIN_US = 2 * 1000 * 1000, /* the answer of a poll comes before its time-out */
    LONG_US = 100 * 1000,        /* a poll that ends sooner with nothing has failed */
    FIRST_PAUSE_US = 500 * 1000,
    LAST_PAUSE_US = 30 * 1000 * 1000,
};

static void poll_now(struct merlon_target *target);

/* ---- again ---- */

static void on_timer(struct mln_timer *timer)
{
    struct mln_poller *p =
        (struct mln_poller *)((char *)timer - offsetof(struct mln_poller, timer));

    poll_now((struct merlon_target *)((char *)p - offsetof(struct merlon_target, poller)));
}

/* After a failure: the longer the more there were. */
static void poll_later(struct merlon_target *target)
{
    struct mln_poller *p = &target->poller;

    p->pause_us = p->pause_us ? p->pause_us * 2 : FIRST_PAUSE_US;
    p->pause_us = p->pause_us < LAST_PAUSE_US ? p->pause_us : LAST_PAUSE_US;
    p->timer.fire = on_timer;
    mln_loop_after(target->client->loop, &p->timer, p->pause_us);
}

/* ---- a request ---- */

static struct mln_slice text_of(const struct mln_value *v, struct mln_slice name)
{
    const struct mln_value *text = mln_value_get(v, name);

    return text && text->kind == MLN_V_TEXT ? text->text : MLN_S("");
}

/* Response status code; *ret_content is JSON. */
static int take(struct merlon_target *target, const struct mln_value *request,
                struct mln_arena *arena, struct mln_slice *ret_content)
{
    const struct mln_poller *p = &target->poller;
    const struct mln_value *content = mln_value_get(request, MLN_S("pc"));
    const struct mln_value *info = mln_value_get(content, MLN_S("m2m:seci"));
    struct mln_fault fault = { 0 };
    uint64_t op = 0;

    if (!mln_value_u64(mln_value_get(request, MLN_S("op")), &op) || op != MLN_OP_NOTIFY) {
        return MLN_RSC_OPERATION_NOT_ALLOWED;
    }
    if (info) {
        struct mln_notified what = { info, text_of(request, MLN_S("fr")) };
        mln_err err = mln_target_take(target, &what, arena, ret_content, &fault);

        return mln_failed(err) ? (int)mln_err_rsc(err) : MLN_RSC_OK;
    }
    return p->notified ? mln_client_take_notification(content, text_of(request, MLN_S("fr")).ptr,
                                                      p->notified, p->data)
                       : MLN_RSC_NOT_IMPLEMENTED;
}

/* {"m2m:rsp":{…}} */
static mln_err write_response(int rsc, struct mln_slice rqi, struct mln_slice content,
                              struct mln_arena *arena, struct mln_slice *ret)
{
    const struct mln_value text = { .kind = MLN_V_TEXT, .text = rqi };
    struct mln_buf out;

    mln_buf_init(&out, arena, POLL_ARENA);
    mln_buf_printf(&out, "{\"m2m:rsp\":{\"rsc\":%d,\"rvi\":\"3\",\"rqi\":", rsc);
    mln_json_write_value(&out, &text, false);
    if (content.len) {
        mln_buf_add(&out, MLN_S(",\"pc\":"));
        mln_buf_add(&out, content);
    }
    mln_buf_add(&out, MLN_S("}}"));
    return mln_buf_finish(&out, ret);
}

static mln_err write_request(struct merlon_target *target, enum mln_op op, struct mln_slice body,
                             struct mln_arena *arena, struct merlon_request *ret)
{
    struct mln_slice to = mln_slice_z(target->poller.uri);
    struct mln_value *params = mln_value_new(arena, MLN_V_OBJECT);

    MLN_REQUIRE(params, NO_MEMORY);
    MLN_TRY(mln_value_set(params, MLN_S("op"), mln_value_int(arena, op)));
    MLN_TRY(mln_value_set(params, MLN_S("to"), mln_value_text(arena, to)));
    *ret = (struct merlon_request){
        .arena = arena, .op = op, .params = params, .body = body, .has_body = body.len > 0
    };
    return MLN_OK;
}

/* A response that does not get through is lost: who waits for it gets a time-out. */
static void on_responded(void *data, struct mln_client_result *result)
{
    (void)data;
    merlon_response_free(result->response);
}

static mln_err respond(struct merlon_target *target, const struct mln_value *request,
                       struct mln_arena *arena)
{
    struct mln_slice content = { 0 };
    struct mln_slice body = { 0 };
    struct mln_client_call *call = NULL;
    struct merlon_request notify;
    struct mln_fault fault = { 0 };
    int rsc = take(target, request, arena, &content);

    MLN_TRY(write_response(rsc, text_of(request, MLN_S("rqi")), content, arena, &body));
    MLN_TRY(write_request(target, MLN_OP_NOTIFY, body, arena, &notify));
    return mln_client_start(target->client, &notify, on_responded, NULL, &call, &fault);
}

/* One request, or several of them, as many as can be answered; false when there is none. */
static bool take_answer(struct merlon_target *target, const struct mln_value *content)
{
    const struct mln_value *together = mln_value_get(content, MLN_S("m2m:agrp"));
    const struct mln_value *v = mln_value_get(together ? together : content, MLN_S("m2m:rqp"));
    bool are_many = v && v->kind == MLN_V_ARRAY;
    size_t count = 0;

    for (v = are_many ? v->items.first : v; v && target->client->calls < MERLON_CALLS; count++) {
        struct mln_arena *arena = mln_arena_new(POLL_ARENA);

        if (arena) {
            mln_ignore(respond(target, v, arena)); /* who waits for it gets a time-out */
        }
        mln_arena_free(arena);
        v = are_many ? v->next : NULL;
    }
    return count > 0;
}

/* ---- polling ---- */

static void on_answer(void *data, struct mln_client_result *result)
{
    struct merlon_target *target = data;
    int rsc = mln_failed(result->err) ? 0 : result->response->rsc;
    /* spec: TS-0004 7.4.22.2.2: nothing came in time */
    bool is_well =
        rsc == MLN_RSC_REQUEST_TIMEOUT && mln_monotonic_us() - target->poller.began_us >= LONG_US;

    target->poller.poll = NULL;
    if (result->err.code == MLN_ERR_CANCELLED) {
        return;
    }
    if (merlon_rsc_is_success(rsc)) {
        is_well = take_answer(target, result->response->content);
    }
    merlon_response_free(result->response);
    if (is_well) {
        target->poller.pause_us = 0;
        poll_now(target);
    } else {
        poll_later(target);
    }
}

static mln_err add_end(const struct merlon_target *target, struct merlon_request *request,
                       struct mln_arena *arena)
{
    int64_t wait_us = target->client->timeout_us;
    char text[MLN_TIMESTAMP_SIZE];
    struct mln_slice end;

    wait_us = wait_us / 2 > MARGIN_US ? wait_us - MARGIN_US : wait_us / 2;
    mln_timestamp_format(text, mln_env_now_us(mln_env_system()) + wait_us);
    MLN_REQUIRE(mln_arena_dup(arena, mln_slice_of(text, sizeof text), &end), NO_MEMORY);
    return mln_value_set(request->params, MLN_S("rqet"), mln_value_text(arena, end));
}

static mln_err start(struct merlon_target *target, struct mln_fault *fault)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(POLL_ARENA);
    struct merlon_request request;

    MLN_REQUIRE(arena, NO_MEMORY);
    target->poller.began_us = mln_monotonic_us();
    MLN_TRY(write_request(target, MLN_OP_RETRIEVE, mln_slice_of(NULL, 0), arena, &request));
    MLN_TRY(add_end(target, &request, arena));
    return mln_client_start(target->client, &request, on_answer, target, &target->poller.poll,
                            fault);
}

static void poll_now(struct merlon_target *target)
{
    struct mln_fault fault = { 0 };

    if (mln_failed(start(target, &fault))) {
        poll_later(target);
    }
}

static mln_err begin(struct merlon_target *target, const char *channel, struct mln_fault *fault)
{
    struct mln_poller *p = &target->poller;
    size_t size = strlen(channel) + sizeof "/pcu";
    mln_err err;

    if (p->uri) {
        mln_fault_set(fault, "the target polls already");
        MLN_FAIL(PARAM_INVALID);
    }
    p->uri = mln_malloc(size);
    MLN_REQUIRE(p->uri, NO_MEMORY);
    (void)snprintf(p->uri, size, "%s/pcu", channel);
    err = start(target, fault);
    if (mln_failed(err)) {
        mln_free(p->uri);
        p->uri = NULL;
    }
    return err;
}

enum merlon_status merlon_target_poll(struct merlon_target *target, const char *channel,
                                      merlon_notified *notified, void *data,
                                      struct merlon_error *error)
{
    struct mln_fault fault = { 0 };

    if (!target->poller.uri) {
        target->poller.notified = notified;
        target->poller.data = data;
    }
    return mln_client_end(begin(target, channel, &fault), &fault, error);
}

void mln_target_poll_end(struct merlon_target *target)
{
    mln_client_drop(target->poller.poll);
    mln_loop_cancel_after(target->client->loop, &target->poller.timer);
    mln_free(target->poller.uri);
}
