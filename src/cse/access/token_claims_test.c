/* Tests of claims: both forms, times, permissions, holder and audience. */
#include "cse/access/token_claims.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "codec/json.h"
#include "model/pack.h"

enum { ARENA_BYTES = 8 << 20, TEXT_BYTES = 8192 };

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

static struct mln_value *value_of(const char *text)
{
    struct mln_fault fault = { 0 };
    struct mln_value *v = NULL;

    if (mln_failed(mln_json_read(mln_slice_z(text), &limits, arena, &v, &fault))) {
        fail_msg("%s: %s", text, fault.text);
    }
    return v;
}

static const char *json_of(const struct mln_value *v)
{
    struct mln_slice text = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, arena, TEXT_BYTES);
    mln_json_write_value(&out, v, false);
    assert_false(mln_failed(mln_buf_finish(&out, &text)));
    return mln_arena_zdup(arena, text);
}

static mln_err read_as(enum mln_token_form form, const char *text, struct mln_fault *fault,
                       struct mln_token_claims *ret)
{
    return mln_token_claims_read(value_of(text), form, &limits, arena, fault, ret);
}

static struct mln_token_claims claims_of(const char *text)
{
    struct mln_token_claims claims = { 0 };
    struct mln_fault fault = { 0 };
    mln_err err = read_as(MLN_TOKEN_JWT, text, &fault, &claims);

    if (mln_failed(err)) {
        fail_msg("%s: %s", text, fault.text);
    }
    return claims;
}

static void refuse_form(enum mln_token_form form, const char *text, const char *why)
{
    struct mln_token_claims untouched;
    struct mln_token_claims claims;
    struct mln_fault fault = { 0 };
    mln_err err;

    memset(&untouched, 0x5A, sizeof untouched);
    claims = untouched;
    err = read_as(form, text, &fault, &claims);
    if (err.code != MLN_ERR_TOKEN_REFUSED || !strstr(fault.text, why)) {
        fail_msg("%s: %s: %s (wanted: %s)", text, mln_err_name(err), fault.text, why);
    }
    assert_memory_equal(&claims, &untouched, sizeof claims);
}

#define HEAD                                                                                       \
    "\"tkvr\":\"1.0.0\",\"jti\":\"t1@das.example\",\"azp\":\"//sp.example/Sae\",\"iss\":\"//"      \
    "sp.example/Sdas\""
#define BASE HEAD ",\"nbf\":1000,\"exp\":2000"

static void refuse(const char *more, const char *why)
{
    char text[TEXT_BYTES];

    (void)snprintf(text, sizeof text, "{" BASE "%s}", more);
    refuse_form(MLN_TOKEN_JWT, text, why);
}

/* ---- forms ---- */

#define FULL_JWT                                                                                   \
    "{" BASE                                                                                       \
    ",\"tknm\":\"name\",\"aud\":[\"//sp.example/id-in\",\"//sp.example/mn*\"],\"tkps\":{\"pm\":["  \
    "{\"ris\":[\"cse-in/ae/c\",\"cnt7\"],\"pv\":{\"acr\":[{\"acor\":[\"all\"],\"acop\":3}]}},"     \
    "{\"rids\":[\"op@sp.example\"]}]},\"tkex\":\"more\"}"

static void test_both_forms(void **state)
{
    struct mln_token_claims claims = claims_of(FULL_JWT);
    struct mln_token_claims again;
    struct mln_value *tree;
    const char *set;

    (void)state;
    assert_true(mln_slice_eq(claims.id, MLN_S("t1@das.example")));
    assert_int_equal(claims.not_before_us, 1000 * MLN_US_PER_S);
    assert_int_equal(claims.audience_count, 2);
    assert_int_equal(claims.permission_count, 2);
    assert_int_equal(claims.permissions[0].resource_count, 2);
    assert_true(claims.permissions[0].rules.len > 0);
    assert_int_equal(claims.permissions[1].resource_count, 0);
    assert_true(mln_slice_eq(claims.permissions[1].roles[0], MLN_S("op@sp.example")));
    assert_false(mln_failed(mln_token_claims_write(&claims, MLN_TOKEN_JWT, arena, &tree)));
    assert_string_equal(json_of(tree), FULL_JWT);
    assert_false(mln_failed(mln_token_claims_write(&claims, MLN_TOKEN_SET, arena, &tree)));
    set = json_of(tree);
    assert_non_null(strstr(set, "\"vr\":\"1.0.0\",\"tkid\":\"t1@das.example\""));
    assert_non_null(strstr(set, "\"tknb\":\"19700101T001640\",\"tkna\":\"19700101T003320\""));
    assert_non_null(strstr(set, "\"tkau\":["));
    assert_false(mln_failed(read_as(MLN_TOKEN_SET, set, NULL, &again)));
    assert_false(mln_failed(mln_token_claims_write(&again, MLN_TOKEN_JWT, arena, &tree)));
    assert_string_equal(json_of(tree), FULL_JWT);
}

