/* Child resources nested in their parents, as Result Content 4 and 8 show them.
 *
 * Siblings of one type, or of one specialisation, stand together under its name. A child that does
 * not match the filter is left out with everything below it, so that no descendant is shown without
 * its parents. A direct child that does not fit into the answer, or exceeds the limit of the
 * request with what is below it, is left out as a whole, so that going on at the offset shows
 * nothing twice. Only when the first one alone exceeds the limit, a part of it is shown. spec:
 * TS-0001 8.1.2, TS-0004 8.4.3 example 3 */
#include <stdlib.h>

#include "base/timestamp.h"
#include "cse/discover/discover.h"
#include "cse/represent.h"
#include "model/pack.h"
#include "model/special.h"

struct nester {
    struct mln_exec *e;
    struct mln_arena *scratch[MLN_LOCATE_DEPTH]; /* one a level, emptied before each child */
    struct mln_access access;
    struct mln_buf *out;
    uint64_t left;       /* resources that may still be shown */
    bool is_full;        /* no room for the child at hand: it is taken back */
    bool is_counted_out; /* the limit is reached */
};

static bool is_over(const struct nester *n)
{
    return n->is_full || n->is_counted_out;
}

/* Below one parent. */
struct level {
    const struct mln_resource *parent;
    unsigned depth;        /* of the children; direct ones have 1 */
    struct mln_slice open; /* name whose array is open; empty for none */
    uint64_t index;        /* of the child among its live siblings, from 1 */
    uint16_t special;      /* number whose specialisations have been shown, 0 for none */
};

/* A child, in the order in which siblings are shown. */
struct kin {
    uint64_t id;
    const struct mln_type *type;
};

static mln_err put_children(struct nester *n, struct level *level);

static bool hides_instances(const struct mln_resource *parent)
{
    bool is_disabled = false;

    /* spec: TS-0001 9.6.6: disableRetrieval */
    return parent->ty == MLN_TY_CNT &&
           mln_pack_find_bool(parent->attrs, MLN_S("disr"), &is_disabled) && is_disabled;
}

static mln_err may_show(struct nester *n, const struct level *level, const struct mln_resource *r,
                        bool *ret)
{
    struct mln_arena *scratch = n->scratch[level->depth];
    int64_t now = mln_env_now_us(n->e->cse->options.env);

    n->access.arena = scratch;
    *ret = (r->et == MLN_TIMESTAMP_MAX || r->et > now) &&
           !(r->ty == MLN_TY_CIN && hides_instances(level->parent));
    if (*ret) {
        MLN_TRY(mln_filter_applies(n->e, &n->access, scratch, r, ret));
    }
    return *ret ? mln_access_permits(&n->access, r, MLN_PRIVILEGE_RETRIEVE, ret) : MLN_OK;
}

static mln_err put_resource(struct nester *n, const struct level *above,
                            const struct mln_resource *r)
{
    const struct mln_type *type = mln_model_type(r->ty);
    struct level below = { .parent = r, .depth = above->depth + 1 };

    n->left--;
    mln_pack_map(n->out, MLN_PACK_OPEN);
    mln_represent_members(n->out, r, NULL);
    if (type && type->child_count) {
        MLN_TRY(put_children(n, &below));
    }
    mln_pack_end(n->out);
    return MLN_OK;
}

/* Ends the array of one type and begins that of another. */
static void switch_type(struct nester *n, struct level *level, const struct mln_resource *r)
{
    const struct mln_type *type = mln_special_of(r);
    struct mln_slice root = type ? type->root : MLN_S("m2m:unknown");

    if (mln_slice_eq(level->open, root)) {
        return;
    }
    if (level->open.len) {
        mln_pack_end(n->out);
    }
    level->open = root;
    mln_pack_text(n->out, root);
    mln_pack_array(n->out, MLN_PACK_OPEN);
}

/* Shows one child, or takes back what was written of it when there is no room. */
static mln_err put_child(struct nester *n, struct level *level, const struct mln_resource *r)
{
    size_t len = n->out->len;
    uint64_t left = n->left;
    struct mln_slice open = level->open;
    /* what still has to follow: the ends of all open arrays and maps */
    size_t reserve = 16 + 4 * (size_t)level->depth;

    switch_type(n, level, r);
    MLN_TRY(put_resource(n, level, r));
    if (n->out->failed == MLN_ERR_LIMIT || n->out->max - n->out->len < reserve) {
        n->is_full = true;
    }
    if (level->depth == 1 && (n->is_full || (n->is_counted_out && open.len))) {
        n->out->failed = MLN_ERR_NONE;
        n->out->len = len;
        n->left = left;
        level->open = open;
    }
    return MLN_OK;
}

static bool is_skipped(const struct nester *n, const struct level *level)
{
    const struct mln_filter *fc = n->e->req.fc;

    return fc && level->depth == 1 && level->index < fc->offset;
}

static mln_err empty_scratch(struct nester *n, unsigned depth)
{
    if (n->scratch[depth]) {
        mln_arena_reset(n->scratch[depth]);
        return MLN_OK;
    }
    n->scratch[depth] = mln_arena_new((size_t)n->e->cse->options.limits->request_arena_bytes);
    MLN_REQUIRE(n->scratch[depth], NO_MEMORY);
    return MLN_OK;
}

