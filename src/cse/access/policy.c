/* Evaluating policies. spec: TS-0003 7.1.5 */
#include "cse/access/policy.h"

#include "cse/access/match.h"
#include "model/model.h"

/* ---- contexts ---- */

/* In comparisons of originators: bytes of the years of a schedule, which are read each time, and
 * what a circle costs. */
enum { YEARS_PER_COMPARISON = 8, CIRCLE = 8 };

static bool windows_match(const struct mln_context *c, struct mln_policy_facts *f)
{
    bool matches = false;

    if (f->time_us == MLN_TIME_UNKNOWN) {
        return false;
    }
    if (!f->has_moment) {
        mln_moment_of(f->time_us, &f->moment);
        f->has_moment = true;
    }
    for (const struct mln_window *w = c->windows; w && !matches; w = w->next) {
        f->compared += 1 + w->schedule.years.len / YEARS_PER_COMPARISON;
        matches = mln_schedule_matches(&w->schedule, &f->moment);
    }
    return matches;
}

static bool addresses_match(const struct mln_context *c, struct mln_policy_facts *f)
{
    bool matches = false;

    for (const struct mln_address_item *a = c->addresses; a && !matches; a = a->next) {
        f->compared++;
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
        f->compared += CIRCLE;
        return mln_circle_contains(&c->circle, &f->location);
    }
    for (const struct mln_country_item *i = c->countries; i && !matches; i = i->next) {
        f->compared++;
        matches = i->country == f->location.country;
    }
    return matches;
}

static unsigned failing_part(const struct mln_context *c, struct mln_policy_facts *f)
{
    if (c->has_windows && !windows_match(c, f)) {
        return MLN_PART_WINDOW;
    }
    if (c->has_addresses && !addresses_match(c, f)) {
        return MLN_PART_ADDRESS;
    }
    return c->has_region && !region_matches(c, f) ? MLN_PART_REGION : 0;
}

/* res_ctxts: 0 when one of the contexts matches, else what fails in them. */
static unsigned failing_contexts(const struct mln_rule *rule, struct mln_policy_facts *f)
{
    unsigned failing = 0;

    for (const struct mln_context *c = rule->contexts; c; c = c->next) {
        unsigned part = failing_part(c, f);

        if (!part) {
            return 0;
        }
        failing |= part;
    }
    return failing ? failing : MLN_PART_WINDOW; /* none: nothing matches */
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

/* The first entry that matches; NULL: none does. */
static mln_err originators_match(const struct mln_rule *rule, struct mln_policy_facts *f,
                                 const struct mln_who **ret)
{
    bool matches = false;

    *ret = NULL;
    for (const struct mln_who *w = rule->who; w && !matches; w = w->next) {
        f->compared++;
        matches = mln_who_matches(w, f);
        if (!matches && w->may_be_group && f->is_member) {
            MLN_TRY(f->is_member(f->member_data, w->text, &matches));
        }
        *ret = matches ? w : NULL;
    }
    return MLN_OK;
}

/* ---- rules ---- */

/* All but the originators, up to the first part that does not hold. What costs least is asked
 * first. */
static unsigned failing_before_who(const struct mln_rule *r, enum mln_privilege privilege,
                                   struct mln_policy_facts *f)
{
    if (!(r->operations & (unsigned)privilege)) {
        return MLN_PART_OPERATION;
    }
    if (r->needs_authentication && !f->is_authenticated) {
        return MLN_PART_AUTHENTICATION;
    }
    if (!details_match(r, privilege, f)) {
        return MLN_PART_DETAILS;
    }
    return r->has_contexts ? failing_contexts(r, f) : 0;
}

/* Groups, which must be read, come last. */
mln_err mln_rules_permit(const struct mln_rules *rules, enum mln_privilege privilege,
                         struct mln_policy_facts *facts, bool *ret)
{
    *ret = false;
    for (const struct mln_rule *r = rules->first; r && !*ret; r = r->next) {
        unsigned failing = failing_before_who(r, privilege, facts);
        const struct mln_who *who = NULL;

        if (!failing) {
            MLN_TRY(originators_match(r, facts, &who));
            *ret = who != NULL;
            failing = who ? 0 : MLN_PART_ORIGINATOR;
        }
        mln_trace_rule(facts->trace, r->number, failing, who ? who->text : (struct mln_slice){ 0 });
    }
    return MLN_OK;
}
