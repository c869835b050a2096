/* <request>. spec: TS-0004 7.4.12; TS-0001 9.6.12 */
#include "cse/types/req.h"

#include "base/log.h"
#include "base/num.h"
#include "base/rsc.h"
#include "base/timestamp.h"
#include "cse/notify/fresh.h"
#include "cse/pipeline/draft.h"
#include "cse/remote/remote.h"
#include "cse/types/types.h"

/* m2m:requestStatus. spec: TS-0004 6.3.4.2.10 */
enum status {
    STATUS_COMPLETED = 1,
    STATUS_FAILED = 2,
    STATUS_PENDING = 3,
};

enum {
    KEY_SIZE = 8,
    STEP = 100, /* of those left over that one job looks at, unless the store is full */
    ARENA_MAX = 256 << 20,
};

/* ---- making ---- */

static void put_member(struct mln_buf *out, struct mln_slice name, const struct mln_value *v)
{
    mln_pack_text(out, name);
    mln_pack_value(out, v);
}

static void put_response_type(struct mln_buf *out, const struct mln_value *rt)
{
    mln_pack_text(out, MLN_S("rt"));
    if (rt->kind == MLN_V_OBJECT) {
        mln_pack_value(out, rt);
        return;
    }
    mln_pack_map(out, 1); /* a bare number was accepted */
    put_member(out, MLN_S("rtv"), rt);
}

/* The parameters of the request that m2m:metaInformation has a place for, but no tokens: those are
 * secrets. spec: TS-0004 6.3.5.4 */
static void put_meta_information(struct mln_buf *out, const struct mln_value *params)
{
    static const struct mln_slice names[] = {
        { "ty", 2 },    { "ot", 2 },   { "rqet", 4 }, { "rset", 4 }, { "oet", 3 },
        { "rp", 2 },    { "rcn", 3 },  { "ec", 2 },   { "da", 2 },   { "gid", 3 },
        { "fc", 2 },    { "drt", 3 },  { "rids", 4 }, { "tqi", 3 },  { "tids", 4 },
        { "ltids", 5 }, { "grtm", 4 }, { "rvi", 3 },  { "vsi", 3 },
    };

    mln_pack_text(out, MLN_S("mi"));
    mln_pack_map(out, MLN_PACK_OPEN);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct mln_value *v = mln_value_get(params, names[i]);

        if (v) {
            put_member(out, names[i], v);
        }
    }
    put_response_type(out, mln_value_get(params, MLN_S("rt")));
    mln_pack_end(out);
}

/* spec: TS-0004 table 7.3.2.2-2 */
static mln_err pack_attributes(const struct mln_exec *e, struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, e->arena, SIZE_MAX);
    mln_pack_map(&out, e->req.pc ? 9 : 8);
    mln_pack_text(&out, MLN_S("lbl"));
    mln_pack_array(&out, 1);
    mln_pack_text(&out, e->originator.text);
    mln_pack_text(&out, MLN_S("op"));
    mln_pack_uint(&out, e->req.op);
    mln_pack_text(&out, MLN_S("tg"));
    mln_pack_text(&out, e->req.to);
    mln_pack_text(&out, MLN_S("org"));
    mln_pack_text(&out, e->originator.text);
    mln_pack_text(&out, MLN_S("rid"));
    mln_pack_text(&out, e->req.rqi);
    put_meta_information(&out, e->call->params);
    if (e->req.pc) {
        put_member(&out, MLN_S("pc"), e->req.pc);
    }
    mln_pack_text(&out, MLN_S("rs"));
    mln_pack_uint(&out, STATUS_PENDING);
    mln_pack_text(&out, MLN_S("ors"));
    mln_pack_map(&out, 2);
    mln_pack_text(&out, MLN_S("rsc"));
    mln_pack_uint(&out, MLN_RSC_ACCEPTED);
    mln_pack_text(&out, MLN_S("rqi"));
    mln_pack_text(&out, e->req.rqi);
    return mln_buf_finish(&out, ret);
}

/* {"b": is it begun, "c": what is kept}; empty when nothing is. */
static mln_err note_pending(const struct mln_change *c, uint64_t id, struct mln_slice kept,
                            bool is_begun)
{
    char key[KEY_SIZE];
    struct mln_slice value;
    struct mln_buf out;

    mln_buf_init(&out, c->arena, SIZE_MAX);
    if (kept.len) {
        mln_pack_map(&out, 2);
        mln_pack_text(&out, MLN_S("b"));
        mln_pack_bool(&out, is_begun);
        mln_pack_text(&out, MLN_S("c"));
        mln_pack_raw(&out, kept);
    }
    MLN_TRY(mln_buf_finish(&out, &value));
    mln_put_be64(key, id);
    return mln_record_put(c->write, MLN_SPACE_ACCEPTED, mln_slice_of(key, sizeof key), value);
}

