/* Tests of accepting tokens: from the text to the permission, local identifiers, threads. */
#include "cse/access/tokens.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "model/check.h"
#include "model/pack.h"

enum { ARENA_BYTES = 8 << 20, THREADS = 4, ROUNDS = 300 };

#define ID "//sp.example/Sdas"
#define EC                                                                                         \
    "{\"kty\":\"EC\",\"kid\":\"k1\",\"crv\":\"P-256\","                                            \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                                       \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"%s}"
#define PRIVATE ",\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\""

static const struct mln_names names = { { "//sp.example", 12 }, { "/id-in", 6 }, { "cse-in", 6 } };

static struct {
    struct mln_arena *arena;
    struct mln_limits limits;
    struct mln_env env;
    int64_t now_us;
    struct mln_jwt_issuers *issuers;
    struct mln_jose_key *key;
    struct mln_tokens *tokens;
    struct mln_fault fault;
} w;

static int64_t now_of(void *data)
{
    (void)data;
    return w.now_us;
}

static mln_err random_of(void *data, void *out, size_t len)
{
    return mln_env_random(mln_env_system(), out, data ? 0 : len);
}

__attribute__((format(printf, 1, 2))) static struct mln_slice print(const char *format, ...)
{
    char *out = mln_arena_alloc(w.arena, 8192);
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(out, 8192, format, args);
    va_end(args);
    assert_in_range(len, 1, 8191);
    return mln_slice_of(out, (size_t)len);
}

static int set_up(void **state)
{
    struct mln_slice record;

    (void)state;
    w.arena = mln_arena_new(ARENA_BYTES);
    mln_limits_default(&w.limits);
    w.env = (struct mln_env){ NULL, now_of, random_of };
    w.now_us = 1500 * MLN_US_PER_S;
    mln_fault_clear(&w.fault);
    record = print("{\"id\":\"" ID "\",\"fqdn\":\"das.example\",\"allow\":[{\"sig\":\"ES256\"}],"
                   "\"keys\":[" EC "]}",
                   "");
    assert_false(mln_failed(mln_jwt_issuers_new(&record, 1, NULL, &w.fault, &w.issuers)));
    assert_false(mln_failed(mln_jose_key_parse(print(EC, PRIVATE), &w.fault, &w.key)));
    assert_false(mln_failed(mln_tokens_new(&w.limits, &w.env, &names, 0, &w.tokens)));
    mln_tokens_set_issuers(w.tokens, w.issuers);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_tokens_free(w.tokens);
    mln_jose_key_free(w.key);
    mln_jwt_issuers_unref(w.issuers);
    mln_arena_free(w.arena);
    return 0;
}

/* A token of //sp.example/Sae, valid 1000 to 2000. */
static struct mln_slice token_of(const char *id, const char *more)
{
    struct mln_jwt_draft draft = {
        .claims =
            print("{\"tkvr\":\"1.0.0\",\"jti\":\"%s\",\"azp\":\"//sp.example/Sae\",\"iss\":\"" ID
                  "\",\"nbf\":1000,\"exp\":2000%s}",
                  id, more),
        .rule = { .sig = MLN_JOSE_ES256 },
        .signer = w.key,
    };
    struct mln_slice token = { 0 };

    assert_false(mln_failed(mln_jwt_make(&draft, w.arena, NULL, &token)));
    return token;
}

static struct mln_entity entity_of(const char *id)
{
    struct mln_entity entity = { 0 };

    assert_true(mln_entity_parse(mln_slice_z(id), &names, &entity));
    return entity;
}

static mln_err accept_as(const char *originator, struct mln_slice text,
                         const struct mln_token **ret)
{
    struct mln_entity entity = entity_of(originator);
    struct mln_token_ask ask = { &entity, w.arena, &w.fault };

    mln_fault_clear(&w.fault);
    return mln_tokens_accept(w.tokens, text, &ask, ret);
}

static const struct mln_token *accept(struct mln_slice text)
{
    const struct mln_token *token = NULL;
    mln_err err = accept_as("Sae", text, &token);

    if (mln_failed(err)) {
        fail_msg("%s: %s", mln_err_name(err), w.fault.text);
    }
    return token;
}

static mln_err by_local_id(const char *originator, struct mln_slice id,
                           const struct mln_token **ret)
{
    struct mln_entity entity = entity_of(originator);
    struct mln_token_ask ask = { &entity, w.arena, &w.fault };

    mln_fault_clear(&w.fault);
    return mln_tokens_by_local_id(w.tokens, id, &ask, ret);
}

#define PERMISSIONS                                                                                \
    ",\"tkps\":{\"pm\":[{\"ris\":[\"cse-in/"                                                       \
    "c\"],\"pv\":{\"acr\":[{\"acor\":[\"all\"],\"acop\":2}]},\"rids\":"                            \
    "[\"op@sp.example\"]}]},\"aud\":\"//sp.example/id-in\",\"tknm\":\"n\""

