/* Tests of receivers: a peer on a thread sends bytes and reads what comes back. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/num.h"
#include "client/client_int.h"
#include "client/stub_cse_test.h"

enum { TEXT_SIZE = 65536 };

static struct merlon_client *client;
static struct merlon_receiver *receiver;
static int notified;
static int verdict;

static int on_notified(void *data, const struct merlon_notification *n)
{
    struct merlon_error error;

    assert_ptr_equal(data, &notified);
    assert_string_equal(merlon_notification_subscription(n), "s");
    /* no calls on the same client from here */
    assert_int_equal(merlon_delete(client, "x", NULL, &error), MERLON_INVALID);
    assert_int_equal(merlon_client_run(client, 0, &error), MERLON_INVALID);
    notified++;
    return verdict;
}

static int set_up(void **state)
{
    (void)state;
    notified = 0;
    verdict = 0;
    client = merlon_client_new("http://127.0.0.1:9", NULL);
    receiver = merlon_receiver_new(client, "127.0.0.1:0", on_notified, &notified, NULL);
    return client && receiver ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    merlon_receiver_free(receiver);
    merlon_client_free(client);
    return 0;
}

/* ---- the peer ---- */

static uint16_t port_of(const char *url)
{
    struct mln_slice rest = mln_slice_z(url + strlen("http://"));
    uint64_t port = 0;

    (void)mln_slice_cut(&rest, ':');
    assert_true(mln_num_u64(mln_slice_cut(&rest, '/'), &port));
    return (uint16_t)port;
}

struct peer {
    const char *text; /* sent; then the direction is closed */
    size_t piece;     /* bytes sent at a time; 0: all */
    char answer[TEXT_SIZE];
};

static void send_pieces(int fd, const struct peer *peer)
{
    size_t len = strlen(peer->text);
    size_t piece = peer->piece ? peer->piece : len;

    for (size_t at = 0; at < len; at += piece) {
        size_t n = len - at < piece ? len - at : piece;

        if (send(fd, peer->text + at, n, MSG_NOSIGNAL) < 0) {
            return;
        }
    }
    (void)shutdown(fd, SHUT_WR);
}

static void *talk(void *data)
{
    struct peer *peer = data;
    struct sockaddr_in address = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t len = 0;
    ssize_t n;

    address.sin_port = htons(port_of(merlon_receiver_url(receiver)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
        send_pieces(fd, peer);
        while ((n = recv(fd, peer->answer + len, sizeof peer->answer - len - 1, 0)) > 0) {
            len += (size_t)n;
        }
    }
    peer->answer[len] = '\0';
    (void)close(fd);
    merlon_client_stop(client);
    return NULL;
}

static void exchange(struct peer *peer)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, talk, peer), 0);
    assert_int_equal(merlon_client_run(client, 30000, NULL), MERLON_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* A NOTIFY to a path below the receiver's, or to it when `suffix` is empty. */
static const char *notify(char *out, const char *path, const char *body)
{
    (void)snprintf(out, TEXT_SIZE,
                   "POST %s HTTP/1.1\r\nHost: x\r\nX-M2M-RI: r1\r\nX-M2M-RVI: 3\r\n"
                   "X-M2M-Origin: /id-in\r\nContent-Type: application/json\r\n"
                   "Content-Length: %zu\r\n\r\n%s",
                   path, strlen(body), body);
    return out;
}

static void assert_answer(const char *text, size_t piece, const char *status, const char *rsc)
{
    static struct peer peer;

    memset(&peer, 0, sizeof peer);
    peer.text = text;
    peer.piece = piece;
    exchange(&peer);
    if (!strstr(peer.answer, status) || !strstr(peer.answer, rsc)) {
        fail_msg("no '%s' and '%s' in:\n%s", status, rsc, peer.answer);
    }
}

/* ---- tests ---- */

static void takes_notifications_however_they_arrive(void **state)
{
    static char text[TEXT_SIZE];
    static const size_t pieces[] = { 0, 1, 7 };

    (void)state;
    notify(text, merlon_receiver_path(receiver), "{\"m2m:sgn\":{\"sur\":\"s\"}}");
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        assert_answer(text, pieces[i], "HTTP/1.1 200 ", "X-M2M-RSC: 2000\r\nX-M2M-RI: r1\r\n");
    }
    assert_int_equal(notified, 3);
    verdict = 5000;
    assert_answer(text, 0, "HTTP/1.1 500 ", "X-M2M-RSC: 5000\r\n");
    assert_int_equal(notified, 4);
}

