/* Tests of timestamps and durations. */
#include "base/timestamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

static void assert_parsed(const char *text, int64_t want_us)
{
    int64_t us = ~want_us;

    if (!mln_timestamp_parse(mln_slice_z(text), &us)) {
        fail_msg("%s is refused", text);
    }
    assert_true(us == want_us);
}

static void refuse(const char *text)
{
    int64_t us = 77;

    if (mln_timestamp_parse(mln_slice_z(text), &us)) {
        fail_msg("%s is accepted", text);
    }
    assert_int_equal(us, 77);
}

static void assert_formatted(int64_t us, const char *want)
{
    char out[MLN_TIMESTAMP_SIZE];

    mln_timestamp_format(out, us);
    assert_memory_equal(out, want, sizeof out);
}

static void reads_points_in_time(void **state)
{
    (void)state;
    assert_parsed("19700101T000000", 0);
    assert_parsed("19700101T000001", MLN_US_PER_S);
    assert_parsed("20141003T112032", INT64_C(1412335232) * MLN_US_PER_S);
    assert_parsed("20380119T031408", INT64_C(2147483648) * MLN_US_PER_S);
    assert_parsed("99991231T235959,999999", MLN_TIMESTAMP_MAX);
}

static void reads_fractions(void **state)
{
    (void)state;
    assert_parsed("19700101T000000,1", 100000);
    assert_parsed("19700101T000000,12", 120000);
    assert_parsed("19700101T000000,123", 123000);
    assert_parsed("19700101T000000,1234", 123400);
    assert_parsed("19700101T000000,12345", 123450);
    assert_parsed("19700101T000000,123456", 123456);
    assert_parsed("19700101T000000,000001", 1);
    assert_parsed("19700101T000000,0", 0);
    refuse("19700101T000000,");
    refuse("19700101T000000,1234567");
    refuse("19700101T000000.5");
    refuse("19700101T000000,1x");
    refuse("19700101T000000,-1");
    refuse("19700101T0000005");
}

static void knows_leap_years(void **state)
{
    (void)state;
    assert_parsed("20240229T000000", INT64_C(1709164800) * MLN_US_PER_S);
    assert_parsed("20000229T000000", INT64_C(951782400) * MLN_US_PER_S);
    assert_parsed("24000229T000000", INT64_C(13574563200) * MLN_US_PER_S);
    refuse("20230229T000000");
    refuse("21000229T000000");
    refuse("19000229T000000");
    refuse("20240230T000000");
}

static void knows_the_lengths_of_months(void **state)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int64_t us;

    (void)state;
    for (int month = 1; month <= 12; month++) {
        char text[48];

        (void)snprintf(text, sizeof text, "2023%02d%02dT000000", month, days[month - 1]);
        assert_true(mln_timestamp_parse(mln_slice_z(text), &us));
        (void)snprintf(text, sizeof text, "2023%02d%02dT000000", month, days[month - 1] + 1);
        refuse(text);
    }
}

static void refuses_what_is_out_of_range(void **state)
{
    (void)state;
    refuse("19691231T235959");
    refuse("00000101T000000");
    refuse("20240001T000000");
    refuse("20241301T000000");
    refuse("20240100T000000");
    refuse("20240132T000000");
    refuse("20240101T240000");
    refuse("20240101T006000");
    refuse("20240101T000060");
    refuse("20161231T235960"); /* a leap second has no number of its own */
}

static void refuses_other_forms(void **state)
{
    static const char *const wrong[] = {
        "",
        "2",
        "20240101",
        "20240101T",
        "20240101T0000",
        "20240101T00000",
        "2024-01-01T00:00:00",
        "20240101 000000",
        "20240101t000000",
        "20240101T000000Z",
        "20240101T000000+0100",
        " 20240101T000000",
        "20240101T000000 ",
        "2024010aT000000",
        "202401011T00000",
        "+0240101T000000",
        "20240101T-10000",
        "20240101T0 0000",
        "120240101T000000",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        refuse(wrong[i]);
    }
    refuse("");
    assert_false(mln_timestamp_parse(mln_slice_of(NULL, 0), &(int64_t){ 0 }));
    assert_false(mln_timestamp_parse(mln_slice_of("20240101T000000\0", 16), &(int64_t){ 0 }));
}

static void writes_points_in_time(void **state)
{
    (void)state;
    assert_formatted(0, "19700101T000000,000000");
    assert_formatted(1, "19700101T000000,000001");
    assert_formatted(INT64_C(1412335232) * MLN_US_PER_S + 5, "20141003T112032,000005");
    assert_formatted(MLN_TIMESTAMP_MAX, "99991231T235959,999999");
}

