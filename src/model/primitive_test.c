/* Requests from their parameters: each rule has a case that keeps it and one that breaks it. */
#include "model/primitive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "model/test_json.h"

#define NOW INT64_C(1704067200000000) /* 20240101T000000 */

#define OK              MLN_ERR_NONE
#define PARAM_MISSING   MLN_ERR_PARAM_MISSING
#define PARAM_INVALID   MLN_ERR_PARAM_INVALID
#define RELEASE         MLN_ERR_RELEASE
#define NOT_IMPLEMENTED MLN_ERR_NOT_IMPLEMENTED
#define TIMEOUT         MLN_ERR_TIMEOUT

static struct mln_arena *arena;
static struct mln_limits limits;
static struct mln_request req;
static struct mln_fault fault;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(1 << 20);
    mln_limits_default(&limits);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static enum mln_err_code read_request(const char *json)
{
    mln_arena_reset(arena);
    mln_fault_clear(&fault);
    return mln_request_read(test_json(json, arena), NOW, &limits, arena, &req, &fault).code;
}

static void must_read(const char *json)
{
    enum mln_err_code code = read_request(json);

    if (code != OK) {
        fail_msg("%s: %s, \"%s\"", json, mln_err_name((mln_err){ code }), fault.text);
    }
}

struct sample {
    const char *json;
    enum mln_err_code expected;
    const char *fault; /* exact text, or NULL */
};

static void run(const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum mln_err_code code = read_request(samples[i].json);

        if (code != samples[i].expected ||
            (samples[i].fault && strcmp(fault.text, samples[i].fault) != 0)) {
            fail_msg("%s: %s, \"%s\"", samples[i].json, mln_err_name((mln_err){ code }),
                     fault.text);
        }
        assert_int_equal(fault.text[0] != '\0', code != OK);
    }
}

#define RUN(samples) run((samples), sizeof(samples) / sizeof(samples)[0])

/* The parameters that every request has, to be completed. */
#define BASE "'to':'cse-in/a','fr':'Cx','rqi':'1','rvi':'3'"
#define C    "{" BASE ",'op':1,'ty':3,'pc':{'m2m:cnt':{}}"
#define R    "{" BASE ",'op':2"
#define U    "{" BASE ",'op':3,'pc':{'m2m:cnt':{}}"
#define D    "{" BASE ",'op':4"
#define N    "{" BASE ",'op':5,'pc':{'m2m:sgn':{}}"

static void test_one_of_each_operation(void **state)
{
    static const char *const all[] = { C "}", R "}", U "}", D "}", N "}" };

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        must_read(all[i]);
        assert_int_equal(req.op, i + 1);
        assert_true(mln_slice_eq(req.to, MLN_S("cse-in/a")));
        assert_true(mln_slice_eq(req.fr, MLN_S("Cx")));
        assert_true(mln_slice_eq(req.rqi, MLN_S("1")));
        assert_true(mln_slice_eq(req.rvi, MLN_S("3")));
        assert_int_equal(req.arrival_us, NOW);
        assert_true(req.ot_us == MLN_NO_TIME && req.rqet_us == MLN_NO_TIME);
        assert_true(req.rset_us == MLN_NO_TIME && req.oet_us == MLN_NO_TIME);
        assert_int_equal(req.pc != NULL, i != 1 && i != 3);
        assert_false(req.has_rcn);
        assert_null(req.fc);
        assert_null(req.atrl);
        assert_null(req.grtm);
        assert_int_equal(req.ec, 0);
        assert_false(req.wants_unstructured);
        assert_int_equal(req.ty, i == 0 ? 3 : 0);
    }
}

