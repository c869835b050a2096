/* Sending: from a request primitive to an HTTP message, and back with the answer. */
#include <inttypes.h>

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

/* The parameters of the request, in nodes of their own, with those of the client. */
static mln_err complete(struct merlon_client *c, const struct merlon_request *request,
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

    if (request->op == MLN_OP_CREATE && !request->has_body) {
        mln_fault_set(fault, "a CREATE needs a content");
        MLN_FAIL(PARAM_MISSING);
    }
    MLN_TRY(complete(c, request, arena, &params));
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
        .timeout_us = c->timeout_us,
        .peer_cse_id = mln_slice_z(c->cse_id),
    };
    return MLN_OK;
}

/* ---- the exchange ---- */

struct exchange {
    struct merlon_client *client;
    const struct merlon_request *request;
    struct merlon_response *response;
    struct mln_fault *fault;
    mln_err err;
    bool is_done;
};

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

static void on_answer(void *data, const struct mln_fetch_answer *answer)
{
    struct exchange *x = data;

    x->err = answer->err;
    if (mln_failed(answer->err)) {
        tell_why(x->fault, x->client->url, answer->why);
    } else {
        const struct mln_value *to = mln_value_get(x->request->params, MLN_S("to"));

        mln_client_trace_answer(x->client, answer);
        x->err = mln_client_read_answer(answer, to->text, &x->response, x->fault);
    }
    x->is_done = true;
    mln_loop_stop(x->client->loop);
}

static mln_err exchange(struct merlon_client *c, const struct merlon_request *request,
                        struct mln_arena *arena, struct merlon_response **ret,
                        struct mln_fault *fault)
{
    struct exchange x = { .client = c, .request = request, .fault = fault };
    struct mln_fetch_request message;
    mln_err err;

    MLN_TRY(write_message(c, request, arena, &message, fault));
    mln_client_trace_request(c, &message);
    MLN_TRY(mln_fetch(c->fetcher, &message, on_answer, &x));
    err = mln_client_serve(c, &x.is_done, false, fault);
    if (mln_failed(err)) { /* the loop broke: end the transfer, which points here, with it */
        mln_fetcher_free(c->fetcher);
        c->fetcher = NULL;
        merlon_response_free(x.response);
        return err;
    }
    MLN_TRY(x.err);
    *ret = x.response;
    return MLN_OK;
}

static mln_err send_request(struct merlon_client *c, const struct merlon_request *request,
                            struct merlon_response **ret, struct mln_fault *fault)
{
    struct mln_arena *arena;
    mln_err err;

    if (c->is_running) {
        mln_fault_set(fault, "a callback must not make a call on the same client");
        MLN_FAIL(PARAM_INVALID);
    }
    if (!c->fetcher) {
        mln_fault_set(fault, "the client is broken: its event loop failed before");
        MLN_FAIL(SYSTEM);
    }
    arena = mln_arena_new(SEND_ARENA);
    MLN_REQUIRE(arena, NO_MEMORY);
    err = exchange(c, request, arena, ret, fault);
    mln_arena_free(arena);
    return err;
}

enum merlon_status merlon_send(struct merlon_client *client, const struct merlon_request *request,
                               struct merlon_response **ret_response, struct merlon_error *error)
{
    struct mln_fault fault = { 0 };

    return mln_client_end(send_request(client, request, ret_response, &fault), &fault, error);
}

/* ---- one operation each ---- */

/* Sends and frees the request. */
static enum merlon_status perform(struct merlon_client *client, struct merlon_request *request,
                                  struct merlon_response **ret, struct merlon_error *error)
{
    struct merlon_response *response = NULL;
    enum merlon_status status;

    status = merlon_send(client, request, &response, error);
    if (status == MERLON_OK) {
        status = merlon_response_check(response, error);
    }
    merlon_request_free(request);
    if (status == MERLON_OK && ret) {
        *ret = response;
    } else {
        merlon_response_free(response);
    }
    return status;
}

static enum merlon_status operate(struct merlon_client *client, enum merlon_operation operation,
                                  const char *to, const struct merlon_content *content,
                                  struct merlon_response **ret, struct merlon_error *error)
{
    struct merlon_error own = { 0 };
    struct merlon_error *told = error ? error : &own;
    struct merlon_request *request = merlon_request_new(operation, to, told);
    enum merlon_status status;

    if (!request) {
        return told->status;
    }
    status = content ? merlon_request_set_content(request, content, told) : MERLON_OK;
    if (status != MERLON_OK) {
        merlon_request_free(request);
        return status;
    }
    return perform(client, request, ret, told);
}

enum merlon_status merlon_create(struct merlon_client *client, const char *parent,
                                 const struct merlon_content *content,
                                 struct merlon_response **ret_response, struct merlon_error *error)
{
    return operate(client, MERLON_CREATE, parent, content, ret_response, error);
}

enum merlon_status merlon_retrieve(struct merlon_client *client, const char *target,
                                   struct merlon_response **ret_response,
                                   struct merlon_error *error)
{
    return operate(client, MERLON_RETRIEVE, target, NULL, ret_response, error);
}

enum merlon_status merlon_update(struct merlon_client *client, const char *target,
                                 const struct merlon_content *content,
                                 struct merlon_response **ret_response, struct merlon_error *error)
{
    return operate(client, MERLON_UPDATE, target, content, ret_response, error);
}

enum merlon_status merlon_delete(struct merlon_client *client, const char *target,
                                 struct merlon_response **ret_response, struct merlon_error *error)
{
    return operate(client, MERLON_DELETE, target, NULL, ret_response, error);
}

enum merlon_status merlon_notify(struct merlon_client *client, const char *target,
                                 const struct merlon_content *content,
                                 struct merlon_response **ret_response, struct merlon_error *error)
{
    return operate(client, MERLON_NOTIFY, target, content, ret_response, error);
}
