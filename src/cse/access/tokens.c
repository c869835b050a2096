/* Accepting tokens: remembered ones at the price of a digest, new ones by verification. */
#include "cse/access/tokens.h"

#include "base/log.h"

#include "base/mem.h"
#include "cse/access/token_cache.h"

enum { LOCAL_RANDOM = 10, LOCAL_ID = 1 + LOCAL_RANDOM * 8 / 5 };

struct mln_tokens {
    struct mln_limits limits;
    const struct mln_env *env;
    const struct mln_names *names;
    int64_t skew_us;
    struct mln_token_cache *cache;
};

mln_err mln_tokens_new(const struct mln_limits *limits, const struct mln_env *env,
                       const struct mln_names *names, int64_t skew_us, struct mln_tokens **ret)
{
    struct mln_tokens *tokens = mln_calloc(1, sizeof *tokens);
    mln_err err;

    MLN_REQUIRE(tokens, NO_MEMORY);
    tokens->limits = *limits;
    tokens->env = env;
    tokens->names = names;
    tokens->skew_us = skew_us;
    err = mln_token_cache_new((size_t)limits->token_cache, (size_t)limits->token_cache_bytes,
                              &tokens->cache);
    if (mln_failed(err)) {
        mln_free(tokens);
        return err;
    }
    *ret = tokens;
    return MLN_OK;
}

void mln_tokens_free(struct mln_tokens *tokens)
{
    if (tokens) {
        mln_token_cache_free(tokens->cache);
        mln_free(tokens);
    }
}

void mln_tokens_set_issuers(struct mln_tokens *tokens, struct mln_jwt_issuers *issuers)
{
    size_t count;
    size_t bytes;

    mln_token_cache_usage(tokens->cache, &count, &bytes);
    mln_log(MLN_LOG_DEBUG, "tokens", "new issuers; %zu tokens in %zu bytes are remembered", count,
            bytes);
    mln_token_cache_set_issuers(tokens->cache, issuers);
}

struct mln_jwt_issuers *mln_tokens_issuers(struct mln_tokens *tokens)
{
    return mln_token_cache_issuers(tokens->cache);
}

static struct mln_token_use use_of(const struct mln_tokens *tokens, const struct mln_token_ask *ask)
{
    return (struct mln_token_use){ .names = tokens->names,
                                   .originator = ask->originator,
                                   .now_us = mln_env_now_us(tokens->env),
                                   .skew_us = tokens->skew_us };
}

/* A remembered token is judged anew: who asks, and when. Takes over the share. */
static mln_err judge(const struct mln_token *token, const struct mln_token_use *use,
                     struct mln_fault *fault, const struct mln_token **ret)
{
    mln_err err = mln_token_claims_check_use(&token->claims, use, fault);

    if (mln_failed(err)) {
        mln_token_unref(token);
        return err;
    }
    *ret = token;
    return MLN_OK;
}

/* An NCName that nobody guesses: 't' and 80 random bits in base32. spec: SEC-LTI-05 */
static mln_err make_local_id(const struct mln_tokens *tokens, char out[static LOCAL_ID])
{
    unsigned char bytes[LOCAL_RANDOM];
    unsigned held = 0;
    unsigned held_bits = 0;
    size_t at = 0;

    MLN_TRY(mln_env_random(tokens->env, bytes, sizeof bytes));
    out[at++] = 't';
    for (size_t i = 0; i < sizeof bytes; i++) {
        held = held << 8 | bytes[i];
        held_bits += 8;
        while (held_bits >= 5) {
            held_bits -= 5;
            out[at++] = "abcdefghijklmnopqrstuvwxyz234567"[held >> held_bits & 31];
        }
        held &= 31;
    }
    return MLN_OK;
}

/* Everything that costs, without the lock. What it finds lives in the arena of the request. */
static mln_err verify(const struct mln_tokens *tokens, const struct mln_jwt_issuers *issuers,
                      struct mln_slice text, const struct mln_token_ask *ask,
                      struct mln_token_claims *claims, struct mln_token_fresh *fresh)
{
    struct mln_token_use use = use_of(tokens, ask);
    struct mln_jwt_check check = { .issuers = issuers,
                                   .limits = &tokens->limits,
                                   .now_us = use.now_us,
                                   .arena = ask->arena,
                                   .fault = ask->fault };
    struct mln_jwt jwt;

