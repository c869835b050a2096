/* <policyDeletionRules>: when a notificationTargetPolicy applies.
 * spec: TS-0004 7.4.32, TS-0001 9.6.33 */
#include "cse/access/schedule.h"
#include "cse/types/ntp.h"

static mln_err check_times(struct mln_exec *e)
{
    const struct mln_value *list =
        mln_value_get(mln_value_get(e->attributes, MLN_S("dr")), MLN_S("tod"));
    struct mln_schedule s;

    if (list && list->items.count > e->cse->options.limits->schedule_entries) {
        mln_fault_set(e->fault, "dr: too many times");
        MLN_FAIL(LIMIT);
    }
    for (const struct mln_value *v = list ? list->items.first : NULL; v; v = v->next) {
        MLN_TRY(mln_schedule_parse(v->text, &s, e->fault));
    }
    return MLN_OK;
}

/* spec: TS-0004 7.4.32.2.1, 7.4.31.1: two at most, and then their relation must be said */
static mln_err check_siblings(struct mln_exec *e)
{
    struct mln_slice relation;
    unsigned count;

    MLN_TRY(mln_ntp_count_rules(e, &count));
    if (count == MLN_NTP_RULES) {
        mln_fault_set(e->fault, "two policyDeletionRules are there already");
        MLN_FAIL(CONFLICT);
    }
    if (count && !mln_pack_find(e->target.resource.attrs, MLN_S("rrs"), &relation)) {
        mln_fault_set(e->fault, "the notificationTargetPolicy says no rulesRelationship");
        MLN_FAIL(BAD_REQUEST);
    }
    return MLN_OK;
}

static mln_err validate(struct mln_exec *e)
{
    MLN_TRY(check_times(e));
    return check_siblings(e);
}

const struct mln_type_ops mln_pdr_ops = {
    .ty = MLN_TY_PDR,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate },
};
