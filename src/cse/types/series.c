/* Rows of time series, whose value is the id of the instance, and the detection of missing data. */
#include "cse/types/series.h"

#include "base/num.h"
#include "base/timestamp.h"
#include "cse/notify/event.h"
#include "model/pack.h"

enum {
    ID_SIZE = 8,
    KEY_SIZE = 17,
};

/* ---- rows ---- */

bool mln_dgt_read(const struct mln_value *v, struct mln_dgt *ret)
{
    ret->is_relative = true;
    if (v && v->kind == MLN_V_TEXT && mln_timestamp_parse(v->text, &ret->value)) {
        ret->is_relative = false;
        return true;
    }
    if (v && v->kind == MLN_V_TEXT) {
        return mln_num_i64(v->text, &ret->value);
    }
    return v && mln_value_i64(v, &ret->value);
}

/* Series, form, time; negative times before positive ones. */
static struct mln_slice row_key(char out[static KEY_SIZE], uint64_t series, struct mln_dgt dgt)
{
    mln_put_be64(out, series);
    out[8] = dgt.is_relative ? 'r' : 'a';
    mln_put_be64(out + 9, (uint64_t)dgt.value ^ UINT64_C(1) << 63);
    return mln_slice_of(out, KEY_SIZE);
}

mln_err mln_series_add(const struct mln_change *c, uint64_t series, struct mln_dgt dgt, uint64_t id)
{
    char key[KEY_SIZE];
    char value[ID_SIZE];

    mln_put_be64(value, id);
    return mln_record_put(c->write, MLN_SPACE_SERIES, row_key(key, series, dgt),
                          mln_slice_of(value, sizeof value));
}

mln_err mln_series_remove(const struct mln_change *c, uint64_t series, struct mln_dgt dgt)
{
    char key[KEY_SIZE];

    return mln_record_erase(c->write, MLN_SPACE_SERIES, row_key(key, series, dgt));
}

mln_err mln_series_has(struct mln_view *view, uint64_t series, struct mln_dgt first,
                       struct mln_dgt last, bool *ret)
{
    char before[KEY_SIZE];
    char end[KEY_SIZE];
    char found[MLN_RECORD_KEY_MAX];
    struct mln_slice key = row_key(before, series, first);
    size_t len;
    mln_err err;

    *ret = false;
    for (size_t i = KEY_SIZE; i-- > 0 && before[i]-- == 0;) { /* the key just before */
    }
    err = mln_record_next_key(view, MLN_SPACE_SERIES, key, false, found, &len);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    *ret = mln_slice_cmp(mln_slice_of(found, len), row_key(end, series, last)) <= 0;
    return MLN_OK;
}

mln_err mln_series_oldest(const struct mln_lookup *l, const struct mln_resource *series,
                          uint64_t keep, struct mln_resource *ret)
{
    char text[ID_SIZE] = { 0 };
    struct mln_slice prefix = mln_slice_of(text, sizeof text);
    struct mln_slice before = prefix;
    struct mln_record row;
    uint64_t id = keep;

    mln_put_be64(text, series->id);
    while (id == keep) {
        MLN_TRY(mln_record_next(l->view, MLN_SPACE_SERIES, before, false, l->arena, &row));
        MLN_REQUIRE(mln_slice_starts(row.key, prefix), NOT_FOUND);
        MLN_REQUIRE(row.value.len == ID_SIZE, STORE_CORRUPT);
        id = mln_get_be64(row.value.ptr);
        before = row.key;
    }
    return mln_store_get(l->view, id, l->arena, ret);
}

/* ---- what is watched ---- */

/* Times in microseconds, none above MLN_TIMESTAMP_MAX: three of them can be added. */
struct watch {
    int64_t interval;
    int64_t delta;
    int64_t timer;
    int64_t pace;  /* from look to look, at least: points closer together are looked at together */
    uint64_t most; /* entries of missingDataList */
};

static int64_t time_of(struct mln_slice attrs, struct mln_slice name)
{
    uint64_t ms = 0;

    (void)mln_pack_find_u64(attrs, name, &ms);
    return ms < (uint64_t)MLN_TIMESTAMP_MAX / 1000 ? (int64_t)ms * 1000 : MLN_TIMESTAMP_MAX;
}

static struct watch watch_of(const struct mln_limits *limits, const struct mln_resource *series)
{
    struct watch w = {
        .interval = time_of(series->attrs, MLN_S("pei")),
        .delta = time_of(series->attrs, MLN_S("peid")),
        .timer = time_of(series->attrs, MLN_S("mdt")),
        .pace = (int64_t)limits->missing_look_ms * 1000,
        .most = UINT64_MAX,
    };

    (void)mln_pack_find_u64(series->attrs, MLN_S("mdn"), &w.most);
    w.most = w.most < limits->missing_data ? w.most : limits->missing_data;
    return w;
}

bool mln_series_is_watched(const struct mln_resource *series)
{
    bool detects = false;

    return mln_pack_find_bool(series->attrs, MLN_S("mdd"), &detects) && detects &&
           time_of(series->attrs, MLN_S("pei")) > 0;
}