    MLN_TRY(mln_jwt_verify(&check, text, &jwt));
    MLN_TRY(mln_token_claims_read(jwt.content, MLN_TOKEN_JWT, &tokens->limits, ask->arena,
                                  ask->fault, claims));
    MLN_TRY(mln_token_claims_check(claims, &use, jwt.issuer->fqdn, ask->fault));
    fresh->issuer = jwt.issuer;
    fresh->expires_us = claims->not_after_us + tokens->skew_us;
    if (jwt.expires_us < fresh->expires_us) {
        fresh->expires_us = jwt.expires_us; /* of its certificates */
    }
    fresh->now_us = use.now_us;
    return mln_sha256(jwt.claims, fresh->claims_digest);
}

static mln_err accept_new(struct mln_tokens *tokens, struct mln_slice text,
                          const struct mln_token_ask *ask,
                          const unsigned char digest[static MLN_SHA256_SIZE],
                          const struct mln_token **ret)
{
    struct mln_jwt_issuers *issuers MLN_CLEANUP(mln_jwt_issuers_unrefp) =
        mln_token_cache_issuers(tokens->cache);
    struct mln_token_claims claims;
    char local_id[LOCAL_ID];
    struct mln_token_fresh fresh = { .claims = &claims,
                                     .local_id = mln_slice_of(local_id, sizeof local_id) };

    if (!issuers) {
        mln_fault_set(ask->fault, "token: no issuer is known");
        MLN_FAIL(TOKEN_REFUSED);
    }
    memcpy(fresh.text_digest, digest, sizeof fresh.text_digest);
    MLN_TRY(verify(tokens, issuers, text, ask, &claims, &fresh));
    MLN_TRY(make_local_id(tokens, local_id));
    return mln_token_cache_put(tokens->cache, &fresh, ask->fault, ret);
}

mln_err mln_tokens_accept(struct mln_tokens *tokens, struct mln_slice text,
                          const struct mln_token_ask *ask, const struct mln_token **ret)
{
    struct mln_token_use use = use_of(tokens, ask);
    unsigned char digest[MLN_SHA256_SIZE];
    const struct mln_token *known;

    if (text.len > tokens->limits.token_bytes) {
        mln_fault_set(ask->fault, "token: longer than token_bytes");
        MLN_FAIL(LIMIT);
    }
    MLN_TRY(mln_sha256(text, digest));
    known = mln_token_cache_find(tokens->cache, MLN_TOKEN_BY_TEXT,
                                 mln_slice_of((const char *)digest, sizeof digest), use.now_us);
    return known ? judge(known, &use, ask->fault, ret) : accept_new(tokens, text, ask, digest, ret);
}

mln_err mln_tokens_by_local_id(struct mln_tokens *tokens, struct mln_slice local_id,
                               const struct mln_token_ask *ask, const struct mln_token **ret)
{
    struct mln_token_use use = use_of(tokens, ask);
    const struct mln_token *known =
        mln_token_cache_find(tokens->cache, MLN_TOKEN_BY_LOCAL_ID, local_id, use.now_us);

    if (!known) {
        mln_fault_set(ask->fault, "token: Local-Token-ID not known");
        MLN_FAIL(TOKEN_REFUSED);
    }
    return judge(known, &use, ask->fault, ret);
}

mln_err mln_tokens_by_id(struct mln_tokens *tokens, struct mln_slice id,
                         const struct mln_token_ask *ask, const struct mln_token **ret)
{
    struct mln_token_use use = use_of(tokens, ask);
    const struct mln_token *known =
        mln_token_cache_find(tokens->cache, MLN_TOKEN_BY_ID, id, use.now_us);

    MLN_REQUIRE(known, NOT_FOUND);
    return judge(known, &use, ask->fault, ret);
}
