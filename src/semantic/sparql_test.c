/* Tests of SPARQL: which questions are taken. */
#include "semantic/semantic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "semantic/test_graph.h"

static int set_up(void **state)
{
    (void)state;
    return test_graph_new(MLN_S(""));
}

static enum mln_err_code read_query(const char *text)
{
    struct mln_fault fault = { 0 };
    struct mln_query *query;
    mln_err err = mln_query_read(&limits, mln_slice_z(text), arena, &query, &fault);

    assert_int_equal(mln_failed(err), fault.text[0] != '\0');
    return err.code;
}

static void all_are(const char *const *texts, size_t count, enum mln_err_code code)
{
    for (size_t i = 0; i < count; i++) {
        print_message("%s\n", texts[i]);
        assert_int_equal(read_query(texts[i]), code);
    }
}

#define ALL_ARE(texts, code) all_are(texts, sizeof(texts) / sizeof((texts)[0]), code)

static void questions(void **state)
{
    static const char *const good[] = {
        "ASK {}",
        "ask { ?s ?p ?o }",
        "SELECT * { ?s ?p ?o . }",
        "SELECT DISTINCT ?s $p WHERE { ?s ?p ?o } LIMIT 5",
        "SELECT ?s { ?s ?p ?o } ORDER BY ?o DESC(?s) asc(str(?p)) (?o) OFFSET 1 LIMIT 2",
        "PREFIX h: <http://h/> SELECT ?s { ?s a h:L ; h:p [ h:q ?x ] , _:b , ( 1 ?y ) }",
        "ASK { { ?s ?p 1 } UNION { ?s ?p 2 } UNION {} OPTIONAL { ?s ?q ?r } }",
        "ASK { ?s ?p ?o FILTER(?o > 3 && !bound(?x) || ?o IN (1, \"a\"@de)) ?s ?q ?r }",
        "ASK { ?s ?p ?o FILTER contains(str(?o), \"x\") FILTER(?o NOT IN ()) }",
        "# why\nASK { ?s ?p true }",
        "ASK { ?s ?p ?o OPTIONAL { ?s ?q ?r FILTER(?o > 1) OPTIONAL { ?r ?t ?u } } }",
        "ASK { ?s ?p ?o { ?s ?b ?c FILTER(?s != ?c) OPTIONAL { ?s ?d ?e } } }",
        "ASK { { ?s ?p ?o OPTIONAL { ?o ?q ?r } } ?s ?b ?c FILTER(!bound(?r)) }",
    };

    (void)state;
    ALL_ARE(good, MLN_ERR_NONE);
}

static void other_forms_are_not_implemented(void **state)
{
    static const char *const untaken[] = {
        "BASE <u:> ASK {}",
        "ASK { ?s ?p ?o MINUS { ?s ?q ?r } }",
        "ASK { ?s ?p ?o { SELECT ?o { ?o ?q ?r } } }",
        "ASK { ?s ?p ?o FILTER regex(?o, \"(a+)+b\") }",
        "ASK { ?s ?p ?o FILTER(?o IN (1, MD5(\"x\"))) }",
        "ASK { ?s ?p ?o FILTER(?o + 1 > 2) }",
        "ASK { ?s ?p ?o FILTER(?o > 2 * 3) }",
        "ASK { ?s ?p ?o FILTER EXISTS { ?s ?q ?r } }",
        "ASK { ?s ?p ?o FILTER(<u:f>(?o)) }",
        "ASK { ?s <u:p>/<u:q> ?o }",
        "ASK { ?s ^<u:p> ?o }",
        "ASK { ?s <u:p>* ?o }",
        "ASK { ?s (<u:p>|<u:q>) ?o }",
        /* what is bound outside would reach into the group */
        "ASK { ?s ?p ?o { ?a ?b ?c FILTER(?s = 1) } }",
        "ASK { ?s ?p ?o { OPTIONAL { ?s ?b ?c } } }",
        "ASK { ?s ?p ?o OPTIONAL { ?o ?q ?r OPTIONAL { ?s ?b ?c } } }",
        "ASK { ?s ?p ?o { { ?a ?b ?c } UNION { ?d ?e ?f FILTER(!bound(?s)) } } }",
        "ASK { VALUES ?x { 1 } }",
        "ASK { BIND(1 AS ?x) }",
        "ASK { GRAPH ?g { ?s ?p ?o } }",
        "ASK { SERVICE <http://127.0.0.1:1/x> { ?s ?p ?o } }",
        "ASK { ?s ?p ?o } OFFSET 1",
        "SELECT ?s { ?s ?p ?o } ORDER BY regex(?o, \"a\")",
        "SELECT ?s { ?s ?p ?o } ORDER BY ?o HAVING (?o > 1)",
        "SELECT (COUNT(?s) AS ?n) { ?s ?p ?o } GROUP BY ?o",
        "SELECT ?s FROM <http://127.0.0.1:1/x> { ?s ?p ?o }",
        "ASK FROM <http://127.0.0.1:1/x> { ?s ?p ?o }",
        "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }",
        "DESCRIBE <u:x>",
    };

    (void)state;
    ALL_ARE(untaken, MLN_ERR_NOT_IMPLEMENTED);
}

