/* Base64 and base64url. spec: RFC 4648 4, 5; RFC 7515 2 */
#include "crypto/base64.h"

#include <pthread.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { BAD = 0xFF, GROUP = 3, DIGITS = 4, ALPHABET = 64, CHARACTERS = 256 };

static const char alphabets[2][ALPHABET + 1] = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

/* ---- decoding ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned char bits_of[2][CHARACTERS]; /* six bits of each character, or BAD */

static void fill(void)
{
    memset(bits_of, BAD, sizeof bits_of);
    for (size_t is_url = 0; is_url < 2; is_url++) {
        for (unsigned i = 0; i < ALPHABET; i++) {
            bits_of[is_url][(unsigned char)alphabets[is_url][i]] = (unsigned char)i;
        }
    }
}

#if defined(__x86_64__)
enum { WIDE_BYTES = 24, WIDE_TEXT = 32, WIDE_GROUPS = 8, WIDE_READ = 28, WIDE_LEAST = 48 };

/* The same 16 bytes in both halves. */
#define TWICE(...) _mm256_broadcastsi128_si256(_mm_setr_epi8(__VA_ARGS__))

/* The alphabet of base64url as that of base64, and whether a character of the latter was there. */
__attribute__((target("avx2"))) static __m256i from_url(__m256i v, __m256i *bad)
{
    const __m256i plus = _mm256_set1_epi8('+');
    const __m256i slash = _mm256_set1_epi8('/');

    *bad = _mm256_or_si256(_mm256_cmpeq_epi8(v, plus), _mm256_cmpeq_epi8(v, slash));
    v = _mm256_blendv_epi8(v, plus, _mm256_cmpeq_epi8(v, _mm256_set1_epi8('-')));
    return _mm256_blendv_epi8(v, slash, _mm256_cmpeq_epi8(v, _mm256_set1_epi8('_')));
}

/* 32 characters at once, as long as 48 are left: 32 bytes are written of which 24 count. A
 * character is of the alphabet when the sets that its two halves belong to have nothing in common;
 * its six bits are some distance away, which the upper half tells. Returns the characters done,
 * those before the first that is wrong. */