/* SEC-TOK-01 */
static void test_accept(void **state)
{
    struct mln_slice text = token_of("t1@das.example", PERMISSIONS);
    const struct mln_token *token = accept(text);
    const struct mln_token_permission *p = token->claims.permissions;
    char *bad;
    struct mln_slice list;

    (void)state;
    assert_int_equal(token->claims.permission_count, 1);
    assert_true(mln_slice_eq(p->resources[0], MLN_S("cse-in/c")));
    assert_true(mln_slice_eq(p->roles[0], MLN_S("op@sp.example")));
    assert_true(mln_pack_find(p->rules, MLN_S("acr"), &list));
    /* the content is the token's own, not the request's */
    mln_arena_reset(w.arena);
    assert_true(mln_slice_eq(token->claims.holder, MLN_S("//sp.example/Sae")));
    assert_true(mln_slice_eq(token->claims.audience[0], MLN_S("//sp.example/id-in")));
    assert_true(mln_slice_eq(token->claims.name, MLN_S("n")));
    mln_token_unref(token);
    bad = mln_arena_zdup(w.arena, token_of("t2@das.example", PERMISSIONS));
    bad[strlen(bad) / 2] ^= 1;
    assert_int_equal(accept_as("Sae", mln_slice_z(bad), &token).code, MLN_ERR_TOKEN_REFUSED);
}

/* SEC-LTI-01, SEC-LTI-05, SEC-LTI-06 */
static void test_local_id(void **state)
{
    struct mln_slice text = token_of("t1@das.example", "");
    const struct mln_token *first = accept(text);
    const struct mln_token *second = accept(text);
    const struct mln_token *third = NULL;

    (void)state;
    assert_ptr_equal(first, second);
    assert_true(mln_check_pattern(MLN_PATTERN_NC_NAME, first->local_id));
    assert_false(mln_failed(by_local_id("Sae", first->local_id, &third)));
    assert_ptr_equal(first, third);
    mln_token_unref(third);
    mln_token_unref(second);
    /* signed anew: the same token */
    second = accept(token_of("t1@das.example", ""));
    assert_ptr_equal(first, second);
    mln_token_unref(second);
    mln_token_unref(first);
}

/* SEC-LTI-02, SEC-LTI-03, SEC-TOK-07 */
static void test_other_holder(void **state)
{
    struct mln_slice text = token_of("t1@das.example", "");
    const struct mln_token *token;
    const struct mln_token *other = NULL;

    (void)state;
    assert_int_equal(accept_as("Sother", text, &other).code, MLN_ERR_TOKEN_REFUSED);
    assert_non_null(strstr(w.fault.text, "another entity"));
    token = accept(text);
    assert_int_equal(accept_as("Sother", text, &other).code, MLN_ERR_TOKEN_REFUSED);
    assert_int_equal(by_local_id("Sother", token->local_id, &other).code, MLN_ERR_TOKEN_REFUSED);
    assert_int_equal(by_local_id("Sae", MLN_S("tunknown"), &other).code, MLN_ERR_TOKEN_REFUSED);
    assert_int_equal(by_local_id("Sae", MLN_S(""), &other).code, MLN_ERR_TOKEN_REFUSED);
    assert_null(other);
    mln_token_unref(token);
}

/* SEC-TOK-06, SEC-LTI-04 */
static void test_time(void **state)
{
    struct mln_slice text = token_of("t1@das.example", "");
    const struct mln_token *token = NULL;
    const struct mln_token *first;
    struct mln_slice local_id = { 0 };

    (void)state;
    w.now_us = 1000 * MLN_US_PER_S - 1;
    assert_int_equal(accept_as("Sae", text, &token).code, MLN_ERR_TOKEN_REFUSED);
    w.now_us = 1000 * MLN_US_PER_S;
    first = accept(text);
    assert_true(mln_arena_dup(w.arena, first->local_id, &local_id));
    mln_token_unref(first);
    w.now_us = 999 * MLN_US_PER_S; /* somebody set the clock back */
    assert_int_equal(by_local_id("Sae", local_id, &token).code, MLN_ERR_TOKEN_REFUSED);
    w.now_us = 2000 * MLN_US_PER_S;
    assert_int_equal(by_local_id("Sae", local_id, &token).code, MLN_ERR_TOKEN_REFUSED);
    assert_int_equal(accept_as("Sae", text, &token).code, MLN_ERR_TOKEN_REFUSED);
    w.now_us = 1999 * MLN_US_PER_S;
    assert_int_equal(by_local_id("Sae", local_id, &token).code, MLN_ERR_TOKEN_REFUSED);
    assert_null(token);
}

