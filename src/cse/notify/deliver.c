/* Delivery: empties the lanes of the outbox, each in its order, many lanes at a time.
 *
 * An entry is removed after its target has taken it; so an entry may be delivered twice (after a
 * crash in between), but never not at all, until it is too old. A target that fails is tried again
 * with growing pauses; other lanes do not wait for it. spec: TS-0004 7.5.1.2.2 */
#include "base/log.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "cse/notify/duties_int.h"
#include "cse/notify/policy.h"
#include "cse/remote/govern.h"
#include "cse/tree.h"

enum {
    BUCKETS = 1024,
    LOOK_STEP = 1000, /* lanes woken by one look through the outbox */
    FIRST_PAUSE_US = 100000,
    LONGEST_PAUSE_US = 60000000,
    ERASE_PAUSE_US = 1000000,
    ARENA_MAX = 64 << 20,
};

/* A lane with something in it. */
struct lane {
    struct lane *next;         /* in its bucket */
    struct lane *next_waiting; /* in the line for a free place */
    struct mln_deliverer *d;
    struct mln_lane key;
    uint64_t sent_up_to; /* number of the last entry that is dealt with */
    uint64_t unerased;   /* dealt with, but still in the store */
    unsigned failures;   /* of the entry at hand */
    bool is_sending;
    bool is_waiting;
    void *timer;
    struct mln_task task;             /* of the timer */
    struct mln_channel_waiter waiter; /* for a poll of the target */
    struct mln_arena *arena;          /* while sending */
    struct mln_outbox_entry entry;
    struct mln_attempt attempt;
    struct mln_govern_notice govern; /* of an entry for another CSE */
    uint64_t spread; /* number of the entry that has waited for the spreading of the network */
};

/* An entry to be removed from the store. */
struct erasure {
    struct mln_lane lane;
    uint64_t number;
    bool counts; /* against expirationCounter, if there is one */
};

struct mln_deliverer {
    struct mln_duties *duties;
    struct lane *buckets[BUCKETS];
    struct lane *first_waiting;
    struct lane **last_waiting;
    uint64_t sending;
    struct mln_lane failing[BUCKETS]; /* told of in the log; a later one takes the place */
    struct mln_lane looked_up_to;     /* a look through the outbox goes on behind this lane */
    bool has_more;                    /* it was not finished */
    bool is_advancing;                /* next_in_line is at work */

    /* erasures: those of the running job, and those that come after */
    struct mln_job job;
    struct mln_task task;
    struct mln_arena *arena; /* of the job */
    struct erasure *running;
    size_t running_count;
    struct erasure *waiting;
    size_t waiting_count;
    size_t waiting_cap;
    bool is_running;
    void *timer;
    mln_err result;
};

static void go_on(struct lane *l);
static void erase_waiting(struct mln_deliverer *d);
static void look(struct mln_deliverer *d, const struct mln_lane *after);

/* Without memory to go on by itself something is left in the outbox: it is looked for after the
 * next commit. */
static void look_later(struct mln_deliverer *d)
{
    mln_fresh_want_look(d->duties->cse->fresh);
    mln_log(MLN_LOG_ERROR, "notify", "no memory: what is left waits for the next commit");
}

/* ---- the table of lanes ---- */

static struct lane **bucket_of(struct mln_deliverer *d, struct mln_lane key)
{
    return &d->buckets[(key.subscription ^ (key.subscription >> 12) ^ key.number) % BUCKETS];
}

static struct lane *find(struct mln_deliverer *d, struct mln_lane key)
{
    struct lane *l = *bucket_of(d, key);

    while (l && (l->key.subscription != key.subscription || l->key.number != key.number)) {
        l = l->next;
    }
    return l;
}

static struct lane *add(struct mln_deliverer *d, struct mln_lane key)
{
    struct lane **bucket = bucket_of(d, key);
    struct lane *l = mln_calloc(1, sizeof *l);

    if (l) {
        l->d = d;
        l->key = key;
        l->next = *bucket;
        *bucket = l;
    }
    return l;
}

static void release(struct lane *l)
{
    struct lane **link = bucket_of(l->d, l->key);

    while (*link != l) {
        link = &(*link)->next;
    }
    *link = l->next;
    mln_arena_free(l->arena);
    mln_free(l);
}

