/* oneM2M JSON Web Tokens: signed (JWS), encrypted (JWE), or signed and then encrypted (nested), in
 * compact form.
 *
 * A verifier knows issuers: their names, the combinations of protection they use, and their keys.
 * All that a token says about its own protection is only held against that. Nothing in a token
 * brings a key of its own; certificates in it count as far as the issuer's anchor is reached.
 * What a token says of itself (times, holder, audience) is for the caller to judge.
 * Sets of issuers are immutable and shared by count; all functions may be called from any thread.
 * spec: TS-0003 7.3.2.4 to 7.3.2.6, TS-0004 6.3.3 m2m:dynAuthJWT; RFC 7515, 7516, 7519 */
#pragma once

#include "crypto/jose_key.h"

/* ---- issuers ---- */

/* A combination that an issuer uses. Signed: sig; encrypted: wrap and enc; nested: all three. */
struct mln_jwt_rule {
    enum mln_jose_sig sig;
    enum mln_jose_wrap wrap;
    enum mln_jose_enc enc;
};

struct mln_jwt_issuer {
    struct mln_slice id;      /* the claim iss */
    struct mln_slice fqdn;    /* domain of its Token-IDs, lower case */
    struct mln_slice contact; /* URI from which tokens are fetched; or empty */
    const struct mln_jwt_rule *rules;
    size_t rule_count;
    struct mln_jose_key *const *keys;
    size_t key_count;
    const struct mln_slice *anchors; /* certificates, DER */
    size_t anchor_count;
    /* of all the above: another one means that what was verified before no longer counts */
    unsigned char fingerprint[MLN_SHA256_SIZE];
};

enum { MLN_JWT_RULES = 32, MLN_JWT_KEYS = 32, MLN_JWT_ANCHORS = 8 };

/* The certificates that came with a token. */
struct mln_jwt_chain {
    const struct mln_slice *certificates; /* DER, the signer's first */
    size_t count;
    int64_t now_us;
};

/* Is this issuer one whose certificates can be checked? Called for each with anchors, once, while
 * the set is made. Errors: CONFIG (the fault says why), NO_MEMORY. */
typedef mln_err mln_jwt_prepare_issuer(void *data, const struct mln_jwt_issuer *issuer,
                                       struct mln_fault *fault);

/* Verifies the path up to one of the issuer's anchors, and that the first certificate names the
 * issuer; *ret_expires_us is when that must be asked anew, since something of it expires. Errors:
 * any; all mean that the token is refused, `why` may say for what reason. */
typedef mln_err mln_jwt_check_chain(void *data, const struct mln_jwt_issuer *issuer,
                                    const struct mln_jwt_chain *chain, struct mln_fault *why,
                                    int64_t *ret_expires_us);

/* How certificates are checked; jwt_chain.h makes the real one. With check NULL every token that
 * needs one is refused. `epoch` goes into the fingerprint of issuers with anchors: another one (new
 * revocation lists) makes everybody verify again. A set that was made owns `data`: `drop`, unless
 * NULL, is called when the set goes. */
struct mln_jwt_trust {
    mln_jwt_check_chain *check;
    void *data;
    uint64_t epoch;
    mln_jwt_prepare_issuer *prepare; /* or NULL */
    void (*drop)(void *data);
};

struct mln_jwt_issuers;

/* A set from records, JSON texts as docs/internals/tokens.md describes them; copies all. The texts
 * hold secrets: they stay the caller's, who wipes them. `trust` may be NULL; its data stays the
 * caller's on failure.
 * Errors: CONFIG (the fault names issuer and member), LIMIT, NO_MEMORY. */
mln_err mln_jwt_issuers_new(const struct mln_slice *records, size_t count,
                            const struct mln_jwt_trust *trust, struct mln_fault *fault,
                            struct mln_jwt_issuers **ret);

struct mln_jwt_issuers *mln_jwt_issuers_ref(struct mln_jwt_issuers *issuers);
void mln_jwt_issuers_unref(struct mln_jwt_issuers *issuers); /* accepts NULL */
void mln_jwt_issuers_unrefp(struct mln_jwt_issuers **issuers);

/* Lives as long as the set; NULL when there is none. */
const struct mln_jwt_issuer *mln_jwt_issuer_named(const struct mln_jwt_issuers *issuers,
                                                  struct mln_slice id);

/* The issuer of a Token-ID, by its domain. */
const struct mln_jwt_issuer *mln_jwt_issuer_of_token_id(const struct mln_jwt_issuers *issuers,
                                                        struct mln_slice token_id);

/* ---- verifying ---- */

struct mln_jwt_check {
    const struct mln_jwt_issuers *issuers;
    const struct mln_limits *limits; /* token_bytes; value_depth and value_items of the claims */
    int64_t now_us;                  /* for certificates */
    struct mln_arena *arena;
    struct mln_fault *fault; /* may go to the peer: names no key and no plaintext */
};

struct mln_jwt {
    const struct mln_jwt_issuer *issuer; /* of check.issuers */
    struct mln_jwt_rule rule;            /* the combination that was found */
    struct mln_slice claims;             /* JSON text */
    const struct mln_value *content;     /* the same, read: an object */
    int64_t expires_us;                  /* when trust in its certificates does; else INT64_MAX */
};

/* Verifies and opens a token. What it returns lives in the arena and borrows from `token`.
 * Errors: SYNTAX (not m2m:dynAuthJWT), LIMIT (longer than token_bytes), TOKEN_REFUSED (all else
 * that is wrong with it), NO_MEMORY. */
mln_err mln_jwt_verify(const struct mln_jwt_check *check, struct mln_slice token,
                       struct mln_jwt *ret);

/* ---- making ---- */

struct mln_jwt_draft {
    struct mln_slice claims; /* JSON text */
    struct mln_jwt_rule rule;
    const struct mln_jose_key *signer;    /* when rule.sig */
    const struct mln_jose_key *recipient; /* when rule.wrap */
    const struct mln_slice *chain; /* x5c: DER, the signer's first; none: kid of the signer */
    size_t chain_count;
};

/* Errors: CONFIG (a key that does not fit the algorithm), INTERNAL, LIMIT, NO_MEMORY. */
mln_err mln_jwt_make(const struct mln_jwt_draft *draft, struct mln_arena *arena,
                     struct mln_fault *fault, struct mln_slice *ret);
