/* Tests of strikes. SEC-GEN-09 */
#include "io/strikes.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 3, ADDRESSES = 1000, THREADS = 4, EACH = 1000 };

#define MINUTE INT64_C(60000000)

static struct mln_strikes *make(uint64_t most)
{
    struct mln_strikes *s = NULL;

    assert_false(mln_failed(mln_strikes_new(mln_env_system(), most, &s)));
    return s;
}

static struct mln_peer v4(unsigned char last)
{
    return (struct mln_peer){ .address_len = 4, .address = { 127, 0, 0, last } };
}

static struct mln_peer v6(unsigned char network, unsigned char host)
{
    return (struct mln_peer){ .address_len = 16,
                              .address = { 0x20, 1, 0xd, 0xb8, [7] = network, [15] = host } };
}

static void shuts_out_for_the_rest_of_the_minute(void **state)
{
    struct mln_strikes *s = make(MOST);
    struct mln_peer peer = v4(1);

    (void)state;
    for (int i = 1; i < MOST; i++) {
        assert_false(mln_strikes_add(s, &peer, MINUTE));
        assert_false(mln_strikes_is_out(s, &peer, MINUTE));
    }
    assert_true(mln_strikes_add(s, &peer, 2 * MINUTE - 1)); /* told once */
    assert_true(mln_strikes_is_out(s, &peer, 2 * MINUTE - 1));
    assert_false(mln_strikes_add(s, &peer, 2 * MINUTE - 1));
    assert_false(mln_strikes_is_out(s, &peer, 2 * MINUTE));
    assert_false(mln_strikes_add(s, &peer, 2 * MINUTE)); /* the count is new */
    assert_false(mln_strikes_is_out(s, &peer, 2 * MINUTE));
    mln_strikes_free(s);
}

static void others_are_not_shut_out(void **state)
{
    struct mln_strikes *s = make(1);
    struct mln_peer one = v4(1);
    struct mln_peer other = v4(2);

    (void)state;
    assert_true(mln_strikes_add(s, &one, 0));
    assert_false(mln_strikes_is_out(s, &other, 0));
    mln_strikes_free(s);
}

static void a_network_of_ipv6_counts_as_one(void **state)
{
    struct mln_strikes *s = make(2);
    struct mln_peer one = v6(1, 1);
    struct mln_peer neighbour = v6(1, 2);
    struct mln_peer other = v6(2, 1);

    (void)state;
    assert_false(mln_strikes_add(s, &one, 0));
    assert_true(mln_strikes_add(s, &neighbour, 0));
    assert_true(mln_strikes_is_out(s, &one, 0));
    assert_false(mln_strikes_is_out(s, &other, 0));
    mln_strikes_free(s);
}

/* A table of fixed size forgets rather than grows, and counts no stranger in. */
static void many_addresses_are_bounded(void **state)
{
    struct mln_strikes *s = make(MOST);
    size_t out = 0;

    (void)state;
    for (int i = 0; i < ADDRESSES; i++) {
        struct mln_peer peer = v6((unsigned char)(i >> 8), 0);

        peer.address[6] = (unsigned char)i;
        for (int j = 0; j < MOST; j++) {
            (void)mln_strikes_add(s, &peer, 0);
        }
        out += mln_strikes_is_out(s, &peer, 0);
    }
    assert_int_equal(out, ADDRESSES);
    mln_strikes_free(s);
}

static void *strike(void *data)
{
    struct mln_peer peer = v4(9);

    for (int i = 0; i < EACH; i++) {
        (void)mln_strikes_add(data, &peer, 0);
    }
    return NULL;
}

static void threads_lose_no_count(void **state)
{
    struct mln_strikes *s = make(THREADS * EACH + 1);
    struct mln_peer peer = v4(9);
    pthread_t ids[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&ids[i], NULL, strike, s), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(ids[i], NULL);
    }
    assert_false(mln_strikes_is_out(s, &peer, 0));
    assert_true(mln_strikes_add(s, &peer, 0));
    mln_strikes_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shuts_out_for_the_rest_of_the_minute),
        cmocka_unit_test(others_are_not_shut_out),
        cmocka_unit_test(a_network_of_ipv6_counts_as_one),
        cmocka_unit_test(many_addresses_are_bounded),
        cmocka_unit_test(threads_lose_no_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
