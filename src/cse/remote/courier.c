/* Carrying out deliveries. */
#include "cse/remote/courier.h"

#include "base/association.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rsc.h"
#include "base/timestamp.h"
#include "cse/notify/attempt.h"
#include "cse/notify/fresh.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/kept.h"
#include "cse/remote/govern.h"
#include "cse/remote/remote.h"
#include "cse/types/dlv.h"

enum {
    AT_ONCE = 16, /* deliveries under way; those that pause do not count */
    SHARE = 4,    /* of these in one queue */
    QUEUE_SIZE = 64,
    FIRST_PAUSE_US = 1000000,
    LONGEST_PAUSE_US = 60000000,
};

/* One delivery that is under way, or pauses. */
struct run {
    struct run *next;
    struct mln_courier *courier;
    uint64_t id;
    char queue[QUEUE_SIZE]; /* the beginning of its name: see struct mln_dlv_state */
    bool is_active;
    void *timer; /* of the pause */
    struct mln_task task;
    unsigned failures; /* in a row */
    /* while active */
    struct mln_arena *arena;
    struct mln_resource delivery;
    struct mln_dlv_state state;
    int64_t resume_us; /* when it goes on, if it waits for a time */
    struct mln_association *association;
    struct mln_peer peer;
    struct mln_call call; /* for us */
    struct mln_arena *call_arena;
    bool is_complete;           /* the result is in the transaction of the write */
    struct mln_attempt attempt; /* for another CSE */
    struct mln_slice next_cse;
    struct mln_govern_notice govern;
    /* what is to be noted */
    mln_err (*note)(struct run *r, const struct mln_change *c);
    enum mln_rsc failure;
    struct mln_job job;
    mln_err result;
};

struct mln_courier {
    struct mln_worker *worker;
    struct run *runs;
    unsigned active;
    bool has_more; /* than may be under way */
    bool is_looking;
    bool is_stopped;
};

static void step(struct run *r);
static void executed(struct mln_call *call);

/* ---- runs ---- */

static struct run *find(struct mln_courier *c, uint64_t id)
{
    struct run *r = c->runs;

    while (r && r->id != id) {
        r = r->next;
    }
    return r;
}

static void drop_call(struct run *r)
{
    mln_arena_free(r->call_arena);
    r->call_arena = NULL;
}

static void rest(struct run *r)
{
    drop_call(r);
    mln_association_unref(r->association);
    r->association = NULL;
    mln_arena_free(r->arena);
    r->arena = NULL;
    r->courier->active -= r->is_active;
    r->is_active = false;
}

static void release(struct run *r)
{
    struct run **link = &r->courier->runs;

    while (*link != r) {
        link = &(*link)->next;
    }
    *link = r->next;
    rest(r);
    mln_free(r);
}

/* No queue takes all places. */
static bool has_place(const struct mln_courier *c, const char *queue)
{
    unsigned same = 0;

    for (const struct run *r = c->runs; r; r = r->next) {
        same += r->is_active && strcmp(r->queue, queue) == 0;
    }
    return c->active < AT_ONCE && same < SHARE;
}

static void place_is_free(struct mln_courier *c)
{
    if (c->has_more && !c->is_stopped && !c->is_looking) {
        mln_courier_look(c);
    }
}

static void finish(struct run *r)
{
    struct mln_courier *c = r->courier;

    release(r);
    place_is_free(c);
}

static void try_again(struct mln_task *task)
{
    struct run *r = (struct run *)(void *)((char *)task - offsetof(struct run, task));

    r->timer = NULL;
    step(r);
}

/* Others may have its place meanwhile. */
static void pause_until(struct run *r, int64_t until_us)
{
    struct mln_courier *c = r->courier;
    struct mln_worker_ops *ops = &c->worker->ops;
    int64_t pause_us = until_us - mln_env_now_us(c->worker->cse->options.env);

    rest(r);
    r->task.run = try_again;
    pause_us = pause_us < LONGEST_PAUSE_US ? pause_us : LONGEST_PAUSE_US;
    r->timer = c->is_stopped ? NULL : ops->after(ops->loop, pause_us > 0 ? pause_us : 0, &r->task);
    if (!r->timer) {
        mln_fresh_want_look(c->worker->cse->fresh);
        release(r);
    }
    place_is_free(c);
}