static void takes_several_on_one_connection(void **state)
{
    static char text[TEXT_SIZE];
    static struct peer peer;
    size_t len;
    int answers = 0;

    (void)state;
    notify(text, merlon_receiver_path(receiver), "{\"m2m:sgn\":{\"sur\":\"s\"}}");
    len = strlen(text);
    memcpy(text + len, text, len);
    memcpy(text + 2 * len, text, len);
    text[3 * len] = '\0';
    memset(&peer, 0, sizeof peer);
    peer.text = text;
    exchange(&peer);
    for (const char *c = peer.answer; (c = strstr(c, "X-M2M-RSC: 2000")); c++) {
        answers++;
    }
    assert_int_equal(answers, 3);
    assert_int_equal(notified, 3);
}

static void confirms_verification(void **state)
{
    static char text[TEXT_SIZE];

    (void)state;
    notify(text, merlon_receiver_path(receiver), "{\"m2m:sgn\":{\"vrq\":true,\"sur\":\"s\"}}");
    assert_answer(text, 0, "HTTP/1.1 200 ", "X-M2M-RSC: 2000\r\n");
    assert_int_equal(notified, 0);
}

static void refuses_what_is_no_notification(void **state)
{
    static char text[TEXT_SIZE];
    char get[256];

    (void)state;
    notify(text, "/", "{\"m2m:sgn\":{\"sur\":\"s\"}}");
    assert_answer(text, 0, "HTTP/1.1 404 ", "X-M2M-RSC: 4004\r\n");
    notify(text, "/0123456789abcdef0123456789abcdef", "{\"m2m:sgn\":{\"sur\":\"s\"}}");
    assert_answer(text, 0, "HTTP/1.1 404 ", "X-M2M-RSC: 4004\r\n");
    notify(text, merlon_receiver_path(receiver), "{\"m2m:cin\":{}}");
    assert_answer(text, 0, "HTTP/1.1 400 ", "X-M2M-RSC: 4000\r\n");
    notify(text, merlon_receiver_path(receiver), "{\"m2m:sgn\":");
    assert_answer(text, 0, "HTTP/1.1 400 ", "X-M2M-RSC: 4000\r\n");
    (void)snprintf(get, sizeof get, "GET %s HTTP/1.1\r\nHost: x\r\nX-M2M-RI: 1\r\n\r\n",
                   merlon_receiver_path(receiver));
    assert_answer(get, 0, "HTTP/1.1 405 ", "X-M2M-RSC: 4005\r\n");
    assert_answer("nonsense\r\n\r\n", 0, "HTTP/1.1 400 ", "Connection: close\r\n");
    assert_answer("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", 0,
                  "HTTP/1.1 413 ", "Connection: close\r\n");
    assert_int_equal(notified, 0);
}

static void a_peer_that_leaves_half_way_does_no_harm(void **state)
{
    static char text[TEXT_SIZE];
    static struct peer peer;

    (void)state;
    notify(text, merlon_receiver_path(receiver), "{\"m2m:sgn\":{\"sur\":\"s\"}}");
    for (size_t len = 0; len < strlen(text); len += 13) {
        char cut[512];

        assert_true(len < sizeof cut);
        memcpy(cut, text, len);
        cut[len] = '\0';
        memset(&peer, 0, sizeof peer);
        peer.text = cut;
        exchange(&peer);
        assert_string_equal(peer.answer, "");
    }
    assert_int_equal(notified, 0);
}

