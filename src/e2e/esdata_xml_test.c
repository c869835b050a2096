/* Tests of protected data in XML, behind the face that all forms have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/test_arena.h"
#include "crypto/jose.h"
#include "crypto/jwt_keys_test.h"
#include "crypto/xmlsec.h"
#include "e2e/esdata.h"

enum { MOST = 1 << 20, NOW = 1000 };

static const struct mln_slice payload = { "<a>21.5</a>", 11 };

/* Keys of the test, freed at its end. */
enum { KEYS_MOST = 24 };
static struct mln_data_key *made[KEYS_MOST];
static size_t made_count;

static int drop_keys(void **state)
{
    while (made_count) {
        mln_data_key_free(made[--made_count]);
    }
    return tear_down(state);
}

static struct mln_data_key *key_as(const char *name, const char *kid, const char *entity)
{
    struct mln_data_key_about about = { .name = mln_slice_z(kid), .entity = mln_slice_z(entity) };
    struct mln_fault fault = { 0 };

    assert_true(made_count < KEYS_MOST);
    if (mln_failed(mln_data_key_of_jwk(&about, mln_slice_z(mln_test_jwk(name)), &fault,
                                       &made[made_count]))) {
        fail_msg("%s: %s", name, fault.text);
    }
    return made[made_count++];
}

static struct mln_data_key *key_of(const char *name)
{
    return key_as(name, NULL, NULL);
}

/* What the last opening found. */
static struct mln_esdata found;
static struct mln_fault fault;

static struct mln_slice protect(const struct mln_esdata_draft *draft)
{
    struct mln_slice envelope = { 0 };

    mln_fault_clear(&fault);
    if (mln_failed(mln_esdata_protect(draft, payload, arena, &fault, &envelope))) {
        fail_msg("protect: %s", fault.text);
    }
    return envelope;
}

static mln_err open_with(struct mln_slice envelope, struct mln_data_key *const *keys, size_t count,
                         bool needs_signature)
{
    const struct mln_data_key *list[KEYS_MOST];
    struct mln_esdata_opener opener = { .keys = list,
                                        .key_count = count,
                                        .needs_signature = needs_signature,
                                        .now_us = NOW,
                                        .envelope_most = MOST,
                                        .arena = arena,
                                        .fault = &fault };

    for (size_t i = 0; i < count; i++) {
        list[i] = keys[i];
    }
    mln_fault_clear(&fault);
    found = (struct mln_esdata){ 0 };
    return mln_esdata_open(&opener, MLN_ESDATA_ANY, envelope, &found);
}

static void accept(struct mln_slice envelope, struct mln_data_key *key)
{
    mln_err err = open_with(envelope, &key, 1, false);

    if (mln_failed(err)) {
        fail_msg("%s, %s: %.*s", mln_err_name(err), fault.text, MLN_S_ARG(envelope));
    }
    assert_true(mln_slice_eq(found.payload, payload));
}

/* SEC-ESD-02: forms 4 and 5; SEC-ESD-04: several recipients, who each open it, and nobody else. */
static void test_recipients(void **state)
{
    static const char *const names[] = {
        "oct16", "oct24", "oct32", "rsa", "ec256", "ec384", "ec521"
    };
    enum { COUNT = sizeof names / sizeof *names };
    struct mln_esdata_recipient to[COUNT];
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_XML,
                                      .recipients = to,
                                      .recipient_count = COUNT };
    struct mln_data_key *other = key_of("other");

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        to[i] = (struct mln_esdata_recipient){ .key = key_of(names[i]) };
    }
    for (; draft.form <= MLN_ESDATA_XML_BASE64; draft.form++) {
        struct mln_slice envelope = protect(&draft);

        for (size_t i = 0; i < COUNT; i++) {
            accept(envelope, made[i + 1]);
            assert_int_equal(found.form, draft.form);
            assert_int_equal(found.recipient_count, COUNT);
            assert_int_equal(found.signer_count, 0);
            for (size_t j = 0; j < COUNT; j++) {
                assert_int_equal(found.recipients[j].is_ours, i == j);
                assert_true(mln_slice_eq(found.recipients[j].name, mln_slice_z(names[j])));
            }
        }
        assert_int_equal(open_with(envelope, &other, 1, false).code, MLN_ERR_ESDATA);
        assert_int_equal(open_with(envelope, NULL, 0, false).code, MLN_ERR_ESDATA);
    }
}

