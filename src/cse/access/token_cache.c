/* The memory of verified tokens. */
#include "cse/access/token_cache.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/secret.h"

enum { ALIGN = 8, BUCKETS_MOST = 1 << 20 };

/* A token with all its texts in one block. What a search reads stands together, beside the first
 * texts, of which one is the holder. */
struct entry {
    struct mln_token token; /* first: what is handed out */
    size_t size;
    unsigned char claims_digest[MLN_SHA256_SIZE];
    unsigned char fingerprint[MLN_SHA256_SIZE]; /* of the issuer */
    struct entry *newer;
    struct entry *older;
    struct entry *next[MLN_TOKEN_KEYS]; /* in the bucket */
    unsigned char text_digest[MLN_SHA256_SIZE];
    int64_t expires_us;
    atomic_uint uses;
    bool is_used; /* found since it was put, or last spared */
};

struct mln_token_cache {
    pthread_mutex_t lock;
    struct mln_jwt_issuers *issuers;
    struct entry **buckets[MLN_TOKEN_KEYS];
    size_t bucket_count; /* a power of two */
    struct entry *newest;
    struct entry *oldest;
    size_t count;
    size_t count_most;
    size_t bytes;
    size_t bytes_most;
};

/* ---- one token ---- */

/* Room being measured (at NULL), then filled. */
struct block {
    char *at;
    size_t used;
};

static void *take(struct block *b, size_t size)
{
    void *room = b->at ? b->at + b->used : NULL;

    b->used += (size + ALIGN - 1) / ALIGN * ALIGN;
    return room;
}

static void copy_text(struct block *b, struct mln_slice *text)
{
    char *room = take(b, text->len);

    if (room && text->len) {
        memcpy(room, text->ptr, text->len);
    }
    if (room) {
        text->ptr = room;
    }
}

static void copy_texts(struct block *b, const struct mln_slice **list, size_t count)
{
    struct mln_slice *room = take(b, count * sizeof **list);

    for (size_t i = 0; i < count; i++) {
        struct mln_slice text = (*list)[i];

        copy_text(b, &text);
        if (room) {
            room[i] = text;
        }
    }
    if (room) {
        *list = room;
    }
}

static void copy_permissions(struct block *b, struct mln_token_claims *c)
{
    struct mln_token_permission *room = take(b, c->permission_count * sizeof *c->permissions);

    for (size_t i = 0; i < c->permission_count; i++) {
        struct mln_token_permission p = c->permissions[i];

        copy_texts(b, &p.resources, p.resource_count);
        copy_text(b, &p.rules);
        copy_texts(b, &p.roles, p.role_count);
        if (room) {
            room[i] = p;
        }
    }
    if (room) {
        c->permissions = room;
    }
}

static void copy_claims(struct block *b, struct mln_token_claims *c)
{
    copy_text(b, &c->version);
    copy_text(b, &c->id);
    copy_text(b, &c->holder);
    copy_text(b, &c->issuer);
    copy_text(b, &c->name);
    copy_text(b, &c->extension);
    copy_texts(b, &c->audience, c->audience_count);
    copy_permissions(b, c);
}

static void copy_token(struct block *b, struct mln_token *token)
{
    copy_claims(b, &token->claims);
    copy_text(b, &token->local_id);
}

static struct entry *entry_new(const struct mln_token_fresh *fresh)
{
    struct mln_token token = { *fresh->claims, fresh->local_id };
    struct block b = { 0 };
    struct entry *e;

    copy_token(&b, &token);
    e = mln_calloc(1, sizeof *e + b.used);
    if (!e) {
        return NULL;
    }
    e->size = sizeof *e + b.used;
    b = (struct block){ (char *)(e + 1), 0 };
    copy_token(&b, &token);
    e->token = token;
    atomic_init(&e->uses, 1);
    e->expires_us = fresh->expires_us;
    memcpy(e->text_digest, fresh->text_digest, sizeof e->text_digest);
    memcpy(e->claims_digest, fresh->claims_digest, sizeof e->claims_digest);
    memcpy(e->fingerprint, fresh->issuer->fingerprint, sizeof e->fingerprint);
    return e;
}

static struct entry *entry_of(const struct mln_token *token)
{
    return (struct entry *)(uintptr_t)token;
}

const struct mln_token *mln_token_ref(const struct mln_token *token)
{
    atomic_fetch_add_explicit(&entry_of(token)->uses, 1, memory_order_relaxed);
    return token;
}

void mln_token_unref(const struct mln_token *token)
{
    if (token && atomic_fetch_sub_explicit(&entry_of(token)->uses, 1, memory_order_acq_rel) == 1) {
        mln_free(entry_of(token));
    }
}

/* ---- finding ---- */

static struct mln_slice key_of(const struct entry *e, enum mln_token_key key)
{
    switch (key) {
    case MLN_TOKEN_BY_ID:
        return e->token.claims.id;
    case MLN_TOKEN_BY_LOCAL_ID:
        return e->token.local_id;
    case MLN_TOKEN_BY_TEXT:
    case MLN_TOKEN_KEYS:
        break;
    }
    return mln_slice_of((const char *)e->text_digest, sizeof e->text_digest);
}

