/* Names of the members of an object: is there one twice?
 *
 * They are compared as they come while there are few; a larger object is sorted once at its end,
 * so that no choice of names makes a reader slow. One thread. */
#pragma once

#include "model/value.h"

enum { MLN_NAMES_SMALL = 32 }; /* members that are compared one by one */

/* Room that a reader keeps from object to object. Set the arena, leave the rest empty. */
struct mln_names {
    struct mln_arena *arena;
    struct mln_names_entry *sorted; /* room for the names of a large object, twice */
    size_t room;
};

/* Before a member of that name is appended: is it there already? `seen` begins with 0. Looks only
 * at the first MLN_NAMES_SMALL members; an object with more needs mln_names_check at its end. */
static inline bool mln_names_seen(const struct mln_value *object, struct mln_slice name,
                                  uint64_t *seen)
{
    /* one of 64 classes; names of different classes differ */
    size_t first = name.len ? (unsigned char)name.ptr[0] : 0;
    size_t last = name.len ? (unsigned char)name.ptr[name.len - 1] : 0;
    uint64_t mine = UINT64_C(1) << ((name.len * 5 + first * 3 + last) & 63);
    bool is_twice =
        *seen & mine && object->items.count < MLN_NAMES_SMALL && mln_value_get(object, name);

    *seen |= mine;
    return is_twice;
}

/* *ret_twice is a member whose name another one has, or NULL. Errors: NO_MEMORY. */
mln_err mln_names_check(struct mln_names *names, const struct mln_value *object,
                        const struct mln_value **ret_twice);
