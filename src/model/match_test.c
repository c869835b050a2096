/* Tests of matching: each condition true, false and at its boundary, and their combinations. */
#include "model/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "codec/json.h"
#include "model/pack.h"

enum { CSEBASE = 5, AE = 2, CNT = 3, CIN = 4, SUB = 23, CIN_ANNC = 10004 };

static struct mln_arena *arena;
static struct mln_limits limits;

static int set_up(void **state)
{
    (void)state;
    arena = mln_arena_new(1 << 24);
    mln_limits_default(&limits);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static struct mln_value *parse(const char *json)
{
    struct mln_value *v = NULL;
    struct mln_fault fault = { 0 };

    if (mln_failed(mln_json_read(mln_slice_z(json), &limits, arena, &v, &fault))) {
        fail_msg("%s", fault.text);
    }
    return v;
}

static struct mln_slice pack_of(const char *json)
{
    struct mln_buf out;
    struct mln_slice pack = { 0 };

    mln_buf_init(&out, arena, 1 << 22);
    mln_pack_value(&out, parse(json));
    assert_int_equal(mln_buf_finish(&out, &pack).code, MLN_ERR_NONE);
    return pack;
}

static struct mln_resource resource(uint16_t ty, const char *attrs)
{
    return (struct mln_resource){
        .id = 7,
        .parent = 1,
        .ty = ty,
        .ct = 1000 * MLN_US_PER_S,
        .lt = 2000 * MLN_US_PER_S,
        .et = 3000 * MLN_US_PER_S,
        .st = 5,
        .count = 3,
        .bytes = 100,
        .ri = MLN_S("cnt0001"),
        .pi = MLN_S("ae0001"),
        .rn = MLN_S("room-12"),
        .cr = MLN_S("Cthermo"),
        .attrs = pack_of(attrs),
    };
}

/* ---- the rest of the tree ---- */

struct tree {
    const struct mln_resource *parent;
    const struct mln_resource *children;
    size_t child_count;
    mln_err failure;
    unsigned parent_reads;
    unsigned child_reads; /* children shown with all that they have */
    unsigned type_reads;  /* children of which the type was enough */
};

static mln_err tree_parent(void *data, const struct mln_resource *r, struct mln_resource *ret)
{
    struct tree *t = data;

    assert_int_equal(r->id, 7);
    t->parent_reads++;
    MLN_TRY(t->failure);
    MLN_REQUIRE(t->parent, NOT_FOUND);
    *ret = *t->parent;
    return MLN_OK;
}

static mln_err tree_any_child(void *data, const struct mln_resource *r, bool by_type,
                              mln_match_visit *visit, const struct mln_filter_condition *condition,
                              bool *ret)
{
    struct tree *t = data;

    assert_int_equal(r->id, 7);
    MLN_TRY(t->failure);
    *ret = false;
    for (size_t i = 0; i < t->child_count && !*ret; i++) {
        struct mln_resource only_type = { .ty = t->children[i].ty };

        *(by_type ? &t->type_reads : &t->child_reads) += 1;
        *ret = visit(condition, by_type ? &only_type : &t->children[i]);
    }
    return MLN_OK;
}

static struct mln_match_env env_of(struct tree *t)
{
    return (struct mln_match_env){
        .data = t,
        .parent = tree_parent,
        .any_child = tree_any_child,
        .read_json = mln_json_read,
        .limits = &limits,
        .scratch = arena,
    };
}

static mln_err try_match(const char *criteria, const struct mln_match_env *env,
                         const struct mln_resource *r, bool *ret)
{
    struct mln_filter *f = NULL;
    struct mln_fault fault = { 0 };

    if (mln_failed(mln_filter_read(parse(criteria), arena, &f, &fault))) {
        fail_msg("%s: %s", criteria, fault.text);
    }
    return mln_filter_matches(f, env, r, ret);
}

static bool matches_in(struct tree *t, const char *criteria, const struct mln_resource *r)
{
    struct mln_match_env env = env_of(t);
    bool holds = false;

    assert_int_equal(try_match(criteria, &env, r, &holds).code, MLN_ERR_NONE);
    return holds;
}

static bool matches(const char *criteria, const struct mln_resource *r)
{
    struct tree none = { 0 };

    return matches_in(&none, criteria, r);
}

/* ---- one condition each ---- */

/* A bound just below, at, and just above the value of the resource. */
static void assert_bounds(const char *name, const char *const bounds[3], const bool want[3])
{
    struct mln_resource r = resource(CIN, "{}");

    for (int i = 0; i < 3; i++) {
        char criteria[64];

        (void)snprintf(criteria, sizeof criteria, "{\"%s\":%s}", name, bounds[i]);
        assert_int_equal(matches(criteria, &r), want[i]);
    }
}

static const bool only_above[] = { false, false, true }; /* value < bound */
static const bool up_to[] = { true, true, false };       /* bound <= value */

static void compares_times(void **state)
{
    static const char *const ct[] = { "\"19700101T001639,999999\"", "\"19700101T001640\"",
                                      "\"19700101T001640,000001\"" };
    static const char *const lt[] = { "\"19700101T003319,999999\"", "\"19700101T003320\"",
                                      "\"19700101T003320,000001\"" };
    static const char *const et[] = { "\"19700101T004959,999999\"", "\"19700101T005000\"",
                                      "\"19700101T005000,000001\"" };

    (void)state;
    assert_bounds("crb", ct, only_above);
    assert_bounds("cra", ct, up_to);
    assert_bounds("us", lt, only_above);
    assert_bounds("ms", lt, up_to);
    assert_bounds("exb", et, only_above);
    assert_bounds("exa", et, up_to);
}

static void compares_numbers(void **state)
{
    static const char *const st[] = { "4", "5", "6" };
    static const char *const cs[] = { "99", "100", "101" };

    (void)state;
    assert_bounds("sts", st, only_above);
    assert_bounds("stb", st, up_to);
    assert_bounds("szb", cs, only_above);
    assert_bounds("sza", cs, up_to);
}

/* A resource without the attribute satisfies neither side. */
static void attributes_that_a_type_lacks_satisfy_nothing(void **state)
{
    struct mln_resource ae = resource(AE, "{}");
    struct mln_resource base = resource(CSEBASE, "{}");
    struct mln_resource unknown = resource(9999, "{}");

    (void)state;
    assert_false(matches("{\"sts\":1000}", &ae));
    assert_false(matches("{\"stb\":0}", &ae));
    assert_false(matches("{\"sza\":0}", &ae));
    assert_false(matches("{\"szb\":1000}", &ae));
    assert_false(matches("{\"exa\":\"19700101T000000\"}", &base));
    assert_false(matches("{\"exb\":\"20700101T000000\"}", &base));
    assert_true(matches("{\"cra\":\"19700101T000000\"}", &base));
    assert_false(matches("{\"stb\":0}", &unknown));
    assert_false(matches("{\"exa\":\"19700101T000000\"}", &unknown));
    assert_false(matches("{\"atr\":[{\"nm\":\"mni\",\"val\":\"*\"}]}", &unknown));
}

/* An announced resource keeps copies among its other attributes. */
static void reads_numbers_from_the_attributes(void **state)
{
    struct mln_resource annc = resource(CIN_ANNC, "{\"st\":9}");
    struct mln_resource bare = resource(CIN_ANNC, "{}");

    (void)state;
    assert_true(matches("{\"stb\":9,\"sts\":10}", &annc));
    assert_false(matches("{\"stb\":10}", &annc));
    assert_false(matches("{\"stb\":0}", &bare));
}

static void compares_types(void **state)
{
    struct mln_resource r = resource(CNT, "{}");

    (void)state;
    assert_true(matches("{\"ty\":[3]}", &r));
    assert_true(matches("{\"ty\":[2,3,4]}", &r));
    assert_false(matches("{\"ty\":[2,4]}", &r));
    assert_false(matches("{\"ty\":[10003]}", &r));
}

static void compares_labels(void **state)
{
    struct mln_resource r = resource(CNT, "{\"mni\":1,\"lbl\":[\"floor:1\",\"kitchen\"]}");
    struct mln_resource bare = resource(CNT, "{}");

    (void)state;
    assert_true(matches("{\"lbl\":[\"kitchen\"]}", &r));
    assert_true(matches("{\"lbl\":[\"floor:1\"]}", &r));
    assert_true(matches("{\"lbl\":[\"cellar\",\"kitchen\"]}", &r));
    assert_false(matches("{\"lbl\":[\"floor\"]}", &r));
    assert_false(matches("{\"lbl\":[\"Kitchen\"]}", &r));
    assert_false(matches("{\"lbl\":[\"kitchen*\"]}", &r));
    assert_false(matches("{\"lbl\":[\"kitchen\"]}", &bare));
    assert_true(matches("{\"lbq\":\"floor EQ 1\"}", &r));
    assert_true(matches("{\"lbq\":\"floor\"}", &r));
    assert_false(matches("{\"lbq\":\"floor NE 1\"}", &r));
    assert_true(matches("{\"lbq\":\"NT floor\"}", &bare));
}

static void compares_content_types(void **state)
{
    struct mln_resource r = resource(CIN, "{\"cnf\":\"application/json:0\"}");
    struct mln_resource plain = resource(CIN, "{\"cnf\":\"text/plain:0\"}");
    struct mln_resource bare = resource(CIN, "{}");

    (void)state;
    assert_true(matches("{\"cty\":[\"application/json\"]}", &r));
    assert_true(matches("{\"cty\":[\"text/plain\",\"application/json\"]}", &r));
    assert_true(matches("{\"cty\":[\"text/plain\"]}", &plain));
    assert_false(matches("{\"cty\":[\"application/json:0\"]}", &r));
    assert_false(matches("{\"cty\":[\"application\"]}", &r));
    assert_false(matches("{\"cty\":[\"text/plain\"]}", &r));
    assert_false(matches("{\"cty\":[\"text/plain\"]}", &bare));
}

static bool has_attribute(const char *name, const char *value, const struct mln_resource *r)
{
    char criteria[200];

    (void)snprintf(criteria, sizeof criteria, "{\"atr\":[{\"nm\":\"%s\",\"val\":%s}]}", name,
                   value);
    return matches(criteria, r);
}

static void compares_attributes(void **state)
{
    struct mln_resource r = resource(CNT, "{\"mni\":10,\"or\":\"http://x/y\",\"disr\":true,"
                                          "\"acpi\":[\"acp1\",\"acp2\"]}");

    (void)state;
    assert_true(has_attribute("mni", "10", &r));
    assert_true(has_attribute("mni", "\"10\"", &r));
    assert_true(has_attribute("mni", "\"1*\"", &r));
    assert_false(has_attribute("mni", "1", &r));
    assert_false(has_attribute("mni", "10.0", &r));
    assert_false(has_attribute("mni", "-10", &r));
    assert_true(has_attribute("or", "\"http://x/y\"", &r));
    assert_true(has_attribute("or", "\"http*y\"", &r));
    assert_true(has_attribute("or", "\"*\"", &r));
    assert_false(has_attribute("or", "\"http\"", &r));
    assert_false(has_attribute("or", "\"HTTP*\"", &r));
    assert_true(has_attribute("disr", "true", &r));
    assert_true(has_attribute("disr", "\"true\"", &r));
    assert_false(has_attribute("disr", "false", &r));
    assert_false(has_attribute("disr", "1", &r));
    assert_true(has_attribute("acpi", "\"acp2\"", &r));
    assert_true(has_attribute("acpi", "\"acp*\"", &r));
    assert_false(has_attribute("acpi", "\"acp\"", &r));
    assert_false(has_attribute("mbs", "\"*\"", &r));
}

static void compares_what_has_a_place_of_its_own(void **state)
{
    struct mln_resource r = resource(CNT, "{}");

    (void)state;
    assert_true(has_attribute("rn", "\"room-12\"", &r));
    assert_true(has_attribute("rn", "\"room-*\"", &r));
    assert_false(has_attribute("rn", "\"room\"", &r));
    assert_true(has_attribute("ri", "\"cnt0001\"", &r));
    assert_false(has_attribute("ri", "\"cnt0002\"", &r));
    assert_true(has_attribute("pi", "\"ae0001\"", &r));
    assert_false(has_attribute("pi", "\"ae\"", &r));
    assert_true(has_attribute("cni", "3", &r));
    assert_false(has_attribute("cni", "4", &r));
    assert_true(has_attribute("cbs", "100", &r));
    assert_true(has_attribute("cbs", "\"1*\"", &r));
    assert_false(has_attribute("cbs", "99", &r));
    assert_false(has_attribute("cr", "\"Cthermo\"", &r));
    r.flags = MLN_RESOURCE_SHOWS_CREATOR;
    assert_true(has_attribute("cr", "\"Cthermo\"", &r));
    assert_true(has_attribute("cr", "\"*thermo\"", &r));
    assert_false(has_attribute("cr", "\"Cother\"", &r));
}

static void compares_contents_as_attributes(void **state)
{
    struct mln_resource text = resource(CIN, "{\"con\":\"21.5 degrees\"}");
    struct mln_resource number = resource(CIN, "{\"con\":21.50}");
    struct mln_resource negative = resource(CIN, "{\"con\":-3}");
    struct mln_resource object = resource(CIN, "{\"con\":{\"a\":1}}");
    struct mln_resource nothing = resource(CIN, "{\"con\":null}");

    (void)state;
    assert_true(has_attribute("con", "\"21*\"", &text));
    assert_true(has_attribute("con", "21.50", &number));
    assert_false(has_attribute("con", "21.5", &number));
    assert_true(has_attribute("con", "-3", &negative));
    assert_false(has_attribute("con", "\"*\"", &object));
    assert_false(has_attribute("con", "\"*\"", &nothing));
}

/* spec: TS-0004 7.3.3.17.9: any of the attribute elements */
static void attribute_conditions_are_alternatives(void **state)
{
    struct mln_resource r = resource(CNT, "{\"mni\":10}");

    (void)state;
    assert_true(
        matches("{\"atr\":[{\"nm\":\"rn\",\"val\":\"x\"},{\"nm\":\"mni\",\"val\":10}]}", &r));
    assert_false(
        matches("{\"atr\":[{\"nm\":\"rn\",\"val\":\"x\"},{\"nm\":\"mni\",\"val\":1}]}", &r));
}

/* ---- contents ---- */

static bool content_fits(const char *query, const char *attrs)
{
    char criteria[200];
    struct mln_resource r = resource(CIN, attrs);

    (void)snprintf(criteria, sizeof criteria, "{\"cfs\":1,\"cfq\":\"%s\"}", query);
    return matches(criteria, &r);
}

static void searches_contents_that_are_json_values(void **state)
{
    (void)state;
    assert_true(content_fits("$.t GT 20", "{\"con\":{\"t\":21}}"));
    assert_false(content_fits("$.t GT 20", "{\"con\":{\"t\":20}}"));
    assert_true(content_fits("$[1] EQ x", "{\"con\":[1,\"x\"]}"));
    assert_true(content_fits("$ EQ 5", "{\"con\":5}"));
    assert_true(content_fits("$.t GT 20", "{\"con\":{\"t\":21},\"cnf\":\"application/json:0\"}"));
    assert_false(content_fits("$.t GT 20", "{}"));
}

static void searches_contents_that_are_json_texts(void **state)
{
    static const char *const yes[] = {
        "application/json:0",       "application/json:0:0",
        "Application/JSON:0",       "application/json;charset=utf-8:0",
        "application/vnd.x+json:0", "application/senml+json:0",
    };
    static const char *const no[] = {
        "application/json", /* cannot be stored: the encoding is missing */
        "text/plain:0",
        "application/json:1",
        "application/json:2",
        "application/json:0:1",
        "application/xml",
        "application/jsonx",
        "json",
        "+json",
        "",
    };
    char attrs[200];

    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        (void)snprintf(attrs, sizeof attrs, "{\"cnf\":\"%s\",\"con\":\"{\\\"t\\\":21.5}\"}",
                       yes[i]);
        assert_true(content_fits("$.t GT 21", attrs));
        assert_false(content_fits("$.t GT 22", attrs));
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        (void)snprintf(attrs, sizeof attrs, "{\"cnf\":\"%s\",\"con\":\"{\\\"t\\\":21.5}\"}", no[i]);
        assert_false(content_fits("$.t GT 21", attrs));
    }
    assert_false(content_fits("$.t GT 21", "{\"con\":\"{\\\"t\\\":21.5}\"}"));
    assert_false(
        content_fits("$.t NE 1", "{\"cnf\":\"application/json\",\"con\":\"{\\\"t\\\":\"}"));
    assert_false(content_fits("$ NE 1", "{\"cnf\":\"application/json\",\"con\":\"\"}"));
}

