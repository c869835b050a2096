/* Filter Criteria against resources of the view: supplies what matching needs of others.
 * spec: TS-0004 7.3.3.17 */
#include "base/timestamp.h"
#include "cse/discover/discover.h"
#include "model/match.h"

struct surroundings {
    struct mln_exec *e;
    struct mln_access *access;
    struct mln_arena *scratch;
    struct mln_arena *child; /* emptied before each child; NULL until there is one */
    int64_t now_us;
};

mln_err mln_filter_counts(struct mln_access *access, struct mln_arena *arena, int64_t now_us,
                          const struct mln_resource *r, bool *ret)
{
    struct mln_arena *kept = access->arena;
    mln_err err = MLN_OK;

    *ret = r->et > now_us;
    if (*ret) {
        access->arena = arena;
        err = mln_access_sees(access, r, ret);
        access->arena = kept;
    }
    return err;
}

static mln_err read_parent(void *data, const struct mln_resource *resource,
                           struct mln_resource *ret)
{
    struct surroundings *s = data;
    bool may;

    MLN_REQUIRE(resource->parent != 0, NOT_FOUND);
    MLN_TRY(mln_store_get(s->e->view, resource->parent, s->scratch, ret));
    MLN_TRY(mln_filter_counts(s->access, s->scratch, s->now_us, ret, &may));
    return may ? MLN_OK : MLN_ERROR(NOT_FOUND);
}

static mln_err empty_child(struct surroundings *s)
{
    if (s->child) {
        mln_arena_reset(s->child);
        return MLN_OK;
    }
    s->child = mln_arena_new((size_t)s->e->cse->options.limits->request_arena_bytes);
    MLN_REQUIRE(s->child, NO_MEMORY);
    return MLN_OK;
}

struct inquiry {
    bool by_type;
    mln_match_visit *visit;
    const struct mln_filter_condition *condition;
};

static mln_err check_child(struct surroundings *s, const struct inquiry *q, uint64_t id,
                           uint16_t ty, bool *ret)
{
    struct mln_resource child = { .id = id, .ty = ty };

    if (q->by_type && !q->visit(q->condition, &child)) {
        return MLN_OK; /* without reading it */
    }
    MLN_TRY(empty_child(s));
    MLN_TRY(mln_store_get(s->e->view, id, s->child, &child));
    return q->visit(q->condition, &child)
               ? mln_filter_counts(s->access, s->child, s->now_us, &child, ret)
               : MLN_OK;
}

static mln_err any_child(void *data, const struct mln_resource *resource, bool by_type,
                         mln_match_visit *visit, const struct mln_filter_condition *condition,
                         bool *ret)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct surroundings *s = data;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN, .parent = resource->id };
    struct inquiry q = { by_type, visit, condition };
    bool may = true;
    uint64_t id;
    uint16_t ty;
    mln_err err = MLN_OK;

    *ret = false;
    MLN_TRY(mln_scan_open(s->e->view, &spec, &scan));
    while (!*ret && may && !mln_failed(err = mln_scan_next(scan, &id, &ty))) {
        MLN_TRY(mln_exec_look(s->e, &may));
        if (may) {
            MLN_TRY(check_child(s, &q, id, ty, ret));
        }
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err ask(void *data, const struct mln_resource *resource, bool *ret)
{
    struct surroundings *s = data;

    return mln_semantics_hold(s->e, s->access, resource, ret);
}

mln_err mln_filter_applies(struct mln_exec *e, struct mln_access *access, struct mln_arena *scratch,
                           const struct mln_resource *r, bool *ret)
{
    enum { STEPS = 256 }; /* of geometry cost as much as one resource */
    struct surroundings s = { e, access, scratch, NULL, mln_env_now_us(e->cse->options.env) };
    uint64_t steps = 0;
    struct mln_match_env env = {
        .data = &s,
        .parent = read_parent,
        .any_child = any_child,
        .semantics = ask,
        .read_json = e->cse->options.read_json,
        .limits = e->cse->options.limits,
        .scratch = scratch,
        .steps = &steps,
    };
    mln_err err;

    if (!e->req.fc || !e->req.fc->has_conditions) {
        *ret = true;
        return MLN_OK;
    }
    mln_exec_charge_bytes(e, r->attrs.len);
    err = mln_filter_matches(e->req.fc, &env, r, ret);
    e->effort->spent += steps / STEPS;
    mln_arena_free(s.child);
    return err;
}
