/* Attacks on protected data in JOSE: everything that was touched is refused. */
#include "crypto/base64.h"
#include "crypto/jose.h"
#include "e2e/esdata_lab_test.h"

/* Each character of the envelope in turn becomes another one. Names of members that must be ignored
 * when they are not known (RFC 7516 4) cannot carry anything: the rest must refuse. */
static void turn_each(const struct mln_data_key *key, const struct mln_esdata_draft *draft)
{
    struct mln_slice envelope = sealed_by(draft);
    char *copy = mln_arena_zdup(arena, envelope);

    for (size_t i = 0; i < envelope.len; i++) {
        char was = copy[i];

        for (int bit = 0; bit < 7; bit += 2) {
            struct mln_esdata found;

            copy[i] = (char)(was ^ (1 << bit));
            if (!mln_failed(open_by(key, mln_slice_of(copy, envelope.len), &found))) {
                fail_msg("taken with byte %zu as %c: %s", i, copy[i], copy);
            }
        }
        copy[i] = was;
    }
    for (size_t len = 0; len < envelope.len; len++) {
        refuse(key, mln_slice_head(envelope, len));
    }
}

/* SEC-ESD-07: compact form has nothing that is not protected */
static void test_bit_flips(void **state)
{
    struct mln_data_key *oct = key_of("oct32");
    struct mln_data_key *ec = key_of("ec256");
    struct mln_esdata_recipient to[] = { { oct, MLN_JOSE_DIR }, { oct, MLN_JOSE_A256KW } };
    struct mln_esdata_recipient curve = { ec, MLN_JOSE_ECDH_ES_A128KW };
    struct mln_esdata_signer by = { ec, MLN_JOSE_ES256 };
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_COMPACT,
                                      .recipients = to,
                                      .recipient_count = 1 };

    (void)state;
    turn_each(oct, &draft);
    mln_arena_reset(arena);
    draft.recipients = &to[1];
    turn_each(oct, &draft);
    mln_arena_reset(arena);
    draft.recipients = &curve;
    turn_each(ec, &draft);
    mln_arena_reset(arena);
    draft =
        (struct mln_esdata_draft){ .form = MLN_ESDATA_COMPACT, .signers = &by, .signer_count = 1 };
    turn_each(ec, &draft);
    mln_data_key_free(oct);
    mln_data_key_free(ec);
}

__attribute__((format(printf, 1, 2))) static struct mln_slice text_of(const char *format, ...)
{
    char *text = mln_arena_alloc(arena, 65536);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, 65536, format, args);
    va_end(args);
    return mln_slice_z(text);
}

static const char *encoded(const char *text)
{
    struct mln_slice ret;
    struct mln_buf out;

    mln_buf_init(&out, arena, 65536);
    mln_base64url_add(&out, mln_slice_z(text));
    assert_false(mln_failed(mln_buf_finish(&out, &ret)));
    return mln_arena_zdup(arena, ret);
}

/* The parts of a compact JWE under dir; A256GCM. */
struct cut {
    const char *iv;
    const char *text;
    const char *tag;
};

/* A soundly sealed content under this protected header, whatever that says. */
static struct cut seal_under(const char *header, const char *name)
{
    struct mln_jose_key *key = mln_test_key(name);
    struct mln_secret *cek = NULL;
    struct mln_jose_sealing *sealing = NULL;
    struct mln_jose_wrapping how = { .wrap = MLN_JOSE_DIR, .enc = MLN_JOSE_A256GCM };
    unsigned char tag[MLN_JOSE_TAG_BYTES];
    char *out = mln_arena_alloc(arena, sizeof payload);
    struct cut cut;
    struct mln_slice ret;
    struct mln_buf buf;

