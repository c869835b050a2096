/* Tests of identifiers of credentials. */
#include "crypto/cred_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define HEX32          "0123456789abcdef0123456789abcdef"
#define HEX32_CAPITALS "0123456789ABCDEF0123456789ABCDEF"
#define LABEL63        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA256         "sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk"
#define SHA128         "sha-256-128;f4OxZX_x_FO5LcGBSKHWXQ"
#define SHA120         "sha-256-120;f4OxZX_x_FO5LcGBSKHW"

static struct mln_slice z(const char *text)
{
    return mln_slice_z(text);
}

/* ---- grammar ---- */

/* SEC-IDN-01: the grammar of security.md 13.2, and nothing else */
static void reads_key_ids(void **state)
{
    static const char *const right[] = {
        "k1@sp.example", "my-key_name@a", "firstname.lastname@mef.example.com",
        "-@a",           "K@A.B",         "12-k@sp.example",
    };
    static const char *const wrong[] = {
        "",        "k1",      "@sp.example",    "k1@",           "k1@@sp.example", "k1@sp@example",
        "k 1@sp",  "k/1@sp",  "k1@sp.example.", "k1@.sp",        "k1@sp..example", "k1@-sp",
        "k1@sp-",  "k1@s_p",  "k\xc3\xa9@sp",   "k1@sp example", "k1@sp/x",        "k*@sp",
        "k1@*.sp", "k1@sp\n", "\nk1@sp",
    };
    struct mln_key_id id;

    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        assert_true(mln_key_id_parse(z(right[i]), &id));
        assert_int_equal(id.relative.len + 1 + id.fqdn.len, strlen(right[i]));
        assert_int_equal(id.relative.ptr[id.relative.len], '@');
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(mln_key_id_parse(z(wrong[i]), &id));
    }
    assert_false(mln_key_id_parse(MLN_S("k1\0@sp"), &id));
    assert_false(mln_key_id_parse(MLN_S("k1@sp\0"), &id));
    assert_false(mln_key_id_parse(MLN_S("k1@sp\0.evil"), &id));
    assert_true(mln_key_id_parse(z("k@" LABEL63), &id));
    assert_false(mln_key_id_parse(z("k@" LABEL63 "a"), &id));
    assert_true(mln_key_id_parse(z(HEX32 "@mef.example"), &id));
}

static void bounds_key_ids(void **state)
{
    char text[MLN_KEY_ID_MAX + 1];
    struct mln_key_id id;

    (void)state;
    memset(text, 'a', sizeof text);
    text[100] = '@';
    assert_true(mln_key_id_parse(mln_slice_of(text, MLN_KEY_ID_MAX), &id));
    assert_false(mln_key_id_parse(mln_slice_of(text, MLN_KEY_ID_MAX + 1), &id));
}

/* SEC-IDN-01 SEC-IDN-07: each type of the table with the form of its value */
static void reads_credential_ids(void **state)
{
    static const char *const right[] = {
        "10-kpm@mef.example",
        "11-km@maf.example",
        "12-mykey@sp.example",
        "13-pair@sp.example",
        "14-data@sp.example",
        "15-wrap@sp.example",
        "16-mac@sp.example",
        "30-" SHA256,
        "30-" SHA128,
        "30-" SHA120,
        "30-ni:///" SHA256,
        "31-0.2.481.1.100.3030.10011",
        "31-urn:dev:mac:0024befffe804ff1",
        "32-//sp.example/mn1",
        "32-/mn1",
        "33-//sp.example/S123",
        "33-//sp.example/cse1/C123",
        "33-/S123",
        "33-/cse1/C123",
        "34-1.2.3",
        "41-" SHA256,
        "42-1.2.3",
        "43-//sp.example/mn1",
        "44-//sp.example/S123",
        "45-node1",
        "51-" SHA256,
        "55-node1",
    };
    struct mln_credential_id id;

    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        assert_true(mln_credential_id_parse(z(right[i]), &id));
        assert_int_equal(id.type, (right[i][0] - '0') * 10 + right[i][1] - '0');
        assert_int_equal(id.value.len, strlen(right[i]) - 3);
    }
}

