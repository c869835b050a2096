/* Tests of changes: adding, removing, records, several writers, secrets in the file. */
#include "crypto/credentials_int.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/cred_dir_test.h"

enum { TEXT = 64 };

static mln_err add(struct mln_credentials *c, const char *id, unsigned suid, const char *key,
                   struct mln_fault *fault)
{
    const struct mln_credential credential = { .id = mln_slice_z(id),
                                               .suid = suid,
                                               .not_after_us = INT64_MAX };
    struct mln_secret *secret = key ? mln_secret_of(key, strlen(key)) : NULL;
    mln_err err = mln_credentials_add(c, &credential, secret, fault);

    mln_secret_free(secret);
    return err;
}

#define KEY "planted-secret-0123456789abcdefg"

struct listed {
    char ids[1024];
    size_t count;
    size_t stop_at;
};

static mln_err note(void *data, const struct mln_credential *credential)
{
    struct listed *listed = data;
    size_t len = strlen(listed->ids);

    (void)snprintf(listed->ids + len, sizeof listed->ids - len, "%.*s ", MLN_S_ARG(credential->id));
    listed->count++;
    return listed->count == listed->stop_at ? MLN_ERROR(OVERLOAD) : MLN_OK;
}

static void lists_in_order(void **state)
{
    struct cred_dir *dir = *state;
    struct listed listed = { 0 };
    struct listed first = { .stop_at = 1 };

    mln_cred_dir_error(add(dir->credentials, "12-b@a", 12, KEY, NULL), MLN_ERR_NONE);
    mln_cred_dir_error(add(dir->credentials, "12-a@A", 12, KEY, NULL), MLN_ERR_NONE);
    mln_cred_dir_error(add(dir->credentials, "33-//a/S1", 42, NULL, NULL), MLN_ERR_NONE);
    mln_cred_dir_error(mln_credentials_list(dir->credentials, note, &listed), MLN_ERR_NONE);
    assert_string_equal(listed.ids, "12-b@a 12-a@a 33-//a/S1 ");
    mln_cred_dir_error(mln_credentials_list(dir->credentials, note, &first), MLN_ERR_OVERLOAD);
    assert_int_equal(first.count, 1);
    mln_cred_dir_error(mln_credentials_remove(dir->credentials, MLN_S("12-b@A"), NULL),
                       MLN_ERR_NONE);
    listed = (struct listed){ 0 };
    mln_cred_dir_error(mln_credentials_list(dir->credentials, note, &listed), MLN_ERR_NONE);
    assert_string_equal(listed.ids, "12-a@a 33-//a/S1 ");
}

/* The same as long as the credential is, in whatever spelling; another one with another key. */
static void has_a_state(void **state)
{
    struct cred_dir *dir = *state;
    const struct mln_slice id = MLN_S("12-b@a");
    uint64_t first;

    assert_true(mln_credentials_state(dir->credentials, id) == 0);
    mln_cred_dir_error(add(dir->credentials, "12-b@a", 12, KEY, NULL), MLN_ERR_NONE);
    first = mln_credentials_state(dir->credentials, id);
    assert_true(first != 0 && first == mln_credentials_state(dir->credentials, MLN_S("12-b@A")));
    mln_cred_dir_error(add(dir->credentials, "12-c@a", 12, KEY, NULL), MLN_ERR_NONE);
    assert_true(first == mln_credentials_state(dir->credentials, id));
    assert_true(first != mln_credentials_state(dir->credentials, MLN_S("12-c@a")));
    mln_cred_dir_error(mln_credentials_remove(dir->credentials, id, NULL), MLN_ERR_NONE);
    assert_true(mln_credentials_state(dir->credentials, id) == 0);
    mln_cred_dir_error(add(dir->credentials, "12-b@a", 12, KEY "2", NULL), MLN_ERR_NONE);
    assert_true(first != mln_credentials_state(dir->credentials, id));
    mln_cred_dir_error(mln_credentials_remove(dir->credentials, id, NULL), MLN_ERR_NONE);
    mln_cred_dir_error(add(dir->credentials, "12-b@a", 12, KEY, NULL), MLN_ERR_NONE);
    assert_true(first == mln_credentials_state(dir->credentials, id));
}

