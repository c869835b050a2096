/* CREATE. spec: TS-0004 7.3.3.5 */
#include "base/timestamp.h"
#include "cse/notify/fresh.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/remote/announce.h"

/* Attributes that the request may carry but that live in a slot of the resource. */
static bool has_slot(const struct mln_exec *e, struct mln_slice name)
{
    const struct mln_attribute *a = mln_model_attribute(e->type, name);

    return a && a->slot != MLN_SLOT_ATTRS;
}

static mln_err copy_attributes(struct mln_exec *e, struct mln_draft *d)
{
    d->attributes = mln_value_new(e->arena, MLN_V_OBJECT);
    MLN_REQUIRE(d->attributes, NO_MEMORY);
    for (const struct mln_value *v = e->attributes->items.first; v; v = v->next) {
        if (!has_slot(e, v->name)) {
            MLN_TRY(mln_value_set(d->attributes, v->name, mln_draft_copy(e->arena, v)));
        }
    }
    return MLN_OK;
}

/* The subscription verified before has told its name to the targets already. */
static struct mln_slice wanted_name(const struct mln_exec *e)
{
    const struct mln_value *rn = mln_value_get(e->attributes, MLN_S("rn"));

    return rn ? rn->text : e->assigned_name;
}

static mln_err make_draft(struct mln_exec *e, int64_t now_us, struct mln_draft *d)
{
    struct mln_resource *r = &d->resource;
    const struct mln_resource *parent = &e->target.resource;
    char *ri = mln_arena_alloc(e->arena, MLN_RI_SIZE);

    MLN_REQUIRE(ri, NO_MEMORY);
    MLN_TRY(mln_store_new_id(e->write, e->type->short_name, &r->id, ri, &r->ri.len));
    r->ri.ptr = ri;
    r->parent = parent->id;
    r->pi = parent->ri;
    r->ty = e->type->ty;
    r->rn = wanted_name(e);
    r->ct = now_us;
    r->lt = now_us;
    r->et = mln_draft_expiration(e, parent, mln_draft_wanted_expiration(e), now_us);
    r->cr = e->originator.text;
    if (mln_value_get(e->attributes, MLN_S("cr"))) {
        r->flags |= MLN_RESOURCE_SHOWS_CREATOR;
    }
    return copy_attributes(e, d);
}

static mln_err store_draft(struct mln_exec *e, struct mln_draft *d)
{
    mln_err err;

    if (d->resource.rn.len &&
        mln_locate_virtual(&e->target.resource, d->resource.rn) != MLN_VIRTUAL_NONE) {
        mln_fault_set(e->fault, "rn: the name of a virtual resource");
        MLN_FAIL(CONFLICT);
    }
    MLN_TRY(mln_draft_pack(e, d));
    err = mln_store_put(e->write, NULL, &d->resource);
    if (err.code == MLN_ERR_CONFLICT) {
        mln_fault_set(e->fault, "a resource of that name exists here");
    }
    MLN_TRY(err);
    e->has_written = true;
    mln_fresh_expiry(e->cse->fresh, d->resource.et);
    if (d->resource.rn.len == 0) {
        d->resource.rn = d->resource.ri;
    }
    return MLN_OK;
}

mln_err mln_perform_create(struct mln_exec *e)
{
    const struct mln_type_ops *ops = mln_type_ops_of(e->type->ty);
    int64_t now_us = mln_env_now_us(e->cse->options.env);
    struct mln_change change;
    struct mln_draft d = { 0 };
    struct mln_event event = { .type = MLN_EVENT_CHILD_CREATED, .about = &e->result };

    MLN_TRY(make_draft(e, now_us, &d));
    if (ops->create.perform) {
        MLN_TRY(ops->create.perform(e, &d));
    }
    MLN_TRY(mln_announce_apply(e, &d));
    MLN_TRY(store_draft(e, &d));
    if (ops->create.finish) {
        MLN_TRY(ops->create.finish(e, &d));
    }
    e->result = d.resource;
    change = mln_exec_change(e, now_us);
    event.subject = &e->target.resource;
    return mln_event_publish(&change, &event);
}
