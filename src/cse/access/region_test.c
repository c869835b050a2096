/* Tests of regions on known distances; more in tests/access. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cse/access/region.h"

/* A quarter of the globe is pi/2 * 6,371,000 m = 10,007,543.398 m. */
static void known_distances(void **state)
{
    static const struct {
        const char *circle[3];
        double place[2];
        bool contains;
    } rows[] = {
        { { "0", "0", "10007543.5" }, { 90, 0 }, true },
        { { "0", "0", "10007543.3" }, { 90, 0 }, false },
        { { "0", "0", "10007543.5" }, { 0, -90 }, true },
        { { "0", "0", "10007543.3" }, { 0, 90 }, false },
        { { "90", "0", "0" }, { 90, 123 }, true }, /* all longitudes meet at the pole */
        { { "0", "180", "0" }, { 0, -180 }, true },
        { { "0", "179.5", "111195" }, { 0, -179.5 }, true },
        { { "0", "179.5", "111194" }, { 0, -179.5 }, false },
        { { "10", "10", "20015086" }, { -10, -170 }, false },
        { { "10", "10", "20015087" }, { -10, -170 }, true }, /* the other side of the globe */
        { { "10", "10", "4e7" }, { -10, -170 }, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mln_slice texts[3];
        struct mln_circle c;
        struct mln_location at = { rows[i].place[0], rows[i].place[1], true, 0 };

        for (unsigned j = 0; j < 3; j++) {
            texts[j] = mln_slice_z(rows[i].circle[j]);
        }
        assert_int_equal(mln_circle_parse(texts, &c, NULL).code, MLN_ERR_NONE);
        if (mln_circle_contains(&c, &at) != rows[i].contains) {
            fail_msg("row %zu", i);
        }
        at.has_position = false;
        assert_false(mln_circle_contains(&c, &at));
    }
}

static void countries(void **state)
{
    static const char *const bad[] = { "", "D", "de", "De", "DEU", "D ", "D1", "\xc3\x84" };
    uint16_t de;
    uint16_t fr;

    (void)state;
    assert_int_equal(mln_country_parse(MLN_S("DE"), &de, NULL).code, MLN_ERR_NONE);
    assert_int_equal(mln_country_parse(MLN_S("FR"), &fr, NULL).code, MLN_ERR_NONE);
    assert_true(de != fr && de != 0 && fr != 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(mln_country_parse(mln_slice_z(bad[i]), &de, NULL).code,
                         MLN_ERR_ATTR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_distances),
        cmocka_unit_test(countries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
