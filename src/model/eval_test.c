/* Tests of evaluation criteria: which thresholds an operator takes, and what it says of values. */
#include "model/eval.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "model/pack.h"

struct place {
    struct mln_arena *arena;
    struct mln_fault fault;
};

static const struct mln_attribute *attribute(uint64_t ty, const char *name)
{
    const struct mln_attribute *a = mln_model_attribute(mln_model_type(ty), mln_slice_z(name));

    assert_non_null(a);
    return a;
}

static struct mln_value *real(struct mln_arena *arena, const char *digits)
{
    struct mln_value *v = mln_value_new(arena, MLN_V_REAL);

    assert_non_null(v);
    v->text = mln_slice_z(digits);
    return v;
}

static struct mln_slice packed(struct mln_arena *arena, const struct mln_value *v)
{
    struct mln_slice bytes;
    struct mln_buf out;

    mln_buf_init(&out, arena, SIZE_MAX);
    mln_pack_value(&out, v);
    assert_false(mln_failed(mln_buf_finish(&out, &bytes)));
    return bytes;
}

/* ---- thresholds ---- */

enum { NUMBER, TEXT, TIME, YES };

static struct mln_value *given(struct mln_arena *arena, int kind)
{
    static const char *const texts[] = { "", "x", "20260101T000000", "" };

    switch (kind) {
    case NUMBER:
        return mln_value_int(arena, 2);
    case YES:
        return mln_value_bool(arena, true);
    default:
        return mln_value_text(arena, mln_slice_z(texts[kind]));
    }
}

static const struct {
    uint64_t ty;
    const char *name;
    int kind;
    bool for_equal; /* are such thresholds taken for '=', */
    bool for_order; /* and for '<'? */
} thresholds[] = {
    { MLN_TY_CNT, "cni", NUMBER, true, true }, { MLN_TY_CNT, "cni", TEXT, false, false },
    { MLN_TY_CNT, "cni", YES, false, false },  { MLN_TY_CNT, "mni", NUMBER, true, true },
    { MLN_TY_CNT, "ct", TIME, true, true },    { MLN_TY_CNT, "ct", TEXT, false, false },
    { MLN_TY_CNT, "rn", TEXT, true, false },   { MLN_TY_CNT, "rn", NUMBER, false, false },
    { MLN_TY_CNT, "disr", YES, true, false },  { MLN_TY_CNT, "disr", NUMBER, false, false },
    { MLN_TY_CNT, "lbl", TEXT, false, false }, { MLN_TY_CNT, "ty", NUMBER, true, false },
    { MLN_TY_SUB, "enc", TEXT, false, false }, { MLN_TY_TSI, "con", NUMBER, true, true },
    { MLN_TY_TSI, "con", TEXT, true, false },  { MLN_TY_TSI, "con", TIME, true, true },
    { MLN_TY_TSI, "con", YES, true, false },
};

static bool takes(struct place *p, unsigned row, enum mln_eval_operator op)
{
    const struct mln_attribute *a = attribute(thresholds[row].ty, thresholds[row].name);
    struct mln_value *v = NULL;
    mln_err err =
        mln_eval_threshold(a, op, given(p->arena, thresholds[row].kind), p->arena, &v, &p->fault);

    assert_true(!mln_failed(err) || err.code == MLN_ERR_ATTR_INVALID);
    assert_true(mln_failed(err) == (v == NULL));
    return !mln_failed(err);
}

static void test_thresholds(void **state)
{
    struct place *p = *state;

    for (unsigned i = 0; i < sizeof thresholds / sizeof thresholds[0]; i++) {
        for (int op = MLN_EVAL_EQUAL; op <= MLN_EVAL_LESS_OR_EQUAL; op++) {
            bool is_order = op > MLN_EVAL_NOT_EQUAL;

            assert_int_equal(takes(p, i, (enum mln_eval_operator)op),
                             is_order ? thresholds[i].for_order : thresholds[i].for_equal);
        }
    }
}

/* XML has no numbers: a text becomes one where the attribute is one. */
static void test_texts_of_numbers(void **state)
{
    struct place *p = *state;
    struct mln_value *v;
    uint64_t n;

    assert_false(mln_failed(mln_eval_threshold(attribute(MLN_TY_CNT, "cni"), MLN_EVAL_LESS,
                                               mln_value_text(p->arena, MLN_S("17")), p->arena, &v,
                                               &p->fault)));
    assert_true(mln_value_u64(v, &n) && n == 17);
    assert_false(mln_failed(mln_eval_threshold(attribute(MLN_TY_CNT, "disr"), MLN_EVAL_EQUAL,
                                               mln_value_text(p->arena, MLN_S("true")), p->arena,
                                               &v, &p->fault)));
    assert_int_equal(v->kind, MLN_V_BOOL);
    assert_int_equal(mln_eval_threshold(attribute(MLN_TY_CNT, "cni"), MLN_EVAL_LESS,
                                        mln_value_text(p->arena, MLN_S("1x")), p->arena, &v,
                                        &p->fault)
                         .code,
                     MLN_ERR_ATTR_INVALID);
}

