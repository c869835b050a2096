/* Tests of the decision: what rules grant, and which rules protect a resource. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cse/cse_int.h"
#include "cse/look_test.h"

static const enum mln_privilege privileges[] = {
    MLN_PRIVILEGE_CREATE, MLN_PRIVILEGE_RETRIEVE, MLN_PRIVILEGE_UPDATE,
    MLN_PRIVILEGE_DELETE, MLN_PRIVILEGE_NOTIFY,   MLN_PRIVILEGE_DISCOVER,
};

enum { PRIVILEGES = sizeof privileges / sizeof privileges[0] };

static struct mln_look look;
static struct mln_originator ae;
static struct mln_originator other;
static struct mln_policy_cache *policies; /* of all decisions of a test */

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(mln_policy_cache_new(1 << 20, &policies).code, MLN_ERR_NONE);
    mln_look_open(&look, NULL);
    mln_look_register(&look, "Cae");
    mln_look_register(&look, "Cother");
    (void)mln_look_anew(&look);
    ae = mln_look_originator(&look, "Cae");
    other = mln_look_originator(&look, "Cother");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    mln_policy_cache_free(policies);
    return 0;
}

static struct mln_access begin(const struct mln_originator *o)
{
    struct mln_access_request request = { .arrival_us = look.p->now_us,
                                          .peer = &look.p->peer,
                                          .policies = policies };
    struct mln_access a;

    mln_access_begin(&a, look.p->cse, look.view, look.arena, o, &request);
    return a;
}

/* Do the rules (packed) permit it to Cother? */
static bool rules_permit(struct mln_slice rules, enum mln_privilege privilege)
{
    struct mln_access a = begin(&other);
    bool permits = true;

    assert_int_equal(mln_access_rules_permit(&a, rules, NULL, privilege, &permits).code,
                     MLN_ERR_NONE);
    return permits;
}

static bool permits(const struct mln_originator *o, const char *address,
                    enum mln_privilege privilege)
{
    struct mln_resource r = mln_look_at(&look, address);
    struct mln_access a = begin(o);
    bool ret = true;

    assert_int_equal(mln_access_permits(&a, &r, privilege, &ret).code, MLN_ERR_NONE);
    return ret;
}

/* ---- rules ---- */

/* SEC-ACP-08: every sum of operations grants its operations and no other */
static void every_mask_grants_its_bits(void **state)
{
    (void)state;
    for (unsigned mask = 0; mask <= 64; mask++) {
        char text[96];
        struct mln_slice rules;

        (void)snprintf(text, sizeof text, "{'acr':[{'acor':['Cother'],'acop':%u}]}", mask);
        rules = mln_look_pack(&look, text);
        for (size_t i = 0; i < PRIVILEGES; i++) {
            assert_int_equal(rules_permit(rules, privileges[i]), (mask & privileges[i]) != 0);
        }
    }
}

/* What is not known is a constraint that is not evaluated. */
static void an_unknown_member_never_grants(void **state)
{
    static const char *const rules[] = {
        "{'acr':[{'acor':['all'],'acop':63,'acco':[{'actx':['* * * * * * *']}]}]}",
        "{'acr':[{'acor':['all'],'acop':63,'acco':[{},{'x':1}]}]}",
        "{'acr':[{'acod':[{'chty':[3],'x':3}],'acor':['all'],'acop':63}]}",
        "{'acr':[{'acor':['all'],'x':null,'acop':63}]}",
        "{'acr':[{'acor':['all'],'acop':63,'':1}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        assert_false(rules_permit(mln_look_pack(&look, rules[i]), MLN_PRIVILEGE_RETRIEVE));
    }
}

static void what_is_no_rule_grants_nothing(void **state)
{
    static const char *const rules[] = {
        "{}",
        "{'acr':[]}",
        "{'acr':{}}",
        "{'acr':null}",
        "{'acr':['all']}",
        "[]",
        "null",
        "'all'",
        "63",
        "{'acr':[{}]}",
        "{'acr':[{'acop':63}]}",
        "{'acr':[{'acor':['all']}]}",
        "{'acr':[{'acor':[],'acop':63}]}",
        "{'acr':[{'acor':'all','acop':63}]}",
        "{'acr':[{'acor':[1,null,['all'],{'a':'all'}],'acop':63}]}",
        "{'acr':[{'acor':['all'],'acop':'63'}]}",
        "{'acr':[{'acor':['all'],'acop':-63}]}",
        "{'acr':[{'acor':['all'],'acop':63.0}]}",
        "{'acr':[{'acor':['all'],'acop':null}]}",
        "{'acr':[[{'acor':['all'],'acop':63}]]}",
        "{'ACR':[{'acor':['all'],'acop':63}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        for (size_t p = 0; p < PRIVILEGES; p++) {
            assert_false(rules_permit(mln_look_pack(&look, rules[i]), privileges[p]));
        }
    }
}

