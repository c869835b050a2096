/* Tests of ESPrim objects. */
#include "e2e/esprim.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "codec/json.h"
#include "crypto/base64.h"

enum { NOW_S = 1700000000 };

/* ---- the known answer: security.md 21A ---- */

#define ORO                                                                                        \
    "{\"esri\":\"Odef\",\"esrv\":\"Rffeeddccbbaa99887766554433221100\","                           \
    "\"esrx\":\"20301231T235900\",\"esk\":1,\"espa\":[10]}"
#define RRO                                                                                        \
    "{\"esri\":\"Uabc\",\"esrv\":\"R00112233445566778899aabbccddeeff\","                           \
    "\"esrx\":\"20301231T235959\",\"esks\":[1],\"espa\":[10,12]}"
#define HEAD                                                                                       \
    "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"kid\":\"key1@sp.example.com\","                        \
    "\"cty\":\"application/json\",\"ori\":\"Odef\",\"rri\":\"Uabc\""
#define HEADER HEAD ",\"oro\":" ORO "}"
#define INNER  "{\"op\":2,\"to\":\"/cse1/-\",\"fr\":\"/cse2/C1\",\"rqi\":\"r1\",\"rvi\":\"3\"}"
#define IV     "AAECAwQFBgcICQoL"
#define SEALED "Nkz72xN0XgJvUD-Tg-46w9JNfvYVdFg2LBgufEWeXEg3lq6v_-Jl5ItAaOlTQxPJzX6x1nI78RCAmHfq"
#define TAG    "ldkuqsQ25uNDfKFeybunoA"

static const unsigned char known_key[MLN_ESPRIM_KEY] = {
    0xb3, 0x78, 0x2e, 0xbb, 0xf8, 0x69, 0x3f, 0xbb, 0xce, 0xbf, 0xff, 0x3d, 0x15, 0x70, 0xf5, 0xd6,
    0x5c, 0xc1, 0x85, 0x93, 0x25, 0x2c, 0x9a, 0x55, 0x0d, 0xc9, 0xc0, 0x6e, 0xac, 0x35, 0x45, 0x2b,
};
static const unsigned char known_iv[MLN_AEAD_IV] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };

static struct mln_arena *arena;
static struct mln_limits limits;

