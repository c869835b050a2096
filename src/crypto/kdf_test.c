/* Tests of the derivations: the vectors of security.md 21A, made by a script that is not ours.
 * SEC-KDF-01, SEC-KDF-02, SEC-KDF-03, SEC-KDF-04, SEC-KDF-06, SEC-KDF-07 */
#include "crypto/kdf.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/num.h"

/* Names of U+00C5 and of what is written like it. */
#define COMPOSED   "//sp.example/S\xc3\x85"
#define DECOMPOSED "//sp.example/SA\xcc\x8a"
#define ANGSTROM   "//sp.example/S\xe2\x84\xab"
#define FULL_WIDTH "\xef\xbd\x8d\xef\xbd\x81\xef\xbd\x86\xef\xbc\x8e\xef\xbd\x93\xef\xbd\x90"

static struct mln_secret *count_from(unsigned char first)
{
    struct mln_secret *key = mln_secret_new(MLN_KDF_KEY);

    assert_non_null(key);
    for (size_t i = 0; i < MLN_KDF_KEY; i++) {
        mln_secret_room(key)[i] = (unsigned char)(first + i);
    }
    return key;
}

static void expect_hex(const unsigned char *got, size_t len, const char *hex)
{
    assert_int_equal(strlen(hex), 2 * len);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(got[i], mln_num_hex(hex[2 * i]) * 16 + mln_num_hex(hex[2 * i + 1]));
    }
}

static void expect_key(mln_err err, const unsigned char *got, const char *hex)
{
    assert_false(mln_failed(err));
    expect_hex(got, MLN_KDF_KEY, hex);
}

static void test_exported_bytes_are_split(void **state)
{
    unsigned char x[MLN_KDF_EXPORT];
    unsigned char id[MLN_KDF_ID];
    unsigned char key[MLN_KDF_KEY];
    struct mln_arena *arena = mln_arena_new(1 << 16);
    struct mln_slice text = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof x; i++) {
        x[i] = (unsigned char)(0x40 + i);
    }
    mln_kdf_split(x, id, key);
    expect_hex(id, sizeof id, "404142434445464748494a4b4c4d4e4f");
    expect_key(MLN_OK, key, "505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f");
    assert_false(mln_failed(mln_kdf_key_identifier(id, MLN_S("MEF.example.com"), arena, &text)));
    assert_true(mln_slice_eq(text, MLN_S("404142434445464748494a4b4c4d4e4f@mef.example.com")));
    assert_int_equal(mln_kdf_key_identifier(id, MLN_S("no domain"), arena, &text).code,
                     MLN_ERR_PARAM_INVALID);
    mln_arena_free(arena);
}

static void test_vectors_from_an_enrolment_key(void **state)
{
    static const struct {
        unsigned suid;
        const char *target;
        const char *key;
    } usages[] = {
        { 21, "maf.example.com",
          "3d29f0d655fe3baa46d2986886de8254cf641de4ffebe10071f397f26ea5e9cb" },
        { 22, "cse1.in1.sp.example.com",
          "aa84c7d127ebd1cc927346be3903d83964bc93813fe1c32d1e6917b5604fe55d" },
        { 23, "s123.sp.example.com",
          "a9783f8dfe9f888307c85d7fa70e23faa9d61ef2e189ed2cebf50f15c93f54be" },
        { 24, "s123.sp.example.com",
          "084f72ac07b8afffc17828c114bf48680d689796637fe82300b413da9cf72500" },
        { 25, "s123.sp.example.com",
          "46141657df03b4bf78cba2aff0915d8fb83855a428d72ba5bc48d705848b69bf" },
    };
    struct mln_secret *ke = count_from(0x50);
    unsigned char key[MLN_KDF_KEY];

    (void)state;
    expect_key(mln_kdf_master_credential(ke, MLN_S("maf.example.com"), key), key,
               "aad213145b9709f6a54faa1e779864a950b046fe4372646e8a615b6f25b61307");
    expect_key(mln_kdf_connection_key(ke, MLN_S("//sp.example.com/cse1"), key), key,
               "96d2579418bd4307830f92dee5dbd0cc5cd44ac308f2a677cb7d404e3c632e75");
    for (size_t i = 0; i < sizeof usages / sizeof usages[0]; i++) {
        expect_key(mln_kdf_usage_key(ke, usages[i].suid, mln_slice_z(usages[i].target), key), key,
                   usages[i].key);
    }
    mln_secret_free(ke);
}

