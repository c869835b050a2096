/* Rules in memory, and the events that requests are. */
#include "cse/stats/stats.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"
#include "base/mem.h"
#include "cse/access/match.h"
#include "cse/stats/rule.h"

enum { MEMORY = 64 << 20 };

struct listed {
    struct listed *next;
    struct mln_stats_rule rule;
};

/* It does not change, but for its users: records may be slow to write, and the executor must not
 * wait for that. In its own arena. */
struct table {
    struct mln_arena *arena;
    struct listed *first;
    uint64_t count;
    uint64_t users;    /* the lock's; one is that it is in use */
    bool watches_size; /* some are STORAGEBASED */
};

struct mln_stats {
    bool is_stale; /* executor's */
    _Atomic bool is_used;
    _Atomic bool watches_size;
    pthread_mutex_t lock;
    struct table *table; /* the lock's */
};

struct mln_observed {
    struct mln_observed *next;
    enum mln_op op;
    uint16_t ty;
    struct mln_slice ri;
    bool is_growth; /* the event is that its data grew, else the operation */
    bool has_size;
    uint64_t before;
    uint64_t bytes;
};

/* ---- the table ---- */

/* The lists of the rule lie in its resources, beside what may be far larger. */
static mln_err keep_rule(const struct mln_stats_rule *rule, struct table *t)
{
    struct listed *listed = mln_arena_zalloc(t->arena, 1, sizeof *listed);
    struct mln_slice *kept[] = {
        &listed->rule.id,        &listed->rule.collecting, &listed->rule.collected,
        &listed->rule.periods,   &listed->rule.operations, &listed->rule.types,
        &listed->rule.resources,
    };

    MLN_REQUIRE(listed, NO_MEMORY);
    listed->rule = *rule;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        MLN_REQUIRE(mln_arena_dup(t->arena, *kept[i], kept[i]), NO_MEMORY);
    }
    listed->next = t->first;
    t->first = listed;
    t->count++;
    t->watches_size |= rule->event == MLN_STATS_STORAGEBASED;
    return MLN_OK;
}

static mln_err list_rule(const struct mln_lookup *l, uint64_t id, struct table *t)
{
    struct mln_resource collect;
    struct mln_stats_rule rule;
    bool is_active;

    MLN_TRY(mln_store_get(l->view, id, l->arena, &collect));
    MLN_TRY(mln_stats_rule_read(l, &collect, &rule, &is_active));
    return is_active ? keep_rule(&rule, t) : MLN_OK;
}

