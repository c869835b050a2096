/* Tests of targets: what comes is made by the originator's end of e2e/session.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/client_int.h"
#include "client/stub_cse_test.h"
#include "codec/json.h"
#include "e2e/inner.h"
#include "e2e/session.h"

#define KEY_ID "k1@b.example"
#define KEY    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

enum { ARENA = 4 << 20 };

static char key_file[] = "/tmp/merlon-target-XXXXXX";
static const struct merlon_target_key key = { .key_id = KEY_ID,
                                              .key_file = key_file,
                                              .originator = "/id-in/Cpanel*" };
static struct mln_arena *arena;
static struct mln_limits limits;
static struct mln_fault fault;
static struct merlon_client *client;
static struct merlon_target *target;
static struct mln_esprim_session *session;

/* What the handler was given, and what it says. */
static struct {
    int count;
    enum merlon_operation operation;
    char to[64];
    char from[64];
    int64_t mni;
    int rsc;
    bool has_content;
} asked;

static int handle(void *data, const struct merlon_incoming *request,
                  struct merlon_content **ret_content)
{
    const struct merlon_json *cnt = merlon_json_member(request->content, "m2m:cnt");

    assert_ptr_equal(data, &asked);
    assert_null(*ret_content);
    asked.count++;
    asked.operation = request->operation;
    (void)snprintf(asked.to, sizeof asked.to, "%s", request->to);
    (void)snprintf(asked.from, sizeof asked.from, "%s", request->from);
    (void)merlon_json_int64(merlon_json_member(cnt, "mni"), &asked.mni);
    assert_string_equal(request->request_id, "r1");
    assert_string_equal(merlon_json_text(merlon_json_member(request->parameters, "rqi")), "r1");
    if (asked.has_content) {
        *ret_content = merlon_content_new("cnt", NULL);
        assert_int_equal(merlon_content_set(*ret_content, "mni", "7", NULL), MERLON_OK);
    }
    return asked.rsc;
}

/* ---- set up ---- */

static int make_key(void **state)
{
    int fd = mkstemp(key_file);

    (void)state;
    mln_client_limits(&limits);
    assert_int_equal(write(fd, KEY, sizeof KEY - 1), (ssize_t)sizeof KEY - 1);
    return close(fd);
}

static int remove_key(void **state)
{
    (void)state;
    return unlink(key_file);
}

static void open_session(void)
{
    static const enum mln_jose_enc enc = MLN_JOSE_A256GCM;
    struct mln_secret *secret = NULL;
    struct mln_esprim_session_options options = { .env = mln_env_system(),
                                                  .limits = &limits,
                                                  .kid = MLN_S(KEY_ID),
                                                  .encs = &enc,
                                                  .enc_count = 1 };

    assert_false(mln_failed(mln_client_read_key(key_file, &fault, &secret)));
    options.key = secret;
    assert_false(mln_failed(mln_esprim_session_new(&options, &session)));
    mln_secret_free(secret);
}

static int set_up(void **state)
{
    struct merlon_error error = { .text = "" };

    (void)state;
    memset(&asked, 0, sizeof asked);
    arena = mln_arena_new(ARENA);
    client = merlon_client_new("http://127.0.0.1:9", NULL);
    target = merlon_target_new(client, "cse-in/ae1", handle, &asked, &error);
    assert_string_equal(error.text, "");
    assert_non_null(target);
    assert_int_equal(merlon_target_add_key(target, &key, NULL), MERLON_OK);
    open_session();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_esprim_session_free(session);
    merlon_target_free(target);
    merlon_client_free(client);
    mln_arena_free(arena);
    return 0;
}

/* ---- an exchange ---- */

static struct mln_value *json(struct mln_slice text)
{
    struct mln_value *v = NULL;

    assert_false(mln_failed(mln_json_read(text, &limits, arena, &v, &fault)));
    return v;
}

