/* <triggerRequest>: a device is to be woken through its underlying network.
 *
 * This CSE is connected to none: no Network Service Entity is found for any device. So a request is
 * never under way, and can be neither replaced nor recalled. spec: TS-0004 7.4.57, TS-0001 9.6.49
 */
#include "cse/pipeline/draft.h"
#include "cse/types/types.h"

enum { ERROR_NSE_NOT_FOUND = 2 }; /* m2m:triggerStatus. spec: TS-0004 6.3.4.2.60 */
enum {
    ESTABLISH_CONNECTION = 1,
    EXECUTE_CRUD = 3
}; /* m2m:triggerPurpose. spec: TS-0004 6.3.4.2.49 */

/* spec: TS-0001 table 9.6.49-2: with this purpose, they are mandatory */
static mln_err check_operation(struct mln_exec *e)
{
    static const char *const names[] = { "tiae", "tia", "tio", "tirt" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!mln_value_get(e->attributes, mln_slice_z(names[i]))) {
            mln_fault_set(e->fault, "%s: mandatory with this triggerPurpose", names[i]);
            MLN_FAIL(ATTR_MISSING);
        }
    }
    return MLN_OK;
}

static mln_err validate_create(struct mln_exec *e)
{
    uint64_t purpose = ESTABLISH_CONNECTION;

    (void)mln_value_u64(mln_value_get(e->attributes, MLN_S("tpe")), &purpose);
    return purpose == EXECUTE_CRUD ? check_operation(e) : MLN_OK;
}

static mln_err perform_create(struct mln_exec *e, struct mln_draft *d)
{
    if (!mln_value_get(d->attributes, MLN_S("tpe"))) {
        MLN_TRY(mln_draft_set(d, MLN_S("tpe"), mln_value_uint(e->arena, ESTABLISH_CONNECTION)));
    }
    return mln_draft_set(d, MLN_S("tst"), mln_value_uint(e->arena, ERROR_NSE_NOT_FOUND));
}

/* spec: TS-0004 7.4.57.2.3 */
static mln_err validate_update(struct mln_exec *e)
{
    mln_fault_set(e->fault, "the trigger request is not being processed");
    MLN_FAIL(REPLACE);
}

/* spec: TS-0004 7.4.57.2.4 */
static mln_err validate_delete(struct mln_exec *e)
{
    mln_fault_set(e->fault, "the trigger request is not being processed");
    MLN_FAIL(RECALL);
}

const struct mln_type_ops mln_tgr_ops = {
    .ty = MLN_TY_TGR,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate_create, .perform = perform_create },
    .update = { .validate = validate_update },
    .del = { .validate = validate_delete },
};
