/* Tests of the target of ESPrim: requests that come again in other objects. */
#include <stdio.h>

#include "e2e/esprim_world_test.h"
#include "e2e/inner.h"

/* What the target says when it is to carry the request out; it answers with the same text. */
static enum mln_err_code carry_out(struct world *w, struct mln_esprim_session *s, const char *text)
{
    struct mln_esprim_sent sent = world_seal(w, s, text);
    struct mln_esprim_opened opened = { 0 };
    struct mln_esprim_answer answer = { 0 };
    struct mln_slice object = { 0 };
    struct mln_value *params = NULL;
    mln_err err = world_open(w, sent.object, &opened);

    if (mln_failed(err)) {
        (void)mln_esprim_session_refused(s, sent.generation, mln_err_rsc(err));
        return err.code;
    }
    assert_false(mln_failed(
        mln_inner_read_request(opened.form, opened.text, &w->limits, w->arena, &params, NULL)));
    err = mln_esprim_target_claim(w->target, &opened, params, NULL);
    mln_association_unref(opened.association);
    assert_false(mln_failed(mln_esprim_target_answer(w->target, opened.reply, opened.form,
                                                     MLN_S("{}"), w->arena, &object)));
    assert_false(mln_failed(mln_esprim_session_open(s, object, w->arena, &answer, NULL)));
    return err.code;
}

/* Who is between says that a request was not carried out: it comes in another object. */
static void carries_a_request_out_once(void **state)
{
    static const char create[] =
        "{\"op\":1,\"to\":\"a\",\"fr\":\"C\",\"rqi\":\"1\",\"ot\":\"20301231T235959,1\"}";
    static const char later[] =
        "{\"op\":1,\"to\":\"a\",\"fr\":\"C\",\"rqi\":\"1\",\"ot\":\"20301231T235959,2\"}";
    static const char retrieve[] =
        "{\"op\":2,\"to\":\"a\",\"fr\":\"C\",\"rqi\":\"1\",\"ot\":\"20301231T235959,1\"}";
    static const char without[] = "{\"op\":1,\"to\":\"a\",\"fr\":\"C\",\"rqi\":\"1\"}";
    struct world *w = *state;
    struct mln_esprim_session *sessions[] = { world_session(w, WORLD_KID),
                                              world_session(w, WORLD_OTHER) };
    struct mln_esprim_session *s = sessions[0];

    world_offer(w, s);
    world_offer(w, sessions[1]);
    assert_int_equal(carry_out(w, s, create), MLN_ERR_NONE);
    assert_true(mln_esprim_session_refused(s, 1, MLN_RSC_ESPRIM_UNKNOWN_ORIG_RAND_ID));
    assert_int_equal(carry_out(w, s, create), MLN_ERR_REPLAY);
    assert_true(mln_esprim_session_refused(s, 2, MLN_RSC_ESPRIM_UNKNOWN_RECV_RAND_ID));
    world_offer(w, s);
    assert_int_equal(carry_out(w, s, create), MLN_ERR_REPLAY);
    assert_int_equal(carry_out(w, sessions[1], create), MLN_ERR_REPLAY); /* 4112: another key */
    /* TS-0001 7.1.7: an identifier that was used some time ago may come again */
    assert_int_equal(carry_out(w, s, later), MLN_ERR_NONE);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(carry_out(w, s, retrieve), MLN_ERR_NONE);
        assert_int_equal(carry_out(w, s, without), MLN_ERR_NONE);
        mln_esprim_session_free(sessions[i]);
        s = sessions[1];
    }
}

/* What is forgotten cannot come back: the receiver objects of that time count no more. An
 * originator that goes on gets others with its answers. */
static void refuses_what_it_may_have_forgotten(void **state)
{
    struct world *w = *state;
    struct mln_esprim_session *old = world_session(w, WORLD_KID);
    struct mln_esprim_session *held = world_session(w, WORLD_OTHER);
    struct mln_esprim_session *busy = world_session(w, WORLD_OTHER);
    struct mln_esprim_sent first;

    w->limits.esprim_requests = 16;
    world_offer(w, old);
    world_offer(w, held);
    world_offer(w, busy);
    first = world_seal(w, held, "{}");
    (void)world_exchange(w, old, "{}");
    for (unsigned i = 0; i < 48; i++) {
        char text[64];

        (void)snprintf(text, sizeof text, "{\"op\":1,\"rqi\":\"%u\",\"ot\":\"1\"}", i);
        w->now_us += MLN_US_PER_S;
        assert_int_equal(carry_out(w, busy, text), MLN_ERR_NONE);
    }
    assert_int_equal(world_try(w, first.object), MLN_ERR_ESPRIM_RECV_RANDOM);
    assert_int_equal(carry_out(w, old, "{}"), MLN_ERR_ESPRIM_RECV_RANDOM);
    assert_true(mln_esprim_session_needs_receiver(old));
    world_offer(w, old);
    assert_int_equal(carry_out(w, old, "{}"), MLN_ERR_NONE);
    mln_esprim_session_free(old);
    mln_esprim_session_free(held);
    mln_esprim_session_free(busy);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(carries_a_request_out_once),
        T(refuses_what_it_may_have_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
