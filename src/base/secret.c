/* Secrets in pages that hold nothing else.
 *
 * Small ones, such as keys, share some: a handshake needs one for an instant, and to give a page
 * back to the system stops the other threads. */
#include "base/secret.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

struct mln_secret {
    unsigned char *bytes;
    size_t len;
};

/* ---- pages ---- */

static unsigned char *map(size_t len)
{
    unsigned char *bytes =
        mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (bytes == MAP_FAILED) {
        return NULL;
    }
    (void)madvise(bytes, len, MADV_DONTDUMP); /* older systems do not know it */
    return bytes;
}

enum { SLOT = 64, SLOTS = 512 };

/* Mapped with the first small secret, and kept. What is free is zero. */
static struct {
    pthread_mutex_t lock; /* of all: held for a few instructions */
    unsigned char *bytes;
    uint16_t free[SLOTS];
    size_t count;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void open_pool(void)
{
    pool.bytes = map((size_t)SLOT * SLOTS);
    while (pool.bytes && pool.count < SLOTS) {
        pool.free[pool.count] = (uint16_t)(SLOTS - 1 - pool.count);
        pool.count++;
    }
}

/* NULL: there is none left. */
static unsigned char *take_slot(void)
{
    unsigned char *slot = NULL;

    (void)pthread_mutex_lock(&pool.lock);
    if (!pool.bytes) {
        open_pool();
    }
    if (pool.count) {
        slot = pool.bytes + (size_t)SLOT * pool.free[--pool.count];
    }
    (void)pthread_mutex_unlock(&pool.lock);
    return slot;
}

/* False: it is none. */
static bool give_slot_back(const unsigned char *bytes)
{
    uintptr_t at = (uintptr_t)bytes;
    uintptr_t start;
    bool is_slot;

    (void)pthread_mutex_lock(&pool.lock);
    start = (uintptr_t)pool.bytes;
    is_slot = start && at >= start && at < start + (size_t)SLOT * SLOTS;
    if (is_slot) {
        pool.free[pool.count++] = (uint16_t)((at - start) / SLOT);
    }
    (void)pthread_mutex_unlock(&pool.lock);
    return is_slot;
}

/* ---- secrets ---- */

struct mln_secret *mln_secret_new(size_t len)
{
    struct mln_secret *secret = len ? mln_malloc(sizeof *secret) : NULL;

    if (!secret) {
        return NULL;
    }
    secret->len = len;
    secret->bytes = len <= SLOT ? take_slot() : NULL;
    if (!secret->bytes) {
        secret->bytes = map(len);
    }
    if (!secret->bytes) {
        mln_free(secret);
        return NULL;
    }
    return secret;
}

struct mln_secret *mln_secret_of(const void *bytes, size_t len)
{
    struct mln_secret *secret = mln_secret_new(len);

    if (secret) {
        memcpy(secret->bytes, bytes, len);
    }
    return secret;
}

void mln_secret_free(struct mln_secret *secret)
{
    if (!secret) {
        return;
    }
    mln_wipe(secret->bytes, secret->len);
    if (!give_slot_back(secret->bytes)) {
        (void)munmap(secret->bytes, secret->len);
    }
    mln_free(secret);
}

void mln_secret_freep(struct mln_secret **secret)
{
    mln_secret_free(*secret);
    *secret = NULL;
}

const unsigned char *mln_secret_bytes(const struct mln_secret *secret)
{
    return secret->bytes;
}

unsigned char *mln_secret_room(struct mln_secret *secret)
{
    return secret->bytes;
}

size_t mln_secret_len(const struct mln_secret *secret)
{
    return secret->len;
}

void mln_wipe(void *ptr, size_t len)
{
    if (len) {
        explicit_bzero(ptr, len);
    }
}

bool mln_ct_equal(const void *a, const void *b, size_t len)
{
    const volatile unsigned char *x = a;
    const volatile unsigned char *y = b;
    unsigned char difference = 0;

    for (size_t i = 0; i < len; i++) {
        difference = (unsigned char)(difference | (x[i] ^ y[i]));
    }
    return difference == 0;
}
