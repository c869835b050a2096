/* Tests of protected data in JOSE: everything that is permitted comes back, nothing else is made.
 */
#include "base/mem.h"
#include "e2e/esdata_lab_test.h"

enum { KEYS = 16 };

/* ---- everything that is permitted ---- */

/* Which key takes part how: by the algorithm. */
static const char *const wrap_keys[MLN_JOSE_WRAPS] = {
    [MLN_JOSE_A128KW] = "oct16",         [MLN_JOSE_A192KW] = "oct24",
    [MLN_JOSE_A256KW] = "oct32",         [MLN_JOSE_RSA_OAEP_256] = "rsa",
    [MLN_JOSE_ECDH_ES_A128KW] = "ec256", [MLN_JOSE_ECDH_ES_A192KW] = "ec384",
    [MLN_JOSE_ECDH_ES_A256KW] = "ec521",
};
static const char *const direct_keys[MLN_JOSE_ENCS] = {
    [MLN_JOSE_A128GCM] = "oct16", [MLN_JOSE_A192GCM] = "oct24", [MLN_JOSE_A256GCM] = "oct32"
};
static const char *const sig_keys[MLN_JOSE_SIGS] = {
    [MLN_JOSE_HS256] = "oct32", [MLN_JOSE_HS384] = "oct48", [MLN_JOSE_HS512] = "oct64",
    [MLN_JOSE_RS256] = "rsa",   [MLN_JOSE_RS384] = "rsa",   [MLN_JOSE_RS512] = "rsa",
    [MLN_JOSE_ES256] = "ec256", [MLN_JOSE_ES384] = "ec384", [MLN_JOSE_ES512] = "ec521",
};

static const char *wrap_key(unsigned wrap, unsigned enc)
{
    return wrap == MLN_JOSE_DIR ? direct_keys[enc] : wrap_keys[wrap];
}

/* SEC-ESD-01, SEC-ESD-02: each alg with each enc in each form */
static void test_encryption(void **state)
{
    (void)state;
    for (unsigned wrap = 1; wrap < MLN_JOSE_WRAPS; wrap++) {
        for (unsigned enc = 1; enc < MLN_JOSE_ENCS; enc++) {
            struct mln_data_key *key = key_of(wrap_key(wrap, enc));
            struct mln_esdata_recipient to = { key, (enum mln_jose_wrap)wrap };
            struct mln_esdata_draft draft = { .recipients = &to,
                                              .recipient_count = 1,
                                              .enc = (enum mln_jose_enc)enc,
                                              .party_u = MLN_S("Sensor"),
                                              .party_v = MLN_S("App") };

            for (unsigned form = MLN_ESDATA_COMPACT; form <= MLN_ESDATA_JSON_BASE64; form++) {
                mln_arena_reset(arena);
                draft.form = (enum mln_esdata_form)form;
                accept(key, sealed_by(&draft), draft.form);
            }
            mln_data_key_free(key);
        }
    }
}

/* SEC-ESD-05 */
static void test_signatures(void **state)
{
    (void)state;
    for (unsigned sig = 1; sig < MLN_JOSE_SIGS; sig++) {
        struct mln_data_key *key = key_of(sig_keys[sig]);
        struct mln_esdata_signer by = { key, (enum mln_jose_sig)sig };
        struct mln_esdata_draft draft = { .signers = &by, .signer_count = 1 };

        for (unsigned form = MLN_ESDATA_COMPACT; form <= MLN_ESDATA_JSON_BASE64; form++) {
            mln_arena_reset(arena);
            draft.form = (enum mln_esdata_form)form;
            accept(key, sealed_by(&draft), draft.form);
        }
        mln_data_key_free(key);
    }
}

struct parties {
    struct mln_data_key *keys[KEYS];
    const struct mln_data_key *list[KEYS];
    struct mln_esdata_signer signers[KEYS];
    struct mln_esdata_recipient recipients[KEYS];
    size_t count;
};

static struct parties parties_of(const char *const *names)
{
    struct parties p = { .count = 0 };

