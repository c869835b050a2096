/* Tests of paths of many resources: more parents than the cache holds, longer than it may keep. */
#include "cse/discover/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "cse/look_test.h"

enum { CHAIN = 25, PARENTS = 1500, NAME = 120 };

static struct mln_look look;
static uint64_t ids[PARENTS];
static char chain[CHAIN * (NAME + 1) + 64];

static int set_up(void **state)
{
    char pc[NAME + 64];
    char name[NAME + 1];

    (void)state;
    mln_look_open(&look, NULL);
    memset(name, 'n', NAME);
    name[NAME] = '\0';
    (void)snprintf(chain, sizeof chain, "cse-in");
    for (int i = 0; i < CHAIN; i++) {
        size_t len = strlen(chain);

        (void)snprintf(pc, sizeof pc, "{'m2m:cnt':{'rn':'%s'}}", name);
        mln_look_make(&look, NULL, chain, MLN_TY_CNT, pc);
        (void)snprintf(chain + len, sizeof chain - len, "/%s", name);
    }
    for (int i = 0; i < PARENTS; i++) {
        char address[sizeof chain + 16];

        (void)snprintf(pc, sizeof pc, "{'m2m:cnt':{'rn':'p%d'}}", i);
        mln_look_make(&look, NULL, chain, MLN_TY_CNT, pc);
        (void)snprintf(address, sizeof address, "%s/p%d", chain, i);
        ids[i] = mln_look_at(&look, address).id;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

static void begin(struct mln_paths *p, const char *root, struct mln_arena **scratch)
{
    struct mln_resource r = mln_look_at(&look, root);
    struct mln_lookup lookup = mln_look_lookup(&look);

    *scratch = mln_arena_new(1 << 20);
    assert_non_null(*scratch);
    lookup.arena = *scratch;
    assert_int_equal(mln_paths_begin(p, &lookup, &r).code, MLN_ERR_NONE);
}

static void paths_stay_right_when_the_memory_is_emptied(void **state)
{
    struct mln_arena *scratch;
    struct mln_paths p;
    char expected[sizeof chain + 16];

    (void)state;
    begin(&p, "cse-in", &scratch);
    for (int i = 0; i < PARENTS * 2; i++) {
        int at = (i * 7) % PARENTS;
        struct mln_path_entry e;

        mln_arena_reset(scratch);
        assert_int_equal(mln_paths_parent(&p, ids[at], &e).code, MLN_ERR_NONE);
        (void)snprintf(expected, sizeof expected, "%s/p%d", chain, at);
        assert_true(mln_slice_eq(e.path, mln_slice_z(expected)));
        assert_true(e.is_below);
        assert_int_equal(e.depth, CHAIN + 1);
    }
    mln_paths_end(&p);
    mln_arena_free(scratch);
}

static void what_is_elsewhere_is_not_below(void **state)
{
    struct mln_arena *scratch;
    struct mln_paths p;
    struct mln_path_entry e;
    char root[sizeof chain + 16];

    (void)state;
    (void)snprintf(root, sizeof root, "%s/p1", chain);
    begin(&p, root, &scratch);
    assert_int_equal(mln_paths_parent(&p, ids[1], &e).code, MLN_ERR_NONE);
    assert_true(e.is_below);
    assert_int_equal(e.depth, 0);
    assert_true(mln_slice_eq(e.path, mln_slice_z(root)));
    assert_int_equal(mln_paths_parent(&p, ids[2], &e).code, MLN_ERR_NONE);
    assert_false(e.is_below);
    assert_int_equal(mln_paths_parent(&p, UINT64_MAX, &e).code, MLN_ERR_NONE); /* was deleted */
    assert_false(e.is_below);
    mln_paths_end(&p);
    mln_arena_free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_stay_right_when_the_memory_is_emptied),
        cmocka_unit_test(what_is_elsewhere_is_not_below),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
