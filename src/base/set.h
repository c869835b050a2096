/* A set of texts in an arena, to find repetitions in linear time. One thread. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct mln_set {
    struct mln_arena *arena;
    struct mln_slice *slots; /* open addressing; ptr NULL is free */
    size_t cap;              /* a power of two, or 0 */
    size_t count;
};

void mln_set_init(struct mln_set *set, struct mln_arena *arena);

/* Adds the text, which is borrowed. *ret_new: it was not there. Errors: NO_MEMORY. */
mln_err mln_set_add(struct mln_set *set, struct mln_slice text, bool *ret_new);

bool mln_set_has(const struct mln_set *set, struct mln_slice text);
