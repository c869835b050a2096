/* Streams on TCP sockets, plain or under TLS.
 *
 * Bytes are read into the loop's scratch and shown to the owner there; only what he leaves is
 * copied. So an idle connection holds no buffer. receive_bytes and send_bytes are the only places
 * that touch the socket's data; under TLS they go through secure.h. Its handshake comes first, and
 * no byte reaches the owner of the connection before it is complete. */
#include "io/stream.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/association.h"
#include "base/env.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/chunks.h"
#include "io/listener.h"
#include "io/loop_int.h"
#include "io/secure.h"
#include "io/stream_int.h"

enum {
    PARTS_MAX = 8,
    INPUT_LEAST = 1024,
    WATCH_US = 600 * 1000 * 1000, /* a wall clock that is set is noticed within */
    LINGER_US = 2 * 1000 * 1000,  /* for a peer that is still sending when we are done */
};

/* What a stream under TLS has besides. */
struct guard {
    struct mln_secure *secure;
    const struct mln_stream_shaking *shaking; /* until the handshake is complete */
    struct mln_association *association;      /* or NULL */
    struct mln_timer expiry;                  /* of the association */
    struct mln_stream *stream;
};

struct mln_stream {
    struct event readable;
    struct event writable;
    struct mln_loop *loop;
    const struct mln_stream_ops *ops; /* NULL when there is no owner */
    void *owner;
    struct mln_stream *next; /* list of the loop */
    struct mln_stream *prev;
    int fd;
    bool is_ended : 1; /* the peer has ended its direction */
    bool is_broken : 1;
    bool is_reading : 1; /* `readable` is added */
    bool is_writing : 1; /* `writable` is added */
    bool is_shut : 1;    /* our direction is ended */
    bool is_called : 1;  /* a callback of the owner runs */
    bool is_gone : 1;    /* freed while is_called */
    struct mln_timer timer;
    int64_t deadline_us; /* monotonic; 0: none. The timer may be earlier */
    const char *in;      /* unconsumed input, in `buffer` or in the loop's scratch */
    size_t in_len;
    char *buffer;
    size_t buffer_size;
    size_t max_input;
    struct mln_chunks out;
    struct mln_gate *gate;
    struct guard *guard; /* NULL: plain */
    struct mln_peer peer;
};

/* ---- the socket ---- */

/* Bytes read, 0 at the end, or -1: errno EAGAIN, or the connection is lost. */
static ssize_t receive_bytes(struct mln_stream *s, char *to, size_t room)
{
    ssize_t n;

    if (s->guard && !s->is_shut) { /* what comes after our end is not looked at */
        return mln_secure_receive(s->guard->secure, to, room);
    }
    do {
        n = recv(s->fd, to, room, 0);
    } while (n < 0 && errno == EINTR);
    return n;
}

