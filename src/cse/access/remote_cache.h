/* What other CSEs said of an entity a short while ago, for one worker.
 *
 * A fact is never remembered for longer than it is valid. What was not found is remembered apart,
 * so that asking for many of those drives out none that are good. The number of entries is bounded;
 * the oldest goes first. One thread.
 * spec: security.md 5.2 */
#pragma once

#include "base/err.h"
#include "model/ident.h"

struct mln_remote_cache;

/* Something of an entity, such as a role, and when it may be used. */
struct mln_remote_fact {
    struct mln_slice what;
    const struct mln_entity *whom;
    int64_t from_us;
    int64_t until_us;       /* the first moment at which it is not known any more */
    struct mln_slice value; /* more than that it is so; or empty */
};

/* What is there and what is not; all zero knows nothing. At most `most` of each. */
struct mln_remote_memory {
    struct mln_remote_cache *known;
    struct mln_remote_cache *absent;
};

/* Remembers in the place of what was known before: it is there; it is not there; or whoever `what`
 * stands for does not answer, so that nobody is to ask it (`whom` is not looked at). Errors:
 * NO_MEMORY. */
mln_err mln_remote_memory_add(struct mln_remote_memory *memory, size_t most,
                              const struct mln_remote_fact *fact);
mln_err mln_remote_memory_miss(struct mln_remote_memory *memory, size_t most,
                               const struct mln_remote_fact *fact);
mln_err mln_remote_memory_silence(struct mln_remote_memory *memory, size_t most,
                                  const struct mln_remote_fact *fact);

/* Is it known of that entity at that time? */
bool mln_remote_memory_has(const struct mln_remote_memory *memory, struct mln_slice what,
                           const struct mln_entity *whom, int64_t now_us);

/* The same, and until when; the value lives until something is remembered. */
bool mln_remote_memory_find(const struct mln_remote_memory *memory, struct mln_slice what,
                            const struct mln_entity *whom, int64_t now_us,
                            struct mln_remote_fact *ret);

/* Was it asked for in vain a moment ago, or is its keeper silent? */
bool mln_remote_memory_is_vain(const struct mln_remote_memory *memory, struct mln_slice what,
                               struct mln_slice keeper, const struct mln_entity *whom,
                               int64_t now_us);

/* Forgets everything. */
void mln_remote_memory_clear(struct mln_remote_memory *memory);
