/* A table with two chains through each key: by identifier, and by identity. */
#include "e2e/made_keys.h"

#include <pthread.h>

#include "base/mem.h"
#include "base/num.h"

enum {
    BUCKETS = 1024,
    SWEEP_US = 60000000, /* what has ended does not lie about for longer, when somebody comes */
};

struct key {
    struct key *next;      /* of the same bucket */
    struct key *next_like; /* of the same bucket of identities; newest first */
    unsigned char id[MLN_KDF_ID];
    struct mln_secret *secret;
    struct mln_association *association; /* its own, which rests on that of the certificate */
};

struct mln_made_keys {
    const struct mln_env *env;
    const struct mln_limits *limits;
    const struct mln_tls_slot *slot;
    pthread_mutex_t lock;
    struct key *by_id[BUCKETS];
    struct key *by_identity[BUCKETS];
    size_t count;
    uint64_t serial; /* of the slot */
    int64_t swept_us;
};

/* ---- chains ---- */

/* Identifiers are as good as random: both ends have a part in them. */
static struct key **bucket_of(struct mln_made_keys *keys, const unsigned char id[MLN_KDF_ID])
{
    return &keys->by_id[(id[0] << 8 | id[1]) % BUCKETS];
}

static struct mln_slice identity_of(const struct mln_association *a)
{
    return a->credential_id.len ? a->credential_id : a->cse_id;
}

/* FNV-1a: who is here has proved a certificate. */
static struct key **bucket_like(struct mln_made_keys *keys, const struct mln_association *a)
{
    struct mln_slice identity = identity_of(a);
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < identity.len; i++) {
        hash = (hash ^ (unsigned char)identity.ptr[i]) * 16777619U;
    }
    return &keys->by_identity[hash % BUCKETS];
}

static bool is_like(const struct key *a, const struct mln_association *b)
{
    return mln_slice_eq(identity_of(a->association), identity_of(b));
}

static bool is_alive(const struct key *k, int64_t now_us)
{
    return mln_association_is_valid(k->association, now_us);
}

static void key_free(struct key *k)
{
    if (k->association) {
        mln_association_revoke(k->association);
    }
    mln_association_unref(k->association);
    mln_secret_free(k->secret);
    mln_free(k);
}

static void remove_key(struct mln_made_keys *keys, struct key *k)
{
    struct key **at = bucket_of(keys, k->id);
    struct key **like = bucket_like(keys, k->association);

    while (*at != k) {
        at = &(*at)->next;
    }
    *at = k->next;
    while (*like != k) {
        like = &(*like)->next_like;
    }
    *like = k->next_like;
    keys->count--;
    key_free(k);
}

/* Those that have ended, or all. */
static void sweep(struct mln_made_keys *keys, int64_t now_us, bool all)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        struct key *next;

        for (struct key *k = keys->by_id[i]; k; k = next) {
            next = k->next;
            if (all || !is_alive(k, now_us)) {
                remove_key(keys, k);
            }
        }
    }
    keys->swept_us = now_us;
}

/* Before each use: what must not be used any more goes. */
static void tidy(struct mln_made_keys *keys, int64_t now_us)
{
    uint64_t serial = keys->slot ? mln_tls_slot_serial(keys->slot) : 0;

    if (serial != keys->serial) {
        keys->serial = serial;
        sweep(keys, now_us, true);
    } else if (now_us - keys->swept_us > SWEEP_US || now_us < keys->swept_us) {
        sweep(keys, now_us, false);
    }
}

/* ---- life ---- */

mln_err mln_made_keys_new(const struct mln_env *env, const struct mln_limits *limits,
                          const struct mln_tls_slot *slot, struct mln_made_keys **ret)
{
    struct mln_made_keys *keys = mln_calloc(1, sizeof *keys);

    MLN_REQUIRE(keys, NO_MEMORY);
    if (pthread_mutex_init(&keys->lock, NULL) != 0) {
        mln_free(keys);
        MLN_FAIL(SYSTEM);
    }
    keys->env = env;
    keys->limits = limits;
    keys->slot = slot;
    keys->serial = slot ? mln_tls_slot_serial(slot) : 0;
    keys->swept_us = mln_env_now_us(env);
    *ret = keys;
    return MLN_OK;
}

void mln_made_keys_free(struct mln_made_keys *keys)
{
    if (keys) {
        sweep(keys, 0, true);
        (void)pthread_mutex_destroy(&keys->lock);
        mln_free(keys);
    }
}

void mln_made_keys_renew(struct mln_made_keys *keys)
{
    (void)pthread_mutex_lock(&keys->lock);
    tidy(keys, mln_env_now_us(keys->env));
    (void)pthread_mutex_unlock(&keys->lock);
}

