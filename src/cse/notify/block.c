/* Blocking updates. */
#include "cse/notify/block.h"

#include <pthread.h>

#include "base/mem.h"
#include "cse/notify/attempt.h"
#include "cse/notify/event.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/way.h"

enum { BUCKETS = 256 };

/* One request that waits or has its turn; lives in its arena. */
struct mln_block {
    struct mln_exec *exec;
    uint64_t wanted; /* id of the resource that the last check was about */
    bool must_ask;   /* the check found a subscription: the attempt is made */
    bool is_agreed;  /* its target has answered well */
    struct mln_attempt attempt;
    struct mln_open_way *way; /* one of those that wait for the resource */

    /* the table's */
    uint64_t id; /* of the resource it stands in the table for; 0: none */
    bool has_turn;
    struct mln_block *next; /* of those that have their turn: in the bucket; else behind it */
    struct mln_block *first_waiting;
    struct mln_block *last_waiting;
};

struct mln_blocks {
    pthread_mutex_t lock;
    struct mln_block *buckets[BUCKETS]; /* those that have their turn, one for a resource */
};

mln_err mln_blocks_new(struct mln_blocks **ret)
{
    struct mln_blocks *b = mln_calloc(1, sizeof *b);

    MLN_REQUIRE(b, NO_MEMORY);
    if (pthread_mutex_init(&b->lock, NULL) != 0) {
        mln_free(b);
        MLN_FAIL(SYSTEM);
    }
    *ret = b;
    return MLN_OK;
}

void mln_blocks_free(struct mln_blocks *blocks)
{
    if (blocks) {
        (void)pthread_mutex_destroy(&blocks->lock);
        mln_free(blocks);
    }
}

/* ---- the table ---- */

/* What points to the request that has the turn for the resource, or to NULL. */
static struct mln_block **place_of(struct mln_blocks *blocks, uint64_t id)
{
    struct mln_block **place = &blocks->buckets[(id ^ id >> 12) % BUCKETS];

    while (*place && (*place)->id != id) {
        place = &(*place)->next;
    }
    return place;
}

static bool is_taken(struct mln_blocks *blocks, uint64_t id)
{
    bool ret;

    (void)pthread_mutex_lock(&blocks->lock);
    ret = *place_of(blocks, id) != NULL;
    (void)pthread_mutex_unlock(&blocks->lock);
    return ret;
}

static void add_waiting(struct mln_block *holder, struct mln_block *b)
{
    b->next = NULL;
    if (holder->first_waiting) {
        holder->last_waiting->next = b;
    } else {
        holder->first_waiting = b;
    }
    holder->last_waiting = b;
}

/* True: it has its turn at once. Else another thread may give it the turn before this returns. */
static bool enter(struct mln_blocks *blocks, struct mln_block *b)
{
    struct mln_block **place;
    bool ret;

    b->id = b->wanted;
    (void)pthread_mutex_lock(&blocks->lock);
    place = place_of(blocks, b->id);
    ret = !*place;
    if (ret) {
        b->has_turn = true;
        b->next = NULL;
        *place = b;
    } else {
        add_waiting(*place, b);
    }
    (void)pthread_mutex_unlock(&blocks->lock);
    return ret;
}

/* Gives the turn to the next, which is returned, or NULL. */
static struct mln_block *pass_on(struct mln_blocks *blocks, struct mln_block *b)
{
    struct mln_block *next;
    struct mln_block **place;

    (void)pthread_mutex_lock(&blocks->lock);
    place = place_of(blocks, b->id);
    next = b->first_waiting;
    *place = b->next;
    if (next) {
        next->first_waiting = next->next;
        next->last_waiting = b->last_waiting;
        next->next = b->next;
        next->has_turn = true;
        *place = next;
    }
    (void)pthread_mutex_unlock(&blocks->lock);
    b->id = 0;
    b->has_turn = false;
    b->first_waiting = NULL;
    return next;
}

/* Moves those of the worker that wait behind `holder` to the front of the list `taken`. */
static struct mln_block *sift(struct mln_block *holder, const struct mln_worker *worker,
                              struct mln_block *taken)
{
    struct mln_block *b = holder->first_waiting;

    holder->first_waiting = NULL;
    while (b) {
        struct mln_block *next = b->next;

        if (b->exec->worker == worker) {
            b->id = 0;
            b->next = taken;
            taken = b;
        } else {
            add_waiting(holder, b);
        }
        b = next;
    }
    return taken;
}