/* Such rules cannot be stored: members are unique. */
static void what_is_said_twice_grants_nothing(void **state)
{
    static const char acop[] = "\xa1\x63"
                               "acr\x81\xa3\x64"
                               "acor\x81\x63"
                               "all\x64"
                               "acop\x02\x64"
                               "acop\x18\x3f";
    static const char acor[] = "\xa1\x63"
                               "acr\x81\xa3\x64"
                               "acor\x81\x63"
                               "all\x64"
                               "acop\x02\x64"
                               "acor\x81\x63"
                               "all";
    static const char once[] = "\xa1\x63"
                               "acr\x81\xa2\x64"
                               "acor\x81\x63"
                               "all\x64"
                               "acop\x02";

    (void)state;
    assert_true(rules_permit(mln_slice_of(once, sizeof once - 1), MLN_PRIVILEGE_RETRIEVE));
    assert_false(rules_permit(mln_slice_of(acop, sizeof acop - 1), MLN_PRIVILEGE_RETRIEVE));
    assert_false(rules_permit(mln_slice_of(acor, sizeof acor - 1), MLN_PRIVILEGE_RETRIEVE));
}

static void the_place_within_a_rule_does_not_matter(void **state)
{
    static const char *const rules[] = {
        "{'acr':[{'acor':['all'],'acop':2}]}",
        "{'acr':[{'acop':2,'acor':['all']}]}",
        "{'acr':[{'acop':2,'acor':['Cx','/id-in/Cy',1,'Cother']}]}",
        "{'acr':[{'acop':61,'acor':['all']},{'acop':2,'acor':['Cae']},{'acop':2,'acor':['C*']}]}",
        "{'x':1,'acr':[{'acor':['all'],'acop':2}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        assert_true(rules_permit(mln_look_pack(&look, rules[i]), MLN_PRIVILEGE_RETRIEVE));
    }
}

/* Bytes of their own, so that ASan sees an overread. */
static bool damaged_permits(struct mln_slice pack, size_t len, size_t at, unsigned char flip)
{
    char *copy = malloc(len ? len : 1);
    bool ret;

    assert_non_null(copy);
    memcpy(copy, pack.ptr, len);
    if (at < len) {
        copy[at] = (char)(copy[at] ^ flip);
    }
    ret = rules_permit(mln_slice_of(copy, len), MLN_PRIVILEGE_RETRIEVE);
    free(copy);
    return ret;
}

static void damaged_rules_grant_nothing(void **state)
{
    struct mln_slice whole = mln_look_pack(
        &look, "{'acr':[{'acor':['all'],'acop':63},{'acor':['Cother','/id-in/Cx'],'acop':63}]}");

    (void)state;
    assert_true(damaged_permits(whole, whole.len, whole.len, 0));
    for (size_t len = 0; len < whole.len; len++) {
        assert_false(damaged_permits(whole, len, len, 0));
    }
    for (size_t at = 0; at < whole.len; at++) {
        for (unsigned flip = 1; flip < 256; flip++) {
            (void)damaged_permits(whole, whole.len, at, (unsigned char)flip); /* must only end */
        }
    }
}

/* ---- which rules ---- */

static void make_tree(void)
{
    mln_look_policy(&look, "reads", "[{'acor':['Cother'],'acop':2}]");
    mln_look_policy(&look, "finds", "[{'acor':['Cother'],'acop':32}]");
    mln_look_policy(&look, "creates", "[{'acor':['Cother'],'acop':1}]");
    mln_look_make(&look, "Cae", "cse-in/Cae", 3, "{'m2m:cnt':{'rn':'plain'}}");
    mln_look_make(&look, "Cae", "cse-in/Cae", 3,
                  "{'m2m:cnt':{'rn':'open','acpi':['cse-in/reads','-/finds']}}");
    mln_look_make(&look, "CAdmin", "cse-in/Cae/open", 4, "{'m2m:cin':{'rn':'i','con':'x'}}");
    mln_look_make(&look, "CAdmin", "cse-in/Cae/open", 3, "{'m2m:cnt':{'rn':'inner'}}");
    mln_look_make(&look, "Cae", "cse-in/Cae", 9,
                  "{'m2m:grp':{'rn':'g','mnm':1,'mid':[],'acpi':['cse-in/reads'],"
                  "'macp':['cse-in/creates']}}");
}

