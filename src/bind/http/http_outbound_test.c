/* Requests of ours to a server of ours: both sides of the binding on one loop. */
#include "bind/http/http_outbound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "bind/http/fake_cse_test.h"
#include "bind/http/http.h"
#include "codec/json.h"
#include "model/pack.h"

enum { MANY = 200 };

#define MS INT64_C(1000)

static struct mln_limits limits;
static struct mln_gate gate;
static struct mln_bind_port *port;
static struct mln_bind *server;
static struct mln_worker worker;
static struct mln_outbound outbound;
static struct mln_arena *arena;
static char base_url[MLN_BIND_URL_SIZE];

static int set_up(void **state)
{
    struct mln_bind_options options = { .loops = 1, .limits = &limits, .gate = &gate };

    (void)state;
    mln_limits_default(&limits);
    gate = (struct mln_gate){ .max = 1000 };
    worker = (struct mln_worker){ 0 };
    arena = mln_arena_new(1 << 20);
    if (!arena || mln_failed(mln_address_resolve(MLN_S("127.0.0.1"), 0, &options.address, NULL)) ||
        mln_failed(mln_loop_new(&worker.loop)) ||
        mln_failed(mln_http_binding.open(&options, NULL, &port)) ||
        mln_failed(mln_http_binding.attach(port, 0, worker.loop, &worker, &server)) ||
        mln_failed(mln_http_binding.outbound_new(worker.loop, &limits, NULL, &outbound))) {
        return 1;
    }
    mln_http_binding.url(port, base_url);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_http_binding.outbound_free(&outbound);
    mln_http_binding.outbound_free(&outbound); /* twice is fine */
    mln_fake_release(&worker);
    mln_http_binding.detach(server);
    mln_http_binding.close(port);
    mln_loop_free(worker.loop);
    mln_arena_free(arena);
    return 0;
}

/* ---- sending ---- */

struct result {
    int calls;
    struct mln_outbound_answer answer;
    char pc[2000]; /* as JSON */
    char location[100];
};

static void on_done(void *data, const struct mln_outbound_answer *answer)
{
    struct result *r = data;
    struct mln_slice json = { 0 };
    struct mln_buf out;

    r->calls++;
    r->answer = *answer;
    r->pc[0] = '\0';
    (void)snprintf(r->location, sizeof r->location, "%.*s", MLN_S_ARG(answer->location));
    if (answer->pc) {
        mln_buf_init(&out, arena, 1 << 19);
        mln_json_write_value(&out, answer->pc, false);
        assert_false(mln_failed(mln_buf_finish(&out, &json)));
        assert_true(json.len < sizeof r->pc);
        memcpy(r->pc, json.ptr, json.len);
        r->pc[json.len] = '\0';
    }
    mln_loop_stop(worker.loop);
}

static struct mln_outbound_request request_to(const char *path)
{
    static char url[300];

    (void)snprintf(url, sizeof url, "%s%s", base_url, path);
    return (struct mln_outbound_request){
        .url = mln_slice_z(url),
        .fr = MLN_S("/id-in"),
        .rqi = MLN_S("r1"),
        .rvi = MLN_S("3"),
        .op = MLN_OP_RETRIEVE,
        .serialisation = MLN_S("json"),
        .timeout_us = 2000 * MS,
    };
}

static struct result send_and_wait(const struct mln_outbound_request *request)
{
    struct result r = { 0 };

    assert_false(mln_failed(outbound.send(outbound.impl, request, on_done, &r)));
    assert_int_equal(r.calls, 0);
    assert_false(mln_failed(mln_loop_run(worker.loop)));
    assert_int_equal(r.calls, 1);
    return r;
}

static struct mln_slice notification(void)
{
    struct mln_slice pack = { 0 };
    struct mln_buf out;

    mln_buf_init(&out, arena, 1000);
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("m2m:sgn"));
    mln_pack_map(&out, 1);
    mln_pack_text(&out, MLN_S("vrq"));
    mln_pack_bool(&out, true);
    assert_false(mln_failed(mln_buf_finish(&out, &pack)));
    return pack;
}

