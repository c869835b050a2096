/* <group>: members of one type or mixed, validated against the tree.
 *
 * Members at other CSEs have been retrieved before, when their type counts: cse/group/kinds.h.
 * spec: TS-0004 7.4.13, TS-0001 9.6.13 */
#include <stdio.h>

#include "base/set.h"
#include "cse/access/access.h"
#include "cse/group/far.h"
#include "cse/group/kinds.h"
#include "cse/group/members.h"
#include "cse/notify/aggregate.h"
#include "cse/notify/aggregate_far.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/types/types.h"

/* m2m:memberType, where it is no resource type. spec: TS-0004 6.3.4.2.11 */
enum {
    MIXED = 0,
    OLDEST = 20001,
    LATEST = 20002,
};

enum strategy {
    ABANDON_MEMBER = 1,
    ABANDON_GROUP = 2,
    SET_MIXED = 3,
};

/* What the group will be: the request's values over the stored ones. */
struct plan {
    struct mln_exec *e;
    uint64_t member_type;
    uint64_t strategy;
    uint64_t most;                   /* maxNrOfMembers */
    const struct mln_value *special; /* specializationType of the group, or NULL */
    const struct mln_value *given;   /* memberIDs of the request, or NULL */
    struct mln_value *kept;          /* those that stay */
    size_t far_count;                /* members at other CSEs so far */
    struct mln_arena *scratch;       /* for one member at a time */
};

static uint64_t number(struct mln_exec *e, struct mln_slice name, uint64_t otherwise)
{
    uint64_t n = otherwise;

    if (e->req.op == MLN_OP_UPDATE) {
        (void)mln_pack_find_u64(e->target.resource.attrs, name, &n);
    }
    (void)mln_value_u64(mln_value_get(e->attributes, name), &n);
    return n;
}

static struct plan plan_of(struct mln_exec *e)
{
    return (struct plan){
        .e = e,
        .member_type = number(e, MLN_S("mt"), MIXED),
        .strategy = number(e, MLN_S("csy"), ABANDON_MEMBER),
        .most = number(e, MLN_S("mnm"), 0),
        .given = mln_value_get(e->attributes, MLN_S("mid")),
    };
}

/* ---- members ---- */

/* What a member identifies, if it is there. Lives in the scratch arena. */
struct member {
    struct mln_slice address; /* as in the request */
    struct mln_target target;
    bool is_there;
    bool is_far; /* at another CSE: no more is known than mln_kinds tells */
};

/* A group must not tell what exists to those who are not to learn it. */
static mln_err check_visible(struct plan *p, struct member *m)
{
    return m->is_there ? mln_exec_shows(p->e, p->scratch, &m->target.resource, &m->is_there)
                       : MLN_OK;
}

