/* <timeSeriesInstance>: one reading with the time of its making, which no other of its series has.
 * spec: TS-0004 7.4.39, TS-0001 9.6.37 */
#include "cse/pipeline/draft.h"
#include "cse/types/instances.h"
#include "cse/types/series.h"

static bool dgt_of(const struct mln_resource *r, struct mln_arena *arena, struct mln_dgt *ret)
{
    struct mln_value *v = NULL;
    struct mln_slice packed;

    return mln_pack_find(r->attrs, MLN_S("dgt"), &packed) &&
           !mln_failed(mln_pack_to_value(packed, arena, &v)) && mln_dgt_read(v, ret);
}

static mln_err validate_create(struct mln_exec *e)
{
    const struct mln_resource *series = &e->target.resource;
    struct mln_dgt dgt;
    bool is_taken;

    MLN_REQUIRE(mln_dgt_read(mln_value_get(e->attributes, MLN_S("dgt")), &dgt), ATTR_INVALID);
    if (dgt.is_relative && mln_series_is_watched(series)) {
        mln_fault_set(e->fault, "dgt: missing data are detected by absolute times only");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    MLN_TRY(mln_series_has(e->view, series->id, dgt, dgt, &is_taken));
    if (is_taken) {
        mln_fault_set(e->fault, "dgt: an instance of this time exists");
        MLN_FAIL(CONFLICT);
    }
    return MLN_OK;
}

static mln_err finish_create(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.ct);
    struct mln_dgt dgt;

    MLN_REQUIRE(mln_dgt_read(mln_value_get(d->attributes, MLN_S("dgt")), &dgt), INTERNAL);
    MLN_TRY(mln_series_add(&c, d->resource.parent, dgt, d->resource.id));
    MLN_TRY(mln_series_received(&c, &e->target.resource, dgt));
    return mln_instances_finish_create(e, d);
}

static mln_err removed(const struct mln_change *c, const struct mln_resource *r)
{
    struct mln_dgt dgt;

    MLN_REQUIRE(dgt_of(r, c->arena, &dgt), STORE_CORRUPT);
    return mln_series_remove(c, r->parent, dgt);
}

const struct mln_type_ops mln_tsi_ops = {
    .ty = MLN_TY_TSI,
    .operations = MLN_OPS_CRD,
    .create = { .validate = validate_create,
                .perform = mln_instances_perform_create,
                .finish = finish_create },
    .removed = removed,
};
