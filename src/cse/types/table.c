/* What types.def lists, by number. */
#include "cse/types/types.h"

#define MLN_T(ty, name) extern const struct mln_type_ops mln_##name##_ops;
#include "cse/types/types.def"
#undef MLN_T

static const struct mln_type_ops *const by_number[] = {
#define MLN_T(ty, name) [ty] = &mln_##name##_ops,
#include "cse/types/types.def"
#undef MLN_T
};

static const uint16_t numbers[] = {
#define MLN_T(ty, name) ty,
#include "cse/types/types.def"
#undef MLN_T
};

const struct mln_type_ops *mln_type_ops_of(uint16_t ty)
{
    return ty < sizeof by_number / sizeof by_number[0] ? by_number[ty] : NULL;
}

const uint16_t *mln_types_supported(size_t *ret_count)
{
    *ret_count = sizeof numbers / sizeof numbers[0];
    return numbers;
}

bool mln_type_allows(uint16_t ty, enum mln_op op)
{
    const struct mln_type_ops *ops = mln_type_ops_of(ty);

    return ops && (ops->operations & (1u << op));
}
