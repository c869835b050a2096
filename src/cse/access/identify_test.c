/* Tests of the checks on From. spec: TS-0004 7.3.2.1 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cse/look_test.h"

static struct mln_look look;

static int set_up(void **state)
{
    (void)state;
    mln_look_open(&look, NULL);
    mln_look_register(&look, "Cabc");
    mln_look_register(&look, "Sabc");
    mln_look_make(&look, NULL, "cse-in", 3, "{'m2m:cnt':{'rn':'Ccontainer'}}");
    (void)mln_look_anew(&look);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_look_close(&look);
    return 0;
}

static enum mln_err_code identify(const char *from, bool is_trusted, bool is_registration,
                                  struct mln_originator *ret)
{
    struct mln_peer peer = { .is_trusted = is_trusted };
    struct mln_fault fault = { 0 };
    struct mln_identify in = {
        .cse = look.p->cse,
        .view = look.view,
        .arena = look.arena,
        .peer = &peer,
        .from = mln_slice_z(from),
        .is_registration = is_registration,
        .fault = &fault,
    };

    return mln_access_identify(&in, ret).code;
}

struct row {
    const char *from;
    enum mln_err_code plain;
    enum mln_err_code registering;
};

/* The same on both kinds of listeners: only the administrator differs. */
static void forms_of_from(void **state)
{
    static const struct row table[] = {
        { "", MLN_ERR_PARAM_MISSING, MLN_ERR_NONE },
        { "C", MLN_ERR_PARAM_INVALID, MLN_ERR_NONE },
        { "S", MLN_ERR_PARAM_INVALID, MLN_ERR_NONE },
        { "Cabc", MLN_ERR_NONE, MLN_ERR_NONE },
        { "Sabc", MLN_ERR_NONE, MLN_ERR_NONE },
        { "Cnew", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NONE },
        { "Snew", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NONE },
        { "Ccontainer", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NONE }, /* a name, no resourceID */
        { "CADMIN", MLN_ERR_NOT_AUTHENTICATED, MLN_ERR_NONE },
        { "/id-in/Cabc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "//merlon.example/id-in/Cabc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "/Sabc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "/cse1/Cabc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "/id-in", MLN_ERR_NEEDS_ASSOCIATION, MLN_ERR_NEEDS_ASSOCIATION },
        { "/cse1", MLN_ERR_NEEDS_ASSOCIATION, MLN_ERR_NEEDS_ASSOCIATION },
        { "//far.example/cse1", MLN_ERR_NEEDS_ASSOCIATION, MLN_ERR_NEEDS_ASSOCIATION },
        { "Zabc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "cabc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "id-in", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "cse-in/Cabc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "C abc", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "C*", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "C\xd0\xb0", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "//merlon.example", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "all", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
        { "-", MLN_ERR_PARAM_INVALID, MLN_ERR_PARAM_INVALID },
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (int trusted = 0; trusted < 2; trusted++) {
            struct mln_originator o;

            assert_int_equal(identify(table[i].from, trusted, false, &o), table[i].plain);
            assert_int_equal(identify(table[i].from, trusted, true, &o), table[i].registering);
        }
    }
}

static void the_administrator_on_trusted_listeners_only(void **state)
{
    struct mln_originator o;

    (void)state;
    assert_int_equal(identify("CAdmin", true, false, &o), MLN_ERR_NONE);
    assert_true(o.is_admin);
    assert_false(o.is_registered);
    assert_int_equal(identify("CAdmin", false, false, &o), MLN_ERR_NOT_AUTHENTICATED);
    assert_int_equal(identify("CAdmin", false, true, &o), MLN_ERR_NONE);
    assert_false(o.is_admin);
    assert_int_equal(identify("/id-in/CAdmin", true, false, &o), MLN_ERR_PARAM_INVALID);
}

static void what_is_known_of_an_originator(void **state)
{
    struct mln_originator o;

    (void)state;
    assert_int_equal(identify("Cabc", true, false, &o), MLN_ERR_NONE);
    assert_true(o.is_registered && !o.is_admin);
    assert_true(mln_slice_eq(o.entity.sp, MLN_S("merlon.example")));
    assert_true(mln_slice_eq(o.entity.cse, MLN_S("id-in")));
    assert_true(mln_slice_eq(o.entity.stem, MLN_S("Cabc")));
    assert_true(mln_slice_eq(o.ae_name, MLN_S("Cabc")));
    assert_int_equal(identify("Sabc", true, false, &o), MLN_ERR_NONE);
    assert_int_equal(o.entity.cse.len, 0);
    assert_int_equal(identify("C", true, true, &o), MLN_ERR_NONE);
    assert_true(!o.is_registered && o.entity.sp.len == 0 && o.entity.cse.len == 0);
    assert_int_equal(identify("Cnew", true, true, &o), MLN_ERR_NONE);
    assert_false(o.is_registered);
}

/* A registration that is over counts no more, though it is still stored. */
static void an_expired_registration(void **state)
{
    struct mln_originator o;

    (void)state;
    assert_int_equal(mln_look_ask(&look, "{'op':3,'to':'cse-in/Cabc','fr':'Cabc',"
                                         "'pc':{'m2m:ae':{'et':'20300101T000010'}}}")
                         ->rsc,
                     MLN_RSC_UPDATED);
    (void)mln_look_anew(&look);
    look.p->now_us += 9999999;
    assert_int_equal(identify("Cabc", true, false, &o), MLN_ERR_NONE);
    look.p->now_us += 1;
    assert_int_equal(identify("Cabc", true, false, &o), MLN_ERR_NOT_AUTHENTICATED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(forms_of_from),
        T(the_administrator_on_trusted_listeners_only),
        T(what_is_known_of_an_originator),
        T(an_expired_registration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
