/* Bindings: what the server needs of each protocol, as a record of operations.
 *
 * A port is one listening address with a socket for every loop, opened before the process drops
 * its privileges. Attached to a loop and its worker it serves requests there, until it is stopped
 * and detached. Sending goes by the outbound of a loop. The server lists the records; nothing else
 * knows which protocols there are. open, url and close belong to the main thread, everything else
 * to the thread of the loop, or to the main thread while the loop does not run.
 * docs/guide/add-a-binding.md */
#pragma once

#include "base/fault.h"
#include "base/limits.h"
#include "cse/cse.h"
#include "io/listener.h"

struct mln_binding_ops;

/* First member of a binding's own struct. */
struct mln_bind_port {
    const struct mln_binding_ops *ops;
};

/* First member of a binding's own struct: a port on one loop. */
struct mln_bind {
    const struct mln_binding_ops *ops;
    size_t calls; /* requests that the CSE has not answered yet */
};

struct mln_bind_options {
    struct mln_address address;
    bool is_trusted;
    /* Names of this machine: what reaches a trusted port under another one, as a web page could
     * make a browser do, is not trusted. Addresses and localhost need not be named. Borrowed. */
    const struct mln_slice *names;
    size_t name_count;
    size_t loops;                    /* how many will be attached */
    const struct mln_limits *limits; /* borrowed, like the gate */
    struct mln_gate *gate;           /* counts the connections of all ports */
    struct mln_tls_slot *tls;        /* NULL: plain text; borrowed */
    struct mln_strikes *strikes;     /* counts failed handshakes; borrowed */
};

enum { MLN_BIND_URL_SIZE = MLN_PEER_NAME_SIZE + 16 };

struct mln_binding_ops {
    struct mln_slice scheme; /* of URLs to listen on and to send to: "http" */
    uint16_t default_port;
    struct mln_slice secured_scheme; /* the same under TLS: "https"; empty: there is none */
    uint16_t secured_port;

    /* ---- before privileges are dropped ---- */

    /* Errors: CONFIG (address in use or not ours), SYSTEM, NO_MEMORY. */
    mln_err (*open)(const struct mln_bind_options *options, struct mln_fault *fault,
                    struct mln_bind_port **ret);

    /* The URL that the port is reached at, NUL-terminated. */
    void (*url)(const struct mln_bind_port *port, char out[MLN_BIND_URL_SIZE]);

    /* ---- serving ---- */

    /* Attaches socket number `index` to a loop. Errors: NO_MEMORY, SYSTEM. */
    mln_err (*attach)(struct mln_bind_port *port, size_t index, struct mln_loop *loop,
                      struct mln_worker *worker, struct mln_bind **ret);

    /* Accepts nothing new, finishes the requests in progress, then posts `stopped`: when all is
     * done, or after `within_us` with what is left cut off. The answers of calls that are still
     * out (bind->calls) then go nowhere. */
    void (*stop)(struct mln_bind *bind, int64_t within_us, struct mln_task *stopped);

    /* Closes what is open. bind->calls must be 0. NULL is fine. */
    void (*detach)(struct mln_bind *bind);

    /* All binds of the port must be detached. NULL is fine. */
    void (*close)(struct mln_bind_port *port);

    /* ---- sending ---- */

    /* `tls` holds the client's side of TLS; borrowed. Errors: NO_MEMORY, SYSTEM. */
    mln_err (*outbound_new)(struct mln_loop *loop, const struct mln_limits *limits,
                            struct mln_tls_slot *tls, struct mln_outbound *ret);

    /* Requests under way end with NETWORK, told by their callbacks. */
    void (*outbound_free)(struct mln_outbound *outbound);
};
