/* The store: resources, their indexes and named records, in transactions.
 *
 * A dozen verbs, the same for every backend. Reads see one consistent state (a view). Writes are
 * jobs: the store's executor runs many of them in one transaction, commits once, and only then
 * tells each that it is durable (group commit). A job that fails must have failed before its first
 * write; should it fail later, the whole batch is rolled back and the others run again, so a job's
 * `run` must be repeatable.
 *
 * Results are copied into the caller's arena. A view belongs to one thread; submit may be called
 * from any thread. docs/internals/store.md tells how the tables lie. */
#pragma once

#include "base/arena.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/limits.h"
#include "model/resource.h"

struct mln_store;
struct mln_reader;
struct mln_view;
struct mln_write;
struct mln_grant; /* cse/access/grant.h: who may write, and why */

/* ---- life ---- */

struct mln_store_options {
    const char *backend; /* "lmdb" or "mem" */
    const char *path;    /* directory; created when missing; unused by "mem" */
    uint64_t max_bytes;  /* size the store may grow to; 0: what the backend thinks right */
    uint64_t max_queued; /* jobs that may wait (limit write_queue); 0: its default */
    bool runs_inline;    /* jobs run inside submit, one thread only: for tests and tools */
    bool is_read_only;   /* for tools beside a running server, in a process of their own */
    void (*batch_done)(void *data); /* after each commit, on the executor's thread; may be NULL */
    void *data;
};

/* `env` must live as long as the store. Errors: STORE_IN_USE (another process has it),
 * STORE_VERSION (written by a newer version), STORE_CORRUPT, STORE_IO, STORE_FULL (no room for a
 * new store), CONFIG (no such backend), NO_MEMORY, SYSTEM (the directory cannot be used). */
mln_err mln_store_open(const struct mln_store_options *options, const struct mln_env *env,
                       struct mln_fault *fault, struct mln_store **ret);

/* Finishes the jobs submitted so far; no more may follow. Reading goes on. NULL is fine. */
void mln_store_stop(struct mln_store *store);

/* mln_store_stop, and frees. Views and readers must be gone. NULL is fine. */
void mln_store_close(struct mln_store *store);

/* ---- reading ---- */

/* One per thread that reads. Errors: NO_MEMORY, STORE_IO. */
mln_err mln_reader_new(struct mln_store *store, struct mln_reader **ret);
void mln_reader_free(struct mln_reader *reader);

/* The newest committed state; one view of a reader at a time. Keep it short: an open view holds
 * back the reuse of space. Errors: STORE_IO, INTERNAL (the reader's last view was not ended). */
mln_err mln_view_begin(struct mln_reader *reader, struct mln_view **ret);
void mln_view_end(struct mln_view *view);

/* Cleanup attribute; NULL is fine. */
void mln_view_endp(struct mln_view **view);

/* Errors: NOT_FOUND, STORE_IO, STORE_CORRUPT, NO_MEMORY. */
mln_err mln_store_get(struct mln_view *view, uint64_t id, struct mln_arena *arena,
                      struct mln_resource *ret);

/* By resourceID. Errors: as mln_store_get. */
mln_err mln_store_find(struct mln_view *view, struct mln_slice ri, struct mln_arena *arena,
                       struct mln_resource *ret);

/* By parent and resourceName. Errors: as mln_store_get. */
mln_err mln_store_child(struct mln_view *view, uint64_t parent, struct mln_slice rn,
                        struct mln_arena *arena, struct mln_resource *ret);

/* ---- scanning ---- */

enum mln_scan_kind {
    MLN_SCAN_CHILDREN, /* of `parent`; by type, then by creation; only type `ty` unless 0 */
    MLN_SCAN_TYPE,     /* all of type `ty`, by creation */
    MLN_SCAN_LABEL,    /* all with label `label`, by creation */
    MLN_SCAN_EXPIRED,  /* all whose expirationTime is at most `until_us`, earliest first */
};

struct mln_scan_spec {
    enum mln_scan_kind kind;
    uint64_t parent;
    uint16_t ty;
    struct mln_slice label; /* the first 400 bytes count: check the resource */
    int64_t until_us;
    bool is_descending; /* the other way round */
};

struct mln_scan;

/* The scan must be closed before its view ends. In a job it does not see the job's own later
 * writes reliably: finish scanning, then write. Errors: NO_MEMORY, STORE_IO. */
mln_err mln_scan_open(struct mln_view *view, const struct mln_scan_spec *spec,
                      struct mln_scan **ret);

/* The next id, with its type where the index knows it (else 0; `ret_ty` may be NULL).
 * Errors: NOT_FOUND at the end, STORE_IO, STORE_CORRUPT. */
mln_err mln_scan_next(struct mln_scan *scan, uint64_t *ret_id, uint16_t *ret_ty);

/* NULL is fine. */
void mln_scan_close(struct mln_scan *scan);
void mln_scan_closep(struct mln_scan **scan);

/* ---- named records ---- */

