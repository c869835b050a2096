/* What the store costs, on few rows and on many, side by side in one run.
 *
 * usage: store_bench [ROWS] [DIRECTORY]. Fills one store with 10,000 instances, measures, fills it
 * up to ROWS (default 1,000,000), measures again and prints times and ratios. A creation is what
 * the CSE does for one: read the container, store the instance, store the container with new
 * counters; 64 of them share a commit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "base/timestamp.h"
#include "model/pack.h"
#include "store/admin.h"
#include "store/store.h"

enum {
    FEW = 10000,
    CONTAINERS = 100,
    BATCH = 64,
    FILL_BATCH = 2000,
    CREATE_JOBS = 100,
    READS = 100000,
    TIMES = 5, /* each is measured so often; the best counts, since others share the machine */
    MEASURED = 4 * TIMES * CREATE_JOBS * BATCH, /* instances that measuring makes */
};

static const int64_t year_us = 365 * INT64_C(86400) * MLN_US_PER_S;

struct bench {
    const char *path;
    struct mln_store *store;
    struct mln_reader *reader;
    struct mln_arena *arena;
    struct mln_slice attrs;
    uint64_t containers[CONTAINERS];
    uint64_t *ids;
    size_t count;
    uint64_t dice;
    bool is_one_container;
    unsigned per_job;
    double run_s; /* CPU inside jobs, without their commits */
};

enum figure {
    CREATE_RUN_US,
    CREATE_US,
    CREATE_WALL_US,
    CREATE_ONE_US,
    GET_US,
    NEWEST_US,
    LATEST_US,
    OPEN_MS,
    FIGURES,
};

struct figures {
    double best[FIGURES];
};

static void must(mln_err err, const char *what)
{
    if (mln_failed(err)) {
        (void)fprintf(stderr, "%s: %s\n", what, mln_err_text(err));
        exit(1);
    }
}

