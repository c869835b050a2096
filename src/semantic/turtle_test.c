/* Tests of Turtle: what is read, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "semantic/graph_int.h"

#define XSD_(name) MLN_XSD name
#define RDF_(name) "http://www.w3.org/1999/02/22-rdf-syntax-ns#" name

static struct mln_limits limits;
static struct mln_graph *graph;

static int set_up(void **state)
{
    (void)state;
    mln_limits_default(&limits);
    return mln_failed(mln_graph_new(&limits, &graph)) ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_graph_free(graph);
    return 0;
}

static enum mln_err_code add(const char *text)
{
    struct mln_fault fault = { 0 };
    mln_err err = mln_graph_add(graph, mln_slice_z(text), &fault);

    assert_int_equal(mln_failed(err), fault.text[0] != '\0');
    return err.code;
}

static void add_well(const char *text)
{
    assert_int_equal(add(text), MLN_ERR_NONE);
}

/* Part `part` of triple `i`: kind, text, type and language. */
static void is(size_t i, int part, enum mln_term_kind kind, const char *text, const char *type)
{
    const struct mln_term *t = &graph->triples[i].part[part];

    assert_true(i < graph->count);
    assert_int_equal(t->kind, kind);
    assert_string_equal(mln_arena_zdup(graph->arena, t->text), text);
    assert_string_equal(mln_arena_zdup(graph->arena, t->type), type);
}

static void is_iri(size_t i, int part, const char *text)
{
    is(i, part, MLN_TERM_IRI, text, "");
}

static void is_literal(size_t i, const char *text, const char *type)
{
    is(i, 2, MLN_TERM_LITERAL, text, type);
}

static void prefixes_and_lists(void **state)
{
    (void)state;
    add_well("@prefix h: <http://h/> . PREFIX : <u:>\n# a comment\n"
             "h:a a h:B , <u:c> ; :p :q ; . :x.y h:\\(z :w.");
    assert_int_equal(graph->count, 4);
    is_iri(0, 0, "http://h/a");
    is_iri(0, 1, RDF_("type"));
    is_iri(0, 2, "http://h/B");
    is_iri(1, 2, "u:c");
    is_iri(2, 1, "u:p");
    is_iri(2, 2, "u:q");
    is_iri(3, 0, "u:x.y");
    is_iri(3, 1, "http://h/(z");
    is_iri(3, 2, "u:w");
}

static void literals(void **state)
{
    (void)state;
    add_well("<u:s> <u:p> 5, -2.5, 1e3, true, \"t\", 'q', \"l\"@de, \"d\"^^<u:t>,\n"
             "\"s\"^^<" MLN_XSD "string>, \"\"\"a\"b\n\"\"c\"\"\", \"\\u00e4\\n\\\"\", \"\".");
    assert_int_equal(graph->count, 12);
    is_literal(0, "5", XSD_("integer"));
    is_literal(1, "-2.5", XSD_("decimal"));
    is_literal(2, "1e3", XSD_("double"));
    is_literal(3, "true", XSD_("boolean"));
    is_literal(4, "t", "");
    is_literal(5, "q", "");
    is_literal(6, "l", "");
    assert_true(mln_slice_eq(graph->triples[6].part[2].language, MLN_S("de")));
    is_literal(7, "d", "u:t");
    is_literal(8, "s", "");
    is_literal(9, "a\"b\n\"\"c", "");
    is_literal(10, "ä\n\"", "");
    is_literal(11, "", "");
}

static void blank_nodes_and_collections(void **state)
{
    (void)state;
    add_well("_:a <u:p> [ <u:q> 1 ; <u:r> [] ] . [ <u:s> 2 ] . <u:x> <u:y> ( 7 ( ) ) .");
    assert_int_equal(graph->count, 9);
    is(0, 0, MLN_TERM_BLANK, "1#0", "");
    is_iri(0, 1, "u:q");
    is(1, 2, MLN_TERM_BLANK, "1#1", "");
    is(2, 0, MLN_TERM_BLANK, "1:a", "");
    is(2, 2, MLN_TERM_BLANK, "1#0", "");
    is(3, 0, MLN_TERM_BLANK, "1#2", "");
    is_iri(4, 1, RDF_("first"));
    is_literal(4, "7", XSD_("integer"));
    is_iri(5, 1, RDF_("rest"));
    is_iri(6, 2, RDF_("nil"));
    is_iri(7, 1, RDF_("rest"));
    is_iri(7, 2, RDF_("nil"));
    is_iri(8, 0, "u:x");
    add_well("_:a <u:p> 1 .");
    is(9, 0, MLN_TERM_BLANK, "2:a", "");
}