/* Nothing is going on and nothing is left to remember. */
static void release_if_idle(struct lane *l)
{
    if (!l->is_sending && !l->is_waiting && !l->timer && !l->waiter.at && l->unerased == 0) {
        release(l);
    }
}

/* ---- erasing ---- */

static bool note_erasure(struct lane *l, bool counts)
{
    struct mln_deliverer *d = l->d;

    if (d->waiting_count == d->waiting_cap) {
        size_t cap = d->waiting_cap ? d->waiting_cap * 2 : 64;
        struct erasure *grown = mln_realloc(d->waiting, cap * sizeof *grown);

        if (!grown) {
            return false;
        }
        d->waiting = grown;
        d->waiting_cap = cap;
    }
    d->waiting[d->waiting_count++] = (struct erasure){ l->key, l->entry.number, counts };
    l->sent_up_to = l->entry.number;
    l->unerased++;
    l->failures = 0;
    erase_waiting(d);
    return true;
}

/* spec: TS-0004 7.5.1.2.2 step 5: at zero the subscription is deleted */
static mln_err count_down(const struct mln_change *c, const struct erasure *e)
{
    uint64_t left;
    struct mln_resource sub;
    struct mln_resource changed;
    struct mln_value *attributes;
    struct mln_value *counter;
    struct mln_buf buf;
    mln_err err = mln_store_get(c->view, e->lane.subscription, c->arena, &sub);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    if (e->number < sub.count || !mln_pack_find_u64(sub.attrs, MLN_S("exc"), &left)) {
        return MLN_OK; /* from before the counter was set, or there is none */
    }
    if (left <= 1) {
        MLN_TRY(mln_policy_drop(c, sub.id));
        return mln_tree_remove(c, &sub);
    }
    MLN_TRY(mln_pack_to_value(sub.attrs, c->arena, &attributes));
    counter = mln_value_get(attributes, MLN_S("exc"));
    MLN_REQUIRE(counter, STORE_CORRUPT);
    counter->magnitude = left - 1;
    changed = sub;
    mln_buf_init(&buf, c->arena, SIZE_MAX);
    mln_pack_value(&buf, attributes);
    MLN_TRY(mln_buf_finish(&buf, &changed.attrs));
    return mln_store_put(c->write, &sub, &changed);
}

static mln_err run_erase(struct mln_job *job, struct mln_view *view)
{
    struct mln_deliverer *d =
        (struct mln_deliverer *)(void *)((char *)job - offsetof(struct mln_deliverer, job));
    struct mln_cse *cse = d->duties->cse;
    struct mln_change c = {
        .cse = cse, .view = view, .arena = d->arena, .now_us = mln_env_now_us(cse->options.env)
    };

    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &c.write));
    for (size_t i = 0; i < d->running_count; i++) {
        const struct erasure *e = &d->running[i];

        mln_arena_reset(d->arena);
        MLN_TRY(mln_outbox_erase(c.write, e->lane, e->number));
        if (e->counts) {
            MLN_TRY(count_down(&c, e));
        }
    }
    return MLN_OK;
}

static void forget_erased(struct mln_deliverer *d)
{
    for (size_t i = 0; i < d->running_count; i++) {
        struct lane *l = find(d, d->running[i].lane);

        if (l) {
            l->unerased--;
            release_if_idle(l);
        }
    }
}

static void erase_timer(struct mln_task *task)
{
    struct mln_deliverer *d =
        (struct mln_deliverer *)(void *)((char *)task - offsetof(struct mln_deliverer, task));

    d->timer = NULL;
    d->is_running = false;
    erase_waiting(d);
}

/* The store refused: the same entries are tried again a little later. */
static void erase_later(struct mln_deliverer *d)
{
    struct mln_worker_ops *ops = &d->duties->worker->ops;

    d->task.run = erase_timer;
    d->timer =
        ops->at(ops->loop, mln_env_now_us(d->duties->cse->options.env) + ERASE_PAUSE_US, &d->task);
    if (!d->timer) {
        d->is_running = false;
        look_later(d);
    }
}

