/* Alarms in the store. Keys: 'd', time, kind, id, without value; 'o', id, kind, with time and
 * state. */
#include "cse/notify/alarm.h"

#include "base/buf.h"
#include "base/num.h"
#include "cse/notify/fresh.h"

enum { DUE_SIZE = 18, OWNER_SIZE = 10, TIME_SIZE = 8 };

static struct mln_slice due_key(char out[static DUE_SIZE], const struct mln_alarm *a)
{
    out[0] = 'd';
    mln_put_be64(out + 1, (uint64_t)a->due_us);
    out[9] = (char)a->kind;
    mln_put_be64(out + 10, a->id);
    return mln_slice_of(out, DUE_SIZE);
}

static struct mln_slice owner_key(char out[static OWNER_SIZE], uint64_t id,
                                  enum mln_alarm_kind kind)
{
    out[0] = 'o';
    mln_put_be64(out + 1, id);
    out[9] = (char)kind;
    return mln_slice_of(out, OWNER_SIZE);
}

mln_err mln_alarm_get(struct mln_view *view, uint64_t id, enum mln_alarm_kind kind,
                      struct mln_arena *arena, struct mln_alarm *ret)
{
    char key[OWNER_SIZE];
    struct mln_slice value;

    MLN_TRY(mln_record_get(view, MLN_SPACE_ALARM, owner_key(key, id, kind), arena, &value));
    MLN_REQUIRE(value.len >= TIME_SIZE, STORE_CORRUPT);
    *ret = (struct mln_alarm){
        .id = id,
        .kind = kind,
        .due_us = (int64_t)mln_get_be64(value.ptr),
        .state = mln_slice_from(value, TIME_SIZE),
    };
    return MLN_OK;
}

mln_err mln_alarm_clear(const struct mln_change *c, uint64_t id, enum mln_alarm_kind kind)
{
    struct mln_alarm old;
    char key[DUE_SIZE];
    mln_err err = mln_alarm_get(c->view, id, kind, c->arena, &old);

    if (err.code == MLN_ERR_NOT_FOUND) {
        return MLN_OK;
    }
    MLN_TRY(err);
    MLN_TRY(mln_record_erase(c->write, MLN_SPACE_ALARM, due_key(key, &old)));
    return mln_record_erase(c->write, MLN_SPACE_ALARM, owner_key(key, id, kind));
}

mln_err mln_alarm_set(const struct mln_change *c, const struct mln_alarm *alarm)
{
    struct mln_slice value;
    struct mln_buf buf;
    char time[TIME_SIZE];
    char key[DUE_SIZE];

    MLN_REQUIRE(alarm->due_us >= 0, INTERNAL); /* or the order of the keys is not that of time */
    MLN_TRY(mln_alarm_clear(c, alarm->id, alarm->kind));
    mln_put_be64(time, (uint64_t)alarm->due_us);
    mln_buf_init(&buf, c->arena, SIZE_MAX);
    mln_buf_add(&buf, mln_slice_of(time, sizeof time));
    mln_buf_add(&buf, alarm->state);
    MLN_TRY(mln_buf_finish(&buf, &value));
    MLN_TRY(
        mln_record_put(c->write, MLN_SPACE_ALARM, owner_key(key, alarm->id, alarm->kind), value));
    MLN_TRY(
        mln_record_put(c->write, MLN_SPACE_ALARM, due_key(key, alarm), (struct mln_slice){ 0 }));
    mln_fresh_expiry(c->cse->fresh, alarm->due_us);
    return MLN_OK;
}

mln_err mln_alarm_first(struct mln_view *view, struct mln_alarm *ret)
{
    char key[MLN_RECORD_KEY_MAX];
    size_t len;

    MLN_TRY(mln_record_next_key(view, MLN_SPACE_ALARM, MLN_S("d"), false, key, &len));
    MLN_REQUIRE(key[0] == 'd', NOT_FOUND);
    MLN_REQUIRE(len == DUE_SIZE, STORE_CORRUPT);
    *ret = (struct mln_alarm){
        .id = mln_get_be64(key + 10),
        .kind = (enum mln_alarm_kind)(unsigned char)key[9],
        .due_us = (int64_t)mln_get_be64(key + 1),
    };
    return MLN_OK;
}
