/* Making of streams. Internal to io. */
#pragma once

#include "io/stream.h"

struct mln_gate;

struct mln_stream_setup {
    int fd;                /* the stream's from then on */
    size_t max_input;      /* reading pauses when so much is left unconsumed */
    struct mln_gate *gate; /* told when the stream goes */
    struct mln_peer peer;
};

/* Errors: NO_MEMORY, SYSTEM; then the socket is still the caller's. */
mln_err mln_stream_new(struct mln_loop *loop, const struct mln_stream_setup *setup,
                       struct mln_stream **ret);

/* Was the stream finished, or not yet given an owner? */
bool mln_stream_has_no_owner(const struct mln_stream *stream);
