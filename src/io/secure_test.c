/* Streams under TLS: a listener on its own thread, and a client of OpenSSL's that blocks.
 *
 * The server has no certificate but one key, so that the test needs no files. Under ThreadSanitizer
 * too: contexts are exchanged while connections come. */
#include "io/secure.h"

#include <ftw.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/env.h"
#include "base/mem.h"
#include "io/fetch.h"
#include "io/listener.h"
#include "io/loop_int.h"
#include "io/strikes.h"

enum {
    ECHOES = 64,
    BIG = 3 << 20,
    EXCHANGES = 30,
    KEY = 32,
    UPDATES = 20000,
    UPDATES_A_BYTE = 200
};

#define SECOND INT64_C(1000000)

/* Gives back what it gets. */
struct echo {
    struct mln_stream *stream;
    struct bench *bench;
};

struct bench {
    char path[64];
    struct mln_credentials *credentials;
    struct mln_tls_slot *slot;
    struct mln_strikes *strikes;
    struct mln_gate gate;
    struct mln_loop *loop;
    struct mln_listener *listener;
    struct mln_address address;
    pthread_t thread;
    struct echo echoes[ECHOES];
    size_t count;
    _Atomic int accepted;
    _Atomic int secured;
    sem_t broken; /* posted for each connection that is lost */
};

/* ---- the server ---- */

static void leave(struct echo *e)
{
    mln_stream_finish(e->stream, SECOND);
    e->stream = NULL;
}

static void on_data(void *owner)
{
    struct echo *e = owner;
    struct mln_slice in = mln_stream_peek(e->stream);

    if (in.len && mln_failed(mln_stream_write(e->stream, &in, 1, false))) {
        return; /* broken will be called */
    }
    mln_stream_consume(e->stream, in.len);
    if (mln_stream_is_ended(e->stream)) {
        leave(e);
    }
}

static void on_nothing(void *owner)
{
    (void)owner;
}

static void on_broken(void *owner)
{
    struct echo *e = owner;

    mln_stream_free(e->stream);
    e->stream = NULL;
    (void)sem_post(&e->bench->broken);
}

static void on_accepted(void *owner, struct mln_stream *stream)
{
    static const struct mln_stream_ops ops = { on_data, on_nothing, on_nothing, on_broken };
    struct bench *b = owner;
    struct echo *e = &b->echoes[b->count++ % ECHOES];

    mln_stream_free(e->stream);
    *e = (struct echo){ .stream = stream, .bench = b };
    b->secured += mln_stream_peer(stream)->is_secured;
    b->accepted++;
    mln_stream_own(stream, &ops, e);
}

static void *serve(void *data)
{
    struct bench *b = data;

    assert_false(mln_failed(mln_loop_run(b->loop)));
    return NULL;
}

static void add_key(struct bench *b)
{
    const struct mln_slice ae = MLN_S("Sone");
    const struct mln_credential credential = {
        .id = MLN_S("12-k1@sp.example"), .suid = 12, .ae_ids = { &ae, 1 }, .not_after_us = INT64_MAX
    };
    struct mln_secret *key = mln_secret_new(KEY);

    memset(mln_secret_room(key), 'a', KEY);
    assert_false(mln_failed(mln_credentials_add(b->credentials, &credential, key, NULL)));
    mln_secret_free(key);
}

static void put_context(struct bench *b)
{
    struct mln_tls_options options = {
        .env = mln_env_system(),
        .greatest = MLN_TLS_1_3,
        .credentials = b->credentials,
        .ticket_us = SECOND * 60,
    };
    struct mln_tls *tls = NULL;

    assert_false(mln_failed(mln_tls_new(&options, NULL, &tls)));
    mln_tls_slot_set(b->slot, tls);
    mln_tls_unref(tls);
}