static void rules_come_from_where_the_type_says(void **state)
{
    static const struct {
        const char *address;
        unsigned of_ae;
        unsigned of_other;
    } table[] = {
        { "cse-in", 2 | 32, 2 | 32 },       { "cse-in/Cae", 63, 0 },
        { "cse-in/Cae/plain", 63, 0 },      { "cse-in/Cae/open", 0, 2 | 32 },
        { "cse-in/Cae/open/i", 0, 2 | 32 }, { "cse-in/Cae/open/inner", 0, 0 },
        { "cse-in/Cae/g", 0, 2 },           { "cse-in/reads", 0, 0 },
    };

    (void)state;
    make_tree();
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (size_t p = 0; p < PRIVILEGES; p++) {
            assert_int_equal(permits(&ae, table[i].address, privileges[p]),
                             (table[i].of_ae & privileges[p]) != 0);
            assert_int_equal(permits(&other, table[i].address, privileges[p]),
                             (table[i].of_other & privileges[p]) != 0);
        }
    }
}

/* SEC-ACP-33: with membersAccessControlPolicyIDs only these count for the fanOutPoint */
static void members_policies_replace_the_groups_own(void **state)
{
    struct mln_resource group;
    bool ret;

    (void)state;
    make_tree();
    group = mln_look_at(&look, "cse-in/Cae/g");
    for (size_t p = 0; p < PRIVILEGES; p++) {
        struct mln_access a = begin(&other);

        assert_int_equal(mln_access_permits_members(&a, &group, privileges[p], &ret).code, 0);
        assert_int_equal(ret, privileges[p] == MLN_PRIVILEGE_CREATE);
    }
}

static void seeing_is_retrieving_or_discovering(void **state)
{
    static const struct {
        const char *acpi;
        bool sees;
    } table[] = { { "reads", true }, { "finds", true }, { "creates", false } };

    (void)state;
    make_tree();
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct mln_resource r;
        struct mln_access a;
        bool ret;

        assert_int_equal(mln_look_ask(&look,
                                      "{'op':3,'to':'cse-in/Cae/plain','fr':'CAdmin',"
                                      "'pc':{'m2m:cnt':{'acpi':['cse-in/%s']}}}",
                                      table[i].acpi)
                             ->rsc,
                         MLN_RSC_UPDATED);
        r = mln_look_at(&look, "cse-in/Cae/plain");
        a = begin(&other);
        assert_int_equal(mln_access_sees(&a, &r, &ret).code, MLN_ERR_NONE);
        assert_int_equal(ret, table[i].sees);
    }
}

static void the_administrator_is_asked_nothing(void **state)
{
    struct mln_originator admin;

    (void)state;
    make_tree();
    admin = mln_look_originator(&look, "CAdmin");
    assert_true(admin.is_admin);
    for (size_t p = 0; p < PRIVILEGES; p++) {
        assert_true(permits(&admin, "cse-in/Cae/open", privileges[p]));
        assert_true(permits(&admin, "cse-in/reads", privileges[p]));
    }
}

/* ---- the memory of decisions ---- */