static void erased(struct mln_task *task)
{
    struct mln_deliverer *d =
        (struct mln_deliverer *)(void *)((char *)task - offsetof(struct mln_deliverer, task));

    if (d->duties->is_stopped) {
        return;
    }
    if (mln_failed(d->result)) {
        mln_log(MLN_LOG_WARNING, "notify", "delivered notifications cannot be removed yet: %s",
                mln_err_text(d->result));
        erase_later(d);
        return;
    }
    forget_erased(d);
    d->running_count = 0;
    d->is_running = false;
    erase_waiting(d);
}

static void erase_done(struct mln_job *job, mln_err result)
{
    struct mln_deliverer *d =
        (struct mln_deliverer *)(void *)((char *)job - offsetof(struct mln_deliverer, job));
    struct mln_worker_ops *ops = &d->duties->worker->ops;

    d->result = result;
    d->task.run = erased;
    ops->post(ops->loop, &d->task);
}

/* Makes the waiting erasures the running ones. */
static void take_waiting(struct mln_deliverer *d)
{
    struct erasure *emptied = d->running;

    d->running = d->waiting;
    d->running_count = d->waiting_count;
    mln_free(emptied);
    d->waiting = NULL;
    d->waiting_count = 0;
    d->waiting_cap = 0;
}

static void erase_waiting(struct mln_deliverer *d)
{
    if (d->is_running) {
        return;
    }
    if (d->running_count == 0) {
        take_waiting(d);
    }
    if (d->running_count == 0) {
        return;
    }
    d->is_running = true;
    d->job = (struct mln_job){ .run = run_erase, .done = erase_done };
    if (mln_failed(mln_store_submit(d->duties->cse->options.store, &d->job))) {
        erase_later(d);
    }
}

/* ---- sending ---- */

static void pause_lane(struct lane *l);

/* Refused for good: the target understood and does not want it, or there is no such path. */
static bool is_final(const struct mln_outbound_answer *answer)
{
    int status = answer->transport_status;

    if (mln_failed(answer->err)) {
        return false;
    }
    return answer->has_rsc ? (int)answer->rsc < 5000
                           : status >= 400 && status < 500 && status != 408 && status != 429;
}

static void stop_sending(struct lane *l)
{
    l->is_sending = false;
    l->d->sending--;
    mln_arena_free(l->arena);
    l->arena = NULL;
}

static struct lane *take_first_waiting(struct mln_deliverer *d)
{
    struct lane *l = d->first_waiting;

    d->first_waiting = l->next_waiting;
    if (!d->first_waiting) {
        d->last_waiting = &d->first_waiting;
    }
    l->is_waiting = false;
    return l;
}

/* Fills the free places with lanes that wait for one, then with those not looked at yet. Whoever
 * has nothing to send after all leaves the place to the next. */
static void next_in_line(struct mln_deliverer *d)
{
    uint64_t most = d->duties->cse->options.limits->deliveries;

    if (d->is_advancing) {
        return; /* an attempt failed at once: the loop below goes on */
    }
    d->is_advancing = true;
    while (d->sending < most && (d->first_waiting || d->has_more)) {
        if (d->first_waiting) {
            go_on(take_first_waiting(d));
        } else {
            look(d, &d->looked_up_to);
        }
    }
    d->is_advancing = false;
}

/* The target is to poll for the entry at hand. */
static bool is_on_channel(const struct lane *l)
{
    return l->attempt.reach.count == 0 && l->attempt.reach.channel;
}

/* ---- telling ---- */

/* Where a lane leads, for the log. */
static void tell(const struct lane *l, enum mln_log_level level, const char *what, int status)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    struct mln_cse *cse = l->d->duties->cse;
    struct mln_slice target = mln_reach_shown(l->entry.target);
    struct mln_slice name = MLN_S("a subscription");

    if (!mln_log_enabled(level)) {
        return;
    }
    if (!mln_failed(mln_view_begin(l->d->duties->worker->reader, &view))) {
        struct mln_lookup lookup = { cse, view, l->arena, mln_env_now_us(cse->options.env) };

        name = mln_outbox_name(&lookup, l->key.subscription);
    }
    if (status) {
        mln_log(level, "notify", "%.*s to %.*s: %s, status %d", MLN_S_ARG(name), MLN_S_ARG(target),
                what, status);
    } else {
        mln_log(level, "notify", "%.*s to %.*s: %s", MLN_S_ARG(name), MLN_S_ARG(target), what);
    }
}

