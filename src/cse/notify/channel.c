/* The table of polling channels. */
#include "cse/notify/channel.h"

#include "base/mem.h"
#include "cse/notify/duties_int.h"

enum { BUCKETS = 1024 };

/* One that somebody polls or wants to reach; others need no memory. */
struct mln_channel {
    struct mln_channel *next; /* in its bucket */
    struct mln_channels *all;
    uint64_t id;
    struct mln_channel_link offers;  /* oldest first */
    struct mln_channel_link taken;   /* offers that a poll has fetched, without an answer yet */
    struct mln_channel_link polls;   /* oldest first */
    struct mln_channel_link waiters; /* in the order of coming */
    uint64_t open_count;             /* offers that no poll has fetched */
    uint64_t offer_count;            /* with those taken */
    uint64_t poll_count;
    unsigned pins; /* it is being used */
    bool gathers;  /* a poll waits for all that comes now */
};

struct mln_channels {
    struct mln_duties *duties;
    struct mln_channel *buckets[BUCKETS];
    bool is_stopped;
};

/* ---- rings ---- */

#define OF(type, member, ptr) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static void ring_begin(struct mln_channel_link *head)
{
    head->next = head;
    head->prev = head;
}

static bool ring_is_empty(const struct mln_channel_link *head)
{
    return head->next == head;
}

static void ring_insert(struct mln_channel_link *link, struct mln_channel_link *prev,
                        struct mln_channel_link *next)
{
    link->prev = prev;
    link->next = next;
    prev->next = link;
    next->prev = link;
}

/* As the last one. */
static void ring_add(struct mln_channel_link *head, struct mln_channel_link *link)
{
    ring_insert(link, head->prev, head);
}

static void ring_remove(const struct mln_channel_link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
}

/* From its ring into another one, as the last. */
static void ring_move(struct mln_channel_link *head, struct mln_channel_link *link)
{
    ring_remove(link);
    ring_add(head, link);
}

static void ring_move_to_front(struct mln_channel_link *head, struct mln_channel_link *link)
{
    ring_remove(link);
    ring_insert(link, head, head->next);
}

/* ---- the table ---- */

static struct mln_channel *find(const struct mln_channels *all, uint64_t id)
{
    struct mln_channel *c = all->buckets[id % BUCKETS];

    while (c && c->id != id) {
        c = c->next;
    }
    return c;
}

static struct mln_channel *find_or_add(struct mln_channels *all, uint64_t id)
{
    struct mln_channel *c = find(all, id);

    if (c) {
        return c;
    }
    c = mln_calloc(1, sizeof *c);
    if (c) {
        c->all = all;
        c->id = id;
        ring_begin(&c->offers);
        ring_begin(&c->taken);
        ring_begin(&c->polls);
        ring_begin(&c->waiters);
        c->next = all->buckets[id % BUCKETS];
        all->buckets[id % BUCKETS] = c;
    }
    return c;
}

static void release_if_idle(struct mln_channel *c)
{
    struct mln_channel **link = &c->all->buckets[c->id % BUCKETS];

    if (c->pins || c->offer_count || c->poll_count || !ring_is_empty(&c->waiters)) {
        return;
    }
    while (*link != c) {
        link = &(*link)->next;
    }
    *link = c->next;
    mln_free(c);
}

static void unpin(struct mln_channel *c)
{
    c->pins--;
    release_if_idle(c);
}

static struct mln_channels *channels_of(const struct mln_worker *worker)
{
    struct mln_duties *d = worker->cse->duties;

    return d ? d->channels : NULL;
}

static void post(struct mln_worker *to, struct mln_task *task, void (*run)(struct mln_task *task))
{
    task->run = run;
    to->ops.post(to->ops.loop, task);
}

static void *set_timer(const struct mln_channels *all, int64_t when_us, struct mln_task *task,
                       void (*run)(struct mln_task *task))
{
    struct mln_worker_ops *ops = &all->duties->worker->ops;

    task->run = run;
    return ops->at(ops->loop, when_us, task);
}

static void stop_timer(const struct mln_channels *all, void **timer)
{
    struct mln_worker_ops *ops = &all->duties->worker->ops;

    if (*timer) {
        ops->cancel(ops->loop, *timer);
        *timer = NULL;
    }
}

/* ---- the end of each ---- */

static void tell_reply(struct mln_task *task)
{
    struct mln_reply *r = OF(struct mln_reply, task, task);

    r->done(r, r->outcome);
}