    assert_false(mln_failed(mln_jose_make_cek(key, &how, &cek)));
    assert_false(mln_failed(mln_jose_sealing_new(MLN_JOSE_A256GCM, cek, &sealing)));
    assert_false(mln_failed(mln_jose_sealing_associate(sealing, mln_slice_z(encoded(header)))));
    assert_false(mln_failed(mln_jose_sealing_add(sealing, MLN_S(payload), (unsigned char *)out)));
    assert_false(mln_failed(mln_jose_sealing_end(sealing, tag)));
    mln_buf_init(&buf, arena, 1000);
    mln_base64url_add(&buf, mln_jose_sealing_iv(sealing));
    assert_false(mln_failed(mln_buf_finish(&buf, &ret)));
    cut.iv = mln_arena_zdup(arena, ret);
    mln_buf_init(&buf, arena, 1000);
    mln_base64url_add(&buf, mln_slice_of(out, sizeof payload - 1));
    assert_false(mln_failed(mln_buf_finish(&buf, &ret)));
    cut.text = mln_arena_zdup(arena, ret);
    mln_buf_init(&buf, arena, 1000);
    mln_base64url_add(&buf, mln_slice_of((const char *)tag, sizeof tag));
    assert_false(mln_failed(mln_buf_finish(&buf, &ret)));
    cut.tag = mln_arena_zdup(arena, ret);
    mln_jose_sealing_freep(&sealing);
    mln_secret_free(cek);
    mln_jose_key_free(key);
    return cut;
}

static struct mln_slice compact_under(const char *header)
{
    struct cut c = seal_under(header, "oct32");

    return text_of("%s..%s.%s.%s", encoded(header), c.iv, c.text, c.tag);
}

#define DIR_HEADER "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"kid\":\"oct32\"}"

/* Members that change what is done, or bring keys along, under a tag that fits. */
static void test_foreign_headers(void **state)
{
    static const char *const extra[] = {
        "\"crit\":[\"exp\"]",
        "\"crit\":[]",
        "\"zip\":\"DEF\"",
        "\"b64\":false",
        "\"jwk\":{}",
        "\"jku\":\"https://a.example\"",
        "\"x5u\":\"https://a.example\"",
        "\"p2s\":\"AA\"",
        "\"p2c\":1",
        "\"alg\":\"dir\"",
        "\"\\u0061lg\":\"dir\"",
        "\"epk\":{}",
        "\"typ\":1",
        "\"kid\":\"oct32\"",
    };
    struct mln_data_key *key = key_of("oct32");
    struct cut c = seal_under(DIR_HEADER, "oct32");

    (void)state;
    accept(key, compact_under(DIR_HEADER), MLN_ESDATA_COMPACT);
    accept(key, compact_under("{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"exp\":1}"),
           MLN_ESDATA_COMPACT);
    for (size_t i = 0; i < sizeof extra / sizeof extra[0]; i++) {
        refuse(key,
               compact_under(
                   text_of("{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"kid\":\"oct32\",%s}", extra[i])
                       .ptr));
        /* unprotected, in each of the two places */
        refuse(key,
               text_of("{\"protected\":\"%s\",\"unprotected\":{%s},\"iv\":\"%s\",\"ciphertext\":"
                       "\"%s\",\"tag\":\"%s\"}",
                       encoded(DIR_HEADER), extra[i], c.iv, c.text, c.tag));
        refuse(key,
               text_of("{\"protected\":\"%s\",\"header\":{%s},\"iv\":\"%s\",\"ciphertext\":\"%s\","
                       "\"tag\":\"%s\"}",
                       encoded(DIR_HEADER), extra[i], c.iv, c.text, c.tag));
    }
    refuse(key, text_of("{\"protected\":\"%s\",\"header\":{\"cty\":\"JOSE\"},\"iv\":\"%s\","
                        "\"ciphertext\":\"%s\",\"tag\":\"%s\"}",
                        encoded(DIR_HEADER), c.iv, c.text, c.tag));
    /* flattened is accepted; both forms at once, two kinds at once are not */
    accept(key,
           text_of("{\"protected\":\"%s\",\"iv\":\"%s\",\"ciphertext\":\"%s\",\"tag\":\"%s\"}",
                   encoded(DIR_HEADER), c.iv, c.text, c.tag),
           MLN_ESDATA_JSON);
    refuse(key, text_of("{\"protected\":\"%s\",\"recipients\":[{}],\"header\":{},\"iv\":\"%s\","
                        "\"ciphertext\":\"%s\",\"tag\":\"%s\"}",
                        encoded(DIR_HEADER), c.iv, c.text, c.tag));
    refuse(key,
           text_of("{\"protected\":\"%s\",\"payload\":\"\",\"iv\":\"%s\",\"ciphertext\":\"%s\","
                   "\"tag\":\"%s\"}",
                   encoded(DIR_HEADER), c.iv, c.text, c.tag));
    /* SEC-ESD-09: dir with several recipients */
    refuse(key, text_of("{\"protected\":\"%s\",\"recipients\":[{},{}],\"iv\":\"%s\",\"ciphertext\":"
                        "\"%s\",\"tag\":\"%s\"}",
                        encoded(DIR_HEADER), c.iv, c.text, c.tag));
    mln_data_key_free(key);
}

