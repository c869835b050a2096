/* <m2mServiceSubscriptionProfile>: the contract with an application service provider; holds the
 * nodes that belong to it. No behaviour beyond the generic one. spec: TS-0004 7.4.19 */
#include "cse/types/types.h"

const struct mln_type_ops mln_mssp_ops = {
    .ty = MLN_TY_MSSP,
    .operations = MLN_OPS_CRUD,
};