static const char *const no_credential_ids[] = {
    "",
    "1",
    "12",
    "12-",
    "12k@sp",
    "1-k@sp",
    "012-k@sp",
    "9-k@sp",
    "17-k@sp",
    "20-k@sp",
    "29-k@sp",
    "35-node",
    "40-node",
    "46-node",
    "50-node",
    "56-node",
    "99-node",
    "+1-k@sp",
    "12-k",
    "12-*",
    "12-k@sp*",
    " 12-k@sp",
    "12-k@sp ",
    "30-sha-256",
    "30-sha-256;",
    "30-sha-256;short",
    "30-sha-512;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk",
    "30-sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGl", /* bits beyond the digest */
    "30-sha-256-128;f4OxZX_x_FO5LcGBSKHWXR",
    "30-sha-256;f4OxZX/x/FO5LcGBSKHWXfwtSx+j1ncoSt3SABJtkGk", /* the other base64 */
    "30-SHA-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk",
    "31-",
    "31-a b",
    "31-a*",
    "32-mn1",
    "32-//sp.example",
    "32-//sp.example/",
    "32-//sp.example/a/b",
    "32-///mn1",
    "33-S123",
    "33-//sp.example/C123", /* a stem of a CSE without the CSE */
    "33-//sp.example/cse1/S123",
    "33-//sp.example/cse1/X123",
    "33-//sp.example/cse1/C",
    "33-//sp.example/S*",
    "33-//sp..example/S123",
    "33-//sp.example/a/b/C1",
};

static void refuses_other_credential_ids(void **state)
{
    struct mln_credential_id id;

    (void)state;
    for (size_t i = 0; i < sizeof no_credential_ids / sizeof no_credential_ids[0]; i++) {
        if (mln_credential_id_parse(z(no_credential_ids[i]), &id)) {
            fail_msg("%s was accepted", no_credential_ids[i]);
        }
    }
    assert_false(mln_credential_id_parse(MLN_S("12-k@sp\0"), &id));
    assert_false(mln_credential_id_parse(MLN_S("31-a\0b"), &id));
    assert_false(mln_credential_id_parse(z("30-ni://host/" SHA256), &id));
    assert_false(mln_credential_id_parse((struct mln_slice){ 0 }, &id));
}

/* ---- canonical spelling ---- */

static void assert_spelt(const char *text, const char *want)
{
    char room[MLN_CREDENTIAL_ID_MAX];
    struct mln_credential_id id;
    size_t len;

    assert_true(mln_credential_id_parse(z(text), &id));
    len = mln_credential_id_put(id.type, id.value, room);
    assert_int_equal(len, strlen(want));
    assert_memory_equal(room, want, len);
    /* what is canonical stays as it is */
    assert_true(mln_credential_id_parse(mln_slice_of(room, len), &id));
    assert_int_equal(mln_credential_id_put(id.type, id.value, room), strlen(want));
    assert_memory_equal(room, want, len);
}

/* SEC-IDN-05: hexadecimal key identifiers in lower case; so are domains, and a whole KmID */
static void spells_canonically(void **state)
{
    (void)state;
    assert_spelt("12-K1@SP.Example", "12-K1@sp.example");
    assert_spelt("11-K1@MAF.Example", "11-k1@maf.example");
    assert_spelt("12-" HEX32_CAPITALS "@MEF.example", "12-" HEX32 "@mef.example");
    assert_spelt("12-" HEX32_CAPITALS HEX32_CAPITALS "@a", "12-" HEX32 HEX32 "@a");
    assert_spelt("12-ABCDEF@a", "12-ABCDEF@a"); /* too short to be one */
    assert_spelt("12-X123456789ABCDEF0123456789ABCDEF@a", "12-X123456789ABCDEF0123456789ABCDEF@a");
    assert_spelt("30-ni:///" SHA128, "30-" SHA128);
    assert_spelt("32-//SP.Example/Mn1", "32-//sp.example/Mn1");
    assert_spelt("33-//SP.Example/CSE1/CaB", "33-//sp.example/CSE1/CaB");
    assert_spelt("33-/CSE1/CaB", "33-/CSE1/CaB");
    assert_spelt("31-URN:Dev", "31-URN:Dev");
}

/* Credentials are the same when their canonical spellings are. */
static bool same(const char *a, const char *b)
{
    char room[2][MLN_CREDENTIAL_ID_MAX];
    struct mln_credential_id x;
    struct mln_credential_id y;
    size_t len;

    if (!mln_credential_id_parse(z(a), &x) || !mln_credential_id_parse(z(b), &y)) {
        return false;
    }
    len = mln_credential_id_put(x.type, x.value, room[0]);
    return mln_slice_eq(mln_slice_of(room[0], len),
                        mln_slice_of(room[1], mln_credential_id_put(y.type, y.value, room[1])));
}