static void refuses_with_a_reason(void **state)
{
    static const struct {
        const char *id;
        unsigned suid;
        const char *key;
        enum mln_err_code want;
        const char *says;
    } rows[] = {
        { "12-k@A", 12, KEY, MLN_ERR_CONFLICT, "there already" },
        { "12-*", 12, KEY, MLN_ERR_CONFIG, "no Credential-ID" },
        { "12-x@a", 13, KEY, MLN_ERR_CONFIG, "SUID 13 does not fit" },
        { "12-x@a", 42, KEY, MLN_ERR_CONFIG, "SUID 42 does not fit" },
        { "12-x@a", 99, KEY, MLN_ERR_CONFIG, "no SUID" },
        { "12-x@a", 12, "short", MLN_ERR_CONFIG, "16 to 64 bytes" },
        { "12-x@a", 12, NULL, MLN_ERR_CONFIG, "16 to 64 bytes" },
        { "33-//a/S1", 42, KEY, MLN_ERR_CONFIG, "no secret key" },
        { "33-//a/S1", 12, NULL, MLN_ERR_CONFIG, "SUID 12 does not fit" },
    };
    struct cred_dir *dir = *state;

    mln_cred_dir_error(add(dir->credentials, "12-k@a", 12, KEY, NULL), MLN_ERR_NONE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mln_fault fault = { 0 };

        mln_cred_dir_error(add(dir->credentials, rows[i].id, rows[i].suid, rows[i].key, &fault),
                           rows[i].want);
        assert_non_null(strstr(fault.text, rows[i].says));
        assert_null(strstr(fault.text, "planted")); /* SEC-IDN-08 */
    }
}

static void refuses_to_remove_what_is_not_there(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_fault fault = { 0 };

    mln_cred_dir_error(mln_credentials_remove(dir->credentials, MLN_S("12-k@a"), &fault),
                       MLN_ERR_NOT_FOUND);
    assert_non_null(strstr(fault.text, "12-k@a"));
    mln_cred_dir_error(mln_credentials_remove(dir->credentials, MLN_S("nonsense"), NULL),
                       MLN_ERR_NOT_FOUND);
    assert_int_equal(access(dir->file, F_OK), -1);
}

static void refuses_a_domain_twice(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_credential c = {
        .id = MLN_S("32-//a/x"), .suid = 42, .domain = MLN_S("x.a"), .not_after_us = INT64_MAX
    };
    struct mln_fault fault = { 0 };

    mln_cred_dir_error(mln_credentials_add(dir->credentials, &c, NULL, NULL), MLN_ERR_NONE);
    c.id = MLN_S("32-//a/y");
    mln_cred_dir_error(mln_credentials_add(dir->credentials, &c, NULL, &fault), MLN_ERR_CONFLICT);
    assert_non_null(strstr(fault.text, "belongs to 32-//a/x"));
}

/* ---- records ---- */

static mln_err note_record(void *data, struct mln_slice name, struct mln_slice bytes)
{
    struct listed *listed = data;
    size_t len = strlen(listed->ids);

    (void)snprintf(listed->ids + len, sizeof listed->ids - len, "%.*s=%.*s ", MLN_S_ARG(name),
                   MLN_S_ARG(bytes));
    return MLN_OK;
}

static void keeps_records(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_credentials *c = dir->credentials;
    struct mln_credentials *again;
    struct listed listed = { 0 };
    struct mln_secret *bytes = NULL;
    const struct mln_slice kind = MLN_S("issuer");

    mln_cred_dir_add(dir, "12-k@a", 'k', "C1");
    mln_cred_dir_error(mln_credentials_put_record(c, kind, MLN_S("a"), MLN_S("1"), NULL), 0);
    mln_cred_dir_error(mln_credentials_put_record(c, kind, MLN_S("b"), MLN_S("2"), NULL), 0);
    mln_cred_dir_error(mln_credentials_put_record(c, MLN_S("x"), MLN_S("a"), MLN_S("3"), NULL), 0);
    mln_cred_dir_error(mln_credentials_put_record(c, kind, MLN_S("a"), MLN_S("4"), NULL), 0);
    again = mln_cred_dir_open(dir);
    mln_cred_dir_error(mln_credentials_list_records(again, kind, note_record, &listed), 0);
    assert_string_equal(listed.ids, "a=4 b=2 ");
    mln_cred_dir_error(mln_credentials_get_record(again, kind, MLN_S("b"), &bytes), 0);
    assert_int_equal(mln_secret_len(bytes), 1);
    assert_int_equal(mln_secret_bytes(bytes)[0], '2');
    mln_secret_free(bytes);
    mln_cred_dir_error(mln_credentials_get_record(again, MLN_S("x"), MLN_S("b"), &bytes),
                       MLN_ERR_NOT_FOUND);
    mln_credentials_close(again);
    mln_cred_dir_error(mln_credentials_remove_record(c, kind, MLN_S("a"), NULL), 0);
    mln_cred_dir_error(mln_credentials_get_record(c, kind, MLN_S("a"), &bytes), MLN_ERR_NOT_FOUND);
    mln_cred_dir_error(mln_credentials_remove_record(c, kind, MLN_S("a"), NULL), MLN_ERR_NOT_FOUND);
    mln_cred_dir_error(mln_credentials_get_record(c, MLN_S("x"), MLN_S("a"), &bytes), 0);
    mln_secret_free(bytes);
}

