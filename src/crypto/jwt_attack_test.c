/* Attacks on tokens: each one is refused, and for the reason that it should be.
 * spec: security.md 6.7; RFC 8725 */
#include "crypto/jwt.h"

#include <openssl/hmac.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "base/secret.h"
#include "crypto/base64.h"
#include "crypto/jose.h"
#include "crypto/jose_int.h"
#include "crypto/jwt_keys_test.h"

enum { ARENA_BYTES = 64 << 20, TEXT_BYTES = 1 << 18 };

#define ISSUER "//sp.example/Sdas"
#define OTHER  "//sp.example/Sother"
#define CLAIMS "{\"iss\":\"" ISSUER "\",\"jti\":\"t1@das.example\"}"

static struct mln_arena *arena;
static struct mln_limits limits;
static struct mln_jwt_issuers *issuers;

__attribute__((format(printf, 1, 2))) static const char *text_of(const char *format, ...)
{
    char *out = mln_arena_alloc(arena, TEXT_BYTES);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(out, TEXT_BYTES, format, args);
    va_end(args);
    return out;
}

/* The issuer with one key of each kind, and another one with keys of the same names. */
static int set_up(void **state)
{
    const char *records[2];

    (void)state;
    arena = mln_arena_new(ARENA_BYTES);
    mln_limits_default(&limits);
    records[0] = text_of(
        "{\"id\":\"" ISSUER "\",\"fqdn\":\"das.example\",\"allow\":[{\"sig\":\"HS256\"},{\"sig\":"
        "\"ES256\"},{\"sig\":\"RS256\"},{\"alg\":\"dir\",\"enc\":\"A128GCM\"},{\"alg\":\"A192KW\","
        "\"enc\":\"A128GCM\"},{\"sig\":\"HS256\",\"alg\":\"dir\",\"enc\":\"A128GCM\"},{\"sig\":"
        "\"ES256\",\"alg\":\"ECDH-ES+A128KW\",\"enc\":\"A128GCM\"}],\"keys\":[%s,%s,%s,%s,%s,%s]}",
        mln_test_jwk("oct32"), mln_test_jwk("oct16"), mln_test_jwk("oct24"),
        mln_test_jwk("ec256_pub"), mln_test_jwk("rsa_pub"), mln_test_jwk("ec384"));
    records[1] =
        text_of("{\"id\":\"" OTHER "\",\"fqdn\":\"other.example\",\"allow\":[{\"sig\":"
                "\"HS256\"},{\"alg\":\"dir\",\"enc\":\"A128GCM\"},{\"alg\":\"dir\",\"enc\":"
                "\"A192GCM\"}],\"keys\":[%s,%s]}",
                mln_test_jwk("oct48"), mln_test_jwk("oct24"));
    issuers = mln_test_issuers(records, 2, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_jwt_issuers_unref(issuers);
    mln_arena_free(arena);
    return 0;
}

/* ---- forging ---- */

static const char *encode(struct mln_slice bytes)
{
    struct mln_slice text = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, arena, TEXT_BYTES);
    mln_base64url_add(&out, bytes);
    assert_false(mln_failed(mln_buf_finish(&out, &text)));
    return mln_arena_zdup(arena, text);
}

/* HMAC with SHA-256 by any bytes as key. */
static const char *mac_of(const char *input, struct mln_slice key)
{
    unsigned char mac[32];
    unsigned len = sizeof mac;

    assert_non_null(HMAC(EVP_sha256(), key.ptr, (int)key.len, (const unsigned char *)input,
                         strlen(input), mac, &len));
    return encode(mln_slice_of((const char *)mac, len));
}

static struct mln_slice secret_of(const char *name)
{
    struct mln_jose_key *key = mln_test_key(name);
    struct mln_slice copy = { 0 };

    assert_true(mln_arena_dup(
        arena, mln_slice_of((const char *)mln_secret_bytes(key->oct), mln_secret_len(key->oct)),
        &copy));
    mln_jose_key_free(key);
    return copy;
}

static const char *token_by(const char *header, const char *payload, struct mln_slice key)
{
    const char *input = text_of("%s.%s", encode(mln_slice_z(header)), encode(mln_slice_z(payload)));

    return text_of("%s.%s", input, mac_of(input, key));
}

