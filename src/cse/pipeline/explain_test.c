/* Tests of explanations that need the inside: who counts as administrator, answers that do not fit,
 * and that the state is what it was. The reasons at large are held against real requests in
 * tests/api/test_explain.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cse/access/trace.h"
#include "cse/look_test.h"
#include "model/pack.h"

static struct mln_look look;

static int set_up(void **state)
{
    (void)state;
    mln_look_open(&look, NULL);
    mln_look_register(&look, "Cae");
    mln_look_register(&look, "Cother");
    mln_look_policy(&look, "p",
                    "[{'acor':['Cother'],'acop':2},{'acor':['Cae'],'acop':63,'acaf':true}]");
    mln_look_make(&look, "Cae", "cse-in/Cae", MLN_TY_CNT,
                  "{'m2m:cnt':{'rn':'c','acpi':['cse-in/p']}}");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(mln_inproc_check(look.p), 0);
    mln_look_close(&look);
    return 0;
}

static const struct mln_inproc_answer *ask(const char *asker, const char *question)
{
    return mln_look_ask(&look, "{'op':2,'to':'cse-in/Cae/c','fr':'%s','mln-explain':'%s'}", asker,
                        question);
}

static const char *const reads = "originator=Cother;operation=retrieve";

static void the_reasons_of_each_rule(void **state)
{
    (void)state;
    assert_non_null(strstr(ask("CAdmin", reads)->pc, "\"permits\":true,\"steps\":[{"));
    assert_non_null(strstr(ask("CAdmin", "originator=Cae;operation=retrieve")->pc,
                           "\"number\":2,\"permits\":false,\"fails\":[\"authentication\"]"));
    assert_non_null(strstr(ask("CAdmin", "originator=Cae;operation=delete;authenticated=true")->pc,
                           "\"number\":2,\"permits\":true,\"by\":\"Cae\""));
}

static void only_who_is_the_administrator(void **state)
{
    (void)state;
    assert_int_equal(ask("CAdmin", reads)->rsc, MLN_RSC_OK);
    assert_int_equal(ask("Cae", reads)->rsc, MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    mln_look_claim(&look, false);
    assert_int_equal(ask("CAdmin", reads)->rsc, MLN_RSC_ORIGINATOR_NOT_AUTHENTICATED);
    (void)mln_look_prove(&look, "12-a@merlon.example", NULL, "C*");
    assert_int_equal(ask("CAdmin", reads)->rsc, MLN_RSC_ORIGINATOR_NOT_AUTHENTICATED);
    (void)mln_look_prove(&look, "12-b@merlon.example", NULL, "CAdmin");
    assert_int_equal(ask("CAdmin", reads)->rsc, MLN_RSC_OK);
    mln_look_claim(&look, true);
}

/* The association of the administrator is not that of who would ask. */
static void the_askers_proof_is_not_the_others(void **state)
{
    (void)state;
    (void)mln_look_prove(&look, "12-b@merlon.example", NULL, "CAdmin");
    assert_non_null(strstr(ask("CAdmin", "originator=Cae;operation=retrieve")->pc,
                           "\"unknown\":[\"authenticated\"]"));
    mln_look_claim(&look, true);
}

static void nothing_is_written(void **state)
{
    static const char *const questions[] = {
        "originator=Cae;operation=delete;authenticated=true",
        "originator=Cae;operation=create;type=4;authenticated=true",
        "originator=Cae;operation=update;attributes=lbl;authenticated=true",
        "originator=Cnew;operation=create;type=2",
    };
    struct mln_resource before = mln_look_at(&look, "cse-in/Cae/c");
    struct mln_slice attrs = { 0 };

    (void)state;
    assert_true(mln_arena_dup(look.p->arena, before.attrs, &attrs));
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        assert_int_equal(ask("CAdmin", questions[i])->rsc, MLN_RSC_OK);
    }
    assert_true(mln_slice_eq(mln_look_at(&look, "cse-in/Cae/c").attrs, attrs));
}

static void a_request_after_it_is_an_ordinary_one(void **state)
{
    const struct mln_inproc_answer *answer;

    (void)state;
    (void)ask("CAdmin", reads);
    answer = mln_look_ask(&look, "{'op':2,'to':'cse-in/Cae/c','fr':'Cother'}");
    assert_int_equal(answer->rsc, MLN_RSC_OK);
    assert_non_null(strstr(answer->pc, "m2m:cnt"));
}

static void a_question_that_is_no_text(void **state)
{
    (void)state;
    assert_int_equal(
        mln_look_ask(&look, "{'op':2,'to':'cse-in','fr':'CAdmin','mln-explain':7}")->rsc,
        MLN_RSC_BAD_REQUEST);
}

static void steps_that_do_not_fit_are_an_error(void **state)
{
    struct mln_trace trace;
    struct mln_slice steps;

    (void)state;
    mln_trace_begin(&trace, look.arena, 64);
    mln_trace_policy(&trace, MLN_S("cse-in/p"), "found");
    assert_false(mln_failed(mln_buf_finish(&trace.steps, &steps)));
    mln_trace_rule(&trace, 1, MLN_PART_WINDOW, (struct mln_slice){ 0 });
    assert_int_equal(mln_buf_finish(&trace.steps, &steps).code, MLN_ERR_LIMIT);
    assert_int_equal(trace.failing, MLN_PART_WINDOW);
    mln_trace_rule(NULL, 1, 0, MLN_S("Cx"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reasons_of_each_rule),
        cmocka_unit_test(only_who_is_the_administrator),
        cmocka_unit_test(the_askers_proof_is_not_the_others),
        cmocka_unit_test(nothing_is_written),
        cmocka_unit_test(a_request_after_it_is_an_ordinary_one),
        cmocka_unit_test(a_question_that_is_no_text),
        cmocka_unit_test(steps_that_do_not_fit_are_an_error),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
