/* Validation by table: each rule has a case that keeps it and one that breaks it. */
#include "model/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/test_json.h"

#define OK              MLN_ERR_NONE
#define INVALID         MLN_ERR_ATTR_INVALID
#define UNKNOWN         MLN_ERR_ATTR_UNKNOWN
#define FORBIDDEN       MLN_ERR_ATTR_FORBIDDEN
#define MISSING         MLN_ERR_ATTR_MISSING
#define NOT_IMPLEMENTED MLN_ERR_NOT_IMPLEMENTED

static struct mln_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(1 << 20);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

/* ---- single values ---- */

struct value_case {
    enum mln_datatype_id type;
    const char *json;
    enum mln_err_code expected;
    const char *fault; /* exact text, or NULL */
};

static const struct value_case values[] = {
    /* TEXT */
    { MLN_DT_STRING, "''", OK, NULL },
    { MLN_DT_STRING, "5", INVALID, "x: must be a string, is an integer" },
    { MLN_DT_STRING, "null", INVALID, "x: must be a string, is null" },
    { MLN_DT_TIMESTAMP, "'20240101T000000'", OK, NULL },
    { MLN_DT_TIMESTAMP, "'soon'", INVALID,
      "x: must be a timestamp YYYYMMDDThhmmss[,ffffff], is another string" },
    /* BOOLEAN */
    { MLN_DT_BOOLEAN, "true", OK, NULL },
    { MLN_DT_BOOLEAN, "false", OK, NULL },
    { MLN_DT_BOOLEAN, "1", INVALID, "x: must be true or false, is an integer" },
    { MLN_DT_BOOLEAN, "'true'", INVALID, "x: must be true or false, is a string" },
    /* INTEGER */
    { MLN_DT_NON_NEGATIVE_INTEGER, "0", OK, NULL },
    { MLN_DT_NON_NEGATIVE_INTEGER, "18446744073709551615", OK, NULL },
    { MLN_DT_NON_NEGATIVE_INTEGER, "18446744073709551616", INVALID,
      "x: must be an integer of at least 0, is a number that is no 64-bit integer" },
    { MLN_DT_NON_NEGATIVE_INTEGER, "-0", OK, NULL },
    { MLN_DT_NON_NEGATIVE_INTEGER, "-1", INVALID,
      "x: must be an integer of at least 0, is another integer" },
    { MLN_DT_NON_NEGATIVE_INTEGER, "'5'", INVALID,
      "x: must be an integer of at least 0, is a string" },
    { MLN_DT_NON_NEGATIVE_INTEGER, "5.0", INVALID,
      "x: must be an integer of at least 0, is a number that is no 64-bit integer" },
    { MLN_DT_NON_NEGATIVE_INTEGER, "1e2", INVALID, NULL },
    { MLN_DT_NON_NEGATIVE_INTEGER, "true", INVALID, NULL },
    { MLN_DT_NON_NEGATIVE_INTEGER, "[5]", INVALID, NULL },
    { MLN_DT_POSITIVE_INTEGER, "1", OK, NULL },
    { MLN_DT_POSITIVE_INTEGER, "0", INVALID,
      "x: must be an integer of at least 1, is another integer" },
    { MLN_DT_INTEGER, "-9223372036854775808", OK, NULL },
    { MLN_DT_INTEGER, "-9223372036854775809", INVALID,
      "x: must be an integer, is a number that is no 64-bit integer" },
    { MLN_DT_LONG, "9223372036854775807", OK, NULL },
    { MLN_DT_LONG, "9223372036854775808", INVALID, NULL },
    { MLN_DT_LONG, "-9223372036854775808", OK, NULL },
    { MLN_DT_UNSIGNED_SHORT, "65535", OK, NULL },
    { MLN_DT_UNSIGNED_SHORT, "65536", INVALID,
      "x: must be an integer from 0 to 65535, is another integer" },
    { MLN_DT_UNSIGNED_INT_0_100, "100", OK, NULL },
    { MLN_DT_UNSIGNED_INT_0_100, "101", INVALID, NULL },
    { MLN_DT_ACCESS_CONTROL_OPERATIONS, "63", OK, NULL },
    { MLN_DT_ACCESS_CONTROL_OPERATIONS, "0", INVALID, NULL },
    { MLN_DT_ACCESS_CONTROL_OPERATIONS, "64", INVALID,
      "x: must be an integer from 1 to 63, is another integer" },
    /* NUMBER */
    { MLN_DT_FLOAT, "1.5e3", OK, NULL },
    { MLN_DT_FLOAT, "-7", OK, NULL },
    { MLN_DT_FLOAT, "'7'", INVALID, "x: must be a number, is a string" },
    /* ENUM */
    { MLN_DT_CONSISTENCY_STRATEGY, "1", OK, NULL },
    { MLN_DT_CONSISTENCY_STRATEGY, "3", OK, NULL },
    { MLN_DT_CONSISTENCY_STRATEGY, "0", INVALID,
      "x: must be a value of m2m:consistencyStrategy, is another integer" },
    { MLN_DT_CONSISTENCY_STRATEGY, "4", INVALID, NULL },
    { MLN_DT_CONSISTENCY_STRATEGY, "-1", INVALID, NULL },
    { MLN_DT_CONSISTENCY_STRATEGY, "'1'", INVALID, NULL },
    { MLN_DT_CONSISTENCY_STRATEGY, "18446744073709551615", INVALID, NULL },
    { MLN_DT_RESOURCE_TYPE, "33", INVALID, NULL },
    { MLN_DT_RESOURCE_TYPE, "10046", OK, NULL },
    /* LIST */
    { MLN_DT_LABELS, "['a','b:c']", OK, NULL },
    { MLN_DT_LABELS, "[]", INVALID, "x: must have at least 1 elements, has 0" },
    { MLN_DT_LABELS, "'a'", INVALID, "x: must be an array, is a string" },
    { MLN_DT_LABELS, "['a',5]", INVALID, "x[1]: must be a label: key or key:value, is an integer" },
    { MLN_DT_LABELS, "['a',null]", INVALID, NULL },
    { MLN_DT_LIST_ANY_URI, "[]", OK, NULL },
    { MLN_DT_LIST_1_N_ANY_URI, "[]", INVALID, NULL },
    { MLN_DT_LIST_OF_MIN_MAX, "[1,2]", OK, NULL },
    { MLN_DT_LIST_OF_MIN_MAX, "[1]", INVALID, "x: must have at least 2 elements, has 1" },
    { MLN_DT_LIST_OF_MIN_MAX, "[1,2,3]", INVALID, "x: must have at most 2 elements, has 3" },
    /* UNION */
    { MLN_DT_EVENT_CAT, "2", OK, NULL },
    { MLN_DT_EVENT_CAT, "4", OK, NULL },
    { MLN_DT_EVENT_CAT, "100", OK, NULL },
    { MLN_DT_EVENT_CAT, "999", OK, NULL },
    { MLN_DT_EVENT_CAT, "0", INVALID, "x: must be of type m2m:eventCat, is an integer" },
    { MLN_DT_EVENT_CAT, "5", INVALID, NULL },
    { MLN_DT_EVENT_CAT, "99", INVALID, NULL },
    { MLN_DT_EVENT_CAT, "1000", INVALID, NULL },
    { MLN_DT_EVENT_CAT_WITH_DEF, "0", OK, NULL },
    { MLN_DT_EVENT_CAT_WITH_DEF, "1", INVALID, NULL },
    { MLN_DT_ABS_REL_TIMESTAMP, "'20240101T000000'", OK, NULL },
    { MLN_DT_ABS_REL_TIMESTAMP, "3600000", OK, NULL },
    { MLN_DT_ABS_REL_TIMESTAMP, "'3600000'", OK, NULL },
    { MLN_DT_ABS_REL_TIMESTAMP, "'later'", INVALID, NULL },
    { MLN_DT_MISSING_DATA_LIST, "['20240101T000000']", OK, NULL },
    { MLN_DT_MISSING_DATA_LIST, "['PT1S','PT2S']", OK, NULL },
    { MLN_DT_MISSING_DATA_LIST, "['PT1S','20240101T000000']", INVALID, NULL },
    { MLN_DT_ANY_SIMPLE_TYPE, "'a'", OK, NULL },
    { MLN_DT_ANY_SIMPLE_TYPE, "5", OK, NULL },
    { MLN_DT_ANY_SIMPLE_TYPE, "false", OK, NULL },
    { MLN_DT_ANY_SIMPLE_TYPE, "{}", INVALID, NULL },
    /* COMPLEX */
    { MLN_DT_BATCH_NOTIFY, "{'num':5,'dur':'PT1S'}", OK, NULL },
    { MLN_DT_BATCH_NOTIFY, "{}", OK, NULL },
    { MLN_DT_BATCH_NOTIFY, "5", INVALID,
      "x: must be an object of type m2m:batchNotify, is an integer" },
    { MLN_DT_BATCH_NOTIFY, "{'num':-5}", INVALID,
      "x.num: must be an integer of at least 0, is another integer" },
    { MLN_DT_BATCH_NOTIFY, "{'nmu':5}", INVALID, "x: nmu is no member of m2m:batchNotify" },
    { MLN_DT_RATE_LIMIT, "{'mnn':5}", INVALID, "x: tww is missing" },
    { MLN_DT_SET_OF_ACRS, "{}", OK, NULL },
    { MLN_DT_SET_OF_ACRS, "{'acr':[]}", OK, NULL },
    { MLN_DT_SET_OF_ACRS, "{'acr':[{'acor':['all'],'acop':63}]}", OK, NULL },
    { MLN_DT_SET_OF_ACRS, "{'acr':{'acor':['all'],'acop':63}}", INVALID,
      "x.acr: must be an array, is an object" },
    { MLN_DT_SET_OF_ACRS, "{'acr':[{'acor':['all'],'acop':63},{'acop':1}]}", INVALID,
      "x.acr[1]: acor is missing" },
    { MLN_DT_SET_OF_ACRS, "{'acr':[{'acor':[],'acop':63}]}", INVALID,
      "x.acr[0].acor: must have at least 1 elements, has 0" },
    { MLN_DT_SET_OF_ACRS, "{'acr':[{'acor':['all'],'acop':'63'}]}", INVALID,
      "x.acr[0].acop: must be an integer from 1 to 63, is a string" },
    { MLN_DT_SET_OF_ACRS, "{'acr':[{'acor':['all'],'acop':1,'acco':[{'actw':['* * * * *']}]}]}",
      INVALID, "x.acr[0].acco[0].actw[0]: must be a schedule of seven fields, is another string" },
    { MLN_DT_SET_OF_ACRS, "{'acr':[{'acor':['all'],'acop':1,'acaf':true}]}", OK, NULL },
    { MLN_DT_SET_OF_ACRS, "{'acr':[{'acor':['all'],'acop':1,'acod':[{'chty':[3]}]}]}", OK, NULL },
    { MLN_DT_SET_OF_ACRS, "{'acr':[{'acor':['all'],'acop':1,'acod':[{'ty':3}]}]}", INVALID,
      "x.acr[0].acod[0]: chty is missing" },
    { MLN_DT_EVENT_NOTIFICATION_CRITERIA, "{'net':[1,2,3,4],'atr':['lbl'],'chty':[3]}", OK, NULL },
    { MLN_DT_EVENT_NOTIFICATION_CRITERIA, "{'net':[1,1,1,1,1,1]}", INVALID,
      "x.net: must have at most 5 elements, has 6" },
    { MLN_DT_EVENT_NOTIFICATION_CRITERIA, "{'net':1}", INVALID, NULL },
    { MLN_DT_EVENT_NOTIFICATION_CRITERIA, "{'net':[99]}", INVALID, NULL },
    { MLN_DT_EVENT_NOTIFICATION_CRITERIA, "{'atr':[]}", INVALID, NULL },
    { MLN_DT_EVENT_NOTIFICATION_CRITERIA, "{'om':[{'ops':1}]}", OK, NULL },
    { MLN_DT_EVENT_NOTIFICATION_CRITERIA, "{'om':[{'ops':0}]}", INVALID, NULL },
    { MLN_DT_DELETION_CONTEXTS, "{'lr':[]}", NOT_IMPLEMENTED, NULL },
    { MLN_DT_EVENT_NOTIFICATION_CRITERIA, "{'md':{'num':1,'dur':'PT1S'}}", OK, NULL },
    { MLN_DT_FILTER_CRITERIA, "{'fo':3,'ty':[3,4],'lim':0,'lvl':1}", OK, NULL },
    { MLN_DT_FILTER_CRITERIA, "{'fo':4}", INVALID, NULL },
    { MLN_DT_FILTER_CRITERIA, "{'lvl':0}", INVALID, NULL },
    /* choice */
    { MLN_DT_LOCATION_REGION, "{'accc':['KR']}", OK, NULL },
    { MLN_DT_LOCATION_REGION, "{'accr':[1.5,2,300]}", OK, NULL },
    { MLN_DT_LOCATION_REGION, "{'accr':[1.5,2]}", INVALID, NULL },
    { MLN_DT_LOCATION_REGION, "{}", INVALID, "x: must have exactly one member, has 0" },
    { MLN_DT_LOCATION_REGION, "{'accc':['KR'],'accr':[1,2,3]}", INVALID,
      "x: must have exactly one member, has 2" },
    /* unique members */
    { MLN_DT_CONTENT_REF, "{'urir':[{'nm':'a','uri':'u'},{'nm':'b','uri':'u'}]}", OK, NULL },
    { MLN_DT_CONTENT_REF, "{'urir':[{'nm':'a','uri':'u'},{'nm':'a','uri':'v'}]}", INVALID,
      "x.urir: two elements have the same nm" },
    { MLN_DT_CONTENT_REF, "{'urir':[]}", INVALID, NULL },
    { MLN_DT_CONTENT_REF, "{}", INVALID, "x: urir is missing" },
    /* namespace and XML attribute members */
    { MLN_DT_CHILD_RESOURCE_REF, "{'nm':'c1','typ':3,'val':'cse-in/ae/c1'}", OK, NULL },
    { MLN_DT_AGGREGATED_RESPONSE, "{'m2m:rsp':[{'rsc':2000,'rqi':'1','rvi':'3'}]}", OK, NULL },
    { MLN_DT_AGGREGATED_RESPONSE, "{'rsp':[]}", INVALID, NULL },
    { MLN_DT_NOTIFICATION, "{'sur':'s','nev':{'net':1,'rep':{'m2m:cnt':{}}}}", OK, NULL },
    { MLN_DT_NOTIFICATION, "{'nev':{'net':1}}", INVALID, "x: sur is missing" },
    { MLN_DT_NOTIFICATION, "{'sur':'s','nev':{'om':{'op':1}}}", INVALID,
      "x.nev.om: or is missing" },
    /* ANY */
    { MLN_DT_ANY_TYPE, "{'a':{'b':[null]}}", OK, NULL },
    { MLN_DT_ANY_TYPE, "0", OK, NULL },
    { MLN_DT_ANY_TYPE, "null", INVALID, "x: must be a value, is null" },
};

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const struct value_case *c = &values[i];
        struct mln_fault fault = { "" };
        mln_err err;

        mln_arena_reset(arena);
        err = mln_check_value(c->type, test_json(c->json, arena), MLN_S("x"), &fault);
        if (err.code != c->expected || (c->fault && strcmp(fault.text, c->fault) != 0)) {
            fail_msg("%s: %s, \"%s\"", c->json, mln_err_name(err), fault.text);
        }
        assert_int_equal(fault.text[0] != '\0', mln_failed(err));
        assert_int_equal(mln_check_value(c->type, test_json(c->json, arena), MLN_S("x"), NULL).code,
                         c->expected);
    }
}

