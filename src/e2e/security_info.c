/* The elements of m2m:securityInfo. */
#include "e2e/security_info.h"

/* By securityInfoType; the first one is none. spec: TS-0004 table 6.3.5.48-1 */
static const struct {
    struct mln_slice element; /* empty: nothing but the type */
    bool is_needed;
} kinds[] = {
    [MLN_SECURITY_DAS_REQUEST] = { { "dreq", 4 }, false },
    [MLN_SECURITY_DAS_RESPONSE] = { { "dres", 4 }, false },
    [MLN_SECURITY_RANDOM_RESPONSE] = { { "ero", 3 }, true },
    [MLN_SECURITY_ESPRIM] = { { "epo", 3 }, true },
    [MLN_SECURITY_ESCERTKE] = { { "eckm", 4 }, true },
    [MLN_SECURITY_RELATION_REQUEST] = { { "darq", 4 }, false },
    [MLN_SECURITY_RELATION_RESPONSE] = { { "dars", 4 }, false },
};

enum mln_security_info mln_security_info_type(const struct mln_value *info)
{
    uint64_t sit = 0;

    (void)mln_value_u64(mln_value_get(info, MLN_S("sit")), &sit);
    return sit < sizeof kinds / sizeof kinds[0] ? (enum mln_security_info)sit : 0;
}

mln_err mln_security_info_check(const struct mln_value *info, struct mln_fault *fault)
{
    unsigned sit = mln_security_info_type(info);
    struct mln_slice element;

    if (!sit) {
        mln_fault_set(fault, "sit: no securityInfoType that there is");
        MLN_FAIL(ATTR_INVALID);
    }
    element = kinds[sit].element;
    for (const struct mln_value *v = info->items.first; v; v = v->next) {
        if (!mln_slice_eq(v->name, MLN_S("sit")) && !mln_slice_eq(v->name, element)) {
            mln_fault_set(fault, "%.*s: does not go with securityInfoType %u", MLN_S_ARG(v->name),
                          sit);
            MLN_FAIL(ATTR_INVALID);
        }
    }
    if (kinds[sit].is_needed && !mln_value_get(info, element)) {
        mln_fault_set(fault, "%.*s: securityInfoType %u needs it", MLN_S_ARG(element), sit);
        MLN_FAIL(ATTR_MISSING);
    }
    return MLN_OK;
}
