/* Tests of policies that other CSEs host, where the clock matters and what is sent. */
#include "cse/access/remote_policy.h"

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
    { { "//far.example/id-o", 18 }, { "http://far", 10 }, { 0 } },
};

static struct mln_look look;

static int set_up(void **state)
{
    (void)state;
    mln_look_open(&look,
                  &(struct mln_inproc_options){ .group_hosts = hosts, .group_host_count = 2 });
    mln_look_register(&look, "Cae");
    mln_look_register(&look, "Cother");
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT,
                  "{'m2m:cnt':{'rn':'c','acpi':['/id-o/cse-o/p']}}");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

static enum mln_rsc asks_for(const char *originator, const char *to)
{
    enum mln_rsc rsc =
        mln_look_answer(mln_look_start(&look, "{'op':2,'to':'%s','fr':'%s'}", to, originator));

    assert_int_equal(look.p->worker->parked, 0);
    return rsc;
}

static enum mln_rsc asks(const char *originator)
{
    return asks_for(originator, "cse-in/c");
}

/* A policy with these rules, and selfPrivileges, written with '. */
static struct mln_inproc_reply policy_of(const char *rules, const char *self)
{
    static char pc[2048];

    (void)snprintf(pc, sizeof pc, "{'m2m:acp':{'rn':'p','pv':{'acr':[%s]},'pvs':{'acr':[%s]}}}",
                   rules, self);
    for (char *c = pc; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    return (struct mln_inproc_reply){ .pc = pc };
}

static struct mln_inproc_reply policy_for(const char *originators)
{
    char rule[1024];

