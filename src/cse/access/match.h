/* Originators against the entries of accessControlOriginators and against group membership.
 *
 * Entries may be "all", an SP domain, an AE-ID or CSE-ID in any spelling with '*', a Role-ID, or
 * the address of a group. What cannot be read or resolved does not match. The thread of the view.
 * spec: TS-0004 7.3.3.15, TS-0001 9.6.2.1; wildcards: docs/internals/access.md */
#pragma once

#include "cse/access/access.h"

/* What the entry can match; it is borrowed. Errors: NO_MEMORY. */
mln_err mln_who_read(struct mln_slice entry, const struct mln_names *names, struct mln_arena *arena,
                     struct mln_who *ret);

/* Does it name the originator, or a role of it? Groups are not looked at. */
bool mln_who_matches(const struct mln_who *who, struct mln_policy_facts *facts);

/* Does the identifier, in any spelling, name the originator: its AE-ID or CSE-ID, or its <AE>? */
bool mln_access_is_named(const struct mln_names *names, const struct mln_originator *o,
                         struct mln_slice id);

/* Is the originator a member of the group at the address, or of a group within? Of a group that
 * another CSE hosts: by what is known of it (remote_group.h).
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_access_is_member(struct mln_access *a, struct mln_slice address, bool *ret);

/* May the request look up one more group, or policy of another CSE? Counts it. */
bool mln_access_may_look_up(struct mln_access *a);

/* Does one entry name the originator? All of the above. Errors: STORE_*, NO_MEMORY. */
mln_err mln_access_matches(struct mln_access *a, struct mln_slice entry, bool *ret);

/* Does the entry have a form that can match something at all? Else it is refused when a policy is
 * stored. What has the look of a Role-ID is told apart: it is nothing else. */
enum mln_entry_form {
    MLN_ENTRY_INVALID,
    MLN_ENTRY_VALID,
    MLN_ENTRY_ROLE,
};
enum mln_entry_form mln_access_entry_form(struct mln_slice entry);