/* ---- comparisons ---- */

/* What each operator says: bits 1 << operator. */
enum {
    LESS = 1 << MLN_EVAL_NOT_EQUAL | 1 << MLN_EVAL_LESS | 1 << MLN_EVAL_LESS_OR_EQUAL,
    SAME = 1 << MLN_EVAL_EQUAL | 1 << MLN_EVAL_LESS_OR_EQUAL | 1 << MLN_EVAL_GREATER_OR_EQUAL,
    MORE = 1 << MLN_EVAL_NOT_EQUAL | 1 << MLN_EVAL_GREATER | 1 << MLN_EVAL_GREATER_OR_EQUAL,
    NOTHING = 0,
};

static void compare(struct place *p, const struct mln_value *a, const struct mln_value *b,
                    int expected)
{
    struct mln_slice value = packed(p->arena, a);
    struct mln_slice threshold = packed(p->arena, b);
    int said = 0;

    for (int op = MLN_EVAL_EQUAL; op <= MLN_EVAL_LESS_OR_EQUAL; op++) {
        said |= mln_eval_holds(value, (enum mln_eval_operator)op, threshold) << op;
    }
    assert_int_equal(said, expected);
}

static struct mln_value *text(struct place *p, const char *s)
{
    return mln_value_text(p->arena, mln_slice_z(s));
}

static void test_numbers(void **state)
{
    struct place *p = *state;
    struct mln_arena *a = p->arena;

    compare(p, mln_value_int(a, 9), mln_value_int(a, 10), LESS);
    compare(p, mln_value_int(a, -9), mln_value_int(a, -10), MORE);
    compare(p, mln_value_int(a, 0), mln_value_int(a, 0), SAME);
    compare(p, mln_value_uint(a, UINT64_MAX), mln_value_uint(a, UINT64_MAX - 1), MORE);
    compare(p, real(a, "2.50"), real(a, "25e-1"), SAME);
    compare(p, real(a, "-0.1"), mln_value_int(a, 0), LESS);
    compare(p, mln_value_int(a, 3), real(a, "2.999999999999999999999"), MORE);
}

static void test_other_values(void **state)
{
    struct place *p = *state;

    compare(p, text(p, "on"), text(p, "on"), SAME);
    assert_true(mln_eval_holds(packed(p->arena, text(p, "a")), MLN_EVAL_NOT_EQUAL,
                               packed(p->arena, text(p, "b"))));
    compare(p, text(p, "20260101T000000"), text(p, "20260101T000000,5"), LESS);
    compare(p, text(p, "20260101T000000"), text(p, "20260101T000000,0"), SAME);
    assert_true(mln_eval_holds(packed(p->arena, mln_value_bool(p->arena, true)), MLN_EVAL_EQUAL,
                               packed(p->arena, mln_value_bool(p->arena, true))));
    assert_true(mln_eval_holds(packed(p->arena, mln_value_bool(p->arena, true)), MLN_EVAL_NOT_EQUAL,
                               packed(p->arena, mln_value_bool(p->arena, false))));
}

static void test_values_that_do_not_compare(void **state)
{
    struct place *p = *state;
    struct mln_arena *a = p->arena;
    struct mln_slice empty = { 0 };

    compare(p, text(p, "5"), mln_value_int(a, 5), NOTHING);
    compare(p, mln_value_bool(a, true), mln_value_int(a, 1), NOTHING);
    compare(p, mln_value_new(a, MLN_V_ARRAY), mln_value_new(a, MLN_V_ARRAY), NOTHING);
    compare(p, mln_value_new(a, MLN_V_NULL), mln_value_new(a, MLN_V_NULL), NOTHING);
    assert_false(mln_eval_holds(empty, MLN_EVAL_NOT_EQUAL, packed(a, text(p, "x"))));
    assert_false(mln_eval_holds(packed(a, text(p, "x")), (enum mln_eval_operator)0,
                                packed(a, text(p, "x"))));
}

static int set_up(void **state)
{
    static struct place place;

    place = (struct place){ .arena = mln_arena_new(1 << 20) };
    *state = &place;
    return place.arena ? 0 : -1;
}

static int tear_down(void **state)
{
    struct place *p = *state;

    mln_arena_free(p->arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_thresholds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_texts_of_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_values_that_do_not_compare, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
