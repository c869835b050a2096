/* Copies of our resources at other CSEs: what is known of them, in MLN_SPACE_ANNOUNCED under the
 * original and a number. The number is also that of the lane of the outbox by which the copy is
 * kept like the original: announce.h. The thread of the view. spec: TS-0001 9.6.26 */
#pragma once

#include "cse/address/locate.h"
#include "cse/notify/outbox.h"

enum mln_copy_state {
    MLN_COPY_WANTED = 1,   /* to be created */
    MLN_COPY_KEPT = 2,     /* it is there */
    MLN_COPY_LEAVING = 3,  /* to be deleted; without an address, if it is there at all */
    MLN_COPY_ENROLLED = 4, /* of an <AE>, at the IN-CSE that gave its AE-ID: enrol.h */
    MLN_COPY_PARTING = 5,  /* the same, to be INACTIVE */
};

struct mln_copy {
    struct mln_lane lane; /* id of the original, which may be deleted already; number of the copy */
    enum mln_copy_state state;
    uint16_t ty;              /* of the copy */
    bool is_due;              /* expirationTime must be said again */
    bool is_behind;           /* something changed for which no entry was put */
    struct mln_slice host;    /* CSE-ID, as it was asked for */
    struct mln_slice place;   /* address of the parent that was asked for; empty: ours to find */
    struct mln_slice link;    /* to the original */
    struct mln_slice address; /* of the copy; empty while there is none */
    struct mln_slice sent;    /* packed map: attributes that it has, and hashes of their values */
    int64_t made_us;
    uint64_t count; /* of a <CSEBaseAnnc>: how many copies need it; of these: 1, it counts them */
};

/* The copy of `original` behind that number; 0: its first. Slices live in the arena.
 * Errors: NOT_FOUND at the end, STORE_*, NO_MEMORY. */
mln_err mln_copy_next(struct mln_view *view, uint64_t original, uint16_t number,
                      struct mln_arena *arena, struct mln_copy *ret);

/* Errors: NOT_FOUND, STORE_*, NO_MEMORY. */
mln_err mln_copy_get(struct mln_view *view, struct mln_lane lane, struct mln_arena *arena,
                     struct mln_copy *ret);

/* The copy that the resource has at that CSE, and that does not leave: one that is there before
 * one that is wanted. Errors: NOT_FOUND, STORE_*, NO_MEMORY. */
mln_err mln_copy_at(const struct mln_lookup *l, uint64_t original, struct mln_slice host,
                    struct mln_copy *ret);

/* Errors: STORE_*, NO_MEMORY. */
mln_err mln_copy_put(const struct mln_change *c, const struct mln_copy *copy);
mln_err mln_copy_erase(const struct mln_change *c, struct mln_lane lane);
