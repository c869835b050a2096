/* The stored form of a resource: the value of a row of the table RES.
 *
 * A fixed head, then ri, pi, rn, cr and the packed attributes; version 1. An ri or pi that is made
 * from an id is kept as its short name only, and an rn equal to the ri not at all. Numbers are
 * little-endian. The reader checks every bound: damage gives STORE_CORRUPT. Pure functions. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "model/resource.h"

/* A record as it lies in the store; slices borrow from the row. */
struct mln_raw {
    uint64_t id;
    uint64_t parent;
    uint16_t ty;
    uint16_t flags;
    int64_t ct;
    int64_t lt;
    int64_t et;
    uint64_t st;
    uint64_t count;
    uint64_t bytes;
    bool is_ri_made; /* ri is the short name in front of the id */
    bool is_pi_made; /* pi is the short name in front of the parent's id */
    bool is_rn_ri;   /* the name is the ri; rn is empty */
    struct mln_slice ri;
    struct mln_slice pi;
    struct mln_slice rn;
    struct mln_slice cr;
    struct mln_slice attrs;
};

/* Takes a resource apart; slices borrow from it. Errors: LIMIT (a text too long), INTERNAL (no
 * id, no ri, or a time out of range). */
mln_err mln_raw_of(const struct mln_resource *resource, struct mln_raw *ret);

/* Bytes of the record. */
size_t mln_raw_size(const struct mln_raw *raw);

/* Writes mln_raw_size bytes. */
void mln_raw_encode(const struct mln_raw *raw, char *out);

/* Errors: STORE_CORRUPT. */
mln_err mln_raw_decode(uint64_t id, struct mln_slice row, struct mln_raw *ret);

/* Copies all of it into the arena. Errors: NO_MEMORY. */
mln_err mln_raw_copy(const struct mln_raw *raw, struct mln_arena *arena, struct mln_resource *ret);

/* Is this its resourceID, or its resourceName? */
bool mln_raw_is_ri(const struct mln_raw *raw, struct mln_slice ri);
bool mln_raw_is_rn(const struct mln_raw *raw, struct mln_slice rn);

/* Does its name stand in the name itself, so that it needs no row of the table NAME? */
static inline bool mln_raw_is_name_made(const struct mln_raw *raw)
{
    return raw->is_ri_made && raw->is_rn_ri;
}
