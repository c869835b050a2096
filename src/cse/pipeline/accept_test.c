/* Tests of non-blocking requests. */
#include "cse/pipeline/accept.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cse/look_test.h"

static const int64_t S = 1000000;

static struct mln_look look;

static void start(const struct mln_inproc_options *options)
{
    mln_look_open(&look, options);
    mln_look_register(&look, "Ca");
    mln_look_register(&look, "Cb");
    mln_look_make(&look, "Ca", "cse-in/Ca", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c'}}");
}

static int stop(void **state)
{
    (void)state;
    return mln_look_end(&look);
}

/* Makes a request that must be accepted, and gives the address of its <request>. */
static const char *leave(const char *json, enum mln_rsc rsc)
{
    static char addresses[8][100];
    static unsigned next;
    char *address = addresses[next++ % 8];
    const struct mln_inproc_answer *a = mln_look_ask(&look, "%s", json);
    const struct mln_value *uri = mln_value_get(a->value, MLN_S("m2m:uri"));

    assert_int_equal(a->rsc, rsc);
    assert_non_null(uri);
    (void)snprintf(address, 100, "%.*s", MLN_S_ARG(uri->text));
    return address;
}

static const char *create(const char *rt, const char *more)
{
    char json[500];
    bool is_asynch = strstr(rt, "'rtv':2") != NULL;

    (void)snprintf(json, sizeof json,
                   "{'op':1,'ty':4,'to':'cse-in/Ca/c','fr':'Ca','rqi':'q1','rt':%s,%s"
                   "'pc':{'m2m:cin':{'con':'secret1'}}}",
                   rt, more);
    return leave(json, is_asynch ? MLN_RSC_ACCEPTED_NON_BLOCKING_REQUEST_ASYNCH
                                 : MLN_RSC_ACCEPTED_NON_BLOCKING_REQUEST_SYNCH);
}

static const char *look_at(const char *address, const char *from)
{
    return mln_look_ask(&look, "{'op':2,'to':'%s','fr':'%s'}", address, from)->pc;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        print_error("%s\nis not in %s\n", part, text);
        fail();
    }
}

static uint64_t instances(void)
{
    return mln_look_at(&look, "cse-in/Ca/c").count;
}

/* Would the next run of the server know of a request without a result? */
static bool is_noted(void)
{
    char key[MLN_RECORD_KEY_MAX];
    size_t len;

    return !mln_failed(mln_record_next_key(mln_look_anew(&look), MLN_SPACE_ACCEPTED,
                                           (struct mln_slice){ 0 }, false, key, &len));
}

/* ---- synchronous ---- */

static void the_result_is_found_in_the_request(void **state)
{
    const char *address;
    const char *pc;

    (void)state;
    start(NULL);
    address = create("{'rtv':1}", "");
    assert_int_equal(instances(), 1);
    pc = look_at(address, "Ca");
    has(pc, "\"m2m:req\"");
    has(pc, "\"op\":1,\"tg\":\"cse-in/Ca/c\",\"org\":\"Ca\",\"rid\":\"q1\"");
    has(pc, "\"mi\":{\"ty\":4,\"rvi\":\"3\",\"rt\":{\"rtv\":1}}");
    has(pc, "\"pc\":{\"m2m:cin\":{\"con\":\"secret1\"}}");
    has(pc, "\"rs\":1");
    has(pc, "\"ors\":{\"rsc\":2001,\"rqi\":\"q1\"");
    has(pc, "\"lbl\":[\"Ca\"]");
    assert_null(strstr(pc, "\"acpi\""));
    assert_false(is_noted());
}

static void what_fails_is_told_in_the_request(void **state)
{
    const char *pc;

    (void)state;
    start(NULL);
    pc = look_at(leave("{'op':3,'to':'cse-in/Ca/none','fr':'Ca','rt':1,'pc':{'m2m:cnt':{}}}",
                       MLN_RSC_ACCEPTED_NON_BLOCKING_REQUEST_SYNCH),
                 "Ca");
    has(pc, "\"rs\":2");
    has(pc, "\"rsc\":4004");
    pc = look_at(leave("{'op':2,'to':'cse-in/Cb','fr':'Ca','rt':{'rtv':1}}",
                       MLN_RSC_ACCEPTED_NON_BLOCKING_REQUEST_SYNCH),
                 "Ca");
    has(pc, "\"rsc\":4103");
}

