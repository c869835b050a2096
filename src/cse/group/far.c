/* Asking members at other CSEs. */
#include "cse/group/far.h"

#include <stdio.h>

#include "base/timestamp.h"
#include "cse/discover/discover.h"
#include "cse/group/gid.h"
#include "cse/group/leave.h"
#include "cse/group/members.h"
#include "cse/notify/aggregate_far.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/asking.h"
#include "cse/remote/remote.h"
#include "cse/remote/transit.h"

struct mln_far_member {
    struct mln_ask ask;
    struct mln_far_member *next;
    struct mln_slice member; /* as in memberIDs */
    size_t at;               /* in the answer of those here */
    uint64_t group;
    bool may_leave;
    bool has_left;
    bool is_deleted;       /* what the group asked for */
    struct mln_slice via;  /* of a new subscription that a group here aggregates for; or empty */
    struct mln_slice made; /* what its host calls it, */
    struct mln_slice name; /* and the group */
    int64_t until_us;
    struct mln_slice answer; /* packed; empty: none has come */
};

/* All of them, while they are asked. */
struct far {
    struct mln_exec *e;
    struct mln_asking asking;
    struct mln_job job;
    struct mln_task task;
    size_t bytes_left; /* of the whole answer */
    bool has_answers;
    bool has_deleted; /* some may leave their groups, or are not to be heard any more */
    bool has_made;    /* some have subscriptions that their groups are to hear */
    mln_err outcome;
};

bool mln_far_concerns(const struct mln_cse *cse, struct mln_slice address)
{
    struct mln_slice local;
    enum mln_place place = mln_ident_place(address, &cse->names, &local);

    return place == MLN_PLACE_OTHER_CSE || place == MLN_PLACE_OTHER_SP;
}

/* ---- noting ---- */

/* Only the member itself leaves the group, not something below it, and not a virtual resource.
 * spec: TS-0004 7.4.14.3.5 */
static bool may_leave(const struct mln_exec *e, struct mln_slice member)
{
    return e->req.op == MLN_OP_DELETE && !e->target.rest.len && !mln_members_is_virtual(member);
}

mln_err mln_far_note(struct mln_exec *e, struct mln_slice member, struct mln_slice to, size_t at)
{
    struct mln_fan *fan = e->fan;
    struct mln_far_member *m = mln_arena_zalloc(fan->arena, 1, sizeof *m);

    MLN_REQUIRE(m && mln_arena_dup(fan->arena, member, &m->member) &&
                    mln_arena_dup(fan->arena, to, &m->ask.to),
                NO_MEMORY);
    m->at = at;
    m->group = e->target.resource.id;
    m->may_leave = may_leave(e, member);
    if (fan->last_far) {
        fan->last_far->next = m;
    } else {
        fan->far = m;
    }
    fan->last_far = m;
    return MLN_OK;
}

mln_err mln_far_note_via(struct mln_exec *e, struct mln_slice via)
{
    MLN_REQUIRE(mln_arena_dup(e->fan->arena, via, &e->fan->last_far->via), NO_MEMORY);
    return MLN_OK;
}

struct mln_far_member *mln_far_mark(const struct mln_fan *fan)
{
    return fan->last_far;
}

static struct mln_far_member *first_since(const struct mln_fan *fan,
                                          const struct mln_far_member *mark)
{
    return mark ? mark->next : fan->far;
}

void mln_far_shift(struct mln_fan *fan, struct mln_far_member *mark, size_t offset)
{
    for (struct mln_far_member *m = first_since(fan, mark); m; m = m->next) {
        m->at += offset;
    }
}

void mln_far_forget(struct mln_fan *fan, struct mln_far_member *mark)
{
    if (mark) {
        mark->next = NULL;
    } else {
        fan->far = NULL;
    }
    fan->last_far = mark;
}

/* ---- answers ---- */

