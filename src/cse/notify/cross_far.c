/* What crossResourceSubscriptions and subscriptions have to say to each other across CSEs.
 *
 * It waits in the outbox, in a queue for each associate, and is said until it is heard or too old;
 * what never arrives ends with the expirationTime of the subscription there. */
#include <stdio.h>

#include "base/timestamp.h"
#include "cse/notify/cross.h"
#include "cse/notify/event.h"
#include "cse/remote/transit.h"

bool mln_cross_is_far(const struct mln_cse *cse, struct mln_slice address)
{
    struct mln_slice local;

    return mln_ident_place(address, &cse->names, &local) == MLN_PLACE_OTHER_CSE;
}

static bool has_far(const struct mln_cse *cse, const struct mln_resource *r, struct mln_slice name)
{
    struct mln_slice list;
    struct mln_slice id;
    struct mln_walk w;

    if (!mln_pack_find(r->attrs, name, &list)) {
        return false;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &id) && mln_cross_is_far(cse, id)) {
            return true;
        }
    }
    return false;
}

mln_err mln_cross_is_open(const struct mln_change *c, const struct mln_resource *crs, bool *ret)
{
    struct mln_alarm alarm;
    mln_err err;

    *ret = false;
    if (!has_far(c->cse, crs, MLN_S("rrat")) && !has_far(c->cse, crs, MLN_S("srat"))) {
        return MLN_OK;
    }
    err = mln_alarm_get(c->view, crs->id, MLN_ALARM_PARTED, c->arena, &alarm);
    *ret = !mln_failed(err);
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* ---- names ---- */

mln_err mln_cross_far_name(const struct mln_change *c, struct mln_slice crs_ri,
                           struct mln_slice target, size_t number, struct mln_slice *ret)
{
    struct mln_buf out;
    char text[24];
    int len = snprintf(text, sizeof text, "-%zu", number);

    mln_buf_init(&out, c->arena, SIZE_MAX);
    mln_buf_add(&out, target);
    mln_buf_byte(&out, '/');
    mln_buf_add(&out, crs_ri);
    mln_buf_add(&out, mln_slice_of(text, (size_t)len));
    return mln_buf_finish(&out, ret);
}

/* ---- what is to be said ---- */

/* To the associate elsewhere of a resource, in one of its queues. */
static mln_err put(const struct mln_change *c, uint64_t id, size_t place, struct mln_slice target,
                   const struct mln_notice *notice)
{
    enum { QUEUES = MLN_OUTBOX_LANE_CROSS_END - MLN_OUTBOX_LANE_CROSS };
    struct mln_lane lane = { id, (uint16_t)(MLN_OUTBOX_LANE_CROSS + place % QUEUES) };

    return mln_outbox_put(c, lane, 0, target, notice);
}

static bool is_in(const struct mln_value *list, struct mln_slice id)
{
    const struct mln_value *v = list ? list->items.first : NULL;

    while (v && !mln_slice_eq(v->text, id)) {
        v = v->next;
    }
    return v != NULL;
}

/* To those elsewhere of a list that are not in `except`; the first has the place *at, which moves
 * behind the last. */
static mln_err put_to_each(const struct mln_change *c, const struct mln_resource *r,
                           struct mln_slice name, const struct mln_value *except,
                           const struct mln_notice *notice, size_t *at)
{
    struct mln_slice list;
    struct mln_slice id;
    struct mln_walk w;

    if (!mln_pack_find(r->attrs, name, &list)) {
        return MLN_OK;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w); ++*at) {
        MLN_REQUIRE(mln_pack_text_of(w.item, &id), STORE_CORRUPT);
        if (mln_cross_is_far(c->cse, id) && !is_in(except, id)) {
            MLN_TRY(put(c, r->id, *at, id, notice));
        }
    }
    return MLN_OK;
}

/* spec: TS-0004 7.4.58.2.4 c), d) */
static mln_err name_sender(const struct mln_change *c, const struct mln_resource *crs,
                           struct mln_slice *ret)
{
    return mln_transit_name(c->cse, c->arena, c->deleter.len ? c->deleter : crs->cr, false, ret);
}

static mln_err make_delete(const struct mln_change *c, const struct mln_resource *crs,
                           struct mln_notice *ret)
{
    *ret = (struct mln_notice){ .op = MLN_OP_DELETE };
    return name_sender(c, crs, &ret->fr);
}

/* Read first, then changed: mln_cross_goes_on comes between the two. */
static mln_err make_leave(const struct mln_change *c, const struct mln_resource *crs,
                          struct mln_notice *ret)
{
    *ret = (struct mln_notice){ .op = MLN_OP_RETRIEVE };
    MLN_TRY(name_sender(c, crs, &ret->fr));
    return mln_ident_join(c->arena, c->cse->names.cse_id, crs->ri, &ret->leaver);
}