static void what_is_no_turtle_is_refused(void **state)
{
    static const char *const wrong[] = {
        "<u:a>",
        "<u:a> <u:b>",
        "<u:a> <u:b> <u:c>",
        "<u:a> <u:b> <u:c> ; ,",
        "<a> <u:b> 1 .",
        "<u:a> \"b\" 1 .",
        "\"a\" <u:b> 1 .",
        "<u:a> _:b 1 .",
        "<u:a> h:b 1 .",
        "<u:a> <u:b> \"x .",
        "<u:a> <u:b> \"x\ny\" .",
        "<u:a> <u:b> \"\\q\" .",
        "<u:a> <u:b> \"\\ud800\" .",
        "<u:a> <u:b> \"\\u12\" .",
        "<u:a> <u:b> \"x\"^^ .",
        "<u:a> <u:b> ?x .",
        "<u:a> <u:b c> 1 .",
        "<u:a> <u:b> [ .",
        "<u:a> <u:b> ( 1 .",
        "<u:a> <u:b> 1 . }",
        "@prefix h <u:> .",
        "@prefix h: <u:>",
        "@base <u:> .",
        "@",
        "_: <u:b> 1 .",
        "<u:a> <u:b> \"\xff\" .",
        "<rdf:RDF/>",
        "{ <u:a> <u:b> 1 }",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        print_message("%s\n", wrong[i]);
        assert_int_equal(add(wrong[i]), MLN_ERR_ATTR_INVALID);
    }
    add_well("");
    add_well(" # only this");
}

static void append(char *text, size_t size, const char *more)
{
    (void)snprintf(text + strlen(text), size - strlen(text), "%s", more);
}

static enum mln_err_code add_prefixes(unsigned count)
{
    char text[4096] = "";

    for (unsigned i = 0; i < count; i++) {
        append(text, sizeof text, "PREFIX h: <u:> ");
    }
    return add(text);
}

/* So many names whose prefix is as long as a description may be, nearly. */
static enum mln_err_code add_names(unsigned count)
{
    char text[8192] = "PREFIX h: <u:";
    size_t kept = limits.descriptor_bytes;
    enum mln_err_code code;

    limits.descriptor_bytes = 4096;
    memset(text + strlen(text), 'x', 3950);
    append(text, sizeof text, "> ");
    for (unsigned i = 0; i < count; i++) {
        append(text, sizeof text, i ? ", h:o" : "<u:s> <u:p> h:o");
    }
    append(text, sizeof text, " .");
    code = add(text);
    limits.descriptor_bytes = kept;
    return code;
}

static void size_and_depth_are_bounded(void **state)
{
    char deep[MLN_RDF_DEPTH * 2 + 64] = "<u:a> <u:b> ";

    (void)state;
    memset(deep + strlen(deep), '(', MLN_RDF_DEPTH + 1);
    assert_int_equal(add(deep), MLN_ERR_LIMIT);
    assert_int_equal(add_prefixes(MLN_RDF_PREFIXES), MLN_ERR_NONE);
    assert_int_equal(add_prefixes(MLN_RDF_PREFIXES + 1), MLN_ERR_LIMIT);
    assert_int_equal(add_names(MLN_RDF_SPREAD - 1), MLN_ERR_NONE);
    assert_int_equal(add_names(MLN_RDF_SPREAD + 1), MLN_ERR_LIMIT);
    limits.descriptor_triples = graph->count + 2;
    add_well("<u:a> <u:b> 1 , 2 .");
    assert_int_equal(add("<u:a> <u:b> 3 ."), MLN_ERR_LIMIT);
    limits.descriptor_bytes = 8;
    assert_int_equal(add("         "), MLN_ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(prefixes_and_lists, set_up, tear_down),
        cmocka_unit_test_setup_teardown(literals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(blank_nodes_and_collections, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_turtle_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(size_and_depth_are_bounded, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