static mln_err one_child(struct nester *n, struct level *level, uint64_t id)
{
    struct mln_resource r;
    bool shows;

    MLN_TRY(empty_scratch(n, level->depth));
    MLN_TRY(mln_store_get(n->e->view, id, n->scratch[level->depth], &r));
    MLN_TRY(may_show(n, level, &r, &shows));
    if (!shows) {
        return MLN_OK;
    }
    level->index++;
    if (is_skipped(n, level)) {
        return MLN_OK;
    }
    if (n->left == 0) {
        n->is_counted_out = true;
        return MLN_OK;
    }
    return put_child(n, level, &r);
}

/* One more child is looked at. At the end of the effort the listing is cut. */
static mln_err look(struct nester *n, struct level *level)
{
    bool may = true;

    mln_exec_charge(n->e, &n->access);
    MLN_TRY(mln_exec_look(n->e, &may));
    if (!may) {
        n->is_counted_out = true;
        level->index++; /* of the next that would be shown */
    }
    return MLN_OK;
}

/* The children of a type number that has specialisations. */
struct kindred {
    struct mln_arena *arena;
    struct kin *list;
    size_t count;
    size_t cap;
};

static mln_err add_kin(struct kindred *k, uint64_t id, const struct mln_type *type)
{
    if (k->count == k->cap) {
        size_t more = k->cap ? k->cap * 2 : 16;
        struct kin *grown =
            mln_arena_grow(k->arena, k->list, k->cap * sizeof *grown, more * sizeof *grown);

        MLN_REQUIRE(grown, NO_MEMORY);
        k->list = grown;
        k->cap = more;
    }
    k->list[k->count++] = (struct kin){ id, type };
    return MLN_OK;
}

static mln_err list_kin(struct nester *n, struct level *level, uint16_t ty, struct kindred *k)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN,
                                  .parent = level->parent->id,
                                  .ty = ty };
    struct mln_resource r;
    uint64_t id;
    mln_err err = MLN_OK;

    MLN_TRY(mln_scan_open(n->e->view, &spec, &scan));
    while (!is_over(n) && !mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        MLN_TRY(look(n, level));
        MLN_TRY(empty_scratch(n, level->depth));
        MLN_TRY(mln_store_get(n->e->view, id, n->scratch[level->depth], &r));
        MLN_TRY(add_kin(k, id, mln_special_of(&r)));
    }
    return mln_failed(err) && err.code != MLN_ERR_NOT_FOUND ? err : MLN_OK;
}

static int compare_kin(const void *left, const void *right)
{
    const struct kin *a = left;
    const struct kin *b = right;
    int order = mln_slice_cmp(a->type->root, b->type->root);

    return order ? order : a->id < b->id ? -1 : a->id > b->id;
}

/* By specialisation, then by creation. */
static mln_err put_kin(struct nester *n, struct level *level, uint16_t ty)
{
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *arena = mln_arena_new((size_t)n->e->cse->options.limits->request_arena_bytes);
    struct kindred k = { .arena = arena };

    MLN_REQUIRE(arena, NO_MEMORY);
    MLN_TRY(list_kin(n, level, ty, &k));
    if (k.count > 1) {
        qsort(k.list, k.count, sizeof *k.list, compare_kin);
    }
    for (size_t i = 0; i < k.count && !is_over(n); i++) {
        MLN_TRY(one_child(n, level, k.list[i].id));
    }
    return MLN_OK;
}

static bool is_special(uint16_t ty)
{
    const struct mln_type *type = mln_model_type(ty);

    return type && type->specialised_by.len > 0;
}

static mln_err put_next(struct nester *n, struct level *level, uint64_t id, uint16_t ty)
{
    if (is_special(ty)) {
        if (level->special == ty) {
            return MLN_OK; /* shown with the first of them */
        }
        level->special = ty;
        return put_kin(n, level, ty);
    }
    MLN_TRY(look(n, level));
    return is_over(n) ? MLN_OK : one_child(n, level, id);
}

static mln_err put_children(struct nester *n, struct level *level)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN, .parent = level->parent->id };
    const struct mln_filter *fc = n->e->req.fc;
    uint64_t id;
    uint16_t ty;
    mln_err err = MLN_OK;

    MLN_REQUIRE(level->depth < MLN_LOCATE_DEPTH, STORE_CORRUPT);
    if (fc && level->depth > fc->level) {
        return MLN_OK;
    }
    MLN_TRY(mln_scan_open(n->e->view, &spec, &scan));
    while (!is_over(n) && !mln_failed(err = mln_scan_next(scan, &id, &ty))) {
        MLN_TRY(put_next(n, level, id, ty));
    }
    if (level->open.len) {
        mln_pack_end(n->out);
    }
    return mln_failed(err) && err.code != MLN_ERR_NOT_FOUND ? err : MLN_OK;
}

mln_err mln_list_nested(struct mln_exec *e, const struct mln_resource *root, struct mln_buf *out)
{
    const struct mln_filter *fc = e->req.fc;
    const struct mln_limits *limits = e->cse->options.limits;
    struct nester *n = mln_arena_zalloc(e->arena, 1, sizeof *n);
    struct level top = { .parent = root, .depth = 1 };
    mln_err err;

    MLN_REQUIRE(n, NO_MEMORY);
    n->e = e;
    n->out = out;
    n->left = fc && fc->limit < limits->results ? fc->limit : limits->results;
    mln_exec_begin_access(e, e->arena, &n->access);
    err = put_children(n, &top);
    for (unsigned i = 0; i < MLN_LOCATE_DEPTH; i++) {
        mln_arena_free(n->scratch[i]);
    }
    if (is_over(n)) {
        e->response->content_status = MLN_CONTENT_PARTIAL;
        e->response->content_offset = top.index;
    }
    return err;
}
