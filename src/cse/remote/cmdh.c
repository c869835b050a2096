/* CMDH message validation. */
#include "cse/remote/cmdh.h"

#include "base/timestamp.h"
#include "cse/notify/window.h"
#include "cse/types/cmdh.h"
#include "model/primitive.h"
#include "model/special.h"

enum { ACTION_DEFAULT = 5 }; /* m2m:networkAction. spec: TS-0004 6.3.4.2.45 */

/* Resources that one links to. */
struct parts {
    struct mln_resource *items;
    size_t count;
};

struct judge {
    const struct mln_lookup *l;
    struct mln_cmdh_message *m;
    struct mln_cmdh_verdict *verdict;
    struct mln_fault *fault;
    const struct mln_resource *policy;
    struct parts parts; /* of the policy */
};

/* ---- reading ---- */

static bool is_kind(const struct mln_resource *r, enum mln_cmdh_kind kind)
{
    return mln_special_of(r)->definition == kind;
}

/* A link that leads nowhere, or to what is not a child, is none. */
static mln_err follow(const struct mln_lookup *l, struct mln_slice link, uint64_t parent,
                      uint16_t ty, struct mln_resource *ret)
{
    struct mln_slice id;

    MLN_REQUIRE(mln_pack_find_text(link, MLN_S("val"), &id), NOT_FOUND);
    MLN_TRY(mln_locate_lookup(l, id, ret));
    MLN_REQUIRE(ret->parent == parent && ret->ty == ty, NOT_FOUND);
    return MLN_OK;
}

static mln_err read_parts(const struct mln_lookup *l, const struct mln_resource *of,
                          struct parts *ret)
{
    struct mln_slice links;
    struct mln_walk w;
    mln_err err;

    *ret = (struct parts){ 0 };
    if (!mln_pack_find(of->attrs, MLN_S("cmlk"), &links)) {
        return MLN_OK;
    }
    ret->items =
        mln_arena_zalloc(l->arena, (size_t)l->cse->options.limits->cmdh_links, sizeof *ret->items);
    MLN_REQUIRE(ret->items, NO_MEMORY);
    mln_walk_begin(&w, links);
    while (ret->count < l->cse->options.limits->cmdh_links && mln_walk_next(&w)) {
        err = follow(l, w.item, of->id, MLN_TY_MGMTOBJ, &ret->items[ret->count]);
        if (err.code != MLN_ERR_NOT_FOUND) {
            MLN_TRY(err);
            ret->count++;
        }
    }
    return MLN_OK;
}

static int64_t milliseconds(struct mln_slice attrs, struct mln_slice name)
{
    uint64_t ms = 0;

    (void)mln_pack_find_u64(attrs, name, &ms);
    return ms < (uint64_t)MLN_TIMESTAMP_MAX / 1000 ? (int64_t)ms * 1000 : MLN_TIMESTAMP_MAX;
}

/* ---- which of several ---- */

/* How closely requestOrigin fits; the smallest is the best. spec: TS-0004 H.2.3 1.1.2.3, 2.3 */
enum fit { FIT_AE, FIT_APP, FIT_LOCAL_AE, FIT_THIS_CSE, FIT_DEFAULT, FIT_NOT };

static enum fit fit_of(const struct judge *j, struct mln_slice origin)
{
    const struct mln_cmdh_message *m = j->m;
    const struct mln_names *names = &j->l->cse->names;
    struct mln_entity entity;

    if (mln_slice_eq(origin, MLN_S("default"))) {
        return FIT_DEFAULT;
    }
    if (mln_slice_eq(origin, MLN_S("localAE"))) {
        return m->is_local_ae ? FIT_LOCAL_AE : FIT_NOT;
    }
    if (mln_slice_eq(origin, MLN_S("thisCSE"))) {
        return mln_entity_parse_cse(names->cse_id, names, &entity) &&
                       mln_entity_eq(&entity, m->from)
                   ? FIT_THIS_CSE
                   : FIT_NOT;
    }
    if (m->is_local_ae && mln_slice_eq(origin, m->app_id)) {
        return FIT_APP;
    }
    return mln_entity_parse(origin, names, &entity) && mln_entity_eq(&entity, m->from) ? FIT_AE
                                                                                       : FIT_NOT;
}

