/* Tests of groups that other CSEs host, where the clock matters and what is sent. SEC-ACP-16 */
#include "cse/access/remote_group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "cse/look_test.h"

#define OK     MLN_RSC_OK
#define DENIED MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE

static const int64_t MS = 1000;
static const int64_t ABSENT = 2000000; /* limit group_absent_ms */

static const struct mln_domain_setting hosts[] = {
    { { "/id-o", 5 }, { "http://keeper:1", 15 }, { 0 } },
    { { "//Far.example/id-o", 18 }, { "http://far", 10 }, { 0 } },
};
static const struct mln_domain_setting repositories[] = {
    { { "x.example", 9 }, { "http://roles", 12 }, { 0 } },
};

static struct mln_look look;

static int set_up(void **state)
{
    (void)state;
    mln_look_open(&look, &(struct mln_inproc_options){ .group_hosts = hosts,
                                                       .group_host_count = 2,
                                                       .role_repositories = repositories,
                                                       .role_repository_count = 1 });
    mln_look_register(&look, "Cae");
    mln_look_register(&look, "Cother");
    mln_look_policy(&look, "p", "[{'acor':['/id-o/cse-o/g'],'acop':63}]");
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c','acpi':['cse-in/p']}}");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

/* The rules of the policy from now on. */
static void rule(const char *rules)
{
    const struct mln_inproc_answer *a = mln_look_ask(
        &look, "{'op':3,'to':'cse-in/p','fr':'CAdmin','pc':{'m2m:acp':{'pv':{'acr':%s}}}}", rules);

    assert_int_equal(a->rsc, MLN_RSC_UPDATED);
}

static struct mln_inproc_call *retrieve(const char *originator, const char *more)
{
    return mln_look_start(&look, "{'op':2,'to':'cse-in/c','fr':'%s'%s}", originator, more);
}

static enum mln_rsc answer_of(struct mln_inproc_call *call)
{
    enum mln_rsc rsc = mln_look_answer(call);

    assert_int_equal(look.p->worker->parked, 0);
    return rsc;
}

static enum mln_rsc asks(const char *originator)
{
    return answer_of(retrieve(originator, ""));
}

static struct mln_inproc_reply group_of(const char *members)
{
    static char pc[1024];

    (void)snprintf(pc, sizeof pc, "{\"m2m:grp\":{\"rn\":\"g\",\"mt\":2,\"mid\":[%s]}}", members);
    return (struct mln_inproc_reply){ .pc = pc };
}

static struct mln_inproc_reply silence(void)
{
    return (struct mln_inproc_reply){ .is_silent = true };
}

/* ---- one group ---- */

static void waits_for_the_answer(void **state)
{
    struct mln_inproc_reply reply = group_of("\"/id-in/Cae\"");
    struct mln_inproc_call *call;

    (void)state;
    look.p->reply = silence();
    call = retrieve("Cae", "");
    assert_false(mln_inproc_answer_of(call)->is_there);
    assert_int_equal(look.p->worker->parked, 1);
    assert_int_equal(look.p->sent_count, 1);
    assert_string_equal(look.p->sent->url, "http://keeper:1");
    assert_string_equal(look.p->sent->to, "/id-o/cse-o/g");
    assert_string_equal(look.p->sent->fr, "/id-in");
    assert_int_equal(look.p->sent->op, MLN_OP_RETRIEVE);
    assert_true(mln_inproc_reply_to_first(look.p, &reply));
    mln_inproc_settle(look.p);
    assert_int_equal(answer_of(call), OK);
}

static void another_service_provider(void **state)
{
    (void)state;
    rule("[{'acor':['//far.example/id-o/cse-o/g'],'acop':63}]");
    look.p->reply = group_of("\"//merlon.example/id-in/Cae\"");
    assert_int_equal(asks("Cae"), OK);
    assert_string_equal(look.p->sent->url, "http://far");
    assert_string_equal(look.p->sent->to, "//far.example/id-o/cse-o/g");
    assert_string_equal(look.p->sent->fr, "//merlon.example/id-in");
    look.p->reply = group_of("\"/id-in/Cother\",\"/id-in/cse-in/Cother\"");
    assert_int_equal(asks("Cother"), DENIED); /* of that SP, not of ours */
}

/* spec: security.md 1.2; what is relative is relative to the CSE that hosts the group */
static void who_is_a_member(void **state)
{
    static const struct {
        const char *members;
        bool is_one;
    } rows[] = {
        { "\"/id-in/Cae\"", true },
        { "\"//merlon.example/id-in/Cae\"", true },
        { "\"//MERLON.example/id-in/Cae\"", true },
        { "\"/id-in/cse-in/Cae\"", true },
        { "\"//merlon.example/id-in/cse-in/Cae\"", true },
        { "\"/id-in/-/Cae\"", true },
        { "7,null,{},[],\"/id-x/cx\",\"/id-in/Cae\"", true },
        { "\"Cae\"", false },
        { "\"/id-o/Cae\"", false },
        { "\"cse-in/Cae\"", false },
        { "\"-/Cae\"", false },
        { "\"/id-in\"", false },
        { "\"/id-in/C*\",\"*\",\"all\",\"/id-in/*\"", false },
        { "\"/id-in/cae\",\"id-in/Cae\",\"///id-in/Cae\",\"\",\"/\",\"//\"", false },
        { "\"//far.example/id-in/Cae\"", false },
        { "\"/id-in/cse-in/Cother\"", false },
        { "[\"/id-in/Cae\"],{\"x\":\"/id-in/Cae\"}", false },
        { "", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mln_inproc_advance(look.p, 100000 * MS);
        look.p->reply = group_of(rows[i].members);
        if (asks("Cae") != (rows[i].is_one ? OK : DENIED)) {
            fail_msg("%s", rows[i].members);
        }
        look.p->reply = group_of("\"/id-in/Cother\"");
        assert_int_equal(asks("Cother"), OK);
    }
}

static void an_ae_of_the_service_provider(void **state)
{
    (void)state;
    mln_look_register(&look, "Sae");
    look.p->reply = group_of("\"Sae\"");
    assert_int_equal(asks("Sae"), OK);
    mln_inproc_advance(look.p, 60000 * MS);
    look.p->reply = group_of("\"//merlon.example/Sae\"");
    assert_int_equal(asks("Sae"), OK);
    mln_inproc_advance(look.p, 60000 * MS);
    look.p->reply = group_of("\"//far.example/Sae\"");
    assert_int_equal(asks("Sae"), DENIED);
}

static void what_is_no_group(void **state)
{
    static const struct mln_inproc_reply rows[] = {
        { .pc = "{\"m2m:grp\":{}}" },
        { .pc = "{\"m2m:grp\":{\"mid\":\"/id-in/Cae\"}}" },
        { .pc = "{\"m2m:grp\":{\"mid\":{\"x\":\"/id-in/Cae\"}}}" },
        { .pc = "{\"m2m:grp\":[\"/id-in/Cae\"]}" },
        { .pc = "{\"m2m:cnt\":{\"mid\":[\"/id-in/Cae\"]}}" },
        { .pc = "{\"mid\":[\"/id-in/Cae\"]}" },
        { .pc = "{\"m2m:grp\":{\"mid\":[\"/id-in/Cae\"]},\"m2m:cnt\":{}}" },
        { .pc = "{\"m2m:grp\":{\"mid\":[\"/id-in/Cae\"],\"et\":\"20291231T235959\"}}" },
        { .pc = "{\"m2m:grp\":{\"mid\":[\"/id-in/Cae\"],\"et\":\"never\"}}" },
        { .pc = "{\"m2m:grp\":{\"mid\":[\"/id-in/Cae\"],\"et\":7}}" },
        { .pc = "[]" },
        { .pc = NULL },
        { .rsc = MLN_RSC_NOT_FOUND, .pc = "{\"m2m:grp\":{\"mid\":[\"/id-in/Cae\"]}}" },
        { .rsc = MLN_RSC_CREATED, .pc = "{\"m2m:grp\":{\"mid\":[\"/id-in/Cae\"]}}" },
        { .has_no_rsc = true, .pc = "{\"m2m:grp\":{\"mid\":[\"/id-in/Cae\"]}}" },
        { .err = MLN_ERR_PROTOCOL },
        { .err = MLN_ERR_NETWORK },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        look.p->reply = rows[i];
        if (asks("Cae") != DENIED) {
            fail_msg("%zu", i);
        }
        mln_inproc_advance(look.p, ABSENT);
    }
    look.p->reply = group_of("\"/id-in/Cae\"");
    assert_int_equal(asks("Cae"), OK);
}

static void a_group_that_is_too_large(void **state)
{
    (void)state;
    look.p->limits.group_members = 2;
    look.p->reply = group_of("\"/id-in/Cae\",\"x\",\"y\"");
    assert_int_equal(asks("Cae"), DENIED);
    mln_inproc_advance(look.p, ABSENT);
    look.p->reply = group_of("\"/id-in/Cae\",\"x\"");
    assert_int_equal(asks("Cae"), OK);
}

/* ---- time ---- */

static void waits_no_longer_than_the_request_lives(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    look.p->reply = silence();
    call = retrieve("Cae", "");
    assert_int_equal(look.p->sent->timeout_us, 30000 * MS);
    mln_inproc_advance(look.p, 30001 * MS);
    mln_inproc_settle(look.p);
    assert_int_equal(answer_of(call), DENIED);
    mln_inproc_advance(look.p, ABSENT);
    for (unsigned i = 0; i < 2; i++) { /* its own haste is not the other CSE's silence */
        mln_inproc_forget(look.p);
        call = retrieve("Cae", ",\"rqet\":\"700\"");
        assert_int_equal(look.p->sent->timeout_us, 700 * MS);
        mln_inproc_advance(look.p, 701 * MS);
        mln_inproc_settle(look.p);
        assert_int_equal(answer_of(call), MLN_RSC_REQUEST_TIMEOUT);
    }
}

/* First the role, without which nobody knows that the group is needed, then the group: together
 * they get the time that one would get. */
static void waits_for_roles_and_groups_together(void **state)
{
    struct mln_inproc_reply none = { .rsc = MLN_RSC_NOT_FOUND };
    struct mln_inproc_reply group = group_of("\"/id-in/Cae\"");
    struct mln_inproc_call *call;

    (void)state;
    rule("[{'acor':['r@x.example','/id-o/cse-o/g'],'acop':63}]");
    look.p->reply = silence();
    call = retrieve("Cae", ",\"rids\":[\"r@x.example\"]");
    assert_int_equal(look.p->sent_count, 1);
    mln_inproc_advance(look.p, 20000 * MS);
    assert_true(mln_inproc_reply_to_first(look.p, &none));
    mln_inproc_settle(look.p);
    assert_int_equal(look.p->sent_count, 2);
    assert_string_equal(look.p->sent->next->to, "/id-o/cse-o/g");
    assert_int_equal(look.p->sent->next->timeout_us, 10000 * MS);
    assert_true(mln_inproc_reply_to_first(look.p, &group));
    mln_inproc_settle(look.p);
    assert_int_equal(answer_of(call), OK);
}

/* A member that leaves is one for as long as the limit group_cache_ms says. */
static void remembers_members(void **state)
{
    (void)state;
    look.p->reply = group_of("\"/id-in/Cae\",\"/id-in/Cother\"");
    assert_int_equal(asks("Cae"), OK);
    look.p->reply = group_of("");
    mln_inproc_advance(look.p, 60000 * MS - 1);
    assert_int_equal(asks("Cae"), OK);
    assert_int_equal(look.p->sent_count, 1);
    mln_inproc_advance(look.p, 1);
    assert_int_equal(asks("Cae"), DENIED);
    assert_int_equal(look.p->sent_count, 2);
}

static void remembers_as_long_as_the_group_lives(void **state)
{
    (void)state;
    look.p->reply.pc = "{\"m2m:grp\":{\"mid\":[\"/id-in/Cae\"],\"et\":\"20300101T000010\"}}";
    assert_int_equal(asks("Cae"), OK);
    mln_inproc_advance(look.p, 10000 * MS - 1);
    assert_int_equal(asks("Cae"), OK);
    assert_int_equal(look.p->sent_count, 1);
    mln_inproc_advance(look.p, 1);
    assert_int_equal(asks("Cae"), DENIED);
}

static void remembers_who_is_no_member(void **state)
{
    (void)state;
    look.p->reply = group_of("\"/id-in/Cother\"");
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(asks("Cae"), DENIED);
    }
    assert_int_equal(look.p->sent_count, 1);
    assert_int_equal(asks("Cother"), OK); /* is asked for apart */
    look.p->reply = group_of("\"/id-in/Cae\"");
    mln_inproc_advance(look.p, ABSENT - 1);
    assert_int_equal(asks("Cae"), DENIED);
    mln_inproc_advance(look.p, 1);
    assert_int_equal(asks("Cae"), OK);
}

/* A CSE that does not answer is left alone for a while, another is not; what is known stays. */
static void a_host_that_is_down(void **state)
{
    (void)state;
    rule("[{'acor':['/id-o/g1','/id-o/g2'],'acop':63},{'acor':['//far.example/id-o/g'],'acop':2}]");
    look.p->reply = (struct mln_inproc_reply){ .err = MLN_ERR_NETWORK };
    assert_int_equal(asks("Cae"), DENIED);
    assert_int_equal(look.p->sent_count, 3);
    assert_int_equal(asks("Cother"), DENIED);
    assert_int_equal(look.p->sent_count, 3);
    mln_inproc_advance(look.p, ABSENT);
    look.p->reply = group_of("\"//merlon.example/id-in/Cae\"");
    assert_int_equal(asks("Cae"), OK);
    assert_int_equal(look.p->sent_count, 6);
    look.p->reply = (struct mln_inproc_reply){ .err = MLN_ERR_NETWORK };
    assert_int_equal(asks("Cother"), DENIED);
    assert_int_equal(asks("Cae"), OK);
    assert_int_equal(look.p->sent_count, 9);
}

/* ---- who is asked ---- */

static void nobody_is_asked_without_need(void **state)
{
    static const char *const rules[] = {
        "[{'acor':['/id-o/g'],'acop':61}]", /* all but RETRIEVE */
        "[{'acor':['/id-o/g'],'acop':2,'acaf':false,'acco':[{'actw':['0 0 0 1 1 * 2000']}]}]",
        "[{'acor':['/id-o/g/fopt','/id-o/g/fopt/x'],'acop':63}]",
        "[{'acor':['/id-unknown/g','//far.example/id-unknown/g','//other.example/id-o/g'],"
        "'acop':63}]",
        "[{'acor':['/id-o','/id-o/Cae','//far.example','//far.example/id-o','/id-o/g*'],"
        "'acop':63}]",
    };

    (void)state;
    look.p->reply = group_of("\"/id-in/Cae\",\"//merlon.example/id-in/Cae\"");
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        rule(rules[i]);
        assert_int_equal(asks("Cae"), DENIED);
    }
    rule("[{'acor':['/id-o/g','Cae'],'acop':63}]");
    assert_int_equal(asks("Cae"), OK);
    rule("[{'acor':['/id-o/g'],'acop':63},{'acor':['Cae'],'acop':63}]");
    assert_int_equal(asks("Cae"), OK);
    assert_int_equal(asks("CAdmin"), OK);
    assert_int_equal(look.p->sent_count, 0);
}

