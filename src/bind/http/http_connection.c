/* Connections: from input to calls of the CSE, from its answers to output.
 *
 *                  +-----------------------------------------------+
 *                  v                                               |
 *   IDLE -> HEAD -> BODY -> WORK ----------------------------------+
 *     |       |       |       |                                    |
 *     |       |       |       +-> SEND (the peer takes its time) --+
 *     +-------+-------+-------+-----> END
 *
 * IDLE: nothing of a request is here. HEAD and BODY: some of it is. WORK: the CSE has the request.
 * SEND: the answer has not left yet. END: the connection goes as soon as nobody is working on it.
 * Input that comes in WORK and SEND stays in the stream, which stops reading when it has enough:
 * so a peer that sends without reading holds no more than one answer and one buffer. */
#include <assert.h>

#include "base/association.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "bind/http/http_host.h"
#include "bind/http/http_server.h"
#include "model/pack.h"

enum {
    GATHER_BYTES = 65536, /* answers to pipelined requests that leave together */
    PARTS = 2,
    JOIN_BYTES = 4096,
    DEBUG_BYTES = 8 * MLN_FAULT_SIZE, /* every character escaped */
    SMALL_REQUEST = 65536,            /* memory of one that is never in the way of others */
};

enum state {
    STATE_IDLE,
    STATE_HEAD,
    STATE_BODY,
    STATE_WORK,
    STATE_SEND,
    STATE_END,
};

/* A request from its head to its answer; lives in its own arena. */
struct exchange {
    struct mln_call call;
    struct mln_http_server *server;
    struct mln_http_connection *connection; /* NULL: gone before the answer came */
    struct mln_peer peer;                   /* a copy: the call may outlive the stream */
    struct mln_association *association;    /* of the peer: a reference, or NULL */
    struct mln_http_request request;
    struct mln_http_primitive primitive;
    uint64_t charged; /* its part of server->waiting_bytes */
};

struct mln_http_connection {
    struct mln_http_server *server;
    struct mln_stream *stream;
    struct mln_http_connection *next;
    struct mln_http_connection *prev;
    struct exchange *exchange;
    struct mln_http_reader reader;
    struct mln_timer turn; /* set while others have their turn */
    uint32_t answered;     /* in this turn */
    enum state state;
    bool is_running; /* run() is on the stack */
    bool is_lost;    /* nothing more can be sent */
};

static int64_t ms(uint64_t limit)
{
    return (int64_t)limit * 1000;
}

static void enter(struct mln_http_connection *c, enum state state)
{
    static const char *const names[] = { "IDLE", "HEAD", "BODY", "WORK", "SEND", "END" };
    static const unsigned moves[] = {
        [STATE_IDLE] = 1U << STATE_HEAD | 1U << STATE_END,
        [STATE_HEAD] = 1U << STATE_BODY | 1U << STATE_WORK | 1U << STATE_IDLE | 1U << STATE_SEND |
                       1U << STATE_END,
        [STATE_BODY] = 1U << STATE_WORK | 1U << STATE_IDLE | 1U << STATE_SEND | 1U << STATE_END,
        [STATE_WORK] = 1U << STATE_IDLE | 1U << STATE_SEND | 1U << STATE_END,
        [STATE_SEND] = 1U << STATE_IDLE | 1U << STATE_END,
        [STATE_END] = 1U << STATE_END,
    };

    assert(moves[c->state] & 1U << state);
    if (mln_log_enabled(MLN_LOG_DEBUG)) {
        mln_log(MLN_LOG_DEBUG, "http", "%s %s -> %s", mln_stream_peer(c->stream)->name,
                names[c->state], names[state]);
    }
    c->state = state;
}

/* ---- exchanges ---- */

static struct exchange *exchange_new(struct mln_http_connection *c)
{
    struct mln_arena *arena = mln_http_take_arena(c->server);
    struct exchange *x = arena ? mln_arena_zalloc(arena, 1, sizeof *x) : NULL;

    if (!x) {
        mln_arena_free(arena);
        return NULL;
    }
    x->call.arena = arena;
    x->server = c->server;
    x->connection = c;
    c->exchange = x;
    return x;
}

static void exchange_free(struct exchange *x)
{
    x->server->waiting_bytes -= x->charged;
    mln_association_unref(x->association);
    mln_http_give_arena(x->server, x->call.arena);
}

/* Counts the memory of a request, which may have to wait long: for its body, for its execution
 * time, for others. False: together with the others it is too much. Small requests always pass, so
 * that those who send large ones cannot shut the others out. */
