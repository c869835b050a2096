/* The server side of the binding: a port on one loop, and its connections. Internal to bind/http.
 *
 * Requests of all connections share a pool of arenas, so that an idle connection holds none. A
 * connection answers its requests one after the other. One thread, the loop's. */
#pragma once

#include "bind/bind.h"
#include "bind/http/http_wire.h"

enum { MLN_HTTP_DATE_SIZE = 29, MLN_HTTP_ARENAS = 64 };

struct mln_http_connection;

struct mln_http_server {
    struct mln_bind bind; /* first: the face of the server */
    struct mln_loop *loop;
    struct mln_worker *worker;
    const struct mln_limits *limits;
    const struct mln_slice *names; /* of this machine */
    size_t name_count;
    struct mln_listener *listener;
    struct mln_http_connection *connections;
    struct mln_arena *arenas[MLN_HTTP_ARENAS]; /* idle ones */
    size_t arena_count;
    uint64_t waiting_bytes;        /* memory of the requests under way */
    int64_t date_s;                /* second that `date` tells */
    int64_t date_checked_us;       /* when it was last compared with the clock */
    char date[MLN_HTTP_DATE_SIZE]; /* without NUL */
    bool is_stopping;
    struct mln_timer stop_timer;
    struct mln_task *stopped;
};

/* A new connection. The server owns it, and it ends by itself. */
void mln_http_connection_new(struct mln_http_server *server, struct mln_stream *stream);

/* The server stops: idle connections end, the others after their present request. */
void mln_http_connections_stop(struct mln_http_server *server);

/* Cuts all connections off. Calls that are out stay counted in bind.calls. */
void mln_http_connections_cut(struct mln_http_server *server);

/* An arena for a request, or NULL. */
struct mln_arena *mln_http_take_arena(struct mln_http_server *server);
void mln_http_give_arena(struct mln_http_server *server, struct mln_arena *arena);

/* The time in the form of the field Date, at most a tenth of a second late; valid until the next
 * call. spec: RFC9110 5.6.7 */
struct mln_slice mln_http_date(struct mln_http_server *server);

/* A connection or a call has ended: is the stop complete? Then posts the task `stopped`. */
void mln_http_server_ended_one(struct mln_http_server *server);
