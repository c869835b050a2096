/* Tests of tokens: every permitted combination, issuers and their records, certificates. */
#include "crypto/jwt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "crypto/jwt_keys_test.h"

enum { ARENA_BYTES = 16 << 20, TEXT_BYTES = 65536 };

#define ISSUER "//sp.example/Sdas"
#define CLAIMS "{\"iss\":\"" ISSUER "\",\"jti\":\"t1@das.example\",\"azp\":\"//sp.example/Sae\"}"

static struct mln_arena *arena;
static struct mln_limits limits;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(ARENA_BYTES);
    mln_limits_default(&limits);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

__attribute__((format(printf, 1, 2))) static const char *text_of(const char *format, ...)
{
    char *out = mln_arena_alloc(arena, TEXT_BYTES);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(out, TEXT_BYTES, format, args);
    va_end(args);
    return out;
}

static mln_err verify(const struct mln_jwt_issuers *issuers, struct mln_slice token,
                      struct mln_jwt *ret)
{
    struct mln_fault fault = { 0 };
    struct mln_jwt_check check = {
        .issuers = issuers, .limits = &limits, .arena = arena, .fault = &fault
    };
    mln_err err = mln_jwt_verify(&check, token, ret);

    assert_int_equal(mln_failed(err), fault.text[0] != '\0');
    return err;
}

static struct mln_slice make(const struct mln_jwt_draft *draft)
{
    struct mln_fault fault = { 0 };
    struct mln_slice token = { 0 };
    mln_err err = mln_jwt_make(draft, arena, &fault, &token);

    if (mln_failed(err)) {
        fail_msg("%s %s %s: %s: %s", mln_jose_sig_row(draft->rule.sig)->name,
                 mln_jose_wrap_row(draft->rule.wrap)->name, mln_jose_enc_row(draft->rule.enc)->name,
                 mln_err_name(err), fault.text);
    }
    return token;
}

/* ---- every combination ---- */

static const struct {
    enum mln_jose_sig sig;
    const char *signer;
    const char *verifier;
} signers[] = {
    { MLN_JOSE_NO_SIG, "oct32", "oct32" },    { MLN_JOSE_HS256, "oct32", "oct32" },
    { MLN_JOSE_HS384, "oct48", "oct48" },     { MLN_JOSE_HS512, "oct64", "oct64" },
    { MLN_JOSE_RS256, "rsa", "rsa_pub" },     { MLN_JOSE_RS384, "rsa", "rsa_pub" },
    { MLN_JOSE_RS512, "rsa", "rsa_pub" },     { MLN_JOSE_ES256, "ec256", "ec256_pub" },
    { MLN_JOSE_ES384, "ec384", "ec384_pub" }, { MLN_JOSE_ES512, "ec521", "ec521_pub" },
};

/* NULL: the key of the length that `enc` has */
static const struct {
    enum mln_jose_wrap wrap;
    const char *recipient;
    const char *opener;
} recipients[] = {
    { MLN_JOSE_NO_WRAP, "oct32", "oct32" },
    { MLN_JOSE_DIR, NULL, NULL },
    { MLN_JOSE_A128KW, "oct16", "oct16" },
    { MLN_JOSE_A192KW, "oct24", "oct24" },
    { MLN_JOSE_A256KW, "oct32", "oct32" },
    { MLN_JOSE_RSA_OAEP_256, "rsa_pub", "rsa" },
    { MLN_JOSE_ECDH_ES_A128KW, "ec256_pub", "ec256" },
    { MLN_JOSE_ECDH_ES_A192KW, "ec384_pub", "ec384" },
    { MLN_JOSE_ECDH_ES_A256KW, "ec521_pub", "ec521" },
    { MLN_JOSE_ECDH_ES_A128KW, "ec521_pub", "ec521" },
};

static const char *rule_text(const struct mln_jwt_rule *rule)
{
    const char *sig = mln_jose_sig_row(rule->sig)->name;
    const char *wrap = mln_jose_wrap_row(rule->wrap)->name;
    const char *enc = mln_jose_enc_row(rule->enc)->name;

    if (!rule->wrap) {
        return text_of("{\"sig\":\"%s\"}", sig);
    }
    return rule->sig ? text_of("{\"sig\":\"%s\",\"alg\":\"%s\",\"enc\":\"%s\"}", sig, wrap, enc)
                     : text_of("{\"alg\":\"%s\",\"enc\":\"%s\"}", wrap, enc);
}

