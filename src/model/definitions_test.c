/* Tests of definitions: what they make, and each fault with its line. */
#include "model/definitions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "model/check.h"
#include "model/test_json.h"

static struct mln_definitions *set;
static struct mln_limits limits;

static int set_up(void **state)
{
    (void)state;
    mln_limits_default(&limits);
    limits.definitions = 3;
    return mln_failed(mln_definitions_new(&limits, &set)) ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_definitions_free(set);
    return 0;
}

/* The line of the fault; 0: none. */
static size_t read_text(const char *text, enum mln_err_code code)
{
    struct mln_fault fault = { "" };
    size_t line;
    mln_err err = mln_definitions_read(set, mln_slice_z(text), &line, &fault);

    if (err.code != code) {
        print_error("line %zu: %s\n", line, fault.text);
    }
    assert_int_equal(err.code, code);
    assert_true(!mln_failed(err) || code != MLN_ERR_CONFIG || fault.text[0]);
    return mln_failed(err) ? line : 0;
}

static const char two[] = "# the home\n"
                          "\n"
                          "flexContainer hd:tempe temperature org.onem2m.x.temperature # warm\n"
                          "attribute curT0 currentTemperature xs:float mandatory\n"
                          "\tattribute  tarTe targetTemperature xs:float\r\n"
                          "attribute modes supportedModes xs:string[]\n"
                          "flexContainer hd:light light org.onem2m.x.light\n"
                          "child hd:tempe\n"
                          "child hd:colour";

static void a_definition_is_a_type(void **state)
{
    const struct mln_type *t;
    const struct mln_attribute *a;

    (void)state;
    assert_int_equal(read_text(two, MLN_ERR_NONE), 0);
    t = mln_definitions_find(set, MLN_S("org.onem2m.x.temperature"));
    assert_non_null(t);
    assert_ptr_equal(t, mln_definitions_root(set, MLN_S("hd:tempe")));
    assert_int_equal(t->ty, MLN_TY_FLEXCONTAINER);
    assert_string_equal(t->long_name, "temperature");
    a = mln_model_attribute(t, MLN_S("curT0"));
    assert_non_null(a);
    assert_string_equal(a->long_name, "currentTemperature");
    assert_int_equal(a->create, MLN_PRESENCE_MANDATORY);
    assert_int_equal(a->type, MLN_DT_FLOAT);
    a = mln_model_attribute(t, MLN_S("modes"));
    assert_true(a && a->is_many && a->create == MLN_PRESENCE_OPTIONAL);
    assert_ptr_equal(mln_model_attribute_any(t, MLN_S("supportedModes")), a);
    assert_non_null(mln_model_attribute(t, MLN_S("cnd")));
    assert_non_null(mln_model_attribute(t, MLN_S("lbl")));
    assert_null(mln_model_attribute(t, MLN_S("curT1")));
    assert_null(mln_definitions_find(set, MLN_S("org.onem2m.x")));
    assert_null(mln_definitions_root(set, MLN_S("tempe")));
    assert_null(mln_definitions_find(NULL, MLN_S("org.onem2m.x.temperature")));
    assert_true(mln_definitions_is_attribute(set, MLN_S("tarTe")));
    assert_false(mln_definitions_is_attribute(set, MLN_S("curT1")));
    assert_false(mln_definitions_is_attribute(NULL, MLN_S("tarTe")));
}

/* All attributes of its own are optional; the others are those of announced resources. */
static void it_has_an_announced_variant(void **state)
{
    const struct mln_type *t;
    const struct mln_attribute *a;

    (void)state;
    assert_int_equal(read_text(two, MLN_ERR_NONE), 0);
    t = mln_definitions_root(set, MLN_S("hd:tempeAnnc"));
    assert_non_null(t);
    assert_ptr_equal(t, mln_definitions_announced(mln_definitions_root(set, MLN_S("hd:tempe"))));
    assert_int_equal(t->ty, MLN_TY_FLEXCONTAINERANNC);
    assert_true(t->is_announced && t->is_defined);
    assert_string_equal(t->long_name, "temperatureAnnc");
    a = mln_model_attribute(t, MLN_S("curT0"));
    assert_true(a && a->create == MLN_PRESENCE_OPTIONAL && a->least == 0);
    a = mln_model_attribute(t, MLN_S("cnd"));
    assert_true(a && a->create == MLN_PRESENCE_MANDATORY && a->update == MLN_PRESENCE_FORBIDDEN);
    assert_non_null(mln_model_attribute(t, MLN_S("lnk")));
    assert_null(mln_model_attribute(t, MLN_S("cs")));
    assert_null(mln_model_attribute(t, MLN_S("at")));
    assert_null(mln_definitions_root(set, MLN_S("Annc")));
    assert_null(mln_definitions_root(set, MLN_S("hd:otherAnnc")));
}