static bool charge(struct exchange *x)
{
    struct mln_http_server *server = x->server;
    uint64_t others = server->waiting_bytes - x->charged;

    x->charged = mln_arena_used(x->call.arena);
    server->waiting_bytes = others + x->charged;
    return others == 0 || x->charged <= SMALL_REQUEST ||
           server->waiting_bytes <= server->limits->waiting_bytes;
}

/* ---- answering ---- */

static void lose(struct mln_http_connection *c)
{
    c->is_lost = true;
    enter(c, STATE_END);
}

/* The answer is on its way: what comes next on this connection? */
static void go_on(struct mln_http_connection *c, bool is_last)
{
    if (is_last) {
        enter(c, STATE_END);
    } else if (mln_stream_waiting(c->stream) > GATHER_BYTES) {
        enter(c, STATE_SEND);
        mln_stream_deadline(c->stream, ms(c->server->limits->send_ms));
    } else {
        enter(c, STATE_IDLE);
        mln_http_reader_init(&c->reader, c->server->limits);
        mln_stream_deadline(c->stream, ms(c->server->limits->idle_ms));
    }
}

/* Answers to requests that have arrived together leave together. */
static bool more_will_follow(const struct mln_http_connection *c)
{
    return c->is_running && mln_stream_peek(c->stream).len > 0 &&
           mln_stream_waiting(c->stream) < GATHER_BYTES &&
           c->answered < c->server->limits->pipelined;
}

static mln_err write_reply(struct mln_http_connection *c, struct mln_arena *arena,
                           struct mln_http_reply *reply, struct mln_slice content)
{
    struct mln_slice parts[PARTS] = { { 0 }, content };
    bool is_head = c->exchange && c->exchange->request.method == MLN_HTTP_HEAD;
    bool is_joined = content.len <= JOIN_BYTES && !is_head;
    struct mln_buf head;

    reply->date = mln_http_date(c->server);
    reply->length = content.len;
    mln_buf_init(&head, arena, SIZE_MAX); /* each of its parts has a limit of its own */
    mln_http_wire_write_answer(&head, reply);
    if (is_joined) { /* copying a little costs less than sending two parts */
        mln_buf_add(&head, content);
    }
    MLN_TRY(mln_buf_finish(&head, &parts[0]));
    return mln_stream_write(c->stream, parts, is_joined || is_head ? 1 : PARTS,
                            !reply->is_last && more_will_follow(c));
}

/* Sends the answer and gives the request's memory back. */
static void answer(struct mln_http_connection *c, struct mln_http_reply *reply,
                   struct mln_slice content)
{
    struct exchange *x = c->exchange;
    mln_err err;

    reply->is_last = reply->is_last || c->server->is_stopping || !x->request.keeps_alive;
    err = write_reply(c, x->call.arena, reply, content);
    c->exchange = NULL;
    exchange_free(x);
    c->answered++;
    if (mln_failed(err)) {
        lose(c);
    } else {
        go_on(c, reply->is_last);
    }
}

/* Content of an answer that refuses; empty when there is no memory for it. Tells its type.
 * spec: TS-0004 6.4.2 (debug information in m2m:dbg) */
static struct mln_slice debug_content(const struct exchange *x, const char *text,
                                      struct mln_slice *ret_type)
{
    const struct mln_serialisation *form =
        x->primitive.answer ? x->primitive.answer : mln_serialisation_at(0);
    struct mln_arena *arena = x->call.arena;
    struct mln_slice pack = { 0 };
    struct mln_slice content = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, arena, DEBUG_BYTES);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:dbg"));
    mln_pack_text(&out, mln_slice_z(text));
    if (mln_failed(mln_buf_finish(&out, &pack)) ||
        mln_failed(mln_serialise(&form, pack, arena, DEBUG_BYTES, &content))) {
        return (struct mln_slice){ 0 };
    }
    *ret_type = form->types[x->primitive.answer_type];
    return content;
}

/* The message is no request primitive: an answer without the CSE. */
static void answer_error(struct mln_http_connection *c, mln_err err, const struct mln_fault *fault)
{
    struct exchange *x = c->exchange;
    struct mln_response response = {
        .rsc = mln_err_rsc(err),
        .rqi = x->primitive.rqi,
        .rvi = x->primitive.rvi,
    };
    struct mln_http_reply reply = {
        .response = &response,
        .has_allow = err.code == MLN_ERR_OPERATION,
    };
    const char *text = fault->text[0] ? fault->text : mln_err_text(err);
    struct mln_slice content = debug_content(x, text, &reply.type);

    answer(c, &reply, content);
}

