/* The runner: takes a call through its stages, on the worker and on the store's executor.
 *
 * A read runs on a snapshot of the worker. A write becomes a job of the store, which may run
 * more than once; whatever a stage keeps in the exec is therefore reset before each attempt. The
 * answer leaves on the worker, after the commit. spec: TS-0004 7.2.2.2 */
#include "cse/pipeline/pipeline.h"

#include "base/log.h"
#include "cse/access/claims.h"
#include "cse/access/elsewhere.h"
#include "cse/access/gather.h"
#include "cse/access/proof.h"
#include "cse/access/repository.h"
#include "cse/group/fan_out.h"
#include "cse/notify/block.h"
#include "cse/notify/monitor.h"
#include "cse/pipeline/accept.h"
#include "cse/pipeline/consult.h"
#include "cse/pipeline/pending.h"
#include "cse/remote/announce.h"
#include "cse/remote/buffer.h"
#include "cse/remote/courier.h"
#include "cse/remote/transit.h"
#include "cse/stats/stats.h"
#include "cse/types/alst.h"
#include "cse/types/req.h"

static mln_stage_fn refuse_pending; /* while one of the same Request Identifier waits */
static mln_stage_fn wait_for_time;  /* not before the Operation Execution Time */

static const struct {
    const char *name;
    mln_stage_fn *run;
    bool needs_view;
} pipeline[] = {
    { "Recv-1.0", mln_stage_check, false },
    { "Recv-1.0 pending", refuse_pending, false },
    { "Recv-3.0", mln_stage_accept, false },
    { "Recv-2.0", wait_for_time, false },
    { "Recv-1.0 originator", mln_stage_identify, true },
    { "Recv-6.1", mln_stage_route, true },
    /* behind Recv-6.1, so that a registration for another CSE is refused as such */
    { "Recv-6.0.2", mln_stage_admit, true },
    { "Recv-6.2", mln_stage_resolve, true },
    { "Recv-6.3", mln_stage_authorise, true },
    { "Recv-6.4", mln_stage_validate, true },
    { "Recv-6.5", mln_stage_perform, true },
};

enum { STAGES = sizeof pipeline / sizeof pipeline[0] };

static void run_on_worker(struct mln_exec *e);
static void conclude(struct mln_exec *e, mln_err err);
static bool ask_elsewhere(struct mln_exec *e);

const struct mln_value *mln_exec_attributes(const struct mln_request *req)
{
    bool has = (req->op == MLN_OP_CREATE || req->op == MLN_OP_UPDATE) && req->pc &&
               req->pc->kind == MLN_V_OBJECT && req->pc->items.first;

    return has && req->pc->items.first->kind == MLN_V_OBJECT ? req->pc->items.first : NULL;
}

/* ---- access ---- */

/* Each thread has policies of its own: so no lock is needed. */
static struct mln_policy_cache *policies_of(const struct mln_exec *e)
{
    if (e->may_write) {
        return e->cse->policies;
    }
    return e->is_long ? e->cse->long_reads->policies : e->worker->policies;
}

/* What Content says of the definition of a new resource; it is not checked yet. */
static void read_definition(const struct mln_value *attributes, struct mln_specialization *ret)
{
    const struct mln_value *container = mln_value_get(attributes, MLN_S("cnd"));

    if (!mln_value_u64(mln_value_get(attributes, MLN_S("mgd")), &ret->management)) {
        ret->management = 0;
    }
    if (container && container->kind == MLN_V_TEXT) {
        ret->container = container->text;
    }
}

void mln_exec_begin_access(const struct mln_exec *e, struct mln_arena *arena,
                           struct mln_access *ret)
{
    struct mln_access_request request = {
        .arrival_us = e->arrival_us,
        .peer = e->peer,
        .policies = policies_of(e),
        .claims = e->claims,
        .elsewhere = e->elsewhere,
        .trace = e->trace,
    };

    if (e->req.op == MLN_OP_CREATE) {
        request.created_ty = e->req.ty;
        read_definition(e->attributes, &request.created);
    }
    mln_access_begin(ret, e->cse, e->view, arena, &e->originator, &request);
}

/* ---- the end of a call ---- */

