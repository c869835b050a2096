/* Roles that other CSEs keep: retrieved from the repository that is configured for the domain of
 * the Role-ID, while the request waits.
 *
 * One RETRIEVE for each role, all at once; what does not come in time, or cannot be verified, is a
 * role that the originator does not have. Found roles are remembered for a short while, never
 * longer than they are valid; what is not there, and a repository that does not answer, for a
 * shorter one. One originator can have so many questions asked at a time. The worker's thread.
 * spec: TS-0003 7.4.2, TS-0001 10.2.3; security.md 5.2 */
#pragma once

#include "cse/cse_int.h"

struct mln_role_check;

/* Was this role of the originator, or anything of its domain, asked for in vain a moment ago? */
bool mln_repository_is_vain(const struct mln_worker *worker, const struct mln_role_check *check,
                            struct mln_slice role_id);

/* Asks for the roles that mln_gather has noted. PARKED: mln_exec_resume follows; else there was
 * nobody to ask. Errors: OVERLOAD, REQUEST_PENDING, NO_MEMORY. */
mln_err mln_repository_start(struct mln_exec *e, enum mln_step *ret);