static void asks_for_all_at_once(void **state)
{
    struct mln_inproc_reply none = { .rsc = MLN_RSC_NOT_FOUND };
    struct mln_inproc_reply reply = group_of("\"//merlon.example/id-in/Cae\"");
    struct mln_inproc_call *call;

    (void)state;
    rule(
        "[{'acor':['/id-o/g1','/id-o/g1'],'acop':63},{'acor':['//far.example/id-o/g2'],'acop':2}]");
    look.p->reply = silence();
    call = retrieve("Cae", "");
    assert_int_equal(look.p->sent_count, 2);
    assert_true(mln_inproc_reply_to_first(look.p, &none));
    mln_inproc_settle(look.p);
    assert_false(mln_inproc_answer_of(call)->is_there);
    assert_true(mln_inproc_reply_to_first(look.p, &reply));
    mln_inproc_settle(look.p);
    assert_int_equal(answer_of(call), OK);
}

static void so_many_groups_and_no_more(void **state)
{
    char rules[2048] = "[{'acop':63,'acor':['/id-o/g0'";
    size_t len = strlen(rules);

    (void)state;
    for (unsigned i = 1; i < 40; i++) {
        len += (size_t)snprintf(rules + len, sizeof rules - len, ",'/id-o/g%u'", i);
    }
    (void)snprintf(rules + len, sizeof rules - len, "]}]");
    rule(rules);
    look.p->reply = group_of("");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(asks("Cae"), DENIED);
    }
    assert_int_equal(look.p->sent_count, 16);
}