static void pause_run(struct run *r)
{
    int64_t pause_us = (int64_t)FIRST_PAUSE_US << (r->failures < 6 ? r->failures : 6);

    r->failures++;
    pause_until(r, mln_env_now_us(r->courier->worker->cse->options.env) + pause_us);
}

/* ---- noting ---- */

static mln_err run_note(struct mln_job *job, struct mln_view *view)
{
    struct run *r = (struct run *)(void *)((char *)job - offsetof(struct run, job));
    struct mln_cse *cse = r->courier->worker->cse;
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *scratch = mln_arena_new((size_t)cse->options.limits->request_arena_bytes);
    struct mln_change c = {
        .cse = cse, .view = view, .arena = scratch, .now_us = mln_env_now_us(cse->options.env)
    };

    MLN_REQUIRE(scratch, NO_MEMORY);
    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &c.write));
    return r->note(r, &c);
}

static mln_err note_result(struct run *r, const struct mln_change *c)
{
    return mln_dlv_conclude(c, r->id, r->state.next, &r->call.response);
}

static mln_err note_failure(struct run *r, const struct mln_change *c)
{
    return mln_dlv_fail(c, r->id, r->failure);
}

static mln_err note_handed_on(struct run *r, const struct mln_change *c)
{
    return mln_dlv_handed_on(c, r->id, r->next_cse);
}

static mln_err note_closed(struct run *r, const struct mln_change *c)
{
    return mln_dlv_close(c, r->id);
}

static void submit(struct run *r);

/* What cannot be stored for its size will not be stored later either. */
static bool make_small(struct run *r)
{
    struct mln_response *response = &r->call.response;
    bool is_large = r->result.code == MLN_ERR_LIMIT || r->result.code == MLN_ERR_NO_MEMORY;

    if (!is_large || r->note != note_result || response->pc.len == 0) {
        return false;
    }
    *response = (struct mln_response){ .rsc = MLN_RSC_INTERNAL_SERVER_ERROR, .rqi = response->rqi };
    return true;
}

static void noted(struct mln_task *task)
{
    struct run *r = (struct run *)(void *)((char *)task - offsetof(struct run, task));

    if (r->courier->is_stopped) {
        release(r);
    } else if (!mln_failed(r->result)) {
        r->failures = 0;
        step(r);
    } else if (make_small(r)) {
        submit(r);
    } else {
        mln_log(MLN_LOG_WARNING, "delivery", "a result cannot be stored yet: %s",
                mln_err_text(r->result));
        pause_run(r);
    }
}

static void note_done(struct mln_job *job, mln_err result)
{
    struct run *r = (struct run *)(void *)((char *)job - offsetof(struct run, job));
    struct mln_worker_ops *ops = &r->courier->worker->ops;

    r->result = result;
    r->task.run = noted;
    ops->post(ops->loop, &r->task);
}

static void submit(struct run *r)
{
    r->job = (struct mln_job){ .run = run_note, .done = note_done };
    if (mln_failed(mln_store_submit(r->courier->worker->cse->options.store, &r->job))) {
        pause_run(r);
    }
}

static void note(struct run *r, mln_err (*what)(struct run *r, const struct mln_change *c))
{
    r->note = what;
    submit(r);
}

/* ---- a request for us ---- */

static struct run *run_of(const struct mln_exec *e)
{
    return e->call && e->call->done == executed ? e->call->owner : NULL;
}

mln_err mln_courier_check(const struct mln_exec *e)
{
    const struct run *r = run_of(e);
    struct mln_dlv_state state;

    if (!r) {
        return MLN_OK;
    }
    MLN_TRY(mln_dlv_state(e->view, r->id, e->arena, &state));
    MLN_REQUIRE(state.next == r->state.next, NOT_FOUND);
    return MLN_OK;
}

mln_err mln_courier_complete(struct mln_exec *e)
{
    struct run *r = run_of(e);
    struct mln_change c;

    if (!r || e->begin_wait) {
        return MLN_OK; /* or the answer is not whole yet */
    }
    e->has_written = true;
    c = mln_exec_change(e, mln_env_now_us(e->cse->options.env));
    MLN_TRY(mln_write_begin(e->view, mln_access_internal_grant(), &c.write));
    MLN_TRY(mln_dlv_conclude(&c, r->id, r->state.next, &r->call.response));
    r->is_complete = true;
    return MLN_OK;
}

