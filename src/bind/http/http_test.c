/* Ports of the binding: opening, several loops, what connections share. */
#include "bind/http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/env.h"
#include "bind/http/fake_cse_test.h"
#include "bind/http/http_server.h"

enum { LOOPS = 2 };

static struct mln_limits limits;
static struct mln_gate gate;

static struct mln_bind_options options_for(const char *host, uint16_t number)
{
    struct mln_bind_options options = { .loops = LOOPS, .limits = &limits, .gate = &gate };

    mln_limits_default(&limits);
    gate = (struct mln_gate){ .max = 1000 };
    assert_false(
        mln_failed(mln_address_resolve(mln_slice_z(host), number, &options.address, NULL)));
    return options;
}

static void says_where_it_is_reached(void **state)
{
    struct mln_bind_options options = options_for("127.0.0.1", 0);
    struct mln_bind_port *port = NULL;
    char url[MLN_BIND_URL_SIZE];

    (void)state;
    assert_false(mln_failed(mln_http_binding.open(&options, NULL, &port)));
    mln_http_binding.url(port, url);
    assert_int_equal(strncmp(url, "http://127.0.0.1:", 17), 0);
    assert_string_not_equal(url, "http://127.0.0.1:0");
    assert_ptr_equal(port->ops, &mln_http_binding);
    mln_http_binding.close(port); /* with sockets that no loop has taken */
    mln_http_binding.close(NULL);
    mln_http_binding.detach(NULL);
}

static void refuses_an_address_in_use(void **state)
{
    struct mln_bind_options options = options_for("127.0.0.1", 0);
    struct mln_bind_port *port = NULL;
    struct mln_bind_port *other = NULL;
    struct mln_fault fault = { 0 };
    char url[MLN_BIND_URL_SIZE];
    unsigned number = 0;

    (void)state;
    assert_false(mln_failed(mln_http_binding.open(&options, NULL, &port)));
    mln_http_binding.url(port, url);
    for (const char *c = strrchr(url, ':') + 1; *c; c++) {
        number = number * 10 + (unsigned)(*c - '0');
    }
    options.address.port = (uint16_t)number;
    assert_int_equal(mln_http_binding.open(&options, &fault, &other).code, MLN_ERR_CONFIG);
    assert_non_null(strstr(fault.text, url + 7));
    mln_http_binding.close(port);
}

static void attaches_to_several_loops(void **state)
{
    struct mln_bind_options options = options_for("127.0.0.1", 0);
    struct mln_bind_port *port = NULL;
    struct mln_worker workers[LOOPS] = { 0 };
    struct mln_bind *servers[LOOPS];

    (void)state;
    assert_false(mln_failed(mln_http_binding.open(&options, NULL, &port)));
    for (size_t i = 0; i < LOOPS; i++) {
        assert_false(mln_failed(mln_loop_new(&workers[i].loop)));
        assert_false(mln_failed(
            mln_http_binding.attach(port, i, workers[i].loop, &workers[i], &servers[i])));
        assert_ptr_equal(servers[i]->ops, &mln_http_binding);
    }
    for (size_t i = 0; i < LOOPS; i++) {
        mln_http_binding.detach(servers[i]);
        mln_loop_free(workers[i].loop);
    }
    mln_http_binding.close(port);
}

static void tells_the_date(void **state)
{
    struct mln_http_server server = { 0 };
    struct mln_slice date = mln_http_date(&server);
    unsigned day, year, hour, minute, second;
    char weekday[4] = { 0 };
    char month[4] = { 0 };
    char text[MLN_HTTP_DATE_SIZE + 1] = { 0 };
    char again[64];

    (void)state;
    assert_int_equal(date.len, MLN_HTTP_DATE_SIZE);
    memcpy(text, date.ptr, date.len);
    assert_string_equal(text + 26, "GMT");
    memcpy(weekday, text, 3);
    memcpy(month, text + 8, 3);
    day = (unsigned)((text[5] - '0') * 10 + text[6] - '0');
    year = (unsigned)((text[12] - '0') * 1000 + (text[13] - '0') * 100 + (text[14] - '0') * 10 +
                      text[15] - '0');
    hour = (unsigned)((text[17] - '0') * 10 + text[18] - '0');
    minute = (unsigned)((text[20] - '0') * 10 + text[21] - '0');
    second = (unsigned)((text[23] - '0') * 10 + text[24] - '0');
    (void)snprintf(again, sizeof again, "%s, %02u %s %04u %02u:%02u:%02u GMT", weekday, day, month,
                   year, hour, minute, second);
    assert_string_equal(again, text);
    assert_non_null(strstr("SunMonTueWedThuFriSat", weekday));
    assert_non_null(strstr("JanFebMarAprMayJunJulAugSepOctNovDec", month));
    server.date_checked_us = 0;
    server.date_s = 784111777; /* spec: RFC9110 5.6.7, its example; kept while the second lasts */
    assert_int_not_equal(mln_http_date(&server).ptr[0], '\0');
    assert_int_equal(server.date_s, mln_env_now_us(mln_env_system()) / 1000000);
}

static void arenas_are_kept_for_reuse(void **state)
{
    struct mln_http_server server = { .limits = &limits };
    struct mln_arena *arenas[MLN_HTTP_ARENAS + 1];

    (void)state;
    mln_limits_default(&limits);
    for (size_t i = 0; i < MLN_HTTP_ARENAS + 1; i++) {
        arenas[i] = mln_http_take_arena(&server);
        assert_non_null(arenas[i]);
    }
    for (size_t i = 0; i < MLN_HTTP_ARENAS + 1; i++) { /* one too many */
        mln_http_give_arena(&server, arenas[i]);
    }
    assert_int_equal(server.arena_count, MLN_HTTP_ARENAS);
    assert_ptr_equal(mln_http_take_arena(&server), arenas[MLN_HTTP_ARENAS - 1]);
    mln_http_give_arena(&server, arenas[MLN_HTTP_ARENAS - 1]);
    while (server.arena_count) {
        mln_arena_free(server.arenas[--server.arena_count]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_where_it_is_reached),  cmocka_unit_test(refuses_an_address_in_use),
        cmocka_unit_test(attaches_to_several_loops), cmocka_unit_test(tells_the_date),
        cmocka_unit_test(arenas_are_kept_for_reuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