/* SEC-ACP-40, SEC-GEN-06 */
static void others_have_no_part_in_it(void **state)
{
    const char *address;

    (void)state;
    start(NULL);
    mln_look_make(&look, NULL, "cse-in", MLN_TY_SUB,
                  "{'m2m:sub':{'rn':'s','nu':['http://h'],'enc':{'net':[3,4]}}}");
    mln_inproc_forget(look.p);
    address = create("{'rtv':1}", "");
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'%s','fr':'Cb'}", address)->rsc,
                     MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'%s','fr':'Cb'}", address)->rsc,
                     MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    assert_null(strstr(mln_look_ask(&look, "{'op':2,'to':'cse-in','fr':'Cb','fc':{'fu':1,"
                                           "'ty':[17]}}")
                           ->pc,
                       "req"));
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'%s','fr':'Ca'}", address)->rsc,
                     MLN_RSC_DELETED);
    assert_int_equal(look.p->sent_count, 0);
}

static void nobody_makes_or_changes_one(void **state)
{
    const char *address;

    (void)state;
    start(NULL);
    address = create("{'rtv':1}", "");
    assert_int_equal(mln_look_ask(&look, "{'op':1,'ty':17,'to':'cse-in','fr':'CAdmin',"
                                         "'pc':{'m2m:req':{}}}")
                         ->rsc,
                     MLN_RSC_OPERATION_NOT_ALLOWED);
    assert_int_equal(
        mln_look_ask(&look, "{'op':3,'to':'%s','fr':'Ca','pc':{'m2m:req':{'rs':2}}}", address)->rsc,
        MLN_RSC_BAD_REQUEST);
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'%s','fr':'Ca','rt':1}", address)->rsc,
                     MLN_RSC_BAD_REQUEST);
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'%s','fr':'Ca','rt':4}", address)->rsc,
                     MLN_RSC_OK);
}

static void it_goes_when_its_time_is_over(void **state)
{
    const char *address;

    (void)state;
    start(NULL);
    address = create("{'rtv':1}", "'rp':'60000',");
    mln_inproc_advance(look.p, 59 * S);
    has(look_at(address, "Ca"), "\"rp\":\"60000\"");
    mln_inproc_advance(look.p, 2 * S);
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'%s','fr':'Ca'}", address)->rsc,
                     MLN_RSC_NOT_FOUND);
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in/Ca','fr':'Ca','rt':1,"
                                         "'rp':'99999999999'}")
                         ->rsc,
                     MLN_RSC_NOT_ACCEPTABLE);
}

static void only_the_registered_leave_requests(void **state)
{
    (void)state;
    start(NULL);
    assert_int_not_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in','fr':'Cnobody','rt':1}")->rsc,
                         MLN_RSC_ACCEPTED_NON_BLOCKING_REQUEST_SYNCH);
    assert_int_equal(mln_look_ask(&look, "{'op':1,'ty':2,'to':'cse-in','fr':'C','rt':1,'pc':{"
                                         "'m2m:ae':{'api':'Nx','rr':false,'srv':['3']}}}")
                         ->rsc,
                     MLN_RSC_BAD_REQUEST);
}

/* ---- its execution time ---- */

static void it_is_carried_out_at_its_time(void **state)
{
    const char *address;

    (void)state;
    start(NULL);
    address = create("{'rtv':1}", "'oet':'10000',");
    has(look_at(address, "Ca"), "\"rs\":3");
    has(look_at(address, "Ca"), "\"ors\":{\"rsc\":1000,\"rqi\":\"q1\"}");
    mln_inproc_advance(look.p, 9 * S);
    assert_int_equal(instances(), 0);
    mln_inproc_advance(look.p, 2 * S);
    assert_int_equal(instances(), 1);
    has(look_at(address, "Ca"), "\"rs\":1");
}

