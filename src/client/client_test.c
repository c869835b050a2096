/* Tests of clients: settings, blocking calls over real sockets, what goes wrong on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/client_int.h"
#include "client/stub_cse_test.h"

static const char ok_empty[] = "HTTP/1.1 200 \r\nX-M2M-RSC: 2000\r\nContent-Length: 0\r\n\r\n";
static const char ok_cnt[] =
    "HTTP/1.1 200 \r\nX-M2M-RSC: 2000\r\nContent-Type: application/json\r\n"
    "Content-Length: 21\r\n\r\n{\"m2m:cnt\":{\"mni\":3}}";
static const char denied[] =
    "HTTP/1.1 403 \r\nX-M2M-RSC: 4103\r\nContent-Type: application/json\r\n"
    "Content-Length: 16\r\n\r\n{\"m2m:dbg\":\"no\"}";

static struct mln_stub stub;
static struct merlon_client *client;

static void begin(const char *const *answers)
{
    struct merlon_error error;

    mln_stub_start(&stub, answers);
    client = merlon_client_new(stub.url, &error);
    assert_non_null(client);
}

static void end(void)
{
    merlon_client_free(client);
    mln_stub_stop(&stub);
}

static void assert_sent(const char *text)
{
    if (!strstr(stub.requests, text)) {
        fail_msg("'%s' was not sent:\n%s", text, stub.requests);
    }
}

static void assert_not_sent(const char *text)
{
    if (strstr(stub.requests, text)) {
        fail_msg("'%s' was sent:\n%s", text, stub.requests);
    }
}

static void performs_all_operations(void **state)
{
    static const char *const answers[] = { ok_empty, ok_cnt, ok_empty, ok_empty, ok_empty, NULL };
    struct merlon_content *content = merlon_content_new("cnt", NULL);
    struct merlon_content *sgn = merlon_content_new("sgn", NULL);
    struct merlon_response *response = NULL;
    struct merlon_error error;
    int64_t n = 0;

    (void)state;
    begin(answers);
    assert_int_equal(merlon_client_set_originator(client, "Cme", &error), MERLON_OK);
    assert_int_equal(merlon_content_set(content, "mni", "3", &error), MERLON_OK);
    assert_int_equal(merlon_content_set(sgn, "sur", "s", &error), MERLON_OK);
    assert_int_equal(merlon_create(client, "cse-in", content, NULL, &error), MERLON_OK);
    assert_int_equal(merlon_retrieve(client, "cse-in/c1", &response, &error), MERLON_OK);
    assert_int_equal(merlon_update(client, "/id-2/c1", content, NULL, &error), MERLON_OK);
    assert_int_equal(merlon_delete(client, "//sp.a/id-2/c1", NULL, &error), MERLON_OK);
    assert_int_equal(merlon_notify(client, "cse-in/ae1", sgn, NULL, &error), MERLON_OK);
    assert_true(merlon_json_int64(merlon_response_attribute(response, "mni"), &n) && n == 3);
    merlon_response_free(response);
    merlon_content_free(content);
    merlon_content_free(sgn);
    end();
    assert_sent("POST /cse-in HTTP/1.1\r\n");
    assert_sent("Content-Type: application/json;ty=3\r\n");
    assert_sent("{\"m2m:cnt\":{\"mni\":3}}GET /cse-in/c1 HTTP/1.1\r\n");
    assert_sent("PUT /~/id-2/c1 HTTP/1.1\r\n");
    assert_sent("DELETE /_/sp.a/id-2/c1 HTTP/1.1\r\n");
    assert_sent("POST /cse-in/ae1 HTTP/1.1\r\n");
    assert_sent("{\"m2m:sgn\":{\"sur\":\"s\"}}");
    assert_sent("X-M2M-Origin: Cme\r\n");
    assert_sent("X-M2M-RVI: 3\r\n");
    assert_sent("-1\r\n");
    assert_sent("-5\r\n");
}

static void settings_go_into_requests(void **state)
{
    static const char *const answers[] = { ok_empty, ok_empty, NULL };
    struct merlon_request *request = merlon_request_new(MERLON_RETRIEVE, "c1", NULL);
    struct merlon_response *response = NULL;
    struct merlon_error error;
    char url[128];

    (void)state;
    mln_stub_start(&stub, answers);
    (void)snprintf(url, sizeof url, "%s/prefix//", stub.url);
    client = merlon_client_new(url, NULL);
    assert_int_equal(merlon_client_set_release(client, "2a", &error), MERLON_OK);
    assert_int_equal(merlon_delete(client, "c1", NULL, &error), MERLON_OK);
    /* what the request says counts more */
    assert_int_equal(merlon_client_set_release(client, "", &error), MERLON_OK);
    assert_int_equal(merlon_request_set(request, "rqi", "mine", &error), MERLON_OK);
    assert_int_equal(merlon_request_set(request, "fr", "Cother", &error), MERLON_OK);
    assert_int_equal(merlon_request_set(request, "rcn", "4", &error), MERLON_OK);
    assert_int_equal(merlon_request_filter(request, "lim", "5", &error), MERLON_OK);
    assert_int_equal(merlon_send(client, request, &response, &error), MERLON_OK);
    merlon_response_free(response);
    merlon_request_free(request);
    end();
    assert_sent("DELETE /prefix/c1 HTTP/1.1\r\n");
    assert_sent("X-M2M-RVI: 2a\r\n");
    assert_sent("GET /prefix/c1?rcn=4&lim=5 HTTP/1.1\r\n");
    assert_sent("X-M2M-RI: mine\r\n");
    assert_sent("X-M2M-Origin: Cother\r\n");
    assert_not_sent("X-M2M-RVI: 3\r\n");
}

