/* Requests of ours to others, by the mapping of http_wire.h over fetches. */
#include "bind/http/http_outbound.h"

#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "bind/http/http_int.h"
#include "codec/serialisation.h"
#include "io/fetch.h"

enum {
    PER_HOST = 64, /* connections to one host */
    CONNECT_US = 5 * 1000 * 1000,
    URL_BYTES = 16384,
    WHERE_SIZE = 96,
};

struct sender {
    struct mln_fetcher *fetcher;
    const struct mln_limits *limits;
    struct mln_arena *sending;   /* holds nothing beyond one send */
    struct mln_arena *receiving; /* ... beyond one answer */
};

/* A request on its way. */
struct sent {
    struct sender *sender;
    mln_outbound_done *done;
    void *data;
    char where[WHERE_SIZE]; /* "https://host:port"; a path may be a secret of the receiver's */
};

/* ---- answers ---- */

/* Whom we do not believe, nobody else will tell: the receiver sees an alert at most. */
static void log_failure(const struct sent *sent, const struct mln_fetch_answer *fetched)
{
    bool is_refusal = fetched->err.code == MLN_ERR_NETWORK &&
                      mln_slice_starts(mln_slice_z(sent->where), MLN_S("https:"));

    mln_log(is_refusal ? MLN_LOG_INFO : MLN_LOG_DEBUG, "http", "%s cannot be reached: %s",
            sent->where, fetched->why);
}

static void read_content(struct sender *s, const struct mln_serialisation *form,
                         const struct mln_fetch_answer *fetched, struct mln_outbound_answer *answer)
{
    struct mln_value *content = NULL;
    mln_err err = form->read(fetched->body, s->limits, s->receiving, &content, NULL);

    if (!mln_failed(err)) { /* what is no content cannot be used; the code stands for itself */
        answer->pc = content;
    }
}

/* Content-Location is a path as that of a request. spec: TS-0009 6.2.2.1 */
static void read_location(struct sender *s, struct mln_slice path,
                          struct mln_outbound_answer *answer)
{
    struct mln_value *params = mln_value_new(s->receiving, MLN_V_OBJECT);
    const struct mln_value *to;

    if (!path.len || !params ||
        mln_failed(mln_http_target_read(path, s->receiving, params, NULL))) {
        return;
    }
    to = mln_value_get(params, MLN_S("to"));
    if (to && to->kind == MLN_V_TEXT) {
        answer->location = to->text;
    }
}

enum { TOKENS_MAX = 64 }; /* local Token IDs of one answer */

static void read_tokens(struct sender *s, struct mln_slice rest, struct mln_outbound_answer *answer)
{
    struct mln_local_token *list =
        rest.len ? mln_arena_zalloc(s->receiving, TOKENS_MAX, sizeof *list) : NULL;

    answer->ati = list;
    while (list && answer->ati_count < TOKENS_MAX &&
           mln_http_wire_next_local(&rest, &list[answer->ati_count])) {
        answer->ati_count++;
    }
}

static void read_message(struct sender *s, const struct mln_fetch_answer *fetched,
                         const struct mln_http_answer *message, struct mln_outbound_answer *answer)
{
    answer->has_rsc = message->has_rsc;
    answer->rsc = message->rsc;
    answer->content_status = message->content_status;
    answer->content_offset = message->content_offset;
    read_location(s, message->location, answer);
    read_tokens(s, message->ati, answer);
    if (message->content && fetched->body.len) {
        read_content(s, message->content, fetched, answer);
    }
}

static void on_fetched(void *data, const struct mln_fetch_answer *fetched)
{
    struct sent *sent = data;
    struct sender *s = sent->sender;
    struct mln_outbound_answer answer = { .err = fetched->err, .was_sent = fetched->was_sent };
    struct mln_http_answer message = { 0 };

    if (mln_failed(fetched->err)) {
        log_failure(sent, fetched);
    } else {
        answer.transport_status = fetched->status;
        answer.err = mln_http_wire_read_answer(fetched->status, fetched->fields,
                                               fetched->field_count, &message);
    }
    if (!mln_failed(answer.err)) {
        read_message(s, fetched, &message, &answer);
    }
    sent->done(sent->data, &answer);
    mln_free(sent);
    mln_arena_reset(s->receiving);
}

/* ---- requests ---- */

static mln_err set_text(struct sender *s, struct mln_value *params, struct mln_slice name,
                        struct mln_slice text)
{
    return text.len ? mln_value_set(params, name, mln_value_text(s->sending, text)) : MLN_OK;
}

/* Those that have no member of their own. A value can be in one object only: so copies. */
static mln_err add_further(struct sender *s, const struct mln_value *further,
                           struct mln_value *params)
{
    for (const struct mln_value *v = further->items.first; v; v = v->next) {
        struct mln_value *copy;

        if (mln_value_get(params, v->name) || mln_slice_eq(v->name, MLN_S("pc"))) {
            continue;
        }
        copy = mln_value_new(s->sending, v->kind);
        MLN_REQUIRE(copy, NO_MEMORY);
        *copy = *v;
        copy->next = NULL;
        MLN_TRY(mln_value_set(params, v->name, copy));
    }
    return MLN_OK;
}

static mln_err to_params(struct sender *s, const struct mln_outbound_request *request,
                         struct mln_value **ret)
{
    struct mln_value *params = mln_value_new(s->sending, MLN_V_OBJECT);
    struct mln_slice here = MLN_S("-"); /* stands for a target that the URL names */

