/* Tests of the checks on From inside ESPrim objects. spec: security.md 25.4 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cse/access/binding.h"
#include "cse/look_test.h"

static struct mln_look look;

static int set_up(void **state)
{
    (void)state;
    mln_look_open(&look, NULL);
    mln_look_register(&look, "Cabc");
    mln_look_register(&look, "Sabc");
    (void)mln_look_anew(&look);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

static enum mln_err_code identify(const char *from)
{
    struct mln_originator unused;
    struct mln_fault fault = { 0 };
    struct mln_identify in = {
        .cse = look.p->cse,
        .view = look.view,
        .arena = look.arena,
        .peer = &look.p->peer,
        .from = mln_slice_z(from),
        .fault = &fault,
    };
    enum mln_err_code code = mln_access_identify(&in, &unused).code;

    assert_int_equal(fault.text[0] != '\0', code != MLN_ERR_NONE);
    return code;
}

/* The next requests come end to end from the peer of that pairwise key. */
static struct mln_association *seal(const char *cse_id, const char *ae_ids)
{
    struct mln_association *a = mln_look_prove(&look, "13-e@merlon.example", cse_id, ae_ids);

    look.p->peer.is_end_to_end = true;
    return a;
}

static void unseal(void)
{
    look.p->peer.is_end_to_end = false;
    mln_look_claim(&look, true);
}

/* SEC-IMP-09, SEC-EPR-07: the key proves the originator itself, in any spelling, and nobody else;
 * an AE of this CSE writes its AE-ID-Stem here as everywhere */
static void who_a_pairwise_key_proves(void **state)
{
    static const struct {
        const char *cse_id;
        const char *ae_ids;
        const char *from;
        enum mln_err_code expected;
    } table[] = {
        { NULL, "Cabc", "Cabc", MLN_ERR_NONE },
        { NULL, "//merlon.example/id-in/Cabc", "Cabc", MLN_ERR_NONE },
        { NULL, "Cabc", "/id-in/Cabc", MLN_ERR_PARAM_INVALID },
        { NULL, "Cabc", "Sabc", MLN_ERR_ESPRIM_IMPERSONATION },
        { NULL, "Cabc", "Cab", MLN_ERR_ESPRIM_IMPERSONATION },
        { NULL, "Cabc", "", MLN_ERR_ESPRIM_IMPERSONATION },
        { NULL, "Cabc", "C", MLN_ERR_ESPRIM_IMPERSONATION },
        { NULL, "C*", "C", MLN_ERR_ESPRIM_IMPERSONATION },
        { NULL, "Cabc", "/mn/Cabc", MLN_ERR_ESPRIM_IMPERSONATION },
        { NULL, "Cabc", "//far.example/id-in/Cabc", MLN_ERR_ESPRIM_IMPERSONATION },
        { NULL, "C*", "Cabc", MLN_ERR_NONE },
        { NULL, "Cnew", "Cnew", MLN_ERR_NOT_AUTHENTICATED }, /* not registered here */
        { NULL, "Sabc", "Sabc", MLN_ERR_NONE },
        { NULL, "Sabc", "/Sabc", MLN_ERR_PARAM_INVALID },
        { NULL, "Sfar", "/Sfar", MLN_ERR_NONE }, /* registered elsewhere */
        { NULL, "Sfar", "Sfar", MLN_ERR_NOT_AUTHENTICATED },
        { NULL, "/mn/Cfar", "/mn/Cfar", MLN_ERR_NONE },
        { NULL, "/mn/Cfar", "//merlon.example/mn/Cfar", MLN_ERR_NONE },
        { NULL, "/mn/C*", "/mn/Cfar", MLN_ERR_NONE },
        { NULL, "/mn/Cfar", "/mn2/Cfar", MLN_ERR_ESPRIM_IMPERSONATION },
        { NULL, "/mn/Cfar", "Cfar", MLN_ERR_ESPRIM_IMPERSONATION },
        { NULL, "/mn/Cfar", "/mn", MLN_ERR_ESPRIM_IMPERSONATION },
        { NULL, "//far.example/cse/Cx", "//far.example/cse/Cx", MLN_ERR_NONE },
        { "//merlon.example/mn", NULL, "/mn", MLN_ERR_NONE },
        { "//merlon.example/mn", NULL, "//merlon.example/mn", MLN_ERR_NONE },
        { "//merlon.example/mn", NULL, "/mn/Cfar", MLN_ERR_ESPRIM_IMPERSONATION },
        { "//merlon.example/mn", NULL, "/mn2", MLN_ERR_ESPRIM_IMPERSONATION },
        { "//merlon.example/Smn", NULL, "/Smn", MLN_ERR_NONE },
        { "//merlon.example/id-in", NULL, "/id-in", MLN_ERR_NOT_AUTHENTICATED },
        { NULL, NULL, "Cabc", MLN_ERR_ESPRIM_IMPERSONATION },
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        (void)seal(table[i].cse_id, table[i].ae_ids);
        if (identify(table[i].from) != table[i].expected) {
            fail_msg("%s: %d", table[i].from, identify(table[i].from));
        }
        unseal();
    }
}

/* SEC-ACP-28: rq_authn, also for who is registered elsewhere */
static void what_a_pairwise_key_gives(void **state)
{
    static const char *const ids[] = { "Cabc", "/mn/Cfar", "/Sfar" };

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct mln_originator o;

        (void)seal(NULL, ids[i]);
        o = mln_look_originator(&look, ids[i]);
        assert_true(o.is_proved);
        assert_false(o.is_admin || o.is_newcomer);
        assert_int_equal(o.is_registered, i == 0);
        unseal();
    }
}

