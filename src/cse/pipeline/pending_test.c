/* Tests of the table of requests that wait. SEC-IMP-08 */
#include "cse/pipeline/pending.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "cse/cse_int.h"
#include "cse/look_test.h"

enum { MOST = 64, THREADS = 4, TURNS = 20000 };

static struct mln_pending *pending;

static int set_up(void **state)
{
    (void)state;
    return mln_failed(mln_pending_new(MOST, mln_env_system(), &pending)) ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_pending_free(pending);
    return 0;
}

static struct mln_pending_id id_of(const char *from, const char *request, const char *credential)
{
    return (struct mln_pending_id){ .originator = mln_slice_z(from),
                                    .request_id = mln_slice_z(request),
                                    .credential = mln_slice_z(credential) };
}

static void knows_what_waits(void **state)
{
    const struct mln_pending_id others[] = {
        id_of("Cae", "r2", "12-k"),     id_of("Cae2", "r1", "12-k"), id_of("Cae", "r1", "12-l"),
        id_of("Cae", "r1", ""),         id_of("Caer", "1", "12-k"),  id_of("Cae", "r11", "2-k"),
        id_of("/id/Cae", "r1", "12-k"),
    };
    struct mln_pending_id id = id_of("Cae", "r1", "12-k");
    struct mln_pending_id trusted = id_of("Cae", "r1", "12-k");
    mln_pending_place *place;
    mln_pending_place *none;

    (void)state;
    trusted.is_trusted = true;
    assert_false(mln_pending_has(pending, &id));
    assert_int_equal(mln_pending_enter(pending, &id, &place).code, MLN_ERR_NONE);
    assert_non_null(place);
    assert_true(mln_pending_has(pending, &id));
    assert_int_equal(mln_pending_enter(pending, &id, &none).code, MLN_ERR_REQUEST_PENDING);
    assert_null(none);
    assert_false(mln_pending_has(pending, &trusted));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(mln_pending_has(pending, &others[i]));
    }
    mln_pending_leave(pending, place);
    assert_false(mln_pending_has(pending, &id));
    assert_int_equal(mln_pending_enter(pending, &id, &place).code, MLN_ERR_NONE);
    mln_pending_leave(pending, place);
    mln_pending_leave(pending, NULL);
}

/* Several may ask for a name at the same time, and with the same number. */
static void nobody_is_not_compared(void **state)
{
    static const char *const names[] = { "", "C", "S" };
    struct mln_pending_id id;
    mln_pending_place *place;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        id = id_of(names[i], "1", "");
        assert_int_equal(mln_pending_enter(pending, &id, &place).code, MLN_ERR_NONE);
        assert_null(place);
        assert_false(mln_pending_has(pending, &id));
    }
}

/* Who forwards in circles shall not be able to hide behind long identifiers. */
static void length_does_not_matter(void **state)
{
    static char name[8192];
    struct mln_pending_id id;
    mln_pending_place *place;
    mln_pending_place *none;

    (void)state;
    memset(name, 'C', sizeof name - 1);
    id = id_of(name, name, name);
    assert_int_equal(mln_pending_enter(pending, &id, &place).code, MLN_ERR_NONE);
    assert_non_null(place);
    assert_int_equal(mln_pending_enter(pending, &id, &none).code, MLN_ERR_REQUEST_PENDING);
    id.request_id.len--;
    assert_false(mln_pending_has(pending, &id));
    mln_pending_leave(pending, place);
}

/* Beyond its size it knows some of them, and empties again. */
static void is_bounded(void **state)
{
    mln_pending_place *places[MOST * 4];
    char names[MOST * 4][16];
    size_t known = 0;

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct mln_pending_id id;

        (void)snprintf(names[i], sizeof names[i], "r%zu", i);
        id = id_of("Cae", names[i], "");
        assert_int_equal(mln_pending_enter(pending, &id, &places[i]).code, MLN_ERR_NONE);
        known += places[i] != NULL;
        assert_true(mln_pending_has(pending, &id) == (places[i] != NULL));
    }
    assert_in_range(known, MOST / 2, MOST + 8);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        mln_pending_leave(pending, places[i]);
    }
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct mln_pending_id id = id_of("Cae", names[i], "");

        assert_false(mln_pending_has(pending, &id));
    }
}

static _Atomic int inside;
static _Atomic int entered;

