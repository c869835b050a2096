/* Bodies of messages by length and in chunks; each split at every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bind/http/http_message.h"

static struct mln_limits limits;
static struct mln_arena *arena;
static struct mln_http_request request;
static struct mln_http_reader reader;
static struct mln_slice rest; /* what follows the message */

static int set_up(void **state)
{
    (void)state;
    mln_limits_default(&limits);
    limits.body_bytes = 200000;
    arena = mln_arena_new(4 << 20);
    return arena == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

/* Reads head and body; the body comes in pieces of `first`, then of `each` bytes, and what is not
 * used of one stands at the start of the next. */
static enum mln_http_step read_pieces(struct mln_slice head, struct mln_slice text, size_t first,
                                      size_t each)
{
    enum mln_http_step step;
    size_t len = 0;
    size_t have = first < text.len ? first : text.len;
    size_t done = 0;

    mln_arena_reset(arena);
    mln_http_reader_init(&reader, &limits);
    assert_int_equal(mln_http_scan(&reader, head, &len), MLN_HTTP_DONE);
    step = mln_http_take_head(&reader, head, arena, &request);
    while (step == MLN_HTTP_MORE) {
        size_t used = 0;
        char *copy = malloc(have - done + 1);

        assert_non_null(copy);
        memcpy(copy, text.ptr + done, have - done);
        step = mln_http_take_body(&reader, mln_slice_of(copy, have - done), &used, &request);
        free(copy);
        assert_true(used <= have - done);
        done += used;
        if (have == text.len) {
            break;
        }
        have = have + each < text.len ? have + each : text.len;
    }
    rest = mln_slice_from(text, done);
    return step;
}

static enum mln_http_step read_all_ways(struct mln_slice head, struct mln_slice text)
{
    enum mln_http_step whole = read_pieces(head, text, text.len, 1);
    struct mln_slice body = { 0 };
    int status = whole == MLN_HTTP_REFUSED ? reader.refusal->status : 0;
    char *copy = malloc(request.body.len + 1);

    assert_non_null(copy);
    memcpy(copy, request.body.ptr ? request.body.ptr : "", request.body.len);
    body = mln_slice_of(copy, request.body.len);
    for (size_t first = 0; first <= text.len; first++) {
        assert_int_equal(read_pieces(head, text, first, text.len), whole);
        assert_int_equal(status, whole == MLN_HTTP_REFUSED ? reader.refusal->status : 0);
        assert_true(whole != MLN_HTTP_DONE || mln_slice_eq(body, request.body));
    }
    assert_int_equal(read_pieces(head, text, 0, 1), whole);
    assert_true(whole != MLN_HTTP_DONE || mln_slice_eq(body, request.body));
    free(copy);
    return whole;
}

#define CHUNKED MLN_S("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")

static void expect_body(struct mln_slice head, const char *text, const char *body,
                        const char *after)
{
    assert_int_equal(read_all_ways(head, mln_slice_z(text)), MLN_HTTP_DONE);
    assert_true(mln_slice_eq(request.body, mln_slice_z(body)));
    (void)read_pieces(head, mln_slice_z(text), SIZE_MAX, 1);
    assert_true(mln_slice_eq(rest, mln_slice_z(after)));
}

static void expect_refusal(const char *text, int status)
{
    enum mln_http_step step = read_all_ways(CHUNKED, mln_slice_z(text));

    if (step != MLN_HTTP_REFUSED) {
        fail_msg("not refused: %s", text);
    }
    assert_int_equal(reader.refusal->status, status);
}

static void reads_by_length(void **state)
{
    struct mln_slice head = MLN_S("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n");

    (void)state;
    expect_body(head, "helloGET /", "hello", "GET /");
    assert_int_equal(read_all_ways(head, MLN_S("hell")), MLN_HTTP_MORE);
}

static void reads_large_bodies(void **state)
{
    struct mln_slice head = MLN_S("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n");
    char *text = malloc(200000);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < 200000; i++) {
        text[i] = (char)(i * 7);
    }
    assert_int_equal(read_pieces(head, mln_slice_of(text, 200000), 1, 1000), MLN_HTTP_DONE);
    assert_int_equal(request.body.len, 200000);
    assert_memory_equal(request.body.ptr, text, 200000);
    free(text);
}

