/* Backend "lmdb": the embedded store on disk.
 *
 * Every commit is durable: LMDB writes new pages, syncs, and switches by one synchronous write of
 * a meta page. Readers see the map itself and neither wait nor are waited for. */
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/mem.h"
#include "store/lmdb/lmdb_int.h"

enum {
    READER_CHECK = 256, /* write transactions between looks for readers that died */
    SHORT_OF_SPACE = 16 << 20,
    RESERVE = 16 << 20,
};

static const uint64_t default_map_bytes = UINT64_C(256) << 30;

static struct mln_lmdb *lmdb_of(struct mln_kv *kv)
{
    return (struct mln_lmdb *)kv;
}

static struct mln_lmdb_txn *txn_of(struct mln_kv_txn *txn)
{
    return (struct mln_lmdb_txn *)txn;
}

/* ---- life ---- */

static char *path_of(const char *directory, const char *name)
{
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = mln_malloc(size);

    if (path) {
        (void)snprintf(path, size, "%s/%s", directory, name);
    }
    return path;
}

/* Nothing stays of a store that was not finished. */
static void abandon(struct mln_lmdb *l)
{
    char *lock = path_of(l->directory, "restore.mdb-lock");

    (void)unlink(l->file); /* gone already when it was published */
    if (lock) {
        (void)unlink(lock);
    }
    mln_free(lock);
    if (access(l->final_file, F_OK) == 0) {
        return;
    }
    mln_lmdb_unlock_for_ever(l->directory, l->lock_fd);
    l->lock_fd = -1;
    if (l->has_made_directory) {
        (void)rmdir(l->directory);
    }
}

static void close_store(struct mln_kv *kv)
{
    struct mln_lmdb *l = lmdb_of(kv);

    mln_lmdb_env_close(l);
    if (l->is_building && l->lock_fd >= 0) {
        abandon(l);
    }
    if (l->lock_fd >= 0) {
        (void)close(l->lock_fd);
    }
    (void)pthread_mutex_destroy(&l->lock);
    mln_free(l->directory);
    mln_free(l->file);
    mln_free(l->final_file);
    mln_free(l);
}

static mln_err set_up(struct mln_lmdb *l, const struct mln_kv_options *options)
{
    long page = sysconf(_SC_PAGESIZE);
    uint64_t bytes = options->max_bytes ? options->max_bytes : default_map_bytes;

    l->kv.ops = &mln_kv_lmdb;
    l->lock_fd = -1;
    l->is_read_only = options->is_read_only;
    l->is_building = options->is_building;
    l->map_bytes = options->is_read_only ? 0 : bytes / (uint64_t)page * (uint64_t)page;
    (void)pthread_mutex_init(&l->lock, NULL);
    l->directory = mln_strdup(options->path);
    l->final_file = path_of(options->path, "store.mdb");
    l->file = path_of(options->path, l->is_building ? "restore.mdb" : "store.mdb");
    MLN_REQUIRE(l->directory && l->file && l->final_file, NO_MEMORY);
    return MLN_OK;
}

static mln_err take_directory(struct mln_lmdb *l, struct mln_fault *fault)
{
    if (l->is_read_only) {
        return MLN_OK;
    }
    MLN_TRY(mln_lmdb_make_directory(l->directory, fault, &l->has_made_directory));
    MLN_TRY(mln_lmdb_lock(l->directory, fault, &l->lock_fd));
    if (l->is_building) {
        if (access(l->final_file, F_OK) == 0) {
            mln_fault_set(fault, "%s holds a store already", l->directory);
            MLN_FAIL(SYSTEM);
        }
        (void)unlink(l->file); /* left by a process that died */
    }
    return mln_lmdb_reserve_lock_file(l->file, fault);
}

/* What an earlier process committed last may not have reached the disk when it was killed; from
 * here on it counts as durable. */
static mln_err settle(struct mln_lmdb *l, struct mln_fault *fault)
{
    mln_err err;

    if (l->is_read_only || l->is_building) {
        return MLN_OK;
    }
    err = mln_lmdb_error(mdb_env_sync(l->env, 1));
    if (!mln_failed(err) && !mln_directory_sync(l->directory)) {
        err = MLN_ERROR(SYSTEM);
    }
    if (mln_failed(err)) {
        mln_fault_set(fault, "cannot sync %s", l->file);
    }
    return err;
}