/* The keys as a list without repetition. */
static const char *keys_text(const char *verifier, const char *opener)
{
    if (strncmp(verifier, opener, strlen(opener)) == 0) {
        verifier = opener; /* a private key verifies too */
    }
    return strcmp(verifier, opener) == 0
               ? mln_test_jwk(opener)
               : text_of("%s,%s", mln_test_jwk(verifier), mln_test_jwk(opener));
}

static void check_combination(const struct mln_jwt_rule *rule, const char *signer,
                              const char *recipient, const char *keys)
{
    const char *record = text_of("{\"id\":\"" ISSUER "\",\"fqdn\":\"das.example\",\"allow\":[%s],"
                                 "\"keys\":[%s]}",
                                 rule_text(rule), keys);
    struct mln_jwt_issuers *issuers = mln_test_issuers(&record, 1, NULL);
    struct mln_jose_key *signing = mln_test_key(signer);
    struct mln_jose_key *sealing = mln_test_key(recipient);
    struct mln_jwt_draft draft = {
        .claims = MLN_S(CLAIMS), .rule = *rule, .signer = signing, .recipient = sealing
    };
    struct mln_slice token = make(&draft);
    struct mln_jwt jwt;
    mln_err err = verify(issuers, token, &jwt);

    if (mln_failed(err)) {
        fail_msg("%s: %.*s", rule_text(rule), MLN_S_ARG(token));
    }
    assert_true(mln_slice_eq(jwt.claims, MLN_S(CLAIMS)));
    assert_true(mln_slice_eq(jwt.issuer->id, MLN_S(ISSUER)));
    assert_memory_equal(&jwt.rule, rule, sizeof *rule);
    /* one character less of any part is another token */
    for (size_t at = 0; at < token.len; at += 1 + token.len / 7) {
        char *bad = mln_arena_zdup(arena, token);

        bad[at] = bad[at] == 'A' ? 'B' : 'A';
        assert_true(mln_failed(verify(issuers, mln_slice_of(bad, token.len), &jwt)));
    }
    assert_true(mln_failed(verify(issuers, mln_slice_head(token, token.len - 1), &jwt)));
    mln_jose_key_free(signing);
    mln_jose_key_free(sealing);
    mln_jwt_issuers_unref(issuers);
}

/* SEC-TOK-01, SEC-TOK-02, SEC-TOK-04, SEC-TOK-05, SEC-ESD-01: all of 26.3, alone and nested */
static void test_all_combinations(void **state)
{
    static const char *const direct[] = { NULL, "oct16", "oct24", "oct32" };

    (void)state;
    for (size_t s = 0; s < sizeof signers / sizeof signers[0]; s++) {
        for (size_t r = 0; r < sizeof recipients / sizeof recipients[0]; r++) {
            /* all content algorithms once, with each wrapping in turn */
            enum mln_jose_enc enc = (enum mln_jose_enc)(1 + (s + r) % 3);
            const char *recipient = recipients[r].recipient ? recipients[r].recipient : direct[enc];
            const char *opener = recipients[r].opener ? recipients[r].opener : direct[enc];
            struct mln_jwt_rule rule = { signers[s].sig, recipients[r].wrap,
                                         recipients[r].wrap ? enc : MLN_JOSE_NO_ENC };

            if (!rule.sig && mln_jose_wrap_row(rule.wrap)->kty != MLN_JOSE_OCT) {
                continue;
            }
            if (rule.sig || rule.wrap) {
                check_combination(&rule, signers[s].signer, recipient,
                                  keys_text(signers[s].verifier, opener));
            }
            mln_arena_reset(arena);
        }
    }
}

/* ---- records ---- */

