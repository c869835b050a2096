/* The decision: which rules protect a resource, and does one of them permit.
 * spec: TS-0004 7.3.3.15; TS-0001 9.6.1.3.2; TS-0003 7.1.5 */
#include "base/timestamp.h"
#include "cse/access/claims.h"
#include "cse/access/elsewhere.h"
#include "cse/access/match.h"
#include "cse/access/remote_policy.h"
#include "cse/address/locate.h"
#include "cse/cse_int.h"

/* The packets of a forwarded request come from the CSE in between: only who is registered here
 * has an address. */
static struct mln_ip ip_of(const struct mln_originator *originator, const struct mln_peer *peer)
{
    bool is_known = originator->is_registered && peer;

    return is_known ? mln_ip_of(peer->address, peer->address_len) : (struct mln_ip){ 0 };
}

static bool locate(void *data, const struct mln_ip *ip, struct mln_location *ret)
{
    const struct mln_locator *locator = data;

    return ip->family != 0 && locator->locate(locator->data, ip, ret);
}

static mln_err is_member(void *data, struct mln_slice address, bool *ret)
{
    struct mln_access *a = data;

    if (a->policy_host) {
        MLN_TRY(
            mln_remote_policy_resolve(a->policy_host, &a->cse->names, address, a->arena, &address));
    }
    return mln_access_is_member(a, address, ret);
}

void mln_access_turn_to(struct mln_access *a, struct mln_arena *arena,
                        const struct mln_originator *originator)
{
    a->arena = arena;
    a->originator = originator;
    a->facts.originator = &originator->entity;
    a->facts.is_authenticated = originator->is_proved;
    a->facts.ip = ip_of(originator, a->peer);
    a->facts.has_location = false;
    a->facts.domain_len = 0;
}

void mln_access_begin(struct mln_access *a, const struct mln_cse *cse, struct mln_view *view,
                      struct mln_arena *arena, const struct mln_originator *originator,
                      const struct mln_access_request *request)
{
    const struct mln_locator *locator = cse->options.locator;

    *a = (struct mln_access){
        .cse = cse,
        .view = view,
        .peer = request->peer,
        .policies = request->policies,
        .claims = request->claims,
        .elsewhere = request->elsewhere,
        .members_left = cse->options.limits->membership,
        .groups_left = cse->options.limits->membership / MLN_ACCESS_GROUP_COST,
        .facts = {
            .names = &cse->names,
            .time_us = request->arrival_us,
            .created_ty = request->created_ty,
            .created = request->created,
            .trace = request->trace,
            .locate = locator ? locate : NULL,
            .is_member = is_member,
        },
    };
    memcpy(&a->facts.locate_data, &locator, sizeof locator); /* only read by locate */
    mln_access_turn_to(a, arena, originator);
}

static struct mln_lookup lookup_of(const struct mln_access *a)
{
    return (struct mln_lookup){ a->cse, a->view, a->arena, mln_env_now_us(a->cse->options.env) };
}

/* ---- rules ---- */

/* What a decision is about. */
struct question {
    enum mln_privilege privilege;
    const struct mln_resource *target; /* To of the request; or NULL */
};

static void specialization_of(const struct mln_resource *r, struct mln_specialization *ret)
{
    *ret = (struct mln_specialization){ 0 };
    if (r->ty == MLN_TY_MGMTOBJ) {
        (void)mln_pack_find_u64(r->attrs, MLN_S("mgd"), &ret->management);
    } else if (r->ty == MLN_TY_FLEXCONTAINER) {
        (void)mln_pack_find_text(r->attrs, MLN_S("cnd"), &ret->container);
    }
}

static mln_err ask(struct mln_access *a, const struct mln_rules *rules, const struct question *q,
                   bool *ret)
{
    a->facts.member_data = a;
    a->facts.target_ty = q->target ? q->target->ty : 0;
    if (q->target && q->privilege == MLN_PRIVILEGE_CREATE) {
        specialization_of(q->target, &a->facts.target);
    }
    return mln_rules_permit(rules, q->privilege, &a->facts, ret);
}

