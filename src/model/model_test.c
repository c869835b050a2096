/* The generated tables: consistent in themselves, and equal to the standard where samples are. */
#include "model/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/model_int.h"

static const struct mln_type *type_of(const char *root)
{
    const struct mln_type *type = mln_model_root(mln_slice_z(root));

    assert_non_null(type);
    return type;
}

static const struct mln_attribute *attribute_of(const char *root, const char *name)
{
    const struct mln_attribute *a = mln_model_attribute(type_of(root), mln_slice_z(name));

    assert_non_null(a);
    return a;
}

static void test_every_type_is_found(void **state)
{
    (void)state;
    for (unsigned id = 0; id < MLN_TYPES; id++) {
        const struct mln_type *t = mln_model_type_at((enum mln_type_id)id);

        if (t->is_virtual) {
            assert_int_equal(t->root.len, 0);
            assert_int_equal(t->ty, 0);
            continue;
        }
        assert_ptr_equal(mln_model_root(t->root), t);
        assert_non_null(mln_model_type(t->ty));
        assert_int_equal(mln_model_type(t->ty)->ty, t->ty);
        assert_true(mln_slice_starts(t->root, MLN_S("m2m:")) ||
                    mln_slice_starts(t->root, MLN_S("dcfg:")));
        assert_int_equal(t->is_announced, t->ty > 10000);
    }
}

static void test_every_attribute_is_found(void **state)
{
    size_t count = 0;

    (void)state;
    for (unsigned id = 0; id < MLN_TYPES; id++) {
        const struct mln_type *t = mln_model_type_at((enum mln_type_id)id);

        for (unsigned i = 0; i < t->attribute_count; i++) {
            const struct mln_attribute *a = &t->attributes[i];

            assert_ptr_equal(mln_model_attribute(t, a->name), a);
            assert_ptr_equal(mln_model_attribute_any(t, a->name), a);
            assert_ptr_equal(mln_model_attribute_any(t, mln_slice_z(a->long_name)), a);
            assert_true(mln_model_is_attribute(a->name));
            assert_true(a->type < MLN_DATATYPES);
            count++;
        }
    }
    assert_true(count > 1400); /* rows of the tables, announced variants come on top */
}

static void test_other_names_are_not_found(void **state)
{
    static const char *const names[] = { "",     "x",    "mn",
                                         "mnii", "MNI",  "maxNrOfInstance",
                                         "pi ",  "m2m:", "longername",
                                         "cnf:", "c",    "cc" };
    const struct mln_type *cnt = type_of("m2m:cnt");

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_null(mln_model_attribute(cnt, mln_slice_z(names[i])));
        assert_null(mln_model_attribute_any(cnt, mln_slice_z(names[i])));
        assert_false(mln_model_is_attribute(mln_slice_z(names[i])));
        assert_null(mln_model_root(mln_slice_z(names[i])));
        assert_null(mln_model_parameter(mln_slice_z(names[i])));
    }
    assert_null(mln_model_root(MLN_S("m2m:la")));
    assert_null(mln_model_root(MLN_S("m2m:cn")));
    assert_null(mln_model_root(MLN_S("cnt")));
    assert_null(mln_model_root(MLN_S("m2m:cntX")));
    assert_null(mln_model_attribute(mln_model_type_at(MLN_TYPE_LA), MLN_S("ri")));
}

/* Any other name than its own must not lead to an attribute by way of the hash. */
static void test_lookups_compare_names(void **state)
{
    const struct mln_type *types[] = { type_of("m2m:cnt"), type_of("m2m:ae"), type_of("m2m:sub") };
    char name[3];

    (void)state;
    for (int a = 'a'; a <= 'z'; a++) {
        for (int b = 'a'; b <= 'z'; b++) {
            name[0] = (char)a;
            name[1] = (char)b;
            for (size_t t = 0; t < 3; t++) {
                const struct mln_attribute *hit =
                    mln_model_attribute(types[t], mln_slice_of(name, 2));

                assert_true(!hit || mln_slice_eq(hit->name, mln_slice_of(name, 2)));
            }
        }
    }
}

