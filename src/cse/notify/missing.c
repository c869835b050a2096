/* Windows of missing data. State of the alarm: the count, then the times, 8 bytes each. */
#include "cse/notify/missing.h"

#include "base/num.h"
#include "base/timestamp.h"
#include "model/pack.h"

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

mln_err mln_missing_open(const struct mln_change *c, const struct mln_resource *subscription,
                         size_t most, struct mln_missing_window *ret)
{
    struct mln_alarm alarm = { 0 };
    struct mln_slice old = { 0 };
    struct condition condition;
    mln_err err = mln_alarm_get(c->view, subscription->id, MLN_ALARM_WINDOW, c->arena, &alarm);
    bool is_open = !mln_failed(err) && alarm.due_us > c->now_us;

    if (err.code != MLN_ERR_NOT_FOUND) {
        MLN_TRY(err);
    }
    MLN_TRY(condition_of(subscription, &condition));
    *ret = (struct mln_missing_window){
        .subscription = subscription->id,
        .wanted = condition.number,
        .end_us = condition.duration_us < MLN_TIMESTAMP_MAX - c->now_us
                      ? c->now_us + condition.duration_us
                      : MLN_TIMESTAMP_MAX,
    };
    if (is_open) {
        MLN_REQUIRE(alarm.state.len >= 8 && alarm.state.len % 8 == 0, STORE_CORRUPT);
        ret->end_us = alarm.due_us;
        ret->count = mln_get_be64(alarm.state.ptr);
        old = mln_slice_from(alarm.state, 8);
    }
    ret->untold = old.len / 8;
    ret->state = mln_arena_zalloc(c->arena, 1 + ret->untold + most, 8);
    MLN_REQUIRE(ret->state, NO_MEMORY);
    if (old.len) {
        memcpy(ret->state + 8, old.ptr, old.len);
    }
    return MLN_OK;
}

/* spec: TS-0004 6.3.5.69; the newest time first, as in a <timeSeries> */
static mln_err represent(const struct mln_change *c, const struct mln_missing_window *w,
                         struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, c->arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:tsn"));
    mln_pack_map(&out, 2);
    mln_pack_text(&out, MLN_S("mdlt"));
    mln_pack_array(&out, w->untold);
    for (size_t i = w->untold; i > 0; i--) {
        mln_pack_timestamp(&out, (int64_t)mln_get_be64(w->state + i * 8));
    }
    mln_pack_text(&out, MLN_S("mdc"));
    mln_pack_uint(&out, w->count);
    return mln_buf_finish(&out, ret);
}

mln_err mln_missing_count(const struct mln_change *c, struct mln_missing_window *w, int64_t time_us,
                          struct mln_slice *ret_representation)
{
    *ret_representation = (struct mln_slice){ 0 };
    mln_put_be64(w->state + ++w->untold * 8, (uint64_t)time_us);
    if (++w->count >= w->wanted) {
        MLN_TRY(represent(c, w, ret_representation));
        w->untold = 0;
    }
    return MLN_OK;
}

mln_err mln_missing_close(const struct mln_change *c, const struct mln_missing_window *w)
{
    struct mln_alarm alarm = {
        .id = w->subscription,
        .kind = MLN_ALARM_WINDOW,
        .due_us = w->end_us,
        .state = mln_slice_of(w->state, 8 + w->untold * 8),
    };

    mln_put_be64(w->state, w->count);
    return mln_alarm_set(c, &alarm);
}
