/* Tests of files of secrets. */
#include "crypto/files.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[64];
static char path[128];
static char fresh[128];

static int up(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof directory, "/tmp/merlon-files-XXXXXX");
    if (!mkdtemp(directory)) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/file", directory);
    (void)snprintf(fresh, sizeof fresh, "%s/file.new", directory);
    return 0;
}

static int down(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(fresh);
    return rmdir(directory);
}

static void assert_content(const char *want)
{
    struct mln_secret *content = NULL;

    assert_false(mln_failed(mln_file_read(path, 1000, NULL, &content)));
    assert_non_null(content);
    assert_int_equal(mln_secret_len(content), strlen(want));
    assert_memory_equal(mln_secret_bytes(content), want, strlen(want));
    mln_secret_free(content);
}

static void assert_error(mln_err err, enum mln_err_code want)
{
    assert_string_equal(mln_err_name(err), mln_err_name((mln_err){ want }));
}

static void replaces(void **state)
{
    struct mln_fault fault = { 0 };
    struct stat st;

    (void)state;
    assert_false(mln_failed(mln_file_replace(path, MLN_S("one"), &fault)));
    assert_content("one");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_false(mln_failed(mln_file_replace(path, MLN_S("another"), &fault)));
    assert_content("another");
    assert_int_equal(access(fresh, F_OK), -1);
}

static void creates_only_what_is_not_there(void **state)
{
    struct mln_fault fault = { 0 };

    (void)state;
    assert_false(mln_failed(mln_file_create(path, MLN_S("one"), &fault)));
    assert_error(mln_file_create(path, MLN_S("two"), &fault), MLN_ERR_CONFLICT);
    assert_non_null(strstr(fault.text, path));
    assert_content("one");
    assert_int_equal(access(fresh, F_OK), -1);
}

/* What a crash left behind, or somebody else put there, does no harm. */
static void clears_what_is_in_the_way(void **state)
{
    char victim[128];

    (void)state;
    (void)snprintf(victim, sizeof victim, "%s/victim", directory);
    assert_int_equal(symlink(victim, fresh), 0);
    assert_false(mln_failed(mln_file_replace(path, MLN_S("one"), NULL)));
    assert_int_equal(access(victim, F_OK), -1);
    assert_content("one");
}

static void makes_a_directory(void **state)
{
    struct mln_fault fault = { 0 };
    struct stat st;

    (void)state;
    assert_error(mln_file_make_directory(fresh, &fault), MLN_ERR_NONE);
    assert_int_equal(stat(fresh, &st), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0700);
    assert_int_equal(chmod(fresh, 0750), 0);
    assert_error(mln_file_make_directory(fresh, &fault), MLN_ERR_NONE); /* as it is */
    assert_int_equal(stat(fresh, &st), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0750);
    assert_int_equal(rmdir(fresh), 0);
    assert_error(mln_file_create(fresh, MLN_S("a file"), NULL), MLN_ERR_NONE);
    assert_error(mln_file_make_directory(fresh, &fault), MLN_ERR_SYSTEM);
    assert_non_null(strstr(fault.text, "is no directory"));
    fault = (struct mln_fault){ 0 };
    assert_error(mln_file_make_directory("/nowhere/at/all", &fault), MLN_ERR_NOT_FOUND);
    assert_non_null(strstr(fault.text, "/nowhere/at/all"));
}

