/* Opening, checking and reopening an LMDB environment. */
#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "store/lmdb/lmdb_int.h"

enum {
    READERS = 1000,
    METAS = 2,
    WAIT_US = 1000000, /* for snapshots to end before the environment is reopened */
};

mln_err mln_lmdb_error(int rc)
{
    switch (rc) {
    case 0:
        return MLN_OK;
    case MDB_NOTFOUND:
        return MLN_ERROR(NOT_FOUND);
    case MDB_KEYEXIST:
        return MLN_ERROR(CONFLICT);
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return MLN_ERROR(STORE_FULL);
    case ENOMEM:
        return MLN_ERROR(NO_MEMORY);
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_CURSOR_FULL:  /* pages that lead in a circle */
    case MDB_PAGE_FULL:    /* a page with less room than it says */
    case MDB_INCOMPATIBLE: /* a table that is none */
        return MLN_ERROR(STORE_CORRUPT);
    case MDB_VERSION_MISMATCH:
        return MLN_ERROR(STORE_VERSION);
    case EACCES:
    case EPERM:
    case EROFS:
        return MLN_ERROR(SYSTEM);
    default:
        return MLN_ERROR(STORE_IO);
    }
}

static mln_err open_failed(const struct mln_lmdb *l, struct mln_fault *fault, int rc)
{
    switch (rc) {
    case ENOENT:
        mln_fault_set(fault, "there is no store in %s", l->directory);
        MLN_FAIL(SYSTEM);
    case MDB_INVALID:
        mln_fault_set(fault, "%s is not an LMDB file, or is damaged", l->file);
        break;
    case MDB_VERSION_MISMATCH:
        mln_fault_set(fault, "%s was written by another version of LMDB", l->file);
        break;
    case ENOMEM:
        mln_fault_set(fault, "cannot map %llu bytes for %s: the store's maximum is too large here",
                      (unsigned long long)l->map_bytes, l->file);
        break;
    default:
        mln_fault_set(fault, "cannot open %s: %s", l->file, mdb_strerror(rc));
        break;
    }
    return mln_lmdb_error(rc);
}

/* A file that ends before its last page would end the process with SIGBUS when it is read. */
static mln_err check_length(const struct mln_lmdb *l, struct mln_fault *fault)
{
    MDB_envinfo info;
    struct stat st;
    MDB_stat stat;
    int fd;

    MLN_TRY(mln_lmdb_error(mdb_env_info(l->env, &info)));
    MLN_TRY(mln_lmdb_error(mdb_env_stat(l->env, &stat)));
    MLN_TRY(mln_lmdb_error(mdb_env_get_fd(l->env, &fd)));
    MLN_REQUIRE(fstat(fd, &st) == 0, STORE_IO);
    if ((uint64_t)st.st_size / stat.ms_psize <= info.me_last_pgno) {
        mln_fault_set(fault, "%s is cut short: it has %lld bytes of at least %llu", l->file,
                      (long long)st.st_size,
                      (unsigned long long)(info.me_last_pgno + 1) * stat.ms_psize);
        MLN_FAIL(STORE_CORRUPT);
    }
    return MLN_OK;
}

/* ---- tables ---- */

static int open_tables(struct mln_lmdb *l, unsigned txn_flags, unsigned table_flags)
{
    static const char *const names[MLN_TABLES] = {
        [MLN_TABLE_RES] = "res",       [MLN_TABLE_RI] = "ri",     [MLN_TABLE_NAME] = "name",
        [MLN_TABLE_CHILD] = "child",   [MLN_TABLE_TYPE] = "type", [MLN_TABLE_LABEL] = "label",
        [MLN_TABLE_EXPIRY] = "expiry", [MLN_TABLE_REC] = "rec",
    };
    MDB_txn *txn;
    int rc;

    mln_guard_enter(l->guard);
    rc = mdb_txn_begin(l->env, NULL, txn_flags, &txn);

    for (int i = 0; rc == 0 && i < MLN_TABLES; i++) {
        rc = mdb_dbi_open(txn, names[i], table_flags, &l->tables[i]);
        if (rc != 0) {
            mdb_txn_abort(txn);
        }
    }
    rc = rc == 0 ? mdb_txn_commit(txn) : rc;
    mln_guard_leave();
    return rc;
}

/* All tables are made by one transaction: some without the others are what damage has left. */
static bool has_some_tables(const struct mln_lmdb *l)
{
    MDB_stat stat;

    return mdb_env_stat(l->env, &stat) != 0 || stat.ms_entries > 0;
}

/* An existing store is opened without a write: it must start on a full disk too. */
static mln_err find_tables(struct mln_lmdb *l, struct mln_fault *fault)
{
    int rc = open_tables(l, MDB_RDONLY, 0);

    if (rc == MDB_NOTFOUND && has_some_tables(l)) {
        rc = MDB_CORRUPTED;
    }
    if (rc == MDB_NOTFOUND && !l->is_read_only) {
        rc = open_tables(l, 0, MDB_CREATE);
    }
    if (rc == MDB_NOTFOUND) {
        mln_fault_set(fault, "%s holds no store", l->file);
        MLN_FAIL(SYSTEM);
    }
    if (mln_lmdb_error(rc).code == MLN_ERR_STORE_CORRUPT) {
        mln_fault_set(fault, "%s is damaged: %s", l->file, mdb_strerror(rc));
    } else if (rc != 0) {
        mln_fault_set(fault, "cannot read %s: %s", l->file, mdb_strerror(rc));
    }
    return mln_lmdb_error(rc);
}

