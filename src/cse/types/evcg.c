/* <eventConfig>: an event for which statistics are collected. Its eventID is its resourceID, which
 * is unique and leads to it. spec: TS-0004 7.4.24, TS-0001 9.6.24 */
#include "base/timestamp.h"
#include "cse/pipeline/draft.h"
#include "cse/stats/rule.h"
#include "cse/stats/stats.h"
#include "cse/types/types.h"

/* Which attribute belongs to which eventType. spec: TS-0004 table 7.4.24.1-3 */
static const struct {
    struct mln_slice name;
    uint64_t type;
} of_type[] = {
    { { "evs", 3 }, MLN_STATS_TIMERBASED },
    { { "eve", 3 }, MLN_STATS_TIMERBASED },
    { { "opt", 3 }, MLN_STATS_DATAOPERATION },
    { { "ds", 2 }, MLN_STATS_STORAGEBASED },
};

static mln_err refuse(struct mln_exec *e, const char *why)
{
    mln_fault_set(e->fault, "%s", why);
    MLN_FAIL(ATTR_INVALID);
}

static int64_t time_of(const struct mln_value *attributes, struct mln_slice name, int64_t otherwise)
{
    const struct mln_value *v = mln_value_get(attributes, name);
    int64_t us;

    return v && mln_timestamp_parse(v->text, &us) ? us : otherwise;
}

static uint64_t number(const struct mln_value *attributes, struct mln_slice name)
{
    uint64_t n = 0;

    (void)mln_value_u64(mln_value_get(attributes, name), &n);
    return n;
}

static mln_err check_resources(struct mln_exec *e, const struct mln_value *list)
{
    struct mln_slice id;

    for (const struct mln_value *v = list ? list->items.first : NULL; v; v = v->next) {
        if (v->text.len > e->cse->options.limits->identifier_bytes) {
            mln_fault_set(e->fault, "eris: an identifier is too long");
            MLN_FAIL(LIMIT);
        }
        if (!mln_stats_resource_id(&e->cse->names, v->text, &id)) {
            mln_fault_set(e->fault, "eris: %.*s is no resourceID of this CSE", MLN_S_ARG(v->text));
            MLN_FAIL(ATTR_INVALID);
        }
    }
    return MLN_OK;
}

static mln_err check_lengths(struct mln_exec *e)
{
    static const struct mln_slice lists[] = { { "opt", 3 }, { "erts", 4 }, { "eris", 4 } };

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        const struct mln_value *list = mln_value_get(e->attributes, lists[i]);

        if (list && list->kind == MLN_V_ARRAY &&
            list->items.count > e->cse->options.limits->statistics_entries) {
            mln_fault_set(e->fault, "%.*s: too many entries", MLN_S_ARG(lists[i]));
            MLN_FAIL(LIMIT);
        }
    }
    return MLN_OK;
}

/* spec: TS-0004 7.4.24.2.1, 7.4.24.2.3, TS-0001 10.2.11.6: of the state that the request leads to
 */
static mln_err check(struct mln_exec *e, struct mln_draft *d)
{
    const struct mln_value *all = d->attributes;
    uint64_t type = number(all, MLN_S("evt"));

    for (size_t i = 0; i < sizeof of_type / sizeof of_type[0]; i++) {
        if (mln_value_get(all, of_type[i].name) && of_type[i].type != type) {
            mln_fault_set(e->fault, "%.*s: not with this eventType", MLN_S_ARG(of_type[i].name));
            MLN_FAIL(ATTR_INVALID);
        }
    }
    if (type == MLN_STATS_STORAGEBASED && !number(all, MLN_S("ds"))) {
        return refuse(e, "ds: dataSize is mandatory with this eventType, and not 0");
    }
    if (mln_value_get(all, MLN_S("erts")) && mln_value_get(all, MLN_S("eris"))) {
        return refuse(e, "erts and eris cannot both be there");
    }
    if (time_of(all, MLN_S("eve"), INT64_MAX) < time_of(all, MLN_S("evs"), INT64_MIN)) {
        return refuse(e, "eve: eventEnd before eventStart");
    }
    if (type == MLN_STATS_TIMERBASED && !mln_value_get(all, MLN_S("eris"))) {
        mln_fault_set(e->fault, "eris: resources are not searched by time; name them");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return check_resources(e, mln_value_get(all, MLN_S("eris")));
}

static mln_err perform_create(struct mln_exec *e, struct mln_draft *d)
{
    MLN_TRY(check(e, d));
    return mln_draft_set(d, MLN_S("evi"), mln_value_text(e->arena, d->resource.ri));
}

static mln_err finish_update(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.lt);

    mln_stats_changed(e->cse);
    return mln_stats_arm_all(&c, &d->resource);
}

static mln_err removed(const struct mln_change *c, const struct mln_resource *r)
{
    (void)r;
    mln_stats_changed(c->cse);
    return MLN_OK;
}

const struct mln_type_ops mln_evcg_ops = {
    .ty = MLN_TY_EVCG,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = check_lengths, .perform = perform_create },
    .update = { .validate = check_lengths, .perform = check, .finish = finish_update },
    .removed = removed,
};
