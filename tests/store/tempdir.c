/* Directories of test programs. */
#include "tempdir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void make_below(const char *base, char out[static TEMPDIR_SIZE])
{
    (void)snprintf(out, TEMPDIR_SIZE, "%s/merlon-store-XXXXXX", base);
    if (!mkdtemp(out)) {
        perror(out);
        exit(2);
    }
}

void tempdir_make(char out[static TEMPDIR_SIZE])
{
    const char *base = getenv("TMPDIR");

    make_below(base ? base : "/tmp", out);
}

void tempdir_make_fast(char out[static TEMPDIR_SIZE])
{
    if (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0) {
        make_below("/dev/shm", out);
    } else {
        tempdir_make(out);
    }
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    (void)remove(path);
    return 0;
}

void tempdir_remove(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