static mln_err open_store(const struct mln_kv_options *options, struct mln_fault *fault,
                          struct mln_kv **ret)
{
    struct mln_lmdb *l;
    mln_err err;

    if (!options->path || !options->path[0]) {
        mln_fault_set(fault, "the store needs a directory");
        MLN_FAIL(CONFIG);
    }
    l = mln_calloc(1, sizeof *l);
    MLN_REQUIRE(l, NO_MEMORY);
    err = set_up(l, options);
    if (!mln_failed(err)) {
        err = take_directory(l, fault);
    }
    if (!mln_failed(err)) {
        err = mln_lmdb_env_open(l, fault);
    }
    if (!mln_failed(err)) {
        err = settle(l, fault);
    }
    if (mln_failed(err)) {
        close_store(&l->kv);
        return err;
    }
    *ret = &l->kv;
    return MLN_OK;
}

static mln_err publish(struct mln_kv *kv, struct mln_fault *fault)
{
    struct mln_lmdb *l = lmdb_of(kv);
    mln_err err = mln_lmdb_error(mdb_env_sync(l->env, 1));

    mln_lmdb_env_close(l);
    if (!mln_failed(err) && rename(l->file, l->final_file) != 0) {
        err = mln_lmdb_error(errno);
    }
    if (!mln_failed(err) && !mln_directory_sync(l->directory)) {
        err = MLN_ERROR(SYSTEM);
    }
    if (mln_failed(err)) {
        mln_fault_set(fault, "cannot finish %s", l->final_file);
    }
    close_store(kv);
    return err;
}

/* ---- snapshots ---- */

static mln_err renew(struct mln_kv_txn *txn)
{
    struct mln_lmdb_txn *t = txn_of(txn);
    int rc = MDB_PANIC;

    (void)pthread_mutex_lock(&t->lock);
    if (t->mdb) {
        rc = mdb_txn_renew(t->mdb);
    } else if (t->owner->env) {
        rc = mdb_txn_begin(t->owner->env, NULL, MDB_RDONLY, &t->mdb);
        if (rc != 0) {
            t->mdb = NULL;
        }
    }
    if (rc != 0) {
        (void)pthread_mutex_unlock(&t->lock);
    }
    if (rc == MDB_MAP_RESIZED && t->owner->is_read_only) {
        /* the server was started with a larger maximum meanwhile */
        MLN_TRY(mln_lmdb_env_reopen(t->owner));
        return renew(txn);
    }
    return mln_lmdb_error(rc);
}

static void reset(struct mln_kv_txn *txn)
{
    struct mln_lmdb_txn *t = txn_of(txn);

    mdb_txn_reset(t->mdb);
    (void)pthread_mutex_unlock(&t->lock);
}

static void reader_free(struct mln_kv_txn *txn)
{
    struct mln_lmdb_txn *t = txn_of(txn);
    struct mln_lmdb_txn **at = &t->owner->readers;

    (void)pthread_mutex_lock(&t->owner->lock);
    while (*at && *at != t) {
        at = &(*at)->next;
    }
    if (*at) {
        *at = t->next;
    }
    if (t->mdb) {
        mdb_txn_abort(
            t->mdb); /* still under the lock: else a reopening might close its environment */
    }
    (void)pthread_mutex_unlock(&t->owner->lock);
    (void)pthread_mutex_destroy(&t->lock);
    mln_free(t);
}

/* Begins a snapshot once, so that the reader has its slot. */
static mln_err reader_new(struct mln_kv *kv, struct mln_kv_txn **ret)
{
    struct mln_lmdb *l = lmdb_of(kv);
    struct mln_lmdb_txn *t = mln_calloc(1, sizeof *t);
    mln_err err;

    MLN_REQUIRE(t, NO_MEMORY);
    t->txn.kv = kv;
    t->owner = l;
    (void)pthread_mutex_init(&t->lock, NULL);
    (void)pthread_mutex_lock(&l->lock);
    t->next = l->readers;
    l->readers = t;
    (void)pthread_mutex_unlock(&l->lock);
    err = renew(&t->txn);
    if (mln_failed(err)) {
        reader_free(&t->txn);
        return err;
    }
    reset(&t->txn);
    *ret = &t->txn;
    return MLN_OK;
}

