/* Roles, tokens and remote CSEs that this CSE keeps, found by what they say: a <role> by Role-ID,
 * holder and issuer, a <token> by Token-ID, a <remoteCSE> by its CSE-ID and those of the
 * descendants that it lists.
 *
 * Rows live in MLN_SPACE_ASSIGNED: a letter, the first 16 bytes of the SHA-256 of what is looked
 * for, and the id of the resource. They come and go with the resource, in the same transaction. A
 * row is a hint: who follows it looks at the resource. The thread of the view.
 * spec: TS-0001 9.6.38, 9.6.39; security.md 5.3, 6.4 */
#pragma once

#include "model/ident.h"
#include "store/store.h"

enum { MLN_ASSIGNED_PREFIX = 17, MLN_ASSIGNED_KEY = MLN_ASSIGNED_PREFIX + 8 };

/* What is looked for, and how far the search has come. */
struct mln_assigned {
    char key[MLN_ASSIGNED_KEY];
    bool is_newest_first;
};

/* Roles with this Role-ID that the issuer gave to the holder, newest first. Errors: NO_MEMORY. */
mln_err mln_assigned_roles(struct mln_slice role_id, const struct mln_entity *holder,
                           const struct mln_entity *issuer, struct mln_assigned *ret);

/* Tokens with this Token-ID, oldest first: who comes later displaces nobody. Errors: NO_MEMORY. */
mln_err mln_assigned_tokens(struct mln_slice token_id, struct mln_assigned *ret);

/* Remote CSEs with this CSE-ID, and those that list it as a descendant, oldest first.
 * Errors: NO_MEMORY. */
mln_err mln_assigned_cses(const struct mln_entity *cse, struct mln_assigned *ret);

/* The next one; what is gone already is passed over.
 * Errors: NOT_FOUND at the end, STORE_*, NO_MEMORY. */
mln_err mln_assigned_next(struct mln_assigned *a, struct mln_view *view, struct mln_arena *arena,
                          struct mln_resource *ret);

/* A resource was stored, or is about to go; one of another type is passed over.
 * Errors: STORE_*, NO_MEMORY. */
mln_err mln_assigned_add(struct mln_write *write, const struct mln_names *names,
                         const struct mln_resource *resource);
mln_err mln_assigned_remove(struct mln_write *write, const struct mln_names *names,
                            const struct mln_resource *resource);
