/* Messages to send, answers that came back, and both ways in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bind/http/http_wire.h"
#include "codec/json.h"

static struct mln_limits limits;
static struct mln_arena *arena;
static struct mln_fault fault;
static struct mln_http_outgoing out;

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

static struct mln_value *json(const char *text)
{
    struct mln_value *v = NULL;

    assert_false(mln_failed(mln_json_read(mln_slice_z(text), &limits, arena, &v, NULL)));
    return v;
}

static mln_err write_request(const char *params, bool has_content)
{
    mln_arena_reset(arena);
    mln_fault_clear(&fault);
    return mln_http_wire_write_request(json(params), has_content, mln_serialisation_at(0), arena,
                                       &out, &fault);
}

static void expect_target(const char *params, const char *method, const char *target)
{
    mln_err err = write_request(params, false);

    if (mln_failed(err)) {
        fail_msg("%s: %s: %s", params, mln_err_text(err), fault.text);
    }
    assert_true(mln_slice_eq(out.method, mln_slice_z(method)));
    if (!mln_slice_eq(out.target, mln_slice_z(target))) {
        fail_msg("%.*s in place of %s", MLN_S_ARG(out.target), target);
    }
}

static void expect_field(const char *name, const char *value)
{
    const struct mln_field *f = mln_field_find(out.fields, out.field_count, mln_slice_z(name));

    if (!f || !mln_slice_eq(f->value, mln_slice_z(value))) {
        fail_msg("%s is not %s", name, value);
    }
}

/* spec: TS-0009 6.2 */
static void writes_targets(void **state)
{
    (void)state;
    expect_target("{\"op\":2,\"to\":\"cse-in/ae 1/\xc3\xa4\"}", "GET", "/cse-in/ae%201/%C3%A4");
    expect_target("{\"op\":3,\"to\":\"/id/x\"}", "PUT", "/~/id/x");
    expect_target("{\"op\":4,\"to\":\"//sp.org/id/x?y#rn\"}", "DELETE",
                  "/_/sp.org/id/x%3Fy?atrl=rn");
    expect_target("{\"op\":5,\"to\":\"-\"}", "POST", "/-");
    expect_target("{\"op\":2,\"to\":\"a\",\"rcn\":4,\"rt\":{\"rtv\":3},\"da\":true,\"drt\":2}",
                  "GET", "/a?rcn=4&rt=3&da=true&drt=2");
    expect_target("{\"op\":2,\"to\":\"a\",\"atrl\":[\"ri\",\"rn\"]}", "GET", "/a?atrl=ri+rn");
    expect_target("{\"op\":2,\"to\":\"a\",\"fc\":{\"fu\":1,\"ty\":[2,3],\"lbl\":[\"C++\",\"k&v\"],"
                  "\"atr\":[{\"nm\":\"rn\",\"val\":\"x *\"}],\"catr\":[{\"nm\":\"mni\",\"val\":4}],"
                  "\"patr\":[{\"nm\":\"api\",\"val\":\"N\"}],\"smf\":[\"a b\",\"c\"]}}",
                  "GET",
                  "/a?fu=1&ty=2+3&lbl=C%2B%2B+k%26v&rn=x%20*&c.mni=4&p.api=N&smf=a%20b&smf=c");
}

/* spec: TS-0009 6.4 */
static void writes_fields(void **state)
{
    (void)state;
    assert_false(mln_failed(write_request(
        "{\"op\":1,\"to\":\"a\",\"ty\":3,\"fr\":\"C1\",\"rqi\":\"r\",\"rvi\":\"3\",\"gid\":\"g\","
        "\"ot\":\"20260101T000000\",\"rset\":5,\"rqet\":\"20260101T000000\",\"oet\":-1,\"ec\":4,"
        "\"vsi\":\"v\",\"rt\":{\"rtv\":2,\"nu\":[\"http://a\",\"http://b\"]},"
        "\"tkns\":[\"a.b.c\",\"d.e.f\"],\"aus\":[\"x==\",\"y==\"]}",
        true)));
    expect_field("Content-Type", "application/json;ty=3");
    expect_field("Accept", "application/json");
    expect_field("X-M2M-Origin", "C1");
    expect_field("X-M2M-RI", "r");
    expect_field("X-M2M-RVI", "3");
    expect_field("X-M2M-GID", "g");
    expect_field("X-M2M-OT", "20260101T000000");
    expect_field("X-M2M-RST", "5");
    expect_field("X-M2M-RET", "20260101T000000");
    expect_field("X-M2M-OET", "-1");
    expect_field("X-M2M-EC", "4");
    expect_field("X-M2M-VSI", "v");
    expect_field("X-M2M-RTU", "http://a&http://b");
    expect_field("Authorization", "a.b.c+d.e.f");
    expect_field("X-M2M-AS", "x==+y==");
    assert_int_equal(out.field_count, 15);
    assert_false(mln_failed(write_request("{\"op\":5,\"to\":\"a\"}", true)));
    expect_field("Content-Type", "application/json");
    assert_false(mln_failed(write_request("{\"op\":2,\"to\":\"a\"}", false)));
    assert_null(mln_field_find(out.fields, out.field_count, MLN_S("Content-Type")));
}

