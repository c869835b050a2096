/* Streams: accepted connections as their protocol sees them.
 *
 * Input is peeked at and consumed in place; output is sent at once as far as the system takes it,
 * and the rest is kept. A stream calls its owner only from the loop, never from within a call of
 * the owner's. What carries the bytes is hidden here, so that a TLS stream will look the same.
 * One thread, the loop's. docs/internals/http.md */
#pragma once

#include "base/err.h"
#include "base/peer.h"
#include "base/slice.h"
#include "io/loop.h"

struct mln_stream;

/* What happens on a stream. Each may free or finish the stream. */
struct mln_stream_ops {
    /* New input, or the peer will send no more (mln_stream_is_ended). */
    void (*data)(void *owner);
    /* All output that had to wait has left. */
    void (*drained)(void *owner);
    /* The deadline has passed. */
    void (*expired)(void *owner);
    /* The connection is lost; what is left to do is to free it. */
    void (*broken)(void *owner);
};

/* For the owner of a new stream, before the loop goes on. */
void mln_stream_own(struct mln_stream *stream, const struct mln_stream_ops *ops, void *owner);

/* Closes at once. NULL is fine. */
void mln_stream_free(struct mln_stream *stream);

/* Sends what waits, tells the peer that nothing follows, swallows for a moment what still comes,
 * then closes: so the peer gets the last answer even when it is still sending. All within
 * `within_us`. The stream is no longer the caller's. */
void mln_stream_finish(struct mln_stream *stream, int64_t within_us);

/* The input not yet consumed, in one piece; valid until consume, or until the loop goes on. */
struct mln_slice mln_stream_peek(const struct mln_stream *stream);

/* Forgets the first `len` bytes of the input. */
void mln_stream_consume(struct mln_stream *stream, size_t len);

/* The peer has ended its direction. */
bool mln_stream_is_ended(const struct mln_stream *stream);

/* Sends the parts one after the other. With `is_more` they wait for a later write or flush.
 * Errors: NETWORK (the connection is lost; `broken` will be called), NO_MEMORY (then part may
 * have left: only freeing makes sense). */
mln_err mln_stream_write(struct mln_stream *stream, const struct mln_slice *parts, size_t count,
                         bool is_more);

/* Sends what an earlier write with is_more has left. Errors: as mln_stream_write. */
mln_err mln_stream_flush(struct mln_stream *stream);

/* Bytes of output that wait. */
size_t mln_stream_waiting(const struct mln_stream *stream);

/* Calls `expired` after that time unless another deadline is set first; 0: no deadline. Setting
 * one again and again is cheap. */
void mln_stream_deadline(struct mln_stream *stream, int64_t after_us);

/* Valid as long as the stream. */
const struct mln_peer *mln_stream_peer(const struct mln_stream *stream);

/* A reference to the association of the connection, or NULL. */
struct mln_association *mln_stream_association(const struct mln_stream *stream);
