/* Schedules: the range of each field, and each form that a field may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/pattern_int.h"

enum { FIELDS = 7 };

/* A schedule with one field given and the others '*'; as its own block for the sanitizer. */
static bool takes(unsigned field, const char *text)
{
    char whole[200] = "";
    char *copy;
    bool result;

    for (unsigned i = 0; i < FIELDS; i++) {
        size_t len = strlen(whole);

        (void)snprintf(whole + len, sizeof whole - len, "%s%s", i ? " " : "",
                       i == field ? text : "*");
    }
    copy = test_malloc(strlen(whole));
    memcpy(copy, whole, strlen(whole));
    result = mln_pattern_schedule(mln_slice_of(copy, strlen(whole)));
    test_free(copy);
    return result;
}

/* spec: TS-0004 7.4.9.1, Table 7.4.9.1-4 */
static const struct {
    unsigned least;
    unsigned most;
} ranges[FIELDS] = {
    { 0, 59 }, { 0, 59 }, { 0, 23 }, { 1, 31 }, { 1, 12 }, { 0, 6 }, { 2000, 9999 }
};

static void test_range_of_each_field(void **state)
{
    char text[40];

    (void)state;
    for (unsigned i = 0; i < FIELDS; i++) {
        for (unsigned n = 0; n <= 10001; n++) {
            (void)snprintf(text, sizeof text, "%u", n);
            assert_int_equal(takes(i, text), n >= ranges[i].least && n <= ranges[i].most);
        }
        (void)snprintf(text, sizeof text, "%u-%u", ranges[i].least, ranges[i].most);
        assert_true(takes(i, text));
        (void)snprintf(text, sizeof text, "%u-%u", ranges[i].least, ranges[i].most + 1);
        assert_false(takes(i, text));
        (void)snprintf(text, sizeof text, "%u-%u", ranges[i].most, ranges[i].least);
        assert_false(takes(i, text));
    }
}

static void test_forms_of_a_field(void **state)
{
    static const char *const good[] = { "*",   "*/1",   "*/5", "5",           "05",  "3-3",
                                        "3-5", "3-5/2", "3,5", "1-2,3-4/2,5", "1,1", "3-5/9999" };
    static const char *const bad[] = { "",    "**",  "*5", "*/",      "*/0",   "*/x",   "*/-1",
                                       "5/2", "-5",  "3-", "3-5-6",   "3-5/",  "3-5/0", "3-5/2/2",
                                       ",",   "3,",  ",3", "3,,5",    "+3",    "3.0",   "0x3",
                                       "*,3", "3,*", "a",  "*/12345", "00003", "3 ",    "3\t" };

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        for (size_t j = 0; j < sizeof good / sizeof good[0]; j++) {
            if (!takes(i, good[j])) {
                fail_msg("field %u refused %s", i, good[j]);
            }
        }
    }
    for (unsigned i = 0; i < FIELDS; i++) {
        for (size_t j = 0; j < sizeof bad / sizeof bad[0]; j++) {
            if (takes(i, bad[j])) {
                fail_msg("field %u took \"%s\"", i, bad[j]);
            }
        }
    }
}

static void test_number_of_fields(void **state)
{
    static const struct {
        const char *text;
        bool is_good;
    } samples[] = {
        { "* * * * * * *", true },   { "* 0-5 2,6,10 * * * *", true },
        { "* * * * * *", false },    { "* * * * * * * *", false },
        { "* * * * * * * ", false }, { " * * * * * * *", false },
        { "*  * * * * * *", false }, { "*\t* * * * * *", false },
        { "*,*,*,*,*,*,*", false },  { "", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        assert_int_equal(mln_pattern_schedule(mln_slice_z(samples[i].text)), samples[i].is_good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_range_of_each_field),
        cmocka_unit_test(test_forms_of_a_field),
        cmocka_unit_test(test_number_of_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
