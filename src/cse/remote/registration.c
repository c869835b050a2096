/* The registree's side of CSE registration. */
#include "cse/remote/registration.h"

#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "cse/access/assigned.h"
#include "cse/notify/event.h"
#include "cse/notify/fresh.h"
#include "cse/remote/remote.h"
#include "cse/tree.h"
#include "e2e/endpoint.h"

enum {
    FIRST_PAUSE_US = 1000000,
    LONGEST_PAUSE_US = 60000000,
    ARENA_MAX = 64 << 20,
    ADDRESS_MAX = 600, /* CSE-ID and resourceID */
};

struct mln_registration {
    struct mln_worker *worker;
    const struct mln_registrar *registrar;
    struct mln_arena *asking; /* of the request under way */
    struct mln_arena *keeping;
    bool is_present; /* registered, as far as we know */
    bool is_sent;    /* a request is under way */
    enum mln_op op;  /* which one */
    bool is_wanted;  /* something changed meanwhile */
    bool is_stopped;
    struct mln_task *left;       /* the registration is given up, or was */
    char address[ADDRESS_MAX];   /* of our <remoteCSE> at the registrar, SP-relative */
    size_t address_len;          /* 0: not known */
    int64_t until_us;            /* its expirationTime */
    int64_t renewed_us;          /* when that was said, */
    int64_t renewal_us;          /* and when it is to be said again; 0: at the timer */
    uint64_t told;               /* hash of the descendants that the registrar knows, */
    uint64_t telling;            /* and of those in the request under way */
    bool hides_support;          /* the registrar takes no e2eSecInfo */
    bool shows_support;          /* it has one of ours, */
    int64_t support_until_us;    /* which counts so long */
    bool is_taken_up;            /* it may be one of an earlier run, and is tried */
    bool is_nameless;            /* our name is in use at the registrar */
    unsigned failures;           /* in a row */
    unsigned long request_count; /* for Request Identifiers */
    struct mln_task task;        /* the timer's */
    void *timer;
    struct mln_job job; /* keeps the local <remoteCSE> */
    struct mln_task kept;
    bool is_keeping;
    bool is_forgetting; /* it is to go */
    mln_err result;
};

static void step(struct mln_registration *r);

static int64_t now_us(const struct mln_registration *r)
{
    return mln_env_now_us(r->worker->cse->options.env);
}

static const struct mln_names *names_of(const struct mln_registration *r)
{
    return &r->worker->cse->names;
}

/* ---- time ---- */

static void stop_timer(struct mln_registration *r)
{
    struct mln_worker_ops *ops = &r->worker->ops;

    if (r->timer) {
        ops->cancel(ops->loop, r->timer);
        r->timer = NULL;
    }
}

static void timer_fired(struct mln_task *task);

static void set_timer(struct mln_registration *r, int64_t delay_us)
{
    struct mln_worker_ops *ops = &r->worker->ops;

    stop_timer(r);
    if (r->is_stopped) {
        return;
    }
    r->task.run = timer_fired;
    r->timer = ops->after(ops->loop, delay_us, &r->task);
    if (!r->timer) {
        mln_log(MLN_LOG_ERROR, "registration", "no memory for a timer: it is not renewed");
    }
}

static void wait_for_renewal(struct mln_registration *r)
{
    int64_t left = r->renewal_us - now_us(r);

    set_timer(r, left < LONGEST_PAUSE_US ? left : LONGEST_PAUSE_US);
}

/* Somebody may have set the clock meanwhile: forwards, then it is late, or back, then nobody knows.
 */
static void timer_fired(struct mln_task *task)
{
    struct mln_registration *r =
        (struct mln_registration *)(void *)((char *)task - offsetof(struct mln_registration, task));
    int64_t now = now_us(r);

    r->timer = NULL;
    if (r->renewed_us <= now && now < r->renewal_us) {
        wait_for_renewal(r);
    } else {
        step(r);
    }
}

static void arrange_renewal(struct mln_registration *r, int64_t within_us)
{
    r->renewed_us = now_us(r);
    r->renewal_us = r->renewed_us + within_us;
    wait_for_renewal(r);
}

