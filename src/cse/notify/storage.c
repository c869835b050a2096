/* Storage of notifications by priority. */
#include "cse/notify/storage.h"

#include "base/log.h"
#include "base/num.h"
#include "crypto/digest.h"

/* A record of MLN_SPACE_PRIORITY: subscriber, hashed, then priority and id of the subscription; so
 * they come in the order in which they give way. */
enum { HASH = 16, KEY = HASH + 16 };

/* A subscription among those of its subscriber. */
struct place {
    char key[MLN_RECORD_KEY_MAX];
    uint64_t priority;
    uint64_t id;
};

/* ---- the records ---- */

static mln_err begin(struct place *p, struct mln_slice subscriber)
{
    unsigned char digest[MLN_SHA256_SIZE];

    *p = (struct place){ .id = 0 };
    MLN_TRY(mln_sha256(subscriber, digest));
    memcpy(p->key, digest, HASH);
    return MLN_OK;
}

/* The next one by priority. Errors: NOT_FOUND, STORE_*. */
static mln_err next(struct place *p, struct mln_view *view)
{
    char key[MLN_RECORD_KEY_MAX];
    size_t len;

    MLN_TRY(
        mln_record_next_key(view, MLN_SPACE_PRIORITY, mln_slice_of(p->key, KEY), false, key, &len));
    MLN_REQUIRE(len == KEY, STORE_CORRUPT);
    MLN_REQUIRE(memcmp(key, p->key, HASH) == 0, NOT_FOUND);
    memcpy(p->key, key, KEY);
    p->priority = mln_get_be64(key + HASH);
    p->id = mln_get_be64(key + HASH + 8);
    return MLN_OK;
}

mln_err mln_storage_check(const struct mln_cse *cse, struct mln_view *view,
                          struct mln_slice subscriber, struct mln_fault *fault)
{
    struct place p;
    uint64_t count = 0;
    mln_err err;

