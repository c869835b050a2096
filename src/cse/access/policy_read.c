/* Reading policies into the form of policy.h.
 *
 * A map is read by a table of its members; a member that is not in the table, or said twice, makes
 * the rule unreadable, and so does a list without elements where one stands: what it would mean is
 * open. Lists are linked in the order that reading gives them, which changes no outcome. */
#include "base/num.h"
#include "cse/access/match.h"
#include "cse/access/policy.h"
#include "model/pack.h"

#include <stdio.h>

struct reading {
    const struct mln_names *names;
    struct mln_arena *arena;
    struct mln_fault *fault; /* may be NULL */
    uint64_t constraints;    /* windows, addresses, countries, circles, object details */
};

/* Reads one item into what the table is about. */
typedef mln_err read_item(struct reading *r, struct mln_slice item, void *into);

struct member {
    struct mln_slice name;
    read_item *read;
};

enum { MEMBERS_MAX = 8, WORD_MAX = 64, CHILDREN_MAX = UINT16_MAX };

/* ---- maps and lists ---- */

static mln_err unreadable(struct reading *r, const char *what)
{
    mln_fault_set(r->fault, "%s", what);
    MLN_FAIL(ATTR_INVALID);
}

static mln_err read_member(struct reading *r, const struct member *members, size_t count,
                           const struct mln_walk *w, unsigned *seen, void *into)
{
    for (size_t i = 0; i < count; i++) {
        if (mln_slice_eq(members[i].name, w->name)) {
            if (*seen & 1U << i) {
                return unreadable(r, "a member of a rule is said twice");
            }
            *seen |= 1U << i;
            return members[i].read(r, w->item, into);
        }
    }
    return unreadable(r, "a member of a rule is not known");
}

/* `ret_seen` (or NULL) gets a bit for each member that is there. */
static mln_err read_map(struct reading *r, struct mln_slice item, const struct member *members,
                        size_t count, unsigned *ret_seen, void *into)
{
    unsigned seen = 0;
    struct mln_walk w;

    mln_walk_begin(&w, item);
    if (!w.is_map) {
        return unreadable(r, "a part of a rule is no object");
    }
    while (mln_walk_next(&w)) {
        MLN_TRY(read_member(r, members, count, &w, &seen, into));
    }
    if (w.is_damaged) {
        return unreadable(r, "a rule is damaged");
    }
    *ret_seen = seen;
    return MLN_OK;
}

static mln_err read_list(struct reading *r, struct mln_slice item, read_item *read, void *into)
{
    struct mln_walk w;

    mln_walk_begin(&w, item);
    if (w.is_map) {
        return unreadable(r, "a part of a rule is no list");
    }
    while (mln_walk_next(&w)) {
        MLN_TRY(read(r, w.item, into));
    }
    if (w.is_damaged || w.done == 0) {
        return unreadable(r, "a list within a rule is empty");
    }
    return MLN_OK;
}

static mln_err read_text(struct reading *r, struct mln_slice item, struct mln_slice *ret)
{
    return mln_pack_text_of(item, ret) ? MLN_OK : unreadable(r, "a part of a rule is no text");
}

static mln_err allocate(struct reading *r, size_t size, void *ret)
{
    void *memory = mln_arena_zalloc(r->arena, 1, size);

    MLN_REQUIRE(memory, NO_MEMORY);
    memcpy(ret, &memory, sizeof memory);
    return MLN_OK;
}

/* ---- contexts ---- */

static mln_err read_window(struct reading *r, struct mln_slice item, void *into)
{
    struct mln_context *c = into;
    struct mln_window *w;
    struct mln_slice text;

    MLN_TRY(allocate(r, sizeof *w, &w));
    MLN_TRY(read_text(r, item, &text));
    MLN_TRY(mln_schedule_parse(text, &w->schedule, r->fault));
    w->next = c->windows;
    c->windows = w;
    r->constraints++;
    return MLN_OK;
}

static mln_err read_windows(struct reading *r, struct mln_slice item, void *into)
{
    ((struct mln_context *)into)->has_windows = true;
    return read_list(r, item, read_window, into);
}

static mln_err read_address(struct reading *r, struct mln_slice item, bool is_v6,
                            struct mln_context *c)
{
    struct mln_address_item *a;
    struct mln_slice text;

