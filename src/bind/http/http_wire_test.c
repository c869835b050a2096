/* Request messages to parameters. */
#include "bind/http/http_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/json.h"

enum { FIELDS_MAX = 20 };

static struct mln_limits limits;
static struct mln_arena *arena;
static struct mln_fault fault;
static struct mln_http_primitive primitive;
static struct mln_http_request message;
static struct mln_field fields[FIELDS_MAX];

static int set_up(void **state)
{
    (void)state;
    mln_limits_default(&limits);
    arena = mln_arena_new(4 << 20);
    return arena == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    mln_arena_free(arena);
    return 0;
}

/* A message for /a: fields as "Name: value" lines with '\n', body "{}" when has_body. */
static mln_err read_message(enum mln_http_method method, const char *lines, bool has_body)
{
    struct mln_slice rest = mln_slice_z(lines);

    mln_arena_reset(arena);
    mln_fault_clear(&fault);
    message =
        (struct mln_http_request){ .method = method, .target = MLN_S("/a"), .fields = fields };
    if (has_body) {
        message.body = MLN_S("{}");
    }
    while (rest.len) {
        struct mln_slice line = mln_slice_cut(&rest, '\n');
        struct mln_slice name = mln_slice_cut(&line, ':');

        assert_true(message.field_count < FIELDS_MAX);
        fields[message.field_count++] = (struct mln_field){ name, mln_slice_trim(line) };
    }
    return mln_http_wire_read_request(&message, &limits, arena, &primitive, &fault);
}

static bool is_answer_type(const char *type)
{
    return mln_slice_eq(primitive.answer->types[primitive.answer_type], mln_slice_z(type));
}

static void expect(enum mln_http_method method, const char *lines, bool has_body, const char *json)
{
    struct mln_slice got = { 0 };
    struct mln_buf out;
    mln_err err = read_message(method, lines, has_body);

    if (mln_failed(err)) {
        fail_msg("%s: %s: %s", lines, mln_err_text(err), fault.text);
    }
    mln_buf_init(&out, arena, 1 << 20);
    mln_json_write_value(&out, primitive.params, false);
    assert_false(mln_failed(mln_buf_finish(&out, &got)));
    if (!mln_slice_eq(got, mln_slice_z(json))) {
        fail_msg("%s:\n  %.*s in place of\n  %s", lines, MLN_S_ARG(got), json);
    }
}

static void refuse(enum mln_http_method method, const char *lines, bool has_body,
                   enum mln_err_code code)
{
    mln_err err = read_message(method, lines, has_body);

    if (err.code != code) {
        fail_msg("%s: %s", lines, mln_err_name(err));
    }
    assert_true(fault.text[0] != '\0');
}

/* spec: TS-0009 6.2.1 */
static void maps_methods(void **state)
{
    (void)state;
    expect(MLN_HTTP_GET, "", false, "{\"to\":\"a\",\"op\":2}");
    expect(MLN_HTTP_PUT, "Content-Type: application/json", true, "{\"to\":\"a\",\"op\":3}");
    expect(MLN_HTTP_DELETE, "", false, "{\"to\":\"a\",\"op\":4}");
    expect(MLN_HTTP_POST, "Content-Type: application/json; ty=3", true,
           "{\"to\":\"a\",\"op\":1,\"ty\":3}");
    expect(MLN_HTTP_POST, "Content-Type: application/vnd.onem2m-res+json;ty=28", false,
           "{\"to\":\"a\",\"op\":1,\"ty\":28}");
    expect(MLN_HTTP_POST, "Content-Type: application/vnd.onem2m-ntfy+json", true,
           "{\"to\":\"a\",\"op\":5}");
    expect(MLN_HTTP_POST, "", false, "{\"to\":\"a\",\"op\":5}");
    refuse(MLN_HTTP_HEAD, "", false, MLN_ERR_OPERATION);
    refuse(MLN_HTTP_OPTIONS, "", false, MLN_ERR_OPERATION);
    refuse(MLN_HTTP_PATCH, "", false, MLN_ERR_OPERATION);
    refuse(MLN_HTTP_TRACE, "", false, MLN_ERR_OPERATION);
    refuse(MLN_HTTP_CONNECT, "", false, MLN_ERR_OPERATION);
    refuse(MLN_HTTP_OTHER, "", false, MLN_ERR_NOT_IMPLEMENTED);
}

