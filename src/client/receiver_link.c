/* Connections of a receiver: requests read one after the other, each answered at once.
 *
 * The reader of bind/http does the reading; what is refused there ends the connection. */
#include "base/mem.h"
#include "bind/http/http_wire.h"
#include "client/client_int.h"
#include "io/stream.h"

enum {
    HEAD_BYTES = 4096, /* of an answer */
    SEND_US = 5 * 1000 * 1000,
};

struct mln_client_link {
    struct merlon_receiver *receiver;
    struct mln_stream *stream;
    struct mln_client_link *next;
    struct mln_client_link *prev;
    struct mln_http_reader reader;
    struct mln_http_request request;
    struct mln_arena *arena; /* of the request; NULL before its head is complete */
    bool is_over;            /* nothing more is read */
    bool is_lost;            /* nothing more can be sent */
};

static int64_t us(uint64_t limit_ms)
{
    return (int64_t)limit_ms * 1000;
}

/* ---- answering ---- */

static void answer(struct mln_client_link *link, struct mln_http_reply *reply,
                   struct mln_slice content)
{
    struct mln_slice pieces[2] = { { 0 }, content };
    struct mln_buf out;
    mln_err err;

    reply->is_last = reply->is_last || !link->request.keeps_alive;
    mln_buf_init(&out, link->arena, HEAD_BYTES);
    mln_http_wire_write_answer(&out, reply);
    err = mln_buf_finish(&out, &pieces[0]);
    if (!mln_failed(err)) {
        err = mln_stream_write(link->stream, pieces, content.len ? 2 : 1, false);
    }
    link->is_lost = mln_failed(err);
    link->is_over = link->is_lost || reply->is_last;
    mln_arena_free(link->arena);
    link->arena = NULL;
    mln_http_reader_init(&link->reader, &link->receiver->limits);
    mln_stream_deadline(link->stream, us(link->receiver->limits.idle_ms));
}

static void refuse(struct mln_client_link *link)
{
    struct mln_response response = { .rsc = link->reader.refusal->rsc };
    struct mln_http_reply reply = {
        .response = &response,
        .status = link->reader.refusal->status,
        .is_last = true,
    };

    if (!link->arena) {
        link->arena = mln_arena_new((size_t)HEAD_BYTES * 4);
    }
    if (link->arena) {
        answer(link, &reply, mln_slice_of(NULL, 0));
    } else {
        link->is_over = true;
    }
}

/* ---- a request ---- */

/* Only the path that was given to the subscription; a query is the sender's own matter. */
static bool is_for_us(const struct mln_client_link *link)
{
    struct mln_slice target = link->request.target;

    return mln_slice_eq(mln_slice_cut(&target, '?'), mln_slice_z(link->receiver->path));
}

static mln_err text_of(struct mln_client_link *link, const struct mln_value *v, const char **ret)
{
    struct mln_slice text = v && v->kind == MLN_V_TEXT ? v->text : MLN_S("");

    *ret = mln_arena_zdup(link->arena, text);
    MLN_REQUIRE(*ret, NO_MEMORY);
    return MLN_OK;
}

/* What a notification gets for an answer. */
struct taken {
    int rsc;
    struct mln_slice content; /* JSON; or empty */
};

/* *ret is written on success. */
static mln_err take(struct mln_client_link *link, struct mln_http_primitive *primitive,
                    struct taken *ret, struct mln_fault *fault)
{
    struct merlon_receiver *r = link->receiver;
    struct mln_value *content = NULL;
    const struct mln_value *info;
    const char *originator = NULL;
    uint64_t op = 0;

    MLN_TRY(mln_http_wire_read_request(&link->request, &r->limits, link->arena, primitive, fault));
    MLN_REQUIRE(is_for_us(link), NOT_FOUND);
    MLN_REQUIRE(mln_value_u64(mln_value_get(primitive->params, MLN_S("op")), &op) &&
                    op == MLN_OP_NOTIFY,
                OPERATION);
    if (primitive->content) {
        MLN_TRY(
            mln_client_read(primitive->content, link->request.body, link->arena, &content, fault));
    }
    info = mln_value_get(content, MLN_S("m2m:seci"));
    if (info && r->target) {
        const struct mln_value *from = mln_value_get(primitive->params, MLN_S("fr"));
        struct mln_notified what = { info, from ? from->text : MLN_S("") };

        return mln_target_take(r->target, &what, link->arena, &ret->content, fault);
    }
    MLN_TRY(text_of(link, mln_value_get(primitive->params, MLN_S("fr")), &originator));
    ret->rsc = mln_client_take_notification(content, originator, r->notified, r->data);
    return MLN_OK;
}

