/* Tests of contentFilterQuery. */
#include "model/content_query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/test_arena.h"
#include "model/filter.h"
#include "model/test_json.h"

static bool holds(const char *text, const char *content)
{
    struct mln_content_query *query = NULL;
    struct mln_fault fault = { 0 };

    if (mln_failed(mln_content_query_compile(mln_slice_z(text), arena, &query, &fault))) {
        fail_msg("%s", fault.text);
    }
    return mln_content_query_holds(query, test_json(content, arena));
}

static void refuse(const char *text, const char *what)
{
    struct mln_content_query *query = NULL;
    struct mln_fault fault = { 0 };

    assert_int_equal(mln_content_query_compile(mln_slice_z(text), arena, &query, &fault).code,
                     MLN_ERR_PARAM_INVALID);
    assert_null(query);
    assert_string_equal(fault.text, what);
}

static void follows_paths(void **state)
{
    static const char content[] =
        "{'a': {'b': [10, {'c': 'x'}]}, 'my key': 1, 'x.y': 2, '$': 3, '': 4, 'q]': 5}";

    (void)state;
    assert_true(holds("$.a.b[0] EQ 10", content));
    assert_true(holds("$.a.b[1].c EQ x", content));
    assert_true(holds("$.\"my key\" EQ 1", content));
    assert_true(holds("$.\"x.y\" EQ 2", content));
    assert_true(holds("$.\"$\" EQ 3", content));
    assert_true(holds("$.\"\" EQ 4", content));
    assert_true(holds("$.\"q]\" EQ 5", content));
    assert_true(holds("$ EQ 7", "7"));
    assert_true(holds("$[1] EQ 2", "[1, 2]"));
    assert_true(holds("$[0][1] EQ 2", "[[1, 2]]"));
    assert_false(holds("$.x.y EQ 2", content));
    assert_false(holds("$.A.b[0] EQ 10", content));
}

static void names_may_hold_quotes_and_backslashes(void **state)
{
    (void)state;
    assert_true(holds("$.\"a\\\"b\" EQ 1", "{'a\"b': 1}"));
    assert_true(holds("$.\"a\\\\b\" EQ 1", "{'a\\b': 1}"));
    assert_true(holds("$.a EQ \"say \\\"yes\\\"\"", "{'a': 'say \"yes\"'}"));
}

/* What is not there, or is an object or array, satisfies nothing, not even NE. */
static void nothing_holds_for_what_is_missing(void **state)
{
    static const char *const paths[] = { "$.x",    "$.a.b", "$.a[0]",
                                         "$.l[2]", "$.o",   "$.l",
                                         "$",      "$[0]",  "$.l[18446744073709551615]" };
    static const char *const rests[] = { "EQ 1", "NE 1", "GT 0",       "LT 9",
                                         "GE 0", "LE 9", "MATCH \"\"", "NE \"x\"" };

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        for (size_t j = 0; j < sizeof rests / sizeof rests[0]; j++) {
            char query[64];

            (void)snprintf(query, sizeof query, "%s %s", paths[i], rests[j]);
            assert_false(holds(query, "{'a': 1, 'l': [1, 2], 'o': {}}"));
        }
    }
}