static void pause_for(struct mln_registration *r)
{
    int64_t pause = (int64_t)FIRST_PAUSE_US << (r->failures < 6 ? r->failures : 6);

    r->failures++;
    r->renewal_us = 0;
    set_timer(r, pause > LONGEST_PAUSE_US ? LONGEST_PAUSE_US : pause);
}

/* ---- the <remoteCSE> of the registrar, here ---- */

static mln_err add_text(struct mln_value *object, struct mln_arena *arena, struct mln_slice name,
                        struct mln_slice text)
{
    return mln_value_set(object, name, mln_value_text(arena, text));
}

static mln_err add_list(struct mln_value *object, struct mln_arena *arena, struct mln_slice name,
                        const struct mln_slice *texts, size_t count)
{
    struct mln_value *list = mln_value_new(arena, MLN_V_ARRAY);

    MLN_REQUIRE(list, NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        MLN_TRY(mln_value_append(list, mln_value_text(arena, texts[i])));
    }
    return mln_value_set(object, name, list);
}

static mln_err registrar_attributes(const struct mln_registration *r, struct mln_arena *arena,
                                    struct mln_slice *ret)
{
    struct mln_value *v = mln_value_new(arena, MLN_V_OBJECT);
    struct mln_slice base;
    struct mln_buf buf;

    MLN_REQUIRE(v, NO_MEMORY);
    MLN_TRY(mln_ident_join(arena, r->registrar->cse_id, MLN_S("-"), &base));
    MLN_TRY(add_list(v, arena, MLN_S("poa"), &r->registrar->url, 1));
    MLN_TRY(add_text(v, arena, MLN_S("cb"), base));
    MLN_TRY(add_text(v, arena, MLN_S("csi"), r->registrar->cse_id));
    MLN_TRY(mln_value_set(v, MLN_S("rr"), mln_value_bool(arena, true)));
    mln_buf_init(&buf, arena, ARENA_MAX);
    mln_pack_value(&buf, v);
    return mln_buf_finish(&buf, ret);
}

static mln_err make_local(const struct mln_registration *r, const struct mln_change *c,
                          struct mln_slice attrs)
{
    struct mln_slice name = mln_slice_from(r->registrar->cse_id, 1);
    struct mln_resource base;
    struct mln_resource other;
    struct mln_resource made = { .ty = MLN_TY_CSR,
                                 .ct = c->now_us,
                                 .lt = c->now_us,
                                 .et = r->until_us,
                                 .cr = names_of(r)->cse_id,
                                 .attrs = attrs };
    struct mln_event event = { .type = MLN_EVENT_CHILD_CREATED, .subject = &base, .about = &made };
    char ri[MLN_RI_SIZE];
    mln_err err;

    MLN_TRY(mln_store_get(c->view, c->cse->base_id, c->arena, &base));
    err = mln_store_child(c->view, base.id, name, c->arena, &other);
    if (err.code != MLN_ERR_NOT_FOUND) {
        MLN_TRY(err);
    }
    if (mln_failed(err) && mln_ident_is_name(name)) {
        made.rn = name;
    }
    MLN_TRY(mln_store_new_id(c->write, MLN_S("csr"), &made.id, ri, &made.ri.len));
    made.ri.ptr = ri;
    made.parent = base.id;
    made.pi = base.ri;
    MLN_TRY(mln_store_put(c->write, NULL, &made));
    made.rn = made.rn.len ? made.rn : made.ri;
    MLN_TRY(mln_assigned_add(c->write, &c->cse->names, &made));
    return mln_event_publish(c, &event);
}

static mln_err keep_local(const struct mln_registration *r, const struct mln_change *c,
                          const struct mln_resource *old)
{
    struct mln_slice attrs;
    struct mln_resource changed;

    MLN_TRY(registrar_attributes(r, c->arena, &attrs));
    mln_fresh_expiry(c->cse->fresh, r->until_us);
    if (!old) {
        return make_local(r, c, attrs);
    }
    changed = *old;
    changed.et = r->until_us;
    changed.lt = c->now_us;
    changed.attrs = attrs;
    return mln_store_put(c->write, old, &changed);
}

