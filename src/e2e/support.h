/* m2m:e2eSecInfo: which kinds of end-to-end security an AE or a CSE supports.
 *
 * Pure functions, any thread. spec: TS-0004 6.3.5.52; security.md 25.1 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "model/value.h"

/* Adds to the tables: certificates are certificates in DER, and a shared receiver object expires at
 * a time that says the same to both ends (docs/decisions/0051). Nobody is believed for what stands
 * there. Errors: ATTR_INVALID, NO_MEMORY. */
mln_err mln_e2e_support_check(const struct mln_value *support, struct mln_arena *arena,
                              struct mln_fault *fault);
