/* Grants: proof that a decision was made. The only file that can make one. */
#include "cse/access/access.h"

#include "base/log.h"

struct mln_grant {
    enum mln_privilege privilege;
    uint64_t target; /* id; 0: internal */
};

mln_err mln_access_grant(struct mln_access *a, bool permitted, enum mln_privilege privilege,
                         const struct mln_resource *target, const struct mln_grant **ret)
{
    struct mln_grant *grant;

    if (!permitted) {
        mln_log(MLN_LOG_DEBUG, "access", "%.*s denied privilege %u on %.*s",
                MLN_S_ARG(a->originator->text), (unsigned)privilege, MLN_S_ARG(target->ri));
        MLN_FAIL(NO_PRIVILEGE);
    }
    grant = mln_arena_alloc(a->arena, sizeof *grant);
    MLN_REQUIRE(grant, NO_MEMORY);
    *grant = (struct mln_grant){ privilege, target->id };
    *ret = grant;
    return MLN_OK;
}

const struct mln_grant *mln_access_internal_grant(void)
{
    static const struct mln_grant internal = { 0 };

    return &internal;
}
