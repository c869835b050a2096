/* Tests of polls that take several requests: what the clock decides, and limits.
 * docs/decisions/0046-aggregated-polls.md */
#include "cse/notify/together.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cse/look_test.h"

static const int64_t S = 1000000;

static struct mln_look look;

/* An AE that nobody can reach, its channel, and a container that it watches. */
static void start(uint64_t poll_requests)
{
    struct mln_limits limits;
    struct mln_inproc_options o = { .limits = &limits };

    mln_limits_default(&limits);
    limits.poll_requests = poll_requests;
    mln_look_open(&look, &o);
    mln_look_register(&look, "Ca");
    mln_look_make(&look, "Ca", "cse-in/Ca", MLN_TY_PCH, "{'m2m:pch':{'rn':'p','rqag':true}}");
    mln_look_make(&look, "Ca", "cse-in/Ca", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c'}}");
}

static int stop(void **state)
{
    (void)state;
    return mln_look_end(&look);
}

static void subscribe(const char *name)
{
    char pc[200];

    (void)snprintf(pc, sizeof pc,
                   "{'m2m:sub':{'rn':'%s','nu':['/id-in/Ca'],'enc':{'net':[3],'chty':[4]}}}", name);
    mln_look_make(&look, "Ca", "cse-in/Ca/c", MLN_TY_SUB, pc);
}

static void happen(const char *content)
{
    char pc[100];

    (void)snprintf(pc, sizeof pc, "{'m2m:cin':{'con':'%s'}}", content);
    mln_look_make(&look, "Ca", "cse-in/Ca/c", MLN_TY_CIN, pc);
}

static struct mln_inproc_call *poll(void)
{
    return mln_look_start(&look, "{'op':2,'to':'cse-in/Ca/p/pcu','fr':'Ca'}");
}

static const struct mln_value *requests_of(struct mln_inproc_call *call)
{
    const struct mln_inproc_answer *a = mln_inproc_answer_of(call);

    assert_true(a->is_there);
    assert_int_equal(a->rsc, MLN_RSC_OK);
    return mln_value_get(mln_value_get(a->value, MLN_S("m2m:agrp")), MLN_S("m2m:rqp"));
}

static const struct mln_value *inside(const struct mln_value *v, const char *const *names)
{
    for (; *names; names++) {
        v = mln_value_get(v, mln_slice_of(*names, strlen(*names)));
    }
    return v;
}

/* The contents of the instances in the requests of an answer, one after the other. */
static void assert_brings(struct mln_inproc_call *call, const char *want)
{
    static const char *const way[] = { "pc", "m2m:sgn", "nev", "rep", "m2m:cin", "con", NULL };
    const struct mln_value *requests = requests_of(call);
    char got[200] = "";

    assert_non_null(requests);
    for (const struct mln_value *v = requests->items.first; v; v = v->next) {
        size_t len = strlen(got);

        (void)snprintf(got + len, sizeof got - len, "%s%.*s", len ? " " : "",
                       MLN_S_ARG(inside(v, way)->text));
    }
    assert_string_equal(got, want);
}

/* Responds to the request at that place, from 0 on. */
static void respond(struct mln_inproc_call *call, int place, int rsc)
{
    const struct mln_value *v = requests_of(call)->items.first;

    for (; place > 0; place--) {
        v = v->next;
    }
    assert_int_equal(mln_look_ask(&look,
                                  "{'op':5,'to':'cse-in/Ca/p/pcu','fr':'Ca',"
                                  "'pc':{'m2m:rsp':{'rqi':'%.*s','rvi':'3','rsc':%d}}}",
                                  MLN_S_ARG(mln_value_get(v, MLN_S("rqi"))->text), rsc)
                         ->rsc,
                     MLN_RSC_OK);
}

static bool outbox_is_empty(void)
{
    struct mln_lane lane;

    return mln_outbox_next_lane(mln_look_anew(&look), NULL, &lane).code == MLN_ERR_NOT_FOUND;
}

static void a_poll_takes_what_waits_in_order(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    start(20);
    subscribe("s");
    happen("x1");
    happen("x2");
    happen("x3");
    call = poll();
    assert_brings(call, "x1 x2 x3");
    assert_false(mln_inproc_answer_of(poll())->is_there);
    for (int i = 2; i >= 0; i--) {
        assert_false(outbox_is_empty());
        respond(call, i, 2000);
    }
    assert_true(outbox_is_empty());
}

static void lanes_come_together(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    start(20);
    subscribe("s1");
    subscribe("s2");
    happen("x1");
    happen("x2");
    call = poll();
    assert_brings(call, "x1 x2 x1 x2");
    for (int i = 0; i < 4; i++) {
        respond(call, i, 2000);
    }
    assert_true(outbox_is_empty());
}

static void what_happens_while_one_polls_comes_alone(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    start(20);
    subscribe("s");
    call = poll();
    happen("x1");
    happen("x2");
    assert_brings(call, "x1");
    respond(call, 0, 2000);
    call = poll();
    assert_brings(call, "x2");
}

static void no_more_than_the_limit(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    start(2);
    subscribe("s1");
    subscribe("s2");
    happen("x1");
    happen("x2");
    happen("x3");
    call = poll();
    assert_brings(call, "x1 x2");
    call = poll();
    assert_brings(call, "x1 x2"); /* of the other subscription */
    respond(call, 0, 2000);
    respond(call, 1, 2000);
    assert_brings(poll(), "x3");
}

/* What does not fit waits for the next poll, in its order. */
static void no_more_bytes_than_an_answer_holds(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    start(20);
    subscribe("s");
    happen("x1");
    happen("x2");
    happen("x3");
    happen("x4");
    look.p->limits.response_bytes = 700;
    assert_brings(poll(), "x1 x2");
    call = poll();
    assert_brings(call, "x3");
    respond(call, 0, 2000);
    look.p->limits.response_bytes = 1 << 20;
    mln_inproc_advance(look.p, 6 * S); /* notify_ms */
    assert_brings(poll(), "x1 x2 x4");
}

/* Only those without a response come again. */
static void what_is_not_responded_to_comes_again(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    start(20);
    subscribe("s");
    happen("x1");
    happen("x2");
    happen("x3");
    happen("x4");
    call = poll();
    respond(call, 1, 2000);
    respond(call, 3, 4000);
    mln_inproc_advance(look.p, 6 * S); /* notify_ms */
    call = poll();
    assert_brings(call, "x1 x3");
    respond(call, 0, 2000);
    respond(call, 1, 2000);
    assert_true(outbox_is_empty());
}

static void a_refusal_for_now_pauses(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    start(20);
    subscribe("s");
    happen("x1");
    happen("x2");
    call = poll();
    respond(call, 0, 5000);
    respond(call, 1, 2000);
    call = poll();
    assert_false(mln_inproc_answer_of(call)->is_there);
    mln_inproc_advance(look.p, S);
    assert_brings(call, "x1");
}

/* The connection breaks while they are on their way: the next poll gets all of them at once. */
static void what_went_to_nobody_comes_again(void **state)
{
    struct mln_inproc_call *gone;
    struct mln_inproc_call *call;

    (void)state;
    start(20);
    subscribe("s");
    happen("x1");
    happen("x2");
    happen("x3");
    gone = mln_inproc_prepare(look.p, "{\"op\":2,\"to\":\"cse-in/Ca/p/pcu\",\"fr\":\"Ca\"}");
    mln_inproc_start(look.p, gone);
    mln_inproc_abandon(gone);
    mln_inproc_settle(look.p);
    assert_brings(gone, "x1 x2 x3");
    call = poll();
    assert_brings(call, "x1 x2 x3");
    for (int i = 0; i < 3; i++) {
        respond(call, i, 2000);
    }
    assert_true(outbox_is_empty());
}

static void a_deleted_channel_leaves_them_waiting(void **state)
{
    (void)state;
    start(20);
    subscribe("s");
    happen("x1");
    happen("x2");
    assert_brings(poll(), "x1 x2");
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'cse-in/Ca/p','fr':'Ca'}")->rsc,
                     MLN_RSC_DELETED);
    mln_look_make(&look, "Ca", "cse-in/Ca", MLN_TY_PCH, "{'m2m:pch':{'rn':'p','rqag':true}}");
    mln_inproc_advance(look.p, S);
    assert_brings(poll(), "x1 x2");
}

