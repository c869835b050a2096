/* Holders of instances. */
#include "cse/types/instances.h"

#include "base/timestamp.h"
#include "cse/pipeline/draft.h"
#include "cse/tree.h"

/* ---- size ---- */

/* Bytes of the content: of a text its UTF-8 form, of other values their JSON form. */
static uint64_t text_bytes(const struct mln_value *v);

static uint64_t digits(uint64_t n)
{
    uint64_t count = 1;

    for (; n >= 10; n /= 10) {
        count++;
    }
    return count;
}

/* Characters of a text as JSON writes it, quotes included. */
static uint64_t quoted_bytes(struct mln_slice s)
{
    uint64_t n = 2;

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        bool is_short =
            c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t' || c == '\b' || c == '\f';

        n += is_short ? 2 : c < 0x20 ? 6 : 1;
    }
    return n;
}

static uint64_t items_bytes(const struct mln_value *v)
{
    uint64_t n = 2 + (v->items.count ? v->items.count - 1 : 0);

    for (const struct mln_value *i = v->items.first; i; i = i->next) {
        n += text_bytes(i) + (v->kind == MLN_V_OBJECT ? quoted_bytes(i->name) + 1 : 0);
    }
    return n;
}

static uint64_t text_bytes(const struct mln_value *v)
{
    switch (v->kind) {
    case MLN_V_NULL:
        return 4;
    case MLN_V_BOOL:
        return v->boolean ? 4 : 5;
    case MLN_V_INT:
        return digits(v->magnitude) + (v->is_negative && v->magnitude);
    case MLN_V_REAL:
        return v->text.len;
    case MLN_V_TEXT:
        return quoted_bytes(v->text);
    case MLN_V_ARRAY:
    case MLN_V_OBJECT:
        return items_bytes(v);
    }
    return 0;
}

uint64_t mln_instances_bytes(const struct mln_value *content)
{
    if (!content) {
        return 0;
    }
    return content->kind == MLN_V_TEXT ? content->text.len : text_bytes(content);
}

/* ---- bounds ---- */

struct bounds {
    uint64_t instances;
    uint64_t bytes;
    uint64_t age_s;
};

/* What is not bounded is UINT64_MAX. */
static struct bounds bounds_of(const struct mln_resource *holder)
{
    struct bounds b = { UINT64_MAX, UINT64_MAX, UINT64_MAX };

    (void)mln_pack_find_u64(holder->attrs, MLN_S("mni"), &b.instances);
    (void)mln_pack_find_u64(holder->attrs, MLN_S("mbs"), &b.bytes);
    (void)mln_pack_find_u64(holder->attrs, MLN_S("mia"), &b.age_s);
    return b;
}

/* Removes the oldest instances one by one. Each is read into memory of its own, so that any
 * number can go. */
struct eviction {
    struct mln_exec *e;
    struct mln_arena *scratch;
    struct mln_resource *holder;
};

/* Errors: NOT_FOUND when none is left or the oldest is `keep`. */
static mln_err evict_oldest(struct eviction *v, uint64_t keep)
{
    struct mln_lookup l = mln_exec_lookup(v->e);
    struct mln_resource *c = v->holder;
    const struct mln_type_ops *ops = mln_type_ops_of(c->ty);
    struct mln_resource oldest;
    struct mln_change change;

    l.now_us = INT64_MIN; /* also those whose time is over but that are still there */
    l.arena = v->scratch;
    mln_arena_reset(v->scratch);
    MLN_TRY(ops->oldest ? ops->oldest(&l, c, keep, &oldest)
                        : mln_locate_instance(&l, c, false, &oldest));
    MLN_REQUIRE(oldest.id != keep, NOT_FOUND);
    change = mln_exec_change(v->e, mln_env_now_us(v->e->cse->options.env));
    change.arena = v->scratch;
    MLN_TRY(mln_tree_erase(&change, &oldest));
    c->count -= c->count > 0;
    c->bytes -= oldest.bytes < c->bytes ? oldest.bytes : c->bytes;
    return MLN_OK;
}

static bool is_over(const struct mln_resource *c, const struct bounds *b)
{
    return c->count > b->instances || c->bytes > b->bytes;
}

/* Deletes the oldest instances while the holder is over its bounds, but not the one with id
 * `keep`. `holder` is changed accordingly, not stored. */
static mln_err evict(struct mln_exec *e, struct mln_resource *holder, uint64_t keep)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *scratch = NULL;
    struct bounds bounds = bounds_of(holder);
    struct eviction v = { .e = e, .holder = holder };
    mln_err err = MLN_OK;

    if (!is_over(holder, &bounds)) {
        return MLN_OK;
    }
    scratch = mln_arena_new((size_t)e->cse->options.limits->request_arena_bytes);
    MLN_REQUIRE(scratch, NO_MEMORY);
    v.scratch = scratch;
    while (!mln_failed(err) && is_over(holder, &bounds)) {
        err = evict_oldest(&v, keep);
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

mln_err mln_instances_drop(struct mln_exec *e, struct mln_resource *holder)
{
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *scratch = mln_arena_new((size_t)e->cse->options.limits->request_arena_bytes);
    struct eviction v = { .e = e, .holder = holder, .scratch = scratch };
    mln_err err = MLN_OK;

    MLN_REQUIRE(scratch, NO_MEMORY);
    while (!mln_failed(err)) {
        err = evict_oldest(&v, 0);
    }
    holder->count = 0;
    holder->bytes = 0;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* ---- hooks ---- */

/* spec: TS-0004 7.4.7.2.1 */
mln_err mln_instances_admit(struct mln_exec *e, const struct mln_resource *holder,
                            struct mln_resource *instance)
{
    struct bounds bounds = bounds_of(holder);
    const char *name = mln_model_type(holder->ty)->long_name;

    if (instance->bytes > bounds.bytes) {
        mln_fault_set(e->fault, "the content is larger than maxByteSize of the %s", name);
        MLN_FAIL(NOT_ACCEPTABLE);
    }
    if (bounds.instances == 0) {
        mln_fault_set(e->fault, "maxNrOfInstances of the %s is 0", name);
        MLN_FAIL(NOT_ACCEPTABLE);
    }
    if (bounds.age_s < (uint64_t)(MLN_TIMESTAMP_MAX / MLN_US_PER_S) &&
        instance->et - instance->ct > (int64_t)bounds.age_s * MLN_US_PER_S) {
        instance->et = instance->ct + (int64_t)bounds.age_s * MLN_US_PER_S;
    }
    return MLN_OK;
}

mln_err mln_instances_perform_create(struct mln_exec *e, struct mln_draft *d)
{
    struct mln_resource *r = &d->resource;

    r->bytes = mln_instances_bytes(mln_value_get(d->attributes, MLN_S("con")));
    r->st = e->target.resource.st + 1;
    return mln_instances_admit(e, &e->target.resource, r);
}

mln_err mln_instances_finish_create(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_resource holder = e->target.resource;

    holder.count++;
    holder.bytes += d->resource.bytes;
    holder.st = d->resource.st;
    holder.lt = d->resource.ct;
    MLN_TRY(evict(e, &holder, d->resource.id));
    return mln_store_put(e->write, &e->target.resource, &holder);
}

mln_err mln_instances_finish_update(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_resource after = e->result;

    MLN_TRY(evict(e, &after, 0));
    if (after.count == d->resource.count) {
        return MLN_OK;
    }
    MLN_TRY(mln_store_put(e->write, &d->resource, &after));
    e->result = after;
    return MLN_OK;
}