static void *compete(void *data)
{
    struct mln_pending_id id = id_of("Cae", "r1", "");

    for (unsigned i = 0; i < TURNS; i++) {
        mln_pending_place *place;

        if (mln_failed(mln_pending_enter(pending, &id, &place))) {
            continue;
        }
        if (atomic_fetch_add(&inside, 1) != 0) {
            *(bool *)data = true; /* two at once */
        }
        (void)atomic_fetch_add(&entered, 1);
        (void)atomic_fetch_sub(&inside, 1);
        mln_pending_leave(pending, place);
    }
    return NULL;
}

static void never_two_at_once(void **state)
{
    struct mln_pending_id id = id_of("Cae", "r1", "");
    pthread_t threads[THREADS];
    bool is_bad[THREADS] = { false };

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, compete, &is_bad[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(is_bad[i]);
    }
    assert_true(atomic_load(&entered) > 0);
    assert_false(mln_pending_has(pending, &id));
}

/* ---- in the pipeline ---- */

static struct mln_look look;

/* spec: TS-0001 7.1.7: pending ones only; used before is no fault */
static void a_request_that_waits(void **state)
{
    static const char later[] = "{\"op\":2,\"to\":\"cse-in/Cae\",\"fr\":\"Cae\",\"rqi\":\"r1\","
                                "\"oet\":\"1000\"}";
    struct mln_inproc_call *first;

    (void)state;
    mln_look_open(&look, NULL);
    mln_look_register(&look, "Cae");
    mln_look_register(&look, "Cother");
    for (unsigned turn = 0; turn < 2; turn++) {
        first = mln_look_start(&look, later);
        assert_false(mln_inproc_answer_of(first)->is_there);
        assert_int_equal(mln_look_answer(mln_look_start(&look, later)), MLN_RSC_CONFLICT);
        assert_int_equal(
            mln_look_ask(&look, "{'op':2,'to':'cse-in/Cae','fr':'Cae','rqi':'r1'}")->rsc,
            MLN_RSC_CONFLICT);
        assert_int_equal(
            mln_look_ask(&look, "{'op':2,'to':'cse-in/Cae','fr':'Cae','rqi':'r2'}")->rsc,
            MLN_RSC_OK);
        assert_int_equal(
            mln_look_ask(&look, "{'op':2,'to':'cse-in/Cother','fr':'Cother','rqi':'r1'}")->rsc,
            MLN_RSC_OK);
        assert_int_equal(look.p->worker->parked, 1);
        mln_inproc_advance(look.p, 1000000);
        mln_inproc_settle(look.p);
        assert_int_equal(mln_inproc_answer_of(first)->rsc, MLN_RSC_OK);
        assert_int_equal(
            mln_look_ask(&look, "{'op':2,'to':'cse-in/Cae','fr':'Cae','rqi':'r1'}")->rsc,
            MLN_RSC_OK);
    }
    mln_look_close(&look);
}

/* Who claims a name without its credential cannot occupy its identifiers. */
static void somebody_else_of_that_name(void **state)
{
    struct mln_inproc_call *first;

    (void)state;
    mln_look_open(&look, NULL);
    (void)mln_look_prove(&look, "12-k1@x.example", NULL, "Cae");
    mln_look_make(&look, "Cae", "cse-in", MLN_TY_AE,
                  "{'m2m:ae':{'api':'N1','rr':false,'srv':['3']}}");
    mln_look_claim(&look, false);
    first = mln_look_start(
        &look, "{\"op\":2,\"to\":\"cse-in/Cae\",\"fr\":\"Cae\",\"rqi\":\"r1\",\"oet\":\"1000\"}");
    assert_false(mln_inproc_answer_of(first)->is_there);
    (void)mln_look_prove(&look, "12-k1@x.example", NULL, "Cae");
    assert_int_equal(mln_look_ask(&look, "{'op':2,'to':'cse-in/Cae','fr':'Cae','rqi':'r1'}")->rsc,
                     MLN_RSC_OK);
    mln_inproc_advance(look.p, 1000000);
    mln_inproc_settle(look.p);
    assert_int_equal(mln_inproc_answer_of(first)->rsc, MLN_RSC_ORIGINATOR_NOT_AUTHENTICATED);
    mln_look_close(&look);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(knows_what_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_is_not_compared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(length_does_not_matter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(never_two_at_once, set_up, tear_down),
        cmocka_unit_test(a_request_that_waits),
        cmocka_unit_test(somebody_else_of_that_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
