/* Tests of answers. */
#include "semantic/semantic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "semantic/test_graph.h"

#define XSD "http://www.w3.org/2001/XMLSchema#"

static const char house[] =
    "@prefix h: <http://h/> .\n"
    "h:lamp a h:Light ; h:in h:kitchen ; h:watts 40 ; h:since "
    "\"2024-05-01T00:00:00\"^^<http://www.w3.org/2001/XMLSchema#dateTime> ;\n"
    "  h:name \"Lampe\"@de ; h:by _:m ; h:on true ; h:odd \"x\"^^<u:t> .\n"
    "h:oven a h:Heater ; h:in h:kitchen ; h:watts 2000.5 ; h:same h:same .\n"
    "_:m h:name \"maker\" .\n";

static int set_up(void **state)
{
    (void)state;
    return test_graph_new(MLN_S(house));
}

static mln_err ask_text(const char *text, bool *ret, uint64_t *ret_steps)
{
    struct mln_query *query;

    assert_int_equal(mln_query_read(&limits, mln_slice_z(text), arena, &query, NULL).code,
                     MLN_ERR_NONE);
    return mln_graph_ask(graph, query, ret, ret_steps);
}

/* ASK { `pattern` }, with the prefix h: */
static bool holds(const char *pattern)
{
    char text[1024];
    uint64_t steps;
    bool ret;

    (void)snprintf(text, sizeof text, "PREFIX h: <http://h/> ASK { %s }", pattern);
    assert_int_equal(ask_text(text, &ret, &steps).code, MLN_ERR_NONE);
    return ret;
}

static bool filter(const char *pattern, const char *expression)
{
    char text[512];

    (void)snprintf(text, sizeof text, "%s FILTER(%s)", pattern, expression);
    return holds(text);
}

static void patterns(void **state)
{
    (void)state;
    assert_true(holds("?x a h:Light"));
    assert_false(holds("?x a h:Pump"));
    assert_true(holds("?x a h:Heater ; h:in ?r . ?y a h:Light ; h:in ?r"));
    assert_false(holds("?x a h:Heater , h:Light"));
    assert_true(holds("h:lamp h:watts 40"));
    assert_false(holds("h:lamp h:watts 41"));
    assert_true(holds("h:lamp h:by [ h:name \"maker\" ]"));
    assert_true(holds("h:lamp h:by _:x . _:x h:name ?n"));
    assert_false(holds("h:lamp h:name \"Lampe\""));
    assert_true(holds("h:lamp h:name \"Lampe\"@DE"));
    assert_true(holds(""));
}

static void one_variable_twice_is_one_thing(void **state)
{
    (void)state;
    assert_true(holds("?s ?p ?p"));
    assert_false(holds("?s ?p ?s"));
    assert_false(holds("?s ?s ?o"));
    assert_false(holds("?s ?s ?s"));
    assert_int_equal(mln_graph_add(graph, MLN_S("<u:y> <u:y> <u:y> ."), NULL).code, MLN_ERR_NONE);
    assert_true(holds("?s ?s ?s"));
}

static void unions_and_options(void **state)
{
    (void)state;
    assert_true(holds("{ ?x a h:Pump } UNION { ?x a h:Heater }"));
    assert_false(holds("{ ?x a h:Pump } UNION { ?x a h:Tank }"));
    assert_false(holds("{ ?x a h:Light } UNION { ?x a h:Heater } ?x h:watts 5"));
    assert_true(holds("{ ?x a h:Light } UNION { ?x a h:Heater } ?x h:watts 2000.5"));
    assert_true(holds("?x a h:Light OPTIONAL { ?x h:none ?n }"));
    assert_true(holds("?x a h:Light OPTIONAL { ?x h:none ?n } FILTER(!bound(?n))"));
    /* with a solution of its own the option binds, whatever comes of it */
    assert_false(holds("?x a h:Light OPTIONAL { ?x h:watts ?n } FILTER(!bound(?n))"));
    assert_true(holds("?x a h:Light OPTIONAL { ?x h:watts ?n FILTER(?n > 50) } "
                      "FILTER(!bound(?n))"));
    assert_true(holds("OPTIONAL { ?x h:none ?n } ?x h:watts 40"));
    assert_false(holds("OPTIONAL { ?x h:watts ?n } ?x a h:Pump"));
    /* a filter is of its own group */
    assert_false(holds("?x h:watts ?n { ?y a h:Light FILTER(?z > 1) }"));
}

