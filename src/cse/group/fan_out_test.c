/* Tests of fan-out: what has no carrier in HTTP, what needs a store that fails, and sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cse/look_test.h"
#include "store/torture.h"

static struct mln_look look;
static struct mln_limits limits;

static int set_up(void **state)
{
    struct mln_inproc_options options = { .limits = &limits, .has_no_duties = true };

    (void)state;
    mln_limits_default(&limits);
    limits.group_depth = 3;
    mln_look_open(&look, &options);
    mln_look_register(&look, "Cae");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(mln_inproc_check(look.p), 0);
    mln_look_close(&look);
    return 0;
}

static void make_containers(int count)
{
    for (int i = 0; i < count; i++) {
        char pc[64];

        (void)snprintf(pc, sizeof pc, "{'m2m:cnt':{'rn':'c%d'}}", i);
        mln_look_make(&look, "Cae", "cse-in/Cae", 3, pc);
    }
}

static void make_group(const char *name, const char *members)
{
    char pc[1024];

    (void)snprintf(pc, sizeof pc, "{'m2m:grp':{'rn':'%s','mnm':99,'mid':[%s]}}", name, members);
    mln_look_make(&look, "Cae", "cse-in/Cae", 9, pc);
}

/* Walks over the members' answers. */
static const struct mln_value *answers_of(const struct mln_inproc_answer *answer)
{
    assert_int_equal(answer->rsc, MLN_RSC_OK);
    return mln_value_get(mln_value_get(answer->value, MLN_S("m2m:agr")), MLN_S("m2m:rsp"));
}

/* "fr=rsc" of each, sub-groups in brackets, with blanks between. */
static size_t write_answers(const struct mln_value *rsp, char *text, size_t size)
{
    size_t len = 0;

    for (const struct mln_value *v = rsp->items.first; v; v = v->next) {
        const struct mln_value *inner = mln_value_get(
            mln_value_get(mln_value_get(v, MLN_S("pc")), MLN_S("m2m:agr")), MLN_S("m2m:rsp"));
        struct mln_slice fr = mln_value_get(v, MLN_S("fr"))->text;
        uint64_t rsc = 0;

        assert_true(mln_value_u64(mln_value_get(v, MLN_S("rsc")), &rsc));
        len += (size_t)snprintf(text + len, size - len, "%s%.*s=%llu", len ? " " : "",
                                MLN_S_ARG(fr), (unsigned long long)rsc);
        if (inner) {
            len += (size_t)snprintf(text + len, size - len, "[");
            len += write_answers(inner, text + len, size - len);
            len += (size_t)snprintf(text + len, size - len, "]");
        }
        assert_true(len < size);
    }
    return len;
}

static const char *summary(const struct mln_inproc_answer *answer)
{
    static char text[4096];

    text[write_answers(answers_of(answer), text, sizeof text)] = '\0';
    return text;
}

static const struct mln_inproc_answer *retrieve(const char *to, const char *grtm)
{
    return mln_look_ask(&look, "{'op':2,'to':'%s','fr':'Cae','grtm':[%s]}", to, grtm);
}

/* ---- Group Request Target Members ---- */

