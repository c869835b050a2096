/* Labels of packed attributes. The rows themselves are tested through store.h in tests/store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "model/pack.h"
#include "store/index.h"

enum { ARENA = 1 << 20 };

static int setup(void **state)
{
    *state = mln_arena_new(ARENA);
    return *state ? 0 : 1;
}

static int teardown(void **state)
{
    mln_arena_free(*state);
    return 0;
}

static struct mln_slice finish(struct mln_buf *buf)
{
    struct mln_slice packed;

    assert_false(mln_failed(mln_buf_finish(buf, &packed)));
    return packed;
}

static struct mln_labels labels_of(struct mln_arena *arena, struct mln_slice attrs)
{
    struct mln_labels labels;

    assert_false(mln_failed(mln_labels_of(attrs, arena, &labels)));
    return labels;
}

static void labels_are_sorted_and_stand_once(void **state)
{
    struct mln_labels labels;
    struct mln_buf buf;

    mln_buf_init(&buf, *state, ARENA);
    mln_pack_map(&buf, 2);
    mln_pack_text(&buf, MLN_S("con"));
    mln_pack_text(&buf, MLN_S("lbl"));
    mln_pack_text(&buf, MLN_S("lbl"));
    mln_pack_array(&buf, 6);
    mln_pack_text(&buf, MLN_S("b"));
    mln_pack_text(&buf, MLN_S("a"));
    mln_pack_uint(&buf, 7); /* no text: passed over */
    mln_pack_text(&buf, MLN_S("b"));
    mln_pack_text(&buf, MLN_S(""));
    mln_pack_text(&buf, MLN_S("a\0b"));
    labels = labels_of(*state, finish(&buf));
    assert_int_equal(labels.count, 4);
    assert_true(mln_slice_eq(labels.items[0], MLN_S("")));
    assert_true(mln_slice_eq(labels.items[1], MLN_S("a")));
    assert_true(mln_slice_eq(labels.items[2], MLN_S("a\0b")));
    assert_true(mln_slice_eq(labels.items[3], MLN_S("b")));
}

static void long_labels_are_cut_before_they_are_compared(void **state)
{
    static char text[2 * MLN_LABEL_MAX];
    struct mln_labels labels;
    struct mln_buf buf;

    memset(text, 'l', sizeof text);
    mln_buf_init(&buf, *state, ARENA);
    mln_pack_map(&buf, 1);
    mln_pack_text(&buf, MLN_S("lbl"));
    mln_pack_array(&buf, MLN_PACK_OPEN);
    mln_pack_text(&buf, mln_slice_of(text, sizeof text));
    mln_pack_text(&buf, mln_slice_of(text, MLN_LABEL_MAX));
    mln_pack_text(&buf, mln_slice_of(text, MLN_LABEL_MAX - 1));
    mln_pack_end(&buf);
    labels = labels_of(*state, finish(&buf));
    assert_int_equal(labels.count, 2);
    assert_int_equal(labels.items[1].len, MLN_LABEL_MAX);
}

static void what_is_no_list_has_no_labels(void **state)
{
    struct mln_buf buf;

    assert_int_equal(labels_of(*state, (struct mln_slice){ 0 }).count, 0);
    assert_int_equal(labels_of(*state, MLN_S("\xA0")).count, 0);
    assert_int_equal(labels_of(*state, MLN_S("\xFF\xFF")).count, 0);
    mln_buf_init(&buf, *state, ARENA);
    mln_pack_map(&buf, 1);
    mln_pack_text(&buf, MLN_S("lbl"));
    mln_pack_text(&buf, MLN_S("text"));
    assert_int_equal(labels_of(*state, finish(&buf)).count, 0);
    mln_buf_init(&buf, *state, ARENA);
    mln_pack_map(&buf, 1);
    mln_pack_text(&buf, MLN_S("lbl"));
    mln_pack_map(&buf, 1);
    mln_pack_text(&buf, MLN_S("a"));
    mln_pack_text(&buf, MLN_S("b"));
    assert_int_equal(labels_of(*state, finish(&buf)).count, 0);
    mln_buf_init(&buf, *state, ARENA);
    mln_pack_map(&buf, 1);
    mln_pack_text(&buf, MLN_S("lbl"));
    mln_pack_array(&buf, 0);
    assert_int_equal(labels_of(*state, finish(&buf)).count, 0);
}

static void a_full_arena_is_no_memory(void **state)
{
    struct mln_arena *small = mln_arena_new(16);
    struct mln_labels labels;
    struct mln_buf buf;

    mln_buf_init(&buf, *state, ARENA);
    mln_pack_map(&buf, 1);
    mln_pack_text(&buf, MLN_S("lbl"));
    mln_pack_array(&buf, 2);
    mln_pack_text(&buf, MLN_S("a"));
    mln_pack_text(&buf, MLN_S("b"));
    assert_int_equal(mln_labels_of(finish(&buf), small, &labels).code, MLN_ERR_NO_MEMORY);
    mln_arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(labels_are_sorted_and_stand_once),
        T(long_labels_are_cut_before_they_are_compared),
        T(what_is_no_list_has_no_labels),
        T(a_full_arena_is_no_memory),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
