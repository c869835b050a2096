/* Envelopes of XML: what goes in comes out, for each algorithm; nothing else opens them. */
#include "crypto/xmlsec.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/test_arena.h"
#include "crypto/jwt_keys_test.h"

#define PAYLOAD "{\"temperature\":21.5}\r\n\x00\xff & <b>"

static const struct mln_slice payload = { PAYLOAD, sizeof PAYLOAD - 1 };

static struct mln_xmlsec *read_envelope(struct mln_slice text)
{
    struct mln_fault fault = { 0 };
    struct mln_xmlsec *envelope = NULL;

    if (mln_failed(mln_xmlsec_read(text, arena, &fault, &envelope))) {
        fail_msg("%s: %.*s", fault.text, MLN_S_ARG(text));
    }
    return envelope;
}

/* ---- signatures ---- */

static const struct {
    const char *key;
    enum mln_jose_sig sig;
    const char *uri;
} signature_rows[] = {
    { "oct32", MLN_JOSE_HS256, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256" },
    { "oct48", MLN_JOSE_HS384, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha384" },
    { "oct64", MLN_JOSE_HS512, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512" },
    { "rsa", MLN_JOSE_RS256, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" },
    { "rsa", MLN_JOSE_RS384, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" },
    { "rsa", MLN_JOSE_RS512, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" },
    { "ec256", MLN_JOSE_ES256, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" },
    { "ec384", MLN_JOSE_ES384, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384" },
    { "ec521", MLN_JOSE_ES512, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512" },
};

enum { SIGNATURE_ROWS = sizeof signature_rows / sizeof *signature_rows };

static struct mln_slice sign(const char *name, enum mln_jose_sig sig, unsigned level,
                             struct mln_slice content)
{
    struct mln_jose_key *key = mln_test_key(name);
    struct mln_xmlsec_signer signer = { key, sig, { .name = mln_jose_key_id(key) } };
    struct mln_slice text = { 0 };

    assert_false(mln_failed(mln_xmlsec_sign(&signer, level, content, arena, &text)));
    mln_jose_key_free(key);
    return text;
}

static mln_err verify(struct mln_slice text, const char *name, struct mln_slice *ret_object)
{
    struct mln_xmlsec *envelope = read_envelope(text);
    struct mln_jose_key *key = mln_test_key(name);
    mln_err err = mln_xmlsec_verify(envelope, key, arena, ret_object);

    mln_jose_key_free(key);
    mln_xmlsec_free(envelope);
    return err;
}

static bool contains(struct mln_slice text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* SEC-ESD-05, SEC-ESD-08 */
static void test_signatures(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIGNATURE_ROWS; i++) {
        struct mln_slice text = sign(signature_rows[i].key, signature_rows[i].sig, 0, payload);
        struct mln_xmlsec *envelope = read_envelope(text);
        struct mln_slice object = { 0 };
        struct mln_slice content = { 0 };
        bool is_signature = true;

        assert_true(contains(text, signature_rows[i].uri));
        assert_true(mln_xmlsec_is_signature(text));
        assert_true(envelope->is_signature);
        assert_int_equal(envelope->sig, signature_rows[i].sig);
        assert_true(mln_slice_eq(envelope->signer.name, mln_slice_z(signature_rows[i].key)));
        mln_xmlsec_free(envelope);
        assert_false(mln_failed(verify(text, signature_rows[i].key, &object)));
        assert_false(mln_failed(mln_xmlsec_content(object, arena, NULL, &is_signature, &content)));
        assert_false(is_signature);
        assert_true(mln_slice_eq(content, payload));
    }
}

static void test_signatures_of_others(void **state)
{
    struct mln_slice object = { 0 };

    (void)state;
    assert_int_equal(verify(sign("ec256", MLN_JOSE_ES256, 0, payload), "other", &object).code,
                     MLN_ERR_TOKEN_REFUSED);
    assert_int_equal(verify(sign("oct32", MLN_JOSE_HS256, 0, payload), "oct48", &object).code,
                     MLN_ERR_TOKEN_REFUSED);
}

/* A signature over a signature: what is inside is found in the verified octets. */
static void test_signature_in_signature(void **state)
{
    struct mln_slice inner = sign("ec256", MLN_JOSE_ES256, 0, payload);
    struct mln_slice text = sign("rsa", MLN_JOSE_RS256, 1, inner);
    struct mln_slice object = { 0 };
    struct mln_slice unverified = { 0 };
    struct mln_slice content = { 0 };
    struct mln_xmlsec *envelope = read_envelope(text);
    bool is_signature = false;

    (void)state;
    assert_false(mln_failed(verify(text, "rsa", &object)));
    assert_false(mln_failed(mln_xmlsec_unverified(envelope, arena, &unverified)));
    assert_true(mln_slice_eq(object, unverified));
    mln_xmlsec_free(envelope);
    assert_false(mln_failed(mln_xmlsec_content(object, arena, NULL, &is_signature, &content)));
    assert_true(is_signature);
    assert_false(mln_failed(verify(content, "ec256", &object)));
    assert_false(mln_failed(mln_xmlsec_content(object, arena, NULL, &is_signature, &content)));
    assert_false(is_signature);
    assert_true(mln_slice_eq(content, payload));
}

/* Each byte counts: flipped, the text is refused, or says the same (blanks, letters of tags that
 * canonical form does not keep are none here). */
static void test_flipped_signature(void **state)
{
    struct mln_slice text = sign("oct32", MLN_JOSE_HS256, 0, payload);
    char *copy = mln_arena_alloc(arena, text.len);
    struct mln_jose_key *key = mln_test_key("oct32");
    size_t key_info = (size_t)((char *)memmem(text.ptr, text.len, "<ds:KeyInfo>", 12) - text.ptr);
    size_t object = (size_t)((char *)memmem(text.ptr, text.len, "<ds:Object", 10) - text.ptr);

    (void)state;
    assert_non_null(copy);
    for (size_t i = 0; i < text.len; i++) {
        struct mln_arena *room = mln_arena_new(1 << 20);
        struct mln_xmlsec *envelope = NULL;
        struct mln_slice got = { 0 };

        memcpy(copy, text.ptr, text.len);
        copy[i] = (char)(copy[i] ^ 1);
        if (!mln_failed(mln_xmlsec_read(mln_slice_of(copy, text.len), room, NULL, &envelope)) &&
            !mln_failed(mln_xmlsec_verify(envelope, key, room, &got)) &&
            (i < key_info || i >= object)) {
            fail_msg("flipped at %zu: %.*s", i, MLN_S_ARG(mln_slice_of(copy, text.len)));
        }
        mln_xmlsec_free(envelope);
        mln_arena_free(room);
    }
    mln_jose_key_free(key);
}

/* ---- encryption ---- */

static const struct {
    const char *key;
    enum mln_jose_wrap wrap;
} wrap_rows[] = {
    { "oct16", MLN_JOSE_A128KW },         { "oct24", MLN_JOSE_A192KW },
    { "oct32", MLN_JOSE_A256KW },         { "rsa", MLN_JOSE_RSA_OAEP_256 },
    { "ec256", MLN_JOSE_ECDH_ES_A128KW }, { "ec384", MLN_JOSE_ECDH_ES_A192KW },
    { "ec521", MLN_JOSE_ECDH_ES_A256KW },
};

enum { WRAP_ROWS = sizeof wrap_rows / sizeof *wrap_rows };

static mln_err open_with(struct mln_slice text, size_t recipient, const char *name,
                         struct mln_slice *ret)
{
    struct mln_xmlsec *envelope = read_envelope(text);
    struct mln_jose_key *key = mln_test_key(name);
    mln_err err;

    assert_false(envelope->is_signature);
    assert_true(recipient < envelope->recipient_count);
    err = mln_xmlsec_open(envelope, &envelope->recipients[recipient], key, ret);
    mln_jose_key_free(key);
    mln_xmlsec_free(envelope);
    return err;
}

static struct mln_slice seal_for_all(enum mln_jose_enc enc, bool is_signature)
{
    struct mln_jose_key *keys[WRAP_ROWS];
    struct mln_xmlsec_target targets[WRAP_ROWS];
    struct mln_xmlsec_sealing how = {
        enc, targets, WRAP_ROWS, MLN_S("Alice"), MLN_S("Bob\0"), is_signature
    };
    struct mln_slice text = { 0 };

    for (size_t i = 0; i < WRAP_ROWS; i++) {
        keys[i] = mln_test_key(wrap_rows[i].key);
        targets[i] = (struct mln_xmlsec_target){ keys[i],
                                                 wrap_rows[i].wrap,
                                                 { .name = mln_jose_key_id(keys[i]) } };
    }
    assert_false(mln_failed(mln_xmlsec_seal(&how, payload, arena, &text)));
    for (size_t i = 0; i < WRAP_ROWS; i++) {
        mln_jose_key_free(keys[i]);
    }
    return text;
}

/* SEC-ESD-04, SEC-ESD-08: each of several recipients, each content encryption. */
static void test_encryption(void **state)
{
    (void)state;
    for (enum mln_jose_enc enc = MLN_JOSE_A128GCM; enc < MLN_JOSE_ENCS; enc++) {
        struct mln_slice text = seal_for_all(enc, false);

        assert_false(mln_xmlsec_is_signature(text));
        for (size_t i = 0; i < WRAP_ROWS; i++) {
            struct mln_slice got = { 0 };

            assert_false(mln_failed(open_with(text, i, wrap_rows[i].key, &got)));
            assert_true(mln_slice_eq(got, payload));
            assert_int_equal(open_with(text, i, "other", &got).code, MLN_ERR_TOKEN_REFUSED);
            assert_int_equal(open_with(text, (i + 1) % WRAP_ROWS, wrap_rows[i].key, &got).code,
                             MLN_ERR_TOKEN_REFUSED);
        }
    }
}

static void test_direct(void **state)
{
    static const char *const keys[MLN_JOSE_ENCS] = { NULL, "oct16", "oct24", "oct32" };

    (void)state;
    for (enum mln_jose_enc enc = MLN_JOSE_A128GCM; enc < MLN_JOSE_ENCS; enc++) {
        struct mln_jose_key *key = mln_test_key(keys[enc]);
        struct mln_xmlsec_target targets[2] = {
            { key, MLN_JOSE_DIR, { .name = mln_jose_key_id(key) } },
            { key, MLN_JOSE_DIR, { .name = mln_jose_key_id(key) } },
        };
        struct mln_xmlsec_sealing how = { .enc = enc, .targets = targets, .target_count = 1 };
        struct mln_slice text = { 0 };
        struct mln_slice got = { 0 };

        assert_false(mln_failed(mln_xmlsec_seal(&how, payload, arena, &text)));
        assert_false(mln_failed(open_with(text, 0, keys[enc], &got)));
        assert_true(mln_slice_eq(got, payload));
        assert_int_equal(open_with(text, 0, enc == MLN_JOSE_A128GCM ? "oct32" : "oct16", &got).code,
                         MLN_ERR_TOKEN_REFUSED);
        /* SEC-ESD-09 */
        how.target_count = 2;
        assert_int_equal(mln_xmlsec_seal(&how, payload, arena, &text).code, MLN_ERR_INTERNAL);
        how.target_count = 1;
        how.enc = enc == MLN_JOSE_A128GCM ? MLN_JOSE_A256GCM : MLN_JOSE_A128GCM;
        assert_int_equal(mln_xmlsec_seal(&how, payload, arena, &text).code, MLN_ERR_INTERNAL);
        mln_jose_key_free(key);
    }
}

/* SEC-ESD-12: a fresh key each time, for each recipient. */
static void test_ephemeral_keys(void **state)
{
    struct mln_slice seen[6];
    size_t count = 0;

    (void)state;
    for (size_t round = 0; round < 2; round++) {
        struct mln_xmlsec *envelope = read_envelope(seal_for_all(MLN_JOSE_A128GCM, false));

        for (size_t i = 0; i < WRAP_ROWS; i++) {
            if (envelope->recipients[i].agreement.crv) {
                seen[count++] = envelope->recipients[i].agreement.point;
            }
        }
        mln_xmlsec_free(envelope);
    }
    assert_int_equal(count, 6);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_false(mln_slice_eq(seen[i], seen[j]));
        }
    }
}

/* SEC-ESD-12: a point beside the curve; SEC-ESD-07: tags and ciphertexts cut short. */
static void test_bad_encryption(void **state)
{
    struct mln_xmlsec *envelope = read_envelope(seal_for_all(MLN_JOSE_A128GCM, false));
    struct mln_jose_key *key = mln_test_key("ec256");
    struct mln_xmlsec_recipient *recipient = &envelope->recipients[4];
    struct mln_slice sealed = envelope->sealed;
    struct mln_slice point = recipient->agreement.point;
    struct mln_slice got = { 0 };
    char bad[65];

    (void)state;
    memcpy(bad, point.ptr, sizeof bad);
    bad[64] = (char)(bad[64] ^ 1);
    recipient->agreement.point.ptr = bad;
    assert_int_equal(mln_xmlsec_open(envelope, recipient, key, &got).code, MLN_ERR_TOKEN_REFUSED);
    recipient->agreement.point = point;
    for (size_t len = 0; len < sealed.len; len++) {
        envelope->sealed.len = len;
        assert_int_equal(mln_xmlsec_open(envelope, recipient, key, &got).code,
                         MLN_ERR_TOKEN_REFUSED);
    }
    envelope->sealed = sealed;
    assert_false(mln_failed(mln_xmlsec_open(envelope, recipient, key, &got)));
    mln_jose_key_free(key);
    mln_xmlsec_free(envelope);
}

/* Names stay names. */
static void test_names_are_escaped(void **state)
{
    static const struct mln_slice name = { "a&b<c>\"d\"'e'\r\n", 14 };
    struct mln_jose_key *key = mln_test_key("oct32");
    struct mln_xmlsec_signer signer = { key, MLN_JOSE_HS256, { .name = name } };
    struct mln_xmlsec_target target = { key, MLN_JOSE_A256KW, { .name = name } };
    struct mln_xmlsec_sealing how = { .enc = MLN_JOSE_A128GCM,
                                      .targets = &target,
                                      .target_count = 1 };
    struct mln_xmlsec *envelope;
    struct mln_slice text = { 0 };

    (void)state;
    assert_false(mln_failed(mln_xmlsec_sign(&signer, 0, payload, arena, &text)));
    envelope = read_envelope(text);
    assert_true(mln_slice_eq(envelope->signer.name, name));
    mln_xmlsec_free(envelope);
    assert_false(mln_failed(mln_xmlsec_seal(&how, payload, arena, &text)));
    envelope = read_envelope(text);
    assert_true(mln_slice_eq(envelope->recipients[0].key.name, name));
    mln_xmlsec_free(envelope);
    signer.shown.name = MLN_S("\x01");
    assert_int_equal(mln_xmlsec_sign(&signer, 0, payload, arena, &text).code,
                     MLN_ERR_NOT_ACCEPTABLE);
    mln_jose_key_free(key);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 20 };

/* Everything at once, with keys that all threads share, and from the first envelope on. */
struct worker {
    const struct mln_jose_key *signs;
    const struct mln_jose_key *opens;
    unsigned good;
};

static bool work(struct worker *w, struct mln_arena *room)
{
    struct mln_xmlsec_signer signer = { w->signs, MLN_JOSE_ES256, { .name = MLN_S("k") } };
    struct mln_xmlsec_target target = { w->opens, MLN_JOSE_A256KW, { .name = MLN_S("k") } };
    struct mln_xmlsec_sealing how = { .enc = MLN_JOSE_A128GCM,
                                      .targets = &target,
                                      .target_count = 1 };
    struct mln_xmlsec *sealed MLN_CLEANUP(mln_xmlsec_freep) = NULL;
    struct mln_xmlsec *envelope MLN_CLEANUP(mln_xmlsec_freep) = NULL;
    struct mln_slice text = { 0 };
    bool is_signature = true;

    return !mln_failed(mln_xmlsec_sign(&signer, 0, payload, room, &text)) &&
           !mln_failed(mln_xmlsec_seal(&how, text, room, &text)) &&
           !mln_failed(mln_xmlsec_read(text, room, NULL, &sealed)) &&
           !mln_failed(mln_xmlsec_open(sealed, &sealed->recipients[0], w->opens, &text)) &&
           !mln_failed(mln_xmlsec_read(text, room, NULL, &envelope)) &&
           !mln_failed(mln_xmlsec_verify(envelope, w->signs, room, &text)) &&
           !mln_failed(mln_xmlsec_content(text, room, NULL, &is_signature, &text)) &&
           mln_slice_eq(text, payload);
}

static void *run_worker(void *data)
{
    struct worker *w = data;

    for (unsigned i = 0; i < ROUNDS; i++) {
        struct mln_arena *room = mln_arena_new(1 << 20);

        w->good += room && work(w, room);
        mln_arena_free(room);
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct mln_jose_key *keys[] = { mln_test_key("ec256"), mln_test_key("oct32") };
    struct worker workers[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ keys[0], keys[1], 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, run_worker, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].good, ROUNDS);
    }
    mln_jose_key_free(keys[0]);
    mln_jose_key_free(keys[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads), /* first: xmlsec1 is started among them */
        cmocka_unit_test_setup_teardown(test_signatures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_signatures_of_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_signature_in_signature, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flipped_signature, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_encryption, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_direct, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ephemeral_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_encryption, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names_are_escaped, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