/* `kept` is empty when nothing is. Errors: NOT_FOUND, STORE_*, NO_MEMORY. */
static mln_err get_pending(struct mln_view *view, uint64_t id, struct mln_arena *arena,
                           struct mln_slice *kept, bool *is_begun)
{
    char key[KEY_SIZE];
    struct mln_slice value;

    mln_put_be64(key, id);
    MLN_TRY(mln_record_get(view, MLN_SPACE_ACCEPTED, mln_slice_of(key, sizeof key), arena, &value));
    *kept = (struct mln_slice){ 0 };
    *is_begun = false;
    MLN_REQUIRE(!value.len || (mln_pack_find_bool(value, MLN_S("b"), is_begun) &&
                               mln_pack_find(value, MLN_S("c"), kept)),
                STORE_CORRUPT);
    return MLN_OK;
}

mln_err mln_req_mark(const struct mln_change *c, uint64_t id, bool is_begun)
{
    struct mln_slice kept;
    bool was_begun;

    MLN_TRY(get_pending(c->view, id, c->arena, &kept, &was_begun));
    return note_pending(c, id, kept, is_begun);
}

mln_err mln_req_kept(struct mln_view *view, uint64_t id, struct mln_arena *arena,
                     struct mln_slice *ret)
{
    bool is_begun;

    MLN_TRY(get_pending(view, id, arena, ret, &is_begun));
    MLN_REQUIRE(ret->len && !is_begun, NOT_FOUND);
    return MLN_OK;
}

mln_err mln_req_next(struct mln_view *view, uint64_t after, uint64_t *ret)
{
    char key[MLN_RECORD_KEY_MAX];
    size_t len;

    mln_put_be64(key, after);
    MLN_TRY(mln_record_next_key(view, MLN_SPACE_ACCEPTED, mln_slice_of(key, KEY_SIZE), false, key,
                                &len));
    MLN_REQUIRE(len == KEY_SIZE, STORE_CORRUPT);
    *ret = mln_get_be64(key);
    return MLN_OK;
}

static mln_err forget_pending(const struct mln_change *c, uint64_t id)
{
    char key[KEY_SIZE];

    mln_put_be64(key, id);
    return mln_record_erase(c->write, MLN_SPACE_ACCEPTED, mln_slice_of(key, sizeof key));
}

mln_err mln_req_hand_over(const struct mln_change *c, uint64_t id)
{
    return forget_pending(c, id);
}

mln_err mln_req_store(struct mln_exec *e, const struct mln_change *c, int64_t et_us,
                      struct mln_slice kept, struct mln_resource *ret)
{
    char *ri = mln_arena_alloc(e->arena, MLN_RI_SIZE);
    struct mln_resource base;
    struct mln_resource r = {
        .ty = MLN_TY_REQ, .ct = c->now_us, .lt = c->now_us, .cr = e->originator.text
    };

    MLN_REQUIRE(ri, NO_MEMORY);
    MLN_TRY(mln_store_get(c->view, e->cse->base_id, e->arena, &base));
    MLN_TRY(mln_store_new_id(c->write, MLN_S("req"), &r.id, ri, &r.ri.len));
    r.ri.ptr = ri;
    r.parent = base.id;
    r.pi = base.ri;
    r.et = mln_draft_expiration(e, &base, et_us, c->now_us);
    MLN_TRY(pack_attributes(e, &r.attrs));
    MLN_TRY(mln_store_put(c->write, NULL, &r));
    MLN_TRY(note_pending(c, r.id, kept, false));
    mln_fresh_expiry(e->cse->fresh, r.et);
    r.rn = r.ri;
    *ret = r;
    return MLN_OK;
}

/* ---- the result ---- */

static void put_text(struct mln_buf *out, struct mln_slice name, struct mln_slice text)
{
    if (text.len) {
        mln_pack_text(out, name);
        mln_pack_text(out, text);
    }
}

static void put_number(struct mln_buf *out, struct mln_slice name, uint64_t n)
{
    if (n) {
        mln_pack_text(out, name);
        mln_pack_uint(out, n);
    }
}