static struct mln_lane *failing_place(const struct lane *l)
{
    return &l->d->failing[bucket_of(l->d, l->key) - l->d->buckets];
}

/* The first failure of a lane is told, those after it only to whoever asks for everything, and
 * then the first success. */
static void tell_result(const struct lane *l, const struct mln_outbound_answer *answer,
                        bool was_taken, bool is_over)
{
    struct mln_lane *place = failing_place(l);
    bool was_failing = place->subscription == l->key.subscription && place->number == l->key.number;

    if (was_taken && was_failing) {
        tell(l, MLN_LOG_INFO, "delivered again", 0);
        *place = (struct mln_lane){ 0 };
    }
    if (!was_taken) {
        tell(l, was_failing ? MLN_LOG_DEBUG : MLN_LOG_INFO,
             mln_failed(answer->err) ? mln_err_text(answer->err)
             : is_over               ? "refused, dropped"
                                     : "refused",
             answer->transport_status);
        *place = l->key;
    }
}

/* It was not polled, or nobody responded: the next poll tells that the target is there again. */
static bool is_left_unanswered(const struct lane *l, const struct mln_outbound_answer *answer)
{
    return is_on_channel(l) && answer->err.code == MLN_ERR_TIMEOUT;
}

static void answered(struct mln_attempt *attempt, const struct mln_outbound_answer *answer)
{
    struct lane *l = attempt->data;
    struct mln_deliverer *d = l->d;
    bool was_taken = mln_attempt_succeeded(answer);
    bool is_over = was_taken || is_final(answer);

    if (!d->duties->is_stopped) {
        tell_result(l, answer, was_taken, is_over);
        mln_govern_note(d->duties->cse, attempt->reach.neighbour, &l->govern.verdict, answer);
    }
    stop_sending(l);
    if (d->duties->is_stopped) {
        return;
    }
    d->duties->stats.delivered += was_taken;
    d->duties->stats.dropped += is_over && !was_taken;
    if (is_over && note_erasure(l, was_taken && l->key.number == 0)) {
        go_on(l);
    } else if (is_left_unanswered(l, answer)) {
        d->duties->stats.retried++;
        go_on(l);
    } else {
        d->duties->stats.retried++;
        pause_lane(l);
        release_if_idle(l);
    }
    next_in_line(d);
}

static void resume_lane(struct mln_task *task)
{
    struct lane *l = (struct lane *)(void *)((char *)task - offsetof(struct lane, task));

    l->timer = NULL;
    mln_channel_unwait(&l->waiter);
    go_on(l);
}

/* Growing pauses; the lane's own number spreads lanes that failed together. */
static void pause_lane(struct lane *l)
{
    struct mln_worker_ops *ops = &l->d->duties->worker->ops;
    int64_t pause = (int64_t)FIRST_PAUSE_US << (l->failures < 10 ? l->failures : 10);
    int64_t spread = (int64_t)((l->key.subscription >> 8) % 32);

    l->failures++;
    pause = pause > LONGEST_PAUSE_US ? LONGEST_PAUSE_US : pause;
    pause += pause * spread / 128;
    l->task.run = resume_lane;
    l->timer = ops->at(ops->loop, mln_env_now_us(l->d->duties->cse->options.env) + pause, &l->task);
    if (!l->timer) {
        look_later(l->d);
    }
}

static void poll_came(struct mln_channel_waiter *waiter)
{
    struct lane *l = (struct lane *)(void *)((char *)waiter - offsetof(struct lane, waiter));
    struct mln_worker_ops *ops = &l->d->duties->worker->ops;

    if (l->timer) {
        ops->cancel(ops->loop, l->timer);
        l->timer = NULL;
    }
    go_on(l);
}

/* What there is for the target stays in the outbox; from time to time it is looked whether it can
 * leave earlier, or in another way, or is too old. */
static void wait_until(struct lane *l, int64_t until_us)
{
    struct mln_deliverer *d = l->d;
    struct mln_worker_ops *ops = &d->duties->worker->ops;
    int64_t look_us = mln_env_now_us(d->duties->cse->options.env) + LONGEST_PAUSE_US;

    mln_arena_free(l->arena);
    l->arena = NULL;
    l->task.run = resume_lane;
    l->timer = ops->at(ops->loop, until_us < look_us ? until_us : look_us, &l->task);
    if (!l->timer) {
        look_later(d);
    }
}