static int set_up_for(void **state, int64_t handshake_us)
{
    struct bench *b = mln_calloc(1, sizeof *b);
    struct mln_credentials_options where = { .directory = b->path };
    struct mln_listener_options options = { .max_input = 4096,
                                            .accepted = on_accepted,
                                            .owner = b,
                                            .max_handshakes = 100,
                                            .handshake_us = handshake_us,
                                            .handshake_bytes = 65536 };
    int fd;

    assert_int_equal(sem_init(&b->broken, 0, 0), 0);
    (void)snprintf(b->path, sizeof b->path, "/tmp/merlon-secure-XXXXXX");
    assert_non_null(mkdtemp(b->path));
    assert_false(mln_failed(mln_credentials_open(&where, mln_env_system(), NULL, &b->credentials)));
    add_key(b);
    assert_false(mln_failed(mln_tls_slot_new(&b->slot)));
    put_context(b);
    assert_false(mln_failed(mln_strikes_new(mln_env_system(), 1000, &b->strikes)));
    b->gate.max = 100;
    assert_false(mln_failed(mln_loop_new(&b->loop)));
    assert_false(mln_failed(mln_address_resolve(MLN_S("127.0.0.1"), 0, &b->address, NULL)));
    assert_false(mln_failed(mln_listener_bind(&b->address, 1, &fd, &b->address, NULL)));
    options.fd = fd;
    options.gate = &b->gate;
    options.tls = b->slot;
    options.strikes = b->strikes;
    assert_false(mln_failed(mln_listener_new(b->loop, &options, &b->listener)));
    assert_int_equal(pthread_create(&b->thread, NULL, serve, b), 0);
    *state = b;
    return 0;
}

/* No handshake is cut off because the machine is busy. */
static int set_up(void **state)
{
    return set_up_for(state, 60 * SECOND);
}

static int set_up_impatient(void **state)
{
    return set_up_for(state, SECOND / 10);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    mln_loop_stop(b->loop);
    (void)pthread_join(b->thread, NULL);
    mln_listener_free(b->listener);
    for (size_t i = 0; i < ECHOES; i++) {
        mln_stream_free(b->echoes[i].stream);
    }
    mln_loop_free(b->loop);
    mln_tls_slot_free(b->slot);
    mln_strikes_free(b->strikes);
    mln_credentials_close(b->credentials);
    assert_int_equal(nftw(b->path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    (void)sem_destroy(&b->broken);
    mln_free(b);
    return 0;
}

/* ---- the client ---- */

static unsigned say_key(SSL *ssl, const char *hint, char *identity, unsigned identity_max,
                        unsigned char *psk, unsigned psk_max)
{
    (void)ssl;
    (void)hint;
    (void)psk_max;
    (void)snprintf(identity, identity_max, "k1@sp.example");
    memset(psk, 'a', KEY);
    return KEY;
}

static int connect_to(const struct bench *b)
{
    struct sockaddr_storage system;
    socklen_t len = mln_address_to_system(&b->address, &system);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&system, len), 0);
    return fd;
}

static SSL *shake(const struct bench *b, int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl;

    SSL_CTX_set_psk_client_callback(ctx, say_key);
    assert_int_equal(SSL_CTX_set_min_proto_version(ctx, version), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, version), 1);
    ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    assert_int_equal(SSL_set_fd(ssl, connect_to(b)), 1);
    assert_int_equal(SSL_connect(ssl), 1);
    return ssl;
}

static void hang_up(SSL *ssl)
{
    int fd = SSL_get_fd(ssl);

    SSL_free(ssl);
    (void)close(fd);
}

static void read_whole(SSL *ssl, char *to, size_t len)
{
    size_t got = 0;

    while (got < len) {
        size_t n = 0;

        assert_int_equal(SSL_read_ex(ssl, to + got, len - got, &n), 1);
        got += n;
    }
}

static void assert_echo(SSL *ssl, const char *text)
{
    char got[64] = { 0 };

    assert_int_equal(SSL_write(ssl, text, (int)strlen(text)), (int)strlen(text));
    read_whole(ssl, got, strlen(text));
    assert_string_equal(got, text);
}

/* ---- tests ---- */

static void bytes_go_both_ways(void **state)
{
    struct bench *b = *state;
    static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

    for (int i = 0; i < 2; i++) {
        SSL *ssl = shake(b, versions[i]);

        assert_echo(ssl, "one");
        assert_echo(ssl, "two, longer");
        hang_up(ssl);
    }
    assert_int_equal(b->accepted, 2);
    assert_int_equal(b->secured, 2);
}

