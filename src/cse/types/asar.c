/* <serviceSubscribedAppRule>: which credentials may register which App-IDs under which AE-IDs.
 * What it does stands in cse/access/admit.c. spec: TS-0004 7.4.29, TS-0001 9.6.29 */
#include "cse/types/types.h"

static mln_err check_length(struct mln_exec *e, struct mln_slice name)
{
    const struct mln_value *list = mln_value_get(e->attributes, name);

    if (list && list->items.count > e->cse->options.limits->rule_entries) {
        mln_fault_set(e->fault, "%.*s: too many entries", MLN_S_ARG(name));
        MLN_FAIL(LIMIT);
    }
    return MLN_OK;
}

/* spec: TS-0004 7.4.29.2.1, 7.4.29.2.3 */
static mln_err validate(struct mln_exec *e)
{
    static const struct mln_slice lists[] = {
        { "apci", 4 }, { "aai", 3 }, { "aae", 3 }, { "ari", 3 }
    };
    const struct mln_value *apps = mln_value_get(e->attributes, MLN_S("aai"));

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        MLN_TRY(check_length(e, lists[i]));
    }
    if (!apps || apps->kind != MLN_V_ARRAY) {
        return MLN_OK;
    }
    for (const struct mln_value *v = apps->items.first; v; v = v->next) {
        char first = v->text.len ? v->text.ptr[0] : '\0';

        if (first != '*' && first != 'R' && first != 'N') {
            mln_fault_set(e->fault, "aai: an App-ID must begin with R, N or *");
            MLN_FAIL(ATTR_INVALID);
        }
    }
    return MLN_OK;
}

const struct mln_type_ops mln_asar_ops = {
    .ty = MLN_TY_ASAR,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = validate },
    .update = { .validate = validate },
};
