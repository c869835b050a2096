/* The resource types with behaviour. A type that is not here is not implemented: its CREATE is
 * refused and it is absent from supportedResourceType. */
#include "cse/types/types.h"

extern const struct mln_type_ops mln_acp_ops;
extern const struct mln_type_ops mln_ae_ops;
extern const struct mln_type_ops mln_asar_ops;
extern const struct mln_type_ops mln_cb_ops;
extern const struct mln_type_ops mln_cin_ops;
extern const struct mln_type_ops mln_cnt_ops;
extern const struct mln_type_ops mln_fcnt_ops;
extern const struct mln_type_ops mln_grp_ops;
extern const struct mln_type_ops mln_mgmtObj_ops;
extern const struct mln_type_ops mln_mssp_ops;
extern const struct mln_type_ops mln_nod_ops;
extern const struct mln_type_ops mln_rol_ops;
extern const struct mln_type_ops mln_sub_ops;
extern const struct mln_type_ops mln_svsn_ops;
extern const struct mln_type_ops mln_tk_ops;
extern const struct mln_type_ops mln_ts_ops;
extern const struct mln_type_ops mln_tsi_ops;

/* Ascending by resource type number. */
static const struct mln_type_ops *const table[] = {
    &mln_acp_ops,  &mln_ae_ops,      &mln_cnt_ops, &mln_cin_ops,  &mln_cb_ops,   &mln_grp_ops,
    &mln_mssp_ops, &mln_mgmtObj_ops, &mln_nod_ops, &mln_asar_ops, &mln_svsn_ops, &mln_sub_ops,
    &mln_fcnt_ops, &mln_ts_ops,      &mln_tsi_ops, &mln_rol_ops,  &mln_tk_ops,
};

enum { TYPES = sizeof table / sizeof table[0] };

const struct mln_type_ops *mln_type_ops_of(uint16_t ty)
{
    for (unsigned i = 0; i < TYPES; i++) {
        if (table[i]->ty == ty) {
            return table[i];
        }
    }
    return NULL;
}

const uint16_t *mln_types_supported(size_t *ret_count)
{
    static const uint16_t numbers[] = {
        MLN_TY_ACP,           MLN_TY_AE,      MLN_TY_CNT, MLN_TY_CIN,  MLN_TY_CB,   MLN_TY_GRP,
        MLN_TY_MSSP,          MLN_TY_MGMTOBJ, MLN_TY_NOD, MLN_TY_ASAR, MLN_TY_SVSN, MLN_TY_SUB,
        MLN_TY_FLEXCONTAINER, MLN_TY_TS,      MLN_TY_TSI, MLN_TY_ROL,  MLN_TY_TK
    };

    _Static_assert(sizeof numbers / sizeof numbers[0] == TYPES, "one number for each record");
    *ret_count = TYPES;
    return numbers;
}

bool mln_type_allows(uint16_t ty, enum mln_op op)
{
    const struct mln_type_ops *ops = mln_type_ops_of(ty);

    return ops && (ops->operations & (1u << op));
}