/* ---- writing ---- */

static mln_err begin(struct mln_kv *kv, struct mln_kv_txn **ret)
{
    struct mln_lmdb *l = lmdb_of(kv);

    if (!l->env || l->is_broken) {
        MLN_TRY(mln_lmdb_env_reopen(l));
    }
    if (l->begun++ % READER_CHECK == READER_CHECK - 1) {
        (void)mdb_reader_check(l->env, NULL);
    }
    MLN_TRY(mln_lmdb_error(mdb_txn_begin(l->env, NULL, 0, &l->writer.mdb)));
    l->writer.txn.kv = kv;
    l->writer.owner = l;
    *ret = &l->writer.txn;
    return MLN_OK;
}

static void abort_txn(struct mln_kv_txn *txn)
{
    mdb_txn_abort(txn_of(txn)->mdb);
    txn_of(txn)->mdb = NULL;
}

/* LMDB calls a short write an I/O error; it is one of a disk, quota or file size at its end. */
static bool is_short_of_space(const struct mln_lmdb *l)
{
    struct rlimit limit;
    struct statvfs fs;

    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        return true;
    }
    return statvfs(l->directory, &fs) == 0 &&
           (uint64_t)fs.f_bavail * fs.f_frsize < (uint64_t)SHORT_OF_SPACE;
}

/* After a failed write of the meta page LMDB refuses everything; whether the page reached the
 * disk is not known to it. Opening anew and reading it tells. */
static mln_err resolve(struct mln_lmdb *l, size_t txn_id, int rc)
{
    MDB_txn *probe;
    MDB_envinfo info;
    int probed = mdb_txn_begin(l->env, NULL, 0, &probe);

    if (probed == 0) {
        mdb_txn_abort(probe);
    }
    if (probed != MDB_PANIC) {
        return rc == EIO && is_short_of_space(l) ? MLN_ERROR(STORE_FULL) : mln_lmdb_error(rc);
    }
    l->is_broken = true;
    MLN_TRY(mln_lmdb_env_reopen(l));
    MLN_TRY(mln_lmdb_error(mdb_env_info(l->env, &info)));
    return info.me_last_txnid >= txn_id ? MLN_OK : mln_lmdb_error(rc);
}

static mln_err commit(struct mln_kv_txn *txn)
{
    struct mln_lmdb_txn *t = txn_of(txn);
    size_t txn_id = mdb_txn_id(t->mdb);
    int rc;

    mln_guard_enter(t->owner->guard);
    rc = mdb_txn_commit(t->mdb);
    mln_guard_leave();

    t->mdb = NULL;
    return rc == 0 ? MLN_OK : resolve(t->owner, txn_id, rc);
}

/* ---- rows ---- */

static MDB_val val_of(struct mln_slice s)
{
    /* LMDB takes what it only reads without const */
    union {
        const char *read;
        void *given;
    } ptr = { .read = s.ptr ? s.ptr : "" };

    return (MDB_val){ s.len, ptr.given };
}

static struct mln_slice slice_of(const MDB_val *val)
{
    return mln_slice_of(val->mv_data, val->mv_size);
}

/* After a page that cannot be read LMDB refuses everything else in the same snapshot. In a write it
 * also does after others, which the store has been told already. */
static mln_err row_error(const struct mln_lmdb_txn *t, int rc)
{
    return rc == MDB_BAD_TXN && t != &t->owner->writer ? MLN_ERROR(STORE_CORRUPT)
                                                       : mln_lmdb_error(rc);
}

static MDB_dbi table_of(const struct mln_lmdb_txn *t, enum mln_table table)
{
    return t->owner->tables[table];
}

static mln_err get(struct mln_kv_txn *txn, enum mln_table table, struct mln_slice key,
                   struct mln_slice *ret)
{
    struct mln_lmdb_txn *t = txn_of(txn);
    MDB_val k = val_of(key);
    MDB_val v;
    int rc;

    mln_guard_enter(t->owner->guard);
    rc = mdb_get(t->mdb, table_of(t, table), &k, &v);
    mln_guard_leave();
    MLN_TRY(row_error(t, rc));
    *ret = slice_of(&v);
    return MLN_OK;
}

