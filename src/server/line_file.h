/* A file of lines, such as the audit log.
 *
 * Each line is written whole by one call, so threads need no lock and a reader never sees half of
 * one. Rotation: move the file away, then mln_line_file_reopen. docs/guide/operate.md */
#pragma once

#include "base/err.h"
#include "base/fault.h"
#include "server/privileges.h"

struct mln_line_file;

/* What it is called in messages, and where it is; the texts must live as long as the file. */
struct mln_line_place {
    const char *name;
    const char *path;
    const struct mln_run_as *as; /* its owner; for the call only */
};

/* Appends to the file; makes it, for its owner only, when it is not there, and gives it to the
 * user of the server. Errors: SYSTEM (fault tells why), NO_MEMORY. */
mln_err mln_line_file_open(const struct mln_line_place *place, struct mln_fault *fault,
                           struct mln_line_file **ret);

/* Opens the path anew; lines go to the new file from then on, and none is lost. When that fails,
 * they go to the old one. Any thread, one at a time. Errors: SYSTEM (fault tells why). */
mln_err mln_line_file_reopen(struct mln_line_file *file, struct mln_fault *fault);

/* Nobody may write any more. NULL is fine. */
void mln_line_file_close(struct mln_line_file *file);

/* Appends the `len` bytes behind room[0], line feed included; room[0] is overwritten. Any thread.
 * What cannot be written is counted, and logged once. */
void mln_line_file_append(struct mln_line_file *file, char *room, size_t len);

/* Lines that could not be written since the file was opened. */
uint64_t mln_line_file_lost(const struct mln_line_file *file);
