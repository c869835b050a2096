/* Receivers: where they listen, and the URL under which a CSE reaches them. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/env.h"
#include "base/mem.h"
#include "base/num.h"
#include "client/client_int.h"

enum {
    BODY_BYTES = 16 << 20, /* of a notification */
    URL_SIZE = 160,
    HTTP_PORT = 80,
    HTTPS_PORT = 443,
};

/* ---- addresses ---- */

/* "host:port", "[::1]:port", and without a port if the caller has one to offer. */
static bool split_address(struct mln_slice text, uint16_t port, struct mln_slice *ret_host,
                          uint16_t *ret_port)
{
    bool is_bracketed = text.len && text.ptr[0] == '[';
    size_t end = is_bracketed ? mln_slice_find(text, ']') + 1 : mln_slice_find(text, ':');
    struct mln_slice rest = mln_slice_from(text, end);
    uint64_t number = port;

    if (end > text.len || end == 0) {
        return false;
    }
    if (rest.len ? rest.ptr[0] != ':' || !mln_num_u64(mln_slice_from(rest, 1), &number) ||
                       number > UINT16_MAX
                 : port == 0) {
        return false;
    }
    *ret_host = mln_slice_head(text, end);
    *ret_port = (uint16_t)number;
    return true;
}

/* The address from which this host reaches the CSE: connecting a datagram socket sends nothing and
 * makes the system choose. */
static mln_err own_address(const struct mln_address *cse, struct mln_address *ret)
{
    struct sockaddr_storage system;
    socklen_t len = mln_address_to_system(cse, &system);
    int fd = socket(system.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool is_known = fd >= 0 && connect(fd, (const struct sockaddr *)&system, len) == 0;

    len = sizeof system;
    is_known = is_known && getsockname(fd, (struct sockaddr *)&system, &len) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    MLN_REQUIRE(is_known && mln_address_of_system(&system, ret), SYSTEM);
    ret->port = 0;
    return MLN_OK;
}

/* As above, with the CSE taken from the client's URL. */
static mln_err address_towards_cse(const struct merlon_client *client, struct mln_address *ret,
                                   struct mln_fault *fault)
{
    struct mln_slice rest = mln_slice_z(client->url);
    bool is_tls = mln_slice_find(rest, ':') == 5; /* "https" */
    struct mln_slice host = { 0 };
    struct mln_address cse;
    uint16_t port = 0;
    mln_err err;

    rest = mln_slice_from(rest, mln_slice_find(rest, ':') + 3);
    rest = mln_slice_head(rest, mln_slice_find(rest, '/'));
    if (!split_address(rest, is_tls ? HTTPS_PORT : HTTP_PORT, &host, &port)) {
        mln_fault_set(fault, "no host in %s", client->url);
        MLN_FAIL(PARAM_INVALID);
    }
    MLN_TRY(mln_address_resolve(host, port, &cse, fault));
    err = own_address(&cse, ret);
    if (mln_failed(err)) {
        mln_fault_set(fault, "no way to %s", client->url);
    }
    return err;
}

static mln_err choose_address(const struct merlon_client *client, const char *text,
                              struct mln_address *ret, struct mln_fault *fault)
{
    struct mln_slice host = { 0 };
    uint16_t port = 0;

    if (!text) {
        return address_towards_cse(client, ret, fault);
    }
    if (!split_address(mln_slice_z(text), 0, &host, &port)) {
        mln_fault_set(fault, "'%s' is no address to listen on, such as 127.0.0.1:0", text);
        MLN_FAIL(PARAM_INVALID);
    }
    return mln_address_resolve(host, port, ret, fault);
}

static bool is_any(const struct mln_address *address)
{
    for (size_t i = 0; i < address->len; i++) {
        if (address->bytes[i]) {
            return false;
        }
    }
    return true;
}

/* ---- making ---- */

/* A path that nobody can guess: a receiver takes what comes there. */
static mln_err make_url(struct merlon_receiver *r, const struct mln_address *listening,
                        struct mln_fault *fault)
{
    struct mln_address address = *listening;
    char name[MLN_PEER_NAME_SIZE];
    uint64_t secret[2];
    int n;

    if (is_any(listening)) { /* "0.0.0.0" is no place to send to */
        MLN_TRY(address_towards_cse(r->client, &address, fault));
        address.port = listening->port;
    }
    MLN_TRY(mln_env_random(mln_env_system(), secret, sizeof secret));
    mln_address_format(&address, name);
    r->url = mln_malloc(URL_SIZE);
    MLN_REQUIRE(r->url, NO_MEMORY);
    n = snprintf(r->url, URL_SIZE, "http://%s/%016" PRIx64 "%016" PRIx64, name, secret[0],
                 secret[1]);
    MLN_REQUIRE(n > 0 && n < URL_SIZE, INTERNAL);
    r->path = r->url + sizeof "http://" - 1 + strlen(name);
    return MLN_OK;
}

static mln_err listen_at(struct merlon_receiver *r, const struct mln_address *address,
                         struct mln_fault *fault)
{
    struct mln_address actual;
    struct mln_listener_options options = {
        .max_input = (size_t)r->limits.header_bytes + 65536,
        .gate = &r->client->gate,
        .accepted = mln_client_accept,
        .owner = r,
    };
    int fd = -1;
    mln_err err = mln_listener_bind(address, 1, &fd, &actual, fault);

    if (mln_failed(err)) {
        return err.code == MLN_ERR_CONFIG ? MLN_ERROR(SYSTEM) : err;
    }
    options.fd = fd;
    err = mln_listener_new(r->client->loop, &options, &r->listener);
    if (mln_failed(err)) {
        (void)close(fd);
        return err;
    }
    return make_url(r, &actual, fault);
}

struct merlon_receiver *merlon_receiver_new(struct merlon_client *client, const char *address,
                                            merlon_notified *notified, void *data,
                                            struct merlon_error *error)
{
    struct merlon_receiver *r = mln_calloc(1, sizeof *r);
    struct mln_address chosen;
    struct mln_fault fault = { 0 };
    mln_err err = MLN_ERROR(NO_MEMORY);

    if (r) {
        r->client = client;
        r->notified = notified;
        r->data = data;
        mln_client_limits(&r->limits);
        r->limits.body_bytes = BODY_BYTES;
        r->limits.request_arena_bytes = MLN_CLIENT_ARENA;
        err = choose_address(client, address, &chosen, &fault);
    }
    if (!mln_failed(err)) {
        err = listen_at(r, &chosen, &fault);
    }
    if (mln_client_end(err, &fault, error) != MERLON_OK) {
        merlon_receiver_free(r);
        return NULL;
    }
    return r;
}

void merlon_receiver_free(struct merlon_receiver *receiver)
{
    if (!receiver) {
        return;
    }
    mln_client_cut_links(receiver);
    mln_listener_free(receiver->listener);
    mln_free(receiver->url);
    mln_free(receiver);
}

const char *merlon_receiver_url(const struct merlon_receiver *receiver)
{
    return receiver->url;
}

const char *merlon_receiver_path(const struct merlon_receiver *receiver)
{
    return receiver->path;
}
