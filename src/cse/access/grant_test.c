/* Tests of grants: only what was permitted gets one, and nothing is written without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cse/look_test.h"

static struct mln_look look;
static const struct mln_access_request nothing; /* is known of the requests */

static int set_up(void **state)
{
    (void)state;
    mln_look_open(&look, NULL);
    (void)mln_look_anew(&look);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

static void a_denial_has_no_grant(void **state)
{
    struct mln_originator o = { .text = MLN_S("Cx") };
    struct mln_resource base = mln_look_at(&look, "cse-in");
    const struct mln_grant *grant = NULL;
    struct mln_access a;

    (void)state;
    mln_access_begin(&a, look.p->cse, look.view, look.arena, &o, &nothing);
    assert_int_equal(mln_access_grant(&a, false, MLN_PRIVILEGE_UPDATE, &base, &grant).code,
                     MLN_ERR_NO_PRIVILEGE);
    assert_null(grant);
    assert_int_equal(mln_access_grant(&a, true, MLN_PRIVILEGE_UPDATE, &base, &grant).code,
                     MLN_ERR_NONE);
    assert_non_null(grant);
}

static void without_memory_there_is_no_grant(void **state)
{
    struct mln_originator o = { .text = MLN_S("Cx") };
    struct mln_resource base = mln_look_at(&look, "cse-in");
    const struct mln_grant *grant = NULL;
    struct mln_access a;
    MLN_CLEANUP(mln_arena_freep) struct mln_arena *full = mln_arena_new(1);

    (void)state;
    assert_non_null(full);
    mln_access_begin(&a, look.p->cse, look.view, full, &o, &nothing);
    assert_int_equal(mln_access_grant(&a, true, MLN_PRIVILEGE_UPDATE, &base, &grant).code,
                     MLN_ERR_NO_MEMORY);
    assert_null(grant);
}

struct attempt {
    struct mln_job job;
    const struct mln_grant *grant;
};

static mln_err write_something(struct mln_job *job, struct mln_view *view)
{
    struct mln_write *write;

    return mln_write_begin(view, ((struct attempt *)(void *)job)->grant, &write);
}

static void the_store_asks_for_a_grant(void **state)
{
    struct attempt attempt = { .job = { .run = write_something } };
    struct mln_write *write = NULL;

    (void)state;
    assert_int_equal(mln_store_run(look.p->store, &attempt.job).code, MLN_ERR_INTERNAL);
    attempt.grant = mln_access_internal_grant();
    assert_int_equal(mln_store_run(look.p->store, &attempt.job).code, MLN_ERR_NONE);
    /* and for a job */
    assert_int_equal(mln_write_begin(look.view, attempt.grant, &write).code, MLN_ERR_INTERNAL);
    assert_null(write);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_denial_has_no_grant),
        T(without_memory_there_is_no_grant),
        T(the_store_asks_for_a_grant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