/* spec: TS-0003 7.3.2.3 step 7: those of the tokens that were needed */
static void assign_local_tokens(struct mln_exec *e)
{
    struct mln_response *r = e->response;

    if (mln_failed(mln_claims_assignments(e->claims, e->arena, &r->ati, &r->ati_count))) {
        r->ati_count = 0; /* without memory the originator has none, and sends the token again */
    }
}

void mln_exec_finish(struct mln_exec *e, mln_err err)
{
    struct mln_call *call = e->call;

    mln_explain_restore(e);
    mln_block_end(e);
    (void)mln_buffer_leave(e);
    if (mln_failed(err)) {
        mln_respond_error(e, err);
    } else if (!e->transit) {
        assign_local_tokens(e);
        mln_stats_tell(e);
    }
    mln_monitor_end(e, err);
    mln_audit_end(e, err);
    mln_claims_done(e->claims);
    call->done(call);
}

/* ---- stages in a view ---- */

/* Only the thread for long reads takes its time. */
static void begin_effort(struct mln_exec *e)
{
    const struct mln_limits *limits = e->cse->options.limits;
    struct mln_worker *long_reads = e->cse->long_reads;

    if (e->effort && e->effort != &e->own_effort) {
        return; /* a member's request: its group counts */
    }
    e->effort = &e->own_effort;
    *e->effort = (struct mln_effort){
        .most = e->is_long || !(long_reads || e->may_write) ? limits->scan : limits->quick_scan,
        .moves = long_reads && !e->is_long && !e->may_write,
    };
}

static void reset_attempt(struct mln_exec *e)
{
    e->originator = (struct mln_originator){ 0 };
    e->admission = (struct mln_admission){ 0 };
    e->is_permitted = false;
    e->write = NULL;
    e->target = (struct mln_target){ 0 };
    e->type = NULL;
    e->result = (struct mln_resource){ 0 };
    e->is_fan_out = false;
    e->answered = false;
    e->begin_wait = NULL;
    e->leaves = false;
    e->has_written = false;
    e->is_vacant = false;
    e->wants_copies = false;
    e->is_told = false;
    e->observed = NULL;
    e->response->pc = (struct mln_slice){ 0 };
    e->response->content_status = MLN_CONTENT_UNSAID;
    e->response->content_offset = 0;
    if (e->owns_fan) {
        e->fan = NULL;
        e->owns_fan = false;
    }
    if (e->call) { /* members of a group share those of their group */
        mln_claims_reset(e->claims);
    }
    mln_elsewhere_use(e->elsewhere, !e->may_write && !e->is_long);
    begin_effort(e);
    mln_fault_clear(e->fault);
}

/* spec: TS-0001 8.1.2 */
static mln_err check_expiration(struct mln_exec *e)
{
    int64_t now_us = mln_env_now_us(e->cse->options.env);

    if (e->req.rqet_us != MLN_NO_TIME && e->req.rqet_us <= now_us) {
        mln_fault_set(e->fault, "the Request Expiration Timestamp has passed");
        MLN_FAIL(TIMEOUT);
    }
    if (e->req.rset_us != MLN_NO_TIME && e->req.rset_us <= now_us) {
        mln_fault_set(e->fault, "the Result Expiration Timestamp has passed");
        MLN_FAIL(TIMEOUT);
    }
    return MLN_OK;
}

/* Walks the stages that need the view, up to `last`, or to the end and to the answer. */
mln_err mln_exec_walk(struct mln_exec *e, mln_stage_fn *last)
{
    enum mln_step step = MLN_STEP_NEXT;

    reset_attempt(e);
    MLN_TRY(check_expiration(e));
    MLN_TRY(mln_accept_check(e));
    MLN_TRY(mln_courier_check(e));
    if (e->explanation) {
        return mln_explain(e, last != NULL);
    }
    for (unsigned i = 0; i < STAGES; i++) {
        if (!pipeline[i].needs_view) {
            continue;
        }
        MLN_TRY(pipeline[i].run(e, &step));
        e->is_permitted |= pipeline[i].run == mln_stage_authorise;
        if (pipeline[i].run == last) {
            return MLN_OK;
        }
    }
    MLN_TRY(e->answered ? MLN_OK : mln_respond_success(e));
    return mln_stats_note(e);
}

/* Failures that concern more than one member of a group: the whole request ends with them. */
static bool is_fatal(mln_err err)
{
    enum mln_err_class class = mln_err_class(err);

    return class == MLN_ERR_CLASS_RESOURCE || class == MLN_ERR_CLASS_INTERNAL;
}

