/* Tests of the table of serialisations. */
#include "codec/serialisation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "model/pack.h"

static void rows_are_complete(void **state)
{
    const struct mln_serialisation *row;
    size_t i = 0;

    (void)state;
    for (; (row = mln_serialisation_at(i)) != NULL; i++) {
        assert_true(row->read && row->write);
        assert_ptr_equal(mln_serialisation_named(row->name), row);
        for (size_t t = 0; t < MLN_MEDIA_TYPES; t++) {
            assert_ptr_equal(mln_serialisation_of(row->types[t]), row);
        }
    }
    assert_true(i > 0);
    assert_true(mln_slice_eq(mln_serialisation_at(0)->name, MLN_S("json")));
}

/* spec: TS-0004 6.7 */
static void media_types(void **state)
{
    static const char *const json[] = {
        "application/json",
        "Application/JSON",
        "application/vnd.onem2m-res+json",
        "application/vnd.onem2m-ntfy+json",
        "application/vnd.onem2m-preq+json",
        "application/VND.oneM2M-prsp+json",
    };
    static const char *const none[] = {
        "",
        "json",
        "text/json",
        "application/jso",
        "application/json2",
        "application/yaml",
        "application/vnd.onem2m+json",
        "application/*",
    };

    (void)state;
    for (size_t i = 0; i < sizeof json / sizeof *json; i++) {
        assert_ptr_equal(mln_serialisation_of(mln_slice_z(json[i])), mln_serialisation_at(0));
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_null(mln_serialisation_of(mln_slice_z(none[i])));
    }
    assert_null(mln_serialisation_named(MLN_S("yaml")));
}

/* A row that cannot say anything. */
static mln_err say_nothing(struct mln_buf *out, struct mln_slice pack)
{
    (void)pack;
    mln_buf_add(out, MLN_S("half"));
    MLN_FAIL(NOT_ACCEPTABLE);
}

static void what_cannot_be_said_leaves_as_json(void **state)
{
    static const struct mln_serialisation mute = { .name = { "mute", 4 }, .write = say_nothing };
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *arena = mln_arena_new(1 << 20);
    const struct mln_serialisation *form = &mute;
    struct mln_slice pack = { 0 };
    struct mln_slice content = { 0 };
    struct mln_buf out;

    (void)state;
    mln_buf_init(&out, arena, 100);
    mln_pack_text(&out, MLN_S("a"));
    assert_false(mln_failed(mln_buf_finish(&out, &pack)));
    assert_false(mln_failed(mln_serialise(&form, pack, arena, 100, &content)));
    assert_true(mln_slice_eq(content, MLN_S("\"a\"")));
    assert_ptr_equal(form, mln_serialisation_at(0));
    assert_int_equal(mln_serialise(&form, pack, arena, 2, &content).code, MLN_ERR_LIMIT);
    assert_int_equal(mln_serialise(&form, MLN_S("\xFF"), arena, 100, &content).code,
                     MLN_ERR_STORE_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_complete),
        cmocka_unit_test(media_types),
        cmocka_unit_test(what_cannot_be_said_leaves_as_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
