/* Tests of locations. */
#include "model/geo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/test_arena.h"

static struct mln_geo *geo(enum mln_geo_type type, const char *text)
{
    struct mln_geo *ret;

    print_message("%s\n", text);
    assert_int_equal(mln_geo_read(type, mln_slice_z(text), arena, &ret).code, MLN_ERR_NONE);
    return ret;
}

#define SQUARE "[[0,0],[10,0],[10,10],[0,10],[0,0]]"
#define HOLE   "[[4,4],[6,4],[6,6],[4,6],[4,4]]"

static void what_is_read(void **state)
{
    static const struct {
        unsigned type;
        const char *text;
        bool is_good;
    } samples[] = {
        { 1, "[1,2]", true },
        { 1, " [ -1.5e1 , 2.25 , 100 ] ", true },
        { 2, "[[1,2],[3,4]]", true },
        { 3, "[" SQUARE "," HOLE "]", true },
        { 4, "[[1,2]]", true },
        { 5, "[[[1,2],[3,4]],[[5,6],[7,8]]]", true },
        { 6, "[[" SQUARE "],[" HOLE "]]", true },
        { 0, "[1,2]", false },
        { 7, "[1,2]", false },
        { 1, "", false },
        { 1, "[1]", false },
        { 1, "[1,2,3,4]", false },
        { 1, "[1,2]x", false },
        { 1, "[1,nan]", false },
        { 1, "[1,1e999]", false },
        { 1, "[360,-90]", true },
        { 1, "[1e-999,1E+2]", true },
        { 1, "[361,0]", false },
        { 1, "[0,-1e308]", false },
        { 1, "[+1,2]", false },
        { 1, "[01,2]", false },
        { 1, "[.5,2]", false },
        { 1, "[1.,2]", false },
        { 1, "[1,2e]", false },
        { 1, "[\"1\",2]", false },
        { 1, "[[1,2]]", false },
        { 1, "1,2", false },
        { 2, "[[1,2]]", false },
        { 2, "[1,2]", false },
        { 3, SQUARE, false },
        { 3, "[[[0,0],[1,0],[1,1]]]", false },
        { 3, "[[[0,0],[1,0],[1,1],[0,1]]]", false },
        { 3, "[]", false },
        { 4, "[]", false },
        { 4, "[[1,2],]", false },
    };
    struct mln_geo *unused;

    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        print_message("%s\n", samples[i].text);
        assert_int_equal(
            mln_geo_read(samples[i].type, mln_slice_z(samples[i].text), arena, &unused).code,
            samples[i].is_good ? MLN_ERR_NONE : MLN_ERR_SYNTAX);
    }
}

static void points_are_bounded(void **state)
{
    char text[8 * MLN_GEO_POINTS + 16];
    struct mln_geo *unused;

    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        size_t at = 0;

        text[at++] = '[';
        for (unsigned i = 0; i < MLN_GEO_POINTS + more; i++) {
            at += (size_t)snprintf(text + at, sizeof text - at, "%s[0,%u]", i ? "," : "", i % 10);
        }
        text[at++] = ']';
        assert_int_equal(mln_geo_read(4, mln_slice_of(text, at), arena, &unused).code,
                         more ? MLN_ERR_SYNTAX : MLN_ERR_NONE);
    }
}

/* w: a within b, c: contains, i: intersects */
static void relate(const struct mln_geo *a, const struct mln_geo *b, const char *want)
{
    uint64_t steps = 0;

    assert_int_equal(mln_geo_holds(MLN_GEO_WITHIN, a, b, &steps), strchr(want, 'w') != NULL);
    assert_int_equal(mln_geo_holds(MLN_GEO_CONTAINS, a, b, &steps), strchr(want, 'c') != NULL);
    assert_int_equal(mln_geo_holds(MLN_GEO_INTERSECTS, a, b, &steps), strchr(want, 'i') != NULL);
    assert_int_equal(mln_geo_holds(MLN_GEO_WITHIN, b, a, &steps), strchr(want, 'c') != NULL);
    assert_int_equal(mln_geo_holds(MLN_GEO_INTERSECTS, b, a, &steps), strchr(want, 'i') != NULL);
}

static void points(void **state)
{
    struct mln_geo *square = geo(3, "[" SQUARE "]");
    struct mln_geo *ring = geo(3, "[" SQUARE "," HOLE "]");
    struct mln_geo *line = geo(2, "[[0,0],[10,10],[20,10]]");

    (void)state;
    relate(geo(1, "[5,5]"), square, "wi");
    relate(geo(1, "[5,5]"), ring, "");
    relate(geo(1, "[4,5]"), ring, "wi");
    relate(geo(1, "[10,10]"), square, "wi");
    relate(geo(1, "[10.001,10]"), square, "");
    relate(geo(1, "[3,10]"), square, "wi");
    relate(geo(1, "[7,7]"), line, "wi");
    relate(geo(1, "[7,7.001]"), line, "");
    relate(geo(1, "[1,2]"), geo(1, "[1,2]"), "wci");
    relate(geo(1, "[1,2]"), geo(4, "[[3,4],[1,2]]"), "wi");
    relate(geo(4, "[[5,5],[50,5]]"), square, "i");
    relate(geo(4, "[[5,5],[1,5]]"), square, "wi");
    relate(geo(4, "[[-5,5],[50,5]]"), square, "");
}

