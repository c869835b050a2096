/* Scans: which, in which order, where they end. */
#include <stdio.h>
#include <string.h>

#include "suite.h"

enum { MANY = 300 };

static void children_come_by_type_then_age(void **state)
{
    struct fixture *f = *state;
    struct mln_resource base = suite_create(f, NULL, 5, "cse-in");
    struct mln_resource a = suite_create(f, &base, 4, "a");
    struct mln_resource b = suite_create(f, &base, 3, "b");
    struct mln_resource c = suite_create(f, &base, 300, "c");
    struct mln_resource d = suite_create(f, &base, 4, "d");
    struct mln_resource other = suite_create(f, &b, 4, "other");
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN, .parent = base.id };
    uint64_t ids[8];

    assert_int_equal(suite_scan(f, &spec, ids, 8), 4);
    assert_true(ids[0] == b.id && ids[1] == a.id && ids[2] == d.id && ids[3] == c.id);
    spec.is_descending = true;
    assert_int_equal(suite_scan(f, &spec, ids, 8), 4);
    assert_true(ids[0] == c.id && ids[1] == d.id && ids[2] == a.id && ids[3] == b.id);
    spec.ty = 4;
    assert_int_equal(suite_scan(f, &spec, ids, 8), 2);
    assert_true(ids[0] == d.id && ids[1] == a.id);
    spec.is_descending = false;
    assert_int_equal(suite_scan(f, &spec, ids, 8), 2);
    assert_true(ids[0] == a.id && ids[1] == d.id);
    spec.ty = 300;
    assert_int_equal(suite_scan(f, &spec, ids, 8), 1);
    spec.ty = 299;
    assert_int_equal(suite_scan(f, &spec, ids, 8), 0);
    spec = (struct mln_scan_spec){ .kind = MLN_SCAN_CHILDREN, .parent = b.id };
    assert_int_equal(suite_scan(f, &spec, ids, 8), 1);
    assert_true(ids[0] == other.id);
    spec.parent = UINT64_MAX;
    assert_int_equal(suite_scan(f, &spec, ids, 8), 0);
    spec.is_descending = true;
    assert_int_equal(suite_scan(f, &spec, ids, 8), 0);
}

static void a_scan_of_children_tells_their_types(void **state)
{
    struct fixture *f = *state;
    struct mln_resource base = suite_create(f, NULL, 5, "cse-in");
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN, .parent = base.id };
    struct mln_scan *scan;
    struct mln_view *view;
    uint64_t id;
    uint16_t ty;

    (void)suite_create(f, &base, 10001, "x");
    assert_ok(mln_view_begin(f->reader, &view));
    assert_ok(mln_scan_open(view, &spec, &scan));
    assert_ok(mln_scan_next(scan, &id, &ty));
    assert_int_equal(ty, 10001);
    mln_scan_close(scan);
    mln_view_end(view);
}

static void a_type_is_scanned_both_ways(void **state)
{
    struct fixture *f = *state;
    struct mln_resource base = suite_create(f, NULL, 5, "cse-in");
    struct mln_scan_spec spec = { .kind = MLN_SCAN_TYPE, .ty = 4 };
    uint64_t forward[MANY + 1];
    uint64_t backward[MANY + 1];

    for (int i = 0; i < MANY; i++) {
        (void)suite_create(f, &base, 4, "");
        (void)suite_create(f, &base, i % 2 ? 3 : 5, "");
    }
    assert_int_equal(suite_scan(f, &spec, forward, MANY + 1), MANY);
    spec.is_descending = true;
    assert_int_equal(suite_scan(f, &spec, backward, MANY + 1), MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(forward[i], backward[MANY - 1 - i]);
        assert_true(i == 0 || forward[i] > forward[i - 1]);
    }
    suite_check(f);
}

static void set_labels(struct fixture *f, struct mln_resource *r, const char *const *labels)
{
    struct mln_resource old = *r;

    r->attrs = suite_attrs(f, labels, "x");
    assert_ok(suite_put(f, &old, r));
}