/* Custom attributes of the flexContainer, which only the CSE writes there. */
static void its_instances_have_a_type_of_their_own(void **state)
{
    static const char *const none[] = { "mni", "acpi", "cni", "curT1" };
    const struct mln_type *t;
    const struct mln_attribute *a;

    (void)state;
    assert_int_equal(read_text(two, MLN_ERR_NONE), 0);
    t = mln_definitions_instance(mln_definitions_root(set, MLN_S("hd:tempe")));
    assert_int_equal(t->ty, MLN_TY_FCIN);
    assert_ptr_equal(t, mln_definitions_root(set, MLN_S("hd:tempeInst")));
    assert_string_equal(t->long_name, "temperatureInst");
    a = mln_model_attribute(t, MLN_S("curT0"));
    assert_true(a && a->type == MLN_DT_FLOAT && a->create == MLN_PRESENCE_FORBIDDEN);
    a = mln_model_attribute(t, MLN_S("modes"));
    assert_true(a && a->is_many);
    a = mln_model_attribute(t, MLN_S("cs"));
    assert_true(a && a->slot == MLN_SLOT_BYTES);
    assert_non_null(mln_model_attribute(t, MLN_S("cnd")));
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_null(mln_model_attribute(t, mln_slice_z(none[i])));
    }
}

static bool may_hold(const char *parent, const char *child)
{
    return mln_definitions_may_hold(mln_definitions_root(set, mln_slice_z(parent)),
                                    mln_definitions_root(set, mln_slice_z(child)));
}

/* A file says their containerDefinition, the tables all else. */
static void specialisations_of_the_tables(void **state)
{
    const struct mln_type *t;
    const struct mln_attribute *a;

    (void)state;
    assert_int_equal(read_text("flexContainer m2m:ajap allJoynApp urn:app\n"
                               "child m2m:ajso\n"
                               "flexContainer m2m:ajso allJoynSvcObject urn:object\n"
                               "flexContainer m2m:gis genericInterworkingService urn:service\n",
                               MLN_ERR_NONE),
                     0);
    t = mln_definitions_find(set, MLN_S("urn:app"));
    assert_non_null(t);
    assert_ptr_equal(t, mln_definitions_root(set, MLN_S("m2m:ajap")));
    assert_true(t->is_defined && t->ty == MLN_TY_FLEXCONTAINER);
    a = mln_model_attribute(t, MLN_S("dir"));
    assert_true(a && a->create == MLN_PRESENCE_MANDATORY && a->update == MLN_PRESENCE_FORBIDDEN);
    t = mln_definitions_root(set, MLN_S("m2m:ajapA"));
    assert_ptr_equal(t, mln_definitions_announced(mln_definitions_find(set, MLN_S("urn:app"))));
    a = mln_model_attribute(t, MLN_S("dir"));
    assert_true(a && a->create == MLN_PRESENCE_OPTIONAL && a->update == MLN_PRESENCE_OPTIONAL);
    assert_string_equal(t->long_name, "allJoynAppAnnc");
    assert_null(mln_definitions_root(set, MLN_S("m2m:ajapAnnc")));
    assert_null(mln_definitions_root(set, MLN_S("m2m:ajmd")));
    assert_non_null(
        mln_model_attribute(mln_definitions_root(set, MLN_S("m2m:gis")), MLN_S("gisn")));
    assert_true(may_hold("m2m:ajap", "m2m:ajso"));
    assert_false(may_hold("m2m:ajap", "m2m:gis"));
    assert_false(may_hold("m2m:ajso", "m2m:ajap"));
}

static void children_that_are_named_are_the_only_ones(void **state)
{
    const struct mln_type *undefined = mln_model_type(MLN_TY_FLEXCONTAINER);

    (void)state;
    assert_int_equal(read_text(two, MLN_ERR_NONE), 0);
    assert_true(may_hold("hd:tempe", "hd:light"));
    assert_true(may_hold("hd:light", "hd:tempe"));
    assert_false(may_hold("hd:light", "hd:light"));
    assert_true(may_hold("hd:lightAnnc", "hd:tempe"));
    assert_true(may_hold("hd:lightAnnc", "hd:tempeAnnc"));
    assert_false(may_hold("hd:lightAnnc", "hd:lightAnnc"));
    assert_true(mln_definitions_may_hold(mln_definitions_root(set, MLN_S("hd:tempe")), undefined));
    assert_false(mln_definitions_may_hold(mln_definitions_root(set, MLN_S("hd:light")), undefined));
}

/* What the table says is what a representation is checked by. */
static void representations_are_checked_by_it(void **state)
{
    static const struct {
        const char *json;
        enum mln_err_code code;
    } table[] = {
        { "{'cnd':'org.onem2m.x.temperature','curT0':21.5}", MLN_ERR_NONE },
        { "{'cnd':'org.onem2m.x.temperature','curT0':21,'modes':['a'],'lbl':['x']}", MLN_ERR_NONE },
        { "{'cnd':'org.onem2m.x.temperature'}", MLN_ERR_ATTR_MISSING },
        { "{'curT0':21}", MLN_ERR_ATTR_MISSING },
        { "{'cnd':'org.onem2m.x.temperature','curT0':'21'}", MLN_ERR_ATTR_INVALID },
        { "{'cnd':'org.onem2m.x.temperature','curT0':1,'modes':'a'}", MLN_ERR_ATTR_INVALID },
        { "{'cnd':'org.onem2m.x.temperature','curT0':1,'other':1}", MLN_ERR_ATTR_UNKNOWN },
        { "{'cnd':'org.onem2m.x.temperature','curT0':1,'cs':1}", MLN_ERR_ATTR_FORBIDDEN },
    };
    struct mln_arena *arena = mln_arena_new(1 << 20);
    const struct mln_type *t;

    (void)state;
    assert_int_equal(read_text(two, MLN_ERR_NONE), 0);
    t = mln_definitions_root(set, MLN_S("hd:tempe"));
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct mln_value *v = test_json(table[i].json, arena);

        assert_int_equal(mln_check_create(t, v, (struct mln_slice){ 0 }, NULL).code, table[i].code);
    }
    mln_arena_free(arena);
}

