/* Structured identifiers of many resources below one root, with the parents remembered.
 *
 * Resources on the way are read into the scratch arena of the lookup, which the caller may reset
 * between calls; the paths live in an arena of their own that is emptied when it grows. A path
 * that is returned is valid until the next call. The thread of the view. */
#pragma once

#include "cse/cse_int.h"

enum { MLN_PATH_CACHE = 64 };

/* A parent seen before. */
struct mln_path_entry {
    uint64_t id;    /* 0: empty slot */
    bool is_below;  /* it is the root or below it, and alive */
    unsigned depth; /* the root has 0 */
    struct mln_slice path;
};

struct mln_paths {
    struct mln_lookup lookup;
    struct mln_arena *arena;
    uint64_t root;
    struct mln_slice root_path;
    struct mln_path_entry cache[MLN_PATH_CACHE];
};

/* End with mln_paths_end. Errors: STORE_*, NO_MEMORY. */
mln_err mln_paths_begin(struct mln_paths *p, const struct mln_lookup *lookup,
                        const struct mln_resource *root);

/* Cleanup attribute; a zeroed struct is fine. */
void mln_paths_end(struct mln_paths *p);

/* Where the parent with this id stands. Errors: STORE_*, NO_MEMORY. */
mln_err mln_paths_parent(struct mln_paths *p, uint64_t id, struct mln_path_entry *ret);

/* "parent path/name" in the arena. Errors: NO_MEMORY. */
mln_err mln_paths_join(struct mln_arena *arena, struct mln_slice parent, struct mln_slice name,
                       struct mln_slice *ret);