static void test_value_without_a_name(void **state)
{
    struct mln_fault fault = { "" };
    struct mln_slice none = { NULL, 0 };

    (void)state;
    assert_int_equal(mln_check_value(MLN_DT_BOOLEAN, test_json("1", arena), none, &fault).code,
                     INVALID);
    assert_string_equal(fault.text, "value: must be true or false, is an integer");
}

/* A fault is told however long the path is. */
static void test_long_names_are_cut(void **state)
{
    char name[5000];
    struct mln_fault fault = { "" };
    struct mln_value *v = mln_value_new(arena, MLN_V_OBJECT);

    (void)state;
    memset(name, 'n', sizeof name);
    assert_false(
        mln_failed(mln_value_set(v, mln_slice_of(name, sizeof name), mln_value_int(arena, 1))));
    assert_int_equal(
        mln_check_value(MLN_DT_BATCH_NOTIFY, v, mln_slice_of(name, sizeof name), &fault).code,
        INVALID);
    assert_true(strlen(fault.text) > 100);
}

/* ---- representations ---- */

struct case_of_type {
    const char *root;
    const char *json;
    const char *optional;
    enum mln_err_code expected;
    const char *fault;
};

static const struct case_of_type creates[] = {
    { "m2m:cnt", "{}", NULL, OK, NULL },
    { "m2m:cnt", "{'rn':'c1','mni':10,'lbl':['a'],'et':'20300101T000000'}", NULL, OK, NULL },
    { "m2m:cnt", "{'mni':'10'}", NULL, INVALID,
      "mni: must be an integer of at least 0, is a string" },
    { "m2m:cnt", "{'foo':1}", NULL, UNKNOWN, "foo is no attribute of container" },
    { "m2m:cnt", "{'maxNrOfInstances':1}", NULL, UNKNOWN, NULL },
    { "m2m:cnt", "{'m2m:cin':{'con':1}}", NULL, UNKNOWN, NULL },
    { "m2m:cnt", "{'ri':'x'}", NULL, FORBIDDEN, "ri: resourceID is not allowed in CREATE" },
    { "m2m:cnt", "{'cni':0}", NULL, FORBIDDEN, NULL },
    { "m2m:cnt", "{'st':0}", NULL, FORBIDDEN, NULL },
    { "m2m:cnt", "{'ty':3}", NULL, FORBIDDEN, NULL },
    { "m2m:sub", "{'nu':['/a/b'],'daci':['c']}", NULL, NOT_IMPLEMENTED,
      "daci: dynamicAuthorizationConsultationIDs is not supported yet" },
    { "m2m:sub", "{'nu':['/a/b'],'acrs':['/b/c'],'nse':true}", NULL, OK, NULL },
    { "m2m:sub", "{'nu':['/a/b'],'nsi':[]}", NULL, FORBIDDEN, NULL },
    { "m2m:cnt", "{'daci':[]}", NULL, NOT_IMPLEMENTED, NULL },
    { "m2m:cnt", "{'mni':null}", NULL, INVALID, "mni: null is no value in CREATE" },
    { "m2m:cnt", "{'lbl':null}", NULL, INVALID, NULL },
    { "m2m:cnt", "{'rn':'a/b'}", NULL, INVALID, NULL },
    { "m2m:cnt", "{'rn':5}", NULL, INVALID, NULL },
    { "m2m:cnt", "{'et':'20301301T000000'}", NULL, INVALID, NULL },
    { "m2m:cnt", "{'acpi':[]}", NULL, INVALID, NULL },
    { "m2m:cnt", "{'disr':true}", NULL, OK, NULL },
    { "m2m:cnt", "{'disr':0}", NULL, INVALID, NULL },
    /* creator: TS-0004 7.3.3.3 */
    { "m2m:cnt", "{'cr':null}", NULL, OK, NULL },
    { "m2m:cnt", "{'cr':'/cse/C1'}", NULL, INVALID, "cr: must be null, the CSE sets the creator" },
    { "m2m:cnt", "{'cr':''}", NULL, INVALID, NULL },
    { "m2m:acp", "{'cr':null,'pv':{},'pvs':{'acr':[{'acor':['all'],'acop':63}]}}", NULL, UNKNOWN,
      "cr is no attribute of accessControlPolicy" },
    { "m2m:smr", "{'cr':null}", NULL, FORBIDDEN, NULL },
    /* mandatory */
    { "m2m:cin", "{'con':'x'}", NULL, OK, NULL },
    { "m2m:cin", "{'con':{'a':[1,null]},'cnf':'application/json:0'}", NULL, OK, NULL },
    { "m2m:cin", "{'con':0}", NULL, OK, NULL },
    { "m2m:cin", "{'con':false}", NULL, OK, NULL },
    { "m2m:cin", "{'con':''}", NULL, OK, NULL },
    { "m2m:cin", "{'con':null}", NULL, INVALID, NULL },
    { "m2m:cin", "{}", NULL, MISSING, "con: content is mandatory in CREATE" },
    { "m2m:cin", "{'cnf':'text/plain:0'}", NULL, MISSING, NULL },
    { "m2m:cin", "{'con':'x','cnf':'text/plain'}", NULL, INVALID,
      "cnf: must be media-type:encodingType[:contentSecurity], is another string" },
    { "m2m:cin", "{'con':'x','cs':1}", NULL, FORBIDDEN, NULL },
    { "m2m:cin", "{'con':'x','acpi':['a']}", NULL, UNKNOWN, NULL },
    { "m2m:ae", "{'api':'N1','rr':true,'srv':['3']}", NULL, OK, NULL },
    { "m2m:ae", "{'api':'N1','rr':true}", NULL, MISSING,
      "srv: supportedReleaseVersions is mandatory in CREATE" },
    { "m2m:ae", "{'api':'N1','rr':true}", "srv", OK, NULL },
    { "m2m:ae", "{'rr':true}", "srv", MISSING, "api: App-ID is mandatory in CREATE" },
    { "m2m:ae", "{'api':'N1','rr':true,'srv':['3','6']}", NULL, INVALID,
      "srv[1]: must be a release version: 1, 2, 2a, 3, 4 or 5, is another string" },
    { "m2m:ae", "{'api':'N1','rr':true,'srv':['1','2','2a','3','4','5']}", NULL, OK, NULL },
    { "m2m:ae", "{'api':'N1','rr':true,'srv':['3'],'poa':['http://h:1']}", NULL, OK, NULL },
    { "m2m:ae", "{'api':'N1','rr':true,'srv':['3'],'poa':['h']}", NULL, INVALID, NULL },
    { "m2m:ae", "{'api':'N1','rr':true,'srv':['3'],'csz':['json','yaml']}", NULL, INVALID, NULL },
    { "m2m:ae", "{'api':'N1','rr':true,'srv':['3'],'aei':'C1'}", NULL, FORBIDDEN, NULL },
    { "m2m:ae", "{'api':'N1','rr':true,'srv':['3'],'daci':['x']}", NULL, NOT_IMPLEMENTED, NULL },
    { "m2m:ae", "{'api':'N1','rr':true,'srv':['3'],'esi':{'esf':[13,43]}}", NULL, OK, NULL },
    { "m2m:ae", "{'api':'N1','rr':true,'srv':['3'],'esi':{'esf':[16]}}", NULL, INVALID, NULL },
    { "m2m:acp", "{'pv':{}}", NULL, MISSING, "pvs: selfPrivileges is mandatory in CREATE" },
    { "m2m:acp", "{'pv':{},'pvs':{'acr':[{'acor':['all'],'acop':64}]}}", NULL, INVALID,
      "pvs.acr[0].acop: must be an integer from 1 to 63, is another integer" },
    { "m2m:sub", "{'nu':['http://h']}", NULL, OK, NULL },
    { "m2m:sub", "{'nu':[]}", NULL, INVALID, NULL },
    { "m2m:sub", "{'nu':['a b']}", NULL, INVALID, "nu[0]: must be a URI, is another string" },
    { "m2m:sub", "{'nu':['http://h'],'daci':['x']}", NULL, NOT_IMPLEMENTED, NULL },
    { "m2m:sub", "{'nu':['http://h'],'nct':6}", NULL, INVALID, NULL },
    { "m2m:sub", "{'nu':['http://h'],'exc':0}", NULL, INVALID, NULL },
    { "m2m:grp", "{'mnm':5,'mid':[]}", NULL, OK, NULL },
    { "m2m:grp", "{'mnm':0,'mid':[]}", NULL, INVALID, NULL },
    { "m2m:grp", "{'mid':[]}", NULL, MISSING, NULL },
    { "m2m:grp", "{'mnm':5,'mid':['a'],'mt':3,'csy':2,'gn':'g'}", NULL, OK, NULL },
    { "m2m:grp", "{'mnm':5,'mid':['a'],'mt':45}", NULL, INVALID, NULL },
    { "m2m:nod", "{'ni':'urn:x:y'}", NULL, OK, NULL },
    { "m2m:nod", "{'ni':'x','rms':true}", NULL, FORBIDDEN, NULL },
    { "m2m:cb", "{}", NULL, OK, NULL },
    { "m2m:cb", "{'lbl':['a']}", NULL, FORBIDDEN, NULL },
    /* several values of an object type: an array */
    { "m2m:cmp", "{'mgd':1011,'cpn':'p','cmlk':[{'nm':'a','typ':1013,'val':'u'}]}", NULL, OK,
      NULL },
    { "m2m:cmp", "{'mgd':1011,'cpn':'p','cmlk':{'nm':'a','typ':1013,'val':'u'}}", NULL, INVALID,
      "cmlk: must be an array, is an object" },
    { "m2m:cmp", "{'mgd':1011,'cpn':'p','cmlk':[]}", NULL, INVALID, NULL },
    { "m2m:cntA", "{'lnk':'/c/x','et':'20300101T000000'}", NULL, OK, NULL },
    { "m2m:cntA", "{'et':'20300101T000000'}", NULL, MISSING, NULL },
    /* not an object */
    { "m2m:cnt", "5", NULL, INVALID, "a representation must be an object, is an integer" },
    { "m2m:cnt", "[]", NULL, INVALID, NULL },
    { "m2m:cnt", "null", NULL, INVALID, NULL },
};