static void refuse_record(const char *record, const char *why)
{
    struct mln_slice texts[2] = { MLN_S(
                                      "{\"id\":\"//x\",\"fqdn\":\"x.example\",\"allow\":[{\"sig\":"
                                      "\"HS256\"}],\"keys\":[{\"kty\":\"oct\",\"k\":\"hJtXIZ2uSN5"
                                      "kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg\"}]}"),
                                  mln_slice_z(record) };
    struct mln_jwt_issuers *issuers = NULL;
    struct mln_fault fault = { 0 };
    mln_err err = mln_jwt_issuers_new(texts, 2, NULL, &fault, &issuers);

    if (err.code != MLN_ERR_CONFIG || !strstr(fault.text, why)) {
        fail_msg("%s: %s: %s", record, mln_err_name(err), fault.text);
    }
    assert_null(issuers);
}

#define KEY  "{\"kty\":\"oct\",\"kid\":\"k\",\"k\":\"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg\"}"
#define HEAD "{\"id\":\"//i\",\"fqdn\":\"i.example\","

static void test_records_refused(void **state)
{
    (void)state;
    refuse_record("", "JSON object");
    refuse_record("[]", "JSON object");
    refuse_record("{\"fqdn\":\"i.example\"}", "id");
    refuse_record("{\"id\":\"//i\",\"fqdn\":\"I.example\"}", "lower case");
    refuse_record("{\"id\":\"//i\",\"fqdn\":\".example\"}", "domain");
    refuse_record("{\"id\":\"//x\",\"fqdn\":\"i.example\"}", "twice");
    refuse_record("{\"id\":\"//i\",\"fqdn\":\"x.example\"}", "another issuer");
    refuse_record(HEAD "\"extra\":1}", "not known");
    refuse_record(HEAD "\"keys\":[" KEY "]}", "allow");
    refuse_record(HEAD "\"allow\":[],\"keys\":[" KEY "]}", "allow");
    refuse_record(HEAD "\"allow\":[{}],\"keys\":[" KEY "]}", "an entry has");
    refuse_record(HEAD "\"allow\":[{\"alg\":\"dir\"}],\"keys\":[" KEY "]}", "an entry has");
    refuse_record(HEAD "\"allow\":[{\"sig\":\"none\"}],\"keys\":[" KEY "]}", "unknown algorithm");
    refuse_record(HEAD "\"allow\":[{\"sig\":5}],\"keys\":[" KEY "]}", "unknown algorithm");
    refuse_record(HEAD "\"allow\":[{\"sig\":\"PS256\"}],\"keys\":[" KEY "]}", "unknown algorithm");
    refuse_record(HEAD "\"allow\":[{\"alg\":\"dir\",\"enc\":\"A128CBC-HS256\"}],\"keys\":[" KEY
                       "]}",
                  "unknown algorithm");
    refuse_record(HEAD "\"allow\":[{\"alg\":\"RSA1_5\",\"enc\":\"A128GCM\"}],\"keys\":[" KEY "]}",
                  "unknown algorithm");
    /* anybody has the public key */
    refuse_record(HEAD "\"allow\":[{\"alg\":\"RSA-OAEP-256\",\"enc\":\"A128GCM\"}],\"keys\":[" KEY
                       "]}",
                  "needs a signature");
    refuse_record(HEAD "\"allow\":[{\"alg\":\"ECDH-ES+A128KW\",\"enc\":\"A128GCM\"}],\"keys\":[" KEY
                       "]}",
                  "needs a signature");
    refuse_record(HEAD "\"allow\":[{\"sig\":\"HS256\"}]}", "no key");
    refuse_record(HEAD "\"allow\":[{\"sig\":\"HS256\"}],\"keys\":[" KEY "," KEY "]}", "same kid");
    refuse_record(HEAD "\"allow\":[{\"sig\":\"HS256\"}],\"keys\":[{\"kty\":\"oct\"}]}",
                  "k is missing");
    refuse_record(HEAD "\"allow\":[{\"sig\":\"HS256\"}],\"anchors\":[\"*\"]}", "anchors");
}