    for (; names[p.count]; p.count++) {
        p.keys[p.count] = key_of(names[p.count]);
        p.list[p.count] = p.keys[p.count];
        p.signers[p.count].key = p.keys[p.count];
        p.recipients[p.count].key = p.keys[p.count];
    }
    return p;
}

static void drop_parties(struct parties *p)
{
    for (size_t i = 0; i < p->count; i++) {
        mln_data_key_free(p->keys[i]);
    }
}

/* SEC-ESD-04: each of three targets decrypts, others fail. */
static void test_recipients(void **state)
{
    struct parties p = parties_of((const char *const[]){ "oct16", "ec384", "rsa", NULL });
    struct mln_data_key *other = key_of("oct32");
    struct mln_data_key *same_kind = key_of("ec256");
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_JSON,
                                      .recipients = p.recipients,
                                      .recipient_count = p.count,
                                      .associated = MLN_S("sensor 7") };
    struct mln_slice envelope = sealed_by(&draft);
    struct mln_esdata found;

    (void)state;
    for (size_t i = 0; i < p.count; i++) {
        assert_false(mln_failed(open_by(p.keys[i], envelope, &found)));
        assert_true(mln_slice_eq(found.payload, MLN_S(payload)));
        assert_true(mln_slice_eq(found.associated, MLN_S("sensor 7")));
        assert_int_equal(found.recipient_count, 3);
        for (size_t r = 0; r < 3; r++) {
            assert_int_equal(found.recipients[r].is_ours, r == i);
            assert_true(mln_slice_eq(found.recipients[r].name, p.keys[r]->name));
        }
    }
    refuse(other, envelope);
    refuse(same_kind, envelope);
    refuse(NULL, envelope);
    mln_data_key_free(other);
    mln_data_key_free(same_kind);
    drop_parties(&p);
}

/* security.md 26.5: at least one of a known key, none of a known key wrong; strangers do not count
 */
static void test_several_signatures(void **state)
{
    struct parties p = parties_of((const char *const[]){ "ec256", "ec521", "oct32", NULL });
    struct mln_data_key *impostor = key_as("other", "ec521", 0);
    struct mln_data_key *stranger = key_of("ec384");
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_JSON,
                                      .signers = p.signers,
                                      .signer_count = p.count };
    struct mln_slice envelope = sealed_by(&draft);
    struct mln_esdata_opener opener = { .keys = p.list,
                                        .key_count = p.count,
                                        .now_us = LAB_NOW,
                                        .envelope_most = LAB_MOST,
                                        .arena = arena };
    struct mln_esdata found;
    char *copy;

    (void)state;
    for (size_t i = 0; i < p.count; i++) {
        assert_false(mln_failed(open_by(p.keys[i], envelope, &found)));
        assert_int_equal(found.signer_count, 1);
        assert_true(mln_slice_eq(found.signers[0].name, p.keys[i]->name));
    }
    assert_false(mln_failed(mln_esdata_open(&opener, MLN_ESDATA_JSON, envelope, &found)));
    assert_int_equal(found.signer_count, 3);
    refuse(stranger, envelope);
    refuse(impostor, envelope);
    /* the last signature changed: it is of a known key, so all is refused; to who does not know
     * that key it does not matter */
    copy = mln_arena_zdup(arena, envelope);
    copy[envelope.len - 10] = copy[envelope.len - 10] == 'A' ? 'B' : 'A';
    envelope.ptr = copy;
    assert_int_equal(mln_esdata_open(&opener, MLN_ESDATA_JSON, envelope, &found).code,
                     MLN_ERR_ESDATA);
    accept(p.keys[0], envelope, MLN_ESDATA_JSON);
    mln_data_key_free(impostor);
    mln_data_key_free(stranger);
    drop_parties(&p);
}

