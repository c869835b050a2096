/* Tests of CMDH, with a clock of their own: what the policy fills in, refuses and holds back.
 * TS-0004 annex H, TS-0001 D.12 */
#include "cse/remote/cmdh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "cse/look_test.h"

static const int64_t S = 1000000;
static const int64_t DAY = INT64_C(86400) * 1000000;

static struct mln_look look;

/* The parts of a policy; each test may say some of them anew. */
struct policy {
    const char *schedule;
    const char *limits;
    const char *rule;
    const char *buffer; /* members of the one for all but category 100 */
};

static const struct policy POLICY = {
    .schedule = "* * * * * * *",
    .limits = "'ror':['localAE','default'],'lec':[2,3,4,100,101],'lqet':[0,-1],'lset':[0,-1],"
              "'loet':[0,-1],'lrp':[0,-1],'lda':[false]",
    .rule = "'mrv':0,'swt':0,'bop':{'bops':[{'ibt':1000,'abt':2000,'mbt':4000}]}",
    .buffer = "'mbfs':100000,'sgp':1",
};

static void part(const char *parent, const char *name, int kind, const char *root,
                 const char *members)
{
    char pc[1024];
    char to[128];

    (void)snprintf(pc, sizeof pc, "{'m2m:%s':{'rn':'%s','mgd':%d,%s}}", root, name, kind, members);
    (void)snprintf(to, sizeof to, "cse-in/n%s", parent);
    mln_look_make(&look, NULL, to, MLN_TY_MGMTOBJ, pc);
}

#define LINK(name) "{'nm':'x','typ':1016,'val':'cse-in/n/" name "'}"

static void provision(struct policy p)
{
    char text[1024];

    p.schedule = p.schedule ? p.schedule : POLICY.schedule;
    p.limits = p.limits ? p.limits : POLICY.limits;
    p.rule = p.rule ? p.rule : POLICY.rule;
    p.buffer = p.buffer ? p.buffer : POLICY.buffer;
    mln_look_make(&look, NULL, "cse-in", MLN_TY_NOD,
                  "{'m2m:nod':{'rn':'n','ni':'n1','hcl':'/id-in'}}");
    (void)snprintf(text, sizeof text, "{'m2m:sch':{'rn':'s','se':{'sce':['%s']}}}", p.schedule);
    mln_look_make(&look, NULL, "cse-in/n", MLN_TY_SCH, text);
    part("", "p", 1011, "cmp",
         "'cpn':'p','cmlk':[" LINK("p/d") "," LINK("p/l") "," LINK("p/n") "," LINK("p/b") "," LINK(
             "p/b2") "]");
    part("/p", "d", 1013, "cmdf",
         "'cmlk':[" LINK("p/d/e") "," LINK("p/d/e2") "," LINK("p/d/v") "," LINK("p/d/v2") "]");
    part("/p/d", "e", 1014, "cmdv", "'od':2,'dev':100,'ror':['localAE']");
    part("/p/d", "e2", 1014, "cmdv", "'od':1,'dev':101,'ror':['Cae2','Nnone']");
    part("/p/d", "v", 1015, "cmpv",
         "'aec':[0],'dqet':60000,'dset':-1,'doet':0,'drp':0,'dda':false");
    part("/p/d", "v2", 1015, "cmpv",
         "'aec':[101],'dqet':-1,'dset':-1,'doet':0,'drp':0,'dda':false");
    (void)snprintf(text, sizeof text, "'od':1,%s", p.limits);
    part("/p", "l", 1016, "cml", text);
    part("/p", "n", 1017, "cmnr", "'aecs':[0],'cmlk':[" LINK("p/n/r") "]");
    (void)snprintf(text, sizeof text, "'ttn':['default'],'cmlk':" LINK("s") ",%s", p.rule);
    part("/p/n", "r", 1018, "cmwr", text);
    (void)snprintf(text, sizeof text, "'aec':[0],%s", p.buffer);
    part("/p", "b", 1019, "cmbf", text);
    part("/p", "b2", 1019, "cmbf", "'aec':[100],'mbfs':100000,'sgp':5");
    part("", "a", 1012, "acmp", "'acmlk':'cse-in/n/p'");
}