static void test_numbers_without_a_type(void **state)
{
    static const uint64_t numbers[] = { 0,     33,    52,    64,    100,   127,
                                        128,   9999,  10000, 10006, 10033, 10064,
                                        10128, 20001, 20002, 65536, 65539, UINT64_MAX };

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_null(mln_model_type(numbers[i]));
    }
}

/* spec: TS-0004 6.3.4.2.1, 8.2.4 */
static void test_numbers_and_names_of_types(void **state)
{
    static const struct {
        unsigned ty;
        const char *root;
        const char *long_name;
    } samples[] = {
        { MLN_TY_ACP, "m2m:acp", "accessControlPolicy" },
        { MLN_TY_AE, "m2m:ae", "AE" },
        { MLN_TY_CNT, "m2m:cnt", "container" },
        { MLN_TY_CIN, "m2m:cin", "contentInstance" },
        { MLN_TY_CB, "m2m:cb", "CSEBase" },
        { MLN_TY_GRP, "m2m:grp", "group" },
        { MLN_TY_NOD, "m2m:nod", "node" },
        { MLN_TY_CSR, "m2m:csr", "remoteCSE" },
        { MLN_TY_SUB, "m2m:sub", "subscription" },
        { MLN_TY_MGMTOBJ, "m2m:mgmtObj", "mgmtObj" },
        { MLN_TY_FLEXCONTAINER, "m2m:flexContainer", "flexContainer" },
        { MLN_TY_CNTA, "m2m:cntA", "containerAnnc" },
        { MLN_TY_MMSA, "m2m:mmsA", "multimediaSessionAnnc" },
    };
    static const unsigned numbers[] = { 1, 2, 3, 4, 5, 9, 14, 16, 23, 13, 28, 10003, 10046 };

    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        const struct mln_type *t = mln_model_type(samples[i].ty);

        assert_int_equal(samples[i].ty, numbers[i]);
        assert_ptr_equal(t, type_of(samples[i].root));
        assert_string_equal(t->long_name, samples[i].long_name);
    }
}

static void test_generated_names(void **state)
{
    const struct mln_type *cnt = mln_model_type_at(MLN_TYPE_CNT);

    (void)state;
    assert_ptr_equal(cnt, mln_model_type(MLN_TY_CNT));
    assert_string_equal(mln_model_attribute(cnt, MLN_AT_MNI)->long_name, "maxNrOfInstances");
    assert_true(mln_slice_eq(mln_model_datatype(MLN_DT_TIMESTAMP)->name, MLN_S("m2m:timestamp")));
    assert_true(
        mln_slice_eq(mln_model_datatype(MLN_DT_LIST_ANY_URI)->name, MLN_S("list of xs:anyURI")));
}

static void test_specialisations_share_a_number(void **state)
{
    (void)state;
    assert_int_equal(type_of("m2m:fwr")->ty, 13);
    assert_int_equal(type_of("m2m:fwr")->definition, 1001);
    assert_int_equal(type_of("m2m:fwrA")->ty, 10013);
    assert_int_equal(type_of("m2m:ajap")->ty, 28);
    assert_int_equal(type_of("m2m:registration")->definition, 1020);
    assert_int_equal(type_of("dcfg:datc")->definition, 1021);
    assert_null(mln_model_root(MLN_S("m2m:datc")));
    assert_null(mln_model_root(MLN_S("dcfg:fwr")));
    assert_null(mln_model_root(MLN_S("datc")));
    assert_string_equal(mln_model_type(13)->long_name, "mgmtObj");
    assert_string_equal(mln_model_type(10028)->long_name, "flexContainerAnnc");
}

static void test_traits_of_types(void **state)
{
    (void)state;
    assert_true(type_of("m2m:cnt")->has_acpi);
    assert_true(type_of("m2m:cnt")->has_st);
    assert_true(type_of("m2m:cnt")->has_et);
    assert_false(type_of("m2m:cnt")->in_cse_only);
    assert_false(type_of("m2m:acp")->has_acpi);
    assert_false(type_of("m2m:cin")->has_acpi);
    assert_true(type_of("m2m:cin")->has_st);
    assert_false(type_of("m2m:cb")->has_et);
    assert_true(type_of("m2m:cb")->has_acpi);
    assert_false(type_of("m2m:ae")->has_st);
    assert_true(type_of("m2m:evcg")->in_cse_only);
    assert_true(type_of("m2m:cntA")->is_announced);
    assert_false(type_of("m2m:flexContainerAnnc")->has_st); /* a copy, not counted here */
    assert_true(mln_model_type_at(MLN_TYPE_LA)->is_virtual);
}

