/* The index rows of a resource: which they are, and keeping them in step with its record.
 *
 * Works inside a write transaction. The texts of a raw record that lies in the store move when
 * the store is written, so callers pass texts that lie elsewhere. One thread. */
#pragma once

#include "base/arena.h"
#include "store/keys.h"
#include "store/raw.h"

/* The labels of packed attributes, each once, sorted, cut to MLN_LABEL_MAX; they borrow from
 * `attrs`. What is no text is passed over. Errors: NO_MEMORY. */
struct mln_labels {
    struct mln_slice *items;
    size_t count;
};
mln_err mln_labels_of(struct mln_slice attrs, struct mln_arena *arena, struct mln_labels *ret);

/* Where index rows are written to. */
struct mln_index {
    struct mln_kv_txn *txn;
    struct mln_arena *scratch;
    uint64_t rows; /* counts what was written */
};

/* Adds or removes all rows but that of RES. Errors: as mln_kv_put, mln_kv_del; a row to be removed
 * that is missing is STORE_CORRUPT. */
mln_err mln_index_add(struct mln_index *index, const struct mln_raw *raw);
mln_err mln_index_remove(struct mln_index *index, const struct mln_raw *raw);

/* From the rows of `old` to those of `raw`; only expiry and labels can differ. Errors: as above. */
mln_err mln_index_change(struct mln_index *index, const struct mln_raw *old,
                         const struct mln_raw *raw);