static mln_err put(struct mln_kv_txn *txn, enum mln_table table, const struct mln_kv_row *row,
                   unsigned flags)
{
    struct mln_lmdb_txn *t = txn_of(txn);
    MDB_val k = val_of(row->key);
    MDB_val v = val_of(row->value);
    int rc = MDB_KEYEXIST;

    mln_guard_enter(t->owner->guard);
    if (flags & MLN_KV_LAST) {
        rc = mdb_put(t->mdb, table_of(t, table), &k, &v, MDB_APPEND);
    }
    if (rc == MDB_KEYEXIST) { /* not the last */
        rc = mdb_put(t->mdb, table_of(t, table), &k, &v,
                     flags & MLN_KV_NEW ? (unsigned)MDB_NOOVERWRITE : 0);
    }
    mln_guard_leave();
    return mln_lmdb_error(rc);
}

static mln_err del(struct mln_kv_txn *txn, enum mln_table table, struct mln_slice key)
{
    struct mln_lmdb_txn *t = txn_of(txn);
    MDB_val k = val_of(key);
    int rc;

    mln_guard_enter(t->owner->guard);
    rc = mdb_del(t->mdb, table_of(t, table), &k, NULL);
    mln_guard_leave();
    return mln_lmdb_error(rc);
}

/* ---- order ---- */

struct cursor {
    struct mln_kv_cursor cursor;
    MDB_cursor *mdb;
    bool is_placed;
};

static mln_err cursor_new(struct mln_kv_txn *txn, enum mln_table table, struct mln_kv_cursor **ret)
{
    struct mln_lmdb_txn *t = txn_of(txn);
    struct cursor *c = mln_calloc(1, sizeof *c);
    int rc;

    MLN_REQUIRE(c, NO_MEMORY);
    c->cursor.txn = txn;
    rc = mdb_cursor_open(t->mdb, table_of(t, table), &c->mdb);
    if (rc != 0) {
        mln_free(c);
        return row_error(t, rc);
    }
    *ret = &c->cursor;
    return MLN_OK;
}

static void cursor_free(struct mln_kv_cursor *cursor)
{
    struct cursor *c = (struct cursor *)cursor;

    mdb_cursor_close(c->mdb);
    mln_free(c);
}

static mln_err placed(struct cursor *c, int rc, const MDB_val *k, const MDB_val *v,
                      struct mln_kv_row *ret)
{
    c->is_placed = rc == 0;
    if (rc == 0) {
        MLN_REQUIRE(k->mv_size > 0 && k->mv_size <= MLN_KV_KEY_MAX, STORE_CORRUPT);
        *ret = (struct mln_kv_row){ slice_of(k), slice_of(v) };
    }
    return row_error(txn_of(c->cursor.txn), rc);
}

static mln_err seek(struct mln_kv_cursor *cursor, struct mln_slice key, bool is_descending,
                    struct mln_kv_row *ret)
{
    struct cursor *c = (struct cursor *)cursor;
    MDB_val k = val_of(key);
    MDB_val v;
    int rc;

    mln_guard_enter(txn_of(cursor->txn)->owner->guard);
    rc = mdb_cursor_get(c->mdb, &k, &v, key.len ? MDB_SET_RANGE : MDB_FIRST);
    if (is_descending && rc == MDB_NOTFOUND) {
        rc = mdb_cursor_get(c->mdb, &k, &v, MDB_LAST);
    } else if (is_descending && rc == 0 && !mln_slice_eq(slice_of(&k), key)) {
        rc = mdb_cursor_get(c->mdb, &k, &v, MDB_PREV);
    }
    mln_guard_leave();
    return placed(c, rc, &k, &v, ret);
}

static mln_err step(struct mln_kv_cursor *cursor, bool is_descending, struct mln_kv_row *ret)
{
    struct cursor *c = (struct cursor *)cursor;
    MDB_val k;
    MDB_val v;
    int rc;

    /* a cursor that stands nowhere would begin again */
    MLN_REQUIRE(c->is_placed, NOT_FOUND);
    mln_guard_enter(txn_of(cursor->txn)->owner->guard);
    rc = mdb_cursor_get(c->mdb, &k, &v, is_descending ? MDB_PREV : MDB_NEXT);
    mln_guard_leave();
    return placed(c, rc, &k, &v, ret);
}

