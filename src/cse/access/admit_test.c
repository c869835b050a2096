/* Tests of admission by rules of the service subscription, through registrations.
 * spec: TS-0004 7.3.2.7, TS-0001 9.6.29, security.md 4.2 to 4.4 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cse/access/access.h"
#include "cse/access/admit.h"
#include "cse/look_test.h"

static struct mln_look look;

static void open_with(struct mln_inproc_options options)
{
    options.enforces_profile = true;
    mln_look_open(&look, &options);
    mln_look_make(&look, NULL, "cse-in", MLN_TY_MSSP, "{'m2m:mssp':{'rn':'profile'}}");
}

static int set_up(void **state)
{
    (void)state;
    open_with((struct mln_inproc_options){ 0 });
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

/* A rule cse-in/<name> of these attributes. */
static void make_rule(const char *name, const char *attributes)
{
    char pc[1024];

    (void)snprintf(pc, sizeof pc, "{'m2m:asar':{'rn':'%s'%s%s}}", name, attributes[0] ? "," : "",
                   attributes);
    mln_look_make(&look, NULL, "cse-in", MLN_TY_ASAR, pc);
}

/* A node of the profile, with these links, for that CSE-ID. */
static void make_node(const char *name, const char *cse_id, const char *links)
{
    char pc[1024];

    (void)snprintf(pc, sizeof pc, "{'m2m:svsn':{'rn':'%s','ni':'urn:n:1','csi':'%s','rlk':[%s]}}",
                   name, cse_id, links);
    mln_look_make(&look, NULL, "cse-in/profile", MLN_TY_SVSN, pc);
}

static const struct mln_inproc_answer *ask_registration(const char *from, const char *api)
{
    return mln_look_ask(&look,
                        "{'op':1,'to':'cse-in','ty':2,'fr':%s%s%s,"
                        "'pc':{'m2m:ae':{'api':'%s','rr':false,'srv':['3']}}}",
                        from ? "'" : "", from ? from : "null", from ? "'" : "", api);
}

/* The code; a success is undone. */
static int try_registration(const char *from, const char *api)
{
    const struct mln_inproc_answer *answer = ask_registration(from, api);
    struct mln_peer peer = look.p->peer;

    if (answer->rsc == MLN_RSC_CREATED) {
        mln_look_claim(&look, true);
        assert_int_equal(
            mln_look_ask(&look, "{'op':4,'to':'%s','fr':'CAdmin'}", answer->location)->rsc,
            MLN_RSC_DELETED);
        look.p->peer = peer;
    }
    return (int)answer->rsc;
}

static struct mln_slice stem_of(const struct mln_inproc_answer *answer)
{
    const struct mln_value *aei =
        mln_value_get(mln_value_get(answer->value, MLN_S("m2m:ae")), MLN_S("aei"));

    assert_int_equal(answer->rsc, MLN_RSC_CREATED);
    assert_non_null(aei);
    return aei->text;
}

/* SEC-REG-06 */
static void without_a_subscription(void **state)
{
    (void)state;
    make_rule("rule", "");
    assert_int_equal(try_registration("C1", "Nx"), 4128);
    make_node("other", "/other", "'cse-in/rule'");
    assert_int_equal(try_registration("C1", "Nx"), 4128);
    mln_look_make(&look, NULL, "cse-in/profile", MLN_TY_SVSN,
                  "{'m2m:svsn':{'rn':'bare','ni':'urn:n:2'}}");
    assert_int_equal(try_registration("C1", "Nx"), 4128);
    mln_look_make(&look, NULL, "cse-in/profile", MLN_TY_SVSN,
                  "{'m2m:svsn':{'rn':'unlinked','ni':'urn:n:2','csi':'/id-in'}}");
    assert_int_equal(try_registration("C1", "Nx"), 4126);
    make_node("ours", "/id-in", "'cse-in/rule'");
    assert_int_equal(try_registration("C1", "Nx"), 2001);
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'cse-in/profile','fr':'CAdmin'}")->rsc,
                     MLN_RSC_DELETED);
    assert_int_equal(try_registration("C1", "Nx"), 4128);
}

/* What looks at all rules does not hold up those who write: a refusal does not wait for the store.
 */
