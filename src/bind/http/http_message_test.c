/* Heads of messages: what is read, what is refused; each split at every byte. */
#include "bind/http/http_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct mln_limits limits;
static struct mln_arena *arena;

static int set_up(void **state)
{
    (void)state;
    mln_limits_default(&limits);
    limits.header_bytes = 1024;
    limits.target_bytes = 256;
    limits.header_fields = 8;
    limits.body_bytes = 1000;
    arena = mln_arena_new(1 << 20);
    return arena == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

/* Reads the head in the steps `first`, then `each` bytes. Each input is a block of its own, so
 * that a read beyond it is seen. */
static enum mln_http_step read_split(struct mln_http_reader *r, struct mln_slice text, size_t first,
                                     size_t each, struct mln_http_request *ret)
{
    enum mln_http_step step = MLN_HTTP_MORE;
    size_t have = first;
    size_t len = 0;

    mln_arena_reset(arena);
    mln_http_reader_init(r, &limits);
    while (step == MLN_HTTP_MORE && have <= text.len) {
        char *copy = malloc(have ? have : 1);

        assert_non_null(copy);
        memcpy(copy, text.ptr, have);
        step = mln_http_scan(r, mln_slice_of(copy, have), &len);
        if (step == MLN_HTTP_DONE) {
            step = mln_http_take_head(r, mln_slice_of(copy, len), arena, ret);
            free(copy);
            return step;
        }
        free(copy);
        have = have == text.len || have + each < text.len ? have + each : text.len;
    }
    return step;
}

static void expect_refusal(struct mln_slice text, int status)
{
    struct mln_http_request request = { 0 };
    struct mln_http_reader r;

    for (size_t first = 0; first <= text.len; first++) {
        assert_int_equal(read_split(&r, text, first, text.len, &request), MLN_HTTP_REFUSED);
        if (r.refusal->status != status) {
            fail_msg("%d in place of %d (%s): %.*s", r.refusal->status, status, r.refusal->text,
                     MLN_S_ARG(text));
        }
    }
    assert_int_equal(read_split(&r, text, 0, 1, &request), MLN_HTTP_REFUSED);
    assert_int_equal(r.refusal->status, status);
    assert_true(r.refusal->rsc >= MLN_RSC_BAD_REQUEST);
}

#define REFUSE(text, status) expect_refusal(MLN_S(text), status)
#define HOST                 "Host: h\r\n"

static void refuses_what_is_no_http(void **state)
{
    (void)state;
    REFUSE("\x16\x03\x01\x02\x00\x01\x00", 400);
    REFUSE("\0", 400);
    REFUSE(" GET / HTTP/1.1\r\n", 400);
    REFUSE("\nGET / HTTP/1.1\r\n", 400);
    REFUSE("\r\n\r\nGET / HTTP/1.1\r\n", 400);
    REFUSE("\rGET", 400);
    REFUSE("{\"op\": 2}\r\n\r\n", 400);
    REFUSE("GET\r\n\r\n", 400);
    REFUSE("GET /\r\n\r\n", 400);
    REFUSE("GET  / HTTP/1.1\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1 \r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1 x\r\n\r\n", 400);
    REFUSE("GET / http/1.1\r\n\r\n", 400);
    REFUSE("GET / HTTP/11\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.x\r\n\r\n", 400);
    REFUSE("GE(T / HTTP/1.1\r\n" HOST "\r\n", 400);
    REFUSE("GET /a\tb HTTP/1.1\r\n" HOST "\r\n", 400);
    REFUSE("GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", 400);
    REFUSE("GET /\x7f HTTP/1.1\r\n" HOST "\r\n", 400);
}

static void refuses_other_versions(void **state)
{
    (void)state;
    REFUSE("GET / HTTP/2.0\r\n" HOST "\r\n", 505);
    REFUSE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
    REFUSE("GET / HTTP/0.9\r\n\r\n", 505);
}

static void refuses_other_targets(void **state)
{
    (void)state;
    REFUSE("OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400);
    REFUSE("CONNECT h:80 HTTP/1.1\r\n" HOST "\r\n", 400);
    REFUSE("GET cse-in HTTP/1.1\r\n" HOST "\r\n", 400);
    REFUSE("GET ?a=b HTTP/1.1\r\n" HOST "\r\n", 400);
    REFUSE("GET http:///x HTTP/1.1\r\n" HOST "\r\n", 400);
    REFUSE("GET http:// HTTP/1.1\r\n" HOST "\r\n", 400);
    REFUSE("GET ftp://h/x HTTP/1.1\r\n" HOST "\r\n", 400);
}

static void refuses_lines_that_are_not_lines(void **state)
{
    (void)state;
    REFUSE("GET / HTTP/1.1\nHost: h\n\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost: h\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost: h\r\n\n", 400);
    REFUSE("GET / HTTP/1.1\rHost: h\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost: h\r\n\r.", 400);
    REFUSE("GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost: h\r\n\tfolded\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost: h\0\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost: h\r\nX: \x01\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost: h\r\nX: \x7f\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost: h\r\nX Y: z\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost: h\r\nX\xc3\xa4: z\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400);
}

static void refuses_doubtful_framing(void **state)
{
    (void)state;
    REFUSE("GET / HTTP/1.1\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost: h\r\nhost: h\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400);
    REFUSE("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400);
    REFUSE("POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400);
    REFUSE("POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n", 400);
    REFUSE("POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n", 400);
    REFUSE("POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", 400);
    REFUSE("POST / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\n", 400);
    REFUSE("POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400);
    REFUSE("POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", 400);
    REFUSE("POST / HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n", 413);
    REFUSE("POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551615\r\n\r\n", 413);
    REFUSE("POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
           400);
    REFUSE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", 501);
    REFUSE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501);
    REFUSE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n", 501);
    REFUSE("POST / HTTP/1.1\r\n" HOST
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
           400);
    REFUSE("POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 400);
    REFUSE("POST / HTTP/1.1\r\n" HOST "Expect: 200-ok\r\n\r\n", 417);
}

static void refuses_beyond_the_limits(void **state)
{
    char text[4096];
    int len;

    (void)state;
    len = snprintf(text, sizeof text, "GET /%0256d HTTP/1.1\r\nHost: h\r\n\r\n", 0);
    expect_refusal(mln_slice_of(text, (size_t)len), 414);
    len = snprintf(text, sizeof text, "GET /%03000d", 0); /* no end in sight */
    expect_refusal(mln_slice_of(text, (size_t)len), 414);
    len = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: h\r\nX: %01000d\r\n\r\n", 0);
    expect_refusal(mln_slice_of(text, (size_t)len), 431);
    len = snprintf(text, sizeof text,
                   "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\nF: 1\r\n"
                   "G: 1\r\nH: 1\r\n\r\n");
    expect_refusal(mln_slice_of(text, (size_t)len), 431);
}

/* ---- what is read ---- */

static struct mln_http_request request;

static enum mln_http_step read_all_ways(struct mln_slice text)
{
    struct mln_http_reader r;
    enum mln_http_step whole = read_split(&r, text, text.len, 1, &request);

    if (whole == MLN_HTTP_REFUSED) {
        fail_msg("%s: %.*s", r.refusal->text, MLN_S_ARG(text));
    }
    for (size_t first = 0; first <= text.len; first++) {
        assert_int_equal(read_split(&r, text, first, text.len, &request), whole);
    }
    assert_int_equal(read_split(&r, text, 0, 1, &request), whole);
    assert_true(mln_http_reader_has_begun(&r));
    return whole;
}

#define READ(text) read_all_ways(MLN_S(text))

static void check_slice(struct mln_slice got, const char *expected)
{
    if (!mln_slice_eq(got, mln_slice_z(expected))) {
        fail_msg("'%.*s' in place of '%s'", MLN_S_ARG(got), expected);
    }
}

static void reads_line_and_fields(void **state)
{
    (void)state;
    assert_int_equal(READ("GET /a?b=c HTTP/1.1\r\nHost: h:80\r\nX-Empty:\r\n"
                          "X-M2M-RI: \t a b \t\r\n\r\n"),
                     MLN_HTTP_DONE);
    assert_int_equal(request.method, MLN_HTTP_GET);
    check_slice(request.target, "/a?b=c");
    assert_int_equal(request.field_count, 3);
    check_slice(request.fields[0].name, "Host");
    check_slice(request.fields[0].value, "h:80");
    check_slice(request.fields[1].value, "");
    check_slice(request.fields[2].value, "a b");
    assert_true(request.keeps_alive);
    assert_false(request.wants_continue);
}

static void reads_bytes_beyond_ascii_in_values(void **state)
{
    (void)state;
    assert_int_equal(
        READ("GET / HTTP/1.1\r\nHost: h\r\nX: \xff\xc3\xa4 12345678 \xe2\x82\xac\r\n\r\n"),
        MLN_HTTP_DONE);
    check_slice(request.fields[1].value, "\xff\xc3\xa4 12345678 \xe2\x82\xac");
}

static void knows_the_methods(void **state)
{
    (void)state;
    (void)READ("POST / HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(request.method, MLN_HTTP_POST);
    (void)READ("PUT / HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(request.method, MLN_HTTP_PUT);
    (void)READ("DELETE / HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(request.method, MLN_HTTP_DELETE);
    (void)READ("HEAD / HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(request.method, MLN_HTTP_HEAD);
    (void)READ("OPTIONS / HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(request.method, MLN_HTTP_OPTIONS);
    (void)READ("PATCH / HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(request.method, MLN_HTTP_PATCH);
    (void)READ("TRACE / HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(request.method, MLN_HTTP_TRACE);
    (void)READ("CONNECT / HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(request.method, MLN_HTTP_CONNECT);
    (void)READ("get / HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(request.method, MLN_HTTP_OTHER);
    (void)READ("BREW / HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(request.method, MLN_HTTP_OTHER);
}

static void ignores_an_empty_line_before(void **state)
{
    (void)state;
    assert_int_equal(READ("\r\nGET /x HTTP/1.1\r\n" HOST "\r\n"), MLN_HTTP_DONE);
    check_slice(request.target, "/x");
    check_slice(request.fields[0].name, "Host");
}

static void strips_scheme_and_authority(void **state)
{
    (void)state;
    (void)READ("GET http://h:80/a?b HTTP/1.1\r\n" HOST "\r\n");
    check_slice(request.target, "/a?b");
    (void)READ("GET HTTPS://h HTTP/1.1\r\n" HOST "\r\n");
    check_slice(request.target, "/");
    (void)READ("GET http://h?a=b HTTP/1.1\r\n" HOST "\r\n");
    check_slice(request.target, "/?a=b");
}

static void knows_when_the_connection_ends(void **state)
{
    (void)state;
    (void)READ("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_false(request.keeps_alive);
    (void)READ("GET / HTTP/1.1\r\n" HOST "Connection: foo , CLOSE\r\n\r\n");
    assert_false(request.keeps_alive);
    (void)READ("GET / HTTP/1.1\r\n" HOST "Connection: keep-alive\r\nConnection: x\r\n\r\n");
    assert_true(request.keeps_alive);
    (void)READ("GET / HTTP/1.0\r\n\r\n");
    assert_false(request.keeps_alive);
    (void)READ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_false(request.keeps_alive);
    (void)READ("GET / HTTP/1.2\r\n" HOST "\r\n");
    assert_true(request.keeps_alive);
}

static void knows_whether_a_body_follows(void **state)
{
    (void)state;
    assert_int_equal(READ("POST / HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n"),
                     MLN_HTTP_MORE);
    assert_int_equal(READ("POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"), MLN_HTTP_DONE);
    assert_int_equal(READ("POST / HTTP/1.1\r\n" HOST "Content-Length: 0001\r\n\r\n"),
                     MLN_HTTP_MORE);
    assert_int_equal(READ("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n"),
                     MLN_HTTP_MORE);
    assert_int_equal(READ("POST / HTTP/1.1\r\n" HOST "\r\n"), MLN_HTTP_DONE);
    (void)READ("POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nExpect: 100-Continue\r\n\r\n");
    assert_true(request.wants_continue);
    (void)READ("POST / HTTP/1.0\r\n" HOST "Content-Length: 1\r\nExpect: 100-continue\r\n\r\n");
    assert_false(request.wants_continue);
}

static void stays_within_its_memory(void **state)
{
    struct mln_slice text = MLN_S("GET / HTTP/1.1\r\nHost: h\r\nX: 1\r\n\r\n");
    struct mln_arena *small = mln_arena_new(80); /* for the text, not for the fields */
    struct mln_http_reader r;
    size_t len = 0;

    (void)state;
    mln_http_reader_init(&r, &limits);
    assert_false(mln_http_reader_has_begun(&r));
    assert_int_equal(mln_http_scan(&r, text, &len), MLN_HTTP_DONE);
    assert_int_equal(mln_http_take_head(&r, text, small, &request), MLN_HTTP_REFUSED);
    assert_ptr_equal(r.refusal, &mln_http_no_memory);
    mln_arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_http),
        cmocka_unit_test(refuses_other_versions),
        cmocka_unit_test(refuses_other_targets),
        cmocka_unit_test(refuses_lines_that_are_not_lines),
        cmocka_unit_test(refuses_doubtful_framing),
        cmocka_unit_test(refuses_beyond_the_limits),
        cmocka_unit_test(reads_line_and_fields),
        cmocka_unit_test(reads_bytes_beyond_ascii_in_values),
        cmocka_unit_test(knows_the_methods),
        cmocka_unit_test(ignores_an_empty_line_before),
        cmocka_unit_test(strips_scheme_and_authority),
        cmocka_unit_test(knows_when_the_connection_ends),
        cmocka_unit_test(knows_whether_a_body_follows),
        cmocka_unit_test(stays_within_its_memory),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