/* A signature around a signature: every one of a known key counts, none of them may be wrong, and
 * strangers are looked through. */
static void test_signers(void **state)
{
    struct mln_data_key *keys[] = { key_as("ec256", "first", "//sp.example/Cfirst"),
                                    key_as("rsa", "second", "//sp.example/Csecond"),
                                    key_as("oct32", "third", NULL) };
    struct mln_esdata_signer by[] = { { keys[0], MLN_JOSE_NO_SIG },
                                      { keys[1], MLN_JOSE_RS512 },
                                      { keys[2], MLN_JOSE_NO_SIG } };
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_XML, .signers = by, .signer_count = 3 };
    struct mln_data_key *wrong = key_as("other", "first", NULL);
    struct mln_data_key *stranger = key_as("other", "stranger", NULL);
    struct mln_slice envelope = protect(&draft);

    (void)state;
    assert_false(mln_failed(open_with(envelope, keys, 3, true)));
    assert_true(mln_slice_eq(found.payload, payload));
    assert_int_equal(found.signer_count, 3);
    for (size_t i = 0; i < 3; i++) {
        accept(envelope, keys[i]);
        assert_int_equal(found.signer_count, 1);
        assert_true(mln_slice_eq(found.signers[0].name, keys[i]->name));
        assert_true(mln_slice_eq(found.signers[0].entity, keys[i]->entity));
    }
    assert_int_equal(open_with(envelope, &stranger, 1, false).code, MLN_ERR_ESDATA);
    keys[0] = wrong;
    assert_int_equal(open_with(envelope, keys, 3, false).code, MLN_ERR_ESDATA);
}

/* SEC-ESD-06 */
static void test_nested(void **state)
{
    struct mln_data_key *keys[] = { key_of("ec256"), key_of("oct32") };
    struct mln_esdata_signer by = { .key = keys[0] };
    struct mln_esdata_recipient to = { .key = keys[1] };
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_XML,
                                      .signers = &by,
                                      .signer_count = 1,
                                      .recipients = &to,
                                      .recipient_count = 1 };
    struct mln_xmlsec_target target = { .key = keys[1]->key, .wrap = MLN_JOSE_A256KW };
    struct mln_xmlsec_sealing sealing = {
        .enc = MLN_JOSE_A256GCM, .targets = &target, .target_count = 1, .is_signature = true
    };
    struct mln_slice envelope = protect(&draft);
    struct mln_slice mic;

    (void)state;
    assert_false(mln_failed(open_with(envelope, keys, 2, true)));
    assert_true(mln_slice_eq(found.payload, payload));
    assert_int_equal(found.signer_count, 1);
    assert_int_equal(found.enc, MLN_JOSE_A256GCM);
    /* decrypted, but by whom it is nobody knows */
    assert_int_equal(open_with(envelope, &keys[1], 1, false).code, MLN_ERR_ESDATA);
    draft.signer_count = 0;
    envelope = protect(&draft);
    assert_false(mln_failed(open_with(envelope, keys, 2, false)));
    assert_int_equal(open_with(envelope, keys, 2, true).code, MLN_ERR_ESDATA);
    /* a MIC is no signature: neither made within encryption nor taken */
    by.key = keys[1];
    draft = (struct mln_esdata_draft){ .form = MLN_ESDATA_XML, .signers = &by, .signer_count = 1 };
    mic = protect(&draft);
    assert_false(mln_failed(mln_xmlsec_seal(&sealing, mic, arena, &envelope)));
    assert_int_equal(open_with(envelope, keys, 2, false).code, MLN_ERR_ESDATA);
}

