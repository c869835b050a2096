/* What a <crossResourceSubscription> hears from subscriptions at other CSEs: a NOTIFY of the CSE
 * that hosts one of its targets, and of nobody else, whatever policies say.
 * spec: TS-0004 7.4.58.2.4, 7.5.1.2.4, 7.5.1.2.18 */
#include "cse/notify/cross.h"
#include "cse/notify/heard.h"
#include "cse/tree.h"

/* ---- who may ---- */

static bool comes_from(const struct mln_exec *e, struct mln_slice name)
{
    struct mln_slice list;

    return mln_pack_find(e->target.resource.attrs, name, &list) && mln_heard_from_host(e, list);
}

mln_err mln_cross_decide(struct mln_exec *e, enum mln_verdict *ret)
{
    if (e->req.op != MLN_OP_NOTIFY) {
        return MLN_OK;
    }
    *ret = comes_from(e, MLN_S("rrat")) || comes_from(e, MLN_S("srat")) ? MLN_VERDICT_PERMIT
                                                                        : MLN_VERDICT_DENY;
    return MLN_OK;
}

/* ---- whose it is ---- */

static bool list_names(const struct mln_resource *crs, struct mln_slice list_name,
                       struct mln_slice sub, size_t *at)
{
    struct mln_slice list;
    struct mln_slice id;
    struct mln_walk w;

    if (!mln_pack_find(crs->attrs, list_name, &list)) {
        return false;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w); ++*at) {
        if (mln_pack_text_of(w.item, &id) && mln_slice_eq(id, sub)) {
            return true;
        }
    }
    return false;
}

/* *at: its place among rrats and srat. */
static bool is_target(const struct mln_resource *crs, struct mln_slice sub, size_t *at)
{
    *at = 0;
    return list_names(crs, MLN_S("rrats"), sub, at) || list_names(crs, MLN_S("srat"), sub, at);
}

static mln_err refuse_stranger(struct mln_exec *e, struct mln_slice sub)
{
    mln_fault_set(e->fault, "sur: %.*s is none of its targets", MLN_S_ARG(sub));
    MLN_FAIL(BAD_REQUEST);
}

/* ---- what it says ---- */

/* The one that is gone need not be told. While targets are being asked its name may not be known
 * here yet: then the whole ends, too. spec: TS-0004 7.4.58.2.4, 7.5.1.2.4 */
static mln_err lose(struct mln_exec *e, const struct mln_change *c, const struct mln_resource *crs,
                    struct mln_slice sub, bool is_open)
{
    struct mln_lane lane = { .subscription = crs->id };
    size_t at;
    bool is_known = is_target(crs, sub, &at);

    if (!is_known && !is_open) {
        return refuse_stranger(e, sub);
    }
    MLN_TRY(mln_tree_remove(c, crs));
    if (!is_known) {
        return MLN_OK;
    }
    lane.number = (uint16_t)(MLN_OUTBOX_LANE_CROSS + at);
    return mln_outbox_trim(c, lane, 0);
}

/* One notification; *ret_gone: with it the crossResourceSubscription ended. */
static mln_err hear(struct mln_exec *e, const struct mln_change *c, const struct mln_resource *crs,
                    const struct mln_value *sgn, bool *ret_gone)
{
    struct mln_slice sub;
    bool is_open;
    bool is_known = true;

    MLN_TRY(mln_heard_name(e, sgn, &sub));
    MLN_TRY(mln_cross_is_open(c, crs, &is_open));
    if (mln_heard_says(sgn, MLN_S("sud"))) {
        *ret_gone = true;
        return lose(e, c, crs, sub, is_open);
    }
    if (!is_open) { /* else nothing counts yet */
        MLN_TRY(mln_cross_hear(c, crs, sub, &is_known));
    }
    return is_known ? MLN_OK : refuse_stranger(e, sub);
}

/* Several of one batch come together. */
static mln_err hear_all(struct mln_exec *e, const struct mln_change *c,
                        const struct mln_resource *crs)
{
    const struct mln_value *root = e->req.pc->items.first;
    const struct mln_value *list = mln_value_get(root, MLN_S("sgn"));
    bool is_gone = false;

    if (mln_slice_eq(root->name, MLN_S("m2m:sgn"))) {
        return hear(e, c, crs, root, &is_gone);
    }
    for (const struct mln_value *v = list ? list->items.first : NULL; v && !is_gone; v = v->next) {
        MLN_TRY(hear(e, c, crs, v, &is_gone));
    }
    return MLN_OK;
}

/* ---- the hook ---- */

/* While targets are asked, the subscriptions there are not known by name yet.
 * spec: TS-0004 7.4.58.2.1 b), c): it shall properly reply */
static mln_err confirm(struct mln_exec *e, const struct mln_value *sgn)
{
    struct mln_change c = { .cse = e->cse, .view = e->view, .arena = e->arena };
    struct mln_slice sub;
    size_t unused;
    bool is_open;

    MLN_TRY(mln_cross_is_open(&c, &e->target.resource, &is_open));
    if (is_open) {
        return MLN_OK;
    }
    MLN_TRY(mln_heard_name(e, sgn, &sub));
    MLN_REQUIRE(is_target(&e->target.resource, sub, &unused), SUB_HOST_DENIED);
    return MLN_OK;
}

mln_err mln_cross_notified(struct mln_exec *e)
{
    const struct mln_value *question = mln_heard_verification(e);

    return question ? confirm(e, question) : mln_heard_begin(e, hear_all);
}
