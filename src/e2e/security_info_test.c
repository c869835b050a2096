/* Which elements go with which securityInfoType. spec: TS-0004 table 6.3.5.48-1 */
#include "e2e/security_info.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/test_arena.h"

enum { ELEMENTS = 7 };

static const struct {
    const char *name;
    unsigned sit;
} elements[ELEMENTS] = {
    { "dreq", 1 }, { "dres", 2 }, { "ero", 4 },  { "epo", 5 },
    { "eckm", 6 }, { "darq", 7 }, { "dars", 8 },
};

static struct mln_value *info_of(uint64_t sit)
{
    struct mln_value *v = mln_value_new(arena, MLN_V_OBJECT);

    assert_non_null(v);
    assert_false(mln_failed(mln_value_set(v, MLN_S("sit"), mln_value_uint(arena, sit))));
    return v;
}

static void add(struct mln_value *info, const char *name)
{
    assert_false(
        mln_failed(mln_value_set(info, mln_slice_z(name), mln_value_new(arena, MLN_V_OBJECT))));
}

static enum mln_err_code check(const struct mln_value *info)
{
    struct mln_fault fault = { 0 };
    enum mln_err_code code = mln_security_info_check(info, &fault).code;

    assert_true(code == MLN_ERR_NONE || fault.text[0]);
    return code;
}

/* SEC-EPR-23: its own element, and no other */
static void each_element_with_each_type(void **state)
{
    (void)state;
    for (unsigned sit = 1; sit <= 8; sit++) {
        for (size_t i = 0; i < ELEMENTS; i++) {
            struct mln_value *info = info_of(sit);

            add(info, elements[i].name);
            assert_int_equal(mln_security_info_type(info), sit);
            assert_int_equal(check(info),
                             elements[i].sit == sit ? MLN_ERR_NONE : MLN_ERR_ATTR_INVALID);
        }
    }
}

static void two_elements(void **state)
{
    struct mln_value *info = info_of(MLN_SECURITY_ESPRIM);

    (void)state;
    add(info, "epo");
    add(info, "ero");
    assert_int_equal(check(info), MLN_ERR_ATTR_INVALID);
}

/* SEC-EPR-23: a type of end-to-end security without its element; 3 has none */
static void the_type_alone(void **state)
{
    static const enum mln_err_code expected[] = {
        [1] = MLN_ERR_NONE,         [2] = MLN_ERR_NONE,         [3] = MLN_ERR_NONE,
        [4] = MLN_ERR_ATTR_MISSING, [5] = MLN_ERR_ATTR_MISSING, [6] = MLN_ERR_ATTR_MISSING,
        [7] = MLN_ERR_NONE,         [8] = MLN_ERR_NONE,
    };

    (void)state;
    for (unsigned sit = 1; sit <= 8; sit++) {
        assert_int_equal(check(info_of(sit)), expected[sit]);
    }
}

static void no_type(void **state)
{
    static const uint64_t types[] = { 0, 9, UINT32_MAX, (UINT64_C(1) << 32) + 5, UINT64_MAX };

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct mln_value *info = info_of(types[i]);

        assert_int_equal(check(info), MLN_ERR_ATTR_INVALID);
        add(info, "epo");
        assert_int_equal(mln_security_info_type(info), 0);
        assert_int_equal(check(info), MLN_ERR_ATTR_INVALID);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_element_with_each_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_elements, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_type_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_type, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