/* ---- a new one ---- */

static struct key *oldest_like(struct mln_made_keys *keys, const struct mln_association *a,
                               uint64_t *ret_count)
{
    struct key *oldest = NULL;

    *ret_count = 0;
    for (struct key *k = *bucket_like(keys, a); k; k = k->next_like) {
        if (is_like(k, a)) {
            oldest = k;
            ++*ret_count;
        }
    }
    return oldest;
}

/* An identity that has its share, or finds no room, gives its oldest for it. Errors: LIMIT. */
static mln_err make_room(struct mln_made_keys *keys, const struct mln_association *a)
{
    bool is_full = keys->count >= keys->limits->escertke_keys;
    uint64_t count;
    struct key *oldest = oldest_like(keys, a, &count);

    if (oldest && (is_full || count >= keys->limits->escertke_share)) {
        remove_key(keys, oldest);
    }
    MLN_REQUIRE(keys->count < keys->limits->escertke_keys, LIMIT);
    return MLN_OK;
}

static void add(struct mln_made_keys *keys, struct key *k)
{
    struct key **at = bucket_of(keys, k->id);
    struct key **like = bucket_like(keys, k->association);

    k->next = *at;
    *at = k;
    k->next_like = *like;
    *like = k;
    keys->count++;
}

static mln_err put(struct mln_made_keys *keys, struct key *k, uint64_t serial, int64_t now_us)
{
    tidy(keys, now_us);
    MLN_REQUIRE(serial == keys->serial, ESCERTKE);
    if (keys->count >= keys->limits->escertke_keys) {
        sweep(keys, now_us, false);
    }
    MLN_TRY(make_room(keys, k->association));
    add(keys, k);
    return MLN_OK;
}

mln_err mln_made_keys_put(struct mln_made_keys *keys, struct mln_tls_made *made, uint64_t serial)
{
    int64_t now_us = mln_env_now_us(keys->env);
    struct key *k = mln_calloc(1, sizeof *k);
    mln_err err;

    MLN_REQUIRE(k, NO_MEMORY);
    memcpy(k->id, made->id, sizeof k->id);
    err = mln_association_derive(
        made->association, now_us + (int64_t)keys->limits->escertke_key_ms * 1000, &k->association);
    if (!mln_failed(err)) {
        (void)pthread_mutex_lock(&keys->lock);
        err = put(keys, k, serial, now_us);
        if (!mln_failed(err)) {
            k->secret = made->key;
        }
        (void)pthread_mutex_unlock(&keys->lock);
    }
    if (mln_failed(err)) {
        key_free(k);
        return err;
    }
    mln_association_unref(made->association);
    *made = (struct mln_tls_made){ 0 };
    return MLN_OK;
}

/* ---- finding ---- */

void mln_made_keys_kid(const unsigned char id[static MLN_KDF_ID], char ret[static MLN_MADE_KID])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < MLN_KDF_ID; i++) {
        ret[2 * i] = digits[id[i] >> 4];
        ret[2 * i + 1] = digits[id[i] & 15];
    }
}

static bool read_kid(struct mln_slice kid, unsigned char ret[static MLN_KDF_ID])
{
    if (kid.len != MLN_MADE_KID) {
        return false;
    }
    for (size_t i = 0; i < MLN_KDF_ID; i++) {
        int high = mln_num_hex(kid.ptr[2 * i]);
        int low = mln_num_hex(kid.ptr[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        ret[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static mln_err find(struct mln_made_keys *keys, const unsigned char id[MLN_KDF_ID], int64_t now_us,
                    struct mln_pair_key *ret)
{
    struct key *k;
    struct mln_secret *copy;

    tidy(keys, now_us);
    k = *bucket_of(keys, id);
    while (k && !mln_ct_equal(k->id, id, MLN_KDF_ID)) {
        k = k->next;
    }
    MLN_REQUIRE(k && is_alive(k, now_us), NOT_FOUND);
    copy = mln_secret_of(mln_secret_bytes(k->secret), mln_secret_len(k->secret));
    MLN_REQUIRE(copy, NO_MEMORY);
    *ret = (struct mln_pair_key){ copy, mln_association_ref(k->association) };
    return MLN_OK;
}

mln_err mln_made_keys_find(struct mln_made_keys *keys, struct mln_slice kid, int64_t now_us,
                           struct mln_pair_key *ret)
{
    unsigned char id[MLN_KDF_ID];
    mln_err err;

    MLN_REQUIRE(read_kid(kid, id), NOT_FOUND);
    (void)pthread_mutex_lock(&keys->lock);
    err = find(keys, id, now_us, ret);
    (void)pthread_mutex_unlock(&keys->lock);
    return err;
}
