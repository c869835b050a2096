/* Tests of trees of values. */
#include "model/value.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "model/test_json.h"

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

static struct mln_value *parse(const char *text)
{
    return test_json(text, arena);
}

static void makes_scalars(void **state)
{
    struct mln_value *v = mln_value_new(arena, MLN_V_NULL);

    (void)state;
    assert_int_equal(v->kind, MLN_V_NULL);
    assert_null(v->next);
    assert_int_equal(v->name.len, 0);
    v = mln_value_text(arena, MLN_S("abc"));
    assert_int_equal(v->kind, MLN_V_TEXT);
    assert_true(mln_slice_eq(v->text, MLN_S("abc")));
    v = mln_value_bool(arena, true);
    assert_int_equal(v->kind, MLN_V_BOOL);
    assert_true(v->boolean);
    assert_false(mln_value_bool(arena, false)->boolean);
    v = mln_value_new(arena, MLN_V_OBJECT);
    assert_null(v->items.first);
    assert_int_equal(v->items.count, 0);
}

static void makes_integers(void **state)
{
    const struct mln_value *v = mln_value_uint(arena, UINT64_MAX);

    (void)state;
    assert_int_equal(v->kind, MLN_V_INT);
    assert_false(v->is_negative);
    assert_true(v->magnitude == UINT64_MAX);
    v = mln_value_int(arena, INT64_MIN);
    assert_true(v->is_negative);
    assert_true(v->magnitude == UINT64_C(1) << 63);
    v = mln_value_int(arena, -1);
    assert_true(v->is_negative && v->magnitude == 1);
    v = mln_value_int(arena, 0);
    assert_false(v->is_negative);
    v = mln_value_int(arena, INT64_MAX);
    assert_true(!v->is_negative && v->magnitude == INT64_MAX);
}

static void reads_integers_that_fit(void **state)
{
    uint64_t u = 0;
    int64_t i = 0;

    (void)state;
    assert_true(mln_value_u64(mln_value_uint(arena, UINT64_MAX), &u) && u == UINT64_MAX);
    assert_false(mln_value_u64(mln_value_int(arena, -1), &u));
    assert_false(mln_value_u64(NULL, &u));
    assert_false(mln_value_u64(mln_value_text(arena, MLN_S("1")), &u));
    assert_true(mln_value_i64(mln_value_int(arena, INT64_MIN), &i) && i == INT64_MIN);
    assert_true(mln_value_i64(mln_value_int(arena, -5), &i) && i == -5);
    assert_true(mln_value_i64(mln_value_uint(arena, INT64_MAX), &i) && i == INT64_MAX);
    assert_false(mln_value_i64(mln_value_uint(arena, UINT64_C(1) << 63), &i));
    assert_false(mln_value_i64(NULL, &i));
    assert_false(mln_value_i64(mln_value_bool(arena, true), &i));
    assert_true(u == UINT64_MAX && i == INT64_MAX);
}

static void appends_elements_in_order(void **state)
{
    struct mln_value *array = mln_value_new(arena, MLN_V_ARRAY);
    uint64_t expected = 0;

    (void)state;
    for (uint64_t i = 0; i < 10; i++) {
        assert_int_equal(mln_value_append(array, mln_value_uint(arena, i)).code, MLN_ERR_NONE);
    }
    assert_int_equal(array->items.count, 10);
    for (const struct mln_value *v = array->items.first; v; v = v->next) {
        assert_true(v->magnitude == expected++);
    }
    assert_int_equal(expected, 10);
    assert_true(array->items.last->magnitude == 9);
}

static void appending_nothing_is_lack_of_memory(void **state)
{
    struct mln_value *v = mln_value_new(arena, MLN_V_OBJECT);
    struct mln_arena *none = mln_arena_new(0);

    (void)state;
    assert_null(mln_value_text(none, MLN_S("x")));
    assert_null(mln_value_int(none, -1));
    assert_null(mln_value_bool(none, true));
    assert_int_equal(mln_value_append(v, NULL).code, MLN_ERR_NO_MEMORY);
    assert_int_equal(mln_value_set(v, MLN_S("a"), NULL).code, MLN_ERR_NO_MEMORY);
    assert_int_equal(v->items.count, 0);
    mln_arena_free(none);
}

