/* From the store's executor to the duties. */
#include "cse/notify/fresh.h"

#include <stdatomic.h>

#include "base/mem.h"

enum { LANES_MAX = 4096 };

struct mln_fresh {
    _Atomic int64_t awaited_us;
    _Atomic bool wants_look; /* said by the duties */
    bool must_look;
    bool has_purge;
    bool has_registrees;
    bool has_deliveries;
    int64_t earliest_us;
    size_t channel_count; /* may be more than channels has */
    uint64_t channels[MLN_FRESH_CHANNELS];
    size_t count;
    struct mln_lane lanes[LANES_MAX];
};

mln_err mln_fresh_new(struct mln_fresh **ret)
{
    struct mln_fresh *f = mln_calloc(1, sizeof *f);

    MLN_REQUIRE(f, NO_MEMORY);
    f->earliest_us = INT64_MAX;
    atomic_store(&f->awaited_us, INT64_MAX);
    *ret = f;
    return MLN_OK;
}

void mln_fresh_free(struct mln_fresh *fresh)
{
    mln_free(fresh);
}

void mln_fresh_lane(struct mln_fresh *fresh, struct mln_lane lane)
{
    /* many events of one batch concern the same lane */
    if (fresh->count && fresh->lanes[fresh->count - 1].subscription == lane.subscription &&
        fresh->lanes[fresh->count - 1].number == lane.number) {
        return;
    }
    if (fresh->count == LANES_MAX) {
        fresh->must_look = true;
        return;
    }
    fresh->lanes[fresh->count++] = lane;
}

void mln_fresh_purge(struct mln_fresh *fresh)
{
    fresh->has_purge = true;
}

void mln_fresh_channel(struct mln_fresh *fresh, uint64_t id)
{
    if (fresh->channel_count < MLN_FRESH_CHANNELS) {
        fresh->channels[fresh->channel_count] = id;
    }
    fresh->channel_count++;
}

void mln_fresh_registrees(struct mln_fresh *fresh)
{
    fresh->has_registrees = true;
}

void mln_fresh_deliveries(struct mln_fresh *fresh)
{
    fresh->has_deliveries = true;
}

void mln_fresh_expiry(struct mln_fresh *fresh, int64_t et_us)
{
    if (et_us < fresh->earliest_us) {
        fresh->earliest_us = et_us;
    }
}

void mln_fresh_want_look(struct mln_fresh *fresh)
{
    atomic_store_explicit(&fresh->wants_look, true, memory_order_relaxed);
}

void mln_fresh_await(struct mln_fresh *fresh, int64_t et_us)
{
    atomic_store(&fresh->awaited_us, et_us); /* in order with the view that is opened next */
}

struct mln_fresh_message *mln_fresh_take(struct mln_fresh *fresh)
{
    struct mln_fresh_message *m;
    bool is_earlier = fresh->earliest_us < atomic_load(&fresh->awaited_us);

    if (atomic_load_explicit(&fresh->wants_look, memory_order_relaxed)) {
        atomic_store_explicit(&fresh->wants_look, false, memory_order_relaxed);
        fresh->must_look = true;
    }
    if (!fresh->count && !fresh->must_look && !fresh->has_purge && !fresh->channel_count &&
        !fresh->has_registrees && !fresh->has_deliveries && !is_earlier) {
        fresh->earliest_us = INT64_MAX;
        return NULL;
    }
    m = mln_malloc(sizeof *m + fresh->count * sizeof m->lanes[0]);
    if (!m) {
        fresh->must_look = true;
        return NULL;
    }
    *m = (struct mln_fresh_message){
        .must_look = fresh->must_look,
        .has_purge = fresh->has_purge,
        .has_registrees = fresh->has_registrees,
        .has_deliveries = fresh->has_deliveries,
        .earliest_us = fresh->earliest_us,
        .channel_count = fresh->channel_count,
        .count = fresh->count,
    };
    memcpy(m->channels, fresh->channels, sizeof m->channels);
    memcpy(m->lanes, fresh->lanes, fresh->count * sizeof m->lanes[0]);
    fresh->must_look = false;
    fresh->has_purge = false;
    fresh->has_registrees = false;
    fresh->has_deliveries = false;
    fresh->earliest_us = INT64_MAX;
    fresh->channel_count = 0;
    fresh->count = 0;
    return m;
}