mln_err mln_access_rules_permit(struct mln_access *a, struct mln_slice rules,
                                const struct mln_resource *target, enum mln_privilege privilege,
                                bool *ret)
{
    struct question q = { privilege, target };
    struct mln_rules read;

    *ret = false;
    MLN_TRY(mln_rules_read(rules, &a->cse->names, a->arena, &read));
    return ask(a, &read, &q, ret);
}

enum {
    LARGE_POLICY = 64 << 10,  /* bytes of attributes; beyond, memory of its own for this once: */
    LARGEST_GROWTH = 64,      /* bytes of the form read to one of attributes, at most */
    BYTES_PER_COMPARISON = 8, /* what reading a policy costs */
    KNOWN = 16,               /* one that was read before costs that part of reading it */
};

static mln_err read_permits(struct mln_access *a, const struct mln_policy_key *key, bool is_self,
                            const struct question *q, struct mln_arena *arena, bool *ret)
{
    uint64_t misses = a->policies ? mln_policy_cache_misses(a->policies) : 0;
    const struct mln_policy *policy;
    uint64_t bytes = key->attributes.len;

    MLN_TRY(mln_policy_cache_get(a->policies, key, arena, &policy));
    if (a->policies && misses == mln_policy_cache_misses(a->policies)) {
        bytes /= KNOWN;
    }
    a->bytes_read += bytes;
    a->facts.compared += bytes / BYTES_PER_COMPARISON;
    return ask(a, is_self ? &policy->self_privileges : &policy->privileges, q, ret);
}

static mln_err key_permits(struct mln_access *a, const struct mln_policy_key *key, bool is_self,
                           const struct question *q, bool *ret)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *own = NULL;

    if (key->attributes.len <= LARGE_POLICY) {
        return read_permits(a, key, is_self, q, a->arena, ret);
    }
    own = mln_arena_new(key->attributes.len * LARGEST_GROWTH);
    MLN_REQUIRE(own, NO_MEMORY);
    return read_permits(a, key, is_self, q, own, ret);
}

static mln_err policy_permits(struct mln_access *a, const struct mln_resource *policy, bool is_self,
                              const struct question *q, bool *ret)
{
    struct mln_policy_key key = { policy->id, policy->attrs, &a->cse->names };

    return key_permits(a, &key, is_self, q, ret);
}

/* Its identifier among the policies that were read already: any will do, they are told apart by
 * what they say. */
static uint64_t far_id(struct mln_slice address)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < address.len; i++) {
        h = (h ^ (unsigned char)address.ptr[i]) * UINT64_C(1099511628211);
    }
    return h;
}

/* A policy of another CSE: what is relative in it is relative to that CSE. */
static mln_err remote_permits(struct mln_access *a, struct mln_slice id, bool is_self,
                              const struct question *q, bool *ret)
{
    struct mln_remote_policy policy;
    struct mln_policy_key key = { .id = far_id(id), .names = &policy.names };
    mln_err err;

    MLN_TRY(mln_remote_policy_find(a, id, &policy));
    if (policy.attributes.len > a->bytes_left) {
        mln_trace_policy(a->facts.trace, id, "too large");
        return MLN_OK;
    }
    if (!policy.attributes.len) {
        return MLN_OK;
    }
    a->bytes_left -= policy.attributes.len;
    key.attributes = policy.attributes;
    a->policy_host = &policy.names;
    a->facts.names = &policy.names;
    err = key_permits(a, &key, is_self, q, ret);
    a->facts.names = &a->cse->names;
    a->policy_host = NULL;
    return err;
}

/* There is none here. */
static mln_err absent_permits(struct mln_access *a, struct mln_slice id, bool is_self,
                              const struct question *q, bool *ret)
{
    struct mln_slice local;
    enum mln_place place = mln_ident_place(id, &a->cse->names, &local);

    if (place == MLN_PLACE_OTHER_CSE || place == MLN_PLACE_OTHER_SP) {
        return remote_permits(a, id, is_self, q, ret);
    }
    mln_trace_policy(a->facts.trace, id, "missing");
    return MLN_OK;
}

