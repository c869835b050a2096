/* Tests of secrets: wiped, out of dumps, compared without an early end. */
#include "base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAGE_LINE = 512 };

static void keeps_bytes(void **state)
{
    static const unsigned char bytes[] = { 1, 2, 0, 4 };
    struct mln_secret *s = mln_secret_of(bytes, sizeof bytes);

    (void)state;
    assert_non_null(s);
    assert_int_equal(mln_secret_len(s), sizeof bytes);
    assert_memory_equal(mln_secret_bytes(s), bytes, sizeof bytes);
    assert_ptr_not_equal(mln_secret_bytes(s), bytes);
    mln_secret_freep(&s);
    assert_null(s);
    mln_secret_free(NULL);
}

static void begins_empty(void **state)
{
    struct mln_secret *s = mln_secret_new(5000);

    (void)state;
    assert_non_null(s);
    for (size_t i = 0; i < 5000; i++) {
        assert_int_equal(mln_secret_bytes(s)[i], 0);
    }
    mln_secret_room(s)[4999] = 7;
    assert_int_equal(mln_secret_bytes(s)[4999], 7);
    mln_secret_free(s);
}

/* More small ones than share pages; none has another's bytes, or those of one that has gone. */
static void many_small_ones(void **state)
{
    enum { MANY = 1500 };
    static struct mln_secret *all[MANY];

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < MANY; i++) {
            size_t len = 1 + i % 80;

            all[i] = mln_secret_new(len);
            assert_non_null(all[i]);
            for (size_t at = 0; at < len; at++) {
                assert_int_equal(mln_secret_bytes(all[i])[at], 0);
            }
            memset(mln_secret_room(all[i]), (int)(1 + i % 251), len);
        }
        for (size_t i = 0; i < MANY; i++) {
            for (size_t at = 0; at < mln_secret_len(all[i]); at++) {
                assert_int_equal(mln_secret_bytes(all[i])[at], 1 + i % 251);
            }
        }
        for (size_t i = 0; i < MANY; i++) { /* in another order */
            mln_secret_free(all[i * 7 % MANY]);
        }
    }
}

static void has_a_byte_at_least(void **state)
{
    (void)state;
    assert_null(mln_secret_new(0));
    assert_null(mln_secret_of("", 0));
    assert_null(mln_secret_new(SIZE_MAX / 2));
}

/* The VmFlags line of the mapping that holds the address. */
static bool mapping_flags(const void *address, char *out, size_t size)
{
    FILE *f = fopen("/proc/self/smaps", "re");
    uintptr_t at = (uintptr_t)address;
    char line[PAGE_LINE];
    char prefix[64];
    bool is_ours = false;
    bool found = false;

    if (!f) {
        return false;
    }
    (void)snprintf(prefix, sizeof prefix, "%lx-", (unsigned long)(at & ~(uintptr_t)4095));
    while (!found && fgets(line, sizeof line, f)) {
        if (strncmp(line, prefix, strlen(prefix)) == 0) {
            is_ours = true;
        } else if (is_ours && strncmp(line, "VmFlags:", 8) == 0) {
            (void)snprintf(out, size, "%s", line);
            found = true;
        }
    }
    (void)fclose(f);
    return found;
}

/* SEC-IDN-08: the pages carry the mark that the kernel's core dumps heed */
static void stays_out_of_dumps(void **state)
{
    static const size_t lengths[] = { 7, 64, 65, 5000 };
    char flags[PAGE_LINE];

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct mln_secret *s = mln_secret_new(lengths[i]);

        assert_non_null(s);
        if (sysconf(_SC_PAGESIZE) != 4096 ||
            !mapping_flags(mln_secret_bytes(s), flags, sizeof flags)) {
            mln_secret_free(s);
            skip(); /* a kernel without smaps */
        }
        assert_non_null(strstr(flags, " dd"));
        mln_secret_free(s);
    }
}

static void wipes(void **state)
{
    char text[] = "planted secret";

    (void)state;
    mln_wipe(text, 7);
    assert_memory_equal(text, "\0\0\0\0\0\0\0 secret", sizeof text);
    mln_wipe(NULL, 0);
}

static void compares(void **state)
{
    unsigned char a[32];
    unsigned char b[32];

    (void)state;
    memset(a, 0x5a, sizeof a);
    memset(b, 0x5a, sizeof b);
    assert_true(mln_ct_equal(a, b, sizeof a));
    assert_true(mln_ct_equal(a, "", 0));
    for (size_t i = 0; i < sizeof a; i++) {
        for (unsigned bit = 1; bit < 256; bit <<= 1) {
            b[i] = (unsigned char)(a[i] ^ bit);
            assert_false(mln_ct_equal(a, b, sizeof a));
            assert_true(mln_ct_equal(a, b, i));
        }
        b[i] = a[i];
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_bytes),        cmocka_unit_test(begins_empty),
        cmocka_unit_test(many_small_ones),    cmocka_unit_test(has_a_byte_at_least),
        cmocka_unit_test(stays_out_of_dumps), cmocka_unit_test(wipes),
        cmocka_unit_test(compares),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