    (void)snprintf(rule, sizeof rule, "{'acor':[%s],'acop':63}", originators);
    return policy_of(rule, "");
}

/* ---- one policy ---- */

/* In the name of this CSE, and once: what it says is known then. */
static void is_retrieved(void **state)
{
    (void)state;
    look.p->reply = policy_for("'/id-in/Cae'");
    assert_int_equal(asks("Cae"), OK);
    assert_int_equal(look.p->sent_count, 1);
    assert_string_equal(look.p->sent->url, "http://keeper:1");
    assert_string_equal(look.p->sent->to, "/id-o/cse-o/p");
    assert_string_equal(look.p->sent->fr, "/id-in");
    assert_int_equal(look.p->sent->op, MLN_OP_RETRIEVE);
    assert_int_equal(asks("Cother"), DENIED);
    assert_int_equal(asks("Cae"), OK);
    assert_int_equal(look.p->sent_count, 1);
}

/* The release that its CSE understands, not that of whoever comes first: what an older one does not
 * know may be a restriction, and the answer counts for all. */
static void in_its_release(void **state)
{
    (void)state;
    look.p->reply = policy_for("'/id-in/Cae'");
    assert_int_equal(
        mln_look_answer(mln_look_start(&look, "{'op':2,'to':'cse-in/c','fr':'Cae','rvi':'2a'}")),
        OK);
    assert_string_equal(look.p->sent->rvi, "3");
}

/* What is relative is relative to the CSE of the policy. */
static void whom_it_means(void **state)
{
    static const struct {
        const char *originators;
        bool is_one;
    } rows[] = {
        { "'/id-in/Cae'", true },
        { "'//merlon.example/id-in/Cae'", true },
        { "'/id-in/*'", true },
        { "'all'", true },
        { "'Cother','/id-in/Cae'", true },
        { "'//merlon.example'", true },
        { "'Cae'", false },
        { "'C*'", false },
        { "'*'", false },
        { "'/id-o/Cae'", false },
        { "'/id-in'", false },
        { "'//far.example/id-in/Cae'", false },
        { "", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mln_inproc_advance(look.p, 100000 * MS);
        look.p->reply = policy_for(rows[i].originators);
        if (asks("Cae") != (rows[i].is_one ? OK : DENIED)) {
            fail_msg("%s", rows[i].originators);
        }
    }
}

static void of_another_service_provider(void **state)
{
    (void)state;
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT,
                  "{'m2m:cnt':{'rn':'d','acpi':['//far.example/id-o/cse-o/p']}}");
    look.p->reply = policy_for("'//merlon.example/id-in/Cae','/id-in/Cother','*'");
    assert_int_equal(asks_for("Cae", "cse-in/d"), OK);
    assert_string_equal(look.p->sent->url, "http://far");
    assert_string_equal(look.p->sent->to, "//far.example/id-o/cse-o/p");
    assert_string_equal(look.p->sent->fr, "//merlon.example/id-in");
    assert_int_equal(asks_for("Cother", "cse-in/d"), DENIED); /* of that SP, not of ours */
}

static void what_permits_nothing(void **state)
{
    static const struct mln_inproc_reply rows[] = {
        { .pc = "{\"m2m:acp\":{}}" },
        { .pc = "{\"m2m:acp\":{\"pv\":[{\"acor\":[\"all\"],\"acop\":63}]}}" },
        { .pc = "{\"m2m:acp\":{\"pv\":{\"acr\":{\"acor\":[\"all\"],\"acop\":63}}}}" },
        { .pc = "{\"m2m:acp\":{\"pv\":{\"acr\":[{\"acor\":[\"all\"],\"acop\":63,\"new\":1}]}}}" },
        { .pc = "{\"m2m:acp\":{\"pv\":{\"acr\":[{\"acor\":[\"all\"],\"acop\":61}]}}}" },
        { .pc = "{\"m2m:acp\":{\"pvs\":{\"acr\":[{\"acor\":[\"all\"],\"acop\":63}]}}}" },
        { .pc = "{\"m2m:acpA\":{\"pv\":{\"acr\":[{\"acor\":[\"all\"],\"acop\":63}]}}}" },
        { .pc = "{\"m2m:acp\":{\"pv\":{\"acr\":[{\"acor\":[\"all\"],\"acop\":63}]},"
                "\"et\":\"20291231T235959\"}}" },
        { .pc = "{\"m2m:acp\":{\"pv\":{\"acr\":[{\"acor\":[\"all\"],\"acop\":63}]},"
                "\"adri\":[\"/id-o/x\"]}}" },
        { .pc = "{\"pv\":{\"acr\":[{\"acor\":[\"all\"],\"acop\":63}]}}" },
        { .pc = "[]" },
        { .pc = NULL },
        { .rsc = MLN_RSC_CREATED,
          .pc = "{\"m2m:acp\":{\"pv\":{\"acr\":[{\"acor\":[\"all\"],\"acop\":63}]}}}" },
        { .rsc = MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE },
        { .err = MLN_ERR_PROTOCOL },
        { .err = MLN_ERR_NETWORK },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        look.p->reply = rows[i];
        if (asks("Cae") != DENIED) {
            fail_msg("%zu", i);
        }
        mln_inproc_advance(look.p, 100000 * MS);
    }
    look.p->reply = policy_for("'all'");
    assert_int_equal(asks("Cae"), OK);
}

static void one_that_is_too_large(void **state)
{
    (void)state;
    look.p->limits.remote_policy_bytes = 40;
    look.p->reply = policy_for("'/id-in/Cae','/id-in/Cther'");
    assert_int_equal(asks("Cae"), DENIED);
    mln_inproc_advance(look.p, ABSENT);
    look.p->reply = policy_for("'all'");
    assert_int_equal(asks("Cae"), OK);
}

/* ---- time ---- */

/* What it permits no longer, it permits here as long as the limit group_cache_ms says. */
static void is_remembered(void **state)
{
    (void)state;
    look.p->reply = policy_for("'all'");
    assert_int_equal(asks("Cae"), OK);
    look.p->reply = policy_for("'/id-in/Cother'");
    mln_inproc_advance(look.p, 60000 * MS - 1);
    assert_int_equal(asks("Cae"), OK);
    assert_int_equal(look.p->sent_count, 1);
    mln_inproc_advance(look.p, 1);
    assert_int_equal(asks("Cae"), DENIED);
    assert_int_equal(look.p->sent_count, 2);
    look.p->reply = (struct mln_inproc_reply){ .err = MLN_ERR_NETWORK };
    mln_inproc_advance(look.p, 60000 * MS);
    assert_int_equal(asks("Cother"), DENIED);
}

static void is_remembered_while_it_lives(void **state)
{
    (void)state;
    look.p->reply.pc = "{\"m2m:acp\":{\"pv\":{\"acr\":[{\"acor\":[\"all\"],\"acop\":63}]},"
                       "\"et\":\"20300101T000010\"}}";
    assert_int_equal(asks("Cae"), OK);
    mln_inproc_advance(look.p, 10000 * MS - 1);
    assert_int_equal(asks("Cae"), OK);
    assert_int_equal(look.p->sent_count, 1);
    mln_inproc_advance(look.p, 1);
    assert_int_equal(asks("Cae"), DENIED);
}

static void without_memory(void **state)
{
    (void)state;
    look.p->limits.group_cache_ms = 0;
    look.p->reply = policy_for("'all'");
    assert_int_equal(asks("Cae"), OK);
    look.p->reply = policy_for("'/id-in/Cother'");
    assert_int_equal(asks("Cae"), DENIED);
}

/* The oldest makes room. */
static void remembers_so_many(void **state)
{
    (void)state;
    look.p->limits.remote_policies = 1;
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT,
                  "{'m2m:cnt':{'rn':'d','acpi':['/id-o/cse-o/q']}}");
    look.p->reply = policy_for("'all'");
    assert_int_equal(asks("Cae"), OK);
    assert_int_equal(asks_for("Cae", "cse-in/d"), OK);
    assert_int_equal(asks_for("Cother", "cse-in/d"), OK);
    assert_int_equal(look.p->sent_count, 2);
    assert_int_equal(asks("Cae"), OK);
    assert_int_equal(look.p->sent_count, 3);
}

