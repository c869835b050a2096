/* Reading rules of statistics. */
#include "cse/stats/rule.h"

#include "base/timestamp.h"
#include "cse/access/schedule.h"
#include "model/pack.h"

enum { ACTIVE = 1 }; /* m2m:statsRuleStatusType. spec: TS-0004 6.3.4.2.26 */

static struct mln_slice list_of(struct mln_slice attrs, const char *name)
{
    struct mln_slice list;

    return mln_pack_find(attrs, mln_slice_z(name), &list) ? list : (struct mln_slice){ 0 };
}

static int64_t time_of(struct mln_slice attrs, const char *name, int64_t otherwise)
{
    struct mln_slice text;
    int64_t us;

    return mln_pack_find_text(attrs, mln_slice_z(name), &text) && mln_timestamp_parse(text, &us)
               ? us
               : otherwise;
}

static void read_event(struct mln_slice attrs, struct mln_stats_rule *ret)
{
    uint64_t event = 0;

    (void)mln_pack_find_u64(attrs, MLN_S("evt"), &event);
    (void)mln_pack_find_u64(attrs, MLN_S("ds"), &ret->size);
    ret->event = (enum mln_stats_event)event;
    ret->operations = list_of(attrs, "opt");
    ret->types = list_of(attrs, "erts");
    ret->resources = list_of(attrs, "eris");
    ret->start_us = time_of(attrs, "evs", INT64_MIN);
    ret->end_us = time_of(attrs, "eve", INT64_MAX);
}

mln_err mln_stats_rule_read(const struct mln_lookup *l, const struct mln_resource *collect,
                            struct mln_stats_rule *ret, bool *ret_is_active)
{
    struct mln_resource config;
    struct mln_slice id;
    uint64_t status = 0;
    mln_err err;

    *ret = (struct mln_stats_rule){ 0 };
    *ret_is_active = false;
    (void)mln_pack_find_u64(collect->attrs, MLN_S("srs"), &status);
    if (status != ACTIVE || !mln_pack_find_text(collect->attrs, MLN_S("evi"), &id) || !id.len) {
        return MLN_OK;
    }
    err = mln_locate_lookup(l, id, &config);
    if (err.code == MLN_ERR_NOT_FOUND || (!mln_failed(err) && config.ty != MLN_TY_EVCG)) {
        return MLN_OK;
    }
    MLN_TRY(err);
    (void)mln_pack_find_text(collect->attrs, MLN_S("sci"), &ret->id);
    (void)mln_pack_find_text(collect->attrs, MLN_S("cei"), &ret->collecting);
    ret->collected = list_of(collect->attrs, "cdi");
    ret->periods = list_of(list_of(collect->attrs, "cp"), "sce");
    read_event(config.attrs, ret);
    *ret_is_active = true;
    return MLN_OK;
}

bool mln_stats_rule_is_open(const struct mln_stats_rule *rule, int64_t us)
{
    bool is_open = rule->periods.len == 0;
    struct mln_schedule s;
    struct mln_moment at;
    struct mln_slice text;
    struct mln_walk w;

    if (is_open) {
        return true;
    }
    mln_moment_of(us, &at);
    for (mln_walk_begin(&w, rule->periods); !is_open && mln_walk_next(&w);) {
        is_open = mln_pack_text_of(w.item, &text) &&
                  !mln_failed(mln_schedule_parse(text, &s, NULL)) && mln_schedule_matches(&s, &at);
    }
    return is_open;
}

bool mln_stats_resource_id(const struct mln_names *names, struct mln_slice id,
                           struct mln_slice *ret)
{
    if (mln_ident_place(id, names, ret) != MLN_PLACE_HERE || mln_slice_find(*ret, '/') < ret->len) {
        return false;
    }
    if (ret->len == 0 || mln_locate_is_base(names, *ret)) {
        *ret = mln_slice_from(names->cse_id, 1);
    }
    return true;
}

bool mln_stats_rule_names(const struct mln_stats_rule *rule, const struct mln_names *names,
                          struct mln_slice ri, uint16_t ty)
{
    struct mln_slice text;
    struct mln_walk w;

    if (!rule->resources.len) {
        return !rule->types.len || mln_pack_list_has(rule->types, ty);
    }
    for (mln_walk_begin(&w, rule->resources); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &text) && mln_stats_resource_id(names, text, &text) &&
            mln_slice_eq(text, ri)) {
            return true;
        }
    }
    return false;
}
