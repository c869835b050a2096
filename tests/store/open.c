/* Opening an LMDB store: by a second process, read-only beside a server, when it is newer, damaged
 * or not there, and what a process that died leaves behind.
 *
 * The second process is this program again: `store_open ROLE DIRECTORY`, which reports one line a
 * step on standard output and waits for a line on standard input in between. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/kv.h"
#include "suite.h"
#include "tempdir.h"

enum {
    LINE = 600,
    MANY = 1000,
};

extern char **environ;

/* ---- the second process ---- */

static void say(const char *word, const char *text)
{
    printf("%s %s\n", word, text);
    (void)fflush(stdout);
}

static void wait_for_line(void)
{
    char line[LINE];

    if (!fgets(line, sizeof line, stdin)) {
        exit(0);
    }
}

static struct mln_store *second_open(const char *path, bool is_read_only)
{
    struct mln_store_options options = {
        .backend = "lmdb",
        .path = path,
        .max_bytes = 64 << 20,
        .is_read_only = is_read_only,
    };
    struct mln_fault fault = { "" };
    struct mln_store *store = NULL;
    mln_err err = mln_store_open(&options, mln_env_system(), &fault, &store);

    if (mln_failed(err)) {
        say(mln_err_name(err), fault.text);
        exit(0);
    }
    return store;
}

static void ignore_report(void *data, const char *text)
{
    (void)data;
    (void)text;
}

/* Tells how many resources it sees, again after each line; the check must find nothing. */
static void be_reader(const char *path)
{
    struct mln_store *store = second_open(path, true);
    struct mln_reader *reader;
    mln_err err = mln_reader_new(store, &reader);

    while (!mln_failed(err)) {
        struct mln_store_stats stats = { 0 };
        struct mln_view *view;
        uint64_t faults = 0;
        char text[64];

        err = mln_view_begin(reader, &view);
        if (!mln_failed(err)) {
            err = mln_store_stats(view, &stats);
            mln_view_end(view);
        }
        if (!mln_failed(err)) {
            err = mln_store_check(store, ignore_report, NULL, &faults);
        }
        (void)snprintf(text, sizeof text, "%llu resources, %llu faults",
                       (unsigned long long)stats.resources, (unsigned long long)faults);
        say(mln_err_name(err), text);
        wait_for_line();
    }
    exit(1);
}

/* Begins a view and is killed in it. */
static void be_victim(const char *path)
{
    struct mln_store *store = second_open(path, true);
    struct mln_reader *reader;
    struct mln_view *view;

    if (!mln_failed(mln_reader_new(store, &reader)) && !mln_failed(mln_view_begin(reader, &view))) {
        say("NONE", "viewing");
    }
    wait_for_line();
    exit(1);
}

static int be_second(const char *role, const char *path)
{
    if (strcmp(role, "reader") == 0) {
        be_reader(path);
    } else if (strcmp(role, "victim") == 0) {
        be_victim(path);
    }
    mln_store_close(second_open(path, false));
    say("NONE", "opened");
    return 0;
}

struct second {
    pid_t pid;
    FILE *in;
    FILE *out;
};

static struct second start(const char *role, const char *path)
{
    char self[] = "/proc/self/exe";
    char role_copy[16];
    char path_copy[LINE];
    char *args[] = { self, role_copy, path_copy, NULL };
    struct second s;
    posix_spawn_file_actions_t actions;
    int in[2];
    int out[2];

    (void)snprintf(role_copy, sizeof role_copy, "%s", role);
    (void)snprintf(path_copy, sizeof path_copy, "%s", path);
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, in[0], 0), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, out[1], 1), 0);
    assert_int_equal(posix_spawn(&s.pid, self, &actions, NULL, args, environ), 0);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(in[0]);
    (void)close(out[1]);
    s.in = fdopen(in[1], "w");
    s.out = fdopen(out[0], "r");
    assert_true(s.in && s.out);
    return s;
}

static void hear(struct second *s, char line[static LINE])
{
    assert_non_null(fgets(line, LINE, s->out));
}

static void go_on(struct second *s)
{
    (void)fputs("\n", s->in);
    (void)fflush(s->in);
}

static void finish(struct second *s)
{
    (void)fclose(s->in);
    (void)fclose(s->out);
    (void)waitpid(s->pid, NULL, 0);
}

/* ---- who may open ---- */

static void a_second_process_is_refused_and_told_by_whom(void **state)
{
    struct fixture *f = *state;
    struct second s = start("writer", f->path);
    char line[LINE];
    char pid[32];

    hear(&s, line);
    finish(&s);
    (void)snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_non_null(strstr(line, "STORE_IN_USE"));
    assert_non_null(strstr(line, pid));
}

static void the_same_process_is_refused_too(void **state)
{
    struct fixture *f = *state;
    struct mln_fault fault = { "" };
    struct mln_store *store = NULL;

    assert_err(mln_store_open(&f->options, mln_env_system(), &fault, &store), STORE_IN_USE);
    assert_non_null(strstr(fault.text, "this process"));
    assert_null(store);
}

