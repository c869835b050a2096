/* Tests of contentInfo. SEC-ESD-13 */
#include "model/content_info.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_parts(void **state)
{
    static const struct {
        const char *text;
        const char *media;
        int encoding;
        int security;
    } good[] = {
        { "text/plain:0", "text/plain", 0, 0 },
        { "application/json:0:1", "application/json", 0, 1 },
        { "application/json:2:5", "application/json", 2, 5 },
        { "text/plain;charset=utf-8:1:0", "text/plain;charset=utf-8", 1, 0 },
        { "text/plain;a=\"x:0\":0", "text/plain;a=\"x:0\"", 0, 0 },
        { "text/plain;a=\":\":1:4", "text/plain;a=\":\"", 1, 4 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct mln_content_info info = { 0 };

        assert_true(mln_content_info_read(mln_slice_z(good[i].text), &info));
        assert_true(mln_slice_eq(info.media_type, mln_slice_z(good[i].media)));
        assert_int_equal(info.encoding, good[i].encoding);
        assert_int_equal(info.security, good[i].security);
    }
}

static void test_what_is_none(void **state)
{
    static const char *const bad[] = {
        "",
        ":0",
        "0",
        "text/plain",
        "text/plain:",
        "text/plain:3",
        "text/plain:0:6",
        "text/plain:0:1:0",
        "text/plain:0:0:0",
        "text/plain:00",
        "text/plain:0:",
        "text:0:1",
        "text/plain:-1",
        "text/plain:3:1",
        "text/plain;a=\":0",
        "text/plain:0 ",
        "text/plain::0",
    };
    struct mln_content_info info = { .encoding = MLN_CONTENT_BASE64_TEXT };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(mln_content_info_read(mln_slice_z(bad[i]), &info));
        assert_int_equal(info.encoding, MLN_CONTENT_BASE64_TEXT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_what_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