/* A token of that header, soundly signed by the HMAC key of the issuer. */
static const char *forge(const char *header, const char *payload)
{
    return token_by(header, payload, secret_of("oct32"));
}

static const char *seal(const char *name, enum mln_jose_enc enc, const char *header,
                        const char *text)
{
    struct mln_jose_key *key = mln_test_key(name);
    struct mln_jose_wrapping how = { .enc = enc };
    struct mln_slice token = { 0 };
    struct mln_value *said;

    assert_int_equal(mln_json_read(mln_slice_z(header), &limits, arena, &said, NULL).code,
                     MLN_ERR_NONE);
    how.wrap = mln_jose_wrap_named(mln_value_get(said, MLN_S("alg"))->text);
    assert_int_equal(mln_jose_seal(key, &how, said, mln_slice_z(text), arena, &token).code,
                     MLN_ERR_NONE);
    mln_jose_key_free(key);
    return mln_arena_zdup(arena, token);
}

static mln_err verify(const char *token, struct mln_fault *fault)
{
    struct mln_jwt_check check = {
        .issuers = issuers, .limits = &limits, .arena = arena, .fault = fault
    };
    struct mln_jwt untouched;
    struct mln_jwt jwt;
    mln_err err;

    memset(&untouched, 0x5A, sizeof untouched);
    jwt = untouched;
    err = mln_jwt_verify(&check, mln_slice_z(token), &jwt);
    if (mln_failed(err)) {
        assert_memory_equal(&jwt, &untouched, sizeof jwt);
    }
    return err;
}

static void accept(const char *token)
{
    struct mln_fault fault = { 0 };
    mln_err err = verify(token, &fault);

    if (mln_failed(err)) {
        fail_msg("%s: %s: %s", token, mln_err_name(err), fault.text);
    }
}

static void refuse_as(enum mln_err_code code, const char *token, const char *why)
{
    struct mln_fault fault = { 0 };
    mln_err err = verify(token, &fault);

    if (err.code != code || !strstr(fault.text, why)) {
        fail_msg("%s: %s: %s (wanted: %s)", token, mln_err_name(err), fault.text, why);
    }
}

static void refuse(const char *token, const char *why)
{
    refuse_as(MLN_ERR_TOKEN_REFUSED, token, why);
}

#define HS(more) "{\"typ\":\"JWT\",\"alg\":\"HS256\",\"kid\":\"oct32\"" more "}"

/* What the attacks start from is sound. */
static void test_sound(void **state)
{
    (void)state;
    accept(forge(HS(""), CLAIMS));
    accept(forge("{\"typ\":\"JWT\",\"alg\":\"HS256\"}", CLAIMS));
    accept(forge(HS(",\"unknown\":{\"a\":[1]}"), CLAIMS));
    accept(forge(HS(",\"iss\":\"" ISSUER "\""), CLAIMS));
    accept(seal("oct16", MLN_JOSE_A128GCM,
                "{\"typ\":\"JWT\",\"alg\":\"dir\",\"enc\":\"A128GCM\",\"kid\":\"oct16\"}", CLAIMS));
}

/* SEC-TOK-02: the public key, which everybody has, as secret of an HMAC */
static void test_algorithm_confusion(void **state)
{
    static const char *const keys[] = { "ec256_pub", "rsa_pub" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct mln_jose_key *key = mln_test_key(keys[i]);
        unsigned char *der = NULL;
        int len = i2d_PUBKEY(key->pkey, &der);
        const char *header = text_of("{\"typ\":\"JWT\",\"alg\":\"HS256\",\"kid\":\"%.*s\"}",
                                     MLN_S_ARG(mln_jose_key_id(key)));

        assert_true(len > 0);
        refuse(token_by(header, CLAIMS, mln_slice_of((const char *)der, (size_t)len)),
               "no key of the issuer fits");
        refuse(token_by(header, CLAIMS, mln_slice_z(mln_test_jwk(keys[i]))),
               "no key of the issuer fits");
        OPENSSL_free(der);
        mln_jose_key_free(key);
    }
    /* and the other way: an algorithm of public keys on a secret */
    refuse(forge("{\"typ\":\"JWT\",\"alg\":\"ES256\",\"kid\":\"oct32\"}", CLAIMS),
           "no key of the issuer fits");
    /* an HMAC under the empty key */
    refuse(token_by("{\"typ\":\"JWT\",\"alg\":\"HS256\",\"kid\":\"\"}", CLAIMS, MLN_S("")),
           "must be a text");
}