static void a_flood_of_one_originator(void **state)
{
    struct mln_inproc_call *calls[40];
    unsigned refused = 0;

    (void)state;
    rule("[{'acor':['/id-o/g1','/id-o/g2'],'acop':63}]");
    look.p->reply = silence();
    for (unsigned i = 0; i < 40; i++) { /* who wants to live short asks for itself */
        calls[i] = retrieve("Cae", ",\"rqet\":\"29000\"");
        refused += mln_inproc_answer_of(calls[i])->is_there;
    }
    assert_int_equal(refused, 8);
    assert_int_equal(look.p->sent_count, 64);
    look.p->reply = group_of("\"/id-in/Cother\"");
    (void)retrieve("Cother", "");
    assert_int_equal(look.p->sent_count, 66);
    mln_inproc_advance(look.p, 30001 * MS);
    mln_inproc_settle(look.p);
    for (unsigned i = 0; i < 32; i++) {
        assert_int_equal(answer_of(calls[i]), MLN_RSC_REQUEST_TIMEOUT);
    }
}

/* ---- each kind of request ---- */

static enum mln_rsc says(const char *json)
{
    const struct mln_inproc_answer *a = mln_look_ask(&look, "%s", json);

    assert_true(a->is_there);
    return a->rsc;
}

static void writes(void **state)
{
    (void)state;
    look.p->limits.group_cache_ms = 0;
    look.p->reply = group_of("\"/id-in/Cae\"");
    assert_int_equal(says("{'op':1,'to':'cse-in/c','fr':'Cae','ty':4,"
                          "'pc':{'m2m:cin':{'con':'1'}}}"),
                     MLN_RSC_CREATED);
    assert_int_equal(says("{'op':3,'to':'cse-in/c','fr':'Cae','pc':{'m2m:cnt':{'lbl':['x']}}}"),
                     MLN_RSC_UPDATED);
    assert_int_equal(says("{'op':1,'to':'cse-in/c','fr':'Cae','ty':23,"
                          "'pc':{'m2m:sub':{'nu':['Cae']}}}"),
                     MLN_RSC_CREATED);
    assert_int_equal(look.p->sent_count, 3);
    assert_int_equal(says("{'op':4,'to':'cse-in/c','fr':'Cother'}"), DENIED);
    assert_int_equal(says("{'op':4,'to':'cse-in/c','fr':'Cae'}"), MLN_RSC_DELETED);
}

