/* Tests of the CBOR reader and writer, with the examples of RFC 8949 appendix A that fit. */
#include "codec/cbor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/json.h"
#include "model/pack.h"

static struct mln_arena *arena;
static struct mln_limits limits;
static struct mln_fault fault;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(16 << 20);
    mln_limits_default(&limits);
    mln_fault_clear(&fault);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static struct mln_slice unhex(const char *hex)
{
    size_t len = strlen(hex) / 2;
    char *bytes = mln_arena_alloc(arena, len + 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    }
    return mln_slice_of(bytes, len);
}

static struct mln_slice pack_of(const struct mln_value *v)
{
    struct mln_slice pack = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, arena, 1 << 20);
    mln_pack_value(&out, v);
    assert_false(mln_failed(mln_buf_finish(&out, &pack)));
    return pack;
}

static struct mln_slice json_pack(const char *json)
{
    struct mln_value *v = NULL;

    assert_false(mln_failed(mln_json_read(mln_slice_z(json), &limits, arena, &v, NULL)));
    return pack_of(v);
}

static mln_err read_hex(const char *hex, struct mln_value **ret)
{
    mln_fault_clear(&fault);
    return mln_cbor_read(unhex(hex), &limits, arena, ret, &fault);
}

/* The bytes read are the value of the JSON text. */
static void assert_reads(const char *hex, const char *json)
{
    struct mln_value *v = NULL;
    struct mln_slice text = { 0 };
    struct mln_buf out;
    mln_err err = read_hex(hex, &v);

    if (mln_failed(err)) {
        fail_msg("%s: %s", hex, fault.text);
    }
    mln_buf_init(&out, arena, 1 << 20);
    mln_json_write_value(&out, v, false);
    assert_false(mln_failed(mln_buf_finish(&out, &text)));
    if (!mln_slice_eq(text, mln_slice_z(json))) {
        fail_msg("%s: %.*s, not %s", hex, MLN_S_ARG(text), json);
    }
}

static void assert_refused(const char *hex, const char *why)
{
    struct mln_value *v = NULL;
    mln_err err = read_hex(hex, &v);

    assert_null(v);
    if (err.code != MLN_ERR_SYNTAX || !strstr(fault.text, why)) {
        fail_msg("%s: %s, %s", hex, mln_err_text(err), fault.text);
    }
}

static void assert_writes(struct mln_slice pack, const char *hex)
{
    struct mln_slice bytes = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, arena, 1 << 20);
    assert_false(mln_failed(mln_cbor_write(&out, pack)));
    assert_false(mln_failed(mln_buf_finish(&out, &bytes)));
    assert_int_equal(bytes.len, strlen(hex) / 2);
    assert_memory_equal(bytes.ptr, unhex(hex).ptr, bytes.len);
}

/* spec: RFC8949 appendix A: both ways */
static const struct {
    const char *hex;
    const char *json;
} same[] = {
    { "00", "0" },
    { "17", "23" },
    { "1818", "24" },
    { "1903e8", "1000" },
    { "1a000f4240", "1000000" },
    { "1b000000e8d4a51000", "1000000000000" },
    { "1bffffffffffffffff", "18446744073709551615" },
    { "20", "-1" },
    { "3863", "-100" },
    { "3903e7", "-1000" },
    { "3b7fffffffffffffff", "-9223372036854775808" },
    { "fb40f86a0000000000", "100000.0" },
    { "fb4004220000000000", "2.5166015625" },
    { "fb3ff199999999999a", "1.1" },
    { "fb7e37e43c8800759c", "1e+300" },
    { "f4", "false" },
    { "f5", "true" },
    { "f6", "null" },
    { "60", "\"\"" },
    { "6449455446", "\"IETF\"" },
    { "62225c", "\"\\\"\\\\\"" },
    { "62c3bc", "\"\xc3\xbc\"" },
    { "64f0908591", "\"\xf0\x90\x85\x91\"" },
    { "80", "[]" },
    { "8301820203820405", "[1,[2,3],[4,5]]" },
    { "a0", "{}" },
    { "a26161016162820203", "{\"a\":1,\"b\":[2,3]}" },
    { "a0", "{}" },
};

