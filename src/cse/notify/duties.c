/* The duties as a whole: start, messages from the executor, stop. */
#include "base/log.h"
#include "base/mem.h"
#include "cse/notify/duties_int.h"
#include "cse/pipeline/resume.h"
#include "cse/remote/announce.h"
#include "cse/remote/courier.h"
#include "cse/remote/registration.h"
#include "cse/stats/stats.h"

mln_err mln_duties_new(struct mln_worker *worker, struct mln_duties **ret)
{
    struct mln_duties *d = mln_calloc(1, sizeof *d);
    mln_err err;

    MLN_REQUIRE(d, NO_MEMORY);
    d->worker = worker;
    d->cse = worker->cse;
    err = mln_channels_new(d, &d->channels);
    if (!mln_failed(err)) {
        err = mln_announcer_new(d, &d->announcer);
    }
    if (!mln_failed(err)) {
        err = mln_deliverer_new(d, &d->deliverer);
    }
    if (!mln_failed(err)) {
        err = mln_upkeep_new(d, &d->upkeep);
    }
    if (!mln_failed(err)) {
        err = mln_registration_new(worker, &d->registration);
    }
    if (!mln_failed(err)) {
        err = mln_courier_new(worker, &d->courier);
    }
    if (!mln_failed(err)) {
        err = mln_resumer_new(worker, &d->resumer);
    }
    if (mln_failed(err)) {
        mln_duties_free(d);
        return err;
    }
    d->cse->duties = d;
    /* what an earlier run of the server left */
    mln_deliverer_look(d->deliverer);
    mln_upkeep_purge(d->upkeep);
    mln_upkeep_rearm(d->upkeep);
    mln_registration_start(d->registration);
    mln_courier_look(d->courier);
    *ret = d;
    return MLN_OK;
}

static void take_message(struct mln_task *task)
{
    struct mln_fresh_message *m =
        (struct mln_fresh_message *)(void *)((char *)task -
                                             offsetof(struct mln_fresh_message, task));
    struct mln_duties *d = m->duties;

    if (!d->is_stopped) {
        mln_channels_end(d->channels, m->channels, m->channel_count);
        for (size_t i = 0; i < m->count; i++) {
            mln_deliverer_kick(d->deliverer, m->lanes[i]);
        }
        if (m->must_look) {
            mln_deliverer_look(d->deliverer);
        }
        if (m->has_purge || m->must_look) {
            mln_upkeep_purge(d->upkeep);
        }
        if (m->earliest_us != INT64_MAX || m->must_look) {
            mln_upkeep_rearm(d->upkeep);
        }
        if (m->has_registrees) {
            mln_registration_look(d->registration);
        }
        if (m->has_deliveries || m->must_look) {
            mln_courier_look(d->courier);
        }
    }
    mln_free(m);
}

void mln_cse_committed(void *cse)
{
    struct mln_cse *c = cse;
    struct mln_duties *d = c->duties;
    struct mln_fresh_message *m = d ? mln_fresh_take(c->fresh) : NULL;

    mln_stats_committed(c);
    if (m) {
        m->duties = d;
        m->task.run = take_message;
        d->worker->ops.post(d->worker->ops.loop, &m->task);
    }
}

void mln_duties_stop(struct mln_duties *duties)
{
    duties->is_stopped = true;
    mln_deliverer_stop(duties->deliverer);
    mln_upkeep_stop(duties->upkeep);
    mln_channels_stop(duties->channels);
    mln_registration_stop(duties->registration);
    mln_announcer_stop(duties->announcer);
    mln_courier_stop(duties->courier);
    mln_resumer_stop(duties->resumer);
}

void mln_duties_leave(struct mln_duties *duties, int64_t within_us, struct mln_task *left)
{
    struct mln_worker_ops *ops = &duties->worker->ops;

    mln_duties_stop(duties);
    if (!mln_registration_leave(duties->registration, within_us, left)) {
        ops->post(ops->loop, left);
    }
}

void mln_duties_free(struct mln_duties *duties)
{
    if (duties) {
        duties->cse->duties = NULL;
        mln_deliverer_free(duties->deliverer);
        mln_upkeep_free(duties->upkeep);
        mln_channels_free(duties->channels);
        mln_registration_free(duties->registration);
        mln_announcer_free(duties->announcer);
        mln_courier_free(duties->courier);
        mln_resumer_free(duties->resumer);
        mln_free(duties);
    }
}

void mln_duties_stats(const struct mln_duties *duties, struct mln_duties_stats *ret)
{
    *ret = duties->stats;
}
