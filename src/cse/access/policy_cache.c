/* A table of chains over an arena; the arena is emptied as a whole. */
#include "cse/access/policy_cache.h"

#include "base/mem.h"

enum {
    BYTES_PER_CHAIN = 512, /* about one small policy */
    LEAST_CHAIN_BITS = 4,
    LARGEST_SHARE = 256, /* attributes larger than this part of all are not kept */
};

struct entry {
    struct entry *next;
    uint64_t id;
    struct mln_slice attributes;
    struct mln_policy policy;
};

struct mln_policy_cache {
    struct mln_arena *arena;
    size_t max_bytes;
    struct entry **chains;
    size_t chain_count; /* a power of two: */
    unsigned chain_bits;
    uint64_t misses;
};

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
    cache->arena = mln_arena_new(max_bytes);
    if (!cache->chains || !cache->arena) {
        mln_policy_cache_free(cache);
        MLN_FAIL(NO_MEMORY);
    }
    *ret = cache;
    return MLN_OK;
}

void mln_policy_cache_free(struct mln_policy_cache *cache)
{
    if (cache) {
        mln_arena_free(cache->arena);
        mln_free(cache->chains);
        mln_free(cache);
    }
}

/* Fibonacci hashing: ids lie at distances of their own. */
static struct entry **chain_of(struct mln_policy_cache *cache, uint64_t id)
{
    return &cache->chains[id * UINT64_C(0x9E3779B97F4A7C15) >> (64 - cache->chain_bits)];
}

static void begin_anew(struct mln_policy_cache *cache)
{
    mln_arena_reset(cache->arena);
    memset(cache->chains, 0, cache->chain_count * sizeof(struct entry *));
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

/* An earlier form of the same policy goes out of the chain; its memory comes back with the rest. */
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
}

static mln_err keep(struct mln_policy_cache *cache, const struct mln_policy_key *key,
                    struct entry **ret)
{
    MLN_REQUIRE(key->attributes.len < cache->max_bytes / LARGEST_SHARE, NO_MEMORY);
    if (mln_failed(make(cache->arena, key, ret))) {
        begin_anew(cache);
        MLN_TRY(make(cache->arena, key, ret));
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
