/* Retrieving members. */
#include "cse/group/kinds.h"

#include "cse/group/far.h"
#include "cse/group/members.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/asking.h"
#include "cse/remote/transit.h"

struct kind {
    struct mln_ask ask;
    struct mln_member_kind found;
};

struct mln_kinds {
    struct mln_asking asking;
    struct kind *items;
    size_t count;
};

struct mln_member_kind mln_kinds_at(const struct mln_kinds *kinds, size_t number)
{
    struct mln_member_kind unknown = { .state = MLN_KIND_UNREACHABLE };

    return kinds && number < kinds->count ? kinds->items[number].found : unknown;
}

/* memberIDs of the request, checked for nothing but that; or NULL. */
static const struct mln_value *members_of(const struct mln_exec *e)
{
    const struct mln_value *attributes = mln_exec_attributes(&e->req);
    const struct mln_value *list;

    if (!attributes || !mln_slice_eq(attributes->name, MLN_S("m2m:grp"))) {
        return NULL;
    }
    list = mln_value_get(attributes, MLN_S("mid"));
    return list && list->kind == MLN_V_ARRAY ? list : NULL;
}

static bool is_far(const struct mln_exec *e, const struct mln_value *member)
{
    return member->kind == MLN_V_TEXT && mln_far_concerns(e->cse, member->text);
}

bool mln_kinds_concerns(const struct mln_exec *e)
{
    const struct mln_value *list = e->kinds ? NULL : members_of(e);

    for (const struct mln_value *v = list ? list->items.first : NULL; v; v = v->next) {
        if (is_far(e, v)) {
            return true;
        }
    }
    return false;
}

/* ---- whom to ask ---- */

/* Does the type of members count? Through a fanOutPoint the groups are not known yet. */
static bool is_mixed(const struct mln_exec *e)
{
    uint64_t ty = 0;

    if (e->req.op == MLN_OP_UPDATE && e->is_fan_out) {
        return false;
    }
    if (e->req.op == MLN_OP_UPDATE) {
        (void)mln_pack_find_u64(e->target.resource.attrs, MLN_S("mt"), &ty);
    }
    (void)mln_value_u64(mln_value_get(e->attributes, MLN_S("mt")), &ty);
    return ty == 0;
}

/* A virtual resource has no representation: spec: TS-0004 7.4.13.2.1 asks for its parent. */
static struct mln_slice address_of(struct mln_slice member)
{
    struct mln_slice address = member;

    if (mln_members_is_virtual(member)) {
        address = mln_slice_head(member, member.len - 3);
    }
    (void)mln_members_is_group(member, &address);
    return address;
}

mln_err mln_kinds_prepare(struct mln_exec *e)
{
    const struct mln_value *list = is_mixed(e) ? NULL : members_of(e);
    struct mln_kinds *k = mln_arena_zalloc(e->arena, 1, sizeof *k);
    struct mln_ask **last;

    MLN_REQUIRE(k, NO_MEMORY);
    last = &k->asking.next;
    k->items = mln_arena_zalloc(e->arena, list ? list->items.count : 0, sizeof *k->items);
    MLN_REQUIRE(k->items || !list, NO_MEMORY);
    for (const struct mln_value *v = list ? list->items.first : NULL; v; v = v->next) {
        struct kind *item = &k->items[k->count];

        if (!is_far(e, v)) {
            continue;
        }
        k->count++;
        item->ask.to = address_of(v->text);
        if (mln_members_has_fan_out(item->ask.to)) {
            item->found.state = MLN_KIND_MISSING; /* our question would go to all members there */
            continue;
        }
        *last = &item->ask;
        last = &item->ask.next;
    }
    e->kinds = k;
    return MLN_OK;
}

/* ---- what comes ---- */

