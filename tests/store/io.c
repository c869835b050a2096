/* The disk fails: each write and each sync of LMDB once, for a while, and the power altogether.
 *
 * Whatever fails, what was told durable is there, what was told failed is not, the store is in
 * order, and it works again without a restart when the disk does. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io_hook.h"
#include "suite.h"
#include "tempdir.h"

enum {
    JOBS = 12, /* in a scenario */
    LEAST_CALLS = 3 * JOBS,
    LARGE = 40000, /* bytes of content: a few pages in a row, so that writev is used */
    IMAGE = 4 << 20,
    SECTOR = 512,
    CUTS = 3, /* power cuts tried at each moment, with different losses */
};

/* What a scenario created and what it was told. */
struct outcome {
    uint64_t ids[JOBS];
    bool is_told_durable[JOBS];
    unsigned failed;
};

struct creation {
    struct fixture *f;
    unsigned number;
    uint64_t id;
};

static char *large_text(struct fixture *f)
{
    char *text = mln_arena_alloc(f->arena, LARGE + 1);

    assert_non_null(text);
    memset(text, 'x', LARGE);
    text[LARGE] = '\0';
    return text;
}

static mln_err create(struct mln_write *write, struct mln_view *view, void *data)
{
    struct creation *c = data;
    struct mln_resource r = suite_make(c->f, write, NULL, 9, "");

    (void)view;
    c->id = r.id;
    if (c->number % 2) {
        r.attrs = suite_attrs(c->f, NULL, large_text(c->f));
    }
    return mln_store_put(write, NULL, &r);
}

static bool is_there(struct fixture *f, uint64_t id)
{
    struct mln_resource r;
    mln_err err = suite_get(f, id, &r);

    assert_true(!mln_failed(err) || err.code == MLN_ERR_NOT_FOUND);
    return !mln_failed(err);
}

static void assert_as_told(struct fixture *f, const struct outcome *o)
{
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(is_there(f, o->ids[i]), o->is_told_durable[i]);
    }
    suite_check(f);
}

/* Jobs one after the other; every second adds much. */
static struct outcome play(struct fixture *f)
{
    struct outcome o = { .failed = 0 };

    for (unsigned i = 0; i < JOBS; i++) {
        struct creation c = { f, i, 0 };
        mln_err err = suite_job(f, create, &c);

        assert_true(!mln_failed(err) || err.code == MLN_ERR_STORE_FULL ||
                    err.code == MLN_ERR_STORE_IO);
        o.ids[i] = c.id;
        o.is_told_durable[i] = !mln_failed(err);
        o.failed += mln_failed(err);
        if (!mln_failed(err)) {
            io_note(c.id);
        }
    }
    return o;
}

/* ---- one failure ---- */

/* How many calls a scenario makes when nothing fails. */
static unsigned long calls_of_a_scenario(void)
{
    struct fixture *f;
    struct outcome o;
    void *state;

    assert_int_equal(suite_setup(&state), 0);
    f = state;
    io_fail_at(0, 0, IO_FAULT_NONE, 0);
    o = play(f);
    assert_int_equal(o.failed, 0);
    assert_true(io_count() > LEAST_CALLS); /* else the hooks do not hook */
    assert_as_told(f, &o);
    assert_int_equal(suite_teardown(&state), 0);
    return io_count();
}

/* A disk that takes the deciding write, says it failed, and then takes nothing more leaves the
 * outcome open: told failed, it may be there all the same. */
static void forgive(struct fixture *f, struct outcome *o)
{
    for (int i = 0; i < JOBS; i++) {
        o->is_told_durable[i] = o->is_told_durable[i] || is_there(f, o->ids[i]);
    }
}

