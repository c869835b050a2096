/* See inproc_test.h. */
#include "cse/inproc_test.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rsc.h"
#include "base/timestamp.h"
#include "codec/json.h"
#include "model/pack.h"
#include "store/admin.h"

enum {
    START_S = 1893456000, /* 20300101T000000 */
    LIFETIME_S = 5 * 365 * 24 * 3600,
    SENT_ARENA = 1 << 30,
    STEPS_MAX = 1000000, /* of one settling: more is a loop without end */
};

struct mln_inproc_timer {
    struct mln_inproc_timer *next;
    int64_t when_us;
    bool is_interval; /* it does not follow the clock when that is set */
    struct mln_task *task;
};

/* A request of the CSE on its way. */
struct mln_inproc_flight {
    struct mln_inproc_flight *next;
    struct mln_inproc *p;
    struct mln_task task; /* posted, or of the timer */
    struct mln_inproc_timer *timer;
    struct mln_inproc_reply reply;
    mln_outbound_done *done;
    void *data;
};

struct mln_inproc_call {
    struct mln_inproc_call *next;
    struct mln_inproc *p;
    struct mln_peer peer;
    struct mln_call call;
    struct mln_inproc_answer answer;
    bool is_rendered;
};

static void die(const char *what, const char *detail)
{
    (void)fprintf(stderr, "inproc: %s: %s\n", what, detail);
    abort();
}

static void must(mln_err err, const char *what)
{
    if (mln_failed(err)) {
        die(what, mln_err_text(err));
    }
}

/* Memory of the harness itself, which never fails for a test. */
static void *own(size_t size)
{
    void *ptr = calloc(1, size);

    if (!ptr) {
        die("memory", "none left");
    }
    return ptr;
}

/* ---- clock and random numbers ---- */

static int64_t now_us(void *data)
{
    return ((const struct mln_inproc *)data)->now_us;
}

/* xorshift64: the same numbers in each run */
static mln_err fill_random(void *data, void *out, size_t len)
{
    struct mln_inproc *p = data;
    unsigned char *at = out;

    for (size_t i = 0; i < len; i++) {
        p->random ^= p->random << 13;
        p->random ^= p->random >> 7;
        p->random ^= p->random << 17;
        at[i] = (unsigned char)(p->random >> 24);
    }
    return MLN_OK;
}

/* ---- the loop ---- */

static void post(void *loop, struct mln_task *task)
{
    struct mln_inproc *p = loop;

    task->next = NULL;
    *p->last_task = task;
    p->last_task = &task->next;
}

static void add_timer(struct mln_inproc *p, struct mln_inproc_timer *timer)
{
    struct mln_inproc_timer **link = &p->timers;

    while (*link && (*link)->when_us <= timer->when_us) {
        link = &(*link)->next;
    }
    timer->next = *link;
    *link = timer;
}

static bool take_timer(struct mln_inproc *p, const struct mln_inproc_timer *timer)
{
    struct mln_inproc_timer **link = &p->timers;

    while (*link && *link != timer) {
        link = &(*link)->next;
    }
    if (!*link) {
        return false;
    }
    *link = timer->next;
    return true;
}

/* The memory of a timer is the program's, so that it can be made to fail. */
static void *at(void *loop, int64_t when_us, struct mln_task *task)
{
    struct mln_inproc_timer *timer = mln_calloc(1, sizeof *timer);

    if (timer) {
        timer->when_us = when_us;
        timer->task = task;
        add_timer(loop, timer);
    }
    return timer;
}

static void *after(void *loop, int64_t delay_us, struct mln_task *task)
{
    struct mln_inproc *p = loop;
    struct mln_inproc_timer *timer = mln_calloc(1, sizeof *timer);

    if (timer) {
        timer->when_us = p->now_us + delay_us;
        timer->is_interval = true;
        timer->task = task;
        add_timer(p, timer);
    }
    return timer;
}

void mln_inproc_set_clock(struct mln_inproc *p, int64_t step_us)
{
    struct mln_inproc_timer *timer = p->timers;

    p->now_us += step_us;
    p->timers = NULL;
    while (timer) {
        struct mln_inproc_timer *next = timer->next;

        timer->when_us += timer->is_interval ? step_us : 0;
        add_timer(p, timer);
        timer = next;
    }
}

static void cancel(void *loop, void *timer)
{
    if (!timer) {
        return;
    }
    if (!take_timer(loop, timer)) {
        die("cancel", "the timer has fired or was cancelled before");
    }
    mln_free(timer);
}