/* SEC-TOK-03 */
static void test_none(void **state)
{
    static const char *const names[] = {
        "none", "None", "NONE", "nOnE", "", "none ", "HS256\\u0000"
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *header = text_of("{\"typ\":\"JWT\",\"alg\":\"%s\"}", names[i]);
        const char *input = text_of("%s.%s", encode(mln_slice_z(header)), encode(MLN_S(CLAIMS)));

        refuse_as(MLN_ERR_SYNTAX, text_of("%s.", input), "dynAuthJWT");
        refuse(text_of("%s.AAAA", input),
               names[i][0] ? "algorithm not accepted" : "must be a text");
        refuse(forge(header, CLAIMS), names[i][0] ? "algorithm not accepted" : "must be a text");
    }
    refuse(forge("{\"typ\":\"JWT\"}", CLAIMS), "algorithm not accepted");
    refuse(forge("{\"typ\":\"JWT\",\"alg\":null}", CLAIMS), "must be a text");
    refuse(forge("{\"typ\":\"JWT\",\"alg\":[\"HS256\"]}", CLAIMS), "must be a text");
}

/* SEC-TOK-09: what the standard permits, but not this issuer; and what nobody does */
static void test_other_algorithms(void **state)
{
    static const char *const names[] = { "PS256", "ES256K", "EdDSA", "HS1", "hs256", "RS1", "dir" };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        refuse(forge(text_of("{\"typ\":\"JWT\",\"alg\":\"%s\"}", names[i]), CLAIMS),
               "algorithm not accepted");
    }
    refuse(forge("{\"typ\":\"JWT\",\"alg\":\"HS384\",\"kid\":\"oct32\"}", CLAIMS),
           "does not use this protection");
    refuse(forge(HS(",\"enc\":\"A128GCM\""), CLAIMS), "algorithm not accepted");
    refuse(seal("oct24", MLN_JOSE_A192GCM,
                "{\"typ\":\"JWT\",\"alg\":\"dir\",\"enc\":\"A192GCM\",\"kid\":\"oct24\"}", CLAIMS),
           "does not use this protection");
}

/* SEC-TOK-21: critical headers, known to others or to nobody; compression; keys that come along */
static void test_forbidden_headers(void **state)
{
    (void)state;
    refuse(forge(HS(",\"crit\":[\"exp\"],\"exp\":1"), CLAIMS), "crit");
    refuse(forge(HS(",\"crit\":[\"b64\"],\"b64\":true"), CLAIMS), "crit");
    refuse(forge(HS(",\"crit\":[]"), CLAIMS), "crit");
    refuse(forge(HS(",\"crit\":null"), CLAIMS), "crit");
    refuse(forge(HS(",\"b64\":false"), CLAIMS), "b64");
    refuse(forge(HS(",\"zip\":\"DEF\""), CLAIMS), "zip");
    refuse(forge(HS(",\"jku\":\"http://evil.example/keys\""), CLAIMS), "jku");
    refuse(forge(HS(",\"x5u\":\"http://evil.example/cert\""), CLAIMS), "x5u");
    refuse(forge(text_of(HS(",\"jwk\":%s"), mln_test_jwk("other_pub")), CLAIMS), "jwk");
    refuse(seal("oct16", MLN_JOSE_A128GCM,
                "{\"typ\":\"JWT\",\"alg\":\"dir\",\"enc\":\"A128GCM\",\"zip\":\"DEF\"}", CLAIMS),
           "zip");
    /* a header that is not what RFC 7515 says */
    refuse(forge(HS(",\"x5c\":[]"), CLAIMS), "x5c");
    refuse(forge(HS(",\"x5c\":\"AAAA\""), CLAIMS), "x5c");
    refuse(forge(HS(",\"x5c\":[\"A-_A\"]"), CLAIMS), "x5c");
    refuse(forge(HS(",\"x5c\":[\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\"]"), CLAIMS),
           "x5c");
    refuse(forge(HS(",\"x5c\":[\"AAAA\"]"), CLAIMS), "no trust");
    refuse(forge(HS(",\"x5c\":[\"AAAA\"],\"x5t#S256\":\"AAAA\""), CLAIMS), "x5t#S256");
}

