/* Queues of notifications in the store. */
#include "cse/notify/outbox.h"

#include "base/log.h"
#include "base/num.h"
#include "cse/notify/fresh.h"

static void put_key(char out[static MLN_OUTBOX_KEY_SIZE], struct mln_lane lane, uint64_t number)
{
    mln_put_be64(out, lane.subscription);
    out[8] = (char)(lane.number >> 8);
    out[9] = (char)(lane.number & 0xFF);
    mln_put_be64(out + 10, number);
}

static bool read_key(struct mln_slice key, struct mln_lane *ret_lane, uint64_t *ret_number)
{
    const unsigned char *p = (const unsigned char *)key.ptr;

    if (key.len != MLN_OUTBOX_KEY_SIZE) {
        return false;
    }
    ret_lane->subscription = mln_get_be64(key.ptr);
    ret_lane->number = (uint16_t)(p[8] << 8 | p[9]);
    *ret_number = mln_get_be64(key.ptr + 10);
    return true;
}

static bool same_lane(struct mln_lane a, struct mln_lane b)
{
    return a.subscription == b.subscription && a.number == b.number;
}

/* A place in a lane, and where to look from there. */
struct place {
    struct mln_lane lane;
    uint64_t number;
    bool is_descending;
};

/* The lane's entry next to the place, which moves there. What it holds is not read: contents are
 * large, and many entries are stepped over. */
static mln_err step(struct mln_view *view, struct place *place)
{
    char key[MLN_RECORD_KEY_MAX];
    struct mln_lane found;
    uint64_t next;
    size_t len;

    put_key(key, place->lane, place->number);
    MLN_TRY(mln_record_next_key(view, MLN_SPACE_OUTBOX, mln_slice_of(key, MLN_OUTBOX_KEY_SIZE),
                                place->is_descending, key, &len));
    MLN_REQUIRE(read_key(mln_slice_of(key, len), &found, &next) && same_lane(found, place->lane),
                NOT_FOUND);
    place->number = next;
    return MLN_OK;
}

mln_err mln_outbox_end(struct mln_view *view, struct mln_lane lane, uint64_t *ret)
{
    struct place last = { .lane = lane, .number = UINT64_MAX, .is_descending = true };
    mln_err err = step(view, &last);

    if (err.code == MLN_ERR_NOT_FOUND) {
        *ret = 0;
        return MLN_OK;
    }
    MLN_TRY(err);
    *ret = last.number + 1;
    return MLN_OK;
}

static bool is_held(struct mln_lane lane)
{
    return (lane.number >= MLN_OUTBOX_LANE_AGGREGATE &&
            lane.number < MLN_OUTBOX_LANE_AGGREGATE_END) ||
           (lane.number >= MLN_OUTBOX_LANE_HELD && lane.number != MLN_OUTBOX_LANE_DELETION);
}

/* Such requests go to one CSE after the other, whatever becomes of the subscription. */
static bool is_for_associates(struct mln_lane lane)
{
    return lane.number >= MLN_OUTBOX_LANE_CROSS && lane.number < MLN_OUTBOX_LANE_CROSS_END;
}

static mln_err read_entry(struct mln_slice value, struct mln_outbox_entry *ret)
{
    uint64_t created;
    uint64_t ec = 0;
    uint64_t op = 0;

    MLN_REQUIRE(mln_pack_find_text(value, MLN_S("u"), &ret->target) &&
                    mln_pack_find_u64(value, MLN_S("t"), &created) &&
                    mln_pack_find(value, MLN_S("c"), &ret->notice.content),
                STORE_CORRUPT);
    (void)mln_pack_find_u64(value, MLN_S("e"), &ec);
    ret->notice.ec = (int)ec;
    (void)mln_pack_find_bool(value, MLN_S("n"), &ret->notice.is_counted);
    if (mln_pack_find_u64(value, MLN_S("o"), &op)) {
        ret->notice.op = (enum mln_op)op;
        MLN_REQUIRE(mln_pack_find_text(value, MLN_S("f"), &ret->notice.fr), STORE_CORRUPT);
        (void)mln_pack_find_text(value, MLN_S("l"), &ret->notice.leaver);
        ret->notice.content = op == MLN_OP_UPDATE ? ret->notice.content : (struct mln_slice){ 0 };
    }
    ret->created_us = (int64_t)created;
    return MLN_OK;
}

