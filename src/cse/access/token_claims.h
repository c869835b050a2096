/* What a token says: m2m:tokenClaimSet, from and to the claims of a JWT, and the judgement of it.
 *
 * In a JWT the members have the names of the IANA registry and times are NumericDate; as data of
 * oneM2M they have short names and times are m2m:timestamp. Pure functions, any thread.
 * spec: TS-0003 7.3.2.4 to 7.3.2.6, TS-0004 6.3.5.42 */
#pragma once

#include "base/fault.h"
#include "base/limits.h"
#include "model/ident.h"
#include "model/value.h"

/* One entry of permissions. */
struct mln_token_permission {
    const struct mln_slice *resources; /* ris: as they were written */
    size_t resource_count;             /* 0: not limited to resources (then rules is empty) */
    struct mln_slice rules;            /* pv: packed m2m:setOfAcrs; or empty */
    const struct mln_slice *roles;     /* rids */
    size_t role_count;
};

struct mln_token_claims {
    struct mln_slice version;
    struct mln_slice id;
    struct mln_slice holder; /* absolute AE-ID or CSE-ID */
    struct mln_slice issuer;
    int64_t not_before_us;
    int64_t not_after_us; /* valid before, not at, this time */
    struct mln_slice name;
    bool has_name;
    const struct mln_slice *audience; /* absolute CSE-IDs, may have wildcards; none: any CSE */
    size_t audience_count;
    const struct mln_token_permission *permissions;
    size_t permission_count;
    struct mln_slice extension;
    bool has_extension;
};

enum mln_token_form {
    MLN_TOKEN_JWT, /* jti, azp, iss, nbf, exp, aud; further claims are ignored */
    MLN_TOKEN_SET, /* tkid, tkhd, tkis, tknb, tkna, tkau; nothing else may stand there */
};

/* Reads and checks claims. Texts are borrowed from `claims`, the rest lives in the arena.
 * Errors: TOKEN_REFUSED (the fault says why), NO_MEMORY. */
mln_err mln_token_claims_read(const struct mln_value *claims, enum mln_token_form form,
                              const struct mln_limits *limits, struct mln_arena *arena,
                              struct mln_fault *fault, struct mln_token_claims *ret);

/* The claims as a tree in the form. Errors: NO_MEMORY, STORE_CORRUPT (rules that are no pack). */
mln_err mln_token_claims_write(const struct mln_token_claims *claims, enum mln_token_form form,
                               struct mln_arena *arena, struct mln_value **ret);

/* Who wants to use it, where, and when. */
struct mln_token_use {
    const struct mln_names *names;       /* the hosting CSE */
    const struct mln_entity *originator; /* canonical */
    int64_t now_us;
    int64_t skew_us; /* by how much clocks may differ; 0 unless configured */
};

/* May this originator use it here and now? `issuer_fqdn` is the domain of the issuer's Token-IDs.
 * spec: TS-0003 7.3.2.5, security.md 6.4 steps 6, 8, 9, 10
 * Errors: TOKEN_REFUSED (the fault says why). */
mln_err mln_token_claims_check(const struct mln_token_claims *claims,
                               const struct mln_token_use *use, struct mln_slice issuer_fqdn,
                               struct mln_fault *fault);

/* The part of it that changes from request to request: holder and time. Errors: TOKEN_REFUSED. */
mln_err mln_token_claims_check_use(const struct mln_token_claims *claims,
                                   const struct mln_token_use *use, struct mln_fault *fault);
