/* Making of streams. Internal to io. */
#pragma once

#include "io/stream.h"

struct mln_gate;
struct mln_secure;

struct mln_stream_setup {
    int fd;                /* the stream's from then on */
    size_t max_input;      /* reading pauses when so much is left unconsumed */
    struct mln_gate *gate; /* told when the stream goes */
    struct mln_peer peer;
    struct mln_secure *secure; /* TLS, or NULL; the stream's from then on */
};

/* Besides the others, for who owns a stream during its handshake: it is complete, and the next
 * owner may take over; or it has failed, and only finishing or freeing makes sense. */
struct mln_stream_shaking {
    struct mln_stream_ops ops; /* data is not called */
    void (*secured)(void *owner);
    void (*failed)(void *owner, const char *why, bool has_begun);
};

/* In the place of mln_stream_own, for a stream with TLS. */
void mln_stream_shake(struct mln_stream *stream, const struct mln_stream_shaking *ops, void *owner);

/* Errors: NO_MEMORY, SYSTEM; then the socket is still the caller's. */
mln_err mln_stream_new(struct mln_loop *loop, const struct mln_stream_setup *setup,
                       struct mln_stream **ret);

/* Was the stream finished, or not yet given an owner? */
bool mln_stream_has_no_owner(const struct mln_stream *stream);
