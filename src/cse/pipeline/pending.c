/* Buckets of keyed hashes; a zero is free. */
#include "cse/pipeline/pending.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "base/num.h"
#include "crypto/siphash.h"

enum {
    BUCKET = 8, /* places: one cache line */
    PARTS = 4,  /* texts that are hashed */
};

struct mln_pending {
    unsigned char key[MLN_SIPHASH_KEY];
    _Atomic size_t count;
    size_t buckets;
    mln_pending_place places[];
};

mln_err mln_pending_new(size_t most, const struct mln_env *env, struct mln_pending **ret)
{
    size_t buckets = most / BUCKET + 1;
    struct mln_pending *p = mln_calloc(1, sizeof *p + buckets * BUCKET * sizeof *p->places);
    mln_err err;

    MLN_REQUIRE(p, NO_MEMORY);
    p->buckets = buckets;
    err = mln_env_random(env, p->key, sizeof p->key);
    if (mln_failed(err)) {
        mln_free(p);
        return err;
    }
    *ret = p;
    return MLN_OK;
}

void mln_pending_free(struct mln_pending *pending)
{
    mln_free(pending);
}

/* ---- hashes ---- */

static bool is_nobody(struct mln_slice from)
{
    return from.len < 2; /* "", "C", "S": several may ask for a name at once */
}

/* Hashed one by one, the parts have an end each and any length. 0: it is not compared. */
static uint64_t hash_of(const struct mln_pending *p, const struct mln_pending_id *id)
{
    const struct mln_slice parts[PARTS] = { id->originator, id->request_id, id->credential,
                                            mln_slice_head(MLN_S("t"), id->is_trusted) };
    unsigned char hashes[PARTS][MLN_SIPHASH_SIZE];
    struct mln_slice all = mln_slice_of((const char *)hashes, sizeof hashes);
    unsigned char out[MLN_SIPHASH_SIZE];
    uint64_t hash;

    if (is_nobody(id->originator)) {
        return 0;
    }
    for (size_t i = 0; i < PARTS; i++) {
        mln_siphash(p->key, parts[i], hashes[i]);
    }
    mln_siphash(p->key, all, out);
    hash = mln_get_be64((const char *)out);
    return hash ? hash : 1;
}

/* How many of the bucket are this one. */
static unsigned count_in(const mln_pending_place *bucket, uint64_t hash)
{
    unsigned count = 0;

    for (unsigned i = 0; i < BUCKET; i++) {
        count += atomic_load(&bucket[i]) == hash;
    }
    return count;
}

/* ---- the table ---- */

bool mln_pending_has(const struct mln_pending *pending, const struct mln_pending_id *id)
{
    uint64_t hash = atomic_load(&pending->count) ? hash_of(pending, id) : 0;

    return hash && count_in(&pending->places[hash % pending->buckets * BUCKET], hash) > 0;
}

static mln_pending_place *take(mln_pending_place *bucket, uint64_t hash)
{
    for (unsigned i = 0; i < BUCKET; i++) {
        uint64_t free = 0;

        if (atomic_compare_exchange_strong(&bucket[i], &free, hash)) {
            return &bucket[i];
        }
    }
    return NULL;
}

/* Two that come at the same moment see each other, and may both be refused. */
mln_err mln_pending_enter(struct mln_pending *pending, const struct mln_pending_id *id,
                          mln_pending_place **ret)
{
    uint64_t hash = hash_of(pending, id);
    mln_pending_place *bucket = &pending->places[hash % pending->buckets * BUCKET];
    mln_pending_place *place = hash ? take(bucket, hash) : NULL;

    *ret = NULL;
    if (!place) {
        MLN_REQUIRE(!hash || count_in(bucket, hash) == 0, REQUEST_PENDING);
        return MLN_OK;
    }
    (void)atomic_fetch_add(&pending->count, 1);
    if (count_in(bucket, hash) > 1) {
        mln_pending_leave(pending, place);
        MLN_FAIL(REQUEST_PENDING);
    }
    *ret = place;
    return MLN_OK;
}

void mln_pending_leave(struct mln_pending *pending, mln_pending_place *place)
{
    if (place) {
        atomic_store(place, 0);
        (void)atomic_fetch_sub(&pending->count, 1);
    }
}
