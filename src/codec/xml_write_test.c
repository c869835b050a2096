/* Tests of the XML writer. What it writes is also read again. */
#include "codec/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/json.h"
#include "model/pack.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
#define NS   " xmlns:m2m=\"http://www.onem2m.org/xml/protocols\""

static struct mln_arena *arena;
static struct mln_limits limits;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(16 << 20);
    mln_limits_default(&limits);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static struct mln_slice pack_of(const char *json)
{
    struct mln_value *v = NULL;
    struct mln_slice pack = { 0 };
    struct mln_buf out;

    assert_false(mln_failed(mln_json_read(mln_slice_z(json), &limits, arena, &v, NULL)));
    mln_buf_init(&out, arena, 1 << 20);
    mln_pack_value(&out, v);
    assert_false(mln_failed(mln_buf_finish(&out, &pack)));
    return pack;
}

static void assert_writes(const char *json, const char *xml)
{
    struct mln_slice text = { 0 };
    struct mln_value *v = NULL;
    struct mln_buf out;

    mln_buf_init(&out, arena, 1 << 20);
    if (mln_failed(mln_xml_write(&out, pack_of(json)))) {
        fail_msg("%s is refused", json);
    }
    assert_false(mln_failed(mln_buf_finish(&out, &text)));
    if (!mln_slice_eq(text, mln_slice_z(xml))) {
        fail_msg("%s: %.*s, not %s", json, MLN_S_ARG(text), xml);
    }
    assert_false(mln_failed(mln_xml_read(text, &limits, arena, &v, NULL)));
}

static void assert_refused(const char *json)
{
    struct mln_buf out;
    mln_err err;

    mln_buf_init(&out, arena, 1 << 20);
    err = mln_xml_write(&out, pack_of(json));
    if (err.code != MLN_ERR_NOT_ACCEPTABLE) {
        fail_msg("%s: %s", json, mln_err_text(err));
    }
}

/* spec: TS-0004 6.5, 8.3.1: attributes of the base types first, then those of the table */
static void attributes_have_an_order(void **state)
{
    (void)state;
    assert_writes("{\"m2m:cnt\":{\"disr\":false,\"mni\":5,\"lbl\":[\"a\",\"b\"],\"et\":\"20300101T"
                  "000000\",\"ri\":\"1\",\"ty\":3,\"rn\":\"c1\",\"cr\":\"Ca\",\"pi\":\"2\"}}",
                  HEAD "<m2m:cnt" NS " rn=\"c1\"><ty>3</ty><ri>1</ri><pi>2</pi><lbl>a b</lbl><et>"
                       "20300101T000000</et><cr>Ca</cr><mni>5</mni><disr>false</disr></m2m:cnt>");
    assert_writes(
        "{\"m2m:cnt\":{\"m2m:cin\":[{\"con\":\"1\"},{\"con\":\"2\"}],\"zz\":1,\"mni\":5}}",
        HEAD "<m2m:cnt" NS "><mni>5</mni><m2m:cin><con>1</con></m2m:cin><m2m:cin><con>2"
             "</con></m2m:cin><zz>1</zz></m2m:cnt>");
}

static void values_by_their_data_types(void **state)
{
    (void)state;
    assert_writes("{\"m2m:uril\":[\"a\",\"b\"]}", HEAD "<m2m:uril" NS ">a b</m2m:uril>");
    assert_writes("{\"m2m:uril\":[]}", HEAD "<m2m:uril" NS "></m2m:uril>");
    assert_writes("{\"m2m:dbg\":\"a<b & \\\"c\\\"\"}",
                  HEAD "<m2m:dbg" NS ">a&lt;b &amp; \"c\"</m2m:dbg>");
    assert_writes("{\"m2m:rrl\":{\"rrf\":[{\"val\":\"a/b\",\"typ\":3,\"nm\":\"b\"}]}}",
                  HEAD "<m2m:rrl" NS "><rrf nm=\"b\" typ=\"3\">a/b</rrf></m2m:rrl>");
    assert_writes("{\"m2m:cnt\":{\"ch\":[{\"val\":\"a/b\",\"typ\":4,\"nm\":\"b\"}]}}",
                  HEAD "<m2m:cnt" NS "><ch nm=\"b\" typ=\"4\">a/b</ch></m2m:cnt>");
    assert_writes("{\"m2m:acp\":{\"pvs\":{},\"pv\":{\"acr\":[{\"acop\":63,\"acor\":[\"Ca\"]},"
                  "{\"acop\":2,\"acor\":[\"all\"]}]}}}",
                  HEAD "<m2m:acp" NS "><pv><acr><acor>Ca</acor><acop>63</acop></acr><acr><acor>all"
                       "</acor><acop>2</acop></acr></pv><pvs></pvs></m2m:acp>");
    assert_writes("{\"m2m:sgn\":{\"sur\":\"s\",\"nev\":{\"net\":1,\"rep\":{\"m2m:cnt\":{\"mni\":"
                  "null,\"st\":1}}}}}",
                  HEAD "<m2m:sgn" NS "><nev><rep><m2m:cnt><st>1</st><mni></mni></m2m:cnt></rep>"
                       "<net>1</net></nev><sur>s</sur></m2m:sgn>");
    assert_writes("{\"m2m:agr\":{\"m2m:rsp\":[{\"rsc\":2000,\"pc\":{\"m2m:uril\":[\"a\"]}},"
                  "{\"rsc\":4004}]}}",
                  HEAD "<m2m:agr" NS "><m2m:rsp><rsc>2000</rsc><pc><m2m:uril>a</m2m:uril></pc>"
                       "</m2m:rsp><m2m:rsp><rsc>4004</rsc></m2m:rsp></m2m:agr>");
    assert_writes("{\"m2m:rce\":{\"m2m:cnt\":{\"rn\":\"b\"},\"uri\":\"a/b\"}}",
                  HEAD "<m2m:rce" NS "><m2m:cnt rn=\"b\"></m2m:cnt><uri>a/b</uri></m2m:rce>");
}

