/* Tests of labelsQuery. */
#include "model/label_query.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/test_arena.h"
#include "model/filter.h"
#include "model/pack.h"
#include "model/test_json.h"

static struct mln_slice labels_of(const char *list)
{
    struct mln_buf out;
    struct mln_slice pack = { 0 };

    mln_buf_init(&out, arena, 1 << 20);
    mln_pack_value(&out, test_json(list, arena));
    assert_int_equal(mln_buf_finish(&out, &pack).code, MLN_ERR_NONE);
    return pack;
}

static struct mln_label_query *compile(const char *text)
{
    struct mln_label_query *query = NULL;
    struct mln_fault fault = { 0 };

    if (mln_failed(mln_label_query_compile(mln_slice_z(text), arena, &query, &fault))) {
        fail_msg("%s", fault.text);
    }
    return query;
}

static bool holds(const char *query, const char *labels)
{
    return mln_label_query_holds(compile(query), labels_of(labels));
}

static void refuse(const char *text, const char *what)
{
    struct mln_label_query *query = NULL;
    struct mln_fault fault = { 0 };

    assert_int_equal(mln_label_query_compile(mln_slice_z(text), arena, &query, &fault).code,
                     MLN_ERR_PARAM_INVALID);
    assert_null(query);
    assert_string_equal(fault.text, what);
}

/* The examples of the clause. spec: TS-0004 7.3.3.17.16 */

static void a_key(void **state)
{
    (void)state;
    assert_true(holds("color", "['color']"));
    assert_true(holds("color", "['color:red']"));
    assert_true(holds("color", "['x', 'color:green']"));
    assert_false(holds("color", "['colors:red']"));
    assert_false(holds("color", "['colo']"));
    assert_false(holds("color", "['Color']"));
    assert_false(holds("color", "['red:color']"));
    assert_false(holds("color", "[]"));
}

static void no_key(void **state)
{
    (void)state;
    assert_true(holds("NT color", "['size:1']"));
    assert_true(holds("NT color", "['colors']"));
    assert_true(holds("NT color", "[]"));
    assert_false(holds("NT color", "['size:1', 'color']"));
    assert_false(holds("NT color", "['color:red']"));
}

static void a_pair(void **state)
{
    (void)state;
    assert_true(holds("color EQ red", "['color:red']"));
    assert_true(holds("color EQ red", "['color:green', 'color:red']"));
    assert_true(holds("color:red", "['color:red']"));
    assert_true(holds("url:http://x", "['url:http://x']"));
    assert_true(holds("a EQ b:c", "['a:b:c']"));
    assert_false(holds("color EQ red", "['color:green']"));
    assert_false(holds("color EQ red", "['color']"));
    assert_false(holds("color EQ red", "['color:redder']"));
    assert_false(holds("color EQ red", "['size:red']"));
    assert_false(holds("color:red", "['color']"));
}

static void another_value(void **state)
{
    (void)state;
    assert_true(holds("color NE red", "['color:green']"));
    assert_true(holds("color NE red", "['color', 'color:green']"));
    assert_false(holds("color NE red", "['color:red']"));
    assert_false(holds("color NE red", "['color:green', 'color:red']"));
    assert_false(holds("color NE red", "['color']"));
    assert_false(holds("color NE red", "['size:1']"));
    assert_false(holds("color NE red", "[]"));
}

static void one_of_some_values(void **state)
{
    (void)state;
    assert_true(holds("color IN (red, green)", "['color:green']"));
    assert_true(holds("color IN (red,green)", "['color:red']"));
    assert_true(holds("color IN(red)", "['color:red']"));
    assert_true(holds("color IN ( red , green )", "['color:blue', 'color:green']"));
    assert_false(holds("color IN (red, green)", "['color:blue']"));
    assert_false(holds("color IN (red, green)", "['color']"));
    assert_false(holds("color IN (red, green)", "['size:red']"));
}

static void none_of_some_values(void **state)
{
    (void)state;
    assert_true(holds("color NI (red, green)", "['color:yellow']"));
    assert_true(holds("color NI (red, green)", "['color:blue', 'x']"));
    assert_false(holds("color NI (red, green)", "['color:red']"));
    assert_false(holds("color NI (red, green)", "['color:blue', 'color:green']"));
    assert_false(holds("color NI (red, green)", "['color']"));
    assert_false(holds("color NI (red, green)", "[]"));
}