static void test_lookup(void **state)
{
    const char *records[] = {
        HEAD "\"contact\":\"http://i.example/das\",\"allow\":[{\"sig\":"
             "\"HS256\"}],\"keys\":[" KEY "]}",
        "{\"id\":\"//j\",\"fqdn\":\"j.example\",\"allow\":[{\"sig\":\"HS256\"}"
        "],\"keys\":[" KEY "]}"
    };
    struct mln_jwt_issuers *issuers = mln_test_issuers(records, 2, NULL);
    const struct mln_jwt_issuer *issuer = mln_jwt_issuer_named(issuers, MLN_S("//i"));

    (void)state;
    assert_non_null(issuer);
    assert_true(mln_slice_eq(issuer->contact, MLN_S("http://i.example/das")));
    assert_ptr_equal(mln_jwt_issuer_of_token_id(issuers, MLN_S("x@i.example")), issuer);
    assert_null(mln_jwt_issuer_of_token_id(issuers, MLN_S("x@k.example")));
    assert_null(mln_jwt_issuer_of_token_id(issuers, MLN_S("i.example")));
    assert_null(mln_jwt_issuer_named(issuers, MLN_S("//I")));
    assert_null(mln_jwt_issuer_named(issuers, MLN_S("")));
    assert_ptr_equal(mln_jwt_issuers_ref(issuers), issuers);
    mln_jwt_issuers_unref(issuers);
    mln_jwt_issuers_unref(issuers);
    mln_jwt_issuers_unref(NULL);
}

/* The same record has the same fingerprint, any change another one: SEC-TOK-23 */
static void test_fingerprint(void **state)
{
    const char *records[] = { HEAD "\"allow\":[{\"sig\":\"HS256\"}],\"keys\":[" KEY "]}",
                              HEAD
                              "\"allow\":[{\"sig\":\"HS256\"},{\"sig\":\"HS384\"}],\"keys\":[" KEY
                              "]}",
                              HEAD "\"allow\":[{\"sig\":\"ES256\"}],\"anchors\":[\"AAAA\"]}" };
    struct mln_jwt_trust first = { .epoch = 1 };
    struct mln_jwt_trust second = { .epoch = 2 };
    unsigned char seen[6][MLN_SHA256_SIZE];

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct mln_jwt_issuers *issuers =
            mln_test_issuers(&records[i % 3], 1, i < 3 ? &first : &second);

        memcpy(seen[i], mln_jwt_issuer_named(issuers, MLN_S("//i"))->fingerprint, sizeof seen[i]);
        mln_jwt_issuers_unref(issuers);
    }
    assert_memory_equal(seen[0], seen[3], MLN_SHA256_SIZE);
    assert_memory_equal(seen[1], seen[4], MLN_SHA256_SIZE);
    assert_memory_not_equal(seen[0], seen[1], MLN_SHA256_SIZE);
    assert_memory_not_equal(seen[2], seen[5], MLN_SHA256_SIZE); /* certificates: a new epoch */
}

/* ---- keys without names ---- */

static struct mln_slice token_by(const char *signer, enum mln_jose_sig sig)
{
    struct mln_jose_key *key = mln_test_key(signer);
    struct mln_jwt_draft draft = { .claims = MLN_S(CLAIMS), .rule = { .sig = sig }, .signer = key };
    struct mln_slice token = make(&draft);

    mln_jose_key_free(key);
    return token;
}

static void test_key_choice(void **state)
{
    const char *two = text_of("{\"id\":\"" ISSUER "\",\"fqdn\":\"das.example\",\"allow\":[{\"sig\":"
                              "\"ES256\"}],\"keys\":[%s,%s]}",
                              mln_test_jwk("ec256_pub"), mln_test_jwk("other_pub"));
    struct mln_jwt_issuers *issuers = mln_test_issuers(&two, 1, NULL);
    struct mln_jwt jwt;

    (void)state;
    assert_int_equal(verify(issuers, token_by("ec256", MLN_JOSE_ES256), &jwt).code, MLN_ERR_NONE);
    assert_int_equal(verify(issuers, token_by("other", MLN_JOSE_ES256), &jwt).code, MLN_ERR_NONE);
    mln_jwt_issuers_unref(issuers);
}

/* ---- certificates ---- */

struct chain_call {
    unsigned calls;
    size_t count;
    int64_t now_us;
    bool trusts;
    unsigned prepared;
    unsigned dropped;
};

