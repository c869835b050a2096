/* Directory and lock files of an LMDB store. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/num.h"
#include "store/lmdb/lmdb_int.h"

enum { PATH_MAX_BYTES = 4096 };

static mln_err join(char *out, const char *directory, const char *name)
{
    int len = snprintf(out, PATH_MAX_BYTES, "%s%s", directory, name);

    MLN_REQUIRE(len > 0 && len < PATH_MAX_BYTES, SYSTEM);
    return MLN_OK;
}

static mln_err system_error(struct mln_fault *fault, const char *what, const char *path)
{
    int failure = errno;

    mln_fault_set(fault, "cannot %s %s: %s", what, path, strerror(failure));
    return failure == ENOSPC || failure == EDQUOT ? MLN_ERROR(STORE_FULL) : MLN_ERROR(SYSTEM);
}

/* ---- directory ---- */

mln_err mln_lmdb_make_directory(const char *directory, struct mln_fault *fault, bool *ret_made)
{
    if (mln_directory_make(directory, ret_made)) {
        return MLN_OK;
    }
    if (errno == EEXIST) {
        mln_fault_set(fault, "%s is not a directory", directory);
        MLN_FAIL(SYSTEM);
    }
    return system_error(fault, "make directory", directory);
}

/* ---- who has the store ---- */

/* The process id in the lock file, 0 when there is none. */
static uint64_t read_pid(int fd)
{
    char text[32];
    ssize_t n = pread(fd, text, sizeof text, 0);
    struct mln_slice rest = mln_slice_of(text, n > 0 ? (size_t)n : 0);
    uint64_t pid;

    return mln_num_u64(mln_slice_trim(mln_slice_cut(&rest, '\n')), &pid) ? pid : 0;
}

/* Only for the message that a second process gets. Always as long, so that it overwrites what an
 * earlier process left, on a full disk too. False when it cannot be written. */
static bool write_pid(int fd)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%-19ld\n", (long)getpid());

    return len > 0 && pwrite(fd, text, (size_t)len, 0) == len;
}

static void tell_who(struct mln_fault *fault, const char *directory, uint64_t pid)
{
    if (pid == (uint64_t)getpid()) {
        mln_fault_set(fault, "the store in %s is open in this process already", directory);
    } else if (pid) {
        mln_fault_set(fault, "the store in %s is in use by process %llu", directory,
                      (unsigned long long)pid);
    } else {
        mln_fault_set(fault, "the store in %s is in use by another process", directory);
    }
}

/* Has the file been taken away between our opening and locking it? */
static bool is_gone(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

static mln_err lock_file(const char *directory, const char *path, struct mln_fault *fault,
                         int *ret_fd)
{
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0) {
        return system_error(fault, "open", path);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        mln_err err =
            errno == EWOULDBLOCK ? MLN_ERROR(STORE_IN_USE) : system_error(fault, "lock", path);

        if (err.code == MLN_ERR_STORE_IN_USE) {
            tell_who(fault, directory, read_pid(fd));
        }
        (void)close(fd);
        return err;
    }
    *ret_fd = fd;
    return MLN_OK;
}

mln_err mln_lmdb_lock(const char *directory, struct mln_fault *fault, int *ret_fd)
{
    char path[PATH_MAX_BYTES];
    int fd;

    MLN_TRY(join(path, directory, "/store.lock"));
    MLN_TRY(lock_file(directory, path, fault, &fd));
    while (is_gone(fd)) {
        (void)close(fd);
        MLN_TRY(lock_file(directory, path, fault, &fd));
    }
    (void)write_pid(fd); /* a full disk must not keep us from starting */
    *ret_fd = fd;
    return MLN_OK;
}

void mln_lmdb_unlock_for_ever(const char *directory, int fd)
{
    char path[PATH_MAX_BYTES];

    if (!mln_failed(join(path, directory, "/store.lock"))) {
        (void)unlink(path);
    }
    (void)close(fd);
}

/* ---- LMDB's lock file ---- */

mln_err mln_lmdb_reserve_lock_file(const char *data_file, struct mln_fault *fault)
{
    enum { SIZE = 64 << 10 }; /* a thousand readers of 64 bytes */
    char path[PATH_MAX_BYTES];
    struct stat st;
    int fd;
    int rc;

    MLN_TRY(join(path, data_file, "-lock"));
    fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return system_error(fault, "open", path);
    }
    rc = fstat(fd, &st) == 0 ? 0 : errno;
    if (rc == 0) {
        rc = posix_fallocate(fd, 0, st.st_size ? st.st_size : SIZE);
    }
    (void)close(fd);
    errno = rc;
    if (rc != 0 && rc != EOPNOTSUPP && rc != EINVAL) {
        return system_error(fault, "reserve", path);
    }
    return MLN_OK;
}
