/* Connections of the server, spoken to byte by byte from the same thread. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bind/http/fake_cse_test.h"
#include "bind/http/http.h"

enum { GOT_MAX = 1 << 20 };

#define MS INT64_C(1000)

static struct mln_limits limits;
static struct mln_gate gate;
static struct mln_bind_port *port;
static struct mln_bind *server;
static struct mln_worker worker;
static struct sockaddr_storage where;
static socklen_t where_len;
static int client;
static char got[GOT_MAX + 1];

static int connect_client(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&where, where_len), 0);
    return fd;
}

static int set_up(void **state)
{
    struct mln_bind_options options = {
        .loops = 1, .is_trusted = true, .limits = &limits, .gate = &gate
    };
    char url[MLN_BIND_URL_SIZE];
    struct mln_address address = { 0 };
    unsigned long number = 0;

    (void)state;
    mln_limits_default(&limits);
    gate = (struct mln_gate){ .max = 100 };
    worker = (struct mln_worker){ 0 };
    if (mln_failed(mln_address_resolve(MLN_S("127.0.0.1"), 0, &options.address, NULL)) ||
        mln_failed(mln_loop_new(&worker.loop)) ||
        mln_failed(mln_http_binding.open(&options, NULL, &port)) ||
        mln_failed(mln_http_binding.attach(port, 0, worker.loop, &worker, &server))) {
        return 1;
    }
    mln_http_binding.url(port, url);
    for (const char *c = strrchr(url, ':') + 1; *c; c++) {
        number = number * 10 + (unsigned long)(*c - '0');
    }
    address = options.address;
    address.port = (uint16_t)number;
    where_len = mln_address_to_system(&address, &where);
    client = connect_client();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)close(client);
    mln_fake_release(&worker);
    mln_http_binding.detach(server);
    mln_http_binding.close(port);
    mln_loop_free(worker.loop);
    return worker.calls != worker.answered;
}

/* ---- the loop and the client by turns ---- */

static void stop_later(struct mln_timer *timer)
{
    (void)timer;
    mln_loop_stop(worker.loop);
}

static void run_for(int64_t us)
{
    struct mln_timer timer = { .fire = stop_later };

    mln_loop_after(worker.loop, &timer, us);
    assert_false(mln_failed(mln_loop_run(worker.loop)));
    mln_loop_cancel_after(worker.loop, &timer);
}