/* The decisions of a write, and of all members of a group, without what follows from them. */
static mln_err decide(struct mln_exec *e)
{
    bool is_subscription = e->req.op == MLN_OP_CREATE && e->req.ty == MLN_TY_SUB;

    MLN_TRY(mln_exec_walk(e, is_subscription ? mln_stage_validate : mln_stage_authorise));
    return e->is_fan_out ? mln_fan_out(e) : MLN_OK;
}

mln_err mln_exec_in_view(struct mln_exec *e)
{
    mln_err err = e->is_rehearsal ? decide(e) : mln_exec_walk(e, NULL);

    if (mln_failed(err) && err.code != MLN_ERR_LONG_READ) {
        mln_respond_error(e, err);
        MLN_TRY(mln_audit_member(e, err));
    }
    MLN_TRY(mln_monitor_member(e));
    return mln_failed(err) && (e->has_written || is_fatal(err)) ? err : MLN_OK;
}

/* ---- writes ---- */

static struct mln_exec *of_job(struct mln_job *job)
{
    return (struct mln_exec *)(void *)((char *)job - offsetof(struct mln_exec, job));
}

static struct mln_exec *of_task(struct mln_task *task)
{
    return (struct mln_exec *)(void *)((char *)task - offsetof(struct mln_exec, task));
}

static mln_err run_job(struct mln_job *job, struct mln_view *view)
{
    struct mln_exec *e = of_job(job);
    mln_err err;

    e->view = view;
    e->may_write = true;
    err = mln_exec_walk(e, NULL);
    if (!mln_failed(err) && mln_elsewhere_wanted(e->elsewhere)) {
        err = MLN_ERROR(ELSEWHERE_WANTED); /* something was left out that others may permit */
    }
    if (!mln_failed(err)) {
        err = mln_accept_complete(e);
    }
    if (!mln_failed(err)) {
        err = mln_courier_complete(e);
    }
    e->view = NULL;
    e->may_write = false;
    return err;
}

static void answer_job(struct mln_task *task)
{
    struct mln_exec *e = of_task(task);
    if (!mln_failed(e->outcome) && e->wants_copies && mln_announce_wait(e)) {
        return; /* goes on by mln_exec_resume */
    }
    if (mln_failed(e->outcome) && !is_fatal(e->outcome) && ask_elsewhere(e)) {
        return;
    }
    conclude(e, e->outcome.code == MLN_ERR_BLOCKED ? MLN_OK : e->outcome);
}

static void job_done(struct mln_job *job, mln_err result)
{
    struct mln_exec *e = of_job(job);

    mln_stats_committed(e->cse);
    e->outcome = result;
    e->task.run = answer_job;
    e->worker->ops.post(e->worker->ops.loop, &e->task);
}

static void submit(struct mln_exec *e)
{
    mln_err err;

    e->job = (struct mln_job){ .run = run_job, .done = job_done };
    err = mln_store_submit(e->cse->options.store, &e->job);
    if (mln_failed(err)) {
        mln_exec_finish(e, err);
    }
}

/* Group request identifiers are remembered by the executor, so such requests go there too; and a
 * NOTIFY that this CSE writes down. */
static bool needs_executor(const struct mln_exec *e)
{
    return e->req.op == MLN_OP_CREATE || e->req.op == MLN_OP_UPDATE || e->req.op == MLN_OP_DELETE ||
           (e->req.op == MLN_OP_RETRIEVE && e->req.gid.len > 0) || mln_contacts_concerns(e) ||
           mln_req_concerns(e);
}

/* ---- waiting ---- */

static struct mln_pending_id pending_id(const struct mln_exec *e)
{
    const struct mln_association *a = e->peer ? e->peer->association : NULL;

    return (struct mln_pending_id){
        .originator = e->req.fr,
        .request_id = e->req.rqi,
        .credential = a ? a->credential_id : (struct mln_slice){ 0 },
        .is_trusted = mln_proof_is_trusted(e->peer),
    };
}

/* spec: TS-0001 7.1.7 */
static mln_err refuse_pending(struct mln_exec *e, enum mln_step *ret)
{
    struct mln_pending_id id = pending_id(e);

    (void)ret;
    MLN_REQUIRE(!mln_pending_has(e->cse->pending, &id), REQUEST_PENDING);
    return MLN_OK;
}

