/* What the files of JOSE share: the inside of a key, and libjose behind three calls.
 *
 * libjose reads its keys and headers as jansson values. They are made from texts that our own
 * strict reader has accepted, live as long as one call, and are wiped when they go. spec: RFC 7515,
 * RFC 7516 */
#pragma once

#include <openssl/evp.h>

#include "base/secret.h"
#include "crypto/jose_key.h"

/* Operations of key_ops, as bits. */
enum {
    MLN_JOSE_OP_SIGN = 1,
    MLN_JOSE_OP_VERIFY = 2,
    MLN_JOSE_OP_SEAL = 4, /* encrypt, wrapKey, deriveKey, deriveBits */
    MLN_JOSE_OP_OPEN = 8, /* decrypt, unwrapKey, deriveKey, deriveBits */
    MLN_JOSE_OP_ALL = 15,
};

struct mln_jose_key {
    enum mln_jose_kty kty;
    enum mln_jose_crv crv;
    bool is_private;
    unsigned ops;
    bool is_bound; /* `alg` names one of: */
    enum mln_jose_sig sig;
    enum mln_jose_wrap wrap;
    enum mln_jose_enc enc;
    char *id; /* heap; or NULL */
    size_t id_len;
    struct mln_secret *oct; /* OCT: the bytes */
    struct mln_secret *jwk; /* the members that libjose needs, as JSON; NULL of a certificate */
    EVP_PKEY *pkey;         /* EC, RSA */
    size_t modulus_bytes;   /* RSA */
    unsigned char thumbprint[MLN_SHA256_SIZE]; /* RFC 7638 */
};

/* The keys of OpenSSL for numbers in base64url; without d a public one. jose_pkey.c
 * Errors: CONFIG (they make no key), NO_MEMORY. */
enum { MLN_JOSE_RSA_NUMBERS = 8 }; /* n e d p q dp dq qi */
mln_err mln_jose_pkey_ec(enum mln_jose_crv crv, struct mln_slice x, struct mln_slice y,
                         struct mln_slice d, EVP_PKEY **ret);
mln_err mln_jose_pkey_rsa(const struct mln_slice numbers[static MLN_JOSE_RSA_NUMBERS],
                          EVP_PKEY **ret);

/* Does the signature fit? The key must be one that may verify. Errors: TOKEN_REFUSED, NO_MEMORY. */
mln_err mln_jose_verify(const struct mln_jose_key *key, enum mln_jose_sig sig,
                        struct mln_slice input, struct mln_slice signature);

/* A compact JWS of the payload; `header` is JSON. Errors: INTERNAL (libjose does not say why). */
mln_err mln_jose_sign(const struct mln_jose_key *key, struct mln_slice header,
                      struct mln_slice payload, struct mln_arena *arena, struct mln_slice *ret);

/* A compact JWE: its five parts as in the text, and what its header says. */
enum { MLN_JOSE_JWE_PARTS = 5 };
struct mln_jose_sealed {
    struct mln_slice parts[MLN_JOSE_JWE_PARTS];
    enum mln_jose_wrap wrap;
    enum mln_jose_enc enc;
    const struct mln_jose_key *ephemeral; /* ECDH-ES: epk, public, of the key's curve */
    struct mln_slice party_u;             /* apu, apv, decoded */
    struct mln_slice party_v;
};

/* Decrypts. The key must be one that may open it. jose_open.c
 * Errors: SYNTAX (not base64url), TOKEN_REFUSED, NO_MEMORY, SYSTEM. */
mln_err mln_jose_open(const struct mln_jose_key *key, const struct mln_jose_sealed *jwe,
                      struct mln_arena *arena, struct mln_slice *ret);

/* A compact JWE of the text; `header` is JSON with alg and enc. Errors: INTERNAL, NO_MEMORY. */
mln_err mln_jose_seal(const struct mln_jose_key *key, enum mln_jose_enc enc,
                      struct mln_slice header, struct mln_slice text, struct mln_arena *arena,
                      struct mln_slice *ret);

/* Wraps a content key for an RSA key. Errors: INTERNAL, NO_MEMORY. */
mln_err mln_jose_rsa_wrap(const struct mln_jose_key *key, const struct mln_secret *cek,
                          struct mln_arena *arena, struct mln_slice *ret);

/* Unwraps a content key of `bytes` bytes; a random one when it is not there. The caller frees it.
 * Errors: NO_MEMORY, SYSTEM. */
mln_err mln_jose_rsa_unwrap(const struct mln_jose_key *key, struct mln_slice wrapped, size_t bytes,
                            struct mln_secret **ret);
