/* <statsConfig>: holds the events for which statistics are collected. No behaviour beyond the
 * generic one. spec: TS-0004 7.4.23 */
#include "cse/types/types.h"

const struct mln_type_ops mln_stcg_ops = {
    .ty = MLN_TY_STCG,
    .operations = MLN_OPS_CRUD,
};