/* spec: TS-0004 7.4.6, 7.4.7, 7.4.5, 7.4.8 */
static const struct {
    const char *root;
    const char *name;
    int type;
    int least;
    enum mln_presence create;
    enum mln_presence update;
    enum mln_slot slot;
} attribute_samples[] = {
    { "m2m:cnt", "mni", MLN_DT_NON_NEGATIVE_INTEGER, 0, MLN_PRESENCE_OPTIONAL,
      MLN_PRESENCE_OPTIONAL, MLN_SLOT_ATTRS },
    { "m2m:cnt", "cni", MLN_DT_NON_NEGATIVE_INTEGER, 1, MLN_PRESENCE_FORBIDDEN,
      MLN_PRESENCE_FORBIDDEN, MLN_SLOT_COUNT },
    { "m2m:cnt", "cbs", MLN_DT_NON_NEGATIVE_INTEGER, 1, MLN_PRESENCE_FORBIDDEN,
      MLN_PRESENCE_FORBIDDEN, MLN_SLOT_BYTES },
    { "m2m:cnt", "rn", MLN_DT_RESOURCE_NAME, 1, MLN_PRESENCE_OPTIONAL, MLN_PRESENCE_FORBIDDEN,
      MLN_SLOT_RN },
    { "m2m:cnt", "et", MLN_DT_TIMESTAMP, 1, MLN_PRESENCE_OPTIONAL, MLN_PRESENCE_OPTIONAL,
      MLN_SLOT_ET },
    { "m2m:cnt", "cr", MLN_DT_ID, 0, MLN_PRESENCE_OPTIONAL, MLN_PRESENCE_FORBIDDEN, MLN_SLOT_CR },
    { "m2m:cnt", "st", MLN_DT_NON_NEGATIVE_INTEGER, 1, MLN_PRESENCE_FORBIDDEN,
      MLN_PRESENCE_FORBIDDEN, MLN_SLOT_ST },
    { "m2m:cin", "con", MLN_DT_ANY_TYPE, 1, MLN_PRESENCE_MANDATORY, MLN_PRESENCE_FORBIDDEN,
      MLN_SLOT_ATTRS },
    { "m2m:cin", "cs", MLN_DT_NON_NEGATIVE_INTEGER, 1, MLN_PRESENCE_FORBIDDEN,
      MLN_PRESENCE_FORBIDDEN, MLN_SLOT_BYTES },
    { "m2m:ae", "api", MLN_DT_STRING, 1, MLN_PRESENCE_MANDATORY, MLN_PRESENCE_FORBIDDEN,
      MLN_SLOT_ATTRS },
    { "m2m:ae", "rr", MLN_DT_BOOLEAN, 1, MLN_PRESENCE_MANDATORY, MLN_PRESENCE_OPTIONAL,
      MLN_SLOT_ATTRS },
    { "m2m:ae", "srv", MLN_DT_SUPPORTED_RELEASE_VERSIONS, 0, MLN_PRESENCE_MANDATORY,
      MLN_PRESENCE_OPTIONAL, MLN_SLOT_ATTRS },
    { "m2m:sub", "nu", MLN_DT_LIST_1_N_ANY_URI, 1, MLN_PRESENCE_MANDATORY, MLN_PRESENCE_OPTIONAL,
      MLN_SLOT_ATTRS },
    { "m2m:ts", "cni", MLN_DT_NON_NEGATIVE_INTEGER, 1, MLN_PRESENCE_FORBIDDEN,
      MLN_PRESENCE_FORBIDDEN, MLN_SLOT_COUNT },
    { "m2m:bat", "btl", MLN_DT_UNSIGNED_INT_0_100, 1, MLN_PRESENCE_MANDATORY, MLN_PRESENCE_OPTIONAL,
      MLN_SLOT_ATTRS },
    { "m2m:cb", "csi", MLN_DT_ID, 1, MLN_PRESENCE_FORBIDDEN, MLN_PRESENCE_FORBIDDEN,
      MLN_SLOT_ATTRS },
    /* announced: TS-0004 7.4.26.1 */
    { "m2m:cntA", "lnk", MLN_DT_ANY_URI, 1, MLN_PRESENCE_MANDATORY, MLN_PRESENCE_OPTIONAL,
      MLN_SLOT_ATTRS },
    { "m2m:cntA", "mni", MLN_DT_NON_NEGATIVE_INTEGER, 0, MLN_PRESENCE_OPTIONAL,
      MLN_PRESENCE_OPTIONAL, MLN_SLOT_ATTRS },
    { "m2m:cntA", "st", MLN_DT_NON_NEGATIVE_INTEGER, 0, MLN_PRESENCE_OPTIONAL,
      MLN_PRESENCE_OPTIONAL, MLN_SLOT_ATTRS },
    { "m2m:acpA", "pv", MLN_DT_SET_OF_ACRS, 1, MLN_PRESENCE_MANDATORY, MLN_PRESENCE_OPTIONAL,
      MLN_SLOT_ATTRS },
    { "m2m:aeA", "srv", MLN_DT_SUPPORTED_RELEASE_VERSIONS, 0, MLN_PRESENCE_OPTIONAL,
      MLN_PRESENCE_OPTIONAL, MLN_SLOT_ATTRS },
};

