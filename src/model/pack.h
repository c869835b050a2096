/* Pack: values as bytes, the form in which resources are stored and answers leave the CSE.
 *
 * It is CBOR (RFC 8949) in this subset: integers, text strings, arrays, maps with text keys,
 * true, false, null; a number that is no 64-bit integer is a text string under tag 19785. Stored
 * values have definite lengths; answers under construction may use indefinite ones. So any CBOR
 * tool can read a backup, and the CBOR binding copies. Readers check every bound: a damaged pack
 * gives STORE_CORRUPT, never a wild read.
 *
 * Writers append to a buffer (errors stick there), readers borrow from the given bytes. Pure
 * functions, any thread. */
#pragma once

#include "base/buf.h"
#include "model/value.h"

enum { MLN_PACK_TAG_REAL = 19785, MLN_PACK_DEPTH = 256 };

/* Marks a map or array whose end is told by mln_pack_end. */
#define MLN_PACK_OPEN SIZE_MAX

void mln_pack_null(struct mln_buf *out);
void mln_pack_bool(struct mln_buf *out, bool b);
void mln_pack_uint(struct mln_buf *out, uint64_t n);
void mln_pack_real(struct mln_buf *out, struct mln_slice number);
void mln_pack_text(struct mln_buf *out, struct mln_slice text);

/* m2m:timestamp of a point in time in microseconds. */
void mln_pack_timestamp(struct mln_buf *out, int64_t us);

/* Heads: `count` members or elements follow, or MLN_PACK_OPEN. */
void mln_pack_map(struct mln_buf *out, size_t count);
void mln_pack_array(struct mln_buf *out, size_t count);
void mln_pack_end(struct mln_buf *out);

/* A whole tree. */
void mln_pack_value(struct mln_buf *out, const struct mln_value *v);

/* Bytes that are a pack already. */
void mln_pack_raw(struct mln_buf *out, struct mln_slice pack);

/* One item as read. */
struct mln_item {
    enum mln_kind kind;
    bool is_negative;
    bool boolean;
    uint64_t magnitude;    /* INT */
    struct mln_slice text; /* TEXT, REAL */
    size_t count;          /* ARRAY, OBJECT: members or elements, or MLN_PACK_OPEN */
};

/* Reads the head at the start of *rest. Scalars are consumed whole; after the head of an array or
 * map *rest stands at the first element (or at the break of an empty open one).
 * Errors: STORE_CORRUPT. */
mln_err mln_pack_read(struct mln_slice *rest, struct mln_item *ret);

/* In a container of `count` elements of which `done` were read: is there another? Consumes the
 * break of an open container. */
bool mln_pack_more(struct mln_slice *rest, size_t count, size_t done);

/* Consumes one whole item and returns its bytes. Errors: STORE_CORRUPT. */
mln_err mln_pack_take(struct mln_slice *rest, struct mln_slice *ret);

/* The bytes of the member of that name in a packed map; false when there is none or the pack is
 * damaged. */
bool mln_pack_find(struct mln_slice map, struct mln_slice name, struct mln_slice *ret);

/* mln_pack_find and read as a scalar of the kind. */
bool mln_pack_find_text(struct mln_slice map, struct mln_slice name, struct mln_slice *ret);
bool mln_pack_find_u64(struct mln_slice map, struct mln_slice name, uint64_t *ret);
bool mln_pack_find_bool(struct mln_slice map, struct mln_slice name, bool *ret);

/* Walks over the elements of a packed array or the members of a packed map:
 *
 *     struct mln_walk w;
 *     for (mln_walk_begin(&w, pack); mln_walk_next(&w);) { ... w.name, w.item ... }
 *
 * A damaged pack ends the walk early with w.is_damaged set. */
struct mln_walk {
    struct mln_slice rest;
    struct mln_slice name; /* key of the member; empty in arrays */
    struct mln_slice item; /* bytes of the element or member value */
    size_t count;
    size_t done;
    bool is_map;
    bool is_damaged;
};

void mln_walk_begin(struct mln_walk *w, struct mln_slice pack);
bool mln_walk_next(struct mln_walk *w);

/* Text of an item that is a text; false otherwise. */
bool mln_pack_text_of(struct mln_slice item, struct mln_slice *ret);

/* Magnitude of an item that is a non-negative integer; false otherwise. */
bool mln_pack_u64_of(struct mln_slice item, uint64_t *ret);

/* Has the list (a packed array) an element of this number? Not in what is no list. */
bool mln_pack_list_has(struct mln_slice list, uint64_t number);

/* The tree of a pack. Texts are borrowed from the pack. Errors: STORE_CORRUPT, NO_MEMORY. */
mln_err mln_pack_to_value(struct mln_slice pack, struct mln_arena *arena, struct mln_value **ret);