/* Not even memory for a proper answer. */
static void give_up(struct mln_http_connection *c)
{
    struct mln_slice text = MLN_S("HTTP/1.1 503 \r\nX-M2M-RSC: 5000\r\nContent-Length: 0\r\n"
                                  "Connection: close\r\n\r\n");

    mln_ignore(mln_stream_write(c->stream, &text, 1, false)); /* it ends all the same */
    enter(c, STATE_END);
}

/* An identifier that an answer repeats, as far as the header was read. */
static struct mln_slice repeated(const struct exchange *x, struct mln_slice name)
{
    const struct mln_field *field = mln_field_find(x->request.fields, x->request.field_count, name);
    bool is_fine = field && field->value.len <= x->server->limits->identifier_bytes &&
                   mln_utf8_valid(field->value);

    return is_fine ? field->value : (struct mln_slice){ 0 };
}

/* The message cannot be read on: the framing is lost, so the connection ends. */
static void refuse(struct mln_http_connection *c, const struct mln_http_refusal *refusal)
{
    struct mln_response response = { .rsc = refusal->rsc };
    struct mln_http_reply reply = {
        .response = &response,
        .status = refusal->status,
        .is_last = true,
    };
    struct mln_slice content;

    if (!c->exchange && !exchange_new(c)) {
        give_up(c);
        return;
    }
    response.rqi = repeated(c->exchange, MLN_S("X-M2M-RI"));
    response.rvi = repeated(c->exchange, MLN_S("X-M2M-RVI"));
    content = debug_content(c->exchange, refusal->text, &reply.type);
    answer(c, &reply, content);
}

/* ---- calls ---- */

/* spec: TS-0004 7.3.3.12: as the request, else as the originator prefers */
static const struct mln_serialisation *form_of_answer(const struct exchange *x)
{
    const struct mln_serialisation *preferred =
        x->primitive.is_answer_open ? mln_serialisation_named(x->call.response.serialisation)
                                    : NULL;

    return preferred ? preferred : x->primitive.answer;
}

static void answer_call(struct mln_http_connection *c)
{
    struct exchange *x = c->exchange;
    struct mln_call *call = &x->call;
    struct mln_http_reply reply = { .response = &call->response };
    const struct mln_serialisation *form = form_of_answer(x);
    struct mln_slice content = { 0 };
    mln_err err = MLN_OK;

    if (call->response.pc.len) {
        err = mln_serialise(&form, call->response.pc, call->arena,
                            c->server->limits->request_arena_bytes, &content);
    }
    reply.type = form->types[x->primitive.answer_type];
    if (mln_failed(err)) {
        struct mln_fault none = { 0 };

        answer_error(c, err, &none);
    } else {
        answer(c, &reply, content);
    }
}

static void run(struct mln_http_connection *c);

static void on_done(struct mln_call *call)
{
    struct exchange *x = call->owner;
    struct mln_http_server *server = x->server;
    struct mln_http_connection *c = x->connection;

    server->bind.calls--;
    if (!c) { /* the peer left before */
        exchange_free(x);
        mln_http_server_ended_one(server);
        return;
    }
    answer_call(c);
    if (!c->is_running) {
        run(c);
    }
}

static mln_err read_primitive(struct exchange *x, struct mln_fault *fault)
{
    const struct mln_limits *limits = x->server->limits;
    struct mln_value *content = NULL;

    MLN_TRY(mln_http_wire_read_request(&x->request, limits, x->call.arena, &x->primitive, fault));
    if (x->request.body.len == 0) {
        return MLN_OK;
    }
    MLN_TRY(x->primitive.content->read(x->request.body, limits, x->call.arena, &content, fault));
    return mln_value_set(x->primitive.params, MLN_S("pc"), content);
}

/* What reached us under a name that is not ours may come from a web page, through the browser of
 * somebody whom we would trust. */
static void set_peer(struct exchange *x)
{
    struct mln_http_connection *c = x->connection;
    struct mln_slice host = x->request.host;

    x->peer = *mln_stream_peer(c->stream);
    x->association = mln_stream_association(c->stream);
    x->call.peer = &x->peer;
    if (x->peer.is_trusted &&
        !mln_http_host_is_known(host, c->server->names, c->server->name_count)) {
        x->peer.is_trusted = false;
        mln_log(MLN_LOG_INFO, "http", "%s: not trusted, because the name in Host is not ours: %.*s",
                x->peer.name, MLN_S_ARG(host));
    }
}

