/* What the commands `merlon key` and `merlon issuer` share: opening the credentials of a data
 * directory without a server, reading secrets, failing. Main thread.
 *
 * A server that runs on the directory reads the file again on SIGHUP. docs/guide/credentials.md */
#pragma once

#include "base/arena.h"
#include "crypto/credentials.h"

/* Where the credentials are: the same two options for both commands. */
struct mln_credentials_place {
    const char *data;
    const char *master_key; /* or NULL */
};

#define MLN_CREDENTIALS_PLACE_DATA "./merlon-data"

/* Opens the credentials; with `makes_directory` a missing data directory is made. First forbids
 * core dumps of this process. Errors: as mln_credentials_open, NOT_FOUND (no data directory). */
mln_err mln_credentials_of_place(const struct mln_credentials_place *place, bool makes_directory,
                                 struct mln_fault *fault, struct mln_credentials **ret);

/* Cleanup attribute. */
void mln_credentials_closep(struct mln_credentials **credentials);

/* Reads a whole file, or standard input for "-", of at most `max` bytes. *ret is never NULL.
 * Errors: CONFIG (empty or too large), SYSTEM, NO_MEMORY. */
mln_err mln_secret_read(const char *path, size_t max, struct mln_fault *fault,
                        struct mln_secret **ret);

/* Writes all of the bytes to standard output, past its buffer. False when it cannot. */
bool mln_secret_print(const void *bytes, size_t len);

/* Prints "merlon COMMAND: ..." to standard error; returns the exit code. */
int mln_credentials_fail(const char *command, mln_err err, const struct mln_fault *fault);
