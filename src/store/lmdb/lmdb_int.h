/* The LMDB backend's own structs: an environment that can be opened anew while the store lives,
 * its readers and its one writer.
 *
 * A reader holds its lock for as long as its snapshot is open, so that nobody closes the
 * environment under it. */
#pragma once

#include <lmdb.h>
#include <pthread.h>

#include "store/guard.h"
#include "store/kv.h"

struct mln_lmdb_txn {
    struct mln_kv_txn txn;
    struct mln_lmdb *owner;
    MDB_txn *mdb; /* NULL: to be begun */
    /* readers only */
    pthread_mutex_t lock;
    struct mln_lmdb_txn *next;
};

struct mln_lmdb {
    struct mln_kv kv;
    MDB_env *env;            /* NULL after a failed attempt to open it anew */
    struct mln_guard *guard; /* of its map */
    MDB_dbi tables[MLN_TABLES];
    bool is_read_only;
    bool is_building;
    bool is_broken;     /* a failed write of the meta page: LMDB refuses all until reopened */
    uint64_t map_bytes; /* 0: as in the file */
    char *directory;
    char *file;       /* the data file */
    char *final_file; /* its name after publish, when building */
    int lock_fd;      /* our lock file, -1 when read-only */
    bool has_made_directory;
    unsigned begun; /* write transactions, modulo */
    struct mln_lmdb_txn writer;

    pthread_mutex_t lock; /* guards the list */
    struct mln_lmdb_txn *readers;
};

/* LMDB's return code as an error; 0 is success. */
mln_err mln_lmdb_error(int rc);

/* Opens l->env on l->file. Errors: as mln_kv_ops.open. */
mln_err mln_lmdb_env_open(struct mln_lmdb *l, struct mln_fault *fault);

/* Refuses sizes in the meta pages of l->file that would lead LMDB out of its map while it opens it.
 * Errors: STORE_CORRUPT. */
mln_err mln_lmdb_check_metas(const struct mln_lmdb *l, struct mln_fault *fault);

/* Names the map of the open environment to store/guard.h, and LMDB's assertions. */
void mln_lmdb_guard(struct mln_lmdb *l);

/* Closes the environment, if there is one, and takes the guard away. */
void mln_lmdb_env_close(struct mln_lmdb *l);

/* Closes and opens the environment, makes sure that what it says is on disk. Waits a second at
 * most for open snapshots to end. Executor's thread, or the one reader's of a read-only store,
 * outside transactions. Errors: STORE_IO. */
mln_err mln_lmdb_env_reopen(struct mln_lmdb *l);

/* Takes the lock file of the directory for this process, until the descriptor is closed.
 * Errors: STORE_IN_USE, SYSTEM. */
mln_err mln_lmdb_lock(const char *directory, struct mln_fault *fault, int *ret_fd);

/* Takes away the lock file, held by `fd`, of a directory that has got no store. */
void mln_lmdb_unlock_for_ever(const char *directory, int fd);

/* Makes the directory, when missing, and its entry durable. Errors: SYSTEM, STORE_FULL. */
mln_err mln_lmdb_make_directory(const char *directory, struct mln_fault *fault, bool *ret_made);

/* Gives LMDB's own lock file its blocks now: on a full disk a page of it that has none would end
 * the process with SIGBUS. Errors: STORE_FULL, SYSTEM. */
mln_err mln_lmdb_reserve_lock_file(const char *data_file, struct mln_fault *fault);
