/* Values from plain text: queries, header fields, the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/check.h"
#include "model/test_json.h"

static struct mln_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(1 << 20);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

struct text_case {
    enum mln_datatype_id type;
    const char *text;
    const char *json; /* NULL: refused */
};

static const struct text_case texts[] = {
    { MLN_DT_STRING, "a b", "'a b'" },
    { MLN_DT_TIMESTAMP, "20240101T000000", "'20240101T000000'" },
    { MLN_DT_TIMESTAMP, "x", NULL },
    { MLN_DT_BOOLEAN, "true", "true" },
    { MLN_DT_BOOLEAN, "1", "true" },
    { MLN_DT_BOOLEAN, "false", "false" },
    { MLN_DT_BOOLEAN, "0", "false" },
    { MLN_DT_BOOLEAN, "yes", NULL },
    { MLN_DT_BOOLEAN, "", NULL },
    { MLN_DT_NON_NEGATIVE_INTEGER, "18446744073709551615", "18446744073709551615" },
    { MLN_DT_NON_NEGATIVE_INTEGER, "007", "7" },
    { MLN_DT_NON_NEGATIVE_INTEGER, "-1", NULL },
    { MLN_DT_NON_NEGATIVE_INTEGER, "1.0", NULL },
    { MLN_DT_NON_NEGATIVE_INTEGER, " 1", NULL },
    { MLN_DT_NON_NEGATIVE_INTEGER, "", NULL },
    { MLN_DT_LONG, "-5", "-5" },
    { MLN_DT_DOUBLE, "1.5", "1.5" },
    { MLN_DT_DOUBLE, "-0.5e-3", "-0.5e-3" },
    { MLN_DT_DOUBLE, "5", "5" },
    { MLN_DT_DOUBLE, "1E+2", "1E+2" },
    { MLN_DT_DOUBLE, ".5", NULL },
    { MLN_DT_DOUBLE, "5.", NULL },
    { MLN_DT_DOUBLE, "01.5", NULL },
    { MLN_DT_DOUBLE, "1e", NULL },
    { MLN_DT_DOUBLE, "1e+", NULL },
    { MLN_DT_DOUBLE, "1x", NULL },
    { MLN_DT_DOUBLE, "-", NULL },
    { MLN_DT_DOUBLE, "nan", NULL },
    { MLN_DT_RESULT_CONTENT, "4", "4" },
    { MLN_DT_RESULT_CONTENT, "12", NULL },
    { MLN_DT_RESULT_CONTENT, "four", NULL },
    { MLN_DT_LABELS, "a+b:c", "['a','b:c']" },
    { MLN_DT_LABELS, "a  b", "['a','b']" },
    { MLN_DT_LABELS, "  ", NULL },
    { MLN_DT_LABELS, "a :b", NULL },
    { MLN_DT_LIST_RESOURCE_TYPE, "3+4", "[3,4]" },
    { MLN_DT_LIST_RESOURCE_TYPE, "3 x", NULL },
    { MLN_DT_LIST_ANY_URI, "", "[]" },
    { MLN_DT_EVENT_CAT, "100", "100" },
    { MLN_DT_EVENT_CAT, "50", NULL },
    { MLN_DT_ABS_REL_TIMESTAMP, "20240101T000000", "'20240101T000000'" },
    { MLN_DT_ABS_REL_TIMESTAMP, "-5000", "-5000" },
    { MLN_DT_ABS_REL_TIMESTAMP, "never", NULL },
    { MLN_DT_ANY_TYPE, "5", "'5'" },
    { MLN_DT_BATCH_NOTIFY, "5", NULL },
    { MLN_DT_ATTRIBUTE_LIST, "ri+lbl+rr", "['ri','lbl','rr']" },
};

static void test_from_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct mln_value *v = NULL;
        mln_err err;

        mln_arena_reset(arena);
        err = mln_check_from_text(texts[i].type, mln_slice_z(texts[i].text), arena, &v);
        if (!texts[i].json) {
            assert_int_equal(err.code, MLN_ERR_ATTR_INVALID);
            assert_null(v);
            continue;
        }
        if (mln_failed(err) || !mln_value_eq(v, test_json(texts[i].json, arena))) {
            fail_msg("%s is not %s", texts[i].text, texts[i].json);
        }
    }
}

/* The label C++ is one label in XML. */
static void test_from_xml(void **state)
{
    struct mln_value *v = NULL;

    (void)state;
    assert_false(mln_failed(mln_check_from_xml(MLN_DT_LABELS, MLN_S(" C++\n+a\tb "), arena, &v)));
    assert_true(mln_value_eq(v, test_json("['C++','+a','b']", arena)));
    assert_false(
        mln_failed(mln_check_from_xml(MLN_DT_LIST_RESOURCE_TYPE, MLN_S("3 4"), arena, &v)));
    assert_true(mln_value_eq(v, test_json("[3,4]", arena)));
    assert_int_equal(mln_check_from_xml(MLN_DT_LIST_RESOURCE_TYPE, MLN_S("3+4"), arena, &v).code,
                     MLN_ERR_ATTR_INVALID);
}

static void test_from_text_without_memory(void **state)
{
    struct mln_arena *small = mln_arena_new(64);
    struct mln_value *v = NULL;

    (void)state;
    assert_int_equal(mln_check_from_text(MLN_DT_LABELS, MLN_S("a b c"), small, &v).code,
                     MLN_ERR_NO_MEMORY);
    assert_int_equal(
        mln_check_from_text(MLN_DT_ABS_REL_TIMESTAMP, MLN_S("20240101T000000"), small, &v).code,
        MLN_ERR_NO_MEMORY);
    assert_int_equal(mln_check_from_text(MLN_DT_DOUBLE, MLN_S("1.5"), small, &v).code,
                     MLN_ERR_NO_MEMORY);
    assert_null(v);
    mln_arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_from_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_from_xml, set_up, tear_down),
        cmocka_unit_test(test_from_text_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
