/* Windows of missing data. State of the alarm: the count, then the times, 8 bytes each. */
#include "cse/notify/missing.h"

#include "base/num.h"
#include "base/timestamp.h"
#include "model/pack.h"

/* As read from the state; `times` has room for one more. */
struct window {
    int64_t end_us;
    uint64_t count; /* since the window began */
    char *times;
    size_t untold;
};

struct condition {
    uint64_t number;
    int64_t duration_us;
};

static mln_err condition_of(const struct mln_resource *sub, struct condition *ret)
{
    struct mln_slice criteria;
    struct mln_slice missing;
    struct mln_slice duration;

    MLN_REQUIRE(mln_pack_find(sub->attrs, MLN_S("enc"), &criteria) &&
                    mln_pack_find(criteria, MLN_S("md"), &missing) &&
                    mln_pack_find_u64(missing, MLN_S("num"), &ret->number) &&
                    mln_pack_find_text(missing, MLN_S("dur"), &duration) &&
                    mln_duration_parse(duration, &ret->duration_us),
                STORE_CORRUPT);
    return MLN_OK;
}

static mln_err open_window(const struct mln_change *c, uint64_t id, int64_t duration_us,
                           struct window *ret)
{
    struct mln_alarm alarm = { 0 };
    struct mln_slice old = { 0 };
    mln_err err = mln_alarm_get(c->view, id, MLN_ALARM_WINDOW, c->arena, &alarm);
    bool is_open = !mln_failed(err) && alarm.due_us > c->now_us;

    if (err.code != MLN_ERR_NOT_FOUND) {
        MLN_TRY(err);
    }
    ret->end_us =
        duration_us < MLN_TIMESTAMP_MAX - c->now_us ? c->now_us + duration_us : MLN_TIMESTAMP_MAX;
    ret->count = 0;
    if (is_open) {
        MLN_REQUIRE(alarm.state.len >= 8 && alarm.state.len % 8 == 0, STORE_CORRUPT);
        ret->end_us = alarm.due_us;
        ret->count = mln_get_be64(alarm.state.ptr);
        old = mln_slice_from(alarm.state, 8);
    }
    ret->untold = old.len / 8;
    ret->times = mln_arena_alloc(c->arena, 8 + old.len + 8);
    MLN_REQUIRE(ret->times, NO_MEMORY);
    ret->times += 8; /* the count goes before them */
    if (old.len) {
        memcpy(ret->times, old.ptr, old.len);
    }
    return MLN_OK;
}

static mln_err keep(const struct mln_change *c, uint64_t id, const struct window *w)
{
    char *state = w->times - 8;
    struct mln_alarm alarm = {
        .id = id,
        .kind = MLN_ALARM_WINDOW,
        .due_us = w->end_us,
        .state = mln_slice_of(state, 8 + w->untold * 8),
    };

    mln_put_be64(state, w->count);
    return mln_alarm_set(c, &alarm);
}

/* spec: TS-0004 6.3.5.69; the newest time first, as in a <timeSeries> */
static mln_err represent(const struct mln_change *c, const struct window *w, struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, c->arena, (size_t)c->cse->options.limits->response_bytes);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:tsn"));
    mln_pack_map(&out, 2);
    mln_pack_text(&out, MLN_S("mdlt"));
    mln_pack_array(&out, w->untold);
    for (size_t i = w->untold; i-- > 0;) {
        mln_pack_timestamp(&out, (int64_t)mln_get_be64(w->times + i * 8));
    }
    mln_pack_text(&out, MLN_S("mdc"));
    mln_pack_uint(&out, w->count);
    return mln_buf_finish(&out, ret);
}

mln_err mln_missing_count(const struct mln_change *c, const struct mln_resource *subscription,
                          int64_t time_us, struct mln_slice *ret_representation)
{
    struct condition condition;
    struct window w;

    *ret_representation = (struct mln_slice){ 0 };
    MLN_TRY(condition_of(subscription, &condition));
    MLN_TRY(open_window(c, subscription->id, condition.duration_us, &w));
    mln_put_be64(w.times + w.untold++ * 8, (uint64_t)time_us);
    w.count++;
    if (w.count >= condition.number) {
        MLN_TRY(represent(c, &w, ret_representation));
        w.untold = 0;
    }
    return keep(c, subscription->id, &w);
}