enum mln_space {
    MLN_SPACE_META,   /* facts about whose store it is; the store keeps its own facts elsewhere */
    MLN_SPACE_OUTBOX, /* what must leave: cse/notify */
    MLN_SPACE_PURGE,  /* key: id, 8 bytes, big-endian, of a removed resource that had children */
    MLN_SPACE_REGISTRATION, /* who may register, who has: cse/access/binding.h, profile.h */
    MLN_SPACE_ASSIGNED,     /* roles and tokens by what they say: cse/access/assigned.h */
    MLN_SPACE_ALARM,        /* when resources are to be woken: cse/notify/alarm.h */
    MLN_SPACE_SERIES,       /* instances of time series by time: cse/types/series.h */
    MLN_SPACE_ACCEPTED,     /* key: id, 8 bytes, of a <request> without a result: cse/types/req.h */
    MLN_SPACE_PRIORITY,     /* subscriptions by what they may keep: cse/notify/storage.h */
    MLN_SPACE_CMDH,         /* our <node>, and what is active on nodes: cse/types/cmdh.h */
    MLN_SPACE_ANNOUNCED,    /* copies of resources at other CSEs: cse/remote/announce.h */
    MLN_SPACE_DELIVERY,     /* what is to be done for deliveries: cse/types/dlv.h */
    MLN_SPACE_ACTION,       /* resources whose changes <action>s wait for: cse/action/watch.h */
    MLN_SPACE_AGGREGATED,   /* subscriptions that groups hear: cse/notify/aggregate_far.h */
    MLN_SPACES,
};

enum { MLN_RECORD_KEY_MAX = 64 }; /* and at least one byte */

/* Errors: NOT_FOUND, STORE_IO, NO_MEMORY. */
mln_err mln_record_get(struct mln_view *view, enum mln_space space, struct mln_slice key,
                       struct mln_arena *arena, struct mln_slice *ret_value);

struct mln_record {
    struct mln_slice key;
    struct mln_slice value;
};

/* The first record whose key is greater than `after`, or with is_descending the last whose key is
 * smaller; an empty `after` stands for the end at which to begin. Key and value are copied into
 * the arena; with a NULL arena only the existence is told and *ret is untouched.
 * Errors: NOT_FOUND at the end, STORE_IO, NO_MEMORY. */
mln_err mln_record_next(struct mln_view *view, enum mln_space space, struct mln_slice after,
                        bool is_descending, struct mln_arena *arena, struct mln_record *ret);

/* Only its key: the value is not read. `after` may point into `out`.
 * Errors: NOT_FOUND at the end, STORE_IO. */
mln_err mln_record_next_key(struct mln_view *view, enum mln_space space, struct mln_slice after,
                            bool is_descending, char out[static MLN_RECORD_KEY_MAX],
                            size_t *ret_len);

/* ---- writing ---- */

/* A write in the making. The caller owns it; it must live until `done`. A job that fails, in
 * whatever way, leaves no trace; it should do so before its first put or erase, since afterwards
 * the jobs that were run with it must be rolled back and run again. */
struct mln_job {
    struct mln_job *next; /* the executor's */
    /* On the executor's thread, inside the transaction. May be called again after a rollback. */
    mln_err (*run)(struct mln_job *job, struct mln_view *view);
    /* On the executor's thread, after the commit (or instead of it, with the error of run or of
     * the commit). Last use of the job by the store. */
    void (*done)(struct mln_job *job, mln_err result);
};

/* Errors: OVERLOAD (limit write_queue); then `done` is not called. */
mln_err mln_store_submit(struct mln_store *store, struct mln_job *job);

/* Submits the job and waits until it is done; job->done is not used. Not on the executor's thread,
 * nor on one that the executor waits for. Errors: those of the job, of the commit, OVERLOAD,
 * SYSTEM. */
mln_err mln_store_run(struct mln_store *store, struct mln_job *job);

/* The right to write in a job's view; needs a grant, which only cse/access makes. No end: it ends
 * with the job. Errors: INTERNAL (no grant, or not in a job). */
mln_err mln_write_begin(struct mln_view *view, const struct mln_grant *grant,
                        struct mln_write **ret);

/* A new id and, from it, a resourceID: short name of the type and 13 characters. `out_ri` holds
 * MLN_RI_SIZE bytes. Errors: INTERNAL. */
enum { MLN_RI_SIZE = 32 };
mln_err mln_store_new_id(struct mln_write *write, struct mln_slice short_name, uint64_t *ret_id,
                         char out_ri[static MLN_RI_SIZE], size_t *ret_ri_len);

enum { MLN_NAME_MAX = 400 }; /* bytes of a resourceName or resourceID */

/* Stores a new resource (`old` NULL) or replaces one (`old` as it was read; id, parent, ty, ri
 * and rn must be the same). An empty rn of a new resource means: named like its ri. A store that
 * is nearly full refuses new resources, so that there is room to delete.
 * Errors: CONFLICT (name or ri in use), NOT_FOUND (nothing to replace), STORE_FULL, STORE_IO,
 * STORE_CORRUPT, NO_MEMORY, LIMIT (too large), INTERNAL (not as it must be). */
mln_err mln_store_put(struct mln_write *write, const struct mln_resource *old,
                      const struct mln_resource *resource);

/* Removes the resource itself and its index entries, not its descendants.
 * Errors: NOT_FOUND, STORE_FULL, STORE_IO, STORE_CORRUPT, NO_MEMORY. */
mln_err mln_store_erase(struct mln_write *write, const struct mln_resource *resource);

/* Stores or replaces. Errors: STORE_FULL, STORE_IO, LIMIT (of the key). */
mln_err mln_record_put(struct mln_write *write, enum mln_space space, struct mln_slice key,
                       struct mln_slice value);

/* An absent record is no error. Errors: STORE_FULL, STORE_IO. */
mln_err mln_record_erase(struct mln_write *write, enum mln_space space, struct mln_slice key);