static void fire_first(struct mln_inproc *p)
{
    struct mln_inproc_timer *timer = p->timers;
    struct mln_task *task = timer->task;

    p->timers = timer->next;
    mln_free(timer);
    task->run(task);
}

static void run_first_task(struct mln_inproc *p)
{
    struct mln_task *task = p->first_task;

    p->first_task = task->next;
    if (!p->first_task) {
        p->last_task = &p->first_task;
    }
    task->next = NULL;
    task->run(task);
}

void mln_inproc_settle(struct mln_inproc *p)
{
    for (unsigned steps = 0; steps < STEPS_MAX; steps++) {
        if (p->first_task) {
            run_first_task(p);
        } else if (p->timers && p->timers->when_us <= p->now_us) {
            fire_first(p);
        } else {
            return;
        }
    }
    die("settle", "tasks without end");
}

void mln_inproc_advance(struct mln_inproc *p, int64_t us)
{
    int64_t until = p->now_us + us;

    mln_inproc_settle(p);
    while (p->timers && p->timers->when_us <= until) {
        p->now_us = p->timers->when_us > p->now_us ? p->timers->when_us : p->now_us;
        mln_inproc_settle(p);
    }
    p->now_us = until;
}

/* ---- outbound ---- */

static bool can_send(void *impl, struct mln_slice url)
{
    (void)impl;
    return mln_slice_starts(url, MLN_S("http://"));
}

static mln_err keep(struct mln_inproc *p, struct mln_slice text, const char **ret)
{
    *ret = mln_arena_zdup(p->arena, text);
    MLN_REQUIRE(*ret, NO_MEMORY);
    return MLN_OK;
}

static mln_err keep_content(struct mln_inproc *p, struct mln_slice pack, const char **ret)
{
    struct mln_slice text = { 0 };
    struct mln_buf out;

    if (pack.len) {
        mln_buf_init(&out, p->arena, SENT_ARENA);
        MLN_TRY(mln_json_write(&out, pack));
        MLN_TRY(mln_buf_finish(&out, &text));
    }
    return keep(p, text, ret);
}

static mln_err keep_request(struct mln_inproc *p, const struct mln_outbound_request *request,
                            struct mln_inproc_sent **ret)
{
    struct mln_inproc_sent *s = mln_arena_zalloc(p->arena, 1, sizeof *s);
    uint64_t passed;

    MLN_REQUIRE(s, NO_MEMORY);
    MLN_TRY(keep(p, request->url, &s->url));
    MLN_TRY(keep(p, request->to, &s->to));
    MLN_TRY(keep(p, request->fr, &s->fr));
    MLN_TRY(keep(p, request->rqi, &s->rqi));
    MLN_TRY(keep(p, request->rvi, &s->rvi));
    MLN_TRY(keep_content(p, request->pc, &s->pc));
    s->op = request->op;
    s->ec = request->ec;
    if (mln_value_u64(mln_value_get(request->params, MLN_S("ec")), &passed)) {
        s->ec = (int)passed;
    }
    s->timeout_us = request->timeout_us;
    *ret = s;
    return MLN_OK;
}

static void take_flight(struct mln_inproc_flight *f)
{
    struct mln_inproc_flight **link = &f->p->flights;

    while (*link != f) {
        link = &(*link)->next;
    }
    *link = f->next;
}

/* The content of a reply as the binding would decode it: without memory there is none. */
static const struct mln_value *reply_content(struct mln_inproc *p, const char *json)
{
    struct mln_value *value = NULL;

    if (!json ||
        mln_failed(mln_json_read(mln_slice_z(json), &p->limits, p->answers, &value, NULL))) {
        return NULL;
    }
    return value;
}

/* Tells the CSE and ends the flight. */
static void land(struct mln_inproc_flight *f)
{
    struct mln_inproc *p = f->p;
    const struct mln_inproc_reply *r = &f->reply;
    struct mln_outbound_answer answer = { .err = { r->err },
                                          .was_sent = r->err == MLN_ERR_TIMEOUT };

    if (!mln_failed(answer.err)) {
        answer.rsc = r->rsc ? r->rsc : MLN_RSC_OK;
        answer.has_rsc = !r->has_no_rsc;
        answer.transport_status = r->status ? r->status : mln_rsc_http(answer.rsc);
        answer.pc = reply_content(p, r->pc);
    }
    take_flight(f);
    f->done(f->data, &answer);
    mln_arena_reset(p->answers);
    free(f);
}

static struct mln_inproc_flight *of_task(struct mln_task *task)
{
    return (struct mln_inproc_flight *)(void *)((char *)task -
                                                offsetof(struct mln_inproc_flight, task));
}