mln_err mln_exec_park(struct mln_exec *e)
{
    struct mln_pending_id id = pending_id(e);

    MLN_REQUIRE(e->worker->parked < e->cse->options.limits->parked, OVERLOAD);
    MLN_TRY(mln_pending_enter(e->cse->pending, &id, &e->pending));
    e->worker->parked++;
    return MLN_OK;
}

static void unpark(struct mln_exec *e)
{
    mln_pending_leave(e->cse->pending, e->pending);
    e->pending = NULL;
    e->worker->parked--;
}

static void link_timed(struct mln_exec *e)
{
    struct mln_worker *w = e->worker;

    e->next_timed = w->timed;
    e->link_timed = &w->timed;
    if (w->timed) {
        w->timed->link_timed = &e->next_timed;
    }
    w->timed = e;
    w->timed_count++;
}

static void unlink_timed(struct mln_exec *e)
{
    e->worker->timed_count--;
    *e->link_timed = e->next_timed;
    if (e->next_timed) {
        e->next_timed->link_timed = e->link_timed;
    }
}

static void time_has_come(struct mln_task *task)
{
    struct mln_exec *e = of_task(task);

    unlink_timed(e);
    mln_exec_resume(e, MLN_OK);
}

void mln_exec_wake(struct mln_exec *e, mln_err outcome)
{
    struct mln_worker_ops *ops = &e->worker->ops;

    unlink_timed(e);
    ops->cancel(ops->loop, e->timer);
    mln_exec_resume(e, outcome);
}

/* It costs nothing to wait, nor does it end with the connection: so waiting is bounded, and leaves
 * places to those that wait for somebody else. */
mln_err mln_exec_park_until(struct mln_exec *e, int64_t until_us)
{
    struct mln_worker *w = e->worker;

    MLN_REQUIRE(!w->is_stopped && w->timed_count + w->polls < e->cse->options.limits->parked / 2,
                OVERLOAD);
    MLN_TRY(mln_exec_park(e));
    e->task.run = time_has_come;
    e->timer = w->ops.at(w->ops.loop, until_us, &e->task);
    if (!e->timer) {
        unpark(e);
        MLN_FAIL(NO_MEMORY);
    }
    link_timed(e);
    return MLN_OK;
}

/* spec: TS-0001 8.1.2 Operation Execution Time */
static mln_err wait_for_time(struct mln_exec *e, enum mln_step *ret)
{
    int64_t most_us = (int64_t)e->cse->options.limits->execution_ms * 1000;
    int64_t now_us = mln_env_now_us(e->cse->options.env);

    if (e->req.oet_us == MLN_NO_TIME || e->req.oet_us <= now_us || e->is_transit) {
        return MLN_OK;
    }
    if (e->req.oet_us - now_us > most_us) {
        mln_fault_set(e->fault, "oet: later than this CSE lets a request wait");
        MLN_FAIL(NOT_ACCEPTABLE);
    }
    MLN_TRY(mln_exec_park_until(e, e->req.oet_us));
    *ret = MLN_STEP_PARKED;
    return MLN_OK;
}

void mln_worker_stop(struct mln_worker *worker)
{
    worker->is_stopped = true;
    mln_accept_stop(worker);
    mln_blocks_stop(worker->cse->blocks, worker);
    while (worker->timed) {
        struct mln_exec *e = worker->timed;

        mln_fault_set(e->fault, "the server stops");
        mln_exec_wake(e, MLN_ERROR(OVERLOAD));
    }
}

void mln_exec_resume(struct mln_exec *e, mln_err outcome)
{
    unpark(e);
    if (mln_failed(outcome) || e->answered) {
        mln_exec_finish(e, outcome);
        return;
    }
    run_on_worker(e);
}

/* ---- roles and tokens ---- */

/* Do the policies permit the request by themselves? Then what else it carries is not looked at. */
static mln_err prepare_claims(struct mln_exec *e)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    mln_err err;

    MLN_TRY(mln_view_begin(e->worker->reader, &view));
    e->view = view;
    err = mln_gather(e, mln_exec_walk(e, mln_stage_authorise));
    mln_explain_restore(e);
    e->view = NULL;
    return err;
}