/* Two that make one file: what the other is writing neither goes nor gets the name. */
static void leaves_what_is_being_written(void **state)
{
    struct mln_fault fault = { 0 };
    int fd;

    (void)state;
    fd = open(fresh, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_error(mln_file_create(path, MLN_S("two"), &fault), MLN_ERR_SYSTEM);
    assert_non_null(strstr(fault.text, fresh));
    assert_error(mln_file_replace(path, MLN_S("two"), NULL), MLN_ERR_SYSTEM);
    assert_int_equal(access(fresh, F_OK), 0);
    assert_int_equal(access(path, F_OK), -1);
    (void)close(fd); /* its writer is gone: only debris */
    assert_false(mln_failed(mln_file_create(path, MLN_S("two"), NULL)));
    assert_content("two");
    assert_int_equal(access(fresh, F_OK), -1);
}

/* Who makes a file has written it, whoever else tries at the same time. */
static void makes_one_of_many(void **state)
{
    int made = 0;

    (void)state;
    for (int i = 0; i < 8; i++) {
        if (fork() == 0) {
            char c = (char)('a' + i);
            bool is_mine = !mln_failed(mln_file_create(path, mln_slice_of(&c, 1), NULL));
            struct mln_secret *content = NULL;

            if (is_mine && !mln_failed(mln_file_read(path, 10, NULL, &content)) && content &&
                mln_secret_bytes(content)[0] == (unsigned char)c) {
                _exit(1);
            }
            _exit(is_mine ? 2 : 0);
        }
    }
    for (int i = 0; i < 8; i++) {
        int status = -1;

        assert_true(wait(&status) > 0);
        assert_int_not_equal(WEXITSTATUS(status), 2);
        made += WEXITSTATUS(status);
    }
    assert_int_equal(made, 1);
}

static void follows_no_symbolic_link(void **state)
{
    struct mln_fault fault = { 0 };
    struct mln_secret *content = NULL;
    int fd;

    (void)state;
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_error(mln_file_read(path, 10, &fault, &content), MLN_ERR_SYSTEM);
    assert_error(mln_file_lock(path, NULL, &fd), MLN_ERR_SYSTEM);
    assert_null(content);
}

static void bounds_what_it_reads(void **state)
{
    struct mln_fault fault = { 0 };
    struct mln_secret *content = NULL;

    (void)state;
    assert_error(mln_file_read(path, 10, &fault, &content), MLN_ERR_NOT_FOUND);
    assert_false(mln_failed(mln_file_replace(path, MLN_S("12345678901"), NULL)));
    assert_error(mln_file_read(path, 10, &fault, &content), MLN_ERR_LIMIT);
    mln_fault_clear(&fault);
    assert_error(mln_file_read(directory, 1 << 20, &fault, &content), MLN_ERR_CONFIG);
    assert_null(content);
    assert_false(mln_failed(mln_file_replace(path, MLN_S(""), NULL)));
    assert_false(mln_failed(mln_file_read(path, 10, &fault, &content)));
    assert_null(content);
}

static void tells_what_fails(void **state)
{
    struct mln_fault fault = { 0 };
    char long_name[MLN_PATH_MAX];
    char out[MLN_PATH_MAX];

    (void)state;
    assert_error(mln_file_replace("/nowhere/at/all", MLN_S("x"), &fault), MLN_ERR_NOT_FOUND);
    assert_non_null(strstr(fault.text, "/nowhere/at/all"));
    memset(long_name, 'a', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    assert_error(mln_file_path(out, long_name, "x", NULL), MLN_ERR_CONFIG);
    assert_false(mln_failed(mln_file_path(out, "/d", "x", NULL)));
    assert_string_equal(out, "/d/x");
}

/* In a child: holds the lock until it is told to go on, then writes and ends. */
static void hold_and_write(int ready, int go)
{
    char byte;
    int fd;
    bool ok = !mln_failed(mln_file_lock(path, NULL, &fd)) && write(ready, "r", 1) == 1 &&
              read(go, &byte, 1) == 1 && pwrite(fd, "done", 4, 0) == 4;

    _exit(ok ? 0 : 1);
}

static void lets_one_in_at_a_time(void **state)
{
    int ready[2];
    int go[2];
    int status;
    int fd;
    pid_t child;
    char byte;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        hold_and_write(ready[1], go[0]);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
    (void)close(fd);
    assert_int_equal(write(go[1], "g", 1), 1);
    assert_false(mln_failed(mln_file_lock(path, NULL, &fd)));
    assert_content("done");
    (void)close(fd);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    for (size_t i = 0; i < 2; i++) {
        (void)close(ready[i]);
        (void)close(go[i]);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(replaces),
        T(creates_only_what_is_not_there),
        T(clears_what_is_in_the_way),
        T(makes_a_directory),
        T(leaves_what_is_being_written),
        T(makes_one_of_many),
        T(follows_no_symbolic_link),
        T(bounds_what_it_reads),
        T(tells_what_fails),
        T(lets_one_in_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
