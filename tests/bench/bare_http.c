/* The yardstick for HTTP: libevent's own evhttp answering a constant, no more; under TLS too.
 *
 * usage: bare_http THREADS [CERTIFICATE KEY]
 * Prints the port, serves until it is killed. Answers any request with 250 bytes of JSON, POST with
 * an empty 200 that oneM2M receivers give. SIGUSR1 makes it print how many requests it has served.
 */
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS_MAX = 64, BACKLOG = 1024 };

static _Atomic unsigned long served;
static char body[251];
static SSL_CTX *tls; /* NULL: plain */

static void answer(struct evhttp_request *request, void *data)
{
    struct evbuffer *out = data;
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

    atomic_fetch_add_explicit(&served, 1, memory_order_relaxed);
    (void)evhttp_add_header(headers, "X-M2M-RSC", "2000");
    (void)evhttp_add_header(headers, "X-M2M-RI", "r1");
    (void)evhttp_add_header(headers, "X-M2M-RVI", "3");
    if (evhttp_request_get_command(request) == EVHTTP_REQ_GET) {
        (void)evhttp_add_header(headers, "Content-Type", "application/json");
        (void)evbuffer_add_reference(out, body, 250, NULL, NULL);
        evhttp_send_reply(request, 200, "OK", out);
    } else {
        evhttp_send_reply(request, 200, "OK", NULL);
    }
}

/* A listening socket that shares its port with the other threads'. */
static int listen_on(unsigned short *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(*port) };
    socklen_t len = sizeof address;
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        perror("bare_http");
        exit(1);
    }
    *port = ntohs(address.sin_port);
    return fd;
}

static struct bufferevent *secure(struct event_base *base, void *data)
{
    return bufferevent_openssl_socket_new(base, -1, SSL_new(data), BUFFEREVENT_SSL_ACCEPTING,
                                          BEV_OPT_CLOSE_ON_FREE);
}

static void *serve(void *data)
{
    struct event_config *config = event_config_new();
    struct event_base *base;
    struct evhttp *http;

    (void)event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    (void)event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    base = event_base_new_with_config(config);
    http = evhttp_new(base);
    if (tls) {
        evhttp_set_bevcb(http, secure, tls);
    }
    evhttp_set_gencb(http, answer, evbuffer_new());
    (void)evhttp_accept_socket(http, *(int *)data);
    (void)event_base_dispatch(base);
    return NULL;
}

static void tell(int number)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%lu\n", atomic_load(&served));

    (void)number;
    (void)!write(STDOUT_FILENO, text, (size_t)len);
}

static void use_tls(const char *certificate, const char *key)
{
    tls = SSL_CTX_new(TLS_server_method());
    (void)SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_options(tls, SSL_OP_CIPHER_SERVER_PREFERENCE);
    if (SSL_CTX_set_ciphersuites(tls, "TLS_AES_128_GCM_SHA256") != 1 ||
        SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1) {
        (void)fprintf(stderr, "bare_http: no certificate\n");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? (int)strtod(argv[1], NULL) : 1;
    int fds[THREADS_MAX];
    unsigned short port = 0;

    if (threads < 1 || threads > THREADS_MAX) {
        return 2;
    }
    if (argc == 4) {
        use_tls(argv[2], argv[3]);
    }
    (void)snprintf(body, sizeof body, "{\"m2m:cin\":{\"con\":\"%0*d\"}}", 250 - 23, 0);
    for (int i = 0; i < threads; i++) {
        fds[i] = listen_on(&port);
    }
    (void)signal(SIGUSR1, tell);
    (void)signal(SIGPIPE, SIG_IGN);
    printf("%u\n", port);
    (void)fflush(stdout);
    for (int i = 1; i < threads; i++) {
        pthread_t id;

        if (pthread_create(&id, NULL, serve, &fds[i]) != 0) {
            return 1;
        }
    }
    (void)serve(&fds[0]);
    return 0;
}
