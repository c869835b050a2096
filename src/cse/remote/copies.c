/* What is known of copies. */
#include "cse/remote/copies.h"

#include "base/num.h"

enum { KEY_SIZE = 10 };

static struct mln_slice put_key(char out[static KEY_SIZE], struct mln_lane lane)
{
    mln_put_be64(out, lane.subscription);
    out[8] = (char)(lane.number >> 8);
    out[9] = (char)(lane.number & 0xFF);
    return mln_slice_of(out, KEY_SIZE);
}

static mln_err read_copy(struct mln_slice value, struct mln_lane lane, struct mln_copy *ret)
{
    struct mln_copy copy = { .lane = lane };
    uint64_t state;
    uint64_t ty;
    uint64_t made;

    MLN_REQUIRE(mln_pack_find_u64(value, MLN_S("s"), &state) && state >= MLN_COPY_WANTED &&
                    state <= MLN_COPY_PARTING && mln_pack_find_u64(value, MLN_S("y"), &ty) &&
                    mln_pack_find_u64(value, MLN_S("m"), &made) &&
                    mln_pack_find_bool(value, MLN_S("d"), &copy.is_due) &&
                    mln_pack_find_bool(value, MLN_S("b"), &copy.is_behind) &&
                    mln_pack_find_text(value, MLN_S("h"), &copy.host) &&
                    mln_pack_find_text(value, MLN_S("p"), &copy.place) &&
                    mln_pack_find_text(value, MLN_S("l"), &copy.link) &&
                    mln_pack_find_text(value, MLN_S("a"), &copy.address) &&
                    mln_pack_find(value, MLN_S("n"), &copy.sent),
                STORE_CORRUPT);
    (void)mln_pack_find_u64(value, MLN_S("c"), &copy.count); /* older records have none */
    copy.state = (enum mln_copy_state)state;
    copy.ty = (uint16_t)ty;
    copy.made_us = (int64_t)made;
    *ret = copy;
    return MLN_OK;
}

mln_err mln_copy_get(struct mln_view *view, struct mln_lane lane, struct mln_arena *arena,
                     struct mln_copy *ret)
{
    char key[KEY_SIZE];
    struct mln_slice value;

    MLN_TRY(mln_record_get(view, MLN_SPACE_ANNOUNCED, put_key(key, lane), arena, &value));
    return read_copy(value, lane, ret);
}

mln_err mln_copy_next(struct mln_view *view, uint64_t original, uint16_t number,
                      struct mln_arena *arena, struct mln_copy *ret)
{
    char key[KEY_SIZE];
    struct mln_record found;
    struct mln_lane lane = { original, number };

    MLN_TRY(mln_record_next(view, MLN_SPACE_ANNOUNCED, put_key(key, lane), false, arena, &found));
    MLN_REQUIRE(found.key.len == KEY_SIZE, STORE_CORRUPT);
    MLN_REQUIRE(mln_get_be64(found.key.ptr) == original, NOT_FOUND);
    lane.number =
        (uint16_t)((unsigned char)found.key.ptr[8] << 8 | (unsigned char)found.key.ptr[9]);
    return read_copy(found.value, lane, ret);
}

mln_err mln_copy_at(const struct mln_lookup *l, uint64_t original, struct mln_slice host,
                    struct mln_copy *ret)
{
    struct mln_copy copy = { 0 };
    struct mln_copy wanted = { 0 };
    mln_err err;

    while (!mln_failed(err = mln_copy_next(l->view, original, copy.lane.number, l->arena, &copy))) {
        if (copy.state >= MLN_COPY_LEAVING || !mln_slice_eq(copy.host, host)) {
            continue;
        }
        if (copy.state == MLN_COPY_KEPT) {
            *ret = copy;
            return MLN_OK;
        }
        wanted = copy;
    }
    if (err.code == MLN_ERR_NOT_FOUND && wanted.state) {
        *ret = wanted;
        return MLN_OK;
    }
    return err;
}

static void put_text(struct mln_buf *out, struct mln_slice name, struct mln_slice text)
{
    mln_pack_text(out, name);
    mln_pack_text(out, text);
}

static void put_number(struct mln_buf *out, struct mln_slice name, uint64_t number)
{
    mln_pack_text(out, name);
    mln_pack_uint(out, number);
}

mln_err mln_copy_put(const struct mln_change *c, const struct mln_copy *copy)
{
    char key[KEY_SIZE];
    struct mln_slice value;
    struct mln_buf out;

    mln_buf_init(&out, c->arena, SIZE_MAX);
    mln_pack_map(&out, 11);
    put_number(&out, MLN_S("s"), copy->state);
    put_number(&out, MLN_S("y"), copy->ty);
    put_number(&out, MLN_S("m"), (uint64_t)copy->made_us);
    put_number(&out, MLN_S("c"), copy->count);
    mln_pack_text(&out, MLN_S("d"));
    mln_pack_bool(&out, copy->is_due);
    mln_pack_text(&out, MLN_S("b"));
    mln_pack_bool(&out, copy->is_behind);
    put_text(&out, MLN_S("h"), copy->host);
    put_text(&out, MLN_S("p"), copy->place);
    put_text(&out, MLN_S("l"), copy->link);
    put_text(&out, MLN_S("a"), copy->address);
    mln_pack_text(&out, MLN_S("n"));
    if (copy->sent.len) {
        mln_pack_raw(&out, copy->sent);
    } else {
        mln_pack_map(&out, 0);
    }
    MLN_TRY(mln_buf_finish(&out, &value));
    return mln_record_put(c->write, MLN_SPACE_ANNOUNCED, put_key(key, copy->lane), value);
}

mln_err mln_copy_erase(const struct mln_change *c, struct mln_lane lane)
{
    char key[KEY_SIZE];

    return mln_record_erase(c->write, MLN_SPACE_ANNOUNCED, put_key(key, lane));
}