static void gather_claims(struct mln_exec *e)
{
    enum mln_step step = MLN_STEP_NEXT;
    mln_err err = prepare_claims(e);

    if (!mln_failed(err)) {
        mln_fault_clear(e->fault); /* it tells of the denial without them */
        err = mln_repository_start(e, &step);
    }
    if (mln_failed(err)) {
        mln_exec_finish(e, err);
    } else if (step == MLN_STEP_NEXT) {
        run_on_worker(e);
    }
}

/* ---- the worker's part ---- */

/* A registration that no rule admits ends here: all rules are looked at for it, while nobody else
 * could write. */
static mln_err admit_on_snapshot(struct mln_exec *e)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    mln_err err;

    if (!e->cse->options.enforces_profile || e->req.op != MLN_OP_CREATE || e->req.ty != MLN_TY_AE) {
        return MLN_OK;
    }
    MLN_TRY(mln_view_begin(e->worker->reader, &view));
    e->view = view;
    err = mln_exec_walk(e, mln_stage_admit);
    e->view = NULL;
    return err;
}

static void submit_write(struct mln_exec *e)
{
    mln_err err = admit_on_snapshot(e);

    if (mln_failed(err)) {
        mln_exec_finish(e, err);
    } else {
        submit(e);
    }
}

static mln_err read_on_snapshot(struct mln_exec *e, struct mln_reader *reader)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    mln_err err;

    MLN_TRY(mln_view_begin(reader, &view));
    e->view = view;
    err = mln_exec_walk(e, NULL);
    e->view = NULL;
    return err;
}

/* ---- groups of other CSEs ---- */

/* What an attempt has found does not count. */
static void drop_attempt(struct mln_exec *e)
{
    e->answered = false;
    e->is_permitted = false;
    e->owns_fan = false;
    e->fan = NULL;
}

/* Asks for those that decisions have noted. True: the request goes on elsewhere. */
static bool ask_elsewhere(struct mln_exec *e)
{
    enum mln_step step;
    mln_err err;

    if (!mln_elsewhere_wanted(e->elsewhere)) {
        return false;
    }
    drop_attempt(e);
    err = mln_elsewhere_start(e, &step);
    if (mln_failed(err)) {
        mln_exec_finish(e, err);
    } else if (step == MLN_STEP_NEXT) {
        run_on_worker(e);
    }
    return true;
}

/* ---- long reads ---- */

/* The stages are done: is it answered, or does somebody else have to do the rest? */
static void conclude(struct mln_exec *e, mln_err err)
{
    if (!mln_failed(err) && e->begin_wait) {
        mln_accept_begin_wait(e); /* goes on by mln_exec_resume */
    } else {
        mln_exec_finish(e, err);
    }
}

static void answer_read(struct mln_task *task)
{
    struct mln_exec *e = of_task(task);

    e->is_long = false;
    if (is_fatal(e->outcome) || !ask_elsewhere(e)) {
        conclude(e, e->outcome);
    }
}

static void read_long(struct mln_task *task)
{
    struct mln_exec *e = of_task(task);
    struct mln_worker *long_reads = e->cse->long_reads;

    e->is_long = true;
    e->outcome = read_on_snapshot(e, long_reads->reader);
    e->task.run = answer_read;
    e->worker->ops.post(e->worker->ops.loop, &e->task);
}

/* On the thread for long reads; a task of its own brings the request back. */
static void move_to_long_reads(struct mln_exec *e, void (*run)(struct mln_task *task))
{
    struct mln_worker *long_reads = e->cse->long_reads;

    e->task.run = run;
    long_reads->ops.post(long_reads->ops.loop, &e->task);
}

void mln_worker_take_long_reads(struct mln_worker *worker)
{
    worker->cse->long_reads = worker;
}

/* ---- transit ---- */

static mln_err prepare_transit(struct mln_exec *e)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    mln_err err;

    MLN_TRY(mln_view_begin(e->worker->reader, &view));
    e->view = view;
    err = mln_exec_walk(e, mln_stage_route);
    e->view = NULL;
    return err;
}

/* ---- rehearsals ---- */

/* Nobody waits on the executor: so a write is decided on a snapshot before, to learn which groups
 * it needs. How that ends does not matter; the decision that counts is made later. The first such
 * group of all is learned on the executor: then the request comes back. */