/* Sets the alarm for the expected time; none that no clock will reach. */
static mln_err watch(const struct mln_change *c, uint64_t series, const struct watch *w,
                     int64_t expected_us)
{
    char state[8] = { 0 };
    struct mln_alarm alarm = {
        .id = series,
        .kind = MLN_ALARM_MISSING_DATA,
        .due_us = expected_us + w->timer,
        .state = mln_slice_of(state, sizeof state),
    };

    if (alarm.due_us >= MLN_TIMESTAMP_MAX) {
        return MLN_OK;
    }
    if (alarm.due_us < c->now_us + w->pace) {
        alarm.due_us = c->now_us + w->pace;
    }
    mln_put_be64(state, (uint64_t)expected_us);
    return mln_alarm_set(c, &alarm);
}

/* spec: TS-0001 10.2.4.29: expected is the dataGenerationTime of the first received instance plus
 * N * periodicInterval */
mln_err mln_series_received(const struct mln_change *c, const struct mln_resource *series,
                            struct mln_dgt dgt)
{
    struct watch w = watch_of(c->cse->options.limits, series);
    struct mln_alarm alarm;
    mln_err err;

    if (!mln_series_is_watched(series) || dgt.is_relative) {
        return MLN_OK;
    }
    err = mln_alarm_get(c->view, series->id, MLN_ALARM_MISSING_DATA, c->arena, &alarm);
    if (err.code != MLN_ERR_NOT_FOUND) {
        return err;
    }
    return watch(c, series->id, &w, dgt.value + w.interval);
}

/* ---- what is missing ---- */

/* missingDataList with the new ones, newest first, and missingDataCurrentNr.
 * spec: TS-0004 7.4.38.2.1 */
static mln_err write_list(const struct mln_change *c, const struct watch *w,
                          const struct mln_missing *m, struct mln_value *attributes)
{
    struct mln_value *old = mln_value_take(attributes, MLN_S("mdlt"));
    struct mln_value *list = mln_value_new(c->arena, MLN_V_ARRAY);
    struct mln_value *v = old ? old->items.first : NULL;

    MLN_REQUIRE(list, NO_MEMORY);
    for (size_t i = m->count; i-- > 0 && list->items.count < w->most;) {
        char text[MLN_TIMESTAMP_SIZE];
        struct mln_slice copy;

        MLN_REQUIRE(mln_arena_dup(c->arena,
                                  mln_slice_of(text, mln_timestamp_put(text, m->times_us[i])),
                                  &copy),
                    NO_MEMORY);
        MLN_TRY(mln_value_append(list, mln_value_text(c->arena, copy)));
    }
    while (v && list->items.count < w->most) {
        struct mln_value *next = v->next;

        MLN_TRY(mln_value_append(list, v));
        v = next;
    }
    (void)mln_value_take(attributes, MLN_S("mdc"));
    MLN_TRY(mln_value_set(attributes, MLN_S("mdc"), mln_value_uint(c->arena, list->items.count)));
    return mln_value_set(attributes, MLN_S("mdlt"), list);
}

static mln_err note(const struct mln_change *c, const struct mln_resource *series,
                    const struct watch *w, const struct mln_missing *missing)
{
    struct mln_event event = { .type = MLN_EVENT_MISSING_DATA, .missing = missing };
    struct mln_resource after = *series;
    struct mln_value *attributes;
    struct mln_buf buf;

    MLN_TRY(mln_pack_to_value(series->attrs, c->arena, &attributes));
    MLN_TRY(write_list(c, w, missing, attributes));
    mln_buf_init(&buf, c->arena, SIZE_MAX);
    mln_pack_value(&buf, attributes);
    MLN_TRY(mln_buf_finish(&buf, &after.attrs));
    after.lt = c->now_us;
    MLN_TRY(mln_store_put(c->write, series, &after));
    event.subject = &after;
    event.about = &after;
    return mln_event_publish(c, &event);
}

/* After a time in which nobody could look, no more points are looked at than the list can hold:
 * those before them would have been pushed out. */
static int64_t skip(const struct watch *w, int64_t expected_us, int64_t now_us)
{
    int64_t late = (now_us - expected_us - w->timer) / w->interval;
    int64_t most = (int64_t)w->most;

    return late < most ? expected_us : expected_us + (late - most + 1) * w->interval;
}

mln_err mln_series_look(const struct mln_change *c, const struct mln_resource *series,
                        const struct mln_alarm *alarm)
{
    struct watch w = watch_of(c->cse->options.limits, series);
    struct mln_missing missing = { 0 };
    int64_t *times;
    int64_t expected;

    if (!mln_series_is_watched(series)) {
        return MLN_OK;
    }
    MLN_REQUIRE(alarm->state.len == 8, STORE_CORRUPT);
    expected = skip(&w, (int64_t)mln_get_be64(alarm->state.ptr), c->now_us);
    times = mln_arena_zalloc(c->arena, (size_t)w.most, sizeof *times);
    MLN_REQUIRE(times, NO_MEMORY);
    missing.times_us = times;
    for (; expected + w.timer <= c->now_us && missing.count < w.most; expected += w.interval) {
        const struct mln_dgt first = { .value = expected - w.delta };
        const struct mln_dgt last = { .value = expected + w.delta };
        bool is_there;

        MLN_TRY(mln_series_has(c->view, series->id, first, last, &is_there));
        if (!is_there) {
            times[missing.count++] = expected;
        }
    }
    if (missing.count) {
        MLN_TRY(note(c, series, &w, &missing));
    }
    return watch(c, series->id, &w, expected);
}