static void end_reply(struct mln_reply *r, mln_err outcome)
{
    r->outcome = outcome;
    post(r->worker, &r->task, tell_reply);
}

static void tell_poll(struct mln_task *task)
{
    struct mln_poll *p = OF(struct mln_poll, task, task);

    p->done(p, p->outcome);
}

static void end_poll(struct mln_poll *p, mln_err outcome)
{
    struct mln_channel *c = p->at;

    if (c) {
        stop_timer(c->all, &p->timer);
        ring_remove(&p->link);
        c->poll_count--;
        release_if_idle(c);
    }
    p->outcome = outcome;
    post(p->worker, &p->task, tell_poll);
}

/* The reply that brought the answer waits until it has been read. */
static void tell_offer(struct mln_task *task)
{
    struct mln_offer *o = OF(struct mln_offer, task, task);
    struct mln_reply *reply = o->reply;
    struct mln_outbound_answer answer = o->answer;

    o->done(o->data, &answer);
    if (reply) {
        end_reply(reply, MLN_OK);
    }
}

static void end_offer(struct mln_channels *all, struct mln_offer *o,
                      const struct mln_outbound_answer *answer)
{
    struct mln_channel *c = o->at;

    if (c) {
        stop_timer(all, &o->timer);
        ring_remove(&o->link);
        c->open_count -= !o->poller;
        c->offer_count--;
        release_if_idle(c);
    }
    o->answer = *answer;
    if (all && o->worker != all->duties->worker) {
        post(o->worker, &o->task, tell_offer);
    } else {
        tell_offer(&o->task); /* this is its thread */
    }
}

static void fail_offer(struct mln_channels *all, struct mln_offer *o, mln_err err)
{
    struct mln_outbound_answer none = { .err = err };

    end_offer(all, o, &none);
}

/* ---- a request meets a poll ---- */

static void put_text(struct mln_buf *out, struct mln_slice name, struct mln_slice text)
{
    if (text.len) {
        mln_pack_text(out, name);
        mln_pack_text(out, text);
    }
}

/* Those that have no place of their own. */
static void put_further(struct mln_buf *out, const struct mln_value *params)
{
    static const struct mln_slice own[] = { { "op", 2 },  { "to", 2 },   { "fr", 2 }, { "rqi", 3 },
                                            { "rvi", 3 }, { "rqet", 4 }, { "pc", 2 } };

    for (const struct mln_value *v = params ? params->items.first : NULL; v; v = v->next) {
        bool is_own = false;

        for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
            is_own = is_own || mln_slice_eq(v->name, own[i]);
        }
        if (!is_own) {
            mln_pack_text(out, v->name);
            mln_pack_value(out, v);
        }
    }
}

/* spec: TS-0004 6.4.1 */
static void put_request(struct mln_buf *out, const struct mln_offer *o)
{
    const struct mln_outbound_request *r = &o->request;

    mln_pack_map(out, MLN_PACK_OPEN);
    mln_pack_text(out, MLN_S("op"));
    mln_pack_uint(out, (uint64_t)r->op);
    put_text(out, MLN_S("to"), r->to);
    put_text(out, MLN_S("fr"), r->fr);
    put_text(out, MLN_S("rqi"), r->rqi);
    put_text(out, MLN_S("rvi"), r->rvi);
    mln_pack_text(out, MLN_S("rqet"));
    mln_pack_timestamp(out, o->until_us);
    if (r->ec) {
        mln_pack_text(out, MLN_S("ec"));
        mln_pack_uint(out, (uint64_t)r->ec);
    }
    put_further(out, r->params);
    if (r->pc.len) {
        mln_pack_text(out, MLN_S("pc"));
        mln_pack_raw(out, r->pc);
    }
    mln_pack_end(out);
}

/* As many as there are and may be, the oldest first; what does not fit behind others waits for the
 * next poll. Returns their number. */
static uint64_t put_requests(const struct mln_channel *c, uint64_t most, struct mln_buf *out)
{
    struct mln_channel_link *l = c->offers.next;
    uint64_t count = 0;

    while (count < most && l != &c->offers) {
        size_t end = out->len;

        put_request(out, OF(struct mln_offer, link, l));
        if (out->failed == MLN_ERR_LIMIT && count) {
            mln_buf_rewind(out, end);
            break;
        }
        count++;
        l = l->next;
    }
    return count;
}

