/* Reading and matching addresses. */
#include "cse/access/iprange.h"

#include <arpa/inet.h>

#include "base/num.h"

enum { V4_BITS = 32, V6_BITS = 128, MAPPED_BITS = V6_BITS - V4_BITS };

static struct mln_ip v4_of(const unsigned char *bytes)
{
    uint64_t low = 0;

    for (unsigned i = 0; i < 4; i++) {
        low = low << 8 | bytes[i];
    }
    return (struct mln_ip){ .low = low, .family = 4 };
}

struct mln_ip mln_ip_of(const unsigned char *bytes, size_t len)
{
    struct mln_ip ip = { .family = 6 };

    if (len == 4) {
        return v4_of(bytes);
    }
    if (len != 16) {
        return (struct mln_ip){ 0 };
    }
    for (unsigned i = 0; i < 8; i++) {
        ip.high = ip.high << 8 | bytes[i];
        ip.low = ip.low << 8 | bytes[8 + i];
    }
    return ip.high == 0 && ip.low >> V4_BITS == 0xFFFF ? v4_of(bytes + 12) : ip;
}

/* As written, mapped addresses included; and how many bits that spelling has. */
static bool read_address(struct mln_slice text, struct mln_ip *ret, unsigned *ret_bits)
{
    unsigned char bytes[16];
    char zero_ended[INET6_ADDRSTRLEN];
    struct mln_slice address = mln_slice_head(text, mln_slice_find(text, '%'));
    bool has_zone = address.len < text.len;
    bool is_v4 = mln_slice_find(address, ':') == address.len;

    if (address.len == 0 || address.len >= sizeof zero_ended ||
        memchr(address.ptr, '\0', address.len) ||
        (has_zone && (is_v4 || text.len == address.len + 1))) {
        return false;
    }
    memcpy(zero_ended, address.ptr, address.len);
    zero_ended[address.len] = '\0';
    if (inet_pton(is_v4 ? AF_INET : AF_INET6, zero_ended, bytes) != 1) {
        return false;
    }
    *ret = mln_ip_of(bytes, is_v4 ? 4 : 16);
    *ret_bits = is_v4 ? V4_BITS : V6_BITS;
    return true;
}

static mln_err refuse_address(struct mln_slice text, struct mln_fault *fault)
{
    mln_fault_set(fault, "'%.*s' is no IPv4 and no IPv6 address", MLN_S_ARG(text));
    MLN_FAIL(ATTR_INVALID);
}

mln_err mln_ip_parse(struct mln_slice text, struct mln_ip *ret, struct mln_fault *fault)
{
    unsigned unused;

    return read_address(text, ret, &unused) ? MLN_OK : refuse_address(text, fault);
}

/* The bits that count of one half, of which `bits` lie in the prefix. */
static uint64_t mask_of(unsigned bits)
{
    return bits == 0 ? 0 : UINT64_MAX << (64 - bits);
}

static struct mln_ip masked(const struct mln_ip *ip, unsigned bits)
{
    unsigned all = ip->family == 4 ? bits + MAPPED_BITS : bits;

    return (struct mln_ip){
        .high = ip->high & mask_of(all < 64 ? all : 64),
        .low = ip->low & mask_of(all > 64 ? all - 64 : 0),
        .family = ip->family,
    };
}

static mln_err read_prefix(struct mln_slice digits, unsigned most, uint64_t *ret,
                           struct mln_fault *fault)
{
    bool is_number =
        digits.len <= 3 && mln_num_u64(digits, ret) && (digits.len == 1 || digits.ptr[0] != '0');

    if (!is_number || *ret > most) {
        mln_fault_set(fault, "'/%.*s' is no prefix length of 0 to %u", MLN_S_ARG(digits), most);
        MLN_FAIL(ATTR_INVALID);
    }
    return MLN_OK;
}

mln_err mln_iprange_parse(struct mln_slice text, struct mln_iprange *ret, struct mln_fault *fault)
{
    size_t slash = mln_slice_find(text, '/');
    struct mln_slice address = mln_slice_head(text, slash);
    struct mln_ip ip;
    unsigned written;
    uint64_t bits;

    if (!read_address(address, &ip, &written)) {
        return refuse_address(address, fault);
    }
    bits = written;
    if (slash < text.len) {
        MLN_TRY(read_prefix(mln_slice_from(text, slash + 1), written, &bits, fault));
    }
    if (ip.family == 4 && written == V6_BITS) {
        /* ::ffff:10.0.0.0/104 is 10.0.0.0/8; a prefix below 96 holds other addresses too */
        if (bits < MAPPED_BITS) {
            mln_fault_set(fault, "'%.*s': an IPv4-mapped range needs a prefix of 96 to 128",
                          MLN_S_ARG(text));
            MLN_FAIL(ATTR_INVALID);
        }
        bits -= MAPPED_BITS;
    }
    *ret = mln_iprange_around(&ip, (unsigned)bits);
    return MLN_OK;
}

struct mln_iprange mln_iprange_around(const struct mln_ip *ip, unsigned bits)
{
    return (struct mln_iprange){ masked(ip, bits), (uint8_t)bits };
}

bool mln_iprange_contains(const struct mln_iprange *range, const struct mln_ip *ip)
{
    struct mln_ip prefix;

    if (ip->family == 0 || ip->family != range->first.family) {
        return false;
    }
    prefix = masked(ip, range->bits);
    return prefix.high == range->first.high && prefix.low == range->first.low;
}