/* One access for many resources must say what a new one says for each. */
static void remembered_decisions_are_the_same(void **state)
{
    enum { POLICIES = 20, ROUNDS = 3 };
    struct mln_access shared;

    (void)state;
    for (int i = 0; i < POLICIES; i++) {
        char name[32];
        char text[160];

        (void)snprintf(name, sizeof name, "p%d", i);
        (void)snprintf(text, sizeof text, "[{'acor':['Cother'],'acop':%d}]", i % 2 ? 2 : 61);
        mln_look_policy(&look, name, text);
        (void)snprintf(text, sizeof text, "{'m2m:cnt':{'rn':'c%d','acpi':['cse-in/p%d']}}", i, i);
        mln_look_make(&look, "CAdmin", "cse-in", 3, text);
        (void)snprintf(name, sizeof name, "cse-in/c%d", i);
        mln_look_make(&look, "CAdmin", name, 4, "{'m2m:cin':{'rn':'i','con':'x'}}");
    }
    (void)mln_look_anew(&look);
    shared = begin(&other);
    for (int i = 0; i < POLICIES * ROUNDS * 2; i++) {
        int at = (i * 7) % POLICIES;
        char address[32];
        struct mln_resource r;
        struct mln_lookup l = mln_look_lookup(&look);

        (void)snprintf(address, sizeof address, "cse-in/c%d%s", at, i % 3 ? "" : "/i");
        assert_int_equal(mln_locate_lookup(&l, mln_slice_z(address), &r).code, MLN_ERR_NONE);
        for (size_t p = 0; p < PRIVILEGES; p++) {
            struct mln_access fresh = begin(&other);
            bool once;
            bool again;

            assert_int_equal(mln_access_permits(&fresh, &r, privileges[p], &once).code, 0);
            assert_int_equal(mln_access_permits(&shared, &r, privileges[p], &again).code, 0);
            assert_int_equal(once, again);
            assert_int_equal(once, ((at % 2 ? 2u : 61u) & privileges[p]) != 0);
        }
    }
}

/* Groups that share the first bytes of their addresses, and more of them than are remembered. */
static void remembered_groups_are_the_same(void **state)
{
    struct mln_access shared;

    (void)state;
    for (int i = 0; i < 12; i++) {
        char text[160];

        (void)snprintf(text, sizeof text, "{'m2m:grp':{'rn':'g%d','mnm':2,'mid':['%s']}}", i,
                       i % 3 ? "Cnobody" : "Cother");
        mln_look_make(&look, NULL, "cse-in", 9, text);
    }
    (void)mln_look_anew(&look);
    shared = begin(&other);
    for (int i = 0; i < 60; i++) {
        int at = (i * 5) % 12;
        char text[96];
        bool ret;

        (void)snprintf(text, sizeof text, "{'acr':[{'acor':['cse-in/g%d'],'acop':2}]}", at);
        assert_int_equal(mln_access_rules_permit(&shared, mln_look_pack(&look, text), NULL,
                                                 MLN_PRIVILEGE_RETRIEVE, &ret)
                             .code,
                         MLN_ERR_NONE);
        assert_int_equal(ret, at % 3 == 0);
    }
}

/* SEC-DEC-12: 1000 rules and 100 references, each looked at once */
static void the_largest_policies_are_decided(void **state)
{
    enum { RULES = 1000, REFERENCES = 100, ROOM = 1 << 16 };
    char *text = malloc(ROOM);
    int len = snprintf(text, ROOM, "[");

    (void)state;
    assert_non_null(text);
    for (int i = 0; i < RULES; i++) {
        len += snprintf(text + len, (size_t)(ROOM - len), "%s{'acor':['Cx%d'],'acop':63}",
                        i ? "," : "", i);
    }
    (void)snprintf(text + len, (size_t)(ROOM - len), "]");
    for (int i = 0; i < REFERENCES - 1; i++) {
        char name[32];

        (void)snprintf(name, sizeof name, "p%d", i);
        mln_look_policy(&look, name, text);
    }
    mln_look_policy(&look, "last", "[{'acor':['Cother'],'acop':2}]");
    len = snprintf(text, ROOM, "{'m2m:cnt':{'rn':'c','acpi':[");
    for (int i = 0; i < REFERENCES - 1; i++) {
        len += snprintf(text + len, (size_t)(ROOM - len), "'cse-in/p%d',", i);
    }
    (void)snprintf(text + len, (size_t)(ROOM - len), "'cse-in/last']}}");
    mln_look_make(&look, NULL, "cse-in", 3, text);
    free(text);
    assert_true(permits(&other, "cse-in/c", MLN_PRIVILEGE_RETRIEVE));
    assert_false(permits(&other, "cse-in/c", MLN_PRIVILEGE_UPDATE));
    assert_false(permits(&ae, "cse-in/c", MLN_PRIVILEGE_RETRIEVE));
}

/* ---- what is known of a request ---- */