/* SEC-TOK-22, SEC-TOK-23 */
static void test_issuer(void **state)
{
    const struct mln_token *token = accept(token_of("t1@das.example", ""));
    const struct mln_token *other = NULL;
    struct mln_slice local_id = { 0 };
    struct mln_slice foreign = token_of("t1@other.example", "");
    struct mln_slice wrong = token_of("t1@das.example", ",\"tknm\":\"x\"");

    (void)state;
    assert_int_equal(accept_as("Sae", foreign, &other).code, MLN_ERR_TOKEN_REFUSED);
    assert_int_equal(accept_as("Sae", wrong, &other).code, MLN_ERR_TOKEN_REFUSED);
    assert_true(mln_arena_dup(w.arena, token->local_id, &local_id));
    mln_tokens_set_issuers(w.tokens, NULL);
    assert_int_equal(by_local_id("Sae", local_id, &other).code, MLN_ERR_TOKEN_REFUSED);
    assert_int_equal(accept_as("Sae", token_of("t1@das.example", ""), &other).code,
                     MLN_ERR_TOKEN_REFUSED);
    mln_tokens_set_issuers(w.tokens, w.issuers);
    mln_token_unref(token);
    token = accept(token_of("t1@das.example", ""));
    mln_token_unref(token);
    assert_null(other);
}

static void test_by_id(void **state)
{
    struct mln_entity entity = entity_of("/Sae");
    struct mln_entity stranger = entity_of("Sother");
    struct mln_token_ask ask = { &entity, w.arena, &w.fault };
    const struct mln_token *token = NULL;

    (void)state;
    assert_int_equal(mln_tokens_by_id(w.tokens, MLN_S("t1@das.example"), &ask, &token).code,
                     MLN_ERR_NOT_FOUND);
    mln_token_unref(accept(token_of("t1@das.example", "")));
    assert_false(mln_failed(mln_tokens_by_id(w.tokens, MLN_S("t1@das.example"), &ask, &token)));
    assert_ptr_equal(mln_token_ref(token), token);
    mln_token_unref(token);
    mln_token_unref(token);
    ask.originator = &stranger;
    assert_int_equal(mln_tokens_by_id(w.tokens, MLN_S("t1@das.example"), &ask, &token).code,
                     MLN_ERR_TOKEN_REFUSED);
}

/* SEC-TOK-24 */
static void test_limits(void **state)
{
    const struct mln_token *token = NULL;
    char *huge = mln_arena_alloc(w.arena, 70000);

    (void)state;
    memset(huge, 'A', 70000);
    assert_int_equal(accept_as("Sae", mln_slice_of(huge, 70000), &token).code, MLN_ERR_LIMIT);
    assert_int_equal(accept_as("Sae", mln_slice_of(huge, 100), &token).code, MLN_ERR_SYNTAX);
    assert_int_equal(accept_as("Sae", MLN_S(""), &token).code, MLN_ERR_SYNTAX);
}

/* ---- threads ---- */

struct job {
    const struct mln_slice *texts;
    size_t count;
    unsigned failures;
};

static void *present(void *data)
{
    struct job *job = data;
    struct mln_arena *arena = mln_arena_new(ARENA_BYTES);
    struct mln_entity entity = { { "sp.example", 10 }, { 0 }, { "Sae", 3 } };

    for (unsigned i = 0; i < ROUNDS; i++) {
        struct mln_token_ask ask = { &entity, arena, NULL };
        const struct mln_token *token = NULL;
        const struct mln_token *again = NULL;

        mln_arena_reset(arena);
        if (mln_failed(mln_tokens_accept(w.tokens, job->texts[i % job->count], &ask, &token)) ||
            token->claims.id.len != 14) {
            job->failures++;
        } else if (token->local_id.len) {
            mln_err err = mln_tokens_by_local_id(w.tokens, token->local_id, &ask, &again);

            job->failures += mln_failed(err) && err.code != MLN_ERR_TOKEN_REFUSED;
        }
        mln_token_unref(again);
        mln_token_unref(token);
    }
    mln_arena_free(arena);
    return NULL;
}

/* Several threads, a memory too small for all tokens, issuers exchanged meanwhile. */
static void test_threads(void **state)
{
    struct mln_slice texts[8];
    pthread_t threads[THREADS];
    struct job jobs[THREADS];
    unsigned failures = 0;

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        char id[32];

        (void)snprintf(id, sizeof id, "t%u@das.example", i);
        texts[i] = token_of(id, "");
    }
    mln_tokens_free(w.tokens);
    w.limits.token_cache = 6;
    assert_false(mln_failed(mln_tokens_new(&w.limits, &w.env, &names, 0, &w.tokens)));
    mln_tokens_set_issuers(w.tokens, w.issuers);
    for (unsigned t = 0; t < THREADS; t++) {
        jobs[t] = (struct job){ texts, 8, 0 };
        assert_int_equal(pthread_create(&threads[t], NULL, present, &jobs[t]), 0);
    }
    for (unsigned i = 0; i < 50; i++) {
        struct mln_jwt_issuers *issuers = mln_tokens_issuers(w.tokens);

        mln_tokens_set_issuers(w.tokens, issuers);
        mln_jwt_issuers_unref(issuers);
    }
    for (unsigned t = 0; t < THREADS; t++) {
        assert_int_equal(pthread_join(threads[t], NULL), 0);
        failures += jobs[t].failures;
    }
    assert_int_equal(failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_accept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_local_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_holder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_issuer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_by_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
