/* <AEContactListPerCSE>: the AEs that the resources of one CSE refer to. Made, changed and deleted
 * by this CSE only: alst.h. spec: TS-0004 7.4.54, TS-0001 9.6.46 */
#include "cse/types/types.h"

const struct mln_type_ops mln_alpc_ops = {
    .ty = MLN_TY_ALPC,
    .operations = MLN_OPS_RETRIEVE,
};
