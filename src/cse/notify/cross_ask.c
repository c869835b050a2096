/* Asking the targets at other CSEs of a new <crossResourceSubscription>, in the name of its
 * originator.
 *
 * It is stored before, with its targets here; an alarm takes it away, with whatever was made,
 * unless all have agreed in time. First subscriptions are made and those to be joined are read, all
 * at the same time; then these are changed. The worker's thread; what comes of it is a job of the
 * store. spec: TS-0004 7.4.58.2.1; docs/decisions/0045 */
#include "base/timestamp.h"
#include "cse/access/access.h"
#include "cse/notify/attempt.h"
#include "cse/notify/cross.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/asking.h"
#include "cse/remote/remote.h"
#include "cse/remote/transit.h"
#include "cse/tree.h"

enum { SETTLE_US = 5000000 }; /* for what follows the answers */

/* A subscription elsewhere. */
struct target {
    struct mln_ask ask;
    struct mln_slice named; /* the target, as rrat or srat has it */
    size_t at;              /* its place in rrats or srat */
    bool is_joined;
    struct mln_slice sub; /* what its host calls it: "/mn/sub-5"; empty while it is not known */
};

struct crossing {
    struct mln_exec *e;
    struct mln_asking asking;
    struct target *items;
    size_t count;
    struct mln_slice us; /* "/in/crs-7" */
    int64_t until_us;
    bool has_joined; /* the second round is under way, or over */
    mln_err outcome;
    struct mln_job job;
    struct mln_task task;
};

/* ---- in the view ---- */

static mln_err begin(struct mln_exec *e);

static int64_t time_for(const struct mln_exec *e)
{
    return mln_attempt_time(e, e->cse->options.limits->request_ms);
}

mln_err mln_cross_ask(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.ct);
    struct mln_alarm alarm = { .id = d->resource.id,
                               .kind = MLN_ALARM_PARTED,
                               .due_us = c.now_us + time_for(e) + SETTLE_US };

    e->begin_wait = begin;
    e->leaves = true; /* done again it would make another one */
    return mln_alarm_set(&c, &alarm);
}

/* ---- the end ---- */

/* The list with the names that are known now. */
static mln_err rename_all(const struct crossing *x, struct mln_value *attributes,
                          struct mln_slice name, bool is_joined)
{
    struct mln_value *list = (struct mln_value *)mln_value_get(attributes, name);
    size_t at = 0;

    for (struct mln_value *v = list ? list->items.first : NULL; v; v = v->next, at++) {
        for (size_t i = 0; i < x->count; i++) {
            const struct target *t = &x->items[i];

            if (t->is_joined == is_joined && t->at == at && t->sub.len) {
                v->text = t->sub;
            }
        }
    }
    return MLN_OK;
}

static mln_err complete(const struct crossing *x, const struct mln_resource *old,
                        struct mln_resource *ret)
{
    struct mln_value *attributes;
    struct mln_buf out;

    MLN_TRY(mln_pack_to_value(old->attrs, x->e->arena, &attributes));
    MLN_TRY(rename_all(x, attributes, MLN_S("rrats"), false));
    MLN_TRY(rename_all(x, attributes, MLN_S("srat"), true));
    if (mln_failed(x->outcome)) {
        (void)mln_value_take(attributes, MLN_S("su")); /* nobody has heard of it yet */
    }
    mln_buf_init(&out, x->e->arena, SIZE_MAX);
    mln_pack_value(&out, attributes);
    *ret = *old;
    return mln_buf_finish(&out, &ret->attrs);
}

/* It has gone meanwhile, and could not say where its subscriptions are. */
static mln_err undo_what_was_made(const struct crossing *x, const struct mln_change *c)
{
    for (size_t i = 0; i < x->count; i++) {
        const struct target *t = &x->items[i];

        if (t->sub.len) {
            MLN_TRY(t->is_joined ? mln_cross_far_leave(c, &x->e->result, i, t->sub)
                                 : mln_cross_far_delete(c, &x->e->result, i, t->sub));
        }
    }
    return MLN_OK;
}

