/* Response status codes against the mapping tables of the bindings. */
#include "base/rsc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

struct expected {
    unsigned code;
    const char *name;
    int http;
};

/* spec: TS-0004 6.6.3, TS-0009 6.3.2 */
static const struct expected samples[] = {
    { 1000, "ACCEPTED", 202 },
    { 1001, "ACCEPTED_NON_BLOCKING_REQUEST_SYNCH", 202 },
    { 1002, "ACCEPTED_NON_BLOCKING_REQUEST_ASYNCH", 202 },
    { 2000, "OK", 200 },
    { 2001, "CREATED", 201 },
    { 2002, "DELETED", 200 },
    { 2004, "UPDATED", 200 },
    { 4000, "BAD_REQUEST", 400 },
    { 4001, "RELEASE_VERSION_NOT_SUPPORTED", 501 },
    { 4004, "NOT_FOUND", 404 },
    { 4008, "REQUEST_TIMEOUT", 504 },
    { 4103, "ORIGINATOR_HAS_NO_PRIVILEGE", 403 },
    { 4105, "CONFLICT", 409 },
    { 4117, "ORIGINATOR_HAS_ALREADY_REGISTERED", 403 },
    { 4128, "SERVICE_SUBSCRIPTION_NOT_ESTABLISHED", 403 },
    { 5000, "INTERNAL_SERVER_ERROR", 500 },
    { 5001, "NOT_IMPLEMENTED", 501 },
    { 5206, "NON_BLOCKING_SYNCH_REQUEST_NOT_SUPPORTED", 501 },
    { 5207, "NOT_ACCEPTABLE", 406 },
    { 6010, "MAX_NUMBER_OF_MEMBER_EXCEEDED", 400 },
    { 6031, "EXTERNAL_OBJECT_NOT_REACHABLE_BEFORE_OET_TIMEOUT", 504 },
};

static void test_codes_map_as_in_the_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        const struct expected *e = &samples[i];

        assert_string_equal(mln_rsc_name((enum mln_rsc)e->code), e->name);
        assert_int_equal(mln_rsc_http((enum mln_rsc)e->code), e->http);
    }
}

static void test_other_numbers_are_no_codes(void **state)
{
    static const unsigned others[] = { 0, 200, 999, 2003, 4002, 6032, 9999, UINT32_MAX };

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_string_equal(mln_rsc_name((enum mln_rsc)others[i]), "UNKNOWN");
        assert_int_equal(mln_rsc_http((enum mln_rsc)others[i]), 500);
    }
}

static void test_every_code_has_a_place(void **state)
{
    unsigned last = 0;
    unsigned count = 0;

    (void)state;
#define X(name, code, http, coap)                                                                  \
    assert_true((code) > last);                                                                    \
    assert_int_equal(mln_rsc_http(MLN_RSC_##name), http);                                          \
    assert_true((http) >= 200 && (http) <= 504);                                                   \
    assert_true((coap) >= 201 && (coap) <= 504);                                                   \
    last = (code);                                                                                 \
    count++;
    MLN_RSC_ROWS(X)
#undef X
    assert_int_equal(count, 81); /* rows of the standard */
}

static void test_every_error_has_a_known_code(void **state)
{
    (void)state;
    for (unsigned code = 1; code < MLN_ERR_CODES; code++) {
        mln_err err = { (enum mln_err_code)code };

        assert_string_not_equal(mln_rsc_name(mln_err_rsc(err)), "UNKNOWN");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_map_as_in_the_tables),
        cmocka_unit_test(test_other_numbers_are_no_codes),
        cmocka_unit_test(test_every_code_has_a_place),
        cmocka_unit_test(test_every_error_has_a_known_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
