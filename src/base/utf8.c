/* UTF-8 checks. */
#include "base/utf8.h"

static bool is_tail(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

static size_t three_bytes(const unsigned char *p)
{
    if (!is_tail(p[1]) || !is_tail(p[2])) {
        return 0;
    }
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F)) {
        return 0; /* overlong, or a surrogate */
    }
    return 3;
}

static size_t four_bytes(const unsigned char *p)
{
    if (!is_tail(p[1]) || !is_tail(p[2]) || !is_tail(p[3])) {
        return 0;
    }
    if ((p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F)) {
        return 0; /* overlong, or beyond U+10FFFF */
    }
    return 4;
}

size_t mln_utf8_char(struct mln_slice s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;

    if (s.len == 0) {
        return 0;
    }
    if (p[0] < 0x80) {
        return 1;
    }
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        return s.len >= 2 && is_tail(p[1]) ? 2 : 0;
    }
    if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        return s.len >= 3 ? three_bytes(p) : 0;
    }
    if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        return s.len >= 4 ? four_bytes(p) : 0;
    }
    return 0;
}

size_t mln_utf8_printable(struct mln_slice s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    size_t n = mln_utf8_char(s);
    bool is_control = (n == 1 && (p[0] < 0x20 || p[0] == 0x7F)) ||
                      (n == 2 && p[0] == 0xC2 && p[1] < 0xA0) ||
                      (n == 3 && p[0] == 0xE2 && p[1] == 0x80 && (p[2] == 0xA8 || p[2] == 0xA9));

    return is_control ? 0 : n;
}

bool mln_utf8_valid(struct mln_slice s)
{
    size_t i = 0;

    while (i < s.len) {
        uint64_t word;

        /* eight ASCII bytes at a time */
        if (s.len - i >= sizeof word) {
            memcpy(&word, s.ptr + i, sizeof word);
            if ((word & 0x8080808080808080u) == 0) {
                i += sizeof word;
                continue;
            }
        }
        size_t n = mln_utf8_char(mln_slice_from(s, i));

        if (n == 0) {
            return false;
        }
        i += n;
    }
    return true;
}

size_t mln_utf8_put(char out[static 4], uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | (code >> 6));
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | (code >> 12));
        out[1] = (char)(0x80 | ((code >> 6) & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | (code >> 18));
    out[1] = (char)(0x80 | ((code >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((code >> 6) & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}
