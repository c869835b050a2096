/* Network addresses on getaddrinfo and inet_ntop. */
#include "io/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/mem.h"

enum { HOST_SIZE = 256 };

static mln_err look_up(const char *host, struct mln_address *ret, struct mln_fault *fault)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(host, NULL, &hints, &found);
    struct sockaddr_storage first = { 0 };
    bool is_known;

    if (rc != 0 || !found) {
        mln_fault_set(fault, "%s: %s", host, gai_strerror(rc));
        MLN_FAIL(CONFIG);
    }
    memcpy(&first, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    is_known = mln_address_of_system(&first, ret);
    MLN_REQUIRE(is_known, CONFIG);
    return MLN_OK;
}

mln_err mln_address_resolve(struct mln_slice host, uint16_t port, struct mln_address *ret,
                            struct mln_fault *fault)
{
    struct mln_address address = { 0 };
    char text[HOST_SIZE];

    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        host = mln_slice_of(host.ptr + 1, host.len - 2);
    }
    if (host.len == 0 || host.len >= sizeof text || memchr(host.ptr, '\0', host.len)) {
        mln_fault_set(fault, "not a host: '%.*s'", MLN_S_ARG(host));
        MLN_FAIL(CONFIG);
    }
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    MLN_TRY(look_up(text, &address, fault));
    address.port = port;
    *ret = address;
    return MLN_OK;
}

bool mln_address_is_loopback(const struct mln_address *address)
{
    static const unsigned char loopback6[16] = { [15] = 1 };

    if (address->len == 4) {
        return address->bytes[0] == 127;
    }
    return address->len == 16 && memcmp(address->bytes, loopback6, 16) == 0;
}

void mln_address_format(const struct mln_address *address, char out[static MLN_PEER_NAME_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "?";
    bool is_v6 = address->len == 16;

    (void)inet_ntop(is_v6 ? AF_INET6 : AF_INET, address->bytes, host, sizeof host);
    (void)snprintf(out, MLN_PEER_NAME_SIZE, is_v6 ? "[%s]:%u" : "%s:%u", host,
                   (unsigned)address->port);
}

socklen_t mln_address_to_system(const struct mln_address *address, struct sockaddr_storage *ret)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(address->port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
                               .sin6_port = htons(address->port),
                               .sin6_scope_id = address->scope };

    memset(ret, 0, sizeof *ret);
    if (address->len == 4) {
        memcpy(&v4.sin_addr, address->bytes, 4);
        memcpy(ret, &v4, sizeof v4);
        return sizeof v4;
    }
    memcpy(&v6.sin6_addr, address->bytes, 16);
    memcpy(ret, &v6, sizeof v6);
    return sizeof v6;
}

bool mln_address_of_system(const struct sockaddr_storage *from, struct mln_address *ret)
{
    static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
    struct mln_address address = { 0 };

    if (from->ss_family == AF_INET) {
        struct sockaddr_in v4;

        memcpy(&v4, from, sizeof v4);
        address.len = 4;
        address.port = ntohs(v4.sin_port);
        memcpy(address.bytes, &v4.sin_addr, 4);
    } else if (from->ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        const unsigned char *bytes = v6.sin6_addr.s6_addr;

        memcpy(&v6, from, sizeof v6);
        address.port = ntohs(v6.sin6_port);
        address.len = memcmp(bytes, mapped, sizeof mapped) == 0 ? 4 : 16;
        address.scope = address.len == 16 ? v6.sin6_scope_id : 0;
        memcpy(address.bytes, address.len == 4 ? bytes + 12 : bytes, address.len);
    } else {
        return false;
    }
    *ret = address;
    return true;
}