/* A policy that a resource refers to. A reference that leads nowhere grants nothing, and neither
 * does what would make the decision cost more than others should wait for. */
static mln_err reference_permits(struct mln_access *a, struct mln_slice id, bool is_self,
                                 const struct question *q, bool *ret)
{
    struct mln_lookup l = lookup_of(a);
    struct mln_resource policy;
    mln_err err = mln_locate_lookup(&l, id, &policy);

    *ret = false;
    if (err.code == MLN_ERR_NOT_FOUND) {
        return absent_permits(a, id, is_self, q, ret);
    }
    MLN_TRY(err);
    if (policy.ty != MLN_TY_ACP && policy.ty != MLN_TY_ACPA) {
        mln_trace_policy(a->facts.trace, id, "no policy");
        return MLN_OK;
    }
    if (policy.attrs.len > a->bytes_left) {
        mln_trace_policy(a->facts.trace, id, "too large");
        return MLN_OK;
    }
    a->bytes_left -= policy.attrs.len;
    mln_trace_policy(a->facts.trace, id, "found");
    return policy_permits(a, &policy, is_self, q, ret);
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

static mln_err policies_permit(struct mln_access *a, struct mln_slice acpi, bool is_self,
                               const struct question *q, bool *ret)
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
            err = reference_permits(a, id, is_self, q, ret);
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

/* In any spelling: an entity that is not registered here may write its name in several ways. */
static bool is_creator(const struct mln_access *a, const struct mln_resource *r)
{
    const struct mln_originator *o = a->originator;
    struct mln_entity creator;

    return o->entity.sp.len > 0 &&
           (mln_slice_eq(o->text, r->cr) || (mln_entity_parse(r->cr, &a->cse->names, &creator) &&
                                             mln_entity_eq(&creator, &o->entity)));
}

/* The CSEBase without a policy of its own: registered entities may look at it, and CSEs that prove
 * who they are, so that they find what policies let them see below. */
static bool base_permits(const struct mln_access *a, enum mln_privilege privilege)
{
    const struct mln_originator *o = a->originator;
    bool is_cse = o->is_proved && o->entity.cse.len > 0 && o->entity.stem.len == 0;

    return (o->is_registered || is_cse) &&
           (privilege == MLN_PRIVILEGE_RETRIEVE || privilege == MLN_PRIVILEGE_DISCOVER);
}

/* The CSE that made a copy of its resource may look at it, whatever the policies of the original
 * say: it has told all that the copy holds. Decision 0033. */
static bool is_own_copy(const struct mln_access *a, const struct mln_type *type,
                        const struct mln_resource *protector, const struct question *q)
{
    return type && type->is_announced && protector == q->target &&
           (q->privilege == MLN_PRIVILEGE_RETRIEVE || q->privilege == MLN_PRIVILEGE_DISCOVER) &&
           is_creator(a, protector);
}

/* Rules of a CREATE may ask for the type of the target; one that has a specialization is decided
 * by itself. */
static uint16_t subject_of(const struct question *q)
{
    return q->privilege == MLN_PRIVILEGE_CREATE ? q->target->ty : 0;
}

static bool may_remember(const struct question *q)
{
    uint16_t subject = subject_of(q);

    return subject != MLN_TY_MGMTOBJ && subject != MLN_TY_FLEXCONTAINER;
}

static bool memo_find(const struct mln_access *a, struct mln_slice acpi, uint64_t resource,
                      const struct question *q, bool *ret)
{
    uint16_t subject = subject_of(q);

    if (a->facts.trace) {
        return false; /* what is remembered has no reasons */
    }
    for (unsigned i = 0; i < a->memo_count; i++) {
        if (a->memo[i].privilege == q->privilege && a->memo[i].claimed == a->claimed &&
            a->memo[i].subject == subject && a->memo[i].resource == resource &&
            mln_slice_eq(mln_slice_of(a->memo[i].acpi, a->memo[i].acpi_len), acpi)) {
            *ret = a->memo[i].permits;
            return true;
        }
    }
    return false;
}

/* `doubts`: before the decision. */
static void memo_add(struct mln_access *a, struct mln_slice acpi, uint64_t resource,
                     const struct question *q, size_t doubts, bool permits)
{
    unsigned at = a->memo_next;

    if (acpi.len > MLN_ACCESS_MEMO_BYTES || !may_remember(q) || a->claimed == MLN_CLAIMED_HERE) {
        return; /* a long list is evaluated each time */
    }
    if (!permits && doubts != mln_elsewhere_doubts(a->elsewhere)) {
        return; /* what it lacked must be noted the next time, too */
    }
    a->memo_next = (at + 1) % MLN_ACCESS_MEMO;
    a->memo_count += a->memo_count < MLN_ACCESS_MEMO;
    if (acpi.len) {
        memcpy(a->memo[at].acpi, acpi.ptr, acpi.len);
    }
    a->memo[at].acpi_len = (uint8_t)acpi.len;
    a->memo[at].resource = resource;
    a->memo[at].privilege = (uint8_t)q->privilege;
    a->memo[at].claimed = a->claimed;
    a->memo[at].subject = subject_of(q);
    a->memo[at].permits = permits;
}

static mln_err protector_permits(struct mln_access *a, const struct mln_resource *protector,
                                 const struct question *q, bool *ret);

/* A type without accessControlPolicyIDs follows its parent. */
static mln_err parent_permits(struct mln_access *a, const struct mln_resource *child,
                              const struct question *q, bool *ret)
{
    size_t doubts = mln_elsewhere_doubts(a->elsewhere);
    struct mln_lookup l = lookup_of(a);
    struct mln_resource parent;
    mln_err err;

    *ret = false;
    mln_trace_source(a->facts.trace, "parent", child->ri);
    if (memo_find(a, (struct mln_slice){ 0 }, child->parent, q, ret)) {
        return MLN_OK;
    }
    err = mln_locate_parent(&l, child, &parent);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK; /* it is being deleted */
    }
    MLN_TRY(err);
    MLN_TRY(protector_permits(a, &parent, q, ret));
    memo_add(a, (struct mln_slice){ 0 }, child->parent, q, doubts, *ret);
    return MLN_OK;
}

