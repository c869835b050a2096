/* Cross-resource notifications. */
#include "cse/notify/cross.h"

#include "base/timestamp.h"
#include "cse/notify/event.h"
#include "cse/notify/tally.h"
#include "cse/tree.h"

static struct mln_lookup lookup_of(const struct mln_change *c)
{
    return (struct mln_lookup){ c->cse, c->view, c->arena, c->now_us };
}

/* The live resource of that type; *ret_found false: there is none. */
static mln_err find(const struct mln_change *c, struct mln_slice id, uint16_t ty,
                    struct mln_resource *ret, bool *ret_found)
{
    struct mln_lookup l = lookup_of(c);
    mln_err err = mln_locate_lookup(&l, id, ret);

    *ret_found = !mln_failed(err) && ret->ty == ty;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* ---- the window ---- */

/* Which targets have notified in the window that is open. */
struct window {
    int64_t end_us;
    uint8_t *bits;
    size_t targets;
    bool is_new; /* one has that had not */
};

static mln_err count_targets(const struct mln_resource *crs, struct mln_slice name, size_t *count)
{
    struct mln_slice list;
    struct mln_item head;

    if (mln_pack_find(crs->attrs, name, &list)) {
        MLN_TRY(mln_pack_read(&list, &head));
        *count += head.count;
    }
    return MLN_OK;
}

/* The one that is open, or a new one. */
static mln_err open_window(const struct mln_change *c, const struct mln_resource *crs,
                           struct window *ret)
{
    struct mln_alarm alarm = { 0 };
    struct mln_slice text;
    uint64_t type;
    int64_t size_us;
    size_t bytes;
    mln_err err = mln_alarm_get(c->view, crs->id, MLN_ALARM_CROSS, c->arena, &alarm);
    bool is_open = !mln_failed(err) && alarm.due_us > c->now_us;

    if (err.code != MLN_ERR_NOT_FOUND) {
        MLN_TRY(err);
    }
    MLN_REQUIRE(mln_pack_find_u64(crs->attrs, MLN_S("twt"), &type) &&
                    mln_pack_find_text(crs->attrs, MLN_S("tws"), &text) &&
                    mln_duration_parse(text, &size_us) && size_us > 0,
                STORE_CORRUPT);
    *ret = (struct window){ .end_us = alarm.due_us };
    MLN_TRY(count_targets(crs, MLN_S("rrats"), &ret->targets));
    MLN_TRY(count_targets(crs, MLN_S("srat"), &ret->targets));
    bytes = (ret->targets + 7) / 8;
    ret->bits = mln_arena_zalloc(c->arena, bytes, 1);
    MLN_REQUIRE(ret->bits, NO_MEMORY);
    if (is_open) {
        MLN_REQUIRE(alarm.state.len == bytes, STORE_CORRUPT);
        memcpy(ret->bits, alarm.state.ptr, bytes);
    } else {
        ret->end_us = mln_cross_window_end((enum mln_window_type)type, size_us, (int64_t)crs->bytes,
                                           c->now_us);
    }
    return MLN_OK;
}

static bool is_full(const struct window *w)
{
    size_t i = 0;

    while (i < w->targets && w->bits[i / 8] >> (i % 8) & 1) {
        i++;
    }
    return i == w->targets;
}

static void mark(struct window *w, size_t at)
{
    uint8_t bit = (uint8_t)(1 << (at % 8));

    w->is_new = w->is_new || !(w->bits[at / 8] & bit);
    w->bits[at / 8] |= bit;
}

/* Those that it made are named by their resourceID. Returns how many there are. */
static size_t mark_made(struct window *w, const struct mln_resource *crs,
                        const struct mln_resource *sub)
{
    struct mln_slice list;
    struct mln_slice id;
    struct mln_walk walk;
    size_t at = 0;

    if (!mln_pack_find(crs->attrs, MLN_S("rrats"), &list)) {
        return 0;
    }
    for (mln_walk_begin(&walk, list); mln_walk_next(&walk); at++) {
        if (mln_pack_text_of(walk.item, &id) && mln_slice_eq(id, sub->ri)) {
            mark(w, at);
        }
    }
    return at;
}

/* The others as who created it named them; their bits are from `at` on. */
static mln_err mark_joined(const struct mln_change *c, struct window *w, size_t at,
                           const struct mln_resource *crs, const struct mln_resource *sub)
{
    struct mln_resource target;
    struct mln_slice list;
    struct mln_slice id;
    struct mln_walk walk;
    bool found;

    if (!mln_pack_find(crs->attrs, MLN_S("srat"), &list)) {
        return MLN_OK;
    }
    for (mln_walk_begin(&walk, list); mln_walk_next(&walk); at++) {
        MLN_REQUIRE(mln_pack_text_of(walk.item, &id), STORE_CORRUPT);
        MLN_TRY(find(c, id, MLN_TY_SUB, &target, &found));
        if (found && target.id == sub->id) {
            mark(w, at);
        }
    }
    return MLN_OK;
}

/* What the notification counted in is used up: the next one needs all targets anew. */
static mln_err count(const struct mln_change *c, const struct mln_resource *crs, struct window *w,
                     struct mln_allowance *allowance)
{
    struct mln_slice content;
    struct mln_alarm alarm;

