/* Announcement: what requests want, and what becomes of it. */
#include "cse/remote/announce.h"

#include "base/log.h"
#include "base/timestamp.h"
#include "cse/notify/alarm.h"
#include "cse/pipeline/draft.h"
#include "cse/remote/remote.h"
#include "model/definitions.h"
#include "model/special.h"

enum {
    TO_ANNOUNCED = 10000,     /* from the number of a type to that of its announced variant */
    LANES = 0xFF00,           /* numbers of copies stay below those that the outbox uses itself */
    SHORT_LIFE_US = 60000000, /* a copy that is gone so soon is not made again */
    SHORTEST_RENEWAL_US = 1000000,
    REFUSED_US = 600000000, /* then what was refused is said again */
};

const struct mln_type *mln_announce_type(const struct mln_type *original)
{
    const struct mln_type *base = mln_model_type((uint64_t)original->ty + TO_ANNOUNCED);

    if (original->is_defined) {
        return mln_definitions_announced(original);
    }
    if (!base || !mln_type_ops_of(base->ty) || mln_special_is_template(base)) {
        return NULL;
    }
    for (unsigned i = 0; i < base->special_count; i++) {
        const struct mln_type *type =
            mln_model_type_at((enum mln_type_id)(base->first_special + i));

        if (type->definition == original->definition) {
            return type;
        }
    }
    return base->special_count ? NULL : base;
}

/* ---- what a request may want ---- */

static mln_err refuse(struct mln_exec *e, const char *why, struct mln_slice what)
{
    mln_fault_set(e->fault, "%s: %.*s", why, MLN_S_ARG(mln_slice_head(what, 100)));
    MLN_FAIL(ATTR_INVALID);
}

/* spec: TS-0001 10.2.13.7 */
static mln_err check_attributes(struct mln_exec *e, const struct mln_type *type,
                                const struct mln_value *list)
{
    if (!list || list->kind != MLN_V_ARRAY) {
        return MLN_OK;
    }
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        const struct mln_attribute *a = mln_model_attribute(e->type, v->text);

        if (!a || a->announced != MLN_ANNOUNCED_OPTIONAL || !mln_model_attribute(type, v->text)) {
            return refuse(e, "aa: no attribute that is announced on request", v->text);
        }
        if (a->is_unbuilt) {
            mln_fault_set(e->fault, "aa: %s is not implemented", a->long_name);
            MLN_FAIL(NOT_IMPLEMENTED);
        }
    }
    return MLN_OK;
}

/* An entry of announceTo: the CSE, and whether that is all that it says. */
static bool read_target(const struct mln_cse *cse, struct mln_slice text, struct mln_arena *arena,
                        struct mln_slice *ret_host, bool *ret_is_cse)
{
    struct mln_entity host;
    struct mln_entity whole;
    struct mln_slice local;
    enum mln_place place = mln_ident_place(text, &cse->names, &local);

    *ret_is_cse = mln_entity_parse_cse(text, &cse->names, &whole);
    return (place == MLN_PLACE_OTHER_CSE || place == MLN_PLACE_OTHER_SP) &&
           mln_remote_host(cse, text, &host) &&
           !mln_failed(mln_entity_cse_id(&host, &cse->names, arena, ret_host));
}

/* spec: TS-0004 7.3.3.10: an instance stands nowhere but below its announced parent */
static mln_err check_instance(struct mln_exec *e, struct mln_slice host)
{
    struct mln_lookup l = mln_exec_lookup(e);
    struct mln_copy parent;
    mln_err err;

    if (e->req.op != MLN_OP_CREATE || e->target.type->instance != e->type->ty) {
        return MLN_OK;
    }
    err = mln_copy_at(&l, e->target.resource.id, host, &parent);
    if (err.code == MLN_ERR_NOT_FOUND) {
        mln_fault_set(e->fault, "at: the parent is not announced at %.*s", MLN_S_ARG(host));
        MLN_FAIL(OPERATION);
    }
    return err;
}

