/* Tests of registering at a registrar that the test plays. TS-0001 10.2.2.7, TS-0004 7.4.4 */
#include "cse/remote/registration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "cse/look_test.h"

static const int64_t S = 1000000;
static const int64_t LIFETIME = 100;

static struct mln_look look;
static bool gives_up;
static struct mln_inproc_reply script[MLN_OP_NOTIFY + 1]; /* by operation */

static struct mln_inproc_reply registrar(void *data, const struct mln_inproc_sent *sent)
{
    (void)data;
    return script[sent->op];
}

/* The test has set its script; the CSE begins. */
static void open_mn(void)
{
    mln_look_open(&look, &(struct mln_inproc_options){ .type = MLN_CSE_TYPE_MN,
                                                       .receive = registrar,
                                                       .registrar = { .cse_id = MLN_S("/up"),
                                                                      .url = MLN_S("http://up"),
                                                                      .lifetime_us = LIFETIME * S,
                                                                      .is_left = gives_up } });
}

static int set_up(void **state)
{
    (void)state;
    gives_up = false;
    script[MLN_OP_CREATE] = (struct mln_inproc_reply){ .rsc = MLN_RSC_CREATED,
                                                       .pc = "{\"m2m:csr\":{\"ri\":\"csr7\"}}" };
    script[MLN_OP_UPDATE] =
        (struct mln_inproc_reply){ .rsc = MLN_RSC_UPDATED, .pc = "{\"m2m:csr\":{}}" };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

static void pass(int64_t seconds)
{
    mln_inproc_advance(look.p, seconds * S);
    mln_inproc_settle(look.p);
}

/* What was sent last; the list is emptied. NULL: nothing. */
static const struct mln_inproc_sent *last(void)
{
    const struct mln_inproc_sent *s = look.p->sent;

    while (s && s->next) {
        s = s->next;
    }
    return s;
}

static void assert_sent(enum mln_op op, const char *to)
{
    assert_non_null(last());
    assert_int_equal(last()->op, op);
    assert_string_equal(last()->to, to);
    assert_string_equal(last()->fr, "/id-in");
    assert_string_equal(last()->url, "http://up");
    mln_inproc_forget(look.p);
}

static bool has_registrar(void)
{
    return mln_look_ask(&look, "{'op':2,'to':'cse-in/up','fr':'CAdmin'}")->rsc == MLN_RSC_OK;
}

/* Created, kept here, renewed at the half of the lifetime. */
static void a_heart_beat(void **state)
{
    (void)state;
    open_mn();
    assert_non_null(strstr(last()->pc, "\"cb\":\"/id-in/cse-in\""));
    assert_sent(MLN_OP_CREATE, "/up/-");
    assert_true(has_registrar());
    for (int i = 0; i < 3; i++) {
        pass(LIFETIME / 2 - 1);
        assert_null(last());
        pass(1);
        assert_sent(MLN_OP_UPDATE, "/up/csr7");
        assert_true(has_registrar());
    }
}

/* Set back, a renewal would be years away; set forwards, the registration would be over. */
static void a_clock_that_is_set(void **state)
{
    static const int64_t years[] = { -10, 10 };

    (void)state;
    open_mn();
    for (size_t i = 0; i < sizeof years / sizeof *years; i++) {
        mln_inproc_forget(look.p);
        mln_inproc_set_clock(look.p, years[i] * 365 * 86400 * S);
        pass(60);
        assert_non_null(last());
        assert_true(has_registrar());
    }
}

/* The registrar may give less time than was asked for. */
static void a_shorter_life(void **state)
{
    (void)state;
    script[MLN_OP_CREATE].pc = "{\"m2m:csr\":{\"ri\":\"csr7\",\"et\":\"20300101T000010\"}}";
    open_mn();
    mln_inproc_forget(look.p);
    pass(4);
    assert_null(last());
    pass(1);
    assert_sent(MLN_OP_UPDATE, "/up/csr7");
}

/* Nobody answers: asked again in growing pauses; the way up ends with the lifetime. */
static void a_registrar_that_is_gone(void **state)
{
    static const int64_t pauses[] = { 1, 2, 4, 8, 16, 32, 60, 60 };

    (void)state;
    open_mn();
    mln_inproc_forget(look.p);
    script[MLN_OP_UPDATE] = (struct mln_inproc_reply){ .err = MLN_ERR_NETWORK };
    script[MLN_OP_CREATE] = script[MLN_OP_UPDATE];
    pass(LIFETIME / 2);
    assert_sent(MLN_OP_UPDATE, "/up/csr7");
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        pass(pauses[i] - 1);
        assert_null(last());
        pass(1);
        assert_sent(i < 5 ? MLN_OP_UPDATE : MLN_OP_CREATE, i < 5 ? "/up/csr7" : "/up/-");
        assert_int_equal(has_registrar(), i < 5);
        mln_inproc_forget(look.p);
    }
}