/* The policy changes while the answer is awaited: the last decision is the one that counts. */
static void a_write_is_decided_when_it_is_made(void **state)
{
    struct mln_inproc_reply reply = group_of("\"/id-in/Cae\"");
    struct mln_inproc_call *call;

    (void)state;
    look.p->reply = silence();
    call = mln_look_start(&look, "{\"op\":4,\"to\":\"cse-in/c\",\"fr\":\"Cae\"}");
    rule("[{'acor':['Cother'],'acop':63}]");
    assert_true(mln_inproc_reply_to_first(look.p, &reply));
    mln_inproc_settle(look.p);
    assert_int_equal(answer_of(call), DENIED);
}

static void discovery_and_children(void **state)
{
    const struct mln_inproc_answer *a;

    (void)state;
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, "{'m2m:cnt':{'rn':'d','acpi':['cse-in/p']}}");
    look.p->reply = group_of("\"/id-in/Cae\"");
    a = mln_look_ask(&look, "{'op':2,'to':'cse-in','fr':'Cae','fc':{'fu':1,'ty':[3]}}");
    assert_non_null(strstr(a->pc, "cse-in/c"));
    assert_non_null(strstr(a->pc, "cse-in/d"));
    assert_int_equal(look.p->sent_count, 1);
    a = mln_look_ask(&look, "{'op':2,'to':'cse-in','fr':'Cother','fc':{'fu':1,'ty':[3]}}");
    assert_null(strstr(a->pc, "cse-in/c"));
    a = mln_look_ask(&look, "{'op':2,'to':'cse-in','fr':'Cae','rcn':4}");
    assert_non_null(strstr(a->pc, "\"rn\":\"d\""));
}