static mln_err check_targets(struct mln_exec *e, const struct mln_value *list)
{
    if (!list || list->kind != MLN_V_ARRAY) {
        return MLN_OK;
    }
    if (list->items.count > e->cse->options.limits->announcements) {
        mln_fault_set(e->fault, "at: too many");
        MLN_FAIL(LIMIT);
    }
    for (const struct mln_value *v = list->items.first; v; v = v->next) {
        struct mln_slice host;
        bool is_cse;

        if (!read_target(e->cse, v->text, e->arena, &host, &is_cse)) {
            return refuse(e, "at: no other CSE, and no address there", v->text);
        }
        for (const struct mln_value *w = list->items.first; w != v; w = w->next) {
            if (mln_slice_eq(w->text, v->text)) {
                return refuse(e, "at: occurs twice", v->text);
            }
        }
        if (is_cse) {
            MLN_TRY(check_instance(e, host));
        }
    }
    return MLN_OK;
}

mln_err mln_announce_check(struct mln_exec *e)
{
    const struct mln_value *at = mln_value_get(e->attributes, MLN_S("at"));
    const struct mln_value *aa = mln_value_get(e->attributes, MLN_S("aa"));
    const struct mln_type *type;

    if (!at && !aa) {
        return MLN_OK;
    }
    type = mln_announce_type(e->type);
    if (!type) {
        mln_fault_set(e->fault, "at, aa: %s is not announced yet", e->type->long_name);
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    MLN_TRY(check_attributes(e, type, aa));
    return check_targets(e, at);
}

/* ---- entries in the outbox ---- */

/* One that may be under way, and one that follows it, say all there is to say. But both may have
 * been read already, and not be erased yet: so a change that puts none is remembered. */
static mln_err push(const struct mln_change *c, struct mln_copy *copy)
{
    struct mln_notice nothing = { .content = mln_slice_of("\xF6", 1) }; /* null, as a pack */
    uint64_t waiting;

    MLN_TRY(mln_outbox_waiting(c->view, copy->lane, 0, &waiting));
    if (waiting < 2) {
        return mln_outbox_put(c, copy->lane, 0, (struct mln_slice){ 0 }, &nothing);
    }
    if (copy->is_behind) {
        return MLN_OK;
    }
    copy->is_behind = true;
    return mln_copy_put(c, copy);
}

static mln_err keep(const struct mln_change *c, struct mln_copy *copy)
{
    MLN_TRY(mln_copy_put(c, copy));
    return push(c, copy);
}

static mln_err leave(const struct mln_change *c, const struct mln_copy *copy)
{
    struct mln_copy leaving = *copy;

    leaving.state = MLN_COPY_LEAVING;
    return keep(c, &leaving);
}

/* ---- wanted copies ---- */

static struct mln_lookup lookup_of(const struct mln_change *c)
{
    return (struct mln_lookup){ c->cse, c->view, c->arena, c->now_us };
}

static mln_err add(const struct mln_change *c, const struct mln_resource *original,
                   struct mln_copy *copy)
{
    const struct mln_type *type = mln_announce_type(mln_special_of(original));
    struct mln_slice us;

    MLN_REQUIRE(type && copy->lane.number < LANES, LIMIT);
    MLN_TRY(mln_announce_us(c->cse, copy->host, c->arena, &us));
    MLN_TRY(mln_ident_join(c->arena, us, original->ri, &copy->link));
    copy->state = MLN_COPY_WANTED;
    copy->ty = type->ty;
    copy->lane.subscription = original->id;
    return keep(c, copy);
}

/* Our <CSEBaseAnnc> at that CSE. NOT_FOUND: *ret has the number behind the last one, and *ret_count
 * how many there are. */
static mln_err find_base(const struct mln_change *c, struct mln_slice host, struct mln_copy *ret,
                         uint64_t *ret_count)
{
    struct mln_copy copy = { 0 };
    uint16_t last = 0;
    mln_err err;

    *ret_count = 0;
    while (!mln_failed(err = mln_copy_next(c->view, c->cse->base_id, last, c->arena, &copy))) {
        if (mln_slice_eq(copy.host, host) && copy.state != MLN_COPY_LEAVING) {
            *ret = copy;
            return MLN_OK;
        }
        last = copy.lane.number;
        ++*ret_count;
    }
    *ret = (struct mln_copy){ .lane.number = (uint16_t)(last + 1), .host = host };
    return err;
}

static mln_err make_base(const struct mln_change *c, struct mln_copy *base, uint64_t count)
{
    struct mln_resource original;

    MLN_REQUIRE(count < c->cse->options.limits->announced_cses, LIMIT);
    MLN_TRY(mln_store_get(c->view, c->cse->base_id, c->arena, &original));
    base->count = 1;
    return add(c, &original, base);
}

/* Counts the copy with those for which the <CSEBaseAnnc> is kept, wherever they stand: with it
 * would go all below it. spec: TS-0001 10.2.13.2: what has no other place there stands below it */
static mln_err hold_base(const struct mln_change *c, struct mln_copy *copy, bool is_needed)
{
    struct mln_copy base;
    uint64_t count;
    mln_err err = find_base(c, copy->host, &base, &count);

    if (err.code == MLN_ERR_NOT_FOUND) {
        copy->count = is_needed;
        return is_needed ? make_base(c, &base, count) : MLN_OK;
    }
    MLN_TRY(err);
    if (copy->count) {
        return MLN_OK;
    }
    copy->count = 1;
    base.count++;
    return mln_copy_put(c, &base);
}

/* Nothing is left of the copy, nor of the <CSEBaseAnnc> when it was the last one. */
static mln_err forget(const struct mln_change *c, const struct mln_copy *copy)
{
    struct mln_copy base;
    uint64_t unused;
    mln_err err;

    MLN_TRY(mln_copy_erase(c, copy->lane));
    if (!copy->count || copy->lane.subscription == c->cse->base_id) {
        return MLN_OK;
    }
    err = find_base(c, copy->host, &base, &unused);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    base.count -= base.count > 0;
    return base.count ? mln_copy_put(c, &base) : leave(c, &base);
}

static mln_err want(const struct mln_change *c, const struct mln_resource *original,
                    struct mln_copy *copy)
{
    struct mln_lookup l = lookup_of(c);
    struct mln_copy parent;
    mln_err err = MLN_OK;

    if (!copy->place.len) {
        err = mln_copy_at(&l, original->parent, copy->host, &parent);
    }
    if (err.code != MLN_ERR_NOT_FOUND) {
        MLN_TRY(err);
    }
    MLN_TRY(hold_base(c, copy, mln_failed(err)));
    return add(c, original, copy);
}

/* ---- announceTo of a request ---- */

/* Stands for the copy: its address, what was asked for, or the CSE alone. */
static bool is_meant(const struct mln_exec *e, struct mln_slice text, const struct mln_copy *copy)
{
    struct mln_slice host;
    bool is_cse;

    if (mln_slice_eq(text, copy->address) || mln_slice_eq(text, copy->place)) {
        return true;
    }
    return read_target(e->cse, text, e->arena, &host, &is_cse) && is_cse && !copy->place.len &&
           mln_slice_eq(host, copy->host);
}

struct targets {
    const struct mln_value *list; /* array or null */
    bool *is_known;               /* of its elements: there is a copy */
};

static bool find_target(const struct mln_exec *e, const struct targets *t,
                        const struct mln_copy *copy)
{
    const struct mln_value *v = t->list->kind == MLN_V_ARRAY ? t->list->items.first : NULL;

    for (size_t i = 0; v; v = v->next, i++) {
        if (is_meant(e, v->text, copy)) {
            t->is_known[i] = true;
            return true;
        }
    }
    return false;
}

/* Those that are there and are not meant leave. */
static mln_err sort_copies(struct mln_exec *e, const struct mln_change *c, uint64_t original,
                           const struct targets *t, struct mln_value *kept, uint16_t *ret_last)
{
    struct mln_copy copy = { 0 };
    uint64_t count = 0;
    mln_err err;

    while (!mln_failed(err = mln_copy_next(c->view, original, copy.lane.number, c->arena, &copy))) {
        *ret_last = copy.lane.number;
        MLN_REQUIRE(++count < c->cse->options.limits->announcements * 4, LIMIT);
        if (copy.state >= MLN_COPY_LEAVING) {
            continue;
        }
        if (!find_target(e, t, &copy)) {
            MLN_TRY(leave(c, &copy));
        } else if (copy.state == MLN_COPY_KEPT) {
            MLN_TRY(mln_value_append(kept, mln_value_text(c->arena, copy.address)));
        }
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err want_new(struct mln_exec *e, const struct mln_change *c,
                        const struct mln_resource *original, const struct targets *t, uint16_t last)
{
    const struct mln_value *v = t->list->kind == MLN_V_ARRAY ? t->list->items.first : NULL;

    for (size_t i = 0; v; v = v->next, i++) {
        struct mln_copy copy = { .lane = { original->id, ++last } };
        bool is_cse;

        if (t->is_known[i]) {
            continue;
        }
        MLN_REQUIRE(read_target(e->cse, v->text, c->arena, &copy.host, &is_cse), INTERNAL);
        if (!is_cse) {
            copy.place = v->text;
        }
        MLN_TRY(want(c, original, &copy));
        e->wants_copies = true;
    }
    return MLN_OK;
}

mln_err mln_announce_apply(struct mln_exec *e, struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, mln_env_now_us(e->cse->options.env));
    struct targets t = { .list = mln_value_get(e->attributes, MLN_S("at")) };
    struct mln_value *kept;
    uint16_t last = 0;
    size_t count;

    if (!t.list) {
        return MLN_OK;
    }
    count = t.list->kind == MLN_V_ARRAY ? t.list->items.count : 0;
    kept = mln_value_new(e->arena, MLN_V_ARRAY);
    t.is_known = mln_arena_zalloc(e->arena, count + 1, sizeof *t.is_known);
    MLN_REQUIRE(kept && t.is_known, NO_MEMORY);
    (void)mln_value_take(d->attributes, MLN_S("at"));
    e->has_written = true;
    MLN_TRY(mln_draft_pack(e, d)); /* the type of the copy may depend on it */
    MLN_TRY(sort_copies(e, &c, d->resource.id, &t, kept, &last));
    MLN_TRY(want_new(e, &c, &d->resource, &t, last));
    d->resource.flags |= MLN_RESOURCE_ANNOUNCED;
    return kept->items.count ? mln_draft_set(d, MLN_S("at"), kept) : MLN_OK;
}

/* ---- originals change ---- */

/* What happens to one copy of an original. */
typedef mln_err each_fn(const struct mln_change *c, struct mln_copy *copy);

static mln_err each(const struct mln_change *c, uint64_t original, each_fn *run)
{
    struct mln_copy copy = { 0 };
    mln_err err;

    while (!mln_failed(err = mln_copy_next(c->view, original, copy.lane.number, c->arena, &copy))) {
        MLN_TRY(run(c, &copy));
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

static mln_err renew_content(const struct mln_change *c, struct mln_copy *copy)
{
    return copy->state == MLN_COPY_KEPT ? push(c, copy) : MLN_OK;
}

mln_err mln_announce_changed(const struct mln_change *c, const struct mln_resource *original)
{
    return original->flags & MLN_RESOURCE_ANNOUNCED ? each(c, original->id, renew_content) : MLN_OK;
}

static mln_err take_away(const struct mln_change *c, struct mln_copy *copy)
{
    if (copy->state == MLN_COPY_ENROLLED) {
        copy->state = MLN_COPY_PARTING;
        return keep(c, copy);
    }
    return copy->state >= MLN_COPY_LEAVING ? MLN_OK : leave(c, copy);
}

mln_err mln_announce_removed(const struct mln_change *c, const struct mln_resource *original)
{
    if (!(original->flags & MLN_RESOURCE_ANNOUNCED)) {
        return MLN_OK;
    }
    MLN_TRY(mln_alarm_clear(c, original->id, MLN_ALARM_COPIES));
    return each(c, original->id, take_away);
}

static mln_err renew_life(const struct mln_change *c, struct mln_copy *copy)
{
    if (copy->state != MLN_COPY_KEPT && copy->state != MLN_COPY_ENROLLED) {
        return MLN_OK;
    }
    copy->is_due = true;
    return keep(c, copy);
}

mln_err mln_announce_alarm(const struct mln_change *c, const struct mln_resource *original)
{
    return each(c, original->id, renew_life);
}

/* ---- AEs with AE-IDs of the service provider ---- */

/* It is told once more: so it is known how long it is kept there. */
mln_err mln_announce_enrolled(const struct mln_change *c, const struct mln_resource *ae)
{
    struct mln_copy last = { 0 };
    struct mln_copy copy = { .state = MLN_COPY_ENROLLED,
                             .ty = MLN_TY_AEA,
                             .host = c->cse->options.registrar.cse_id };
    mln_err err;

    do {
        copy.lane = (struct mln_lane){ ae->id, (uint16_t)(last.lane.number + 1) };
        err = mln_copy_next(c->view, ae->id, last.lane.number, c->arena, &last);
    } while (!mln_failed(err));
    if (err.code != MLN_ERR_NOT_FOUND) {
        return err;
    }
    MLN_TRY(mln_ident_join(c->arena, c->cse->names.cse_id, ae->ri, &copy.link));
    MLN_TRY(mln_ident_join(c->arena, copy.host, ae->ri, &copy.address));
    return keep(c, &copy);
}

/* ---- how it ended ---- */

/* Adds an address to announceTo, or takes it out. Nobody is told: the originator was, or will see
 * it. */
static mln_err list_address(const struct mln_change *c, uint64_t original, struct mln_slice address,
                            bool is_there)
{
    struct mln_resource old;
    struct mln_resource changed;
    struct mln_value *attributes;
    struct mln_value *before;
    struct mln_value *list = mln_value_new(c->arena, MLN_V_ARRAY);
    struct mln_buf out;
    mln_err err = mln_store_get(c->view, original, c->arena, &old);

    if (err.code == MLN_ERR_NOT_FOUND || original == c->cse->base_id) {
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_REQUIRE(list, NO_MEMORY);
    MLN_TRY(mln_pack_to_value(old.attrs, c->arena, &attributes));
    before = mln_value_take(attributes, MLN_S("at"));
    for (const struct mln_value *v = before ? before->items.first : NULL; v; v = v->next) {
        if (!mln_slice_eq(v->text, address)) {
            MLN_TRY(mln_value_append(list, mln_value_text(c->arena, v->text)));
        }
    }
    if (is_there) {
        MLN_TRY(mln_value_append(list, mln_value_text(c->arena, address)));
    }
    if (list->items.count) {
        MLN_TRY(mln_value_set(attributes, MLN_S("at"), list));
    }
    changed = old;
    mln_buf_init(&out, c->arena, SIZE_MAX);
    mln_pack_value(&out, attributes);
    MLN_TRY(mln_buf_finish(&out, &changed.attrs));
    return mln_store_put(c->write, &old, &changed);
}

/* A copy whose time ends before that of its original is renewed at the half of it. */
static mln_err plan_renewal(const struct mln_change *c, struct mln_lane lane, int64_t until_us)
{
    struct mln_alarm alarm = { .id = lane.subscription, .kind = MLN_ALARM_COPIES };
    struct mln_alarm earlier;
    struct mln_resource original;
    mln_err err = mln_store_get(c->view, lane.subscription, c->arena, &original);

    if (err.code == MLN_ERR_NOT_FOUND || until_us == MLN_NO_TIME) {
        return MLN_OK;
    }
    MLN_TRY(err);
    if (until_us >= original.et) {
        return MLN_OK;
    }
    alarm.due_us = c->now_us + (until_us - c->now_us) / 2;
    if (alarm.due_us < c->now_us + SHORTEST_RENEWAL_US) {
        alarm.due_us = c->now_us + SHORTEST_RENEWAL_US;
    }
    err = mln_alarm_get(c->view, alarm.id, alarm.kind, c->arena, &earlier);
    if (err.code != MLN_ERR_NOT_FOUND) {
        MLN_TRY(err);
    }
    return mln_failed(err) || earlier.due_us > alarm.due_us ? mln_alarm_set(c, &alarm) : MLN_OK;
}

/* It is there. When it should not be any more, it leaves next. */
static mln_err note_made(const struct mln_change *c, struct mln_copy *copy,
                         const struct mln_announce_outcome *o)
{
    copy->address = o->address;
    copy->sent = o->sent;
    copy->made_us = c->now_us;
    if (copy->state == MLN_COPY_LEAVING) {
        return keep(c, copy);
    }
    copy->state = MLN_COPY_KEPT;
    MLN_TRY(list_address(c, copy->lane.subscription, copy->address, true));
    MLN_TRY(plan_renewal(c, copy->lane, o->until_us));
    return o->end == MLN_ANNOUNCE_FOUND ? keep(c, copy) : mln_copy_put(c, copy);
}

static mln_err note_updated(const struct mln_change *c, struct mln_copy *copy,
                            const struct mln_announce_outcome *o)
{
    if (copy->state != MLN_COPY_KEPT) {
        return MLN_OK;
    }
    copy->sent = o->sent;
    copy->is_due = copy->is_due && !o->says_life;
    MLN_TRY(plan_renewal(c, copy->lane, o->until_us));
    return o->has_more ? keep(c, copy) : mln_copy_put(c, copy);
}

/* The other CSE has lost it: it is made again, but not over and over. */
static mln_err note_gone(const struct mln_change *c, struct mln_copy *copy)
{
    if (copy->state != MLN_COPY_KEPT) {
        return forget(c, copy);
    }
    MLN_TRY(list_address(c, copy->lane.subscription, copy->address, false));
    if (c->now_us - copy->made_us < SHORT_LIFE_US) {
        return forget(c, copy);
    }
    copy->state = MLN_COPY_WANTED;
    copy->address = (struct mln_slice){ 0 };
    copy->sent = (struct mln_slice){ 0 };
    if (!copy->place.len && copy->lane.subscription != c->cse->base_id) {
        mln_err err = hold_base(c, copy, true); /* it may have gone with that */

        if (err.code == MLN_ERR_LIMIT) {
            return mln_copy_erase(c, copy->lane);
        }
        MLN_TRY(err);
    }
    return keep(c, copy);
}

/* What it has there is not what it should have, and cannot be mended: it must not stay, for it may
 * show what nobody should see any more. */
static mln_err note_refused(const struct mln_change *c, struct mln_copy *copy,
                            const struct mln_announce_outcome *o)
{
    struct mln_copy above;

    if (o->above.number && !mln_failed(mln_copy_get(c->view, o->above, c->arena, &above))) {
        MLN_TRY(renew_life(c, &above)); /* so it is seen that it has gone */
    }
    if (copy->state != MLN_COPY_KEPT) {
        return forget(c, copy);
    }
    MLN_TRY(list_address(c, copy->lane.subscription, copy->address, false));
    return leave(c, copy);
}

/* One that is there is kept up as long as its original is there. */
static mln_err note_too_old(const struct mln_change *c, struct mln_copy *copy)
{
    if (copy->state == MLN_COPY_KEPT) {
        return push(c, copy);
    }
    mln_log(MLN_LOG_WARNING, "announce", "%.*s at %.*s: %s", MLN_S_ARG(copy->link),
            MLN_S_ARG(copy->host),
            copy->state == MLN_COPY_WANTED ? "not announced, the CSE cannot be reached"
                                           : "its copy is not deleted, the CSE cannot be reached");
    return forget(c, copy);
}

static void tell_of(const struct mln_copy *copy, const char *what)
{
    mln_log(MLN_LOG_WARNING, "announce", "%.*s at %.*s: %s", MLN_S_ARG(copy->link),
            MLN_S_ARG(copy->host), what);
}

static struct mln_slice stem_of(const struct mln_change *c, const struct mln_copy *copy)
{
    return mln_slice_from(copy->link, c->cse->names.cse_id.len + 1);
}

/* The IN-CSE keeps the AE-ID for this AE. */
static mln_err conclude_enrolled(const struct mln_change *c, struct mln_copy *copy,
                                 const struct mln_announce_outcome *o)
{
    bool is_lost = o->end == MLN_ANNOUNCE_GONE && c->now_us - copy->made_us >= SHORT_LIFE_US;

    if (o->end == MLN_ANNOUNCE_CREATED || o->end == MLN_ANNOUNCE_UPDATED) {
        copy->made_us = o->end == MLN_ANNOUNCE_CREATED ? c->now_us : copy->made_us;
        MLN_TRY(mln_ident_join(c->arena, copy->host, stem_of(c, copy), &copy->address));
        MLN_TRY(plan_renewal(c, copy->lane, o->until_us));
        return mln_copy_put(c, copy);
    }
    if (is_lost || o->end == MLN_ANNOUNCE_TOO_OLD) {
        if (is_lost) {
            copy->address = (struct mln_slice){ 0 };
        }
        return keep(c, copy);
    }
    tell_of(copy, "the IN-CSE does not keep the registration of this AE");
    return plan_renewal(c, copy->lane, c->now_us + INT64_C(2) * REFUSED_US);
}

static mln_err conclude_parting(const struct mln_change *c, const struct mln_copy *copy,
                                const struct mln_announce_outcome *o)
{
    struct mln_resource ae;
    mln_err err;

    if (o->end == MLN_ANNOUNCE_TOO_OLD) {
        tell_of(copy, "the IN-CSE still believes that this AE is registered");
    }
    MLN_TRY(mln_copy_erase(c, copy->lane));
    err = mln_store_find(c->view, stem_of(c, copy), c->arena, &ae);
    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    return each(c, ae.id, renew_life); /* it came again while that was under way */
}

/* Else it would have us change and delete, in our name, what others host. */
static bool is_at_its_host(const struct mln_cse *cse, const struct mln_copy *copy,
                           struct mln_slice address)
{
    struct mln_entity asked;
    struct mln_entity host;

    return mln_entity_parse_cse(copy->host, &cse->names, &asked) &&
           mln_remote_host(cse, address, &host) && mln_entity_eq(&host, &asked);
}

mln_err mln_announce_conclude(const struct mln_change *c, struct mln_lane lane,
                              const struct mln_announce_outcome *outcome)
{
    struct mln_copy copy;
    mln_err err = mln_copy_get(c->view, lane, c->arena, &copy);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    if (copy.is_behind) {
        copy.is_behind = false;
        MLN_TRY(keep(c, &copy));
    }
    if (copy.state >= MLN_COPY_ENROLLED) {
        return copy.state == MLN_COPY_ENROLLED ? conclude_enrolled(c, &copy, outcome)
                                               : conclude_parting(c, &copy, outcome);
    }
    switch (outcome->end) {
    case MLN_ANNOUNCE_CREATED:
    case MLN_ANNOUNCE_FOUND:
        return is_at_its_host(c->cse, &copy, outcome->address) ? note_made(c, &copy, outcome)
                                                               : note_refused(c, &copy, outcome);
    case MLN_ANNOUNCE_UPDATED:
        return note_updated(c, &copy, outcome);
    case MLN_ANNOUNCE_GONE:
        return note_gone(c, &copy);
    case MLN_ANNOUNCE_REFUSED:
        return note_refused(c, &copy, outcome);
    case MLN_ANNOUNCE_TOO_OLD:
        return note_too_old(c, &copy);
    case MLN_ANNOUNCE_DELETED:
        return forget(c, &copy);
    case MLN_ANNOUNCE_ABSENT:
        return copy.state == MLN_COPY_WANTED ? push(c, &copy) : forget(c, &copy);
    case MLN_ANNOUNCE_DECLINED: /* spec: TS-0001 10.2.13.9: only what succeeds is announced */
        return MLN_OK;
    case MLN_ANNOUNCE_NOTHING:
        return copy.state == MLN_COPY_LEAVING && !copy.address.len ? forget(c, &copy) : MLN_OK;
    }
    MLN_FAIL(INTERNAL);
}
