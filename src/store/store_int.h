/* What the files of the store share: the store, views, and facts it keeps about itself.
 *
 * Only files directly in src/store include this. The ids and the scratch arena belong to the
 * executor's thread once the store is open. */
#pragma once

#include "store/index.h"
#include "store/kv.h"
#include "store/raw.h"
#include "store/store.h"

enum { MLN_STORE_FORMAT = 1 };

/* ---- facts: small numbers in the table REC that only the store sees ---- */

enum mln_fact {
    MLN_FACT_FORMAT,    /* of the data */
    MLN_FACT_LAST_ID,   /* no id up to here is given again; the newest resource tells as well */
    MLN_FACT_LOOKALIKE, /* greatest id that a name or ri looked made from before it was given */
    MLN_FACTS,
};

/* Errors: NOT_FOUND, STORE_CORRUPT, STORE_IO. */
mln_err mln_fact_get(struct mln_kv_txn *txn, enum mln_fact fact, uint64_t *ret);

/* 0 in place of NOT_FOUND. */
mln_err mln_fact_or_zero(struct mln_kv_txn *txn, enum mln_fact fact, uint64_t *ret);

/* Errors: STORE_FULL, STORE_IO. */
mln_err mln_fact_put(struct mln_kv_txn *txn, enum mln_fact fact, uint64_t value);

/* The greatest id in RES, 0 when there is none. Errors: STORE_IO, STORE_CORRUPT. */
mln_err mln_newest_id(struct mln_kv_txn *txn, uint64_t *ret);

/* ---- views ---- */

struct mln_write {
    struct mln_view *view;
};

enum mln_room {
    MLN_ROOM_UNKNOWN,
    MLN_ROOM_AMPLE,
    MLN_ROOM_TIGHT, /* no new resources */
};

struct mln_view {
    struct mln_store *store;
    struct mln_kv_txn *txn;
    struct mln_reader *reader; /* NULL in a job */
    bool is_dirty;             /* the job has begun to write */
    bool has_erased;           /* something in this transaction */
    enum mln_room room;
    uint64_t rows; /* written in this transaction */
    uint64_t bytes;
    struct mln_write write;
};

struct mln_executor;

struct mln_store {
    struct mln_kv *kv;
    const struct mln_env *env;
    struct mln_arena *scratch;     /* of one put or erase */
    struct mln_executor *executor; /* NULL when read-only */
    uint64_t last_id;              /* given */
    uint64_t newest_put;           /* greatest id ever put */
    uint64_t lookalike;            /* as the fact, or greater */
};

/* Records where they lie; errors as mln_store_get. */
mln_err mln_view_raw(struct mln_view *view, uint64_t id, struct mln_raw *ret);
mln_err mln_view_raw_by_ri(struct mln_view *view, struct mln_slice ri, struct mln_raw *ret);
mln_err mln_view_raw_by_name(struct mln_view *view, uint64_t parent, struct mln_slice rn,
                             struct mln_raw *ret);

/* Writes a new record and its index rows without any question asked. `raw` must not lie in the
 * store. Errors: CONFLICT (the id exists), STORE_FULL, STORE_IO, NO_MEMORY. */
mln_err mln_write_new(struct mln_view *view, const struct mln_raw *raw);

/* Last writes of a transaction, before its commit. Errors: STORE_FULL, STORE_IO. */
mln_err mln_write_seal(struct mln_view *view);

/* ---- the executor ---- */

/* Errors: NO_MEMORY, SYSTEM. */
mln_err mln_executor_new(struct mln_store *store, const struct mln_store_options *options,
                         struct mln_executor **ret);

/* Runs what is queued, then frees. NULL is fine. */
void mln_executor_free(struct mln_executor *executor);
