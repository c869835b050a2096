/* Delivery: empties the lanes of the outbox, each in its order, many lanes at a time.
 *
 * An entry is removed after its target has taken it; so an entry may be delivered twice (after a
 * crash in between), but never not at all, until it is too old. A target that fails is tried again
 * with growing pauses; other lanes do not wait for it. spec: TS-0004 7.5.1.2.2 */
#include "base/log.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "cse/notify/cross.h"
#include "cse/notify/erase.h"
#include "cse/notify/failing.h"
#include "cse/notify/together.h"
#include "cse/remote/announce.h"
#include "cse/remote/govern.h"
#include "cse/tree.h"

enum {
    BUCKETS = 1024,
    LOOK_STEP = 1000, /* lanes woken by one look through the outbox */
    FIRST_PAUSE_US = 100000,
    LONGEST_PAUSE_US = 60000000,
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
    struct mln_tally tally;
    uint64_t under_way; /* of those that left together */
    bool is_sending;
    bool is_waiting;
    bool is_settling; /* what is dealt with must be erased before the next one is read */
    bool must_pause;
    void *timer;
    struct mln_task task;             /* of the timer */
    struct mln_channel_waiter waiter; /* for a poll of the target */
    struct mln_arena *arena;          /* while sending */
    struct mln_outbox_entry entry;
    struct mln_attempt attempt;
    struct mln_govern_notice govern; /* of an entry for another CSE */
    uint64_t spread; /* number of the entry that has waited for the spreading of the network */
    struct mln_announce_step step; /* of an entry without a target: a copy at another CSE */
    bool is_doubtful;              /* it may have been carried out without our knowing */
    bool has_failed;               /* whoever waits for it need not any more */
};

struct mln_deliverer {
    struct mln_duties *duties;
    struct lane *buckets[BUCKETS];
    struct lane *first_waiting;
    struct lane **last_waiting;
    uint64_t sending;
    struct mln_failing failing;
    struct mln_lane looked_up_to; /* a look through the outbox goes on behind this lane */
    bool has_more;                /* it was not finished */
    bool is_advancing;            /* next_in_line is at work */
    int64_t started_us;           /* entries from before may have been sent */
    struct mln_eraser *eraser;
};

#define OF(type, member, ptr) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static void go_on(struct lane *l);
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

static bool note_entry(struct lane *l, const struct mln_outbox_entry *entry, bool counts,
                       struct mln_announce_outcome *outcome)
{
    struct mln_erasure erasure = {
        .lane = l->key, .number = entry->number, .counts = counts, .outcome = outcome
    };

    erasure.tally = entry->notice.is_counted ? l->tally : erasure.tally;
    if (!mln_eraser_note(l->d->eraser, &erasure)) {
        return false;
    }
    l->tally = (struct mln_tally){ 0 };
    l->unerased++;
    l->failures = 0;
    return true;
}

/* The entry at hand is dealt with. */
static bool note_erasure(struct lane *l, bool counts, struct mln_announce_outcome *outcome)
{
    if (!note_entry(l, &l->entry, counts, outcome)) {
        return false;
    }
    l->sent_up_to = l->entry.number;
    return true;
}

static void erased(void *data, const struct mln_erasure *erasure)
{
    struct mln_deliverer *d = data;
    struct lane *l = find(d, erasure->lane);

    if (l) {
        l->unerased--;
        if (l->is_settling && l->unerased == 0) {
            l->is_settling = false;
            go_on(l);
        } else {
            release_if_idle(l);
        }
    }
    if (erasure->outcome) {
        mln_announcer_tell(d->duties->announcer, erasure->lane.subscription);
    }
}

/* ---- sending ---- */

static void pause_lane(struct lane *l);

static void drop_arena(struct lane *l)
{
    mln_arena_free(l->arena);
    l->arena = NULL;
}

