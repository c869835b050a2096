/* Making a store from a backup.
 *
 * Only resources and records are in a backup. The index rows are made anew, in a store that
 * nobody sees until it has been checked. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/admin.h"
#include "store/frame.h"
#include "store/store_int.h"

enum {
    ROWS_PER_TXN = 50000,
    BYTES_PER_TXN = 64 << 20,
    SCRATCH_MAX = 256 << 20,
};

struct restore {
    struct mln_store store;
    struct mln_view view;
    struct mln_frame_reader frames;
    struct mln_fault *fault;
};

/* ---- rows ---- */

static mln_err add_resource(struct restore *r, const struct mln_kv_row *row)
{
    struct mln_raw raw;
    mln_err err;

    MLN_REQUIRE(row->key.len == 8, STORE_CORRUPT);
    MLN_TRY(mln_raw_decode(mln_key_u64_at(row->key, 0), row->value, &raw));
    mln_arena_reset(r->store.scratch);
    err = mln_write_new(&r->view, &raw);
    return err.code == MLN_ERR_CONFLICT ? MLN_ERROR(STORE_CORRUPT) : err;
}

static mln_err add_record(struct restore *r, const struct mln_kv_row *row)
{
    r->view.rows++;
    r->view.bytes += row->value.len;
    return mln_kv_put(r->view.txn, MLN_TABLE_REC, row, 0);
}

static mln_err begin(struct restore *r)
{
    r->view = (struct mln_view){ .store = &r->store };
    return mln_kv_begin(r->store.kv, &r->view.txn);
}

static mln_err end(struct restore *r, mln_err err)
{
    struct mln_kv_txn *txn = r->view.txn;

    r->view.txn = NULL;
    if (mln_failed(err)) {
        r->store.kv->ops->abort(txn);
        return err;
    }
    return mln_kv_commit(txn);
}

/* Fills one transaction. *ret_more: the backup has not ended. */
static mln_err add_some(struct restore *r, bool *ret_more)
{
    *ret_more = true;
    while (r->view.rows < ROWS_PER_TXN && r->view.bytes < BYTES_PER_TXN) {
        enum mln_table table;
        struct mln_kv_row row;
        mln_err err = mln_frame_next(&r->frames, &table, &row);

        if (err.code == MLN_ERR_NOT_FOUND) {
            *ret_more = false;
            return MLN_OK;
        }
        MLN_TRY(err);
        MLN_TRY(table == MLN_TABLE_RES ? add_resource(r, &row) : add_record(r, &row));
    }
    return MLN_OK;
}

static mln_err add_all(struct restore *r)
{
    bool has_more = true;

    while (has_more) {
        MLN_TRY(begin(r));
        MLN_TRY(end(r, add_some(r, &has_more)));
    }
    return MLN_OK;
}

/* ---- the file ---- */

static mln_err read_head(struct restore *r, int fd, const char *file)
{
    struct stat st;
    uint32_t format;
    mln_err err;

    MLN_REQUIRE(fstat(fd, &st) == 0, STORE_IO);
    err = mln_frame_open(&r->frames, fd, (uint64_t)st.st_size, &format);
    if (err.code == MLN_ERR_STORE_CORRUPT) {
        mln_fault_set(r->fault, "%s is not a backup of a store", file);
    }
    MLN_TRY(err);
    if (format > MLN_STORE_FORMAT) {
        mln_fault_set(r->fault, "%s has data format %u, this program knows formats up to %d", file,
                      format, MLN_STORE_FORMAT);
        MLN_FAIL(STORE_VERSION);
    }
    MLN_REQUIRE(format == MLN_STORE_FORMAT, STORE_CORRUPT);
    return MLN_OK;
}

static void keep_first(void *data, const char *text)
{
    mln_fault_set(data, "the backup is not in order: %s", text);
}

static mln_err fill(struct restore *r, int fd, const char *file)
{
    uint64_t faults;
    mln_err err;

    MLN_TRY(read_head(r, fd, file));
    err = add_all(r);
    if (err.code == MLN_ERR_STORE_CORRUPT) {
        mln_fault_set(r->fault, "%s is damaged or cut short", file);
    }
    MLN_TRY(err);
    MLN_TRY(mln_store_check(&r->store, keep_first, r->fault, &faults));
    MLN_REQUIRE(faults == 0, STORE_CORRUPT);
    return MLN_OK;
}

/* ---- the store ---- */

static mln_err build(struct restore *r, const struct mln_kv_options *options,
                     const struct mln_kv_ops *ops, int fd, const char *file)
{
    mln_err err;

    r->store.scratch = mln_arena_new(SCRATCH_MAX);
    MLN_REQUIRE(r->store.scratch, NO_MEMORY);
    MLN_TRY(ops->open(options, r->fault, &r->store.kv));
    err = fill(r, fd, file);
    if (mln_failed(err)) {
        ops->close(r->store.kv);
        return err;
    }
    return ops->publish(r->store.kv, r->fault);
}

mln_err mln_store_restore(const char *file, const struct mln_store_options *options,
                          const struct mln_env *env, struct mln_fault *fault)
{
    struct restore r = { .store = { .env = env }, .fault = fault };
    struct mln_kv_options kv_options = {
        .path = options->path,
        .max_bytes = options->max_bytes,
        .is_building = true,
    };
    const struct mln_kv_ops *ops = NULL;
    mln_err err;
    int fd;

    MLN_TRY(mln_kv_find(options->backend, fault, &ops));
    if (!ops->publish) {
        mln_fault_set(fault, "store backend \"%s\" keeps no files to restore", ops->name);
        MLN_FAIL(CONFIG);
    }
    fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        mln_fault_set(fault, "cannot open %s: %s", file, strerror(errno));
        MLN_FAIL(SYSTEM);
    }
    err = build(&r, &kv_options, ops, fd, file);
    mln_frame_reader_done(&r.frames);
    mln_arena_free(r.store.scratch);
    (void)close(fd);
    return err;
}
