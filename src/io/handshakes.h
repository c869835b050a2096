/* Handshakes under way: streams between being accepted and having an owner. Internal to io.
 *
 * One list for each listener. Its length is bounded: when it is full, the oldest makes room, so
 * that idle connections keep nobody out. One thread, the loop's. */
#pragma once

#include "io/listener.h"
#include "io/stream_int.h"

struct mln_handshakes;

/* The options are the listener's, and live as long. Errors: NO_MEMORY. */
mln_err mln_handshakes_new(const struct mln_listener_options *options, struct mln_handshakes **ret);

/* Closes those under way. NULL is fine. */
void mln_handshakes_free(struct mln_handshakes *handshakes);

/* Takes the stream over until its handshake is complete; then it goes to options->accepted.
 * Errors: NO_MEMORY; then the stream is still the caller's. */
mln_err mln_handshakes_begin(struct mln_handshakes *handshakes, struct mln_stream *stream);
