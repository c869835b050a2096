/* Notification policies. */
#include "cse/notify/policy.h"

#include "base/num.h"
#include "base/timestamp.h"
#include "cse/notify/aggregate.h"
#include "cse/notify/cross.h"
#include "cse/notify/reach.h"
#include "cse/notify/storage.h"
#include "cse/notify/tally.h"
#include "cse/notify/window.h"

enum stage_id { BATCH, RATE, PENDING, STAGES };

enum pending { SEND_NONE, SEND_LATEST, SEND_ALL };

/* The attributes; numbers that are absent are as large as can be. */
struct policy {
    bool is_batched;
    uint64_t number;
    int64_t batch_us;
    bool is_limited;
    uint64_t most; /* in a window */
    int64_t window_us;
    uint64_t pending; /* enum pending */
    bool is_latest;
    bool is_tallied; /* it keeps statistics */
    bool is_prioritised;
    uint64_t priority;
    int ec;
};

/* A subscription whose notifications are on their way. */
struct passage {
    const struct mln_change *c;
    const struct mln_resource *sub;
    struct mln_allowance *allowance;
    struct policy policy;
    struct mln_slice targets;
    uint64_t target_count;
    size_t target_bytes; /* of all of them: they lie in the outbox, too */
};

/* ---- what the subscription says ---- */

static const struct mln_slice names[] = {
    { "bn", 2 },  { "rl", 2 },  { "pn", 2 },  { "ln", 2 },
    { "nec", 3 }, { "nsp", 3 }, { "nfu", 3 }, { "nse", 3 },
};

bool mln_policy_has_any(const struct mln_value *attributes)
{
    bool has = false;

    for (size_t i = 0; !has && i < sizeof names / sizeof names[0]; i++) {
        has = mln_value_get(attributes, names[i]) != NULL;
    }
    return has;
}

int64_t mln_policy_duration(struct mln_slice map, struct mln_slice name)
{
    struct mln_slice text;
    int64_t us;

    return mln_pack_find_text(map, name, &text) && mln_duration_parse(text, &us)
               ? us
               : MLN_TIMESTAMP_MAX;
}

static void read_policy(const struct mln_resource *sub, struct policy *ret)
{
    struct mln_slice map;
    uint64_t ec = 0;

    *ret = (struct policy){ .number = UINT64_MAX, .most = UINT64_MAX };
    if (!(sub->flags & MLN_RESOURCE_HAS_POLICIES)) {
        return;
    }
    ret->is_batched = mln_pack_find(sub->attrs, MLN_S("bn"), &map);
    if (ret->is_batched) {
        (void)mln_pack_find_u64(map, MLN_S("num"), &ret->number);
        ret->batch_us = mln_policy_duration(map, MLN_S("dur"));
    }
    ret->is_limited = mln_pack_find(sub->attrs, MLN_S("rl"), &map);
    if (ret->is_limited) {
        (void)mln_pack_find_u64(map, MLN_S("mnn"), &ret->most);
        ret->window_us = mln_policy_duration(map, MLN_S("tww"));
    }
    (void)mln_pack_find_u64(sub->attrs, MLN_S("pn"), &ret->pending);
    (void)mln_pack_find_u64(sub->attrs, MLN_S("nec"), &ec);
    (void)mln_pack_find_bool(sub->attrs, MLN_S("ln"), &ret->is_latest);
    ret->is_tallied = mln_tally_is_on(sub->attrs);
    ret->is_prioritised = mln_pack_find_u64(sub->attrs, MLN_S("nsp"), &ret->priority);
    ret->ec = ret->is_latest ? MLN_EC_LATEST : (int)ec;
}

/* Without targets nothing is sent. */
static bool begin(struct passage *p, const struct mln_change *c, const struct mln_resource *sub,
                  struct mln_allowance *allowance)
{
    struct mln_walk w;

    *p = (struct passage){ .c = c, .sub = sub, .allowance = allowance };
    if (!mln_pack_find(sub->attrs, MLN_S("nu"), &p->targets)) {
        return false;
    }
    read_policy(sub, &p->policy);
    for (mln_walk_begin(&w, p->targets); mln_walk_next(&w);) {
        p->target_count++;
        p->target_bytes += w.item.len;
    }
    return p->target_count > 0;
}