/* SEC-ESD-09 */
static void test_direct(void **state)
{
    struct mln_data_key *keys[] = { key_of("oct16"), key_of("oct32") };
    struct mln_esdata_recipient to[] = { { keys[0], MLN_JOSE_DIR }, { keys[0], MLN_JOSE_DIR } };
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_XML,
                                      .recipients = to,
                                      .recipient_count = 1 };
    struct mln_slice envelope = protect(&draft);

    (void)state;
    accept(envelope, keys[0]);
    assert_int_equal(found.enc, MLN_JOSE_A128GCM);
    assert_int_equal(open_with(envelope, &keys[1], 1, false).code, MLN_ERR_ESDATA);
    draft.enc = MLN_JOSE_A256GCM;
    assert_int_equal(mln_esdata_protect(&draft, payload, arena, &fault, &envelope).code,
                     MLN_ERR_CONFIG);
    draft.enc = MLN_JOSE_A128GCM;
    draft.recipient_count = 2;
    assert_int_equal(mln_esdata_protect(&draft, payload, arena, &fault, &envelope).code,
                     MLN_ERR_CONFIG);
}

/* What the form cannot say is not left out. */
static void test_not_in_xml(void **state)
{
    struct mln_data_key *key = key_as("oct32", "a\x01", NULL);
    struct mln_esdata_recipient to = { .key = key };
    struct mln_esdata_draft draft = {
        .form = MLN_ESDATA_XML, .recipients = &to, .recipient_count = 1, .associated = MLN_S("x")
    };
    struct mln_slice envelope = { 0 };

    (void)state;
    assert_int_equal(mln_esdata_protect(&draft, payload, arena, &fault, &envelope).code,
                     MLN_ERR_CONFIG);
    draft.associated.len = 0;
    assert_int_equal(mln_esdata_protect(&draft, payload, arena, &fault, &envelope).code,
                     MLN_ERR_CONFIG);
}

/* As long as in JOSE. */
static void test_long_parties(void **state)
{
    static const char text[MLN_JOSE_PARTY_BYTES + 1];
    struct mln_slice longest = mln_slice_of(text, MLN_JOSE_PARTY_BYTES);
    struct mln_data_key *key = key_of("ec521");
    struct mln_esdata_recipient to = { .key = key };
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_XML,
                                      .recipients = &to,
                                      .recipient_count = 1,
                                      .party_u = longest,
                                      .party_v = longest };
    struct mln_slice envelope = { 0 };

    (void)state;
    accept(protect(&draft), key);
    draft.party_v.len++;
    assert_int_equal(mln_esdata_protect(&draft, payload, arena, &fault, &envelope).code,
                     MLN_ERR_CONFIG);
}

/* What is put in comes out: also what would be taken for the signature of the envelope. */
static void test_signature_as_payload(void **state)
{
    struct mln_data_key *keys[] = { key_of("ec256"), key_of("oct32") };
    struct mln_esdata_signer by = { .key = keys[0] };
    struct mln_esdata_recipient to = { .key = keys[1] };
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_XML, .signers = &by, .signer_count = 1 };
    struct mln_slice text = protect(&draft);
    struct mln_slice envelope = { 0 };

    (void)state;
    draft.recipients = &to;
    draft.recipient_count = 1;
    assert_false(mln_failed(mln_esdata_protect(&draft, text, arena, &fault, &envelope)));
    assert_false(mln_failed(open_with(envelope, keys, 2, true)));
    assert_true(mln_slice_eq(found.payload, text));
    draft.signer_count = 0;
    assert_int_equal(mln_esdata_protect(&draft, text, arena, &fault, &envelope).code,
                     MLN_ERR_CONFIG);
}

