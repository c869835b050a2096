/* Names and values of header fields. */
#include "io/field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void compares_names_without_case(void **state)
{
    (void)state;
    assert_true(mln_field_is(MLN_S("X-M2M-RI"), MLN_S("x-m2m-ri")));
    assert_false(mln_field_is(MLN_S("X-M2M-RI"), MLN_S("x-m2m-r")));
    assert_false(mln_field_is(MLN_S("X@M2M"), MLN_S("X`M2M"))); /* differ in bit 5 only */
}

static void finds_the_first(void **state)
{
    const struct mln_field fields[] = {
        { MLN_S("Host"), MLN_S("a") },
        { MLN_S("host"), MLN_S("b") },
    };

    (void)state;
    assert_ptr_equal(mln_field_find(fields, 2, MLN_S("HOST")), &fields[0]);
    assert_null(mln_field_find(fields, 2, MLN_S("Hosts")));
    assert_null(mln_field_find(NULL, 0, MLN_S("Host")));
}

static void knows_tokens(void **state)
{
    (void)state;
    assert_true(mln_field_is_token(MLN_S("X-M2M-Origin")));
    assert_true(mln_field_is_token(MLN_S("!#$%&'*+-.^_`|~09")));
    assert_false(mln_field_is_token(MLN_S("")));
    assert_false(mln_field_is_token(MLN_S("a b")));
    assert_false(mln_field_is_token(MLN_S("a:")));
    assert_false(mln_field_is_token(MLN_S("a\0")));
    assert_false(mln_field_is_token(MLN_S("\xc3\xa4")));
}

static void measures_tokens(void **state)
{
    (void)state;
    assert_int_equal(mln_field_token_length(MLN_S("Host: h")), 4);
    assert_int_equal(mln_field_token_length(MLN_S("Host")), 4);
    assert_int_equal(mln_field_token_length(MLN_S(": h")), 0);
}

static void knows_values(void **state)
{
    (void)state;
    assert_true(mln_field_is_value(MLN_S("")));
    assert_true(mln_field_is_value(MLN_S("a \t\xc3\xa4")));
    assert_false(mln_field_is_value(MLN_S("a\r\nX: y")));
    assert_false(mln_field_is_value(MLN_S("\0")));
    assert_false(mln_field_is_value(MLN_S("\x7f")));
}

/* Every byte at every place, beside bytes that may carry into it. */
static void finds_what_is_not_plain(void **state)
{
    static const char beside[] = { 'a', ' ', '~' };
    char text[24];

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < sizeof text; at++) {
            for (size_t b = 0; b < sizeof beside; b++) {
                bool is_plain = byte >= ' ' && byte < 0x7f;
                struct mln_slice s = mln_slice_of(text, sizeof text);

                memset(text, beside[b], sizeof text);
                text[at] = (char)byte;
                assert_int_equal(mln_field_skip_plain(s, 0), is_plain ? sizeof text : at);
                text[23] = '\xff';
                assert_int_equal(mln_field_skip_plain(s, 0), is_plain && at < 23 ? 23 : at);
            }
        }
    }
    assert_int_equal(mln_field_skip_plain(MLN_S(""), 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_names_without_case),
        cmocka_unit_test(finds_the_first),
        cmocka_unit_test(knows_tokens),
        cmocka_unit_test(measures_tokens),
        cmocka_unit_test(knows_values),
        cmocka_unit_test(finds_what_is_not_plain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
