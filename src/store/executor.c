/* The executor: runs the jobs of all threads in few transactions.
 *
 * What is queued when the thread looks becomes one batch: all jobs run in one transaction, one
 * commit makes them durable, then each is told. A job that fails before it wrote has no effect on
 * the others. One that fails later spoils the transaction: it is rolled back and the others run
 * again. When the batch does not fit or keeps failing, each job gets a transaction of its own, so
 * that what can be done is done. */
#include <pthread.h>
#include <signal.h>

#include "base/mem.h"
#include "store/store_int.h"

enum {
    BATCH_JOBS = 1024,
    BATCH_ROWS = 16384,    /* no more jobs join a transaction that has written so much: */
    BATCH_BYTES = 4 << 20, /* answers wait for all of it, and it must fit the reserve */
    BATCH_TRIES = 3,
};

struct entry {
    struct mln_job *job;
    mln_err result;
    bool is_settled; /* the result is final */
};

struct mln_executor {
    struct mln_store *store;
    void (*batch_done)(void *data);
    void *data;
    bool is_inline;
    bool is_draining; /* inline: a submit further up the stack runs the queue */
    pthread_t thread;

    pthread_mutex_t lock; /* guards the rest but the batch */
    pthread_cond_t wake;
    bool is_waiting;
    bool is_stopping;
    struct mln_job *first;
    struct mln_job **last;
    uint64_t queued;
    uint64_t max_queued;

    /* the batch: executor's thread only */
    struct entry entries[BATCH_JOBS];
    size_t count;
    bool has_committed; /* something, since batch_done was called */
};

/* ---- one transaction ---- */

static mln_err begin(struct mln_executor *x, struct mln_view *view)
{
    *view = (struct mln_view){ .store = x->store };
    return mln_kv_begin(x->store->kv, &view->txn);
}

static void roll_back(struct mln_executor *x, struct mln_view *view)
{
    x->store->kv->ops->abort(view->txn);
}

/* Ends the transaction. One that wrote nothing costs nothing. */
static mln_err finish(struct mln_executor *x, struct mln_view *view)
{
    mln_err err = mln_write_seal(view);

    if (mln_failed(err) || view->rows == 0) {
        roll_back(x, view);
        return err;
    }
    err = mln_kv_commit(view->txn);
    x->has_committed = x->has_committed || !mln_failed(err);
    return err;
}

/* Runs one job. *ret_spoilt: the transaction must be rolled back. */
static mln_err run(struct mln_job *job, struct mln_view *view, bool *ret_spoilt)
{
    mln_err err;

    view->is_dirty = false;
    err = job->run(job, view);
    *ret_spoilt = view->txn->is_spoilt || (mln_failed(err) && view->is_dirty);
    return *ret_spoilt && !mln_failed(err) ? MLN_ERROR(STORE_IO) : err;
}

/* ---- a batch ---- */

enum outcome {
    COMMITTED,   /* results are final */
    ROLLED_BACK, /* one job was settled with its error; the others may run again */
    TOO_MUCH,    /* together they do not fit: each may run alone */
};

static bool is_shortage(mln_err err)
{
    return err.code == MLN_ERR_STORE_FULL || err.code == MLN_ERR_NO_MEMORY;
}

static void settle(struct entry *entry, mln_err result)
{
    entry->result = result;
    entry->is_settled = true;
}

/* Settles what is not settled yet of the entries [from, to). */
static void settle_all(struct mln_executor *x, size_t from, size_t to, const mln_err *failure)
{
    for (size_t i = from; i < to; i++) {
        if (!x->entries[i].is_settled) {
            settle(&x->entries[i], failure ? *failure : x->entries[i].result);
        }
    }
}

/* Runs entries from `from` on until the transaction is large; *ret_to is behind the last. */
static enum outcome run_all(struct mln_executor *x, size_t from, struct mln_view *view,
                            size_t *ret_to)
{
    size_t i;

    for (i = from; i < x->count && view->rows < BATCH_ROWS && view->bytes < BATCH_BYTES; i++) {
        struct entry *entry = &x->entries[i];
        bool is_spoilt;

        if (entry->is_settled) {
            continue;
        }
        entry->result = run(entry->job, view, &is_spoilt);
        if (!is_spoilt) {
            continue;
        }
        roll_back(x, view);
        *ret_to = i + 1;
        if (is_shortage(entry->result)) {
            return TOO_MUCH;
        }
        settle(entry, entry->result);
        return ROLLED_BACK;
    }
    *ret_to = i;
    return COMMITTED;
}

static enum outcome try_together(struct mln_executor *x, size_t from, size_t *ret_to)
{
    enum outcome outcome;
    struct mln_view view;
    mln_err err = begin(x, &view);

    if (mln_failed(err)) {
        *ret_to = x->count;
        settle_all(x, from, x->count, &err);
        return COMMITTED;
    }
    outcome = run_all(x, from, &view, ret_to);
    if (outcome != COMMITTED) {
        return outcome;
    }
    err = finish(x, &view);
    if (is_shortage(err)) {
        return TOO_MUCH;
    }
    settle_all(x, from, *ret_to, mln_failed(err) ? &err : NULL);
    return COMMITTED;
}

static mln_err run_alone(struct mln_executor *x, struct mln_job *job)
{
    struct mln_view view;
    bool is_spoilt;
    mln_err err;

    MLN_TRY(begin(x, &view));
    err = run(job, &view, &is_spoilt);
    if (mln_failed(err)) {
        roll_back(x, &view);
        return err;
    }
    return finish(x, &view);
}