static void with_a_failure(unsigned long n, unsigned long in_a_row, enum io_fault fault, int error)
{
    struct fixture *f;
    struct outcome o;
    void *state;

    assert_int_equal(suite_setup(&state), 0);
    f = state;
    io_fail_at(n, in_a_row, fault, error);
    o = play(f);
    io_fail_at(0, 0, IO_FAULT_NONE, 0);
    if (fault == IO_FAULT_LATE && in_a_row > 2) {
        forgive(f, &o);
    }
    assert_as_told(f, &o);
    assert_true(is_there(f, suite_create(f, NULL, 3, "after").id)); /* no restart needed */
    suite_reopen(f);
    assert_as_told(f, &o);
    assert_int_equal(suite_teardown(&state), 0);
}

static void each_call_fails_once(void **state)
{
    unsigned long calls = calls_of_a_scenario();

    (void)state;
    for (unsigned long n = 1; n <= calls; n++) {
        with_a_failure(n, 1, IO_FAULT_ERROR, EIO);
        with_a_failure(n, 1, IO_FAULT_ERROR, ENOSPC);
        with_a_failure(n, 1, IO_FAULT_SHORT, EIO);
    }
}

static void each_call_fails_and_so_do_those_behind_it(void **state)
{
    unsigned long calls = calls_of_a_scenario();

    (void)state;
    for (unsigned long n = 1; n <= calls; n++) {
        with_a_failure(n, 2, IO_FAULT_ERROR, EIO);
        with_a_failure(n, 7, IO_FAULT_ERROR, EIO);
        with_a_failure(n, 7, IO_FAULT_ERROR, ENOSPC);
        with_a_failure(n, 1, IO_FAULT_LATE, EIO);
        with_a_failure(n, 2, IO_FAULT_LATE, EIO);
        with_a_failure(n, 7, IO_FAULT_LATE, EIO);
    }
}

/* ---- a long failure ---- */

static void while_the_disk_is_full_reads_go_on(void **state)
{
    struct fixture *f = *state;
    struct mln_resource before = suite_create(f, NULL, 3, "before");
    struct outcome o;

    io_fail_at(1, 1000000, IO_FAULT_ERROR, ENOSPC);
    o = play(f);
    assert_int_equal(o.failed, JOBS);
    assert_true(is_there(f, before.id));
    suite_check(f);
    io_fail_at(0, 0, IO_FAULT_NONE, 0);
    o = play(f);
    assert_int_equal(o.failed, 0);
    assert_as_told(f, &o);
}

static void a_view_held_over_a_failure_stays_whole(void **state)
{
    struct fixture *f = *state;
    struct mln_resource before = suite_create(f, NULL, 3, "before");
    struct mln_resource found;
    struct mln_reader *reader;
    struct mln_view *view;

    for (unsigned long n = 1; n < 12; n++) {
        struct creation c = { f, 0, 0 };
        mln_err err;

        assert_ok(mln_reader_new(f->store, &reader));
        assert_ok(mln_view_begin(reader, &view));
        io_fail_at(n, 1, IO_FAULT_ERROR, EIO);
        err = suite_job(f, create, &c);
        io_fail_at(0, 0, IO_FAULT_NONE, 0);
        assert_ok(mln_store_get(view, before.id, f->arena, &found));
        suite_assert_same(&before, &found);
        mln_view_end(view);
        mln_reader_free(reader);
        assert_ok(suite_job(f, create, &c)); /* works once the view is gone */
        (void)err.code;
    }
    suite_check(f);
}

/* ---- the power ---- */

struct disk {
    unsigned char *sure;  /* on the disk for certain */
    unsigned char *image; /* what a cut leaves */
    size_t sure_len;
    size_t first_pending; /* events from here on may be lost */
};

static uint64_t dice = 1;

static unsigned roll(unsigned below)
{
    dice = dice * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(dice >> 33) % below;
}

static void apply(unsigned char *image, size_t *len, const struct io_event *e, unsigned percent)
{
    assert_true((size_t)e->offset + e->len <= IMAGE);
    for (size_t at = 0; at < e->len; at += SECTOR) {
        size_t n = e->len - at < SECTOR ? e->len - at : SECTOR;

        if (roll(100) < percent) {
            memcpy(image + (size_t)e->offset + at, e->bytes + at, n);
        }
    }
    if (*len < (size_t)e->offset + e->len) {
        *len = (size_t)e->offset + e->len;
    }
}

