/* Evaluation criteria (m2m:evalCriteria): does an attribute compare so with a threshold?
 *
 * What can be compared is decided once, when criteria are stored: each operator has its kinds of
 * attributes. An attribute that is not there compares with nothing. Pure functions, any thread.
 * spec: TS-0004 6.3.4.2.86, Release 4; docs/decisions/0044 */
#pragma once

#include "base/fault.h"
#include "model/model.h"
#include "model/value.h"

/* m2m:evalCriteriaOperator */
enum mln_eval_operator {
    MLN_EVAL_EQUAL = 1,
    MLN_EVAL_NOT_EQUAL = 2,
    MLN_EVAL_GREATER = 3,
    MLN_EVAL_LESS = 4,
    MLN_EVAL_GREATER_OR_EQUAL = 5,
    MLN_EVAL_LESS_OR_EQUAL = 6,
};

/* The threshold as a value of the attribute's data type: XML gives numbers as texts. One that the
 * operator cannot compare with is refused. Errors: ATTR_INVALID, NO_MEMORY. */
mln_err mln_eval_threshold(const struct mln_attribute *subject, enum mln_eval_operator op,
                           const struct mln_value *given, struct mln_arena *arena,
                           struct mln_value **ret, struct mln_fault *fault);

/* Both are packed, the threshold as it was made above. */
bool mln_eval_holds(struct mln_slice value, enum mln_eval_operator op, struct mln_slice threshold);
