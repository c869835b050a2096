/* Tests of the arena. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>

#include <cmocka.h>

enum { PLENTY = 1 << 26 };

static struct mln_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(PLENTY);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static void hands_out_separate_aligned_memory(void **state)
{
    unsigned char *blocks[200];

    (void)state;
    for (size_t i = 0; i < 200; i++) {
        blocks[i] = mln_arena_alloc(arena, i);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
        memset(blocks[i], (int)i, i);
    }
    for (size_t i = 0; i < 200; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_int_equal(blocks[i][j], i);
        }
    }
}

/* Larger than a block, and so many that blocks must be added. */
static void grows_by_blocks(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 4 << 20; size *= 2) {
        char *ptr = mln_arena_alloc(arena, size);

        assert_non_null(ptr);
        memset(ptr, 'x', size);
    }
    for (size_t i = 0; i < 100000; i++) {
        char *ptr = mln_arena_alloc(arena, 100);

        assert_non_null(ptr);
        *ptr = 'x';
    }
}

static void keeps_to_its_maximum(void **state)
{
    struct mln_arena *small = mln_arena_new(1024);

    (void)state;
    assert_null(mln_arena_alloc(small, 1025));
    assert_non_null(mln_arena_alloc(small, 1000));
    assert_int_equal(mln_arena_used(small), 1008);
    assert_null(mln_arena_alloc(small, 17));
    assert_non_null(mln_arena_alloc(small, 16));
    assert_null(mln_arena_alloc(small, 0));
    assert_null(mln_arena_zalloc(small, 1, 1));
    assert_null(mln_arena_zdup(small, MLN_S("")));
    mln_arena_reset(small);
    assert_non_null(mln_arena_alloc(small, 1024));
    mln_arena_free(small);
}

static void a_maximum_of_zero_refuses_all(void **state)
{
    struct mln_arena *none = mln_arena_new(0);

    (void)state;
    assert_non_null(none);
    assert_null(mln_arena_alloc(none, 0));
    assert_null(mln_arena_alloc(none, 1));
    mln_arena_free(none);
}

static void refuses_sizes_that_overflow(void **state)
{
    struct mln_arena *endless = mln_arena_new(SIZE_MAX);

    (void)state;
    for (size_t i = 0; i < 64; i++) {
        assert_null(mln_arena_alloc(endless, SIZE_MAX - i));
    }
    assert_null(mln_arena_alloc(endless, SIZE_MAX / 2 + 1));
    assert_null(mln_arena_zalloc(endless, SIZE_MAX / 2, 3));
    assert_null(mln_arena_grow(endless, NULL, 0, SIZE_MAX / 2 + 1));
    assert_null(mln_arena_zalloc(endless, (size_t)1 << 32, (size_t)1 << 32));
    assert_null(mln_arena_zdup(endless, mln_slice_of("", SIZE_MAX)));
    assert_int_equal(mln_arena_used(endless), 0);
    mln_arena_free(endless);
}

static void zeroes_what_zalloc_gives(void **state)
{
    unsigned char *ptr = mln_arena_alloc(arena, 4096);

    (void)state;
    memset(ptr, 0xFF, 4096);
    mln_arena_reset(arena);
    ptr = mln_arena_zalloc(arena, 64, 64);
    for (size_t i = 0; i < 4096; i++) {
        assert_int_equal(ptr[i], 0);
    }
    assert_non_null(mln_arena_zalloc(arena, 0, 8));
}

static void copies_bytes(void **state)
{
    struct mln_slice copy = MLN_S("before");
    char text[] = "a\0b";
    struct mln_arena *none = mln_arena_new(0);

    (void)state;
    assert_true(mln_arena_dup(arena, mln_slice_of(text, 3), &copy));
    assert_ptr_not_equal(copy.ptr, text);
    text[0] = 'x';
    assert_int_equal(copy.len, 3);
    assert_memory_equal(copy.ptr, "a\0b", 3);
    assert_true(mln_arena_dup(arena, (struct mln_slice){ 0 }, &copy));
    assert_int_equal(copy.len, 0);
    assert_non_null(copy.ptr);
    copy = MLN_S("before");
    assert_false(mln_arena_dup(none, MLN_S("x"), &copy));
    assert_true(mln_slice_eq(copy, MLN_S("before")));
    mln_arena_free(none);
}

static void copies_with_an_ending_nul(void **state)
{
    (void)state;
    assert_string_equal(mln_arena_zdup(arena, mln_slice_of("abcdef", 3)), "abc");
    assert_string_equal(mln_arena_zdup(arena, (struct mln_slice){ 0 }), "");
}

static void grows_the_newest_in_place(void **state)
{
    char *ptr = mln_arena_alloc(arena, 10);
    char *grown;
    size_t used;

    (void)state;
    memcpy(ptr, "0123456789", 10);
    grown = mln_arena_grow(arena, ptr, 10, 1000);
    assert_ptr_equal(grown, ptr);
    assert_memory_equal(grown, "0123456789", 10);
    used = mln_arena_used(arena);
    assert_int_equal(used, 1008);
    assert_ptr_equal(mln_arena_grow(arena, ptr, 1000, 1005), ptr);
    assert_int_equal(mln_arena_used(arena), used);
}