/* read only: the writer chooses another form */
static const struct {
    const char *hex;
    const char *json;
} alike[] = {
    { "1817", "23" }, /* longer than it need be */
    { "f90000", "0.0" },
    { "f98000", "-0.0" },
    { "f93c00", "1.0" },
    { "f93e00", "1.5" },
    { "f97bff", "65504.0" },
    { "fa3dcccccd", "0.1" },
    { "fa47c35000", "100000.0" },
    { "fbc010666666666666", "-4.1" },
    { "7f657374726561646d696e67ff", "\"streaming\"" },
    { "7fff", "\"\"" },
    { "9fff", "[]" },
    { "9f018202039f0405ffff", "[1,[2,3],[4,5]]" },
    { "bf61610161629f0203ffff", "{\"a\":1,\"b\":[2,3]}" },
    { "bf7f6161ff01ff", "{\"a\":1}" },
};

static void values_come_through(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_reads(same[i].hex, same[i].json);
        assert_writes(json_pack(same[i].json), same[i].hex);
    }
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++) {
        assert_reads(alike[i].hex, alike[i].json);
    }
}

/* spec: TS-0004 8.5.2 shows texts as byte strings, against 8.5.1 */
static void what_json_cannot_say_is_refused(void **state)
{
    (void)state;
    assert_refused("", "too early");
    assert_refused("4401020304", "byte string");
    assert_refused("5f4101ff", "byte string");
    assert_refused("c11a514b67b0", "tag");
    assert_refused("d9d9f700", "tag");
    assert_refused("f7", "undefined");
    assert_refused("f0", "no such head");
    assert_refused("f8ff", "no such head");
    assert_refused("f97e00", "NaN");
    assert_refused("f97c00", "NaN");
    assert_refused("fa7f800000", "NaN");
    assert_refused("fb7ff8000000000000", "NaN");
    assert_refused("fbfff0000000000000", "NaN");
    assert_refused("3b8000000000000000", "below -2^63");
    assert_refused("3bffffffffffffffff", "below -2^63");
    assert_refused("a10102", "key that is no text");
    assert_refused("a1f602", "key that is no text");
    assert_refused("a1410102", "key that is no text");
    assert_refused("a2616101616102", "key 'a' twice");
    assert_refused("bf61610161627f6161ff616102ff", "twice");
    assert_refused("61ff", "not UTF-8");
    assert_refused("62c3", "too early");
    assert_refused("63eda080", "not UTF-8");
    assert_refused("7f61c361bcff", "not UTF-8"); /* a character in two pieces */
    assert_refused("7f01ff", "piece of a text");
    assert_refused("7f7f6161ffff", "piece of a text");
    assert_refused("0000", "behind the value");
    assert_refused("ff", "break");
    assert_refused("82ff", "break");
    assert_refused("a16161ff", "break");
    assert_refused("bf6161ff", "break");
    assert_refused("1c", "no such head");
    assert_refused("1f", "no such head");
    assert_refused("fc", "no such head");
}

static void cut_short_everywhere(void **state)
{
    struct mln_slice whole =
        unhex("bf61610161629f02fb3ff199999999999a1903e87f626162ff63616263ffff");

    (void)state;
    for (size_t len = 0; len < whole.len; len++) {
        struct mln_value *v = NULL;
        char *copy = mln_arena_zdup(arena, whole);

        assert_non_null(copy);
        assert_int_equal(mln_cbor_read(mln_slice_of(copy, len), &limits, arena, &v, NULL).code,
                         MLN_ERR_SYNTAX);
    }
}

/* A head that promises more than there is takes no memory. */
static void lengths_are_not_believed(void **state)
{
    (void)state;
    assert_refused("9bffffffffffffffff", "too early");
    assert_refused("bbffffffffffffffff", "too early");
    assert_refused("7bffffffffffffffff", "too early");
    assert_refused("9b7fffffffffffffff00", "too early");
    assert_true(mln_arena_used(arena) < 4096);
}

static void limits_hold(void **state)
{
    struct mln_value *v = NULL;

    (void)state;
    limits.value_depth = 2;
    assert_reads("818100", "[[0]]");
    assert_int_equal(read_hex("81818100", &v).code, MLN_ERR_LIMIT);
    assert_int_equal(read_hex("9f9f9fffffff", &v).code, MLN_ERR_LIMIT);
    assert_int_equal(read_hex("a16161a16161a0", &v).code, MLN_ERR_LIMIT);
    limits.value_items = 3;
    assert_reads("83000000", "[0,0,0]");
    assert_int_equal(read_hex("8400000000", &v).code, MLN_ERR_LIMIT);
    assert_int_equal(read_hex("9f00000000ff", &v).code, MLN_ERR_LIMIT);
    assert_non_null(strstr(fault.text, "at byte 4"));
}

