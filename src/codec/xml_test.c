/* Tests of the XML reader: each rule with a case that breaks it. */
#include "codec/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/json.h"

#define NS "xmlns:m2m=\"http://www.onem2m.org/xml/protocols\""
#define HD "xmlns:hd=\"http://www.onem2m.org/xml/protocols/homedomain\""

static struct mln_arena *arena;
static struct mln_limits limits;
static struct mln_fault fault;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(64 << 20);
    mln_limits_default(&limits);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static mln_err read_xml(const char *xml, struct mln_value **ret)
{
    mln_fault_clear(&fault);
    return mln_xml_read(mln_slice_z(xml), &limits, arena, ret, &fault);
}

static void assert_reads(const char *xml, const char *json)
{
    struct mln_value *v = NULL;
    struct mln_slice text = { 0 };
    struct mln_buf out;

    if (mln_failed(read_xml(xml, &v))) {
        fail_msg("%s: %s", xml, fault.text);
    }
    mln_buf_init(&out, arena, 1 << 20);
    mln_json_write_value(&out, v, false);
    assert_false(mln_failed(mln_buf_finish(&out, &text)));
    if (!mln_slice_eq(text, mln_slice_z(json))) {
        fail_msg("%s: %.*s, not %s", xml, MLN_S_ARG(text), json);
    }
}

static void assert_refused(const char *xml, enum mln_err_code code, const char *why)
{
    struct mln_value *v = NULL;
    mln_err err = read_xml(xml, &v);

    assert_null(v);
    if (err.code != code || !strstr(fault.text, why)) {
        fail_msg("%s: %s: %s", xml, mln_err_text(err), fault.text);
    }
}