static mln_err check_chain(void *data, const struct mln_jwt_issuer *issuer,
                           const struct mln_jwt_chain *chain, struct mln_fault *why,
                           int64_t *ret_expires_us)
{
    struct chain_call *call = data;

    call->calls++;
    call->count = chain->count;
    call->now_us = chain->now_us;
    assert_true(mln_slice_eq(issuer->id, MLN_S(ISSUER)));
    assert_true(chain->certificates[0].len > 0);
    if (!call->trusts) {
        mln_fault_set(why, "no friend of mine");
        MLN_FAIL(CERTIFICATE);
    }
    *ret_expires_us = 4711;
    return MLN_OK;
}

static mln_err prepare_issuer(void *data, const struct mln_jwt_issuer *issuer,
                              struct mln_fault *fault)
{
    struct chain_call *call = data;

    call->prepared++;
    assert_true(issuer->anchor_count);
    if (!call->trusts) {
        mln_fault_set(fault, "no anchor of mine");
        MLN_FAIL(CONFIG);
    }
    return MLN_OK;
}

static void drop_calls(void *data)
{
    ((struct chain_call *)data)->dropped++;
}

#include "crypto/jwt_certificate_test.h"

static struct mln_slice token_with_chain(const char *signer)
{
    struct mln_slice chain[1] = { mln_slice_of((const char *)certificate, sizeof certificate) };
    struct mln_jose_key *key = mln_test_key(signer);
    struct mln_jwt_draft draft = { .claims = MLN_S(CLAIMS),
                                   .rule = { .sig = MLN_JOSE_ES256 },
                                   .signer = key,
                                   .chain = chain,
                                   .chain_count = 1 };
    struct mln_slice token = make(&draft);

    mln_jose_key_free(key);
    return token;
}

static void test_certificates(void **state)
{
    struct chain_call call = { .trusts = true };
    struct mln_jwt_trust trust = { check_chain, &call, 1, prepare_issuer, drop_calls };
    const char *with_anchor = "{\"id\":\"" ISSUER "\",\"fqdn\":\"das.example\",\"allow\":[{\"sig\":"
                              "\"ES256\"}],\"anchors\":[\"AAAA\"]}";
    const char *without = text_of("{\"id\":\"" ISSUER "\",\"fqdn\":\"das.example\",\"allow\":[{"
                                  "\"sig\":\"ES256\"}],\"keys\":[%s]}",
                                  mln_test_jwk("ec256_pub"));
    struct mln_jwt_issuers *issuers = mln_test_issuers(&with_anchor, 1, &trust);
    struct mln_jwt jwt;

    (void)state;
    assert_int_equal(verify(issuers, token_with_chain("ec256"), &jwt).code, MLN_ERR_NONE);
    assert_int_equal(call.calls, 1);
    assert_int_equal(call.count, 1);
    assert_int_equal(call.prepared, 1);
    assert_true(jwt.expires_us == 4711);
    /* signed by a key that is not the certificate's */
    assert_int_equal(verify(issuers, token_with_chain("other"), &jwt).code, MLN_ERR_TOKEN_REFUSED);
    call.trusts = false;
    assert_int_equal(verify(issuers, token_with_chain("ec256"), &jwt).code, MLN_ERR_TOKEN_REFUSED);
    /* a token without certificate finds no key at an issuer that has anchors only */
    assert_int_equal(verify(issuers, token_by("ec256", MLN_JOSE_ES256), &jwt).code,
                     MLN_ERR_TOKEN_REFUSED);
    assert_int_equal(call.dropped, 0);
    mln_jwt_issuers_unref(issuers);
    assert_int_equal(call.dropped, 1);
    /* without anchor, or without somebody who checks, a certificate proves nothing */
    call = (struct chain_call){ .trusts = true };
    issuers = mln_test_issuers(&without, 1, &trust);
    assert_int_equal(verify(issuers, token_with_chain("ec256"), &jwt).code, MLN_ERR_TOKEN_REFUSED);
    assert_int_equal(call.calls, 0);
    mln_jwt_issuers_unref(issuers);
    issuers = mln_test_issuers(&with_anchor, 1, NULL);
    assert_int_equal(verify(issuers, token_with_chain("ec256"), &jwt).code, MLN_ERR_TOKEN_REFUSED);
    mln_jwt_issuers_unref(issuers);
}

