/* Flat lists: discovery results and child resource references.
 *
 * Candidates come from a walk over the tree below the root, a parent before its children. When the
 * filter names one label or one type that every match must have, there is an index, too: then the
 * candidates come in the order of their creation, from whichever of the two is shorter. So the
 * order depends on the filter alone, and pages fit together.
 * spec: TS-0004 7.3.3.14, 7.3.3.17 */
#include <stdlib.h>

#include "base/num.h"
#include "base/set.h"
#include "base/timestamp.h"
#include "cse/discover/discover.h"
#include "cse/discover/paths.h"
#include "model/match.h"

enum {
    PATIENCE = 100, /* length of the first step */
    GROWTH = 4,
    GATHERED_MAX = 1 << 20, /* ids in memory */
};

struct lister {
    struct mln_exec *e;
    const struct mln_filter *fc; /* or NULL */
    struct mln_arena *scratch;   /* emptied before each candidate */
    struct mln_paths paths;
    struct mln_access access;
    enum mln_privilege privilege;
    enum mln_list_form form;
    struct mln_buf *out;
    uint64_t skip; /* matches still to pass over */
    uint64_t left; /* results still wanted */
    uint64_t emitted;
    bool is_cut; /* there is more than was wanted or allowed */
    bool has_match;
    uint16_t ty; /* to be visited are those of this type; 0: a list is written */
    mln_err (*visit)(void *data, const struct mln_resource *r);
    void *data;
    struct mln_set seen; /* with a relative path: ids of the results so far */
};

/* ---- one result ---- */

static void put_identifier(struct lister *l, const struct mln_resource *r, struct mln_slice path)
{
    mln_pack_text(l->out, l->e->req.wants_unstructured ? r->ri : path);
}

static void put_reference(struct lister *l, const struct mln_resource *r, struct mln_slice path)
{
    mln_pack_map(l->out, 3);
    mln_pack_text(l->out, MLN_S("nm"));
    mln_pack_text(l->out, r->rn);
    mln_pack_text(l->out, MLN_S("typ"));
    mln_pack_uint(l->out, r->ty);
    mln_pack_text(l->out, MLN_S("val"));
    put_identifier(l, r, path);
}

/* Room for one more result: else the answer ends here. */
static bool has_room(const struct lister *l, const struct mln_resource *r, struct mln_slice path)
{
    size_t need = path.len + r->rn.len + r->ri.len + 64;

    return need < l->out->max - l->out->len;
}

static void emit(struct lister *l, const struct mln_resource *r, struct mln_slice path)
{
    l->has_match = true;
    if (l->skip) {
        l->skip--;
        return;
    }
    if (l->left == 0 || !has_room(l, r, path)) {
        l->is_cut = true;
        return;
    }
    l->left--;
    l->emitted++;
    if (l->form == MLN_LIST_URIS) {
        put_identifier(l, r, path);
    } else {
        put_reference(l, r, path);
    }
}

/* ---- applyRelativePath ---- */

static mln_err remember(struct lister *l, uint64_t id, bool *ret_new)
{
    char *key = mln_arena_alloc(l->e->arena, 8);

    MLN_REQUIRE(key, NO_MEMORY);
    mln_put_be64(key, id);
    return mln_set_add(&l->seen, mln_slice_of(key, 8), ret_new);
}

/* One segment of a relative path. */
static mln_err step(const struct mln_lookup *l, struct mln_slice segment, struct mln_resource *at)
{
    enum mln_virtual which = mln_locate_virtual(at, segment);
    struct mln_resource next;

    if (mln_slice_eq(segment, MLN_S("..")) || mln_slice_eq(segment, MLN_S("."))) {
        return segment.len == 1 ? MLN_OK : mln_locate_parent(l, at, at);
    }
    MLN_REQUIRE(segment.len > 0 && (which == MLN_VIRTUAL_NONE || mln_locate_is_instance(which)),
                NOT_FOUND);
    if (which != MLN_VIRTUAL_NONE) {
        MLN_TRY(mln_locate_instance(l, at, which == MLN_VIRTUAL_LATEST, &next));
    } else {
        MLN_TRY(mln_store_child(l->view, at->id, segment, l->arena, &next));
    }
    *at = next;
    return MLN_OK;
}

