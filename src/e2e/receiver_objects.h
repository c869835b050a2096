/* Receiver objects that need no memory: all that must be known of one stands in its identifier,
 * with a tag under a key of this process. Its value is made from the identifier under the same key.
 *
 * Constant after init; any thread. spec: TS-0003 8.4.2, security.md 25.1 */
#pragma once

#include "base/env.h"
#include "crypto/siphash.h"
#include "e2e/random.h"

struct mln_receiver_objects {
    unsigned char key[MLN_SIPHASH_KEY];
    uint16_t algs[MLN_JOSE_ENCS];
    size_t alg_count;
};

enum { MLN_RECEIVER_NONCE = 8 };

/* What distinguishes one. */
struct mln_receiver_seed {
    bool is_shared;
    int64_t expires_s; /* seconds since 1970, at most MLN_TIMESTAMP_MAX */
    unsigned char nonce[MLN_RECEIVER_NONCE];
};

/* A new seed. Errors: SYSTEM. */
mln_err mln_receiver_seed(const struct mln_env *env, bool is_shared, int64_t expires_us,
                          struct mln_receiver_seed *ret);

/* The object of a seed; its texts live in the arena. Errors: NO_MEMORY. */
mln_err mln_receiver_object(const struct mln_receiver_objects *objects,
                            const struct mln_receiver_seed *seed, struct mln_arena *arena,
                            struct mln_e2e_random *ret);

/* The seed of an identifier that was given out here. False: it was not. */
bool mln_receiver_find(const struct mln_receiver_objects *objects, struct mln_slice id,
                       struct mln_receiver_seed *ret);