static void comparisons(void **state)
{
    static const char w[] = "h:lamp h:watts ?w .";

    (void)state;
    assert_true(filter(w, "?w = 40.0"));
    assert_true(filter(w, "?w != 41"));
    assert_true(filter(w, "?w < 4.1e1 && ?w > 39 && ?w <= 40 && ?w >= 40"));
    assert_false(filter(w, "?w < 40 || ?w > 40"));
    assert_true(filter(w, "?w IN (1, 40)"));
    assert_false(filter(w, "?w NOT IN (1, 40)"));
    assert_false(filter(w, "?w < \"50\""));
    assert_false(filter(w, "?w = \"40\" || ?w != \"40\"")); /* who knows */
    assert_false(filter(w, "!(?w < \"50\")"));              /* an error, not false */
    assert_true(filter(w, "?w < \"50\" || ?w = 40"));
    assert_false(filter(w, "?w < \"50\" && ?w = 40"));
    assert_false(filter(w, "?none = 1"));
    assert_true(filter("h:lamp h:on ?o .", "?o"));
    assert_false(filter("h:lamp h:on ?o .", "!?o"));
    assert_true(filter("h:lamp h:on ?o .", "?o = true"));
    assert_true(filter(w, "?w"));
    assert_false(filter("h:lamp h:odd ?o .", "?o"));
    assert_true(filter("h:lamp h:odd ?o .", "?o = \"x\"^^<u:t>"));
    assert_false(filter("h:lamp h:odd ?o .", "?o != \"y\"^^<u:t>"));
    assert_true(filter("h:lamp h:on ?o .", "?o = \"1\"^^<" XSD "boolean>"));
    assert_true(filter("h:lamp h:on ?o .", "?o > false && ?o != false"));
    assert_true(filter("h:lamp h:name ?n .", "?n != \"Lampe\" && ?n != <u:x>"));
    assert_true(filter("h:lamp h:since ?t .", "?t > \"2023-12-31T00:00:00\"^^"
                                              "<http://www.w3.org/2001/XMLSchema#dateTime>"));
    assert_true(filter("", "\"10:00:00Z\"^^<" XSD "time> < \"10:00:00.5Z\"^^<" XSD "time>"));
    assert_true(filter("", "\"2024-05-01+01:00\"^^<" XSD "date> != "
                           "\"2024-05-02+01:00\"^^<" XSD "date>"));
    assert_false(filter("", "\"10:00:00Z\"^^<" XSD "time> != "
                            "\"10:00:00+01:00\"^^<" XSD "time>")); /* not compared */
    assert_true(filter("?x h:name ?n .", "?n > \"a\" && ?n < \"z\""));
}

static void functions(void **state)
{
    static const char n[] = "h:lamp h:name ?n .";

    (void)state;
    assert_true(filter(n, "contains(str(?n), \"amp\") && strstarts(?n, \"La\")"));
    assert_true(filter(n, "strends(?n, \"pe\") && lang(?n) = \"de\""));
    assert_false(filter(n, "contains(?n, \"amq\") || strstarts(?n, \"a\") || strends(?n, \"p\")"));
    assert_true(filter(n, "langMatches(lang(?n), \"DE\") && langMatches(lang(?n), \"*\")"));
    assert_false(filter(n, "langMatches(lang(?n), \"en\") || langMatches(lang(?n), \"d\")"));
    assert_true(filter(n, "isLiteral(?n) && !isIRI(?n) && !isBlank(?n) && !isNumeric(?n)"));
    assert_true(filter("h:lamp h:by ?m .", "isBlank(?m) && !isURI(?m)"));
    assert_false(filter("h:lamp h:by ?m .", "str(?m) = \"\""));
    assert_true(filter("h:lamp h:in ?k .", "isIRI(?k) && strends(str(?k), \"kitchen\")"));
    assert_true(filter("h:lamp h:watts ?w .", "isNumeric(?w) && datatype(?w) = "
                                              "<http://www.w3.org/2001/XMLSchema#integer>"));
    assert_true(filter("h:lamp h:watts ?w .", "?w = 40.0 && !sameTerm(?w, 40.0)"));
}

static void descriptions_add_up_but_not_their_blank_nodes(void **state)
{
    (void)state;
    assert_int_equal(mln_graph_add(graph, MLN_S("_:b <u:p> 1 ."), NULL).code, MLN_ERR_NONE);
    assert_int_equal(mln_graph_add(graph, MLN_S("_:b <u:q> 2 ."), NULL).code, MLN_ERR_NONE);
    assert_true(holds("?x <u:p> 1 . ?y <u:q> 2"));
    assert_false(holds("?x <u:p> 1 ; <u:q> 2"));
}

