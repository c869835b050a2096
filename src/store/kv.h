/* What the store asks of a backend that is an ordered key-value store: tables of rows sorted by
 * key in byte order, snapshots, and one write transaction at a time.
 *
 * Only files below src/store and its tests use this. store.h is implemented once on top of it. A
 * transaction belongs to one thread. Slices that come out of a transaction point into the backend
 * and are valid until its next write or its end: copy at once. */
#pragma once

#include "base/err.h"
#include "base/fault.h"
#include "base/slice.h"

enum mln_table {
    MLN_TABLE_RES,    /* id                    -> record          (raw.h) */
    MLN_TABLE_RI,     /* ri                    -> id; only an ri that is not made from the id */
    MLN_TABLE_NAME,   /* parent, rn            -> id; only an rn that is not a made ri */
    MLN_TABLE_CHILD,  /* parent, ty, id        -> nothing */
    MLN_TABLE_TYPE,   /* ty, id                -> nothing */
    MLN_TABLE_LABEL,  /* length, label, id     -> nothing */
    MLN_TABLE_EXPIRY, /* et, id                -> nothing; no row for "never" */
    MLN_TABLE_REC,    /* space, key            -> value */
    MLN_TABLES,
};

enum { MLN_KV_KEY_MAX = 511 };

struct mln_kv_options {
    const char *path;   /* directory; NULL for backends without files */
    uint64_t max_bytes; /* 0: the backend's own choice */
    bool is_read_only;
    bool is_building; /* a new store that nobody sees before `publish` */
};

struct mln_kv_ops;

/* Each backend begins its own structs with these. */
struct mln_kv {
    const struct mln_kv_ops *ops;
};

struct mln_kv_txn {
    struct mln_kv *kv;
    bool is_spoilt; /* a call failed so that nothing can be committed any more */
};

struct mln_kv_cursor {
    struct mln_kv_txn *txn;
};

struct mln_kv_row {
    struct mln_slice key;
    struct mln_slice value;
};

struct mln_kv_size {
    uint64_t rows[MLN_TABLES];
    uint64_t bytes_used; /* space taken, without what inside it is free again */
    uint64_t bytes_max;
};

enum {
    MLN_KV_NEW = 1,  /* CONFLICT when the key exists */
    MLN_KV_LAST = 2, /* a hint: the key is most likely the greatest of its table */
};

struct mln_kv_ops {
    const char *name;

    /* life. open: Errors: STORE_IN_USE, STORE_VERSION, STORE_CORRUPT, STORE_IO, STORE_FULL,
     * NO_MEMORY, SYSTEM. close: no transaction may be left. */
    mln_err (*open)(const struct mln_kv_options *options, struct mln_fault *fault,
                    struct mln_kv **ret);
    void (*close)(struct mln_kv *kv);
    /* Makes a store that was opened with is_building the store of its directory and closes it.
     * NULL: the backend cannot. Errors: STORE_IO, STORE_FULL. */
    mln_err (*publish)(struct mln_kv *kv, struct mln_fault *fault);

    /* snapshots: made once per thread, then renewed (newest state) and reset in turns.
     * Errors: STORE_IO, NO_MEMORY. */
    mln_err (*reader_new)(struct mln_kv *kv, struct mln_kv_txn **ret);
    void (*reader_free)(struct mln_kv_txn *txn);
    mln_err (*renew)(struct mln_kv_txn *txn);
    void (*reset)(struct mln_kv_txn *txn);

    /* writing, one thread. commit ends the transaction in any case; it returns when the data is
     * durable; after an error nothing of it is there. Errors: STORE_FULL, STORE_IO, NO_MEMORY. */
    mln_err (*begin)(struct mln_kv *kv, struct mln_kv_txn **ret);
    mln_err (*commit)(struct mln_kv_txn *txn);
    void (*abort)(struct mln_kv_txn *txn);

    /* rows. Errors: NOT_FOUND (get, del), CONFLICT (put of NEW), STORE_FULL, STORE_IO,
     * STORE_CORRUPT, NO_MEMORY. */
    mln_err (*get)(struct mln_kv_txn *txn, enum mln_table table, struct mln_slice key,
                   struct mln_slice *ret);
    mln_err (*put)(struct mln_kv_txn *txn, enum mln_table table, const struct mln_kv_row *row,
                   unsigned flags);
    mln_err (*del)(struct mln_kv_txn *txn, enum mln_table table, struct mln_slice key);

    /* order. seek: the first row whose key is at least `key`, or descending the last whose key is
     * at most `key`. step: the next row that way. Errors: NOT_FOUND, STORE_IO, STORE_CORRUPT. */
    mln_err (*cursor_new)(struct mln_kv_txn *txn, enum mln_table table, struct mln_kv_cursor **ret);
    void (*cursor_free)(struct mln_kv_cursor *cursor);
    mln_err (*seek)(struct mln_kv_cursor *cursor, struct mln_slice key, bool is_descending,
                    struct mln_kv_row *ret);
    mln_err (*step)(struct mln_kv_cursor *cursor, bool is_descending, struct mln_kv_row *ret);

    /* room. size: rows as the transaction sees them, bytes as committed; may be slow. is_tight:
     * so nearly full that what is left should be kept for deleting; fast. Errors: STORE_IO. */
    mln_err (*size)(struct mln_kv_txn *txn, struct mln_kv_size *ret);
    mln_err (*is_tight)(struct mln_kv_txn *txn, bool *ret);
};

/* The backend of that name. Errors: CONFIG; the fault names those that are built in. */
mln_err mln_kv_find(const char *name, struct mln_fault *fault, const struct mln_kv_ops **ret);

extern const struct mln_kv_ops mln_kv_lmdb;
extern const struct mln_kv_ops mln_kv_mem;

/* The calls that can be made to fail (torture.h); errors as above. */
mln_err mln_kv_renew(struct mln_kv_txn *txn);
void mln_kv_reset(struct mln_kv_txn *txn);
mln_err mln_kv_begin(struct mln_kv *kv, struct mln_kv_txn **ret);
mln_err mln_kv_commit(struct mln_kv_txn *txn);
mln_err mln_kv_get(struct mln_kv_txn *txn, enum mln_table table, struct mln_slice key,
                   struct mln_slice *ret);
mln_err mln_kv_put(struct mln_kv_txn *txn, enum mln_table table, const struct mln_kv_row *row,
                   unsigned flags);
mln_err mln_kv_del(struct mln_kv_txn *txn, enum mln_table table, struct mln_slice key);
mln_err mln_kv_cursor(struct mln_kv_txn *txn, enum mln_table table, struct mln_kv_cursor **ret);
mln_err mln_kv_seek(struct mln_kv_cursor *cursor, struct mln_slice key, bool is_descending,
                    struct mln_kv_row *ret);
mln_err mln_kv_step(struct mln_kv_cursor *cursor, bool is_descending, struct mln_kv_row *ret);

/* NULL is fine; cleanup attribute. */
void mln_kv_cursor_freep(struct mln_kv_cursor **cursor);
