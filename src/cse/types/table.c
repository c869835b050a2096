/* What types.def lists, by number. */
#include "cse/types/annc.h"

enum { FIRST_ANNOUNCED = 10000 }; /* an announced variant has the number of its original more */

#define MLN_A(ty)
#define MLN_T(ty, name) extern const struct mln_type_ops mln_##name##_ops;
#include "cse/types/types.def"
#undef MLN_T

static const struct mln_type_ops *const by_number[] = {
#define MLN_T(ty, name) [ty] = &mln_##name##_ops,
#include "cse/types/types.def"
#undef MLN_T
#undef MLN_A
};

static const bool announced[] = {
#define MLN_T(ty, name)
#define MLN_A(ty) [(ty)-FIRST_ANNOUNCED] = true,
#include "cse/types/types.def"
#undef MLN_T
#undef MLN_A
};

static const uint16_t numbers[] = {
#define MLN_T(ty, name) ty,
#define MLN_A(ty)       ty,
#include "cse/types/types.def"
#undef MLN_T
#undef MLN_A
};

const struct mln_type_ops *mln_type_ops_of(uint16_t ty)
{
    if (ty >= FIRST_ANNOUNCED) {
        size_t at = (size_t)ty - FIRST_ANNOUNCED;
        bool is_built = at < sizeof announced / sizeof announced[0] && announced[at];
        const struct mln_type_ops *original = is_built ? mln_type_original_of(ty) : NULL;

        return original && original->announced ? original->announced
               : is_built                      ? &mln_annc_ops
                                               : NULL;
    }
    return ty < sizeof by_number / sizeof by_number[0] ? by_number[ty] : NULL;
}

const struct mln_type_ops *mln_type_original_of(uint16_t ty)
{
    return ty >= FIRST_ANNOUNCED ? mln_type_ops_of((uint16_t)(ty - FIRST_ANNOUNCED)) : NULL;
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