static void an_error_of_the_cse_is_an_answer_and_a_refusal(void **state)
{
    static const char *const answers[] = { denied, denied, NULL };
    struct merlon_request *request = merlon_request_new(MERLON_DELETE, "c1", NULL);
    struct merlon_response *response = NULL;
    struct merlon_error error;

    (void)state;
    begin(answers);
    assert_int_equal(merlon_send(client, request, &response, &error), MERLON_OK);
    assert_int_equal(merlon_response_rsc(response), 4103);
    merlon_response_free(response);
    response = NULL;
    assert_int_equal(merlon_retrieve(client, "c1", &response, &error), MERLON_REFUSED);
    assert_null(response);
    assert_int_equal(error.rsc, 4103);
    assert_string_equal(error.text, "no");
    merlon_request_free(request);
    end();
}

/* One answer that is none, and the status it gives. */
static void assert_failure(const char *answer, enum merlon_status want, const char *why)
{
    const char *const answers[] = { answer, NULL };
    struct merlon_response *response = NULL;
    struct merlon_error error = { .text = "" };

    begin(answers);
    merlon_client_set_timeout(client, 200);
    assert_int_equal(merlon_retrieve(client, "c1", &response, &error), want);
    assert_int_equal(error.status, want);
    assert_null(response);
    if (!strstr(error.text, why)) {
        fail_msg("'%s' does not contain '%s'", error.text, why);
    }
    end();
}

static void failures_have_a_status_and_a_reason(void **state)
{
    struct merlon_error error;

    (void)state;
    assert_failure("nonsense\r\n\r\n", MERLON_PROTOCOL, "http://127.0.0.1:");
    assert_failure("HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nhi", MERLON_PROTOCOL,
                   "the peer is no oneM2M CSE");
    assert_failure("HTTP/1.1 200 \r\nX-M2M-RSC: 2000\r\nContent-Type: application/json\r\n"
                   "Content-Length: 2\r\n\r\n{]",
                   MERLON_PROTOCOL, "no JSON");
    assert_failure("HTTP/1.1 200 \r\nX-M2M-RSC: 2000\r\nContent-Length: 20\r\n"
                   "Connection: close\r\n\r\nhalf",
                   MERLON_PROTOCOL, "http://127.0.0.1:");
    assert_failure(MLN_STUB_SILENCE, MERLON_TIMEOUT, "http://127.0.0.1:");
    assert_failure(NULL, MERLON_UNREACHABLE, "http://127.0.0.1:");
    /* nobody listens where somebody listened just now */
    client = merlon_client_new(stub.url, NULL);
    assert_int_equal(merlon_delete(client, "c1", NULL, &error), MERLON_UNREACHABLE);
    assert_int_equal(merlon_delete(client, "c1", NULL, NULL), MERLON_UNREACHABLE);
    merlon_client_free(client);
}

static void requests_that_cannot_be_sent_are_refused(void **state)
{
    struct merlon_request *create = merlon_request_new(MERLON_CREATE, "c1", NULL);
    struct merlon_request *retrieve = merlon_request_new(MERLON_RETRIEVE, "c1", NULL);
    struct merlon_response *response = NULL;
    struct merlon_error error;

    (void)state;
    client = merlon_client_new("http://127.0.0.1:9", NULL);
    assert_int_equal(merlon_send(client, create, &response, &error), MERLON_INVALID);
    assert_string_equal(error.text, "a CREATE needs a content");
    assert_int_equal(merlon_request_set(retrieve, "vsi", "two\nlines", &error), MERLON_OK);
    assert_int_equal(merlon_send(client, retrieve, &response, &error), MERLON_INVALID);
    assert_string_equal(error.text, "value of X-M2M-VSI cannot stand in a header");
    assert_int_equal(merlon_retrieve(client, "", &response, &error), MERLON_INVALID);
    assert_int_equal(merlon_retrieve(client, "", &response, NULL), MERLON_INVALID);
    assert_null(response);
    merlon_request_free(create);
    merlon_request_free(retrieve);
    merlon_client_free(client);
}

