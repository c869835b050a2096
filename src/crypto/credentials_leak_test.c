/* A test that plants secrets and looks for them in all memory that a core dump would hold. */
#include "crypto/credentials_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/cred_dir_test.h"
#include "crypto/kdf.h"

enum { LINE = 512, KEY = MLN_CREDENTIAL_KEY_USUAL, NOW = 1000, NEEDLE = 8 };

/* Mappings larger than this are the sanitizers' own, which they keep out of dumps. */
static const size_t LARGEST = (size_t)1 << 30;

struct mapping {
    const char *at;
    size_t len;
    bool is_readable;
};

static uint64_t hex_of(struct mln_slice s)
{
    uint64_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        n = n * 16 + (uint64_t)(s.ptr[i] <= '9' ? s.ptr[i] - '0' : s.ptr[i] - 'a' + 10);
    }
    return n;
}

/* "7f00-7f10 rw-p ..." */
static bool is_head(const char *line, struct mapping *m)
{
    struct mln_slice rest = mln_slice_z(line);
    struct mln_slice range = mln_slice_cut(&rest, ' ');
    struct mln_slice begin = mln_slice_cut(&range, '-');

    if (!range.ptr || !rest.ptr || memchr(begin.ptr, ':', begin.len)) {
        return false;
    }
    m->at = (const char *)(uintptr_t)hex_of(begin);
    m->len = (size_t)(hex_of(range) - hex_of(begin));
    m->is_readable = mln_slice_starts(rest, MLN_S("rw"));
    return true;
}

/* Other eyes than memmem, which may copy what it looks for. */
__attribute__((no_sanitize("address", "thread"))) static bool contains(const struct mapping *m,
                                                                       const unsigned char *needle)
{
    for (size_t i = 0; i + NEEDLE <= m->len; i++) {
        size_t n = 0;

        while (n < NEEDLE && (unsigned char)m->at[i + n] == needle[n]) {
            n++;
        }
        if (n == NEEDLE) {
            return true;
        }
    }
    return false;
}

/* In how many dumped mappings do the first bytes of the secret stand? */
static size_t leaks_of(const struct mln_secret *secret)
{
    FILE *f = fopen("/proc/self/smaps", "re");
    struct mapping m = { 0 };
    char line[LINE];
    size_t leaks = 0;
    size_t looked_at = 0;

    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (is_head(line, &m) || strncmp(line, "VmFlags:", 8) != 0 || !m.is_readable ||
            m.len > LARGEST || strstr(line, " dd")) {
            continue;
        }
        looked_at++;
        leaks += contains(&m, mln_secret_bytes(secret));
    }
    (void)fclose(f);
    assert_true(looked_at > 3); /* at least data, heap and stack */
    return leaks;
}

static struct mln_secret *random_secret(void)
{
    struct mln_secret *s = mln_secret_new(KEY);

    assert_non_null(s);
    assert_false(mln_failed(mln_env_random(mln_env_system(), mln_secret_room(s), KEY)));
    return s;
}

static unsigned char planted[KEY];

/* The test of the test: a secret that lies open is seen. */
static void sees_what_lies_open(void **state)
{
    struct mln_secret *s = random_secret();

    (void)state;
    assert_int_equal(leaks_of(s), 0);
    memcpy(planted, mln_secret_bytes(s), KEY);
    assert_int_equal(leaks_of(s), 1);
    mln_wipe(planted, KEY);
    assert_int_equal(leaks_of(s), 0);
    mln_secret_free(s);
}

static void use(const struct cred_dir *dir, const struct mln_secret *key)
{
    const struct mln_credential c = { .id = MLN_S("12-k@a"),
                                      .suid = 12,
                                      .not_after_us = INT64_MAX };
    struct mln_slice bytes = { (const char *)mln_secret_bytes(key), KEY };
    struct mln_found_key found;
    struct mln_secret *record = NULL;
    struct mln_fault fault = { 0 };

    assert_false(mln_failed(mln_credentials_add(dir->credentials, &c, key, NULL)));
    assert_true(mln_failed(mln_credentials_add(dir->credentials, &c, key, &fault)));
    assert_false(mln_failed(
        mln_credentials_put_record(dir->credentials, MLN_S("x"), MLN_S("y"), bytes, NULL)));
    assert_false(mln_failed(
        mln_credentials_find_key(dir->credentials, MLN_S("k@a"), MLN_USE_SAEF, NOW, &found)));
    assert_memory_equal(mln_secret_bytes(found.key), mln_secret_bytes(key), KEY);
    mln_secret_free(found.key);
    mln_association_unref(found.association);
    assert_false(
        mln_failed(mln_credentials_get_record(dir->credentials, MLN_S("x"), MLN_S("y"), &record)));
    mln_secret_free(record);
}

/* SEC-IDN-08: a key goes through adding, sealing, reading, finding, failing and removing, and at no
 * stage a core dump would show it: not in the heap, not on the stack, not in a fault. */
static void leaves_no_key_in_memory(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_secret *key = random_secret();

    use(dir, key);
    assert_int_equal(leaks_of(key), 0);
    assert_false(mln_failed(mln_credentials_reload(dir->credentials, NULL)));
    assert_false(mln_failed(mln_credentials_remove(dir->credentials, MLN_S("12-k@a"), NULL)));
    assert_int_equal(leaks_of(key), 0);
    mln_secret_free(key);
}

static void leaves_no_master_key_in_memory(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_secret *key = random_secret();
    struct mln_secret *master = NULL;

    use(dir, key);
    mln_secret_free(key);
    assert_false(mln_failed(mln_file_read(dir->master, KEY, NULL, &master)));
    assert_int_equal(leaks_of(master), 0);
    mln_secret_free(master);
}

/* SEC-KDF-08: neither what is derived from, nor what arises on the way, nor what comes out. */
static void leaves_no_derived_key_in_memory(void **state)
{
    struct mln_secret *source = random_secret();
    struct mln_secret *keys[MLN_KDF_END_TO_END_KEYS + 1];

    (void)state;
    for (size_t i = 0; i <= MLN_KDF_END_TO_END_KEYS; i++) {
        keys[i] = mln_secret_new(KEY);
    }
    for (size_t i = 0; i < MLN_KDF_END_TO_END_KEYS; i++) {
        assert_false(mln_failed(
            mln_kdf_end_to_end_key(source, (enum mln_kdf_end_to_end)i, mln_secret_room(keys[i]))));
    }
    assert_false(mln_failed(mln_kdf_session(source, MLN_S("receiver"), MLN_S("originator"),
                                            mln_secret_room(keys[MLN_KDF_END_TO_END_KEYS]))));
    assert_int_equal(leaks_of(source), 0);
    for (size_t i = 0; i <= MLN_KDF_END_TO_END_KEYS; i++) {
        assert_int_equal(leaks_of(keys[i]), 0);
        mln_secret_free(keys[i]);
    }
    mln_secret_free(source);
}

#define T(name) cmocka_unit_test_setup_teardown(name, mln_cred_dir_up, mln_cred_dir_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(sees_what_lies_open),
        T(leaves_no_key_in_memory),
        T(leaves_no_master_key_in_memory),
        T(leaves_no_derived_key_in_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
