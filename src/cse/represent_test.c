/* Tests of representations. */
#include "cse/represent.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "codec/json.h"
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

/* A container with a label and two slots of its own. */
static struct mln_resource container(void)
{
    struct mln_resource r = { .id = 9,
                              .parent = 1,
                              .ty = MLN_TY_CNT,
                              .ri = MLN_S("cnt9"),
                              .pi = MLN_S("cb1"),
                              .rn = MLN_S("c"),
                              .cr = MLN_S("Cme"),
                              .ct = 0,
                              .lt = 1000000,
                              .et = 2000000,
                              .st = 3,
                              .count = 4,
                              .bytes = 50 };
    struct mln_buf out;

    mln_buf_init(&out, arena, 1000);
    mln_pack_map(&out, 2);
    mln_pack_text(&out, MLN_S("lbl"));
    mln_pack_array(&out, 1);
    mln_pack_text(&out, MLN_S("red"));
    mln_pack_text(&out, MLN_S("mni"));
    mln_pack_uint(&out, 7);
    assert_int_equal(mln_buf_finish(&out, &r.attrs).code, MLN_ERR_NONE);
    return r;
}

static const char *json_of(const struct mln_resource *r, const struct mln_selection *selection)
{
    struct mln_buf packed;
    struct mln_buf out;
    struct mln_slice pack;
    struct mln_slice text;

    mln_buf_init(&packed, arena, 10000);
    mln_represent(&packed, r, selection);
    assert_int_equal(mln_buf_finish(&packed, &pack).code, MLN_ERR_NONE);
    mln_buf_init(&out, arena, 10000);
    assert_int_equal(mln_json_write(&out, pack).code, MLN_ERR_NONE);
    assert_int_equal(mln_buf_finish(&out, &text).code, MLN_ERR_NONE);
    return mln_arena_zdup(arena, text);
}

static void slots_and_the_rest(void **state)
{
    struct mln_resource r = container();
    const char *all = json_of(&r, NULL);

    (void)state;
    assert_non_null(strstr(all, "\"rn\":\"c\""));
    assert_non_null(strstr(all, "\"ty\":3"));
    assert_non_null(strstr(all, "\"ri\":\"cnt9\""));
    assert_non_null(strstr(all, "\"pi\":\"cb1\""));
    assert_non_null(strstr(all, "\"ct\":\"19700101T000000"));
    assert_non_null(strstr(all, "\"lt\":\"19700101T000001"));
    assert_non_null(strstr(all, "\"et\":\"19700101T000002"));
    assert_non_null(strstr(all, "\"st\":3"));
    assert_non_null(strstr(all, "\"cni\":4"));
    assert_non_null(strstr(all, "\"cbs\":50"));
    assert_non_null(strstr(all, "\"lbl\":[\"red\"],\"mni\":7"));
    assert_true(strncmp(all, "{\"m2m:cnt\":{", 12) == 0);
}

/* spec: TS-0001 9.6.1.3.2: creator is shown where the originator asked for it */
static void the_creator_is_shown_on_request(void **state)
{
    struct mln_resource r = container();

    (void)state;
    assert_null(strstr(json_of(&r, NULL), "\"cr\""));
    r.flags |= MLN_RESOURCE_SHOWS_CREATOR;
    assert_non_null(strstr(json_of(&r, NULL), "\"cr\":\"Cme\""));
}

static void a_selection(void **state)
{
    struct mln_resource r = container();
    struct mln_slice names[] = { MLN_S("mni"), MLN_S("st"), MLN_S("mbs"), MLN_S("cr") };
    struct mln_selection some = { names, 4 };
    struct mln_selection none = { names, 0 };

    (void)state;
    assert_string_equal(json_of(&r, &some), "{\"m2m:cnt\":{\"st\":3,\"mni\":7}}");
    assert_string_equal(json_of(&r, &none), "{\"m2m:cnt\":{}}");
}

static bool has(const struct mln_resource *r, const char *name, struct mln_slice *ret)
{
    const struct mln_attribute *a =
        mln_model_attribute(mln_model_type(MLN_TY_CNT), mln_slice_z(name));

    assert_non_null(a);
    return mln_represent_attribute(r, a, arena, ret);
}

static void single_attributes(void **state)
{
    struct mln_resource r = container();
    struct mln_slice item;
    uint64_t n;

    (void)state;
    assert_true(has(&r, "mni", &item) && mln_pack_u64_of(item, &n) && n == 7);
    assert_true(has(&r, "cbs", &item) && mln_pack_u64_of(item, &n) && n == 50);
    assert_true(has(&r, "lbl", &item));
    assert_false(has(&r, "mbs", &item));
    assert_false(has(&r, "cr", &item));
    r.flags |= MLN_RESOURCE_SHOWS_CREATOR;
    assert_true(has(&r, "cr", &item));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(slots_and_the_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_creator_is_shown_on_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_selection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(single_attributes, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