/* The Content is a request primitive, or several. Errors: LIMIT (not even one fits), NO_MEMORY.
 * spec: TS-0004 7.2.1.2; docs/decisions/0046-aggregated-polls.md */
static mln_err write_answer(const struct mln_channel *c, struct mln_poll *p, uint64_t *ret_count)
{
    struct mln_buf out;

    mln_buf_init(&out, p->arena, p->most - 1); /* for the end of the array */
    mln_pack_map(&out, 1);
    if (p->at_once) {
        mln_pack_text(&out, MLN_S("m2m:agrp"));
        mln_pack_map(&out, 1);
    }
    mln_pack_text(&out, MLN_S("m2m:rqp"));
    if (p->at_once) {
        mln_pack_array(&out, MLN_PACK_OPEN);
    }
    *ret_count = put_requests(c, p->at_once ? p->at_once : 1, &out);
    if (p->at_once) {
        out.max = p->most;
        mln_pack_end(&out);
    }
    return mln_buf_finish(&out, &p->pc);
}

static void take_first(struct mln_channel *c, const struct mln_poll *p)
{
    struct mln_offer *o = OF(struct mln_offer, link, c->offers.next);

    ring_move(&c->taken, &o->link);
    c->open_count--;
    o->poller = p->worker;
    o->poll = p->serial;
}

/* The newest poll gets it: the connection of an older one may be gone. */
static void hand_over(struct mln_channel *c)
{
    while (!c->gathers && !ring_is_empty(&c->offers) && !ring_is_empty(&c->polls)) {
        struct mln_poll *p = OF(struct mln_poll, link, c->polls.prev);
        uint64_t count;
        mln_err err = write_answer(c, p, &count);

        if (err.code == MLN_ERR_LIMIT) { /* for every poll: it must not stand before others */
            fail_offer(c->all, OF(struct mln_offer, link, c->offers.next), err);
            continue;
        }
        while (!mln_failed(err) && count-- > 0) {
            take_first(c, p);
        }
        end_poll(p, err);
    }
}

static void wake_first(struct mln_channel_link *waiters)
{
    struct mln_channel_waiter *w = OF(struct mln_channel_waiter, link, waiters->next);

    ring_remove(&w->link);
    w->at = NULL;
    w->wake(w);
}

/* What the newest poll takes beside the offers that are there. */
static uint64_t room_of(const struct mln_channel *c)
{
    const struct mln_poll *p;
    uint64_t most;

    if (ring_is_empty(&c->polls)) {
        return 0;
    }
    p = OF(struct mln_poll, link, c->polls.prev);
    most = p->at_once ? p->at_once : 1;
    return most > c->open_count ? most - c->open_count : 0;
}

/* Who waits for a poll is woken, one after the other, as long as the poll has room. */
static void gather(struct mln_channel *c)
{
    c->gathers = true;
    while (room_of(c) > 0 && !ring_is_empty(&c->waiters)) {
        wake_first(&c->waiters);
    }
    c->gathers = false;
}

static void serve(struct mln_channel *c)
{
    do {
        gather(c);
        hand_over(c);
    } while (!ring_is_empty(&c->polls) && !ring_is_empty(&c->waiters));
}

/* ---- offers ---- */

static void offer_expires(struct mln_task *task)
{
    struct mln_offer *o = OF(struct mln_offer, task, task);

    o->timer = NULL;
    fail_offer(o->at->all, o, MLN_ERROR(TIMEOUT));
}

static mln_err enter_offer(struct mln_channels *all, struct mln_offer *o)
{
    struct mln_channel *c = find_or_add(all, o->channel);

    MLN_REQUIRE(c, NO_MEMORY);
    o->timer = c->offer_count < all->duties->cse->options.limits->channel_requests
                   ? set_timer(all, o->until_us, &o->task, offer_expires)
                   : NULL;
    if (!o->timer) {
        release_if_idle(c);
        MLN_FAIL(NOT_REACHABLE);
    }
    o->at = c;
    ring_add(&c->offers, &o->link);
    c->open_count++;
    c->offer_count++;
    return MLN_OK;
}

static void take_offer(struct mln_channels *all, struct mln_offer *o)
{
    mln_err err = all->is_stopped ? MLN_ERROR(NOT_REACHABLE) : enter_offer(all, o);

    if (mln_failed(err)) {
        fail_offer(all, o, err);
        return;
    }
    o->at->pins++;
    hand_over(o->at);
    unpin(o->at);
}