static void test_mandatory(void **state)
{
    static const char *const jwt[] = { "tkvr", "jti", "azp", "iss", "nbf", "exp" };
    static const char *const set[] = { "vr", "tkid", "tkhd", "tkis", "tknb", "tkna" };

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct mln_value *v = value_of("{" BASE "}");
        struct mln_token_claims claims = claims_of("{" BASE "}");
        struct mln_fault fault = { 0 };
        struct mln_value *tree;

        assert_non_null(mln_value_take(v, mln_slice_z(jwt[i])));
        refuse_form(MLN_TOKEN_JWT, json_of(v), "missing");
        assert_false(mln_failed(mln_token_claims_write(&claims, MLN_TOKEN_SET, arena, &tree)));
        assert_non_null(mln_value_take(tree, mln_slice_z(set[i])));
        assert_int_equal(
            mln_token_claims_read(tree, MLN_TOKEN_SET, &limits, arena, &fault, &claims).code,
            MLN_ERR_TOKEN_REFUSED);
    }
    refuse_form(MLN_TOKEN_JWT, "[]", "object");
}

/* SEC-TOK-21: further claims are none of our business; data of oneM2M is exact */
static void test_further_claims(void **state)
{
    (void)state;
    (void)claims_of("{" BASE ",\"sub\":\"x\",\"iat\":5,\"unknown\":{\"a\":[null]}}");
    (void)claims_of(
        "{\"vr\":\"1.7\",\"jti\":\"t1@das.example\",\"azp\":\"//sp.example/Sae\",\"iss\":"
        "\"//sp.example/Sdas\",\"nbf\":1,\"exp\":2}");
    refuse(",\"vr\":\"1.0.0\"", "twice");
    refuse_form(
        MLN_TOKEN_SET,
        "{\"vr\":\"1.0.0\",\"tkid\":\"t@d.example\",\"tkhd\":\"//sp/Sa\",\"tkis\":\"//sp/Sb\","
        "\"tknb\":\"20200101T000000\",\"tkna\":\"20300101T000000\",\"sub\":\"x\"}",
        "does not have");
    /* the names of one form mean nothing in the other */
    refuse_form(
        MLN_TOKEN_JWT,
        "{\"vr\":\"1.0.0\",\"tkid\":\"t@d.example\",\"tkhd\":\"//sp/Sa\",\"tkis\":\"//sp/Sb\","
        "\"tknb\":\"20200101T000000\",\"tkna\":\"20300101T000000\"}",
        "jti: missing");
}