static void bad_settings_are_refused(void **state)
{
    static const char *const urls[] = {
        "",          "127.0.0.1:8080", "ftp://h/",    "http://",
        "http:///x", "http://h/?a=b",  "http://h/#a", "http://a:b@h/"
    };
    struct merlon_error error;

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        assert_null(merlon_client_new(urls[i], &error));
        assert_int_equal(error.status, MERLON_INVALID);
        assert_non_null(strstr(error.text, "is no URL of a CSE"));
    }
    assert_null(merlon_client_new(NULL, &error));
    client = merlon_client_new("http://h", &error);
    assert_int_equal(merlon_client_set_originator(client, "a b", &error), MERLON_INVALID);
    assert_int_equal(merlon_client_set_originator(client, "a\r\nX: y", &error), MERLON_INVALID);
    assert_int_equal(merlon_client_set_release(client, "\u00e9", &error), MERLON_INVALID);
    assert_int_equal(merlon_client_set_release(client, NULL, &error), MERLON_OK);
    merlon_client_free(client);
    merlon_client_free(NULL);
}

/* ---- trace ---- */

#define TOKEN "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl"

static char traced[4096];

static void trace(void *data, bool is_request, const char *message, size_t size)
{
    size_t len = strlen(traced);

    assert_ptr_equal(data, traced);
    assert_int_equal(strlen(message), size);
    (void)snprintf(traced + len, sizeof traced - len, "%s{%s}", is_request ? ">" : "<", message);
}

static void a_trace_sees_messages_and_no_credentials(void **state)
{
    static const char *const answers[] = { denied, NULL };
    struct merlon_request *request = merlon_request_new(MERLON_UPDATE, "c1", NULL);
    struct merlon_content *content = merlon_content_new("cnt", NULL);
    struct merlon_response *response = NULL;

    (void)state;
    begin(answers);
    merlon_client_set_trace(client, trace, traced);
    assert_int_equal(merlon_request_set_content(request, content, NULL), MERLON_OK);
    assert_int_equal(merlon_request_set(request, "tkns", TOKEN, NULL), MERLON_OK);
    assert_int_equal(merlon_send(client, request, &response, NULL), MERLON_OK);
    merlon_response_free(response);
    merlon_request_free(request);
    merlon_content_free(content);
    end();
    assert_sent("Authorization: " TOKEN "\r\n");
    assert_non_null(strstr(traced, ">{PUT http://127.0.0.1:"));
    assert_non_null(strstr(traced, "Authorization: (not shown)\n"));
    assert_null(strstr(traced, "c2lnbmF0dXJl"));
    assert_non_null(strstr(traced, "\n\n{\"m2m:cnt\":{}}\n}<{HTTP 403\n"));
    assert_non_null(strstr(traced, "\n\n{\"m2m:dbg\":\"no\"}\n}"));
}

/* ---- running ---- */

static void *stop_client(void *data)
{
    merlon_client_stop(data);
    return NULL;
}

static void a_run_ends_by_time_or_by_stop(void **state)
{
    static const char *const answers[] = { ok_empty, NULL };
    struct merlon_error error;
    pthread_t thread;

    (void)state;
    begin(answers);
    assert_int_equal(merlon_client_run(client, 0, &error), MERLON_TIMEOUT);
    assert_string_equal(error.text, "the time is up");
    assert_int_equal(merlon_client_run(client, 20, &error), MERLON_TIMEOUT);
    /* a stop before the run counts, and once */
    merlon_client_stop(client);
    assert_int_equal(merlon_client_run(client, -1, &error), MERLON_OK);
    assert_int_equal(merlon_client_run(client, 1, &error), MERLON_TIMEOUT);
    /* from another thread, before or while it runs */
    assert_int_equal(pthread_create(&thread, NULL, stop_client, client), 0);
    assert_int_equal(merlon_client_run(client, INT64_MAX, &error), MERLON_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    /* a stop does not cut off a request, and is not lost */
    merlon_client_stop(client);
    assert_int_equal(merlon_delete(client, "c1", NULL, &error), MERLON_OK);
    assert_int_equal(merlon_client_run(client, -1, &error), MERLON_OK);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(performs_all_operations),
        cmocka_unit_test(settings_go_into_requests),
        cmocka_unit_test(an_error_of_the_cse_is_an_answer_and_a_refusal),
        cmocka_unit_test(failures_have_a_status_and_a_reason),
        cmocka_unit_test(requests_that_cannot_be_sent_are_refused),
        cmocka_unit_test(bad_settings_are_refused),
        cmocka_unit_test(a_trace_sees_messages_and_no_credentials),
        cmocka_unit_test(a_run_ends_by_time_or_by_stop),
    };

    return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