static void land_posted(struct mln_task *task)
{
    land(of_task(task));
}

static void time_out(struct mln_task *task)
{
    struct mln_inproc_flight *f = of_task(task);

    f->timer = NULL;
    f->reply = (struct mln_inproc_reply){ .err = MLN_ERR_TIMEOUT };
    land(f);
}

static mln_err send_request(void *impl, const struct mln_outbound_request *request,
                            mln_outbound_done *done, void *data)
{
    struct mln_inproc *p = impl;
    struct mln_inproc_flight **end = &p->flights;
    struct mln_inproc_flight *f;
    struct mln_inproc_sent *s;

    MLN_REQUIRE(can_send(impl, request->url), NETWORK);
    MLN_TRY(keep_request(p, request, &s));
    *p->last_sent = s;
    p->last_sent = &s->next;
    p->sent_count++;
    f = own(sizeof *f);
    f->p = p;
    f->done = done;
    f->data = data;
    f->reply = p->receive ? p->receive(p->receive_data, s) : p->reply;
    while (*end) {
        end = &(*end)->next;
    }
    *end = f;
    if (!f->reply.is_silent) {
        f->task.run = land_posted;
        post(p, &f->task);
        return MLN_OK;
    }
    f->task.run = time_out;
    f->timer = mln_calloc(1, sizeof *f->timer);
    if (!f->timer) {
        take_flight(f);
        free(f);
        MLN_FAIL(NO_MEMORY);
    }
    f->timer->task = &f->task;
    f->timer->when_us = p->now_us + request->timeout_us;
    f->timer->is_interval = true;
    add_timer(p, f->timer);
    return MLN_OK;
}

static void land_silent(struct mln_inproc_flight *f, const struct mln_inproc_reply *reply)
{
    cancel(f->p, f->timer);
    f->timer = NULL;
    f->reply = *reply;
    land(f);
}

bool mln_inproc_reply_to_first(struct mln_inproc *p, const struct mln_inproc_reply *reply)
{
    struct mln_inproc_flight *f = p->flights;

    while (f && !f->timer) {
        f = f->next;
    }
    if (f) {
        land_silent(f, reply);
        mln_inproc_settle(p);
    }
    return f != NULL;
}

/* ---- life ---- */

static void committed(void *data)
{
    struct mln_inproc *p = data;

    if (p->cse) {
        mln_cse_committed(p->cse);
    }
}

static mln_err open_cse(struct mln_inproc *p)
{
    struct mln_slice poa[] = { MLN_S("http://127.0.0.1:8080") };
    struct mln_store_options store = {
        .backend = p->options.backend ? p->options.backend : "mem",
        .path = p->options.path,
        .max_bytes = 64 << 20,
        .runs_inline = true,
        .batch_done = committed,
        .data = p,
    };
    struct mln_cse_options cse = {
        .names = { MLN_S("//merlon.example"), MLN_S("/id-in"), MLN_S("cse-in") },
        .type = p->options.type ? p->options.type : MLN_CSE_TYPE_IN,
        .admin = MLN_S("CAdmin"),
        .poa = poa,
        .poa_count = 1,
        .is_release_2 = p->options.is_release_2,
        .hides_unauthorised = p->options.hides_unauthorised,
        .registrar = p->options.registrar,
        .peers = p->options.peers,
        .peer_count = p->options.peer_count,
        .role_repositories = p->options.role_repositories,
        .role_repository_count = p->options.role_repository_count,
        .group_hosts = p->options.group_hosts,
        .group_host_count = p->options.group_host_count,
        .role_issuers = p->options.role_issuers,
        .role_issuer_count = p->options.role_issuer_count,
        .verify = p->options.verify,
        .unauthenticated =
            p->options.says_unauthenticated ? p->options.unauthenticated : MLN_UNAUTHENTICATED_OPEN,
        .enforces_profile = p->options.enforces_profile,
        .rechecks_subscribers = p->options.rechecks_subscribers,
        .auditor = p->options.auditor,
        .recorder = p->options.recorder,
        .max_lifetime_us =
            p->options.max_lifetime_us ? p->options.max_lifetime_us : LIFETIME_S * MLN_US_PER_S,
        .read_json = mln_json_read,
        .limits = &p->limits,
        .env = &p->env,
    };

    MLN_TRY(mln_store_open(&store, &p->env, NULL, &p->store));
    cse.store = p->store;
    return mln_cse_new(&cse, NULL, &p->cse);
}

