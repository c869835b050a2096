/* Tests of listing: parts, limits, repetitions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/client_int.h"
#include "client/stub_cse_test.h"

/* An answer that lists; `status` is "" or header lines; sizes are written by hand. */
#define LIST(status, size, list)                                                                   \
    "HTTP/1.1 200 \r\nX-M2M-RSC: 2000\r\n" status "Content-Type: application/json\r\n"             \
    "Content-Length: " #size "\r\n\r\n{\"m2m:uril\":[" list "]}"

static struct mln_stub stub;
static char found[256];
static size_t stop_after;

static bool on_found(void *data, const struct merlon_reference *reference)
{
    size_t len = strlen(found);

    assert_ptr_equal(data, found);
    (void)snprintf(found + len, sizeof found - len, "%s;", reference->address);
    return !stop_after || --stop_after > 0;
}

static enum merlon_status list(const char *const *answers, const char *limit, const char *offset,
                               struct merlon_error *error)
{
    struct merlon_request *request = merlon_request_new(MERLON_RETRIEVE, "cse-in", NULL);
    struct merlon_client *client;
    enum merlon_status status;

    found[0] = '\0';
    mln_stub_start(&stub, answers);
    client = merlon_client_new(stub.url, NULL);
    assert_int_equal(merlon_request_discover(request, NULL), MERLON_OK);
    if (limit) {
        assert_int_equal(merlon_request_filter(request, "lim", limit, NULL), MERLON_OK);
    }
    if (offset) {
        assert_int_equal(merlon_request_filter(request, "ofst", offset, NULL), MERLON_OK);
    }
    status = merlon_list(client, request, on_found, found, error);
    merlon_client_free(client);
    merlon_request_free(request);
    mln_stub_stop(&stub);
    return status;
}

static size_t count_requests(void)
{
    size_t count = 0;

    for (const char *c = stub.requests; (c = strstr(c, "GET ")); c++) {
        count++;
    }
    return count;
}

static void gathers_the_parts(void **state)
{
    static const char *const answers[] = {
        LIST("X-M2M-CTS: 1\r\nX-M2M-CTO: 3\r\n", 22, "\"a\",\"b\""),
        LIST("X-M2M-CTS: 1\r\nX-M2M-CTO: 5\r\n", 22, "\"c\",\"d\""),
        LIST("X-M2M-CTS: 2\r\n", 18, "\"e\""),
        NULL,
    };
    struct merlon_error error;

    (void)state;
    assert_int_equal(list(answers, NULL, NULL, &error), MERLON_OK);
    assert_string_equal(found, "a;b;c;d;e;");
    assert_non_null(strstr(stub.requests, "GET /cse-in?fu=1 "));
    assert_non_null(strstr(stub.requests, "GET /cse-in?fu=1&ofst=3 "));
    assert_non_null(strstr(stub.requests, "GET /cse-in?fu=1&ofst=5 "));
}

static void counts_where_the_cse_does_not_tell(void **state)
{
    static const char *const answers[] = {
        LIST("X-M2M-CTS: 1\r\n", 22, "\"a\",\"b\""),
        LIST("", 18, "\"c\""),
        NULL,
    };

    (void)state;
    assert_int_equal(list(answers, NULL, "10", NULL), MERLON_OK);
    assert_string_equal(found, "a;b;c;");
    assert_non_null(strstr(stub.requests, "&ofst=12 "));
}

static void leaves_out_what_is_repeated_and_ends(void **state)
{
    static const char *const answers[] = {
        LIST("X-M2M-CTS: 1\r\nX-M2M-CTO: 2\r\n", 22, "\"a\",\"b\""),
        LIST("X-M2M-CTS: 1\r\nX-M2M-CTO: 2\r\n", 22, "\"b\",\"c\""),
        LIST("X-M2M-CTS: 1\r\nX-M2M-CTO: 2\r\n", 22, "\"b\",\"c\""),
        NULL,
    };

    (void)state;
    assert_int_equal(list(answers, NULL, NULL, NULL), MERLON_OK);
    assert_string_equal(found, "a;b;c;");
    assert_int_equal(count_requests(), 3);
}

static void keeps_to_the_limit(void **state)
{
    static const char *const answers[] = {
        LIST("X-M2M-CTS: 1\r\nX-M2M-CTO: 3\r\n", 22, "\"a\",\"b\""),
        LIST("X-M2M-CTS: 1\r\nX-M2M-CTO: 5\r\n", 22, "\"c\",\"d\""),
        NULL,
    };

    (void)state;
    assert_int_equal(list(answers, "3", NULL, NULL), MERLON_OK);
    assert_string_equal(found, "a;b;c;");
    assert_non_null(strstr(stub.requests, "fu=1&lim=3 "));
    assert_non_null(strstr(stub.requests, "fu=1&ofst=3&lim=1 "));
    assert_int_equal(list(answers, "2", NULL, NULL), MERLON_OK);
    assert_int_equal(count_requests(), 1);
    assert_int_equal(list(answers, "0", NULL, NULL), MERLON_OK);
    assert_int_equal(count_requests(), 0);
}

static void ends_when_the_callback_says_so(void **state)
{
    static const char *const answers[] = {
        LIST("X-M2M-CTS: 1\r\nX-M2M-CTO: 3\r\n", 22, "\"a\",\"b\""),
        NULL,
    };

    (void)state;
    stop_after = 1;
    assert_int_equal(list(answers, NULL, NULL, NULL), MERLON_OK);
    assert_string_equal(found, "a;");
    assert_int_equal(count_requests(), 1);
    stop_after = 0;
}

static void tells_an_error_of_a_later_part(void **state)
{
    static const char *const answers[] = {
        LIST("X-M2M-CTS: 1\r\nX-M2M-CTO: 3\r\n", 22, "\"a\",\"b\""),
        "HTTP/1.1 403 \r\nX-M2M-RSC: 4103\r\nContent-Length: 0\r\n\r\n",
        NULL,
    };
    struct merlon_error error;

    (void)state;
    assert_int_equal(list(answers, NULL, NULL, &error), MERLON_REFUSED);
    assert_int_equal(error.rsc, 4103);
    assert_string_equal(found, "a;b;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gathers_the_parts),
        cmocka_unit_test(counts_where_the_cse_does_not_tell),
        cmocka_unit_test(leaves_out_what_is_repeated_and_ends),
        cmocka_unit_test(keeps_to_the_limit),
        cmocka_unit_test(ends_when_the_callback_says_so),
        cmocka_unit_test(tells_an_error_of_a_later_part),
    };

    return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
