/* Tests of the keys that ESCertKE has made. */
#include "e2e/made_keys.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define DAY INT64_C(86400000000)

static int64_t clock_us;

static int64_t now_us(void *data)
{
    (void)data;
    return clock_us;
}

static const struct mln_env env = { NULL, now_us, NULL };
static struct mln_limits limits;
static struct mln_tls_slot *slot;
static struct mln_made_keys *keys;

static int set_up(void **state)
{
    (void)state;
    clock_us = 1000 * DAY;
    mln_limits_default(&limits);
    if (mln_failed(mln_tls_slot_new(&slot))) {
        return -1;
    }
    return mln_failed(mln_made_keys_new(&env, &limits, slot, &keys)) ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    mln_made_keys_free(keys);
    mln_tls_slot_free(slot);
    return 0;
}

static struct mln_association *association_of(const char *name, int64_t expires_us)
{
    struct mln_slice ae_id = mln_slice_z(name);
    struct mln_association draft = { .kind = MLN_ASSOCIATION_CERTIFICATE,
                                     .credential_id = ae_id,
                                     .ae_ids = &ae_id,
                                     .ae_id_count = 1,
                                     .expires_us = expires_us };
    struct mln_association *a = NULL;

    assert_false(mln_failed(mln_association_new(&draft, &a)));
    return a;
}

/* A key with an identifier of that number. */
static struct mln_tls_made made_of(unsigned number, const char *name)
{
    struct mln_tls_made made = { .association = association_of(name, clock_us + 100 * DAY) };

    made.id[0] = (unsigned char)(number >> 16);
    made.id[1] = (unsigned char)(number >> 8);
    made.id[15] = (unsigned char)number;
    made.key = mln_secret_of(made.id, sizeof made.id);
    return made;
}

static void made_done(struct mln_tls_made *made)
{
    mln_secret_free(made->key);
    mln_association_unref(made->association);
}

static mln_err put(unsigned number, const char *name)
{
    struct mln_tls_made made = made_of(number, name);
    mln_err err = mln_made_keys_put(keys, &made, mln_tls_slot_serial(slot));

    assert_int_equal(made.key == NULL, !mln_failed(err));
    made_done(&made);
    return err;
}

static mln_err find(unsigned number, struct mln_pair_key *ret)
{
    const unsigned char id[MLN_KDF_ID] = {
        (unsigned char)(number >> 16), (unsigned char)(number >> 8), [15] = (unsigned char)number
    };
    char kid[MLN_MADE_KID];

    mln_made_keys_kid(id, kid);
    return mln_made_keys_find(keys, mln_slice_of(kid, sizeof kid), clock_us, ret);
}

static bool is_there(unsigned number)
{
    struct mln_pair_key key = { 0 };
    mln_err err = find(number, &key);

    mln_secret_free(key.key);
    mln_association_unref(key.association);
    assert_true(!mln_failed(err) || err.code == MLN_ERR_NOT_FOUND);
    return !mln_failed(err);
}

static void a_key_and_its_kid(void **state)
{
    struct mln_pair_key key;

    (void)state;
    assert_false(mln_failed(put(0xab01cd, "S1")));
    assert_false(mln_failed(
        mln_made_keys_find(keys, MLN_S("ab0100000000000000000000000000cd"), clock_us, &key)));
    assert_int_equal(mln_secret_len(key.key), MLN_KDF_ID);
    assert_memory_equal(mln_secret_bytes(key.key), "\xab\x01", 2);
    assert_true(mln_slice_eq(key.association->ae_ids[0], MLN_S("S1")));
    mln_secret_free(key.key);
    mln_association_unref(key.association);
    /* SEC-IDN-05 */
    assert_false(mln_failed(
        mln_made_keys_find(keys, MLN_S("AB0100000000000000000000000000CD"), clock_us, &key)));
    mln_secret_free(key.key);
    mln_association_unref(key.association);
}

static void what_is_no_kid(void **state)
{
    static const char *const texts[] = {
        "",
        "ab",
        "ab0100000000000000000000000000ce",
        "ab0100000000000000000000000000cd0",
        "ab0100000000000000000000000000cg",
        "ab0100000000000000000000000000cd@sp.example",
    };
    struct mln_pair_key key;

    (void)state;
    assert_false(mln_failed(put(0xab01cd, "S1")));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(mln_made_keys_find(keys, mln_slice_z(texts[i]), clock_us, &key).code,
                         MLN_ERR_NOT_FOUND);
    }
}

