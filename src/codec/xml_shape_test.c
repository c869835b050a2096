/* Tests of what the tables say of names in XML. */
#include "codec/xml_shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "model/definitions.h"
#include "model/special.h"

static void roots(void **state)
{
    struct mln_shape cnt = mln_shape_root(MLN_S("m2m:cnt"));
    struct mln_shape sgn = mln_shape_root(MLN_S("m2m:sgn"));
    struct mln_shape other = mln_shape_root(MLN_S("m2m:other"));

    (void)state;
    assert_non_null(cnt.resource);
    assert_true(mln_shape_has_members(&cnt) && !cnt.may_be_null && !mln_shape_is_any(&cnt));
    assert_int_equal(sgn.type, MLN_DT_NOTIFICATION);
    assert_true(mln_shape_has_members(&sgn) && !mln_shape_is_any(&sgn));
    assert_true(mln_shape_is_any(&other) && other.may_be_null);
}

static void members(void **state)
{
    struct mln_shape cnt = mln_shape_root(MLN_S("m2m:cnt"));
    struct mln_shape rn = mln_shape_member(&cnt, MLN_S("rn"));
    struct mln_shape mni = mln_shape_member(&cnt, MLN_S("mni"));
    struct mln_shape cin = mln_shape_member(&cnt, MLN_S("m2m:cin"));
    struct mln_shape ch = mln_shape_member(&cnt, MLN_S("ch"));
    struct mln_shape val = mln_shape_member(&ch, MLN_S("val"));

    (void)state;
    assert_int_equal(rn.xml, MLN_XML_ATTRIBUTE);
    assert_int_equal(rn.order, 0);
    assert_true(mni.xml == MLN_XML_ELEMENT && mni.may_be_null && !mni.is_many && mni.order > 0);
    assert_true(cin.resource && cin.is_many && cin.order < 0);
    assert_true(ch.is_many && mln_shape_base(&ch) && !mln_shape_base(&cnt));
    assert_int_equal(val.xml, MLN_XML_BASE);
}

/* What files define is known like the generated tables. */
static void defined_specialisations(void **state)
{
    struct mln_definitions *set = NULL;
    struct mln_limits limits;
    struct mln_shape root;
    struct mln_shape member;
    size_t line;

    (void)state;
    mln_limits_default(&limits);
    assert_true(mln_shape_root(MLN_S("hd:x")).resource == NULL);
    assert_false(mln_failed(mln_definitions_new(&limits, &set)));
    assert_false(mln_failed(mln_definitions_read(
        set, MLN_S("flexContainer hd:x x org.x\nattribute level level xs:float\n"), &line, NULL)));
    mln_special_install(set);
    root = mln_shape_root(MLN_S("hd:x"));
    member = mln_shape_member(&root, MLN_S("level"));
    assert_non_null(root.resource);
    assert_true(member.type == MLN_DT_FLOAT && member.may_be_null && member.order > 0);
    mln_special_install(NULL);
    mln_definitions_free(set);
}

/* Every type's attributes fit the room that the writer has. */
static void orders_are_bounded(void **state)
{
    (void)state;
    for (int i = 0; i < MLN_TYPES; i++) {
        const struct mln_type *t = mln_model_type_at((enum mln_type_id)i);

        assert_true(t->attribute_count <= MLN_SHAPE_ORDERED);
        if (t->attribute_count && t->root.len && mln_model_attribute(t, MLN_S("rn"))) {
            assert_true(mln_slice_eq(t->attributes[0].name, MLN_S("rn")));
        }
    }
    for (int i = 0; i < MLN_DATATYPES; i++) {
        size_t count;

        (void)mln_model_members(mln_model_datatype((enum mln_datatype_id)i), &count);
        assert_true(count <= MLN_SHAPE_ORDERED);
    }
}

static bool is_named(const char *uri, const char *local, const char *wanted)
{
    struct mln_arena *arena = mln_arena_new(4096);
    struct mln_slice name;
    bool is;

    assert_non_null(arena);
    assert_false(mln_failed(mln_shape_name(arena, mln_slice_z(uri), mln_slice_z(local), &name)));
    is = mln_slice_eq(name, mln_slice_z(wanted));
    mln_arena_free(arena);
    return is;
}

#define PROTOCOLS "http://www.onem2m.org/xml/protocols"

static void namespaces(void **state)
{
    (void)state;
    assert_true(mln_slice_eq(mln_shape_namespace(MLN_S("m2m")), MLN_S(PROTOCOLS)));
    assert_true(mln_slice_eq(mln_shape_namespace(MLN_S("cod")), MLN_S(PROTOCOLS "/commondomain")));
    assert_int_equal(mln_shape_namespace(MLN_S("xyz")).len, 0);
    assert_true(is_named(PROTOCOLS, "cnt", "m2m:cnt"));
    assert_true(is_named(PROTOCOLS "/commondomain", "x", "cod:x"));
    assert_true(is_named("", "cnt", ""));
    assert_true(is_named("urn:x", "cnt", ""));
}

/* Two domains share a namespace: files say which of them has the name. */
static void shared_namespaces(void **state)
{
    struct mln_definitions *set = NULL;
    struct mln_limits limits;
    size_t line;

    (void)state;
    mln_limits_default(&limits);
    assert_false(mln_failed(mln_definitions_new(&limits, &set)));
    assert_false(mln_failed(mln_definitions_read(
        set, MLN_S("flexContainer hd:x x a\nflexContainer hod:x x b\nflexContainer hod:y y c\n"),
        &line, NULL)));
    mln_special_install(set);
    assert_true(is_named(PROTOCOLS "/homedomain", "x", "hd:x"));
    assert_true(is_named(PROTOCOLS "/homedomain", "y", "hod:y"));
    assert_true(is_named(PROTOCOLS "/homedomain", "yAnnc", "hod:yAnnc"));
    assert_true(is_named(PROTOCOLS "/homedomain", "z", "hd:z"));
    mln_special_install(NULL);
    mln_definitions_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots),
        cmocka_unit_test(members),
        cmocka_unit_test(defined_specialisations),
        cmocka_unit_test(orders_are_bounded),
        cmocka_unit_test(namespaces),
        cmocka_unit_test(shared_namespaces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
