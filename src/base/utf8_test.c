/* Tests of the UTF-8 checks. */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void refuse(const char *bytes, size_t len)
{
    assert_int_equal(mln_utf8_char(mln_slice_of(bytes, len)), 0);
    assert_false(mln_utf8_valid(mln_slice_of(bytes, len)));
}

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029;
}

/* Every code point: written, read back with its length, and refused when a byte is missing. */
static void knows_every_character(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        char out[4];
        size_t len;
        size_t want = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

        if (code >= 0xD800 && code <= 0xDFFF) {
            continue;
        }
        len = mln_utf8_put(out, code);
        assert_int_equal(len, want);
        assert_int_equal(mln_utf8_char(mln_slice_of(out, len)), len);
        assert_true(mln_utf8_valid(mln_slice_of(out, len)));
        assert_int_equal(mln_utf8_printable(mln_slice_of(out, len)), is_control(code) ? 0 : len);
        for (size_t cut = 1; cut < len; cut++) {
            assert_int_equal(mln_utf8_char(mln_slice_of(out, cut)), 0);
        }
    }
}

static void writes_the_boundaries(void **state)
{
    static const struct {
        uint32_t code;
        const char *bytes;
    } rows[] = {
        { 0x7F, "\x7F" },
        { 0x80, "\xC2\x80" },
        { 0x7FF, "\xDF\xBF" },
        { 0x800, "\xE0\xA0\x80" },
        { 0xD7FF, "\xED\x9F\xBF" },
        { 0xE000, "\xEE\x80\x80" },
        { 0xFFFF, "\xEF\xBF\xBF" },
        { 0x10000, "\xF0\x90\x80\x80" },
        { 0x10FFFF, "\xF4\x8F\xBF\xBF" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[4];
        size_t len = mln_utf8_put(out, rows[i].code);

        assert_int_equal(len, strlen(rows[i].bytes));
        assert_memory_equal(out, rows[i].bytes, len);
    }
}

/* How many of all combinations of bytes are characters? One more or less is a hole. */
static void knows_every_combination_of_bytes(void **state)
{
    unsigned counts[5] = { 0 };

    (void)state;
    for (unsigned n = 0; n < 1u << 16; n++) {
        char two[] = { (char)(n >> 8), (char)n };

        counts[2] += mln_utf8_char(mln_slice_of(two, 2)) == 2;
    }
    for (unsigned n = 0; n < 1u << 24; n++) {
        char three[] = { (char)(n >> 16), (char)(n >> 8), (char)n };

        counts[3] += mln_utf8_char(mln_slice_of(three, 3)) == 3;
    }
    for (unsigned n = 0; n < 1u << 24; n++) { /* last byte fixed: it is a tail like any other */
        char four[] = { (char)(n >> 16), (char)(n >> 8), (char)n, '\x80' };

        counts[4] += mln_utf8_char(mln_slice_of(four, 4)) == 4;
    }
    assert_int_equal(counts[2], 0x800 - 0x80);
    assert_int_equal(counts[3], 0x10000 - 0x800 - 0x800);
    assert_int_equal(counts[4], (0x110000 - 0x10000) / 64);
}

static void refuses_what_is_no_character(void **state)
{
    (void)state;
    refuse("\x80", 1);
    refuse("\xBF", 1);
    refuse("\xC0\x80", 2);
    refuse("\xC1\xBF", 2);
    refuse("\xC2\x7F", 2);
    refuse("\xC2\xC0", 2);
    refuse("\xDF", 1);
    refuse("\xE0\x80\x80", 3);
    refuse("\xE0\x9F\xBF", 3);
    refuse("\xED\xA0\x80", 3);
    refuse("\xED\xBF\xBF", 3);
    refuse("\xE1\x80", 2);
    refuse("\xE1\x80\x7F", 3);
    refuse("\xE1\x7F\x80", 3);
    refuse("\xF0\x80\x80\x80", 4);
    refuse("\xF0\x8F\xBF\xBF", 4);
    refuse("\xF4\x90\x80\x80", 4);
    refuse("\xF5\x80\x80\x80", 4);
    refuse("\xF1\x80\x80", 3);
    refuse("\xF1\x80\x80\x7F", 4);
    refuse("\xFE", 1);
    refuse("\xFF", 1);
    assert_int_equal(mln_utf8_char((struct mln_slice){ 0 }), 0);
}

static void an_empty_text_is_valid(void **state)
{
    (void)state;
    assert_true(mln_utf8_valid((struct mln_slice){ 0 }));
    assert_true(mln_utf8_valid(MLN_S("")));
}

static void nul_is_a_character(void **state)
{
    (void)state;
    assert_int_equal(mln_utf8_char(mln_slice_of("\0", 1)), 1);
    assert_true(mln_utf8_valid(mln_slice_of("a\0b", 3)));
}

/* At every distance from the words in which ASCII is skipped. */
static void finds_a_mistake_at_any_place(void **state)
{
    (void)state;
    for (size_t at = 0; at < 40; at++) {
        char text[40];

        memset(text, 'x', sizeof text);
        assert_true(mln_utf8_valid(mln_slice_of(text, at)));
        text[at] = '\x80';
        assert_false(mln_utf8_valid(mln_slice_of(text, sizeof text)));
        assert_true(mln_utf8_valid(mln_slice_of(text, at)));
        text[at] = '\xC3';
        assert_false(mln_utf8_valid(mln_slice_of(text, sizeof text)));
        if (at + 1 < sizeof text) {
            text[at + 1] = '\xA9';
            assert_true(mln_utf8_valid(mln_slice_of(text, sizeof text)));
            assert_false(mln_utf8_valid(mln_slice_of(text, at + 1)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_every_character),
        cmocka_unit_test(writes_the_boundaries),
        cmocka_unit_test(knows_every_combination_of_bytes),
        cmocka_unit_test(refuses_what_is_no_character),
        cmocka_unit_test(an_empty_text_is_valid),
        cmocka_unit_test(nul_is_a_character),
        cmocka_unit_test(finds_a_mistake_at_any_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