static int set_up(void **state)
{
    static struct mln_limits limits;

    (void)state;
    mln_limits_default(&limits);
    limits.buffered_bytes = 1000;
    mln_look_open(&look,
                  &(struct mln_inproc_options){ .type = MLN_CSE_TYPE_MN, .limits = &limits });
    mln_look_make(&look, "/side", "cse-in", MLN_TY_CSR,
                  "{'m2m:csr':{'cb':'/side/b','rr':true,'srv':['3'],'poa':['http://side']}}");
    mln_look_register(&look, "Cae");
    mln_look_register(&look, "Cae2");
    mln_inproc_forget(look.p);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

static struct mln_inproc_call *begin_op(int op, const char *from, const char *more)
{
    char json[2048];
    struct mln_inproc_call *call;

    (void)snprintf(json, sizeof json, "{\"op\":%d,\"to\":\"/side/b\",\"fr\":\"%s\"%s}", op, from,
                   more);
    call = mln_inproc_prepare(look.p, json);
    mln_inproc_start(look.p, call);
    mln_inproc_settle(look.p);
    return call;
}

static struct mln_inproc_call *begin(const char *from, const char *more)
{
    return begin_op(MLN_OP_RETRIEVE, from, more);
}

static int code_of(struct mln_inproc_call *call)
{
    const struct mln_inproc_answer *a = mln_inproc_answer_of(call);

    return a->is_there ? (int)a->rsc : 0;
}

static int ask(const char *from, const char *more)
{
    return code_of(begin(from, more));
}

static void pass(int64_t us)
{
    mln_inproc_advance(look.p, us);
    mln_inproc_settle(look.p);
}

/* Without a policy, without a node of this CSE, or with a policy that has gone, all goes on as
 * ever. H.1 */
static void nothing_is_active(void **state)
{
    (void)state;
    assert_int_equal(ask("Cae", ""), MLN_RSC_OK);
    assert_int_equal(look.p->sent->ec, 0);
    provision((struct policy){ .schedule = "0 0 0 1 1 * 2039" });
    assert_int_equal(ask("Cae", ""), MLN_RSC_BAD_REQUEST);
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/n','fr':'CAdmin','pc':{'m2m:nod':"
                                         "{'hcl':null}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    assert_int_equal(ask("Cae", ""), MLN_RSC_OK);
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/n','fr':'CAdmin','pc':{'m2m:nod':"
                                         "{'hcl':'cse-in'}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    assert_int_equal(ask("Cae", ""), MLN_RSC_BAD_REQUEST);
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'cse-in/n/p','fr':'CAdmin'}")->rsc,
                     MLN_RSC_DELETED);
    assert_int_equal(ask("Cae", ""), MLN_RSC_OK);
}

/* D.12.1, 9.6.18: one node is that of this CSE, and what is active stands below it */
static void what_may_be_active(void **state)
{
    const struct mln_inproc_answer *a;

    (void)state;
    provision((struct policy){ 0 });
    a = mln_look_ask(&look, "{'op':1,'to':'cse-in','fr':'CAdmin','ty':14,'pc':"
                            "{'m2m:nod':{'ni':'n2','hcl':'cse-in'}}}");
    assert_int_equal(a->rsc, MLN_RSC_CONFLICT);
    assert_string_equal(a->fault, "hcl: this CSE has its node already"); /* and not which */
    mln_look_make(&look, NULL, "cse-in", MLN_TY_NOD, "{'m2m:nod':{'rn':'o','ni':'n2'}}");
    assert_int_equal(mln_look_ask(&look, "{'op':1,'to':'cse-in/o','fr':'CAdmin','ty':13,'pc':"
                                         "{'m2m:acmp':{'mgd':1012,'acmlk':'cse-in/n/p'}}}")
                         ->rsc,
                     MLN_RSC_BAD_REQUEST);
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/n/a','fr':'CAdmin','pc':"
                                         "{'m2m:acmp':{'acmlk':'cse-in/n/s'}}}")
                         ->rsc,
                     MLN_RSC_BAD_REQUEST);
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'cse-in/n','fr':'CAdmin'}")->rsc,
                     MLN_RSC_DELETED);
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/o','fr':'CAdmin','pc':{'m2m:nod':"
                                         "{'hcl':'cse-in'}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    assert_int_equal(ask("Cae", ""), MLN_RSC_OK);
    assert_int_equal(look.p->sent->ec, 0);
}

