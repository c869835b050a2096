/* Which ESPrim objects of a session were seen: a set of keyed hashes of their nonces, so that no
 * object counts twice. It starts small and doubles. One thread at a time; set to zero first. */
#pragma once

#include "base/err.h"
#include "crypto/aead.h"
#include "crypto/siphash.h"

struct mln_seen {
    uint64_t *slots; /* open addressing; 0 is free */
    uint32_t cap;    /* a power of two, or 0 */
    uint32_t count;
};

/* Never 0. Who does not know the key cannot find two nonces with one hash. */
uint64_t mln_seen_hash(const unsigned char key[static MLN_SIPHASH_KEY],
                       const unsigned char iv[static MLN_AEAD_IV]);

/* Bytes that one more takes: 0 while there is room. */
size_t mln_seen_growth(const struct mln_seen *seen);

/* *ret_new: it was not there. Errors: NO_MEMORY. */
mln_err mln_seen_add(struct mln_seen *seen, uint64_t hash, bool *ret_new);

bool mln_seen_has(const struct mln_seen *seen, uint64_t hash);

/* Forgets all, and gives the memory back; returns how many bytes it was. */
size_t mln_seen_clear(struct mln_seen *seen);
