/* Tests of responses: HTTP messages of all kinds of CSEs to what users ask for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/client_int.h"

enum { FIELDS = 8 };

/* A message: "Name: value\n..." and a body. */
static mln_err read_message(int status, const char *header, const char *body, const char *to,
                            struct merlon_response **ret, struct mln_fault *fault)
{
    struct mln_field fields[FIELDS];
    struct mln_fetch_answer answer = { .why = "", .status = status, .fields = fields };
    struct mln_slice rest = mln_slice_z(header);

    while (rest.len) {
        struct mln_slice line = mln_slice_cut(&rest, '\n');

        assert_true(answer.field_count < FIELDS);
        fields[answer.field_count].name = mln_slice_cut(&line, ':');
        fields[answer.field_count].value = mln_slice_trim(line);
        answer.field_count++;
    }
    answer.body = mln_slice_z(body);
    return mln_client_read_answer(&answer, mln_slice_z(to), ret, fault);
}

static struct merlon_response *response_of(int status, const char *header, const char *body,
                                           const char *to)
{
    struct merlon_response *response = NULL;
    struct mln_fault fault = { 0 };
    mln_err err = read_message(status, header, body, to, &response, &fault);

    if (mln_failed(err)) {
        fail_msg("%s", fault.text);
    }
    assert_non_null(response);
    return response;
}

static void assert_refused(int status, const char *header, const char *body, const char *why)
{
    struct merlon_response *response = NULL;
    struct mln_fault fault = { 0 };

    assert_int_equal(read_message(status, header, body, "x", &response, &fault).code,
                     MLN_ERR_PROTOCOL);
    assert_null(response);
    if (!strstr(fault.text, why)) {
        fail_msg("'%s' does not contain '%s'", fault.text, why);
    }
}

#define JSON "Content-Type: application/json\n"

static void gives_out_all_parts(void **state)
{
    struct merlon_response *r = response_of(
        200,
        "X-M2M-RSC: 2000\nX-M2M-RI: 1\nX-M2M-RVI: 3\nX-M2M-VSI: v\nX-M2M-Origin: /id-in\n"
        "X-M2M-OT: 20240101T000000\n" JSON,
        "{\"m2m:cin\":{\"con\":\"a\",\"cs\":1}}", "c1/la");
    size_t size = 0;
    uint64_t offset = 7;

    (void)state;
    assert_int_equal(merlon_response_rsc(r), 2000);
    assert_string_equal(merlon_response_content(r, &size),
                        "{\"m2m:cin\":{\"con\":\"a\",\"cs\":1}}");
    assert_int_equal(size, 30);
    assert_string_equal(merlon_json_text(merlon_response_attribute(r, "con")), "a");
    assert_null(merlon_response_attribute(r, "m2m:cin"));
    assert_string_equal(merlon_response_debug(r), "");
    assert_string_equal(merlon_response_parameter(r, "rqi"), "1");
    assert_string_equal(merlon_response_parameter(r, "rvi"), "3");
    assert_string_equal(merlon_response_parameter(r, "vsi"), "v");
    assert_string_equal(merlon_response_parameter(r, "fr"), "/id-in");
    assert_string_equal(merlon_response_parameter(r, "ot"), "20240101T000000");
    assert_null(merlon_response_parameter(r, "zzz"));
    assert_false(merlon_response_is_partial(r, &offset));
    assert_int_equal(offset, 7);
    assert_null(merlon_response_reference(r, 0));
    assert_int_equal(merlon_response_check(r, NULL), MERLON_OK);
    merlon_response_free(r);
    merlon_response_free(NULL);
}

static void an_answer_may_have_no_content(void **state)
{
    struct merlon_response *r = response_of(200, "X-M2M-RSC: 2002\n", "", "c1");

    (void)state;
    assert_string_equal(merlon_response_content(r, NULL), "");
    assert_null(merlon_response_json(r));
    assert_null(merlon_response_attribute(r, "con"));
    assert_null(merlon_response_address(r));
    assert_null(merlon_response_parameter(r, "rqi"));
    merlon_response_free(r);
}

/* What the CSE says about an error, in all the ways that are met. */
static void assert_debug(const char *header, const char *body, const char *want)
{
    struct merlon_response *r = response_of(404, header, body, "c1");
    struct merlon_error error;

    assert_string_equal(merlon_response_debug(r), want);
    assert_int_equal(merlon_response_check(r, &error), MERLON_REFUSED);
    assert_int_equal(error.status, MERLON_REFUSED);
    assert_int_equal(error.rsc, 4004);
    assert_string_equal(error.text, *want ? want : "the CSE gives no reason");
    merlon_response_free(r);
}

static void finds_what_the_cse_says(void **state)
{
    (void)state;
    assert_debug("X-M2M-RSC: 4004\n" JSON, "{\"m2m:dbg\":\"not here\"}", "not here");
    assert_debug("X-M2M-RSC: 4004\n" JSON, "{\"dbg\":\"not here\"}", "not here");
    assert_debug("X-M2M-RSC: 4004\nContent-Type: text/plain\n", "not here", "not here");
    assert_debug("X-M2M-RSC: 4004\n", "{\"m2m:dbg\":\"no type\"}", "no type");
    assert_debug("X-M2M-RSC: 4004\n", "", "");
    assert_debug("X-M2M-RSC: 4004\n" JSON, "{\"m2m:dbg\":5}", "");
    /* broken content of an error is no reason to hide the error */
    assert_debug("X-M2M-RSC: 4004\n" JSON, "{\"m2m:dbg\":", "{\"m2m:dbg\":");
    /* without the field the status tells */
    assert_debug("X-M2M-RI: 5\n", "", "");
}

