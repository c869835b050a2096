/* Which CMDH policy is the active one. */
#include "cse/types/cmdh.h"

#include "base/num.h"
#include "cse/pipeline/draft.h"
#include "model/special.h"

enum { KEY_SIZE = 8 };

#define OWN MLN_S("n") /* the key of our node; the others are ids of nodes */

/* ---- records ---- */

static struct mln_slice key_of(char key[static KEY_SIZE], uint64_t node)
{
    mln_put_be64(key, node);
    return mln_slice_of(key, KEY_SIZE);
}

/* The id that a record holds, or 0. */
static mln_err read_id(struct mln_view *view, struct mln_slice key, struct mln_arena *arena,
                       uint64_t *ret)
{
    struct mln_slice value;
    mln_err err = mln_record_get(view, MLN_SPACE_CMDH, key, arena, &value);

    *ret = 0;
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_REQUIRE(value.len == KEY_SIZE, STORE_CORRUPT);
    *ret = mln_get_be64(value.ptr);
    return MLN_OK;
}

static mln_err write_id(const struct mln_change *c, struct mln_slice key, uint64_t id)
{
    char value[KEY_SIZE];

    return mln_record_put(c->write, MLN_SPACE_CMDH, key, key_of(value, id));
}

/* Only while it holds that id. */
static mln_err erase_id(const struct mln_change *c, struct mln_slice key, uint64_t id)
{
    uint64_t held;

    MLN_TRY(read_id(c->view, key, c->arena, &held));
    return held == id ? mln_record_erase(c->write, MLN_SPACE_CMDH, key) : MLN_OK;
}

/* ---- our node ---- */

static mln_err is_our_link(const struct mln_lookup *l, struct mln_slice link, bool *ret)
{
    struct mln_resource r;
    mln_err err = mln_locate_lookup(l, link, &r);

    *ret = !mln_failed(err) && r.id == l->cse->base_id;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

mln_err mln_cmdh_node_validate(struct mln_exec *e)
{
    const struct mln_value *link = mln_value_get(e->attributes, MLN_S("hcl"));
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_resource node;
    uint64_t own;
    bool is_ours;
    mln_err err;

    if (!link || link->kind != MLN_V_TEXT) {
        return MLN_OK;
    }
    MLN_TRY(is_our_link(&l, link->text, &is_ours));
    MLN_TRY(read_id(e->view, OWN, e->arena, &own));
    if (!is_ours || own == 0 || (e->req.op == MLN_OP_UPDATE && own == e->target.resource.id)) {
        return MLN_OK;
    }
    err = mln_store_get(e->view, own, e->arena, &node);
    if (err.code == MLN_ERR_NOT_FOUND || (!mln_failed(err) && node.et <= l.now_us)) {
        return MLN_OK;
    }
    MLN_TRY(err);
    mln_fault_set(e->fault, "hcl: this CSE has its node already"); /* not all may see which */
    MLN_FAIL(CONFLICT);
}

mln_err mln_cmdh_node_stored(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.lt);
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_slice link;
    bool is_ours = false;

    if (mln_pack_find_text(d->resource.attrs, MLN_S("hcl"), &link)) {
        MLN_TRY(is_our_link(&l, link, &is_ours));
    }
    return is_ours ? write_id(&c, OWN, d->resource.id) : erase_id(&c, OWN, d->resource.id);
}

mln_err mln_cmdh_node_removed(const struct mln_change *c, const struct mln_resource *r)
{
    return erase_id(c, OWN, r->id);
}

/* ---- the active policy ---- */

static mln_err is_of_kind(const struct mln_lookup *l, const struct mln_resource *r,
                          enum mln_cmdh_kind kind, bool *ret)
{
    *ret = false;
    if (r->ty != MLN_TY_MGMTOBJ || mln_special_of(r)->definition != kind) {
        return MLN_OK;
    }
    return mln_locate_is_live(l, r, ret);
}

mln_err mln_cmdh_active(const struct mln_lookup *l, struct mln_resource *ret)
{
    char key[KEY_SIZE];
    struct mln_resource active;
    struct mln_slice link;
    uint64_t node;
    uint64_t id;
    bool is_live;

    MLN_TRY(read_id(l->view, OWN, l->arena, &node));
    MLN_REQUIRE(node, NOT_FOUND);
    MLN_TRY(read_id(l->view, key_of(key, node), l->arena, &id));
    MLN_REQUIRE(id, NOT_FOUND);
    MLN_TRY(mln_store_get(l->view, id, l->arena, &active));
    MLN_TRY(is_of_kind(l, &active, MLN_CMDH_ACTIVE, &is_live));
    MLN_REQUIRE(is_live && mln_pack_find_text(active.attrs, MLN_S("acmlk"), &link), NOT_FOUND);
    MLN_TRY(mln_locate_lookup(l, link, ret));
    MLN_TRY(is_of_kind(l, ret, MLN_CMDH_POLICY, &is_live));
    MLN_REQUIRE(is_live && ret->parent == node, NOT_FOUND);
    return MLN_OK;
}