static void refusals_do_not_reach_the_store(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    make_rule("rule", "'aae':['Cone']");
    make_node("ours", "/id-in", "'cse-in/rule'");
    call = mln_inproc_prepare(look.p, "{\"op\":1,\"to\":\"cse-in\",\"ty\":2,\"fr\":\"Ctwo\","
                                      "\"pc\":{\"m2m:ae\":{\"api\":\"Nx\",\"rr\":false,"
                                      "\"srv\":[\"3\"]}}}");
    mln_inproc_start(look.p, call);
    assert_true(mln_inproc_answer_of(call)->is_there);
    assert_int_equal(mln_inproc_answer_of(call)->rsc, 4126);
}

/* SEC-REG-06: an empty list of links means that nobody may register */
static void links_that_admit_nobody(void **state)
{
    (void)state;
    make_node("ours", "//merlon.example/id-in", "");
    assert_int_equal(try_registration("C1", "Nx"), 4126);
    make_node("dangling", "/id-in", "'cse-in/none','/id-in/none','/far/rule','cse-in/profile'");
    assert_int_equal(try_registration("C1", "Nx"), 4126);
    make_rule("rule", "");
    make_node("good", "/id-in", "'cse-in/none','/id-in/cse-in/rule'");
    assert_int_equal(try_registration("C1", "Nx"), 2001);
}

/* SEC-REG-17: a rule that goes affects the next registration, not those who are there */
static void a_rule_that_goes(void **state)
{
    (void)state;
    make_rule("rule", "");
    make_node("ours", "/id-in", "'cse-in/rule'");
    assert_int_equal(ask_registration("C1", "Nx")->rsc, 2001);
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'cse-in/rule','fr':'CAdmin'}")->rsc, 2002);
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'C1','fr':'C1'}")->rsc, 2000);
    assert_int_equal(try_registration("C2", "Nx"), 4126);
}

/* SEC-REG-06, SEC-REG-07: one list at a time, without a credential */
static void lists_of_a_rule(void **state)
{
    static const struct {
        const char *rule;
        const char *from;
        const char *api;
        int rsc;
    } table[] = {
        { "", "C1", "Nx", 2001 },
        { "", NULL, "Nx", 2001 },
        { "'aai':['Nx']", "C1", "Nx", 2001 },
        { "'aai':['Nx']", "C1", "Nxy", 4126 },
        { "'aai':['Nx']", "C1", "nx", 4126 },
        { "'aai':['*']", "C1", "R01.com.acme.app", 2001 },
        { "'aai':['R01.com.acme.*','N*X']", "C1", "R01.com.acme.app.more", 2001 },
        { "'aai':['R01.com.acme.*','N*X']", "C1", "R01.com.acm", 4126 },
        { "'aai':['R01.com.acme.*','N*X']", "C1", "N a/b X", 2001 },
        { "'aai':['R01.com.acme.*','N*X']", "C1", "N a/b x", 4126 },
        { "'aae':['C123*X']", "C123abcX", "Nx", 2001 },
        { "'aae':['C123*X']", "C123X", "Nx", 2001 },
        { "'aae':['C123*X']", "C123abc", "Nx", 4126 },
        { "'aae':['C123*X']", "C12abcX", "Nx", 4126 },
        { "'aae':['C123*X']", "S123abcX", "Nx", 4126 },
        { "'aae':['S*']", "S1", "Nx", 2001 },
        { "'aae':['S*']", "C1", "Nx", 4126 },
        { "'aae':['S*']", "C", "Nx", 4126 },
        { "'aae':['S*']", "S", "Nx", 2001 },
        { "'aae':['S*']", NULL, "Nx", 2001 },
        { "'aae':['C*']", "S", "Nx", 4126 },
        { "'aae':['*']", "S", "Nx", 2001 },
        { "'aae':['*']", "Cany", "Nx", 2001 },
        { "'aae':['.*']", "Cany", "Nx", 4126 },
        { "'apci':['*']", "C1", "Nx", 4126 }, /* any credential is not none */
        { "'apci':['12-k1@sp.example']", "C1", "Nx", 4126 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int rsc;

        make_rule("rule", table[i].rule);
        make_node("ours", "/id-in", "'cse-in/rule'");
        rsc = try_registration(table[i].from, table[i].api);
        if (rsc != table[i].rsc) {
            fail_msg("rule %s, From %s, App-ID %s: %d", table[i].rule,
                     table[i].from ? table[i].from : "-", table[i].api, rsc);
        }
        assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'cse-in/rule','fr':'CAdmin'}")->rsc,
                         2002);
        assert_int_equal(
            mln_look_ask(&look, "{'op':4,'to':'cse-in/profile/ours','fr':'CAdmin'}")->rsc, 2002);
    }
}