static void it_waits_no_longer_than_others(void **state)
{
    (void)state;
    start(NULL);
    assert_int_equal(
        mln_look_ask(&look, "{'op':2,'to':'cse-in/Ca','fr':'Ca','rt':1,'oet':'3601000'}")->rsc,
        MLN_RSC_NOT_ACCEPTABLE);
}

/* SEC-ACP-39 */
static void rights_count_when_it_is_carried_out(void **state)
{
    const char *address;

    (void)state;
    start(NULL);
    address = create("{'rtv':1}", "'oet':'10000',");
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'cse-in/Ca','fr':'CAdmin'}")->rsc,
                     MLN_RSC_DELETED);
    mln_inproc_advance(look.p, 11 * S);
    has(look_at(address, "CAdmin"), "\"rs\":2");
}

static void deleting_it_calls_it_off(void **state)
{
    const char *address;

    (void)state;
    start(NULL);
    address = create("{'rtv':1}", "'oet':'10000',");
    assert_true(is_noted());
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'%s','fr':'Ca'}", address)->rsc,
                     MLN_RSC_DELETED);
    assert_false(is_noted());
    mln_inproc_advance(look.p, 11 * S);
    assert_int_equal(instances(), 0);
    assert_int_equal(look.p->worker->accepted, 0);
}

/* spec: TS-0004 7.4.12.2.4 */
static void a_notification_is_not_called_off(void **state)
{
    const char *address;

    (void)state;
    start(NULL);
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/Ca','fr':'Ca','pc':{'m2m:ae':"
                                         "{'rr':true,'poa':['http://h']}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    look.p->reply.is_silent = true;
    address = leave("{'op':5,'to':'cse-in/Ca','fr':'CAdmin','rt':1,'pc':{'m2m:seci':{'sit':2}}}",
                    MLN_RSC_ACCEPTED_NON_BLOCKING_REQUEST_SYNCH);
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'%s','fr':'CAdmin'}", address)->rsc,
                     MLN_RSC_UNABLE_TO_RECALL_REQUEST);
    look.p->reply.is_silent = false;
    assert_true(mln_inproc_reply_to_first(look.p, &(struct mln_inproc_reply){ 0 }));
    has(look_at(address, "CAdmin"), "\"rs\":1");
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'%s','fr':'CAdmin'}", address)->rsc,
                     MLN_RSC_DELETED);
}

static void no_more_than_the_limit(void **state)
{
    struct mln_limits limits;

    (void)state;
    mln_limits_default(&limits);
    limits.accepted = 1;
    start(&(struct mln_inproc_options){ .limits = &limits });
    (void)create("{'rtv':1}", "'oet':'10000',");
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in/Ca','fr':'Ca','rt':1}")->rsc,
                     MLN_RSC_INTERNAL_SERVER_ERROR);
    mln_inproc_advance(look.p, 11 * S);
    (void)create("{'rtv':1}", "");
}

static void large_requests_count_by_their_bytes(void **state)
{
    static char large[1 << 20];
    struct mln_limits limits;

    (void)state;
    mln_limits_default(&limits);
    limits.accepted_bytes = 1 << 20;
    start(&(struct mln_inproc_options){ .limits = &limits });
    (void)create("{'rtv':1}", "'oet':'10000',");
    (void)snprintf(large, sizeof large,
                   "{'op':1,'ty':4,'to':'cse-in/Ca/c','fr':'Ca','rt':1,'oet':'10000',"
                   "'pc':{'m2m:cin':{'con':'%0900000d'}}}",
                   0);
    assert_int_equal(mln_look_ask(&look, "%s", large)->rsc, MLN_RSC_INTERNAL_SERVER_ERROR);
    (void)leave("{'op':2,'to':'cse-in/Ca','fr':'Ca','oet':'10000','rt':1}",
                MLN_RSC_ACCEPTED_NON_BLOCKING_REQUEST_SYNCH);
    mln_inproc_advance(look.p, 11 * S);
    assert_int_equal(instances(), 1);
    assert_int_equal(look.p->worker->accepted_bytes, 0);
}

