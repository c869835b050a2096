/* Keys for protected data (ESData): one handle for a provisioned secret, a raw public key, an own
 * private key with its certificates, or the trusted certificate of somebody else.
 *
 * A handle knows its usage (SUID): one for encryption never signs, and the other way round; each
 * use asks. A certificate of somebody else becomes a handle only when the verifier trusts it and it
 * names who is expected: where it came from (e2eSecInfo, x5c) does not count. Immutable; the owner
 * frees it; any thread may use it meanwhile. Nothing here prints a key.
 * spec: TS-0003 8.5.2.2, 8.5.2.3; security.md 13.4, 15, 26.5 */
#pragma once

#include "base/secret.h"
#include "crypto/jose_key.h"
#include "crypto/x509.h"

enum { MLN_DATA_CHAIN = MLN_JOSE_CHAIN, MLN_DATA_NAME_BYTES = 255 };

/* Immutable after it was made. */
struct mln_data_key {
    struct mln_jose_key *key;      /* what may be done with it: mln_jose_key_may_… */
    struct mln_slice name;         /* kid, KeyName: key identifier or Credential-ID; or empty */
    struct mln_slice entity;       /* whom it proves: absolute AE-ID or CSE-ID, or what else the
                                      certificate or the caller says; or empty */
    const struct mln_slice *chain; /* certificates, DER, its own first */
    size_t chain_count;
    unsigned char thumbprint[MLN_SHA256_SIZE]; /* x5t#S256, when there is a certificate */
    unsigned suid;                             /* 0: a JWK without one, as use and key_ops say */
    int64_t expires_us;                        /* the first moment at which it is over */
    struct mln_arena *arena;                   /* what the slices live in */
};

/* What the caller says of a key. All is copied. */
struct mln_data_key_about {
    struct mln_slice name;   /* empty: as the JWK says */
    struct mln_slice entity; /* whose it is; or empty */
    unsigned suid;           /* x4 or x5; 0: only for a JWK */
    int64_t expires_us;      /* 0: never */
};

/* A provisioned secret: 14, 24, 34 to encrypt (as content key or to wrap one), 15, 25, 35 to sign.
 * Errors: CONFIG (SUID or length), NO_MEMORY. */
mln_err mln_data_key_of_secret(const struct mln_data_key_about *about,
                               const struct mln_secret *secret, struct mln_fault *fault,
                               struct mln_data_key **ret);

/* A JWK: secret, own private key, or the configured raw public key of somebody else.
 * Errors: CONFIG, NO_MEMORY. */
mln_err mln_data_key_of_jwk(const struct mln_data_key_about *about, struct mln_slice jwk,
                            struct mln_fault *fault, struct mln_data_key **ret);

/* An own private key (PEM) with its certificates (PEM, own first; empty: none), which are sent
 * along. Errors: CONFIG (also: they do not belong together), NO_MEMORY. */
mln_err mln_data_key_of_private(const struct mln_data_key_about *about, struct mln_slice pem,
                                struct mln_slice certificates, struct mln_fault *fault,
                                struct mln_data_key **ret);

/* Which certificates count. */
struct mln_data_trust {
    const struct mln_cert_verifier *verifier;
    const struct mln_cert_names *names; /* or NULL: no dNSName is a CSE's */
    struct mln_slice entity; /* who is expected: absolute AE-ID or CSE-ID, node, hardware;
                                empty: whoever the anchors stand for */
};

/* Somebody else's certificate: `chain` in DER, its own first. suid 44: to encrypt for it (keyUsage
 * keyAgreement); 45: to verify what it signed (digitalSignature).
 * Errors: CERTIFICATE (the fault says why), CONFIG, NO_MEMORY. */
mln_err mln_data_key_of_certificate(const struct mln_data_trust *trust,
                                    const struct mln_slice *chain, size_t count, unsigned suid,
                                    struct mln_fault *fault, struct mln_data_key **ret);

/* The certificates of a PEM text as DER in the arena, at most MLN_DATA_CHAIN.
 * Errors: CONFIG (none, too many), NO_MEMORY. */
mln_err mln_data_chain_of_pem(struct mln_slice pem, struct mln_arena *arena,
                              struct mln_fault *fault, struct mln_slice ret[static MLN_DATA_CHAIN],
                              size_t *ret_count);

/* Accept NULL. */
void mln_data_key_free(struct mln_data_key *key);
void mln_data_key_freep(struct mln_data_key **key);
