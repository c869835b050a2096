/* Evaluation criteria. */
#include "model/eval.h"

#include "base/num.h"
#include "base/timestamp.h"
#include "model/check.h"
#include "model/decimal.h"
#include "model/pack.h"

/* ---- what can be compared ---- */

static bool is_order(enum mln_eval_operator op)
{
    return op != MLN_EVAL_EQUAL && op != MLN_EVAL_NOT_EQUAL;
}

static bool is_scalar(const struct mln_attribute *a)
{
    enum mln_form form = mln_model_datatype(a->type)->form;

    return !a->is_many && form != MLN_FORM_LIST && form != MLN_FORM_COMPLEX && form != MLN_FORM_ANY;
}

static bool is_time(struct mln_slice text)
{
    int64_t us;

    return mln_timestamp_parse(text, &us);
}

/* Numbers and points in time have an order; enumeration values are names. */
static bool has_order(const struct mln_datatype *type, const struct mln_value *v)
{
    switch (type->form) {
    case MLN_FORM_INTEGER:
    case MLN_FORM_NUMBER:
        return true;
    case MLN_FORM_TEXT:
        return type->pattern == MLN_PATTERN_TIMESTAMP;
    case MLN_FORM_UNION:
        return v->kind == MLN_V_INT || v->kind == MLN_V_REAL ||
               (v->kind == MLN_V_TEXT && is_time(v->text));
    case MLN_FORM_BOOLEAN:
    case MLN_FORM_ENUM:
    case MLN_FORM_LIST:
    case MLN_FORM_COMPLEX:
    case MLN_FORM_ANY:
        break;
    }
    return false;
}

static bool is_text_of_number(const struct mln_datatype *type, const struct mln_value *v)
{
    return v->kind == MLN_V_TEXT &&
           (type->form == MLN_FORM_INTEGER || type->form == MLN_FORM_NUMBER ||
            type->form == MLN_FORM_ENUM || type->form == MLN_FORM_BOOLEAN);
}

static mln_err refuse(struct mln_fault *fault, const struct mln_attribute *subject)
{
    mln_fault_set(fault, "evc: %.*s cannot be compared so", MLN_S_ARG(subject->name));
    MLN_FAIL(ATTR_INVALID);
}

mln_err mln_eval_threshold(const struct mln_attribute *subject, enum mln_eval_operator op,
                           const struct mln_value *given, struct mln_arena *arena,
                           struct mln_value **ret, struct mln_fault *fault)
{
    const struct mln_datatype *type = mln_model_datatype(subject->type);
    struct mln_value *v = mln_value_new(arena, given->kind);
    mln_err err = MLN_OK;

    MLN_REQUIRE(v, NO_MEMORY);
    if (!is_scalar(subject) || given->kind == MLN_V_NULL) {
        return refuse(fault, subject);
    }
    *v = *given;
    if (is_text_of_number(type, given)) {
        err = mln_check_from_xml(subject->type, given->text, arena, &v);
    }
    if (!mln_failed(err)) {
        err = mln_check_value(subject->type, v, MLN_S("thld"), fault);
    }
    if (mln_failed(err)) {
        return err.code == MLN_ERR_NO_MEMORY ? err : refuse(fault, subject);
    }
    if (is_order(op) && !has_order(type, v)) {
        return refuse(fault, subject);
    }
    v->name = given->name;
    v->next = NULL;
    *ret = v;
    return MLN_OK;
}

/* ---- comparing ---- */

enum { NUMBER_SIZE = MLN_NUM_U64_SIZE + 1 };

/* As JSON writes it. */
static bool number_of(const struct mln_item *item, char out[static NUMBER_SIZE],
                      struct mln_slice *ret)
{
    size_t sign = item->is_negative;

    if (item->kind == MLN_V_REAL) {
        *ret = item->text;
        return mln_decimal_is_number(item->text);
    }
    out[0] = '-';
    *ret = mln_slice_of(out, sign + mln_num_put_u64(out + sign, item->magnitude));
    return item->kind == MLN_V_INT;
}

static int sign_of(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* *ret is that of a three-way comparison, where there is an order, else 0 for equal values. False:
 * values of different kinds. */
static bool compare(const struct mln_item *a, const struct mln_item *b, int *ret)
{
    char room[2][NUMBER_SIZE];
    struct mln_slice x;
    struct mln_slice y;
    int64_t s;
    int64_t t;

    if (number_of(a, room[0], &x) && number_of(b, room[1], &y)) {
        *ret = mln_decimal_cmp(x, y);
        return true;
    }
    if (a->kind != b->kind || (a->kind != MLN_V_TEXT && a->kind != MLN_V_BOOL)) {
        return false;
    }
    if (a->kind == MLN_V_BOOL) {
        *ret = a->boolean != b->boolean;
    } else if (mln_timestamp_parse(a->text, &s) && mln_timestamp_parse(b->text, &t)) {
        *ret = sign_of(s, t);
    } else {
        *ret = !mln_slice_eq(a->text, b->text);
    }
    return true;
}

bool mln_eval_holds(struct mln_slice value, enum mln_eval_operator op, struct mln_slice threshold)
{
    struct mln_item a;
    struct mln_item b;
    int cmp;

    if (mln_failed(mln_pack_read(&value, &a)) || mln_failed(mln_pack_read(&threshold, &b)) ||
        !compare(&a, &b, &cmp)) {
        return false;
    }
    switch (op) {
    case MLN_EVAL_EQUAL:
        return cmp == 0;
    case MLN_EVAL_NOT_EQUAL:
        return cmp != 0;
    case MLN_EVAL_GREATER:
        return cmp > 0;
    case MLN_EVAL_LESS:
        return cmp < 0;
    case MLN_EVAL_GREATER_OR_EQUAL:
        return cmp >= 0;
    case MLN_EVAL_LESS_OR_EQUAL:
        return cmp <= 0;
    }
    return false;
}
