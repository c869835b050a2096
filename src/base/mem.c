/* The heap behind one name, so that tests can make it fail. */
#include "base/mem.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef MLN_TORTURE
static _Thread_local unsigned long fail_at;
static _Thread_local unsigned long fail_until;
static _Thread_local unsigned long counted;

void mln_mem_fail_at(unsigned long n)
{
    fail_at = fail_until = n;
    counted = 0;
}

void mln_mem_fail_from(unsigned long n)
{
    mln_mem_fail_at(n);
    fail_until = ULONG_MAX;
}

unsigned long mln_mem_count(void)
{
    return counted;
}

static int must_fail(void)
{
    counted++;
    return fail_at != 0 && counted >= fail_at && counted <= fail_until;
}
#else
static inline int must_fail(void)
{
    return 0;
}
#endif

void *mln_malloc(size_t size)
{
    return must_fail() ? NULL : malloc(size ? size : 1);
}

void *mln_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : calloc(count ? count : 1, size ? size : 1);
}

void *mln_realloc(void *ptr, size_t size)
{
    return must_fail() ? NULL : realloc(ptr, size ? size : 1);
}

void mln_free(void *ptr)
{
    free(ptr);
}

char *mln_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = mln_malloc(size);

    if (copy) {
        memcpy(copy, text, size);
    }
    return copy;
}
