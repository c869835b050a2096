/* Addresses in their forms. */
#include "io/address.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void round_trip(struct mln_slice host, const char *expected, bool is_loopback)
{
    struct mln_address address = { 0 };
    struct mln_address again = { 0 };
    struct sockaddr_storage system;
    char text[MLN_PEER_NAME_SIZE];

    assert_false(mln_failed(mln_address_resolve(host, 8080, &address, NULL)));
    mln_address_format(&address, text);
    assert_string_equal(text, expected);
    assert_int_equal(mln_address_is_loopback(&address), is_loopback);
    assert_true(mln_address_to_system(&address, &system) > 0);
    assert_true(mln_address_of_system(&system, &again));
    assert_memory_equal(&address, &again, sizeof address);
}

static void reads_and_writes_numbers(void **state)
{
    (void)state;
    round_trip(MLN_S("127.0.0.1"), "127.0.0.1:8080", true);
    round_trip(MLN_S("127.9.9.9"), "127.9.9.9:8080", true);
    round_trip(MLN_S("0.0.0.0"), "0.0.0.0:8080", false);
    round_trip(MLN_S("192.0.2.7"), "192.0.2.7:8080", false);
    round_trip(MLN_S("::1"), "[::1]:8080", true);
    round_trip(MLN_S("[::1]"), "[::1]:8080", true);
    round_trip(MLN_S("[2001:db8::5]"), "[2001:db8::5]:8080", false);
}

static void mapped_addresses_are_ipv4(void **state)
{
    struct mln_address address = { 0 };

    (void)state;
    assert_false(mln_failed(mln_address_resolve(MLN_S("::ffff:127.0.0.1"), 1, &address, NULL)));
    assert_int_equal(address.len, 4);
    assert_true(mln_address_is_loopback(&address));
}

static void refuses_what_is_no_host(void **state)
{
    static char long_name[300];
    const struct mln_slice bad[] = {
        MLN_S(""),
        MLN_S("[]"),
        MLN_S("a b"),
        MLN_S("1\0"),
        MLN_S("no.such.invalid"),
        { long_name, sizeof long_name },
    };
    struct mln_address address = { .port = 7 };

    (void)state;
    memset(long_name, 'a', sizeof long_name);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mln_fault fault = { 0 };

        assert_int_equal(mln_address_resolve(bad[i], 1, &address, &fault).code, MLN_ERR_CONFIG);
        assert_true(fault.text[0] != '\0');
        assert_int_equal(address.port, 7);
    }
}

static void refuses_other_families(void **state)
{
    struct sockaddr_storage system = { .ss_family = AF_UNIX };
    struct mln_address address;

    (void)state;
    assert_false(mln_address_of_system(&system, &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_numbers),
        cmocka_unit_test(mapped_addresses_are_ipv4),
        cmocka_unit_test(refuses_what_is_no_host),
        cmocka_unit_test(refuses_other_families),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
