/* Accepting requests and carrying them out later. */
#include "cse/pipeline/accept.h"

#include "base/association.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "cse/notify/reach.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/kept.h"
#include "cse/types/dlv.h"
#include "cse/types/req.h"

enum { PAUSE_US = 1000000 }; /* before a result that could not be stored is tried again */

/* A request that was accepted. */
struct mln_accepted {
    struct mln_call call; /* carries it out */
    struct mln_peer peer;
    struct mln_association *association;
    struct mln_worker *worker;
    struct mln_arena *arena;
    uint64_t bytes;
    uint64_t id; /* of the <request> */
    int64_t et_us;
    bool is_handed_over;    /* it goes in a delivery: cse/types/dlv.h */
    bool is_complete;       /* the result is in the transaction of the write */
    struct mln_slice kept;  /* for another run of the server; empty: it could not do it */
    bool is_again;          /* an earlier run has accepted it */
    bool is_begun;          /* so it is in the store, too: who knows whether it was carried out? */
    struct mln_exec *marks; /* which is to go on when that is written */
    uint64_t credential_state; /* when it was accepted, by an earlier run; or 0 */
    void (*done)(void *data);
    void *data;
    /* the job under way */
    mln_err (*work)(struct mln_accepted *a, struct mln_view *view, struct mln_arena *arena);
    struct mln_job job;
    struct mln_task task;
    mln_err result;
    void *timer;
    struct mln_accepted *next_unstored; /* those whose timer is set */
};

static void executed(struct mln_call *call);

static struct mln_accepted *accepted_of(const struct mln_exec *e)
{
    return e->call && e->call->done == executed ? e->call->owner : NULL;
}

/* Whoever begins those of earlier runs may begin another one. */
static void give_place(struct mln_accepted *a)
{
    void (*done)(void *data) = a->done;

    a->done = NULL;
    if (done) {
        done(a->data);
    }
}

static void release(struct mln_accepted *a)
{
    give_place(a);
    a->worker->accepted--;
    a->worker->accepted_bytes -= a->bytes;
    mln_association_unref(a->association);
    mln_arena_free(a->arena);
    mln_free(a);
}

/* ---- jobs ---- */

static struct mln_accepted *of_job(struct mln_job *job)
{
    return (struct mln_accepted *)(void *)((char *)job - offsetof(struct mln_accepted, job));
}

static struct mln_accepted *of_task(struct mln_task *task)
{
    return (struct mln_accepted *)(void *)((char *)task - offsetof(struct mln_accepted, task));
}

static mln_err run_job(struct mln_job *job, struct mln_view *view)
{
    struct mln_accepted *a = of_job(job);
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *scratch =
        mln_arena_new((size_t)a->worker->cse->options.limits->request_arena_bytes);

    MLN_REQUIRE(scratch, NO_MEMORY);
    return a->work(a, view, scratch);
}

static void job_done(struct mln_job *job, mln_err result)
{
    struct mln_accepted *a = of_job(job);

    a->result = result;
    a->worker->ops.post(a->worker->ops.loop, &a->task);
}

/* `then` follows with a->result, unless this fails. */
static mln_err submit(struct mln_accepted *a,
                      mln_err (*work)(struct mln_accepted *a, struct mln_view *view,
                                      struct mln_arena *arena),
                      void (*then)(struct mln_task *task))
{
    a->work = work;
    a->job = (struct mln_job){ .run = run_job, .done = job_done };
    a->task.run = then;
    return mln_store_submit(a->worker->cse->options.store, &a->job);
}

/* ---- carrying out ---- */

static void store_result(struct mln_accepted *a);

static mln_err complete(struct mln_accepted *a, struct mln_view *view, struct mln_arena *arena)
{
    struct mln_cse *cse = a->worker->cse;
    struct mln_change c = {
        .cse = cse, .view = view, .arena = arena, .now_us = mln_env_now_us(cse->options.env)
    };

    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &c.write));
    return mln_req_complete(&c, a->id, &a->call.response);
}

