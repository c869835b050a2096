/* Tests of the question of `merlon access explain`; what is malformed is tested from outside. */
#include "cse/access/question.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/timestamp.h"

static const int64_t now_us = 77;

static struct mln_question read_good(const char *text)
{
    struct mln_fault fault = { 0 };
    struct mln_question q;

    assert_int_equal(mln_question_read(mln_slice_z(text), now_us, &q, &fault).code, MLN_ERR_NONE);
    return q;
}

static void all_parts_in_any_order(void **state)
{
    struct mln_question q = read_good(" ;time=20300131T120000 ; type = 3;authenticated=true;; "
                                      "address=10.1.2.3; operation=create;originator=/id-in/Cx;");
    int64_t us = 0;

    (void)state;
    assert_true(mln_timestamp_parse(MLN_S("20300131T120000"), &us));
    assert_true(mln_slice_eq(q.originator, MLN_S("/id-in/Cx")));
    assert_int_equal(q.op, MLN_OP_CREATE);
    assert_int_equal(q.ty, 3);
    assert_true(q.has_time && q.time_us == us);
    assert_true(q.has_address && q.address.family == 4 && q.address.low == 0x0A010203);
    assert_true(q.is_authenticated && !q.is_discovery && q.attributes.len == 0);
}

static void what_is_not_said_is_not_known(void **state)
{
    struct mln_question q = read_good("originator=Cx;operation=discover");

    (void)state;
    assert_false(q.has_time || q.has_address || q.is_authenticated);
    assert_true(q.is_discovery && q.op == MLN_OP_RETRIEVE);
    assert_true(mln_slice_eq(mln_question_operation(&q), MLN_S("discover")));
}

static void now_is_the_time_of_the_question(void **state)
{
    (void)state;
    assert_int_equal(read_good("originator=Cx;operation=delete;time=now").time_us, now_us);
}

static void a_refusal_leaves_the_result_alone(void **state)
{
    struct mln_question q = { .ty = 9 };
    struct mln_fault fault = { 0 };

    (void)state;
    assert_int_equal(mln_question_read(MLN_S("originator=Cx;type=3"), now_us, &q, &fault).code,
                     MLN_ERR_PARAM_MISSING);
    assert_string_equal(fault.text, "explain: operation missing");
    assert_true(q.ty == 9 && q.originator.len == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_parts_in_any_order),
        cmocka_unit_test(what_is_not_said_is_not_known),
        cmocka_unit_test(now_is_the_time_of_the_question),
        cmocka_unit_test(a_refusal_leaves_the_result_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
