/* Sealing of bytes that are stored: AES-256-GCM under a master key.
 *
 * A sealed text carries a version, the name of the key that sealed it, and a random nonce; all of
 * them and the associated data, which says what the bytes are for, are authenticated. A text that
 * was changed, cut, or sealed for another purpose is refused as a whole. The master key is a
 * handle: today it is read from a file; a secure environment can stand behind the same face. A
 * master key does not change after it was made: any thread may use it. spec: security.md 30.4,
 * TS-0003 6.3 */
#pragma once

#include "base/env.h"
#include "base/fault.h"
#include "base/secret.h"

enum {
    MLN_MASTER_KEY_BYTES = 32,
    MLN_SEAL_OVERHEAD = 48,          /* bytes of a sealed text beyond those inside */
    MLN_SEAL_MAX = 64 * 1024 * 1024, /* bytes that are sealed at once */
};

struct mln_master_key;

/* Reads the key from a file: 32 bytes, a regular file that nobody but its owner can read.
 * Errors: NOT_FOUND (there is no such file), CONFIG (wrong length, or others can read it), SYSTEM,
 * NO_MEMORY. */
mln_err mln_master_key_load(const char *path, struct mln_fault *fault, struct mln_master_key **ret);

/* Makes a random key, and a file for it that is durable when this returns. A file that is there
 * already is left as it is. Errors: CONFLICT (it is there), SYSTEM, NO_MEMORY. */
mln_err mln_master_key_make(const char *path, const struct mln_env *env, struct mln_fault *fault,
                            struct mln_master_key **ret);

/* Frees; also the cleanup attribute. Accepts a pointer to NULL. */
void mln_master_key_freep(struct mln_master_key **key);

/* Seals `plain` into `out`, which has room for plain.len + MLN_SEAL_OVERHEAD bytes: that many are
 * written. Errors: LIMIT, SYSTEM (random numbers), NO_MEMORY. */
mln_err mln_seal(const struct mln_master_key *key, const struct mln_env *env,
                 struct mln_slice associated, struct mln_slice plain, char *out);

/* Opens what mln_seal wrote with the same associated data; *ret is NULL for an empty text.
 * Errors: SEAL_BROKEN (damaged, cut, no sealed text at all, or of another purpose), SEAL_KEY
 * (sealed under another master key), SEAL_VERSION (by a newer version), NO_MEMORY. */
mln_err mln_unseal(const struct mln_master_key *key, struct mln_slice associated,
                   struct mln_slice sealed, struct mln_secret **ret);
