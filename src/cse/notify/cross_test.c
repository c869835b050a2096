/* Tests of when time windows end. */
#include "cse/notify/cross.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "codec/json.h"
#include "cse/cse_int.h"

static const struct {
    enum mln_window_type type;
    int64_t size;
    int64_t from;
    int64_t now;
    int64_t end;
} rows[] = {
    { MLN_WINDOW_PERIODIC, 10, 100, 100, 110 },
    { MLN_WINDOW_PERIODIC, 10, 100, 109, 110 },
    { MLN_WINDOW_PERIODIC, 10, 100, 110, 120 }, /* the end belongs to the next one */
    { MLN_WINDOW_PERIODIC, 10, 100, 1239, 1240 },
    { MLN_WINDOW_PERIODIC, 10, 100, 95, 105 }, /* the clock was set back */
    { MLN_WINDOW_PERIODIC, 1, 0, 7, 8 },
    { MLN_WINDOW_PERIODIC, MLN_TIMESTAMP_MAX, 100, 200, MLN_TIMESTAMP_MAX },
    { MLN_WINDOW_SLIDING, 10, 100, 109, 119 },
    { MLN_WINDOW_SLIDING, 10, 100, 95, 105 },
    { MLN_WINDOW_SLIDING, MLN_TIMESTAMP_MAX, 100, 200, MLN_TIMESTAMP_MAX },
    { MLN_WINDOW_SLIDING, INT64_MAX, 0, 0, MLN_TIMESTAMP_MAX },
};

static void windows_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(
            mln_cross_window_end(rows[i].type, rows[i].size, rows[i].from, rows[i].now),
            rows[i].end);
    }
}

static void only_what_is_associated_is_named(void **state)
{
    static const char attrs[] = "\xa1\x64"
                                "acrs\x83\x62"
                                "c1\x62"
                                "c2\x67"
                                "/mn1/c3";
    struct mln_cse cse = {
        .names = { .sp_id = MLN_S("//sp"), .cse_id = MLN_S("/in"), .cse_name = MLN_S("base") }
    };
    struct mln_resource sub = { .attrs = { attrs, sizeof attrs - 1 } };

    (void)state;
    assert_false(mln_cross_names(&cse, &sub, MLN_S("c1")));
    sub.flags = MLN_RESOURCE_IS_CROSSED;
    assert_true(mln_cross_names(&cse, &sub, MLN_S("c1")));
    assert_true(mln_cross_names(&cse, &sub, MLN_S("c2")));
    assert_false(mln_cross_names(&cse, &sub, MLN_S("/mn1/c3"))); /* it is heard by a NOTIFY */
    assert_false(mln_cross_names(&cse, &sub, MLN_S("c")));
    assert_false(mln_cross_names(&cse, &sub, MLN_S("")));
}

static const struct {
    const char *sub; /* what was read, as JSON with ' for " */
    enum mln_op op;  /* 0: nothing follows */
    const char *content;
} leaving[] = {
    { "{'m2m:sub':{'nu':['a','/in/c']}}", MLN_OP_UPDATE, "{'m2m:sub':{'nu':['a']}}" },
    { "{'m2m:sub':{'nu':['/in/c','a'],'acrs':['/in/c']}}", MLN_OP_UPDATE,
      "{'m2m:sub':{'nu':['a'],'acrs':null}}" },
    { "{'m2m:sub':{'nu':['/in/c','a'],'acrs':['b','/in/c']}}", MLN_OP_UPDATE,
      "{'m2m:sub':{'nu':['a'],'acrs':['b']}}" },
    { "{'m2m:sub':{'nu':['a','b'],'acrs':['/in/c']}}", MLN_OP_UPDATE,
      "{'m2m:sub':{'nu':['a','b'],'acrs':null}}" },
    { "{'m2m:sub':{'nu':['/in/c'],'acrs':['/in/c']}}", MLN_OP_DELETE, "" },
    { "{'m2m:sub':{'nu':['a'],'acrs':['b']}}", 0, "" },
    { "{'m2m:sub':{'nu':['a',7,'/in/c']}}", 0, "" },
    { "{'m2m:sub':{'acrs':['/in/c']}}", 0, "" },
    { "{'m2m:sub':{'nu':'/in/c'}}", 0, "" },
    { "{'m2m:sub':null}", 0, "" },
    { "{}", 0, "" },
    { "[]", 0, "" },
};

/* The text with " for ' as a tree. */
static struct mln_value *tree_of(const char *text, struct mln_arena *arena)
{
    size_t len = strlen(text);
    char *copy = mln_arena_alloc(arena, len + 1);
    struct mln_value *v;
    struct mln_limits limits;
    struct mln_fault fault = { 0 };

    mln_limits_default(&limits);
    assert_non_null(copy);
    for (size_t i = 0; i <= len; i++) {
        copy[i] = (char)(text[i] == '\'' ? '"' : text[i]);
    }
    assert_false(mln_failed(mln_json_read(mln_slice_of(copy, len), &limits, arena, &v, &fault)));
    return v;
}

static void who_is_left_is_without_us(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof leaving / sizeof *leaving; i++) {
        struct mln_arena *arena = mln_arena_new(SIZE_MAX);
        struct mln_slice content = { 0 };
        struct mln_value *told;
        enum mln_op op = 0;
        bool goes_on =
            mln_cross_leave(arena, MLN_S("/in/c"), tree_of(leaving[i].sub, arena), &op, &content);

        assert_int_equal(goes_on, leaving[i].op != 0);
        assert_int_equal(op, leaving[i].op);
        assert_int_equal(content.len != 0, leaving[i].content[0] != '\0');
        if (content.len) {
            assert_false(mln_failed(mln_pack_to_value(content, arena, &told)));
            assert_true(mln_value_eq(told, tree_of(leaving[i].content, arena)));
        }
        mln_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_end),
        cmocka_unit_test(only_what_is_associated_is_named),
        cmocka_unit_test(who_is_left_is_without_us),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
