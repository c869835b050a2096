/* Tests of passing requests on, where clock, associations and answers matter. TS-0004 7.3.2.6 */
#include "cse/remote/transit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "cse/look_test.h"

static const int64_t S = 1000000;

static struct mln_look look;

static void register_cse(const char *name, const char *more)
{
    char id[64];

    (void)snprintf(id, sizeof id, "//merlon.example/%s", name);
    (void)mln_look_prove(&look, id, id, NULL);
    assert_int_equal(mln_look_ask(&look,
                                  "{'op':1,'to':'cse-in','fr':'/%s','ty':16,'pc':{'m2m:csr':"
                                  "{'cb':'/%s/b','rr':true,'srv':['3']%s}}}",
                                  name, name, more)
                         ->rsc,
                     MLN_RSC_CREATED);
    mln_look_claim(&look, true);
}

static struct mln_inproc_reply registrar(void *data, const struct mln_inproc_sent *sent)
{
    (void)data;
    return sent->op == MLN_OP_CREATE
               ? (struct mln_inproc_reply){ .rsc = MLN_RSC_CREATED,
                                            .pc = "{\"m2m:csr\":{\"ri\":\"x\"}}" }
               : (struct mln_inproc_reply){ .rsc = MLN_RSC_UPDATED };
}

/* An MN below "/up", above "/down" and what is behind it, and "/side". */
static int set_up(void **state)
{
    static struct mln_limits limits;

    (void)state;
    mln_limits_default(&limits);
    limits.transits = 2;
    mln_look_open(&look, &(struct mln_inproc_options){
                             .type = MLN_CSE_TYPE_MN,
                             .limits = &limits,
                             .receive = registrar,
                             .registrar = { .cse_id = MLN_S("/up"),
                                            .url = MLN_S("http://up"),
                                            .credential_id = MLN_S("12-k@merlon.example"),
                                            .lifetime_us = 3600 * S } });
    register_cse("down", ",'poa':['http://down1','http://down2/p/'],'dcse':['/behind','/Slisted']");
    register_cse("side", ",'poa':['http://side']");
    mln_inproc_settle(look.p);
    mln_look_register(&look, "Cae");
    mln_inproc_forget(look.p);
    look.p->receive = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

static struct mln_inproc_call *begin(const char *from, const char *to, const char *more)
{
    return mln_look_start(&look, "{'op':2,'to':'%s','fr':'%s'%s}", to, from, more);
}

static int ask(const char *from, const char *to)
{
    const struct mln_inproc_answer *a = mln_inproc_answer_of(begin(from, to, ""));

    assert_true(a->is_there);
    return (int)a->rsc;
}

/* Where each goes; To is as it was, From as the next CSE must see it. SEC-IMP-05 */
static void ways(void **state)
{
    static const struct {
        const char *to;
        const char *url;
    } rows[] = {
        { "/down/b/x", "http://down1" },
        { "//merlon.example/down/b", "http://down1" },
        { "//MERLON.example/down", "http://down1" },
        { "/behind", "http://down1" },
        { "/behind/-/x", "http://down1" },
        { "/side/b", "http://side" },
        { "/up/-", "http://up" },
        { "/elsewhere/x", "http://up" },
        { "//far.example/cse/x", "http://up" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(ask("Cae", rows[i].to), MLN_RSC_OK);
        assert_string_equal(look.p->sent->url, rows[i].url);
        assert_string_equal(look.p->sent->to, rows[i].to);
        assert_string_equal(look.p->sent->fr, "/id-in/Cae");
        mln_inproc_forget(look.p);
    }
    assert_int_equal(ask("Cae", "/down/../x"), MLN_RSC_BAD_REQUEST);
    assert_int_equal(ask("Cae", "/id-in/none"), MLN_RSC_NOT_FOUND);
    assert_null(look.p->sent);
}

/* Over an association each CSE is believed for itself and what is behind it, the registrar for
 * everybody else; and nothing goes back up. SEC-IMP-04 */
static void who_sends_what(void **state)
{
    static const struct {
        const char *peer;
        const char *from;
        const char *to;
        int rsc;
    } rows[] = {
        { "down", "/down/Cx", "/side/b", 2000 },
        { "down", "/behind/Cx", "/side/b", 2000 },
        { "down", "/behind/Cx", "/far", 2000 },
        { "down", "/down", "/up/-", 2000 },
        { "down", "/side/Cx", "/up/-", 4106 },
        { "down", "/up/Cx", "/side/b", 4106 },
        { "down", "/other/Cx", "/side/b", 4106 },
        { "down", "/id-in", "/side/b", 4106 },
        { "down", "/Sx", "/side/b", 4106 },
        { "down", "/Slisted", "/side/b", 4106 }, /* that it is a CSE behind it proves nothing */
        { "up", "/Sx", "/side/b", 2000 },
        { "up", "/Slisted", "/side/b", 2000 },
        { "side", "/behind/Cx", "/up/-", 4106 },
        { "up", "/other/Cx", "/side/b", 2000 },
        { "up", "/up", "/down/b", 2000 },
        { "up", "//far.example/c/Cx", "/down", 2000 },
        { "up", "//far.example/Sx", "/down", 2000 },
        { "down", "//far.example/Sx", "/side/b", 4106 },
        { "up", "/down/Cx", "/side/b", 4106 },
        { "up", "/behind/Cx", "/side/b", 2000 },
        { "up", "/other/Cx", "/far", 4004 },
        { "up", "/other/Cx", "/up/-", 4004 },
        { "up", "/behind/Cx", "/far", 4004 },
        { "stranger", "/stranger/Cx", "/side/b", 2000 },
        { "stranger", "/stranger/Cx", "/far", 4004 },
        { "stranger", "/stranger/Cx", "/up/-", 4004 },
        { "stranger", "/down", "/side/b", 4106 },
        { "stranger", "/Sx", "/side/b", 4106 },
        { "stranger", "/x/Cx", "/side/b", 4106 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char id[64];

        (void)snprintf(id, sizeof id, "//merlon.example/%s", rows[i].peer);
        (void)mln_look_prove(&look, id, id, NULL);
        assert_int_equal(ask(rows[i].from, rows[i].to), rows[i].rsc);
        if (rows[i].rsc == 2000) {
            assert_string_equal(look.p->sent->fr, rows[i].from);
        }
        mln_inproc_forget(look.p);
    }
}

/* On a trusted listener the CSEs that are known are believed; where it came from follows from whose
 * the originator is. */
static void who_sends_what_unproved(void **state)
{
    (void)state;
    assert_int_equal(ask("/down/Cx", "/far"), MLN_RSC_OK);
    assert_int_equal(ask("/behind/Cx", "/far"), MLN_RSC_OK);
    assert_int_equal(ask("/other/Cx", "/far"), MLN_RSC_NOT_FOUND);
    assert_int_equal(ask("/other/Cx", "/down/b"), MLN_RSC_OK);
    assert_int_equal(ask("/id-in/Cae", "/down/b"), MLN_RSC_BAD_REQUEST);
    assert_int_equal(ask("Cnobody", "/down/b"), MLN_RSC_ORIGINATOR_NOT_AUTHENTICATED);
    mln_look_claim(&look, false);
    assert_int_equal(ask("/down/Cx", "/side/b"), MLN_RSC_BAD_REQUEST);
    assert_int_equal(ask("/down", "/side/b"), MLN_RSC_SECURITY_ASSOCIATION_REQUIRED);
}

/* The request expires, by its own time or the limit of the CSE: 4008. Nobody is there: 5103. */
static void no_answer(void **state)
{
    struct mln_inproc_call *calls[2];

    (void)state;
    look.p->reply = (struct mln_inproc_reply){ .is_silent = true };
    calls[0] = begin("Cae", "/side/b", ",\"rqet\":\"5000\"");
    calls[1] = begin("Cae", "/side/b", "");
    mln_inproc_advance(look.p, 5 * S);
    mln_inproc_settle(look.p);
    assert_int_equal(mln_inproc_answer_of(calls[0])->rsc, MLN_RSC_REQUEST_TIMEOUT);
    assert_false(mln_inproc_answer_of(calls[1])->is_there);
    mln_inproc_advance(look.p, 25 * S);
    mln_inproc_settle(look.p);
    assert_int_equal(mln_inproc_answer_of(calls[1])->rsc, MLN_RSC_REQUEST_TIMEOUT);
    calls[0] = begin("Cae", "/side/b", ",\"rset\":\"5000\"");
    mln_inproc_advance(look.p, 5 * S);
    mln_inproc_settle(look.p);
    assert_int_equal(mln_inproc_answer_of(calls[0])->rsc, MLN_RSC_REQUEST_TIMEOUT);
    look.p->reply = (struct mln_inproc_reply){ .err = MLN_ERR_NETWORK };
    assert_int_equal(ask("Cae", "/side/b"), MLN_RSC_TARGET_NOT_REACHABLE);
}

/* It is passed on when its execution time has come, so that nobody waits at both CSEs. */
static void execution_time(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    call = begin("Cae", "/side/b", ",\"oet\":\"600000\"");
    mln_inproc_advance(look.p, 600 * S - 1);
    mln_inproc_settle(look.p);
    assert_null(look.p->sent);
    mln_inproc_advance(look.p, 1);
    mln_inproc_settle(look.p);
    assert_int_equal(mln_inproc_answer_of(call)->rsc, MLN_RSC_OK);
    assert_int_equal(look.p->sent_count, 1);
}

/* Two wait for "/side" here, and a third does not; others are not concerned. */
static void too_many_wait(void **state)
{
    struct mln_inproc_call *calls[2];

    (void)state;
    look.p->reply = (struct mln_inproc_reply){ .is_silent = true };
    calls[0] = begin("Cae", "/side/b", "");
    calls[1] = begin("Cae", "/side/b", "");
    assert_int_equal(ask("Cae", "/side/b"), MLN_RSC_TARGET_NOT_REACHABLE);
    look.p->reply = (struct mln_inproc_reply){ .rsc = MLN_RSC_OK };
    assert_int_equal(ask("Cae", "/down/b"), MLN_RSC_OK);
    assert_true(mln_inproc_reply_to_first(look.p, &look.p->reply));
    assert_int_equal(mln_inproc_answer_of(calls[0])->rsc, MLN_RSC_OK);
    assert_int_equal(ask("Cae", "/side/b"), MLN_RSC_OK);
    assert_true(mln_inproc_reply_to_first(look.p, &look.p->reply));
    assert_int_equal(mln_inproc_answer_of(calls[1])->rsc, MLN_RSC_OK);
}

/* The same Request Identifier of the same originator comes round again while it waits. */
static void a_circle(void **state)
{
    struct mln_inproc_call *first;

    (void)state;
    look.p->reply = (struct mln_inproc_reply){ .is_silent = true };
    first = begin("/behind/Cx", "/side/b", ",\"rqi\":\"one\"");
    assert_int_equal(mln_inproc_answer_of(begin("/behind/Cx", "/side/b", ",\"rqi\":\"one\""))->rsc,
                     MLN_RSC_CONFLICT);
    look.p->reply = (struct mln_inproc_reply){ .rsc = MLN_RSC_OK };
    assert_true(mln_inproc_reply_to_first(look.p, &look.p->reply));
    assert_int_equal(mln_inproc_answer_of(first)->rsc, MLN_RSC_OK);
}

static int ask_as(const char *peer, const char *from)
{
    char id[64];
    int rsc;

    (void)snprintf(id, sizeof id, "//merlon.example/%s", peer);
    (void)mln_look_prove(&look, id, id, NULL);
    rsc = (int)mln_look_ask(&look, "{'op':2,'to':'cse-in','fr':'%s'}", from)->rsc;
    mln_look_claim(&look, true);
    return rsc;
}

/* As an AE of ours comes back whom it has asked, until it has answered or is too late. */
static void a_group_request(void **state)
{
    const struct mln_inproc_reply ok = { .rsc = MLN_RSC_OK };

    (void)state;
    mln_look_register(&look, "Cother");
    look.p->reply = (struct mln_inproc_reply){ .is_silent = true };
    assert_int_equal(ask_as("side", "/id-in/Cae"), 4106);
    (void)begin("Cae", "/side/b/fopt", "");
    (void)begin("Cother", "/side/b/g/sfop", ",\"rqet\":\"5000\"");
    (void)begin("Cae", "/up/b/g/fopt/x#lbl", ",\"rqet\":\"9000\"");
    assert_int_equal(ask_as("side", "/id-in/Cae"), 4103);
    assert_int_equal(ask_as("side", "/id-in/Cother"), 4103);
    assert_int_equal(ask_as("up", "/id-in/Cae"), 4103);
    assert_int_equal(ask_as("up", "/id-in/Cother"), 4106);
    assert_int_equal(ask_as("down", "/id-in/Cae"), 4106);
    mln_inproc_advance(look.p, 5 * S);
    mln_inproc_settle(look.p);
    assert_int_equal(ask_as("side", "/id-in/Cother"), 4106);
    assert_int_equal(ask_as("side", "/id-in/Cae"), 4103);
    assert_true(mln_inproc_reply_to_first(look.p, &ok));
    assert_int_equal(ask_as("side", "/id-in/Cae"), 4106);
    assert_int_equal(ask_as("up", "/id-in/Cae"), 4103);
    mln_inproc_advance(look.p, 4 * S);
    mln_inproc_settle(look.p);
    assert_int_equal(ask_as("up", "/id-in/Cae"), 4106);
}

/* ---- other service providers ---- */

/* An IN that deals with two others: the one is reached by the settings, the other registers. */
static int set_up_peers(void **state)
{
    const struct mln_domain_setting peers[] = {
        { .domain = MLN_S("//far.example/in"),
          .value = MLN_S("http://far"),
          .credential_id = MLN_S("12-k@far.example") },
        { .domain = MLN_S("//near.example/in") },
    };

    (void)state;
    mln_look_open(&look, &(struct mln_inproc_options){ .peers = peers, .peer_count = 2 });
    register_cse("down", ",'poa':['http://down']");
    mln_look_register(&look, "Cae");
    return 0;
}

/* A peer is believed for what is of its service provider, and written so; and nothing that comes
 * from one goes to another. SEC-IMP-04, SEC-IMP-05 */
static void between_providers(void **state)
{
    static const struct {
        const char *peer;
        const char *from;
        const char *to;
        int rsc;
        const char *fr;
    } rows[] = {
        { "//merlon.example/down", "/down/Cx", "//far.example/x/y", 2000,
          "//merlon.example/down/Cx" },
        { "//merlon.example/down", "/down", "//far.example/in", 2000, "//merlon.example/down" },
        { "//merlon.example/down", "/Sx", "//far.example/in", 2000, "//merlon.example/Sx" },
        { "//merlon.example/down", "//merlon.example/down/Cx", "//far.example/in", 2000,
          "//merlon.example/down/Cx" },
        { "//merlon.example/down", "/down/Cx", "//near.example/in", 5103, NULL },
        { "//merlon.example/down", "/down/Cx", "//other.example/in", 4004, NULL },
        { "//merlon.example/down", "//far.example/c/Cx", "//far.example/in", 4106, NULL },
        { "//merlon.example/down", "//far.example/Sx", "/down/b", 4106, NULL },
        { "//far.example/in", "//far.example/in", "/down/b", 2000, "//far.example/in" },
        { "//far.example/in", "//far.example/in/Cx", "//merlon.example/down/b", 2000,
          "//far.example/in/Cx" },
        { "//far.example/in", "//far.example/c/Cx", "/down/b", 2000, "//far.example/c/Cx" },
        { "//far.example/in", "//FAR.example/Sx", "/down/b", 2000, "//FAR.example/Sx" },
        { "//far.example/in", "//far.example/c/Cx", "//near.example/in", 4004, NULL },
        { "//far.example/in", "//far.example/c/Cx", "//far.example/d", 4004, NULL },
        { "//far.example/in", "//near.example/c/Cx", "/down/b", 4106, NULL },
        { "//far.example/in", "//merlon.example/id-in/Cae", "/down/b", 4106, NULL },
        { "//far.example/in", "/id-in/Cae", "/down/b", 4106, NULL },
        { "//far.example/in", "/down/Cx", "/down/b", 4106, NULL },
        { "//far.example/in", "/Sx", "/down/b", 4106, NULL },
        { "//far.example/in", "Sx", "/down/b", 4106, NULL },
        { "//far.example/in", "Cx", "/down/b", 4106, NULL },
        { "//far.example/mn", "//far.example/in/Cx", "/down/b", 4106, NULL },
        { "//far.example/mn", "//far.example/mn/Cx", "//near.example/in", 4004, NULL },
        { "//other.example/in", "//other.example/c/Cx", "/down/b", 4106, NULL },
    };

    (void)state;
    (void)mln_look_prove(&look, rows[0].peer, rows[0].peer, NULL);
    assert_int_equal(mln_look_ask(&look, "{'op':1,'to':'/id-in/-','ty':10002,'fr':'/down/Sx',"
                                         "'pc':{'m2m:aeA':{'lnk':'/down/Sx','api':'Nx',"
                                         "'srv':['3'],'et':'20991231T000000'}}}")
                         ->rsc,
                     MLN_RSC_CREATED);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        (void)mln_look_prove(&look, rows[i].peer, rows[i].peer, NULL);
        mln_inproc_forget(look.p);
        assert_int_equal(ask(rows[i].from, rows[i].to), rows[i].rsc);
        if (rows[i].fr) {
            assert_string_equal(look.p->sent->fr, rows[i].fr);
            assert_string_equal(look.p->sent->to, rows[i].to);
        }
    }
    mln_look_claim(&look, true);
    assert_int_equal(ask("Cae", "//far.example/x"), MLN_RSC_OK);
    assert_string_equal(look.p->sent->url, "http://far");
    assert_string_equal(look.p->sent->fr, "//merlon.example/id-in/Cae");
}

/* By agreement, and it leads to all of its service provider. TS-0001 6.5.4 */
static void a_peer_that_registers(void **state)
{
    static const struct {
        const char *cse;
        int rsc;
    } rows[] = { { "//other.example/in", 4103 },
                 { "//near.example/mn", 4103 },
                 { "//near.example/in", 2001 } };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        (void)mln_look_prove(&look, rows[i].cse, rows[i].cse, NULL);
        assert_int_equal(mln_look_ask(&look,
                                      "{'op':1,'to':'cse-in','fr':'%s','ty':16,'pc':{'m2m:csr':"
                                      "{'cb':'%s/b','rr':true,'srv':['3'],'poa':['http://p']}}}",
                                      rows[i].cse, rows[i].cse)
                             ->rsc,
                         rows[i].rsc);
    }
    mln_look_claim(&look, true);
    mln_inproc_forget(look.p);
    assert_int_equal(ask("Cae", "//near.example/mn/x"), MLN_RSC_OK);
    assert_string_equal(look.p->sent->url, "http://p");
    assert_string_equal(look.p->sent->fr, "//merlon.example/id-in/Cae");
}

/* ---- AE-IDs of the service provider ---- */

/* The IN-CSE keeps an AE-ID for an hour; without an end when the <AE> is written. TS-0001 10.2.2.2
 */
static void an_hour_until_it_is_written(void **state)
{
    const struct mln_inproc_sent *asked;
    const struct mln_inproc_sent *told;

    (void)state;
    look.p->receive = registrar;
    assert_int_equal(mln_look_ask(&look, "{'op':1,'to':'cse-in','fr':'Sx','ty':2,'pc':{'m2m:ae':"
                                         "{'api':'Nx','rr':false,'srv':['3']}}}")
                         ->rsc,
                     MLN_RSC_CREATED);
    mln_inproc_advance(look.p, S);
    asked = look.p->sent;
    told = asked->next;
    assert_non_null(told);
    assert_string_equal(asked->to, "/up/Sx");
    assert_string_equal(told->to, "/up/Sx");
    assert_null(strstr(asked->pc, "\"et\":\"9999"));
    assert_non_null(strstr(told->pc, "\"et\":\"9999"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define P(name) cmocka_unit_test_setup_teardown(name, set_up_peers, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(ways),
        T(who_sends_what),
        T(who_sends_what_unproved),
        T(no_answer),
        T(too_many_wait),
        T(a_circle),
        T(a_group_request),
        P(between_providers),
        P(a_peer_that_registers),
        T(execution_time),
        T(an_hour_until_it_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