static mln_err read_kind(const struct mln_exec *e, const struct mln_value *content,
                         struct mln_member_kind *ret)
{
    static const struct mln_slice names[] = {
        { "mt", 2 }, { "spty", 4 }, { "cnd", 3 }, { "mgd", 3 }
    };
    const struct mln_value *r =
        content && content->kind == MLN_V_OBJECT ? content->items.first : NULL;
    struct mln_buf out;
    uint64_t ty;

    if (!r || r->kind != MLN_V_OBJECT || !mln_value_u64(mln_value_get(r, MLN_S("ty")), &ty) ||
        ty > UINT16_MAX) {
        ret->state = MLN_KIND_MISSING;
        return MLN_OK;
    }
    mln_buf_init(&out, e->arena, (size_t)e->cse->options.limits->identifier_bytes * 16);
    mln_pack_map(&out, MLN_PACK_OPEN);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct mln_value *v = mln_value_get(r, names[i]);

        if (v) {
            mln_pack_text(&out, names[i]);
            mln_pack_value(&out, v);
        }
    }
    mln_pack_end(&out);
    MLN_TRY(mln_buf_finish(&out, &ret->attrs));
    ret->ty = (uint16_t)ty;
    ret->state = MLN_KIND_THERE;
    return MLN_OK;
}

static enum mln_kind_state state_of(const struct mln_outbound_answer *answer)
{
    if (mln_failed(answer->err)) {
        return answer->err.code == MLN_ERR_NOT_FOUND ? MLN_KIND_MISSING : MLN_KIND_UNREACHABLE;
    }
    if (!answer->has_rsc || answer->rsc == MLN_RSC_TARGET_NOT_REACHABLE ||
        answer->rsc == MLN_RSC_REQUEST_TIMEOUT) {
        return MLN_KIND_UNREACHABLE;
    }
    if (answer->rsc == MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE ||
        answer->rsc == MLN_RSC_ORIGINATOR_NOT_AUTHENTICATED ||
        answer->rsc == MLN_RSC_SECURITY_ASSOCIATION_REQUIRED) {
        return MLN_KIND_DENIED;
    }
    return answer->rsc == MLN_RSC_OK ? MLN_KIND_THERE : MLN_KIND_MISSING;
}

static void take(struct mln_asking *a, struct mln_ask *ask,
                 const struct mln_outbound_answer *answer)
{
    struct mln_member_kind *found = &((struct kind *)(void *)ask)->found;

    found->state = state_of(answer);
    if (found->state == MLN_KIND_THERE && mln_failed(read_kind(a->e, answer->pc, found))) {
        found->state = MLN_KIND_MISSING; /* what does not fit is no kind of ours */
    }
}

static void done(struct mln_asking *a)
{
    mln_exec_resume(a->e, MLN_OK);
}

/* ---- asking ---- */

static mln_err name_sender(const struct mln_exec *e, struct mln_asking *a)
{
    a->fr = e->cse->names.cse_id;
    a->fr_abroad = e->cse->absolute_id;
    if (!e->cse->options.hides_unauthorised) {
        return MLN_OK;
    }
    MLN_TRY(mln_transit_from(e, false, &a->fr));
    return mln_transit_from(e, true, &a->fr_abroad);
}

mln_err mln_kinds_start(struct mln_exec *e, enum mln_step *ret)
{
    struct mln_asking *a = &e->kinds->asking;
    mln_err err;

    *ret = a->next ? MLN_STEP_PARKED : MLN_STEP_NEXT;
    if (!a->next) {
        return MLN_OK;
    }
    a->e = e;
    a->op = MLN_OP_RETRIEVE;
    a->until_us = mln_env_now_us(e->cse->options.env) +
                  mln_attempt_time(e, e->cse->options.limits->request_ms);
    a->take = take;
    a->done = done;
    MLN_TRY(name_sender(e, a));
    MLN_TRY(mln_exec_park(e));
    err = mln_asking_start(a);
    if (mln_failed(err)) {
        mln_exec_resume(e, err);
    }
    return MLN_OK;
}
