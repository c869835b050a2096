/* What the files of JOSE share: the inside of a key, and the steps of RFC 7515 and RFC 7516 by
 * OpenSSL. spec: RFC 7515, RFC 7516, RFC 7518 */
#pragma once

#include <openssl/evp.h>

#include "base/secret.h"
#include "crypto/jose_key.h"

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
    struct mln_secret *oct;                    /* OCT: the bytes */
    EVP_PKEY *pkey;                            /* EC, RSA */
    size_t modulus_bytes;                      /* RSA */
    unsigned char thumbprint[MLN_SHA256_SIZE]; /* of the secret, or the public key's DER */
};

/* The keys of OpenSSL for numbers in base64url; without d a public one. jose_pkey.c
 * Errors: CONFIG (they make no key), NO_MEMORY. */
enum { MLN_JOSE_RSA_NUMBERS = 8 }; /* n e d p q dp dq qi */
mln_err mln_jose_pkey_ec(enum mln_jose_crv crv, struct mln_slice x, struct mln_slice y,
                         struct mln_slice d, EVP_PKEY **ret);
mln_err mln_jose_pkey_rsa(const struct mln_slice numbers[static MLN_JOSE_RSA_NUMBERS],
                          EVP_PKEY **ret);

/* A public key on a curve as JWK. Errors: NO_MEMORY. jose_pkey.c */
mln_err mln_jose_pkey_jwk(const EVP_PKEY *key, enum mln_jose_crv crv, struct mln_arena *arena,
                          struct mln_value **ret);

/* One more reference to a key of OpenSSL. Errors: CONFIG (kind, size, parts that do not belong
 * together), NO_MEMORY. jose_key.c */
mln_err mln_jose_key_of_pkey(EVP_PKEY *pkey, bool is_private, struct mln_jose_key **ret);
