/* Tests of the names of the standard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/client_int.h"

static void assert_type(const char *name, int number, const char *short_name)
{
    const struct merlon_type *type = merlon_type_find(name);

    assert_non_null(type);
    assert_int_equal(merlon_type_number(type), number);
    assert_string_equal(merlon_type_short_name(type), short_name);
}

static void finds_types_by_every_name(void **state)
{
    (void)state;
    assert_type("cnt", 3, "cnt");
    assert_type("container", 3, "cnt");
    assert_type("m2m:cnt", 3, "cnt");
    assert_type("3", 3, "cnt");
    assert_type("Container", 3, "cnt");
    assert_type("CNT", 3, "cnt");
    assert_type("AE", 2, "ae");
    assert_type("ae", 2, "ae");
    assert_type("battery", 13, "bat");
    assert_type("13", 13, "mgmtObj");
    assert_type("10003", 10003, "cntA");
    assert_null(merlon_type_find("contaner"));
    assert_null(merlon_type_find(""));
    assert_null(merlon_type_find(NULL));
    assert_null(merlon_type_find("99999999999999999999"));
}

static void lists_all_types(void **state)
{
    size_t count = 0;

    (void)state;
    while (merlon_type_at(count)) {
        const struct merlon_type *type = merlon_type_at(count);

        const char *colon = strchr(merlon_type_root(type), ':');

        /* the names of the model end in NUL; spec: TS-0004 6.2.1, TS-0022 6.1: m2m, dcfg */
        assert_non_null(colon);
        assert_string_equal(colon + 1, merlon_type_short_name(type));
        assert_ptr_equal(merlon_type_find(merlon_type_short_name(type)), type);
        assert_ptr_equal(merlon_type_find(merlon_type_long_name(type)), type);
        count++;
    }
    assert_true(count > 100 && count < MLN_TYPES); /* all but the virtual ones */
    assert_null(merlon_type_find("latest"));
}

static void knows_types_by_number(void **state)
{
    (void)state;
    assert_string_equal(merlon_type_root(merlon_type_of(4)), "m2m:cin");
    assert_string_equal(merlon_type_long_name(merlon_type_of(4)), "contentInstance");
    assert_null(merlon_type_of(0));
    assert_null(merlon_type_of(-1));
    assert_null(merlon_type_of(9999));
}

static void translates_attributes(void **state)
{
    const struct merlon_type *cnt = merlon_type_find("cnt");

    (void)state;
    assert_string_equal(merlon_attribute_short(cnt, "maxNrOfInstances"), "mni");
    assert_string_equal(merlon_attribute_short(cnt, "mni"), "mni");
    assert_string_equal(merlon_attribute_long(cnt, "mni"), "maxNrOfInstances");
    assert_null(merlon_attribute_short(cnt, "api"));
    assert_null(merlon_attribute_long(cnt, "appName"));
}

static void names_response_status_codes(void **state)
{
    (void)state;
    assert_string_equal(merlon_rsc_name(4004), "NOT_FOUND");
    assert_string_equal(merlon_rsc_name(4999), "UNKNOWN");
    assert_true(merlon_rsc_is_success(2001));
    assert_true(merlon_rsc_is_success(1001));
    assert_false(merlon_rsc_is_success(4000));
    assert_false(merlon_rsc_is_success(0));
}

static void tells_its_version(void **state)
{
    (void)state;
    assert_string_equal(merlon_version(), MERLON_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_types_by_every_name),   cmocka_unit_test(lists_all_types),
        cmocka_unit_test(knows_types_by_number),       cmocka_unit_test(translates_attributes),
        cmocka_unit_test(names_response_status_codes), cmocka_unit_test(tells_its_version),
    };

    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
