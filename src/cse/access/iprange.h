/* Addresses and address ranges of access rules: IPv4 and IPv6 with a prefix length.
 *
 * An IPv4-mapped IPv6 address is an IPv4 address, a zone is dropped. IPv4 addresses lie in IPv4
 * ranges only: "::/0" does not hold them. Values; pure functions, any thread.
 * spec: TS-0004 6.3.5.27, RFC 4632, RFC 5952, TS-0003 7.1.3 */
#pragma once

#include "base/err.h"
#include "base/fault.h"
#include "base/slice.h"

/* 128 bits in two halves; an IPv4 address has its 32 in the lowest. */
struct mln_ip {
    uint64_t high;
    uint64_t low;
    uint8_t family; /* 4, 6; 0: unknown, in no range */
};

struct mln_iprange {
    struct mln_ip first; /* the bits behind the prefix are 0 */
    uint8_t bits;        /* of the prefix: 0 to 32, or 0 to 128 */
};

/* From network order; `len` 4 or 16, anything else gives an unknown address. */
struct mln_ip mln_ip_of(const unsigned char *bytes, size_t len);

/* "10.0.0.1", "2001:db8::1", "fe80::1%eth0". Errors: ATTR_INVALID. */
mln_err mln_ip_parse(struct mln_slice text, struct mln_ip *ret, struct mln_fault *fault);

/* An address, which is a range of one, or an address with "/n". Bits behind the prefix do not
 * count. Errors: ATTR_INVALID (the fault tells why). */
mln_err mln_iprange_parse(struct mln_slice text, struct mln_iprange *ret, struct mln_fault *fault);

/* The range of that size that holds the address; `bits` as in struct mln_iprange. */
struct mln_iprange mln_iprange_around(const struct mln_ip *ip, unsigned bits);

bool mln_iprange_contains(const struct mln_iprange *range, const struct mln_ip *ip);