static mln_err run_job(struct mln_job *job, struct mln_view *view)
{
    struct mln_registration *r =
        (struct mln_registration *)(void *)((char *)job - offsetof(struct mln_registration, job));
    struct mln_change c = {
        .cse = r->worker->cse, .view = view, .arena = r->keeping, .now_us = now_us(r)
    };
    struct mln_lookup l = { c.cse, view, c.arena, INT64_MIN }; /* also one that has expired */
    struct mln_entity registrar;
    struct mln_remote old;
    bool is_there;
    mln_err err;

    mln_arena_reset(r->keeping);
    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &c.write));
    MLN_REQUIRE(mln_entity_parse_cse(r->registrar->cse_id, names_of(r), &registrar), INTERNAL);
    err = mln_remote_find(&l, &registrar, &old);
    if (err.code != MLN_ERR_NOT_FOUND) {
        MLN_TRY(err);
    }
    is_there = !mln_failed(err) && old.is_registrar;
    if (r->is_forgetting) {
        return is_there ? mln_tree_remove(&c, &old.resource) : MLN_OK;
    }
    return keep_local(r, &c, is_there ? &old.resource : NULL);
}

static void local_is_kept(struct mln_task *task)
{
    struct mln_registration *r =
        (struct mln_registration *)(void *)((char *)task - offsetof(struct mln_registration, kept));
    struct mln_worker_ops *ops = &r->worker->ops;

    r->is_keeping = false;
    if (mln_failed(r->result)) {
        mln_log(MLN_LOG_WARNING, "registration", "the registrar's remoteCSE is not kept: %s",
                mln_err_text(r->result));
    }
    if (r->left) {
        ops->post(ops->loop, r->left);
        return;
    }
    if (mln_failed(r->result)) {
        pause_for(r); /* until then requests have no way to the registrar */
    } else if (r->is_wanted) {
        step(r);
    }
}

static void job_done(struct mln_job *job, mln_err result)
{
    struct mln_registration *r =
        (struct mln_registration *)(void *)((char *)job - offsetof(struct mln_registration, job));
    struct mln_worker_ops *ops = &r->worker->ops;

    r->result = result;
    r->kept.run = local_is_kept;
    ops->post(ops->loop, &r->kept);
}

static void keep(struct mln_registration *r, bool forgets)
{
    struct mln_worker_ops *ops = &r->worker->ops;
    mln_err err;

    r->is_keeping = true;
    r->is_forgetting = forgets;
    r->job = (struct mln_job){ .run = run_job, .done = job_done };
    err = mln_store_submit(r->worker->cse->options.store, &r->job);
    if (mln_failed(err)) {
        r->result = err;
        r->kept.run = local_is_kept;
        ops->post(ops->loop, &r->kept);
    }
}

/* ---- what lies behind us ---- */

static mln_err add_behind(const struct mln_registration *r, const struct mln_resource *csr,
                          struct mln_value *list)
{
    const struct mln_limits *limits = r->worker->cse->options.limits;
    struct mln_entity cse;
    struct mln_slice id;
    struct mln_slice more;
    struct mln_walk w;

    if (!mln_pack_find_text(csr->attrs, MLN_S("csi"), &id) ||
        !mln_entity_parse_cse(id, names_of(r), &cse) ||
        mln_remote_is_registrar(r->worker->cse, &cse)) {
        return MLN_OK;
    }
    MLN_TRY(mln_value_append(list, mln_value_text(r->asking, id)));
    if (!mln_pack_find(csr->attrs, MLN_S("dcse"), &more)) {
        return MLN_OK;
    }
    for (mln_walk_begin(&w, more); mln_walk_next(&w) && list->items.count < limits->descendants;) {
        if (mln_pack_text_of(w.item, &id)) {
            MLN_TRY(mln_value_append(list, mln_value_text(r->asking, id)));
        }
    }
    return MLN_OK;
}

static mln_err find_behind(const struct mln_registration *r, struct mln_value *list)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    const struct mln_limits *limits = r->worker->cse->options.limits;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN,
                                  .parent = r->worker->cse->base_id,
                                  .ty = MLN_TY_CSR };
    uint64_t id;
    mln_err err = MLN_OK;

    MLN_TRY(mln_view_begin(r->worker->reader, &view));
    MLN_TRY(mln_scan_open(view, &spec, &scan));
    while (list->items.count < limits->descendants &&
           !mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        struct mln_resource csr;

        MLN_TRY(mln_store_get(view, id, r->asking, &csr));
        if (csr.et > now_us(r)) {
            MLN_TRY(add_behind(r, &csr, list));
        }
    }
    return mln_failed(err) && err.code != MLN_ERR_NOT_FOUND ? err : MLN_OK;
}

