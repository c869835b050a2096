/* What waits for other CSEs. */
#include "cse/remote/buffer.h"

#include <pthread.h>

#include "base/mem.h"
#include "cse/pipeline/pipeline.h"

enum {
    BUCKETS = 256,
    PRIORITIES = 10,
    LEAST_PAUSE_US = 100000, /* back-off parameters may all be 0 */
    TRY_US = 1000000,        /* how long others wait for one that tries */
};

static const int64_t FORGET_US = INT64_C(3600) * 1000000;

/* Bytes that wait in one [cmdhBuffer]; there while something does. */
struct account {
    struct account *next;
    uint64_t id;
    uint64_t bytes;
};

/* One request that waits. After it had to go it lives until its worker has heard of that. */
struct mln_buffered {
    struct mln_exec *exec; /* NULL: it is over */
    struct mln_worker *worker;
    struct mln_buffer_entry entry;
    bool is_in; /* the table's, like what follows; else it had to go */
    struct account *account;
    struct mln_buffered *next; /* of its priority, the older first */
    struct mln_buffered **link;
    struct mln_buffered *next_of_key; /* in the bucket */
    struct mln_buffered **link_of_key;
    struct mln_task task;
};

struct line {
    struct mln_buffered *first;
    struct mln_buffered **last;
};

/* A neighbour that was not reached. */
struct pause {
    struct pause *next;
    uint64_t id;
    int64_t until_us;
    uint64_t failures;
    bool is_tried; /* one is on its way; until_us is for the others */
};

struct mln_buffers {
    pthread_mutex_t lock;
    struct line lines[PRIORITIES]; /* by priority, the lowest first */
    struct mln_buffered *keys[BUCKETS];
    struct account *accounts;
    struct pause *pauses[BUCKETS];
    uint64_t bytes;
};

static void drop(struct pause **link)
{
    struct pause *p = *link;

    *link = p->next;
    mln_free(p);
}

mln_err mln_buffers_new(struct mln_buffers **ret)
{
    struct mln_buffers *b = mln_calloc(1, sizeof *b);

    MLN_REQUIRE(b, NO_MEMORY);
    if (pthread_mutex_init(&b->lock, NULL) != 0) {
        mln_free(b);
        MLN_FAIL(SYSTEM);
    }
    for (unsigned i = 0; i < PRIORITIES; i++) {
        b->lines[i].last = &b->lines[i].first;
    }
    *ret = b;
    return MLN_OK;
}

void mln_buffers_free(struct mln_buffers *buffers)
{
    if (!buffers) {
        return;
    }
    for (unsigned i = 0; i < BUCKETS; i++) {
        while (buffers->pauses[i]) {
            drop(&buffers->pauses[i]);
        }
    }
    (void)pthread_mutex_destroy(&buffers->lock);
    mln_free(buffers);
}

/* ---- the table; with the lock ---- */

static struct account *account_of(struct mln_buffers *t, uint64_t id)
{
    struct account *a = t->accounts;

    while (a && a->id != id) {
        a = a->next;
    }
    return a;
}

static mln_err open_account(struct mln_buffers *t, uint64_t id, struct account **ret)
{
    struct account *a = account_of(t, id);

    if (!a) {
        a = mln_calloc(1, sizeof *a);
        MLN_REQUIRE(a, NO_MEMORY);
        a->id = id;
        a->next = t->accounts;
        t->accounts = a;
    }
    *ret = a;
    return MLN_OK;
}

static void close_account(struct mln_buffers *t, struct account *a)
{
    struct account **link = &t->accounts;

    if (a->bytes > 0) {
        return;
    }
    while (*link != a) {
        link = &(*link)->next;
    }
    *link = a->next;
    mln_free(a);
}

static bool has_key(const struct mln_buffer_entry *entry)
{
    return entry->key[0].len > 0;
}

static struct mln_buffered **bucket_of(struct mln_buffers *t, const struct mln_buffer_entry *entry)
{
    uint32_t h = 2166136261u; /* FNV-1a: who crowds a bucket makes its own requests slower */

    for (unsigned part = 0; part < 2; part++) {
        for (size_t i = 0; i < entry->key[part].len; i++) {
            h = (h ^ (unsigned char)entry->key[part].ptr[i]) * 16777619u;
        }
    }
    return &t->keys[h % BUCKETS];
}

static struct mln_buffered *find_key(struct mln_buffers *t, const struct mln_buffer_entry *entry)
{
    struct mln_buffered *b = has_key(entry) ? *bucket_of(t, entry) : NULL;

