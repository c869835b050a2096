/* <statsCollect>: for whom, of whom and on which event statistics are collected. What it does
 * stands in cse/stats. spec: TS-0004 7.4.25, TS-0001 9.6.25 */
#include "cse/access/access.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/stats/stats.h"
#include "cse/types/types.h"

enum { ACTIVE = 1 };     /* m2m:statsRuleStatusType. spec: TS-0004 6.3.4.2.26 */
enum { EVENTBASED = 1 }; /* m2m:statModelType. spec: TS-0004 6.3.4.2.27 */

static uint64_t number(const struct mln_value *attributes, struct mln_slice name)
{
    uint64_t n = 0;

    (void)mln_value_u64(mln_value_get(attributes, name), &n);
    return n;
}

/* One that must not be known to the originator is not there. */
static mln_err is_event(struct mln_exec *e, struct mln_slice id, bool *ret)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_resource config;
    mln_err err = mln_locate_lookup(&l, id, &config);

    *ret = !mln_failed(err) && config.ty == MLN_TY_EVCG && mln_slice_eq(config.ri, id);
    if (!*ret) {
        return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
    }
    return mln_exec_shows(e, e->arena, &config, ret);
}

/* spec: TS-0004 7.4.25.2.1: eventID is that of an <eventConfig> */
static mln_err check_event(struct mln_exec *e, const struct mln_value *attributes)
{
    const struct mln_value *event = mln_value_get(attributes, MLN_S("evi"));
    bool is_there = false;

    if (event && event->text.len) {
        MLN_TRY(is_event(e, event->text, &is_there));
    }
    if (!is_there) {
        mln_fault_set(e->fault, "evi: no eventID of an eventConfig");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

/* Of the state that the request leads to. */
static mln_err check(struct mln_exec *e, struct mln_draft *d)
{
    if (number(d->attributes, MLN_S("srs")) == ACTIVE && !e->cse->options.recorder.note) {
        mln_fault_set(e->fault, "srs: this CSE has no file for statistics");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return number(d->attributes, MLN_S("sm")) == EVENTBASED ? check_event(e, d->attributes)
                                                            : MLN_OK;
}

/* spec: TS-0004 7.4.25.2.1: unique within the domain of the service provider */
static mln_err set_id(struct mln_exec *e, struct mln_draft *d)
{
    struct mln_slice text;

    MLN_TRY(mln_ident_join(e->arena, e->cse->names.cse_id, d->resource.ri, &text));
    return mln_draft_set(d, MLN_S("sci"), mln_value_text(e->arena, text));
}

/* Rules are kept in memory. */
static bool is_short(const struct mln_exec *e, const struct mln_value *v)
{
    return !v || v->kind != MLN_V_TEXT || v->text.len <= e->cse->options.limits->identifier_bytes;
}

static mln_err validate(struct mln_exec *e)
{
    const struct mln_value *given = mln_value_get(e->attributes, MLN_S("cdi"));
    const struct mln_value *list = given && given->kind == MLN_V_ARRAY ? given : NULL;
    bool is_long = !is_short(e, mln_value_get(e->attributes, MLN_S("cei")));

    if (list && list->items.count > e->cse->options.limits->statistics_entries) {
        mln_fault_set(e->fault, "cdi: too many entries");
        MLN_FAIL(LIMIT);
    }
    for (const struct mln_value *v = list ? list->items.first : NULL; v && !is_long; v = v->next) {
        is_long = !is_short(e, v);
    }
    if (is_long) {
        mln_fault_set(e->fault, "cei, cdi: an identifier is too long");
        MLN_FAIL(LIMIT);
    }
    return mln_validate_schedule(e, MLN_S("cp"));
}

static mln_err validate_create(struct mln_exec *e)
{
    MLN_TRY(validate(e));
    return mln_validate_room(e, e->cse->options.limits->statistics);
}

static mln_err perform_create(struct mln_exec *e, struct mln_draft *d)
{
    MLN_TRY(check(e, d));
    return set_id(e, d);
}

static mln_err finish(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.lt);

    mln_stats_changed(e->cse);
    return mln_stats_arm(&c, &d->resource);
}

static mln_err removed(const struct mln_change *c, const struct mln_resource *r)
{
    mln_stats_changed(c->cse);
    return mln_alarm_clear(c, r->id, MLN_ALARM_STATISTICS);
}

const struct mln_type_ops mln_stcl_ops = {
    .ty = MLN_TY_STCL,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate_create, .perform = perform_create, .finish = finish },
    .update = { .validate = validate, .perform = check, .finish = finish },
    .removed = removed,
    .alarm = mln_stats_alarm,
};
