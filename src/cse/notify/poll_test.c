/* Tests of long polling: what the clock decides, and what only the inside can see. */
#include "cse/notify/duties_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cse/look_test.h"

static const int64_t S = 1000000;

static struct mln_look look;

/* Two AEs that nobody can reach, each with a polling channel, and a container that one watches. */
static void start(const struct mln_limits *limits)
{
    struct mln_inproc_options o = { .limits = limits };

    mln_look_open(&look, &o);
    mln_look_register(&look, "Ca");
    mln_look_register(&look, "Cb");
    mln_look_make(&look, "Ca", "cse-in/Ca", MLN_TY_PCH, "{'m2m:pch':{'rn':'p'}}");
    mln_look_make(&look, "Cb", "cse-in/Cb", MLN_TY_PCH, "{'m2m:pch':{'rn':'p'}}");
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

/* A request under way. */
static struct mln_inproc_call *begin(const char *json)
{
    return mln_look_start(&look, "%s", json);
}

static struct mln_inproc_call *poll_as(const char *stem)
{
    char json[200];

    (void)snprintf(json, sizeof json, "{'op':2,'to':'cse-in/%s/p/pcu','fr':'%s'}", stem, stem);
    return begin(json);
}

static struct mln_inproc_call *notify(const char *more)
{
    char json[300];

    (void)snprintf(json, sizeof json,
                   "{'op':5,'to':'cse-in/Ca','fr':'CAdmin',%s'pc':{'m2m:seci':{'sit':2}}}", more);
    return begin(json);
}

static bool is_there(struct mln_inproc_call *call)
{
    return mln_inproc_answer_of(call)->is_there;
}

/* The request that a poll has got. */
static const struct mln_value *request_of(struct mln_inproc_call *call)
{
    const struct mln_inproc_answer *a = mln_inproc_answer_of(call);

    assert_true(a->is_there);
    assert_int_equal(a->rsc, MLN_RSC_OK);
    return mln_value_get(a->value, MLN_S("m2m:rqp"));
}

static const char *rqi_of(struct mln_inproc_call *call)
{
    static char text[64];
    struct mln_slice rqi = mln_value_get(request_of(call), MLN_S("rqi"))->text;

    (void)snprintf(text, sizeof text, "%.*s", MLN_S_ARG(rqi));
    return text;
}

static bool has(struct mln_inproc_call *call, const char *text)
{
    return strstr(mln_inproc_answer_of(call)->pc, text) != NULL;
}

static enum mln_rsc respond(const char *stem, const char *rqi, const char *more)
{
    return mln_look_ask(&look,
                        "{'op':5,'to':'cse-in/%s/p/pcu','fr':'%s',"
                        "'pc':{'m2m:rsp':{'rqi':'%s','rvi':'3',%s}}}",
                        stem, stem, rqi, more)
        ->rsc;
}

static struct mln_duties_stats stats(void)
{
    struct mln_duties_stats s;

    mln_duties_stats(look.p->duties, &s);
    return s;
}

static bool outbox_is_empty(void)
{
    struct mln_lane lane;

    return mln_outbox_next_lane(mln_look_anew(&look), NULL, &lane).code == MLN_ERR_NOT_FOUND;
}

/* ---- notifications ---- */

static void a_poll_that_waits_gets_the_notification(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    start(NULL);
    subscribe("s");
    call = poll_as("Ca");
    assert_false(is_there(call));
    happen("x1");
    assert_true(has(call, "x1"));
    assert_true(has(call, "\"op\":5"));
    assert_true(has(call, "\"to\":\"cse-in/Ca\""));
    assert_true(has(call, "\"fr\":\"/id-in\""));
    assert_false(outbox_is_empty());
    assert_int_equal(respond("Ca", rqi_of(call), "'rsc':2000"), MLN_RSC_OK);
    assert_int_equal(stats().delivered, 1);
    assert_true(outbox_is_empty());
    assert_int_equal(look.p->sent_count, 0);
}

static void what_happened_before_waits_for_the_poll_in_order(void **state)
{
    (void)state;
    start(NULL);
    subscribe("s");
    happen("x1");
    happen("x2");
    for (int i = 1; i <= 2; i++) {
        struct mln_inproc_call *call = poll_as("Ca");

        assert_true(has(call, i == 1 ? "x1" : "x2"));
        assert_int_equal(respond("Ca", rqi_of(call), "'rsc':2000"), MLN_RSC_OK);
    }
    assert_true(outbox_is_empty());
    assert_false(is_there(poll_as("Ca")));
    assert_int_equal(stats().retried, 0);
}

/* Each poll takes one of what waits for several subscriptions; the others still wait. */
static void a_poll_takes_one_of_many(void **state)
{
    struct mln_inproc_call *calls[3];

    (void)state;
    start(NULL);
    subscribe("s1");
    subscribe("s2");
    subscribe("s3");
    happen("x");
    for (size_t i = 0; i < 3; i++) {
        calls[i] = poll_as("Ca");
        assert_true(has(calls[i], "\"m2m:rqp\""));
    }
    assert_false(is_there(poll_as("Ca")));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(respond("Ca", rqi_of(calls[2 - i]), "'rsc':2000"), MLN_RSC_OK);
    }
    assert_true(outbox_is_empty());
}

