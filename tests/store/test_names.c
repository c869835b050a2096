/* Names, resourceIDs and ids: nothing is given twice, nothing answers to two names. */
#include <stdio.h>
#include <string.h>

#include "suite.h"

/* ---- helpers ---- */

struct named {
    struct fixture *f;
    const struct mln_resource *parent;
    struct mln_slice ri; /* empty: made */
    struct mln_slice rn;
    struct mln_resource made;
};

static mln_err put_named(struct mln_write *write, struct mln_view *view, void *data)
{
    struct named *n = data;

    (void)view;
    n->made = suite_make(n->f, write, n->parent, 2, "");
    if (n->ri.len) {
        n->made.ri = n->ri;
    }
    n->made.rn = n->rn;
    return mln_store_put(write, NULL, &n->made);
}

static uint64_t child_id(struct fixture *f, uint64_t parent, struct mln_slice rn)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    struct mln_resource r;

    assert_ok(mln_view_begin(f->reader, &view));
    return mln_failed(mln_store_child(view, parent, rn, f->arena, &r)) ? 0 : r.id;
}

static uint64_t ri_id(struct fixture *f, struct mln_slice ri)
{
    MLN_CLEANUP(mln_view_endp) struct mln_view *view = NULL;
    struct mln_resource r;

    assert_ok(mln_view_begin(f->reader, &view));
    return mln_failed(mln_store_find(view, ri, f->arena, &r)) ? 0 : r.id;
}

/* The ri that the store would make for a resource of type 2 under an id. */
static struct mln_slice made_ri(struct fixture *f, uint64_t id)
{
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
    struct mln_slice copy;
    char text[] = "res0000000000000";

    for (size_t i = sizeof text - 2; id; i--) {
        text[i] = alphabet[id % 32];
        id /= 32;
    }
    assert_true(mln_arena_dup(f->arena, mln_slice_z(text), &copy));
    return copy;
}

/* ---- conflicts ---- */

static void a_name_is_used_once_below_a_parent(void **state)
{
    struct fixture *f = *state;
    struct mln_resource base = suite_create(f, NULL, 5, "cse-in");
    struct mln_resource first = suite_create(f, &base, 3, "c");
    struct mln_resource other = suite_create(f, &first, 3, "c"); /* another parent */
    struct named again = { f, &base, { 0 }, MLN_S("c"), { 0 } };

    assert_err(suite_job(f, put_named, &again), CONFLICT);
    assert_int_equal(child_id(f, base.id, MLN_S("c")), first.id);
    assert_int_equal(child_id(f, first.id, MLN_S("c")), other.id);
    assert_ok(suite_erase(f, &other));
    assert_ok(suite_erase(f, &first));
    assert_ok(suite_job(f, put_named, &again));
    assert_int_equal(child_id(f, base.id, MLN_S("c")), again.made.id);
    suite_check(f);
}

static void a_resource_id_is_used_once(void **state)
{
    struct fixture *f = *state;
    struct mln_resource base = suite_create(f, NULL, 5, "cse-in");
    struct named ae = { f, &base, MLN_S("CAE1"), MLN_S("one"), { 0 } };
    struct named second = { f, &base, MLN_S("CAE1"), MLN_S("two"), { 0 } };

    assert_ok(suite_job(f, put_named, &ae));
    assert_err(suite_job(f, put_named, &second), CONFLICT);
    assert_int_equal(ri_id(f, MLN_S("CAE1")), ae.made.id);
    assert_int_equal(child_id(f, base.id, MLN_S("two")), 0);
    suite_check(f);
}

static void a_given_ri_may_return_and_inherits_no_children(void **state)
{
    struct fixture *f = *state;
    struct mln_resource base = suite_create(f, NULL, 5, "cse-in");
    struct named ae = { f, &base, MLN_S("CAE1"), MLN_S(""), { 0 } };
    struct mln_scan_spec children = { .kind = MLN_SCAN_CHILDREN };
    uint64_t first;
    uint64_t ids[2];

    assert_ok(suite_job(f, put_named, &ae));
    first = ae.made.id;
    assert_int_equal(child_id(f, base.id, MLN_S("CAE1")), first); /* named like its ri */
    (void)suite_create(f, &ae.made, 3, "orphan");
    assert_ok(suite_erase(f, &ae.made));
    assert_ok(suite_job(f, put_named, &ae));
    assert_true(ae.made.id > first);
    assert_int_equal(ri_id(f, MLN_S("CAE1")), ae.made.id);
    children.parent = ae.made.id;
    assert_int_equal(suite_scan(f, &children, ids, 2), 0);
    children.parent = first;
    assert_int_equal(suite_scan(f, &children, ids, 2), 1);
}