/* SEC-TOK-05 */
static void test_types(void **state)
{
    const char *inner = forge(HS(""), CLAIMS);
    const char *inner_cty = forge(HS(",\"cty\":\"JWT\""), CLAIMS);

    (void)state;
    refuse(forge("{\"alg\":\"HS256\"}", CLAIMS), "typ");
    refuse(forge("{\"alg\":\"HS256\",\"typ\":\"jwt\"}", CLAIMS), "typ");
    refuse(forge("{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}", CLAIMS), "typ");
    refuse(inner_cty, "cty");
    refuse(forge(HS(",\"cty\":\"x\""), CLAIMS), "cty");
#define DIR(more) "{\"typ\":\"JWT\",\"alg\":\"dir\",\"enc\":\"A128GCM\",\"kid\":\"oct16\"" more "}"
    accept(seal("oct16", MLN_JOSE_A128GCM, DIR(",\"cty\":\"JWT\""), inner));
    refuse(seal("oct16", MLN_JOSE_A128GCM, DIR(""), inner), "claims");
    refuse(seal("oct16", MLN_JOSE_A128GCM, DIR(",\"cty\":\"jwt\""), inner), "cty");
    refuse(seal("oct16", MLN_JOSE_A128GCM, DIR(",\"cty\":\"JOSE\""), inner), "cty");
    refuse(seal("oct16", MLN_JOSE_A128GCM, DIR(",\"cty\":\"JWT\""), inner_cty), "cty");
    /* claims where a signed token should be */
    refuse(seal("oct16", MLN_JOSE_A128GCM, DIR(",\"cty\":\"JWT\""), CLAIMS), "not a signed token");
}

/* SEC-TOK-24: encrypted in encrypted */
static void test_deep(void **state)
{
    const char *signed_one = forge(HS(""), CLAIMS);
    const char *once = seal("oct16", MLN_JOSE_A128GCM, DIR(",\"cty\":\"JWT\""), signed_one);

    (void)state;
    accept(once);
    refuse(seal("oct16", MLN_JOSE_A128GCM, DIR(",\"cty\":\"JWT\""), once), "not a signed token");
    refuse(forge(HS(""), signed_one), "claims");
}

/* SEC-TOK-04, SEC-ESD-07: names of keys exchanged */
static void test_key_swaps(void **state)
{
    const char *other = "{\"iss\":\"" OTHER "\"}";

    (void)state;
    refuse(forge("{\"typ\":\"JWT\",\"alg\":\"HS256\",\"kid\":\"oct48\"}", CLAIMS), "no key");
    refuse(forge("{\"typ\":\"JWT\",\"alg\":\"HS256\",\"kid\":\"oct16\"}", CLAIMS), "no key");
    refuse(forge("{\"typ\":\"JWT\",\"alg\":\"HS256\",\"kid\":\"../../dev/null\"}", CLAIMS),
           "no key");
    refuse(forge("{\"typ\":\"JWT\",\"alg\":\"HS256\",\"kid\":7}", CLAIMS), "must be a text");
    /* the key of one issuer, the name of the other */
    refuse(forge(HS(""), other), "no key");
    refuse(token_by("{\"typ\":\"JWT\",\"alg\":\"HS256\",\"kid\":\"oct48\"}", CLAIMS,
                    secret_of("oct48")),
           "no key");
    refuse(token_by("{\"typ\":\"JWT\",\"alg\":\"HS256\"}", CLAIMS, secret_of("oct48")),
           "does not fit");
    refuse(seal("oct16", MLN_JOSE_A128GCM, DIR(""), other), "another issuer");
    refuse(seal("oct16", MLN_JOSE_A128GCM,
                "{\"typ\":\"JWT\",\"alg\":\"dir\",\"enc\":\"A128GCM\",\"kid\":\"oct24\"}", CLAIMS),
           "no key of ours");
    refuse(forge(HS(",\"iss\":\"" OTHER "\""), CLAIMS), "issuer not known");
    refuse(forge(HS(""), "{\"iss\":\"//sp.example/Snobody\"}"), "issuer not known");
    refuse(forge(HS(""), "{\"iss\":\"//sp.example/sdas\"}"), "issuer not known");
    refuse(forge(HS(""), "{\"iss\":[\"" ISSUER "\"]}"), "iss is missing");
    refuse(forge(HS(""), "{}"), "iss is missing");
}