static int64_t after(int64_t now_us, int64_t us)
{
    return us < MLN_TIMESTAMP_MAX - now_us ? now_us + us : MLN_TIMESTAMP_MAX;
}

static struct mln_lookup lookup_of(const struct mln_change *c)
{
    return (struct mln_lookup){ c->cse, c->view, c->arena, c->now_us };
}

/* ---- what is kept ---- */

static struct mln_lane lane_of(uint64_t sub, enum stage_id stage)
{
    return (struct mln_lane){ sub, (uint16_t)(MLN_OUTBOX_LANE_HELD + stage) };
}

static enum mln_alarm_kind alarm_of(enum stage_id stage)
{
    static const enum mln_alarm_kind kinds[] = {
        [BATCH] = MLN_ALARM_BATCH, [RATE] = MLN_ALARM_RATE, [PENDING] = MLN_ALARM_PENDING
    };

    return kinds[stage];
}

/* An alarm with two numbers as its state. */
struct watch {
    bool is_set;
    int64_t due_us;
    uint64_t count; /* BATCH: events since it began; RATE: notifications that left in the window */
    uint64_t more;  /* BATCH: their bytes; RATE: when the window ends */
};

enum { STATE_SIZE = 16 };

static mln_err read_state(const struct mln_alarm *alarm, struct watch *ret)
{
    MLN_REQUIRE(alarm->state.len == STATE_SIZE, STORE_CORRUPT);
    *ret = (struct watch){
        .is_set = true,
        .due_us = alarm->due_us,
        .count = mln_get_be64(alarm->state.ptr),
        .more = mln_get_be64(alarm->state.ptr + 8),
    };
    return MLN_OK;
}

static mln_err get_watch(const struct mln_change *c, uint64_t sub, enum stage_id stage,
                         struct watch *ret)
{
    struct mln_alarm alarm;
    mln_err err = mln_alarm_get(c->view, sub, alarm_of(stage), c->arena, &alarm);

    *ret = (struct watch){ 0 };
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    return read_state(&alarm, ret);
}

static mln_err set_watch(const struct mln_change *c, uint64_t sub, enum stage_id stage,
                         const struct watch *w)
{
    char state[STATE_SIZE];
    struct mln_alarm alarm = { .id = sub,
                               .kind = alarm_of(stage),
                               .due_us = w->due_us,
                               .state = mln_slice_of(state, sizeof state) };

    mln_put_be64(state, w->count);
    mln_put_be64(state + 8, w->more);
    return mln_alarm_set(c, &alarm);
}

static mln_err waiting(const struct mln_change *c, uint64_t sub, enum stage_id stage, uint64_t *ret)
{
    return mln_outbox_waiting(c->view, lane_of(sub, stage), 0, ret);
}

/* What takes the place of an older one needs none. */
static mln_err make_room(const struct passage *p, uint64_t wanted, bool is_latest, bool *ret)
{
    *ret = true;
    return p->policy.is_prioritised ? mln_storage_make_room(p->c, p->sub, p->policy.priority,
                                                            is_latest ? 0 : wanted, ret)
                                    : MLN_OK;
}

static mln_err keep(const struct passage *p, enum stage_id stage, const struct mln_notice *n,
                    bool is_latest)
{
    struct mln_lane lane = lane_of(p->sub->id, stage);
    bool has_room;

    MLN_TRY(make_room(p, 1, is_latest, &has_room));
    if (!has_room) {
        return MLN_OK;
    }
    MLN_TRY(mln_outbox_put(p->c, lane, 0, (struct mln_slice){ 0 }, n));
    return is_latest ? mln_outbox_trim(p->c, lane, 1) : MLN_OK;
}

/* ---- behind the stages ---- */

/* spec: TS-0004 7.5.1.2.2 step 5: no more notifications than expirationCounter says. Those that
 * wait have not been counted down yet. What was in the queue when the counter was set does not
 * count: types/sub.c keeps the number where counting begins. */
static mln_err is_used_up(const struct passage *p, bool *ret)
{
    struct mln_lane first = { p->sub->id, 0 };
    uint64_t left;
    uint64_t queued;

    *ret = false;
    if (mln_pack_find_u64(p->sub->attrs, MLN_S("exc"), &left)) {
        MLN_TRY(mln_outbox_waiting(p->c->view, first, p->sub->count, &queued));
        *ret = queued >= left;
    }
    return MLN_OK;
}