static enum fit best_fit(const struct judge *j, const struct mln_resource *r)
{
    enum fit best = FIT_NOT;
    struct mln_slice list;
    struct mln_slice origin;
    struct mln_walk w;

    if (!mln_pack_find(r->attrs, MLN_S("ror"), &list)) {
        return best;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &origin)) {
            enum fit fit = fit_of(j, origin);

            best = fit < best ? fit : best;
        }
    }
    return best;
}

/* Of those of the kind that fit best the one of the lowest order; NULL: none fits. */
static const struct mln_resource *by_origin(const struct judge *j, const struct parts *parts,
                                            enum mln_cmdh_kind kind, enum fit *ret_fit)
{
    const struct mln_resource *found = NULL;
    uint64_t lowest = UINT64_MAX;

    *ret_fit = FIT_NOT;
    for (size_t i = 0; i < parts->count; i++) {
        const struct mln_resource *r = &parts->items[i];
        enum fit fit = is_kind(r, kind) ? best_fit(j, r) : FIT_NOT;
        uint64_t order = UINT64_MAX;

        (void)mln_pack_find_u64(r->attrs, MLN_S("od"), &order);
        if (fit < *ret_fit || (fit != FIT_NOT && fit == *ret_fit && order < lowest)) {
            *ret_fit = fit;
            lowest = order;
            found = r;
        }
    }
    return found;
}

/* The one of the kind that lists the Event Category, else the one that lists 0; or NULL. */
static const struct mln_resource *by_category(const struct judge *j, const struct parts *parts,
                                              enum mln_cmdh_kind kind, struct mln_slice name)
{
    const struct mln_resource *other = NULL;

    for (size_t i = 0; i < parts->count; i++) {
        const struct mln_resource *r = &parts->items[i];
        struct mln_slice list;

        if (!is_kind(r, kind) || !mln_pack_find(r->attrs, name, &list)) {
            continue;
        }
        if (mln_pack_list_has(list, (uint64_t)j->m->ec)) {
            return r;
        }
        if (!other && mln_pack_list_has(list, 0)) {
            other = r;
        }
    }
    return other;
}

/* ---- H.2.3 1: what is missing ---- */

static mln_err fill_category(struct judge *j, const struct parts *defaults)
{
    const struct mln_resource *r;
    uint64_t ec = MLN_EC_BEST_EFFORT;
    enum fit fit;

    if (j->m->ec) {
        return MLN_OK;
    }
    r = by_origin(j, defaults, MLN_CMDH_DEFAULT_CATEGORY, &fit);
    if (r && fit != FIT_DEFAULT) {
        (void)mln_pack_find_u64(r->attrs, MLN_S("dev"), &ec);
    }
    j->m->ec = (int)ec;
    return MLN_OK;
}

static int64_t after(int64_t ot_us, int64_t us)
{
    return us < MLN_TIMESTAMP_MAX - ot_us ? ot_us + us : MLN_TIMESTAMP_MAX;
}

/* What is not said has no end, and is carried out now: H.2.3 1.2.2. */
static void fill_best_effort(struct mln_cmdh_message *m)
{
    static const bool is_endless[MLN_CMDH_TIMES] = { true, true, false, false };

    for (unsigned i = 0; i < MLN_CMDH_TIMES; i++) {
        if (m->times_us[i] == MLN_NO_TIME) {
            m->times_us[i] = is_endless[i] ? MLN_TIMESTAMP_MAX : m->ot_us;
        }
    }
}

static void fill_by_policy(struct judge *j, const struct parts *defaults)
{
    static const struct mln_slice names[MLN_CMDH_TIMES] = {
        { "dqet", 4 }, { "dset", 4 }, { "doet", 4 }, { "drp", 3 }
    };
    const struct mln_resource *r = by_category(j, defaults, MLN_CMDH_DEFAULT_VALUES, MLN_S("aec"));

    for (unsigned i = 0; r && i < MLN_CMDH_TIMES; i++) {
        uint64_t ms;
        bool has_end = mln_pack_find_u64(r->attrs, names[i], &ms);

        if (j->m->times_us[i] == MLN_NO_TIME) {
            j->m->times_us[i] =
                has_end ? after(j->m->ot_us, milliseconds(r->attrs, names[i])) : MLN_TIMESTAMP_MAX;
        }
    }
}