/* FNV-1a; a digest is even already. Only verified tokens are in the buckets, so nobody but a
 * trusted issuer chooses what stands there. */
static size_t bucket_of(const struct mln_token_cache *cache, enum mln_token_key key,
                        struct mln_slice value)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    if (key == MLN_TOKEN_BY_TEXT) {
        hash = mln_get_be64(value.ptr);
    }
    for (size_t i = 0; key != MLN_TOKEN_BY_TEXT && i < value.len; i++) {
        hash = (hash ^ (unsigned char)value.ptr[i]) * UINT64_C(0x100000001b3);
    }
    return (size_t)(hash ^ hash >> 32) & (cache->bucket_count - 1);
}

/* With many tokens nothing of one is in the processor's cache, and each lock on the way to the
 * claims waits for what was asked for before it: all is asked for at once. */
static void expect(const struct entry *e)
{
    enum { LINE = 64 };

    for (const char *at = (const char *)e; at <= (const char *)(e + 1); at += LINE) {
        __builtin_prefetch(at);
    }
}

static struct entry *find(const struct mln_token_cache *cache, enum mln_token_key key,
                          struct mln_slice value)
{
    struct entry *e = cache->buckets[key][bucket_of(cache, key, value)];

    if (e) {
        expect(e);
    }
    while (e && !mln_slice_eq(key_of(e, key), value)) {
        e = e->next[key];
    }
    return e;
}

static void link_key(struct mln_token_cache *cache, struct entry *e, enum mln_token_key key)
{
    struct entry **bucket = &cache->buckets[key][bucket_of(cache, key, key_of(e, key))];

    e->next[key] = *bucket;
    *bucket = e;
}

static void unlink_key(struct mln_token_cache *cache, struct entry *e, enum mln_token_key key)
{
    struct entry **at = cache->buckets[key];

    assert(at); /* there is no entry without buckets */
    at += bucket_of(cache, key, key_of(e, key));
    while (*at != e) {
        at = &(*at)->next[key];
    }
    *at = e->next[key];
}

static void link_newest(struct mln_token_cache *cache, struct entry *e)
{
    e->newer = NULL;
    e->older = cache->newest;
    if (e->older) {
        e->older->newer = e;
    } else {
        cache->oldest = e;
    }
    cache->newest = e;
}

static void unlink_age(struct mln_token_cache *cache, struct entry *e)
{
    if (e->newer) {
        e->newer->older = e->older;
    } else {
        cache->newest = e->older;
    }
    if (e->older) {
        e->older->newer = e->newer;
    } else {
        cache->oldest = e->newer;
    }
}

static void enlist(struct mln_token_cache *cache, struct entry *e)
{
    for (unsigned key = 0; key < MLN_TOKEN_KEYS; key++) {
        link_key(cache, e, (enum mln_token_key)key);
    }
    link_newest(cache, e);
    cache->count++;
    cache->bytes += e->size;
    (void)mln_token_ref(&e->token);
}

static void drop(struct mln_token_cache *cache, struct entry *e)
{
    for (unsigned key = 0; key < MLN_TOKEN_KEYS; key++) {
        unlink_key(cache, e, (enum mln_token_key)key);
    }
    unlink_age(cache, e);
    cache->count--;
    cache->bytes -= e->size;
    mln_token_unref(&e->token);
}

const struct mln_token *mln_token_cache_find(struct mln_token_cache *cache, enum mln_token_key key,
                                             struct mln_slice value, int64_t now_us)
{
    struct entry *e;

    (void)pthread_mutex_lock(&cache->lock);
    e = find(cache, key, value);
    if (e && e->expires_us <= now_us) {
        drop(cache, e);
        e = NULL;
    }
    if (e) {
        e->is_used = true; /* to move it would touch its neighbours, too */
        (void)mln_token_ref(&e->token);
    }
    (void)pthread_mutex_unlock(&cache->lock);
    return e ? &e->token : NULL;
}

/* ---- changing ---- */

static bool is_current(const struct mln_token_cache *cache, struct mln_slice issuer_id,
                       const unsigned char fingerprint[static MLN_SHA256_SIZE])
{
    const struct mln_jwt_issuer *issuer =
        cache->issuers ? mln_jwt_issuer_named(cache->issuers, issuer_id) : NULL;

    return issuer && mln_ct_equal(issuer->fingerprint, fingerprint, MLN_SHA256_SIZE);
}

void mln_token_cache_set_issuers(struct mln_token_cache *cache, struct mln_jwt_issuers *issuers)
{
    struct mln_jwt_issuers *old;
    struct entry *e;

    (void)pthread_mutex_lock(&cache->lock);
    old = cache->issuers;
    cache->issuers = issuers ? mln_jwt_issuers_ref(issuers) : NULL;
    for (e = cache->newest; e;) {
        struct entry *older = e->older;

        if (!is_current(cache, e->token.claims.issuer, e->fingerprint)) {
            drop(cache, e);
        }
        e = older;
    }
    (void)pthread_mutex_unlock(&cache->lock);
    mln_jwt_issuers_unref(old);
}

