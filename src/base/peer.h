/* The peer: what the transport proved about who sent a message.
 *
 * Made only by io/ (from a connection) and e2e/ (from a protected primitive); everybody else
 * reads. It never contains what the message merely claims, such as the From parameter or a
 * forwarding header. Borrowed for the life of the request.
 * spec: TS-0004 7.3.2.1, TS-0003 7.1.2 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct mln_association;

enum { MLN_PEER_NAME_SIZE = 64 };

struct mln_peer {
    bool is_trusted; /* the listener is marked trusted in the configuration */
    bool is_secured; /* a security association stands: TLS, DTLS, ESPrim */
    /* The association proves the originator itself, by ESPrim, however many CSEs lie between; not
     * who handed the message over. */
    bool is_end_to_end;
    const struct mln_association *association; /* or NULL */
    uint8_t address_len;                       /* 4, 16, or 0 when unknown */
    unsigned char address[16]; /* network order; IPv4-mapped IPv6 is given as IPv4 */
    uint16_t port;
    char name[MLN_PEER_NAME_SIZE]; /* address and port for logs, NUL-terminated */
};

/* Accepts NULL: nobody. */
static inline bool mln_peer_is_end_to_end(const struct mln_peer *peer)
{
    return peer && peer->is_end_to_end;
}