static mln_err fill_in(struct judge *j)
{
    struct parts defaults = { 0 };

    for (size_t i = 0; i < j->parts.count; i++) {
        if (is_kind(&j->parts.items[i], MLN_CMDH_DEFAULTS)) {
            MLN_TRY(read_parts(j->l, &j->parts.items[i], &defaults));
            break;
        }
    }
    MLN_TRY(fill_category(j, &defaults));
    if (j->m->ec == MLN_EC_BEST_EFFORT) {
        fill_best_effort(j->m);
    } else if (j->m->ec != MLN_EC_IMMEDIATE) {
        fill_by_policy(j, &defaults);
    }
    return MLN_OK;
}

/* ---- H.2.3 2: limits ---- */

static mln_err refuse(const struct judge *j, const char *what)
{
    mln_fault_set(j->fault, "the CMDH policy of this CSE: %s", what);
    MLN_FAIL(BAD_REQUEST);
}

/* A list of least and most milliseconds; -1 is without end. */
static bool is_within(struct mln_slice limits, int64_t ot_us, int64_t time_us)
{
    uint64_t ms;
    struct mln_walk w;

    mln_walk_begin(&w, limits);
    if (!mln_walk_next(&w)) {
        return false;
    }
    if (!mln_pack_u64_of(w.item, &ms)) {
        return time_us == MLN_TIMESTAMP_MAX; /* at least without end */
    }
    if (time_us < after(ot_us, (int64_t)ms * 1000)) {
        return false;
    }
    return mln_walk_next(&w) &&
           (!mln_pack_u64_of(w.item, &ms) || time_us <= after(ot_us, (int64_t)ms * 1000));
}

static bool allows_aggregation(struct mln_slice list, int wanted)
{
    struct mln_walk w;
    struct mln_slice rest;
    struct mln_item item;

    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        rest = w.item;
        if (!mln_failed(mln_pack_read(&rest, &item)) && item.boolean == (wanted > 0)) {
            return true;
        }
    }
    return false;
}

static mln_err check_limits(const struct judge *j)
{
    static const struct {
        struct mln_slice name;
        const char *fault;
    } rows[MLN_CMDH_TIMES] = {
        { { "lqet", 4 }, "Request Expiration Timestamp out of limits" },
        { { "lset", 4 }, "Result Expiration Timestamp out of limits" },
        { { "loet", 4 }, "Operation Execution Time out of limits" },
        { { "lrp", 3 }, "Result Persistence out of limits" },
    };
    enum fit fit;
    const struct mln_cmdh_message *m = j->m;
    const struct mln_resource *r = by_origin(j, &j->parts, MLN_CMDH_LIMITS, &fit);
    struct mln_slice list;

    if (!r) {
        return MLN_OK;
    }
    if (!mln_pack_find(r->attrs, MLN_S("lec"), &list) ||
        !mln_pack_list_has(list, (uint64_t)m->ec)) {
        return refuse(j, "this originator may not use that Event Category");
    }
    for (unsigned i = 0; i < MLN_CMDH_TIMES; i++) {
        if (m->times_us[i] != MLN_NO_TIME && !(mln_pack_find(r->attrs, rows[i].name, &list) &&
                                               is_within(list, m->ot_us, m->times_us[i]))) {
            return refuse(j, rows[i].fault);
        }
    }
    if (m->da >= 0 &&
        !(mln_pack_find(r->attrs, MLN_S("lda"), &list) && allows_aggregation(list, m->da))) {
        return refuse(j, "Delivery Aggregation out of limits");
    }
    return MLN_OK;
}

/* ---- H.2.3 3.2: the network ---- */

/* The connections of this CSE have no names: they are what "default" stands for. */
static bool is_about_us(const struct mln_resource *rule)
{
    struct mln_slice list;
    struct mln_slice name;
    struct mln_walk w;

    if (!mln_pack_find(rule->attrs, MLN_S("ttn"), &list)) {
        return false;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &name) && mln_slice_eq(name, MLN_S("default"))) {
            return true;
        }
    }
    return false;
}