/* SEC-ESD-06 */
static void test_nested(void **state)
{
    struct parties p = parties_of((const char *const[]){ "ec256", "rsa", NULL });
    struct parties to = parties_of((const char *const[]){ "oct32", "ec384", NULL });
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_COMPACT,
                                      .signers = p.signers,
                                      .signer_count = 1,
                                      .recipients = to.recipients,
                                      .recipient_count = 1 };
    const struct mln_data_key *both[] = { p.keys[0], to.keys[0] };
    struct mln_esdata_opener opener = { .keys = both,
                                        .key_count = 2,
                                        .needs_signature = true,
                                        .needs_encryption = true,
                                        .now_us = LAB_NOW,
                                        .envelope_most = LAB_MOST,
                                        .arena = arena };
    struct mln_esdata found;
    struct mln_slice envelope;

    (void)state;
    for (unsigned form = MLN_ESDATA_COMPACT; form <= MLN_ESDATA_JSON_BASE64; form++) {
        draft.form = (enum mln_esdata_form)form;
        draft.signer_count = form == MLN_ESDATA_COMPACT ? 1 : 2;
        draft.recipient_count = form == MLN_ESDATA_COMPACT ? 1 : 2;
        envelope = sealed_by(&draft);
        assert_false(mln_failed(mln_esdata_open(&opener, draft.form, envelope, &found)));
        assert_true(mln_slice_eq(found.payload, MLN_S(payload)));
        assert_int_equal(found.signer_count, 1);
        assert_int_equal(found.enc, MLN_JOSE_A256GCM);
        refuse(to.keys[0], envelope); /* decrypts, but knows no signer */
        refuse(p.keys[0], envelope);
    }
    /* unsigned, and not encrypted, when policy demands */
    draft.form = MLN_ESDATA_JSON;
    draft.signer_count = 0;
    assert_int_equal(mln_esdata_open(&opener, MLN_ESDATA_ANY, sealed_by(&draft), &found).code,
                     MLN_ERR_ESDATA);
    draft.signer_count = 1;
    draft.recipient_count = 0;
    assert_int_equal(mln_esdata_open(&opener, MLN_ESDATA_ANY, sealed_by(&draft), &found).code,
                     MLN_ERR_ESDATA);
    drop_parties(&p);
    drop_parties(&to);
}

/* ---- what may not be made ---- */

static void refuse_draft(const struct mln_esdata_draft *draft)
{
    struct mln_slice envelope;

    assert_int_equal(mln_esdata_protect(draft, MLN_S(payload), arena, NULL, &envelope).code,
                     MLN_ERR_CONFIG);
}

/* SEC-ESD-10 */
static void test_usages(void **state)
{
    struct mln_data_key *none = NULL;

    (void)state;
    for (unsigned suid = 10; suid < 50; suid++) {
        struct mln_data_key_about about = { .suid = suid };
        bool fits = suid < 40 && mln_suid_is_valid(suid) && (suid % 10 == 4 || suid % 10 == 5);

        assert_int_equal(mln_failed(mln_data_key_of_jwk(&about, mln_slice_z(mln_test_jwk("oct32")),
                                                        NULL, &none)),
                         !fits);
        mln_data_key_free(none);
        none = NULL;
    }
}

