/* Tests of members at other CSEs: what has no carrier in HTTP, sizes, and what fails on the way.
 * TS-0004 7.4.14.2 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cse/look_test.h"
#include "store/torture.h"

static const int64_t S = 1000000;

static struct mln_look look;

/* Says what it was asked: "<url> <to>"; "silent" in To never answers. */
static struct mln_inproc_reply receive(void *data, const struct mln_inproc_sent *sent)
{
    static char pc[512];
    static const enum mln_rsc codes[] = { [MLN_OP_CREATE] = MLN_RSC_CREATED,
                                          [MLN_OP_RETRIEVE] = MLN_RSC_OK,
                                          [MLN_OP_UPDATE] = MLN_RSC_UPDATED,
                                          [MLN_OP_DELETE] = MLN_RSC_DELETED };

    (void)data;
    (void)snprintf(pc, sizeof pc, "{\"m2m:uri\":\"%s %s\"}", sent->url, sent->to);
    return (struct mln_inproc_reply){ .rsc = codes[sent->op],
                                      .pc = pc,
                                      .is_silent = strstr(sent->to, "silent") != NULL };
}

static void register_cse(const char *name)
{
    char id[64];

    (void)snprintf(id, sizeof id, "//merlon.example/%s", name);
    (void)mln_look_prove(&look, id, id, NULL);
    assert_int_equal(mln_look_ask(&look,
                                  "{'op':1,'to':'cse-in','fr':'/%s','ty':16,'pc':{'m2m:csr':"
                                  "{'cb':'/%s/b','rr':true,'srv':['3'],'poa':['http://%s']}}}",
                                  name, name, name)
                         ->rsc,
                     MLN_RSC_CREATED);
    mln_look_claim(&look, true);
}

static int set_up(void **state)
{
    (void)state;
    mln_look_open(&look, &(struct mln_inproc_options){ .has_no_duties = true, .receive = receive });
    register_cse("a");
    register_cse("b");
    mln_look_register(&look, "Cae");
    mln_look_make(&look, "Cae", "cse-in/Cae", 3, "{'m2m:cnt':{'rn':'c'}}");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(mln_inproc_check(look.p), 0);
    mln_look_close(&look);
    return 0;
}

static void make_group(const char *name, const char *members)
{
    char pc[2048];

    (void)snprintf(pc, sizeof pc, "{'m2m:grp':{'rn':'%s','mnm':99,'mid':[%s]}}", name, members);
    mln_look_make(&look, "Cae", "cse-in/Cae", 9, pc);
}

static const struct mln_inproc_answer *retrieve(const char *group, const char *more)
{
    return mln_look_ask(&look, "{'op':2,'to':'cse-in/Cae/%s/fopt','fr':'Cae'%s}", group, more);
}

static const struct mln_inproc_answer *create(const char *group)
{
    return mln_look_ask(&look,
                        "{'op':1,'to':'cse-in/Cae/%s/fopt','fr':'Cae','ty':4,"
                        "'pc':{'m2m:cin':{'con':'x'}}}",
                        group);
}

/* The members in the order of their answers: "fr=rsc", sub-groups in brackets. */
static void write_answers(const struct mln_value *pc, char *text, size_t size)
{
    const struct mln_value *rsp =
        mln_value_get(mln_value_get(pc, MLN_S("m2m:agr")), MLN_S("m2m:rsp"));

    for (const struct mln_value *v = rsp ? rsp->items.first : NULL; v; v = v->next) {
        struct mln_slice fr = mln_value_get(v, MLN_S("fr"))->text;
        const struct mln_value *inner = mln_value_get(v, MLN_S("pc"));
        uint64_t rsc = 0;
        size_t len = strlen(text);

        assert_true(mln_value_u64(mln_value_get(v, MLN_S("rsc")), &rsc));
        (void)snprintf(text + len, size - len, "%s%.*s=%llu", len ? " " : "", MLN_S_ARG(fr),
                       (unsigned long long)rsc);
        if (inner && mln_value_get(inner, MLN_S("m2m:agr"))) {
            len = strlen(text);
            (void)snprintf(text + len, size - len, "[");
            write_answers(inner, text, size);
            len = strlen(text);
            (void)snprintf(text + len, size - len, " ]");
        }
    }
}

static const char *summary(const struct mln_inproc_answer *answer)
{
    static char text[4096];

    assert_int_equal(answer->rsc, MLN_RSC_OK);
    text[0] = '\0';
    write_answers(answer->value, text, sizeof text);
    return text;
}

