/* Tests of letter case; the rest of slice.h is used by every other test. */
#include "base/slice.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void only_capitals_of_ascii_become_small(void **state)
{
    (void)state;
    for (int c = -128; c < 128; c++) {
        assert_int_equal(mln_lower((char)c), (char)(c >= 'A' && c <= 'Z' ? c + 32 : c));
    }
}

static void letter_case_is_left_aside(void **state)
{
    (void)state;
    assert_true(mln_slice_eq_nocase(MLN_S("SP.Example"), MLN_S("sp.eXAMPLE")));
    assert_true(mln_slice_eq_nocase(MLN_S(""), mln_slice_of(NULL, 0)));
    assert_false(mln_slice_eq_nocase(MLN_S("sp"), MLN_S("sp.")));
    assert_false(mln_slice_eq_nocase(MLN_S("sp."), MLN_S("sp")));
    assert_false(mln_slice_eq_nocase(MLN_S("@"), MLN_S("`")));
    assert_false(mln_slice_eq_nocase(MLN_S("["), MLN_S("{")));
    assert_false(mln_slice_eq_nocase(MLN_S("\xc3\x84"), MLN_S("\xc3\xa4"))); /* of UTF-8 */
    assert_false(mln_slice_eq_nocase(MLN_S("a\0b"), MLN_S("A\0c")));
    assert_true(mln_slice_eq_nocase(MLN_S("a\0b"), MLN_S("A\0B")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_capitals_of_ascii_become_small),
        cmocka_unit_test(letter_case_is_left_aside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