__attribute__((target("avx2"))) static size_t decode_wide(const unsigned char *in, size_t len,
                                                          bool is_url, unsigned char *out)
{
    const __m256i low_sets = TWICE(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13,
                                   0x1A, 0x1B, 0x1B, 0x1B, 0x1A);
    const __m256i high_sets = TWICE(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10,
                                    0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
    const __m256i distances = TWICE(0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a',
                                    0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i packed = TWICE(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    const __m256i together = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7);
    const __m256i half = _mm256_set1_epi8(0x0F);
    size_t done = 0;

    for (; len - done >= WIDE_LEAST; done += WIDE_TEXT) {
        __m256i v = _mm256_loadu_si256((const __m256i_u *)(in + done));
        __m256i bad = _mm256_setzero_si256();
        __m256i high;
        __m256i sets;

        v = is_url ? from_url(v, &bad) : v;
        high = _mm256_and_si256(_mm256_srli_epi32(v, 4), half);
        sets = _mm256_and_si256(_mm256_shuffle_epi8(low_sets, _mm256_and_si256(v, half)),
                                _mm256_shuffle_epi8(high_sets, high));
        bad = _mm256_or_si256(bad, sets);
        if (!_mm256_testz_si256(bad, bad)) {
            return done;
        }
        high = _mm256_add_epi8(high, _mm256_cmpeq_epi8(v, _mm256_set1_epi8('/')));
        v = _mm256_add_epi8(v, _mm256_shuffle_epi8(distances, high));
        v = _mm256_maddubs_epi16(v, _mm256_set1_epi32(0x01400140));
        v = _mm256_madd_epi16(v, _mm256_set1_epi32(0x00011000));
        v = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(v, packed), together);
        _mm256_storeu_si256((__m256i_u *)out, v);
        out += WIDE_BYTES;
    }
    return done;
}

static size_t decode_fast(const unsigned char *in, size_t len, bool is_url, unsigned char *out)
{
    return __builtin_cpu_supports("avx2") ? decode_wide(in, len, is_url, out) : 0;
}
#else
static size_t decode_fast(const unsigned char *in, size_t len, bool is_url, unsigned char *out)
{
    (void)in;
    (void)len;
    (void)is_url;
    (void)out;
    return 0;
}
#endif

/* Groups of four characters; *bad gets bits beyond the sixth when one is not of the alphabet. */
static size_t decode_groups(const unsigned char *in, size_t groups, const unsigned char *bits,
                            unsigned char *out, unsigned *bad)
{
    unsigned seen = 0;

    for (size_t i = 0; i < groups; i++) {
        unsigned a = bits[in[0]];
        unsigned b = bits[in[1]];
        unsigned c = bits[in[2]];
        unsigned d = bits[in[3]];
        unsigned all = a << 18 | b << 12 | c << 6 | d;

        seen |= a | b | c | d;
        out[0] = (unsigned char)(all >> 16);
        out[1] = (unsigned char)(all >> 8);
        out[2] = (unsigned char)all;
        in += DIGITS;
        out += GROUP;
    }
    *bad = seen;
    return groups * GROUP;
}

static bool decode(struct mln_slice text, bool is_url, unsigned char *out, size_t *ret_len)
{
    const unsigned char *in = (const unsigned char *)text.ptr;
    const unsigned char *bits = bits_of[is_url];
    size_t rest = text.len % DIGITS;
    uint32_t held = 0;
    unsigned seen = 0;
    size_t fast;
    size_t len;

    (void)pthread_once(&once, fill);
    *ret_len = 0;
    if (rest == 1 || !text.len) {
        return rest == 0;
    }
    fast = decode_fast(in, text.len, is_url, out);
    len = fast / DIGITS * GROUP;
    len += decode_groups(in + fast, (text.len - fast) / DIGITS, bits, out + len, &seen);
    for (size_t i = text.len - rest; i < text.len; i++) {
        seen |= bits[in[i]];
        held = held << 6 | bits[in[i]];
    }
    if (rest == 2) {
        out[len++] = (unsigned char)(held >> 4);
        held &= 0xF;
    } else if (rest == 3) {
        out[len++] = (unsigned char)(held >> 10);
        out[len++] = (unsigned char)(held >> 2);
        held &= 3;
    }
    *ret_len = len;
    /* one text for one sequence of bytes: bits that fill no byte are zero */
    return seen < ALPHABET && held == 0;
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

    MLN_REQUIRE(text.len % DIGITS == 0, SYNTAX);
    while (padding < 2 && padding < text.len && text.ptr[text.len - 1 - padding] == '=') {
        padding++;
    }
    return read_text(mln_slice_head(text, text.len - padding), false, arena, ret);
}

/* ---- encoding ---- */

static void encode_groups(const unsigned char *in, size_t groups, const char *alphabet, char *out)
{
    for (size_t i = 0; i < groups; i++) {
        unsigned all = (unsigned)in[0] << 16 | (unsigned)in[1] << 8 | in[2];

        out[0] = alphabet[all >> 18];
        out[1] = alphabet[all >> 12 & 63];
        out[2] = alphabet[all >> 6 & 63];
        out[3] = alphabet[all & 63];
        in += GROUP;
        out += DIGITS;
    }
}

#if defined(__x86_64__)
/* Eight groups at once, as long as 28 bytes can be read; returns the groups done. Each 16 bit lane
 * gets two neighbours of a group, multiplications shift them apart, and the distance of a character
 * from its six bits comes from a table of the ranges of the alphabet. */
__attribute__((target("avx2"))) static size_t encode_wide(const unsigned char *in, size_t len,
                                                          bool is_url, char *out)
{
    const __m256i spread = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10, 1, 0,
                                            2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    const char c62 = is_url ? '-' - 62 : '+' - 62;
    const char c63 = is_url ? '_' - 63 : '/' - 63;
    const __m256i distances =
        _mm256_setr_epi8('A', 'a' - 26, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, c62, c63, 0, 0, 'A',
                         'a' - 26, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, c62, c63, 0, 0);
    size_t done = 0;

    for (; len >= WIDE_READ; len -= WIDE_BYTES) {
        __m256i v =
            _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i_u *)in)),
                                    _mm_loadu_si128((const __m128i_u *)(in + WIDE_BYTES / 2)), 1);
        __m256i high;
        __m256i low;
        __m256i range;

        v = _mm256_shuffle_epi8(v, spread);
        high = _mm256_mulhi_epu16(_mm256_and_si256(v, _mm256_set1_epi32(0x0FC0FC00)),
                                  _mm256_set1_epi32(0x04000040));
        low = _mm256_mullo_epi16(_mm256_and_si256(v, _mm256_set1_epi32(0x003F03F0)),
                                 _mm256_set1_epi32(0x01000010));
        v = _mm256_or_si256(high, low);
        range = _mm256_sub_epi8(_mm256_subs_epu8(v, _mm256_set1_epi8(51)),
                                _mm256_cmpgt_epi8(v, _mm256_set1_epi8(25)));
        v = _mm256_add_epi8(v, _mm256_shuffle_epi8(distances, range));
        _mm256_storeu_si256((__m256i_u *)out, v);
        in += WIDE_BYTES;
        out += WIDE_TEXT;
        done += WIDE_GROUPS;
    }
    return done;
}