static void anything(void **state)
{
    (void)state;
    assert_writes("{\"m2m:cin\":{\"con\":{\"a\":[1,-2.50,true,null,\"x\",{\"b\":{}}]}}}",
                  HEAD "<m2m:cin" NS "><con><a>1</a><a>-2.50</a><a>true</a><a></a><a>x</a><a><b>"
                       "</b></a></con></m2m:cin>");
    assert_writes("{\"hd:x\":{\"m2m:y\":1,\"hd:z\":2}}",
                  HEAD "<hd:x" NS " xmlns:hd=\"http://www.onem2m.org/xml/protocols/homedomain\">"
                       "<m2m:y>1</m2m:y><hd:z xmlns:hd=\"http://www.onem2m.org/xml/protocols/"
                       "homedomain\">2</hd:z></hd:x>");
}

/* Line ends and blanks of attributes would be changed by whoever reads them. */
static void characters_come_through(void **state)
{
    (void)state;
    assert_writes("{\"m2m:cin\":{\"con\":\"\\r\\n\\t]]>\xc3\xa4\\u007f\"}}",
                  HEAD "<m2m:cin" NS "><con>&#13;\n\t]]&gt;\xc3\xa4\x7f</con></m2m:cin>");
    assert_writes("{\"m2m:cnt\":{\"rn\":\"\\r\\n\\t\\\"<>&'\"}}",
                  HEAD "<m2m:cnt" NS " rn=\"&#13;&#10;&#9;&quot;&lt;&gt;&amp;'\"></m2m:cnt>");
}

static void what_xml_cannot_say(void **state)
{
    (void)state;
    assert_refused("{\"m2m:cin\":{\"con\":\"\\u0000\"}}");
    assert_refused("{\"m2m:cin\":{\"con\":\"\\u001b\"}}");
    assert_refused("{\"m2m:cin\":{\"con\":\"\\ufffe\"}}");
    assert_refused("{\"m2m:cin\":{\"con\":{\"a b\":1}}}");
    assert_refused("{\"m2m:cin\":{\"con\":{\"\":1}}}");
    assert_refused("{\"m2m:cnt\":{\"lbl\":[\"a\",\"b c\"]}}");
    assert_refused("{\"m2m:cnt\":{\"lbl\":[\"\"]}}");
    assert_refused("{\"m2m:cin\":{\"con\":{\"1a\":1}}}");
    assert_refused("{\"m2m:cin\":{\"con\":{\"a>\":1}}}");
    assert_refused("{\"m2m:cin\":{\"con\":{\"x:a\":1}}}");
    assert_refused("{\"m2m:cin\":{\"con\":{\"m2m:\":1}}}");
    assert_refused("{\"m2m:cin\":{\"con\":{\"m2m:a:b\":1}}}");
    assert_refused("{\"m2m:cin\":{\"con\":[1,2]}}");
    assert_refused("{\"m2m:cin\":{\"con\":[]}}");
    assert_refused("{\"m2m:cin\":{\"con\":{\"a\":[]}}}");
    assert_refused("{\"m2m:cin\":{\"con\":{\"a\":[1]}}}");
    assert_refused("{\"m2m:cin\":{\"con\":{\"a\":[[1],[2]]}}}");
    assert_refused("{\"m2m:cnt\":{\"rn\":[1]}}");
    assert_refused("{\"m2m:uril\":[[1]]}");
    assert_refused("{\"m2m:cnt\":[{},{}]}");
    assert_refused("{}");
    assert_refused("{\"a\":1,\"b\":2}");
    assert_refused("[]");
    assert_refused("1");
}

static void damage_is_told(void **state)
{
    static const struct mln_slice rows[] = {
        { "", 0 },
        { "\xA1\x61\x61", 3 },             /* no value */
        { "\xA1\x61\x61\x61\xFF", 5 },     /* not UTF-8 */
        { "\xA1\x61\x61\x82\x01", 5 },     /* an array that ends too early */
        { "\xA1\x67m2m:cnt\xA2\x61z", 12 } /* a map that does */
    };
    struct mln_buf out;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mln_buf_init(&out, arena, 1 << 20);
        assert_true(mln_failed(mln_xml_write(&out, rows[i])));
    }
    mln_buf_init(&out, arena, 20);
    assert_false(mln_failed(mln_xml_write(&out, pack_of("{\"m2m:cnt\":{\"mni\":1}}"))));
    assert_int_equal(out.failed, MLN_ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(attributes_have_an_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_by_their_data_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(anything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(characters_come_through, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_xml_cannot_say, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damage_is_told, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
