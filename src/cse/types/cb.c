/* <CSEBase>: the root. Provisioned at the start, never created, changed or deleted by request.
 * spec: TS-0004 7.4.3 */
#include "cse/types/types.h"

const struct mln_type_ops mln_cb_ops = {
    .ty = MLN_TY_CB,
    .operations = MLN_OPS_RETRIEVE | MLN_OPS_NOTIFY,
};
