/* Tests of contents, and of the data types that values get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/client_int.h"

static void assert_written(const struct merlon_content *content, const char *want)
{
    char *text = merlon_content_write(content);

    assert_string_equal(text, want);
    merlon_free(text);
}

/* One attribute of a type, and what comes of it. */
static void assert_value(const char *type, const char *name, const char *value, const char *want)
{
    struct merlon_error error = { .text = "" };
    struct merlon_content *content = merlon_content_new(type, &error);

    assert_non_null(content);
    if (merlon_content_set(content, name, value, &error) != MERLON_OK) {
        fail_msg("%s=%s: %s", name, value, error.text);
    }
    assert_written(content, want);
    merlon_content_free(content);
}

/* Refused, and the content stays as it was. */
static void assert_refused(const char *type, const char *name, const char *value, const char *why)
{
    struct merlon_error error = { .text = "" };
    struct merlon_content *content = merlon_content_new(type, &error);
    char *text;

    assert_non_null(content);
    assert_int_equal(merlon_content_set(content, name, value, &error), MERLON_INVALID);
    assert_int_equal(error.status, MERLON_INVALID);
    assert_int_equal(error.rsc, 0);
    if (!strstr(error.text, why)) {
        fail_msg("'%s' does not contain '%s'", error.text, why);
    }
    text = merlon_content_write(content);
    assert_non_null(strstr(text, ":{}"));
    merlon_free(text);
    merlon_content_free(content);
}

static void values_get_their_data_types(void **state)
{
    (void)state;
    assert_value("cnt", "mni", "10", "{\"m2m:cnt\":{\"mni\":10}}");
    assert_value("container", "maxNrOfInstances", "10", "{\"m2m:cnt\":{\"mni\":10}}");
    assert_value("3", "mni", "10", "{\"m2m:cnt\":{\"mni\":10}}");
    assert_value("ae", "appName", "10", "{\"m2m:ae\":{\"apn\":\"10\"}}");
    assert_value("ae", "rr", "true", "{\"m2m:ae\":{\"rr\":true}}");
    assert_value("ae", "rr", "0", "{\"m2m:ae\":{\"rr\":false}}");
    assert_value("cin", "con", "{\"a\": 1}", "{\"m2m:cin\":{\"con\":\"{\\\"a\\\": 1}\"}}");
    assert_value("cin", "con", "", "{\"m2m:cin\":{\"con\":\"\"}}");
    assert_value("cnt", "mni", "18446744073709551615",
                 "{\"m2m:cnt\":{\"mni\":18446744073709551615}}");
    assert_value("cnt", "lbl", "null", "{\"m2m:cnt\":{\"lbl\":null}}");
    assert_value("cnt", "et", "20300101T000000", "{\"m2m:cnt\":{\"et\":\"20300101T000000\"}}");
}

static void lists_are_split_at_commas_or_json(void **state)
{
    (void)state;
    assert_value("cnt", "lbl", "a,b c, d", "{\"m2m:cnt\":{\"lbl\":[\"a\",\"b c\",\"d\"]}}");
    assert_value("cnt", "lbl", "[\"a,b\"]", "{\"m2m:cnt\":{\"lbl\":[\"a,b\"]}}");
    assert_value("cnt", "lbl", "one", "{\"m2m:cnt\":{\"lbl\":[\"one\"]}}");
    assert_value("ae", "srv", "2a,3", "{\"m2m:ae\":{\"srv\":[\"2a\",\"3\"]}}");
    assert_value("ae", "srv", "[\"3\"]", "{\"m2m:ae\":{\"srv\":[\"3\"]}}");
    assert_value("sub", "nu", "http://a/,http://b/",
                 "{\"m2m:sub\":{\"nu\":[\"http://a/\",\"http://b/\"]}}");
}

static void objects_are_json(void **state)
{
    (void)state;
    assert_value("sub", "enc", "{\"net\":[1,3]}", "{\"m2m:sub\":{\"enc\":{\"net\":[1,3]}}}");
    assert_value("acp", "pv", "{\"acr\":[{\"acor\":[\"C1\"],\"acop\":63}]}",
                 "{\"m2m:acp\":{\"pv\":{\"acr\":[{\"acor\":[\"C1\"],\"acop\":63}]}}}");
    assert_refused("sub", "enc", "1", "must be an object m2m:eventNotificationCriteria");
    assert_refused("sub", "enc", "{\"net\":[1", "enc: no JSON: ");
    assert_refused("acp", "pv", "{\"acr\":[{\"acor\":[\"C1\"],\"acop\":\"x\"}]}", "pv.acr[0].acop");
    assert_refused("acp", "pv", "{\"acr\":{}}", "pv.acr");
}