/* spec: TS-0004 6.3.5.32, 6.4.2 */
void mln_req_put_result(struct mln_buf *out, const struct mln_response *r, struct mln_slice rvi,
                        int64_t now_us)
{
    mln_pack_map(out, MLN_PACK_OPEN);
    put_number(out, MLN_S("rsc"), r->rsc);
    put_text(out, MLN_S("rqi"), r->rqi);
    put_text(out, MLN_S("rvi"), rvi);
    mln_pack_text(out, MLN_S("ot"));
    mln_pack_timestamp(out, now_us);
    put_number(out, MLN_S("cnst"), (uint64_t)r->content_status);
    put_number(out, MLN_S("cnot"), r->content_offset);
    if (r->pc.len) {
        mln_pack_text(out, MLN_S("pc"));
        mln_pack_raw(out, r->pc);
    }
    mln_pack_end(out);
}

static bool is_of_result(struct mln_slice name)
{
    return mln_slice_eq(name, MLN_S("rs")) || mln_slice_eq(name, MLN_S("ors"));
}

/* Those of the request stay, and there are two of the result. */
static mln_err keep_attributes(struct mln_buf *out, struct mln_slice attrs)
{
    struct mln_walk w;
    size_t count = 2;

    for (mln_walk_begin(&w, attrs); mln_walk_next(&w);) {
        count += !is_of_result(w.name);
    }
    mln_pack_map(out, count);
    for (mln_walk_begin(&w, attrs); mln_walk_next(&w);) {
        if (!is_of_result(w.name)) {
            mln_pack_text(out, w.name);
            mln_pack_raw(out, w.item);
        }
    }
    MLN_REQUIRE(!w.is_damaged, STORE_CORRUPT);
    return MLN_OK;
}

static mln_err new_attributes(const struct mln_change *c, const struct mln_resource *old,
                              const struct mln_response *r, struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, c->arena, SIZE_MAX);
    MLN_TRY(keep_attributes(&out, old->attrs));
    mln_pack_text(&out, MLN_S("rs"));
    mln_pack_uint(&out, r->rsc < MLN_RSC_BAD_REQUEST ? STATUS_COMPLETED : STATUS_FAILED);
    mln_pack_text(&out, MLN_S("ors"));
    mln_req_put_result(&out, r, (struct mln_slice){ 0 }, c->now_us);
    return mln_buf_finish(&out, ret);
}

/* ---- telling ---- */

/* spec: TS-0004 7.5.1.2.5 d) */
mln_err mln_req_result(const struct mln_change *c, const struct mln_response *r,
                       struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, c->arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:rsp"));
    mln_req_put_result(&out, r, r->rvi.len ? r->rvi : MLN_S("3"), c->now_us);
    return mln_buf_finish(&out, ret);
}

/* Lane 0 would be counted against an expirationCounter. */
static mln_err tell(const struct mln_change *c, const struct mln_resource *request, uint16_t number,
                    struct mln_slice target, struct mln_slice content)
{
    struct mln_lane lane = { request->id, (uint16_t)(number + 1) };
    struct mln_notice notice = { .content = content };

    return mln_outbox_put(c, lane, 0, target, &notice);
}

/* Who is not registered here cannot be reached by its name. */
static mln_err tell_originator(const struct mln_change *c, const struct mln_resource *request,
                               struct mln_slice content)
{
    struct mln_lookup l = { c->cse, c->view, c->arena, c->now_us };
    struct mln_entity cse;
    struct mln_remote way;
    struct mln_resource ae;
    mln_err err = mln_entity_parse_cse(request->cr, &c->cse->names, &cse)
                      ? mln_remote_find(&l, &cse, &way)
                      : mln_locate_lookup(&l, request->cr, &ae);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    return tell(c, request, 0, request->cr, content);
}

static mln_err tell_targets(const struct mln_change *c, const struct mln_resource *request,
                            const struct mln_response *r)
{
    struct mln_slice mi;
    struct mln_slice rt;
    struct mln_slice list;
    struct mln_slice content;
    struct mln_walk w;
    uint64_t type;
    uint16_t number = 0;

    if (!mln_pack_find(request->attrs, MLN_S("mi"), &mi) || !mln_pack_find(mi, MLN_S("rt"), &rt) ||
        !mln_pack_find_u64(rt, MLN_S("rtv"), &type) || type != MLN_RT_NON_BLOCKING_ASYNCH) {
        return MLN_OK;
    }
    MLN_TRY(mln_req_result(c, r, &content));
    if (!mln_pack_find(rt, MLN_S("nu"), &list)) {
        return tell_originator(c, request, content);
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w); number++) {
        struct mln_slice target;

        if (mln_pack_text_of(w.item, &target)) {
            MLN_TRY(tell(c, request, number, target, content));
        }
    }
    return MLN_OK;
}

