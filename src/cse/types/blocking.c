/* Subscriptions that block updates. */
#include "cse/types/blocking.h"

#include "cse/notify/block.h"
#include "cse/notify/reach.h"
#include "cse/types/criteria.h"

/* spec: TS-0004 7.4.8.2.1: no other attribute of the type; TS-0001 9.6.8: nct is 2, which the
 * criteria have been held against */
static mln_err check_attributes(struct mln_exec *e)
{
    static const struct mln_slice fine[] = {
        { "enc", 3 }, { "nu", 2 },   { "nct", 3 },  { "rn", 2 }, { "et", 2 },
        { "lbl", 3 }, { "acpi", 4 }, { "daci", 4 }, { "cr", 2 },
    };

    for (const struct mln_value *v = e->attributes->items.first; v; v = v->next) {
        size_t i = 0;

        while (i < sizeof fine / sizeof fine[0] && !mln_slice_eq(v->name, fine[i])) {
            i++;
        }
        if (i == sizeof fine / sizeof fine[0]) {
            mln_fault_set(e->fault, "%.*s: not with event type 7", MLN_S_ARG(v->name));
            MLN_FAIL(ATTR_INVALID);
        }
    }
    return MLN_OK;
}

/* spec: TS-0001 10.2.10.2: who agrees to an update must be allowed to make it */
static mln_err check_privilege(struct mln_exec *e, struct mln_slice target,
                               const struct mln_resource *subject)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_identify in = { .cse = e->cse, .view = e->view, .arena = e->arena };
    struct mln_resource ae;
    bool permits;

    MLN_TRY(mln_locate_lookup(&l, target, &ae));
    in.from = ae.ri;
    MLN_TRY(mln_access_would_permit(&in, NULL, subject, MLN_PRIVILEGE_UPDATE, &permits));
    if (!permits) {
        mln_fault_set(e->fault, "nu: may not update %.*s itself", MLN_S_ARG(subject->rn));
        MLN_FAIL(RECEIVER_DENIED);
    }
    return MLN_OK;
}

/* spec: TS-0004 7.4.8.2.1: one target, and one that can answer */
static mln_err check_target(struct mln_exec *e, const struct mln_resource *subject)
{
    const struct mln_value *nu = mln_value_get(e->attributes, MLN_S("nu"));
    struct mln_slice plain;
    struct mln_slice ct;

    if (!nu) {
        return MLN_OK;
    }
    if (nu->items.count != 1 || mln_ident_is_url(nu->items.first->text)) {
        mln_fault_set(e->fault, "nu: event type 7 needs one target, a resource identifier");
        MLN_FAIL(ATTR_INVALID);
    }
    MLN_TRY(mln_reach_strip(e->arena, nu->items.first->text, &plain, &ct));
    return subject ? check_privilege(e, plain, subject) : MLN_OK;
}

/* spec: TS-0001 9.6.8: a maximum of one */
static mln_err check_only_one(struct mln_exec *e)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN,
                                  .parent = e->target.resource.id,
                                  .ty = MLN_TY_SUB };
    struct mln_slice criteria;
    struct mln_resource sub;
    uint64_t id;
    mln_err err;

    if (!(e->target.resource.flags & MLN_RESOURCE_MAY_BLOCK)) {
        return MLN_OK;
    }
    MLN_TRY(mln_scan_open(e->view, &spec, &scan));
    while (!mln_failed(err = mln_scan_next(scan, &id, NULL))) {
        MLN_TRY(mln_store_get(e->view, id, e->arena, &sub));
        if (sub.et > e->arrival_us && mln_pack_find(sub.attrs, MLN_S("enc"), &criteria) &&
            mln_block_is_wanted(criteria)) {
            MLN_FAIL(BLOCKING_EXISTS);
        }
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

mln_err mln_blocking_check_create(struct mln_exec *e, bool has_subject)
{
    if (!mln_criteria_has(mln_value_get(e->attributes, MLN_S("enc")), MLN_EVENT_BLOCKING_UPDATE)) {
        return MLN_OK;
    }
    MLN_TRY(check_attributes(e));
    MLN_TRY(check_target(e, has_subject ? &e->target.resource : NULL));
    return has_subject ? check_only_one(e) : MLN_OK;
}

mln_err mln_blocking_check_update(struct mln_exec *e, const struct mln_resource *subject)
{
    const struct mln_value *enc = mln_value_get(e->attributes, MLN_S("enc"));
    struct mln_slice criteria;

    if (mln_criteria_has(enc, MLN_EVENT_BLOCKING_UPDATE)) { /* spec: TS-0004 7.4.8.2.3 */
        mln_fault_set(e->fault, "enc: net: type 7 only when a subscription is created");
        MLN_FAIL(ATTR_INVALID);
    }
    if (enc || !mln_pack_find(e->target.resource.attrs, MLN_S("enc"), &criteria) ||
        !mln_block_is_wanted(criteria)) {
        return MLN_OK;
    }
    MLN_TRY(check_attributes(e));
    return check_target(e, subject);
}