static mln_err mark(struct mln_accepted *a, struct mln_view *view, struct mln_arena *arena,
                    bool is_begun)
{
    struct mln_change c = { .cse = a->worker->cse, .view = view, .arena = arena };

    if (!a->kept.len) {
        return MLN_OK;
    }
    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &c.write));
    MLN_TRY(mln_req_mark(&c, a->id, is_begun));
    a->is_begun = is_begun;
    return MLN_OK;
}

static void unlink_unstored(struct mln_accepted *a)
{
    struct mln_accepted **link = &a->worker->unstored;

    while (*link != a) {
        link = &(*link)->next_unstored;
    }
    *link = a->next_unstored;
}

static void try_again(struct mln_task *task)
{
    struct mln_accepted *a = of_task(task);

    a->timer = NULL;
    unlink_unstored(a);
    store_result(a);
}

/* What cannot be stored for its size will not be stored later either. */
static void make_small(struct mln_accepted *a)
{
    struct mln_response *r = &a->call.response;

    *r =
        (struct mln_response){ .rsc = MLN_RSC_INTERNAL_SERVER_ERROR, .rqi = r->rqi, .rvi = r->rvi };
}

static void store_later(struct mln_accepted *a, mln_err err)
{
    struct mln_worker *w = a->worker;

    if (err.code == MLN_ERR_LIMIT || err.code == MLN_ERR_NO_MEMORY) {
        make_small(a);
    }
    mln_log(MLN_LOG_WARNING, "cse", "the result of a request cannot be stored yet: %s",
            mln_err_text(err));
    a->task.run = try_again;
    a->timer = w->is_stopped ? NULL : w->ops.after(w->ops.loop, PAUSE_US, &a->task);
    if (!a->timer) {
        release(a);
        return;
    }
    a->next_unstored = w->unstored;
    w->unstored = a;
}

static void stored(struct mln_task *task)
{
    struct mln_accepted *a = of_task(task);

    if (mln_failed(a->result)) {
        store_later(a, a->result);
    } else {
        release(a);
    }
}

static void store_result(struct mln_accepted *a)
{
    mln_err err = submit(a, complete, stored);

    if (mln_failed(err)) {
        store_later(a, err);
    }
}

static void executed(struct mln_call *call)
{
    struct mln_accepted *a = call->owner;
    bool has_succeeded = call->response.rsc < MLN_RSC_BAD_REQUEST;

    bool is_left = a->worker->is_stopped && a->kept.len && !a->is_begun && !a->is_complete;

    if (is_left || (a->is_complete && has_succeeded)) {
        release(a); /* what is left is the next run's */
    } else {
        store_result(a);
    }
}

mln_err mln_accept_check(const struct mln_exec *e)
{
    const struct mln_accepted *a = accepted_of(e);
    struct mln_resource unused;

    if (!a) {
        return MLN_OK;
    }
    MLN_TRY(mln_store_get(e->view, a->id, e->arena, &unused));
    if (a->is_again && a->association &&
        mln_kept_state(e->cse, a->association->credential_id) != a->credential_state) {
        mln_fault_set(e->fault, "the credential was removed or changed");
        MLN_FAIL(NOT_AUTHENTICATED);
    }
    return MLN_OK;
}

mln_err mln_accept_complete(struct mln_exec *e)
{
    struct mln_accepted *a = accepted_of(e);

    if (!a || (e->begin_wait && !e->leaves)) {
        return MLN_OK; /* or the answer is not whole yet */
    }
    e->has_written = true;
    if (e->begin_wait) { /* members that are here are written with this */
        return mark(a, e->view, e->arena, true);
    }
    MLN_TRY(complete(a, e->view, e->arena));
    a->is_complete = true;
    return MLN_OK;
}

static mln_err mark_leaves(struct mln_accepted *a, struct mln_view *view, struct mln_arena *arena)
{
    return mark(a, view, arena, a->marks->leaves);
}

