/* Receiver objects without a table. */
#include "e2e/receiver_objects.h"

#include "base/num.h"
#include "base/secret.h"
#include "base/timestamp.h"

enum {
    EXPIRY = 5, /* bytes of seconds: more than 30,000 years */
    TAG = 8,
    BODY = EXPIRY + MLN_RECEIVER_NONCE,
    ID_BYTES = BODY + TAG,
    ID_TEXT = 1 + 2 * ID_BYTES,
    VALUE_TEXT = 1 + 2 * MLN_SIPHASH_SIZE,
    SHARED = 'S',
    UNSHARED = 'U',
};

mln_err mln_receiver_seed(const struct mln_env *env, bool is_shared, int64_t expires_us,
                          struct mln_receiver_seed *ret)
{
    ret->is_shared = is_shared;
    ret->expires_s =
        (expires_us < MLN_TIMESTAMP_MAX ? expires_us : MLN_TIMESTAMP_MAX) / MLN_US_PER_S;
    return mln_env_random(env, ret->nonce, sizeof ret->nonce);
}

static void put_body(const struct mln_receiver_seed *seed, unsigned char out[static BODY])
{
    for (size_t i = 0; i < EXPIRY; i++) {
        out[i] = (unsigned char)(seed->expires_s >> (8 * (EXPIRY - 1 - i)));
    }
    memcpy(out + EXPIRY, seed->nonce, MLN_RECEIVER_NONCE);
}

/* `use` is 'i' for the tag of an identifier, 'v' for a value. */
static void derive(const struct mln_receiver_objects *objects, const struct mln_receiver_seed *seed,
                   char use, unsigned char out[static MLN_SIPHASH_SIZE])
{
    unsigned char text[2 + BODY] = { (unsigned char)use, seed->is_shared ? SHARED : UNSHARED };

    put_body(seed, text + 2);
    mln_siphash(objects->key, mln_slice_of((const char *)text, sizeof text), out);
}

static void put_hex(char *out, const unsigned char *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < count; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
}

static void put_id(const struct mln_receiver_objects *objects, const struct mln_receiver_seed *seed,
                   char out[static ID_TEXT])
{
    unsigned char bytes[BODY + MLN_SIPHASH_SIZE];

    put_body(seed, bytes);
    derive(objects, seed, 'i', bytes + BODY);
    out[0] = seed->is_shared ? SHARED : UNSHARED;
    put_hex(out + 1, bytes, ID_BYTES);
}

mln_err mln_receiver_object(const struct mln_receiver_objects *objects,
                            const struct mln_receiver_seed *seed, struct mln_arena *arena,
                            struct mln_e2e_random *ret)
{
    char *texts = mln_arena_alloc(arena, ID_TEXT + VALUE_TEXT + MLN_TIMESTAMP_SIZE);
    unsigned char value[MLN_SIPHASH_SIZE];

    MLN_REQUIRE(texts, NO_MEMORY);
    *ret = (struct mln_e2e_random){
        .id = mln_slice_of(texts, ID_TEXT),
        .value = mln_slice_of(texts + ID_TEXT, VALUE_TEXT),
        .expires_us = seed->expires_s * MLN_US_PER_S,
        .keygens = { MLN_ESPRIM_HMAC_SHA256 },
        .keygen_count = 1,
        .alg_count = objects->alg_count,
    };
    memcpy(ret->algs, objects->algs, sizeof objects->algs);
    put_id(objects, seed, texts);
    derive(objects, seed, 'v', value);
    texts[ID_TEXT] = 'R';
    put_hex(texts + ID_TEXT + 1, value, sizeof value);
    texts += ID_TEXT + VALUE_TEXT;
    ret->expiry = mln_slice_of(texts, mln_timestamp_put(texts, ret->expires_us));
    return MLN_OK;
}

static bool read_hex(struct mln_slice text, unsigned char *out)
{
    for (size_t i = 0; i < text.len; i++) {
        int digit = mln_num_hex(text.ptr[i]);

        if (digit < 0) {
            return false;
        }
        out[i / 2] = (unsigned char)(out[i / 2] << 4 | digit);
    }
    return true;
}

bool mln_receiver_find(const struct mln_receiver_objects *objects, struct mln_slice id,
                       struct mln_receiver_seed *ret)
{
    unsigned char bytes[ID_BYTES] = { 0 };
    struct mln_receiver_seed seed = { 0 };
    char expected[ID_TEXT];

    if (id.len != ID_TEXT || !read_hex(mln_slice_from(id, 1), bytes)) {
        return false;
    }
    seed.is_shared = id.ptr[0] == SHARED;
    for (size_t i = 0; i < EXPIRY; i++) {
        seed.expires_s = seed.expires_s << 8 | bytes[i];
    }
    memcpy(seed.nonce, bytes + EXPIRY, sizeof seed.nonce);
    put_id(objects, &seed, expected);
    if (seed.expires_s > MLN_TIMESTAMP_MAX / MLN_US_PER_S ||
        !mln_ct_equal(expected, id.ptr, sizeof expected)) {
        return false;
    }
    *ret = seed;
    return true;
}