    while (b && !(mln_slice_eq(b->entry.key[0], entry->key[0]) &&
                  mln_slice_eq(b->entry.key[1], entry->key[1]))) {
        b = b->next_of_key;
    }
    return b;
}

static void put(struct mln_buffers *t, struct mln_buffered *b)
{
    struct line *line = &t->lines[b->entry.priority - 1];

    b->link = line->last;
    *line->last = b;
    line->last = &b->next;
    if (has_key(&b->entry)) {
        struct mln_buffered **bucket = bucket_of(t, &b->entry);

        b->next_of_key = *bucket;
        b->link_of_key = bucket;
        if (*bucket) {
            (*bucket)->link_of_key = &b->next_of_key;
        }
        *bucket = b;
    }
    b->account->bytes += b->entry.bytes;
    t->bytes += b->entry.bytes;
    b->is_in = true;
}

static void take(struct mln_buffers *t, struct mln_buffered *b)
{
    *b->link = b->next;
    if (b->next) {
        b->next->link = b->link;
    } else {
        t->lines[b->entry.priority - 1].last = b->link;
    }
    if (has_key(&b->entry)) {
        *b->link_of_key = b->next_of_key;
        if (b->next_of_key) {
            b->next_of_key->link_of_key = b->link_of_key;
        }
    }
    b->account->bytes -= b->entry.bytes;
    t->bytes -= b->entry.bytes;
    close_account(t, b->account);
    b->is_in = false;
}

/* ---- giving up a place ---- */

/* On its worker: a request that waits no longer has heard of it already. */
static void gone(struct mln_task *task)
{
    struct mln_buffered *b =
        (struct mln_buffered *)(void *)((char *)task - offsetof(struct mln_buffered, task));
    struct mln_exec *e = b->exec;

    mln_free(b);
    if (e) {
        e->buffered = NULL;
        mln_fault_set(e->fault, "another request was to be kept rather than this one");
        mln_exec_wake(e, MLN_ERROR(NOT_REACHABLE));
    }
}

static void remove_one(struct mln_buffers *t, struct mln_buffered *b)
{
    take(t, b);
    b->task.run = gone;
    b->worker->ops.post(b->worker->ops.loop, &b->task);
}

/* Bytes of those that would have to go for one of this priority, but for `older`. */
static uint64_t bytes_below(const struct mln_buffers *t, unsigned priority,
                            const struct mln_buffered *older)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i + 1 < priority; i++) {
        for (const struct mln_buffered *b = t->lines[i].first; b; b = b->next) {
            bytes += b == older ? 0 : b->entry.bytes;
        }
    }
    return bytes;
}

/* Those of the lowest priority go first, of these the oldest. */
static void make_room(struct mln_buffers *t, unsigned priority, uint64_t most)
{
    for (unsigned i = 0; i + 1 < priority; i++) {
        while (t->bytes > most && t->lines[i].first) {
            remove_one(t, t->lines[i].first);
        }
    }
}

/* When `older`, which may be NULL, has gone. */
static bool has_room(struct mln_buffers *t, const struct mln_buffer_entry *entry, uint64_t most,
                     const struct mln_buffered *older)
{
    const struct account *a = account_of(t, entry->buffer);
    uint64_t spare = older ? older->entry.bytes : 0;
    uint64_t waiting = (a ? a->bytes : 0) - (older && older->account == a ? spare : 0);
    uint64_t all = t->bytes - spare + entry->bytes;

    if (waiting + entry->bytes > entry->most_bytes) {
        return false;
    }
    return all <= most || all - bytes_below(t, entry->priority, older) <= most;
}

/* ---- face ---- */

static mln_err add(struct mln_exec *e, struct mln_buffers *t, struct mln_buffered *b)
{
    uint64_t most = e->cse->options.limits->buffered_bytes;
    struct mln_buffered *older = find_key(t, &b->entry);

    if (!has_room(t, &b->entry, most, older)) {
        mln_fault_set(e->fault, "the CMDH policy of this CSE: the buffer is full");
        MLN_FAIL(BAD_REQUEST);
    }
    MLN_TRY(open_account(t, b->entry.buffer, &b->account));
    put(t, b);
    if (older) {
        remove_one(t, older);
    }
    make_room(t, b->entry.priority, most);
    return MLN_OK;
}

