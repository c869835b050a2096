/* <eventConfig>: an event for which statistics are collected. Its eventID is its resourceID, which
 * is unique and leads to it. spec: TS-0004 7.4.24, TS-0001 9.6.24 */
#include "base/timestamp.h"
#include "cse/pipeline/draft.h"
#include "cse/types/types.h"

/* m2m:eventType. spec: TS-0004 6.3.4.2.25 */
enum { DATAOPERATION = 1, STORAGEBASED = 2, TIMERBASED = 3 };

/* Which attribute belongs to which eventType. spec: TS-0004 table 7.4.24.1-3 */
static const struct {
    struct mln_slice name;
    uint64_t type;
} of_type[] = {
    { { "evs", 3 }, TIMERBASED },
    { { "eve", 3 }, TIMERBASED },
    { { "opt", 3 }, DATAOPERATION },
    { { "ds", 2 }, STORAGEBASED },
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

/* spec: TS-0004 7.4.24.2.1, 7.4.24.2.3: of the state that the request leads to */
static mln_err check(struct mln_exec *e, struct mln_draft *d)
{
    const struct mln_value *all = d->attributes;
    uint64_t type = 0;

    (void)mln_value_u64(mln_value_get(all, MLN_S("evt")), &type);
    for (size_t i = 0; i < sizeof of_type / sizeof of_type[0]; i++) {
        if (mln_value_get(all, of_type[i].name) && of_type[i].type != type) {
            mln_fault_set(e->fault, "%.*s: not with this eventType", MLN_S_ARG(of_type[i].name));
            MLN_FAIL(ATTR_INVALID);
        }
    }
    if (type == STORAGEBASED && !mln_value_get(all, MLN_S("ds"))) {
        return refuse(e, "ds: dataSize is mandatory with this eventType");
    }
    if (mln_value_get(all, MLN_S("erts")) && mln_value_get(all, MLN_S("eris"))) {
        return refuse(e, "erts and eris cannot both be there");
    }
    if (time_of(all, MLN_S("eve"), INT64_MAX) < time_of(all, MLN_S("evs"), INT64_MIN)) {
        return refuse(e, "eve: eventEnd before eventStart");
    }
    return MLN_OK;
}

static mln_err perform_create(struct mln_exec *e, struct mln_draft *d)
{
    MLN_TRY(check(e, d));
    return mln_draft_set(d, MLN_S("evi"), mln_value_text(e->arena, d->resource.ri));
}

const struct mln_type_ops mln_evcg_ops = {
    .ty = MLN_TY_EVCG,
    .operations = MLN_OPS_CRUD,
    .create = { .perform = perform_create },
    .update = { .perform = check },
};