static mln_err open_all(struct mln_inproc *p)
{
    struct mln_worker_ops ops = {
        .loop = p,
        .post = post,
        .at = at,
        .after = after,
        .cancel = cancel,
        .outbound = { .impl = p, .can_send = can_send, .send = send_request },
    };

    p->arena = mln_arena_new(SENT_ARENA);
    p->answers = mln_arena_new(p->limits.request_arena_bytes);
    MLN_REQUIRE(p->arena && p->answers, NO_MEMORY);
    MLN_TRY(open_cse(p));
    MLN_TRY(mln_worker_new(p->cse, &ops, &p->worker));
    if (!p->options.has_no_duties) {
        MLN_TRY(mln_duties_new(p->worker, &p->duties));
    }
    mln_inproc_settle(p);
    return MLN_OK;
}

/* A new CSE at that time of that clock. */
static mln_err begin(const struct mln_inproc_options *options, int64_t start_us, uint64_t random,
                     struct mln_inproc **ret)
{
    struct mln_inproc *p = own(sizeof *p);
    mln_err err;

    p->options = *options;
    if (options->limits) {
        p->limits = *options->limits;
    } else {
        mln_limits_default(&p->limits);
    }
    p->options.limits = NULL;
    p->receive = options->receive;
    p->env = (struct mln_env){ p, now_us, fill_random };
    p->now_us = start_us;
    p->random = random;
    p->peer = (struct mln_peer){ .is_trusted = true,
                                 .address_len = 4,
                                 .address = { 127, 0, 0, 1 },
                                 .port = 50000,
                                 .name = "127.0.0.1:50000" };
    p->last_task = &p->first_task;
    p->last_sent = &p->sent;
    err = open_all(p);
    if (mln_failed(err)) {
        mln_inproc_free(p);
        return err;
    }
    *ret = p;
    return MLN_OK;
}

mln_err mln_inproc_new(const struct mln_inproc_options *options, struct mln_inproc **ret)
{
    return begin(options, START_S * MLN_US_PER_S, UINT64_C(0x9E3779B97F4A7C15), ret);
}

static void free_call(struct mln_inproc_call *c)
{
    mln_arena_free(c->call.arena);
    free(c);
}

/* Calls that have their answer; all calls at the end. */
static void free_calls(struct mln_inproc *p, bool all)
{
    struct mln_inproc_call **link = &p->calls;

    while (*link) {
        struct mln_inproc_call *c = *link;

        if (c->answer.is_there || all) {
            *link = c->next;
            free_call(c);
        } else {
            link = &c->next;
        }
    }
}

static void stop(struct mln_inproc *p)
{
    struct mln_inproc_reply gone = { .err = MLN_ERR_NETWORK };

    if (p->duties) {
        mln_duties_stop(p->duties);
    }
    if (p->worker) {
        mln_worker_stop(p->worker);
    }
    mln_store_stop(p->store);
    while (mln_inproc_reply_to_first(p, &gone)) {
    }
    mln_inproc_settle(p);
}

void mln_inproc_free(struct mln_inproc *p)
{
    if (!p) {
        return;
    }
    stop(p);
    if (p->timers) {
        die("free", "a timer is still set");
    }
    mln_duties_free(p->duties);
    mln_worker_free(p->worker);
    mln_store_close(p->store);
    mln_cse_free(p->cse);
    free_calls(p, true);
    mln_arena_free(p->arena);
    mln_arena_free(p->answers);
    free(p);
}

mln_err mln_inproc_restart(struct mln_inproc **p)
{
    struct mln_inproc_options options = (*p)->options;
    struct mln_limits limits = (*p)->limits;
    int64_t start_us = (*p)->now_us;
    uint64_t random = (*p)->random;

    options.limits = &limits;
    mln_inproc_free(*p);
    *p = NULL;
    return begin(&options, start_us, random, p);
}

/* ---- requests ---- */

static void note_done(struct mln_call *call)
{
    struct mln_inproc_call *c = call->owner;

    if (c->answer.is_there) {
        die("call", "answered twice");
    }
    c->answer.is_there = true;
    c->answer.rsc = call->response.rsc;
}

static void set_default(struct mln_inproc_call *c, struct mln_slice name, struct mln_slice text)
{
    if (!mln_value_get(c->call.params, name)) {
        must(mln_value_set(c->call.params, name, mln_value_text(c->call.arena, text)), "request");
    }
}