static double seconds(clockid_t clock)
{
    struct timespec t;

    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static size_t pick(struct bench *b, size_t below)
{
    b->dice ^= b->dice << 13;
    b->dice ^= b->dice >> 7;
    b->dice ^= b->dice << 17;
    return (size_t)((b->dice >> 16) % below);
}

/* ---- jobs ---- */

struct creation {
    struct mln_job job;
    struct bench *b;
    mln_err result;
};

static mln_err create_one(struct bench *b, struct mln_view *view, struct mln_write *write)
{
    uint64_t container = b->containers[b->is_one_container ? 0 : pick(b, CONTAINERS)];
    int64_t now = mln_env_now_us(mln_env_system());
    struct mln_resource changed;
    struct mln_resource parent;
    struct mln_resource cin;
    char ri[MLN_RI_SIZE];
    size_t len;

    MLN_TRY(mln_store_get(view, container, b->arena, &parent));
    cin = (struct mln_resource){
        .parent = container,
        .ty = 4,
        .ct = now,
        .lt = now,
        .et = now + year_us,
        .st = parent.st,
        .bytes = b->attrs.len,
        .pi = parent.ri,
        .cr = parent.cr,
        .attrs = b->attrs,
    };
    MLN_TRY(mln_store_new_id(write, MLN_S("cin"), &cin.id, ri, &len));
    cin.ri = mln_slice_of(ri, len);
    MLN_TRY(mln_store_put(write, NULL, &cin));
    b->ids[b->count++] = cin.id;
    changed = parent;
    changed.count++;
    changed.bytes += cin.bytes;
    changed.st++;
    changed.lt = now;
    return mln_store_put(write, &parent, &changed);
}

static mln_err run_creations(struct mln_job *job, struct mln_view *view)
{
    struct bench *b = ((struct creation *)job)->b;
    double from = seconds(CLOCK_THREAD_CPUTIME_ID);
    struct mln_write *write;

    MLN_TRY(mln_write_begin(view, (const struct mln_grant *)(const void *)b, &write));
    for (unsigned i = 0; i < b->per_job; i++) {
        mln_arena_reset(b->arena);
        MLN_TRY(create_one(b, view, write));
    }
    b->run_s += seconds(CLOCK_THREAD_CPUTIME_ID) - from;
    return MLN_OK;
}

static mln_err run_containers(struct mln_job *job, struct mln_view *view)
{
    struct bench *b = ((struct creation *)job)->b;
    struct mln_write *write;

    MLN_TRY(mln_write_begin(view, (const struct mln_grant *)(const void *)b, &write));
    for (int i = 0; i < CONTAINERS; i++) {
        struct mln_resource cnt = { .ty = 3, .et = MLN_TIMESTAMP_MAX, .cr = MLN_S("CAdmin") };
        char ri[MLN_RI_SIZE];
        size_t len;

        MLN_TRY(mln_store_new_id(write, MLN_S("cnt"), &cnt.id, ri, &len));
        cnt.ri = mln_slice_of(ri, len);
        MLN_TRY(mln_store_put(write, NULL, &cnt));
        b->containers[i] = cnt.id;
    }
    return MLN_OK;
}

static void done(struct mln_job *job, mln_err result)
{
    ((struct creation *)job)->result = result;
}

static void submit(struct bench *b, mln_err (*run)(struct mln_job *, struct mln_view *))
{
    struct creation c = { .job = { .run = run, .done = done }, .b = b };

    must(mln_store_submit(b->store, &c.job), "submit");
    must(c.result, "job");
}

static void fill(struct bench *b, size_t count)
{
    b->is_one_container = false;
    while (b->count < count) {
        size_t left = count - b->count;

        b->per_job = (unsigned)(left < FILL_BATCH ? left : FILL_BATCH);
        submit(b, run_creations);
    }
}

/* ---- measurements ---- */

static void note(struct figures *f, enum figure figure, double value)
{
    if (f->best[figure] == 0 || value < f->best[figure]) {
        f->best[figure] = value;
    }
}

static void measure_creations(struct bench *b, struct figures *f, bool is_one_container)
{
    double total = CREATE_JOBS * (double)BATCH / 1e6;
    double cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
    double wall = seconds(CLOCK_MONOTONIC);

    b->is_one_container = is_one_container;
    b->per_job = BATCH;
    b->run_s = 0;
    for (int i = 0; i < CREATE_JOBS; i++) {
        submit(b, run_creations);
    }
    cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
    wall = seconds(CLOCK_MONOTONIC) - wall;
    if (is_one_container) {
        note(f, CREATE_ONE_US, cpu / total);
        return;
    }
    note(f, CREATE_RUN_US, b->run_s / total);
    note(f, CREATE_US, cpu / total);
    note(f, CREATE_WALL_US, wall / total);
}

static void read_one(struct bench *b, uint64_t id)
{
    struct mln_resource r;
    struct mln_view *view;

    mln_arena_reset(b->arena);
    must(mln_view_begin(b->reader, &view), "view");
    must(mln_store_get(view, id, b->arena, &r), "get");
    mln_view_end(view);
}

static void measure_get(struct bench *b, struct figures *f)
{
    double from = seconds(CLOCK_MONOTONIC);

    for (int i = 0; i < READS; i++) {
        read_one(b, b->ids[pick(b, b->count)]);
    }
    note(f, GET_US, (seconds(CLOCK_MONOTONIC) - from) / READS * 1e6);
}

static void read_newest(struct bench *b, bool wants_record)
{
    struct mln_scan_spec spec = {
        .kind = MLN_SCAN_CHILDREN,
        .parent = b->containers[pick(b, CONTAINERS)],
        .ty = 4,
        .is_descending = true,
    };
    struct mln_resource r;
    struct mln_scan *scan;
    struct mln_view *view;
    uint64_t id;

    must(mln_view_begin(b->reader, &view), "view");
    must(mln_scan_open(view, &spec, &scan), "scan");
    must(mln_scan_next(scan, &id, NULL), "next");
    mln_scan_close(scan);
    if (wants_record) {
        mln_arena_reset(b->arena);
        must(mln_store_get(view, id, b->arena, &r), "get");
    }
    mln_view_end(view);
}

static void measure_newest(struct bench *b, struct figures *f, bool wants_record)
{
    double from = seconds(CLOCK_MONOTONIC);

    for (int i = 0; i < READS; i++) {
        read_newest(b, wants_record);
    }
    note(f, wants_record ? LATEST_US : NEWEST_US, (seconds(CLOCK_MONOTONIC) - from) / READS * 1e6);
}

static double open_store(struct bench *b)
{
    double from = seconds(CLOCK_MONOTONIC);
    struct mln_fault fault = { "" };
    struct mln_store_options options = {
        .backend = "lmdb",
        .path = b->path,
        .max_bytes = UINT64_C(64) << 30,
        .runs_inline = true,
    };
    mln_err err = mln_store_open(&options, mln_env_system(), &fault, &b->store);

    if (mln_failed(err)) {
        (void)fprintf(stderr, "%s\n", fault.text);
    }
    must(err, "open");
    must(mln_reader_new(b->store, &b->reader), "reader");
    return (seconds(CLOCK_MONOTONIC) - from) * 1e3;
}

static void close_store(struct bench *b)
{
    mln_reader_free(b->reader);
    mln_store_close(b->store);
}

static struct figures measure(struct bench *b)
{
    struct figures f = { { 0 } };

    for (int i = 0; i < TIMES; i++) {
        measure_creations(b, &f, false);
        measure_creations(b, &f, true);
        measure_get(b, &f);
        measure_newest(b, &f, false);
        measure_newest(b, &f, true);
        close_store(b);
        note(&f, OPEN_MS, open_store(b));
    }
    return f;
}

static void row(const char *name, const struct figures *few, const struct figures *many,
                enum figure figure, const char *target)
{
    double a = few->best[figure];
    double b = many->best[figure];

    printf("%-44s %9.2f %9.2f %-3s %6.2f  %s\n", name, a, b, figure == OPEN_MS ? "ms" : "us", a / b,
           target);
}

static void report(const struct bench *b, const struct figures *few, const struct figures *many)
{
    char path[600];
    struct stat st;

    printf("%-44s %9d %9zu     %6s  %s\n", "instances", FEW, b->count, "ratio", "target");
    row("create, CPU in the job", few, many, CREATE_RUN_US, "<= 10 us, ratio >= 0.9");
    row("create, CPU with its part of the commit", few, many, CREATE_US, "");
    row("create, time, durable", few, many, CREATE_WALL_US, "");
    row("create in one container, CPU with commit", few, many, CREATE_ONE_US, "");
    row("view, get any, end", few, many, GET_US, "<= 1 us");
    row("view, newest child, end", few, many, NEWEST_US, "<= 1 us");
    row("view, newest child and its record, end", few, many, LATEST_US, "");
    row("open", few, many, OPEN_MS, "<= 1000 ms");
    (void)snprintf(path, sizeof path, "%s/store.mdb", b->path);
    if (stat(path, &st) == 0) {
        printf("%-44s %9s %9.0f B\n", "file, per instance", "",
               (double)st.st_size / (double)b->count);
    }
}

static struct mln_slice make_attrs(struct mln_arena *arena)
{
    struct mln_slice packed;
    struct mln_buf buf;

    mln_buf_init(&buf, arena, 4096);
    mln_pack_map(&buf, 3);
    mln_pack_text(&buf, MLN_S("cnf"));
    mln_pack_text(&buf, MLN_S("application/json:0"));
    mln_pack_text(&buf, MLN_S("cs"));
    mln_pack_uint(&buf, 52);
    mln_pack_text(&buf, MLN_S("con"));
    mln_pack_text(&buf, MLN_S("{\"temperature\":21.5,\"humidity\":40,\"battery\":3.61}"));
    must(mln_buf_finish(&buf, &packed), "pack");
    return packed;
}

static void *need(void *allocated)
{
    if (!allocated) {
        perror("store_bench");
        exit(1);
    }
    return allocated;
}

static void remove_store(const char *directory)
{
    static const char *const files[] = { "store.mdb", "store.mdb-lock", "store.lock" };
    char path[600];

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", directory, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(directory);
}

static void compare(struct bench *b, uint64_t rows)
{
    struct figures few;
    struct figures many;

    (void)open_store(b);
    submit(b, run_containers);
    fill(b, FEW);
    few = measure(b);
    fill(b, rows);
    many = measure(b);
    report(b, &few, &many);
    close_store(b);
}

int main(int argc, char **argv)
{
    char made[] = "/tmp/merlon-bench-XXXXXX";
    struct mln_arena *arena = need(mln_arena_new(1 << 20));
    struct bench b = { .dice = 88172645463325252U };
    uint64_t rows = 1000000;

    if (argc > 1 && !mln_num_u64(mln_slice_z(argv[1]), &rows)) {
        (void)fprintf(stderr, "usage: %s [ROWS] [DIRECTORY]\n", argv[0]);
        return 2;
    }
    b.path = argc > 2 ? argv[2] : need(mkdtemp(made));
    b.arena = need(mln_arena_new(16 << 20));
    b.ids = need(calloc(rows + MEASURED + FEW, sizeof *b.ids));
    b.attrs = make_attrs(arena);
    compare(&b, rows);
    if (argc <= 2) {
        remove_store(made);
    }
    mln_arena_free(b.arena);
    mln_arena_free(arena);
    free(b.ids);
    return 0;
}