static void test_types(void **state)
{
    (void)state;
    refuse_form(MLN_TOKEN_JWT,
                "{\"tkvr\":1,\"jti\":\"t@d\",\"azp\":\"a\",\"iss\":\"b\",\"nbf\":1,\"exp\":2}",
                "tkvr");
    refuse_form(
        MLN_TOKEN_JWT,
        "{\"tkvr\":\"2.0.0\",\"jti\":\"t@d\",\"azp\":\"a\",\"iss\":\"b\",\"nbf\":1,\"exp\":2}",
        "1.x");
    refuse_form(MLN_TOKEN_JWT,
                "{\"tkvr\":\"1.0.0\",\"jti\":\"no "
                "domain\",\"azp\":\"a\",\"iss\":\"b\",\"nbf\":1,\"exp\":2}",
                "jti");
    refuse_form(MLN_TOKEN_JWT,
                "{\"tkvr\":\"1.0.0\",\"jti\":\"t@D.Example\",\"azp\":\"a\",\"iss\":\"b\",\"nbf\":1,"
                "\"exp\":2}",
                "jti");
    refuse_form(MLN_TOKEN_JWT,
                "{\"tkvr\":\"1.0.0\",\"jti\":\"t@d.e\",\"azp\":[\"//a/"
                "Sb\"],\"iss\":\"b\",\"nbf\":1,\"exp\":2}",
                "azp");
    refuse_form(MLN_TOKEN_JWT, "{" HEAD ",\"nbf\":2000,\"exp\":2000}", "exp");
    refuse_form(MLN_TOKEN_JWT, "{" HEAD ",\"nbf\":\"1000\",\"exp\":2000}", "nbf");
    refuse_form(MLN_TOKEN_JWT, "{" HEAD ",\"nbf\":1000,\"exp\":\"20300101T000000\"}", "exp");
    refuse_form(MLN_TOKEN_JWT, "{" HEAD ",\"nbf\":-1,\"exp\":2000}", "nbf");
    refuse_form(MLN_TOKEN_JWT, "{" HEAD ",\"nbf\":1,\"exp\":1e30}", "exp");
    refuse(",\"tknm\":5", "tknm");
    refuse(",\"tkex\":{}", "tkex");
    refuse(",\"aud\":5", "aud");
    refuse(",\"aud\":[5]", "aud");
    refuse(",\"aud\":[\"\"]", "aud");
    refuse(",\"tkps\":[]", "tkps");
    refuse(",\"tkps\":{\"pm\":{}}", "tkps");
    refuse(",\"tkps\":{\"pm\":[{\"rids\":[\"no domain\"]}]}", "tkps");
    refuse(",\"tkps\":{\"pm\":[{\"rids\":[\"r@d.e\"],\"x\":1}]}", "tkps");
    refuse(",\"tkps\":{\"pm\":[{\"ris\":[\"c\"],\"pv\":{\"acr\":[{\"acor\":[\"all\"]}]}}]}",
           "tkps");
    refuse(",\"tkps\":{\"pm\":[{\"ris\":[\"c\"],\"pv\":{\"acr\":[{\"acor\":[\"all\"],\"acop\":64}]}"
           "}]}",
           "tkps");
}

/* SEC-TOK-10 */
static void test_permissions(void **state)
{
    struct mln_token_claims claims;

    (void)state;
    refuse(",\"tkps\":{\"pm\":[{\"pv\":{\"acr\":[]}}]}", "names its resources");
    refuse(",\"tkps\":{\"pm\":[{\"ris\":[],\"pv\":{\"acr\":[]}}]}", "tkps");
    refuse(",\"tkps\":{\"pm\":[{}]}", "pv or rids");
    refuse(",\"tkps\":{\"pm\":[{\"ris\":[\"c\"]}]}", "pv or rids");
    refuse(",\"tkps\":{\"pm\":[{\"rids\":[\"r@d.e\"]},{\"ris\":[\"c\"]}]}", "pv or rids");
    claims = claims_of("{" BASE ",\"tkps\":{\"pm\":[{\"ris\":[\"c\"],\"rids\":[\"r@d.e\"]}]}}");
    assert_int_equal(claims.permissions[0].resource_count, 1);
    assert_int_equal(claims.permissions[0].role_count, 1);
    assert_int_equal(claims.permissions[0].rules.len, 0);
    claims = claims_of("{" BASE ",\"tkps\":{\"pm\":[]}}");
    assert_int_equal(claims.permission_count, 0);
    limits.acp_rules = 1;
    refuse(",\"tkps\":{\"pm\":[{\"ris\":[\"c\"],\"pv\":{\"acr\":[{\"acor\":[\"all\"],\"acop\":1}]}}"
           ",{\"ris\":["
           "\"c\"],\"pv\":{\"acr\":[{\"acor\":[\"all\"],\"acop\":1}]}}]}",
           "too many rules");
}

/* ---- times ---- */

struct date {
    const char *text;
    bool rounds_up;
    int64_t us;
};

/* SEC-TOK-16 */
static const struct date dates[] = {
    { "0", true, 0 },
    { "0.0", true, 0 },
    { "951782400", false, INT64_C(951782400000000) }, /* 29 February 2000 */
    { "1709164800.5", false, INT64_C(1709164800500000) },
    { "1709164800.000001", false, INT64_C(1709164800000001) },
    { "1709164800.0000001", false, INT64_C(1709164800000000) },
    { "1709164800.0000001", true, INT64_C(1709164800000001) },
    { "1709164800.9999999", false, INT64_C(1709164800999999) },
    { "1709164800.9999999", true, INT64_C(1709164801000000) },
    { "1.7091648e9", false, INT64_C(1709164800000000) },
    { "1.7091648005e+9", false, INT64_C(1709164800500000) },
    { "17091648005E-1", false, INT64_C(1709164800500000) },
    { "1e-7", true, 1 },
    { "1e-90", true, 1 },
    { "253402300799", false, INT64_C(253402300799000000) },
    { "253402300799.999999", false, MLN_TIMESTAMP_MAX },
};

