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
    URL_SIZE = 512,
    HOST_MAX = 255,
    HTTP_PORT = 80,
    HTTPS_PORT = 443,
    HANDSHAKES = 16,
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

struct place {
    const char *text;           /* as given, or NULL */
    struct mln_address address; /* what that means */
};

/* "name:port" or "address:port". A name stays one, because a certificate may hold it. */
static mln_err name_place(const struct merlon_receiver *r, const struct place *place,
                          char out[static URL_SIZE], struct mln_fault *fault)
{
    struct mln_address address = place->address;
    struct mln_slice host = { 0 };
    uint16_t port = 0;

    if (place->text && r->tls && split_address(mln_slice_z(place->text), 0, &host, &port) &&
        host.len <= HOST_MAX && mln_cert_is_domain(host)) {
        (void)snprintf(out, URL_SIZE, "%.*s:%u", MLN_S_ARG(host), address.port);
        return MLN_OK;
    }
    if (is_any(&address)) { /* "0.0.0.0" is no place to send to */
        MLN_TRY(address_towards_cse(r->client, &address, fault));
        address.port = place->address.port;
    }
    mln_address_format(&address, out);
    return MLN_OK;
}

/* A path that nobody can guess: a receiver in plain text takes what comes there. */
static mln_err make_url(struct merlon_receiver *r, const struct place *place,
                        struct mln_fault *fault)
{
    char name[URL_SIZE];
    uint64_t secret[2];
    int n;

    MLN_TRY(name_place(r, place, name, fault));
    MLN_TRY(mln_env_random(mln_env_system(), secret, sizeof secret));
    r->url = mln_malloc(URL_SIZE);
    MLN_REQUIRE(r->url, NO_MEMORY);
    n = snprintf(r->url, URL_SIZE, "http%s://%s/%016" PRIx64 "%016" PRIx64, r->tls ? "s" : "", name,
                 secret[0], secret[1]);
    MLN_REQUIRE(n > 0 && n < URL_SIZE, INTERNAL);
    r->path = strrchr(r->url, '/');
    return MLN_OK;
}

static mln_err listen_at(struct merlon_receiver *r, struct place *place, struct mln_fault *fault)
{
    struct mln_listener_options options = {
        .max_input = (size_t)r->limits.header_bytes + 65536,
        .gate = &r->client->gate,
        .tls = r->tls,
        .max_handshakes = HANDSHAKES,
        .handshake_us = (int64_t)r->limits.handshake_ms * 1000,
        .handshake_bytes = (size_t)r->limits.handshake_bytes,
        .accepted = mln_client_accept,
        .owner = r,
    };
    int fd = -1;
    mln_err err = mln_listener_bind(&place->address, 1, &fd, &place->address, fault);

    if (mln_failed(err)) {
        return err.code == MLN_ERR_CONFIG ? MLN_ERROR(SYSTEM) : err;
    }
    options.fd = fd;
    err = mln_listener_new(r->client->loop, &options, &r->listener);
    if (mln_failed(err)) {
        (void)close(fd);
        return err;
    }
    return make_url(r, place, fault);
}

static mln_err secure(struct merlon_receiver *r, const struct merlon_credential *credential,
                      struct mln_fault *fault)
{
    struct mln_tls *tls = NULL;
    mln_err err;

    MLN_TRY(mln_client_receiver_tls(r->client, credential, fault, &tls));
    err = mln_tls_slot_new(&r->tls);
    if (!mln_failed(err)) {
        mln_tls_slot_set(r->tls, tls);
    }
    mln_tls_unref(tls);
    return err;
}

static mln_err open_receiver(struct merlon_receiver *r, const char *address,
                             const struct merlon_credential *credential, struct mln_fault *fault)
{
    struct place place = { .text = address };

    mln_client_limits(&r->limits);
    r->limits.body_bytes = BODY_BYTES;
    r->limits.request_arena_bytes = MLN_CLIENT_ARENA;
    if (credential) {
        MLN_TRY(secure(r, credential, fault));
    }
    MLN_TRY(choose_address(r->client, address, &place.address, fault));
    return listen_at(r, &place, fault);
}

struct merlon_receiver *merlon_receiver_new_secured(struct merlon_client *client,
                                                    const char *address,
                                                    const struct merlon_credential *credential,
                                                    merlon_notified *notified, void *data,
                                                    struct merlon_error *error)
{
    struct merlon_receiver *r = mln_calloc(1, sizeof *r);
    struct mln_fault fault = { 0 };
    mln_err err = MLN_ERROR(NO_MEMORY);

    if (r) {
        r->client = mln_client_root(client);
        r->notified = notified;
        r->data = data;
        err = open_receiver(r, address, credential, &fault);
    }
    if (mln_client_end(err, &fault, error) != MERLON_OK) {
        merlon_receiver_free(r);
        return NULL;
    }
    return r;
}

struct merlon_receiver *merlon_receiver_new(struct merlon_client *client, const char *address,
                                            merlon_notified *notified, void *data,
                                            struct merlon_error *error)
{
    return merlon_receiver_new_secured(client, address, NULL, notified, data, error);
}

void merlon_receiver_free(struct merlon_receiver *receiver)
{
    if (!receiver) {
        return;
    }
    mln_target_leave(receiver->target);
    mln_client_cut_links(receiver);
    mln_listener_free(receiver->listener);
    mln_tls_slot_free(receiver->tls);
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
