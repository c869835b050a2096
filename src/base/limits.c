/* The table of limits. */
#include "base/limits.h"

static const struct mln_limit_row rows[] = {
#define MLN_L(name, initial, least, greatest, reason)                                              \
    { #name, initial, least, greatest, reason, offsetof(struct mln_limits, name) },
#include "base/limits.def"
#undef MLN_L
};

const struct mln_limit_row *mln_limit_rows(size_t *ret_count)
{
    *ret_count = sizeof rows / sizeof rows[0];
    return rows;
}

void mln_limits_default(struct mln_limits *ret)
{
    *ret = (struct mln_limits){
#define MLN_L(name, initial, least, greatest, reason) .name = (initial),
#include "base/limits.def"
#undef MLN_L
    };
}