/* ---- names that look made by the store ---- */

static void a_made_name_cannot_be_chosen_again(void **state)
{
    struct fixture *f = *state;
    struct mln_resource base = suite_create(f, NULL, 5, "cse-in");
    struct mln_resource made = suite_create(f, &base, 2, "");
    struct named same = { f, &base, { 0 }, made.rn, { 0 } };
    struct named elsewhere = { f, &made, { 0 }, made.rn, { 0 } };
    struct named as_ri = { f, &base, made.ri, MLN_S("y"), { 0 } };

    assert_err(suite_job(f, put_named, &same), CONFLICT);
    assert_err(suite_job(f, put_named, &as_ri), CONFLICT);
    assert_ok(suite_job(f, put_named, &elsewhere)); /* below another parent it is free */
    assert_int_equal(child_id(f, base.id, made.rn), made.id);
    assert_int_equal(child_id(f, made.id, made.rn), elsewhere.made.id);
    assert_ok(suite_erase(f, &elsewhere.made));
    assert_ok(suite_erase(f, &made));
    assert_ok(suite_job(f, put_named, &same)); /* its owner is gone */
    assert_int_equal(child_id(f, base.id, made.rn), same.made.id);
    suite_check(f);
}

/* Somebody guesses the name that the store will make for the next resource. */
static void a_chosen_name_that_looks_made_is_not_made_again(void **state)
{
    struct fixture *f = *state;
    struct mln_resource base = suite_create(f, NULL, 5, "cse-in");
    struct mln_slice next = made_ri(f, base.id + 2);
    struct named chosen = { f, &base, { 0 }, next, { 0 } };
    struct named unlucky = { f, &base, { 0 }, MLN_S(""), { 0 } };
    struct named lucky = { f, &chosen.made, { 0 }, MLN_S(""), { 0 } };

    assert_ok(suite_job(f, put_named, &chosen));
    if (suite_is_durable()) {
        suite_reopen(f); /* it is remembered */
    }
    assert_err(suite_job(f, put_named, &unlucky), CONFLICT);
    assert_true(mln_slice_eq(unlucky.made.ri, next));
    assert_int_equal(child_id(f, base.id, next), chosen.made.id);
    assert_ok(suite_job(f, put_named, &unlucky)); /* the next id is another one */
    assert_ok(suite_job(f, put_named, &lucky));
    suite_check(f);
}

static void a_chosen_ri_that_looks_made_is_not_made_again(void **state)
{
    struct fixture *f = *state;
    struct mln_resource base = suite_create(f, NULL, 5, "cse-in");
    struct mln_slice next = made_ri(f, base.id + 2);
    struct named chosen = { f, &base, next, MLN_S("chosen"), { 0 } };
    struct named unlucky = { f, &base, { 0 }, MLN_S("unlucky"), { 0 } };

    assert_ok(suite_job(f, put_named, &chosen));
    if (suite_is_durable()) {
        suite_reopen(f);
    }
    assert_int_equal(ri_id(f, next), chosen.made.id);
    assert_err(suite_job(f, put_named, &unlucky), CONFLICT);
    assert_int_equal(ri_id(f, next), chosen.made.id);
    assert_ok(suite_job(f, put_named, &unlucky));
    suite_check(f);
}

/* A chosen ri or name made from the resource's own id, but with another beginning. */
static mln_err put_own_look(struct mln_write *write, struct mln_view *view, void *data)
{
    struct named *n = data;
    char *text = mln_arena_alloc(n->f->arena, 32);

    (void)view;
    n->made = suite_make(n->f, write, n->parent, 2, "");
    memcpy(text, n->made.ri.ptr, n->made.ri.len);
    memcpy(text, "foo", 3);
    n->made.rn = mln_slice_of(text, n->made.ri.len);
    return mln_store_put(write, NULL, &n->made);
}

static void a_name_that_looks_like_the_own_ri_works(void **state)
{
    struct fixture *f = *state;
    struct named n = { f, NULL, { 0 }, { 0 }, { 0 } };

    assert_ok(suite_job(f, put_own_look, &n));
    assert_int_equal(child_id(f, 0, n.made.rn), n.made.id);
    assert_int_equal(child_id(f, 0, n.made.ri), 0);
    assert_int_equal(ri_id(f, n.made.rn), 0);
    assert_int_equal(ri_id(f, n.made.ri), n.made.id);
    suite_check(f);
}