/* SEC-ACP-26: policy and parent are the same, the type of the target is not: it is part of what is
 * remembered of a CREATE */
static void the_target_counts_in_what_is_remembered(void **state)
{
    static const char *const targets[] = { "cse-in/c", "cse-in/g", "cse-in/c", "cse-in/c/i",
                                           "cse-in/g" };
    struct mln_access_request request = {
        .arrival_us = look.p->now_us, .peer = &look.p->peer, .created_ty = 3, .policies = policies
    };
    struct mln_access a;

    (void)state;
    mln_look_policy(&look, "p",
                    "[{'acor':['Cother'],'acop':3,'acod':[{'ty':3,'chty':[3]},{'chty':[4]}]}]");
    mln_look_make(&look, NULL, "cse-in", 3, "{'m2m:cnt':{'rn':'c','acpi':['cse-in/p']}}");
    mln_look_make(&look, NULL, "cse-in", 9,
                  "{'m2m:grp':{'rn':'g','mnm':1,'mid':[],'acpi':['cse-in/p']}}");
    mln_look_make(&look, NULL, "cse-in/c", 4, "{'m2m:cin':{'rn':'i','con':'x'}}");
    for (unsigned turn = 0; turn < 4; turn++) {
        bool is_cin = turn % 2;

        request.created_ty = is_cin ? 4 : 3;
        (void)mln_look_anew(&look);
        mln_access_begin(&a, look.p->cse, look.view, look.arena, &other, &request);
        for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
            struct mln_lookup l = mln_look_lookup(&look);
            struct mln_resource r;
            bool ret;

            assert_int_equal(mln_locate_lookup(&l, mln_slice_z(targets[i]), &r).code, 0);
            assert_int_equal(mln_access_permits(&a, &r, MLN_PRIVILEGE_CREATE, &ret).code, 0);
            assert_int_equal(ret, is_cin || r.ty == MLN_TY_CNT);
            assert_int_equal(mln_access_permits(&a, &r, MLN_PRIVILEGE_RETRIEVE, &ret).code, 0);
            assert_true(ret);
        }
    }
}

/* SEC-CTX-06 SEC-ACP-28 SEC-ACP-29: address and proof of identity are those of who is registered
 * here; what comes through another CSE has neither */
static void facts_of_who_is_not_registered_here(void **state)
{
    static const struct {
        const char *rules;
        bool needs_registration;
        bool needs_trust;
    } rows[] = {
        { "{'acr':[{'acor':['all'],'acop':2}]}", false, false },
        { "{'acr':[{'acor':['all'],'acop':2,'acaf':true}]}", true, true },
        { "{'acr':[{'acor':['all'],'acop':2,'acaf':false}]}", false, false },
        { "{'acr':[{'acor':['all'],'acop':2,'acco':[{'acip':{'ipv4':['0.0.0.0/0']}}]}]}", true,
          false },
        { "{'acr':[{'acor':['all'],'acop':2,'acco':[{'acip':{'ipv6':['::/0']}},{}]}]}", false,
          false },
    };
    struct mln_originator far = { .text = MLN_S("/id-2/Cfar") };
    struct mln_peer peers[] = { look.p->peer, look.p->peer, look.p->peer };

    (void)state;
    assert_true(mln_entity_parse(far.text, &look.p->cse->names, &far.entity));
    peers[0].is_trusted = peers[0].is_secured = false;
    peers[1].is_trusted = true;
    peers[2].is_trusted = false;
    peers[2].is_secured = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned who = 0; who < 8; who++) {
            const struct mln_peer *peer = who / 2 < 3 ? &peers[who / 2] : NULL;
            bool is_registered = who % 2;
            struct mln_access_request request = { .arrival_us = look.p->now_us,
                                                  .peer = peer,
                                                  .policies = policies };
            bool is_good = (!rows[i].needs_registration || (is_registered && peer)) &&
                           (!rows[i].needs_trust || (peer && peer != &peers[0]));
            struct mln_originator here = other;
            struct mln_access a;
            bool ret;

            here.is_proved = peer && peer != &peers[0]; /* as mln_access_identify tells */
            mln_access_begin(&a, look.p->cse, look.view, look.arena, is_registered ? &here : &far,
                             &request);
            assert_int_equal(mln_access_rules_permit(&a, mln_look_pack(&look, rows[i].rules), NULL,
                                                     MLN_PRIVILEGE_RETRIEVE, &ret)
                                 .code,
                             0);
            assert_int_equal(ret, is_good);
        }
    }
}