/* spec: TS-0004 6.4.2 */
void mln_far_put_answer(struct mln_buf *out, struct mln_slice member, const struct mln_response *r,
                        size_t *ret_pc)
{
    *ret_pc = 0;
    mln_pack_map(out, MLN_PACK_OPEN);
    mln_pack_text(out, MLN_S("rsc"));
    mln_pack_uint(out, (uint64_t)r->rsc);
    mln_pack_text(out, MLN_S("rqi"));
    mln_pack_text(out, r->rqi);
    mln_pack_text(out, MLN_S("rvi"));
    mln_pack_text(out, r->rvi);
    /* spec: TS-0004 7.4.14.2.5: From tells which member answered */
    mln_pack_text(out, MLN_S("fr"));
    mln_pack_text(out, member);
    if (r->content_status != MLN_CONTENT_UNSAID) {
        mln_pack_text(out, MLN_S("cnst"));
        mln_pack_uint(out, (uint64_t)r->content_status);
    }
    if (r->content_offset) {
        mln_pack_text(out, MLN_S("cnot"));
        mln_pack_uint(out, r->content_offset);
    }
    if (r->pc.len) {
        mln_pack_text(out, MLN_S("pc"));
        *ret_pc = out->len;
        mln_pack_raw(out, r->pc);
    }
    mln_pack_end(out);
}

static void note_failure(struct mln_buf *pc, mln_err err, struct mln_response *r)
{
    bool is_ours = mln_err_class(err) == MLN_ERR_CLASS_REQUEST || err.code == MLN_ERR_NOT_FOUND ||
                   mln_err_class(err) == MLN_ERR_CLASS_RESOURCE;

    if (!is_ours) {
        err = MLN_ERROR(NOT_REACHABLE);
    }
    r->rsc = mln_err_rsc(err);
    mln_pack_map(pc, 1);
    mln_pack_text(pc, MLN_S("m2m:dbg"));
    mln_pack_text(pc, mln_slice_z(mln_err_text(err)));
}

static void note_success(struct mln_buf *pc, const struct mln_outbound_answer *answer,
                         struct mln_response *r)
{
    r->rsc = answer->rsc;
    r->content_status = (enum mln_content_status)answer->content_status;
    r->content_offset = answer->content_offset;
    if (answer->pc) {
        mln_pack_value(pc, answer->pc);
    }
}

/* What finds no room is left out where something was done, and else ends the whole: nothing was
 * changed yet. */
static mln_err keep_answer(struct far *f, struct mln_far_member *m, struct mln_response *r,
                           struct mln_arena *scratch)
{
    struct mln_exec *e = f->e;
    struct mln_slice packed;
    struct mln_buf out;
    size_t unused;

    mln_buf_init(&out, scratch, f->bytes_left);
    mln_far_put_answer(&out, m->member, r, &unused);
    if (out.failed == MLN_ERR_LIMIT && e->req.op != MLN_OP_RETRIEVE && r->pc.len) {
        r->pc = (struct mln_slice){ 0 };
        return keep_answer(f, m, r, scratch);
    }
    if (out.failed == MLN_ERR_LIMIT) {
        mln_fault_set(e->fault, "the answers of the members together would be too large");
    }
    MLN_TRY(mln_buf_finish(&out, &packed));
    MLN_REQUIRE(mln_arena_dup(e->arena, packed, &m->answer), NO_MEMORY);
    f->bytes_left -= packed.len;
    f->has_answers = true;
    return MLN_OK;
}

static struct mln_slice text_of(const struct mln_value *v)
{
    return v && v->kind == MLN_V_TEXT ? v->text : (struct mln_slice){ 0 };
}

static const struct mln_value *made_of(const struct mln_outbound_answer *answer)
{
    const struct mln_value *pc = answer->pc;

    return pc && pc->kind == MLN_V_OBJECT ? pc->items.first : NULL;
}

/* A subscription that its host does not name is not heard: it counts as not made. */
static bool is_nameless(const struct far *f, const struct mln_far_member *m,
                        const struct mln_outbound_answer *answer)
{
    size_t most = (size_t)f->e->cse->options.limits->identifier_bytes;
    struct mln_slice ri = text_of(mln_value_get(made_of(answer), MLN_S("ri")));
    struct mln_slice rn = text_of(mln_value_get(made_of(answer), MLN_S("rn")));

    return m->via.len && answer->rsc == MLN_RSC_CREATED &&
           (!ri.len || ri.len > most || rn.len > most || mln_slice_find(ri, '/') < ri.len);
}