static void stop_sending(struct lane *l)
{
    l->is_sending = false;
    l->d->sending--;
    drop_arena(l);
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

/* An entry for a copy at another CSE: remote/announce.h. */
static bool is_copy(const struct lane *l)
{
    return l->entry.target.len == 0;
}

/* ---- telling ---- */

/* For the log. */
static struct mln_failing_entry entry_of(const struct lane *l)
{
    return (struct mln_failing_entry){
        .duties = l->d->duties,
        .arena = l->arena,
        .lane = l->key,
        .target = is_copy(l) ? l->step.host : mln_reach_shown(l->entry.target),
    };
}

static void tell_result(const struct lane *l, const struct mln_outbound_answer *answer,
                        bool is_over)
{
    struct mln_failing_entry entry = entry_of(l);

    mln_failing_tell(&l->d->failing, &entry, answer, is_over);
}

/* It was not polled, or nobody responded: the next poll tells that the target is there again. */
static bool is_left_unanswered(const struct lane *l, const struct mln_outbound_answer *answer)
{
    return is_on_channel(l) && answer->err.code == MLN_ERR_TIMEOUT;
}

/* ---- copies at other CSEs ---- */

/* It is tried again; nobody waits for it any more. */
static void fail_copy(struct lane *l)
{
    l->is_doubtful = true;
    l->has_failed = true;
    mln_announcer_tell(l->d->duties->announcer, l->key.subscription);
}

/* What came back for a copy; false: it is sent again. */
static bool take_outcome(struct lane *l, const struct mln_outbound_answer *answer)
{
    struct mln_announce_outcome *outcome = NULL;

    if (mln_failed(mln_announce_answered(&l->step, answer, &outcome)) || !outcome ||
        !note_erasure(l, false, outcome)) {
        mln_free(outcome);
        fail_copy(l);
        return false;
    }
    l->is_doubtful = false;
    l->has_failed = false;
    return true;
}

/* There is nothing to send for the entry at hand. */
static bool end_copy(struct lane *l, enum mln_announce_end end)
{
    struct mln_announce_outcome *outcome = NULL;

    if (!mln_failed(mln_announce_ended(end, &outcome)) && note_erasure(l, false, outcome)) {
        return true;
    }
    mln_free(outcome);
    return false;
}

static void answered(struct mln_attempt *attempt, const struct mln_outbound_answer *answer)
{
    struct lane *l = attempt->data;
    struct mln_deliverer *d = l->d;
    bool was_taken = mln_attempt_succeeded(answer);
    bool is_over = was_taken || mln_attempt_is_refused(answer);
    bool is_noted;

    if (d->duties->is_stopped) {
        stop_sending(l);
        return;
    }
    if (mln_cross_goes_on(attempt, l->entry.notice.leaver, answer, l->arena)) {
        return;
    }
    mln_tally_add(&l->tally, answer);
    tell_result(l, answer, is_over);
    mln_govern_note(d->duties->cse, attempt->reach.neighbour, &l->govern.verdict, answer);
    is_noted = is_copy(l) ? take_outcome(l, answer)
                          : is_over && note_erasure(l, was_taken && l->key.number == 0, NULL);
    stop_sending(l);
    d->duties->stats.delivered += was_taken;
    d->duties->stats.dropped += is_over && !was_taken;
    if (is_noted) {
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
    struct lane *l = OF(struct lane, task, task);

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
    l->timer = ops->after(ops->loop, pause, &l->task);
    if (!l->timer) {
        look_later(l->d);
    }
}

static void poll_came(struct mln_channel_waiter *waiter)
{
    struct lane *l = OF(struct lane, waiter, waiter);
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
    int64_t left_us = until_us - mln_env_now_us(d->duties->cse->options.env);

    drop_arena(l);
    l->task.run = resume_lane;
    l->timer =
        ops->after(ops->loop, left_us < LONGEST_PAUSE_US ? left_us : LONGEST_PAUSE_US, &l->task);
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
           mln_channel_room(l->d->duties->channels, l->attempt.reach.channel) == 0;
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
    const struct mln_notice *n = &l->entry.notice;

    MLN_TRY(mln_view_begin(l->d->duties->worker->reader, &view));
    MLN_TRY(mln_outbox_next(view, l->key, l->sent_up_to, l->arena, &l->entry));
    lookup.view = view;
    l->govern = (struct mln_govern_notice){ .created_us = l->entry.created_us,
                                            .ec = n->ec,
                                            .rqet_us = MLN_NO_TIME };
    if (is_copy(l)) {
        MLN_TRY(mln_announce_next(
            &lookup, l->key, l->is_doubtful || l->entry.created_us < l->d->started_us, &l->step));
        l->attempt = l->step.attempt;
        return MLN_OK;
    }
    l->attempt = (struct mln_attempt){ .op = n->op, .fr = n->op ? n->fr : cse->names.cse_id };
    MLN_TRY(mln_reach_find(&lookup, l->entry.target, &l->attempt.reach));
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
    bool has_waited = l->govern.verdict.spread_us == 0 || l->spread == l->entry.number;

    l->spread = l->entry.number;
    return has_waited ? l->govern.opens_us
                      : mln_govern_spread(l->d->duties->cse->options.env, &l->govern);
}

static void start_attempt(struct lane *l, struct mln_attempt *a)
{
    const struct mln_duties *d = l->d->duties;

    a->worker = d->worker;
    a->rvi = a->reach.rvi;
    a->timeout_us =
        (int64_t)d->cse->options.limits->notify_ms * 1000 * (a->reach.count ? a->reach.count : 1);
    a->data = l;
    mln_attempt_start(a);
}

static void send(struct lane *l)
{
    if (!is_copy(l)) {
        l->attempt.content = l->entry.notice.content;
        l->attempt.ec = l->govern.ec;
    }
    l->attempt.done = answered;
    start_attempt(l, &l->attempt);
}

/* The entry at hand need not be sent. Errors: NO_MEMORY. */
static mln_err skip(struct lane *l)
{
    struct mln_failing_entry entry = entry_of(l);
    const char *why = reason_to_drop(l);
    bool is_noted;

    if (is_copy(l)) {
        is_noted = end_copy(l, why ? MLN_ANNOUNCE_TOO_OLD : l->step.end);
    } else {
        l->d->duties->stats.dropped++;
        mln_failing_say(&entry, MLN_LOG_WARNING, why, 0);
        is_noted = note_erasure(l, false, NULL);
    }
    return is_noted ? MLN_OK : MLN_ERROR(NO_MEMORY);
}

static bool is_to_skip(const struct lane *l)
{
    return reason_to_drop(l) || (is_copy(l) && l->step.what == MLN_ANNOUNCE_SETTLED);
}

/* The copy cannot be made now. It waits for the one above it as long as that has not failed. */
static void put_off(struct lane *l)
{
    struct lane *above = l->step.above.number ? find(l->d, l->step.above) : NULL;

    if (!l->step.above.number || (above && above->has_failed)) {
        l->has_failed = true;
        mln_announcer_tell(l->d->duties->announcer, l->key.subscription);
    }
    drop_arena(l);
    pause_lane(l);
}

/* Reads the next entry into memory of its own; false: nothing to send now. */
static bool prepare(struct lane *l)
{
    mln_err err;

    l->arena = mln_arena_new(ARENA_MAX);
    err = l->arena ? read_next(l) : MLN_ERROR(NO_MEMORY);
    while (!mln_failed(err) && is_to_skip(l)) {
        err = skip(l);
        err = mln_failed(err) ? err : read_next(l);
    }
    if (!mln_failed(err) && is_copy(l) && l->step.what == MLN_ANNOUNCE_LATER) {
        put_off(l);
        return false;
    }
    if (!mln_failed(err)) {
        return true;
    }
    drop_arena(l);
    if (err.code != MLN_ERR_NOT_FOUND) {
        mln_log(MLN_LOG_WARNING, "notify", "cannot read the outbox: %s", mln_err_text(err));
        pause_lane(l);
    }
    return false;
}

/* ---- several at once ---- */

/* Without more to send the lane is gone. */
static void end_together(struct lane *l)
{
    struct mln_deliverer *d = l->d;

    stop_sending(l);
    if (d->duties->is_stopped) {
        return;
    }
    l->is_settling = l->unerased > 0;
    if (l->must_pause) {
        pause_lane(l);
        release_if_idle(l);
    } else {
        go_on(l);
    }
    next_in_line(d);
}

static void one_answered(struct mln_attempt *attempt, const struct mln_outbound_answer *answer)
{
    const struct mln_flight *f = OF(struct mln_flight, attempt, attempt);
    struct lane *l = attempt->data;
    struct mln_duties_stats *stats = &l->d->duties->stats;
    bool was_taken = mln_attempt_succeeded(answer);
    bool is_over = was_taken || mln_attempt_is_refused(answer);

    if (!l->d->duties->is_stopped) {
        mln_tally_add(&l->tally, answer);
        tell_result(l, answer, is_over);
        is_over = is_over && note_entry(l, &f->entry, was_taken && l->key.number == 0, NULL);
        l->must_pause = l->must_pause || (!is_over && !is_left_unanswered(l, answer));
        stats->delivered += was_taken;
        stats->dropped += is_over && !was_taken;
        stats->retried += !is_over;
    }
    if (--l->under_way == 0) {
        end_together(l);
    }
}

/* What the poll of an AE takes, when that is more than the entry at hand; or NULL. */
static struct mln_flight *read_more(const struct lane *l)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    const struct mln_duties *d = l->d->duties;
    struct mln_flight *flights = NULL;
    uint64_t room = 0;

    if (is_on_channel(l) && !is_copy(l) && !l->attempt.reach.is_through_cse) {
        room = mln_channel_room(d->channels, l->attempt.reach.channel);
    }
    if (room > 1 && !mln_failed(mln_view_begin(d->worker->reader, &view))) {
        mln_together_read(view, &l->entry, room, d->cse->options.limits->response_bytes, l->arena,
                          &flights);
    }
    return flights && flights->next ? flights : NULL;
}

/* The last answer may come before this returns. */
static void send_together(struct lane *l, struct mln_flight *flights)
{
    l->must_pause = false;
    l->under_way = 0;
    for (const struct mln_flight *f = flights; f; f = f->next) {
        l->under_way++;
    }
    for (struct mln_flight *next, *f = flights; f; f = next) {
        next = f->next;
        f->attempt = l->attempt;
        f->attempt.content = f->entry.notice.content;
        f->attempt.ec = f->entry.notice.ec;
        f->attempt.done = one_answered;
        start_attempt(l, &f->attempt);
    }
}

static void go_on(struct lane *l)
{
    struct mln_deliverer *d = l->d;
    struct mln_flight *flights;
    int64_t until_us;

    if (l->is_sending || l->is_waiting || l->is_settling || l->timer || l->waiter.at ||
        d->duties->is_stopped) {
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
    flights = read_more(l);
    if (flights) {
        send_together(l, flights);
    } else {
        send(l);
    }
}

/* ---- face ---- */

bool mln_deliverer_has_failed(struct mln_deliverer *d, struct mln_lane lane)
{
    struct lane *l = find(d, lane);

    return l && l->has_failed;
}

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

static mln_err list_lanes(struct mln_deliverer *d, const struct mln_lane *after,
                          struct mln_lane found[static LOOK_STEP], size_t *ret_count)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;

    MLN_TRY(mln_view_begin(d->duties->worker->reader, &view));
    return mln_outbox_lanes(view, after, LOOK_STEP, found, ret_count);
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
    mln_eraser_go_on(d->eraser);
    look(d, NULL);
    next_in_line(d);
}

mln_err mln_deliverer_new(struct mln_duties *duties, struct mln_deliverer **ret)
{
    struct mln_deliverer *d = mln_calloc(1, sizeof *d);
    mln_err err;

    MLN_REQUIRE(d, NO_MEMORY);
    d->duties = duties;
    d->started_us = mln_env_now_us(duties->cse->options.env);
    d->last_waiting = &d->first_waiting;
    err = mln_eraser_new(duties, erased, d, &d->eraser);
    if (mln_failed(err)) {
        mln_free(d);
        return err;
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
    mln_eraser_stop(d->eraser);
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
    mln_eraser_free(d->eraser);
    mln_free(d);
}