/* A target of this CSE that has gone has set the alarm to now. */
static mln_err is_whole(const struct crossing *x, const struct mln_change *c, bool *ret)
{
    struct mln_alarm alarm;
    mln_err err = mln_alarm_get(c->view, x->e->result.id, MLN_ALARM_PARTED, c->arena, &alarm);

    *ret = !mln_failed(err) && !mln_failed(x->outcome) && alarm.due_us > c->now_us;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err answer(struct mln_exec *e, const struct mln_resource *made, struct mln_view *view)
{
    mln_err err;

    e->result = *made;
    e->view = view;
    err = mln_respond_success(e);
    e->view = NULL;
    return err;
}

static mln_err lost(struct mln_exec *e)
{
    mln_fault_set(e->fault, "a target has gone meanwhile");
    MLN_FAIL(CROSS_RESOURCE);
}

static struct crossing *of_job(struct mln_job *job)
{
    return (struct crossing *)(void *)((char *)job - offsetof(struct crossing, job));
}

/* What was made is known by name from here on, whether it stays or goes. */
static mln_err settle(struct mln_job *job, struct mln_view *view)
{
    struct crossing *x = of_job(job);
    struct mln_exec *e = x->e;
    struct mln_change c = { .cse = e->cse,
                            .view = view,
                            .arena = e->arena,
                            .now_us = mln_env_now_us(e->cse->options.env) };
    struct mln_resource old;
    struct mln_resource made;
    bool stays;
    mln_err err;

    MLN_TRY(mln_write_begin(view, mln_access_internal_grant(), &c.write));
    err = mln_store_get(view, e->result.id, e->arena, &old);
    if (err.code == MLN_ERR_NOT_FOUND) {
        x->outcome = mln_failed(x->outcome) ? x->outcome : lost(e);
        return undo_what_was_made(x, &c);
    }
    MLN_TRY(err);
    MLN_TRY(complete(x, &old, &made));
    MLN_TRY(mln_store_put(c.write, &old, &made));
    MLN_TRY(is_whole(x, &c, &stays));
    if (!stays) {
        x->outcome = mln_failed(x->outcome) ? x->outcome : lost(e);
        return mln_tree_remove(&c, &made);
    }
    MLN_TRY(mln_alarm_clear(&c, made.id, MLN_ALARM_PARTED));
    return answer(e, &made, view);
}

static void settled(struct mln_task *task)
{
    struct crossing *x =
        (struct crossing *)(void *)((char *)task - offsetof(struct crossing, task));

    x->e->answered = true;
    mln_exec_resume(x->e, x->outcome);
}

static void job_done(struct mln_job *job, mln_err result)
{
    struct crossing *x = of_job(job);
    struct mln_worker *w = x->e->worker;

    if (mln_failed(result)) {
        x->outcome = result;
    }
    x->task.run = settled;
    w->ops.post(w->ops.loop, &x->task);
}

static void end(struct crossing *x)
{
    mln_err err;

    x->job = (struct mln_job){ .run = settle, .done = job_done };
    err = mln_store_submit(x->e->cse->options.store, &x->job);
    if (mln_failed(err)) {
        mln_exec_resume(x->e, err); /* the alarm follows */
    }
}

/* ---- answers ---- */

/* The first refusal is the one that is told. */
static void fail(struct crossing *x, const struct target *t,
                 const struct mln_outbound_answer *answer)
{
    if (mln_failed(x->outcome)) {
        return;
    }
    x->outcome = MLN_ERROR(CROSS_RESOURCE);
    if (mln_failed(answer->err)) {
        mln_fault_set(x->e->fault, "%.*s: %s", MLN_S_ARG(t->named), mln_err_text(answer->err));
    } else {
        mln_fault_set(x->e->fault, "%.*s: Response Status Code %d", MLN_S_ARG(t->named),
                      (int)answer->rsc);
    }
}

static struct mln_slice text_of(const struct mln_value *v)
{
    return v && v->kind == MLN_V_TEXT ? v->text : (struct mln_slice){ 0 };
}

/* Only what is at the CSE that was asked: else it would have us change and delete, in the name of
 * the originator, what others host. */
static mln_err keep_name(struct crossing *x, struct target *t, struct mln_slice told)
{
    const struct mln_cse *cse = x->e->cse;
    struct mln_entity asked;
    struct mln_entity host;
    struct mln_slice cse_id;
    struct mln_slice name = told;
    struct mln_buf out;

    MLN_REQUIRE(told.len && mln_remote_host(cse, t->ask.to, &asked), PROTOCOL);
    if (told.ptr[0] != '/') {
        MLN_TRY(mln_entity_cse_id(&asked, &cse->names, x->e->arena, &cse_id));
        mln_buf_init(&out, x->e->arena, (size_t)cse->options.limits->identifier_bytes);
        mln_buf_add(&out, cse_id);
        mln_buf_byte(&out, '/');
        mln_buf_add(&out, told);
        MLN_TRY(mln_buf_finish(&out, &name));
    }
    MLN_REQUIRE(mln_cross_is_far(cse, name) && mln_remote_host(cse, name, &host) &&
                    mln_entity_eq(&asked, &host),
                PROTOCOL);
    MLN_REQUIRE(mln_arena_dup(x->e->arena, name, &t->sub), NO_MEMORY);
    return MLN_OK;
}

/* "nu": [..., us] */
static void put_with_us(struct mln_buf *out, struct mln_slice name, const struct mln_value *list,
                        struct mln_slice us)
{
    mln_pack_text(out, name);
    mln_pack_array(out, MLN_PACK_OPEN);
    for (const struct mln_value *v = list ? list->items.first : NULL; v; v = v->next) {
        if (!mln_slice_eq(text_of(v), us)) {
            mln_pack_value(out, v);
        }
    }
    mln_pack_text(out, us);
    mln_pack_end(out);
}

/* What is to become of a subscription that was read. */
static mln_err prepare_join(struct crossing *x, struct target *t, const struct mln_value *pc)
{
    const struct mln_value *sub = pc && pc->kind == MLN_V_OBJECT ? pc->items.first : NULL;
    const struct mln_value *nu = mln_value_get(sub, MLN_S("nu"));
    const struct mln_value *acrs = mln_value_get(sub, MLN_S("acrs"));
    struct mln_buf out;

    MLN_REQUIRE(sub && mln_slice_eq(sub->name, MLN_S("m2m:sub")) && nu && nu->kind == MLN_V_ARRAY &&
                    !(acrs && acrs->kind != MLN_V_ARRAY),
                PROTOCOL);
    MLN_TRY(keep_name(x, t, text_of(mln_value_get(sub, MLN_S("ri")))));
    mln_buf_init(&out, x->e->arena, (size_t)x->e->cse->options.limits->request_arena_bytes);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:sub"));
    mln_pack_map(&out, 2);
    put_with_us(&out, MLN_S("nu"), nu, x->us);
    put_with_us(&out, MLN_S("acrs"), acrs, x->us);
    MLN_TRY(mln_buf_finish(&out, &t->ask.content));
    t->ask.op = MLN_OP_UPDATE;
    t->ask.to = t->sub;
    return MLN_OK;
}

static mln_err take_success(struct crossing *x, struct target *t,
                            const struct mln_outbound_answer *answer)
{
    const struct mln_value *pc = answer->pc;
    const struct mln_value *sub = pc && pc->kind == MLN_V_OBJECT ? pc->items.first : NULL;

    if (t->ask.op == MLN_OP_CREATE) {
        return keep_name(x, t, text_of(mln_value_get(sub, MLN_S("ri"))));
    }
    return t->ask.op == MLN_OP_RETRIEVE ? prepare_join(x, t, pc) : MLN_OK;
}

static void take(struct mln_asking *a, struct mln_ask *ask,
                 const struct mln_outbound_answer *answer)
{
    struct crossing *x = a->data;
    struct target *t = (struct target *)(void *)ask;
    struct mln_outbound_answer none = { 0 };

    if (mln_failed(answer->err) || !answer->has_rsc || !mln_attempt_succeeded(answer)) {
        fail(x, t, answer);
        return;
    }
    none.err = take_success(x, t, answer);
    if (mln_failed(none.err)) {
        fail(x, t, &none);
    }
}

/* ---- asking ---- */

static void ask_all(struct crossing *x);

static void all_asked(struct mln_asking *a)
{
    struct crossing *x = a->data;
    bool has_more = false;

    for (size_t i = 0; i < x->count; i++) {
        has_more = has_more || x->items[i].is_joined;
    }
    if (mln_failed(x->outcome) || x->has_joined || !has_more) {
        end(x);
        return;
    }
    x->has_joined = true;
    ask_all(x);
}

static mln_err start(struct crossing *x)
{
    struct mln_ask **last = &x->asking.next;

    x->asking = (struct mln_asking){
        .e = x->e, .until_us = x->until_us, .take = take, .done = all_asked, .data = x
    };
    MLN_TRY(mln_transit_from(x->e, false, &x->asking.fr));
    x->asking.fr_abroad = x->asking.fr; /* nobody is asked there */
    for (size_t i = 0; i < x->count; i++) {
        if (x->items[i].is_joined || !x->has_joined) {
            x->items[i].ask.next = NULL;
            *last = &x->items[i].ask;
            last = &x->items[i].ask.next;
        }
    }
    return mln_asking_start(&x->asking);
}

static void ask_all(struct crossing *x)
{
    mln_err err = start(x);

    if (mln_failed(err)) {
        x->outcome = err;
        end(x);
    }
}

/* ---- whom and what ---- */

/* spec: TS-0004 7.4.58.2.1 c) ii) */
static mln_err write_subscription(const struct crossing *x, struct mln_slice name,
                                  struct mln_slice criteria, struct mln_slice *ret)
{
    const struct mln_resource *crs = &x->e->result;
    struct mln_slice nec;
    struct mln_buf out;

    mln_buf_init(&out, x->e->arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:sub"));
    mln_pack_map(&out, MLN_PACK_OPEN);
    mln_pack_text(&out, MLN_S("rn"));
    mln_pack_text(&out, name);
    put_with_us(&out, MLN_S("nu"), NULL, x->us);
    put_with_us(&out, MLN_S("acrs"), NULL, x->us);
    mln_pack_text(&out, MLN_S("enc"));
    mln_pack_raw(&out, criteria);
    if (mln_pack_find(crs->attrs, MLN_S("nec"), &nec)) {
        mln_pack_text(&out, MLN_S("nec"));
        mln_pack_raw(&out, nec);
    }
    mln_pack_text(&out, MLN_S("et"));
    mln_pack_timestamp(&out, crs->et);
    mln_pack_end(&out);
    return mln_buf_finish(&out, ret);
}

/* Late answers do not count: so it need not be done late. */
static mln_err set_end(const struct crossing *x, struct mln_value *params)
{
    struct mln_arena *arena = x->e->arena;
    char text[MLN_TIMESTAMP_SIZE];
    struct mln_slice copy;
    size_t len = mln_timestamp_put(text, x->until_us);

    MLN_REQUIRE(mln_arena_dup(arena, mln_slice_of(text, len), &copy), NO_MEMORY);
    return mln_value_set(params, MLN_S("rqet"), mln_value_text(arena, copy));
}

static mln_err make_params(const struct crossing *x, bool creates, const struct mln_value **ret)
{
    struct mln_arena *arena = x->e->arena;
    struct mln_value *params = mln_value_new(arena, MLN_V_OBJECT);

    MLN_REQUIRE(params, NO_MEMORY);
    if (creates) {
        MLN_TRY(mln_value_set(params, MLN_S("ty"), mln_value_uint(arena, MLN_TY_SUB)));
    }
    MLN_TRY(set_end(x, params));
    *ret = params;
    return MLN_OK;
}

static struct target *add(struct crossing *x, struct mln_slice named, size_t at, bool is_joined)
{
    struct target *t = &x->items[x->count++];

    *t = (struct target){ .named = named, .at = at, .is_joined = is_joined };
    t->ask.to = named;
    t->ask.op = is_joined ? MLN_OP_RETRIEVE : MLN_OP_CREATE;
    return t;
}

/* The name that rrats has is the target's and one behind it. */
static struct mln_slice name_behind(struct mln_slice target, struct mln_slice whole)
{
    return mln_slice_from(whole, target.len + 1);
}

static mln_err plan_made(struct crossing *x, const struct mln_value *attributes)
{
    const struct mln_value *list = mln_value_get(attributes, MLN_S("rrat"));
    const struct mln_value *names = mln_value_get(attributes, MLN_S("rrats"));
    const struct mln_value *set =
        mln_value_get(mln_value_get(attributes, MLN_S("encs")), MLN_S("encn"));
    const struct mln_value *criteria = set ? set->items.first : NULL;
    const struct mln_value *name = names ? names->items.first : NULL;
    size_t at = 0;

    for (const struct mln_value *v = list ? list->items.first : NULL; v && name && criteria;
         v = v->next, name = name->next, at++) {
        if (mln_cross_is_far(x->e->cse, v->text)) {
            struct target *t = add(x, v->text, at, false);
            struct mln_buf out;
            struct mln_slice packed;

            mln_buf_init(&out, x->e->arena, SIZE_MAX);
            mln_pack_value(&out, criteria);
            MLN_TRY(mln_buf_finish(&out, &packed));
            MLN_TRY(
                write_subscription(x, name_behind(v->text, name->text), packed, &t->ask.content));
            MLN_TRY(make_params(x, true, &t->ask.params));
        }
        criteria = criteria->next ? criteria->next : criteria;
    }
    return MLN_OK;
}

static mln_err plan(struct crossing *x)
{
    struct mln_value *attributes;
    const struct mln_value *list;
    size_t most;
    size_t at = 0;

    MLN_TRY(mln_pack_to_value(x->e->result.attrs, x->e->arena, &attributes));
    list = mln_value_get(attributes, MLN_S("rrat"));
    most = list ? list->items.count : 0;
    list = mln_value_get(attributes, MLN_S("srat"));
    most += list ? list->items.count : 0;
    x->items = mln_arena_zalloc(x->e->arena, most, sizeof *x->items);
    MLN_REQUIRE(x->items, NO_MEMORY);
    MLN_TRY(plan_made(x, attributes));
    for (const struct mln_value *v = list ? list->items.first : NULL; v; v = v->next, at++) {
        if (mln_cross_is_far(x->e->cse, v->text)) {
            MLN_TRY(make_params(x, false, &add(x, v->text, at, true)->ask.params));
        }
    }
    return MLN_OK;
}

static mln_err begin(struct mln_exec *e)
{
    enum { SHARE = 16 }; /* of the time is kept for the answer */
    struct crossing *x = mln_arena_zalloc(e->arena, 1, sizeof *x);
    int64_t time_us = time_for(e);

    MLN_REQUIRE(x, NO_MEMORY);
    x->e = e;
    x->until_us = mln_env_now_us(e->cse->options.env) + time_us - time_us / SHARE;
    MLN_TRY(mln_ident_join(e->arena, e->cse->names.cse_id, e->result.ri, &x->us));
    MLN_TRY(plan(x));
    MLN_TRY(mln_exec_park(e));
    ask_all(x);
    return MLN_OK;
}
