/* Tests of finding roles and tokens: rows come and go with their resource, whatever way it goes. */
#include "cse/access/assigned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "cse/cse_int.h"
#include "cse/look_test.h"

static struct mln_look look;

static int set_up(void **state)
{
    (void)state;
    mln_look_open(&look, NULL);
    mln_look_register(&look, "Cae");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(mln_inproc_check(look.p), 0);
    mln_look_close(&look);
    return 0;
}

static size_t rows(void)
{
    struct mln_record record = { { 0 }, { 0 } };
    struct mln_view *view = mln_look_anew(&look);
    size_t count = 0;

    while (!mln_failed(
        mln_record_next(view, MLN_SPACE_ASSIGNED, record.key, false, look.arena, &record))) {
        count++;
    }
    return count;
}

static void make_role(const char *name, const char *role, const char *holder, const char *more)
{
    char pc[512];

    (void)snprintf(pc, sizeof pc,
                   "{'m2m:rol':{'rn':'%s','rlid':'%s','tkis':'CAdmin','tkhd':'%s',"
                   "'tknb':'20290101T000000','tkna':'20310101T000000'%s}}",
                   name, role, holder, more);
    mln_look_make(&look, NULL, "cse-in", MLN_TY_ROL, pc);
}

static void make_token(const char *name, const char *id)
{
    char pc[256];

    (void)snprintf(pc, sizeof pc, "{'m2m:tk':{'rn':'%s','tkid':'%s','tkob':'aa.bb.cc'}}", name, id);
    mln_look_make(&look, NULL, "cse-in", MLN_TY_TK, pc);
}

static struct mln_entity entity(const char *text)
{
    struct mln_entity e;

    assert_true(mln_entity_parse(mln_slice_z(text), &look.p->cse->names, &e));
    return e;
}

/* Names of what is found, in order. */
static const char *found(struct mln_assigned *search)
{
    static char names[128];
    struct mln_view *view = mln_look_anew(&look);
    struct mln_resource r;
    size_t len = 0;
    mln_err err;

    names[0] = '\0';
    while (!mln_failed(err = mln_assigned_next(search, view, look.arena, &r))) {
        len += (size_t)snprintf(names + len, sizeof names - len, "%.*s ", MLN_S_ARG(r.rn));
    }
    assert_int_equal(err.code, MLN_ERR_NOT_FOUND);
    return names;
}

static const char *roles(const char *role, const char *holder, const char *issuer)
{
    struct mln_entity h = entity(holder);
    struct mln_entity i = entity(issuer);
    struct mln_assigned search;

    assert_int_equal(mln_assigned_roles(mln_slice_z(role), &h, &i, &search).code, MLN_ERR_NONE);
    return found(&search);
}

static const char *tokens(const char *id)
{
    struct mln_assigned search;

    assert_int_equal(mln_assigned_tokens(mln_slice_z(id), &search).code, MLN_ERR_NONE);
    return found(&search);
}

static void finds_roles_newest_first(void **state)
{
    (void)state;
    make_role("one", "r@x", "Cae", "");
    make_role("two", "r@x", "/id-in/Cae", "");
    make_role("three", "r@x", "Cother", "");
    make_role("four", "q@x", "//Merlon.Example/id-in/Cae", "");
    assert_string_equal(roles("r@x", "Cae", "CAdmin"), "two one ");
    assert_string_equal(roles("r@x", "//merlon.example/id-in/Cother", "/id-in/CAdmin"), "three ");
    assert_string_equal(roles("q@x", "Cae", "CAdmin"), "four ");
    assert_string_equal(roles("r@x", "Cae", "Cae"), "");
    assert_string_equal(roles("r@x", "CAdmin", "Cae"), "");
    assert_string_equal(roles("r@", "Cae", "CAdmin"), "");
}

static void finds_tokens_oldest_first(void **state)
{
    (void)state;
    make_token("one", "t@x");
    make_token("two", "u@x");
    make_token("three", "t@x");
    assert_string_equal(tokens("t@x"), "one three ");
    assert_string_equal(tokens("u@x"), "two ");
    assert_string_equal(tokens("v@x"), "");
    assert_string_equal(roles("t@x", "Cae", "CAdmin"), "");
}

static void rows_go_with_their_resource(void **state)
{
    (void)state;
    make_role("one", "r@x", "Cae", "");
    make_role("two", "r@x", "Cae", ",'et':'20300101T000500'");
    make_token("three", "t@x");
    assert_int_equal(rows(), 3);
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'cse-in/one','fr':'CAdmin'}")->rsc,
                     MLN_RSC_DELETED);
    assert_string_equal(roles("r@x", "Cae", "CAdmin"), "two ");
    assert_int_equal(rows(), 2);
    mln_inproc_advance(look.p, INT64_C(600) * MLN_US_PER_S);
    mln_inproc_settle(look.p);
    assert_string_equal(roles("r@x", "Cae", "CAdmin"), "");
    assert_int_equal(rows(), 1);
    assert_int_equal(mln_look_ask(&look, "{'op':4,'to':'cse-in/three','fr':'CAdmin'}")->rsc,
                     MLN_RSC_DELETED);
    assert_int_equal(rows(), 0);
}

static void refused_ones_leave_no_row(void **state)
{
    (void)state;
    assert_int_equal(mln_look_ask(&look,
                                  "{'op':1,'to':'cse-in','fr':'CAdmin','ty':31,'pc':{'m2m:rol':{"
                                  "'rlid':'r@x','tkis':'Cae','tkhd':'Cae','tknb':'20290101T000000',"
                                  "'tkna':'20310101T000000'}}}")
                         ->rsc,
                     MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    make_token("one", "t@x");
    assert_int_equal(mln_look_ask(&look, "{'op':1,'to':'cse-in','fr':'CAdmin','ty':32,'pc':{"
                                         "'m2m:tk':{'rn':'one','tkid':'t@x','tkob':'aa.bb.cc'}}}")
                         ->rsc,
                     MLN_RSC_CONFLICT);
    assert_int_equal(rows(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_roles_newest_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finds_tokens_oldest_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_go_with_their_resource, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused_ones_leave_no_row, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
