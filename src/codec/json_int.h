/* What the JSON reader and the writer share: looking for the characters that need care, eight at
 * a time. Pure functions, any thread. */
#pragma once

#include <stdint.h>
#include <string.h>

/* The bytes of a word in memory order as a big-endian number. */
static inline uint64_t mln_json_be64(uint64_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_bswap64(n);
#else
    return n;
#endif
}

/* Highest bit of each byte that is '"', '\\', below 0x20 or above 0x7F. Exact for the byte of the
 * lowest value; bytes of higher value may be marked wrongly by a borrow. */
static inline uint64_t mln_json_special8(uint64_t w)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t quote = w ^ ones * '"';
    uint64_t slash = w ^ ones * '\\';

    return (((w - ones * 0x20) | (quote - ones) | (slash - ones)) | w) & ones * 0x80;
}

/* Does the byte need care in a JSON text? */
static inline int mln_json_is_special(unsigned char c)
{
    return c < 0x20 || c > 0x7F || c == '"' || c == '\\';
}

/* The first byte that needs care, or end. */
static inline const char *mln_json_plain(const char *at, const char *end)
{
    while (end - at >= 8) {
        uint64_t w;
        uint64_t special;

        memcpy(&w, at, sizeof w);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        w = __builtin_bswap64(w); /* the first byte has the lowest value */
#endif
        special = mln_json_special8(w);
        if (special) {
            return at + (__builtin_ctzll(special) >> 3);
        }
        at += 8;
    }
    while (at < end && !mln_json_is_special((unsigned char)*at)) {
        at++;
    }
    return at;
}
