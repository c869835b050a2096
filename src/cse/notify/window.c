/* Time windows of <schedule> resources. */
#include "cse/notify/window.h"

#include "cse/access/schedule.h"

/* Does an entry of the schedule match? They were read before they were stored. */
static bool matches(const struct mln_resource *schedule, const struct mln_moment *now)
{
    struct mln_schedule s;
    struct mln_slice entries;
    struct mln_slice text;
    struct mln_walk w;

    if (!mln_pack_find(schedule->attrs, MLN_S("se"), &entries) ||
        !mln_pack_find(entries, MLN_S("sce"), &entries)) {
        return false;
    }
    for (mln_walk_begin(&w, entries); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &text) && !mln_failed(mln_schedule_parse(text, &s, NULL)) &&
            mln_schedule_matches(&s, now)) {
            return true;
        }
    }
    return false;
}

mln_err mln_window_is_open(const struct mln_lookup *l, uint64_t parent, bool *ret)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN, .parent = parent, .ty = MLN_TY_SCH };
    struct mln_resource schedule;
    struct mln_moment now;
    uint64_t id;
    bool is_open = false;
    bool has_any = false;
    mln_err err = MLN_OK;

    mln_moment_of(l->now_us, &now);
    MLN_TRY(mln_scan_open(l->view, &spec, &scan));
    while (!is_open && !mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        MLN_TRY(mln_store_get(l->view, id, l->arena, &schedule));
        if (schedule.et > l->now_us) {
            has_any = true;
            is_open = matches(&schedule, &now);
        }
    }
    if (mln_failed(err) && err.code != MLN_ERR_NOT_FOUND) {
        return err;
    }
    *ret = is_open || !has_any;
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