/* SEC-REG-06, SEC-REG-07: which credentials a rule is for */
static void credentials_of_a_rule(void **state)
{
    static const struct {
        const char *rule;
        const char *credential;
        int rsc;
    } table[] = {
        { "", "12-k1@sp.example", 4126 }, /* a rule without is for those without */
        { "'apci':['*']", "12-k1@sp.example", 2001 },
        { "'apci':['12-k1@sp.example']", "12-k1@sp.example", 2001 },
        { "'apci':['12-k1@sp.example']", "12-k11@sp.example", 4126 },
        { "'apci':['12-k1@sp.example']", "12-K1@sp.example", 4126 },
        { "'apci':['12-*@sp.example']", "12-k1@sp.example", 2001 },
        { "'apci':['12-*@sp.example']", "12-k1@sp.example.far", 4126 },
        { "'apci':['33-//sp.example/*']", "33-//sp.example/cse/Cx", 2001 },
        { "'apci':['11-a','33-*']", "33-//sp.example/Sx", 2001 },
        { "'apci':['12-k.@sp.example']", "12-k1@sp.example", 4126 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        make_rule("rule", table[i].rule);
        make_node("ours", "/id-in", "'cse-in/rule'");
        (void)mln_look_prove(&look, table[i].credential, NULL, NULL);
        assert_int_equal(try_registration("C1", "Nx"), table[i].rsc);
        mln_look_claim(&look, true);
        assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'cse-in/rule','fr':'CAdmin'}")->rsc,
                         2002);
        assert_int_equal(
            mln_look_ask(&look, "{'op':4,'to':'cse-in/profile/ours','fr':'CAdmin'}")->rsc, 2002);
    }
}

/* SEC-REG-08 */
static void rules_are_not_mixed(void **state)
{
    (void)state;
    make_rule("one", "'apci':['12-k1@sp.example'],'aai':['N1'],'aae':['C1']");
    make_rule("two", "'apci':['12-k2@sp.example'],'aai':['N2'],'aae':['C2']");
    make_rule("three", "'aai':['N3'],'aae':['C3']");
    make_node("a", "/id-in", "'cse-in/one','cse-in/three'");
    make_node("b", "//merlon.example/id-in", "'cse-in/two'"); /* rules of both nodes count */
    (void)mln_look_prove(&look, "12-k1@sp.example", NULL, NULL);
    assert_int_equal(try_registration("C1", "N1"), 2001);
    assert_int_equal(try_registration("C2", "N1"), 4126);
    assert_int_equal(try_registration("C1", "N2"), 4126);
    assert_int_equal(try_registration("C2", "N2"), 4126);
    assert_int_equal(try_registration("C3", "N3"), 4126);
    (void)mln_look_prove(&look, "12-k2@sp.example", NULL, NULL);
    assert_int_equal(try_registration("C2", "N2"), 2001);
    mln_look_claim(&look, true);
    assert_int_equal(try_registration("C3", "N3"), 2001);
    assert_int_equal(try_registration("C3", "N1"), 4126);
}

/* SEC-REG-09: the rule passes, yet the credential contradicts */
static void a_credential_that_contradicts(void **state)
{
    struct mln_association draft = { .kind = MLN_ASSOCIATION_CERTIFICATE,
                                     .credential_id = MLN_S("33-//merlon.example/id-in/C1"),
                                     .ae_ids = (struct mln_slice[]){ MLN_S("C1") },
                                     .ae_id_count = 1,
                                     .app_id = MLN_S("N1"),
                                     .expires_us = INT64_MAX };

    (void)state;
    make_rule("rule", "'apci':['*']");
    make_node("ours", "/id-in", "'cse-in/rule'");
    (void)mln_look_associate(&look, &draft);
    assert_int_equal(try_registration("C1", "N2"), 4126);
    assert_int_equal(try_registration("C2", "N1"), 4106);
    assert_int_equal(try_registration("C1", "N1"), 2001);
}

