/* Listeners: shared ports, peers, the gate. */
#include "io/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

enum { LOOPS = 2, CLIENTS = 40 };

static struct mln_gate gate;

static struct mln_address loopback(const char *host)
{
    struct mln_address address = { 0 };

    assert_false(mln_failed(mln_address_resolve(mln_slice_z(host), 0, &address, NULL)));
    return address;
}

static int connect_to(const struct mln_address *address)
{
    struct sockaddr_storage system;
    socklen_t len = mln_address_to_system(address, &system);
    int fd = socket(address->len == 16 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&system, len), 0);
    return fd;
}

/* ---- binding ---- */

static void binds_several_sockets_to_a_port_of_the_system(void **state)
{
    struct mln_address address = loopback("127.0.0.1");
    struct mln_address actual = { 0 };
    int fds[3] = { -1, -1, -1 };

    (void)state;
    assert_false(mln_failed(mln_listener_bind(&address, 3, fds, &actual, NULL)));
    assert_true(actual.port != 0);
    for (int i = 0; i < 3; i++) {
        struct sockaddr_in system = { 0 };
        socklen_t len = sizeof system;

        assert_int_equal(getsockname(fds[i], (struct sockaddr *)&system, &len), 0);
        assert_int_equal(ntohs(system.sin_port), actual.port);
        (void)close(fds[i]);
    }
}

static void refuses_a_port_that_somebody_has(void **state)
{
    struct mln_address address = loopback("127.0.0.1");
    struct mln_address actual = { 0 };
    struct mln_fault fault = { 0 };
    int fds[2];
    int others[2];

    (void)state;
    assert_false(mln_failed(mln_listener_bind(&address, 2, fds, &actual, NULL)));
    /* although those sockets allow others beside them */
    assert_int_equal(mln_listener_bind(&actual, 2, others, &address, &fault).code, MLN_ERR_CONFIG);
    assert_true(strstr(fault.text, "in use") != NULL);
    (void)close(fds[0]);
    (void)close(fds[1]);
    assert_false(mln_failed(mln_listener_bind(&actual, 2, others, &address, NULL)));
    (void)close(others[0]);
    (void)close(others[1]);
}

static void refuses_an_address_of_others(void **state)
{
    struct mln_address address = loopback("192.0.2.1");
    struct mln_fault fault = { 0 };
    int fd;

    (void)state;
    address.port = 4711;
    assert_int_equal(mln_listener_bind(&address, 1, &fd, &address, &fault).code, MLN_ERR_CONFIG);
    assert_true(strstr(fault.text, "192.0.2.1:4711") != NULL);
}

/* ---- accepting ---- */

struct server {
    struct mln_loop *loop;
    struct mln_listener *listener;
    pthread_t thread;
    struct mln_stream *streams[CLIENTS];
    size_t count;
};

static _Atomic size_t accepted;

static void on_event(void *owner)
{
    (void)owner; /* connections stay open until the server ends */
}

static void on_accepted(void *owner, struct mln_stream *stream)
{
    static const struct mln_stream_ops ops = { on_event, on_event, on_event, on_event };
    struct server *s = owner;

    mln_stream_own(stream, &ops, s);
    s->streams[s->count++] = stream;
    accepted++;
}

static void server_open(struct server *s, int fd, bool is_trusted)
{
    struct mln_listener_options options = {
        .fd = fd,
        .is_trusted = is_trusted,
        .max_input = 4096,
        .gate = &gate,
        .accepted = on_accepted,
        .owner = s,
    };

    *s = (struct server){ 0 };
    assert_false(mln_failed(mln_loop_new(&s->loop)));
    assert_false(mln_failed(mln_listener_new(s->loop, &options, &s->listener)));
}

static void server_close(struct server *s)
{
    mln_listener_free(s->listener);
    for (size_t i = 0; i < s->count; i++) {
        mln_stream_free(s->streams[i]);
    }
    mln_loop_free(s->loop);
}

static void *run_server(void *data)
{
    struct server *s = data;

    mln_ignore(mln_loop_run(s->loop));
    return NULL;
}

/* What the other side sees: "open", or "closed" by the server. */
static bool is_closed(int fd)
{
    char c;

    return recv(fd, &c, 1, 0) == 0 || errno == ECONNRESET;
}

