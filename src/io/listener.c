/* Listening sockets, and accepting from them fairly and within limits. */
#include "io/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

#include "base/env.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/handshakes.h"
#include "io/loop_int.h"
#include "io/secure.h"
#include "io/stream_int.h"
#include "io/strikes.h"

enum {
    BACKLOG = 1024,        /* the system cuts it to its own maximum */
    ACCEPTS_AT_ONCE = 32,  /* then connections that are open get their turn */
    PAUSE_US = 100 * 1000, /* after running out of descriptors */
};

struct mln_listener {
    struct mln_loop *loop;
    struct event *event;
    struct mln_listener_options options;
    struct mln_timer pause;            /* set while accepting rests */
    struct mln_handshakes *handshakes; /* NULL: plain */
};

/* ---- opening ---- */

static mln_err fail_open(const struct mln_address *address, int fd, struct mln_fault *fault)
{
    int why = errno;
    char name[MLN_PEER_NAME_SIZE];
    char text[128];

    mln_address_format(address, name);
    mln_fault_set(fault, "cannot listen on %s: %s", name, strerror_r(why, text, sizeof text));
    if (fd >= 0) {
        (void)close(fd);
    }
    if (why == EADDRINUSE || why == EADDRNOTAVAIL || why == EACCES) {
        MLN_FAIL(CONFIG);
    }
    MLN_FAIL(SYSTEM);
}

static bool set_on(int fd, int level, int option)
{
    int on = 1;

    return setsockopt(fd, level, option, &on, sizeof on) == 0;
}

/* A socket bound to the address; `is_shared` lets others of ours bind there too. */
static mln_err open_bound(const struct mln_address *address, bool is_shared, int *ret,
                          struct mln_fault *fault)
{
    bool is_v6 = address->len == 16;
    struct sockaddr_storage system;
    socklen_t len = mln_address_to_system(address, &system);
    int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    /* TCP_NODELAY is inherited by accepted sockets. An IPv6 listener never takes IPv4: which
     * addresses are served must be seen from the configuration. */
    if (fd < 0 || !set_on(fd, SOL_SOCKET, SO_REUSEADDR) || !set_on(fd, IPPROTO_TCP, TCP_NODELAY) ||
        (is_shared && !set_on(fd, SOL_SOCKET, SO_REUSEPORT)) ||
        (is_v6 && !set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY)) ||
        bind(fd, (const struct sockaddr *)&system, len) != 0) {
        return fail_open(address, fd, fault);
    }
    *ret = fd;
    return MLN_OK;
}

/* SO_REUSEPORT lets any process of the same user share the port unnoticed. A socket without it
 * cannot be bound where somebody listens; so one is tried first. */
static mln_err probe(const struct mln_address *address, struct mln_fault *fault)
{
    int fd = -1;

    MLN_TRY(open_bound(address, false, &fd, fault));
    (void)close(fd);
    return MLN_OK;
}

static mln_err learn_port(int fd, struct mln_address *address)
{
    struct sockaddr_storage system;
    socklen_t len = sizeof system;
    struct mln_address actual;

    MLN_REQUIRE(getsockname(fd, (struct sockaddr *)&system, &len) == 0, SYSTEM);
    MLN_REQUIRE(mln_address_of_system(&system, &actual), SYSTEM);
    address->port = actual.port;
    return MLN_OK;
}

static mln_err bind_all(struct mln_address *address, size_t count, int fds[], size_t *ret_opened,
                        struct mln_fault *fault)
{
    if (address->port != 0) {
        MLN_TRY(probe(address, fault));
    }
    for (size_t i = 0; i < count; i++) {
        MLN_TRY(open_bound(address, true, &fds[i], fault));
        *ret_opened = i + 1;
        if (address->port == 0) {
            MLN_TRY(learn_port(fds[i], address));
        }
    }
    /* Listening starts last: the group of sockets is complete when the first client comes. */
    for (size_t i = 0; i < count; i++) {
        if (listen(fds[i], BACKLOG) != 0) {
            return fail_open(address, -1, fault);
        }
    }
    return MLN_OK;
}

mln_err mln_listener_bind(const struct mln_address *address, size_t count, int ret_fds[],
                          struct mln_address *ret_address, struct mln_fault *fault)
{
    struct mln_address actual = *address;
    size_t opened = 0;
    mln_err err = bind_all(&actual, count, ret_fds, &opened, fault);

    if (mln_failed(err)) {
        for (size_t i = 0; i < opened; i++) {
            (void)close(ret_fds[i]);
        }
        return err;
    }
    *ret_address = actual;
    return MLN_OK;
}

/* ---- accepting ---- */

static void on_pause_over(struct mln_timer *timer)
{
    struct mln_listener *listener =
        (struct mln_listener *)((char *)timer - offsetof(struct mln_listener, pause));

    (void)event_add(listener->event, NULL);
}