static mln_err read_rules(const struct mln_cse *cse, struct mln_view *view, struct table *t)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *scratch = mln_arena_new(MEMORY);
    struct mln_lookup l = { cse, view, scratch, mln_env_now_us(cse->options.env) };
    struct mln_scan_spec spec = { .kind = MLN_SCAN_TYPE, .ty = MLN_TY_STCL };
    uint64_t id;
    mln_err err;

    MLN_REQUIRE(scratch, NO_MEMORY);
    MLN_TRY(mln_scan_open(view, &spec, &scan));
    while (!mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        MLN_TRY(list_rule(&l, id, t));
        mln_arena_reset(scratch);
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err make_table(struct table **ret)
{
    struct mln_arena *arena = mln_arena_new(MEMORY);

    *ret = arena ? mln_arena_zalloc(arena, 1, sizeof **ret) : NULL;
    if (!*ret) {
        mln_arena_free(arena);
        MLN_FAIL(NO_MEMORY);
    }
    (*ret)->arena = arena;
    (*ret)->users = 1;
    return MLN_OK;
}

/* With a reader of its own: rules change rarely. */
static mln_err read_table(const struct mln_cse *cse, struct table **ret)
{
    struct mln_reader *reader = NULL;
    struct mln_view *view = NULL;
    mln_err err;

    MLN_TRY(make_table(ret));
    err = mln_reader_new(cse->options.store, &reader);
    if (!mln_failed(err)) {
        err = mln_view_begin(reader, &view);
    }
    if (!mln_failed(err)) {
        err = read_rules(cse, view, *ret);
    }
    mln_view_endp(&view);
    mln_reader_free(reader);
    if (mln_failed(err)) {
        mln_arena_free((*ret)->arena);
    }
    return err;
}

static struct table *hold_table(struct mln_stats *s)
{
    struct table *t;

    (void)pthread_mutex_lock(&s->lock);
    t = s->table;
    t->users++;
    (void)pthread_mutex_unlock(&s->lock);
    return t;
}

/* NULL is fine. */
static void leave_table(struct mln_stats *s, struct table *t)
{
    bool is_last;

    if (!t) {
        return;
    }
    (void)pthread_mutex_lock(&s->lock);
    is_last = --t->users == 0;
    (void)pthread_mutex_unlock(&s->lock);
    if (is_last) {
        mln_arena_free(t->arena);
    }
}

static void use_table(struct mln_stats *s, struct table *t)
{
    struct table *old;

    (void)pthread_mutex_lock(&s->lock);
    old = s->table;
    s->table = t;
    atomic_store(&s->is_used, t->count > 0);
    atomic_store(&s->watches_size, t->watches_size);
    (void)pthread_mutex_unlock(&s->lock);
    leave_table(s, old);
}

mln_err mln_stats_new(const struct mln_cse *cse, struct mln_stats **ret)
{
    struct mln_stats *s = mln_calloc(1, sizeof *s);
    struct table *t;
    mln_err err;

    MLN_REQUIRE(s, NO_MEMORY);
    if (pthread_mutex_init(&s->lock, NULL) != 0) {
        mln_free(s);
        MLN_FAIL(SYSTEM);
    }
    err = read_table(cse, &t);
    if (mln_failed(err)) {
        mln_stats_free(s);
        return err;
    }
    if (t->count && !cse->options.recorder.note) {
        mln_log(MLN_LOG_ERROR, "statistics",
                "%llu statsCollect are ACTIVE, but there is no file for their records",
                (unsigned long long)t->count);
        t->count = 0;
        t->first = NULL;
    }
    use_table(s, t);
    *ret = s;
    return MLN_OK;
}

void mln_stats_free(struct mln_stats *stats)
{
    if (stats) {
        leave_table(stats, stats->table);
        (void)pthread_mutex_destroy(&stats->lock);
        mln_free(stats);
    }
}

void mln_stats_changed(const struct mln_cse *cse)
{
    cse->stats->is_stale = true;
}

void mln_stats_committed(const struct mln_cse *cse)
{
    struct mln_stats *s = cse->stats;
    struct table *t;
    mln_err err;

    if (!s->is_stale || !cse->options.recorder.note) {
        return;
    }
    err = read_table(cse, &t);
    if (mln_failed(err)) { /* stale still: the next commit tries again */
        mln_log(MLN_LOG_ERROR, "statistics", "the rules cannot be read: %s", mln_err_text(err));
        return;
    }
    s->is_stale = false;
    use_table(s, t);
}

/* ---- what a request did ---- */

bool mln_stats_has_size(const struct mln_type *type)
{
    for (size_t i = 0; type && i < type->attribute_count; i++) {
        if (type->attributes[i].slot == MLN_SLOT_BYTES) {
            return true;
        }
    }
    return false;
}

/* A member's request leaves its arena before the whole is answered. */
static mln_err observe(struct mln_exec *e, const struct mln_observed *what)
{
    struct mln_arena *arena = e->call ? e->arena : e->fan->arena;
    struct mln_observed **list = e->call ? &e->observed : &e->fan->observed;
    struct mln_observed *o = mln_arena_zalloc(arena, 1, sizeof *o);

    MLN_REQUIRE(o, NO_MEMORY);
    *o = *what;
    MLN_REQUIRE(mln_arena_dup(arena, what->ri, &o->ri), NO_MEMORY);
    o->next = *list;
    *list = o;
    return MLN_OK;
}

uint64_t mln_stats_bytes(const struct mln_resource *r)
{
    uint64_t own = 0;

    (void)mln_pack_find_u64(r->attrs, MLN_S("cs"), &own);
    return r->bytes + own;
}

static mln_err observe_growth(struct mln_exec *e, const struct mln_resource *r, uint64_t before)
{
    struct mln_observed o = {
        .op = e->req.op,
        .ty = r->ty,
        .ri = r->ri,
        .is_growth = true,
        .has_size = true,
        .before = before,
        .bytes = mln_stats_bytes(r),
    };

    return o.bytes > before ? observe(e, &o) : MLN_OK;
}

/* spec: TS-0001 9.6.24 dataSize */
static mln_err note_growth(struct mln_exec *e)
{
    struct mln_resource holder;

    if (e->req.op == MLN_OP_UPDATE && mln_stats_has_size(e->type)) {
        return observe_growth(e, &e->result, mln_stats_bytes(&e->target.resource));
    }
    if (e->req.op != MLN_OP_CREATE || !mln_stats_has_size(e->type)) {
        return MLN_OK;
    }
    MLN_TRY(observe_growth(e, &e->result, 0));
    if (!mln_stats_has_size(e->target.type)) {
        return MLN_OK;
    }
    MLN_TRY(mln_store_get(e->view, e->target.resource.id, e->arena, &holder));
    return observe_growth(e, &holder, mln_stats_bytes(&e->target.resource));
}

mln_err mln_stats_note(struct mln_exec *e)
{
    const struct mln_stats *s = e->cse->stats;
    bool is_create = e->req.op == MLN_OP_CREATE;
    struct mln_observed o = { .op = e->req.op, .ri = e->target.resource.ri };

    if (!atomic_load_explicit(&s->is_used, memory_order_acquire) || !e->type) {
        return MLN_OK;
    }
    /* members are noted one by one; polling is transport */
    if (e->is_fan_out || e->target.virtual_child == MLN_VIRTUAL_POLLING) {
        return MLN_OK;
    }
    o.ty = e->type->ty;
    o.has_size = mln_stats_has_size(e->type);
    o.bytes =
        mln_stats_bytes(is_create || e->req.op == MLN_OP_UPDATE ? &e->result : &e->target.resource);
    MLN_TRY(observe(e, &o));
    return atomic_load(&s->watches_size) ? note_growth(e) : MLN_OK;
}

/* ---- records ---- */

static bool is_collected(const struct mln_exec *e, const struct mln_stats_rule *rule)
{
    struct mln_slice id;
    struct mln_walk w;

    if (!rule->collected.len) {
        return true;
    }
    for (mln_walk_begin(&w, rule->collected); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &id) &&
            mln_access_is_named(&e->cse->names, &e->originator, id)) {
            return true;
        }
    }
    return false;
}

