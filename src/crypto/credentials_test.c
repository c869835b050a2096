/* Tests of credentials: life, look-up of keys, reload under readers. */
#include "crypto/credentials_int.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/cred_dir_test.h"

enum { NOW = 1000 };

static struct mln_found_key find(struct mln_credentials *c, const char *identity, enum mln_use use,
                                 int64_t now_us)
{
    struct mln_found_key found = { 0 };

    assert_false(
        mln_failed(mln_credentials_find_key(c, mln_slice_z(identity), use, now_us, &found)));
    assert_non_null(found.key);
    return found;
}

static void done(struct mln_found_key *found)
{
    mln_secret_freep(&found->key);
    mln_association_unrefp(&found->association);
}

static void assert_key(struct mln_credentials *c, const char *identity, char byte)
{
    struct mln_found_key found = find(c, identity, MLN_USE_SAEF, NOW);
    char want[MLN_CREDENTIAL_KEY_USUAL];

    memset(want, byte, sizeof want);
    assert_non_null(found.association);
    assert_int_equal(mln_secret_len(found.key), sizeof want);
    assert_memory_equal(mln_secret_bytes(found.key), want, sizeof want);
    done(&found);
}

/* A dummy: as long as a key usually is, and without an association. */
static void assert_dummy(struct mln_credentials *c, const char *identity, enum mln_use use,
                         int64_t now_us)
{
    struct mln_found_key found = find(c, identity, use, now_us);

    assert_null(found.association);
    assert_int_equal(mln_secret_len(found.key), MLN_CREDENTIAL_KEY_USUAL);
    done(&found);
}

/* ---- look-up ---- */

/* SEC-IDN-05 SEC-IDN-07 SEC-MCA-06: two keys for one AE, each found in any spelling */
static void finds_keys(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_found_key found;

    mln_cred_dir_add(dir, "12-k1@SP.Example", 'a', "C1");
    mln_cred_dir_add(dir, "12-0123456789ABCDEF0123456789ABCDEF@mef.example", 'b', "C1");
    assert_key(dir->credentials, "k1@sp.example", 'a');
    assert_key(dir->credentials, "k1@sp.EXAMPLE", 'a');
    assert_key(dir->credentials, "0123456789abcdef0123456789ABCDEF@mef.example", 'b');
    found = find(dir->credentials, "k1@sp.example", MLN_USE_SAEF, NOW);
    assert_int_equal(found.association->kind, MLN_ASSOCIATION_KEY);
    assert_true(mln_slice_eq(found.association->credential_id, MLN_S("12-k1@sp.example")));
    assert_int_equal(found.association->ae_id_count, 1);
    assert_true(mln_slice_eq(found.association->ae_ids[0], MLN_S("C1")));
    assert_true(mln_association_is_valid(found.association, NOW));
    done(&found);
}

/* SEC-IDN-02 SEC-IDN-01: unknown, malformed and oversized identities are all the same */
static void gives_dummies(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_found_key found;
    struct mln_found_key other;
    char long_identity[70000];

    assert_dummy(dir->credentials, "k1@sp.example", MLN_USE_SAEF, NOW);
    mln_cred_dir_add(dir, "12-k1@sp.example", 'a', "C1");
    assert_dummy(dir->credentials, "K1@sp.example", MLN_USE_SAEF, NOW);
    assert_dummy(dir->credentials, "k2@sp.example", MLN_USE_SAEF, NOW);
    assert_dummy(dir->credentials, "", MLN_USE_SAEF, NOW);
    assert_dummy(dir->credentials, "12-k1@sp.example", MLN_USE_SAEF, NOW);
    assert_dummy(dir->credentials, "*", MLN_USE_SAEF, NOW);
    assert_dummy(dir->credentials, "k1@sp.example\n", MLN_USE_SAEF, NOW);
    memset(long_identity, 'a', sizeof long_identity);
    long_identity[sizeof long_identity - 1] = '\0';
    assert_dummy(dir->credentials, long_identity, MLN_USE_SAEF, NOW);
    /* SEC-IDN-01: nothing is cut off at a NUL */
    assert_false(mln_failed(mln_credentials_find_key(dir->credentials, MLN_S("k1@sp.example\0x"),
                                                     MLN_USE_SAEF, NOW, &found)));
    assert_null(found.association);
    other = find(dir->credentials, "k1@sp.example", MLN_USE_SAEF, NOW);
    assert_memory_not_equal(mln_secret_bytes(found.key), mln_secret_bytes(other.key), 32);
    done(&found);
    done(&other);
}

