/* Tests of faults. */
#include "base/fault.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/utf8.h"

static void assert_fault(const char *written, const char *want)
{
    struct mln_fault fault = { 0 };

    mln_fault_set(&fault, "%s", written);
    assert_string_equal(fault.text, want);
}

static void formats(void **state)
{
    struct mln_fault fault = { 0 };

    (void)state;
    mln_fault_set(&fault, "%s is %d at %.*s", "lbl", -3, MLN_S_ARG(MLN_S("here")));
    assert_string_equal(fault.text, "lbl is -3 at here");
}

static void keeps_the_first(void **state)
{
    struct mln_fault fault = { 0 };

    (void)state;
    mln_fault_set(&fault, "cause");
    mln_fault_set(&fault, "consequence");
    assert_string_equal(fault.text, "cause");
    mln_fault_clear(&fault);
    assert_string_equal(fault.text, "");
    mln_fault_set(&fault, "next");
    assert_string_equal(fault.text, "next");
}

static void is_optional(void **state)
{
    (void)state;
    mln_fault_set(NULL, "nobody listens to %s", "this");
}

static void is_one_printable_line(void **state)
{
    (void)state;
    assert_fault("a\nb\rc\td", "a?b?c?d");
    assert_fault("\x1B[31mred", "?[31mred");
    assert_fault("\x01\x1F\x7F", "???");
    assert_fault("plain ~ text", "plain ~ text");
    assert_fault("a\xC2\x85"
                 "b\xC2\x9B"
                 "31m",
                 "a??b??31m");
    assert_fault("a\xE2\x80\xA8"
                 "b\xE2\x80\xA9",
                 "a???b???");
}

static void is_utf8(void **state)
{
    (void)state;
    assert_fault("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80",
                 "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80");
    assert_fault("\xFF\x80x", "??x");
    assert_fault("\xC3(", "?(");
    assert_fault("\xED\xA0\x80", "???");
    assert_fault("\xC0\x80", "??");
}

/* Cut to its size, also in the middle of a character. */
static void has_a_limit(void **state)
{
    char text[MLN_FAULT_SIZE * 2];

    (void)state;
    for (size_t lead = 0; lead < 4; lead++) {
        struct mln_fault fault = { 0 };
        size_t len;

        memset(text, 'x', lead);
        for (size_t i = lead; i + 4 < sizeof text; i += 4) {
            memcpy(text + i, "\xF0\x9F\x98\x80", 5);
        }
        mln_fault_set(&fault, "%s", text);
        len = strlen(fault.text);
        assert_int_equal(len, MLN_FAULT_SIZE - 1);
        assert_true(mln_utf8_valid(mln_slice_of(fault.text, len)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats),     cmocka_unit_test(keeps_the_first),
        cmocka_unit_test(is_optional), cmocka_unit_test(is_one_printable_line),
        cmocka_unit_test(is_utf8),     cmocka_unit_test(has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
