/* Aggregation of notifications by groups. */
#include "cse/notify/aggregate.h"

#include "base/num.h"
#include "base/timestamp.h"
#include "crypto/digest.h"
#include "cse/notify/policy.h"

/* Forwarding URIs that a group aggregates for at the same time; what is for others goes on alone.
 * Each has a lane and an alarm. */
enum {
    BASKETS = MLN_OUTBOX_LANE_AGGREGATE_END - MLN_OUTBOX_LANE_AGGREGATE,
    STATE_HEAD = 16,
};

/* What waits for one forwarding URI. */
struct basket {
    const struct mln_change *c;
    const struct mln_resource *group;
    unsigned number;
    bool is_open; /* something waits */
    int64_t due_us;
    uint64_t count;
    uint64_t bytes;
    struct mln_slice outer;      /* address of the group that takes the aggregate, or empty: */
    struct mln_slice forward_to; /* who does */
};

mln_err mln_aggregate_address(const struct mln_cse *cse, struct mln_arena *arena,
                              struct mln_slice outer, struct mln_slice ri, struct mln_slice *ret)
{
    return mln_ident_join(arena, outer.len ? outer : cse->names.cse_id, ri, ret);
}

mln_err mln_aggregate_content(const struct mln_change *c, struct mln_lane lane, uint64_t count,
                              struct mln_slice *ret)
{
    struct mln_outbox_entry entry = { .lane = lane };
    struct mln_slice notification;
    struct mln_buf out;

    mln_buf_init(&out, c->arena, SIZE_MAX); /* batch_bytes and one more bound it */
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:agn"));
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("sgn"));
    mln_pack_array(&out, count);
    while (count--) {
        MLN_TRY(mln_outbox_next(c->view, lane, entry.number, c->arena, &entry));
        MLN_REQUIRE(mln_pack_find(entry.notice.content, MLN_S("m2m:sgn"), &notification),
                    STORE_CORRUPT);
        mln_pack_raw(&out, notification);
    }
    return mln_buf_finish(&out, ret);
}

/* ---- baskets ---- */

static struct mln_lane lane_of(const struct basket *b)
{
    return (struct mln_lane){ b->group->id, (uint16_t)(MLN_OUTBOX_LANE_AGGREGATE + b->number) };
}

static enum mln_alarm_kind alarm_of(unsigned number)
{
    return (enum mln_alarm_kind)(MLN_ALARM_AGGREGATE + number);
}

/* The state of the alarm: count, bytes, and "<outer> <forwarding URI>"; no address has a blank. */
static mln_err read_state(const struct mln_alarm *alarm, struct basket *b)
{
    struct mln_slice rest = mln_slice_from(alarm->state, STATE_HEAD);
    size_t blank = mln_slice_find(rest, ' ');

    MLN_REQUIRE(alarm->state.len > STATE_HEAD && blank < rest.len, STORE_CORRUPT);
    b->is_open = true;
    b->number = alarm->kind - MLN_ALARM_AGGREGATE;
    b->due_us = alarm->due_us;
    b->count = mln_get_be64(alarm->state.ptr);
    b->bytes = mln_get_be64(alarm->state.ptr + 8);
    b->outer = mln_slice_head(rest, blank);
    b->forward_to = mln_slice_from(rest, blank + 1);
    return MLN_OK;
}

static mln_err keep_state(const struct basket *b)
{
    struct mln_alarm alarm = { .id = b->group->id,
                               .kind = alarm_of(b->number),
                               .due_us = b->due_us };
    char head[STATE_HEAD];
    struct mln_buf buf;

    mln_put_be64(head, b->count);
    mln_put_be64(head + 8, b->bytes);
    mln_buf_init(&buf, b->c->arena, SIZE_MAX);
    mln_buf_add(&buf, mln_slice_of(head, sizeof head));
    mln_buf_add(&buf, b->outer);
    mln_buf_byte(&buf, ' ');
    mln_buf_add(&buf, b->forward_to);
    MLN_TRY(mln_buf_finish(&buf, &alarm.state));
    return mln_alarm_set(b->c, &alarm);
}

