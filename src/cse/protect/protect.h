/* The CSE as an end of end-to-end security: what a NOTIFY with m2m:securityInfo asks of it.
 *
 * An inner request is carried out on the same worker, by a call of its own, while the NOTIFY that
 * brought it waits. Its peer is the one that the pairwise key proves, not who handed it over.
 * Nothing of it goes to a log. Worker's thread.
 * spec: TS-0004 7.5.1.2.11 to 7.5.1.2.13; security.md 25.4; docs/internals/end-to-end.md */
#pragma once

#include "cse/cse_int.h"

/* May the originator ask that, whatever policies say, since what is inside proves who it is?
 * NOTIFY, and RETRIEVE of e2eSecInfo alone, at the CSEBase. spec: security.md 1.5 */
bool mln_protect_admits(const struct mln_exec *e);

/* Is it a NOTIFY with m2m:securityInfo? */
bool mln_protect_concerns(const struct mln_exec *e);

/* Recv-6.5 of that at the CSEBase. Errors: NOT_IMPLEMENTED, BAD_REQUEST, OPERATION, those of
 * struct mln_esprim_target, ESPRIM_IMPERSONATION, OVERLOAD, REQUEST_PENDING, NO_MEMORY. */
mln_err mln_protect_perform(struct mln_exec *e);

/* Adds e2eSecInfo to the CSEBase that is retrieved. Errors: NO_MEMORY, SYSTEM, STORE_CORRUPT. */
mln_err mln_protect_show(struct mln_exec *e);
