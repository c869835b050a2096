/* <flexContainer>: data in attributes of its own, whose names and types its containerDefinition
 * says. Where instances are asked for, each new content makes one.
 * spec: TS-0004 7.4.37, TS-0001 9.6.35; instances: Release 4, decision 0043 */
#include "cse/pipeline/draft.h"
#include "cse/types/fcin.h"
#include "cse/types/instances.h"

/* What asks for instances. */
static const char *const limits[] = { "mni", "mbs", "mia" };

enum { LIMITS = sizeof limits / sizeof limits[0] };

/* ---- instances ---- */

/* Is fcinEnabled or a limit there, whatever it says? */
static bool asks(const struct mln_draft *d)
{
    bool does = mln_value_get(d->attributes, MLN_S("fcied")) != NULL;

    for (size_t i = 0; i < LIMITS && !does; i++) {
        does = mln_value_get(d->attributes, mln_slice_z(limits[i])) != NULL;
    }
    return does;
}

/* Are instances made? fcinEnabled decides where it is there, else a limit; one of 0 allows none. */
static bool is_kept(const struct mln_resource *r)
{
    bool is_enabled = false;
    bool is_said = mln_pack_find_bool(r->attrs, MLN_S("fcied"), &is_enabled);

    for (size_t i = 0; i < LIMITS; i++) {
        uint64_t limit;

        if (mln_pack_find_u64(r->attrs, mln_slice_z(limits[i]), &limit)) {
            if (limit == 0) {
                return false;
            }
            is_enabled = is_enabled || !is_said;
        }
    }
    return is_enabled;
}

/* The instance that the new state makes, if it does: its counters stand in the draft then. Who
 * does not ask for instances pays nothing here. */
static mln_err prepare(struct mln_exec *e, struct mln_draft *d, bool is_new_content)
{
    struct mln_resource *r = &d->resource;
    struct mln_resource instance;

    if (!(r->flags & MLN_RESOURCE_COUNTS)) {
        r->bytes = 0; /* contentSize was there in stores of earlier builds */
    }
    if (!asks(d)) {
        if (r->count == 0) {
            r->flags &= (uint16_t)~MLN_RESOURCE_COUNTS;
        }
        return MLN_OK;
    }
    r->flags |= MLN_RESOURCE_COUNTS;
    MLN_TRY(mln_draft_pack(e, d));
    if (!is_kept(r) || (!is_new_content && d->old && is_kept(d->old))) {
        return MLN_OK;
    }
    instance = mln_fcin_of(r);
    MLN_TRY(mln_instances_admit(e, r, &instance));
    r->count++;
    r->bytes += instance.bytes;
    return MLN_OK;
}

static mln_err finish_create(struct mln_exec *e, const struct mln_draft *d)
{
    return d->resource.count ? mln_fcin_make(e, d) : MLN_OK;
}

static mln_err finish_update(struct mln_exec *e, const struct mln_draft *d)
{
    if (d->resource.count > d->old->count) {
        MLN_TRY(mln_fcin_make(e, d));
    }
    return mln_instances_finish_update(e, d);
}

/* ---- content ---- */

/* spec: TS-0004 7.4.37.2.1: contentSize is the sum of the custom attributes */
static mln_err set_size(struct mln_exec *e, struct mln_draft *d)
{
    uint64_t bytes = 0;

    for (const struct mln_value *v = d->attributes->items.first; v; v = v->next) {
        bytes += mln_fcin_is_custom(v->name) ? mln_instances_bytes(v) : 0;
    }
    return mln_draft_set(d, MLN_S("cs"), mln_value_uint(e->arena, bytes));
}

static mln_err perform_create(struct mln_exec *e, struct mln_draft *d)
{
    MLN_TRY(set_size(e, d));
    return prepare(e, d, true);
}

/* spec: TS-0001 9.6.35: stateTag counts changes of custom attributes only */
static mln_err perform_update(struct mln_exec *e, struct mln_draft *d)
{
    bool is_changed = false;

    for (const struct mln_value *v = e->attributes->items.first; v; v = v->next) {
        is_changed = is_changed || mln_fcin_is_custom(v->name);
    }
    if (!is_changed) {
        d->resource.st = d->old->st;
    }
    MLN_TRY(set_size(e, d));
    return prepare(e, d, is_changed);
}

const struct mln_type_ops mln_fcnt_ops = {
    .ty = MLN_TY_FLEXCONTAINER,
    .operations = MLN_OPS_CRUD,
    .create = { .perform = perform_create, .finish = finish_create },
    .update = { .perform = perform_update, .finish = finish_update },
};
