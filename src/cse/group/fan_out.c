/* Fan-out of requests to the members of a group. spec: TS-0004 7.4.14.2 */
#include "cse/group/fan_out.h"

#include "base/buf.h"
#include "base/set.h"
#include "cse/discover/discover.h"
#include "cse/group/far.h"
#include "cse/group/gid.h"
#include "cse/group/leave.h"
#include "cse/group/members.h"
#include "cse/notify/aggregate.h"
#include "cse/notify/aggregate_far.h"
#include "cse/notify/cross.h"
#include "cse/notify/verify.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/types/sub.h"

/* One group under way: its answers so far, and room for one member's request at a time. */
struct collection {
    struct mln_exec *e;
    struct mln_slice members; /* packed list */
    struct mln_buf out;
    size_t answers;            /* in out */
    struct mln_set deleted;    /* members */
    struct mln_set wanted;     /* Group Request Target Members, if the request has them */
    struct mln_slice via;      /* for new subscriptions: where this group takes notifications */
    uint64_t room;             /* how many more of those elsewhere it may hear, */
    bool knows_room;           /* when it has been looked up */
    struct mln_arena *scratch; /* of the request at hand: emptied before each */
    struct mln_exec member;
    struct mln_response response;
    struct mln_fault fault;
};

/* ---- Group Request Target Members ---- */