static void offer_arrives(struct mln_task *task)
{
    struct mln_offer *o = OF(struct mln_offer, task, task);

    take_offer(channels_of(o->worker), o);
}

void mln_channel_offer(struct mln_offer *offer)
{
    struct mln_channels *all = channels_of(offer->worker);

    offer->at = NULL;
    offer->reply = NULL;
    if (!all) {
        fail_offer(NULL, offer, MLN_ERROR(NOT_REACHABLE));
    } else if (offer->worker == all->duties->worker) {
        take_offer(all, offer);
    } else {
        post(all->duties->worker, &offer->task, offer_arrives);
    }
}

/* ---- polls ---- */

static void poll_expires(struct mln_task *task)
{
    struct mln_poll *p = OF(struct mln_poll, task, task);

    p->timer = NULL;
    end_poll(p, MLN_ERROR(TIMEOUT));
}

static mln_err enter_poll(struct mln_channels *all, struct mln_poll *p)
{
    struct mln_channel *c = find_or_add(all, p->channel);

    MLN_REQUIRE(c, NO_MEMORY);
    p->timer = set_timer(all, p->until_us, &p->task, poll_expires);
    if (!p->timer) {
        release_if_idle(c);
        MLN_FAIL(NO_MEMORY);
    }
    p->at = c;
    ring_add(&c->polls, &p->link);
    c->poll_count++;
    return MLN_OK;
}

static void poll_arrives(struct mln_task *task)
{
    struct mln_poll *p = OF(struct mln_poll, task, task);
    struct mln_channels *all = channels_of(p->worker);
    mln_err err = all->is_stopped ? MLN_ERROR(OVERLOAD) : enter_poll(all, p);
    struct mln_channel *c = p->at;

    if (mln_failed(err)) {
        end_poll(p, err);
        return;
    }
    c->pins++;
    if (c->poll_count > all->duties->cse->options.limits->channel_polls) {
        end_poll(OF(struct mln_poll, link, c->polls.next), MLN_ERROR(TIMEOUT));
    }
    serve(c);
    unpin(c);
}

void mln_channel_poll(struct mln_poll *poll)
{
    struct mln_channels *all = channels_of(poll->worker);

    poll->at = NULL;
    if (all) {
        post(all->duties->worker, &poll->task, poll_arrives);
    } else {
        end_poll(poll, MLN_ERROR(OVERLOAD));
    }
}

/* ---- polls that nobody waits for ---- */

struct leave {
    struct mln_task task;
    const struct mln_worker *worker;
    uint64_t serial;
    uint64_t channel;
};

static void end_left_poll(struct mln_channel *c, const struct leave *leave)
{
    for (struct mln_channel_link *l = c->polls.next; l != &c->polls; l = l->next) {
        struct mln_poll *p = OF(struct mln_poll, link, l);

        if (p->worker == leave->worker && p->serial == leave->serial) {
            end_poll(p, MLN_ERROR(TIMEOUT));
            return;
        }
    }
}

/* They were fetched for nobody, and are the next ones again. */
static void take_back_offers(struct mln_channel *c, const struct leave *leave)
{
    struct mln_channel_link *before;

    for (struct mln_channel_link *l = c->taken.prev; l != &c->taken; l = before) {
        struct mln_offer *o = OF(struct mln_offer, link, l);

        before = l->prev;
        if (o->poller == leave->worker && o->poll == leave->serial) {
            ring_move_to_front(&c->offers, l);
            c->open_count++;
            o->poller = NULL;
        }
    }
    hand_over(c);
}

static void leave_arrives(struct mln_task *task)
{
    struct leave *leave = OF(struct leave, task, task);
    struct mln_channel *c = find(channels_of(leave->worker), leave->channel);

    if (c) {
        c->pins++;
        end_left_poll(c, leave);
        take_back_offers(c, leave);
        unpin(c);
    }
    mln_free(leave);
}

void mln_channel_leave(const struct mln_poll *poll)
{
    struct mln_channels *all = channels_of(poll->worker);
    struct leave *leave = all ? mln_calloc(1, sizeof *leave) : NULL;

    if (leave) {
        leave->worker = poll->worker;
        leave->serial = poll->serial;
        leave->channel = poll->channel;
        post(all->duties->worker, &leave->task, leave_arrives);
    }
}

/* ---- replies ---- */

static struct mln_offer *find_taken(struct mln_channel *c, struct mln_slice rqi)
{
    struct mln_channel_link *l = c ? c->taken.next : NULL;