static mln_err note_made(struct far *f, struct mln_far_member *m,
                         const struct mln_outbound_answer *answer)
{
    struct mln_exec *e = f->e;
    const struct mln_value *sub = made_of(answer);
    struct mln_slice et = text_of(mln_value_get(sub, MLN_S("et")));
    struct mln_slice ri = text_of(mln_value_get(sub, MLN_S("ri")));
    struct mln_slice rn = text_of(mln_value_get(sub, MLN_S("rn")));
    struct mln_slice cse_id;
    struct mln_entity host;

    MLN_REQUIRE(mln_remote_host(e->cse, m->ask.to, &host), INTERNAL);
    if (!et.len || !mln_timestamp_parse(et, &m->until_us)) {
        m->until_us = MLN_TIMESTAMP_MAX;
    }
    f->has_made = true;
    MLN_TRY(mln_ident_join(e->arena, m->ask.to, rn, &m->name));
    MLN_TRY(mln_entity_cse_id(&host, &e->cse->names, e->arena, &cse_id));
    return mln_ident_join(e->arena, cse_id, ri, &m->made);
}

/* In memory of its own: what is left out must not cost what the others need. */
static mln_err take_answer(struct far *f, struct mln_far_member *m,
                           const struct mln_outbound_answer *answer)
{
    struct mln_exec *e = f->e;
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *scratch = NULL;
    struct mln_response r = { .rqi = e->req.rqi, .rvi = e->req.rvi };
    bool is_none =
        !mln_failed(answer->err) &&
        (!(answer->has_rsc && mln_rsc_is_final(answer->rsc)) || is_nameless(f, m, answer));
    struct mln_buf pc;

    if (answer->err.code == MLN_ERR_TIMEOUT) {
        return MLN_OK; /* what comes later does not count. spec: TS-0004 7.4.14.2.5 */
    }
    scratch = mln_arena_new(SIZE_MAX); /* an answer is bounded where it is received */
    MLN_REQUIRE(scratch, NO_MEMORY);
    mln_buf_init(&pc, scratch, SIZE_MAX);
    if (mln_failed(answer->err) || is_none) {
        note_failure(&pc, is_none ? MLN_ERROR(PROTOCOL) : answer->err, &r);
    } else {
        note_success(&pc, answer, &r);
    }
    MLN_TRY(mln_buf_finish(&pc, &r.pc));
    m->is_deleted = e->req.op == MLN_OP_DELETE && r.rsc == MLN_RSC_DELETED;
    m->has_left = m->may_leave && m->is_deleted;
    f->has_deleted = f->has_deleted || m->is_deleted;
    if (m->via.len && r.rsc == MLN_RSC_CREATED) {
        MLN_TRY(note_made(f, m, answer));
    }
    return keep_answer(f, m, &r, scratch);
}

static void take(struct mln_asking *a, struct mln_ask *ask,
                 const struct mln_outbound_answer *answer)
{
    struct far *f = a->data;
    mln_err err = take_answer(f, (struct mln_far_member *)(void *)ask, answer);

    if (mln_failed(err) && !mln_failed(f->outcome)) {
        f->outcome = err;
    }
}

/* ---- the end ---- */

static mln_err assemble(struct mln_exec *e)
{
    struct mln_slice rest = e->response->pc;
    struct mln_buf out;
    size_t at = 0;

    mln_buf_init(&out, e->arena, mln_exec_answer_limit(e));
    for (const struct mln_far_member *m = e->fan->far; m; m = m->next) {
        mln_buf_add(&out, mln_slice_head(rest, m->at - at));
        rest = mln_slice_from(rest, m->at - at);
        at = m->at;
        mln_buf_add(&out, m->answer);
    }
    mln_buf_add(&out, rest);
    return mln_buf_finish(&out, &e->response->pc);
}

static bool is_semantic(const struct mln_exec *e)
{
    return e->target.virtual_child == MLN_VIRTUAL_SEMANTIC_FAN_OUT;
}

/* What the members say is about resources here, too. It cannot move to another thread any more:
 * what takes too long is cut. spec: TS-0004 7.4.35.2.2 */
static mln_err put_semantics(struct mln_exec *e)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    mln_err err;

    MLN_TRY(mln_view_begin(e->worker->reader, &view));
    e->view = view;
    e->effort->moves = false;
    err = mln_semantics_of_members(e);
    e->view = NULL;
    return err;
}