static void test_what_every_request_needs(void **state)
{
    static const struct sample samples[] = {
        { "{'to':'a','fr':'C','rqi':'1','rvi':'3'}", PARAM_MISSING,
          "op: mandatory parameter missing" },
        { "{'op':2,'fr':'C','rqi':'1','rvi':'3'}", PARAM_MISSING,
          "to: mandatory parameter missing" },
        { "{'op':2,'to':'a','fr':'C','rvi':'3'}", PARAM_MISSING,
          "rqi: mandatory parameter missing" },
        { "{'op':2,'to':'a','rqi':'1','rvi':'3'}", PARAM_MISSING,
          "fr: mandatory parameter missing" },
        { "{'op':2,'to':'a','fr':'','rqi':'1','rvi':'3'}", PARAM_MISSING, NULL },
        { "{'op':'2','to':'a','fr':'C','rqi':'1','rvi':'3'}", PARAM_INVALID,
          "op: must be an integer" },
        { "{'op':0,'to':'a','fr':'C','rqi':'1','rvi':'3'}", PARAM_INVALID,
          "op: must be a value of m2m:operation" },
        { "{'op':6,'to':'a','fr':'C','rqi':'1','rvi':'3'}", PARAM_INVALID, NULL },
        { "{'op':-1,'to':'a','fr':'C','rqi':'1','rvi':'3'}", PARAM_INVALID, NULL },
        { "{'op':2,'to':5,'fr':'C','rqi':'1','rvi':'3'}", PARAM_INVALID,
          "to: must be a URI, is an integer" },
        { "{'op':2,'to':'','fr':'C','rqi':'1','rvi':'3'}", PARAM_INVALID, NULL },
        { "{'op':2,'to':'a b','fr':'C','rqi':'1','rvi':'3'}", PARAM_INVALID,
          "to: must be a URI, is another string" },
        { "{'op':2,'to':'a','fr':'C','rqi':1,'rvi':'3'}", PARAM_INVALID, NULL },
        { "{'op':2,'to':'a','fr':'C','rqi':'','rvi':'3'}", PARAM_INVALID, NULL },
        { "{'op':2,'to':'a','fr':'C','rqi':'a\nb','rvi':'3'}", PARAM_INVALID, NULL },
        { "{'op':2,'to':'a','fr':'C','rqi':null,'rvi':'3'}", PARAM_INVALID, NULL },
        { "{'op':2,'to':'a','fr':'C x','rqi':'1','rvi':'3'}", PARAM_INVALID,
          "fr: must be an identifier, is another string" },
        { "{'op':2,'to':'a','fr':['C'],'rqi':'1','rvi':'3'}", PARAM_INVALID, NULL },
        { R ",'foo':1}", PARAM_INVALID, "foo: unknown request parameter, or given twice" },
        { R ",'fr':'Cy'}", PARAM_INVALID, "fr: unknown request parameter, or given twice" },
        { "[]", PARAM_INVALID, "a request must be an object of parameters" },
        { "5", PARAM_INVALID, NULL },
    };

    (void)state;
    RUN(samples);
    assert_int_equal(mln_request_read(NULL, NOW, &limits, arena, &req, NULL).code, PARAM_INVALID);
}

/* spec: TS-0004 7.2.1.1 */
static void test_an_ae_may_register_without_from(void **state)
{
    static const struct sample samples[] = {
        { "{'op':1,'to':'a','rqi':'1','rvi':'3','ty':2,'pc':{'m2m:ae':{}}}", OK, NULL },
        { "{'op':1,'to':'a','fr':'','rqi':'1','rvi':'3','ty':2,'pc':{'m2m:ae':{}}}", OK, NULL },
        { "{'op':1,'to':'a','rqi':'1','rvi':'3','ty':3,'pc':{'m2m:cnt':{}}}", PARAM_MISSING, NULL },
        { "{'op':2,'to':'a','rqi':'1','rvi':'3','ty':2}", PARAM_MISSING, NULL },
        { "{'op':1,'to':'a','rqi':'1','rvi':'3','pc':{'m2m:ae':{}}}", PARAM_MISSING, NULL },
    };

    (void)state;
    RUN(samples);
    must_read(samples[0].json);
    assert_int_equal(req.fr.len, 0);
}