    if (!w->is_new) {
        return MLN_OK;
    }
    if (is_full(w)) {
        MLN_TRY(mln_alarm_clear(c, crs->id, MLN_ALARM_CROSS));
        MLN_TRY(mln_event_cross(c, crs, &content));
        return mln_policy_send(c, crs, content, allowance);
    }
    alarm = (struct mln_alarm){
        .id = crs->id,
        .kind = MLN_ALARM_CROSS,
        .due_us = w->end_us,
        .state = mln_slice_of((const char *)w->bits, (w->targets + 7) / 8),
    };
    return mln_alarm_set(c, &alarm);
}

/* spec: TS-0004 7.4.58.2.1 d): windows begin when it has been created */
static mln_err tell(const struct mln_change *c, const struct mln_resource *crs,
                    const struct mln_resource *sub, struct mln_allowance *allowance)
{
    struct window w;
    bool is_open;

    MLN_TRY(mln_cross_is_open(c, crs, &is_open));
    if (is_open) {
        return MLN_OK;
    }
    MLN_TRY(open_window(c, crs, &w));
    MLN_TRY(mark_joined(c, &w, mark_made(&w, crs, sub), crs, sub));
    return count(c, crs, &w, allowance);
}

/* Places of that name in a list; the first is `at`. */
static size_t mark_named(struct window *w, size_t at, const struct mln_resource *crs,
                         struct mln_slice list_name, struct mln_slice sub, bool *found)
{
    struct mln_slice list;
    struct mln_slice id;
    struct mln_walk walk;

    if (!mln_pack_find(crs->attrs, list_name, &list)) {
        return at;
    }
    for (mln_walk_begin(&walk, list); mln_walk_next(&walk); at++) {
        if (mln_pack_text_of(walk.item, &id) && mln_slice_eq(id, sub)) {
            mark(w, at);
            *found = true;
        }
    }
    return at;
}

mln_err mln_cross_hear(const struct mln_change *c, const struct mln_resource *crs,
                       struct mln_slice sub, bool *ret_known)
{
    struct mln_allowance allowance = { .left = c->cse->options.limits->event_bytes };
    struct window w;
    size_t at;

    *ret_known = false;
    MLN_TRY(open_window(c, crs, &w));
    at = mark_named(&w, 0, crs, MLN_S("rrats"), sub, ret_known);
    (void)mark_named(&w, at, crs, MLN_S("srat"), sub, ret_known);
    return *ret_known ? count(c, crs, &w, &allowance) : MLN_OK;
}

bool mln_cross_names(const struct mln_cse *cse, const struct mln_resource *sub,
                     struct mln_slice target)
{
    struct mln_slice list;
    struct mln_slice id;
    struct mln_walk w;

    if (!(sub->flags & MLN_RESOURCE_IS_CROSSED) ||
        !mln_pack_find(sub->attrs, MLN_S("acrs"), &list) || mln_cross_is_far(cse, target)) {
        return false;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        if (mln_pack_text_of(w.item, &id) && mln_slice_eq(id, target)) {
            return true;
        }
    }
    return false;
}

mln_err mln_cross_tell(const struct mln_change *c, const struct mln_resource *sub,
                       struct mln_slice target, struct mln_allowance *allowance, bool *ret)
{
    struct mln_resource crs;
    bool is_there;

    *ret = mln_cross_names(c->cse, sub, target);
    if (!*ret) {
        return MLN_OK;
    }
    MLN_TRY(find(c, target, MLN_TY_CRS, &crs, &is_there));
    return is_there && crs.id != allowance->created ? tell(c, &crs, sub, allowance) : MLN_OK;
}

/* ---- the end ---- */

typedef mln_err visit_fn(const struct mln_change *c, const struct mln_resource *r);

/* Visits the live resources of that type in a list of the resource. */
static mln_err each(const struct mln_change *c, const struct mln_resource *of,
                    struct mln_slice name, uint16_t ty, visit_fn *visit)
{
    struct mln_resource r;
    struct mln_slice list;
    struct mln_slice id;
    struct mln_walk w;
    bool found;

