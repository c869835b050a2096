/* Tests of answers as the W3C writes them. */
#include "semantic/semantic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "semantic/test_graph.h"

static const char lamps[] = "<u:a> <u:p> 1 ; <u:q> \"x<\\\"&\\n\\u0001\"@de . <u:b> <u:p> 1 , 2 .";

static int set_up(void **state)
{
    (void)state;
    return test_graph_new(MLN_S(lamps));
}

struct answer {
    struct mln_buf out;
    bool is_partial;
};

static mln_err answer(const char *text, enum mln_results_form form, size_t room, struct answer *ret)
{
    struct mln_query *query;
    uint64_t steps;

    assert_int_equal(mln_query_read(&limits, mln_slice_z(text), arena, &query, NULL).code,
                     MLN_ERR_NONE);
    mln_buf_init(&ret->out, arena, room);
    return mln_graph_results(graph, query, form, &ret->out, &ret->is_partial, &steps);
}

static void check(const char *text, enum mln_results_form form, size_t room, bool is_partial,
                  const char *want)
{
    struct answer a;
    struct mln_slice got;

    assert_int_equal(answer(text, form, room, &a).code, MLN_ERR_NONE);
    assert_int_equal(mln_buf_finish(&a.out, &got).code, MLN_ERR_NONE);
    print_message("%.*s\n", MLN_S_ARG(got));
    assert_true(mln_slice_eq(got, mln_slice_z(want)));
    assert_int_equal(a.is_partial, is_partial);
}

static void json(const char *text, const char *want)
{
    check(text, MLN_RESULTS_JSON, SIZE_MAX, false, want);
}

#define VARS(vars, rows) "{\"head\":{\"vars\":[" vars "]},\"results\":{\"bindings\":[" rows "]}}"
#define INTEGER          "\"datatype\":\"http://www.w3.org/2001/XMLSchema#integer\""
#define URI(name, iri)   "\"" name "\":{\"type\":\"uri\",\"value\":\"" iri "\"}"

static void tables_in_json(void **state)
{
    (void)state;
    json("SELECT ?s { ?s <u:q> ?t }", VARS("\"s\"", "{" URI("s", "u:a") "}"));
    json("SELECT ?n ?s { ?s <u:p> ?n FILTER(?n = 2) }",
         VARS("\"n\",\"s\"",
              "{\"n\":{\"type\":\"literal\",\"value\":\"2\"," INTEGER "}," URI("s", "u:b") "}"));
    json("SELECT ?t { ?s <u:q> ?t }",
         VARS("\"t\"", "{\"t\":{\"type\":\"literal\",\"value\":\"x<\\\"&\\u000a\\u0001\","
                       "\"xml:lang\":\"de\"}}"));
    json("SELECT ?s ?t { ?s <u:p> 1 OPTIONAL { ?s <u:q> ?t FILTER(!bound(?s)) } }",
         VARS("\"s\",\"t\"", "{" URI("s", "u:a") "},{" URI("s", "u:b") "}"));
    json("SELECT ?s ?none { ?s <u:q> ?t } LIMIT 0", VARS("\"s\",\"none\"", ""));
}

static void rows_are_as_many_as_asked_for(void **state)
{
    (void)state;
    json("SELECT ?s { ?s <u:p> ?n }",
         VARS("\"s\"", "{" URI("s", "u:a") "},{" URI("s", "u:b") "},{" URI("s", "u:b") "}"));
    json("SELECT DISTINCT ?s { ?s <u:p> ?n }",
         VARS("\"s\"", "{" URI("s", "u:a") "},{" URI("s", "u:b") "}"));
    json("SELECT ?s { ?s <u:p> ?n } LIMIT 1", VARS("\"s\"", "{" URI("s", "u:a") "}"));
    json("SELECT ?s { { ?s <u:q> ?t } UNION { ?s <u:q> ?t } }",
         VARS("\"s\"", "{" URI("s", "u:a") "},{" URI("s", "u:a") "}"));
}

static void all_variables_of_patterns_can_be_selected(void **state)
{
    (void)state;
    json("SELECT * { ?s <u:q> _:b . [] <u:p> 2 FILTER(!bound(?f)) }",
         VARS("\"s\"", "{" URI("s", "u:a") "}"));
}

static void truth(void **state)
{
    (void)state;
    json("ASK { ?s <u:q> ?t }", "{\"head\":{},\"boolean\":true}");
    json("ASK { ?s <u:none> ?t }", "{\"head\":{},\"boolean\":false}");
    check("ASK {}", MLN_RESULTS_XML, SIZE_MAX, false,
          "<?xml version=\"1.0\"?><sparql xmlns=\"http://www.w3.org/2005/sparql-results#\"><head>"
          "</head><boolean>true</boolean></sparql>");
}