/* spec: TS-0004 7.4.14.2.4: only the members that the request names */
static void target_members(void **state)
{
    const struct mln_inproc_answer *answer;

    (void)state;
    make_containers(3);
    make_group("g", "'cse-in/Cae/c0','cse-in/Cae/c1','-/Cae/c2'");
    assert_string_equal(summary(retrieve("cse-in/Cae/g/fopt", "'cse-in/Cae/c1'")),
                        "cse-in/Cae/c1=2000");
    assert_string_equal(summary(retrieve("cse-in/Cae/g/fopt", "'-/Cae/c2','cse-in/Cae/c0'")),
                        "cse-in/Cae/c0=2000 -/Cae/c2=2000");
    assert_string_equal(summary(retrieve("cse-in/Cae/g/fopt/la", "'cse-in/Cae/c0'")),
                        "cse-in/Cae/c0=4004");
    answer = retrieve("cse-in/Cae/g/fopt", "'cse-in/Cae/c0','cse-in/Cae/c2'");
    assert_int_equal(answer->rsc, MLN_RSC_BAD_REQUEST);
    assert_non_null(strstr(answer->fault, "cse-in/Cae/c2"));
    assert_int_equal(retrieve("cse-in/Cae/g/fopt", "'cse-in/Cae'")->rsc, MLN_RSC_BAD_REQUEST);
    assert_int_equal(mln_look_ask(&look,
                                  "{'op':1,'to':'cse-in/Cae/g/fopt','fr':'Cae','ty':4,"
                                  "'grtm':['cse-in/Cae/c0','x'],'pc':{'m2m:cin':{'con':'x'}}}")
                         ->rsc,
                     MLN_RSC_BAD_REQUEST);
    assert_int_equal(retrieve("cse-in/Cae/c0/la", "'x'")->rsc, MLN_RSC_NOT_FOUND);
}

/* spec: TS-0004 7.4.14.2.4: or of any of its sub-groups */
static void target_members_in_sub_groups(void **state)
{
    (void)state;
    make_containers(4);
    make_group("in", "'cse-in/Cae/c1','cse-in/Cae/c2'");
    make_group("mid", "'cse-in/Cae/in/fopt','cse-in/Cae/c3'");
    make_group("out", "'cse-in/Cae/c0','cse-in/Cae/mid/fopt','cse-in/Cae/in'");
    assert_string_equal(summary(retrieve("cse-in/Cae/out/fopt", "'cse-in/Cae/c2'")),
                        "cse-in/Cae/mid/fopt=2000[cse-in/Cae/in/fopt=2000[cse-in/Cae/c2=2000]]");
    assert_string_equal(summary(retrieve("cse-in/Cae/out/fopt", "'cse-in/Cae/c3','cse-in/Cae/c0'")),
                        "cse-in/Cae/c0=2000 cse-in/Cae/mid/fopt=2000[cse-in/Cae/c3=2000]");
    assert_string_equal(summary(retrieve("cse-in/Cae/out/fopt", "'cse-in/Cae/in/fopt'")),
                        "cse-in/Cae/mid/fopt=2000[cse-in/Cae/in/fopt=2000[cse-in/Cae/c1=2000 "
                        "cse-in/Cae/c2=2000]]");
    assert_string_equal(summary(retrieve("cse-in/Cae/out/fopt", "'cse-in/Cae/in'")),
                        "cse-in/Cae/in=2000");
    assert_int_equal(retrieve("cse-in/Cae/out/fopt", "'cse-in/Cae/mid'")->rsc, MLN_RSC_BAD_REQUEST);
}

/* Only those that were asked leave the group. */
static void deletion_of_target_members(void **state)
{
    (void)state;
    make_containers(3);
    make_group("g", "'cse-in/Cae/c0','cse-in/Cae/c1','cse-in/Cae/c2'");
    assert_string_equal(summary(mln_look_ask(&look, "{'op':4,'to':'cse-in/Cae/g/fopt','fr':'Cae',"
                                                    "'grtm':['cse-in/Cae/c1']}")),
                        "cse-in/Cae/c1=2002");
    assert_string_equal(
        summary(mln_look_ask(&look, "{'op':2,'to':'cse-in/Cae/g/fopt','fr':'Cae'}")),
        "cse-in/Cae/c0=2000 cse-in/Cae/c2=2000");
}

/* ---- depth ---- */

