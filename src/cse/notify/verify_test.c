/* Tests of asking targets and of trying their points of access, where the clock matters. */
#include "cse/notify/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "cse/look_test.h"

static const int64_t MS = 1000;

static struct mln_look look;

static int set_up(void **state)
{
    (void)state;
    mln_look_open(&look, NULL);
    mln_look_make(&look, NULL, "cse-in", MLN_TY_CNT, "{'m2m:cnt':{'rn':'c'}}");
    mln_look_make(&look, "Ct", "cse-in", MLN_TY_AE,
                  "{'m2m:ae':{'rn':'t','api':'Nx','rr':true,'srv':['3'],"
                  "'poa':['http://a','mqtt://b','http://c/x','http://d']}}");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

static struct mln_inproc_call *ask(const char *target, const char *more)
{
    return mln_look_start(&look,
                          "{'op':1,'to':'cse-in/c','fr':'CAdmin','ty':23,"
                          "'pc':{'m2m:sub':{'rn':'s','nu':['%s']}}%s}",
                          target, more);
}

static const struct mln_inproc_sent *sent(size_t at)
{
    const struct mln_inproc_sent *s = look.p->sent;

    assert_true(at < look.p->sent_count);
    while (at--) {
        s = s->next;
    }
    return s;
}

/* Each of three points of access that can be used gets a share of what is left. */
static void points_of_access_share_the_time(void **state)
{
    int64_t all = (int64_t)look.p->limits.verify_ms * MS;
    int64_t began = look.p->now_us;
    struct mln_inproc_call *call;

    (void)state;
    look.p->reply.is_silent = true;
    call = ask("Ct", "");
    for (int i = 0; i < 100 && !mln_inproc_answer_of(call)->is_there; i++) {
        mln_inproc_advance(look.p, all / 50);
    }
    assert_int_equal(mln_look_answer(call), MLN_RSC_SUBSCRIPTION_VERIFICATION_INITIATION_FAILED);
    assert_in_range(look.p->now_us - began, all, all + all / 10);
    assert_string_equal(sent(0)->url, "http://a");
    assert_string_equal(sent(0)->to, "cse-in/t");
    assert_string_equal(sent(look.p->sent_count - 1)->url, "http://d");
    assert_true(sent(0)->timeout_us < all / 2);
    for (size_t i = 0; i < look.p->sent_count; i++) {
        assert_string_not_equal(sent(i)->rqi, i ? sent(i - 1)->rqi : "");
    }
}

static void a_path_of_its_own_is_kept(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    look.p->reply.err = MLN_ERR_NETWORK;
    call = ask("Ct", "");
    assert_int_equal(mln_look_answer(call), MLN_RSC_SUBSCRIPTION_VERIFICATION_INITIATION_FAILED);
    for (size_t i = 0; i < look.p->sent_count; i++) {
        bool has_path = strcmp(sent(i)->url, "http://c/x") == 0;

        assert_string_equal(sent(i)->to, has_path ? "" : "cse-in/t");
    }
}

static void no_longer_than_the_request(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    look.p->reply.is_silent = true;
    call = ask("http://h", ",\"rqet\":700");
    assert_true(sent(0)->timeout_us == 700 * MS);
    mln_inproc_advance(look.p, 699 * MS);
    assert_false(mln_inproc_answer_of(call)->is_there);
    mln_inproc_advance(look.p, 1 * MS);
    assert_true(mln_inproc_answer_of(call)->is_there);
    assert_true(mln_look_answer(call) == MLN_RSC_REQUEST_TIMEOUT ||
                mln_look_answer(call) == MLN_RSC_SUBSCRIPTION_VERIFICATION_INITIATION_FAILED);
}

static void consent_that_comes_late_in_time(void **state)
{
    struct mln_inproc_reply fine = { .rsc = MLN_RSC_OK };
    struct mln_inproc_call *call;

    (void)state;
    look.p->reply.is_silent = true;
    call = ask("http://h", "");
    mln_inproc_advance(look.p, (int64_t)(look.p->limits.verify_ms - 1) * MS);
    assert_true(mln_inproc_reply_to_first(look.p, &fine));
    assert_int_equal(mln_look_answer(call), MLN_RSC_CREATED);
    assert_int_equal(look.p->worker->parked, 0);
}

static void no_more_waiting_than_the_limit(void **state)
{
    struct mln_inproc_call *call;

    (void)state;
    look.p->limits.parked = 1;
    look.p->reply.is_silent = true;
    call = ask("http://h", "");
    assert_int_equal(mln_look_answer(ask("http://i", "")), MLN_RSC_INTERNAL_SERVER_ERROR);
    mln_inproc_advance(look.p, (int64_t)look.p->limits.verify_ms * MS);
    assert_int_equal(mln_look_answer(call), MLN_RSC_SUBSCRIPTION_VERIFICATION_INITIATION_FAILED);
    assert_int_equal(look.p->worker->parked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(points_of_access_share_the_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_path_of_its_own_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_longer_than_the_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown(consent_that_comes_late_in_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_more_waiting_than_the_limit, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