static void send_bytes(const char *bytes, size_t len)
{
    assert_int_equal(send(client, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

static void send_text(const char *text)
{
    send_bytes(text, strlen(text));
}

/* All that comes within a moment. True when the server has ended the connection. */
static bool receive(void)
{
    size_t len = 0;
    int quiet = 0;

    got[0] = '\0';
    while (quiet < 3) {
        ssize_t n;

        run_for(5 * MS);
        n = recv(client, got + len, GOT_MAX - len, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno == ECONNRESET)) {
            return true;
        }
        quiet = n < 0 ? quiet + 1 : 0;
        len += n > 0 ? (size_t)n : 0;
        got[len] = '\0';
    }
    return false;
}

static bool has(const char *text)
{
    if (strstr(got, text)) {
        return true;
    }
    print_error("no '%s' in:\n%s\n", text, got);
    return false;
}

static int count(const char *text)
{
    int n = 0;

    for (const char *at = got; (at = strstr(at, text)); at += strlen(text)) {
        n++;
    }
    return n;
}

/* ---- requests ---- */

#define HEADER "Host: h\r\nX-M2M-Origin: C1\r\nX-M2M-RI: r1\r\nX-M2M-RVI: 3\r\n"
#define CREATE                                                                                     \
    "POST /cse-in/echo HTTP/1.1\r\n" HEADER "Content-Type: application/json;ty=3\r\n"              \
    "Content-Length: 13\r\n\r\n{\"a\":{\"b\":1}}"

static void answers_and_stays_open(void **state)
{
    (void)state;
    send_text("GET /cse-in/echo?rcn=1 HTTP/1.1\r\n" HEADER "\r\n");
    assert_false(receive());
    assert_true(has("HTTP/1.1 200 \r\nX-M2M-RSC: 2000\r\nX-M2M-RI: r1\r\nX-M2M-RVI: 3\r\n"));
    assert_true(has("\r\nDate: "));
    assert_true(has("{\"m2m:cnt\":{\"to\":\"cse-in/echo\",\"rcn\":1,\"fr\":\"C1\""));
    send_text("GET /nothing HTTP/1.1\r\n" HEADER "\r\n");
    assert_false(receive());
    assert_true(has("HTTP/1.1 404 \r\nX-M2M-RSC: 4004\r\n"));
    assert_true(has("Content-Length: 0\r\n"));
    assert_int_equal(worker.calls, 2);
}

static void hands_on_content(void **state)
{
    (void)state;
    send_text("POST /cse-in/echo HTTP/1.1\r\n" HEADER "Content-Type: application/json;ty=3\r\n"
              "Content-Length: 13\r\n\r\n{\"a\":{\"b\":1}}");
    assert_false(receive());
    assert_true(has("\"op\":1,\"ty\":3,\"pc\":{\"a\":{\"b\":1}}"));
    send_text("PUT /cse-in/echo HTTP/1.1\r\n" HEADER "Content-Type: application/json\r\n"
              "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\n\r\n");
    assert_false(receive());
    assert_true(has("\"op\":3,\"pc\":{\"a\":1}"));
}

static void reads_requests_split_at_every_byte(void **state)
{
    static const char text[] =
        "PUT /cse-in/echo HTTP/1.1\r\n" HEADER "Content-Type: application/json\r\n"
        "Content-Length: 7\r\n\r\n{\"a\":1}GET /cse-in/fixed HTTP/1.1\r\n" HEADER "\r\n";

    (void)state;
    for (size_t i = 0; i + 1 < sizeof text; i++) {
        send_bytes(text + i, 1);
        run_for(100);
    }
    assert_false(receive());
    assert_true(has("\"pc\":{\"a\":1}"));
    assert_int_equal(count("HTTP/1.1 200 "), 2);
    assert_int_equal(worker.calls, 2);
}

static void answers_pipelined_requests_in_order(void **state)
{
    char text[64 * 1024];
    size_t len = 0;
    const char *at = got;

    (void)state;
    for (int i = 0; i < 300; i++) { /* more than one turn */
        static const char *const targets[] = { "echo", "posted", "slow" };
        const char *target = targets[i == 150 ? 2 : i % 2];

        len += (size_t)snprintf(text + len, sizeof text - len,
                                "GET /cse-in/%s HTTP/1.1\r\nHost: h\r\nX-M2M-RI: n%d\r\n\r\n",
                                target, i);
    }
    send_bytes(text, len);
    for (int i = 0; i < 100 && worker.answered < 300; i++) {
        run_for(10 * MS);
    }
    assert_false(receive());
    for (int i = 0; i < 300; i++) {
        char ri[32];

        (void)snprintf(ri, sizeof ri, "X-M2M-RI: n%d\r\n", i);
        at = strstr(at, ri);
        assert_non_null(at);
    }
}

/* More than is gathered before sending, and yet it leaves at once: nothing has to wait. */
static void goes_on_after_gathering_much(void **state)
{
    enum { CONTENT = 20000, REQUESTS = 6 };
    static char text[REQUESTS * (CONTENT + 400)];
    static char block[65536];
    size_t len = 0;
    size_t total = 0;

    (void)state;
    for (int i = 0; i < REQUESTS; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "PUT /cse-in/echo HTTP/1.1\r\n" HEADER
                                "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                                "{\"m2m:cin\":\"%0*d\"}",
                                CONTENT + 14, CONTENT, i);
    }
    send_bytes(text, len);
    for (int i = 0; i < 200 && total < (size_t)REQUESTS * CONTENT; i++) {
        ssize_t n = recv(client, block, sizeof block, MSG_DONTWAIT);

        total += n > 0 ? (size_t)n : 0;
        run_for(n > 0 ? 0 : 5 * MS);
    }
    assert_int_equal(worker.answered, REQUESTS);
    assert_true(total >= (size_t)REQUESTS * CONTENT);
}

static void answers_after_the_peer_has_ended_its_direction(void **state)
{
    (void)state;
    send_text("GET /cse-in/slow HTTP/1.1\r\n" HEADER "\r\nGET /cse-in/fixed HTTP/1.1\r\n" HEADER
              "\r\nGET /half");
    assert_int_equal(shutdown(client, SHUT_WR), 0);
    run_for(80 * MS);
    assert_true(receive());
    assert_int_equal(count("HTTP/1.1 200 "), 2);
}

static void closes_when_asked(void **state)
{
    (void)state;
    send_text("GET /cse-in/fixed HTTP/1.1\r\n" HEADER "Connection: close\r\n\r\n"
              "GET /cse-in/fixed HTTP/1.1\r\n" HEADER "\r\n");
    assert_true(receive());
    assert_int_equal(count("HTTP/1.1 200 "), 1);
    assert_true(has("Connection: close\r\n"));
    assert_int_equal(worker.calls, 1);
}

static void answers_http_1_0_and_closes(void **state)
{
    (void)state;
    send_text("GET /cse-in/fixed HTTP/1.0\r\n\r\n");
    assert_true(receive());
    assert_true(has("HTTP/1.1 200 \r\n"));
    assert_true(has("Connection: close\r\n"));
}

static void tells_to_continue(void **state)
{
    (void)state;
    send_text("PUT /cse-in/echo HTTP/1.1\r\n" HEADER "Content-Type: application/json\r\n"
              "Expect: 100-continue\r\nContent-Length: 7\r\n\r\n");
    assert_false(receive());
    assert_string_equal(got, "HTTP/1.1 100 Continue\r\n\r\n");
    send_text("{\"a\":1}");
    assert_false(receive());
    assert_true(has("HTTP/1.1 200 \r\n"));
    send_text("PUT /cse-in/echo HTTP/1.1\r\n" HEADER "Content-Type: application/json\r\n"
              "Expect: 100-continue\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
    assert_false(receive());
    assert_int_equal(count("100 Continue"), 0); /* it has come already */
}

static void refuses_large_bodies_before_reading_them(void **state)
{
    (void)state;
    send_text("PUT /cse-in/echo HTTP/1.1\r\n" HEADER "Content-Type: application/json\r\n"
              "Expect: 100-continue\r\nContent-Length: 999999999\r\n\r\n");
    assert_true(receive());
    assert_true(has("HTTP/1.1 413 \r\nX-M2M-RSC: 4000\r\nX-M2M-RI: r1\r\nX-M2M-RVI: 3\r\n"));
    assert_true(has("{\"m2m:dbg\":\"body too large\"}"));
    assert_int_equal(worker.calls, 0);
}

static void refusals_repeat_what_was_read(void **state)
{
    (void)state;
    send_text("GET /cse-in/echo HTTP/1.1\r\n" HEADER "Expect: the-unexpected\r\n\r\n");
    assert_true(receive());
    assert_true(has("HTTP/1.1 417 \r\nX-M2M-RSC: 4000\r\nX-M2M-RI: r1\r\nX-M2M-RVI: 3\r\n"));
    assert_int_equal(worker.calls, 0);
}

static void methods_of_others_keep_the_connection(void **state)
{
    (void)state;
    send_text("PATCH /cse-in/echo HTTP/1.1\r\n" HEADER "Content-Length: 2\r\n\r\n{}");
    assert_false(receive());
    assert_true(has("HTTP/1.1 405 \r\nX-M2M-RSC: 4005\r\nX-M2M-RI: r1\r\n"));
    assert_true(has("Allow: GET, POST, PUT, DELETE\r\n"));
    send_text("HEAD /cse-in/echo HTTP/1.1\r\n" HEADER "\r\n");
    assert_false(receive());
    assert_true(has("HTTP/1.1 405 \r\n"));
    assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\n"); /* no body */
    send_text("BREW /cse-in/echo HTTP/1.1\r\n" HEADER "\r\n");
    assert_false(receive());
    assert_true(has("HTTP/1.1 501 \r\nX-M2M-RSC: 5001\r\n"));
    send_text("GET /cse-in/fixed HTTP/1.1\r\n" HEADER "\r\n");
    assert_false(receive());
    assert_true(has("HTTP/1.1 200 \r\n"));
}

static void bad_content_keeps_the_connection(void **state)
{
    (void)state;
    send_text("PUT /cse-in/echo HTTP/1.1\r\n" HEADER "Content-Type: application/json\r\n"
              "Content-Length: 5\r\n\r\n{\"a\":");
    assert_false(receive());
    assert_true(has("HTTP/1.1 400 \r\nX-M2M-RSC: 4000\r\nX-M2M-RI: r1\r\n"));
    assert_true(has("{\"m2m:dbg\":\"JSON"));
    send_text("PUT /cse-in/echo HTTP/1.1\r\n" HEADER "Content-Type: text/plain\r\n"
              "Content-Length: 5\r\n\r\nhello");
    assert_false(receive());
    assert_true(has("HTTP/1.1 415 \r\nX-M2M-RSC: 4015\r\n"));
    send_text("GET /cse-in/echo HTTP/1.1\r\n" HEADER "Accept: text/html\r\n\r\n");
    assert_false(receive());
    assert_true(has("HTTP/1.1 406 \r\nX-M2M-RSC: 5207\r\n"));
    assert_int_equal(worker.calls, 0);
}

static void what_the_cse_cannot_say_is_an_internal_error(void **state)
{
    (void)state;
    send_text("GET /cse-in/broken HTTP/1.1\r\n" HEADER "\r\n");
    assert_false(receive());
    assert_true(has("HTTP/1.1 500 \r\nX-M2M-RSC: 5000\r\nX-M2M-RI: r1\r\n"));
}

/* ---- peers that are slow, or gone ---- */

static void bounds_the_time_for_a_header(void **state)
{
    (void)state;
    limits.header_ms = 30;
    for (int i = 0; i < 20 && send(client, "G", 1, MSG_NOSIGNAL) == 1; i++) {
        run_for(4 * MS); /* never quiet for long */
    }
    assert_true(receive());
    assert_true(has("HTTP/1.1 408 \r\nX-M2M-RSC: 4008\r\n"));
}

static void bounds_the_time_for_a_body(void **state)
{
    (void)state;
    limits.body_ms = 30;
    send_text("PUT /cse-in/echo HTTP/1.1\r\n" HEADER "Content-Length: 9\r\n\r\n{");
    run_for(60 * MS);
    assert_true(receive());
    assert_true(has("HTTP/1.1 408 \r\n"));
}

static void closes_idle_connections_without_a_word(void **state)
{
    (void)state;
    limits.idle_ms = 30;
    send_text("GET /cse-in/fixed HTTP/1.1\r\n" HEADER "\r\n");
    run_for(60 * MS);
    assert_true(receive());
    assert_int_equal(count("HTTP/1.1"), 1);
}

static void a_call_has_no_time_limit_of_the_connection(void **state)
{
    (void)state;
    limits.idle_ms = 20;
    limits.header_ms = 20;
    send_text("GET /cse-in/slow HTTP/1.1\r\n" HEADER "\r\n");
    run_for(60 * MS);
    (void)receive();
    assert_true(has("HTTP/1.1 200 \r\n"));
}

/* A request to `path` that takes some hundred KB when it is decoded. */
static void send_large(int fd, const char *path)
{
    static char text[40000];
    int len = snprintf(text, sizeof text,
                       "PUT /cse-in/%s HTTP/1.1\r\n" HEADER
                       "Content-Type: application/json\r\nContent-Length: 10003\r\n\r\n[1",
                       path);

    for (int i = 0; i < 5000; i++, len += 2) {
        memcpy(text + len, ",1", 2);
    }
    text[len++] = ']';
    assert_int_equal(send(fd, text, (size_t)len, MSG_NOSIGNAL), len);
}

static void bounds_the_memory_of_waiting_requests(void **state)
{
    int others[20];

    (void)state;
    limits.waiting_bytes = 1 << 20;
    for (size_t i = 0; i < 20; i++) {
        others[i] = connect_client();
        send_large(others[i], "never");
        run_for(1 * MS);
    }
    assert_in_range(worker.calls, 2, 8); /* the others were refused */
    send_large(client, "echo");
    assert_false(receive());
    assert_true(has("HTTP/1.1 500 \r\nX-M2M-RSC: 5000\r\n"));
    assert_true(has("too many requests waiting"));
    send_text("GET /cse-in/fixed HTTP/1.1\r\n" HEADER "\r\n");
    assert_false(receive());
    assert_true(has("HTTP/1.1 200 \r\n"));
    mln_fake_release(&worker);
    send_large(client, "echo");
    assert_false(receive());
    assert_true(has("HTTP/1.1 200 \r\n"));
    for (size_t i = 0; i < 20; i++) {
        (void)close(others[i]);
    }
}

/* Bodies that do not end count too. */
static void bounds_the_memory_of_halves(void **state)
{
    int others[20];

    (void)state;
    limits.waiting_bytes = UINT64_C(64) * 1024;
    limits.body_bytes = UINT64_C(100) * 1024;
    for (size_t i = 0; i < 20; i++) {
        static char text[80000];
        int len = snprintf(text, sizeof text,
                           "PUT /cse-in/echo HTTP/1.1\r\n" HEADER "Content-Length: 100000\r\n\r\n");

        memset(text + len, ' ', sizeof text - (size_t)len);
        others[i] = connect_client();
        assert_int_equal(send(others[i], text, sizeof text, MSG_NOSIGNAL), sizeof text);
        run_for(1 * MS);
    }
    run_for(10 * MS);
    assert_int_equal(recv(others[0], got, GOT_MAX, MSG_DONTWAIT), -1); /* may go on */
    assert_true(recv(others[19], got, GOT_MAX, MSG_DONTWAIT) > 0);
    assert_true(has("HTTP/1.1 503 \r\nX-M2M-RSC: 5000\r\n"));
    for (size_t i = 0; i < 20; i++) {
        (void)close(others[i]);
    }
}

static void a_peer_that_does_not_read_holds_one_answer(void **state)
{
    char text[8192];
    size_t len = 0;
    int small = 4096;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)state;
    limits.send_ms = 100;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&where, where_len), 0);
    for (int i = 0; i < 50; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "GET /cse-in/big HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    assert_int_equal(send(fd, text, len, 0), (ssize_t)len);
    run_for(50 * MS);
    assert_true(worker.calls <= 2); /* one may have fitted into the system's buffers */
    run_for(300 * MS);
    assert_true(worker.calls <= 2);
    assert_int_equal(gate.open, 1); /* closed: only the other client is left */
    (void)close(fd);
}

static void reads_all_of_a_large_answer(void **state)
{
    static char block[65536];
    size_t total = 0;

    (void)state;
    send_text("GET /cse-in/big HTTP/1.1\r\n" HEADER "Connection: close\r\n\r\n");
    for (;;) {
        ssize_t n = recv(client, block, sizeof block, MSG_DONTWAIT);

        if (n == 0) {
            break;
        }
        total += n > 0 ? (size_t)n : 0;
        if (n < 0) {
            run_for(1 * MS);
        }
    }
    assert_true(total > 4 << 20);
}

static void a_peer_may_leave_before_its_answer(void **state)
{
    (void)state;
    send_text("GET /cse-in/never HTTP/1.1\r\n" HEADER "\r\n");
    run_for(10 * MS);
    assert_int_equal(server->calls, 1);
    assert_int_equal(setsockopt(client, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 },
                                sizeof(struct linger)),
                     0);
    (void)close(client); /* a reset */
    client = connect_client();
    run_for(10 * MS);
    assert_int_equal(gate.open, 1);
    assert_int_equal(worker.abandoned, 1);
    mln_fake_release(&worker);
    assert_int_equal(server->calls, 0);
    send_text("GET /cse-in/fixed HTTP/1.1\r\n" HEADER "\r\n");
    assert_false(receive());
    assert_true(has("HTTP/1.1 200 \r\n"));
}

