/* Tests of schedules on known days; grammar and matching at large are held against Python in
 * tests/access. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "cse/access/schedule.h"

static bool matches(const char *text, const char *time)
{
    struct mln_schedule s;
    struct mln_moment at;
    int64_t us;

    assert_true(mln_timestamp_parse(mln_slice_z(time), &us));
    assert_int_equal(mln_schedule_parse(mln_slice_z(text), &s, NULL).code, MLN_ERR_NONE);
    mln_moment_of(us, &at);
    return mln_schedule_matches(&s, &at);
}

/* spec: TS-0004 7.4.9.1, its examples among them */
static void known_days(void **state)
{
    static const struct {
        const char *text;
        const char *time;
        bool matches;
    } rows[] = {
        { "* 0-5 2,6,10 * * * *", "20240229T060559", true },
        { "* 0-5 2,6,10 * * * *", "20240229T060600", false },
        { "* * 0-23/2 * * * *", "20240101T220000", true },
        { "* * 0-23/2 * * * *", "20240101T230000", false },
        { "* * * 29 2 4 2024", "20240229T120000", true },
        { "* * * 29 2 * *", "20000229T120000", true },
        { "* * * * * 0 *", "20240303T000000", true },
        { "* * * * * 0 *", "20240302T235959,999999", false },
        { "59 59 23 31 12 5 9999", "99991231T235959,999999", true },
        { "* * * * * * 2000-2030/10", "20200101T000000", true },
        { "* * * * * * 2000-2030/10", "20210101T000000", false },
        { "* * * * * * 2001,2003,2040-2050", "20450101T000000", true },
        { "* * * * * * 2001,2003,2040-2050", "20390101T000000", false },
        { "* * * */10 * * *", "20240121T000000", true }, /* from the first: 1, 11, 21, 31 */
        { "* * * */10 * * *", "20240120T000000", false },
        { "* * * * * * *", "19700101T000000", false }, /* years begin with 2000 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (matches(rows[i].text, rows[i].time) != rows[i].matches) {
            fail_msg("%s at %s", rows[i].text, rows[i].time);
        }
    }
}

/* Days follow days, through leap years and centuries. */
static void days_are_counted(void **state)
{
    static const uint8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    unsigned year = 1970;
    unsigned month = 1;
    unsigned day = 1;

    (void)state;
    for (int64_t n = 0; year < 2500; n++) {
        bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        unsigned length = month == 2 && is_leap ? 29 : lengths[month - 1];
        struct mln_moment at;

        mln_moment_of(n * 86400 * MLN_US_PER_S + 86399999999, &at);
        assert_int_equal(at.year, year);
        assert_int_equal(at.month, month);
        assert_int_equal(at.day, day);
        assert_int_equal(at.weekday, (n + 4) % 7);
        assert_int_equal(at.hour * 3600 + at.minute * 60 + at.second, 86399);
        day++;
        month += day > length;
        day = day > length ? 1 : day;
        year += month > 12;
        month = month > 12 ? 1 : month;
    }
}

/* Held against a walk second by second. */
static void the_next_match(void **state)
{
    static const char *const texts[] = {
        "* * * * * * *",         "7 * * * * * *",      "7-9,40 */20 * * * * *",
        "0 0 3 * * * *",         "59 59 23 31 12 * *", "30 15 6,18 1 * 0,3 *",
        "* * * * * * 2025-2026", "0 0 0 29 2 * *",     "0 30 12 * * 1 2024,2025",
    };
    const int64_t day = 86400 * MLN_US_PER_S;
    int64_t begin;

    (void)state;
    assert_true(mln_timestamp_parse(MLN_S("20241229T235958,5"), &begin));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct mln_schedule s;
        struct mln_moment at;
        int64_t expected = begin + MLN_US_PER_S / 2;

        assert_int_equal(mln_schedule_parse(mln_slice_z(texts[i]), &s, NULL).code, MLN_ERR_NONE);
        for (; expected < begin + 4 * day; expected += MLN_US_PER_S) {
            mln_moment_of(expected, &at);
            if (mln_schedule_matches(&s, &at)) {
                break;
            }
        }
        expected = expected < begin + 4 * day ? expected : begin + 4 * day;
        if (mln_schedule_next(&s, begin, begin + 4 * day) != expected) {
            fail_msg("%s", texts[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_days),
        cmocka_unit_test(days_are_counted),
        cmocka_unit_test(the_next_match),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