/* Bytes sent, or -1: errno EAGAIN, or the connection is lost. */
static ssize_t send_bytes(struct mln_stream *s, struct iovec *parts, size_t count)
{
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };
    ssize_t n;

    if (s->guard) {
        return mln_secure_send(s->guard->secure, parts, count);
    }
    do {
        n = count == 1 ? send(s->fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL)
                       : sendmsg(s->fd, &message, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n;
}

static void guard_free(struct guard *g)
{
    if (g) {
        mln_loop_cancel_after(g->stream->loop, &g->expiry);
        mln_secure_free(g->secure);
        mln_association_unref(g->association);
        mln_free(g);
    }
}

/* ---- calling the owner ---- */

static void destroy(struct mln_stream *s)
{
    (void)event_del(&s->readable);
    (void)event_del(&s->writable);
    mln_loop_cancel_after(s->loop, &s->timer);
    if (s->prev) {
        s->prev->next = s->next;
    } else {
        *mln_loop_streams(s->loop) = s->next;
    }
    if (s->next) {
        s->next->prev = s->prev;
    }
    mln_chunks_drop(&s->out, s->out.len);
    mln_free(s->buffer);
    guard_free(s->guard);
    (void)close(s->fd);
    atomic_fetch_sub(&s->gate->open, 1);
    mln_free(s);
}

/* Destroys a stream that no owner sees any more, at once or when his callback returns. */
static void abandon(struct mln_stream *s)
{
    if (s->is_called) {
        s->is_gone = true;
    } else {
        destroy(s);
    }
}

/* False when the stream is gone afterwards. */
static bool call_owner(struct mln_stream *s, void (*event)(void *owner))
{
    s->is_called = true;
    event(s->owner);
    s->is_called = false;
    if (s->is_gone) {
        destroy(s);
        return false;
    }
    return true;
}

static void tell_broken(struct mln_stream *s)
{
    s->is_broken = true;
    if (s->ops) {
        (void)call_owner(s, s->ops->broken);
    } else {
        destroy(s);
    }
}

/* An error within a call of the owner's: he learns of it from the loop. */
static void break_later(struct mln_stream *s)
{
    s->is_broken = true;
    event_active(&s->writable, EV_WRITE, 1);
}

static void set_writing(struct mln_stream *s, bool on)
{
    if (on == s->is_writing) {
        return;
    }
    s->is_writing = on;
    if (on ? event_add(&s->writable, NULL) != 0 : event_del(&s->writable) != 0) {
        break_later(s);
    }
}

/* ---- reading ---- */

/* Bytes that TLS holds already bring no event of the socket. */
static void read_what_is_held(struct mln_stream *s)
{
    if (s->guard && s->is_reading && !s->is_shut && mln_secure_has_more(s->guard->secure)) {
        event_active(&s->readable, EV_READ, 1);
    }
}

static void set_reading(struct mln_stream *s, bool on)
{
    if (on == s->is_reading || (on && s->is_ended)) {
        return;
    }
    s->is_reading = on;
    if (on ? event_add(&s->readable, NULL) != 0 : event_del(&s->readable) != 0) {
        break_later(s);
    } else if (on) {
        read_what_is_held(s);
    }
}

/* Makes room behind the input in the stream's own buffer. */
static bool make_room(struct mln_stream *s)
{
    size_t size = s->in_len * 2 > INPUT_LEAST ? s->in_len * 2 : INPUT_LEAST;
    char *buffer;

    if (size > s->max_input) {
        size = s->max_input;
    }
    if (s->in == s->buffer && size <= s->buffer_size) {
        return true;
    }
    if (size <= s->buffer_size && s->buffer) {
        memmove(s->buffer, s->in, s->in_len);
        s->in = s->buffer;
        return true;
    }
    buffer = mln_malloc(size);
    if (!buffer) {
        return false;
    }
    if (s->in_len) {
        memcpy(buffer, s->in, s->in_len);
    }
    mln_free(s->buffer);
    s->buffer = buffer;
    s->buffer_size = size;
    s->in = buffer;
    return true;
}

static void drop_buffer(struct mln_stream *s)
{
    mln_free(s->buffer);
    s->buffer = NULL;
    s->buffer_size = 0;
    s->in = NULL;
}

/* What the owner left in the scratch goes to the stream's own buffer. False: out of memory. */
static bool keep_rest(struct mln_stream *s)
{
    size_t len = s->in_len;

    if (len && !s->buffer) {
        size_t size = len > INPUT_LEAST ? len : INPUT_LEAST;

        s->buffer = mln_malloc(size);
        if (!s->buffer) {
            return false;
        }
        memcpy(s->buffer, s->in, len);
        s->buffer_size = size;
        s->in = s->buffer;
    }
    if (len >= s->max_input) {
        set_reading(s, false);
    }
    return true;
}

static void input_arrived(struct mln_stream *s)
{
    if (!s->ops) { /* finishing: swallowed */
        s->in_len = 0;
        drop_buffer(s);
        read_what_is_held(s);
        return;
    }
    if (!call_owner(s, s->ops->data)) {
        return;
    }
    if (!keep_rest(s)) {
        tell_broken(s);
        return;
    }
    read_what_is_held(s);
}

static void input_ended(struct mln_stream *s)
{
    s->is_ended = true;
    s->is_reading = false;
    (void)event_del(&s->readable);
    if (s->ops) {
        (void)call_owner(s, s->ops->data);
    } else if (s->is_shut) {
        destroy(s);
    }
}

/* Nothing is taken in the name of a credential that has expired or was revoked. */
static bool may_go_on(struct mln_stream *s)
{
    if (!s->guard || !s->guard->association ||
        (mln_association_is_valid(s->guard->association, mln_env_now_us(mln_env_system())) &&
         mln_secure_is_current(s->guard->secure))) {
        return true;
    }
    mln_log(MLN_LOG_INFO, "tls", "%s: the credential of this connection is no longer valid",
            s->peer.name);
    return false;
}

static void read_input(struct mln_stream *s)
{
    char *to = mln_loop_scratch(s->loop);
    size_t room = MLN_LOOP_SCRATCH;
    ssize_t n;

    if ((s->in_len && !make_room(s)) || !may_go_on(s)) {
        tell_broken(s);
        return;
    }
    if (s->in_len) {
        to = s->buffer + s->in_len;
        room = s->buffer_size - s->in_len;
    }
    n = receive_bytes(s, to, room);
    if (n > 0) {
        s->in = s->in_len ? s->in : to;
        s->in_len += (size_t)n;
        input_arrived(s);
    } else if (n == 0) {
        input_ended(s);
    } else if (errno != EAGAIN && errno != EWOULDBLOCK) {
        tell_broken(s);
    } else if (s->guard && mln_secure_reading_waits_write(s->guard->secure)) {
        set_writing(s, true);
    }
}

static void shake(struct mln_stream *s);

static void on_readable(evutil_socket_t fd, short what, void *data)
{
    struct mln_stream *s = data;

    (void)fd;
    (void)what;
    if (s->guard && s->guard->shaking) {
        shake(s);
        return;
    }
    if (s->out.len && s->guard && mln_secure_writing_waits_read(s->guard->secure)) {
        event_active(&s->writable, EV_WRITE, 1); /* tries again, after what is read now */
    }
    read_input(s);
}

struct mln_slice mln_stream_peek(const struct mln_stream *stream)
{
    return mln_slice_of(stream->in, stream->in_len);
}

void mln_stream_consume(struct mln_stream *stream, size_t len)
{
    if (len == 0) {
        return;
    }
    stream->in += len;
    stream->in_len -= len;
    if (stream->in_len == 0) {
        drop_buffer(stream);
    }
    if (stream->in_len < stream->max_input) {
        set_reading(stream, true);
    }
}

bool mln_stream_is_ended(const struct mln_stream *stream)
{
    return stream->is_ended;
}

/* ---- writing ---- */

/* Sends chunks until none is left or the system takes no more. False: the connection is lost. */
static bool send_waiting(struct mln_stream *s)
{
    while (s->out.len) {
        struct iovec parts[PARTS_MAX];
        ssize_t n = send_bytes(s, parts, mln_chunks_peek(&s->out, parts, PARTS_MAX));

        if (n < 0) {
            return errno == EAGAIN || errno == EWOULDBLOCK;
        }
        mln_chunks_drop(&s->out, (size_t)n);
    }
    return true;
}

static size_t to_iovec(const struct mln_slice *parts, size_t count, struct iovec *ret)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++) {
        /* sendmsg reads only; its interface predates const */
        ret[i] = (struct iovec){ (void *)(uintptr_t)parts[i].ptr, parts[i].len };
        total += parts[i].len;
    }
    return total;
}