static void bounds_records(void **state)
{
    static char large[MLN_RECORD_BYTES_MAX + 1];
    static char name[MLN_RECORD_NAME_MAX + 1];
    struct cred_dir *dir = *state;
    struct mln_credentials *c = dir->credentials;
    const struct mln_slice x = MLN_S("x");

    memset(name, 'n', sizeof name);
    mln_cred_dir_error(mln_credentials_put_record(c, x, mln_slice_of(name, sizeof name - 1),
                                                  mln_slice_of(large, sizeof large - 1), NULL),
                       MLN_ERR_NONE);
    mln_cred_dir_error(mln_credentials_put_record(c, x, mln_slice_of(name, sizeof name), x, NULL),
                       MLN_ERR_CONFIG);
    mln_cred_dir_error(mln_credentials_put_record(c, x, x, mln_slice_of(large, sizeof large), NULL),
                       MLN_ERR_CONFIG);
    mln_cred_dir_error(mln_credentials_put_record(c, x, x, MLN_S(""), NULL), MLN_ERR_CONFIG);
    mln_cred_dir_error(mln_credentials_put_record(c, MLN_S(""), x, x, NULL), MLN_ERR_CONFIG);
    mln_cred_dir_error(mln_credentials_put_record(c, x, MLN_S("a\nb"), x, NULL), MLN_ERR_CONFIG);
}

/* ---- several writers ---- */

enum { WRITERS = 4, EACH = 8 };

/* In a child. */
static void write_some(const struct cred_dir *dir, int writer)
{
    struct mln_credentials *c = mln_cred_dir_open(dir);
    bool ok = true;

    for (int i = 0; i < EACH && ok; i++) {
        char id[TEXT];

        (void)snprintf(id, sizeof id, "12-k%d.%d@a", writer, i);
        ok = !mln_failed(add(c, id, 12, KEY, NULL));
    }
    _exit(ok ? 0 : 1);
}

/* Processes that write at once lose nothing of each other; so the master key is made once too. */
static void lets_many_write(void **state)
{
    struct cred_dir *dir = *state;
    struct listed listed = { 0 };

    for (int i = 0; i < WRITERS; i++) {
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
            write_some(dir, i);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        int status = -1;

        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    mln_cred_dir_error(mln_credentials_reload(dir->credentials, NULL), MLN_ERR_NONE);
    mln_cred_dir_error(mln_credentials_list(dir->credentials, note, &listed), MLN_ERR_NONE);
    assert_int_equal(listed.count, WRITERS * EACH);
}

static void *write_on_thread(void *data)
{
    for (int i = 0; i < EACH; i++) {
        char id[TEXT];

        (void)snprintf(id, sizeof id, "12-t%d.%zx@a", i, (size_t)pthread_self());
        mln_ignore(add(data, id, 12, KEY, NULL)); /* counted below */
    }
    return NULL;
}

static void lets_threads_write(void **state)
{
    struct cred_dir *dir = *state;
    pthread_t threads[WRITERS];
    struct listed listed = { 0 };

    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_on_thread, dir->credentials), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    mln_cred_dir_error(mln_credentials_list(dir->credentials, note, &listed), MLN_ERR_NONE);
    assert_int_equal(listed.count, WRITERS * EACH);
}

/* ---- secrets ---- */

/* SEC-IDN-08: the key stands nowhere in the directory in clear, nor what it is for */
static void writes_no_secret_in_clear(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_secret *content = NULL;
    const char *bytes;
    size_t len;

    mln_cred_dir_error(add(dir->credentials, "12-planted-name@a", 12, KEY, NULL), MLN_ERR_NONE);
    assert_false(mln_failed(mln_file_read(dir->file, 4096, NULL, &content)));
    bytes = (const char *)mln_secret_bytes(content);
    len = mln_secret_len(content);
    assert_true(len > 48);
    assert_null(memmem(bytes, len, "planted", 7));
    assert_null(memmem(bytes, len, "secret", 6));
    mln_secret_free(content);
}

#define T(name) cmocka_unit_test_setup_teardown(name, mln_cred_dir_up, mln_cred_dir_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(lists_in_order),
        T(refuses_with_a_reason),
        T(refuses_to_remove_what_is_not_there),
        T(has_a_state),
        T(refuses_a_domain_twice),
        T(keeps_records),
        T(bounds_records),
        T(lets_many_write),
        T(lets_threads_write),
        T(writes_no_secret_in_clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
