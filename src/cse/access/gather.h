/* Gathering what an originator proves beside its name, before the request is worked on.
 *
 * Where the policies alone permit a request, its roles and tokens are not looked at. Else tokens
 * are verified, tokens named by Token-ID are looked up, and roles that other CSEs keep are
 * retrieved while the request waits; roles of this CSE are read in the view of the decision. The
 * worker's thread.
 * spec: TS-0001 10.2.3.1, TS-0003 7.3.2.3, 7.4.2; security.md 3.3, 6.4 */
#pragma once

#include "cse/cse_int.h"

/* Does the request carry something, and has it not been gathered yet? */
bool mln_gather_concerns(const struct mln_exec *e);

/* In a view, after the stages up to authorise: `err` is how they ended. Verifies tokens and notes
 * which roles are to be retrieved. Errors: SYNTAX and LIMIT (a token that is none), STORE_*,
 * NO_MEMORY. */
mln_err mln_gather(struct mln_exec *e, mln_err err);
