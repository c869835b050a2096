/* The tree against an array: every change in a new epoch, old versions untouched. */
#include "store/mem/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"

enum {
    KEYS = 64,
    CHANGES = 4000,
    VERSIONS = 8,
};

/* What a version holds: value of each key, 0 for none. */
struct picture {
    struct mln_tree_node *root;
    unsigned values[KEYS];
};

static struct mln_slice key_of(unsigned key, char out[static 16])
{
    return mln_slice_of(out, (size_t)snprintf(out, 16, "%c%u", 'a' + key % 3, key));
}

static bool find(const struct picture *p, unsigned key, unsigned *ret)
{
    struct mln_kv_row row;
    char text[16];

    if (!mln_tree_find(p->root, key_of(key, text), MLN_TREE_EQ, &row)) {
        return false;
    }
    assert_int_equal(row.value.len, sizeof *ret);
    memcpy(ret, row.value.ptr, sizeof *ret);
    return true;
}

static void assert_same(const struct picture *p)
{
    for (unsigned i = 0; i < KEYS; i++) {
        unsigned value = 0;

        assert_int_equal(find(p, i, &value), p->values[i] != 0);
        assert_int_equal(value, p->values[i]);
    }
}

/* Walks from both ends; the four directions must agree with each other. */
static void assert_order(const struct picture *p)
{
    struct mln_slice at = { 0 };
    struct mln_kv_row row;
    struct mln_kv_row near;
    size_t count = 0;
    size_t live = 0;

    while (mln_tree_find(p->root, at, count ? MLN_TREE_GT : MLN_TREE_GE, &row)) {
        assert_true(mln_slice_cmp(row.key, at) > 0);
        assert_true(mln_tree_find(p->root, row.key, MLN_TREE_GE, &near));
        assert_true(near.key.ptr == row.key.ptr);
        assert_true(mln_tree_find(p->root, row.key, MLN_TREE_LE, &near));
        assert_true(near.key.ptr == row.key.ptr);
        assert_int_equal(mln_tree_find(p->root, row.key, MLN_TREE_LT, &near), count != 0);
        assert_true(count == 0 || near.key.ptr == at.ptr);
        at = row.key;
        count++;
    }
    for (unsigned i = 0; i < KEYS; i++) {
        live += p->values[i] != 0;
    }
    assert_int_equal(count, live);
    assert_int_equal(mln_tree_find(p->root, MLN_S("zz"), MLN_TREE_LE, &row), live != 0);
    assert_false(mln_tree_find(p->root, MLN_S("zz"), MLN_TREE_GE, &row));
    assert_false(mln_tree_find(p->root, MLN_S(""), MLN_TREE_LE, &row));
}

static unsigned roll(uint64_t *dice, unsigned below)
{
    *dice = *dice * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(*dice >> 33) % below;
}

static void change(struct picture *p, struct mln_tree_epoch *epoch, uint64_t *dice)
{
    unsigned key = roll(dice, KEYS);
    unsigned value = 1 + roll(dice, 1000);
    char text[16];
    struct mln_kv_row row = { key_of(key, text), mln_slice_of((char *)&value, sizeof value) };
    int64_t grown;

    if (roll(dice, 3)) {
        assert_false(mln_failed(mln_tree_put(&p->root, epoch, &row, &grown)));
        assert_int_equal(grown > 0, p->values[key] == 0);
        p->values[key] = value;
    } else {
        mln_err err = mln_tree_del(&p->root, epoch, row.key, &grown);

        assert_int_equal(err.code, p->values[key] ? MLN_ERR_NONE : MLN_ERR_NOT_FOUND);
        assert_true(mln_failed(err) || grown < 0);
        p->values[key] = 0;
    }
}

static void old_versions_stay_as_they_were(void **state)
{
    struct mln_tree_epoch epoch = { 1, 1 };
    struct picture now = { 0 };
    struct picture kept[VERSIONS] = { { 0 } };
    uint64_t dice = 42;

    (void)state;
    for (unsigned i = 0; i < CHANGES; i++) {
        change(&now, &epoch, &dice);
        if (roll(&dice, 5) == 0) { /* a commit: others may hold this version */
            struct picture *p = &kept[roll(&dice, VERSIONS)];

            mln_tree_unref(p->root);
            *p = now;
            mln_tree_ref(p->root);
            epoch.number++;
        }
        if (i % 100 == 0) {
            assert_same(&now);
            assert_order(&now);
        }
    }
    for (int i = 0; i < VERSIONS; i++) {
        assert_same(&kept[i]);
        assert_order(&kept[i]);
        mln_tree_unref(kept[i].root);
    }
    assert_same(&now);
    mln_tree_unref(now.root);
}

#ifdef MLN_TORTURE
static void a_failed_allocation_changes_nothing(void **state)
{
    struct mln_tree_epoch epoch = { 1, 1 };
    struct picture now = { 0 };
    uint64_t dice = 7;
    int64_t grown;

    (void)state;
    for (int i = 0; i < 200; i++) {
        change(&now, &epoch, &dice);
    }
    for (unsigned n = 1; n < 20; n++) {
        unsigned key = n % KEYS;
        char text[16];
        struct mln_kv_row row = { key_of(key, text), MLN_S("....") };
        struct mln_tree_node *before = now.root;
        mln_err err;

        mln_tree_ref(before);
        epoch.number++;
        mln_mem_fail_at(n % 7 + 1);
        err = n % 2 ? mln_tree_put(&now.root, &epoch, &row, &grown)
                    : mln_tree_del(&now.root, &epoch, row.key, &grown);
        mln_mem_fail_at(0);
        if (err.code == MLN_ERR_NO_MEMORY) {
            assert_same(&now);
        }
        mln_tree_unref(now.root);
        now.root = before;
        assert_same(&now);
        assert_order(&now);
    }
    mln_tree_unref(now.root);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_versions_stay_as_they_were),
#ifdef MLN_TORTURE
        cmocka_unit_test(a_failed_allocation_changes_nothing),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
