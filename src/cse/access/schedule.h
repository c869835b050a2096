/* Time windows of access rules: m2m:scheduleEntry read once, matched in nanoseconds.
 *
 * Seven fields, in UTC: second, minute, hour, day of the month, month, day of the week (0 is
 * Sunday), year. A moment matches when every field does, days of the month and of the week alike;
 * one second is the unit. Values without ownership; the text of a schedule must live as long as
 * what was read from it. Pure functions, any thread.
 * spec: TS-0004 7.4.9.1, TS-0003 7.1.3 */
#pragma once

#include "base/err.h"
#include "base/fault.h"
#include "base/slice.h"

enum { MLN_SCHEDULE_BYTES = 1024 }; /* of a text; bounds what a match costs */

struct mln_schedule {
    uint64_t seconds; /* bit n stands for the value n */
    uint64_t minutes;
    uint32_t hours;
    uint32_t days;
    uint16_t months;
    uint8_t weekdays;
    uint16_t year_first; /* the first element of the field */
    uint16_t year_last;
    uint16_t year_step;
    struct mln_slice years; /* the elements behind it; borrowed */
};

/* A point in time, split. */
struct mln_moment {
    uint16_t year;
    uint8_t month;
    uint8_t day;
    uint8_t weekday;
    uint8_t hour;
    uint8_t minute;
    uint8_t second;
};

/* Errors: ATTR_INVALID (the fault names the field and what is wrong with it). */
mln_err mln_schedule_parse(struct mln_slice text, struct mln_schedule *ret,
                           struct mln_fault *fault);

/* `us` as in base/timestamp.h, not negative. */
void mln_moment_of(int64_t us, struct mln_moment *ret);

/* The first second that matches from `from_us` on and before `until_us`; `until_us` if there is
 * none. Costs a few steps for each day in between. */
int64_t mln_schedule_next(const struct mln_schedule *s, int64_t from_us, int64_t until_us);

bool mln_schedule_matches(const struct mln_schedule *s, const struct mln_moment *at);