/* ---- places ---- */

static void each_in_its_place(void **state)
{
    (void)state;
    make_group("in", "'/a/x','cse-in/Cae/c','/b/y'");
    make_group("out", "'/b/1','cse-in/Cae/in/fopt','cse-in/Cae/none','/a/2'");
    assert_string_equal(
        summary(retrieve("out", "")),
        "/b/1=2000 cse-in/Cae/in/fopt=2000[ /a/x=2000 cse-in/Cae/c=2000 /b/y=2000 ] "
        "cse-in/Cae/none=4004 /a/2=2000");
    assert_string_equal(summary(retrieve("in", ",'grtm':['/b/y']")), "/b/y=2000");
    assert_string_equal(summary(retrieve("out", ",'grtm':['/b/y']")),
                        "cse-in/Cae/in/fopt=2000[ /b/y=2000 ]");
    assert_int_equal(retrieve("out", ",'grtm':['/b/z']")->rsc, MLN_RSC_BAD_REQUEST);
}

/* A sub-group that fails has one answer, and its members elsewhere are not asked. */
static void a_sub_group_that_fails(void **state)
{
    (void)state;
    make_group("g3", "'/a/x'");
    make_group("g2", "'/a/y','cse-in/Cae/g3/fopt'");
    make_group("g1", "'cse-in/Cae/g2/fopt','/b/1'");
    look.p->limits.group_depth = 2;
    assert_string_equal(summary(retrieve("g1", "")),
                        "cse-in/Cae/g2/fopt=2000[ /a/y=2000 cse-in/Cae/g3/fopt=4000 ] /b/1=2000");
    assert_int_equal(look.p->sent_count, 2);
}

/* ---- what is sent ---- */

static void what_stands_behind(void **state)
{
    (void)state;
    make_group("g", "'/a/x','//merlon.example/b/y'");
    assert_int_equal(
        mln_look_ask(&look, "{'op':2,'to':'cse-in/Cae/g/fopt/d/e#lbl','fr':'Cae'}")->rsc,
        MLN_RSC_OK);
    assert_string_equal(look.p->sent->to, "/a/x/d/e#lbl");
    assert_string_equal(look.p->sent->fr, "/id-in/Cae");
    assert_string_equal(look.p->sent->next->to, "//merlon.example/b/y/d/e#lbl");
    assert_string_not_equal(look.p->sent->rqi, look.p->sent->next->rqi);
}

/* ---- times ---- */

/* The rest is answered before the result expires; what comes later does not count. */
static void who_is_silent(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    make_group("g", "'/a/silent','cse-in/Cae/c','/b/x'");
    make_group("h", "'/a/silent'");
    call = mln_inproc_prepare(
        look.p, "{\"op\":2,\"to\":\"cse-in/Cae/g/fopt\",\"fr\":\"Cae\",\"rset\":\"8000\"}");
    mln_inproc_start(look.p, call);
    mln_inproc_settle(look.p);
    assert_false(mln_inproc_answer_of(call)->is_there);
    mln_inproc_advance(look.p, 8 * S - 1);
    mln_inproc_settle(look.p);
    assert_string_equal(summary(mln_inproc_answer_of(call)), "cse-in/Cae/c=2000 /b/x=2000");
    call = mln_inproc_prepare(look.p, "{\"op\":2,\"to\":\"cse-in/Cae/h/fopt\",\"fr\":\"Cae\"}");
    mln_inproc_start(look.p, call);
    mln_inproc_advance(look.p, 30 * S);
    mln_inproc_settle(look.p);
    assert_int_equal(mln_inproc_answer_of(call)->rsc, MLN_RSC_GROUP_MEMBERS_NOT_RESPONDED);
}

/* ---- bounds ---- */

/* A RETRIEVE has no answer that is too large; what was done is told without its content. */
static void too_large_an_answer(void **state)
{
    (void)state;
    make_group("g", "'/a/11111111111111111111111111111111','/b/2222222222222222222222222222222'");
    look.p->limits.response_bytes = 240;
    assert_int_equal(retrieve("g", "")->rsc, MLN_RSC_BAD_REQUEST);
    assert_string_equal(summary(create("g")), "/a/11111111111111111111111111111111=2001 "
                                              "/b/2222222222222222222222222222222=2001");
    look.p->limits.response_bytes = 16 << 20;
}

static char large[5000]; /* a content */

static struct mln_inproc_reply receive_large(void *data, const struct mln_inproc_sent *sent)
{
    struct mln_inproc_reply reply = receive(data, sent);