static void executed(struct mln_call *call)
{
    struct run *r = call->owner;

    if (r->courier->is_stopped || r->courier->worker->is_stopped) {
        release(r); /* what it says may be no more than that the server stops */
    } else if (r->is_complete && call->response.rsc < MLN_RSC_BAD_REQUEST) {
        step(r);
    } else {
        note(r, note_result);
    }
}

static mln_err take(struct mln_value *params, struct mln_value *from, struct mln_slice name)
{
    struct mln_value *v = mln_value_take(from, name);

    return v ? mln_value_set(params, name, v) : MLN_OK;
}

/* It ends with the delivery, or before. */
static mln_err set_end(struct run *r, struct mln_value *params)
{
    struct mln_value *rqet = mln_value_take(params, MLN_S("rqet"));
    int64_t end_us = r->delivery.et;
    int64_t own_us;
    char text[MLN_TIMESTAMP_SIZE];
    struct mln_slice copy;

    if (rqet && rqet->kind == MLN_V_TEXT &&
        (!mln_timestamp_parse(rqet->text, &own_us) || own_us < end_us)) {
        return mln_value_set(params, MLN_S("rqet"), rqet);
    }
    MLN_REQUIRE(
        mln_arena_dup(r->call_arena, mln_slice_of(text, mln_timestamp_put(text, end_us)), &copy),
        NO_MEMORY);
    return mln_value_set(params, MLN_S("rqet"), mln_value_text(r->call_arena, copy));
}

/* As a binding would give it. Who wants the result is told by us. */
static mln_err make_params(struct run *r, struct mln_slice packed, struct mln_value **ret)
{
    static const struct mln_slice names[] = {
        { "op", 2 }, { "to", 2 }, { "fr", 2 }, { "rqi", 3 }, { "pc", 2 }
    };
    static const struct mln_slice ours[] = { { "rt", 2 }, { "rp", 2 }, { "da", 2 } };
    struct mln_arena *arena = r->call_arena;
    struct mln_value *request;
    struct mln_value *params;

    MLN_TRY(mln_pack_to_value(packed, arena, &request));
    params = mln_value_take(request, MLN_S("mi"));
    params = params ? params : mln_value_new(arena, MLN_V_OBJECT);
    MLN_REQUIRE(params, NO_MEMORY);
    params->name = (struct mln_slice){ 0 };
    params->next = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        MLN_TRY(take(params, request, names[i]));
    }
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        (void)mln_value_take(params, ours[i]);
    }
    if (!mln_value_get(params, MLN_S("rvi"))) {
        MLN_TRY(mln_value_set(params, MLN_S("rvi"), mln_value_text(arena, MLN_S("3"))));
    }
    MLN_TRY(set_end(r, params));
    *ret = params;
    return MLN_OK;
}

static mln_err make_call(struct run *r)
{
    struct mln_association draft = MLN_DLV_ASSOCIATION(r->delivery.cr, r->state.credential_id);
    struct mln_cse *cse = r->courier->worker->cse;
    struct mln_slice packed;
    struct mln_value *params;

    drop_call(r);
    if (!r->association) {
        MLN_TRY(mln_association_new(&draft, &r->association));
    }
    r->call_arena = mln_arena_new((size_t)cse->options.limits->request_arena_bytes);
    MLN_REQUIRE(r->call_arena, NO_MEMORY);
    MLN_REQUIRE(mln_dlv_request(&r->delivery, r->state.next, &packed), STORE_CORRUPT);
    MLN_TRY(make_params(r, packed, &params));
    r->peer = (struct mln_peer){ .is_secured = true,
                                 .association = r->association,
                                 .name = "a delivery" };
    r->call = (struct mln_call){
        .arena = r->call_arena, .peer = &r->peer, .params = params, .done = executed, .owner = r
    };
    r->is_complete = false;
    return MLN_OK;
}

/* ---- handing on ---- */

/* The same delivery for the next CSE. Its name is the same whenever it is sent: so a second one is
 * a conflict there. */
