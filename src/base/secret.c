/* Secrets in pages of their own. */
#include "base/secret.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

struct mln_secret {
    unsigned char *bytes;
    size_t len;
};

struct mln_secret *mln_secret_new(size_t len)
{
    struct mln_secret *secret = len ? mln_malloc(sizeof *secret) : NULL;

    if (!secret) {
        return NULL;
    }
    secret->len = len;
    secret->bytes = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (secret->bytes == MAP_FAILED) {
        mln_free(secret);
        return NULL;
    }
    (void)madvise(secret->bytes, len, MADV_DONTDUMP); /* older systems do not know it */
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
    (void)munmap(secret->bytes, secret->len);
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