/* By exactly its name only */
static void the_administrator_by_a_pairwise_key(void **state)
{
    (void)state;
    (void)seal(NULL, "CAdmin");
    assert_true(mln_look_originator(&look, "CAdmin").is_admin);
    unseal();
    (void)seal(NULL, "CAd*");
    assert_int_equal(identify("CAdmin"), MLN_ERR_ESPRIM_IMPERSONATION);
    assert_int_equal(identify("/id-in/CAdmin"), MLN_ERR_ESPRIM_IMPERSONATION);
    unseal();
    (void)seal(NULL, "/mn/CAdmin");
    assert_false(mln_look_originator(&look, "/mn/CAdmin").is_admin);
    unseal();
}

/* One of many names is not that of an AE which registered with a credential of its own. */
static void a_pattern_and_who_registered(void **state)
{
    (void)state;
    (void)mln_look_prove(&look, "12-mine@merlon.example", NULL, "Cmine");
    assert_int_equal(mln_look_ask(&look, "{'op':1,'to':'cse-in','ty':2,'fr':'Cmine','pc':{'m2m:ae':"
                                         "{'api':'Nx','rr':false,'srv':['3'],'rn':'Cmine'}}}")
                         ->rsc,
                     2001);
    (void)mln_look_anew(&look);
    (void)seal(NULL, "C*");
    assert_int_equal(identify("Cmine"), MLN_ERR_NOT_AUTHENTICATED);
    assert_int_equal(identify("Cabc"), MLN_ERR_NONE);
    unseal();
    (void)seal(NULL, "Cmine");
    assert_int_equal(identify("Cmine"), MLN_ERR_NONE);
    unseal();
}

/* The key was removed after the object was opened: on a trusted listener, too */
static void a_pairwise_key_that_is_gone(void **state)
{
    (void)state;
    mln_association_revoke(seal(NULL, "Cabc"));
    look.p->peer.is_trusted = true;
    assert_int_equal(identify("Cabc"), MLN_ERR_NOT_AUTHENTICATED);
    unseal();
}

/* What belongs to a hop, or to who has a connection */
static void what_nobody_does_end_to_end(void **state)
{
    static const struct {
        const char *request;
        unsigned rsc;
    } table[] = {
        { "{'op':1,'to':'cse-in','ty':2,'fr':'Cabc',"
          "'pc':{'m2m:ae':{'api':'Nx','rr':false,'srv':['3']}}}",
          4005 },
        { "{'op':1,'to':'cse-in','ty':16,'fr':'/mn',"
          "'pc':{'m2m:csr':{'cb':'/mn/base','rr':false,'srv':['3']}}}",
          4005 },
        { "{'op':1,'to':'cse-in','ty':10002,'fr':'/mn/Sx',"
          "'pc':{'m2m:aeA':{'lnk':'/mn/Sx','et':'20991231T000000'}}}",
          4116 }, /* no AE-ID, but what a registrar says of its AE */
        { "{'op':2,'to':'/other/base','fr':'Cabc'}", 5001 },
        { "{'op':2,'to':'cse-in/Cabc/p/pcu','fr':'Cabc'}", 5001 },
        { "{'op':1,'to':'cse-in','ty':6,'fr':'/mn','pc':{'m2m:dlv':{'sr':'/mn','tg':'/id-in',"
          "'ls':'20991231T000000','ec':4,'dmd':{'tcop':true,'tcin':['/mn']}}}}",
          4005 },
    };

    (void)state;
    mln_look_make(&look, "Cabc", "cse-in/Cabc", MLN_TY_PCH, "{'m2m:pch':{'rn':'p'}}");
    (void)mln_look_prove(&look, "32-//merlon.example/mn", "//merlon.example/mn", NULL);
    mln_look_make(&look, "/mn", "cse-in", MLN_TY_CSR,
                  "{'m2m:csr':{'cb':'/mn/base','rr':false,'srv':['3']}}");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        (void)seal("//merlon.example/mn", "Cabc /mn/*");
        if (mln_look_ask(&look, "%s", table[i].request)->rsc != table[i].rsc) {
            fail_msg("%s: %u", table[i].request, mln_look_ask(&look, "%s", table[i].request)->rsc);
        }
        unseal();
    }
}

/* A key for ESPrim is none for connections: what is known of those stays. */
static void where_it_is_reached_stays(void **state)
{
    struct mln_binding binding;

    (void)state;
    (void)seal(NULL, "Cabc");
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/Cabc','fr':'Cabc',"
                                         "'pc':{'m2m:ae':{'poa':['https://127.0.0.1:1']}}}")
                         ->rsc,
                     2004);
    unseal();
    (void)mln_look_anew(&look);
    assert_int_equal(mln_binding_get(look.view, look.arena, MLN_S("Cabc"), &binding).code,
                     MLN_ERR_NOT_FOUND);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T(who_a_pairwise_key_proves),           T(what_a_pairwise_key_gives),
        T(the_administrator_by_a_pairwise_key), T(a_pattern_and_who_registered),
        T(a_pairwise_key_that_is_gone),         T(what_nobody_does_end_to_end),
        T(where_it_is_reached_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
