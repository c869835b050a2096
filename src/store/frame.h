/* The file format of backups: a head, then frames, each with its length and a CRC-32C.
 *
 * A frame holds whole rows; the last one holds how many there were, so that a file that was cut
 * short is recognised. Readers check every bound before they allocate: damage gives STORE_CORRUPT.
 * Caller's storage; one thread. */
#pragma once

#include "base/err.h"
#include "store/kv.h"

struct mln_frame_counts {
    uint64_t resources;
    uint64_t records;
};

/* ---- writing ---- */

struct mln_frame_writer {
    int fd;
    char *bytes; /* the frame being filled; heap */
    size_t len;
    size_t cap;
    struct mln_frame_counts counts;
};

/* Writes the head. Errors: NO_MEMORY, SYSTEM (write failed; errno tells). */
mln_err mln_frame_begin(struct mln_frame_writer *w, int fd, uint32_t format);

/* One row of RES or REC. Errors: as above. */
mln_err mln_frame_row(struct mln_frame_writer *w, enum mln_table table,
                      const struct mln_kv_row *row);

/* The last frame. Errors: as above. */
mln_err mln_frame_end(struct mln_frame_writer *w);

/* Frees what the writer holds, not the descriptor. */
void mln_frame_writer_done(struct mln_frame_writer *w);

/* ---- reading ---- */

struct mln_frame_reader {
    int fd;
    uint64_t left; /* bytes of the file behind the current frame */
    char *bytes;   /* the current frame; heap */
    size_t cap;
    struct mln_slice rest; /* of the current frame */
    struct mln_frame_counts counts;
};

/* Reads the head of a file of `size` bytes.
 * Errors: STORE_CORRUPT (not a backup), NO_MEMORY, STORE_IO. */
mln_err mln_frame_open(struct mln_frame_reader *r, int fd, uint64_t size, uint32_t *ret_format);

/* The next row, valid until the next call. Errors: NOT_FOUND (the proper end), STORE_CORRUPT,
 * NO_MEMORY, STORE_IO. */
mln_err mln_frame_next(struct mln_frame_reader *r, enum mln_table *ret_table,
                       struct mln_kv_row *ret);

/* Frees what the reader holds, not the descriptor. */
void mln_frame_reader_done(struct mln_frame_reader *r);