static mln_err decide_on_snapshot(struct mln_exec *e, struct mln_reader *reader)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    mln_err err;

    MLN_TRY(mln_view_begin(reader, &view));
    e->view = view;
    e->is_rehearsal = true;
    err = decide(e);
    e->is_rehearsal = false;
    e->view = NULL;
    drop_attempt(e);
    return err;
}

static void end_rehearsal(struct mln_task *task)
{
    struct mln_exec *e = of_task(task);

    e->is_long = false;
    if (!ask_elsewhere(e)) {
        e->is_rehearsed = true;
        run_on_worker(e);
    }
}

static void rehearse_long(struct mln_task *task)
{
    struct mln_exec *e = of_task(task);

    e->is_long = true;
    mln_ignore(decide_on_snapshot(e, e->cse->long_reads->reader));
    e->task.run = end_rehearsal;
    e->worker->ops.post(e->worker->ops.loop, &e->task);
}

/* True: the request goes on elsewhere. */
static bool rehearse(struct mln_exec *e)
{
    mln_err err;

    if (e->is_rehearsed || !e->elsewhere ||
        !(e->cse->names_far_groups || e->cse->options.group_host_count)) {
        return false;
    }
    err = decide_on_snapshot(e, e->worker->reader);
    if (err.code == MLN_ERR_LONG_READ) {
        move_to_long_reads(e, rehearse_long);
        return true;
    }
    e->is_rehearsed = !mln_elsewhere_wanted(e->elsewhere);
    return ask_elsewhere(e);
}

/* ---- where a call runs ---- */

/* Before it came to the executor. */
static void conclude_early(struct mln_exec *e, mln_err err)
{
    if (is_fatal(err) || !ask_elsewhere(e)) {
        mln_exec_finish(e, err);
    }
}

static void run_on_worker(struct mln_exec *e)
{
    enum mln_step step;
    mln_err err;

    if (e->is_transit) {
        conclude(e, prepare_transit(e));
        return;
    }
    if (mln_gather_concerns(e)) {
        gather_claims(e);
        return;
    }
    if (needs_executor(e) && rehearse(e)) {
        return;
    }
    err = mln_consult(e, &step);
    if (mln_failed(err)) {
        conclude_early(e, err);
        return;
    }
    if (step == MLN_STEP_PARKED) {
        return;
    }
    if (needs_executor(e)) {
        submit_write(e);
        return;
    }
    err = read_on_snapshot(e, e->worker->reader);
    if (err.code == MLN_ERR_LONG_READ) {
        move_to_long_reads(e, read_long);
        return;
    }
    if (!is_fatal(err) && ask_elsewhere(e)) {
        return;
    }
    conclude(e, err);
}

static mln_err run_first_stages(struct mln_exec *e, enum mln_step *ret)
{
    *ret = MLN_STEP_NEXT;
    for (unsigned i = 0; i < STAGES && !pipeline[i].needs_view && *ret == MLN_STEP_NEXT; i++) {
        MLN_TRY(pipeline[i].run(e, ret));
    }
    return MLN_OK;
}

void mln_cse_abandon(struct mln_call *call)
{
    struct mln_exec *e = call->state;

    if (e && e->abandoned) {
        e->abandoned(e);
    }
}

void mln_cse_call(struct mln_worker *worker, struct mln_call *call)
{
    struct mln_exec *e = mln_arena_zalloc(call->arena, 1, sizeof *e);
    enum mln_step step;
    mln_err err;

    mln_fault_clear(&call->fault);
    call->response = (struct mln_response){ .rsc = MLN_RSC_INTERNAL_SERVER_ERROR };
    call->state = e;
    if (!e) {
        call->done(call);
        return;
    }
    e->cse = worker->cse;
    e->worker = worker;
    e->serial = worker->serial++;
    e->call = call;
    e->arena = call->arena;
    e->peer = call->peer;
    e->arrival_us = mln_env_now_us(worker->cse->options.env);
    e->fault = &call->fault;
    e->response = &call->response;
    e->elsewhere = mln_elsewhere_new(e);
    err = run_first_stages(e, &step);
    if (mln_failed(err)) {
        mln_exec_finish(e, err);
    } else if (step == MLN_STEP_NEXT) {
        run_on_worker(e);
    }
}
