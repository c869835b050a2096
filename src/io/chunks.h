/* Output that waits: bytes in the order they were added, in chunks that small writes share.
 *
 * Zeroed, it is empty. One thread. Internal to io. */
#pragma once

#include <sys/uio.h>

#include "base/slice.h"

struct mln_chunk;

struct mln_chunks {
    struct mln_chunk *first;
    struct mln_chunk *last;
    size_t len; /* bytes in all */
};

/* Copies the bytes behind the others. False: out of memory, and nothing was added. */
bool mln_chunks_add(struct mln_chunks *chunks, struct mln_slice bytes);

/* Forgets the first `len` bytes. */
void mln_chunks_drop(struct mln_chunks *chunks, size_t len);

/* The first bytes, in at most `max` parts; returns their number. Valid until the next change. */
size_t mln_chunks_peek(const struct mln_chunks *chunks, struct iovec *ret, size_t max);
