/* Secrets: keys, key material, passwords.
 *
 * A secret lives in pages that hold nothing but secrets, which are kept out of core dumps where the
 * system can, and is wiped before its place is given back. There is no function that prints one,
 * and none may be written: a secret goes into no log, fault or resource. The owner frees it; as
 * long as nobody writes, any thread may read. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct mln_secret;

/* Room for `len` bytes (at least 1), zeroed. NULL when out of memory or len is 0. */
struct mln_secret *mln_secret_new(size_t len);

/* A copy of the bytes; the source stays as it is (wipe it where it is not needed any more).
 * NULL when out of memory or len is 0. */
struct mln_secret *mln_secret_of(const void *bytes, size_t len);

/* Wipes and frees. Accepts NULL. */
void mln_secret_free(struct mln_secret *secret);

/* Cleanup attribute. */
void mln_secret_freep(struct mln_secret **secret);

/* The bytes, for as long as the secret lives. */
const unsigned char *mln_secret_bytes(const struct mln_secret *secret);

/* The same to be filled in, by its only user. */
unsigned char *mln_secret_room(struct mln_secret *secret);

size_t mln_secret_len(const struct mln_secret *secret);

/* Overwrites memory with zeros; the compiler does not leave it out. */
void mln_wipe(void *ptr, size_t len);

/* Same bytes? Takes the same time wherever they differ. */
bool mln_ct_equal(const void *a, const void *b, size_t len);