/* The schedule that the rule links to, a child of the node. Without it the rule allows nothing. */
static mln_err opening_of(const struct judge *j, const struct mln_resource *rule, int64_t *ret)
{
    struct mln_resource schedule;
    struct mln_slice link;
    mln_err err;

    *ret = MLN_NO_TIME;
    if (!mln_pack_find(rule->attrs, MLN_S("cmlk"), &link)) {
        return MLN_OK;
    }
    err = follow(j->l, link, j->policy->parent, MLN_TY_SCH, &schedule);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    *ret = mln_window_opening(j->l, &schedule);
    return MLN_OK;
}

static void take_back_off(struct mln_slice attrs, struct mln_cmdh_back_off *ret)
{
    struct mln_slice sets;
    struct mln_walk w;
    uint64_t action;

    if (!mln_pack_find(attrs, MLN_S("bop"), &sets) || !mln_pack_find(sets, MLN_S("bops"), &sets)) {
        return;
    }
    for (mln_walk_begin(&w, sets); mln_walk_next(&w);) {
        if (!mln_pack_find_u64(w.item, MLN_S("nwa"), &action) || action == ACTION_DEFAULT) {
            ret->initial_us = milliseconds(w.item, MLN_S("ibt"));
            ret->additional_us = milliseconds(w.item, MLN_S("abt"));
            ret->most_us = milliseconds(w.item, MLN_S("mbt"));
            ret->random_us = milliseconds(w.item, MLN_S("rbt"));
            return;
        }
    }
}

static mln_err use_network(struct judge *j)
{
    const struct mln_resource *rules =
        by_category(j, &j->parts, MLN_CMDH_NETWORK_RULES, MLN_S("aecs"));
    struct mln_cmdh_verdict *v = j->verdict;
    struct parts list = { 0 };

    v->opens_us = MLN_NO_TIME;
    if (rules) {
        MLN_TRY(read_parts(j->l, rules, &list));
    }
    for (size_t i = 0; i < list.count; i++) {
        const struct mln_resource *rule = &list.items[i];
        int64_t opens_us;

        if (!is_kind(rule, MLN_CMDH_NETWORK_RULE) || !is_about_us(rule)) {
            continue;
        }
        MLN_TRY(opening_of(j, rule, &opens_us));
        if (opens_us != MLN_NO_TIME && (v->opens_us == MLN_NO_TIME || opens_us < v->opens_us)) {
            v->opens_us = opens_us;
            v->spread_us = milliseconds(rule->attrs, MLN_S("swt"));
            v->back_off = (struct mln_cmdh_back_off){ 0 };
            take_back_off(rule->attrs, &v->back_off);
        }
    }
    if (v->opens_us == MLN_NO_TIME) {
        return refuse(j, "no rule allows it to use the network");
    }
    return MLN_OK;
}

/* ---- H.2.3 3.3: the buffer ---- */

static mln_err choose_buffer(struct judge *j)
{
    const struct mln_resource *r = by_category(j, &j->parts, MLN_CMDH_BUFFER, MLN_S("aec"));
    struct mln_cmdh_verdict *v = j->verdict;
    uint64_t priority = 1;

    if (!r) {
        return refuse(j, "no buffer is for that Event Category");
    }
    v->buffer = r->id;
    (void)mln_pack_find_u64(r->attrs, MLN_S("mbfs"), &v->buffer_bytes);
    (void)mln_pack_find_u64(r->attrs, MLN_S("sgp"), &priority);
    v->priority = (unsigned)priority;
    return MLN_OK;
}

mln_err mln_cmdh_judge(const struct mln_lookup *l, const struct mln_resource *policy,
                       struct mln_cmdh_message *message, struct mln_cmdh_verdict *ret,
                       struct mln_fault *fault)
{
    struct judge j = { .l = l, .m = message, .verdict = ret, .fault = fault, .policy = policy };

    *ret = (struct mln_cmdh_verdict){ 0 };
    MLN_TRY(read_parts(l, policy, &j.parts));
    MLN_TRY(fill_in(&j));
    MLN_TRY(check_limits(&j));
    if (message->ec == MLN_EC_IMMEDIATE) {
        return MLN_OK;
    }
    ret->is_judged = true;
    MLN_TRY(use_network(&j));
    return choose_buffer(&j);
}
