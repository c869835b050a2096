/* Tests of inner primitives. */
#include "e2e/inner.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "codec/json.h"
#include "model/pack.h"

static struct mln_arena *arena;
static struct mln_limits limits;

static int set_up(void **state)
{
    (void)state;
    mln_limits_default(&limits);
    arena = mln_arena_new(4 << 20);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

static struct mln_value *json(const char *text)
{
    struct mln_value *v = NULL;

    assert_false(mln_failed(mln_json_read(mln_slice_z(text), &limits, arena, &v, NULL)));
    return v;
}

#define REQUEST                                                                                    \
    "{\"op\":1,\"to\":\"/cse1/c\",\"fr\":\"/cse2/C1\",\"rqi\":\"r1\",\"rvi\":\"3\",\"ty\":4,"      \
    "\"pc\":{\"m2m:cin\":{\"con\":\"21\",\"lbl\":[\"a\",\"b\"]}}}"

/* SEC-EPR-20: in each serialisation what was written is read. */
static void carries_requests_in_each_form(void **state)
{
    const struct mln_serialisation *form;

    (void)state;
    for (size_t i = 0; (form = mln_serialisation_at(i)); i++) {
        const struct mln_serialisation *used = form;
        struct mln_slice text = { 0 };
        struct mln_value *v = NULL;

        assert_false(mln_failed(mln_inner_write_request(&used, json(REQUEST), arena, 4096, &text)));
        assert_ptr_equal(used, form);
        assert_false(mln_failed(mln_inner_read_request(form, text, &limits, arena, &v, NULL)));
        assert_true(mln_value_eq(v, json(REQUEST)));
    }
}

static void writes_json_without_a_root(void **state)
{
    const struct mln_serialisation *form = mln_serialisation_at(0);
    struct mln_slice text = { 0 };

    (void)state;
    assert_false(mln_failed(mln_inner_write_request(&form, json(REQUEST), arena, 4096, &text)));
    assert_true(mln_slice_eq(text, MLN_S(REQUEST)));
    assert_int_equal(mln_inner_write_request(&form, json(REQUEST), arena, 16, &text).code,
                     MLN_ERR_LIMIT);
}

static void carries_responses_in_each_form(void **state)
{
    static const struct mln_local_token token = { { "l1", 2 }, { "t1@x.example", 12 } };
    static const char expected[] =
        "{\"rsc\":2001,\"rqi\":\"r1\",\"pc\":{\"m2m:uri\":\"cse/x\"},\"to\":\"/cse2/C1\","
        "\"fr\":\"/cse1\",\"cnst\":1,\"cnot\":7,\"ati\":{\"ltia\":[{\"lti\":\"l1\","
        "\"tkid\":\"t1@x.example\"}]},\"rvi\":\"3\",\"vsi\":\"v\"}";
    struct mln_response r = { .rsc = MLN_RSC_CREATED,
                              .rqi = MLN_S("r1"),
                              .rvi = MLN_S("3"),
                              .vsi = MLN_S("v"),
                              .to = MLN_S("/cse2/C1"),
                              .fr = MLN_S("/cse1"),
                              .content_status = MLN_CONTENT_PARTIAL,
                              .content_offset = 7,
                              .ati = &token,
                              .ati_count = 1 };
    const struct mln_serialisation *form;
    struct mln_slice text = { 0 };
    struct mln_buf pc;

    (void)state;
    mln_buf_init(&pc, arena, 1000);
    mln_pack_value(&pc, json("{\"m2m:uri\":\"cse/x\"}"));
    assert_false(mln_failed(mln_buf_finish(&pc, &r.pc)));
    for (size_t i = 0; (form = mln_serialisation_at(i)); i++) {
        const struct mln_serialisation *used = form;
        struct mln_value *v = NULL;

        assert_false(mln_failed(mln_inner_write_response(&used, &r, arena, 4096, &text)));
        assert_ptr_equal(used, form);
        if (i == 0) {
            assert_true(mln_slice_eq(text, mln_slice_z(expected)));
        }
        assert_false(mln_failed(mln_inner_read_response(form, text, &limits, arena, &v, NULL)));
        assert_true(mln_value_eq(v, json(expected)));
    }
}

static void says_only_what_there_is(void **state)
{
    struct mln_response r = { .rsc = MLN_RSC_NOT_FOUND, .rqi = MLN_S("r1"), .rvi = MLN_S("3") };
    const struct mln_serialisation *form = mln_serialisation_at(0);
    struct mln_slice text = { 0 };

    (void)state;
    assert_false(mln_failed(mln_inner_write_response(&form, &r, arena, 4096, &text)));
    assert_true(mln_slice_eq(text, MLN_S("{\"rsc\":4004,\"rqi\":\"r1\",\"rvi\":\"3\"}")));
}

/* SEC-EPR-19; and the root that some write. */
static void leaves_out_what_counts_outside_only(void **state)
{
    static const char *const texts[] = {
        "{\"op\":2,\"to\":\"c\",\"rt\":{\"rtv\":1},\"ec\":3,\"da\":true}",
        "{\"m2m:rqp\":{\"ec\":2,\"op\":2,\"to\":\"c\"}}",
    };
    struct mln_value *v = NULL;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_false(mln_failed(mln_inner_read_request(
            mln_serialisation_at(0), mln_slice_z(texts[i]), &limits, arena, &v, NULL)));
        assert_true(mln_value_eq(v, json("{\"op\":2,\"to\":\"c\"}")));
    }
}

static void refuses_what_is_no_primitive(void **state)
{
    static const char *const requests[] = {
        "", "{", "[]", "7", "{} {}", "{\"m2m:rqp\":[]}", "{\"m2m:rqp\":{},\"op\":2}",
    };
    static const char *const responses[] = {
        "",
        "[]",
        "{}",
        "{\"rsc\":2000}",
        "{\"rqi\":\"r\"}",
        "{\"rsc\":\"2000\",\"rqi\":\"r\"}",
        "{\"rsc\":2000,\"rqi\":7}",
        "{\"m2m:rsp\":{\"rsc\":2000,\"rqi\":\"r\"},\"x\":1}",
    };
    const struct mln_serialisation *form = mln_serialisation_at(0);
    struct mln_fault fault = { 0 };
    struct mln_value *v = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        assert_int_equal(
            mln_inner_read_request(form, mln_slice_z(requests[i]), &limits, arena, &v, &fault).code,
            MLN_ERR_SYNTAX);
    }
    for (size_t i = 0; i < sizeof responses / sizeof *responses; i++) {
        assert_int_equal(
            mln_inner_read_response(form, mln_slice_z(responses[i]), &limits, arena, &v, &fault)
                .code,
            MLN_ERR_SYNTAX);
    }
    for (size_t i = 1; mln_serialisation_at(i); i++) {
        assert_int_equal(mln_inner_read_request(mln_serialisation_at(i), MLN_S("\xff<{"), &limits,
                                                arena, &v, &fault)
                             .code,
                         MLN_ERR_SYNTAX);
    }
    /* nothing of the text: it was secret */
    mln_fault_clear(&fault);
    assert_int_equal(
        mln_inner_read_request(form, MLN_S("{\"secret\":}"), &limits, arena, &v, &fault).code,
        MLN_ERR_SYNTAX);
    assert_string_equal(fault.text, "inner primitive: it cannot be parsed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(carries_requests_in_each_form),       T(writes_json_without_a_root),
        T(carries_responses_in_each_form),      T(says_only_what_there_is),
        T(leaves_out_what_counts_outside_only), T(refuses_what_is_no_primitive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
