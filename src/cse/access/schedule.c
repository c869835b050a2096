/* Reading and matching schedules. */
#include "cse/access/schedule.h"

#include "base/num.h"
#include "base/timestamp.h"

enum { FIELDS = 7, YEAR = 6, LATEST_YEAR = 9999 };

/* In the order of the text. */
static const struct field {
    const char *name;
    uint16_t least;
    uint16_t most;
} fields[FIELDS] = {
    { "second", 0, 59 },
    { "minute", 0, 59 },
    { "hour", 0, 23 },
    { "day", 1, 31 },
    { "month", 1, 12 },
    { "day of the week", 0, 6 },
    { "year", 2000, LATEST_YEAR },
};

/* One element of a field: first, first + step, ... up to last. */
struct element {
    uint16_t first;
    uint16_t last;
    uint16_t step;
};

/* ---- reading ---- */

static mln_err read_number(struct mln_slice s, const struct field *field, uint16_t *ret,
                           struct mln_fault *fault)
{
    uint64_t n;

    if (s.len > 4 || !mln_num_u64(s, &n)) {
        mln_fault_set(fault, "%s: '%.*s' is no number", field->name, MLN_S_ARG(s));
        MLN_FAIL(ATTR_INVALID);
    }
    if (n < field->least || n > field->most) {
        mln_fault_set(fault, "%s: %.*s is not within %u to %u", field->name, MLN_S_ARG(s),
                      (unsigned)field->least, (unsigned)field->most);
        MLN_FAIL(ATTR_INVALID);
    }
    *ret = (uint16_t)n;
    return MLN_OK;
}

static mln_err read_step(struct mln_slice s, const struct field *field, uint16_t *ret,
                         struct mln_fault *fault)
{
    uint64_t n;

    if (s.len > 4 || !mln_num_u64(s, &n) || n == 0) {
        mln_fault_set(fault, "%s: '%.*s' is no step of 1 to 9999", field->name, MLN_S_ARG(s));
        MLN_FAIL(ATTR_INVALID);
    }
    *ret = (uint16_t)n;
    return MLN_OK;
}

/* A number, or two with '-' between them. */
static mln_err read_range(struct mln_slice s, const struct field *field, struct element *ret,
                          struct mln_fault *fault)
{
    size_t hyphen = mln_slice_find(s, '-');