static void enumerations_go_by_name_too(void **state)
{
    (void)state;
    assert_value("grp", "mt", "3", "{\"m2m:grp\":{\"mt\":3}}");
    assert_value("grp", "mt", "container", "{\"m2m:grp\":{\"mt\":3}}");
    assert_value("grp", "csy", "ABANDON_MEMBER", "{\"m2m:grp\":{\"csy\":1}}");
    assert_value("grp", "csy", "abandon-group", "{\"m2m:grp\":{\"csy\":2}}");
    assert_refused("grp", "csy", "nonsense", "csy: must be a value of m2m:consistencyStrategy");
    assert_refused("grp", "csy", "99", "csy");
}

static void wrong_values_are_refused_with_a_reason(void **state)
{
    (void)state;
    assert_refused("cnt", "mni", "ten", "mni: must be an integer of at least 0, not 'ten'");
    assert_refused("cnt", "mni", "-1", "mni");
    assert_refused("cnt", "mni", "", "mni");
    assert_refused("ae", "rr", "yes", "rr: must be true or false, not 'yes'");
    assert_refused("cnt", "et", "tomorrow",
                   "et: must be a timestamp YYYYMMDDThhmmss[,ffffff], not 'tomorrow'");
    assert_refused("cnt", "lbl", "[1]", "lbl");
}

static void unknown_attributes_are_refused_with_the_nearest(void **state)
{
    (void)state;
    assert_refused("cnt", "mnj", "1",
                   "container has no attribute 'mnj'; nearest: mni "
                   "(maxNrOfInstances)");
    assert_refused("cnt", "maxNrOfInstance", "1", "mni (maxNrOfInstances)");
    assert_refused("cnt", "zzzzzz", "1", "container has no attribute 'zzzzzz'");
    assert_refused("cnt", "", "1", "has no attribute ''");
    assert_refused("sgn", "sura", "x", "a notification has no attribute 'sura'; nearest: sur");
}

static void a_value_replaces_the_one_before(void **state)
{
    struct merlon_content *content = merlon_content_new("cnt", NULL);

    (void)state;
    assert_int_equal(merlon_content_set(content, "mni", "1", NULL), MERLON_OK);
    assert_int_equal(merlon_content_set(content, "mbs", "2", NULL), MERLON_OK);
    assert_int_equal(merlon_content_set(content, "maxNrOfInstances", "3", NULL), MERLON_OK);
    assert_written(content, "{\"m2m:cnt\":{\"mbs\":2,\"mni\":3}}");
    merlon_content_free(content);
}

static void json_goes_as_it_is(void **state)
{
    struct merlon_content *content = merlon_content_new("cin", NULL);
    struct merlon_error error;

    (void)state;
    assert_int_equal(merlon_content_set_json(content, "content", "{\"a\":[1,2.50]}", &error),
                     MERLON_OK);
    assert_int_equal(merlon_content_set_json(content, "ofTomorrow", "true", &error), MERLON_OK);
    assert_written(content, "{\"m2m:cin\":{\"con\":{\"a\":[1,2.50]},\"ofTomorrow\":true}}");
    assert_int_equal(merlon_content_set_json(content, "con", "{", &error), MERLON_INVALID);
    assert_non_null(strstr(error.text, "con: no JSON"));
    assert_int_equal(merlon_content_set_json(content, "", "1", &error), MERLON_INVALID);
    merlon_content_free(content);
}

static void whole_texts_are_read_with_and_without_root(void **state)
{
    static const char with[] = "{\"m2m:cnt\":{\"maxNrOfInstances\":1,\"x\":2}}";
    static const char without[] = "{\"mni\":5}";
    struct merlon_content *content = merlon_content_new("cnt", NULL);
    struct merlon_error error;

    (void)state;
    assert_int_equal(merlon_content_read(content, with, sizeof with - 1, &error), MERLON_OK);
    assert_written(content, "{\"m2m:cnt\":{\"mni\":1,\"x\":2}}");
    assert_int_equal(merlon_content_read(content, without, sizeof without - 1, &error), MERLON_OK);
    assert_written(content, "{\"m2m:cnt\":{\"x\":2,\"mni\":5}}");
    assert_int_equal(merlon_content_read(content, "{\"m2m:ae\":{}}", 13, &error), MERLON_INVALID);
    assert_string_equal(error.text, "content is m2m:ae, must be m2m:cnt");
    assert_int_equal(merlon_content_read(content, "[]", 2, &error), MERLON_INVALID);
    assert_int_equal(merlon_content_read(content, "{", 1, &error), MERLON_INVALID);
    merlon_content_free(content);
}

