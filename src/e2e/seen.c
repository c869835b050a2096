/* Sets of hashes. */
#include "e2e/seen.h"

#include "base/mem.h"

enum { FIRST_CAP = 8 };

uint64_t mln_seen_hash(const unsigned char key[static MLN_SIPHASH_KEY],
                       const unsigned char iv[static MLN_AEAD_IV])
{
    unsigned char sum[MLN_SIPHASH_SIZE];
    uint64_t hash;

    mln_siphash(key, mln_slice_of((const char *)iv, MLN_AEAD_IV), sum);
    memcpy(&hash, sum, sizeof hash);
    return hash ? hash : 1;
}

/* Where the hash is, or the free slot for it. There is one. */
static uint64_t *slot_of(const struct mln_seen *seen, uint64_t hash)
{
    size_t mask = seen->cap - 1;
    size_t at = (size_t)hash & mask;

    while (seen->slots[at] && seen->slots[at] != hash) {
        at = (at + 1) & mask;
    }
    return &seen->slots[at];
}

static bool is_full(const struct mln_seen *seen)
{
    return (uint64_t)seen->count * 4 >= (uint64_t)seen->cap * 3;
}

size_t mln_seen_growth(const struct mln_seen *seen)
{
    if (!is_full(seen)) {
        return 0;
    }
    return (seen->cap ? seen->cap : FIRST_CAP) * sizeof *seen->slots;
}

static mln_err grow(struct mln_seen *seen)
{
    struct mln_seen larger = { .cap = seen->cap ? seen->cap * 2 : FIRST_CAP, .count = seen->count };

    MLN_REQUIRE(larger.cap, NO_MEMORY);
    larger.slots = mln_calloc(larger.cap, sizeof *larger.slots);
    MLN_REQUIRE(larger.slots, NO_MEMORY);
    for (size_t i = 0; i < seen->cap; i++) {
        if (seen->slots[i]) {
            *slot_of(&larger, seen->slots[i]) = seen->slots[i];
        }
    }
    mln_free(seen->slots);
    *seen = larger;
    return MLN_OK;
}

mln_err mln_seen_add(struct mln_seen *seen, uint64_t hash, bool *ret_new)
{
    uint64_t *slot;

    if (is_full(seen)) {
        MLN_TRY(grow(seen));
    }
    slot = slot_of(seen, hash);
    *ret_new = !*slot;
    seen->count += *ret_new;
    *slot = hash;
    return MLN_OK;
}

bool mln_seen_has(const struct mln_seen *seen, uint64_t hash)
{
    return seen->cap && *slot_of(seen, hash);
}

size_t mln_seen_clear(struct mln_seen *seen)
{
    size_t bytes = seen->cap * sizeof *seen->slots;

    mln_free(seen->slots);
    *seen = (struct mln_seen){ 0 };
    return bytes;
}