static int set_up(void **state)
{
    (void)state;
    mln_limits_default(&limits);
    arena = mln_arena_new(8 << 20);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static struct mln_slice finish(const struct mln_buf *out)
{
    struct mln_slice text = { 0 };

    assert_false(mln_failed(mln_buf_finish(out, &text)));
    return text;
}

/* header, in clear, and the rest of an object */
static struct mln_slice object_of(const char *header, const char *rest)
{
    struct mln_buf out;

    mln_buf_init(&out, arena, 1 << 20);
    mln_base64url_add(&out, mln_slice_z(header));
    mln_buf_add(&out, mln_slice_z(rest));
    return finish(&out);
}

static mln_err read(struct mln_slice object, struct mln_esprim_object *ret)
{
    return mln_esprim_read(object, &limits, NOW_S * MLN_US_PER_S, arena, ret, NULL);
}

static struct mln_e2e_random random_of(const char *json, bool is_originators)
{
    struct mln_e2e_random r;
    struct mln_value *v;

    assert_false(mln_failed(mln_json_read(mln_slice_z(json), &limits, arena, &v, NULL)));
    assert_false(
        mln_failed(mln_e2e_random_read(v, is_originators, NOW_S * MLN_US_PER_S, &r, NULL)));
    return r;
}

static struct mln_esprim_header known_header(const struct mln_e2e_random *oro)
{
    return (struct mln_esprim_header){
        .enc = MLN_JOSE_A128GCM,
        .kid = MLN_S("key1@sp.example.com"),
        .form = mln_serialisation_named(MLN_S("json")),
        .ori = MLN_S("Odef"),
        .rri = MLN_S("Uabc"),
        .oro = oro,
    };
}

/* SEC-EPR-02 */
static void makes_the_known_object(void **state)
{
    struct mln_e2e_random oro = random_of(ORO, true);
    struct mln_esprim_draft draft = { known_header(&oro), known_key, known_iv };
    struct mln_slice expected = object_of(HEADER, ".." IV "." SEALED "." TAG);
    struct mln_slice object = { 0 };

    (void)state;
    assert_false(mln_failed(mln_esprim_encrypt(&draft, MLN_S(INNER), arena, &object)));
    assert_int_equal(object.len, expected.len);
    assert_memory_equal(object.ptr, expected.ptr, expected.len);
}

static void opens_the_known_object(void **state)
{
    struct mln_slice object = object_of(HEADER, ".." IV "." SEALED "." TAG);
    struct mln_esprim_object o;
    struct mln_slice text = { 0 };

    (void)state;
    assert_false(mln_failed(read(object, &o)));
    assert_true(o.header.is_direct);
    assert_int_equal(o.header.enc, MLN_JOSE_A128GCM);
    assert_true(mln_slice_eq(o.header.kid, MLN_S("key1@sp.example.com")));
    assert_true(mln_slice_eq(o.header.form->name, MLN_S("json")));
    assert_true(mln_slice_eq(o.header.ori, MLN_S("Odef")));
    assert_true(mln_slice_eq(o.header.rri, MLN_S("Uabc")));
    assert_non_null(o.header.oro);
    assert_true(mln_slice_eq(o.header.oro->value, MLN_S("Rffeeddccbbaa99887766554433221100")));
    assert_null(o.header.rro);
    assert_false(mln_failed(mln_esprim_decrypt(&o, known_key, arena, &text)));
    assert_true(mln_slice_eq(text, MLN_S(INNER)));
}

/* All algorithms, sizes around those of a block, and each way to write a primitive. */
static void opens_what_it_makes(void **state)
{
    static const enum mln_jose_enc encs[] = { MLN_JOSE_A128GCM, MLN_JOSE_A192GCM,
                                              MLN_JOSE_A256GCM };
    static const size_t sizes[] = { 0, 1, 15, 16, 17, 1000, 100000 };
    struct mln_e2e_random rro = random_of(RRO, false);
    char *text = mln_arena_alloc(arena, 100000);

    (void)state;
    memset(text, 'x', 100000);
    for (size_t i = 0; i < (size_t)3 * 7; i++) {
        struct mln_esprim_draft draft = { known_header(NULL), known_key, known_iv };
        struct mln_slice in = mln_slice_of(text, sizes[i / 3]);
        struct mln_slice object = { 0 };
        struct mln_slice out = { 0 };
        struct mln_esprim_object o;

        draft.header.enc = encs[i % 3];
        draft.header.form = mln_serialisation_at(i % 3);
        draft.header.rro = &rro;
        assert_false(mln_failed(mln_esprim_encrypt(&draft, in, arena, &object)));
        assert_false(mln_failed(read(object, &o)));
        assert_ptr_equal(o.header.form, draft.header.form);
        assert_non_null(o.header.rro);
        assert_false(mln_failed(mln_esprim_decrypt(&o, known_key, arena, &out)));
        assert_true(mln_slice_eq(in, out));
    }
}

/* The object with one bit changed, in the arena. */
static struct mln_slice flip(struct mln_slice object, size_t bit, struct mln_arena *in)
{
    char *text = mln_arena_zdup(in, object);

    if (!text) {
        fail();
        return object;
    }
    text[bit / 8] ^= (char)(1 << bit % 8);
    return mln_slice_of(text, object.len);
}

/* SEC-EPR-06: each bit of the object. What is no change of the tag is none of the format. */
static void sees_every_bit(void **state)
{
    struct mln_slice object = object_of(HEADER, ".." IV "." SEALED "." TAG);
    size_t bad_tags = 0;

    (void)state;
    for (size_t bit = 0; bit < object.len * 8; bit++) {
        struct mln_arena *own = mln_arena_new(1 << 20);
        struct mln_slice text = { 0 };
        struct mln_esprim_object o;
        mln_err err;

        assert_non_null(own);
        err = mln_esprim_read(flip(object, bit, own), &limits, 0, own, &o, NULL);
        if (!mln_failed(err) && o.header.is_direct && o.header.enc) {
            err = mln_esprim_decrypt(&o, known_key, own, &text);
            assert_int_equal(err.code, MLN_ERR_ESPRIM_MAC);
            bad_tags++;
        } else if (mln_failed(err)) {
            assert_int_equal(err.code, MLN_ERR_SYNTAX);
        }
        mln_arena_free(own);
    }
    assert_true(bad_tags > 800);
}

#define REST ".." IV "." SEALED "." TAG

static const char *const rests[] = {
    "",
    ".",
    "...",
    "..." TAG,
    ".." IV "." SEALED,
    ".." IV "." SEALED "." TAG ".",
    ".." IV "." SEALED "." TAG ".AA",
    ".AA." IV "." SEALED "." TAG,
    "..AAECAwQFBgcICQo." SEALED "." TAG,
    "..AAECAwQFBgcICQoLDA." SEALED "." TAG,
    ".." IV "." SEALED ".ldkuqsQ25uNDfKFeybun",
    ".." IV "." SEALED "." TAG "AA",
    ".." IV "." SEALED "." TAG "==",
    ".." IV "." SEALED "=." TAG,
    ".." IV ".N+z7." TAG,
    ".." IV ". Nkz7." TAG,
    "..AAECAwQFBgcICQo=." SEALED "." TAG,
};
static const char *const headers[] = {
    "",
    "{",
    "[]",
    "7",
    "{}",
    HEAD "} ,",
    HEAD ",\"zip\":\"DEF\"}",
    HEAD ",\"crit\":[\"exp\"]}",
    HEAD ",\"alg\":\"dir\"}",
    HEAD ",\"ori\":\"Odef\"}",
    HEAD ",\"typ\":\"JWE\"}",
    HEAD ",\"oro\":{}}",
    HEAD ",\"oro\":null}",
    HEAD ",\"oro\":[" ORO "]}",
    HEAD ",\"oro\":" RRO "}",
    HEAD ",\"rro\":" ORO "}",
    "{\"enc\":\"A128GCM\",\"kid\":\"k\",\"ori\":\"Odef\",\"rri\":\"Uabc\"}",
    "{\"alg\":\"dir\",\"kid\":\"k\",\"ori\":\"Odef\",\"rri\":\"Uabc\"}",
    "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"ori\":\"Odef\",\"rri\":\"Uabc\"}",
    "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"kid\":\"k\",\"rri\":\"Uabc\"}",
    "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"kid\":\"k\",\"ori\":\"Odef\"}",
    "{\"alg\":1,\"enc\":\"A128GCM\",\"kid\":\"k\",\"ori\":\"Odef\",\"rri\":\"Uabc\"}",
    "{\"alg\":\"dir\",\"enc\":null,\"kid\":\"k\",\"ori\":\"Odef\",\"rri\":\"Uabc\"}",
    "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"kid\":\"\",\"ori\":\"Odef\",\"rri\":\"Uabc\"}",
    "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"kid\":\"k\",\"ori\":\"0\",\"rri\":\"Uabc\"}",
    "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"kid\":\"k\",\"ori\":\"Odef\",\"rri\":\"a b\"}",
    "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"kid\":\"k\",\"cty\":\"text/plain\","
    "\"ori\":\"Odef\",\"rri\":\"Uabc\"}",
    "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"kid\":\"k\",\"ALG\":\"dir\",\"ori\":\"Odef\","
    "\"rri\":\"Uabc\"}",
};

/* SEC-EPR-08 */
static void refuses_other_forms(void **state)
{
    struct mln_esprim_object o;

    (void)state;
    for (size_t i = 0; i < sizeof rests / sizeof *rests; i++) {
        assert_int_equal(read(object_of(HEAD "}", rests[i]), &o).code, MLN_ERR_SYNTAX);
    }
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        assert_int_equal(read(object_of(headers[i], REST), &o).code, MLN_ERR_SYNTAX);
    }
    assert_int_equal(read(MLN_S(""), &o).code, MLN_ERR_SYNTAX);
    assert_int_equal(read(MLN_S("e30=" REST), &o).code, MLN_ERR_SYNTAX);
    assert_false(mln_failed(read(object_of(HEAD "}", REST), &o)));
}

