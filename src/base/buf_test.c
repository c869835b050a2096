/* Tests of growing buffers. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { PLENTY = 1 << 24 };

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

static void assert_holds(const struct mln_buf *buf, struct mln_slice want)
{
    struct mln_slice s = MLN_S("untouched");

    assert_int_equal(mln_buf_finish(buf, &s).code, MLN_ERR_NONE);
    assert_int_equal(s.len, want.len);
    if (want.len) {
        assert_memory_equal(s.ptr, want.ptr, want.len);
    }
}

static void assert_failed(const struct mln_buf *buf, enum mln_err_code code)
{
    struct mln_slice s = MLN_S("untouched");

    assert_int_equal(mln_buf_finish(buf, &s).code, code);
    assert_true(mln_slice_eq(s, MLN_S("untouched")));
}

static void an_empty_buffer_is_an_empty_text(void **state)
{
    struct mln_buf buf;
    struct mln_slice s = { 0 };

    (void)state;
    mln_buf_init(&buf, arena, 10);
    assert_int_equal(mln_buf_finish(&buf, &s).code, MLN_ERR_NONE);
    assert_int_equal(s.len, 0);
    assert_non_null(s.ptr);
    assert_int_equal(mln_arena_used(arena), 0);
}

static void appends(void **state)
{
    struct mln_buf buf;

    (void)state;
    mln_buf_init(&buf, arena, 100);
    mln_buf_add(&buf, MLN_S("abc"));
    mln_buf_add(&buf, (struct mln_slice){ 0 });
    mln_buf_byte(&buf, '\0');
    mln_buf_u64(&buf, 0);
    mln_buf_byte(&buf, ' ');
    mln_buf_u64(&buf, UINT64_MAX);
    mln_buf_printf(&buf, " %s-%d", "x", -5);
    assert_holds(&buf, MLN_S("abc\0000 18446744073709551615 x--5"));
}

static void gives_room_to_write_into(void **state)
{
    struct mln_buf buf;
    char *at;

    (void)state;
    mln_buf_init(&buf, arena, 100);
    mln_buf_byte(&buf, '<');
    at = mln_buf_reserve(&buf, 3);
    assert_non_null(at);
    memcpy(at, "abc", 3);
    mln_buf_byte(&buf, '>');
    assert_holds(&buf, MLN_S("<abc>"));
    assert_non_null(mln_buf_reserve(&buf, 0));
    assert_holds(&buf, MLN_S("<abc>"));
}

static void grows_and_keeps_what_it_has(void **state)
{
    struct mln_buf buf;
    struct mln_slice s;

    (void)state;
    mln_buf_init(&buf, arena, 1 << 20);
    for (unsigned i = 0; i < 100000; i++) {
        mln_buf_byte(&buf, (char)i);
        if (i % 1000 == 0) {
            assert_non_null(mln_arena_alloc(arena, 1)); /* so that it cannot grow in place */
        }
    }
    assert_int_equal(mln_buf_finish(&buf, &s).code, MLN_ERR_NONE);
    assert_int_equal(s.len, 100000);
    for (unsigned i = 0; i < 100000; i++) {
        assert_int_equal((unsigned char)s.ptr[i], i & 0xFF);
    }
}

static void grows_in_one_step_to_what_is_needed(void **state)
{
    struct mln_buf buf;
    static char large[300000];

    (void)state;
    memset(large, 'x', sizeof large);
    mln_buf_init(&buf, arena, sizeof large);
    mln_buf_add(&buf, mln_slice_of(large, sizeof large));
    assert_holds(&buf, mln_slice_of(large, sizeof large));
}

static void keeps_to_its_maximum(void **state)
{
    struct mln_buf buf;

    (void)state;
    mln_buf_init(&buf, arena, 5);
    mln_buf_add(&buf, MLN_S("abcde"));
    assert_holds(&buf, MLN_S("abcde"));
    mln_buf_byte(&buf, 'f');
    assert_failed(&buf, MLN_ERR_LIMIT);
    assert_int_equal(buf.len, 5);
}

static void a_maximum_of_zero_takes_nothing(void **state)
{
    struct mln_buf buf;

    (void)state;
    mln_buf_init(&buf, arena, 0);
    mln_buf_add(&buf, MLN_S(""));
    assert_holds(&buf, MLN_S(""));
    mln_buf_byte(&buf, 'x');
    assert_failed(&buf, MLN_ERR_LIMIT);
}

