/* e2eSecInfo as others say it: each rule that the tables do not have is kept once and broken once.
 */
#include "e2e/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/test_arena.h"

/* self-signed, Ed25519 */
#define CERTIFICATE                                                                                \
    "MIIBLDCB36ADAgECAhQuEeSPayrGu/r1sn9se5Vw7LnUGDAFBgMrZXAwDDEKMAgGA1UEAwwBeDAe"                 \
    "Fw0yNjExMjIxMjQ5NDhaFw0zNjExMTkxMjQ5NDhaMAwxCjAIBgNVBAMMAXgwKjAFBgMrZXADIQD/"                 \
    "A1ne0jrAIOy/7mRuI41yhrj3AtydEj/iZz05FFi2EKNTMFEwHQYDVR0OBBYEFA82q//i4XprMmaI"                 \
    "NrLdyTMz3iqyMB8GA1UdIwQYMBaAFA82q//i4XprMmaINrLdyTMz3iqyMA8GA1UdEwEB/wQFMAMB"                 \
    "Af8wBQYDK2VwA0EACKTyH59cejk9+zgmPpWYLj5yv+++mKsRXLI6cTcqqvOjJCfC5imqdcBI6APE"                 \
    "f6uJ/qpgdJ5luMWvJr5WKHt1DA=="

static struct mln_value *texts(const char *const *list, size_t count)
{
    struct mln_value *v = mln_value_new(arena, MLN_V_ARRAY);

    for (size_t i = 0; i < count; i++) {
        assert_false(mln_failed(mln_value_append(v, mln_value_text(arena, mln_slice_z(list[i])))));
    }
    return v;
}

static void set(struct mln_value *object, const char *name, struct mln_value *v)
{
    assert_false(mln_failed(mln_value_set(object, mln_slice_z(name), v)));
}

static enum mln_err_code check(const struct mln_value *support)
{
    struct mln_fault fault = { 0 };
    enum mln_err_code code = mln_e2e_support_check(support, arena, &fault).code;

    assert_true(code == MLN_ERR_NONE || fault.text[0]);
    return code;
}

static enum mln_err_code check_certificates(const char *const *list, size_t count)
{
    struct mln_value *v = mln_value_new(arena, MLN_V_OBJECT);

    set(v, "escert", texts(list, count));
    return check(v);
}

static void certificates(void **state)
{
    static const char *const good[] = { CERTIFICATE, CERTIFICATE };
    static const char *const second[] = { CERTIFICATE, "AAAA" };
    static const char *const behind[] = { &CERTIFICATE[4] };
    static const char *const bad[] = { "", "MAA=", "MAMCAQA=",
                                       /* "-----BEGIN CERTIFICATE-----" */
                                       "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t" };

    (void)state;
    assert_int_equal(check_certificates(good, 2), MLN_ERR_NONE);
    assert_int_equal(check_certificates(good, 0), MLN_ERR_NONE);
    assert_int_equal(check_certificates(second, 2), MLN_ERR_ATTR_INVALID);
    assert_int_equal(check_certificates(behind, 1), MLN_ERR_ATTR_INVALID);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(check_certificates(&bad[i], 1), MLN_ERR_ATTR_INVALID);
    }
}

static enum mln_err_code check_expiry(const char *text)
{
    struct mln_value *v = mln_value_new(arena, MLN_V_OBJECT);
    struct mln_value *random = mln_value_new(arena, MLN_V_OBJECT);

    set(random, "esrx", mln_value_text(arena, mln_slice_z(text)));
    set(v, "esro", random);
    return check(v);
}

static void time_of_the_shared_object(void **state)
{
    (void)state;
    assert_int_equal(check_expiry("20301231T235959"), MLN_ERR_NONE);
    assert_int_equal(check_expiry("20200101T000000"), MLN_ERR_NONE); /* over: who reads it sees */
    assert_int_equal(check_expiry("PT60S"), MLN_ERR_ATTR_INVALID);
    assert_int_equal(check_expiry("60000"), MLN_ERR_ATTR_INVALID);
}

/* An UPDATE deletes the attribute by null. */
static void nothing(void **state)
{
    (void)state;
    assert_int_equal(check(mln_value_new(arena, MLN_V_NULL)), MLN_ERR_NONE);
    assert_int_equal(check(mln_value_new(arena, MLN_V_OBJECT)), MLN_ERR_NONE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(certificates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(time_of_the_shared_object, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
