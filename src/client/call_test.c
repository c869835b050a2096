/* Tests of calls without waiting: answers by callback, several at once, and ends of all kinds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/client_int.h"
#include "client/stub_cse_test.h"

/* The stub serves one connection after the other. */
static const char ok_cnt[] =
    "HTTP/1.1 200 \r\nX-M2M-RSC: 2000\r\nContent-Type: application/json\r\nConnection: close\r\n"
    "Content-Length: 21\r\n\r\n{\"m2m:cnt\":{\"mni\":3}}";
static const char denied[] =
    "HTTP/1.1 403 \r\nX-M2M-RSC: 4103\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

static struct mln_stub stub;
static struct merlon_client *client;

static void set_up(const char *const *answers)
{
    mln_stub_start(&stub, answers);
    client = merlon_client_new(stub.url, NULL);
    assert_non_null(client);
}

static void tear_down(void)
{
    merlon_client_free(client);
    mln_stub_stop(&stub);
}

/* What callbacks were told. */
struct told {
    int want; /* stops the client at that many */
    int count;
    int done;   /* answered with 2000 */
    int denied; /* answered with 4103 */
    enum merlon_status status;
    char text[MERLON_ERROR_TEXT];
    enum merlon_status (*act)(struct told *told); /* within the first callback */
    enum merlon_status acted;
};

static void note(void *data, struct merlon_response *response, const struct merlon_error *error)
{
    struct told *told = data;

    assert_true(!response == !!error);
    told->count++;
    told->done += response && merlon_response_rsc(response) == 2000;
    told->denied += response && merlon_response_rsc(response) == 4103;
    if (error) {
        told->status = error->status;
        (void)snprintf(told->text, sizeof told->text, "%s", error->text);
    }
    merlon_response_free(response);
    if (told->act && told->count == 1) {
        told->acted = told->act(told);
    }
    if (told->count == told->want) {
        merlon_client_stop(client);
    }
}

static enum merlon_status begin_one(struct told *told)
{
    struct merlon_request *request = merlon_request_new(MERLON_RETRIEVE, "cse-in/c1", NULL);
    struct merlon_error error;
    enum merlon_status status = merlon_begin(client, request, note, told, &error);

    merlon_request_free(request);
    return status;
}

static enum merlon_status wait_one(struct told *told)
{
    (void)told;
    return merlon_delete(client, "cse-in/c1", NULL, NULL);
}

static enum merlon_status run_one(struct told *told)
{
    (void)told;
    return merlon_client_run(client, 0, NULL);
}

static void several_are_answered_in_one_run(void **state)
{
    static const char *const answers[] = { ok_cnt, denied, ok_cnt, NULL };
    struct told told = { .want = 3 };

    (void)state;
    set_up(answers);
    for (int i = 0; i < told.want; i++) {
        assert_int_equal(begin_one(&told), MERLON_OK);
    }
    assert_int_equal(told.count, 0);
    assert_int_equal(merlon_client_run(client, 20000, NULL), MERLON_OK);
    assert_int_equal(told.done, 2);
    assert_int_equal(told.denied, 1);
    tear_down();
}

static void a_callback_begins_the_next(void **state)
{
    static const char *const answers[] = { ok_cnt, ok_cnt, NULL };
    struct told told = { .want = 2, .act = begin_one };

    (void)state;
    set_up(answers);
    assert_int_equal(begin_one(&told), MERLON_OK);
    assert_int_equal(merlon_client_run(client, 20000, NULL), MERLON_OK);
    assert_int_equal(told.acted, MERLON_OK);
    assert_int_equal(told.done, 2);
    tear_down();
}

static void a_call_that_waits_serves_the_others(void **state)
{
    static const char *const answers[] = { ok_cnt, ok_cnt, NULL };
    struct told told = { .want = -1 };

    (void)state;
    set_up(answers);
    assert_int_equal(begin_one(&told), MERLON_OK);
    assert_int_equal(merlon_retrieve(client, "cse-in/c2", NULL, NULL), MERLON_OK);
    while (told.count == 0) {
        assert_int_equal(merlon_client_run(client, 1, NULL), MERLON_TIMEOUT);
    }
    assert_int_equal(told.done, 1);
    tear_down();
}