static uint64_t hash_of(const struct mln_value *list)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325);

    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        for (size_t i = 0; i <= v->text.len; i++) {
            unsigned char c = i < v->text.len ? (unsigned char)v->text.ptr[i] : 0;

            h = (h ^ c) * UINT64_C(0x100000001B3);
        }
    }
    return h;
}

/* ---- requests to the registrar ---- */

static mln_err set_expiration(const struct mln_registration *r, struct mln_value *v)
{
    char text[MLN_TIMESTAMP_SIZE];
    struct mln_slice copy;
    size_t len;

    len = mln_timestamp_put(text, now_us(r) + r->registrar->lifetime_us);
    MLN_REQUIRE(mln_arena_dup(r->asking, mln_slice_of(text, len), &copy), NO_MEMORY);
    return add_text(v, r->asking, MLN_S("et"), copy);
}

/* What the registrar is told first, and cannot be changed. */
static mln_err add_identity(const struct mln_registration *r, struct mln_value *v)
{
    const struct mln_names *names = names_of(r);
    struct mln_slice name = mln_slice_from(names->cse_id, 1);
    struct mln_slice base;

    MLN_TRY(mln_ident_join(r->asking, names->cse_id, names->cse_name, &base));
    if (mln_ident_is_name(name) && !r->is_nameless) {
        MLN_TRY(add_text(v, r->asking, MLN_S("rn"), name));
    }
    MLN_TRY(add_text(v, r->asking, MLN_S("cb"), base));
    MLN_TRY(add_text(v, r->asking, MLN_S("csi"), names->cse_id));
    return mln_value_set(v, MLN_S("cst"), mln_value_uint(r->asking, r->worker->cse->options.type));
}

static int64_t end_of_random(struct mln_slice support)
{
    struct mln_slice random;
    struct mln_slice text;
    int64_t us;

    return mln_pack_find(support, MLN_S("esro"), &random) &&
                   mln_pack_find_text(random, MLN_S("esrx"), &text) &&
                   mln_timestamp_parse(text, &us)
               ? us
               : INT64_MAX;
}

/* So that those who see our <remoteCSE> there can begin ESPrim sessions with us.
 * spec: TS-0001 11.4.2 B.1b */
static mln_err add_support(struct mln_registration *r, struct mln_value *v)
{
    struct mln_endpoint *endpoint = r->worker->cse->options.endpoint;
    bool was_shown = r->shows_support && r->op == MLN_OP_UPDATE;
    struct mln_value *value = mln_value_new(r->asking, MLN_V_NULL);
    struct mln_slice support = { 0 };
    mln_err err = endpoint && !r->hides_support
                      ? mln_endpoint_support(endpoint, r->asking, &support)
                      : MLN_ERROR(NOT_FOUND);

    MLN_REQUIRE(value, NO_MEMORY);
    r->support_until_us = end_of_random(support);
    r->shows_support = !mln_failed(err);
    if (r->shows_support) {
        MLN_TRY(mln_pack_to_value(support, r->asking, &value));
    } else if (err.code != MLN_ERR_NOT_FOUND) {
        return err;
    }
    return r->shows_support || was_shown ? mln_value_set(v, MLN_S("esi"), value) : MLN_OK;
}

