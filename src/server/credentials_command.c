/* Shared by `merlon key` and `merlon issuer`. */
#include "server/credentials_command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/files.h"
#include "server/exit.h"
#include "server/privileges.h"

static mln_err check_directory(const char *data, bool makes_directory, struct mln_fault *fault)
{
    struct stat st;

    if (makes_directory) {
        return mln_file_make_directory(data, fault);
    }
    if (stat(data, &st) != 0 || !S_ISDIR(st.st_mode)) {
        mln_fault_set(fault, "%s is no directory", data);
        MLN_FAIL(NOT_FOUND);
    }
    return MLN_OK;
}

mln_err mln_credentials_of_place(const struct mln_credentials_place *place, bool makes_directory,
                                 struct mln_fault *fault, struct mln_credentials **ret)
{
    const struct mln_credentials_options options = { place->data, place->master_key };

    MLN_TRY(mln_harden(fault));
    MLN_TRY(check_directory(place->data, makes_directory, fault));
    return mln_credentials_open(&options, mln_env_system(), fault, ret);
}

void mln_credentials_closep(struct mln_credentials **credentials)
{
    mln_credentials_close(*credentials);
    *credentials = NULL;
}

/* Into `room`, until the end or until it is full. Bytes read, or -1. */
static ssize_t read_all(int fd, unsigned char *room, size_t size)
{
    size_t len = 0;

    while (len < size) {
        ssize_t n = read(fd, room + len, size - len);

        if (n < 0 && errno != EINTR) {
            return -1;
        }
        if (n == 0) {
            break;
        }
        len += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)len;
}

static mln_err read_open(int fd, const char *name, size_t max, struct mln_fault *fault,
                         struct mln_secret **ret)
{
    MLN_CLEANUP(mln_secret_freep) struct mln_secret *room = mln_secret_new(max + 1);
    ssize_t len;

    MLN_REQUIRE(room, NO_MEMORY);
    len = read_all(fd, mln_secret_room(room), max + 1);
    if (len < 0) {
        mln_fault_set(fault, "cannot read %s: %s", name, strerror(errno));
        MLN_FAIL(SYSTEM);
    }
    if (len == 0 || (size_t)len > max) {
        mln_fault_set(fault, len ? "%s is larger than %zu bytes" : "%s is empty", name, max);
        MLN_FAIL(CONFIG);
    }
    *ret = mln_secret_of(mln_secret_bytes(room), (size_t)len);
    MLN_REQUIRE(*ret, NO_MEMORY);
    return MLN_OK;
}

mln_err mln_secret_read(const char *path, size_t max, struct mln_fault *fault,
                        struct mln_secret **ret)
{
    bool is_standard = strcmp(path, "-") == 0;
    int fd = is_standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    mln_err err;

    if (fd < 0) {
        mln_fault_set(fault, "cannot open %s: %s", path, strerror(errno));
        MLN_FAIL(SYSTEM);
    }
    err = read_open(fd, is_standard ? "standard input" : path, max, fault, ret);
    if (!is_standard) {
        (void)close(fd);
    }
    return err;
}

bool mln_secret_print(const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len) {
        ssize_t n = write(STDOUT_FILENO, at, len);

        if (n < 0 && errno != EINTR) {
            return false;
        }
        at += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

int mln_credentials_fail(const char *command, mln_err err, const struct mln_fault *fault)
{
    (void)fprintf(stderr, "merlon %s: %s\n", command,
                  fault->text[0] ? fault->text : mln_err_text(err));
    return (int)mln_exit_of(err);
}