/* Sends directly from the caller's memory. Returns the bytes sent, or -1 when lost. */
static ssize_t send_now(struct mln_stream *s, const struct mln_slice *parts, size_t count)
{
    struct iovec vector[PARTS_MAX];
    ssize_t n;

    (void)to_iovec(parts, count, vector);
    n = send_bytes(s, vector, count);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return 0;
    }
    return n;
}

mln_err mln_stream_write(struct mln_stream *stream, const struct mln_slice *parts, size_t count,
                         bool is_more)
{
    ssize_t sent = 0;

    MLN_REQUIRE(!stream->is_broken, NETWORK);
    MLN_REQUIRE(count <= PARTS_MAX, INTERNAL);
    if (!stream->out.len && !is_more) {
        sent = send_now(stream, parts, count);
        if (sent < 0) {
            break_later(stream);
            MLN_FAIL(NETWORK);
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct mln_slice rest = mln_slice_from(parts[i], (size_t)sent);

        sent -= (ssize_t)(parts[i].len - rest.len);
        if (rest.len && !mln_chunks_add(&stream->out, rest)) {
            break_later(stream);
            MLN_FAIL(NO_MEMORY);
        }
    }
    return is_more ? MLN_OK : mln_stream_flush(stream);
}

/* Then the event of reading tries again. */
static bool writing_waits_read(const struct mln_stream *s)
{
    return s->guard && mln_secure_writing_waits_read(s->guard->secure);
}

mln_err mln_stream_flush(struct mln_stream *stream)
{
    MLN_REQUIRE(!stream->is_broken, NETWORK);
    if (!stream->out.len || stream->is_writing) {
        return MLN_OK;
    }
    if (!send_waiting(stream)) {
        break_later(stream);
        MLN_FAIL(NETWORK);
    }
    set_writing(stream, stream->out.len > 0 && !writing_waits_read(stream));
    return MLN_OK;
}

size_t mln_stream_waiting(const struct mln_stream *stream)
{
    return stream->out.len;
}

/* ---- the end ---- */

/* All output has left a finishing stream. */
static void shut(struct mln_stream *s)
{
    if (s->guard && !mln_secure_close(s->guard->secure)) {
        set_writing(s, true); /* and once more */
        return;
    }
    s->is_shut = true;
    if (s->is_ended || shutdown(s->fd, SHUT_WR) != 0) {
        abandon(s);
        return;
    }
    set_reading(s, true);
    if (!s->deadline_us || s->deadline_us > mln_monotonic_us() + LINGER_US) {
        mln_stream_deadline(s, LINGER_US);
    }
}

static void on_writable(evutil_socket_t fd, short what, void *data)
{
    struct mln_stream *s = data;
    bool has_waited = s->out.len > 0;

    (void)fd;
    (void)what;
    if (s->guard && s->guard->shaking && !s->is_broken) {
        shake(s);
        return;
    }
    if (s->is_broken || !send_waiting(s)) {
        tell_broken(s);
        return;
    }
    if (s->out.len) {
        set_writing(s, !writing_waits_read(s));
        return;
    }
    set_writing(s, false);
    if (s->ops && !has_waited) { /* it was reading that had to wait for this */
        event_active(&s->readable, EV_READ, 1);
    } else if (s->ops) {
        (void)call_owner(s, s->ops->drained);
    } else {
        shut(s);
    }
}

void mln_stream_free(struct mln_stream *stream)
{
    if (stream) {
        stream->ops = NULL;
        abandon(stream);
    }
}

void mln_stream_finish(struct mln_stream *stream, int64_t within_us)
{
    stream->ops = NULL;
    stream->in_len = 0;
    drop_buffer(stream);
    if (stream->is_broken || mln_failed(mln_stream_flush(stream))) {
        abandon(stream);
        return;
    }
    mln_stream_deadline(stream, within_us);
    if (!stream->out.len) {
        shut(stream);
    }
}

/* ---- deadlines ---- */

static void on_timer(struct mln_timer *timer)
{
    struct mln_stream *s =
        (struct mln_stream *)((char *)timer - offsetof(struct mln_stream, timer));
    int64_t left = s->deadline_us ? s->deadline_us - mln_monotonic_us() : 0;

    if (s->deadline_us == 0) {
        return;
    }
    if (left > 0) {
        mln_loop_after(s->loop, &s->timer, left);
        return;
    }
    s->deadline_us = 0;
    if (s->ops) {
        (void)call_owner(s, s->ops->expired);
    } else {
        destroy(s);
    }
}

void mln_stream_deadline(struct mln_stream *stream, int64_t after_us)
{
    if (after_us <= 0) {
        stream->deadline_us = 0;
        return;
    }
    stream->deadline_us = mln_monotonic_coarse_us() + after_us; /* set with every answer */
    if (!stream->timer.is_set || stream->timer.when_us > stream->deadline_us) {
        mln_loop_after(stream->loop, &stream->timer, after_us);
    }
}

/* ---- the handshake ---- */

static void watch_expiry(struct guard *g);

static void on_expiry(struct mln_timer *timer)
{
    struct guard *g = (struct guard *)(void *)((char *)timer - offsetof(struct guard, expiry));

    if (!may_go_on(g->stream)) {
        tell_broken(g->stream);
    } else {
        watch_expiry(g);
    }
}

/* spec: SEC-IDN-04 */
static void watch_expiry(struct guard *g)
{
    int64_t left_us = g->association->expires_us == INT64_MAX
                          ? INT64_MAX
                          : g->association->expires_us - mln_env_now_us(mln_env_system());

    if (left_us != INT64_MAX) {
        left_us = left_us < 1 ? 1 : left_us;
        mln_loop_after(g->stream->loop, &g->expiry, left_us < WATCH_US ? left_us : WATCH_US);
    }
}

static void secured(struct mln_stream *s)
{
    struct guard *g = s->guard;
    const struct mln_stream_shaking *shaking = g->shaking;

    g->shaking = NULL;
    s->peer.association = g->association;
    s->peer.is_secured = g->association != NULL;
    set_writing(s, false);
    set_reading(s, true);
    mln_stream_deadline(s, 0);
    if (g->association) {
        watch_expiry(g);
    }
    s->is_called = true; /* the next owner may end it as soon as he has it */
    shaking->secured(s->owner);
    s->is_called = false;
    if (s->is_gone) {
        destroy(s);
        return;
    }
    read_what_is_held(s);
}

static void shake(struct mln_stream *s)
{
    struct guard *g = s->guard;
    const struct mln_stream_shaking *shaking = g->shaking;
    struct mln_fault fault = { 0 };

    switch (mln_secure_shake(g->secure, &g->association, &fault)) {
    case MLN_SECURE_WAITS_READ:
        set_writing(s, false);
        break;
    case MLN_SECURE_WAITS_WRITE:
        set_writing(s, true);
        break;
    case MLN_SECURE_DONE:
        secured(s);
        break;
    case MLN_SECURE_FAILED:
    default:
        set_writing(s, false);
        g->shaking = NULL;
        shaking->failed(s->owner, fault.text, mln_secure_has_begun(g->secure));
        break;
    }
}

void mln_stream_shake(struct mln_stream *stream, const struct mln_stream_shaking *ops, void *owner)
{
    stream->guard->shaking = ops;
    mln_stream_own(stream, &ops->ops, owner);
}

/* ---- life ---- */

static mln_err add_guard(struct mln_stream *s, struct mln_secure *secure)
{
    if (!secure) {
        return MLN_OK;
    }
    s->guard = mln_calloc(1, sizeof *s->guard);
    MLN_REQUIRE(s->guard, NO_MEMORY);
    s->guard->stream = s;
    s->guard->secure = secure;
    s->guard->expiry.fire = on_expiry;
    return MLN_OK;
}

mln_err mln_stream_new(struct mln_loop *loop, const struct mln_stream_setup *setup,
                       struct mln_stream **ret)
{
    MLN_CLEANUP(mln_freep) struct mln_stream *s = mln_calloc(1, sizeof *s);
    struct mln_stream **list = mln_loop_streams(loop);
    struct event_base *base = mln_loop_base(loop);

    MLN_REQUIRE(s, NO_MEMORY);
    s->loop = loop;
    s->fd = setup->fd;
    s->max_input = setup->max_input > INPUT_LEAST ? setup->max_input : INPUT_LEAST;
    s->gate = setup->gate;
    s->peer = setup->peer;
    s->timer.fire = on_timer;
    MLN_REQUIRE(event_assign(&s->readable, base, s->fd, EV_READ | EV_PERSIST, on_readable, s) == 0,
                SYSTEM);
    MLN_REQUIRE(event_assign(&s->writable, base, s->fd, EV_WRITE | EV_PERSIST, on_writable, s) == 0,
                SYSTEM);
    MLN_TRY(add_guard(s, setup->secure));
    if (event_add(&s->readable, NULL) != 0) {
        mln_free(s->guard);
        MLN_FAIL(NO_MEMORY);
    }
    s->is_reading = true;
    s->next = *list;
    if (s->next) {
        s->next->prev = s;
    }
    *list = s;
    *ret = s;
    s = NULL;
    return MLN_OK;
}

bool mln_stream_has_no_owner(const struct mln_stream *stream)
{
    return !stream->ops;
}

void mln_stream_own(struct mln_stream *stream, const struct mln_stream_ops *ops, void *owner)
{
    stream->ops = ops;
    stream->owner = owner;
}

const struct mln_peer *mln_stream_peer(const struct mln_stream *stream)
{
    return &stream->peer;
}

struct mln_association *mln_stream_association(const struct mln_stream *stream)
{
    return stream->guard && stream->guard->association
               ? mln_association_ref(stream->guard->association)
               : NULL;
}