static const char *const end_to_end[MLN_KDF_END_TO_END_KEYS] = {
    "0e7b2542ee3e2a0a12688ae87c9213b1261dc22e36924acae9b6c27eccdae762",
    "f3c8fb69e047a7cb3817b50b5444771b38cc6202d358ce779e3c56660e300ccf",
    "cf9fc8d3b47e39dfc0f6b75451295b47b60639b00f5628a628d75c4a4b5eec6d",
    "0da8be110da064205d7bd7c9e56d3e2eac983f1e0db6cbd776e3fbcf7e8a2a11",
};

/* Each key alone, in any order: the chain is walked whatever was asked for before. */
static void test_vectors_of_end_to_end_keys(void **state)
{
    static const char zeros[MLN_KDF_KEY];
    struct mln_secret *ke = count_from(0x50);
    unsigned char key[MLN_KDF_KEY];
    struct mln_secret *kpsa;
    struct mln_secret *master;

    (void)state;
    assert_false(mln_failed(mln_kdf_connection_key(ke, MLN_S("//sp.example.com/cse1"), key)));
    kpsa = mln_secret_of(key, sizeof key);
    for (size_t len = 0; len <= sizeof zeros; len += sizeof zeros) {
        expect_key(mln_kdf_end_to_end_master(mln_slice_of(zeros, len), kpsa, key), key,
                   "434510aba64adbbc616e555b329ebd6126a1c37ab77c271768ede3071c4116b7");
    }
    master = mln_secret_of(key, sizeof key);
    for (size_t i = MLN_KDF_END_TO_END_KEYS; i-- > 0;) {
        expect_key(mln_kdf_end_to_end_key(master, (enum mln_kdf_end_to_end)i, key), key,
                   end_to_end[i]);
    }
    mln_secret_free(master);
    mln_secret_free(kpsa);
    mln_secret_free(ke);
}

#define RECEIVER                                                                                   \
    "{\"esri\":\"Uabc\",\"esrv\":\"R00112233445566778899aabbccddeeff\","                           \
    "\"esrx\":\"20301231T235959\",\"esks\":[1],\"espa\":[10,12]}"
#define ORIGINATOR                                                                                 \
    "{\"esri\":\"Odef\",\"esrv\":\"Rffeeddccbbaa99887766554433221100\","                           \
    "\"esrx\":\"20301231T235900\",\"esk\":1,\"espa\":[10]}"

/* What holds of one changed byte at any place holds of any member. */
static void test_session_key(void **state)
{
    char objects[] = RECEIVER ORIGINATOR;
    const size_t split = sizeof RECEIVER - 1;
    struct mln_slice receiver = mln_slice_of(objects, split);
    struct mln_slice originator = mln_slice_of(objects + split, sizeof objects - 1 - split);
    struct mln_secret *pairwise = count_from(0x80);
    unsigned char key[MLN_KDF_KEY];
    unsigned char other[MLN_KDF_KEY];

    (void)state;
    expect_key(mln_kdf_session(pairwise, receiver, originator, key), key,
               "b3782ebbf8693fbbcebfff3d1570f5d65cc18593252c9a550dc9c06eac35452b");
    for (size_t i = 0; i < sizeof objects - 1; i++) {
        objects[i] = (char)(objects[i] ^ 1);
        assert_false(mln_failed(mln_kdf_session(pairwise, receiver, originator, other)));
        assert_memory_not_equal(other, key, sizeof key);
        objects[i] = (char)(objects[i] ^ 1);
    }
    mln_secret_free(pairwise);
}