/* What was needed to join the pieces of one text serves for the next. */
static void texts_in_pieces_take_little_memory(void **state)
{
    size_t before;
    struct mln_slice array;
    struct mln_value *v = NULL;
    struct mln_buf out;

    (void)state;
    mln_buf_init(&out, arena, 1 << 20);
    mln_buf_byte(&out, (char)0x9F);
    for (int i = 0; i < 10000; i++) {
        mln_buf_add(&out, MLN_S("\x7F\x61"
                                "a\xFF"));
    }
    mln_buf_byte(&out, (char)0xFF);
    assert_false(mln_failed(mln_buf_finish(&out, &array)));
    before = mln_arena_used(arena);
    assert_false(mln_failed(mln_cbor_read(array, &limits, arena, &v, &fault)));
    assert_true(mln_slice_eq(v->items.first->text, MLN_S("a")));
    assert_true(mln_arena_used(arena) - before < 32 * array.len);
}

static void large_maps_are_searched_for_twins(void **state)
{
    struct mln_value *v = NULL;
    struct mln_slice map;
    struct mln_buf out;

    (void)state;
    mln_buf_init(&out, arena, 1 << 20);
    mln_buf_byte(&out, (char)0xBF);
    for (int i = 0; i < 1000; i++) {
        mln_buf_byte(&out, 0x64);
        mln_buf_printf(&out, "%04d", i == 999 ? 500 : i);
        mln_buf_byte(&out, 0);
    }
    mln_buf_byte(&out, (char)0xFF);
    assert_false(mln_failed(mln_buf_finish(&out, &map)));
    assert_int_equal(mln_cbor_read(map, &limits, arena, &v, &fault).code, MLN_ERR_SYNTAX);
    assert_non_null(strstr(fault.text, "key '0500' twice"));
}

/* Answers under construction are open; what leaves has lengths. */
static void open_containers_get_a_length(void **state)
{
    struct mln_slice pack = { 0 };
    struct mln_buf out;

    (void)state;
    mln_buf_init(&out, arena, 1000);
    mln_pack_map(&out, MLN_PACK_OPEN);
    mln_pack_text(&out, MLN_S("a"));
    mln_pack_array(&out, MLN_PACK_OPEN);
    mln_pack_uint(&out, 7);
    mln_pack_uint(&out, 8);
    mln_pack_end(&out);
    mln_pack_end(&out);
    assert_false(mln_failed(mln_buf_finish(&out, &pack)));
    assert_writes(pack, "ba000000016161"
                        "9a000000020708");
}

static void writer_refuses(void **state)
{
    struct mln_buf out;

    (void)state;
    mln_buf_init(&out, arena, 1000);
    assert_int_equal(mln_cbor_write(&out, MLN_S("\x61\xFF")).code, MLN_ERR_STORE_CORRUPT);
    assert_int_equal(mln_cbor_write(&out, MLN_S("\x01\x01")).code, MLN_ERR_STORE_CORRUPT);
    assert_int_equal(mln_cbor_write(&out, MLN_S("")).code, MLN_ERR_STORE_CORRUPT);
    assert_int_equal(mln_cbor_write(&out, json_pack("1e400")).code, MLN_ERR_NOT_ACCEPTABLE);
    assert_int_equal(mln_cbor_write(&out, json_pack("-1e400")).code, MLN_ERR_NOT_ACCEPTABLE);
    mln_buf_init(&out, arena, 3);
    assert_false(mln_failed(mln_cbor_write(&out, json_pack("[[1,2],3]"))));
    assert_int_equal(out.failed, MLN_ERR_LIMIT);
}

/* Beyond 64 bits, and with more digits than any number has. */
static void long_numbers_are_rounded(void **state)
{
    char digits[300];

    (void)state;
    assert_writes(json_pack("18446744073709551616"), "fb43f0000000000000");
    assert_writes(json_pack("0.1000000000000000000001"), "fb3fb999999999999a");
    memset(digits, '0', sizeof digits - 1);
    digits[sizeof digits - 1] = '\0';
    memcpy(digits, "1.5", 3);
    assert_writes(json_pack(digits), "fb3ff8000000000000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_come_through, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_json_cannot_say_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cut_short_everywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lengths_are_not_believed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits_hold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(texts_in_pieces_take_little_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_maps_are_searched_for_twins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(open_containers_get_a_length, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writer_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_numbers_are_rounded, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
