/* A full disk: writes are refused, reads go on, a restart works, and when there is room again so
 * do writes.
 *
 * Once with a limit on the size of files, once, for root, on a small file system in memory. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"
#include "tempdir.h"

enum {
    MOST = 20000,
    FILE_LIMIT = 300000,
    DISK = 1 << 20,
    BALLAST = 200000,
};

struct creation {
    struct fixture *f;
    uint64_t id;
};

static mln_err create(struct mln_write *write, struct mln_view *view, void *data)
{
    struct creation *c = data;
    struct mln_resource r = suite_make(c->f, write, NULL, 9, "");

    (void)view;
    c->id = r.id;
    return mln_store_put(write, NULL, &r);
}

static mln_err try_create(struct fixture *f, uint64_t *ret_id)
{
    struct creation c = { f, 0 };
    mln_err err = suite_job(f, create, &c);

    *ret_id = c.id;
    return err;
}

static size_t fill(struct fixture *f, uint64_t *ids)
{
    size_t count = 0;
    mln_err err;

    while (!mln_failed(err = try_create(f, &ids[count]))) {
        assert_true(++count < MOST);
    }
    assert_err(err, STORE_FULL);
    return count;
}

static void assert_readable(struct fixture *f, const uint64_t *ids, size_t count)
{
    struct mln_resource r;

    for (size_t i = 0; i < count; i++) {
        assert_ok(suite_get(f, ids[i], &r));
    }
    suite_check(f);
}

static void assert_still_full(struct fixture *f)
{
    struct mln_resource r;
    uint64_t id;

    for (int i = 0; i < 20; i++) {
        assert_err(try_create(f, &id), STORE_FULL);
        assert_err(suite_get(f, id, &r), NOT_FOUND);
    }
}

static void assert_writable(struct fixture *f)
{
    struct mln_resource r;
    uint64_t id;

    for (int i = 0; i < 50; i++) {
        assert_ok(try_create(f, &id));
        assert_ok(suite_get(f, id, &r));
    }
    suite_check(f);
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_limit_on_the_file_refuses_writes_only(void **state)
{
    static uint64_t ids[MOST];
    struct fixture *f = *state;
    size_t count;

    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    limit_file_size(FILE_LIMIT);
    count = fill(f, ids);
    assert_true(count > 100);
    assert_still_full(f);
    limit_file_size(RLIM_INFINITY); /* the check of the store writes nothing, but tests may */
    assert_readable(f, ids, count);
    limit_file_size(FILE_LIMIT);
    suite_reopen(f); /* starts although nothing can be written */
    assert_still_full(f);
    limit_file_size(RLIM_INFINITY);
    assert_readable(f, ids, count);
    assert_writable(f);
}

/* ---- a small file system ---- */

static char mounted[2][600]; /* unmounted at the end of the program */
static size_t mounts;

static bool mount_small(const char *path)
{
    char size[32];

    (void)snprintf(size, sizeof size, "size=%d", DISK);
    (void)snprintf(mounted[mounts++], sizeof mounted[0], "%s", path);
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mkdir(path, 0700) == 0 && mount("merlon", path, "tmpfs", 0, size) == 0;
}

static void make_file(const char *path, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    static char bytes[4096];

    assert_true(fd >= 0);
    while (len) {
        size_t n = len < sizeof bytes ? len : sizeof bytes;

        if (write(fd, bytes, n) != (ssize_t)n) {
            assert_int_equal(errno, ENOSPC);
            break;
        }
        len -= n;
    }
    (void)close(fd);
}

static void reopen_in(struct fixture *f, const char *directory)
{
    (void)snprintf(f->path, sizeof f->path, "%.500s/store", directory);
    suite_reopen(f);
}

static void a_full_disk_refuses_writes_only(void **state)
{
    static uint64_t ids[MOST];
    struct fixture *f = *state;
    char disk[600];
    char ballast[700];
    size_t count;

    (void)snprintf(disk, sizeof disk, "%.500s-disk", f->path);
    (void)snprintf(ballast, sizeof ballast, "%s/ballast", disk);
    if (!mount_small(disk)) {
        print_message("not allowed to mount a small disk\n");
        skip();
    }
    make_file(ballast, BALLAST);
    reopen_in(f, disk);
    count = fill(f, ids);
    assert_true(count > 100);
    assert_still_full(f);
    assert_readable(f, ids, count);
    suite_reopen(f); /* starts on a full disk */
    assert_readable(f, ids, count);
    assert_still_full(f);
    assert_int_equal(unlink(ballast), 0);
    assert_writable(f);
    assert_readable(f, ids, count);
}

static void a_new_store_on_a_full_disk_is_refused(void **state)
{
    struct fixture *f = *state;
    struct mln_fault fault = { "" };
    struct mln_store *store = NULL;
    struct mln_store_options options = f->options;
    char disk[600];
    char path[700];
    mln_err err;

    (void)snprintf(disk, sizeof disk, "%.500s-disk2", f->path);
    if (!mount_small(disk)) {
        skip();
    }
    (void)snprintf(path, sizeof path, "%s/store", disk);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/ballast", disk);
    make_file(path, DISK);
    (void)snprintf(path, sizeof path, "%s/store", disk);
    options.path = path;
    err = mln_store_open(&options, mln_env_system(), &fault, &store);
    assert_err(err, STORE_FULL);
    assert_true(fault.text[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, suite_setup, suite_teardown)
        T(a_limit_on_the_file_refuses_writes_only),
        T(a_full_disk_refuses_writes_only),
        T(a_new_store_on_a_full_disk_is_refused),
#undef T
    };
    char directory[TEMPDIR_SIZE];
    int failed;

    tempdir_make(directory);
    suite_backend = "lmdb";
    suite_directory = directory;
    failed = cmocka_run_group_tests_name("full", tests, NULL, NULL);
    while (mounts) {
        (void)umount2(mounted[--mounts], MNT_DETACH);
    }
    tempdir_remove(directory);
    return failed != 0;
}
