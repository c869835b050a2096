/* Tests of the JSON reader. */
#include "codec/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ARENA_BYTES = 64 << 20, TEXT_BYTES = 8 << 20 };

static struct mln_arena *arena;
static struct mln_limits limits;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(ARENA_BYTES);
    mln_limits_default(&limits);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static struct mln_value *read_slice(struct mln_slice text)
{
    struct mln_fault fault = { 0 };
    struct mln_value *v = NULL;
    mln_err err = mln_json_read(text, &limits, arena, &v, &fault);

    if (mln_failed(err)) {
        fail_msg("%s: %s", mln_err_name(err), fault.text);
    }
    assert_string_equal(fault.text, "");
    return v;
}

static struct mln_value *read_ok(const char *text)
{
    return read_slice(mln_slice_z(text));
}

/* Refused with that fault, and the output untouched. */
static void refuse(struct mln_slice text, enum mln_err_code code, const char *what)
{
    struct mln_fault fault = { 0 };
    struct mln_value untouched;
    struct mln_value *v = &untouched;
    mln_err err = mln_json_read(text, &limits, arena, &v, &fault);

    assert_int_equal(err.code, code);
    assert_ptr_equal(v, &untouched);
    assert_string_equal(fault.text, what);
}

static void refuse_z(const char *text, const char *what)
{
    refuse(mln_slice_z(text), MLN_ERR_SYNTAX, what);
}

static void assert_slice(struct mln_slice s, struct mln_slice want)
{
    assert_int_equal(s.len, want.len);
    if (want.len) {
        assert_memory_equal(s.ptr, want.ptr, want.len);
    }
}

/* ---- reading ---- */

static void reads_each_kind(void **state)
{
    struct mln_value *v =
        read_ok(" \t\r\n{\"a\":null,\"b\":true,\"c\":false,\"d\":[1,\"x\"],\"e\":{}} ");
    const struct mln_value *list = mln_value_get(v, MLN_S("d"));

    (void)state;
    assert_int_equal(v->kind, MLN_V_OBJECT);
    assert_int_equal(v->items.count, 5);
    assert_int_equal(mln_value_get(v, MLN_S("a"))->kind, MLN_V_NULL);
    assert_true(mln_value_get(v, MLN_S("b"))->boolean);
    assert_int_equal(mln_value_get(v, MLN_S("c"))->kind, MLN_V_BOOL);
    assert_false(mln_value_get(v, MLN_S("c"))->boolean);
    assert_int_equal(list->items.count, 2);
    assert_int_equal(list->items.first->magnitude, 1);
    assert_slice(list->items.first->name, MLN_S(""));
    assert_slice(list->items.last->text, MLN_S("x"));
    assert_null(list->items.last->next);
    assert_int_equal(mln_value_get(v, MLN_S("e"))->items.count, 0);
    assert_ptr_equal(v->items.last, mln_value_get(v, MLN_S("e")));
}

static void reads_scalars_at_the_root(void **state)
{
    (void)state;
    assert_int_equal(read_ok("null")->kind, MLN_V_NULL);
    assert_int_equal(read_ok("true")->kind, MLN_V_BOOL);
    assert_int_equal(read_ok("0")->kind, MLN_V_INT);
    assert_slice(read_ok("\"\"")->text, MLN_S(""));
    assert_int_equal(read_ok("[]")->items.count, 0);
    assert_int_equal(read_ok("{ }")->items.count, 0);
    assert_int_equal(read_ok("[ ]")->items.count, 0);
}

static void assert_int(const char *text, bool is_negative, uint64_t magnitude)
{
    const struct mln_value *v = read_ok(text);

    assert_int_equal(v->kind, MLN_V_INT);
    assert_int_equal(v->is_negative, is_negative);
    assert_true(v->magnitude == magnitude);
}