static const struct case_of_type updates[] = {
    { "m2m:cnt", "{}", NULL, OK, NULL },
    { "m2m:cnt", "{'mni':5,'lbl':['x']}", NULL, OK, NULL },
    { "m2m:cnt", "{'mni':null,'lbl':null,'acpi':null}", NULL, OK, NULL },
    { "m2m:cnt", "{'et':null}", NULL, OK, NULL }, /* TS-0001 9.6.1.3.2: the CSE decides anew */
    { "m2m:ae", "{'rr':null}", NULL, INVALID, "rr: requestReachability cannot be deleted" },
    { "m2m:cnt", "{'rn':'x'}", NULL, FORBIDDEN, "rn: resourceName is not allowed in UPDATE" },
    { "m2m:cnt", "{'rn':null}", NULL, FORBIDDEN, NULL },
    { "m2m:cnt", "{'cr':null}", NULL, FORBIDDEN, NULL },
    { "m2m:cnt", "{'foo':null}", NULL, UNKNOWN, NULL },
    { "m2m:sub", "{'daci':null}", NULL, NOT_IMPLEMENTED, NULL },
    { "m2m:cnt", "{'mni':-1}", NULL, INVALID, NULL },
    { "m2m:cnt", "{'mni':5,'cbs':1}", NULL, FORBIDDEN, NULL },
    { "m2m:cin", "{'con':'x'}", NULL, FORBIDDEN, NULL },
    { "m2m:acp", "{'pvs':null}", NULL, INVALID, "pvs: selfPrivileges cannot be deleted" },
    { "m2m:acp", "{'pv':{}}", NULL, OK, NULL },
    { "m2m:ae", "{'srv':null}", NULL, OK, NULL }, /* multiplicity 0..1(L) */
    { "m2m:ae", "{'api':'N2'}", NULL, FORBIDDEN, NULL },
    { "m2m:sub", "{'nu':null}", NULL, INVALID, NULL },
    { "m2m:sub", "{'enc':{'net':[1]}}", NULL, OK, NULL },
    { "m2m:grp", "{'mt':1}", NULL, FORBIDDEN, NULL },
    { "m2m:cb", "{'lbl':['a']}", NULL, FORBIDDEN, NULL },
    { "m2m:cnt", "'x'", NULL, INVALID, "a representation must be an object, is a string" },
};