/* A Release 2 CSE has no codes of their own for it: security.md 0.1 */
static void codes_of_release_2(void **state)
{
    (void)state;
    tear_down(NULL);
    open_with((struct mln_inproc_options){ .is_release_2 = true });
    assert_int_equal(try_registration("C1", "Nx"), 4103);
    make_node("ours", "/id-in", "");
    assert_int_equal(try_registration("C1", "Nx"), 4103);
}

/* SEC-REG-06: elsewhere the profile would have to be fetched from the IN-CSE */
static void at_another_cse(void **state)
{
    struct mln_inproc_options options = { .type = MLN_CSE_TYPE_MN, .enforces_profile = true };

    (void)state;
    tear_down(NULL);
    mln_look_open(&look, &options);
    assert_int_equal(try_registration("C1", "Nx"), 4128);
    assert_int_equal(mln_look_ask(&look,
                                  "{'op':1,'to':'cse-in','ty':%d,'fr':'CAdmin',"
                                  "'pc':{'m2m:mssp':{'rn':'p'}}}",
                                  MLN_TY_MSSP)
                         ->rsc,
                     MLN_RSC_OPERATION_NOT_ALLOWED);
}

/* SEC-REG-03: what a credential names belongs to the SP all the same */
static void names_of_the_sp_at_another_cse(void **state)
{
    (void)state;
    tear_down(NULL);
    mln_look_open(&look, &(struct mln_inproc_options){ .type = MLN_CSE_TYPE_MN });
    (void)mln_look_prove(&look, "12-k1@sp.example", NULL, "Sone");
    assert_int_equal(ask_registration("Sone", "Nx")->rsc, 5001);
    assert_int_equal(ask_registration("S", "Nx")->rsc, 5001);
    assert_int_equal(ask_registration(NULL, "Nx")->rsc, 5001);
    (void)mln_look_prove(&look, "12-k2@sp.example", NULL, "Ctwo");
    assert_int_equal(ask_registration(NULL, "Nx")->rsc, 2001);
}

/* SEC-REG-12: a registration for another CSE is refused as such, before any rule */
static void for_another_cse(void **state)
{
    (void)state;
    assert_int_equal(mln_look_ask(&look, "{'op':1,'to':'/far/cse','ty':2,'fr':'C1',"
                                         "'pc':{'m2m:ae':{'api':'N','rr':false,'srv':['3']}}}")
                         ->rsc,
                     MLN_RSC_BAD_REQUEST);
}

/* What is looked at for one registration is bounded, and then nobody is admitted. */
static void too_many_rules(void **state)
{
    static const char links[] = "'cse-in/none','cse-in/none','cse-in/none','cse-in/rule'";
    struct mln_limits limits;

    (void)state;
    tear_down(NULL);
    mln_limits_default(&limits);
    limits.profile_rules = 5;
    open_with((struct mln_inproc_options){ .limits = &limits });
    make_rule("rule", "");
    make_node("ours", "/id-in", links); /* one node and four links */
    assert_int_equal(try_registration("C1", "Nx"), 2001);
    limits.profile_rules = 4;
    tear_down(NULL);
    open_with((struct mln_inproc_options){ .limits = &limits });
    make_rule("rule", "");
    make_node("ours", "/id-in", links);
    assert_int_equal(try_registration("C1", "Nx"), 4126);
}

static bool allows_role(const char *from, const char *role)
{
    struct mln_fault fault = { 0 };
    struct mln_originator o;
    struct mln_identify in = {
        .cse = look.p->cse,
        .view = mln_look_anew(&look),
        .arena = look.arena,
        .peer = &look.p->peer,
        .from = mln_slice_z(from),
        .fault = &fault,
    };
    bool allowed = false;

    assert_int_equal(mln_access_identify(&in, &o).code, MLN_ERR_NONE);
    assert_int_equal(mln_access_allows_role(&in, &o, mln_slice_z(role), &allowed).code,
                     MLN_ERR_NONE);
    return allowed;
}