/* A full backlog stays readable; without a pause the loop would spin on it. */
static void pause_accepting(struct mln_listener *listener, int why)
{
    char text[128];

    mln_log(MLN_LOG_DEBUG, "io", "accepting pauses: %s", strerror_r(why, text, sizeof text));
    (void)event_del(listener->event);
    mln_loop_after(listener->loop, &listener->pause, PAUSE_US);
}

static void fill_peer(const struct sockaddr_storage *system, bool is_trusted, struct mln_peer *ret)
{
    struct mln_address address = { 0 };

    *ret = (struct mln_peer){ .is_trusted = is_trusted };
    if (mln_address_of_system(system, &address)) {
        ret->address_len = address.len;
        memcpy(ret->address, address.bytes, sizeof ret->address);
        ret->port = address.port;
        mln_address_format(&address, ret->name);
    }
}

/* A stream for the accepted socket, and on to its owner. Errors: NO_MEMORY, SYSTEM; then the
 * socket is still the caller's. */
static mln_err take_plain(struct mln_listener *listener, struct mln_stream_setup *setup)
{
    struct mln_stream *stream = NULL;

    MLN_TRY(mln_stream_new(listener->loop, setup, &stream));
    listener->options.accepted(listener->options.owner, stream);
    return MLN_OK;
}

static mln_err take_secured(struct mln_listener *listener, struct mln_stream_setup *setup)
{
    const struct mln_listener_options *o = &listener->options;
    struct mln_stream *stream = NULL;
    mln_err err;

    MLN_REQUIRE(!o->strikes || !mln_strikes_is_out(o->strikes, &setup->peer, mln_monotonic_us()),
                OVERLOAD);
    MLN_TRY(mln_secure_new(o->tls, setup->fd, o->handshake_bytes, &setup->secure));
    err = mln_stream_new(listener->loop, setup, &stream);
    if (mln_failed(err)) {
        mln_secure_free(setup->secure);
        return err;
    }
    if (mln_failed(mln_handshakes_begin(listener->handshakes, stream))) {
        mln_stream_free(stream); /* and with it the socket */
    }
    return MLN_OK;
}

/* False when there is nothing more to accept now. */
static bool accept_one(struct mln_listener *listener)
{
    struct mln_listener_options *o = &listener->options;
    struct sockaddr_storage system = { 0 };
    socklen_t len = sizeof system;
    int fd = accept4(o->fd, (struct sockaddr *)&system, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct mln_stream_setup setup = { .fd = fd, .max_input = o->max_input, .gate = o->gate };
    mln_err err;

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_accepting(listener, errno);
        }
        return errno == ECONNABORTED || errno == EINTR;
    }
    if (atomic_fetch_add(&o->gate->open, 1) >= o->gate->max) {
        atomic_fetch_sub(&o->gate->open, 1);
        (void)close(fd);
        return true;
    }
    fill_peer(&system, o->is_trusted, &setup.peer);
    err = listener->handshakes ? take_secured(listener, &setup) : take_plain(listener, &setup);
    if (mln_failed(err)) {
        atomic_fetch_sub(&o->gate->open, 1);
        (void)close(fd);
    }
    return true;
}

static void on_acceptable(evutil_socket_t fd, short what, void *data)
{
    struct mln_listener *listener = data;

    (void)fd;
    (void)what;
    for (int i = 0; i < ACCEPTS_AT_ONCE && accept_one(listener); i++) {
    }
}

mln_err mln_listener_new(struct mln_loop *loop, const struct mln_listener_options *options,
                         struct mln_listener **ret)
{
    MLN_CLEANUP(mln_freep) struct mln_listener *listener = mln_calloc(1, sizeof *listener);

    MLN_REQUIRE(listener, NO_MEMORY);
    listener->loop = loop;
    listener->options = *options;
    listener->pause.fire = on_pause_over;
    if (options->tls) {
        MLN_TRY(mln_handshakes_new(&listener->options, &listener->handshakes));
    }
    listener->event =
        event_new(mln_loop_base(loop), options->fd, EV_READ | EV_PERSIST, on_acceptable, listener);
    if (!listener->event || event_add(listener->event, NULL) != 0) {
        bool is_made = listener->event != NULL;

        mln_handshakes_free(listener->handshakes);
        if (is_made) {
            event_free(listener->event);
        }
        return is_made ? MLN_ERROR(SYSTEM) : MLN_ERROR(NO_MEMORY);
    }
    *ret = listener;
    listener = NULL;
    return MLN_OK;
}

void mln_listener_free(struct mln_listener *listener)
{
    if (!listener) {
        return;
    }
    mln_loop_cancel_after(listener->loop, &listener->pause);
    mln_handshakes_free(listener->handshakes);
    event_free(listener->event);
    (void)close(listener->options.fd);
    mln_free(listener);
}