static bool is_event(const struct mln_stats_rule *rule, const struct mln_observed *o)
{
    if (o->is_growth) { /* spec: TS-0001 9.6.24: when the compared size exceeds dataSize */
        return rule->event == MLN_STATS_STORAGEBASED && o->before <= rule->size &&
               o->bytes > rule->size;
    }
    return rule->event == MLN_STATS_DATAOPERATION &&
           (!rule->operations.len || mln_pack_list_has(rule->operations, (uint64_t)o->op));
}

static void tell_rule(const struct mln_exec *e, const struct mln_stats_rule *rule,
                      const struct mln_observed *o, int64_t now_us)
{
    const struct mln_recorder *recorder = &e->cse->options.recorder;
    /* whoever registers has no name before */
    bool has_name = e->originator.entity.sp.len > 0;
    struct mln_statistics_record record = {
        .rule = rule->id,
        .collecting = rule->collecting,
        .collected = has_name ? e->originator.text : e->result.ri,
        .event = rule->event,
        .start_us = e->arrival_us,
        .end_us = now_us,
        .op = o->op,
        .resource = o->ri,
        .ty = o->ty,
        .has_size = o->has_size,
        .bytes = o->bytes,
    };

    if (is_event(rule, o) && mln_stats_rule_names(rule, &e->cse->names, o->ri, o->ty) &&
        is_collected(e, rule) && mln_stats_rule_is_open(rule, e->arrival_us)) {
        recorder->note(recorder->data, &record);
    }
}

static void tell_list(const struct mln_exec *e, const struct table *t,
                      const struct mln_observed *list, int64_t now_us)
{
    for (const struct mln_observed *o = list; o; o = o->next) {
        for (const struct listed *l = t->first; l; l = l->next) {
            tell_rule(e, &l->rule, o, now_us);
        }
    }
}

void mln_stats_tell(const struct mln_exec *e)
{
    const struct mln_observed *of_members = e->fan ? e->fan->observed : NULL;
    struct table *t;
    int64_t now_us;

    if ((!e->observed && !of_members) || e->response->rsc >= MLN_RSC_BAD_REQUEST) {
        return;
    }
    now_us = mln_env_now_us(e->cse->options.env);
    t = hold_table(e->cse->stats);
    tell_list(e, t, e->observed, now_us);
    tell_list(e, t, of_members, now_us);
    leave_table(e->cse->stats, t);
}