/* The message is complete. */
static void dispatch(struct mln_http_connection *c)
{
    struct exchange *x = c->exchange;
    struct mln_fault fault = { 0 };
    mln_err err = read_primitive(x, &fault);

    if (!mln_failed(err) && !charge(x)) {
        err = MLN_ERROR(OVERLOAD);
    }
    if (mln_failed(err)) {
        answer_error(c, err, &fault);
        return;
    }
    set_peer(x);
    x->call.params = x->primitive.params;
    if (!x->primitive.is_answer_open && x->primitive.answer) {
        x->call.serialisation = x->primitive.answer->name;
    }
    x->call.done = on_done;
    x->call.owner = x;
    enter(c, STATE_WORK);
    mln_stream_deadline(c->stream, 0);
    c->server->bind.calls++;
    mln_cse_call(c->server->worker, &x->call); /* may answer before it returns */
}

/* ---- reading ---- */

static void begin_body(struct mln_http_connection *c)
{
    struct mln_slice text = MLN_S("HTTP/1.1 100 Continue\r\n\r\n");

    enter(c, STATE_BODY);
    mln_stream_deadline(c->stream, ms(c->server->limits->body_ms));
    if (c->exchange->request.wants_continue && mln_stream_peek(c->stream).len == 0 &&
        mln_failed(mln_stream_write(c->stream, &text, 1, false))) {
        lose(c);
    }
}

static void take_head(struct mln_http_connection *c, size_t len)
{
    struct mln_slice head = mln_slice_head(mln_stream_peek(c->stream), len);
    struct exchange *x = exchange_new(c);
    enum mln_http_step step;

    if (!x) {
        give_up(c);
        return;
    }
    step = mln_http_take_head(&c->reader, head, x->call.arena, &x->request);
    mln_stream_consume(c->stream, len);
    if (step == MLN_HTTP_REFUSED) {
        refuse(c, c->reader.refusal);
    } else if (step == MLN_HTTP_MORE) {
        begin_body(c);
    } else {
        dispatch(c);
    }
}

/* Each read_… returns false when it has to wait for more input. */
static bool read_head(struct mln_http_connection *c)
{
    size_t len = 0;
    enum mln_http_step step;

    if (c->state == STATE_IDLE) {
        enter(c, STATE_HEAD);
    }
    step = mln_http_scan(&c->reader, mln_stream_peek(c->stream), &len);
    if (step == MLN_HTTP_DONE) {
        take_head(c, len);
    } else if (step == MLN_HTTP_REFUSED) {
        refuse(c, c->reader.refusal);
    }
    return step != MLN_HTTP_MORE;
}

static bool read_body(struct mln_http_connection *c)
{
    size_t used = 0;
    enum mln_http_step step =
        mln_http_take_body(&c->reader, mln_stream_peek(c->stream), &used, &c->exchange->request);

    mln_stream_consume(c->stream, used);
    if (step == MLN_HTTP_DONE) {
        dispatch(c);
    } else if (step == MLN_HTTP_REFUSED) {
        refuse(c, c->reader.refusal);
    } else if (!charge(c->exchange)) {
        refuse(c, &mln_http_overload);
        return true;
    }
    return step != MLN_HTTP_MORE;
}

/* Others get their turn before a peer that sends without pause. */
static bool is_turn_over(struct mln_http_connection *c)
{
    if (c->answered < c->server->limits->pipelined) {
        return false;
    }
    c->answered = 0;
    mln_loop_after(c->server->loop, &c->turn, 0);
    return true;
}

/* One step; false when there is nothing to do until something happens. */
static bool step(struct mln_http_connection *c)
{
    bool is_empty = mln_stream_peek(c->stream).len == 0;
    enum state before = c->state;

    if (c->state == STATE_WORK || c->state == STATE_SEND || c->state == STATE_END) {
        return false;
    }
    if (is_empty || (before == STATE_IDLE && c->turn.is_set)) {
        return false;
    }
    if (before == STATE_IDLE && is_turn_over(c)) {
        return false;
    }
    if (c->state == STATE_BODY) {
        return read_body(c);
    }
    if (!read_head(c)) {
        if (before == STATE_IDLE) {
            mln_stream_deadline(c->stream, ms(c->server->limits->header_ms));
        }
        return false;
    }
    return true;
}