static void test_make_refused(void **state)
{
    struct mln_jose_key *key = mln_test_key("ec256_pub");
    struct mln_jose_key *oct = mln_test_key("oct16");
    struct mln_jwt_draft draft = { .claims = MLN_S(CLAIMS), .signer = key, .recipient = oct };
    struct mln_slice token;

    (void)state;
    assert_int_equal(mln_jwt_make(&draft, arena, NULL, &token).code, MLN_ERR_CONFIG);
    draft.rule.sig = MLN_JOSE_ES256; /* the private part is missing */
    assert_int_equal(mln_jwt_make(&draft, arena, NULL, &token).code, MLN_ERR_CONFIG);
    draft.rule = (struct mln_jwt_rule){ 0, MLN_JOSE_DIR, MLN_JOSE_A256GCM };
    assert_int_equal(mln_jwt_make(&draft, arena, NULL, &token).code, MLN_ERR_CONFIG);
    mln_jose_key_free(key);
    mln_jose_key_free(oct);
}

/* ---- failing allocations ---- */

#ifdef MLN_TORTURE
/* Reads the issuer, makes a token, then opens it, with the n-th allocation failing, for each n. */
static void starve(const struct mln_jwt_rule *rule, const char *signer, const char *recipient)
{
    const char *record = text_of("{\"id\":\"" ISSUER "\",\"fqdn\":\"das.example\",\"allow\":[%s],"
                                 "\"keys\":[%s,%s]}",
                                 rule_text(rule), mln_test_jwk(signer), mln_test_jwk(recipient));
    struct mln_slice text = mln_slice_z(record);
    struct mln_jose_key *signing = mln_test_key(signer);
    struct mln_jose_key *sealing = mln_test_key(recipient);
    struct mln_jwt_draft draft = {
        .claims = MLN_S(CLAIMS), .rule = *rule, .signer = signing, .recipient = sealing
    };
    bool was_hit = true;
    mln_err err = MLN_OK;

    for (unsigned long n = 1; was_hit; n++) {
        struct mln_jwt_issuers *issuers = NULL;
        struct mln_slice token = { 0 };
        struct mln_jwt jwt;

        assert_in_range(n, 1, 2000);
        mln_mem_fail_at(n);
        err = mln_jwt_issuers_new(&text, 1, NULL, NULL, &issuers);
        if (!mln_failed(err)) {
            err = mln_jwt_make(&draft, arena, NULL, &token);
        }
        if (!mln_failed(err)) {
            struct mln_jwt_check check = { .issuers = issuers, .limits = &limits, .arena = arena };

            err = mln_jwt_verify(&check, token, &jwt);
        }
        was_hit = mln_mem_count() >= n;
        mln_mem_fail_at(0);
        mln_jwt_issuers_unref(issuers);
    }
    assert_int_equal(err.code, MLN_ERR_NONE);
    mln_jose_key_free(signing);
    mln_jose_key_free(sealing);
}

static void test_starved(void **state)
{
    static const struct mln_jwt_rule rules[] = {
        { MLN_JOSE_ES256, MLN_JOSE_NO_WRAP, MLN_JOSE_NO_ENC },
        { MLN_JOSE_ES256, MLN_JOSE_A256KW, MLN_JOSE_A128GCM },
        { MLN_JOSE_ES256, MLN_JOSE_DIR, MLN_JOSE_A256GCM },
        { MLN_JOSE_ES256, MLN_JOSE_RSA_OAEP_256, MLN_JOSE_A128GCM },
        { MLN_JOSE_ES256, MLN_JOSE_ECDH_ES_A192KW, MLN_JOSE_A128GCM },
    };
    static const char *const openers[] = { "oct32", "oct32", "oct32", "rsa", "ec384" };

    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        starve(&rules[i], "ec256", openers[i]);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_combinations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_records_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lookup, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fingerprint, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_key_choice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_certificates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_make_refused, set_up, tear_down),
#ifdef MLN_TORTURE
        cmocka_unit_test_setup_teardown(test_starved, set_up, tear_down),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