/* Is it a target that its schedule keeps from being reached? Then pendingNotification says what
 * becomes of what waits for it. spec: TS-0004 7.5.1.2.2 step 3.0 */
static mln_err is_closed(const struct passage *p, struct mln_slice target, bool *ret)
{
    struct mln_lookup l = lookup_of(p->c);
    struct mln_slice plain;
    struct mln_slice ct;
    struct mln_resource ae;
    bool is_open = true;
    mln_err err;

    *ret = false;
    MLN_TRY(mln_reach_strip(p->c->arena, target, &plain, &ct));
    if (mln_ident_is_url(plain)) {
        return MLN_OK;
    }
    err = mln_locate_lookup(&l, plain, &ae);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    if (ae.ty == MLN_TY_AE) {
        MLN_TRY(mln_window_of_ae(&l, &ae, &is_open));
    }
    *ret = !is_open;
    return MLN_OK;
}

static mln_err queue(const struct passage *p, struct mln_lane lane, struct mln_slice target,
                     const struct mln_notice *n)
{
    struct mln_notice sent = *n;
    bool is_latest = p->policy.is_latest;
    bool closed = false;

    if (p->policy.pending == SEND_LATEST) {
        MLN_TRY(is_closed(p, target, &closed));
    }
    if (closed) {
        is_latest = true;
        sent.ec = MLN_EC_LATEST;
    }
    sent.is_counted = p->policy.is_tallied;
    MLN_TRY(mln_outbox_put(p->c, lane, p->sub->count, target, &sent));
    return is_latest ? mln_outbox_trim(p->c, lane, 1) : MLN_OK;
}

static bool takes_place(struct mln_allowance *a, size_t bytes)
{
    a->is_cut = a->is_cut || bytes > a->left;
    a->left -= a->is_cut ? 0 : bytes;
    return !a->is_cut;
}

/* spec: TS-0004 7.5.1.2.6: the group sends it on */
static mln_err hand_over(struct passage *p, const struct mln_notice *n)
{
    struct mln_slice forward_to;
    struct mln_slice address;
    struct mln_walk w;

    mln_walk_begin(&w, p->targets);
    MLN_REQUIRE(mln_walk_next(&w) && mln_pack_text_of(w.item, &address) &&
                    mln_pack_find_text(p->sub->attrs, MLN_S("nfu"), &forward_to),
                STORE_CORRUPT);
    return takes_place(p->allowance, forward_to.len + n->content.len)
               ? mln_aggregate_put(p->c, address, forward_to, n)
               : MLN_OK;
}

static mln_err deliver(struct passage *p, const struct mln_notice *n)
{
    struct mln_lane lane = { p->sub->id, 0 };
    struct mln_walk w;
    bool used_up;
    bool has_room;

    if (p->sub->flags & MLN_RESOURCE_AGGREGATED) {
        return hand_over(p, n);
    }
    MLN_TRY(is_used_up(p, &used_up));
    if (used_up) {
        return MLN_OK;
    }
    MLN_TRY(make_room(p, p->target_count, p->policy.is_latest, &has_room));
    if (!has_room) {
        return MLN_OK;
    }
    for (mln_walk_begin(&w, p->targets); mln_walk_next(&w); lane.number++) {
        struct mln_slice target;
        bool is_told;

        MLN_REQUIRE(mln_pack_text_of(w.item, &target), STORE_CORRUPT);
        MLN_TRY(mln_cross_tell(p->c, p->sub, target, p->allowance, &is_told));
        if (is_told) {
            continue;
        }
        if (!takes_place(p->allowance, target.len + n->content.len)) {
            break;
        }
        MLN_TRY(queue(p, lane, target, n));
    }
    return MLN_OK;
}

/* ---- the stages: each may keep the notification ---- */

static mln_err pass(struct passage *p, enum stage_id from, const struct mln_notice *n);

