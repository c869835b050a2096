/* Tests of the error table. */
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static mln_err err_of(int code)
{
    return (mln_err){ (enum mln_err_code)code };
}

static void success_is_no_failure(void **state)
{
    (void)state;
    assert_false(mln_failed(MLN_OK));
    assert_int_equal(MLN_OK.code, 0);
    assert_true(mln_failed(MLN_ERROR(INTERNAL)));
    assert_string_equal(mln_err_text(MLN_OK), "success");
    assert_int_equal(mln_err_rsc(MLN_OK), MLN_RSC_OK);
}

static void each_error_has_a_name_of_its_own_and_a_text(void **state)
{
    (void)state;
    for (int i = 0; i < MLN_ERR_CODES; i++) {
        assert_non_null(mln_err_name(err_of(i)));
        assert_true(strlen(mln_err_name(err_of(i))) > 0);
        assert_true(strlen(mln_err_text(err_of(i))) > 0);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(mln_err_name(err_of(i)), mln_err_name(err_of(j)));
        }
    }
}

/* A response status code belongs to the class of the error: 4xxx is the requester's, 5xxx ours. */
static void status_codes_fit_the_classes(void **state)
{
    (void)state;
    for (int i = 1; i < MLN_ERR_CODES; i++) {
        int rsc = (int)mln_err_rsc(err_of(i));
        enum mln_err_class class = mln_err_class(err_of(i));

        assert_in_range(rsc, 4000, 6999);
        if (class == MLN_ERR_CLASS_RESOURCE || class == MLN_ERR_CLASS_INTERNAL) {
            /* spec: TS-0004 7.6.2: failures of ESPrim have codes of their own */
            assert_true(rsc == MLN_RSC_INTERNAL_SERVER_ERROR ||
                        rsc == MLN_RSC_ESPRIM_DECRYPTION_ERROR ||
                        rsc == MLN_RSC_ESPRIM_ENCRYPTION_ERROR);
        }
        if (class == MLN_ERR_CLASS_DENIED) {
            assert_true(rsc >= 4000 && rsc < 6000);
        }
    }
}

static void knows_some_rows(void **state)
{
    (void)state;
    assert_string_equal(mln_err_name(MLN_ERROR(NOT_FOUND)), "NOT_FOUND");
    assert_int_equal(mln_err_rsc(MLN_ERROR(NOT_FOUND)), 4004);
    assert_int_equal(mln_err_class(MLN_ERROR(NOT_FOUND)), MLN_ERR_CLASS_MISSING);
    assert_int_equal(mln_err_rsc(MLN_ERROR(SYNTAX)), 4000);
    assert_int_equal(mln_err_class(MLN_ERROR(SYNTAX)), MLN_ERR_CLASS_REQUEST);
    assert_int_equal(mln_err_rsc(MLN_ERROR(NO_PRIVILEGE)), 4103);
    assert_int_equal(mln_err_class(MLN_ERROR(NO_PRIVILEGE)), MLN_ERR_CLASS_DENIED);
    assert_int_equal(mln_err_rsc(MLN_ERROR(CONFLICT)), 4105);
    assert_int_equal(mln_err_rsc(MLN_ERROR(REGISTERED)), 4117);
    assert_int_equal(mln_err_rsc(MLN_ERROR(NOT_IMPLEMENTED)), 5001);
    assert_int_equal(mln_err_class(MLN_ERROR(NOT_IMPLEMENTED)), MLN_ERR_CLASS_UNBUILT);
    assert_int_equal(mln_err_rsc(MLN_ERROR(STORE_CORRUPT)), 5000);
    assert_int_equal(mln_err_class(MLN_ERROR(STORE_CORRUPT)), MLN_ERR_CLASS_INTERNAL);
}

static void an_unknown_code_is_an_internal_error(void **state)
{
    (void)state;
    assert_string_equal(mln_err_name(err_of(MLN_ERR_CODES)), "INTERNAL");
    assert_string_equal(mln_err_name(err_of(12345)), "INTERNAL");
    assert_string_equal(mln_err_name(err_of(-1)), "INTERNAL");
    assert_int_equal(mln_err_rsc(err_of(12345)), 5000);
}

static mln_err tries(mln_err err, int *reached)
{
    MLN_TRY(err);
    *reached += 1;
    return MLN_OK;
}

static mln_err requires(int condition, int *reached)
{
    MLN_REQUIRE(condition, CONFLICT);
    *reached += 1;
    return MLN_OK;
}

static mln_err fails(void)
{
    MLN_FAIL(OVERLOAD);
}

static void macros_return_at_once(void **state)
{
    int reached = 0;

    (void)state;
    assert_int_equal(tries(MLN_ERROR(NETWORK), &reached).code, MLN_ERR_NETWORK);
    assert_int_equal(requires(0, &reached).code, MLN_ERR_CONFLICT);
    assert_int_equal(fails().code, MLN_ERR_OVERLOAD);
    assert_int_equal(reached, 0);
    assert_int_equal(tries(MLN_OK, &reached).code, MLN_ERR_NONE);
    assert_int_equal(requires(1, &reached).code, MLN_ERR_NONE);
    assert_int_equal(reached, 2);
    mln_ignore(MLN_ERROR(NETWORK));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(success_is_no_failure),
        cmocka_unit_test(each_error_has_a_name_of_its_own_and_a_text),
        cmocka_unit_test(status_codes_fit_the_classes),
        cmocka_unit_test(knows_some_rows),
        cmocka_unit_test(an_unknown_code_is_an_internal_error),
        cmocka_unit_test(macros_return_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
