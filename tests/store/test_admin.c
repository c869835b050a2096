/* Statistics, backup and restore. What the check finds is tested beside check.c. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

enum { MANY = 500 };

static void in_fixture(const struct fixture *f, const char *name, char out[static 600])
{
    int len = snprintf(out, 600, "%s-%s", f->path, name);

    assert_in_range(len, 1, 599);
}

static mln_err put_record(struct mln_write *write, struct mln_view *view, void *data)
{
    (void)view;
    (void)data;
    return mln_record_put(write, MLN_SPACE_META, MLN_S("cse-id"), MLN_S("value"));
}

static void populate(struct fixture *f)
{
    static const char *const labels[] = { "x", "y", NULL };
    struct mln_resource base = suite_create(f, NULL, 5, "cse-in");

    for (int i = 0; i < MANY; i++) {
        struct mln_resource r = suite_create(f, &base, 9, "");
        struct mln_resource old = r;

        r.attrs = suite_attrs(f, labels, "content");
        assert_ok(suite_put(f, &old, &r));
    }
    assert_ok(suite_job(f, put_record, NULL));
}

static void statistics_count(void **state)
{
    struct fixture *f = *state;
    struct mln_store_stats stats;
    struct mln_view *view;

    populate(f);
    (void)suite_create(f, NULL, 10002, "annc");
    assert_ok(mln_view_begin(f->reader, &view));
    assert_ok(mln_store_stats(view, &stats));
    mln_view_end(view);
    assert_int_equal(stats.format, 1);
    assert_int_equal(stats.resources, MANY + 2);
    assert_int_equal(stats.by_type[5], 1);
    assert_int_equal(stats.by_type[9], MANY);
    assert_int_equal(stats.by_type[0], 1);
    assert_int_equal(stats.records[MLN_SPACE_META], 1);
    assert_int_equal(stats.records[MLN_SPACE_OUTBOX], 0);
    assert_in_range(stats.bytes_used, MANY * 100, stats.bytes_max);
}

static void a_backup_is_never_written_over_a_file(void **state)
{
    struct fixture *f = *state;
    struct mln_fault fault = { "" };
    char file[600];

    in_fixture(f, "backup", file);
    assert_ok(mln_store_backup(f->store, file, NULL));
    assert_err(mln_store_backup(f->store, file, &fault), SYSTEM);
    assert_non_null(strstr(fault.text, "exists"));
    (void)unlink(file);
    in_fixture(f, "no-such-directory/backup", file);
    assert_err(mln_store_backup(f->store, file, NULL), SYSTEM);
}

static mln_err restore_to(const char *file, const char *path, struct mln_fault *fault)
{
    struct mln_store_options options = {
        .backend = suite_backend,
        .path = path,
        .max_bytes = 64 << 20,
    };

    return mln_store_restore(file, &options, mln_env_system(), fault);
}

/* Opens the restored store in place of the fixture's own. */
static void move_to(struct fixture *f, const char path[static 600])
{
    memcpy(f->path, path, sizeof f->path);
    suite_reopen(f);
}

static void a_backup_restores_everything(void **state)
{
    struct fixture *f = *state;
    struct mln_scan_spec all = { .kind = MLN_SCAN_TYPE, .ty = 9 };
    struct mln_scan_spec labelled = { .kind = MLN_SCAN_LABEL, .label = MLN_S("y") };
    struct mln_resource before[MANY];
    struct mln_resource after;
    struct mln_fault fault = { "" };
    uint64_t ids[MANY + 1];
    char file[600];
    char path[600];

    if (!suite_is_durable()) {
        in_fixture(f, "backup", file);
        assert_ok(mln_store_backup(f->store, file, NULL));
        assert_err(restore_to(file, f->path, &fault), CONFIG);
        skip();
    }
    populate(f);
    assert_int_equal(suite_scan(f, &all, ids, MANY + 1), MANY);
    for (int i = 0; i < MANY; i++) {
        assert_ok(suite_get(f, ids[i], &before[i]));
    }
    in_fixture(f, "backup", file);
    in_fixture(f, "restored", path);
    assert_ok(mln_store_backup(f->store, file, NULL));
    assert_err(restore_to(file, f->path, &fault), STORE_IN_USE);
    assert_ok(restore_to(file, path, NULL));
    assert_err(restore_to(file, path, NULL), SYSTEM);
    move_to(f, path);
    suite_check(f);
    for (int i = 0; i < MANY; i++) {
        assert_ok(suite_get(f, ids[i], &after));
        suite_assert_same(&before[i], &after);
    }
    assert_int_equal(suite_scan(f, &labelled, ids, MANY + 1), MANY);
    assert_true(suite_create(f, NULL, 3, "new").id > ids[MANY - 1]);
}

/* ---- damaged backups ---- */

static size_t load(const char *file, char **ret)
{
    int fd = open(file, O_RDONLY);
    struct stat st;
    char *bytes;

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    bytes = malloc((size_t)st.st_size);
    assert_non_null(bytes);
    assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
    (void)close(fd);
    *ret = bytes;
    return (size_t)st.st_size;
}

static void save(const char *file, const char *bytes, size_t len)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    (void)close(fd);
}

static void assert_nothing_restored(const char *file, const char *path)
{
    struct mln_fault fault = { "" };
    char data[700];

    assert_err(restore_to(file, path, &fault), STORE_CORRUPT);
    assert_true(fault.text[0]);
    (void)snprintf(data, sizeof data, "%s/store.mdb", path);
    assert_int_not_equal(access(data, F_OK), 0);
    (void)snprintf(data, sizeof data, "%s/restore.mdb", path);
    assert_int_not_equal(access(data, F_OK), 0);
}