static void write_image(const char *directory, const unsigned char *image, size_t len)
{
    char path[700];
    int fd;

    assert_true(mkdir(directory, 0700) == 0 || errno == EEXIST);
    (void)snprintf(path, sizeof path, "%s/store.mdb", directory);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, image, len), len);
    (void)close(fd);
}

static void assert_all_told(struct fixture *f, const struct io_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (events[i].kind == IO_NOTE) {
            assert_true(is_there(f, events[i].number));
        }
    }
    suite_check(f);
}

/* The power fails before event `at`: of what is not sure, any part may be lost. */
static void cut(struct fixture *f, struct disk *d, const struct io_event *events, size_t at,
                unsigned percent)
{
    size_t len = d->sure_len;
    struct mln_arena *arena = f->arena;
    struct fixture after = { .options = f->options, .arena = arena };

    memcpy(d->image, d->sure, IMAGE);
    for (size_t i = d->first_pending; i < at; i++) {
        if (events[i].kind == IO_WRITE) {
            apply(d->image, &len, &events[i], percent);
        }
    }
    (void)snprintf(after.path, sizeof after.path, "%.500s-cut", f->path);
    write_image(after.path, d->image, len);
    after.options.path = after.path;
    suite_reopen(&after);
    assert_all_told(&after, events, at);
    mln_reader_free(after.reader);
    mln_store_close(after.store);
}

static void advance(struct disk *d, const struct io_event *events, size_t at)
{
    size_t from = d->first_pending;

    if (events[at].kind == IO_SYNC) {
        for (size_t i = from; i < at; i++) {
            if (events[i].kind == IO_WRITE) {
                apply(d->sure, &d->sure_len, &events[i], 100);
            }
        }
        d->first_pending = at + 1;
    } else if (events[at].kind == IO_DURABLE) {
        apply(d->sure, &d->sure_len, &events[at - 1], 100);
    }
}

static void begin_disk(struct fixture *f, struct disk *d)
{
    char path[700];
    ssize_t len;
    int fd;

    d->sure = calloc(1, IMAGE);
    d->image = calloc(1, IMAGE);
    assert_true(d->sure && d->image);
    (void)snprintf(path, sizeof path, "%s/store.mdb", f->path);
    fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    len = read(fd, d->sure, IMAGE);
    assert_true(len > 0 && len < IMAGE);
    d->sure_len = (size_t)len;
    (void)close(fd);
}

static void after_a_power_cut_all_is_there_that_was_told(void **state)
{
    struct fixture *f = *state;
    const struct io_event *events;
    struct disk d = { NULL, NULL, 0, 0 };
    struct outcome o;
    size_t count;

    begin_disk(f, &d);
    io_record();
    o = play(f);
    assert_int_equal(o.failed, 0);
    events = io_events(&count);
    assert_true(count > LEAST_CALLS);
    for (size_t at = 0; at < count; at++) {
        for (unsigned i = 0; i < CUTS; i++) {
            cut(f, &d, events, at, i * 50);
        }
        advance(&d, events, at);
    }
    cut(f, &d, events, count, 0);
    io_forget();
    free(d.sure);
    free(d.image);
}

/* ---- the program ---- */

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, suite_setup, suite_teardown)
        cmocka_unit_test(each_call_fails_once),
        cmocka_unit_test(each_call_fails_and_so_do_those_behind_it),
        T(while_the_disk_is_full_reads_go_on),
        T(a_view_held_over_a_failure_stays_whole),
        T(after_a_power_cut_all_is_there_that_was_told),
#undef T
    };
    char directory[TEMPDIR_SIZE];
    int failed;

    tempdir_make_fast(directory);
    suite_backend = "lmdb";
    suite_directory = directory;
    failed = cmocka_run_group_tests_name("io", tests, NULL, NULL);
    tempdir_remove(directory);
    return failed != 0;
}