/* ---- open ---- */

static unsigned flags_of(const struct mln_lmdb *l)
{
    struct stat st;
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS;

    if (l->is_read_only) {
        flags |= MDB_RDONLY;
    }
    if (l->is_building) {
        flags |= MDB_NOSYNC; /* publish syncs once */
    }
    /* reading ahead helps until the data is larger than memory, then it only evicts */
    if (stat(l->file, &st) == 0 && st.st_size / sysconf(_SC_PAGESIZE) > sysconf(_SC_PHYS_PAGES)) {
        flags |= MDB_NORDAHEAD;
    }
    return flags;
}

static mln_err open_env(struct mln_lmdb *l, struct mln_fault *fault)
{
    int rc = mdb_env_set_maxdbs(l->env, MLN_TABLES);

    if (rc == 0) {
        rc = mdb_env_set_maxreaders(l->env, READERS);
    }
    if (rc == 0 && l->map_bytes) {
        rc = mdb_env_set_mapsize(l->env, l->map_bytes);
    }
    if (rc == 0) {
        rc = mdb_env_open(l->env, l->file, flags_of(l), 0600);
    }
    if (rc != 0) {
        return open_failed(l, fault, rc);
    }
    mln_lmdb_guard(l);
    if (mdb_env_get_maxkeysize(l->env) < MLN_KV_KEY_MAX) {
        mln_fault_set(fault, "this LMDB was built for keys of %d bytes, the store needs %d",
                      mdb_env_get_maxkeysize(l->env), MLN_KV_KEY_MAX);
        MLN_FAIL(CONFIG);
    }
    MLN_TRY(check_length(l, fault));
    (void)mdb_reader_check(l->env, NULL); /* slots of processes that died; tried again later */
    return find_tables(l, fault);
}

mln_err mln_lmdb_env_open(struct mln_lmdb *l, struct mln_fault *fault)
{
    mln_err err = mln_lmdb_error(mdb_env_create(&l->env));

    MLN_TRY(err);
    err = mln_lmdb_check_metas(l, fault);
    if (!mln_failed(err)) {
        err = open_env(l, fault);
    }
    if (mln_failed(err)) {
        mln_lmdb_env_close(l);
    }
    return err;
}

/* ---- reopen ---- */

/* After a write that failed the disk may hold something else than what we read. Writes the meta
 * pages as they read and waits for the disk, so that both are the same again. */
static mln_err settle_metas(const struct mln_lmdb *l)
{
    size_t len;
    MDB_stat stat;
    char *pages;
    bool is_done;
    int fd;

    MLN_TRY(mln_lmdb_error(mdb_env_stat(l->env, &stat)));
    MLN_TRY(mln_lmdb_error(mdb_env_get_fd(l->env, &fd)));
    len = (size_t)stat.ms_psize * METAS;
    pages = mln_malloc(len);
    MLN_REQUIRE(pages, NO_MEMORY);
    is_done = pread(fd, pages, len, 0) == (ssize_t)len &&
              pwrite(fd, pages, len, 0) == (ssize_t)len && fdatasync(fd) == 0;
    mln_free(pages);
    MLN_REQUIRE(is_done, STORE_IO);
    return MLN_OK;
}

static mln_err open_again(struct mln_lmdb *l)
{
    mln_err err;

    mln_lmdb_env_close(l);
    err = mln_lmdb_env_open(l, NULL);
    if (!mln_failed(err) && !l->is_read_only) {
        err = settle_metas(l);
    }
    l->is_broken = mln_failed(err);
    return mln_failed(err) ? MLN_ERROR(STORE_IO) : MLN_OK;
}

/* Locks all readers, which means: no snapshot is open. The list is locked by the caller. */
static struct mln_lmdb_txn *lock_readers(struct mln_lmdb *l)
{
    /* the wall clock, since ThreadSanitizer does not see locks taken by the other one */
    int64_t until_us = mln_env_now_us(mln_env_system()) + WAIT_US;
    struct timespec until = {
        .tv_sec = until_us / MLN_US_PER_S,
        .tv_nsec = until_us % MLN_US_PER_S * 1000,
    };
    struct mln_lmdb_txn *r;

    for (r = l->readers; r; r = r->next) {
        if (pthread_mutex_timedlock(&r->lock, &until) != 0) {
            break;
        }
        if (r->mdb) {
            mdb_txn_abort(r->mdb);
            r->mdb = NULL;
        }
    }
    return r;
}

mln_err mln_lmdb_env_reopen(struct mln_lmdb *l)
{
    mln_err err = MLN_ERROR(STORE_IO);
    struct mln_lmdb_txn *busy;

    (void)pthread_mutex_lock(&l->lock);
    busy = lock_readers(l);
    if (!busy) {
        err = open_again(l);
    }
    for (struct mln_lmdb_txn *r = l->readers; r != busy; r = r->next) {
        (void)pthread_mutex_unlock(&r->lock);
    }
    (void)pthread_mutex_unlock(&l->lock);
    return err;
}