static void each_fault_has_its_line(void **state)
{
    static const struct {
        const char *text;
        size_t line;
    } table[] = {
        { "attribute a b xs:float", 1 },
        { "\n\nnothing", 3 },
        { "flexContainer", 1 },
        { "flexContainer tempe t u", 1 },
        { "flexContainer m2m:tempe t u", 1 },
        { "flexContainer :tempe t u", 1 },
        { "flexContainer hd: t u", 1 },
        { "flexContainer hd:t", 1 },
        { "flexContainer hd:t 1t u", 1 },
        { "flexContainer hd:t t", 1 },
        { "flexContainer hd:t t <u>", 1 },
        { "flexContainer hd:t t u v", 1 },
        { "flexContainer hd:t t u\nflexContainer hd:t x y", 2 },
        { "flexContainer hd:t t u\nflexContainer hd:x x u", 2 },
        { "flexContainer hd:t t u\nattribute", 2 },
        { "flexContainer hd:t t u\nattribute a", 2 },
        { "flexContainer hd:t t u\nattribute a b", 2 },
        { "flexContainer hd:t t u\nattribute a b xs:nothing", 2 },
        { "flexContainer hd:t t u\nattribute a b xs:float always", 2 },
        { "flexContainer hd:t t u\nattribute a b xs:float mandatory more", 2 },
        { "flexContainer hd:t t u\nattribute a b xs:float\nattribute a c xs:float", 3 },
        { "flexContainer hd:t t u\nattribute cnd b xs:float", 2 },
        { "flexContainer hd:t t u\nattribute a:b b xs:float", 2 },
        { "flexContainer hd:t t u\nattribute org b xs:float", 2 },
        { "flexContainer hd:tInst t u", 1 },
        { "flexContainer hd:tAnnc t u", 1 },
        { "flexContainer hd:t t u\nattribute lnk b xs:float", 2 },
        { "flexContainer hd:t t u\nchild", 2 },
        { "flexContainer hd:t t u\nchild hd:a hd:b", 2 },
        { "flexContainer hd:t t u\nchild m2m:cnt", 2 },
        { "flexContainer m2m:cnt t u", 1 },
        { "flexContainer m2m:flexContainer t u", 1 },
        { "flexContainer m2m:ajapA t u", 1 },
        { "flexContainer m2m:none t u", 1 },
        { "flexContainer dcfg:datc t u", 1 },
        { "flexContainer m2m:ajap t u\nattribute a b xs:float", 2 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        mln_definitions_free(set);
        assert_int_equal(mln_definitions_new(&limits, &set).code, MLN_ERR_NONE);
        assert_int_equal(read_text(table[i].text, MLN_ERR_CONFIG), table[i].line);
    }
}

/* Names that hash to the same whatever the multiplier are told, not searched for for ever. */
static void names_too_much_alike(void **state)
{
    (void)state;
    assert_int_equal(read_text("flexContainer hd:t t u\n"
                               "attribute abcdefghXXijkl b xs:float\n"
                               "attribute abcdefghYYijkl b xs:float\n"
                               "flexContainer hd:s s v\n",
                               MLN_ERR_CONFIG),
                     1);
}

static void no_more_than_the_limits(void **state)
{
    char text[8192];
    size_t len = 0;

    (void)state;
    assert_int_equal(read_text("flexContainer a:a a a\nflexContainer a:b b b\n"
                               "flexContainer a:c c c\nflexContainer a:d d d",
                               MLN_ERR_LIMIT),
                     4);
    mln_definitions_free(set);
    assert_int_equal(mln_definitions_new(&limits, &set).code, MLN_ERR_NONE);
    len = (size_t)snprintf(text, sizeof text, "flexContainer a:a a a\n");
    for (int i = 0; i < 64; i++) {
        len +=
            (size_t)snprintf(text + len, sizeof text - len, "attribute a%d a%d xs:float\n", i, i);
    }
    assert_true(read_text(text, MLN_ERR_CONFIG) > 30);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_definition_is_a_type),
        T(it_has_an_announced_variant),
        T(specialisations_of_the_tables),
        T(its_instances_have_a_type_of_their_own),
        T(children_that_are_named_are_the_only_ones),
        T(representations_are_checked_by_it),
        T(each_fault_has_its_line),
        T(names_too_much_alike),
        T(no_more_than_the_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