static void keeps_64_bits_of_integers(void **state)
{
    (void)state;
    assert_int("0", false, 0);
    assert_int("-0", false, 0);
    assert_int("7", false, 7);
    assert_int("-1", true, 1);
    assert_int("9007199254740993", false, UINT64_C(9007199254740993));
    assert_int("9223372036854775807", false, INT64_MAX);
    assert_int("9223372036854775808", false, UINT64_C(1) << 63);
    assert_int("18446744073709551615", false, UINT64_MAX);
    assert_int("-9223372036854775808", true, UINT64_C(1) << 63);
}

static void keeps_other_numbers_as_text(void **state)
{
    static const char *const numbers[] = {
        "18446744073709551616",
        "-9223372036854775809",
        "100000000000000000000000000000",
        "0.0",
        "-0.0",
        "1.50",
        "1e5",
        "1E+05",
        "-1.25e-300",
        "0e0",
        "123456789012345678901.5",
    };

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const struct mln_value *v = read_ok(numbers[i]);

        assert_int_equal(v->kind, MLN_V_REAL);
        assert_slice(v->text, mln_slice_z(numbers[i]));
    }
}

static void refuses_what_is_no_number(void **state)
{
    (void)state;
    refuse_z("01", "JSON: number with a leading zero at byte 0");
    refuse_z("-01", "JSON: number with a leading zero at byte 1");
    refuse_z("00", "JSON: number with a leading zero at byte 0");
    refuse_z("-", "JSON: text ends too early at byte 1");
    refuse_z("-a", "JSON: digit expected at byte 1");
    refuse_z("+1", "JSON: value expected at byte 0");
    refuse_z(".5", "JSON: value expected at byte 0");
    refuse_z("1.", "JSON: text ends too early at byte 2");
    refuse_z("[1.]", "JSON: digit expected at byte 3");
    refuse_z("1e", "JSON: text ends too early at byte 2");
    refuse_z("1e+", "JSON: text ends too early at byte 3");
    refuse_z("[1e+]", "JSON: digit expected at byte 4");
    refuse_z("1.e5", "JSON: digit expected at byte 2");
    refuse_z("0x10", "JSON: something behind the value at byte 1");
    refuse_z("1 2", "JSON: something behind the value at byte 2");
    refuse_z("1.5.2", "JSON: something behind the value at byte 3");
    refuse_z("NaN", "JSON: value expected at byte 0");
    refuse_z("Infinity", "JSON: value expected at byte 0");
    refuse_z("-Infinity", "JSON: digit expected at byte 1");
    refuse_z("1_000", "JSON: something behind the value at byte 1");
}

static void borrows_texts_without_escapes(void **state)
{
    struct mln_slice text = MLN_S("{\"name\":\"caf\xC3\xA9 \x7F/\"}");
    const struct mln_value *member = read_slice(text)->items.first;

    (void)state;
    assert_ptr_equal(member->name.ptr, text.ptr + 2);
    assert_ptr_equal(member->text.ptr, text.ptr + 9);
    assert_slice(member->text, MLN_S("caf\xC3\xA9 \x7F/"));
}

static void decodes_escapes(void **state)
{
    (void)state;
    assert_slice(read_ok("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")->text, MLN_S("\"\\/\b\f\n\r\t"));
    assert_slice(read_ok("\"x\\u0041\\u00e9\\u20AC\\uD83D\\uDE00y\"")->text,
                 MLN_S("xA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80y"));
    assert_slice(read_ok("\"\\u0000\"")->text, mln_slice_of("\0", 1));
    assert_slice(read_ok("\"\\uFFFF\\uD7FF\\uE000\"")->text,
                 MLN_S("\xEF\xBF\xBF\xED\x9F\xBF\xEE\x80\x80"));
    assert_slice(read_ok("\"\\uDBFF\\uDFFF\"")->text, MLN_S("\xF4\x8F\xBF\xBF"));
    assert_slice(read_ok("{\"\\u0061\":1}")->items.first->name, MLN_S("a"));
    assert_slice(read_ok("\"a long run of plain characters\\nand another one behind it\"")->text,
                 MLN_S("a long run of plain characters\nand another one behind it"));
}

