/* Tests of matching originators, also those that cannot send to this CSE yet: of other CSEs and
 * of other service providers. */
#include "cse/access/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "cse/cse_int.h"
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

/* An originator that passed the checks, wherever it is registered. */
static struct mln_originator somebody(const char *id)
{
    struct mln_originator o = { .text = mln_slice_z(id) };

    assert_true(mln_entity_parse(o.text, &look.p->cse->names, &o.entity));
    return o;
}

static bool matches(const struct mln_originator *o, const char *entry)
{
    struct mln_access a;
    bool ret = true;

    mln_access_begin(&a, look.p->cse, look.view, look.arena, o, &nothing);
    assert_int_equal(mln_access_matches(&a, mln_slice_z(entry), &ret).code, MLN_ERR_NONE);
    return ret;
}

struct row {
    const char *entry;
    const char *matching; /* IDs separated by blanks */
};

static const char *const everybody[] = {
    "Cabc",
    "Cabd",
    "Sabc",
    "/id-in",
    "/cse1",
    "/cse1/Cabc",
    "/cse2/Cabc",
    "//far.example/cse1",
    "//far.example/cse1/Cabc",
    "//far.example/id-in/Cabc",
    "//far.example/Sabc",
    "//sub.far.example/Sabc",
};

enum { EVERYBODY = sizeof everybody / sizeof everybody[0] };

static bool is_named(const char *list, const char *id)
{
    struct mln_slice rest = mln_slice_z(list);

    while (rest.ptr) {
        if (mln_slice_eq(mln_slice_cut(&rest, ' '), mln_slice_z(id))) {
            return true;
        }
    }
    return false;
}

static void check_row(const struct row *row)
{
    for (size_t i = 0; i < EVERYBODY; i++) {
        struct mln_originator o = somebody(everybody[i]);
        bool wanted = is_named(row->matching, everybody[i]);

        if (matches(&o, row->entry) != wanted) {
            fail_msg("'%s' %s %s", row->entry, wanted ? "must match" : "must not match",
                     everybody[i]);
        }
    }
}

/* The whole table of forms. spec: TS-0004 table 7.3.3.15-1 */
static const struct row forms[] = {
    { "all", "Cabc Cabd Sabc /id-in /cse1 /cse1/Cabc /cse2/Cabc //far.example/cse1 "
             "//far.example/cse1/Cabc //far.example/id-in/Cabc //far.example/Sabc "
             "//sub.far.example/Sabc" },
    /* AE-IDs */
    { "Cabc", "Cabc" },
    { "/id-in/Cabc", "Cabc" },
    { "//merlon.example/id-in/Cabc", "Cabc" },
    { "/cse1/Cabc", "/cse1/Cabc" },
    { "//merlon.example/cse1/Cabc", "/cse1/Cabc" },
    { "//far.example/cse1/Cabc", "//far.example/cse1/Cabc" },
    { "Sabc", "Sabc" },
    { "/Sabc", "Sabc" },
    { "//merlon.example/Sabc", "Sabc" },
    { "//far.example/Sabc", "//far.example/Sabc" },
    { "/id-in/Sabc", "" },
    { "/cse1/Sabc", "" },
    /* CSE-IDs: not their AEs */
    { "/id-in", "/id-in" },
    { "/cse1", "/cse1" },
    { "//merlon.example/cse1", "/cse1" },
    { "//far.example/cse1", "//far.example/cse1" },
    { "cse1", "" },
    { "/cse1/", "" },
    /* wildcards */
    { "*", "Cabc Cabd Sabc" },
    { "C*", "Cabc Cabd" },
    { "Cab*", "Cabc Cabd" },
    { "*c", "Cabc Sabc" },
    { "C*b*", "Cabc Cabd" },
    { "/cse1/*", "/cse1/Cabc" },
    { "/cse*/C*", "/cse1/Cabc /cse2/Cabc" },
    { "/*/Cabc", "Cabc /cse1/Cabc /cse2/Cabc" },
    { "/*", "Sabc /id-in /cse1" },
    { "/cse*", "/cse1" },
    { "/*/*", "Cabc Cabd /cse1/Cabc /cse2/Cabc" },
    { "/*/*/*", "" },
    { "/cse1/C*/x", "" },
    { "//*/cse1/Cabc", "/cse1/Cabc //far.example/cse1/Cabc" },
    { "//*/cse1", "/cse1 //far.example/cse1" },
    { "//far.*/cse1/*", "//far.example/cse1/Cabc" },
    { "//*/Sabc", "Sabc //far.example/Sabc //sub.far.example/Sabc" },
    { "//*.far.example/S*", "//sub.far.example/Sabc" },
    { "//far.example/*/*", "//far.example/cse1/Cabc //far.example/id-in/Cabc" },
    { "//far.example/*", "//far.example/cse1 //far.example/Sabc" },
    /* domains */
    { "//merlon.example", "Cabc Cabd Sabc /id-in /cse1 /cse1/Cabc /cse2/Cabc" },
    { "//far.example", "//far.example/cse1 //far.example/cse1/Cabc //far.example/id-in/Cabc "
                       "//far.example/Sabc" },
    { "//FAR.Example", "//far.example/cse1 //far.example/cse1/Cabc //far.example/id-in/Cabc "
                       "//far.example/Sabc" },
    { "//sub.far.example", "//sub.far.example/Sabc" },
    { "//example", "" },
    { "//*.far.example", "//sub.far.example/Sabc" },
    { "//*far.example", "//far.example/cse1 //far.example/cse1/Cabc //far.example/id-in/Cabc "
                        "//far.example/Sabc //sub.far.example/Sabc" },
    { "//", "" },
    { "///", "" },
    { "//far.example/", "" },
};