/* Empties the batch into one notification. Nothing was kept: its content is empty. */
static mln_err gather(struct passage *p, struct mln_notice *ret)
{
    struct mln_lane lane = lane_of(p->sub->id, BATCH);
    struct mln_outbox_entry last;
    uint64_t count;

    *ret = (struct mln_notice){ .ec = p->policy.ec };
    MLN_TRY(waiting(p->c, p->sub->id, BATCH, &count));
    if (count == 0) {
        return MLN_OK;
    }
    if (p->policy.is_latest) {
        MLN_TRY(mln_outbox_trim(p->c, lane, 1));
        MLN_TRY(mln_outbox_next(p->c->view, lane, 0, p->c->arena, &last));
        ret->content = last.notice.content;
    } else {
        MLN_TRY(mln_aggregate_content(p->c, lane, count, &ret->content));
    }
    MLN_TRY(mln_alarm_clear(p->c, p->sub->id, MLN_ALARM_BATCH));
    return mln_outbox_trim(p->c, lane, 0);
}

static mln_err flush(struct passage *p)
{
    struct mln_notice n;

    MLN_TRY(gather(p, &n));
    return n.content.len ? pass(p, BATCH + 1, &n) : MLN_OK;
}

/* With latestNotify the events are counted, but only the last one is kept. */
static mln_err take_for_batch(struct passage *p, struct mln_notice *n, bool *ret_kept)
{
    const struct mln_limits *limits = p->c->cse->options.limits;
    bool is_latest = p->policy.is_latest;
    struct watch w;

    if (!p->policy.is_batched) {
        return MLN_OK;
    }
    MLN_TRY(get_watch(p->c, p->sub->id, BATCH, &w));
    if (w.is_set && !is_latest && w.more + n->content.len > limits->batch_bytes) {
        MLN_TRY(flush(p));
        w = (struct watch){ 0 };
    }
    MLN_TRY(keep(p, BATCH, n, is_latest));
    w.due_us = w.is_set ? w.due_us : after(p->c->now_us, p->policy.batch_us);
    w.count++;
    w.more += n->content.len;
    if (w.count >= p->policy.number || (!is_latest && w.count >= limits->outbox_lane)) {
        return gather(p, n);
    }
    *ret_kept = true;
    return set_watch(p->c, p->sub->id, BATCH, &w);
}

/* The windows follow one another; the first begins with a notification.
 * spec: TS-0001 10.2.10.7 */
static mln_err take_for_window(struct passage *p, struct mln_notice *n, bool *ret_kept)
{
    struct watch w;
    uint64_t kept;

    if (!p->policy.is_limited) {
        return MLN_OK;
    }
    MLN_TRY(get_watch(p->c, p->sub->id, RATE, &w));
    MLN_TRY(waiting(p->c, p->sub->id, RATE, &kept));
    if (!w.is_set || w.more <= (uint64_t)p->c->now_us) {
        w.count = 0;
        w.more = (uint64_t)after(p->c->now_us, p->policy.window_us);
    }
    if (kept == 0 && w.count < p->policy.most) {
        w.count++;
        w.due_us = (int64_t)w.more;
        return set_watch(p->c, p->sub->id, RATE, &w);
    }
    *ret_kept = true;
    return keep(p, RATE, n, p->policy.is_latest);
}

static mln_err await_opening(const struct mln_change *c, uint64_t sub)
{
    struct mln_lookup l = lookup_of(c);
    struct watch w = { 0 };

    MLN_TRY(mln_window_next(&l, sub, &w.due_us));
    return set_watch(c, sub, PENDING, &w);
}

/* spec: TS-0004 7.5.1.2.2 steps 3.0 and 4.0 */
static mln_err take_for_schedule(struct passage *p, struct mln_notice *n, bool *ret_kept)
{
    struct mln_lookup l = lookup_of(p->c);
    bool is_latest = p->policy.is_latest || p->policy.pending == SEND_LATEST;
    uint64_t kept;
    bool is_open;

    if (!(p->sub->flags & MLN_RESOURCE_HAS_SCHEDULE) || n->ec == MLN_EC_IMMEDIATE) {
        return MLN_OK;
    }
    MLN_TRY(mln_window_is_open(&l, p->sub->id, &is_open));
    MLN_TRY(waiting(p->c, p->sub->id, PENDING, &kept));
    if (is_open && kept == 0) {
        return MLN_OK;
    }
    *ret_kept = true;
    if (p->policy.pending == SEND_NONE) {
        return MLN_OK; /* it is discarded */
    }
    n->ec = is_latest ? MLN_EC_LATEST : n->ec;
    MLN_TRY(keep(p, PENDING, n, is_latest));
    return kept ? MLN_OK : await_opening(p->c, p->sub->id);
}