static const char *const no_dates[] = {
    "-1",
    "-0.5",
    "-1e-9",
    "253402300800",
    "253402300799.9999999",
    "1e12",
    "1e99",
    "1e400",
    "1e18446744073709551617",
    "18446744073709551615",
    "99999999999999999999999999",
    "true",
    "null",
    "\"1\"",
    "[]",
    "{}",
};

static void test_dates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        const struct date *d = &dates[i];
        char text[TEXT_BYTES];
        struct mln_token_claims claims;

        /* the beginning is rounded up, the end down */
        (void)snprintf(text, sizeof text, "{" HEAD ",\"nbf\":%s,\"exp\":%s}",
                       d->rounds_up ? d->text : "0", d->rounds_up ? "253402300799" : d->text);
        claims = claims_of(text);
        if ((d->rounds_up ? claims.not_before_us : claims.not_after_us) != d->us) {
            fail_msg("%s", text);
        }
    }
    for (size_t i = 0; i < sizeof no_dates / sizeof no_dates[0]; i++) {
        char text[TEXT_BYTES];

        /* rounding up must not lead out of the range either */
        (void)snprintf(text, sizeof text, "{" HEAD ",\"nbf\":%s,\"exp\":253402300799}",
                       no_dates[i]);
        refuse_form(MLN_TOKEN_JWT, text, "NumericDate");
    }
}