static mln_err publish(const struct mln_change *c, const struct mln_resource *request)
{
    static const struct mln_slice names[] = { { "rs", 2 }, { "ors", 3 } };
    struct mln_selection modified = { names, 2 };
    struct mln_event event = {
        .type = MLN_EVENT_UPDATE, .subject = request, .about = request, .modified = &modified
    };

    return mln_event_publish(c, &event);
}

mln_err mln_req_complete(const struct mln_change *c, uint64_t id,
                         const struct mln_response *response)
{
    struct mln_resource old;
    struct mln_resource changed;
    mln_err err = mln_store_get(c->view, id, c->arena, &old);

    MLN_TRY(forget_pending(c, id));
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK; /* called off, or its time is over */
    }
    MLN_TRY(err);
    changed = old;
    changed.lt = c->now_us;
    MLN_TRY(new_attributes(c, &old, response, &changed.attrs));
    MLN_TRY(mln_store_put(c->write, &old, &changed));
    MLN_TRY(publish(c, &changed));
    return tell_targets(c, &changed, response);
}

/* ---- what a run of the server left, begun or not to be repeated ---- */

struct left {
    struct mln_job job;
    struct mln_cse *cse;
    struct mln_arena *arena;
    unsigned step;
    uint64_t at;      /* those up to this one are dealt with */
    uint64_t reached; /* by the job, which may be run again */
    bool is_done;
};

static mln_err fail_one(const struct mln_change *c, uint64_t id)
{
    struct mln_response failed = { .rsc = MLN_RSC_INTERNAL_SERVER_ERROR };
    struct mln_resource r;
    struct mln_buf out;

    mln_buf_init(&out, c->arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:dbg"));
    mln_pack_text(
        &out,
        MLN_S("the server was stopped while it carried the request out, or cannot begin it anew"));
    MLN_TRY(mln_buf_finish(&out, &failed.pc));
    if (!mln_failed(mln_store_get(c->view, id, c->arena, &r))) {
        (void)mln_pack_find_text(r.attrs, MLN_S("rid"), &failed.rqi);
    }
    return mln_req_complete(c, id, &failed);
}

/* The others are carried out by this run: pipeline/resume.c. */
static mln_err deal_with(const struct mln_change *c, uint64_t id)
{
    struct mln_slice kept;
    mln_err err = mln_req_kept(c->view, id, c->arena, &kept);

    return err.code == MLN_ERR_NOT_FOUND ? fail_one(c, id) : err;
}

static mln_err run_left(struct mln_job *job, struct mln_view *view)
{
    struct left *l = (struct left *)(void *)job;
    struct mln_change c = {
        .cse = l->cse,
        .view = view,
        .arena = l->arena,
        .now_us = mln_env_now_us(l->cse->options.env),
    };

    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &c.write));
    l->is_done = false;
    l->reached = l->at;
    for (unsigned i = 0; i < l->step; i++) {
        mln_err err = mln_req_next(view, l->reached, &l->reached);

        l->is_done = err.code == MLN_ERR_NOT_FOUND;
        if (l->is_done) {
            return MLN_OK;
        }
        MLN_TRY(err);
        mln_arena_reset(l->arena);
        MLN_TRY(deal_with(&c, l->reached));
    }
    return MLN_OK;
}

/* A full store has room for few changes at a time; it must not keep the server from starting. */
static mln_err take_step(struct left *l)
{
    mln_err err;

    l->job = (struct mln_job){ .run = run_left };
    err = mln_store_run(l->cse->options.store, &l->job);
    if (err.code != MLN_ERR_STORE_FULL) {
        l->at = l->reached;
        return err;
    }
    if (l->step == 1) {
        mln_log(MLN_LOG_WARNING, "cse",
                "the store is full: requests that were not carried out stay pending");
        l->is_done = true;
    }
    l->step = 1;
    return MLN_OK;
}

mln_err mln_req_fail_left(struct mln_cse *cse)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(ARENA_MAX);
    struct left l = { .cse = cse, .arena = arena, .step = STEP };

    MLN_REQUIRE(arena, NO_MEMORY);
    while (!l.is_done) {
        MLN_TRY(take_step(&l));
    }
    return MLN_OK;
}

/* ---- the type ---- */

/* A request that is passed on to an AE or a CSE may be there already; everything else is called off
 * when its resource goes. spec: TS-0004 7.4.12.2.4 */