static void a_damaged_backup_is_refused(void **state)
{
    struct fixture *f = *state;
    char file[600];
    char path[600];
    char *bytes;
    size_t len;

    if (!suite_is_durable()) {
        skip();
    }
    (void)suite_create(f, NULL, 5, "cse-in");
    in_fixture(f, "backup", file);
    in_fixture(f, "restored", path);
    assert_ok(mln_store_backup(f->store, file, NULL));
    len = load(file, &bytes);
    for (size_t i = 0; i < len; i += 3) {
        if (i >= 16 && i < 20) {
            continue; /* the format has an answer of its own, below */
        }
        bytes[i] ^= 0x10;
        save(file, bytes, len);
        assert_nothing_restored(file, path);
        bytes[i] ^= 0x10;
    }
    for (size_t cut = 0; cut < len; cut += 5) {
        save(file, bytes, cut);
        assert_nothing_restored(file, path);
    }
    bytes[16] = 2;
    save(file, bytes, len);
    assert_err(restore_to(file, path, NULL), STORE_VERSION);
    bytes[16] = 1;
    save(file, bytes, len);
    assert_ok(restore_to(file, path, NULL)); /* and it was the damage that was refused */
    assert_err(restore_to("/nonexistent", path, NULL), SYSTEM);
    free(bytes);
}

static void a_backup_of_a_store_out_of_order_is_refused(void **state)
{
    struct fixture *f = *state;
    struct mln_fault fault = { "" };
    struct mln_resource cnt;
    struct mln_resource old;
    char file[600];
    char path[600];

    if (!suite_is_durable()) {
        skip();
    }
    cnt = suite_create(f, NULL, 3, "c");
    old = cnt;
    cnt.count = 1; /* of no instances */
    assert_ok(suite_put(f, &old, &cnt));
    in_fixture(f, "backup", file);
    in_fixture(f, "restored", path);
    assert_ok(mln_store_backup(f->store, file, NULL));
    assert_err(restore_to(file, path, &fault), STORE_CORRUPT);
    assert_non_null(strstr(fault.text, "counts 1 instances"));
}

/* ---- beside writers ---- */

struct writer {
    struct fixture *f;
    atomic_bool must_stop;
    atomic_uint written;
};

static mln_err put_two(struct mln_write *write, struct mln_view *view, void *data)
{
    struct mln_arena *arena = mln_arena_new(1 << 20);
    struct fixture own = { .arena = arena };
    struct mln_resource cnt = suite_make(&own, write, NULL, 3, "");
    struct mln_resource cin = suite_make(&own, write, &cnt, 4, "");
    mln_err err;

    (void)view;
    (void)data;
    cnt.count = 1; /* wrong in every state but the whole job's */
    err = mln_store_put(write, NULL, &cnt);
    if (!mln_failed(err)) {
        err = mln_store_put(write, NULL, &cin);
    }
    mln_arena_free(arena);
    return err;
}

static void *write_on(void *data)
{
    struct writer *w = data;

    while (!atomic_load(&w->must_stop)) {
        if (mln_failed(suite_job(w->f, put_two, NULL))) {
            break;
        }
        (void)atomic_fetch_add(&w->written, 1);
    }
    return NULL;
}

static void a_backup_beside_writers_is_one_state(void **state)
{
    struct fixture *f = *state;
    struct writer w = { .f = f };
    pthread_t thread;
    char file[600];
    char path[600];

    assert_int_equal(pthread_create(&thread, NULL, write_on, &w), 0);
    for (int i = 0; i < 5; i++) {
        unsigned before = atomic_load(&w.written);

        while (atomic_load(&w.written) < before + 20) {
        }
        in_fixture(f, "backup", file);
        in_fixture(f, "restored", path);
        (void)snprintf(file + strlen(file), 12, "%d", i);
        (void)snprintf(path + strlen(path), 12, "%d", i);
        assert_ok(mln_store_backup(f->store, file, NULL));
        suite_check(f);
        if (suite_is_durable()) {
            assert_ok(restore_to(file, path, NULL));
        }
    }
    atomic_store(&w.must_stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void an_unknown_backend_is_named(void **state)
{
    struct mln_store_options options = { .backend = "paper", .path = "x" };
    struct mln_fault fault = { "" };
    struct mln_store *store = NULL;

    (void)state;
    assert_err(mln_store_open(&options, mln_env_system(), &fault, &store), CONFIG);
    assert_non_null(strstr(fault.text, "paper"));
    assert_non_null(strstr(fault.text, suite_backend));
    mln_fault_clear(&fault);
    assert_err(mln_store_restore("x", &options, mln_env_system(), &fault), CONFIG);
    options.backend = NULL;
    assert_err(mln_store_open(&options, mln_env_system(), NULL, &store), CONFIG);
    assert_null(store);
    mln_store_close(NULL);
    mln_reader_free(NULL);
}

int run_admin(void)
{
    const struct CMUnitTest tests[] = {
#define T(name)  cmocka_unit_test_setup_teardown(name, suite_setup, suite_teardown)
#define TT(name) cmocka_unit_test_setup_teardown(name, suite_setup_threaded, suite_teardown)
        T(statistics_count),
        T(a_backup_is_never_written_over_a_file),
        T(a_backup_restores_everything),
        T(a_damaged_backup_is_refused),
        T(a_backup_of_a_store_out_of_order_is_refused),
        TT(a_backup_beside_writers_is_one_state),
        T(an_unknown_backend_is_named),
#undef TT
#undef T
    };

    return cmocka_run_group_tests_name("admin", tests, NULL, NULL);
}
