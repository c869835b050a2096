/* Tests of packs. */
#include "model/pack.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "model/test_json.h"

enum { PLENTY = 1 << 22 };

static struct mln_arena *arena;
static struct mln_buf out;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(PLENTY);
    if (!arena) {
        return -1;
    }
    mln_buf_init(&out, arena, PLENTY);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

/* What was written since the last call. */
static struct mln_slice written(void)
{
    struct mln_slice s = { 0 };

    assert_int_equal(mln_buf_finish(&out, &s).code, MLN_ERR_NONE);
    mln_buf_init(&out, arena, PLENTY);
    return s;
}

static struct mln_slice pack_of(const char *text)
{
    mln_pack_value(&out, test_json(text, arena));
    return written();
}

static void assert_bytes(const char *want, size_t len)
{
    struct mln_slice s = written();

    assert_int_equal(s.len, len);
    assert_memory_equal(s.ptr, want, len);
}

#define ASSERT_BYTES(literal) assert_bytes(literal, sizeof(literal) - 1)

/* ---- writing: the encodings of RFC 8949, appendix A ---- */

static void writes_integers_in_their_shortest_form(void **state)
{
    (void)state;
    mln_pack_uint(&out, 0);
    ASSERT_BYTES("\x00");
    mln_pack_uint(&out, 23);
    ASSERT_BYTES("\x17");
    mln_pack_uint(&out, 24);
    ASSERT_BYTES("\x18\x18");
    mln_pack_uint(&out, 255);
    ASSERT_BYTES("\x18\xFF");
    mln_pack_uint(&out, 256);
    ASSERT_BYTES("\x19\x01\x00");
    mln_pack_uint(&out, 65535);
    ASSERT_BYTES("\x19\xFF\xFF");
    mln_pack_uint(&out, 65536);
    ASSERT_BYTES("\x1A\x00\x01\x00\x00");
    mln_pack_uint(&out, UINT32_MAX);
    ASSERT_BYTES("\x1A\xFF\xFF\xFF\xFF");
    mln_pack_uint(&out, UINT64_C(1) << 32);
    ASSERT_BYTES("\x1B\x00\x00\x00\x01\x00\x00\x00\x00");
    mln_pack_uint(&out, UINT64_MAX);
    ASSERT_BYTES("\x1B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
}

static void pack_int(bool is_negative, uint64_t magnitude)
{
    struct mln_value v = { .kind = MLN_V_INT, .is_negative = is_negative, .magnitude = magnitude };

    mln_pack_value(&out, &v);
}

static void writes_negative_integers(void **state)
{
    (void)state;
    pack_int(true, 1);
    ASSERT_BYTES("\x20");
    pack_int(true, 100);
    ASSERT_BYTES("\x38\x63");
    pack_int(true, UINT64_C(1) << 63);
    ASSERT_BYTES("\x3B\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
    pack_int(true, 0);
    ASSERT_BYTES("\x00");
    pack_int(false, 10);
    ASSERT_BYTES("\x0A");
}

static void writes_other_scalars(void **state)
{
    (void)state;
    mln_pack_null(&out);
    ASSERT_BYTES("\xF6");
    mln_pack_bool(&out, true);
    ASSERT_BYTES("\xF5");
    mln_pack_bool(&out, false);
    ASSERT_BYTES("\xF4");
    mln_pack_text(&out, MLN_S(""));
    ASSERT_BYTES("\x60");
    mln_pack_text(&out, MLN_S("a"));
    ASSERT_BYTES("\x61"
                 "a");
    mln_pack_text(&out, MLN_S("123456789012345678901234"));
    ASSERT_BYTES("\x78\x18"
                 "123456789012345678901234");
    mln_pack_real(&out, MLN_S("1.50"));
    ASSERT_BYTES("\xD9\x4D\x49\x64"
                 "1.50");
    mln_pack_timestamp(&out, 1);
    ASSERT_BYTES("\x76"
                 "19700101T000000,000001");
    mln_pack_timestamp(&out, 1000000);
    ASSERT_BYTES("\x6F"
                 "19700101T000001");
}

static void writes_containers(void **state)
{
    (void)state;
    mln_pack_array(&out, 0);
    ASSERT_BYTES("\x80");
    mln_pack_map(&out, 0);
    ASSERT_BYTES("\xA0");
    mln_pack_array(&out, 25);
    ASSERT_BYTES("\x98\x19");
    mln_pack_array(&out, MLN_PACK_OPEN);
    mln_pack_end(&out);
    ASSERT_BYTES("\x9F\xFF");
    mln_pack_map(&out, MLN_PACK_OPEN);
    mln_pack_text(&out, MLN_S("a"));
    mln_pack_raw(&out, MLN_S("\x01"));
    mln_pack_end(&out);
    ASSERT_BYTES("\xBF\x61"
                 "a\x01\xFF");
    mln_pack_value(&out, test_json("{'a': [1, -1, 1.5, null, true], 'b': {}}", arena));
    ASSERT_BYTES("\xA2\x61"
                 "a\x85\x01\x20\xD9\x4D\x49\x63"
                 "1.5\xF6\xF5\x61"
                 "b\xA0");
}

static void errors_stick_in_the_buffer(void **state)
{
    struct mln_slice s;

    (void)state;
    mln_buf_init(&out, arena, 3);
    mln_pack_text(&out, MLN_S("ab"));
    mln_pack_uint(&out, 7);
    mln_pack_value(&out, test_json("[1, 2]", arena));
    assert_int_equal(mln_buf_finish(&out, &s).code, MLN_ERR_LIMIT);
}

/* ---- reading ---- */

static struct mln_item read_item(struct mln_slice pack)
{
    struct mln_item item;

    assert_int_equal(mln_pack_read(&pack, &item).code, MLN_ERR_NONE);
    return item;
}

static void refuse(const char *bytes, size_t len)
{
    struct mln_slice rest = mln_slice_of(bytes, len);
    struct mln_item item = { .kind = MLN_V_BOOL, .magnitude = 77 };
    struct mln_slice taken = MLN_S("untouched");
    struct mln_value *v;

    assert_int_equal(mln_pack_read(&rest, &item).code, MLN_ERR_STORE_CORRUPT);
    assert_ptr_equal(rest.ptr, bytes);
    assert_int_equal(rest.len, len);
    assert_int_equal(item.magnitude, 77);
    assert_int_equal(mln_pack_take(&rest, &taken).code, MLN_ERR_STORE_CORRUPT);
    assert_true(mln_slice_eq(taken, MLN_S("untouched")));
    assert_int_equal(mln_pack_to_value(rest, arena, &v).code, MLN_ERR_STORE_CORRUPT);
}

#define REFUSE(literal) refuse(literal, sizeof(literal) - 1)

static void reads_scalars(void **state)
{
    (void)state;
    assert_int_equal(read_item(pack_of("null")).kind, MLN_V_NULL);
    assert_true(read_item(pack_of("true")).boolean);
    assert_int_equal(read_item(pack_of("false")).kind, MLN_V_BOOL);
    assert_false(read_item(pack_of("false")).boolean);
    assert_true(mln_slice_eq(read_item(pack_of("'abc'")).text, MLN_S("abc")));
    assert_int_equal(read_item(pack_of("1.5")).kind, MLN_V_REAL);
    assert_true(mln_slice_eq(read_item(pack_of("1.5")).text, MLN_S("1.5")));
    assert_int_equal(read_item(pack_of("[1, 2]")).count, 2);
    assert_int_equal(read_item(pack_of("{'a': 1}")).kind, MLN_V_OBJECT);
    assert_int_equal(read_item(MLN_S("\x9F\xFF")).count, MLN_PACK_OPEN);
}

static void reads_texts_of_any_length(void **state)
{
    static char text[70000];

    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t len = 0; len < sizeof text; len += len < 300 ? 1 : 977) {
        struct mln_slice rest;
        struct mln_item item;

        mln_pack_text(&out, mln_slice_of(text, len));
        rest = written();
        assert_int_equal(mln_pack_read(&rest, &item).code, MLN_ERR_NONE);
        assert_int_equal(item.text.len, len);
        assert_int_equal(rest.len, 0);
    }
}

static void reads_every_size_of_integers(void **state)
{
    (void)state;
    for (int bit = 0; bit < 64; bit++) {
        uint64_t n = UINT64_C(1) << bit;

        mln_pack_uint(&out, n);
        assert_true(read_item(written()).magnitude == n);
        mln_pack_uint(&out, n - 1);
        assert_true(read_item(written()).magnitude == n - 1);
        pack_int(true, n);
        assert_true(read_item(written()).magnitude == n);
    }
    assert_true(read_item(MLN_S("\x3B\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF")).is_negative);
    assert_true(read_item(MLN_S("\x1B\x00\x00\x00\x00\x00\x00\x00\x05")).magnitude == 5);
}

static void refuses_what_is_outside_the_subset(void **state)
{
    (void)state;
    REFUSE("");
    REFUSE("\x40"); /* bytes */
    REFUSE("\x43"
           "abc"); /* bytes */
    REFUSE("\x7F\x61"
           "a\xFF");                /* text in pieces */
    REFUSE("\xC1\x00");             /* another tag */
    REFUSE("\xD9\x4D\x49\x01");     /* a real that is no text */
    REFUSE("\xD9\x4D\x49\x7F\xFF"); /* in pieces */
    REFUSE("\xD9\x4D\x49\xD9\x4D\x49\x61"
           "1"); /* tag within tag */
    REFUSE("\xDF\x61"
           "1");                                    /* tag without number */
    REFUSE("\xF7");                                 /* undefined */
    REFUSE("\xE0");                                 /* simple value */
    REFUSE("\xF9\x3C\x00");                         /* half float */
    REFUSE("\xFB\x3F\xF0\x00\x00\x00\x00\x00\x00"); /* double */
    REFUSE("\xFF");                                 /* break */
    REFUSE("\x1F");                                 /* open integer */
    REFUSE("\x3F");
    REFUSE("\x3B\x80\x00\x00\x00\x00\x00\x00\x00"); /* below -2^63 */
    REFUSE("\x3B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
    REFUSE("\x1C"); /* reserved lengths */
    REFUSE("\x7D");
    REFUSE("\x9E");
}

static void refuses_what_is_cut_off(void **state)
{
    (void)state;
    REFUSE("\x61");
    REFUSE("\x18");
    REFUSE("\x19\x01");
    REFUSE("\x1A\x01\x02\x03");
    REFUSE("\x1B\x01\x02\x03\x04\x05\x06\x07");
    REFUSE("\x65"
           "abcd");
    REFUSE("\x78\x05"
           "abcd");
    REFUSE("\x7B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
           "abc");
    REFUSE("\x9B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
    REFUSE("\xBB\x00\x00\x00\x00\x00\x00\x00\x05\x01");
    REFUSE("\x83\x01");
    REFUSE("\xD9\x4D\x49");
    REFUSE("\xD9\x4D\x49\x62"
           "1");
}

/* The head is in order, what follows is not. */
static void refuse_whole(const char *bytes, size_t len)
{
    struct mln_slice rest = mln_slice_of(bytes, len);
    struct mln_slice taken = MLN_S("untouched");
    struct mln_value *v;

    assert_int_equal(mln_pack_take(&rest, &taken).code, MLN_ERR_STORE_CORRUPT);
    assert_ptr_equal(rest.ptr, bytes);
    assert_true(mln_slice_eq(taken, MLN_S("untouched")));
    assert_int_equal(mln_pack_to_value(rest, arena, &v).code, MLN_ERR_STORE_CORRUPT);
}

#define REFUSE_WHOLE(literal) refuse_whole(literal, sizeof(literal) - 1)

static void refuses_damaged_containers(void **state)
{
    struct mln_value *v;

    (void)state;
    REFUSE_WHOLE("\x82\x01\xFF");
    REFUSE_WHOLE("\x81\x61");
    REFUSE_WHOLE("\x9F\x01");
    REFUSE_WHOLE("\xA1\x61"
                 "a");
    REFUSE_WHOLE("\xBF\x61"
                 "a\xFF");
    assert_int_equal(mln_pack_to_value(MLN_S("\xA1\x01\x02"), arena, &v).code,
                     MLN_ERR_STORE_CORRUPT); /* key that is no text */
    assert_int_equal(mln_pack_to_value(MLN_S("\x01\x02"), arena, &v).code, MLN_ERR_STORE_CORRUPT);
}

static void bounds_the_depth(void **state)
{
    char pack[MLN_PACK_DEPTH + 2] = { 0 };
    struct mln_slice rest = mln_slice_of(pack, MLN_PACK_DEPTH);
    struct mln_slice taken;
    struct mln_value *v;

    (void)state;
    memset(pack, '\x81', sizeof pack);
    pack[MLN_PACK_DEPTH - 1] = '\x00';
    assert_int_equal(mln_pack_take(&rest, &taken).code, MLN_ERR_NONE);
    assert_int_equal(mln_pack_to_value(taken, arena, &v).code, MLN_ERR_NONE);
    pack[MLN_PACK_DEPTH - 1] = '\x81';
    pack[MLN_PACK_DEPTH] = '\x00';
    refuse_whole(pack, MLN_PACK_DEPTH + 1);
}

static void takes_one_item_after_the_other(void **state)
{
    struct mln_slice rest = MLN_S("\x01\x82\x01\x02\x9F\xBF\x61"
                                  "a\x9F\xFF\xFF\xFF\x60\xF6");
    static const size_t lens[] = { 1, 3, 8, 1, 1 };

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct mln_slice item;
        const char *at = rest.ptr;

        assert_int_equal(mln_pack_take(&rest, &item).code, MLN_ERR_NONE);
        assert_ptr_equal(item.ptr, at);
        assert_int_equal(item.len, lens[i]);
    }
    assert_int_equal(rest.len, 0);
}

static void counts_elements(void **state)
{
    struct mln_slice rest = MLN_S("\xFF\x01");
    struct mln_slice none = MLN_S("");

    (void)state;
    assert_true(mln_pack_more(&rest, 2, 1));
    assert_false(mln_pack_more(&rest, 2, 2));
    assert_int_equal(rest.len, 2);
    assert_false(mln_pack_more(&rest, MLN_PACK_OPEN, 7));
    assert_int_equal(rest.len, 1);
    assert_true(mln_pack_more(&rest, MLN_PACK_OPEN, 7));
    assert_true(mln_pack_more(&none, MLN_PACK_OPEN, 0));
}

static void finds_members(void **state)
{
    struct mln_slice map = pack_of("{'a': 1, 'b': {'a': 2}, 'c': 'x', 'd': true, 'e': -5}");
    struct mln_slice item = MLN_S("untouched");
    struct mln_slice text = MLN_S("untouched");
    uint64_t n = 77;
    bool b = false;

    (void)state;
    assert_true(mln_pack_find(map, MLN_S("b"), &item));
    assert_true(mln_slice_eq(item, pack_of("{'a': 2}")));
    assert_false(mln_pack_find(map, MLN_S("x"), &item));
    assert_false(mln_pack_find(pack_of("[1]"), MLN_S(""), &item));
    assert_false(mln_pack_find(pack_of("7"), MLN_S("a"), &item));
    assert_false(mln_pack_find(MLN_S(""), MLN_S("a"), &item));
    assert_true(mln_pack_find_text(map, MLN_S("c"), &text));
    assert_true(mln_slice_eq(text, MLN_S("x")));
    assert_false(mln_pack_find_text(map, MLN_S("a"), &text));
    assert_false(mln_pack_find_text(map, MLN_S("x"), &text));
    assert_true(mln_pack_find_u64(map, MLN_S("a"), &n));
    assert_int_equal(n, 1);
    assert_false(mln_pack_find_u64(map, MLN_S("c"), &n));
    assert_false(mln_pack_find_u64(map, MLN_S("e"), &n));
    assert_false(mln_pack_find_u64(map, MLN_S("x"), &n));
    assert_true(mln_pack_find_bool(map, MLN_S("d"), &b) && b);
    assert_false(mln_pack_find_bool(map, MLN_S("a"), &b));
    assert_false(mln_pack_find_bool(map, MLN_S("x"), &b));
}

static void reads_items_as_scalars(void **state)
{
    struct mln_slice text;
    uint64_t n;

    (void)state;
    assert_true(mln_pack_text_of(pack_of("'abc'"), &text) && mln_slice_eq(text, MLN_S("abc")));
    assert_false(mln_pack_text_of(pack_of("1.5"), &text));
    assert_false(mln_pack_text_of(pack_of("1"), &text));
    assert_false(mln_pack_text_of(MLN_S(""), &text));
    assert_true(mln_pack_u64_of(pack_of("18446744073709551615"), &n) && n == UINT64_MAX);
    assert_false(mln_pack_u64_of(pack_of("-1"), &n));
    assert_false(mln_pack_u64_of(pack_of("'1'"), &n));
    assert_false(mln_pack_u64_of(MLN_S(""), &n));
    assert_true(mln_pack_list_has(pack_of("[1,'2',3]"), 3));
    assert_false(mln_pack_list_has(pack_of("[1,'2',3]"), 2));
    assert_false(mln_pack_list_has(pack_of("3"), 3));
    assert_false(mln_pack_list_has(MLN_S(""), 3));
}

static void walks(void **state)
{
    struct mln_slice map = pack_of("{'a': 1, 'b': [2, 3], 'c': {}}");
    static const char names[] = "abc";
    struct mln_walk w;
    size_t i = 0;

    (void)state;
    for (mln_walk_begin(&w, map); mln_walk_next(&w); i++) {
        assert_int_equal(w.name.len, 1);
        assert_int_equal(w.name.ptr[0], names[i]);
        assert_true(w.item.len > 0);
    }
    assert_int_equal(i, 3);
    assert_false(w.is_damaged);
    assert_false(mln_walk_next(&w));
    for (i = 0, mln_walk_begin(&w, MLN_S("\x9F\x01\x02\xFF")); mln_walk_next(&w); i++) {
        assert_int_equal(w.name.len, 0);
        assert_int_equal(w.item.len, 1);
    }
    assert_int_equal(i, 2);
    assert_false(w.is_damaged);
}

static void damage_ends_a_walk(void **state)
{
    static const struct {
        struct mln_slice pack;
        size_t items;
    } rows[] = {
        { { "", 0 }, 0 },
        { { "\x01", 1 }, 0 },
        { { "\x82\x01\xFF", 3 }, 1 },
        { { "\x9F\x01", 2 }, 1 },
        { { "\xA2\x61"
            "a\x01\x02\x03",
            6 },
          1 },
        { { "\xA1\x61"
            "a",
            3 },
          0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mln_walk w;
        size_t items = 0;

        for (mln_walk_begin(&w, rows[i].pack); mln_walk_next(&w);) {
            items++;
        }
        assert_int_equal(items, rows[i].items);
        assert_true(w.is_damaged);
        assert_false(mln_walk_next(&w));
    }
}

/* ---- trees ---- */

static void trees_come_back(void **state)
{
    static const char *const texts[] = {
        "null",
        "true",
        "false",
        "0",
        "-1",
        "18446744073709551615",
        "-9223372036854775808",
        "1.50",
        "''",
        "'abc'",
        "[]",
        "{}",
        "[1, [2, [3]], 'x', null, {'a': {}}]",
        "{'m2m:cin': {'con': {'a': [1.5, true]}, 'cnf': 'a/b:0'}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct mln_value *v;

        assert_int_equal(mln_pack_to_value(pack_of(texts[i]), arena, &v).code, MLN_ERR_NONE);
        assert_true(mln_value_eq(v, test_json(texts[i], arena)));
        assert_int_equal(v->name.len, 0);
    }
}

static void reads_open_containers(void **state)
{
    struct mln_value *v;

    (void)state;
    assert_int_equal(mln_pack_to_value(MLN_S("\xBF\x61"
                                             "a\x9F\x01\x02\xFF\x61"
                                             "b\xBF\xFF\xFF"),
                                       arena, &v)
                         .code,
                     MLN_ERR_NONE);
    assert_true(mln_value_eq(v, test_json("{'a': [1, 2], 'b': {}}", arena)));
    assert_int_equal(mln_value_get(v, MLN_S("a"))->items.count, 2);
}

static void trees_need_memory(void **state)
{
    struct mln_slice pack = pack_of("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]");

    (void)state;
    for (size_t max = 0; max < 1000; max += 16) {
        struct mln_arena *small = mln_arena_new(max);
        struct mln_value *v = NULL;
        mln_err err = mln_pack_to_value(pack, small, &v);

        assert_true(mln_failed(err) ? err.code == MLN_ERR_NO_MEMORY && !v : v != NULL);
        if (max < 500) {
            assert_int_equal(err.code, MLN_ERR_NO_MEMORY);
        }
        mln_arena_free(small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(writes_integers_in_their_shortest_form),
        T(writes_negative_integers),
        T(writes_other_scalars),
        T(writes_containers),
        T(errors_stick_in_the_buffer),
        T(reads_scalars),
        T(reads_texts_of_any_length),
        T(reads_every_size_of_integers),
        T(refuses_what_is_outside_the_subset),
        T(refuses_what_is_cut_off),
        T(refuses_damaged_containers),
        T(bounds_the_depth),
        T(takes_one_item_after_the_other),
        T(counts_elements),
        T(finds_members),
        T(reads_items_as_scalars),
        T(walks),
        T(damage_ends_a_walk),
        T(trees_come_back),
        T(reads_open_containers),
        T(trees_need_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
