/* Tests of random objects. */
#include "e2e/random.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "codec/json.h"
#include "model/pack.h"

enum { NOW_S = 1700000000 };

#define RECEIVER                                                                                   \
    "{\"esri\":\"Uabc\",\"esrv\":\"R00112233445566778899aabbccddeeff\","                           \
    "\"esrx\":\"20301231T235959\",\"esks\":[1],\"espa\":[10,12]}"
#define ORIGINATOR                                                                                 \
    "{\"esri\":\"Odef\",\"esrv\":\"Rffeeddccbbaa99887766554433221100\","                           \
    "\"esrx\":\"20301231T235900\",\"esk\":1,\"espa\":[10]}"

static struct mln_arena *arena;
static struct mln_limits limits;

static int set_up(void **state)
{
    (void)state;
    mln_limits_default(&limits);
    arena = mln_arena_new(1 << 20);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static mln_err read(const char *text, bool is_originators, struct mln_e2e_random *ret)
{
    struct mln_value *v;

    assert_false(mln_failed(mln_json_read(mln_slice_z(text), &limits, arena, &v, NULL)));
    return mln_e2e_random_read(v, is_originators, NOW_S * MLN_US_PER_S, ret, NULL);
}

static struct mln_slice canonical(const struct mln_e2e_random *r)
{
    struct mln_buf out;
    struct mln_slice text;

    mln_buf_init(&out, arena, 4096);
    mln_e2e_random_canonical(r, &out);
    assert_false(mln_failed(mln_buf_finish(&out, &text)));
    return text;
}

static void assert_text(struct mln_slice text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

/* The text for the derivation is that of the known answers, whatever order the members had. */
static void has_one_text(void **state)
{
    struct mln_e2e_random r;

    (void)state;
    assert_false(mln_failed(read(RECEIVER, false, &r)));
    assert_text(canonical(&r), RECEIVER);
    assert_false(mln_failed(read(ORIGINATOR, true, &r)));
    assert_text(canonical(&r), ORIGINATOR);
    assert_false(mln_failed(read("{ \"espa\":[10,12],\"esks\":[1], \"esri\":\"Uabc\", "
                                 "\"esrx\":\"20301231T235959\", "
                                 "\"esrv\":\"R00112233445566778899aabbccddeeff\"}",
                                 false, &r)));
    assert_text(canonical(&r), RECEIVER);
}

static void tells_algorithms(void **state)
{
    struct mln_e2e_random r;

    (void)state;
    assert_false(mln_failed(read(RECEIVER, false, &r)));
    assert_true(mln_e2e_random_has_enc(&r, MLN_JOSE_A128GCM));
    assert_false(mln_e2e_random_has_enc(&r, MLN_JOSE_A192GCM));
    assert_true(mln_e2e_random_has_enc(&r, MLN_JOSE_A256GCM));
    assert_true(mln_e2e_random_has_keygen(&r, MLN_ESPRIM_HMAC_SHA256));
    assert_false(mln_e2e_random_has_keygen(&r, 2));
    assert_int_equal(mln_esprim_alg(MLN_JOSE_A128GCM), 10);
    assert_int_equal(mln_esprim_alg(MLN_JOSE_A192GCM), 11);
    assert_int_equal(mln_esprim_alg(MLN_JOSE_A256GCM), 12);
    assert_int_equal(mln_esprim_enc(9), MLN_JOSE_NO_ENC);
    assert_int_equal(mln_esprim_enc(10), MLN_JOSE_A128GCM);
    assert_int_equal(mln_esprim_enc(12), MLN_JOSE_A256GCM);
    assert_int_equal(mln_esprim_enc(13), MLN_JOSE_NO_ENC);
}

static void becomes_content(void **state)
{
    static const char *const texts[] = { RECEIVER, ORIGINATOR };
    struct mln_e2e_random r;
    struct mln_slice pack;
    struct mln_buf out;
    struct mln_buf json;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_false(mln_failed(read(texts[i], i == 1, &r)));
        mln_buf_init(&out, arena, 4096);
        mln_e2e_random_pack(&r, &out);
        assert_false(mln_failed(mln_buf_finish(&out, &pack)));
        mln_buf_init(&json, arena, 4096);
        assert_false(mln_failed(mln_json_write(&json, pack)));
        assert_false(mln_failed(mln_buf_finish(&json, &pack)));
        assert_text(pack, texts[i]);
    }
}

/* An expiry that is relative counts from now on; the text stays what was sent. */
static void resolves_what_is_relative(void **state)
{
    static const char *const texts[] = {
        "{\"esri\":\"U\",\"esrv\":\"R\",\"esrx\":\"60000\",\"esks\":[1],\"espa\":[10]}",
        "{\"esri\":\"U\",\"esrv\":\"R\",\"esrx\":60000,\"esks\":[1],\"espa\":[10]}",
    };
    struct mln_e2e_random r;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_false(mln_failed(read(texts[i], false, &r)));
        assert_int_equal(r.expires_us, (NOW_S + 60) * MLN_US_PER_S);
        assert_text(canonical(&r), texts[i]);
    }
}