static mln_err pass(struct passage *p, enum stage_id from, const struct mln_notice *n)
{
    static mln_err (*const stages[])(struct passage * p, struct mln_notice * n, bool *ret_kept) = {
        [BATCH] = take_for_batch,
        [RATE] = take_for_window,
        [PENDING] = take_for_schedule,
    };
    struct mln_notice passing = *n;
    bool is_kept = false;

    for (unsigned i = from; i < STAGES && !is_kept; i++) {
        MLN_TRY(stages[i](p, &passing, &is_kept));
    }
    return is_kept ? MLN_OK : deliver(p, &passing);
}

mln_err mln_policy_send(const struct mln_change *c, const struct mln_resource *subscription,
                        struct mln_slice content, struct mln_allowance *allowance)
{
    struct mln_notice n = { .content = content };
    struct passage p;

    if (!begin(&p, c, subscription, allowance)) {
        return MLN_OK;
    }
    if (p.policy.is_tallied) {
        MLN_TRY(mln_tally_event(c, subscription->id));
    }
    n.ec = p.policy.ec;
    return pass(&p, BATCH, &n);
}

/* ---- alarms ---- */

static bool fits(const struct passage *p, size_t bytes)
{
    return bytes * p->target_count + p->target_bytes <= p->allowance->left;
}

/* Up to `most` of what the stage keeps go on, oldest first. *ret_is_left: there was no room for
 * more now. */