static void run(const struct case_of_type *c, bool is_create)
{
    const struct mln_type *type = mln_model_root(mln_slice_z(c->root));
    struct mln_fault fault = { "" };
    struct mln_value *v;
    mln_err err;

    mln_arena_reset(arena);
    assert_non_null(type);
    v = test_json(c->json, arena);
    err = is_create ? mln_check_create(type, v, mln_slice_z(c->optional), &fault)
                    : mln_check_update(type, v, &fault);
    if (err.code != c->expected || (c->fault && strcmp(fault.text, c->fault) != 0)) {
        fail_msg("%s %s: %s, \"%s\"", c->root, c->json, mln_err_name(err), fault.text);
    }
    assert_int_equal(fault.text[0] != '\0', mln_failed(err));
}

static void test_creates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof creates / sizeof creates[0]; i++) {
        run(&creates[i], true);
    }
}

static void test_updates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof updates / sizeof updates[0]; i++) {
        run(&updates[i], false);
    }
}

static void test_absent_representation(void **state)
{
    const struct mln_type *type = mln_model_type(MLN_TY_CNT);

    (void)state;
    assert_int_equal(mln_check_create(type, NULL, MLN_S(""), NULL).code, INVALID);
    assert_int_equal(mln_check_update(type, NULL, NULL).code, INVALID);
}

