/* Tests of the set of objects seen. */
#include "e2e/seen.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const unsigned char key[MLN_SIPHASH_KEY] = { 5 };

static uint64_t hash_of(unsigned n)
{
    unsigned char iv[MLN_AEAD_IV] = { (unsigned char)n, (unsigned char)(n >> 8),
                                      (unsigned char)(n >> 16) };

    return mln_seen_hash(key, iv);
}

static void knows_what_it_has_seen(void **state)
{
    enum { MANY = 100000 };
    struct mln_seen seen = { 0 };
    size_t bytes = 0;
    bool is_new = false;

    (void)state;
    assert_false(mln_seen_has(&seen, hash_of(1)));
    for (unsigned i = 0; i < MANY; i++) {
        bytes += mln_seen_growth(&seen);
        assert_false(mln_failed(mln_seen_add(&seen, hash_of(i), &is_new)));
        assert_true(is_new);
        assert_int_equal(bytes, seen.cap * sizeof *seen.slots);
    }
    assert_int_equal(seen.count, MANY);
    for (unsigned i = 0; i < MANY; i += 77) {
        assert_true(mln_seen_has(&seen, hash_of(i)));
        assert_false(mln_seen_has(&seen, hash_of(i + MANY)));
        assert_false(mln_failed(mln_seen_add(&seen, hash_of(i), &is_new)));
        assert_false(is_new);
    }
    assert_int_equal(seen.count, MANY);
    assert_int_equal(mln_seen_clear(&seen), bytes);
    assert_false(mln_seen_has(&seen, hash_of(1)));
    assert_int_equal(mln_seen_clear(&seen), 0);
}

static void depends_on_its_key(void **state)
{
    static const unsigned char other[MLN_SIPHASH_KEY] = { 6 };
    static const unsigned char iv[MLN_AEAD_IV] = { 0 };

    (void)state;
    assert_true(mln_seen_hash(key, iv) != mln_seen_hash(other, iv));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_what_it_has_seen),
        cmocka_unit_test(depends_on_its_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
