/* Every call into the backend, and every allocation, fails once: what was told done is there, what
 * was told failed is not, nothing is out of order, and nothing leaks.
 *
 * Needs a build with the option torture. usage: store_torture BACKEND */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/torture.h"
#include "suite.h"
#include "tempdir.h"

/* What has been told done so far. */
struct state {
    uint64_t a; /* 0: not there */
    uint64_t b;
    uint64_t a_st;
    bool has_record;
};

struct step {
    struct mln_job job;
    struct fixture *f;
    struct state next; /* if this is told done */
    mln_err (*fn)(struct step *s, struct mln_view *view, struct mln_write *write);
    mln_err result;
    bool is_told;
};

/* {"lbl": ["red"]} and {"lbl": ["blue", "red"]} */
static const struct mln_slice red = { "\xA1\x63lbl\x81\x63red", 10 };
static const struct mln_slice both = { "\xA1\x63lbl\x82\x64"
                                       "blue\x63red",
                                       15 };

/* ---- steps ---- */

static mln_err create(struct mln_write *write, const struct mln_resource *draft, uint64_t *ret_id)
{
    struct mln_resource r = *draft;
    char ri[MLN_RI_SIZE];
    size_t len;

    MLN_TRY(mln_store_new_id(write, MLN_S("r"), &r.id, ri, &len));
    r.ri = mln_slice_of(ri, len);
    *ret_id = r.id;
    return mln_store_put(write, NULL, &r);
}

static mln_err create_a(struct step *s, struct mln_view *view, struct mln_write *write)
{
    struct mln_resource a = { .ty = 3, .et = 5, .rn = MLN_S("a"), .attrs = red };

    (void)view;
    s->next.a_st = 0;
    return create(write, &a, &s->next.a);
}

static mln_err create_b(struct step *s, struct mln_view *view, struct mln_write *write)
{
    struct mln_resource b = { .ty = 4, .et = 6, .bytes = 7 };
    struct mln_resource a;
    struct mln_resource counted;

    MLN_TRY(mln_store_child(view, 0, MLN_S("a"), s->f->arena, &a));
    counted = a;
    counted.count++;
    counted.bytes += 7;
    counted.st++;
    b.parent = a.id;
    b.pi = a.ri;
    MLN_TRY(create(write, &b, &s->next.b));
    s->next.a_st = counted.st;
    return mln_store_put(write, &a, &counted);
}

static mln_err change_a(struct step *s, struct mln_view *view, struct mln_write *write)
{
    struct mln_resource a;
    struct mln_resource changed;

    MLN_TRY(mln_store_child(view, 0, MLN_S("a"), s->f->arena, &a));
    changed = a;
    changed.et = 9;
    changed.st++;
    changed.attrs = both;
    s->next.a_st = changed.st;
    return mln_store_put(write, &a, &changed);
}

static mln_err put_record(struct step *s, struct mln_view *view, struct mln_write *write)
{
    (void)view;
    s->next.has_record = true;
    return mln_record_put(write, MLN_SPACE_OUTBOX, MLN_S("k"), MLN_S("value"));
}

/* A careless job: it does not look at the error of a read. The store must. */
static mln_err ignore_an_error(struct step *s, struct mln_view *view, struct mln_write *write)
{
    struct mln_slice value;

    mln_ignore(mln_record_get(view, MLN_SPACE_OUTBOX, MLN_S("k"), s->f->arena, &value));
    s->next.has_record = true;
    return mln_record_put(write, MLN_SPACE_OUTBOX, MLN_S("k"), MLN_S("other"));
}

static mln_err erase_b(struct step *s, struct mln_view *view, struct mln_write *write)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_TYPE, .ty = 4, .is_descending = true };
    struct mln_resource a;
    struct mln_resource b;
    struct mln_resource counted;
    uint64_t id;

    MLN_TRY(mln_scan_open(view, &spec, &scan));
    MLN_TRY(mln_scan_next(scan, &id, NULL));
    MLN_TRY(mln_store_get(view, id, s->f->arena, &b));
    MLN_TRY(mln_store_get(view, b.parent, s->f->arena, &a));
    counted = a;
    counted.count = 0;
    counted.bytes = 0;
    MLN_TRY(mln_store_erase(write, &b));
    s->next.b = 0;
    return mln_store_put(write, &a, &counted);
}

static mln_err erase_a(struct step *s, struct mln_view *view, struct mln_write *write)
{
    struct mln_resource a;

    MLN_TRY(mln_store_child(view, 0, MLN_S("a"), s->f->arena, &a));
    s->next.a = 0;
    if (s->next.b) { /* it stays behind, to be purged */
        char key[8];

        for (int i = 0; i < 8; i++) {
            key[i] = (char)(a.id >> (56 - 8 * i));
        }
        MLN_TRY(mln_record_put(write, MLN_SPACE_PURGE, mln_slice_of(key, sizeof key), MLN_S("")));
    }
    return mln_store_erase(write, &a);
}

static mln_err run(struct mln_job *job, struct mln_view *view)
{
    struct step *s = (struct step *)job;
    struct mln_write *write;

    MLN_TRY(mln_write_begin(view, suite_grant(), &write));
    return s->fn(s, view, write);
}

static void done(struct mln_job *job, mln_err result)
{
    struct step *s = (struct step *)job;

    s->result = result;
    s->is_told = true;
}

/* ---- a scenario ---- */