/* Its own life, that of the certificate, that of the credential. */
static void when_a_key_ends(void **state)
{
    struct mln_tls_made made = made_of(2, "S2");
    struct mln_association *basis = mln_association_ref(made.association);

    (void)state;
    assert_false(mln_failed(put(1, "S1")));
    assert_false(mln_failed(mln_made_keys_put(keys, &made, 0)));
    clock_us += DAY - 1;
    assert_true(is_there(1) && is_there(2));
    mln_association_revoke(basis);
    mln_association_unref(basis);
    assert_true(is_there(1));
    assert_false(is_there(2));
    clock_us++;
    assert_false(is_there(1));
    made = made_of(3, "S3");
    mln_association_unref(made.association);
    made.association = association_of("S3", clock_us + 5);
    assert_false(mln_failed(mln_made_keys_put(keys, &made, 0)));
    assert_true(is_there(3));
    clock_us += 5;
    assert_false(is_there(3));
}

/* Who uses a key sees that it ends. */
static void what_rests_on_a_key(void **state)
{
    struct mln_pair_key key;

    (void)state;
    assert_false(mln_failed(put(1, "S1")));
    assert_false(mln_failed(find(1, &key)));
    assert_true(mln_association_is_valid(key.association, clock_us));
    assert_false(mln_association_is_valid(key.association, clock_us + DAY));
    for (unsigned i = 2; i <= 5; i++) {
        assert_true(mln_association_is_valid(key.association, clock_us));
        assert_false(mln_failed(put(i, "S1")));
    }
    assert_false(mln_association_is_valid(key.association, clock_us));
    mln_secret_free(key.key);
    mln_association_unref(key.association);
}

/* The oldest of the same identity makes room, nobody else's does. */
static void shares(void **state)
{
    (void)state;
    assert_false(mln_failed(put(100, "Sother")));
    for (unsigned i = 1; i <= 10; i++) {
        assert_false(mln_failed(put(i, "S1")));
    }
    for (unsigned i = 1; i <= 10; i++) {
        assert_int_equal(is_there(i), i > 10 - limits.escertke_share);
    }
    assert_true(is_there(100));
}

static void no_more_than_the_limit(void **state)
{
    char name[16];

    (void)state;
    limits.escertke_keys = 20;
    for (unsigned i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof name, "S%u", i);
        assert_false(mln_failed(put(i, name)));
    }
    assert_int_equal(put(20, "S20").code, MLN_ERR_LIMIT);
    assert_false(mln_failed(put(21, "S3"))); /* its own share */
    assert_int_equal(put(22, "S22").code, MLN_ERR_LIMIT);
    assert_true(is_there(0));
    clock_us += DAY;
    assert_false(mln_failed(put(22, "S22"))); /* what has ended makes room */
    assert_false(is_there(0));
}

/* Certificates were exchanged: all keys end, also one that is being made. */
static void after_a_reload(void **state)
{
    struct mln_tls_made made = made_of(2, "S2");
    struct mln_pair_key key;
    uint64_t serial = mln_tls_slot_serial(slot);

    (void)state;
    assert_false(mln_failed(put(1, "S1")));
    assert_false(mln_failed(find(1, &key)));
    mln_tls_slot_set(slot, NULL);
    assert_true(mln_association_is_valid(key.association, clock_us));
    mln_made_keys_renew(keys);
    assert_false(mln_association_is_valid(key.association, clock_us));
    assert_false(is_there(1));
    assert_int_equal(mln_made_keys_put(keys, &made, serial).code, MLN_ERR_ESCERTKE);
    made_done(&made);
    assert_false(mln_failed(put(3, "S3")));
    mln_tls_slot_set(slot, NULL);
    assert_false(is_there(3)); /* and nobody has to say so */
    mln_secret_free(key.key);
    mln_association_unref(key.association);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 300 };

static void *busy(void *data)
{
    unsigned first = *(unsigned *)data;
    char name[16];

    (void)snprintf(name, sizeof name, "S%u", first);
    for (unsigned i = 0; i < ROUNDS; i++) {
        mln_ignore(put(first + i, name));
        (void)is_there(first + i);
        (void)is_there((first + i) % 2000);
    }
    return NULL;
}

static void several_threads(void **state)
{
    pthread_t threads[THREADS];
    unsigned firsts[THREADS];

    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        firsts[i] = 1000 * i;
        assert_int_equal(pthread_create(&threads[i], NULL, busy, &firsts[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_true(is_there(1000 * i + ROUNDS - 1));
        assert_false(is_there(1000 * i));
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_key_and_its_kid),   T(what_is_no_kid),  T(when_a_key_ends),
        T(what_rests_on_a_key), T(shares),          T(no_more_than_the_limit),
        T(after_a_reload),      T(several_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
