/* Numbers to and from text, strictly: the whole slice, no sign or blank that the grammar of the
 * caller does not name, no overflow. Pure functions, any thread. */
#pragma once

#include "base/slice.h"

enum { MLN_NUM_U64_SIZE = 20 };

/* Digits only, leading zeros accepted. */
bool mln_num_u64(struct mln_slice s, uint64_t *ret);

/* An optional '-' and digits. */
bool mln_num_i64(struct mln_slice s, int64_t *ret);

/* Decimal digits without NUL; returns how many. */
size_t mln_num_put_u64(char out[static MLN_NUM_U64_SIZE], uint64_t n);

/* The value of a hexadecimal digit, or -1. */
static inline int mln_num_hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline void mln_put_be64(char out[static 8], uint64_t n)
{
    n = __builtin_bswap64(n);
    memcpy(out, &n, 8);
}

static inline uint64_t mln_get_be64(const char in[static 8])
{
    uint64_t n;

    memcpy(&n, in, 8);
    return __builtin_bswap64(n);
}