static void odd_names_are_just_names(void **state)
{
    static const char *const names[] = {
        "a b",
        "\xC3\xA4",
        "'; drop",
        "..",
        "RES0000000000000",
        "res000000000000l",
        "resg000000000000",
        "resz000000000000000",
        "1es0000000000000",
        "\x7F",
        "%2F",
    };
    struct fixture *f = *state;
    struct mln_resource base = suite_create(f, NULL, 5, "cse-in");

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct mln_resource r = suite_create(f, &base, 3, names[i]);

        assert_slice(r.rn, names[i]);
        assert_int_equal(child_id(f, base.id, mln_slice_z(names[i])), r.id);
    }
    assert_int_equal(child_id(f, base.id, MLN_S("a b\0")), 0);
    suite_check(f);
}

/* ---- ids ---- */

static void ids_grow_whatever_the_clock_does(void **state)
{
    struct fixture *f = *state;
    uint64_t last = 0;

    for (int i = 0; i < 50; i++) {
        struct mln_resource r = suite_create(f, NULL, 3, "");

        assert_true(r.id > last);
        last = r.id;
        suite_now_us += i % 3 == 0 ? -MLN_US_PER_S : 1000;
    }
    suite_now_us = 0;
    assert_true(suite_create(f, NULL, 3, "").id > last);
}

static void an_id_is_not_given_again_after_erasure_and_restart(void **state)
{
    struct fixture *f = *state;
    struct mln_resource kept = suite_create(f, NULL, 3, "kept");
    struct mln_resource newest = suite_create(f, NULL, 3, "newest");
    struct mln_resource next;

    if (!suite_is_durable()) {
        skip();
    }
    assert_ok(suite_erase(f, &newest));
    suite_now_us = 0; /* a battery was empty */
    suite_reopen(f);
    next = suite_create(f, NULL, 3, "next");
    assert_true(next.id > newest.id);
    assert_ok(suite_erase(f, &next));
    assert_ok(suite_erase(f, &kept));
    suite_reopen(f);
    assert_true(suite_create(f, NULL, 3, "last").id > next.id);
    suite_check(f);
}

static mln_err put_and_erase(struct mln_write *write, struct mln_view *view, void *data)
{
    struct named *n = data;

    MLN_TRY(put_named(write, view, data));
    return mln_store_erase(write, &n->made);
}

static void an_id_of_a_resource_that_lived_in_one_job_is_not_given_again(void **state)
{
    struct fixture *f = *state;
    struct named n = { f, NULL, { 0 }, MLN_S("short-lived"), { 0 } };

    if (!suite_is_durable()) {
        skip();
    }
    assert_ok(suite_job(f, put_and_erase, &n));
    suite_now_us = 0;
    suite_reopen(f);
    assert_true(suite_create(f, NULL, 3, "x").id > n.made.id);
    suite_check(f);
}

static mln_err bad_short_names(struct mln_write *write, struct mln_view *view, void *data)
{
    static const char *const bad[] = { "", "Cin-", "a b", "1a", "abcdefghijklmnopqrst" };
    char ri[MLN_RI_SIZE];
    uint64_t id;
    size_t len;

    (void)view;
    (void)data;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_err(mln_store_new_id(write, mln_slice_z(bad[i]), &id, ri, &len), INTERNAL);
    }
    assert_ok(mln_store_new_id(write, MLN_S("cntA"), &id, ri, &len));
    return MLN_OK;
}

static void short_names_are_letters_and_digits(void **state)
{
    assert_ok(suite_job(*state, bad_short_names, NULL));
}

int run_names(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, suite_setup, suite_teardown)
        T(a_name_is_used_once_below_a_parent),
        T(a_resource_id_is_used_once),
        T(a_given_ri_may_return_and_inherits_no_children),
        T(a_made_name_cannot_be_chosen_again),
        T(a_chosen_name_that_looks_made_is_not_made_again),
        T(a_chosen_ri_that_looks_made_is_not_made_again),
        T(a_name_that_looks_like_the_own_ri_works),
        T(odd_names_are_just_names),
        T(ids_grow_whatever_the_clock_does),
        T(an_id_is_not_given_again_after_erasure_and_restart),
        T(an_id_of_a_resource_that_lived_in_one_job_is_not_given_again),
        T(short_names_are_letters_and_digits),
#undef T
    };

    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
