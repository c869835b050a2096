/* A directory with credentials for the tests of this folder. cred_dir_test.c */
#pragma once

#include "crypto/credentials.h"

struct cred_dir {
    char path[64];
    char file[96]; /* the sealed one */
    char master[96];
    struct mln_credentials *credentials;
};

/* Setup and teardown for cmocka: *state is a struct cred_dir with opened, empty credentials. */
int mln_cred_dir_up(void **state);
int mln_cred_dir_down(void **state);

/* Opens the same directory once more. */
struct mln_credentials *mln_cred_dir_open(const struct cred_dir *dir);

/* Adds a key of 32 equal bytes, SUID 12, never ending, for the AEs of one pattern. */
void mln_cred_dir_add(const struct cred_dir *dir, const char *id, char byte, const char *ae_id);

void mln_cred_dir_error(mln_err err, enum mln_err_code want);