/* Nothing that would fit is appended behind what did not fit. */
static void failures_stick(void **state)
{
    struct mln_buf buf;

    (void)state;
    mln_buf_init(&buf, arena, 5);
    mln_buf_add(&buf, MLN_S("abc"));
    mln_buf_add(&buf, MLN_S("too long"));
    mln_buf_byte(&buf, 'd');
    mln_buf_u64(&buf, 1);
    mln_buf_printf(&buf, "e");
    assert_null(mln_buf_reserve(&buf, 1));
    assert_null(mln_buf_reserve(&buf, 0));
    assert_failed(&buf, MLN_ERR_LIMIT);
    assert_int_equal(buf.len, 3);
}

static void goes_back_behind_a_limit_only(void **state)
{
    struct mln_buf buf;
    struct mln_arena *small = mln_arena_new(1024);

    (void)state;
    mln_buf_init(&buf, arena, 5);
    mln_buf_add(&buf, MLN_S("abc"));
    mln_buf_add(&buf, MLN_S("too long"));
    mln_buf_rewind(&buf, 2);
    mln_buf_add(&buf, MLN_S("d"));
    assert_holds(&buf, MLN_S("abd"));
    mln_buf_init(&buf, small, SIZE_MAX);
    assert_null(mln_buf_reserve(&buf, 2000));
    mln_buf_rewind(&buf, 0);
    assert_failed(&buf, MLN_ERR_NO_MEMORY);
    mln_arena_free(small);
}

static void reports_an_exhausted_arena(void **state)
{
    struct mln_arena *small = mln_arena_new(1024);
    struct mln_buf buf;

    (void)state;
    mln_buf_init(&buf, small, 1 << 20);
    for (int i = 0; i < 2000; i++) {
        mln_buf_byte(&buf, 'x');
    }
    assert_failed(&buf, MLN_ERR_NO_MEMORY);
    assert_int_equal(buf.len, 1024);
    mln_arena_free(small);
}

static void the_first_failure_counts(void **state)
{
    struct mln_arena *none = mln_arena_new(0);
    struct mln_buf buf;

    (void)state;
    mln_buf_init(&buf, none, 10);
    mln_buf_byte(&buf, 'x');
    mln_buf_add(&buf, MLN_S("longer than the maximum"));
    mln_buf_printf(&buf, "%600d", 1);
    assert_failed(&buf, MLN_ERR_NO_MEMORY);
    mln_arena_free(none);
}

static void printf_has_a_limit_of_its_own(void **state)
{
    struct mln_buf buf;

    (void)state;
    mln_buf_init(&buf, arena, 10000);
    mln_buf_printf(&buf, "%511d", 1);
    assert_int_equal(buf.len, 511);
    mln_buf_printf(&buf, "%512d", 1);
    assert_failed(&buf, MLN_ERR_LIMIT);
}

static void sizes_do_not_overflow(void **state)
{
    struct mln_buf buf;

    (void)state;
    mln_buf_init(&buf, arena, 100);
    mln_buf_byte(&buf, 'x');
    assert_null(mln_buf_reserve(&buf, SIZE_MAX));
    assert_failed(&buf, MLN_ERR_LIMIT);
    mln_buf_init(&buf, arena, SIZE_MAX);
    mln_buf_byte(&buf, 'x');
    assert_null(mln_buf_reserve(&buf, SIZE_MAX - 1));
    assert_failed(&buf, MLN_ERR_NO_MEMORY);
    mln_buf_init(&buf, arena, SIZE_MAX);
    assert_null(mln_buf_reserve(&buf, SIZE_MAX / 2 + 2));
    assert_failed(&buf, MLN_ERR_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(an_empty_buffer_is_an_empty_text),
        T(appends),
        T(gives_room_to_write_into),
        T(grows_and_keeps_what_it_has),
        T(grows_in_one_step_to_what_is_needed),
        T(keeps_to_its_maximum),
        T(a_maximum_of_zero_takes_nothing),
        T(failures_stick),
        T(goes_back_behind_a_limit_only),
        T(reports_an_exhausted_arena),
        T(the_first_failure_counts),
        T(printf_has_a_limit_of_its_own),
        T(sizes_do_not_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