static void begin_wait(struct mln_exec *e, mln_err err)
{
    struct mln_accepted *a = accepted_of(e);

    if (a) {
        give_place(a);
    }
    if (!mln_failed(err)) {
        err = e->worker->is_stopped ? MLN_ERROR(OVERLOAD) : e->begin_wait(e);
    }
    if (mln_failed(err)) {
        mln_exec_finish(e, err);
    }
}

static void marked(struct mln_task *task)
{
    struct mln_accepted *a = of_task(task);

    begin_wait(a->marks, a->result);
}

void mln_accept_begin_wait(struct mln_exec *e)
{
    struct mln_accepted *a = accepted_of(e);
    mln_err err;

    if (!a || !a->kept.len || a->is_begun == e->leaves) {
        begin_wait(e, MLN_OK);
        return;
    }
    a->marks = e;
    err = submit(a, mark_leaves, marked);
    if (mln_failed(err)) {
        mln_exec_finish(e, err);
    }
}

void mln_accept_stop(struct mln_worker *worker)
{
    while (worker->unstored) {
        struct mln_accepted *a = worker->unstored;

        worker->ops.cancel(worker->ops.loop, a->timer);
        worker->unstored = a->next_unstored;
        release(a);
    }
}

/* ---- may it be accepted? ---- */

static mln_err check_url(struct mln_exec *e, struct mln_slice url)
{
    const struct mln_outbound *out = &e->worker->ops.outbound;

    if (mln_reach_user(url) || !out->can_send(out->impl, url)) {
        mln_fault_set(e->fault, "rt: nu: nothing can be sent to this URL");
        MLN_FAIL(PARAM_INVALID);
    }
    return MLN_OK;
}

/* An <AE> that the originator may notify, or is. */
static mln_err check_entity(struct mln_exec *e, struct mln_slice target)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_access access;
    struct mln_resource r;
    bool permits = false;
    mln_err err = mln_locate_lookup(&l, target, &r);

    if (!mln_failed(err) && r.ty == MLN_TY_AE) {
        permits = e->originator.is_registered && mln_slice_eq(r.ri, e->originator.text);
        mln_exec_begin_access(e, e->arena, &access);
        if (!permits) {
            MLN_TRY(mln_access_permits(&access, &r, MLN_PRIVILEGE_NOTIFY, &permits));
        }
    } else if (err.code != MLN_ERR_NOT_FOUND) {
        MLN_TRY(err);
    }
    if (!permits) {
        mln_fault_set(e->fault, "rt: nu: %.*s is no <AE> that the originator may notify",
                      MLN_S_ARG(mln_slice_head(target, 100)));
        MLN_FAIL(PARAM_INVALID);
    }
    return MLN_OK;
}

static mln_err check_targets(struct mln_exec *e)
{
    const struct mln_value *nu = e->req.nu;

    if (e->req.rt != MLN_RT_NON_BLOCKING_ASYNCH || !nu) {
        return MLN_OK;
    }
    if (nu->items.count > e->cse->options.limits->notification_targets) {
        mln_fault_set(e->fault, "rt: nu: too many targets");
        MLN_FAIL(LIMIT);
    }
    for (const struct mln_value *v = nu->items.first; v; v = v->next) {
        struct mln_slice plain;
        struct mln_slice ct;

        MLN_TRY(mln_reach_strip(e->arena, v->text, &plain, &ct));
        MLN_TRY(mln_ident_is_url(plain) ? check_url(e, plain) : check_entity(e, plain));
    }
    return MLN_OK;
}

/* Who may not see it is told in the result that there is no such resource. */
static mln_err refuse_target(struct mln_exec *e, const struct mln_resource *target)
{
    bool shows;

    MLN_TRY(mln_exec_shows(e, e->arena, target, &shows));
    if (shows) {
        mln_fault_set(e->fault, "rt: requests to this resource are blocking");
        MLN_FAIL(BAD_REQUEST);
    }
    return MLN_OK;
}

