/* A cell is one word: which address (a mark), which minute, how many. */
#include "io/strikes.h"

#include <stdatomic.h>

#include "base/mem.h"

enum {
    CELLS = 16384,
    MARK_BITS = 24,
    MINUTE_BITS = 20,
    COUNT_BITS = 20,
    MINUTE_US = 60 * 1000 * 1000,
};

struct mln_strikes {
    uint64_t seed[2];
    uint64_t most;
    _Atomic uint64_t cells[CELLS];
};

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ (x >> 33);
}

static uint64_t hash_of(const struct mln_strikes *s, const struct mln_peer *peer)
{
    uint64_t part = 0;

    memcpy(&part, peer->address, peer->address_len == 4 ? 4 : sizeof part);
    return mix(mix(part ^ s->seed[0]) ^ s->seed[1] ^ peer->address_len);
}

/* The parts of a cell's word, mark and minute together. */
static uint64_t key_of(uint64_t hash, int64_t now_us)
{
    uint64_t mark = hash >> (64 - MARK_BITS);
    uint64_t minute = (uint64_t)(now_us / MINUTE_US) & ((UINT64_C(1) << MINUTE_BITS) - 1);

    return mark << MINUTE_BITS | minute;
}

static uint64_t count_of(uint64_t word)
{
    return word & ((UINT64_C(1) << COUNT_BITS) - 1);
}

mln_err mln_strikes_new(const struct mln_env *env, uint64_t most, struct mln_strikes **ret)
{
    struct mln_strikes *s = mln_calloc(1, sizeof *s);
    mln_err err;

    MLN_REQUIRE(s, NO_MEMORY);
    err = mln_env_random(env, s->seed, sizeof s->seed);
    if (mln_failed(err)) {
        mln_free(s);
        return err;
    }
    s->most = most;
    *ret = s;
    return MLN_OK;
}

void mln_strikes_free(struct mln_strikes *strikes)
{
    mln_free(strikes);
}

bool mln_strikes_add(struct mln_strikes *strikes, const struct mln_peer *peer, int64_t now_us)
{
    uint64_t hash = hash_of(strikes, peer);
    uint64_t key = key_of(hash, now_us);
    _Atomic uint64_t *cell = &strikes->cells[hash % CELLS];
    uint64_t word = atomic_load_explicit(cell, memory_order_relaxed);
    uint64_t next;

    do {
        uint64_t count = word >> COUNT_BITS == key ? count_of(word) : 0;

        if (count_of(count + 1) == 0) {
            return false; /* as full as can be */
        }
        next = key << COUNT_BITS | (count + 1);
    } while (!atomic_compare_exchange_weak_explicit(cell, &word, next, memory_order_relaxed,
                                                    memory_order_relaxed));
    return count_of(next) == strikes->most;
}

bool mln_strikes_is_out(const struct mln_strikes *strikes, const struct mln_peer *peer,
                        int64_t now_us)
{
    uint64_t hash = hash_of(strikes, peer);
    uint64_t word = atomic_load_explicit(&strikes->cells[hash % CELLS], memory_order_relaxed);

    return word >> COUNT_BITS == key_of(hash, now_us) && count_of(word) >= strikes->most;
}
