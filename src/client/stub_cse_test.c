/* A peer for tests of the client, on a thread with blocking sockets. */
#include "client/stub_cse_test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* False when the stub is to stop. */
static bool wait_for(const struct mln_stub *stub, int fd)
{
    struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
                            { .fd = stub->wake[0], .events = POLLIN } };

    while (poll(fds, 2, -1) < 0) {
    }
    return !fds[1].revents;
}

/* Is the text from `start` on a whole request? */
static bool is_whole(const struct mln_stub *stub, size_t start)
{
    const char *text = stub->requests + start;
    const char *end = strstr(text, "\r\n\r\n");
    const char *field = strstr(text, "Content-Length: ");
    size_t body = 0;

    if (!end) {
        return false;
    }
    if (field && field < end) {
        for (const char *c = field + 16; *c >= '0' && *c <= '9'; c++) {
            body = body * 10 + (size_t)(*c - '0');
        }
    }
    return stub->len - start >= (size_t)(end + 4 - text) + body;
}

/* Reads one request; false when the connection or the stub ends. */
static bool take_request(struct mln_stub *stub, int fd)
{
    size_t start = stub->len;

    while (!is_whole(stub, start)) {
        size_t room = sizeof stub->requests - stub->len - 1;
        ssize_t n = wait_for(stub, fd) ? recv(fd, stub->requests + stub->len, room, 0) : 0;

        if (n <= 0) {
            return false;
        }
        stub->len += (size_t)n;
        stub->requests[stub->len] = '\0';
    }
    return true;
}

static void serve(struct mln_stub *stub, int fd)
{
    for (size_t start = stub->len; take_request(stub, fd); start = stub->len) {
        const char *answer =
            stub->answer ? stub->answer(stub->data, stub->requests + start) : *stub->answers;

        if (!answer) {
            return;
        }
        stub->answers += !stub->answer;
        if (strcmp(answer, MLN_STUB_SILENCE) == 0) {
            char byte;

            while (wait_for(stub, fd) && recv(fd, &byte, 1, 0) > 0) {
            }
            return;
        }
        (void)send(fd, answer, strlen(answer), MSG_NOSIGNAL);
        if (strstr(answer, "Connection: close")) {
            return;
        }
    }
}

static void *run(void *data)
{
    struct mln_stub *stub = data;

    while (wait_for(stub, stub->fd)) {
        int fd = accept(stub->fd, NULL, NULL);

        if (fd >= 0) {
            serve(stub, fd);
            (void)close(fd);
        }
    }
    return NULL;
}

static void start(struct mln_stub *stub)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof address;

    stub->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(stub->fd >= 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(stub->fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(stub->fd, 8), 0);
    assert_int_equal(getsockname(stub->fd, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(stub->url, sizeof stub->url, "http://127.0.0.1:%u", ntohs(address.sin_port));
    assert_int_equal(pipe(stub->wake), 0);
    assert_int_equal(pthread_create(&stub->thread, NULL, run, stub), 0);
}

void mln_stub_start(struct mln_stub *stub, const char *const *answers)
{
    memset(stub, 0, sizeof *stub);
    stub->answers = answers;
    start(stub);
}

void mln_stub_start_with(struct mln_stub *stub, mln_stub_answer *answer, void *data)
{
    memset(stub, 0, sizeof *stub);
    stub->answer = answer;
    stub->data = data;
    start(stub);
}

void mln_stub_stop(struct mln_stub *stub)
{
    assert_int_equal(write(stub->wake[1], "x", 1), 1);
    assert_int_equal(pthread_join(stub->thread, NULL), 0);
    (void)close(stub->wake[0]);
    (void)close(stub->wake[1]);
    (void)close(stub->fd);
}