mln_err mln_cross_far_delete(const struct mln_change *c, const struct mln_resource *crs,
                             size_t place, struct mln_slice sub)
{
    struct mln_notice notice = { 0 };

    MLN_TRY(make_delete(c, crs, &notice));
    return put(c, crs->id, place, sub, &notice);
}

mln_err mln_cross_far_leave(const struct mln_change *c, const struct mln_resource *crs,
                            size_t place, struct mln_slice sub)
{
    struct mln_notice notice = { 0 };

    MLN_TRY(make_leave(c, crs, &notice));
    return put(c, crs->id, place, sub, &notice);
}

mln_err mln_cross_far_part(const struct mln_change *c, const struct mln_resource *crs)
{
    struct mln_notice notice = { 0 };
    size_t at = 0;

    MLN_TRY(make_delete(c, crs, &notice));
    MLN_TRY(put_to_each(c, crs, MLN_S("rrats"), NULL, &notice, &at));
    MLN_TRY(make_leave(c, crs, &notice));
    return put_to_each(c, crs, MLN_S("srat"), NULL, &notice, &at);
}

mln_err mln_cross_far_prolong(const struct mln_change *c, const struct mln_resource *crs,
                              struct mln_slice fr, int64_t et_us)
{
    struct mln_notice notice = { .op = MLN_OP_UPDATE };
    struct mln_buf out;
    size_t at = 0;

    MLN_TRY(mln_transit_name(c->cse, c->arena, fr, false, &notice.fr));
    mln_buf_init(&out, c->arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:sub"));
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("et"));
    mln_pack_timestamp(&out, et_us);
    MLN_TRY(mln_buf_finish(&out, &notice.content));
    return put_to_each(c, crs, MLN_S("rrats"), NULL, &notice, &at);
}

/* ---- a subscription of ours ends ---- */

mln_err mln_cross_far_lose(const struct mln_change *c, const struct mln_resource *sub,
                           const struct mln_value *acrs)
{
    struct mln_notice notice = { 0 };
    size_t at = 0;

    MLN_TRY(mln_event_deletion(c, sub, &notice.content));
    return put_to_each(c, sub, MLN_S("acrs"), acrs, &notice, &at);
}

/* ---- a subscription elsewhere is left ---- */

/* The list without us. */
static void put_rest(struct mln_buf *out, const struct mln_value *list, struct mln_slice us)
{
    mln_pack_array(out, MLN_PACK_OPEN);
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        if (!mln_slice_eq(v->text, us)) {
            mln_pack_value(out, v);
        }
    }
    mln_pack_end(out);
}

static const struct mln_value *texts_of(const struct mln_value *sub, struct mln_slice name)
{
    const struct mln_value *list = mln_value_get(sub, name);
    const struct mln_value *v = list && list->kind == MLN_V_ARRAY ? list->items.first : NULL;

    while (v && v->kind == MLN_V_TEXT) {
        v = v->next;
    }
    return v || !list || list->kind != MLN_V_ARRAY ? NULL : list;
}

/* A subscription whose only target we are tells nobody without us. */
bool mln_cross_leave(struct mln_arena *arena, struct mln_slice us, const struct mln_value *pc,
                     enum mln_op *ret_op, struct mln_slice *ret_content)
{
    const struct mln_value *sub = pc && pc->kind == MLN_V_OBJECT ? pc->items.first : NULL;
    const struct mln_value *nu = texts_of(sub, MLN_S("nu"));
    const struct mln_value *acrs = texts_of(sub, MLN_S("acrs"));
    struct mln_buf out;

    if (!nu || !(is_in(nu, us) || is_in(acrs, us))) {
        return false;
    }
    if (nu->items.count == 1 && is_in(nu, us)) {
        *ret_op = MLN_OP_DELETE;
        *ret_content = (struct mln_slice){ 0 };
        return true;
    }
    mln_buf_init(&out, arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:sub"));
    mln_pack_map(&out, acrs ? 2 : 1);
    mln_pack_text(&out, MLN_S("nu"));
    put_rest(&out, nu, us);
    if (acrs) {
        mln_pack_text(&out, MLN_S("acrs"));
    }
    if (acrs && acrs->items.count == 1 && is_in(acrs, us)) {
        mln_pack_null(&out);
    } else if (acrs) {
        put_rest(&out, acrs, us);
    }
    *ret_op = MLN_OP_UPDATE;
    return !mln_failed(mln_buf_finish(&out, ret_content));
}

bool mln_cross_goes_on(struct mln_attempt *a, struct mln_slice us,
                       const struct mln_outbound_answer *answer, struct mln_arena *arena)
{
    if (!us.len || a->op != MLN_OP_RETRIEVE || !mln_attempt_succeeded(answer) ||
        !mln_cross_leave(arena, us, answer->pc, &a->op, &a->content)) {
        return false;
    }
    mln_attempt_start(a);
    return true;
}