static mln_err conclude(struct far *f)
{
    MLN_TRY(f->outcome);
    MLN_REQUIRE(f->has_answers, MEMBERS_SILENT);
    MLN_TRY(assemble(f->e));
    return is_semantic(f->e) ? put_semantics(f->e) : MLN_OK;
}

/* ---- leaving groups ---- */

static mln_err leave_group(const struct mln_change *c, struct mln_far_member *first)
{
    struct mln_set gone;
    struct mln_set deleted;
    bool unused;

    mln_set_init(&gone, c->arena);
    mln_set_init(&deleted, c->arena);
    for (struct mln_far_member *m = first; m; m = m->next) {
        if (m->group == first->group && m->is_deleted) {
            MLN_TRY(mln_set_add(&deleted, m->ask.to, &unused));
            MLN_TRY(m->has_left ? mln_set_add(&gone, m->member, &unused) : MLN_OK);
        }
    }
    MLN_TRY(mln_aggregated_forget(c, first->group, &deleted));
    return gone.count ? mln_group_drop(c, first->group, &gone) : MLN_OK;
}

/* Each group once. */
static mln_err leave_groups(const struct mln_change *c, struct mln_far_member *first)
{
    struct mln_set done;
    bool is_new;

    mln_set_init(&done, c->arena);
    for (struct mln_far_member *m = first; m; m = m->next) {
        if (!m->is_deleted) {
            continue;
        }
        MLN_TRY(
            mln_set_add(&done, mln_slice_of((const char *)&m->group, sizeof m->group), &is_new));
        if (is_new) {
            MLN_TRY(leave_group(c, m));
        }
    }
    return MLN_OK;
}

/* From now on the groups hear them. */
static mln_err keep_made(const struct far *f, const struct mln_change *c)
{
    const struct mln_value *nfu = mln_value_get(mln_exec_attributes(&f->e->req), MLN_S("nfu"));
    uint64_t group = 0;
    uint64_t room = 0;
    uint64_t wanted = 0;

    for (const struct mln_far_member *m = f->e->fan->far; m; m = m->next) {
        wanted += m->made.len > 0;
    }
    for (const struct mln_far_member *m = f->e->fan->far; m; m = m->next) {
        struct mln_aggregated a = { m->made, m->name, m->via, text_of(nfu), m->until_us };

        if (!m->made.len) {
            continue;
        }
        if (m->group != group) {
            group = m->group;
            MLN_TRY(mln_aggregated_room(c, group, wanted, &room));
        }
        if (room == 0) {
            mln_fault_set(f->e->fault, "more subscriptions elsewhere than the limit 'aggregated'");
            MLN_FAIL(LIMIT);
        }
        room--;
        MLN_TRY(mln_aggregated_keep(c, group, &a));
    }
    return MLN_OK;
}

static struct far *of_job(struct mln_job *job)
{
    return (struct far *)(void *)((char *)job - offsetof(struct far, job));
}

static mln_err run_leave(struct mln_job *job, struct mln_view *view)
{
    struct far *f = of_job(job);
    struct mln_cse *cse = f->e->cse;
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *scratch = mln_arena_new((size_t)cse->options.limits->request_arena_bytes);
    struct mln_change c = {
        .cse = cse, .view = view, .arena = scratch, .now_us = mln_env_now_us(cse->options.env)
    };

    MLN_REQUIRE(scratch, NO_MEMORY);
    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &c.write));
    MLN_TRY(keep_made(f, &c));
    return leave_groups(&c, f->e->fan->far);
}

static void left(struct mln_task *task)
{
    struct far *f = (struct far *)(void *)((char *)task - offsetof(struct far, task));

    mln_exec_resume(f->e, mln_failed(f->outcome) ? f->outcome : conclude(f));
}

static void job_done(struct mln_job *job, mln_err result)
{
    struct far *f = of_job(job);
    struct mln_worker *w = f->e->worker;

    if (mln_failed(result)) {
        f->outcome = result;
    }
    w->ops.post(w->ops.loop, &f->task);
}

static void submit(struct far *f, mln_err (*run)(struct mln_job *job, struct mln_view *view),
                   void (*then)(struct mln_task *task))
{
    mln_err err;

    f->job = (struct mln_job){ .run = run, .done = job_done };
    f->task.run = then;
    err = mln_store_submit(f->e->cse->options.store, &f->job);
    if (mln_failed(err)) {
        mln_exec_resume(f->e, err);
    }
}

