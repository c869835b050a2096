/* Tests of wildcards; what is hard about them stands in model/ident_test.c. */
#include "base/wildcard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static bool match(const char *pattern, const char *text, char stop)
{
    return mln_wildcard_match(mln_slice_z(pattern), mln_slice_z(text), stop);
}

/* SEC-REG-07, the patterns: `C123*X` accepts `C123abcX` only; `S*` refuses C stems; `*` accepts all
 */
static void matches_stems(void **state)
{
    (void)state;
    assert_true(match("C123*X", "C123abcX", '/'));
    assert_true(match("C123*X", "C123X", '/'));
    assert_false(match("C123*X", "C123abc", '/'));
    assert_false(match("C123*X", "C123abcXY", '/'));
    assert_false(match("C123*X", "C12abcX", '/'));
    assert_false(match("C123*X", "c123abcX", '/'));
    assert_true(match("S*", "S1", '/'));
    assert_false(match("S*", "C1", '/'));
    assert_true(match("*", "S1", '/'));
    assert_true(match("*", "C1", '/'));
    assert_false(match("*", "/cse1/C1", '/'));
}

static void has_no_other_special_characters(void **state)
{
    (void)state;
    assert_false(match("C.*", "Cab", '/'));
    assert_true(match("C.*", "C.ab", '/'));
    assert_false(match("C?", "Ca", '/'));
    assert_false(match("C[ab]", "Ca", '/'));
    assert_false(match("^C1$", "C1", '/'));
    assert_false(match("C1|C2", "C1", '/'));
    assert_false(match("C\\*", "C*", '/'));
}

static void ends_at_the_length_not_at_nul(void **state)
{
    (void)state;
    assert_false(mln_wildcard_match(MLN_S("C1"), MLN_S("C1\0x"), '/'));
    assert_true(mln_wildcard_match(MLN_S("C1*"), MLN_S("C1\0x"), '/'));
    assert_false(mln_wildcard_match(MLN_S("C1\0"), MLN_S("C1"), '\0'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_stems),
        cmocka_unit_test(has_no_other_special_characters),
        cmocka_unit_test(ends_at_the_length_not_at_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