/* H.2.3 1.1: by AE-ID before localAE; what is said stays; other originators get bestEffort */
static void categories(void **state)
{
    static const struct {
        const char *from;
        const char *more;
        int ec;
    } rows[] = {
        { "Cae", "", 100 },        { "Cae2", "", 101 },   { "Cae", ",\"ec\":4", 4 },
        { "Cae", ",\"ec\":2", 2 }, { "/side/Cx", "", 3 },
    };

    (void)state;
    provision((struct policy){ 0 });
    mln_inproc_forget(look.p);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(ask(rows[i].from, rows[i].more), MLN_RSC_OK);
        assert_int_equal(look.p->sent->ec, rows[i].ec);
        mln_inproc_forget(look.p);
    }
}

/* H.2.3 2: 4000 for what is out of limits, which count what was filled in, too */
static void limits(void **state)
{
    static const struct {
        const char *more;
        int rsc;
    } rows[] = {
        { ",\"ec\":100", 2000 },
        { ",\"ec\":101", 4000 }, /* no end */
        { ",\"ec\":102", 4000 },
        { ",\"ec\":3", 4000 }, /* no end */
        { ",\"ec\":3,\"rqet\":\"10000\"", 2000 },
        { ",\"ec\":2", 2000 }, /* nothing is filled in */
        { ",\"ec\":2,\"rqet\":\"9000\"", 4000 },
        { ",\"rqet\":\"61000\"", 4000 },
        { ",\"rqet\":\"20000\",\"oet\":\"7000\"", 4000 },
        { ",\"rqet\":\"20000\",\"oet\":\"4000\"", 0 }, /* it waits */
        { ",\"rqet\":\"20000\",\"rset\":\"50000\"", 2000 },
        { ",\"da\":false", 4000 },
    };

    (void)state;
    provision((struct policy){
        .limits = "'ror':['default','localAE'],'lec':[2,3,100,101],'lqet':[10000,60000],"
                  "'lset':[0,-1],'loet':[0,5000],'lrp':[0,-1],'lda':[true]" });
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(ask("Cae", rows[i].more), rows[i].rsc);
    }
}

/* H.2.3 3.2: it leaves when the schedule opens; not at all when that is too late. The clock begins
 * at midnight. */
static void schedules(void **state)
{
    struct mln_inproc_call *calls[2];

    (void)state;
    provision((struct policy){ .schedule = "* * 1 * * * *" });
    mln_inproc_forget(look.p);
    calls[0] = begin("Cae2", "");
    calls[1] = begin("Cae", ",\"rqet\":\"3601000\"");
    assert_int_equal(ask("Cae", ""), MLN_RSC_BAD_REQUEST); /* 60 s */
    assert_int_equal(ask("Cae", ",\"rqet\":\"3600000\""), MLN_RSC_BAD_REQUEST);
    assert_int_equal(ask("Cae", ",\"ec\":2"), MLN_RSC_OK);
    mln_inproc_forget(look.p);
    pass(3599 * S);
    assert_int_equal(code_of(calls[0]), 0);
    assert_null(look.p->sent);
    pass(S);
    assert_int_equal(code_of(calls[0]), MLN_RSC_OK);
    assert_int_equal(code_of(calls[1]), MLN_RSC_OK);
    assert_int_equal(ask("Cae", ""), MLN_RSC_OK);
    pass(3600 * S);
    assert_int_equal(ask("Cae2", ""), 0);
    pass(DAY);
}

/* A schedule that opens earlier than it said counts within a minute; one that closes before what
 * waits has left makes it wait on, until its time is over. */
static void schedules_change(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    provision((struct policy){ .schedule = "* * 1 * * * *" });
    call = begin("Cae2", "");
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/n/s','fr':'CAdmin','pc':{'m2m:sch':"
                                         "{'se':{'sce':['* * 0 * * * *']}}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    pass(60 * S);
    assert_int_equal(code_of(call), MLN_RSC_OK);
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/n/s','fr':'CAdmin','pc':{'m2m:sch':"
                                         "{'se':{'sce':['* * 1 * * * *']}}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    call = begin("Cae2", ",\"rqet\":\"7200000\"");
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/n/s','fr':'CAdmin','pc':{'m2m:sch':"
                                         "{'se':{'sce':['* * 5 * * * *']}}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    pass(3600 * S);
    assert_int_equal(code_of(call), MLN_RSC_REQUEST_TIMEOUT);
}