/* A Credential-ID is no identity of a key: not that of a certificate, which has no key, and not
 * that of a key whose name is as long as a name may be. */
static void takes_no_credential_id_for_an_identity(void **state)
{
    static const char *const ids[] = { "33-//sp.example/S1", "32-//sp.example/mn1", "31-1.2.3",
                                       "30-sha-256-128;f4OxZX_x_FO5LcGBSKHWXQ" };
    struct cred_dir *dir = *state;
    char name[3 + MLN_KEY_ID_MAX + 1];

    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct mln_credential c = { .id = mln_slice_z(ids[i]),
                                    .suid = 42,
                                    .not_after_us = INT64_MAX };

        assert_false(mln_failed(mln_credentials_add(dir->credentials, &c, NULL, NULL)));
        assert_dummy(dir->credentials, ids[i], MLN_USE_SAEF, NOW);
    }
    memset(name, 'a', sizeof name);
    memcpy(name, "12-", 3);
    memcpy(name + sizeof name - 5, "@b.c", 5);
    mln_cred_dir_add(dir, name, 'a', "C1");
    assert_key(dir->credentials, name + 3, 'a');
    assert_dummy(dir->credentials, name, MLN_USE_SAEF, NOW);
}

/* Nobody can know the dummy: every process, and every snapshot, draws its own. */
static void draws_dummies(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_found_key a = find(dir->credentials, "x@a", MLN_USE_SAEF, NOW);
    struct mln_found_key b;

    assert_false(mln_failed(mln_credentials_reload(dir->credentials, NULL)));
    b = find(dir->credentials, "x@a", MLN_USE_SAEF, NOW);
    assert_memory_not_equal(mln_secret_bytes(a.key), mln_secret_bytes(b.key), 32);
    done(&a);
    done(&b);
}

static mln_err add(const struct cred_dir *dir, const struct mln_credential *credential)
{
    struct mln_secret *key = mln_secret_of("0123456789abcdef0123456789abcdef", 32);
    mln_err err = mln_credentials_add(dir->credentials, credential, key, NULL);

    mln_secret_free(key);
    return err;
}

/* SEC-IDN-03 SEC-SAE-05: only 12, 22 and 32 are PSKs of an association, each for its use alone */
static void heeds_the_suid(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_credential pair = { .id = MLN_S("13-pair@maf.example"),
                                   .suid = 33,
                                   .not_after_us = INT64_MAX };
    struct mln_credential key = { .id = MLN_S("12-kc@maf.example"),
                                  .suid = 32,
                                  .not_after_us = INT64_MAX };
    struct mln_found_key found;

    mln_cred_dir_error(add(dir, &pair), MLN_ERR_NONE);
    mln_cred_dir_error(add(dir, &key), MLN_ERR_NONE);
    assert_dummy(dir->credentials, "pair@maf.example", MLN_USE_SAEF, NOW);
    assert_dummy(dir->credentials, "kc@maf.example", MLN_USE_ESPRIM, NOW);
    assert_dummy(dir->credentials, "kc@maf.example", MLN_USE_MAF, NOW);
    found = find(dir->credentials, "kc@maf.example", MLN_USE_SAEF, NOW);
    assert_non_null(found.association);
    done(&found);
    found = find(dir->credentials, "pair@maf.example", MLN_USE_ESPRIM, NOW);
    assert_non_null(found.association);
    done(&found);
    key.id = MLN_S("12-other@maf.example");
    key.suid = 33;
    mln_cred_dir_error(add(dir, &key), MLN_ERR_CONFIG);
}

/* SEC-SAE-05: the SUID is looked at when the key is used, whatever the file says: here a key for
 * associations by its name, and for ESPrim by its SUID. */