    reply.pc = large;
    return reply;
}

/* Answers that find no room cost no memory either, however many they are. */
static void many_answers_that_are_too_large(void **state)
{
    char members[1024];
    size_t len = 0;

    (void)state;
    (void)snprintf(large, sizeof large, "{\"m2m:uri\":\"%04096d\"}", 0);
    for (int i = 0; i < 90; i++) {
        len += (size_t)snprintf(members + len, sizeof members - len, "%s'/a/%d'", i ? "," : "", i);
    }
    make_group("g", members);
    look.p->receive = receive_large;
    look.p->limits.request_arena_bytes = 256 << 10;
    look.p->limits.response_bytes = 16 << 10;
    assert_non_null(strstr(summary(create("g")), "/a/0=2001 /a/1=2001"));
    assert_non_null(strstr(summary(create("g")), "/a/89=2001"));
    look.p->limits.response_bytes = 4096;
    assert_non_null(strstr(summary(create("g")), "/a/89=2001"));
    assert_int_equal(retrieve("g", "")->rsc, MLN_RSC_BAD_REQUEST);
}

/* What was done here stays done, and who could not be asked is named. */
static void no_place_to_wait(void **state)
{
    (void)state;
    make_group("g", "'/a/x','cse-in/Cae/c'");
    look.p->limits.parked = 0;
    assert_string_equal(summary(create("g")), "/a/x=5000 cse-in/Cae/c=2001");
    assert_null(look.p->sent);
    look.p->limits.parked = 100;
    look.p->limits.transits = 0;
    assert_string_equal(summary(create("g")), "/a/x=2001 cse-in/Cae/c=2001");
}

static void only_so_many_wait_for_one(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    make_group("g", "'/a/silent','/a/silent2','/a/x','/b/x'");
    look.p->limits.transits = 2;
    call = mln_inproc_prepare(look.p, "{\"op\":2,\"to\":\"cse-in/Cae/g/fopt\",\"fr\":\"Cae\"}");
    mln_inproc_start(look.p, call);
    mln_inproc_settle(look.p);
    mln_inproc_advance(look.p, 30 * S);
    mln_inproc_settle(look.p);
    assert_string_equal(summary(mln_inproc_answer_of(call)), "/a/x=5103 /b/x=2000");
}

/* ---- what fails ---- */

#ifdef MLN_TORTURE
/* Whatever fails, the request is answered, and the store is whole. */
static void disturb(void (*fail_at)(unsigned long n), unsigned long (*count)(void),
                    const char *json)
{
    for (unsigned long n = 1;; n++) {
        struct mln_inproc_call *call = mln_inproc_prepare(look.p, json);
        bool is_over;

        fail_at(n);
        mln_inproc_start(look.p, call);
        mln_inproc_settle(look.p);
        is_over = count() < n;
        fail_at(0);
        mln_inproc_settle(look.p);
        assert_true(mln_inproc_answer_of(call)->is_there);
        assert_int_equal(mln_inproc_check(look.p), 0);
        mln_inproc_forget(look.p);
        if (is_over) {
            return;
        }
    }
}

static void each_call_fails(void **state)
{
    static const char *const requests[] = {
        "{\"op\":1,\"to\":\"cse-in/Cae/g/fopt\",\"fr\":\"Cae\",\"ty\":4,"
        "\"pc\":{\"m2m:cin\":{\"con\":\"x\"}}}",
        "{\"op\":4,\"to\":\"cse-in/Cae/g/fopt\",\"fr\":\"Cae\"}",
        "{\"op\":1,\"to\":\"cse-in/Cae\",\"fr\":\"Cae\",\"ty\":9,"
        "\"pc\":{\"m2m:grp\":{\"mnm\":9,\"mt\":3,\"csy\":3,\"mid\":[\"/a/x\",\"/b/x/la\"]}}}",
    };

    (void)state;
    make_group("in", "'/a/y','/b/y'");
    make_group("g", "'/a/x/fopt','cse-in/Cae/c','cse-in/Cae/in/fopt','/b/x'");
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        disturb(mln_mem_fail_at, mln_mem_count, requests[i]);
        disturb(mln_store_fail_at, mln_store_count, requests[i]);
    }
}
#endif

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_in_its_place),         T(a_sub_group_that_fails),
        T(what_stands_behind),        T(who_is_silent),
        T(too_large_an_answer),       T(no_place_to_wait),
        T(only_so_many_wait_for_one), T(many_answers_that_are_too_large),
#ifdef MLN_TORTURE
        T(each_call_fails),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
