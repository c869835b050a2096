/* <accessControlPolicy>: its own rules must never run out, and it must not hold what cannot be
 * evaluated: each rule is read as the decision will read it.
 * spec: TS-0004 7.4.2, 6.3.5.27, TS-0001 9.6.2 */
#include "cse/access/match.h"
#include "cse/pipeline/draft.h"
#include "cse/types/types.h"

static mln_err check_entry(struct mln_exec *e, struct mln_slice set, struct mln_slice entry)
{
    switch (mln_access_entry_form(entry)) {
    case MLN_ENTRY_VALID:
        return MLN_OK;
    case MLN_ENTRY_ROLE:
        if (mln_check_pattern(MLN_PATTERN_ROLE_ID, entry)) {
            return MLN_OK;
        }
        mln_fault_set(e->fault, "%.*s: acor: not a Role-ID", MLN_S_ARG(set));
        MLN_FAIL(ATTR_INVALID);
    case MLN_ENTRY_INVALID:
        break;
    }
    mln_fault_set(e->fault, "%.*s: acor: not an originator", MLN_S_ARG(set));
    MLN_FAIL(ATTR_INVALID);
}

static mln_err check_rule(struct mln_exec *e, struct mln_slice set, const struct mln_value *rule)
{
    const struct mln_value *originators = mln_value_get(rule, MLN_S("acor"));
    const struct mln_value *first = originators ? originators->items.first : NULL;
    uint64_t operations;

    if (!first) {
        mln_fault_set(e->fault, "%.*s: acor: must name an originator", MLN_S_ARG(set));
        MLN_FAIL(ATTR_INVALID);
    }
    for (const struct mln_value *v = first; v; v = v->next) {
        MLN_TRY(check_entry(e, set, v->text));
    }
    if (!mln_value_u64(mln_value_get(rule, MLN_S("acop")), &operations) || operations < 1 ||
        operations > 63) {
        mln_fault_set(e->fault, "%.*s: acop: must be 1 to 63", MLN_S_ARG(set));
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

/* Contexts and object details, by the reader of the decisions. */
static mln_err check_constraints(struct mln_exec *e, const struct mln_value *set, uint64_t *counted)
{
    const struct mln_limits *limits = e->cse->options.limits;
    struct mln_buf out;
    struct mln_slice pack;

    mln_buf_init(&out, e->arena, SIZE_MAX);
    mln_pack_value(&out, set);
    MLN_TRY(mln_buf_finish(&out, &pack));
    return mln_rules_check(pack, limits, counted, e->arena, e->fault);
}

static mln_err check_set(struct mln_exec *e, struct mln_slice name, bool must_have_rule,
                         uint64_t *counted)
{
    const struct mln_value *set = mln_value_get(e->attributes, name);
    const struct mln_value *rules = mln_value_get(set, MLN_S("acr"));
    size_t count = rules ? rules->items.count : 0;

    if (!set) {
        return MLN_OK;
    }
    if (must_have_rule && count == 0) {
        mln_fault_set(e->fault, "%.*s: at least one rule is needed", MLN_S_ARG(name));
        MLN_FAIL(ATTR_INVALID);
    }
    if (count > e->cse->options.limits->acp_rules) {
        mln_fault_set(e->fault, "%.*s: too many rules", MLN_S_ARG(name));
        MLN_FAIL(LIMIT);
    }
    for (const struct mln_value *v = rules ? rules->items.first : NULL; v; v = v->next) {
        MLN_TRY(check_rule(e, name, v));
    }
    return check_constraints(e, set, counted);
}

/* Will the policy have the attribute: as the request says, else as it is stored? */
static bool will_have(const struct mln_exec *e, struct mln_slice name)
{
    const struct mln_value *given = mln_value_get(e->attributes, name);
    struct mln_slice stored;

    if (given) {
        return given->kind != MLN_V_NULL;
    }
    return e->req.op == MLN_OP_UPDATE && mln_pack_find(e->target.resource.attrs, name, &stored);
}

static bool will_have_privileges(const struct mln_exec *e)
{
    const struct mln_value *given = mln_value_get(e->attributes, MLN_S("pv"));
    const struct mln_value *rules = mln_value_get(given, MLN_S("acr"));
    struct mln_slice stored;
    struct mln_slice list;

    if (given) {
        return rules && rules->kind == MLN_V_ARRAY && rules->items.count > 0;
    }
    return mln_pack_find(e->target.resource.attrs, MLN_S("pv"), &stored) &&
           mln_pack_find(stored, MLN_S("acr"), &list);
}

/* spec: TS-0001 9.6.2.0: where others decide or hold the rules, there are none here. Asking them
 * is not built: whatever is left of these attributes the table refuses. */
static mln_err check_points(struct mln_exec *e)
{
    bool has_decision = will_have(e, MLN_S("adri"));
    bool has_policy = will_have(e, MLN_S("apri"));

    if (has_decision && has_policy) {
        mln_fault_set(e->fault, "adri and apri exclude each other");
        MLN_FAIL(ATTR_INVALID);
    }
    if ((has_decision || has_policy) && will_have_privileges(e)) {
        mln_fault_set(e->fault, "with adri or apri pv must be empty");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

/* spec: TS-0004 7.4.2.2.1, 7.4.2.2.3 */
static mln_err validate(struct mln_exec *e)
{
    uint64_t counted = 0;

    MLN_TRY(check_set(e, MLN_S("pv"), false, &counted));
    return check_set(e, MLN_S("pvs"), true, &counted);
}

/* A set without rules has one form, however it came. */
static mln_err perform(struct mln_exec *e, struct mln_draft *d)
{
    const struct mln_value *rules =
        mln_value_get(mln_value_get(d->attributes, MLN_S("pv")), MLN_S("acr"));

    if (!rules || rules->items.count > 0) {
        return MLN_OK;
    }
    return mln_draft_set(d, MLN_S("pv"), mln_value_new(e->arena, MLN_V_OBJECT));
}

const struct mln_type_ops mln_acp_ops = {
    .ty = MLN_TY_ACP,
    .operations = MLN_OPS_CRUD,
    .precheck = check_points,
    .check_copy = validate,
    .create = { .validate = validate, .perform = perform },
    .update = { .validate = validate, .perform = perform },
};