static mln_err make_content(struct run *r, struct mln_slice *ret)
{
    const struct mln_names *names = &r->courier->worker->cse->names;
    static const struct mln_slice kept[] = { { "sr", 2 }, { "tg", 2 },  { "ls", 2 },
                                             { "ec", 2 }, { "dmd", 3 }, { "arq", 3 } };
    struct mln_value *old;
    struct mln_value *attributes = mln_value_new(r->arena, MLN_V_OBJECT);
    struct mln_value *root = mln_value_new(r->arena, MLN_V_OBJECT);
    struct mln_slice name;
    struct mln_buf buf;

    MLN_REQUIRE(attributes && root, NO_MEMORY);
    mln_buf_init(&buf, r->arena, SIZE_MAX);
    mln_buf_add(&buf, r->delivery.ri);
    mln_buf_byte(&buf, '-');
    mln_buf_add(&buf, mln_slice_from(names->cse_id, 1));
    MLN_TRY(mln_buf_finish(&buf, &name));
    MLN_TRY(mln_pack_to_value(r->delivery.attrs, r->arena, &old));
    MLN_TRY(mln_dlv_trace(old, names->cse_id, r->arena));
    MLN_TRY(mln_value_set(attributes, MLN_S("rn"), mln_value_text(r->arena, name)));
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        MLN_TRY(take(attributes, old, kept[i]));
    }
    MLN_TRY(mln_value_set(root, MLN_S("m2m:dlv"), attributes));
    mln_buf_init(&buf, r->arena, SIZE_MAX);
    mln_pack_value(&buf, root);
    return mln_buf_finish(&buf, ret);
}

static mln_err set_place(struct run *r, const struct mln_remote *way)
{
    MLN_TRY(mln_entity_cse_id(&way->cse, &r->courier->worker->cse->names, r->arena, &r->next_cse));
    return mln_ident_join(r->arena, r->next_cse, MLN_S("-"), &r->attempt.reach.to);
}

/* Errors: NOT_REACHABLE (not now). */
static mln_err make_attempt(struct run *r, const struct mln_lookup *l)
{
    struct mln_value *params = mln_value_new(r->arena, MLN_V_OBJECT);
    struct mln_entity creator;
    struct mln_remote way;
    struct mln_slice target;
    uint64_t ec = 0;
    bool is_from_above;

    MLN_REQUIRE(params, NO_MEMORY);
    MLN_REQUIRE(mln_pack_find_text(r->delivery.attrs, MLN_S("tg"), &target) &&
                    mln_entity_parse_cse(r->delivery.cr, &l->cse->names, &creator),
                STORE_CORRUPT);
    is_from_above = mln_remote_is_registrar(l->cse, &creator);
    r->attempt = (struct mln_attempt){ .op = MLN_OP_CREATE, .fr = l->cse->names.cse_id };
    MLN_TRY(mln_remote_route(l, target, is_from_above, &way, &r->attempt.reach));
    MLN_REQUIRE(mln_reach_is_possible(&r->attempt.reach), NOT_REACHABLE);
    MLN_REQUIRE(!mln_entity_eq(&way.cse, &creator), NOT_FOUND);
    (void)mln_pack_find_u64(r->delivery.attrs, MLN_S("ec"), &ec);
    r->govern = (struct mln_govern_notice){ .created_us = r->delivery.ct, .ec = (int)ec };
    MLN_TRY(mln_govern_notice(l, way.resource.id, &r->govern));
    MLN_TRY(set_place(r, &way));
    MLN_TRY(mln_value_set(params, MLN_S("ty"), mln_value_uint(r->arena, MLN_TY_DLV)));
    r->attempt.params = params;
    r->attempt.rvi = r->attempt.reach.rvi;
    r->attempt.ec = r->govern.ec;
    r->attempt.reach.neighbour = way.resource.id;
    return make_content(r, &r->attempt.content);
}

static void fail(struct run *r, enum mln_rsc rsc)
{
    r->failure = rsc;
    note(r, note_failure);
}

/* Understood and refused, or not understood at all. */
static bool is_refused(const struct mln_outbound_answer *answer)
{
    return !mln_failed(answer->err) && answer->has_rsc &&
           (answer->rsc < MLN_RSC_INTERNAL_SERVER_ERROR || answer->rsc == MLN_RSC_NOT_IMPLEMENTED);
}

