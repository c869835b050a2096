/* Roles of other CSEs that were retrieved a short while ago, for one worker.
 *
 * A role is never remembered for longer than it is valid. What was not found is remembered in
 * another such memory, so that asking for many of those drives out none that are good. The number
 * of entries is bounded; the oldest goes first. One thread.
 * spec: security.md 5.2 */
#pragma once

#include "base/err.h"
#include "model/ident.h"

struct mln_role_cache;

/* Errors: NO_MEMORY. */
mln_err mln_role_cache_new(size_t most, struct mln_role_cache **ret);

/* NULL is fine. */
void mln_role_cache_free(struct mln_role_cache *cache);

/* A role of an entity, and when it may be used. */
struct mln_known_role {
    struct mln_slice role_id;
    const struct mln_entity *holder;
    int64_t from_us;
    int64_t until_us; /* the first moment at which it is not known any more */
};

/* Remembers it in the place of what was known of it before. Errors: NO_MEMORY. */
mln_err mln_role_cache_add(struct mln_role_cache *cache, const struct mln_known_role *role);

/* Is the role known to be the holder's at that time? */
bool mln_role_cache_has(const struct mln_role_cache *cache, struct mln_slice role_id,
                        const struct mln_entity *holder, int64_t now_us);