/* The client sends all before it reads: the server's output waits, and its reading too. */
static void much_waits_for_a_slow_reader(void **state)
{
    SSL *ssl = shake(*state, TLS1_3_VERSION);
    char *sent = mln_malloc(BIG);
    char *got = mln_malloc(BIG);
    size_t have = 0;

    for (size_t i = 0; i < BIG; i++) {
        sent[i] = (char)(i * 7 + i / 251);
    }
    for (size_t at = 0; at < BIG; at += BIG / 8) {
        size_t n = 0;

        assert_int_equal(SSL_write_ex(ssl, sent + at, BIG / 8, &n), 1);
        if (at) { /* one piece behind */
            read_whole(ssl, got + have, BIG / 8);
            have += BIG / 8;
        }
    }
    read_whole(ssl, got + have, BIG - have);
    assert_memory_equal(sent, got, BIG);
    mln_free(sent);
    mln_free(got);
    hang_up(ssl);
}

/* The keys of a connection may change at any time, at the wish of either side. */
static void keys_are_updated(void **state)
{
    SSL *ssl = shake(*state, TLS1_3_VERSION);

    for (int i = 0; i < 5; i++) {
        assert_int_equal(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_echo(ssl, "again");
    }
    hang_up(ssl);
}

/* ---- a flood ---- */

struct flood {
    SSL *ssl;
    BIO *records; /* of the client, kept back */
    sem_t begun;
    _Atomic bool is_done;
};

/* Key updates into the records, and now and then a byte. */
static void write_flood(SSL *ssl, BIO *records)
{
    SSL_set0_wbio(ssl, records);
    for (int i = 0; i < UPDATES; i++) {
        assert_int_equal(SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(ssl), 1);
        if (i % UPDATES_A_BYTE == 0) {
            assert_int_equal(SSL_write(ssl, "!", 1), 1);
        }
    }
}

static void *send_flood(void *data)
{
    struct flood *f = data;
    char *bytes;
    long len = BIO_get_mem_data(f->records, &bytes);
    char got[UPDATES / UPDATES_A_BYTE];

    for (long at = 0; at < len;) {
        ssize_t n = send(SSL_get_rfd(f->ssl), bytes + at, (size_t)(len - at), MSG_NOSIGNAL);

        if (n <= 0) {
            break;
        }
        at += n;
        (void)sem_post(&f->begun);
    }
    read_whole(f->ssl, got, sizeof got);
    f->is_done = true;
    return NULL;
}

/* OpenSSL processes records that bring no bytes for as long as they come, in one call; now and then
 * a byte makes it return. The others on the thread have their turn all the same. */
static void a_flood_of_key_updates_keeps_nobody_waiting(void **state)
{
    struct flood f = { 0 };
    SSL *other = shake(*state, TLS1_3_VERSION);
    int fd;
    pthread_t id;

    f.ssl = shake(*state, TLS1_3_VERSION);
    f.records = BIO_new(BIO_s_mem());
    write_flood(f.ssl, f.records);
    assert_int_equal(sem_init(&f.begun, 0, 0), 0);
    assert_int_equal(pthread_create(&id, NULL, send_flood, &f), 0);
    assert_int_equal(sem_wait(&f.begun), 0);
    for (int i = 0; i < 3; i++) {
        assert_echo(other, "meanwhile");
    }
    assert_false(f.is_done);
    (void)pthread_join(id, NULL);
    assert_true(f.is_done);
    fd = SSL_get_rfd(f.ssl);
    SSL_free(f.ssl);
    (void)close(fd);
    (void)sem_destroy(&f.begun);
    hang_up(other);
}

/* close_notify is answered by what is still to be said, and by ours. */
static void the_end_is_told(void **state)
{
    SSL *ssl = shake(*state, TLS1_2_VERSION);
    char byte;

    assert_int_equal(SSL_write(ssl, "last", 4), 4);
    assert_int_equal(SSL_shutdown(ssl), 0);
    read_whole(ssl, (char[8]){ 0 }, 4);
    assert_int_equal(SSL_read(ssl, &byte, 1), 0);
    assert_int_equal(SSL_get_error(ssl, 0), SSL_ERROR_ZERO_RETURN);
    hang_up(ssl);
}

/* An end of the socket without close_notify may be an attacker's: the connection is lost. */
static void an_end_that_is_cut_off_is_none(void **state)
{
    struct bench *b = *state;
    SSL *ssl = shake(b, TLS1_3_VERSION);

    assert_echo(ssl, "half");
    hang_up(ssl);
    assert_int_equal(sem_wait(&b->broken), 0);
}

static void plain_text_reaches_nobody(void **state)
{
    struct bench *b = *state;
    int fd = connect_to(b);
    char got[64];

    assert_true(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0) == 18);
    while (recv(fd, got, sizeof got, 0) > 0) {
    }
    (void)close(fd);
    assert_int_equal(b->accepted, 0);
}