static void after_closing_others_may_open(void **state)
{
    struct fixture *f = *state;
    struct second s;
    char line[LINE];

    mln_reader_free(f->reader);
    mln_store_close(f->store);
    f->reader = NULL;
    f->store = NULL;
    s = start("writer", f->path);
    hear(&s, line);
    finish(&s);
    assert_non_null(strstr(line, "NONE opened"));
}

static void a_reader_works_beside_a_writer(void **state)
{
    struct fixture *f = *state;
    struct second s;
    char line[LINE];

    (void)suite_create(f, NULL, 9, "");
    s = start("reader", f->path);
    hear(&s, line);
    assert_string_equal(line, "NONE 1 resources, 0 faults\n");
    (void)suite_create(f, NULL, 9, "");
    go_on(&s);
    hear(&s, line);
    assert_string_equal(line, "NONE 2 resources, 0 faults\n");
    (void)suite_create(f, NULL, 9, "");
    suite_reopen(f); /* the server restarts */
    (void)suite_create(f, NULL, 9, "");
    go_on(&s);
    hear(&s, line);
    assert_string_equal(line, "NONE 4 resources, 0 faults\n");
    finish(&s);
}

static void create_much(struct fixture *f)
{
    for (int i = 0; i < 30; i++) {
        struct mln_resource r = suite_create(f, NULL, 9, "");
        struct mln_resource old = r;
        char *text = mln_arena_alloc(f->arena, 100001);

        memset(text, 'x', 100000);
        text[100000] = '\0';
        r.attrs = suite_attrs(f, NULL, text);
        assert_ok(suite_put(f, &old, &r));
    }
}

static void a_reader_follows_when_the_store_may_grow(void **state)
{
    struct fixture *f = *state;
    struct second s;
    char line[LINE];

    f->options.max_bytes = 1 << 20;
    (void)snprintf(f->path, sizeof f->path, "%s/small", suite_directory);
    suite_reopen(f);
    (void)suite_create(f, NULL, 9, "");
    s = start("reader", f->path);
    hear(&s, line);
    assert_string_equal(line, "NONE 1 resources, 0 faults\n");
    f->options.max_bytes = 64 << 20;
    suite_reopen(f);
    create_much(f); /* beyond what the reader has mapped */
    go_on(&s);
    hear(&s, line);
    assert_string_equal(line, "NONE 31 resources, 0 faults\n");
    finish(&s);
}

static mln_err put_record(struct mln_write *write, struct mln_view *view, void *data)
{
    static const char bytes[20000];

    (void)view;
    (void)data;
    return mln_record_put(write, MLN_SPACE_META, MLN_S("k"), mln_slice_of(bytes, sizeof bytes));
}

static off_t file_size(const struct fixture *f)
{
    char path[700];
    struct stat st;

    (void)snprintf(path, sizeof path, "%s/store.mdb", f->path);
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void a_reader_that_died_holds_no_space(void **state)
{
    struct fixture *f = *state;
    struct second s = start("victim", f->path);
    char line[LINE];
    off_t before;

    hear(&s, line);
    assert_string_equal(line, "NONE viewing\n");
    assert_int_equal(kill(s.pid, SIGKILL), 0);
    finish(&s);
    for (int i = 0; i < MANY / 2; i++) {
        assert_ok(suite_job(f, put_record, NULL));
    }
    before = file_size(f);
    for (int i = 0; i < MANY; i++) {
        assert_ok(suite_job(f, put_record, NULL));
    }
    assert_int_equal(file_size(f), before);
}

static void a_read_only_store_takes_no_jobs(void **state)
{
    struct fixture *f = *state;
    struct mln_job job = { NULL, NULL, NULL };

    (void)suite_create(f, NULL, 9, "");
    f->options.is_read_only = true;
    suite_reopen(f);
    assert_err(mln_store_submit(f->store, &job), INTERNAL);
    suite_check(f);
}

/* ---- what cannot be opened ---- */

static mln_err open_at(struct fixture *f, const char *path, bool is_read_only,
                       struct mln_fault *fault)
{
    struct mln_store_options options = f->options;
    struct mln_store *store = NULL;
    mln_err err;

    options.path = path;
    options.is_read_only = is_read_only;
    mln_fault_clear(fault);
    err = mln_store_open(&options, mln_env_system(), fault, &store);
    assert_int_equal(mln_failed(err), fault->text[0] != '\0');
    mln_store_close(store);
    return err;
}

static void what_is_no_directory_is_refused(void **state)
{
    struct fixture *f = *state;
    struct mln_fault fault;
    char path[700];
    int fd;

    (void)snprintf(path, sizeof path, "%s-missing", f->path);
    assert_err(open_at(f, path, true, &fault), SYSTEM);
    assert_non_null(strstr(fault.text, "there is no store"));
    assert_int_not_equal(access(path, F_OK), 0); /* reading makes nothing */
    (void)snprintf(path, sizeof path, "%s-missing/below", f->path);
    assert_err(open_at(f, path, false, &fault), SYSTEM);
    (void)snprintf(path, sizeof path, "%s-file", f->path);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    (void)close(fd);
    assert_err(open_at(f, path, false, &fault), SYSTEM);
    assert_err(open_at(f, "", false, &fault), CONFIG);
    assert_err(open_at(f, NULL, false, &fault), CONFIG);
}

static void files_are_the_owners_only(void **state)
{
    static const char *const names[] = { "", "/store.mdb", "/store.mdb-lock", "/store.lock" };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[700];
        struct stat st;

        (void)snprintf(path, sizeof path, "%s%s", f->path, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0077, 0);
    }
}

