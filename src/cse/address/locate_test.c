/* Tests of addresses: from every spelling to the resource, and back to a path. */
#include "cse/address/locate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "cse/cse_int.h"
#include "cse/look_test.h"

static struct mln_look look;

static void make_tree(void)
{
    mln_look_register(&look, "Cae");
    mln_look_make(&look, "Cae", "cse-in/Cae", 3, "{'m2m:cnt':{'rn':'c'}}");
    mln_look_make(&look, "Cae", "cse-in/Cae/c", 4, "{'m2m:cin':{'rn':'i1','con':'1'}}");
    mln_look_make(&look, "Cae", "cse-in/Cae/c", 4, "{'m2m:cin':{'rn':'i2','con':'2'}}");
    mln_look_make(&look, "Cae", "cse-in/Cae/c", 3, "{'m2m:cnt':{'rn':'d'}}");
    mln_look_make(&look, "Cae", "cse-in/Cae", 9, "{'m2m:grp':{'rn':'g','mnm':1,'mid':[]}}");
    mln_look_make(&look, "Cae", "cse-in/Cae", 3, "{'m2m:cnt':{'rn':'cse-in'}}");
    (void)mln_look_anew(&look);
}

static int set_up(void **state)
{
    (void)state;
    mln_look_open(&look, NULL);
    make_tree();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

static enum mln_err_code resolve(const char *local, bool keeps_virtual, struct mln_target *ret)
{
    struct mln_lookup l = mln_look_lookup(&look);

    return mln_locate_resolve(&l, mln_slice_z(local), keeps_virtual, ret).code;
}

/* resourceName of what the address leads to, or NULL. */
static const char *name_at(const char *local)
{
    struct mln_target t;

    return resolve(local, false, &t) == MLN_ERR_NONE ? mln_arena_zdup(look.arena, t.resource.rn)
                                                     : NULL;
}

static void local_addresses(void **state)
{
    static const struct {
        const char *local;
        const char *name;
    } table[] = {
        { "", "cse-in" },
        { "cse-in", "cse-in" },
        { "-", "cse-in" },
        { ".", "cse-in" },
        { "id-in", "cse-in" }, /* its resourceID */
        { "cse-in/Cae", "Cae" },
        { "-/Cae", "Cae" },
        { "./Cae", "Cae" },
        { "Cae", "Cae" }, /* resourceID */
        { "Cae/c", "c" },
        { "cse-in/Cae/c/d", "d" },
        { "cse-in/Cae/c/la", "i2" },
        { "Cae/c/ol", "i1" },
        { "cse-in/Cae/g", "g" },
        { "cse-in/Cae/g/fopt", "g" },
        { "cse-in/Cae/g/fopt/any/thing", "g" },
        { "cse-in/Cae/cse-in", "cse-in" },
        { "cse-in/none", NULL },
        { "cse-in/Cae/none/c", NULL },
        { "cse-in/Cae/la", NULL },
        { "cse-in/Cae/fopt", NULL },
        { "cse-in/Cae/c/fopt", NULL },
        { "cse-in/Cae/c/d/la", NULL },
        { "cse-in/Cae/c/la/la", NULL },
        { "cse-in/Cae/c/la/i2", NULL },
        { "cse-in/cse-in", NULL },
        { "cse-in/-", NULL },
        { "cse-in/-/Cae", NULL },
        { "cse-in//Cae", NULL },
        { "cse-in/", NULL },
        { "Cae/", NULL },
        { "c", NULL },
        { "i1", NULL },
        { "cae", NULL },
        { "CSE-IN/Cae", NULL },
        { "cse-in/Cae/C", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *name = name_at(table[i].local);

        if (!table[i].name) {
            assert_null(name);
        } else {
            assert_non_null(name);
            assert_string_equal(name, table[i].name);
        }
    }
}

static void virtual_resources(void **state)
{
    struct mln_target t;

    (void)state;
    assert_int_equal(resolve("cse-in/Cae/c/la", true, &t), MLN_ERR_NONE);
    assert_int_equal(t.virtual_child, MLN_VIRTUAL_LATEST);
    assert_true(mln_slice_eq(t.resource.rn, MLN_S("c")) && t.type->ty == MLN_TY_CNT);
    assert_int_equal(resolve("cse-in/Cae/c/ol", false, &t), MLN_ERR_NONE);
    assert_int_equal(t.virtual_child, MLN_VIRTUAL_OLDEST);
    assert_true(mln_slice_eq(t.resource.rn, MLN_S("i1")) && t.type->ty == MLN_TY_CIN);
    assert_true(t.has_parent && mln_slice_eq(t.parent.rn, MLN_S("c")));
    assert_int_equal(resolve("cse-in/Cae/c/d/la", true, &t), MLN_ERR_NONE);
    assert_int_equal(resolve("cse-in/Cae/c/la/x", true, &t), MLN_ERR_NOT_FOUND);
    assert_int_equal(resolve("cse-in/Cae/g/fopt/x//y", true, &t), MLN_ERR_NONE);
    assert_int_equal(t.virtual_child, MLN_VIRTUAL_FAN_OUT);
    assert_true(mln_slice_eq(t.rest, MLN_S("x//y")));
    assert_int_equal(resolve("cse-in/Cae/g/fopt", true, &t), MLN_ERR_NONE);
    assert_int_equal(t.rest.len, 0);
}

static enum mln_err_code lookup(const char *id, struct mln_resource *ret)
{
    struct mln_lookup l = mln_look_lookup(&look);

    return mln_locate_lookup(&l, mln_slice_z(id), ret).code;
}

static void identifiers_in_every_spelling(void **state)
{
    static const char *const of_c[] = { "cse-in/Cae/c",
                                        "-/Cae/c",
                                        "Cae/c",
                                        "/id-in/cse-in/Cae/c",
                                        "/id-in/-/Cae/c",
                                        "/id-in/Cae/c",
                                        "//merlon.example/id-in/cse-in/Cae/c",
                                        "//MERLON.example/id-in/Cae/c" };
    static const char *const of_none[] = {
        "",
        "/",
        "//",
        "//merlon.example",
        "/id-other/cse-in/Cae/c",
        "//far.example/id-in/cse-in/Cae/c",
        "cse-in/Cae/c/la",
        "cse-in/Cae/g/fopt",
        "/cse-in/Cae/c",
        "id-in/cse-in/Cae/c",
        "cse-in/Cae//c",
        "cse-in/Cae/../Cae/c",
        "cse-in/Cae/c ",
        "http://cse-in/Cae/c",
    };
    struct mln_resource r;

    (void)state;
    for (size_t i = 0; i < sizeof of_c / sizeof of_c[0]; i++) {
        assert_int_equal(lookup(of_c[i], &r), MLN_ERR_NONE);
        assert_true(mln_slice_eq(r.rn, MLN_S("c")));
    }
    for (size_t i = 0; i < sizeof of_none / sizeof of_none[0]; i++) {
        assert_int_equal(lookup(of_none[i], &r), MLN_ERR_NOT_FOUND);
    }
}

static void back_to_a_path(void **state)
{
    static const char *const paths[] = { "cse-in", "cse-in/Cae", "cse-in/Cae/c/d",
                                         "cse-in/Cae/c/i1" };
    struct mln_lookup l;

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct mln_resource r = mln_look_at(&look, paths[i]);
        struct mln_resource parent;
        struct mln_slice path;

        l = mln_look_lookup(&look);
        assert_int_equal(mln_locate_path(&l, &r, &path).code, MLN_ERR_NONE);
        assert_true(mln_slice_eq(path, mln_slice_z(paths[i])));
        assert_int_equal(mln_locate_parent(&l, &r, &parent).code,
                         i ? MLN_ERR_NONE : MLN_ERR_NOT_FOUND);
        assert_true(!i || mln_slice_eq(parent.ri, r.pi));
    }
}

/* spec: TS-0001 9.6.1.3.1: from its expirationTime on a resource is not there */
static void what_has_expired_is_not_there(void **state)
{
    struct mln_target t;

    (void)state;
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/Cae/c/d','fr':'Cae',"
                                         "'pc':{'m2m:cnt':{'et':'20300101T000010'}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    mln_look_make(&look, "Cae", "cse-in/Cae/c", 4,
                  "{'m2m:cin':{'rn':'i3','con':'3','et':'20300101T000010'}}");
    (void)mln_look_anew(&look);
    look.p->now_us += 9999999;
    assert_string_equal(name_at("cse-in/Cae/c/d"), "d");
    assert_string_equal(name_at("cse-in/Cae/c/la"), "i3");
    look.p->now_us += 1;
    assert_null(name_at("cse-in/Cae/c/d"));
    assert_null(name_at("cse-in/Cae/c/i3"));
    assert_string_equal(name_at("cse-in/Cae/c/la"), "i2");
    assert_int_equal(resolve("cse-in/Cae/c/d/la", true, &t), MLN_ERR_NOT_FOUND);
}

