/* Tests of command line options. */
#include "base/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* What `set` was told, as one text: "data=x;quiet;". */
static char seen[512];
static const void *seen_data;

static mln_err remember(void *data, const struct mln_option *option, const char *value,
                        struct mln_fault *fault)
{
    size_t len = strlen(seen);

    if (strcmp(option->name, "level") == 0 && value && strcmp(value, "high") != 0) {
        if (strcmp(value, "why") == 0) {
            mln_fault_set(fault, "a reason of its own");
        }
        MLN_FAIL(CONFIG);
    }
    seen_data = data;
    (void)snprintf(seen + len, sizeof seen - len, "%s%s%s;", option->name, value ? "=" : "",
                   value ? value : "");
    return MLN_OK;
}

static const struct mln_option own[] = {
    { "data", 'd', "DIR", "./data", "where things lie", false },
    { "listen", 'l', "URL", NULL, "where to listen", true },
    { "quiet", 'q', NULL, NULL, "say less", false },
    { "limit_body_bytes", 0, "N", NULL, "bytes", false },
};
static const struct mln_option common[] = {
    { "level", 0, "WORD", NULL, "how high", false },
    { "verbose", 'v', NULL, NULL, "say more", true },
};
static int common_data;
static const struct mln_option_table tables[] = {
    { own, sizeof own / sizeof *own, remember, NULL },
    { common, sizeof common / sizeof *common, remember, &common_data },
};

enum { ARGUMENTS = 16 };

struct run {
    mln_err err;
    int argc;
    int first;
    char *argv[ARGUMENTS];
    char texts[ARGUMENTS][64];
    struct mln_fault fault;
};

/* Parses the words of a line. */
static void parse(struct run *run, const char *line)
{
    struct mln_slice rest = mln_slice_z(line);

    memset(run, 0, sizeof *run);
    seen[0] = '\0';
    while (rest.ptr) {
        struct mln_slice word = mln_slice_cut(&rest, ' ');

        assert_true(run->argc < ARGUMENTS && word.len < sizeof run->texts[0]);
        memcpy(run->texts[run->argc], word.ptr, word.len);
        run->argv[run->argc] = run->texts[run->argc];
        run->argc++;
    }
    run->first = -1;
    run->err = mln_options_parse(tables, 2, run->argc, run->argv, &run->fault, &run->first);
}

static void assert_parsed(const char *line, const char *options, const char *operands)
{
    struct run run;
    char found[256] = "";

    parse(&run, line);
    assert_string_equal(run.fault.text, "");
    assert_int_equal(run.err.code, MLN_ERR_NONE);
    assert_string_equal(seen, options);
    for (int i = run.first; i < run.argc; i++) {
        size_t len = strlen(found);

        (void)snprintf(found + len, sizeof found - len, "%s;", run.argv[i]);
    }
    assert_string_equal(found, operands);
}

static void assert_refused(const char *line, const char *text)
{
    struct run run;

    parse(&run, line);
    assert_int_equal(run.err.code, MLN_ERR_CONFIG);
    assert_string_equal(run.fault.text, text);
    assert_int_equal(run.first, -1);
}

static void takes_every_form(void **state)
{
    (void)state;
    assert_parsed("x", "", "");
    assert_parsed("x --data a", "data=a;", "");
    assert_parsed("x --data=a=b", "data=a=b;", "");
    assert_parsed("x --data=", "data=;", "");
    assert_parsed("x -d a", "data=a;", "");
    assert_parsed("x -da", "data=a;", "");
    assert_parsed("x -qvd a", "quiet;verbose;data=a;", "");
    assert_parsed("x -qda", "quiet;data=a;", "");
    assert_parsed("x -vv --verbose", "verbose;verbose;verbose;", "");
    assert_parsed("x -l a --listen b", "listen=a;listen=b;", "");
    assert_parsed("x --level high", "level=high;", "");
    assert_ptr_equal(seen_data, &common_data);
    assert_parsed("x --data --data", "data=--data;", "");
}

static void takes_dash_and_underscore_for_each_other(void **state)
{
    (void)state;
    assert_parsed("x --limit-body-bytes 5", "limit_body_bytes=5;", "");
    assert_parsed("x --limit_body_bytes=5", "limit_body_bytes=5;", "");
}

static void gathers_operands_in_their_order(void **state)
{
    (void)state;
    assert_parsed("x a b", "", "a;b;");
    assert_parsed("x a -q b --data c d", "quiet;data=c;", "a;b;d;");
    assert_parsed("x -q a -- --data -q", "quiet;", "a;--data;-q;");
    assert_parsed("x -- a", "", "a;");
    assert_parsed("x a --", "", "a;");
    assert_parsed("x - -/ae1 -5 -", "", "-;-/ae1;-5;-;");
    assert_parsed("x -q -- --", "quiet;", "--;");
}

static void refuses_what_is_not_in_the_table(void **state)
{
    (void)state;
    assert_refused("x --lisetn a", "unknown option --lisetn, did you mean --listen?");
    assert_refused("x --dat a", "unknown option --dat, did you mean --data?");
    assert_refused("x --zzzzzz", "unknown option --zzzzzz");
    assert_refused("x --=a", "unknown option --");
    assert_refused("x -z", "unknown option -z");
    assert_refused("x -qz", "unknown option -z");
}

static void refuses_values_that_do_not_fit(void **state)
{
    (void)state;
    assert_refused("x --data", "option --data needs a value: --data DIR");
    assert_refused("x -d", "option --data needs a value: --data DIR");
    assert_refused("x -qd", "option --data needs a value: --data DIR");
    assert_refused("x --quiet=1", "option --quiet takes no value");
    assert_refused("x --data a -d b", "option --data given twice");
    assert_refused("x -qq", "option --quiet given twice");
    assert_refused("x --level low", "option --level: must be WORD, not 'low'");
    assert_refused("x --level why", "a reason of its own");
}

static void refuses_more_rows_than_it_can_watch(void **state)
{
    struct mln_option_table many = { own, MLN_OPTIONS_MAX + 1, remember, NULL };
    char name[] = "x";
    char *argv[] = { name };
    struct mln_fault fault = { 0 };
    int first = -1;

    (void)state;
    assert_int_equal(mln_options_parse(&many, 1, 1, argv, &fault, &first).code, MLN_ERR_INTERNAL);
    assert_int_equal(first, -1);
}

static void prints_help_within_80_columns(void **state)
{
    static const struct mln_option rows[] = {
        { "data", 'd', "DIR", "./data", "where things lie", false },
        { "with_a_long_name", 0, "SOMETHING-LONG", NULL,
          "a sentence that is so long that it must be wrapped, and then wrapped again because it "
          "does not end at all",
          true },
        { "quiet", 'q', NULL, NULL, "say less", false },
    };
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    assert_non_null(out);
    mln_options_print(rows, 3, out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(
        text, "  -d, --data DIR          where things lie (default: ./data)\n"
              "      --with-a-long-name SOMETHING-LONG\n"
              "                          a sentence that is so long that it must be wrapped,\n"
              "                          and then wrapped again because it does not end at\n"
              "                          all; repeatable\n"
              "  -q, --quiet             say less\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_every_form),
        cmocka_unit_test(takes_dash_and_underscore_for_each_other),
        cmocka_unit_test(gathers_operands_in_their_order),
        cmocka_unit_test(refuses_what_is_not_in_the_table),
        cmocka_unit_test(refuses_values_that_do_not_fit),
        cmocka_unit_test(refuses_more_rows_than_it_can_watch),
        cmocka_unit_test(prints_help_within_80_columns),
    };

    return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
