/* Targets that leave a subscription. */
#include "cse/notify/removal.h"

#include "cse/access/schedule.h"
#include "cse/notify/attempt.h"
#include "cse/notify/event.h"
#include "cse/notify/tally.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/way.h"
#include "cse/tree.h"

/* m2m:notificationTargetPolicyAction. spec: TS-0004 6.3.4.2.32 */
enum action { ACCEPT = 1, REJECT = 2, ASK_CREATOR = 3, INFORM_CREATOR = 4 };

enum relation { AND = 1, OR = 2 }; /* m2m:logicalOperator. spec: TS-0004 6.3.4.2.33 */

struct mln_removal {
    struct mln_attempt attempt;
    struct mln_open_way *way; /* one of those that wait for the subscription */
    uint64_t subscription;    /* that its creator was asked about */
    bool is_allowed;          /* by the creator */
};

/* ---- targets ---- */

/* Does the packed list name the originator? *ret_at: where. */
static mln_err find_originator(const struct mln_exec *e, struct mln_slice list, size_t *ret_at,
                               bool *ret)
{
    struct mln_slice target;
    struct mln_walk w;

    *ret = false;
    *ret_at = 0;
    for (mln_walk_begin(&w, list); !*ret && mln_walk_next(&w);) {
        MLN_REQUIRE(mln_pack_text_of(w.item, &target), STORE_CORRUPT);
        MLN_TRY(mln_reach_is_originator(e, target, ret));
        *ret_at += !*ret;
    }
    return MLN_OK;
}

static mln_err find_target(const struct mln_exec *e, size_t *ret_at, bool *ret)
{
    struct mln_slice targets;

    *ret = false;
    return mln_pack_find(e->target.resource.attrs, MLN_S("nu"), &targets)
               ? find_originator(e, targets, ret_at, ret)
               : MLN_OK;
}

mln_err mln_removal_decide(struct mln_exec *e, bool *ret)
{
    size_t at;

    return find_target(e, &at, ret);
}

/* ---- the policy ---- */

/* Looks at the live children of a type until `is_it` says so. */
struct search {
    struct mln_exec *e;
    mln_err (*is_it)(struct search *s, const struct mln_resource *child, bool *ret);
    struct mln_resource found;
    bool has_found;
};