static void refuses_everything_else(void **state)
{
    static const struct {
        const char *text;
        bool is_originators;
    } cases[] = {
        { "[]", false },
        { "\"x\"", false },
        { "{}", false },
        { ORIGINATOR, false },
        { RECEIVER, true },
        { "{\"esri\":\"U\",\"esrv\":\"R\",\"esrx\":\"20301231T235959\",\"espa\":[10]}", false },
        { "{\"esri\":\"U\",\"esrv\":\"R\",\"esrx\":\"20301231T235959\",\"esks\":[1],\"espa\":[10],"
          "\"x\":1}",
          false },
        { "{\"esri\":\"1\",\"esrv\":\"R\",\"esrx\":\"20301231T235959\",\"esks\":[1],\"espa\":[10]}",
          false },
        { "{\"esri\":\"U\\\"\",\"esrv\":\"R\",\"esrx\":\"20301231T235959\",\"esks\":[1],"
          "\"espa\":[10]}",
          false },
        { "{\"esri\":\"\",\"esrv\":\"R\",\"esrx\":\"20301231T235959\",\"esks\":[1],\"espa\":[10]}",
          false },
        { "{\"esri\":\"U\",\"esrv\":7,\"esrx\":\"20301231T235959\",\"esks\":[1],\"espa\":[10]}",
          false },
        { "{\"esri\":\"U\",\"esrv\":\"R\",\"esrx\":\"soon\",\"esks\":[1],\"espa\":[10]}", false },
        { "{\"esri\":\"U\",\"esrv\":\"R\",\"esrx\":-1,\"esks\":[1],\"espa\":[10]}", false },
        { "{\"esri\":\"U\",\"esrv\":\"R\",\"esrx\":18446744073709551615,\"esks\":[1],"
          "\"espa\":[10]}",
          false },
        { "{\"esri\":\"U\",\"esrv\":\"R\",\"esrx\":\"20301231T235959\",\"esks\":[],\"espa\":[10]}",
          false },
        { "{\"esri\":\"U\",\"esrv\":\"R\",\"esrx\":\"20301231T235959\",\"esks\":1,\"espa\":[10]}",
          false },
        { "{\"esri\":\"U\",\"esrv\":\"R\",\"esrx\":\"20301231T235959\",\"esks\":[1],"
          "\"espa\":[-10]}",
          false },
        { "{\"esri\":\"U\",\"esrv\":\"R\",\"esrx\":\"20301231T235959\",\"esks\":[1],"
          "\"espa\":[65536]}",
          false },
        { "{\"esri\":\"U\",\"esrv\":\"R\",\"esrx\":\"20301231T235959\",\"esks\":[1],"
          "\"espa\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}",
          false },
        /* the same object later would be another one */
        { "{\"esri\":\"O\",\"esrv\":\"R\",\"esrx\":\"60000\",\"esk\":1,\"espa\":[10]}", true },
        { "{\"esri\":\"O\",\"esrv\":\"R\",\"esrx\":60000,\"esk\":1,\"espa\":[10]}", true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mln_e2e_random r = { .expires_us = 7 };

        assert_int_equal(read(cases[i].text, cases[i].is_originators, &r).code, MLN_ERR_SYNTAX);
        assert_int_equal(r.expires_us, 7);
    }
}

static void bounds_its_texts(void **state)
{
    char name[MLN_E2E_RANDOM_TEXT + 1];

    (void)state;
    memset(name, 'a', sizeof name);
    assert_true(mln_e2e_random_is_text(mln_slice_of(name, MLN_E2E_RANDOM_TEXT)));
    assert_false(mln_e2e_random_is_text(mln_slice_of(name, MLN_E2E_RANDOM_TEXT + 1)));
    assert_false(mln_e2e_random_is_text(mln_slice_of(name, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(has_one_text),
        T(tells_algorithms),
        T(becomes_content),
        T(resolves_what_is_relative),
        T(refuses_everything_else),
        T(bounds_its_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
