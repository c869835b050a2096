/* <container>: holds instances and keeps their number, size and age within bounds.
 * spec: TS-0004 7.4.6, TS-0001 9.6.6 */
#include "cse/notify/vacant.h"
#include "cse/pipeline/draft.h"
#include "cse/types/instances.h"

static bool flag(const struct mln_resource *r, struct mln_slice name)
{
    bool b = false;

    return mln_pack_find_bool(r->attrs, name, &b) && b;
}

/* spec: TS-0001 9.6.6: with disableRetrieval going from true to false all instances go. New bounds
 * take effect at once: what is over them goes, oldest first. */
static mln_err finish_update(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_resource after = d->resource;

    if (flag(d->old, MLN_S("disr")) && !flag(&after, MLN_S("disr"))) {
        MLN_TRY(mln_instances_drop(e, &after));
        e->result = after;
    }
    return mln_instances_finish_update(e, d);
}

const struct mln_type_ops mln_cnt_ops = {
    .ty = MLN_TY_CNT,
    .operations = MLN_OPS_CRUD,
    .retrieve = { .perform = mln_vacant_look },
    .update = { .finish = finish_update },
};
