/* The members of a group and of the groups within it: one after the other, breadth first.
 *
 * A member that ends in "/fopt" stands for its group: its members follow. Each group is entered
 * once, however many ways lead to it, and no deeper than the limit group_depth, so circles end and
 * branches do not multiply. How many members are looked at is bounded by a budget that the caller
 * keeps. Members are shown as they are written in memberIDs. The thread of the view.
 * spec: TS-0001 9.6.13, TS-0004 7.4.13.2.1 */
#pragma once

#include "base/set.h"
#include "cse/address/locate.h"
#include "model/pack.h"

struct mln_group_entry;

struct mln_members {
    struct mln_lookup lookup;
    uint64_t *budget;              /* members that may still be looked at */
    struct mln_set seen;           /* identifiers of groups */
    struct mln_group_entry *first; /* groups still to be walked; the first is under way */
    struct mln_group_entry **last;
    struct mln_walk walk;
    bool is_walking;
};

/* `lookup` is copied, `budget` borrowed. What is read lives in the arena of the lookup. */
void mln_members_begin(struct mln_members *m, const struct mln_lookup *lookup, uint64_t *budget);

/* Adds the group at the address, in any spelling; nothing when there is no group, or when it has
 * more members than the budget allows, which is then used up. Errors: STORE_*, NO_MEMORY. */
mln_err mln_members_enter(struct mln_members *m, struct mln_slice address);

/* The next member. Errors: NOT_FOUND at the end, STORE_*, NO_MEMORY. */
mln_err mln_members_next(struct mln_members *m, struct mln_slice *ret);

/* The member without "/fopt"; false when it does not end so. */
bool mln_members_is_group(struct mln_slice member, struct mln_slice *ret_address);

/* Is it one of the virtual resources that stand for an instance? */
bool mln_members_is_virtual(struct mln_slice member);

/* Does an address, or what is put behind one, lead to a fanOutPoint? */
bool mln_members_has_fan_out(struct mln_slice path);