/* SEC-ESD-09, SEC-ESD-10 */
static void test_refused_drafts(void **state)
{
    struct mln_data_key *encrypts = key_as("oct32", "k@sp.example", 24);
    struct mln_data_key *signs = key_as("oct32", "k@sp.example", 25);
    struct mln_data_key *short_key = key_of("oct16");
    struct mln_esdata_signer by[2] = { { encrypts, 0 }, { signs, 0 } };
    struct mln_esdata_recipient to[2] = { { signs, 0 }, { encrypts, 0 } };
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_JSON };
    struct mln_slice envelope;

    (void)state;
    refuse_draft(&draft);
    draft.signers = by;
    draft.signer_count = 1;
    refuse_draft(&draft); /* a key for encryption signs nothing */
    draft.signers = &by[1];
    envelope = sealed_by(&draft);
    accept(signs, envelope, MLN_ESDATA_JSON);
    refuse(encrypts, envelope);
    draft.signer_count = 0;
    draft.recipients = to;
    draft.recipient_count = 1;
    refuse_draft(&draft); /* and the other way round */
    draft.recipients = &to[1];
    envelope = sealed_by(&draft);
    accept(encrypts, envelope, MLN_ESDATA_JSON);
    refuse(signs, envelope);
    /* a MIC is no signature to be nested */
    draft.signer_count = 1;
    refuse_draft(&draft);
    draft.signer_count = 0;
    /* dir with several, and with a key of another length */
    to[0] = (struct mln_esdata_recipient){ encrypts, MLN_JOSE_DIR };
    draft.recipients = to;
    draft.recipient_count = 2;
    refuse_draft(&draft);
    draft.recipient_count = 1;
    draft.enc = MLN_JOSE_A128GCM;
    refuse_draft(&draft);
    to[0] = (struct mln_esdata_recipient){ short_key, MLN_JOSE_A256KW };
    refuse_draft(&draft);
    /* expired */
    to[0] = (struct mln_esdata_recipient){ encrypts, 0 };
    draft.enc = MLN_JOSE_NO_ENC;
    draft.now_us = INT64_MAX;
    refuse_draft(&draft);
    /* who takes part is told in a few words */
    draft.now_us = 0;
    draft.party_u = mln_slice_of(mln_arena_zalloc(arena, 1, 2000), 2000);
    refuse_draft(&draft);
    /* compact form has no room for two */
    draft = (struct mln_esdata_draft){ .form = MLN_ESDATA_COMPACT,
                                       .recipients = to,
                                       .recipient_count = 2 };
    refuse_draft(&draft);
    mln_data_key_free(encrypts);
    mln_data_key_free(signs);
    mln_data_key_free(short_key);
}

/* SEC-IDN-05: hexadecimal identifiers and domains in any case; others not. */
static void test_names(void **state)
{
    struct mln_data_key *made = key_as("oct32", "0123456789ABCDEF0123456789abcdef@SP.Example", 14);
    struct mln_data_key *same = key_as("oct32", "0123456789abcdef0123456789ABCDEF@sp.example", 14);
    struct mln_data_key *other = key_as("oct32", "Name@sp.example", 14);
    struct mln_data_key *unnamed = NULL;
    struct mln_data_key_about about = { .suid = 14 };
    struct mln_esdata_recipient to = { made, MLN_JOSE_DIR };
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_COMPACT,
                                      .recipients = &to,
                                      .recipient_count = 1 };
    struct mln_secret *secret = mln_secret_of("0123456789abcdef0123456789abcdef", 32);
    struct mln_slice envelope = sealed_by(&draft);

    (void)state;
    accept(same, envelope, MLN_ESDATA_COMPACT);
    refuse(other, envelope);
    assert_false(mln_failed(mln_data_key_of_secret(&about, secret, NULL, &unnamed)));
    to.key = unnamed;
    envelope = sealed_by(&draft);
    accept(unnamed, envelope, MLN_ESDATA_COMPACT);
    refuse(made, envelope);
    mln_secret_free(secret);
    mln_data_key_free(made);
    mln_data_key_free(same);
    mln_data_key_free(other);
    mln_data_key_free(unnamed);
}

/* ---- pieces ---- */

struct collected {
    struct mln_buf out;
    size_t calls;
};

static mln_err collect(void *data, struct mln_slice piece)
{
    struct collected *c = data;

    c->calls++;
    mln_buf_add(&c->out, piece);
    return c->out.failed ? MLN_ERROR(LIMIT) : MLN_OK;
}