static void a_host_that_is_down(void **state)
{
    (void)state;
    look.p->reply = (struct mln_inproc_reply){ .err = MLN_ERR_NETWORK };
    assert_int_equal(asks("Cae"), DENIED);
    assert_int_equal(asks("Cae"), DENIED);
    assert_int_equal(asks("Cother"), DENIED);
    assert_int_equal(look.p->sent_count, 1);
    mln_inproc_advance(look.p, ABSENT);
    look.p->reply = policy_for("'/id-in/Cae'");
    assert_int_equal(asks("Cae"), OK);
}

/* Another answer comes to a request that waited longer than what it knew was good for: the policy
 * is asked for once more. */
static void grows_old_while_a_request_waits(void **state)
{
    struct mln_inproc_reply group = { .pc = "{\"m2m:grp\":{\"mid\":[]}}" };
    struct mln_inproc_call *call;

    (void)state;
    look.p->reply = policy_for("'/id-in/Cother','cse-o/g'");
    assert_int_equal(asks("Cother"), OK);
    mln_inproc_advance(look.p, 59000 * MS);
    look.p->reply = (struct mln_inproc_reply){ .is_silent = true };
    call = mln_look_start(&look, "{'op':2,'to':'cse-in/c','fr':'Cae'}");
    assert_int_equal(look.p->sent_count, 2);
    assert_string_equal(look.p->sent->next->to, "/id-o/cse-o/g");
    mln_inproc_advance(look.p, 2000 * MS);
    look.p->reply = policy_for("'/id-in/Cae'");
    assert_true(mln_inproc_reply_to_first(look.p, &group));
    mln_inproc_settle(look.p);
    assert_int_equal(look.p->sent_count, 3);
    assert_int_equal(mln_look_answer(call), OK);
}

/* ---- at the same time ---- */

static struct mln_inproc_call *starts(const char *originator, const char *more)
{
    return mln_look_start(&look, "{'op':2,'to':'cse-in/c','fr':'%s'%s}", originator, more);
}

/* However many need it: one question, and one answer for all. */
static void is_asked_for_once(void **state)
{
    enum { MANY = 100 }; /* more than role_inquiries */
    struct mln_inproc_reply policy = policy_for("'/id-in/Cae'");
    struct mln_inproc_call *calls[MANY + 1];

    (void)state;
    look.p->reply = (struct mln_inproc_reply){ .is_silent = true };
    for (unsigned i = 0; i < MANY; i++) {
        calls[i] = starts("Cae", "");
    }
    calls[MANY] = starts("Cother", "");
    assert_int_equal(look.p->sent_count, 1);
    assert_int_equal(look.p->worker->parked, MANY + 1);
    assert_true(mln_inproc_reply_to_first(look.p, &policy));
    mln_inproc_settle(look.p);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(mln_look_answer(calls[i]), OK);
    }
    assert_int_equal(mln_look_answer(calls[MANY]), DENIED);
    assert_int_equal(look.p->worker->parked, 0);
    assert_null(look.p->worker->asked);
}

/* Nobody waits longer than it lives, or shorter because another one lives short. */
static void each_for_its_time(void **state)
{
    struct mln_inproc_reply policy = policy_for("'all'");
    struct mln_inproc_call *calls[3];

    (void)state;
    look.p->reply = (struct mln_inproc_reply){ .is_silent = true };
    calls[0] = starts("Cae", ",'rqet':'500'");
    calls[1] = starts("Cae", "");
    calls[2] = starts("Cae", ",'rqet':'700'");
    assert_int_equal(look.p->sent_count, 3);
    mln_inproc_advance(look.p, 501 * MS);
    mln_inproc_settle(look.p);
    assert_true(mln_inproc_answer_of(calls[0])->is_there);
    assert_int_not_equal(mln_look_answer(calls[0]), OK);
    assert_false(mln_inproc_answer_of(calls[1])->is_there);
    assert_true(mln_inproc_reply_to_first(look.p, &policy));
    assert_true(mln_inproc_reply_to_first(look.p, &policy));
    mln_inproc_settle(look.p);
    assert_int_equal(mln_look_answer(calls[1]), OK);
    assert_int_equal(mln_look_answer(calls[2]), OK);
}