static void refuses_wrong_escapes(void **state)
{
    (void)state;
    refuse_z("\"\\a\"", "JSON: unknown escape at byte 1");
    refuse_z("\"\\'\"", "JSON: unknown escape at byte 1");
    refuse_z("\"\\U0041\"", "JSON: unknown escape at byte 1");
    refuse(MLN_S("\"\\\0\""), MLN_ERR_SYNTAX, "JSON: unknown escape at byte 1");
    refuse_z("\"ab\\", "JSON: text without end at byte 3");
    refuse_z("\"\\u12\"", "JSON: four hexadecimal digits expected at byte 1");
    refuse_z("\"\\u12g4\"", "JSON: four hexadecimal digits expected at byte 1");
    refuse_z("\"\\u-123\"", "JSON: four hexadecimal digits expected at byte 1");
    refuse_z("\"\\uD800\"", "JSON: half a surrogate pair at byte 1");
    refuse_z("\"\\uDC00\"", "JSON: half a surrogate pair at byte 1");
    refuse_z("\"\\uDFFFx\"", "JSON: half a surrogate pair at byte 1");
    refuse_z("\"\\uD800\\n\"", "JSON: half a surrogate pair at byte 1");
    refuse_z("\"\\uD800\\u0041\"", "JSON: half a surrogate pair at byte 1");
    refuse_z("\"\\uD800\\uD800\"", "JSON: half a surrogate pair at byte 1");
    refuse_z("\"\\uD800\\uDC0\"", "JSON: half a surrogate pair at byte 1");
}

static void refuses_wrong_texts(void **state)
{
    (void)state;
    refuse_z("\"abc", "JSON: text without end at byte 0");
    refuse_z("[\"", "JSON: text without end at byte 1");
    refuse_z("\"\\\"", "JSON: text without end at byte 0");
    refuse_z("\"a\nb\"", "JSON: control character in a text at byte 2");
    refuse_z("\"abcdefghi\x1F\"", "JSON: control character in a text at byte 10");
    refuse(mln_slice_of("\"\0\"", 3), MLN_ERR_SYNTAX,
           "JSON: control character in a text at byte 1");
    refuse_z("'a'", "JSON: value expected at byte 0");
    refuse_z("{'a':1}", "JSON: member name expected at byte 1");
}

/* Each at every distance from the start of a word, so that both paths of the scan see it. */
static void finds_what_needs_care_at_any_place(void **state)
{
    static const char care[] = { '"', '\\', '\x1F', '\0', '\x80', '\xFF', '\n' };

    (void)state;
    for (size_t at = 0; at < 40; at++) {
        for (size_t i = 0; i < sizeof care; i++) {
            char text[64];
            struct mln_value *v;
            struct mln_fault fault = { 0 };

            memset(text, 'x', sizeof text);
            text[0] = '"';
            text[50] = '"';
            text[1 + at] = care[i];
            assert_int_equal(mln_json_read(mln_slice_of(text, 51), &limits, arena, &v, &fault).code,
                             MLN_ERR_SYNTAX);
        }
    }
}

static void refuses_bytes_that_are_not_utf8(void **state)
{
    static const char *const texts[] = {
        "\"\x80\"",             /* a tail alone */
        "\"\xC3\"",             /* a head alone */
        "\"\xC0\x80\"",         /* overlong NUL */
        "\"\xC1\xBF\"",         /* overlong */
        "\"\xE0\x9F\xBF\"",     /* overlong */
        "\"\xED\xA0\x80\"",     /* surrogate */
        "\"\xED\xBF\xBF\"",     /* surrogate */
        "\"\xF0\x8F\xBF\xBF\"", /* overlong */
        "\"\xF4\x90\x80\x80\"", /* above U+10FFFF */
        "\"\xF5\x80\x80\x80\"",
        "\"\xFE\"",
        "\"\xFF\"",
        "\"\xE2\x82\"",
        "\"\xF0\x9F\x98\"",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        refuse_z(texts[i], "JSON: bytes that are not UTF-8 at byte 1");
    }
    refuse_z("{\"\xC3\xA9\xFF\":1}", "JSON: bytes that are not UTF-8 at byte 4");
    refuse_z("\xC3\xA9", "JSON: value expected at byte 0");
    refuse_z("\"\xE2\x82", "JSON: bytes that are not UTF-8 at byte 1");
}

