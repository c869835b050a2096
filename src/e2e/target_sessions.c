/* The sessions of a target: by identifier, by expiry, and what each credential takes. */
#include "base/mem.h"
#include "e2e/target_int.h"

enum {
    FEW = 16,
    SHARE = 16 /* the part of the memory for objects seen that one credential gets */
};

static const struct mln_limits *limits_of(const struct mln_esprim_target *t)
{
    return t->options.limits;
}

/* ---- memory ---- */

static mln_err add_chunk(struct mln_esprim_target *t)
{
    struct mln_secret *chunk = mln_secret_new(MLN_ESPRIM_CHUNK * sizeof(struct mln_esprim_live));
    struct mln_secret **chunks =
        mln_realloc(t->chunks, (t->chunk_count + 1) * sizeof(struct mln_secret *));
    struct mln_esprim_live *sessions;

    if (chunks) {
        t->chunks = chunks;
    }
    if (!chunk || !chunks) {
        mln_secret_free(chunk);
        MLN_FAIL(NO_MEMORY);
    }
    chunks[t->chunk_count++] = chunk;
    sessions = (struct mln_esprim_live *)(void *)mln_secret_room(chunk);
    for (size_t i = 0; i < MLN_ESPRIM_CHUNK; i++) {
        sessions[i].link.next = t->free;
        t->free = &sessions[i].link;
    }
    return MLN_OK;
}

static mln_err take_room(struct mln_esprim_target *t, struct mln_esprim_live **ret)
{
    if (!t->free) {
        MLN_TRY(add_chunk(t));
    }
    *ret = (struct mln_esprim_live *)t->free;
    t->free = t->free->next;
    (*ret)->link.next = NULL;
    return MLN_OK;
}

static void give_room_back(struct mln_esprim_target *t, struct mln_esprim_live *s)
{
    mln_association_unref(s->association);
    mln_wipe(s, sizeof *s);
    s->link.next = t->free;
    t->free = &s->link;
}

/* ---- the first to expire ---- */

static void swap(struct mln_esprim_live **a, struct mln_esprim_live **b)
{
    struct mln_esprim_live *c = *a;

    *a = *b;
    *b = c;
}

