/* Arena allocation in doubling blocks. */
#include "base/arena.h"

#include <stdalign.h>

#include "base/mem.h"
#include "base/secret.h"

enum {
    FIRST_BLOCK = 8192 - 64, /* with the allocator's own header it fits two pages */
    LARGEST_BLOCK = 1 << 20,
};

struct block {
    struct block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) char data[];
};

struct mln_arena {
    size_t max;
    size_t used;
    struct block *newest;
    struct block *first;
    bool holds_secrets;
};

static struct block *block_new(size_t size)
{
    struct block *b = size <= PTRDIFF_MAX - sizeof *b ? mln_malloc(sizeof *b + size) : NULL;

    if (b) {
        b->next = NULL;
        b->size = size;
        b->used = 0;
    }
    return b;
}

struct mln_arena *mln_arena_new(size_t max)
{
    struct mln_arena *arena = mln_calloc(1, sizeof *arena);

    if (!arena) {
        return NULL;
    }
    arena->max = max;
    arena->first = block_new(FIRST_BLOCK);
    if (!arena->first) {
        mln_free(arena);
        return NULL;
    }
    arena->newest = arena->first;
    return arena;
}

static void free_blocks_above(struct mln_arena *arena)
{
    while (arena->newest != arena->first) {
        struct block *b = arena->newest;

        arena->newest = b->next;
        mln_free(b);
    }
}

void mln_arena_hold_secrets(struct mln_arena *arena)
{
    arena->holds_secrets = true;
}

static void wipe_secrets(struct mln_arena *arena)
{
    for (struct block *b = arena->holds_secrets ? arena->newest : NULL; b; b = b->next) {
        mln_wipe(b->data, b->used);
    }
    arena->holds_secrets = false;
}

void mln_arena_free(struct mln_arena *arena)
{
    if (!arena) {
        return;
    }
    wipe_secrets(arena);
    free_blocks_above(arena);
    mln_free(arena->first);
    mln_free(arena);
}

void mln_arena_freep(struct mln_arena **arena)
{
    mln_arena_free(*arena);
}

static struct block *add_block(struct mln_arena *arena, size_t need)
{
    size_t size = arena->newest->size * 2;
    struct block *b;

    if (size > LARGEST_BLOCK) {
        size = LARGEST_BLOCK;
    }
    if (size < need) {
        size = need;
    }
    b = block_new(size);
    if (b) {
        b->next = arena->newest;
        arena->newest = b;
    }
    return b;
}

static size_t round_up(size_t size)
{
    return (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

void *mln_arena_alloc(struct mln_arena *arena, size_t size)
{
    size_t rounded = round_up(size ? size : 1);
    struct block *b = arena->newest;
    void *ptr;

    if (rounded < size || rounded > arena->max - arena->used) {
        return NULL;
    }
    if (rounded > b->size - b->used) {
        b = add_block(arena, rounded);
        if (!b) {
            return NULL;
        }
    }
    ptr = b->data + b->used;
    b->used += rounded;
    arena->used += rounded;
    return ptr;
}

void *mln_arena_zalloc(struct mln_arena *arena, size_t count, size_t size)
{
    size_t total;
    void *ptr;

    if (__builtin_mul_overflow(count, size, &total)) {
        return NULL;
    }
    ptr = mln_arena_alloc(arena, total);
    if (ptr) {
        memset(ptr, 0, total);
    }
    return ptr;
}

bool mln_arena_dup(struct mln_arena *arena, struct mln_slice s, struct mln_slice *ret)
{
    char *copy = mln_arena_alloc(arena, s.len);

    if (!copy) {
        return false;
    }
    if (s.len) {
        memcpy(copy, s.ptr, s.len);
    }
    *ret = mln_slice_of(copy, s.len);
    return true;
}

char *mln_arena_zdup(struct mln_arena *arena, struct mln_slice s)
{
    char *copy = s.len + 1 ? mln_arena_alloc(arena, s.len + 1) : NULL;

    if (copy) {
        if (s.len) {
            memcpy(copy, s.ptr, s.len);
        }
        copy[s.len] = '\0';
    }
    return copy;
}

void *mln_arena_grow(struct mln_arena *arena, void *ptr, size_t old_size, size_t new_size)
{
    struct block *b = arena->newest;
    size_t old_rounded = round_up(old_size ? old_size : 1);
    size_t new_rounded = round_up(new_size);
    void *moved;

    if (ptr && new_rounded >= new_size && (char *)ptr + old_rounded == b->data + b->used) {
        size_t more = new_rounded - old_rounded;

        if (more <= b->size - b->used && more <= arena->max - arena->used) {
            b->used += more;
            arena->used += more;
            return ptr;
        }
    }
    moved = mln_arena_alloc(arena, new_size);
    if (moved && old_size && ptr) {
        memcpy(moved, ptr, old_size < new_size ? old_size : new_size);
    }
    return moved;
}

void mln_arena_reset(struct mln_arena *arena)
{
    wipe_secrets(arena);
    free_blocks_above(arena);
    arena->first->used = 0;
    arena->used = 0;
}

size_t mln_arena_used(const struct mln_arena *arena)
{
    return arena->used;
}
