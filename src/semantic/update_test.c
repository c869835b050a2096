/* Tests of updates. SPARQL 1.1 Update 3.1 */
#include "semantic/semantic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "semantic/test_graph.h"

#define XSD "http://www.w3.org/2001/XMLSchema#"

static int set_up(void **state)
{
    (void)state;
    return test_graph_new(MLN_S(""));
}

static enum mln_err_code read_update(const char *text)
{
    struct mln_update *u;
    struct mln_fault fault = { 0 };

    return mln_update_read(&limits, mln_slice_z(text), arena, &u, &fault).code;
}

static enum mln_err_code apply(const char *before, const char *update, struct mln_slice *ret)
{
    struct mln_update *u;
    uint64_t steps;

    assert_int_equal(mln_update_read(&limits, mln_slice_z(update), arena, &u, NULL).code,
                     MLN_ERR_NONE);
    return mln_update_apply(&limits, mln_slice_z(before), u, arena, ret, &steps).code;
}

static void becomes(const char *before, const char *update, const char *after)
{
    struct mln_slice got;

    assert_int_equal(apply(before, update, &got), MLN_ERR_NONE);
    print_message("%.*s\n", MLN_S_ARG(got));
    assert_true(mln_slice_eq(got, mln_slice_z(after)));
}

static void data(void **state)
{
    (void)state;
    becomes("", "INSERT DATA { <u:a> <u:p> <u:b> , \"x\"@EN }",
            "<u:a> <u:p> <u:b> .\n<u:a> <u:p> \"x\"@en .\n");
    becomes("@prefix u: <u:> . u:a u:p 1 , 2 .", "PREFIX u: <u:> DELETE DATA { u:a u:p 1 }",
            "<u:a> <u:p> \"2\"^^<" XSD "integer> .\n");
    becomes("<u:a> <u:p> 1 .", "DELETE DATA { <u:a> <u:p> 1 , 3 }", "");
    becomes("<u:a> <u:p> <u:b> .", "INSERT DATA { <u:a> <u:p> <u:b> , <u:c> }",
            "<u:a> <u:p> <u:b> .\n<u:a> <u:p> <u:c> .\n");
    becomes("<u:a> <u:p> <u:b> , <u:b> .", "INSERT DATA {}", "<u:a> <u:p> <u:b> .\n");
}

static void by_patterns(void **state)
{
    static const char before[] = "<u:a> <u:on> true ; <u:p> <u:x> . <u:b> <u:p> <u:y> .";

    (void)state;
    becomes(before, "DELETE WHERE { ?s <u:on> ?v }", "<u:a> <u:p> <u:x> .\n<u:b> <u:p> <u:y> .\n");
    becomes(before, "DELETE { ?s <u:p> ?v } INSERT { ?v <u:of> ?s } WHERE { ?s <u:p> ?v }",
            "<u:a> <u:on> \"true\"^^<" XSD "boolean> .\n"
            "<u:x> <u:of> <u:a> .\n<u:y> <u:of> <u:b> .\n");
    becomes(before, "DELETE { ?s <u:p> ?v } WHERE { ?s <u:p> ?v ; <u:on> true }",
            "<u:a> <u:on> \"true\"^^<" XSD "boolean> .\n<u:b> <u:p> <u:y> .\n");
    becomes(before, "DELETE { <u:b> ?p ?v } WHERE { <u:none> ?p ?v }",
            "<u:a> <u:on> \"true\"^^<" XSD "boolean> .\n"
            "<u:a> <u:p> <u:x> .\n<u:b> <u:p> <u:y> .\n");
}

/* What a solution binds may be no subject or predicate, or nothing. */
static void what_is_no_triple_is_left_out(void **state)
{
    (void)state;
    becomes("<u:a> <u:p> \"x\" .", "INSERT { ?o <u:of> ?s } WHERE { ?s <u:p> ?o }",
            "<u:a> <u:p> \"x\" .\n");
    becomes("<u:a> <u:p> _:n .", "INSERT { <u:a> ?o 1 . <u:a> <u:q> ?none } WHERE { ?s <u:p> ?o }",
            "<u:a> <u:p> _:n .\n");
}

static void what_is_removed_and_added_is_there(void **state)
{
    (void)state;
    becomes("<u:a> <u:p> <u:b> .",
            "DELETE { ?s ?p ?o } INSERT { <u:a> <u:p> <u:b> } WHERE { ?s ?p ?o }",
            "<u:a> <u:p> <u:b> .\n");
}

/* Each solution has its own, and names are never taken twice. */
static void blank_nodes(void **state)
{
    struct mln_slice got;
    struct mln_slice again;

    (void)state;
    becomes("<u:a> <u:p> [ <u:q> _:b4 ] .", "INSERT DATA {}",
            "_:b5 <u:q> _:b4 .\n<u:a> <u:p> _:b5 .\n");
    becomes("_:x <u:p> <u:b> .",
            "DELETE { ?s <u:p> <u:b> } INSERT { ?s <u:q> 1 } WHERE { ?s ?p ?o }",
            "_:x <u:q> \"1\"^^<" XSD "integer> .\n");
    assert_int_equal(apply("<u:a> <u:p> <u:x> , <u:y> .",
                           "INSERT { ?o <u:n> _:n . _:n <u:m> _:n } WHERE { <u:a> <u:p> ?o }",
                           &got),
                     MLN_ERR_NONE);
    assert_true(mln_graph_add(graph, got, NULL).code == MLN_ERR_NONE);
    assert_int_equal(apply("", "INSERT DATA { _:n <u:p> 1 } ; INSERT DATA { _:n <u:p> 1 }", &again),
                     MLN_ERR_NONE);
    print_message("%.*s%.*s\n", MLN_S_ARG(got), MLN_S_ARG(again));
    assert_true(mln_slice_eq(again, MLN_S("_:b0 <u:p> \"1\"^^<" XSD "integer> .\n"
                                          "_:b1 <u:p> \"1\"^^<" XSD "integer> .\n")));
}

