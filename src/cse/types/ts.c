/* <timeSeries>: holds instances like a container, and detects that expected ones are missing.
 * spec: TS-0004 7.4.38, TS-0001 9.6.36, 10.2.4.29 */
#include "cse/pipeline/draft.h"
#include "cse/types/instances.h"
#include "cse/types/series.h"

/* What detection goes by: to be changed only while it is off. */
static const char *const parameters[] = { "mdt", "mdn", "peid", "pei" };

static const struct mln_value *has_parameter(const struct mln_exec *e)
{
    const struct mln_value *v = NULL;

    for (size_t i = 0; !v && i < sizeof parameters / sizeof parameters[0]; i++) {
        v = mln_value_get(e->attributes, mln_slice_z(parameters[i]));
    }
    return v;
}

static bool is_on(const struct mln_value *mdd)
{
    return mdd && mdd->kind == MLN_V_BOOL && mdd->boolean;
}

/* The number in the draft; false when it has none. */
static bool number(const struct mln_draft *d, const char *name, uint64_t *ret)
{
    const struct mln_value *v = mln_value_get(d->attributes, mln_slice_z(name));

    return v && mln_value_u64(v, ret);
}

/* periodicIntervalDelta where the Originator leaves it to us, or takes its own back: half of the
 * interval, so that no time is out of every range. */
static mln_err choose_delta(struct mln_exec *e, struct mln_draft *d)
{
    bool is_new =
        mln_value_get(e->attributes, MLN_S("pei")) && !mln_value_get(e->attributes, MLN_S("peid"));
    uint64_t pei;

    if (!number(d, "pei", &pei) || (mln_value_get(d->attributes, MLN_S("peid")) && !is_new)) {
        return MLN_OK;
    }
    return mln_draft_set(d, MLN_S("peid"), mln_value_uint(e->arena, pei / 2));
}

/* spec: TS-0004 7.4.38.2.1, 7.4.38.2.3 */
static mln_err check_numbers(struct mln_exec *e, const struct mln_draft *d)
{
    uint64_t delta = 0;
    uint64_t pei;
    uint64_t timer;

    (void)number(d, "peid", &delta);
    if (number(d, "pei", &pei) && delta > pei / 2) {
        mln_fault_set(e->fault, "peid: more than half of periodicInterval");
        MLN_FAIL(ATTR_INVALID);
    }
    if (!is_on(mln_value_get(d->attributes, MLN_S("mdd")))) {
        return MLN_OK;
    }
    if (!number(d, "mdt", &timer) || timer <= delta) {
        mln_fault_set(e->fault, "mdt: must be there and more than periodicIntervalDelta where "
                                "missing data are detected");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

static mln_err clear_list(struct mln_exec *e, struct mln_draft *d)
{
    (void)mln_value_take(d->attributes, MLN_S("mdlt"));
    return mln_draft_set(d, MLN_S("mdc"), mln_value_uint(e->arena, 0));
}

static mln_err perform_create(struct mln_exec *e, struct mln_draft *d)
{
    MLN_TRY(choose_delta(e, d));
    MLN_TRY(check_numbers(e, d));
    return clear_list(e, d);
}

/* spec: TS-0004 7.4.38.2.3 */
static mln_err validate_update(struct mln_exec *e)
{
    const struct mln_value *parameter = has_parameter(e);
    bool is_running = false;

    (void)mln_pack_find_bool(e->target.resource.attrs, MLN_S("mdd"), &is_running);
    if (parameter && (is_running || mln_value_get(e->attributes, MLN_S("mdd")))) {
        mln_fault_set(e->fault,
                      "%.*s: changes only while missingDataDetect is false, and in a "
                      "request without it",
                      MLN_S_ARG(parameter->name));
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

static mln_err perform_update(struct mln_exec *e, struct mln_draft *d)
{
    MLN_TRY(choose_delta(e, d));
    MLN_TRY(check_numbers(e, d));
    if (is_on(mln_value_get(e->attributes, MLN_S("mdd"))) || has_parameter(e)) {
        return clear_list(e, d);
    }
    return MLN_OK;
}

/* Detection that is turned on begins anew with the next instance, one that is turned off stops. */
static mln_err finish_update(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.lt);

    if (mln_value_get(e->attributes, MLN_S("mdd"))) {
        MLN_TRY(mln_alarm_clear(&c, d->resource.id, MLN_ALARM_MISSING_DATA));
    }
    return mln_instances_finish_update(e, d);
}

static mln_err removed(const struct mln_change *c, const struct mln_resource *r)
{
    return mln_alarm_clear(c, r->id, MLN_ALARM_MISSING_DATA);
}

const struct mln_type_ops mln_ts_ops = {
    .ty = MLN_TY_TS,
    .operations = MLN_OPS_CRUD,
    .create = { .perform = perform_create },
    .update = { .validate = validate_update, .perform = perform_update, .finish = finish_update },
    .removed = removed,
    .alarm = mln_series_look,
    .oldest = mln_series_oldest, /* spec: TS-0001 10.2.4.25 */
};
