/* A table of chains, and a list by age. */
#include "cse/access/remote_cache.h"

#include "base/mem.h"

struct entry {
    struct entry *next; /* in its chain */
    struct entry *newer;
    int64_t from_us;
    int64_t until_us;
    uint64_t hash;
    char *value; /* or NULL */
    size_t value_len;
    size_t len;
    char text[]; /* what it is about, and whom */
};

struct mln_remote_cache {
    size_t most;
    size_t count;
    size_t mask;
    struct entry *oldest;
    struct entry *newest;
    struct entry *chains[];
};

enum { KEY_MAX = 1024 };

struct key {
    char text[KEY_MAX];
    size_t len;
    uint64_t hash;
};

/* ---- keys ---- */

static bool add_part(struct key *k, struct mln_slice part, bool folds)
{
    if (part.len >= KEY_MAX - k->len) {
        return false;
    }
    for (size_t i = 0; i < part.len; i++) {
        char c = part.ptr[i];

        k->text[k->len++] = folds && c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    k->text[k->len++] = '\0';
    return true;
}

/* False: too long to be remembered. */
static bool make_key(struct key *k, struct mln_slice what, const struct mln_entity *whom)
{
    k->len = 0;
    k->hash = UINT64_C(14695981039346656037);
    if (!add_part(k, what, false) || !add_part(k, whom->sp, true) ||
        !add_part(k, whom->cse, false) || !add_part(k, whom->stem, false)) {
        return false;
    }
    for (size_t i = 0; i < k->len; i++) {
        k->hash = (k->hash ^ (unsigned char)k->text[i]) * UINT64_C(1099511628211);
    }
    return true;
}

static bool is_of(const struct entry *e, const struct key *k)
{
    return e->hash == k->hash &&
           mln_slice_eq(mln_slice_of(e->text, e->len), mln_slice_of(k->text, k->len));
}

static struct entry **find(struct mln_remote_cache *c, const struct key *k)
{
    struct entry **at = &c->chains[k->hash & c->mask];

    while (*at && !is_of(*at, k)) {
        at = &(*at)->next;
    }
    return at;
}

/* ---- entries ---- */

static void drop_oldest(struct mln_remote_cache *c)
{
    struct entry *old = c->oldest;
    struct entry **at = &c->chains[old->hash & c->mask];

    while (*at != old) {
        at = &(*at)->next;
    }
    *at = old->next;
    c->oldest = old->newer;
    if (!c->oldest) {
        c->newest = NULL;
    }
    c->count--;
    mln_free(old->value);
    mln_free(old);
}

static mln_err add_entry(struct mln_remote_cache *c, const struct key *k, struct entry **ret)
{
    struct entry *e = mln_calloc(1, sizeof *e + k->len);

    MLN_REQUIRE(e, NO_MEMORY);
    if (c->count == c->most) {
        drop_oldest(c);
    }
    e->hash = k->hash;
    e->len = k->len;
    memcpy(e->text, k->text, k->len);
    e->next = c->chains[k->hash & c->mask];
    c->chains[k->hash & c->mask] = e;
    if (c->newest) {
        c->newest->newer = e;
    } else {
        c->oldest = e;
    }
    c->newest = e;
    c->count++;
    *ret = e;
    return MLN_OK;
}

static mln_err set_value(struct entry *e, struct mln_slice value)
{
    char *copy = NULL;

    if (value.len) {
        copy = mln_calloc(1, value.len);
        MLN_REQUIRE(copy, NO_MEMORY);
        memcpy(copy, value.ptr, value.len);
    }
    mln_free(e->value);
    e->value = copy;
    e->value_len = value.len;
    return MLN_OK;
}

static mln_err add(struct mln_remote_cache *cache, const struct mln_remote_fact *fact)
{
    struct key k;
    struct entry *e;

    if (!make_key(&k, fact->what, fact->whom)) {
        return MLN_OK;
    }
    e = *find(cache, &k);
    if (!e) {
        MLN_TRY(add_entry(cache, &k, &e));
    }
    MLN_TRY(set_value(e, fact->value));
    e->from_us = fact->from_us;
    e->until_us = fact->until_us;
    return MLN_OK;
}

static const struct entry *valid(const struct mln_remote_cache *cache, struct mln_slice what,
                                 const struct mln_entity *whom, int64_t now_us)
{
    struct key k;
    const struct entry *e;

    if (!cache || !make_key(&k, what, whom)) {
        return NULL;
    }
    e = cache->chains[k.hash & cache->mask];
    while (e && !is_of(e, &k)) {
        e = e->next;
    }
    return e && e->from_us <= now_us && now_us < e->until_us ? e : NULL;
}

static bool has(const struct mln_remote_cache *cache, struct mln_slice what,
                const struct mln_entity *whom, int64_t now_us)
{
    return valid(cache, what, whom, now_us) != NULL;
}

/* ---- life ---- */

static mln_err new_cache(size_t most, struct mln_remote_cache **ret)
{
    size_t chains = 16;
    struct mln_remote_cache *c;

    while (chains < most) {
        chains *= 2;
    }
    c = mln_calloc(1, sizeof *c + chains * sizeof *c->chains);
    MLN_REQUIRE(c, NO_MEMORY);
    c->most = most ? most : 1;
    c->mask = chains - 1;
    *ret = c;
    return MLN_OK;
}

static void free_cache(struct mln_remote_cache *cache)
{
    while (cache && cache->oldest) {
        drop_oldest(cache);
    }
    mln_free(cache);
}

/* ---- what is known, and what is not there ---- */

static const struct mln_entity everybody = { 0 };

static mln_err remember(struct mln_remote_cache **cache, size_t most,
                        const struct mln_remote_fact *fact)
{
    if (!*cache) {
        MLN_TRY(new_cache(most, cache));
    }
    return add(*cache, fact);
}

mln_err mln_remote_memory_add(struct mln_remote_memory *memory, size_t most,
                              const struct mln_remote_fact *fact)
{
    return remember(&memory->known, most, fact);
}

mln_err mln_remote_memory_miss(struct mln_remote_memory *memory, size_t most,
                               const struct mln_remote_fact *fact)
{
    return remember(&memory->absent, most, fact);
}

mln_err mln_remote_memory_silence(struct mln_remote_memory *memory, size_t most,
                                  const struct mln_remote_fact *fact)
{
    struct mln_remote_fact all = *fact;

    all.whom = &everybody;
    return remember(&memory->absent, most, &all);
}

bool mln_remote_memory_has(const struct mln_remote_memory *memory, struct mln_slice what,
                           const struct mln_entity *whom, int64_t now_us)
{
    return has(memory->known, what, whom, now_us);
}

bool mln_remote_memory_find(const struct mln_remote_memory *memory, struct mln_slice what,
                            const struct mln_entity *whom, int64_t now_us,
                            struct mln_remote_fact *ret)
{
    const struct entry *e = valid(memory->known, what, whom, now_us);

    if (e) {
        *ret = (struct mln_remote_fact){ what, whom, e->from_us, e->until_us,
                                         mln_slice_of(e->value, e->value_len) };
    }
    return e != NULL;
}

bool mln_remote_memory_is_vain(const struct mln_remote_memory *memory, struct mln_slice what,
                               struct mln_slice keeper, const struct mln_entity *whom,
                               int64_t now_us)
{
    return has(memory->absent, what, whom, now_us) ||
           has(memory->absent, keeper, &everybody, now_us);
}

void mln_remote_memory_clear(struct mln_remote_memory *memory)
{
    free_cache(memory->known);
    free_cache(memory->absent);
    *memory = (struct mln_remote_memory){ 0 };
}