/* SEC-ROL-09: the roles of the rule that admitted the AE, also when the rule is gone */
static void roles_of_the_rule(void **state)
{
    (void)state;
    make_rule("one", "'aae':['C1'],'ari':['a@x.example','b@x.example']");
    make_rule("two", "'aae':['C2','C3']");
    make_node("ours", "/id-in", "'cse-in/one','cse-in/two'");
    assert_int_equal(ask_registration("C1", "Nx")->rsc, 2001);
    assert_int_equal(ask_registration("C2", "Nx")->rsc, 2001);
    assert_true(allows_role("C1", "a@x.example"));
    assert_true(allows_role("C1", "b@x.example"));
    assert_false(allows_role("C1", "c@x.example"));
    assert_false(allows_role("C1", "a@x.exampl"));
    assert_true(allows_role("C2", "c@x.example"));
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'cse-in/one','fr':'CAdmin'}")->rsc, 2002);
    assert_false(allows_role("C1", "c@x.example"));
    assert_true(allows_role("C1", "a@x.example"));
}

/* SEC-REG-01, SEC-REG-02: an AE-ID that rule and credential both allow */
static void what_is_assigned(void **state)
{
    static const struct {
        const char *stems;  /* of the rule */
        const char *ae_ids; /* of the credential */
        const char *from;
        const char *begins;
        size_t len; /* 0: refused */
    } table[] = {
        { "'*'", NULL, NULL, "C", 17 },
        { "'*'", NULL, "S", "S", 17 },
        { "'S*'", NULL, NULL, "S", 17 },
        { "'Clamp*'", NULL, "C", "Clamp", 21 },
        { "'C1*X'", NULL, "C", "C1", 19 },
        { "'C*a*b'", NULL, NULL, "C", 19 },
        { "'Cone'", NULL, NULL, "Cone", 4 },
        { "'Cone'", NULL, "C", "Cone", 4 },
        { "'Cone'", NULL, "S", "", 0 },
        { "'C'", NULL, "C", "", 0 }, /* no AE-ID-Stem */
        { "'Sx','Cone'", NULL, "C", "Cone", 4 },
        { "'*'", "Cone", NULL, "Cone", 4 },
        { "'*'", "Sone", "C", "", 0 },
        { "'C*'", "Sone Ctwo", NULL, "Ctwo", 4 },
        { "'Ctwo*'", "C*", NULL, "Ctwo", 20 },
        { "'C*'", "Ctwo*", NULL, "Ctwo", 20 },
        { "'C*'", "//merlon.example/id-in/Cone", NULL, "Cone", 4 },
        { "'C*'", "//merlon.example/other/Cone", NULL, "", 0 },
        { "'Cone'", "Ctwo", NULL, "", 0 },
        { "'CAdmin'", NULL, NULL, "", 0 }, /* reserved */
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct mln_inproc_answer *answer;
        char rule[256];

        (void)snprintf(rule, sizeof rule, "'apci':['*'],'aae':[%s]", table[i].stems);
        tear_down(NULL);
        open_with((struct mln_inproc_options){ 0 });
        make_rule("rule", rule);
        make_node("ours", "/id-in", "'cse-in/rule'");
        (void)mln_look_prove(&look, "12-k1@sp.example", NULL, table[i].ae_ids);
        answer = ask_registration(table[i].from, "Nx");
        if (table[i].len) {
            assert_true(mln_slice_starts(stem_of(answer), mln_slice_z(table[i].begins)));
            assert_int_equal(stem_of(answer).len, table[i].len);
        } else {
            assert_int_equal(answer->rsc, 4126);
        }
    }
}

/* One name after the other is given away, each once. */
static void names_given_away(void **state)
{
    (void)state;
    make_rule("rule", "'aae':['Cone','Ctwo']");
    make_node("ours", "/id-in", "'cse-in/rule'");
    assert_true(mln_slice_eq(stem_of(ask_registration("C", "Nx")), MLN_S("Cone")));
    assert_true(mln_slice_eq(stem_of(ask_registration(NULL, "Nx")), MLN_S("Ctwo")));
    assert_int_equal(ask_registration("C", "Nx")->rsc, 4126);
    assert_int_equal(ask_registration("Cone", "Nx")->rsc, 4117);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(without_a_subscription),
        T(refusals_do_not_reach_the_store),
        T(links_that_admit_nobody),
        T(a_rule_that_goes),
        T(lists_of_a_rule),
        T(credentials_of_a_rule),
        T(rules_are_not_mixed),
        T(a_credential_that_contradicts),
        T(codes_of_release_2),
        T(at_another_cse),
        T(names_of_the_sp_at_another_cse),
        T(for_another_cse),
        T(too_many_rules),
        T(roles_of_the_rule),
        T(what_is_assigned),
        T(names_given_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
