/* TLS on a socket: what a stream uses in the place of recv and send. Internal to io.
 *
 * Nothing is allocated for a connection before its first byte has come. One thread, the loop's.
 * docs/internals/tls.md */
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include "base/fault.h"
#include "crypto/tls.h"

struct mln_secure;

/* The socket stays the caller's; so does the slot, which is asked when the handshake begins.
 * Errors: NO_MEMORY. */
mln_err mln_secure_new(struct mln_tls_slot *slot, int fd, size_t max_handshake,
                       struct mln_secure **ret);
void mln_secure_free(struct mln_secure *secure); /* accepts NULL */

enum mln_secure_step {
    MLN_SECURE_WAITS_READ,  /* until the socket can be read */
    MLN_SECURE_WAITS_WRITE, /* ... written */
    MLN_SECURE_DONE,
    MLN_SECURE_FAILED, /* the alert, if any, has been sent */
};

/* Goes on with the handshake. DONE: *ret is the association or NULL. FAILED: the fault says why. */
enum mln_secure_step mln_secure_shake(struct mln_secure *secure, struct mln_association **ret,
                                      struct mln_fault *fault);

/* Has the peer sent anything yet? */
bool mln_secure_has_begun(const struct mln_secure *secure);

/* After the handshake: would the peer still be believed? Looks anew whenever another context was
 * put into the slot, such as one with newer revocation lists. */
bool mln_secure_is_current(struct mln_secure *secure);

/* As recv and send: bytes, 0 when the peer has ended its direction, -1 with errno. EAGAIN may mean
 * that the other direction has to move first: the two below tell. */
ssize_t mln_secure_receive(struct mln_secure *secure, char *to, size_t room);
ssize_t mln_secure_send(struct mln_secure *secure, const struct iovec *parts, size_t count);

bool mln_secure_reading_waits_write(const struct mln_secure *secure);
bool mln_secure_writing_waits_read(const struct mln_secure *secure);

/* Are there bytes that have left the socket but were not received yet? No event tells of them. */
bool mln_secure_has_more(const struct mln_secure *secure);

/* Tells the peer that nothing follows (close_notify). False: it has to wait for the socket. */
bool mln_secure_close(struct mln_secure *secure);