static void test_rules_of_attributes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof attribute_samples / sizeof attribute_samples[0]; i++) {
        const struct mln_attribute *a =
            attribute_of(attribute_samples[i].root, attribute_samples[i].name);

        assert_int_equal(a->type, attribute_samples[i].type);
        assert_int_equal(a->least, attribute_samples[i].least);
        assert_int_equal(a->create, attribute_samples[i].create);
        assert_int_equal(a->update, attribute_samples[i].update);
        assert_int_equal(a->slot, attribute_samples[i].slot);
    }
    assert_null(mln_model_attribute(type_of("m2m:cntA"), MLN_S("cni")));
    assert_null(mln_model_attribute(type_of("m2m:aeA"), MLN_S("st")));
    assert_null(mln_model_attribute(type_of("m2m:cin"), MLN_S("acpi")));
    assert_int_equal(attribute_of("m2m:cnt", "et")->announced, MLN_ANNOUNCED_MANDATORY);
    assert_int_equal(attribute_of("m2m:cnt", "mni")->announced, MLN_ANNOUNCED_OPTIONAL);
    assert_int_equal(attribute_of("m2m:cnt", "cni")->announced, MLN_ANNOUNCED_NOT);
}

static void test_what_is_unbuilt(void **state)
{
    static const char *const unbuilt[][2] = {
        { "m2m:cml", "at" },   { "m2m:cml", "aa" },   { "m2m:cnt", "daci" }, { "m2m:sub", "daci" },
        { "m2m:acp", "adri" }, { "m2m:acp", "apri" }, { "m2m:acp", "airi" }, { "m2m:tsb", "bcnt" },
        { "m2m:tsb", "bcnr" }, { "m2m:ae", "tren" },  { "m2m:ae", "ape" },   { "m2m:ae", "scp" },
        { "m2m:ae", "tri" },   { "m2m:ae", "trn" },   { "m2m:ae", "mei" },
    };
    static const char *const built[][2] = {
        { "m2m:ae", "or" },   { "m2m:grp", "gn" },   { "m2m:ae", "apn" },   { "m2m:ae", "nl" },
        { "m2m:ae", "csz" },  { "m2m:ae", "srv" },   { "m2m:ae", "poa" },   { "m2m:sub", "gpi" },
        { "m2m:sub", "su" },  { "m2m:nod", "mgca" }, { "m2m:cin", "conr" }, { "m2m:cnt", "disr" },
        { "m2m:cnt", "at" },  { "m2m:cnt", "aa" },   { "m2m:sub", "acrs" }, { "m2m:crs", "nse" },
        { "m2m:ae", "regs" }, { "m2m:ae", "trps" },  { "m2m:ae", "esi" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof unbuilt / sizeof unbuilt[0]; i++) {
        assert_true(attribute_of(unbuilt[i][0], unbuilt[i][1])->is_unbuilt);
    }
    for (size_t i = 0; i < sizeof built / sizeof built[0]; i++) {
        assert_false(attribute_of(built[i][0], built[i][1])->is_unbuilt);
    }
}

/* spec: TS-0004 7.4.3, 7.4.5, 7.4.6, 7.4.7 */
static void test_children(void **state)
{
    const struct mln_type *cb = type_of("m2m:cb");
    const struct mln_type *cnt = type_of("m2m:cnt");
    const struct mln_type *cin = type_of("m2m:cin");

    (void)state;
    assert_true(mln_model_may_contain(cb, MLN_TY_AE));
    assert_true(mln_model_may_contain(cb, MLN_TY_CNT));
    assert_true(mln_model_may_contain(cb, MLN_TY_ACP));
    assert_false(mln_model_may_contain(cb, MLN_TY_CB));
    assert_false(mln_model_may_contain(cb, MLN_TY_CIN));
    assert_true(mln_model_may_contain(cnt, MLN_TY_CNT));
    assert_true(mln_model_may_contain(cnt, MLN_TY_CIN));
    assert_true(mln_model_may_contain(cnt, MLN_TY_SUB));
    assert_false(mln_model_may_contain(cnt, MLN_TY_AE));
    assert_false(mln_model_may_contain(cin, MLN_TY_CNT));
    assert_false(mln_model_may_contain(cin, MLN_TY_SUB));
    assert_true(mln_model_may_contain(type_of("m2m:nod"), MLN_TY_MGMTOBJ));
    assert_true(mln_model_may_contain(type_of("m2m:cntA"), MLN_TY_CINA));
    assert_false(mln_model_may_contain(mln_model_type_at(MLN_TYPE_LA), MLN_TY_CIN));
    for (unsigned id = 0; id < MLN_TYPES; id++) {
        const struct mln_type *t = mln_model_type_at((enum mln_type_id)id);

        for (unsigned i = 0; i < t->child_count; i++) {
            assert_non_null(mln_model_type(t->children[i]));
            assert_true(mln_model_may_contain(t, t->children[i]));
            assert_true(i == 0 || t->children[i - 1] < t->children[i]);
        }
    }
}

static void check_datatype(const struct mln_datatype *t)
{
    size_t count;
    const struct mln_member *members = mln_model_members(t, &count);

    assert_true(count <= 64);
    assert_int_equal(count > 0, t->form == MLN_FORM_COMPLEX);
    for (size_t i = 0; i < count; i++) {
        assert_true(members[i].type < MLN_DATATYPES);
        assert_true(members[i].name.len > 0);
    }
    if (t->form == MLN_FORM_LIST) {
        assert_true(t->item < MLN_DATATYPES);
    }
    if (t->form == MLN_FORM_INTEGER) {
        assert_true(t->min <= 0 || (uint64_t)t->min <= t->max);
    }
}

static void test_datatypes_are_consistent(void **state)
{
    size_t count;

    (void)state;
    for (unsigned id = 0; id < MLN_DATATYPES; id++) {
        const struct mln_datatype *t = mln_model_datatype((enum mln_datatype_id)id);
        const int32_t *values = mln_model_enum(t, &count);

        check_datatype(t);
        assert_true(count > 0 || t->form != MLN_FORM_ENUM);
        for (size_t i = 0; i < count; i++) {
            assert_true(i == 0 || values[i - 1] < values[i]);
            assert_non_null(mln_model_enum_name((enum mln_datatype_id)id, values[i]));
        }
        (void)mln_model_union(t, &count);
        assert_int_equal(count > 1, t->form == MLN_FORM_UNION);
    }
}

static void test_enumerations(void **state)
{
    const struct mln_datatype *acop = mln_model_datatype(MLN_DT_ACCESS_CONTROL_OPERATIONS);

    (void)state;
    assert_string_equal(mln_model_enum_name(MLN_DT_CONSISTENCY_STRATEGY, 1), "ABANDON_MEMBER");
    assert_string_equal(mln_model_enum_name(MLN_DT_FILTER_OPERATION, 3), "Logical XOR");
    assert_string_equal(mln_model_enum_name(MLN_DT_ACCESS_CONTROL_OPERATIONS, 32), "DISCOVERY");
    assert_string_equal(mln_model_enum_name(MLN_DT_RESPONSE_STATUS_CODE, 4004), "NOT_FOUND");
    assert_null(mln_model_enum_name(MLN_DT_CONSISTENCY_STRATEGY, 0));
    assert_null(mln_model_enum_name(MLN_DT_RESOURCE_TYPE, 33)); /* void */
    assert_null(mln_model_enum_name(MLN_DT_TIMESTAMP, 1));
    assert_int_equal(acop->form, MLN_FORM_INTEGER);
    assert_int_equal(acop->min, 1);
    assert_int_equal(acop->max, 63);
}

static void test_parameters(void **state)
{
    size_t count;
    const struct mln_parameter *all = mln_model_parameters(&count);

    (void)state;
    assert_int_equal(count, 31); /* 30 of the standard and atrl */
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(mln_model_parameter(all[i].name), &all[i]);
    }
    assert_int_equal(mln_model_parameter(MLN_S("ty"))->presence[0], MLN_PRESENCE_MANDATORY);
    assert_int_equal(mln_model_parameter(MLN_S("ty"))->presence[1], MLN_PRESENCE_FORBIDDEN);
    assert_int_equal(mln_model_parameter(MLN_S("fc"))->presence[0], MLN_PRESENCE_FORBIDDEN);
    assert_int_equal(mln_model_parameter(MLN_S("rcn"))->presence[4], MLN_PRESENCE_FORBIDDEN);
    assert_int_equal(mln_model_parameter(MLN_S("atrl"))->presence[1], MLN_PRESENCE_OPTIONAL);
    assert_int_equal(mln_model_parameter(MLN_S("atrl"))->presence[0], MLN_PRESENCE_FORBIDDEN);
    assert_false(mln_model_parameter(MLN_S("tkns"))->is_unbuilt);
    assert_true(mln_model_parameter(MLN_S("asi"))->is_unbuilt);
    assert_false(mln_model_parameter(MLN_S("rqet"))->is_unbuilt);
}