static void contents_need_a_reader(void **state)
{
    struct tree none = { 0 };
    struct mln_match_env env = env_of(&none);
    struct mln_resource text = resource(CIN, "{\"cnf\":\"application/json\",\"con\":\"5\"}");
    struct mln_resource number = resource(CIN, "{\"con\":5}");
    struct mln_arena *no_memory = mln_arena_new(0);
    bool holds = true;

    (void)state;
    env.read_json = NULL;
    assert_false(mln_failed(try_match("{\"cfs\":1,\"cfq\":\"$ EQ 5\"}", &env, &text, &holds)));
    assert_false(holds);
    assert_false(mln_failed(try_match("{\"cfs\":1,\"cfq\":\"$ EQ 5\"}", &env, &number, &holds)));
    assert_true(holds);
    env.scratch = no_memory;
    assert_false(mln_failed(try_match("{\"cfs\":1,\"cfq\":\"$ EQ 5\"}", &env, &number, &holds)));
    assert_false(holds);
    env.scratch = NULL;
    holds = true;
    assert_false(mln_failed(try_match("{\"cfs\":1,\"cfq\":\"$ EQ 5\"}", &env, &number, &holds)));
    assert_false(holds);
    mln_arena_free(no_memory);
}

/* ---- locations ---- */

static void comparing_locations_takes_steps(void **state)
{
    struct tree t = { 0 };
    struct mln_match_env env = env_of(&t);
    struct mln_resource r = resource(CNT, "{\"loc\":{\"typ\":2,\"crd\":\"[[1,2],[3,4],[5,6]]\"}}");
    uint64_t steps = 10;
    bool holds;

    (void)state;
    env.steps = &steps;
    assert_false(
        mln_failed(try_match("{\"gmty\":1,\"gsf\":3,\"geom\":\"[1,2]\"}", &env, &r, &holds)));
    assert_true(holds);
    assert_int_equal(steps, 10 + 3);
}