static void silence_ends(void **state)
{
    struct bench *b = *state;
    int fd = connect_to(b);
    char byte;

    assert_true(recv(fd, &byte, 1, 0) <= 0);
    (void)close(fd);
    assert_int_equal(b->accepted, 0);
}

static void *exchange(void *data)
{
    for (int i = 0; i < EXCHANGES; i++) {
        put_context(data);
    }
    return NULL;
}

static void contexts_are_exchanged_while_clients_come(void **state)
{
    struct bench *b = *state;
    SSL *old = shake(b, TLS1_3_VERSION);
    pthread_t id;

    assert_int_equal(pthread_create(&id, NULL, exchange, b), 0);
    for (int i = 0; i < EXCHANGES; i++) {
        SSL *ssl = shake(b, i % 2 ? TLS1_3_VERSION : TLS1_2_VERSION);

        assert_echo(ssl, "new");
        hang_up(ssl);
    }
    (void)pthread_join(id, NULL);
    assert_echo(old, "old");
    hang_up(old);
}

/* The credential goes while the connection stands: the next byte ends it. SEC-TLS-09 */
static void a_revoked_credential_ends_the_connection(void **state)
{
    struct bench *b = *state;
    SSL *ssl = shake(b, TLS1_3_VERSION);
    char byte;

    assert_echo(ssl, "before");
    assert_false(
        mln_failed(mln_credentials_remove(b->credentials, MLN_S("12-k1@sp.example"), NULL)));
    assert_int_equal(SSL_write(ssl, "after", 5), 5);
    assert_true(SSL_read(ssl, &byte, 1) <= 0);
    hang_up(ssl);
}

/* ---- outbound ---- */

enum { TICK_US = 1000 };

struct fetched {
    struct mln_loop *loop;
    enum mln_err_code code;
    struct mln_timer tick; /* somebody else on the loop */
    int ticks;
};

static _Atomic bool is_flooding;

static void on_tick(struct mln_timer *timer)
{
    struct fetched *f = (struct fetched *)(void *)((char *)timer - offsetof(struct fetched, tick));

    f->ticks += is_flooding;
    mln_loop_after(f->loop, timer, TICK_US);
}

static void on_fetched(void *data, const struct mln_fetch_answer *answer)
{
    struct fetched *f = data;

    f->code = answer->err.code;
    mln_loop_stop(f->loop);
}

/* Fetches from a server with a key of such bytes; 0: without any credential. */
static struct fetched fetch_from(uint16_t port, char byte)
{
    struct mln_tls_client_options options = { .env = mln_env_system(), .greatest = MLN_TLS_1_3 };
    struct mln_fetch_options limits = { .max_transfers = 1,
                                        .max_per_host = 1,
                                        .max_header_bytes = 4096,
                                        .max_body_bytes = 4096,
                                        .connect_us = 5 * SECOND };
    struct mln_secret *key = mln_secret_new(KEY);
    struct mln_tls_client *client = NULL;
    struct mln_fetcher *fetcher = NULL;
    struct fetched f = { .tick.fire = on_tick };
    char url[64];