static void look_after(struct fixture *f)
{
    char file[700];
    struct mln_store_stats stats;
    struct mln_view *view;

    (void)snprintf(file, sizeof file, "%s-backup", f->path);
    (void)unlink(file);
    mln_ignore(mln_store_backup(f->store, file, NULL)); /* may fail, must not harm */
    if (!mln_failed(mln_view_begin(f->reader, &view))) {
        mln_ignore(mln_store_stats(view, &stats));
        mln_view_end(view);
    }
}

static struct state play(struct fixture *f)
{
    static mln_err (*const fns[])(struct step *, struct mln_view *, struct mln_write *) = {
        create_a, create_b, put_record, change_a, ignore_an_error, erase_b, create_b, erase_a,
    };
    struct state told = { 0, 0, 0, false };

    for (size_t i = 0; i < sizeof fns / sizeof fns[0]; i++) {
        struct step s = {
            .job = { .run = run, .done = done },
            .f = f,
            .next = told,
            .fn = fns[i],
        };

        assert_ok(mln_store_submit(f->store, &s.job));
        assert_true(s.is_told);
        if (!mln_failed(s.result)) {
            told = s.next;
        }
        if (i == 4) {
            look_after(f);
        }
    }
    return told;
}

static bool is_there(struct fixture *f, uint64_t id, struct mln_resource *ret)
{
    return id && !mln_failed(suite_get(f, id, ret));
}

static void assert_as_told(struct fixture *f, const struct state *told)
{
    struct mln_scan_spec spec = { .kind = MLN_SCAN_TYPE, .ty = 4 };
    struct mln_resource r;
    struct mln_slice value;
    struct mln_view *view;
    uint64_t ids[4];

    assert_int_equal(is_there(f, told->a, &r), told->a != 0);
    if (told->a) {
        assert_int_equal(r.st, told->a_st);
    }
    assert_int_equal(is_there(f, told->b, &r), told->b != 0);
    assert_in_range(suite_scan(f, &spec, ids, 4), told->b != 0, 2);
    assert_ok(mln_view_begin(f->reader, &view));
    assert_int_equal(
        mln_failed(mln_record_get(view, MLN_SPACE_OUTBOX, MLN_S("k"), f->arena, &value)),
        !told->has_record);
    mln_view_end(view);
    suite_check(f);
}

static void one_run(void (*fail_at)(unsigned long), unsigned long n)
{
    struct state told;
    void *state;

    assert_int_equal(suite_setup(&state), 0);
    fail_at(n);
    told = play(state);
    fail_at(0);
    assert_as_told(state, &told);
    assert_int_equal(suite_teardown(&state), 0);
}

static void each_call_of_the_backend_fails(void **state)
{
    unsigned long calls;

    (void)state;
    one_run(mln_store_fail_at, 0);
    assert_int_equal(suite_setup(state), 0);
    mln_store_fail_at(0);
    (void)play(*state);
    calls = mln_store_count();
    assert_int_equal(suite_teardown(state), 0);
    assert_true(calls > 50);
    for (unsigned long n = 1; n <= calls; n++) {
        one_run(mln_store_fail_at, n);
    }
}

static void each_allocation_fails(void **state)
{
    unsigned long calls;

    assert_int_equal(suite_setup(state), 0);
    mln_mem_fail_at(0);
    (void)play(*state);
    calls = mln_mem_count();
    assert_int_equal(suite_teardown(state), 0);
    assert_true(calls > 5);
    for (unsigned long n = 1; n <= calls; n++) {
        one_run(mln_mem_fail_at, n);
    }
}

/* Opening fails at each of its calls and allocations, and works the next time. */
static void opening_fails_whole(void (*fail_at)(unsigned long), unsigned long most)
{
    char path[512];
    struct mln_store_options options = {
        .backend = suite_backend,
        .path = path,
        .max_bytes = 16 << 20,
        .runs_inline = true,
    };
    unsigned failed = 0;

    for (unsigned long n = 1; n <= most; n++) {
        struct mln_store *store = NULL;
        struct mln_reader *reader = NULL;
        mln_err err;

        (void)snprintf(path, sizeof path, "%s/open-%s-%lu", suite_directory, suite_backend, n % 7);
        fail_at(n);
        err = mln_store_open(&options, mln_env_system(), NULL, &store);
        if (!mln_failed(err)) {
            err = mln_reader_new(store, &reader);
        }
        fail_at(0);
        failed += mln_failed(err);
        mln_reader_free(reader);
        mln_store_close(store);
        assert_ok(mln_store_open(&options, mln_env_system(), NULL, &store));
        mln_store_close(store);
    }
    assert_true(failed > 3);
}

static void opening_fails_whole_or_not_at_all(void **state)
{
    (void)state;
    opening_fails_whole(mln_store_fail_at, 20);
    opening_fails_whole(mln_mem_fail_at, 30);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_of_the_backend_fails),
        cmocka_unit_test(each_allocation_fails),
        cmocka_unit_test(opening_fails_whole_or_not_at_all),
    };
    char directory[TEMPDIR_SIZE];
    int failed;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s BACKEND\n", argv[0]);
        return 2;
    }
    tempdir_make_fast(directory);
    suite_backend = argv[1];
    suite_directory = directory;
    failed = cmocka_run_group_tests_name("torture", tests, NULL, NULL);
    tempdir_remove(directory);
    return failed != 0;
}
