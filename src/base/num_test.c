/* Tests of number conversions. */
#include "base/num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void assert_u64(const char *text, uint64_t want)
{
    uint64_t n = want + 1;

    assert_true(mln_num_u64(mln_slice_z(text), &n));
    assert_true(n == want);
}

static void assert_i64(const char *text, int64_t want)
{
    int64_t n = ~want;

    assert_true(mln_num_i64(mln_slice_z(text), &n));
    assert_true(n == want);
}

static void refuse(const char *text)
{
    uint64_t u = 77;
    int64_t i = 77;

    assert_false(mln_num_u64(mln_slice_z(text), &u));
    assert_false(mln_num_i64(mln_slice_z(text), &i));
    assert_int_equal(u, 77);
    assert_int_equal(i, 77);
}

static void reads_unsigned(void **state)
{
    (void)state;
    assert_u64("0", 0);
    assert_u64("7", 7);
    assert_u64("007", 7);
    assert_u64("00000000000000000000000000000000000001", 1);
    assert_u64("9223372036854775808", UINT64_C(1) << 63);
    assert_u64("18446744073709551615", UINT64_MAX);
}

static void reads_signed(void **state)
{
    (void)state;
    assert_i64("0", 0);
    assert_i64("-0", 0);
    assert_i64("-7", -7);
    assert_i64("-007", -7);
    assert_i64("9223372036854775807", INT64_MAX);
    assert_i64("-9223372036854775808", INT64_MIN);
}

static void refuses_what_overflows(void **state)
{
    uint64_t u;
    int64_t i;

    (void)state;
    refuse("18446744073709551616");
    refuse("18446744073709551620");
    refuse("28446744073709551615");
    refuse("99999999999999999999999999");
    assert_false(mln_num_i64(MLN_S("9223372036854775808"), &i));
    assert_false(mln_num_i64(MLN_S("-9223372036854775809"), &i));
    assert_false(mln_num_i64(MLN_S("-18446744073709551616"), &i));
    assert_false(mln_num_u64(MLN_S("-1"), &u));
    assert_false(mln_num_u64(MLN_S("-0"), &u));
}

static void refuses_what_is_no_number(void **state)
{
    static const char *const wrong[] = {
        "",     "-", "--1", "+1", " 1",  "1 ",  "1.0", "1e5",
        "0x10", "a", "1a",  "1-", "\t1", "1\n", "/",   ":",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        refuse(wrong[i]);
    }
    assert_false(mln_num_u64(mln_slice_of(NULL, 0), &(uint64_t){ 0 }));
    assert_false(mln_num_u64(mln_slice_of("1\0", 2), &(uint64_t){ 0 }));
}

static void assert_written(uint64_t n)
{
    char want[32];
    char out[MLN_NUM_U64_SIZE];
    int len = snprintf(want, sizeof want, "%llu", (unsigned long long)n);

    assert_int_equal(mln_num_put_u64(out, n), len);
    assert_memory_equal(out, want, (size_t)len);
    assert_u64(want, n);
}

static void writes_decimal_digits(void **state)
{
    uint64_t power = 1;

    (void)state;
    assert_written(0);
    assert_written(UINT64_MAX);
    for (int i = 0; i < 20; i++, power *= 10) {
        assert_written(power - 1);
        assert_written(power);
        assert_written(power + 1);
    }
    for (int i = 0; i < 64; i++) {
        assert_written(UINT64_C(1) << i);
        assert_written((UINT64_C(1) << i) - 1);
    }
}

static void hexadecimal_digits(void **state)
{
    static const char digits[] = "0123456789abcdefABCDEF";

    (void)state;
    for (int c = -128; c < 128; c++) {
        const char *at = c ? strchr(digits, (unsigned char)c) : NULL;
        int want = at ? (int)(at - digits) - (at - digits > 15 ? 6 : 0) : -1;

        assert_int_equal(mln_num_hex((char)c), want);
    }
}

static void big_endian_goes_there_and_back(void **state)
{
    char out[8];

    (void)state;
    mln_put_be64(out, UINT64_C(0x0102030405060708));
    assert_memory_equal(out, "\1\2\3\4\5\6\7\10", 8);
    assert_true(mln_get_be64(out) == UINT64_C(0x0102030405060708));
    mln_put_be64(out, UINT64_MAX);
    assert_true(mln_get_be64(out) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_unsigned),         cmocka_unit_test(reads_signed),
        cmocka_unit_test(refuses_what_overflows), cmocka_unit_test(refuses_what_is_no_number),
        cmocka_unit_test(writes_decimal_digits),  cmocka_unit_test(big_endian_goes_there_and_back),
        cmocka_unit_test(hexadecimal_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