    MLN_TRY(begin(&p, subscriber));
    while (!mln_failed(err = next(&p, view))) {
        if (++count >= cse->options.limits->priorities) {
            mln_fault_set(fault, "nsp: more subscriptions with it than the limit 'priorities'");
            MLN_FAIL(LIMIT);
        }
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* False: it has none. */
static bool priority_of(const struct mln_resource *sub, uint64_t *ret)
{
    return sub && mln_pack_find_u64(sub->attrs, MLN_S("nsp"), ret);
}

static mln_err key_of(const struct mln_resource *sub, uint64_t priority, struct place *ret)
{
    MLN_TRY(begin(ret, sub->cr));
    mln_put_be64(ret->key + HASH, priority);
    mln_put_be64(ret->key + HASH + 8, sub->id);
    return MLN_OK;
}

mln_err mln_storage_change(const struct mln_change *c, const struct mln_resource *before,
                           const struct mln_resource *after)
{
    uint64_t old = 0;
    uint64_t new = 0;
    bool had = priority_of(before, &old);
    bool has = priority_of(after, &new);
    struct place p;

    if (had == has && old == new) {
        return MLN_OK;
    }
    if (had) {
        MLN_TRY(key_of(before, old, &p));
        MLN_TRY(mln_record_erase(c->write, MLN_SPACE_PRIORITY, mln_slice_of(p.key, KEY)));
    }
    if (has) {
        MLN_TRY(key_of(after, new, &p));
        MLN_TRY(mln_record_put(c->write, MLN_SPACE_PRIORITY, mln_slice_of(p.key, KEY),
                               (struct mln_slice){ 0 }));
    }
    return MLN_OK;
}

/* ---- what waits ---- */

/* A lane with something in it. */
struct stock {
    uint64_t priority;
    struct mln_lane lane;
    uint64_t first;     /* number of its oldest entry, */
    uint64_t end;       /* and what all numbers are below */
    int64_t created_us; /* of the oldest entry; 0: not looked at yet */
};

struct storage {
    const struct mln_change *c;
    struct mln_arena *arena;
    struct mln_arena *scratch; /* of one entry */
    struct stock *stocks;      /* by priority */
    size_t count;
    size_t cap;
    uint64_t total;
};

static mln_err add(struct storage *s, const struct stock *stock)
{
    if (s->count == s->cap) {
        size_t more = s->cap ? s->cap * 2 : 64;

        s->stocks = mln_arena_grow(s->arena, s->stocks, s->cap * sizeof *s->stocks,
                                   more * sizeof *s->stocks);
        MLN_REQUIRE(s->stocks, NO_MEMORY);
        s->cap = more;
    }
    s->stocks[s->count++] = *stock;
    s->total += stock->end - stock->first;
    return MLN_OK;
}

static mln_err add_lanes(struct storage *s, const struct place *p)
{
    struct stock stock = { .priority = p->priority, .lane = { .subscription = p->id } };
    mln_err err;

    while (!mln_failed(err = mln_outbox_span(s->c->view, &stock.lane, &stock.first, &stock.end))) {
        if (stock.lane.number != MLN_OUTBOX_LANE_REMOVAL) { /* no notification of an event */
            MLN_TRY(add(s, &stock));
        }
        stock.lane.number++;
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err take_stock(struct storage *s, struct mln_slice subscriber)
{
    struct place p;
    mln_err err;

    MLN_TRY(begin(&p, subscriber));
    while (!mln_failed(err = next(&p, s->c->view))) {
        MLN_TRY(add_lanes(s, &p));
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err look_at(struct storage *s, struct stock *stock)
{
    struct mln_outbox_entry entry;

    if (stock->created_us) {
        return MLN_OK;
    }
    mln_arena_reset(s->scratch);
    MLN_TRY(mln_outbox_next(s->c->view, stock->lane, stock->first - 1, s->scratch, &entry));
    stock->created_us = entry.created_us;
    return MLN_OK;
}

/* The oldest of the lowest priority; NULL: nothing waits. */
static mln_err find_least(struct storage *s, struct stock **ret)
{
    struct stock *least = NULL;

    for (size_t i = 0; i < s->count; i++) {
        struct stock *stock = &s->stocks[i];

        if (least && stock->priority > least->priority) {
            break;
        }
        if (stock->first < stock->end) {
            MLN_TRY(look_at(s, stock));
            least = !least || stock->created_us < least->created_us ? stock : least;
        }
    }
    *ret = least;
    return MLN_OK;
}

static mln_err drop_oldest(struct storage *s, struct stock *stock)
{
    MLN_TRY(mln_outbox_erase(s->c->write, stock->lane, stock->first));
    stock->first++;
    stock->created_us = 0;
    s->total--;
    return MLN_OK;
}

static mln_err shrink(struct storage *s, uint64_t priority, uint64_t wanted, bool *ret)
{
    uint64_t most = s->c->cse->options.limits->stored_notifications;
    struct stock *least = NULL;

    *ret = true;
    while (s->total && s->total + wanted > most && *ret) {
        MLN_TRY(find_least(s, &least));
        MLN_REQUIRE(least, INTERNAL); /* the total says otherwise */
        *ret = least->priority <= priority;
        if (*ret) {
            MLN_TRY(drop_oldest(s, least));
        }
    }
    return MLN_OK;
}

mln_err mln_storage_make_room(const struct mln_change *c, const struct mln_resource *subscription,
                              uint64_t priority, uint64_t wanted, bool *ret)
{
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *arena = mln_arena_new((size_t)c->cse->options.limits->request_arena_bytes);
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *scratch = mln_arena_new((size_t)c->cse->options.limits->request_arena_bytes);
    struct storage s = { .c = c, .arena = arena, .scratch = scratch };
    uint64_t before;

    MLN_REQUIRE(arena && scratch, NO_MEMORY);
    MLN_TRY(take_stock(&s, subscription->cr));
    before = s.total;
    MLN_TRY(shrink(&s, priority, wanted, ret));
    if (!*ret || s.total < before) {
        mln_log(MLN_LOG_WARNING, "notify",
                "%.*s: more notifications wait for it than the limit 'stored_notifications': those "
                "of the lowest priority are dropped",
                MLN_S_ARG(subscription->cr));
    }
    return MLN_OK;
}
