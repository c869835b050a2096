/* Tests of receiver objects without a table. What a target makes of them is in target_test.c. */
#include "e2e/receiver_objects.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/timestamp.h"

static const struct mln_receiver_objects objects = { { 1, 2, 3 }, { 10, 12 }, 2 };
static const struct mln_receiver_seed seed = { true, 1700000000, { 1, 2, 3, 4, 5, 6, 7, 8 } };

static void finds_its_own(void **state)
{
    struct mln_arena *arena = mln_arena_new(1 << 16);
    struct mln_receiver_objects other = objects;
    struct mln_receiver_seed found = { 0 };
    struct mln_e2e_random a;
    struct mln_e2e_random b;
    char id[128];

    (void)state;
    assert_false(mln_failed(mln_receiver_object(&objects, &seed, arena, &a)));
    assert_true(mln_receiver_find(&objects, a.id, &found));
    assert_true(found.is_shared);
    assert_int_equal(found.expires_s, seed.expires_s);
    assert_false(mln_failed(mln_receiver_object(&objects, &found, arena, &b)));
    assert_true(mln_slice_eq(a.id, b.id) && mln_slice_eq(a.value, b.value) &&
                mln_slice_eq(a.expiry, b.expiry));
    other.key[15] = 1;
    assert_false(mln_receiver_find(&other, a.id, &found));
    /* one spelling only, and the whole of it */
    memcpy(id, a.id.ptr, a.id.len);
    for (size_t i = 1; i < a.id.len; i++) {
        if (id[i] >= 'a') {
            id[i] = (char)(id[i] - 'a' + 'A');
            assert_false(mln_receiver_find(&objects, mln_slice_of(id, a.id.len), &found));
            id[i] = (char)(id[i] - 'A' + 'a');
        }
    }
    assert_true(mln_receiver_find(&objects, mln_slice_of(id, a.id.len), &found));
    assert_false(mln_receiver_find(&objects, mln_slice_of(id, a.id.len - 1), &found));
    id[a.id.len] = '0';
    assert_false(mln_receiver_find(&objects, mln_slice_of(id, a.id.len + 1), &found));
    assert_false(mln_receiver_find(&objects, mln_slice_of(NULL, 0), &found));
    mln_arena_free(arena);
}

static void keeps_to_what_a_time_can_say(void **state)
{
    struct mln_receiver_seed s = { 0 };
    struct mln_arena *arena = mln_arena_new(1 << 16);
    struct mln_e2e_random r;

    (void)state;
    assert_false(mln_failed(mln_receiver_seed(mln_env_system(), false, INT64_MAX, &s)));
    assert_false(mln_failed(mln_receiver_object(&objects, &s, arena, &r)));
    assert_true(mln_slice_eq(r.expiry, MLN_S("99991231T235959")));
    assert_true(mln_receiver_find(&objects, r.id, &s));
    mln_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_its_own),
        cmocka_unit_test(keeps_to_what_a_time_can_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