/* A recipient whose wrapped key RSA does not open costs a look at all of the payload: how many
 * there are is bounded, and the memory for it is taken once. RFC 7516 11.5 */
static void test_wrong_recipients(void **state)
{
    enum { ALL = MLN_ESDATA_PARTIES, LONG = 100000 };
    struct mln_data_key *key = key_of("rsa");
    struct mln_data_key *keys[] = { key, key, key, key, key };
    struct mln_esdata_recipient to[ALL];
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_XML,
                                      .recipients = to,
                                      .recipient_count = ALL };
    struct mln_slice text = mln_slice_of(mln_arena_zalloc(arena, LONG, 1), LONG);
    struct mln_slice envelope = { 0 };
    char *at;
    size_t before;
    size_t first;

    (void)state;
    for (size_t i = 0; i < ALL; i++) {
        to[i] = (struct mln_esdata_recipient){ .key = key };
    }
    assert_false(mln_failed(mln_esdata_protect(&draft, text, arena, &fault, &envelope)));
    before = mln_arena_used(arena);
    assert_false(mln_failed(open_with(envelope, keys, 1, false)));
    first = mln_arena_used(arena) - before;
    at = (char *)(uintptr_t)envelope.ptr;
    for (size_t i = 0; i + 1 < ALL; i++) {
        at = memmem(at, envelope.len - (size_t)(at - envelope.ptr), "<xenc:CipherValue>", 18);
        assert_non_null(at);
        at += 18;
        *at = *at == 'A' ? 'B' : 'A';
    }
    before = mln_arena_used(arena);
    assert_false(mln_failed(open_with(envelope, keys, 4, false)));
    assert_true(found.recipients[ALL - 1].is_ours && mln_slice_eq(found.payload, text));
    assert_true(mln_arena_used(arena) - before < first + LONG);
    assert_int_equal(open_with(envelope, keys, 5, false).code, MLN_ERR_ESDATA);
}

/* SEC-ESD-07: whatever is flipped, what comes out is the payload or an error. */
static void test_flips(void **state)
{
    struct mln_data_key *keys[] = { key_of("ec256"), key_of("oct32") };
    struct mln_esdata_signer by = { .key = keys[0] };
    struct mln_esdata_recipient to = { .key = keys[1] };
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_XML,
                                      .signers = &by,
                                      .signer_count = 1,
                                      .recipients = &to,
                                      .recipient_count = 1 };
    struct mln_slice envelope = protect(&draft);
    struct mln_arena *kept = arena;

    (void)state;
    for (size_t i = 0; i < envelope.len; i++) {
        char *copy;

        arena = mln_arena_new(1 << 20);
        copy = mln_arena_alloc(arena, envelope.len);
        memcpy(copy, envelope.ptr, envelope.len);
        copy[i] = (char)(copy[i] ^ 2);
        if (!mln_failed(open_with(mln_slice_of(copy, envelope.len), keys, 2, true))) {
            assert_true(mln_slice_eq(found.payload, payload));
        }
        mln_arena_free(arena);
    }
    arena = kept;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_recipients, set_up, drop_keys),
        cmocka_unit_test_setup_teardown(test_signers, set_up, drop_keys),
        cmocka_unit_test_setup_teardown(test_nested, set_up, drop_keys),
        cmocka_unit_test_setup_teardown(test_direct, set_up, drop_keys),
        cmocka_unit_test_setup_teardown(test_not_in_xml, set_up, drop_keys),
        cmocka_unit_test_setup_teardown(test_signature_as_payload, set_up, drop_keys),
        cmocka_unit_test_setup_teardown(test_wrong_recipients, set_up, drop_keys),
        cmocka_unit_test_setup_teardown(test_long_parties, set_up, drop_keys),
        cmocka_unit_test_setup_teardown(test_flips, set_up, drop_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