static mln_err listed_permit(struct mln_access *a, struct mln_slice acpi, const struct question *q,
                             bool *ret)
{
    size_t doubts = mln_elsewhere_doubts(a->elsewhere);

    if (memo_find(a, acpi, 0, q, ret)) {
        return MLN_OK;
    }
    MLN_TRY(policies_permit(a, acpi, false, q, ret));
    memo_add(a, acpi, 0, q, doubts, *ret);
    return MLN_OK;
}

/* spec: TS-0004 table 7.3.2.2-1: what somebody asks, and is answered, is theirs. A copy follows its
 * original, not where it stands: decision 0033. */
static bool inherits(const struct mln_access *a, const struct mln_type *type)
{
    return a->cse->options.is_release_2 && type->ty != MLN_TY_REQ && type->ty != MLN_TY_DLV &&
           !type->is_announced;
}

/* Do the rules that protect this resource, which is the target or above it, permit it? */
static mln_err protector_permits(struct mln_access *a, const struct mln_resource *protector,
                                 const struct question *q, bool *ret)
{
    const struct mln_type *type = mln_model_type(protector->ty);
    struct mln_slice rules;

    *ret = is_own_copy(a, type, protector, q);
    if (*ret) {
        mln_trace_verdict(a->facts.trace, "creator", protector->ri, protector->cr, true);
        return MLN_OK;
    }
    if (protector->ty == MLN_TY_ACP || protector->ty == MLN_TY_ACPA) {
        /* spec: TS-0001 9.6.2.0: selfPrivileges protect the policy itself; so they do its copy */
        mln_trace_source(a->facts.trace, "pvs", protector->ri);
        return policy_permits(a, protector, true, q, ret);
    }
    if (find_list(protector, MLN_S("acpi"), &rules)) {
        mln_trace_source(a->facts.trace, "acpi", protector->ri);
        return listed_permit(a, rules, q, ret);
    }
    if (protector->ty == MLN_TY_CB) {
        *ret = base_permits(a, q->privilege);
        mln_trace_verdict(a->facts.trace, "base", protector->ri, (struct mln_slice){ 0 }, *ret);
        return MLN_OK;
    }
    if (protector->ty == MLN_TY_PCH) {
        /* spec: TS-0001 10.2.5.14: its owner only, whatever the parent's policies say */
        *ret = is_creator(a, protector);
        mln_trace_verdict(a->facts.trace, "creator", protector->ri, protector->cr, *ret);
        return MLN_OK;
    }
    if (!type || !type->has_acpi) {
        return parent_permits(a, protector, q, ret);
    }
    /* spec: TS-0001 9.6.1.3.2: without a policy only the creator; Release 2 leaves the default to
     * the system, ours is then that of the parent */
    *ret = is_creator(a, protector);
    mln_trace_verdict(a->facts.trace, "creator", protector->ri, protector->cr, *ret);
    return *ret || !inherits(a, type) ? MLN_OK : parent_permits(a, protector, q, ret);
}