static void one_expression_is_enough(void **state)
{
    static const char query[] = "color EQ red, size IN (1, 2) NT used\tcheap";

    (void)state;
    assert_true(holds(query, "['color:red', 'used']"));
    assert_true(holds(query, "['size:2', 'used']"));
    assert_true(holds(query, "['size:3']"));
    assert_true(holds(query, "['used', 'cheap:very']"));
    assert_false(holds(query, "['used', 'color:blue', 'size:3']"));
}

static void keywords_can_be_values(void **state)
{
    (void)state;
    assert_true(holds("a EQ EQ", "['a:EQ']"));
    assert_true(holds("EQ EQ x", "['EQ:x']"));
    assert_true(holds("NT NT", "['x']"));
    assert_false(holds("NT NT", "['NT']"));
}

static void labels_that_are_missing_or_damaged_have_no_keys(void **state)
{
    (void)state;
    assert_false(mln_label_query_holds(compile("a"), (struct mln_slice){ 0 }));
    assert_true(mln_label_query_holds(compile("NT a"), (struct mln_slice){ 0 }));
    assert_false(mln_label_query_holds(compile("a"), MLN_S("\x82\x61")));
    assert_false(holds("a", "[1, null, {'a': 1}]"));
}

static void refuses_what_is_no_query(void **state)
{
    (void)state;
    refuse("", "labelsQuery: expression expected before ''");
    refuse("  , ", "labelsQuery: expression expected before ''");
    refuse("NT", "labelsQuery: key expected before ''");
    refuse("color EQ", "labelsQuery: value expected before ''");
    refuse("color NE ,x", "labelsQuery: value expected before ',x'");
    refuse("color IN red", "labelsQuery: '(' expected before 'red'");
    refuse("color IN ()", "labelsQuery: value expected before ')'");
    refuse("color IN (red", "labelsQuery: ')' expected before ''");
    refuse("color IN (red green)", "labelsQuery: ')' expected before 'green)'");
    refuse("color NI (red,)", "labelsQuery: value expected before ')'");
    refuse("(color)", "labelsQuery: key expected before '(color)'");
    refuse("color)", "labelsQuery: key expected before ')'");
    refuse(":red", "labelsQuery: key and value expected before ''");
    refuse("color:", "labelsQuery: key and value expected before ''");
    refuse("NT a:b", "labelsQuery: key with a colon before ''");
    refuse("a:b EQ c", "labelsQuery: key with a colon before ''");
}

static void bounds_the_parts(void **state)
{
    char text[4 * MLN_FILTER_ENTRIES + 8] = "";
    struct mln_label_query *query = NULL;
    struct mln_fault fault = { 0 };
    size_t len = 0;

    (void)state;
    for (int i = 0; i < MLN_FILTER_ENTRIES; i++) {
        text[len++] = 'a';
        text[len++] = ' ';
    }
    (void)compile(text);
    text[len++] = 'b';
    assert_int_equal(mln_label_query_compile(mln_slice_of(text, len), arena, &query, &fault).code,
                     MLN_ERR_PARAM_INVALID);
    assert_string_equal(fault.text, "labelsQuery: too many parts before 'b'");
}

static void needs_memory(void **state)
{
    (void)state;
    for (size_t max = 0; max < 400; max += 16) {
        struct mln_arena *small = mln_arena_new(max);
        struct mln_label_query *query = NULL;
        mln_err err = mln_label_query_compile(MLN_S("a:b, c IN (d, e)"), small, &query, NULL);

        assert_true(mln_failed(err) ? err.code == MLN_ERR_NO_MEMORY && !query : query != NULL);
        assert_true(max > 0 || mln_failed(err));
        mln_arena_free(small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(a_key),
        T(no_key),
        T(a_pair),
        T(another_value),
        T(one_of_some_values),
        T(none_of_some_values),
        T(one_expression_is_enough),
        T(keywords_can_be_values),
        T(labels_that_are_missing_or_damaged_have_no_keys),
        T(refuses_what_is_no_query),
        T(bounds_the_parts),
        T(needs_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