/* Each member is decided on by itself; none has been changed before the groups are known. */
static void fan_outs(void **state)
{
    const struct mln_inproc_answer *a;

    (void)state;
    look.p->limits.group_cache_ms = 0;
    mln_look_policy(&look, "q", "[{'acor':['all'],'acop':63}]");
    mln_look_policy(&look, "r", "[{'acor':['//far.example/id-o/g'],'acop':63}]");
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, "{'m2m:cnt':{'rn':'d','acpi':['cse-in/q']}}");
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, "{'m2m:cnt':{'rn':'e','acpi':['cse-in/r']}}");
    mln_look_make(&look, NULL, "cse-in", MLN_TY_GRP,
                  "{'m2m:grp':{'rn':'g','mt':3,'mnm':9,'macp':['cse-in/q'],"
                  "'mid':['cse-in/d','cse-in/c','cse-in/e']}}");
    look.p->reply = group_of("\"//merlon.example/id-in/Cae\"");
    a = mln_look_ask(&look, "{'op':2,'to':'cse-in/g/fopt','fr':'Cae'}");
    assert_null(strstr(a->pc, "4103"));
    assert_int_equal(look.p->sent_count, 2);
    a = mln_look_ask(&look, "{'op':1,'to':'cse-in/g/fopt','fr':'Cae','ty':4,"
                            "'pc':{'m2m:cin':{'con':'1'}}}");
    assert_null(strstr(a->pc, "4103"));
    assert_int_equal(look.p->sent_count, 4);
    a = mln_look_ask(&look, "{'op':2,'to':'cse-in/d','fr':'CAdmin'}");
    assert_non_null(strstr(a->pc, "\"cni\":1"));
    a = mln_look_ask(&look, "{'op':4,'to':'cse-in/g/fopt','fr':'Cother'}");
    assert_non_null(strstr(a->pc, "4103"));
    assert_non_null(strstr(a->pc, "2002"));
}