/* What is still waiting to be purged is gone, by path and by resourceID. */
static void below_a_deleted_resource_nothing_is_there(void **state)
{
    struct mln_limits limits;
    struct mln_inproc_options options = { .has_no_duties = true, .limits = &limits };
    struct mln_resource r;
    struct mln_lookup l;
    char *ri;
    bool is_live = true;

    (void)state;
    mln_look_close(&look);
    mln_limits_default(&limits);
    limits.delete_inline = 1;
    mln_look_open(&look, &options);
    make_tree();
    for (int i = 0; i < 5; i++) {
        mln_look_make(&look, "Cae", "cse-in/Cae/c/d", 4, "{'m2m:cin':{'con':'x'}}");
    }
    mln_look_make(&look, "Cae", "cse-in/Cae/c/d", 3, "{'m2m:cnt':{'rn':'e'}}");
    r = mln_look_at(&look, "cse-in/Cae/c/d/e");
    ri = mln_arena_zdup(look.arena, r.ri);
    assert_string_equal(name_at(ri), "e");
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'cse-in/Cae/c','fr':'Cae'}")->rsc,
                     MLN_RSC_DELETED);
    (void)mln_look_anew(&look);
    l = mln_look_lookup(&look);
    assert_int_equal(mln_store_get(look.view, r.id, look.arena, &r).code, MLN_ERR_NONE);
    assert_int_equal(mln_locate_is_live(&l, &r, &is_live).code, MLN_ERR_NONE);
    assert_false(is_live);
    assert_null(name_at(ri));
    assert_null(name_at("cse-in/Cae/c/d/e"));
    assert_null(name_at("cse-in/Cae/c"));
    assert_string_equal(name_at("cse-in/Cae/g"), "g");
    assert_string_equal(name_at("Cae"), "Cae");
}