mln_err mln_outbox_next(struct mln_view *view, struct mln_lane lane, uint64_t number,
                        struct mln_arena *arena, struct mln_outbox_entry *ret)
{
    struct place place = { .lane = lane, .number = number };
    char key[MLN_OUTBOX_KEY_SIZE];
    struct mln_slice value;
    struct mln_outbox_entry e;

    MLN_TRY(step(view, &place));
    put_key(key, lane, place.number);
    MLN_TRY(mln_record_get(view, MLN_SPACE_OUTBOX, mln_slice_of(key, sizeof key), arena, &value));
    e = (struct mln_outbox_entry){ .lane = lane, .number = place.number };
    MLN_TRY(read_entry(value, &e));
    *ret = e;
    return MLN_OK;
}

mln_err mln_outbox_waiting(struct mln_view *view, struct mln_lane lane, uint64_t from,
                           uint64_t *ret)
{
    struct place first = { .lane = lane, .number = from ? from - 1 : 0 };
    uint64_t end;
    mln_err err = step(view, &first);

    if (err.code == MLN_ERR_NOT_FOUND) {
        *ret = 0;
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_TRY(mln_outbox_end(view, lane, &end));
    *ret = end - first.number; /* numbers of a lane have no gaps: it is a queue */
    return MLN_OK;
}

mln_err mln_outbox_next_lane(struct mln_view *view, const struct mln_lane *after,
                             struct mln_lane *ret)
{
    char key[MLN_RECORD_KEY_MAX];
    struct mln_lane found;
    uint64_t number;
    size_t len = 0;

    if (after) {
        put_key(key, *after, UINT64_MAX);
        len = MLN_OUTBOX_KEY_SIZE;
    }
    do {
        MLN_TRY(
            mln_record_next_key(view, MLN_SPACE_OUTBOX, mln_slice_of(key, len), false, key, &len));
        MLN_REQUIRE(read_key(mln_slice_of(key, len), &found, &number), STORE_CORRUPT);
        put_key(key, found, UINT64_MAX);
    } while (is_held(found));
    *ret = found;
    return MLN_OK;
}

mln_err mln_outbox_lanes(struct mln_view *view, const struct mln_lane *after, size_t most,
                         struct mln_lane *ret, size_t *ret_count)
{
    mln_err err = MLN_OK;
    size_t count = 0;

    while (count < most && !mln_failed(err = mln_outbox_next_lane(view, after, &ret[count]))) {
        after = &ret[count++];
    }
    *ret_count = count;
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

mln_err mln_outbox_span(struct mln_view *view, struct mln_lane *lane, uint64_t *ret_first,
                        uint64_t *ret_end)
{
    char key[MLN_RECORD_KEY_MAX];
    struct mln_lane found;
    size_t len;

    put_key(key, *lane, 0);
    MLN_TRY(mln_record_next_key(view, MLN_SPACE_OUTBOX, mln_slice_of(key, MLN_OUTBOX_KEY_SIZE),
                                false, key, &len));
    MLN_REQUIRE(read_key(mln_slice_of(key, len), &found, ret_first), STORE_CORRUPT);
    MLN_REQUIRE(found.subscription == lane->subscription &&
                    found.number != MLN_OUTBOX_LANE_DELETION,
                NOT_FOUND);
    *lane = found;
    return mln_outbox_end(view, found, ret_end);
}

mln_err mln_outbox_erase(struct mln_write *write, struct mln_lane lane, uint64_t number)
{
    char key[MLN_OUTBOX_KEY_SIZE];

    put_key(key, lane, number);
    return mln_record_erase(write, MLN_SPACE_OUTBOX, mln_slice_of(key, sizeof key));
}

struct mln_slice mln_outbox_name(const struct mln_lookup *l, uint64_t subscription)
{
    struct mln_resource sub;
    struct mln_slice path;

    if (mln_failed(mln_store_get(l->view, subscription, l->arena, &sub)) ||
        mln_failed(mln_locate_path(l, &sub, &path))) {
        return MLN_S("a deleted subscription");
    }
    return path;
}

/* Drops the oldest entry of a full lane, whose end is given. */
static mln_err make_room(const struct mln_change *c, struct mln_lane lane, uint64_t end)
{
    struct mln_lookup lookup = { c->cse, c->view, c->arena, c->now_us };
    struct place first = { .lane = lane };
    struct mln_slice name;

    MLN_TRY(step(c->view, &first));
    if (end - first.number < c->cse->options.limits->outbox_lane) {
        return MLN_OK;
    }
    name = mln_outbox_name(&lookup, lane.subscription);
    mln_log(MLN_LOG_WARNING, "notify",
            "%.*s: too many notifications wait in its lane %u: the oldest is dropped",
            MLN_S_ARG(name), (unsigned)lane.number);
    return mln_outbox_erase(c->write, lane, first.number);
}

mln_err mln_outbox_put(const struct mln_change *c, struct mln_lane lane, uint64_t least,
                       struct mln_slice target, const struct mln_notice *notice)
{
    char key[MLN_OUTBOX_KEY_SIZE];
    struct mln_buf buf;
    struct mln_slice value;
    uint64_t number;
    uint64_t end;

    MLN_TRY(mln_outbox_end(c->view, lane, &end));
    if (end) {
        MLN_TRY(make_room(c, lane, end));
    }
    mln_buf_init(&buf, c->arena, SIZE_MAX);
    mln_pack_map(&buf,
                 3U + (notice->ec ? 1 : 0) + (notice->op ? 3 : 0) + (notice->is_counted ? 1 : 0));
    mln_pack_text(&buf, MLN_S("u"));
    mln_pack_text(&buf, target);
    mln_pack_text(&buf, MLN_S("t"));
    mln_pack_uint(&buf, (uint64_t)c->now_us);
    if (notice->ec) {
        mln_pack_text(&buf, MLN_S("e"));
        mln_pack_uint(&buf, (uint64_t)notice->ec);
    }
    if (notice->is_counted) {
        mln_pack_text(&buf, MLN_S("n"));
        mln_pack_bool(&buf, true);
    }
    if (notice->op) {
        mln_pack_text(&buf, MLN_S("o"));
        mln_pack_uint(&buf, (uint64_t)notice->op);
        mln_pack_text(&buf, MLN_S("f"));
        mln_pack_text(&buf, notice->fr);
        mln_pack_text(&buf, MLN_S("l"));
        mln_pack_text(&buf, notice->leaver);
    }
    mln_pack_text(&buf, MLN_S("c"));
    if (notice->content.len) {
        mln_pack_raw(&buf, notice->content);
    } else {
        mln_pack_null(&buf);
    }
    MLN_TRY(mln_buf_finish(&buf, &value));
    /* within a queue the numbers have no gaps; a new queue begins above all earlier ones, as long
     * as the clock does not go back */
    number = (uint64_t)c->now_us > least ? (uint64_t)c->now_us : least;
    put_key(key, lane, end ? end : number);
    if (!is_held(lane)) {
        mln_fresh_lane(c->cse->fresh, lane);
    }
    return mln_record_put(c->write, MLN_SPACE_OUTBOX, mln_slice_of(key, sizeof key), value);
}

mln_err mln_outbox_trim(const struct mln_change *c, struct mln_lane lane, uint64_t keep)
{
    struct place first = { .lane = lane };
    uint64_t end;
    mln_err err;

    MLN_TRY(mln_outbox_end(c->view, lane, &end));
    while (!mln_failed(err = step(c->view, &first)) && end - first.number > keep) {
        MLN_TRY(mln_outbox_erase(c->write, lane, first.number));
    }
    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err;
}

mln_err mln_outbox_clear(const struct mln_change *c, uint64_t subscription)
{
    struct mln_lane lane = { subscription, 0 };
    uint64_t number = 0;

    for (;;) {
        char key[MLN_RECORD_KEY_MAX];
        size_t len;
        mln_err err;

        put_key(key, lane, number);
        err = mln_record_next_key(c->view, MLN_SPACE_OUTBOX, mln_slice_of(key, MLN_OUTBOX_KEY_SIZE),
                                  false, key, &len);
        if (err.code == MLN_ERR_NOT_FOUND) {
            return MLN_OK;
        }
        MLN_TRY(err);
        MLN_REQUIRE(read_key(mln_slice_of(key, len), &lane, &number), STORE_CORRUPT);
        if (lane.subscription != subscription || lane.number == MLN_OUTBOX_LANE_DELETION) {
            return MLN_OK;
        }
        if (is_for_associates(lane)) {
            lane.number = MLN_OUTBOX_LANE_CROSS_END;
            number = 0;
            continue;
        }
        MLN_TRY(mln_outbox_erase(c->write, lane, number));
    }
}