static void close_store(struct fixture *f)
{
    mln_reader_free(f->reader);
    mln_store_close(f->store);
    f->reader = NULL;
    f->store = NULL;
}

/* Puts a row behind the store's back, or takes it out when `value` is empty. */
static void plant(struct fixture *f, struct mln_slice key, struct mln_slice value)
{
    const struct mln_kv_ops *ops = NULL;
    struct mln_kv_options options = { .path = f->path, .max_bytes = 64 << 20 };
    struct mln_kv_row row = { key, value };
    struct mln_kv_txn *txn;
    struct mln_kv *kv;

    close_store(f);
    assert_ok(mln_kv_find("lmdb", NULL, &ops));
    assert_ok(ops->open(&options, NULL, &kv));
    assert_ok(ops->begin(kv, &txn));
    assert_ok(value.len ? ops->put(txn, MLN_TABLE_REC, &row, 0)
                        : ops->del(txn, MLN_TABLE_REC, key));
    assert_ok(ops->commit(txn));
    ops->close(kv);
}

static void a_newer_format_is_refused(void **state)
{
    struct fixture *f = *state;
    struct mln_fault fault;

    (void)suite_create(f, NULL, 9, "");
    plant(f,
          MLN_S("\xFF"
                "format"),
          MLN_S("\0\0\0\0\0\0\0\7"));
    assert_err(open_at(f, f->path, false, &fault), STORE_VERSION);
    assert_non_null(strstr(fault.text, "format 7"));
    assert_err(open_at(f, f->path, true, &fault), STORE_VERSION);
    plant(f,
          MLN_S("\xFF"
                "format"),
          MLN_S("\0\0\0\0\0\0\0\1"));
    assert_ok(open_at(f, f->path, false, &fault));
}

static void data_without_a_format_is_refused(void **state)
{
    struct fixture *f = *state;
    struct mln_fault fault;

    (void)suite_create(f, NULL, 9, "");
    plant(f,
          MLN_S("\xFF"
                "format"),
          (struct mln_slice){ 0 });
    assert_err(open_at(f, f->path, false, &fault), STORE_CORRUPT);
}

static void write_over(const struct fixture *f, off_t cut_to, const char *bytes)
{
    char path[700];
    int fd;

    (void)snprintf(path, sizeof path, "%s/store.mdb", f->path);
    fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    if (bytes) {
        assert_int_equal(pwrite(fd, bytes, strlen(bytes), 16), strlen(bytes));
    } else {
        assert_int_equal(ftruncate(fd, cut_to), 0);
    }
    (void)close(fd);
}

static void a_damaged_file_is_refused(void **state)
{
    struct fixture *f = *state;
    struct mln_fault fault;
    off_t size;

    create_much(f);
    size = file_size(f);
    close_store(f);
    for (off_t cut = size - 1; cut > 8192; cut -= size / 9) {
        write_over(f, cut, NULL);
        assert_err(open_at(f, f->path, true, &fault), STORE_CORRUPT);
        assert_non_null(strstr(fault.text, "cut short"));
        assert_err(open_at(f, f->path, false, &fault), STORE_CORRUPT);
    }
    write_over(f, 100, NULL);
    assert_err(open_at(f, f->path, false, &fault), STORE_CORRUPT);
    write_over(f, size, NULL); /* zeros */
    assert_err(open_at(f, f->path, false, &fault), STORE_CORRUPT);
    write_over(f, 0, "rubbish");
    assert_err(open_at(f, f->path, false, &fault), STORE_CORRUPT);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, suite_setup, suite_teardown)
        T(a_second_process_is_refused_and_told_by_whom),
        T(the_same_process_is_refused_too),
        T(after_closing_others_may_open),
        T(a_reader_works_beside_a_writer),
        T(a_reader_follows_when_the_store_may_grow),
        T(a_reader_that_died_holds_no_space),
        T(a_read_only_store_takes_no_jobs),
        T(what_is_no_directory_is_refused),
        T(files_are_the_owners_only),
        T(a_newer_format_is_refused),
        T(data_without_a_format_is_refused),
        T(a_damaged_file_is_refused),
#undef T
    };
    char directory[TEMPDIR_SIZE];
    int failed;

    if (argc == 3) {
        return be_second(argv[1], argv[2]);
    }
    tempdir_make(directory);
    suite_backend = "lmdb";
    suite_directory = directory;
    failed = cmocka_run_group_tests_name("open", tests, NULL, NULL);
    tempdir_remove(directory);
    return failed != 0;
}