struct mln_jwt_issuers *mln_token_cache_issuers(struct mln_token_cache *cache)
{
    struct mln_jwt_issuers *issuers;

    (void)pthread_mutex_lock(&cache->lock);
    issuers = cache->issuers ? mln_jwt_issuers_ref(cache->issuers) : NULL;
    (void)pthread_mutex_unlock(&cache->lock);
    return issuers;
}

/* Tokens that were found are spared once. */
static void make_room(struct mln_token_cache *cache, size_t size)
{
    while (cache->oldest &&
           (cache->count >= cache->count_most || cache->bytes + size > cache->bytes_most)) {
        struct entry *e = cache->oldest;

        if (e->is_used) {
            e->is_used = false;
            unlink_age(cache, e);
            link_newest(cache, e);
        } else {
            drop(cache, e);
        }
    }
}

/* The same claims under another signature: the entry answers to the new text from now on. */
static void rename_text(struct mln_token_cache *cache, struct entry *e,
                        const unsigned char digest[static MLN_SHA256_SIZE])
{
    unlink_key(cache, e, MLN_TOKEN_BY_TEXT);
    memcpy(e->text_digest, digest, MLN_SHA256_SIZE);
    link_key(cache, e, MLN_TOKEN_BY_TEXT);
}

/* With the lock held. Takes over `made`, or leaves it when another one is the answer. */
static mln_err put(struct mln_token_cache *cache, const struct mln_token_fresh *fresh,
                   struct entry *made, struct entry **ret)
{
    struct entry *same = find(cache, MLN_TOKEN_BY_ID, fresh->claims->id);

    MLN_REQUIRE(is_current(cache, fresh->claims->issuer, fresh->issuer->fingerprint),
                TOKEN_REFUSED);
    if (same && same->expires_us <= fresh->now_us) {
        drop(cache, same);
        same = NULL;
    }
    if (same) {
        MLN_REQUIRE(mln_ct_equal(same->claims_digest, fresh->claims_digest, MLN_SHA256_SIZE),
                    CONFLICT);
        rename_text(cache, same, fresh->text_digest);
        (void)mln_token_ref(&same->token);
        *ret = same;
        return MLN_OK;
    }
    if (made->size > cache->bytes_most || find(cache, MLN_TOKEN_BY_LOCAL_ID, fresh->local_id)) {
        made->token.local_id.len = 0;
    } else {
        make_room(cache, made->size);
        enlist(cache, made);
    }
    *ret = made;
    return MLN_OK;
}

mln_err mln_token_cache_put(struct mln_token_cache *cache, const struct mln_token_fresh *fresh,
                            struct mln_fault *fault, const struct mln_token **ret)
{
    struct entry *made = entry_new(fresh);
    struct entry *found = NULL;
    mln_err err;

    MLN_REQUIRE(made, NO_MEMORY);
    (void)pthread_mutex_lock(&cache->lock);
    err = put(cache, fresh, made, &found);
    (void)pthread_mutex_unlock(&cache->lock);
    if (found != made) {
        mln_token_unref(&made->token);
    }
    if (mln_failed(err)) {
        mln_fault_set(fault, "token: %s",
                      err.code == MLN_ERR_CONFLICT ? "its Token-ID belongs to another token"
                                                   : "its issuer is not known any more");
        MLN_FAIL(TOKEN_REFUSED);
    }
    *ret = &found->token;
    return MLN_OK;
}

void mln_token_cache_usage(struct mln_token_cache *cache, size_t *ret_count, size_t *ret_bytes)
{
    (void)pthread_mutex_lock(&cache->lock);
    *ret_count = cache->count;
    *ret_bytes = cache->bytes;
    (void)pthread_mutex_unlock(&cache->lock);
}

/* ---- life ---- */

mln_err mln_token_cache_new(size_t count_most, size_t bytes_most, struct mln_token_cache **ret)
{
    struct mln_token_cache *cache = mln_calloc(1, sizeof *cache);

    MLN_REQUIRE(cache, NO_MEMORY);
    (void)pthread_mutex_init(&cache->lock, NULL);
    cache->count_most = count_most;
    cache->bytes_most = bytes_most;
    cache->bucket_count = 16;
    while (cache->bucket_count < count_most && cache->bucket_count < BUCKETS_MOST) {
        cache->bucket_count *= 2;
    }
    for (unsigned key = 0; key < MLN_TOKEN_KEYS; key++) {
        cache->buckets[key] = mln_calloc(cache->bucket_count, sizeof(struct entry *));
        if (!cache->buckets[key]) {
            mln_token_cache_free(cache);
            MLN_FAIL(NO_MEMORY);
        }
    }
    *ret = cache;
    return MLN_OK;
}

void mln_token_cache_free(struct mln_token_cache *cache)
{
    if (!cache) {
        return;
    }
    while (cache->oldest) {
        drop(cache, cache->oldest);
    }
    for (unsigned key = 0; key < MLN_TOKEN_KEYS; key++) {
        mln_free(cache->buckets[key]);
    }
    mln_jwt_issuers_unref(cache->issuers);
    (void)pthread_mutex_destroy(&cache->lock);
    mln_free(cache);
}