/* The CSE is told, and the answer is sent all the same. */
static void a_peer_may_end_its_direction_before_the_answer(void **state)
{
    (void)state;
    send_text("GET /cse-in/never HTTP/1.1\r\n" HEADER "\r\n");
    run_for(10 * MS);
    assert_int_equal(worker.abandoned, 0);
    assert_int_equal(shutdown(client, SHUT_WR), 0);
    run_for(10 * MS);
    assert_int_equal(worker.abandoned, 1);
    mln_fake_release(&worker);
    assert_true(receive());
    assert_true(has("HTTP/1.1 200 \r\n"));
}

static void a_peer_may_leave_in_every_state(void **state)
{
    static const char *const parts[] = {
        "",
        "G",
        "GET / HTTP/1.1\r\nHost: h\r\n",
        "PUT /a HTTP/1.1\r\n" HEADER "Content-Length: 5\r\n\r\n12",
        "GET /cse-in/big HTTP/1.1\r\n" HEADER "\r\n",
        "GET /cse-in/slow HTTP/1.1\r\n" HEADER "\r\n",
        CREATE,
    };

    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        for (int with_reset = 0; with_reset < 2; with_reset++) {
            struct linger linger = { .l_onoff = with_reset };

            send_text(parts[i]);
            run_for(3 * MS);
            assert_int_equal(setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
            (void)close(client);
            run_for(3 * MS);
            client = connect_client();
        }
    }
    run_for(100 * MS);
    assert_int_equal(server->calls, 0);
    assert_int_equal(gate.open, 1);
}

