/* Tests of the form of the credentials file: what is written is read again as the same, and
 * whatever else stands there is refused with a reason. */
#include "crypto/credentials_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { ARENA = 16 << 20 };

static struct mln_arena *arena;

static int up(void **state)
{
    (void)state;
    arena = mln_arena_new(ARENA);
    return arena ? 0 : -1;
}

static int down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

#define KEY "0123456789abcdef0123456789abcdef"

static const struct mln_slice two_ae_ids[] = { { "C1*", 3 }, { "//sp.example/cse1/Cx", 20 } };
static const struct mln_slice one_app_id[] = { { "R01.com.acme.*", 14 } };
static const struct mln_slice one_role_id[] = { { "reader@sp.example", 17 } };

static struct mln_cred_row key_row(void)
{
    return (struct mln_cred_row){
        .face = {
            .id = MLN_S("12-k1@sp.example"),
            .suid = 12,
            .label = MLN_S("a label"),
            .ae_ids = { two_ae_ids, 2 },
            .app_ids = { one_app_id, 1 },
            .role_ids = { one_role_id, 1 },
            .not_before_us = 5,
            .not_after_us = 500,
        },
        .key = MLN_S(KEY),
    };
}

static struct mln_cred_row certificate_row(void)
{
    return (struct mln_cred_row){
        .face = {
            .id = MLN_S("32-//sp.example/Mn1"),
            .suid = 42,
            .anchor =
                MLN_S("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
            .domain = MLN_S("mn1.in.sp.example"),
            .cse_id = MLN_S("//sp.example/Mn1"),
            .not_after_us = INT64_MAX,
        },
    };
}

static struct mln_slice text_of(const struct mln_secret *secret)
{
    return mln_slice_of((const char *)mln_secret_bytes(secret), mln_secret_len(secret));
}

/* In the arena, so that a test may change it. */
static struct mln_slice encode(const struct mln_cred_image *image)
{
    struct mln_secret *text = NULL;
    struct mln_slice copy = { 0 };

    assert_false(mln_failed(mln_cred_encode(image, &text)));
    assert_true(mln_arena_dup(arena, text_of(text), &copy));
    mln_secret_free(text);
    return copy;
}

static enum mln_err_code decode(struct mln_slice text, struct mln_cred_image *ret)
{
    struct mln_fault fault = { 0 };
    mln_err err = mln_cred_decode(text, arena, &fault, ret);

    assert_int_equal(fault.text[0] != '\0', err.code == MLN_ERR_SEAL_BROKEN);
    assert_null(strstr(fault.text, "0123456789abcdef")); /* SEC-IDN-08 */
    return err.code;
}

static struct mln_slice sample(void)
{
    struct mln_cred_row rows[] = { key_row(), certificate_row() };
    struct mln_cred_record records[] = { { MLN_S("issuer"), MLN_S("a"), MLN_S("{}") },
                                         { MLN_S("issuer"), MLN_S("b"), MLN_S("\0\1") } };
    struct mln_cred_image image = { 7, rows, 2, records, 2 };

    return encode(&image);
}

static void reads_what_it_writes(void **state)
{
    struct mln_cred_row key = key_row();
    struct mln_cred_row certificate = certificate_row();
    struct mln_cred_image image = { 0 };
    struct mln_slice text = sample();

    (void)state;
    assert_int_equal(decode(text, &image), MLN_ERR_NONE);
    assert_int_equal(image.generation, 7);
    assert_int_equal(image.row_count, 2);
    assert_true(mln_cred_same(&image.rows[0], &key));
    assert_true(mln_slice_eq(image.rows[0].face.label, key.face.label));
    assert_true(mln_cred_same(&image.rows[1], &certificate));
    assert_int_equal(image.record_count, 2);
    assert_true(mln_slice_eq(image.records[1].name, MLN_S("b")));
    assert_true(mln_slice_eq(image.records[1].bytes, MLN_S("\0\1")));
    assert_true(mln_slice_eq(encode(&image), text));
}

static void may_be_empty(void **state)
{
    struct mln_cred_image image = { .generation = UINT64_MAX };
    struct mln_slice text = encode(&image);

    (void)state;
    assert_int_equal(text.len, 16);
    assert_int_equal(decode(text, &image), MLN_ERR_NONE);
    assert_int_equal(image.row_count + image.record_count, 0);
    assert_true(image.generation == UINT64_MAX);
}

/* SEC-IDN-01: cut anywhere, it is refused */
static void refuses_each_cut(void **state)
{
    struct mln_slice text = sample();
    struct mln_cred_image image;

    (void)state;
    for (size_t len = 0; len < text.len; len++) {
        assert_int_equal(decode(mln_slice_head(text, len), &image), MLN_ERR_SEAL_BROKEN);
    }
}

/* Any byte changed: refused, or read as something else that is whole. */
static void survives_each_changed_byte(void **state)
{
    struct mln_slice text = sample();
    char *bytes = mln_arena_alloc(arena, text.len);
    struct mln_cred_image image;

    (void)state;
    assert_non_null(bytes);
    memcpy(bytes, text.ptr, text.len);
    for (size_t i = 0; i < text.len; i++) {
        for (unsigned bit = 1; bit < 256; bit <<= 1) {
            struct mln_slice changed = { bytes, text.len };

            bytes[i] = (char)((unsigned char)text.ptr[i] ^ bit);
            if (decode(changed, &image) == MLN_ERR_NONE) {
                assert_true(mln_slice_eq(encode(&image), changed));
            }
        }
        bytes[i] = text.ptr[i];
    }
}

static void knows_newer_versions(void **state)
{
    struct mln_cred_image image;
    char text[] = "\0\0\0\2whatever stands here";

    (void)state;
    assert_int_equal(decode(mln_slice_of(text, sizeof text - 1), &image), MLN_ERR_SEAL_VERSION);
    text[3] = 0;
    assert_int_equal(decode(mln_slice_of(text, sizeof text - 1), &image), MLN_ERR_SEAL_BROKEN);
}

/* ---- each rule of the content ---- */

static enum mln_err_code decode_row(const struct mln_cred_row *row)
{
    struct mln_cred_row copy = *row;
    struct mln_cred_image image = { 1, &copy, 1, NULL, 0 };