static void open_connections_end_with_the_receiver(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char byte;

    (void)state;
    address.sin_port = htons(port_of(merlon_receiver_url(receiver)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(fd, "POST", 4, 0), 4);
    assert_int_equal(merlon_client_run(client, 50, NULL), MERLON_TIMEOUT);
    merlon_receiver_free(receiver);
    receiver = NULL;
    assert_true(recv(fd, &byte, 1, 0) <= 0);
    (void)close(fd);
}

static void waits_also_while_a_request_is_out(void **state)
{
    static const char *const answers[] = { MLN_STUB_SILENCE, NULL };
    static struct mln_stub stub;
    static char text[TEXT_SIZE];
    static struct peer peer;
    pthread_t thread;

    (void)state;
    assert_int_equal(tear_down(NULL), 0);
    mln_stub_start(&stub, answers);
    client = merlon_client_new(stub.url, NULL);
    receiver = merlon_receiver_new(client, NULL, on_notified, &notified, NULL);
    assert_non_null(receiver);
    merlon_client_set_timeout(client, 1000);
    memset(&peer, 0, sizeof peer);
    peer.text = notify(text, merlon_receiver_path(receiver), "{\"m2m:sgn\":{\"sur\":\"s\"}}");
    assert_int_equal(pthread_create(&thread, NULL, talk, &peer), 0);
    assert_int_equal(merlon_delete(client, "x", NULL, NULL), MERLON_TIMEOUT);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_non_null(strstr(peer.answer, "X-M2M-RSC: 2000\r\n"));
    assert_int_equal(notified, 1);
    mln_stub_stop(&stub);
}

static void chooses_an_address_that_the_cse_can_reach(void **state)
{
    struct merlon_receiver *other;
    struct merlon_error error;

    (void)state;
    other = merlon_receiver_new(client, NULL, on_notified, NULL, &error);
    assert_non_null(other);
    assert_int_equal(strncmp(merlon_receiver_url(other), "http://127.0.0.1:", 17), 0);
    assert_string_not_equal(merlon_receiver_path(other), merlon_receiver_path(receiver));
    merlon_receiver_free(other);
    other = merlon_receiver_new(client, "0.0.0.0:0", on_notified, NULL, &error);
    assert_non_null(other);
    assert_int_equal(strncmp(merlon_receiver_url(other), "http://127.0.0.1:", 17), 0);
    merlon_receiver_free(other);
    merlon_receiver_free(NULL);
}

static void bad_addresses_are_refused(void **state)
{
    static const char *const bad[] = { "",     "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", ":80",
                                       "[::1", "[::1]",     "[::1]x",     "127.0.0.1:x" };
    struct merlon_error error;
    char taken[64];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(merlon_receiver_new(client, bad[i], on_notified, NULL, &error));
        assert_int_equal(error.status, MERLON_INVALID);
    }
    (void)snprintf(taken, sizeof taken, "127.0.0.1:%u", port_of(merlon_receiver_url(receiver)));
    assert_null(merlon_receiver_new(client, taken, on_notified, NULL, &error));
    assert_int_equal(error.status, MERLON_SYSTEM);
    assert_non_null(strstr(error.text, "cannot listen on 127.0.0.1:"));
}

static void bad_credentials_are_refused(void **state)
{
    static const struct {
        struct merlon_credential credential;
        const char *why;
    } rows[] = {
        { { .anchor_file = "a" }, "needs a certificate" },
        { { .certificate_file = "c", .key_file = "k" }, "trust anchor" },
        { { .psk_id = "a@b.example", .psk_file = "p", .anchor_file = "a" }, "needs a certificate" },
        { { .anchor_file = "/nowhere/a", .certificate_file = "c", .key_file = "k" }, "/nowhere/a" },
        { { .anchor_file = "a", .certificate_file = "c", .key_file = "k", .cse_id = "/in" },
          "absolute CSE-ID" },
    };
    struct merlon_error error;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_null(merlon_receiver_new_secured(client, "127.0.0.1:0", &rows[i].credential,
                                                on_notified, NULL, &error));
        assert_int_equal(error.status, MERLON_INVALID);
        assert_non_null(strstr(error.text, rows[i].why));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(takes_notifications_however_they_arrive, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_several_on_one_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(confirms_verification, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_is_no_notification, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_peer_that_leaves_half_way_does_no_harm, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(open_connections_end_with_the_receiver, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_also_while_a_request_is_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chooses_an_address_that_the_cse_can_reach, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(bad_addresses_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_credentials_are_refused, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("receiver", tests, NULL, NULL);
}
