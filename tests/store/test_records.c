/* Named records: put, get, walk, erase. */
#include <string.h>

#include "suite.h"

struct one {
    enum mln_space space;
    struct mln_slice key;
    struct mln_slice value;
};

static mln_err put(struct mln_write *write, struct mln_view *view, void *data)
{
    struct one *o = data;

    (void)view;
    return mln_record_put(write, o->space, o->key, o->value);
}

static mln_err erase(struct mln_write *write, struct mln_view *view, void *data)
{
    struct one *o = data;

    (void)view;
    return mln_record_erase(write, o->space, o->key);
}

static void put_record(struct fixture *f, enum mln_space space, const char *key, const char *value)
{
    struct one o = { space, mln_slice_z(key), mln_slice_z(value) };

    assert_ok(suite_job(f, put, &o));
}

static mln_err get_record(struct fixture *f, enum mln_space space, struct mln_slice key,
                          struct mln_slice *ret)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;

    MLN_TRY(mln_view_begin(f->reader, &view));
    return mln_record_get(view, space, key, f->arena, ret);
}

static mln_err next_record(struct fixture *f, enum mln_space space, struct mln_slice after,
                           bool is_descending, struct mln_record *ret)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;

    MLN_TRY(mln_view_begin(f->reader, &view));
    return mln_record_next(view, space, after, is_descending, f->arena, ret);
}

static void a_record_is_put_replaced_and_erased(void **state)
{
    struct fixture *f = *state;
    struct one o = { MLN_SPACE_META, MLN_S("k"), { 0 } };
    struct mln_slice value = { 0 };

    assert_err(get_record(f, MLN_SPACE_META, MLN_S("k"), &value), NOT_FOUND);
    put_record(f, MLN_SPACE_META, "k", "one");
    assert_ok(get_record(f, MLN_SPACE_META, MLN_S("k"), &value));
    assert_slice(value, "one");
    assert_err(get_record(f, MLN_SPACE_OUTBOX, MLN_S("k"), &value), NOT_FOUND);
    put_record(f, MLN_SPACE_META, "k", "");
    assert_ok(get_record(f, MLN_SPACE_META, MLN_S("k"), &value));
    assert_int_equal(value.len, 0);
    assert_ok(suite_job(f, erase, &o));
    assert_err(get_record(f, MLN_SPACE_META, MLN_S("k"), &value), NOT_FOUND);
    assert_ok(suite_job(f, erase, &o)); /* an absent record is no error */
    suite_check(f);
}

static void records_are_walked_in_order_within_their_space(void **state)
{
    static const char *const keys[] = { "a", "ab", "b", "ba" };
    struct fixture *f = *state;
    struct mln_record r = { { 0 }, { 0 } };

    put_record(f, MLN_SPACE_META, "z", "other space");
    put_record(f, MLN_SPACE_PURGE, "12345678", "other space");
    for (int i = 3; i >= 0; i--) {
        put_record(f, MLN_SPACE_OUTBOX, keys[i], keys[i]);
    }
    for (int i = 0; i < 4; i++) {
        assert_ok(next_record(f, MLN_SPACE_OUTBOX, r.key, false, &r));
        assert_slice(r.key, keys[i]);
        assert_slice(r.value, keys[i]);
    }
    assert_err(next_record(f, MLN_SPACE_OUTBOX, r.key, false, &r), NOT_FOUND);
    r.key.len = 0;
    for (int i = 3; i >= 0; i--) {
        assert_ok(next_record(f, MLN_SPACE_OUTBOX, r.key, true, &r));
        assert_slice(r.key, keys[i]);
    }
    assert_err(next_record(f, MLN_SPACE_OUTBOX, r.key, true, &r), NOT_FOUND);
    assert_ok(next_record(f, MLN_SPACE_OUTBOX, MLN_S("aa"), false, &r));
    assert_slice(r.key, "ab");
    assert_ok(next_record(f, MLN_SPACE_OUTBOX, MLN_S("aa"), true, &r));
    assert_slice(r.key, "a");
    assert_ok(next_record(f, MLN_SPACE_PURGE, (struct mln_slice){ 0 }, true, &r));
    assert_slice(r.key, "12345678");
}

static void existence_needs_no_arena(void **state)
{
    struct fixture *f = *state;
    struct mln_record r = { MLN_S("untouched"), { 0 } };
    struct mln_view *view;

    put_record(f, MLN_SPACE_OUTBOX, "k", "v");
    assert_ok(mln_view_begin(f->reader, &view));
    assert_ok(mln_record_next(view, MLN_SPACE_OUTBOX, (struct mln_slice){ 0 }, false, NULL, &r));
    assert_slice(r.key, "untouched");
    assert_err(mln_record_next(view, MLN_SPACE_PURGE, (struct mln_slice){ 0 }, false, NULL, &r),
               NOT_FOUND);
    mln_view_end(view);
}

static void a_key_is_told_without_its_value(void **state)
{
    struct fixture *f = *state;
    char key[MLN_RECORD_KEY_MAX];
    size_t len = 0;
    struct mln_view *view;

    put_record(f, MLN_SPACE_OUTBOX, "a", "v");
    put_record(f, MLN_SPACE_OUTBOX, "bc", "v");
    assert_ok(mln_view_begin(f->reader, &view));
    for (int i = 0; i < 2; i++) {
        assert_ok(
            mln_record_next_key(view, MLN_SPACE_OUTBOX, mln_slice_of(key, len), false, key, &len));
        assert_slice(mln_slice_of(key, len), i ? "bc" : "a");
    }
    assert_err(
        mln_record_next_key(view, MLN_SPACE_OUTBOX, mln_slice_of(key, len), false, key, &len),
        NOT_FOUND);
    assert_ok(mln_record_next_key(view, MLN_SPACE_OUTBOX, mln_slice_of(key, len), true, key, &len));
    assert_slice(mln_slice_of(key, len), "a");
    mln_view_end(view);
}

static void keys_have_bounds(void **state)
{
    struct fixture *f = *state;
    char key[MLN_RECORD_KEY_MAX + 1];
    struct one o = { MLN_SPACE_OUTBOX, { key, sizeof key }, MLN_S("v") };
    struct mln_slice value;

    memset(key, 0xFF, sizeof key);
    assert_err(suite_job(f, put, &o), LIMIT);
    o.key.len--;
    assert_ok(suite_job(f, put, &o));
    assert_ok(get_record(f, MLN_SPACE_OUTBOX, o.key, &value));
    assert_err(get_record(f, MLN_SPACE_OUTBOX, mln_slice_of(key, sizeof key), &value), NOT_FOUND);
    o.key.len = 0;
    assert_err(suite_job(f, put, &o), LIMIT);
    o.space = MLN_SPACES;
    o.key.len = 1;
    assert_err(suite_job(f, put, &o), LIMIT);
    suite_check(f);
}

int run_records(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, suite_setup, suite_teardown)
        T(a_record_is_put_replaced_and_erased),
        T(records_are_walked_in_order_within_their_space),
        T(existence_needs_no_arena),
        T(a_key_is_told_without_its_value),
        T(keys_have_bounds),
#undef T
    };

    return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