/* ---- the result ---- */

static void who_watches_the_request_hears_of_its_result(void **state)
{
    const char *address;

    (void)state;
    start(NULL);
    address = create("{'rtv':1}", "'oet':'10000',");
    mln_look_make(&look, "Ca", address, MLN_TY_SUB,
                  "{'m2m:sub':{'rn':'s','nu':['http://h'],'enc':{'net':[1]}}}");
    mln_inproc_forget(look.p);
    mln_inproc_advance(look.p, 11 * S);
    assert_int_equal(look.p->sent_count, 1);
    has(look.p->sent->pc, "\"rs\":1");
}

/* Nothing is promised that cannot be kept: the request ends all the same. */
static void a_result_that_is_too_large_is_not_kept(void **state)
{
    static char large[1 << 20];
    const char *pc;

    (void)state;
    start(NULL);
    (void)snprintf(large, sizeof large,
                   "{'op':1,'ty':4,'to':'cse-in/Ca/c','fr':'Ca',"
                   "'pc':{'m2m:cin':{'con':'%0900000d'}}}",
                   0);
    assert_int_equal(mln_look_ask(&look, "%s", large)->rsc, MLN_RSC_CREATED);
    pc = leave("{'op':2,'to':'cse-in/Ca/c/la','fr':'Ca','oet':'10000','rt':1}",
               MLN_RSC_ACCEPTED_NON_BLOCKING_REQUEST_SYNCH);
    look.p->limits.request_arena_bytes = 1 << 20; /* that is less than storing it needs */
    mln_inproc_advance(look.p, 13 * S);
    pc = look_at(pc, "Ca");
    has(pc, "\"rs\":2");
    has(pc, "\"ors\":{\"rsc\":5000");
    assert_int_equal(look.p->worker->accepted, 0);
}

/* spec: TS-0001 10.2.5.17, 8.1.2 */
static void a_notification_that_nobody_takes_fails_in_time(void **state)
{
    const char *address;

    (void)state;
    start(NULL);
    mln_look_make(&look, "Ca", "cse-in/Ca", MLN_TY_PCH, "{'m2m:pch':{'rn':'p'}}");
    address = leave("{'op':5,'to':'cse-in/Ca','fr':'CAdmin','rt':1,'rqet':'20000',"
                    "'pc':{'m2m:seci':{'sit':2}}}",
                    MLN_RSC_ACCEPTED_NON_BLOCKING_REQUEST_SYNCH);
    mln_inproc_advance(look.p, 19 * S);
    has(look_at(address, "CAdmin"), "\"rs\":3");
    mln_inproc_advance(look.p, 2 * S);
    has(look_at(address, "CAdmin"), "\"ors\":{\"rsc\":5103");
}

/* ---- asynchronous ---- */

static const char *sent_pc(size_t number)
{
    const struct mln_inproc_sent *s = look.p->sent;

    assert_true(look.p->sent_count > number);
    while (number--) {
        s = s->next;
    }
    return s->pc;
}

static void the_targets_are_told(void **state)
{
    (void)state;
    start(NULL);
    (void)create("{'rtv':2,'nu':['http://h/1','http://h/2']}", "");
    assert_int_equal(look.p->sent_count, 2);
    has(sent_pc(0), "\"m2m:rsp\":{\"rsc\":2001,\"rqi\":\"q1\",\"rvi\":\"3\"");
    has(sent_pc(1), "\"con\":\"secret1\"");
    assert_string_equal(look.p->sent->fr, "/id-in");
}

static void the_originator_is_told_when_there_are_no_targets(void **state)
{
    (void)state;
    start(NULL);
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/Ca','fr':'Ca','pc':{'m2m:ae':"
                                         "{'rr':true,'poa':['http://poa']}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    (void)create("{'rtv':2}", "");
    assert_int_equal(look.p->sent_count, 1);
    has(look.p->sent->url, "http://poa");
    (void)create("{'rtv':2,'nu':[]}", "");
    assert_int_equal(look.p->sent_count, 1);
    assert_int_equal(instances(), 2);
    (void)leave("{'op':2,'to':'cse-in','fr':'CAdmin','rt':2}",
                MLN_RSC_ACCEPTED_NON_BLOCKING_REQUEST_ASYNCH);
    assert_int_equal(look.p->sent_count, 1);
}

