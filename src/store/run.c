/* Running one job and waiting for it: for the start of the server, and tools. */
#include <pthread.h>

#include "store/store.h"

/* A job around the caller's. */
struct waiting {
    struct mln_job job;
    struct mln_job *inner;
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool is_over;
    mln_err result;
};

static mln_err run_inner(struct mln_job *job, struct mln_view *view)
{
    struct waiting *w = (struct waiting *)(void *)job;

    return w->inner->run(w->inner, view);
}

static void tell(struct mln_job *job, mln_err result)
{
    struct waiting *w = (struct waiting *)(void *)job;

    (void)pthread_mutex_lock(&w->lock);
    w->result = result;
    w->is_over = true;
    (void)pthread_cond_signal(&w->over);
    (void)pthread_mutex_unlock(&w->lock);
}

mln_err mln_store_run(struct mln_store *store, struct mln_job *job)
{
    struct waiting w = { .job = { .run = run_inner, .done = tell }, .inner = job };
    mln_err err;

    MLN_REQUIRE(pthread_mutex_init(&w.lock, NULL) == 0, SYSTEM);
    if (pthread_cond_init(&w.over, NULL) != 0) {
        (void)pthread_mutex_destroy(&w.lock);
        MLN_FAIL(SYSTEM);
    }
    err = mln_store_submit(store, &w.job);
    if (!mln_failed(err)) {
        (void)pthread_mutex_lock(&w.lock);
        while (!w.is_over) {
            (void)pthread_cond_wait(&w.over, &w.lock);
        }
        (void)pthread_mutex_unlock(&w.lock);
        err = w.result;
    }
    (void)pthread_cond_destroy(&w.over);
    (void)pthread_mutex_destroy(&w.lock);
    return err;
}
