/* Policies that other CSEs host, as entries of accessControlPolicyIDs and the like.
 *
 * They are retrieved in the name of this CSE, so their selfPrivileges must permit that. What one
 * says is remembered for a short while, whoever is decided on; what is not there, or is no policy
 * that can be evaluated here, permits nothing. When they are asked for: elsewhere.h spec:
 * TS-0001 9.6.1.3.2, 9.6.2; TS-0004 7.3.3.15; docs/decisions/0039 */
#pragma once

#include "cse/cse_int.h"

struct mln_remote_policy {
    struct mln_slice attributes; /* packed: pv and pvs; empty: it does not count */
    struct mln_names names;      /* of its CSE: what is relative in it is relative to that */
};

/* The policy at the address. As long as it is not known it does not count; then it is noted. Lives
 * as long as the request. Errors: STORE_*, NO_MEMORY. */
mln_err mln_remote_policy_find(struct mln_access *a, struct mln_slice address,
                               struct mln_remote_policy *ret);

/* An identifier in a policy of that CSE as it reads here. In the arena. Errors: NO_MEMORY. */
mln_err mln_remote_policy_resolve(const struct mln_names *theirs, const struct mln_names *ours,
                                  struct mln_slice id, struct mln_arena *arena,
                                  struct mln_slice *ret);
