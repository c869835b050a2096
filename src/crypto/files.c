/* Files of secrets. */
#include "crypto/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"

mln_err mln_file_error(struct mln_fault *fault, const char *what, const char *path)
{
    int failure = errno;

    mln_fault_set(fault, "cannot %s %s: %s", what, path, strerror(failure));
    if (failure == ENOENT) {
        MLN_FAIL(NOT_FOUND);
    }
    if (failure == EEXIST) {
        MLN_FAIL(CONFLICT);
    }
    return failure == ENOSPC || failure == EDQUOT ? MLN_ERROR(STORE_FULL) : MLN_ERROR(SYSTEM);
}

mln_err mln_file_path(char out[static MLN_PATH_MAX], const char *directory, const char *name,
                      struct mln_fault *fault)
{
    int len = snprintf(out, MLN_PATH_MAX, "%s/%s", directory, name);

    if (len <= 0 || len >= MLN_PATH_MAX) {
        mln_fault_set(fault, "the path of %s is too long", name);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

/* ---- reading ---- */

bool mln_file_fill(int fd, void *out, size_t len)
{
    char *at = out;

    while (len) {
        ssize_t n = read(fd, at, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            errno = n < 0 ? errno : EIO; /* shorter than it was when we looked */
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static mln_err read_open(int fd, const char *path, size_t max, struct mln_fault *fault,
                         struct mln_secret **ret)
{
    struct mln_secret *content = NULL;
    struct stat st;
    size_t size;

    if (fstat(fd, &st) != 0) {
        return mln_file_error(fault, "read", path);
    }
    if (!S_ISREG(st.st_mode)) {
        mln_fault_set(fault, "%s is no regular file", path);
        MLN_FAIL(CONFIG);
    }
    size = (size_t)st.st_size;
    if (size > max) {
        mln_fault_set(fault, "%s is larger than %zu bytes", path, max);
        MLN_FAIL(LIMIT);
    }
    content = size ? mln_secret_new(size) : NULL;
    MLN_REQUIRE(content || size == 0, NO_MEMORY);
    if (content && !mln_file_fill(fd, mln_secret_room(content), size)) {
        mln_secret_free(content);
        return mln_file_error(fault, "read", path);
    }
    *ret = content;
    return MLN_OK;
}

mln_err mln_file_read(const char *path, size_t max, struct mln_fault *fault,
                      struct mln_secret **ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    mln_err err;

    if (fd < 0) {
        return mln_file_error(fault, "open", path);
    }
    err = read_open(fd, path, max, fault, ret);
    (void)close(fd);
    return err;
}

/* ---- writing ---- */

static mln_err directory_of(char out[static MLN_PATH_MAX], const char *path,
                            struct mln_fault *fault)
{
    const char *slash = strrchr(path, '/');
    int len = slash ? snprintf(out, MLN_PATH_MAX, "%.*s/", (int)(slash - path), path)
                    : snprintf(out, MLN_PATH_MAX, "./");

    if (len <= 0 || len >= MLN_PATH_MAX) {
        mln_fault_set(fault, "the path %s is too long", path);
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

/* Gives a file that root makes to the owner of its directory. */
static bool give_to_owner(int fd, const char *path)
{
    char directory[MLN_PATH_MAX];
    struct stat st;

    if (geteuid() != 0) {
        return true;
    }
    return !mln_failed(directory_of(directory, path, NULL)) && stat(directory, &st) == 0 &&
           fchown(fd, st.st_uid, st.st_gid) == 0;
}

static bool write_all(int fd, struct mln_slice content)
{
    while (content.len) {
        ssize_t n = write(fd, content.ptr, content.len);

        if (n < 0 && errno != EINTR) {
            return false;
        }
        content = mln_slice_from(content, n > 0 ? (size_t)n : 0);
    }
    return true;
}

static mln_err sync_directory(const char *path, struct mln_fault *fault)
{
    char directory[MLN_PATH_MAX];

    MLN_TRY(directory_of(directory, path, fault));
    return mln_directory_sync(directory) ? MLN_OK : mln_file_error(fault, "make durable", path);
}

/* Takes what an earlier crash left out of the way; not what somebody else is writing now. */
static bool clear(const char *path)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool is_free = fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0;

    if (is_free) {
        (void)unlink(path);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_free;
}

/* A new file that nobody clears while it is open. -1 with errno. */
static int open_new(const char *path)
{
    struct stat st;
    int fd = -1;

    errno = EBUSY;
    if (clear(path)) {
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    }
    if (fd >= 0 && (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &st) != 0 || st.st_nlink == 0)) {
        (void)close(fd); /* cleared before we had the lock */
        errno = EBUSY;
        return -1;
    }
    return fd;
}

/* Writes "path.new", durably; *ret_fd is closed when it has got its name. */
static mln_err write_new(char out[static MLN_PATH_MAX], const char *path, struct mln_slice content,
                         struct mln_fault *fault, int *ret_fd)
{
    int len = snprintf(out, MLN_PATH_MAX, "%s.new", path);
    int fd;

    MLN_REQUIRE(len > 0 && len < MLN_PATH_MAX, CONFIG);
    fd = open_new(out);
    if (fd < 0) {
        return mln_file_error(fault, "write", out);
    }
    if (!write_all(fd, content) || !give_to_owner(fd, out) || fsync(fd) != 0) {
        mln_err err = mln_file_error(fault, "write", out);

        (void)unlink(out);
        (void)close(fd);
        return err;
    }
    *ret_fd = fd;
    return MLN_OK;
}

mln_err mln_file_create(const char *path, struct mln_slice content, struct mln_fault *fault)
{
    char fresh[MLN_PATH_MAX];
    mln_err err = MLN_OK;
    int fd;

    MLN_TRY(write_new(fresh, path, content, fault, &fd));
    if (link(fresh, path) != 0) {
        err = mln_file_error(fault, "make", path);
    }
    (void)unlink(fresh);
    (void)close(fd);
    MLN_TRY(err);
    return sync_directory(path, fault);
}

mln_err mln_file_replace(const char *path, struct mln_slice content, struct mln_fault *fault)
{
    char fresh[MLN_PATH_MAX];
    mln_err err = MLN_OK;
    int fd;

    MLN_TRY(write_new(fresh, path, content, fault, &fd));
    if (rename(fresh, path) != 0) {
        err = mln_file_error(fault, "replace", path);
        (void)unlink(fresh);
    }
    (void)close(fd);
    MLN_TRY(err);
    return sync_directory(path, fault);
}

mln_err mln_file_make_directory(const char *path, struct mln_fault *fault)
{
    bool is_made;

    if (mln_directory_make(path, &is_made)) {
        return MLN_OK;
    }
    if (errno == EEXIST) {
        mln_fault_set(fault, "%s is no directory", path);
        MLN_FAIL(SYSTEM);
    }
    return mln_file_error(fault, "make", path);
}

/* A lock file that root makes in the directory of somebody else is for its owner too. One that is
 * there already stays as it is: the owner may have put anything in its place. */
static int open_lock(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd >= 0) {
        (void)give_to_owner(fd, path); /* reading needs no lock */
        return fd;
    }
    return errno == EEXIST ? open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC) : -1;
}

mln_err mln_file_lock(const char *path, struct mln_fault *fault, int *ret_fd)
{
    int fd = open_lock(path);

    if (fd < 0) {
        return mln_file_error(fault, "open", path);
    }
    while (flock(fd, LOCK_EX) != 0) {
        if (errno != EINTR) {
            mln_err err = mln_file_error(fault, "lock", path);

            (void)close(fd);
            return err;
        }
    }
    *ret_fd = fd;
    return MLN_OK;
}

/* ---- files that people have put there ---- */

static mln_err cannot(const char *path, const char *why, struct mln_fault *fault)
{
    mln_fault_set(fault, "%s: %s", path, why);
    MLN_FAIL(CONFIG);
}

/* A private key that others can read or change is none. */
static mln_err check_given(const char *path, size_t max, const struct stat *st, bool is_key,
                           struct mln_fault *fault)
{
    if (!S_ISREG(st->st_mode)) {
        return cannot(path, "is no file", fault);
    }
    if (st->st_size < 0 || (size_t)st->st_size > max) {
        return cannot(path, "is too large", fault);
    }
    if (is_key && (st->st_mode & (S_IRWXO | S_IWGRP)) != 0) {
        return cannot(path,
                      "others can read or change this private key: let only their owner (and "
                      "a group for reading) have it, as with chmod 0600",
                      fault);
    }
    return MLN_OK;
}

static mln_err read_all(int fd, const char *path, struct mln_secret *into, struct mln_fault *fault)
{
    unsigned char *at = mln_secret_room(into);
    size_t left = mln_secret_len(into);

    while (left) {
        ssize_t n = read(fd, at, left);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return cannot(path, n < 0 ? strerror(errno) : "has changed while it was read", fault);
        }
        at += n;
        left -= (size_t)n;
    }
    return MLN_OK;
}

static mln_err read_given(int fd, const char *path, size_t max, bool is_key,
                          struct mln_fault *fault, struct mln_secret **ret)
{
    struct stat st;
    struct mln_secret *bytes;
    mln_err err;

    if (fstat(fd, &st) != 0) {
        return cannot(path, strerror(errno), fault);
    }
    MLN_TRY(check_given(path, max, &st, is_key, fault));
    if (st.st_size == 0) {
        return cannot(path, "is empty", fault);
    }
    bytes = mln_secret_new((size_t)st.st_size);
    MLN_REQUIRE(bytes, NO_MEMORY);
    err = read_all(fd, path, bytes, fault);
    if (mln_failed(err)) {
        mln_secret_free(bytes);
        return err;
    }
    *ret = bytes;
    return MLN_OK;
}

mln_err mln_file_read_given(const char *path, size_t max, bool is_key, struct mln_fault *fault,
                            struct mln_secret **ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    mln_err err;

    if (fd < 0) {
        return cannot(path, strerror(errno), fault);
    }
    err = read_given(fd, path, max, is_key, fault, ret);
    (void)close(fd);
    return err;
}