static void heap_push(struct mln_esprim_target *t, size_t count, struct mln_esprim_live *s)
{
    size_t at = count;

    t->heap[at] = s;
    while (at && t->heap[(at - 1) / 2]->expires_us > t->heap[at]->expires_us) {
        swap(&t->heap[at], &t->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static struct mln_esprim_live *heap_pop(struct mln_esprim_target *t, size_t count)
{
    struct mln_esprim_live *first = t->heap[0];
    size_t at = 0;

    t->heap[0] = t->heap[--count];
    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < count && t->heap[child + 1]->expires_us < t->heap[child]->expires_us) {
            child++;
        }
        if (child >= count || t->heap[child]->expires_us >= t->heap[at]->expires_us) {
            return first;
        }
        swap(&t->heap[at], &t->heap[child]);
        at = child;
    }
}

static mln_err heap_room(struct mln_esprim_target *t, size_t count)
{
    size_t cap = t->heap_cap ? t->heap_cap * 2 : FEW;
    struct mln_esprim_live **heap;

    if (count < t->heap_cap) {
        return MLN_OK;
    }
    heap = mln_realloc(t->heap, cap * sizeof(struct mln_esprim_live *));
    MLN_REQUIRE(heap, NO_MEMORY);
    t->heap = heap;
    t->heap_cap = cap;
    return MLN_OK;
}

/* ---- credentials ---- */

static mln_err share_of(struct mln_esprim_target *t, const struct mln_association *association,
                        struct mln_esprim_share **ret)
{
    unsigned char id[MLN_ID_BYTES];
    struct mln_id_link *link;
    struct mln_esprim_share *share;

    mln_siphash(t->key, association->credential_id, id);
    link = mln_id_table_find(&t->shares, id);
    if (link) {
        *ret = (struct mln_esprim_share *)link;
        return MLN_OK;
    }
    share = mln_calloc(1, sizeof *share);
    MLN_REQUIRE(share, NO_MEMORY);
    memcpy(share->link.id, id, sizeof id);
    if (mln_failed(mln_id_table_add(&t->shares, &share->link))) {
        mln_free(share);
        MLN_FAIL(NO_MEMORY);
    }
    *ret = share;
    return MLN_OK;
}

static void leave_share(struct mln_esprim_target *t, struct mln_esprim_share *share)
{
    if (!share->sessions) {
        mln_id_table_remove(&t->shares, &share->link);
        mln_free(share);
    }
}

/* ---- sessions ---- */

struct mln_esprim_live *mln_esprim_find(const struct mln_esprim_target *target,
                                        const unsigned char id[static MLN_ID_BYTES])
{
    return (struct mln_esprim_live *)mln_id_table_find(&target->sessions, id);
}

static void forget_seen(struct mln_esprim_target *t, struct mln_esprim_live *s)
{
    size_t bytes = mln_seen_clear(&s->seen);

    s->share->seen_bytes -= bytes;
    t->seen_bytes -= bytes;
}

static void expire_first(struct mln_esprim_target *t)
{
    struct mln_esprim_live *s = heap_pop(t, t->sessions.count);

    mln_id_table_remove(&t->sessions, &s->link);
    forget_seen(t, s);
    s->share->sessions--;
    leave_share(t, s->share);
    s->share = NULL;
    s->is_over = true;
    s->is_expired = true;
    if (!s->replies) {
        give_room_back(t, s);
    }
}

void mln_esprim_expire(struct mln_esprim_target *target, int64_t now_us)
{
    size_t most = target->sessions.count >= limits_of(target)->esprim_sessions ? SIZE_MAX : FEW;

    while (most-- && target->sessions.count && target->heap[0]->expires_us <= now_us) {
        expire_first(target);
    }
}

static mln_err insert(struct mln_esprim_target *t, const struct mln_esprim_live *draft,
                      struct mln_esprim_share *share, struct mln_esprim_live **ret)
{
    struct mln_esprim_live *s;
    size_t count = t->sessions.count;

    MLN_REQUIRE(count < limits_of(t)->esprim_sessions &&
                    share->sessions < limits_of(t)->esprim_sessions_per_key,
                LIMIT);
    MLN_TRY(heap_room(t, count));
    MLN_TRY(take_room(t, &s));
    *s = *draft;
    s->share = share;
    s->association = mln_association_ref(draft->association);
    if (mln_failed(mln_id_table_add(&t->sessions, &s->link))) {
        give_room_back(t, s);
        MLN_FAIL(NO_MEMORY);
    }
    heap_push(t, count, s);
    share->sessions++;
    *ret = s;
    return MLN_OK;
}

mln_err mln_esprim_begin(struct mln_esprim_target *target, const struct mln_esprim_live *draft,
                         struct mln_esprim_live **ret)
{
    struct mln_esprim_share *share;
    mln_err err;

    MLN_TRY(share_of(target, draft->association, &share));
    err = insert(target, draft, share, ret);
    if (mln_failed(err)) {
        leave_share(target, share);
    }
    return err;
}

/* Memory for one more object; false when the session has had its part. */
static bool may_grow(const struct mln_esprim_target *t, const struct mln_esprim_live *s)
{
    size_t growth = mln_seen_growth(&s->seen);
    uint64_t most = limits_of(t)->esprim_seen_bytes;

    return s->seen.count < limits_of(t)->esprim_session_objects &&
           (!growth ||
            (t->seen_bytes + growth <= most && s->share->seen_bytes + growth <= most / SHARE));
}

mln_err mln_esprim_note(struct mln_esprim_target *target, struct mln_esprim_live *session,
                        const unsigned char iv[static MLN_AEAD_IV])
{
    uint64_t hash = mln_seen_hash(target->key, iv);
    size_t growth = mln_seen_growth(&session->seen);
    bool is_new = false;

    MLN_REQUIRE(!session->is_over, ESPRIM_ORIG_RANDOM);
    MLN_REQUIRE(!mln_seen_has(&session->seen, hash), REPLAY);
    if (!may_grow(target, session)) {
        session->is_over = true;
        forget_seen(target, session);
        MLN_FAIL(ESPRIM_ORIG_RANDOM);
    }
    MLN_TRY(mln_seen_add(&session->seen, hash, &is_new));
    session->share->seen_bytes += growth;
    target->seen_bytes += growth;
    return MLN_OK;
}

void mln_esprim_replied(struct mln_esprim_target *target, struct mln_esprim_live *session)
{
    if (!--session->replies && session->is_expired) {
        give_room_back(target, session);
    }
}

void mln_esprim_drop_all(struct mln_esprim_target *target)
{
    while (target->sessions.count) {
        expire_first(target);
    }
    mln_id_table_clear(&target->sessions);
    mln_id_table_clear(&target->shares);
    mln_carried_clear(&target->carried);
    for (size_t i = 0; i < target->chunk_count; i++) {
        mln_secret_free(target->chunks[i]);
    }
    mln_free(target->chunks);
    mln_free(target->heap);
}
