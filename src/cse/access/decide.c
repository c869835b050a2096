/* The decision: which rules protect a resource, and does one of them permit.
 * spec: TS-0004 7.3.3.15; TS-0001 9.6.1.3.2; TS-0003 7.1.5 */
#include "base/timestamp.h"
#include "cse/access/match.h"
#include "cse/address/locate.h"
#include "cse/cse_int.h"

void mln_access_begin(struct mln_access *a, const struct mln_cse *cse, struct mln_view *view,
                      struct mln_arena *arena, const struct mln_originator *originator)
{
    *a = (struct mln_access){
        .cse = cse,
        .view = view,
        .arena = arena,
        .originator = originator,
        .members_left = cse->options.limits->membership,
    };
}

static struct mln_lookup lookup_of(const struct mln_access *a)
{
    return (struct mln_lookup){ a->cse, a->view, a->arena, mln_env_now_us(a->cse->options.env) };
}

/* ---- rules ---- */

static mln_err originators_match(struct mln_access *a, struct mln_slice list, bool *ret)
{
    struct mln_walk w;

    *ret = false;
    for (mln_walk_begin(&w, list); !*ret && mln_walk_next(&w);) {
        struct mln_slice entry;

        a->compared++;
        if (mln_pack_text_of(w.item, &entry)) {
            MLN_TRY(mln_access_matches(a, entry, ret));
        }
    }
    return MLN_OK;
}

static mln_err rule_permits(struct mln_access *a, struct mln_slice rule,
                            enum mln_privilege privilege, bool *ret)
{
    struct mln_slice originators = { 0 };
    uint64_t operations = 0;
    struct mln_walk w;

    *ret = false;
    for (mln_walk_begin(&w, rule); mln_walk_next(&w);) {
        if (!originators.len && mln_slice_eq(w.name, MLN_S("acor"))) {
            originators = w.item;
        } else if (!operations && mln_slice_eq(w.name, MLN_S("acop"))) {
            if (!mln_pack_u64_of(w.item, &operations) || !operations) {
                return MLN_OK;
            }
        } else {
            /* a constraint that we cannot evaluate, or said twice, never grants */
            return MLN_OK;
        }
    }
    if (w.is_damaged || !originators.len || !(operations & privilege)) {
        return MLN_OK;
    }
    return originators_match(a, originators, ret);
}

mln_err mln_access_rules_permit(struct mln_access *a, struct mln_slice rules,
                                enum mln_privilege privilege, bool *ret)
{
    struct mln_slice list;
    struct mln_walk w;

    *ret = false;
    if (!mln_pack_find(rules, MLN_S("acr"), &list)) {
        return MLN_OK;
    }
    for (mln_walk_begin(&w, list); !*ret && mln_walk_next(&w);) {
        MLN_TRY(rule_permits(a, w.item, privilege, ret));
    }
    return MLN_OK;
}

/* One policy that a resource refers to; `set` is "pv" or "pvs". A reference that leads nowhere
 * grants nothing. */
static mln_err policy_permits(struct mln_access *a, struct mln_slice id, struct mln_slice set,
                              enum mln_privilege privilege, bool *ret)
{
    struct mln_lookup l = lookup_of(a);
    struct mln_resource policy;
    struct mln_slice rules;
    mln_err err = mln_locate_lookup(&l, id, &policy);

    *ret = false;
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    if (policy.ty != MLN_TY_ACP || !mln_pack_find(policy.attrs, set, &rules)) {
        return MLN_OK;
    }
    return mln_access_rules_permit(a, rules, privilege, ret);
}

enum { FEW = 4 };

/* Memory for a policy behind the first few: emptied before each, since together they can be
 * larger than what a request may use. */
static mln_err empty_scratch(const struct mln_access *a, struct mln_arena **scratch)
{
    if (*scratch) {
        mln_arena_reset(*scratch);
        return MLN_OK;
    }
    *scratch = mln_arena_new((size_t)a->cse->options.limits->request_arena_bytes);
    MLN_REQUIRE(*scratch, NO_MEMORY);
    return MLN_OK;
}

static mln_err policies_permit(struct mln_access *a, struct mln_slice acpi, struct mln_slice set,
                               enum mln_privilege privilege, bool *ret)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *scratch = NULL;
    struct mln_arena *own = a->arena;
    unsigned count = 0;
    struct mln_walk w;
    mln_err err = MLN_OK;

    *ret = false;
    for (mln_walk_begin(&w, acpi); !mln_failed(err) && !*ret && mln_walk_next(&w);) {
        struct mln_slice id;

        if (++count > FEW) {
            MLN_TRY(empty_scratch(a, &scratch));
            a->arena = scratch;
        }
        if (mln_pack_text_of(w.item, &id)) {
            err = policy_permits(a, id, set, privilege, ret);
        }
        a->arena = own;
    }
    return err;
}

/* ---- which rules protect a resource ---- */

static bool find_list(const struct mln_resource *r, struct mln_slice name, struct mln_slice *ret)
{
    struct mln_slice rest;
    struct mln_item head;

    if (!mln_pack_find(r->attrs, name, ret)) {
        return false;
    }
    rest = *ret;
    return !mln_failed(mln_pack_read(&rest, &head)) && head.kind == MLN_V_ARRAY && head.count > 0;
}

static bool is_creator(const struct mln_access *a, const struct mln_resource *r)
{
    return mln_slice_eq(a->originator->text, r->cr);
}