/* SEC-TOK-16: NumericDate to timestamp and back */
static void test_dates_round_trip(void **state)
{
    static const char *const pairs[][2] = {
        { "951782399.25", "20000228T235959,250000" },
        { "951868799", "20000229T235959" },
        { "1709164800.000001", "20240229T000000,000001" },
        { "4107542399", "21000228T235959" },
        { "4107542400", "21000301T000000" },
        { "0.5", "19700101T000000,500000" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct mln_token_claims claims;
        struct mln_value *tree;
        char text[TEXT_BYTES];
        char wanted[64];

        (void)snprintf(text, sizeof text, "{" HEAD ",\"nbf\":%s,\"exp\":5000000000}", pairs[i][0]);
        claims = claims_of(text);
        assert_false(mln_failed(mln_token_claims_write(&claims, MLN_TOKEN_SET, arena, &tree)));
        (void)snprintf(wanted, sizeof wanted, "\"tknb\":\"%s\"", pairs[i][1]);
        assert_non_null(strstr(json_of(tree), wanted));
        assert_false(
            mln_failed(mln_token_claims_read(tree, MLN_TOKEN_SET, &limits, arena, NULL, &claims)));
        assert_false(mln_failed(mln_token_claims_write(&claims, MLN_TOKEN_JWT, arena, &tree)));
        assert_string_equal(json_of(tree), text);
    }
}

/* ---- who, where, when ---- */

static const struct mln_names names = { { "//sp.example", 12 }, { "/id-in", 6 }, { "cse-in", 6 } };

static mln_err check(const char *holder, const char *aud, const char *originator, int64_t now_s,
                     int64_t skew_s)
{
    char text[TEXT_BYTES];
    struct mln_entity entity;
    struct mln_token_claims claims;
    struct mln_token_use use = { &names, &entity, now_s * MLN_US_PER_S, skew_s * MLN_US_PER_S };
    struct mln_fault fault = { 0 };
    mln_err err;

    (void)snprintf(
        text, sizeof text,
        "{\"tkvr\":\"1.0.0\",\"jti\":\"t1@das.example\",\"azp\":\"%s\",\"iss\":\"//sp.example/"
        "Sdas\",\"nbf\":1000,\"exp\":2000%s%s}",
        holder, aud ? ",\"aud\":" : "", aud ? aud : "");
    claims = claims_of(text);
    assert_true(mln_entity_parse(mln_slice_z(originator), &names, &entity));
    err = mln_token_claims_check(&claims, &use, MLN_S("das.example"), &fault);
    assert_int_equal(mln_failed(err), fault.text[0] != '\0');
    return err;
}

static bool is_held(const char *holder, const char *originator)
{
    return !mln_failed(check(holder, NULL, originator, 1500, 0));
}

/* SEC-TOK-07 */
static void test_holder(void **state)
{
    (void)state;
    assert_true(is_held("//sp.example/Sae", "Sae"));
    assert_true(is_held("//sp.example/Sae", "/Sae"));
    assert_true(is_held("//SP.example/Sae", "//sp.example/Sae"));
    assert_true(is_held("//sp.example/id-in/Cae", "Cae"));
    assert_true(is_held("//sp.example/id-in/Cae", "/id-in/Cae"));
    assert_true(is_held("//sp.example/mn1", "/mn1"));
    assert_false(is_held("//sp.example/Sae", "Sae2"));
    assert_false(is_held("//sp.example/Sae", "//other.example/Sae"));
    assert_false(is_held("//sp.example/id-in/Cae", "/mn1/Cae"));
    assert_false(is_held("//sp.example/id-in/Cae", "Sae"));
    /* the standard wants the absolute form: a relative one would mean another entity elsewhere */
    assert_false(is_held("Sae", "Sae"));
    assert_false(is_held("/Sae", "Sae"));
    assert_false(is_held("//sp.example/S*", "Sae"));
}

/* SEC-TOK-06 */
static void test_validity(void **state)
{
    (void)state;
    assert_true(mln_failed(check("//sp.example/Sae", NULL, "Sae", 999, 0)));
    assert_false(mln_failed(check("//sp.example/Sae", NULL, "Sae", 1000, 0)));
    assert_false(mln_failed(check("//sp.example/Sae", NULL, "Sae", 1999, 0)));
    assert_true(mln_failed(check("//sp.example/Sae", NULL, "Sae", 2000, 0)));
    assert_false(mln_failed(check("//sp.example/Sae", NULL, "Sae", 2000, 60)));
    assert_true(mln_failed(check("//sp.example/Sae", NULL, "Sae", 2060, 60)));
    assert_false(mln_failed(check("//sp.example/Sae", NULL, "Sae", 940, 60)));
    assert_true(mln_failed(check("//sp.example/Sae", NULL, "Sae", 939, 60)));
}

static bool is_meant(const char *aud)
{
    return !mln_failed(check("//sp.example/Sae", aud, "Sae", 1500, 0));
}

/* SEC-TOK-08 */
static void test_audience(void **state)
{
    (void)state;
    assert_true(is_meant(NULL));
    assert_true(is_meant("[]"));
    assert_true(is_meant("[\"//sp.example/id-in\"]"));
    assert_true(is_meant("\"//sp.example/id-in\""));
    assert_true(is_meant("[\"//sp.example/other\",\"//SP.example/id-in\"]"));
    assert_true(is_meant("[\"//sp.example/id*\"]"));
    assert_true(is_meant("[\"//sp.example/*\"]"));
    assert_true(is_meant("[\"//*/id-in\"]"));
    assert_true(is_meant("[\"//*.example/*-*\"]"));
    assert_false(is_meant("[\"//sp.example/other\"]"));
    assert_false(is_meant("[\"//other.example/id-in\"]"));
    assert_false(is_meant("[\"//sp.example/mn*\"]"));
    assert_false(is_meant("[\"//sp.example/id\"]"));
    assert_false(is_meant("[\"//sp.example/ID-IN\"]"));
    assert_false(is_meant("[\"/id-in\"]"));
    assert_false(is_meant("[\"*\"]"));
    assert_false(is_meant("[\"//*\"]"));
    assert_false(is_meant("[\"/*\"]"));
    assert_false(is_meant("[\"//sp.example/id-in/*\"]"));
}

static void test_issuer_domain(void **state)
{
    struct mln_token_claims claims = claims_of("{" BASE "}");
    struct mln_entity entity;
    struct mln_token_use use = { &names, &entity, 1500 * MLN_US_PER_S, 0 };

    (void)state;
    assert_true(mln_entity_parse(MLN_S("Sae"), &names, &entity));
    assert_false(mln_failed(mln_token_claims_check(&claims, &use, MLN_S("das.example"), NULL)));
    assert_true(mln_failed(mln_token_claims_check(&claims, &use, MLN_S("example"), NULL)));
    assert_true(mln_failed(mln_token_claims_check(&claims, &use, MLN_S("x.das.example"), NULL)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_both_forms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_mandatory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_further_claims, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_permissions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dates_round_trip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_holder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_validity, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_audience, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_issuer_domain, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