static void all_asked(struct mln_asking *a)
{
    struct far *f = a->data;

    if (f->has_deleted || f->has_made) {
        submit(f, run_leave, left);
    } else {
        mln_exec_resume(f->e, conclude(f));
    }
}

/* ---- asking ---- */

/* The members are to answer before the whole must be answered. */
static int64_t deadline(const struct mln_exec *e)
{
    enum { SHARE = 16 }; /* of the time is kept for what follows */
    int64_t now_us = mln_env_now_us(e->cse->options.env);
    int64_t until_us = now_us + mln_attempt_time(e, e->cse->options.limits->request_ms);

    if (e->req.rset_us != MLN_NO_TIME && e->req.rset_us < until_us) {
        until_us = e->req.rset_us;
    }
    return until_us - (until_us - now_us) / SHARE;
}

static bool is_own(const struct mln_exec *e, struct mln_slice name)
{
    static const struct mln_slice names[] = {
        { "rt", 2 },   { "rp", 2 },   { "pc", 2 },   { "oet", 3 }, { "gid", 3 },
        { "grtm", 4 }, { "rqet", 4 }, { "rset", 4 }, { "rvi", 3 }, { "ltids", 5 },
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (mln_slice_eq(name, names[i])) {
            return true;
        }
    }
    return is_semantic(e) && mln_semantics_is_own(name);
}

static mln_err set_time(const struct mln_exec *e, struct mln_value *params, struct mln_slice name,
                        int64_t us)
{
    char text[MLN_TIMESTAMP_SIZE];
    struct mln_slice copy;

    MLN_REQUIRE(mln_arena_dup(e->arena, mln_slice_of(text, mln_timestamp_put(text, us)), &copy),
                NO_MEMORY);
    return mln_value_set(params, name, mln_value_text(e->arena, copy));
}

/* The result is wanted here before the whole is; and a request must expire before its result. */
static mln_err set_times(const struct mln_exec *e, int64_t until_us, struct mln_value *params)
{
    enum { BEFORE_US = 1000 };
    int64_t rqet_us = e->req.rqet_us;

    if (e->req.rset_us != MLN_NO_TIME) {
        MLN_TRY(set_time(e, params, MLN_S("rset"), until_us));
        rqet_us = rqet_us >= until_us && rqet_us != MLN_NO_TIME ? until_us - BEFORE_US : rqet_us;
    }
    return rqet_us == MLN_NO_TIME ? MLN_OK : set_time(e, params, MLN_S("rqet"), rqet_us);
}

/* Those of the request, but each member answers us, and in time. Sub-groups elsewhere are wanted as
 * a whole: what is in them is not known here. The release is said as each neighbour knows it, and
 * local Token IDs are ours. */
static mln_err make_params(const struct mln_exec *e, int64_t until_us, struct mln_value **ret)
{
    struct mln_value *params = mln_value_new(e->arena, MLN_V_OBJECT);

    MLN_REQUIRE(params, NO_MEMORY);
    for (const struct mln_value *v = e->call->params->items.first; v; v = v->next) {
        if (!is_own(e, v->name)) {
            MLN_TRY(mln_value_set(params, v->name, mln_draft_copy(e->arena, v)));
        }
    }
    if (e->req.gid.len) {
        MLN_TRY(mln_value_set(params, MLN_S("gid"), mln_value_text(e->arena, e->req.gid)));
    }
    MLN_TRY(set_times(e, until_us, params));
    *ret = params;
    return MLN_OK;
}

/* To may end in the name of an attribute. */
static mln_err add_fragment(const struct mln_exec *e, struct mln_slice *to)
{
    const struct mln_value *v = mln_value_get(e->call->params, MLN_S("to"));
    struct mln_slice fragment = mln_slice_from(v->text, mln_slice_find(v->text, '#'));
    struct mln_buf out;

    if (!fragment.len) {
        return MLN_OK;
    }
    mln_buf_init(&out, e->arena, SIZE_MAX);
    mln_buf_add(&out, *to);
    mln_buf_add(&out, fragment);
    return mln_buf_finish(&out, to);
}

