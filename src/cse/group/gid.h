/* Group Request Identifiers seen: a request that comes round in a circle of groups, or reaches a
 * member by two ways, is carried out once.
 *
 * Within one group request on this CSE the set hangs on the request (struct mln_fan). What comes
 * with an identifier from elsewhere is also remembered in a bounded table until it expires; the
 * table belongs to the store's executor, which is why such requests run there.
 * spec: TS-0004 7.3.3.2, 7.4.14.2.4 */
#pragma once

#include "cse/cse_int.h"

struct mln_gid_table;

/* Errors: NO_MEMORY. */
mln_err mln_gid_table_new(uint64_t size, struct mln_gid_table **ret);
void mln_gid_table_free(struct mln_gid_table *table);

/* Notes that the request reaches the target; a group and its fanOutPoint are two.
 * Errors: GROUP_REQUEST_SEEN, NO_MEMORY. */
mln_err mln_gid_check(struct mln_exec *e, const struct mln_target *target);

/* Remembers all that the group request has reached here, under the identifier that it has got only
 * now, for when it comes back. On the store's executor. Errors: NO_MEMORY. */
mln_err mln_gid_keep(struct mln_exec *e);
