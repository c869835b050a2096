/* Time windows of <schedule> resources. */
#include "cse/notify/window.h"

#include "base/timestamp.h"
#include "cse/access/schedule.h"
#include "model/primitive.h"

/* How far ahead the next opening is looked for: bounds what a look costs. */
static const int64_t HORIZON_US = (int64_t)32 * 86400 * MLN_US_PER_S;

/* When an entry of the schedule matches from `from_us` on, before `until_us`. They were read before
 * they were stored. */
static int64_t next_match(const struct mln_resource *schedule, int64_t from_us, int64_t until_us)
{
    struct mln_schedule s;
    struct mln_slice entries;
    struct mln_slice text;
    struct mln_walk w;

    if (!mln_pack_find(schedule->attrs, MLN_S("se"), &entries) ||
        !mln_pack_find(entries, MLN_S("sce"), &entries)) {
        return until_us;
    }
    for (mln_walk_begin(&w, entries); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &text) && !mln_failed(mln_schedule_parse(text, &s, NULL))) {
            until_us = mln_schedule_next(&s, from_us, until_us);
        }
    }
    return until_us;
}

/* The same for all schedules below the parent; *ret_any: there is one. */
static mln_err next_opening(const struct mln_lookup *l, uint64_t parent, int64_t from_us,
                            int64_t *until_us, bool *ret_any)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN, .parent = parent, .ty = MLN_TY_SCH };
    struct mln_resource schedule;
    uint64_t id;
    mln_err err;

    *ret_any = false;
    MLN_TRY(mln_scan_open(l->view, &spec, &scan));
    while (!mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        MLN_TRY(mln_store_get(l->view, id, l->arena, &schedule));
        if (schedule.et > l->now_us) {
            *ret_any = true;
            *until_us = next_match(&schedule, from_us, *until_us);
        }
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

int64_t mln_window_opening(const struct mln_lookup *l, const struct mln_resource *schedule)
{
    int64_t from_us = l->now_us / MLN_US_PER_S * MLN_US_PER_S;
    int64_t until_us = l->now_us + HORIZON_US;
    int64_t opens_us = next_match(schedule, from_us, until_us);

    return opens_us < until_us ? opens_us : MLN_NO_TIME;
}

mln_err mln_window_is_open(const struct mln_lookup *l, uint64_t parent, bool *ret)
{
    int64_t second_us = l->now_us / MLN_US_PER_S * MLN_US_PER_S;
    int64_t until_us = second_us + MLN_US_PER_S;
    bool has_any;

    MLN_TRY(next_opening(l, parent, second_us, &until_us, &has_any));
    *ret = !has_any || until_us == second_us;
    return MLN_OK;
}

mln_err mln_window_next(const struct mln_lookup *l, uint64_t parent, int64_t *ret_us)
{
    int64_t until_us = l->now_us + HORIZON_US;
    bool has_any;

    MLN_TRY(next_opening(l, parent, l->now_us + 1, &until_us, &has_any));
    *ret_us = has_any ? until_us : l->now_us;
    return MLN_OK;
}

mln_err mln_window_of_ae(const struct mln_lookup *l, const struct mln_resource *ae, bool *ret)
{
    struct mln_slice link;
    struct mln_resource node;
    mln_err err;

    *ret = true;
    if (!mln_pack_find_text(ae->attrs, MLN_S("nl"), &link)) {
        return MLN_OK;
    }
    err = mln_locate_lookup(l, link, &node);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    return node.ty == MLN_TY_NOD ? mln_window_is_open(l, node.id, ret) : MLN_OK;
}