    if (!mln_pack_find(of->attrs, name, &list)) {
        return MLN_OK;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        MLN_REQUIRE(mln_pack_text_of(w.item, &id), STORE_CORRUPT);
        MLN_TRY(find(c, id, ty, &r, &found));
        MLN_TRY(found ? visit(c, &r) : MLN_OK);
    }
    return MLN_OK;
}

static mln_err each_target(const struct mln_change *c, const struct mln_resource *crs,
                           visit_fn *visit)
{
    MLN_TRY(each(c, crs, MLN_S("rrats"), MLN_TY_SUB, visit));
    return each(c, crs, MLN_S("srat"), MLN_TY_SUB, visit);
}

static mln_err wake(const struct mln_change *c, const struct mln_resource *r)
{
    struct mln_alarm alarm = { .id = r->id, .kind = MLN_ALARM_PARTED, .due_us = c->now_us };

    return mln_alarm_set(c, &alarm);
}

mln_err mln_cross_lose(const struct mln_change *c, const struct mln_resource *sub)
{
    if (!(sub->flags & MLN_RESOURCE_IS_CROSSED)) {
        return MLN_OK;
    }
    MLN_TRY(mln_alarm_clear(c, sub->id, MLN_ALARM_PARTED));
    MLN_TRY(mln_cross_far_lose(c, sub, NULL));
    return each(c, sub, MLN_S("acrs"), MLN_TY_CRS, wake);
}

mln_err mln_cross_release(const struct mln_change *c, const struct mln_resource *crs)
{
    MLN_TRY(mln_alarm_clear(c, crs->id, MLN_ALARM_CROSS));
    MLN_TRY(mln_alarm_clear(c, crs->id, MLN_ALARM_PARTED));
    MLN_TRY(mln_cross_far_part(c, crs));
    return each_target(c, crs, wake);
}

/* The members of the list that are not in `gone`. */
static mln_err without(const struct mln_change *c, const struct mln_value *list,
                       const struct mln_value *gone, struct mln_value **ret)
{
    struct mln_value *left = mln_value_new(c->arena, MLN_V_ARRAY);

    MLN_REQUIRE(left, NO_MEMORY);
    for (const struct mln_value *v = list ? list->items.first : NULL; v; v = v->next) {
        const struct mln_value *g = gone->items.first;

        while (g && !mln_slice_eq(g->text, v->text)) {
            g = g->next;
        }
        if (!g) {
            MLN_TRY(mln_value_append(left, mln_value_text(c->arena, v->text)));
        }
    }
    *ret = left;
    return MLN_OK;
}

/* Those of associatedCrossResourceSub that are not there any more; of others elsewhere their CSEs
 * would say so. */
static mln_err find_gone(const struct mln_change *c, const struct mln_value *acrs,
                         struct mln_value **ret)
{
    struct mln_value *gone = mln_value_new(c->arena, MLN_V_ARRAY);
    struct mln_resource crs;
    bool found;

    MLN_REQUIRE(gone, NO_MEMORY);
    for (const struct mln_value *v = acrs ? acrs->items.first : NULL; v; v = v->next) {
        MLN_TRY(find(c, v->text, MLN_TY_CRS, &crs, &found));
        if (!found && !mln_cross_is_far(c->cse, v->text)) {
            MLN_TRY(mln_value_append(gone, mln_value_text(c->arena, v->text)));
        }
    }
    *ret = gone;
    return MLN_OK;
}

/* Both lists without what is gone. */
static mln_err store_rest(const struct mln_change *c, const struct mln_resource *sub,
                          struct mln_value *attributes, struct mln_value *nu,
                          struct mln_value *acrs)
{
    struct mln_resource changed = *sub;
    struct mln_buf buf;

    (void)mln_value_take(attributes, MLN_S("nu"));
    (void)mln_value_take(attributes, MLN_S("acrs"));
    MLN_TRY(mln_value_set(attributes, MLN_S("nu"), nu));
    MLN_TRY(mln_tally_follow(c->arena, attributes));
    if (acrs->items.count) {
        MLN_TRY(mln_value_set(attributes, MLN_S("acrs"), acrs));
    } else {
        changed.flags &= (uint16_t)~MLN_RESOURCE_IS_CROSSED;
    }
    changed.lt = c->now_us;
    mln_buf_init(&buf, c->arena, SIZE_MAX);
    mln_pack_value(&buf, attributes);
    MLN_TRY(mln_buf_finish(&buf, &changed.attrs));
    return mln_store_put(c->write, sub, &changed);
}

mln_err mln_cross_part(const struct mln_change *c, const struct mln_resource *sub)
{
    struct mln_value *attributes;
    const struct mln_value *acrs;
    struct mln_value *gone;
    struct mln_value *targets;
    struct mln_value *left;
    bool has_lost_maker;

    MLN_TRY(mln_pack_to_value(sub->attrs, c->arena, &attributes));
    acrs = mln_value_get(attributes, MLN_S("acrs"));
    MLN_TRY(find_gone(c, acrs, &gone));
    if (gone->items.count == 0) {
        return MLN_OK;
    }
    /* who made it is the first that it was associated with */
    has_lost_maker = sub->flags & MLN_RESOURCE_IS_MADE &&
                     mln_slice_eq(gone->items.first->text, acrs->items.first->text);
    MLN_TRY(without(c, mln_value_get(attributes, MLN_S("nu")), gone, &targets));
    MLN_TRY(without(c, acrs, gone, &left));
    if (has_lost_maker || targets->items.count == 0) { /* without targets it tells nobody */
        MLN_TRY(mln_outbox_clear(c, sub->id));
        return mln_tree_remove(c, sub);
    }
    return store_rest(c, sub, attributes, targets, left);
}

static mln_err part(const struct mln_change *c, const struct mln_resource *sub)
{
    MLN_TRY(mln_alarm_clear(c, sub->id, MLN_ALARM_PARTED));
    return mln_cross_part(c, sub);
}

mln_err mln_cross_part_all(const struct mln_change *c, const struct mln_resource *crs)
{
    return each_target(c, crs, part);
}
