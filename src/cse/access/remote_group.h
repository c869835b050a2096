/* Groups that other CSEs host, as entries of accessControlOriginators. Whether the originator is a
 * member is remembered for a short while. When they are asked for: elsewhere.h
 * spec: TS-0001 9.6.2.1; security.md 1.2, 3.3 */
#pragma once

#include "cse/cse_int.h"

/* Is the originator a member of the group at the address? Not as long as that is not known; then it
 * is noted. Errors: STORE_*, NO_MEMORY. */
mln_err mln_remote_groups_has(struct mln_access *a, struct mln_slice address, bool *ret);