/* SEC-ACP-12 SEC-ACP-13 SEC-ACP-14 SEC-ACP-17: the whole table of forms against all kinds of
 * originators. spec: TS-0004 table 7.3.3.15-1 */
static void forms_against_originators(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        check_row(&forms[i]);
    }
}

/* An AE that asks for its AE-ID has no name yet: it is "all" and nobody else. */
static void without_a_name_only_all_matches(void **state)
{
    static const char *const entries[] = {
        "C", "S", "C*", "*", "/id-in", "/*", "//merlon.example", "//*", "//*/*", "/id-in/C",
    };
    struct mln_originator o = { .text = MLN_S("C") };

    (void)state;
    assert_true(matches(&o, "all"));
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        assert_false(matches(&o, entries[i]));
    }
}

static void forms_of_entries(void **state)
{
    static const struct {
        const char *entry;
        enum mln_entry_form form;
    } table[] = {
        { "", MLN_ENTRY_INVALID },
        { " ", MLN_ENTRY_INVALID },
        { "C 1", MLN_ENTRY_INVALID },
        { "C1\n", MLN_ENTRY_INVALID },
        { "\x7f", MLN_ENTRY_INVALID },
        { "all", MLN_ENTRY_VALID },
        { "C1", MLN_ENTRY_VALID },
        { "grp1", MLN_ENTRY_VALID },
        { "//a.example", MLN_ENTRY_VALID },
        { "role@a.example", MLN_ENTRY_ROLE },
        { "@", MLN_ENTRY_ROLE },
        { "/x@y/z", MLN_ENTRY_VALID },
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(mln_access_entry_form(mln_slice_z(table[i].entry)), table[i].form);
    }
}

/* What cannot be stored does not match either. */
static void invalid_entries_match_nobody(void **state)
{
    struct mln_originator o = somebody("Cabc");

    (void)state;
    assert_false(matches(&o, ""));
    assert_false(matches(&o, " all"));
    assert_false(matches(&o, "C1@a.example"));
    assert_false(matches(&o, "*@*"));
}

/* ---- groups ---- */

static void make_groups(void)
{
    mln_look_register(&look, "Cabc");
    mln_look_register(&look, "Sabc");
    mln_look_make(&look, NULL, "cse-in", 9,
                  "{'m2m:grp':{'rn':'g','mnm':9,'mid':['cse-in','cse-in/Cabc','/id-in/Sabc']}}");
    mln_look_make(&look, NULL, "cse-in", 9,
                  "{'m2m:grp':{'rn':'h','mnm':9,'mid':['cse-in/g/fopt','cse-in/h/fopt']}}");
    mln_look_make(&look, NULL, "cse-in", 9, "{'m2m:grp':{'rn':'i','mnm':9,'mid':['cse-in/g']}}");
    mln_look_make(&look, NULL, "cse-in", 9, "{'m2m:grp':{'rn':'e','mnm':9,'mid':[]}}");
    (void)mln_look_anew(&look);
}

