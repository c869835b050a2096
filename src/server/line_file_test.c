/* Tests of a file of lines, with those of the audit log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/audit.h"
#include "server/test_event.h"

enum { THREADS = 4, LINES = 200 };

struct folder {
    char name[64];
    char path[80];
    char moved[80];
    struct mln_run_as as;
};

static struct folder folder;

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder.name, sizeof folder.name, "/tmp/merlon-audit-XXXXXX");
    if (!mkdtemp(folder.name)) {
        return -1;
    }
    (void)snprintf(folder.path, sizeof folder.path, "%s/audit", folder.name);
    (void)snprintf(folder.moved, sizeof folder.moved, "%s/audit.1", folder.name);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(folder.path);
    (void)unlink(folder.moved);
    return rmdir(folder.name);
}

static size_t lines_in(const char *path)
{
    FILE *f = fopen(path, "r");
    char line[MLN_AUDIT_LINE + 2];
    size_t count = 0;

    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        assert_int_equal(line[0], '{');
        assert_non_null(strstr(line, "}\n"));
        count++;
    }
    (void)fclose(f);
    return count;
}

static mln_err try_open(const char *path, struct mln_fault *fault, struct mln_line_file **ret)
{
    const struct mln_line_place place = { "audit", path, &folder.as };

    return mln_line_file_open(&place, fault, ret);
}

static struct mln_line_file *open_log(void)
{
    struct mln_fault fault = { 0 };
    struct mln_line_file *a = NULL;

    assert_int_equal(try_open(folder.path, &fault, &a).code, MLN_ERR_NONE);
    return a;
}

static void the_file_is_ours_alone(void **state)
{
    struct mln_line_file *a = open_log();
    struct stat st;

    (void)state;
    assert_int_equal(stat(folder.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    mln_line_file_close(a);
}

static void it_goes_on_in_the_same_file(void **state)
{
    struct mln_audit_event e = event();

    (void)state;
    for (unsigned i = 1; i <= 2; i++) {
        struct mln_line_file *a = open_log();
        struct mln_auditor auditor = mln_audit_auditor(a, false);

        auditor.note(auditor.data, &e);
        mln_line_file_close(a);
        assert_int_equal(lines_in(folder.path), i);
    }
}

static void no_link_and_no_folder_is_written_to(void **state)
{
    struct mln_fault fault = { 0 };
    struct mln_line_file *a = NULL;

    (void)state;
    assert_int_equal(symlink("elsewhere", folder.path), 0);
    assert_int_equal(try_open(folder.path, &fault, &a).code, MLN_ERR_SYSTEM);
    assert_null(a);
    assert_non_null(strstr(fault.text, folder.path));
    mln_fault_clear(&fault);
    assert_int_equal(try_open(folder.name, &fault, &a).code, MLN_ERR_SYSTEM);
    assert_int_equal(unlink(folder.path), 0);
    assert_int_equal(mkfifo(folder.path, 0600), 0);
    mln_fault_clear(&fault);
    assert_int_equal(try_open(folder.path, &fault, &a).code, MLN_ERR_SYSTEM);
}

static void *write_lines(void *data)
{
    struct mln_auditor *auditor = data;
    struct mln_audit_event e = event();

    for (unsigned i = 0; i < LINES; i++) {
        auditor->note(auditor->data, &e);
    }
    return NULL;
}

/* Threads write while the file is moved away: every line is whole, and in one of the files. */
static void rotation_loses_nothing(void **state)
{
    struct mln_line_file *a = open_log();
    struct mln_auditor auditor = mln_audit_auditor(a, true);
    struct mln_fault fault = { 0 };
    pthread_t threads[THREADS];

    (void)state;
    assert_true(auditor.wants_all);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &auditor), 0);
    }
    assert_int_equal(rename(folder.path, folder.moved), 0);
    assert_int_equal(mln_line_file_reopen(a, &fault).code, MLN_ERR_NONE);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    write_lines(&auditor);
    assert_int_equal(lines_in(folder.path) + lines_in(folder.moved), (THREADS + 1) * LINES);
    assert_true(lines_in(folder.path) >= LINES);
    assert_int_equal(mln_line_file_lost(a), 0);
    mln_line_file_close(a);
}

static void a_failed_rotation_keeps_the_old_file(void **state)
{
    struct mln_line_file *a = open_log();
    struct mln_auditor auditor = mln_audit_auditor(a, false);
    struct mln_fault fault = { 0 };
    struct mln_audit_event e = event();

    (void)state;
    assert_int_equal(rename(folder.path, folder.moved), 0);
    assert_int_equal(mkdir(folder.path, 0700), 0);
    assert_int_equal(mln_line_file_reopen(a, &fault).code, MLN_ERR_SYSTEM);
    assert_true(fault.text[0] != '\0');
    assert_int_equal(rmdir(folder.path), 0);
    auditor.note(auditor.data, &e);
    assert_int_equal(lines_in(folder.moved), 1);
    mln_line_file_close(a);
}

static void limit_file(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Reads line `number`, counted from 0; true when it is a whole one. */
static bool is_whole(unsigned number)
{
    FILE *f = fopen(folder.path, "r");
    char line[2 * MLN_AUDIT_LINE];
    char *end = NULL;

    assert_non_null(f);
    for (unsigned i = 0; i <= number; i++) {
        assert_non_null(fgets(line, sizeof line, f));
        end = strstr(line, "}\n");
    }
    (void)fclose(f);
    return line[0] == '{' && end && !strstr(line + 1, "{\"time\"");
}

/* What a full disk cuts off spoils no line but its own, not even behind a restart. */
static void a_full_disk_spoils_one_line(void **state)
{
    struct mln_line_file *a = open_log();
    struct mln_auditor auditor = mln_audit_auditor(a, false);
    struct mln_audit_event e = event();
    struct stat st;

    (void)state;
    (void)signal(SIGXFSZ, SIG_IGN);
    auditor.note(auditor.data, &e);
    assert_int_equal(stat(folder.path, &st), 0);
    limit_file((rlim_t)st.st_size + 20);
    auditor.note(auditor.data, &e);
    auditor.note(auditor.data, &e);
    limit_file((rlim_t)st.st_size + 21);
    auditor.note(auditor.data, &e);
    limit_file((rlim_t)st.st_size + 41);
    auditor.note(auditor.data, &e);
    assert_int_equal(mln_line_file_lost(a), 4);
    mln_line_file_close(a);
    limit_file(RLIM_INFINITY);
    a = open_log();
    auditor = mln_audit_auditor(a, false);
    auditor.note(auditor.data, &e);
    auditor.note(auditor.data, &e);
    assert_true(is_whole(0) && !is_whole(1) && !is_whole(2) && is_whole(3) && is_whole(4));
    mln_line_file_close(a);
}

static void without_a_file_nobody_is_told(void **state)
{
    (void)state;
    assert_null(mln_audit_auditor(NULL, true).note);
    mln_line_file_close(NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_file_is_ours_alone),
        T(it_goes_on_in_the_same_file),
        T(no_link_and_no_folder_is_written_to),
        T(rotation_loses_nothing),
        T(a_failed_rotation_keeps_the_old_file),
        T(a_full_disk_spoils_one_line),
        cmocka_unit_test(without_a_file_nobody_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
