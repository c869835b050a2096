/* Fetches from a small server on the same loop that answers by path. */
#include "io/fetch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/listener.h"

enum { CONNECTIONS = 64, MANY = 500 };

#define MS INT64_C(1000)

static struct mln_loop *loop;
static struct mln_fetcher *fetcher;
static struct mln_gate gate;
static struct mln_listener *listener;
static struct mln_address address;

/* ---- the server ---- */

struct connection {
    struct mln_stream *stream;
    bool is_open;
};

static struct connection connections[CONNECTIONS];
static int accepted;
static int left;            /* requests whose connection was closed */
static char request[65536]; /* the last one */
static size_t request_len;

static struct mln_slice answer_of(struct mln_slice path)
{
    static const struct {
        const char *path;
        const char *answer;
    } rows[] = {
        { "/ok", "HTTP/1.1 200 OK\r\nX-M2M-RSC: 2000\r\nx-odd:  two words \r\n"
                 "Content-Length: 5\r\n\r\nhello" },
        { "/bare", "HTTP/1.1 204 \r\nX-Empty:\r\n\r\n" },
        { "/chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" },
        { "/redirect", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n" },
        { "/interim", "HTTP/1.1 103 Early\r\nX-Early: 1\r\n\r\n"
                      "HTTP/1.1 200 OK\r\nX-Late: 1\r\nContent-Length: 0\r\n\r\n" },
        { "/cookie", "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n" },
        { "/garbage", "this is not HTTP\r\n\r\n" },
        { "/short", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf" },
        { "/large", "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" },
        { "/endless/field", "HTTP/1.1 200 OK\r\nX-Long: " },
        { "/endless/status", "HTTP/1.1 200 " },
        { "/error", "HTTP/1.1 500 \r\nX-M2M-RSC: 5000\r\nContent-Length: 0\r\n\r\n" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (mln_slice_eq(mln_slice_z(rows[i].path), path)) {
            return mln_slice_z(rows[i].answer);
        }
    }
    return MLN_S("");
}

static void serve(struct connection *c, struct mln_slice path)
{
    static char block[300000];
    struct mln_slice parts[] = { answer_of(path), { block, 0 } };

    if (mln_slice_eq(path, MLN_S("/leave"))) {
        left++;
        mln_stream_free(c->stream);
        c->is_open = false;
        return;
    }
    if (mln_slice_eq(path, MLN_S("/large"))) {
        parts[1].len = 5000;
    }
    if (mln_slice_starts(path,
                         MLN_S("/endless"))) { /* beyond what libcurl itself takes for a line */
        memset(block, 'a', sizeof block);
        parts[1].len = sizeof block;
    }
    if (mln_slice_eq(path, MLN_S("/fields"))) {
        int len = snprintf(block, sizeof block, "HTTP/1.1 200 OK\r\nX-Long: %04000d\r\n\r\n", 0);

        parts[1].len = (size_t)len;
    }
    if (mln_slice_eq(path, MLN_S("/silent"))) {
        return;
    }
    mln_ignore(mln_stream_write(c->stream, parts, 2, false));
    if (mln_slice_eq(path, MLN_S("/short"))) {
        mln_stream_finish(c->stream, 1000 * MS);
        c->is_open = false;
    }
}

static void on_data(void *owner)
{
    struct connection *c = owner;
    struct mln_slice in = mln_stream_peek(c->stream);
    struct mln_slice line = in;
    struct mln_slice length = { 0 };
    const char *end = memmem(in.ptr ? in.ptr : "", in.len, "\r\n\r\n", 4);
    const char *field = memmem(in.ptr ? in.ptr : "", in.len, "Content-Length: ", 16);
    size_t len;

    if (mln_stream_is_ended(c->stream)) {
        mln_stream_free(c->stream);
        c->is_open = false;
        return;
    }
    if (!end || !in.ptr) {
        return;
    }
    len = (size_t)(end - in.ptr) + 4;
    if (field && field < end) {
        length = mln_slice_of(field + 16, (size_t)(in.ptr + in.len - field) - 16);
        for (size_t n = 0, i = 0; i < length.len && length.ptr[i] != '\r'; i++) {
            n = n * 10 + (size_t)(length.ptr[i] - '0');
            if (length.ptr[i + 1] == '\r') {
                len += n;
            }
        }
    }
    if (in.len < len || len >= sizeof request) {
        return;
    }
    memcpy(request, in.ptr, len);
    request[len] = '\0';
    request_len = len;
    (void)mln_slice_cut(&line, ' ');
    line = mln_slice_cut(&line, ' ');
    line = mln_slice_of(request + (line.ptr - in.ptr), line.len);
    mln_stream_consume(c->stream, len);
    serve(c, line);
}

static void on_other(void *owner)
{
    (void)owner;
}

static void on_broken(void *owner)
{
    struct connection *c = owner;

    mln_stream_free(c->stream);
    c->is_open = false;
}

static void on_accepted(void *owner, struct mln_stream *stream)
{
    static const struct mln_stream_ops ops = { on_data, on_other, on_other, on_broken };
    struct connection *c = connections;

    (void)owner;
    while (c->is_open) {
        c++;
    }
    assert_true(c < connections + CONNECTIONS);
    *c = (struct connection){ stream, true };
    mln_stream_own(stream, &ops, c);
    accepted++;
}

static int set_up_with(const char *host)
{
    struct mln_fetch_options options = {
        .max_transfers = MANY,
        .max_per_host = 16,
        .max_header_bytes = 2000,
        .max_body_bytes = 1000,
        .connect_us = 2000 * MS,
    };
    struct mln_listener_options l = { .max_input = 65536, .gate = &gate, .accepted = on_accepted };

    accepted = 0;
    request[0] = '\0';
    memset(connections, 0, sizeof connections);
    gate = (struct mln_gate){ .max = CONNECTIONS };
    return mln_failed(mln_address_resolve(mln_slice_z(host), 0, &address, NULL)) ||
           mln_failed(mln_loop_new(&loop)) ||
           mln_failed(mln_listener_bind(&address, 1, &l.fd, &address, NULL)) ||
           mln_failed(mln_listener_new(loop, &l, &listener)) ||
           mln_failed(mln_fetcher_new(loop, &options, &fetcher));
}

static int set_up(void **state)
{
    (void)state;
    return set_up_with("127.0.0.1");
}

static int tear_down(void **state)
{
    (void)state;
    mln_fetcher_free(fetcher);
    mln_listener_free(listener);
    for (int i = 0; i < CONNECTIONS; i++) {
        if (connections[i].is_open) {
            mln_stream_free(connections[i].stream);
        }
    }
    mln_loop_free(loop);
    return 0;
}

/* ---- fetching ---- */

struct result {
    int calls;
    mln_err err;
    bool was_sent;
    int status;
    size_t fields;
    char body[1200];
    size_t body_len;
    char why[256];
    char odd[64];
    char name[64]; /* of the field to look for */
};

static void on_done(void *data, const struct mln_fetch_answer *answer)
{
    struct result *r = data;
    const struct mln_field *odd =
        mln_field_find(answer->fields, answer->field_count, mln_slice_z(r->name));

    r->calls++;
    r->err = answer->err;
    r->was_sent = answer->was_sent;
    r->status = answer->status;
    r->fields = answer->field_count;
    assert_non_null(answer->why);
    (void)snprintf(r->why, sizeof r->why, "%s", answer->why);
    assert_true(answer->body.len < sizeof r->body);
    if (answer->body.len) {
        memcpy(r->body, answer->body.ptr, answer->body.len);
    }
    r->body_len = answer->body.len;
    r->body[r->body_len] = '\0';
    if (odd) {
        (void)snprintf(r->odd, sizeof r->odd, "%.*s", MLN_S_ARG(odd->value));
    }
    mln_loop_stop(loop);
}

static struct mln_slice url_of(const char *path)
{
    static char url[200];
    char name[MLN_PEER_NAME_SIZE];

    mln_address_format(&address, name);
    (void)snprintf(url, sizeof url, "http://%s%s", name, path);
    return mln_slice_z(url);
}

static struct result get(const char *path)
{
    struct mln_fetch_request r = { .method = MLN_S("GET"),
                                   .url = url_of(path),
                                   .timeout_us = 2000 * MS };
    struct result result = { .name = "X-Odd" };

    assert_false(mln_failed(mln_fetch(fetcher, &r, on_done, &result)));
    assert_int_equal(result.calls, 0);
    assert_false(mln_failed(mln_loop_run(loop)));
    assert_int_equal(result.calls, 1);
    return result;
}

static void gives_status_fields_and_body(void **state)
{
    struct result r = get("/ok");

    (void)state;
    assert_int_equal(r.err.code, MLN_ERR_NONE);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.fields, 3);
    assert_string_equal(r.body, "hello");
    assert_string_equal(r.odd, "two words");
    assert_non_null(strstr(request, "GET /ok HTTP/1.1\r\nHost: 127.0.0.1:"));
    assert_null(strstr(request, "Accept:"));
    assert_null(strstr(request, "User-Agent:"));
    assert_int_equal(get("/bare").status, 204);
    assert_string_equal(get("/chunked").body, "abcde");
    assert_int_equal(get("/error").status, 500);
    assert_int_equal(accepted, 1); /* one connection for all */
}

static void sends_method_fields_and_body(void **state)
{
    const struct mln_field fields[] = {
        { MLN_S("X-M2M-Origin"), MLN_S("/id-in") },
        { MLN_S("X-Empty"), MLN_S("") },
        { MLN_S("Content-Type"), MLN_S("application/json") },
    };
    struct mln_fetch_request r = {
        .method = MLN_S("PUT"),
        .url = url_of("/ok"),
        .fields = fields,
        .field_count = 3,
        .body = MLN_S("{\"a\":1}"),
        .has_body = true,
        .timeout_us = 2000 * MS,
    };
    struct result result = { 0 };

    (void)state;
    assert_false(mln_failed(mln_fetch(fetcher, &r, on_done, &result)));
    assert_false(mln_failed(mln_loop_run(loop)));
    assert_int_equal(result.status, 200);
    assert_int_equal(strncmp(request, "PUT /ok HTTP/1.1\r\n", 18), 0);
    assert_non_null(strstr(request, "\r\nX-M2M-Origin: /id-in\r\n"));
    assert_non_null(strstr(request, "\r\nX-Empty:\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Length: 7\r\n"));
    assert_null(strstr(request, "Expect"));
    assert_non_null(strstr(request, "\r\n\r\n{\"a\":1}"));
    r.body = MLN_S(""); /* an empty body is said */
    r.method = MLN_S("POST");
    assert_false(mln_failed(mln_fetch(fetcher, &r, on_done, &result)));
    assert_false(mln_failed(mln_loop_run(loop)));
    assert_non_null(strstr(request, "\r\nContent-Length: 0\r\n"));
    r.has_body = false;
    r.field_count = 0;
    r.method = MLN_S("DELETE");
    assert_false(mln_failed(mln_fetch(fetcher, &r, on_done, &result)));
    assert_false(mln_failed(mln_loop_run(loop)));
    assert_int_equal(strncmp(request, "DELETE /ok HTTP/1.1\r\n", 21), 0);
    assert_null(strstr(request, "Content-"));
}

static void follows_nothing_and_remembers_nothing(void **state)
{
    (void)state;
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:9", 1), 0);
    assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:9", 1), 0);
    assert_int_equal(get("/redirect").status, 302);
    assert_int_equal(get("/cookie").status, 200);
    assert_int_equal(get("/ok").status, 200);
    assert_null(strstr(request, "Cookie"));
    assert_int_equal(get("/a/../ok").err.code, MLN_ERR_TIMEOUT); /* the path as it is */
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_int_equal(unsetenv("ALL_PROXY"), 0);
}

static void fields_of_interim_answers_do_not_count(void **state)
{
    struct result r = get("/interim");

    (void)state;
    assert_int_equal(r.status, 200);
    assert_int_equal(r.fields, 2);
}

/* What was sent may have been carried out: libcurl alone would send it again on another connection.
 */
static void what_changes_something_is_sent_once(void **state)
{
    static const struct {
        const char *method;
        bool may_repeat;
        int times;
    } rows[] = {
        { "GET", false, 2 },    { "POST", false, 1 }, { "PUT", false, 1 },
        { "DELETE", false, 1 }, { "POST", true, 2 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int kept = get("/ok").status;
        struct mln_fetch_request r = { .method = mln_slice_z(rows[i].method),
                                       .url = url_of("/leave"),
                                       .has_body = rows[i].method[0] == 'P',
                                       .body = MLN_S("x"),
                                       .may_repeat = rows[i].may_repeat,
                                       .timeout_us = 2000 * MS };
        struct result result = { .name = "X-Odd" };

        assert_int_equal(kept, 200);
        left = 0;
        assert_false(mln_failed(mln_fetch(fetcher, &r, on_done, &result)));
        assert_false(mln_failed(mln_loop_run(loop)));
        assert_int_equal(result.err.code, MLN_ERR_NETWORK);
        assert_true(result.was_sent);
        assert_int_equal(left, rows[i].times);
    }
}

static void tells_what_went_wrong(void **state)
{
    (void)state;
    assert_int_equal(get("/garbage").err.code, MLN_ERR_PROTOCOL);
    assert_int_equal(get("/short").err.code, MLN_ERR_PROTOCOL);
    assert_int_equal(get("/leave").err.code, MLN_ERR_NETWORK);
    assert_int_equal(get("/large").err.code, MLN_ERR_PROTOCOL);
    assert_int_equal(get("/fields").err.code, MLN_ERR_PROTOCOL);
    for (int i = 0; i < 2; i++) {
        struct result r = get(i ? "/endless/status" : "/endless/field");

        assert_int_equal(r.err.code, MLN_ERR_PROTOCOL);
        assert_string_equal(r.why, "header of the answer too large");
    }
    assert_int_equal(get("/ok").status, 200);
    mln_listener_free(listener);
    listener = NULL;
    for (int i = 0; i < CONNECTIONS; i++) {
        if (connections[i].is_open) {
            mln_stream_free(connections[i].stream);
            connections[i].is_open = false;
        }
    }
    assert_int_equal(get("/ok").err.code, MLN_ERR_NETWORK); /* nobody listens */
}

static void times_out(void **state)
{
    struct mln_fetch_request r = { .method = MLN_S("GET"),
                                   .url = url_of("/silent"),
                                   .timeout_us = 30 * MS };
    struct result result = { 0 };

    (void)state;
    assert_false(mln_failed(mln_fetch(fetcher, &r, on_done, &result)));
    assert_false(mln_failed(mln_loop_run(loop)));
    assert_int_equal(result.err.code, MLN_ERR_TIMEOUT);
}

static void refuse(struct mln_slice method, struct mln_slice url, struct mln_slice name,
                   struct mln_slice value, enum mln_err_code code)
{
    const struct mln_field field = { name, value };
    struct mln_fetch_request r = {
        .method = method, .url = url, .fields = &field, .field_count = 1, .timeout_us = 100 * MS
    };
    struct result result = { 0 };

    assert_int_equal(mln_fetch(fetcher, &r, on_done, &result).code, code);
    assert_int_equal(result.calls, 0);
}

static void refuses_what_cannot_be_sent(void **state)
{
    struct mln_slice get_ = MLN_S("GET");
    struct mln_slice url = url_of("/ok");
    struct mln_slice a = MLN_S("A");

    (void)state;
    refuse(get_, url, a, MLN_S("x\r\nEvil: 1"), MLN_ERR_PARAM_INVALID);
    refuse(get_, url, MLN_S("A: b\r\nEvil"), a, MLN_ERR_PARAM_INVALID);
    refuse(get_, url, MLN_S(""), a, MLN_ERR_PARAM_INVALID);
    refuse(MLN_S("GET / HTTP/1.1\r\n"), url, a, a, MLN_ERR_PARAM_INVALID);
    refuse(get_, MLN_S("file:///etc/passwd"), a, a, MLN_ERR_NETWORK);
    refuse(get_, MLN_S("gopher://127.0.0.1/"), a, a, MLN_ERR_NETWORK);
    refuse(get_, MLN_S("127.0.0.1/ok"), a, a, MLN_ERR_NETWORK);
    refuse(get_, MLN_S("http://127.0.0.1/a b"), a, a, MLN_ERR_NETWORK);
    refuse(get_, MLN_S("http://127.0.0.1/\n"), a, a, MLN_ERR_NETWORK);
    refuse(get_, MLN_S("http://"), a, a, MLN_ERR_NETWORK);
}

static void urls_carry_no_credentials(void **state)
{
    struct mln_fetch_request r = { .method = MLN_S("GET"),
                                   .url = MLN_S("http://me:secret@127.0.0.1:9/"),
                                   .timeout_us = 1000 * MS };
    struct result result = { 0 };

    (void)state;
    assert_false(mln_failed(mln_fetch(fetcher, &r, on_done, &result)));
    assert_false(mln_failed(mln_loop_run(loop)));
    assert_int_equal(result.err.code, MLN_ERR_NETWORK);
    assert_true(mln_fetch_can(MLN_S("HTTPS://x")));
    assert_false(mln_fetch_can(MLN_S("mqtt://x")));
}

static int finished;

static void count_done(void *data, const struct mln_fetch_answer *answer)
{
    int *good = data;

    *good += !mln_failed(answer->err) && answer->status == 200;
    if (++finished == MANY) {
        mln_loop_stop(loop);
    }
}

static void many_at_one_time_share_connections(void **state)
{
    struct mln_fetch_request r = { .method = MLN_S("GET"),
                                   .url = url_of("/ok"),
                                   .timeout_us = 10000 * MS };
    int good = 0;

    (void)state;
    finished = 0;
    for (int i = 0; i < MANY; i++) {
        assert_false(mln_failed(mln_fetch(fetcher, &r, count_done, &good)));
    }
    assert_int_equal(mln_fetch(fetcher, &r, count_done, &good).code, MLN_ERR_OVERLOAD);
    assert_false(mln_failed(mln_loop_run(loop)));
    assert_int_equal(good, MANY);
    assert_true(accepted <= 16);
}

static void those_under_way_end_with_the_fetcher(void **state)
{
    struct mln_fetch_request r = { .method = MLN_S("GET"),
                                   .url = url_of("/silent"),
                                   .timeout_us = 10000 * MS };
    struct result result = { 0 };
    struct result other = { 0 };

    (void)state;
    assert_false(mln_failed(mln_fetch(fetcher, &r, on_done, &result)));
    assert_int_equal(get("/ok").status, 200);
    r.url = url_of("/silent");
    assert_false(mln_failed(mln_fetch(fetcher, &r, on_done, &other)));
    mln_fetcher_free(fetcher);
    fetcher = NULL;
    assert_int_equal(result.calls, 1);
    assert_int_equal(result.err.code, MLN_ERR_NETWORK);
    assert_int_equal(other.calls, 1);
}

static int set_up_v6(void **state)
{
    (void)state;
    return set_up_with("::1");
}

static void fetches_over_ipv6(void **state)
{
    (void)state;
    assert_string_equal(get("/ok").body, "hello");
    assert_non_null(strstr(request, "Host: [::1]:"));
}

static void resolves_names(void **state)
{
    char url[64];
    struct mln_fetch_request r = { .method = MLN_S("GET"), .timeout_us = 5000 * MS };
    struct result result = { 0 };

    (void)state;
    (void)snprintf(url, sizeof url, "http://localhost:%u/ok", (unsigned)address.port);
    r.url = mln_slice_z(url);
    for (int i = 0; i < 3; i++) {
        assert_false(mln_failed(mln_fetch(fetcher, &r, on_done, &result)));
        assert_false(mln_failed(mln_loop_run(loop)));
        assert_int_equal(result.status, 200);
    }
    r.url = MLN_S("http://no.such.invalid/");
    assert_false(mln_failed(mln_fetch(fetcher, &r, on_done, &result)));
    assert_false(mln_failed(mln_loop_run(loop)));
    assert_int_equal(result.err.code, MLN_ERR_NETWORK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gives_status_fields_and_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sends_method_fields_and_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(follows_nothing_and_remembers_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fields_of_interim_answers_do_not_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_what_went_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_changes_something_is_sent_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(times_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_cannot_be_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(urls_carry_no_credentials, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_at_one_time_share_connections, set_up, tear_down),
        cmocka_unit_test_setup_teardown(those_under_way_end_with_the_fetcher, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fetches_over_ipv6, set_up_v6, tear_down),
        cmocka_unit_test_setup_teardown(resolves_names, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
