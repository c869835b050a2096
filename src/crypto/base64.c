/* Base64 and base64url. spec: RFC 4648 4, 5; RFC 7515 2 */
#include "crypto/base64.h"

enum { BAD = 0xFF };

/* The six bits of a character that both alphabets have, else BAD. */
static unsigned common_bits(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (unsigned)(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return (unsigned)(c - 'a') + 26;
    }
    return c >= '0' && c <= '9' ? (unsigned)(c - '0') + 52 : BAD;
}

static unsigned bits_of(char c, bool is_url)
{
    unsigned bits = common_bits(c);

    if (bits != BAD) {
        return bits;
    }
    if (c == (is_url ? '-' : '+')) {
        return 62;
    }
    return c == (is_url ? '_' : '/') ? 63 : BAD;
}

static bool decode(struct mln_slice text, bool is_url, unsigned char *out, size_t *ret_len)
{
    uint32_t held = 0;
    unsigned held_bits = 0;
    size_t len = 0;

    if (text.len % 4 == 1) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned bits = bits_of(text.ptr[i], is_url);

        if (bits == BAD) {
            return false;
        }
        held = held << 6 | bits;
        held_bits += 6;
        if (held_bits >= 8) {
            held_bits -= 8;
            out[len++] = (unsigned char)(held >> held_bits);
            held &= (1U << held_bits) - 1;
        }
    }
    *ret_len = len;
    return held == 0;
}

bool mln_base64url_decode(struct mln_slice text, unsigned char *out, size_t *ret_len)
{
    return decode(text, true, out, ret_len);
}

static mln_err read_text(struct mln_slice text, bool is_url, struct mln_arena *arena,
                         struct mln_slice *ret)
{
    unsigned char *out = mln_arena_alloc(arena, mln_base64_room(text.len));
    size_t len;

    MLN_REQUIRE(out, NO_MEMORY);
    MLN_REQUIRE(decode(text, is_url, out, &len), SYNTAX);
    *ret = mln_slice_of((const char *)out, len);
    return MLN_OK;
}

mln_err mln_base64url_read(struct mln_slice text, struct mln_arena *arena, struct mln_slice *ret)
{
    return read_text(text, true, arena, ret);
}

mln_err mln_base64_read(struct mln_slice text, struct mln_arena *arena, struct mln_slice *ret)
{
    size_t padding = 0;

    MLN_REQUIRE(text.len % 4 == 0, SYNTAX);
    while (padding < 2 && padding < text.len && text.ptr[text.len - 1 - padding] == '=') {
        padding++;
    }
    return read_text(mln_slice_head(text, text.len - padding), false, arena, ret);
}

static void add(struct mln_buf *out, struct mln_slice bytes, const char *alphabet)
{
    uint32_t held = 0;
    unsigned held_bits = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        held = (held << 8 | (unsigned char)bytes.ptr[i]) & 0xFFFFFF;
        held_bits += 8;
        while (held_bits >= 6) {
            held_bits -= 6;
            mln_buf_byte(out, alphabet[held >> held_bits & 63]);
        }
    }
    if (held_bits) {
        mln_buf_byte(out, alphabet[held << (6 - held_bits) & 63]);
    }
}

void mln_base64url_add(struct mln_buf *out, struct mln_slice bytes)
{
    add(out, bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}

void mln_base64_add(struct mln_buf *out, struct mln_slice bytes)
{
    add(out, bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    for (size_t n = bytes.len % 3; n == 1 || n == 2; n++) {
        mln_buf_byte(out, '=');
    }
}