static struct mln_block *take_waiting(struct mln_blocks *blocks, const struct mln_worker *worker)
{
    struct mln_block *taken = NULL;

    (void)pthread_mutex_lock(&blocks->lock);
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct mln_block *holder = blocks->buckets[i]; holder; holder = holder->next) {
            taken = sift(holder, worker, taken);
        }
    }
    (void)pthread_mutex_unlock(&blocks->lock);
    return taken;
}

void mln_blocks_stop(struct mln_blocks *blocks, const struct mln_worker *worker)
{
    struct mln_block *b = take_waiting(blocks, worker);

    while (b) {
        struct mln_block *next = b->next;

        mln_fault_set(b->exec->fault, "the server stops");
        mln_exec_resume(b->exec, MLN_ERROR(OVERLOAD));
        b = next;
    }
}

/* Whoever sent it may have given up long ago. One with a time of its own is held against that when
 * it goes on. */
static bool has_waited_too_long(const struct mln_exec *e)
{
    int64_t begin_us = e->req.oet_us > e->arrival_us ? e->req.oet_us : e->arrival_us;
    int64_t us = mln_env_now_us(e->cse->options.env) - begin_us;

    return e->req.rqet_us == MLN_NO_TIME && us > (int64_t)e->cse->options.limits->request_ms * 1000;
}

static void go_on(struct mln_task *task)
{
    struct mln_exec *e =
        (struct mln_exec *)(void *)((char *)task - offsetof(struct mln_exec, task));

    if (has_waited_too_long(e)) {
        mln_fault_set(e->fault, "others that update the resource took too long");
        mln_exec_resume(e, MLN_ERROR(TIMEOUT));
        return;
    }
    mln_exec_resume(e, MLN_OK);
}

static void leave(struct mln_exec *e)
{
    struct mln_block *next = pass_on(e->cse->blocks, e->block);

    if (next) {
        struct mln_worker_ops *ops = &next->exec->worker->ops;

        next->exec->task.run = go_on;
        ops->post(ops->loop, &next->exec->task);
    }
}

static void leave_way(struct mln_exec *e)
{
    if (e->block->way) {
        mln_way_leave(e->worker, e->block->way);
        e->block->way = NULL;
    }
}

void mln_block_end(struct mln_exec *e)
{
    if (!e->block) {
        return;
    }
    leave_way(e);
    if (e->block->id) {
        leave(e);
    }
}

/* ---- on the worker ---- */

/* spec: TS-0004 7.3.2.9 */
static mln_err outcome_of(struct mln_exec *e, const struct mln_outbound_answer *answer)
{
    if (mln_attempt_succeeded(answer)) {
        return MLN_OK;
    }
    if (mln_failed(answer->err) ||
        (answer->has_rsc && answer->rsc == MLN_RSC_TARGET_NOT_REACHABLE)) {
        mln_fault_set(e->fault, "the target of a blocking subscription does not answer");
        MLN_FAIL(REMOTE_UNREACHABLE);
    }
    mln_fault_set(e->fault, "the target of a blocking subscription does not agree");
    MLN_FAIL(REMOTE_DENIED);
}

static void answered(struct mln_attempt *attempt, const struct mln_outbound_answer *answer)
{
    struct mln_exec *e = attempt->data;
    mln_err outcome = outcome_of(e, answer);

    e->block->is_agreed = !mln_failed(outcome);
    mln_exec_resume(e, outcome);
}

static void ask(struct mln_exec *e)
{
    struct mln_attempt *a = &e->block->attempt;

    a->done = answered;
    a->data = e;
    mln_attempt_start_for(e, a, e->cse->options.limits->notify_ms);
}

/* Updates of one resource must not take all places of those that wait. */
static mln_err enter_way(struct mln_exec *e)
{
    leave_way(e);
    MLN_REQUIRE(!mln_way_is_full(e->worker, e->block->wanted), OVERLOAD);
    return mln_way_enter(e->worker, e->block->wanted, &e->block->way);
}

static mln_err start(struct mln_exec *e)
{
    struct mln_block *b = e->block;

    if (b->id && b->id != b->wanted) {
        leave(e); /* the address has become another resource's */
    }
    MLN_TRY(enter_way(e));
    MLN_TRY(mln_exec_park(e));
    if (!b->id && !enter(e->cse->blocks, b)) {
        return MLN_OK;
    }
    if (b->must_ask) {
        ask(e);
    } else {
        mln_exec_resume(e, MLN_OK); /* who was before it has gone since */
    }
    return MLN_OK;
}