/* Against the calendar of the C library, and back. */
static void assert_as_gmtime(int64_t seconds)
{
    time_t t = (time_t)seconds;
    int64_t us = seconds * MLN_US_PER_S + seconds % 1000000;
    char want[64];
    char out[MLN_TIMESTAMP_SIZE];
    struct tm tm;
    int64_t back;

    assert_non_null(gmtime_r(&t, &tm));
    (void)snprintf(want, sizeof want, "%04d%02d%02dT%02d%02d%02d,%06d", tm.tm_year + 1900,
                   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                   (int)(seconds % 1000000));
    mln_timestamp_format(out, us);
    assert_memory_equal(out, want, sizeof out);
    assert_true(mln_timestamp_parse(mln_slice_of(out, sizeof out), &back));
    assert_true(back == us);
}

static void agrees_with_the_c_library(void **state)
{
    const int64_t last = MLN_TIMESTAMP_MAX / MLN_US_PER_S;
    uint64_t random = 1;

    (void)state;
    for (int64_t day = 0; day * 86400 <= last; day += day < 100000 ? 1 : 17) {
        assert_as_gmtime(day * 86400);
        assert_as_gmtime(day * 86400 + 86399);
    }
    for (int i = 0; i < 100000; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        assert_as_gmtime((int64_t)((random >> 11) % (uint64_t)(last + 1)));
    }
    assert_as_gmtime(last);
}

/* ---- durations ---- */

static void assert_duration(const char *text, int64_t want_us)
{
    int64_t us = ~want_us;

    if (!mln_duration_parse(mln_slice_z(text), &us)) {
        fail_msg("%s is refused", text);
    }
    assert_true(us == want_us);
}

static void refuse_duration(const char *text)
{
    int64_t us = 77;

    if (mln_duration_parse(mln_slice_z(text), &us)) {
        fail_msg("%s is accepted", text);
    }
    assert_int_equal(us, 77);
}

static void reads_durations(void **state)
{
    const int64_t day = 86400 * MLN_US_PER_S;

    (void)state;
    assert_duration("PT0S", 0);
    assert_duration("PT1S", MLN_US_PER_S);
    assert_duration("PT1M", 60 * MLN_US_PER_S);
    assert_duration("PT1H", 3600 * MLN_US_PER_S);
    assert_duration("P1D", day);
    assert_duration("P1M", 30 * day);
    assert_duration("P1Y", 365 * day);
    assert_duration("P1Y2M3DT4H5M6S", (365 + 60 + 3) * day + 14706 * MLN_US_PER_S);
    assert_duration("P0Y0M1D", day);
    assert_duration("PT90M", 5400 * MLN_US_PER_S);
    assert_duration("P1YT1S", 365 * day + MLN_US_PER_S);
}

static void reads_fractions_of_seconds(void **state)
{
    (void)state;
    assert_duration("PT0.5S", 500000);
    assert_duration("PT6.7S", 6700000);
    assert_duration("PT1.000001S", 1000001);
    assert_duration("PT1.0000019S", 1000001);
    refuse_duration("PT1.S");
    refuse_duration("PT.5S");
    refuse_duration("PT1.5M");
    refuse_duration("P1.5D");
    refuse_duration("PT1,5S");
    refuse_duration("PT1.5");
}

static void refuses_what_is_no_duration(void **state)
{
    static const char *const wrong[] = {
        "",     "P",     "PT",      "P1",      "1D",    "-P1D",  "P-1D",   "+P1D",
        "P1DT", "P1YT",  "PT1S1M",  "P1D1Y",   "P1M1Y", "P1Y1Y", "PT1H1H", "P1H",
        "PT1D", "PT1Y",  "P1S",     "P1W",     "p1D",   "P1d",   "PT1s",   "P 1D",
        "P1D ", "PTT1S", "PT1HT1S", "P1DT1DT", "PD",    "PTS",   "P1X",    "P1\xC3\xA9",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        refuse_duration(wrong[i]);
    }
    assert_false(mln_duration_parse(mln_slice_of("P1\0", 3), &(int64_t){ 0 }));
    assert_false(mln_duration_parse(mln_slice_of(NULL, 0), &(int64_t){ 0 }));
}

static void refuses_durations_that_overflow(void **state)
{
    (void)state;
    assert_duration("P292471Y", INT64_C(292471) * 365 * 86400 * MLN_US_PER_S);
    refuse_duration("P292472Y");
    refuse_duration("P292471YT999999999999S");
    refuse_duration("P999999999999Y");
    refuse_duration("PT9999999999999S");
    refuse_duration("PT99999999999999999999999S");
    assert_duration("PT999999999999.999999S", INT64_C(999999999999999999));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_points_in_time),
        cmocka_unit_test(reads_fractions),
        cmocka_unit_test(knows_leap_years),
        cmocka_unit_test(knows_the_lengths_of_months),
        cmocka_unit_test(refuses_what_is_out_of_range),
        cmocka_unit_test(refuses_other_forms),
        cmocka_unit_test(writes_points_in_time),
        cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test(reads_durations),
        cmocka_unit_test(reads_fractions_of_seconds),
        cmocka_unit_test(refuses_what_is_no_duration),
        cmocka_unit_test(refuses_durations_that_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
