/* Tests of when time windows end. */
#include "cse/notify/cross.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
    enum mln_window_type type;
    int64_t size;
    int64_t from;
    int64_t now;
    int64_t end;
} rows[] = {
    { MLN_WINDOW_PERIODIC, 10, 100, 100, 110 },
    { MLN_WINDOW_PERIODIC, 10, 100, 109, 110 },
    { MLN_WINDOW_PERIODIC, 10, 100, 110, 120 }, /* the end belongs to the next one */
    { MLN_WINDOW_PERIODIC, 10, 100, 1239, 1240 },
    { MLN_WINDOW_PERIODIC, 10, 100, 95, 105 }, /* the clock was set back */
    { MLN_WINDOW_PERIODIC, 1, 0, 7, 8 },
    { MLN_WINDOW_PERIODIC, MLN_TIMESTAMP_MAX, 100, 200, MLN_TIMESTAMP_MAX },
    { MLN_WINDOW_SLIDING, 10, 100, 109, 119 },
    { MLN_WINDOW_SLIDING, 10, 100, 95, 105 },
    { MLN_WINDOW_SLIDING, MLN_TIMESTAMP_MAX, 100, 200, MLN_TIMESTAMP_MAX },
    { MLN_WINDOW_SLIDING, INT64_MAX, 0, 0, MLN_TIMESTAMP_MAX },
};

static void windows_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(
            mln_cross_window_end(rows[i].type, rows[i].size, rows[i].from, rows[i].now),
            rows[i].end);
    }
}

static void only_what_is_associated_is_named(void **state)
{
    static const char attrs[] = "\xa1\x64"
                                "acrs\x82\x62"
                                "c1\x62"
                                "c2";
    struct mln_resource sub = { .attrs = { attrs, sizeof attrs - 1 } };

    (void)state;
    assert_false(mln_cross_names(&sub, MLN_S("c1")));
    sub.flags = MLN_RESOURCE_IS_CROSSED;
    assert_true(mln_cross_names(&sub, MLN_S("c1")));
    assert_true(mln_cross_names(&sub, MLN_S("c2")));
    assert_false(mln_cross_names(&sub, MLN_S("c")));
    assert_false(mln_cross_names(&sub, MLN_S("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_end),
        cmocka_unit_test(only_what_is_associated_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