static void heeds_the_suid_at_each_use(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_cred_row row = {
        .face = { .id = MLN_S("12-k@a"), .suid = 33, .not_after_us = INT64_MAX },
        .key = MLN_S("0123456789abcdef0123456789abcdef"),
    };
    struct mln_cred_image image = { 1, &row, 1, NULL, 0 };
    struct mln_secret *text = NULL;

    assert_false(mln_failed(mln_cred_encode(&image, &text)));
    assert_false(mln_failed(mln_cred_file_write(
        dir->credentials, mln_slice_of((const char *)mln_secret_bytes(text), mln_secret_len(text)),
        NULL)));
    mln_secret_free(text);
    assert_false(mln_failed(mln_credentials_reload(dir->credentials, NULL)));
    assert_dummy(dir->credentials, "k@a", MLN_USE_SAEF, NOW);
    assert_dummy(dir->credentials, "k@a", MLN_USE_ESPRIM, NOW);
}

/* SEC-IDN-04: neither before its time nor after it */
static void heeds_the_time(void **state)
{
    struct cred_dir *dir = *state;
    const struct mln_credential key = {
        .id = MLN_S("12-k@a"), .suid = 12, .not_before_us = 100, .not_after_us = 200
    };
    struct mln_found_key found;

    mln_cred_dir_error(add(dir, &key), MLN_ERR_NONE);
    assert_dummy(dir->credentials, "k@a", MLN_USE_SAEF, 99);
    assert_dummy(dir->credentials, "k@a", MLN_USE_SAEF, 200);
    found = find(dir->credentials, "k@a", MLN_USE_SAEF, 100);
    assert_non_null(found.association);
    assert_int_equal(found.association->expires_us, 200);
    assert_false(mln_association_is_valid(found.association, 200));
    done(&found);
}

/* ---- the file ---- */

static void begins_without_a_file(void **state)
{
    struct cred_dir *dir = *state;

    assert_dummy(dir->credentials, "k1@sp.example", MLN_USE_SAEF, NOW);
    assert_int_equal(access(dir->file, F_OK), -1);
    assert_int_equal(access(dir->master, F_OK), -1); /* made by the first change */
}

