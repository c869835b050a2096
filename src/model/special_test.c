/* Tests of specialisations. */
#include "model/special.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/arena.h"
#include "model/pack.h"

static struct mln_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(1 << 20);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

/* A resource with that mgmtDefinition; 1 for none. */
static struct mln_resource object(uint16_t ty, uint64_t definition)
{
    struct mln_resource r = { .ty = ty };
    struct mln_buf out;

    mln_buf_init(&out, arena, 100);
    mln_pack_map(&out, definition == 1 ? 0 : 1);
    if (definition != 1) {
        mln_pack_text(&out, MLN_S("mgd"));
        mln_pack_uint(&out, definition);
    }
    assert_false(mln_failed(mln_buf_finish(&out, &r.attrs)));
    return r;
}

static void every_definition_has_its_type(void **state)
{
    const struct mln_type *base = mln_model_type(MLN_TY_MGMTOBJ);

    (void)state;
    assert_int_equal(base->special_count, 26 + 3); /* 1027 is not known */
    for (uint64_t definition = 1001; definition <= 1030; definition += definition == 1026 ? 2 : 1) {
        struct mln_resource r = object(MLN_TY_MGMTOBJ, definition);
        const struct mln_type *type = mln_special_of(&r);

        assert_int_equal(type->definition, definition);
        assert_int_equal(type->ty, MLN_TY_MGMTOBJ);
        assert_ptr_equal(mln_model_root(type->root), type);
        assert_ptr_equal(mln_special_root(type->root), type);
    }
}

static void announced_ones_stay_announced(void **state)
{
    struct mln_resource r = object(10013, 1006);
    const struct mln_type *type = mln_special_of(&r);

    (void)state;
    assert_true(mln_slice_eq(type->root, MLN_S("m2m:batA")));
    r = object(10013, 1011); /* has no announced variant */
    assert_true(mln_slice_eq(mln_special_of(&r)->root, MLN_S("m2m:mgmtObjAnnc")));
}

static void others_stand_for_themselves(void **state)
{
    struct mln_resource r = object(MLN_TY_CNT, 1001);

    (void)state;
    assert_ptr_equal(mln_special_of(&r), mln_model_type(MLN_TY_CNT));
    r = object(MLN_TY_MGMTOBJ, 1);
    assert_ptr_equal(mln_special_of(&r), mln_model_type(MLN_TY_MGMTOBJ));
    for (uint64_t *d = (uint64_t[]){ 5, 1000, 1027, UINT64_MAX, 0 }; *d; d++) {
        r = object(MLN_TY_MGMTOBJ, *d);
        assert_ptr_equal(mln_special_of(&r), mln_model_type(MLN_TY_MGMTOBJ));
    }
    r = object(999, 1001);
    assert_null(mln_special_of(&r));
}

/* Counters that a type need not have are there when the resource says so. */
static void counters_may_be_hidden(void **state)
{
    const struct mln_type *holder = mln_model_type(MLN_TY_CNT);
    const struct mln_attribute *cni =
        mln_model_attribute(mln_model_type(MLN_TY_FLEXCONTAINER), MLN_S("cni"));
    struct mln_resource r = { .ty = MLN_TY_FLEXCONTAINER };

    (void)state;
    assert_false(mln_special_shows(&r, cni));
    assert_true(mln_special_shows(&r, mln_model_attribute(holder, MLN_S("cni"))));
    assert_false(mln_special_shows(&r, mln_model_attribute(holder, MLN_S("cr"))));
    r.flags = MLN_RESOURCE_COUNTS | MLN_RESOURCE_SHOWS_CREATOR;
    assert_true(mln_special_shows(&r, cni));
    assert_true(mln_special_shows(&r, mln_model_attribute(holder, MLN_S("cr"))));
    assert_false(mln_special_shows(&r, mln_model_attribute(holder, MLN_S("mni"))));
}

static const char *root_for(const char *root, struct mln_value *definition)
{
    struct mln_value *attributes = mln_value_new(arena, MLN_V_OBJECT);
    const struct mln_type *type;

    if (definition) {
        assert_false(mln_failed(mln_value_set(attributes, MLN_S("mgd"), definition)));
    }
    type = mln_special_of_content(mln_model_type(MLN_TY_MGMTOBJ), mln_slice_z(root), attributes);
    return mln_arena_zdup(arena, type->root);
}

static void the_definition_decides_and_not_the_root(void **state)
{
    (void)state;
    assert_string_equal(root_for("m2m:bat", mln_value_uint(arena, 1006)), "m2m:bat");
    assert_string_equal(root_for("m2m:bat", mln_value_uint(arena, 1001)), "m2m:fwr");
    assert_string_equal(root_for("m2m:bat", mln_value_uint(arena, 7)), "m2m:mgmtObj");
    assert_string_equal(root_for("m2m:bat", mln_value_uint(arena, 0)), "m2m:mgmtObj");
    assert_string_equal(root_for("m2m:bat", mln_value_text(arena, MLN_S("1006"))), "m2m:bat");
    assert_string_equal(root_for("m2m:bat", NULL), "m2m:bat");
    assert_string_equal(root_for("m2m:batA", NULL), "m2m:mgmtObj");
    assert_string_equal(root_for("m2m:cnt", NULL), "m2m:mgmtObj");
    assert_string_equal(root_for("", NULL), "m2m:mgmtObj");
}

static void content_may_be_missing(void **state)
{
    const struct mln_type *base = mln_model_type(MLN_TY_MGMTOBJ);

    (void)state;
    assert_true(
        mln_slice_eq(mln_special_of_content(base, MLN_S("m2m:bat"), NULL)->root, MLN_S("m2m:bat")));
}

static const struct mln_type *named(const char *root)
{
    return mln_model_root(mln_slice_z(root));
}

static void parents_may_hold_some_of_them(void **state)
{
    (void)state;
    assert_true(mln_model_may_hold(named("m2m:nod"), named("m2m:bat")));
    assert_true(mln_model_may_hold(named("m2m:nod"), named("m2m:cmdf")));
    assert_true(mln_model_may_hold(named("m2m:cmp"), named("m2m:cmdf")));
    assert_false(mln_model_may_hold(named("m2m:cmp"), named("m2m:bat")));
    assert_false(mln_model_may_hold(named("m2m:cmp"), named("m2m:cmdv")));
    assert_true(mln_model_may_hold(named("m2m:cmdf"), named("m2m:cmdv")));
    assert_true(mln_model_may_hold(named("m2m:bat"), named("m2m:sub")));
    assert_false(mln_model_may_hold(named("m2m:acmp"), named("m2m:sub")));
    assert_false(mln_model_may_hold(named("m2m:ae"), named("m2m:bat")));
}

static void some_may_be_there_once(void **state)
{
    (void)state;
    assert_true(mln_model_is_single(named("m2m:nod"), named("m2m:mem")));
    assert_false(mln_model_is_single(named("m2m:nod"), named("m2m:bat")));
    assert_true(mln_model_is_single(named("m2m:cb"), named("m2m:sch")));
    assert_false(mln_model_is_single(named("m2m:nod"), named("m2m:sch")));
    assert_true(mln_model_is_single(named("m2m:sub"), named("m2m:sch")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_definition_has_its_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(announced_ones_stay_announced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(others_stand_for_themselves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_definition_decides_and_not_the_root, set_up, tear_down),
        cmocka_unit_test_setup_teardown(content_may_be_missing, set_up, tear_down),
        cmocka_unit_test(counters_may_be_hidden),
        cmocka_unit_test(parents_may_hold_some_of_them),
        cmocka_unit_test(some_may_be_there_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