/* A branch that is too deep does not make its neighbours too deep. */
static void depth_counts_for_each_branch(void **state)
{
    (void)state;
    make_containers(1);
    make_group("g1", "'cse-in/Cae/c0'");
    make_group("g2", "'cse-in/Cae/g1/fopt'");
    make_group("g3", "'cse-in/Cae/g2/fopt'");
    make_group("h1", "'cse-in/Cae'");
    make_group("h2", "'cse-in/Cae/h1/fopt'");
    make_group("top", "'cse-in/Cae/g3/fopt','cse-in/Cae/h2/fopt'");
    assert_string_equal(
        summary(mln_look_ask(&look, "{'op':2,'to':'cse-in/Cae/top/fopt','fr':'Cae'}")),
        "cse-in/Cae/g3/fopt=2000[cse-in/Cae/g2/fopt=2000["
        "cse-in/Cae/g1/fopt=4000]] "
        "cse-in/Cae/h2/fopt=2000[cse-in/Cae/h1/fopt=2000[cse-in/Cae=2000]]");
}

/* ---- sizes ---- */

/* As many members as a group may have, with a policy each that has many rules: the memory of one
 * request does not grow with them. */
static void the_largest_group(void **state)
{
    enum { MEMBERS = 10000, ROOM = 1 << 18 };
    char *pc = malloc(ROOM);
    int len = snprintf(pc, ROOM, "[");
    const struct mln_inproc_answer *answer;
    const struct mln_value *rsp;

    (void)state;
    assert_non_null(pc);
    for (int i = 0; i < 500; i++) {
        len += snprintf(pc + len, (size_t)(ROOM - len), "{'acor':['Cx%d'],'acop':63},", i);
    }
    (void)snprintf(pc + len, (size_t)(ROOM - len), "{'acor':['Cae'],'acop':63}]");
    mln_look_policy(&look, "p", pc);
    for (int i = 0; i < MEMBERS; i++) {
        (void)snprintf(pc, ROOM, "{'m2m:cnt':{'rn':'c%d','acpi':['cse-in/p']}}", i);
        mln_look_make(&look, "Cae", "cse-in/Cae", 3, pc);
        mln_inproc_forget(look.p);
    }
    len = snprintf(pc, ROOM, "{'m2m:grp':{'rn':'g','mt':3,'mnm':%d,'mid':[", MEMBERS);
    for (int i = 0; i < MEMBERS; i++) {
        len += snprintf(pc + len, (size_t)(ROOM - len), "%s'Cae/c%d'", i ? "," : "", i);
    }
    (void)snprintf(pc + len, (size_t)(ROOM - len), "]}}");
    mln_look_make(&look, "Cae", "cse-in/Cae", 9, pc);
    free(pc);
    answer = mln_look_ask(&look, "{'op':1,'to':'cse-in/Cae/g/fopt','fr':'Cae','ty':4,"
                                 "'pc':{'m2m:cin':{'con':'x'}}}");
    rsp = answers_of(answer);
    assert_int_equal(rsp->items.count, MEMBERS);
    for (const struct mln_value *v = rsp->items.first; v; v = v->next) {
        assert_int_equal(mln_value_get(v, MLN_S("rsc"))->magnitude, MLN_RSC_CREATED);
    }
    answer = mln_look_ask(&look, "{'op':2,'to':'cse-in/Cae/g/fopt/la','fr':'Cae'}");
    assert_int_equal(answers_of(answer)->items.count, MEMBERS);
    answer = mln_look_ask(&look, "{'op':4,'to':'cse-in/Cae/g/fopt','fr':'Cae'}");
    assert_int_equal(answers_of(answer)->items.count, MEMBERS);
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in/Cae/g/fopt','fr':'Cae'}")->rsc,
                     MLN_RSC_NO_MEMBERS);
}