    return decode(encode(&image), &image);
}

static void assert_refused(const struct mln_cred_row *row)
{
    struct mln_fault fault = { 0 };

    assert_int_equal(decode_row(row), MLN_ERR_SEAL_BROKEN);
    assert_int_equal(mln_cred_check(row, &fault).code, MLN_ERR_CONFIG);
    assert_true(fault.text[0] != '\0');
}

#define ALTERED(make, change)                                                                      \
    do {                                                                                           \
        struct mln_cred_row row = make();                                                          \
        change;                                                                                    \
        assert_refused(&row);                                                                      \
    } while (0)

static void checks_keys(void **state)
{
    struct mln_cred_row good = key_row();

    (void)state;
    assert_int_equal(decode_row(&good), MLN_ERR_NONE);
    ALTERED(key_row, row.key.len = 15);
    ALTERED(key_row, row.key = MLN_S(KEY KEY "0"));
    ALTERED(key_row, row.face.id = MLN_S("12-k1@SP.example")); /* not canonical */
    ALTERED(key_row, row.face.id = MLN_S("k1@sp.example"));
    ALTERED(key_row, row.face.id = MLN_S("33-//sp.example/S1")); /* has no key */
    ALTERED(key_row, row.face.suid = 20);
    ALTERED(key_row, row.face.suid = 0);
    ALTERED(key_row, row.face.domain = MLN_S("sp.example"));
    ALTERED(key_row, row.face.label = MLN_S("two\nlines"));
    ALTERED(key_row, row.face.not_before_us = 500);
    ALTERED(key_row, row.face.not_before_us = -1);
}

static void checks_bindings(void **state)
{
    static const struct mln_slice bad_ae[] = { { "X1", 2 } };
    static const struct mln_slice bad_app[] = { { "Xlight", 6 } };
    static const struct mln_slice bad_role[] = { { "reader@SP.example", 17 } };

    (void)state;
    ALTERED(key_row, row.face.cse_id = MLN_S("//sp.example/mn1")); /* and AEs */
    ALTERED(certificate_row, row.face.cse_id = MLN_S("/mn1"));
    ALTERED(key_row, row.face.ae_ids.items = bad_ae; row.face.ae_ids.count = 1);
    ALTERED(key_row, row.face.app_ids.items = bad_app);
    ALTERED(key_row, row.face.role_ids.items = bad_role);
}

static void checks_certificates(void **state)
{
    struct mln_cred_row good = certificate_row();

    (void)state;
    assert_int_equal(decode_row(&good), MLN_ERR_NONE);
    ALTERED(certificate_row, row.key = MLN_S(KEY));
    ALTERED(certificate_row, row.face.anchor.len = 63);
    ALTERED(certificate_row,
            row.face.anchor =
                MLN_S("00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"));
    ALTERED(certificate_row, row.face.domain = MLN_S("MN1.in.sp.example"));
    ALTERED(certificate_row, row.face.domain = MLN_S("mn1..example"));
}

static void bounds_lists(void **state)
{
    static struct mln_slice many[MLN_CREDENTIAL_LIST_MAX + 1];
    struct mln_cred_row row = key_row();

    (void)state;
    for (size_t i = 0; i < MLN_CREDENTIAL_LIST_MAX + 1; i++) {
        many[i] = MLN_S("C1");
    }
    row.face.ae_ids = (struct mln_credential_list){ many, MLN_CREDENTIAL_LIST_MAX };
    assert_int_equal(decode_row(&row), MLN_ERR_NONE);
    row.face.ae_ids.count++;
    assert_refused(&row);
}

static void refuses_records_that_are_none(void **state)
{
    struct mln_cred_record twice[] = { { MLN_S("a"), MLN_S("b"), MLN_S("1") },
                                       { MLN_S("a"), MLN_S("b"), MLN_S("2") } };
    struct mln_cred_record apart[] = { { MLN_S("a"), MLN_S("bc"), MLN_S("1") },
                                       { MLN_S("ab"), MLN_S("c"), MLN_S("1") } };
    struct mln_cred_record unnamed = { MLN_S("a"), { 0 }, MLN_S("1") };
    struct mln_cred_record empty = { MLN_S("a"), MLN_S("b"), { 0 } };
    struct mln_cred_image image = { 1, NULL, 0, twice, 2 };

    (void)state;
    assert_int_equal(decode(encode(&image), &image), MLN_ERR_SEAL_BROKEN);
    image = (struct mln_cred_image){ 1, NULL, 0, apart, 2 };
    assert_int_equal(decode(encode(&image), &image), MLN_ERR_NONE);
    image = (struct mln_cred_image){ 1, NULL, 0, &unnamed, 1 };
    assert_int_equal(decode(encode(&image), &image), MLN_ERR_SEAL_BROKEN);
    image = (struct mln_cred_image){ 1, NULL, 0, &empty, 1 };
    assert_int_equal(decode(encode(&image), &image), MLN_ERR_SEAL_BROKEN);
}

#define T(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(reads_what_it_writes), T(may_be_empty),
        T(refuses_each_cut),     T(survives_each_changed_byte),
        T(knows_newer_versions), T(checks_keys),
        T(checks_bindings),      T(checks_certificates),
        T(bounds_lists),         T(refuses_records_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
