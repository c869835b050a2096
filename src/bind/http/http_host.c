/* Which Host values belong to this machine. */
#include "bind/http/http_host.h"

#include <arpa/inet.h>
#include <string.h>

enum { ADDRESS_MAX = 64 };

/* Without a port; the brackets of an IPv6 address stay. */
static struct mln_slice without_port(struct mln_slice host)
{
    size_t i = host.len;

    while (i > 0 && host.ptr[i - 1] >= '0' && host.ptr[i - 1] <= '9') {
        i--;
    }
    return i > 1 && host.ptr[i - 1] == ':' ? mln_slice_head(host, i - 1) : host;
}

static bool is_address(struct mln_slice host)
{
    char text[ADDRESS_MAX];
    unsigned char address[16];
    bool is_v6 = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    struct mln_slice bare = is_v6 ? mln_slice_head(mln_slice_from(host, 1), host.len - 2) : host;

    if (bare.len >= sizeof text || memchr(bare.ptr, '\0', bare.len)) {
        return false;
    }
    memcpy(text, bare.ptr, bare.len);
    text[bare.len] = '\0';
    return inet_pton(is_v6 ? AF_INET6 : AF_INET, text, address) == 1;
}

bool mln_http_host_is_known(struct mln_slice host, const struct mln_slice *names, size_t count)
{
    struct mln_slice name = without_port(host);

    if (!memchr(name.len ? name.ptr : "", '.', name.len) || is_address(name)) {
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (mln_slice_eq_nocase(name, names[i])) {
            return true;
        }
    }
    return false;
}
