/* Kill -9 at random moments: what was told durable is there, and the store is in order.
 *
 * A child writes with several threads and says on a pipe what was told durable. The parent kills
 * it, opens the store and compares. MERLON_CRASH_ROUNDS (default 30) and MERLON_SEED choose the
 * run. usage: crash BACKEND */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/num.h"
#include "base/timestamp.h"
#include "store/admin.h"
#include "store/store.h"
#include "tempdir.h"

enum {
    ROUNDS = 30,
    THREADS = 4,
    CONTAINERS = 5,
    KEPT = 20, /* instances in a container */
    ARENA = 1 << 20,
    LONGEST_US = 150000, /* life of a child */
    MOST = 4000000,
};

/* What a child says. */
enum word {
    CREATED, /* `id` is durable */
    ERASING, /* `id` will be erased: from here on nobody knows */
    ERASED,  /* `id` is gone for ever */
    ADDED,   /* container `id` has had `number` additions at least */
};

struct message {
    uint64_t word;
    uint64_t id;
    uint64_t number;
};

static uint64_t roll(uint64_t *dice, uint64_t below)
{
    *dice ^= *dice << 13;
    *dice ^= *dice >> 7;
    *dice ^= *dice << 17;
    return (*dice >> 11) % below;
}

static void fail(const char *what)
{
    (void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static struct mln_store *open_store(const char *backend, const char *path, bool runs_inline)
{
    struct mln_store_options options = {
        .backend = backend,
        .path = path,
        .max_bytes = UINT64_C(4) << 30,
        .runs_inline = runs_inline,
    };
    struct mln_fault fault = { "" };
    struct mln_store *store = NULL;
    mln_err err = mln_store_open(&options, mln_env_system(), &fault, &store);

    if (mln_failed(err)) {
        (void)fprintf(stderr, "open: %s: %s\n", mln_err_name(err), fault.text);
        exit(1);
    }
    return store;
}

/* ---- the child ---- */

struct writer {
    struct mln_job job;
    struct mln_store *store;
    struct mln_arena *arena;
    const uint64_t *containers;
    int pipe;
    uint64_t dice;
    uint64_t mine; /* the last resource created and not erased, or 0 */
    enum word word;
    struct message said; /* when this job is durable */
    pthread_mutex_t lock;
    pthread_cond_t told;
    bool is_told;
};

static mln_err put_new(struct mln_view *view, struct mln_write *write,
                       const struct mln_resource *parent, uint16_t ty, uint64_t *ret_id)
{
    static const char content[200] = "\xA1\x63"
                                     "con\x78\x40";
    struct mln_resource r = {
        .parent = parent ? parent->id : 0,
        .ty = ty,
        .et = ty == 3 ? MLN_TIMESTAMP_MAX : 1000000,
        .bytes = ty == 4 ? 64 : 0,
        .pi = parent ? parent->ri : MLN_S(""),
        .cr = MLN_S("CAdmin"),
    };
    char ri[MLN_RI_SIZE];
    size_t len;

    (void)view;
    if (ty == 4) {
        r.attrs = mln_slice_of(content, 7 + 64);
    }
    MLN_TRY(mln_store_new_id(write, MLN_S("r"), &r.id, ri, &len));
    r.ri = mln_slice_of(ri, len);
    *ret_id = r.id;
    return mln_store_put(write, NULL, &r);
}

static mln_err evict(struct writer *w, struct mln_view *view, struct mln_write *write,
                     struct mln_resource *container)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = {
        .kind = MLN_SCAN_CHILDREN,
        .parent = container->id,
        .ty = 4,
    };
    struct mln_resource oldest;
    uint64_t id;

    if (container->count < KEPT) {
        return MLN_OK;
    }
    MLN_TRY(mln_scan_open(view, &spec, &scan));
    MLN_TRY(mln_scan_next(scan, &id, NULL));
    MLN_TRY(mln_store_get(view, id, w->arena, &oldest));
    container->count--;
    container->bytes -= oldest.bytes;
    return mln_store_erase(write, &oldest);
}

static mln_err add(struct writer *w, struct mln_view *view, struct mln_write *write)
{
    struct mln_resource container;
    struct mln_resource before;
    uint64_t id = w->containers[roll(&w->dice, CONTAINERS)];
    uint64_t made;

    MLN_TRY(mln_store_get(view, id, w->arena, &before));
    container = before;
    MLN_TRY(evict(w, view, write, &container));
    MLN_TRY(put_new(view, write, &container, 4, &made));
    container.count++;
    container.bytes += 64;
    container.st++;
    w->said = (struct message){ ADDED, id, container.st };
    return mln_store_put(write, &before, &container);
}

static mln_err run(struct mln_job *job, struct mln_view *view)
{
    struct writer *w = (struct writer *)job;
    struct mln_resource mine;
    struct mln_write *write;

    mln_arena_reset(w->arena);
    MLN_TRY(mln_write_begin(view, (const struct mln_grant *)(const void *)w, &write));
    if (w->word == ADDED) {
        return add(w, view, write);
    }
    w->said = (struct message){ w->word, w->mine, 0 };
    if (w->word == CREATED) {
        return put_new(view, write, NULL, 9, &w->said.id);
    }
    MLN_TRY(mln_store_get(view, w->mine, w->arena, &mine));
    return mln_store_erase(write, &mine);
}

static void say(struct writer *w, const struct message *m)
{
    if (write(w->pipe, m, sizeof *m) != sizeof *m) {
        _exit(1);
    }
}

static void done(struct mln_job *job, mln_err result)
{
    struct writer *w = (struct writer *)job;

    if (mln_failed(result)) {
        (void)fprintf(stderr, "job: %s\n", mln_err_name(result));
        _exit(1);
    }
    say(w, &w->said);
    (void)pthread_mutex_lock(&w->lock);
    w->is_told = true;
    (void)pthread_cond_signal(&w->told);
    (void)pthread_mutex_unlock(&w->lock);
}

static void *write_for_ever(void *data)
{
    struct writer *w = data;

    for (;;) {
        uint64_t what = roll(&w->dice, 4);

        w->word = what >= 2 ? ADDED : what == 1 && w->mine ? ERASED : CREATED;
        w->is_told = false;
        if (w->word == ERASED) {
            say(w, &(struct message){ ERASING, w->mine, 0 });
        }
        if (mln_failed(mln_store_submit(w->store, &w->job))) {
            _exit(1);
        }
        (void)pthread_mutex_lock(&w->lock);
        while (!w->is_told) {
            (void)pthread_cond_wait(&w->told, &w->lock);
        }
        (void)pthread_mutex_unlock(&w->lock);
        if (w->word != ADDED) {
            w->mine = w->word == CREATED ? w->said.id : 0;
        }
    }
    return NULL;
}

_Noreturn static void be_child(const char *backend, const char *path, int pipe,
                               const uint64_t *containers, uint64_t seed)
{
    struct mln_store *store = open_store(backend, path, false);
    static struct writer writers[THREADS];

    for (unsigned i = 0; i < THREADS; i++) {
        struct writer *w = &writers[i];
        pthread_t thread;

        *w = (struct writer){
            .job = { .run = run, .done = done },
            .store = store,
            .arena = mln_arena_new(ARENA),
            .containers = containers,
            .pipe = pipe,
            .dice = seed * THREADS + i + 1,
        };
        (void)pthread_mutex_init(&w->lock, NULL);
        (void)pthread_cond_init(&w->told, NULL);
        if (!w->arena || pthread_create(&thread, NULL, write_for_ever, w) != 0) {
            _exit(1);
        }
    }
    for (;;) {
        (void)pause();
    }
}

/* ---- the parent ---- */

struct entry {
    uint64_t id;
    enum word last; /* what was said of it */
};

struct ledger {
    const char *backend;
    const char *path;
    uint64_t containers[CONTAINERS];
    uint64_t additions[CONTAINERS]; /* at least */
    struct entry *entries;
    size_t count;
    uint64_t messages;
};

static void note_last(struct ledger *l, const struct message *m)
{
    for (size_t i = l->count; i-- > 0;) {
        if (l->entries[i].id == m->id) {
            l->entries[i].last = (enum word)m->word;
            return;
        }
    }
}

static void note(struct ledger *l, const struct message *m)
{
    l->messages++;
    if (m->word == CREATED && l->count < MOST) {
        l->entries[l->count++] = (struct entry){ m->id, CREATED };
    }
    if (m->word == ERASING || m->word == ERASED) {
        note_last(l, m);
    }
    for (int i = 0; m->word == ADDED && i < CONTAINERS; i++) {
        if (l->containers[i] == m->id && l->additions[i] < m->number) {
            l->additions[i] = m->number;
        }
    }
}

static int report(const char *what, uint64_t id)
{
    (void)fprintf(stderr, "%s: %" PRIu64 "\n", what, id);
    return 1;
}

static int compare(struct ledger *l, struct mln_view *view, struct mln_arena *arena)
{
    struct mln_resource r;
    int wrong = 0;

    for (size_t i = 0; i < l->count; i++) {
        const struct entry *e = &l->entries[i];
        bool is_there;

        mln_arena_reset(arena);
        is_there = !mln_failed(mln_store_get(view, e->id, arena, &r));
        if (is_there && e->last == ERASED) {
            wrong += report("told erased and still there", e->id);
        } else if (!is_there && e->last == CREATED) {
            wrong += report("told durable and lost", e->id);
        }
    }
    for (int i = 0; i < CONTAINERS; i++) {
        if (mln_failed(mln_store_get(view, l->containers[i], arena, &r)) ||
            r.st < l->additions[i] || r.count > KEPT) {
            wrong += report("container lost additions", l->containers[i]);
        }
    }
    return wrong;
}

static void print_fault(void *data, const char *text)
{
    (void)data;
    (void)fprintf(stderr, "check: %s\n", text);
}

static int verify(struct ledger *l)
{
    struct mln_store *store = open_store(l->backend, l->path, true);
    struct mln_arena *arena = mln_arena_new(ARENA);
    struct mln_reader *reader;
    struct mln_view *view;
    uint64_t faults = 1;
    int wrong = 1;

    if (arena && !mln_failed(mln_reader_new(store, &reader))) {
        if (!mln_failed(mln_view_begin(reader, &view))) {
            wrong = compare(l, view, arena);
            mln_view_end(view);
        }
        mln_reader_free(reader);
    }
    if (mln_failed(mln_store_check(store, print_fault, NULL, &faults)) || faults) {
        wrong++;
    }
    mln_store_close(store);
    mln_arena_free(arena);
    return wrong;
}

struct building {
    struct mln_job job;
    struct ledger *l;
    mln_err result;
};

static mln_err build_run(struct mln_job *job, struct mln_view *view)
{
    struct ledger *l = ((struct building *)job)->l;
    struct mln_write *write;

    MLN_TRY(mln_write_begin(view, (const struct mln_grant *)(const void *)l, &write));
    for (int i = 0; i < CONTAINERS; i++) {
        MLN_TRY(put_new(view, write, NULL, 3, &l->containers[i]));
    }
    return MLN_OK;
}

static void build_done(struct mln_job *job, mln_err result)
{
    ((struct building *)job)->result = result;
}

static void build(struct ledger *l)
{
    struct mln_store *store = open_store(l->backend, l->path, true);
    struct building b = { .job = { .run = build_run, .done = build_done }, .l = l };

    if (mln_failed(mln_store_submit(store, &b.job)) || mln_failed(b.result)) {
        fail("build");
    }
    mln_store_close(store);
}

/* Reads what a killed child has said; a message is written whole. */
static void drain(struct ledger *l, int pipe)
{
    struct message m;

    while (read(pipe, &m, sizeof m) == sizeof m) {
        note(l, &m);
    }
}

/* The pipe holds only so much: it is read while the child lives. */
static int one_round(struct ledger *l, uint64_t *dice)
{
    int64_t until = mln_monotonic_us() + (int64_t)roll(dice, LONGEST_US);
    int ends[2];
    int status;
    pid_t child = -1;

    if (pipe(ends) != 0 || (child = fork()) < 0) {
        fail("fork");
    }
    if (child == 0) {
        (void)close(ends[0]);
        be_child(l->backend, l->path, ends[1], l->containers, roll(dice, 1000000));
    }
    (void)close(ends[1]);
    while (mln_monotonic_us() < until) {
        struct timeval soon = { 0, 1000 };
        struct message m;
        fd_set readable;

        FD_ZERO(&readable);
        FD_SET(ends[0], &readable);
        if (select(ends[0] + 1, &readable, NULL, NULL, &soon) == 1 &&
            read(ends[0], &m, sizeof m) == sizeof m) {
            note(l, &m);
        }
    }
    (void)kill(child, SIGKILL);
    (void)waitpid(child, &status, 0);
    drain(l, ends[0]);
    (void)close(ends[0]);
    if (!WIFSIGNALED(status)) {
        (void)fprintf(stderr, "the child ended by itself: status %d\n", status);
        return 1;
    }
    return verify(l);
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    uint64_t n;

    return mln_num_u64(mln_slice_z(getenv(variable)), &n) && n ? n : otherwise;
}

int main(int argc, char **argv)
{
    char directory[TEMPDIR_SIZE];
    struct ledger l = { .path = directory };
    uint64_t rounds = number_from("MERLON_CRASH_ROUNDS", ROUNDS);
    uint64_t dice = number_from("MERLON_SEED", 88172645463325252U);
    int wrong = 0;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s BACKEND\n", argv[0]);
        return 2;
    }
    tempdir_make(directory);
    l.backend = argv[1];
    l.entries = calloc(MOST, sizeof *l.entries);
    if (!l.entries) {
        fail("calloc");
    }
    build(&l);
    for (uint64_t i = 0; !wrong && i < rounds; i++) {
        wrong = one_round(&l, &dice);
    }
    printf("%" PRIu64 " rounds, %" PRIu64 " writes told durable, %d lost or wrong\n", rounds,
           l.messages, wrong);
    free(l.entries);
    tempdir_remove(directory);
    return wrong != 0 || l.messages == 0;
}