/* A search that goes on where the worker's memory cannot be looked at. */
static void long_reads(void **state)
{
    const struct mln_inproc_answer *a;

    (void)state;
    look.p->limits.quick_scan = 1;
    mln_worker_take_long_reads(look.p->worker);
    look.p->reply = group_of("\"/id-in/Cae\"");
    for (unsigned i = 0; i < 2; i++) {
        a = mln_look_ask(&look, "{'op':2,'to':'cse-in','fr':'Cae','fc':{'fu':1,'ty':[3]}}");
        assert_non_null(strstr(a->pc, "cse-in/c"));
    }
    assert_int_equal(look.p->sent_count, 1);
    assert_int_equal(asks("Cae"), OK);
}

/* The decisions of a wide write are made beforehand where nobody else waits for them. */
static void a_long_rehearsal(void **state)
{
    const struct mln_inproc_answer *a;

    (void)state;
    look.p->limits.quick_scan = 1;
    mln_worker_take_long_reads(look.p->worker);
    mln_look_policy(&look, "q", "[{'acor':['all'],'acop':63}]");
    for (int name = 'd'; name < 'h'; name++) {
        char pc[64];

        (void)snprintf(pc, sizeof pc, "{'m2m:cnt':{'rn':'%c','acpi':['cse-in/p']}}", name);
        mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, pc);
    }
    mln_look_make(&look, NULL, "cse-in", MLN_TY_GRP,
                  "{'m2m:grp':{'rn':'w','mt':3,'mnm':9,'macp':['cse-in/q'],"
                  "'mid':['cse-in/d','cse-in/e','cse-in/f','cse-in/g']}}");
    look.p->reply = group_of("\"/id-in/Cae\"");
    for (unsigned i = 0; i < 2; i++) {
        a = mln_look_ask(&look, "{'op':1,'to':'cse-in/w/fopt','fr':'Cae','ty':4,"
                                "'pc':{'m2m:cin':{'con':'1'}}}");
        assert_null(strstr(a->pc, "4103"));
        assert_non_null(strstr(a->pc, "2001"));
    }
    assert_int_equal(look.p->sent_count, 1);
}

