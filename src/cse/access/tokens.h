/* The tokens of a CSE: issuers, verification, and the bounded memory of what was verified, with
 * local token identifiers.
 *
 * One for each CSE, shared by all threads behind one lock, which is never held while a token is
 * verified (docs/decisions/0015-one-token-cache.md). What is remembered is judged anew at each use:
 * holder and time; it goes when its issuer changes. A token that is handed out is immutable and
 * lives until the last user has let it go.
 * spec: TS-0003 7.3.2, TS-0001 7.1.16, security.md 6, 7 */
#pragma once

#include "base/env.h"
#include "crypto/jwt.h"
#include "cse/access/token_claims.h"

struct mln_tokens;

/* A verified token. */
struct mln_token {
    struct mln_token_claims claims;
    struct mln_slice local_id; /* Local-Token-ID, bound to the holder; empty: none given */
};

/* env and names must outlive it. Without issuers every token is refused.
 * Errors: NO_MEMORY. */
mln_err mln_tokens_new(const struct mln_limits *limits, const struct mln_env *env,
                       const struct mln_names *names, int64_t skew_us, struct mln_tokens **ret);

/* Accepts NULL. Tokens handed out stay valid. */
void mln_tokens_free(struct mln_tokens *tokens);

/* From now on these count; NULL: none. Takes a share of its own. What was verified by an issuer
 * that is gone or has changed is forgotten, with its local identifiers, before this returns. */
void mln_tokens_set_issuers(struct mln_tokens *tokens, struct mln_jwt_issuers *issuers);

/* The issuers as they are now; the caller drops its share. NULL when there are none. */
struct mln_jwt_issuers *mln_tokens_issuers(struct mln_tokens *tokens);

/* The request that brings the token. */
struct mln_token_ask {
    const struct mln_entity *originator; /* canonical */
    struct mln_arena *arena;             /* for verification */
    struct mln_fault *fault;
};

/* A token as text (parameter Tokens, or fetched): verified, or remembered. The caller unrefs it.
 * Errors: SYNTAX, LIMIT, TOKEN_REFUSED, NO_MEMORY, SYSTEM. */
mln_err mln_tokens_accept(struct mln_tokens *tokens, struct mln_slice text,
                          const struct mln_token_ask *ask, const struct mln_token **ret);

/* By Local-Token-ID. Errors: TOKEN_REFUSED (unknown, of another holder, expired). */
mln_err mln_tokens_by_local_id(struct mln_tokens *tokens, struct mln_slice local_id,
                               const struct mln_token_ask *ask, const struct mln_token **ret);

/* By Token-ID, of those remembered. Errors: NOT_FOUND (look elsewhere), TOKEN_REFUSED. */
mln_err mln_tokens_by_id(struct mln_tokens *tokens, struct mln_slice id,
                         const struct mln_token_ask *ask, const struct mln_token **ret);

/* Another share. */
const struct mln_token *mln_token_ref(const struct mln_token *token);

/* Accepts NULL. */
void mln_token_unref(const struct mln_token *token);