static void connection_free(struct mln_http_connection *c)
{
    struct mln_http_server *server = c->server;

    if (c->exchange && c->state == STATE_WORK) {
        c->exchange->connection = NULL; /* the CSE still has it */
        mln_cse_abandon(&c->exchange->call);
    } else if (c->exchange) {
        exchange_free(c->exchange);
    }
    mln_loop_cancel_after(server->loop, &c->turn);
    if (c->prev) {
        c->prev->next = c->next;
    } else {
        server->connections = c->next;
    }
    if (c->next) {
        c->next->prev = c->prev;
    }
    mln_free(c);
    mln_http_server_ended_one(server);
}

static void close_connection(struct mln_http_connection *c)
{
    if (c->is_lost) {
        mln_stream_free(c->stream);
    } else {
        mln_stream_finish(c->stream, ms(c->server->limits->send_ms));
    }
    connection_free(c);
}

static bool is_over(const struct mln_http_connection *c)
{
    bool is_reading = c->state == STATE_IDLE || c->state == STATE_HEAD || c->state == STATE_BODY;

    /* a turn that is over leaves requests that have arrived whole */
    return c->state == STATE_END ||
           (is_reading && mln_stream_is_ended(c->stream) && !c->turn.is_set);
}

/* Sends what was gathered. True: it has left at once, and the next request can be taken; `drained`
 * tells only what had to wait. */
static bool send_gathered(struct mln_http_connection *c)
{
    if (!c->is_lost && mln_failed(mln_stream_flush(c->stream))) {
        c->is_lost = true;
    }
    if (c->is_lost || c->state != STATE_SEND || mln_stream_waiting(c->stream) > 0) {
        return false;
    }
    go_on(c, c->server->is_stopping);
    return true;
}

/* Does what can be done. The connection may be gone afterwards. */
static void run(struct mln_http_connection *c)
{
    c->is_running = true;
    do {
        while (step(c)) {
        }
    } while (send_gathered(c));
    c->is_running = false;
    if (c->is_lost || is_over(c)) {
        close_connection(c);
    }
}

/* ---- what happens on the stream ---- */

static void on_data(void *owner)
{
    struct mln_http_connection *c = owner;

    c->answered = 0;
    if (c->state == STATE_WORK && mln_stream_is_ended(c->stream)) {
        mln_cse_abandon(&c->exchange->call); /* mostly they end both directions */
    }
    run(c);
}

static void on_drained(void *owner)
{
    struct mln_http_connection *c = owner;

    if (c->state == STATE_SEND) {
        go_on(c, c->server->is_stopping);
    }
    run(c);
}

static void on_expired(void *owner)
{
    struct mln_http_connection *c = owner;

    if (c->state == STATE_HEAD || c->state == STATE_BODY) {
        refuse(c, &mln_http_too_slow);
    } else {
        lose(c);
    }
    run(c);
}

static void on_broken(void *owner)
{
    struct mln_http_connection *c = owner;

    c->is_lost = true;
    close_connection(c);
}

static void on_turn(struct mln_timer *timer)
{
    struct mln_http_connection *c =
        (struct mln_http_connection *)((char *)timer - offsetof(struct mln_http_connection, turn));

    run(c);
}

void mln_http_connection_new(struct mln_http_server *server, struct mln_stream *stream)
{
    static const struct mln_stream_ops ops = {
        .data = on_data,
        .drained = on_drained,
        .expired = on_expired,
        .broken = on_broken,
    };
    struct mln_http_connection *c = mln_calloc(1, sizeof *c);

    if (!c) {
        mln_stream_free(stream);
        return;
    }
    c->server = server;
    c->stream = stream;
    c->turn.fire = on_turn;
    mln_http_reader_init(&c->reader, server->limits);
    c->next = server->connections;
    if (c->next) {
        c->next->prev = c;
    }
    server->connections = c;
    mln_stream_own(stream, &ops, c);
    mln_stream_deadline(stream, ms(server->limits->idle_ms));
}

/* ---- stopping ---- */

void mln_http_connections_stop(struct mln_http_server *server)
{
    struct mln_http_connection *next;

    for (struct mln_http_connection *c = server->connections; c; c = next) {
        next = c->next;
        if (c->state == STATE_IDLE && !c->turn.is_set) {
            enter(c, STATE_END);
            close_connection(c);
        }
    }
}

void mln_http_connections_cut(struct mln_http_server *server)
{
    while (server->connections) {
        struct mln_http_connection *c = server->connections;

        c->is_lost = true;
        close_connection(c);
    }
}
