/* <pollingChannel>: an entity fetches here the requests that cannot be sent to it.
 * spec: TS-0004 7.4.21, 7.4.22; TS-0001 10.2.5.12 */
#include "cse/notify/event.h"
#include "cse/notify/fresh.h"
#include "cse/notify/poll.h"
#include "cse/types/types.h"

static bool is_owner(const struct mln_exec *e, struct mln_slice owner)
{
    const struct mln_originator *o = &e->originator;
    struct mln_entity cse;

    if (o->is_registered) {
        return mln_slice_eq(owner, o->text);
    }
    return o->is_proved && o->entity.stem.len == 0 &&
           mln_entity_parse_cse(owner, &e->cse->names, &cse) && mln_entity_eq(&cse, &o->entity);
}

/* Whom the resource stands for that is to get a channel. */
static struct mln_slice entity_of(const struct mln_resource *parent)
{
    struct mln_slice cse_id = { 0 };

    if (parent->ty != MLN_TY_CSR) {
        return parent->ri;
    }
    (void)mln_pack_find_text(parent->attrs, MLN_S("csi"), &cse_id);
    return cse_id;
}

/* The channel belongs to the entity that its parent stands for. What others have asked this entity
 * is nobody else's business, not even the administrator's.
 * spec: TS-0004 7.4.21.2.1, 7.4.22.2.2; SEC-ACP-32 */
static mln_err decide(struct mln_exec *e, enum mln_verdict *ret)
{
    const struct mln_resource *target = &e->target.resource;
    bool is_channel = e->req.op != MLN_OP_CREATE;
    bool may = is_owner(e, is_channel ? target->cr : entity_of(target));

    if (is_channel ? e->target.virtual_child == MLN_VIRTUAL_NONE
                   : !mln_model_may_contain(e->target.type, MLN_TY_PCH)) {
        may = may || e->originator.is_admin; /* in a wrong place it is refused as such */
    }
    *ret = may ? MLN_VERDICT_PERMIT : MLN_VERDICT_DENY;
    return MLN_OK;
}

static mln_err perform_retrieve(struct mln_exec *e)
{
    if (e->target.virtual_child != MLN_VIRTUAL_POLLING) {
        return MLN_OK;
    }
    if (mln_peer_is_end_to_end(e->peer)) {
        mln_fault_set(e->fault, "nobody polls inside an ESPrim object");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return mln_poll_prepare(e);
}

/* Who polls it is told after the commit. */
static mln_err removed(const struct mln_change *c, const struct mln_resource *r)
{
    mln_fresh_channel(c->cse->fresh, r->id);
    return MLN_OK;
}

/* NOTIFY reaches no other resource than pcu. */
const struct mln_type_ops mln_pch_ops = {
    .ty = MLN_TY_PCH,
    .operations = MLN_OPS_CRUD,
    .decide = decide,
    .retrieve = { .perform = perform_retrieve },
    .notify = { .perform = mln_poll_reply },
    .removed = removed,
};
