/* How many handshakes of TLS 1.3 a server completes in a second, one after the other.
 *
 * usage: handshakes PORT SECONDS [PSK_IDENTITY PSK_HEX [OTHER_IDENTITY]]
 * Connects to loopback, shakes hands in full (nothing is resumed), hangs up, and again. With a key
 * it is the only credential; without, the server shows a certificate, which is not verified: what
 * is measured is the server. Prints handshakes per second.
 * With another identity both must be refused with this key; they take turns, and what is printed is
 * the median time of each in microseconds, from the ClientHello to the alert.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *identity;
static unsigned char *key;
static long key_len;

static unsigned say_key(SSL *ssl, const char *hint, char *to, unsigned to_max, unsigned char *psk,
                        unsigned psk_max)
{
    (void)ssl;
    (void)hint;
    if ((unsigned long)key_len > psk_max) {
        return 0;
    }
    (void)snprintf(to, to_max, "%s", identity);
    memcpy(psk, key, (size_t)key_len);
    return (unsigned)key_len;
}

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int connect_to(unsigned short port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int one = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        perror("handshakes");
        exit(1);
    }
    return fd;
}

/* Complete on both sides: the server has taken our last message when its end comes back. */
static void shake(SSL_CTX *ctx, unsigned short port)
{
    int fd = connect_to(port);
    SSL *ssl = SSL_new(ctx);
    char byte;

    if (SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1 || SSL_session_reused(ssl) != !!key) {
        ERR_print_errors_fp(stderr);
        exit(1);
    }
    (void)SSL_shutdown(ssl);
    while (SSL_read(ssl, &byte, 1) > 0) {
    }
    SSL_free(ssl);
    (void)close(fd);
}

/* ---- refusals ---- */

enum { MOST = 100000 };

/* Microseconds until the server says no. */
static double refused(SSL_CTX *ctx, unsigned short port)
{
    int fd = connect_to(port);
    SSL *ssl = SSL_new(ctx);
    double start = now();
    double end;

    if (SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) == 1) {
        (void)fprintf(stderr, "handshakes: not refused\n");
        exit(1);
    }
    end = now();
    ERR_clear_error();
    SSL_free(ssl);
    (void)close(fd);
    return (end - start) * 1e6;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static void compare(SSL_CTX *ctx, unsigned short port, double seconds, const char *other)
{
    static double times[2][MOST];
    const char *names[2] = { identity, other };
    double start = now();
    size_t count = 0;

    while (now() - start < seconds && count < MOST) {
        for (size_t i = 0; i < 2; i++) {
            size_t which = (i + count) % 2; /* each goes first as often */

            identity = names[which];
            times[which][count] = refused(ctx, port);
        }
        count++;
    }
    for (size_t i = 0; i < 2; i++) {
        qsort(times[i], count, sizeof times[i][0], by_size);
    }
    printf("%.1f %.1f\n", times[0][count / 2], times[1][count / 2]);
}

int main(int argc, char **argv)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    unsigned short port = argc > 2 ? (unsigned short)strtod(argv[1], NULL) : 0;
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 0;
    double start;
    unsigned long count = 0;

    if (argc != 3 && argc != 5 && argc != 6) {
        return 2;
    }
    (void)SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    if (argc >= 5) {
        identity = argv[3];
        key = OPENSSL_hexstr2buf(argv[4], &key_len);
        SSL_CTX_set_psk_client_callback(ctx, say_key);
    }
    start = now();
    if (argc == 6) {
        compare(ctx, port, seconds, argv[5]);
    } else {
        while (now() - start < seconds) {
            shake(ctx, port);
            count++;
        }
        printf("%.1f\n", (double)count / (now() - start));
    }
    OPENSSL_free(key);
    SSL_CTX_free(ctx);
    return 0;
}