/* Twice the same member: two readers could see two tokens. */
static void test_duplicates(void **state)
{
    (void)state;
    refuse(forge("{\"typ\":\"JWT\",\"alg\":\"none\",\"alg\":\"HS256\"}", CLAIMS), "header");
    refuse(forge("{\"typ\":\"JWT\",\"alg\":\"HS256\",\"\\u0061lg\":\"HS256\"}", CLAIMS), "header");
    refuse(forge(HS(""), "{\"iss\":\"" ISSUER "\",\"iss\":\"" OTHER "\"}"), "claims");
    refuse(forge(HS(""), "{\"iss\":\"" ISSUER "\",\"tkps\":{\"pm\":[],\"pm\":[]}}"), "claims");
    refuse(forge(HS(""), CLAIMS "{}"), "claims");
    refuse(forge(HS(""), "[" CLAIMS "]"), "claims");
    refuse(forge(HS(""), "{\"iss\":\"" ISSUER "\",}"), "claims");
    refuse(forge("{\"typ\":\"JWT\",\"alg\":\"HS256\"}//", CLAIMS), "header");
}

/* SEC-TOK-01, SEC-ESD-07: tags and signatures that are cut off, empty, or spelled anew */
static void test_tags(void **state)
{
    const char *token = forge(HS(""), CLAIMS);
    const char *sealed = seal("oct16", MLN_JOSE_A128GCM, DIR(""), CLAIMS);
    size_t len = strlen(token);
    size_t sealed_len = strlen(sealed);

    (void)state;
    for (size_t cut = 1; cut < 43; cut++) {
        assert_true(mln_failed(verify(text_of("%.*s", (int)(len - cut), token), NULL)));
    }
    for (size_t cut = 1; cut <= 22; cut++) {
        assert_true(mln_failed(verify(text_of("%.*s", (int)(sealed_len - cut), sealed), NULL)));
    }
    assert_true(mln_failed(verify(text_of("%sA", token), NULL)));
    assert_true(mln_failed(verify(text_of("%sAA", sealed), NULL)));
    /* the last character of 32 bytes has two bits that do not count: only zeros are accepted */
    for (const char *c = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"; *c;
         c++) {
        if (*c != token[len - 1]) {
            assert_true(mln_failed(verify(text_of("%.*s%c", (int)(len - 1), token, *c), NULL)));
        }
    }
}

/* Every byte of every part counts. */
static void test_every_byte(void **state)
{
    const char *tokens[] = {
        forge(HS(""), CLAIMS), seal("oct16", MLN_JOSE_A128GCM, DIR(""), CLAIMS),
        seal("oct24", MLN_JOSE_A128GCM,
             "{\"typ\":\"JWT\",\"alg\":\"A192KW\",\"enc\":\"A128GCM\",\"kid\":\"oct24\"}", CLAIMS)
    };

    (void)state;
    for (size_t t = 0; t < 3; t++) {
        size_t len = strlen(tokens[t]);

        accept(tokens[t]);
        for (size_t at = 0; at < len; at++) {
            struct mln_arena *own = arena;
            char *bad = mln_arena_zdup(arena, mln_slice_of(tokens[t], len));

            bad[at] = (char)(bad[at] ^ 1);
            arena = mln_arena_new(1 << 20);
            assert_true(mln_failed(verify(bad, NULL)));
            mln_arena_free(arena);
            arena = own;
        }
    }
}

static struct mln_slice header_with(const char *epk)
{
    return mln_slice_z(
        text_of("{\"typ\":\"JWT\",\"cty\":\"JWT\",\"alg\":\"ECDH-ES+A128KW\",\"enc\":"
                "\"A128GCM\",\"kid\":\"ec384\",\"epk\":%s}",
                epk));
}