static void refuses_wrong_structure(void **state)
{
    (void)state;
    refuse_z("", "JSON: text ends too early at byte 0");
    refuse(mln_slice_of(NULL, 0), MLN_ERR_SYNTAX, "JSON: text ends too early at byte 0");
    refuse_z("  \n", "JSON: text ends too early at byte 3");
    refuse_z("[1,]", "JSON: value expected at byte 3");
    refuse_z("[,1]", "JSON: value expected at byte 1");
    refuse_z("[1 2]", "JSON: ',' or ']' expected at byte 3");
    refuse_z("[1", "JSON: text ends too early at byte 2");
    refuse_z("[", "JSON: text ends too early at byte 1");
    refuse_z("[1}", "JSON: ',' or ']' expected at byte 2");
    refuse_z("]", "JSON: value expected at byte 0");
    refuse_z("{\"a\":1,}", "JSON: member name expected at byte 7");
    refuse_z("{,}", "JSON: member name expected at byte 1");
    refuse_z("{\"a\"}", "JSON: ':' expected at byte 4");
    refuse_z("{\"a\" 1}", "JSON: ':' expected at byte 5");
    refuse_z("{\"a\":}", "JSON: value expected at byte 5");
    refuse_z("{\"a\":1 \"b\":2}", "JSON: ',' or '}' expected at byte 7");
    refuse_z("{\"a\":1", "JSON: text ends too early at byte 6");
    refuse_z("{\"a\":1]", "JSON: ',' or '}' expected at byte 6");
    refuse_z("{a:1}", "JSON: member name expected at byte 1");
    refuse_z("{1:1}", "JSON: member name expected at byte 1");
    refuse_z("{} {}", "JSON: something behind the value at byte 3");
    refuse_z("{}x", "JSON: something behind the value at byte 2");
    refuse_z("nul", "JSON: value expected at byte 0");
    refuse_z("nulL", "JSON: value expected at byte 0");
    refuse_z("True", "JSON: value expected at byte 0");
    refuse_z("truefalse", "JSON: something behind the value at byte 4");
    refuse_z("/* */1", "JSON: value expected at byte 0");
    refuse_z("1 // x", "JSON: something behind the value at byte 2");
    refuse_z("\xEF\xBB\xBF{}", "JSON: byte order mark at byte 0");
    refuse(mln_slice_of("1\0", 2), MLN_ERR_SYNTAX, "JSON: something behind the value at byte 1");
}

/* Only four characters are white space. */
static void refuses_other_white_space(void **state)
{
    static const char *const spaces[] = { "\v", "\f", "\xC2\xA0", "\xE2\x80\xA8", "\x1E" };

    (void)state;
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
        char text[16];

        (void)snprintf(text, sizeof text, "%s1", spaces[i]);
        refuse_z(text, "JSON: value expected at byte 0");
        (void)snprintf(text, sizeof text, "1%s", spaces[i]);
        refuse_z(text, "JSON: something behind the value at byte 1");
    }
    refuse(mln_slice_of("\0001", 2), MLN_ERR_SYNTAX, "JSON: value expected at byte 0");
}

static void refuses_duplicate_members(void **state)
{
    (void)state;
    refuse_z("{\"a\":1,\"a\":2}", "JSON: member 'a' twice at byte 8");
    refuse_z("{\"a\":1,\"b\":{\"c\":1,\"d\":2,\"c\":3}}", "JSON: member 'c' twice at byte 25");
    refuse_z("{\"\":1,\"\":2}", "JSON: member '' twice at byte 7");
    refuse_z("{\"a\":1,\"\\u0061\":2}", "JSON: member 'a' twice at byte 8");
    (void)read_ok("{\"a\":1,\"A\":2,\"\":3,\"aa\":4,\"b\":{\"a\":5}}");
    (void)read_ok("[{\"a\":1},{\"a\":1}]");
}

