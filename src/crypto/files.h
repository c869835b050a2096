/* Files that hold secrets: written so that a crash leaves the old or the new one, readable by their
 * owner only. Blocking; any thread.
 *
 * When root writes into a directory of somebody else, the files belong to the owner of the
 * directory: the server, which has become another user, must be able to read them. */
#pragma once

#include "base/err.h"
#include "base/fault.h"
#include "base/secret.h"
#include "base/slice.h"

enum { MLN_PATH_MAX = 4096 };

/* Tells what could not be done with which file, from errno.
 * NOT_FOUND, CONFLICT, STORE_FULL, or SYSTEM. */
mln_err mln_file_error(struct mln_fault *fault, const char *what, const char *path);

/* "directory/name" as a NUL-terminated path. Errors: CONFIG (too long). */
mln_err mln_file_path(char out[static MLN_PATH_MAX], const char *directory, const char *name,
                      struct mln_fault *fault);

/* Reads exactly `len` bytes; otherwise false, with errno. */
bool mln_file_fill(int fd, void *out, size_t len);

/* Reads a whole file of at most `max` bytes. *ret is NULL for an empty one. The file is no symbolic
 * link. Errors: NOT_FOUND, LIMIT, CONFIG (no regular file), SYSTEM, NO_MEMORY. */
mln_err mln_file_read(const char *path, size_t max, struct mln_fault *fault,
                      struct mln_secret **ret);

/* Reads a whole file that somebody has put there for us, such as a certificate or a key; links are
 * followed. `is_key`: refused when others can read it, or the group can change it. The fault names
 * the file, and shows nothing that stands in it. Errors: CONFIG, NO_MEMORY. */
mln_err mln_file_read_given(const char *path, size_t max, bool is_key, struct mln_fault *fault,
                            struct mln_secret **ret);

/* Makes a file that was not there; durable when this returns. Errors: CONFLICT, SYSTEM (also when
 * somebody else is making it now), and those of mln_file_replace. */
mln_err mln_file_create(const char *path, struct mln_slice content, struct mln_fault *fault);

/* Puts a file in the place of another, or of none; durable when this returns. One writer at a time:
 * see mln_file_lock. Errors: STORE_FULL, SYSTEM. */
mln_err mln_file_replace(const char *path, struct mln_slice content, struct mln_fault *fault);

/* Makes a directory for its owner only, durable when this returns; one that is there is left as it
 * is, whoever has made it just now. Errors: NOT_FOUND (its parent), STORE_FULL, SYSTEM (also when
 * something else has the name). */
mln_err mln_file_make_directory(const char *path, struct mln_fault *fault);

/* Waits until no other process or thread has the lock file, which is made when it is missing, and
 * takes it. *ret_fd is closed to give it back. Errors: SYSTEM. */
mln_err mln_file_lock(const char *path, struct mln_fault *fault, int *ret_fd);
