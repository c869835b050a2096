/* Tests of reading Filter Criteria; what they mean is tested in match_test.c. */
#include "model/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/test_arena.h"
#include "model/filter_int.h"
#include "model/test_json.h"

static struct mln_filter *read_ok(const char *criteria)
{
    struct mln_filter *f = NULL;
    struct mln_fault fault = { 0 };

    if (mln_failed(mln_filter_read(test_json(criteria, arena), arena, &f, &fault))) {
        fail_msg("%s: %s", criteria, fault.text);
    }
    return f;
}

static void refuse_as(enum mln_err_code code, const char *criteria, const char *what)
{
    struct mln_filter *f = NULL;
    struct mln_fault fault = { 0 };

    assert_int_equal(mln_filter_read(test_json(criteria, arena), arena, &f, &fault).code, code);
    assert_null(f);
    assert_string_equal(fault.text, what);
}

static void refuse(const char *criteria, const char *what)
{
    refuse_as(MLN_ERR_PARAM_INVALID, criteria, what);
}

static void no_criteria_have_defaults(void **state)
{
    const struct mln_filter *f = read_ok("{}");

    (void)state;
    assert_int_equal(f->operation, MLN_FILTER_AND);
    assert_int_equal(f->usage, MLN_FILTER_USAGE_NONE);
    assert_false(f->has_conditions);
    assert_int_equal(f->condition_count, 0);
    assert_true(f->limit == UINT64_MAX);
    assert_true(f->level == UINT64_MAX);
    assert_true(f->offset == 1);
    assert_int_equal(f->relative_path.len, 0);
}

static void reads_handling_conditions(void **state)
{
    const struct mln_filter *f =
        read_ok("{'fu': 1, 'fo': 2, 'lim': 0, 'lvl': 3, 'ofst': 7, 'arp': '../tempContainer/la'}");

    (void)state;
    assert_int_equal(f->operation, MLN_FILTER_OR);
    assert_int_equal(f->usage, MLN_FILTER_USAGE_DISCOVERY);
    assert_true(f->limit == 0);
    assert_true(f->level == 3);
    assert_true(f->offset == 7);
    assert_true(mln_slice_eq(f->relative_path, MLN_S("../tempContainer/la")));
    assert_false(f->has_conditions);
    assert_int_equal(read_ok("{'fu': 2}")->usage, MLN_FILTER_USAGE_CONDITIONAL);
    assert_int_equal(read_ok("{'fu': 3}")->usage, MLN_FILTER_USAGE_IPE);
    assert_int_equal(read_ok("{'fo': 1}")->operation, MLN_FILTER_AND);
    assert_int_equal(read_ok("{'fo': 3}")->operation, MLN_FILTER_XOR);
    assert_true(read_ok("{'lim': 18446744073709551615}")->limit == UINT64_MAX);
}

static void refuses_wrong_handling_conditions(void **state)
{
    (void)state;
    refuse("{'fu': 0}", "Filter Criteria: fu: no positive integer");
    refuse("{'fu': 4}", "Filter Criteria: fu: value not defined");
    refuse("{'fu': '1'}", "Filter Criteria: fu: no positive integer");
    refuse("{'fo': 4}", "Filter Criteria: fo: value not defined");
    refuse("{'fo': null}", "Filter Criteria: fo: no positive integer");
    refuse("{'lim': -1}", "Filter Criteria: lim: no integer from 0 on");
    refuse("{'lim': 1.5}", "Filter Criteria: lim: no integer from 0 on");
    refuse("{'lim': true}", "Filter Criteria: lim: no integer from 0 on");
    refuse("{'lvl': 0}", "Filter Criteria: lvl: no positive integer");
    refuse("{'ofst': 0}", "Filter Criteria: ofst: no positive integer");
    refuse("{'ofst': [1]}", "Filter Criteria: ofst: no positive integer");
    refuse("{'arp': ''}", "Filter Criteria: arp: no relative path");
    refuse("{'arp': 5}", "Filter Criteria: arp: no relative path");
    refuse("{'arp': '/abs'}", "Filter Criteria: arp: no relative path");
    refuse("{'arp': 'a//b'}", "Filter Criteria: arp: no relative path");
    refuse("{'arp': 'a/'}", "Filter Criteria: arp: no relative path");
    refuse("{'arp': 'a b'}", "Filter Criteria: arp: no relative path");
}