/* What is told again with each renewal. */
static mln_err add_state(struct mln_registration *r, struct mln_value *v)
{
    static const struct mln_slice releases[] = { { "2a", 2 }, { "3", 1 }, { "4", 1 } };
    const struct mln_cse_options *o = &r->worker->cse->options;
    struct mln_value *behind = mln_value_new(r->asking, MLN_V_ARRAY);

    MLN_REQUIRE(behind, NO_MEMORY);
    MLN_TRY(find_behind(r, behind));
    r->telling = hash_of(behind);
    MLN_TRY(set_expiration(r, v));
    MLN_TRY(mln_value_set(v, MLN_S("rr"), mln_value_bool(r->asking, o->poa_count > 0)));
    MLN_TRY(add_list(v, r->asking, MLN_S("srv"), releases, 3));
    MLN_TRY(add_list(v, r->asking, MLN_S("csz"), o->serialisations, o->serialisation_count));
    if (o->poa_count) {
        MLN_TRY(add_list(v, r->asking, MLN_S("poa"), o->poa, o->poa_count));
    }
    MLN_TRY(add_support(r, v));
    if (behind->items.count) {
        return mln_value_set(v, MLN_S("dcse"), behind);
    }
    /* an empty list cannot be sent: the attribute goes */
    return r->op == MLN_OP_UPDATE
               ? mln_value_set(v, MLN_S("dcse"), mln_value_new(r->asking, MLN_V_NULL))
               : MLN_OK;
}

static mln_err make_content(struct mln_registration *r, struct mln_slice *ret)
{
    struct mln_value *pc = mln_value_new(r->asking, MLN_V_OBJECT);
    struct mln_value *v = mln_value_new(r->asking, MLN_V_OBJECT);
    struct mln_buf buf;

    MLN_REQUIRE(pc && v, NO_MEMORY);
    if (r->op == MLN_OP_CREATE) {
        MLN_TRY(add_identity(r, v));
    }
    MLN_TRY(add_state(r, v));
    MLN_TRY(mln_value_set(pc, MLN_S("m2m:csr"), v));
    mln_buf_init(&buf, r->asking, ARENA_MAX);
    mln_pack_value(&buf, pc);
    return mln_buf_finish(&buf, ret);
}

static mln_err make_target(const struct mln_registration *r, struct mln_slice *ret)
{
    if (r->op == MLN_OP_CREATE) {
        return mln_ident_join(r->asking, r->registrar->cse_id, MLN_S("-"), ret);
    }
    *ret = mln_slice_of(r->address, r->address_len);
    return MLN_OK;
}

static void answered(void *data, const struct mln_outbound_answer *answer);

static mln_err send(struct mln_registration *r, int64_t timeout_us)
{
    struct mln_worker *w = r->worker;
    char rqi[48];
    int len = snprintf(rqi, sizeof rqi, "%s-r%lu", w->request_prefix, ++r->request_count);
    struct mln_outbound_request request = {
        .url = r->registrar->url,
        .fr = names_of(r)->cse_id,
        .rqi = mln_slice_of(rqi, (size_t)len),
        .rvi = MLN_S("3"),
        .op = r->op,
        .serialisation = MLN_S("json"),
        .timeout_us = timeout_us,
        .peer_credential_id = r->registrar->credential_id,
    };
    struct mln_value *params = mln_value_new(r->asking, MLN_V_OBJECT);

    MLN_REQUIRE(params, NO_MEMORY);
    MLN_TRY(make_target(r, &request.to));
    if (r->op == MLN_OP_CREATE) {
        MLN_TRY(mln_value_set(params, MLN_S("ty"), mln_value_uint(r->asking, MLN_TY_CSR)));
    }
    if (r->op != MLN_OP_DELETE) {
        MLN_TRY(make_content(r, &request.pc));
    }
    request.params = params;
    return w->ops.outbound.send(w->ops.outbound.impl, &request, answered, r);
}

static void ask(struct mln_registration *r, enum mln_op op, int64_t timeout_us)
{
    mln_err err;

    mln_arena_reset(r->asking);
    r->op = op;
    r->is_sent = true;
    r->is_wanted = false;
    err = send(r, timeout_us);
    if (mln_failed(err)) {
        struct mln_outbound_answer none = { .err = err };

        answered(r, &none);
    }
}

static void step(struct mln_registration *r)
{
    int64_t most = (int64_t)r->worker->cse->options.limits->request_ms * 1000;

    if (r->is_stopped) {
        return;
    }
    if (r->is_sent || r->is_keeping) {
        r->is_wanted = true;
        return;
    }
    if (r->is_present && r->until_us <= now_us(r)) {
        r->is_present = false; /* nobody has answered for so long */
    }
    ask(r, r->is_present ? MLN_OP_UPDATE : MLN_OP_CREATE, most);
}

