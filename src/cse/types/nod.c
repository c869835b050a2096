/* <node>: describes the hardware that hosts AEs and CSEs. No behaviour beyond the generic one.
 * spec: TS-0004 7.4.18 */
#include "cse/types/types.h"

const struct mln_type_ops mln_nod_ops = {
    .ty = MLN_TY_NOD,
    .operations = MLN_OPS_CRUD,
};