static void what_is_no_query_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "x",
        "SELECT",
        "SELECT { ?s ?p ?o }",
        "ASK",
        "ASK {",
        "ASK { ?s ?p }",
        "ASK { ?s ?p ?o",
        "ASK { ?s ?p ?o } }",
        "ASK { ?s ?p ?o ?q }",
        "ASK { ?s ?p ?o ?a ?b ?c }",
        "ASK { \"s\" ?p ?o }",
        "ASK { ?s \"p\" ?o }",
        "ASK { ?s h:p ?o }",
        "ASK { ?s ?p ?o } LIMIT x",
        "ASK { ?s ?p ?o } LIMIT -1",
        "SELECT ?s { ?s ?p ?o } LIMIT 1 LIMIT 2",
        "SELECT ?s { ?s ?p ?o } OFFSET 1 OFFSET 2",
        "SELECT ?s { ?s ?p ?o } LIMIT 1 ORDER BY ?o",
        "SELECT ?s { ?s ?p ?o } ORDER ?o",
        "SELECT ?s { ?s ?p ?o } ORDER BY",
        "SELECT ?s { ?s ?p ?o } ORDER BY DESC ?o",
        "SELECT ?s { ?s ?p ?o } ORDER BY <u:a>",
        "ASK { ?s ?p ?o FILTER }",
        "ASK { ?s ?p ?o FILTER ?o }",
        "ASK { ?s ?p ?o FILTER() }",
        "ASK { ?s ?p ?o FILTER(?o >) }",
        "ASK { ?s ?p ?o FILTER(?o) ) }",
        "ASK { ?s ?p ?o FILTER(bound(5)) }",
        "ASK { ?s ?p ?o FILTER(str(?o, ?p)) }",
        "ASK { ?s ?p ?o FILTER(?o = _:b) }",
        "ASK { ?s ?p ?o FILTER(?o NOT ?p) }",
        "ASK { ?s ?p ?o UNION { } }",
        "ASK { OPTIONAL ?s ?p ?o }",
        "ASK { ?s ?p \"\xc0\" }",
        "INSERT DATA { <u:a> <u:b> 1 }",
    };

    (void)state;
    ALL_ARE(wrong, MLN_ERR_SPARQL);
}

/* ASK { `unit` `count` times } */
static enum mln_err_code many(const char *unit, size_t count)
{
    char text[4096] = "ASK {";
    size_t len = strlen(text);

    for (size_t i = 0; i <= count; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s", i < count ? unit : "}");
        assert_true(len < sizeof text);
    }
    return read_query(text);
}

static void size_and_depth_are_bounded(void **state)
{
    char text[4096] = "ASK { FILTER(";

    (void)state;
    assert_int_equal(many("{}", 256), MLN_ERR_NONE);
    assert_int_equal(many("{}", 257), MLN_ERR_LIMIT);
    assert_int_equal(many("{", 40), MLN_ERR_LIMIT);
    memset(text + strlen(text), '!', 1000);
    assert_int_equal(read_query(text), MLN_ERR_LIMIT);
    for (int i = 0; i <= 64; i++) {
        (void)snprintf(text + (size_t)i * 11, sizeof text - (size_t)i * 11, "?a ?b ?%03d.", i);
    }
    assert_int_equal(many(text, 1), MLN_ERR_LIMIT); /* variables */
    assert_int_equal(read_query("ASK {} ORDER BY ?a ?b ?c ?d ?e ?f ?g ?h"), MLN_ERR_NONE);
    assert_int_equal(read_query("ASK {} ORDER BY ?a ?b ?c ?d ?e ?f ?g ?h ?i"), MLN_ERR_LIMIT);
    limits.sparql_bytes = 5;
    assert_int_equal(read_query("ASK {}"), MLN_ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(questions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_forms_are_not_implemented, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_query_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(size_and_depth_are_bounded, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