static mln_err follow(struct lister *l, struct mln_resource *at)
{
    struct mln_slice rest = l->fc->relative_path;

    while (rest.ptr) {
        bool may;

        MLN_TRY(mln_exec_look(l->e, &may));
        l->is_cut |= !may;
        MLN_REQUIRE(may, NOT_FOUND);
        MLN_TRY(step(&l->paths.lookup, mln_slice_cut(&rest, '/'), at));
    }
    return MLN_OK;
}

/* spec: TS-0004 7.3.3.17.17: a path that leads nowhere is no match */
static mln_err emit_relative(struct lister *l, const struct mln_resource *match)
{
    struct mln_resource r = *match;
    struct mln_slice path;
    bool permits;
    bool is_new;
    mln_err err = follow(l, &r);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_TRY(mln_access_permits(&l->access, &r, l->privilege, &permits));
    MLN_TRY(remember(l, r.id, &is_new));
    if (permits && is_new) {
        MLN_TRY(mln_locate_path(&l->paths.lookup, &r, &path));
        emit(l, &r, path);
    }
    return MLN_OK;
}

/* ---- one candidate ---- */

static mln_err consider_visit(struct lister *l, const struct mln_resource *r)
{
    bool permits;

    if (r->ty != l->ty) {
        return MLN_OK;
    }
    MLN_TRY(mln_access_permits(&l->access, r, l->privilege, &permits));
    l->has_match = l->has_match || permits;
    return permits ? l->visit(l->data, r) : MLN_OK;
}

static mln_err consider(struct lister *l, const struct mln_resource *r,
                        const struct mln_path_entry *parent)
{
    struct mln_exec *e = l->e;
    struct mln_slice path;
    bool holds;

    if (l->visit) {
        return consider_visit(l, r);
    }
    if (l->fc && parent->depth + 1 > l->fc->level) {
        return MLN_OK;
    }
    MLN_TRY(mln_filter_applies(e, &l->access, l->scratch, r, &holds));
    if (holds) {
        MLN_TRY(mln_access_permits(&l->access, r, l->privilege, &holds));
    }
    if (!holds) {
        return MLN_OK;
    }
    if (l->fc && l->fc->relative_path.len) {
        return emit_relative(l, r);
    }
    MLN_TRY(mln_paths_join(l->scratch, parent->path, r->rn, &path));
    emit(l, r, path);
    return MLN_OK;
}

static bool is_over(const struct mln_lookup *l, const struct mln_resource *r)
{
    return r->et != MLN_TIMESTAMP_MAX && r->et <= l->now_us;
}

static mln_err consider_id(struct lister *l, uint64_t id, struct mln_resource *r)
{
    struct mln_path_entry parent;
    bool may;

    *r = (struct mln_resource){ 0 };
    mln_exec_charge(l->e, &l->access);
    MLN_TRY(mln_exec_look(l->e, &may));
    if (!may) {
        l->is_cut = true;
        return MLN_OK;
    }
    mln_arena_reset(l->scratch);
    MLN_TRY(mln_store_get(l->paths.lookup.view, id, l->scratch, r));
    if (is_over(&l->paths.lookup, r) || r->parent == 0) {
        return MLN_OK;
    }
    MLN_TRY(mln_paths_parent(&l->paths, r->parent, &parent));
    return parent.is_below ? consider(l, r, &parent) : MLN_OK;
}

/* ---- candidates ---- */

static bool may_have_children(uint16_t ty)
{
    const struct mln_type *type = mln_model_type(ty);

    return type && type->child_count > 0;
}

