/* <locationPolicy>: where a device is, in a <container> that comes and goes with the policy.
 *
 * Device-based only: what positions the device creates the instances. No location server and no
 * topology of the area network is asked. spec: TS-0004 7.4.10, TS-0001 9.6.10, 10.2.9 */
#include "base/timestamp.h"
#include "cse/pipeline/draft.h"
#include "cse/tree.h"
#include "cse/types/types.h"

enum { DEVICE_BASED = 2 }; /* m2m:locationSource. spec: TS-0004 6.3.4.2.3 */
enum { POSITION_FIX = 1 }; /* m2m:locationInformationType. spec: TS-0004 6.3.4.2.46 */

/* True when the attribute is there and another number. */
static bool differs(const struct mln_exec *e, struct mln_slice name, uint64_t n)
{
    const struct mln_value *v = mln_value_get(e->attributes, name);
    uint64_t given = n;

    (void)mln_value_u64(v, &given);
    return given != n;
}

/* spec: TS-0001 table 9.6.10-2: zero does not stand beside other periods */
static mln_err check_periods(struct mln_exec *e)
{
    const struct mln_value *list = mln_value_get(e->attributes, MLN_S("lou"));
    int64_t period_us;

    if (!list || list->kind != MLN_V_ARRAY || list->items.count < 2) {
        return MLN_OK;
    }
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        if (!mln_duration_parse(v->text, &period_us) || period_us == 0) {
            mln_fault_set(e->fault, "lou: 0 must be the only period");
            MLN_FAIL(ATTR_INVALID);
        }
    }
    return MLN_OK;
}

static mln_err validate(struct mln_exec *e)
{
    if (differs(e, MLN_S("los"), DEVICE_BASED)) {
        mln_fault_set(e->fault, "los: only device-based location is implemented");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    if (differs(e, MLN_S("lit"), POSITION_FIX)) {
        mln_fault_set(e->fault, "lit: geo-fences are not implemented");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return check_periods(e);
}

/* The name that the originator wants for the container must be free. spec: TS-0001 10.2.9.6 */
static mln_err check_name(struct mln_exec *e, struct mln_slice name, struct mln_slice of_policy)
{
    const struct mln_resource *parent = &e->target.resource;
    struct mln_resource other;
    mln_err err = MLN_OK;

    if (!mln_ident_is_name(name) || name.len > e->cse->options.limits->name_bytes) {
        mln_fault_set(e->fault, "lon: no resourceName");
        MLN_FAIL(ATTR_INVALID);
    }
    if (!mln_slice_eq(name, of_policy) && mln_locate_virtual(parent, name) == MLN_VIRTUAL_NONE) {
        err = mln_store_child(e->view, parent->id, name, e->arena, &other);
    }
    if (!mln_failed(err)) {
        mln_fault_set(e->fault, "lon: a resource of that name exists here");
        MLN_FAIL(CONFLICT);
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err set_text(struct mln_exec *e, struct mln_draft *d, struct mln_slice name,
                        struct mln_slice text)
{
    return mln_draft_set(d, name, mln_value_text(e->arena, text));
}

/* spec: TS-0004 7.4.10.2.1: the two refer to each other */
static mln_err perform_create(struct mln_exec *e, struct mln_draft *d)
{
    const struct mln_value *name = mln_value_get(d->attributes, MLN_S("lon"));
    char *ri = mln_arena_alloc(e->arena, MLN_RI_SIZE);
    size_t len;

    MLN_REQUIRE(ri, NO_MEMORY);
    if (name) {
        MLN_TRY(check_name(e, name->text, d->resource.rn));
    }
    /* the slot keeps which container is the policy's */
    MLN_TRY(mln_store_new_id(e->write, MLN_S("cnt"), &d->resource.count, ri, &len));
    if (!mln_value_get(d->attributes, MLN_S("lit"))) {
        MLN_TRY(mln_draft_set(d, MLN_S("lit"), mln_value_uint(e->arena, POSITION_FIX)));
    }
    MLN_TRY(set_text(e, d, MLN_S("loi"), mln_slice_of(ri, len)));
    return set_text(e, d, MLN_S("lost"), MLN_S("device-based"));
}

/* The container is for those for whom the policy is. */
static mln_err pack_container(struct mln_exec *e, const struct mln_draft *d, struct mln_slice *ret)
{
    const struct mln_value *policies = mln_value_get(d->attributes, MLN_S("acpi"));
    struct mln_buf out;

    mln_buf_init(&out, e->arena, SIZE_MAX);
    mln_pack_map(&out, policies ? 2 : 1);
    mln_pack_text(&out, MLN_S("li"));
    mln_pack_text(&out, d->resource.ri);
    if (policies) {
        mln_pack_text(&out, MLN_S("acpi"));
        mln_pack_value(&out, policies);
    }
    return mln_buf_finish(&out, ret);
}

static mln_err finish_create(struct mln_exec *e, const struct mln_draft *d)
{
    const struct mln_value *name = mln_value_get(d->attributes, MLN_S("lon"));
    struct mln_change c = mln_exec_change(e, d->resource.ct);
    struct mln_resource container = d->resource;
    struct mln_event event = { .type = MLN_EVENT_CHILD_CREATED,
                               .subject = &e->target.resource,
                               .about = &container };

    container.id = d->resource.count;
    container.ty = MLN_TY_CNT;
    container.ri = mln_value_get(d->attributes, MLN_S("loi"))->text;
    container.rn = name ? name->text : container.ri;
    container.count = 0;
    container.flags = 0;
    MLN_TRY(pack_container(e, d, &container.attrs));
    MLN_TRY(mln_store_put(e->write, NULL, &container));
    return mln_event_publish(&c, &event);
}

/* The container lives as long as the policy. */
static mln_err finish_update(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_resource container;
    struct mln_resource after;
    mln_err err = mln_store_get(e->view, d->resource.count, e->arena, &container);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK; /* somebody deleted it */
    }
    MLN_TRY(err);
    after = container;
    after.et = d->resource.et;
    return after.et > container.et ? mln_store_put(e->write, &container, &after) : MLN_OK;
}

/* spec: TS-0004 7.4.10.2.4: the container goes, too. When the parent goes it takes both along. */
static mln_err removed(const struct mln_change *c, const struct mln_resource *r)
{
    struct mln_resource container;
    mln_err err = mln_store_get(c->view, r->parent, c->arena, &container);

    if (!mln_failed(err)) {
        err = mln_store_get(c->view, r->count, c->arena, &container);
    }
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    return mln_tree_remove(c, &container);
}

const struct mln_type_ops mln_lcp_ops = {
    .ty = MLN_TY_LCP,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate, .perform = perform_create, .finish = finish_create },
    .update = { .validate = validate, .finish = finish_update },
    .removed = removed,
};