static mln_err take(const char *info, struct mln_slice *ret)
{
    mln_fault_clear(&fault);
    return mln_target_take(target,
                           &(struct mln_notified){ json(mln_slice_z(info)), MLN_S("/id-in") },
                           arena, ret, &fault);
}

static void get_receiver_object(void)
{
    struct mln_slice text = { 0 };
    struct mln_e2e_random random;
    struct mln_value *info;

    assert_false(mln_failed(take("{\"sit\":3}", &text)));
    info = mln_value_get(json(text), MLN_S("m2m:seci"));
    assert_false(
        mln_failed(mln_e2e_random_read(mln_value_get(info, MLN_S("ero")), false,
                                       mln_env_now_us(mln_env_system()), &random, &fault)));
    assert_false(mln_failed(mln_esprim_session_receive(session, &random)));
}

/* The protected request. */
static char *seal(const char *request, const char *form)
{
    const struct mln_serialisation *as = mln_serialisation_named(mln_slice_z(form));
    struct mln_esprim_sent sent;
    struct mln_slice text = { 0 };
    char *info = mln_arena_zalloc(arena, 1, 16384);

    if (mln_esprim_session_needs_receiver(session)) {
        get_receiver_object();
    }
    assert_false(
        mln_failed(mln_inner_write_request(&as, json(mln_slice_z(request)), arena, 8192, &text)));
    assert_false(mln_failed(mln_esprim_session_seal(session, as, text, arena, &sent)));
    (void)snprintf(info, 16384, "{\"sit\":5,\"epo\":\"%.*s\"}", MLN_S_ARG(sent.object));
    return info;
}

/* The parameters of the inner response. */
static struct mln_value *open_answer(struct mln_slice content)
{
    const struct mln_value *info = mln_value_get(json(content), MLN_S("m2m:seci"));
    struct mln_esprim_answer answer;
    struct mln_value *params = NULL;

    assert_false(mln_failed(mln_esprim_session_open(
        session, mln_value_get(info, MLN_S("epo"))->text, arena, &answer, &fault)));
    assert_false(mln_failed(
        mln_inner_read_response(answer.form, answer.text, &limits, arena, &params, &fault)));
    return params;
}

static uint64_t rsc_of(const struct mln_value *params)
{
    uint64_t rsc = 0;

    assert_true(mln_value_u64(mln_value_get(params, MLN_S("rsc")), &rsc));
    return rsc;
}

#define FROM "\"to\":\"cse-in/ae1/x\",\"fr\":\"/id-in/Cpanel1\",\"rqi\":\"r1\",\"rvi\":\"3\""

static void all_operations_in_all_forms(void **state)
{
    static const char *const forms[] = { "json", "xml", "cbor" };
    char request[256];

    (void)state;
    asked.has_content = true;
    for (int op = 1; op <= 5; op++) {
        for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
            struct mln_slice content = { 0 };
            struct mln_value *params;
            uint64_t n = 0;

            (void)snprintf(request, sizeof request,
                           "{\"op\":%d," FROM ",\"pc\":{\"m2m:cnt\":{\"mni\":3}}}", op);
            assert_false(mln_failed(take(seal(request, forms[i]), &content)));
            params = open_answer(content);
            assert_int_equal(rsc_of(params), 2000);
            params = mln_value_get(mln_value_get(params, MLN_S("pc")), MLN_S("m2m:cnt"));
            assert_true(mln_value_u64(mln_value_get(params, MLN_S("mni")), &n) && n == 7);
            assert_int_equal((int)asked.operation, op);
            assert_string_equal(asked.to, "cse-in/ae1/x");
            assert_string_equal(asked.from, "/id-in/Cpanel1");
            assert_int_equal(asked.mni, 3);
        }
    }
    assert_int_equal(asked.count, 15);
}