/* H.2.3 3.3: 4000 when the buffer has no room; one of a higher priority takes that of the oldest of
 * a lower one when the memory of all is exhausted. */
static void buffers(void **state)
{
    static char content[700];
    struct mln_inproc_call *calls[3];
    char more[1024];

    (void)state;
    provision((struct policy){ .schedule = "* * 1 * * * *", .buffer = "'mbfs':500,'sgp':1" });
    memset(content, 'x', sizeof content - 1);
    content[400] = '\0';
    (void)snprintf(more, sizeof more, ",\"ec\":101,\"pc\":{\"m2m:cnt\":{\"lbl\":[\"%s\"]}}",
                   content);
    calls[0] = begin_op(MLN_OP_UPDATE, "Cae", more);
    assert_int_equal(code_of(begin_op(MLN_OP_UPDATE, "Cae", more)), MLN_RSC_BAD_REQUEST);
    calls[1] = begin("Cae", ",\"ec\":101");
    memset(content, 'y', sizeof content - 1);
    content[600] = '\0';
    (void)snprintf(more, sizeof more,
                   ",\"ec\":100,\"rqet\":\"7200000\",\"pc\":{\"m2m:cnt\":{\"lbl\":[\"%s\"]}}",
                   content);
    calls[2] = begin_op(MLN_OP_UPDATE, "Cae", more);
    assert_int_equal(code_of(calls[0]), MLN_RSC_TARGET_NOT_REACHABLE);
    assert_int_equal(code_of(calls[1]), 0);
    assert_int_equal(code_of(calls[2]), 0);
    assert_int_equal(code_of(begin_op(MLN_OP_UPDATE, "Cae", more)), MLN_RSC_BAD_REQUEST);
    pass(3600 * S);
    assert_int_equal(code_of(calls[1]), MLN_RSC_OK);
    assert_int_equal(code_of(calls[2]), MLN_RSC_OK);
}

/* 8.1.2: one of a From and To; of notifications one of a subscription, by whoever sends them */
static void only_the_latest(void **state)
{
    static const char notification[] = ",\"ec\":4,\"rqet\":\"7200000\",\"pc\":"
                                       "{\"m2m:sgn\":{\"sur\":\"/side/b/s%d\"}}";
    struct mln_inproc_call *calls[7];
    char more[256];

    (void)state;
    provision((struct policy){ .schedule = "* * 1 * * * *" });
    for (int i = 0; i < 7; i++) {
        (void)snprintf(more, sizeof more, notification, i % 2);
        calls[i] = i < 3 ? begin(i < 2 ? "Cae" : "Cae2", ",\"ec\":4,\"rqet\":\"7200000\"")
                         : begin_op(MLN_OP_NOTIFY, i < 6 ? "Cae" : "Cae2", more);
    }
    assert_int_equal(code_of(calls[0]), MLN_RSC_TARGET_NOT_REACHABLE);
    assert_int_equal(code_of(calls[3]), MLN_RSC_TARGET_NOT_REACHABLE);
    pass(3600 * S);
    assert_int_equal(code_of(calls[1]), MLN_RSC_OK);
    assert_int_equal(code_of(calls[2]), MLN_RSC_OK);
    assert_int_equal(code_of(calls[4]), MLN_RSC_OK);
    assert_int_equal(code_of(calls[5]), MLN_RSC_OK);
    assert_int_equal(code_of(calls[6]), MLN_RSC_OK);
}

/* D.12.7: 1 s, then 2 s more, at most 4 s; whoever comes meanwhile waits, too. What may have been
 * carried out is not sent again. */
