/* Ports of the HTTP binding: opening, attaching to loops, stopping. */
#include "bind/http/http.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "bind/http/http_outbound.h"
#include "bind/http/http_server.h"

/* A stream keeps a header of the largest size, and lines of chunks and trailers. */
enum { INPUT_SLACK = 8192, DATE_US = 100 * 1000 };

struct port {
    struct mln_bind_port base; /* first: the face of the port */
    struct mln_bind_options options;
    struct mln_address address; /* with its actual port */
    int fds[];                  /* -1: attached, so the listener's */
};

/* ---- what connections share ---- */

struct mln_arena *mln_http_take_arena(struct mln_http_server *server)
{
    if (server->arena_count) {
        return server->arenas[--server->arena_count];
    }
    return mln_arena_new(server->limits->request_arena_bytes);
}

void mln_http_give_arena(struct mln_http_server *server, struct mln_arena *arena)
{
    if (server->arena_count == MLN_HTTP_ARENAS) {
        mln_arena_free(arena);
        return;
    }
    mln_arena_reset(arena);
    server->arenas[server->arena_count++] = arena;
}

static void write_date(struct mln_http_server *server, int64_t now_s)
{
    static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t t = (time_t)now_s;
    struct tm tm = { 0 };
    char text[64];

    if (gmtime_r(&t, &tm)) {
        server->date_s = now_s;
        (void)snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
                       tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                       tm.tm_sec);
        memcpy(server->date, text, sizeof server->date);
    }
}

struct mln_slice mln_http_date(struct mln_http_server *server)
{
    int64_t coarse_us = mln_monotonic_coarse_us();
    int64_t now_s;

    if (server->date_s == 0 || coarse_us - server->date_checked_us > DATE_US) {
        server->date_checked_us = coarse_us;
        now_s = mln_env_now_us(mln_env_system()) / MLN_US_PER_S;
        if (now_s != server->date_s) {
            write_date(server, now_s);
        }
    }
    return mln_slice_of(server->date, sizeof server->date);
}

/* ---- opening ---- */

static void port_close(struct mln_bind_port *base)
{
    struct port *port = (struct port *)base;

    if (!port) {
        return;
    }
    for (size_t i = 0; i < port->options.loops; i++) {
        if (port->fds[i] >= 0) {
            (void)close(port->fds[i]);
        }
    }
    mln_free(port);
}

static mln_err port_open(const struct mln_bind_options *options, struct mln_fault *fault,
                         struct mln_bind_port **ret)
{
    MLN_CLEANUP(mln_freep)
    struct port *port = mln_calloc(1, sizeof *port + options->loops * sizeof *port->fds);

    MLN_REQUIRE(port, NO_MEMORY);
    port->base.ops = &mln_http_binding;
    port->options = *options;
    MLN_TRY(mln_listener_bind(&options->address, options->loops, port->fds, &port->address, fault));
    *ret = &port->base;
    port = NULL;
    return MLN_OK;
}

static void port_url(const struct mln_bind_port *base, char out[MLN_BIND_URL_SIZE])
{
    const struct port *port = (const struct port *)base;
    char name[MLN_PEER_NAME_SIZE];

    mln_address_format(&port->address, name);
    (void)snprintf(out, MLN_BIND_URL_SIZE, "http%s://%s", port->options.tls ? "s" : "", name);
}

/* ---- serving ---- */

static void on_accepted(void *owner, struct mln_stream *stream)
{
    mln_http_connection_new(owner, stream);
}

static void tell_stopped(struct mln_http_server *server)
{
    struct mln_task *stopped = server->stopped;

    server->stopped = NULL;
    mln_loop_cancel_after(server->loop, &server->stop_timer);
    mln_loop_post(server->loop, stopped); /* not from within what still uses the server */
}

void mln_http_server_ended_one(struct mln_http_server *server)
{
    if (server->stopped && !server->connections && server->bind.calls == 0) {
        tell_stopped(server);
    }
}

static void on_stop_timer(struct mln_timer *timer)
{
    struct mln_http_server *server =
        (struct mln_http_server *)((char *)timer - offsetof(struct mln_http_server, stop_timer));

    mln_http_connections_cut(server);
    if (server->stopped) { /* not told while cutting, because calls are out */
        tell_stopped(server);
    }
}

static mln_err server_attach(struct mln_bind_port *base, size_t index, struct mln_loop *loop,
                             struct mln_worker *worker, struct mln_bind **ret)
{
    struct port *port = (struct port *)base;
    MLN_CLEANUP(mln_freep) struct mln_http_server *server = mln_calloc(1, sizeof *server);
    struct mln_listener_options options = {
        .fd = port->fds[index],
        .is_trusted = port->options.is_trusted,
        .max_input = port->options.limits->header_bytes + INPUT_SLACK,
        .gate = port->options.gate,
        .tls = port->options.tls,
        .strikes = port->options.strikes,
        .max_handshakes = port->options.limits->handshakes,
        .handshake_us = (int64_t)port->options.limits->handshake_ms * 1000,
        .handshake_bytes = port->options.limits->handshake_bytes,
        .accepted = on_accepted,
        .owner = server,
    };

    MLN_REQUIRE(server, NO_MEMORY);
    server->bind.ops = &mln_http_binding;
    server->loop = loop;
    server->worker = worker;
    server->limits = port->options.limits;
    server->names = port->options.names;
    server->name_count = port->options.name_count;
    server->stop_timer.fire = on_stop_timer;
    MLN_TRY(mln_listener_new(loop, &options, &server->listener));
    port->fds[index] = -1;
    *ret = &server->bind;
    server = NULL;
    return MLN_OK;
}

static void server_stop(struct mln_bind *bind, int64_t within_us, struct mln_task *stopped)
{
    struct mln_http_server *server = (struct mln_http_server *)bind;

    mln_listener_free(server->listener);
    server->listener = NULL;
    server->is_stopping = true;
    server->stopped = stopped;
    mln_loop_after(server->loop, &server->stop_timer, within_us);
    mln_http_connections_stop(server);
    mln_http_server_ended_one(server);
}

static void server_detach(struct mln_bind *bind)
{
    struct mln_http_server *server = (struct mln_http_server *)bind;

    if (!server) {
        return;
    }
    server->stopped = NULL;
    mln_loop_cancel_after(server->loop, &server->stop_timer);
    mln_listener_free(server->listener);
    mln_http_connections_cut(server);
    while (server->arena_count) {
        mln_arena_free(server->arenas[--server->arena_count]);
    }
    mln_free(server);
}

const struct mln_binding_ops mln_http_binding = {
    .scheme = { "http", 4 },
    .default_port = 80,
    .secured_scheme = { "https", 5 },
    .secured_port = 443,
    .open = port_open,
    .url = port_url,
    .attach = server_attach,
    .stop = server_stop,
    .detach = server_detach,
    .close = port_close,
    .outbound_new = mln_http_outbound_new,
    .outbound_free = mln_http_outbound_free,
};