/* The member's subscription has the group in place of the subscriber. */
static mln_err aggregate_for(const struct far *f, struct mln_far_member *m)
{
    const struct mln_value *given = mln_exec_attributes(&f->e->req);

    MLN_REQUIRE(given, INTERNAL);
    m->ask.op = MLN_OP_CREATE;
    m->ask.params = f->asking.params;
    return mln_aggregated_content(f->e, given, m->via, &m->ask.content);
}

static mln_err prepare(struct far *f)
{
    struct mln_exec *e = f->e;
    struct mln_asking *a = &f->asking;
    struct mln_value *params;
    struct mln_ask **last = &a->next;

    *a = (struct mln_asking){ .e = e,
                              .op = e->req.op,
                              .is_group_request = true,
                              .until_us = deadline(e),
                              .take = take,
                              .done = all_asked,
                              .data = f };
    MLN_TRY(mln_transit_from(e, false, &a->fr));
    MLN_TRY(mln_transit_from(e, true, &a->fr_abroad));
    MLN_TRY(mln_transit_content(e, &a->content));
    MLN_TRY(make_params(e, a->until_us, &params));
    a->params = params;
    for (struct mln_far_member *m = e->fan->far; m; m = m->next) {
        MLN_TRY(add_fragment(e, &m->ask.to));
        MLN_TRY(m->via.len ? aggregate_for(f, m) : MLN_OK);
        *last = &m->ask;
        last = &m->ask.next;
    }
    return MLN_OK;
}

static mln_err ask(struct far *f)
{
    MLN_TRY(f->outcome);
    MLN_TRY(prepare(f));
    return mln_asking_start(&f->asking);
}

static void ask_or_end(struct far *f)
{
    struct mln_exec *e = f->e;
    mln_err err = ask(f);

    if (mln_failed(err)) {
        mln_exec_resume(e, err);
    }
}

/* ---- the loop guard ---- */

static bool leads_further(const struct mln_fan *fan)
{
    const struct mln_far_member *m = fan->far;

    while (m && !mln_members_has_fan_out(m->ask.to)) {
        m = m->next;
    }
    return m != NULL;
}

static mln_err make_gid(struct mln_exec *e)
{
    struct mln_worker *w = e->worker;
    char text[48];
    int len = snprintf(text, sizeof text, "%s-g%llu", w->request_prefix,
                       (unsigned long long)++w->request_counter);

    MLN_REQUIRE(mln_arena_dup(e->arena, mln_slice_of(text, (size_t)len), &e->req.gid), NO_MEMORY);
    return MLN_OK;
}

static mln_err run_guard(struct mln_job *job, struct mln_view *view)
{
    (void)view;
    return mln_gid_keep(of_job(job)->e);
}

static void guarded(struct mln_task *task)
{
    ask_or_end((struct far *)(void *)((char *)task - offsetof(struct far, task)));
}

/* ---- the beginning ---- */

/* What the members here did is done: that there is no place to wait is told for each of the others.
 */
static mln_err refuse_all(struct far *f, mln_err err)
{
    struct mln_outbound_answer none = { .err = err };

    for (struct mln_far_member *m = f->e->fan->far; m; m = m->next) {
        MLN_TRY(take_answer(f, m, &none));
    }
    return conclude(f);
}

static mln_err start(struct mln_exec *e)
{
    struct far *f = mln_arena_zalloc(e->arena, 1, sizeof *f);
    mln_err err;

    MLN_REQUIRE(f, NO_MEMORY);
    f->e = e;
    f->bytes_left = mln_exec_answer_limit(e) - e->response->pc.len;
    f->has_answers = e->fan->has_answers;
    err = mln_exec_park(e);
    if (mln_failed(err)) {
        mln_exec_finish(e, refuse_all(f, err));
        return MLN_OK;
    }
    if (leads_further(e->fan) && !e->req.gid.len) {
        f->outcome = make_gid(e);
        submit(f, run_guard, guarded);
    } else {
        ask_or_end(f);
    }
    return MLN_OK;
}

void mln_far_arrange(struct mln_exec *e, bool has_answers)
{
    if (e->fan->far && !e->is_rehearsal) {
        e->fan->has_answers = has_answers;
        e->begin_wait = start;
        e->leaves = e->req.op != MLN_OP_RETRIEVE;
    }
}