static void back_off(void **state)
{
    struct mln_inproc_call *calls[2];

    (void)state;
    provision((struct policy){ 0 });
    mln_inproc_forget(look.p);
    look.p->reply = (struct mln_inproc_reply){ .err = MLN_ERR_NETWORK };
    calls[0] = begin("Cae", "");
    calls[1] = begin("Cae2", "");
    assert_int_equal(look.p->sent_count, 1);
    pass(S);
    assert_int_equal(look.p->sent_count, 2);
    pass(3 * S - 1);
    assert_int_equal(look.p->sent_count, 2);
    pass(1);
    assert_int_equal(look.p->sent_count, 3);
    look.p->reply = (struct mln_inproc_reply){ .rsc = MLN_RSC_OK };
    pass(4 * S);
    assert_int_equal(code_of(calls[0]), MLN_RSC_OK);
    assert_int_equal(code_of(calls[1]), MLN_RSC_OK);
    look.p->reply = (struct mln_inproc_reply){ .err = MLN_ERR_NETWORK };
    assert_int_equal(ask("Cae", ",\"rqet\":\"500\""), MLN_RSC_TARGET_NOT_REACHABLE);
}

/* While one request tries whether the neighbour is there again, the others wait. */
static void one_tries(void **state)
{
    struct mln_inproc_call *calls[3];

    (void)state;
    provision((struct policy){ 0 });
    mln_inproc_forget(look.p);
    look.p->reply = (struct mln_inproc_reply){ .err = MLN_ERR_NETWORK };
    for (int i = 0; i < 3; i++) {
        calls[i] = begin("Cae2", "");
    }
    look.p->reply = (struct mln_inproc_reply){ .is_silent = true };
    pass(S);
    assert_int_equal(look.p->sent_count, 2);
    look.p->reply = (struct mln_inproc_reply){ .rsc = MLN_RSC_OK };
    assert_true(mln_inproc_reply_to_first(look.p, &look.p->reply));
    pass(S);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(code_of(calls[i]), MLN_RSC_OK);
    }
}

/* D.12.7: a random part of spreadingWaitTime */
static void spreading(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    provision((struct policy){ .rule = "'mrv':0,'swt':50000,'bop':{'bops':[{'ibt':0,'abt':0,"
                                       "'mbt':0}]}" });
    call = begin("Cae2", "");
    assert_int_equal(code_of(call), 0);
    pass(50 * S);
    assert_int_equal(code_of(call), MLN_RSC_OK);
}

/* What is not built is not stored. */
static void refused(void **state)
{
    static const struct {
        const char *parent;
        const char *pc;
        int rsc;
    } rows[] = {
        { "p/d", "{'m2m:cmdv':{'mgd':1014,'od':1,'dev':3,'ror':['localAE'],'rct':1}}", 5001 },
        { "p/d",
          "{'m2m:cmpv':{'mgd':1015,'aec':[0],'dqet':-1,'dset':-1,'doet':0,'drp':0,'dda':true}}",
          5001 },
        { "p/d",
          "{'m2m:cmpv':{'mgd':1015,'aec':[0],'dqet':-2,'dset':-1,'doet':0,'drp':0,'dda':false}}",
          4000 },
        { "p/n",
          "{'m2m:cmwr':{'mgd':1018,'ttn':['x'],'mrv':1,'swt':0,'cmlk':" LINK(
              "s") ",'bop':{'bops':[{'ibt':0,'abt':0,'mbt':0}]}}}",
          5001 },
        { "p/n",
          "{'m2m:cmwr':{'mgd':1018,'ttn':['x'],'mrv':0,'swt':0,'ohc':1,'cmlk':" LINK(
              "s") ",'bop':{'bops':[{'ibt':0,'abt':0,'mbt':0}]}}}",
          5001 },
    };

    (void)state;
    provision((struct policy){ 0 });
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(mln_look_ask(&look,
                                      "{'op':1,'to':'cse-in/n/%s','fr':'CAdmin','ty':13,'pc':%s}",
                                      rows[i].parent, rows[i].pc)
                             ->rsc,
                         rows[i].rsc);
    }
}

/* H.2.2: what is not accepted is told at once, and not in a <request>. */
static void non_blocking(void **state)
{
    (void)state;
    provision((struct policy){ .schedule = "* * 1 * * * *" });
    assert_int_equal(ask("Cae", ",\"rt\":1,\"ec\":102"), MLN_RSC_BAD_REQUEST);
    assert_int_equal(ask("Cae2", ",\"rt\":1,\"rp\":\"7200000\""),
                     MLN_RSC_ACCEPTED_NON_BLOCKING_REQUEST_SYNCH);
    mln_inproc_forget(look.p);
    pass(3600 * S);
    assert_string_equal(look.p->sent->to, "/side/b");
    assert_int_equal(look.p->sent->ec, 101);
}

