/* A growing byte buffer in an arena, born with its maximum.
 *
 * Errors stick: after the first failed append every further one does nothing, and
 * mln_buf_finish reports it once. So a writer appends freely and looks at the end. One thread. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct mln_buf {
    struct mln_arena *arena;
    char *ptr;
    size_t len;
    size_t cap;
    size_t max;
    enum mln_err_code failed; /* LIMIT or NO_MEMORY once an append failed */
};

/* The buffer's bytes live in `arena`; at most `max` of them. */
void mln_buf_init(struct mln_buf *buf, struct mln_arena *arena, size_t max);

/* Room for `len` more bytes to be written by the caller, or NULL when failed. */
char *mln_buf_reserve(struct mln_buf *buf, size_t len);

void mln_buf_add(struct mln_buf *buf, struct mln_slice s);
void mln_buf_byte(struct mln_buf *buf, char c);

/* Decimal digits. */
void mln_buf_u64(struct mln_buf *buf, uint64_t n);

__attribute__((format(printf, 2, 3))) void mln_buf_printf(struct mln_buf *buf, const char *format,
                                                          ...);

/* Takes back what was written after the first `len` bytes, and a LIMIT that it came to. */
void mln_buf_rewind(struct mln_buf *buf, size_t len);

/* What was written, valid as long as the arena and until the next append.
 * Errors: LIMIT (more than max), NO_MEMORY. */
mln_err mln_buf_finish(const struct mln_buf *buf, struct mln_slice *ret);
