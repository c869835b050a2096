/* TIMERBASED statistics: the size of resources at some times. spec: TS-0001 9.6.24, 12.1.1 */
#include "base/timestamp.h"
#include "cse/access/schedule.h"
#include "cse/stats/rule.h"
#include "cse/stats/stats.h"
#include "model/pack.h"

/* How far ahead the next time is looked for: bounds what a look costs. */
static const int64_t HORIZON_US = (int64_t)32 * 86400 * MLN_US_PER_S;

/* The state of an alarm. */
#define RECORD    MLN_S("r")
#define LOOK_ANEW MLN_S("l")

static struct mln_lookup lookup_of(const struct mln_change *c)
{
    return (struct mln_lookup){ c->cse, c->view, c->arena, c->now_us };
}

/* ---- when ---- */

static int64_t next_in_periods(const struct mln_stats_rule *rule, int64_t from_us, int64_t until_us)
{
    struct mln_schedule s;
    struct mln_slice text;
    struct mln_walk w;

    for (mln_walk_begin(&w, rule->periods); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &text) && !mln_failed(mln_schedule_parse(text, &s, NULL))) {
            until_us = mln_schedule_next(&s, from_us, until_us);
        }
    }
    return until_us;
}

/* The next time from `from_us` on; false: there is none. */
static bool next_time(const struct mln_stats_rule *rule, int64_t from_us, struct mln_alarm *ret)
{
    int64_t until_us = from_us + HORIZON_US;

    ret->state = RECORD;
    if (!rule->periods.len) { /* when the period is over; one without end: when it begins */
        ret->due_us = rule->end_us != INT64_MAX ? rule->end_us : rule->start_us;
        return ret->due_us >= from_us;
    }
    from_us = from_us > rule->start_us ? from_us : rule->start_us;
    if (from_us >= rule->end_us) {
        return false;
    }
    if (from_us >= until_us) {
        ret->due_us = rule->start_us;
        ret->state = LOOK_ANEW;
        return true;
    }
    until_us = until_us < rule->end_us ? until_us : rule->end_us;
    ret->due_us = next_in_periods(rule, from_us, until_us);
    ret->state = ret->due_us < until_us ? RECORD : LOOK_ANEW;
    return ret->due_us < rule->end_us;
}

static mln_err arm_from(const struct mln_change *c, const struct mln_resource *collect,
                        int64_t from_us)
{
    struct mln_lookup l = lookup_of(c);
    struct mln_alarm alarm = { .id = collect->id, .kind = MLN_ALARM_STATISTICS };
    struct mln_stats_rule rule;
    bool is_active;

    MLN_TRY(mln_stats_rule_read(&l, collect, &rule, &is_active));
    return is_active && rule.event == MLN_STATS_TIMERBASED && next_time(&rule, from_us, &alarm)
               ? mln_alarm_set(c, &alarm)
               : mln_alarm_clear(c, collect->id, MLN_ALARM_STATISTICS);
}

mln_err mln_stats_arm(const struct mln_change *c, const struct mln_resource *collect)
{
    return arm_from(c, collect, c->now_us + 1);
}

/* All of them, before anything is written. */
static mln_err list_collects(const struct mln_change *c, uint64_t **ret, size_t *ret_count)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_TYPE, .ty = MLN_TY_STCL };
    size_t most = (size_t)c->cse->options.limits->statistics;
    uint64_t *ids = mln_arena_zalloc(c->arena, most, sizeof *ids);
    size_t count = 0;
    mln_err err = MLN_OK;

    MLN_REQUIRE(ids, NO_MEMORY);
    MLN_TRY(mln_scan_open(c->view, &spec, &scan));
    while (count < most && !mln_failed(err = mln_scan_next(scan, &ids[count], NULL))) {
        count++;
    }
    *ret = ids;
    *ret_count = count;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

mln_err mln_stats_arm_all(const struct mln_change *c, const struct mln_resource *config)
{
    struct mln_resource collect;
    struct mln_slice event;
    uint64_t *ids;
    size_t count;

    MLN_TRY(list_collects(c, &ids, &count));
    for (size_t i = 0; i < count; i++) {
        MLN_TRY(mln_store_get(c->view, ids[i], c->arena, &collect));
        if (mln_pack_find_text(collect.attrs, MLN_S("evi"), &event) &&
            mln_slice_eq(event, config->ri)) {
            MLN_TRY(mln_stats_arm(c, &collect));
        }
    }
    return MLN_OK;
}

/* ---- records ---- */

static bool is_collected(const struct mln_change *c, const struct mln_stats_rule *rule,
                         struct mln_slice creator)
{
    const struct mln_names *names = &c->cse->names;
    struct mln_entity wanted;
    struct mln_entity entity;
    struct mln_slice id;
    struct mln_walk w;

    if (!rule->collected.len) {
        return true;
    }
    if (!mln_entity_parse(creator, names, &entity)) {
        return false;
    }
    for (mln_walk_begin(&w, rule->collected); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &id) && mln_entity_parse(id, names, &wanted) &&
            mln_entity_eq(&wanted, &entity)) {
            return true;
        }
    }
    return false;
}

static void record(const struct mln_change *c, const struct mln_stats_rule *rule,
                   const struct mln_resource *r)
{
    const struct mln_recorder *recorder = &c->cse->options.recorder;
    struct mln_statistics_record record = {
        .rule = rule->id,
        .collecting = rule->collecting,
        .collected = r->cr,
        .event = rule->event,
        .start_us = rule->start_us != INT64_MIN ? rule->start_us : c->now_us,
        .end_us = c->now_us,
        .resource = r->ri,
        .ty = r->ty,
        .has_size = true,
        .bytes = mln_stats_bytes(r),
    };

    if (recorder->note && mln_stats_has_size(mln_model_type(r->ty)) &&
        is_collected(c, rule, r->cr)) {
        recorder->note(recorder->data, &record);
    }
}

static mln_err record_all(const struct mln_change *c, const struct mln_stats_rule *rule)
{
    struct mln_lookup l = lookup_of(c);
    struct mln_resource r;
    struct mln_slice id;
    struct mln_walk w;

    for (mln_walk_begin(&w, rule->resources); mln_walk_next(&w);) {
        mln_err err = mln_pack_text_of(w.item, &id) ? mln_locate_lookup(&l, id, &r)
                                                    : MLN_ERROR(STORE_CORRUPT);

        if (err.code != MLN_ERR_NOT_FOUND) {
            MLN_TRY(err);
            record(c, rule, &r);
        }
    }
    return MLN_OK;
}

mln_err mln_stats_alarm(const struct mln_change *c, const struct mln_resource *collect,
                        const struct mln_alarm *alarm)
{
    int64_t pause_us = (int64_t)c->cse->options.limits->statistics_ms * 1000;
    bool is_record = mln_slice_eq(alarm->state, RECORD);
    struct mln_lookup l = lookup_of(c);
    struct mln_stats_rule rule;
    bool is_active;

    MLN_TRY(mln_stats_rule_read(&l, collect, &rule, &is_active));
    if (is_active && is_record) {
        MLN_TRY(record_all(c, &rule));
    }
    return arm_from(c, collect, is_record ? c->now_us + pause_us : c->now_us);
}