static mln_err find_member(struct plan *p, struct mln_slice address, struct member *ret)
{
    struct mln_lookup l = mln_exec_lookup(p->e);
    struct member m = { .address = address };
    struct mln_slice local;
    mln_err err;

    l.arena = p->scratch;
    mln_arena_reset(p->scratch);
    (void)mln_ident_place(address, &p->e->cse->names, &local);
    err = mln_locate_resolve(&l, local, true, &m.target);
    m.is_there = !mln_failed(err) && m.target.rest.len == 0;
    if (!mln_failed(err)) {
        err = check_visible(p, &m);
    }
    *ret = m;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static enum mln_virtual virtual_of(struct mln_slice address, const struct mln_target *parent)
{
    struct mln_slice unused;
    bool has_instances = parent->type && parent->type->instance;

    if (mln_members_is_group(address, &unused)) {
        return parent->resource.ty == MLN_TY_GRP ? MLN_VIRTUAL_FAN_OUT : MLN_VIRTUAL_NONE;
    }
    if (!has_instances || !mln_members_is_virtual(address)) {
        return MLN_VIRTUAL_NONE;
    }
    return mln_slice_ends(address, MLN_S("/la")) ? MLN_VIRTUAL_LATEST : MLN_VIRTUAL_OLDEST;
}

/* spec: TS-0004 7.4.13.2.1 */
static mln_err find_far(struct plan *p, struct mln_slice address, struct member *ret)
{
    struct mln_member_kind k = mln_kinds_at(p->e->kinds, p->far_count++);
    struct mln_target *t = &ret->target;
    bool is_plain = !mln_members_is_virtual(address) && !mln_members_has_fan_out(address);

    *ret = (struct member){ .address = address, .is_far = true };
    if (p->member_type == MIXED) {
        return MLN_OK;
    }
    if (k.state == MLN_KIND_UNREACHABLE) {
        mln_fault_set(p->e->fault, "mid: %.*s cannot be reached, so its type is not known",
                      MLN_S_ARG(address));
        MLN_FAIL(NOT_REACHABLE);
    }
    if (k.state == MLN_KIND_DENIED) {
        mln_fault_set(p->e->fault, "mid: %.*s may not be retrieved", MLN_S_ARG(address));
        MLN_FAIL(RECEIVER_DENIED);
    }
    t->resource.ty = k.ty;
    t->resource.attrs = k.attrs;
    t->type = mln_model_type(k.ty);
    t->virtual_child = virtual_of(address, t);
    ret->is_there = k.state == MLN_KIND_THERE && (is_plain || t->virtual_child != MLN_VIRTUAL_NONE);
    return MLN_OK;
}

/* A virtual resource has a type of its own, and latest and oldest stand for an instance. The
 * fanOutPoint of a sub-group counts as that group's memberType. */
static bool is_of_type(const struct member *m, uint64_t ty)
{
    const struct mln_target *t = &m->target;
    uint64_t of_members;

    switch (t->virtual_child) {
    case MLN_VIRTUAL_FAN_OUT:
        return mln_pack_find_u64(t->resource.attrs, MLN_S("mt"), &of_members) && of_members == ty;
    case MLN_VIRTUAL_LATEST:
        return ty == LATEST || ty == t->type->instance;
    case MLN_VIRTUAL_OLDEST:
        return ty == OLDEST || ty == t->type->instance;
    case MLN_VIRTUAL_POLLING:
    case MLN_VIRTUAL_SEMANTIC_FAN_OUT:
    case MLN_VIRTUAL_SELF:
        return false; /* there is no memberType for them */
    case MLN_VIRTUAL_NONE:
        break;
    }
    return t->resource.ty == ty;
}

/* spec: TS-0004 7.4.13.2.1: all of one specialisation; a sub-group says it of its members */
static bool is_of_special(const struct member *m, const struct mln_value *special)
{
    const struct mln_value *container = mln_value_get(special, MLN_S("cnd"));
    struct mln_slice map = m->target.resource.attrs;
    struct mln_slice text;
    uint64_t wanted;
    uint64_t n;

    if (!special) {
        return true;
    }
    if (m->target.virtual_child == MLN_VIRTUAL_FAN_OUT &&
        !mln_pack_find(map, MLN_S("spty"), &map)) {
        return false;
    }
    if (container) {
        return mln_pack_find_text(map, MLN_S("cnd"), &text) && mln_slice_eq(text, container->text);
    }
    return mln_value_u64(mln_value_get(special, MLN_S("mgd")), &wanted) &&
           mln_pack_find_u64(map, MLN_S("mgd"), &n) && n == wanted;
}

/* The same resource in two spellings is one member. */
static mln_err is_repeated(struct mln_exec *e, struct mln_set *seen, const struct member *m,
                           bool *ret)
{
    struct mln_slice key = m->address;
    char text[32];
    bool is_new;

    if (m->is_there && !m->is_far) {
        int len = snprintf(text, sizeof text, "#%llx.%x", (unsigned long long)m->target.resource.id,
                           (unsigned)m->target.virtual_child);

        MLN_REQUIRE(mln_arena_dup(e->arena, mln_slice_of(text, (size_t)len), &key), NO_MEMORY);
    }
    MLN_TRY(mln_set_add(seen, key, &is_new));
    *ret = !is_new;
    return MLN_OK;
}

static mln_err look_at(struct plan *p, struct mln_slice address, struct member *ret)
{
    struct mln_slice local;

    if (mln_far_concerns(p->e->cse, address)) {
        return find_far(p, address, ret);
    }
    if (mln_ident_place(address, &p->e->cse->names, &local) == MLN_PLACE_INVALID) {
        mln_fault_set(p->e->fault, "mid: %.*s is no resource identifier", MLN_S_ARG(address));
        MLN_FAIL(ATTR_INVALID);
    }
    return find_member(p, address, ret);
}

/* spec: TS-0004 7.4.13.2.1: what becomes of a member that does not fit */
static mln_err reject(struct plan *p, const struct mln_value *member)
{
    struct mln_exec *e = p->e;

    switch (p->strategy) {
    case ABANDON_GROUP:
        mln_fault_set(e->fault, "mid: %.*s is not of the group's memberType",
                      MLN_S_ARG(member->text));
        MLN_FAIL(GROUP_INCONSISTENT);
    case SET_MIXED:
        p->member_type = MIXED;
        return mln_value_append(p->kept, mln_draft_copy(e->arena, member));
    default:
        return MLN_OK; /* ABANDON_MEMBER */
    }
}

static mln_err take_member(struct plan *p, struct mln_set *seen, const struct mln_value *given)
{
    struct mln_exec *e = p->e;
    struct member m;
    bool repeats;

    MLN_TRY(look_at(p, given->text, &m));
    /* spec: TS-0004 7.4.13.2.1: repeated members are dropped */
    MLN_TRY(is_repeated(e, seen, &m, &repeats));
    if (repeats) {
        return MLN_OK;
    }
    if (p->member_type != MIXED &&
        !(m.is_there && is_of_type(&m, p->member_type) && is_of_special(&m, p->special))) {
        return reject(p, given);
    }
    return mln_value_append(p->kept, mln_draft_copy(e->arena, given));
}

static mln_err take_members(struct plan *p)
{
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *scratch =
        mln_arena_new((size_t)p->e->cse->options.limits->request_arena_bytes);
    struct mln_set seen;

    MLN_REQUIRE(scratch, NO_MEMORY);
    p->scratch = scratch;
    mln_set_init(&seen, p->e->arena);
    p->kept = mln_value_new(p->e->arena, MLN_V_ARRAY);
    MLN_REQUIRE(p->kept, NO_MEMORY);
    for (const struct mln_value *v = p->given->items.first; v; v = v->next) {
        MLN_TRY(take_member(p, &seen, v));
    }
    return MLN_OK;
}

/* ---- the operations ---- */

static mln_err check_number(struct mln_exec *e, uint64_t members, uint64_t most)
{
    if (members > e->cse->options.limits->group_members) {
        mln_fault_set(e->fault, "mid: more members than this CSE accepts");
        MLN_FAIL(TOO_MANY_MEMBERS);
    }
    if (members > most) {
        mln_fault_set(e->fault, "more members than maxNrOfMembers");
        MLN_FAIL(TOO_MANY_MEMBERS);
    }
    return MLN_OK;
}

static mln_err check_specialisation(struct mln_exec *e, uint64_t member_type)
{
    if (mln_value_get(e->attributes, MLN_S("spty")) && member_type != MLN_TY_MGMTOBJ &&
        member_type != MLN_TY_FLEXCONTAINER) {
        mln_fault_set(e->fault, "spty: valid for mgmtObj and flexContainer only");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

/* More than a lane holds would never come together. */
static mln_err check_aggregation(struct mln_exec *e)
{
    const struct mln_value *nar = mln_value_get(e->attributes, MLN_S("nar"));
    uint64_t most;

    if (mln_value_u64(mln_value_get(nar, MLN_S("num")), &most) &&
        most > e->cse->options.limits->outbox_lane) {
        mln_fault_set(e->fault, "nar: num: greater than the limit 'outbox_lane'");
        MLN_FAIL(LIMIT);
    }
    return MLN_OK;
}

static mln_err validate(struct mln_exec *e)
{
    struct plan p = plan_of(e);
    uint64_t members = e->req.op == MLN_OP_UPDATE ? number(e, MLN_S("cnm"), 0) : 0;

    MLN_TRY(check_specialisation(e, p.member_type));
    MLN_TRY(check_aggregation(e));
    MLN_TRY(mln_validate_policies(e, MLN_S("macp")));
    return check_number(e, p.given ? p.given->items.count : members, p.most);
}

static mln_err perform(struct mln_exec *e, struct mln_draft *d)
{
    struct plan p = plan_of(e);

    p.special = mln_value_get(d->attributes, MLN_S("spty"));
    if (p.given) {
        MLN_TRY(take_members(&p));
        MLN_TRY(mln_draft_set(d, MLN_S("cnm"), mln_value_uint(e->arena, p.kept->items.count)));
        MLN_TRY(mln_draft_set(d, MLN_S("mid"), p.kept));
        MLN_TRY(mln_draft_set(d, MLN_S("mtv"), mln_value_bool(e->arena, true)));
    }
    if (e->req.op == MLN_OP_CREATE) { /* spec: TS-0001 10.2.7.2 */
        MLN_TRY(mln_draft_set(d, MLN_S("ssi"), mln_value_bool(e->arena, true)));
    }
    MLN_TRY(mln_draft_set(d, MLN_S("csy"), mln_value_uint(e->arena, p.strategy)));
    return mln_draft_set(d, MLN_S("mt"), mln_value_uint(e->arena, p.member_type));
}

/* What has been kept under other terms goes on. */
static mln_err finish_update(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.lt);

    return mln_value_get(e->attributes, MLN_S("nar")) ? mln_aggregate_flush(&c, &d->resource)
                                                      : MLN_OK;
}

const struct mln_type_ops mln_grp_ops = {
    .ty = MLN_TY_GRP,
    .operations = MLN_OPS_CRUD | MLN_OPS_NOTIFY,
    .decide = mln_aggregated_decide,
    .create = { .validate = validate, .perform = perform },
    .update = { .validate = validate, .perform = perform, .finish = finish_update },
    .notify = { .perform = mln_aggregated_notified },
    .removed = mln_aggregated_removed,
    .alarm = mln_aggregate_alarm,
};