static size_t count_label(struct fixture *f, struct mln_slice label)
{
    struct mln_scan_spec spec = { .kind = MLN_SCAN_LABEL, .label = label };
    uint64_t up[16];
    uint64_t down[16];
    size_t count = suite_scan(f, &spec, up, 16);

    spec.is_descending = true;
    assert_int_equal(suite_scan(f, &spec, down, 16), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(up[i], down[count - 1 - i]);
    }
    return count;
}

static void labels_follow_the_resource(void **state)
{
    struct fixture *f = *state;
    static const char *const one[] = { "red", "green", "red", "", NULL };
    static const char *const two[] = { "green", "blue", "redder", NULL };
    struct mln_resource a = suite_create(f, NULL, 3, "a");
    struct mln_resource b = suite_create(f, NULL, 3, "b");

    set_labels(f, &a, one);
    set_labels(f, &b, one);
    assert_int_equal(count_label(f, MLN_S("red")), 2);
    assert_int_equal(count_label(f, MLN_S("")), 2);
    suite_check(f);
    set_labels(f, &a, two);
    assert_int_equal(count_label(f, MLN_S("red")), 1);
    assert_int_equal(count_label(f, MLN_S("")), 1);
    assert_int_equal(count_label(f, MLN_S("green")), 2);
    assert_int_equal(count_label(f, MLN_S("blue")), 1);
    assert_int_equal(count_label(f, MLN_S("re")), 0);
    suite_check(f);
    set_labels(f, &a, NULL);
    assert_int_equal(count_label(f, MLN_S("blue")), 0);
    assert_ok(suite_erase(f, &b));
    assert_int_equal(count_label(f, MLN_S("green")), 0);
    suite_check(f);
}

static void long_labels_share_their_beginning(void **state)
{
    struct fixture *f = *state;
    char long_a[1000];
    char long_b[900];
    char exact[401];
    const char *const labels[] = { long_a, long_b, exact, NULL };
    struct mln_resource r = suite_create(f, NULL, 3, "r");

    memset(long_a, 'l', sizeof long_a);
    long_a[sizeof long_a - 1] = '\0';
    memcpy(long_b, long_a, sizeof long_b);
    long_b[sizeof long_b - 1] = '\0';
    memcpy(exact, long_a, sizeof exact);
    exact[sizeof exact - 1] = '\0';
    set_labels(f, &r, labels);
    assert_int_equal(count_label(f, mln_slice_z(long_a)), 1); /* once for the resource */
    assert_int_equal(count_label(f, mln_slice_z(exact)), 1);
    assert_int_equal(count_label(f, mln_slice_head(mln_slice_z(exact), 399)), 0);
    suite_check(f);
    set_labels(f, &r, NULL);
    assert_int_equal(count_label(f, mln_slice_z(exact)), 0);
    suite_check(f);
}

static void a_label_does_not_run_into_another(void **state)
{
    struct fixture *f = *state;
    static const char *const plain[] = { "a", NULL };
    static const char *const longer[] = { "ab", NULL };
    struct mln_resource r = suite_create(f, NULL, 3, "r");
    struct mln_resource s = suite_create(f, NULL, 3, "s");

    set_labels(f, &r, plain);
    set_labels(f, &s, longer);
    assert_int_equal(count_label(f, MLN_S("a")), 1);
    assert_int_equal(count_label(f, MLN_S("ab")), 1);
    assert_int_equal(count_label(f, MLN_S("a\0")), 0);
    assert_int_equal(count_label(f, MLN_S("\xFF\xFF")), 0);
}

static void set_expiry(struct fixture *f, struct mln_resource *r, int64_t et)
{
    struct mln_resource old = *r;

    r->et = et;
    assert_ok(suite_put(f, &old, r));
}