static void all_are_denied_together(void **state)
{
    struct mln_inproc_call *calls[2];

    (void)state;
    look.p->reply = (struct mln_inproc_reply){ .is_silent = true };
    calls[0] = starts("Cae", "");
    calls[1] = starts("Cother", "");
    mln_inproc_advance(look.p, 30001 * MS);
    mln_inproc_settle(look.p);
    assert_int_equal(mln_look_answer(calls[0]), DENIED);
    assert_int_equal(mln_look_answer(calls[1]), DENIED);
    assert_int_equal(look.p->sent_count, 1);
    assert_int_equal(look.p->worker->parked, 0);
}

/* The requests of a CSE may stem from what we ask: each asks for itself, and they are few. So CSEs
 * whose policies wait for each other's come to an end before their time. */
static void of_another_cse(void **state)
{
    struct mln_inproc_call *calls[20];
    unsigned refused = 0;

    (void)state;
    mln_look_make(&look, "/id-o", "cse-in", MLN_TY_CSR,
                  "{'m2m:csr':{'rn':'o','cb':'/id-o/cse-o','csi':'/id-o','rr':false,'srv':['3']}}");
    look.p->reply = (struct mln_inproc_reply){ .is_silent = true };
    for (unsigned i = 0; i < 20; i++) {
        calls[i] = starts("/id-o", "");
        refused += mln_inproc_answer_of(calls[i])->is_there;
    }
    assert_int_equal(refused, 4);
    assert_int_equal(look.p->sent_count, 16); /* a quarter of role_inquiries */
    mln_inproc_advance(look.p, 30001 * MS);
    mln_inproc_settle(look.p);
    assert_int_equal(mln_look_answer(calls[0]), DENIED);
    assert_int_equal(look.p->worker->parked, 0);
}

/* ---- where it counts ---- */

/* What is denied for lack of a policy is not the last word, also where it did not matter: a filter
 * looks at a child, which may be discovered anyway. */
static void is_noted_each_time(void **state)
{
    const struct mln_inproc_answer *a;

    (void)state;
    mln_look_policy(&look, "d", "[{'acor':['Cae'],'acop':32}]");
    mln_look_policy(&look, "r", "[{'acor':['Cae'],'acop':2}]");
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, "{'m2m:cnt':{'rn':'up','acpi':['cse-in/r']}}");
    mln_look_make(&look, NULL, "cse-in/up", MLN_TY_CNT,
                  "{'m2m:cnt':{'rn':'a','lbl':['x'],'acpi':['/id-o/cse-o/p','cse-in/d']}}");
    mln_look_make(&look, NULL, "cse-in/up/a", MLN_TY_CNT,
                  "{'m2m:cnt':{'rn':'b','acpi':['/id-o/cse-o/p','cse-in/d']}}");
    look.p->reply = policy_for("'/id-in/Cae'");
    a = mln_look_ask(&look, "{'op':2,'to':'cse-in/up','fr':'Cae','rcn':4,"
                            "'fc':{'chty':[3]}}");
    assert_int_equal(a->rsc, OK);
    assert_non_null(strstr(a->pc, "\"rn\":\"a\""));
}

/* A write that needs it is decided once more when it is known; the first one of all, too. */
static void for_writes(void **state)
{
    (void)state;
    look.p->reply = policy_for("'/id-in/Cae'");
    assert_int_equal(mln_look_answer(mln_look_start(
                         &look, "{'op':1,'ty':4,'to':'cse-in/c','fr':'Cother','pc':{'m2m:cin':"
                                "{'con':'x'}}}")),
                     DENIED);
    assert_int_equal(mln_look_answer(mln_look_start(
                         &look, "{'op':1,'ty':4,'to':'cse-in/c','fr':'Cae','pc':{'m2m:cin':"
                                "{'con':'x'}}}")),
                     MLN_RSC_CREATED);
}

static enum mln_rsc changes_acpi(const char *originator)
{
    return mln_look_answer(mln_look_start(
        &look, "{'op':3,'to':'cse-in/c','fr':'%s','pc':{'m2m:cnt':{'acpi':['/id-o/x']}}}",
        originator));
}