static void refuses_what_is_not_known(void **state)
{
    (void)state;
    refuse("[]", "Filter Criteria: fc: no object");
    refuse("'lbl'", "Filter Criteria: fc: no object");
    refuse("{'foo': 1}", "Filter Criteria: foo: not known");
    refuse("{'lbl': ['a'], 'LBL': ['a']}", "Filter Criteria: LBL: not known");
    refuse("{'': 1}", "Filter Criteria: : not known");
    refuse("{'createdBefore': '20240101T000000'}", "Filter Criteria: createdBefore: not known");
}

static void geographic_criteria_belong_together(void **state)
{
    static const char wrong[] = "Filter Criteria: geom: no coordinates of that type, or too many";
    static const char single[] = "Filter Criteria: geom: gmty, geom and gsf belong together";

    (void)state;
    assert_int_equal(read_ok("{'gmty': 1, 'geom': '[1,2]', 'gsf': 3}")->condition_count, 1);
    refuse("{'gmty': 1, 'geom': 'x', 'gsf': 1}", wrong);
    refuse("{'gmty': 1, 'geom': [1, 2], 'gsf': 1}", wrong);
    refuse("{'fu': 1, 'gsf': 1}", single);
    refuse("{'gmty': 1, 'geom': '[1,2]'}", single);
}

static void reads_times(void **state)
{
    static const char *const names[] = { "crb", "cra", "ms", "us", "exb", "exa" };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct mln_filter *f;
        char text[64];
        char what[64];

        (void)snprintf(text, sizeof text, "{'%s': '19700101T000001,5'}", names[i]);
        f = read_ok(text);
        assert_true(f->has_conditions);
        assert_int_equal(f->condition_count, 1);
        assert_true(f->conditions[0].us == 1500000);
        (void)snprintf(what, sizeof what, "Filter Criteria: %s: no timestamp", names[i]);
        (void)snprintf(text, sizeof text, "{'%s': '1970-01-01'}", names[i]);
        refuse(text, what);
        (void)snprintf(text, sizeof text, "{'%s': 19700101}", names[i]);
        refuse(text, what);
        (void)snprintf(text, sizeof text, "{'%s': null}", names[i]);
        refuse(text, what);
    }
}

static void reads_numbers(void **state)
{
    (void)state;
    assert_true(read_ok("{'sts': 1}")->conditions[0].number == 1);
    assert_true(read_ok("{'stb': 0}")->conditions[0].number == 0);
    assert_true(read_ok("{'szb': 18446744073709551615}")->conditions[0].number == UINT64_MAX);
    assert_true(read_ok("{'sza': 0}")->conditions[0].number == 0);
    refuse("{'sts': 0}", "Filter Criteria: sts: no positive integer");
    refuse("{'szb': 0}", "Filter Criteria: szb: no positive integer");
    refuse("{'stb': -1}", "Filter Criteria: stb: no integer from 0 on");
    refuse("{'sza': '5'}", "Filter Criteria: sza: no integer from 0 on");
    refuse("{'sza': 5.0}", "Filter Criteria: sza: no integer from 0 on");
    refuse("{'sts': 18446744073709551616}", "Filter Criteria: sts: no positive integer");
}

