/* Put, get, find, child, erase: what goes in comes out. */
#include <string.h>

#include "suite.h"

static void a_resource_comes_back_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct mln_resource base = suite_create(f, NULL, 5, "cse-in");
    struct mln_resource cnt = suite_create(f, &base, 9, "c1");
    struct mln_resource cin = suite_create(f, &cnt, 4, "");
    struct mln_resource again;

    assert_ok(suite_get(f, cin.id, &again));
    suite_assert_same(&cin, &again);
    assert_int_equal(cin.parent, cnt.id);
    assert_true(mln_slice_eq(cin.pi, cnt.ri));
    assert_true(mln_slice_eq(cin.rn, cin.ri));
    assert_true(mln_slice_starts(cin.ri, MLN_S("cin")));
    assert_int_equal(cin.ri.len, 3 + 13);
    assert_slice(cnt.rn, "c1");
    assert_slice(cin.cr, "CAdmin");
    assert_true(mln_slice_eq(cin.attrs, suite_attrs(f, NULL, "content")));
    suite_check(f);
}

static mln_err put_all_members(struct mln_write *write, struct mln_view *view, void *data)
{
    struct fixture *f = data;
    struct mln_resource r = suite_make(f, write, NULL, 9, "all");

    (void)view;
    r.flags = MLN_RESOURCE_SHOWS_CREATOR;
    r.ct = 1;
    r.lt = 2;
    r.et = MLN_TIMESTAMP_MAX;
    r.st = UINT64_MAX;
    r.count = UINT64_MAX - 1;
    r.bytes = UINT64_MAX - 2;
    r.cr = MLN_S("/other-cse/S123");
    r.attrs = (struct mln_slice){ 0 };
    MLN_TRY(mln_store_put(write, NULL, &r));
    f->options.data = mln_arena_alloc(f->arena, sizeof r);
    memcpy(f->options.data, &r, sizeof r);
    return MLN_OK;
}

static void every_member_is_kept(void **state)
{
    struct fixture *f = *state;
    struct mln_resource stored;
    struct mln_resource *given;

    assert_ok(suite_job(f, put_all_members, f));
    given = f->options.data;
    assert_ok(suite_get(f, given->id, &stored));
    suite_assert_same(given, &stored);
    suite_check(f);
}

static void what_is_not_there_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct mln_resource base = suite_create(f, NULL, 5, "cse-in");
    struct mln_resource none = { .id = base.id + 1, .ty = 5 };
    struct mln_resource r;
    struct mln_view *view;
    char long_name[600];

    memset(long_name, 'x', sizeof long_name);
    assert_ok(mln_view_begin(f->reader, &view));
    assert_err(mln_store_get(view, 0, f->arena, &r), NOT_FOUND);
    assert_err(mln_store_get(view, base.id + 1, f->arena, &r), NOT_FOUND);
    assert_err(mln_store_find(view, MLN_S("nobody"), f->arena, &r), NOT_FOUND);
    assert_err(mln_store_find(view, MLN_S(""), f->arena, &r), NOT_FOUND);
    assert_err(mln_store_find(view, MLN_S("cin0000000000001"), f->arena, &r), NOT_FOUND);
    assert_err(mln_store_find(view, mln_slice_of(long_name, 600), f->arena, &r), NOT_FOUND);
    assert_err(mln_store_child(view, base.id, MLN_S("x"), f->arena, &r), NOT_FOUND);
    assert_err(mln_store_child(view, base.id, MLN_S(""), f->arena, &r), NOT_FOUND);
    assert_err(mln_store_child(view, base.id, mln_slice_of(long_name, 600), f->arena, &r),
               NOT_FOUND);
    mln_view_end(view);
    assert_err(suite_erase(f, &none), NOT_FOUND);
    none.ri = MLN_S("x");
    assert_err(suite_put(f, &none, &none), NOT_FOUND);
}

static void a_replaced_resource_changes_where_it_may(void **state)
{
    struct fixture *f = *state;
    static const char *const labels[] = { "a", "b", NULL };
    struct mln_resource old = suite_create(f, NULL, 3, "c");
    struct mln_resource new = old;
    struct mln_resource stored;

    new.lt += 5;
    new.et += 7;
    new.st = 3;
    new.cr = MLN_S("somebody");
    new.attrs = suite_attrs(f, labels, "other");
    assert_ok(suite_put(f, &old, &new));
    assert_ok(suite_get(f, old.id, &stored));
    suite_assert_same(&new, &stored);
    suite_check(f);
}