/* An object of `count` members m0, m1, ...; member `copy` is named like member `of`. */
static struct mln_slice many_members(size_t count, size_t copy, size_t of)
{
    struct mln_buf out;
    struct mln_slice text = { 0 };

    mln_buf_init(&out, arena, TEXT_BYTES);
    mln_buf_byte(&out, '{');
    for (size_t i = 0; i < count; i++) {
        mln_buf_printf(&out, "%s\"member-%zu\":0", i ? "," : "", i == copy ? of : i);
    }
    mln_buf_byte(&out, '}');
    assert_int_equal(mln_buf_finish(&out, &text).code, MLN_ERR_NONE);
    return text;
}

static void refuses_duplicates_in_objects_of_any_size(void **state)
{
    static const size_t sizes[] = { 2, 3, 31, 32, 33, 34, 63, 64, 65, 100, 1000, 100000 };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t n = sizes[i];
        struct mln_fault fault = { 0 };
        struct mln_value *v;

        assert_int_equal(read_slice(many_members(n, n, 0))->items.count, n);
        assert_int_equal(mln_json_read(many_members(n, n - 1, 0), &limits, arena, &v, &fault).code,
                         MLN_ERR_SYNTAX);
        assert_non_null(strstr(fault.text, "JSON: member 'member-0' twice at byte "));
        assert_int_equal(
            mln_json_read(many_members(n, n - 1, n - 2), &limits, arena, &v, &fault).code,
            MLN_ERR_SYNTAX);
        mln_arena_reset(arena);
    }
}

/* The room for sorting serves one large object after the other, and one inside the other. */
static void checks_several_large_objects(void **state)
{
    static const size_t sizes[] = { 100, 40, 300, 50 };
    struct mln_fault fault = { 0 };
    struct mln_value *v;

    (void)state;
    for (size_t bad = 0; bad <= 4; bad++) {
        struct mln_buf out;
        struct mln_slice text = { 0 };

        mln_buf_init(&out, arena, TEXT_BYTES);
        mln_buf_byte(&out, '[');
        for (size_t i = 0; i < 4; i++) {
            mln_buf_add(&out, many_members(sizes[i], i == bad ? sizes[i] - 1 : SIZE_MAX, 7));
            mln_buf_byte(&out, i < 3 ? ',' : ']');
        }
        assert_int_equal(mln_buf_finish(&out, &text).code, MLN_ERR_NONE);
        assert_int_equal(mln_json_read(text, &limits, arena, &v, &fault).code,
                         bad < 4 ? MLN_ERR_SYNTAX : MLN_ERR_NONE);
    }
}

/* Names that differ in length and NUL bytes only are different names, also when sorted. */
static void tells_similar_names_apart(void **state)
{
    struct mln_buf out;
    struct mln_slice text = { 0 };

    (void)state;
    mln_buf_init(&out, arena, TEXT_BYTES);
    mln_buf_byte(&out, '{');
    for (size_t len = 0; len < 40; len++) {
        mln_buf_add(&out, len ? MLN_S(",\"") : MLN_S("\""));
        for (size_t i = 0; i < len; i++) {
            mln_buf_add(&out, MLN_S("\\u0000"));
        }
        mln_buf_add(&out, MLN_S("\":1"));
    }
    mln_buf_byte(&out, '}');
    assert_int_equal(mln_buf_finish(&out, &text).code, MLN_ERR_NONE);
    assert_int_equal(read_slice(text)->items.count, 40);
}

static struct mln_slice nested(size_t depth, const char *open, const char *close)
{
    struct mln_buf out;
    struct mln_slice text = { 0 };

    mln_buf_init(&out, arena, TEXT_BYTES);
    for (size_t i = 0; i < depth; i++) {
        mln_buf_add(&out, mln_slice_z(open));
    }
    mln_buf_byte(&out, '1');
    for (size_t i = 0; i < depth; i++) {
        mln_buf_add(&out, mln_slice_z(close));
    }
    assert_int_equal(mln_buf_finish(&out, &text).code, MLN_ERR_NONE);
    return text;
}

