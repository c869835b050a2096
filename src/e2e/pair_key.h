/* Pairwise keys of ESPrim, as the target engine asks for them: what it must know of credentials
 * directories, and of keys made by ESCertKE. spec: security.md 25.2 */
#pragma once

#include "base/association.h"
#include "base/secret.h"

/* A key, and who is at the other end. */
struct mln_pair_key {
    struct mln_secret *key;              /* owned by who asked */
    struct mln_association *association; /* a reference: the peer that the key proves */
};

struct mln_pair_keys {
    void *data;
    /* The key of that identifier, for ESPrim. Called from any thread, and for each first object of
     * a session. Errors: NOT_FOUND (unknown, not valid now, or meant for another use), NO_MEMORY.
     */
    mln_err (*find)(void *data, struct mln_slice kid, int64_t now_us, struct mln_pair_key *ret);
};
