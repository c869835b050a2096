/* Tests of waiting output: whatever is added and dropped, the bytes keep their order. */
#include "io/chunks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { PARTS = 4, STEPS = 2000, LARGEST = 5000 };

/* Numbers that look like chance and are the same each time. */
static size_t next(void)
{
    static uint64_t state = 1;

    state = state * UINT64_C(6364136223846793005) + 1;
    return (size_t)(state >> 33);
}

static unsigned char at(size_t i)
{
    return (unsigned char)(i * 31 + i / 257);
}

static void add(struct mln_chunks *c, size_t from, size_t len)
{
    char bytes[LARGEST];

    for (size_t i = 0; i < len; i++) {
        bytes[i] = (char)at(from + i);
    }
    assert_true(mln_chunks_add(c, mln_slice_of(bytes, len)));
}

/* What is seen begins with byte `from`; returns how much is seen. */
static size_t check(const struct mln_chunks *c, size_t from)
{
    struct iovec parts[PARTS];
    size_t count = mln_chunks_peek(c, parts, PARTS);
    size_t seen = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < parts[i].iov_len; j++) {
            assert_int_equal(((unsigned char *)parts[i].iov_base)[j], at(from + seen));
            seen++;
        }
    }
    return seen;
}

static void bytes_keep_their_order(void **state)
{
    struct mln_chunks c = { 0 };
    size_t added = 0;
    size_t dropped = 0;

    (void)state;
    for (int i = 0; i < STEPS; i++) {
        size_t len = next() % (i % 3 ? 100 : LARGEST);
        size_t seen;

        add(&c, added, len);
        added += len;
        seen = check(&c, dropped);
        len = next() % (seen + 1);
        mln_chunks_drop(&c, len);
        dropped += len;
        assert_int_equal(c.len, added - dropped);
    }
    mln_chunks_drop(&c, c.len);
    assert_null(c.first);
    assert_null(c.last);
    assert_int_equal(c.len, 0);
}

static void an_empty_one_has_no_parts(void **state)
{
    struct mln_chunks c = { 0 };
    struct iovec part;

    (void)state;
    assert_int_equal(mln_chunks_peek(&c, &part, 1), 0);
    mln_chunks_drop(&c, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_keep_their_order),
        cmocka_unit_test(an_empty_one_has_no_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