/* SEC-ESD-12: points off the curve, points of another one, private keys as ephemeral ones */
static void test_ephemeral(void **state)
{
    static const char *const keys[] = {
        "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "null",
        "[]",
        "\"P-384\"",
    };
    const char *rest = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAA.AAAA."
                       "AAAAAAAAAAAAAAAAAAAAAA";
    struct mln_buf off;

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        refuse(text_of("%s.%s", encode(header_with(keys[i])), rest), "epk");
    }
    refuse(text_of("%s.%s", encode(header_with(mln_test_jwk("ec384"))), rest), "epk");
    refuse(
        text_of("%s.%s",
                encode(MLN_S("{\"typ\":\"JWT\",\"cty\":\"JWT\",\"alg\":\"ECDH-ES+A128KW\",\"enc\""
                             ":\"A128GCM\"}")),
                rest),
        "epk");
    /* a sound point of another curve than the key's */
    refuse(text_of("%s.%s", encode(header_with(mln_test_jwk("ec256_pub"))), rest),
           "no key of ours");
    /* (0, 0) is on no curve */
    mln_buf_init(&off, arena, 1000);
    mln_base64url_add(&off, mln_slice_of((char[48]){ 0 }, 48));
    refuse(text_of("%s.%s",
                   encode(header_with(
                       text_of("{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"%.*s\",\"y\":\"%.*s\"}",
                               (int)off.len, off.ptr, (int)off.len, off.ptr))),
                   rest),
           "epk");
}

/* Microseconds of this thread that some refusals of the token take. */
static int64_t time_of(const char *token)
{
    struct timespec from;
    struct timespec to;

    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from), 0);
    for (int i = 0; i < 10; i++) {
        assert_true(mln_failed(verify(token, NULL)));
    }
    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to), 0);
    return (to.tv_sec - from.tv_sec) * INT64_C(1000000) + (to.tv_nsec - from.tv_nsec) / 1000;
}

/* An ephemeral key of a kind that is none costs less than one that is. */
static void test_costly_ephemeral(void **state)
{
    const char *rest = "AAAA.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA";
    const char *sound = text_of("%s.%s", encode(header_with(mln_test_jwk("ec384_pub"))), rest);
    static const char *const keys[] = { "rsa_pub", "rsa", "ec384" };

    (void)state;
    (void)time_of(sound);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *token = text_of("%s.%s", encode(header_with(mln_test_jwk(keys[i]))), rest);

        refuse(token, "epk");
        assert_in_range(time_of(token), 0, (uintmax_t)time_of(sound));
    }
}

/* m2m:dynAuthJWT: SEC-TOK-17 */
static void test_form(void **state)
{
    static const char *const bad[] = {
        "",       ".",       "..",      "a.b",      "a.b.c.d",  "a.b.c.d.e.f", ".b.c",
        "a.b.",   "....",    "a...",    ".b.c.d.e", "a.b.c..e", "a.b.c\n",     " a.b.c",
        "a.b.c ", "a b.c.d", "a+b.c.d", "a/b.c.d",  "a=.b.c",   "a.b.c.",      "eyJ9\xc3\xa9.b.c",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refuse_as(MLN_ERR_SYNTAX, bad[i], "dynAuthJWT");
    }
}

/* SEC-TOK-24 */
static void test_huge(void **state)
{
    char *huge = mln_arena_alloc(arena, 70000);
    char *deep = mln_arena_alloc(arena, 30000);
    struct mln_limits all = limits;

    (void)state;
    memset(huge, 'A', 69999);
    huge[69999] = '\0';
    huge[10] = huge[20] = '.';
    refuse_as(MLN_ERR_LIMIT, huge, "token_bytes");
    huge[65536] = '\0';
    refuse(huge, "header"); /* as long as may be, but no token */
    memset(deep, '[', 15000);
    memset(deep + 15000, ']', 14999);
    deep[29999] = '\0';
    refuse(forge(HS(""), deep), "claims");
    refuse(forge(text_of("{\"typ\":\"JWT\",\"x\":%.200s", deep), CLAIMS), "header");
    refuse(forge(HS(",\"x\":[[[[[[[[[1]]]]]]]]]"), CLAIMS), "header");
    memset(deep, ' ', 20000);
    deep[20000] = '\0';
    refuse(forge(text_of("%s" HS(""), deep), CLAIMS), "header too long");
    limits.token_bytes = 1024;
    refuse_as(MLN_ERR_LIMIT, forge(HS(""), text_of("{\"iss\":\"%.*s\"}", 900, huge)),
              "token_bytes");
    limits = all;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_algorithm_confusion, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_algorithms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_forbidden_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_deep, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_key_swaps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_duplicates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tags, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ephemeral, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_costly_ephemeral, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_form, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_huge, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