/* ---- answers ---- */

static void tell(const struct mln_registration *r, enum mln_log_level level, const char *what,
                 const struct mln_outbound_answer *answer)
{
    if (mln_failed(answer->err)) {
        mln_log(level, "registration", "%.*s: %s: %s", MLN_S_ARG(r->registrar->cse_id), what,
                mln_err_text(answer->err));
    } else {
        mln_log(level, "registration", "%.*s: %s (%d)", MLN_S_ARG(r->registrar->cse_id), what,
                (int)answer->rsc);
    }
}

static bool note_address(struct mln_registration *r, struct mln_slice id)
{
    bool is_whole = mln_slice_starts(id, MLN_S("/"));
    struct mln_slice cse = mln_slice_head(r->registrar->cse_id, is_whole ? 0 : SIZE_MAX);
    int len = snprintf(r->address, sizeof r->address, "%.*s%s%.*s", MLN_S_ARG(cse),
                       is_whole ? "" : "/", MLN_S_ARG(id));

    r->address_len = len > 0 && (size_t)len < sizeof r->address ? (size_t)len : 0;
    return r->address_len > 0;
}

static struct mln_slice text_in(const struct mln_value *resource, struct mln_slice name)
{
    const struct mln_value *v = mln_value_get(resource, name);

    return v && v->kind == MLN_V_TEXT ? v->text : (struct mln_slice){ 0 };
}

/* The registrar may have cut the time. */
static void note_expiration(struct mln_registration *r, const struct mln_value *resource)
{
    int64_t us;

    r->until_us = now_us(r) + r->registrar->lifetime_us;
    if (mln_timestamp_parse(text_in(resource, MLN_S("et")), &us) && us < r->until_us) {
        r->until_us = us;
    }
}

static void stay(struct mln_registration *r, const struct mln_value *resource)
{
    int64_t now = now_us(r);
    int64_t soon = now + 2 * (int64_t)FIRST_PAUSE_US;
    int64_t end = r->support_until_us > soon ? r->support_until_us : soon;

    note_expiration(r, resource);
    end = r->until_us < end ? r->until_us : end;
    if (!r->is_present || r->failures) {
        mln_log(MLN_LOG_INFO, "registration", "registered at %.*s",
                MLN_S_ARG(r->registrar->cse_id));
    }
    r->is_present = true;
    r->failures = 0;
    r->is_taken_up = false;
    r->told = r->telling;
    arrange_renewal(r, end > now ? (end - now) / 2 : FIRST_PAUSE_US);
    keep(r, false);
}

/* A registration of an earlier run: its address follows from the name that we gave it. */
static bool take_up(struct mln_registration *r)
{
    struct mln_slice name = mln_slice_from(names_of(r)->cse_id, 1);
    char path[ADDRESS_MAX];
    int len = snprintf(path, sizeof path, "-/%.*s", MLN_S_ARG(name));

    return len > 0 && (size_t)len < sizeof path && note_address(r, mln_slice_of(path, (size_t)len));
}

/* Is e2eSecInfo what it does not like? Then it is asked without, at once. */
static bool hide_support(struct mln_registration *r, const struct mln_outbound_answer *answer)
{
    bool is_refusal = answer->rsc == MLN_RSC_BAD_REQUEST || answer->rsc == MLN_RSC_NOT_IMPLEMENTED;

    if (!is_refusal || !r->shows_support) {
        r->hides_support = false; /* it was not that */
        return false;
    }
    tell(r, MLN_LOG_WARNING, "takes no e2eSecInfo, it seems", answer);
    r->hides_support = true;
    r->shows_support = false;
    step(r);
    return true;
}

