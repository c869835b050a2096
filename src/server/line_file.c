/* A file of lines: opened once, appended to by any thread, opened anew for rotation. */
#include "server/line_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

struct mln_line_file {
    const char *name;
    const char *path;
    int fd; /* the same number for ever: reopening puts another file behind it */
    _Atomic uint64_t lost;
    _Atomic bool is_torn; /* the file ends within a line */
};

/* ---- the file ---- */

static mln_err open_file(const char *name, const char *path, struct mln_fault *fault, int *ret)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                  S_IRUSR | S_IWUSR);

    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        mln_fault_set(fault, "%s: %s: %s", name, path,
                      fd < 0 ? strerror(errno) : "not a regular file");
        if (fd >= 0) {
            (void)close(fd);
        }
        MLN_FAIL(SYSTEM);
    }
    *ret = fd;
    return MLN_OK;
}

/* Did the last line that was written get in only in part? Where the file may not be read, nobody
 * knows. */
static bool ends_within_line(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char last = '\n';

    if (fd >= 0) {
        off_t size = lseek(fd, 0, SEEK_END);

        if (size > 0 && pread(fd, &last, 1, size - 1) != 1) {
            last = '\n';
        }
        (void)close(fd);
    }
    return last != '\n';
}

mln_err mln_line_file_open(const struct mln_line_place *place, struct mln_fault *fault,
                           struct mln_line_file **ret)
{
    const char *name = place->name;
    const char *path = place->path;
    const struct mln_run_as *as = place->as;
    struct mln_line_file *f;
    int fd;

    MLN_TRY(open_file(name, path, fault, &fd));
    if (as->is_root && as->uid != 0 && fchown(fd, as->uid, as->gid) != 0) {
        mln_fault_set(fault, "%s: %s: %s", name, path, strerror(errno));
        (void)close(fd);
        MLN_FAIL(SYSTEM);
    }
    f = mln_calloc(1, sizeof *f);
    if (!f) {
        (void)close(fd);
        MLN_FAIL(NO_MEMORY);
    }
    f->name = name;
    f->path = path;
    f->fd = fd;
    f->is_torn = ends_within_line(path);
    *ret = f;
    return MLN_OK;
}

mln_err mln_line_file_reopen(struct mln_line_file *file, struct mln_fault *fault)
{
    int fd;
    bool is_done;

    MLN_TRY(open_file(file->name, file->path, fault, &fd));
    is_done = dup3(fd, file->fd, O_CLOEXEC) >= 0;
    if (!is_done) {
        mln_fault_set(fault, "%s: %s: %s", file->name, file->path, strerror(errno));
    }
    (void)close(fd);
    MLN_REQUIRE(is_done, SYSTEM);
    atomic_store(&file->is_torn, ends_within_line(file->path));
    atomic_store(&file->lost, 0);
    return MLN_OK;
}

void mln_line_file_close(struct mln_line_file *file)
{
    if (file) {
        (void)close(file->fd);
        mln_free(file);
    }
}

uint64_t mln_line_file_lost(const struct mln_line_file *file)
{
    return atomic_load(&file->lost);
}

/* Behind a piece of a line, which a full disk leaves, the next one begins on a line of its own. */
static bool write_line(struct mln_line_file *f, char *room, size_t len)
{
    size_t before = atomic_exchange(&f->is_torn, false);
    ssize_t written;

    room[0] = '\n';
    len += before;
    errno = ENOSPC; /* unless write says otherwise: it wrote less */
    written = write(f->fd, room + 1 - before, len);
    if (written == (ssize_t)len) {
        return true;
    }
    if (written != (ssize_t)before && (before || written > 0)) {
        atomic_store(&f->is_torn, true);
    }
    return false;
}

void mln_line_file_append(struct mln_line_file *file, char *room, size_t len)
{
    if (!write_line(file, room, len) && atomic_fetch_add(&file->lost, 1) == 0) {
        mln_log(MLN_LOG_ERROR, file->name, "lines are lost: %s: %s", file->path, strerror(errno));
    }
}