static void the_unchangeable_is_refused(void **state)
{
    struct fixture *f = *state;
    struct mln_resource base = suite_create(f, NULL, 5, "cse-in");
    struct mln_resource old = suite_create(f, &base, 9, "c");
    struct mln_resource stored;
    struct mln_resource new;

    new = old;
    new.ty = 10;
    assert_err(suite_put(f, &old, &new), INTERNAL);
    new = old;
    new.parent = 0;
    assert_err(suite_put(f, &old, &new), INTERNAL);
    new = old;
    new.rn = MLN_S("d");
    assert_err(suite_put(f, &old, &new), INTERNAL);
    new = old;
    new.ri = MLN_S("d");
    assert_err(suite_put(f, &old, &new), INTERNAL);
    new = old;
    new.id = base.id;
    assert_err(suite_put(f, &old, &new), INTERNAL);
    new = old;
    new.et = -1;
    assert_err(suite_put(f, &old, &new), INTERNAL);
    new = old;
    new.ct = MLN_TIMESTAMP_MAX + 1;
    assert_err(suite_put(f, &old, &new), INTERNAL);
    assert_ok(suite_get(f, old.id, &stored));
    suite_assert_same(&old, &stored);
    suite_check(f);
}

static void an_erased_resource_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct mln_resource base = suite_create(f, NULL, 5, "cse-in");
    struct mln_resource r = suite_create(f, &base, 9, "c");
    struct mln_scan_spec children = { .kind = MLN_SCAN_CHILDREN, .parent = base.id };
    struct mln_scan_spec type = { .kind = MLN_SCAN_TYPE, .ty = 9 };
    struct mln_scan_spec expired = { .kind = MLN_SCAN_EXPIRED, .until_us = r.et };
    struct mln_resource found;
    struct mln_view *view;
    uint64_t ids[4];

    assert_int_equal(suite_scan(f, &children, ids, 4), 1);
    assert_ok(suite_erase(f, &r));
    assert_err(suite_get(f, r.id, &found), NOT_FOUND);
    assert_ok(mln_view_begin(f->reader, &view));
    assert_err(mln_store_find(view, r.ri, f->arena, &found), NOT_FOUND);
    assert_err(mln_store_child(view, base.id, r.rn, f->arena, &found), NOT_FOUND);
    mln_view_end(view);
    assert_int_equal(suite_scan(f, &children, ids, 4), 0);
    assert_int_equal(suite_scan(f, &type, ids, 4), 0);
    assert_int_equal(suite_scan(f, &expired, ids, 4), 1); /* the base */
    suite_check(f);
}

static mln_err put_large(struct mln_write *write, struct mln_view *view, void *data)
{
    struct fixture *f = data;
    struct mln_resource r = suite_make(f, write, NULL, 3, "large");
    char *text = mln_arena_alloc(f->arena, 1 << 20);

    (void)view;
    memset(text, 'x', 1 << 20);
    text[(1 << 20) - 1] = '\0';
    r.attrs = suite_attrs(f, NULL, text);
    MLN_TRY(mln_store_put(write, NULL, &r));
    suite_now_us = (int64_t)r.id;
    return MLN_OK;
}

static void content_of_a_megabyte_fits(void **state)
{
    struct fixture *f = *state;
    struct mln_resource r;

    assert_ok(suite_job(f, put_large, f));
    assert_ok(suite_get(f, (uint64_t)suite_now_us, &r));
    assert_true(r.attrs.len > 1 << 20);
    assert_int_equal(r.attrs.ptr[r.attrs.len / 2], 'x');
}

static mln_err put_too_long(struct mln_write *write, struct mln_view *view, void *data)
{
    struct fixture *f = data;
    char *name = mln_arena_alloc(f->arena, MLN_NAME_MAX + 2);
    struct mln_resource r;

    (void)view;
    memset(name, 'n', MLN_NAME_MAX + 1);
    name[MLN_NAME_MAX + 1] = '\0';
    r = suite_make(f, write, NULL, 3, name);
    assert_err(mln_store_put(write, NULL, &r), LIMIT);
    r.rn = MLN_S("short");
    r.pi = mln_slice_of(name, MLN_NAME_MAX + 1);
    assert_err(mln_store_put(write, NULL, &r), LIMIT);
    r.pi = MLN_S("");
    r.ri = mln_slice_of(name, MLN_NAME_MAX + 1);
    assert_err(mln_store_put(write, NULL, &r), LIMIT);
    r.ri = mln_slice_of(name, MLN_NAME_MAX);
    r.rn = mln_slice_of(name, MLN_NAME_MAX);
    return mln_store_put(write, NULL, &r);
}