static void tables_in_xml(void **state)
{
    (void)state;
    check("SELECT ?s ?t { ?s <u:q> ?t }", MLN_RESULTS_XML, SIZE_MAX, false,
          "<?xml version=\"1.0\"?><sparql xmlns=\"http://www.w3.org/2005/sparql-results#\"><head>"
          "<variable name=\"s\"/><variable name=\"t\"/></head><results><result>"
          "<binding name=\"s\"><uri>u:a</uri></binding><binding name=\"t\">"
          "<literal xml:lang=\"de\">x&#60;&#34;&#38;&#10;\xef\xbf\xbd</literal></binding>"
          "</result></results></sparql>");
    check("SELECT ?n { ?s <u:p> ?n } LIMIT 1", MLN_RESULTS_XML, SIZE_MAX, false,
          "<?xml version=\"1.0\"?><sparql xmlns=\"http://www.w3.org/2005/sparql-results#\"><head>"
          "<variable name=\"n\"/></head><results><result><binding name=\"n\">"
          "<literal datatype=\"http://www.w3.org/2001/XMLSchema#integer\">1</literal></binding>"
          "</result></results></sparql>");
}

static void what_has_no_room_is_left_out(void **state)
{
    static const char two[] =
        VARS("\"s\"", "{" URI("s", "u:a") "},{" URI("s", "u:b") "},{" URI("s", "u:b") "}");
    static const char one[] = VARS("\"s\"", "{" URI("s", "u:a") "},{" URI("s", "u:b") "}");
    struct answer a;

    (void)state;
    check("SELECT ?s { ?s <u:p> ?n }", MLN_RESULTS_JSON, sizeof two - 1, false, two);
    check("SELECT ?s { ?s <u:p> ?n }", MLN_RESULTS_JSON, sizeof two - 2, true, one);
    check("SELECT ?s { ?s <u:p> ?n }", MLN_RESULTS_JSON, sizeof one, true, one);
    assert_int_equal(answer("SELECT ?s { ?s <u:p> ?n }", MLN_RESULTS_JSON, 20, &a).code,
                     MLN_ERR_LIMIT);
}

static void too_many_steps_leave_a_part(void **state)
{
    struct answer a;

    (void)state;
    limits.sparql_steps = 4;
    check("SELECT ?s { ?s <u:p> 1 }", MLN_RESULTS_JSON, SIZE_MAX, true,
          VARS("\"s\"", "{" URI("s", "u:a") "}"));
    check("SELECT ?s { ?s <u:p> 1 } LIMIT 1", MLN_RESULTS_JSON, SIZE_MAX, false,
          VARS("\"s\"", "{" URI("s", "u:a") "}"));
    assert_int_equal(answer("ASK { ?s <u:none> 1 }", MLN_RESULTS_JSON, SIZE_MAX, &a).code,
                     MLN_ERR_LIMIT);
    limits.sparql_steps = 1000;
    json("ASK { ?s <u:p> 1 }", "{\"head\":{},\"boolean\":true}");
}

/* Also those that are shown no second time. */
static void long_rows_cost_steps(void **state)
{
    static const char query[] =
        "SELECT DISTINCT ?a ?b ?c { <u:l> <u:p> ?a, ?b, ?c . ?s <u:p> ?n . ?t <u:p> ?m }";
    char text[4096];
    struct answer a;

    (void)state;
    (void)snprintf(text, sizeof text, "<u:l> <u:p> \"%03000d\" .", 0);
    assert_int_equal(mln_graph_add(graph, mln_slice_z(text), NULL).code, MLN_ERR_NONE);
    limits.sparql_steps = 300; /* 16 rows of 9000 bytes, and 40 triples of 4 steps */
    assert_int_equal(answer(query, MLN_RESULTS_JSON, SIZE_MAX, &a).code, MLN_ERR_NONE);
    assert_true(a.is_partial);
    limits.sparql_steps = 400;
    assert_int_equal(answer(query, MLN_RESULTS_JSON, SIZE_MAX, &a).code, MLN_ERR_NONE);
    assert_false(a.is_partial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tables_in_json, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_are_as_many_as_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_variables_of_patterns_can_be_selected, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(truth, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tables_in_xml, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_has_no_room_is_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_steps_leave_a_part, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_rows_cost_steps, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
