/* Tests of the exact comparison of numbers. */
#include "model/decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static int cmp(const char *a, const char *b)
{
    int order = mln_decimal_cmp(mln_slice_z(a), mln_slice_z(b));

    assert_int_equal(mln_decimal_cmp(mln_slice_z(b), mln_slice_z(a)), -order);
    return order;
}

static void knows_numbers(void **state)
{
    static const char *const right[] = {
        "0",       "-0",  "7",   "10",   "-1",   "0.5", "-0.5",
        "1.50",    "1e5", "1E5", "1e+5", "1e-5", "0e0", "123456789012345678901234567890",
        "1.5e300",
    };
    static const char *const wrong[] = {
        "",      "-",   "+1",       "01",   "-01", "00",  ".5",  "1.", "1.e5",
        "1e",    "1e+", "1e5.5",    "0x1",  "1 ",  " 1",  "a",   "1a", "--1",
        "1.5.5", "NaN", "Infinity", "true", "e5",  "-e5", "1,5",
    };

    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        assert_true(mln_decimal_is_number(mln_slice_z(right[i])));
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(mln_decimal_is_number(mln_slice_z(wrong[i])));
    }
    assert_false(mln_decimal_is_number(mln_slice_of(NULL, 0)));
    assert_false(mln_decimal_is_number(mln_slice_of("1\0", 2)));
}

static void equal_values_are_equal(void **state)
{
    static const char *const groups[][5] = {
        { "0", "-0", "0.000", "0e5", "-0.0e-9" },
        { "1", "1.0", "1e0", "0.1e1", "10e-1" },
        { "1.5", "1.50", "15e-1", "0.15E1", "0.0015e+3" },
        { "-100", "-1e2", "-1E+2", "-100.00", "-0.001e5" },
        { "12345678901234567890.5", "12345678901234567890.50", "1234567890123456789050e-2",
          "0.123456789012345678905e20", "123456789012345678905e-1" },
    };

    (void)state;
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        for (size_t i = 0; i < 5; i++) {
            for (size_t j = 0; j < 5; j++) {
                assert_int_equal(cmp(groups[g][i], groups[g][j]), 0);
            }
        }
    }
}

static void orders_values(void **state)
{
    static const char *const ascending[] = {
        "-1e400",
        "-18446744073709551616",
        "-10.01",
        "-10",
        "-9.99",
        "-1",
        "-0.5",
        "-1e-400",
        "0",
        "1e-400",
        "0.09",
        "0.1",
        "0.11",
        "0.5",
        "1",
        "1.000000000000000000001",
        "1.1",
        "2",
        "9.99",
        "10",
        "10.5",
        "99",
        "100",
        "18446744073709551615",
        "18446744073709551616",
        "18446744073709551616.1",
        "1e20",
        "1e400",
        "1e4000",
    };
    const size_t count = sizeof ascending / sizeof ascending[0];

    (void)state;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            assert_int_equal(cmp(ascending[i], ascending[j]), (i > j) - (i < j));
        }
    }
}

static void endures_any_exponent(void **state)
{
    (void)state;
    assert_int_equal(cmp("1e99999999999999999999999", "1e5"), 1);
    assert_int_equal(cmp("1e-99999999999999999999999", "1e-5"), -1);
    assert_int_equal(cmp("-1e99999999999999999999999", "0"), -1);
    assert_int_equal(cmp("0e99999999999999999999999", "0"), 0);
    assert_int_equal(cmp("1e99999999999999999999999", "1e-99999999999999999999999"), 1);
}

static void agrees_with_integers(void **state)
{
    (void)state;
    for (int a = -30; a <= 30; a++) {
        for (int b = -30; b <= 30; b++) {
            char x[32];
            char y[32];

            (void)snprintf(x, sizeof x, "%d", a);
            (void)snprintf(y, sizeof y, "%d%02de-2", b, 0);
            assert_int_equal(cmp(x, b == 0 ? "0.00" : y), (a > b) - (a < b));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_numbers),        cmocka_unit_test(equal_values_are_equal),
        cmocka_unit_test(orders_values),        cmocka_unit_test(endures_any_exponent),
        cmocka_unit_test(agrees_with_integers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