static void without_a_response_it_comes_again(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    start(NULL);
    subscribe("s");
    happen("x1");
    for (int i = 0; i < 3; i++) { /* without a pause: a poll is a sign of life */
        call = poll_as("Ca");
        assert_true(has(call, "x1"));
        mln_inproc_advance(look.p, 5 * S + 1000); /* notify_ms */
        assert_int_equal(respond("Ca", rqi_of(call), "'rsc':2000"), MLN_RSC_BAD_REQUEST);
    }
    call = poll_as("Ca");
    assert_true(has(call, "x1"));
    assert_int_equal(respond("Ca", rqi_of(call), "'rsc':2000"), MLN_RSC_OK);
    assert_true(outbox_is_empty());
}

static void what_nobody_polls_gets_too_old(void **state)
{
    (void)state;
    start(NULL);
    subscribe("s");
    happen("x1");
    mln_inproc_advance(look.p, 3700 * S);
    assert_true(outbox_is_empty());
    assert_int_equal(stats().dropped, 1);
}

static void the_channel_is_left_for_a_point_of_access(void **state)
{
    (void)state;
    start(NULL);
    subscribe("s");
    happen("x1");
    assert_int_equal(look.p->sent_count, 0);
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/Ca','fr':'Ca','pc':{'m2m:ae':"
                                         "{'rr':true,'poa':['http://h']}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    mln_inproc_advance(look.p, 61 * S);
    assert_int_equal(look.p->sent_count, 1);
    assert_int_equal(look.p->sent->ec, 0);
    assert_true(outbox_is_empty());
    assert_true(is_there(notify("'ec':3,")));
    assert_int_equal(look.p->sent_count, 2);
    assert_int_equal(look.p->sent->next->ec, 3);
}

/* SEC-IMP-10: only who was asked can answer. */
static void another_channel_cannot_respond(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    start(NULL);
    subscribe("s");
    happen("x1");
    call = poll_as("Ca");
    assert_int_equal(respond("Cb", rqi_of(call), "'rsc':2000"), MLN_RSC_BAD_REQUEST);
    assert_false(outbox_is_empty());
    assert_int_equal(respond("Ca", rqi_of(call), "'rsc':2000"), MLN_RSC_OK);
    assert_int_equal(respond("Ca", rqi_of(call), "'rsc':2000"), MLN_RSC_BAD_REQUEST);
    assert_true(outbox_is_empty());
}

/* ---- requests of others ---- */