static void the_expired_come_earliest_first(void **state)
{
    struct fixture *f = *state;
    struct mln_resource r[5];
    static const int64_t times[5] = { 50, 10, MLN_TIMESTAMP_MAX, 30, 30 };
    struct mln_scan_spec spec = { .kind = MLN_SCAN_EXPIRED };
    uint64_t ids[5];

    for (int i = 0; i < 5; i++) {
        r[i] = suite_create(f, NULL, 3, "");
        set_expiry(f, &r[i], times[i]);
    }
    spec.until_us = 9;
    assert_int_equal(suite_scan(f, &spec, ids, 5), 0);
    spec.until_us = 10;
    assert_int_equal(suite_scan(f, &spec, ids, 5), 1);
    spec.until_us = 30;
    assert_int_equal(suite_scan(f, &spec, ids, 5), 3);
    assert_true(ids[0] == r[1].id && ids[1] == r[3].id && ids[2] == r[4].id);
    spec.is_descending = true;
    assert_int_equal(suite_scan(f, &spec, ids, 5), 3);
    assert_true(ids[0] == r[4].id && ids[1] == r[3].id && ids[2] == r[1].id);
    spec.until_us = MLN_TIMESTAMP_MAX; /* "never" is in no index */
    assert_int_equal(suite_scan(f, &spec, ids, 5), 4);
    spec.is_descending = false;
    assert_int_equal(suite_scan(f, &spec, ids, 5), 4);
    spec.until_us = -1;
    assert_int_equal(suite_scan(f, &spec, ids, 5), 0);
    spec.is_descending = true;
    assert_int_equal(suite_scan(f, &spec, ids, 5), 0);
    suite_check(f);
}

static void expiry_moves_with_the_resource(void **state)
{
    struct fixture *f = *state;
    struct mln_resource r = suite_create(f, NULL, 3, "");
    struct mln_scan_spec spec = { .kind = MLN_SCAN_EXPIRED, .until_us = 100 };
    uint64_t ids[2];

    set_expiry(f, &r, 100);
    assert_int_equal(suite_scan(f, &spec, ids, 2), 1);
    set_expiry(f, &r, 101);
    assert_int_equal(suite_scan(f, &spec, ids, 2), 0);
    set_expiry(f, &r, MLN_TIMESTAMP_MAX);
    suite_check(f);
    set_expiry(f, &r, 1);
    assert_int_equal(suite_scan(f, &spec, ids, 2), 1);
    suite_check(f);
}

static mln_err scan_in_job(struct mln_write *write, struct mln_view *view, void *data)
{
    MLN_CLEANUP(mln_scan_closep) struct mln_scan *scan = NULL;
    struct mln_resource *parent = data;
    struct mln_scan_spec spec = { .kind = MLN_SCAN_CHILDREN, .parent = parent->id };
    uint64_t id;

    (void)write;
    MLN_TRY(mln_scan_open(view, &spec, &scan));
    MLN_TRY(mln_scan_next(scan, &id, NULL));
    MLN_TRY(mln_scan_next(scan, &id, NULL));
    assert_err(mln_scan_next(scan, &id, NULL), NOT_FOUND);
    return MLN_OK;
}

static void a_job_scans_too(void **state)
{
    struct fixture *f = *state;
    struct mln_resource base = suite_create(f, NULL, 5, "cse-in");

    (void)suite_create(f, &base, 3, "a");
    (void)suite_create(f, &base, 3, "b");
    assert_ok(suite_job(f, scan_in_job, &base));
    mln_scan_close(NULL);
}

int run_scans(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, suite_setup, suite_teardown)
        T(children_come_by_type_then_age),
        T(a_scan_of_children_tells_their_types),
        T(a_type_is_scanned_both_ways),
        T(labels_follow_the_resource),
        T(long_labels_share_their_beginning),
        T(a_label_does_not_run_into_another),
        T(the_expired_come_earliest_first),
        T(expiry_moves_with_the_resource),
        T(a_job_scans_too),
#undef T
    };

    return cmocka_run_group_tests_name("scans", tests, NULL, NULL);
}