/* SEC-IDN-05 */
static void compares(void **state)
{
    (void)state;
    assert_true(same("12-k1@sp.example", "12-k1@SP.EXAMPLE"));
    assert_true(same("12-" HEX32 "@a", "12-" HEX32_CAPITALS "@A"));
    assert_true(same("11-Km@a", "11-kM@a"));
    assert_false(same("12-k1@sp.example", "12-K1@sp.example"));
    assert_false(same("12-k1@sp.example", "13-k1@sp.example"));
    assert_false(same("12-k1@sp.example", "12-k1@sp.example.org"));
    assert_false(same("33-//a/S1", "33-//a/s1"));
    assert_false(same("12-k1@sp.example", "12-k1"));
    assert_false(same("nothing", "nothing"));
    assert_false(same("", ""));
}

static void refuses_to_spell_what_has_no_room(void **state)
{
    char room[MLN_CREDENTIAL_ID_MAX];
    char value[MLN_CREDENTIAL_ID_MAX];

    (void)state;
    memset(value, '1', sizeof value);
    assert_int_equal(mln_credential_id_put(MLN_CREDENTIAL_DEVICE,
                                           mln_slice_of(value, MLN_CREDENTIAL_ID_MAX - 3), room),
                     MLN_CREDENTIAL_ID_MAX);
    assert_int_equal(mln_credential_id_put(MLN_CREDENTIAL_DEVICE,
                                           mln_slice_of(value, MLN_CREDENTIAL_ID_MAX - 2), room),
                     0);
    assert_int_equal(mln_credential_id_put(MLN_CREDENTIAL_SAEF_KEY, z("k1"), room), 0);
    assert_int_equal(mln_credential_id_put((enum mln_credential_type)77, z("k1@a"), room), 0);
}

/* ---- bindings ---- */

static void reads_patterns(void **state)
{
    (void)state;
    assert_true(mln_cred_is_ae_pattern(z("C123*X")));
    assert_true(mln_cred_is_ae_pattern(z("S*")));
    assert_true(mln_cred_is_ae_pattern(z("*")));
    assert_true(mln_cred_is_ae_pattern(z("C1")));
    assert_true(mln_cred_is_ae_pattern(z("/S1*")));
    assert_true(mln_cred_is_ae_pattern(z("/cse1/C*")));
    assert_true(mln_cred_is_ae_pattern(z("//sp.example/*/C1")));
    assert_false(mln_cred_is_ae_pattern(z("")));
    assert_false(mln_cred_is_ae_pattern(z("C")));
    assert_false(mln_cred_is_ae_pattern(z("X1")));
    assert_false(mln_cred_is_ae_pattern(z("c1")));
    assert_false(mln_cred_is_ae_pattern(z("C 1")));
    assert_false(mln_cred_is_ae_pattern(z("C[12]")));
    assert_false(mln_cred_is_ae_pattern(z("C.+?")));
    assert_false(mln_cred_is_ae_pattern(z("//*/cse1/C1")));
    assert_false(mln_cred_is_ae_pattern(z("/cse1/S1")));
    assert_false(mln_cred_is_ae_pattern(MLN_S("C1\0")));
    assert_true(mln_cred_is_app_pattern(z("R01.com.acme.*")));
    assert_true(mln_cred_is_app_pattern(z("Nlight bulb")));
    assert_true(mln_cred_is_app_pattern(z("*")));
    assert_false(mln_cred_is_app_pattern(z("")));
    assert_false(mln_cred_is_app_pattern(z("Xlight")));
    assert_false(mln_cred_is_app_pattern(z("N\x1b[2J")));
    assert_false(mln_cred_is_app_pattern(z("N\xff")));
    assert_true(mln_cred_is_role_id(z("Reader-1@sp.example")));
    assert_false(mln_cred_is_role_id(z("reader@SP.example")));
    assert_false(mln_cred_is_role_id(z("reader")));
    assert_false(mln_cred_is_role_id(z("re ader@sp.example")));
    assert_true(mln_cred_is_cse_id(z("//sp.example/mn1")));
    assert_false(mln_cred_is_cse_id(z("/mn1")));
    assert_false(mln_cred_is_cse_id(z("//sp.example/mn1/x")));
}

