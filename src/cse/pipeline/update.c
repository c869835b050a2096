/* UPDATE. spec: TS-0004 7.3.3.7 */
#include "base/timestamp.h"
#include "cse/notify/fresh.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/announce.h"

/* Applies one attribute of the request. NULL deletes. */
static mln_err apply(struct mln_exec *e, struct mln_draft *d, const struct mln_value *v)
{
    const struct mln_attribute *a = mln_model_attribute(e->type, v->name);

    if (a->slot != MLN_SLOT_ATTRS) {
        return MLN_OK; /* expirationTime: below; the others cannot stand in an UPDATE */
    }
    if (v->kind == MLN_V_NULL) {
        (void)mln_value_take(d->attributes, v->name);
        return MLN_OK;
    }
    return mln_draft_set(d, v->name, mln_draft_copy(e->arena, v));
}

/* spec: TS-0004 7.3.3.4: a child may not outlive its parent */
static mln_err check_children(struct mln_exec *e, int64_t et_us)
{
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *scratch = mln_arena_new((size_t)e->cse->options.limits->request_arena_bytes);
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN, .parent = e->target.resource.id };
    struct mln_resource child;
    uint64_t id;
    uint16_t ty;
    mln_err err;

    MLN_REQUIRE(scratch, NO_MEMORY);
    MLN_TRY(mln_scan_open(e->view, &spec, &scan));
    while (!mln_failed(err = mln_scan_next(scan, &id, &ty))) {
        mln_arena_reset(scratch);
        MLN_TRY(mln_store_get(e->view, id, scratch, &child));
        if (child.et > et_us) {
            mln_fault_set(e->fault, "et: the child %.*s expires later", MLN_S_ARG(child.rn));
            MLN_FAIL(ATTR_INVALID);
        }
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err apply_expiration(struct mln_exec *e, struct mln_draft *d, int64_t now_us)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_resource parent;

    if (!mln_value_get(e->attributes, MLN_S("et"))) {
        return MLN_OK;
    }
    MLN_TRY(mln_locate_parent(&l, d->old, &parent));
    d->resource.et = mln_draft_expiration(e, &parent, mln_draft_wanted_expiration(e), now_us);
    return d->resource.et < d->old->et ? check_children(e, d->resource.et) : MLN_OK;
}

static mln_err make_draft(struct mln_exec *e, int64_t now_us, struct mln_draft *d)
{
    d->old = &e->target.resource;
    d->resource = *d->old;
    d->resource.lt = now_us;
    d->resource.st += e->type->has_st;
    MLN_TRY(mln_pack_to_value(d->old->attrs, e->arena, &d->attributes));
    for (const struct mln_value *v = e->attributes->items.first; v; v = v->next) {
        MLN_TRY(apply(e, d, v));
    }
    return apply_expiration(e, d, now_us);
}

/* Did the attribute change, or was it at least written? What is only carried out is neither. */
static bool is_touched(struct mln_exec *e, const struct mln_resource *old,
                       const struct mln_attribute *a)
{
    struct mln_slice before = { 0 };
    struct mln_slice after = { 0 };
    bool had = mln_represent_attribute(old, a, e->arena, &before);
    bool has = mln_represent_attribute(&e->result, a, e->arena, &after);
    const struct mln_value *written = mln_value_get(e->attributes, a->name);

    return had != has || (has && !mln_slice_eq(before, after)) ||
           (written && (has || written->kind == MLN_V_NULL));
}

/* The attributes that a notification counts as modified. */
static mln_err modified(struct mln_exec *e, const struct mln_resource *old,
                        struct mln_selection *ret)
{
    struct mln_slice *names = mln_arena_zalloc(e->arena, e->type->attribute_count, sizeof *names);
    size_t count = 0;

    MLN_REQUIRE(names, NO_MEMORY);
    for (size_t i = 0; i < e->type->attribute_count; i++) {
        if (is_touched(e, old, &e->type->attributes[i])) {
            names[count++] = e->type->attributes[i].name;
        }
    }
    *ret = (struct mln_selection){ names, count };
    return MLN_OK;
}

mln_err mln_perform_update(struct mln_exec *e)
{
    const struct mln_type_ops *ops = mln_type_ops_of(e->type->ty);
    int64_t now_us = mln_env_now_us(e->cse->options.env);
    struct mln_change change = mln_exec_change(e, now_us);
    struct mln_draft d = { 0 };
    struct mln_selection names;
    struct mln_event event = {
        .type = MLN_EVENT_UPDATE, .subject = &e->result, .about = &e->result, .modified = &names
    };

    MLN_TRY(make_draft(e, now_us, &d));
    if (ops && ops->update.perform) {
        MLN_TRY(ops->update.perform(e, &d));
    }
    MLN_TRY(mln_announce_apply(e, &d));
    MLN_TRY(mln_draft_pack(e, &d));
    MLN_TRY(mln_store_put(e->write, d.old, &d.resource));
    e->has_written = true;
    mln_fresh_expiry(e->cse->fresh, d.resource.et);
    e->result = d.resource;
    if (ops && ops->update.finish) {
        MLN_TRY(ops->update.finish(e, &d));
    }
    MLN_TRY(mln_announce_changed(&change, &e->result));
    MLN_TRY(modified(e, d.old, &names));
    return mln_event_publish(&change, &event);
}
