/* Matching events against subscriptions and making notifications of them.
 * spec: TS-0004 7.5.1.2.2 */
#include "cse/notify/event.h"

#include "base/log.h"
#include "cse/access/access.h"
#include "cse/action/watch.h"
#include "cse/notify/missing.h"
#include "cse/notify/policy.h"
#include "cse/types/types.h"
#include "model/match.h"
#include "model/pack.h"
#include "model/special.h"

enum content_type {
    CONTENT_ALL = 1,
    CONTENT_MODIFIED = 2,
    CONTENT_ID = 3,
};

/* ---- does the subscription want it? ---- */

static bool wants_type(struct mln_slice criteria, enum mln_event_type type)
{
    struct mln_slice net;

    if (!criteria.len || !mln_pack_find(criteria, MLN_S("net"), &net)) {
        return type == MLN_EVENT_UPDATE; /* spec: TS-0004 7.4.8.1: the default */
    }
    return mln_pack_list_has(net, type);
}

static bool wants_attributes(struct mln_slice criteria, const struct mln_selection *modified)
{
    struct mln_slice list;
    struct mln_walk w;

    if (!mln_pack_find(criteria, MLN_S("atr"), &list)) {
        return true;
    }
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        struct mln_slice name;

        for (size_t i = 0; mln_pack_text_of(w.item, &name) && i < modified->count; i++) {
            if (mln_slice_eq(modified->names[i], name)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_by(struct mln_slice id, const struct mln_names *names, const struct mln_observed *o)
{
    struct mln_entity wanted;
    struct mln_entity originator;

    return mln_entity_parse(id, names, &wanted) &&
           mln_entity_parse(o->originator, names, &originator) &&
           mln_entity_eq(&wanted, &originator);
}

/* spec: TS-0004 6.3.5.57: what is absent matches all */
static bool wants_operation(struct mln_slice monitors, const struct mln_names *names,
                            const struct mln_observed *o)
{
    struct mln_walk w;

    for (mln_walk_begin(&w, monitors); mln_walk_next(&w);) {
        uint64_t operations = UINT64_MAX;
        struct mln_slice id;

        (void)mln_pack_find_u64(w.item, MLN_S("ops"), &operations);
        if ((operations & o->privilege) &&
            (!mln_pack_find_text(w.item, MLN_S("or"), &id) || is_by(id, names, o))) {
            return true;
        }
    }
    return false;
}

static bool wants(struct mln_slice criteria, const struct mln_names *names,
                  const struct mln_event *event)
{
    struct mln_slice list;
    bool concerns_child =
        event->type == MLN_EVENT_CHILD_CREATED || event->type == MLN_EVENT_CHILD_DELETED;

    if (criteria.len && mln_pack_find(criteria, MLN_S("om"), &list)) {
        return event->observed && wants_operation(list, names, event->observed) &&
               mln_event_conditions_match(criteria, event->about);
    }
    if (event->observed || !wants_type(criteria, event->type)) {
        return false;
    }
    if (!criteria.len) {
        return true;
    }
    if (event->type == MLN_EVENT_UPDATE && !wants_attributes(criteria, event->modified)) {
        return false;
    }
    if (concerns_child && mln_pack_find(criteria, MLN_S("chty"), &list) &&
        !mln_pack_list_has(list, event->about->ty)) {
        return false;
    }
    return mln_event_conditions_match(criteria, event->about);
}

/* ---- the notification ---- */

/* {"m2m:cnt": {...}} of what changed. spec: TS-0004 7.3.3.12: deleted attributes are null */
static void put_modified(struct mln_buf *out, const struct mln_event *event,
                         struct mln_arena *arena)
{
    const struct mln_type *type = mln_special_of(event->about);
    struct mln_slice value;

    mln_pack_map(out, 1);
    mln_pack_text(out, type->root);
    mln_pack_map(out, MLN_PACK_OPEN);
    mln_represent_members(out, event->about, event->modified);
    for (size_t i = 0; i < event->modified->count; i++) {
        struct mln_slice name = event->modified->names[i];

        if (!mln_represent_attribute(event->about, mln_model_attribute(type, name), arena,
                                     &value)) {
            mln_pack_text(out, name);
            mln_pack_null(out);
        }
    }
    mln_pack_end(out);
}

static void put_representation(struct mln_buf *out, const struct mln_event *event,
                               uint64_t content_type, struct mln_arena *arena)
{
    mln_pack_text(out, MLN_S("rep"));
    if (event->representation.len) {
        mln_pack_raw(out, event->representation);
    } else if (content_type == CONTENT_ID) {
        mln_pack_map(out, 1);
        mln_pack_text(out, MLN_S("m2m:uri"));
        mln_pack_text(out, event->about->ri);
    } else if (content_type == CONTENT_MODIFIED && event->modified) {
        put_modified(out, event, arena);
    } else {
        mln_represent(out, event->about, NULL);
    }
}

/* spec: TS-0004 6.3.5.13 */
static void put_observed(struct mln_buf *out, const struct mln_observed *o)
{
    mln_pack_text(out, MLN_S("om"));
    mln_pack_map(out, 2);
    mln_pack_text(out, MLN_S("op"));
    mln_pack_uint(out, o->op);
    mln_pack_text(out, MLN_S("or"));
    mln_pack_text(out, o->originator);
}

static void put_reference(struct mln_buf *out, const struct mln_change *c, struct mln_slice ri)
{
    char text[256];
    struct mln_slice cse_id = c->cse->names.cse_id;
    size_t len = cse_id.len + 1 + ri.len;

    mln_pack_text(out, MLN_S("sur"));
    if (len > sizeof text) {
        out->failed = MLN_ERR_LIMIT;
        return;
    }
    memcpy(text, cse_id.ptr, cse_id.len);
    text[cse_id.len] = '/';
    memcpy(text + cse_id.len + 1, ri.ptr, ri.len);
    mln_pack_text(out, mln_slice_of(text, len));
}

mln_err mln_event_content(const struct mln_change *c, const struct mln_resource *sub,
                          const struct mln_event *event, struct mln_slice *ret)
{
    uint64_t content_type = CONTENT_ALL;
    struct mln_slice forward_to;
    struct mln_buf out;

    (void)mln_pack_find_u64(sub->attrs, MLN_S("nct"), &content_type);
    mln_buf_init(&out, c->arena, (size_t)c->cse->options.limits->response_bytes);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:sgn"));
    mln_pack_map(&out, MLN_PACK_OPEN);
    mln_pack_text(&out, MLN_S("nev"));
    mln_pack_map(&out, event->observed ? 3 : 2);
    put_representation(&out, event, content_type, c->arena);
    if (event->observed) {
        put_observed(&out, event->observed);
    }
    mln_pack_text(&out, MLN_S("net"));
    mln_pack_uint(&out, event->type);
    put_reference(&out, c, sub->ri);
    if (sub->flags & MLN_RESOURCE_SHOWS_CREATOR) {
        mln_pack_text(&out, MLN_S("cr"));
        mln_pack_text(&out, sub->cr);
    }
    /* spec: TS-0001 10.2.7.11 */
    if ((sub->flags & MLN_RESOURCE_HAS_POLICIES) &&
        mln_pack_find_text(sub->attrs, MLN_S("nfu"), &forward_to)) {
        mln_pack_text(&out, MLN_S("nfu"));
        mln_pack_text(&out, forward_to);
    }
    mln_pack_end(&out);
    return mln_buf_finish(&out, ret);
}

/* An event on its way to the subscriptions. */
struct publication {
    const struct mln_event *event;
    struct mln_allowance allowance;
};

static mln_err notify(const struct mln_change *c, const struct mln_resource *sub,
                      struct publication *p)
{
    struct mln_slice content;

    MLN_TRY(mln_event_content(c, sub, p->event, &content));
    return mln_policy_send(c, sub, content, &p->allowance);
}

/* Each point counts by itself, and its message has memory that serves the next again, so that no
 * number of them can fail. spec: TS-0004 7.5.1.2.9 */
static mln_err notify_missing(const struct mln_change *c, const struct mln_resource *sub,
                              struct publication *p)
{
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *scratch = mln_arena_new((size_t)c->cse->options.limits->request_arena_bytes);
    const struct mln_event *all = p->event;
    struct mln_event one = *all;
    struct mln_change message = *c;
    struct mln_missing_window w;
    mln_err err = mln_missing_open(c, sub, all->missing->count, &w);

    MLN_REQUIRE(scratch, NO_MEMORY);
    message.arena = scratch;
    p->event = &one;
    for (size_t i = 0; i < all->missing->count && !mln_failed(err); i++) {
        mln_arena_reset(scratch);
        err = mln_missing_count(&message, &w, all->missing->times_us[i], &one.representation);
        if (!mln_failed(err) && one.representation.len) {
            err = notify(&message, sub, p);
        }
    }
    p->event = all;
    MLN_TRY(err);
    return mln_missing_close(c, &w);
}

/* ids of the live subscriptions below a resource. The scan is finished before anything is
 * written. */
static mln_err subscriptions(const struct mln_change *c, uint64_t parent, uint64_t **ret_ids,
                             size_t *ret_count)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN, .parent = parent, .ty = MLN_TY_SUB };
    uint64_t *ids = NULL;
    size_t count = 0;
    size_t cap = 0;
    uint64_t id;
    uint16_t ty;
    mln_err err;

    MLN_TRY(mln_scan_open(c->view, &spec, &scan));
    while (!mln_failed(err = mln_scan_next(scan, &id, &ty))) {
        if (count == cap) {
            size_t more = cap ? cap * 2 : 8;

            ids = mln_arena_grow(c->arena, ids, cap * sizeof *ids, more * sizeof *ids);
            MLN_REQUIRE(ids, NO_MEMORY);
            cap = more;
        }
        ids[count++] = id;
    }
    MLN_REQUIRE(err.code == MLN_ERR_NOT_FOUND, STORE_IO);
    *ret_ids = ids;
    *ret_count = count;
    return MLN_OK;
}

/* A subscription may expire no later than its subject: when that goes because its time is over,
 * the subscription hears of it. */
static bool is_live(const struct mln_resource *sub, const struct mln_resource *subject,
                    int64_t now_us)
{
    return sub->et > now_us || sub->et >= subject->et;
}

mln_err mln_event_may_tell(const struct mln_change *c, const struct mln_resource *sub,
                           const struct mln_resource *about, bool *ret)
{
    struct mln_identify in = { .cse = c->cse, .view = c->view, .arena = c->arena, .from = sub->cr };

    *ret = true;
    return c->cse->options.rechecks_subscribers
               ? mln_access_would_permit(&in, c->cse->policies, about, MLN_PRIVILEGE_RETRIEVE, ret)
               : MLN_OK;
}

/* Id of what the event is the creation of; 0: of nothing. */
static uint64_t created_by(const struct mln_event *event)
{
    if (event->observed) {
        return event->observed->created;
    }
    return event->type == MLN_EVENT_CHILD_CREATED ? event->about->id : 0;
}

/* One subscription below the subject. */
static mln_err consider(const struct mln_change *c, uint64_t id, struct publication *p)
{
    const struct mln_event *event = p->event;
    struct mln_resource sub;
    struct mln_slice criteria = { 0 };
    bool may_tell;

    if (id == event->about->id || id == created_by(event)) {
        return MLN_OK; /* a new subscription does not report itself */
    }
    MLN_TRY(mln_store_get(c->view, id, c->arena, &sub));
    (void)mln_pack_find(sub.attrs, MLN_S("enc"), &criteria);
    if (!is_live(&sub, event->subject, c->now_us) || !wants(criteria, &c->cse->names, event)) {
        return MLN_OK;
    }
    MLN_TRY(mln_event_may_tell(c, &sub, event->about, &may_tell));
    if (!may_tell) {
        return MLN_OK;
    }
    return event->missing ? notify_missing(c, &sub, p) : notify(c, &sub, p);
}

/* Each subscription is read and told with the same memory, so that any number can be. */
static mln_err tell_all(const struct mln_change *c, const uint64_t *ids, size_t count,
                        struct publication *p)
{
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *scratch = mln_arena_new((size_t)c->cse->options.limits->request_arena_bytes);
    struct mln_change one = *c;

    MLN_REQUIRE(scratch, NO_MEMORY);
    one.arena = scratch;
    for (size_t i = 0; i < count && !p->allowance.is_cut; i++) {
        mln_arena_reset(scratch);
        MLN_TRY(consider(&one, ids[i], p));
    }
    return MLN_OK;
}

static bool is_private(const struct mln_resource *r)
{
    const struct mln_type_ops *ops = mln_type_ops_of(r->ty);

    return ops && ops->is_private;
}

mln_err mln_event_publish(const struct mln_change *c, const struct mln_event *event)
{
    struct publication p = { .event = event,
                             .allowance = { .left = c->cse->options.limits->event_bytes,
                                            .created = created_by(event) } };
    uint64_t *ids;
    size_t count;

    if (event->about != event->subject && is_private(event->about)) {
        return MLN_OK;
    }
    MLN_TRY(mln_watch_event(c, event));
    MLN_TRY(subscriptions(c, event->subject->id, &ids, &count));
    if (count == 0) {
        return MLN_OK;
    }
    MLN_TRY(tell_all(c, ids, count, &p));
    if (p.allowance.is_cut) {
        mln_log(MLN_LOG_WARNING, "notify",
                "%.*s: more notifications of one event than the limit 'event_bytes' allows: not "
                "all are told",
                MLN_S_ARG(event->subject->ri));
    }
    return MLN_OK;
}

/* ids of the newest instances below a resource, newest first. */
static mln_err newest(const struct mln_change *c, const struct mln_resource *subject, uint64_t most,
                      uint64_t *ids, uint64_t *ret_count)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN,
                                  .parent = subject->id,
                                  .ty = mln_special_of(subject)->instance,
                                  .is_descending = true };
    mln_err err = MLN_OK;

    *ret_count = 0;
    if (spec.ty == 0) {
        return MLN_OK;
    }
    MLN_TRY(mln_scan_open(c->view, &spec, &scan));
    while (*ret_count < most && !mln_failed(err = mln_scan_next(scan, &ids[*ret_count], NULL))) {
        ++*ret_count;
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

/* One instance that was there before the subscription. */
static mln_err tell_again(const struct mln_change *c, const struct mln_resource *sub,
                          const struct mln_resource *instance, struct publication *p)
{
    struct mln_slice criteria = { 0 };

    (void)mln_pack_find(sub->attrs, MLN_S("enc"), &criteria);
    return instance->et > c->now_us && wants(criteria, &c->cse->names, p->event) ? notify(c, sub, p)
                                                                                 : MLN_OK;
}

mln_err mln_event_replay(const struct mln_change *c, const struct mln_resource *sub,
                         const struct mln_resource *subject, uint64_t most)
{
    MLN_CLEANUP(mln_arena_freep)
    struct mln_arena *scratch = mln_arena_new((size_t)c->cse->options.limits->request_arena_bytes);
    uint64_t lane = c->cse->options.limits->outbox_lane;
    struct mln_resource instance;
    struct mln_event event = { .type = MLN_EVENT_CHILD_CREATED,
                               .subject = subject,
                               .about = &instance };
    struct publication p = { .event = &event,
                             .allowance = { .left = c->cse->options.limits->event_bytes } };
    struct mln_change one = *c;
    uint64_t *ids;
    uint64_t count;

    most = most < lane ? most : lane;
    ids = mln_arena_zalloc(c->arena, (size_t)most, sizeof *ids);
    MLN_REQUIRE(ids && scratch, NO_MEMORY);
    MLN_TRY(newest(c, subject, most, ids, &count));
    one.arena = scratch;
    while (count-- && !p.allowance.is_cut) {
        mln_arena_reset(scratch);
        MLN_TRY(mln_store_get(one.view, ids[count], scratch, &instance));
        MLN_TRY(tell_again(&one, sub, &instance, &p));
    }
    return MLN_OK;
}

mln_err mln_event_deletion(const struct mln_change *c, const struct mln_resource *subscription,
                           struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, c->arena, (size_t)c->cse->options.limits->response_bytes);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:sgn"));
    mln_pack_map(&out, MLN_PACK_OPEN);
    mln_pack_text(&out, MLN_S("sud"));
    mln_pack_bool(&out, true);
    put_reference(&out, c, subscription->ri);
    mln_pack_end(&out);
    return mln_buf_finish(&out, ret);
}

