/* Tests of the memory of verified tokens: bounds, order, keys, expiry. */
#include "cse/access/token_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { ISSUERS = 2, TIME = 1000 };

static struct mln_jwt_issuers *issuers;

static int set_up(void **state)
{
    static const struct mln_slice records[ISSUERS] = {
        { "{\"id\":\"//"
          "i\",\"fqdn\":\"i.example\",\"allow\":[{\"sig\":\"HS256\"}],\"keys\":[{\"kty\":"
          "\"oct\",\"k\":\"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg\"}]}",
          0 },
        { "{\"id\":\"//"
          "j\",\"fqdn\":\"j.example\",\"allow\":[{\"sig\":\"HS256\"}],\"keys\":[{\"kty\":"
          "\"oct\",\"k\":\"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg\"}]}",
          0 },
    };
    struct mln_slice texts[ISSUERS];

    (void)state;
    for (size_t i = 0; i < ISSUERS; i++) {
        texts[i] = mln_slice_z(records[i].ptr);
    }
    return mln_failed(mln_jwt_issuers_new(texts, ISSUERS, NULL, NULL, &issuers)) ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_jwt_issuers_unref(issuers);
    return 0;
}

static struct mln_token_cache *cache_of(size_t count, size_t bytes)
{
    struct mln_token_cache *cache = NULL;

    assert_false(mln_failed(mln_token_cache_new(count, bytes, &cache)));
    mln_token_cache_set_issuers(cache, issuers);
    return cache;
}

/* Texts of token number n; they live until the next call. */
static char id_text[64];
static char local_text[64];

static struct mln_token_fresh fresh_of(unsigned n, struct mln_token_claims *claims)
{
    struct mln_token_fresh fresh = { .claims = claims, .expires_us = TIME + 100, .now_us = TIME };

    *claims = (struct mln_token_claims){ .id = { id_text, 0 }, .issuer = MLN_S("//i") };
    claims->id.len = (size_t)snprintf(id_text, sizeof id_text, "t%u@i.example", n);
    fresh.local_id =
        mln_slice_of(local_text, (size_t)snprintf(local_text, sizeof local_text, "l%u", n));
    memcpy(fresh.text_digest, &n, sizeof n);
    memcpy(fresh.claims_digest, &n, sizeof n);
    fresh.issuer = mln_jwt_issuer_named(issuers, MLN_S("//i"));
    return fresh;
}

static const struct mln_token *put(struct mln_token_cache *cache, unsigned n)
{
    struct mln_token_claims claims;
    struct mln_token_fresh fresh = fresh_of(n, &claims);
    const struct mln_token *token = NULL;

    assert_false(mln_failed(mln_token_cache_put(cache, &fresh, NULL, &token)));
    return token;
}

static const struct mln_token *find(struct mln_token_cache *cache, enum mln_token_key key,
                                    unsigned n, int64_t now)
{
    struct mln_token_claims claims;
    struct mln_token_fresh fresh = fresh_of(n, &claims);
    struct mln_slice value = mln_slice_of((const char *)fresh.text_digest, MLN_SHA256_SIZE);

    if (key == MLN_TOKEN_BY_ID) {
        value = claims.id;
    } else if (key == MLN_TOKEN_BY_LOCAL_ID) {
        value = fresh.local_id;
    }
    return mln_token_cache_find(cache, key, value, now);
}

/* Found by all keys, or by none. */
static bool has(struct mln_token_cache *cache, unsigned n)
{
    unsigned found = 0;

    for (unsigned key = 0; key < MLN_TOKEN_KEYS; key++) {
        const struct mln_token *token = find(cache, (enum mln_token_key)key, n, TIME);

        found += token != NULL;
        mln_token_unref(token);
    }
    assert_true(found == 0 || found == MLN_TOKEN_KEYS);
    return found > 0;
}

static void test_bounds(void **state)
{
    struct mln_token_cache *cache = cache_of(100, 1 << 20);
    size_t count;
    size_t bytes;

    (void)state;
    for (unsigned n = 0; n < 1000; n++) {
        mln_token_unref(put(cache, n));
        mln_token_cache_usage(cache, &count, &bytes);
        assert_true(count <= 100 && bytes > 0);
    }
    for (unsigned n = 0; n < 1000; n++) {
        assert_int_equal(has(cache, n), n >= 900);
    }
    mln_token_cache_free(cache);
}

static void test_bytes(void **state)
{
    struct mln_token_cache *cache = cache_of(1000, 4096);
    struct mln_token_claims claims;
    struct mln_token_fresh fresh;
    const struct mln_token *token;
    static char large[8192];
    size_t count;
    size_t bytes;

    (void)state;
    for (unsigned n = 0; n < 100; n++) {
        mln_token_unref(put(cache, n));
        mln_token_cache_usage(cache, &count, &bytes);
        assert_true(bytes <= 4096);
    }
    assert_true(count >= 4);
    /* too large for the memory: it can be used, but is not remembered */
    fresh = fresh_of(500, &claims);
    claims.extension = mln_slice_of(large, sizeof large);
    assert_false(mln_failed(mln_token_cache_put(cache, &fresh, NULL, &token)));
    assert_int_equal(token->local_id.len, 0);
    assert_int_equal(token->claims.extension.len, sizeof large);
    mln_token_unref(token);
    assert_false(has(cache, 500));
    assert_true(has(cache, 99));
    mln_token_cache_free(cache);
}

