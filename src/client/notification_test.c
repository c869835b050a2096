/* Tests of notifications: verification, single ones, aggregates, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/client_int.h"

/* What the callback saw: "event root deletion subscription originator;". */
static char seen[1024];
static int verdicts[4];
static int calls;

static int on_notified(void *data, const struct merlon_notification *n)
{
    size_t len = strlen(seen);

    assert_ptr_equal(data, seen);
    assert_non_null(merlon_notification_json(n));
    (void)snprintf(seen + len, sizeof seen - len, "%d %s %d %s %s;", merlon_notification_event(n),
                   merlon_json_name(merlon_json_first(merlon_notification_representation(n))),
                   merlon_notification_is_deletion(n), merlon_notification_subscription(n),
                   merlon_notification_originator(n));
    return verdicts[calls++ % 4];
}

static void assert_taken(const char *body, int want_rsc, const char *want)
{
    struct mln_arena *arena = mln_arena_new(1 << 20);
    struct mln_value *v = NULL;
    struct mln_fault fault = { 0 };

    seen[0] = '\0';
    calls = 0;
    assert_int_equal(mln_client_read_json(mln_slice_z(body), arena, &v, &fault).code, MLN_ERR_NONE);
    assert_int_equal(mln_client_take_notification(v, "/id-in", on_notified, seen), want_rsc);
    assert_string_equal(seen, want);
    mln_arena_free(arena);
}

static void gives_notifications_to_the_callback(void **state)
{
    (void)state;
    assert_taken(
        "{\"m2m:sgn\":{\"nev\":{\"net\":3,\"rep\":{\"m2m:cin\":{\"con\":1}}},\"sur\":\"s\"}}", 2000,
        "3 m2m:cin 0 s /id-in;");
    assert_taken("{\"m2m:sgn\":{\"sud\":true,\"sur\":\"s\"}}", 2000, "0  1 s /id-in;");
    assert_taken("{\"m2m:sgn\":{}}", 2000, "0  0  /id-in;");
    assert_taken("{\"sgn\":{\"sur\":\"s\"}}", 2000, "0  0 s /id-in;");
    /* what is of the wrong type is not there */
    assert_taken("{\"m2m:sgn\":{\"nev\":5,\"sur\":1,\"sud\":\"true\"}}", 2000, "0  0  /id-in;");
    assert_taken("{\"m2m:sgn\":{\"nev\":{\"net\":99999999999}}}", 2000, "0  0  /id-in;");
}

static void confirms_verification_requests_itself(void **state)
{
    (void)state;
    assert_taken("{\"m2m:sgn\":{\"vrq\":true,\"sur\":\"s\",\"cr\":\"C1\"}}", 2000, "");
    assert_taken("{\"m2m:sgn\":{\"vrq\":false,\"sur\":\"s\"}}", 2000, "0  0 s /id-in;");
}

static void takes_aggregates_apart(void **state)
{
    (void)state;
    verdicts[0] = 0;
    assert_taken("{\"m2m:agn\":{\"m2m:sgn\":[{\"sur\":\"a\"},{\"sur\":\"b\"}]}}", 2000,
                 "0  0 a /id-in;0  0 b /id-in;");
    assert_taken("{\"m2m:agn\":{\"sgn\":[{\"sur\":\"a\"}]}}", 2000, "0  0 a /id-in;");
    assert_taken("{\"m2m:agn\":{\"m2m:sgn\":[]}}", 2000, "");
}

static void answers_what_the_callback_says(void **state)
{
    (void)state;
    verdicts[0] = 5000;
    assert_taken("{\"m2m:sgn\":{}}", 5000, "0  0  /id-in;");
    verdicts[0] = 2001;
    verdicts[1] = 4004;
    verdicts[2] = 4005;
    assert_taken("{\"m2m:agn\":{\"m2m:sgn\":[{},{},{}]}}", 4004,
                 "0  0  /id-in;0  0  /id-in;0  0  /id-in;");
    memset(verdicts, 0, sizeof verdicts);
}

static void refuses_what_is_no_notification(void **state)
{
    (void)state;
    assert_taken("{\"m2m:cin\":{}}", 4000, "");
    assert_taken("{}", 4000, "");
    assert_taken("[]", 4000, "");
    assert_taken("5", 4000, "");
    assert_taken("{\"m2m:sgn\":5}", 4000, "");
    assert_taken("{\"m2m:agn\":{}}", 4000, "");
    assert_taken("{\"m2m:agn\":5}", 4000, "");
    assert_taken("{\"m2m:agn\":{\"m2m:sgn\":[5]}}", 4000, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_notifications_to_the_callback),
        cmocka_unit_test(confirms_verification_requests_itself),
        cmocka_unit_test(takes_aggregates_apart),
        cmocka_unit_test(answers_what_the_callback_says),
        cmocka_unit_test(refuses_what_is_no_notification),
    };

    return cmocka_run_group_tests_name("notification", tests, NULL, NULL);
}
