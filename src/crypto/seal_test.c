/* Tests of sealing. What OpenSSL's AES-GCM writes is not tested again; that it is AES-256-GCM of
 * these parts is, by opening it with a second implementation: tests/client/test_credentials.py. */
#include "crypto/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PURPOSE MLN_S("a test")
#define PLAIN   MLN_S("planted secret of the test")

enum { ROOM = 256 };

static char directory[64];
static char path[128];
static struct mln_master_key *key;

static int up(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof directory, "/tmp/merlon-seal-XXXXXX");
    if (!mkdtemp(directory)) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/master.key", directory);
    return mln_failed(mln_master_key_make(path, mln_env_system(), NULL, &key));
}

static int down(void **state)
{
    (void)state;
    mln_master_key_freep(&key);
    (void)unlink(path);
    return rmdir(directory);
}

static void assert_error(mln_err err, enum mln_err_code want)
{
    assert_string_equal(mln_err_name(err), mln_err_name((mln_err){ want }));
}

static struct mln_slice seal(struct mln_slice plain, char room[static ROOM])
{
    assert_false(mln_failed(mln_seal(key, mln_env_system(), PURPOSE, plain, room)));
    return mln_slice_of(room, plain.len + MLN_SEAL_OVERHEAD);
}

static void opens_what_it_sealed(void **state)
{
    struct mln_secret *opened = NULL;
    char room[ROOM];

    (void)state;
    assert_false(mln_failed(mln_unseal(key, PURPOSE, seal(PLAIN, room), &opened)));
    assert_int_equal(mln_secret_len(opened), PLAIN.len);
    assert_memory_equal(mln_secret_bytes(opened), PLAIN.ptr, PLAIN.len);
    mln_secret_free(opened);
    opened = NULL;
    assert_false(mln_failed(mln_unseal(key, PURPOSE, seal(MLN_S(""), room), &opened)));
    assert_null(opened);
}

/* SEC-IDN-08 */
static void shows_nothing_of_it(void **state)
{
    char one[ROOM];
    char two[ROOM];
    struct mln_slice a = seal(PLAIN, one);
    struct mln_slice b = seal(PLAIN, two);

    (void)state;
    assert_null(memmem(a.ptr, a.len, "planted", 7));
    /* each time another nonce, so another text behind the head of magic and key name */
    assert_memory_equal(a.ptr, b.ptr, 16);
    assert_memory_not_equal(a.ptr + 16, b.ptr + 16, 12);
    assert_memory_not_equal(a.ptr + 32, b.ptr + 32, PLAIN.len);
}

static void refuses_each_changed_bit(void **state)
{
    char room[ROOM];
    struct mln_slice sealed = seal(PLAIN, room);
    struct mln_secret *opened = NULL;

    (void)state;
    for (size_t i = 0; i < sealed.len * 8; i++) {
        room[i / 8] = (char)(room[i / 8] ^ (1 << i % 8));
        assert_true(mln_failed(mln_unseal(key, PURPOSE, sealed, &opened)));
        room[i / 8] = (char)(room[i / 8] ^ (1 << i % 8));
    }
    for (size_t len = 0; len < sealed.len; len++) {
        assert_error(mln_unseal(key, PURPOSE, mln_slice_head(sealed, len), &opened),
                     MLN_ERR_SEAL_BROKEN);
    }
    assert_null(opened);
    assert_false(mln_failed(mln_unseal(key, PURPOSE, sealed, &opened)));
    mln_secret_free(opened);
}

static void refuses_another_purpose(void **state)
{
    char room[ROOM];
    struct mln_slice sealed = seal(PLAIN, room);
    struct mln_secret *opened = NULL;

    (void)state;
    assert_error(mln_unseal(key, MLN_S("another"), sealed, &opened), MLN_ERR_SEAL_BROKEN);
    assert_error(mln_unseal(key, MLN_S(""), sealed, &opened), MLN_ERR_SEAL_BROKEN);
    assert_null(opened);
}

static void names_the_reason(void **state)
{
    char room[ROOM];
    struct mln_slice sealed = seal(PLAIN, room);
    struct mln_secret *opened = NULL;
    struct mln_master_key *other = NULL;

    (void)state;
    assert_int_equal(unlink(path), 0);
    assert_false(mln_failed(mln_master_key_make(path, mln_env_system(), NULL, &other)));
    assert_error(mln_unseal(other, PURPOSE, sealed, &opened), MLN_ERR_SEAL_KEY);
    mln_master_key_freep(&other);
    room[7] = 2;
    assert_error(mln_unseal(key, PURPOSE, sealed, &opened), MLN_ERR_SEAL_VERSION);
    room[7] = 0;
    assert_error(mln_unseal(key, PURPOSE, sealed, &opened), MLN_ERR_SEAL_BROKEN);
    assert_null(opened);
}

static void keeps_the_master_key_in_a_file(void **state)
{
    char room[ROOM];
    struct mln_slice sealed = seal(PLAIN, room);
    struct mln_secret *opened = NULL;
    struct mln_master_key *again = NULL;
    struct mln_fault fault = { 0 };
    struct stat st;

    (void)state;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, MLN_MASTER_KEY_BYTES);
    assert_error(mln_master_key_make(path, mln_env_system(), &fault, &again), MLN_ERR_CONFLICT);
    assert_false(mln_failed(mln_master_key_load(path, NULL, &again)));
    assert_false(mln_failed(mln_unseal(again, PURPOSE, sealed, &opened)));
    mln_secret_free(opened);
    mln_master_key_freep(&again);
}

static void refuses_a_master_key_that_is_none(void **state)
{
    struct mln_master_key *none = NULL;
    struct mln_fault fault = { 0 };

    (void)state;
    assert_int_equal(chmod(path, 0640), 0);
    assert_error(mln_master_key_load(path, &fault, &none), MLN_ERR_CONFIG);
    assert_non_null(strstr(fault.text, "chmod 600"));
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 31), 0);
    assert_error(mln_master_key_load(path, NULL, &none), MLN_ERR_CONFIG);
    assert_int_equal(truncate(path, 33), 0);
    assert_error(mln_master_key_load(path, NULL, &none), MLN_ERR_CONFIG);
    assert_error(mln_master_key_load(directory, NULL, &none), MLN_ERR_CONFIG);
    assert_int_equal(unlink(path), 0);
    assert_error(mln_master_key_load(path, NULL, &none), MLN_ERR_NOT_FOUND);
    assert_null(none);
}

static mln_err no_random(void *data, void *out, size_t len)
{
    (void)data;
    (void)out;
    (void)len;
    MLN_FAIL(SYSTEM);
}

/* Never a text under a nonce that nobody drew. */
static void seals_nothing_without_random_numbers(void **state)
{
    const struct mln_env env = { .random = no_random };
    struct mln_master_key *none = NULL;
    char room[ROOM];

    (void)state;
    assert_error(mln_seal(key, &env, PURPOSE, PLAIN, room), MLN_ERR_SYSTEM);
    assert_int_equal(unlink(path), 0);
    assert_error(mln_master_key_make(path, &env, NULL, &none), MLN_ERR_SYSTEM);
    assert_int_equal(access(path, F_OK), -1);
    assert_null(none);
}

#define T(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(opens_what_it_sealed),
        T(shows_nothing_of_it),
        T(refuses_each_changed_bit),
        T(refuses_another_purpose),
        T(names_the_reason),
        T(keeps_the_master_key_in_a_file),
        T(refuses_a_master_key_that_is_none),
        T(seals_nothing_without_random_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
