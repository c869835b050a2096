/* The security association of a request: what it proves about names is in model/cover.h.
 *
 * Pure functions; any thread. spec: TS-0004 7.3.2.1, TS-0003 7.2.1, security.md 4.1 */
#pragma once

#include "base/association.h"
#include "cse/cse.h"
#include "model/cover.h"

/* The association that the request came over, or NULL: none, or one that is revoked or over. */
const struct mln_association *mln_proof_of(const struct mln_cse *cse, const struct mln_peer *peer);

/* Does the association prove that the originator called `from` is itself at its other end? Then
 * *ret is this AE or CSE. The administrator is proved by a credential with exactly its name only.
 * spec: security.md 25.4 */
bool mln_proof_names(const struct mln_cse *cse, const struct mln_association *association,
                     struct mln_slice from, struct mln_entity *ret);

/* Does the listener vouch for the peer? Not when there is, or was, an association: that one says
 * who it is. */
bool mln_proof_is_trusted(const struct mln_peer *peer);