    MLN_TRY(allocate(r, sizeof *a, &a));
    MLN_TRY(read_text(r, item, &text));
    if (is_v6 != (mln_slice_find(text, ':') < text.len)) {
        return unreadable(r, "an address stands in the list of the other kind");
    }
    MLN_TRY(mln_iprange_parse(text, &a->range, r->fault));
    a->next = c->addresses;
    c->addresses = a;
    r->constraints++;
    return MLN_OK;
}

static mln_err read_v4(struct reading *r, struct mln_slice item, void *into)
{
    return read_address(r, item, false, into);
}

static mln_err read_v6(struct reading *r, struct mln_slice item, void *into)
{
    return read_address(r, item, true, into);
}

static mln_err read_v4_list(struct reading *r, struct mln_slice item, void *into)
{
    return read_list(r, item, read_v4, into);
}

static mln_err read_v6_list(struct reading *r, struct mln_slice item, void *into)
{
    return read_list(r, item, read_v6, into);
}

static mln_err read_addresses(struct reading *r, struct mln_slice item, void *into)
{
    static const struct member members[] = { { { "ipv4", 4 }, read_v4_list },
                                             { { "ipv6", 4 }, read_v6_list } };
    unsigned seen;

    ((struct mln_context *)into)->has_addresses = true;
    MLN_TRY(read_map(r, item, members, 2, &seen, into));
    return seen ? MLN_OK : unreadable(r, "acip: neither ipv4 nor ipv6");
}

/* The text of a number: an integer is written anew. */
struct numbers {
    char digits[3][WORD_MAX];
    struct mln_slice texts[3];
    unsigned count;
};

static mln_err read_number(struct reading *r, struct mln_slice item, void *into)
{
    struct numbers *n = into;
    struct mln_item value;

    if (n->count == 3 || mln_failed(mln_pack_read(&item, &value)) ||
        (value.kind != MLN_V_INT && value.kind != MLN_V_REAL)) {
        return unreadable(r, "accr: not latitude, longitude and radius");
    }
    if (value.kind == MLN_V_INT) {
        (void)snprintf(n->digits[n->count], WORD_MAX, "%s%llu", value.is_negative ? "-" : "",
                       (unsigned long long)value.magnitude);
        value.text = mln_slice_z(n->digits[n->count]);
    }
    n->texts[n->count++] = value.text;
    return MLN_OK;
}

static mln_err read_circle(struct reading *r, struct mln_slice item, void *into)
{
    struct mln_context *c = into;
    struct numbers n = { .count = 0 };

    MLN_TRY(read_list(r, item, read_number, &n));
    if (n.count != 3) {
        return unreadable(r, "accr: not latitude, longitude and radius");
    }
    c->is_circle = true;
    r->constraints++;
    return mln_circle_parse(n.texts, &c->circle, r->fault);
}

static mln_err read_country(struct reading *r, struct mln_slice item, void *into)
{
    struct mln_context *c = into;
    struct mln_country_item *country;
    struct mln_slice text;

    MLN_TRY(allocate(r, sizeof *country, &country));
    MLN_TRY(read_text(r, item, &text));
    MLN_TRY(mln_country_parse(text, &country->country, r->fault));
    country->next = c->countries;
    c->countries = country;
    r->constraints++;
    return MLN_OK;
}

static mln_err read_countries(struct reading *r, struct mln_slice item, void *into)
{
    return read_list(r, item, read_country, into);
}

/* spec: TS-0004 6.3.5.28: one or the other */
static mln_err read_region(struct reading *r, struct mln_slice item, void *into)
{
    static const struct member members[] = { { { "accr", 4 }, read_circle },
                                             { { "accc", 4 }, read_countries } };
    unsigned seen;

    ((struct mln_context *)into)->has_region = true;
    MLN_TRY(read_map(r, item, members, 2, &seen, into));
    return seen == 1 || seen == 2 ? MLN_OK : unreadable(r, "aclr: not one of accc and accr");
}

/* An element without a part restricts nothing. */
static mln_err read_context(struct reading *r, struct mln_slice item, void *into)
{
    static const struct member members[] = { { { "actw", 4 }, read_windows },
                                             { { "acip", 4 }, read_addresses },
                                             { { "aclr", 4 }, read_region } };
    struct mln_rule *rule = into;
    struct mln_context *c;
    unsigned seen;

    MLN_TRY(allocate(r, sizeof *c, &c));
    MLN_TRY(read_map(r, item, members, 3, &seen, c));
    c->next = rule->contexts;
    rule->contexts = c;
    r->constraints++;
    return MLN_OK;
}