static void the_root_of_a_text_tells_its_type(void **state)
{
    struct merlon_error error;
    struct merlon_content *content =
        merlon_content_new_json("{\"m2m:cin\":{\"con\":1}}", 21, &error);

    (void)state;
    assert_written(content, "{\"m2m:cin\":{\"con\":1}}");
    merlon_content_free(content);
    assert_null(merlon_content_new_json("{\"con\":1}", 9, &error));
    assert_int_equal(error.status, MERLON_INVALID);
    assert_null(merlon_content_new_json("{\"m2m:zzz\":{}}", 14, &error));
    assert_null(merlon_content_new_json("nonsense", 8, &error));
}

static void unknown_types_are_refused_with_the_nearest(void **state)
{
    struct merlon_error error;

    (void)state;
    assert_null(merlon_content_new("contaner", &error));
    assert_string_equal(error.text, "no resource type 'contaner', did you mean container?");
    assert_null(merlon_content_new("m2m:zzzzzzzz", &error));
    assert_null(merlon_content_new("", &error));
    assert_null(merlon_content_new("a:\"b", &error));
    assert_null(merlon_content_new(":b", &error));
    assert_null(merlon_content_new("a:", NULL));
}

static void specialisations_take_what_they_define(void **state)
{
    struct merlon_content *content = merlon_content_new("cod:temperature", NULL);
    struct merlon_error error;

    (void)state;
    assert_int_equal(merlon_content_set(content, "curT0", "21.5", &error), MERLON_OK);
    assert_int_equal(merlon_content_set(content, "unit", "celsius", &error), MERLON_OK);
    assert_int_equal(merlon_content_set(content, "isOn", "true", &error), MERLON_OK);
    assert_int_equal(merlon_content_set(content, "name", "\"x\"", &error), MERLON_OK);
    assert_int_equal(merlon_content_set(content, "lbl", "a,b", &error), MERLON_OK);
    assert_int_equal(merlon_content_set(content, "", "a", &error), MERLON_INVALID);
    assert_written(content,
                   "{\"cod:temperature\":{\"curT0\":21.5,\"unit\":\"celsius\",\"isOn\":true,"
                   "\"name\":\"\\\"x\\\"\",\"lbl\":[\"a\",\"b\"]}}");
    merlon_content_free(content);
}

static void notifications_have_members(void **state)
{
    struct merlon_content *content = merlon_content_new("sgn", NULL);
    struct merlon_error error;

    (void)state;
    assert_int_equal(merlon_content_set(content, "subscriptionReference", "cse-in/s", &error),
                     MERLON_OK);
    assert_int_equal(merlon_content_set(content, "vrq", "true", &error), MERLON_OK);
    assert_int_equal(merlon_content_set(content, "nev", "{\"net\":3}", &error), MERLON_OK);
    assert_written(content,
                   "{\"m2m:sgn\":{\"sur\":\"cse-in/s\",\"vrq\":true,\"nev\":{\"net\":3}}}");
    merlon_content_free(content);
}

static void error_texts_are_one_printable_line(void **state)
{
    struct merlon_error error;
    struct merlon_content *content = merlon_content_new("cnt", NULL);

    (void)state;
    assert_int_equal(merlon_content_set(content, "a\nb\x1b[1m\xff", "1", &error), MERLON_INVALID);
    for (const char *c = error.text; *c; c++) {
        assert_true((unsigned char)*c >= ' ' && (unsigned char)*c < 0x7f);
    }
    merlon_content_free(content);
    merlon_content_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_get_their_data_types),
        cmocka_unit_test(lists_are_split_at_commas_or_json),
        cmocka_unit_test(objects_are_json),
        cmocka_unit_test(enumerations_go_by_name_too),
        cmocka_unit_test(wrong_values_are_refused_with_a_reason),
        cmocka_unit_test(unknown_attributes_are_refused_with_the_nearest),
        cmocka_unit_test(a_value_replaces_the_one_before),
        cmocka_unit_test(json_goes_as_it_is),
        cmocka_unit_test(whole_texts_are_read_with_and_without_root),
        cmocka_unit_test(the_root_of_a_text_tells_its_type),
        cmocka_unit_test(unknown_types_are_refused_with_the_nearest),
        cmocka_unit_test(specialisations_take_what_they_define),
        cmocka_unit_test(notifications_have_members),
        cmocka_unit_test(error_texts_are_one_printable_line),
    };

    return cmocka_run_group_tests_name("content", tests, NULL, NULL);
}