/* spec: TS-0004 8.3.2, 8.4.2: the two examples and their like */
static void values_have_their_data_types(void **state)
{
    static const struct {
        const char *xml;
        const char *json;
    } rows[] = {
        { "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<m2m:cin " NS ">\n  <cnf>application/xml:1"
          "</cnf>\n  <con>PHRpbWU+</con>\n</m2m:cin>\n",
          "{\"m2m:cin\":{\"cnf\":\"application/xml:1\",\"con\":\"PHRpbWU+\"}}" },
        { "<m2m:grp " NS "><mnm></mnm></m2m:grp>", "{\"m2m:grp\":{\"mnm\":null}}" },
        { "<m2m:cnt " NS " rn=\"c1\"><mni>10</mni><disr>true</disr></m2m:cnt>",
          "{\"m2m:cnt\":{\"rn\":\"c1\",\"mni\":10,\"disr\":true}}" },
        { "<m2m:cnt " NS "/>", "{\"m2m:cnt\":{}}" },
        { "<m2m:cnt " NS "> <lbl> a \n C++\tb+ </lbl> </m2m:cnt>",
          "{\"m2m:cnt\":{\"lbl\":[\"a\",\"C++\",\"b+\"]}}" },
        { "<m2m:ae " NS "><rr> false </rr><srv>2a 3</srv><poa>http://h/</poa></m2m:ae>",
          "{\"m2m:ae\":{\"rr\":false,\"srv\":[\"2a\",\"3\"],\"poa\":[\"http://h/\"]}}" },
        { "<m2m:acp " NS "><pv><acr><acor>Ca Cb</acor><acop>63</acop></acr><acr><acor>all</acor>"
          "<acop>2</acop></acr></pv><pvs/></m2m:acp>",
          "{\"m2m:acp\":{\"pv\":{\"acr\":[{\"acor\":[\"Ca\",\"Cb\"],\"acop\":63},{\"acor\":"
          "[\"all\"],\"acop\":2}]},\"pvs\":{}}}" },
        { "<m2m:sub " NS "><enc><net>1</net><net>3</net></enc><nu>http://h/ cse-in/ae</nu>"
          "</m2m:sub>",
          "{\"m2m:sub\":{\"enc\":{\"net\":[1,3]},\"nu\":[\"http://h/\",\"cse-in/ae\"]}}" },
        { "<m2m:uril " NS ">cse-in/a cse-in/b</m2m:uril>",
          "{\"m2m:uril\":[\"cse-in/a\",\"cse-in/b\"]}" },
        { "<m2m:uril " NS "/>", "{\"m2m:uril\":[]}" },
        { "<m2m:dbg " NS "> a </m2m:dbg>", "{\"m2m:dbg\":\" a \"}" },
        { "<m2m:rrl " NS "><rrf nm=\"c1\" typ=\"3\">cse-in/c1</rrf></m2m:rrl>",
          "{\"m2m:rrl\":{\"rrf\":[{\"nm\":\"c1\",\"typ\":3,\"val\":\"cse-in/c1\"}]}}" },
        { "<m2m:cnt " NS "><ch nm=\"i\" typ=\"4\">a/i</ch><m2m:cin><con>1</con></m2m:cin>"
          "<m2m:cin><con>2</con></m2m:cin></m2m:cnt>",
          "{\"m2m:cnt\":{\"ch\":[{\"nm\":\"i\",\"typ\":4,\"val\":\"a/i\"}],\"m2m:cin\":"
          "[{\"con\":\"1\"},{\"con\":\"2\"}]}}" },
        { "<m2m:sgn " NS "><nev><rep><m2m:cnt><st>7</st></m2m:cnt></rep><net>1</net></nev>"
          "<sur>s</sur></m2m:sgn>",
          "{\"m2m:sgn\":{\"nev\":{\"rep\":{\"m2m:cnt\":{\"st\":7}},\"net\":1},\"sur\":\"s\"}}" },
        { "<m2m:agr " NS "><m2m:rsp><rsc>2000</rsc><rqi>1</rqi><pc><m2m:cnt><cni>0</cni></m2m:cnt>"
          "</pc></m2m:rsp><m2m:rsp><rsc>4004</rsc></m2m:rsp></m2m:agr>",
          "{\"m2m:agr\":{\"m2m:rsp\":[{\"rsc\":2000,\"rqi\":\"1\",\"pc\":{\"m2m:cnt\":{\"cni\":0}}}"
          ",{\"rsc\":4004}]}}" },
        { "<m2m:rce " NS "><uri>a/b</uri><m2m:cnt rn=\"b\"/></m2m:rce>",
          "{\"m2m:rce\":{\"uri\":\"a/b\",\"m2m:cnt\":{\"rn\":\"b\"}}}" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_reads(rows[i].xml, rows[i].json);
    }
}

/* m2m:content is xs:anyType: text stays text, elements become members. */
static void anything(void **state)
{
    (void)state;
    assert_reads("<m2m:cin " NS "><con>5</con></m2m:cin>", "{\"m2m:cin\":{\"con\":\"5\"}}");
    assert_reads("<m2m:cin " NS "><con>  </con></m2m:cin>", "{\"m2m:cin\":{\"con\":\"  \"}}");
    assert_reads("<m2m:cin " NS "><con/></m2m:cin>", "{\"m2m:cin\":{\"con\":\"\"}}");
    assert_reads("<m2m:cin " NS "><con><a>1</a><b><c x=\"1\"/></b><a2/></con></m2m:cin>",
                 "{\"m2m:cin\":{\"con\":{\"a\":\"1\",\"b\":{\"c\":{\"x\":\"1\"}},\"a2\":null}}}");
    assert_reads("<m2m:cin " NS "><con><a>1</a><a>2</a><a><b>3</b></a><c>4</c></con></m2m:cin>",
                 "{\"m2m:cin\":{\"con\":{\"a\":[\"1\",\"2\",{\"b\":\"3\"}],\"c\":\"4\"}}}");
    /* what is not known is handed on, for the validator to tell */
    assert_reads("<m2m:xyz " NS "><a>1</a></m2m:xyz>", "{\"m2m:xyz\":{\"a\":\"1\"}}");
    assert_reads("<cnt><a>1</a></cnt>", "{\"cnt\":{\"a\":\"1\"}}");
    assert_reads("<m2m:cnt " NS " zz=\"1\"><yy>2</yy></m2m:cnt>",
                 "{\"m2m:cnt\":{\"zz\":\"1\",\"yy\":\"2\"}}");
    /* and so is what its data type does not accept */
    assert_reads("<m2m:cnt " NS "><mni>ten</mni><mbs>1.5</mbs><disr>yes</disr></m2m:cnt>",
                 "{\"m2m:cnt\":{\"mni\":\"ten\",\"mbs\":\"1.5\",\"disr\":\"yes\"}}");
    assert_reads("<m2m:acp " NS "><pv>x</pv></m2m:acp>", "{\"m2m:acp\":{\"pv\":\"x\"}}");
}

static void texts_are_decoded(void **state)
{
    (void)state;
    assert_reads("<m2m:cin " NS "><con>&lt;&amp;&gt;&quot;&apos;&#65;&#x42;</con></m2m:cin>",
                 "{\"m2m:cin\":{\"con\":\"<&>\\\"'AB\"}}");
    assert_reads("<m2m:cin " NS "><con>a<![CDATA[<b>&amp;]]>c<!-- x --><?pi y?>d</con></m2m:cin>",
                 "{\"m2m:cin\":{\"con\":\"a<b>&amp;cd\"}}");
    assert_reads("<m2m:cin " NS "><con>\xc3\xa4\xf0\x9f\x98\x80\r\n</con></m2m:cin>",
                 "{\"m2m:cin\":{\"con\":\"\xc3\xa4\xf0\x9f\x98\x80\\n\"}}");
    assert_reads("<m2m:cnt " NS " rn=\"a&amp;b\"/>", "{\"m2m:cnt\":{\"rn\":\"a&b\"}}");
    assert_reads("\xef\xbb\xbf<m2m:cnt " NS "/>", "{\"m2m:cnt\":{}}");
    assert_reads("\xef\xbb\xbf<?xml version='1.0' encoding = 'utf-8'?><m2m:cnt " NS "/>",
                 "{\"m2m:cnt\":{}}");
}

static void namespaces(void **state)
{
    (void)state;
    assert_reads("<x:cnt xmlns:x=\"http://www.onem2m.org/xml/protocols\" rn=\"a\"/>",
                 "{\"m2m:cnt\":{\"rn\":\"a\"}}");
    assert_reads("<cnt xmlns=\"http://www.onem2m.org/xml/protocols\"/>", "{\"m2m:cnt\":{}}");
    assert_reads("<m2m:cnt " NS " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
                 "xsi:schemaLocation=\"a b\" xml:lang=\"en\"/>",
                 "{\"m2m:cnt\":{}}");
    assert_reads("<hd:x " HD "/>", "{\"hd:x\":null}");
    assert_refused("<m2m:cnt xmlns:m2m=\"http://example.org/\"/>", MLN_ERR_SYNTAX, "namespace");
    assert_refused("<m2m:cnt/>", MLN_ERR_SYNTAX, "Namespace prefix m2m");
    assert_refused("<m2m:cnt " NS "><x:mni xmlns:x=\"urn:x\">1</x:mni></m2m:cnt>", MLN_ERR_SYNTAX,
                   "namespace");
    assert_refused("<m2m:cnt " NS " xmlns:x=\"urn:x\" x:rn=\"1\"/>", MLN_ERR_SYNTAX, "namespace");
    /* an attribute of the standard has no namespace: m2m:mni is not known */
    assert_reads("<m2m:cnt " NS "><m2m:mni>1</m2m:mni></m2m:cnt>",
                 "{\"m2m:cnt\":{\"m2m:mni\":\"1\"}}");
}

static void structure_is_checked(void **state)
{
    static const struct {
        const char *xml;
        const char *why;
    } rows[] = {
        { "<m2m:cnt " NS "><mni>1</mni><mni>2</mni></m2m:cnt>", "mni: stands twice" },
        { "<m2m:cnt " NS "><mni>1</mni><mbs>1</mbs><mni>1</mni></m2m:cnt>", "mni: stands twice" },
        { "<m2m:cnt " NS "><lbl>a</lbl><lbl>b</lbl></m2m:cnt>", "lbl: stands twice" },
        { "<m2m:cnt " NS "><zz>1</zz><zz>2</zz></m2m:cnt>", "zz: stands twice" },
        { "<m2m:cnt " NS "><rn>c1</rn></m2m:cnt>", "must be an XML attribute" },
        { "<m2m:cnt " NS " mni=\"1\"/>", "must be an element" },
        { "<m2m:cnt " NS " rn=\"a\" rn=\"b\"/>", "redefined" },
        { "<m2m:cnt " NS ">text<mni>1</mni></m2m:cnt>", "text beside elements" },
        { "<m2m:cnt " NS "><mni>1<a/></mni></m2m:cnt>", "text beside elements" },
        { "<m2m:sub " NS "><enc><net>1</net><crb>x</crb><net>2</net></enc></m2m:sub>",
          "net: stands twice" },
        { "<m2m:rrl " NS "><rrf><val>a</val></rrf></m2m:rrl>", "val: must be" },
        { "<m2m:cin " NS "><con><a/><b/><a/></con></m2m:cin>", "a: stands twice" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_refused(rows[i].xml, MLN_ERR_SYNTAX, rows[i].why);
    }
}

static void what_is_no_xml(void **state)
{
    static const char *const rows[] = {
        "",
        " ",
        "{}",
        "<",
        "<m2m:cnt " NS ">",
        "<m2m:cnt " NS "></m2m:cnx>",
        "<m2m:cnt " NS "/><m2m:cnt " NS "/>",
        "<m2m:cnt " NS "/>x",
        "<m2m:cnt " NS "><mni>1</mni>",
        "<m2m:cin " NS "><con>\xff</con></m2m:cin>",
        "<m2m:cin " NS "><con>\xed\xa0\x80</con></m2m:cin>",
        "<m2m:cin " NS "><con>&#0;</con></m2m:cin>",
        "<m2m:cin " NS "><con>\x01</con></m2m:cin>",
        "<m2m:cin " NS "><con>&nbsp;</con></m2m:cin>",
        "<m2m:cin " NS "><con>a]]>b</con></m2m:cin>",
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><m2m:cnt " NS "/>",
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?><m2m:cnt " NS "/>",
        "<?xml version=\"1.0\" encoding=\"x\"?><m2m:cnt " NS "/>",
        "<?xml version=\"1.0\" encoding = 'EBCDIC-US'?><m2m:cnt " NS "/>",
        "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-7\"?><m2m:cnt " NS "/>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_refused(rows[i], MLN_ERR_SYNTAX, "XML: ");
    }
}

/* Two characters of UTF-16 in each of the four orders begin like this. */
static void other_encodings(void **state)
{
    static const struct mln_slice rows[] = {
        { "\xFF\xFE<\0a\0/\0>\0", 10 }, { "\xFE\xFF\0<\0a\0/\0>", 10 }, { "<\0a\0/\0>\0", 8 },
        { "\0<\0a\0/\0>", 8 },          { "\x4C\x6F\xA7\x94", 4 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mln_value *v = NULL;

        assert_int_equal(mln_xml_read(rows[i], &limits, arena, &v, NULL).code, MLN_ERR_SYNTAX);
    }
}

/* Nothing is declared, expanded or fetched. */
static void no_document_types(void **state)
{
    static const char *const rows[] = {
        "<!DOCTYPE m2m:cin><m2m:cin/>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
        "<!DOCTYPE a PUBLIC \"-//x//EN\" \"http://127.0.0.1:1/x.dtd\"><a/>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY b \"bb\"><!ENTITY c \"&b;&b;\"><!ENTITY d \"&c;&c;\">]><a>&d;</a>",
        "<!DOCTYPE a [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/\"> %p;]><a/>",
        "<!DOCTYPE a [<!ATTLIST a x CDATA \"y\">]><a/>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_refused(rows[i], MLN_ERR_SYNTAX, "document type declaration");
    }
}

/* <con> and then `count` times `open`, and as often `close`. */
static const char *nested(size_t count, const char *open, const char *close)
{
    struct mln_slice text = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, arena, 32 << 20);
    mln_buf_add(&out, MLN_S("<m2m:cin " NS "><con>"));
    for (size_t i = 0; i < 2 * count; i++) {
        mln_buf_add(&out, mln_slice_z(i < count ? open : close));
    }
    mln_buf_add(&out, MLN_S("</con></m2m:cin>"));
    mln_buf_byte(&out, '\0');
    assert_false(mln_failed(mln_buf_finish(&out, &text)));
    return text.ptr;
}

static void limits_hold(void **state)
{
    struct mln_value *v = NULL;

    (void)state;
    limits.value_depth = 5;
    assert_int_equal(read_xml(nested(3, "<a>", "</a>"), &v).code, MLN_ERR_NONE);
    v = NULL;
    assert_refused(nested(4, "<a>", "</a>"), MLN_ERR_LIMIT, "nested too deeply");
    assert_refused(nested(100000, "<a>", "</a>"), MLN_ERR_LIMIT, "nested too deeply");
    limits.value_depth = 256;
    limits.value_items = 10;
    assert_int_equal(read_xml(nested(8, "<a/>", ""), &v).code, MLN_ERR_NONE);
    v = NULL;
    assert_refused(nested(9, "<a/>", ""), MLN_ERR_LIMIT, "too many elements");
    assert_refused(nested(5, "<a b=\"\"/>", ""), MLN_ERR_LIMIT, "too many elements");
    assert_reads("<m2m:uril " NS ">1 2 3 4</m2m:uril>", "{\"m2m:uril\":[\"1\",\"2\",\"3\",\"4\"]}");
    assert_refused("<m2m:uril " NS ">1 2 3 4 5 6 7 8 9 10</m2m:uril>", MLN_ERR_LIMIT,
                   "too many elements");
}

/* libxml2 compares each attribute of a tag with all others. */
static void attributes_are_counted_before(void **state)
{
    struct mln_slice text = { 0 };
    struct mln_value *v = NULL;
    struct mln_buf out;

    (void)state;
    mln_fault_clear(&fault);
    mln_buf_init(&out, arena, 1 << 20);
    mln_buf_add(&out, MLN_S("<!-- a=1 --><?p a=1?><m2m:cin " NS));
    for (int i = 0; i < 63; i++) {
        mln_buf_printf(&out, " a%d='=>'", i);
    }
    mln_buf_add(&out, MLN_S(">=<![CDATA[<a b=''>]]></m2m:cin>"));
    assert_false(mln_failed(mln_buf_finish(&out, &text)));
    assert_int_equal(mln_xml_read(text, &limits, arena, &v, &fault).code, MLN_ERR_SYNTAX);
    assert_non_null(strstr(fault.text, "text beside elements"));
    text = MLN_S("<a a=''");
    mln_buf_init(&out, arena, 1 << 20);
    for (int i = 0; i < 65; i++) {
        mln_buf_add(&out, text);
        text = MLN_S(" b=''");
    }
    mln_buf_add(&out, MLN_S("/>"));
    assert_false(mln_failed(mln_buf_finish(&out, &text)));
    mln_fault_clear(&fault);
    assert_int_equal(mln_xml_read(text, &limits, arena, &v, &fault).code, MLN_ERR_LIMIT);
    assert_non_null(strstr(fault.text, "more than 64 attributes"));
}

/* libxml2 compares each name with the namespaces declared around it. */
static void namespaces_are_counted(void **state)
{
    struct mln_value *v = NULL;

    (void)state;
    limits.xml_attributes = 8;
    assert_int_equal(read_xml(nested(7, "<a xmlns=\"\">", "</a>"), &v).code, MLN_ERR_NONE);
    v = NULL;
    assert_refused(nested(8, "<a xmlns=\"\">", "</a>"), MLN_ERR_LIMIT, "too many namespaces");
    assert_int_equal(read_xml(nested(1000, "<a xmlns=\"\"/>", ""), &v).code, MLN_ERR_NONE);
}

/* Many members of any name take no square of time, and a twin among them is found. */
/* What was needed for the text of one element serves for the next. */
static void small_elements_take_little_memory(void **state)
{
    size_t before;
    struct mln_slice text = { 0 };
    struct mln_value *v = NULL;
    struct mln_buf out;

    (void)state;
    mln_buf_init(&out, arena, 1 << 20);
    mln_buf_add(&out, MLN_S("<m2m:cin " NS "><con>"));
    for (int i = 0; i < 10000; i++) {
        mln_buf_add(&out, MLN_S("<a>1</a>"));
    }
    mln_buf_add(&out, MLN_S("</con></m2m:cin>"));
    assert_false(mln_failed(mln_buf_finish(&out, &text)));
    before = mln_arena_used(arena);
    assert_int_equal(mln_xml_read(text, &limits, arena, &v, NULL).code, MLN_ERR_NONE);
    assert_true(mln_arena_used(arena) - before < 20 * text.len);
}

static void large_objects(void **state)
{
    struct mln_slice text = { 0 };
    struct mln_value *v = NULL;
    struct mln_buf out;

    (void)state;
    for (int twin = 0; twin < 2; twin++) {
        mln_buf_init(&out, arena, 4 << 20);
        mln_buf_add(&out, MLN_S("<m2m:cin " NS "><con>"));
        for (int i = 0; i < 50000; i++) {
            mln_buf_printf(&out, "<a%d/>", twin && i == 49999 ? 7 : i);
        }
        mln_buf_add(&out, MLN_S("</con></m2m:cin>"));
        assert_false(mln_failed(mln_buf_finish(&out, &text)));
        assert_int_equal(mln_xml_read(text, &limits, arena, &v, NULL).code,
                         twin ? MLN_ERR_SYNTAX : MLN_ERR_NONE);
    }
}

static void no_memory(void **state)
{
    (void)state;
    for (size_t room = 64; room < 4096; room += 64) {
        struct mln_arena *small = mln_arena_new(room);
        struct mln_value *v = NULL;
        mln_err err =
            mln_xml_read(MLN_S("<m2m:cnt " NS " rn=\"c\"><lbl>a b</lbl><mni>5</mni></m2m:cnt>"),
                         &limits, small, &v, NULL);

        assert_true(err.code == MLN_ERR_NO_MEMORY || (!mln_failed(err) && v));
        mln_arena_free(small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_have_their_data_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(anything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(texts_are_decoded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(namespaces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(structure_is_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_xml, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_encodings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_document_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits_hold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(attributes_are_counted_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(namespaces_are_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(small_elements_take_little_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_objects, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_memory, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