/* ---- parents and children ---- */

static void asks_the_parent(void **state)
{
    struct mln_resource parent = resource(AE, "{\"lbl\":[\"house\"],\"api\":\"Nx\"}");
    struct mln_resource r = resource(CNT, "{\"lbl\":[\"room\"]}");
    struct tree t = { .parent = &parent };

    (void)state;
    assert_true(matches_in(&t, "{\"pty\":[2]}", &r));
    assert_false(matches_in(&t, "{\"pty\":[3]}", &r));
    assert_true(matches_in(&t, "{\"palb\":[\"house\"]}", &r));
    assert_false(matches_in(&t, "{\"palb\":[\"room\"]}", &r));
    assert_true(matches_in(&t, "{\"patr\":[{\"nm\":\"api\",\"val\":\"N*\"}]}", &r));
    assert_false(matches_in(&t, "{\"patr\":[{\"nm\":\"api\",\"val\":\"R*\"}]}", &r));
    t.parent_reads = 0;
    assert_true(matches_in(&t,
                           "{\"pty\":[2],\"palb\":[\"house\"],"
                           "\"patr\":[{\"nm\":\"api\",\"val\":\"N*\"}]}",
                           &r));
    assert_int_equal(t.parent_reads, 1);
    t.parent = NULL;
    t.parent_reads = 0;
    assert_false(matches_in(&t, "{\"pty\":[2],\"palb\":[\"house\"],\"fo\":2}", &r));
    assert_int_equal(t.parent_reads, 1);
}

