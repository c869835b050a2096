/* Calls under way: from a request primitive to an HTTP message, and back with the answer.
 *
 * A call lives until it has an answer or its client ends. Blocking functions start one and run the
 * loop until it is over; merlon_begin starts one and leaves the running to the user. */
#include <inttypes.h>

#include "base/mem.h"
#include "bind/http/http_wire.h"
#include "client/client_int.h"

enum { SEND_ARENA = 16 << 20, IDENTIFIER_SIZE = 64 };

/* ---- the message ---- */

static mln_err set_default(struct mln_value *params, struct mln_slice name, struct mln_slice text,
                           struct mln_arena *arena)
{
    if (!text.len || mln_value_get(params, name)) {
        return MLN_OK;
    }
    return mln_value_set(params, name, mln_value_text(arena, text));
}

mln_err mln_client_complete(struct merlon_client *c, const struct merlon_request *request,
                            struct mln_arena *arena, struct mln_value **ret)
{
    struct mln_value *params = mln_value_new(arena, MLN_V_OBJECT);
    struct mln_buf id;
    struct mln_slice rqi = { 0 };

    MLN_REQUIRE(params, NO_MEMORY);
    for (const struct mln_value *v = request->params->items.first; v; v = v->next) {
        struct mln_value *node = mln_value_new(arena, v->kind);

        MLN_REQUIRE(node, NO_MEMORY);
        *node = *v;
        MLN_TRY(mln_value_append(params, node));
    }
    /* spec: TS-0001 8.1.2: the request identifier is unique for the originator */
    mln_buf_init(&id, arena, IDENTIFIER_SIZE);
    mln_buf_printf(&id, "%016" PRIx64 "-%" PRIu64, c->session, ++c->requests);
    MLN_TRY(mln_buf_finish(&id, &rqi));
    MLN_TRY(set_default(params, MLN_S("rqi"), rqi, arena));
    MLN_TRY(set_default(params, MLN_S("fr"), mln_slice_z(c->originator), arena));
    MLN_TRY(set_default(params, MLN_S("rvi"), mln_slice_z(c->release), arena));
    *ret = params;
    return MLN_OK;
}

static mln_err write_message(struct merlon_client *c, const struct merlon_request *request,
                             struct mln_arena *arena, struct mln_fetch_request *ret,
                             struct mln_fault *fault)
{
    struct mln_http_outgoing out;
    struct mln_value *params = NULL;
    struct mln_slice url = { 0 };
    struct mln_buf buf;

    MLN_TRY(mln_client_complete(c, request, arena, &params));
    MLN_TRY(mln_http_wire_write_request(params, request->has_body, mln_serialisation_at(0), arena,
                                        &out, fault));
    mln_buf_init(&buf, arena, SEND_ARENA);
    mln_buf_add(&buf, mln_slice_z(c->url));
    mln_buf_add(&buf, out.target);
    MLN_TRY(mln_buf_finish(&buf, &url));
    *ret = (struct mln_fetch_request){
        .method = out.method,
        .url = url,
        .fields = out.fields,
        .field_count = out.field_count,
        .body = request->body,
        .has_body = request->has_body,
        .timeout_us = request->timeout_us ? request->timeout_us : c->timeout_us,
        .peer_cse_id = mln_slice_z(c->cse_id),
    };
    return MLN_OK;
}

/* ---- the answer ---- */