static void texts_come_back_as_they_were(void **state)
{
    (void)state;
    becomes("<u:a\\u0020b> <u:p> \"\"\"q\"\\\\ \\u0001\n\t\u00fc\"\"\" .", "INSERT DATA {}",
            "<u:a\\u0020b> <u:p> \"q\\\"\\\\ \\u0001\\u000A\\u0009\u00fc\" .\n");
}

static void one_after_the_other(void **state)
{
    (void)state;
    becomes("<u:a> <u:p> <u:b> .",
            "INSERT DATA { <u:b> <u:p> <u:c> } ; PREFIX u: <u:> "
            "INSERT { ?x u:far ?z } WHERE { ?x u:p ?y . ?y u:p ?z } ; DELETE WHERE { ?x u:p ?y } ;",
            "<u:a> <u:far> <u:c> .\n");
}

static void what_is_no_update(void **state)
{
    static const char *const no_update[] = {
        "",
        "ASK {}",
        "INSERT",
        "INSERT DATA",
        "INSERT DATA { ?s <u:p> 1 }",
        "DELETE DATA { _:b <u:p> 1 }",
        "DELETE DATA { [] <u:p> 1 }",
        "DELETE { _:b <u:p> 1 } WHERE {}",
        "DELETE WHERE { ?s <u:p> _:b }",
        "DELETE WHERE { { ?s <u:p> ?o } }",
        "DELETE WHERE { ?s <u:p> ?o FILTER(?o = 1) }",
        "DELETE WHERE { ?s <u:p> ?o OPTIONAL { ?o <u:q> ?s } }",
        "DELETE { ?s <u:p> 1 }",
        "INSERT { ?s <u:p> 1 } { ?s <u:p> 2 }",
        "INSERT { ?s <u:p> 1 } DELETE { ?s <u:p> 2 } WHERE {}",
        "INSERT DATA {} INSERT DATA {}",
        "INSERT DATA {} ; ;",
        "INSERT DATA {} x",
        "INSERT { \"s\" <u:p> 1 } WHERE {}",
    };
    static const char *const untaken[] = {
        "LOAD <http://127.0.0.1:1/x>",
        "CLEAR ALL",
        "DROP DEFAULT",
        "WITH <u:g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
        "INSERT DATA { GRAPH <u:g> { <u:a> <u:b> 1 } }",
        "DELETE { ?s ?p ?o } USING <u:g> WHERE { ?s ?p ?o }",
        "BASE <u:> INSERT DATA {}",
        "DELETE { ?s ?p ?o } WHERE { ?s ?p ?o MINUS { ?s <u:q> ?o } }",
    };

    (void)state;
    for (size_t i = 0; i < sizeof no_update / sizeof no_update[0]; i++) {
        print_message("%s\n", no_update[i]);
        assert_int_equal(read_update(no_update[i]), MLN_ERR_SPARQL);
    }
    for (size_t i = 0; i < sizeof untaken / sizeof untaken[0]; i++) {
        print_message("%s\n", untaken[i]);
        assert_int_equal(read_update(untaken[i]), MLN_ERR_NOT_IMPLEMENTED);
    }
}

static void bounds(void **state)
{
    static const char five[] = "<u:a> <u:p> <u:1> , <u:2> , <u:3> , <u:4> , <u:5> .";
    static const char squares[] = "INSERT { ?x <u:q> ?y } WHERE { ?s <u:p> ?x . ?t <u:p> ?y }";
    struct mln_slice got;
    char many[600] = "INSERT DATA {}";

    (void)state;
    assert_int_equal(apply(five, squares, &got), MLN_ERR_NONE);
    limits.descriptor_triples = 29;
    assert_int_equal(apply(five, squares, &got), MLN_ERR_LIMIT);
    limits.descriptor_triples = 30;
    assert_int_equal(apply(five, squares, &got), MLN_ERR_NONE);
    limits.descriptor_bytes = 300;
    assert_int_equal(apply(five, squares, &got), MLN_ERR_LIMIT);
    limits.descriptor_bytes = 1 << 16;
    limits.sparql_steps = 50;
    assert_int_equal(apply(five, squares, &got), MLN_ERR_LIMIT);
    limits.sparql_steps = 200;
    assert_int_equal(apply(five, squares, &got), MLN_ERR_NONE);
    (void)snprintf(many, sizeof many, "%s ; %s", squares, squares); /* they share the steps */
    limits.descriptor_triples = 1000;
    assert_int_equal(apply(five, many, &got), MLN_ERR_LIMIT);
    many[0] = '\0';
    for (int i = 0; i < 17; i++) {
        (void)snprintf(many + strlen(many), sizeof many - strlen(many), "INSERT DATA {} ; ");
    }
    assert_int_equal(read_update(many), MLN_ERR_LIMIT);
    assert_int_equal(apply("no turtle", "INSERT DATA {}", &got), MLN_ERR_ATTR_INVALID);
    limits.sparql_bytes = 5;
    assert_int_equal(read_update("INSERT DATA {}"), MLN_ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(data, set_up, tear_down),
        cmocka_unit_test_setup_teardown(by_patterns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_triple_is_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_removed_and_added_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(blank_nodes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(texts_come_back_as_they_were, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_after_the_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_update, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bounds, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("semantic/update", tests, NULL, NULL);
}