static void asks_the_children(void **state)
{
    struct mln_resource children[] = {
        resource(SUB, "{\"lbl\":[\"watch\"]}"),
        resource(CIN, "{\"lbl\":[\"first\"],\"con\":\"x\"}"),
        resource(CIN, "{\"con\":\"y\"}"),
    };
    struct mln_resource r = resource(CNT, "{}");
    struct tree t = { .children = children, .child_count = 3 };
    struct tree none = { 0 };

    (void)state;
    assert_true(matches_in(&t, "{\"chty\":[4]}", &r));
    assert_int_equal(t.type_reads, 2);
    assert_int_equal(t.child_reads, 0);
    assert_true(matches_in(&t, "{\"chty\":[3,23]}", &r));
    assert_false(matches_in(&t, "{\"chty\":[3]}", &r));
    assert_true(matches_in(&t, "{\"clbl\":[\"first\"]}", &r));
    assert_int_equal(t.child_reads, 2);
    assert_false(matches_in(&t, "{\"clbl\":[\"last\"]}", &r));
    assert_true(matches_in(&t, "{\"catr\":[{\"nm\":\"con\",\"val\":\"y\"}]}", &r));
    assert_false(matches_in(&t, "{\"catr\":[{\"nm\":\"con\",\"val\":\"z\"}]}", &r));
    assert_false(matches_in(&none, "{\"chty\":[4]}", &r));
    /* not necessarily the same child */
    assert_true(matches_in(&t, "{\"chty\":[4],\"clbl\":[\"watch\"]}", &r));
}