/* spec: TS-0004 7.4.11.2, 7.4.12.2.2 to 7.4.12.2.4, 7.4.22.2.2: these are blocking only */
static mln_err check_target(struct mln_exec *e)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_target target = { 0 };
    struct mln_slice local;
    mln_err err;

    if (mln_ident_place(e->req.to, &e->cse->names, &local) != MLN_PLACE_HERE) {
        return MLN_OK; /* another CSE knows what it is */
    }
    err = mln_locate_resolve(&l, local, true, &target);
    if (err.code != MLN_ERR_NOT_FOUND) {
        MLN_TRY(err); /* one that is not there may be when the request is carried out */
    }
    return target.resource.ty == MLN_TY_REQ || target.resource.ty == MLN_TY_DLV ||
                   target.virtual_child == MLN_VIRTUAL_POLLING
               ? refuse_target(e, &target.resource)
               : MLN_OK;
}

static mln_err check_originator(struct mln_exec *e)
{
    const struct mln_originator *o = &e->originator;

    if (o->is_registered || o->is_admin || (o->is_proved && !o->is_newcomer)) {
        return MLN_OK;
    }
    mln_fault_set(e->fault, "rt: only who is registered here may leave requests");
    MLN_FAIL(NO_PRIVILEGE);
}

/* How long the <request> is kept. spec: TS-0004 table 7.3.2.2-1 expirationTime */
static mln_err choose_expiration(struct mln_exec *e, int64_t *ret)
{
    const struct mln_limits *limits = e->cse->options.limits;
    int64_t executed_us = e->req.oet_us > e->arrival_us ? e->req.oet_us : e->arrival_us;
    int64_t et = executed_us + (int64_t)limits->result_ms * 1000;

    if (executed_us - e->arrival_us > (int64_t)limits->execution_ms * 1000) {
        mln_fault_set(e->fault, "oet: later than this CSE lets a request wait");
        MLN_FAIL(NOT_ACCEPTABLE);
    }
    if (e->req.rset_us != MLN_NO_TIME) {
        et = e->req.rset_us;
    }
    if (e->req.rp_us != MLN_NO_TIME) {
        et = e->req.rp_us;
    }
    if (et <= executed_us || et - e->arrival_us > (int64_t)limits->persistence_ms * 1000) {
        mln_fault_set(e->fault, "the result cannot be kept that long, or is not wanted at all");
        MLN_FAIL(NOT_ACCEPTABLE);
    }
    *ret = et;
    return MLN_OK;
}

/* ---- accepting ---- */

static struct mln_exec *exec_of_job(struct mln_job *job)
{
    return (struct mln_exec *)(void *)((char *)job - offsetof(struct mln_exec, job));
}

/* {"m2m:uri": address of the <request>}. spec: TS-0004 7.3.2.3 */
static mln_err acknowledge(struct mln_exec *e, const struct mln_resource *request)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_slice path;
    struct mln_buf out;

    MLN_TRY(mln_locate_path(&l, request, &path));
    mln_buf_init(&out, e->arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:uri"));
    mln_pack_text(&out, path);
    MLN_TRY(mln_buf_finish(&out, &e->response->pc));
    e->response->rsc = e->req.rt == MLN_RT_NON_BLOCKING_SYNCH
                           ? MLN_RSC_ACCEPTED_NON_BLOCKING_REQUEST_SYNCH
                           : MLN_RSC_ACCEPTED_NON_BLOCKING_REQUEST_ASYNCH;
    return MLN_OK;
}

static mln_err accept_in_view(struct mln_exec *e)
{
    struct mln_change c;
    struct mln_resource request;

    MLN_TRY(mln_exec_walk(e, mln_stage_route));
    MLN_TRY(check_originator(e));
    MLN_TRY(check_target(e));
    MLN_TRY(check_targets(e));
    c = mln_exec_change(e, mln_env_now_us(e->cse->options.env));
    MLN_TRY(mln_write_begin(e->view, mln_access_internal_grant(), &c.write));
    if (e->accepting->is_handed_over) {
        MLN_TRY(mln_dlv_check_collect(e, &c, e->accepting->call.params, e->accepting->et_us));
    }
    MLN_TRY(mln_req_store(e, &c, e->accepting->et_us, e->accepting->kept, &request));
    e->accepting->id = request.id;
    if (e->accepting->is_handed_over) {
        MLN_TRY(mln_dlv_collect(e, &c, e->accepting->call.params, &request));
    }
    return acknowledge(e, &request);
}

