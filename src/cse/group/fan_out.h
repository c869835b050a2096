/* Fan-out: one request to the fanOutPoint of a group becomes one for each member.
 *
 * The members' requests keep the originator and run in the same view, each through the stages of
 * its own; their answers are collected. Groups within groups are followed; circles end by the
 * loop guard, width and depth by limits. When the request as a whole fails, nothing of what its
 * members did remains.
 * spec: TS-0004 7.4.14 */
#pragma once

#include "cse/cse_int.h"

/* Can the request be fanned out at all? Errors: NO_MEMBERS, PARAM_INVALID (unknown member in Group
 * Request Target Members), STORE_*, NO_MEMORY. */
mln_err mln_fan_out_check(struct mln_exec *e);

/* Makes the whole answer. Errors: as mln_fan_out_check, GROUP_REQUEST_SEEN, LIMIT. */
mln_err mln_fan_out(struct mln_exec *e);