static mln_err validate_delete(struct mln_exec *e)
{
    struct mln_slice attrs = e->target.resource.attrs;
    struct mln_slice to = { 0 };
    struct mln_slice local;
    uint64_t status = 0;
    uint64_t op = 0;

    if (!mln_pack_find_u64(attrs, MLN_S("rs"), &status) || status != STATUS_PENDING) {
        return MLN_OK;
    }
    (void)mln_pack_find_u64(attrs, MLN_S("op"), &op);
    (void)mln_pack_find_text(attrs, MLN_S("tg"), &to);
    if (op == MLN_OP_NOTIFY || mln_ident_place(to, &e->cse->names, &local) != MLN_PLACE_HERE) {
        mln_fault_set(e->fault, "the request may be on its way");
        MLN_FAIL(RECALL);
    }
    return MLN_OK;
}

static mln_err removed(const struct mln_change *c, const struct mln_resource *r)
{
    return forget_pending(c, r->id);
}

/* ---- results that another CSE tells ---- */

bool mln_req_concerns(const struct mln_exec *e)
{
    return e->req.op == MLN_OP_NOTIFY && e->req.pc && e->req.pc->kind == MLN_V_OBJECT &&
           e->req.pc->items.first && mln_slice_eq(e->req.pc->items.first->name, MLN_S("m2m:rsp"));
}

/* Is it a request that went in a delivery, and has no result yet? */
static bool is_handed_over(const struct mln_resource *r)
{
    struct mln_slice mi;
    uint64_t status;
    bool da = false;

    return mln_pack_find_u64(r->attrs, MLN_S("rs"), &status) && status == STATUS_PENDING &&
           mln_pack_find(r->attrs, MLN_S("mi"), &mi) && mln_pack_find_bool(mi, MLN_S("da"), &da) &&
           da;
}

/* The CSE that it was for tells its result, or the neighbour that leads there: nobody else can
 * write into it. docs/decisions/0040 */
static mln_err decide(struct mln_exec *e, enum mln_verdict *ret)
{
    const struct mln_resource *r = &e->target.resource;
    const struct mln_entity *from = &e->originator.entity;
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_entity host;
    struct mln_remote way;
    struct mln_reach reach;
    struct mln_slice to;
    mln_err err;

    *ret = MLN_VERDICT_NONE;
    if (e->req.op != MLN_OP_NOTIFY) {
        return MLN_OK;
    }
    *ret = MLN_VERDICT_DENY;
    if (!is_handed_over(r) || !mln_pack_find_text(r->attrs, MLN_S("tg"), &to) ||
        !mln_remote_host(e->cse, to, &host)) {
        return MLN_OK;
    }
    err = mln_remote_route(&l, to, false, &way, &reach);
    if (mln_entity_eq(from, &host) || (!mln_failed(err) && mln_entity_eq(from, &way.cse))) {
        *ret = MLN_VERDICT_PERMIT;
    }
    return err.code == MLN_ERR_NOT_FOUND || err.code == MLN_ERR_NOT_REACHABLE ? MLN_OK : err;
}

static mln_err perform_notify(struct mln_exec *e)
{
    const struct mln_value *root = mln_req_concerns(e) ? e->req.pc->items.first : NULL;
    const struct mln_value *rqi = mln_value_get(root, MLN_S("rqi"));
    const struct mln_value *pc = mln_value_get(root, MLN_S("pc"));
    struct mln_change c = mln_exec_change(e, mln_env_now_us(e->cse->options.env));
    struct mln_response response = { 0 };
    struct mln_slice rid;
    struct mln_buf out;
    uint64_t rsc = 0;

    if (!rqi || rqi->kind != MLN_V_TEXT ||
        !mln_value_u64(mln_value_get(root, MLN_S("rsc")), &rsc) ||
        !mln_rsc_is_final((enum mln_rsc)rsc) ||
        !mln_pack_find_text(e->target.resource.attrs, MLN_S("rid"), &rid) ||
        !mln_slice_eq(rid, rqi->text)) {
        mln_fault_set(e->fault, "no result of this request");
        MLN_FAIL(BAD_REQUEST);
    }
    response.rsc = (enum mln_rsc)rsc;
    response.rqi = rid;
    if (pc) {
        mln_buf_init(&out, e->arena, mln_exec_answer_limit(e));
        mln_pack_value(&out, pc);
        MLN_TRY(mln_buf_finish(&out, &response.pc));
    }
    MLN_TRY(mln_write_begin(e->view, mln_access_internal_grant(), &c.write));
    e->has_written = true;
    return mln_req_complete(&c, e->target.resource.id, &response);
}

const struct mln_type_ops mln_req_ops = {
    .ty = MLN_TY_REQ,
    .operations = (MLN_OPS_CRUD & ~(1 << MLN_OP_CREATE)) | MLN_OPS_NOTIFY,
    .is_private = true,
    .decide = decide,
    .del = { .validate = validate_delete },
    .notify = { .perform = perform_notify },
    .removed = removed,
};