static mln_err run_accept(struct mln_job *job, struct mln_view *view)
{
    struct mln_exec *e = exec_of_job(job);
    mln_err err;

    e->view = view;
    e->may_write = true;
    err = accept_in_view(e);
    e->view = NULL;
    e->may_write = false;
    return err;
}

static void answer(struct mln_task *task)
{
    struct mln_exec *e =
        (struct mln_exec *)(void *)((char *)task - offsetof(struct mln_exec, task));
    struct mln_accepted *a = e->accepting;
    bool has_failed = mln_failed(e->outcome);

    mln_exec_finish(e, e->outcome); /* the last use of e */
    if (has_failed || a->is_handed_over || a->worker->is_stopped) {
        release(a);
    } else {
        mln_cse_call(a->worker, &a->call);
    }
}

static void accept_done(struct mln_job *job, mln_err result)
{
    struct mln_exec *e = exec_of_job(job);

    e->outcome = result;
    e->task.run = answer;
    e->worker->ops.post(e->worker->ops.loop, &e->task);
}

/* A time that was said from the arrival on stays what it was. */
static mln_err set_time(struct mln_accepted *a, struct mln_slice name, int64_t us)
{
    char text[MLN_TIMESTAMP_SIZE];
    struct mln_slice copy;

    if (us == MLN_NO_TIME) {
        return MLN_OK;
    }
    mln_timestamp_format(text, us);
    MLN_REQUIRE(mln_arena_dup(a->arena, mln_slice_of(text, sizeof text), &copy), NO_MEMORY);
    (void)mln_value_take(a->call.params, name);
    return mln_value_set(a->call.params, name, mln_value_text(a->arena, copy));
}

/* The call of its own: what came with the connection goes with it. */
static mln_err copy_call(const struct mln_exec *e, struct mln_accepted *a)
{
    struct mln_buf out;
    struct mln_slice packed;

    a->arena = mln_arena_new((size_t)e->cse->options.limits->request_arena_bytes);
    MLN_REQUIRE(a->arena, NO_MEMORY);
    mln_buf_init(&out, a->arena, SIZE_MAX);
    mln_pack_value(&out, e->call->params);
    MLN_TRY(mln_buf_finish(&out, &packed));
    MLN_TRY(mln_pack_to_value(packed, a->arena, &a->call.params));
    (void)mln_value_take(a->call.params, MLN_S("rt"));
    (void)mln_value_take(a->call.params, MLN_S("rp"));
    (void)mln_value_take(a->call.params, MLN_S("da")); /* members of a group are asked at once */
    MLN_TRY(set_time(a, MLN_S("rqet"), e->req.rqet_us));
    MLN_TRY(set_time(a, MLN_S("rset"), e->req.rset_us));
    MLN_TRY(set_time(a, MLN_S("oet"), e->req.oet_us));
    a->call.arena = a->arena;
    a->call.done = executed;
    a->call.owner = a;
    if (e->peer) {
        a->peer = *e->peer;
        a->call.peer = &a->peer;
    }
    return mln_kept_pack(e->cse, &a->call, &a->kept);
}

/* Many small requests may wait, or a few large ones. */
static mln_err charge(struct mln_accepted *a)
{
    struct mln_worker *w = a->worker;

    a->bytes = mln_arena_used(a->arena);
    w->accepted_bytes += a->bytes;
    MLN_REQUIRE(w->accepted_bytes <= w->cse->options.limits->accepted_bytes, OVERLOAD);
    return MLN_OK;
}