/* spec: TS-0009 6.4 */
static void maps_fields(void **state)
{
    (void)state;
    expect(MLN_HTTP_GET,
           "X-M2M-Origin: CAdmin\nx-m2m-ri: 12 34\nX-M2M-GID: g\nX-M2M-RVI: 3\nX-M2M-VSI: v", false,
           "{\"to\":\"a\",\"fr\":\"CAdmin\",\"rqi\":\"12 34\",\"gid\":\"g\",\"rvi\":\"3\","
           "\"vsi\":\"v\",\"op\":2}");
    expect(MLN_HTTP_GET,
           "X-M2M-OT: 20260101T000000\nX-M2M-RST: 20270101T000000\nX-M2M-RET: 3600000\n"
           "X-M2M-OET: 20270101T000000,5\nX-M2M-EC: 4",
           false,
           "{\"to\":\"a\",\"ot\":\"20260101T000000\",\"rset\":\"20270101T000000\","
           "\"rqet\":3600000,\"oet\":\"20270101T000000,5\",\"ec\":4,\"op\":2}");
    expect(MLN_HTTP_GET, "X-M2M-RTU: http://a&http://b", false,
           "{\"to\":\"a\",\"rt\":{\"nu\":[\"http://a\",\"http://b\"]},\"op\":2}");
    expect(MLN_HTTP_GET, "X-M2M-AS: abc==+ def==", false,
           "{\"to\":\"a\",\"aus\":[\"abc==\",\"def==\"],\"op\":2}");
    expect(MLN_HTTP_GET, "X-M2M-Origin:", false, "{\"to\":\"a\",\"op\":2}");
    expect(MLN_HTTP_GET, "X-Unknown: 1\nX-Unknown: \xff\nUser-Agent: x", false,
           "{\"to\":\"a\",\"op\":2}");
    assert_true(mln_slice_eq(primitive.rqi, MLN_S("")));
}

static void response_type_comes_from_query_and_field(void **state)
{
    struct mln_field field = { MLN_S("X-M2M-RTU"), MLN_S("http://a") };
    struct mln_value *rt;

    (void)state;
    mln_arena_reset(arena);
    message =
        (struct mln_http_request){ .target = MLN_S("/a?rt=2"), .fields = &field, .field_count = 1 };
    assert_false(
        mln_failed(mln_http_wire_read_request(&message, &limits, arena, &primitive, &fault)));
    rt = mln_value_get(primitive.params, MLN_S("rt"));
    assert_non_null(mln_value_get(rt, MLN_S("rtv")));
    assert_non_null(mln_value_get(rt, MLN_S("nu")));
}

/* SEC-BND-01, SEC-BND-08 */
static void reads_tokens_and_ignores_schemes(void **state)
{
    (void)state;
    expect(MLN_HTTP_GET, "Authorization: eyJ0.eyJp.dBj+ eyJ0.eyJp.dBj.5eym.Sdiw", false,
           "{\"to\":\"a\",\"tkns\":[\"eyJ0.eyJp.dBj\",\"eyJ0.eyJp.dBj.5eym.Sdiw\"],\"op\":2}");
    expect(MLN_HTTP_GET, "Authorization: Bearer eyJ0.eyJp.dBj", false, "{\"to\":\"a\",\"op\":2}");
    expect(MLN_HTTP_GET, "Authorization: Basic QWxhZGRpbg==", false, "{\"to\":\"a\",\"op\":2}");
    expect(MLN_HTTP_GET, "Authorization:", false, "{\"to\":\"a\",\"op\":2}");
    refuse(MLN_HTTP_GET, "Authorization: a.b.c\nAuthorization: a.b.c", false,
           MLN_ERR_PARAM_INVALID);
}

