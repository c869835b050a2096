/* Writing a backup: the resources and records of one view, as frames. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/directory.h"
#include "store/admin.h"
#include "store/frame.h"
#include "store/store_int.h"

static mln_err write_table(struct mln_frame_writer *w, struct mln_view *view, enum mln_table table)
{
    MLN_CLEANUP(mln_kv_cursor_freep) struct mln_kv_cursor *cursor = NULL;
    struct mln_kv_row row;
    mln_err err;

    MLN_TRY(mln_kv_cursor(view->txn, table, &cursor));
    err = mln_kv_seek(cursor, MLN_S("\0"), false, &row);
    while (!mln_failed(err)) {
        MLN_TRY(mln_frame_row(w, table, &row));
        err = mln_kv_step(cursor, false, &row);
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err write_frames(struct mln_view *view, int fd)
{
    struct mln_frame_writer w;
    mln_err err = mln_frame_begin(&w, fd, MLN_STORE_FORMAT);

    if (!mln_failed(err)) {
        err = write_table(&w, view, MLN_TABLE_RES);
    }
    if (!mln_failed(err)) {
        err = write_table(&w, view, MLN_TABLE_REC);
    }
    if (!mln_failed(err)) {
        err = mln_frame_end(&w);
    }
    if (!mln_failed(err) && fsync(fd) != 0) {
        err = MLN_ERROR(SYSTEM);
    }
    mln_frame_writer_done(&w);
    return err;
}

static mln_err write_view(struct mln_store *store, int fd)
{
    struct mln_reader *reader;
    struct mln_view *view;
    mln_err err;

    MLN_TRY(mln_reader_new(store, &reader));
    err = mln_view_begin(reader, &view);
    if (!mln_failed(err)) {
        err = write_frames(view, fd);
        mln_view_end(view);
    }
    mln_reader_free(reader);
    return err;
}

/* The name of a file is durable only when its directory is. */
static mln_err sync_parent(const char *file)
{
    const char *slash = strrchr(file, '/');
    char directory[4096];
    int len = snprintf(directory, sizeof directory, "%.*s/", slash ? (int)(slash - file) : 1,
                       slash ? file : ".");

    MLN_REQUIRE(len > 0 && (size_t)len < sizeof directory && mln_directory_sync(directory), SYSTEM);
    return MLN_OK;
}

mln_err mln_store_backup(struct mln_store *store, const char *file, struct mln_fault *fault)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int failure = errno;
    mln_err err;

    if (fd < 0) {
        mln_fault_set(fault, "cannot create %s: %s", file, strerror(failure));
        MLN_FAIL(SYSTEM);
    }
    err = write_view(store, fd);
    failure = errno;
    if (close(fd) != 0 && !mln_failed(err)) {
        failure = errno;
        err = MLN_ERROR(SYSTEM);
    }
    if (!mln_failed(err)) {
        err = sync_parent(file);
        failure = errno;
    }
    if (mln_failed(err)) {
        mln_fault_set(fault, "cannot write %s: %s", file,
                      err.code == MLN_ERR_SYSTEM ? strerror(failure) : mln_err_text(err));
        (void)unlink(file);
    }
    return err;
}
