/* The memory of verified tokens: bounded in number and bytes, the oldest that nobody has used since
 * it was last in line goes first. Found by SHA-256 of the text, by Token-ID and by Local-Token-ID.
 * Knows the issuers, so that their change and the forgetting are one. Any thread; one lock inside.
 * spec: security.md 6.6,
 * 7 */
#pragma once

#include "cse/access/tokens.h"

struct mln_token_cache;

/* Errors: NO_MEMORY. */
mln_err mln_token_cache_new(size_t count_most, size_t bytes_most, struct mln_token_cache **ret);

/* Accepts NULL. */
void mln_token_cache_free(struct mln_token_cache *cache);

/* As mln_tokens_set_issuers and mln_tokens_issuers. */
void mln_token_cache_set_issuers(struct mln_token_cache *cache, struct mln_jwt_issuers *issuers);
struct mln_jwt_issuers *mln_token_cache_issuers(struct mln_token_cache *cache);

enum mln_token_key { MLN_TOKEN_BY_TEXT, MLN_TOKEN_BY_ID, MLN_TOKEN_BY_LOCAL_ID, MLN_TOKEN_KEYS };

/* A share of the token of that key (BY_TEXT: its SHA-256), or NULL. One that has expired is
 * forgotten instead. */
const struct mln_token *mln_token_cache_find(struct mln_token_cache *cache, enum mln_token_key key,
                                             struct mln_slice value, int64_t now_us);

/* What to remember. */
struct mln_token_fresh {
    const struct mln_token_claims *claims; /* copied */
    unsigned char text_digest[MLN_SHA256_SIZE];
    unsigned char claims_digest[MLN_SHA256_SIZE];
    const struct mln_jwt_issuer *issuer; /* as it was when verified */
    struct mln_slice local_id;           /* for it, if it is new */
    int64_t expires_us;                  /* forgotten then */
    int64_t now_us;
};

/* Remembers a token and returns a share of it; for one that is there already with the same claims
 * (signed anew), of that one. One that is too large is handed out but not remembered, without local
 * identifier. Errors: TOKEN_REFUSED (another live token has the same Token-ID: SEC-TOK-22; the
 * issuer has changed meanwhile), NO_MEMORY. */
mln_err mln_token_cache_put(struct mln_token_cache *cache, const struct mln_token_fresh *fresh,
                            struct mln_fault *fault, const struct mln_token **ret);

/* How many are remembered, and their memory. */
void mln_token_cache_usage(struct mln_token_cache *cache, size_t *ret_count, size_t *ret_bytes);
