/* Tests of the JSON writer, and of what comes back through writer and reader. */
#include "codec/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/pack.h"

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

static void assert_slice(struct mln_slice s, struct mln_slice want)
{
    assert_int_equal(s.len, want.len);
    if (want.len) {
        assert_memory_equal(s.ptr, want.ptr, want.len);
    }
}

static struct mln_slice written(const struct mln_value *v, bool is_pretty)
{
    struct mln_buf out;
    struct mln_slice text = { 0 };

    mln_buf_init(&out, arena, TEXT_BYTES);
    mln_json_write_value(&out, v, is_pretty);
    assert_int_equal(mln_buf_finish(&out, &text).code, MLN_ERR_NONE);
    return text;
}

static struct mln_slice pack_of(const struct mln_value *v)
{
    struct mln_buf out;
    struct mln_slice pack = { 0 };

    mln_buf_init(&out, arena, TEXT_BYTES);
    mln_pack_value(&out, v);
    assert_int_equal(mln_buf_finish(&out, &pack).code, MLN_ERR_NONE);
    return pack;
}

static mln_err write_pack(struct mln_slice pack, size_t max, struct mln_slice *ret)
{
    struct mln_buf out;

    mln_buf_init(&out, arena, max);
    MLN_TRY(mln_json_write(&out, pack));
    return mln_buf_finish(&out, ret);
}

static void assert_written(struct mln_slice pack, const char *want)
{
    struct mln_slice text = { 0 };

    assert_int_equal(write_pack(pack, TEXT_BYTES, &text).code, MLN_ERR_NONE);
    assert_slice(text, mln_slice_z(want));
}

/* An object of `count` members m0, m1, .... */
static struct mln_slice many_members(size_t count)
{
    struct mln_buf out;
    struct mln_slice text = { 0 };

    mln_buf_init(&out, arena, TEXT_BYTES);
    mln_buf_byte(&out, '{');
    for (size_t i = 0; i < count; i++) {
        mln_buf_printf(&out, "%s\"member-%zu\":0", i ? "," : "", i);
    }
    mln_buf_byte(&out, '}');
    assert_int_equal(mln_buf_finish(&out, &text).code, MLN_ERR_NONE);
    return text;
}

static void round_trip(const char *text)
{
    struct mln_value *v = read_ok(text);
    struct mln_slice pack = pack_of(v);
    struct mln_slice out = { 0 };
    struct mln_value *again;

    assert_int_equal(write_pack(pack, TEXT_BYTES, &out).code, MLN_ERR_NONE);
    assert_slice(out, mln_slice_z(text));
    again = read_slice(out);
    assert_true(mln_value_eq(v, again));
    assert_slice(pack_of(again), pack);
    assert_slice(written(v, false), mln_slice_z(text));
}

static void writes_what_it_read(void **state)
{
    (void)state;
    round_trip("null");
    round_trip("true");
    round_trip("false");
    round_trip("[]");
    round_trip("{}");
    round_trip("\"\"");
    round_trip("18446744073709551615");
    round_trip("-9223372036854775808");
    round_trip("0");
    round_trip("23");
    round_trip("24");
    round_trip("-1");
    round_trip("1.50");
    round_trip("-0.0");
    round_trip("1E+400");
    round_trip("18446744073709551616");
    round_trip("[1,[2,[3,{}]],\"x\",null]");
    round_trip(
        "{\"m2m:cin\":{\"con\":{\"a\":[1,2.50,\"b\"],\"c\":{\"d\":true}},\"cnf\":\"a/b:0\"}}");
    round_trip("\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7F\"");
    round_trip("\"a text longer than a word, with a quote \\\" and what follows it\"");
    round_trip("\"caf\xC3\xA9, \xE2\x82\xAC, \xF0\x9F\x98\x80 and back to ASCII\"");
    round_trip("{\"\\\"quoted\\\"\":1,\"\xC3\xA9\":2}");
}