/* ---- explanations ---- */

static void explains_why_a_group_does_not_count(void **state)
{
    static const char question[] =
        "{'op':2,'to':'cse-in/c','fr':'CAdmin',"
        "'mln-explain':'originator=%s;operation=retrieve;time=now;authenticated=true'}";
    static const char step[] = "{\"step\":\"group\",\"id\":\"/id-o/cse-o/g\",\"state\":\"%s\"}";
    const struct {
        struct mln_inproc_reply reply;
        const char *state;
    } rows[] = {
        { { .err = MLN_ERR_NETWORK }, "not retrieved" },
        { { .rsc = MLN_RSC_NOT_FOUND }, "refused" },
        { { .pc = "{\"m2m:cnt\":{}}" }, "no group" },
        { { .pc = "{\"m2m:grp\":{\"mid\":[]}}" }, "no member" },
        { { .pc = "{\"m2m:grp\":{\"mid\":[\"/id-in/Cae\"]}}" }, "member" },
    };
    const struct mln_inproc_answer *a;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) { /* nothing said before hides it */
        char expected[128];

        (void)snprintf(expected, sizeof expected, step, rows[i].state);
        look.p->reply = rows[i].reply;
        a = mln_look_ask(&look, question, "Cae");
        assert_non_null(strstr(a->pc, expected));
        assert_non_null(strstr(a->pc, i < 4 ? "\"permits\":false" : "\"permits\":true,\"steps\""));
    }
    a = mln_look_ask(&look, question, "Cother"); /* whom it is about, not who wants to know */
    assert_non_null(strstr(a->pc, "no member"));
    rule("[{'acor':['/id-x/g'],'acop':63}]");
    a = mln_look_ask(&look, question, "Cae");
    assert_non_null(strstr(a->pc, "\"id\":\"/id-x/g\",\"state\":\"no host\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(waits_for_the_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_service_provider, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_a_member, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_ae_of_the_service_provider, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_group, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_group_that_is_too_large, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_no_longer_than_the_request_lives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_for_roles_and_groups_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(remembers_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(remembers_as_long_as_the_group_lives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(remembers_who_is_no_member, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_host_that_is_down, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_is_asked_without_need, set_up, tear_down),
        cmocka_unit_test_setup_teardown(asks_for_all_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(so_many_groups_and_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flood_of_one_originator, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_write_is_decided_when_it_is_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown(discovery_and_children, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fan_outs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_reads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_rehearsal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(explains_why_a_group_does_not_count, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