/* SEC-ESD-07: algorithm and key substitution, tags cut off */
static void test_substitution(void **state)
{
    static const char *const headers[] = {
        "{\"alg\":\"none\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"A256KW\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256CBC-HS512\"}",
        "{\"alg\":\"RSA1_5\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"A256GCMKW\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"PBES2-HS256+A128KW\",\"enc\":\"A256GCM\"}",
        "{\"enc\":\"A256GCM\"}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"kid\":\"oct16\"}",
        "{\"alg\":\"dir\"}",
        "{\"alg\":\"HS256\"}",
        "{\"alg\":\"dir\",\"enc\":\"a256gcm\"}",
        "[]",
        "{",
        "\"dir\"",
    };
    struct mln_data_key *key = key_of("oct32");
    struct cut c = seal_under(DIR_HEADER, "oct32");
    size_t tag_len = strlen(c.tag);

    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        refuse(key, compact_under(headers[i]));
    }
    for (size_t len = 0; len < tag_len; len++) {
        refuse(key, text_of("%s..%s.%s.%.*s", encoded(DIR_HEADER), c.iv, c.text, (int)len, c.tag));
        refuse(
            key,
            text_of("{\"protected\":\"%s\",\"iv\":\"%s\",\"ciphertext\":\"%s\",\"tag\":\"%.*s\"}",
                    encoded(DIR_HEADER), c.iv, c.text, (int)len, c.tag));
    }
    refuse(key, text_of("%s..%s.%s.%sAA", encoded(DIR_HEADER), c.iv, c.text, c.tag));
    refuse(key, text_of("%s..%sAAAA.%s.%s", encoded(DIR_HEADER), c.iv, c.text, c.tag));
    refuse(key, text_of("%s..%.12s.%s.%s", encoded(DIR_HEADER), c.iv, c.text, c.tag));
    refuse(key, text_of("%s.AAAA.%s.%s.%s", encoded(DIR_HEADER), c.iv, c.text, c.tag));
    mln_data_key_free(key);
}