static void refuses_bad_fields(void **state)
{
    char line[600];

    (void)state;
    refuse(MLN_HTTP_GET, "X-M2M-RI: 1\nx-m2m-ri: 1", false, MLN_ERR_PARAM_INVALID);
    refuse(MLN_HTTP_GET, "Content-Type: application/json\nContent-Type: application/json", true,
           MLN_ERR_PARAM_INVALID);
    refuse(MLN_HTTP_GET, "X-M2M-RI: \xff", false, MLN_ERR_PARAM_INVALID);
    refuse(MLN_HTTP_GET, "X-M2M-Origin: \xc0\xaf", false, MLN_ERR_PARAM_INVALID);
    refuse(MLN_HTTP_GET, "X-M2M-OT: yesterday", false, MLN_ERR_PARAM_INVALID);
    refuse(MLN_HTTP_GET, "X-M2M-RET: 1h", false, MLN_ERR_PARAM_INVALID);
    refuse(MLN_HTTP_GET, "X-M2M-EC: x", false, MLN_ERR_PARAM_INVALID);
    refuse(MLN_HTTP_GET, "X-M2M-EC:", false, MLN_ERR_PARAM_INVALID);
    refuse(MLN_HTTP_GET, "X-M2M-RTU: &", false, MLN_ERR_PARAM_INVALID);
    (void)snprintf(line, sizeof line, "X-M2M-RI: %0*d", (int)limits.identifier_bytes, 0);
    assert_false(mln_failed(read_message(MLN_HTTP_GET, line, false)));
    (void)snprintf(line, sizeof line, "X-M2M-RI: %0*d", (int)limits.identifier_bytes + 1, 0);
    refuse(MLN_HTTP_GET, line, false, MLN_ERR_LIMIT);
}

static void keeps_identifiers_for_error_answers(void **state)
{
    (void)state;
    refuse(MLN_HTTP_GET, "X-M2M-EC: x\nX-M2M-RI: 77\nX-M2M-RVI: 3", false, MLN_ERR_PARAM_INVALID);
    assert_true(mln_slice_eq(primitive.rqi, MLN_S("77")));
    assert_true(mln_slice_eq(primitive.rvi, MLN_S("3")));
    assert_true(is_answer_type("application/json"));
}

/* spec: TS-0009 6.4.3, TS-0004 6.7 */
static void checks_content_types(void **state)
{
    static const char *const good[] = {
        "Content-Type: application/json",
        "Content-Type: APPLICATION/JSON; charset=UTF-8",
        "Content-Type: application/json;charset=\"utf-8\";;x=y",
        "Content-Type: application/vnd.onem2m-res+json",
        "Content-Type: application/vnd.onem2m-ntfy+json",
        "Content-Type: application/vnd.onem2m-preq+json",
        "Content-Type: application/vnd.onem2m-prsp+json",
    };
    static const char *const unsupported[] = {
        "Content-Type: application/yaml",
        "Content-Type: text/xml",
        "Content-Type: application/vnd.onem2m-res+yaml;ty=3",
        "Content-Type: application/vnd.onem2m-res;ty=3",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Type: text/plain",
        "Content-Type: */*",
        "Content-Type: json",
        "Content-Type:",
        "Content-Type: application/json;charset=latin-1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_false(mln_failed(read_message(MLN_HTTP_PUT, good[i], true)));
    }
    for (size_t i = 0; i < sizeof unsupported / sizeof *unsupported; i++) {
        refuse(MLN_HTTP_POST, unsupported[i], true, MLN_ERR_MEDIA_TYPE);
    }
    refuse(MLN_HTTP_POST, "X-M2M-RI: 1", true, MLN_ERR_PARAM_INVALID); /* missing */
    refuse(MLN_HTTP_POST, "Content-Type: application/json;ty=", true, MLN_ERR_PARAM_INVALID);
    refuse(MLN_HTTP_POST, "Content-Type: application/json;ty=x", true, MLN_ERR_PARAM_INVALID);
    refuse(MLN_HTTP_POST, "Content-Type: application/json;ty=-1", true, MLN_ERR_PARAM_INVALID);
    refuse(MLN_HTTP_POST, "Content-Type: application/json;ty=3;ty=3", true, MLN_ERR_PARAM_INVALID);
    /* with nothing of that type there is nothing to refuse */
    expect(MLN_HTTP_GET, "Content-Type: application/xml;ty=4", false, "{\"to\":\"a\",\"op\":2}");
}