static void a_request_goes_to_the_ae_and_its_answer_back(void **state)
{
    struct mln_inproc_call *sender;
    struct mln_inproc_call *call;

    (void)state;
    start(NULL);
    sender = notify("'ec':3,");
    assert_false(is_there(sender));
    call = poll_as("Ca");
    assert_true(has(call, "\"fr\":\"CAdmin\""));
    assert_true(has(call, "\"ec\":3"));
    assert_true(has(call, "\"m2m:seci\""));
    assert_false(is_there(sender));
    assert_int_equal(respond("Ca", rqi_of(call), "'rsc':4103,'pc':{'m2m:dbg':'no thanks'}"),
                     MLN_RSC_OK);
    assert_int_equal(mln_inproc_answer_of(sender)->rsc, MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    assert_true(has(sender, "no thanks"));
}

/* spec: TS-0001 10.2.5.17 */
static void a_request_that_nobody_polls_expires(void **state)
{
    struct mln_inproc_call *sender;

    (void)state;
    start(NULL);
    sender = notify("'rqet':'10000',");
    mln_inproc_advance(look.p, 9 * S);
    assert_false(is_there(sender));
    mln_inproc_advance(look.p, 2 * S);
    assert_int_equal(mln_inproc_answer_of(sender)->rsc, MLN_RSC_TARGET_NOT_REACHABLE);
    assert_false(is_there(poll_as("Ca")));
}

static void no_more_wait_than_the_limit(void **state)
{
    struct mln_inproc_call *first;
    struct mln_inproc_call *second;
    struct mln_limits limits;

    (void)state;
    mln_limits_default(&limits);
    limits.channel_requests = 2;
    start(&limits);
    first = notify("");
    second = notify("");
    assert_int_equal(mln_inproc_answer_of(notify(""))->rsc, MLN_RSC_TARGET_NOT_REACHABLE);
    assert_false(is_there(first));
    assert_true(is_there(poll_as("Ca")));
    /* what was polled has its place until it is answered */
    assert_int_equal(mln_inproc_answer_of(notify(""))->rsc, MLN_RSC_TARGET_NOT_REACHABLE);
    mln_inproc_advance(look.p, 31 * S);
    assert_true(is_there(first));
    assert_true(is_there(second));
    assert_false(is_there(notify("")));
}

static void a_request_that_no_answer_can_hold_is_refused(void **state)
{
    struct mln_inproc_call *call;
    struct mln_inproc_call *sender;

    (void)state;
    start(NULL);
    look.p->limits.response_bytes = 32;
    call = poll_as("Ca");
    sender = notify("");
    assert_int_equal(mln_inproc_answer_of(sender)->rsc, MLN_RSC_TARGET_NOT_REACHABLE);
    assert_false(is_there(call));
    look.p->limits.response_bytes = 1 << 20;
    call = poll_as("Ca"); /* the newest is served */
    assert_false(is_there(notify("")));
    assert_true(has(call, "\"m2m:seci\""));
}

/* The target of a new subscription is asked over its channel. spec: TS-0004 7.5.1.2.3 */
static void consent_is_asked_for_over_the_channel(void **state)
{
    struct mln_inproc_call *subscriber;
    struct mln_inproc_call *call = NULL;

    (void)state;
    start(NULL);
    call = poll_as("Ca");
    subscriber = begin("{'op':1,'ty':23,'to':'cse-in/Ca/c','fr':'CAdmin',"
                       "'pc':{'m2m:sub':{'rn':'s','nu':['/id-in/Ca']}}}");
    assert_true(has(call, "\"vrq\":true"));
    assert_false(is_there(subscriber));
    assert_int_equal(respond("Ca", rqi_of(call), "'rsc':2000"), MLN_RSC_OK);
    assert_int_equal(mln_inproc_answer_of(subscriber)->rsc, MLN_RSC_CREATED);
}

/* ---- polls ---- */

static void a_poll_ends_with_its_request_expiration(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    start(NULL);
    call = poll_as("Ca");
    mln_inproc_advance(look.p, 29 * S);
    assert_false(is_there(call));
    mln_inproc_advance(look.p, 2 * S);
    assert_int_equal(mln_inproc_answer_of(call)->rsc, MLN_RSC_REQUEST_TIMEOUT);
    call = begin("{'op':2,'to':'cse-in/Ca/p/pcu','fr':'Ca','rqet':'86400000'}");
    mln_inproc_advance(look.p, 299 * S);
    assert_false(is_there(call));
    mln_inproc_advance(look.p, 2 * S); /* channel_ms */
    assert_int_equal(mln_inproc_answer_of(call)->rsc, MLN_RSC_REQUEST_TIMEOUT);
}

static void who_has_gone_polls_no_more(void **state)
{
    struct mln_inproc_call *older;
    struct mln_inproc_call *newer;

    (void)state;
    start(NULL);
    subscribe("s");
    older = poll_as("Ca");
    newer = poll_as("Ca");
    mln_inproc_abandon(newer);
    mln_inproc_settle(look.p);
    assert_int_equal(mln_inproc_answer_of(newer)->rsc, MLN_RSC_REQUEST_TIMEOUT);
    happen("x1");
    assert_true(has(older, "x1"));
}

/* The connection breaks while the request is on its way to it: the next poll gets it at once. */
static void what_went_to_nobody_comes_again(void **state)
{
    struct mln_inproc_call *gone;
    struct mln_inproc_call *call;
    char rqi[64];

    (void)state;
    start(NULL);
    subscribe("s");
    happen("x1");
    happen("x2");
    gone = mln_inproc_prepare(look.p, "{\"op\":2,\"to\":\"cse-in/Ca/p/pcu\",\"fr\":\"Ca\"}");
    mln_inproc_start(look.p, gone);
    mln_inproc_abandon(gone);
    mln_inproc_settle(look.p);
    (void)snprintf(rqi, sizeof rqi, "%s", rqi_of(gone));
    call = poll_as("Ca");
    assert_true(has(call, "x1"));
    assert_string_equal(rqi_of(call), rqi);
    assert_int_equal(respond("Ca", rqi, "'rsc':2000"), MLN_RSC_OK);
    assert_true(has(poll_as("Ca"), "x2"));
}

/* The connection of the older one may be gone. */
static void the_newest_poll_is_served(void **state)
{
    struct mln_inproc_call *older;
    struct mln_inproc_call *newer;

    (void)state;
    start(NULL);
    subscribe("s");
    older = poll_as("Ca");
    newer = poll_as("Ca");
    happen("x1");
    assert_false(is_there(older));
    assert_true(has(newer, "x1"));
}

static void too_many_polls_end_the_oldest(void **state)
{
    struct mln_inproc_call *calls[3];
    struct mln_limits limits;

    (void)state;
    mln_limits_default(&limits);
    limits.channel_polls = 2;
    start(&limits);
    for (size_t i = 0; i < 3; i++) {
        calls[i] = poll_as("Ca");
    }
    assert_int_equal(mln_inproc_answer_of(calls[0])->rsc, MLN_RSC_REQUEST_TIMEOUT);
    assert_false(is_there(calls[1]));
    assert_false(is_there(calls[2]));
}

static void polls_leave_room_for_others(void **state)
{
    struct mln_limits limits;

    (void)state;
    mln_limits_default(&limits);
    limits.parked = 16;
    limits.channel_polls = 100;
    start(&limits);
    for (int i = 0; i < 8; i++) {
        assert_false(is_there(poll_as("Ca")));
    }
    assert_int_equal(mln_inproc_answer_of(poll_as("Ca"))->rsc, MLN_RSC_INTERNAL_SERVER_ERROR);
    assert_true(has(begin("{'op':2,'to':'cse-in/Cb','fr':'Cb'}"), "m2m:ae"));
}

static void delete_channel(const char *stem)
{
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'cse-in/%s/p','fr':'%s'}", stem, stem)->rsc,
                     MLN_RSC_DELETED);
}