static void lines(void **state)
{
    struct mln_geo *square = geo(3, "[" SQUARE "]");
    struct mln_geo *ring = geo(3, "[" SQUARE "," HOLE "]");

    (void)state;
    relate(geo(2, "[[1,1],[9,9]]"), square, "wi");
    relate(geo(2, "[[1,1],[9,9]]"), ring, "i");
    relate(geo(2, "[[4.5,4.5],[5.5,5.5]]"), ring, "");
    relate(geo(2, "[[-5,5],[15,5]]"), square, "i");
    relate(geo(2, "[[0,0],[10,0]]"), square, "wi");
    relate(geo(2, "[[-5,0],[0,-5]]"), square, "");
    relate(geo(2, "[[-5,5],[5,-5]]"), square, "i");
    relate(geo(2, "[[1,1],[3,3]]"), geo(2, "[[0,0],[2,2],[10,10]]"), "wi");
    relate(geo(2, "[[1,1],[3,3]]"), geo(2, "[[0,4],[4,0]]"), "i");
    relate(geo(2, "[[1,1],[3,3]]"), geo(2, "[[1,2],[3,4]]"), "");
    relate(geo(2, "[[0,0.1],[0.3,0.4]]"), geo(2, "[[0,0.1],[0.1,0.2],[0.3,0.4]]"), "wci");
    relate(geo(5, "[[[1,1],[2,2]],[[3,3],[4,4]]]"), square, "wi");
}

static void areas(void **state)
{
    struct mln_geo *square = geo(3, "[" SQUARE "]");
    struct mln_geo *ring = geo(3, "[" SQUARE "," HOLE "]");
    struct mln_geo *hole = geo(3, "[" HOLE "]");

    (void)state;
    relate(square, square, "wci");
    relate(hole, square, "wi");
    relate(ring, square, "wi");
    relate(hole, ring, "i"); /* they share the edge only */
    relate(geo(3, "[[[4.5,4.5],[5.5,4.5],[5.5,5.5],[4.5,4.5]]]"), ring, "");
    relate(geo(3, "[[[3,3],[7,3],[7,7],[3,7],[3,3]]]"), ring, "i"); /* around the hole */
    relate(geo(3, "[[[1,1],[3,1],[3,3],[1,1]]]"), ring, "wi");
    relate(geo(3, "[[[5,5],[15,5],[15,15],[5,15],[5,5]]]"), square, "i");
    relate(geo(3, "[[[10,0],[20,0],[20,10],[10,10],[10,0]]]"), square, "i");
    relate(geo(3, "[[[11,0],[20,0],[20,10],[11,10],[11,0]]]"), square, "");
    relate(geo(3, "[[[4,-5],[6,-5],[6,15],[4,15],[4,-5]]]"), square, "i"); /* a cross */
    relate(geo(6, "[[[[1,1],[2,1],[2,2],[1,1]]],[[[7,7],[8,7],[8,8],[7,7]]]]"), square, "wi");
    relate(geo(6, "[[[[1,1],[2,1],[2,2],[1,1]]],[[[17,7],[18,7],[18,8],[17,7]]]]"), square, "i");
    relate(square, geo(2, "[[0,0],[10,0],[10,10],[0,10],[0,0]]"), "ci");
}

/* Each part of an area must lie within, not only its first. */
static void parts(void **state)
{
    struct mln_geo *ring = geo(3, "[" SQUARE "," HOLE "]");

    (void)state;
    relate(geo(6, "[[[[1,1],[2,1],[2,2],[1,1]]],[" HOLE "]]"), ring, "i");
    relate(geo(6, "[[" HOLE "],[[[1,8],[2,8],[2,9],[1,8]]]]"), ring, "i");
    relate(geo(6, "[[[[1,1],[2,1],[2,2],[1,1]]],[[[1,8],[2,8],[2,9],[1,8]]]]"), ring, "wi");
    relate(ring, geo(6, "[[" SQUARE "," HOLE "],[[[4.5,4.5],[5,4.5],[5,5],[4.5,4.5]]]]"), "wi");
}

/* In whichever direction rings go; and rings without an area are like lines. */
static void odd_rings(void **state)
{
    struct mln_geo *square = geo(3, "[" SQUARE "]");

    (void)state;
    relate(geo(3, "[[[0,0],[0,10],[10,10],[10,0],[0,0]]]"), square, "wci");
    relate(geo(3, "[[[1,5],[9,5],[5,5],[1,5]]]"), square, "wi");
    relate(geo(3, "[[[5,1],[5,9],[5,5],[5,1]]]"), square, "wi");
    relate(geo(3, "[[[5,5],[5,5],[5,5],[5,5]]]"), square, "wi");
    relate(geo(3, "[[[1,1],[3,3],[3,1],[1,3],[1,1]]]"), square, "wi"); /* crosses itself */
    relate(geo(3, "[[[1,5],[19,5],[5,5],[1,5]]]"), square, "i");
}

/* What makes much work says so. */
static void steps_are_counted(void **state)
{
    struct mln_geo *square = geo(3, "[" SQUARE "]");
    char zigzag[16 * MLN_GEO_POINTS];
    size_t at = 0;
    uint64_t few = 0;
    uint64_t many = 0;

    (void)state;
    for (unsigned i = 0; i < MLN_GEO_POINTS; i++) {
        at += (size_t)snprintf(zigzag + at, sizeof zigzag - at, "%c[%u,%u]", i ? ',' : '[',
                               1 + 8 * (i % 2), 1 + i % 9);
    }
    (void)snprintf(zigzag + at, sizeof zigzag - at, "]");
    assert_true(mln_geo_holds(MLN_GEO_WITHIN, geo(1, "[1,1]"), square, &few));
    assert_true(mln_geo_holds(MLN_GEO_WITHIN, geo(2, zigzag), square, &many));
    assert_int_equal(few, 5);
    assert_true(many >= (uint64_t)MLN_GEO_POINTS * 5 + (uint64_t)(MLN_GEO_POINTS - 1) * 2 * 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(points_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(points, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(areas, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(odd_rings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(steps_are_counted, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