/* Which algorithms count is for who knows the session. */
static void names_no_algorithm_that_it_does_not_know(void **state)
{
    struct mln_esprim_object o;

    (void)state;
    assert_false(mln_failed(read(object_of("{\"alg\":\"A128KW\",\"enc\":\"A128CBC-HS256\","
                                           "\"kid\":\"k\",\"ori\":\"Odef\",\"rri\":\"Uabc\"}",
                                           REST),
                                 &o)));
    assert_false(o.header.is_direct);
    assert_int_equal(o.header.enc, MLN_JOSE_NO_ENC);
    assert_true(mln_slice_eq(o.header.form->name, MLN_S("json")));
}

static void bounds_what_it_reads(void **state)
{
    char *spaces = mln_arena_alloc(arena, MLN_ESPRIM_HEADER_MAX + 8);
    struct mln_esprim_object o;
    size_t used;

    (void)state;
    memset(spaces, ' ', MLN_ESPRIM_HEADER_MAX + 4);
    memcpy(spaces, HEAD "}", sizeof HEAD);
    spaces[MLN_ESPRIM_HEADER_MAX] = '\0';
    assert_false(mln_failed(read(object_of(spaces, REST), &o)));
    spaces[MLN_ESPRIM_HEADER_MAX] = ' ';
    spaces[MLN_ESPRIM_HEADER_MAX + 1] = '\0';
    assert_int_equal(read(object_of(spaces, REST), &o).code, MLN_ERR_SYNTAX);
    limits.body_bytes = 2048;
    used = mln_arena_used(arena);
    assert_int_equal(read(mln_slice_of(spaces, 2049), &o).code, MLN_ERR_LIMIT);
    assert_int_equal(mln_arena_used(arena), used);
}