static void loops_share_a_port(void **state)
{
    struct mln_address address = loopback("127.0.0.1");
    struct server servers[LOOPS];
    int clients[CLIENTS];
    int fds[LOOPS];

    (void)state;
    gate = (struct mln_gate){ .max = 1000 };
    accepted = 0;
    assert_false(mln_failed(mln_listener_bind(&address, LOOPS, fds, &address, NULL)));
    for (int i = 0; i < LOOPS; i++) {
        server_open(&servers[i], fds[i], true);
        assert_int_equal(pthread_create(&servers[i].thread, NULL, run_server, &servers[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = connect_to(&address);
    }
    while (accepted < CLIENTS) {
        (void)sched_yield();
    }
    for (int i = 0; i < LOOPS; i++) {
        mln_loop_stop(servers[i].loop);
        assert_int_equal(pthread_join(servers[i].thread, NULL), 0);
        assert_true(servers[i].count > 0); /* the system spreads them by their ports */
        for (size_t k = 0; k < servers[i].count; k++) {
            const struct mln_peer *peer = mln_stream_peer(servers[i].streams[k]);

            assert_true(peer->is_trusted);
            assert_false(peer->is_secured);
            assert_int_equal(peer->address_len, 4);
            assert_int_equal(peer->address[0], 127);
            assert_true(peer->port != 0 && strncmp(peer->name, "127.0.0.1:", 10) == 0);
        }
    }
    assert_int_equal(gate.open, CLIENTS);
    for (int i = 0; i < LOOPS; i++) {
        server_close(&servers[i]);
    }
    assert_int_equal(gate.open, 0);
    for (int i = 0; i < CLIENTS; i++) {
        assert_true(is_closed(clients[i]));
        (void)close(clients[i]);
    }
}

static void stop_loop(struct mln_timer *timer);

static struct mln_loop *stopping;
static struct mln_timer stop_timer = { .fire = stop_loop };

static void stop_loop(struct mln_timer *timer)
{
    (void)timer;
    mln_loop_stop(stopping);
}

static void run_a_moment(struct mln_loop *loop)
{
    stopping = loop;
    mln_loop_after(loop, &stop_timer, INT64_C(20) * 1000);
    assert_false(mln_failed(mln_loop_run(loop)));
}

static void closes_connections_beyond_the_gate(void **state)
{
    struct mln_address address = loopback("127.0.0.1");
    struct server server;
    int clients[5];
    int fd;

    (void)state;
    gate = (struct mln_gate){ .max = 3 };
    assert_false(mln_failed(mln_listener_bind(&address, 1, &fd, &address, NULL)));
    server_open(&server, fd, false);
    for (int i = 0; i < 5; i++) {
        clients[i] = connect_to(&address);
    }
    run_a_moment(server.loop);
    assert_int_equal(server.count, 3);
    assert_false(mln_stream_peer(server.streams[0])->is_trusted);
    assert_true(is_closed(clients[3]) && is_closed(clients[4]));
    mln_stream_free(server.streams[--server.count]); /* makes room for another */
    clients[3] = connect_to(&address);
    run_a_moment(server.loop);
    assert_int_equal(server.count, 3);
    server_close(&server);
    for (int i = 0; i < 5; i++) {
        (void)close(clients[i]);
    }
}

static void accepts_on_ipv6(void **state)
{
    struct mln_address address = loopback("::1");
    struct server server;
    int client;
    int fd;

    (void)state;
    gate = (struct mln_gate){ .max = 3 };
    if (mln_failed(mln_listener_bind(&address, 1, &fd, &address, NULL))) {
        skip(); /* a machine without IPv6 */
    }
    server_open(&server, fd, true);
    client = connect_to(&address);
    run_a_moment(server.loop);
    assert_int_equal(server.count, 1);
    assert_int_equal(mln_stream_peer(server.streams[0])->address_len, 16);
    assert_int_equal(strncmp(mln_stream_peer(server.streams[0])->name, "[::1]:", 6), 0);
    server_close(&server);
    (void)close(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binds_several_sockets_to_a_port_of_the_system),
        cmocka_unit_test(refuses_a_port_that_somebody_has),
        cmocka_unit_test(refuses_an_address_of_others),
        cmocka_unit_test(loops_share_a_port),
        cmocka_unit_test(closes_connections_beyond_the_gate),
        cmocka_unit_test(accepts_on_ipv6),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