static void keeps_what_was_added(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_credentials *again;
    struct stat st;

    mln_cred_dir_add(dir, "12-k1@sp.example", 'a', "C1");
    again = mln_cred_dir_open(dir);
    assert_key(again, "k1@sp.example", 'a');
    mln_credentials_close(again);
    assert_int_equal(stat(dir->file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(dir->master, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static mln_err open_again(const struct cred_dir *dir, const char *master, struct mln_fault *fault)
{
    const struct mln_credentials_options options = { dir->path, master };
    struct mln_credentials *c = NULL;
    mln_err err = mln_credentials_open(&options, mln_env_system(), fault, &c);

    mln_credentials_close(c);
    return err;
}

static void names_what_is_wrong_with_the_file(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_fault fault = { 0 };
    char other[96];
    FILE *f;

    mln_cred_dir_add(dir, "12-k1@sp.example", 'a', "C1");
    (void)snprintf(other, sizeof other, "%s/other.key", dir->path);
    mln_cred_dir_error(open_again(dir, other, &fault), MLN_ERR_CONFIG);
    assert_non_null(strstr(fault.text, "missing"));
    mln_fault_clear(&fault);
    assert_false(
        mln_failed(mln_file_create(other, MLN_S("0123456789abcdef0123456789abcdef"), NULL)));
    mln_cred_dir_error(open_again(dir, other, &fault), MLN_ERR_SEAL_KEY);
    assert_non_null(strstr(fault.text, "another master key"));
    assert_null(strstr(fault.text, "0123456789abcdef"));
    mln_fault_clear(&fault);
    assert_int_equal(truncate(dir->file, 100), 0);
    mln_cred_dir_error(open_again(dir, NULL, &fault), MLN_ERR_SEAL_BROKEN);
    assert_non_null(strstr(fault.text, dir->file));
    f = fopen(dir->file, "we");
    assert_non_null(f);
    (void)fprintf(f, "# a file of somebody else that is long enough to be sealed\n");
    (void)fclose(f);
    mln_cred_dir_error(open_again(dir, NULL, &fault), MLN_ERR_SEAL_BROKEN);
    assert_int_equal(truncate(dir->file, 0), 0);
    mln_cred_dir_error(open_again(dir, NULL, &fault), MLN_ERR_SEAL_BROKEN);
}

/* A broken file changes nothing for those who run, and no change writes over it. */
static void keeps_the_old_on_failure(void **state)
{
    struct cred_dir *dir = *state;
    const struct mln_credential key = { .id = MLN_S("12-k2@a"),
                                        .suid = 12,
                                        .not_after_us = INT64_MAX };
    struct stat st;

    mln_cred_dir_add(dir, "12-k1@sp.example", 'a', "C1");
    assert_int_equal(truncate(dir->file, 99), 0);
    mln_cred_dir_error(mln_credentials_reload(dir->credentials, NULL), MLN_ERR_SEAL_BROKEN);
    assert_key(dir->credentials, "k1@sp.example", 'a');
    mln_cred_dir_error(add(dir, &key), MLN_ERR_SEAL_BROKEN);
    assert_int_equal(stat(dir->file, &st), 0);
    assert_int_equal(st.st_size, 99);
}

/* ---- reload ---- */

static void reloads_what_others_wrote(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_credentials *reader = mln_cred_dir_open(dir);

    mln_cred_dir_add(dir, "12-k1@sp.example", 'a', "C1");
    assert_dummy(reader, "k1@sp.example", MLN_USE_SAEF, NOW);
    assert_false(mln_failed(mln_credentials_reload(reader, NULL)));
    assert_key(reader, "k1@sp.example", 'a');
    mln_credentials_close(reader);
}

/* What went or changed is revoked for living connections; the rest keeps its association. */
static void revokes_what_went_or_changed(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_credentials *c = dir->credentials;
    struct mln_found_key stays;
    struct mln_found_key goes;
    struct mln_found_key changes;
    struct mln_found_key again;

    mln_cred_dir_add(dir, "12-stays@a", 'a', "C1");
    mln_cred_dir_add(dir, "12-goes@a", 'b', "C2");
    mln_cred_dir_add(dir, "12-changes@a", 'c', "C3");
    stays = find(c, "stays@a", MLN_USE_SAEF, NOW);
    goes = find(c, "goes@a", MLN_USE_SAEF, NOW);
    changes = find(c, "changes@a", MLN_USE_SAEF, NOW);
    assert_false(mln_failed(mln_credentials_remove(c, MLN_S("12-goes@A"), NULL)));
    assert_true(mln_association_is_valid(stays.association, NOW));
    assert_false(mln_association_is_valid(goes.association, NOW));
    assert_true(mln_association_is_valid(changes.association, NOW));
    assert_false(mln_failed(mln_credentials_remove(c, MLN_S("12-changes@a"), NULL)));
    mln_cred_dir_add(dir, "12-changes@a", 'd', "C3");
    assert_false(mln_association_is_valid(changes.association, NOW));
    again = find(c, "changes@a", MLN_USE_SAEF, NOW);
    assert_true(mln_association_is_valid(again.association, NOW));
    assert_true(mln_association_is_valid(stays.association, NOW));
    assert_dummy(c, "goes@a", MLN_USE_SAEF, NOW);
    done(&stays);
    done(&goes);
    done(&changes);
    done(&again);
}

static void associations_outlive_the_credentials(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_credentials *c = mln_cred_dir_open(dir);
    struct mln_found_key found;

    mln_cred_dir_add(dir, "12-k@a", 'a', "C1");
    assert_false(mln_failed(mln_credentials_reload(c, NULL)));
    found = find(c, "k@a", MLN_USE_SAEF, NOW);
    mln_credentials_close(c);
    assert_true(mln_association_is_valid(found.association, NOW));
    assert_true(mln_slice_eq(found.association->credential_id, MLN_S("12-k@a")));
    done(&found);
}

struct reader {
    pthread_t thread;
    struct mln_credentials *credentials;
    _Atomic bool *is_over;
    unsigned long looks;
    unsigned long wrong;
};

static void *read_on(void *data)
{
    struct reader *r = data;
    char want[MLN_CREDENTIAL_KEY_USUAL];

    memset(want, 'a', sizeof want);
    while (!*r->is_over || r->looks == 0) {
        struct mln_found_key found = { 0 };

        if (mln_failed(mln_credentials_find_key(r->credentials, MLN_S("stays@a"), MLN_USE_SAEF, NOW,
                                                &found)) ||
            !found.association || memcmp(mln_secret_bytes(found.key), want, sizeof want) != 0 ||
            !mln_association_is_valid(found.association, NOW)) {
            r->wrong++;
        }
        mln_secret_free(found.key);
        mln_association_unref(found.association);
        r->looks++;
    }
    return NULL;
}

/* Readers on threads never see anything else than a whole snapshot. */
static void reloads_under_readers(void **state)
{
    struct cred_dir *dir = *state;
    struct reader readers[3] = { 0 };
    _Atomic bool is_over = false;

    mln_cred_dir_add(dir, "12-stays@a", 'a', "C1");
    for (size_t i = 0; i < 3; i++) {
        readers[i].credentials = dir->credentials;
        readers[i].is_over = &is_over;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
    }
    for (int i = 0; i < 20; i++) {
        mln_cred_dir_add(dir, "12-comes@a", 'b', "C2");
        assert_false(
            mln_failed(mln_credentials_remove(dir->credentials, MLN_S("12-comes@a"), NULL)));
        assert_false(mln_failed(mln_credentials_reload(dir->credentials, NULL)));
    }
    is_over = true;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
        assert_true(readers[i].looks > 0);
        assert_int_equal(readers[i].wrong, 0);
    }
}

/* ---- time ---- */

enum { ROUNDS = 41, LOOKS = 100, QUARTILE = ROUNDS / 4 };

/* Of this thread, so that other work on the machine counts as little as may be. */
static int64_t cpu_us(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t time_looks(struct mln_credentials *c, const char *identity)
{
    int64_t begin = cpu_us();

    for (int i = 0; i < LOOKS; i++) {
        struct mln_found_key found = find(c, identity, MLN_USE_SAEF, NOW);

        done(&found);
    }
    return cpu_us() - begin;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* SEC-IDN-02: as long for an unknown identity as for a known one. The look-ups alternate, so that a
 * busy machine slows both; what is left must be close. */
static void takes_as_long_for_unknown_ones(void **state)
{
    struct cred_dir *dir = *state;
    int64_t known[ROUNDS];
    int64_t unknown[ROUNDS];
    double ratio;

    mln_cred_dir_add(dir, "12-known1@sp.example", 'a', "C1");
    mln_cred_dir_add(dir, "12-known2@sp.example", 'b', "C2");
    for (int i = 0; i < ROUNDS; i++) {
        known[i] = time_looks(dir->credentials, "known1@sp.example");
        unknown[i] = time_looks(dir->credentials, "known3@sp.example");
    }
    qsort(known, ROUNDS, sizeof *known, by_size);
    qsort(unknown, ROUNDS, sizeof *unknown, by_size);
    ratio = (double)unknown[QUARTILE] / (double)(known[QUARTILE] + 1);
    if (ratio < 0.8 || ratio > 1.25) {
        fail_msg("unknown identities take %.2f times as long as known ones", ratio);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, mln_cred_dir_up, mln_cred_dir_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(finds_keys),
        T(gives_dummies),
        T(takes_no_credential_id_for_an_identity),
        T(draws_dummies),
        T(heeds_the_suid),
        T(heeds_the_suid_at_each_use),
        T(heeds_the_time),
        T(begins_without_a_file),
        T(keeps_what_was_added),
        T(names_what_is_wrong_with_the_file),
        T(keeps_the_old_on_failure),
        T(reloads_what_others_wrote),
        T(revokes_what_went_or_changed),
        T(associations_outlive_the_credentials),
        T(reloads_under_readers),
        T(takes_as_long_for_unknown_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