/* Settles entries from `from` on, at least one; returns the index behind them. */
static size_t run_some(struct mln_executor *x, size_t from)
{
    enum outcome outcome = ROLLED_BACK;
    size_t to = from;

    for (int tries = 0; tries < BATCH_TRIES && outcome == ROLLED_BACK; tries++) {
        outcome = try_together(x, from, &to);
    }
    for (size_t i = from; outcome != COMMITTED && i < to; i++) {
        if (!x->entries[i].is_settled) {
            settle(&x->entries[i], run_alone(x, x->entries[i].job));
        }
    }
    return to;
}

static void run_batch(struct mln_executor *x)
{
    size_t from = 0;

    while (from < x->count) {
        size_t to = run_some(x, from);

        for (; from < to; from++) {
            x->entries[from].job->done(x->entries[from].job, x->entries[from].result);
        }
        if (x->has_committed && x->batch_done) {
            x->batch_done(x->data);
        }
        x->has_committed = false;
    }
}

/* ---- the queue ---- */

/* Moves queued jobs into the batch; the lock is held. */
static void take_queued(struct mln_executor *x)
{
    x->count = 0;
    while (x->first && x->count < BATCH_JOBS) {
        struct mln_job *job = x->first;

        x->first = job->next;
        job->next = NULL;
        x->entries[x->count++] = (struct entry){ .job = job };
    }
    if (!x->first) {
        x->last = &x->first;
    }
    x->queued -= x->count;
}

/* Waits for jobs. False: none will come any more. */
static bool next_batch(struct mln_executor *x)
{
    (void)pthread_mutex_lock(&x->lock);
    while (!x->first && !x->is_stopping) {
        x->is_waiting = true;
        (void)pthread_cond_wait(&x->wake, &x->lock);
    }
    x->is_waiting = false;
    take_queued(x);
    (void)pthread_mutex_unlock(&x->lock);
    return x->count != 0;
}

static void *thread_main(void *data)
{
    struct mln_executor *x = data;

    while (next_batch(x)) {
        run_batch(x);
    }
    return NULL;
}

/* Runs the queue on the caller's thread. A job that submits another finds is_draining set. */
static void drain_inline(struct mln_executor *x)
{
    if (x->is_draining) {
        return;
    }
    x->is_draining = true;
    while (x->first) {
        take_queued(x);
        run_batch(x);
    }
    x->is_draining = false;
}

mln_err mln_store_submit(struct mln_store *store, struct mln_job *job)
{
    struct mln_executor *x = store->executor;
    bool must_wake;

    MLN_REQUIRE(x, INTERNAL);
    (void)pthread_mutex_lock(&x->lock);
    if (x->queued >= x->max_queued) {
        (void)pthread_mutex_unlock(&x->lock);
        MLN_FAIL(OVERLOAD);
    }
    job->next = NULL;
    *x->last = job;
    x->last = &job->next;
    x->queued++;
    must_wake = x->is_waiting;
    x->is_waiting = false;
    (void)pthread_mutex_unlock(&x->lock);
    if (x->is_inline) {
        drain_inline(x);
    } else if (must_wake) {
        (void)pthread_cond_signal(&x->wake);
    }
    return MLN_OK;
}

/* ---- life ---- */

/* The thread takes no signals: they belong to the program's own threads. */
static mln_err start_thread(struct mln_executor *x)
{
    sigset_t all;
    sigset_t before;
    int rc;

    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGBUS); /* faults: blocked, they end the process without a word */
    (void)sigdelset(&all, SIGSEGV);
    (void)sigdelset(&all, SIGFPE);
    (void)sigdelset(&all, SIGILL);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&x->thread, NULL, thread_main, x);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    MLN_REQUIRE(rc == 0, SYSTEM);
    (void)pthread_setname_np(x->thread, "merlon-store");
    return MLN_OK;
}

mln_err mln_executor_new(struct mln_store *store, const struct mln_store_options *options,
                         struct mln_executor **ret)
{
    struct mln_executor *x = mln_calloc(1, sizeof *x);
    struct mln_limits limits;

    MLN_REQUIRE(x, NO_MEMORY);
    mln_limits_default(&limits);
    x->store = store;
    x->batch_done = options->batch_done;
    x->data = options->data;
    x->is_inline = options->runs_inline;
    x->max_queued = options->max_queued ? options->max_queued : limits.write_queue;
    x->last = &x->first;
    (void)pthread_mutex_init(&x->lock, NULL);
    (void)pthread_cond_init(&x->wake, NULL);
    if (!x->is_inline && mln_failed(start_thread(x))) {
        x->is_inline = true; /* there is no thread to wait for */
        mln_executor_free(x);
        MLN_FAIL(SYSTEM);
    }
    *ret = x;
    return MLN_OK;
}

void mln_executor_free(struct mln_executor *executor)
{
    struct mln_executor *x = executor;

    if (!x) {
        return;
    }
    if (!x->is_inline) {
        (void)pthread_mutex_lock(&x->lock);
        x->is_stopping = true;
        (void)pthread_mutex_unlock(&x->lock);
        (void)pthread_cond_signal(&x->wake);
        (void)pthread_join(x->thread, NULL);
    }
    (void)pthread_cond_destroy(&x->wake);
    (void)pthread_mutex_destroy(&x->lock);
    mln_free(x);
}