/* That one, if something waits in it. Errors: NOT_FOUND, STORE_*, NO_MEMORY. */
static mln_err get(const struct mln_change *c, const struct mln_resource *group, unsigned number,
                   struct basket *ret)
{
    struct mln_alarm alarm;

    *ret = (struct basket){ .c = c, .group = group };
    MLN_TRY(mln_alarm_get(c->view, group->id, alarm_of(number), c->arena, &alarm));
    return read_state(&alarm, ret);
}

/* The basket for that forwarding URI, else an empty one. Its number is BASKETS when all are in
 * use. */
static mln_err find(const struct mln_change *c, const struct mln_resource *group,
                    struct mln_slice outer, struct mln_slice forward_to, struct basket *ret)
{
    struct basket b = { .is_open = false };
    unsigned empty = BASKETS;

    for (unsigned i = 0; i < BASKETS; i++) {
        mln_err err = get(c, group, i, &b);

        if (err.code == MLN_ERR_NOT_FOUND) {
            empty = empty == BASKETS ? i : empty;
            continue;
        }
        MLN_TRY(err);
        if (mln_slice_eq(b.outer, outer) && mln_slice_eq(b.forward_to, forward_to)) {
            *ret = b;
            return MLN_OK;
        }
    }
    *ret = (struct basket){
        .c = c, .group = group, .number = empty, .outer = outer, .forward_to = forward_to
    };
    return MLN_OK;
}

/* ---- terms ---- */

struct terms {
    uint64_t number;
    int64_t duration_us;
};

/* spec: TS-0004 7.4.14.2.5: without notifyAggregation as many as there are members */
static struct terms terms_of(const struct mln_change *c, const struct mln_resource *group)
{
    const struct mln_limits *limits = c->cse->options.limits;
    struct terms t = { .number = limits->outbox_lane, .duration_us = MLN_TIMESTAMP_MAX };
    struct mln_slice map;

    if (!mln_pack_find(group->attrs, MLN_S("nar"), &map)) {
        (void)mln_pack_find_u64(group->attrs, MLN_S("cnm"), &t.number);
    } else {
        (void)mln_pack_find_u64(map, MLN_S("num"), &t.number);
        t.duration_us = mln_policy_duration(map, MLN_S("dur"));
    }
    if (t.duration_us == MLN_TIMESTAMP_MAX) {
        t.duration_us = (int64_t)limits->batch_ms * 1000;
    }
    t.number = t.number < limits->outbox_lane ? t.number : limits->outbox_lane;
    return t;
}

/* ---- sending on ---- */

/* Each forwarding URI has a lane of its own below the group, as far as numbers go; lane 0 is one
 * that counts. */
static mln_err lane_to(uint64_t group, struct mln_slice target, struct mln_lane *ret)
{
    unsigned char digest[MLN_SHA256_SIZE];
    unsigned number;

    MLN_TRY(mln_sha256(target, digest));
    number = (unsigned)digest[0] << 8 | digest[1];
    *ret = (struct mln_lane){ group, (uint16_t)(1 + number % (MLN_OUTBOX_LANE_AGGREGATE - 1)) };
    return MLN_OK;
}

/* To the subscriber. */
static mln_err send(const struct basket *b, const struct mln_notice *n)
{
    struct mln_lane lane;

    MLN_TRY(lane_to(b->group->id, b->forward_to, &lane));
    return mln_outbox_put(b->c, lane, 0, b->forward_to, n);
}

/* The basket is empty then. What another group takes is not nested. */
static mln_err flush(struct basket *b)
{
    struct mln_lane lane = lane_of(b);
    struct mln_notice n = { 0 };
    uint64_t count;

    MLN_TRY(mln_outbox_waiting(b->c->view, lane, 0, &count));
    if (count) {
        MLN_TRY(mln_aggregate_content(b->c, lane, count, &n.content));
    }
    MLN_TRY(mln_outbox_trim(b->c, lane, 0));
    MLN_TRY(mln_alarm_clear(b->c, b->group->id, alarm_of(b->number)));
    b->is_open = false;
    b->count = 0;
    b->bytes = 0;
    if (count == 0) {
        return MLN_OK;
    }
    return b->outer.len ? mln_aggregate_put(b->c, b->outer, b->forward_to, &n) : send(b, &n);
}

