/* Price of a fresh token: verification beside OpenSSL's own of the same signature, in one run.
 *
 * usage: jwt_bench [ROUNDS] */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/env.h"
#include "base/num.h"
#include "crypto/jwt.h"

enum { ARENA_BYTES = 1 << 20, ROUNDS = 200, BATCHES = 40 };

#define EC                                                                                         \
    "{\"kty\":\"EC\",\"kid\":\"k1\",\"crv\":\"P-256\",\"x\":"                                      \
    "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                                             \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\",\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-"   \
    "0iY7X1fCE9-E9LI\"}"

static const char claims[] =
    "{\"tkvr\":\"1.0.0\",\"jti\":\"token-0001@das.sp.example\",\"azp\":\"//sp.example/Sdevice1\","
    "\"iss\":\"//sp.example/Sdas\",\"nbf\":1700000000,\"exp\":1900000000,\"aud\":[\"//sp.example/"
    "cse-1\"],\"tkps\":{\"pm\":[{\"ris\":[\"cse-1/ae1/cnt1\",\"cse-1/ae1/cnt2\"],\"pv\":{\"acr\":[{"
    "\"acor\":[\"all\"],\"acop\":3}]}},{\"rids\":[\"operator@sp.example\"]}]}}";

/* Time of this thread, microseconds: others use the machine too. */
static double cpu_us(void)
{
    struct timespec t = { 0 };

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void require(bool claim, const char *what)
{
    if (!claim) {
        (void)fprintf(stderr, "jwt_bench: %s\n", what);
        exit(1);
    }
}

static double per_round_us(double start, uint64_t rounds)
{
    return (cpu_us() - start) / (double)rounds;
}

/* What `openssl speed ecdsap256` does: one context, a digest that is there already. */
static double bare(uint64_t rounds)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    unsigned char digest[32] = { 1, 2, 3 };
    unsigned char signature[128];
    size_t len = sizeof signature;
    double start;

    require(ctx && EVP_PKEY_sign_init(ctx) == 1 &&
                EVP_PKEY_sign(ctx, signature, &len, digest, sizeof digest) == 1 &&
                EVP_PKEY_verify_init(ctx) == 1,
            "OpenSSL");
    start = cpu_us();
    for (uint64_t i = 0; i < rounds; i++) {
        require(EVP_PKEY_verify(ctx, signature, len, digest, sizeof digest) == 1, "OpenSSL");
    }
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    return per_round_us(start, rounds);
}

static double fresh(const struct mln_jwt_issuers *issuers, struct mln_slice token, uint64_t rounds)
{
    struct mln_arena *arena = mln_arena_new(ARENA_BYTES);
    struct mln_limits limits;
    struct mln_jwt_check check = { .issuers = issuers, .limits = &limits, .arena = arena };
    struct mln_jwt jwt;
    double start = cpu_us();

    mln_limits_default(&limits);
    for (uint64_t i = 0; i < rounds; i++) {
        mln_arena_reset(arena);
        require(!mln_failed(mln_jwt_verify(&check, token, &jwt)), "token refused");
    }
    mln_arena_free(arena);
    return per_round_us(start, rounds);
}

int main(int argc, char **argv)
{
    struct mln_arena *arena = mln_arena_new(ARENA_BYTES);
    struct mln_slice record = MLN_S("{\"id\":\"//sp.example/Sdas\",\"fqdn\":\"das.sp.example\","
                                    "\"allow\":[{\"sig\":\"ES256\"}],\"keys\":[" EC "]}");
    struct mln_jwt_issuers *issuers = NULL;
    struct mln_jose_key *key = NULL;
    struct mln_jwt_draft draft = { .claims = MLN_S(claims), .rule = { .sig = MLN_JOSE_ES256 } };
    struct mln_slice token = { 0 };
    uint64_t rounds = ROUNDS;
    double best_own = 1e9;
    double best_theirs = 1e9;

    (void)(argc > 1 && mln_num_u64(mln_slice_z(argv[1]), &rounds));
    require(arena && !mln_failed(mln_jwt_issuers_new(&record, 1, NULL, NULL, &issuers)), "issuers");
    require(!mln_failed(mln_jose_key_parse(MLN_S(EC), NULL, &key)), "key");
    draft.signer = key;
    require(!mln_failed(mln_jwt_make(&draft, arena, NULL, &token)), "make");
    /* in turns, the best of each */
    for (int i = 0; i < BATCHES; i++) {
        double own = fresh(issuers, token, rounds);
        double theirs = bare(rounds);

        best_own = own < best_own ? own : best_own;
        best_theirs = theirs < best_theirs ? theirs : best_theirs;
    }
    (void)printf("ES256 token of %zu bytes: %.1f us; OpenSSL alone: %.1f us; ratio %.3f\n",
                 token.len, best_own, best_theirs, best_own / best_theirs);
    mln_jose_key_free(key);
    mln_jwt_issuers_unref(issuers);
    mln_arena_free(arena);
    return best_own <= 1.3 * best_theirs ? 0 : 1;
}