static void indents_when_pretty(void **state)
{
    (void)state;
    assert_slice(written(read_ok("{\"a\":[1,{}],\"b\":{\"c\":[]}}"), true),
                 MLN_S("{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": []\n  }\n}"));
    assert_slice(written(read_ok("7"), true), MLN_S("7"));
}

static void writes_open_containers(void **state)
{
    struct mln_buf out;
    struct mln_slice pack = { 0 };

    (void)state;
    mln_buf_init(&out, arena, TEXT_BYTES);
    mln_pack_map(&out, MLN_PACK_OPEN);
    mln_pack_text(&out, MLN_S("a"));
    mln_pack_array(&out, MLN_PACK_OPEN);
    mln_pack_uint(&out, 1);
    mln_pack_map(&out, MLN_PACK_OPEN);
    mln_pack_end(&out);
    mln_pack_end(&out);
    mln_pack_text(&out, MLN_S("b"));
    mln_pack_array(&out, 0);
    mln_pack_end(&out);
    assert_int_equal(mln_buf_finish(&out, &pack).code, MLN_ERR_NONE);
    assert_written(pack, "{\"a\":[1,{}],\"b\":[]}");
}

static void appends_to_what_is_there(void **state)
{
    struct mln_buf out;
    struct mln_slice text = { 0 };

    (void)state;
    mln_buf_init(&out, arena, 100);
    mln_buf_add(&out, MLN_S("x="));
    assert_int_equal(mln_json_write(&out, pack_of(read_ok("[1,\"a\"]"))).code, MLN_ERR_NONE);
    mln_json_write_value(&out, read_ok("{\"b\":2}"), false);
    mln_buf_byte(&out, ';');
    assert_int_equal(mln_buf_finish(&out, &text).code, MLN_ERR_NONE);
    assert_slice(text, MLN_S("x=[1,\"a\"]{\"b\":2};"));
}

/* A text of exactly the maximum fits, one byte less does not. */
static void keeps_to_the_maximum_of_the_buffer(void **state)
{
    static const char *const texts[] = {
        "null",
        "-12",
        "1.25",
        "\"\"",
        "\"abcdefghijkl\"",
        "\"\\n\\u0001\xC3\xA9\"",
        "{\"a\":[1,2,{\"b\":\"c\"}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct mln_slice pack = pack_of(read_ok(texts[i]));
        size_t len = strlen(texts[i]);
        struct mln_slice out = { 0 };

        assert_int_equal(write_pack(pack, len, &out).code, MLN_ERR_NONE);
        assert_slice(out, mln_slice_z(texts[i]));
        for (size_t max = 0; max < len; max++) {
            assert_int_equal(write_pack(pack, max, &out).code, MLN_ERR_LIMIT);
        }
    }
}

static void grows_the_buffer(void **state)
{
    struct mln_slice text = many_members(5000);
    struct mln_slice out = { 0 };

    (void)state;
    assert_int_equal(write_pack(pack_of(read_slice(text)), TEXT_BYTES, &out).code, MLN_ERR_NONE);
    assert_slice(out, text);
}

static void refuse_pack(const char *bytes, size_t len)
{
    struct mln_slice out = MLN_S("untouched");

    assert_int_equal(write_pack(mln_slice_of(bytes, len), TEXT_BYTES, &out).code,
                     MLN_ERR_STORE_CORRUPT);
    assert_slice(out, MLN_S("untouched"));
}

static void refuses_damaged_packs(void **state)
{
    (void)state;
    refuse_pack("", 0);
    refuse_pack("\x01\x01", 2); /* two values */
    refuse_pack("\x61", 1);     /* text cut off */
    refuse_pack("\x61\xFF", 2); /* text that is not UTF-8 */
    refuse_pack("\x6A\x61\x61\x61\x61\x61\x61\x61\x61\x61\xC3", 11);
    refuse_pack("\xA1\x01\x01", 3);     /* key that is no text */
    refuse_pack("\xA1\x61\x61", 3);     /* no value */
    refuse_pack("\xA1\x61\xFF\x01", 4); /* key that is not UTF-8 */
    refuse_pack("\x82\x01", 2);         /* element missing */
    refuse_pack("\x9F\x01", 2);         /* no end */
    refuse_pack("\xFF", 1);             /* end of nothing */
    refuse_pack("\xF6\x00", 2);
    refuse_pack("\xD9\x4D\x49\x63\x31\x2E\x78", 7);     /* "1.x" as a number */
    refuse_pack("\xD9\x4D\x49\x60", 4);                 /* "" as a number */
    refuse_pack("\xD9\x4D\x49\x62\x30\x31", 6);         /* "01" as a number */
    refuse_pack("\xD9\x4D\x49\x64\x31\x2C\x22\x78", 8); /* '1,"x' as a number */
}

