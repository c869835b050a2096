/* Price of a token that was verified before: by its text and by its Local-Token-ID. The best of
 * many short batches, each with other tokens: others use the processor's cache too.
 *
 * usage: token_bench [TOKENS] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/num.h"
#include "cse/access/tokens.h"

enum { ARENA_BYTES = 64 << 20, ROUNDS = 2000, BATCHES = 400, TOKENS = 1000 };

#define K "{\"kty\":\"oct\",\"kid\":\"k\",\"k\":\"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg\"}"

static const struct mln_names names = { { "//sp.example", 12 }, { "/id-in", 6 }, { "cse-in", 6 } };

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
        (void)fprintf(stderr, "token_bench: %s\n", what);
        exit(1);
    }
}

static struct mln_slice token_of(struct mln_arena *arena, const struct mln_jose_key *key,
                                 uint64_t number)
{
    struct mln_jwt_draft draft = { .rule = { .sig = MLN_JOSE_HS256 }, .signer = key };
    struct mln_slice token = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, arena, 4096);
    mln_buf_printf(
        &out,
        "{\"tkvr\":\"1.0.0\",\"jti\":\"token-%llu@das.sp.example\",\"azp\":\"//sp.example/Sae\","
        "\"iss\":\"//sp.example/Sdas\",\"nbf\":1700000000,\"exp\":4900000000,\"aud\":[\"//sp."
        "example/id-in\"],\"tkps\":{\"pm\":[{\"ris\":[\"cse-in/ae1/cnt1\",\"cse-in/ae1/cnt2\"],"
        "\"pv\":{\"acr\":[{\"acor\":[\"all\"],\"acop\":3}]}},{\"rids\":[\"op@sp.example\"]}]}}",
        (unsigned long long)number);
    require(!mln_failed(mln_buf_finish(&out, &draft.claims)) &&
                !mln_failed(mln_jwt_make(&draft, arena, NULL, &token)),
            "make");
    return token;
}

static double by_texts(struct mln_tokens *tokens, const struct mln_token_ask *ask,
                       const struct mln_slice *texts, uint64_t count, uint64_t from)
{
    double start = cpu_us();
    const struct mln_token *token = NULL;

    for (uint64_t i = 0; i < ROUNDS; i++) {
        require(
            !mln_failed(mln_tokens_accept(tokens, texts[(from + i) * 7919 % count], ask, &token)),
            "accept");
        mln_token_unref(token);
    }
    return (cpu_us() - start) / ROUNDS;
}

static double by_ids(struct mln_tokens *tokens, const struct mln_token_ask *ask,
                     const struct mln_slice *ids, uint64_t count, uint64_t from)
{
    double start = cpu_us();
    const struct mln_token *token = NULL;

    for (uint64_t i = 0; i < ROUNDS; i++) {
        require(!mln_failed(
                    mln_tokens_by_local_id(tokens, ids[(from + i) * 7919 % count], ask, &token)),
                "local id");
        mln_token_unref(token);
    }
    return (cpu_us() - start) / ROUNDS;
}

int main(int argc, char **argv)
{
    struct mln_arena *arena = mln_arena_new(ARENA_BYTES);
    struct mln_slice record = MLN_S("{\"id\":\"//sp.example/Sdas\",\"fqdn\":\"das.sp.example\","
                                    "\"allow\":[{\"sig\":\"HS256\"}],\"keys\":[" K "]}");
    struct mln_entity entity = { { "sp.example", 10 }, { 0 }, { "Sae", 3 } };
    struct mln_token_ask ask = { &entity, arena, NULL };
    const struct mln_token *token = NULL;
    struct mln_jwt_issuers *issuers = NULL;
    struct mln_tokens *tokens = NULL;
    struct mln_jose_key *key = NULL;
    struct mln_slice *texts;
    struct mln_slice *ids;
    struct mln_limits limits;
    uint64_t count = TOKENS;
    double by_text = 1e9;
    double by_id = 1e9;

    (void)(argc > 1 && mln_num_u64(mln_slice_z(argv[1]), &count));
    require(count > 0, "no tokens");
    mln_limits_default(&limits);
    require(!mln_failed(mln_jwt_issuers_new(&record, 1, NULL, NULL, &issuers)) &&
                !mln_failed(mln_jose_key_parse(MLN_S(K), NULL, &key)) &&
                !mln_failed(mln_tokens_new(&limits, mln_env_system(), &names, 0, &tokens)),
            "set-up");
    mln_tokens_set_issuers(tokens, issuers);
    texts = mln_arena_zalloc(arena, count, sizeof *texts);
    ids = mln_arena_zalloc(arena, count, sizeof *ids);
    require(texts && ids, "memory");
    for (uint64_t i = 0; i < count; i++) {
        texts[i] = token_of(arena, key, i);
        require(!mln_failed(mln_tokens_accept(tokens, texts[i], &ask, &token)) &&
                    mln_arena_dup(arena, token->local_id, &ids[i]),
                "accept");
        mln_token_unref(token);
    }
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        double text = by_texts(tokens, &ask, texts, count, batch * ROUNDS);
        double id = by_ids(tokens, &ask, ids, count, batch * ROUNDS);

        by_text = text < by_text ? text : by_text;
        by_id = id < by_id ? id : by_id;
    }
    (void)printf("%llu tokens of %zu bytes: by text %.3f us, by local identifier %.3f us\n",
                 (unsigned long long)count, texts[0].len, by_text, by_id);
    mln_tokens_free(tokens);
    mln_jwt_issuers_unref(issuers);
    mln_jose_key_free(key);
    mln_arena_free(arena);
    return by_text < 1 ? 0 : 1;
}