static void test_exporter_labels(void **state)
{
    (void)state;
    assert_string_equal(mln_exporter_label(MLN_EXPORT_ENROLMENT), "EXPORTER-oneM2M-Bootstrap");
    assert_string_equal(mln_exporter_label(MLN_EXPORT_CONNECTION), "EXPORTER-oneM2M-Connection");
    assert_string_equal(mln_exporter_label(MLN_EXPORT_ESCERTKE), "EXPORTER-oneM2M-ESCertKE");
}

static void kpsa_of(const struct mln_secret *ke, const char *id, unsigned char ret[MLN_KDF_KEY])
{
    assert_false(mln_failed(mln_kdf_connection_key(ke, mln_slice_z(id), ret)));
}

static void test_spellings_of_an_identifier(void **state)
{
    struct mln_secret *ke = count_from(0x50);
    unsigned char key[MLN_KDF_KEY];
    unsigned char other[MLN_KDF_KEY];

    (void)state;
    kpsa_of(ke, COMPOSED, key);
    kpsa_of(ke, DECOMPOSED, other);
    assert_memory_equal(key, other, sizeof key);
    kpsa_of(ke, ANGSTROM, other);
    assert_memory_equal(key, other, sizeof key);
    kpsa_of(ke, "//sp.example/SA", other);
    assert_memory_not_equal(key, other, sizeof key);
    kpsa_of(ke, "maf.sp", key);
    kpsa_of(ke, FULL_WIDTH, other);
    assert_memory_equal(key, other, sizeof key);
    mln_secret_free(ke);
}

static void test_identifiers_that_are_refused(void **state)
{
    static const char *const texts[] = {
        "", "\xff", "a\xc3", "a\xed\xa0\x80", "a\xcd\xb8" /* U+0378 is not assigned */
    };
    struct mln_secret *ke = count_from(0x50);
    char text[MLN_KDF_TEXT_MAX + 1];
    unsigned char key[MLN_KDF_KEY] = { 0 };
    const unsigned char untouched[MLN_KDF_KEY] = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(mln_kdf_master_credential(ke, mln_slice_z(texts[i]), key).code,
                         MLN_ERR_PARAM_INVALID);
    }
    memset(text, 'a', sizeof text);
    assert_int_equal(mln_kdf_master_credential(ke, mln_slice_of(text, sizeof text), key).code,
                     MLN_ERR_LIMIT);
    assert_memory_equal(key, untouched, sizeof key);
    assert_false(
        mln_failed(mln_kdf_master_credential(ke, mln_slice_of(text, sizeof text - 1), key)));
    mln_secret_free(ke);
}

static void test_uses_and_targets_do_not_collide(void **state)
{
    static const unsigned refused[] = { 2, 13, 20, 26, 33, 43, 121 };
    struct mln_secret *ke = count_from(0x50);
    unsigned char key[MLN_KDF_KEY];
    unsigned char other[MLN_KDF_KEY];

    (void)state;
    assert_false(mln_failed(mln_kdf_usage_key(ke, 22, MLN_S("3.example"), key)));
    assert_false(mln_failed(mln_kdf_usage_key(ke, 23, MLN_S("3.example"), other)));
    assert_memory_not_equal(key, other, sizeof key);
    assert_false(mln_failed(mln_kdf_usage_key(ke, 22, MLN_S("33.example"), other)));
    assert_memory_not_equal(key, other, sizeof key);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(mln_kdf_usage_key(ke, refused[i], MLN_S("3.example"), key).code,
                         MLN_ERR_PARAM_INVALID);
    }
    mln_secret_free(ke);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exported_bytes_are_split),
        cmocka_unit_test(test_vectors_from_an_enrolment_key),
        cmocka_unit_test(test_vectors_of_end_to_end_keys),
        cmocka_unit_test(test_session_key),
        cmocka_unit_test(test_exporter_labels),
        cmocka_unit_test(test_spellings_of_an_identifier),
        cmocka_unit_test(test_identifiers_that_are_refused),
        cmocka_unit_test(test_uses_and_targets_do_not_collide),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