/* SEC-ACP-15 */
static void members_of_groups(void **state)
{
    static const char *const of_both[] = { "cse-in/g", "-/g", "/id-in/cse-in/g", "cse-in/h",
                                           "//merlon.example/id-in/-/h" };
    static const char *const of_none[] = { "cse-in/i",      "cse-in/e",        "cse-in/none",
                                           "cse-in/g/fopt", "/id-in/cse-in/x", "cse-in/Cabc",
                                           "cse-in",        "/cse1/cse-in/g",  "//far.example/a/g",
                                           "cse-in/g*",     "cse-in//g",       "cse-in/g/" };
    struct mln_originator abc;
    struct mln_originator sabc;

    (void)state;
    make_groups();
    abc = mln_look_originator(&look, "Cabc");
    sabc = mln_look_originator(&look, "Sabc");
    for (size_t i = 0; i < sizeof of_both / sizeof of_both[0]; i++) {
        assert_true(matches(&abc, of_both[i]));
        assert_true(matches(&sabc, of_both[i]));
    }
    for (size_t i = 0; i + 1 < sizeof of_none / sizeof of_none[0]; i++) {
        assert_false(matches(&abc, of_none[i]));
    }
}

/* The path in memberIDs is that of the <AE> here, not of one of that name elsewhere. */
static void a_member_path_names_an_ae_of_this_cse(void **state)
{
    struct mln_originator far;

    (void)state;
    make_groups();
    far = somebody("/cse1/Cabc");
    assert_false(matches(&far, "cse-in/g"));
    far = somebody("//far.example/Sabc");
    assert_false(matches(&far, "cse-in/g"));
}

/* SEC-DEC-12: when the budget of the request is used up groups match no more, names do */
static void the_budget_is_one_for_all(void **state)
{
    struct mln_originator o;
    struct mln_access a;
    bool ret;

    (void)state;
    make_groups();
    mln_look_register(&look, "Cx");
    (void)mln_look_anew(&look);
    o = mln_look_originator(&look, "Cabc");
    mln_access_begin(&a, look.p->cse, look.view, look.arena, &o, &nothing);
    assert_int_equal(a.members_left, look.p->limits.membership);
    a.members_left = 4;
    assert_int_equal(mln_access_matches(&a, MLN_S("cse-in/g"), &ret).code, MLN_ERR_NONE);
    assert_true(ret);
    assert_int_equal(a.members_left, 1);
    assert_int_equal(mln_access_matches(&a, MLN_S("-/g"), &ret).code, MLN_ERR_NONE);
    assert_false(ret);
    assert_int_equal(a.members_left, 0);
    assert_int_equal(mln_access_matches(&a, MLN_S("cse-in/g"), &ret).code, MLN_ERR_NONE);
    assert_true(ret); /* remembered */
    assert_int_equal(mln_access_matches(&a, MLN_S("Cabc"), &ret).code, MLN_ERR_NONE);
    assert_true(ret);
}

/* A long address is looked up each time, with the same result. */
static void long_addresses(void **state)
{
    enum { DEEP = 30 };
    char entry[1024] = "/id-in/cse-in";
    char parent[1024] = "cse-in";
    struct mln_originator o;

    (void)state;
    mln_look_register(&look, "Cabc");
    (void)snprintf(parent, sizeof parent, "cse-in/Cabc");
    mln_look_make(&look, "Cabc", parent, 9,
                  "{'m2m:grp':{'rn':'a-group-with-a-name-of-some-length-that-does-not-fit-into-the-"
                  "memory-of-decisions-because-it-goes-on-and-on-00000000','mnm':9,"
                  "'mid':['Cabc']}}");
    (void)snprintf(entry, sizeof entry,
                   "//merlon.example/id-in/cse-in/Cabc/a-group-with-a-name-of-some-length-that-"
                   "does-not-fit-into-the-memory-of-decisions-because-it-goes-on-and-on-00000000");
    (void)mln_look_anew(&look);
    o = mln_look_originator(&look, "Cabc");
    assert_true(strlen(entry) > MLN_ACCESS_MEMO_BYTES);
    assert_true(matches(&o, entry));
    assert_true(matches(&o, entry));
    entry[strlen(entry) - 1] = '1';
    assert_false(matches(&o, entry));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(forms_against_originators), T(without_a_name_only_all_matches),
        T(forms_of_entries),          T(invalid_entries_match_nobody),
        T(members_of_groups),         T(a_member_path_names_an_ae_of_this_cse),
        T(the_budget_is_one_for_all), T(long_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