/* A parameter that is null is absent, also when it has a default here. */
static void drop_nulls(struct mln_value *params)
{
    const struct mln_value *v = params->items.first;

    while (v) {
        const struct mln_value *next = v->next;

        if (v->kind == MLN_V_NULL) {
            (void)mln_value_take(params, v->name);
        }
        v = next;
    }
}

static void complete(struct mln_inproc_call *c)
{
    char rqi[32];
    int len = snprintf(rqi, sizeof rqi, "r%lu", ++c->p->requests);
    struct mln_slice kept;

    if (!mln_arena_dup(c->call.arena, mln_slice_of(rqi, (size_t)len), &kept)) {
        die("request", "no memory");
    }
    set_default(c, MLN_S("rqi"), kept);
    set_default(c, MLN_S("rvi"), MLN_S("3"));
    drop_nulls(c->call.params);
}

static void decode(struct mln_inproc_call *c, const char *json)
{
    struct mln_fault fault = { 0 };
    struct mln_slice text;

    if (!mln_arena_dup(c->call.arena, mln_slice_z(json), &text)) {
        die("request", "too long");
    }
    if (mln_failed(mln_json_read(text, &c->p->limits, c->call.arena, &c->call.params, &fault))) {
        die(json, fault.text);
    }
    if (c->call.params->kind == MLN_V_OBJECT) {
        complete(c);
    }
}

struct mln_inproc_call *mln_inproc_prepare(struct mln_inproc *p, const char *json)
{
    struct mln_inproc_call *c = own(sizeof *c);
    struct mln_inproc_call **end = &p->calls;

    c->p = p;
    c->peer = p->peer;
    c->call.arena = mln_arena_new(p->limits.request_arena_bytes);
    if (!c->call.arena) {
        die("request", "no memory");
    }
    c->call.peer = &c->peer;
    c->call.owner = c;
    c->call.done = note_done;
    decode(c, json);
    while (*end) {
        end = &(*end)->next;
    }
    *end = c;
    return c;
}

void mln_inproc_start(struct mln_inproc *p, struct mln_inproc_call *call)
{
    mln_cse_call(p->worker, &call->call);
}

void mln_inproc_abandon(struct mln_inproc_call *call)
{
    mln_cse_abandon(&call->call);
}

static const char *text_of(struct mln_inproc_call *c, struct mln_slice text)
{
    const char *copy = mln_arena_zdup(c->call.arena, text);

    if (!copy) {
        die("answer", "no memory");
    }
    return copy;
}

static const char *json_of(struct mln_inproc_call *c)
{
    struct mln_slice text;
    struct mln_buf out;

    mln_buf_init(&out, c->call.arena, SIZE_MAX);
    must(mln_json_write(&out, c->call.response.pc), "content of an answer");
    must(mln_buf_finish(&out, &text), "content of an answer");
    return text_of(c, text);
}

static void render(struct mln_inproc_call *c)
{
    const struct mln_response *r = &c->call.response;
    struct mln_value *value = NULL;

    c->answer.pc = r->pc.len ? json_of(c) : "";
    if (r->pc.len) {
        must(mln_pack_to_value(r->pc, c->call.arena, &value), "content of an answer");
    }
    c->answer.value = value;
    c->answer.location = text_of(c, r->location);
    c->answer.fault = c->call.fault.text;
    c->answer.rqi = text_of(c, r->rqi);
    c->answer.rvi = text_of(c, r->rvi);
    c->answer.content_status = r->content_status;
    c->answer.content_offset = r->content_offset;
}

const struct mln_inproc_answer *mln_inproc_answer_of(struct mln_inproc_call *call)
{
    if (call->answer.is_there && !call->is_rendered) {
        render(call);
        call->is_rendered = true;
    }
    return &call->answer;
}

const struct mln_inproc_answer *mln_inproc_send(struct mln_inproc *p, const char *json)
{
    struct mln_inproc_call *call = mln_inproc_prepare(p, json);

    mln_inproc_start(p, call);
    mln_inproc_settle(p);
    return mln_inproc_answer_of(call);
}

void mln_inproc_forget(struct mln_inproc *p)
{
    free_calls(p, false);
    p->sent = NULL;
    p->last_sent = &p->sent;
    p->sent_count = 0;
    mln_arena_reset(p->arena);
}

/* ---- the state ---- */

static void print_fault(void *data, const char *text)
{
    (void)data;
    (void)fprintf(stderr, "store: %s\n", text);
}

uint64_t mln_inproc_check(struct mln_inproc *p)
{
    uint64_t faults = 0;

    must(mln_store_check(p->store, print_fault, NULL, &faults), "check of the store");
    return faults;
}