static mln_err search_children(struct search *s, uint64_t parent, uint16_t ty)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN, .parent = parent, .ty = ty };
    struct mln_exec *e = s->e;
    uint64_t id;
    bool may = true;
    mln_err err = MLN_OK;

    MLN_TRY(mln_scan_open(e->view, &spec, &scan));
    while (!s->has_found && !mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        MLN_TRY(mln_exec_look(e, &may));
        MLN_REQUIRE(may, LIMIT);
        MLN_TRY(mln_store_get(e->view, id, e->arena, &s->found));
        if (s->found.et > e->arrival_us) {
            MLN_TRY(s->is_it(s, &s->found, &s->has_found));
        }
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err is_reference(struct search *s, const struct mln_resource *child, bool *ret)
{
    struct mln_slice targets;
    size_t at;

    *ret = false;
    return mln_pack_find(child->attrs, MLN_S("ntu"), &targets)
               ? find_originator(s->e, targets, &at, ret)
               : MLN_OK;
}

static bool is_default(const struct mln_resource *policy)
{
    struct mln_slice label;

    return mln_pack_find_text(policy->attrs, MLN_S("plbl"), &label) &&
           (mln_slice_eq(label, MLN_S("Default")) || mln_slice_eq(label, MLN_S("default")));
}

static mln_err is_default_of_creator(struct search *s, const struct mln_resource *child, bool *ret)
{
    *ret = is_default(child) && mln_slice_eq(child->cr, s->e->target.resource.cr);
    return MLN_OK;
}

static mln_err is_default_of_provider(struct search *s, const struct mln_resource *child, bool *ret)
{
    *ret = is_default(child) && mln_slice_eq(child->cr, s->e->cse->options.admin);
    return MLN_OK;
}

/* What the subscription refers to for this target. */
static mln_err find_referred(struct mln_exec *e, struct mln_resource *ret, bool *ret_found)
{
    struct search reference = { .e = e, .is_it = is_reference };
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_slice id;
    mln_err err;

    *ret_found = false;
    MLN_TRY(search_children(&reference, e->target.resource.id, MLN_TY_NTPR));
    if (!reference.has_found || !mln_pack_find_text(reference.found.attrs, MLN_S("npi"), &id)) {
        return MLN_OK;
    }
    err = mln_locate_lookup(&l, id, ret);
    *ret_found = !mln_failed(err) && ret->ty == MLN_TY_NTP;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* spec: TS-0001 10.2.10.8: of the subscription's creator, then of the service provider, who here is
 * the administrator */
static mln_err find_policy(struct mln_exec *e, struct mln_resource *ret, bool *ret_found)
{
    struct search of_creator = { .e = e, .is_it = is_default_of_creator };
    struct search of_provider = { .e = e, .is_it = is_default_of_provider };

    MLN_TRY(find_referred(e, ret, ret_found));
    if (*ret_found) {
        return MLN_OK;
    }
    MLN_TRY(search_children(&of_creator, e->cse->base_id, MLN_TY_NTP));
    if (!of_creator.has_found) {
        MLN_TRY(search_children(&of_provider, e->cse->base_id, MLN_TY_NTP));
    }
    *ret = of_creator.has_found ? of_creator.found : of_provider.found;
    *ret_found = of_creator.has_found || of_provider.has_found;
    return MLN_OK;
}

/* ---- its rules ---- */

/* Results that come one after the other. */
struct verdict {
    uint64_t relation;
    bool any;
    bool all;
    bool is_empty;
};

static void add(struct verdict *v, bool holds)
{
    v->is_empty = false;
    v->any = v->any || holds;
    v->all = v->all && holds;
}

static bool result_of(const struct verdict *v)
{
    return v->is_empty || (v->relation == OR ? v->any : v->all);
}

/* <policyDeletionRules>: times of the day. */
static bool rules_hold(const struct mln_resource *rules, const struct mln_moment *now)
{
    struct verdict v = { .relation = OR, .all = true, .is_empty = true };
    struct mln_schedule s;
    struct mln_slice list;
    struct mln_slice text;
    struct mln_walk w;

    (void)mln_pack_find_u64(rules->attrs, MLN_S("drr"), &v.relation);
    if (!mln_pack_find(rules->attrs, MLN_S("dr"), &list) ||
        !mln_pack_find(list, MLN_S("tod"), &list)) {
        return true;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        add(&v, mln_pack_text_of(w.item, &text) &&
                    !mln_failed(mln_schedule_parse(text, &s, NULL)) &&
                    mln_schedule_matches(&s, now));
    }
    return result_of(&v);
}

struct weighing {
    struct search search;
    struct verdict verdict;
    struct mln_moment now;
};

static mln_err weigh(struct search *s, const struct mln_resource *child, bool *ret)
{
    struct weighing *w = (struct weighing *)(void *)((char *)s - offsetof(struct weighing, search));

    *ret = false; /* go on */
    add(&w->verdict, rules_hold(child, &w->now));
    return MLN_OK;
}

/* Without rules the action is always carried out. */
static mln_err is_fulfilled(struct mln_exec *e, const struct mln_resource *policy, bool *ret)
{
    struct weighing w = {
        .search = { .e = e, .is_it = weigh },
        .verdict = { .relation = AND, .all = true, .is_empty = true },
    };

    mln_moment_of(e->arrival_us, &w.now);
    (void)mln_pack_find_u64(policy->attrs, MLN_S("rrs"), &w.verdict.relation);
    MLN_TRY(search_children(&w.search, policy->id, MLN_TY_PDR));
    *ret = result_of(&w.verdict);
    return MLN_OK;
}

/* ---- the actions ---- */

/* A subscription without targets is none. What waits for the one that leaves is dropped. */
static mln_err remove_target(struct mln_exec *e)
{
    struct mln_change c = mln_exec_change(e, mln_env_now_us(e->cse->options.env));
    const struct mln_resource *sub = &e->target.resource;
    struct mln_draft d = { .resource = *sub, .old = sub };
    struct mln_value *left = mln_value_new(e->arena, MLN_V_ARRAY);
    const struct mln_value *targets;
    size_t place;
    size_t at = 0;
    bool is_target;

    MLN_REQUIRE(left, NO_MEMORY);
    MLN_TRY(find_target(e, &place, &is_target));
    MLN_REQUIRE(is_target, NO_PRIVILEGE);
    MLN_TRY(mln_pack_to_value(sub->attrs, e->arena, &d.attributes));
    targets = mln_value_get(d.attributes, MLN_S("nu"));
    MLN_REQUIRE(targets, STORE_CORRUPT);
    e->has_written = true;
    e->answered = true;
    e->response->rsc = MLN_RSC_DELETED;
    if (targets->items.count == 1) {
        MLN_TRY(mln_outbox_clear(&c, sub->id));
        return mln_tree_remove(&c, sub);
    }
    for (const struct mln_value *v = targets->items.first; v; v = v->next, at++) {
        if (at != place) {
            MLN_TRY(mln_value_append(left, mln_draft_copy(e->arena, v)));
        }
    }
    MLN_TRY(mln_outbox_trim(&c, (struct mln_lane){ sub->id, (uint16_t)place }, 0));
    d.resource.lt = c.now_us;
    MLN_TRY(mln_draft_set(&d, MLN_S("nu"), left));
    MLN_TRY(mln_tally_follow(e->arena, d.attributes));
    MLN_TRY(mln_draft_pack(e, &d));
    return mln_store_put(e->write, sub, &d.resource);
}

static mln_err refuse(struct mln_exec *e, const char *why)
{
    mln_fault_set(e->fault, "%s", why);
    MLN_FAIL(NO_PRIVILEGE);
}

/* The answer is a refusal, and yet something is written. */
static mln_err inform(struct mln_exec *e)
{
    struct mln_change c = mln_exec_change(e, mln_env_now_us(e->cse->options.env));
    const struct mln_resource *sub = &e->target.resource;
    struct mln_lane lane = { sub->id, MLN_OUTBOX_LANE_REMOVAL };
    struct mln_notice notice = { 0 };

    MLN_TRY(mln_event_removal(&c, sub, e->originator.text, &notice.content));
    MLN_TRY(mln_outbox_put(&c, lane, 0, sub->cr, &notice));
    e->has_written = true;
    e->answered = true;
    mln_respond_error(e, refuse(e, "the creator of the subscription has been informed"));
    return MLN_OK;
}

/* spec: TS-0004 6.3.5.13 targetRemovalAllowance; an answer without it counts by its code */
static bool allows(const struct mln_outbound_answer *answer)
{
    const struct mln_value *root =
        answer->pc && answer->pc->kind == MLN_V_OBJECT ? answer->pc->items.first : NULL;
    const struct mln_value *tra = mln_value_get(root, MLN_S("tra"));

    return mln_attempt_succeeded(answer) && !(tra && tra->kind == MLN_V_BOOL && !tra->boolean);
}

static void answered(struct mln_attempt *attempt, const struct mln_outbound_answer *answer)
{
    struct mln_exec *e = attempt->data;

    mln_way_leave(e->worker, e->removal->way);
    e->removal->is_allowed = allows(answer);
    mln_exec_resume(e, e->removal->is_allowed
                           ? MLN_OK
                           : refuse(e, "the creator of the subscription does not allow it"));
}

/* Those that want to leave one subscription must not take all places of those that wait. */
static mln_err enter(struct mln_exec *e)
{
    struct mln_removal *r = e->removal;
    mln_err err;

    MLN_REQUIRE(!mln_way_is_full(e->worker, r->subscription), OVERLOAD);
    MLN_TRY(mln_way_enter(e->worker, r->subscription, &r->way));
    err = mln_exec_park(e);
    if (mln_failed(err)) {
        mln_way_leave(e->worker, r->way);
    }
    return err;
}

static mln_err start(struct mln_exec *e)
{
    struct mln_attempt *a = &e->removal->attempt;

    MLN_TRY(enter(e));
    a->done = answered;
    a->data = e;
    mln_attempt_start_for(e, a, e->cse->options.limits->notify_ms);
    return MLN_OK;
}

static mln_err ask(struct mln_exec *e)
{
    struct mln_change c = mln_exec_change(e, mln_env_now_us(e->cse->options.env));
    struct mln_lookup l = mln_exec_lookup(e);
    const struct mln_resource *sub = &e->target.resource;

    if (!e->call) {
        mln_fault_set(e->fault, "the creator of the subscription is asked: not through a group");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    e->removal = mln_arena_zalloc(e->arena, 1, sizeof *e->removal);
    MLN_REQUIRE(e->removal, NO_MEMORY);
    e->removal->subscription = sub->id;
    MLN_TRY(mln_event_removal(&c, sub, e->originator.text, &e->removal->attempt.content));
    MLN_TRY(mln_reach_find(&l, sub->cr, &e->removal->attempt.reach));
    e->begin_wait = start;
    MLN_FAIL(BLOCKED);
}

mln_err mln_removal_perform(struct mln_exec *e)
{
    struct mln_resource policy;
    uint64_t action = REJECT;
    bool found;
    bool holds;

    if (e->removal && e->removal->is_allowed && e->removal->subscription == e->target.resource.id) {
        return remove_target(e);
    }
    MLN_TRY(find_policy(e, &policy, &found));
    if (!found) {
        return refuse(e, "there is no default notificationTargetPolicy");
    }
    MLN_TRY(is_fulfilled(e, &policy, &holds));
    if (!holds) {
        return refuse(e, "the rules of the notificationTargetPolicy do not hold now");
    }
    (void)mln_pack_find_u64(policy.attrs, MLN_S("acn"), &action);
    switch ((enum action)action) {
    case ACCEPT:
        return remove_target(e);
    case ASK_CREATOR:
        return ask(e);
    case INFORM_CREATOR:
        return inform(e);
    case REJECT:
        break;
    }
    return refuse(e, "the notificationTargetPolicy rejects it");
}