/* SEC-BND-07 */
static void refuses_what_a_message_cannot_carry(void **state)
{
    (void)state;
    assert_int_equal(write_request("{\"to\":\"a\"}", false).code, MLN_ERR_PARAM_MISSING);
    assert_int_equal(write_request("{\"op\":2}", false).code, MLN_ERR_PARAM_MISSING);
    assert_int_equal(write_request("{\"op\":1,\"to\":\"a\"}", true).code, MLN_ERR_PARAM_MISSING);
    assert_int_equal(write_request("{\"op\":6,\"to\":\"a\"}", false).code, MLN_ERR_PARAM_INVALID);
    assert_int_equal(write_request("{\"op\":2,\"to\":\"a\",\"fr\":\"x\\r\\nEvil: 1\"}", false).code,
                     MLN_ERR_PARAM_INVALID);
    assert_int_equal(write_request("{\"op\":2,\"to\":\"a\",\"fr\":\"x\\u0000\"}", false).code,
                     MLN_ERR_PARAM_INVALID);
    assert_int_equal(write_request("{\"op\":2,\"to\":\"a\",\"grtm\":[\"x\"]}", false).code,
                     MLN_ERR_PARAM_INVALID);
    assert_int_equal(write_request("{\"op\":2,\"to\":\"a\",\"fr\":[]}", false).code,
                     MLN_ERR_PARAM_INVALID);
    assert_int_equal(write_request("{\"op\":2,\"to\":\"a\",\"rcn\":{}}", false).code,
                     MLN_ERR_PARAM_INVALID);
    assert_int_equal(
        write_request("{\"op\":2,\"to\":\"a\",\"fc\":{\"lbl\":[\"a b\"]}}", false).code,
        MLN_ERR_PARAM_INVALID);
    assert_int_equal(write_request("{\"op\":2,\"to\":\"a\",\"fc\":[]}", false).code,
                     MLN_ERR_PARAM_INVALID);
}