/* An answer that would be too large is refused, and nothing was done. */
static void too_large_an_answer_changes_nothing(void **state)
{
    (void)state;
    make_containers(20);
    make_group("g", "'Cae/c0','Cae/c1','Cae/c2','Cae/c3','Cae/c4','Cae/c5','Cae/c6','Cae/c7',"
                    "'Cae/c8','Cae/c9','Cae/c10','Cae/c11','Cae/c12','Cae/c13','Cae/c14'");
    make_group("out", "'cse-in/Cae/g/fopt'");
    look.p->limits.response_bytes = 2000;
    assert_int_equal(mln_look_ask(&look, "{'op':1,'to':'cse-in/Cae/g/fopt','fr':'Cae','ty':4,"
                                         "'pc':{'m2m:cin':{'rn':'i','con':'x'}}}")
                         ->rsc,
                     MLN_RSC_BAD_REQUEST);
    /* nor when it is a sub-group's */
    assert_int_equal(mln_look_ask(&look, "{'op':1,'to':'cse-in/Cae/out/fopt','fr':'Cae','ty':4,"
                                         "'pc':{'m2m:cin':{'rn':'i','con':'x'}}}")
                         ->rsc,
                     MLN_RSC_BAD_REQUEST);
    look.p->limits.response_bytes = limits.response_bytes;
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in/Cae/c0/i','fr':'Cae'}")->rsc,
                     MLN_RSC_NOT_FOUND);
}

/* ---- all or nothing ---- */

/* Everything there is, as one text. */
static const char *whole_tree(void)
{
    const struct mln_inproc_answer *answer =
        mln_look_ask(&look, "{'op':2,'to':'cse-in','fr':'CAdmin','rcn':4}");
    const char *copy;

    assert_int_equal(answer->rsc, MLN_RSC_OK);
    copy = mln_arena_zdup(look.arena, mln_slice_z(answer->pc));
    assert_non_null(copy);
    return copy;
}

static void make_scene(void)
{
    make_containers(4);
    make_group("in", "'cse-in/Cae/c2','cse-in/Cae/c3'");
    make_group("g", "'cse-in/Cae/c0','cse-in/Cae/c1','cse-in/Cae/in/fopt'");
    mln_look_make(&look, "Cae", "cse-in/Cae/c0", 23,
                  "{'m2m:sub':{'rn':'s','nu':['Cae'],'enc':{'net':[1,2,3,4]}}}");
}

#ifdef MLN_TORTURE

/* A kind of call that can be made to fail. */
struct torture {
    void (*fail_at)(unsigned long n);
    unsigned long (*count)(void);
};

static const struct torture of_store = { mln_store_fail_at, mln_store_count };
static const struct torture of_memory = { mln_mem_fail_at, mln_mem_count };

static const char *const requests[] = {
    "{\"op\":1,\"to\":\"cse-in/Cae/g/fopt\",\"fr\":\"Cae\",\"ty\":4,"
    "\"pc\":{\"m2m:cin\":{\"con\":\"x\"}}}",
    "{\"op\":1,\"to\":\"cse-in/Cae/g/fopt\",\"fr\":\"Cae\",\"ty\":23,"
    "\"pc\":{\"m2m:sub\":{\"rn\":\"t\",\"nu\":[\"http://target/\"]}}}",
    "{\"op\":3,\"to\":\"cse-in/Cae/g/fopt\",\"fr\":\"Cae\","
    "\"pc\":{\"m2m:cnt\":{\"lbl\":[\"x\"]}}}",
    "{\"op\":2,\"to\":\"cse-in/Cae/g/fopt\",\"fr\":\"Cae\"}",
    "{\"op\":4,\"to\":\"cse-in/Cae/g/fopt\",\"fr\":\"Cae\"}",
};

/* One request whose n-th call fails. True: no call was left to fail. */
static bool disturb(const char *json, const struct torture *torture, unsigned long n)
{
    const char *before = whole_tree();
    struct mln_inproc_call *call = mln_inproc_prepare(look.p, json);
    const struct mln_inproc_answer *answer;
    bool is_whole;

    torture->fail_at(n);
    mln_inproc_start(look.p, call);
    mln_inproc_settle(look.p);
    is_whole = torture->count() < n;
    torture->fail_at(0);
    answer = mln_inproc_answer_of(call);
    assert_true(answer->is_there);
    if (answer->rsc == MLN_RSC_OK) {
        assert_null(strstr(answer->pc, "\"rsc\":4"));
        assert_null(strstr(answer->pc, "\"rsc\":5"));
    } else {
        assert_int_equal(answer->rsc, MLN_RSC_INTERNAL_SERVER_ERROR);
        assert_string_equal(whole_tree(), before);
    }
    assert_int_equal(mln_inproc_check(look.p), 0);
    mln_inproc_forget(look.p);
    return is_whole;
}

