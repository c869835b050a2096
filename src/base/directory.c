/* Directories. */
#include "base/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

bool mln_directory_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failure;
    bool ret;

    if (fd < 0) {
        return false;
    }
    ret = fsync(fd) == 0 || errno == EINVAL || errno == EROFS; /* or there is no such thing here */
    failure = errno;
    (void)close(fd);
    errno = failure;
    return ret;
}

bool mln_directory_make(const char *path, bool *ret_made)
{
    char parent[PATH_BYTES];
    int len = snprintf(parent, sizeof parent, "%s/..", path);
    struct stat st;

    *ret_made = false;
    if (len < 0 || (size_t)len >= sizeof parent) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (mkdir(path, 0700) == 0) {
        *ret_made = true;
        return mln_directory_sync(parent);
    }
    if (errno != EEXIST) {
        return false;
    }
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        errno = EEXIST;
        return false;
    }
    return true;
}
