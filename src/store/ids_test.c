/* Ids as numbers and text: order, round trips, what is no id. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "store/ids.h"

static struct mln_slice text_of(char out[static 32], const char *short_name, uint64_t id)
{
    size_t len = strlen(short_name);

    memcpy(out, short_name, len);
    mln_id_format(out + len, id);
    return mln_slice_of(out, len + MLN_ID_TEXT);
}

static void an_id_follows_the_clock(void **state)
{
    (void)state;
    assert_int_equal(mln_id_next(0, 1), 1 << 12);
    assert_int_equal(mln_id_next(5, 1), 1 << 12);
    assert_int_equal(mln_id_next(1 << 12, 1), (1 << 12) + 1);
    assert_int_equal(mln_id_next(0, 0), 1);
    assert_int_equal(mln_id_next(0, -1), 1);
    assert_int_equal(mln_id_next(7, INT64_MIN), 8);
}

static void ids_do_not_wrap(void **state)
{
    uint64_t last = mln_id_next(0, INT64_MAX);

    (void)state;
    assert_int_equal(last, UINT64_MAX >> 12 << 12);
    assert_int_equal(mln_id_next(last, INT64_MAX), last + 1);
    assert_int_equal(mln_id_next(UINT64_MAX - 1, 0), UINT64_MAX);
    assert_int_equal(mln_id_next(UINT64_MAX, 0), 0);
}

static void text_and_number_are_the_same(void **state)
{
    static const uint64_t ids[] = { 1, 31, 32, 0x123456789ABCDEF0, UINT64_MAX - 1, UINT64_MAX };

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        char text[32];
        struct mln_slice name;
        uint64_t id;

        assert_true(mln_id_split(text_of(text, "cntA", ids[i]), &name, &id));
        assert_int_equal(id, ids[i]);
        assert_true(mln_slice_eq(name, MLN_S("cntA")));
        assert_true(mln_id_is_made(mln_slice_of(text, 4 + MLN_ID_TEXT), ids[i]));
        assert_false(mln_id_is_made(mln_slice_of(text, 4 + MLN_ID_TEXT), ids[i] - 1));
    }
}

static void text_sorts_like_numbers(void **state)
{
    uint64_t id = 1;

    (void)state;
    for (int i = 0; i < 60; i++, id = id * 2 + (i % 3 == 0)) {
        char a[32];
        char b[32];

        assert_true(mln_slice_cmp(text_of(a, "x", id), text_of(b, "x", id + 1)) < 0);
        assert_true(mln_slice_cmp(text_of(a, "x", id), text_of(b, "x", id * 2)) < 0);
    }
}

static void other_text_is_no_id(void **state)
{
    static const char *const texts[] = {
        "",
        "0000000000000",
        "cin000000000000",
        "cin0000000000000i",
        "cin000000000000l",
        "cin000000000000o",
        "cin000000000000u",
        "cin000000000000A",
        "cin000000000000-",
        "-in0000000000000",
        "1in0000000000000",
        "c_n0000000000000",
        "cing000000000000",
        "cinzzzzzzzzzzzzz",
        "cin00000000000 0",
    };
    struct mln_slice name;
    uint64_t id;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(mln_id_split(mln_slice_z(texts[i]), &name, &id));
        assert_false(mln_id_is_made(mln_slice_z(texts[i]), 0));
    }
    assert_false(mln_id_split(MLN_S("cin00000000000\0000"), &name, &id));
    assert_true(mln_id_split(MLN_S("cinfzzzzzzzzzzzz"), &name, &id));
    assert_int_equal(id, UINT64_MAX);
}

static void every_character_has_one_value(void **state)
{
    uint64_t seen = 0;

    (void)state;
    for (int c = 0; c < 256; c++) {
        char text[] = "x0000000000000";
        struct mln_slice name;
        uint64_t id;

        text[sizeof text - 2] = (char)c;
        if (mln_id_split(mln_slice_of(text, sizeof text - 1), &name, &id)) {
            assert_in_range(id, 0, 31);
            assert_int_equal(seen & UINT64_C(1) << id, 0);
            seen |= UINT64_C(1) << id;
        }
    }
    assert_int_equal(seen, UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_follows_the_clock),
        cmocka_unit_test(ids_do_not_wrap),
        cmocka_unit_test(text_and_number_are_the_same),
        cmocka_unit_test(text_sorts_like_numbers),
        cmocka_unit_test(other_text_is_no_id),
        cmocka_unit_test(every_character_has_one_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
