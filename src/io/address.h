/* Network addresses: IPv4 or IPv6 with a port.
 *
 * Values, passed by pointer and copied freely. Any thread; mln_address_resolve may block on name
 * resolution and is for start-up only. */
#pragma once

#include <sys/socket.h>

#include "base/err.h"
#include "base/fault.h"
#include "base/peer.h"
#include "base/slice.h"

struct mln_address {
    uint8_t len; /* 4 or 16 */
    uint16_t port;
    uint32_t scope;          /* of a link-local IPv6 address, else 0 */
    unsigned char bytes[16]; /* network order */
};

/* From the host and port of a URL: "127.0.0.1", "::1" or "[::1]", or a name.
 * Errors: CONFIG (no such host). */
mln_err mln_address_resolve(struct mln_slice host, uint16_t port, struct mln_address *ret,
                            struct mln_fault *fault);

/* 127.0.0.0/8 or ::1. */
bool mln_address_is_loopback(const struct mln_address *address);

/* "127.0.0.1:8080", "[::1]:8080"; NUL-terminated. */
void mln_address_format(const struct mln_address *address, char out[static MLN_PEER_NAME_SIZE]);

/* To and from the form of the system. IPv4-mapped IPv6 addresses become IPv4; of() is false for
 * another family. */
socklen_t mln_address_to_system(const struct mln_address *address, struct sockaddr_storage *ret);
bool mln_address_of_system(const struct sockaddr_storage *from, struct mln_address *ret);