/* A failure anywhere, at any member: the request fails as a whole and leaves nothing. */
static void check_all_or_nothing(const struct torture *torture)
{
    enum { MOST = 5000 };

    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        unsigned long n = 0;

        do {
            assert_true(++n < MOST);
            mln_look_close(&look);
            (void)set_up(NULL);
            make_scene();
        } while (!disturb(requests[i], torture, n));
        assert_true(n > 2); /* something was there to fail */
    }
}

static void a_store_that_fails(void **state)
{
    (void)state;
    check_all_or_nothing(&of_store);
}

static void memory_that_fails(void **state)
{
    (void)state;
    check_all_or_nothing(&of_memory);
}

#endif

/* Without failures the scene does what its requests say. */
static void the_scene_works(void **state)
{
    (void)state;
    make_scene();
    assert_string_equal(summary(mln_look_ask(&look, "{'op':1,'to':'cse-in/Cae/g/fopt','fr':'Cae',"
                                                    "'ty':4,'pc':{'m2m:cin':{'con':'x'}}}")),
                        "cse-in/Cae/c0=2001 cse-in/Cae/c1=2001 cse-in/Cae/in/fopt=2000["
                        "cse-in/Cae/c2=2001 cse-in/Cae/c3=2001]");
    assert_non_null(strstr(whole_tree(), "m2m:cin"));
}

/* A second passes whenever somebody looks at the clock. */
static int64_t ticking(void *data)
{
    struct mln_inproc *p = data;

    p->now_us += 1000000;
    return p->now_us;
}

static const struct mln_inproc_answer *ask_within(int seconds)
{
    return mln_look_ask(
        &look,
        "{'op':3,'to':'cse-in/Cae/late/fopt','fr':'Cae','rset':'%d','pc':{'m2m:cnt':{"
        "'lbl':['t%d']}}}",
        seconds * 1000, seconds);
}

/* spec: TS-0004 7.4.14.2.5 */
static void members_answer_before_the_result_expires(void **state)
{
    enum { MEMBERS = 20 };
    const struct mln_inproc_answer *a;
    int64_t (*usual)(void *data) = look.p->env.now_us;
    char members[MEMBERS * 20] = "";
    int seconds = 0;

    (void)state;
    make_containers(MEMBERS);
    for (int i = 0; i < MEMBERS; i++) {
        size_t len = strlen(members);

        (void)snprintf(members + len, sizeof members - len, "%s'cse-in/Cae/c%d'", i ? "," : "", i);
    }
    make_group("late", members);
    look.p->env.now_us = ticking;
    do {
        a = ask_within(++seconds);
    } while (a->rsc == MLN_RSC_REQUEST_TIMEOUT);
    assert_int_equal(a->rsc, MLN_RSC_GROUP_MEMBERS_NOT_RESPONDED);
    seconds += 30; /* enough for the first member, but not for all */
    a = ask_within(seconds);
    assert_in_range(answers_of(a)->items.count, 1, MEMBERS - 1);
    look.p->env.now_us = usual;
    a = mln_look_ask(&look, "{'op':2,'to':'cse-in/Cae','fr':'Cae','fc':{'fu':1,'lbl':['t%d']}}",
                     seconds);
    assert_non_null(strstr(a->pc, "cse-in/Cae/c0\""));
    assert_null(strstr(a->pc, "cse-in/Cae/c19\""));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(target_members),
        T(target_members_in_sub_groups),
        T(deletion_of_target_members),
        T(depth_counts_for_each_branch),
        T(the_largest_group),
        T(too_large_an_answer_changes_nothing),
        T(members_answer_before_the_result_expires),
        T(the_scene_works),
#ifdef MLN_TORTURE
        T(a_store_that_fails),
        T(memory_that_fails),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
