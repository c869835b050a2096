/* <container>: holds instances and keeps their number, size and age within bounds.
 * spec: TS-0004 7.4.6, TS-0001 9.6.6 */
#include "cse/types/cnt.h"

#include "base/timestamp.h"
#include "cse/pipeline/draft.h"

struct mln_cnt_bounds mln_cnt_bounds_of(const struct mln_resource *container)
{
    struct mln_cnt_bounds b = { UINT64_MAX, UINT64_MAX, UINT64_MAX };

    (void)mln_pack_find_u64(container->attrs, MLN_S("mni"), &b.instances);
    (void)mln_pack_find_u64(container->attrs, MLN_S("mbs"), &b.bytes);
    (void)mln_pack_find_u64(container->attrs, MLN_S("mia"), &b.age_s);
    return b;
}

/* Removes the oldest instances one by one. Each is read into memory of its own, so that any
 * number can go. */
struct eviction {
    struct mln_exec *e;
    struct mln_arena *scratch;
    struct mln_resource *container;
};

/* Errors: NOT_FOUND when none is left or the oldest is `keep`. */
static mln_err evict_oldest(struct eviction *v, uint64_t keep)
{
    struct mln_lookup l = mln_exec_lookup(v->e);
    struct mln_resource *c = v->container;
    struct mln_resource oldest;

    l.now_us = INT64_MIN; /* also those whose time is over but that are still there */
    l.arena = v->scratch;
    mln_arena_reset(v->scratch);
    MLN_TRY(mln_locate_instance(&l, c, false, &oldest));
    MLN_REQUIRE(oldest.id != keep, NOT_FOUND);
    MLN_TRY(mln_store_erase(v->e->write, &oldest));
    c->count -= c->count > 0;
    c->bytes -= oldest.bytes < c->bytes ? oldest.bytes : c->bytes;
    return MLN_OK;
}

static bool is_over(const struct mln_resource *c, const struct mln_cnt_bounds *b)
{
    return c->count > b->instances || c->bytes > b->bytes;
}

mln_err mln_cnt_evict(struct mln_exec *e, struct mln_resource *container, uint64_t keep)
{
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *scratch = NULL;
    struct mln_cnt_bounds bounds = mln_cnt_bounds_of(container);
    struct eviction v = { .e = e, .container = container };
    mln_err err = MLN_OK;

    if (!is_over(container, &bounds)) {
        return MLN_OK;
    }
    scratch = mln_arena_new((size_t)e->cse->options.limits->request_arena_bytes);
    MLN_REQUIRE(scratch, NO_MEMORY);
    v.scratch = scratch;
    while (!mln_failed(err) && is_over(container, &bounds)) {
        err = evict_oldest(&v, keep);
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static bool flag(const struct mln_resource *r, struct mln_slice name)
{
    bool b = false;

    return mln_pack_find_bool(r->attrs, name, &b) && b;
}

/* spec: TS-0001 9.6.6: with disableRetrieval going from true to false all instances go */
static mln_err drop_hidden(struct mln_exec *e, struct mln_resource *container)
{
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *scratch = mln_arena_new((size_t)e->cse->options.limits->request_arena_bytes);
    struct eviction v = { .e = e, .container = container, .scratch = scratch };
    mln_err err = MLN_OK;

    MLN_REQUIRE(scratch, NO_MEMORY);
    while (!mln_failed(err)) {
        err = evict_oldest(&v, 0);
    }
    container->count = 0;
    container->bytes = 0;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* New bounds take effect at once: what is over them goes, oldest first. */
static mln_err finish_update(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_resource after = d->resource;

    if (flag(d->old, MLN_S("disr")) && !flag(&after, MLN_S("disr"))) {
        MLN_TRY(drop_hidden(e, &after));
    }
    MLN_TRY(mln_cnt_evict(e, &after, 0));
    if (after.count == d->resource.count) {
        return MLN_OK;
    }
    MLN_TRY(mln_store_put(e->write, &d->resource, &after));
    e->result = after;
    return MLN_OK;
}

const struct mln_type_ops mln_cnt_ops = {
    .ty = MLN_TY_CNT,
    .operations = MLN_OPS_CRUD,
    .update = { .finish = finish_update },
};
