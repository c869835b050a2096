/* Fuzz target of schedules.
 *
 * The first eight bytes are a time, the rest is a text. What is read must be what the model calls a
 * schedule; the split of the time must be the C library's; and a schedule must match when each of
 * its fields, with '*' in place of the others, does. spec: TS-0004 7.4.9.1 */
#include <stdio.h>
#include <time.h>

#include "base/fuzz_test.h"
#include "base/timestamp.h"
#include "cse/access/schedule.h"
#include "model/check.h"

enum { TIME = 8, FIELDS = 7, ROOM = MLN_SCHEDULE_BYTES + 2 * FIELDS };

static void check_moment(int64_t us, const struct mln_moment *at)
{
    time_t seconds = us / MLN_US_PER_S;
    struct tm tm;

    require(gmtime_r(&seconds, &tm) != NULL);
    require(at->year == tm.tm_year + 1900 && at->month == tm.tm_mon + 1 && at->day == tm.tm_mday);
    require(at->hour == tm.tm_hour && at->minute == tm.tm_min && at->second == tm.tm_sec);
    require(at->weekday == tm.tm_wday);
}

/* One field of a schedule, '*' in the others. */
static bool field_matches(struct mln_slice field, unsigned place, const struct mln_moment *at)
{
    char text[ROOM];
    size_t len = 0;
    struct mln_schedule s;

    for (unsigned i = 0; i < FIELDS; i++) {
        struct mln_slice one = i == place ? field : MLN_S("*");

        if (i) {
            text[len++] = ' ';
        }
        memcpy(text + len, one.ptr, one.len);
        len += one.len;
    }
    if (len > MLN_SCHEDULE_BYTES) {
        len = 0; /* the whole was shorter: this cannot be */
    }
    require(!mln_failed(mln_schedule_parse(mln_slice_of(text, len), &s, NULL)));
    return mln_schedule_matches(&s, at);
}

static void check_match(struct mln_slice text, const struct mln_schedule *s,
                        const struct mln_moment *at)
{
    bool all = true;
    struct mln_slice rest = text;

    for (unsigned i = 0; i < FIELDS; i++) {
        all = field_matches(mln_slice_cut(&rest, ' '), i, at) && all;
    }
    require(mln_schedule_matches(s, at) == all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t us = 0;
    struct mln_slice text;
    struct mln_fault fault = { 0 };
    struct mln_schedule s;
    struct mln_moment at;
    mln_err err;

    if (size < TIME) {
        return 0;
    }
    memcpy(&us, data, TIME);
    us %= (uint64_t)MLN_TIMESTAMP_MAX + 1;
    mln_moment_of((int64_t)us, &at);
    check_moment((int64_t)us, &at);
    text = mln_slice_of((const char *)data + TIME, size - TIME);
    err = mln_schedule_parse(text, &s, &fault);
    require(mln_failed(err) || !fault.text[0]);
    require(!mln_failed(err) || fault.text[0]);
    require(mln_failed(err) == (text.len > MLN_SCHEDULE_BYTES ||
                                !mln_check_pattern(MLN_PATTERN_SCHEDULE_ENTRY, text)));
    if (!mln_failed(err)) {
        check_match(text, &s, &at);
    }
    return 0;
}
