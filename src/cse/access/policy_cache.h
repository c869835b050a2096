/* Policies that were read already, for one thread.
 *
 * An entry is found by the id of its resource and holds when the stored attributes, which are read
 * through the view of the request each time, are the same byte for byte as those it was made from.
 * So no entry can outlive a change, a roll-back or another view: it is a function of the bytes
 * alone. Its memory is bounded; when it is full it forgets a part. */
#pragma once

#include "cse/access/policy.h"

struct mln_policy_cache;

/* At most about `max_bytes` of memory. Errors: NO_MEMORY. */
mln_err mln_policy_cache_new(size_t max_bytes, struct mln_policy_cache **ret);

/* NULL is fine. */
void mln_policy_cache_free(struct mln_policy_cache *cache);

/* The policy with these attributes. It lives until the next call with this cache, or in `arena`
 * when it does not fit or `cache` is NULL. Errors: NO_MEMORY. */
struct mln_policy_key {
    uint64_t id;
    struct mln_slice attributes;
    const struct mln_names *names; /* of the CSE that hosts it */
};
mln_err mln_policy_cache_get(struct mln_policy_cache *cache, const struct mln_policy_key *key,
                             struct mln_arena *arena, const struct mln_policy **ret);

/* How often a policy had to be read. */
uint64_t mln_policy_cache_misses(const struct mln_policy_cache *cache);
