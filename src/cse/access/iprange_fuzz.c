/* Fuzz target of address ranges: "range\naddress".
 *
 * What is read must be what the model calls an address, but for zones and short mapped prefixes;
 * written anew it must be read as the same range; and whether it holds an address must be what
 * comparing bit by bit says. spec: RFC 4632, RFC 5952 */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/fuzz_test.h"
#include "cse/access/iprange.h"
#include "model/check.h"

/* Bit `at` of an address, counted from its front. */
static bool bit_of(const struct mln_ip *ip, unsigned at)
{
    unsigned place = ip->family == 4 ? at + 96 : at;

    return ((place < 64 ? ip->high : ip->low) >> (63 - place % 64) & 1) != 0;
}

static bool holds(const struct mln_iprange *range, const struct mln_ip *ip)
{
    bool same = range->first.family == ip->family;

    for (unsigned i = 0; same && i < range->bits; i++) {
        same = bit_of(&range->first, i) == bit_of(ip, i);
    }
    return same;
}

static void check_again(const struct mln_iprange *range)
{
    unsigned char bytes[16] = { 0 };
    bool is_v4 = range->first.family == 4;
    char text[INET6_ADDRSTRLEN];
    char whole[INET6_ADDRSTRLEN + 8];
    struct mln_iprange again;

    for (unsigned i = 0; i < (is_v4 ? 32u : 128u); i++) {
        bytes[i / 8] |= (unsigned char)(bit_of(&range->first, i) << (7 - i % 8));
    }
    require(inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes, text, sizeof text) != NULL);
    (void)snprintf(whole, sizeof whole, "%s/%u", text, (unsigned)range->bits);
    if (mln_failed(mln_iprange_parse(mln_slice_z(whole), &again, NULL))) {
        /* the bits in front of a short mapped prefix were cut off */
        require(!is_v4);
        return;
    }
    require(again.bits == range->bits && again.first.family == range->first.family);
    require(again.first.high == range->first.high && again.first.low == range->first.low);
}

static void check_form(struct mln_slice text, bool is_good, const struct mln_fault *fault)
{
    bool is_known =
        mln_check_pattern(MLN_PATTERN_IPV4, text) || mln_check_pattern(MLN_PATTERN_IPV6, text);

    require(is_good == (fault->text[0] == '\0'));
    if (is_good != is_known) {
        require(mln_slice_find(text, '%') < text.len ||
                (!is_good && strstr(fault->text, "mapped")));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mln_slice rest = mln_slice_of((const char *)data, size);
    struct mln_slice text = mln_slice_cut(&rest, '\n');
    struct mln_fault fault = { 0 };
    struct mln_iprange range;
    struct mln_ip ip;
    bool is_good = !mln_failed(mln_iprange_parse(text, &range, &fault));

    check_form(text, is_good, &fault);
    if (!is_good) {
        return 0;
    }
    require(mln_iprange_contains(&range, &range.first));
    check_again(&range);
    if (!mln_failed(mln_ip_parse(rest, &ip, NULL))) {
        require(mln_iprange_contains(&range, &ip) == holds(&range, &ip));
        ip = (struct mln_ip){ 0 };
        require(!mln_iprange_contains(&range, &ip));
    }
    return 0;
}
