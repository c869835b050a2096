/* Tests of ORDER BY, OFFSET and LIMIT. SPARQL 1.1 15 */
#include "semantic/semantic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "semantic/test_graph.h"

#define XSD "http://www.w3.org/2001/XMLSchema#"

static const char things[] = "<u:a> <u:n> 10 ; <u:t> \"b\" ; <u:m> 1 ."
                             "<u:b> <u:n> 9.5 ; <u:t> \"B\" ; <u:m> 1 ."
                             "<u:c> <u:n> -1 ; <u:t> \"a\" ; <u:m> 2 ."
                             "<u:d> <u:n> 1e1 ; <u:m> 2 .";

static const char mixture[] =
    "<u:1> <u:v> \"2020-01-01T00:00:00Z\"^^<" XSD "dateTime> ."
    "<u:2> <u:v> \"x\"@de . <u:3> <u:v> true . <u:4> <u:v> \"text\" . <u:5> <u:v> 7 ."
    "<u:6> <u:v> <u:iri> . <u:7> <u:v> _:blank . <u:8> <u:v> \"NaN\"^^<" XSD "double> ."
    "<u:9> <u:v> false . <u:0> <u:v> \"2019-01-01T00:00:00Z\"^^<" XSD "dateTime> .";

static int set_up(void **state)
{
    (void)state;
    return test_graph_new(MLN_S(things));
}

static int set_up_mixture(void **state)
{
    (void)state;
    return test_graph_new(MLN_S(mixture));
}

/* The last characters of the values in the answer, in their order. */
static void assert_shows(const char *text, size_t room, bool is_partial, const char *want)
{
    struct mln_query *query;
    struct mln_buf out;
    struct mln_slice got;
    char values[64] = "";
    uint64_t steps;
    bool got_partial;

    assert_int_equal(mln_query_read(&limits, mln_slice_z(text), arena, &query, NULL).code,
                     MLN_ERR_NONE);
    mln_buf_init(&out, arena, room);
    assert_int_equal(
        mln_graph_results(graph, query, MLN_RESULTS_JSON, &out, &got_partial, &steps).code,
        MLN_ERR_NONE);
    mln_buf_byte(&out, '\0');
    assert_int_equal(mln_buf_finish(&out, &got).code, MLN_ERR_NONE);
    for (const char *at = got.ptr; (at = strstr(at, "\"value\":\"")) != NULL;) {
        const char *end = strchr(at + 9, '"');
        size_t len = strlen(values);

        assert_non_null(end);
        assert_true(len + 1 < sizeof values);
        values[len] = end[-1];
        values[len + 1] = '\0';
        at = end;
    }
    assert_string_equal(values, want);
    assert_int_equal(got_partial, is_partial);
}

static void shows(const char *text, const char *want)
{
    assert_shows(text, 1 << 20, false, want);
}

static void numbers_by_value(void **state)
{
    (void)state;
    shows("SELECT ?s { ?s <u:n> ?n } ORDER BY ?n", "cbad");
    shows("SELECT ?s { ?s <u:n> ?n } ORDER BY ASC(?n)", "cbad");
    shows("SELECT ?s { ?s <u:n> ?n } ORDER BY DESC(?n)", "adbc"); /* 10 and 1e1 as found */
}

static void texts_and_those_without(void **state)
{
    (void)state;
    shows("SELECT ?s { ?s <u:n> ?n OPTIONAL { ?s <u:t> ?t } } ORDER BY ?t", "dbca");
    shows("SELECT ?s { ?s <u:n> ?n OPTIONAL { ?s <u:t> ?t } } order by desc(?t)", "acbd");
    shows("SELECT ?s { ?s <u:t> ?t } ORDER BY ?none", "abc");
}

static void one_condition_after_the_other(void **state)
{
    (void)state;
    shows("SELECT ?s { ?s <u:m> ?m ; <u:n> ?n } ORDER BY DESC(?m) ?n", "cdba");
    shows("SELECT ?s { ?s <u:m> ?m ; <u:n> ?n } ORDER BY ?m DESC(?n)", "abdc");
}

static void by_expressions(void **state)
{
    (void)state;
    shows("SELECT ?s { ?s <u:n> ?n } ORDER BY (?n > 9.7) DESC(str(?s))", "cbda");
    shows("SELECT ?s { ?s <u:n> ?n } ORDER BY str(?s)", "abcd");
}

static void parts(void **state)
{
    (void)state;
    shows("SELECT ?s { ?s <u:n> ?n } ORDER BY ?n LIMIT 2", "cb");
    shows("SELECT ?s { ?s <u:n> ?n } ORDER BY ?n LIMIT 2 OFFSET 1", "ba");
    shows("SELECT ?s { ?s <u:n> ?n } ORDER BY ?n OFFSET 3 LIMIT 2", "d");
    shows("SELECT ?s { ?s <u:n> ?n } ORDER BY ?n OFFSET 4", "");
    shows("SELECT ?s { ?s <u:n> ?n } OFFSET 1 LIMIT 2", "bc");
    shows("SELECT ?s { ?s <u:n> ?n } OFFSET 0", "abcd");
    shows("SELECT ?s { ?s <u:n> ?n } OFFSET 1 LIMIT 0", "");
}

/* Equal rows are one before the offset is counted. */
static void distinct_rows(void **state)
{
    (void)state;
    shows("SELECT DISTINCT ?m { ?s <u:m> ?m } ORDER BY DESC(?m)", "21");
    shows("SELECT DISTINCT ?m { ?s <u:m> ?m } OFFSET 1", "2");
    shows("SELECT DISTINCT ?m { ?s <u:m> ?m ; <u:n> ?n } ORDER BY ?n", "21");
}

/* Nothing, blank nodes, IRIs, numbers, texts, truths, times, others. */
static void kinds_of_values(void **state)
{
    (void)state;
    shows("SELECT ?s { ?s <u:v> ?v } ORDER BY ?v", "7658493012");
    shows("SELECT ?s { ?s <u:v> ?v } ORDER BY DESC(?v)", "2103948567");
}

static void within_the_room(void **state)
{
    (void)state;
    assert_shows("SELECT ?s { ?s <u:n> ?n } ORDER BY DESC(?n)", 400, true, "ab");
    assert_shows("SELECT ?s { ?s <u:n> ?n } ORDER BY DESC(?n)", 4000, false, "adbc");
}

static void within_the_steps(void **state)
{
    (void)state;
    limits.sparql_steps = 20;
    shows("SELECT ?s { ?s <u:n> ?n }", "abcd");
    assert_shows("SELECT ?s { ?s <u:n> ?n } ORDER BY ?n", 1 << 20, true, "cba");
}

static void an_answer_needs_no_order(void **state)
{
    struct mln_query *query;
    uint64_t steps;
    bool holds = false;

    (void)state;
    assert_int_equal(mln_query_read(&limits, MLN_S("ASK { ?s <u:n> ?n } ORDER BY ?n LIMIT 1"),
                                    arena, &query, NULL)
                         .code,
                     MLN_ERR_NONE);
    assert_int_equal(mln_graph_ask(graph, query, &holds, &steps).code, MLN_ERR_NONE);
    assert_true(holds && !mln_query_has_offset(query));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_by_value, set_up, tear_down),
        cmocka_unit_test_setup_teardown(texts_and_those_without, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_condition_after_the_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(by_expressions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(distinct_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(kinds_of_values, set_up_mixture, tear_down),
        cmocka_unit_test_setup_teardown(within_the_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(within_the_steps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_needs_no_order, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("semantic/sort", tests, NULL, NULL);
}