/* SEC-ACP-20: whatever the spelling of its name; security.md 0.2 */
static void the_creator_in_every_spelling(void **state)
{
    static const char *const spellings[] = { "/id-2", "//merlon.example/id-2",
                                             "//MERLON.example/id-2" };
    static const char *const others[][2] = { /* whose association, and From */
                                             { "/id-2", "/id-2/C1" },
                                             { "/id-22", "/id-22" },
                                             { "//far.example/id-2", "//far.example/id-2" },
                                             { "/ID-2", "/ID-2" }
    };

    (void)state;
    mln_look_policy(&look, "open", "[{'acor':['/id-2'],'acop':1}]");
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT,
                  "{'m2m:cnt':{'rn':'room','acpi':['cse-in/open']}}");
    (void)mln_look_prove(&look, "12-k2@x.example", "/id-2", NULL);
    mln_look_make(&look, "//merlon.example/id-2", "cse-in/room", MLN_TY_CNT,
                  "{'m2m:cnt':{'rn':'c'}}");
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        assert_int_equal(
            mln_look_ask(&look, "{'op':2,'to':'cse-in/room/c','fr':'%s'}", spellings[i])->rsc,
            MLN_RSC_OK);
        assert_int_equal(mln_look_ask(&look,
                                      "{'op':3,'to':'cse-in/room/c','fr':'%s',"
                                      "'pc':{'m2m:cnt':{'acpi':null}}}",
                                      spellings[i])
                             ->rsc,
                         MLN_RSC_UPDATED);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        (void)mln_look_prove(&look, "12-k2@x.example", others[i][0], NULL);
        assert_int_equal(
            mln_look_ask(&look, "{'op':2,'to':'cse-in/room/c','fr':'%s'}", others[i][1])->rsc,
            MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    }
}

/* What was worked out for one originator is not taken for another. */
static void another_originator_is_another(void **state)
{
    struct mln_slice rules = mln_look_pack(&look, "{'acr':[{'acor':['//Far.example'],'acop':2}]}");
    struct mln_originator far = { .text = MLN_S("//FAR.example/id/C1") };
    struct mln_access a = begin(&other);

    (void)state;
    assert_true(mln_entity_parse(far.text, &look.p->cse->names, &far.entity));
    for (unsigned turn = 0; turn < 4; turn++) {
        bool ret;

        mln_access_turn_to(&a, look.arena, turn % 2 ? &far : &other);
        assert_int_equal(
            mln_access_rules_permit(&a, rules, NULL, MLN_PRIVILEGE_RETRIEVE, &ret).code, 0);
        assert_int_equal(ret, turn % 2);
    }
}

/* ---- time ---- */

/* SEC-ACP-39: an expired policy grants nothing from that moment on */
static void a_policy_ends_with_its_time(void **state)
{
    (void)state;
    make_tree();
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/reads','fr':'CAdmin',"
                                         "'pc':{'m2m:acp':{'et':'20300101T000010'}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    look.p->now_us += 9999999;
    assert_true(permits(&other, "cse-in/Cae/open", MLN_PRIVILEGE_RETRIEVE));
    look.p->now_us += 1;
    assert_false(permits(&other, "cse-in/Cae/open", MLN_PRIVILEGE_RETRIEVE));
    assert_true(permits(&other, "cse-in/Cae/open", MLN_PRIVILEGE_DISCOVER));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_mask_grants_its_bits),
        T(an_unknown_member_never_grants),
        T(what_is_no_rule_grants_nothing),
        T(what_is_said_twice_grants_nothing),
        T(the_place_within_a_rule_does_not_matter),
        T(damaged_rules_grant_nothing),
        T(rules_come_from_where_the_type_says),
        T(members_policies_replace_the_groups_own),
        T(seeing_is_retrieving_or_discovering),
        T(the_administrator_is_asked_nothing),
        T(remembered_decisions_are_the_same),
        T(remembered_groups_are_the_same),
        T(the_largest_policies_are_decided),
        T(the_target_counts_in_what_is_remembered),
        T(facts_of_who_is_not_registered_here),
        T(the_creator_in_every_spelling),
        T(another_originator_is_another),
        T(a_policy_ends_with_its_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
