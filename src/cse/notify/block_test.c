/* Tests of blocking updates: who waits, in which order, and for how long. */
#include "cse/notify/block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cse/look_test.h"

static const int64_t MS = 1000;

static struct mln_look look;

static int set_up(void **state)
{
    (void)state;
    mln_look_open(&look, NULL);
    mln_look_make(&look, NULL, "cse-in", MLN_TY_ACP,
                  "{'m2m:acp':{'rn':'p','pv':{'acr':[{'acor':['all'],'acop':63}]},"
                  "'pvs':{'acr':[{'acor':['CAdmin'],'acop':63}]}}}");
    mln_look_make(&look, "Ct", "cse-in", MLN_TY_AE,
                  "{'m2m:ae':{'rn':'t','api':'Nx','rr':true,'srv':['3'],'acpi':['cse-in/p'],"
                  "'poa':['http://a']}}");
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c','acpi':['cse-in/p']}}");
    mln_look_make(&look, NULL, "cse-in/c", MLN_TY_SUB,
                  "{'m2m:sub':{'rn':'s','nu':['Ct'],'enc':{'net':[7],'atr':['lbl']}}}");
    mln_inproc_forget(look.p);
    look.p->reply.is_silent = true;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

static struct mln_inproc_call *update(const char *member)
{
    return mln_look_start(&look, "{'op':3,'to':'cse-in/c','fr':'CAdmin','pc':{'m2m:cnt':{%s}}}",
                          member);
}

static bool is_answered(struct mln_inproc_call *call)
{
    return mln_inproc_answer_of(call)->is_there;
}

static void agree(void)
{
    struct mln_inproc_reply fine = { .rsc = MLN_RSC_OK };

    assert_true(mln_inproc_reply_to_first(look.p, &fine));
}

static const char one[] = "\"lbl\":[\"1\"]";
static const char two[] = "\"lbl\":[\"2\"]";
static const char other[] = "\"mni\":7";

static void each_waits_for_those_before_it(void **state)
{
    struct mln_inproc_call *first = update(one);
    struct mln_inproc_call *second = update(two);
    struct mln_inproc_call *third = update(other);
    struct mln_inproc_call *last =
        mln_look_start(&look, "{\"op\":4,\"to\":\"cse-in/c\",\"fr\":\"CAdmin\"}");
    struct mln_inproc_call *late;

    (void)state;
    assert_int_equal(look.p->sent_count, 1);
    assert_int_equal(look.p->worker->parked, 4);
    agree();
    assert_int_equal(mln_look_answer(first), MLN_RSC_UPDATED);
    assert_int_equal(look.p->sent_count, 2);
    assert_false(is_answered(second));
    late = update(one);
    agree();
    assert_int_equal(mln_look_answer(second), MLN_RSC_UPDATED);
    assert_int_equal(mln_look_answer(third), MLN_RSC_UPDATED); /* asks for nothing */
    assert_int_equal(mln_look_answer(last), MLN_RSC_DELETED);
    assert_int_equal(mln_look_answer(late), MLN_RSC_NOT_FOUND);
    assert_int_equal(look.p->worker->parked, 0);
    assert_int_equal(look.p->sent_count, 2);
}

static void others_do_not_wait(void **state)
{
    struct mln_inproc_call *blocked = update(one);

    (void)state;
    assert_int_equal(
        mln_look_answer(mln_look_start(&look, "{\"op\":2,\"to\":\"cse-in/c\",\"fr\":\"CAdmin\"}")),
        MLN_RSC_OK);
    assert_int_equal(mln_look_answer(mln_look_start(
                         &look, "{\"op\":1,\"to\":\"cse-in/c\",\"fr\":\"CAdmin\",\"ty\":4,"
                                "\"pc\":{\"m2m:cin\":{\"con\":\"x\"}}}")),
                     MLN_RSC_CREATED);
    assert_int_equal(
        mln_look_answer(mln_look_start(&look, "{\"op\":3,\"to\":\"cse-in/t\",\"fr\":\"CAdmin\","
                                              "\"pc\":{\"m2m:ae\":{\"lbl\":[\"x\"]}}}")),
        MLN_RSC_UPDATED);
    assert_false(is_answered(blocked));
    agree();
    assert_int_equal(mln_look_answer(blocked), MLN_RSC_UPDATED);
}

static void silence_ends(void **state)
{
    struct mln_inproc_call *first = update(one);
    struct mln_inproc_call *second = update(other);

    (void)state;
    mln_inproc_advance(look.p, (int64_t)(look.p->limits.notify_ms - 1) * MS);
    assert_false(is_answered(first));
    mln_inproc_advance(look.p, 1 * MS);
    assert_int_equal(mln_look_answer(first), MLN_RSC_REMOTE_ENTITY_NOT_REACHABLE);
    assert_int_equal(mln_look_answer(second), MLN_RSC_UPDATED);
    assert_null(strstr(mln_look_ask(&look, "{'op':2,'to':'cse-in/c','fr':'CAdmin'}")->pc, "lbl"));
}

static void no_longer_than_the_request(void **state)
{
    struct mln_inproc_call *call =
        mln_look_start(&look, "{\"op\":3,\"to\":\"cse-in/c\",\"fr\":\"CAdmin\",\"rqet\":700,"
                              "\"pc\":{\"m2m:cnt\":{\"lbl\":[\"1\"]}}}");

    (void)state;
    assert_true(look.p->sent->timeout_us == 700 * MS);
    mln_inproc_advance(look.p, 700 * MS);
    assert_true(is_answered(call));
    assert_true(mln_look_answer(call) == MLN_RSC_REQUEST_TIMEOUT ||
                mln_look_answer(call) == MLN_RSC_REMOTE_ENTITY_NOT_REACHABLE);
}

static void the_subscription_may_go_meanwhile(void **state)
{
    struct mln_inproc_call *first = update(one);
    struct mln_inproc_call *second = update(two);

    (void)state;
    assert_int_equal(mln_look_answer(mln_look_start(
                         &look, "{\"op\":4,\"to\":\"cse-in/c/s\",\"fr\":\"CAdmin\"}")),
                     MLN_RSC_DELETED);
    agree();
    assert_int_equal(mln_look_answer(first), MLN_RSC_UPDATED);
    assert_int_equal(mln_look_answer(second), MLN_RSC_UPDATED);
    assert_int_equal(look.p->sent_count, 1);
}

static void those_that_wait_do_not_keep_the_server(void **state)
{
    struct mln_inproc_call *first = update(one);
    struct mln_inproc_call *second = update(two);
    struct mln_inproc_call *third = update(other);

    (void)state;
    mln_worker_stop(look.p->worker);
    assert_int_equal(mln_look_answer(second), MLN_RSC_INTERNAL_SERVER_ERROR);
    assert_int_equal(mln_look_answer(third), MLN_RSC_INTERNAL_SERVER_ERROR);
    agree();
    assert_int_equal(mln_look_answer(first), MLN_RSC_UPDATED);
    assert_int_equal(mln_look_answer(update(one)), MLN_RSC_INTERNAL_SERVER_ERROR);
    assert_int_equal(look.p->worker->parked, 0);
}

/* The name belongs to another resource when those behind come to their turn. */
static void a_resource_of_the_same_name(void **state)
{
    struct mln_inproc_call *first = update(one);
    struct mln_inproc_call *last =
        mln_look_start(&look, "{\"op\":4,\"to\":\"cse-in/c\",\"fr\":\"CAdmin\"}");
    struct mln_inproc_call *behind = update(other);

    (void)state;
    agree();
    assert_int_equal(mln_look_answer(first), MLN_RSC_UPDATED);
    assert_int_equal(mln_look_answer(last), MLN_RSC_DELETED);
    assert_int_equal(mln_look_answer(behind), MLN_RSC_NOT_FOUND);
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c'}}");
    assert_int_equal(mln_look_answer(update(one)), MLN_RSC_UPDATED);
}

static void no_more_waiting_than_the_limit(void **state)
{
    struct mln_inproc_call *first;
    struct mln_inproc_call *second;

    (void)state;
    look.p->limits.parked = 2;
    first = update(one);
    second = update(other);
    assert_int_equal(mln_look_answer(update(two)), MLN_RSC_INTERNAL_SERVER_ERROR);
    agree();
    assert_int_equal(mln_look_answer(first), MLN_RSC_UPDATED);
    assert_int_equal(mln_look_answer(second), MLN_RSC_UPDATED);
    assert_int_equal(look.p->worker->parked, 0);
}

/* Others have places, too. */
static void no_more_waiting_for_one_resource(void **state)
{
    struct mln_inproc_call *first;
    struct mln_inproc_call *second;

    (void)state;
    look.p->limits.transits = 2;
    first = update(one);
    second = update(other);
    assert_int_equal(mln_look_answer(update(two)), MLN_RSC_INTERNAL_SERVER_ERROR);
    assert_int_equal(look.p->worker->parked, 2);
    agree();
    assert_int_equal(mln_look_answer(first), MLN_RSC_UPDATED);
    assert_int_equal(mln_look_answer(second), MLN_RSC_UPDATED);
    assert_null(look.p->worker->ways);
    (void)update(one);
    (void)update(two);
    assert_int_equal(mln_look_answer(update(other)), MLN_RSC_INTERNAL_SERVER_ERROR);
    mln_inproc_advance(look.p, (int64_t)look.p->limits.notify_ms * 2 * MS);
    mln_inproc_advance(look.p, (int64_t)look.p->limits.notify_ms * MS);
    assert_null(look.p->worker->ways);
}

static void a_member_of_a_group_cannot_wait(void **state)
{
    const struct mln_inproc_answer *a;

    (void)state;
    mln_look_make(&look, NULL, "cse-in", MLN_TY_GRP,
                  "{'m2m:grp':{'rn':'g','mnm':5,'mid':['cse-in/c']}}");
    a = mln_look_ask(&look, "{'op':3,'to':'cse-in/g/fopt','fr':'CAdmin',"
                            "'pc':{'m2m:cnt':{'lbl':['1']}}}");
    assert_non_null(strstr(a->pc, "5001"));
    a = mln_look_ask(&look, "{'op':3,'to':'cse-in/g/fopt','fr':'CAdmin',"
                            "'pc':{'m2m:cnt':{'mni':9}}}");
    assert_non_null(strstr(a->pc, "2004"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_waits_for_those_before_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(others_do_not_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_longer_than_the_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_subscription_may_go_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(those_that_wait_do_not_keep_the_server, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_resource_of_the_same_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_more_waiting_than_the_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_more_waiting_for_one_resource, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_member_of_a_group_cannot_wait, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