static void reads_lists(void **state)
{
    static const char *const texts[] = { "lbl", "clbl", "palb", "cty" };
    static const char *const types[] = { "ty", "chty", "pty" };
    char text[64];
    char what[64];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        (void)snprintf(text, sizeof text, "{'%s': ['a', 'b c']}", texts[i]);
        assert_int_equal(read_ok(text)->conditions[0].count, 2);
        (void)snprintf(what, sizeof what, "Filter Criteria: %s: entry that is no text", texts[i]);
        (void)snprintf(text, sizeof text, "{'%s': ['a', 1]}", texts[i]);
        refuse(text, what);
        (void)snprintf(text, sizeof text, "{'%s': ['']}", texts[i]);
        refuse(text, what);
        (void)snprintf(what, sizeof what, "Filter Criteria: %s: no list with an entry", texts[i]);
        (void)snprintf(text, sizeof text, "{'%s': []}", texts[i]);
        refuse(text, what);
        (void)snprintf(text, sizeof text, "{'%s': 'a'}", texts[i]);
        refuse(text, what);
    }
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        (void)snprintf(text, sizeof text, "{'%s': [3, 10003]}", types[i]);
        assert_int_equal(read_ok(text)->conditions[0].count, 2);
        assert_int_equal(read_ok(text)->conditions[0].types[1], 10003);
        (void)snprintf(what, sizeof what, "Filter Criteria: %s: no resource type", types[i]);
        (void)snprintf(text, sizeof text, "{'%s': [3, 9999]}", types[i]);
        refuse(text, what);
        (void)snprintf(text, sizeof text, "{'%s': [65539]}", types[i]);
        refuse(text, what);
        (void)snprintf(text, sizeof text, "{'%s': ['3']}", types[i]);
        refuse(text, what);
        (void)snprintf(what, sizeof what, "Filter Criteria: %s: no list with an entry", types[i]);
        (void)snprintf(text, sizeof text, "{'%s': 3}", types[i]);
        refuse(text, what);
    }
}

static void bounds_lists(void **state)
{
    for (size_t count = MLN_FILTER_ENTRIES; count <= MLN_FILTER_ENTRIES + 1; count++) {
        struct mln_value *criteria = mln_value_new(arena, MLN_V_OBJECT);
        struct mln_value *list = mln_value_new(arena, MLN_V_ARRAY);
        struct mln_fault fault = { 0 };
        struct mln_filter *f;
        mln_err err;

        (void)state;
        for (size_t i = 0; i < count; i++) {
            assert_false(mln_failed(mln_value_append(list, mln_value_text(arena, MLN_S("a")))));
        }
        assert_false(mln_failed(mln_value_set(criteria, MLN_S("lbl"), list)));
        err = mln_filter_read(criteria, arena, &f, &fault);
        assert_int_equal(err.code,
                         count > MLN_FILTER_ENTRIES ? MLN_ERR_PARAM_INVALID : MLN_ERR_NONE);
        assert_string_equal(
            fault.text, count > MLN_FILTER_ENTRIES ? "Filter Criteria: lbl: too many entries" : "");
    }
}

static void reads_attributes(void **state)
{
    const struct mln_filter *f = read_ok(
        "{'atr': [{'nm': 'rn', 'val': 'a*'}, {'val': 5, 'nm': 'mni'}, {'nm': 'mbs', 'val': -7},"
        " {'nm': 'rr', 'val': true}, {'nm': 'con', 'val': 1.50}]}");
    static const char *const values[] = { "a*", "5", "-7", "true", "1.50" };

    (void)state;
    assert_int_equal(f->condition_count, 1);
    assert_int_equal(f->conditions[0].count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(mln_slice_eq(f->conditions[0].attributes[i].value, mln_slice_z(values[i])));
    }
    assert_int_equal(read_ok("{'catr': [{'nm': 'rn', 'val': 'a'}]}")->conditions[0].whose,
                     MLN_FILTER_OF_A_CHILD);
    assert_int_equal(read_ok("{'patr': [{'nm': 'rn', 'val': 'a'}]}")->conditions[0].whose,
                     MLN_FILTER_OF_PARENT);
}