/* A public key is no secret of an HMAC, a MIC no signature, and none is none. */
static void test_signature_substitution(void **state)
{
    struct mln_data_key *ec = key_of("ec256");
    struct mln_data_key *oct = key_of("oct32");
    struct mln_esdata_signer by = { oct, MLN_JOSE_HS256 };
    struct mln_esdata_recipient to = { ec, MLN_JOSE_ECDH_ES_A256KW };
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_COMPACT,
                                      .signers = &by,
                                      .signer_count = 1 };
    struct mln_slice mic = sealed_by(&draft);
    const struct mln_data_key *both[] = { ec, oct };
    struct mln_esdata_opener opener = {
        .keys = both, .key_count = 2, .now_us = LAB_NOW, .envelope_most = LAB_MOST, .arena = arena
    };
    struct mln_esdata found;
    struct mln_jose_wrapping how = { .wrap = MLN_JOSE_ECDH_ES_A256KW, .enc = MLN_JOSE_A256GCM };
    struct mln_value *header = mln_value_new(arena, MLN_V_OBJECT);
    struct mln_slice nested;

    (void)state;
    (void)to;
    accept(oct, mic, MLN_ESDATA_COMPACT);
    refuse(ec, mic);
    refuse(ec, text_of("%s.%s.", encoded("{\"alg\":\"none\"}"), encoded(payload)));
    refuse(ec, text_of("%s.%s.AAAA", encoded("{\"alg\":\"PS256\"}"), encoded(payload)));
    /* TS-0003 8.5.3.4: within encryption a MIC does not count, made by whomever */
    assert_false(mln_failed(
        mln_value_set(header, MLN_S("alg"), mln_value_text(arena, MLN_S("ECDH-ES+A256KW")))));
    assert_false(
        mln_failed(mln_value_set(header, MLN_S("enc"), mln_value_text(arena, MLN_S("A256GCM")))));
    assert_false(
        mln_failed(mln_value_set(header, MLN_S("cty"), mln_value_text(arena, MLN_S("JOSE")))));
    assert_false(mln_failed(mln_jose_seal(ec->key, &how, header, mic, arena, &nested)));
    assert_int_equal(mln_esdata_open(&opener, MLN_ESDATA_ANY, nested, &found).code, MLN_ERR_ESDATA);
    mln_data_key_free(ec);
    mln_data_key_free(oct);
}

/* However it is written that there is a signature inside: what has none is no payload. */
static void test_content_types(void **state)
{
    static const struct {
        const char *type;
        bool is_nested;
    } rows[] = {
        { "JOSE", true },
        { "jose+json", true },
        { "application/jose", true },
        { "Application/JOSE+JSON", true },
        { "application/json", false },
        { "text/jose", false },
        { "application/", false },
    };
    struct mln_data_key *key = key_of("oct32");

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mln_slice envelope = compact_under(
            text_of("{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"%s\"}", rows[i].type).ptr);

        if (rows[i].is_nested) {
            refuse(key, envelope);
        } else {
            accept(key, envelope, MLN_ESDATA_COMPACT);
        }
    }
    mln_data_key_free(key);
}

/* SEC-ESD-12: a fresh ephemeral key each time; points that are none are refused. */
static void test_ephemeral(void **state)
{
    static const char *const points[] = {
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
        "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"_____________________________________________\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\"}",
        "{\"kty\":\"oct\",\"k\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
        "\"\"",
    };
    struct mln_data_key *key = key_of("ec256");
    struct mln_esdata_recipient to = { key, MLN_JOSE_ECDH_ES_A128KW };
    struct mln_esdata_draft draft = { .form = MLN_ESDATA_COMPACT,
                                      .recipients = &to,
                                      .recipient_count = 1 };
    struct mln_slice first = sealed_by(&draft);
    struct mln_slice second = sealed_by(&draft);
    struct mln_slice rest = first;
    struct mln_slice head = mln_slice_cut(&rest, '.');

    (void)state;
    assert_false(mln_slice_eq(head, mln_slice_head(second, head.len)));
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        refuse(key, text_of("%s.%.*s",
                            encoded(text_of("{\"alg\":\"ECDH-ES+A128KW\",\"enc\":\"A256GCM\","
                                            "\"kid\":\"ec256\",\"epk\":%s}",
                                            points[i])
                                        .ptr),
                            MLN_S_ARG(rest)));
    }
    mln_data_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bit_flips),    cmocka_unit_test(test_foreign_headers),
        cmocka_unit_test(test_substitution), cmocka_unit_test(test_signature_substitution),
        cmocka_unit_test(test_ephemeral),    cmocka_unit_test(test_content_types),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