mln_err mln_event_unsubscribed(const struct mln_change *c, const struct mln_resource *subscription)
{
    struct mln_notice notice = { 0 };
    struct mln_slice target;

    if (!mln_pack_find_text(subscription->attrs, MLN_S("su"), &target)) {
        return MLN_OK;
    }
    MLN_TRY(mln_event_deletion(c, subscription, &notice.content));
    return mln_outbox_put(c, (struct mln_lane){ subscription->id, MLN_OUTBOX_LANE_DELETION }, 0,
                          target, &notice);
}

mln_err mln_event_removal(const struct mln_change *c, const struct mln_resource *sub,
                          struct mln_slice target, struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, c->arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:sgn"));
    mln_pack_map(&out, 3);
    put_reference(&out, c, sub->ri);
    mln_pack_text(&out, MLN_S("ntt"));
    mln_pack_text(&out, target);
    mln_pack_text(&out, MLN_S("trr"));
    mln_pack_bool(&out, true);
    return mln_buf_finish(&out, ret);
}

mln_err mln_event_cross(const struct mln_change *c, const struct mln_resource *crs,
                        struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, c->arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:sgn"));
    mln_pack_map(&out, 1);
    put_reference(&out, c, crs->ri);
    return mln_buf_finish(&out, ret);
}

mln_err mln_event_verification(struct mln_arena *arena, struct mln_slice sur,
                               struct mln_slice creator, struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:sgn"));
    mln_pack_map(&out, 3);
    mln_pack_text(&out, MLN_S("vrq"));
    mln_pack_bool(&out, true);
    mln_pack_text(&out, MLN_S("sur"));
    mln_pack_text(&out, sur);
    mln_pack_text(&out, MLN_S("cr"));
    mln_pack_text(&out, creator);
    return mln_buf_finish(&out, ret);
}