static void a_deleted_channel_keeps_nobody_waiting(void **state)
{
    struct mln_inproc_call *sender;
    struct mln_inproc_call *call;
    struct mln_inproc_call *other;

    (void)state;
    start(NULL);
    other = poll_as("Cb");
    call = poll_as("Ca");
    delete_channel("Ca");
    assert_int_equal(mln_inproc_answer_of(call)->rsc, MLN_RSC_REQUEST_TIMEOUT);
    assert_int_equal(mln_inproc_answer_of(poll_as("Ca"))->rsc, MLN_RSC_NOT_FOUND);
    mln_look_make(&look, "Ca", "cse-in/Ca", MLN_TY_PCH, "{'m2m:pch':{'rn':'p'}}");
    sender = notify("");
    delete_channel("Ca");
    assert_int_equal(mln_inproc_answer_of(sender)->rsc, MLN_RSC_TARGET_NOT_REACHABLE);
    assert_false(is_there(other));
}

/* What waited for a poll of the old one. */
static void notifications_wait_for_a_new_channel(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    start(NULL);
    subscribe("s");
    happen("x1");
    delete_channel("Ca");
    mln_look_make(&look, "Ca", "cse-in/Ca", MLN_TY_PCH, "{'m2m:pch':{'rn':'p'}}");
    call = poll_as("Ca");
    mln_inproc_advance(look.p, S);
    assert_true(has(call, "x1"));
}