static void test_order(void **state)
{
    struct mln_token_cache *cache = cache_of(3, 1 << 20);

    (void)state;
    for (unsigned n = 0; n < 3; n++) {
        mln_token_unref(put(cache, n));
    }
    mln_token_unref(find(cache, MLN_TOKEN_BY_LOCAL_ID, 0, TIME)); /* now 1 is the oldest */
    mln_token_unref(put(cache, 3));
    assert_true(has(cache, 0));
    assert_false(has(cache, 1));
    assert_true(has(cache, 2));
    assert_true(has(cache, 3));
    mln_token_cache_free(cache);
}

/* SEC-LTI-04 */
static void test_expiry(void **state)
{
    struct mln_token_cache *cache = cache_of(3, 1 << 20);
    const struct mln_token *token;
    size_t count;
    size_t bytes;

    (void)state;
    mln_token_unref(put(cache, 1));
    token = find(cache, MLN_TOKEN_BY_LOCAL_ID, 1, TIME + 99);
    assert_non_null(token);
    assert_null(find(cache, MLN_TOKEN_BY_LOCAL_ID, 1, TIME + 100));
    mln_token_cache_usage(cache, &count, &bytes);
    assert_int_equal(count + bytes, 0);
    /* whoever has it keeps it */
    assert_true(mln_slice_eq(token->local_id, MLN_S("l1")));
    mln_token_unref(token);
    mln_token_cache_free(cache);
}

/* SEC-TOK-22, SEC-LTI-06 */
static void test_same_id(void **state)
{
    struct mln_token_cache *cache = cache_of(3, 1 << 20);
    const struct mln_token *first = put(cache, 1);
    const struct mln_token *again = NULL;
    struct mln_token_claims claims;
    struct mln_token_fresh fresh = fresh_of(1, &claims);
    struct mln_fault fault = { 0 };

    (void)state;
    /* the same claims under a new signature: the same token, the same local identifier */
    fresh.text_digest[0] = 77;
    fresh.local_id = MLN_S("other");
    assert_false(mln_failed(mln_token_cache_put(cache, &fresh, NULL, &again)));
    assert_ptr_equal(first, again);
    mln_token_unref(again);
    assert_null(find(cache, MLN_TOKEN_BY_TEXT, 1, TIME));
    mln_token_unref(find(cache, MLN_TOKEN_BY_TEXT, 77, TIME));
    /* other claims */
    fresh = fresh_of(1, &claims);
    fresh.claims_digest[0] = 99;
    again = NULL;
    assert_int_equal(mln_token_cache_put(cache, &fresh, &fault, &again).code,
                     MLN_ERR_TOKEN_REFUSED);
    assert_non_null(strstr(fault.text, "another token"));
    assert_null(again);
    /* after the first one's end the identifier is free */
    fresh.now_us = TIME + 100;
    fresh.expires_us = TIME + 200;
    assert_false(mln_failed(mln_token_cache_put(cache, &fresh, NULL, &again)));
    assert_ptr_not_equal(first, again);
    mln_token_unref(again);
    mln_token_unref(first);
    mln_token_cache_free(cache);
}

/* SEC-TOK-23 */
static void test_issuers_change(void **state)
{
    struct mln_token_cache *cache = cache_of(10, 1 << 20);
    struct mln_jwt_issuers *others = NULL;
    struct mln_slice record = MLN_S(
        "{\"id\":\"//i\",\"fqdn\":\"i.example\",\"allow\":[{\"sig\":\"HS256\"}],\"keys\":[{\"kty\":"
        "\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUu"
        "TwjAzZr1Z9CAow\"}]}");
    struct mln_token_claims claims;
    struct mln_token_fresh fresh;
    struct mln_jwt_issuers *now;
    const struct mln_token *token = NULL;

    (void)state;
    mln_token_unref(put(cache, 1));
    fresh = fresh_of(2, &claims);
    fresh.issuer = mln_jwt_issuer_named(issuers, MLN_S("//j"));
    claims.issuer = MLN_S("//j");
    assert_false(mln_failed(mln_token_cache_put(cache, &fresh, NULL, &token)));
    mln_token_unref(token);
    mln_token_cache_set_issuers(cache, issuers);
    assert_true(has(cache, 1)); /* the same again: nothing is forgotten */
    assert_false(mln_failed(mln_jwt_issuers_new(&record, 1, NULL, NULL, &others)));
    mln_token_cache_set_issuers(cache, others);
    assert_false(has(cache, 1)); /* another key */
    assert_false(has(cache, 2)); /* an issuer that is gone */
    /* a verification that was under way meanwhile comes too late */
    fresh = fresh_of(1, &claims);
    assert_int_equal(mln_token_cache_put(cache, &fresh, NULL, &token).code, MLN_ERR_TOKEN_REFUSED);
    now = mln_token_cache_issuers(cache);
    assert_ptr_equal(now, others);
    mln_jwt_issuers_unref(now);
    mln_token_cache_set_issuers(cache, NULL);
    assert_null(mln_token_cache_issuers(cache));
    assert_int_equal(mln_token_cache_put(cache, &fresh, NULL, &token).code, MLN_ERR_TOKEN_REFUSED);
    mln_jwt_issuers_unref(others);
    mln_token_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_id), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_bytes),   cmocka_unit_test(test_order),
        cmocka_unit_test(test_expiry),  cmocka_unit_test(test_issuers_change),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