/* ---- in the batch ---- */

bool mln_block_is_wanted(struct mln_slice criteria)
{
    struct mln_slice net;

    return mln_pack_find(criteria, MLN_S("net"), &net) &&
           mln_pack_list_has(net, MLN_EVENT_BLOCKING_UPDATE);
}

/* Does the request change one of the attributes that the criteria name? */
static bool concerns(const struct mln_exec *e, struct mln_slice criteria)
{
    struct mln_slice list;
    struct mln_slice name;
    struct mln_walk w;

    if (!mln_pack_find(criteria, MLN_S("atr"), &list)) {
        return true;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &name) && mln_value_get(e->attributes, name)) {
            return true;
        }
    }
    return false;
}

/* spec: TS-0004 7.5.1.2.19: what is shown is the representation in the request */
static mln_err prepare(struct mln_exec *e, const struct mln_change *c,
                       const struct mln_resource *sub)
{
    struct mln_event event = { .type = MLN_EVENT_BLOCKING_UPDATE, .about = &e->target.resource };
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_attempt *a = &e->block->attempt;
    struct mln_slice targets;
    struct mln_slice target;
    struct mln_walk w;
    struct mln_buf buf;

    MLN_REQUIRE(mln_pack_find(sub->attrs, MLN_S("nu"), &targets), STORE_CORRUPT);
    mln_walk_begin(&w, targets);
    MLN_REQUIRE(mln_walk_next(&w) && mln_pack_text_of(w.item, &target), STORE_CORRUPT);
    mln_buf_init(&buf, e->arena, SIZE_MAX);
    mln_pack_value(&buf, e->req.pc);
    MLN_TRY(mln_buf_finish(&buf, &event.representation));
    MLN_TRY(mln_event_content(c, sub, &event, &a->content));
    MLN_TRY(mln_reach_find(&l, target, &a->reach));
    e->block->must_ask = true;
    return MLN_OK;
}

static mln_err consider(struct mln_exec *e, const struct mln_change *c, uint64_t id)
{
    struct mln_resource sub;
    struct mln_slice criteria;
    bool may_tell;

    MLN_TRY(mln_store_get(e->view, id, e->arena, &sub));
    if (sub.et <= c->now_us || !mln_pack_find(sub.attrs, MLN_S("enc"), &criteria) ||
        !mln_block_is_wanted(criteria) || !concerns(e, criteria)) {
        return MLN_OK;
    }
    MLN_TRY(mln_event_may_tell(c, &sub, &e->target.resource, &may_tell));
    return may_tell ? prepare(e, c, &sub) : MLN_OK;
}

/* A resource has one such subscription at most. */
static mln_err look_for_subscription(struct mln_exec *e)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN,
                                  .parent = e->target.resource.id,
                                  .ty = MLN_TY_SUB };
    struct mln_change c = mln_exec_change(e, mln_env_now_us(e->cse->options.env));
    uint64_t id;
    mln_err err = MLN_OK;

    MLN_TRY(mln_scan_open(e->view, &spec, &scan));
    while (!e->block->must_ask && !mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        MLN_TRY(consider(e, &c, id));
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err wait_or_refuse(struct mln_exec *e)
{
    if (!e->call) {
        mln_fault_set(
            e->fault,
            "an update of this member must be agreed to: not through a group or an action");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    e->begin_wait = start;
    MLN_FAIL(BLOCKED);
}

mln_err mln_block_check(struct mln_exec *e)
{
    uint64_t id = e->target.resource.id;
    struct mln_block *b = e->block;

    if (!(e->target.resource.flags & MLN_RESOURCE_MAY_BLOCK) ||
        (b && b->has_turn && b->id == id && b->is_agreed)) {
        return MLN_OK;
    }
    if (!b) {
        b = mln_arena_zalloc(e->arena, 1, sizeof *b);
        MLN_REQUIRE(b, NO_MEMORY);
        b->exec = e;
        e->block = b;
    }
    b->wanted = id;
    b->must_ask = false;
    b->is_agreed = false;
    if (!(b->has_turn && b->id == id) && is_taken(e->cse->blocks, id)) {
        return wait_or_refuse(e);
    }
    if (e->req.op == MLN_OP_UPDATE) {
        MLN_TRY(look_for_subscription(e));
    }
    return b->must_ask ? wait_or_refuse(e) : MLN_OK;
}