/* ---- rules of the kinds ---- */

/* spec: TS-0001 D.12.1: both are children of the same node */
static mln_err check_active(struct mln_exec *e)
{
    const struct mln_value *link = mln_value_get(e->attributes, MLN_S("acmlk"));
    uint64_t node = e->req.op == MLN_OP_CREATE ? e->target.resource.id : e->target.resource.parent;
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_resource policy;
    bool is_policy = false;
    mln_err err;

    if (!link) {
        return MLN_OK;
    }
    err = mln_locate_lookup(&l, link->text, &policy);
    if (err.code != MLN_ERR_NOT_FOUND) {
        MLN_TRY(err);
        MLN_TRY(is_of_kind(&l, &policy, MLN_CMDH_POLICY, &is_policy));
    }
    if (!is_policy || policy.parent != node) {
        mln_fault_set(e->fault, "acmlk: must name a cmdhPolicy of the same node");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

/* Milliseconds, or -1: without end. */
static mln_err check_time(struct mln_exec *e, struct mln_slice name, const struct mln_value *v)
{
    int64_t n;

    if (!mln_value_i64(v, &n) || n < -1 || n > INT64_MAX / 1000 / 2) {
        mln_fault_set(e->fault, "%.*s: milliseconds, or -1", MLN_S_ARG(name));
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

static mln_err check_times(struct mln_exec *e)
{
    static const struct mln_slice names[] = {
        { "dqet", 4 }, { "dset", 4 }, { "doet", 4 }, { "drp", 3 },
        { "lqet", 4 }, { "lset", 4 }, { "loet", 4 }, { "lrp", 3 },
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct mln_value *v = mln_value_get(e->attributes, names[i]);

        if (v && v->kind != MLN_V_ARRAY) {
            MLN_TRY(check_time(e, names[i], v));
            continue;
        }
        for (v = v ? v->items.first : NULL; v; v = v->next) {
            MLN_TRY(check_time(e, names[i], v));
        }
    }
    return MLN_OK;
}

/* Values whose meaning is not built. */
static mln_err check_values(struct mln_exec *e)
{
    const struct mln_value *aggregates = mln_value_get(e->attributes, MLN_S("dda"));
    const struct mln_value *volume = mln_value_get(e->attributes, MLN_S("mrv"));

    if ((aggregates && aggregates->boolean) || (volume && volume->magnitude)) {
        mln_fault_set(e->fault, "%s: requests are not aggregated", aggregates ? "dda" : "mrv");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return MLN_OK;
}

/* All that is linked is read for each request that is forwarded. */
static mln_err check_links(struct mln_exec *e)
{
    const struct mln_value *links = mln_value_get(e->attributes, MLN_S("cmlk"));

    if (links && links->kind == MLN_V_ARRAY &&
        links->items.count > e->cse->options.limits->cmdh_links) {
        mln_fault_set(e->fault, "cmlk: too many links");
        MLN_FAIL(LIMIT);
    }
    return MLN_OK;
}

static bool is_cmdh(const struct mln_type *type)
{
    return type->definition >= MLN_CMDH_POLICY && type->definition <= MLN_CMDH_BUFFER;
}

mln_err mln_cmdh_validate(struct mln_exec *e)
{
    if (!is_cmdh(e->type)) {
        return MLN_OK;
    }
    MLN_TRY(check_links(e));
    MLN_TRY(check_times(e));
    MLN_TRY(check_values(e));
    return check_active(e);
}

mln_err mln_cmdh_stored(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.lt);
    char key[KEY_SIZE];

    return e->type->definition == MLN_CMDH_ACTIVE
               ? write_id(&c, key_of(key, d->resource.parent), d->resource.id)
               : MLN_OK;
}

mln_err mln_cmdh_removed(const struct mln_change *c, const struct mln_resource *r)
{
    char key[KEY_SIZE];

    return mln_special_of(r)->definition == MLN_CMDH_ACTIVE
               ? erase_id(c, key_of(key, r->parent), r->id)
               : MLN_OK;
}