static void compares_numbers(void **state)
{
    static const struct {
        const char *operator;
        bool less, equal, greater;
    } rows[] = {
        { "EQ", false, true, false }, { "NE", true, false, true }, { "GT", false, false, true },
        { "LT", true, false, false }, { "GE", false, true, true }, { "LE", true, true, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char query[64];

        (void)snprintf(query, sizeof query, "$.t %s 21.5", rows[i].operator);
        assert_int_equal(holds(query, "{'t': 21.49}"), rows[i].less);
        assert_int_equal(holds(query, "{'t': -30}"), rows[i].less);
        assert_int_equal(holds(query, "{'t': 21.50}"), rows[i].equal);
        assert_int_equal(holds(query, "{'t': 2150e-2}"), rows[i].equal);
        assert_int_equal(holds(query, "{'t': 22}"), rows[i].greater);
        assert_int_equal(holds(query, "{'t': 18446744073709551616}"), rows[i].greater);
    }
    assert_false(holds("$.t EQ 9007199254740993", "{'t': 9007199254740992}"));
    assert_true(holds("$.t GT -5", "{'t': -4}"));
    assert_false(holds("$.t GT -5", "{'t': -6}"));
}

static void compares_texts(void **state)
{
    (void)state;
    assert_true(holds("$.s EQ on", "{'s': 'on'}"));
    assert_true(holds("$.s EQ \"on\"", "{'s': 'on'}"));
    assert_false(holds("$.s EQ ON", "{'s': 'on'}"));
    assert_true(holds("$.s NE off", "{'s': 'on'}"));
    assert_false(holds("$.s NE on", "{'s': 'on'}"));
    assert_true(holds("$.s EQ \"two words\"", "{'s': 'two words'}"));
    assert_true(holds("$.s EQ \"\"", "{'s': ''}"));
    assert_false(holds("$.s GT 1", "{'s': '2'}"));
    assert_false(holds("$.s LE 3", "{'s': '2'}"));
}

static void searches_in_texts(void **state)
{
    (void)state;
    assert_true(holds("$.s MATCH leak", "{'s': 'a leak here'}"));
    assert_true(holds("$.s MATCH \"leak here\"", "{'s': 'a leak here'}"));
    assert_true(holds("$.s MATCH \"\"", "{'s': ''}"));
    assert_true(holds("$.s MATCH 5", "{'s': '155'}"));
    assert_false(holds("$.s MATCH Leak", "{'s': 'a leak here'}"));
    assert_false(holds("$.s MATCH leak", "{'s': 'lea'}"));
    assert_false(holds("$.s MATCH 5", "{'s': 5}"));
    assert_false(holds("$.s MATCH true", "{'s': true}"));
}

/* A number in quotes is a text; one without compares with both. */
static void tells_texts_from_numbers(void **state)
{
    (void)state;
    assert_true(holds("$.v EQ 5", "{'v': 5}"));
    assert_true(holds("$.v EQ 5", "{'v': '5'}"));
    assert_false(holds("$.v EQ 5", "{'v': '5.0'}"));
    assert_false(holds("$.v EQ \"5\"", "{'v': 5}"));
    assert_true(holds("$.v NE \"5\"", "{'v': 5}"));
    assert_true(holds("$.v NE x", "{'v': 5}"));
    assert_false(holds("$.v EQ x", "{'v': 5}"));
}

static void compares_words(void **state)
{
    (void)state;
    assert_true(holds("$.v EQ true", "{'v': true}"));
    assert_false(holds("$.v EQ true", "{'v': false}"));
    assert_true(holds("$.v NE true", "{'v': false}"));
    assert_false(holds("$.v NE true", "{'v': true}"));
    assert_false(holds("$.v EQ \"true\"", "{'v': true}"));
    assert_true(holds("$.v EQ null", "{'v': null}"));
    assert_false(holds("$.v NE null", "{'v': null}"));
    assert_false(holds("$.v GT 0", "{'v': true}"));
    assert_true(holds("$.v EQ true", "{'v': 'true'}"));
}

static void and_binds_closer_than_or(void **state)
{
    (void)state;
    for (int n = 0; n < 16; n++) {
        bool a = n & 1;
        bool b = n & 2;
        bool c = n & 4;
        bool d = n & 8;
        char content[64];

        (void)snprintf(content, sizeof content, "{'a': %d, 'b': %d, 'c': %d, 'd': %d}", a, b, c, d);
        assert_int_equal(holds("$.a EQ 1 AND $.b EQ 1 OR $.c EQ 1 AND $.d EQ 1", content),
                         (a && b) || (c && d));
        assert_int_equal(holds("$.a EQ 1 OR $.b EQ 1 AND $.c EQ 1 OR $.d EQ 1", content),
                         a || (b && c) || d);
        assert_int_equal(holds("$.a EQ 1 AND $.b EQ 1 AND $.c EQ 1 AND $.d EQ 1", content),
                         a && b && c && d);
        assert_int_equal(holds("$.a EQ 1 OR $.b EQ 1 OR $.c EQ 1 OR $.d EQ 1", content),
                         a || b || c || d);
    }
}

static void blanks_may_be_many(void **state)
{
    (void)state;
    assert_true(holds("  $.a   EQ   1   AND   $.b   EQ   \"x\"   ", "{'a': 1, 'b': 'x'}"));
}

static void refuses_what_is_no_query(void **state)
{
    (void)state;
    refuse("", "contentFilterQuery: '$' expected before ''");
    refuse("a EQ 1", "contentFilterQuery: '$' expected before 'a EQ 1'");
    refuse("$", "contentFilterQuery: blank expected before ''");
    refuse("$a EQ 1", "contentFilterQuery: blank expected before 'a EQ 1'");
    refuse("$. EQ 1", "contentFilterQuery: name expected before ' EQ 1'");
    refuse("$..a EQ 1", "contentFilterQuery: name expected before '.a EQ 1'");
    refuse("$.a$ EQ 1", "contentFilterQuery: blank expected before '$ EQ 1'");
    refuse("$.\"a EQ 1", "contentFilterQuery: quote without end before '\"a EQ 1'");
    refuse("$.\"a\\\" EQ 1", "contentFilterQuery: quote without end before '\"a\\\" EQ 1'");
    refuse("$.a[ EQ 1", "contentFilterQuery: number and ']' expected before ' EQ 1'");
    refuse("$.a[] EQ 1", "contentFilterQuery: number and ']' expected before '] EQ 1'");
    refuse("$.a[-1] EQ 1", "contentFilterQuery: number and ']' expected before '-1] EQ 1'");
    refuse("$.a[x] EQ 1", "contentFilterQuery: number and ']' expected before 'x] EQ 1'");
    refuse("$.a[18446744073709551616] EQ 1",
           "contentFilterQuery: number and ']' expected before '18446744073709551616] EQ 1'");
    refuse("$.a", "contentFilterQuery: blank expected before ''");
    refuse("$.a ", "contentFilterQuery: operator expected before ''");
    refuse("$.a = 1", "contentFilterQuery: operator expected before ' 1'");
    refuse("$.a eq 1", "contentFilterQuery: operator expected before ' 1'");
    refuse("$.a EQ", "contentFilterQuery: value expected before ''");
    refuse("$.a EQ \"x", "contentFilterQuery: quote without end before '\"x'");
    refuse("$.a GT x", "contentFilterQuery: number expected before ''");
    refuse("$.a LE \"5\"", "contentFilterQuery: number expected before ''");
    refuse("$.a EQ 1 AND", "contentFilterQuery: '$' expected before ''");
    refuse("$.a EQ 1 XOR $.b EQ 1", "contentFilterQuery: AND or OR expected before ' $.b EQ 1'");
    refuse("$.a EQ 1 $.b EQ 1", "contentFilterQuery: AND or OR expected before ' EQ 1'");
    refuse("$.a EQ \"x\"AND $.b EQ 1", "contentFilterQuery: AND or OR expected before ' $.b EQ 1'");
    refuse("($.a EQ 1)", "contentFilterQuery: '$' expected before '($.a EQ 1)'");
}

static void bounds_the_parts(void **state)
{
    struct mln_buf out;
    struct mln_slice text = { 0 };
    struct mln_content_query *query = NULL;
    struct mln_fault fault = { 0 };

    (void)state;
    mln_buf_init(&out, arena, 1 << 20);
    mln_buf_byte(&out, '$');
    for (int i = 0; i < MLN_FILTER_ENTRIES; i++) {
        mln_buf_add(&out, MLN_S(".a"));
    }
    mln_buf_add(&out, MLN_S(" EQ 1"));
    assert_int_equal(mln_buf_finish(&out, &text).code, MLN_ERR_NONE);
    assert_int_equal(mln_content_query_compile(text, arena, &query, &fault).code,
                     MLN_ERR_PARAM_INVALID);
    assert_string_equal(fault.text, "contentFilterQuery: too many parts before 'a EQ 1'");
}

static void needs_memory(void **state)
{
    (void)state;
    for (size_t max = 0; max < 600; max += 16) {
        struct mln_arena *small = mln_arena_new(max);
        struct mln_content_query *query = NULL;
        mln_err err =
            mln_content_query_compile(MLN_S("$.a[0] EQ \"x\\\"\" AND $ GT 1"), small, &query, NULL);

        assert_true(mln_failed(err) ? err.code == MLN_ERR_NO_MEMORY && !query : query != NULL);
        assert_true(max > 0 || mln_failed(err));
        mln_arena_free(small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(follows_paths),
        T(names_may_hold_quotes_and_backslashes),
        T(nothing_holds_for_what_is_missing),
        T(compares_numbers),
        T(compares_texts),
        T(searches_in_texts),
        T(tells_texts_from_numbers),
        T(compares_words),
        T(and_binds_closer_than_or),
        T(blanks_may_be_many),
        T(refuses_what_is_no_query),
        T(bounds_the_parts),
        T(needs_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
