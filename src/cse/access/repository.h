/* Roles that other CSEs keep: retrieved from the repository that is configured for the domain of
 * the Role-ID, while the request waits.
 *
 * One RETRIEVE for each role, all at once; what does not come in time, or cannot be verified, is a
 * role that the originator does not have. Found roles are remembered for a short while, never
 * longer than they are valid. The worker's thread.
 * spec: TS-0003 7.4.2, TS-0001 10.2.3; security.md 5.2 */
#pragma once

#include "cse/cse_int.h"

/* Asks for the roles that mln_gather has noted. PARKED: mln_exec_resume follows; else there was
 * nobody to ask. Errors: OVERLOAD, NO_MEMORY. */
mln_err mln_repository_start(struct mln_exec *e, enum mln_step *ret);