static void targets_must_be_allowed(void **state)
{
    static const char *const targets[] = { "cse-in/Cb", "nowhere", "http://u@h", "odd://h",
                                           "cse-in/Ca/c" };

    (void)state;
    start(NULL);
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        assert_int_equal(mln_look_ask(&look,
                                      "{'op':2,'to':'cse-in/Ca','fr':'Ca',"
                                      "'rt':{'rtv':2,'nu':['%s']}}",
                                      targets[i])
                             ->rsc,
                         MLN_RSC_BAD_REQUEST);
    }
}

/* ---- the server ends ---- */

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static void what_was_not_begun_is_carried_out_after_a_restart(void **state)
{
    struct mln_inproc_options options = { .backend = "lmdb" };
    char directory[] = "/tmp/mln_accept_XXXXXX";
    const char *waits;
    const char *done;

    (void)state;
    assert_non_null(mkdtemp(directory));
    options.path = directory;
    start(&options);
    done = create("{'rtv':1}", "");
    waits = create("{'rtv':2,'nu':['http://h']}", "'oet':'600000',");
    mln_view_endp(&look.view);
    mln_reader_free(look.reader);
    look.reader = NULL;
    look.view = NULL;
    assert_int_equal(mln_inproc_restart(&look.p).code, MLN_ERR_NONE);
    assert_int_equal(mln_reader_new(look.p->store, &look.reader).code, MLN_ERR_NONE);
    has(look_at(done, "Ca"), "\"rs\":1");
    has(look_at(waits, "Ca"), "\"rs\":3");
    assert_int_equal(instances(), 1);
    assert_int_equal(look.p->worker->accepted, 0); /* it takes no place until its time */
    mln_inproc_advance(look.p, 700 * S);
    has(look_at(waits, "Ca"), "\"rs\":1");
    has(sent_pc(0), "\"rsc\":2001");
    assert_int_equal(instances(), 2);
    mln_inproc_advance(look.p, 700 * S);
    assert_int_equal(instances(), 2);
    assert_int_equal(nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_result_is_found_in_the_request, stop),
        cmocka_unit_test_teardown(what_fails_is_told_in_the_request, stop),
        cmocka_unit_test_teardown(others_have_no_part_in_it, stop),
        cmocka_unit_test_teardown(nobody_makes_or_changes_one, stop),
        cmocka_unit_test_teardown(it_goes_when_its_time_is_over, stop),
        cmocka_unit_test_teardown(only_the_registered_leave_requests, stop),
        cmocka_unit_test_teardown(it_is_carried_out_at_its_time, stop),
        cmocka_unit_test_teardown(it_waits_no_longer_than_others, stop),
        cmocka_unit_test_teardown(rights_count_when_it_is_carried_out, stop),
        cmocka_unit_test_teardown(deleting_it_calls_it_off, stop),
        cmocka_unit_test_teardown(a_notification_is_not_called_off, stop),
        cmocka_unit_test_teardown(no_more_than_the_limit, stop),
        cmocka_unit_test_teardown(large_requests_count_by_their_bytes, stop),
        cmocka_unit_test_teardown(who_watches_the_request_hears_of_its_result, stop),
        cmocka_unit_test_teardown(a_result_that_is_too_large_is_not_kept, stop),
        cmocka_unit_test_teardown(a_notification_that_nobody_takes_fails_in_time, stop),
        cmocka_unit_test_teardown(the_targets_are_told, stop),
        cmocka_unit_test_teardown(the_originator_is_told_when_there_are_no_targets, stop),
        cmocka_unit_test_teardown(targets_must_be_allowed, stop),
        cmocka_unit_test_teardown(what_was_not_begun_is_carried_out_after_a_restart, stop),
    };

    return cmocka_run_group_tests_name("cse/pipeline/accept", tests, NULL, NULL);
}