/* spec: TS-0004 7.3.2.1 */
static void test_releases(void **state)
{
    static const char *const good[] = { "2a", "3", "4" };
    static const char *const bad[] = { "1", "2", "5", "", "3 ", "03", "2A", "x" };
    char json[200];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        (void)snprintf(json, sizeof json, "{'op':2,'to':'a','fr':'C','rqi':'1','rvi':'%s'}",
                       good[i]);
        assert_int_equal(read_request(json), OK);
        assert_true(mln_release_supported(mln_slice_z(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(json, sizeof json, "{'op':2,'to':'a','fr':'C','rqi':'1','rvi':'%s'}",
                       bad[i]);
        assert_int_equal(read_request(json), RELEASE);
        assert_false(mln_release_supported(mln_slice_z(bad[i])));
    }
    assert_int_equal(read_request("{'op':2,'to':'a','fr':'C','rqi':'1'}"), RELEASE);
    assert_int_equal(read_request("{'op':2,'to':'a','fr':'C','rqi':'1','rvi':3}"), RELEASE);
}

/* What a later release may have defined is no reason to call the request malformed. */
static void test_release_comes_before_the_rest(void **state)
{
    static const struct sample samples[] = {
        { "{'op':2,'to':'a','fr':'C','rqi':'1','rvi':'5','new':1}", RELEASE, NULL },
        { "{'op':9,'to':'a','fr':'C','rqi':'1','rvi':'5'}", RELEASE, NULL },
        { "{'op':1,'to':'a','fr':'C','rqi':'1','rvi':'5','ty':99,'pc':5}", RELEASE, NULL },
        { "{'op':2,'to':'a','fr':'C','rqi':'1','rvi':'5','rcn':99,'rt':9}", RELEASE, NULL },
        /* but not before what an answer needs */
        { "{'op':2,'to':'a','fr':'C','rvi':'5'}", PARAM_MISSING, NULL },
        { "{'op':2,'to':'a','rqi':'1','rvi':'5'}", PARAM_MISSING, NULL },
        { "{'op':2,'fr':'C','rqi':'1','rvi':'5'}", PARAM_MISSING, NULL },
    };

    (void)state;
    RUN(samples);
}

static void test_answers_get_what_is_usable(void **state)
{
    (void)state;
    assert_int_equal(read_request("{'rqi':'77','rvi':'9','vsi':'v','gid':'g'}"), PARAM_MISSING);
    assert_true(mln_slice_eq(req.rqi, MLN_S("77")));
    assert_true(mln_slice_eq(req.rvi, MLN_S("9")));
    assert_true(mln_slice_eq(req.vsi, MLN_S("v")));
    assert_true(mln_slice_eq(req.gid, MLN_S("g")));
    assert_int_equal(read_request("{'rqi':'7\n7','rvi':3,'vsi':'\r'}"), PARAM_MISSING);
    assert_int_equal(req.rqi.len + req.rvi.len + req.vsi.len, 0);
}

static void test_resource_type(void **state)
{
    static const struct sample samples[] = {
        { "{" BASE ",'op':1,'pc':{'m2m:cnt':{}}}", PARAM_MISSING,
          "ty: mandatory parameter missing" },
        { "{" BASE ",'op':1,'ty':99,'pc':{'m2m:cnt':{}}}", PARAM_INVALID,
          "ty: must be a value of m2m:resourceType, is another integer" },
        { "{" BASE ",'op':1,'ty':33,'pc':{'m2m:cnt':{}}}", PARAM_INVALID, NULL },
        { "{" BASE ",'op':1,'ty':'3','pc':{'m2m:cnt':{}}}", PARAM_INVALID, NULL },
        { "{" BASE ",'op':1,'ty':0,'pc':{'m2m:cnt':{}}}", PARAM_INVALID, NULL },
        { "{" BASE ",'op':1,'ty':10003,'pc':{'m2m:cntA':{}}}", OK, NULL },
        { R ",'ty':3}", PARAM_INVALID, "ty: not allowed in this operation" },
        { U ",'ty':3}", PARAM_INVALID, NULL },
        { D ",'ty':3}", PARAM_INVALID, NULL },
        { N ",'ty':3}", PARAM_INVALID, NULL },
    };

    (void)state;
    RUN(samples);
}

static void test_content(void **state)
{
    static const struct sample samples[] = {
        { "{" BASE ",'op':1,'ty':3}", PARAM_MISSING, "pc: mandatory parameter missing" },
        { "{" BASE ",'op':3}", PARAM_MISSING, NULL },
        { "{" BASE ",'op':5}", PARAM_MISSING, NULL },
        { "{" BASE ",'op':1,'ty':3,'pc':{}}", PARAM_INVALID,
          "pc: must be an object with exactly one member" },
        { "{" BASE ",'op':1,'ty':3,'pc':{'m2m:cnt':{},'m2m:ae':{}}}", PARAM_INVALID, NULL },
        { "{" BASE ",'op':1,'ty':3,'pc':[]}", PARAM_INVALID, NULL },
        { "{" BASE ",'op':1,'ty':3,'pc':'x'}", PARAM_INVALID, NULL },
        { "{" BASE ",'op':3,'pc':null}", PARAM_INVALID, NULL },
        { "{" BASE ",'op':5,'pc':5}", PARAM_INVALID, NULL },
        { D ",'pc':{'m2m:cnt':{}}}", PARAM_INVALID, "pc: not allowed in this operation" },
        { R ",'pc':{'m2m:cnt':{}}}", PARAM_INVALID, "pc: only m2m:atrl is allowed in RETRIEVE" },
        { R ",'pc':{}}", PARAM_INVALID, NULL },
        /* of whatever kind the representation is: that is looked at after authorization */
        { "{" BASE ",'op':1,'ty':3,'pc':{'m2m:cnt':5}}", OK, NULL },
    };

    (void)state;
    RUN(samples);
}

/* spec: TS-0004 7.3.3.6, TS-0009 6.2.2.2 */
static void test_partial_retrieve(void **state)
{
    static const char *const good[] = {
        R ",'pc':{'m2m:atrl':['lbl','rr']}}",
        R ",'atrl':['lbl','rr']}",
    };
    static const struct sample bad[] = {
        { R ",'pc':{'m2m:atrl':[]}}", PARAM_INVALID,
          "m2m:atrl: must have at least 1 elements, has 0" },
        { R ",'pc':{'m2m:atrl':'lbl'}}", PARAM_INVALID, NULL },
        { R ",'pc':{'m2m:atrl':['a b']}}", PARAM_INVALID, NULL },
        { R ",'atrl':[5]}", PARAM_INVALID, NULL },
        { R ",'atrl':['lbl'],'pc':{'m2m:atrl':['lbl']}}", PARAM_INVALID,
          "atrl: attributes to retrieve are given twice" },
        { C ",'atrl':['lbl']}", PARAM_INVALID, "atrl: not allowed in this operation" },
        { "{'op':2,'to':'a#rr','fr':'C','rqi':'1','rvi':'3','atrl':['lbl']}", PARAM_INVALID, NULL },
        { "{'op':2,'to':'a#','fr':'C','rqi':'1','rvi':'3'}", PARAM_INVALID,
          "to: what follows '#' is no attribute name" },
        { "{'op':2,'to':'a#b#c','fr':'C','rqi':'1','rvi':'3'}", PARAM_INVALID, NULL },
        { "{'op':2,'to':'#rr','fr':'C','rqi':'1','rvi':'3'}", PARAM_INVALID,
          "to: has no address before '#'" },
        { "{'op':4,'to':'a#rr','fr':'C','rqi':'1','rvi':'3'}", PARAM_INVALID,
          "to: an attribute can be addressed in RETRIEVE only" },
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        must_read(good[i]);
        assert_non_null(req.atrl);
        assert_int_equal(req.atrl->items.count, 2);
        assert_true(mln_slice_eq(req.atrl->items.first->text, MLN_S("lbl")));
        assert_null(req.pc);
    }
    must_read("{'op':2,'to':'a#rr','fr':'C','rqi':'1','rvi':'3'}");
    assert_true(mln_slice_eq(req.to, MLN_S("a")));
    assert_int_equal(req.atrl->items.count, 1);
    assert_true(mln_slice_eq(req.atrl->items.first->text, MLN_S("rr")));
    RUN(bad);
}

/* spec: TS-0001 8.1.2 */
static void test_result_content(void **state)
{
    static const char *const requests[] = { C, R, U, D, N, R ",'fc':{'fu':1}" };
    /* as Table 8.1.2-1: C R U D N discovery */
    static const char *const table[] = {
        "v-vv--", "vvvv--", "v-----", "v-----", "-v-v--", "-v-v--",
        "-v-v-v", "-v----", "-v-v--", "v-v---", "------", "-----v",
    };
    static const int defaults[] = { 1, 1, 1, 0, 0, MLN_RCN_DISCOVERY };
    char json[300];

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        (void)snprintf(json, sizeof json, "%s}", requests[i]);
        must_read(json);
        assert_int_equal(req.rcn, defaults[i]);
        assert_false(req.has_rcn);
        for (int rcn = 0; rcn <= 12; rcn++) {
            char mark = rcn < 12 ? table[rcn][i] : '-';
            enum mln_err_code expected = mark == 'v' ? OK : PARAM_INVALID;

            (void)snprintf(json, sizeof json, "%s,'rcn':%d}", requests[i], rcn);
            assert_int_equal(read_request(json), expected);
            if (expected == OK) {
                assert_int_equal(req.rcn, rcn);
                assert_true(req.has_rcn);
            }
        }
    }
    assert_int_equal(read_request(R ",'rcn':'1'}"), PARAM_INVALID);
}

static void test_filter_criteria(void **state)
{
    static const struct sample samples[] = {
        { R ",'fc':{'lbl':['a']}}", OK, NULL },
        { U ",'fc':{'lbl':['a']}}", OK, NULL },
        { D ",'fc':{'fu':2,'lbl':['a']}}", OK, NULL },
        { C ",'fc':{'lbl':['a']}}", PARAM_INVALID, "fc: not allowed in this operation" },
        { N ",'fc':{'lbl':['a']}}", PARAM_INVALID, NULL },
        { R ",'fc':{'foo':1}}", PARAM_INVALID, NULL },
        { R ",'fc':5}", PARAM_INVALID, NULL },
        { R ",'fc':{'geom':['x']}}", PARAM_INVALID, NULL },
        { R ",'fc':{'fu':3}}", NOT_IMPLEMENTED,
          "fc.fu: discovery through an interworking proxy is not supported yet" },
        { D ",'fc':{'fu':1}}", PARAM_INVALID, "fc: discovery is for RETRIEVE only" },
        { U ",'fc':{'fu':1}}", PARAM_INVALID, NULL },
    };

    (void)state;
    RUN(samples);
    must_read(R ",'fc':{'fu':1,'lim':5}}");
    assert_int_equal(req.fc->usage, MLN_FILTER_USAGE_DISCOVERY);
    assert_int_equal(req.fc->limit, 5);
}

/* spec: TS-0004 7.3.2.2 */
static void test_response_type(void **state)
{
    static const struct sample samples[] = {
        { R ",'rt':{'rtv':3}}", OK, NULL },
        { R ",'rt':3}", OK, NULL },
        { R ",'rt':{'rtv':4,'nu':['http://h']}}", OK, NULL },
        { R ",'rt':4}", OK, NULL },
        { R ",'rt':{'rtv':1}}", OK, NULL },
        { R ",'rt':1}", OK, NULL },
        { R ",'rt':{'rtv':2,'nu':[]}}", OK, NULL },
        { R ",'rt':2}", OK, NULL },
        { R ",'rt':5}", NOT_IMPLEMENTED, "rt: there is no interworking with 3GPP networks" },
        { R ",'rt':0}", PARAM_INVALID, "rt: must be a value of m2m:responseType" },
        { R ",'rt':6}", PARAM_INVALID, NULL },
        { R ",'rt':'3'}", PARAM_INVALID, NULL },
        { R ",'rt':null}", PARAM_INVALID, NULL },
        { R ",'rt':{'rtv':9}}", PARAM_INVALID, NULL },
        { R ",'rt':{}}", PARAM_INVALID, "rt: rtv is missing" },
        { R ",'rt':{'rtv':3,'nu':['a b']}}", PARAM_INVALID, NULL },
        { R ",'rt':{'rtv':3,'x':1}}", PARAM_INVALID, NULL },
    };

    (void)state;
    RUN(samples);
}

static void test_times(void **state)
{
    static const struct sample samples[] = {
        { R ",'ot':'20230101T000000'}", OK, NULL },
        { R ",'ot':5}", PARAM_INVALID, NULL },
        { R ",'ot':'5'}", PARAM_INVALID, NULL },
        { R ",'rqet':'20240101T000001'}", OK, NULL },
        { R ",'rqet':1000}", OK, NULL },
        { R ",'rqet':'1000'}", OK, NULL },
        { R ",'rqet':'20240101T000000'}", TIMEOUT, "rqet: the request has expired" },
        { R ",'rqet':'20231231T235959'}", TIMEOUT, NULL },
        { R ",'rqet':0}", TIMEOUT, NULL },
        { R ",'rqet':-1}", PARAM_INVALID, "rqet: a relative time must not be negative" },
        { R ",'rqet':'-1'}", PARAM_INVALID, NULL },
        { R ",'rqet':'20241301T000000'}", PARAM_INVALID, NULL },
        { R ",'rqet':'soon'}", PARAM_INVALID, NULL },
        { R ",'rqet':9223372036854775807}", PARAM_INVALID, "rqet: lies too far in the future" },
        { R ",'rqet':300000000000000}", PARAM_INVALID, NULL },
        { R ",'rqet':18446744073709551615}", PARAM_INVALID, NULL },
        { R ",'rqet':1.5}", PARAM_INVALID, NULL },
        { R ",'rset':1000}", OK, NULL },
        { R ",'rset':0}", TIMEOUT, "rset: the result has expired" },
        { R ",'rset':'20200101T000000'}", TIMEOUT, NULL },
        { R ",'rqet':1000,'rset':2000}", OK, NULL },
        { R ",'rqet':2000,'rset':2000}", PARAM_INVALID, "rset: must be later than rqet" },
        { R ",'rqet':2000,'rset':1000}", PARAM_INVALID, NULL },
        { R ",'oet':1000}", OK, NULL },
        { R ",'oet':'20200101T000000'}", OK, NULL }, /* TS-0001 8.1.2: begin at once */
        { R ",'oet':0}", OK, NULL },
        { R ",'oet':-1}", PARAM_INVALID, NULL },
        { R ",'oet':1000,'rqet':1000}", OK, NULL },
        { R ",'oet':1001,'rqet':1000}", TIMEOUT,
          "oet: the request expires before its execution time" },
        { R ",'oet':1001,'rset':1000}", TIMEOUT, NULL },
        { R ",'rp':1000}", OK, NULL },
        { R ",'rp':-1}", PARAM_INVALID, NULL },
        { N ",'rp':1000}", PARAM_INVALID, NULL },
    };

    (void)state;
    RUN(samples);
    must_read(R ",'ot':'20230101T000000','rqet':1500,'rset':'20240101T000002,5','oet':'10'}");
    assert_true(req.ot_us == NOW - INT64_C(365) * 86400 * MLN_US_PER_S);
    assert_true(req.rqet_us == NOW + 1500000);
    assert_true(req.rset_us == NOW + 2500000);
    assert_true(req.oet_us == NOW + 10000);
    assert_true(req.rp_us == MLN_NO_TIME);
    must_read(R ",'rp':'60000'}");
    assert_true(req.rp_us == NOW + 60000000);
}

static void test_the_rest(void **state)
{
    static const struct sample samples[] = {
        { R ",'ec':2}", OK, NULL },
        { R ",'ec':100}", OK, NULL },
        { R ",'ec':999}", OK, NULL },
        { R ",'ec':1}", PARAM_INVALID, "ec: must be of type m2m:eventCat, is an integer" },
        { R ",'ec':1000}", PARAM_INVALID, NULL },
        { R ",'ec':'2'}", PARAM_INVALID, NULL },
        { R ",'drt':1}", OK, NULL },
        { R ",'drt':3}", PARAM_INVALID, NULL },
        { C ",'drt':1}", PARAM_INVALID, NULL },
        { U ",'drt':1}", PARAM_INVALID, NULL },
        { D ",'drt':1}", PARAM_INVALID, NULL },
        { N ",'drt':1}", PARAM_INVALID, NULL },
        { N ",'rcn':0}", PARAM_INVALID, "rcn: not allowed in this operation" },
        { R ",'gid':'g'}", OK, NULL },
        { R ",'gid':'a\nb'}", PARAM_INVALID, "gid: is too long or has control characters" },
        { R ",'gid':5}", PARAM_INVALID, NULL },
        { R ",'vsi':''}", OK, NULL },
        { R ",'vsi':'a\rb'}", PARAM_INVALID, NULL },
        { R ",'grtm':['/cse/a']}", OK, NULL },
        { R ",'grtm':['a b']}", PARAM_INVALID, NULL },
        { N ",'grtm':['/cse/a']}", PARAM_INVALID, NULL },
    };

    (void)state;
    RUN(samples);
    must_read(R ",'ec':100,'drt':2,'gid':'g','vsi':'v','grtm':['/cse/a']}");
    assert_int_equal(req.ec, 100);
    assert_true(req.wants_unstructured);
    assert_true(mln_slice_eq(req.gid, MLN_S("g")));
    assert_true(mln_slice_eq(req.vsi, MLN_S("v")));
    assert_int_equal(req.grtm->items.count, 1);
}

/* spec: TS-0001 8.1.2, TS-0004 7.3.3.19.1: both or neither, and one question */
static void test_semantic_queries(void **state)
{
    static const struct sample samples[] = {
        { R ",'sqi':true,'rcn':10,'fc':{'smf':['x']}}", OK, NULL },
        { R ",'sqi':true,'rcn':10,'fc':{'smf':['x'],'fu':1,'lbl':['y']}}", OK, NULL },
        { R ",'sqi':false}", OK, NULL },
        { R ",'sqi':true}", PARAM_INVALID, NULL },
        { R ",'sqi':true,'rcn':10}", PARAM_INVALID, NULL },
        { R ",'sqi':true,'fc':{'smf':['x']}}", PARAM_INVALID, NULL },
        { R ",'sqi':true,'rcn':10,'fc':{'smf':['x','y']}}", PARAM_INVALID, NULL },
        { R ",'sqi':true,'rcn':10,'fc':{'smf':['x']},'atrl':['lbl']}", PARAM_INVALID, NULL },
        { R ",'sqi':false,'rcn':10,'fc':{'smf':['x']}}", PARAM_INVALID, NULL },
        { C ",'sqi':false}", PARAM_INVALID, NULL },
    };

    (void)state;
    RUN(samples);
}

/* Refused when they ask for something; spelled out they may say that they do not. */
static void test_unbuilt_parameters(void **state)
{
    static const struct sample samples[] = {
        { R ",'asi':true}", NOT_IMPLEMENTED, NULL },
        { R ",'aus':['QQ']}", NOT_IMPLEMENTED, NULL },
        { R ",'auri':true}", NOT_IMPLEMENTED, NULL },
        { R ",'auri':false}", OK, NULL },
        { R ",'da':true}", OK, NULL },
        { R ",'da':false}", OK, NULL },
        { N ",'asi':true}", PARAM_INVALID, NULL },
    };

    (void)state;
    RUN(samples);
}

/* spec: TS-0001 8.1.2, TS-0003 7.3.2, 7.4 */
static void test_roles_and_tokens(void **state)
{
    static const struct sample samples[] = {
        { R ",'rids':['r@x']}", OK, NULL },
        { R ",'rids':['X']}", PARAM_INVALID, NULL },
        { R ",'rids':['r@X']}", PARAM_INVALID, NULL },
        { R ",'rids':'r@x'}", PARAM_INVALID, NULL },
        { R ",'rids':['r@x','r@y','r@z','r@a','r@b']}", PARAM_INVALID, "rids: too many elements" },
        { R ",'tkns':['aa.bb.cc']}", OK, NULL },
        { R ",'tkns':['aa.bb']}", PARAM_INVALID, NULL },
        { R ",'tkns':['aa.bb.cc.dd.ee']}", OK, NULL },
        { R ",'tids':['t@x']}", OK, NULL },
        { R ",'tids':['t']}", PARAM_INVALID, NULL },
        { R ",'ltids':['t','_u']}", OK, NULL },
        { R ",'ltids':['a:b']}", PARAM_INVALID, NULL },
        { R ",'tqi':true}", OK, NULL },
        { R ",'tqi':0}", PARAM_INVALID, NULL },
    };

    (void)state;
    limits.claims = 4;
    RUN(samples);
    must_read(R ",'rids':[],'tkns':[],'tids':[],'ltids':[],'tqi':false}");
    assert_true(!req.rids && !req.tkns && !req.tids && !req.ltids && !req.tqi);
    must_read(R
              ",'rids':['r@x','q@x'],'tkns':['aa.bb.cc'],'tids':['t@x'],'ltids':['l'],'tqi':true}");
    assert_int_equal(req.rids->items.count, 2);
    assert_true(mln_slice_eq(req.tkns->items.first->text, MLN_S("aa.bb.cc")));
    assert_true(req.tids && req.ltids && req.tqi);
    limits.token_bytes = 4;
    assert_int_equal(read_request(R ",'tkns':['aa.bb.cc']}"), PARAM_INVALID);
    assert_string_equal(fault.text, "tkns: an element is too long");
    limits.identifier_bytes = 2;
    assert_int_equal(read_request(R ",'rids':['r@x']}"), PARAM_INVALID);
    mln_limits_default(&limits);
}

static enum mln_err_code with_long(const char *name, size_t len)
{
    char *text = test_malloc(len);
    struct mln_value *v;
    enum mln_err_code code;

    mln_arena_reset(arena);
    mln_fault_clear(&fault);
    memset(text, 'a', len);
    v = test_json("{'op':2}", arena);
    for (size_t i = 0; i < 4; i++) {
        static const char *const names[] = { "to", "fr", "rqi", "rvi" };

        assert_false(mln_failed(mln_value_set(v, mln_slice_z(names[i]),
                                              mln_value_text(arena, strcmp(names[i], name) == 0
                                                                        ? mln_slice_of(text, len)
                                                                        : MLN_S("3")))));
    }
    if (strcmp(name, "gid") == 0 || strcmp(name, "vsi") == 0) {
        assert_false(mln_failed(
            mln_value_set(v, mln_slice_z(name), mln_value_text(arena, mln_slice_of(text, len)))));
    }
    code = mln_request_read(v, NOW, &limits, arena, &req, &fault).code;
    if (code != OK) {
        assert_true(req.rqi.len <= 255 && req.vsi.len <= 255);
    }
    test_free(text);
    return code;
}

static void test_lengths(void **state)
{
    static const char *const names[] = { "fr", "rqi", "gid", "vsi" };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(with_long(names[i], 255), OK);
        assert_int_equal(with_long(names[i], 256), PARAM_INVALID);
    }
    assert_int_equal(with_long("to", 8192), OK);
    assert_int_equal(with_long("to", 8193), PARAM_INVALID);
    assert_int_equal(with_long("rvi", 100000), RELEASE);
}

static void test_without_memory(void **state)
{
    struct mln_arena *small = mln_arena_new(16);
    struct mln_value *v = test_json("{'op':2,'to':'a#rr','fr':'C','rqi':'1','rvi':'3'}", arena);

    (void)state;
    assert_int_equal(mln_request_read(v, NOW, &limits, small, &req, NULL).code, MLN_ERR_NO_MEMORY);
    mln_arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_of_each_operation),
        cmocka_unit_test(test_what_every_request_needs),
        cmocka_unit_test(test_an_ae_may_register_without_from),
        cmocka_unit_test(test_releases),
        cmocka_unit_test(test_release_comes_before_the_rest),
        cmocka_unit_test(test_answers_get_what_is_usable),
        cmocka_unit_test(test_resource_type),
        cmocka_unit_test(test_content),
        cmocka_unit_test(test_partial_retrieve),
        cmocka_unit_test(test_result_content),
        cmocka_unit_test(test_filter_criteria),
        cmocka_unit_test(test_response_type),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_the_rest),
        cmocka_unit_test(test_semantic_queries),
        cmocka_unit_test(test_unbuilt_parameters),
        cmocka_unit_test(test_roles_and_tokens),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
