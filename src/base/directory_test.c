/* Tests of directories. */
#include "base/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/merlon-directory-XXXXXX";
static char path[64];

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "%s/d", mkdtemp(folder) ? folder : "");
    return path[0] == '/' && path[1] == 't' ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void makes_what_is_missing(void **state)
{
    struct stat st;
    bool made = false;

    (void)state;
    assert_true(mln_directory_make(path, &made));
    assert_true(made);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0700);
    assert_int_equal(chmod(path, 0750), 0);
    assert_true(mln_directory_make(path, &made)); /* as it is */
    assert_false(made);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0750);
    assert_int_equal(rmdir(path), 0);
}

static void tells_why_not(void **state)
{
    static char long_name[5000];
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool made = true;

    (void)state;
    assert_true(fd >= 0);
    assert_false(mln_directory_make(path, &made));
    assert_false(made);
    assert_int_equal(errno, EEXIST);
    assert_false(mln_directory_sync(path));
    assert_int_equal(errno, ENOTDIR);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("nowhere", path), 0);
    assert_false(mln_directory_make(path, &made));
    assert_int_equal(errno, EEXIST);
    assert_int_equal(unlink(path), 0);
    assert_false(mln_directory_make("/nowhere/at/all", &made));
    assert_int_equal(errno, ENOENT);
    assert_false(mln_directory_sync("/nowhere/at/all"));
    assert_int_equal(errno, ENOENT);
    memset(long_name, 'a', sizeof long_name - 1);
    assert_false(mln_directory_make(long_name, &made));
    assert_int_equal(errno, ENAMETOOLONG);
    assert_int_equal(close(fd), 0);
}

static void syncs(void **state)
{
    (void)state;
    assert_true(mln_directory_sync(folder));
    assert_true(mln_directory_sync("/proc")); /* which has nothing to make durable */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_what_is_missing),
        cmocka_unit_test(tells_why_not),
        cmocka_unit_test(syncs),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
