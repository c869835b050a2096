/* Tests of what a target remembers of requests. */
#include "e2e/carried.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/limits.h"
#include "codec/json.h"

static bool concerns(const char *text)
{
    struct mln_arena *arena = mln_arena_new(1 << 16);
    struct mln_value *v = NULL;
    struct mln_limits limits;
    bool is;

    mln_limits_default(&limits);
    assert_non_null(arena);
    assert_false(mln_failed(mln_json_read(mln_slice_z(text), &limits, arena, &v, NULL)));
    is = mln_carried_concerns(v);
    mln_arena_free(arena);
    return is;
}

static void which_requests_it_concerns(void **state)
{
    (void)state;
    assert_true(concerns("{\"op\":1,\"rqi\":\"a\",\"ot\":\"20301231T235959\"}"));
    assert_true(concerns("{\"op\":5,\"rqi\":\"a\",\"ot\":\"20301231T235959\"}"));
    assert_false(concerns("{\"op\":2,\"rqi\":\"a\",\"ot\":\"20301231T235959\"}"));
    assert_false(concerns("{\"op\":1,\"rqi\":\"a\"}"));
    assert_false(concerns("{\"ot\":\"20301231T235959\"}"));
}

static void remembers_as_many_as_it_should(void **state)
{
    enum { MOST = 16 };
    struct mln_carried carried = { 0 };

    (void)state;
    for (uint64_t i = 1; i <= UINT64_C(5) * MOST; i++) {
        int64_t now_us = (int64_t)i * 10;

        assert_int_equal(mln_carried_note(&carried, i, MOST, now_us).code, MLN_ERR_NONE);
        assert_true(carried.sets[0].count <= MOST);
        /* whatever came since the floor, and never fewer than MOST */
        for (uint64_t old = i > MOST ? i - MOST : 1; old <= i; old++) {
            assert_int_equal(mln_carried_note(&carried, old, MOST, now_us).code, MLN_ERR_REPLAY);
        }
        assert_true(mln_carried_floor(&carried) <= now_us - (i > MOST ? MOST * 10 : 0));
    }
    assert_true(mln_carried_floor(&carried) > 0);
    mln_carried_clear(&carried);
    assert_int_equal(mln_carried_note(&carried, 1, MOST, 0).code, MLN_ERR_NONE);
    mln_carried_clear(&carried);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_requests_it_concerns),
        cmocka_unit_test(remembers_as_many_as_it_should),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
