/* A directory with credentials. */
#include "crypto/cred_dir_test.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

struct mln_credentials *mln_cred_dir_open(const struct cred_dir *dir)
{
    const struct mln_credentials_options options = { .directory = dir->path };
    struct mln_credentials *credentials = NULL;
    struct mln_fault fault = { 0 };

    if (mln_failed(mln_credentials_open(&options, mln_env_system(), &fault, &credentials))) {
        fail_msg("%s", fault.text);
    }
    return credentials;
}

int mln_cred_dir_up(void **state)
{
    struct cred_dir *dir = mln_calloc(1, sizeof *dir);

    if (!dir) {
        return -1;
    }
    (void)snprintf(dir->path, sizeof dir->path, "/tmp/merlon-cred-XXXXXX");
    if (!mkdtemp(dir->path)) {
        return -1;
    }
    (void)snprintf(dir->file, sizeof dir->file, "%s/credentials", dir->path);
    (void)snprintf(dir->master, sizeof dir->master, "%s/master.key", dir->path);
    dir->credentials = mln_cred_dir_open(dir);
    *state = dir;
    return 0;
}

int mln_cred_dir_down(void **state)
{
    struct cred_dir *dir = *state;
    DIR *entries = opendir(dir->path);
    const struct dirent *entry;

    while (entries && (entry = readdir(entries))) {
        (void)unlinkat(dirfd(entries), entry->d_name, 0);
    }
    if (entries) {
        (void)closedir(entries);
    }
    (void)rmdir(dir->path);
    mln_credentials_close(dir->credentials);
    mln_free(dir);
    return 0;
}

void mln_cred_dir_add(const struct cred_dir *dir, const char *id, char byte, const char *ae_id)
{
    const struct mln_slice ae_ids[] = { mln_slice_z(ae_id) };
    const struct mln_credential credential = {
        .id = mln_slice_z(id),
        .suid = 12,
        .ae_ids = { ae_ids, 1 },
        .not_after_us = INT64_MAX,
    };
    char bytes[MLN_CREDENTIAL_KEY_USUAL];
    struct mln_secret *key;
    struct mln_fault fault = { 0 };

    memset(bytes, byte, sizeof bytes);
    key = mln_secret_of(bytes, sizeof bytes);
    if (mln_failed(mln_credentials_add(dir->credentials, &credential, key, &fault))) {
        fail_msg("%s", fault.text);
    }
    mln_secret_free(key);
}

void mln_cred_dir_error(mln_err err, enum mln_err_code want)
{
    assert_string_equal(mln_err_name(err), mln_err_name((mln_err){ want }));
}