/* ---- the whole ---- */

/* Which rules decide, by what is asked. */
typedef mln_err decision(struct mln_access *a, const struct question *q, bool *ret);

static mln_err by_protector(struct mln_access *a, const struct question *q, bool *ret)
{
    return protector_permits(a, q->target, q, ret);
}

static mln_err by_self_privileges(struct mln_access *a, const struct question *q, bool *ret)
{
    struct mln_slice acpi;

    if (find_list(q->target, MLN_S("acpi"), &acpi)) {
        mln_trace_source(a->facts.trace, "acpi pvs", q->target->ri);
        return policies_permit(a, acpi, true, q, ret);
    }
    *ret = is_creator(a, q->target);
    mln_trace_verdict(a->facts.trace, "creator", q->target->ri, q->target->cr, *ret);
    return MLN_OK;
}

static mln_err by_members(struct mln_access *a, const struct question *q, bool *ret)
{
    struct mln_slice macp;

    if (find_list(q->target, MLN_S("macp"), &macp)) {
        mln_trace_source(a->facts.trace, "macp", q->target->ri);
        return policies_permit(a, macp, false, q, ret);
    }
    return protector_permits(a, q->target, q, ret);
}

static mln_err by_policies(struct mln_access *a, const struct question *q, decision *decide,
                           bool *ret)
{
    a->bytes_left = a->cse->options.limits->decision_bytes;
    return decide(a, q, ret);
}

/* The same rules once more, now that the originator has roles. */
static mln_err permits_with_roles(struct mln_access *a, const struct question *q, decision *decide,
                                  const struct mln_claims_here *here, bool *ret)
{
    mln_err err;

    if (here->role_count == 0) {
        return MLN_OK;
    }
    a->facts.roles = here->roles;
    a->facts.role_count = here->role_count;
    mln_trace_source(a->facts.trace, "roles", q->target->ri);
    a->claimed = here->is_special ? MLN_CLAIMED_HERE : MLN_CLAIMED_EVERYWHERE;
    err = by_policies(a, q, decide, ret);
    a->claimed = MLN_CLAIMED_NOTHING;
    return err;
}

