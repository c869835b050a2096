/* Tests of requests: parameters, criteria, content. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/client_int.h"

static struct merlon_request *request;

static int set_up(void **state)
{
    (void)state;
    request = merlon_request_new(MERLON_RETRIEVE, "cse-in/c1", NULL);
    return request ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    merlon_request_free(request);
    return 0;
}

/* One parameter as JSON. */
static void assert_parameter(const char *name, const char *want)
{
    const struct mln_value *v = mln_value_get(request->params, mln_slice_z(name));
    char *text = merlon_json_write(mln_client_json(v), false);

    assert_non_null(text);
    assert_string_equal(text, want);
    merlon_free(text);
}

static void set(const char *name, const char *value)
{
    struct merlon_error error;

    if (merlon_request_set(request, name, value, &error) != MERLON_OK) {
        fail_msg("%s=%s: %s", name, value, error.text);
    }
}

static void filter(const char *name, const char *value)
{
    struct merlon_error error;

    if (merlon_request_filter(request, name, value, &error) != MERLON_OK) {
        fail_msg("%s=%s: %s", name, value, error.text);
    }
}

static void a_request_needs_an_operation_and_a_target(void **state)
{
    struct merlon_error error;

    (void)state;
    assert_parameter("op", "2");
    assert_parameter("to", "\"cse-in/c1\"");
    assert_null(merlon_request_new(MERLON_CREATE, "", &error));
    assert_string_equal(error.text, "a request needs a target");
    assert_null(merlon_request_new(MERLON_CREATE, NULL, &error));
    assert_null(merlon_request_new((enum merlon_operation)9, "x", &error));
    assert_string_equal(error.text, "no such operation");
    merlon_request_free(NULL);
}

static void parameters_get_their_data_types(void **state)
{
    (void)state;
    set("rcn", "4");
    assert_parameter("rcn", "4");
    set("resultContent", "5");
    assert_parameter("rcn", "5");
    set("originatingTimestamp", "20300101T000000");
    assert_parameter("ot", "\"20300101T000000\"");
    set("from", "CAdmin");
    assert_parameter("fr", "\"CAdmin\"");
    set("deliveryAggregation", "true");
    assert_parameter("da", "true");
    set("tokenIDs", "1@a.b,2@a.b");
    assert_parameter("tids", "[\"1@a.b\",\"2@a.b\"]");
    set("rt", "3");
    assert_parameter("rt", "{\"rtv\":3}");
    set("rt", "{\"rtv\":3,\"nu\":[\"http://a/\"]}");
    assert_parameter("rt", "{\"rtv\":3,\"nu\":[\"http://a/\"]}");
    set("atrl", "maxNrOfInstances, cni,ofTomorrow");
    assert_parameter("atrl", "[\"mni\",\"cni\",\"ofTomorrow\"]");
}

static void assert_refused(enum merlon_status status, const struct merlon_error *error,
                           const char *why)
{
    assert_int_equal(status, MERLON_INVALID);
    if (!strstr(error->text, why)) {
        fail_msg("'%s' does not contain '%s'", error->text, why);
    }
}

static void what_is_no_parameter_is_refused(void **state)
{
    struct merlon_error error;

    (void)state;
    assert_refused(merlon_request_set(request, "rcm", "1", &error), &error,
                   "no request parameter 'rcm', did you mean rcn?");
    assert_refused(merlon_request_set(request, "zzzzzzz", "1", &error), &error,
                   "no request parameter 'zzzzzzz'");
    assert_refused(merlon_request_set(request, "rcn", "many", &error), &error, "rcn");
    assert_refused(merlon_request_set(request, "rt", "x", &error), &error, "rtv");
    assert_refused(merlon_request_set(request, "ot", "noon", &error), &error, "ot: must be");
    assert_refused(merlon_request_set(request, "atrl", "a,,b", &error), &error, "atrl");
    assert_refused(merlon_request_set(request, "to", "x", &error), &error, "to is not set");
    assert_refused(merlon_request_set(request, "primitiveContent", "{}", &error), &error, "pc");
    assert_refused(merlon_request_set(request, NULL, NULL, &error), &error, "''");
}

static void criteria_gather(void **state)
{
    (void)state;
    filter("lim", "10");
    filter("limit", "20");
    filter("ty", "container");
    filter("resourceType", "4,ae");
    filter("lbl", "a");
    filter("lbl", "b,c");
    filter("createdAfter", "20240101T000000");
    assert_int_equal(merlon_request_discover(request, NULL), MERLON_OK);
    assert_parameter("fc", "{\"lim\":20,\"ty\":[3,4,2],\"lbl\":[\"a\",\"b\",\"c\"],"
                           "\"cra\":\"20240101T000000\",\"fu\":1}");
}

static void attribute_conditions_gather(void **state)
{
    struct merlon_error error;

    (void)state;
    assert_int_equal(merlon_request_filter_attribute(request, "maxNrOfInstances", "10", &error),
                     MERLON_OK);
    assert_int_equal(merlon_request_filter_attribute(request, "cr", "C*", &error), MERLON_OK);
    assert_parameter("fc",
                     "{\"atr\":[{\"nm\":\"mni\",\"val\":\"10\"},{\"nm\":\"cr\",\"val\":\"C*\"}]}");
    assert_refused(merlon_request_filter_attribute(request, "zzzz", "1", &error), &error,
                   "no resource type has an attribute 'zzzz'");
}

static void what_is_no_criterion_is_refused(void **state)
{
    struct merlon_error error;

    (void)state;
    assert_refused(merlon_request_filter(request, "limt", "1", &error), &error,
                   "no filter criterion 'limt', did you mean lim?");
    assert_refused(merlon_request_filter(request, "lim", "-1", &error), &error, "lim");
    assert_refused(merlon_request_filter(request, "cra", "noon", &error), &error, "cra: must be");
    assert_refused(merlon_request_filter(request, "ty", "nonsense", &error), &error, "ty");
    assert_null(mln_value_get(request->params, MLN_S("fc")));
}

static void content_brings_its_type(void **state)
{
    struct merlon_request *create = merlon_request_new(MERLON_CREATE, "cse-in", NULL);
    struct merlon_content *content = merlon_content_new("battery", NULL);
    uint64_t ty = 0;

    (void)state;
    assert_int_equal(merlon_content_set(content, "batteryLevel", "50", NULL), MERLON_OK);
    assert_int_equal(merlon_request_set_content(create, content, NULL), MERLON_OK);
    assert_true(mln_value_u64(mln_value_get(create->params, MLN_S("ty")), &ty));
    assert_int_equal(ty, 13);
    /* spec: TS-0001 D.7: the definition of a mgmtObj is mandatory when it is created */
    assert_true(mln_slice_eq(create->body, MLN_S("{\"m2m:bat\":{\"btl\":50,\"mgd\":1006}}")));
    /* and not part of an update */
    assert_int_equal(merlon_request_set_content(request, content, NULL), MERLON_OK);
    assert_true(mln_slice_eq(request->body, MLN_S("{\"m2m:bat\":{\"btl\":50}}")));
    merlon_content_free(content);
    merlon_request_free(create);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_needs_an_operation_and_a_target, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(parameters_get_their_data_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_parameter_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(criteria_gather, set_up, tear_down),
        cmocka_unit_test_setup_teardown(attribute_conditions_gather, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_criterion_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(content_brings_its_type, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