static void reads_chunks(void **state)
{
    (void)state;
    expect_body(CHUNKED, "0\r\n\r\n", "", "");
    expect_body(CHUNKED, "5\r\nhello\r\n0\r\n\r\nnext", "hello", "next");
    expect_body(CHUNKED, "1\r\nh\r\n004\r\nello\r\n000\r\n\r\n", "hello", "");
    expect_body(CHUNKED, "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789",
                "");
    expect_body(CHUNKED, "2\r\n\r\n\r\n0\r\n\r\n", "\r\n", "");
}

static void ignores_extensions_and_trailers(void **state)
{
    (void)state;
    expect_body(CHUNKED, "5;a=b\r\nhello\r\n0 ; last\r\nX: y\r\nContent-Length: 7\r\n\r\n!",
                "hello", "!");
    expect_body(CHUNKED, "5;a=\"\t\"\r\nhello\r\n0\r\n\r\n", "hello", "");
}

static void refuses_bad_chunks(void **state)
{
    (void)state;
    expect_refusal("\r\nhello\r\n0\r\n\r\n", 400);
    expect_refusal("x\r\n", 400);
    expect_refusal("-1\r\n", 400);
    expect_refusal("+5\r\nhello\r\n", 400);
    expect_refusal("0x5\r\nhello\r\n", 400);
    expect_refusal(" 5\r\nhello\r\n", 400);
    expect_refusal("5 \r\nhello\r\n", 400);
    expect_refusal("5 x\r\nhello\r\n", 400);
    expect_refusal("5\nhello\r\n", 400);
    expect_refusal("5\r\nhello!\r\n0\r\n\r\n", 400);
    expect_refusal("5\r\nhello\n0\r\n\r\n", 400);
    expect_refusal("5;\x01\r\nhello\r\n", 400);
    expect_refusal("fffffffffffffffff\r\n", 400);
    expect_refusal("0\r\nno colon\r\n\r\n", 400);
    expect_refusal("0\r\n: y\r\n\r\n", 400);
    expect_refusal("0\r\nX : y\r\n\r\n", 400);
    expect_refusal("0\r\n folded\r\n\r\n", 400);
}

static void refuses_beyond_the_limits(void **state)
{
    static char text[20000];
    size_t len = 0;

    (void)state;
    expect_refusal("30D41\r\n", 413);
    expect_refusal("fffffffffffffff\r\n", 413);
    expect_refusal("1\r\nx\r\n30D40\r\n", 413); /* together */
    memset(text, 'a', 600);
    memcpy(text, "5;", 2);
    text[600] = '\0';
    expect_refusal(text, 400); /* a line without end */
    while (len < 8000) {       /* many small extensions */
        len += (size_t)snprintf(text + len, sizeof text - len, "1;%050d\r\nx\r\n", 0);
    }
    assert_int_equal(read_pieces(CHUNKED, mln_slice_of(text, len), 17, 13), MLN_HTTP_REFUSED);
    len = (size_t)snprintf(text, sizeof text, "0\r\n");
    while (len < 8000) { /* many trailers */
        len += (size_t)snprintf(text + len, sizeof text - len, "X: %050d\r\n", 0);
    }
    assert_int_equal(read_pieces(CHUNKED, mln_slice_of(text, len), 17, 13), MLN_HTTP_REFUSED);
}

static void stays_within_its_memory(void **state)
{
    struct mln_slice head = MLN_S("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n");
    static char text[5000];
    struct mln_arena *small = mln_arena_new(1000);
    size_t used = 0;
    size_t len = 0;

    (void)state;
    mln_http_reader_init(&reader, &limits);
    assert_int_equal(mln_http_scan(&reader, head, &len), MLN_HTTP_DONE);
    assert_int_equal(mln_http_take_head(&reader, head, small, &request), MLN_HTTP_MORE);
    assert_int_equal(mln_http_take_body(&reader, mln_slice_of(text, 5000), &used, &request),
                     MLN_HTTP_REFUSED);
    assert_ptr_equal(reader.refusal, &mln_http_no_memory);
    mln_arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_by_length),
        cmocka_unit_test(reads_large_bodies),
        cmocka_unit_test(reads_chunks),
        cmocka_unit_test(ignores_extensions_and_trailers),
        cmocka_unit_test(refuses_bad_chunks),
        cmocka_unit_test(refuses_beyond_the_limits),
        cmocka_unit_test(stays_within_its_memory),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