static void refuses_wrong_attributes(void **state)
{
    static const char *const forbidden[] = { "ct", "lt", "st", "et", "lbl", "ty", "cs", "cnf" };

    (void)state;
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        char text[64];
        char what[96];

        (void)snprintf(text, sizeof text, "{'atr': [{'nm': '%s', 'val': 'x'}]}", forbidden[i]);
        (void)snprintf(what, sizeof what,
                       "Filter Criteria: %s: attribute with a condition of its own", forbidden[i]);
        refuse(text, what);
        (void)snprintf(text, sizeof text, "{'patr': [{'nm': '%s', 'val': 'x'}]}", forbidden[i]);
        refuse(text, what);
    }
    refuse("{'atr': [{'nm': 'limt', 'val': 'x'}]}",
           "Filter Criteria: limt: neither a criterion nor an attribute");
    refuse("{'atr': [{'nm': 'rn'}]}", "Filter Criteria: attribute: name and value expected");
    refuse("{'atr': [{'val': 'x'}]}", "Filter Criteria: attribute: name and value expected");
    refuse("{'atr': [{'nm': 5, 'val': 'x'}]}",
           "Filter Criteria: attribute: name and value expected");
    refuse("{'atr': [{'nm': 'rn', 'val': 'x', 'y': 1}]}",
           "Filter Criteria: attribute: name and value expected");
    refuse("{'atr': ['rn']}", "Filter Criteria: attribute: name and value expected");
    refuse("{'atr': {'nm': 'rn', 'val': 'x'}}", "Filter Criteria: atr: no list with an entry");
    refuse("{'atr': [{'nm': 'rn', 'val': null}]}", "Filter Criteria: val: no scalar");
    refuse("{'atr': [{'nm': 'rn', 'val': ['x']}]}", "Filter Criteria: val: no scalar");
    refuse("{'atr': [{'nm': 'rn', 'val': {}}]}", "Filter Criteria: val: no scalar");
}

static void reads_queries(void **state)
{
    (void)state;
    assert_int_equal(read_ok("{'lbq': 'a EQ b'}")->conditions[0].kind, MLN_FILTER_LABELS_QUERY);
    assert_int_equal(read_ok("{'cfs': 1, 'cfq': '$.a EQ 1'}")->conditions[0].kind,
                     MLN_FILTER_CONTENT);
    refuse("{'lbq': 5}", "Filter Criteria: lbq: no text");
    refuse("{'lbq': 'a EQ'}", "labelsQuery: value expected before ''");
    refuse("{'cfs': 1}", "Filter Criteria: cfq: missing");
    refuse("{'cfq': '$.a EQ 1'}", "Filter Criteria: cfs: missing");
    refuse("{'cfs': 2, 'cfq': '$.a EQ 1'}", "Filter Criteria: cfs: value not defined");
    refuse("{'cfs': 0, 'cfq': '$.a EQ 1'}", "Filter Criteria: cfs: no positive integer");
    refuse("{'cfs': 1, 'cfq': 5}", "Filter Criteria: cfq: no text");
    refuse("{'cfs': 1, 'cfq': 'a'}", "contentFilterQuery: '$' expected before 'a'");
}

/* Conditions that need other resources come last, so that they are rarely needed. */
static void puts_the_cheap_ones_first(void **state)
{
    const struct mln_filter *f =
        read_ok("{'catr': [{'nm': 'rn', 'val': 'a'}], 'palb': ['a'], 'cfs': 1, 'cfq': '$ EQ 1',"
                " 'lbl': ['a'], 'crb': '20240101T000000', 'ty': [3], 'chty': [4], 'pty': [3]}");

    (void)state;
    assert_int_equal(f->condition_count, 8);
    for (size_t i = 1; i < f->condition_count; i++) {
        assert_true(f->conditions[i - 1].whose <= f->conditions[i].whose);
        if (f->conditions[i].whose == MLN_FILTER_OWN) {
            assert_true(f->conditions[i - 1].kind < f->conditions[i].kind);
        }
    }
    assert_int_equal(f->conditions[0].kind, MLN_FILTER_TYPES);
    assert_int_equal(f->conditions[3].kind, MLN_FILTER_CONTENT);
}

