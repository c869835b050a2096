/* <flexContainer>: data in attributes of its own, whose names and types its containerDefinition
 * says. spec: TS-0004 7.4.37, TS-0001 9.6.35 */
#include "cse/pipeline/draft.h"
#include "cse/types/instances.h"

static bool is_custom(struct mln_slice name)
{
    return !mln_model_attribute(mln_model_type(MLN_TY_FLEXCONTAINER), name);
}

/* spec: TS-0004 7.4.37.2.1: contentSize is the sum of the custom attributes */
static mln_err perform_create(struct mln_exec *e, struct mln_draft *d)
{
    (void)e;
    d->resource.bytes = 0;
    for (const struct mln_value *v = d->attributes->items.first; v; v = v->next) {
        d->resource.bytes += is_custom(v->name) ? mln_instances_bytes(v) : 0;
    }
    return MLN_OK;
}

/* spec: TS-0001 9.6.35: stateTag counts changes of custom attributes only */
static mln_err perform_update(struct mln_exec *e, struct mln_draft *d)
{
    bool is_changed = false;

    for (const struct mln_value *v = e->attributes->items.first; v; v = v->next) {
        is_changed = is_changed || is_custom(v->name);
    }
    if (!is_changed) {
        d->resource.st = d->old->st;
    }
    return perform_create(e, d);
}

const struct mln_type_ops mln_fcnt_ops = {
    .ty = MLN_TY_FLEXCONTAINER,
    .operations = MLN_OPS_CRUD,
    .create = { .perform = perform_create },
    .update = { .perform = perform_update },
};