static void sends_to_a_point_of_access(void **state)
{
    struct mln_outbound_request request = request_to("/");
    struct result r;

    (void)state;
    request.to = MLN_S("/id-mn/cse-mn/echo");
    request.ec = 2;
    r = send_and_wait(&request);
    assert_int_equal(r.answer.err.code, MLN_ERR_NONE);
    assert_int_equal(r.answer.transport_status, 200);
    assert_true(r.answer.has_rsc);
    assert_int_equal(r.answer.rsc, MLN_RSC_OK);
    assert_string_equal(r.pc, "{\"m2m:cnt\":{\"to\":\"/id-mn/cse-mn/echo\",\"fr\":\"/id-in\","
                              "\"rqi\":\"r1\",\"rvi\":\"3\",\"ec\":2,\"op\":2}}");
}

/* Those that have a member of their own, and pc, are left out. */
static void sends_further_parameters(void **state)
{
    static const struct {
        struct mln_slice name;
        struct mln_slice text;
    } texts[] = {
        { { "gid", 3 }, { "g1", 2 } },
        { { "fr", 2 }, { "/other", 6 } },
        { { "to", 2 }, { "/x", 2 } },
        { { "pc", 2 }, { "y", 1 } },
    };
    struct mln_outbound_request request = request_to("/");
    struct mln_value *params = mln_value_new(arena, MLN_V_OBJECT);
    struct result r;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_false(
            mln_failed(mln_value_set(params, texts[i].name, mln_value_text(arena, texts[i].text))));
    }
    assert_false(mln_failed(mln_value_set(params, MLN_S("ty"), mln_value_uint(arena, 16))));
    request.to = MLN_S("/id-mn/echo");
    request.op = MLN_OP_CREATE;
    request.pc = notification();
    request.params = params;
    r = send_and_wait(&request);
    assert_non_null(strstr(r.pc, "\"to\":\"/id-mn/echo\""));
    assert_non_null(strstr(r.pc, "\"fr\":\"/id-in\""));
    assert_non_null(strstr(r.pc, "\"gid\":\"g1\""));
    assert_non_null(strstr(r.pc, "\"ty\":16"));
    assert_non_null(strstr(r.pc, "\"pc\":{\"m2m:sgn\""));
    assert_null(strstr(r.pc, "/other"));
}

static void sends_to_a_url(void **state)
{
    struct mln_outbound_request request = request_to("/notify/echo?rcn=0");
    struct result r;

    (void)state;
    request.op = MLN_OP_NOTIFY;
    request.pc = notification();
    r = send_and_wait(&request);
    assert_string_equal(r.pc, "{\"m2m:cnt\":{\"to\":\"notify/echo\",\"rcn\":0,\"fr\":\"/id-in\","
                              "\"rqi\":\"r1\",\"rvi\":\"3\",\"op\":5,"
                              "\"pc\":{\"m2m:sgn\":{\"vrq\":true}}}}");
}

static void sends_every_operation(void **state)
{
    struct mln_outbound_request request = request_to("");
    struct result r;

    (void)state;
    request.to = MLN_S("a/echo");
    request.op = MLN_OP_UPDATE;
    request.pc = notification();
    r = send_and_wait(&request);
    assert_non_null(strstr(r.pc, "\"op\":3"));
    request.op = MLN_OP_DELETE;
    request.pc = (struct mln_slice){ 0 };
    r = send_and_wait(&request);
    assert_non_null(strstr(r.pc, "\"op\":4"));
    request.op = MLN_OP_NOTIFY; /* with nothing to tell */
    r = send_and_wait(&request);
    assert_non_null(strstr(r.pc, "\"op\":5"));
}