static mln_err read_contexts(struct reading *r, struct mln_slice item, void *into)
{
    ((struct mln_rule *)into)->has_contexts = true;
    return read_list(r, item, read_context, into);
}

/* ---- object details ---- */

static mln_err read_type(struct reading *r, struct mln_slice item, uint16_t *ret)
{
    uint64_t n;

    if (!mln_pack_u64_of(item, &n) || n == 0 || n > UINT16_MAX) {
        return unreadable(r, "acod: not a resource type");
    }
    *ret = (uint16_t)n;
    return MLN_OK;
}

static mln_err read_target_type(struct reading *r, struct mln_slice item, void *into)
{
    return read_type(r, item, &((struct mln_detail *)into)->ty);
}

static mln_err read_container(struct reading *r, struct mln_slice item, void *into)
{
    struct mln_specialization *s = into;

    MLN_TRY(read_text(r, item, &s->container));
    return s->container.len ? MLN_OK : unreadable(r, "spty: empty");
}

static mln_err read_management(struct reading *r, struct mln_slice item, void *into)
{
    struct mln_specialization *s = into;

    return mln_pack_u64_of(item, &s->management) && s->management
               ? MLN_OK
               : unreadable(r, "spty: not a mgmtDefinition");
}

/* spec: TS-0004 6.3.5.67: one or the other */
static mln_err read_specialization(struct reading *r, struct mln_slice item, void *into)
{
    static const struct member members[] = { { { "cnd", 3 }, read_container },
                                             { { "mgd", 3 }, read_management } };
    struct mln_detail *d = into;
    unsigned seen;

    d->has_specialization = true;
    MLN_TRY(read_map(r, item, members, 2, &seen, &d->specialization));
    return seen == 1 || seen == 2 ? MLN_OK : unreadable(r, "spty: not one of cnd and mgd");
}

static mln_err read_child(struct reading *r, struct mln_slice item, void *into)
{
    struct mln_detail *d = into;

    r->constraints++;
    return read_type(r, item, &d->children[d->child_count++]);
}

static mln_err read_children(struct reading *r, struct mln_slice item, void *into)
{
    struct mln_detail *d = into;
    struct mln_walk w;
    size_t count = 0;

    for (mln_walk_begin(&w, item); mln_walk_next(&w);) {
        count++;
    }
    if (count == 0 || count > CHILDREN_MAX) {
        return unreadable(r, "chty: not a list of resource types");
    }
    MLN_TRY(allocate(r, count * sizeof *d->children, &d->children));
    return read_list(r, item, read_child, d);
}

static mln_err read_detail(struct reading *r, struct mln_slice item, void *into)
{
    static const struct member members[] = { { { "chty", 4 }, read_children },
                                             { { "ty", 2 }, read_target_type },
                                             { { "spty", 4 }, read_specialization } };
    struct mln_rule *rule = into;
    struct mln_detail *d;
    unsigned seen;

    MLN_TRY(allocate(r, sizeof *d, &d));
    MLN_TRY(read_map(r, item, members, 3, &seen, d));
    if (d->child_count == 0) {
        return unreadable(r, "acod: chty is missing");
    }
    d->next = rule->details;
    rule->details = d;
    return MLN_OK;
}

static mln_err read_details(struct reading *r, struct mln_slice item, void *into)
{
    ((struct mln_rule *)into)->has_details = true;
    return read_list(r, item, read_detail, into);
}

/* ---- rules ---- */

/* What is no text names nobody. */
static mln_err read_who(struct reading *r, struct mln_slice item, void *into)
{
    struct mln_rule *rule = into;
    struct mln_slice text;
    struct mln_who *who;

    if (!mln_pack_text_of(item, &text)) {
        return MLN_OK;
    }
    MLN_TRY(allocate(r, sizeof *who, &who));
    MLN_TRY(mln_who_read(text, r->names, r->arena, who));
    who->next = rule->who;
    rule->who = who;
    return MLN_OK;
}

static mln_err read_originators(struct reading *r, struct mln_slice item, void *into)
{
    return read_list(r, item, read_who, into);
}

