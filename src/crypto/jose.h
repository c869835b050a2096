/* The steps of JWS and JWE, for tokens and protected data: signing and verifying, wrapping and
 * agreeing on content keys, encrypting and decrypting content.
 *
 * What is long goes through in pieces. No step judges whether a key may be used so: callers ask the
 * key before. An object belongs to one thread at a time.
 * spec: RFC 7515, RFC 7516, RFC 7518 3 to 5 */
#pragma once

#include "base/secret.h"
#include "crypto/jose_key.h"

/* ---- signatures: jose_sign.c ---- */

struct mln_jose_signing;

/* Begins to make (or to verify) one signature. The key stays until the end.
 * Errors: NO_MEMORY, INTERNAL. */
mln_err mln_jose_signing_new(const struct mln_jose_key *key, enum mln_jose_sig sig,
                             bool is_verifying, struct mln_jose_signing **ret);
void mln_jose_signing_freep(struct mln_jose_signing **signing); /* accepts NULL in it */

/* The next piece of what is signed. Errors: INTERNAL. */
mln_err mln_jose_signing_add(struct mln_jose_signing *signing, struct mln_slice piece);

/* The signature as JOSE has it. Errors: INTERNAL, NO_MEMORY. */
mln_err mln_jose_signing_end(struct mln_jose_signing *signing, struct mln_arena *arena,
                             struct mln_slice *ret);

/* Does it fit? Errors: TOKEN_REFUSED, NO_MEMORY. */
mln_err mln_jose_signing_verify(struct mln_jose_signing *signing, struct mln_slice signature);

/* All at once. Errors: as above. */
mln_err mln_jose_verify(const struct mln_jose_key *key, enum mln_jose_sig sig,
                        struct mln_slice input, struct mln_slice signature);

/* ---- content keys: jose_wrap.c ---- */

enum { MLN_JOSE_PARTY_BYTES = 1024 };

/* How a content key goes to one recipient, beside the key. */
struct mln_jose_wrapping {
    enum mln_jose_wrap wrap;
    enum mln_jose_enc enc;
    const struct mln_jose_key
        *ephemeral;           /* opening with ECDH-ES: epk, public, of the key's curve */
    struct mln_slice party_u; /* apu, apv, decoded */
    struct mln_slice party_v;
};

/* A random content key, or with dir the key itself. Errors: NO_MEMORY, SYSTEM. */
mln_err mln_jose_make_cek(const struct mln_jose_key *key, const struct mln_jose_wrapping *how,
                          struct mln_secret **ret);

/* Wraps it: *ret_wrapped is empty with dir; *ret_epk is the fresh public key of ECDH-ES as JWK,
 * else NULL. Errors: INTERNAL, TOKEN_REFUSED (apu, apv too
 * long), NO_MEMORY. */
mln_err mln_jose_wrap_cek(const struct mln_jose_key *key, const struct mln_jose_wrapping *how,
                          const struct mln_secret *cek, struct mln_arena *arena,
                          struct mln_slice *ret_wrapped, struct mln_value **ret_epk);

/* The content key, of the length that `enc` has. With RSA a random one takes the place of what
 * cannot be unwrapped: the tag of the content decides. RFC 7516 11.5
 * Errors: TOKEN_REFUSED, NO_MEMORY, SYSTEM. */
mln_err mln_jose_unwrap_cek(const struct mln_jose_key *key, const struct mln_jose_wrapping *how,
                            struct mln_slice wrapped, struct mln_secret **ret);

/* ---- content: jose_content.c ---- */

enum { MLN_JOSE_IV_BYTES = 12, MLN_JOSE_TAG_BYTES = 16 };

struct mln_jose_sealing;

/* Begins to encrypt under a fresh IV. Errors: NO_MEMORY, SYSTEM. */
mln_err mln_jose_sealing_new(enum mln_jose_enc enc, const struct mln_secret *cek,
                             struct mln_jose_sealing **ret);
void mln_jose_sealing_freep(struct mln_jose_sealing **sealing); /* accepts NULL in it */

/* Lives as long as it does. */
struct mln_slice mln_jose_sealing_iv(const struct mln_jose_sealing *sealing);

/* What is authenticated besides, before any content; may be called again. Errors: INTERNAL. */
mln_err mln_jose_sealing_associate(struct mln_jose_sealing *sealing, struct mln_slice piece);

/* Encrypts a piece to as many bytes at `out`. Errors: INTERNAL. */
mln_err mln_jose_sealing_add(struct mln_jose_sealing *sealing, struct mln_slice piece,
                             unsigned char *out);

/* Errors: INTERNAL. */
mln_err mln_jose_sealing_end(struct mln_jose_sealing *sealing,
                             unsigned char ret_tag[static MLN_JOSE_TAG_BYTES]);

/* A sealed content, decoded. */
struct mln_jose_content {
    enum mln_jose_enc enc;
    struct mln_slice iv;
    struct mln_slice associated[3]; /* one after the other */
    struct mln_slice text;
    struct mln_slice tag;
};

/* Decrypts to text.len bytes at `out`, which are wiped when the tag does not fit.
 * Errors: TOKEN_REFUSED, NO_MEMORY. */
mln_err mln_jose_content_open(const struct mln_jose_content *content, const struct mln_secret *cek,
                              unsigned char *out);

/* ---- compact form: jose_compact.c ---- */

enum { MLN_JOSE_JWS_PARTS = 3, MLN_JOSE_JWE_PARTS = 5 };

/* A JWS of the payload; `header` is JSON. Errors: INTERNAL, LIMIT, NO_MEMORY. */
mln_err mln_jose_sign(const struct mln_jose_key *key, enum mln_jose_sig sig,
                      struct mln_slice header, struct mln_slice payload, struct mln_arena *arena,
                      struct mln_slice *ret);

/* A JWE of the text; `header` is an object with alg and enc, and gets epk.
 * Errors: INTERNAL, LIMIT, NO_MEMORY, SYSTEM. */
mln_err mln_jose_seal(const struct mln_jose_key *key, const struct mln_jose_wrapping *how,
                      struct mln_value *header, struct mln_slice text, struct mln_arena *arena,
                      struct mln_slice *ret);

/* Decrypts the five parts as they stand in the text.
 * Errors: SYNTAX (not base64url), TOKEN_REFUSED, NO_MEMORY, SYSTEM. */
mln_err mln_jose_open(const struct mln_jose_key *key, const struct mln_jose_wrapping *how,
                      const struct mln_slice parts[static MLN_JOSE_JWE_PARTS],
                      struct mln_arena *arena, struct mln_slice *ret);
