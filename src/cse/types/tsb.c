/* <timeSyncBeacon>: tells its targets what time it is here, again and again.
 * spec: TS-0001 9.6, of Release 4: decision 0043 */
#include "base/timestamp.h"
#include "cse/notify/alarm.h"
#include "cse/notify/reach.h"
#include "cse/pipeline/draft.h"
#include "cse/pipeline/pipeline.h"
#include "cse/types/sub.h"

enum { PERIODIC = 1 }; /* of m2m:beaconCriteria */

#define DEFAULT_INTERVAL (3600 * MLN_US_PER_S)

/* ---- what a request may want ---- */

/* Would a subscription ask it for its consent, which nobody asks here? What is at this CSE says by
 * its policies whether it wants to be told. */
static mln_err is_to_be_asked(struct mln_exec *e, struct mln_slice target, bool *ret)
{
    enum mln_verify verify = e->cse->options.verify;
    struct mln_slice plain;
    struct mln_slice unused;

    MLN_TRY(mln_reach_strip(e->arena, target, &plain, &unused));
    *ret = mln_ident_is_url(plain)
               ? verify == MLN_VERIFY_ALL
               : verify != MLN_VERIFY_NONE &&
                     mln_ident_place(plain, &e->cse->names, &unused) != MLN_PLACE_HERE;
    return MLN_OK;
}

static mln_err check_target(struct mln_exec *e, struct mln_slice target)
{
    bool is_asked;

    MLN_TRY(mln_sub_check_target(e, target));
    MLN_TRY(is_to_be_asked(e, target, &is_asked));
    if (is_asked) {
        mln_fault_set(e->fault, "bcnu: a target is not asked for its consent yet");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    return MLN_OK;
}

static mln_err check_targets(struct mln_exec *e)
{
    const struct mln_value *list = mln_value_get(e->attributes, MLN_S("bcnu"));

    if (list && list->items.count > e->cse->options.limits->notification_targets) {
        mln_fault_set(e->fault, "bcnu: too many targets");
        MLN_FAIL(LIMIT);
    }
    for (const struct mln_value *v = list ? list->items.first : NULL; v; v = v->next) {
        MLN_TRY(check_target(e, v->text));
    }
    return MLN_OK;
}

static mln_err check_interval(struct mln_exec *e)
{
    const struct mln_value *interval = mln_value_get(e->attributes, MLN_S("bcni"));
    uint64_t least_ms = e->cse->options.limits->beacon_ms;
    int64_t us;

    if (!interval || interval->kind == MLN_V_NULL) {
        return MLN_OK;
    }
    if (!mln_duration_parse(interval->text, &us) ||
        us < (int64_t)least_ms * (MLN_US_PER_S / 1000)) {
        mln_fault_set(e->fault, "bcni: shorter than the limit 'beacon_ms'");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

static mln_err validate_update(struct mln_exec *e)
{
    const struct mln_value *criteria = mln_value_get(e->attributes, MLN_S("bcnc"));

    if (criteria && criteria->magnitude != PERIODIC) {
        mln_fault_set(e->fault, "bcnc: loss of synchronisation is not detected");
        MLN_FAIL(NOT_IMPLEMENTED);
    }
    MLN_TRY(check_interval(e));
    return check_targets(e);
}

static mln_err validate_create(struct mln_exec *e)
{
    MLN_TRY(validate_update(e));
    return mln_validate_room(e, e->cse->options.limits->beacons);
}

/* ---- time ---- */

/* The next beacon: an interval after `from_us`; those that nobody was there for are left out. */
static mln_err arm(const struct mln_change *c, const struct mln_resource *r, int64_t from_us)
{
    struct mln_alarm next = { .id = r->id, .kind = MLN_ALARM_BEACON };
    int64_t interval_us = DEFAULT_INTERVAL;
    struct mln_slice text;

    if (mln_pack_find_text(r->attrs, MLN_S("bcni"), &text)) {
        MLN_REQUIRE(mln_duration_parse(text, &interval_us) && interval_us > 0, STORE_CORRUPT);
    }
    if (c->now_us > from_us) {
        from_us += (c->now_us - from_us) / interval_us * interval_us;
    }
    if (interval_us >= MLN_TIMESTAMP_MAX - from_us) {
        return MLN_OK; /* never */
    }
    next.due_us = from_us + interval_us;
    return mln_alarm_set(c, &next);
}

static mln_err finish_create(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.ct);

    return arm(&c, &d->resource, d->resource.ct);
}

static mln_err finish_update(struct mln_exec *e, const struct mln_draft *d)
{
    struct mln_change c = mln_exec_change(e, d->resource.lt);

    if (mln_value_get(e->attributes, MLN_S("bcnu"))) {
        MLN_TRY(mln_outbox_clear(&c, d->resource.id));
    }
    if (!mln_value_get(e->attributes, MLN_S("bcni"))) {
        return MLN_OK;
    }
    MLN_TRY(mln_alarm_clear(&c, d->resource.id, MLN_ALARM_BEACON));
    return arm(&c, &d->resource, d->resource.lt);
}

/* ---- the beacon ---- */

/* {"m2m:tsbn": {"tbr": ..., "ctm": ...}} */
static mln_err make_content(const struct mln_change *c, const struct mln_resource *r,
                            struct mln_slice *ret)
{
    struct mln_buf out;
    struct mln_slice reference;

    MLN_TRY(mln_ident_join(c->arena, c->cse->names.cse_id, r->ri, &reference));
    mln_buf_init(&out, c->arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:tsbn"));
    mln_pack_map(&out, 2);
    mln_pack_text(&out, MLN_S("tbr"));
    mln_pack_text(&out, reference);
    mln_pack_text(&out, MLN_S("ctm"));
    mln_pack_timestamp(&out, c->now_us);
    return mln_buf_finish(&out, ret);
}

/* One that still waits is of no use any more. */
static mln_err ring(const struct mln_change *c, const struct mln_resource *r,
                    const struct mln_alarm *alarm)
{
    struct mln_lane lane = { .subscription = r->id };
    struct mln_notice notice = { 0 };
    struct mln_slice targets;
    struct mln_slice target;
    struct mln_walk w;

    MLN_REQUIRE(mln_pack_find(r->attrs, MLN_S("bcnu"), &targets), STORE_CORRUPT);
    MLN_TRY(make_content(c, r, &notice.content));
    for (mln_walk_begin(&w, targets); mln_walk_next(&w); lane.number++) {
        MLN_REQUIRE(mln_pack_text_of(w.item, &target), STORE_CORRUPT);
        MLN_TRY(mln_outbox_put(c, lane, 0, target, &notice));
        MLN_TRY(mln_outbox_trim(c, lane, 1));
    }
    return arm(c, r, alarm->due_us);
}

static mln_err removed(const struct mln_change *c, const struct mln_resource *r)
{
    MLN_TRY(mln_outbox_clear(c, r->id));
    return mln_alarm_clear(c, r->id, MLN_ALARM_BEACON);
}

const struct mln_type_ops mln_tsb_ops = {
    .ty = MLN_TY_TSB,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate_create, .finish = finish_create },
    .update = { .validate = validate_update, .finish = finish_update },
    .removed = removed,
    .alarm = ring,
};
