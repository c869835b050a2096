/* Tests of JSON values as users see them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client/client_int.h"

static struct mln_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(1 << 20);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static const struct merlon_json *read_text(struct mln_slice text)
{
    struct mln_value *v = NULL;
    struct mln_fault fault = { 0 };

    assert_int_equal(mln_client_read_json(text, arena, &v, &fault).code, MLN_ERR_NONE);
    return mln_client_json(v);
}

static void walks_through_a_document(void **state)
{
    const struct merlon_json *v = read_text(
        MLN_S("{\"m2m:cnt\":{\"mni\":10,\"lbl\":[\"a\",\"b\"],\"x\":-5,\"y\":1.50,\"t\":true}}"));
    const struct merlon_json *cnt = merlon_json_member(v, "m2m:cnt");
    const struct merlon_json *lbl = merlon_json_member(cnt, "lbl");
    int64_t n = 0;
    uint64_t u = 0;

    (void)state;
    assert_int_equal(merlon_json_kind(v), MERLON_JSON_OBJECT);
    assert_string_equal(merlon_json_name(v), "");
    assert_int_equal(merlon_json_count(cnt), 5);
    assert_string_equal(merlon_json_name(merlon_json_first(cnt)), "mni");
    assert_true(merlon_json_int64(merlon_json_member(cnt, "mni"), &n) && n == 10);
    assert_true(merlon_json_uint64(merlon_json_member(cnt, "mni"), &u) && u == 10);
    assert_true(merlon_json_int64(merlon_json_member(cnt, "x"), &n) && n == -5);
    assert_false(merlon_json_uint64(merlon_json_member(cnt, "x"), &u));
    assert_int_equal(merlon_json_kind(merlon_json_member(cnt, "y")), MERLON_JSON_NUMBER);
    assert_string_equal(merlon_json_text(merlon_json_member(cnt, "y")), "1.50");
    assert_true(merlon_json_is_true(merlon_json_member(cnt, "t")));
    assert_false(merlon_json_is_true(merlon_json_member(cnt, "x")));
    assert_int_equal(merlon_json_kind(lbl), MERLON_JSON_ARRAY);
    assert_string_equal(merlon_json_text(merlon_json_first(lbl)), "a");
    assert_string_equal(merlon_json_text(merlon_json_next(merlon_json_first(lbl))), "b");
    assert_null(merlon_json_next(merlon_json_next(merlon_json_first(lbl))));
    assert_string_equal(merlon_json_name(merlon_json_first(lbl)), "");
}

static void texts_end_in_nul_and_keep_their_size(void **state)
{
    const struct merlon_json *v = read_text(MLN_S("[\"plain\",\"a\\u0000b\",\"\",\"\\u00e9\"]"));
    const struct merlon_json *item = merlon_json_first(v);

    (void)state;
    assert_string_equal(merlon_json_text(item), "plain");
    item = merlon_json_next(item);
    assert_int_equal(merlon_json_text_size(item), 3);
    assert_memory_equal(merlon_json_text(item), "a\0b", 4);
    item = merlon_json_next(item);
    assert_string_equal(merlon_json_text(item), "");
    item = merlon_json_next(item);
    assert_string_equal(merlon_json_text(item), "\u00e9");
}

static void absence_can_be_asked_on(void **state)
{
    const struct merlon_json *v = read_text(MLN_S("{\"a\":null}"));
    int64_t n = 7;
    uint64_t u = 7;

    (void)state;
    assert_int_equal(merlon_json_kind(merlon_json_member(v, "a")), MERLON_JSON_NULL);
    assert_int_equal(merlon_json_kind(merlon_json_member(v, "b")), MERLON_JSON_ABSENT);
    assert_null(merlon_json_member(merlon_json_member(v, "b"), "c"));
    assert_null(merlon_json_member(merlon_json_member(v, "a"), "c"));
    assert_null(merlon_json_first(NULL));
    assert_null(merlon_json_next(NULL));
    assert_null(merlon_json_text(NULL));
    assert_null(merlon_json_text(v));
    assert_int_equal(merlon_json_text_size(v), 0);
    assert_int_equal(merlon_json_count(NULL), 0);
    assert_int_equal(merlon_json_count(merlon_json_member(v, "a")), 0);
    assert_string_equal(merlon_json_name(NULL), "");
    assert_false(merlon_json_int64(NULL, &n));
    assert_false(merlon_json_uint64(merlon_json_member(v, "a"), &u));
    assert_true(n == 7 && u == 7);
    assert_false(merlon_json_is_true(NULL));
    assert_null(merlon_json_write(NULL, false));
}

static void writes_what_it_read(void **state)
{
    const struct merlon_json *v =
        read_text(MLN_S("{ \"a\" : [1, 18446744073709551615, \"\\u0001\\\"\"] }"));
    char *text = merlon_json_write(v, false);

    (void)state;
    assert_string_equal(text, "{\"a\":[1,18446744073709551615,\"\\u0001\\\"\"]}");
    merlon_free(text);
    text = merlon_json_write(merlon_json_member(v, "a"), true);
    assert_string_equal(text, "[\n  1,\n  18446744073709551615,\n  \"\\u0001\\\"\"\n]");
    merlon_free(text);
}

static void refuses_what_is_no_json(void **state)
{
    struct mln_value *v = NULL;
    struct mln_fault fault = { 0 };

    (void)state;
    assert_int_equal(mln_client_read_json(MLN_S("{\"a\":}"), arena, &v, &fault).code,
                     MLN_ERR_SYNTAX);
    assert_null(v);
    assert_string_not_equal(fault.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(walks_through_a_document, set_up, tear_down),
        cmocka_unit_test_setup_teardown(texts_end_in_nul_and_keep_their_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(absence_can_be_asked_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writes_what_it_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_is_no_json, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("json_value", tests, NULL, NULL);
}
