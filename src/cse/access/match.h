/* Originators against the entries of accessControlOriginators and against group membership.
 *
 * Entries may be "all", an SP domain, an AE-ID or CSE-ID in any spelling with '*', or the address
 * of a group. What cannot be read or resolved does not match. The thread of the view.
 * spec: TS-0004 7.3.3.15, TS-0001 9.6.2.1; wildcards: docs/internals/access.md */
#pragma once

#include "cse/access/access.h"

/* Does one entry name the originator? Errors: STORE_*, NO_MEMORY. */
mln_err mln_access_matches(struct mln_access *a, struct mln_slice entry, bool *ret);

/* Does the entry have a form that can match something at all? Else it is refused when a policy is
 * stored. Role-IDs are told apart: they need what is not built yet. */
enum mln_entry_form {
    MLN_ENTRY_INVALID,
    MLN_ENTRY_VALID,
    MLN_ENTRY_ROLE,
};
enum mln_entry_form mln_access_entry_form(struct mln_slice entry);