static void answered(struct mln_attempt *attempt, const struct mln_outbound_answer *answer)
{
    struct run *r = attempt->data;
    bool is_there_already = answer->has_rsc && answer->rsc == MLN_RSC_CONFLICT;

    if (r->courier->is_stopped) {
        release(r);
        return;
    }
    mln_govern_note(r->courier->worker->cse, attempt->reach.neighbour, &r->govern.verdict, answer);
    if (mln_attempt_succeeded(answer) || is_there_already) {
        note(r, note_handed_on);
    } else if (is_refused(answer)) {
        mln_log(MLN_LOG_WARNING, "delivery", "%.*s refuses %.*s with %d", MLN_S_ARG(r->next_cse),
                MLN_S_ARG(r->delivery.ri), (int)answer->rsc);
        fail(r, MLN_RSC_TARGET_NOT_REACHABLE);
    } else {
        pause_run(r);
    }
}

static void hand_on(struct run *r)
{
    struct mln_cse *cse = r->courier->worker->cse;
    int64_t now_us = mln_env_now_us(cse->options.env);

    if (r->govern.is_refused || (r->govern.rqet_us != MLN_NO_TIME && r->govern.rqet_us <= now_us)) {
        fail(r, MLN_RSC_TARGET_NOT_REACHABLE);
    } else if (r->govern.opens_us > now_us) {
        pause_until(r, r->govern.opens_us);
    } else if (r->state.due_us) {
        note(r, note_closed); /* what is sent twice must be the same */
    } else {
        r->attempt.worker = r->courier->worker;
        r->attempt.timeout_us = (int64_t)cse->options.limits->request_ms * 1000;
        r->attempt.done = answered;
        r->attempt.data = r;
        mln_attempt_start(&r->attempt);
    }
}

/* ---- what comes next ---- */

static bool is_for_us(const struct run *r)
{
    const struct mln_names *names = &r->courier->worker->cse->names;
    struct mln_entity ours;
    struct mln_entity target;
    struct mln_slice text;

    return mln_pack_find_text(r->delivery.attrs, MLN_S("tg"), &text) &&
           mln_entity_parse_cse(text, names, &target) &&
           mln_entity_parse_cse(names->cse_id, names, &ours) && mln_entity_eq(&target, &ours);
}

/* It waits here, and takes no place meanwhile. spec: TS-0001 8.1.2 Operation Execution Time */
static mln_err wait_for_execution(struct run *r, int64_t now_us)
{
    const struct mln_value *oet = mln_value_get(r->call.params, MLN_S("oet"));
    bool has_time = oet && oet->kind == MLN_V_TEXT && mln_timestamp_parse(oet->text, &r->resume_us);

    MLN_REQUIRE(!has_time || r->resume_us <= now_us, REQUEST_PENDING);
    return MLN_OK;
}

/* Errors: NOT_FOUND (nothing is left to do), REQUEST_PENDING (not before r->resume_us),
 * NOT_AUTHENTICATED (the credential under which it came was removed or changed),
 * NOT_REACHABLE, STORE_*, NO_MEMORY. */
static mln_err prepare(struct run *r, bool *ret_is_for_us)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    struct mln_cse *cse = r->courier->worker->cse;
    struct mln_lookup l;
    mln_err err;

    drop_call(r); /* the result is noted */
    mln_arena_free(r->arena);
    r->arena = mln_arena_new((size_t)cse->options.limits->request_arena_bytes);
    MLN_REQUIRE(r->arena, NO_MEMORY);
    MLN_TRY(mln_view_begin(r->courier->worker->reader, &view));
    MLN_TRY(mln_dlv_state(view, r->id, r->arena, &r->state));
    MLN_TRY(mln_store_get(view, r->id, r->arena, &r->delivery));
    l = (struct mln_lookup){ cse, view, r->arena, mln_env_now_us(cse->options.env) };
    MLN_REQUIRE(r->delivery.et > l.now_us, NOT_FOUND); /* it expires in a moment */
    MLN_REQUIRE(mln_kept_state(cse, r->state.credential_id) == r->state.credential_state,
                NOT_AUTHENTICATED);
    r->resume_us = r->state.due_us;
    MLN_REQUIRE(r->resume_us <= l.now_us, REQUEST_PENDING); /* more may come */
    *ret_is_for_us = is_for_us(r);
    if (*ret_is_for_us) {
        MLN_TRY(make_call(r));
        return wait_for_execution(r, l.now_us);
    }
    err = make_attempt(r, &l);
    MLN_REQUIRE(err.code != MLN_ERR_NOT_FOUND, NOT_REACHABLE); /* of the way: one may come */
    return err;
}