    memset(mln_secret_room(key), byte, KEY);
    options.psk = byte ? key : NULL;
    options.psk_identity = byte ? MLN_S("k1@sp.example") : MLN_S("");
    assert_false(mln_failed(mln_tls_client_new(&options, NULL, &client)));
    assert_false(mln_failed(mln_tls_slot_new(&limits.tls)));
    mln_tls_slot_set_client(limits.tls, client);
    assert_false(mln_failed(mln_loop_new(&f.loop)));
    assert_false(mln_failed(mln_fetcher_new(f.loop, &limits, &fetcher)));
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/", port);
    mln_loop_after(f.loop, &f.tick, TICK_US);
    assert_false(mln_failed(mln_fetch(fetcher,
                                      &(struct mln_fetch_request){ .method = MLN_S("GET"),
                                                                   .url = mln_slice_z(url),
                                                                   .timeout_us = 60 * SECOND },
                                      on_fetched, &f)));
    assert_false(mln_failed(mln_loop_run(f.loop)));
    mln_loop_cancel_after(f.loop, &f.tick);
    mln_fetcher_free(fetcher);
    mln_loop_free(f.loop);
    mln_tls_slot_free(limits.tls);
    mln_tls_client_unref(client);
    mln_secret_free(key);
    return f;
}

static enum mln_err_code fetch(const struct bench *b, char byte)
{
    return fetch_from(b->address.port, byte).code;
}

/* libcurl knows no pre-shared keys; we do. The server gives back the request, which is no answer,
 * but it has come. SEC-SAE-08 */
static void a_fetch_shakes_hands_by_key(void **state)
{
    struct bench *b = *state;

    assert_int_equal(fetch(b, 'x'), MLN_ERR_NETWORK);
    assert_int_equal(fetch(b, 0), MLN_ERR_NETWORK);
    assert_int_equal(b->secured, 0);
    assert_int_equal(fetch(b, 'a'), MLN_ERR_PROTOCOL);
    assert_int_equal(b->secured, 1);
}

static unsigned know_key(SSL *ssl, const char *identity, unsigned char *psk, unsigned psk_max)
{
    (void)ssl;
    (void)identity;
    (void)psk_max;
    memset(psk, 'a', KEY);
    return KEY;
}

/* A receiver that means ill: most of its answer is key updates. */
static void *flood_back(void *data)
{
    int fd = accept(*(int *)data, NULL, NULL);
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    BIO *records = BIO_new(BIO_s_mem());
    char text[1024];
    int n;
    char *bytes;
    long len;
    SSL *ssl;

    SSL_CTX_set_psk_server_callback(ctx, know_key);
    ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    assert_int_equal(SSL_set_fd(ssl, fd), 1);
    assert_int_equal(SSL_accept(ssl), 1);
    assert_true(SSL_read(ssl, text, sizeof text) > 0);
    n = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
                 UPDATES / UPDATES_A_BYTE);
    assert_int_equal(SSL_write(ssl, text, n), n);
    write_flood(ssl, records);
    len = BIO_get_mem_data(records, &bytes);
    is_flooding = true;
    for (long at = 0; at < len;) {
        ssize_t sent = send(fd, bytes + at, (size_t)(len - at), MSG_NOSIGNAL);

        at = sent > 0 ? at + sent : len;
    }
    while (recv(fd, text, sizeof text, 0) > 0) {
    }
    SSL_free(ssl);
    (void)close(fd);
    return NULL;
}

static void a_receiver_that_floods_keeps_nobody_waiting(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct fetched f;
    pthread_t id;

    (void)state;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(pthread_create(&id, NULL, flood_back, &fd), 0);
    f = fetch_from(ntohs(address.sin_port), 'a');
    (void)pthread_join(id, NULL);
    (void)close(fd);
    assert_int_equal(f.code, MLN_ERR_NONE);
    assert_true(f.ticks > 20); /* of some hundreds */
}

#define BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(bytes_go_both_ways),
        BENCH(much_waits_for_a_slow_reader),
        BENCH(keys_are_updated),
        BENCH(a_flood_of_key_updates_keeps_nobody_waiting),
        BENCH(the_end_is_told),
        BENCH(an_end_that_is_cut_off_is_none),
        BENCH(plain_text_reaches_nobody),
        cmocka_unit_test_setup_teardown(silence_ends, set_up_impatient, tear_down),
        BENCH(contexts_are_exchanged_while_clients_come),
        BENCH(a_revoked_credential_ends_the_connection),
        BENCH(a_fetch_shakes_hands_by_key),
        BENCH(a_receiver_that_floods_keeps_nobody_waiting),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* of the client */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