static void a_callback_must_not_wait(void **state)
{
    static enum merlon_status (*const acts[])(struct told *) = { wait_one, run_one };

    (void)state;
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        static const char *const answers[] = { ok_cnt, NULL };
        struct told told = { .want = 1, .act = acts[i] };

        set_up(answers);
        assert_int_equal(begin_one(&told), MERLON_OK);
        assert_int_equal(merlon_client_run(client, 20000, NULL), MERLON_OK);
        assert_int_equal(told.acted, MERLON_INVALID);
        tear_down();
    }
}

static void freeing_the_client_calls_off_what_is_under_way(void **state)
{
    static const char *const answers[] = { MLN_STUB_SILENCE, NULL };
    struct told told = { .want = -1, .act = begin_one };
    struct told begun = { .want = -1, .act = wait_one };

    (void)state;
    set_up(answers);
    assert_int_equal(begin_one(&told), MERLON_OK);
    assert_int_equal(begin_one(&begun), MERLON_OK);
    assert_int_equal(merlon_client_run(client, 20, NULL), MERLON_TIMEOUT);
    tear_down();
    assert_int_equal(told.count, 1);
    assert_int_equal(told.status, MERLON_CANCELLED);
    assert_string_equal(told.text, "called off");
    assert_int_equal(told.acted, MERLON_INVALID);
    assert_int_equal(begun.count, 1);
    assert_int_equal(begun.acted, MERLON_INVALID);
}

static void silence_ends_by_the_time_out(void **state)
{
    static const char *const answers[] = { MLN_STUB_SILENCE, NULL };
    struct told told = { .want = 1 };

    (void)state;
    set_up(answers);
    merlon_client_set_timeout(client, 50);
    assert_int_equal(begin_one(&told), MERLON_OK);
    assert_int_equal(merlon_client_run(client, 20000, NULL), MERLON_OK);
    assert_int_equal(told.status, MERLON_TIMEOUT);
    tear_down();
}

static void their_number_is_bounded(void **state)
{
    static const char *const answers[] = { MLN_STUB_SILENCE, NULL };
    struct told told = { .want = -1 };

    (void)state;
    set_up(answers);
    for (int i = 0; i < MERLON_CALLS; i++) {
        assert_int_equal(begin_one(&told), MERLON_OK);
    }
    assert_int_equal(begin_one(&told), MERLON_SYSTEM);
    assert_int_equal(merlon_delete(client, "cse-in/c1", NULL, NULL), MERLON_SYSTEM);
    assert_int_equal(merlon_client_set_credentials(client, NULL, 0, NULL), MERLON_INVALID);
    tear_down();
    assert_int_equal(told.count, MERLON_CALLS);
}

static void what_cannot_be_sent_is_not_begun(void **state)
{
    struct merlon_request *create = merlon_request_new(MERLON_CREATE, "c1", NULL);
    struct merlon_request *retrieve = merlon_request_new(MERLON_RETRIEVE, "c1", NULL);
    struct told told = { .want = -1 };
    struct merlon_error error;

    (void)state;
    client = merlon_client_new("http://127.0.0.1:9", NULL);
    assert_int_equal(merlon_begin(client, create, note, &told, &error), MERLON_INVALID);
    assert_string_equal(error.text, "a CREATE needs a content");
    assert_int_equal(merlon_request_set(retrieve, "vsi", "two\nlines", &error), MERLON_OK);
    assert_int_equal(merlon_begin(client, retrieve, note, &told, NULL), MERLON_INVALID);
    merlon_request_free(create);
    merlon_request_free(retrieve);
    merlon_client_free(client);
    assert_int_equal(told.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_are_answered_in_one_run),
        cmocka_unit_test(a_callback_begins_the_next),
        cmocka_unit_test(a_call_that_waits_serves_the_others),
        cmocka_unit_test(a_callback_must_not_wait),
        cmocka_unit_test(freeing_the_client_calls_off_what_is_under_way),
        cmocka_unit_test(silence_ends_by_the_time_out),
        cmocka_unit_test(their_number_is_bounded),
        cmocka_unit_test(what_cannot_be_sent_is_not_begun),
    };

    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
