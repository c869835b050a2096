/* Tests of what is told of notification targets. */
#include "cse/notify/reach.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
    const char *target;
    size_t user;
    const char *shown;
} rows[] = {
    { "http://host/x", 0, "http://host/x" },
    { "http://host/x?key=secret", 0, "http://host/x" },
    { "http://name@host/x", 12, "host/x" },
    { "https://name:secret@host:8443?x", 20, "host:8443" },
    { "http://a@b:secret@host", 18, "host" },
    { "http://host/a@b", 0, "http://host/a@b" },
    { "http://host?a@b", 0, "http://host" },
    { "http://host#a@b", 0, "http://host#a@b" },
    { "http://name:secret@", 19, "" },
    { "coap+tcp://name@host", 16, "host" },
    { "cse-in/ae1", 0, "cse-in/ae1" },
    { "cse-in/ae1?ct=json", 0, "cse-in/ae1" },
    { "//sp.example/id-in/C1@x", 0, "//sp.example/id-in/C1@x" },
    { "", 0, "" },
};

static void neither_users_nor_queries_are_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mln_slice target = mln_slice_z(rows[i].target);

        assert_int_equal(mln_reach_user(target), rows[i].user);
        assert_true(mln_slice_eq(mln_reach_shown(target), mln_slice_z(rows[i].shown)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neither_users_nor_queries_are_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
