/* Messages that were cut, mixed or changed on their way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/tls_tunnel_run_test.h"

static struct tunnel_run *run;

static int set_up(void **state)
{
    run = mln_tunnel_run();
    return mln_tunnel_up(state);
}

/* ---- messages that are not whole, or not one ---- */

/* Says it to the end that waits for message `number`. */
static void expect_bad(size_t number, const void *bytes, size_t len)
{
    mln_tunnel_start();
    mln_tunnel_well(mln_tunnel_steps(0, number - 1));
    assert_true(len <= ROOM);
    memcpy(run->said[number - 1], bytes, len);
    run->len[number - 1] = len;
    assert_int_equal(mln_tunnel_steps(number, number).code, MLN_ERR_ESCERTKE);
    assert_int_equal(mln_tls_flight_of(mln_tls_tunnel_alert(run->ends[number % 2])),
                     MLN_TLS_FLIGHT_ALERT);
    mln_tunnel_finish();
}

/* Every beginning of every message, some with what comes before or after: none is taken. */
static void pieces(void **state)
{
    static unsigned char copy[2 * ROOM];

    (void)state;
    for (size_t n = 1; n <= MESSAGES; n++) {
        size_t len;

        mln_tunnel_start();
        mln_tunnel_well(mln_tunnel_steps(0, n - 1));
        len = run->len[n - 1];
        mln_tunnel_finish();
        for (size_t cut = 0; cut < len; cut += cut < 64 ? 1 : 61) {
            mln_tunnel_start();
            mln_tunnel_well(mln_tunnel_steps(0, n - 1));
            run->len[n - 1] = cut < run->len[n - 1] ? cut : 0;
            assert_int_equal(mln_tunnel_steps(n, n).code, MLN_ERR_ESCERTKE);
            mln_tunnel_finish();
        }
        mln_tunnel_start();
        mln_tunnel_well(mln_tunnel_steps(0, n - 1));
        memcpy(copy, run->said[n - 1], run->len[n - 1]);
        memcpy(copy + run->len[n - 1], run->said[n - 1], run->len[n - 1]);
        len = 2 * run->len[n - 1];
        mln_tunnel_finish();
        expect_bad(n, copy, len); /* twice */
    }
}

/* A record of `type` behind, or before, the message that comes. */
static void with_record(size_t number, bool is_before, const unsigned char *record, size_t len)
{
    mln_tunnel_start();
    mln_tunnel_well(mln_tunnel_steps(0, number - 1));
    memmove(run->said[number - 1] + (is_before ? len : 0), run->said[number - 1],
            run->len[number - 1]);
    memcpy(run->said[number - 1] + (is_before ? 0 : run->len[number - 1]), record, len);
    run->len[number - 1] += len;
    assert_int_equal(mln_tunnel_steps(number, number).code, MLN_ERR_ESCERTKE);
    mln_tunnel_finish();
}

static void what_does_not_belong_there(void **state)
{
    static const unsigned char records[][9] = {
        { 21, 3, 3, 0, 2, 1, 90 },         /* a warning */
        { 21, 3, 3, 0, 2, 1, 0 },          /* the end */
        { 23, 3, 3, 0, 4, 'd', 'a', 't' }, /* data */
        { 22, 3, 3, 0, 4, 0, 0, 0, 0 },    /* HelloRequest */
        { 20, 3, 3, 0, 1, 1 },             /* ChangeCipherSpec */
        { 24, 3, 3, 0, 3, 1, 0, 0 },       /* heartbeat */
        { 22, 3, 3, 0, 0 },                /* nothing */
    };
    static const size_t lens[] = { 7, 7, 9, 9, 6, 8, 5 };

    (void)state;
    for (size_t n = 1; n <= MESSAGES; n++) {
        for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
            with_record(n, false, records[i], lens[i]);
            with_record(n, true, records[i], lens[i]);
        }
    }
}

/* Messages of the same kind out of another run, or out of turn. */
static void out_of_turn(void **state)
{
    static unsigned char kept[MESSAGES][ROOM];
    size_t lens[MESSAGES];

    (void)state;
    mln_tunnel_start();
    mln_tunnel_well(mln_tunnel_steps(0, 4));
    memcpy(kept, run->said, sizeof kept);
    memcpy(lens, run->len, sizeof lens);
    mln_tunnel_finish();
    for (size_t n = 2; n <= MESSAGES; n++) {
        for (size_t other = 1; other <= MESSAGES; other++) {
            expect_bad(n, kept[other - 1], lens[other - 1]);
        }
    }
}

/* ---- SEC-CKE-07: one byte changed on the way ---- */

/* Nothing is left of the byte after the run: what it says, nobody reads (RFC 5246 E.1). */
static bool is_without_meaning(size_t number, size_t at, unsigned char value)
{
    return number == 1 && at == 2 && (value == 1 || value == 3);
}

/* False: the message has no such byte. */
static bool flip(size_t number, size_t at, unsigned char mask)
{
    unsigned char *byte = &run->said[number - 1][at];
    bool is_there;

    mln_tunnel_start();
    mln_tunnel_well(mln_tunnel_steps(0, number - 1));
    is_there = at < run->len[number - 1];
    *byte ^= mask;
    if (is_there && !is_without_meaning(number, at, *byte) &&
        !mln_failed(mln_tunnel_steps(number, 4))) {
        fail_msg("message %zu, byte %zu ^ %02x", number, at, mask);
    }
    mln_tunnel_finish();
    return is_there;
}

static void every_byte_on_the_way(void **state)
{
    size_t count = 0;

    (void)state;
    for (size_t n = 1; n <= MESSAGES; n++) {
        size_t at = 0;

        while (flip(n, at, (unsigned char)(1U << (at + n) % 8))) {
            at++;
        }
        count += at;
    }
    assert_true(count > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces),
        cmocka_unit_test(what_does_not_belong_there),
        cmocka_unit_test(out_of_turn),
        cmocka_unit_test(every_byte_on_the_way),
    };

    return cmocka_run_group_tests(tests, set_up, mln_tunnel_down);
}