    MLN_REQUIRE(params, NO_MEMORY);
    MLN_TRY(mln_value_set(params, MLN_S("op"), mln_value_int(s->sending, (int64_t)request->op)));
    MLN_TRY(set_text(s, params, MLN_S("to"), request->to.len ? request->to : here));
    MLN_TRY(set_text(s, params, MLN_S("fr"), request->fr));
    MLN_TRY(set_text(s, params, MLN_S("rqi"), request->rqi));
    MLN_TRY(set_text(s, params, MLN_S("rvi"), request->rvi));
    if (request->ec) {
        MLN_TRY(mln_value_set(params, MLN_S("ec"), mln_value_int(s->sending, request->ec)));
    }
    if (request->params) {
        MLN_TRY(add_further(s, request->params, params));
    }
    *ret = params;
    return MLN_OK;
}

/* A point of access and a To: the path of the one leads to that of the other. */
static mln_err make_url(struct sender *s, const struct mln_outbound_request *request,
                        struct mln_slice target, struct mln_slice *ret)
{
    struct mln_slice base = request->url;
    struct mln_buf out;

    if (request->to.len == 0) {
        *ret = base;
        return MLN_OK;
    }
    base = mln_slice_head(base, mln_slice_find(base, '#'));
    base = mln_slice_head(base, mln_slice_find(base, '?'));
    while (base.len && base.ptr[base.len - 1] == '/') {
        base.len--;
    }
    mln_buf_init(&out, s->sending, URL_BYTES);
    mln_buf_add(&out, base);
    mln_buf_add(&out, target);
    return mln_buf_finish(&out, ret);
}

static mln_err start(struct sender *s, const struct mln_outbound_request *request,
                     struct sent *sent)
{
    struct mln_http_outgoing message = { 0 };
    struct mln_fetch_request fetch = { .timeout_us = request->timeout_us,
                                       .may_repeat = request->op == MLN_OP_NOTIFY,
                                       .peer_credential_id = request->peer_credential_id };
    const struct mln_serialisation *form = request->serialisation.len
                                               ? mln_serialisation_named(request->serialisation)
                                               : mln_serialisation_at(0);
    struct mln_value *params = NULL;

    MLN_REQUIRE(form, MEDIA_TYPE);
    MLN_TRY(to_params(s, request, &params));
    if (request->pc.len) {
        MLN_TRY(mln_serialise(&form, request->pc, s->sending, s->limits->request_arena_bytes,
                              &fetch.body));
    }
    MLN_TRY(
        mln_http_wire_write_request(params, request->pc.len > 0, form, s->sending, &message, NULL));
    MLN_TRY(make_url(s, request, message.target, &fetch.url));
    fetch.has_body = request->pc.len > 0 || request->op == MLN_OP_NOTIFY;
    fetch.method = message.method;
    fetch.fields = message.fields;
    fetch.field_count = message.field_count;
    return mln_fetch(s->fetcher, &fetch, on_fetched, sent);
}

static void note_where(struct sent *sent, struct mln_slice url)
{
    size_t at = mln_slice_find(url, ':') + 3;
    struct mln_slice rest = mln_slice_from(url, at);

    rest = mln_slice_head(rest, mln_slice_find(rest, '/'));
    rest = mln_slice_head(rest, mln_slice_find(rest, '?'));
    (void)snprintf(sent->where, sizeof sent->where, "%.*s",
                   MLN_S_ARG(mln_slice_head(url, at + rest.len)));
}

static mln_err send_request(void *impl, const struct mln_outbound_request *request,
                            mln_outbound_done *done, void *data)
{
    struct sender *s = impl;
    struct sent *sent = mln_malloc(sizeof *sent);
    mln_err err;

    MLN_REQUIRE(sent, NO_MEMORY);
    sent->sender = s;
    sent->done = done;
    sent->data = data;
    note_where(sent, request->url);
    err = start(s, request, sent);
    mln_arena_reset(s->sending);
    if (mln_failed(err)) {
        mln_free(sent);
    }
    return err;
}

static bool can_send(void *impl, struct mln_slice url)
{
    (void)impl;
    return mln_fetch_can(url);
}

/* ---- life ---- */

static void sender_free(struct sender *s)
{
    mln_fetcher_free(s->fetcher);
    mln_arena_free(s->sending);
    mln_arena_free(s->receiving);
    mln_free(s);
}

mln_err mln_http_outbound_new(struct mln_loop *loop, const struct mln_limits *limits,
                              struct mln_tls_slot *tls, struct mln_outbound *ret)
{
    struct mln_fetch_options options = {
        .max_transfers = limits->parked,
        .max_per_host = PER_HOST,
        .max_header_bytes = limits->header_bytes,
        .max_body_bytes = limits->body_bytes,
        .connect_us = CONNECT_US,
        .tls = tls,
    };
    struct sender *s = mln_calloc(1, sizeof *s);
    mln_err err;

    MLN_REQUIRE(s, NO_MEMORY);
    s->limits = limits;
    s->sending = mln_arena_new(limits->request_arena_bytes);
    s->receiving = mln_arena_new(limits->request_arena_bytes);
    err = s->sending && s->receiving ? mln_fetcher_new(loop, &options, &s->fetcher)
                                     : MLN_ERROR(NO_MEMORY);
    if (mln_failed(err)) {
        sender_free(s);
        return err;
    }
    *ret = (struct mln_outbound){ .impl = s, .can_send = can_send, .send = send_request };
    return MLN_OK;
}

void mln_http_outbound_free(struct mln_outbound *outbound)
{
    if (outbound && outbound->impl) {
        sender_free(outbound->impl);
        outbound->impl = NULL;
    }
}