static void step(struct run *r)
{
    struct mln_courier *c = r->courier;
    bool for_us = false;
    mln_err err;

    if (c->is_stopped) {
        release(r);
        return;
    }
    if (!r->is_active && !has_place(c, r->queue)) {
        c->has_more = true;
        release(r);
        return;
    }
    c->active += !r->is_active;
    r->is_active = true;
    err = prepare(r, &for_us);
    if (err.code == MLN_ERR_NOT_FOUND) {
        finish(r);
    } else if (err.code == MLN_ERR_NOT_AUTHENTICATED) {
        fail(r, mln_err_rsc(err));
    } else if (err.code == MLN_ERR_REQUEST_PENDING) {
        pause_until(r, r->resume_us);
    } else if (mln_failed(err)) {
        pause_run(r);
    } else if (for_us) {
        mln_cse_call(c->worker, &r->call);
    } else {
        hand_on(r);
    }
}

/* ---- face ---- */

/* The first behind `after`, and its queue. Errors: NOT_FOUND, STORE_*, NO_MEMORY. */
static mln_err next_pending(struct mln_courier *c, uint64_t after, uint64_t *ret,
                            char queue[static QUEUE_SIZE])
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *scratch =
        mln_arena_new((size_t)c->worker->cse->options.limits->request_arena_bytes);
    struct mln_dlv_state state;
    struct mln_slice name;

    MLN_REQUIRE(scratch, NO_MEMORY);
    MLN_TRY(mln_view_begin(c->worker->reader, &view));
    MLN_TRY(mln_dlv_pending(view, after, ret));
    MLN_TRY(mln_dlv_state(view, *ret, scratch, &state));
    name = mln_slice_head(state.queue, QUEUE_SIZE - 1);
    memcpy(queue, name.ptr, name.len);
    queue[name.len] = '\0';
    return MLN_OK;
}

static bool start(struct mln_courier *c, uint64_t id, const char queue[static QUEUE_SIZE])
{
    struct run *r = mln_calloc(1, sizeof *r);

    if (!r) {
        return false;
    }
    r->courier = c;
    r->id = id;
    memcpy(r->queue, queue, QUEUE_SIZE);
    r->next = c->runs;
    c->runs = r;
    step(r);
    return true;
}

void mln_courier_look(struct mln_courier *c)
{
    char queue[QUEUE_SIZE];
    uint64_t id = 0;
    mln_err err = MLN_OK;

    c->has_more = false;
    c->is_looking = true;
    while (!c->is_stopped && !mln_failed(err = next_pending(c, id, &id, queue))) {
        if (find(c, id)) {
            continue;
        }
        if (!has_place(c, queue)) {
            c->has_more = true;
        } else if (!start(c, id, queue)) {
            err = MLN_ERROR(NO_MEMORY);
            break;
        }
    }
    c->is_looking = false;
    if (mln_failed(err) && err.code != MLN_ERR_NOT_FOUND) {
        mln_fresh_want_look(c->worker->cse->fresh);
        mln_log(MLN_LOG_WARNING, "delivery", "cannot look for deliveries: %s", mln_err_text(err));
    }
}

mln_err mln_courier_new(struct mln_worker *worker, struct mln_courier **ret)
{
    struct mln_courier *c = mln_calloc(1, sizeof *c);

    MLN_REQUIRE(c, NO_MEMORY);
    c->worker = worker;
    *ret = c;
    return MLN_OK;
}

/* Those that wait for an answer end when it comes. */
void mln_courier_stop(struct mln_courier *c)
{
    struct mln_worker_ops *ops = &c->worker->ops;
    struct run *next;

    c->is_stopped = true;
    for (struct run *r = c->runs; r; r = next) {
        next = r->next;
        if (r->timer) {
            ops->cancel(ops->loop, r->timer);
            release(r);
        }
    }
}

void mln_courier_free(struct mln_courier *c)
{
    if (c) {
        while (c->runs) {
            release(c->runs);
        }
        mln_free(c);
    }
}