/* Half of the places are kept from those that wait for their time, and do so for long. */
static mln_err check_places(const struct mln_exec *e)
{
    const struct mln_worker *w = e->worker;
    uint64_t most = e->cse->options.limits->accepted;

    most -= e->req.oet_us > e->arrival_us ? most / 2 : 0;
    MLN_REQUIRE(!w->is_stopped && w->accepted < most, OVERLOAD);
    return MLN_OK;
}

static mln_err prepare(struct mln_exec *e, struct mln_accepted **ret)
{
    struct mln_worker *w = e->worker;
    struct mln_accepted *a;
    mln_err err;

    MLN_TRY(check_places(e));
    a = mln_calloc(1, sizeof *a);
    MLN_REQUIRE(a, NO_MEMORY);
    a->worker = w;
    w->accepted++;
    err = choose_expiration(e, &a->et_us);
    if (!mln_failed(err)) {
        err = copy_call(e, a);
    }
    if (!mln_failed(err)) {
        err = charge(a);
    }
    if (mln_failed(err)) {
        release(a);
        return err;
    }
    if (a->peer.association) {
        struct mln_association *shared;

        memcpy(&shared, &a->peer.association, sizeof shared); /* only its references are counted */
        a->association = mln_association_ref(shared);
    }
    a->is_handed_over = e->is_transit && mln_exec_aggregates(e);
    *ret = a;
    return MLN_OK;
}

/* ---- what another run has accepted ---- */

static mln_err read_kept(struct mln_accepted *a)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    struct mln_resource request;

    MLN_TRY(mln_view_begin(a->worker->reader, &view));
    MLN_TRY(mln_req_kept(view, a->id, a->arena, &a->kept));
    MLN_TRY(mln_store_get(view, a->id, a->arena, &request));
    return mln_kept_read(a->kept, request.attrs, &a->call, &a->peer, &a->association,
                         &a->credential_state);
}

mln_err mln_accept_again(struct mln_worker *worker, uint64_t id, void (*done)(void *data),
                         void *data)
{
    struct mln_accepted *a;
    mln_err err;

    MLN_REQUIRE(!worker->is_stopped, OVERLOAD);
    a = mln_calloc(1, sizeof *a);
    MLN_REQUIRE(a, NO_MEMORY);
    a->worker = worker;
    a->id = id;
    a->is_again = true;
    a->arena = mln_arena_new((size_t)worker->cse->options.limits->request_arena_bytes);
    worker->accepted++;
    a->call = (struct mln_call){ .arena = a->arena, .done = executed, .owner = a };
    err = a->arena ? read_kept(a) : MLN_ERROR(NO_MEMORY);
    if (mln_failed(err)) {
        release(a);
        return err;
    }
    a->bytes = mln_arena_used(a->arena);
    worker->accepted_bytes += a->bytes;
    a->done = done;
    a->data = data;
    a->peer.association = a->association;
    a->call.peer = &a->peer;
    mln_cse_call(worker, &a->call);
    return MLN_OK;
}

mln_err mln_stage_accept(struct mln_exec *e, enum mln_step *ret)
{
    mln_err err;

    if (e->req.rt == MLN_RT_BLOCKING || e->req.rt == MLN_RT_NO_RESPONSE || e->explanation) {
        return MLN_OK; /* that without response is for another CSE */
    }
    if (e->req.op == MLN_OP_CREATE && (e->req.ty == MLN_TY_AE || e->req.ty == MLN_TY_CSR)) {
        mln_fault_set(e->fault, "rt: a registration is blocking");
        MLN_FAIL(BAD_REQUEST);
    }
    if (e->req.op == MLN_OP_CREATE && e->req.ty == MLN_TY_DLV) {
        mln_fault_set(e->fault, "rt: a <delivery> is created by a blocking request");
        MLN_FAIL(BAD_REQUEST);
    }
    MLN_TRY(prepare(e, &e->accepting));
    e->job = (struct mln_job){ .run = run_accept, .done = accept_done };
    err = mln_store_submit(e->cse->options.store, &e->job);
    if (mln_failed(err)) {
        release(e->accepting);
        return err;
    }
    *ret = MLN_STEP_PARKED;
    return MLN_OK;
}