mln_err mln_buffer_enter(struct mln_exec *e, const struct mln_buffer_entry *entry)
{
    struct mln_buffers *t = e->cse->buffers;
    struct mln_buffered *b;
    mln_err err;

    if (e->buffered) {
        return MLN_OK;
    }
    b = mln_calloc(1, sizeof *b);
    MLN_REQUIRE(b, NO_MEMORY);
    b->exec = e;
    b->worker = e->worker;
    b->entry = *entry;
    (void)pthread_mutex_lock(&t->lock);
    err = add(e, t, b);
    (void)pthread_mutex_unlock(&t->lock);
    if (mln_failed(err)) {
        mln_free(b);
        return err;
    }
    e->buffered = b;
    return MLN_OK;
}

bool mln_buffer_leave(struct mln_exec *e)
{
    struct mln_buffered *b = e->buffered;
    struct mln_buffers *t = e->cse->buffers;
    bool was_in;

    if (!b) {
        return true;
    }
    e->buffered = NULL;
    (void)pthread_mutex_lock(&t->lock);
    was_in = b->is_in;
    if (was_in) {
        take(t, b);
    }
    (void)pthread_mutex_unlock(&t->lock);
    if (was_in) {
        mln_free(b);
    } else {
        b->exec = NULL; /* its task is on the way */
    }
    return was_in;
}

/* ---- pauses ---- */

static struct pause **pause_of(struct mln_buffers *t, uint64_t id)
{
    struct pause **link = &t->pauses[(id ^ id >> 12) % BUCKETS];

    while (*link && (*link)->id != id) {
        link = &(*link)->next;
    }
    return link;
}

int64_t mln_buffer_pause(struct mln_buffers *buffers, uint64_t neighbour)
{
    const struct pause *p;
    int64_t ret;

    (void)pthread_mutex_lock(&buffers->lock);
    p = *pause_of(buffers, neighbour);
    ret = p ? p->until_us : 0;
    (void)pthread_mutex_unlock(&buffers->lock);
    return ret;
}

/* spec: TS-0001 D.12.7: IBT + n ABT, at most MBT, and then a random part of RBT */
static int64_t length_of(const struct mln_cmdh_back_off *b, uint64_t failures, uint64_t random)
{
    int64_t room = b->most_us - b->initial_us;
    int64_t ret = b->most_us;

    if (room > 0) {
        bool is_more = b->additional_us && failures > (uint64_t)(room / b->additional_us);

        ret = is_more ? b->most_us : b->initial_us + (int64_t)failures * b->additional_us;
    }
    ret += (int64_t)(random % ((uint64_t)b->random_us + 1));
    return ret > LEAST_PAUSE_US ? ret : LEAST_PAUSE_US;
}

/* Neighbours that nobody has tried to reach for long begin anew. */
static void forget_old(struct mln_buffers *t, uint64_t id, int64_t now_us)
{
    struct pause **link = &t->pauses[(id ^ id >> 12) % BUCKETS];

    while (*link) {
        if (now_us - (*link)->until_us > FORGET_US) {
            drop(link);
        } else {
            link = &(*link)->next;
        }
    }
}

void mln_buffer_try(struct mln_buffers *buffers, uint64_t neighbour, int64_t now_us)
{
    struct pause *p;

    (void)pthread_mutex_lock(&buffers->lock);
    p = *pause_of(buffers, neighbour);
    if (p && p->until_us <= now_us) {
        p->until_us = now_us + TRY_US;
        p->is_tried = true;
    }
    (void)pthread_mutex_unlock(&buffers->lock);
}

void mln_buffer_failed(struct mln_buffers *buffers, uint64_t neighbour,
                       const struct mln_cmdh_back_off *back_off, int64_t now_us, uint64_t random)
{
    struct pause **link;

    (void)pthread_mutex_lock(&buffers->lock);
    forget_old(buffers, neighbour, now_us);
    link = pause_of(buffers, neighbour);
    if (!*link) {
        *link = mln_calloc(1, sizeof **link);
    }
    if (*link && ((*link)->is_tried || (*link)->until_us <= now_us)) { /* others count with it */
        (*link)->id = neighbour;
        (*link)->until_us = now_us + length_of(back_off, (*link)->failures, random);
        (*link)->failures++;
        (*link)->is_tried = false;
    }
    (void)pthread_mutex_unlock(&buffers->lock);
}

void mln_buffer_succeeded(struct mln_buffers *buffers, uint64_t neighbour)
{
    struct pause **link;

    (void)pthread_mutex_lock(&buffers->lock);
    link = pause_of(buffers, neighbour);
    if (*link) {
        drop(link);
    }
    (void)pthread_mutex_unlock(&buffers->lock);
}