static void bounds_the_depth(void **state)
{
    struct mln_slice deep;

    (void)state;
    limits.value_depth = 8;
    (void)read_slice(nested(8, "[", "]"));
    (void)read_slice(nested(8, "{\"a\":", "}"));
    (void)read_ok("[[[[[[[[]]]]]]],[[[[[[[]]]]]]]]");
    refuse(nested(9, "[", "]"), MLN_ERR_LIMIT, "JSON: nested too deeply at byte 8");
    refuse(nested(9, "{\"a\":", "}"), MLN_ERR_LIMIT, "JSON: nested too deeply at byte 40");
    refuse(MLN_S("[[[[[[[[[]]]]]]]]]"), MLN_ERR_LIMIT, "JSON: nested too deeply at byte 8");
    limits.value_depth = 256;
    (void)read_slice(nested(256, "[", "]"));
    deep = nested(1000000, "[", "]");
    refuse(deep, MLN_ERR_LIMIT, "JSON: nested too deeply at byte 256");
}

static void counts_items(void **state)
{
    (void)state;
    limits.value_items = 4;
    (void)read_ok("[1,[2],3]");
    (void)read_ok("{\"a\":{\"b\":1},\"c\":[0]}");
    refuse(MLN_S("[1,[2],3,4]"), MLN_ERR_LIMIT, "JSON: too many members and elements at byte 9");
    refuse(MLN_S("{\"a\":1,\"b\":[1,2],\"c\":1}"), MLN_ERR_LIMIT,
           "JSON: too many members and elements at byte 17");
}

/* The arena's maximum ends it, wherever it strikes; nothing is written to the output. */
static void reports_exhausted_memory(void **state)
{
    struct mln_slice text = many_members(2000, 2000, 0);
    struct mln_slice escaped = MLN_S("[\"\\u0041 escaped text that needs room in the arena\"]");

    (void)state;
    for (size_t max = 0; max < 300000; max = max * 2 + 16) {
        struct mln_arena *small = mln_arena_new(max);
        struct mln_fault fault = { 0 };
        struct mln_value *v = NULL;
        mln_err err = mln_json_read(text, &limits, small, &v, &fault);

        assert_true(mln_failed(err) ? err.code == MLN_ERR_NO_MEMORY && !v : v != NULL);
        if (max < 100000) {
            assert_int_equal(err.code, MLN_ERR_NO_MEMORY);
        }
        mln_arena_free(small);
    }
    for (size_t max = 0; max < 1024; max += 16) {
        struct mln_arena *small = mln_arena_new(max);
        struct mln_value *v = NULL;
        mln_err err = mln_json_read(escaped, &limits, small, &v, NULL);

        assert_true(mln_failed(err) ? err.code == MLN_ERR_NO_MEMORY && !v : v != NULL);
        mln_arena_free(small);
    }
}

static void works_without_a_fault(void **state)
{
    struct mln_value *v;

    (void)state;
    assert_int_equal(mln_json_read(MLN_S("{"), &limits, arena, &v, NULL).code, MLN_ERR_SYNTAX);
    assert_int_equal(mln_json_read(MLN_S("{\"a\":1,\"a\":1}"), &limits, arena, &v, NULL).code,
                     MLN_ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(reads_each_kind),
        T(reads_scalars_at_the_root),
        T(keeps_64_bits_of_integers),
        T(keeps_other_numbers_as_text),
        T(refuses_what_is_no_number),
        T(borrows_texts_without_escapes),
        T(decodes_escapes),
        T(refuses_wrong_escapes),
        T(refuses_wrong_texts),
        T(finds_what_needs_care_at_any_place),
        T(refuses_bytes_that_are_not_utf8),
        T(refuses_wrong_structure),
        T(refuses_other_white_space),
        T(refuses_duplicate_members),
        T(refuses_duplicates_in_objects_of_any_size),
        T(checks_several_large_objects),
        T(tells_similar_names_apart),
        T(bounds_the_depth),
        T(counts_items),
        T(reports_exhausted_memory),
        T(works_without_a_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