/* ---- room ---- */

/* Pages that are free again: the table 0 lists them, a count first. Needs a snapshot. */
static mln_err count_free(MDB_txn *txn, uint64_t *ret)
{
    uint64_t pages = 0;
    MDB_cursor *cursor;
    MDB_val k;
    MDB_val v;
    int rc = mdb_cursor_open(txn, 0, &cursor);

    MLN_TRY(mln_lmdb_error(rc));
    while ((rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) == 0) {
        size_t n = 0;

        memcpy(&n, v.mv_data, v.mv_size < sizeof n ? v.mv_size : sizeof n);
        pages += n;
    }
    mdb_cursor_close(cursor);
    if (rc != MDB_NOTFOUND) {
        return mln_lmdb_error(rc);
    }
    *ret = pages;
    return MLN_OK;
}

static mln_err used_bytes(struct mln_lmdb *l, uint64_t *ret)
{
    MDB_envinfo info;
    MDB_stat stat;
    MDB_txn *txn;
    uint64_t pages = 0;
    mln_err err;

    MLN_TRY(mln_lmdb_error(mdb_env_info(l->env, &info)));
    MLN_TRY(mln_lmdb_error(mdb_env_stat(l->env, &stat)));
    MLN_TRY(mln_lmdb_error(mdb_txn_begin(l->env, NULL, MDB_RDONLY, &txn)));
    mln_guard_enter(l->guard);
    err = count_free(txn, &pages);
    mln_guard_leave();
    mdb_txn_abort(txn);
    MLN_TRY(err);
    *ret = (info.me_last_pgno + 1 - pages) * stat.ms_psize;
    return MLN_OK;
}

static mln_err size(struct mln_kv_txn *txn, struct mln_kv_size *ret)
{
    struct mln_lmdb_txn *t = txn_of(txn);
    struct mln_kv_size size;
    MDB_envinfo info;

    for (int i = 0; i < MLN_TABLES; i++) {
        MDB_stat stat;

        MLN_TRY(row_error(t, mdb_stat(t->mdb, t->owner->tables[i], &stat)));
        size.rows[i] = stat.ms_entries;
    }
    MLN_TRY(mln_lmdb_error(mdb_env_info(t->owner->env, &info)));
    MLN_TRY(used_bytes(t->owner, &size.bytes_used));
    size.bytes_max = info.me_mapsize;
    *ret = size;
    return MLN_OK;
}

/* Kept for deleting: a transaction that erases writes every page it touches anew, and those it
 * frees are of use two commits later only. */
static uint64_t reserve_of(uint64_t map_bytes)
{
    uint64_t usual = map_bytes / 16;
    uint64_t least = map_bytes / 4 < RESERVE ? map_bytes / 4 : (uint64_t)RESERVE;

    return usual > least ? usual : least;
}

static mln_err is_tight(struct mln_kv_txn *txn, bool *ret)
{
    struct mln_lmdb *l = txn_of(txn)->owner;
    uint64_t limit;
    uint64_t used;
    MDB_envinfo info;
    MDB_stat stat;

    MLN_TRY(mln_lmdb_error(mdb_env_info(l->env, &info)));
    MLN_TRY(mln_lmdb_error(mdb_env_stat(l->env, &stat)));
    limit = info.me_mapsize - reserve_of(info.me_mapsize);
    used = (info.me_last_pgno + 1) * stat.ms_psize;
    if (used > limit) { /* the file never shrinks: look at what is free inside it */
        MLN_TRY(used_bytes(l, &used));
    }
    *ret = used > limit;
    return MLN_OK;
}

const struct mln_kv_ops mln_kv_lmdb = {
    .name = "lmdb",
    .open = open_store,
    .close = close_store,
    .publish = publish,
    .reader_new = reader_new,
    .reader_free = reader_free,
    .renew = renew,
    .reset = reset,
    .begin = begin,
    .commit = commit,
    .abort = abort_txn,
    .get = get,
    .put = put,
    .del = del,
    .cursor_new = cursor_new,
    .cursor_free = cursor_free,
    .seek = seek,
    .step = step,
    .size = size,
    .is_tight = is_tight,
};