/* The CSEBase without a policy of its own: registered entities may look at it. */
static bool base_permits(const struct mln_access *a, enum mln_privilege privilege)
{
    return a->originator->is_registered &&
           (privilege == MLN_PRIVILEGE_RETRIEVE || privilege == MLN_PRIVILEGE_DISCOVER);
}

static bool memo_find(const struct mln_access *a, struct mln_slice acpi, uint64_t resource,
                      enum mln_privilege privilege, bool *ret)
{
    for (unsigned i = 0; i < a->memo_count; i++) {
        if (a->memo[i].privilege == privilege && a->memo[i].resource == resource &&
            mln_slice_eq(mln_slice_of(a->memo[i].acpi, a->memo[i].acpi_len), acpi)) {
            *ret = a->memo[i].permits;
            return true;
        }
    }
    return false;
}

static void memo_add(struct mln_access *a, struct mln_slice acpi, uint64_t resource,
                     enum mln_privilege privilege, bool permits)
{
    unsigned at = a->memo_next;

    if (acpi.len > MLN_ACCESS_MEMO_BYTES) {
        return; /* a long list is evaluated each time */
    }
    a->memo_next = (at + 1) % MLN_ACCESS_MEMO;
    a->memo_count += a->memo_count < MLN_ACCESS_MEMO;
    if (acpi.len) {
        memcpy(a->memo[at].acpi, acpi.ptr, acpi.len);
    }
    a->memo[at].acpi_len = (uint8_t)acpi.len;
    a->memo[at].resource = resource;
    a->memo[at].privilege = (uint8_t)privilege;
    a->memo[at].permits = permits;
}

/* A type without accessControlPolicyIDs follows its parent. */
static mln_err parent_permits(struct mln_access *a, const struct mln_resource *target,
                              enum mln_privilege privilege, bool *ret)
{
    struct mln_lookup l = lookup_of(a);
    struct mln_resource parent;
    mln_err err;

    *ret = false;
    if (memo_find(a, (struct mln_slice){ 0 }, target->parent, privilege, ret)) {
        return MLN_OK;
    }
    err = mln_locate_parent(&l, target, &parent);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK; /* it is being deleted */
    }
    MLN_TRY(err);
    MLN_TRY(mln_access_permits(a, &parent, privilege, ret));
    memo_add(a, (struct mln_slice){ 0 }, target->parent, privilege, *ret);
    return MLN_OK;
}

static mln_err listed_permit(struct mln_access *a, struct mln_slice acpi,
                             enum mln_privilege privilege, bool *ret)
{
    if (memo_find(a, acpi, 0, privilege, ret)) {
        return MLN_OK;
    }
    MLN_TRY(policies_permit(a, acpi, MLN_S("pv"), privilege, ret));
    memo_add(a, acpi, 0, privilege, *ret);
    return MLN_OK;
}

mln_err mln_access_permits(struct mln_access *a, const struct mln_resource *target,
                           enum mln_privilege privilege, bool *ret)
{
    const struct mln_type *type = mln_model_type(target->ty);
    struct mln_slice rules;

    *ret = false;
    if (a->originator->is_admin) {
        *ret = true;
        return MLN_OK;
    }
    if (target->ty == MLN_TY_ACP) {
        /* spec: TS-0001 9.6.2.0: selfPrivileges protect the policy itself */
        return mln_pack_find(target->attrs, MLN_S("pvs"), &rules)
                   ? mln_access_rules_permit(a, rules, privilege, ret)
                   : MLN_OK;
    }
    if (find_list(target, MLN_S("acpi"), &rules)) {
        return listed_permit(a, rules, privilege, ret);
    }
    if (target->ty == MLN_TY_CB) {
        *ret = base_permits(a, privilege);
        return MLN_OK;
    }
    if (!type || !type->has_acpi) {
        return parent_permits(a, target, privilege, ret);
    }
    /* spec: TS-0001 9.6.1.3.2: without a policy only the creator; Release 2 leaves the default to
     * the system, ours is then that of the parent */
    *ret = is_creator(a, target);
    return *ret || !a->cse->options.is_release_2 ? MLN_OK
                                                 : parent_permits(a, target, privilege, ret);
}

mln_err mln_access_sees(struct mln_access *a, const struct mln_resource *target, bool *ret)
{
    MLN_TRY(mln_access_permits(a, target, MLN_PRIVILEGE_RETRIEVE, ret));
    return *ret ? MLN_OK : mln_access_permits(a, target, MLN_PRIVILEGE_DISCOVER, ret);
}

mln_err mln_access_permits_acpi(struct mln_access *a, const struct mln_resource *target, bool *ret)
{
    struct mln_slice acpi;

    *ret = a->originator->is_admin;
    if (*ret) {
        return MLN_OK;
    }
    if (!find_list(target, MLN_S("acpi"), &acpi)) {
        *ret = is_creator(a, target);
        return MLN_OK;
    }
    return policies_permit(a, acpi, MLN_S("pvs"), MLN_PRIVILEGE_UPDATE, ret);
}

mln_err mln_access_permits_members(struct mln_access *a, const struct mln_resource *group,
                                   enum mln_privilege privilege, bool *ret)
{
    struct mln_slice macp;

    if (!a->originator->is_admin && find_list(group, MLN_S("macp"), &macp)) {
        return policies_permit(a, macp, MLN_S("pv"), privilege, ret);
    }
    return mln_access_permits(a, group, privilege, ret);
}