/* ---- stopping ---- */

static bool has_stopped;

static void on_stopped(struct mln_task *task)
{
    (void)task;
    has_stopped = true;
}

static void stops_when_requests_are_answered(void **state)
{
    struct mln_task stopped = { .run = on_stopped };
    int idle = connect_client();
    int half = connect_client();
    char c;

    (void)state;
    has_stopped = false;
    assert_int_equal(send(half, "GET /cse-in/fixed HT", 20, 0), 20);
    send_text("GET /cse-in/slow HTTP/1.1\r\n" HEADER "\r\n");
    run_for(10 * MS);
    mln_http_binding.stop(server, 5000 * MS, &stopped);
    run_for(10 * MS);
    assert_false(has_stopped);
    assert_int_equal(recv(idle, &c, 1, MSG_DONTWAIT), 0); /* closed at once */
    run_for(60 * MS);
    assert_true(receive());
    assert_true(has("HTTP/1.1 200 \r\n"));
    assert_true(has("Connection: close\r\n"));
    assert_false(has_stopped);
    assert_int_equal(send(half, "TP/1.1\r\nHost: h\r\n\r\n", 19, 0), 19);
    run_for(20 * MS);
    assert_true(recv(half, got, 1000, MSG_DONTWAIT) > 100);
    assert_true(has_stopped);
    (void)close(half);
    (void)close(idle);
}