/* Alerts that say more than that we are not believed. */
static const char *meaning_of(struct mln_slice alert)
{
    static const struct {
        struct mln_slice alert;
        const char *meaning;
    } rows[] = {
        { { "unknown ca", 10 }, "our certificate leads to no authority that it believes" },
        { { "certificate required", 20 }, "it wants a certificate or a pre-shared key of ours" },
        { { "certificate expired", 19 }, "our certificate has expired" },
        { { "certificate revoked", 19 }, "our certificate is revoked" },
        { { "unrecognized name", 17 }, "it does not go by the host name of the URL" },
        { { "protocol version", 16 }, "it speaks no version of TLS that we do: 1.2, 1.3" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (mln_slice_eq(rows[i].alert, alert)) {
            return rows[i].meaning;
        }
    }
    return "it does not believe our key or certificate, or wants one";
}

/* What libcurl passes on from OpenSSL when the CSE ends a handshake, for people. */
static void tell_why(struct mln_fault *fault, const char *url, const char *why)
{
    const char *text = strstr(why, " alert ");
    struct mln_slice alert = { 0 };

    if (text) {
        text += strlen(" alert ");
        alert = mln_slice_of(text, strcspn(text, ","));
    } else if (strstr(why, "unrecognized name")) { /* OpenSSL calls this one no alert */
        alert = MLN_S("unrecognized name");
    }
    if (alert.len) {
        mln_fault_set(fault, "%s: the CSE ended the TLS connection with the alert '%.*s': %s", url,
                      MLN_S_ARG(alert), meaning_of(alert));
    } else {
        mln_fault_set(fault, "%s: %s", url, why);
    }
}

/* A call on the wire. */
struct transfer {
    struct mln_client_call call; /* first: it is freed by that */
    size_t to_len;               /* of the target, which stands behind this */
    char to[];
};

void mln_client_finish(struct mln_client_call *call, struct mln_client_result *result)
{
    call->client->calls--;
    if (call->done) {
        call->done(call->data, result);
    } else {
        merlon_response_free(result->response);
    }
    mln_free(call);
}

static void on_answer(void *data, const struct mln_fetch_answer *answer)
{
    struct transfer *t = data;
    struct merlon_client *client = t->call.client;
    struct mln_client_result result = { .err = answer->err };

    if (client->is_ending) {
        result.err = MLN_ERROR(CANCELLED);
    } else if (mln_failed(answer->err)) {
        tell_why(&result.fault, client->url, answer->why);
    } else {
        mln_client_trace_answer(client, answer);
        result.err = mln_client_read_answer(answer, mln_slice_of(t->to, t->to_len),
                                            &result.response, &result.fault);
    }
    mln_client_finish(&t->call, &result);
}

/* ---- starting ---- */

static mln_err fetch(struct merlon_client *client, const struct merlon_request *request,
                     struct transfer *t, struct mln_fault *fault)
{
    struct mln_arena *arena = mln_arena_new(SEND_ARENA);
    struct mln_fetch_request message;
    mln_err err;

    MLN_REQUIRE(arena, NO_MEMORY);
    err = write_message(client, request, arena, &message, fault);
    if (!mln_failed(err)) {
        mln_client_trace_request(client, &message);
        err = mln_fetch(client->fetcher, &message, on_answer, t);
    }
    mln_arena_free(arena);
    return err;
}

static mln_err start_transfer(struct merlon_client *client, const struct merlon_request *request,
                              struct mln_client_call **ret, struct mln_fault *fault)
{
    struct mln_slice to = mln_value_get(request->params, MLN_S("to"))->text;
    struct transfer *t = mln_calloc(1, sizeof *t + to.len);
    mln_err err;

    MLN_REQUIRE(t, NO_MEMORY);
    t->to_len = to.len;
    memcpy(t->to, to.ptr, to.len);
    err = fetch(client, request, t, fault);
    if (mln_failed(err)) {
        mln_free(t);
        return err;
    }
    *ret = &t->call;
    return MLN_OK;
}

static mln_err check(const struct merlon_client *client, const struct merlon_request *request,
                     struct mln_fault *fault)
{
    if (client->is_ending) {
        mln_fault_set(fault, "the client is being freed");
        MLN_FAIL(PARAM_INVALID);
    }
    if (client->calls >= MERLON_CALLS) {
        mln_fault_set(fault, "%d calls are under way already", MERLON_CALLS);
        MLN_FAIL(OVERLOAD);
    }
    if (request->op == MLN_OP_CREATE && !request->has_body) {
        mln_fault_set(fault, "a CREATE needs a content");
        MLN_FAIL(PARAM_MISSING);
    }
    return MLN_OK;
}

mln_err mln_client_start(struct merlon_client *client, const struct merlon_request *request,
                         mln_client_done *done, void *data, struct mln_client_call **ret,
                         struct mln_fault *fault)
{
    struct mln_client_call *call = NULL;

    MLN_TRY(check(client, request, fault));
    MLN_TRY(client->shield ? mln_shield_start(client->shield, request, &call, fault)
                           : start_transfer(client, request, &call, fault));
    call->client = client;
    call->done = done;
    call->data = data;
    client->calls++;
    *ret = call;
    return MLN_OK;
}

void mln_client_drop(struct mln_client_call *call)
{
    if (call) {
        call->done = NULL;
    }
}

/* ---- waiting ---- */

struct waiting {
    struct mln_loop *loop;
    struct mln_client_result *result;
    bool is_done;
};

static void wake(void *data, struct mln_client_result *result)
{
    struct waiting *w = data;

    *w->result = *result;
    w->is_done = true;
    mln_loop_stop(w->loop);
}

static mln_err wait(struct merlon_client *client, const struct merlon_request *request,
                    struct waiting *w)
{
    struct mln_client_call *call = NULL;
    struct mln_fault *fault = &w->result->fault;
    mln_err err;

    MLN_TRY(mln_client_may_serve(client, fault));
    MLN_TRY(mln_client_start(client, request, wake, w, &call, fault));
    err = mln_client_serve(client, &w->is_done, false, fault);
    if (!w->is_done) { /* the loop broke, and the answer may come in a later call */
        mln_client_drop(call);
        return err;
    }
    return w->result->err;
}

void mln_client_exchange(struct merlon_client *client, const struct merlon_request *request,
                         struct mln_client_result *ret)
{
    struct waiting w = { .loop = client->loop, .result = ret };

    memset(ret, 0, sizeof *ret);
    ret->err = wait(client, request, &w);
}
