/* What is CMDH about <node> and <mgmtObj>: which policy is the active one.
 *
 * The <node> whose hostedCSELink names the CSEBase is the one of this CSE; there is one at most.
 * The policy that its [activeCmdhPolicy] names is applied to what this CSE sends to other CSEs:
 * cse/remote/cmdh.h. Which node that is, and which [activeCmdhPolicy] a node has, is noted in
 * MLN_SPACE_CMDH, so that nothing is looked for. The thread of the view.
 * spec: TS-0001 9.6.18, D.12; TS-0004 D.12, annex H.1 */
#pragma once

#include "cse/notify/outbox.h"
#include "cse/types/types.h"

/* mgmtDefinition. spec: TS-0004 6.3.4.2.22 */
enum mln_cmdh_kind {
    MLN_CMDH_POLICY = 1011,
    MLN_CMDH_ACTIVE = 1012,
    MLN_CMDH_DEFAULTS = 1013,
    MLN_CMDH_DEFAULT_CATEGORY = 1014,
    MLN_CMDH_DEFAULT_VALUES = 1015,
    MLN_CMDH_LIMITS = 1016,
    MLN_CMDH_NETWORK_RULES = 1017,
    MLN_CMDH_NETWORK_RULE = 1018,
    MLN_CMDH_BUFFER = 1019,
};

/* The active [cmdhPolicy] of this CSE. Errors: NOT_FOUND (there is none), STORE_*, NO_MEMORY. */
mln_err mln_cmdh_active(const struct mln_lookup *l, struct mln_resource *ret);

/* Additions of <mgmtObj> for these kinds; nothing for others.
 * Errors: ATTR_INVALID, LIMIT, NOT_IMPLEMENTED, STORE_*, NO_MEMORY. */
mln_err mln_cmdh_validate(struct mln_exec *e);
mln_err mln_cmdh_stored(struct mln_exec *e, const struct mln_draft *d);
mln_err mln_cmdh_removed(const struct mln_change *c, const struct mln_resource *r);

/* Additions of <node>. Errors: CONFLICT (another node is that of this CSE), STORE_*, NO_MEMORY. */
mln_err mln_cmdh_node_validate(struct mln_exec *e);
mln_err mln_cmdh_node_stored(struct mln_exec *e, const struct mln_draft *d);
mln_err mln_cmdh_node_removed(const struct mln_change *c, const struct mln_resource *r);