static mln_err let_go(struct passage *p, enum stage_id stage, uint64_t most, uint64_t *ret_count,
                      bool *ret_is_left)
{
    struct mln_outbox_entry entry = { .lane = lane_of(p->sub->id, stage) };
    mln_err err = MLN_OK;
    uint64_t count = 0;

    *ret_is_left = false;
    while (count < most && !*ret_is_left &&
           !mln_failed(
               err = mln_outbox_next(p->c->view, entry.lane, entry.number, p->c->arena, &entry))) {
        *ret_is_left = count > 0 && !fits(p, entry.notice.content.len);
        if (!*ret_is_left) {
            MLN_TRY(mln_outbox_erase(p->c->write, entry.lane, entry.number));
            MLN_TRY(pass(p, stage + 1, &entry.notice));
            count++;
        }
    }
    *ret_count = count;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err ring_window(struct passage *p, const struct mln_alarm *alarm)
{
    struct watch w;
    uint64_t count;
    bool is_left;

    MLN_TRY(read_state(alarm, &w));
    if (w.more <= (uint64_t)p->c->now_us) {
        w.count = 0;
        w.more = (uint64_t)after(p->c->now_us, p->policy.window_us);
    }
    MLN_TRY(let_go(p, RATE, p->policy.most - w.count, &count, &is_left));
    w.count += count;
    w.due_us = is_left ? p->c->now_us : (int64_t)w.more;
    return is_left || (p->policy.is_limited && w.count) ? set_watch(p->c, p->sub->id, RATE, &w)
                                                        : MLN_OK;
}

static mln_err ring_schedule(struct passage *p)
{
    struct mln_lookup l = lookup_of(p->c);
    struct watch again = { .due_us = p->c->now_us };
    uint64_t count;
    bool is_open;
    bool is_left;

    MLN_TRY(mln_window_is_open(&l, p->sub->id, &is_open));
    if (!is_open) {
        MLN_TRY(waiting(p->c, p->sub->id, PENDING, &count));
        return count ? await_opening(p->c, p->sub->id) : MLN_OK;
    }
    MLN_TRY(let_go(p, PENDING, UINT64_MAX, &count, &is_left));
    return is_left ? set_watch(p->c, p->sub->id, PENDING, &again) : MLN_OK;
}

mln_err mln_policy_alarm(const struct mln_change *c, const struct mln_resource *subscription,
                         const struct mln_alarm *alarm)
{
    struct mln_allowance allowance = { .left = c->cse->options.limits->event_bytes };
    struct passage p;

    if (!begin(&p, c, subscription, &allowance)) {
        return MLN_OK;
    }
    switch (alarm->kind) {
    case MLN_ALARM_BATCH:
        return flush(&p);
    case MLN_ALARM_RATE:
        return ring_window(&p, alarm);
    case MLN_ALARM_PENDING:
        return ring_schedule(&p);
    case MLN_ALARM_MISSING_DATA:
    case MLN_ALARM_WINDOW:
    case MLN_ALARM_AGGREGATE:
    case MLN_ALARM_STATISTICS:
    case MLN_ALARM_EXECUTION:
    case MLN_ALARM_BEACON:
    case MLN_ALARM_ACTION:
    case MLN_ALARM_ACTION_PERIOD:
    case MLN_ALARM_CROSS:
    case MLN_ALARM_PARTED:
    case MLN_ALARM_COPIES:
        break;
    }
    return MLN_OK;
}

/* ---- changes ---- */

static mln_err hurry(const struct mln_change *c, uint64_t sub, enum stage_id stage)
{
    struct watch now = { .due_us = c->now_us };
    uint64_t count;

    MLN_TRY(mln_alarm_clear(c, sub, alarm_of(stage)));
    MLN_TRY(waiting(c, sub, stage, &count));
    return count ? set_watch(c, sub, stage, &now) : MLN_OK;
}

mln_err mln_policy_reschedule(const struct mln_change *c, uint64_t subscription)
{
    return hurry(c, subscription, PENDING);
}

/* spec: TS-0004 7.4.8.2.3 */
static mln_err change_pending(const struct mln_change *c, uint64_t sub, const struct mln_value *pn)
{
    if (pn->kind == MLN_V_NULL) {
        MLN_TRY(mln_alarm_clear(c, sub, MLN_ALARM_PENDING));
        return mln_outbox_trim(c, lane_of(sub, PENDING), 0);
    }
    return pn->magnitude == SEND_LATEST ? mln_outbox_trim(c, lane_of(sub, PENDING), 1) : MLN_OK;
}

/* spec: TS-0001 10.2.10.4: of what is buffered only the latest stays */
static mln_err begin_latest(const struct mln_change *c, const struct mln_resource *sub)
{
    struct mln_allowance unused = { 0 };
    struct passage p;

    if (!begin(&p, c, sub, &unused)) {
        return MLN_OK;
    }
    for (unsigned stage = BATCH; stage < STAGES; stage++) {
        MLN_TRY(mln_outbox_trim(c, lane_of(sub->id, stage), 1));
    }
    for (uint64_t i = 0; i < p.target_count; i++) {
        MLN_TRY(mln_outbox_trim(c, (struct mln_lane){ sub->id, (uint16_t)i }, 1));
    }
    return MLN_OK;
}

mln_err mln_policy_changed(const struct mln_change *c, const struct mln_resource *subscription,
                           const struct mln_value *changes)
{
    const struct mln_value *pn = mln_value_get(changes, MLN_S("pn"));
    const struct mln_value *ln = mln_value_get(changes, MLN_S("ln"));

    if (ln && ln->kind == MLN_V_BOOL && ln->boolean) {
        MLN_TRY(begin_latest(c, subscription));
    }
    if (mln_value_get(changes, MLN_S("bn"))) {
        MLN_TRY(hurry(c, subscription->id, BATCH));
    }
    if (mln_value_get(changes, MLN_S("rl"))) {
        MLN_TRY(hurry(c, subscription->id, RATE));
    }
    return pn ? change_pending(c, subscription->id, pn) : MLN_OK;
}

mln_err mln_policy_drop(const struct mln_change *c, uint64_t subscription)
{
    for (unsigned stage = BATCH; stage < STAGES; stage++) {
        MLN_TRY(mln_alarm_clear(c, subscription, alarm_of(stage)));
        MLN_TRY(mln_outbox_trim(c, lane_of(subscription, stage), 0));
    }
    return MLN_OK;
}

mln_err mln_policy_removed(const struct mln_change *c, const struct mln_resource *subscription)
{
    struct mln_allowance allowance = { .left = c->cse->options.limits->event_bytes };
    struct mln_notice n;
    struct passage p;
    uint64_t count;
    bool is_left;

    if (begin(&p, c, subscription, &allowance)) {
        MLN_TRY(let_go(&p, RATE, UINT64_MAX, &count, &is_left));
        MLN_TRY(gather(&p, &n));
        MLN_TRY(n.content.len ? pass(&p, RATE + 1, &n) : MLN_OK);
    }
    return mln_policy_drop(c, subscription->id);
}