/* spec: TS-0001 9.6.1.3.2: its selfPrivileges govern accessControlPolicyIDs */
static void self_privileges(void **state)
{
    (void)state;
    look.p->reply =
        policy_of("{'acor':['/id-in/Cae'],'acop':63}", "{'acor':['/id-in/Cother'],'acop':4}");
    assert_int_equal(changes_acpi("Cae"), DENIED);
    assert_int_equal(asks("Cae"), OK);
    assert_int_equal(asks("Cother"), DENIED);
    assert_int_equal(changes_acpi("Cother"), MLN_RSC_UPDATED);
}

/* Groups in its rules: of its CSE, and of ours. */
static void groups_in_its_rules(void **state)
{
    static struct mln_inproc_reply group = { .pc = "{\"m2m:grp\":{\"mid\":[\"/id-in/Cae\"]}}" };
    struct mln_inproc_reply policy = policy_for("'cse-o/g','/id-in/cse-in/h'");
    struct mln_inproc_call *call;

    (void)state;
    mln_look_make(&look, NULL, "cse-in", MLN_TY_GRP,
                  "{'m2m:grp':{'rn':'h','mnm':9,'mid':['cse-in/Cother']}}");
    look.p->reply = (struct mln_inproc_reply){ .is_silent = true };
    call = mln_look_start(&look, "{'op':2,'to':'cse-in/c','fr':'Cae'}");
    assert_true(mln_inproc_reply_to_first(look.p, &policy));
    mln_inproc_settle(look.p);
    assert_int_equal(look.p->sent_count, 2);
    assert_string_equal(look.p->sent->next->to, "/id-o/cse-o/g");
    assert_true(mln_inproc_reply_to_first(look.p, &group));
    mln_inproc_settle(look.p);
    assert_int_equal(mln_look_answer(call), OK);
    assert_int_equal(asks("Cother"), OK);
}

/* Nobody is asked for what is permitted anyway. */
static void not_when_another_permits(void **state)
{
    (void)state;
    mln_look_policy(&look, "p", "[{'acor':['Cae'],'acop':63}]");
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT,
                  "{'m2m:cnt':{'rn':'d','acpi':['/id-o/cse-o/p','cse-in/p']}}");
    assert_int_equal(asks_for("Cae", "cse-in/d"), OK);
    assert_int_equal(look.p->sent_count, 0);
}

static enum mln_rsc refers_to(const char *policy)
{
    return mln_look_answer(mln_look_start(
        &look, "{'op':1,'ty':3,'to':'cse-in','fr':'CAdmin','pc':{'m2m:cnt':{'acpi':['%s']}}}",
        policy));
}

/* Only a CSE that can be asked. */
static void what_may_be_named(void **state)
{
    (void)state;
    assert_int_equal(refers_to("/id-o/cse-o/p"), MLN_RSC_CREATED);
    assert_int_equal(refers_to("//merlon.example/id-o/acp1"), MLN_RSC_CREATED);
    assert_int_equal(refers_to("//far.example/id-o/p"), MLN_RSC_CREATED);
    assert_int_equal(refers_to("/id-x/cse-x/p"), MLN_RSC_BAD_REQUEST);
    assert_int_equal(refers_to("//other.example/id-o/p"), MLN_RSC_BAD_REQUEST);
    assert_int_equal(refers_to("/id-o/cse-o/g/fopt"), MLN_RSC_BAD_REQUEST);
    assert_int_equal(refers_to("/id-o/cse-o/g/sfop/x"), MLN_RSC_BAD_REQUEST);
    assert_int_equal(refers_to("/id-o/cse-o/id-in/pch/pcu"), MLN_RSC_BAD_REQUEST);
    assert_int_equal(refers_to("/id-o/cse-o/c/la"), MLN_RSC_BAD_REQUEST);
    assert_int_equal(look.p->sent_count, 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(is_retrieved),
        T(in_its_release),
        T(whom_it_means),
        T(of_another_service_provider),
        T(what_permits_nothing),
        T(one_that_is_too_large),
        T(is_remembered),
        T(is_remembered_while_it_lives),
        T(without_memory),
        T(remembers_so_many),
        T(a_host_that_is_down),
        T(grows_old_while_a_request_waits),
        T(is_asked_for_once),
        T(each_for_its_time),
        T(all_are_denied_together),
        T(of_another_cse),
        T(is_noted_each_time),
        T(for_writes),
        T(self_privileges),
        T(groups_in_its_rules),
        T(not_when_another_permits),
        T(what_may_be_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