/* Nothing that needs an escape can reach a header. */
static void writes_no_header_that_could_be_misread(void **state)
{
    static const char *const kids[] = { "", "a\"b", "a\\b", "a b", "a\nb", "\x7f", "\xc3\xa4" };
    struct mln_esprim_draft draft = { known_header(NULL), known_key, known_iv };
    struct mln_slice object = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof kids / sizeof *kids; i++) {
        draft.header.kid = mln_slice_z(kids[i]);
        assert_int_equal(mln_esprim_encrypt(&draft, MLN_S("x"), arena, &object).code,
                         MLN_ERR_ESPRIM_ENCRYPTION);
    }
    draft.header = known_header(NULL);
    draft.header.ori = MLN_S("\",\"zip\":\"");
    assert_int_equal(mln_esprim_encrypt(&draft, MLN_S("x"), arena, &object).code,
                     MLN_ERR_ESPRIM_ENCRYPTION);
}

/* What did not fit is not left behind. */
static void leaves_no_text_of_a_wrong_tag(void **state)
{
    struct mln_slice object = object_of(HEADER, ".." IV "." SEALED ".AAAAAAAAAAAAAAAAAAAAAA");
    struct mln_esprim_object o;
    struct mln_slice text = { "old", 3 };
    unsigned char out[sizeof INNER] = { 1 };
    struct mln_aead how;
    bool fits = true;

    (void)state;
    assert_false(mln_failed(read(object, &o)));
    assert_int_equal(mln_esprim_decrypt(&o, known_key, arena, &text).code, MLN_ERR_ESPRIM_MAC);
    assert_true(mln_slice_eq(text, MLN_S("old")));
    how = (struct mln_aead){ MLN_JOSE_A128GCM, known_key, o.iv, o.aad };
    assert_false(mln_failed(mln_aead_open(&how, o.text, o.tag, out, &fits)));
    assert_false(fits);
    for (size_t i = 0; i < o.text.len; i++) {
        assert_int_equal(out[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(makes_the_known_object),        T(opens_the_known_object),
        T(opens_what_it_makes),           T(sees_every_bit),
        T(refuses_other_forms),           T(names_no_algorithm_that_it_does_not_know),
        T(bounds_what_it_reads),          T(writes_no_header_that_could_be_misread),
        T(leaves_no_text_of_a_wrong_tag),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