/* Depth first, a parent before its children. */
static mln_err walk(struct lister *l, uint64_t parent, unsigned depth)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN, .parent = parent };
    uint64_t id;
    uint16_t ty;
    mln_err err = MLN_OK;

    MLN_REQUIRE(depth < MLN_LOCATE_DEPTH, STORE_CORRUPT);
    if (l->fc && depth >= l->fc->level) {
        return MLN_OK;
    }
    MLN_TRY(mln_scan_open(l->paths.lookup.view, &spec, &scan));
    while (!l->is_cut && !mln_failed(err = mln_scan_next(scan, &id, &ty))) {
        struct mln_resource r;

        MLN_TRY(consider_id(l, id, &r));
        if (may_have_children(r.ty) && !is_over(&l->paths.lookup, &r)) {
            MLN_TRY(walk(l, id, depth + 1));
        }
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* ---- candidates in the order of their creation ---- */

/* ids of what is below the root, no more than `most`. */
struct gathering {
    struct lister *l;
    uint64_t *ids;
    size_t count;
    size_t cap;
    uint64_t most;
};

static mln_err gather_one(struct gathering *g, uint64_t id)
{
    if (g->count == g->cap) {
        size_t more = g->cap ? g->cap * 2 : PATIENCE;

        g->ids =
            mln_arena_grow(g->l->e->arena, g->ids, g->cap * sizeof *g->ids, more * sizeof *g->ids);
        MLN_REQUIRE(g->ids, NO_MEMORY);
        g->cap = more;
    }
    g->ids[g->count++] = id;
    return MLN_OK;
}

static mln_err gather(struct gathering *g, uint64_t parent, unsigned depth)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN, .parent = parent };
    const struct mln_filter *fc = g->l->fc;
    uint64_t id;
    uint16_t ty;
    mln_err err = MLN_OK;

    MLN_REQUIRE(depth < MLN_LOCATE_DEPTH, STORE_CORRUPT);
    if (fc && depth >= fc->level) {
        return MLN_OK;
    }
    MLN_TRY(mln_scan_open(g->l->paths.lookup.view, &spec, &scan));
    while (g->count < g->most && !mln_failed(err = mln_scan_next(scan, &id, &ty))) {
        MLN_TRY(gather_one(g, id));
        if (may_have_children(ty)) {
            MLN_TRY(gather(g, id, depth + 1));
        }
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* ids grow with the time of creation: those up to `last` have been considered already. */
static mln_err from_gathered(struct gathering *g, uint64_t last)
{
    struct lister *l = g->l;

    if (g->count) {
        qsort(g->ids, g->count, sizeof *g->ids, by_value);
    }
    for (size_t i = 0; i < g->count && !l->is_cut; i++) {
        struct mln_resource r;

        if (g->ids[i] > last) {
            MLN_TRY(consider_id(l, g->ids[i], &r));
        }
    }
    return MLN_OK;
}

/* Considers the next `most` entries of an index behind `*last`, which moves on. */
static mln_err from_index(struct lister *l, struct mln_scan *scan, uint64_t most, uint64_t *last,
                          bool *ret_over)
{
    uint64_t id;
    uint16_t ty;

    for (*ret_over = false; most > 0 && !l->is_cut; most--) {
        struct mln_resource r;
        mln_err err = mln_scan_next(scan, &id, &ty);

        if (err.code == MLN_ERR_NOT_FOUND) {
            break;
        }
        MLN_TRY(err);
        if (id > *last) {
            *last = id;
            MLN_TRY(consider_id(l, id, &r));
        }
    }
    *ret_over = most > 0;
    return MLN_OK;
}

enum { INDEXES = 2 };

/* Indexes of one label and of one type that every match must have. */
static size_t indexes_for(const struct lister *l, struct mln_scan_spec ret[static INDEXES])
{
    const struct mln_filter *fc = l->fc;
    size_t count = 0;
    struct mln_slice label;
    uint16_t ty;

    if (fc && mln_filter_needs_label(fc, &label)) {
        ret[count++] = (struct mln_scan_spec){ .kind = MLN_SCAN_LABEL, .label = label };
    }
    if (l->visit) {
        ret[count++] = (struct mln_scan_spec){ .kind = MLN_SCAN_TYPE, .ty = l->ty };
    }
    if (fc && mln_filter_needs_type(fc, &ty)) {
        ret[count++] = (struct mln_scan_spec){ .kind = MLN_SCAN_TYPE, .ty = ty };
    }
    return count;
}

/* Has the index fewer entries than that? */
static mln_err is_shorter(struct lister *l, const struct mln_scan_spec *spec, uint64_t most,
                          bool *ret)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    uint64_t count = 0;
    uint64_t id;
    mln_err err = MLN_OK;

    MLN_TRY(mln_scan_open(l->paths.lookup.view, spec, &scan));
    while (count < most && !mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        count++;
    }
    *ret = count < most;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* The rest of the search by another index, when that is short. */
static mln_err try_other(struct lister *l, const struct mln_scan_spec *spec, uint64_t most,
                         uint64_t *last, bool *ret_over)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;

    MLN_TRY(is_shorter(l, spec, most, ret_over));
    if (*ret_over) {
        MLN_TRY(mln_scan_open(l->paths.lookup.view, spec, &scan));
        MLN_TRY(from_index(l, scan, UINT64_MAX, last, ret_over));
    }
    return MLN_OK;
}

/* Goes along the first index, step by step, and looks before each step, which is as long as all
 * before it, whether the subtree or the other index is shorter. So it costs a few times the
 * shortest way at most, and a page of matches that come early costs next to nothing. */