static size_t encode_fast(const unsigned char *in, size_t len, bool is_url, char *out)
{
    return __builtin_cpu_supports("avx2") ? encode_wide(in, len, is_url, out) : 0;
}
#else
static size_t encode_fast(const unsigned char *in, size_t len, bool is_url, char *out)
{
    (void)in;
    (void)len;
    (void)is_url;
    (void)out;
    return 0;
}
#endif

/* All whole groups of the bytes. */
static void encode(const unsigned char *in, size_t len, bool is_url, char *out)
{
    size_t done = encode_fast(in, len, is_url, out);

    encode_groups(in + done * GROUP, len / GROUP - done, alphabets[is_url], out + done * DIGITS);
}

size_t mln_base64_stream_add(struct mln_base64_stream *s, struct mln_slice piece, char *out)
{
    const unsigned char *in = (const unsigned char *)piece.ptr;
    size_t left = piece.len;
    size_t written = 0;
    size_t whole;

    if (!left) {
        return 0;
    }
    while (left && s->held_len) {
        if (s->held_len == GROUP - 1) {
            unsigned char group[GROUP] = { s->held[0], s->held[1], *in };

            encode(group, GROUP, s->is_url, out);
            written = DIGITS;
            s->held_len = 0;
        } else {
            s->held[s->held_len++] = *in;
        }
        in++;
        left--;
    }
    whole = left - left % GROUP;
    encode(in, whole, s->is_url, out + written);
    written += whole / GROUP * DIGITS;
    for (size_t i = whole; i < left; i++) {
        s->held[s->held_len++] = in[i];
    }
    return written;
}

size_t mln_base64_stream_end(struct mln_base64_stream *s, char *out)
{
    unsigned char group[GROUP] = { s->held[0], s->held_len == 2 ? s->held[1] : 0, 0 };
    size_t digits = s->held_len + 1;
    char last[DIGITS];

    if (!s->held_len) {
        return 0;
    }
    encode(group, GROUP, s->is_url, last);
    memset(last + digits, '=', DIGITS - digits);
    digits = s->is_url ? digits : DIGITS;
    memcpy(out, last, digits);
    s->held_len = 0;
    return digits;
}

static void add(struct mln_buf *out, struct mln_slice bytes, bool is_url)
{
    struct mln_base64_stream s = { .is_url = is_url };
    size_t rest = bytes.len % GROUP;
    size_t len = bytes.len / GROUP * DIGITS;
    char *room;

    if (rest) {
        len += is_url ? rest + 1 : DIGITS;
    }
    room = len ? mln_buf_reserve(out, len) : NULL;
    if (room) {
        room += mln_base64_stream_add(&s, bytes, room);
        (void)mln_base64_stream_end(&s, room);
    }
}

void mln_base64url_add(struct mln_buf *out, struct mln_slice bytes)
{
    add(out, bytes, true);
}

void mln_base64_add(struct mln_buf *out, struct mln_slice bytes)
{
    add(out, bytes, false);
}
