/* Tests of address ranges: every prefix length, and addresses from the network; texts at large are
 * held against Python in tests/access. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cse/access/iprange.h"

static struct mln_ip ip_of(const char *text)
{
    struct mln_ip ip;

    assert_int_equal(mln_ip_parse(mln_slice_z(text), &ip, NULL).code, MLN_ERR_NONE);
    return ip;
}

static struct mln_iprange range_of(const char *address, unsigned bits)
{
    struct mln_iprange range;
    char text[64];

    (void)snprintf(text, sizeof text, "%s/%u", address, bits);
    assert_int_equal(mln_iprange_parse(mln_slice_z(text), &range, NULL).code, MLN_ERR_NONE);
    return range;
}

/* The address with one bit turned, counted from its end. */
static struct mln_ip turned(const char *text, unsigned place)
{
    struct mln_ip ip = ip_of(text);

    if (place < 64) {
        ip.low ^= UINT64_C(1) << place;
    } else {
        ip.high ^= UINT64_C(1) << (place - 64);
    }
    return ip;
}

/* With one bit turned, the address is in all shorter prefixes and in no longer one. */
static void check_lengths(const char *text, unsigned width)
{
    for (unsigned bits = 0; bits <= width; bits++) {
        struct mln_iprange range = range_of(text, bits);

        for (unsigned at = 0; at < width; at++) {
            struct mln_ip ip = turned(text, width - 1 - at);

            assert_int_equal(mln_iprange_contains(&range, &ip), at >= bits);
        }
    }
}

static void every_length_and_every_bit(void **state)
{
    (void)state;
    check_lengths("165.90.255.1", 32);
    check_lengths("2001:db8:a5a5:5a5a:ffff:0:1234:8001", 128);
}

/* A range holds no address of the other family, whatever its length. */
static void families_stay_apart(void **state)
{
    struct mln_ip four = ip_of("165.90.255.1");
    struct mln_ip six = ip_of("2001:db8::1");

    (void)state;
    for (unsigned bits = 0; bits <= 128; bits++) {
        struct mln_iprange range = range_of("2001:db8::1", bits);

        assert_false(mln_iprange_contains(&range, &four));
    }
    for (unsigned bits = 0; bits <= 32; bits++) {
        struct mln_iprange range = range_of("165.90.255.1", bits);

        assert_false(mln_iprange_contains(&range, &six));
    }
}

static void addresses_from_the_network(void **state)
{
    static const unsigned char v4[] = { 10, 0, 0, 1 };
    static const unsigned char mapped[16] = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 1 };
    static const unsigned char v6[16] = { 0x20, 0x01, [15] = 1 };
    struct mln_iprange all4 = range_of("0.0.0.0", 0);
    struct mln_iprange all6 = range_of("::", 0);
    struct mln_ip ip = mln_ip_of(v4, 4);

    (void)state;
    assert_true(mln_iprange_contains(&all4, &ip));
    assert_false(mln_iprange_contains(&all6, &ip));
    ip = mln_ip_of(mapped, 16);
    assert_true(mln_iprange_contains(&all4, &ip));
    assert_true(ip.low == 0x0a000001 && ip.high == 0 && ip.family == 4);
    ip = mln_ip_of(v6, 16);
    assert_true(mln_iprange_contains(&all6, &ip));
    assert_false(mln_iprange_contains(&all4, &ip));
    ip = mln_ip_of(v6, 0);
    assert_false(mln_iprange_contains(&all6, &ip) || mln_iprange_contains(&all4, &ip));
}

static void a_fault_says_what_is_wrong(void **state)
{
    static const char *const rows[][2] = {
        { "10.0.0.1/33", "'/33' is no prefix length of 0 to 32" },
        { "::1/129", "'/129' is no prefix length of 0 to 128" },
        { "10.0.0.1/", "'/' is no prefix length of 0 to 32" },
        { "10.0.0.1/01", "'/01' is no prefix length of 0 to 32" },
        { "10.0.0.256", "'10.0.0.256' is no IPv4 and no IPv6 address" },
        { "::ffff:1.2.3.4/95",
          "'::ffff:1.2.3.4/95': an IPv4-mapped range needs a prefix of 96 to 128" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mln_fault fault = { 0 };
        struct mln_iprange range;

        assert_int_equal(mln_iprange_parse(mln_slice_z(rows[i][0]), &range, &fault).code,
                         MLN_ERR_ATTR_INVALID);
        assert_string_equal(fault.text, rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_and_every_bit),
        cmocka_unit_test(families_stay_apart),
        cmocka_unit_test(addresses_from_the_network),
        cmocka_unit_test(a_fault_says_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