/* Other resources are read only when nothing else has decided. */
static void reads_no_more_than_needed(void **state)
{
    struct mln_resource parent = resource(AE, "{}");
    struct mln_resource child = resource(CIN, "{}");
    struct mln_resource r = resource(CNT, "{\"lbl\":[\"room\"]}");
    struct tree t = { .parent = &parent, .children = &child, .child_count = 1 };

    (void)state;
    assert_false(matches_in(&t, "{\"chty\":[4],\"pty\":[2],\"lbl\":[\"x\"]}", &r));
    assert_int_equal(t.parent_reads + t.type_reads + t.child_reads, 0);
    assert_true(matches_in(&t, "{\"chty\":[4],\"pty\":[2],\"lbl\":[\"room\"],\"fo\":2}", &r));
    assert_int_equal(t.parent_reads + t.type_reads + t.child_reads, 0);
    assert_false(matches_in(&t, "{\"chty\":[4],\"pty\":[3],\"lbl\":[\"room\"]}", &r));
    assert_int_equal(t.parent_reads, 1);
    assert_int_equal(t.type_reads + t.child_reads, 0);
}

static void failures_of_the_helpers_come_through(void **state)
{
    struct tree t = { .failure = MLN_ERROR(STORE_IO) };
    struct mln_match_env env = env_of(&t);
    struct mln_resource r = resource(CNT, "{}");
    bool holds;

    (void)state;
    assert_int_equal(try_match("{\"pty\":[2]}", &env, &r, &holds).code, MLN_ERR_STORE_IO);
    assert_int_equal(try_match("{\"chty\":[4]}", &env, &r, &holds).code, MLN_ERR_STORE_IO);
    assert_int_equal(try_match("{\"clbl\":[\"a\"]}", &env, &r, &holds).code, MLN_ERR_STORE_IO);
}