static void moves_what_cannot_grow_in_place(void **state)
{
    char *old = mln_arena_alloc(arena, 10);
    char *newer = mln_arena_alloc(arena, 10);
    char *grown;

    (void)state;
    memcpy(old, "0123456789", 10);
    memcpy(newer, "abcdefghij", 10);
    grown = mln_arena_grow(arena, old, 10, 100);
    assert_ptr_not_equal(grown, old);
    assert_memory_equal(grown, "0123456789", 10);
    memset(grown, 'x', 100);
    assert_memory_equal(newer, "abcdefghij", 10);
    assert_memory_equal(old, "0123456789", 10);
}

static void moves_to_a_new_block(void **state)
{
    char *ptr = mln_arena_alloc(arena, 10);
    char *grown;

    (void)state;
    memcpy(ptr, "0123456789", 10);
    grown = mln_arena_grow(arena, ptr, 10, 1 << 20);
    assert_non_null(grown);
    assert_memory_equal(grown, "0123456789", 10);
    memset(grown, 'x', 1 << 20);
}

static void grows_from_nothing(void **state)
{
    char *ptr = mln_arena_grow(arena, NULL, 0, 10);

    (void)state;
    assert_non_null(ptr);
    memset(ptr, 'x', 10);
}

/* As realloc: the front part stays. */
static void shrinks(void **state)
{
    char *newest = mln_arena_alloc(arena, 4096);
    char *shrunk;
    char *next;

    (void)state;
    memset(newest, 'a', 4096);
    shrunk = mln_arena_grow(arena, newest, 4096, 5);
    assert_memory_equal(shrunk, "aaaaa", 5);
    next = mln_arena_alloc(arena, 16);
    memset(next, 'b', 16);
    assert_memory_equal(shrunk, "aaaaa", 5);
    shrunk = mln_arena_grow(arena, shrunk, 5, 1);
    assert_memory_equal(shrunk, "a", 1);
    assert_memory_equal(next, "bbbbbbbbbbbbbbbb", 16);
}

static void growth_keeps_to_the_maximum(void **state)
{
    struct mln_arena *small = mln_arena_new(256);
    char *ptr = mln_arena_alloc(small, 16);

    (void)state;
    assert_null(mln_arena_grow(small, ptr, 16, 257));
    assert_null(mln_arena_grow(small, ptr, 16, SIZE_MAX));
    assert_ptr_equal(mln_arena_grow(small, ptr, 16, 256), ptr);
    assert_null(mln_arena_alloc(small, 1));
    mln_arena_free(small);
}

static void forgets_on_reset(void **state)
{
    void *first = mln_arena_alloc(arena, 100);

    (void)state;
    assert_non_null(mln_arena_alloc(arena, 1 << 20));
    assert_int_equal(mln_arena_used(arena), 112 + (1 << 20));
    mln_arena_reset(arena);
    assert_int_equal(mln_arena_used(arena), 0);
    assert_ptr_equal(mln_arena_alloc(arena, 100), first);
}

static void wipes_what_it_held(void **state)
{
    static const char nothing[8];
    char *first = mln_arena_alloc(arena, 8);

    (void)state;
    memcpy(first, "a secret", 8);
    mln_arena_reset(arena);
    assert_memory_equal(first, "a secret", 8); /* nobody asked */
    first = mln_arena_alloc(arena, 8);
    memcpy(first, "a secret", 8);
    assert_non_null(mln_arena_alloc(arena, 1 << 20));
    mln_arena_hold_secrets(arena);
    mln_arena_reset(arena);
    assert_memory_equal(first, nothing, 8);
    first = mln_arena_alloc(arena, 8);
    memcpy(first, "no more!", 8);
    mln_arena_reset(arena);
    assert_memory_equal(first, "no more!", 8);
}

static void freeing_nothing_is_fine(void **state)
{
    struct mln_arena *none = NULL;

    (void)state;
    mln_arena_free(NULL);
    mln_arena_freep(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(hands_out_separate_aligned_memory),
        T(grows_by_blocks),
        T(keeps_to_its_maximum),
        T(a_maximum_of_zero_refuses_all),
        T(refuses_sizes_that_overflow),
        T(zeroes_what_zalloc_gives),
        T(copies_bytes),
        T(copies_with_an_ending_nul),
        T(grows_the_newest_in_place),
        T(moves_what_cannot_grow_in_place),
        T(moves_to_a_new_block),
        T(grows_from_nothing),
        T(shrinks),
        T(growth_keeps_to_the_maximum),
        T(forgets_on_reset),
        T(wipes_what_it_held),
        T(freeing_nothing_is_fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