static void the_handler_says_the_code(void **state)
{
    struct mln_slice content = { 0 };
    struct mln_value *params;

    (void)state;
    asked.rsc = 4004;
    assert_false(mln_failed(take(seal("{\"op\":2," FROM "}", "json"), &content)));
    params = open_answer(content);
    assert_int_equal(rsc_of(params), 4004);
    assert_null(mln_value_get(params, MLN_S("pc")));
    assert_true(mln_slice_eq(mln_value_get(params, MLN_S("rqi"))->text, MLN_S("r1")));
}

static void what_is_no_code_is_an_error(void **state)
{
    static const int values[] = { -1, 1, 200, 10000 };

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct mln_slice content = { 0 };

        asked.rsc = values[i];
        assert_false(mln_failed(take(seal("{\"op\":2," FROM "}", "json"), &content)));
        assert_int_equal(rsc_of(open_answer(content)), 5000);
    }
}

/* SEC-EPR-07 */
static void an_originator_that_the_key_does_not_prove_is_refused(void **state)
{
    static const char *const requests[] = {
        "{\"op\":2,\"to\":\"a\",\"fr\":\"/id-in/Cother\",\"rqi\":\"r1\"}",
        "{\"op\":2,\"to\":\"a\",\"fr\":\"Cpanel1\",\"rqi\":\"r1\"}",
        "{\"op\":2,\"to\":\"a\",\"rqi\":\"r1\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct mln_slice content = { 0 };

        assert_int_equal(take(seal(requests[i], "json"), &content).code,
                         MLN_ERR_ESPRIM_IMPERSONATION);
        assert_null(content.ptr);
    }
    assert_int_equal(asked.count, 0);
}

/* SEC-EPR-15 */
static void a_request_counts_once(void **state)
{
    struct mln_slice content = { 0 };
    char *info;

    (void)state;
    info = seal("{\"op\":1," FROM ",\"pc\":{\"m2m:cnt\":{}}}", "json");
    assert_false(mln_failed(take(info, &content)));
    assert_int_equal(take(info, &content).code, MLN_ERR_REPLAY);
    assert_int_equal(asked.count, 1);
}

static void what_is_no_request_inside_is_told_inside(void **state)
{
    struct mln_slice content = { 0 };

    (void)state;
    assert_false(mln_failed(take(seal("{\"op\":9," FROM "}", "json"), &content)));
    assert_int_equal(rsc_of(open_answer(content)), 4000);
    assert_int_equal(asked.count, 0);
}