static void handle(struct mln_client_link *link)
{
    struct mln_http_primitive primitive = { 0 };
    struct mln_fault fault = { 0 };
    struct mln_response response = { 0 };
    struct mln_http_reply reply = { .response = &response };
    struct taken taken = { .rsc = MLN_RSC_OK };
    mln_err err = take(link, &primitive, &taken, &fault);

    response.rsc = mln_failed(err) ? mln_err_rsc(err) : (enum mln_rsc)taken.rsc;
    response.rqi = primitive.rqi;
    response.rvi = primitive.rvi;
    reply.type = MLN_S("application/json");
    reply.length = taken.content.len;
    answer(link, &reply, taken.content);
}

/* ---- reading ---- */

static void begin_body(struct mln_client_link *link)
{
    struct mln_slice text = MLN_S("HTTP/1.1 100 Continue\r\n\r\n");

    mln_stream_deadline(link->stream, us(link->receiver->limits.body_ms));
    if (link->request.wants_continue && mln_stream_peek(link->stream).len == 0) {
        link->is_lost = mln_failed(mln_stream_write(link->stream, &text, 1, false));
    }
}

static void take_head(struct mln_client_link *link, size_t len)
{
    struct mln_slice head = mln_slice_head(mln_stream_peek(link->stream), len);
    enum mln_http_step step;

    link->arena = mln_arena_new((size_t)link->receiver->limits.request_arena_bytes);
    if (!link->arena) {
        link->is_over = true;
        return;
    }
    step = mln_http_take_head(&link->reader, head, link->arena, &link->request);
    mln_stream_consume(link->stream, len);
    if (step == MLN_HTTP_REFUSED) {
        refuse(link);
    } else if (step == MLN_HTTP_MORE) {
        begin_body(link);
    } else {
        handle(link);
    }
}

/* False when more input is needed. */
static bool read_head(struct mln_client_link *link)
{
    size_t len = 0;
    bool has_begun = mln_http_reader_has_begun(&link->reader);
    enum mln_http_step step = mln_http_scan(&link->reader, mln_stream_peek(link->stream), &len);

    if (step == MLN_HTTP_DONE) {
        take_head(link, len);
    } else if (step == MLN_HTTP_REFUSED) {
        refuse(link);
    } else if (!has_begun) {
        mln_stream_deadline(link->stream, us(link->receiver->limits.header_ms));
    }
    return step != MLN_HTTP_MORE;
}

static bool read_body(struct mln_client_link *link)
{
    size_t used = 0;
    enum mln_http_step step =
        mln_http_take_body(&link->reader, mln_stream_peek(link->stream), &used, &link->request);

    mln_stream_consume(link->stream, used);
    if (step == MLN_HTTP_DONE) {
        handle(link);
    } else if (step == MLN_HTTP_REFUSED) {
        refuse(link);
    }
    return step != MLN_HTTP_MORE;
}

/* ---- life ---- */

static void close_link(struct mln_client_link *link)
{
    if (link->is_lost) {
        mln_stream_free(link->stream);
    } else {
        mln_stream_finish(link->stream, SEND_US);
    }
    if (link->prev) {
        link->prev->next = link->next;
    } else {
        link->receiver->links = link->next;
    }
    if (link->next) {
        link->next->prev = link->prev;
    }
    mln_arena_free(link->arena);
    mln_free(link);
}

static void on_data(void *owner)
{
    struct mln_client_link *link = owner;
    bool goes_on = true;

    while (goes_on && !link->is_over && !link->is_lost && mln_stream_peek(link->stream).len) {
        goes_on = link->arena ? read_body(link) : read_head(link);
    }
    if (link->is_over || link->is_lost || mln_stream_is_ended(link->stream)) {
        close_link(link);
    }
}

static void on_drained(void *owner)
{
    (void)owner; /* answers are short: nothing waits for them to leave */
}

static void on_expired(void *owner)
{
    struct mln_client_link *link = owner;

    link->is_lost = true;
    close_link(link);
}

void mln_client_accept(void *owner, struct mln_stream *stream)
{
    static const struct mln_stream_ops ops = {
        .data = on_data,
        .drained = on_drained,
        .expired = on_expired,
        .broken = on_expired,
    };
    struct merlon_receiver *receiver = owner;
    struct mln_client_link *link = mln_calloc(1, sizeof *link);

    if (!link) {
        mln_stream_free(stream);
        return;
    }
    link->receiver = receiver;
    link->stream = stream;
    mln_http_reader_init(&link->reader, &receiver->limits);
    link->next = receiver->links;
    if (link->next) {
        link->next->prev = link;
    }
    receiver->links = link;
    mln_stream_own(stream, &ops, link);
    mln_stream_deadline(stream, us(receiver->limits.idle_ms));
}

void mln_client_cut_links(struct merlon_receiver *receiver)
{
    while (receiver->links) {
        receiver->links->is_lost = true;
        close_link(receiver->links);
    }
}