static void subscribe(const char *target)
{
    char pc[256];

    (void)snprintf(pc, sizeof pc, "{'m2m:sub':{'rn':'s','nu':['%s'],'enc':{'net':[3]},'nct':3}}",
                   target);
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c'}}");
    mln_look_make(&look, NULL, "cse-in/c", MLN_TY_SUB, pc);
    pass(0);
    mln_inproc_forget(look.p);
}

/* Notifications of this CSE to another one wait in the outbox, also through a restart. */
static void notifications(void **state)
{
    (void)state;
    subscribe("/side/b/x");
    provision((struct policy){ .schedule = "* * 1 * * * *",
                               .limits = "'ror':['thisCSE'],'lec':[3],'lqet':[0,-1],'lset':[0,-1],"
                                         "'loet':[0,-1],'lrp':[0,-1],'lda':[false]" });
    mln_look_make(&look, NULL, "cse-in/c", MLN_TY_CIN, "{'m2m:cin':{'con':'1'}}");
    pass(3599 * S);
    assert_null(look.p->sent);
    pass(S);
    assert_int_equal(look.p->sent_count, 1);
    assert_string_equal(look.p->sent->to, "/side/b/x");
    assert_int_equal(look.p->sent->ec, MLN_EC_BEST_EFFORT);
    pass(S);
    mln_look_make(&look, NULL, "cse-in/c", MLN_TY_CIN, "{'m2m:cin':{'con':'2'}}");
    pass(0);
    assert_int_equal(look.p->sent_count, 2);
}

/* Those that the policy refuses are dropped, those to URLs are not its business. */
static void refused_notifications(void **state)
{
    (void)state;
    subscribe("/side/b/x");
    provision((struct policy){ .limits = "'ror':['thisCSE'],'lec':[4],'lqet':[0,-1],'lset':[0,-1],"
                                         "'loet':[0,-1],'lrp':[0,-1],'lda':[false]" });
    mln_look_make(&look, NULL, "cse-in/c", MLN_TY_CIN, "{'m2m:cin':{'con':'1'}}");
    pass(60 * S);
    assert_null(look.p->sent);
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/c/s','fr':'CAdmin','pc':{'m2m:sub':"
                                         "{'nu':['http://x']}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    mln_inproc_forget(look.p);
    mln_look_make(&look, NULL, "cse-in/c", MLN_TY_CIN, "{'m2m:cin':{'con':'2'}}");
    pass(60 * S);
    assert_string_equal(look.p->sent->url, "http://x");
}

/* A member of a group cannot wait. */
static void members_of_groups(void **state)
{
    const struct mln_inproc_answer *a;

    (void)state;
    mln_look_make(&look, NULL, "cse-in", MLN_TY_GRP,
                  "{'m2m:grp':{'rn':'g','mnm':3,'mid':['/side/b/c']}}");
    provision((struct policy){ .schedule = "* * 1 * * * *" });
    mln_inproc_forget(look.p);
    a = mln_look_ask(&look, "{'op':2,'to':'cse-in/g/fopt','fr':'CAdmin'}");
    pass(0);
    assert_null(look.p->sent);
    assert_non_null(strstr(a->pc, "5103"));
    pass(3600 * S);
    mln_inproc_forget(look.p);
    (void)mln_look_ask(&look, "{'op':2,'to':'cse-in/g/fopt','fr':'CAdmin'}");
    pass(0);
    assert_string_equal(look.p->sent->to, "/side/b/c");
    assert_int_equal(look.p->sent->ec, MLN_EC_BEST_EFFORT);
}

/* The server stops while requests wait. */
static void a_stop(void **state)
{
    (void)state;
    provision((struct policy){ .schedule = "* * 1 * * * *" });
    (void)begin("Cae2", "");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(nothing_is_active),
        T(what_may_be_active),
        T(categories),
        T(limits),
        T(schedules),
        T(schedules_change),
        T(buffers),
        T(only_the_latest),
        T(back_off),
        T(one_tries),
        T(spreading),
        T(refused),
        T(a_stop),
        T(non_blocking),
        T(notifications),
        T(refused_notifications),
        T(members_of_groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