/* SEC-EPR-23, SEC-GEN-01 */
static void other_security_information_is_refused(void **state)
{
    static const struct {
        const char *info;
        enum mln_err_code code;
    } rows[] = {
        { "{}", MLN_ERR_ATTR_INVALID },
        { "7", MLN_ERR_ATTR_INVALID },
        { "{\"sit\":9}", MLN_ERR_ATTR_INVALID },
        { "{\"sit\":5}", MLN_ERR_ATTR_MISSING },
        { "{\"sit\":5,\"epo\":7}", MLN_ERR_ATTR_INVALID },
        { "{\"sit\":5,\"epo\":\"x\"}", MLN_ERR_SYNTAX },
        { "{\"sit\":3,\"epo\":\"x\"}", MLN_ERR_ATTR_INVALID },
        { "{\"sit\":6,\"eckm\":\"\"}", MLN_ERR_NOT_IMPLEMENTED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mln_slice content = { 0 };

        assert_int_equal(take(rows[i].info, &content).code, rows[i].code);
    }
}

/* ---- on the wire ---- */

static struct mln_stub stub;

static void begin(void)
{
    struct merlon_error error;

    client = merlon_client_new(stub.url, NULL);
    target = merlon_target_new(client, "cse-in/ae1", handle, &asked, &error);
    assert_non_null(target);
    assert_int_equal(merlon_target_add_key(target, &key, NULL), MERLON_OK);
}

static void stop(void)
{
    merlon_target_free(target);
    merlon_client_free(client);
    mln_stub_stop(&stub);
}

static void assert_sent(const char *text)
{
    if (!strstr(stub.requests, text)) {
        fail_msg("'%s' was not sent:\n%s", text, stub.requests);
    }
}

#define OK "HTTP/1.1 200 \r\nX-M2M-RSC: 2000\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

static void it_publishes_what_it_supports(void **state)
{
    static const char *const answers[] = {
        OK, "HTTP/1.1 403 \r\nX-M2M-RSC: 4103\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        NULL
    };
    struct merlon_error error;

    (void)state;
    mln_stub_start(&stub, answers);
    begin();
    assert_int_equal(merlon_target_publish(target, &error), MERLON_OK);
    assert_int_equal(merlon_target_publish(target, &error), MERLON_REFUSED);
    assert_int_equal(error.rsc, 4103);
    stop();
    assert_sent("PUT /cse-in/ae1?rcn=0 HTTP/1.1\r\n");
    assert_sent("{\"m2m:ae\":{\"esi\":{\"esf\":[13],\"esro\":{\"esri\":\"S");
}

static int on_notified(void *data, const struct merlon_notification *notification)
{
    struct merlon_client *polling = data;

    assert_string_equal(merlon_notification_subscription(notification), "s1");
    merlon_client_stop(polling);
    return 0;
}

enum { CROWD = 100 };

/* A CSE with three requests for the AE. */
static struct {
    atomic_int polls;
    atomic_int responses;
    char text[512];
} channel;

static const char *answer_channel(void *data, const char *request)
{
    static const char *const contents[] = {
        "{\"m2m:rqp\":{\"op\":5,\"rqi\":\"a\\\"1\",\"pc\":{\"m2m:seci\":{\"sit\":3}}}}",
        "{\"m2m:agrp\":{\"m2m:rqp\":[{\"op\":1,\"rqi\":\"b2\",\"pc\":{\"m2m:cnt\":{}}}]}}",
        "{\"m2m:rqp\":{\"op\":5,\"rqi\":\"c3\",\"pc\":{\"m2m:sgn\":{\"sur\":\"s1\"}}}}",
    };
    int poll = 0;

    (void)data;
    if (strncmp(request, "POST ", 5) == 0) {
        atomic_fetch_add(&channel.responses, 1);
        return OK;
    }
    poll = atomic_fetch_add(&channel.polls, 1);
    if (poll >= 3) {
        return "HTTP/1.1 504 \r\nX-M2M-RSC: 4008\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    }
    (void)snprintf(channel.text, sizeof channel.text,
                   "HTTP/1.1 200 \r\nX-M2M-RSC: 2000\r\nConnection: close\r\n"
                   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                   strlen(contents[poll]), contents[poll]);
    return channel.text;
}

/* SEC-EPR-17 */
static void it_polls_its_channel(void **state)
{
    (void)state;
    mln_stub_start_with(&stub, answer_channel, NULL);
    begin();
    assert_int_equal(merlon_target_poll(target, "cse-in/ae1/p", on_notified, client, NULL),
                     MERLON_OK);
    assert_int_equal(merlon_target_poll(target, "cse-in/ae1/p", NULL, NULL, NULL), MERLON_INVALID);
    assert_int_equal(merlon_client_run(client, 20000, NULL), MERLON_OK);
    for (int i = 0; i < 1000 && atomic_load(&channel.responses) < 3; i++) {
        assert_int_equal(merlon_client_run(client, 20, NULL), MERLON_TIMEOUT);
    }
    stop();
    assert_sent("GET /cse-in/ae1/p/pcu HTTP/1.1\r\n");
    assert_sent("X-M2M-RET: 20");
    assert_sent("{\"m2m:rsp\":{\"rsc\":2000,\"rvi\":\"3\",\"rqi\":\"a\\\"1\",\"pc\":"
                "{\"m2m:seci\":{\"sit\":4,\"ero\":{");
    assert_sent("{\"m2m:rsp\":{\"rsc\":4005,\"rvi\":\"3\",\"rqi\":\"b2\"}}");
    assert_sent("{\"m2m:rsp\":{\"rsc\":2000,\"rvi\":\"3\",\"rqi\":\"c3\"}}");
}

/* More in one answer than there can be responses. */
static const char *answer_crowd(void *data, const char *request)
{
    static const char one[] = "{\"op\":5,\"rqi\":\"a\",\"pc\":{\"m2m:sgn\":{\"sur\":\"s1\"}}}";
    static char text[8192];
    size_t size = sizeof "{\"m2m:agrp\":{\"m2m:rqp\":[]}}" - 1 + CROWD * sizeof one - 1;
    int n;

    (void)data;
    if (strncmp(request, "POST ", 5) == 0) {
        atomic_fetch_add(&channel.responses, 1);
        return OK;
    }
    if (atomic_fetch_add(&channel.polls, 1)) {
        return "HTTP/1.1 504 \r\nX-M2M-RSC: 4008\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    }
    n = snprintf(text, sizeof text,
                 "HTTP/1.1 200 \r\nX-M2M-RSC: 2000\r\nConnection: close\r\n"
                 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n"
                 "{\"m2m:agrp\":{\"m2m:rqp\":[",
                 size);
    for (int i = 0; i < CROWD; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, "%s%s", i ? "," : "", one);
    }
    (void)snprintf(text + n, sizeof text - (size_t)n, "]}}");
    return text;
}

static int count_one(void *data, const struct merlon_notification *notification)
{
    (void)notification;
    ++*(int *)data;
    return 0;
}

static void what_it_cannot_answer_it_does_not_take(void **state)
{
    int taken = 0;

    (void)state;
    memset(&channel, 0, sizeof channel);
    mln_stub_start_with(&stub, answer_crowd, NULL);
    begin();
    assert_int_equal(merlon_target_poll(target, "cse-in/ae1/p", count_one, &taken, NULL),
                     MERLON_OK);
    for (int i = 0; i < 1000 && (!taken || atomic_load(&channel.responses) < taken); i++) {
        assert_int_equal(merlon_client_run(client, 20, NULL), MERLON_TIMEOUT);
    }
    assert_in_range(taken, MERLON_CALLS / 2, MERLON_CALLS);
    assert_int_equal(atomic_load(&channel.responses), taken);
    stop();
}

/* ---- settings ---- */

static void assert_bad(const struct merlon_target_key *bad, const char *why)
{
    struct merlon_error error = { .text = "" };

    assert_int_equal(merlon_target_add_key(target, bad, &error), MERLON_INVALID);
    if (!strstr(error.text, why)) {
        fail_msg("'%s' does not contain '%s'", error.text, why);
    }
}

static void bad_settings_are_refused(void **state)
{
    struct merlon_target_key bad = key;
    struct merlon_error error;

    (void)state;
    assert_null(merlon_target_new(client, "", handle, NULL, &error));
    assert_string_equal(error.text, "a target needs the address of its AE");
    assert_bad(&key, "the target has a key '" KEY_ID "' already");
    bad.key_id = "no identifier";
    assert_bad(&bad, "'no identifier' is no identifier of a key");
    bad.key_id = "k2@b.example";
    bad.originator = "";
    assert_bad(&bad, "the originator who has it");
    bad.originator = "Cme";
    bad.key_file = "/nowhere/key";
    assert_bad(&bad, "/nowhere/key");
    merlon_target_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(all_operations_in_all_forms),
        TEST(the_handler_says_the_code),
        TEST(what_is_no_code_is_an_error),
        TEST(an_originator_that_the_key_does_not_prove_is_refused),
        TEST(a_request_counts_once),
        TEST(what_is_no_request_inside_is_told_inside),
        TEST(other_security_information_is_refused),
        TEST(bad_settings_are_refused),
        cmocka_unit_test(it_publishes_what_it_supports),
        cmocka_unit_test(it_polls_its_channel),
        cmocka_unit_test(what_it_cannot_answer_it_does_not_take),
    };

    return cmocka_run_group_tests_name("target", tests, make_key, remove_key);
}