/* It answers that there is no such registration: made anew at once. */
static void a_registrar_that_forgot(void **state)
{
    (void)state;
    open_mn();
    script[MLN_OP_UPDATE] = (struct mln_inproc_reply){ .rsc = MLN_RSC_NOT_FOUND };
    script[MLN_OP_CREATE].pc = "{\"m2m:csr\":{\"ri\":\"csr8\"}}";
    pass(LIFETIME / 2);
    assert_sent(MLN_OP_CREATE, "/up/-");
    script[MLN_OP_UPDATE] = (struct mln_inproc_reply){ .rsc = MLN_RSC_UPDATED };
    pass(LIFETIME / 2);
    assert_sent(MLN_OP_UPDATE, "/up/csr8");
}

/* It knows us from an earlier run, by the name that we give; else we ask now and then. */
static void a_registration_of_an_earlier_run(void **state)
{
    (void)state;
    script[MLN_OP_CREATE] =
        (struct mln_inproc_reply){ .rsc = MLN_RSC_ORIGINATOR_HAS_ALREADY_REGISTERED };
    script[MLN_OP_UPDATE] = (struct mln_inproc_reply){ .rsc = MLN_RSC_NOT_FOUND };
    open_mn();
    assert_sent(MLN_OP_UPDATE, "/up/-/id-in");
    assert_false(has_registrar());
    mln_inproc_forget(look.p);
    pass(60);
    assert_non_null(last());
    script[MLN_OP_UPDATE] = (struct mln_inproc_reply){ .rsc = MLN_RSC_UPDATED };
    pass(200);
    assert_true(has_registrar());
}

/* A name in use at the registrar is not insisted on. */
static void a_name_in_use(void **state)
{
    (void)state;
    script[MLN_OP_CREATE] = (struct mln_inproc_reply){ .rsc = MLN_RSC_CONFLICT };
    open_mn();
    assert_non_null(strstr(last()->pc, "\"rn\":\"id-in\""));
    mln_inproc_forget(look.p);
    pass(2);
    assert_null(strstr(last()->pc, "\"rn\""));
}

/* What registers here is told to the registrar, and when it goes. TS-0004 7.4.4.2 */
static void what_lies_behind(void **state)
{
    (void)state;
    open_mn();
    assert_null(strstr(last()->pc, "dcse"));
    mln_inproc_forget(look.p);
    mln_look_claim(&look, true);
    assert_int_equal(mln_look_ask(&look,
                                  "{'op':1,'to':'cse-in','fr':'/down','ty':16,'pc':{'m2m:csr':"
                                  "{'cb':'/down/x','rr':false,'srv':['3'],"
                                  "'dcse':['/deeper']}}}")
                         ->rsc,
                     MLN_RSC_CREATED);
    pass(0);
    assert_non_null(strstr(last()->pc, "\"dcse\":[\"/down\",\"/deeper\"]"));
    assert_sent(MLN_OP_UPDATE, "/up/csr7");
    assert_int_equal(
        mln_look_ask(&look, "{'op':3,'to':'cse-in/down','fr':'/down','pc':{'m2m:csr':{'rr':true}}}")
            ->rsc,
        MLN_RSC_UPDATED);
    pass(0);
    assert_null(last()); /* it changed nothing that the registrar must know */
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'cse-in/down','fr':'/down'}")->rsc,
                     MLN_RSC_DELETED);
    pass(0);
    assert_non_null(strstr(last()->pc, "\"dcse\":null"));
    assert_sent(MLN_OP_UPDATE, "/up/csr7");
}

static unsigned left;

static void note_left(struct mln_task *task)
{
    (void)task;
    left++;
}

static void leave(void)
{
    static struct mln_task task = { .run = note_left };

    left = 0;
    open_mn();
    mln_inproc_forget(look.p);
    mln_duties_leave(look.p->duties, 10 * S, &task);
    mln_inproc_settle(look.p);
    assert_int_equal(left, 1);
}

/* Nothing is said at the end, unless the settings say so; nor is anything begun after that. */
static void staying(void **state)
{
    (void)state;
    leave();
    pass(LIFETIME);
    assert_null(last());
    assert_int_equal(left, 1);
}

static void leaving(void **state)
{
    (void)state;
    gives_up = true;
    script[MLN_OP_DELETE] = (struct mln_inproc_reply){ .rsc = MLN_RSC_DELETED };
    leave();
    assert_sent(MLN_OP_DELETE, "/up/csr7");
    assert_false(has_registrar());
    pass(LIFETIME);
    assert_null(last());
}

/* A registrar that is silent keeps nobody from stopping. */
static void leaving_one_that_is_silent(void **state)
{
    (void)state;
    gives_up = true;
    script[MLN_OP_DELETE] = (struct mln_inproc_reply){ .err = MLN_ERR_TIMEOUT };
    leave();
    assert_false(has_registrar());
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_heart_beat),
        T(a_clock_that_is_set),
        T(a_shorter_life),
        T(a_registrar_that_is_gone),
        T(a_registrar_that_forgot),
        T(a_registration_of_an_earlier_run),
        T(a_name_in_use),
        T(what_lies_behind),
        T(staying),
        T(leaving),
        T(leaving_one_that_is_silent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