static void steps_are_bounded(void **state)
{
    static const char unions[] =
        "ASK { {} UNION {} {} UNION {} {} UNION {} {} UNION {} {} UNION {} {} UNION {} {} UNION {} "
        "{} UNION {} {} UNION {} {} UNION {} {} UNION {} {} UNION {} {} UNION {} ?s <u:none> ?t }";
    static const char *const costly[] = {
        "ASK { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o . ?p ?q ?r . ?s <u:none> ?t }",
        unions,
        "ASK { ?a ?b ?c . ?d ?e ?f FILTER(?a = 1 || ?a = 2 || ?a = 3 || ?a = 4 || ?a = 5) }",
    };
    uint64_t steps;
    bool ret;

    (void)state;
    limits.sparql_steps = 1000;
    for (size_t i = 0; i < sizeof costly / sizeof costly[0]; i++) {
        assert_int_equal(ask_text(costly[i], &ret, &steps).code, MLN_ERR_LIMIT);
        assert_in_range(steps, 1000, 1100);
    }
}

static void constants_cost_steps_too(void **state)
{
    char text[4096];
    uint64_t few;
    uint64_t more;
    bool ret;

    (void)state;
    assert_int_equal(ask_text("ASK { ?a ?b ?c FILTER(contains(\"\", \"y\")) }", &ret, &few).code,
                     MLN_ERR_NONE);
    (void)snprintf(text, sizeof text, "ASK { ?a ?b ?c FILTER(contains(\"%03000d\", \"y\")) }", 0);
    assert_int_equal(ask_text(text, &ret, &more).code, MLN_ERR_NONE);
    assert_in_range(more, 2 * few, 4 * few);
}

static void data_types_and_languages_cost_steps_too(void **state)
{
    static const char *const forms[][2] = { { "^^<u:", ">" }, { "@x", "" } };

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char text[4096];
        uint64_t few;
        uint64_t more;
        bool ret;

        mln_graph_free(graph);
        assert_int_equal(mln_graph_new(&limits, &graph).code, MLN_ERR_NONE);
        (void)snprintf(text, sizeof text, "<u:s> <u:p> \"x\"%s%03000d%s .", forms[i][0], 0,
                       forms[i][1]);
        assert_int_equal(mln_graph_add(graph, MLN_S("<u:s> <u:p> 1 ."), NULL).code, MLN_ERR_NONE);
        assert_int_equal(ask_text("ASK { ?a ?b 2 }", &ret, &few).code, MLN_ERR_NONE);
        assert_int_equal(mln_graph_add(graph, mln_slice_z(text), NULL).code, MLN_ERR_NONE);
        assert_int_equal(ask_text("ASK { ?a ?b 2 }", &ret, &more).code, MLN_ERR_NONE);
        assert_in_range(more, 3 * few, 6 * few);
    }
}

static void origins_of_solutions(void **state)
{
    static const char text[] = "PREFIX h: <http://h/> ASK { ?x h:in ?r . ?r h:floor ?f }";
    bool documents[4] = { false };
    struct mln_query *query;
    uint64_t steps;

    (void)state;
    assert_int_equal(mln_graph_add(graph, MLN_S(""), NULL).code, MLN_ERR_NONE);
    assert_int_equal(
        mln_graph_add(graph, MLN_S("<http://h/kitchen> <http://h/floor> 2 ."), NULL).code,
        MLN_ERR_NONE);
    assert_int_equal(mln_graph_add(graph, MLN_S("<http://h/hall> <http://h/floor> 2 ."), NULL).code,
                     MLN_ERR_NONE);
    assert_int_equal(mln_query_read(&limits, MLN_S(text), arena, &query, NULL).code, MLN_ERR_NONE);
    assert_true(mln_graph_origins(graph, query, documents, &steps));
    assert_true(documents[0] && documents[2]);
    assert_false(documents[1] || documents[3]);
    limits.sparql_steps = 5;
    assert_false(mln_graph_origins(graph, query, documents, &steps));
}

static void no_solutions_are_asked_for(void **state)
{
    uint64_t steps;
    bool ret;

    (void)state;
    assert_int_equal(ask_text("SELECT ?s { ?s ?p ?o } LIMIT 0", &ret, &steps).code, MLN_ERR_NONE);
    assert_false(ret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(patterns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_variable_twice_is_one_thing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unions_and_options, set_up, tear_down),
        cmocka_unit_test_setup_teardown(comparisons, set_up, tear_down),
        cmocka_unit_test_setup_teardown(functions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(descriptions_add_up_but_not_their_blank_nodes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(steps_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(constants_cost_steps_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(data_types_and_languages_cost_steps_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(origins_of_solutions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_solutions_are_asked_for, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