/* spec: TS-0009 6.4.2, RFC9110 12.5.1 */
static void chooses_the_type_of_the_answer(void **state)
{
    static const char *const json[] = {
        "",
        "Accept: */*",
        "Accept: application/*",
        "Accept: application/json",
        "Accept: Application/JSON;q=0.1",
        "Accept: text/html, application/xml;q=0.7, */*;q=0.8",
        "Accept: application/cbor, application/xml, application/json",
        "Accept: application/vnd.onem2m-res+json, application/json",
        "Accept: application/vnd.onem2m-res+json;q=0.5, application/json;q=0.6",
        "Accept: text/html\nAccept: application/json",
        "Accept: application/vnd.onem2m-res+json;q=0, */*",
        "Accept: application/json ; q=1.000",
    };
    static const char *const resource[] = {
        "Accept: application/vnd.onem2m-res+json",
        "Accept: application/yaml, application/vnd.onem2m-res+json;q=0.3",
        "Accept: application/json;q=0.5, application/vnd.onem2m-res+json",
        "Accept: application/json;q=0, application/*",
    };
    static const char *const others[][2] = {
        { "Accept: application/xml", "application/xml" },
        { "Accept: application/cbor", "application/cbor" },
        { "Accept: application/vnd.onem2m-res+cbor", "application/vnd.onem2m-res+cbor" },
        { "Accept: application/vnd.onem2m-res+xml, */*;q=0.1", "application/vnd.onem2m-res+xml" },
        { "Accept: text/html, application/xml;q=0.9, */*;q=0.8", "application/xml" },
        { "Accept: application/json;q=0.2, application/cbor;q=0.3", "application/cbor" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof json / sizeof *json; i++) {
        assert_false(mln_failed(read_message(MLN_HTTP_GET, json[i], false)));
        if (!is_answer_type("application/json")) {
            fail_msg("%s", json[i]);
        }
    }
    for (size_t i = 0; i < sizeof resource / sizeof *resource; i++) {
        assert_false(mln_failed(read_message(MLN_HTTP_GET, resource[i], false)));
        if (!is_answer_type("application/vnd.onem2m-res+json")) {
            fail_msg("%s", resource[i]);
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(mln_failed(read_message(MLN_HTTP_GET, others[i][0], false)));
        if (!is_answer_type(others[i][1])) {
            fail_msg("%s", others[i][0]);
        }
    }
}

/* spec: TS-0009 6.4.2 */
static void refuses_types_that_no_answer_has(void **state)
{
    static const char *const none[] = {
        "Accept: application/yaml",
        "Accept: text/*",
        "Accept: application/json;q=0",
        "Accept: */*;q=0",
        "Accept: application/*;q=0.000",
        "Accept: application/json;q=2",
        "Accept: application/json;q=x",
        "Accept:",
        "Accept: ,,",
        "Accept: application/vnd.onem2m-ntfy+cbor", /* no answer is a notification */
    };

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        refuse(MLN_HTTP_GET, none[i], false, MLN_ERR_NOT_ACCEPTABLE);
    }
}

/* spec: TS-0009 6.4.3: without Accept the answer is chosen here: as the request */
static void answers_in_the_serialisation_of_the_request(void **state)
{
    static const char *const rows[][2] = {
        { "Content-Type: application/xml", "application/xml" },
        { "Content-Type: application/vnd.onem2m-ntfy+cbor", "application/cbor" },
        { "Content-Type: application/xml\nAccept: */*", "application/xml" },
        { "Content-Type: application/xml\nAccept: application/json", "application/json" },
        { "Content-Type: application/xml\nX-M2M-EC: x", "application/xml" },
        { "Content-Type: application/yaml", "application/json" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        (void)read_message(MLN_HTTP_PUT, rows[i][0], true).code;
        if (!is_answer_type(rows[i][1])) {
            fail_msg("%s", rows[i][0]);
        }
    }
    assert_null(primitive.content);
    assert_false(mln_failed(read_message(MLN_HTTP_PUT, rows[0][0], true)));
    assert_ptr_equal(primitive.content, mln_serialisation_named(MLN_S("xml")));
}

/* spec: TS-0004 7.3.3.12: what the request does not tell, contentSerialization may */
static void leaves_the_serialisation_open(void **state)
{
    static const char *const open[] = { "", "Accept: */*", "Accept: application/*;q=0.5" };
    static const char *const told[] = {
        "Accept: application/json",
        "Accept: application/json, application/xml",
        "Accept: application/vnd.onem2m-res+json, */*;q=0.1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        assert_false(mln_failed(read_message(MLN_HTTP_GET, open[i], false)));
        assert_true(primitive.is_answer_open);
    }
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        assert_false(mln_failed(read_message(MLN_HTTP_GET, told[i], false)));
        assert_false(primitive.is_answer_open);
    }
    assert_false(mln_failed(read_message(MLN_HTTP_PUT, "Content-Type: application/json", true)));
    assert_false(primitive.is_answer_open);
}

/* A later release may know query fields that this one does not: say so, not that they are wrong. */
static void names_the_release_before_its_fields(void **state)
{
    struct mln_field field = { MLN_S("X-M2M-RVI"), MLN_S("99") };

    (void)state;
    mln_arena_reset(arena);
    mln_fault_clear(&fault);
    message = (struct mln_http_request){ .target = MLN_S("/a?nonsense=1"),
                                         .fields = &field,
                                         .field_count = 1 };
    assert_int_equal(mln_http_wire_read_request(&message, &limits, arena, &primitive, &fault).code,
                     MLN_ERR_RELEASE);
    assert_true(mln_slice_eq(primitive.rvi, MLN_S("99")));
    field.value = MLN_S("3");
    mln_fault_clear(&fault);
    assert_int_equal(mln_http_wire_read_request(&message, &limits, arena, &primitive, &fault).code,
                     MLN_ERR_PARAM_INVALID);
}

static void fails_without_memory(void **state)
{
    struct mln_field field = { MLN_S("X-M2M-RI"), MLN_S("1") };
    bool has_succeeded = false;

    (void)state;
    message = (struct mln_http_request){ .target = MLN_S("/a?ty=1+2&rn=x&lbl=a%20b"),
                                         .fields = &field,
                                         .field_count = 1 };
    for (size_t max = 0; max < 4096 && !has_succeeded; max += 16) {
        struct mln_arena *small = mln_arena_new(max);
        mln_err err = mln_http_wire_read_request(&message, &limits, small, &primitive, &fault);

        assert_true(!mln_failed(err) || err.code == MLN_ERR_NO_MEMORY);
        has_succeeded = !mln_failed(err);
        mln_arena_free(small);
    }
    assert_true(has_succeeded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_methods),
        cmocka_unit_test(maps_fields),
        cmocka_unit_test(response_type_comes_from_query_and_field),
        cmocka_unit_test(reads_tokens_and_ignores_schemes),
        cmocka_unit_test(refuses_bad_fields),
        cmocka_unit_test(keeps_identifiers_for_error_answers),
        cmocka_unit_test(checks_content_types),
        cmocka_unit_test(chooses_the_type_of_the_answer),
        cmocka_unit_test(refuses_types_that_no_answer_has),
        cmocka_unit_test(names_the_release_before_its_fields),
        cmocka_unit_test(answers_in_the_serialisation_of_the_request),
        cmocka_unit_test(leaves_the_serialisation_open),
        cmocka_unit_test(fails_without_memory),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