static void created(struct mln_registration *r, const struct mln_outbound_answer *answer,
                    const struct mln_value *resource)
{
    bool is_known = answer->rsc == MLN_RSC_ORIGINATOR_HAS_ALREADY_REGISTERED;
    struct mln_slice ri = text_in(resource, MLN_S("ri"));

    if (answer->rsc == MLN_RSC_CREATED && (ri.len ? note_address(r, ri) : take_up(r))) {
        stay(r, resource);
        return;
    }
    r->is_taken_up = is_known && !r->is_taken_up && take_up(r);
    if (r->is_taken_up) {
        r->is_present = true;
        r->failures++; /* if that is not it, then after a pause */
        r->until_us = INT64_MAX;
        step(r);
        return;
    }
    if (hide_support(r, answer)) {
        return;
    }
    r->is_nameless = answer->rsc == MLN_RSC_CONFLICT;
    tell(r, r->failures == 0 ? MLN_LOG_WARNING : MLN_LOG_DEBUG, "refuses the registration", answer);
    pause_for(r);
}

static void updated(struct mln_registration *r, const struct mln_outbound_answer *answer,
                    const struct mln_value *resource)
{
    if (answer->rsc == MLN_RSC_UPDATED) {
        stay(r, resource);
        return;
    }
    if (hide_support(r, answer)) {
        return;
    }
    tell(r, MLN_LOG_WARNING, "has lost the registration", answer);
    r->is_present = false;
    if (r->failures) {
        pause_for(r);
    } else {
        step(r);
    }
}

static void deleted(struct mln_registration *r, const struct mln_outbound_answer *answer)
{
    tell(r, MLN_LOG_INFO, "registration given up", answer);
    keep(r, true);
}

static void answered(void *data, const struct mln_outbound_answer *answer)
{
    struct mln_registration *r = data;
    const struct mln_value *resource =
        answer->pc ? mln_value_get(answer->pc, MLN_S("m2m:csr")) : NULL;

    r->is_sent = false;
    if (r->op == MLN_OP_DELETE) {
        deleted(r, answer);
        return;
    }
    if (r->is_stopped) {
        return;
    }
    if (mln_failed(answer->err) || !answer->has_rsc) {
        tell(r, r->failures == 0 ? MLN_LOG_WARNING : MLN_LOG_DEBUG, "does not answer", answer);
        pause_for(r);
    } else if (r->op == MLN_OP_CREATE) {
        created(r, answer, resource);
    } else {
        updated(r, answer, resource);
    }
}

/* ---- life ---- */

mln_err mln_registration_new(struct mln_worker *worker, struct mln_registration **ret)
{
    struct mln_registration *r;

    *ret = NULL;
    if (!worker->cse->options.registrar.cse_id.len) {
        return MLN_OK;
    }
    r = mln_calloc(1, sizeof *r);
    MLN_REQUIRE(r, NO_MEMORY);
    r->worker = worker;
    r->registrar = &worker->cse->options.registrar;
    r->asking = mln_arena_new(ARENA_MAX);
    r->keeping = mln_arena_new(ARENA_MAX);
    if (!r->asking || !r->keeping) {
        mln_registration_free(r);
        MLN_FAIL(NO_MEMORY);
    }
    *ret = r;
    return MLN_OK;
}

void mln_registration_free(struct mln_registration *r)
{
    if (r) {
        mln_arena_free(r->asking);
        mln_arena_free(r->keeping);
        mln_free(r);
    }
}

void mln_registration_start(struct mln_registration *r)
{
    if (r) {
        set_timer(r, 0); /* when the loop runs */
    }
}

void mln_registration_look(struct mln_registration *r)
{
    struct mln_value *behind;

    if (!r || r->is_stopped || !r->is_present) {
        return;
    }
    if (r->is_sent || r->is_keeping) {
        r->is_wanted = true;
        return;
    }
    mln_arena_reset(r->asking);
    behind = mln_value_new(r->asking, MLN_V_ARRAY);
    if (!behind || mln_failed(find_behind(r, behind)) || hash_of(behind) != r->told) {
        step(r);
    }
}

void mln_registration_stop(struct mln_registration *r)
{
    if (r) {
        r->is_stopped = true;
        stop_timer(r);
    }
}

bool mln_registration_leave(struct mln_registration *r, int64_t within_us, struct mln_task *left)
{
    mln_registration_stop(r);
    /* what is under way just now ends with the loop, and the lifetime ends the registration */
    if (!r || !r->registrar->is_left || !r->is_present || r->is_sent || r->is_keeping) {
        return false;
    }
    r->left = left;
    ask(r, MLN_OP_DELETE, within_us);
    return true;
}