/* The target polls, but not now. */
static void wait_for_poll(struct lane *l)
{
    l->waiter.wake = poll_came;
    mln_ignore(mln_channel_wait(l->d->duties->channels, l->attempt.reach.channel, &l->waiter));
    wait_until(l, INT64_MAX);
}

static bool must_wait_for_poll(const struct lane *l)
{
    return is_on_channel(l) &&
           !mln_channel_is_polled(l->d->duties->channels, l->attempt.reach.channel);
}

static void wait_in_line(struct lane *l)
{
    struct mln_deliverer *d = l->d;

    l->is_waiting = true;
    l->next_waiting = NULL;
    *d->last_waiting = l;
    d->last_waiting = &l->next_waiting;
}

/* The next entry of the lane and where it goes; NOT_FOUND when the lane is empty. */
static mln_err read_next(struct lane *l)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    struct mln_cse *cse = l->d->duties->cse;
    struct mln_lookup lookup = { cse, NULL, l->arena, mln_env_now_us(cse->options.env) };

    MLN_TRY(mln_view_begin(l->d->duties->worker->reader, &view));
    MLN_TRY(mln_outbox_next(view, l->key, l->sent_up_to, l->arena, &l->entry));
    lookup.view = view;
    MLN_TRY(mln_reach_find(&lookup, l->entry.target, &l->attempt.reach));
    l->govern = (struct mln_govern_notice){ .created_us = l->entry.created_us,
                                            .ec = l->entry.notice.ec,
                                            .rqet_us = MLN_NO_TIME };
    return l->attempt.reach.is_through_cse
               ? mln_govern_notice(&lookup, l->attempt.reach.neighbour, &l->govern)
               : MLN_OK;
}

/* Why the entry must not leave any more; NULL: it may. */
static const char *reason_to_drop(const struct lane *l)
{
    const struct mln_cse_options *o = &l->d->duties->cse->options;
    int64_t now_us = mln_env_now_us(o->env);

    if (now_us - l->entry.created_us > (int64_t)o->limits->outbox_ms * 1000 ||
        (l->govern.rqet_us != MLN_NO_TIME && l->govern.rqet_us <= now_us)) {
        return "a notification is too old, dropped";
    }
    return l->govern.is_refused ? "the CMDH policy refuses a notification, dropped" : NULL;
}

/* When the CMDH policy lets the entry leave. */
static int64_t leaves_us(struct lane *l)
{
    const struct mln_env *env = l->d->duties->cse->options.env;
    uint64_t spread_us = (uint64_t)l->govern.verdict.spread_us;
    int64_t now_us = mln_env_now_us(env);
    uint64_t n = 0;

    if (spread_us == 0 || l->spread == l->entry.number) {
        return l->govern.opens_us;
    }
    l->spread = l->entry.number;
    mln_ignore(mln_env_random(env, &n, sizeof n));
    return (l->govern.opens_us > now_us ? l->govern.opens_us : now_us) +
           (int64_t)(n % (spread_us + 1));
}

static void send(struct lane *l)
{
    struct mln_cse *cse = l->d->duties->cse;

    l->attempt.worker = l->d->duties->worker;
    l->attempt.fr = cse->names.cse_id;
    l->attempt.rvi = l->attempt.reach.rvi;
    l->attempt.content = l->entry.notice.content;
    l->attempt.ec = l->govern.ec;
    l->attempt.timeout_us = (int64_t)cse->options.limits->notify_ms * 1000 *
                            (l->attempt.reach.count ? l->attempt.reach.count : 1);
    l->attempt.done = answered;
    l->attempt.data = l;
    mln_attempt_start(&l->attempt);
}

/* Reads the next entry into memory of its own; false: nothing to send now. */
static bool prepare(struct lane *l)
{
    mln_err err;

    l->arena = mln_arena_new(ARENA_MAX);
    err = l->arena ? read_next(l) : MLN_ERROR(NO_MEMORY);
    while (!mln_failed(err) && reason_to_drop(l)) {
        l->d->duties->stats.dropped++;
        tell(l, MLN_LOG_WARNING, reason_to_drop(l), 0);
        err = note_erasure(l, false) ? read_next(l) : MLN_ERROR(NO_MEMORY);
    }
    if (!mln_failed(err)) {
        return true;
    }
    mln_arena_free(l->arena);
    l->arena = NULL;
    if (err.code != MLN_ERR_NOT_FOUND) {
        mln_log(MLN_LOG_WARNING, "notify", "cannot read the outbox: %s", mln_err_text(err));
        pause_lane(l);
    }
    return false;
}