static void without_helpers_their_conditions_do_not_hold(void **state)
{
    struct mln_match_env env = { 0 };
    struct mln_resource r = resource(CNT, "{}");
    bool holds = true;

    (void)state;
    assert_false(mln_failed(try_match("{\"pty\":[2]}", &env, &r, &holds)));
    assert_false(holds);
    holds = true;
    assert_false(mln_failed(try_match("{\"chty\":[4]}", &env, &r, &holds)));
    assert_false(holds);
}

/* ---- combinations ---- */

/* Three conditions, each true or false as a bit of n says, under each operation. */
static void joins_conditions(void **state)
{
    struct mln_resource r = resource(CNT, "{\"lbl\":[\"yes\"]}");

    (void)state;
    for (int n = 0; n < 8; n++) {
        bool a = n & 1;
        bool b = n & 2;
        bool c = n & 4;
        bool want[] = { a && b && c, a && b && c, a || b || c, a ^ b ^ c };

        for (int fo = 0; fo < 4; fo++) {
            char criteria[200];
            char operation[32] = "";

            if (fo) {
                (void)snprintf(operation, sizeof operation, ",\"fo\":%d", fo);
            }
            (void)snprintf(criteria, sizeof criteria, "{\"ty\":[%d],\"lbl\":[\"%s\"],\"stb\":%d%s}",
                           a ? 3 : 2, b ? "yes" : "no", c ? 5 : 6, operation);
            assert_int_equal(matches(criteria, &r), want[fo]);
        }
    }
}