/* More at once than the duties are told of one by one: everybody polls anew. */
static void many_deleted_channels_end_all_polls(void **state)
{
    enum { MANY = MLN_FRESH_CHANNELS + 1 };
    struct mln_inproc_call *other;
    char members[MANY * 20] = "";

    (void)state;
    start(NULL);
    for (int i = 0; i < MANY; i++) {
        char stem[8];
        char parent[20];
        size_t len = strlen(members);

        (void)snprintf(stem, sizeof stem, "C%d", i);
        (void)snprintf(parent, sizeof parent, "cse-in/%s", stem);
        (void)snprintf(members + len, sizeof members - len, "%s'%s/p'", i ? "," : "", parent);
        mln_look_register(&look, stem);
        mln_look_make(&look, stem, parent, MLN_TY_PCH, "{'m2m:pch':{'rn':'p'}}");
    }
    assert_int_equal(mln_look_ask(&look,
                                  "{'op':1,'to':'cse-in','fr':'CAdmin','ty':9,'pc':"
                                  "{'m2m:grp':{'rn':'g','mnm':40,'mid':[%s]}}}",
                                  members)
                         ->rsc,
                     MLN_RSC_CREATED);
    other = poll_as("Cb");
    assert_false(is_there(other));
    (void)mln_look_ask(&look, "{'op':4,'to':'cse-in/g/fopt','fr':'CAdmin'}");
    assert_int_equal(mln_inproc_answer_of(other)->rsc, MLN_RSC_REQUEST_TIMEOUT);
    assert_false(is_there(poll_as("Cb")));
}

static void a_group_cannot_poll(void **state)
{
    (void)state;
    start(NULL);
    mln_look_make(&look, "Ca", "cse-in/Ca", MLN_TY_GRP,
                  "{'m2m:grp':{'rn':'g','mid':['cse-in/Ca/p/pcu'],'mnm':5}}");
    assert_non_null(
        strstr(mln_look_ask(&look, "{'op':2,'to':'cse-in/Ca/g/fopt','fr':'Ca'}")->pc, "4005"));
}

static void the_end_of_the_server_ends_what_waits(void **state)
{
    struct mln_inproc_call *call;
    struct mln_inproc_call *sender;

    (void)state;
    start(NULL);
    subscribe("s");
    happen("x1");
    call = poll_as("Cb");
    sender = notify("");
    (void)poll_as("Ca");
    mln_duties_stop(look.p->duties);
    mln_inproc_settle(look.p);
    assert_int_equal(mln_inproc_answer_of(call)->rsc, MLN_RSC_INTERNAL_SERVER_ERROR);
    assert_true(has(call, "the server stops"));
    assert_int_equal(mln_inproc_answer_of(sender)->rsc, MLN_RSC_TARGET_NOT_REACHABLE);
    assert_int_equal(mln_inproc_answer_of(poll_as("Ca"))->rsc, MLN_RSC_INTERNAL_SERVER_ERROR);
    assert_int_equal(mln_inproc_answer_of(notify(""))->rsc, MLN_RSC_TARGET_NOT_REACHABLE);
    assert_false(outbox_is_empty());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_poll_that_waits_gets_the_notification, stop),
        cmocka_unit_test_teardown(what_happened_before_waits_for_the_poll_in_order, stop),
        cmocka_unit_test_teardown(a_poll_takes_one_of_many, stop),
        cmocka_unit_test_teardown(without_a_response_it_comes_again, stop),
        cmocka_unit_test_teardown(what_nobody_polls_gets_too_old, stop),
        cmocka_unit_test_teardown(the_channel_is_left_for_a_point_of_access, stop),
        cmocka_unit_test_teardown(another_channel_cannot_respond, stop),
        cmocka_unit_test_teardown(a_request_goes_to_the_ae_and_its_answer_back, stop),
        cmocka_unit_test_teardown(a_request_that_nobody_polls_expires, stop),
        cmocka_unit_test_teardown(no_more_wait_than_the_limit, stop),
        cmocka_unit_test_teardown(a_request_that_no_answer_can_hold_is_refused, stop),
        cmocka_unit_test_teardown(consent_is_asked_for_over_the_channel, stop),
        cmocka_unit_test_teardown(a_poll_ends_with_its_request_expiration, stop),
        cmocka_unit_test_teardown(who_has_gone_polls_no_more, stop),
        cmocka_unit_test_teardown(what_went_to_nobody_comes_again, stop),
        cmocka_unit_test_teardown(the_newest_poll_is_served, stop),
        cmocka_unit_test_teardown(too_many_polls_end_the_oldest, stop),
        cmocka_unit_test_teardown(polls_leave_room_for_others, stop),
        cmocka_unit_test_teardown(a_deleted_channel_keeps_nobody_waiting, stop),
        cmocka_unit_test_teardown(notifications_wait_for_a_new_channel, stop),
        cmocka_unit_test_teardown(many_deleted_channels_end_all_polls, stop),
        cmocka_unit_test_teardown(a_group_cannot_poll, stop),
        cmocka_unit_test_teardown(the_end_of_the_server_ends_what_waits, stop),
    };

    return cmocka_run_group_tests_name("cse/notify/poll", tests, NULL, NULL);
}