/* Every attribute of every type: refused with the error that its row in the table asks for. */
static void test_every_attribute_follows_its_row(void **state)
{
    (void)state;
    for (unsigned id = 0; id < MLN_TYPES; id++) {
        const struct mln_type *t = mln_model_type_at((enum mln_type_id)id);

        for (unsigned i = 0; i < t->attribute_count; i++) {
            const struct mln_attribute *a = &t->attributes[i];
            struct mln_value *v;
            mln_err err;

            mln_arena_reset(arena);
            v = mln_value_new(arena, MLN_V_OBJECT);
            assert_false(mln_failed(mln_value_set(v, a->name, mln_value_new(arena, MLN_V_NULL))));
            err = mln_check_update(t, v, NULL);
            if (a->update == MLN_PRESENCE_FORBIDDEN) {
                assert_int_equal(err.code, FORBIDDEN);
            } else if (a->is_unbuilt) {
                assert_int_equal(err.code, NOT_IMPLEMENTED);
            } else {
                assert_int_equal(err.code, a->least && a->slot != MLN_SLOT_ET ? INVALID : OK);
            }
            err = mln_check_create(t, v, MLN_S(""), NULL);
            if (a->create == MLN_PRESENCE_FORBIDDEN) {
                assert_int_equal(err.code, FORBIDDEN);
            } else if (a->is_unbuilt) {
                assert_int_equal(err.code, NOT_IMPLEMENTED);
            } else if (a->slot != MLN_SLOT_CR) {
                assert_int_equal(err.code, INVALID);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_value_without_a_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_names_are_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_creates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_updates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_absent_representation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_attribute_follows_its_row, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