static void cuts_off_what_takes_too_long(void **state)
{
    struct mln_task stopped = { .run = on_stopped };

    (void)state;
    has_stopped = false;
    send_text("GET /cse-in/never HTTP/1.1\r\n" HEADER "\r\n");
    run_for(10 * MS);
    mln_http_binding.stop(server, 30 * MS, &stopped);
    run_for(60 * MS);
    assert_true(has_stopped);
    assert_true(receive());
    assert_string_equal(got, "");
    assert_int_equal(server->calls, 1);
    mln_fake_release(&worker);
    assert_int_equal(server->calls, 0);
}

static void stops_at_once_when_nothing_is_open(void **state)
{
    struct mln_task stopped = { .run = on_stopped };

    (void)state;
    has_stopped = false;
    run_for(5 * MS);
    mln_http_binding.stop(server, 5000 * MS, &stopped);
    run_for(5 * MS);
    assert_true(has_stopped);
}

#ifdef MLN_TORTURE

/* Each allocation of a short exchange fails once: the peer gets an answer or the end, and the next
 * one is served. */
static void survives_failed_allocations(void **state)
{
    bool has_failed = true;

    (void)state;
    for (unsigned long n = 1; has_failed && n < 1000; n++) {
        struct linger linger = { .l_onoff = 1 };

        assert_int_equal(setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
        (void)close(client);
        client = connect_client();
        mln_mem_fail_at(n);
        send_text(CREATE CREATE "GET /cse-in/posted HTTP/1.1\r\nHo");
        run_for(2 * MS);
        (void)send(client, "st: h\r\n\r\n", 9, MSG_NOSIGNAL);
        run_for(2 * MS);
        has_failed = mln_mem_count() >= n;
        mln_mem_fail_at(0);
    }
    assert_false(has_failed);
    (void)receive();
    assert_int_equal(count("HTTP/1.1 200 "), 3);
    assert_int_equal(server->calls, 0);
}

#endif

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_and_stays_open),
        TEST(hands_on_content),
        TEST(reads_requests_split_at_every_byte),
        TEST(answers_pipelined_requests_in_order),
        TEST(goes_on_after_gathering_much),
        TEST(answers_after_the_peer_has_ended_its_direction),
        TEST(closes_when_asked),
        TEST(answers_http_1_0_and_closes),
        TEST(tells_to_continue),
        TEST(refuses_large_bodies_before_reading_them),
        TEST(refusals_repeat_what_was_read),
        TEST(methods_of_others_keep_the_connection),
        TEST(bad_content_keeps_the_connection),
        TEST(what_the_cse_cannot_say_is_an_internal_error),
        TEST(bounds_the_time_for_a_header),
        TEST(bounds_the_time_for_a_body),
        TEST(closes_idle_connections_without_a_word),
        TEST(a_call_has_no_time_limit_of_the_connection),
        TEST(bounds_the_memory_of_waiting_requests),
        TEST(bounds_the_memory_of_halves),
        TEST(a_peer_that_does_not_read_holds_one_answer),
        TEST(reads_all_of_a_large_answer),
        TEST(a_peer_may_leave_before_its_answer),
        TEST(a_peer_may_end_its_direction_before_the_answer),
        TEST(a_peer_may_leave_in_every_state),
        TEST(stops_when_requests_are_answered),
        TEST(cuts_off_what_takes_too_long),
        TEST(stops_at_once_when_nothing_is_open),
#ifdef MLN_TORTURE
        TEST(survives_failed_allocations),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
