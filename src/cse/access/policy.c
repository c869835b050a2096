/* Evaluating policies. spec: TS-0003 7.1.5 */
#include "cse/access/policy.h"

#include "cse/access/match.h"
#include "model/model.h"

/* ---- contexts ---- */

static bool windows_match(const struct mln_context *c, struct mln_policy_facts *f)
{
    bool matches = false;

    if (!f->has_moment) {
        mln_moment_of(f->time_us, &f->moment);
        f->has_moment = true;
    }
    for (const struct mln_window *w = c->windows; w && !matches; w = w->next) {
        matches = mln_schedule_matches(&w->schedule, &f->moment);
    }
    return matches;
}

static bool addresses_match(const struct mln_context *c, const struct mln_policy_facts *f)
{
    bool matches = false;

    for (const struct mln_address_item *a = c->addresses; a && !matches; a = a->next) {
        matches = mln_iprange_contains(&a->range, &f->ip);
    }
    return matches;
}

static bool region_matches(const struct mln_context *c, struct mln_policy_facts *f)
{
    bool matches = false;

    if (!f->has_location) {
        f->has_location = true;
        if (!f->locate || !f->locate(f->locate_data, &f->ip, &f->location)) {
            f->location = (struct mln_location){ 0 };
        }
    }
    if (c->is_circle) {
        return mln_circle_contains(&c->circle, &f->location);
    }
    for (const struct mln_country_item *i = c->countries; i && !matches; i = i->next) {
        matches = i->country == f->location.country;
    }
    return matches;
}

/* res_ctxts */
static bool contexts_match(const struct mln_rule *rule, struct mln_policy_facts *f)
{
    bool matches = !rule->has_contexts;

    for (const struct mln_context *c = rule->contexts; c && !matches; c = c->next) {
        matches = (!c->has_windows || windows_match(c, f)) &&
                  (!c->has_addresses || addresses_match(c, f)) &&
                  (!c->has_region || region_matches(c, f));
    }
    return matches;
}

/* ---- object details ---- */

static bool is_specialized(uint16_t ty)
{
    return ty == MLN_TY_MGMTOBJ || ty == MLN_TY_FLEXCONTAINER;
}

/* The target's where it has one; else, unless the rule is about another target, that of what is
 * to be created: so each of the two texts of the standard has its use. docs/internals/access.md */
static bool specialization_matches(const struct mln_detail *d, const struct mln_policy_facts *f)
{
    const struct mln_specialization *have = NULL;

    if (is_specialized(f->target_ty)) {
        have = &f->target;
    } else if (is_specialized(f->created_ty) && d->ty == 0) {
        have = &f->created;
    }
    if (!have) {
        return false;
    }
    if (d->specialization.management) {
        return have->management == d->specialization.management;
    }
    return have->container.len > 0 && mln_slice_eq(have->container, d->specialization.container);
}

static bool detail_matches(const struct mln_detail *d, const struct mln_policy_facts *f)
{
    bool has_child = false;

    if ((d->ty != 0 && d->ty != f->target_ty) ||
        (d->has_specialization && !specialization_matches(d, f))) {
        return false;
    }
    for (unsigned i = 0; i < d->child_count && !has_child; i++) {
        has_child = d->children[i] == f->created_ty;
    }
    return has_child;
}

/* res_objd: they concern CREATE only */
static bool details_match(const struct mln_rule *rule, enum mln_privilege privilege,
                          const struct mln_policy_facts *f)
{
    bool matches = privilege != MLN_PRIVILEGE_CREATE || !rule->has_details;

    for (const struct mln_detail *d = rule->details; d && !matches; d = d->next) {
        matches = detail_matches(d, f);
    }
    return matches;
}

/* ---- originators ---- */

static mln_err originators_match(const struct mln_rule *rule, struct mln_policy_facts *f, bool *ret)
{
    *ret = false;
    for (const struct mln_who *w = rule->who; w && !*ret; w = w->next) {
        f->compared++;
        *ret = mln_who_matches(w, f);
        if (!*ret && w->may_be_group && f->is_member) {
            MLN_TRY(f->is_member(f->member_data, w->text, ret));
        }
    }
    return MLN_OK;
}

/* ---- rules ---- */

/* What costs least is asked first; groups, which must be read, last. */
mln_err mln_rules_permit(const struct mln_rules *rules, enum mln_privilege privilege,
                         struct mln_policy_facts *facts, bool *ret)
{
    *ret = false;
    for (const struct mln_rule *r = rules->first; r && !*ret; r = r->next) {
        if ((r->operations & (unsigned)privilege) &&
            (!r->needs_authentication || facts->is_authenticated) &&
            details_match(r, privilege, facts) && contexts_match(r, facts)) {
            MLN_TRY(originators_match(r, facts, ret));
        }
    }
    return MLN_OK;
}
