/* A table of chains over a few arenas. When all are full, one of them is emptied, by chance:
 * whoever asks for more policies in turn than there is room for still finds those that were spared.
 */
#include "cse/access/policy_cache.h"

#include "base/mem.h"

enum {
    BYTES_PER_CHAIN = 512, /* about one small policy */
    LEAST_CHAIN_BITS = 4,
    LARGEST_SHARE = 256, /* attributes larger than this part of all are not kept */
    PARTS = 8,
};

struct entry {
    struct entry *next;
    struct entry *next_in_part;
    uint64_t id;
    struct mln_slice attributes;
    struct mln_policy policy;
};

struct part {
    struct mln_arena *arena;
    struct entry *entries;
};

struct mln_policy_cache {
    struct part parts[PARTS];
    unsigned current; /* where the next one goes */
    uint64_t chance;
    size_t max_bytes;
    struct entry **chains;
    size_t chain_count; /* a power of two: */
    unsigned chain_bits;
    uint64_t misses;
};

static bool has_parts(struct mln_policy_cache *cache)
{
    for (unsigned i = 0; i < PARTS; i++) {
        cache->parts[i].arena = mln_arena_new(cache->max_bytes / PARTS);
        if (!cache->parts[i].arena) {
            return false;
        }
    }
    return true;
}

mln_err mln_policy_cache_new(size_t max_bytes, struct mln_policy_cache **ret)
{
    struct mln_policy_cache *cache = mln_calloc(1, sizeof *cache);

    MLN_REQUIRE(cache, NO_MEMORY);
    cache->max_bytes = max_bytes;
    cache->chain_bits = LEAST_CHAIN_BITS;
    while (((size_t)1 << cache->chain_bits) < max_bytes / BYTES_PER_CHAIN) {
        cache->chain_bits++;
    }
    cache->chain_count = (size_t)1 << cache->chain_bits;
    cache->chains = mln_calloc(cache->chain_count, sizeof(struct entry *));
    if (!cache->chains || !has_parts(cache)) {
        mln_policy_cache_free(cache);
        MLN_FAIL(NO_MEMORY);
    }
    *ret = cache;
    return MLN_OK;
}

void mln_policy_cache_free(struct mln_policy_cache *cache)
{
    if (cache) {
        for (unsigned i = 0; i < PARTS; i++) {
            mln_arena_free(cache->parts[i].arena);
        }
        mln_free(cache->chains);
        mln_free(cache);
    }
}

/* Fibonacci hashing: ids lie at distances of their own. */
static struct entry **chain_of(struct mln_policy_cache *cache, uint64_t id)
{
    return &cache->chains[id * UINT64_C(0x9E3779B97F4A7C15) >> (64 - cache->chain_bits)];
}

/* Takes it out of its chain, if it is still there. */
static void unlink_entry(struct mln_policy_cache *cache, const struct entry *e)
{
    struct entry **link = chain_of(cache, e->id);

    while (*link && *link != e) {
        link = &(*link)->next;
    }
    if (*link) {
        *link = e->next;
    }
}

/* An empty part, or any but the current one. */
static unsigned next_part(struct mln_policy_cache *cache)
{
    for (unsigned i = 0; i < PARTS; i++) {
        if (!cache->parts[i].entries) {
            return i;
        }
    }
    cache->chance = cache->chance * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (cache->current + 1 + (unsigned)(cache->chance >> 33) % (PARTS - 1)) % PARTS;
}

static void turn_over(struct mln_policy_cache *cache)
{
    struct part *part;

    cache->current = next_part(cache);
    part = &cache->parts[cache->current];
    for (const struct entry *e = part->entries; e; e = e->next_in_part) {
        unlink_entry(cache, e);
    }
    part->entries = NULL;
    mln_arena_reset(part->arena);
}

static mln_err make(struct mln_arena *arena, const struct mln_policy_key *key, struct entry **ret)
{
    struct entry *e = mln_arena_alloc(arena, sizeof *e);

    MLN_REQUIRE(e, NO_MEMORY);
    *e = (struct entry){ .id = key->id };
    MLN_REQUIRE(mln_arena_dup(arena, key->attributes, &e->attributes), NO_MEMORY);
    MLN_TRY(mln_policy_read(e->attributes, key->names, arena, &e->policy));
    *ret = e;
    return MLN_OK;
}

/* An earlier form of the same policy goes out of the chain; its memory comes back with its part. */
static void put(struct mln_policy_cache *cache, struct entry *e)
{
    struct entry **chain = chain_of(cache, e->id);

    for (struct entry **link = chain; *link; link = &(*link)->next) {
        if ((*link)->id == e->id) {
            *link = (*link)->next;
            break;
        }
    }
    e->next = *chain;
    *chain = e;
    e->next_in_part = cache->parts[cache->current].entries;
    cache->parts[cache->current].entries = e;
}

static mln_err keep(struct mln_policy_cache *cache, const struct mln_policy_key *key,
                    struct entry **ret)
{
    MLN_REQUIRE(key->attributes.len < cache->max_bytes / LARGEST_SHARE, NO_MEMORY);
    if (mln_failed(make(cache->parts[cache->current].arena, key, ret))) {
        turn_over(cache);
        MLN_TRY(make(cache->parts[cache->current].arena, key, ret));
    }
    put(cache, *ret);
    return MLN_OK;
}

mln_err mln_policy_cache_get(struct mln_policy_cache *cache, const struct mln_policy_key *key,
                             struct mln_arena *arena, const struct mln_policy **ret)
{
    struct entry *e = cache ? *chain_of(cache, key->id) : NULL;

    while (e && e->id != key->id) {
        e = e->next;
    }
    if (!e || !mln_slice_eq(e->attributes, key->attributes)) {
        if (cache) {
            cache->misses++;
        }
        if (!cache || mln_failed(keep(cache, key, &e))) {
            MLN_TRY(make(arena, key, &e));
        }
    }
    *ret = &e->policy;
    return MLN_OK;
}

uint64_t mln_policy_cache_misses(const struct mln_policy_cache *cache)
{
    return cache->misses;
}