static void names_of_virtual_children(void **state)
{
    struct mln_resource cnt = { .ty = MLN_TY_CNT };
    struct mln_resource grp = { .ty = MLN_TY_GRP };

    (void)state;
    assert_int_equal(mln_locate_virtual(&cnt, MLN_S("la")), MLN_VIRTUAL_LATEST);
    assert_int_equal(mln_locate_virtual(&cnt, MLN_S("ol")), MLN_VIRTUAL_OLDEST);
    assert_int_equal(mln_locate_virtual(&cnt, MLN_S("fopt")), MLN_VIRTUAL_NONE);
    assert_int_equal(mln_locate_virtual(&grp, MLN_S("fopt")), MLN_VIRTUAL_FAN_OUT);
    assert_int_equal(mln_locate_virtual(&grp, MLN_S("la")), MLN_VIRTUAL_NONE);
    assert_int_equal(mln_locate_virtual(&cnt, MLN_S("LA")), MLN_VIRTUAL_NONE);
    assert_true(mln_locate_is_base(&look.p->cse->names, MLN_S("-")));
    assert_true(mln_locate_is_base(&look.p->cse->names, MLN_S("cse-in")));
    assert_false(mln_locate_is_base(&look.p->cse->names, MLN_S("id-in")));
    assert_false(mln_locate_is_base(&look.p->cse->names, MLN_S("")));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(local_addresses),
        T(virtual_resources),
        T(identifiers_in_every_spelling),
        T(back_to_a_path),
        T(what_has_expired_is_not_there),
        T(below_a_deleted_resource_nothing_is_there),
        T(names_of_virtual_children),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