static void assert_real(const char *number, bool is_fine)
{
    struct mln_buf out;
    struct mln_slice pack = { 0 };
    struct mln_slice text = { 0 };

    mln_buf_init(&out, arena, 100);
    mln_pack_real(&out, mln_slice_z(number));
    assert_int_equal(mln_buf_finish(&out, &pack).code, MLN_ERR_NONE);
    assert_int_equal(write_pack(pack, 100, &text).code,
                     is_fine ? MLN_ERR_NONE : MLN_ERR_STORE_CORRUPT);
}

static void checks_numbers_of_packs(void **state)
{
    (void)state;
    assert_real("0", true);
    assert_real("-0.5e+10", true);
    assert_real("12E5", true);
    assert_real("1e", false);
    assert_real("1.", false);
    assert_real(".1", false);
    assert_real("-", false);
    assert_real("-01.5", false);
    assert_real("1e+", false);
    assert_real("1.5 ", false);
    assert_real("+1", false);
    assert_real("NaN", false);
}

static void bounds_the_depth_of_packs(void **state)
{
    char pack[MLN_PACK_DEPTH + 2];
    struct mln_slice out = { 0 };

    (void)state;
    memset(pack, '\x81', sizeof pack);
    pack[MLN_PACK_DEPTH - 1] = '\x80';
    assert_int_equal(write_pack(mln_slice_of(pack, MLN_PACK_DEPTH), TEXT_BYTES, &out).code,
                     MLN_ERR_NONE);
    assert_int_equal(out.len, 2 * MLN_PACK_DEPTH);
    pack[MLN_PACK_DEPTH - 1] = '\x81';
    pack[MLN_PACK_DEPTH] = '\x80';
    refuse_pack(pack, MLN_PACK_DEPTH + 1);
}

static void bounds_the_depth_of_trees(void **state)
{
    struct mln_value *v = mln_value_new(arena, MLN_V_ARRAY);
    struct mln_buf out;
    struct mln_slice text;

    (void)state;
    for (int i = 0; i < MLN_PACK_DEPTH; i++) {
        struct mln_value *outer = mln_value_new(arena, MLN_V_ARRAY);

        assert_int_equal(mln_value_append(outer, v).code, MLN_ERR_NONE);
        v = outer;
    }
    mln_buf_init(&out, arena, TEXT_BYTES);
    mln_json_write_value(&out, v, false);
    assert_int_equal(mln_buf_finish(&out, &text).code, MLN_ERR_LIMIT);
}

static void a_failed_buffer_stays_failed(void **state)
{
    struct mln_buf out;
    struct mln_slice text;

    (void)state;
    mln_buf_init(&out, arena, 4);
    mln_buf_add(&out, MLN_S("12345"));
    assert_int_equal(mln_json_write(&out, pack_of(read_ok("1"))).code, MLN_ERR_NONE);
    mln_json_write_value(&out, read_ok("1"), false);
    assert_int_equal(mln_buf_finish(&out, &text).code, MLN_ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(writes_what_it_read),
        T(indents_when_pretty),
        T(writes_open_containers),
        T(appends_to_what_is_there),
        T(keeps_to_the_maximum_of_the_buffer),
        T(grows_the_buffer),
        T(refuses_damaged_packs),
        T(checks_numbers_of_packs),
        T(bounds_the_depth_of_packs),
        T(bounds_the_depth_of_trees),
        T(a_failed_buffer_stays_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
