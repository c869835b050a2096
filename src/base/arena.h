/* Arena: memory for one request, one connection or one configuration load.
 *
 * Allocations are never freed alone; all go when the arena is reset or freed. An arena belongs to
 * one thread at a time. It is born with a maximum and then refuses with NULL. */
#pragma once

#include "base/slice.h"

struct mln_arena;

/* max: bytes of all allocations together. NULL when out of memory. */
struct mln_arena *mln_arena_new(size_t max);

/* Accepts NULL. */
void mln_arena_free(struct mln_arena *arena);

/* Cleanup attribute. */
void mln_arena_freep(struct mln_arena **arena);

/* Uninitialised memory aligned for any type, or NULL when the maximum or the heap is exhausted. */
void *mln_arena_alloc(struct mln_arena *arena, size_t size);

/* Zeroed memory, or NULL (also on overflow of count * size). */
void *mln_arena_zalloc(struct mln_arena *arena, size_t count, size_t size);

/* Copies bytes into the arena. On failure ret is untouched and false is returned. */
bool mln_arena_dup(struct mln_arena *arena, struct mln_slice s, struct mln_slice *ret);

/* NUL-terminated copy for calls into other libraries, or NULL. */
char *mln_arena_zdup(struct mln_arena *arena, struct mln_slice s);

/* Grows the newest allocation in place where possible, else copies. As realloc otherwise. */
void *mln_arena_grow(struct mln_arena *arena, void *ptr, size_t old_size, size_t new_size);

/* From now on all that is in the arena is wiped before its place is used again or given back; a
 * reset ends that. For texts that somebody protects, and what is made of them. */
void mln_arena_hold_secrets(struct mln_arena *arena);

/* Forgets all allocations, keeps the first block for reuse. */
void mln_arena_reset(struct mln_arena *arena);

/* Bytes handed out since the last reset. */
size_t mln_arena_used(const struct mln_arena *arena);