/* Any cutting of the payload gives an envelope of the whole. */
static void test_pieces(void **state)
{
    enum { LEN = 100000 };
    static const size_t steps[] = { 1, 2, 3, 1000, 12287, 12288, 12289, LEN };
    struct parties p = parties_of((const char *const[]){ "ec256", "oct16", NULL });
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_JSON_BASE64,
                                      .signers = p.signers,
                                      .signer_count = 1,
                                      .recipients = &p.recipients[1],
                                      .recipient_count = 1 };
    struct mln_esdata_opener opener = {
        .keys = p.list, .key_count = 2, .now_us = LAB_NOW, .envelope_most = LAB_MOST, .arena = arena
    };
    char *bytes = mln_malloc(LEN);

    (void)state;
    for (size_t i = 0; i < LEN; i++) {
        bytes[i] = (char)(i * 31 + i / 251);
    }
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct mln_esdata_stream *stream MLN_CLEANUP(mln_esdata_stream_freep) = NULL;
        struct collected c = { .calls = 0 };
        struct mln_esdata found;
        struct mln_slice envelope;

        mln_arena_reset(arena);
        mln_buf_init(&c.out, arena, LAB_MOST);
        assert_false(mln_failed(mln_esdata_stream_new(&draft, collect, &c, NULL, &stream)));
        for (size_t at = 0; at < LEN; at += steps[i]) {
            size_t len = steps[i] < LEN - at ? steps[i] : LEN - at;

            assert_false(mln_failed(mln_esdata_stream_add(stream, mln_slice_of(bytes + at, len))));
        }
        assert_false(mln_failed(mln_esdata_stream_end(stream)));
        assert_false(mln_failed(mln_buf_finish(&c.out, &envelope)));
        assert_false(mln_failed(mln_esdata_open(&opener, MLN_ESDATA_ANY, envelope, &found)));
        assert_int_equal(found.form, MLN_ESDATA_JSON_BASE64);
        assert_true(mln_slice_eq(found.payload, mln_slice_of(bytes, LEN)));
    }
    mln_free(bytes);
    drop_parties(&p);
}

/* Nothing, too. */
static void test_empty(void **state)
{
    struct mln_data_key *key = key_of("oct32");
    struct mln_esdata_recipient to = { key, MLN_JOSE_A256KW };
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_COMPACT,
                                      .recipients = &to,
                                      .recipient_count = 1 };
    struct mln_slice envelope;
    struct mln_esdata found;

    (void)state;
    assert_false(
        mln_failed(mln_esdata_protect(&draft, (struct mln_slice){ 0 }, arena, NULL, &envelope)));
    assert_false(mln_failed(open_by(key, envelope, &found)));
    assert_int_equal(found.payload.len, 0);
    mln_data_key_free(key);
}

/* ---- failing allocations ---- */

#ifdef MLN_TORTURE
/* Protects, then opens, with the n-th allocation failing, for each n. */
static void test_starved(void **state)
{
    struct parties p = parties_of((const char *const[]){ "ec256", "rsa", NULL });
    struct parties to = parties_of((const char *const[]){ "oct32", "ec384", "rsa", NULL });
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_JSON_BASE64,
                                      .signers = p.signers,
                                      .signer_count = p.count,
                                      .recipients = to.recipients,
                                      .recipient_count = to.count };
    const struct mln_data_key *both[] = { p.keys[0], to.keys[1] };
    struct mln_esdata_opener opener = { .keys = both,
                                        .key_count = 2,
                                        .needs_signature = true,
                                        .now_us = LAB_NOW,
                                        .envelope_most = LAB_MOST };
    bool was_hit = true;
    mln_err err = MLN_OK;

    (void)state;
    for (unsigned long n = 1; was_hit; n++) {
        struct mln_esdata found = { 0 };
        struct mln_slice envelope = { 0 };

        assert_in_range(n, 1, 2000);
        opener.arena = mln_arena_new(LAB_ARENA);
        assert_non_null(opener.arena);
        mln_mem_fail_at(n);
        err = mln_esdata_protect(&draft, MLN_S(payload), opener.arena, NULL, &envelope);
        if (!mln_failed(err)) {
            err = mln_esdata_open(&opener, MLN_ESDATA_ANY, envelope, &found);
        }
        was_hit = mln_mem_count() >= n;
        mln_mem_fail_at(0);
        if (was_hit && mln_failed(err)) {
            assert_int_equal(err.code, MLN_ERR_NO_MEMORY);
        }
        mln_arena_free(opener.arena);
    }
    assert_int_equal(err.code, MLN_ERR_NONE);
    drop_parties(&p);
    drop_parties(&to);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encryption), cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_recipients), cmocka_unit_test(test_several_signatures),
        cmocka_unit_test(test_nested),     cmocka_unit_test(test_refused_drafts),
        cmocka_unit_test(test_usages),     cmocka_unit_test(test_names),
        cmocka_unit_test(test_pieces),     cmocka_unit_test(test_empty),
#ifdef MLN_TORTURE
        cmocka_unit_test(test_starved),
#endif
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