static mln_err read_operations(struct reading *r, struct mln_slice item, void *into)
{
    uint64_t n;

    if (!mln_pack_u64_of(item, &n) || n < 1 || n > 63) {
        return unreadable(r, "acop: must be 1 to 63");
    }
    ((struct mln_rule *)into)->operations = (uint8_t)n;
    return MLN_OK;
}

static mln_err read_flag(struct reading *r, struct mln_slice item, void *into)
{
    struct mln_item value;

    if (mln_failed(mln_pack_read(&item, &value)) || value.kind != MLN_V_BOOL) {
        return unreadable(r, "acaf: neither true nor false");
    }
    ((struct mln_rule *)into)->needs_authentication = value.boolean;
    return MLN_OK;
}

static mln_err read_rule(struct reading *r, struct mln_slice item, struct mln_rule **ret)
{
    static const struct member members[] = { { { "acor", 4 }, read_originators },
                                             { { "acop", 4 }, read_operations },
                                             { { "acco", 4 }, read_contexts },
                                             { { "acaf", 4 }, read_flag },
                                             { { "acod", 4 }, read_details } };
    struct mln_rule *rule;
    unsigned seen;

    MLN_TRY(allocate(r, sizeof *rule, &rule));
    MLN_TRY(read_map(r, item, members, 5, &seen, rule));
    if ((seen & 3) != 3) {
        return unreadable(r, "a rule needs acor and acop");
    }
    *ret = rule;
    return MLN_OK;
}

mln_err mln_rules_read(struct mln_slice set, const struct mln_names *names, struct mln_arena *arena,
                       struct mln_rules *ret)
{
    struct reading r = { .names = names, .arena = arena };
    struct mln_rule **last = &ret->first;
    struct mln_slice list;
    struct mln_walk w;

    ret->first = NULL;
    if (!mln_pack_find(set, MLN_S("acr"), &list)) {
        return MLN_OK;
    }
    for (mln_walk_begin(&w, list); !w.is_map && mln_walk_next(&w);) {
        struct mln_rule *rule;
        mln_err err = read_rule(&r, w.item, &rule);

        MLN_REQUIRE(err.code != MLN_ERR_NO_MEMORY, NO_MEMORY);
        if (!mln_failed(err)) {
            rule->number = (uint32_t)w.done;
            *last = rule;
            last = &rule->next;
        }
    }
    return MLN_OK;
}

mln_err mln_rules_check(struct mln_slice set, const struct mln_limits *limits, uint64_t *counted,
                        struct mln_arena *arena, struct mln_fault *fault)
{
    static const struct mln_names nobody;
    struct reading r = { &nobody, arena, fault, *counted };
    struct mln_slice list;
    struct mln_walk w;

    if (!mln_pack_find(set, MLN_S("acr"), &list)) {
        return MLN_OK;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        struct mln_rule *unused;

        MLN_TRY(read_rule(&r, w.item, &unused));
        if (r.constraints > limits->acp_constraints) {
            mln_fault_set(fault, "more contexts and object details than the limit allows");
            MLN_FAIL(LIMIT);
        }
    }
    *counted = r.constraints;
    return MLN_OK;
}

/* ---- policies ---- */

mln_err mln_policy_read(struct mln_slice attributes, const struct mln_names *names,
                        struct mln_arena *arena, struct mln_policy *ret)
{
    struct mln_policy p = { 0 };
    struct mln_walk w;

    mln_walk_begin(&w, attributes);
    while (w.is_map && mln_walk_next(&w)) {
        if (mln_slice_eq(w.name, MLN_S("pv"))) {
            MLN_TRY(mln_rules_read(w.item, names, arena, &p.privileges));
        } else if (mln_slice_eq(w.name, MLN_S("pvs"))) {
            MLN_TRY(mln_rules_read(w.item, names, arena, &p.self_privileges));
        } else if (mln_slice_eq(w.name, MLN_S("adri"))) {
            p.decision_ids = w.item;
        } else if (mln_slice_eq(w.name, MLN_S("apri"))) {
            p.policy_ids = w.item;
        } else if (mln_slice_eq(w.name, MLN_S("airi"))) {
            p.information_ids = w.item;
        }
    }
    if (w.is_damaged) {
        p = (struct mln_policy){ 0 };
    }
    *ret = p;
    return MLN_OK;
}