static mln_err permits_with_claims(struct mln_access *a, const struct question *q, decision *decide,
                                   bool *ret)
{
    struct mln_claims_here here;
    mln_err err;

    MLN_TRY(mln_claims_at(a->claims, a, q->target, decide == by_members, &here));
    err = permits_with_roles(a, q, decide, &here, ret);
    if (!mln_failed(err) && !*ret && here.has_rules && decide != by_self_privileges) {
        a->facts.roles = here.roles;
        a->facts.role_count = here.role_count;
        mln_trace_source(a->facts.trace, "token", q->target->ri);
        err = mln_claims_rules_permit(a->claims, a, &here, q->target, q->privilege, ret);
    }
    a->facts.roles = NULL;
    a->facts.role_count = 0;
    a->claims->is_used = a->claims->is_used || (!mln_failed(err) && *ret);
    return err;
}

/* spec: TS-0001 10.2.3.1: roles and tokens are looked at when the policies alone deny */
static mln_err permits_somehow(struct mln_access *a, const struct question *q, decision *decide,
                               bool *ret)
{
    MLN_TRY(by_policies(a, q, decide, ret));
    return *ret || !a->claims ? MLN_OK : permits_with_claims(a, q, decide, ret);
}

static mln_err permits(struct mln_access *a, const struct question *q, decision *decide, bool *ret)
{
    size_t mark = mln_elsewhere_mark(a->elsewhere);

    *ret = a->originator->is_admin;
    if (*ret) {
        mln_trace_verdict(a->facts.trace, "administrator", q->target->ri, (struct mln_slice){ 0 },
                          true);
        return MLN_OK;
    }
    if (a->originator->is_newcomer) {
        mln_trace_verdict(a->facts.trace, "registration", q->target->ri, (struct mln_slice){ 0 },
                          false);
        return MLN_OK;
    }
    MLN_TRY(permits_somehow(a, q, decide, ret));
    if (*ret) { /* security.md 3.3: nobody is asked for what is permitted anyway */
        mln_elsewhere_drop(a->elsewhere, mark);
    }
    return MLN_OK;
}

mln_err mln_access_permits(struct mln_access *a, const struct mln_resource *target,
                           enum mln_privilege privilege, bool *ret)
{
    struct question q = { privilege, target };

    return permits(a, &q, by_protector, ret);
}

mln_err mln_access_would_permit(const struct mln_identify *in, struct mln_policy_cache *policies,
                                const struct mln_resource *target, enum mln_privilege privilege,
                                bool *ret)
{
    struct mln_access_request request = { .arrival_us = mln_env_now_us(in->cse->options.env),
                                          .policies = policies };
    struct mln_fault unused = { 0 };
    struct mln_identify named = *in;
    struct mln_originator originator;
    struct mln_access a;
    mln_err err;

    *ret = false;
    named.fault = &unused;
    err = mln_access_assume(&named, false, &originator);
    if (err.code == MLN_ERR_NOT_AUTHENTICATED || err.code == MLN_ERR_PARAM_INVALID) {
        return MLN_OK; /* it is registered here no more */
    }
    MLN_TRY(err);
    mln_access_begin(&a, in->cse, in->view, in->arena, &originator, &request);
    return mln_access_permits(&a, target, privilege, ret);
}

mln_err mln_access_sees(struct mln_access *a, const struct mln_resource *target, bool *ret)
{
    size_t mark = mln_elsewhere_mark(a->elsewhere);

    MLN_TRY(mln_access_permits(a, target, MLN_PRIVILEGE_RETRIEVE, ret));
    if (!*ret) {
        MLN_TRY(mln_access_permits(a, target, MLN_PRIVILEGE_DISCOVER, ret));
    }
    if (*ret) {
        mln_elsewhere_drop(a->elsewhere, mark);
    }
    return MLN_OK;
}

mln_err mln_access_permits_acpi(struct mln_access *a, const struct mln_resource *target, bool *ret)
{
    struct question q = { MLN_PRIVILEGE_UPDATE, target };

    return permits(a, &q, by_self_privileges, ret);
}

mln_err mln_access_permits_members(struct mln_access *a, const struct mln_resource *group,
                                   enum mln_privilege privilege, bool *ret)
{
    struct question q = { privilege, group };

    return permits(a, &q, by_members, ret);
}
