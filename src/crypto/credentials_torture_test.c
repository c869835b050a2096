/* Each allocation fails once: what is asked for is done or refused whole, and nothing is lost or
 * leaked. */
#include "crypto/credentials_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "crypto/cred_dir_test.h"

enum { NOW = 1000, MOST = 2000 };

typedef mln_err step_fn(struct mln_credentials *credentials);

/* Runs the step until it has met no failure. Everything before has failed with NO_MEMORY. */
static void torture(const struct cred_dir *dir, step_fn *step)
{
    unsigned long n = 0;
    mln_err err;

    do {
        n++;
        mln_mem_fail_at(n);
        err = step(dir->credentials);
        mln_mem_fail_at(0);
        if (mln_failed(err)) {
            mln_cred_dir_error(err, MLN_ERR_NO_MEMORY);
        }
    } while (mln_failed(err) && n < MOST);
    mln_cred_dir_error(err, MLN_ERR_NONE);
    assert_true(n > 1);
}

static mln_err add(struct mln_credentials *credentials)
{
    static const struct mln_slice ae_ids[] = { { "C1", 2 }, { "C2*", 3 } };
    const struct mln_credential c = {
        .id = MLN_S("12-k@a"), .suid = 12, .ae_ids = { ae_ids, 2 }, .not_after_us = INT64_MAX
    };
    struct mln_secret *key = mln_secret_of("0123456789abcdef", 16);
    mln_err err = key ? mln_credentials_add(credentials, &c, key, NULL) : MLN_ERROR(NO_MEMORY);

    mln_secret_free(key);
    if (err.code == MLN_ERR_CONFLICT) {
        /* the file was written, and reading it again failed: so it was there the next time */
        return MLN_OK;
    }
    return err;
}

static mln_err put(struct mln_credentials *credentials)
{
    return mln_credentials_put_record(credentials, MLN_S("x"), MLN_S("y"), MLN_S("z"), NULL);
}

static mln_err find(struct mln_credentials *credentials)
{
    struct mln_found_key found;

    MLN_TRY(mln_credentials_find_key(credentials, MLN_S("k@a"), MLN_USE_SAEF, NOW, &found));
    mln_secret_free(found.key);
    mln_association_unref(found.association);
    return MLN_OK;
}

static mln_err associate(struct mln_credentials *credentials)
{
    const struct mln_slice ids[] = { MLN_S("33-//a/S1") };
    const struct mln_proof proof = {
        .kind = MLN_ASSOCIATION_CERTIFICATE,
        .credential_ids = { ids, 1 },
        .ae_id = MLN_S("//a/S1"),
        .expires_us = INT64_MAX,
    };
    struct mln_association *a;

    MLN_TRY(mln_credentials_associate(credentials, &proof, MLN_USE_SAEF, NOW, &a));
    mln_association_unref(a);
    return MLN_OK;
}

static mln_err reload(struct mln_credentials *credentials)
{
    return mln_credentials_reload(credentials, NULL);
}

static mln_err take_away(struct mln_credentials *credentials)
{
    mln_err err = mln_credentials_remove(credentials, MLN_S("12-k@a"), NULL);

    return err.code == MLN_ERR_NOT_FOUND ? MLN_OK : err; /* as in add */
}

static void survives_failed_allocations(void **state)
{
    struct cred_dir *dir = *state;
    struct mln_credentials *again;
    struct mln_found_key found;

    torture(dir, add);
    torture(dir, put);
    torture(dir, find);
    torture(dir, associate);
    torture(dir, reload);
    again = mln_cred_dir_open(dir);
    assert_false(
        mln_failed(mln_credentials_find_key(again, MLN_S("k@a"), MLN_USE_SAEF, NOW, &found)));
    assert_non_null(found.association);
    mln_secret_free(found.key);
    mln_association_unref(found.association);
    mln_credentials_close(again);
    torture(dir, take_away);
}

static void survives_failures_while_opening(void **state)
{
    struct cred_dir *dir = *state;
    const struct mln_credentials_options options = { .directory = dir->path };
    struct mln_credentials *c = NULL;
    unsigned long n = 0;
    mln_err err;

    mln_cred_dir_add(dir, "12-k@a", 'k', "C1");
    do {
        mln_mem_fail_at(++n);
        err = mln_credentials_open(&options, mln_env_system(), NULL, &c);
        mln_mem_fail_at(0);
    } while (err.code == MLN_ERR_NO_MEMORY && n < MOST);
    mln_cred_dir_error(err, MLN_ERR_NONE);
    assert_true(n > 3);
    mln_credentials_close(c);
}

#define T(name) cmocka_unit_test_setup_teardown(name, mln_cred_dir_up, mln_cred_dir_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(survives_failed_allocations),
        T(survives_failures_while_opening),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
