/* The heap, in one place: the only file that calls malloc.
 *
 * A failed allocation is returned as NULL and is never fatal. In builds for tests each n-th
 * allocation can be made to fail. Any thread. */
#pragma once

#include <stddef.h>

/* Uninitialised memory, or NULL. Free with mln_free. */
void *mln_malloc(size_t size);

/* Zeroed memory for count objects, or NULL (also on overflow). */
void *mln_calloc(size_t count, size_t size);

/* As realloc; on NULL the old block is still valid. */
void *mln_realloc(void *ptr, size_t size);

/* Accepts NULL. */
void mln_free(void *ptr);

/* NUL-terminated copy of a string, or NULL. */
char *mln_strdup(const char *text);

/* Cleanup attribute for a heap pointer. */
static inline void mln_freep(void *pp)
{
    mln_free(*(void **)pp);
}

#ifdef MLN_TORTURE
/* The n-th allocation from now on (1 is the next) of this thread fails; 0 switches off. */
void mln_mem_fail_at(unsigned long n);

/* The same for the n-th and all that follow. */
void mln_mem_fail_from(unsigned long n);

/* How many allocations this thread has asked for since the last of these calls. */
unsigned long mln_mem_count(void);
#endif