/* The attribute counts when one polls. */
static void aggregation_can_be_switched(void **state)
{
    (void)state;
    start(20);
    subscribe("s");
    happen("x1");
    happen("x2");
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/Ca/p','fr':'Ca',"
                                         "'pc':{'m2m:pch':{'rqag':false}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    assert_null(requests_of(poll()));
}

static void the_end_of_the_server_ends_them(void **state)
{
    (void)state;
    start(20);
    subscribe("s");
    happen("x1");
    happen("x2");
    assert_brings(poll(), "x1 x2");
    mln_duties_stop(look.p->duties);
    mln_inproc_settle(look.p);
    assert_false(outbox_is_empty());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_poll_takes_what_waits_in_order, stop),
        cmocka_unit_test_teardown(lanes_come_together, stop),
        cmocka_unit_test_teardown(what_happens_while_one_polls_comes_alone, stop),
        cmocka_unit_test_teardown(no_more_than_the_limit, stop),
        cmocka_unit_test_teardown(no_more_bytes_than_an_answer_holds, stop),
        cmocka_unit_test_teardown(what_is_not_responded_to_comes_again, stop),
        cmocka_unit_test_teardown(a_refusal_for_now_pauses, stop),
        cmocka_unit_test_teardown(what_went_to_nobody_comes_again, stop),
        cmocka_unit_test_teardown(a_deleted_channel_leaves_them_waiting, stop),
        cmocka_unit_test_teardown(aggregation_can_be_switched, stop),
        cmocka_unit_test_teardown(the_end_of_the_server_ends_them, stop),
    };

    return cmocka_run_group_tests_name("cse/notify/together", tests, NULL, NULL);
}