static void names_have_a_greatest_length(void **state)
{
    struct fixture *f = *state;

    assert_ok(suite_job(f, put_too_long, f));
    suite_check(f);
}

static mln_err begin_without_grant(struct mln_write *write, struct mln_view *view, void *data)
{
    struct mln_write *other;

    (void)write;
    (void)data;
    assert_err(mln_write_begin(view, NULL, &other), INTERNAL);
    return MLN_OK;
}

static void writing_needs_a_grant_and_a_job(void **state)
{
    struct fixture *f = *state;
    struct mln_write *write;
    struct mln_view *view;

    assert_ok(suite_job(f, begin_without_grant, NULL));
    assert_ok(mln_view_begin(f->reader, &view));
    assert_err(mln_write_begin(view, suite_grant(), &write), INTERNAL);
    mln_view_end(view);
}

static mln_err put_with_own_id(struct mln_write *write, struct mln_view *view, void *data)
{
    struct fixture *f = data;
    struct mln_resource r = suite_make(f, write, NULL, 3, "x");

    (void)view;
    r.id += 100; /* nobody gave it */
    assert_err(mln_store_put(write, NULL, &r), INTERNAL);
    r.id = 0;
    assert_err(mln_store_put(write, NULL, &r), INTERNAL);
    return MLN_OK;
}

static void only_given_ids_are_stored(void **state)
{
    assert_ok(suite_job(*state, put_with_own_id, *state));
    suite_check(*state);
}

static void a_reader_has_one_view_at_a_time(void **state)
{
    struct fixture *f = *state;
    struct mln_view *view;
    struct mln_view *second;

    assert_ok(mln_view_begin(f->reader, &view));
    assert_err(mln_view_begin(f->reader, &second), INTERNAL);
    mln_view_end(view);
    assert_ok(mln_view_begin(f->reader, &view));
    mln_view_endp(&view);
    mln_view_end(NULL);
}

static void a_view_stays_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct mln_resource old = suite_create(f, NULL, 3, "c");
    struct mln_resource new = old;
    struct mln_resource found;
    struct mln_view *view;

    assert_ok(mln_view_begin(f->reader, &view));
    new.st = 7;
    assert_ok(suite_put(f, &old, &new));
    assert_ok(mln_store_get(view, old.id, f->arena, &found));
    assert_int_equal(found.st, 0);
    assert_ok(suite_erase(f, &new));
    assert_ok(mln_store_get(view, old.id, f->arena, &found));
    assert_int_equal(found.st, 0);
    mln_view_end(view);
    assert_err(suite_get(f, old.id, &found), NOT_FOUND);
}

static void all_is_there_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct mln_resource base = suite_create(f, NULL, 5, "cse-in");
    struct mln_resource cnt = suite_create(f, &base, 3, "c1");
    struct mln_resource found;

    if (!suite_is_durable()) {
        skip();
    }
    suite_reopen(f);
    assert_ok(suite_get(f, cnt.id, &found));
    suite_assert_same(&cnt, &found);
    suite_check(f);
}

int run_verbs(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, suite_setup, suite_teardown)
        T(a_resource_comes_back_as_it_was), T(every_member_is_kept),
        T(what_is_not_there_is_not_found),  T(a_replaced_resource_changes_where_it_may),
        T(the_unchangeable_is_refused),     T(an_erased_resource_leaves_nothing),
        T(content_of_a_megabyte_fits),      T(names_have_a_greatest_length),
        T(writing_needs_a_grant_and_a_job), T(only_given_ids_are_stored),
        T(a_reader_has_one_view_at_a_time), T(a_view_stays_as_it_was),
        T(all_is_there_after_a_restart),
#undef T
    };

    return cmocka_run_group_tests_name("verbs", tests, NULL, NULL);
}