static void go_on(struct lane *l)
{
    struct mln_deliverer *d = l->d;
    int64_t until_us;

    if (l->is_sending || l->is_waiting || l->timer || l->waiter.at || d->duties->is_stopped) {
        return;
    }
    if (d->sending >= d->duties->cse->options.limits->deliveries) {
        wait_in_line(l);
        return;
    }
    if (!prepare(l)) {
        release_if_idle(l);
        return;
    }
    if (must_wait_for_poll(l)) {
        wait_for_poll(l);
        return;
    }
    until_us = leaves_us(l);
    if (until_us > mln_env_now_us(d->duties->cse->options.env)) {
        wait_until(l, until_us);
        return;
    }
    l->is_sending = true;
    d->sending++;
    send(l);
}

/* ---- face ---- */

void mln_deliverer_kick(struct mln_deliverer *d, struct mln_lane lane)
{
    struct lane *l = find(d, lane);

    if (!l) {
        l = add(d, lane);
    }
    if (l) {
        go_on(l);
    } else {
        look_later(d);
    }
}

/* Up to LOOK_STEP lanes behind `after`. */
static mln_err list_lanes(struct mln_deliverer *d, const struct mln_lane *after,
                          struct mln_lane found[static LOOK_STEP], size_t *ret_count)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    mln_err err = MLN_OK;
    size_t count = 0;

    MLN_TRY(mln_view_begin(d->duties->worker->reader, &view));
    while (count < LOOK_STEP &&
           !mln_failed(err = mln_outbox_next_lane(view, after, &found[count]))) {
        after = &found[count++];
    }
    *ret_count = count;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static void look(struct mln_deliverer *d, const struct mln_lane *after)
{
    struct mln_lane *found = mln_calloc(LOOK_STEP, sizeof *found);
    size_t count = 0;
    mln_err err = found ? list_lanes(d, after, found, &count) : MLN_ERROR(NO_MEMORY);

    if (mln_failed(err)) {
        mln_log(MLN_LOG_WARNING, "notify", "cannot look through the outbox: %s", mln_err_text(err));
        mln_fresh_want_look(d->duties->cse->fresh);
    }
    d->has_more = count == LOOK_STEP;
    if (count) {
        d->looked_up_to = found[count - 1];
    }
    for (size_t i = 0; i < count; i++) {
        mln_deliverer_kick(d, found[i]);
    }
    mln_free(found);
}

void mln_deliverer_look(struct mln_deliverer *d)
{
    erase_waiting(d);
    look(d, NULL);
    next_in_line(d);
}

mln_err mln_deliverer_new(struct mln_duties *duties, struct mln_deliverer **ret)
{
    struct mln_deliverer *d = mln_calloc(1, sizeof *d);

    MLN_REQUIRE(d, NO_MEMORY);
    d->duties = duties;
    d->last_waiting = &d->first_waiting;
    d->arena = mln_arena_new(ARENA_MAX);
    if (!d->arena) {
        mln_free(d);
        MLN_FAIL(NO_MEMORY);
    }
    *ret = d;
    return MLN_OK;
}

void mln_deliverer_stop(struct mln_deliverer *d)
{
    struct mln_worker_ops *ops = &d->duties->worker->ops;

    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct lane *l = d->buckets[i]; l; l = l->next) {
            if (l->timer) {
                ops->cancel(ops->loop, l->timer);
                l->timer = NULL;
            }
        }
    }
    if (d->timer) {
        ops->cancel(ops->loop, d->timer);
        d->timer = NULL;
    }
}

void mln_deliverer_free(struct mln_deliverer *d)
{
    if (!d) {
        return;
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        while (d->buckets[i]) {
            release(d->buckets[i]);
        }
    }
    mln_free(d->running);
    mln_free(d->waiting);
    mln_arena_free(d->arena);
    mln_free(d);
}