/* ---- taking ---- */

/* All baskets are in use. */
static mln_err pass_by(const struct basket *b, const struct mln_notice *n)
{
    return b->outer.len ? mln_aggregate_put(b->c, b->outer, b->forward_to, n) : send(b, n);
}

static mln_err take(struct basket *b, const struct mln_notice *n)
{
    const struct mln_limits *limits = b->c->cse->options.limits;
    struct terms t = terms_of(b->c, b->group);

    if (b->number == BASKETS) {
        return pass_by(b, n);
    }
    if (b->is_open && b->bytes + n->content.len > limits->batch_bytes) {
        MLN_TRY(flush(b));
    }
    MLN_TRY(mln_outbox_put(b->c, lane_of(b), 0, (struct mln_slice){ 0 }, n));
    if (!b->is_open) {
        b->is_open = true;
        b->due_us = t.duration_us < MLN_TIMESTAMP_MAX - b->c->now_us ? b->c->now_us + t.duration_us
                                                                     : MLN_TIMESTAMP_MAX;
    }
    b->count++;
    b->bytes += n->content.len;
    return b->count >= t.number ? flush(b) : keep_state(b);
}

/* {"m2m:sgn": ...} */
static mln_err wrap(struct mln_arena *arena, struct mln_slice notification, struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, arena, SIZE_MAX);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:sgn"));
    mln_pack_raw(&out, notification);
    return mln_buf_finish(&out, ret);
}

/* The last segment names the group; what is before it is the group through which it was reached,
 * or our CSE-ID. Errors: NOT_FOUND (it is gone), STORE_*, NO_MEMORY. */
static mln_err find_group(const struct mln_change *c, struct mln_slice address,
                          struct mln_slice *ret_outer, struct mln_resource *ret)
{
    struct mln_lookup l = { c->cse, c->view, c->arena, c->now_us };
    size_t slash = address.len;

    while (slash && address.ptr[slash - 1] != '/') {
        slash--;
    }
    MLN_REQUIRE(slash > 1, STORE_CORRUPT);
    MLN_TRY(mln_locate_lookup(&l, mln_slice_from(address, slash), ret));
    MLN_REQUIRE(ret->ty == MLN_TY_GRP, NOT_FOUND);
    *ret_outer = mln_slice_head(address, slash - 1);
    if (mln_slice_eq(*ret_outer, c->cse->names.cse_id)) {
        *ret_outer = (struct mln_slice){ 0 };
    }
    return MLN_OK;
}

mln_err mln_aggregate_put(const struct mln_change *c, struct mln_slice address,
                          struct mln_slice forward_to, const struct mln_notice *n)
{
    struct mln_slice outer;
    struct mln_slice list;
    struct mln_resource group;
    struct mln_notice one = *n;
    struct basket b;
    struct mln_walk w;
    mln_err err = find_group(c, address, &outer, &group);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_TRY(find(c, &group, outer, forward_to, &b));
    if (!mln_pack_find(n->content, MLN_S("m2m:agn"), &list)) {
        return take(&b, n);
    }
    MLN_REQUIRE(mln_pack_find(list, MLN_S("sgn"), &list), STORE_CORRUPT);
    for (mln_walk_begin(&w, list); mln_walk_next(&w);) {
        MLN_TRY(wrap(c->arena, w.item, &one.content));
        MLN_TRY(take(&b, &one));
    }
    return MLN_OK;
}

/* ---- the group ---- */

mln_err mln_aggregate_alarm(const struct mln_change *c, const struct mln_resource *group,
                            const struct mln_alarm *alarm)
{
    struct basket b = { .c = c, .group = group };

    MLN_TRY(read_state(alarm, &b));
    return flush(&b);
}

mln_err mln_aggregate_flush(const struct mln_change *c, const struct mln_resource *group)
{
    struct basket b;

    for (unsigned i = 0; i < BASKETS; i++) {
        mln_err err = get(c, group, i, &b);

        if (err.code != MLN_ERR_NOT_FOUND) {
            MLN_TRY(err);
            MLN_TRY(flush(&b));
        }
    }
    return MLN_OK;
}
