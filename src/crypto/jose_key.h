/* Keys for JOSE, read from JWK (RFC 7517) or from a certificate.
 *
 * A key knows what it may be used for: its type and size, and `use`, `key_ops` and `alg` where it
 * has them. A caller names the algorithm that a header asks for, and a key that does not fit is not
 * tried: so a public key cannot become the secret of an HMAC. Immutable; the owner frees it; any
 * thread may use it meanwhile. Nothing here prints a key.
 * spec: security.md 6.2, 13.4; RFC 7517, RFC 7518 6 */
#pragma once

#include "base/fault.h"
#include "codec/json.h"
#include "crypto/digest.h"
#include "crypto/jose_alg.h"

struct mln_jose_key;

/* Operations of key_ops, as bits. */
enum {
    MLN_JOSE_OP_SIGN = 1,
    MLN_JOSE_OP_VERIFY = 2,
    MLN_JOSE_OP_SEAL = 4, /* encrypt, wrapKey, deriveKey, deriveBits */
    MLN_JOSE_OP_OPEN = 8, /* decrypt, unwrapKey, deriveKey, deriveBits */
    MLN_JOSE_OP_ALL = 15,
};

/* Keys are small; a JWK of RSA 4096 takes 3.3 KB. */
enum { MLN_JOSE_KEY_BYTES = 16384 };

/* Certificates that go along with a signature. */
enum { MLN_JOSE_CHAIN = 5 };

/* One JWK as JSON text. The text stays the caller's, who wipes it. Errors: CONFIG (not a JWK, not
 * of a permitted kind or size, parts that do not belong together), NO_MEMORY. */
mln_err mln_jose_key_parse(struct mln_slice text, struct mln_fault *fault,
                           struct mln_jose_key **ret);

/* The same for a private or public key in PEM without pass phrase. It has no name. jose_pem.c */
mln_err mln_jose_key_parse_pem(struct mln_slice pem, struct mln_fault *fault,
                               struct mln_jose_key **ret);

/* The same for an object within a JSON text `source`, which was read into `jwk`. */
mln_err mln_jose_key_of(const struct mln_value *jwk, struct mln_slice source,
                        struct mln_fault *fault, struct mln_jose_key **ret);

/* The public key of a DER certificate whose path is verified already. Errors: CONFIG, NO_MEMORY. */
mln_err mln_jose_key_of_certificate(struct mln_slice der, struct mln_fault *fault,
                                    struct mln_jose_key **ret);

/* A secret, with operations as in `key_ops`. It has no name. Errors: CONFIG (shorter than 16
 * bytes), NO_MEMORY. */
mln_err mln_jose_key_of_secret(struct mln_slice bytes, unsigned ops, struct mln_jose_key **ret);

/* Takes away what is not among `ops`; the owner does so before others have the key. */
void mln_jose_key_narrow(struct mln_jose_key *key, unsigned ops);

/* Another name in the place of its own; likewise. Errors: NO_MEMORY. */
mln_err mln_jose_key_rename(struct mln_jose_key *key, struct mln_slice id);

/* Accepts NULL. */
void mln_jose_key_free(struct mln_jose_key *key);
void mln_jose_key_freep(struct mln_jose_key **key);

/* Key ID; empty when it has none. Lives as long as the key. */
struct mln_slice mln_jose_key_id(const struct mln_jose_key *key);

/* Same key material? */
bool mln_jose_key_eq(const struct mln_jose_key *a, const struct mln_jose_key *b);

/* Are both keys on the same curve? */
bool mln_jose_key_on_curve_of(const struct mln_jose_key *key, const struct mln_jose_key *other);

/* May it verify (or make) a signature of this algorithm? */
bool mln_jose_key_may_verify(const struct mln_jose_key *key, enum mln_jose_sig sig);
bool mln_jose_key_may_sign(const struct mln_jose_key *key, enum mln_jose_sig sig);

/* May it open (or make) content of these algorithms? */
bool mln_jose_key_may_open(const struct mln_jose_key *key, enum mln_jose_wrap wrap,
                           enum mln_jose_enc enc);
bool mln_jose_key_may_seal(const struct mln_jose_key *key, enum mln_jose_wrap wrap,
                           enum mln_jose_enc enc);

/* The algorithm that is meant when none is named: `alg` of the key, else by its kind and size. */
enum mln_jose_sig mln_jose_key_default_sig(const struct mln_jose_key *key);
enum mln_jose_wrap mln_jose_key_default_wrap(const struct mln_jose_key *key);

/* The content encryption that a secret of this size is the key of; NO_ENC for other keys. */
enum mln_jose_enc mln_jose_key_direct_enc(const struct mln_jose_key *key);
