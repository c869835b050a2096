/* SipHash-2-4, 128 bits. */
#include "crypto/siphash.h"

struct state {
    uint64_t v[4];
};

static uint64_t read_le(const unsigned char *bytes, size_t count)
{
    uint64_t n = 0;

    for (size_t i = 0; i < count; i++) {
        n |= (uint64_t)bytes[i] << (8 * i);
    }
    return n;
}

static void write_le(unsigned char *out, uint64_t n)
{
    for (size_t i = 0; i < 8; i++, n >>= 8) {
        out[i] = (unsigned char)n;
    }
}

static uint64_t turn(uint64_t n, unsigned by)
{
    return n << by | n >> (64 - by);
}

static void half_round(uint64_t *a, uint64_t *b, unsigned by)
{
    *a += *b;
    *b = turn(*b, by) ^ *a;
}

static void mix(struct state *s, unsigned rounds)
{
    uint64_t *v = s->v;

    for (unsigned i = 0; i < rounds; i++) {
        half_round(&v[0], &v[1], 13);
        v[0] = turn(v[0], 32);
        half_round(&v[2], &v[3], 16);
        half_round(&v[0], &v[3], 21);
        half_round(&v[2], &v[1], 17);
        v[2] = turn(v[2], 32);
    }
}

static void take(struct state *s, uint64_t word)
{
    s->v[3] ^= word;
    mix(s, 2);
    s->v[0] ^= word;
}

static uint64_t fold(const struct state *s)
{
    return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

void mln_siphash(const unsigned char key[static MLN_SIPHASH_KEY], struct mln_slice text,
                 unsigned char out[static MLN_SIPHASH_SIZE])
{
    const unsigned char *at = (const unsigned char *)text.ptr;
    uint64_t k0 = read_le(key, 8);
    uint64_t k1 = read_le(key + 8, 8);
    struct state s = { { k0 ^ UINT64_C(0x736f6d6570736575),
                         k1 ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
                         k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573) } };
    size_t left = text.len;

    for (; left >= 8; left -= 8, at += 8) {
        take(&s, read_le(at, 8));
    }
    take(&s, (uint64_t)text.len << 56 | (left ? read_le(at, left) : 0));
    s.v[2] ^= 0xee;
    mix(&s, 4);
    write_le(out, fold(&s));
    s.v[1] ^= 0xdd;
    mix(&s, 4);
    write_le(out + 8, fold(&s));
}