/* The two bounds of an interval are two conditions. docs/decisions/0009-filter-readings.md */
static void joins_the_bounds_of_an_interval(void **state)
{
    struct mln_resource r = resource(CNT, "{}");

    (void)state;
    assert_true(matches("{\"stb\":5,\"sts\":6}", &r));
    assert_false(matches("{\"stb\":6,\"sts\":7}", &r));
    assert_false(matches("{\"stb\":4,\"sts\":5}", &r));
    assert_true(matches("{\"stb\":6,\"sts\":7,\"fo\":2}", &r));
    assert_false(matches("{\"stb\":6,\"sts\":5,\"fo\":2}", &r));
}

static void no_conditions_match_all(void **state)
{
    struct mln_resource r = resource(CNT, "{}");

    (void)state;
    assert_true(matches("{}", &r));
    assert_true(matches("{\"fo\":2}", &r));
    assert_true(matches("{\"fo\":3,\"lim\":1}", &r));
}

static void survives_damaged_attributes(void **state)
{
    static const char *const criteria[] = {
        "{\"lbl\":[\"a\"]}",
        "{\"lbq\":\"a\"}",
        "{\"cty\":[\"a\"]}",
        "{\"atr\":[{\"nm\":\"mni\",\"val\":1}]}",
        "{\"cfs\":1,\"cfq\":\"$ EQ 1\"}",
    };
    static const struct mln_slice packs[] = {
        { "", 0 },
        { "\x01", 1 },
        { "\xA1\x63lbl\x82\x61", 7 },
        { "\xA1\x63"
          "con\x9F",
          6 },
        { "\xBF\x63mni", 5 },
        { "\xA1\x63"
          "con\xFF",
          6 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof criteria / sizeof criteria[0]; i++) {
        for (size_t j = 0; j < sizeof packs / sizeof packs[0]; j++) {
            struct mln_resource r = resource(CNT, "{}");

            r.attrs = packs[j];
            assert_false(matches(criteria[i], &r));
        }
    }
}

/* ---- events ---- */

static bool event(const char *criteria, const struct mln_resource *r)
{
    return mln_event_conditions_match(pack_of(criteria), r);
}

static void matches_events(void **state)
{
    struct mln_resource r = resource(CIN, "{}");

    (void)state;
    assert_true(mln_event_conditions_match((struct mln_slice){ 0 }, &r));
    assert_true(event("{}", &r));
    assert_true(event("{\"net\":[1,3],\"atr\":[\"lbl\"],\"chty\":[4]}", &r));
    assert_true(event("{\"net\":[3],\"fo\":2}", &r));
    assert_true(event("{\"crb\":\"19700101T001640,000001\",\"cra\":\"19700101T001640\"}", &r));
    assert_false(event("{\"crb\":\"19700101T001640\"}", &r));
    assert_false(event("{\"cra\":\"19700101T001640,000001\"}", &r));
    assert_true(event("{\"us\":\"19700101T003320,000001\",\"ms\":\"19700101T003320\"}", &r));
    assert_false(event("{\"us\":\"19700101T003320\"}", &r));
    assert_false(event("{\"ms\":\"19700101T003321\"}", &r));
    assert_true(event("{\"exb\":\"19700101T005001\",\"exa\":\"19700101T005000\"}", &r));
    assert_false(event("{\"exb\":\"19700101T005000\"}", &r));
    assert_false(event("{\"exa\":\"19700101T005001\"}", &r));
    assert_true(event("{\"sts\":6,\"stb\":5}", &r));
    assert_false(event("{\"sts\":5}", &r));
    assert_false(event("{\"stb\":6}", &r));
    assert_true(event("{\"szb\":101,\"sza\":100}", &r));
    assert_false(event("{\"szb\":100}", &r));
    assert_false(event("{\"sza\":101}", &r));
}

static void joins_conditions_of_events(void **state)
{
    struct mln_resource r = resource(CIN, "{}");

    (void)state;
    assert_false(event("{\"sts\":6,\"sza\":101}", &r));
    assert_false(event("{\"sts\":6,\"sza\":101,\"fo\":1}", &r));
    assert_true(event("{\"sts\":6,\"sza\":101,\"fo\":2}", &r));
    assert_true(event("{\"fo\":2,\"sts\":6,\"sza\":101}", &r));
    assert_false(event("{\"fo\":2,\"sts\":5,\"sza\":101}", &r));
    assert_true(event("{\"fo\":3,\"sts\":6,\"sza\":101}", &r));
    assert_false(event("{\"fo\":3,\"sts\":6,\"sza\":100}", &r));
    assert_false(event("{\"fo\":3,\"sts\":5,\"sza\":101}", &r));
}

static void wrong_bounds_of_events_do_not_hold(void **state)
{
    struct mln_resource r = resource(CIN, "{}");

    (void)state;
    assert_false(event("{\"crb\":\"soon\"}", &r));
    assert_false(event("{\"crb\":5}", &r));
    assert_false(event("{\"sza\":\"5\"}", &r));
    assert_false(event("{\"sza\":-5}", &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(compares_times),
        T(compares_numbers),
        T(attributes_that_a_type_lacks_satisfy_nothing),
        T(reads_numbers_from_the_attributes),
        T(compares_types),
        T(compares_labels),
        T(compares_content_types),
        T(compares_attributes),
        T(compares_what_has_a_place_of_its_own),
        T(compares_contents_as_attributes),
        T(attribute_conditions_are_alternatives),
        T(searches_contents_that_are_json_values),
        T(searches_contents_that_are_json_texts),
        T(contents_need_a_reader),
        T(comparing_locations_takes_steps),
        T(asks_the_parent),
        T(asks_the_children),
        T(reads_no_more_than_needed),
        T(failures_of_the_helpers_come_through),
        T(without_helpers_their_conditions_do_not_hold),
        T(joins_conditions),
        T(joins_the_bounds_of_an_interval),
        T(no_conditions_match_all),
        T(survives_damaged_attributes),
        T(matches_events),
        T(joins_conditions_of_events),
        T(wrong_bounds_of_events_do_not_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
