/* <node>: describes the hardware that hosts AEs and CSEs. One of them may be that of this CSE.
 * spec: TS-0004 7.4.18 */
#include "cse/types/cmdh.h"

const struct mln_type_ops mln_nod_ops = {
    .ty = MLN_TY_NOD,
    .operations = MLN_OPS_CRUD,
    .create = { .validate = mln_cmdh_node_validate, .finish = mln_cmdh_node_stored },
    .update = { .validate = mln_cmdh_node_validate, .finish = mln_cmdh_node_stored },
    .removed = mln_cmdh_node_removed,
};