/* SEC-BND-01: what is written is read as the same parameters. */
static void survives_a_round_trip(void **state)
{
    static const char *const requests[] = {
        "{\"op\":2,\"to\":\"cse-in/a b/%41+&=?\",\"fr\":\"C1\",\"rqi\":\"r\",\"rvi\":\"2a\"}",
        "{\"op\":4,\"to\":\"/id/x\",\"rqet\":\"20270101T000000\",\"ec\":2}",
        "{\"op\":3,\"to\":\"//sp.org/id/\xe2\x82\xac\",\"rset\":3600000,\"vsi\":\"\xc3\xa4 b\"}",
        "{\"op\":1,\"to\":\"-\",\"ty\":4,\"rcn\":0,\"rt\":{\"rtv\":2,\"nu\":[\"http://a/?b=c\"]}}",
        ("{\"op\":2,\"to\":\"a\",\"fc\":{\"fu\":1,\"fo\":2,\"lim\":3,\"lvl\":1,\"ofst\":2,"
         "\"crb\":\"20260101T000000\",\"ty\":[2,3],\"lbl\":[\"C++\",\"k:v\"],"
         "\"cty\":[\"text/plain\"],\"cfq\":\"a + b & c\","
         "\"atr\":[{\"nm\":\"rn\",\"val\":\"x *\"},{\"nm\":\"rn\",\"val\":\"y\"}],"
         "\"catr\":[{\"nm\":\"mni\",\"val\":\"4\"}],\"patr\":[{\"nm\":\"api\",\"val\":\"N\"}],"
         "\"smf\":[\"a\\nb\"]}}"),
        ("{\"op\":2,\"to\":\"a\",\"atrl\":[\"ri\",\"rn\"],\"drt\":2,\"da\":false,\"tqi\":true,"
         "\"tkns\":[\"a.b.c\",\"d.e.f\"],\"ltids\":[\"x\",\"y\"]}"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct mln_http_request message = { .method = MLN_HTTP_GET };
        struct mln_http_primitive primitive;
        struct mln_value *params;
        mln_err err;

        assert_false(mln_failed(write_request(requests[i], true)));
        message.method = mln_slice_eq(out.method, MLN_S("POST"))     ? MLN_HTTP_POST
                         : mln_slice_eq(out.method, MLN_S("PUT"))    ? MLN_HTTP_PUT
                         : mln_slice_eq(out.method, MLN_S("DELETE")) ? MLN_HTTP_DELETE
                                                                     : MLN_HTTP_GET;
        message.target = out.target;
        message.fields = out.fields;
        message.field_count = out.field_count;
        err = mln_http_wire_read_request(&message, &limits, arena, &primitive, &fault);
        if (mln_failed(err)) {
            fail_msg("%.*s: %s", MLN_S_ARG(out.target), fault.text);
        }
        params = json(requests[i]);
        if (!mln_value_eq(params, primitive.params)) {
            fail_msg("%s became %.*s", requests[i], MLN_S_ARG(out.target));
        }
    }
}

/* ---- answers ---- */

static void expect_answer(const struct mln_http_reply *reply, const char *text)
{
    struct mln_slice got = { 0 };
    struct mln_buf buf;

    mln_arena_reset(arena);
    mln_buf_init(&buf, arena, 65536);
    mln_http_wire_write_answer(&buf, reply);
    assert_false(mln_failed(mln_buf_finish(&buf, &got)));
    if (!mln_slice_eq(got, mln_slice_z(text))) {
        fail_msg("\n%.*s\nin place of\n%s", MLN_S_ARG(got), text);
    }
}

static void writes_answers(void **state)
{
    struct mln_response r = { .rsc = MLN_RSC_OK, .rqi = MLN_S("1"), .rvi = MLN_S("3") };
    struct mln_http_reply reply = {
        .response = &r, .type = MLN_S("application/json"), .length = 5, .date = MLN_S("now")
    };

    (void)state;
    expect_answer(&reply, "HTTP/1.1 200 \r\nX-M2M-RSC: 2000\r\nX-M2M-RI: 1\r\nX-M2M-RVI: 3\r\n"
                          "Content-Type: application/json\r\nContent-Length: 5\r\nDate: now\r\n"
                          "\r\n");
    r = (struct mln_response){ .rsc = MLN_RSC_CREATED,
                               .fr = MLN_S("/id"),
                               .vsi = MLN_S("v"),
                               .location = MLN_S("cse-in/a b"),
                               .content_status = 1,
                               .content_offset = 7 };
    reply = (struct mln_http_reply){ .response = &r, .is_last = true, .has_allow = true };
    expect_answer(&reply, "HTTP/1.1 201 \r\nX-M2M-RSC: 2001\r\nX-M2M-Origin: /id\r\n"
                          "X-M2M-VSI: v\r\nX-M2M-CTS: 1\r\nX-M2M-CTO: 7\r\n"
                          "Content-Location: /cse-in/a%20b\r\nContent-Length: 0\r\n"
                          "Allow: GET, POST, PUT, DELETE\r\nConnection: close\r\n\r\n");
    r = (struct mln_response){ .rsc = MLN_RSC_BAD_REQUEST, .rqi = MLN_S("x\r\nEvil: 1") };
    reply = (struct mln_http_reply){ .response = &r, .status = 431 };
    expect_answer(&reply, "HTTP/1.1 431 \r\nX-M2M-RSC: 4000\r\nContent-Length: 0\r\n\r\n");
}

/* spec: TS-0009 6.4.18 */
static void writes_and_reads_local_tokens(void **state)
{
    const struct mln_local_token tokens[] = { { MLN_S("t1"), MLN_S("a@x.example") },
                                              { MLN_S("t2"), MLN_S("b@x.example") } };
    struct mln_response r = { .rsc = MLN_RSC_OK, .ati = tokens, .ati_count = 2 };
    struct mln_http_reply reply = { .response = &r };
    struct mln_slice rest = MLN_S("t1:a@x.example + t2 : b@x.example+");
    struct mln_local_token pair;

    (void)state;
    expect_answer(&reply, "HTTP/1.1 200 \r\nX-M2M-RSC: 2000\r\n"
                          "X-M2M-ATI: t1:a@x.example+t2:b@x.example\r\nContent-Length: 0\r\n\r\n");
    for (size_t i = 0; i < 2; i++) {
        assert_true(mln_http_wire_next_local(&rest, &pair));
        assert_true(mln_slice_eq(pair.id, tokens[i].id));
        assert_true(mln_slice_eq(pair.token_id, tokens[i].token_id));
    }
    assert_false(mln_http_wire_next_local(&rest, &pair));
    rest = (struct mln_slice){ 0 };
    assert_false(mln_http_wire_next_local(&rest, &pair));
    rest = MLN_S(":a@x+t2:b@x");
    assert_false(mln_http_wire_next_local(&rest, &pair));
}

static struct mln_http_answer read_answer(int status, const struct mln_field *fields, size_t count)
{
    struct mln_http_answer answer = { 0 };

    assert_false(mln_failed(mln_http_wire_read_answer(status, fields, count, &answer)));
    return answer;
}

static void reads_answers(void **state)
{
    const struct mln_field fields[] = {
        { MLN_S("x-m2m-rsc"), MLN_S("4103") },
        { MLN_S("X-M2M-RI"), MLN_S("r") },
        { MLN_S("X-M2M-RVI"), MLN_S("3") },
        { MLN_S("X-M2M-VSI"), MLN_S("v") },
        { MLN_S("X-M2M-Origin"), MLN_S("/id") },
        { MLN_S("X-M2M-OT"), MLN_S("20260101T000000") },
        { MLN_S("X-M2M-CTS"), MLN_S("1") },
        { MLN_S("X-M2M-CTO"), MLN_S("5") },
        { MLN_S("Content-Location"), MLN_S("/a") },
        { MLN_S("Content-Type"), MLN_S("application/vnd.onem2m-res+json; charset=utf-8") },
    };
    struct mln_http_answer a = read_answer(403, fields, sizeof fields / sizeof *fields);

    (void)state;
    assert_true(a.has_rsc && a.content);
    assert_int_equal(a.rsc, MLN_RSC_ORIGINATOR_HAS_NO_PRIVILEGE);
    assert_true(mln_slice_eq(a.rqi, MLN_S("r")) && mln_slice_eq(a.rvi, MLN_S("3")));
    assert_true(mln_slice_eq(a.vsi, MLN_S("v")) && mln_slice_eq(a.fr, MLN_S("/id")));
    assert_true(mln_slice_eq(a.ot, MLN_S("20260101T000000")));
    assert_true(mln_slice_eq(a.location, MLN_S("/a")));
    assert_int_equal(a.content_status, 1);
    assert_int_equal(a.content_offset, 5);
}

static void derives_the_code_from_the_status(void **state)
{
    static const int rows[][2] = {
        { 200, 2000 }, { 201, 2001 }, { 202, 1000 }, { 204, 2000 }, { 302, 4000 }, { 400, 4000 },
        { 403, 4103 }, { 404, 4004 }, { 405, 4005 }, { 406, 5207 }, { 409, 4105 }, { 415, 4015 },
        { 500, 5000 }, { 501, 5001 }, { 502, 5000 }, { 504, 4008 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mln_http_answer a = read_answer(rows[i][0], NULL, 0);

        assert_false(a.has_rsc || a.content);
        assert_int_equal(a.rsc, rows[i][1]);
    }
}

static void refuses_codes_that_are_none(void **state)
{
    struct mln_field field = { MLN_S("X-M2M-RSC"), MLN_S("2000x") };
    struct mln_http_answer a;

    (void)state;
    assert_int_equal(mln_http_wire_read_answer(200, &field, 1, &a).code, MLN_ERR_PROTOCOL);
    field.value = MLN_S("20000");
    assert_int_equal(mln_http_wire_read_answer(200, &field, 1, &a).code, MLN_ERR_PROTOCOL);
    field.name = MLN_S("X-M2M-CTS");
    field.value = MLN_S("10");
    assert_int_equal(mln_http_wire_read_answer(200, &field, 1, &a).code, MLN_ERR_PROTOCOL);
    field.name = MLN_S("X-M2M-CTO");
    field.value = MLN_S("-1");
    assert_int_equal(mln_http_wire_read_answer(200, &field, 1, &a).code, MLN_ERR_PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_targets),
        cmocka_unit_test(writes_fields),
        cmocka_unit_test(refuses_what_a_message_cannot_carry),
        cmocka_unit_test(survives_a_round_trip),
        cmocka_unit_test(writes_answers),
        cmocka_unit_test(writes_and_reads_local_tokens),
        cmocka_unit_test(reads_answers),
        cmocka_unit_test(derives_the_code_from_the_status),
        cmocka_unit_test(refuses_codes_that_are_none),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
