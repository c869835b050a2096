/* Host values that are ours and those that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bind/http/http_host.h"

static const struct mln_slice names[] = { { "gateway", 7 }, { "box.example", 11 } };

static bool is_known(const char *host)
{
    return mln_http_host_is_known(mln_slice_z(host), names, 2);
}

static void addresses_and_own_names_are_known(void **state)
{
    static const char *const known[] = { "",
                                         "127.0.0.1",
                                         "127.0.0.1:8080",
                                         "[::1]",
                                         "[::1]:8080",
                                         "192.0.2.7:1",
                                         "localhost",
                                         "LocalHost:8080",
                                         "gateway",
                                         "h",
                                         "::1",
                                         "Gateway:80",
                                         "BOX.example:8080" };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_true(is_known(known[i]));
    }
}

static void other_names_are_not(void **state)
{
    static const char *const unknown[] = { "evil.example",
                                           "evil.example:8080",
                                           "localhost.evil.example",
                                           "localhost.",
                                           "127.0.0.1.evil.example",
                                           "127.0.0.1x",
                                           "127.1",
                                           "[127.0.0.1]",
                                           "gateway.",
                                           "box.example2" };

    (void)state;
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assert_false(is_known(unknown[i]));
    }
    assert_false(mln_http_host_is_known(MLN_S("box.example"), NULL, 0));
    assert_false(mln_http_host_is_known(mln_slice_of("127.0.0.1\0.evil", 15), names, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_and_own_names_are_known),
        cmocka_unit_test(other_names_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