    while (l && l != &c->taken) {
        struct mln_offer *o = OF(struct mln_offer, link, l);

        if (mln_slice_eq(o->request.rqi, rqi)) {
            return o;
        }
        l = l->next;
    }
    return NULL;
}

static void reply_arrives(struct mln_task *task)
{
    struct mln_reply *r = OF(struct mln_reply, task, task);
    struct mln_channels *all = channels_of(r->worker);
    struct mln_offer *o = find_taken(find(all, r->channel), r->rqi);

    if (all->is_stopped) {
        end_reply(r, MLN_ERROR(OVERLOAD));
    } else if (!o) {
        end_reply(r, MLN_ERROR(BAD_REQUEST));
    } else {
        o->reply = r;
        end_offer(all, o, &r->answer);
    }
}

void mln_channel_reply(struct mln_reply *reply)
{
    struct mln_channels *all = channels_of(reply->worker);

    if (all) {
        post(all->duties->worker, &reply->task, reply_arrives);
    } else {
        end_reply(reply, MLN_ERROR(OVERLOAD));
    }
}

/* ---- for the duties ---- */

uint64_t mln_channel_room(const struct mln_channels *channels, uint64_t id)
{
    const struct mln_channel *c = find(channels, id);

    return c ? room_of(c) : 0;
}

mln_err mln_channel_wait(struct mln_channels *channels, uint64_t id,
                         struct mln_channel_waiter *waiter)
{
    struct mln_channel *c = find_or_add(channels, id);

    MLN_REQUIRE(c, NO_MEMORY);
    waiter->at = c;
    ring_add(&c->waiters, &waiter->link);
    return MLN_OK;
}

void mln_channel_unwait(struct mln_channel_waiter *waiter)
{
    struct mln_channel *c = waiter->at;

    if (c) {
        waiter->at = NULL;
        ring_remove(&waiter->link);
        release_if_idle(c);
    }
}

mln_err mln_channels_new(struct mln_duties *duties, struct mln_channels **ret)
{
    struct mln_channels *all = mln_calloc(1, sizeof *all);

    MLN_REQUIRE(all, NO_MEMORY);
    all->duties = duties;
    *ret = all;
    return MLN_OK;
}

static void end_polls(struct mln_channel *c, mln_err err)
{
    while (!ring_is_empty(&c->polls)) {
        end_poll(OF(struct mln_poll, link, c->polls.next), err);
    }
}

/* Whoever waits again while this goes on is left alone. */
static void send_waiters_away(struct mln_channel *c)
{
    struct mln_channel_link leaving;

    ring_begin(&leaving);
    while (!ring_is_empty(&c->waiters)) {
        ring_move(&leaving, c->waiters.next);
    }
    while (!ring_is_empty(&leaving)) {
        wake_first(&leaving);
    }
}

static void end_all(struct mln_channel *c, mln_err err)
{
    struct mln_channel_link *const rings[] = { &c->offers, &c->taken };

    c->pins++;
    end_polls(c, err);
    for (size_t i = 0; i < sizeof rings / sizeof rings[0]; i++) {
        while (!ring_is_empty(rings[i])) {
            fail_offer(c->all, OF(struct mln_offer, link, rings[i]->next),
                       MLN_ERROR(NOT_REACHABLE));
        }
    }
    send_waiters_away(c);
    unpin(c);
}

void mln_channels_stop(struct mln_channels *channels)
{
    channels->is_stopped = true;
    for (size_t i = 0; i < BUCKETS; i++) {
        while (channels->buckets[i]) {
            end_all(channels->buckets[i], MLN_ERROR(OVERLOAD));
        }
    }
}

static void end_all_polls(struct mln_channels *channels)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        struct mln_channel *next;

        for (struct mln_channel *c = channels->buckets[i]; c; c = next) {
            next = c->next;
            c->pins++;
            end_polls(c, MLN_ERROR(TIMEOUT));
            unpin(c);
        }
    }
}

void mln_channels_end(struct mln_channels *channels, const uint64_t *ids, size_t count)
{
    for (size_t i = 0; i < count && i < MLN_FRESH_CHANNELS; i++) {
        struct mln_channel *c = find(channels, ids[i]);

        if (c) {
            end_all(c, MLN_ERROR(TIMEOUT));
        }
    }
    if (count > MLN_FRESH_CHANNELS) {
        end_all_polls(channels);
    }
}

void mln_channels_free(struct mln_channels *channels)
{
    mln_free(channels);
}
