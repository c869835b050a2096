/* Retrievals of containers without instances. */
#include "cse/notify/vacant.h"

#include "cse/notify/event.h"

static bool is_wanted(const struct mln_resource *sub)
{
    struct mln_slice criteria;
    struct mln_slice net;

    return mln_pack_find(sub->attrs, MLN_S("enc"), &criteria) &&
           mln_pack_find(criteria, MLN_S("net"), &net) &&
           mln_pack_list_has(net, MLN_EVENT_EMPTY_RETRIEVED);
}

mln_err mln_vacant_look(struct mln_exec *e)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    const struct mln_resource *r = &e->target.resource;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN, .parent = r->id, .ty = MLN_TY_SUB };
    struct mln_resource sub;
    uint64_t id;
    mln_err err = MLN_OK;

    if (r->ty != MLN_TY_CNT || r->count > 0 || !e->call ||
        (e->req.rcn != MLN_RCN_CHILDREN && e->req.rcn != MLN_RCN_ATTRIBUTES_AND_CHILDREN)) {
        return MLN_OK;
    }
    MLN_TRY(mln_scan_open(e->view, &spec, &scan));
    while (!e->is_vacant && !mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        MLN_TRY(mln_store_get(e->view, id, e->arena, &sub));
        e->is_vacant = is_wanted(&sub);
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}