/* spec: TS-0001 8.1.2, Table 8.1.2-1: a row per value, columns C R U D N and discovery; 'd' is the
 * default, 'v' valid */
static void test_result_content(void **state)
{
    static const char *const table[MLN_RCN_LAST + 1] = {
        "v-vd--", "dddv--", "v-----", "v-----", "-v-v--", "-v-v--",
        "-v-v-v", "-v----", "-v-v--", "v-v---", "-v----", "-----d",
    };
    static const int defaults[] = { 1, 1, 1, 0 };

    (void)state;
    for (unsigned rcn = 0; rcn <= MLN_RCN_LAST; rcn++) {
        for (unsigned op = 1; op <= 5; op++) {
            assert_int_equal(mln_model_rcn_allowed(op, false, rcn), table[rcn][op - 1] != '-');
        }
        assert_int_equal(mln_model_rcn_allowed(2, true, rcn), table[rcn][5] != '-');
    }
    for (unsigned op = 1; op <= 4; op++) {
        assert_int_equal(mln_model_rcn_default(op, false), defaults[op - 1]);
    }
    assert_int_equal(mln_model_rcn_default(2, true), 11);
    assert_int_equal(mln_model_rcn_default(5, false), 0);
    assert_false(mln_model_rcn_allowed(2, false, 12));
    assert_false(mln_model_rcn_allowed(2, false, UINT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_is_found),
        cmocka_unit_test(test_every_attribute_is_found),
        cmocka_unit_test(test_other_names_are_not_found),
        cmocka_unit_test(test_lookups_compare_names),
        cmocka_unit_test(test_numbers_without_a_type),
        cmocka_unit_test(test_numbers_and_names_of_types),
        cmocka_unit_test(test_generated_names),
        cmocka_unit_test(test_specialisations_share_a_number),
        cmocka_unit_test(test_traits_of_types),
        cmocka_unit_test(test_rules_of_attributes),
        cmocka_unit_test(test_what_is_unbuilt),
        cmocka_unit_test(test_children),
        cmocka_unit_test(test_datatypes_are_consistent),
        cmocka_unit_test(test_enumerations),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_result_content),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