static bool needs_label(const char *criteria, const char *want)
{
    struct mln_slice label = MLN_S("untouched");
    bool needs = mln_filter_needs_label(read_ok(criteria), &label);

    assert_true(mln_slice_eq(label, needs ? mln_slice_z(want) : MLN_S("untouched")));
    return needs;
}

static bool needs_type(const char *criteria, uint16_t want)
{
    uint16_t ty = 77;
    bool needs = mln_filter_needs_type(read_ok(criteria), &ty);

    assert_int_equal(ty, needs ? want : 77);
    return needs;
}

static void tells_what_an_index_can_use(void **state)
{
    (void)state;
    assert_true(needs_label("{'lbl': ['a']}", "a"));
    assert_true(needs_label("{'lbl': ['a'], 'ty': [3]}", "a"));
    assert_true(needs_label("{'lbl': ['a'], 'fo': 2}", "a"));
    assert_true(needs_label("{'lbl': ['a'], 'fo': 3}", "a"));
    assert_false(needs_label("{'lbl': ['a'], 'ty': [3], 'fo': 2}", "a"));
    assert_false(needs_label("{'lbl': ['a'], 'ty': [3], 'fo': 3}", "a"));
    assert_false(needs_label("{'lbl': ['a', 'b']}", "a"));
    assert_false(needs_label("{'palb': ['a'], 'clbl': ['b']}", "a"));
    assert_false(needs_label("{}", "a"));
    assert_true(needs_type("{'ty': [3]}", 3));
    assert_true(needs_type("{'lbl': ['a'], 'ty': [4]}", 4));
    assert_false(needs_type("{'ty': [3, 4]}", 3));
    assert_false(needs_type("{'lbl': ['a'], 'ty': [4], 'fo': 2}", 4));
    assert_false(needs_type("{'pty': [3], 'chty': [4]}", 3));
    assert_false(needs_type("{'lbl': ['a']}", 3));
}

static void knows_the_conditions_of_events(void **state)
{
    static const char *const shared[] = {
        "crb", "cra", "ms", "us", "exb", "exa", "sts", "stb", "sza", "szb",
    };
    static const char *const others[] = {
        "ty", "lbl", "lbq", "cty", "atr", "chty", "fo", "net", ""
    };
    enum mln_filter_kind kind;

    (void)state;
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++) {
        assert_true(mln_filter_range(mln_slice_z(shared[i]), &kind));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(mln_filter_range(mln_slice_z(others[i]), &kind));
    }
    assert_true(mln_filter_range(MLN_S("szb"), &kind) && kind == MLN_FILTER_SIZE_BELOW);
}

static void needs_memory(void **state)
{
    const struct mln_value *criteria =
        test_json("{'ty': [3], 'lbl': ['a'], 'atr': [{'nm': 'rn', 'val': 5}], 'lbq': 'a', 'cfs': 1,"
                  " 'cfq': '$.a EQ 1'}",
                  arena);
    size_t failures = 0;

    (void)state;
    for (size_t max = 0; max < 4096; max += 16) {
        struct mln_arena *small = mln_arena_new(max);
        struct mln_filter *f = NULL;
        mln_err err = mln_filter_read(criteria, small, &f, NULL);

        assert_true(mln_failed(err) ? err.code == MLN_ERR_NO_MEMORY && !f : f != NULL);
        failures += mln_failed(err);
        mln_arena_free(small);
    }
    assert_in_range(failures, 10, 250);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(no_criteria_have_defaults),
        T(reads_handling_conditions),
        T(refuses_wrong_handling_conditions),
        T(refuses_what_is_not_known),
        T(geographic_criteria_belong_together),
        T(reads_times),
        T(reads_numbers),
        T(reads_lists),
        T(bounds_lists),
        T(reads_attributes),
        T(refuses_wrong_attributes),
        T(reads_queries),
        T(puts_the_cheap_ones_first),
        T(tells_what_an_index_can_use),
        T(knows_the_conditions_of_events),
        T(needs_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