    MLN_TRY(read_number(mln_slice_head(s, hyphen), field, &ret->first, fault));
    ret->last = ret->first;
    if (hyphen < s.len) {
        MLN_TRY(read_number(mln_slice_from(s, hyphen + 1), field, &ret->last, fault));
    }
    if (ret->first > ret->last) {
        mln_fault_set(fault, "%s: the range %.*s ends before it begins", field->name, MLN_S_ARG(s));
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

static mln_err read_element(struct mln_slice s, const struct field *field, bool may_be_all,
                            struct element *ret, struct mln_fault *fault)
{
    size_t slash = mln_slice_find(s, '/');
    struct mln_slice range = mln_slice_head(s, slash);
    bool is_all = may_be_all && mln_slice_eq(range, MLN_S("*"));

    *ret = (struct element){ field->least, field->most, 1 };
    if (!is_all) {
        MLN_TRY(read_range(range, field, ret, fault));
    }
    if (slash == s.len) {
        return MLN_OK;
    }
    if (!is_all && mln_slice_find(range, '-') == range.len) {
        mln_fault_set(fault, "%s: '%.*s': only '*' and a range can have a step", field->name,
                      MLN_S_ARG(s));
        MLN_FAIL(ATTR_INVALID);
    }
    return read_step(mln_slice_from(s, slash + 1), field, &ret->step, fault);
}

/* The values below 64 of one element as bits. */
static uint64_t bits_of(const struct element *e)
{
    uint64_t bits = 0;

    for (unsigned n = e->first; n <= e->last; n += e->step) {
        bits |= UINT64_C(1) << n;
    }
    return bits;
}

/* Any field but the year. '*' stands alone, or with a step. */
static mln_err read_bits(struct mln_slice text, const struct field *field, uint64_t *ret,
                         struct mln_fault *fault)
{
    bool is_one = mln_slice_find(text, ',') == text.len;
    struct element e;

    *ret = 0;
    while (text.ptr) {
        MLN_TRY(read_element(mln_slice_cut(&text, ','), field, is_one, &e, fault));
        *ret |= bits_of(&e);
    }
    return MLN_OK;
}

/* The first element is kept, the others are read once to see that they are right. */
static mln_err read_years(struct mln_slice text, struct mln_schedule *s, struct mln_fault *fault)
{
    const struct field *field = &fields[YEAR];
    bool is_one = mln_slice_find(text, ',') == text.len;
    struct mln_slice rest;
    struct element e;

    MLN_TRY(read_element(mln_slice_cut(&text, ','), field, is_one, &e, fault));
    s->year_first = e.first;
    s->year_last = e.last;
    s->year_step = e.step;
    s->years = text;
    for (rest = text; rest.ptr;) {
        MLN_TRY(read_element(mln_slice_cut(&rest, ','), field, false, &e, fault));
    }
    return MLN_OK;
}

static mln_err cut_fields(struct mln_slice text, struct mln_slice out[static FIELDS],
                          struct mln_fault *fault)
{
    size_t count = 0;

    if (text.len > MLN_SCHEDULE_BYTES) {
        mln_fault_set(fault, "a schedule longer than %d bytes", MLN_SCHEDULE_BYTES);
        MLN_FAIL(ATTR_INVALID);
    }
    while (text.ptr && count < FIELDS) {
        out[count++] = mln_slice_cut(&text, ' ');
    }
    if (count < FIELDS || text.ptr) {
        mln_fault_set(fault, "a schedule has seven fields with one blank between them");
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

mln_err mln_schedule_parse(struct mln_slice text, struct mln_schedule *ret, struct mln_fault *fault)
{
    struct mln_slice texts[FIELDS];
    struct mln_schedule s = { 0 };
    uint64_t bits[YEAR];

    MLN_TRY(cut_fields(text, texts, fault));
    for (size_t i = 0; i < YEAR; i++) {
        MLN_TRY(read_bits(texts[i], &fields[i], &bits[i], fault));
    }
    MLN_TRY(read_years(texts[YEAR], &s, fault));
    s.seconds = bits[0];
    s.minutes = bits[1];
    s.hours = (uint32_t)bits[2];
    s.days = (uint32_t)bits[3];
    s.months = (uint16_t)bits[4];
    s.weekdays = (uint8_t)bits[5];
    *ret = s;
    return MLN_OK;
}

/* ---- matching ---- */

/* Howard Hinnant's civil_from_days: years of 400 begin in March, so the leap day is the last. */
void mln_moment_of(int64_t us, struct mln_moment *ret)
{
    uint64_t seconds = (uint64_t)us / (uint64_t)MLN_US_PER_S;
    uint32_t of_day = (uint32_t)(seconds % 86400);
    uint32_t days = (uint32_t)(seconds / 86400);
    uint32_t shifted = days + 719468; /* since 0000-03-01 */
    uint32_t era = shifted / 146097;
    uint32_t of_era = shifted % 146097;
    uint32_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint32_t month = (5 * of_year + 2) / 153;

    *ret = (struct mln_moment){
        .year = (uint16_t)(year + era * 400 + (month >= 10)),
        .month = (uint8_t)(month < 10 ? month + 3 : month - 9),
        .day = (uint8_t)(of_year - (153 * month + 2) / 5 + 1),
        .weekday = (uint8_t)((days + 4) % 7), /* 1970-01-01 was a Thursday */
        .hour = (uint8_t)(of_day / 3600),
        .minute = (uint8_t)(of_day / 60 % 60),
        .second = (uint8_t)(of_day % 60),
    };
}

static bool element_has(const struct element *e, unsigned n)
{
    return n >= e->first && n <= e->last && (n - e->first) % e->step == 0;
}

static bool year_matches(const struct mln_schedule *s, unsigned year)
{
    struct element e = { s->year_first, s->year_last, s->year_step };
    struct mln_slice rest = s->years;
    bool matches = element_has(&e, year);

    while (!matches && rest.ptr) {
        matches =
            !mln_failed(read_element(mln_slice_cut(&rest, ','), &fields[YEAR], false, &e, NULL)) &&
            element_has(&e, year);
    }
    return matches;
}

bool mln_schedule_matches(const struct mln_schedule *s, const struct mln_moment *at)
{
    uint64_t all = s->seconds >> at->second & s->minutes >> at->minute &
                   (uint64_t)s->hours >> at->hour & (uint64_t)s->days >> at->day &
                   (uint64_t)s->months >> at->month & (uint64_t)s->weekdays >> at->weekday;

    return (all & 1) != 0 && year_matches(s, at->year);
}

/* The longest stretch from that moment on in which nothing can match: to the next day, hour, minute
 * or second, in seconds; 0: it matches. */
static int64_t steps_over(const struct mln_schedule *s, const struct mln_moment *at)
{
    int64_t of_hour = at->minute * 60 + at->second;

    if (!(s->days >> at->day & (uint32_t)s->months >> at->month &
          (uint32_t)s->weekdays >> at->weekday & 1) ||
        !year_matches(s, at->year)) {
        return 86400 - ((int64_t)at->hour * 3600 + of_hour);
    }
    if (!(s->hours >> at->hour & 1)) {
        return 3600 - of_hour;
    }
    if (!(s->minutes >> at->minute & 1)) {
        return 60 - at->second;
    }
    return !(s->seconds >> at->second & 1);
}

int64_t mln_schedule_next(const struct mln_schedule *s, int64_t from_us, int64_t until_us)
{
    int64_t at_us = (from_us + MLN_US_PER_S - 1) / MLN_US_PER_S * MLN_US_PER_S;
    struct mln_moment at;
    int64_t seconds = 1;

    while (at_us < until_us && seconds) {
        mln_moment_of(at_us, &at);
        seconds = steps_over(s, &at);
        at_us += seconds * MLN_US_PER_S;
    }
    return at_us < until_us ? at_us : until_us;
}