static void refuses_what_is_not_onem2m(void **state)
{
    (void)state;
    assert_refused(200, "Content-Type: text/html\n", "<html>", "HTTP status 200 without X-M2M-RSC");
    assert_refused(404, JSON, "{}", "HTTP status 404 without X-M2M-RSC");
    assert_refused(200, "X-M2M-RSC: yes\n", "", "no number");
    assert_refused(200, "X-M2M-RSC: 2000\nX-M2M-CTO: -1\n", "", "no number");
    assert_refused(200, "X-M2M-RSC: 2000\n" JSON, "{\"a\":", "content of the answer is no JSON");
    assert_refused(200, "X-M2M-RSC: 2000\n" JSON, "<a/>", "content of the answer is no JSON");
}

static void other_serialisations_are_handed_on(void **state)
{
    struct merlon_response *r =
        response_of(200, "X-M2M-RSC: 2000\nContent-Type: application/xml\n", "<m2m:cin/>", "c1");

    (void)state;
    assert_null(merlon_response_json(r));
    assert_string_equal(merlon_response_content(r, NULL), "<m2m:cin/>");
    merlon_response_free(r);
}

static void assert_address(const char *header, const char *body, const char *to, const char *want)
{
    char all[512];
    struct merlon_response *r;

    (void)snprintf(all, sizeof all, "X-M2M-RSC: 2001\n" JSON "%s", header);
    r = response_of(201, all, body, to);
    assert_non_null(merlon_response_address(r));
    assert_string_equal(merlon_response_address(r), want);
    merlon_response_free(r);
}

static void finds_the_address_of_what_was_created(void **state)
{
    (void)state;
    /* the header alone, in the forms of TS-0009 6.2.2.1, absolute and relative */
    assert_address("Content-Location: /cse-in/c1\n", "", "cse-in", "cse-in/c1");
    assert_address("Content-Location: http://h:1/cse-in/c1\n", "", "cse-in", "cse-in/c1");
    assert_address("Content-Location: cse-in/c1\n", "", "cse-in", "cse-in/c1");
    assert_address("Content-Location: /~/id-in/cse-in/c1\n", "", "cse-in", "/id-in/cse-in/c1");
    assert_address("Content-Location: /_/sp.a/id-in/c1\n", "", "cse-in", "//sp.a/id-in/c1");
    assert_address("Content-Location: http://h\n", "", "cse-in", "");
    /* the content knows better */
    assert_address("Content-Location: /x\n", "{\"m2m:cnt\":{\"ri\":\"cnt1\"}}", "cse-in", "cnt1");
    assert_address("", "{\"m2m:uri\":\"cse-in/c1\"}", "cse-in", "cse-in/c1");
    assert_address("", "{\"m2m:rce\":{\"uri\":\"cse-in/c1\",\"m2m:cnt\":{\"ri\":\"cnt1\"}}}",
                   "cse-in", "cse-in/c1");
    /* a resource ID of another CSE needs that CSE's ID */
    assert_address("", "{\"m2m:cnt\":{\"ri\":\"cnt1\"}}", "/id-2/cse/a", "/id-2/cnt1");
    assert_address("", "{\"m2m:cnt\":{\"ri\":\"cnt1\"}}", "/id-2", "/id-2/cnt1");
    assert_address("", "{\"m2m:cnt\":{\"ri\":\"cnt1\"}}", "//sp.a/id-2/cse", "//sp.a/id-2/cnt1");
    assert_address("", "{\"m2m:cnt\":{\"ri\":\"/id-2/cnt1\"}}", "/id-2/cse", "/id-2/cnt1");
}

static void attributes_are_found_in_a_wrapper_too(void **state)
{
    struct merlon_response *r =
        response_of(201, "X-M2M-RSC: 2001\n" JSON,
                    "{\"m2m:rce\":{\"uri\":\"u\",\"m2m:cnt\":{\"mni\":3}}}", "cse-in");
    int64_t n = 0;

    (void)state;
    assert_true(merlon_json_int64(merlon_response_attribute(r, "mni"), &n) && n == 3);
    merlon_response_free(r);
}

static void tells_a_partial_result(void **state)
{
    struct merlon_response *r = response_of(
        200, "X-M2M-RSC: 2000\nX-M2M-CTS: 1\nX-M2M-CTO: 11\n" JSON, "{\"m2m:uril\":[\"a\"]}", "x");
    uint64_t offset = 0;

    (void)state;
    assert_true(merlon_response_is_partial(r, &offset));
    assert_int_equal(offset, 11);
    assert_true(merlon_response_is_partial(r, NULL));
    merlon_response_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_out_all_parts),
        cmocka_unit_test(an_answer_may_have_no_content),
        cmocka_unit_test(finds_what_the_cse_says),
        cmocka_unit_test(refuses_what_is_not_onem2m),
        cmocka_unit_test(other_serialisations_are_handed_on),
        cmocka_unit_test(finds_the_address_of_what_was_created),
        cmocka_unit_test(attributes_are_found_in_a_wrapper_too),
        cmocka_unit_test(tells_a_partial_result),
    };

    return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}