/* Everything in the group and in groups within. */
static mln_err gather(const struct mln_exec *e, struct mln_set *ret)
{
    struct mln_lookup l = mln_exec_lookup(e);
    uint64_t budget = e->cse->options.limits->membership;
    struct mln_members m;
    struct mln_slice member;
    bool unused;
    mln_err err;

    mln_set_init(ret, e->arena);
    mln_members_begin(&m, &l, &budget);
    MLN_TRY(mln_members_enter(&m, e->target.resource.ri));
    while (!mln_failed(err = mln_members_next(&m, &member))) {
        MLN_TRY(mln_set_add(ret, member, &unused));
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* spec: TS-0004 7.4.14.2.4: each target member must be one of the group or of its sub-groups */
static mln_err check_wanted(struct mln_exec *e)
{
    struct mln_set all;

    MLN_TRY(gather(e, &all));
    for (const struct mln_value *v = e->req.grtm->items.first; v; v = v->next) {
        bool is_new;

        MLN_TRY(mln_set_add(&all, v->text, &is_new));
        if (is_new) {
            mln_fault_set(e->fault, "grtm: %.*s is no member of the group", MLN_S_ARG(v->text));
            MLN_FAIL(PARAM_INVALID);
        }
    }
    return MLN_OK;
}

/* Is the member wanted itself, or a sub-group that leads to one that is? */
static mln_err is_wanted(struct collection *c, struct mln_slice member, bool *ret)
{
    struct mln_exec *e = c->e;
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_members m;
    struct mln_slice group;
    mln_err err = MLN_OK;

    *ret = !e->req.grtm || mln_set_has(&c->wanted, member);
    if (*ret || !mln_members_is_group(member, &group)) {
        return MLN_OK;
    }
    mln_arena_reset(c->scratch);
    l.arena = c->scratch;
    mln_members_begin(&m, &l, &e->fan->members_left);
    MLN_TRY(mln_members_enter(&m, group));
    while (!*ret && !mln_failed(err = mln_members_next(&m, &member))) {
        *ret = mln_set_has(&c->wanted, member);
    }
    return *ret || err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* ---- one member ---- */

/* "member" and what stood behind fopt. */
static mln_err member_address(struct collection *c, struct mln_slice member, struct mln_slice *ret)
{
    struct mln_slice rest = c->e->target.rest;

    *ret = member;
    return rest.len ? mln_ident_join(c->scratch, member, rest, ret) : MLN_OK;
}

/* A member's request: like the group's, but to the member. */
static void make_member_request(struct collection *c, struct mln_slice member, struct mln_slice to)
{
    const struct mln_exec *e = c->e;
    struct mln_exec *m = &c->member;

    c->response = (struct mln_response){ .rqi = e->req.rqi, .rvi = e->req.rvi };
    mln_fault_clear(&c->fault);
    *m = (struct mln_exec){
        .cse = e->cse,
        .worker = e->worker,
        .arena = c->scratch,
        .peer = e->peer,
        .fault = &c->fault,
        .req = e->req,
        .response = &c->response,
        .fan = e->fan,
        .serial = e->serial,
        .arrival_us = e->arrival_us,
        .is_long = e->is_long,
        .effort = e->effort,
        .view = e->view,
        .may_write = e->may_write,
        .has_gathered = true,
        .claims = e->claims,
        .elsewhere = e->elsewhere,
        .is_rehearsal = e->is_rehearsal,
        .is_verified = e->is_verified,
        .kinds = e->kinds,
        .refusal = e->refusal,
        .assigned_name = e->assigned_name,
        .via = c->via,
        .answers_xml = e->answers_xml,
    };
    m->req.to = to;
    if (e->target.virtual_child == MLN_VIRTUAL_SEMANTIC_FAN_OUT) {
        mln_semantics_ask_member(&m->req);
    }
    if (mln_set_has(&c->wanted, member)) {
        m->req.grtm = NULL; /* a sub-group that is wanted itself: all of it */
    }
}

/* Only the member itself leaves the group, not something below it, and not a virtual resource.
 * spec: TS-0004 7.4.14.3.5 */
static bool leaves_group(const struct mln_exec *e, struct mln_slice member,
                         const struct mln_response *r)
{
    return e->req.op == MLN_OP_DELETE && e->target.rest.len == 0 && r->rsc == MLN_RSC_DELETED &&
           !mln_members_is_virtual(member);
}

static mln_err refuse_width(struct mln_exec *e)
{
    e->fan->is_over = true;
    mln_fault_set(e->fault, "the group request would become too many requests");
    MLN_FAIL(LIMIT);
}

/* With it, what its sub-groups have at other CSEs finds its place; a failure has none. */
static void keep_answer(struct collection *c, struct mln_slice member, struct mln_far_member *mark)
{
    struct mln_fan *fan = c->e->fan;
    size_t pc;

    mln_far_put_answer(&c->out, member, &c->response, &pc);
    c->answers++;
    if (c->response.rsc == MLN_RSC_OK) {
        mln_far_shift(fan, mark, pc);
    } else {
        mln_far_forget(fan, mark);
    }
}

/* A new subscription that this group is to aggregate for. */
static bool wants_aggregation(const struct mln_exec *e)
{
    return e->req.op == MLN_OP_CREATE && e->req.ty == MLN_TY_SUB &&
           mln_value_get(mln_exec_attributes(&e->req), MLN_S("nfu"));
}

/* What a group elsewhere reports is of members that are not known here, and another service
 * provider could not name us; else the same is asked of the subscription as for a member here.
 * docs/decisions/0045 */
static mln_err check_aggregation(struct collection *c, struct mln_slice to)
{
    struct mln_exec *e = c->e;
    struct mln_change change = mln_exec_change(e, mln_env_now_us(e->cse->options.env));

    MLN_REQUIRE(mln_cross_is_far(e->cse, to) && !mln_members_has_fan_out(to), NOT_IMPLEMENTED);
    MLN_REQUIRE(e->req.rcn == MLN_RCN_ATTRIBUTES, NOT_IMPLEMENTED); /* else it has no name */
    MLN_TRY(mln_sub_check(e));
    MLN_TRY(mln_verify_require(e));
    if (!c->knows_room) {
        change.write = NULL;
        MLN_TRY(mln_aggregated_room(&change, e->target.resource.id, 0, &c->room));
        c->knows_room = true;
    }
    MLN_REQUIRE(c->room > 0, LIMIT);
    c->room--;
    return MLN_OK;
}

/* What came protected from end to end does not leave in the clear. docs/decisions/0051 */
static mln_err check_far(struct collection *c, struct mln_slice to)
{
    MLN_REQUIRE(!mln_peer_is_end_to_end(c->e->peer), NOT_IMPLEMENTED);
    return wants_aggregation(c->e) ? check_aggregation(c, to) : MLN_OK;
}

/* To be asked later, or refused. */
static mln_err ask_far(struct collection *c, struct mln_slice member, struct mln_slice to)
{
    struct mln_exec *e = c->e;
    struct mln_far_member *mark = mln_far_mark(e->fan);
    mln_err err = check_far(c, to);

    if (mln_failed(err)) {
        c->response = (struct mln_response){ .rqi = e->req.rqi, .rvi = e->req.rvi };
        c->response.rsc = mln_err_rsc(err);
        mln_fault_clear(e->fault);
        keep_answer(c, member, mark);
        return MLN_OK;
    }
    MLN_TRY(mln_far_note(e, member, to, c->out.len));
    return wants_aggregation(e) ? mln_far_note_via(e, c->via) : MLN_OK;
}

static mln_err ask_member(struct collection *c, struct mln_slice member)
{
    struct mln_exec *e = c->e;
    struct mln_far_member *mark = mln_far_mark(e->fan);
    struct mln_slice to;
    bool may;
    bool unused;
    mln_err err;

    MLN_TRY(mln_exec_look(e, &may)); /* whether or not: the budget bounds a fan-out */
    if (e->fan->budget == 0) {
        return refuse_width(e);
    }
    e->fan->budget--;
    mln_arena_reset(c->scratch);
    MLN_TRY(member_address(c, member, &to));
    if (mln_far_concerns(e->cse, to)) {
        return ask_far(c, member, to);
    }
    make_member_request(c, member, to);
    err = mln_exec_in_view(&c->member);
    e->has_written = e->has_written || c->member.has_written;
    MLN_TRY(err);
    if (e->fan->is_over) {
        mln_fault_set(e->fault, "%s", c->fault.text);
        MLN_FAIL(LIMIT);
    }
    keep_answer(c, member, mark);
    if (c->out.failed == MLN_ERR_LIMIT) {
        mln_fault_set(e->fault, "the answers of the members together would be too large");
        MLN_FAIL(LIMIT);
    }
    return leaves_group(e, member, &c->response) ? mln_set_add(&c->deleted, member, &unused)
                                                 : MLN_OK;
}

static bool is_late(const struct mln_exec *e)
{
    return e->req.rset_us != MLN_NO_TIME && e->req.rset_us <= mln_env_now_us(e->cse->options.env);
}

/* Members that are not asked before the Result Expiration Timestamp are not asked any more.
 * spec: TS-0004 7.4.14.2.5 */
static mln_err ask_members(struct collection *c)
{
    struct mln_exec *e = c->e;
    struct mln_walk w;
    struct mln_slice member;

    mln_buf_init(&c->out, e->arena, mln_exec_answer_limit(e));
    mln_pack_map(&c->out, 1);
    mln_pack_text(&c->out, MLN_S("m2m:agr"));
    mln_pack_map(&c->out, 1);
    mln_pack_text(&c->out, MLN_S("m2m:rsp"));
    mln_pack_array(&c->out, MLN_PACK_OPEN);
    for (mln_walk_begin(&w, c->members); mln_walk_next(&w);) {
        bool wanted;

        MLN_REQUIRE(mln_pack_text_of(w.item, &member), STORE_CORRUPT);
        MLN_TRY(is_wanted(c, member, &wanted));
        if (wanted && is_late(e)) {
            MLN_REQUIRE(c->answers, MEMBERS_SILENT);
            break;
        }
        if (wanted) {
            MLN_TRY(ask_member(c, member));
        }
    }
    mln_pack_end(&c->out);
    return MLN_OK;
}

/* ---- the whole ---- */

/* Does the request lead to a further fanOutPoint? Only then a circle is possible. */
static bool needs_guard(const struct mln_exec *e, struct mln_slice members)
{
    struct mln_walk w;
    struct mln_slice member;

    if (mln_members_has_fan_out(e->target.rest) || e->req.gid.len) {
        return true;
    }
    for (mln_walk_begin(&w, members); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &member) && mln_members_has_fan_out(member)) {
            return true;
        }
    }
    return false;
}

/* Can no member's request change a policy, a group, or what refers to a policy? */
static bool keeps_access(const struct mln_exec *e)
{
    const struct mln_value *root = e->req.pc ? e->req.pc->items.first : NULL;
    bool is_write = e->req.op == MLN_OP_CREATE || e->req.op == MLN_OP_UPDATE;

    if (e->req.op == MLN_OP_RETRIEVE) {
        return true;
    }
    return is_write && root && !mln_slice_eq(root->name, MLN_S("m2m:acp")) &&
           !mln_slice_eq(root->name, MLN_S("m2m:grp")) && !mln_value_get(root, MLN_S("acpi"));
}

enum { DECISIONS = 16 }; /* of the largest that one request may cost; most are remembered */

static mln_err begin_fan(struct mln_exec *e, struct mln_slice members)
{
    struct mln_fan *fan = e->fan;

    if (!fan) {
        fan = mln_arena_zalloc(e->arena, 1, sizeof *fan);
        MLN_REQUIRE(fan, NO_MEMORY);
        e->fan = fan;
        e->owns_fan = true;
        fan->arena = e->arena;
        fan->budget = e->cse->options.limits->fan_out;
        fan->members_left = e->cse->options.limits->membership;
        fan->bytes_left = DECISIONS * e->cse->options.limits->decision_bytes;
        fan->is_guarded = needs_guard(e, members);
        fan->keeps_access = keeps_access(e);
        MLN_TRY(mln_gid_check(e, &e->target)); /* this group is the first that is reached */
    }
    if (fan->depth >= e->cse->options.limits->group_depth) {
        mln_fault_set(e->fault, "groups are nested too deeply");
        MLN_FAIL(LIMIT);
    }
    return MLN_OK;
}

static mln_err members_of(struct mln_exec *e, struct mln_slice *ret)
{
    struct mln_item head;
    struct mln_slice rest;

    MLN_REQUIRE(mln_pack_find(e->target.resource.attrs, MLN_S("mid"), ret), NO_MEMBERS);
    rest = *ret;
    MLN_TRY(mln_pack_read(&rest, &head));
    MLN_REQUIRE(head.count > 0, NO_MEMBERS);
    return MLN_OK;
}

mln_err mln_fan_out_check(struct mln_exec *e)
{
    struct mln_slice members;

    MLN_TRY(members_of(e, &members));
    /* within a sub-group the others are wanted elsewhere */
    return e->req.grtm && !e->fan ? check_wanted(e) : MLN_OK;
}

static mln_err note_wanted(struct collection *c)
{
    const struct mln_value *grtm = c->e->req.grtm;
    bool unused;

    mln_set_init(&c->wanted, c->e->arena);
    for (const struct mln_value *v = grtm ? grtm->items.first : NULL; v; v = v->next) {
        MLN_TRY(mln_set_add(&c->wanted, v->text, &unused));
    }
    return MLN_OK;
}

/* spec: TS-0004 7.4.14.2.3: a new subscription learns where this group takes its notifications */
static mln_err note_way(struct collection *c)
{
    struct mln_exec *e = c->e;

    return e->req.op == MLN_OP_CREATE && e->req.ty == MLN_TY_SUB
               ? mln_aggregate_address(e->cse, e->arena, e->via, e->target.resource.ri, &c->via)
               : MLN_OK;
}

/* The answers of all, in the order of memberIDs. */
static mln_err collect(struct collection *c)
{
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *scratch =
        mln_arena_new((size_t)c->e->cse->options.limits->request_arena_bytes);
    mln_err err;

    MLN_REQUIRE(scratch, NO_MEMORY);
    mln_set_init(&c->deleted, c->e->arena);
    c->scratch = scratch;
    c->e->fan->depth++;
    err = ask_members(c);
    c->e->fan->depth--;
    c->e->fan->access.arena = NULL; /* it was the scratch arena */
    return err;
}

/* Unless the group went with them. spec: TS-0004 7.4.14.3.5 */
static mln_err drop_deleted(struct collection *c)
{
    struct mln_change change = mln_exec_change(c->e, mln_env_now_us(c->e->cse->options.env));

    return mln_group_drop(&change, c->e->target.resource.id, &c->deleted);
}

mln_err mln_fan_out(struct mln_exec *e)
{
    struct collection *c = mln_arena_zalloc(e->arena, 1, sizeof *c);

    MLN_REQUIRE(c, NO_MEMORY);
    c->e = e;
    MLN_TRY(mln_fan_out_check(e));
    MLN_TRY(members_of(e, &c->members));
    MLN_TRY(begin_fan(e, c->members));
    MLN_TRY(note_wanted(c));
    MLN_TRY(note_way(c));
    MLN_TRY(collect(c));
    if (c->deleted.count) {
        MLN_TRY(drop_deleted(c));
    }
    MLN_TRY(mln_buf_finish(&c->out, &e->response->pc));
    /* spec: TS-0004 7.4.14.2.5: OK whatever the members answered */
    e->response->rsc = MLN_RSC_OK;
    e->answered = true;
    if (e->owns_fan) {
        mln_far_arrange(e, c->answers > 0);
    }
    if (e->target.virtual_child == MLN_VIRTUAL_SEMANTIC_FAN_OUT && !e->fan->far &&
        !e->is_rehearsal) {
        return mln_semantics_of_members(e);
    }
    return MLN_OK;
}