static void finds_members(void **state)
{
    const struct mln_value *v = parse("{'a': 1, 'b': {'a': 2}, '': 3}");

    (void)state;
    assert_true(mln_value_get(v, MLN_S("a"))->magnitude == 1);
    assert_true(mln_value_get(v, MLN_S(""))->magnitude == 3);
    assert_true(mln_value_get(mln_value_get(v, MLN_S("b")), MLN_S("a"))->magnitude == 2);
    assert_null(mln_value_get(v, MLN_S("c")));
    assert_null(mln_value_get(v, MLN_S("A")));
    assert_null(mln_value_get(NULL, MLN_S("a")));
    assert_null(mln_value_get(parse("[1]"), MLN_S("")));
    assert_null(mln_value_get(parse("7"), MLN_S("a")));
}

static void takes_members_out(void **state)
{
    struct mln_value *v = parse("{'a': 1, 'b': 2, 'c': 3}");
    struct mln_value *taken = mln_value_take(v, MLN_S("b"));

    (void)state;
    assert_true(taken->magnitude == 2);
    assert_null(taken->next);
    assert_true(mln_value_eq(v, parse("{'a': 1, 'c': 3}")));
    assert_null(mln_value_take(v, MLN_S("b")));
    assert_true(mln_value_take(v, MLN_S("c"))->magnitude == 3);
    assert_true(v->items.last->magnitude == 1);
    assert_int_equal(mln_value_set(v, MLN_S("d"), mln_value_uint(arena, 4)).code, MLN_ERR_NONE);
    assert_true(mln_value_eq(v, parse("{'a': 1, 'd': 4}")));
    assert_true(mln_value_take(v, MLN_S("a"))->magnitude == 1);
    assert_true(mln_value_take(v, MLN_S("d"))->magnitude == 4);
    assert_int_equal(v->items.count, 0);
    assert_null(v->items.first);
    assert_null(v->items.last);
    assert_null(mln_value_take(v, MLN_S("a")));
}

static void compares(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool is_eq;
    } rows[] = {
        { "null", "null", true },
        { "true", "true", true },
        { "true", "false", false },
        { "1", "1", true },
        { "1", "2", false },
        { "1", "-1", false },
        { "1", "true", false },
        { "1", "'1'", false },
        { "1.5", "1.5", true },
        { "1.5", "1.50", false },
        { "1.5", "'1.5'", false },
        { "'a'", "'a'", true },
        { "'a'", "'A'", false },
        { "''", "null", false },
        { "[]", "[]", true },
        { "[]", "{}", false },
        { "[1, 2]", "[1, 2]", true },
        { "[1, 2]", "[2, 1]", false },
        { "[1]", "[1, 2]", false },
        { "[1, 2]", "[1]", false },
        { "{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}", true },
        { "{'a': 1, 'b': 2}", "{'a': 1, 'c': 2}", false },
        { "{'a': 1}", "{'a': 2}", false },
        { "{'a': 1}", "{'a': 1, 'b': 2}", false },
        { "{'a': [1, {'b': null}]}", "{'a': [1, {'b': null}]}", true },
        { "{'a': [1, {'b': null}]}", "{'a': [1, {'b': 0}]}", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(mln_value_eq(parse(rows[i].a), parse(rows[i].b)), rows[i].is_eq);
        assert_int_equal(mln_value_eq(parse(rows[i].b), parse(rows[i].a)), rows[i].is_eq);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(makes_scalars),
        T(makes_integers),
        T(reads_integers_that_fit),
        T(appends_elements_in_order),
        T(appending_nothing_is_lack_of_memory),
        T(finds_members),
        T(takes_members_out),
        T(compares),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
