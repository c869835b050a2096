/* Listeners: TCP sockets that accept connections on one loop, in plain text or under TLS.
 *
 * The sockets of one address, one for each loop, share a port (SO_REUSEPORT) and are opened
 * together before the process drops its privileges; each then goes to its loop. A gate counts the
 * open connections of all listeners and refuses more than its maximum. A listener belongs to its
 * loop's thread; the gate to all. */
#pragma once

#include <stdatomic.h>

#include "crypto/tls.h"
#include "io/address.h"
#include "io/loop.h"
#include "io/stream.h"

struct mln_strikes; /* io/strikes.h */

/* Shared by listeners that count together. */
struct mln_gate {
    _Atomic uint64_t open;
    uint64_t max;
};

/* Opens `count` listening sockets on one address. With port 0 the system chooses one port for
 * all. Another process that listens there makes it fail, also one that would share the port.
 * ret_address is the address with its actual port. Errors: CONFIG (address in use, not ours, not
 * permitted), SYSTEM; then no socket stays open. */
mln_err mln_listener_bind(const struct mln_address *address, size_t count, int ret_fds[],
                          struct mln_address *ret_address, struct mln_fault *fault);

struct mln_listener_options {
    int fd;           /* from mln_listener_bind; the listener's from now on */
    bool is_trusted;  /* goes into the peer of each connection */
    size_t max_input; /* bytes a stream keeps when its owner does not take them */
    struct mln_gate *gate;
    struct mln_tls_slot *tls;    /* NULL: plain. The context for new handshakes; borrowed */
    struct mln_strikes *strikes; /* NULL: failed handshakes are not counted; borrowed */
    uint64_t max_handshakes;     /* under way; the oldest makes room for one more */
    int64_t handshake_us;        /* time for one */
    size_t handshake_bytes;      /* what one may receive */
    /* A new connection, under TLS when its handshake is complete; the stream is the owner's. It
     * must be given its ops at once. */
    void (*accepted)(void *owner, struct mln_stream *stream);
    void *owner;
};

struct mln_listener;

/* Errors: NO_MEMORY, SYSTEM; then the socket is still the caller's. */
mln_err mln_listener_new(struct mln_loop *loop, const struct mln_listener_options *options,
                         struct mln_listener **ret);

/* Closes the socket; connections stay. NULL is fine. */
void mln_listener_free(struct mln_listener *listener);