static mln_err in_creation_order(struct lister *l, const struct mln_scan_spec *specs, size_t count)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct gathering g = { .l = l, .most = PATIENCE };
    uint64_t last = 0;
    bool is_over = false;

    MLN_TRY(mln_scan_open(l->paths.lookup.view, &specs[0], &scan));
    while (!is_over && !l->is_cut) {
        if (g.most <= GATHERED_MAX) {
            g.count = 0;
            MLN_TRY(gather(&g, l->paths.root, 0));
            if (g.count < g.most) {
                return from_gathered(&g, last);
            }
        }
        if (count > 1) {
            MLN_TRY(try_other(l, &specs[1], g.most, &last, &is_over));
        }
        if (!is_over) {
            MLN_TRY(from_index(l, scan, g.most, &last, &is_over));
        }
        g.most *= GROWTH;
    }
    return MLN_OK;
}

static mln_err collect(struct lister *l)
{
    const struct mln_limits *limits = l->e->cse->options.limits;
    const struct mln_filter *fc = l->fc;
    struct mln_scan_spec specs[INDEXES];
    size_t count = indexes_for(l, specs);

    l->skip = fc ? fc->offset - 1 : 0;
    l->left = fc && fc->limit < limits->results ? fc->limit : limits->results;
    return count ? in_creation_order(l, specs, count) : walk(l, l->paths.root, 0);
}

/* An empty list must not tell that its root exists. */
static mln_err check_root(struct lister *l, const struct mln_resource *root)
{
    bool sees = l->has_match || !l->e->cse->options.hides_unauthorised;

    if (!sees) {
        MLN_TRY(mln_access_sees(&l->access, root, &sees));
    }
    return sees ? MLN_OK : MLN_ERROR(NO_PRIVILEGE);
}

static mln_err search(struct lister *l, const struct mln_resource *root)
{
    struct mln_lookup lookup = mln_exec_lookup(l->e);

    lookup.arena = l->scratch;
    mln_exec_begin_access(l->e, l->scratch, &l->access);
    MLN_TRY(mln_paths_begin(&l->paths, &lookup, root));
    MLN_TRY(collect(l));
    return check_root(l, root);
}

/* With a scratch arena for as long as it takes. */
static mln_err run(struct lister *l, const struct mln_resource *root)
{
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *scratch =
        mln_arena_new((size_t)l->e->cse->options.limits->request_arena_bytes);
    mln_err err;

    MLN_REQUIRE(scratch, NO_MEMORY);
    l->scratch = scratch;
    mln_set_init(&l->seen, l->e->arena);
    err = search(l, root);
    mln_paths_end(&l->paths);
    return err;
}

mln_err mln_list_flat(struct mln_exec *e, const struct mln_resource *root, enum mln_list_form form,
                      struct mln_buf *out)
{
    bool is_discovery = e->req.fc && e->req.fc->usage == MLN_FILTER_USAGE_DISCOVERY;
    struct lister *l = mln_arena_zalloc(e->arena, 1, sizeof *l);

    MLN_REQUIRE(l, NO_MEMORY);
    l->e = e;
    l->fc = e->req.fc;
    l->form = form;
    l->out = out;
    l->privilege = is_discovery ? MLN_PRIVILEGE_DISCOVER : MLN_PRIVILEGE_RETRIEVE;
    mln_pack_array(out, MLN_PACK_OPEN);
    MLN_TRY(run(l, root));
    mln_pack_end(out);
    if (l->is_cut) {
        e->response->content_status = MLN_CONTENT_PARTIAL;
        e->response->content_offset = (l->fc ? l->fc->offset : 1) + l->emitted;
    }
    return MLN_OK;
}

mln_err mln_list_visit(struct mln_exec *e, const struct mln_resource *root, uint16_t ty,
                       mln_err (*visit)(void *data, const struct mln_resource *r), void *data)
{
    struct lister *l = mln_arena_zalloc(e->arena, 1, sizeof *l);

    MLN_REQUIRE(l, NO_MEMORY);
    l->e = e;
    l->ty = ty;
    l->visit = visit;
    l->data = data;
    l->privilege = MLN_PRIVILEGE_RETRIEVE;
    MLN_TRY(run(l, root));
    if (l->is_cut) {
        e->response->content_status = MLN_CONTENT_PARTIAL;
    }
    return MLN_OK;
}
