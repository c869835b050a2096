/* Tests of names against what an association allows. spec: security.md 4.1 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "model/cover.h"

static const struct mln_names names = { { "//sp.example", 12 }, { "/cse", 4 }, { "cse-in", 6 } };

static enum mln_cover covers(const char *pattern, const char *id)
{
    struct mln_slice patterns[] = { mln_slice_z(pattern) };
    struct mln_association a = { .ae_ids = patterns, .ae_id_count = 1 };
    struct mln_entity entity;

    assert_true(mln_entity_parse(mln_slice_z(id), &names, &entity));
    return mln_cover_of(&a, &entity, &names);
}

/* SEC-IMP-01, SEC-MCA-02: a pattern means the AEs of one CSE or SP */
static void patterns_against_ae_ids(void **state)
{
    static const struct {
        const char *pattern;
        const char *id;
        enum mln_cover cover;
    } table[] = {
        { "C1", "C1", MLN_COVER_EXACT },
        { "C1", "/cse/C1", MLN_COVER_EXACT },
        { "C1", "//sp.example/cse/C1", MLN_COVER_EXACT },
        { "C1", "//SP.Example/cse/C1", MLN_COVER_EXACT },
        { "C1", "/other/C1", MLN_COVER_NONE },
        { "C1", "//far.example/cse/C1", MLN_COVER_NONE },
        { "C1", "C2", MLN_COVER_NONE },
        { "C1", "C11", MLN_COVER_NONE },
        { "C*", "C1", MLN_COVER_PATTERN },
        { "C*", "S1", MLN_COVER_NONE },
        { "*", "S1", MLN_COVER_PATTERN },
        { "*", "C1", MLN_COVER_PATTERN },
        { "*", "/other/C1", MLN_COVER_NONE },
        { "*", "//far.example/S1", MLN_COVER_NONE },
        { "C123*X", "C123abcX", MLN_COVER_PATTERN },
        { "C123*X", "C123X", MLN_COVER_PATTERN },
        { "C123*X", "C123abcx", MLN_COVER_NONE },
        { "C123*X", "C12X", MLN_COVER_NONE },
        { "C.", "C1", MLN_COVER_NONE }, /* no regular expressions */
        { "S1", "S1", MLN_COVER_EXACT },
        { "S1", "/S1", MLN_COVER_EXACT },
        { "/S1", "S1", MLN_COVER_EXACT },
        { "/S*", "S1", MLN_COVER_PATTERN },
        { "/cse/C1", "C1", MLN_COVER_EXACT },
        { "/cse/C*", "C1", MLN_COVER_PATTERN },
        { "/*/C1", "C1", MLN_COVER_PATTERN },
        { "/*", "C1", MLN_COVER_NONE }, /* '*' does not cross '/' */
        { "/other/C1", "C1", MLN_COVER_NONE },
        { "//sp.example/cse/C1", "C1", MLN_COVER_EXACT },
        { "//Sp.EXAMPLE/cse/C1", "C1", MLN_COVER_EXACT },
        { "//sp.example/cse/C*", "C1", MLN_COVER_PATTERN },
        { "//sp.example/other/C1", "C1", MLN_COVER_NONE },
        { "//sp.example/C1", "C1", MLN_COVER_NONE },
        { "//far.example/cse/C1", "C1", MLN_COVER_NONE },
        { "//far.example/cse/C1", "//far.example/cse/C1", MLN_COVER_EXACT },
        { "//sp.example/S1", "S1", MLN_COVER_EXACT },
        { "//sp.example/cse/S1", "S1", MLN_COVER_NONE },
        { "//sp.example", "C1", MLN_COVER_NONE },
        { "//sp.example/", "C1", MLN_COVER_NONE },
        { "//*/cse/C1", "C1", MLN_COVER_NONE },
        { "/", "C1", MLN_COVER_NONE },
        { "", "C1", MLN_COVER_NONE },
        { "*", "/cse1", MLN_COVER_NONE }, /* a CSE is no AE */
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(covers(table[i].pattern, table[i].id), table[i].cover);
    }
}

static void the_exact_name_counts_more(void **state)
{
    struct mln_slice patterns[] = { MLN_S("C*"), MLN_S("Sx"), MLN_S("C1") };
    struct mln_association a = { .ae_ids = patterns, .ae_id_count = 3 };
    struct mln_entity entity;

    (void)state;
    assert_true(mln_entity_parse(MLN_S("C1"), &names, &entity));
    assert_int_equal(mln_cover_of(&a, &entity, &names), MLN_COVER_EXACT);
    a.ae_id_count = 2;
    assert_int_equal(mln_cover_of(&a, &entity, &names), MLN_COVER_PATTERN);
    a.ae_id_count = 0;
    assert_int_equal(mln_cover_of(&a, &entity, &names), MLN_COVER_NONE);
}

/* Whom a credential names, AE or CSE. */
static void the_very_entity(void **state)
{
    static const struct {
        const char *cse_id;
        const char *ae_id;
        const char *from;
        bool is_named;
    } table[] = {
        { "//sp.example/mn", NULL, "/mn", true },
        { "//sp.example/mn", NULL, "//SP.example/mn", true },
        { "//sp.example/mn", NULL, "/mn/C1", false },
        { "//sp.example/mn", NULL, "/other", false },
        { "//far.example/mn", NULL, "/mn", false },
        { NULL, "//sp.example/S1", "S1", true },
        { NULL, "//sp.example/S1", "/S1", true },
        { NULL, "//sp.example/cse/C1", "C1", true },
        { NULL, "C*", "C1", false },
        { "//sp.example/mn", "C1", "C1", true },
        { "//sp.example/mn", "C1", "/mn", true },
        { NULL, "C1", "/mn", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct mln_slice ae_id = mln_slice_z(table[i].ae_id);
        struct mln_association a = { .cse_id = mln_slice_z(table[i].cse_id),
                                     .ae_ids = &ae_id,
                                     .ae_id_count = ae_id.len ? 1 : 0 };
        struct mln_entity from;

        assert_true(mln_entity_parse(mln_slice_z(table[i].from), &names, &from) ||
                    mln_entity_parse_cse(mln_slice_z(table[i].from), &names, &from));
        assert_int_equal(mln_cover_names(&a, &from, &names), table[i].is_named);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_against_ae_ids),
        cmocka_unit_test(the_exact_name_counts_more),
        cmocka_unit_test(the_very_entity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
