/* Announced resources of all types: copies of what another CSE hosts.
 *
 * The CSE that hosts the original makes the copy, keeps it like the original, and takes it away;
 * nobody else does. Which attributes a copy has stands in spec/types; none has announceTo, so a
 * copy is not announced further. Decision 0033 has the readings. spec: TS-0001 9.6.26, 10.2.13;
 * TS-0004 7.4.26 */
#include "cse/types/annc.h"

#include "cse/notify/event.h"
#include "cse/remote/remote.h"
#include "cse/remote/transit.h"

bool mln_annc_hosts(const struct mln_exec *e, struct mln_slice link)
{
    const struct mln_entity *o = &e->originator.entity;
    struct mln_entity host;

    return o->cse.len > 0 && o->stem.len == 0 && mln_remote_host(e->cse, link, &host) &&
           mln_entity_eq(&host, o);
}

static bool hosts_original(const struct mln_exec *e, const struct mln_resource *copy)
{
    struct mln_slice link;

    return mln_pack_find_text(copy->attrs, MLN_S("lnk"), &link) && mln_annc_hosts(e, link);
}

/* Below its own copies a CSE announces what it wants, and below the CSEBase what has no other place
 * there. Elsewhere policies decide. */
static enum mln_verdict decide_create(const struct mln_exec *e)
{
    const struct mln_entity *o = &e->originator.entity;
    bool is_cse = o->cse.len > 0 && o->stem.len == 0;
    bool is_own = e->target.type->is_announced && hosts_original(e, &e->target.resource);

    return is_own || (is_cse && e->target.resource.ty == MLN_TY_CB) ? MLN_VERDICT_PERMIT
                                                                    : MLN_VERDICT_NONE;
}

/* spec: TS-0004 7.4.26.2.4, 7.4.26.2.5. The administrator takes away what a CSE that is gone has
 * left. */
static mln_err decide(struct mln_exec *e, enum mln_verdict *ret)
{
    bool is_change = e->req.op == MLN_OP_UPDATE || e->req.op == MLN_OP_DELETE;
    bool may = is_change && (hosts_original(e, &e->target.resource) ||
                             (e->req.op == MLN_OP_DELETE && e->originator.is_admin));

    *ret = MLN_VERDICT_NONE;
    if (e->req.op == MLN_OP_CREATE) {
        *ret = decide_create(e);
    } else if (is_change) {
        *ret = may ? MLN_VERDICT_PERMIT : MLN_VERDICT_DENY;
    }
    return MLN_OK;
}

static mln_err validate(struct mln_exec *e)
{
    const struct mln_type_ops *original = mln_type_original_of(e->type->ty);
    const struct mln_value *link = mln_value_get(e->attributes, MLN_S("lnk"));

    if (link && !mln_annc_hosts(e, link->text)) {
        mln_fault_set(e->fault, "lnk: only the CSE that hosts the original announces it");
        MLN_FAIL(NO_PRIVILEGE);
    }
    return original && original->check_copy ? original->check_copy(e) : MLN_OK;
}

static mln_err validate_create(struct mln_exec *e)
{
    if (e->type->special_count) { /* spec: TS-0004 7.4.15.1: mgmtDefinition 0 has no schema here */
        mln_fault_set(e->fault, "%s of this definition is not implemented", e->type->long_name);
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return validate(e);
}

/* spec: TS-0004 7.4.26.2.3 */
static mln_err retrieve(struct mln_exec *e)
{
    struct mln_slice link;

    if (e->req.rcn != MLN_RCN_ORIGINAL) {
        return MLN_OK;
    }
    MLN_REQUIRE(mln_pack_find_text(e->target.resource.attrs, MLN_S("lnk"), &link), STORE_CORRUPT);
    return mln_transit_follow(e, link);
}

const struct mln_type_ops mln_annc_ops = {
    .operations = MLN_OPS_CRUD,
    .decide = decide,
    .create = { .validate = validate_create },
    .retrieve = { .perform = retrieve },
    .update = { .validate = validate },
};