/* Where the new resource is, how much of the Content came, and whether a request has left. */
static void tells_more_of_the_answer(void **state)
{
    struct mln_outbound_request request = request_to("/x/created");
    struct result r = send_and_wait(&request);

    (void)state;
    assert_int_equal(r.answer.rsc, MLN_RSC_CREATED);
    assert_string_equal(r.location, "/id-in/cnt 1");
    request = request_to("/x/partial");
    r = send_and_wait(&request);
    assert_int_equal(r.answer.content_status, MLN_CONTENT_PARTIAL);
    assert_int_equal(r.answer.content_offset, 17);
    request = request_to("/x/never");
    request.timeout_us = 30 * MS;
    r = send_and_wait(&request);
    assert_int_equal(r.answer.err.code, MLN_ERR_TIMEOUT);
    assert_true(r.answer.was_sent);
    request.url = MLN_S("http://127.0.0.1:1/");
    r = send_and_wait(&request);
    assert_int_equal(r.answer.err.code, MLN_ERR_NETWORK);
    assert_false(r.answer.was_sent);
}

static void gives_codes_of_refusals(void **state)
{
    struct mln_outbound_request request = request_to("/nothing/here");
    struct result r = send_and_wait(&request);

    (void)state;
    assert_int_equal(r.answer.err.code, MLN_ERR_NONE);
    assert_int_equal(r.answer.rsc, MLN_RSC_NOT_FOUND);
    assert_int_equal(r.answer.transport_status, 404);
    assert_null(r.answer.pc);
}

static void tells_of_failures(void **state)
{
    struct mln_outbound_request request = request_to("/x/never");
    struct result r;

    (void)state;
    request.timeout_us = 30 * MS;
    r = send_and_wait(&request);
    assert_int_equal(r.answer.err.code, MLN_ERR_TIMEOUT);
    assert_false(r.answer.has_rsc);
    request.url = MLN_S("http://127.0.0.1:1/");
    r = send_and_wait(&request);
    assert_int_equal(r.answer.err.code, MLN_ERR_NETWORK);
    assert_int_equal(r.answer.transport_status, 0);
}

static void refuses_what_it_cannot_send(void **state)
{
    struct mln_outbound_request request = request_to("/echo");
    struct result r = { 0 };

    (void)state;
    assert_true(outbound.can_send(outbound.impl, request.url));
    assert_false(outbound.can_send(outbound.impl, MLN_S("mqtt://h")));
    request.fr = MLN_S("x\r\nEvil: 1");
    assert_int_equal(outbound.send(outbound.impl, &request, on_done, &r).code,
                     MLN_ERR_PARAM_INVALID);
    request = request_to("/echo");
    request.serialisation = MLN_S("yaml");
    assert_int_equal(outbound.send(outbound.impl, &request, on_done, &r).code, MLN_ERR_MEDIA_TYPE);
    request = request_to("/echo");
    request.url = MLN_S("mqtt://h/x");
    assert_int_equal(outbound.send(outbound.impl, &request, on_done, &r).code, MLN_ERR_NETWORK);
    assert_int_equal(r.calls, 0);
}

static int answered;

static void count_answer(void *data, const struct mln_outbound_answer *answer)
{
    (void)data;
    assert_int_equal(answer->rsc, MLN_RSC_OK);
    if (++answered == MANY) {
        mln_loop_stop(worker.loop);
    }
}

static void sends_many_at_one_time(void **state)
{
    struct mln_outbound_request request = request_to("/x/posted");

    (void)state;
    answered = 0;
    for (int i = 0; i < MANY; i++) {
        assert_false(mln_failed(outbound.send(outbound.impl, &request, count_answer, NULL)));
    }
    assert_false(mln_failed(mln_loop_run(worker.loop)));
    assert_int_equal(answered, MANY);
    assert_true(gate.open <= 64);
}

static void those_under_way_end_with_it(void **state)
{
    struct mln_outbound_request request = request_to("/x/never");
    struct result r = { 0 };

    (void)state;
    assert_false(mln_failed(outbound.send(outbound.impl, &request, on_done, &r)));
    mln_http_binding.outbound_free(&outbound);
    assert_int_equal(r.calls, 1);
    assert_int_equal(r.answer.err.code, MLN_ERR_NETWORK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sends_to_a_point_of_access),
        TEST(sends_further_parameters),
        TEST(sends_to_a_url),
        TEST(sends_every_operation),
        TEST(tells_more_of_the_answer),
        TEST(gives_codes_of_refusals),
        TEST(tells_of_failures),
        TEST(refuses_what_it_cannot_send),
        TEST(sends_many_at_one_time),
        TEST(those_under_way_end_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