/* ---- usage ---- */

/* spec: TS-0004 table 6.3.4.2.39-1 */
static void knows_the_suids(void **state)
{
    static const unsigned valid[] = { 10, 11, 12, 13, 14, 15, 21, 22, 23, 24, 25,
                                      32, 33, 34, 35, 40, 41, 42, 43, 44, 45 };
    size_t at = 0;

    (void)state;
    for (unsigned suid = 0; suid < 300; suid++) {
        bool is_valid = at < sizeof valid / sizeof valid[0] && valid[at] == suid;

        at += is_valid;
        assert_int_equal(mln_suid_is_valid(suid), is_valid);
    }
    assert_int_equal(at, sizeof valid / sizeof valid[0]);
}

/* SEC-IDN-03 SEC-SAE-05: of the SUIDs only 12, 22, 32 and 42 serve security associations */
static void permits_by_suid(void **state)
{
    (void)state;
    for (unsigned suid = 0; suid < 100; suid++) {
        bool is_saef = suid == 12 || suid == 22 || suid == 32 || suid == 42;
        bool is_esprim = suid == 13 || suid == 23 || suid == 33 || suid == 43;

        assert_int_equal(mln_suid_permits(suid, MLN_USE_SAEF), is_saef);
        assert_int_equal(mln_suid_permits(suid, MLN_USE_ESPRIM), is_esprim);
    }
    assert_true(mln_suid_permits(10, MLN_USE_MEF));
    assert_true(mln_suid_permits(21, MLN_USE_MAF));
    assert_true(mln_suid_permits(14, MLN_USE_ESDATA));
    assert_true(mln_suid_permits(14, MLN_USE_WRAP));
    assert_true(mln_suid_permits(35, MLN_USE_SIGNATURE));
    assert_false(mln_suid_permits(20, MLN_USE_MEF));
    assert_false(mln_suid_permits(31, MLN_USE_MAF));
}

static void fits_suids_to_types(void **state)
{
    (void)state;
    assert_true(mln_suid_fits(12, MLN_CREDENTIAL_SAEF_KEY));
    assert_true(mln_suid_fits(22, MLN_CREDENTIAL_SAEF_KEY));
    assert_true(mln_suid_fits(32, MLN_CREDENTIAL_SAEF_KEY));
    assert_false(mln_suid_fits(42, MLN_CREDENTIAL_SAEF_KEY));
    assert_false(mln_suid_fits(33, MLN_CREDENTIAL_SAEF_KEY));
    assert_true(mln_suid_fits(33, MLN_CREDENTIAL_ESPRIM_KEY));
    assert_true(mln_suid_fits(10, MLN_CREDENTIAL_MEF_KEY));
    assert_true(mln_suid_fits(21, MLN_CREDENTIAL_MAF_KEY));
    assert_true(mln_suid_fits(24, MLN_CREDENTIAL_WRAP_KEY));
    assert_true(mln_suid_fits(15, MLN_CREDENTIAL_HMAC_KEY));
    assert_true(mln_suid_fits(42, MLN_CREDENTIAL_AE));
    assert_false(mln_suid_fits(12, MLN_CREDENTIAL_AE));
    assert_false(mln_suid_fits(44, MLN_CREDENTIAL_AE));
    assert_true(mln_suid_fits(44, (enum mln_credential_type)43));
    assert_false(mln_suid_fits(45, (enum mln_credential_type)43));
    assert_true(mln_suid_fits(45, (enum mln_credential_type)51));
    assert_false(mln_suid_fits(44, (enum mln_credential_type)46));
    assert_false(mln_suid_fits(20, MLN_CREDENTIAL_MEF_KEY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_key_ids),
        cmocka_unit_test(bounds_key_ids),
        cmocka_unit_test(reads_credential_ids),
        cmocka_unit_test(refuses_other_credential_ids),
        cmocka_unit_test(spells_canonically),
        cmocka_unit_test(compares),
        cmocka_unit_test(refuses_to_spell_what_has_no_room),
        cmocka_unit_test(reads_patterns),
        cmocka_unit_test(knows_the_suids),
        cmocka_unit_test(permits_by_suid),
        cmocka_unit_test(fits_suids_to_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
