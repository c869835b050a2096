/* What carries a content key to a recipient, below JOSE and XML security: AES key wrap, key
 * agreement on a curve, and the Concat KDF that makes a wrapping key of it.
 *
 * Pure functions, any thread. What is secret lives in struct mln_secret, or in the caller's array,
 * which the caller wipes.
 * spec: RFC 3394, RFC 7518 4.4, 4.6, XMLEnc 1.1 5.4.1, NIST SP 800-56A 5.8.1 */
#pragma once

#include <openssl/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "crypto/digest.h"

/* Wraps by a key of 16, 24 or 32 bytes; what is wrapped has a multiple of 8 bytes, at least 16.
 * Errors: INTERNAL, NO_MEMORY. */
mln_err mln_key_wrap(const unsigned char *kek, size_t kek_bytes, const struct mln_secret *key,
                     struct mln_arena *arena, struct mln_slice *ret);

/* The length tells that of the key; what is not sound is refused. The caller frees the key.
 * Errors: TOKEN_REFUSED, NO_MEMORY. */
mln_err mln_key_unwrap(const unsigned char *kek, size_t kek_bytes, struct mln_slice wrapped,
                       struct mln_secret **ret);

/* The coordinate that both sides come to (Z), as long as the field of their curve. The caller frees
 * it. Errors: TOKEN_REFUSED (not of the same curve), NO_MEMORY. */
mln_err mln_key_agree(EVP_PKEY *own, EVP_PKEY *theirs, struct mln_secret **ret);

/* A fresh key pair on the curve of `like`. The caller frees it. Errors: NO_MEMORY (the library does
 * not tell the cause). */
mln_err mln_key_ephemeral(EVP_PKEY *like, EVP_PKEY **ret);

/* One round with SHA-256, which is as much as any of our keys needs. Errors: NO_MEMORY. */
mln_err mln_key_concat_kdf(const struct mln_secret *z, struct mln_slice other_info,
                           unsigned char ret[static MLN_SHA256_SIZE]);
